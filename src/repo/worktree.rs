//! A worktree: what is checked out, what has changed, and the places in it where nothing of ours gets into a commit.

use std::fs;
use std::path::{Path, PathBuf};

use git2::Repository;
use serde::{Serialize, Serializer};

use super::command::{Git, split_nul};
use crate::base::lock::Lock;
use crate::base::os::git_works_at;
use crate::base::{Error, Result, ResultExt, files};

/// A working tree, one of a rig's shared repository or a clone of its own.
#[derive(Debug, Clone)]
pub struct Worktree {
    /// Its directory.
    pub path: PathBuf,
    /// Who commits here in a rebase.
    pub(super) committer: Option<(String, String)>,
}

/// One changed file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileStatus {
    /// Its path in the worktree.
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    /// What happened to it.
    pub kind: ChangeKind,
}

fn lossy<S: Serializer>(path: &Path, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

/// What happened to a file, staged or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// New and known to git.
    Added,
    /// Its contents, type or mode differ.
    Modified,
    /// Gone.
    Deleted,
    /// Moved here.
    Renamed,
    /// New and unknown to git.
    Untracked,
    /// Left in conflict by a merge or rebase.
    Conflicted,
}

impl Worktree {
    /// Opens the worktree whose top directory is `path`.
    ///
    /// # Errors
    /// [`crate::base::Kind::NotFound`] when there is none.
    pub fn open(path: &Path) -> Result<Self> {
        let worktree = Self { path: path.to_owned(), committer: None };
        worktree.repository().map(|_| worktree)
    }

    /// Sets the name and mail address that stand as committer of what is rebased here.
    #[must_use]
    pub fn with_committer(mut self, name: &str, email: &str) -> Self {
        self.committer = Some((name.to_owned(), email.to_owned()));
        self
    }

    pub(super) fn repository(&self) -> Result<Repository> {
        if !self.path.join(".git").exists() {
            return Err(Error::not_found(format!("no worktree at {}", self.path.display()))
                .hint("it was removed or moved; its branch and snapshots are still in the rig's repository"));
        }
        Repository::open(&self.path).with_context(|| format!("worktree {}", self.path.display()))
    }

    pub(super) fn git(&self) -> Git {
        Git::at(&self.path)
    }

    /// The branch checked out; `None` when `HEAD` is detached.
    ///
    /// # Errors
    /// When the worktree can't be read.
    pub fn branch(&self) -> Result<Option<String>> {
        let repository = self.repository()?;
        let head = repository.find_reference("HEAD").context("HEAD")?;
        let target = head.symbolic_target().ok().flatten().map(str::to_owned);
        Ok(target.map(|name| name.strip_prefix("refs/heads/").map(str::to_owned).unwrap_or(name)))
    }

    /// The commit checked out.
    ///
    /// # Errors
    /// When there is none yet, or the worktree can't be read.
    pub fn head(&self) -> Result<String> {
        let repository = self.repository()?;
        let head = repository.head().and_then(|head| head.peel_to_commit());
        Ok(head.with_context(|| format!("{}: HEAD", self.path.display()))?.id().to_string())
    }

    /// The commit checked out, and the first line of its message.
    ///
    /// # Errors
    /// As [`Worktree::head`].
    pub fn head_commit(&self) -> Result<(String, String)> {
        let repository = self.repository()?;
        let head = repository.head().and_then(|head| head.peel_to_commit());
        let commit = head.with_context(|| format!("{}: HEAD", self.path.display()))?;
        let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        Ok((commit.id().to_string(), message.lines().next().unwrap_or_default().to_owned()))
    }

    /// How many stashes there are; worktrees of one repository share them.
    ///
    /// # Errors
    /// When git fails.
    pub fn stashes(&self) -> Result<usize> {
        if !self.git().args(["rev-parse", "--verify", "--quiet", "refs/stash"]).output()?.success {
            return Ok(0);
        }
        let log = self.git().args(["log", "--walk-reflogs", "--format=%H", "refs/stash", "--"]).run()?;
        Ok(log.lines().count())
    }

