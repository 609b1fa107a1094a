//! A rig's shared repository: cloning it, reading it, and the worktrees made from it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use git2::{ErrorCode, ObjectType, Oid, Repository, Sort};
use serde::Serialize;

use super::command::Git;
use super::locks;
use crate::base::{Error, Result, ResultExt, Timestamp, text};

/// The bare repository that all worktrees of a rig share.
#[derive(Debug, Clone)]
pub struct Bare {
    /// Its directory.
    pub path: PathBuf,
}

/// One commit, for lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommitInfo {
    /// Forty hexadecimal digits.
    pub id: String,
    /// Who wrote it.
    pub author_name: String,
    /// Their mail address.
    pub author_email: String,
    /// The first line of its message.
    pub subject: String,
    /// When it was written.
    pub time: Timestamp,
}

impl CommitInfo {
    fn of(commit: &git2::Commit<'_>) -> Self {
        let author = commit.author();
        Self {
            id: commit.id().to_string(),
            author_name: String::from_utf8_lossy(author.name_bytes()).into_owned(),
            author_email: String::from_utf8_lossy(author.email_bytes()).into_owned(),
            subject: String::from_utf8_lossy(commit.summary_bytes().unwrap_or_default()).into_owned(),
            time: Timestamp::from_unix_nanos(commit.time().seconds().saturating_mul(1_000_000_000)),
        }
    }
}

impl Bare {
    /// Clones `url` into a new bare repository at `path`: the remote's branches under `refs/remotes/origin/`, and one local
    /// branch, `branch` or the remote's default. `progress` gets git's progress, line by line. On failure nothing is left.
    ///
    /// # Errors
    /// When `path` exists, the remote can't be read, is empty or has no such branch.
    pub fn clone_from(url: &str, path: &Path, branch: Option<&str>, progress: &mut dyn FnMut(&str)) -> Result<Self> {
        if path.exists() {
            return Err(Error::refused(format!("{} exists already", path.display())));
        }
        let bare = Self { path: path.to_owned() };
        bare.fill(url, branch, progress).inspect_err(|_| {
            let _ = fs::remove_dir_all(path);
        })?;
        Ok(bare)
    }

    fn fill(&self, url: &str, branch: Option<&str>, progress: &mut dyn FnMut(&str)) -> Result<()> {
        Git::anywhere().args(["init", "--quiet", "--bare"]).arg(&self.path).run()?;
        // A bare repository keeps no reflogs unless told to, and those are what a mistaken reset is undone from.
        self.git().args(["config", "core.logAllRefUpdates", "true"]).run()?;
        // Clones borrow objects from here, and what no reference leads to may still be someone's lost work.
        self.git().args(["config", "gc.pruneExpire", "never"]).run()?;
        self.git().args(["remote", "add", "--", "origin", url]).run()?;
        let what = || format!("clone {}", redact_url(url));
        self.git()
            .args(["fetch", "--progress", "--no-write-fetch-head", "origin"])
            .run_with_progress(progress)
            .map_err(|error| hide_secret(error, url))
            .with_context(what)?;
        let branches = self.remote_branches()?;
        let Some(first) = branches.first() else {
            return Err(Error::failed(format!("{}: the repository is empty", redact_url(url)))
                .hint("make a first commit there (git commit --allow-empty -m Start) and push it, then try again"));
        };
        let chosen = match branch {
            Some(branch) if branches.iter().any(|b| b == branch) => branch.to_owned(),
            Some(branch) => {
                let error = Error::not_found(format!("{} has no branch called {branch:?}", redact_url(url)));
                let near = text::nearest(branch, branches.iter().map(String::as_str));
                let list = || branches.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
                return Err(
                    error.hint(near.map_or_else(|| format!("branches: {}", list()), |b| format!("did you mean {b}?")))
                );
            }
            None => {
                // Fails when the remote's HEAD names no branch it has; one of the usual names will do then.
                self.git().args(["remote", "set-head", "origin", "--auto"]).output()?;
                let named = self.remote_head();
                let usual = ["main", "master", "trunk"].into_iter().find(|name| branches.iter().any(|b| b == name));
                named.or_else(|| usual.map(str::to_owned)).unwrap_or_else(|| first.clone())
            }
        };
        self.git()
            .args(["branch", "--quiet", "--no-track", "--", &chosen, &format!("refs/remotes/origin/{chosen}")])
            .run()?;
        self.git().args(["symbolic-ref", "HEAD", &format!("refs/heads/{chosen}")]).run()?;
        Ok(())
    }

    /// Opens the bare repository at `path`.
    ///
    /// # Errors
    /// When there is none.
    pub fn open(path: &Path) -> Result<Self> {
        let bare = Self { path: path.to_owned() };
        bare.repository().map(|_| bare)
    }

