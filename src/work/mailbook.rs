//! The town's book of mail: groups, queues, channels, and who wants no interruption (`settings/mail.json`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::lock::Lock;
use crate::base::{Error, Result, ResultExt, files, text};
use crate::town::{Address, Town, validate_agent_name};

/// What stands before a queue's name where a message waits for whoever claims it.
pub const QUEUE: &str = "queue:";
/// What stands before a channel's name on its board.
pub const CHANNEL: &str = "channel:";

/// A queue: one copy of each message, for whoever claims it first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Queue {
    /// Who may claim: addresses, patterns such as `web/crew/*`, groups.
    pub claimers: Vec<String>,
}

/// A channel: a board that keeps what was said, and a copy for each subscriber.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Channel {
    /// Who gets a copy.
    pub subscribers: BTreeSet<String>,
    /// How many messages the board keeps; 0 for all.
    pub retain_count: usize,
    /// How many hours the board keeps a message; 0 for ever.
    pub retain_hours: i64,
}

/// The book.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Book {
    #[serde(rename = "type")]
    kind: String,
    version: u32,
    /// Groups by name: addresses, patterns, other groups.
    pub groups: BTreeMap<String, Vec<String>>,
    /// Queues by name.
    pub queues: BTreeMap<String, Queue>,
    /// Channels by name.
    pub channels: BTreeMap<String, Channel>,
    /// Who is not to be interrupted.
    pub muted: BTreeSet<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What a name in the book is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A group.
    Group,
    /// A queue.
    Queue,
    /// A channel.
    Channel,
}

impl Kind {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Group => "group",
            Kind::Queue => "queue",
            Kind::Channel => "channel",
        }
    }
}

fn path(town: &Town) -> PathBuf {
    town.root.join("settings/mail.json")
}

/// Reads the book; empty when there is none.
///
/// # Errors
/// When the file is broken.
pub fn read(town: &Town) -> Result<Book> {
    let path = path(town);
    Ok(files::read_json(&path).with_context(|| format!("read {}", path.display()))?.unwrap_or_default())
}

/// Changes the book, one writer at a time.
///
/// # Errors
/// What `change` says; also when the file is broken or can't be written.
pub fn change<T>(town: &Town, change: impl FnOnce(&mut Book) -> Result<T>) -> Result<T> {
    let _lock = Lock::acquire(&town.runtime_dir().join("mailbook.lock"))?;
    let mut book = read(town)?;
    let out = change(&mut book)?;
    book.kind = "mail".into();
    book.version = 1;
    let path = path(town);
    if let Some(directory) = path.parent() {
        files::make_dirs(directory, 0o755)?;
    }
    files::write_json(&path, &book, 0o644)?;
    Ok(out)
}

impl Book {
    /// What `name` is in the book; several when it names several things.
    pub fn kinds(&self, name: &str) -> Vec<Kind> {
        let has = [
            (Kind::Group, self.groups.contains_key(name)),
            (Kind::Queue, self.queues.contains_key(name)),
            (Kind::Channel, self.channels.contains_key(name)),
        ];
        has.into_iter().filter_map(|(kind, has)| has.then_some(kind)).collect()
    }

    /// Every name of `kind`.
    pub fn names(&self, kind: Kind) -> Vec<&str> {
        match kind {
            Kind::Group => self.groups.keys().map(String::as_str).collect(),
            Kind::Queue => self.queues.keys().map(String::as_str).collect(),
            Kind::Channel => self.channels.keys().map(String::as_str).collect(),
        }
    }

