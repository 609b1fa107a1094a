//! Who asks: the agent or person behind a command, from its environment or the directory it is in.

use std::path::Path;

use crate::base::{Error, Result};
use crate::town::{Address, Town};

/// The actor of commands typed by a person.
pub const OVERSEER: &str = "overseer";

pub use super::desk::actor;

/// The agent whose directory `path` is in: a polecat's worktree or a crew member's clone.
///
/// # Errors
/// When the town's rigs can't be read.
pub fn from_path(town: &Town, path: &Path) -> Result<Option<Address>> {
    let Some(rig) = town.rig_of_path(path)? else { return Ok(None) };
    let below = |kind: &str| {
        let rest = path.strip_prefix(rig.root.join(kind)).ok()?;
        Some(rest.components().next()?.as_os_str().to_string_lossy().into_owned())
    };
    if let Some(name) = below("polecats") {
        return Ok(Some(Address::Polecat { rig: rig.name, name }));
    }
    Ok(below("crew").map(|name| Address::Crew { rig: rig.name.clone(), name }))
}

/// The agent that runs this command: by its environment, else by the working directory.
///
/// # Errors
/// When neither says who it is.
pub fn this_agent(town: &Town) -> Result<Address> {
    if let Some(address) = Address::from_env().filter(|address| *address != Address::Overseer) {
        return Ok(address);
    }
    if let Ok(directory) = std::env::current_dir()
        && let Some(address) = from_path(town, &directory)?
    {
        return Ok(address);
    }
    Err(Error::usage("this command is for an agent, and nothing says which one asks")
        .hint("run it inside an agent's session or worktree; gt agents lists them"))
}
