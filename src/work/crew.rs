//! Crew: clones of their own for people and long-lived agents.

use std::fs;
use std::path::PathBuf;

use serde::Serialize;

use super::{Desk, assignment, standing};
use crate::base::lock::Lock;
use crate::base::{Error, Result, ResultExt, files, text};
use crate::repo::{Bare, Worktree};
use crate::town::{Address, Rig, validate_agent_name};

/// One crew member's workspace.
#[derive(Debug, Clone, Serialize)]
pub struct CrewLine {
    /// Its name.
    pub name: String,
    /// Its rig.
    pub rig: String,
    /// Its address.
    pub address: String,
    /// The branch checked out.
    pub branch: Option<String>,
    /// Its clone.
    pub path: PathBuf,
    /// Whether its session runs.
    pub has_session: bool,
    /// Whether everything in it is committed.
    pub git_clean: bool,
    /// What is wrong with it, if anything.
    pub problem: Option<String>,
}

/// What was removed.
#[derive(Debug, Clone, Serialize)]
pub struct CrewRemoved {
    /// Its name.
    pub name: String,
    /// Its rig.
    pub rig: String,
    /// Under which references the rig's repository keeps what only it had; `None` when it had nothing of its own.
    pub kept: Option<String>,
}

/// Makes the workspace `name` in `rig`, on the rig's branch or, with `own_branch`, on `crew/<name>`.
///
/// # Errors
/// [`crate::base::Kind::Refused`] when the name is taken; also when it is no good one or the rig can't be read.
pub fn add(desk: &Desk, rig: &str, name: &str, own_branch: bool) -> Result<CrewLine> {
    validate_agent_name(name)?;
    let rig = desk.town.rig(rig)?;
    let directory = rig.root.join("crew");
    files::make_dirs(&directory, 0o755)?;
    let _lock = Lock::acquire(&desk.town.runtime_dir().join("crew.lock"))?;
    // Under the lock nobody else is making one, so what is half made was left by a killed gt.
    for entry in fs::read_dir(&directory).with_context(|| format!("read {}", directory.display()))? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".adding-")) {
            fs::remove_dir_all(&path).with_context(|| format!("remove {}", path.display()))?;
        }
    }
    if let Some(taken) = names(&rig)?.iter().find(|taken| taken.eq_ignore_ascii_case(name)) {
        return Err(Error::refused(format!("{} has a crew member called {taken} already", rig.name))
            .hint("choose another name, or: gt crew list"));
    }
    let bare = Bare::open(&rig.bare_repo())?;
    let making = directory.join(format!(".adding-{name}"));
    let branch = own_branch.then(|| format!("crew/{name}"));
    bare.clone_shared(&making, &rig.default_branch, branch.as_deref())?;
    let path = rig.crew_dir(name);
    fs::rename(&making, &path).with_context(|| format!("make {}", path.display()))?;
    Ok(line(desk, &rig, name))
}

