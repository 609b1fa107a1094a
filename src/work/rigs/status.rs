//! What there is to see of rigs: one line for each, or one in full.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{OptionalExtension, params};
use serde::Serialize;

use crate::base::{Result, Timestamp, text};
use crate::ledger::{Filter, ReadyFilter, Status};
use crate::repo::{Bare, Worktree};
use crate::town::{Address, Rig};
use crate::work::Desk;

/// One rig of a list.
#[derive(Debug, Clone, Serialize)]
pub struct RigLine {
    /// Its name.
    pub name: String,
    /// The prefix of its beads.
    pub prefix: String,
    /// Its directory.
    pub path: PathBuf,
    /// Where its repository came from.
    pub git_url: String,
    /// The branch work starts from.
    pub default_branch: String,
    /// When it was added.
    pub added_at: Timestamp,
    /// How many polecats have a worktree.
    pub polecats: usize,
    /// How many crew members have a clone.
    pub crew: usize,
    /// How many assignments are being worked on.
    pub working: usize,
    /// How many merge requests are on their way.
    pub queue: usize,
    /// Its beads.
    pub beads: BeadCounts,
    /// What is wrong with it, if anything.
    pub problems: Vec<String>,
}

/// How many beads a rig has, by what can be done with them.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct BeadCounts {
    /// Open, blocked ones included.
    pub open: usize,
    /// Open and with nothing in the way.
    pub ready: usize,
    /// Being worked on.
    pub in_progress: usize,
    /// Done.
    pub closed: usize,
}

/// One agent's place in a rig.
#[derive(Debug, Clone, Serialize)]
pub struct RigAgent {
    /// Its address.
    pub address: String,
    /// Its worktree or clone.
    pub path: PathBuf,
    /// The branch checked out.
    pub branch: Option<String>,
    /// The bead it has.
    pub bead: Option<String>,
    /// How far the assignment has come.
    pub state: Option<String>,
}

/// A rig in full.
#[derive(Debug, Clone, Serialize)]
pub struct RigStatus {
    /// What the list says.
    #[serde(flatten)]
    pub line: RigLine,
    /// The branch work is merged into.
    pub target_branch: String,
    /// The commit the target branch is at.
    pub target_head: Option<String>,
    /// How many commits the target is ahead of its origin and behind it, as of the last fetch.
    pub ahead_behind_origin: Option<(usize, usize)>,
    /// The gate that finished work has to pass.
    pub test_command: Option<String>,
    /// The polecats.
    pub polecat_list: Vec<RigAgent>,
    /// The crew.
    pub crew_list: Vec<RigAgent>,
    /// Merge requests by state.
    pub queue_by_state: BTreeMap<String, usize>,
}

/// All rigs of the town.
///
/// # Errors
/// When the registry or the ledger can't be read.
pub fn list(desk: &Desk) -> Result<Vec<RigLine>> {
    desk.town.rigs()?.iter().map(|rig| line(desk, rig)).collect()
}

fn line(desk: &Desk, rig: &Rig) -> Result<RigLine> {
    let conn = desk.ledger.conn();
    let count = |sql: &str| -> Result<usize> {
        let count: i64 = conn.query_row(sql, [&rig.name], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(0))
    };
    let beads = |statuses: &[Status]| {
        desk.ledger.count(&Filter { store: Some(rig.name.clone()), statuses: statuses.to_vec(), ..Filter::default() })
    };
    let ready = ReadyFilter { store: Some(rig.name.clone()), ..ReadyFilter::default() };
    let mut problems = Vec::new();
    if !rig.root.is_dir() {
        problems.push(format!("its directory {} is gone", rig.root.display()));
    } else if let Err(error) = Bare::open(&rig.bare_repo()) {
        problems.push(error.to_string());
    }
    if let Err(error) = rig.settings() {
        problems.push(error.to_string());
    }
    Ok(RigLine {
        name: rig.name.clone(),
        prefix: rig.prefix.clone(),
        path: rig.root.clone(),
        git_url: rig.git_url.clone(),
        default_branch: rig.default_branch.clone(),
        added_at: rig.added_at,
        polecats: names_in(&rig.root.join("polecats")).len(),
        crew: names_in(&rig.root.join("crew")).len(),
        working: count("SELECT count(*) FROM assignments WHERE rig = ?1 AND state IN ('spawning', 'active')")?,
        queue: count("SELECT count(*) FROM merge_requests WHERE rig = ?1 AND state NOT IN ('merged', 'rejected')")?,
        beads: BeadCounts {
            open: beads(&[Status::Open, Status::Blocked])?,
            ready: desk.ledger.ready(&ready)?.len(),
            in_progress: beads(&[Status::InProgress, Status::Hooked])?,
            closed: beads(&[Status::Closed])?,
        },
        problems,
    })
}

