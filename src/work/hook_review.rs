//! What a reviewer needs of a hook: what it would bring to the target, what happened on it in the order of time, and a hunk of it
//! taken out again.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Desk;
use super::hook_status::{self, HookLine};
use super::identity::actor;
use crate::base::{Error, Result, Timestamp};
use crate::repo::{Bare, Change, Looker, Patch, Worktree};

/// At most so many steps are told.
const STEPS: usize = 400;
/// Of so many steps it is told what they changed.
const COUNTED: usize = 60;

/// What happened on a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    /// The files as they are now.
    Now,
    /// A commit of the branch.
    Commit,
    /// A snapshot of all files.
    Snapshot,
    /// Where the work started.
    Start,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What it is.
    pub kind: StepKind,
    /// Its commit; empty for the files as they are now.
    pub id: String,
    /// A snapshot's number.
    pub number: Option<u64>,
    /// When; nothing for now.
    pub at: Option<Timestamp>,
    /// What it says.
    pub words: String,
    /// Lines that came, lines that went and files that differ since the step before; nothing where that was not counted.
    pub change: Option<(usize, usize, usize)>,
}

/// What the hook would bring, or what it changed since a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The commit compared with.
    pub start: String,
    /// The tree of the files, or the commit that stands for them.
    pub end: String,
    /// What differs.
    pub patch: Patch,
}

/// Reads hooks again and again, remembering what does not change.
#[derive(Debug, Default)]
pub struct Reader {
    looker: Looker,
    changes: Option<Changes>,
    counted: HashMap<(String, String), (usize, usize, usize)>,
    /// Of each snapshot the commit it was taken on.
    taken_on: HashMap<String, Option<String>>,
}

/// The commit a hook's work is compared with when nothing else is asked for: the newest it has in common with `target`; for work that
/// is in the target already, the one it started from.
///
/// # Errors
/// When the repository can't be read.
pub fn start(bare: &Bare, line: &HookLine, target: &str, head: Option<&str>) -> Result<String> {
    let target = bare.rev(&format!("refs/heads/{target}"))?;
    let base = line.base.as_deref().map(|base| bare.find_rev(base)).transpose()?.flatten();
    let Some(head) = head else { return Ok(base.unwrap_or(target)) };
    match bare.merge_base(head, &target) {
        Ok(Some(common)) if common != head => Ok(common),
        // A crew member's clone may hold commits the rig's repository has not seen.
        Ok(_) | Err(_) => Ok(base.unwrap_or(target)),
    }
}

/// Where the files of a hook are: in its worktree, or, where that is gone, in its newest snapshot or its branch.
struct Ends {
    bare: Bare,
    worktree: Option<Worktree>,
    head: Option<String>,
    end: String,
}

fn ends(desk: &Desk, line: &HookLine, looker: &mut Looker) -> Result<Ends> {
    let bare = Bare::open(&desk.town.rig(&line.rig)?.bare_repo())?;
    let branch = line.branch.as_deref().map(|branch| bare.local_branch(branch)).transpose()?.flatten();
    match Worktree::open(&line.worktree) {
        Ok(worktree) => {
            let (head, end) = (worktree.head().ok(), looker.tree(&worktree)?);
            Ok(Ends { bare, worktree: Some(worktree), head, end })
        }
        Err(_) => {
            let last = bare.snapshots(&line.agent)?.pop().map(|last| last.id);
            let end = last.or_else(|| branch.clone()).ok_or_else(|| {
                Error::not_found(format!("nothing is left of the hook of {}", line.agent)).hint("gt hooks list --all")
            })?;
            Ok(Ends { bare, worktree: None, head: branch, end })
        }
    }
}

impl Ends {
    fn patch(&self, looker: &Looker, from: &str, to: &str) -> Result<Patch> {
        match &self.worktree {
            // It has all the rig's repository has, and a clone's own commits too.
            Some(worktree) => looker.patch(worktree, from, to),
            None => self.bare.patch(from, to),
        }
    }
}

