//! Advisory locks between processes (flock(2)); the kernel drops them when the holder dies.

use std::fs::{File, OpenOptions};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::{Error, Result, ResultExt};

/// An exclusive lock, held until dropped.
#[derive(Debug)]
pub struct Lock {
    held: Flock<File>,
}

fn open(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("open lock {}", path.display()))
}

impl Lock {
    /// Takes the lock on `path` (made when missing), or returns `None` when another process holds it.
    ///
    /// # Errors
    /// When the file can't be opened.
    pub fn try_acquire(path: &Path) -> Result<Option<Self>> {
        match Flock::lock(open(path)?, FlockArg::LockExclusiveNonblock) {
            Ok(held) => Ok(Some(Self { held })),
            Err((_, Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, error)) => Err(Error::from(error).context(format!("lock {}", path.display()))),
        }
    }

    /// Takes the lock on `path`, waiting for its holder.
    ///
    /// # Errors
    /// When the file can't be opened or the wait is interrupted.
    pub fn acquire(path: &Path) -> Result<Self> {
        Flock::lock(open(path)?, FlockArg::LockExclusive)
            .map(|held| Self { held })
            .map_err(|(_, error)| Error::from(error).context(format!("lock {}", path.display())))
    }

    /// The lock whose open file `fd` is, as a process has it that another became.
    ///
    /// # Errors
    /// When somebody else holds the lock after all.
    pub fn inherited(fd: OwnedFd) -> Result<Self> {
        Flock::lock(File::from(fd), FlockArg::LockExclusiveNonblock)
            .map(|held| Self { held })
            .map_err(|(_, error)| Error::from(error).context("keep the lock"))
    }

    /// Whether some process holds the lock on `path` now; a missing file is not held.
    pub fn is_held(path: &Path) -> bool {
        path.exists()
            && match OpenOptions::new().read(true).open(path) {
                // A shared lock does not disturb a holder that is only just starting.
                Ok(file) => matches!(Flock::lock(file, FlockArg::LockSharedNonblock), Err((_, Errno::EWOULDBLOCK))),
                Err(_) => false,
            }
    }
}

impl AsFd for Lock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.held.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_taker_is_told() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("x.lock");
        assert!(!Lock::is_held(&path));
        let held = Lock::try_acquire(&path)?;
        assert!(held.is_some() && Lock::is_held(&path));
        assert!(Lock::try_acquire(&path)?.is_none());
        drop(held);
        assert!(!Lock::is_held(&path));
        Ok(())
    }
}
