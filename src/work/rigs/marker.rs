//! The mark on a rig that is being added, so that one whose adding was killed can be told from all else and cleaned up.

use std::fs;
use std::path::{Path, PathBuf};

use crate::base::lock::Lock;
use crate::base::{Error, Result, ResultExt};
use crate::town::Town;
use crate::work::Desk;

const FILE: &str = ".adding.json";

/// A directory that is being made into a rig. The mark is locked by its maker, and the kernel drops the lock when that dies.
pub(super) struct Marker {
    directory: PathBuf,
    _lock: Lock,
}

impl Marker {
    /// Makes `directory`, which has to be missing or empty, and marks it.
    pub fn set(directory: &Path) -> Result<Self> {
        match fs::create_dir(directory) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("make directory {}", directory.display())),
            Ok(()) => {}
        }
        let others = || -> Result<bool> {
            let mut entries = fs::read_dir(directory).with_context(|| format!("read {}", directory.display()))?;
            Ok(entries.any(|entry| entry.is_ok_and(|entry| entry.file_name() != FILE)))
        };
        let occupied = || {
            Error::refused(format!("{} exists already and is not empty", directory.display()))
                .hint("move it away, choose another name, or --adopt it when it is a rig that was removed")
        };
        if others()? {
            return Err(occupied());
        }
        let busy = || Error::refused(format!("{} is being added by another gt", directory.display()));
        let mark = directory.join(FILE);
        let lock = Lock::try_acquire(&mark)?.ok_or_else(busy)?;
        // Another gt may have found the directory empty too, and be through with it by now: then the mark locked here is either
        // gone from the directory, or new in a whole rig.
        if !mark.exists() {
            return Err(busy());
        }
        if others()? {
            let _ = fs::remove_file(&mark);
            return Err(occupied());
        }
        let text = format!("{{\"type\": \"adding\", \"version\": 1, \"pid\": {}}}\n", std::process::id());
        fs::write(&mark, text).with_context(|| format!("mark {}", directory.display()))?;
        Ok(Self { directory: directory.to_owned(), _lock: lock })
    }

    /// The rig is whole.
    pub fn done(self) -> Result<()> {
        fs::remove_file(self.directory.join(FILE)).with_context(|| format!("unmark {}", self.directory.display()))
    }

    /// The rig is not to be: removes the directory, the mark last.
    pub fn undo(self) -> Result<()> {
        remove_marked(&self.directory)
    }
}

fn remove_marked(directory: &Path) -> Result<()> {
    let what = || format!("remove {}", directory.display());
    let mut tries = 0;
    loop {
        let removed = fs::read_dir(directory).and_then(|entries| {
            for entry in entries {
                let entry = entry?;
                if entry.file_name() == FILE {
                    continue;
                }
                if entry.file_type()?.is_dir() {
                    fs::remove_dir_all(entry.path())?
                } else {
                    fs::remove_file(entry.path())?
                }
            }
            fs::remove_file(directory.join(FILE))?;
            fs::remove_dir(directory)
        });
        match removed {
            Ok(()) => return Ok(()),
            // A git that outlived its gt by a moment may still have been writing.
            Err(_) if tries < 40 && directory.join(FILE).exists() => {
                tries += 1;
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).with_context(what),
        }
    }
}

/// Waits for this process's turn to mark, or to look for marks: a directory between being made and its mark being locked looks
/// abandoned to others.
pub(super) fn turn(town: &Town) -> Result<Lock> {
    Lock::acquire(&town.runtime_dir().join("rigs.lock"))
}

/// The directories in the town that carry a mark nobody holds.
fn abandoned(town: &Town) -> Result<Vec<(PathBuf, Lock)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(&town.root).with_context(|| format!("read {}", town.root.display()))? {
        let directory = entry?.path();
        let mark = directory.join(FILE);
        if mark.is_file()
            && let Some(lock) = Lock::try_acquire(&mark)?
            && mark.is_file()
        {
            found.push((directory, lock));
        }
    }
    Ok(found)
}

/// Cleans up rigs whose adding was killed: one that the registry has is whole and only loses its mark; any other goes, with its
/// store in the ledger. Returns the names of those that went.
///
/// # Errors
/// When something can't be removed.
pub fn clean_up_half_made(desk: &mut Desk) -> Result<Vec<String>> {
    let _turn = turn(&desk.town)?;
    let mut gone = Vec::new();
    for (directory, _lock) in abandoned(&desk.town)? {
        let name = directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if desk.town.rigs()?.iter().any(|rig| rig.name == name) {
            let mark = directory.join(FILE);
            fs::remove_file(&mark).with_context(|| format!("remove {}", mark.display()))?;
            continue;
        }
        forget_store(desk, &name, &directory)?;
        remove_marked(&directory)?;
        gone.push(name);
    }
    Ok(gone)
}

/// Takes the store of a rig that is not to be out of the ledger.
pub(super) fn forget_store(desk: &mut Desk, name: &str, directory: &Path) -> Result<()> {
    let ours =
        desk.ledger.stores()?.into_iter().any(|store| store.name == name && store.beads_dir.starts_with(directory));
    if ours { desk.ledger.remove_store(name) } else { Ok(()) }
}
