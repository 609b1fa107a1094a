//! Handing over: what an agent leaves to its next session, and the start of that one in the same place.

use std::fmt::Write as _;

use serde::Serialize;

use super::start::{self, Launch};
use super::{Desk, assignment, checkpoint, hooked, mail, molecule, standing};
use crate::base::text::{counted, neutralise};
use crate::base::{Error, Result, lock::Lock};
use crate::ledger::ReadyFilter;
use crate::repo::Worktree;
use crate::runtime::lifecycle;
use crate::session::{SessionRecord, registry};
use crate::town::{Address, Town};

/// The label of a message by which an agent hands over to itself.
pub const HANDOFF: &str = "handoff";

/// What was handed over.
#[derive(Debug, Clone, Serialize)]
pub struct Handed {
    /// The agent.
    pub agent: String,
    /// The message to its next session.
    pub message: String,
    /// The bead on its hook.
    pub bead: Option<String>,
    /// The session that ends; `None` when none runs.
    pub session: Option<String>,
}

/// Writes the hand-over as mail of the agent to itself; with `collect`, how things stand is added.
///
/// # Errors
/// When the ledger or the worktree can't be read or written.
pub fn write(desk: &mut Desk, agent: &Address, subject: &str, message: &str, collect: bool) -> Result<Handed> {
    let hook = hooked::hooked(desk, agent)?;
    let mut body = message.trim().to_owned();
    if collect {
        if !body.is_empty() {
            body.push_str("\n\n");
        }
        body.push_str(&collected(desk, agent, &hook)?);
    }
    if let Ok(worktree) = Worktree::open(&desk.town.home(agent))
        && matches!(agent, Address::Polecat { .. })
    {
        worktree.snapshot(&agent.to_string(), "handed over")?;
    }
    checkpoint::write(desk, agent, None)?;
    let bead = hook.bead_id.clone();
    let subject = match (subject.trim(), &bead) {
        ("", Some(bead)) => format!("Handed over: {bead} {}", hook.title),
        ("", None) => "Handed over".to_owned(),
        (subject, _) => format!("Handed over: {subject}"),
    };
    let subject: String = subject.chars().take(200).collect();
    let address = agent.to_string();
    let id = desk.ledger.write(&address, |tx| {
        let labels = vec![HANDOFF.to_owned()];
        let id = mail::post_with(tx, &address, &address, &subject, &body, 1, labels)?;
        tx.event(
            "handoff",
            bead.as_deref(),
            serde_json::json!({"agent": address, "to_session": agent.session_name(), "subject": subject}),
        )?;
        Ok(id)
    })?;
    let session = standing::running(desk, agent)?.map(|record| record.name);
    Ok(Handed { agent: address, message: id, bead, session })
}

fn collected(desk: &Desk, agent: &Address, hook: &hooked::Hooked) -> Result<String> {
    let mut text = String::from("How things stand:\n");
    let mut line = |words: String| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "- {words}");
    };
    match &hook.bead_id {
        Some(bead) => line(format!("on the hook: {bead} {} ({})", neutralise(&hook.title, true), hook.state)),
        None => line("nothing on the hook".into()),
    }
    if let Some(step) = molecule::current(desk, agent, None)?.and_then(|standing| standing.step_words()) {
        line(step);
    }
    if let Ok(worktree) = Worktree::open(&desk.town.home(agent)) {
        let changed = worktree.status()?;
        line(format!("{} changed and not committed", counted(changed.len(), "file")));
        for file in changed.iter().take(10) {
            line(format!("  {}", neutralise(&file.path.to_string_lossy(), true)));
        }
    }
    let unread = mail::inbox(desk, &agent.to_string(), true)?.messages;
    line(format!("{} unread", counted(unread.len(), "message")));
    let ready = desk.ledger.ready(&ReadyFilter::default())?;
    line(format!("{} ready", counted(ready.len(), "bead")));
    for bead in ready.iter().take(5) {
        line(format!("  {} {}", bead.id, neutralise(&bead.title, true)));
    }
    Ok(text)
}

/// The newest hand-over the agent has not read.
///
/// # Errors
/// When the ledger can't be read.
pub fn waiting(desk: &Desk, agent: &Address) -> Result<Option<mail::Message>> {
    let unread = mail::inbox(desk, &agent.to_string(), true)?.messages;
    Ok(unread.into_iter().find(|message| message.handoff))
}

fn lock_path(town: &Town, session: &str) -> std::path::PathBuf {
    lifecycle::directory(town, session).join("next.lock")
}

/// Whether the session's successor is about to be started, so that nobody else may start one.
pub fn under_way(town: &Town, session: &str) -> bool {
    Lock::is_held(&lock_path(town, session))
}

/// Claims the start of the session's successor; held until the claim is dropped.
///
/// # Errors
/// When the town can't be written.
pub fn claim(town: &Town, session: &str) -> Result<Lock> {
    let path = lock_path(town, session);
    if let Some(directory) = path.parent() {
        crate::base::files::make_dirs(directory, 0o700)?;
    }
    Lock::acquire(&path)
}

/// Starts the agent's session again, on what is on its hook, in the same place: anew, or with `resume` in its latest conversation.
///
/// # Errors
/// When it runs already, has no work (a polecat), or can't be started.
pub fn start_again(desk: &Desk, agent: &Address, resume: bool) -> Result<SessionRecord> {
    let last = registry::find(&desk.town, &agent.session_name())?.map(|record| record.preset);
    let last = last.filter(|preset| preset != "custom");
    let Address::Polecat { rig, .. } = agent else {
        return standing::start(desk, agent, last.as_deref(), resume);
    };
    if let Some(record) = standing::running(desk, agent)? {
        return Err(Error::refused(format!("{agent} runs already as pid {}", record.child_pid))
            .hint(format!("gt attach {agent} opens its terminal")));
    }
    let row = assignment::of_agent(desk.ledger.conn(), &agent.to_string())?.ok_or_else(|| {
        Error::not_found(format!("nothing is on the hook of {agent}")).hint("gt sling <bead> gives it work")
    })?;
    let rig = desk.town.rig(rig)?;
    let bead = desk.ledger.get(&row.bead)?;
    let explicit = if row.preset.is_empty() { last.unwrap_or_default() } else { row.preset.clone() };
    let preset = start::preset(desk, &rig, agent.role().as_str(), &explicit)?;
    let directory = std::path::Path::new(&row.hook);
    start::launch(desk, &Launch { agent, preset: &preset, bead: Some(&bead), directory, resume })
}
