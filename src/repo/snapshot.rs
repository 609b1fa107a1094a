//! Snapshots: all that is in a worktree, kept as a commit on a reference of its own, without the worktree noticing.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use git2::{ErrorCode, Oid, Repository, Signature};
use serde::Serialize;

use super::command::Git;
use super::unnamed::{self, Unnamed, name};
use super::{Bare, Worktree};
use crate::base::os::Process;
use crate::base::{Result, ResultExt, Timestamp};

/// Where snapshots lie: `refs/gt/hooks/<agent>/<n>`.
pub const SNAPSHOT_REFS: &str = "refs/gt/hooks";

/// What the names of our copies of the index begin with; the process's id follows.
const INDEX: &str = "gt-index-";

/// Files whose filter's program is not there (git-lfs on another machine) are kept as they are: a snapshot must not fail over them.
pub(super) const LENIENT: &str = "filter.lfs.required=false";

/// One snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// Its reference.
    pub reference: String,
    /// Its number, from 1.
    pub number: u64,
    /// Its commit.
    pub id: String,
    /// Why it was made.
    pub why: String,
    /// When it was made.
    pub time: Timestamp,
}

/// What a worktree holds at one moment: a commit, what is staged and all files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contents {
    pub head: Option<Oid>,
    /// `None` while the index is in conflict.
    pub staged: Option<Oid>,
    pub files: Oid,
}

impl Worktree {
    /// Keeps the whole worktree, untracked files included and ignored ones not, as a commit on the agent's next snapshot
    /// reference; index, `HEAD` and files are left alone. What is staged and differs from the files becomes the second parent.
    /// Returns the commit, or `None` when nothing has changed since the agent's last snapshot.
    ///
    /// # Errors
    /// When a file can't be read or the repository can't be written.
    pub fn snapshot(&self, agent: &str, why: &str) -> Result<Option<String>> {
        let repository = self.repository()?;
        unnamed::name_all(&repository)?;
        let contents = self.contents()?;
        let directory = format!("{SNAPSHOT_REFS}/{}", slug(agent));
        let last = list(&repository, &directory)?.pop();
        if let Some(last) = &last
            && contents_of(&repository, Oid::from_str(&last.id)?)? == contents.kept(&repository)?
        {
            return Ok(None);
        }
        let author = Signature::now(agent, &format!("{}@gastown.local", slug(agent)))?;
        let head: Vec<Oid> = contents.head.into_iter().collect();
        let mut parents = head.clone();
        let staged = contents.kept(&repository)?.staged;
        let staged = staged
            .map(|tree| Unnamed::new(&repository, &author, &format!("What was staged: {why}"), tree, &head))
            .transpose()?;
        parents.extend(staged.as_ref().map(|staged| staged.id));
        if let Some(staged) = &staged {
            staged.write(&repository)?;
        }
        let snapshot = Unnamed::new(&repository, &author, why, contents.files, &parents)?;
        snapshot.write(&repository)?;
        name(&repository, &directory, last.map_or(1, |last| last.number + 1), snapshot.id, why)?;
        snapshot.is_named(&repository)?;
        if let Some(staged) = staged {
            staged.is_named(&repository)?;
        }
        Ok(Some(snapshot.id.to_string()))
    }

    /// Makes the files what the snapshot `id` holds; index and `HEAD` are left alone.
    ///
    /// # Errors
    /// When the snapshot is not there or a file can't be written.
    pub fn restore_files(&self, id: &str) -> Result<()> {
        self.git()
            .config(LENIENT)
            .args(["restore", "--source", id, "--worktree", "--no-recurse-submodules", "--", ":/"])
            .run()
            .map(|_| ())
            .with_context(|| format!("restore {}", self.path.display()))
    }

    /// Writes all contents into the object store, through a copy of the index, so that unchanged files are not read again.
    pub(super) fn contents(&self) -> Result<Contents> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let private = self.private_dir()?;
        remove_abandoned(&private);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let index = Temporary(private.join(format!("{INDEX}{}-{number}", std::process::id())));
        match fs::copy(private.join("index"), &index.0) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).context("copy the index"),
            _ => {}
        }
        let git = || self.git().config(LENIENT).env("GIT_INDEX_FILE", &index.0);
        let tree = |text: String| Oid::from_str(text.trim()).context("write-tree");
        let staged = git().args(["write-tree"]).output()?;
        let staged = staged.success.then(|| tree(String::from_utf8_lossy(&staged.stdout).into_owned())).transpose()?;
        git()
            .config("advice.addEmbeddedRepo=false")
            .args(["add", "--all", "--", ":/"])
            .run()
            .with_context(|| format!("snapshot of {}", self.path.display()))?;
        let files = tree(git().args(["write-tree"]).run()?)?;
        let repository = self.repository()?;
        let head = match repository.head().and_then(|head| head.peel_to_commit()) {
            Ok(commit) => Some(commit.id()),
            Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => None,
            Err(error) => return Err(error).context("HEAD"),
        };
        Ok(Contents { head, staged, files })
    }
}

