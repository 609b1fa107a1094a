//! Predecessors: the conversations agents had, by agent, bead and time.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::base::{Error, Result, Timestamp, files};
use crate::session::{SessionRecord, registry};
use crate::town::{Address, Role, Town};

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

/// Which predecessors to list.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// What the agent, the bead or the conversation holds; empty for any.
    pub word: String,
    /// The role of the agent.
    pub role: Option<Role>,
    /// Its rig.
    pub rig: Option<String>,
    /// The earliest beginning.
    pub since: Option<Timestamp>,
}

impl Wanted {
    fn fits(&self, one: &Predecessor) -> bool {
        let holds = |text: &str| text.contains(&self.word);
        let by_word = holds(&one.agent)
            || one.bead.as_deref().is_some_and(holds)
            || one.conversation.as_deref().is_some_and(holds)
            || one.session == self.word;
        let address = one.agent.parse::<Address>().ok();
        by_word
            && self.role.is_none_or(|role| address.as_ref().is_some_and(|address| address.role() == role))
            && self.rig.as_deref().is_none_or(|rig| address.as_ref().and_then(Address::rig) == Some(rig))
            && self.since.is_none_or(|since| one.at >= since)
    }
}

/// The sessions there were, newest first.
///
/// # Errors
/// When the history can't be read.
pub fn list(town: &Town, wanted: &Wanted) -> Result<Vec<Predecessor>> {
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
    found.retain(|one| wanted.fits(one));
    for one in &mut found {
        // By its beginning to the second: the two notes of it are made a moment apart.
        let runs = registry::recordings(town, &one.session);
        one.recorded = runs.iter().any(|run| run.started_at.seconds_until(one.at).abs() <= 1);
    }
    Ok(found)
}

/// The newest predecessor that `id` means: a conversation or its beginning, a bead, an agent or its session.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] when there is none, or when its runtime told no conversation.
pub fn find(town: &Town, id: &str) -> Result<Predecessor> {
    let all = list(town, &Wanted::default())?;
    let by_name = |one: &&Predecessor| one.conversation.as_deref().is_some_and(|name| name.starts_with(id));
    if let Some(one) = all.iter().filter(|_| !id.is_empty()).find(by_name) {
        return Ok(one.clone());
    }
    let address = id.parse::<Address>().map(|address| address.to_string()).ok();
    let means = |one: &&Predecessor| {
        one.bead.as_deref() == Some(id) || one.session == id || address.as_deref() == Some(one.agent.as_str())
    };
    let mut meant = all.iter().filter(means);
    match (meant.clone().find(|one| one.conversation.is_some()), meant.next()) {
        (Some(one), _) => Ok(one.clone()),
        (None, Some(one)) => Err(Error::not_found(format!("{} ({}) told no conversation", one.agent, one.preset))
            .hint(format!("gt session replay {} plays what it showed", one.session))),
        (None, None) => Err(Error::not_found(format!("no conversation {id:?}")).hint("gt seance lists them")),
    }
}
