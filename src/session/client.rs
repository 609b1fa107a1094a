//! The client's end of the protocol.

use std::io::{ErrorKind, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::fds::Receiver;
use super::place::Place;
use super::record::SessionRecord;
use super::wire::{self, AttachMode, ClientMsg, FrameReader, PROTOCOL, ServerMsg, Status};
use super::{holding, registry};
use crate::base::{Error, Kind, Result, ResultExt};
use crate::terminal::{Found, Lines};
use crate::town::Town;

/// How long a host may take to answer; it never blocks, so that only a stopped or hopelessly overloaded one takes longer.
const ANSWER: Duration = Duration::from_secs(10);

/// A connection to a session's host.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    reader: FrameReader,
    name: String,
    address: String,
    version: u16,
}

impl Client {
    /// Connects to the session called `name`.
    ///
    /// # Errors
    /// [`crate::base::Kind::NotFound`] when no such session runs; otherwise when its host does not answer.
    pub fn connect(town: &Town, name: &str) -> Result<Client> {
        let find = || {
            registry::find(town, name)?
                .ok_or_else(|| Error::not_found(format!("no session {name}")).hint("gt session list"))
        };
        match Self::connect_record(&find()?) {
            Err(error) if error.kind() == Kind::NotFound => {
                // Its host may have been killed, and another one be on its way.
                holding::await_adoption(&Place::of(town)?, name)?;
                let record = find()?;
                if record.exit.is_none() && record.host_alive() { Self::connect_record(&record) } else { Err(error) }
            }
            other => other,
        }
    }

