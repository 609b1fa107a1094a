//! Beads out of the database: one, a few, or all of them.

use std::collections::HashMap;

use rusqlite::{Connection, Row, ToSql};
use serde_json::{Map, Value};

use super::model::{Bead, Comment, Dependency, Status};
use crate::base::{Error, Result, Timestamp};

/// The columns that [`bead`] reads, in its order; the tables are named `b` and `t`.
pub const COLUMNS: &str = "b.n, b.id, b.store, b.title, b.status, b.priority, b.issue_type, b.assignee, b.owner, \
    b.created_by, b.created_at, b.updated_at, b.closed_at, b.defer_until, b.due_at, b.ephemeral, b.pinned, \
    b.is_template, b.blocked, t.description, t.design, t.acceptance_criteria, t.notes, t.close_reason, t.more";

/// From this many beads on their links are read table by table rather than bead by bead.
const BULK: usize = 400;

fn time(row: &Row<'_>, index: usize) -> rusqlite::Result<Timestamp> {
    let text = row.get_ref(index)?.as_str()?;
    text.parse().map_err(|error: Error| {
        rusqlite::Error::FromSqlConversionFailure(index, rusqlite::types::Type::Text, Box::new(error))
    })
}

fn optional_time(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Timestamp>> {
    if row.get_ref(index)? == rusqlite::types::ValueRef::Null { Ok(None) } else { time(row, index).map(Some) }
}

fn object(text: &str) -> Map<String, Value> {
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// A bead without its labels, dependencies and comments.
pub fn bead(row: &Row<'_>) -> rusqlite::Result<Bead> {
    let created = time(row, 10)?;
    let mut bead = Bead::new(row.get::<_, String>(1)?, row.get::<_, String>(3)?, created);
    bead.store = row.get(2)?;
    bead.status = Status::from(row.get_ref(4)?.as_str()?);
    bead.priority = row.get(5)?;
    bead.issue_type = row.get(6)?;
    bead.assignee = row.get(7)?;
    bead.owner = row.get(8)?;
    bead.created_by = row.get(9)?;
    bead.updated_at = time(row, 11)?;
    bead.closed_at = optional_time(row, 12)?;
    bead.defer_until = optional_time(row, 13)?;
    bead.due_at = optional_time(row, 14)?;
    bead.ephemeral = row.get(15)?;
    bead.pinned = row.get(16)?;
    bead.is_template = row.get(17)?;
    bead.blocked = row.get(18)?;
    bead.description = row.get(19)?;
    bead.design = row.get(20)?;
    bead.acceptance_criteria = row.get(21)?;
    bead.notes = row.get(22)?;
    bead.close_reason = row.get(23)?;
    let more = row.get_ref(24)?.as_str()?;
    if !more.is_empty() {
        unpack(&mut bead, object(more));
    }
    Ok(bead)
}

/// The fields without a column of their own, as the JSON object of `texts.more`; empty when there is none.
pub fn pack(bead: &Bead) -> String {
    let mut map = bead.extra.clone();
    let mut put = |key: &str, value: Value| {
        map.insert(key.to_owned(), value);
    };
    if let Some(minutes) = bead.estimated_minutes {
        put("estimated_minutes", minutes.into());
    }
    if let Some(reference) = &bead.external_ref {
        put("external_ref", reference.as_str().into());
    }
    if let Some(time) = bead.deleted_at {
        put("deleted_at", time.to_string().into());
    }
    for (key, value) in [
        ("deleted_by", &bead.deleted_by),
        ("delete_reason", &bead.delete_reason),
        ("original_type", &bead.original_type),
        ("sender", &bead.sender),
        ("await_type", &bead.await_type),
        ("await_id", &bead.await_id),
    ] {
        if !value.is_empty() {
            put(key, value.as_str().into());
        }
    }
    if bead.timeout != 0 {
        put("timeout", bead.timeout.into());
    }
    if !bead.waiters.is_empty() {
        put("waiters", bead.waiters.clone().into());
    }
    if map.is_empty() { String::new() } else { Value::Object(map).to_string() }
}

fn unpack(bead: &mut Bead, mut map: Map<String, Value>) {
    let mut text = |key: &str| match map.shift_remove(key) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    bead.deleted_at = text("deleted_at").parse().ok();
    bead.deleted_by = text("deleted_by");
    bead.delete_reason = text("delete_reason");
    bead.original_type = text("original_type");
    bead.sender = text("sender");
    bead.await_type = text("await_type");
    bead.await_id = text("await_id");
    bead.external_ref = Some(text("external_ref")).filter(|text| !text.is_empty());
    bead.estimated_minutes = map.shift_remove("estimated_minutes").and_then(|v| v.as_i64());
    bead.timeout = map.shift_remove("timeout").and_then(|v| v.as_i64()).unwrap_or(0);
    if let Some(Value::Array(waiters)) = map.shift_remove("waiters") {
        bead.waiters = waiters.iter().filter_map(|w| w.as_str().map(str::to_owned)).collect();
    }
    bead.extra = map;
}

/// A dependency from the columns issue, depends_on, type, created_at, created_by, metadata, thread_id, extra.
pub fn dependency(row: &Row<'_>) -> rusqlite::Result<Dependency> {
    Ok(Dependency {
        issue_id: row.get(0)?,
        depends_on_id: row.get(1)?,
        dep_type: row.get(2)?,
        created_at: time(row, 3)?,
        created_by: row.get(4)?,
        metadata: row.get(5)?,
        thread_id: row.get(6)?,
        extra: object(row.get_ref(7)?.as_str()?),
    })
}

fn comment(row: &Row<'_>) -> rusqlite::Result<Comment> {
    Ok(Comment {
        id: row.get(0)?,
        issue_id: row.get(1)?,
        author: row.get(2)?,
        text: row.get(3)?,
        created_at: time(row, 4)?,
        extra: object(row.get_ref(5)?.as_str()?),
    })
}

const DEPS: &str = "SELECT issue, depends_on, type, created_at, created_by, metadata, thread_id, extra FROM deps";
const COMMENTS: &str = "SELECT id, bead, author, text, created_at, extra FROM comments";

/// What [`links`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// Nothing.
    None,
    /// Labels only.
    Labels,
    /// Labels, dependencies and comments.
    All,
}

/// Fills in the labels, and with [`Links::All`] the dependencies and comments, of `beads`.
///
/// # Errors
/// When the database can't be read.
pub fn links(conn: &Connection, beads: &mut [Bead], which: Links) -> Result<()> {
    if which == Links::None {
        return Ok(());
    }
    if beads.len() < BULK {
        let mut labels = conn.prepare_cached("SELECT label FROM labels WHERE bead = ?1 ORDER BY label")?;
        for bead in beads.iter_mut() {
            bead.labels = labels.query_map([&bead.id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        }
        if which == Links::All {
            let mut deps = conn.prepare_cached(&format!("{DEPS} WHERE issue = ?1"))?;
            let mut comments = conn.prepare_cached(&format!("{COMMENTS} WHERE bead = ?1 ORDER BY id"))?;
            for bead in beads {
                bead.dependencies = deps.query_map([&bead.id], dependency)?.collect::<rusqlite::Result<_>>()?;
                bead.comments = comments.query_map([&bead.id], comment)?.collect::<rusqlite::Result<_>>()?;
                super::codec::sort_links(bead);
            }
        }
        return Ok(());
    }
    let index: HashMap<String, usize> = beads.iter().enumerate().map(|(i, bead)| (bead.id.clone(), i)).collect();
    let mut statement = conn.prepare("SELECT bead, label FROM labels ORDER BY bead, label")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(&i) = index.get(row.get_ref(0)?.as_str().unwrap_or_default()) {
            beads[i].labels.push(row.get(1)?);
        }
    }
    if which == Links::All {
        let mut statement = conn.prepare(DEPS)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(&i) = index.get(row.get_ref(0)?.as_str().unwrap_or_default()) {
                beads[i].dependencies.push(dependency(row)?);
            }
        }
        let mut statement = conn.prepare(COMMENTS)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(&i) = index.get(row.get_ref(1)?.as_str().unwrap_or_default()) {
                beads[i].comments.push(comment(row)?);
            }
        }
        beads.iter_mut().for_each(super::codec::sort_links);
    }
    Ok(())
}