impl Bare {
    /// How the files of the commit `to` differ from those of `from`.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn diff(&self, from: &str, to: &str) -> Result<String> {
        diff(self.git(), from, &self.rev(to)?)
    }
}

pub(super) fn diff(git: Git, from: &str, to: &str) -> Result<String> {
    let options =
        ["--no-color", "--no-ext-diff", "--find-renames", "--src-prefix=a/", "--dst-prefix=b/", "--end-of-options"];
    let output = git.args(["diff"]).args(options).args([from, to, "--"]).output()?.check()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Contents {
    /// The same, with `staged` only where it is neither the commit's nor the files' state, which keep it already.
    pub(super) fn kept(&self, repository: &Repository) -> Result<Self> {
        let head_tree =
            self.head.map(|head| repository.find_commit(head).map(|commit| commit.tree_id())).transpose()?;
        let staged = self.staged.filter(|staged| *staged != self.files && Some(*staged) != head_tree);
        Ok(Self { staged, ..self.clone() })
    }

    /// Whether `repository` has a snapshot of exactly this.
    pub(super) fn is_kept(&self, repository: &Repository) -> Result<bool> {
        let wanted = self.kept(repository)?;
        for reference in repository.references_glob(&format!("{SNAPSHOT_REFS}/*"))? {
            if let Ok(id) = reference?.peel_to_commit().map(|commit| commit.id())
                && contents_of(repository, id)? == wanted
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn contents_of(repository: &Repository, snapshot: Oid) -> Result<Contents> {
    let commit = repository.find_commit(snapshot)?;
    let staged = commit.parent(1).ok().map(|parent| parent.tree_id());
    Ok(Contents { head: commit.parent_id(0).ok(), staged, files: commit.tree_id() })
}

impl Bare {
    /// The snapshots of an agent, oldest first.
    ///
    /// # Errors
    /// When the repository can't be read.
    pub fn snapshots(&self, agent: &str) -> Result<Vec<Snapshot>> {
        list(&self.repository()?, &format!("{SNAPSHOT_REFS}/{}", slug(agent)))
    }
}

pub(super) fn list(repository: &Repository, directory: &str) -> Result<Vec<Snapshot>> {
    let mut found = Vec::new();
    for reference in repository.references_glob(&format!("{directory}/*"))? {
        let reference = reference?;
        let Ok(name) = reference.name() else { continue };
        let Some(number) = name.strip_prefix(directory).and_then(|n| n.strip_prefix('/')).and_then(|n| n.parse().ok())
        else {
            continue;
        };
        let commit = reference.peel_to_commit()?;
        found.push(Snapshot {
            reference: name.to_owned(),
            number,
            id: commit.id().to_string(),
            why: String::from_utf8_lossy(commit.summary_bytes().unwrap_or_default()).into_owned(),
            time: Timestamp::from_unix_nanos(commit.time().seconds().saturating_mul(1_000_000_000)),
        });
    }
    found.sort_by_key(|snapshot| snapshot.number);
    Ok(found)
}

/// The agent's address as one part of a reference.
pub(super) fn slug(agent: &str) -> String {
    let mapped: String = agent
        .trim_matches('/')
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '-' })
        .collect();
    if mapped.is_empty() { "unknown".into() } else { mapped }
}

/// Removes the copies of the index that killed processes left.
fn remove_abandoned(private: &Path) {
    for entry in fs::read_dir(private).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(INDEX)).and_then(|rest| rest.split('-').next());
        if owner.is_some_and(|pid| pid.parse().ok().and_then(Process::find).is_none()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A file that goes when its owner goes, with the lock git may have left beside it.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let mut lock = self.0.clone().into_os_string();
        lock.push(".lock");
        let _ = fs::remove_file(&self.0);
        let _ = fs::remove_file(lock);
    }
}
