//! Hooks: an agent's worktree together with the work that hangs on it, kept in the ledger and in the worktree's own git directory.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::base::{Error, Result, Timestamp};
use crate::ledger::Tx;
pub use crate::repo::HookState as State;
use crate::repo::{HookRecord, Worktree};

/// Whether a step from `state` to `next` is one the life of a hook knows.
pub fn may_become(state: State, next: State) -> bool {
    use State::{Active, Archived, Completed, Created, Suspended};
    match state {
        Created => matches!(next, Active | Suspended | Archived),
        Active => matches!(next, Suspended | Completed),
        Suspended => matches!(next, Active | Completed | Archived | Created),
        Completed => matches!(next, Active | Suspended | Archived),
        Archived => matches!(next, Created | Active | Suspended | Completed),
    }
}

/// One row: an agent's hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// The agent's address.
    pub agent: String,
    /// Its rig.
    pub rig: String,
    /// The worktree.
    pub worktree: PathBuf,
    /// The branch the work is on.
    pub branch: String,
    /// The commit the branch started from.
    pub base: String,
    /// Where it is in its life.
    pub state: State,
    /// The bead that hangs on it; empty for none.
    pub bead: String,
    /// When the worktree was made.
    pub created_at: Timestamp,
    /// When the row changed last.
    pub updated_at: Timestamp,
}

const COLUMNS: &str = "agent, rig, worktree, branch, base, state, bead, created_at, updated_at";

fn read(row: &Row<'_>) -> Result<Hook> {
    let text = |index: usize| -> Result<String> { Ok(row.get::<_, Option<String>>(index)?.unwrap_or_default()) };
    Ok(Hook {
        agent: text(0)?,
        rig: text(1)?,
        worktree: PathBuf::from(text(2)?),
        branch: text(3)?,
        base: text(4)?,
        state: text(5)?.parse()?,
        bead: text(6)?,
        created_at: text(7)?.parse()?,
        updated_at: text(8)?.parse()?,
    })
}

/// The hook of `agent`, if it ever had one.
///
/// # Errors
/// When the ledger can't be read.
pub fn find(conn: &Connection, agent: &str) -> Result<Option<Hook>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM hooks WHERE agent = ?1"))?;
    statement.query_row([agent], |row| Ok(read(row))).optional()?.transpose()
}

/// The hook whose worktree is `path`.
///
/// # Errors
/// When the ledger can't be read.
pub fn at(conn: &Connection, path: &Path) -> Result<Option<Hook>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM hooks WHERE worktree = ?1"))?;
    statement.query_row([path.to_string_lossy()], |row| Ok(read(row))).optional()?.transpose()
}

/// All hooks, by agent; archived ones only when asked for.
///
/// # Errors
/// When the ledger can't be read.
pub fn list(conn: &Connection, archived: bool) -> Result<Vec<Hook>> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT {COLUMNS} FROM hooks WHERE ?1 OR state <> 'archived' ORDER BY agent"))?;
    let mut rows = statement.query([archived])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        out.push(read(row)?);
    }
    Ok(out)
}

/// Writes the row; a change of state is an event. `updated_at` becomes the transaction's time.
///
/// # Errors
/// When its state may not follow the one in the ledger, or the ledger can't be written.
pub fn put(tx: &mut Tx<'_>, hook: &Hook) -> Result<()> {
    let before = find(tx.conn(), &hook.agent)?;
    if let Some(before) = &before
        && before.state != hook.state
        && !may_become(before.state, hook.state)
    {
        return Err(Error::refused(format!(
            "the hook of {} is {} and can't become {}",
            hook.agent,
            before.state.as_str(),
            hook.state.as_str()
        )));
    }
    tx.conn().execute(
        &format!("INSERT OR REPLACE INTO hooks ({COLUMNS}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)"),
        params![
            hook.agent,
            hook.rig,
            hook.worktree.to_string_lossy(),
            hook.branch,
            hook.base,
            hook.state.as_str(),
            hook.bead,
            hook.created_at.to_string(),
            tx.now().to_string(),
        ],
    )?;
    let from = before.map(|before| before.state);
    if from != Some(hook.state) {
        let from = from.map(State::as_str);
        let data = json!({"agent": hook.agent, "from": from, "to": hook.state.as_str(), "branch": hook.branch});
        tx.event("hook_state", Some(hook.bead.as_str()).filter(|bead| !bead.is_empty()), data)?;
    }
    Ok(())
}

/// Moves the hook of `agent` to `state`; nothing happens when it has none.
///
/// # Errors
/// When the step is not one the life of a hook knows.
pub fn set_state(tx: &mut Tx<'_>, agent: &str, state: State) -> Result<Option<Hook>> {
    let Some(mut hook) = find(tx.conn(), agent)? else { return Ok(None) };
    hook.state = state;
    put(tx, &hook)?;
    Ok(Some(hook))
}

/// Removes the row.
///
/// # Errors
/// When the ledger can't be written.
pub fn remove(tx: &Tx<'_>, agent: &str) -> Result<()> {
    tx.conn().execute("DELETE FROM hooks WHERE agent = ?1", [agent])?;
    Ok(())
}

/// The key of a hook's record under which it says what was handed in.
pub const HANDED_IN: &str = "handed_in";

/// What was handed in from a hook: with it the work is merged even when the database is lost before its bead is in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedIn {
    /// The commit to merge.
    pub head: String,
    /// The branch it is to be merged into.
    pub target: String,
}

/// Writes the hook's record into its worktree's private git directory, so that a lost database loses no hook.
///
/// # Errors
/// When the worktree is gone or can't be written.
pub fn write_record(hook: &Hook) -> Result<()> {
    write(hook, serde_json::Map::new())
}

/// As [`write_record`], with what was handed in.
///
/// # Errors
/// As [`write_record`].
pub fn write_handed_in(hook: &Hook, handed: &HandedIn) -> Result<()> {
    let mut extra = serde_json::Map::new();
    extra.insert(HANDED_IN.into(), serde_json::to_value(handed)?);
    write(hook, extra)
}

fn write(hook: &Hook, extra: serde_json::Map<String, serde_json::Value>) -> Result<()> {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Worktree::open(&hook.worktree)?.write_hook_record(&HookRecord {
        agent: hook.agent.clone(),
        rig: hook.rig.clone(),
        bead: some(&hook.bead),
        branch: some(&hook.branch),
        base: some(&hook.base),
        created_at: hook.created_at,
        state: hook.state,
        extra,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_work_is_never_archived_directly() {
        assert!(!may_become(State::Active, State::Archived));
        assert!(may_become(State::Completed, State::Archived));
    }
}
