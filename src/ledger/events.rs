//! The history: one entry a change, read in order.

use rusqlite::{Connection, Row, params};
use serde_json::Value;

use super::model::Event;
use crate::base::{Error, Result, Timestamp};

const COLUMNS: &str = "SELECT seq, ts, kind, actor, bead, payload FROM events";

fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    let ts = row.get_ref(1)?.as_str()?.parse().map_err(|error: Error| {
        rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, Box::new(error))
    })?;
    Ok(Event {
        seq: row.get(0)?,
        ts,
        kind: row.get(2)?,
        actor: row.get(3)?,
        bead: row.get(4)?,
        payload: serde_json::from_str(row.get_ref(5)?.as_str()?).unwrap_or(Value::Null),
    })
}

fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn since(conn: &Connection, seq: i64, count: usize) -> Result<Vec<Event>> {
    let mut statement = conn.prepare_cached(&format!("{COLUMNS} WHERE seq > ?1 ORDER BY seq LIMIT ?2"))?;
    Ok(statement.query_map(params![seq, limit(count)], event)?.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn recent(conn: &Connection, count: usize) -> Result<Vec<Event>> {
    let mut statement = conn.prepare_cached(&format!("{COLUMNS} ORDER BY seq DESC LIMIT ?1"))?;
    let mut events = statement.query_map([limit(count)], event)?.collect::<rusqlite::Result<Vec<_>>>()?;
    events.reverse();
    Ok(events)
}

pub(super) fn of(conn: &Connection, bead: &str) -> Result<Vec<Event>> {
    let mut statement = conn.prepare_cached(&format!("{COLUMNS} WHERE bead = ?1 ORDER BY seq"))?;
    Ok(statement.query_map([bead], event)?.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn append(
    conn: &Connection,
    now: Timestamp,
    kind: &str,
    actor: &str,
    bead: Option<&str>,
    payload: &Value,
) -> Result<i64> {
    conn.prepare_cached("INSERT INTO events(ts, kind, actor, bead, payload) VALUES(?1, ?2, ?3, ?4, ?5)")?
        .execute(params![now.to_string(), kind, actor, bead, payload.to_string()])?;
    Ok(conn.last_insert_rowid())
}