    /// Every changed file: staged, unstaged and untracked; ignored ones left out.
    ///
    /// # Errors
    /// When the worktree can't be read.
    pub fn status(&self) -> Result<Vec<FileStatus>> {
        Ok(parse_status(&self.raw_status()?))
    }

    fn raw_status(&self) -> Result<Vec<u8>> {
        let options = ["status", "--porcelain=v2", "-z", "--untracked-files=all", "--ignore-submodules=none"];
        Ok(self.git().args(options).output()?.check()?.stdout)
    }

    /// Repositories inside this worktree that hold changes of their own, which no snapshot reaches: submodules with new commits or
    /// changed files, and repositories cloned into it.
    ///
    /// # Errors
    /// As [`Worktree::status`].
    pub fn changed_inner_repositories(&self) -> Result<Vec<PathBuf>> {
        let raw = self.raw_status()?;
        let found = split_nul(&raw).filter(|entry| {
            let entry = entry.as_encoded_bytes();
            match entry.first() {
                // The third field of a change is `N...`, or `SCMU` with the letters that hold for a submodule.
                Some(b'1' | b'2' | b'u') => {
                    entry.get(5) == Some(&b'S') && entry.get(6..9).is_some_and(|flags| flags != b"...")
                }
                // Of what is untracked, git lists every file, and as a directory only what is a repository.
                Some(b'?') => entry.ends_with(b"/"),
                _ => false,
            }
        });
        Ok(found.flat_map(|entry| parse_status(entry.as_encoded_bytes())).map(|file| file.path).collect())
    }

    /// Whether nothing is changed.
    ///
    /// # Errors
    /// As [`Worktree::status`].
    pub fn is_clean(&self) -> Result<bool> {
        Ok(self.status()?.is_empty())
    }

    /// Commits everything that is changed, untracked files included and ignored ones not, as `env` says who commits
    /// (`GIT_AUTHOR_NAME` and its kin). Returns the commit, or `None` when nothing was changed.
    ///
    /// # Errors
    /// When git refuses: a conflict, a hook of the project's.
    pub fn commit_all(&self, message: &str, env: &[(String, String)]) -> Result<Option<String>> {
        self.clear_stale_index_lock()?;
        let identity: Vec<&(String, String)> = env.iter().filter(|(key, _)| key.starts_with("GIT_")).collect();
        self.git().args(["add", "--all"]).run()?;
        if self.git().args(["diff", "--cached", "--quiet"]).output()?.success {
            return Ok(None);
        }
        self.git()
            .config("commit.gpgSign=false")
            .envs(identity)
            .args(["commit", "--quiet", "--cleanup=verbatim", "--message", message])
            .run()?;
        self.head().map(Some)
    }

    /// The git directory of this worktree alone, where things may lie that are never part of a commit.
    ///
    /// # Errors
    /// When the worktree can't be read.
    pub fn private_dir(&self) -> Result<PathBuf> {
        Ok(self.repository()?.path().to_owned())
    }

    /// The git directory it shares with the other worktrees.
    ///
    /// # Errors
    /// When the worktree can't be read.
    pub fn common_dir(&self) -> Result<PathBuf> {
        Ok(self.repository()?.commondir().to_owned())
    }

