//! Agents that stay: the mayor and the crew. Their sessions are started and ended by people, not by work.

use std::path::PathBuf;

use serde::Serialize;

use super::start::{self, Launch};
use super::{Desk, agents, assignment};
use crate::base::{Error, Result, Timestamp, files};
use crate::runtime::StateReading;
use crate::session::{self, KillReport, SessionRecord, registry};
use crate::town::Address;

/// How such an agent is.
#[derive(Debug, Clone, Serialize)]
pub struct Standing {
    /// Its address.
    pub address: String,
    /// Its session's name.
    pub session: String,
    /// Whether its session runs.
    pub running: bool,
    /// How it is, while it runs.
    pub state: Option<StateReading>,
    /// Its runtime.
    pub preset: Option<String>,
    /// Its process.
    pub pid: Option<i32>,
    /// Since when it runs.
    pub since: Option<Timestamp>,
    /// How many look at its terminal.
    pub looking: u32,
    /// What is on its hook.
    pub bead: Option<String>,
    /// Where it works.
    pub directory: PathBuf,
}

/// The record of the agent's session while it runs.
///
/// # Errors
/// When the record is broken.
pub fn running(desk: &Desk, agent: &Address) -> Result<Option<SessionRecord>> {
    Ok(registry::find(&desk.town, &agent.session_name())?.filter(registry::is_alive))
}

/// Starts the agent's session; `resume` takes up its latest conversation.
///
/// # Errors
/// [`crate::base::Kind::Refused`] when it runs already; also when its runtime is missing or its workspace is gone.
pub fn start(desk: &Desk, agent: &Address, explicit: Option<&str>, resume: bool) -> Result<SessionRecord> {
    if let Some(record) = running(desk, agent)? {
        return Err(Error::refused(format!("{} runs already as pid {}", record.address, record.child_pid))
            .hint(format!("gt attach {} opens its terminal", record.address)));
    }
    let rig = agent.rig().map(|rig| desk.town.rig(rig)).transpose()?;
    let directory = desk.town.home(agent);
    if matches!(agent, Address::Mayor) {
        files::make_dirs(&directory, 0o755)?;
    } else if !directory.is_dir() {
        return Err(Error::not_found(format!("no workspace of {agent}: {}", directory.display())).hint(format!(
            "gt crew add {} --rig {}",
            agent.name(),
            agent.rig().unwrap_or_default()
        )));
    }
    let preset = start::preset_for(desk, rig.as_ref(), agent.role().as_str(), explicit.unwrap_or_default())?;
    let bead = match assignment::of_agent(desk.ledger.conn(), &agent.to_string())? {
        Some(row) => desk.ledger.find(&row.bead)?,
        None => None,
    };
    let launch = Launch { agent, preset: &preset, bead: bead.as_ref(), directory: &directory, resume };
    start::launch(desk, &launch)
}

/// Ends the agent's session.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] when it does not run.
pub fn stop(desk: &Desk, agent: &Address) -> Result<KillReport> {
    let record = running(desk, agent)?.ok_or_else(|| not_running(agent))?;
    session::kill(&desk.town, &record.name, &[])
}

/// The error for an agent whose session does not run.
pub fn not_running(agent: &Address) -> Error {
    let start = match agent {
        Address::Crew { rig, name } => format!("gt crew start {name} --rig {rig}"),
        _ => format!("gt {} start", agent.role()),
    };
    Error::not_found(format!("{agent} is not running")).hint(start)
}

/// How the agent is.
///
/// # Errors
/// When the ledger or the sessions can't be read.
pub fn status(desk: &Desk, agent: &Address) -> Result<Standing> {
    let address = agent.to_string();
    let record = running(desk, agent)?;
    let info = agents::list(desk)?.into_iter().find(|info| info.address == address);
    let looking = match &record {
        // One that ends just now is looked at by nobody.
        Some(record) => session::status(&desk.town, &record.name).map_or(0, |status| status.clients),
        None => 0,
    };
    Ok(Standing {
        session: agent.session_name(),
        running: record.is_some(),
        state: info.as_ref().filter(|_| record.is_some()).map(|info| info.state.clone()),
        preset: record.as_ref().map(|record| record.preset.clone()),
        pid: record.as_ref().map(|record| record.child_pid),
        since: record.as_ref().map(|record| record.started_at),
        looking,
        bead: info.map(|info| info.bead).filter(|bead| !bead.is_empty()),
        directory: desk.town.home(agent),
        address,
    })
}
