//! Putting worktrees and branches right that a killed git, a moved directory or a foreign checkout left in disorder. Nothing is
//! discarded: what no reference leads to afterwards is kept under `refs/gt/kept`, broken files are moved aside.

use std::fs;
use std::path::{Path, PathBuf};

use git2::Oid;

use super::bare::short;
use super::remove::{is_reachable, keep};
use super::{Bare, Worktree};
use crate::base::{Error, Result, ResultExt, Timestamp, files};

/// Where unreadable reference files are moved to, inside the bare repository.
pub(super) const BROKEN: &str = "gt-broken";

/// Something git has begun here and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    /// A rebase.
    Rebase,
    /// Patches being applied (`git am`).
    Am,
    /// A merge.
    Merge,
    /// A cherry-pick.
    CherryPick,
    /// A revert.
    Revert,
}

impl Unfinished {
    /// The subcommand of git that has `--abort` for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rebase => "rebase",
            Self::Am => "am",
            Self::Merge => "merge",
            Self::CherryPick => "cherry-pick",
            Self::Revert => "revert",
        }
    }
}

impl Worktree {
    /// What git has begun here and not ended, as its files in the private directory tell (gitrepository-layout(5)).
    ///
    /// # Errors
    /// When the worktree can't be read.
    pub fn unfinished(&self) -> Result<Option<Unfinished>> {
        let private = self.private_dir()?;
        let there = |name: &str| private.join(name).exists();
        Ok(if there("rebase-apply/applying") {
            Some(Unfinished::Am)
        } else if there("rebase-merge") || there("rebase-apply") {
            Some(Unfinished::Rebase)
        } else if there("MERGE_HEAD") {
            Some(Unfinished::Merge)
        } else if there("CHERRY_PICK_HEAD") {
            Some(Unfinished::CherryPick)
        } else if there("REVERT_HEAD") {
            Some(Unfinished::Revert)
        } else {
            None
        })
    }

    /// Ends it and goes back to where it began. The caller keeps the files first, by a snapshot; commits made so far and stashed
    /// changes are kept under `refs/gt/kept`.
    ///
    /// # Errors
    /// When git can't go back.
    pub fn abandon(&self, unfinished: Unfinished) -> Result<()> {
        let bare = Bare { path: self.common_dir()? };
        let private = self.private_dir()?;
        let mut ids: Vec<Oid> = self.head().ok().and_then(|id| Oid::from_str(&id).ok()).into_iter().collect();
        let stash = files::read_optional(&private.join("rebase-merge/autostash"))?;
        ids.extend(stash.and_then(|text| Oid::from_str(text.trim()).ok()));
        let repository = self.repository()?;
        for id in ids {
            if repository.find_commit(id).is_ok() && !is_reachable(&bare, id)? {
                keep(&repository, &private, id)?;
            }
        }
        let ended = self.git().args([unfinished.as_str(), "--abort"]).output()?;
        if ended.success {
            return Ok(());
        }
        if unfinished == Unfinished::Rebase {
            // Its own files are only half written. The branch it was on has not moved: a rebase moves it at its end.
            return self.recover();
        }
        Err(ended.error()).with_context(|| format!("{} --abort in {}", unfinished.as_str(), self.path.display()))
    }

