//! The protocol between a host and its clients: frames of a length (4 bytes, little-endian) and a message in postcard.
//!
//! A client says hello with its version, the host answers with its own. Messages are only ever added at the end of these enums, so that
//! a newer client can speak to an older host; what the older side doesn't know it answers with [`ServerMsg::Error`].

use std::io::{self, Read};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::nudges::{NudgeEntry, NudgeOrder};
use super::record::Exit;
use crate::base::{Error, Result, Timestamp};
use crate::terminal::{Cursor, Found, KeyPress, Line, Lines, Modes, MouseEvent, ProgramStatus, ScreenState, TermEvent};

/// The protocol's version.
pub const PROTOCOL: u16 = 3;

/// Lines that can be asked for at once.
pub const MAX_LINES: u32 = 2000;

/// The longest frame accepted.
const MAX_FRAME: usize = 16 * 1024 * 1024;

/// What an attached client may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttachMode {
    /// Look.
    View,
    /// Look, type and set the size.
    Control,
}

/// From a client to the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientMsg {
    /// The first message.
    Hello {
        /// The client's protocol version.
        version: u16,
    },
    /// Asks for the screen and its changes from now on.
    Attach {
        /// What the client will do.
        mode: AttachMode,
        /// The size it can show.
        size: Option<(u16, u16)>,
    },
    /// A key; the host encodes it by the modes of this moment.
    Key(KeyPress),
    /// Bytes for the program as they are.
    Input(Vec<u8>),
    /// A paste.
    Paste(String),
    /// The mouse.
    Mouse(MouseEvent),
    /// The client's size changed.
    Resize {
        /// Columns.
        cols: u16,
        /// Rows.
        rows: u16,
    },
    /// The client gained or lost focus.
    Focus(bool),
    /// Deliver a message to the agent.
    Nudge {
        /// The message.
        text: String,
        /// Who sends it.
        from: String,
    },
    /// Asks for the last lines as text.
    ReadText {
        /// How many.
        lines: u32,
    },
    /// Asks for the status.
    Status,
    /// End the session.
    Kill {
        /// Processes that, with their ancestors, are spared until they end by themselves.
        exclude: Vec<i32>,
    },
    /// Stop sending the screen.
    Detach,
    /// Write the session's record again, where it is missing; answered by the status.
    Recall,
    /// Send every client away that types on this session.
    DetachAll,
    /// Asks for lines of scrollback and screen by number.
    History {
        /// The first number; one below the oldest line kept means that line.
        from: u64,
        /// How many, at most [`MAX_LINES`].
        count: u32,
    },
    /// Asks where a text stands.
    Search {
        /// The text; letters match in either case unless it has capital ones.
        text: String,
        /// Only in lines below this number.
        before: u64,
        /// How many places at most.
        limit: u32,
    },
    /// Asks for the text between two places, each a line's number and a column.
    Select {
        /// Where it begins.
        from: (u64, u16),
        /// Where it ends; that column is not part of it.
        to: (u64, u16),
    },
    /// Asks for the descriptors of the terminal and of the program, to keep the program alive should the host be killed. They come with
    /// the answer as ancillary data. Must be the first message after hello.
    Hold,
    /// Become the program `binary` in place; the session goes on.
    Upgrade {
        /// A `gt` binary.
        binary: PathBuf,
    },
    /// Deliver a message to the agent, as the order says.
    Deliver(NudgeOrder),
    /// The agent's lifecycle hooks told something; not answered.
    Hear {
        /// The state it is in, in the words for agents' states; empty when that was not told.
        state: String,
        /// The prompt it was given, when it was given one.
        prompt: Option<String>,
    },
    /// Asks for the messages for the agent, those whose outcome is known included.
    Nudges,
}

/// From the host to a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerMsg {
    /// The answer to hello.
    Hello {
        /// The host's protocol version.
        version: u16,
        /// The session's name.
        name: String,
        /// The agent's address.
        address: String,
    },
    /// The whole screen.
    Full(Box<ScreenState>),
    /// What changed on it.
    Delta(Box<Delta>),
    /// Something happened besides.
    Event(TermEvent),
    /// The status.
    Status(Box<Status>),
    /// Text asked for.
    Text(String),
    /// What became of a nudge.
    Nudged(NudgeOutcome),
    /// What the kill has done.
    Killed(KillReport),
    /// The program ended; the host ends next.
    Exit(Exit),
    /// The message before was not understood or can't be done.
    Error(String),
    /// To a client that was sent away; to the one that asked for it, with how many were.
    Detached(u32),
    /// Lines asked for.
    History(Lines),
    /// Where the text stands.
    Found(Found),
    /// The descriptors come with this.
    Held,
    /// The session ends: let go of the descriptors.
    Release,
    /// The host is this version of the program now.
    Upgraded(String),
    /// The messages for the agent, the oldest first.
    Nudges(Vec<NudgeEntry>),
}

/// The difference between two screens of one size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// The rows that changed.
    pub rows: Vec<(u16, Line)>,
    /// The cursor.
    pub cursor: Cursor,
    /// The modes.
    pub modes: Modes,
    /// The title, when it changed.
    pub title: Option<String>,
    /// The program's status.
    pub status: Option<ProgramStatus>,
    /// Percent done.
    pub progress: Option<u8>,
}

impl Delta {
    /// Brings `screen` up to date.
    pub fn apply(self, screen: &mut ScreenState) {
        for (row, line) in self.rows {
            if let Some(slot) = screen.lines.get_mut(usize::from(row)) {
                *slot = line;
            }
        }
        screen.cursor = self.cursor;
        screen.modes = self.modes;
        if let Some(title) = self.title {
            screen.title = title;
        }
        screen.status = self.status;
        screen.progress = self.progress;
    }
}