pub(super) fn names(rig: &Rig) -> Result<Vec<String>> {
    let directory = rig.root.join("crew");
    let entries = match fs::read_dir(&directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("read {}", directory.display()))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && entry.path().is_dir() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// What the list says of one member.
///
/// # Errors
/// When there is no such rig.
pub fn line_of(desk: &Desk, member: &Address) -> Result<CrewLine> {
    Ok(line(desk, &desk.town.rig(member.rig().unwrap_or_default())?, member.name()))
}

fn line(desk: &Desk, rig: &Rig, name: &str) -> CrewLine {
    let path = rig.crew_dir(name);
    let agent = Address::Crew { rig: rig.name.clone(), name: name.to_owned() };
    // A record that is broken is of no session that runs.
    let has_session = standing::running(desk, &agent).is_ok_and(|record| record.is_some());
    let address = agent.to_string();
    let found = Worktree::open(&path).and_then(|clone| Ok((clone.branch()?, clone.is_clean()?)));
    let (branch, git_clean, problem) = match found {
        Ok((branch, clean)) => (branch, clean, None),
        Err(error) => (None, false, Some(error.to_string())),
    };
    CrewLine { name: name.to_owned(), rig: rig.name.clone(), address, branch, path, has_session, git_clean, problem }
}

/// The crew of `rig`, or of all rigs.
///
/// # Errors
/// When there is no such rig or its directory can't be read.
pub fn list(desk: &Desk, rig: Option<&str>) -> Result<Vec<CrewLine>> {
    let rigs = match rig {
        Some(name) => vec![desk.town.rig(name)?],
        None => desk.town.rigs()?,
    };
    let mut found = Vec::new();
    for rig in rigs {
        found.extend(names(&rig)?.iter().map(|name| line(desk, &rig, name)));
    }
    Ok(found)
}

/// Removes the workspace `name` of `rig`. What only it has is refused to be removed, or with `force` kept in the rig's repository
/// under references of its own.
///
/// # Errors
/// [`crate::base::Kind::Refused`] when it has changes, stashes or commits that are nowhere else; also when there is no such one.
pub fn remove(desk: &Desk, rig: &str, name: &str, force: bool) -> Result<CrewRemoved> {
    let agent = member(desk, rig, name)?;
    at_rest(desk, &agent)?;
    let rig = desk.town.rig(rig)?;
    let path = rig.crew_dir(name);
    let clone = Worktree::open(&path)?;
    let bare = Bare::open(&rig.bare_repo())?;
    let own = bare.only_in_clone(&clone)?;
    if let Some(own) = own.as_ref().filter(|_| !force) {
        return Err(Error::refused(format!("{} has {own}", path.display()))
            .hint("push or commit it first; --force removes it and keeps all of it in the rig's repository"));
    }
    let address = agent.to_string();
    let kept = own.map(|_| bare.keep_clone(&clone, &address)).transpose()?;
    // Out of sight at once, so that a removal that is killed leaves nothing that looks like a workspace.
    let leaving = path.with_file_name(format!(".adding-{name}"));
    fs::rename(&path, &leaving).with_context(|| format!("remove {}", path.display()))?;
    fs::remove_dir_all(&leaving).with_context(|| format!("remove {}", leaving.display()))?;
    Ok(CrewRemoved { name: name.to_owned(), rig: rig.name, kept })
}

/// The address of the member `name` of `rig`.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] with the nearest name when there is no such one.
pub fn member(desk: &Desk, rig: &str, name: &str) -> Result<Address> {
    let rig = desk.town.rig(rig)?;
    let all = names(&rig)?;
    if all.iter().any(|found| found == name) {
        return Ok(Address::Crew { rig: rig.name, name: name.to_owned() });
    }
    let error = Error::not_found(format!("{} has no crew member called {name:?}", rig.name));
    Err(match text::nearest(name, all.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint("gt crew list shows all"),
    })
}

fn at_rest(desk: &Desk, agent: &Address) -> Result<()> {
    match standing::running(desk, agent)? {
        Some(record) => Err(Error::refused(format!("{agent} is running as pid {}", record.child_pid)).hint(format!(
            "gt crew stop {} --rig {}",
            agent.name(),
            agent.rig().unwrap_or_default()
        ))),
        None => Ok(()),
    }
}

/// Gives the workspace `name` of `rig` the name `new`.
///
/// # Errors
/// [`crate::base::Kind::Refused`] while its session runs, while work hangs on its hook, or when the new name is taken.
pub fn rename(desk: &Desk, rig: &str, name: &str, new: &str) -> Result<CrewLine> {
    validate_agent_name(new)?;
    let agent = member(desk, rig, name)?;
    at_rest(desk, &agent)?;
    if let Some(row) = assignment::of_agent(desk.ledger.conn(), &agent.to_string())? {
        return Err(Error::refused(format!("{} hangs on the hook of {agent}", row.bead))
            .hint(format!("gt unsling {} takes it off", row.bead)));
    }
    let rig = desk.town.rig(rig)?;
    let _lock = Lock::acquire(&desk.town.runtime_dir().join("crew.lock"))?;
    if let Some(taken) = names(&rig)?.iter().find(|taken| taken.eq_ignore_ascii_case(new) && *taken != name) {
        return Err(Error::refused(format!("{} has a crew member called {taken} already", rig.name)));
    }
    let (old, path) = (rig.crew_dir(name), rig.crew_dir(new));
    fs::rename(&old, &path).with_context(|| format!("rename {}", old.display()))?;
    Ok(line(desk, &rig, new))
}
