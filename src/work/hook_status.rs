//! What there is to see of hooks: one line for each, one in full, its snapshots and its changes.

use std::path::PathBuf;

use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

use super::{Desk, queue};
use crate::base::{Error, Result, Timestamp, text};
use crate::repo::{Bare, FileStatus, Snapshot, Worktree};
use crate::town::Address;

/// One hook of a list.
#[derive(Debug, Clone, Serialize)]
pub struct HookLine {
    /// The agent's address.
    pub agent: String,
    /// Its rig.
    pub rig: String,
    /// Where the hook is in its life: created, active, suspended, completed, archived.
    pub state: String,
    /// The bead on it.
    pub bead: Option<String>,
    /// The branch the work is on.
    pub branch: Option<String>,
    /// The commit the work started from.
    pub base: Option<String>,
    /// The worktree's path.
    pub worktree: PathBuf,
    /// Whether the worktree is there.
    pub present: bool,
    /// When the hook was made.
    pub created_at: Timestamp,
    /// When it changed state last.
    pub updated_at: Timestamp,
}

/// A hook in full.
#[derive(Debug, Clone, Serialize)]
pub struct HookDetails {
    /// What the list says.
    #[serde(flatten)]
    pub line: HookLine,
    /// How far the bead's assignment has come.
    pub assignment: Option<String>,
    /// The commit checked out, or the branch's where the worktree is gone.
    pub head: Option<String>,
    /// The branch the work is to be merged into.
    pub target: String,
    /// How many commits it has that the target lacks.
    pub ahead: Option<usize>,
    /// How many commits of the target it lacks.
    pub behind: Option<usize>,
    /// Files changed and not committed.
    pub dirty: Vec<FileStatus>,
    /// How many snapshots there are of this agent.
    pub snapshots: usize,
    /// The newest of them.
    pub last_snapshot: Option<Snapshot>,
    /// What could not be found out and why.
    pub problems: Vec<String>,
}

const COLUMNS: &str = "agent, rig, worktree, branch, base, state, bead, created_at, updated_at";

fn read(row: &Row<'_>) -> Result<HookLine> {
    let text = |index: usize| -> Result<String> { Ok(row.get::<_, String>(index)?) };
    let filled = |index: usize| -> Result<Option<String>> { Ok(Some(text(index)?).filter(|text| !text.is_empty())) };
    let worktree = PathBuf::from(text(2)?);
    Ok(HookLine {
        agent: text(0)?,
        rig: text(1)?,
        present: worktree.join(".git").exists(),
        worktree,
        branch: filled(3)?,
        base: filled(4)?,
        state: text(5)?,
        bead: filled(6)?,
        created_at: text(7)?.parse()?,
        updated_at: text(8)?.parse()?,
    })
}

/// All hooks, by agent; archived ones only when asked for.
///
/// # Errors
/// When the ledger can't be read.
pub fn list(desk: &Desk, archived: bool) -> Result<Vec<HookLine>> {
    let sql = format!("SELECT {COLUMNS} FROM hooks WHERE ?1 OR state <> 'archived' ORDER BY agent");
    let mut statement = desk.ledger.conn().prepare_cached(&sql)?;
    let mut rows = statement.query([archived])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The hook of `agent`: an address, or the agent's own name where only one has it.
///
/// # Errors
/// When there is none, or several agents have that name.
pub fn find(desk: &Desk, agent: &str) -> Result<HookLine> {
    let exact = agent.parse::<Address>().map_or_else(|_| agent.to_owned(), |address| address.to_string());
    let sql = format!("SELECT {COLUMNS} FROM hooks WHERE agent = ?1");
    if let Some(hook) = desk.ledger.conn().query_row(&sql, params![exact], |row| Ok(read(row))).optional()? {
        return hook;
    }
    let all = list(desk, true)?;
    let short = |hook: &HookLine| {
        let name = hook.agent.rsplit('/').next().unwrap_or_default().to_owned();
        agent == name || agent == format!("{}/{name}", hook.rig)
    };
    let mut fitting: Vec<HookLine> = all.iter().filter(|hook| short(hook)).cloned().collect();
    match fitting.len() {
        1 => Ok(fitting.remove(0)),
        0 => {
            let error = Error::not_found(format!("{agent} has no hook"));
            let names =
                all.iter().flat_map(|hook| [hook.agent.as_str(), hook.agent.rsplit('/').next().unwrap_or_default()]);
            Err(match text::nearest(agent, names) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error.hint("gt hooks list shows all"),
            })
        }
        _ => {
            let names: Vec<String> = fitting.into_iter().map(|hook| hook.agent).collect();
            Err(Error::usage(format!("{agent} may be {}", names.join(" or "))).hint("give the whole address"))
        }
    }
}

