//! What is known of a session on disk: its record, written by its host, and its last screen.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::tree;
use super::ways::Ways;
use crate::base::{Error, Result, ResultExt, Timestamp, files};
use crate::terminal::ScreenState;

/// What to run, for whom and where.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SessionSpec {
    /// The session's name, unique in the town.
    pub name: String,
    /// The agent's address.
    pub address: String,
    /// The agent's role.
    pub role: String,
    /// The runtime preset.
    pub preset: String,
    /// The bead worked on.
    pub bead: Option<String>,
    /// The directory the program starts in.
    pub cwd: PathBuf,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Variables added to the environment; never written to disk or shown in an argument list.
    pub env: Vec<(String, String)>,
    /// Columns; 0 for the default.
    pub cols: u16,
    /// Rows; 0 for the default.
    pub rows: u16,
    /// What to show before the program sets a title.
    pub title: String,
    /// How the program is spoken to.
    #[serde(default)]
    pub ways: Ways,
}

/// How a session's program ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Its exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// When.
    pub at: Timestamp,
    /// Why, where it did not end by itself: `stopped`, `host lost`.
    pub reason: Option<String>,
}

impl Exit {
    /// In words: `exit 0`, `signal 9 (stopped)`, `host lost`.
    pub fn words(&self) -> String {
        let how = match (self.code, self.signal) {
            (Some(code), _) => format!("exit {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => String::new(),
        };
        match (&self.reason, how.is_empty()) {
            (Some(reason), true) => reason.clone(),
            (Some(reason), false) => format!("{how} ({reason})"),
            (None, true) => "unknown".into(),
            (None, false) => how,
        }
    }
}

/// A session, as its host wrote it to `session.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// The file's type, always `session`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The file's version.
    pub version: u32,
    /// The session's name.
    pub name: String,
    /// The agent's address.
    pub address: String,
    /// The agent's role.
    pub role: String,
    /// The runtime preset.
    pub preset: String,
    /// The bead worked on.
    #[serde(default)]
    pub bead: Option<String>,
    /// The directory the program started in.
    pub cwd: PathBuf,
    /// The program's name, without its arguments.
    pub program: String,
    /// The host.
    pub host_pid: i32,
    /// When the host started, in the kernel's ticks: with the pid it names one process for ever.
    pub host_start: u64,
    /// The version of the program that the host runs.
    #[serde(default)]
    pub host_version: String,
    /// The program.
    pub child_pid: i32,
    /// When the program started, in the kernel's ticks.
    pub child_start: u64,
    /// The value of the mark in the environment of every process of the session.
    pub mark: String,
    /// The host's socket.
    pub socket: PathBuf,
    /// When the session started.
    pub started_at: Timestamp,
    /// How it ended; absent while it runs.
    #[serde(default)]
    pub exit: Option<Exit>,
    /// What its program last said of itself (OSC 7501), kept at the end.
    #[serde(default)]
    pub last_state: Option<String>,
    /// The last title.
    #[serde(default)]
    pub title: String,
    /// How the program is spoken to.
    #[serde(default)]
    pub ways: Ways,
    /// How far the program gives way on a busy CPU, 0 to 19.
    #[serde(default)]
    pub nice: u8,
}

impl SessionRecord {
    /// Where the record of the session in `directory` is.
    pub fn path(directory: &Path) -> PathBuf {
        directory.join("session.json")
    }

    /// Reads the record in `directory`; `None` when there is none.
    ///
    /// # Errors
    /// When it can't be read or is broken.
    pub fn read(directory: &Path) -> Result<Option<SessionRecord>> {
        let path = Self::path(directory);
        let record: Option<SessionRecord> = files::read_json(&path)?;
        match record {
            Some(record) if record.kind != "session" => {
                Err(Error::failed(format!("{}: not a session's record", path.display())).hint("move the file aside"))
            }
            other => Ok(other),
        }
    }

    /// Writes the record to `directory`.
    ///
    /// # Errors
    /// When the directory can't be written.
    pub fn write(&self, directory: &Path) -> Result<()> {
        files::write_json(&Self::path(directory), self, 0o600)
    }

    /// Whether the host still runs.
    pub fn host_alive(&self) -> bool {
        tree::alive(self.host_pid, self.host_start)
    }

    /// Whether the host died without ending the session.
    pub fn is_orphaned(&self) -> bool {
        self.exit.is_none() && !self.host_alive()
    }

    /// Whether the program still runs.
    pub fn child_alive(&self) -> bool {
        tree::alive(self.child_pid, self.child_start)
    }
}

/// What was on a session's terminal when it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastScreen {
    /// The screen.
    pub screen: ScreenState,
    /// Scrollback and screen as text.
    pub text: String,
}

impl LastScreen {
    fn path(directory: &Path) -> PathBuf {
        directory.join("screen.bin")
    }

    /// Reads the last screen in `directory`; `None` when there is none (the host was killed, or an older one wrote it).
    pub fn read(directory: &Path) -> Option<LastScreen> {
        postcard::from_bytes(&std::fs::read(Self::path(directory)).ok()?).ok()
    }

    /// Writes the last screen to `directory`.
    ///
    /// # Errors
    /// When the directory can't be written.
    pub fn write(&self, directory: &Path) -> Result<()> {
        let bytes = postcard::to_stdvec(self).context("last screen")?;
        files::write_atomic(&Self::path(directory), &bytes, 0o600)
    }
}
