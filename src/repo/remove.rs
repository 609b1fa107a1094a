//! Removing worktrees, which is refused while anything in them would be lost.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use git2::{Oid, Repository};

use super::bare::short;
use super::command::{Git, listed};
use super::{Bare, Worktree, unnamed};
use crate::base::{Error, Result, ResultExt, files};

/// Where commits are kept that only a removed worktree's reflog knew.
const KEPT_REFS: &str = "refs/gt/kept";

impl Bare {
    /// Removes the worktree at `path`. Its branch stays; commits that only its reflog knows are kept under `refs/gt/kept`; ignored
    /// files go. A worktree whose directory is gone already is only struck off the list.
    ///
    /// # Errors
    /// [`crate::base::Kind::Refused`] while something in it is not reachable from a reference: take a snapshot first.
    pub fn remove_worktree(&self, path: &Path) -> Result<()> {
        if !path.exists() {
            return self.prune_worktrees();
        }
        let worktree = Worktree::open(path)?;
        let repository = self.repository()?;
        let private = worktree.private_dir()?;
        if !private.starts_with(self.path.canonicalize().with_context(|| format!("{}", self.path.display()))?) {
            return Err(Error::refused(format!("{} is no worktree of {}", path.display(), self.path.display())));
        }
        let inner = worktree.changed_inner_repositories()?;
        if !inner.is_empty() {
            let inner: Vec<OsString> = inner.into_iter().map(PathBuf::into_os_string).collect();
            return Err(Error::refused(format!(
                "{}: it has repositories inside with changes of their own: {}",
                path.display(),
                listed(&inner, 5)
            ))
            .hint("commit and push what is in them, or delete them"));
        }
        if let Some(loss) = loss(self, &worktree, &repository, &private)? {
            return Err(Error::refused(format!("{}: {loss}", path.display())).hint("take a snapshot of it first"));
        }
        unnamed::name_all(&repository)?;
        keep_reflog(self, &repository, &private)?;
        // Forced: git's own check refuses what the snapshot has kept.
        self.git().args(["worktree", "remove", "--force", "--force", "--"]).arg(path).run()?;
        Ok(())
    }

    /// Strikes worktrees whose directories are gone off the list, keeping every commit they had checked out.
    ///
    /// # Errors
    /// When the repository can't be read or written.
    pub fn prune_worktrees(&self) -> Result<()> {
        let repository = self.repository()?;
        for private in self.private_dirs()? {
            let Some(dot_git) = files::read_optional(&private.join("gitdir"))? else { continue };
            if !Path::new(dot_git.trim_end()).exists() && !private.join("locked").exists() {
                let head = files::read_optional(&private.join("HEAD"))?.unwrap_or_default();
                if let Ok(head) = Oid::from_str(head.trim())
                    && repository.find_commit(head).is_ok()
                    && !is_reachable(self, head)?
                {
                    keep(&repository, &private, head)?;
                }
                keep_reflog(self, &repository, &private)?;
            }
        }
        self.git().args(["worktree", "prune", "--expire", "now"]).run().map(|_| ())
    }

    /// The private git directories of all worktrees.
    pub(super) fn private_dirs(&self) -> Result<Vec<PathBuf>> {
        let directory = self.path.join("worktrees");
        match fs::read_dir(&directory) {
            Ok(entries) => {
                let mut found = Vec::new();
                for entry in entries {
                    found.push(entry.with_context(|| format!("read {}", directory.display()))?.path());
                }
                found.sort();
                Ok(found)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error).with_context(|| format!("read {}", directory.display())),
        }
    }
}

/// What removing the worktree would lose, in words.
fn loss(bare: &Bare, worktree: &Worktree, repository: &Repository, private: &Path) -> Result<Option<String>> {
    let autostash = files::read_optional(&private.join("rebase-merge/autostash"))?;
    if let Some(stash) = autostash.as_deref().and_then(|text| Oid::from_str(text.trim()).ok())
        && !is_reachable(bare, stash)?
    {
        return Ok(Some("a rebase that is under way holds stashed changes".into()));
    }
    if worktree.branch()?.is_none() {
        let head = worktree.head()?;
        if !is_reachable(bare, Oid::from_str(&head)?)? {
            return Ok(Some(format!("its commit {} is on no branch", short(&head))));
        }
    }
    let changed = worktree.status()?;
    if changed.is_empty() || worktree.contents()?.is_kept(repository)? {
        return Ok(None);
    }
    let paths: Vec<OsString> = changed.into_iter().map(|file| file.path.into_os_string()).collect();
    Ok(Some(format!("{} changed or untracked file(s): {}", paths.len(), listed(&paths, 5))))
}

/// Those of `ids` that no reference leads to, and that no other of them leads to.
fn unreachable_tips(git: Git, ids: &[Oid]) -> Result<Vec<Oid>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // `--glob`, not `--all`: the latter counts the HEADs of worktrees in, which go with them.
    let text = git
        .args(["rev-list", "--topo-order", "--parents", "--ignore-missing"])
        .args(ids.iter().map(Oid::to_string))
        .args(["--not", "--glob=refs/*"])
        .run()?;
    let mut tips = Vec::new();
    let mut parents = HashSet::new();
    // Children come before their parents, so that what was not seen as a parent is a tip.
    for line in text.lines() {
        let mut words = line.split(' ').filter_map(|word| Oid::from_str(word).ok());
        let Some(id) = words.next() else { continue };
        if !parents.contains(&id) {
            tips.push(id);
        }
        parents.extend(words);
    }
    Ok(tips)
}

pub(super) fn is_reachable(bare: &Bare, id: Oid) -> Result<bool> {
    Ok(unreachable_tips(bare.git(), &[id])?.is_empty())
}

/// Whether a reference of `repository` leads to `id`.
pub(super) fn is_named(repository: &Repository, id: Oid) -> Result<bool> {
    Ok(unreachable_tips(Git::bare(repository.commondir()), &[id])?.is_empty())
}

/// Gives commits that only this worktree's reflog knows (amended, reset away) references of their own.
fn keep_reflog(bare: &Bare, repository: &Repository, private: &Path) -> Result<()> {
    let Some(log) = files::read_optional(&private.join("logs/HEAD"))? else { return Ok(()) };
    let ids: HashSet<Oid> = log
        .lines()
        .filter_map(|line| line.split(' ').nth(1).and_then(|id| Oid::from_str(id).ok()))
        .filter(|id| !id.is_zero() && repository.find_commit(*id).is_ok())
        .collect();
    let ids: Vec<Oid> = ids.into_iter().collect();
    for id in unreachable_tips(bare.git(), &ids)? {
        keep(repository, private, id)?;
    }
    Ok(())
}

/// Gives the commit a reference of its own under `refs/gt/kept`.
pub(super) fn keep(repository: &Repository, private: &Path, id: Oid) -> Result<()> {
    let name = private.file_name().map_or_else(|| "worktree".into(), |name| name.to_string_lossy().into_owned());
    let reference = format!("{KEPT_REFS}/{}/{}", super::snapshot::slug(&name), short(&id.to_string()));
    repository.reference(&reference, id, true, "kept when its worktree was removed")?;
    Ok(())
}
