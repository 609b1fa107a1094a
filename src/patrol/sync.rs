//! Commits the town's ledger and exchanges it with the town's remote, some time after it changed. Only in towns that are git
//! repositories, and not where `bd config set sync.auto off` says so.

use std::time::{Duration, Instant};

use super::pulse::Pulse;
use crate::base::Result;
use crate::town::Town;
use crate::work::Desk;
use crate::work::sync::{self, Options, Place};

/// How long after the first change it is committed.
const DELAY: Duration = Duration::from_secs(5);
/// How often it looks when nothing happens, such as for a remote that could not be reached.
const REST: Duration = Duration::from_secs(300);

/// Runs until it is time to end.
///
/// # Errors
/// When the ledger can't be read; the caller tries again later.
pub fn run(town: &Town, pulse: &Pulse) -> Result<()> {
    let desk = Desk::of(town.clone())?;
    let mut seen = 0;
    let mut done = 0;
    loop {
        let now = desk.ledger.change_seq()?;
        if now != done && wanted(&desk)? {
            let begin = Instant::now();
            while begin.elapsed() < DELAY {
                if !pulse.rest(DELAY.saturating_sub(begin.elapsed())) {
                    return Ok(());
                }
            }
            done = desk.ledger.change_seq()?;
            match Place::find(&desk.ledger, &town.root, true)
                .and_then(|place| sync::sync(&desk.ledger, &place, &Options::default()))
            {
                Ok(report) => {
                    if let Some(commit) = &report.committed {
                        tracing::info!(commit, pushed = report.pushed, "ledger committed");
                    }
                    for what in &report.later {
                        tracing::warn!(what, "sync");
                    }
                    if !report.later.is_empty() {
                        done = 0;
                    }
                }
                // People may be in the middle of a merge of their own; the ledger itself is safe in its files.
                Err(error) => tracing::warn!(%error, "sync"),
            }
            // What the import of others' changes wrote needs no run of its own, and a failing one is not repeated at once.
            if done == 0 && !pulse.rest(Duration::from_secs(60)) {
                return Ok(());
            }
        }
        if !pulse.wait(&mut seen, REST) {
            return Ok(());
        }
    }
}

fn wanted(desk: &Desk) -> Result<bool> {
    if !desk.town.root.join(".git").exists() {
        return Ok(false);
    }
    let value = desk.ledger.kv("config.sync.auto")?.unwrap_or_default();
    Ok(!matches!(value.trim().to_ascii_lowercase().as_str(), "off" | "false" | "no" | "0"))
}
