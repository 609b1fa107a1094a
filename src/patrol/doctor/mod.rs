//! The doctor: looks at everything that can really go wrong with a town, and mends what can be mended without losing anything.

mod ground;
mod ledger;
mod rigs;
mod sessions;

use std::io::{self, Write};

use serde::Serialize;

use super::control;
use crate::base::report::{Paint, Report};
use crate::base::text::neutralise;
use crate::base::{Error, Result};
use crate::town::Town;
use crate::work::assignment::{self, State};
use crate::work::{Desk, journal, queue, spawn};

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Ok,
    /// It was not, and is mended.
    Fixed,
    /// It works, but not as well as it could.
    Warning,
    /// It does not work.
    Error,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How it is.
    pub status: Health,
    /// What was found.
    pub message: String,
    /// What can be done.
    pub fix: Option<String>,
}

impl Finding {
    fn new(check: &'static str, status: Health, message: impl Into<String>, fix: impl Into<String>) -> Self {
        let fix = Some(fix.into()).filter(|fix| !fix.is_empty());
        Self { check, status, message: message.into(), fix }
    }

    /// A check that could not be made.
    fn failed(check: &'static str, error: &Error) -> Self {
        let fix = error
            .hint_text()
            .filter(|hint| !hint.is_empty())
            .unwrap_or("gt daemon logs may tell more; then gt doctor again");
        Self::new(check, Health::Error, error.to_string(), fix)
    }

    fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Health::Ok, message, "")
    }
}

/// What `--fix` is for findings that it mends.
const FIX: &str = "gt doctor --fix";

/// A finding that `mend` can set right: mended when that is wanted, else told.
fn mendable(
    check: &'static str,
    status: Health,
    message: String,
    fix: bool,
    mend: impl FnOnce() -> Result<()>,
) -> Finding {
    if !fix {
        return Finding::new(check, status, message, FIX);
    }
    match mend() {
        Ok(()) => Finding::new(check, Health::Fixed, message, ""),
        Err(error) => {
            Finding { status, ..Finding::failed(check, &error.context(format!("{message}; mending it failed"))) }
        }
    }
}

/// Everything that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Checkup {
    /// The town.
    pub town: String,
    /// What was found.
    pub checks: Vec<Finding>,
    /// How many things don't work.
    pub errors: usize,
    /// How many things could work better.
    pub warnings: usize,
    /// How many were mended.
    pub fixed: usize,
}

impl Checkup {
    fn of(town: &Town, checks: Vec<Finding>) -> Self {
        let count = |health: Health| checks.iter().filter(|finding| finding.status == health).count();
        let (errors, warnings, fixed) = (count(Health::Error), count(Health::Warning), count(Health::Fixed));
        Self { town: town.name.clone(), errors, warnings, fixed, checks }
    }
}

impl Report for Checkup {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        for finding in &self.checks {
            let sign = match finding.status {
                Health::Ok => paint.green("✓"),
                Health::Fixed => paint.green("⚒"),
                Health::Warning => paint.yellow("!"),
                Health::Error => paint.red("✗"),
            };
            writeln!(out, "{sign} {}: {}", finding.check, neutralise(&finding.message, true))?;
            if let Some(fix) = &finding.fix {
                writeln!(out, "    {}", paint.dim(&neutralise(fix, true)))?;
            }
        }
        let Checkup { errors, warnings, fixed, .. } = self;
        writeln!(out, "\n{} checks: {errors} errors, {warnings} warnings, {fixed} mended", self.checks.len())
    }
}

/// Looks at everything, and with `fix` mends what it can.
///
/// # Errors
/// When what the person asked for can't even be begun; what is wrong with the town is in the findings.
pub fn examine(town: &Town, fix: bool) -> Result<Checkup> {
    let mut checks = Vec::new();
    checks.extend(ground::all(town, fix));
    // A broken database is put aside before anything else looks into it.
    checks.push(ledger::database(town, fix));
    match Desk::of(town.clone()) {
        Ok(mut desk) => {
            checks.extend(ledger::files(&mut desk, fix));
            checks.extend(sessions::all(&desk, fix));
            checks.extend(rigs::all(&mut desk, fix));
            checks.extend(rigs::runtimes(&desk));
            checks.push(half_done(&mut desk, fix));
            checks.push(daemon(&desk, fix));
        }
        Err(error) => {
            checks.push(Finding::failed("town", &error));
        }
    }
    Ok(Checkup::of(town, checks))
}

/// Starts that somebody began and did not live to end.
fn half_done(desk: &mut Desk, fix: bool) -> Finding {
    const CHECK: &str = "half-done starts";
    let found = match journal::open(desk.ledger.conn(), spawn::OP) {
        Ok(found) => found,
        Err(error) => return Finding::failed(CHECK, &error),
    };
    let left: Vec<String> =
        found.into_iter().filter(|entry| !journal::is_running(&entry.performer)).map(|entry| entry.subject).collect();
    if left.is_empty() {
        return Finding::ok(CHECK, "none");
    }
    let message = format!("{} were begun by a process that is gone", left.join(", "));
    mendable(CHECK, Health::Warning, message, fix, || spawn::recover(desk).map(|_| ()))
}

fn daemon(desk: &Desk, fix: bool) -> Finding {
    const CHECK: &str = "daemon";
    let status = match control::status(&desk.town) {
        Ok(status) => status,
        Err(error) => return Finding::failed(CHECK, &error),
    };
    if status.stale {
        let message = "it is of another version than this gt".to_owned();
        return mendable(CHECK, Health::Warning, message, fix, || {
            control::stop(&desk.town)?;
            control::start(&desk.town).map(|_| ())
        });
    }
    if status.running {
        return Finding::ok(CHECK, "runs");
    }
    let waits = [State::Queued, State::Spawning, State::Active];
    let at_work = assignment::in_states(desk.ledger.conn(), &waits).map_or(0, |rows| rows.len());
    let requests = queue::all(desk.ledger.conn(), None).unwrap_or_default();
    let work = at_work + requests.iter().filter(|request| request.state.is_open()).count();
    if work == 0 {
        return Finding::ok(CHECK, "does not run, and has nothing to do");
    }
    let message = format!("does not run, though {work} beads are under way");
    mendable(CHECK, Health::Warning, message, fix, || control::start(&desk.town).map(|_| ()))
}