    /// Checks `branch` out again where `HEAD` is on no branch or on another one, and says in words what was done; `None` when it is
    /// checked out already. Commits made meanwhile go onto `branch` where they follow it; else they are kept.
    ///
    /// # Errors
    /// When changed files are in the way.
    pub fn return_to(&self, branch: &str) -> Result<Option<String>> {
        let now = self.branch()?;
        if now.as_deref() == Some(branch) {
            return Ok(None);
        }
        let bare = Bare { path: self.common_dir()? };
        let name = format!("refs/heads/{branch}");
        let tip = bare.rev(&name)?;
        let head = self.head()?;
        let from = now.as_deref().map_or_else(|| "no branch".to_owned(), |other| format!("the branch {other}"));
        if bare.is_ancestor(&tip, &head)? {
            let (count, _) = bare.ahead_behind(&head, &tip)?;
            if head != tip {
                bare.update_ref(&name, &head, Some(&tip))?;
            }
            self.git().args(["symbolic-ref", "-m", "gt: repair", "HEAD", &name]).run()?;
            return Ok(Some(format!("it was on {from}: back on {branch}, with {count} commit(s) made there")));
        }
        let id = Oid::from_str(&head)?;
        if !is_reachable(&bare, id)? {
            keep(&self.repository()?, &self.private_dir()?, id)?;
        }
        self.git()
            .args(["checkout", "--quiet", branch, "--"])
            .run()
            .map_err(|error| error.hint("commit or put aside what is changed there, then repair again"))
            .with_context(|| format!("check {branch} out in {}", self.path.display()))?;
        Ok(Some(format!("it was on {from} at {}: back on {branch}; that commit is kept", short(&head))))
    }

    /// Removes an `index.lock` that a killed git left; `true` when there was one and it is gone.
    ///
    /// # Errors
    /// When it can't be removed.
    pub fn unlock_index(&self) -> Result<bool> {
        let lock = self.private_dir()?.join("index.lock");
        let was = lock.exists();
        if was {
            self.clear_stale_index_lock()?;
        }
        Ok(was && !lock.exists())
    }

    /// Makes branch, index and files what they were at the snapshot `id` (see [`Worktree::snapshot`]). The caller has kept what is
    /// here now; a commit that nothing else leads to is kept under `refs/gt/kept`.
    ///
    /// # Errors
    /// When the snapshot has no commit under it, or git can't write.
    pub fn go_back_to(&self, id: &str) -> Result<()> {
        let repository = self.repository()?;
        let bare = Bare { path: self.common_dir()? };
        let snapshot = repository.find_commit(Oid::from_str(id)?).with_context(|| format!("snapshot {id}"))?;
        let base = snapshot.parent_id(0).with_context(|| format!("snapshot {} has no commit under it", short(id)))?;
        let before = Oid::from_str(&self.head()?)?;
        self.git().args(["reset", "--quiet", "--mixed", &base.to_string(), "--"]).run()?;
        if !is_reachable(&bare, before)? {
            keep(&repository, &self.private_dir()?, before)?;
        }
        // What is here and unknown to the snapshot goes: it is in the snapshot the caller has just made.
        let tree = snapshot.tree()?;
        let surplus: Vec<PathBuf> =
            self.status()?.into_iter().map(|file| file.path).filter(|path| tree.get_path(path).is_err()).collect();
        self.restore_files(id)?;
        for path in surplus {
            let path = self.path.join(path);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("remove {}", path.display()));
                }
                _ => {}
            }
        }
        if let Ok(staged) = snapshot.parent(1) {
            self.git().args(["read-tree", &staged.tree_id().to_string()]).run()?;
        }
        Ok(())
    }
}

impl Bare {
    /// Makes a branch again whose reference is unreadable or gone: where its reflog last saw it, else at the first of `elsewhere`
    /// that is a commit. Returns that commit; `None` when the branch is well.
    ///
    /// # Errors
    /// When no commit is known for it.
    pub fn mend_branch(&self, branch: &str, elsewhere: &[String]) -> Result<Option<String>> {
        let name = format!("refs/heads/{branch}");
        if let Ok(Some(_)) = self.find_rev(&name) {
            return Ok(None);
        }
        let log = files::read_optional(&self.path.join("logs").join(&name)).unwrap_or_default().unwrap_or_default();
        let logged = log.lines().rev().filter_map(|line| line.split(' ').nth(1)).map(str::to_owned);
        let is_commit =
            |id: &String| !id.bytes().all(|b| b == b'0') && self.find_rev(id).is_ok_and(|rev| rev.is_some());
        let Some(id) = logged.chain(elsewhere.iter().cloned()).filter(|id| !id.is_empty()).find(is_commit) else {
            return Err(Error::failed(format!("the branch {branch} is broken and nothing tells where it was"))
                .hint(format!("git -C {} fsck --lost-found shows commits without a name", self.path.display())));
        };
        let file = self.path.join(&name);
        if file.exists() {
            let aside = self.path.join(BROKEN);
            files::make_dirs(&aside, 0o755)?;
            let aside = aside.join(format!("{}-{}", branch.replace('/', "-"), Timestamp::now().unix_nanos()));
            fs::rename(&file, &aside).with_context(|| format!("move {} aside", file.display()))?;
        }
        if self.find_rev(&name)?.as_deref() != Some(id.as_str()) {
            self.update_ref(&name, &id, None)?;
        }
        Ok(Some(id))
    }