/// How a session is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The session's name.
    pub name: String,
    /// The agent's address.
    pub address: String,
    /// The agent's role.
    pub role: String,
    /// The runtime preset.
    pub preset: String,
    /// The bead worked on.
    pub bead: Option<String>,
    /// Whether the program runs.
    pub running: bool,
    /// The host.
    pub host_pid: i32,
    /// The program.
    pub child_pid: i32,
    /// When the session started.
    pub started_at: Timestamp,
    /// The title.
    pub title: String,
    /// What the program says of itself (OSC 7501).
    pub program: Option<ProgramStatus>,
    /// Percent done (OSC 9;4).
    pub progress: Option<u8>,
    /// Milliseconds since the last output; since the start when there was none.
    pub silent_ms: u64,
    /// When the last output came.
    pub last_output_at: Option<Timestamp>,
    /// The cursor's column and row.
    pub cursor: (u16, u16),
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
    /// Whether pastes are bracketed.
    pub bracketed_paste: bool,
    /// Whether the alternate screen is shown.
    pub alt_screen: bool,
    /// Clients that look.
    pub clients: u32,
    /// Nudges that wait.
    pub queued_nudges: u32,
    /// Bytes the program wrote.
    pub bytes_out: u64,
    /// Bytes the program was given.
    pub bytes_in: u64,
}

/// What became of a nudge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NudgeOutcome {
    /// Typed and submitted, and the program took it.
    Delivered,
    /// Typed and submitted, but nothing shows that the program took it.
    Unconfirmed,
    /// Waits until the program can take it; the reason says for what.
    Queued(String),
    /// Can't be delivered.
    Refused(String),
    /// Typed and submitted, and the agent's own program says that it works on it.
    Seen,
}

impl NudgeOutcome {
    /// Its word: `seen`, `delivered`, `unconfirmed`, `queued`, `refused`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Unconfirmed => "unconfirmed",
            Self::Queued(_) => "queued",
            Self::Refused(_) => "refused",
            Self::Seen => "seen",
        }
    }

    /// Why it waits or was refused.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Queued(reason) | Self::Refused(reason) => Some(reason),
            _ => None,
        }
    }
}

/// What a kill has done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KillReport {
    /// There was nothing left to end.
    pub already_gone: bool,
    /// Processes that were ended.
    pub ended: u32,
    /// Those of them that had to be killed.
    pub forced: u32,
    /// Processes spared: the one that asked, and its ancestors.
    pub spared: Vec<i32>,
}

/// Appends `message` as a frame to `out`.
pub(super) fn put<T: Serialize>(out: &mut Vec<u8>, message: &T) -> Result<()> {
    let body = postcard::to_stdvec(message)?;
    let length = u32::try_from(body.len()).map_err(|_| Error::failed("message too long"))?;
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&body);
    Ok(())
}

/// Puts frames together from what was read.
#[derive(Debug, Default)]
pub(super) struct FrameReader {
    buffer: Vec<u8>,
    start: usize,
    lost: bool,
}

impl FrameReader {
    /// Reads once from `source`. Returns how many bytes came; 0 is the end.
    pub fn fill(&mut self, source: &mut impl Read) -> io::Result<usize> {
        if self.start > 0 && self.start == self.buffer.len() {
            self.buffer.clear();
            self.start = 0;
            self.buffer.shrink_to(64 * 1024);
        } else if self.start > 256 * 1024 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        let mut chunk = [0u8; 16 * 1024];
        let count = source.read(&mut chunk)?;
        self.buffer.extend_from_slice(&chunk[..count]);
        Ok(count)
    }

    /// A reader that has read `bytes` already.
    pub fn with(bytes: Vec<u8>) -> FrameReader {
        FrameReader { buffer: bytes, ..FrameReader::default() }
    }

    /// What was read beyond the last whole message.
    pub fn rest(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Whether what comes can't be told apart any more; other errors concern one message alone.
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// The next whole message, or `None` when more must be read.
    pub fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        let rest = &self.buffer[self.start..];
        let Some(head) = rest.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*head) as usize;
        if length > MAX_FRAME {
            self.lost = true;
            return Err(Error::failed(format!("a frame of {length} bytes")));
        }
        let Some(body) = rest.get(4..4 + length) else { return Ok(None) };
        let message = postcard::from_bytes(body);
        self.start += 4 + length;
        Ok(Some(message?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_being_cut() {
        let messages = [
            ClientMsg::Hello { version: PROTOCOL },
            ClientMsg::Nudge { text: "hi".repeat(20_000), from: "mayor/".into() },
            ClientMsg::Kill { exclude: vec![1, 2] },
        ];
        let mut bytes = Vec::new();
        for message in &messages {
            put(&mut bytes, message).unwrap();
        }
        let mut reader = FrameReader::default();
        let mut got = Vec::new();
        for mut chunk in bytes.chunks(7) {
            reader.fill(&mut chunk).unwrap();
            while let Some(message) = reader.next::<ClientMsg>().unwrap() {
                got.push(message);
            }
        }
        assert_eq!(got, messages);
    }

    #[test]
    fn nonsense_is_an_error() {
        let mut reader = FrameReader::default();
        reader.fill(&mut &[255u8, 255, 255, 255, 0][..]).unwrap();
        assert!(reader.next::<ClientMsg>().is_err());
        let mut reader = FrameReader::default();
        reader.fill(&mut &[2u8, 0, 0, 0, 200, 200][..]).unwrap();
        assert!(reader.next::<ClientMsg>().is_err());
    }
}
