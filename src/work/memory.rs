//! What agents and people keep for later: short notes of the town or of a rig, for all roles or one.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Desk;
use crate::base::lock::Lock;
use crate::base::{Error, Result, Timestamp, files};
use crate::town::{Address, Role};

/// The longest note.
pub const LONGEST: usize = 1000;
/// The most notes of one rig, or of the town.
pub const MOST: usize = 200;

/// One note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// What it is called.
    pub key: String,
    /// What it says.
    pub text: String,
    /// The role it is for; for all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The rig it is of; of the town when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rig: Option<String>,
    /// Who wrote it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    version: u32,
    #[serde(default)]
    memories: Vec<Memory>,
}

fn path(desk: &Desk, rig: Option<&str>) -> Result<PathBuf> {
    let root = match rig {
        Some(rig) => desk.town.rig(rig)?.root,
        None => desk.town.root.clone(),
    };
    Ok(root.join("settings/memories.json"))
}

fn read(desk: &Desk, rig: Option<&str>) -> Result<File> {
    Ok(files::read_json(&path(desk, rig)?)?.unwrap_or_default())
}

fn change<T>(desk: &Desk, rig: Option<&str>, change: impl FnOnce(&mut Vec<Memory>) -> Result<T>) -> Result<T> {
    let _lock = Lock::acquire(&desk.town.runtime_dir().join("memories.lock"))?;
    let mut file = read(desk, rig)?;
    let out = change(&mut file.memories)?;
    file.kind = "memories".into();
    file.version = 1;
    let path = path(desk, rig)?;
    if let Some(directory) = path.parent() {
        files::make_dirs(directory, 0o755)?;
    }
    files::write_json(&path, &file, 0o644)?;
    Ok(out)
}

/// Keeps `memory`; one of the same name, rig and role is replaced.
///
/// # Errors
/// [`crate::base::Kind::Refused`] when it is too long or there are too many.
pub fn remember(desk: &Desk, memory: &Memory) -> Result<()> {
    if memory.text.trim().is_empty() || memory.key.trim().is_empty() {
        return Err(Error::usage("nothing to remember").hint("gt remember <key> \"text\""));
    }
    if memory.text.len() > LONGEST {
        return Err(Error::refused(format!("a note of {} bytes; at most {LONGEST}", memory.text.len()))
            .hint("every agent it is for reads it at every start: keep it short"));
    }
    change(desk, memory.rig.as_deref(), |all| {
        all.retain(|old| old.key != memory.key || old.role != memory.role);
        if all.len() >= MOST {
            return Err(Error::refused(format!("{MOST} notes are kept already")).hint("gt forget <key> drops one"));
        }
        all.push(memory.clone());
        Ok(())
    })
}

/// Drops the notes called `key`; returns how many there were.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] when there is none.
pub fn forget(desk: &Desk, rig: Option<&str>, key: &str) -> Result<usize> {
    change(desk, rig, |all| {
        let before = all.len();
        all.retain(|old| old.key != key);
        match before - all.len() {
            0 => Err(Error::not_found(format!("no note called {key:?}")).hint("gt recall lists them")),
            gone => Ok(gone),
        }
    })
}

/// The notes of the town and of `rig` that hold `word` in name or text, newest first.
///
/// # Errors
/// When a file of notes is broken.
pub fn recall(desk: &Desk, rig: Option<&str>, word: &str) -> Result<Vec<Memory>> {
    let mut found = read(desk, None)?.memories;
    if let Some(rig) = rig {
        found.extend(read(desk, Some(rig))?.memories);
    }
    let word = word.to_lowercase();
    found.retain(|note| note.key.to_lowercase().contains(&word) || note.text.to_lowercase().contains(&word));
    found.sort_by_key(|note| std::cmp::Reverse(note.at));
    Ok(found)
}

/// The notes `agent` is given when it starts, newest first.
///
/// # Errors
/// When a file of notes is broken.
pub fn of_agent(desk: &Desk, agent: &Address) -> Result<Vec<Memory>> {
    let mut found = recall(desk, agent.rig(), "")?;
    found.retain(|note| note.role.is_none_or(|role| role == agent.role()));
    Ok(found)
}
