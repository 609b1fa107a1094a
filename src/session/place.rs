//! Where a town keeps its sessions.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::base::{Error, Result, files};
use crate::town::Town;

/// Unix socket addresses hold 107 bytes and a final zero.
const MAX_SOCKET_PATH: usize = 107;

/// The lock in a session's directory that says whose the name is now: the host's for its life, or that of whoever settles a dead one.
pub(super) const HOST_LOCK: &str = "host.lock";

/// The directories of a town's sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// One directory a session, with its record and last screen.
    pub sessions: PathBuf,
    /// The sockets; ours alone.
    pub sockets: PathBuf,
    /// The town's id, part of every session's mark.
    pub town_id: String,
}

impl Place {
    /// The place of `town`'s sessions; makes the socket directory when missing.
    ///
    /// # Errors
    /// When the socket directory can't be made or is someone else's.
    pub fn of(town: &Town) -> Result<Place> {
        Ok(Place { sessions: town.sessions_dir(), sockets: town.socket_dir()?, town_id: town.id.clone() })
    }

    /// The directory of the session called `name`.
    pub fn directory(&self, name: &str) -> PathBuf {
        self.sessions.join(name)
    }

    /// Makes the directory of the session called `name`.
    pub(super) fn make_directory(&self, name: &str) -> Result<PathBuf> {
        check_name(name)?;
        files::make_dirs(&self.sessions, 0o700)?;
        let directory = self.directory(name);
        files::make_dirs(&directory, 0o700)?;
        Ok(directory)
    }

    /// The socket of the session called `name`; a name too long for a socket address is replaced by its hash.
    pub(super) fn socket(&self, name: &str) -> Result<PathBuf> {
        let path = self.sockets.join(format!("{name}.sock"));
        if path.as_os_str().len() <= MAX_SOCKET_PATH {
            return Ok(path);
        }
        let hash: String = Sha256::digest(name.as_bytes()).iter().take(8).map(|b| format!("{b:02x}")).collect();
        let path = self.sockets.join(format!("s-{hash}.sock"));
        if path.as_os_str().len() > MAX_SOCKET_PATH {
            return Err(Error::failed(format!("the socket directory {} has too long a path", self.sockets.display()))
                .hint("set XDG_RUNTIME_DIR to a directory with a path under 60 characters"));
        }
        Ok(path)
    }
}

/// Session names become file names: `[a-z0-9_-]`, not empty, not too long.
fn check_name(name: &str) -> Result<()> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    if name.is_empty() || name.len() > 120 || !name.bytes().all(plain) {
        return Err(Error::usage(format!("not a session name: {name:?}"))
            .hint("session names are made of a-z, 0-9, `_` and `-`, at most 120 of them"));
    }
    Ok(())
}
