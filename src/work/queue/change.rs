//! Changes of the merge queue that a transaction of the ledger holds.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use super::{CONFLICT_MARK, GATE_MARK, MARKS, MergeRequest, REQUEST_TYPE, State, Step, find, of_source, put};
use crate::base::report::{Paint, Report};
use crate::base::{Error, Result};
use crate::ledger::{NewBead, Patch, Status, Tx};
use crate::town::Severity;
use crate::work::identity::actor;
use crate::work::{Desk, assignment, escalation, hook};

/// What an agent hands in.
#[derive(Debug, Clone)]
pub struct Handed<'a> {
    /// The rig.
    pub rig: &'a str,
    /// The branch with the work.
    pub branch: &'a str,
    /// Where it started.
    pub base: &'a str,
    /// Its head: the commit that will be merged.
    pub head: &'a str,
    /// The branch it is to be merged into.
    pub target: &'a str,
    /// The bead the work was done for; empty for none.
    pub source: &'a str,
    /// The agent.
    pub worker: &'a str,
}

/// Files a merge request, or brings the one of the same branch up to date; older ones for the same bead are superseded.
///
/// # Errors
/// When the ledger can't be written.
pub fn hand_in(tx: &mut Tx<'_>, handed: &Handed<'_>) -> Result<String> {
    let mut same = None;
    if !handed.source.is_empty() {
        for older in of_source(tx.conn(), handed.source)? {
            match older.state {
                State::Merged | State::Rejected => {}
                // Being merged right now: what is handed in again changes nothing unless there are new commits.
                _ if older.branch == handed.branch && older.head == handed.head && older.state.is_open() => {
                    return Ok(older.id);
                }
                _ if older.branch == handed.branch && older.state.is_open() && !older.state.is_in_flight() => {
                    same = Some(older);
                }
                _ if older.state.is_in_flight() => {
                    return Err(Error::refused(format!("{} is being merged just now", older.id))
                        .hint(format!("wait for it: gt mq status {}", older.id)));
                }
                _ => supersede(tx, older)?,
            }
        }
    }
    if let Some(mut request) = same {
        request.head = handed.head.to_owned();
        // What was approved were other commits.
        let boost = request.step.boost;
        request.step = Step { base: handed.base.to_owned(), boost, ..Step::default() };
        request.state = State::Ready;
        request.reason.clear();
        put(tx, &request)?;
        tx.update(&request.id, &Patch { description: Some(description(handed)), ..Patch::default() })?;
        return Ok(request.id);
    }
    let source = tx.find(handed.source)?;
    let store = source.as_ref().map_or(handed.rig, |bead| bead.store.as_str()).to_owned();
    let title =
        source.as_ref().map_or_else(|| format!("Merge: {}", handed.branch), |bead| format!("Merge: {}", bead.title));
    let bead = tx.create(
        &store,
        NewBead {
            title: title.chars().take(160).collect(),
            description: description(handed),
            issue_type: REQUEST_TYPE.into(),
            priority: source.as_ref().map(|bead| bead.priority),
            labels: vec!["gt:merge-request".into()],
            ..NewBead::default()
        },
    )?;
    let now = tx.now();
    put(
        tx,
        &MergeRequest {
            id: bead.id.clone(),
            rig: handed.rig.to_owned(),
            branch: handed.branch.to_owned(),
            target: handed.target.to_owned(),
            source: handed.source.to_owned(),
            worker: handed.worker.to_owned(),
            head: handed.head.to_owned(),
            state: State::Ready,
            step: Step { base: handed.base.to_owned(), ..Step::default() },
            merge_commit: String::new(),
            retries: 0,
            reason: String::new(),
            log: String::new(),
            created_at: now,
            updated_at: now,
        },
    )?;
    Ok(bead.id)
}

/// What the request's bead says, one fact a line: with it the queue is rebuilt when the database is lost.
fn description(handed: &Handed<'_>) -> String {
    format!(
        "branch: {}\ntarget: {}\nsource_issue: {}\nrig: {}\nworker: {}\nhead: {}\nbase: {}",
        handed.branch, handed.target, handed.source, handed.rig, handed.worker, handed.head, handed.base
    )
}

fn supersede(tx: &mut Tx<'_>, mut older: MergeRequest) -> Result<()> {
    older.state = State::Rejected;
    "superseded by newer work on the same bead".clone_into(&mut older.reason);
    put(tx, &older)?;
    close_bead(tx, &older.id, "Superseded")
}

