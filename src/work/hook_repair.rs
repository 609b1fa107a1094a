//! Healing hooks: worktrees deleted or moved, locks and half-done operations of killed gits, foreign checkouts, broken references,
//! missing records. Nothing is discarded: a snapshot is taken before a file may change.

use std::fs;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;

use super::hook_care::{fill, running};
use super::identity::actor;
use super::{Desk, hook, hook_status, queue};
use crate::base::Result;
use crate::repo::{Bare, Worktree};
use crate::town::Rig;

/// One hook that was looked at.
#[derive(Debug, Serialize)]
pub struct Checkup {
    /// The agent.
    pub agent: String,
    /// What was wrong and is well now, in words.
    pub healed: Vec<String>,
    /// What is wrong still and why, in words.
    pub left: Vec<String>,
}

/// Looks at the hook of `which`, or at all that are not archived, and heals what is wrong. With `dry` it only tells what that is.
///
/// # Errors
/// When the agent is unknown or the ledger can't be read; what can't be healed is told in the report.
pub fn repair(desk: &mut Desk, which: Option<&str>, dry: bool) -> Result<Vec<Checkup>> {
    let agents: Vec<String> = match which {
        Some(which) => vec![hook_status::find(desk, which)?.agent],
        None => hook::list(desk.ledger.conn(), false)?.into_iter().map(|row| row.agent).collect(),
    };
    let mut all = Vec::new();
    let mut rigs = Vec::new();
    for agent in agents {
        let Some(row) = hook::find(desk.ledger.conn(), &agent)? else { continue };
        if !rigs.contains(&row.rig) {
            rigs.push(row.rig.clone());
            // First, since nothing else can be looked at in a repository that git does not open.
            all.extend(repository(desk, &row.rig, dry)?);
        }
        let mut checkup = Checkup { agent, healed: Vec::new(), left: Vec::new() };
        if row.state != hook::State::Archived {
            let mut patient = Patient { row, dry, works: false, checkup: &mut checkup };
            patient.works = running(desk, &patient.row.agent)?.is_some();
            let rig = desk.town.rig(&patient.row.rig)?;
            if let Err(error) = patient.heal(&rig) {
                checkup.left.push(error.to_string());
            }
        }
        note(desk, &checkup, dry)?;
        all.push(checkup);
    }
    // Those in which something was wrong are told last.
    all.sort_by_key(|checkup| checkup.agent.ends_with("/refinery"));
    Ok(all)
}

fn note(desk: &mut Desk, checkup: &Checkup, dry: bool) -> Result<()> {
    if dry || checkup.healed.is_empty() {
        return Ok(());
    }
    desk.ledger.write(&actor(), |tx| {
        let payload = json!({"agent": checkup.agent, "healed": checkup.healed});
        tx.event("hook_repaired", None, payload).map(|_| ())
    })
}

/// Heals the references of the rig's shared repository; `None` when they are well. Branches of hooks are left to their own healing,
/// which knows where they were.
fn repository(desk: &mut Desk, rig: &str, dry: bool) -> Result<Option<Checkup>> {
    let Ok(rig) = desk.town.rig(rig) else { return Ok(None) };
    let mut checkup = Checkup { agent: format!("{}/refinery", rig.name), healed: Vec::new(), left: Vec::new() };
    if let Err(error) = references(desk, &rig, dry, &mut checkup) {
        checkup.left.push(error.to_string());
    }
    note(desk, &checkup, dry)?;
    Ok(Some(checkup).filter(|checkup| !(checkup.healed.is_empty() && checkup.left.is_empty())))
}

fn references(desk: &Desk, rig: &Rig, dry: bool, checkup: &mut Checkup) -> Result<()> {
    let path = rig.bare_repo();
    let target = rig.target_branch()?;
    if Bare::heal_head(&path, &rig.default_branch, dry)? {
        checkup.healed.push(format!(
            "HEAD of {} named no branch: it names {} again",
            path.display(),
            rig.default_branch
        ));
        if dry {
            return Ok(());
        }
    }
    let lines = Bare::heal_packed(&path, dry)?;
    if lines > 0 {
        checkup.healed.push(format!("{lines} lines of packed-refs were unreadable: taken out, the old file is kept"));
        if dry {
            return Ok(());
        }
    }
    let bare = Bare::open(&path)?;
    let of_hooks: Vec<String> =
        hook::list(desk.ledger.conn(), false)?.into_iter().map(|row| format!("refs/heads/{}", row.branch)).collect();
    for name in bare.broken_refs()? {
        if of_hooks.contains(&name) || name == format!("refs/heads/{target}") {
            continue;
        }
        if !dry {
            bare.put_ref_aside(&name)?;
        }
        checkup.healed.push(format!("{name} held no commit: its file is moved aside"));
    }
    if bare.local_branch(&target).is_ok_and(|found| found.is_some()) {
        return Ok(());
    }
    // The origin knows it best; without one the queue knows what it merged last.
    let mut known: Vec<String> = bare.origin_branch(&target).ok().flatten().into_iter().collect();
    let merged = queue::all(desk.ledger.conn(), Some(&rig.name))?;
    let merged =
        merged.into_iter().rev().filter(|request| request.target == target && !request.merge_commit.is_empty());
    known.extend(merged.map(|request| request.merge_commit));
    if !dry {
        bare.mend_branch(&target, &known)?;
    }
    checkup.healed.push(format!("the branch {target} was broken: made again from where it was last seen"));
    Ok(())
}

struct Patient<'a> {
    row: hook::Hook,
    dry: bool,
    /// Whether its session runs: then nothing under it is moved.
    works: bool,
    checkup: &'a mut Checkup,
}

