//! The town's own git repository.

use std::path::Path;

use super::command::Git;
use crate::base::{Result, ResultExt};

/// Makes `path` a git repository on branch `main` and commits all that is in it, with the person's identity or, where git has
/// none, one of ours.
///
/// # Errors
/// When git refuses.
pub fn init_with_commit(path: &Path, message: &str) -> Result<()> {
    let what = || format!("git repository in {}", path.display());
    if !path.join(".git").exists() {
        Git::at(path).config("init.defaultBranch=main").args(["init", "--quiet"]).run().with_context(what)?;
    }
    Git::at(path).args(["add", "--all"]).run().with_context(what)?;
    let mut commit = Git::at(path);
    if !Git::at(path).args(["var", "GIT_COMMITTER_IDENT"]).output()?.success {
        commit = commit.config("user.name=Gas Town").config("user.email=town@gastown.local");
    }
    commit
        .config("commit.gpgSign=false")
        .args(["commit", "--quiet", "--allow-empty", "--message", message])
        .run()
        .map(|_| ())
        .with_context(what)
}