impl Reader {
    /// How all that is on the hook now, committed or not, differs from its [`start`], or from the commit `from`; and what happened on
    /// it, the newest first: the files now, commits and snapshots, and the commit the work started from.
    ///
    /// # Errors
    /// When there is no such hook or commit, or nothing is left to compare.
    pub fn look(&mut self, desk: &Desk, agent: &str, from: Option<&str>) -> Result<(Changes, Vec<Step>)> {
        let line = hook_status::find(desk, agent)?;
        let ends = ends(desk, &line, &mut self.looker)?;
        let start = start(&ends.bare, &line, &desk.town.rig(&line.rig)?.target_branch()?, ends.head.as_deref())?;
        let changes = self.changes(&ends, from.map_or_else(|| start.clone(), str::to_owned))?;
        Ok((changes, self.steps(&ends, &line, start)?))
    }

    fn changes(&mut self, ends: &Ends, start: String) -> Result<Changes> {
        if let Some(same) = self.changes.as_ref().filter(|before| before.start == start && before.end == ends.end) {
            return Ok(same.clone());
        }
        let changes = Changes { patch: ends.patch(&self.looker, &start, &ends.end)?, start, end: ends.end.clone() };
        self.changes = Some(changes.clone());
        Ok(changes)
    }

    fn steps(&mut self, ends: &Ends, line: &HookLine, start: String) -> Result<Vec<Step>> {
        let mut steps: Vec<Step> = ends
            .bare
            .snapshots(&line.agent)?
            .into_iter()
            .map(|snapshot| Step {
                kind: StepKind::Snapshot,
                id: snapshot.id,
                number: Some(snapshot.number),
                at: Some(snapshot.time),
                words: snapshot.why,
                change: None,
            })
            .collect();
        // A clone's own commits are not in the rig's repository; they are left out then.
        let commits = ends.head.as_ref().map(|head| ends.bare.commits(&start, head).unwrap_or_default());
        let commits = commits.unwrap_or_default();
        // A snapshot comes after the commit it was taken on; where that is no longer on the branch, their times decide.
        let mut places = Vec::with_capacity(steps.len() + commits.len());
        for step in &steps {
            let on = match self.taken_on.get(&step.id) {
                Some(on) => on.clone(),
                None => {
                    let on = ends.bare.find_rev(&format!("{}^1", step.id))?;
                    self.taken_on.insert(step.id.clone(), on.clone());
                    on
                }
            };
            let after = commits.iter().position(|commit| Some(&commit.id) == on.as_ref()).map(|place| place + 1);
            let after = after.or_else(|| (on.as_ref() == Some(&start)).then_some(0));
            let by_time = || commits.iter().take_while(|commit| Some(commit.time) <= step.at).count();
            places.push((after.unwrap_or_else(by_time), step.number.unwrap_or(0)));
        }
        places.extend((1..=commits.len()).map(|place| (place, 0)));
        steps.extend(commits.into_iter().map(|commit| Step {
            kind: StepKind::Commit,
            id: commit.id,
            number: None,
            at: Some(commit.time),
            words: commit.subject,
            change: None,
        }));
        let mut placed: Vec<_> = places.into_iter().zip(steps).collect();
        placed.sort_by_key(|(place, _)| *place);
        let mut steps: Vec<Step> = placed.into_iter().map(|(_, step)| step).collect();
        let base = ends.bare.commit(&start)?;
        steps.insert(
            0,
            Step {
                kind: StepKind::Start,
                id: start,
                number: None,
                at: Some(base.time),
                words: base.subject,
                change: None,
            },
        );
        steps.push(Step {
            kind: StepKind::Now,
            id: String::new(),
            number: None,
            at: None,
            words: String::new(),
            change: None,
        });
        steps.reverse();
        steps.truncate(STEPS);
        self.count(ends, &mut steps);
        Ok(steps)
    }

