//! The gates of a rig, one after the other, on one commit.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use super::gate::{Gate, Halted, Verdict};
use crate::base::{Result, ResultExt, files};
use crate::patrol::pulse::Pulse;
use crate::town::{GateCommand, Town};
use crate::work::{Desk, halt, queue};

/// How often it is looked whether somebody wants the gates stopped.
const LOOK: Duration = Duration::from_millis(200);
/// How long logs are kept.
const KEEP: Duration = Duration::from_secs(14 * 24 * 3600);
/// How many logs are kept at most.
const MOST_LOGS: usize = 2000;

/// A run of the gates.
#[derive(Debug)]
pub struct Run<'a> {
    /// The gates.
    pub gates: &'a [GateCommand],
    /// How often one that failed is run again.
    pub retries: u32,
    /// Where they run.
    pub directory: &'a Path,
    /// Where they print.
    pub log: &'a Path,
    /// What marks their processes.
    pub mark: &'a str,
    /// What the log begins with.
    pub heading: &'a str,
}

impl Run<'_> {
    /// Runs them until one is red; returns the verdict and the names of those that were red first and then green.
    ///
    /// # Errors
    /// When one can't be started or the log can't be written.
    pub fn run(
        &self,
        rest: &mut dyn FnMut(Duration) -> Result<Option<Halted>>,
    ) -> Result<(Verdict, Vec<&'static str>)> {
        let what = || format!("gate log {}", self.log.display());
        let mut log = File::create(self.log).with_context(what)?;
        writeln!(log, "{}", self.heading).with_context(what)?;
        let mut flaky = Vec::new();
        for gate in self.gates {
            let one = Gate {
                name: gate.name,
                command: &gate.command,
                directory: self.directory,
                log: self.log,
                seconds: gate.seconds,
                mark: self.mark,
            };
            let mut tries = 0;
            loop {
                match one.run(rest)? {
                    Verdict::Green => {
                        if tries > 0 {
                            flaky.push(gate.name);
                        }
                        break;
                    }
                    Verdict::Red(_) if tries < self.retries => tries += 1,
                    other => return Ok((other, flaky)),
                }
            }
        }
        Ok((Verdict::Green, flaky))
    }
}

/// Waits, and says whether the gates have to end: with the daemon, for an emergency stop, or because somebody cancelled one of `ids`.
pub struct Watch<'a> {
    desk: &'a Desk,
    pulse: &'a Pulse,
    ids: Vec<String>,
    looked: Option<Instant>,
}

impl<'a> Watch<'a> {
    /// A watch over the requests `ids`.
    pub fn new(desk: &'a Desk, pulse: &'a Pulse, ids: Vec<String>) -> Self {
        Self { desk, pulse, ids, looked: None }
    }

    /// Waits for `time`.
    ///
    /// # Errors
    /// When the ledger can't be read.
    pub fn rest(&mut self, time: Duration) -> Result<Option<Halted>> {
        if !self.pulse.rest(time) {
            return Ok(Some(Halted::Stopped));
        }
        if self.looked.is_some_and(|at| at.elapsed() < LOOK) {
            return Ok(None);
        }
        self.looked = Some(Instant::now());
        self.halted()
    }

    /// Whether the gates have to end now.
    ///
    /// # Errors
    /// When the ledger can't be read.
    pub fn halted(&self) -> Result<Option<Halted>> {
        let conn = self.desk.ledger.conn();
        if self.pulse.is_stopping() || halt::frozen(conn)?.is_some() {
            return Ok(Some(Halted::Stopped));
        }
        for id in &self.ids {
            if let Some(by) = queue::cancelled_by(conn, id)? {
                return Ok(Some(Halted::Cancelled(id.clone(), by)));
            }
        }
        Ok(None)
    }
}

/// Where the log of request `id` is.
///
/// # Errors
/// When its directory can't be made.
pub fn log_path(town: &Town, id: &str) -> Result<std::path::PathBuf> {
    let directory = town.logs_dir().join("mq");
    files::make_dirs(&directory, 0o700)?;
    Ok(directory.join(format!("{id}.log")))
}

/// Removes logs that are old, and the oldest of too many.
///
/// # Errors
/// When the directory can't be read.
pub fn prune_logs(town: &Town) -> Result<()> {
    let directory = town.logs_dir().join("mq");
    let entries = match fs::read_dir(&directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        other => other.with_context(|| format!("read {}", directory.display()))?,
    };
    let mut logs: Vec<(Duration, std::path::PathBuf)> = entries
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?.elapsed().unwrap_or_default(), entry.path())))
        .collect();
    logs.sort();
    for (index, (age, path)) in logs.iter().enumerate() {
        if index >= MOST_LOGS || *age > KEEP {
            // One that somebody else removed is what is wanted.
            let _ = fs::remove_file(path);
        }
    }
    Ok(())
}