    /// The error for a name that is not in the book.
    pub fn unknown(&self, kind: Kind, name: &str) -> Error {
        let word = kind.word();
        let error = Error::not_found(format!("no {word} called {name:?}"));
        match text::nearest(name, self.names(kind)) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => {
                error.hint(format!("gt mail {word} list shows what there is, gt mail {word} create {name} makes it"))
            }
        }
    }

    /// Refuses a name that can't be used for something new of `kind`.
    ///
    /// # Errors
    /// [`crate::base::Kind::Refused`] when it is taken; usage when it is no good name.
    pub fn check_new(&self, kind: Kind, name: &str) -> Result<()> {
        validate_agent_name(name)?;
        match self.kinds(name).first() {
            Some(taken) => Err(Error::refused(format!("there is a {} called {name} already", taken.word()))
                .hint(format!("choose another name, or: gt mail {} delete {name}", taken.word()))),
            None if name.parse::<Address>().is_ok() => Err(Error::refused(format!("{name} is an address"))
                .hint(format!("choose another name for the {}", kind.word()))),
            None => Ok(()),
        }
    }

    /// The group called `name`.
    ///
    /// # Errors
    /// Not found, with the nearest name.
    pub fn group(&self, name: &str) -> Result<&Vec<String>> {
        self.groups.get(name).ok_or_else(|| self.unknown(Kind::Group, name))
    }

    /// The queue called `name`.
    ///
    /// # Errors
    /// Not found, with the nearest name.
    pub fn queue(&self, name: &str) -> Result<&Queue> {
        self.queues.get(name).ok_or_else(|| self.unknown(Kind::Queue, name))
    }

    /// The channel called `name`.
    ///
    /// # Errors
    /// Not found, with the nearest name.
    pub fn channel(&self, name: &str) -> Result<&Channel> {
        self.channels.get(name).ok_or_else(|| self.unknown(Kind::Channel, name))
    }
}

/// Whether `agent` wants no interruption.
///
/// # Errors
/// When the book is broken.
pub fn is_muted(town: &Town, agent: &str) -> Result<bool> {
    Ok(read(town)?.muted.contains(agent))
}

/// Notes whether `agent` wants no interruption.
///
/// # Errors
/// When the book can't be written.
pub fn mute(town: &Town, agent: &str, muted: bool) -> Result<()> {
    change(town, |book| {
        if muted {
            book.muted.insert(agent.to_owned());
        } else {
            book.muted.remove(agent);
        }
        Ok(())
    })
}

/// Whether `pattern` fits `address`, part by part; `*` fits any part. `<rig>/*` is every agent of the rig: as in an address, the kind of
/// agent may be left out.
pub fn fits(pattern: &str, address: &str) -> bool {
    let pattern: Vec<&str> = pattern.trim_end_matches('/').split('/').collect();
    let mut parts: Vec<&str> = address.trim_end_matches('/').split('/').collect();
    if pattern.len() == 2 && pattern[1] == "*" && parts.len() == 3 {
        parts.remove(1);
    }
    pattern.len() == parts.len() && pattern.iter().zip(parts).all(|(part, other)| *part == "*" || *part == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_part_by_part() {
        for (pattern, address, expected) in [
            ("*/witness", "web/witness", true),
            ("*/witness", "web/crew/witness", false),
            ("web/*/ann", "web/crew/ann", true),
            ("web/crew/*", "web/crew/ann", true),
            ("web/*", "web/crew/ann", true),
            ("web/*", "web/polecats/nux", true),
            ("web/*", "web/witness", true),
            ("web/*", "bakery/crew/ann", false),
            ("*", "web/witness", false),
            ("web/crew/*", "bakery/crew/ann", false),
            ("mayor", "mayor/", true),
            ("*", "mayor/", true),
        ] {
            assert_eq!(fits(pattern, address), expected, "{pattern} {address}");
        }
    }

    #[test]
    fn keys_of_others_are_kept() {
        let book: Book =
            serde_json::from_str(r#"{"type":"mail","version":1,"colour":"red","groups":{"a":["mayor/"]}}"#).unwrap();
        let text = serde_json::to_string(&book).unwrap();
        assert!(text.contains("\"colour\":\"red\"") && text.contains("mayor/"), "{text}");
    }
}
