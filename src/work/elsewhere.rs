//! Workspaces of a crew member in other rigs than its own: clones like any crew's, that belong to it all the same.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Desk, crew};
use crate::base::{Error, Result, ResultExt};
use crate::repo::Worktree;
use crate::town::Address;

/// The file in a workspace's private git directory that says whose it is.
const OWNER: &str = "gt-owner";

/// A workspace in another rig.
#[derive(Debug, Clone, Serialize)]
pub struct Elsewhere {
    /// The rig it is of.
    pub rig: String,
    /// Whose it is.
    pub owner: String,
    /// The branch checked out.
    pub branch: Option<String>,
    /// Where it is.
    pub path: PathBuf,
    /// Whether everything in it is committed.
    pub git_clean: bool,
}

/// Who the workspace at `path` belongs to, where that is not who its directory is named after.
pub fn owner(path: &Path) -> Option<Address> {
    let directory = Worktree::open(path).and_then(|worktree| worktree.private_dir()).ok()?;
    std::fs::read_to_string(directory.join(OWNER)).ok()?.trim().parse().ok()
}

fn name_of(me: &Address) -> Result<(String, String)> {
    match me {
        Address::Crew { rig, name } => Ok((rig.clone(), format!("{rig}-{name}"))),
        _ => {
            Err(Error::usage(format!("{me} is no crew member"))
                .hint("run it in a crew workspace: gt crew list shows them"))
        }
    }
}

/// The workspace of the crew member `me` in `rig`, made when there is none.
///
/// # Errors
/// [`crate::base::Kind::Refused`] for its own rig; usage for anybody but crew; not found for an unknown rig.
pub fn make(desk: &Desk, me: &Address, rig: &str) -> Result<Elsewhere> {
    let (own, name) = name_of(me)?;
    let rig = desk.town.rig(rig)?;
    if rig.name == own {
        return Err(
            Error::refused(format!("{own} is your own rig")).hint(format!("cd {}", desk.town.home(me).display()))
        );
    }
    let path = rig.crew_dir(&name);
    if !path.is_dir() {
        crew::add(desk, &rig.name, &name, false)?;
        let file = Worktree::open(&path)?.private_dir()?.join(OWNER);
        std::fs::write(&file, format!("{me}\n")).with_context(|| format!("write {}", file.display()))?;
    }
    describe(desk, me, &rig.name, &name)
}

fn describe(desk: &Desk, me: &Address, rig: &str, name: &str) -> Result<Elsewhere> {
    let path = desk.town.rig(rig)?.crew_dir(name);
    let worktree = Worktree::open(&path)?;
    Ok(Elsewhere {
        rig: rig.to_owned(),
        owner: me.to_string(),
        branch: worktree.branch()?,
        git_clean: worktree.is_clean()?,
        path,
    })
}

/// All such workspaces of `me`.
///
/// # Errors
/// When the rigs can't be read.
pub fn list(desk: &Desk, me: &Address) -> Result<Vec<Elsewhere>> {
    let (_, name) = name_of(me)?;
    let rigs = desk.town.rigs()?;
    let here = rigs.iter().filter(|rig| owner(&rig.crew_dir(&name)).as_ref() == Some(me));
    here.map(|rig| describe(desk, me, &rig.name, &name)).collect()
}

/// Removes the workspace of `me` in `rig`; what only it has is refused to be removed, or kept with `force`.
///
/// # Errors
/// As [`crew::remove`].
pub fn remove(desk: &Desk, me: &Address, rig: &str, force: bool) -> Result<crew::CrewRemoved> {
    let (_, name) = name_of(me)?;
    let path = desk.town.rig(rig)?.crew_dir(&name);
    if owner(&path).as_ref() != Some(me) {
        return Err(Error::not_found(format!("{me} has no workspace in {rig}")).hint("gt worktree list"));
    }
    crew::remove(desk, rig, &name, force)
}
