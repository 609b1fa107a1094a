//! What a person does to hooks: take one back to an earlier snapshot, bring an archived one back, clear away what holds nothing.

use serde::Serialize;
use serde_json::json;

use super::archive::ARCHIVE;
use super::hook_status::{self, HookLine};
use super::identity::actor;
use super::{Desk, hook};
use crate::base::{Error, Result};
use crate::repo::{Bare, Worktree};
use crate::session::registry;
use crate::town::Address;

/// What a rollback did.
#[derive(Debug, Serialize)]
pub struct RolledBack {
    /// The agent.
    pub agent: String,
    /// The snapshot its worktree is at now.
    pub to: u64,
    /// The snapshot that keeps what was there before; `None` when the newest one had it already.
    pub kept: Option<u64>,
}

/// What came back.
#[derive(Debug, Serialize)]
pub struct Restored {
    /// The agent.
    pub agent: String,
    /// Its worktree.
    pub worktree: std::path::PathBuf,
    /// The branch checked out there.
    pub branch: String,
    /// The snapshot whose uncommitted files are there again.
    pub snapshot: Option<u64>,
    /// The bead it worked on.
    pub bead: Option<String>,
}

/// What pruning did in one rig.
#[derive(Debug, Default, Serialize)]
pub struct Pruned {
    /// The rig.
    pub rig: String,
    /// Archived branches dropped, since the target has all their commits.
    pub branches: usize,
    /// Snapshots dropped, since they hold nothing beyond a commit of the target.
    pub snapshots: usize,
    /// Snapshots of archived hooks that stay, since nothing else holds what is in them.
    pub kept: usize,
}

/// Whether a session works in the hook's worktree now; its name.
///
/// # Errors
/// When the session's record can't be read.
pub fn running(desk: &Desk, agent: &str) -> Result<Option<String>> {
    let name = agent.parse::<Address>()?.session_name();
    Ok(registry::find(&desk.town, &name)?.filter(registry::is_alive).map(|_| name))
}

fn refuse_running(desk: &Desk, line: &HookLine) -> Result<()> {
    match running(desk, &line.agent)? {
        Some(name) => Err(Error::refused(format!("{} works there now", line.agent))
            .hint(format!("stop it first: gt session stop {name}"))),
        None => Ok(()),
    }
}

/// Makes the worktree of `which` what it was at its snapshot `number`: branch, index and files. What is there now is kept in a
/// snapshot first.
///
/// # Errors
/// Not found for unknown agents and snapshots; refused while its session runs or its work is handed in.
pub fn rollback(desk: &mut Desk, which: &str, number: u64) -> Result<RolledBack> {
    let line = hook_status::find(desk, which)?;
    refuse_running(desk, &line)?;
    if matches!(line.state.as_str(), "completed" | "archived") {
        let next = if line.state == "archived" { "gt hooks restore" } else { "take the work back first: gt unsling" };
        return Err(Error::refused(format!("the hook of {} is {}", line.agent, line.state)).hint(next));
    }
    let bare = Bare::open(&desk.town.rig(&line.rig)?.bare_repo())?;
    let find = |snapshots: Vec<crate::repo::Snapshot>, number| snapshots.into_iter().find(|s| s.number == number);
    let Some(target) = find(bare.snapshots(&line.agent)?, number) else {
        return Err(Error::not_found(format!("{} has no snapshot {number}", line.agent))
            .hint(format!("gt hooks log {} shows them", line.agent)));
    };
    let worktree = Worktree::open(&line.worktree)?;
    if let Some(unfinished) = worktree.unfinished()? {
        return Err(Error::refused(format!("a {} is under way there", unfinished.as_str()))
            .hint(format!("gt hooks repair {}", line.agent)));
    }
    let kept = worktree.snapshot(&line.agent, &format!("before the rollback to {number}"))?;
    let kept = match kept {
        Some(_) => bare.snapshots(&line.agent)?.last().map(|last| last.number),
        None => None,
    };
    worktree.go_back_to(&target.id)?;
    let bead = line.bead.clone();
    desk.ledger.write(&actor(), |tx| {
        let payload = json!({"agent": line.agent, "to": number, "kept": kept});
        tx.event("hook_rollback", bead.as_deref(), payload).map(|_| ())
    })?;
    Ok(RolledBack { agent: line.agent, to: number, kept })
}

