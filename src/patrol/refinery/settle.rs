//! The ends that a request can come to, each one transaction of the ledger.

use std::collections::BTreeSet;

use serde_json::json;

use super::gates;
use crate::base::{Error, Result, Timestamp, files};
use crate::ledger::Tx;
use crate::repo::Bare;
use crate::runtime;
use crate::town::{MergeStrategy, OnConflict, Rig};
use crate::work::archive::ARCHIVE;
use crate::work::queue::{self, MARKS, MergeRequest, State, Step};
use crate::work::{Desk, assignment, escalation};

/// Seconds to wait after the first failed attempt to reach the origin; doubled each time.
const FIRST_WAIT: i64 = 5;
/// The longest such wait.
const LONGEST_WAIT: i64 = 600;

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is on the target, in this commit.
    Merged(String),
    /// It was given back, or to a fresh agent, and why.
    GivenBack(String),
    /// It waits, and for what.
    Waiting(String),
    /// It is held for a person, and why.
    Held(String),
    /// Its branch is at the origin for review.
    Review(String),
}

fn tell(rig: &Rig, request: &str, outcome: &Outcome) {
    tracing::info!(rig = rig.name, request, ?outcome, "merge queue");
}

/// Who changes the ledger for the refinery of `rig`.
pub fn actor(rig: &Rig) -> String {
    format!("{}/refinery", rig.name)
}

/// The bead of a request, for an event.
pub fn source(request: &MergeRequest) -> Option<&str> {
    Some(request.source.as_str()).filter(|source| !source.is_empty())
}

/// Refuses to go on with a request that somebody changed meanwhile.
pub fn still_ours(tx: &Tx<'_>, request: &MergeRequest) -> Result<()> {
    let now = queue::find(tx.conn(), &request.id)?;
    if now.as_ref().is_some_and(|now| now.state == request.state && now.head == request.head) {
        return Ok(());
    }
    Err(Error::refused(format!("{} was changed meanwhile", request.id)))
}

/// The request is on the target: says so in the ledger, closes the bead, lets convoys land.
pub fn finish(desk: &mut Desk, rig: &Rig, request: &MergeRequest, commit: &str) -> Result<()> {
    let by_hand = queue::integration::by_hand(desk, rig, request)?;
    let merged = MergeRequest {
        state: State::Merged,
        merge_commit: commit.to_owned(),
        reason: String::new(),
        ..request.clone()
    };
    desk.ledger.write(&actor(rig), |tx| {
        still_ours(tx, request)?;
        queue::put(tx, &merged)?;
        let reason = format!("Merged in {commit}");
        tx.event(
            "merged",
            source(request),
            json!({"mr": request.id, "worker": request.worker, "branch": request.branch, "commit": commit}),
        )?;
        if let Some(bead) = tx.find(&request.source)? {
            for mark in MARKS.iter().filter(|mark| bead.has_label(mark)) {
                tx.remove_label(&bead.id, mark)?;
            }
        }
        let finished = queue::integration::merged(tx, request, commit, by_hand.as_deref())?;
        for id in [&request.id, &request.source] {
            if (finished || *id == request.id) && tx.find(id)?.is_some_and(|bead| !bead.status.is_done()) {
                tx.close(id, &reason)?;
            }
        }
        if assignment::find(tx.conn(), &request.source)?.is_some_and(|row| row.state == assignment::State::Done) {
            assignment::set_state(tx, &request.source, assignment::State::Done, &reason)?;
        }
        Ok(())
    })?;
    tell(rig, &request.id, &Outcome::Merged(commit.to_owned()));
    if let Err(error) = clear_branches(desk, rig, request, commit) {
        tracing::warn!(rig = rig.name, branch = request.branch, %error, "the merged branch stays");
    }
    Ok(())
}

/// Deletes branches that were only there to be merged: one at the origin for review, an integration branch. What they held is on the
/// target, and under [`ARCHIVE`].
fn clear_branches(desk: &Desk, rig: &Rig, request: &MergeRequest, commit: &str) -> Result<()> {
    let landed = queue::integration::landed(desk, request, commit)?;
    let settings = rig.settings()?.merge_queue;
    if !settings.delete_merged_branches {
        return Ok(());
    }
    let bare = Bare::open(&rig.bare_repo())?;
    if let Some(branch) = &landed
        && let Some(head) = bare.local_branch(branch)?
    {
        bare.update_ref(&format!("{ARCHIVE}{branch}"), &head, None)?;
        bare.delete_branch(branch, &head)?;
    }
    let reviewed = Some(request.branch.clone()).filter(|_| settings.strategy == MergeStrategy::Pr);
    for branch in landed.into_iter().chain(reviewed).collect::<BTreeSet<_>>() {
        if let Some(there) = bare.origin_branch(&branch)? {
            bare.delete_at_origin(&branch, &there)?;
        }
    }
    Ok(())
}