    /// Makes git ignore `patterns` in every worktree of the shared repository, without touching a file of the project.
    ///
    /// # Errors
    /// When `info/exclude` can't be written.
    pub fn exclude(&self, patterns: &[&str]) -> Result<()> {
        let info = self.common_dir()?.join("info");
        files::make_dirs(&info, 0o755)?;
        let _lock = Lock::acquire(&info.join("gt-exclude.lock"))?;
        let path = info.join("exclude");
        let mut text = files::read_optional(&path)?.unwrap_or_default();
        let before = text.len();
        for pattern in patterns {
            if !text.lines().any(|line| line == *pattern) {
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push('\n');
                }
                text.push_str(pattern);
                text.push('\n');
            }
        }
        if text.len() == before { Ok(()) } else { files::write_atomic(&path, text.as_bytes(), 0o644) }
    }

    /// Makes the worktree what `rev` is, on no branch: changes and untracked files are thrown away, ignored ones stay. For worktrees
    /// in which no one but the merge queue works.
    ///
    /// # Errors
    /// When `rev` is not there or git can't write.
    pub fn reset_to(&self, rev: &str) -> Result<()> {
        self.recover()?;
        self.git().args(["checkout", "--quiet", "--force", "--detach", rev, "--"]).run()?;
        self.git().args(["clean", "--quiet", "-d", "--force", "--force"]).run()?;
        Ok(())
    }

    /// Whether the file `path` (relative) is one git tracks here.
    ///
    /// # Errors
    /// When git can't be run.
    pub fn is_tracked(&self, path: &str) -> Result<bool> {
        Ok(self.git().args(["ls-files", "--error-unmatch", "--", path]).output()?.success)
    }

    /// Removes a lock file a killed git left in the private directory; waits, at most ten seconds of the file's age, for a git
    /// that is at work here.
    pub(super) fn clear_stale_index_lock(&self) -> Result<()> {
        let lock = self.private_dir()?.join("index.lock");
        while let Ok(found) = fs::metadata(&lock) {
            let age = found.modified().ok().and_then(|at| at.elapsed().ok()).unwrap_or_default();
            if age > std::time::Duration::from_secs(10) || !git_works_at(&self.path, false) {
                match fs::remove_file(&lock) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(error).with_context(|| format!("remove {}", lock.display()));
                    }
                    _ => break,
                }
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Ok(())
    }
}

fn parse_status(bytes: &[u8]) -> Vec<FileStatus> {
    use std::os::unix::ffi::OsStrExt;
    let mut found = Vec::new();
    let mut entries = split_nul(bytes);
    while let Some(entry) = entries.next() {
        let bytes = entry.as_bytes();
        let field = |n: usize| bytes.splitn(n, |b| *b == b' ').last().map(std::ffi::OsStr::from_bytes);
        // Fields before the path: 8 of an ordinary change, 9 of a rename (whose old path follows), 10 of a conflict.
        let (path, kind) = match bytes.first() {
            Some(b'1') => (field(9), change_kind(bytes.get(2..4).unwrap_or_default())),
            Some(b'2') => {
                entries.next();
                (field(10), ChangeKind::Renamed)
            }
            Some(b'u') => (field(11), ChangeKind::Conflicted),
            Some(b'?') => (field(2), ChangeKind::Untracked),
            _ => continue,
        };
        if let Some(path) = path {
            found.push(FileStatus { path: PathBuf::from(path), kind });
        }
    }
    found
}

fn change_kind(staged_and_unstaged: &[u8]) -> ChangeKind {
    if staged_and_unstaged.contains(&b'D') {
        ChangeKind::Deleted
    } else if staged_and_unstaged.contains(&b'A') {
        ChangeKind::Added
    } else {
        ChangeKind::Modified
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_lines_with_odd_names() {
        let bytes = b"1 .M N... 100644 100644 100644 aaa bbb a b.txt\0\
            2 R. N... 100644 100644 100644 aaa bbb R100 new name\0old name\0\
            u UU N... 100644 100644 100644 100644 a b c both.txt\0\
            1 A. N... 000000 100644 100644 aaa bbb new.txt\0\
            1 .D N... 100644 100644 000000 aaa bbb gone\0\
            ? un\ntracked\0";
        let found: Vec<_> = parse_status(bytes).into_iter().map(|s| (s.path.display().to_string(), s.kind)).collect();
        let expected = [
            ("a b.txt", ChangeKind::Modified),
            ("new name", ChangeKind::Renamed),
            ("both.txt", ChangeKind::Conflicted),
            ("new.txt", ChangeKind::Added),
            ("gone", ChangeKind::Deleted),
            ("un\ntracked", ChangeKind::Untracked),
        ];
        assert_eq!(found, expected.map(|(path, kind)| (path.to_owned(), kind)));
    }
}