/// Makes the worktree of an archived hook again, on its branch and with the uncommitted files of its last snapshot. The hook is
/// suspended then: slinging its bead to the agent lets the work go on there.
///
/// # Errors
/// Refused when it is not archived or something stands in its place; nothing is left half made.
pub fn restore(desk: &mut Desk, which: &str) -> Result<Restored> {
    let line = hook_status::find(desk, which)?;
    if line.state != "archived" {
        return Err(Error::refused(format!("the hook of {} is {}, not archived", line.agent, line.state))
            .hint(if line.present { "its worktree is there" } else { "gt hooks repair makes a lost worktree again" }));
    }
    let branch = line.branch.clone().unwrap_or_default();
    let bare = Bare::open(&desk.town.rig(&line.rig)?.bare_repo())?;
    let was_there = bare.local_branch(&branch)?.is_some();
    if !was_there {
        let archived =
            bare.find_rev(&format!("{ARCHIVE}{branch}"))?.or_else(|| line.base.clone()).ok_or_else(|| {
                Error::not_found(format!("nothing is left of the branch {branch}"))
                    .hint(format!("gt hooks log {} shows the snapshots that remain", line.agent))
            })?;
        bare.update_ref(&format!("refs/heads/{branch}"), &archived, Some(&"0".repeat(40)))?;
    }
    let made = bare.add_worktree_on(&line.worktree, &branch).and_then(|worktree| fill(&bare, &worktree, &line.agent));
    let snapshot = match made {
        Ok(snapshot) => snapshot,
        Err(error) => {
            if !was_there && let Some(head) = bare.local_branch(&branch)? {
                // The archive has it still.
                bare.delete_branch(&branch, &head)?;
            }
            return Err(error);
        }
    };
    let row = desk.ledger.write(&actor(), |tx| {
        let row = hook::set_state(tx, &line.agent, hook::State::Suspended)?;
        tx.event("hook_restored", line.bead.as_deref(), json!({"agent": line.agent}))?;
        Ok(row)
    })?;
    if let Some(row) = row {
        hook::write_record(&row)?;
    }
    Ok(Restored { agent: line.agent, worktree: line.worktree, branch, snapshot, bead: line.bead })
}

/// Puts the uncommitted files of the newest snapshot into a worktree made anew, when it was taken on the commit the branch is at.
/// Returns the snapshot's number.
///
/// # Errors
/// When git can't write.
pub fn fill(bare: &Bare, worktree: &Worktree, agent: &str) -> Result<Option<u64>> {
    let Some(last) = bare.snapshots(agent)?.pop() else { return Ok(None) };
    if bare.find_rev(&format!("{}^1", last.id))?.as_deref() != Some(worktree.head()?.as_str()) {
        return Ok(None);
    }
    worktree.restore_files(&last.id)?;
    Ok(Some(last.number))
}

/// Clears away what holds nothing that is not elsewhere: entries of worktrees whose directories are gone, branches of archived hooks
/// that the target branch has, and those of their snapshots that hold no change of their own.
///
/// # Errors
/// When a rig's repository can't be read or written.
pub fn prune(desk: &Desk) -> Result<Vec<Pruned>> {
    let mut all = Vec::new();
    for rig in desk.town.rigs()? {
        let bare = Bare::open(&rig.bare_repo())?;
        bare.prune_worktrees()?;
        let target = format!("refs/heads/{}", rig.target_branch()?);
        let mut pruned = Pruned { rig: rig.name.clone(), ..Pruned::default() };
        let archived = hook_status::list(desk, true)?;
        for line in archived.iter().filter(|line| line.rig == rig.name && line.state == "archived") {
            let (gone, stay) = bare.thin_snapshots(&line.agent, &target)?;
            pruned.snapshots += gone;
            pruned.kept += stay;
            if let Some(branch) = &line.branch {
                pruned.branches += usize::from(bare.drop_contained(&format!("{ARCHIVE}{branch}"), &target)?);
            }
        }
        all.push(pruned);
    }
    Ok(all)
}