/// The bead with exactly this id, with all its links.
///
/// # Errors
/// When the database can't be read.
pub fn find(conn: &Connection, id: &str) -> Result<Option<Bead>> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT {COLUMNS} FROM beads b JOIN texts t ON t.n = b.n WHERE b.id = ?1"))?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut found = [bead(row)?];
    drop(rows);
    drop(statement);
    links(conn, &mut found, Links::All)?;
    let [bead] = found;
    Ok(Some(bead))
}

/// The beads that `tail` (everything after `FROM`, with `b` and `t` joined) selects.
///
/// # Errors
/// When the database can't be read.
pub fn select(conn: &Connection, tail: &str, params: &[&dyn ToSql], which: Links) -> Result<Vec<Bead>> {
    select_by(conn, "", tail, params, which)
}

/// As [`select`], with an `INDEXED BY` clause for `b`.
///
/// # Errors
/// When the database can't be read, or the index can't answer the question.
pub fn select_by(conn: &Connection, index: &str, tail: &str, params: &[&dyn ToSql], which: Links) -> Result<Vec<Bead>> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT {COLUMNS} FROM beads b {index} JOIN texts t ON t.n = b.n {tail}"))?;
    let mut beads = statement.query_map(params, bead)?.collect::<rusqlite::Result<Vec<_>>>()?;
    drop(statement);
    links(conn, &mut beads, which)?;
    Ok(beads)
}
