//! A hook's own record, in the private git directory of its worktree, so that a lost database loses no hook.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Bare, Worktree};
use crate::base::{Error, Result, Timestamp, files};

const FILE: &str = "gt-hook.json";

/// How far the work of a hook has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HookState {
    /// The worktree is there, work is not assigned yet.
    Created,
    /// An agent works in it.
    Active,
    /// The agent is paused or gone; the work can go on.
    Suspended,
    /// The work is handed in.
    Completed,
    /// The worktree may go; its references stay.
    Archived,
}

impl HookState {
    /// As the record and the ledger write it.
    pub fn as_str(self) -> &'static str {
        match self {
            HookState::Created => "created",
            HookState::Active => "active",
            HookState::Suspended => "suspended",
            HookState::Completed => "completed",
            HookState::Archived => "archived",
        }
    }
}

impl fmt::Display for HookState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for HookState {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Created, Self::Active, Self::Suspended, Self::Completed, Self::Archived]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Error::failed(format!("unknown hook state {text:?}")))
    }
}

/// Whose worktree it is and what for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HookRecord {
    /// The address of the agent.
    pub agent: String,
    /// The rig.
    pub rig: String,
    /// The bead it works on.
    pub bead: Option<String>,
    /// The branch the work is on.
    pub branch: Option<String>,
    /// The commit the work started from.
    pub base: Option<String>,
    /// When the hook was made.
    pub created_at: Timestamp,
    /// How far the work has come.
    pub state: HookState,
    /// Keys of other versions, kept as they are.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Worktree {
    /// Writes the hook's record.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write_hook_record(&self, record: &HookRecord) -> Result<()> {
        let mut value = serde_json::to_value(record)?;
        if let Value::Object(keys) = &mut value {
            keys.insert("type".into(), "hook".into());
            keys.insert("version".into(), 1.into());
        }
        files::write_json(&self.private_dir()?.join(FILE), &value, 0o600)
    }

    /// The hook's record; `None` when the worktree is no hook.
    ///
    /// # Errors
    /// When it is broken.
    pub fn read_hook_record(&self) -> Result<Option<HookRecord>> {
        files::read_json(&self.private_dir()?.join(FILE))
    }
}

impl Bare {
    /// The worktrees that are hooks with their records, those whose directory is gone included; broken records come as errors.
    ///
    /// # Errors
    /// When the repository can't be read.
    pub fn hook_records(&self) -> Result<Vec<(PathBuf, Result<HookRecord>)>> {
        let mut found = Vec::new();
        for private in self.private_dirs()? {
            let Some(dot_git) = files::read_optional(&private.join("gitdir"))? else { continue };
            let path = PathBuf::from(dot_git.trim_end().trim_end_matches("/.git"));
            match files::read_json(&private.join(FILE)) {
                Ok(Some(record)) => found.push((path, Ok(record))),
                Ok(None) => {}
                Err(error) => found.push((path, Err(error))),
            }
        }
        Ok(found)
    }
}
