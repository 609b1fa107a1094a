//! Messages for an agent as its host keeps them: how they are to be given, what became of each, and the book on disk from which another
//! host goes on with those that wait.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::{Result, Timestamp, files};

/// How long a message waits unless its sender says otherwise.
pub const NUDGE_TTL: Duration = Duration::from_secs(30 * 60);
/// Messages of which the outcome is known that the book keeps.
const KEPT: usize = 50;

/// When a message is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NudgeWhen {
    /// Once the agent waits at its prompt; the sender waits a moment for that, then hears that the message is queued.
    #[default]
    Idle,
    /// At once, also while it works; still never into what a person types, nor as the answer to an open question.
    Now,
    /// As [`NudgeWhen::Idle`], but the sender does not wait.
    Queue,
}

/// A message for an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NudgeOrder {
    /// Its text.
    pub text: String,
    /// Who sends it.
    pub from: String,
    /// When it is typed.
    pub when: NudgeWhen,
    /// Seconds after which it is no use any more.
    pub ttl: u32,
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NudgeStage {
    /// Waits.
    Queued,
    /// Is being typed.
    Typing,
    /// Typed and submitted, and the terminal shows that it was taken.
    Delivered,
    /// The agent's own program says that it works on it.
    Seen,
    /// Typed and submitted; nothing shows that it was taken.
    Unconfirmed,
    /// Was not typed, and won't be.
    Refused,
    /// Waited until it was no use any more.
    Expired,
}

impl NudgeStage {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Typing => "typing",
            Self::Delivered => "delivered",
            Self::Seen => "seen",
            Self::Unconfirmed => "unconfirmed",
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }

    /// Whether nothing more will become of it.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Typing)
    }
}

/// A message in the book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NudgeEntry {
    /// Its number, unique in the session.
    pub id: u64,
    /// Its text, made harmless. Text from outside.
    pub text: String,
    /// Who sent it.
    pub from: String,
    /// When it is typed.
    pub when: NudgeWhen,
    /// When it came.
    pub at: Timestamp,
    /// Until when it is of use.
    pub until: Timestamp,
    /// How far it has come.
    pub stage: NudgeStage,
    /// Why, where that says not all.
    #[serde(default)]
    pub reason: Option<String>,
    /// Since when it is there.
    pub since: Timestamp,
}

/// The book of one session.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct NudgeBook {
    #[serde(rename = "type")]
    kind: String,
    version: u32,
    /// The bead worked on: a message about other work is not passed on.
    bead: Option<String>,
    next: u64,
    entries: Vec<NudgeEntry>,
    #[serde(skip)]
    path: PathBuf,
}

fn path(directory: &Path) -> PathBuf {
    directory.join("nudges.json")
}

impl NudgeBook {
    /// The book in the session's `directory`, as it is for an agent that works on `bead`. One that can't be read counts as none.
    pub fn open(directory: &Path, bead: Option<&str>) -> NudgeBook {
        let read: Option<NudgeBook> = files::read_json(&path(directory)).unwrap_or_default();
        let mut book = read.filter(|book| book.version == 1).unwrap_or_default();
        let other = book.bead.as_deref() != bead;
        book.path = path(directory);
        book.bead = bead.map(str::to_owned);
        (book.kind, book.version) = ("nudges".into(), 1);
        for entry in &mut book.entries {
            match entry.stage {
                // Typed twice it would be worse than typed in half.
                NudgeStage::Typing => entry.become_of(NudgeStage::Unconfirmed, Some("its host was killed meanwhile")),
                NudgeStage::Queued if other => {
                    entry.become_of(NudgeStage::Refused, Some("the agent has other work now"))
                }
                _ => {}
            }
        }
        book
    }

    /// All messages, the oldest first.
    pub fn entries(&self) -> &[NudgeEntry] {
        &self.entries
    }

    /// Those that wait.
    pub fn waiting(&self) -> impl Iterator<Item = &NudgeEntry> {
        self.entries.iter().filter(|entry| entry.stage == NudgeStage::Queued)
    }

    /// Takes a message; returns its number.
    pub fn add(&mut self, order: &NudgeOrder, text: String) -> u64 {
        let now = Timestamp::now();
        self.next += 1;
        let until = Timestamp::from_unix_nanos(now.unix_nanos().saturating_add(i64::from(order.ttl) * 1_000_000_000));
        self.entries.push(NudgeEntry {
            id: self.next,
            text,
            from: order.from.clone(),
            when: order.when,
            at: now,
            until,
            stage: NudgeStage::Queued,
            reason: None,
            since: now,
        });
        self.next
    }

    /// Notes what became of message `id`.
    pub fn set(&mut self, id: u64, stage: NudgeStage, reason: Option<&str>) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.become_of(stage, reason);
        }
        let mut known = self.entries.iter().filter(|entry| entry.stage.is_final()).count();
        self.entries.retain(|entry| {
            let forgotten = entry.stage.is_final() && known > KEPT;
            known -= usize::from(forgotten);
            !forgotten
        });
    }

    /// Writes the book.
    ///
    /// # Errors
    /// When the directory can't be written.
    pub fn write(&self) -> Result<()> {
        if self.entries.is_empty() && !self.path.exists() {
            return Ok(());
        }
        files::write_json(&self.path, self, 0o600)
    }
}

/// What the session whose directory this is has in its book, the oldest first.
pub(super) fn read(directory: &Path) -> Vec<NudgeEntry> {
    let read: Option<NudgeBook> = files::read_json(&path(directory)).unwrap_or_default();
    read.map(|book| book.entries).unwrap_or_default()
}

impl NudgeEntry {
    fn become_of(&mut self, stage: NudgeStage, reason: Option<&str>) {
        if self.stage != stage {
            self.since = Timestamp::now();
        }
        self.stage = stage;
        self.reason = reason.map(str::to_owned);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(text: &str) -> NudgeOrder {
        NudgeOrder { text: text.into(), from: "mayor/".into(), when: NudgeWhen::Idle, ttl: 60 }
    }

    #[test]
    fn what_waits_is_found_again_and_what_was_half_typed_is_not_typed_again() {
        let directory = tempfile::tempdir().unwrap();
        let mut book = NudgeBook::open(directory.path(), Some("b-1"));
        let (first, second) = (book.add(&order("one"), "one".into()), book.add(&order("two"), "two".into()));
        book.set(first, NudgeStage::Typing, None);
        book.write().unwrap();
        let again = NudgeBook::open(directory.path(), Some("b-1"));
        assert_eq!(again.waiting().map(|entry| entry.id).collect::<Vec<_>>(), [second]);
        assert_eq!(again.entries()[0].stage, NudgeStage::Unconfirmed);
        let other = NudgeBook::open(directory.path(), Some("b-2"));
        assert_eq!(other.waiting().count(), 0);
        assert_eq!(other.entries()[1].stage, NudgeStage::Refused);
    }

    #[test]
    fn the_book_does_not_grow_for_ever() {
        let directory = tempfile::tempdir().unwrap();
        let mut book = NudgeBook::open(directory.path(), None);
        let waits = book.add(&order("waits"), "waits".into());
        for _ in 0..200 {
            let id = book.add(&order("x"), "x".into());
            book.set(id, NudgeStage::Seen, None);
        }
        assert_eq!(book.entries().len(), KEPT + 1);
        assert_eq!(book.waiting().next().unwrap().id, waits);
    }
}