    fn count(&mut self, ends: &Ends, steps: &mut [Step]) {
        for place in 0..steps.len().saturating_sub(1).min(COUNTED) {
            let to = if steps[place].kind == StepKind::Now { &ends.end } else { &steps[place].id };
            let key = (steps[place + 1].id.clone(), to.clone());
            if !self.counted.contains_key(&key) {
                let Ok(patch) = ends.patch(&self.looker, &key.0, &key.1) else { continue };
                self.counted.insert(key.clone(), (patch.added, patch.removed, patch.files.len()));
            }
            steps[place].change = self.counted.get(&key).copied();
        }
        if self.counted.len() > STEPS * 4 {
            self.counted.clear();
        }
    }
}

/// A hunk that was taken out of a hook's files, or put back.
#[derive(Debug, Serialize)]
pub struct TakenOut {
    /// The agent.
    pub agent: String,
    /// The snapshot that keeps what was there before; `None` when the newest one had it already.
    pub kept: Option<u64>,
}

/// Takes `patch` out of the files of `which`, or with `back` puts it in again. A snapshot keeps what was there before.
///
/// # Errors
/// Not found for unknown agents; refused when the patch does not fit the files as they are now.
pub fn take_out(desk: &mut Desk, which: &str, patch: &str, back: bool) -> Result<TakenOut> {
    let line = hook_status::find(desk, which)?;
    let worktree = Worktree::open(&line.worktree)?;
    if let Some(unfinished) = worktree.unfinished()? {
        return Err(Error::refused(format!("a {} is under way there", unfinished.as_str()))
            .hint(format!("gt hooks repair {}", line.agent)));
    }
    let kept = worktree.snapshot(&line.agent, "before a hunk was taken out")?;
    worktree.apply(patch, !back).map_err(|error| {
        Error::refused(format!("it does not fit the files as they are now: {}", error.message()))
            .hint("look again: the agent has changed them")
    })?;
    let bare = Bare::open(&desk.town.rig(&line.rig)?.bare_repo())?;
    let kept = match kept {
        Some(_) => bare.snapshots(&line.agent)?.last().map(|last| last.number),
        None => None,
    };
    let bead = line.bead.clone();
    desk.ledger.write(&actor(), |tx| {
        let payload = json!({"agent": line.agent, "kept": kept, "back": back});
        tx.event("hook_hunk", bead.as_deref(), payload).map(|_| ())
    })?;
    Ok(TakenOut { agent: line.agent, kept })
}

/// Takes the hunk at `place` (`file:line`, a line as the file is now) out of the files of `which`; without a line all that happened to
/// the file.
///
/// # Errors
/// Not found when no hunk is there; refused as [`take_out`] does, and for hunks of files that are no text or too long.
pub fn reject(desk: &mut Desk, which: &str, place: &str) -> Result<TakenOut> {
    let at_line = place.rsplit_once(':').and_then(|(path, line)| Some((path, line.parse::<u32>().ok()?)));
    let (path, line) = at_line.map_or((place, None), |(path, line)| (path, Some(line)));
    let agent = hook_status::find(desk, which)?.agent;
    let (changes, _) = Reader::default().look(desk, &agent, None)?;
    let hint = format!("gt hooks diff {agent} shows what has changed; name a place as src/cart.rs:42");
    let Some(file) = changes.patch.files.iter().find(|file| file.path == path) else {
        return Err(Error::not_found(format!("{path} has not changed on the hook of {agent}")).hint(hint));
    };
    let patch = match line {
        // A file that is gone has no lines now; any of them means all of it.
        Some(line) if file.what != Change::Gone => {
            let holds = |hunk: &&crate::repo::Hunk| (hunk.new.0..=hunk.new.0 + hunk.new.1).contains(&line);
            let Some(hunk) = file.hunks.iter().find(holds) else {
                return Err(Error::not_found(format!("no hunk of {path} is at line {line}")).hint(hint));
            };
            file.alone(hunk)
        }
        _ => file.whole(),
    };
    let Some(patch) = patch else {
        return Err(Error::refused(format!("{path} is no text, or too long to be told in full"))
            .hint(format!("tell the agent instead: gt nudge {agent} \"...\"")));
    };
    take_out(desk, &agent, &patch, false)
}
