//! What a bead is: plain data, every field that real `bd` writes, unknown keys kept.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::base::{Error, Result, Timestamp};

/// Where a bead stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Status {
    /// Not begun.
    #[default]
    Open,
    /// Someone works on it.
    InProgress,
    /// Set aside by hand because something else must happen first.
    Blocked,
    /// Put off until later.
    Deferred,
    /// Finished.
    Closed,
    /// Deleted; kept so that other clones learn of it.
    Tombstone,
    /// Kept at hand for good, such as a handoff note.
    Pinned,
    /// On an agent's hook.
    Hooked,
    /// A status of the project's own.
    Custom(String),
}

impl Status {
    /// The statuses every ledger knows, in the order they are counted.
    pub const KNOWN: [&'static str; 8] =
        ["open", "in_progress", "blocked", "deferred", "closed", "tombstone", "pinned", "hooked"];

    /// As the ledger writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Open => "open",
            Self::InProgress => "in_progress",
            Self::Blocked => "blocked",
            Self::Deferred => "deferred",
            Self::Closed => "closed",
            Self::Tombstone => "tombstone",
            Self::Pinned => "pinned",
            Self::Hooked => "hooked",
            Self::Custom(name) => name,
        }
    }

    /// Whether nothing is left to do: closed or deleted.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Closed | Self::Tombstone)
    }
}

impl From<&str> for Status {
    fn from(text: &str) -> Self {
        match text {
            "open" | "" => Self::Open,
            "in_progress" => Self::InProgress,
            "blocked" => Self::Blocked,
            "deferred" => Self::Deferred,
            "closed" => Self::Closed,
            "tombstone" => Self::Tombstone,
            "pinned" => Self::Pinned,
            "hooked" => Self::Hooked,
            other => Self::Custom(other.to_owned()),
        }
    }
}

impl FromStr for Status {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let name = text.trim().to_ascii_lowercase().replace('-', "_");
        if name.is_empty() || name.len() > 50 || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(Error::usage(format!("not a status: {text:?}"))
                .hint(format!("statuses are {}", Status::KNOWN.join(", "))));
        }
        Ok(Self::from(name.as_str()))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Self::from(text.as_ref()))
    }
}

/// Dependency types with a meaning of their own; any other word of at most 50 characters is legal too.
pub mod dep_type {
    /// The issue waits until the other is done.
    pub const BLOCKS: &str = "blocks";
    /// The issue is part of the other.
    pub const PARENT_CHILD: &str = "parent-child";
    /// The issue is done only if the other fails.
    pub const CONDITIONAL_BLOCKS: &str = "conditional-blocks";
    /// The issue waits for the children of the other.
    pub const WAITS_FOR: &str = "waits-for";
    /// A convoy follows the other.
    pub const TRACKS: &str = "tracks";
    /// Both have to do with each other.
    pub const RELATES_TO: &str = "relates-to";
    /// Found while working on the other.
    pub const DISCOVERED_FROM: &str = "discovered-from";
    /// The issue says the same as the other.
    pub const DUPLICATES: &str = "duplicates";
    /// The issue takes the place of the other.
    pub const SUPERSEDES: &str = "supersedes";
    /// The types that can keep a bead from being ready.
    pub const HOLDING: [&str; 4] = [BLOCKS, CONDITIONAL_BLOCKS, WAITS_FOR, PARENT_CHILD];
}

/// An edge between two beads: `issue_id` depends on `depends_on_id`.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependency {
    /// The bead that depends.
    pub issue_id: String,
    /// The bead it depends on (the parent, the blocker, the member of a convoy).
    pub depends_on_id: String,
    /// One of [`dep_type`] or a word of the project's own.
    pub dep_type: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// Who added it.
    pub created_by: String,
    /// JSON in a string, as the format has it; empty when there is none.
    pub metadata: String,
    /// The conversation it belongs to; empty when there is none.
    pub thread_id: String,
    /// Keys we don't know.
    pub extra: Map<String, Value>,
}

/// A remark on a bead.
#[derive(Debug, Clone, PartialEq)]
pub struct Comment {
    /// Its number in this ledger (other clones number their own).
    pub id: i64,
    /// The bead it is about.
    pub issue_id: String,
    /// Who wrote it.
    pub author: String,
    /// What they wrote.
    pub text: String,
    /// When.
    pub created_at: Timestamp,
    /// Keys we don't know, and the id as it was read when that was no number.
    pub extra: Map<String, Value>,
}