fn close_bead(tx: &mut Tx<'_>, id: &str, reason: &str) -> Result<()> {
    if tx.find(id)?.is_some_and(|bead| !bead.status.is_done()) {
        tx.close(id, reason)?;
    }
    Ok(())
}

/// Gives a merge request back: the bead is open again and marked, the assignment failed, the hook suspended, and it is escalated:
/// returned is what there is to tell of. Nothing is lost: branch and worktree stay.
///
/// # Errors
/// When the ledger can't be written.
pub fn give_back(tx: &mut Tx<'_>, id: &str, state: State, reason: &str, log: &str) -> Result<Option<String>> {
    let mut request = find(tx.conn(), id)?.ok_or_else(|| no_request(id))?;
    if request.state == state {
        return Ok(None);
    }
    request.state = state;
    request.reason = reason.to_owned();
    request.log = log.to_owned();
    put(tx, &request)?;
    let mark = if state == State::Conflict { CONFLICT_MARK } else { GATE_MARK };
    reopen_source(tx, &request, Some(mark), reason)?;
    tx.event(
        "merge_failed",
        Some(&request.source).filter(|source| !source.is_empty()).map(String::as_str),
        json!({"mr": id, "worker": request.worker, "branch": request.branch, "reason": reason, "log": log}),
    )?;
    let reason = format!(
        "{id}: {reason}\nbranch {} by {}\nlog: {}\n\ngt mq status {id} shows it; gt mq retry {id} tries again; gt sling {} gives the bead \
         to another agent.",
        request.branch,
        request.worker,
        if log.is_empty() { "none" } else { log },
        request.source
    );
    let new = escalation::New {
        title: format!("Not merged: {} ({})", request.source, state.as_str()),
        reason,
        severity: Severity::High,
        source: "refinery".into(),
        related: request.source.clone(),
    };
    escalation::file(tx, &new).map(Some)
}

/// Opens the bead a request was for again, with a mark; the assignment failed and the hook is suspended.
pub(super) fn reopen_source(tx: &mut Tx<'_>, request: &MergeRequest, mark: Option<&str>, reason: &str) -> Result<()> {
    let Some(bead) = tx.find(&request.source)?.filter(|bead| !bead.status.is_done()) else { return Ok(()) };
    let row = assignment::find(tx.conn(), &bead.id)?;
    // Somebody else may have the bead by now; then it is none of this request's business.
    if row.as_ref().is_some_and(|row| row.state.holds_bead()) {
        return Ok(());
    }
    tx.update(&bead.id, &Patch { status: Some(Status::Open), assignee: Some(String::new()), ..Patch::default() })?;
    if let Some(mark) = mark {
        tx.add_label(&bead.id, mark)?;
    }
    if row.is_some_and(|row| row.state == assignment::State::Done) {
        assignment::set_state(tx, &bead.id, assignment::State::Failed, reason)?;
    }
    if hook::find(tx.conn(), &request.worker)?
        .is_some_and(|hook| hook.state == hook::State::Completed && hook.bead == request.source)
    {
        hook::set_state(tx, &request.worker, hook::State::Suspended)?;
    }
    Ok(())
}

pub(super) fn no_request(id: &str) -> Error {
    Error::not_found(format!("no merge request {id}")).hint("gt mq list shows them")
}

/// A merge request that was changed by hand.
#[derive(Debug, Serialize)]
pub struct Changed {
    /// The request.
    pub id: String,
    /// Its state now.
    pub state: State,
    /// The bead it is for.
    pub source: String,
}

impl Report for Changed {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} {} ({}) is {}", paint.green("✓"), self.id, self.source, self.state.as_str())
    }
}

