//! Predecessors: the conversations agents had, by agent, bead and time.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::base::{Error, Result, Timestamp, files};
use crate::session::{SessionRecord, registry};
use crate::town::Town;

/// One session an agent had.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Predecessor {
    /// When it began.
    pub at: Timestamp,
    /// The agent.
    pub agent: String,
    /// The session's name.
    pub session: String,
    /// The runtime.
    pub preset: String,
    /// What it worked on.
    pub bead: Option<String>,
    /// Where.
    pub cwd: PathBuf,
    /// Its conversation, by which the runtime can take it up; `None` where the runtime told none.
    #[serde(default)]
    pub conversation: Option<String>,
    /// Where the runtime writes it down; `None` where it told none.
    #[serde(default)]
    pub transcript: Option<String>,
    /// Whether what it showed is recorded: `gt session replay` plays it.
    #[serde(default)]
    pub recorded: bool,
}

/// A later line of the history: the conversation that a session turned out to be.
#[derive(Debug, Deserialize)]
struct Named {
    session: String,
    named: String,
    #[serde(default)]
    transcript: Option<String>,
}

fn path(town: &Town) -> PathBuf {
    town.runtime_dir().join("agents/history.jsonl")
}

/// Notes that a session began.
///
/// # Errors
/// When the history can't be written.
pub fn began(town: &Town, record: &SessionRecord, conversation: Option<&str>) -> Result<()> {
    let line = json!({"at": record.started_at, "agent": record.address, "session": record.name, "preset": record.preset,
        "bead": record.bead, "cwd": record.cwd, "conversation": conversation.filter(|name| !name.is_empty())});
    files::append_line(&path(town), &line.to_string(), 0o600)
}

/// Notes which conversation the latest session of that name is, and where it is written down.
///
/// # Errors
/// When the history can't be written.
pub fn named(town: &Town, session: &str, conversation: &str, transcript: Option<&str>) -> Result<()> {
    let line = json!({"session": session, "named": conversation, "transcript": transcript});
    files::append_line(&path(town), &line.to_string(), 0o600)
}

/// All sessions there were, newest first; only those whose agent, bead or conversation holds `word`.
///
/// # Errors
/// When the history can't be read.
pub fn list(town: &Town, word: &str) -> Result<Vec<Predecessor>> {
    let text = files::read_optional(&path(town))?.unwrap_or_default();
    let mut found: Vec<Predecessor> = Vec::new();
    for line in text.lines() {
        if let Ok(session) = serde_json::from_str::<Predecessor>(line) {
            found.push(session);
        } else if let Ok(Named { session, named, transcript }) = serde_json::from_str::<Named>(line)
            && let Some(latest) = found.iter_mut().rev().find(|one| one.session == session)
        {
            latest.conversation = Some(named);
            latest.transcript = transcript;
        }
    }
    found.reverse();
    for one in &mut found {
        // By its beginning to the second: the two notes of it are made a moment apart.
        let runs = registry::recordings(town, &one.session);
        one.recorded = runs.iter().any(|run| run.started_at.seconds_until(one.at).abs() <= 1);
    }
    let holds = |text: &str| text.contains(word);
    found.retain(|one| {
        holds(&one.agent)
            || one.bead.as_deref().is_some_and(holds)
            || one.conversation.as_deref().is_some_and(holds)
            || one.session == word
    });
    Ok(found)
}

/// The one predecessor whose conversation is or begins with `id`.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] when there is none.
pub fn find(town: &Town, id: &str) -> Result<Predecessor> {
    list(town, "")?
        .into_iter()
        .find(|one| !id.is_empty() && one.conversation.as_deref().is_some_and(|name| name.starts_with(id)))
        .ok_or_else(|| Error::not_found(format!("no conversation {id:?}")).hint("gt seance lists them"))
}
