//! What the cockpit remembers from one start to the next: where one was, how wide the lists are, which finished work was looked at.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::base::{Timestamp, files};
use crate::town::Town;

use super::app::{Sort, View};
use super::review::Review;

/// Kept in the town's runtime directory; losing it loses nothing that matters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// The first screen was seen.
    pub welcomed: bool,
    /// The view.
    pub view: View,
    /// The order of agents.
    pub sort: Sort,
    /// The selected agent.
    pub selected: Option<String>,
    /// Columns the lists have more, or fewer, than by default.
    pub wider: i16,
    /// The lists beside a terminal are hidden.
    pub lists_hidden: bool,
    /// The theme chosen in the cockpit.
    pub theme: Option<String>,
    /// When which finished agent's state began that was looked at.
    pub seen: BTreeMap<String, Option<Timestamp>>,
    /// What one thinks of the changes of agents, by their addresses.
    pub reviews: BTreeMap<String, Review>,
    /// Rigs of which nothing is told beside the screen until then.
    pub snoozed: BTreeMap<String, Timestamp>,
    /// How many tiles are shown at once; 0 for as many as fit.
    pub tiles: u8,
    /// Sets of tiles by name.
    pub sets: BTreeMap<String, Vec<String>>,
}

/// Where it is kept.
pub fn file(town: &Town) -> PathBuf {
    town.runtime_dir().join("cockpit.json")
}

impl Memory {
    /// What is remembered; nothing when it can't be read.
    pub fn read(path: &Path) -> Self {
        // A file of another version must not keep the cockpit from opening.
        files::read_json(path).ok().flatten().unwrap_or_default()
    }

    /// Keeps it.
    pub fn write(&self, path: &Path) {
        // Nothing that matters is lost when this fails.
        let _ = files::write_json(path, self, 0o600);
    }
}