    /// Connects to the session of `record`.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub fn connect_record(record: &SessionRecord) -> Result<Client> {
        let name = &record.name;
        if let Some(exit) = &record.exit {
            return Err(Error::not_found(format!("session {name} has ended: {}", exit.words()))
                .hint(format!("its last screen: gt peek {name}")));
        }
        Self::connect_socket(name, &record.socket)
    }

    /// Connects to whoever listens on `socket`, as the session called `name`.
    pub(super) fn connect_socket(name: &str, socket: &Path) -> Result<Client> {
        let stream = UnixStream::connect(socket).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                Error::not_found(format!("session {name} does not run: its host is gone")).hint("gt session list")
            }
            _ => Error::failed(format!("connect to {}: {error}", socket.display())),
        })?;
        let mut client = Client {
            stream,
            reader: FrameReader::default(),
            name: name.to_owned(),
            address: String::new(),
            version: 0,
        };
        client.stream.set_write_timeout(Some(ANSWER))?;
        client.send(&ClientMsg::Hello { version: PROTOCOL })?;
        match client.recv(ANSWER)? {
            Some(ServerMsg::Hello { version, address, .. }) => {
                client.version = version;
                client.address = address;
                Ok(client)
            }
            Some(other) => Err(Error::failed(format!("session {name}: its host speaks another protocol ({other:?})"))
                .hint("the host was started by a different version of gt; `gt session stop` ends it")),
            None => Err(Error::failed(format!("session {name}: its host does not answer"))
                .hint("the host may be stopped; `gt session list` shows its pid")),
        }
    }

    /// The session's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The agent's address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The protocol version the host speaks.
    pub fn host_version(&self) -> u16 {
        self.version
    }

    /// Sends a message.
    ///
    /// # Errors
    /// When the host is gone or does not read.
    pub fn send(&mut self, message: &ClientMsg) -> Result<()> {
        let mut frame = Vec::new();
        wire::put(&mut frame, message)?;
        self.stream.write_all(&frame).with_context(|| format!("session {}", self.name))
    }

    /// Receives a message; `None` when none came in time.
    ///
    /// # Errors
    /// When the host is gone or speaks nonsense.
    pub fn recv(&mut self, timeout: Duration) -> Result<Option<ServerMsg>> {
        let end = Instant::now() + timeout;
        loop {
            if let Some(message) = self.reader.next().with_context(|| format!("session {}", self.name))? {
                return Ok(Some(message));
            }
            let left = end.saturating_duration_since(Instant::now());
            // Rounded up, or the last millisecond would be spent spinning.
            let millis = u16::try_from(left.as_millis() + u128::from(!left.is_zero())).unwrap_or(u16::MAX);
            let mut fds = [PollFd::new(self.stream.as_fd(), PollFlags::POLLIN)];
            match poll(&mut fds, PollTimeout::from(millis)) {
                Ok(0) if left.is_zero() => return Ok(None),
                Ok(0) | Err(nix::errno::Errno::EINTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(Error::from(error).context(format!("session {}", self.name))),
            }
            match self.reader.fill(&mut self.stream) {
                Ok(0) => return Err(Error::not_found(format!("session {} has ended", self.name))),
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    return Err(Error::not_found(format!("session {} has ended", self.name)));
                }
                Err(error) => return Err(Error::from(error).context(format!("session {}", self.name))),
            }
        }
    }

    /// Asks for the screen and its changes from now on.
    ///
    /// # Errors
    /// When the host is gone.
    pub fn attach(&mut self, mode: AttachMode, size: Option<(u16, u16)>) -> Result<()> {
        self.send(&ClientMsg::Attach { mode, size })
    }

    /// Asks for the status.
    ///
    /// # Errors
    /// When the host is gone or does not answer.
    pub fn status(&mut self) -> Result<Status> {
        self.send(&ClientMsg::Status)?;
        self.answer(ANSWER, |message| match message {
            ServerMsg::Status(status) => Some(*status),
            _ => None,
        })
    }

    /// Up to `count` lines of scrollback and screen from number `from` on, with their numbers; a number below the oldest line's means
    /// that one. On the alternate screen they are the main screen's. At most [`wire::MAX_LINES`] come at once.
    ///
    /// # Errors
    /// When the host is gone or does not answer.
    pub fn history(&mut self, from: u64, count: u32) -> Result<Lines> {
        self.needs(2, "show its scrollback")?;
        self.send(&ClientMsg::History { from, count })?;
        self.answer(ANSWER, |message| match message {
            ServerMsg::History(lines) => Some(lines),
            _ => None,
        })
    }

    /// Where `text` stands in lines below number `before`, the lowest first, at most `limit` places.
    ///
    /// # Errors
    /// When the host is gone or does not answer.
    pub fn search(&mut self, text: &str, before: u64, limit: u32) -> Result<Found> {
        self.needs(2, "be searched")?;
        self.send(&ClientMsg::Search { text: text.to_owned(), before, limit })?;
        self.answer(ANSWER, |message| match message {
            ServerMsg::Found(found) => Some(found),
            _ => None,
        })
    }

    /// The text from one place, line and column, to before another.
    ///
    /// # Errors
    /// When the host is gone or does not answer.
    pub fn select(&mut self, from: (u64, u16), to: (u64, u16)) -> Result<String> {
        self.needs(2, "be copied from")?;
        self.send(&ClientMsg::Select { from, to })?;
        self.answer(ANSWER, |message| match message {
            ServerMsg::Text(text) => Some(text),
            _ => None,
        })
    }

    /// Gets the descriptors of the terminal and of the program; before anything else is asked.
    pub(super) fn hold(&mut self) -> Result<Vec<OwnedFd>> {
        self.needs(2, "be taken over")?;
        self.send(&ClientMsg::Hold)?;
        let end = Instant::now() + ANSWER;
        let mut receiver = Receiver { socket: &self.stream, fds: Vec::new() };
        while Instant::now() < end {
            match self.reader.next()? {
                Some(ServerMsg::Held) => return Ok(receiver.fds),
                Some(ServerMsg::Error(message)) => return Err(Error::failed(message)),
                Some(_) => continue,
                None => {}
            }
            let mut fds = [PollFd::new(self.stream.as_fd(), PollFlags::POLLIN)];
            if poll(&mut fds, PollTimeout::from(100u16)).is_ok_and(|count| count > 0)
                && self.reader.fill(&mut receiver)? == 0
            {
                return Err(Error::not_found(format!("session {} has ended", self.name)));
            }
        }
        Err(Error::failed(format!("session {}: its host does not answer", self.name)))
    }

    /// Has the host become the program `binary`; returns the version it then is.
    ///
    /// # Errors
    /// When the host refuses, which leaves it as it is.
    pub fn upgrade(&mut self, binary: &Path) -> Result<String> {
        self.needs(2, "be upgraded in place")?;
        self.send(&ClientMsg::Upgrade { binary: binary.to_owned() })?;
        self.answer(ANSWER * 3, |message| match message {
            ServerMsg::Upgraded(version) => Some(version),
            _ => None,
        })
    }

    /// An error unless the host speaks version `least`, without which it can't `what`.
    pub(super) fn needs(&self, least: u16, what: &str) -> Result<()> {
        if self.version >= least {
            return Ok(());
        }
        Err(Error::refused(format!("session {} can't {what}: its host is of an older version of gt", self.name))
            .hint(format!("gt session stop {} and a new start make it a newer one", self.name)))
    }

    /// Waits for the message that `pick` takes; others are dropped.
    pub(super) fn answer<T>(&mut self, timeout: Duration, pick: impl Fn(ServerMsg) -> Option<T>) -> Result<T> {
        let end = Instant::now() + timeout;
        loop {
            match self.recv(end.saturating_duration_since(Instant::now()))? {
                Some(ServerMsg::Error(message)) => return Err(Error::failed(message)),
                Some(message) => {
                    if let Some(answer) = pick(message) {
                        return Ok(answer);
                    }
                }
                None => return Err(Error::failed(format!("session {}: its host does not answer", self.name))),
            }
        }
    }

    /// A second handle to the same connection, for a thread that only sends.
    ///
    /// # Errors
    /// When the descriptor can't be duplicated.
    pub fn sender(&self) -> Result<Sender> {
        Ok(Sender { stream: self.stream.try_clone().with_context(|| format!("session {}", self.name))? })
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// The sending half of a [`Client`].
#[derive(Debug)]
pub struct Sender {
    stream: UnixStream,
}

impl Sender {
    /// Sends a message.
    ///
    /// # Errors
    /// When the host is gone or does not read.
    pub fn send(&mut self, message: &ClientMsg) -> Result<()> {
        let mut frame = Vec::new();
        wire::put(&mut frame, message)?;
        Ok(self.stream.write_all(&frame)?)
    }
}