/// Puts a request that was given back, or waits, at the refinery's disposal again.
///
/// # Errors
/// Refused when it is in work, merged or rejected, or when its bead went to somebody else.
pub fn retry(desk: &mut Desk, which: &str) -> Result<Changed> {
    let id = resolve(desk, which)?;
    desk.ledger.write(&actor(), |tx| {
        let mut request = find(tx.conn(), &id)?.ok_or_else(|| no_request(&id))?;
        match request.state {
            State::Conflict | State::Failed | State::Waiting | State::Ready | State::Review => {}
            State::Held => {
                return Err(Error::refused(format!("{id} is held: {}", request.reason))
                    .hint(format!("gt mq approve {id} lets it go on")));
            }
            State::Merged => return Err(Error::refused(format!("{id} is merged in {}", request.merge_commit))),
            State::Rejected => {
                return Err(Error::refused(format!("{id} was rejected: {}", request.reason))
                    .hint(format!("gt sling {} does the work anew", request.source)));
            }
            State::Claimed | State::Rebased | State::Gating | State::Pushing => {
                return Err(Error::refused(format!("{id} is being merged just now")).hint(format!("gt mq status {id}")));
            }
        }
        if request.state.is_given_back() {
            take_up_source(tx, &request)?;
            request.retries += 1;
        }
        request.state = State::Ready;
        request.step = request.step.afresh();
        request.reason.clear();
        put(tx, &request)?;
        tx.event("merge_retried", Some(&request.source), json!({"mr": id}))?;
        Ok(Changed { id: id.clone(), state: request.state, source: request.source })
    })
}

/// The reverse of giving back.
fn take_up_source(tx: &mut Tx<'_>, request: &MergeRequest) -> Result<()> {
    let Some(bead) = tx.find(&request.source)?.filter(|bead| !bead.status.is_done()) else { return Ok(()) };
    if let Some(row) = assignment::find(tx.conn(), &bead.id)? {
        if row.state.holds_bead() {
            return Err(Error::refused(format!("{} went to {} meanwhile", bead.id, row.agent))
                .hint("their work comes to the queue by itself"));
        }
        assignment::set_state(tx, &bead.id, assignment::State::Done, "")?;
    }
    let patch = Patch { status: Some(Status::Hooked), assignee: Some(request.worker.clone()), ..Patch::default() };
    tx.update(&bead.id, &patch)?;
    for mark in MARKS {
        if bead.has_label(mark) {
            tx.remove_label(&bead.id, mark)?;
        }
    }
    if hook::find(tx.conn(), &request.worker)?
        .is_some_and(|hook| hook.state == hook::State::Suspended && hook.bead == request.source)
    {
        hook::set_state(tx, &request.worker, hook::State::Completed)?;
    }
    Ok(())
}

/// Turns a request down: it is closed, its bead is open again, its branch stays.
///
/// # Errors
/// Refused when it is merged or being merged, or without a reason.
pub fn reject(desk: &mut Desk, which: &str, reason: &str) -> Result<Changed> {
    if reason.trim().is_empty() {
        return Err(Error::usage("say why it is rejected").hint("gt mq reject <id> -r <reason>"));
    }
    let id = resolve(desk, which)?;
    desk.ledger.write(&actor(), |tx| {
        let mut request = find(tx.conn(), &id)?.ok_or_else(|| no_request(&id))?;
        match request.state {
            State::Merged => return Err(Error::refused(format!("{id} is merged in {}", request.merge_commit))),
            State::Rejected => return Ok(Changed { id: id.clone(), state: request.state, source: request.source }),
            state if state.is_in_flight() => {
                return Err(Error::refused(format!("{id} is being merged just now"))
                    .hint(format!("gt mq cancel {id} stops that; then reject it")));
            }
            _ => {}
        }
        request.state = State::Rejected;
        request.reason = reason.to_owned();
        put(tx, &request)?;
        reopen_source(tx, &request, None, &format!("rejected: {reason}"))?;
        close_bead(tx, &id, &format!("Rejected: {reason}"))?;
        tx.event("merge_rejected", Some(&request.source), json!({"mr": id, "reason": reason}))?;
        Ok(Changed { id: id.clone(), state: request.state, source: request.source })
    })
}

/// The request's id from its id, its branch, or the bead it is for (the newest request then).
///
/// # Errors
/// [`crate::base::Kind::NotFound`] when there is none.
pub(super) fn resolve(desk: &Desk, which: &str) -> Result<String> {
    let conn = desk.ledger.conn();
    if find(conn, which)?.is_some() {
        return Ok(which.to_owned());
    }
    let all = super::all(conn, None)?;
    if let Some(request) = all.iter().rev().find(|request| request.branch == which || request.source == which) {
        return Ok(request.id.clone());
    }
    match desk.ledger.resolve(which) {
        Ok(id) => all
            .iter()
            .rev()
            .find(|request| request.id == id || request.source == id)
            .map(|request| request.id.clone())
            .ok_or_else(|| no_request(which)),
        Err(_) => Err(no_request(which)),
    }
}
