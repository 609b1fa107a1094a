//! Looking at a worktree again and again without leaving a trace: the objects of its files go into a place of their own, which goes when
//! the looking ends, and what was read once is not read again.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use git2::Oid;

use super::Worktree;
use super::command::Git;
use super::patch::{Patch, compare};
use super::snapshot::{LENIENT, diff};
use crate::base::{Result, ResultExt};

/// What the names of our places begin with; the process's id follows.
const PLACE: &str = "gt-look-";
/// A place that has grown larger than this is left for a new one.
const LARGEST: u64 = 64 << 20;

/// What is kept from one look to the next.
#[derive(Debug, Default)]
pub struct Looker(Option<Kept>);

#[derive(Debug)]
struct Kept {
    worktree: PathBuf,
    place: Place,
    /// When the worktree's own index was last changed, and how long it was.
    index: Option<(SystemTime, u64)>,
    tree: String,
    /// The next look begins in a new place.
    full: bool,
}

/// A directory that goes when its owner goes.
#[derive(Debug)]
struct Place(PathBuf);

impl Place {
    fn new(private: &Path) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        remove_abandoned(private);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let place = Self(private.join(format!("{PLACE}{}-{number}", std::process::id())));
        fs::create_dir_all(place.objects()).with_context(|| format!("create {}", place.0.display()))?;
        Ok(place)
    }

    fn index(&self) -> PathBuf {
        self.0.join("index")
    }

    fn objects(&self) -> PathBuf {
        self.0.join("objects")
    }

    /// A command that writes its objects here, and reads those of the repository too.
    fn git(&self, worktree: &Worktree, objects: &Path) -> Git {
        worktree
            .git()
            .config(LENIENT)
            .env("GIT_OBJECT_DIRECTORY", self.objects())
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", quoted(objects))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What stays behind is removed by whoever looks here next.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Looker {
    /// The tree of all files of `worktree`, untracked ones included and ignored ones not; its repository is not written to.
    ///
    /// # Errors
    /// When a file can't be read or the worktree's private directory can't be written.
    pub fn tree(&mut self, worktree: &Worktree) -> Result<String> {
        let private = worktree.private_dir()?;
        let own = private.join("index");
        let index = fs::metadata(&own).ok().and_then(|about| Some((about.modified().ok()?, about.len())));
        let mut kept = match self.0.take() {
            Some(kept)
                if !kept.full && kept.worktree == worktree.path && kept.index == index && kept.place.0.exists() =>
            {
                kept
            }
            _ => {
                let place = Place::new(&private)?;
                match fs::copy(&own, place.index()) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).context("copy the index"),
                    _ => {}
                }
                Kept { worktree: worktree.path.clone(), place, index, tree: String::new(), full: false }
            }
        };
        let objects = worktree.common_dir()?.join("objects");
        let git = || kept.place.git(worktree, &objects).env("GIT_INDEX_FILE", kept.place.index());
        git()
            .config("advice.addEmbeddedRepo=false")
            .args(["add", "--all", "--", ":/"])
            .run()
            .with_context(|| format!("look at {}", worktree.path.display()))?;
        let tree = git().args(["write-tree"]).run()?.trim().to_owned();
        // Only what differs has written anything. What is there is needed until the next look.
        kept.full = kept.tree != tree && size(&kept.place.objects()) > LARGEST;
        kept.tree.clone_from(&tree);
        self.0 = Some(kept);
        Ok(tree)
    }

    /// How the tree of `to` differs from that of `from`: commits or trees, by their ids, those of looks included.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn patch(&self, worktree: &Worktree, from: &str, to: &str) -> Result<Patch> {
        let repository = worktree.repository()?;
        if let Some(kept) = self.0.as_ref().filter(|kept| kept.worktree == worktree.path)
            && let Some(objects) = kept.place.objects().to_str()
        {
            repository.odb()?.add_disk_alternate(objects)?;
        }
        compare(&repository, Oid::from_str(from)?, Oid::from_str(to)?)
    }
}

impl Worktree {
    /// How all files here, untracked ones included and ignored ones not, differ from the commit `rev` stands for.
    ///
    /// # Errors
    /// When `rev` is not there or a file can't be read.
    pub fn diff_from(&self, rev: &str) -> Result<String> {
        let mut looker = Looker::default();
        let files = looker.tree(self)?;
        let objects = self.common_dir()?.join("objects");
        let git = looker.0.as_ref().map_or_else(|| self.git(), |kept| kept.place.git(self, &objects));
        diff(git, rev, &files)
    }
}

/// A path as git takes it in a list of paths, whatever characters are in it.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\""))
}

fn size(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(about) if about.is_dir() => size(&entry.path()),
            Ok(about) => about.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Removes the places that killed processes left.
fn remove_abandoned(private: &Path) {
    for entry in fs::read_dir(private).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PLACE)).and_then(|rest| rest.split('-').next());
        let owner = owner.and_then(|pid| pid.parse().ok()).map(nix::unistd::Pid::from_raw);
        if owner.is_some_and(|pid| nix::sys::signal::kill(pid, None) == Err(nix::errno::Errno::ESRCH)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
