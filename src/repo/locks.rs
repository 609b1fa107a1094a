//! Lock files that killed gits left in a shared repository: nobody would ever take them away, and each stands in the way of its own
//! reference, index or configuration.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Bare;
use crate::base::os::git_works_at;
use crate::base::{Result, ResultExt};

/// Where no lock of ours or of git's lies, and where there are many files.
const SKIPPED: [&str; 2] = ["objects", "hooks"];
/// How old a lock is that nobody can still hold: git writes for moments under one. A commit holds its index's for as long as its own
/// hooks run, which is why those are left to whoever heals the worktree.
const STALE: Duration = Duration::from_secs(60);
/// How old a lock is at least that is left over, also where no git works: whoever writes references without being a git, as we do, is in
/// no list of gits.
pub(super) const SETTLED: Duration = Duration::from_secs(2);

impl Bare {
    /// The lock files that are left over: those older than a minute that are no index's, and where no git works on the rig
    /// those older than two seconds.
    ///
    /// # Errors
    /// When the repository can't be read.
    pub fn leftover_locks(&self) -> Result<Vec<PathBuf>> {
        let mut found = self.lock_files()?;
        found.retain(|path| age(path).is_some_and(|age| age > SETTLED));
        if !found.is_empty() && git_works_at(self.path.parent().unwrap_or(&self.path), true) {
            let index = |path: &PathBuf| path.file_name().is_some_and(|name| name == "index.lock");
            found.retain(|path| !index(path) && age(path).is_some_and(|age| age > STALE));
        }
        found.sort();
        Ok(found)
    }

    /// Removes what [`Bare::leftover_locks`] finds; how many there were. Waits for those that are there and too young to tell.
    ///
    /// # Errors
    /// When one can't be removed.
    pub fn clear_locks(&self) -> Result<usize> {
        let began = Instant::now();
        let mut young = self.lock_files()?;
        loop {
            young.retain(|path| age(path).is_some_and(|age| age <= SETTLED));
            if young.is_empty() || began.elapsed() > SETTLED {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let found = self.leftover_locks()?;
        for path in &found {
            match fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("remove {}", path.display()));
                }
                _ => {}
            }
        }
        Ok(found.len())
    }

    /// All lock files of git's, whoever holds them.
    fn lock_files(&self) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        let mut left = vec![self.path.clone()];
        while let Some(directory) = left.pop() {
            let entries = match fs::read_dir(&directory) {
                // Worktrees and references come and go.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                other => other.with_context(|| format!("read {}", directory.display()))?,
            };
            for entry in entries.flatten() {
                let path = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    if !SKIPPED.iter().any(|name| path == self.path.join(name)) {
                        left.push(path);
                    }
                } else if is_gits(&path) {
                    found.push(path);
                }
            }
        }
        Ok(found)
    }
}

/// Whether it is a lock of git's: our own are held by the kernel and stay as files.
fn is_gits(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".lock") && !name.starts_with("gt-")
}

/// How old the file is; `None` when it is gone. One of the future, by another machine's clock, is new.
pub(super) fn age(path: &Path) -> Option<Duration> {
    let modified = fs::metadata(path).ok()?.modified().ok()?;
    Some(modified.elapsed().unwrap_or_default())
}