/// One piece of tracked work.
#[derive(Debug, Clone, PartialEq)]
pub struct Bead {
    /// `prefix-hash`, children `parent.N`.
    pub id: String,
    /// One line, 1 to 500 bytes.
    pub title: String,
    /// What is to be done and why.
    pub description: String,
    /// How.
    pub design: String,
    /// How to see that it is done.
    pub acceptance_criteria: String,
    /// Whatever was noted on the way.
    pub notes: String,
    /// Where it stands.
    pub status: Status,
    /// 0 (most urgent) to 4.
    pub priority: u8,
    /// task, bug, feature, epic, chore, convoy, message, ...
    pub issue_type: String,
    /// Who is to do it; empty when nobody.
    pub assignee: String,
    /// E-mail of the person behind it; empty when unknown.
    pub owner: String,
    /// Estimate of the work.
    pub estimated_minutes: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was closed; set exactly while the status is closed (a tombstone may keep it).
    pub closed_at: Option<Timestamp>,
    /// Why it was closed.
    pub close_reason: String,
    /// When it is due.
    pub due_at: Option<Timestamp>,
    /// Not ready before this.
    pub defer_until: Option<Timestamp>,
    /// Its name elsewhere (`gh-12`, a URL).
    pub external_ref: Option<String>,
    /// Sorted, each once.
    pub labels: Vec<String>,
    /// What it depends on, oldest first.
    pub dependencies: Vec<Dependency>,
    /// Remarks, oldest first.
    pub comments: Vec<Comment>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// Who deleted it.
    pub deleted_by: String,
    /// Why.
    pub delete_reason: String,
    /// The type it had before.
    pub original_type: String,
    /// Who sent it, for messages.
    pub sender: String,
    /// A wisp: lives in this ledger only, never exported.
    pub ephemeral: bool,
    /// Kept at hand; never ready.
    pub pinned: bool,
    /// A pattern to make others from.
    pub is_template: bool,
    /// What a gate waits for (`gh:run`, `gh:pr`, `timer`, `human`, `mail`, `bead`).
    pub await_type: String,
    /// Which run, pull request, ...
    pub await_id: String,
    /// How long a gate waits, in nanoseconds.
    pub timeout: i64,
    /// Whom a gate tells when it opens.
    pub waiters: Vec<String>,
    /// Every other key, known to real bd or not, as it was read.
    pub extra: Map<String, Value>,
    /// The store whose `issues.jsonl` it is exported to (not in JSON).
    pub store: String,
    /// Whether a dependency keeps it from being ready (kept up to date with every change; not in JSON).
    pub blocked: bool,
}

impl Bead {
    /// An open task of priority 2 made at `now`, empty otherwise.
    pub fn new(id: impl Into<String>, title: impl Into<String>, now: Timestamp) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            description: String::new(),
            design: String::new(),
            acceptance_criteria: String::new(),
            notes: String::new(),
            status: Status::Open,
            priority: 2,
            issue_type: "task".into(),
            assignee: String::new(),
            owner: String::new(),
            estimated_minutes: None,
            created_at: now,
            created_by: String::new(),
            updated_at: now,
            closed_at: None,
            close_reason: String::new(),
            due_at: None,
            defer_until: None,
            external_ref: None,
            labels: Vec::new(),
            dependencies: Vec::new(),
            comments: Vec::new(),
            deleted_at: None,
            deleted_by: String::new(),
            delete_reason: String::new(),
            original_type: String::new(),
            sender: String::new(),
            ephemeral: false,
            pinned: false,
            is_template: false,
            await_type: String::new(),
            await_id: String::new(),
            timeout: 0,
            waiters: Vec::new(),
            extra: Map::new(),
            store: String::new(),
            blocked: false,
        }
    }

    /// Whether it carries `label`.
    pub fn has_label(&self, label: &str) -> bool {
        self.labels.iter().any(|l| l == label)
    }

    /// The bead it is a part of, where there is one.
    pub fn parent(&self) -> Option<&str> {
        self.dependencies.iter().find(|d| d.dep_type == dep_type::PARENT_CHILD).map(|d| d.depends_on_id.as_str())
    }
}

impl Serialize for Bead {
    /// The whole bead, as its line in `issues.jsonl` has it.
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        super::codec::to_map(self, super::codec::Parts::ALL).serialize(serializer)
    }
}

/// A dependency of a bead that is being made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDep {
    /// The bead it depends on.
    pub depends_on: String,
    /// One of [`dep_type`] or a word of the project's own.
    pub dep_type: String,
    /// JSON in a string; empty when there is none.
    pub metadata: String,
}

impl NewDep {
    /// A dependency without metadata.
    pub fn new(depends_on: impl Into<String>, dep_type: impl Into<String>) -> Self {
        Self { depends_on: depends_on.into(), dep_type: dep_type.into(), metadata: String::new() }
    }
}