/// Names of the directories in `directory`, sorted; none when it is not there.
fn names_in(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names
}

/// One rig in full.
///
/// # Errors
/// When there is no such rig, or the registry or the ledger can't be read.
pub fn status(desk: &Desk, name: &str) -> Result<RigStatus> {
    let rig = desk.town.rig(name)?;
    let mut line = line(desk, &rig)?;
    // Broken settings are among the problems already; the rest can still be shown.
    let settings = rig.settings().unwrap_or_default();
    let target_branch = settings.merge_queue.target_branch.unwrap_or_else(|| rig.default_branch.clone());
    let (mut target_head, mut ahead_behind_origin) = (None, None);
    if let Ok(bare) = Bare::open(&rig.bare_repo()) {
        target_head = bare.local_branch(&target_branch)?;
        if target_head.is_none() {
            line.problems.push(format!("its repository has no branch {target_branch} to merge into"));
        }
        if let (Some(local), Some(origin)) = (&target_head, bare.origin_branch(&target_branch)?) {
            ahead_behind_origin = Some(bare.ahead_behind(local, &origin)?);
        }
    }
    let mut statement =
        desk.ledger.conn().prepare("SELECT state, count(*) FROM merge_requests WHERE rig = ?1 GROUP BY state")?;
    let mut queue_by_state = BTreeMap::new();
    for row in statement.query_map([&rig.name], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))? {
        let (state, count) = row?;
        queue_by_state.insert(state, usize::try_from(count).unwrap_or(0));
    }
    let agents = |kind: &str, address: &dyn Fn(String) -> Address| -> Result<Vec<RigAgent>> {
        names_in(&rig.root.join(kind)).into_iter().map(|name| agent(desk, &address(name))).collect()
    };
    let polecat_list = agents("polecats", &|name| Address::Polecat { rig: rig.name.clone(), name })?;
    let crew_list = agents("crew", &|name| Address::Crew { rig: rig.name.clone(), name })?;
    Ok(RigStatus {
        line,
        target_branch,
        target_head,
        ahead_behind_origin,
        test_command: settings.merge_queue.test_command,
        polecat_list,
        crew_list,
        queue_by_state,
    })
}

fn agent(desk: &Desk, who: &Address) -> Result<RigAgent> {
    let path = desk.town.home(who);
    let branch = Worktree::open(&path).and_then(|worktree| worktree.branch()).ok().flatten();
    let found: Option<(String, String)> = desk
        .ledger
        .conn()
        .query_row(
            "SELECT bead, state FROM assignments WHERE agent = ?1 ORDER BY updated_at DESC LIMIT 1",
            params![who.to_string()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let (bead, state) = found.unzip();
    Ok(RigAgent { address: who.to_string(), path, branch, bead, state })
}

impl RigStatus {
    /// The problems, safe to print on a terminal.
    pub fn printable_problems(&self) -> impl Iterator<Item = String> + '_ {
        self.line.problems.iter().map(|problem| text::neutralise(problem, true).into_owned())
    }
}
