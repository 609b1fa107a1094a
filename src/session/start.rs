//! Starts a session: runs its host and waits until the program runs or the reason why it doesn't is known.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use super::place::Place;
use super::record::{SessionRecord, SessionSpec};
use super::{fds, holding, registry};
use crate::base::{Error, Kind, Result, ResultExt};
use crate::town::Town;

/// The variable that marks every process of a session.
pub const SESSION_ID_ENV: &str = "GT_SESSION_ID";
/// The variable that marks hosts and daemons: what carries it belongs to the town, not to the session it may have been started from.
pub const DETACHED_ENV: &str = "GT_DETACHED";

/// Variables that say whose work a process does; none of them holds for what outlives its starter.
const IDENTITY: &[&str] = &[
    SESSION_ID_ENV,
    "GT_SESSION",
    "GT_ROLE",
    "GT_RIG",
    "GT_POLECAT",
    "GT_CREW",
    "GT_DOG",
    "BD_ACTOR",
    "BEADS_AGENT_NAME",
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
];

/// Makes `command` one that outlives the session it may be started from: ending that session spares it, and it does not act in the
/// agent's name. The daemon and the hosts are started so.
pub fn detach(command: &mut Command) -> &mut Command {
    for key in IDENTITY {
        command.env_remove(key);
    }
    command.env(DETACHED_ENV, "1")
}

/// What the host is given on its standard input.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HostOrder {
    pub spec: SessionSpec,
    pub place: Place,
    /// Whether the recording is kept.
    pub record: bool,
    /// How far the program gives way to others, 0 to 19.
    #[serde(default)]
    pub nice: u8,
    /// A session to take over, whose descriptors come along.
    #[serde(default)]
    pub adopt: Option<SessionRecord>,
}

/// What the host answers on its standard output, one line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum HostAnswer {
    Runs(Box<SessionRecord>),
    Failed { refused: bool, message: String, hint: Option<String> },
}

/// Starts the session `spec` asks for; returns when its program runs. The session outlives the caller.
///
/// # Errors
/// [`Kind::Refused`] when a session of that name runs; otherwise the reason why the host or its program could not be started.
pub fn start(town: &Town, spec: &SessionSpec) -> Result<SessionRecord> {
    let place = Place::of(town)?;
    let directory = place.make_directory(&spec.name)?;
    // What an earlier session of this name left behind must not be taken for this one's.
    holding::await_adoption(&place, &spec.name)?;
    registry::settle(&place, &spec.name, &[])?;
    let settings = town.settings()?;
    let order =
        HostOrder { spec: spec.clone(), place, record: settings.recording, nice: settings.limits.nice, adopt: None };
    launch(&directory, &order, &[]).context(format!("start session {}", spec.name))
}

/// Takes over the session of `record` with a new host; `fds` are its terminal and its program.
pub(super) fn adopt(town: &Town, record: &SessionRecord, fds: &[BorrowedFd<'_>]) -> Result<SessionRecord> {
    let place = Place::of(town)?;
    let directory = place.make_directory(&record.name)?;
    let spec = SessionSpec { name: record.name.clone(), ..SessionSpec::default() };
    let recording = town.settings()?.recording;
    let order = HostOrder { spec, place, record: recording, nice: 0, adopt: Some(record.clone()) };
    launch(&directory, &order, fds).context(format!("take over session {}", record.name))
}

fn launch(directory: &Path, order: &HostOrder, fds: &[BorrowedFd<'_>]) -> Result<SessionRecord> {
    let log_path = directory.join("host.log");
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&log_path)
        .with_context(|| format!("open {}", log_path.display()))?;
    if order.adopt.is_none() {
        log.set_len(0)?;
    }
    let gt = gt_binary()?;
    let (mut ours, theirs) = UnixStream::pair()?;
    let mut command = Command::new(&gt);
    command.arg("session-host").stdin(OwnedFd::from(theirs)).stdout(Stdio::piped()).stderr(log);
    detach(&mut command);
    let mut child = command.spawn().with_context(|| format!("run {}", gt.display()))?;
    // The command keeps its ends of the pipes until it is dropped.
    drop(command);
    let body = serde_json::to_vec(order)?;
    let (first, rest) = body.split_at(1);
    // A host that failed at once has its reason to tell on its output.
    let _ =
        if fds.is_empty() { ours.write_all(first).map_err(Error::from) } else { fds::send(ours.as_fd(), first, fds) }
            .and_then(|()| Ok(ours.write_all(rest)?));
    drop(ours);
    let mut line = String::new();
    if let Some(output) = child.stdout.take() {
        BufReader::new(output.take(1 << 20)).read_line(&mut line)?;
    }
    // The process started here forks the host off and ends at once.
    let ended = child.wait()?;
    match serde_json::from_str(&line) {
        Ok(HostAnswer::Runs(record)) => Ok(*record),
        Ok(HostAnswer::Failed { refused, message, hint }) => {
            let error = Error::new(if refused { Kind::Refused } else { Kind::Failed }, message);
            Err(match hint {
                Some(hint) => error.hint(hint),
                None => error,
            })
        }
        Err(_) => Err(Error::failed(format!("its host ended without a word ({ended})"))
            .hint(format!("see {}", log_path.display()))),
    }
}

/// The `gt` binary: this program, or the one beside it.
pub(super) fn gt_binary() -> Result<PathBuf> {
    let this = std::env::current_exe().context("find the gt binary")?;
    // The kernel says so when the file was replaced while this program runs: its successor is at the same place.
    let this = match this.to_str().and_then(|path| path.strip_suffix(" (deleted)")) {
        Some(path) => PathBuf::from(path),
        None => this,
    };
    if this.file_name().is_some_and(|name| name == "gt") {
        return Ok(this);
    }
    let mut directory = this.parent();
    for _ in 0..2 {
        let Some(at) = directory else { break };
        let candidate = at.join("gt");
        if candidate.is_file() {
            return Ok(candidate);
        }
        directory = at.parent();
    }
    Err(Error::failed(format!("no `gt` binary beside {}", this.display())).hint("install gt and bd in one directory"))
}