/// The hook of `agent` in full. What can't be found out is among the problems.
///
/// # Errors
/// As [`find`].
pub fn details(desk: &Desk, agent: &str) -> Result<HookDetails> {
    let line = find(desk, agent)?;
    let mut problems = Vec::new();
    let mut note = |error: Error| problems.push(error.to_string());
    let assignment = desk
        .ledger
        .conn()
        .query_row(
            "SELECT state FROM assignments WHERE agent = ?1 AND bead = ?2",
            params![line.agent, line.bead],
            |row| row.get(0),
        )
        .optional()?;
    let rig = desk.town.rig(&line.rig)?;
    let bead = line.bead.clone().unwrap_or_default();
    let target = queue::integration::target_of(desk, &rig, &bead)
        .map_err(&mut note)
        .unwrap_or_else(|_| rig.default_branch.clone());
    let mut details = HookDetails {
        assignment,
        head: None,
        target,
        ahead: None,
        behind: None,
        dirty: Vec::new(),
        snapshots: 0,
        last_snapshot: None,
        problems: Vec::new(),
        line,
    };
    let worktree = Worktree::open(&details.line.worktree);
    match &worktree {
        Ok(worktree) => {
            details.dirty = worktree.status().map_err(&mut note).unwrap_or_default();
            details.head = worktree.head().map_err(&mut note).ok();
        }
        Err(error) if details.line.state != "archived" => note(Error::failed(error.message())),
        Err(_) => {}
    }
    match Bare::open(&rig.bare_repo()) {
        Ok(bare) => {
            if details.head.is_none()
                && let Some(branch) = &details.line.branch
            {
                details.head = bare.local_branch(branch).map_err(&mut note).ok().flatten();
            }
            if let Some(head) = &details.head {
                let counts = bare.ahead_behind(head, &format!("refs/heads/{}", details.target)).map_err(&mut note).ok();
                (details.ahead, details.behind) = counts.unzip();
            }
            let mut snapshots = bare.snapshots(&details.line.agent).map_err(&mut note).unwrap_or_default();
            details.snapshots = snapshots.len();
            details.last_snapshot = snapshots.pop();
        }
        Err(error) => note(error),
    }
    details.problems = problems;
    Ok(details)
}

/// The snapshots of `agent`, oldest first.
///
/// # Errors
/// As [`find`]; also when the rig's repository can't be read.
pub fn log(desk: &Desk, agent: &str) -> Result<Vec<Snapshot>> {
    let line = find(desk, agent)?;
    Bare::open(&desk.town.rig(&line.rig)?.bare_repo())?.snapshots(&line.agent)
}

/// How all that is on the hook now, committed or not, differs from where it left the target branch, or from snapshot `from`. Where the
/// worktree is gone, its newest snapshot or its branch stands for it.
///
/// # Errors
/// As [`find`]; also when there is no such snapshot or nothing left to compare.
pub fn diff(desk: &Desk, agent: &str, from: Option<u64>) -> Result<String> {
    let line = find(desk, agent)?;
    let rig = desk.town.rig(&line.rig)?;
    let bare = Bare::open(&rig.bare_repo())?;
    let snapshots = bare.snapshots(&line.agent)?;
    let start = match from {
        Some(number) => {
            snapshots.iter().find(|snapshot| snapshot.number == number).map(|snapshot| snapshot.id.clone()).ok_or_else(
                || {
                    Error::not_found(format!("{} has no snapshot {number}", line.agent))
                        .hint(format!("gt hooks log {} shows them", line.agent))
                },
            )?
        }
        None => {
            let branch = line.branch.as_deref().map(|branch| bare.local_branch(branch)).transpose()?.flatten();
            let head = Worktree::open(&line.worktree).and_then(|worktree| worktree.head()).ok().or(branch);
            super::hook_review::start(&bare, &line, &rig.target_branch()?, head.as_deref())?
        }
    };
    if let Ok(worktree) = Worktree::open(&line.worktree) {
        return worktree.diff_from(&start);
    }
    let branch = line.branch.as_deref().and_then(|branch| bare.local_branch(branch).transpose()).transpose()?;
    let end = snapshots.last().map(|snapshot| snapshot.id.clone()).or(branch);
    match end {
        Some(end) => bare.diff(&start, &end),
        None => Err(Error::not_found(format!("nothing is left of the hook of {}", line.agent))),
    }
}