    /// Makes the directory `path` a worktree on `branch` again whose private git directory is gone; its files stay as they are.
    ///
    /// # Errors
    /// When it still has a private directory, or git can't write.
    pub fn adopt_worktree(&self, path: &Path, branch: &str) -> Result<Worktree> {
        let dot_git = path.join(".git");
        if Worktree::open(path).is_ok() || dot_git.is_dir() {
            return Err(Error::refused(format!("{} is a worktree already", path.display())));
        }
        self.rev(&format!("refs/heads/{branch}"))?;
        self.register(path, &format!("ref: refs/heads/{branch}\n"))?;
        let worktree = Worktree::open(path)?;
        worktree.git().args(["reset", "--quiet", "--mixed"]).run()?;
        Ok(worktree)
    }

    /// The worktree of ours that is registered for `path` and was moved by hand to one of `places`.
    ///
    /// # Errors
    /// When the repository can't be read.
    pub fn moved_from(&self, path: &Path, places: &[PathBuf]) -> Result<Option<PathBuf>> {
        let wanted = path.join(".git");
        for private in self.private_dirs()? {
            let registered = files::read_optional(&private.join("gitdir"))?.unwrap_or_default();
            if Path::new(registered.trim_end()) != wanted {
                continue;
            }
            for place in places {
                let link = files::read_optional(&place.join(".git")).unwrap_or_default().unwrap_or_default();
                let link = link.strip_prefix("gitdir:").map(|text| PathBuf::from(text.trim()));
                if link.is_some_and(|link| link == private || link.canonicalize().ok() == private.canonicalize().ok()) {
                    return Ok(Some(place.clone()));
                }
            }
        }
        Ok(None)
    }

    /// Drops those of the agent's snapshots that hold nothing beyond a commit `target` has. Returns how many went and how many stay.
    ///
    /// # Errors
    /// When the repository can't be read or written.
    pub fn thin_snapshots(&self, agent: &str, target: &str) -> Result<(usize, usize)> {
        let repository = self.repository()?;
        let (mut gone, mut stay) = (0, 0);
        for snapshot in self.snapshots(agent)? {
            let commit = repository.find_commit(Oid::from_str(&snapshot.id)?)?;
            let redundant = commit.parent_count() == 1
                && commit.parent(0)?.tree_id() == commit.tree_id()
                && self.is_ancestor(&commit.parent_id(0)?.to_string(), target)?;
            if redundant {
                self.git().args(["update-ref", "-d", &snapshot.reference, &snapshot.id]).run()?;
                gone += 1;
            } else {
                stay += 1;
            }
        }
        Ok((gone, stay))
    }

    /// Drops the reference `name` when every commit it leads to is in `target` too; `true` when it is gone.
    ///
    /// # Errors
    /// When the repository can't be read or written.
    pub fn drop_contained(&self, name: &str, target: &str) -> Result<bool> {
        let Some(id) = self.find_rev(name)? else { return Ok(false) };
        if !self.is_ancestor(&id, target)? {
            return Ok(false);
        }
        self.git().args(["update-ref", "-d", name, &id]).run().map(|_| true)
    }
}