/// The gates were red over it.
pub fn give_back_red(desk: &mut Desk, rig: &Rig, request: &MergeRequest) -> Result<()> {
    let filed = desk.ledger.write(&actor(rig), |tx| {
        still_ours(tx, request)?;
        queue::give_back(tx, &request.id, State::Failed, &request.reason, &request.log)
    })?;
    escalation::tell_filed(desk, filed);
    tell(rig, &request.id, &Outcome::GivenBack(request.reason.clone()));
    Ok(())
}

/// It does not fit the target: a fresh agent does the work again, told what is in the way, or a person decides.
pub fn give_back_conflict(
    desk: &mut Desk,
    rig: &Rig,
    request: &MergeRequest,
    onto: &str,
    conflict: (&[String], &str),
) -> Result<()> {
    let (conflicting, log) = conflict;
    let reason = format!("conflict with {} in {}", request.target, conflicting.join(", "));
    let path = gates::log_path(&desk.town, &request.id)?;
    files::write_atomic(&path, log.as_bytes(), 0o600)?;
    let path = path.to_string_lossy().into_owned();
    let preset = runtime::preset(&desk.town, Some(rig), "polecat", None)?.name;
    let redo = rig.settings()?.merge_queue.on_conflict == OnConflict::Redo;
    let filed = desk.ledger.write(&actor(rig), |tx| {
        still_ours(tx, request)?;
        let facts = queue::ConflictFacts { onto, files: conflicting, reason: &reason, log: &path, preset: &preset };
        if redo && queue::redo(tx, &request.id, &facts)? {
            return Ok(None);
        }
        queue::give_back(tx, &request.id, State::Conflict, &reason, &path)
    })?;
    escalation::tell_filed(desk, filed);
    tell(rig, &request.id, &Outcome::GivenBack(reason));
    Ok(())
}

/// Makes a request wait for `reason`, longer each time.
pub fn wait(desk: &mut Desk, rig: &Rig, request: &MergeRequest, reason: &str) -> Result<()> {
    desk.ledger.write(&actor(rig), |tx| {
        still_ours(tx, request)?;
        queue::put(tx, &waiting(request, tx.now(), reason))
    })?;
    tell(rig, &request.id, &Outcome::Waiting(reason.to_owned()));
    Ok(())
}

fn waiting(request: &MergeRequest, now: Timestamp, reason: &str) -> MergeRequest {
    let delay = (FIRST_WAIT << request.step.tries.min(7)).min(LONGEST_WAIT);
    let step = Step {
        // A push without an answer may have got through: with this it is recognised later.
        rebased: request.step.rebased.clone(),
        retry_at: now.unix_seconds() + delay,
        tries: request.step.tries + 1,
        ..request.step.afresh()
    };
    MergeRequest { step, state: State::Waiting, reason: reason.to_owned(), ..request.clone() }
}

/// Makes a request wait after an error that says nothing about it.
///
/// # Errors
/// When the ledger can't be written.
pub fn put_off(desk: &mut Desk, id: &str, error: &Error) -> Result<()> {
    desk.ledger.write("deacon", |tx| match queue::find(tx.conn(), id)? {
        Some(request) if request.state.is_in_flight() || matches!(request.state, State::Ready | State::Waiting) => {
            queue::put(tx, &waiting(&request, tx.now(), error.message()))
        }
        _ => Ok(()),
    })
}

/// Holds a request for a person.
pub fn hold(desk: &mut Desk, rig: &Rig, request: &MergeRequest, reason: &str) -> Result<()> {
    let held =
        MergeRequest { state: State::Held, step: request.step.afresh(), reason: reason.to_owned(), ..request.clone() };
    desk.ledger.write(&actor(rig), |tx| {
        still_ours(tx, request)?;
        queue::put(tx, &held)?;
        tx.event("merge_held", source(request), json!({"mr": request.id, "reason": reason})).map(|_| ())
    })?;
    tell(rig, &request.id, &Outcome::Held(reason.to_owned()));
    Ok(())
}

/// Holds a request whose merging somebody cancelled.
pub fn cancelled(desk: &mut Desk, rig: &Rig, request: &MergeRequest, by: &str) -> Result<()> {
    let held = desk.ledger.write(&actor(rig), |tx| {
        still_ours(tx, request)?;
        queue::clear_cancel(tx, request.clone(), by)
    })?;
    if held {
        tell(rig, &request.id, &Outcome::Held(format!("cancelled by {by}")));
    }
    Ok(())
}

/// Leaves a request to those who review its branch at the origin; it is looked at again after `seconds`.
pub fn review(desk: &mut Desk, rig: &Rig, request: &MergeRequest, reason: &str, seconds: i64) -> Result<()> {
    let mut next = MergeRequest { state: State::Review, reason: reason.to_owned(), ..request.clone() };
    next.step.green = None;
    next.step.tries = 0;
    desk.ledger.write(&actor(rig), |tx| {
        still_ours(tx, request)?;
        next.step.retry_at = tx.now().unix_seconds() + seconds;
        queue::put(tx, &next)?;
        if request.state != State::Review {
            tx.event("merge_review", source(request), json!({"mr": request.id, "branch": request.branch}))?;
        }
        Ok(())
    })?;
    if request.state != State::Review {
        tell(rig, &request.id, &Outcome::Review(request.branch.clone()));
    }
    Ok(())
}