    pub(super) fn repository(&self) -> Result<Repository> {
        Repository::open_bare(&self.path)
            .map_err(Error::from)
            .map_err(|error| error.hint("the rig's .repo.git is missing or broken; restore it, or add the rig again"))
            .with_context(|| format!("repository {}", self.path.display()))
    }

    pub(super) fn git(&self) -> Git {
        Git::bare(&self.path)
    }

    /// The branch its `HEAD` names.
    ///
    /// # Errors
    /// When the repository can't be read or `HEAD` is detached.
    pub fn default_branch(&self) -> Result<String> {
        let repository = self.repository()?;
        let head = repository.find_reference("HEAD").context("HEAD")?;
        let target = head.symbolic_target().ok().flatten().and_then(|name| name.strip_prefix("refs/heads/"));
        target.map(str::to_owned).ok_or_else(|| Error::failed(format!("{}: HEAD names no branch", self.path.display())))
    }

    fn remote_branches(&self) -> Result<Vec<String>> {
        let repository = self.repository()?;
        let mut names = Vec::new();
        for reference in repository.references_glob("refs/remotes/origin/*")? {
            if let Ok(name) = reference?.name()
                && let Some(name) = name.strip_prefix("refs/remotes/origin/")
                && name != "HEAD"
            {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn remote_head(&self) -> Option<String> {
        let repository = self.repository().ok()?;
        let head = repository.find_reference("refs/remotes/origin/HEAD").ok()?;
        let name = head.symbolic_target().ok()??.strip_prefix("refs/remotes/origin/")?.to_owned();
        self.find_rev(&format!("refs/remotes/origin/{name}")).ok()?.map(|_| name)
    }

    /// Whether it has a remote called `origin`.
    pub fn has_origin(&self) -> bool {
        self.origin_url().is_some()
    }

    /// The address of `origin`, secrets included.
    pub fn origin_url(&self) -> Option<String> {
        let repository = self.repository().ok()?;
        let remote = repository.find_remote("origin").ok()?;
        remote.url().ok().map(str::to_owned)
    }

    /// Brings `refs/remotes/origin/` up to date.
    ///
    /// # Errors
    /// When there is no origin or it can't be reached.
    pub fn fetch(&self) -> Result<()> {
        let url = self.origin_url().unwrap_or_default();
        self.git()
            .args(["fetch", "--quiet", "--prune", "--no-write-fetch-head", "origin"])
            .run()
            .map(|_| ())
            .map_err(|error| hide_secret(error, &url))
            .with_context(|| format!("fetch {}", redact_url(&url)))
    }

    /// The commit `name` stands for, 40 hexadecimal digits.
    ///
    /// # Errors
    /// [`crate::base::Kind::NotFound`] when there is none.
    pub fn rev(&self, name: &str) -> Result<String> {
        self.find_rev(name)?
            .ok_or_else(|| Error::not_found(format!("no commit, branch or tag {name:?} in {}", self.path.display())))
    }

    /// The commit `name` stands for, or `None`.
    ///
    /// # Errors
    /// When the repository can't be read.
    pub fn find_rev(&self, name: &str) -> Result<Option<String>> {
        let repository = self.repository()?;
        match repository.revparse_single(name).and_then(|object| object.peel(ObjectType::Commit)) {
            Ok(commit) => Ok(Some(commit.id().to_string())),
            Err(error)
                if matches!(error.code(), ErrorCode::NotFound | ErrorCode::InvalidSpec | ErrorCode::Peel)
                    || error.class() == git2::ErrorClass::Invalid =>
            {
                Ok(None)
            }
            Err(error) => Err(error).with_context(|| format!("look up {name:?}")),
        }
    }

    /// Whether commit `a` is `b` or an ancestor of it.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn is_ancestor(&self, a: &str, b: &str) -> Result<bool> {
        let (a, b) = (self.oid(a)?, self.oid(b)?);
        Ok(a == b || self.repository()?.graph_descendant_of(b, a)?)
    }

    /// How many commits `a` has that `b` lacks, and the other way round.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn ahead_behind(&self, a: &str, b: &str) -> Result<(usize, usize)> {
        Ok(self.repository()?.graph_ahead_behind(self.oid(a)?, self.oid(b)?)?)
    }

    fn oid(&self, name: &str) -> Result<Oid> {
        Ok(Oid::from_str(&self.rev(name)?)?)
    }

    /// The commits that `head` has and `base` lacks, oldest first.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn commits(&self, base: &str, head: &str) -> Result<Vec<CommitInfo>> {
        let (base, head) = (self.oid(base)?, self.oid(head)?);
        let repository = self.repository()?;
        let mut walk = repository.revwalk()?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE)?;
        walk.push(head)?;
        walk.hide(base)?;
        walk.map(|id| Ok(CommitInfo::of(&repository.find_commit(id?)?))).collect()
    }

    /// The commit `name` stands for.
    ///
    /// # Errors
    /// When it is not there.
    pub fn commit(&self, name: &str) -> Result<CommitInfo> {
        Ok(CommitInfo::of(&self.repository()?.find_commit(self.oid(name)?)?))
    }

    /// Moves a reference; with `old`, only when it still stands there (40 zeros: only when it does not exist yet).
    ///
    /// # Errors
    /// [`crate::base::Kind::Refused`] when it stands elsewhere.
    pub fn update_ref(&self, name: &str, new: &str, old: Option<&str>) -> Result<()> {
        let repository = self.repository()?;
        let new_id = self.oid(new)?;
        let moved = || {
            let now = self.find_rev(name).ok().flatten();
            Error::refused(format!(
                "{name} is at {}, not at {}",
                now.as_deref().map_or("no commit", short),
                old.map_or("any", short)
            ))
            .hint("someone else moved it; look again and retry")
        };
        let start = Instant::now();
        loop {
            let result = match old {
                None => repository.reference(name, new_id, true, "gt"),
                Some(old) if old.bytes().all(|b| b == b'0') => repository.reference(name, new_id, false, "gt"),
                Some(old) => repository.reference_matching(name, new_id, true, Oid::from_str(old)?, "gt"),
            };
            match result {
                Ok(_) => return Ok(()),
                Err(error) if matches!(error.code(), ErrorCode::Exists | ErrorCode::Modified | ErrorCode::NotFound) => {
                    return Err(moved());
                }
                // Another process has the reference's lock file for the moment of its own change, or was killed in that moment.
                Err(error) if error.code() == ErrorCode::Locked && start.elapsed() < Duration::from_secs(5) => {
                    if !self.clear_stale_ref_lock(name)? {
                        std::thread::sleep(Duration::from_millis(10));
                    }
                }
                Err(error) => return Err(error).with_context(|| format!("move {name}")),
            }
        }
    }

    /// Removes the lock file of a reference when its owner must have been killed: nobody holds one for longer than the writing of
    /// a line takes. `true` when it is gone.
    fn clear_stale_ref_lock(&self, name: &str) -> Result<bool> {
        let lock = self.path.join(format!("{name}.lock"));
        match locks::age(&lock) {
            None => return Ok(true),
            Some(age) if age < locks::SETTLED => return Ok(false),
            Some(_) => {}
        }
        match std::fs::remove_file(&lock) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("remove {}", lock.display()))
            }
            _ => Ok(true),
        }
    }

    /// The contents of the file `path` in the commit `rev` stands for, or `None`.
    ///
    /// # Errors
    /// When `rev` is not there or the repository can't be read.
    pub fn file_at(&self, rev: &str, path: &str) -> Result<Option<Vec<u8>>> {
        let repository = self.repository()?;
        let tree = repository.find_commit(self.oid(rev)?)?.tree()?;
        match tree.get_path(Path::new(path)) {
            Ok(entry) if entry.kind() == Some(ObjectType::Blob) => {
                Ok(Some(repository.find_blob(entry.id())?.content().to_owned()))
            }
            Ok(_) => Ok(None),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("read {path} at {rev}")),
        }
    }
}

