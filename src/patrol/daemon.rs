//! The daemon: one process a town, with one thread for each patrol and one that watches the ledger for all of them.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;

pub use super::control::{DaemonStatus, ensure_running, log_path, logs, start, status, stop};
use super::control::{detach, write_card};
use super::pulse::Pulse;
use super::{
    attention, dispatcher, escalations, exporter, holder, landing, postman, refinery, snapshots, sync, witness,
};
use crate::base::lock::Lock;
use crate::base::{Error, Result, ResultExt, files, os};
use crate::ledger::Ledger;
use crate::town::Town;

/// How often the ledger is asked whether it has changed.
const TICK: u16 = 30;
/// How often the town itself is looked at: rigs that come and go, settings that changed, a directory that was removed.
const SURVEY: Duration = Duration::from_secs(1);
/// The pause after a patrol failed; doubled each time it fails at once again.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Runs the daemon of `town` in this process until it is told to end or the town is gone. With `detached` starts it in the
/// background instead.
///
/// # Errors
/// Refused when it runs already; otherwise when the ledger or the log can't be opened.
pub fn run(town: Town, detached: bool) -> Result<()> {
    if detached {
        return detach();
    }
    files::make_dirs(&town.logs_dir(), 0o700)?;
    let Some(lock) = Lock::try_acquire(&town.daemon_lock())? else {
        return Err(Error::refused("the daemon of this town runs already").hint("gt daemon status"));
    };
    open_log(&town)?;
    os::be_last_to_go();
    let signals = os::hear(&[Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP])?;
    // Known before anybody is told that this daemon is up, and may remove the town.
    let ledger = Ledger::open(&town.ledger_path())?;
    let ours = identity(&town);
    write_card(&town)?;
    tracing::info!(pid = std::process::id(), version = env!("CARGO_PKG_VERSION"), "up");
    let pulse = Arc::new(Pulse::default());
    let mut patrols = Patrols { town: town.clone(), pulse: Arc::clone(&pulse), threads: BTreeMap::new() };
    patrols.start("holder", holder::run);
    patrols.start("dispatcher", dispatcher::run);
    patrols.start("witness", witness::run);
    patrols.start("attention", attention::run);
    patrols.start("landing", landing::run);
    patrols.start("exporter", exporter::run);
    patrols.start("snapshots", snapshots::run);
    patrols.start("postman", postman::run);
    patrols.start("escalations", escalations::run);
    patrols.start("sync", sync::run);
    let watched = watch(&town, &ledger, ours, &signals, &mut patrols);
    pulse.stop();
    patrols.join();
    if let Err(error) = exporter::finish(&town) {
        tracing::error!(%error, "the last export");
    }
    tracing::info!("down");
    drop(lock);
    watched
}

fn open_log(town: &Town) -> Result<()> {
    let path = log_path(town);
    // One old log is kept.
    if fs::metadata(&path).is_ok_and(|meta| meta.len() > 8 << 20) {
        fs::rename(&path, path.with_extension("log.1")).with_context(|| format!("rotate {}", path.display()))?;
    }
    let file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("open {}", path.display()))?;
    let subscriber = tracing_subscriber::fmt()
        .with_writer(std::sync::Mutex::new(file))
        .with_ansi(false)
        .with_target(false)
        .with_max_level(tracing::Level::INFO)
        .finish();
    // In a process that logs already, as a test's may, that one stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

/// Beats whenever the ledger has changed; returns when it is time to end.
fn watch(
    town: &Town,
    ledger: &Ledger,
    ours: Option<Identity>,
    signals: &os::Signals,
    patrols: &mut Patrols,
) -> Result<()> {
    let mut version = ledger.data_version()?;
    let mut settings = town.settings_stamp();
    let mut surveyed: Option<Instant> = None;
    loop {
        if surveyed.is_none_or(|at| at.elapsed() >= SURVEY) {
            if ours.is_none() || identity(town) != ours {
                tracing::info!("the town is gone");
                return Ok(());
            }
            patrols.survey();
            let now = town.settings_stamp();
            if now != settings {
                settings = now;
                patrols.pulse.beat();
            }
            surveyed = Some(Instant::now());
        }
        let mut descriptors = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        match poll(&mut descriptors, PollTimeout::from(TICK)) {
            Ok(0) => {}
            Ok(_) => {
                if signals.next().is_some() {
                    return Ok(());
                }
            }
            Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(Error::from(error).context("wait")),
        }
        let now = ledger.data_version()?;
        if now != version {
            version = now;
            patrols.pulse.beat();
        }
    }
}

/// The device and the file of the daemon's lock, and the database's file.
type Identity = (u64, u64, u64);

/// What tells this town's directory and database from others that may take their place.
fn identity(town: &Town) -> Option<Identity> {
    let lock = fs::metadata(town.daemon_lock()).ok()?;
    let ledger = fs::metadata(town.ledger_path()).ok()?;
    Some((lock.dev(), lock.ino(), ledger.ino()))
}

struct Patrols {
    town: Town,
    pulse: Arc<Pulse>,
    threads: BTreeMap<String, JoinHandle<()>>,
}

impl Patrols {
    fn start(&mut self, name: &str, patrol: impl Fn(&Town, &Pulse) -> Result<()> + Send + 'static) {
        let town = self.town.clone();
        let pulse = Arc::clone(&self.pulse);
        let label = name.to_owned();
        let spawned = std::thread::Builder::new()
            .name(label.clone())
            .spawn(move || keep_running(&label, &pulse, || patrol(&town, &pulse)));
        match spawned {
            Ok(handle) => {
                self.threads.insert(name.to_owned(), handle);
            }
            Err(error) => tracing::error!(patrol = name, %error, "could not start"),
        }
    }

    /// One refinery for each rig there is now.
    fn survey(&mut self) {
        self.threads.retain(|_, thread| !thread.is_finished());
        let rigs = match self.town.rigs() {
            Ok(rigs) => rigs,
            Err(error) => {
                tracing::error!(%error, "rigs");
                return;
            }
        };
        for rig in rigs {
            let name = format!("refinery {}", rig.name);
            if !self.threads.contains_key(&name) {
                self.start(&name, move |town, pulse| refinery::run(town, &rig.name, pulse));
            }
        }
    }

    fn join(self) {
        for (name, thread) in self.threads {
            if thread.join().is_err() {
                tracing::error!(patrol = name, "ended by a panic");
            }
        }
    }
}

/// Runs a patrol again and again until it ends by itself: an error, even a panic, of one patrol ends neither it nor the others.
fn keep_running(name: &str, pulse: &Pulse, patrol: impl Fn() -> Result<()>) {
    let mut pause = PAUSE;
    loop {
        let begin = Instant::now();
        match catch_unwind(AssertUnwindSafe(&patrol)) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => tracing::error!(patrol = name, %error, "failed"),
            Err(panic) => {
                let message = panic
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| panic.downcast_ref::<&str>().copied())
                    .unwrap_or("no message");
                tracing::error!(patrol = name, message, "panicked");
            }
        }
        pause = if begin.elapsed() > LONGEST_PAUSE { PAUSE } else { pause };
        if !pulse.rest(pause) {
            return;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