impl Patient<'_> {
    fn heal(&mut self, rig: &Rig) -> Result<()> {
        let bare = Bare::open(&rig.bare_repo())?;
        // A crew member's workspace is a clone with branches of its own choice: only locks are ours to clear there.
        if !self.row.worktree.starts_with(rig.root.join("polecats")) {
            return match Worktree::open(&self.row.worktree) {
                Ok(worktree) => self.unlock(&worktree),
                Err(error) => Err(error.hint("gt crew add makes a workspace")),
            };
        }
        self.branch(&bare)?;
        let Some(worktree) = self.worktree(&bare, rig)? else { return Ok(()) };
        self.unlock(&worktree)?;
        self.unfinished(&worktree)?;
        self.checkout(&worktree)?;
        self.record(&worktree)
    }

    /// Does `cure` unless only looking; `what` is told either way.
    fn cure(&mut self, what: String, cure: impl FnOnce() -> Result<()>) -> Result<()> {
        if !self.dry {
            cure()?;
        }
        self.checkup.healed.push(what);
        Ok(())
    }

    fn spared(&mut self, what: &str) -> bool {
        if self.works {
            self.checkup.left.push(format!("{what}, and its session runs: stop it first, with gt session stop"));
        }
        self.works
    }

    fn branch(&mut self, bare: &Bare) -> Result<()> {
        let branch = self.row.branch.clone();
        if bare.local_branch(&branch).is_ok_and(|found| found.is_some()) {
            return Ok(());
        }
        let mut known = Vec::new();
        if let Some(last) = bare.snapshots(&self.row.agent).unwrap_or_default().pop() {
            known.extend(bare.find_rev(&format!("{}^1", last.id))?);
        }
        known.push(self.row.base.clone());
        self.cure(format!("its branch {branch} was broken: made again from where it was last seen"), || {
            bare.mend_branch(&branch, &known).map(|_| ())
        })
    }

    fn worktree(&mut self, bare: &Bare, rig: &Rig) -> Result<Option<Worktree>> {
        let path = self.row.worktree.clone();
        if let Ok(worktree) = Worktree::open(&path) {
            return Ok(Some(worktree));
        }
        let branch = self.row.branch.clone();
        if path.join(".git").is_file() || path.exists() && fs::read_dir(&path)?.next().is_some() {
            if self.spared("git has lost its worktree") {
                return Ok(None);
            }
            self.cure("git had lost its worktree: registered again, files untouched".into(), || {
                bare.adopt_worktree(&path, &branch).map(|_| ())
            })?;
        } else if let Some(moved) = bare.moved_from(&path, &places(rig))? {
            if self.spared("its worktree was moved") {
                return Ok(None);
            }
            self.cure(format!("its worktree was moved to {}: moved back", moved.display()), || {
                if path.exists() {
                    fs::remove_dir(&path)?;
                }
                Ok(fs::rename(&moved, &path)?)
            })?;
        } else {
            let agent = self.row.agent.clone();
            self.cure("its worktree was gone: made again from its branch and its last snapshot".into(), || {
                bare.prune_worktrees()?;
                let worktree = bare.add_worktree_on(&path, &branch)?;
                fill(bare, &worktree, &agent).map(|_| ())
            })?;
        }
        Ok(Worktree::open(&path).ok())
    }

    fn unlock(&mut self, worktree: &Worktree) -> Result<()> {
        if !worktree.private_dir()?.join("index.lock").exists() {
            return Ok(());
        }
        if self.dry || worktree.unlock_index()? {
            self.checkup.healed.push("a killed git had left index.lock: removed".into());
        }
        Ok(())
    }

    fn unfinished(&mut self, worktree: &Worktree) -> Result<()> {
        let Some(unfinished) = worktree.unfinished()? else { return Ok(()) };
        let name = unfinished.as_str();
        if self.spared(&format!("a {name} is half done")) {
            return Ok(());
        }
        let agent = self.row.agent.clone();
        self.cure(format!("a {name} was half done: ended, its files are in the last snapshot"), || {
            worktree.snapshot(&agent, &format!("before ending a half-done {name}"))?;
            worktree.abandon(unfinished)
        })
    }

    fn checkout(&mut self, worktree: &Worktree) -> Result<()> {
        let branch = self.row.branch.clone();
        // A worktree without a readable HEAD is brought back to its branch too.
        if worktree.branch()?.as_deref() == Some(branch.as_str()) {
            return Ok(());
        }
        if self.spared("another branch is checked out") {
            return Ok(());
        }
        if self.dry {
            self.checkup.healed.push(format!("{branch} is not checked out"));
            return Ok(());
        }
        worktree.snapshot(&self.row.agent, "before going back to its branch")?;
        self.checkup.healed.extend(worktree.return_to(&branch)?);
        Ok(())
    }

    fn record(&mut self, worktree: &Worktree) -> Result<()> {
        let row = self.row.clone();
        let what = match worktree.read_hook_record() {
            Ok(Some(record)) if record.agent == row.agent => return Ok(()),
            Ok(Some(record)) => format!("its record named {}: written again", record.agent),
            Ok(None) => "its record was missing: written again".into(),
            Err(_) => "its record was unreadable: written again".into(),
        };
        self.cure(what, || hook::write_record(&row))
    }
}

/// Where a worktree moved by hand is looked for: in the rig and beside the other worktrees.
fn places(rig: &Rig) -> Vec<PathBuf> {
    let directories = [rig.root.clone(), rig.root.join("polecats"), rig.root.join("crew")];
    let entries = directories.iter().filter_map(|directory| fs::read_dir(directory).ok()).flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}
