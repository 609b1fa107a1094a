//! One rig: a project of the town and where its parts lie.

use std::path::PathBuf;

use serde::Serialize;

use super::RigSettings;
use crate::base::{Result, Timestamp};

/// A project of the town, as the registry knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rig {
    /// Its name, which is also its directory in the town.
    pub name: String,
    /// Its directory.
    pub root: PathBuf,
    /// The prefix of its beads.
    pub prefix: String,
    /// The branch its work starts from and, unless set otherwise, is merged into.
    pub default_branch: String,
    /// Where its repository came from.
    pub git_url: String,
    /// When it was added.
    pub added_at: Timestamp,
}

impl Rig {
    /// The bare repository all its worktrees share.
    pub fn bare_repo(&self) -> PathBuf {
        self.root.join(".repo.git")
    }

    /// The merge queue's worktree.
    pub fn refinery_worktree(&self) -> PathBuf {
        self.root.join("refinery/rig")
    }

    /// The worktree of the polecat `name`.
    pub fn polecat_dir(&self, name: &str) -> PathBuf {
        self.root.join("polecats").join(name)
    }

    /// The clone of the crew member `name`.
    pub fn crew_dir(&self, name: &str) -> PathBuf {
        self.root.join("crew").join(name)
    }

    /// Where its beads are exported.
    pub fn beads_dir(&self) -> PathBuf {
        self.root.join(".beads")
    }

    /// Its settings file, which need not exist.
    pub fn settings_file(&self) -> PathBuf {
        self.root.join("settings/config.json")
    }

    /// Its settings; defaults when the file does not exist.
    ///
    /// # Errors
    /// When the file is broken; names file, line and key.
    pub fn settings(&self) -> Result<RigSettings> {
        RigSettings::load(&self.settings_file())
    }

    /// The branch its work is merged into.
    ///
    /// # Errors
    /// As [`Rig::settings`].
    pub fn target_branch(&self) -> Result<String> {
        Ok(self.settings()?.merge_queue.target_branch.unwrap_or_else(|| self.default_branch.clone()))
    }
}
