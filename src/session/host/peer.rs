//! A client of the host, and what it has been sent.

use std::io::{ErrorKind, Write};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::base::{Error, Result};
use crate::session::wire::{self, AttachMode, ClientMsg, Delta, FrameReader, ServerMsg};
use crate::session::{fds, program};
use crate::terminal::Emulator;

/// Between two frames of one client: at most 60 a second.
const FRAME: Duration = Duration::from_micros(16_600);
/// While this much waits for a client, it gets no new frame: it will get the then current screen.
const BUSY: usize = 64 * 1024;
/// A client that lets this much wait is cut off.
const DEAF: usize = 8 * 1024 * 1024;

/// A connected client.
pub(super) struct Peer {
    pub id: u64,
    pub stream: UnixStream,
    /// The client's process.
    pub pid: i32,
    pub greeted: bool,
    pub mode: Option<AttachMode>,
    pub size: Option<(u16, u16)>,
    /// To be dropped once everything is sent.
    pub closing: bool,
    /// Holds the terminal, to pass it on should this process be killed.
    pub holder: bool,
    reader: FrameReader,
    out: Vec<u8>,
    sent: usize,
    /// The screen's version and size it has seen.
    seen: Option<(u64, (u16, u16))>,
    title: String,
    next_frame: Option<Instant>,
}

/// A client for the program that the host becomes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PeerState {
    pub stream: RawFd,
    id: u64,
    pid: i32,
    greeted: bool,
    mode: Option<AttachMode>,
    size: Option<(u16, u16)>,
    holder: bool,
    /// What it sent of a message that is not whole yet.
    read: Vec<u8>,
    /// What it has not taken yet.
    unsent: Vec<u8>,
}

impl Peer {
    pub fn new(id: u64, stream: UnixStream, pid: i32) -> Peer {
        Peer {
            id,
            stream,
            pid,
            greeted: false,
            mode: None,
            size: None,
            closing: false,
            holder: false,
            reader: FrameReader::default(),
            out: Vec::new(),
            sent: 0,
            seen: None,
            title: String::new(),
            next_frame: None,
        }
    }

    /// What another program must know of the client to go on with it. It gets the whole screen again.
    pub fn state(&self) -> PeerState {
        PeerState {
            stream: self.stream.as_raw_fd(),
            id: self.id,
            pid: self.pid,
            greeted: self.greeted,
            mode: self.mode,
            size: self.size,
            holder: self.holder,
            read: self.reader.rest().to_vec(),
            unsent: self.out[self.sent..].to_vec(),
        }
    }

    /// The client of that state.
    pub fn resume(state: PeerState, stream: UnixStream) -> Peer {
        let mut peer = Peer::new(state.id, stream, state.pid);
        (peer.greeted, peer.holder) = (state.greeted, state.holder);
        (peer.mode, peer.size) = (state.mode, state.size);
        peer.reader = FrameReader::with(state.read);
        peer.out = state.unsent;
        peer
    }

    /// Reads what the client sent. `Err` when it is gone or speaks nonsense.
    pub fn read(&mut self) -> std::result::Result<Vec<ClientMsg>, ()> {
        let mut messages = Vec::new();
        loop {
            match self.reader.fill(&mut self.stream) {
                Ok(0) => return if messages.is_empty() { Err(()) } else { Ok(messages) },
                Ok(count) => {
                    loop {
                        match self.reader.next() {
                            Ok(Some(message)) => messages.push(message),
                            Ok(None) => break,
                            Err(_) if self.reader.is_lost() => return Err(()),
                            // A message of a newer version.
                            Err(_) => self.send(&ServerMsg::Error("this host does not know that message".into())),
                        }
                    }
                    // One read's worth a turn: the agent's output has its share too.
                    if count < 16 * 1024 || messages.len() > 64 {
                        return Ok(messages);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(messages),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(()),
            }
        }
    }

    /// Queues a message and sends what the client takes at once.
    pub fn send(&mut self, message: &ServerMsg) {
        if self.waiting() > DEAF {
            self.closing = true;
            self.out.clear();
            self.sent = 0;
            return;
        }
        if wire::put(&mut self.out, message).is_err() {
            self.closing = true;
        }
        self.flush();
    }

    /// Gives the client the terminal's descriptor and the program's.
    ///
    /// # Errors
    /// When the program is gone or the client does not read.
    pub fn hold(&mut self, terminal: &impl AsFd, program: i32) -> Result<()> {
        let program = program::to_give(program)?;
        let mut frame = Vec::new();
        wire::put(&mut frame, &ServerMsg::Held)?;
        if self.waiting() > 0 {
            return Err(Error::failed("ask for the terminal first of all"));
        }
        fds::send(self.stream.as_fd(), &frame, &[terminal.as_fd(), program.as_fd()])?;
        self.holder = true;
        Ok(())
    }

    /// Bytes that wait for the client.
    pub fn waiting(&self) -> usize {
        self.out.len() - self.sent
    }

    /// Sends what the client takes.
    pub fn flush(&mut self) {
        while self.waiting() > 0 {
            match self.stream.write(&self.out[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {
                    self.closing = true;
                    self.sent = self.out.len();
                }
            }
        }
        if self.waiting() == 0 {
            self.out.clear();
            self.sent = 0;
            if self.out.capacity() > 256 * 1024 {
                self.out = Vec::new();
            }
        }
    }

    /// Starts sending the screen, whole at first.
    pub fn attach(&mut self, mode: AttachMode, size: Option<(u16, u16)>) {
        self.mode = Some(mode);
        self.size = size.or(self.size);
        self.seen = None;
        self.next_frame = None;
    }

    /// Whether the client is due a frame now, if the screen changed.
    pub fn wants_frame(&self, now: Instant) -> bool {
        self.mode.is_some() && self.waiting() < BUSY && self.next_frame.is_none_or(|at| now >= at)
    }

    /// When the client is due the next frame; `None` when that depends on it alone.
    pub fn next_frame(&self) -> Option<Instant> {
        (self.mode.is_some() && self.waiting() < BUSY).then_some(self.next_frame).flatten()
    }

    /// Sends what changed on the screen since the client's last frame.
    pub fn frame(&mut self, emulator: &dyn Emulator, now: Instant) {
        let version = emulator.version();
        let size = emulator.size();
        let screen = emulator.screen();
        let message = match self.seen {
            Some((seen, _)) if seen == version => {
                self.next_frame = None;
                return;
            }
            Some((seen, seen_size)) if seen_size == size => {
                let rows = emulator
                    .row_versions()
                    .iter()
                    .enumerate()
                    .filter(|(_, changed)| **changed > seen)
                    .map(|(row, _)| (row as u16, screen.lines[row].clone()))
                    .collect();
                ServerMsg::Delta(Box::new(Delta {
                    rows,
                    cursor: screen.cursor,
                    modes: screen.modes,
                    title: (self.title != screen.title).then(|| screen.title.clone()),
                    status: screen.status.clone(),
                    progress: screen.progress,
                }))
            }
            _ => ServerMsg::Full(Box::new(screen.clone())),
        };
        self.title.clone_from(&screen.title);
        self.seen = Some((version, size));
        self.next_frame = Some(now + FRAME);
        self.send(&message);
    }
}
