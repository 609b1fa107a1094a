//! Writes events to `.events.jsonl` and changed stores to their `issues.jsonl`: soon after the last change, and not too long after the first.

use std::time::{Duration, Instant};

use super::pulse::Pulse;
use crate::base::Result;
use crate::base::lock::Lock;
use crate::ledger::{Ledger, jsonl};
use crate::town::Town;
use crate::work::{Desk, event_log};

/// How long it waits for more changes.
const CALM: Duration = Duration::from_millis(400);
/// The longest a change stays unwritten.
const LIMIT: Duration = Duration::from_secs(3);
/// How often it looks when nothing happens.
const REST: Duration = Duration::from_secs(60);

/// Exports until it is time to end.
///
/// # Errors
/// When the ledger can't be read or a file can't be written; the caller tries again later.
pub fn run(town: &Town, pulse: &Pulse) -> Result<()> {
    let desk = Desk::of(town.clone())?;
    let mut seen = 0;
    let mut done = 0;
    loop {
        let now = desk.ledger.change_seq()?;
        if now != done {
            // People and programs that follow want to hear of it at once; the files of git may wait a little.
            event_log::append(town, &desk.ledger)?;
            jsonl::export_all(&desk.ledger)?;
            done = now;
        }
        if !pulse.wait(&mut seen, REST) {
            break;
        }
        let first = Instant::now();
        while first.elapsed() < LIMIT && pulse.wait(&mut seen, CALM) {
            let latest = desk.ledger.change_seq()?;
            if latest == done {
                break;
            }
            // A wait that ended without a beat means calm.
            let before = seen;
            if !pulse.wait(&mut seen, CALM) || seen == before {
                break;
            }
        }
    }
    Ok(())
}

/// What the daemon does last, when no patrol changes anything any more.
///
/// # Errors
/// When a file can't be written.
pub fn finish(town: &Town) -> Result<()> {
    // A town that is gone, which ends the daemon too, must not be begun anew.
    if !town.ledger_path().exists() {
        return Ok(());
    }
    let ledger = Ledger::open_existing(&town.ledger_path())?;
    event_log::append(town, &ledger)?;
    jsonl::export_all(&ledger).map(|_| ())
}

/// What a command does after it changed the ledger: exports at once, unless the daemon does it by itself.
///
/// # Errors
/// When a file can't be written.
pub fn after_command(desk: &Desk) -> Result<()> {
    if Lock::is_held(&desk.town.daemon_lock()) {
        return Ok(());
    }
    event_log::append(&desk.town, &desk.ledger)?;
    jsonl::export_all(&desk.ledger).map(|_| ())
}
