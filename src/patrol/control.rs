//! Starting, stopping and looking at the daemon.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::base::lock::Lock;
use crate::base::report::{Paint, Report};
use crate::base::{Error, Result, ResultExt, Timestamp, files, os};
use crate::session;
use crate::town::Town;

/// How long the daemon may take to come up or to end by itself.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long one that has the lock may take to say who it is.
const COMING_UP: Duration = Duration::from_secs(1);

/// What the running daemon says of itself in `.runtime/daemon.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Card {
    /// Its process.
    pub pid: i32,
    /// When that process started, in the system's own unit.
    pub start: u64,
    /// When it came up.
    pub started_at: Timestamp,
    /// Its version.
    pub version: String,
}

fn card_path(town: &Town) -> PathBuf {
    town.runtime_dir().join("daemon.json")
}

/// The daemon's log.
pub fn log_path(town: &Town) -> PathBuf {
    town.logs_dir().join("daemon.log")
}

/// Writes the card of this process.
pub(super) fn write_card(town: &Town) -> Result<()> {
    let pid = std::process::id().cast_signed();
    let card = Card {
        pid,
        start: os::start_time(pid).unwrap_or(0),
        started_at: Timestamp::now(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    files::write_json(&card_path(town), &card, 0o600)
}

/// The card of the daemon that runs now.
fn card(town: &Town) -> Result<Option<Card>> {
    if !Lock::is_held(&town.daemon_lock()) {
        return Ok(None);
    }
    let card: Option<Card> = files::read_json(&card_path(town))?;
    Ok(card.filter(|card| os::start_time(card.pid) == Some(card.start)))
}

/// Whether the daemon runs.
#[derive(Debug, Serialize)]
pub struct DaemonStatus {
    /// Whether it runs.
    pub running: bool,
    /// Its process.
    pub pid: Option<i32>,
    /// When it came up.
    pub started_at: Option<Timestamp>,
    /// Its version.
    pub version: Option<String>,
    /// Whether it is of another version than this command.
    pub stale: bool,
    /// Its log.
    pub log: PathBuf,
}

impl Report for DaemonStatus {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        match (self.running, self.pid) {
            (false, _) => writeln!(out, "The daemon does not run.  {}", paint.dim("gt daemon start")),
            (true, Some(pid)) => {
                let age = self.started_at.map(|at| at.age(Timestamp::now())).unwrap_or_default();
                writeln!(out, "The daemon runs: pid {pid}, for {age}, log {}", self.log.display())?;
                if self.stale {
                    writeln!(
                        out,
                        "{} it is of another version: gt daemon stop, gt daemon start",
                        paint.yellow("note:")
                    )?;
                }
                Ok(())
            }
            (true, None) => writeln!(out, "The daemon is coming up."),
        }
    }
}

/// Whether the daemon of `town` runs.
///
/// # Errors
/// When its card can't be read.
pub fn status(town: &Town) -> Result<DaemonStatus> {
    let card = card(town)?;
    Ok(DaemonStatus {
        running: Lock::is_held(&town.daemon_lock()),
        pid: card.as_ref().map(|card| card.pid),
        started_at: card.as_ref().map(|card| card.started_at),
        stale: card.as_ref().is_some_and(|card| card.version != env!("CARGO_PKG_VERSION")),
        version: card.map(|card| card.version),
        log: log_path(town),
    })
}

/// Starts the daemon unless it runs; does not wait until it is up.
///
/// # Errors
/// When it can't be started.
pub fn ensure_running(town: &Town) -> Result<()> {
    let begin = Instant::now();
    while Lock::is_held(&town.daemon_lock()) {
        // One that was just killed holds its lock for another moment, one that comes up has no card yet.
        if card(town)?.is_some() || begin.elapsed() > COMING_UP {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    launch(town)
}

/// Starts the daemon unless it runs; returns when it is up.
///
/// # Errors
/// When it does not come up; its log says why.
pub fn start(town: &Town) -> Result<DaemonStatus> {
    let begin = Instant::now();
    let mut launched: Option<Instant> = None;
    loop {
        // Another one may have been in the way, and have ended since.
        if launched.is_none_or(|at| at.elapsed() > COMING_UP) {
            ensure_running(town)?;
            launched = Some(Instant::now());
        }
        let status = status(town)?;
        if status.pid.is_some() {
            return Ok(status);
        }
        if begin.elapsed() > PATIENCE {
            return Err(Error::failed("the daemon does not come up").hint(format!("see {}", log_path(town).display())));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn launch(town: &Town) -> Result<()> {
    files::make_dirs(&town.logs_dir(), 0o700)?;
    let path = log_path(town);
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("open {}", path.display()))?;
    let own = std::env::current_exe().context("find the running gt")?;
    let own = own.to_string_lossy().into_owned();
    // Linux marks a binary that was replaced while it runs; the new one at the same place is the one to start. `bd` and others
    // that link this library lie beside it.
    let own = PathBuf::from(own.strip_suffix(" (deleted)").unwrap_or(&own)).with_file_name("gt");
    let mut command = Command::new(&own);
    command.args(["daemon", "run", "--detach"]).env("GT_ROOT", &town.root).current_dir(&town.root);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).env_remove("GT_BEAD");
    session::detach(&mut command);
    // What is started here starts the daemon and ends at once, so that nobody has to wait for the daemon's end.
    let status = command.status().with_context(|| format!("start {}", own.display()))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::failed("the daemon could not be started").hint(format!("see {}", path.display())))
}

/// The intermediate process of [`launch`]: starts the daemon in a session of its own.
pub(super) fn detach() -> Result<()> {
    // Fails only for a process group's leader, which this is not: it was started by another process.
    let _ = nix::unistd::setsid();
    let own = std::env::current_exe().context("find the running gt")?;
    let mut command = Command::new(own);
    command.args(["daemon", "run"]).stdin(Stdio::null());
    session::detach(&mut command).spawn().context("start the daemon")?;
    Ok(())
}

/// Stops the daemon and waits for its end; agents go on.
///
/// # Errors
/// When it can't be stopped.
pub fn stop(town: &Town) -> Result<DaemonStatus> {
    let begin = Instant::now();
    let mut asked = None;
    while Lock::is_held(&town.daemon_lock()) {
        if let Some(card) = card(town)? {
            if asked != Some(card.pid) {
                kill(Pid::from_raw(card.pid), Signal::SIGTERM).with_context(|| format!("stop pid {}", card.pid))?;
                asked = Some(card.pid);
            } else if begin.elapsed() > PATIENCE {
                // Every step it takes is journaled: nothing is lost by this either.
                kill(Pid::from_raw(card.pid), Signal::SIGKILL).with_context(|| format!("kill pid {}", card.pid))?;
            }
        }
        if begin.elapsed() > PATIENCE * 2 {
            return Err(Error::failed("the daemon does not end").hint("gt daemon status shows its process"));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    status(town)
}

/// Prints the last `lines` of the daemon's log, and what comes when `follow`.
///
/// # Errors
/// When the log can't be read.
pub fn logs(town: &Town, lines: usize, follow: bool) -> Result<()> {
    let path = log_path(town);
    let Some(text) = files::read_optional(&path)? else {
        println!("No log yet: the daemon never ran.");
        return Ok(());
    };
    let all: Vec<&str> = text.lines().collect();
    for line in &all[all.len().saturating_sub(lines)..] {
        println!("{line}");
    }
    if !follow {
        return Ok(());
    }
    let mut position = text.len() as u64;
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let mut file = fs::File::open(&path)?;
        let length = file.metadata()?.len();
        if length < position {
            position = 0;
        }
        file.seek(SeekFrom::Start(position))?;
        let mut more = String::new();
        file.take(length.saturating_sub(position)).read_to_string(&mut more)?;
        position += more.len() as u64;
        if !more.is_empty() && io::stdout().write_all(more.as_bytes()).and_then(|()| io::stdout().flush()).is_err() {
            return Ok(());
        }
    }
}
