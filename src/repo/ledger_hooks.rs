//! Git hooks that keep a ledger's file and the repository in step, in a person's own repository and only at their wish.

use std::path::{Path, PathBuf};

use super::Checkout;
use super::command::Git;
use crate::base::{Result, files};

/// The hooks there are, and whether they are set up without being asked for by name.
pub const HOOKS: [(&str, bool); 4] =
    [("pre-commit", true), ("post-merge", true), ("post-checkout", false), ("pre-push", false)];

/// What says that a hook is ours.
const MARK: &str = "# bd: keeps the ledger and git in step";

/// How a hook stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookOwner {
    /// There is none.
    Nobody,
    /// It is ours.
    Us,
    /// It is somebody else's, which is left alone.
    Other,
}

impl Checkout {
    /// Where git looks for this repository's hooks.
    ///
    /// # Errors
    /// When git refuses.
    pub fn hooks_directory(&self) -> Result<PathBuf> {
        let path = Git::at(self.top()).args(["rev-parse", "--git-path", "hooks"]).run()?;
        Ok(self.top().join(path))
    }

    /// Whether git looks for hooks where it does by itself, rather than in a directory that is tracked or that serves all repositories.
    ///
    /// # Errors
    /// When git can't be started.
    pub fn has_hooks_of_its_own(&self) -> Result<bool> {
        Ok(!Git::at(self.top()).args(["config", "--get", "core.hooksPath"]).output()?.success)
    }

    /// Adds these files to the commit that git is just making, from within its hook.
    ///
    /// # Errors
    /// When git refuses.
    pub fn add_to_commit(&self, files: &[String]) -> Result<()> {
        let mut git = Git::at(self.top());
        // A commit of some files alone has an index of its own.
        if let Some(index) = std::env::var_os("GIT_INDEX_FILE") {
            git = git.env("GIT_INDEX_FILE", index);
        }
        git.args(["add", "--"]).args(files).run().map(|_| ())
    }
}

/// Whose the hook in this file is.
///
/// # Errors
/// When it can't be read.
pub fn hook_owner(path: &Path) -> Result<HookOwner> {
    Ok(match files::read_optional(path)? {
        None => HookOwner::Nobody,
        Some(text) if text.contains(MARK) => HookOwner::Us,
        Some(_) => HookOwner::Other,
    })
}

/// Sets up the hook `name` in `directory`, which calls `program`; a hook of somebody else's is left alone.
///
/// # Errors
/// When it can't be read or written.
pub fn install_hook(directory: &Path, name: &str, program: &Path) -> Result<HookOwner> {
    let path = directory.join(name);
    let owner = hook_owner(&path)?;
    if owner != HookOwner::Other {
        let program = crate::base::text::shell_word(&program.display().to_string());
        // Without the program the hook must not stand in anybody's way.
        let text = format!("#!/bin/sh\n{MARK}\n[ -x {program} ] || exit 0\nexec {program} hooks run {name} \"$@\"\n");
        files::make_dirs(directory, 0o755)?;
        files::write_atomic(&path, text.as_bytes(), 0o755)?;
    }
    Ok(owner)
}

/// Removes the hook `name` if it is ours; whose it was.
///
/// # Errors
/// When it can't be read or removed.
pub fn remove_hook(directory: &Path, name: &str) -> Result<HookOwner> {
    let path = directory.join(name);
    let owner = hook_owner(&path)?;
    if owner == HookOwner::Us {
        std::fs::remove_file(&path)?;
    }
    Ok(owner)
}
