//! Journal of operations that take more than one step: what was begun, by whom, and what is left to do after a crash.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Serialize, de::DeserializeOwned};

use crate::base::os::start_time;
use crate::base::{Result, ResultExt};
use crate::ledger::Tx;

/// One begun operation.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The row's number.
    pub id: i64,
    /// What is being done: `spawn`.
    pub op: String,
    /// To what: a bead's id.
    pub subject: String,
    /// Who does it: process id and start time.
    pub performer: String,
    /// What it needs to know to be finished or undone, as JSON.
    pub data: String,
}

impl Entry {
    /// The operation's own data.
    ///
    /// # Errors
    /// When the row was written by a version with other data.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.data).with_context(|| format!("journal entry {} ({})", self.id, self.op))
    }
}

/// The process that asks, as the journal names it: `<pid> <start time>`.
pub fn performer() -> String {
    let pid = std::process::id().cast_signed();
    format!("{pid} {}", start_time(pid).unwrap_or(0))
}

/// Whether the process of that name still runs.
pub fn is_running(performer: &str) -> bool {
    let mut words = performer.split(' ');
    let pid = words.next().and_then(|word| word.parse::<i32>().ok());
    let start = words.next().and_then(|word| word.parse::<u64>().ok());
    match (pid, start) {
        (Some(pid), Some(start)) => start_time(pid).is_some_and(|now| now == start),
        _ => false,
    }
}

/// Notes that the calling process has begun `op` on `subject`; returns the row's number.
///
/// # Errors
/// When the ledger can't be written.
pub fn begin(tx: &Tx<'_>, op: &str, subject: &str, data: &impl Serialize) -> Result<i64> {
    let now = tx.now().to_string();
    tx.conn().execute(
        "INSERT INTO journal (op, subject, state, data, created_at, updated_at) VALUES (?1,?2,?3,?4,?5,?5)",
        params![op, subject, performer(), serde_json::to_string(data)?, now],
    )?;
    Ok(tx.conn().last_insert_rowid())
}

/// Notes that the operation is over, finished or undone.
///
/// # Errors
/// When the ledger can't be written.
pub fn end(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.conn().execute("DELETE FROM journal WHERE id = ?1", [id])?;
    Ok(())
}

/// Whether the operation is not over.
///
/// # Errors
/// When the ledger can't be read.
pub fn is_open(conn: &Connection, id: i64) -> Result<bool> {
    Ok(conn.prepare_cached("SELECT 1 FROM journal WHERE id = ?1")?.exists([id])?)
}

/// All operations of kind `op` that are not over.
///
/// # Errors
/// When the ledger can't be read.
pub fn open(conn: &Connection, op: &str) -> Result<Vec<Entry>> {
    let mut statement =
        conn.prepare_cached("SELECT id, op, subject, state, data FROM journal WHERE op = ?1 ORDER BY id")?;
    let rows = statement.query_map([op], |row| {
        Ok(Entry { id: row.get(0)?, op: row.get(1)?, subject: row.get(2)?, performer: row.get(3)?, data: row.get(4)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The operation on `subject` that is not over.
///
/// # Errors
/// When the ledger can't be read.
pub fn of_subject(conn: &Connection, op: &str, subject: &str) -> Result<Option<Entry>> {
    let mut statement =
        conn.prepare_cached("SELECT id, op, subject, state, data FROM journal WHERE op = ?1 AND subject = ?2 LIMIT 1")?;
    Ok(statement
        .query_row([op, subject], |row| {
            Ok(Entry {
                id: row.get(0)?,
                op: row.get(1)?,
                subject: row.get(2)?,
                performer: row.get(3)?,
                data: row.get(4)?,
            })
        })
        .optional()?)
}

/// Takes over an operation whose performer died; false when somebody else was faster.
///
/// # Errors
/// When the ledger can't be written.
pub fn take_over(tx: &Tx<'_>, entry: &Entry) -> Result<bool> {
    let changed = tx.conn().execute(
        "UPDATE journal SET state = ?1, updated_at = ?2 WHERE id = ?3 AND state = ?4",
        params![performer(), tx.now().to_string(), entry.id, entry.performer],
    )?;
    Ok(changed == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs_and_a_former_one_of_its_number_does_not() {
        assert!(is_running(&performer()));
        let pid = std::process::id();
        assert!(!is_running(&format!("{pid} 1")));
        assert!(!is_running(""));
    }
}