/// What a new bead is made from; everything but the title has a default.
#[derive(Debug, Clone, Default)]
pub struct NewBead {
    /// One line, 1 to 500 bytes.
    pub title: String,
    /// An id of the caller's choice; made from the content otherwise.
    pub id: Option<String>,
    /// A word between prefix and hash: `cv` gives `hq-cv-xxxxx`.
    pub id_infix: Option<String>,
    /// Another prefix than the store's.
    pub prefix: Option<String>,
    /// The parent; the id becomes `parent.N` and a parent-child dependency is added.
    pub parent: Option<String>,
    /// `task` when empty.
    pub issue_type: String,
    /// 2 when not given.
    pub priority: Option<u8>,
    /// Open when not given.
    pub status: Option<Status>,
    /// What is to be done and why.
    pub description: String,
    /// How.
    pub design: String,
    /// How to see that it is done.
    pub acceptance_criteria: String,
    /// Notes.
    pub notes: String,
    /// Who is to do it.
    pub assignee: String,
    /// E-mail of the person behind it.
    pub owner: String,
    /// Estimate of the work.
    pub estimated_minutes: Option<i64>,
    /// When it is due.
    pub due_at: Option<Timestamp>,
    /// Not ready before this.
    pub defer_until: Option<Timestamp>,
    /// Its name elsewhere.
    pub external_ref: Option<String>,
    /// Labels, in any order.
    pub labels: Vec<String>,
    /// What it depends on.
    pub deps: Vec<NewDep>,
    /// Who sent it, for messages.
    pub sender: String,
    /// A wisp: never exported.
    pub ephemeral: bool,
    /// Kept at hand; never ready.
    pub pinned: bool,
    /// A pattern to make others from.
    pub is_template: bool,
    /// What a gate waits for.
    pub await_type: String,
    /// Which one.
    pub await_id: String,
    /// How long a gate waits, in nanoseconds.
    pub timeout: i64,
    /// Any other key of the format.
    pub extra: Map<String, Value>,
}

impl NewBead {
    /// A new bead with this title.
    pub fn titled(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }
}

/// What is to be changed; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    /// A new title.
    pub title: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// A new design.
    pub design: Option<String>,
    /// New acceptance criteria.
    pub acceptance_criteria: Option<String>,
    /// New notes.
    pub notes: Option<String>,
    /// A new status; `Closed` sets `closed_at`, anything else clears it.
    pub status: Option<Status>,
    /// A new priority.
    pub priority: Option<u8>,
    /// A new type.
    pub issue_type: Option<String>,
    /// A new assignee; empty for nobody.
    pub assignee: Option<String>,
    /// A new owner.
    pub owner: Option<String>,
    /// A new estimate, or none.
    pub estimated_minutes: Option<Option<i64>>,
    /// A new due time, or none.
    pub due_at: Option<Option<Timestamp>>,
    /// A new time before which it is not ready, or none.
    pub defer_until: Option<Option<Timestamp>>,
    /// A new name elsewhere, or none.
    pub external_ref: Option<Option<String>>,
    /// Why it was closed.
    pub close_reason: Option<String>,
    /// Whether it is kept at hand.
    pub pinned: Option<bool>,
    /// Whether it is a wisp.
    pub ephemeral: Option<bool>,
    /// What a gate waits for.
    pub await_id: Option<String>,
    /// Whom a gate tells.
    pub waiters: Option<Vec<String>>,
    /// Any other key of the format; `null` removes it.
    pub extra: Map<String, Value>,
}

/// What closing a bead led to.
#[derive(Debug, Clone)]
pub struct Closed {
    /// The bead, closed.
    pub bead: Bead,
    /// Beads that nothing blocks any more, sorted.
    pub unblocked: Vec<String>,
    /// Convoys that landed because of it, sorted.
    pub landed: Vec<String>,
}

/// One entry of the town's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the history.
    pub seq: i64,
    /// When.
    pub ts: Timestamp,
    /// What kind of thing happened (`created`, `closed`, `sling`, `merged`, ...).
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// The bead it is about, where there is one.
    pub bead: Option<String>,
    /// Particulars; changes of beads carry `before` and `after` of the fields that changed.
    pub payload: Value,
}

/// A `.beads/` directory whose beads are in this ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Store {
    /// `hq` for the town, the rig's name, or `local` for a ledger alone in a repository.
    pub name: String,
    /// Where its `issues.jsonl` is.
    pub beads_dir: std::path::PathBuf,
    /// The prefix of new ids, without the hyphen.
    pub prefix: String,
}
