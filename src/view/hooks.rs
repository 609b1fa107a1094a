//! Hooks as a reviewer sees them: the list, and one with its steps and what it would bring to the target.

use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};

use crate::base::{Result, Timestamp};
use crate::repo::{ChangeKind, Patch};
use crate::work::Desk;
use crate::work::hook_review::{Reader, Step};
use crate::work::hook_status;

/// One hook of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookRow {
    /// The agent's address.
    pub agent: String,
    /// The last part of it.
    pub name: String,
    /// Its rig.
    pub rig: String,
    /// created, active, suspended, completed or archived.
    pub state: String,
    /// The bead on it; empty for none.
    pub bead: String,
    /// That bead's title; empty for none.
    pub title: String,
    /// Whether the worktree is there.
    pub present: bool,
    /// Since when it is in its state.
    pub since: Option<Timestamp>,
}

/// One hook in full.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookPicture {
    /// The agent's address.
    pub agent: String,
    /// The branch the work is on; empty for none.
    pub branch: String,
    /// The branch it is to be merged into.
    pub target: String,
    /// Where the files are.
    pub worktree: String,
    /// Commits it has that the target lacks, and the other way round.
    pub apart: Option<(usize, usize)>,
    /// How many files are changed and not committed.
    pub dirty: usize,
    /// How many of them are in conflict.
    pub conflicts: usize,
    /// What happened, the newest first.
    pub steps: Vec<Step>,
    /// The commit that was asked to be compared with; nothing for the target.
    pub from: Option<String>,
    /// The commit compared with.
    pub start: String,
    /// What differs.
    pub patch: Patch,
    /// What is wrong with it, in words.
    pub problems: Vec<String>,
}

/// All hooks, rig by rig; archived ones only when asked for.
///
/// # Errors
/// When the ledger can't be read.
pub fn list(desk: &Desk, archived: bool) -> Result<Vec<HookRow>> {
    let mut title = desk.ledger.conn().prepare_cached("SELECT title FROM beads WHERE id = ?1")?;
    let mut rows = Vec::new();
    for line in hook_status::list(desk, archived)? {
        let bead = line.bead.unwrap_or_default();
        let title = title.query_row([&bead], |row| row.get::<_, String>(0)).optional()?.unwrap_or_default();
        rows.push(HookRow {
            name: line.agent.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned(),
            agent: line.agent,
            rig: line.rig,
            state: line.state,
            bead,
            title,
            present: line.present,
            since: Some(line.updated_at),
        });
    }
    // Those whose work is over stand below.
    let over = |row: &HookRow| matches!(row.state.as_str(), "completed" | "archived");
    rows.sort_by(|a, b| {
        let key = |row: &HookRow| (over(row), row.state == "archived");
        key(a).cmp(&key(b)).then_with(|| a.agent.cmp(&b.agent))
    });
    Ok(rows)
}

/// One hook, compared with the commit `from` or, without one, with the target. What can't be found out is among its problems.
///
/// # Errors
/// When there is no such hook or the ledger can't be read.
pub fn hook(desk: &Desk, reader: &mut Reader, agent: &str, from: Option<&str>) -> Result<HookPicture> {
    let details = hook_status::details(desk, agent)?;
    let agent = details.line.agent.clone();
    let mut problems = details.problems;
    if !details.line.present && details.line.state != "archived" {
        problems = vec!["its worktree is gone; what was on it is in its branch and snapshots".to_owned()];
    }
    let mut note = |error: crate::base::Error| problems.push(error.to_string());
    let (changes, steps) = reader.look(desk, &agent, from).map_err(&mut note).unwrap_or_default();
    Ok(HookPicture {
        branch: details.line.branch.unwrap_or_default(),
        target: details.target,
        worktree: details.line.worktree.display().to_string(),
        apart: details.ahead.zip(details.behind),
        dirty: details.dirty.len(),
        conflicts: details.dirty.iter().filter(|file| file.kind == ChangeKind::Conflicted).count(),
        steps,
        from: from.map(str::to_owned),
        start: changes.start,
        patch: changes.patch,
        problems,
        agent,
    })
}
