//! Runtimes whose provider takes no more requests for now: by whose word, and until when. Their agents are left alone so long, and no
//! others are started on them.

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::base::{Result, Timestamp};
use crate::ledger::Tx;

/// The longest limit that is believed, in seconds: providers name weeks at most.
const LONGEST: i64 = 31 * 24 * 3600;

fn key(preset: &str) -> String {
    format!("limit.{preset}")
}

/// A limit of a runtime's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// The agent that was told of it.
    pub agent: String,
    /// When it ends.
    pub until: Timestamp,
    /// The provider's words. Text from outside.
    pub words: String,
}

/// The limit that holds for agents on `preset` at `now`, if any.
///
/// # Errors
/// When the ledger can't be read.
pub fn of(conn: &Connection, preset: &str, now: Timestamp) -> Result<Option<Limit>> {
    let mut statement = conn.prepare_cached("SELECT value FROM kv WHERE key = ?1")?;
    let mut rows = statement.query([key(preset)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let limit: Option<Limit> = serde_json::from_str(&row.get::<_, String>(0)?).ok();
    Ok(limit.filter(|limit| limit.until > now && now.seconds_until(limit.until) <= LONGEST))
}

/// Notes that the provider of `preset` lets nobody go on before `limit` ends; a limit that ends later stays.
///
/// # Errors
/// When the ledger can't be written.
pub fn park(tx: &mut Tx<'_>, preset: &str, bead: &str, limit: &Limit) -> Result<()> {
    if of(tx.conn(), preset, tx.now())?.is_none_or(|known| known.until < limit.until) {
        tx.set_kv(&key(preset), Some(&serde_json::to_string(limit)?))?;
    }
    let data = json!({"agent": limit.agent, "preset": preset, "until": limit.until, "reason": limit.words});
    tx.event("parked", Some(bead).filter(|bead| !bead.is_empty()), data).map(|_| ())
}

/// Forgets the limit that `agent` was told of: it goes on already.
///
/// # Errors
/// When the ledger can't be written.
pub fn lift(tx: &mut Tx<'_>, preset: &str, agent: &str) -> Result<()> {
    if of(tx.conn(), preset, tx.now())?.is_some_and(|known| known.agent == agent) {
        tx.set_kv(&key(preset), None)?;
    }
    Ok(())
}
