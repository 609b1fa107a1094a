//! The git side of keeping a ledger's files in step between clones: commits of those files alone, fetch, merge, push; and the same
//! on a branch that nothing has checked out, with an index of its own.

use std::path::{Path, PathBuf};

use super::PushOutcome;
use super::command::{Git, Output, listed, reason, split_nul};
use super::push::outcome;
use crate::base::{Error, Result, ResultExt};

/// A repository with a working tree.
#[derive(Debug, Clone)]
pub struct Checkout {
    top: PathBuf,
}

/// What became of a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The remote's branch is at this commit.
    At(String),
    /// The remote has no such branch yet.
    NoBranch,
    /// The remote was not reached.
    Unreachable(String),
}

/// What became of a merge in the working tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Joined {
    /// The branch has both histories now.
    Merged,
    /// Git would not do it, and everything is as it was; the reason, in git's words.
    Not(String),
}

impl Checkout {
    /// The repository whose working tree `directory` is in; `None` when there is none.
    ///
    /// # Errors
    /// When git can't be started.
    pub fn around(directory: &Path) -> Result<Option<Self>> {
        let output = Git::at(directory).args(["rev-parse", "--show-toplevel"]).output()?;
        let top = String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned();
        Ok((output.success && !top.is_empty()).then(|| Self { top: PathBuf::from(top) }))
    }

    /// The top of the working tree.
    pub fn top(&self) -> &Path {
        &self.top
    }

    fn git(&self) -> Git {
        // The project's hooks are for its own work; the ledger's commits pass them by.
        Git::at(&self.top).config("core.hooksPath=/dev/null").config("commit.gpgSign=false")
    }

    fn words(output: &Output) -> String {
        String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
    }

    fn answer(&self, args: &[&str]) -> Result<Option<String>> {
        let output = self.git().args(args).output()?;
        Ok(Some(Self::words(&output)).filter(|text| output.success && !text.is_empty()))
    }

    /// A path inside the repository, as git names it; `None` for one outside.
    pub fn inside(&self, path: &Path) -> Option<String> {
        let directory = path.parent()?.canonicalize().ok()?;
        let top = self.top.canonicalize().ok()?;
        let relative = directory.strip_prefix(top).ok()?.join(path.file_name()?);
        relative.to_str().map(str::to_owned)
    }

    /// The file that holds this clone's own attributes.
    ///
    /// # Errors
    /// When git refuses.
    pub fn own_attributes(&self) -> Result<PathBuf> {
        let path = self.git().args(["rev-parse", "--git-path", "info/attributes"]).run()?;
        Ok(self.top.join(path))
    }

    /// Whether git has a merge driver for this file.
    ///
    /// # Errors
    /// When git can't be started.
    pub fn has_driver(&self, file: &str) -> Result<bool> {
        let line = self.git().args(["check-attr", "merge", "--", file]).run()?;
        Ok(line.ends_with(": beads"))
    }

    /// The branch that is checked out; `None` on none.
    ///
    /// # Errors
    /// When git can't be started.
    pub fn branch(&self) -> Result<Option<String>> {
        self.answer(&["symbolic-ref", "--quiet", "--short", "HEAD"])
    }

    /// The commit that `name` stands for.
    ///
    /// # Errors
    /// When git can't be started.
    pub fn rev(&self, name: &str) -> Result<Option<String>> {
        self.answer(&["rev-parse", "--quiet", "--verify", &format!("{name}^{{commit}}")])
    }

    /// The remote that a branch is exchanged with and the branch's name there: as configured, else `origin` or the only remote there is.
    ///
    /// # Errors
    /// When git can't be started.
    pub fn remote(&self, branch: &str) -> Result<Option<(String, String)>> {
        let set = self.answer(&["config", "--get", &format!("branch.{branch}.remote")])?.filter(|name| name != ".");
        let all = self.answer(&["remote"])?.unwrap_or_default();
        let all: Vec<&str> = all.lines().collect();
        let name = match set {
            Some(name) => name,
            None if all.contains(&"origin") => "origin".to_owned(),
            None if all.len() == 1 => all[0].to_owned(),
            None => return Ok(None),
        };
        let there = self.answer(&["config", "--get", &format!("branch.{branch}.merge")])?;
        let there = there.as_deref().and_then(|name| name.strip_prefix("refs/heads/")).unwrap_or(branch);
        Ok(Some((name, there.to_owned())))
    }

    /// Whether git leaves this file out.
    ///
    /// # Errors
    /// When git can't be started.
    pub fn ignores(&self, file: &str) -> Result<bool> {
        Ok(self.git().args(["check-ignore", "--quiet", "--", file]).output()?.success)
    }

