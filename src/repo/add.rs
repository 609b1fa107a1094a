//! Making worktrees.
//!
//! `git worktree add` writes the new worktree's private directory in place, file by file, and any other git that looks through the
//! worktrees at that moment (every fetch, rebase and new branch does) dies over a file that is still empty. With dozens of agents at
//! work that happens. So the private directory is made aside, in the layout of gitrepository-layout(5), and moved into place whole.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Bare, Worktree};
use crate::base::{Error, Result, ResultExt, files};

impl Bare {
    /// Makes a worktree at `path` on a new branch that starts at `start`.
    ///
    /// # Errors
    /// When the branch or the path exists already or `start` does not; nothing is left then.
    pub fn add_worktree(&self, path: &Path, branch: &str, start: &str) -> Result<Worktree> {
        let start = self.rev(start)?;
        let name = format!("refs/heads/{branch}");
        if !git2::Reference::is_valid_name(&name) {
            return Err(Error::usage(format!("not a branch name: {branch:?}")));
        }
        refuse_occupied(path)?;
        if let Err(error) = self.update_ref(&name, &start, Some(&"0".repeat(40))) {
            let there = self.find_rev(&name)?.is_some();
            let exists = || Error::refused(format!("the branch {branch} exists already in {}", self.path.display()));
            return Err(if there { exists() } else { error.context(format!("make the branch {branch}")) });
        }
        let result = self.make(path, &format!("ref: {name}\n"));
        if result.is_err() {
            // The branch is ours: it was not there before, and it holds nothing beyond its start.
            let _ = self.git().args(["update-ref", "-d", &name, &start]).output();
        }
        result
    }

    /// Makes a worktree at `path` on an existing branch.
    ///
    /// # Errors
    /// When the branch is not there or is checked out elsewhere, or the path exists already.
    pub fn add_worktree_on(&self, path: &Path, branch: &str) -> Result<Worktree> {
        let name = format!("refs/heads/{branch}");
        self.rev(&name)?;
        refuse_occupied(path)?;
        let head = format!("ref: {name}\n");
        for private in self.private_dirs()? {
            let theirs = files::read_optional(&private.join("HEAD"))?.unwrap_or_default();
            let place = checkout_of(&private)?;
            if theirs == head
                && let Some(place) = place.filter(|place| place.exists() && place != path)
            {
                return Err(Error::refused(format!("the branch {branch} is checked out in {}", place.display())));
            }
        }
        self.make(path, &head)
    }

    /// Makes a worktree at `path` on no branch, at the commit `start` stands for.
    ///
    /// # Errors
    /// When the path exists already or `start` does not.
    pub fn add_detached_worktree(&self, path: &Path, start: &str) -> Result<Worktree> {
        let start = self.rev(start)?;
        refuse_occupied(path)?;
        self.make(path, &format!("{start}\n"))
    }

    fn make(&self, path: &Path, head: &str) -> Result<Worktree> {
        let existed = path.exists();
        let made = self.register(path, head).and_then(|()| {
            let worktree = Worktree::open(path)?;
            worktree.git().args(["checkout", "--quiet", "--force"]).run()?;
            Ok(worktree)
        });
        if made.is_err() {
            let _ = if existed { fs::remove_file(path.join(".git")) } else { fs::remove_dir_all(path) };
            let _ = self.git().args(["worktree", "prune", "--expire", "now"]).run();
        }
        made.with_context(|| format!("worktree {}", path.display()))
    }

    /// Makes `path` a worktree with `head` as its `HEAD`, without an index and without writing a file of the project.
    pub(super) fn register(&self, path: &Path, head: &str) -> Result<()> {
        let here = self.path.canonicalize().with_context(|| format!("{}", self.path.display()))?;
        files::make_dirs(path, 0o755)?;
        let path = path.canonicalize()?;
        for private in self.private_dirs()? {
            // A worktree was here and its directory was removed by hand.
            if checkout_of(&private)?.is_some_and(|place| place == path) {
                self.prune_worktrees()?;
            }
        }
        let making = tempfile::Builder::new().prefix("gt-making-").tempdir_in(&here)?;
        let write = |name: &str, text: &str| fs::write(making.path().join(name), text);
        write("HEAD", head)?;
        write("commondir", "../..\n")?;
        write("gitdir", &format!("{}\n", path.join(".git").display()))?;
        files::make_dirs(&here.join("worktrees"), 0o755)?;
        let name =
            path.file_name().map_or_else(|| "worktree".into(), |name| super::snapshot::slug(&name.to_string_lossy()));
        let mut number = 0;
        loop {
            let id = if number == 0 { name.clone() } else { format!("{name}{number}") };
            let private = here.join("worktrees").join(id);
            if !private.exists() {
                // First this one, lest a prune finds the entry without it.
                fs::write(path.join(".git"), format!("gitdir: {}\n", private.display()))?;
                match fs::rename(making.path(), &private) {
                    Ok(()) => break,
                    Err(error)
                        if matches!(
                            error.kind(),
                            std::io::ErrorKind::DirectoryNotEmpty | std::io::ErrorKind::AlreadyExists
                        ) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            number += 1;
        }
        // It was moved away: nothing is left to be removed.
        let _ = making.keep();
        Ok(())
    }
}

fn refuse_occupied(path: &Path) -> Result<()> {
    if path.is_file() || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::refused(format!("{} exists already", path.display())));
    }
    Ok(())
}

/// The directory of the worktree whose private directory this is.
fn checkout_of(private: &Path) -> Result<Option<PathBuf>> {
    let dot_git = files::read_optional(&private.join("gitdir"))?;
    Ok(dot_git.and_then(|text| Path::new(text.trim_end()).parent().map(Path::to_owned)))
}
