//! Who asks: the agent or person behind a command, from its environment or the directory it is in.

use std::path::Path;

use super::seance;
use crate::base::{Error, Result};
use crate::runtime::{self, lifecycle};
use crate::town::{Address, Town};

/// The actor of commands typed by a person.
pub const OVERSEER: &str = "overseer";

pub use super::desk::actor;

/// The agent whose directory `path` is in: a polecat's worktree, a crew member's clone, the refinery's worktree, the mayor's home.
///
/// # Errors
/// When the town's rigs can't be read.
pub fn from_path(town: &Town, path: &Path) -> Result<Option<Address>> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let path = real.as_path();
    if path.starts_with(town.root.join("mayor")) {
        return Ok(Some(Address::Mayor));
    }
    if let Ok(below) = path.strip_prefix(town.root.join("deacon/dogs")) {
        return Ok(below.components().next().map(|name| Address::Dog(name.as_os_str().to_string_lossy().into_owned())));
    }
    let Some(rig) = town.rig_of_path(path)? else { return Ok(None) };
    let below = |kind: &str| {
        let rest = path.strip_prefix(rig.root.join(kind)).ok()?;
        Some(rest.components().next()?.as_os_str().to_string_lossy().into_owned())
    };
    if let Some(name) = below("polecats") {
        return Ok(Some(Address::Polecat { rig: rig.name, name }));
    }
    if path.starts_with(rig.refinery_worktree()) {
        return Ok(Some(Address::Refinery(rig.name)));
    }
    let Some(name) = below("crew") else { return Ok(None) };
    // A crew member's workspace in another rig is its own.
    let owner = super::elsewhere::owner(&rig.crew_dir(&name));
    Ok(Some(owner.unwrap_or(Address::Crew { rig: rig.name.clone(), name })))
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

/// Notes the conversation that the agent's runtime tells in a variable, where no hook has told one: `gt` is called from inside it.
///
/// # Errors
/// When the town can't be written.
pub fn note_conversation(town: &Town, agent: &Address) -> Result<()> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (Some(session), Some(name)) = (set("GT_SESSION"), set("GT_AGENT")) else { return Ok(()) };
    if session != agent.session_name() {
        return Ok(());
    }
    let mut note = lifecycle::read_note(town, &session);
    if note.begun {
        return Ok(());
    }
    let rig = agent.rig().map(|rig| town.rig(rig)).transpose()?;
    let preset = runtime::preset(town, rig.as_ref(), agent.role().as_str(), Some(&name));
    // A runtime that was taken out of the settings meanwhile tells nothing any more.
    let Some(conversation) = preset.ok().and_then(|preset| preset.session_id_env).and_then(|name| set(&name)) else {
        return Ok(());
    };
    note.conversation = Some(conversation.clone());
    // Who calls gt is in the middle of a turn.
    note.begun = true;
    lifecycle::write_note(town, &session, &note)?;
    seance::named(town, &session, &conversation, note.transcript.as_deref())
}

/// How `who` signs what it does: by its address, a person by what the environment says.
pub fn named_actor(who: &Address) -> String {
    if *who == Address::Overseer { actor() } else { who.to_string() }
}

/// Who asks, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The agent, or the person.
    pub address: Address,
    /// `environment`, `directory`, or `nobody` for a person in a shell of their own.
    pub source: &'static str,
    /// What is wrong when environment and directory name two different agents.
    pub disagreement: Option<String>,
}

/// Who runs this command: by its environment first, then by the working directory; a person when neither says.
///
/// # Errors
/// When the town's rigs can't be read.
pub fn who(town: &Town) -> Result<Identity> {
    let by_place = match std::env::current_dir() {
        Ok(directory) => from_path(town, &directory)?,
        // A directory that was removed says nothing.
        Err(_) => None,
    };
    Ok(match (Address::from_env(), by_place) {
        (Some(address), place) => {
            let disagreement = place.filter(|place| *place != address && address != Address::Overseer).map(|place| {
                format!(
                    "the environment says {address}, but this directory belongs to {place}; cd {}",
                    town.home(&address).display()
                )
            });
            Identity { address, source: "environment", disagreement }
        }
        (None, Some(address)) => Identity { address, source: "directory", disagreement: None },
        (None, None) => Identity { address: Address::Overseer, source: "nobody", disagreement: None },
    })
}
