//! Holding sessions: a process beside the hosts, the town's daemon, keeps a duplicate of each terminal and a descriptor of each program,
//! so that a host that is killed can be replaced and its program never notices.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::client::Client;
use super::place::Place;
use super::record::SessionRecord;
use super::wire::ServerMsg;
use super::{registry, start};
use crate::base::{Error, Kind, Result};
use crate::town::Town;

/// How long the holder may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a new host may take to come up.
const ADOPTION: Duration = Duration::from_secs(20);

/// What the holder is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// There is a new session of this name.
    Look(String),
    /// Whether it holds the session of this name, and so will replace its host.
    Holds(String),
    /// Let go of the session of this name.
    Release(String),
}

/// Where the holder of a town listens.
///
/// # Errors
/// When the socket directory can't be made.
pub fn socket(town: &Town) -> Result<PathBuf> {
    Ok(path(&Place::of(town)?))
}

fn path(place: &Place) -> PathBuf {
    // Not `.sock`: that is what sessions' sockets end in.
    place.sockets.join("holder")
}

/// Asks the holder. Without one nothing is held.
pub(super) fn ask(place: &Place, what: &Ask) -> bool {
    let asked = || -> Result<bool> {
        let mut stream = UnixStream::connect(path(place))?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.set_write_timeout(Some(ANSWER))?;
        let mut line = serde_json::to_vec(what)?;
        line.push(b'\n');
        stream.write_all(&line)?;
        let mut answer = String::new();
        BufReader::new(stream.take(64)).read_line(&mut answer)?;
        Ok(answer.trim() == "true")
    };
    asked().unwrap_or(false)
}

/// Tells the holder of a new session; does not wait for it.
pub(super) fn announce(place: &Place, name: &str) {
    if let Ok(mut stream) = UnixStream::connect(path(place))
        && let Ok(mut line) = serde_json::to_vec(&Ask::Look(name.to_owned()))
    {
        line.push(b'\n');
        // One that does not hear it looks for new sessions by itself, a little later.
        let _ = stream.set_nonblocking(true).and_then(|()| stream.write_all(&line));
    }
}

/// While a new host is on its way for the session called `name`, waits for it.
///
/// # Errors
/// When the record can't be read.
pub(super) fn await_adoption(place: &Place, name: &str) -> Result<()> {
    let end = Instant::now() + ADOPTION;
    while Instant::now() < end {
        let orphaned = SessionRecord::read(&place.directory(name))?.is_some_and(|record| record.is_orphaned());
        if !orphaned || !ask(place, &Ask::Holds(name.to_owned())) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// A session that is held.
#[derive(Debug)]
pub struct Held {
    name: String,
    client: Client,
    terminal: OwnedFd,
    program: OwnedFd,
}

/// What the host of a held session has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Nothing.
    None,
    /// It ends the session.
    Ends,
    /// It is gone.
    Gone,
}

/// Takes hold of the session of `record`.
///
/// # Errors
/// When its host does not answer, or is of a version that can't be replaced.
pub fn hold(record: &SessionRecord) -> Result<Held> {
    let mut client = Client::connect_record(record)?;
    let fds = client.hold()?;
    let Ok([terminal, program]) = <[OwnedFd; 2]>::try_from(fds) else {
        return Err(Error::failed(format!("session {}: its host did not give its terminal", record.name)));
    };
    Ok(Held { name: record.name.clone(), client, terminal, program })
}

impl Held {
    /// The session's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What has come from the host since the last call; does not wait.
    pub fn news(&mut self) -> News {
        loop {
            match self.client.recv(Duration::ZERO) {
                Ok(Some(ServerMsg::Release | ServerMsg::Exit(_))) => return News::Ends,
                Ok(Some(_)) => {}
                Ok(None) => return News::None,
                Err(_) => return News::Gone,
            }
        }
    }

    /// Replaces the host, which is gone, by a new one; `None` when the session has ended in good order, or is not without a host.
    ///
    /// # Errors
    /// When the new host does not come up.
    pub fn adopt(&self, town: &Town) -> Result<Option<SessionRecord>> {
        let Some(record) = registry::find(town, &self.name)? else { return Ok(None) };
        if !record.is_orphaned() {
            return Ok(None);
        }
        match start::adopt(town, &record, &[self.terminal.as_fd(), self.program.as_fd()]) {
            // Somebody was faster.
            Err(error) if error.kind() == Kind::Refused => Ok(None),
            other => other.map(Some),
        }
    }

    /// Whether the host has not ended yet although its connection has.
    ///
    /// # Errors
    /// When the record can't be read.
    pub fn host_lingers(&self, town: &Town) -> Result<bool> {
        Ok(registry::find(town, &self.name)?.is_some_and(|record| record.exit.is_none() && record.host_alive()))
    }
}

impl AsFd for Held {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.client.as_fd()
    }
}
