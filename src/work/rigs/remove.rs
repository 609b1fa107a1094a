//! Taking a rig out of the town's registry.

use std::path::PathBuf;

use serde::Serialize;

use crate::base::{Error, Result};
use crate::ledger::jsonl;
use crate::town::registry;
use crate::work::Desk;

/// What was taken out.
#[derive(Debug, Clone, Serialize)]
pub struct RemoveReport {
    /// The rig's name.
    pub name: String,
    /// Its directory, which stays as it is.
    pub path: PathBuf,
    /// Whether files were deleted: never.
    pub files_deleted: bool,
}

/// Takes the rig called `name` out of the registry and its beads out of the ledger; files, `issues.jsonl` included, stay.
///
/// # Errors
/// [`crate::base::Kind::Refused`] while agents work on it or finished work is not merged; also when there is no such rig.
pub fn remove(desk: &mut Desk, name: &str) -> Result<RemoveReport> {
    let rig = desk.town.rig(name)?;
    let listed = |sql: &str| -> Result<Vec<String>> {
        let mut statement = desk.ledger.conn().prepare(sql)?;
        Ok(statement.query_map([name], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
    };
    let held = listed(
        "SELECT bead FROM assignments WHERE rig = ?1 AND state IN ('queued', 'spawning', 'active') ORDER BY bead",
    )?;
    if !held.is_empty() {
        return Err(Error::refused(format!("agents have work of {name}: {}", held.join(", ")))
            .hint("let them finish, or take the work back with gt unsling <bead>"));
    }
    let unmerged =
        listed("SELECT id FROM merge_requests WHERE rig = ?1 AND state NOT IN ('merged', 'rejected') ORDER BY id")?;
    if !unmerged.is_empty() {
        return Err(Error::refused(format!("work of {name} is not merged: {}", unmerged.join(", ")))
            .hint("gt mq list shows it; wait for it, or gt mq reject it"));
    }
    // Before the ledger forgets the beads, their file has to have them all.
    jsonl::export_store(&desk.ledger, name)?;
    registry::remove(&desk.town, name)?;
    desk.ledger.remove_store(name)?;
    Ok(RemoveReport { name: rig.name, path: rig.root, files_deleted: false })
}
