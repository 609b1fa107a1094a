//! The refinery: one loop a rig that merges what is handed in, one request after the other, by score.

mod gate;
mod merge;

use std::time::Duration;

use self::merge::Outcome;
use super::pulse::Pulse;
use crate::base::lock::Lock;
use crate::base::{Kind, Result, Timestamp};
use crate::town::Town;
use crate::work::{Desk, queue};

/// How long a refinery rests when nothing happens.
const REST: Duration = Duration::from_secs(30);
/// How long it waits while another process merges in this rig.
const BUSY: Duration = Duration::from_millis(200);

/// Runs the refinery of `rig` until it is time to end or the rig is gone.
///
/// # Errors
/// When the ledger or the repository can't be used; the caller tries again later.
pub fn run(town: &Town, rig: &str, pulse: &Pulse) -> Result<()> {
    let mut desk = Desk::of(town.clone())?;
    let mut seen = 0;
    loop {
        match round(&mut desk, rig, pulse) {
            Ok(rest) => {
                if !pulse.wait(&mut seen, rest) {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == Kind::NotFound && desk.town.rig(rig).is_err() => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Merges what can be merged now; returns how long there is nothing more to do.
fn round(desk: &mut Desk, rig: &str, pulse: &Pulse) -> Result<Duration> {
    let rig = desk.town.rig(rig)?;
    if !rig.settings()?.merge_queue.enabled {
        return Ok(REST);
    }
    loop {
        let now = Timestamp::now();
        let requests = queue::ranked(desk, &rig.name, now)?;
        let seconds = now.unix_seconds();
        let due =
            |request: &queue::MergeRequest| request.state != queue::State::Waiting || request.step.retry_at <= seconds;
        let Some(next) = requests.iter().find(|request| due(request)) else {
            // Those that wait have times of their own.
            let soonest = requests.iter().map(|request| request.step.retry_at - seconds).min();
            return Ok(
                soonest.map_or(REST, |wait| Duration::from_secs(u64::try_from(wait.max(1)).unwrap_or(1)).min(REST))
            );
        };
        if pulse.is_stopping() {
            return Ok(REST);
        }
        // A daemon whose town's `.runtime/` was deleted under it may still be at its last merge in the same worktree.
        let Some(_alone) = Lock::try_acquire(&rig.bare_repo().join("gt-merge.lock"))? else {
            return Ok(BUSY);
        };
        match merge::process(desk, &rig, next.clone(), pulse) {
            Ok(Outcome::Stopped) => return Ok(REST),
            Ok(outcome) => tracing::info!(rig = rig.name, request = next.id, ?outcome, "merge queue"),
            Err(error) => {
                tracing::error!(rig = rig.name, request = next.id, %error, "merge queue");
                // What is wrong with this one must not hold up the others.
                merge::put_off(desk, &next.id, &error)?;
            }
        }
    }
}
