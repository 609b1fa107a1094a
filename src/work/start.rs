//! Starting an agent's session in its worktree.

use std::path::Path;

use super::Desk;
use crate::base::Result;
use crate::base::text::neutralise;
use crate::ledger::Bead;
use crate::runtime::{self, Preset, StartContext};
use crate::session::{self, SessionRecord, SessionSpec};
use crate::town::{Address, Rig, Town, agent_env};

/// The runtime for an agent of `role` in `rig`, checked to be installed.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] when there is no such runtime or its program is not on this machine.
pub fn preset(desk: &Desk, rig: &Rig, role: &str, explicit: &str) -> Result<Preset> {
    let explicit = Some(explicit).filter(|name| !name.is_empty());
    let preset = runtime::preset(&desk.town, Some(rig), role, explicit)?;
    runtime::check_available(&preset)?;
    Ok(preset)
}

/// What a worker is told, with places for who and what it is.
const PROMPT: &str = include_str!("../../assets/roles/polecat.md");

/// What an agent is told when it starts on a bead.
pub fn prompt(town: &Town, agent: &Address, bead: &Bead) -> String {
    // The title goes in last, so that nothing in it is taken for a place.
    PROMPT
        .replace("{town}", &town.name)
        .replace("{agent}", &agent.to_string())
        .replace("{bead}", &bead.id)
        .replace("{title}", &neutralise(&bead.title, true))
}

/// Starts the agent's session in `worktree`; returns once its process runs. `resume` takes up its latest conversation.
///
/// # Errors
/// When the session can't be started; the reason is the host's.
pub fn start(
    desk: &Desk,
    agent: &Address,
    preset: &Preset,
    bead: &Bead,
    worktree: &Path,
    resume: bool,
) -> Result<SessionRecord> {
    let name = agent.session_name();
    let prompt = prompt(&desk.town, agent, bead);
    let context = StartContext { prompt: Some(&prompt), resume: resume.then_some(""), session_id: None };
    let argv = runtime::command_line(preset, &context)?;
    let settings = desk.town.settings()?;
    let mut env = agent_env(&desk.town, agent, &name);
    env.push(("GT_BEAD".into(), bead.id.clone()));
    env.extend(preset.env.iter().map(|(key, value)| (key.clone(), value.clone())));
    let spec = SessionSpec {
        address: agent.to_string(),
        role: agent.role().to_string(),
        preset: preset.name.clone(),
        bead: Some(bead.id.clone()),
        cwd: worktree.to_owned(),
        argv,
        env,
        cols: settings.session_cols,
        rows: settings.session_rows,
        title: format!("{} {}", bead.id, bead.title),
        name,
    };
    session::start(&desk.town, &spec)
}
