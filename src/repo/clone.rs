//! Clones of their own for people and long-lived agents, which borrow the shared repository's objects.

use std::fs;
use std::path::Path;

use super::command::Git;
use super::{Bare, SNAPSHOT_REFS, Worktree};
use crate::base::{Error, Result, ResultExt};

/// Where the references of removed clones are kept.
const CLONE_REFS: &str = "refs/gt/clones";

impl Bare {
    /// Makes a clone at `path` on `branch`, or on `new_branch` made from it. It has the same origin as this repository and what was
    /// known of it at the last fetch; nothing is copied and nothing goes over the network. On failure nothing is left.
    ///
    /// # Errors
    /// When `path` exists or the branch does not.
    pub fn clone_shared(&self, path: &Path, branch: &str, new_branch: Option<&str>) -> Result<Worktree> {
        if path.exists() {
            return Err(Error::refused(format!("{} exists already", path.display())));
        }
        let made = self.fill_clone(path, branch, new_branch);
        if made.is_err() {
            let _ = fs::remove_dir_all(path);
        }
        made.with_context(|| format!("clone {}", path.display()))
    }

    fn fill_clone(&self, path: &Path, branch: &str, new_branch: Option<&str>) -> Result<Worktree> {
        let here = self.path.canonicalize().with_context(|| format!("{}", self.path.display()))?;
        Git::anywhere().config(&format!("init.defaultBranch={branch}")).args(["init", "--quiet"]).arg(path).run()?;
        let git = || Git::at(path);
        // The shared repository never prunes, so that what is borrowed stays.
        let alternates = format!("{}\n", here.join("objects").display());
        fs::write(path.join(".git/objects/info/alternates"), alternates).context("borrow objects")?;
        let url = self.origin_url().unwrap_or_else(|| here.display().to_string());
        git().args(["remote", "add", "--", "origin", &url]).run()?;
        let known = if self.has_origin() { "refs/remotes/origin" } else { "refs/heads" };
        let from = self.git().args(["for-each-ref", "--format=%(objectname) %(refname)", known]).run()?;
        for line in from.lines() {
            let Some((id, name)) = line.split_once(' ') else { continue };
            let Some(short) = name.strip_prefix(known).and_then(|name| name.strip_prefix('/')) else { continue };
            if short != "HEAD" {
                git().args(["update-ref", &format!("refs/remotes/origin/{short}"), id]).run()?;
            }
        }
        let tracking = format!("origin/{branch}");
        if self.origin_branch(branch)?.is_some() || !self.has_origin() {
            git().args(["checkout", "--quiet", "-B", branch, "--track", &tracking]).run()?;
        } else {
            // The branch exists here only: nothing to track yet.
            git().args(["checkout", "--quiet", "-B", branch, &self.rev(&format!("refs/heads/{branch}"))?]).run()?;
        }
        if let Some(new_branch) = new_branch {
            git().args(["checkout", "--quiet", "-b", new_branch]).run()?;
        }
        Worktree::open(path)
    }

    /// What a clone has that neither this repository nor the origin has, in words; `None` when removing it loses nothing.
    ///
    /// # Errors
    /// When the clone can't be read.
    pub fn only_in_clone(&self, clone: &Worktree) -> Result<Option<String>> {
        let inner = clone.changed_inner_repositories()?;
        if let Some(first) = inner.first() {
            return Err(Error::refused(format!(
                "{} has a repository inside with changes of its own: {}",
                clone.path.display(),
                first.display()
            ))
            .hint("commit and push what is in it, or delete it"));
        }
        let dirty = clone.status()?;
        if !dirty.is_empty() {
            return Ok(Some(format!("{} file(s) changed and not committed", dirty.len())));
        }
        if clone.git().args(["rev-parse", "--verify", "--quiet", "refs/stash"]).output()?.success {
            return Ok(Some("stashed changes".into()));
        }
        let unpushed = clone
            .git()
            .args(["rev-list", "--count", "HEAD", "--branches", "--tags", "--not", "--remotes", "--alternate-refs"])
            .run()?;
        Ok((unpushed != "0").then(|| format!("{unpushed} commit(s) that were never pushed")))
    }

    /// Brings everything a clone has, changed files and stashes included, into this repository under references of their own.
    /// Returns where they are.
    ///
    /// # Errors
    /// When something in it can't be read.
    pub fn keep_clone(&self, clone: &Worktree, name: &str) -> Result<String> {
        clone.snapshot(name, "before its clone was removed")?;
        let stashes = clone.git().args(["log", "--walk-reflogs", "--format=%H", "refs/stash", "--"]).output()?;
        if stashes.success {
            for (number, id) in String::from_utf8_lossy(&stashes.stdout).lines().enumerate() {
                clone.git().args(["update-ref", &format!("{SNAPSHOT_REFS}/stash/{number}"), id]).run()?;
            }
        }
        let under = format!("{CLONE_REFS}/{}", super::snapshot::slug(name));
        let path = clone.path.canonicalize().with_context(|| format!("{}", clone.path.display()))?;
        self.git()
            .args(["fetch", "--quiet", "--no-write-fetch-head", "--no-tags", "--"])
            .arg(&path)
            .args([
                format!("+refs/heads/*:{under}/heads/*"),
                format!("+refs/tags/*:{under}/tags/*"),
                format!("+refs/gt/*:{under}/gt/*"),
            ])
            .run()
            .with_context(|| format!("keep {}", path.display()))?;
        Ok(under)
    }
}