    /// Those of `files` that differ from the last commit.
    ///
    /// # Errors
    /// When git refuses.
    pub fn changed(&self, files: &[String]) -> Result<Vec<String>> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let output = self
            .git()
            .args(["status", "--porcelain", "-z", "--untracked-files=all", "--"])
            .args(files)
            .output()?
            .check()?;
        Ok(split_nul(&output.stdout).filter_map(|entry| entry.to_str()?.get(3..).map(str::to_owned)).collect())
    }

    /// Whether a merge, rebase or the like waits here for its person.
    ///
    /// # Errors
    /// When git refuses.
    pub fn is_busy(&self) -> Result<bool> {
        for name in ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply"] {
            if self.top.join(self.git().args(["rev-parse", "--git-path", name]).run()?).exists() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn with_identity(&self, git: Git) -> Result<Git> {
        if Git::at(&self.top).args(["var", "GIT_COMMITTER_IDENT"]).output()?.success {
            return Ok(git);
        }
        Ok(git.config("user.name=Gas Town").config("user.email=town@gastown.local"))
    }

    /// Commits these files, and nothing else that may be staged, on the branch that is checked out; `None` when none differs.
    ///
    /// # Errors
    /// When git refuses.
    pub fn commit(&self, files: &[String], message: &str) -> Result<Option<String>> {
        let changed = self.changed(files)?;
        if changed.is_empty() {
            return Ok(None);
        }
        self.git().args(["add", "--"]).args(&changed).run()?;
        self.with_identity(self.git())?
            .args(["commit", "--quiet", "--no-verify", "--only", "--message", message, "--"])
            .args(&changed)
            .run()
            .with_context(|| format!("commit {}", changed.join(", ")))?;
        self.rev("HEAD")
    }

    /// Brings `refs/remotes/<remote>/<branch>` up to date.
    ///
    /// # Errors
    /// When git can't be started.
    pub fn fetch(&self, remote: &str, branch: &str) -> Result<Fetched> {
        let target = format!("refs/remotes/{remote}/{branch}");
        let output = self
            .git()
            .config("http.lowSpeedLimit=1000")
            .config("http.lowSpeedTime=20")
            .args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", remote])
            .arg(format!("+refs/heads/{branch}:{target}"))
            .output()?;
        if !output.success {
            let missing = output.stderr.contains("couldn't find remote ref");
            return Ok(if missing { Fetched::NoBranch } else { Fetched::Unreachable(reason(&output.stderr)) });
        }
        Ok(self.rev(&target)?.map_or(Fetched::NoBranch, Fetched::At))
    }

    /// Whether `one` is part of the history of `other`.
    ///
    /// # Errors
    /// When git can't be started.
    pub fn is_ancestor(&self, one: &str, other: &str) -> Result<bool> {
        Ok(self.git().args(["merge-base", "--is-ancestor", one, other]).output()?.success)
    }

    /// The commit both histories have in common.
    ///
    /// # Errors
    /// When git can't be started.
    pub fn merge_base(&self, one: &str, other: &str) -> Result<Option<String>> {
        self.answer(&["merge-base", one, other])
    }

    /// Merges `commit` into the branch that is checked out. When that does not work everything is put back as it was.
    ///
    /// # Errors
    /// When git can't be started, or can't take back what it began.
    pub fn join(&self, commit: &str, message: &str) -> Result<Joined> {
        let output = self
            .with_identity(self.git())?
            .config("merge.ff=true")
            .args(["merge", "--quiet", "--no-edit", "--no-verify", "--no-stat", "--message", message, commit])
            .once()
            .output()?;
        if output.success {
            return Ok(Joined::Merged);
        }
        let open = self.git().args(["diff", "--name-only", "--diff-filter=U", "-z"]).output()?;
        let open: Vec<_> = split_nul(&open.stdout).map(std::ffi::OsStr::to_owned).collect();
        if self.is_busy()? {
            self.git().args(["merge", "--abort"]).run().context("take back a merge that did not work")?;
        }
        Ok(Joined::Not(if open.is_empty() {
            reason(&output.stderr)
        } else {
            format!("conflicts in {}", listed(&open, 5))
        }))
    }

    /// The files that differ between two commits.
    ///
    /// # Errors
    /// When git refuses.
    pub fn difference(&self, one: &str, other: &str) -> Result<Vec<String>> {
        let output = self.git().args(["diff", "--name-only", "--no-renames", "-z", one, other]).output()?.check()?;
        Ok(split_nul(&output.stdout).map(|name| name.to_string_lossy().into_owned()).collect())
    }

    /// Makes the index hold these files as given, and nothing else differently.
    ///
    /// # Errors
    /// When git refuses, as when another git holds the index.
    pub fn stage(&self, files: &[(String, Vec<u8>)]) -> Result<()> {
        let scratch = tempfile::NamedTempFile::new().context("a temporary file")?;
        for (file, bytes) in files {
            std::fs::write(scratch.path(), bytes).with_context(|| format!("write {}", scratch.path().display()))?;
            let blob = self.git().args(["hash-object", "-w", "--no-filters", "--"]).arg(scratch.path()).run()?;
            self.git().args(["update-index", "--add", "--cacheinfo", &format!("100644,{blob},{file}")]).run()?;
        }
        Ok(())
    }

    /// Pushes `commit` to `branch` of `remote`, never by force.
    ///
    /// # Errors
    /// When git can't be started; what the remote makes of it is in the outcome.
    pub fn push(&self, remote: &str, commit: &str, branch: &str) -> Result<PushOutcome> {
        let refspec = format!("{commit}:refs/heads/{branch}");
        let output =
            self.git().args(["push", "--porcelain", "--no-verify", "--no-follow-tags", remote, &refspec]).output()?;
        let pushed = outcome(output.success, &Self::words(&output), &output.stderr);
        if pushed == PushOutcome::Pushed {
            self.git().args(["update-ref", &format!("refs/remotes/{remote}/{branch}"), commit]).run()?;
        }
        Ok(pushed)
    }

    /// What `file` held in `commit`; `None` when it was not there.
    ///
    /// # Errors
    /// When git can't be started.
    pub fn file_at(&self, commit: &str, file: &str) -> Result<Option<Vec<u8>>> {
        let output = self.git().args(["cat-file", "blob", &format!("{commit}:{file}")]).output()?;
        Ok(output.success.then_some(output.stdout))
    }

    /// Makes a commit whose tree is that of `like` (empty when not given) with `files` in their places. Neither index nor working tree
    /// are looked at.
    ///
    /// # Errors
    /// When git refuses.
    pub fn commit_beside(
        &self,
        like: Option<&str>,
        parents: &[&str],
        files: &[(String, Vec<u8>)],
        message: &str,
    ) -> Result<String> {
        let scratch = tempfile::Builder::new().prefix("gt-index-").tempdir().context("a temporary index")?;
        let index = scratch.path().join("index");
        let git = || self.git().env("GIT_INDEX_FILE", &index);
        match like {
            Some(commit) => git().args(["read-tree", commit]).run()?,
            None => git().args(["read-tree", "--empty"]).run()?,
        };
        let content = scratch.path().join("content");
        for (file, bytes) in files {
            std::fs::write(&content, bytes).with_context(|| format!("write {}", content.display()))?;
            let blob = git().args(["hash-object", "-w", "--no-filters", "--"]).arg(&content).run()?;
            git().args(["update-index", "--add", "--cacheinfo", &format!("100644,{blob},{file}")]).run()?;
        }
        let tree = git().args(["write-tree"]).run()?;
        let mut commit = self.with_identity(self.git())?.args(["commit-tree", "--no-gpg-sign", "-m", message]);
        for parent in parents {
            commit = commit.args(["-p", parent]);
        }
        commit.arg(tree).run()
    }

    /// Points `name` at `new` if it is still at `old` (does not exist when `None`); false when it is not.
    ///
    /// # Errors
    /// When git can't be started.
    pub fn move_ref(&self, name: &str, new: &str, old: Option<&str>) -> Result<bool> {
        let none = "0".repeat(new.len());
        Ok(self.git().args(["update-ref", name, new, old.unwrap_or(&none)]).output()?.success)
    }

    /// Whether some working tree has this branch checked out.
    ///
    /// # Errors
    /// When git refuses.
    pub fn is_checked_out(&self, branch: &str) -> Result<bool> {
        let list = self.git().args(["worktree", "list", "--porcelain"]).run()?;
        let wanted = format!("branch refs/heads/{branch}");
        Ok(list.lines().any(|line| line == wanted))
    }

    /// Refused for a name that no branch can have.
    ///
    /// # Errors
    /// Wrong usage for such a name.
    pub fn check_branch_name(&self, name: &str) -> Result<()> {
        if self.git().args(["check-ref-format", "--branch", name]).output()?.success {
            return Ok(());
        }
        Err(Error::usage(format!("no branch can be called {name:?}")).hint("bd config set sync-branch <name>"))
    }
}
