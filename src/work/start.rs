//! Starting an agent's session: its runtime, its hooks, the one prompt it gets, and the conversation it takes up.

use std::path::Path;

use super::{Desk, checkpoint, hooked, molecule, roles, seance};
use crate::base::Result;
use crate::base::text::neutralise;
use crate::ledger::Bead;
use crate::runtime::lifecycle::{self, Note};
use crate::runtime::{self, Preset, PromptMode, ResumeStyle};
use crate::session::{self, SessionRecord, SessionSpec, Ways, registry};
use crate::town::{Address, Rig, Role, agent_env};

/// The runtime for an agent of `role` in `rig`, checked to be installed.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] when there is no such runtime or its program is not on this machine.
pub fn preset(desk: &Desk, rig: &Rig, role: &str, explicit: &str) -> Result<Preset> {
    preset_for(desk, Some(rig), role, explicit)
}

/// As [`preset`], also for the town's own agents.
///
/// # Errors
/// As [`preset`].
pub fn preset_for(desk: &Desk, rig: Option<&Rig>, role: &str, explicit: &str) -> Result<Preset> {
    let explicit = Some(explicit).filter(|name| !name.is_empty());
    let preset = runtime::preset(&desk.town, rig, role, explicit)?;
    runtime::check_available(&preset)?;
    Ok(preset)
}

/// The one prompt an agent gets when it starts; `primed` when its runtime tells it by a hook who it is. `None` where a person will
/// say what to do.
///
/// # Errors
/// When the role's text can't be read.
pub fn prompt(desk: &Desk, agent: &Address, bead: Option<&Bead>, primed: bool) -> Result<Option<String>> {
    let step = molecule::current(desk, agent, bead)?.and_then(|standing| standing.step_words()).unwrap_or_default();
    let work = bead.map(|bead| {
        let (title, space) = (neutralise(&bead.title, true), if step.is_empty() { "" } else { " " });
        let id = &bead.id;
        format!("Your work is bead {id}, \"{title}\".{space}{step} Read all of it with `gt hook` and begin at once.")
    });
    match (work, primed) {
        (Some(work), true) => Ok(Some(work)),
        (None, true) => Ok(None),
        // The text of a worker names its bead already; only the step is news.
        (Some(_), false) if agent.role() == Role::Polecat => {
            let role = roles::text(&desk.town, agent, bead)?;
            let stopped = checkpoint::words(&desk.town, agent, &hooked::hooked(desk, agent)?);
            let parts = [Some(role), Some(step).filter(|step| !step.is_empty()), stopped];
            Ok(Some(parts.into_iter().flatten().collect::<Vec<_>>().join("\n")))
        }
        (Some(work), false) => Ok(Some(format!("Run `gt prime` first: it says who you are. {work}"))),
        (None, false) => Ok(Some("Run `gt prime`: it says who you are. Then wait for the person's word.".into())),
    }
}

/// What to start.
#[derive(Debug, Clone, Copy)]
pub struct Launch<'a> {
    /// The agent.
    pub agent: &'a Address,
    /// Its runtime.
    pub preset: &'a Preset,
    /// What is on its hook.
    pub bead: Option<&'a Bead>,
    /// Where it works.
    pub directory: &'a Path,
    /// Whether it takes up its latest conversation.
    pub resume: bool,
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
    launch(desk, &Launch { agent, preset, bead: Some(bead), directory: worktree, resume })
}

/// The conversation to take up: the one its hooks told, once a turn was begun in it; without hooks, the one it was given, or whatever the
/// runtime takes for its latest.
fn conversation(preset: &Preset, note: &Note, names: bool) -> Option<String> {
    if preset.resume_style == ResumeStyle::None {
        return None;
    }
    if names {
        // A conversation that has no turn yet is in no file: taking it up would fail.
        return note.conversation.clone().filter(|_| note.begun);
    }
    // Without hooks that tell it: the one it was given when it began, else whatever it takes for its latest.
    Some(note.conversation.clone().unwrap_or_default())
}

/// A name for a new conversation: a random UUID, version 4.
fn new_conversation() -> String {
    let bits = (fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// Notes where the session before stopped that worked on the same bead, so that this one goes on from there.
fn stopped(desk: &Desk, agent: &Address, bead: &str) -> Result<()> {
    let before = registry::find(&desk.town, &agent.session_name())?;
    if before.is_some_and(|before| before.bead.as_deref() == Some(bead)) {
        checkpoint::write(desk, agent, None)?;
    }
    Ok(())
}

/// What the session's host has to know of the runtime.
fn ways(preset: &Preset) -> Ways {
    Ways {
        submit_key: preset.submit_key.clone(),
        ready_prefix: preset.ready_prefix.clone(),
        ready_delay_ms: preset.ready_delay_ms,
        titles: preset.titles.iter().map(|rule| (rule.begins.clone(), rule.state.word().to_owned())).collect(),
    }
}

/// Starts the agent's session; returns once its process runs.
///
/// # Errors
/// When the session can't be started; the reason is the host's.
pub fn launch(desk: &Desk, launch: &Launch<'_>) -> Result<SessionRecord> {
    let Launch { agent, preset, bead, directory, resume } = *launch;
    let name = agent.session_name();
    let settings = desk.town.settings()?;
    let prepared = runtime::prepare(&desk.town, agent, preset, directory)?;
    let mut note = lifecycle::read_note(&desk.town, &name);
    if let Some(bead) = bead {
        stopped(desk, agent, &bead.id)?;
    }
    let taken_up = if resume { conversation(preset, &note, prepared.names) } else { None };
    // A new conversation is named by us where its runtime takes a name, so that it is known before the first hook tells it.
    let named = (taken_up.is_none() && preset.session_id_flag.is_some()).then(new_conversation);
    let prompt = match (prompt(desk, agent, bead, prepared.primes)?, &preset.initial_prompt) {
        (Some(prompt), Some(first)) => Some(format!("{first}\n{prompt}")),
        (prompt, first) => prompt.or_else(|| first.clone()),
    };
    let argv = prepared.command_line(prompt.as_deref(), taken_up.as_deref(), named.as_deref())?;
    if taken_up.is_none() {
        note = Note { conversation: named.clone(), ..Note::default() };
    }
    note.state = None;
    note.since = None;
    lifecycle::write_note(&desk.town, &name, &note)?;
    let mut env = agent_env(&desk.town, agent, &name);
    if let Some(bead) = bead {
        env.push(("GT_BEAD".into(), bead.id.clone()));
    }
    env.push(("GT_AGENT".into(), preset.name.clone()));
    env.extend(prepared.env);
    let title = bead.map_or_else(|| agent.to_string(), |bead| format!("{} {}", bead.id, bead.title));
    let spec = SessionSpec {
        address: agent.to_string(),
        role: agent.role().to_string(),
        preset: preset.name.clone(),
        bead: bead.map(|bead| bead.id.clone()),
        cwd: directory.to_owned(),
        argv,
        env,
        cols: settings.session_cols,
        rows: settings.session_rows,
        title,
        ways: ways(preset),
        name,
    };
    let record = session::start(&desk.town, &spec)?;
    seance::began(&desk.town, &record, taken_up.or(named).as_deref())?;
    if preset.prompt_mode == PromptMode::Typed
        && let Some(prompt) = prompt
    {
        session::nudge_later(&desk.town, &record.name, &prompt)?;
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversations_have_names_of_their_own() {
        let (one, other) = (new_conversation(), new_conversation());
        assert_ne!(one, other);
        assert_eq!((one.len(), one.as_bytes()[14]), (36, b'4'), "{one}");
        assert!(matches!(one.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{one}");
    }
}