/// The first ten digits of a commit id.
pub(super) fn short(id: &str) -> &str {
    id.get(..10).unwrap_or(id)
}

/// The address without the password or token it may carry.
pub fn redact_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let host_end = rest.find('/').unwrap_or(rest.len());
    match rest[..host_end].rfind('@') {
        // A user name alone is no secret with ssh, and is often a token with https.
        Some(at) if rest[..at].contains(':') || scheme.starts_with("http") => format!("{scheme}://{}", &rest[at + 1..]),
        _ => url.to_owned(),
    }
}

fn hide_secret(error: Error, url: &str) -> Error {
    let redacted = redact_url(url);
    if redacted == url || url.is_empty() || !error.message().contains(url) {
        return error;
    }
    let hidden = Error::new(error.kind(), error.message().replace(url, &redacted));
    match error.hint_text() {
        Some(hint) => hidden.hint(hint),
        None => hidden,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_leave_the_address() {
        for (url, shown) in [
            ("https://me:token@host.example/a.git", "https://host.example/a.git"),
            ("https://token@host.example/a.git", "https://host.example/a.git"),
            ("ssh://git@host.example/a.git", "ssh://git@host.example/a.git"),
            ("git@host.example:a.git", "git@host.example:a.git"),
            ("/a/b@c", "/a/b@c"),
        ] {
            assert_eq!(redact_url(url), shown);
        }
    }
}
