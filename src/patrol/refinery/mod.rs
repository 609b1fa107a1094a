//! The refinery: one loop a rig that merges what is handed in, by score, several requests at once.

mod batch;
mod bisect;
mod gate;
mod gates;
mod review;
mod settle;
mod target;

use std::time::{Duration, Instant};

use self::batch::End;
use super::pulse::Pulse;
use crate::base::lock::Lock;
use crate::base::{Kind, Result, Timestamp};
use crate::repo::Bare;
use crate::town::{MergeQueueSettings, MergeStrategy, Rig, Town};
use crate::work::queue::{self, MergeRequest, State};
use crate::work::{Desk, halt};

/// How long a refinery rests when nothing happens.
const REST: Duration = Duration::from_secs(30);
/// How long it waits while another process merges in this rig.
const BUSY: Duration = Duration::from_millis(200);
/// How often old logs and leftover locks are looked for.
const PRUNE: Duration = Duration::from_secs(3600);

/// Runs the refinery of `rig` until it is time to end or the rig is gone.
///
/// # Errors
/// When the ledger or the repository can't be used; the caller tries again later.
pub fn run(town: &Town, rig: &str, pulse: &Pulse) -> Result<()> {
    let mut desk = Desk::of(town.clone())?;
    let mut seen = 0;
    let mut pruned: Option<Instant> = None;
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
        if pruned.is_none_or(|at| at.elapsed() >= PRUNE) {
            gates::prune_logs(town)?;
            if let Ok(rig) = desk.town.rig(rig) {
                let cleared = Bare::open(&rig.bare_repo())?.clear_locks()?;
                if cleared > 0 {
                    tracing::warn!(rig = rig.name, cleared, "locks that killed gits had left are removed");
                }
            }
            pruned = Some(Instant::now());
        }
    }
}

/// Merges what can be merged now; returns how long there is nothing more to do.
fn round(desk: &mut Desk, rig: &str, pulse: &Pulse) -> Result<Duration> {
    let rig = desk.town.rig(rig)?;
    loop {
        let settings = rig.settings()?;
        if settings.docked {
            return Ok(REST);
        }
        let settings = settings.merge_queue;
        if !settings.enabled || pulse.is_stopping() || halt::frozen(desk.ledger.conn())?.is_some() {
            return Ok(REST);
        }
        let now = Timestamp::now();
        let requests = queue::ranked(desk, &rig.name, now)?;
        let seconds = now.unix_seconds();
        let waits = |request: &&MergeRequest| matches!(request.state, State::Waiting | State::Review);
        let due: Vec<MergeRequest> = requests
            .iter()
            .filter(|request| request.state != State::Held && (!waits(request) || request.step.retry_at <= seconds))
            .cloned()
            .collect();
        if due.is_empty() {
            // Those that wait have times of their own.
            let soonest = requests.iter().filter(waits).map(|request| request.step.retry_at - seconds).min();
            return Ok(
                soonest.map_or(REST, |wait| Duration::from_secs(u64::try_from(wait.max(1)).unwrap_or(1)).min(REST))
            );
        }
        // A daemon whose town's `.runtime/` was deleted under it may still be at its last merge in the same worktree.
        let Some(_alone) = Lock::try_acquire(&rig.bare_repo().join("gt-merge.lock"))? else {
            return Ok(BUSY);
        };
        if work_on(desk, &rig, &settings, due, pulse)? == End::Stopped {
            return Ok(REST);
        }
    }
}

/// Does what is to be done next for the requests that are due.
fn work_on(
    desk: &mut Desk,
    rig: &Rig,
    settings: &MergeQueueSettings,
    due: Vec<MergeRequest>,
    pulse: &Pulse,
) -> Result<End> {
    let first = &due[0];
    if first.state == State::Review {
        let looked = review::look(desk, rig, first);
        return put_off_failed(desk, rig, first, looked).map(|()| End::Settled);
    }
    let unapproved = |request: &MergeRequest| !request.step.approved && !request.state.is_in_flight();
    if settings.strategy == MergeStrategy::Hold && unapproved(first) {
        settle::hold(desk, rig, first, &format!("a person has to approve it: gt mq approve {}", first.id))?;
        return Ok(End::Settled);
    }
    let members = stack_of(due, settings);
    let result = batch::process(desk, rig, members.clone(), pulse);
    let Err(error) = result else { return result };
    if members.len() == 1 {
        return put_off_failed(desk, rig, &members[0], Err(error)).map(|()| End::Settled);
    }
    tracing::warn!(rig = rig.name, %error, "a stack could not be merged; each of its requests is tried alone");
    // What is wrong with one of them must not hold up the others.
    for member in members {
        let Some(now) = queue::find(desk.ledger.conn(), &member.id)? else { continue };
        if !now.state.is_in_flight() {
            continue;
        }
        let result = batch::process(desk, rig, vec![now.clone()], pulse);
        if matches!(result, Ok(End::Stopped)) {
            return result;
        }
        put_off_failed(desk, rig, &now, result.map(|_| ()))?;
    }
    Ok(End::Settled)
}

/// The requests that are merged together with the first that is due.
fn stack_of(due: Vec<MergeRequest>, settings: &MergeQueueSettings) -> Vec<MergeRequest> {
    let target = due[0].target.clone();
    let direct = |request: &MergeRequest| settings.strategy == MergeStrategy::Direct || request.step.approved;
    // Each branch for review is one of its own.
    let most = if direct(&due[0]) { settings.batch_size } else { 1 };
    let first = due[0].id.clone();
    due.into_iter()
        .filter(|request| {
            request.id == first || (request.target == target && request.state != State::Review && direct(request))
        })
        .take(most)
        .collect()
}

fn put_off_failed(desk: &mut Desk, rig: &Rig, request: &MergeRequest, result: Result<()>) -> Result<()> {
    let Err(error) = result else { return Ok(()) };
    tracing::error!(rig = rig.name, request = request.id, %error, "merge queue");
    settle::put_off(desk, &request.id, &error)
}
