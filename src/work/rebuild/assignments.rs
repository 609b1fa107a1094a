//! Assignments, from hooks, merge requests, and what the beads say of themselves.

use super::{Found, beads, convoy_of};
use crate::base::Result;
use crate::ledger::{Bead, Patch, Status, Tx};
use crate::repo::HookState;
use crate::town::{Address, Rig};
use crate::work::assignment::{self, Assignment, State};
use crate::work::queue::{self, MARKS};

/// What stands in a restored row as its reason.
const NOTE: &str = "found again after the database was lost";

pub(super) fn restore(tx: &mut Tx<'_>, rigs: &[Rig], found: &[Found]) -> Result<()> {
    for hook in found {
        at_work(tx, hook)?;
    }
    handed_in(tx)?;
    for bead in beads(tx, &[], &[Status::Hooked], false)? {
        if assignment::find(tx.conn(), &bead.id)?.is_none() {
            hooked(tx, rigs, &bead)?;
        }
    }
    // What came to nothing is for a person to sling again: without a row the dispatcher would take it up by itself.
    for bead in beads(tx, &[], &[Status::Open], false)? {
        let left = found.iter().find(|hook| hook.record.bead.as_deref() == Some(bead.id.as_str()));
        if assignment::find(tx.conn(), &bead.id)?.is_none()
            && (left.is_some() || MARKS.iter().any(|mark| bead.has_label(mark)))
        {
            let rig = left.map_or(bead.store.as_str(), |hook| hook.rig.as_str());
            let row = Assignment { state: State::Failed, note: NOTE.into(), ..row(tx, &bead.id, rig)? };
            assignment::put(tx, &row)?;
        }
    }
    Ok(())
}

fn row(tx: &Tx<'_>, bead: &str, rig: &str) -> Result<Assignment> {
    Ok(Assignment::queued(bead, rig, "", &convoy_of(tx, bead)?, tx.now()))
}

/// An agent that was at work, by its hook's record.
fn at_work(tx: &mut Tx<'_>, Found { rig, worktree, record }: &Found) -> Result<()> {
    let Some(id) = &record.bead else { return Ok(()) };
    let Some(bead) = tx.find(id)?.filter(|bead| !bead.status.is_done()) else { return Ok(()) };
    let given_back = MARKS.iter().any(|mark| bead.has_label(mark));
    if record.state != HookState::Active || given_back || assignment::find(tx.conn(), id)?.is_some() {
        return Ok(());
    }
    let session = record.agent.parse::<Address>().map(|agent| agent.session_name()).unwrap_or_default();
    let active = Assignment {
        agent: record.agent.clone(),
        hook: worktree.to_string_lossy().into_owned(),
        branch: record.branch.clone().unwrap_or_default(),
        base: record.base.clone().unwrap_or_default(),
        session,
        state: State::Active,
        created_at: record.created_at,
        note: NOTE.into(),
        ..row(tx, id, rig)?
    };
    assignment::put(tx, &active)?;
    // The file may be from before the sling.
    if bead.status != Status::Hooked || bead.assignee != record.agent {
        let assignee = Some(record.agent.clone());
        tx.update(id, &Patch { status: Some(Status::Hooked), assignee, ..Patch::default() })?;
    }
    Ok(())
}

/// Work in the merge queue, and work that is merged: its convoy is under way because of it.
fn handed_in(tx: &mut Tx<'_>) -> Result<()> {
    for request in queue::all(tx.conn(), None)? {
        let counts = request.state.is_open() || request.state == queue::State::Merged;
        if !counts || request.source.is_empty() || tx.find(&request.source)?.is_none() {
            continue;
        }
        if assignment::find(tx.conn(), &request.source)?.is_none() {
            let done = Assignment {
                agent: request.worker.clone(),
                branch: request.branch.clone(),
                base: request.step.base.clone(),
                state: State::Done,
                created_at: request.created_at,
                note: NOTE.into(),
                ..row(tx, &request.source, &request.rig)?
            };
            assignment::put(tx, &done)?;
        }
    }
    Ok(())
}

/// A bead that says it hangs on a hook while no hook says so: it waited in the queue, or its worktree was only being made, or it
/// is on a crew member's hook, which has no record.
fn hooked(tx: &mut Tx<'_>, rigs: &[Rig], bead: &Bead) -> Result<()> {
    let address = bead.assignee.parse::<Address>().ok();
    if let Some(Address::Crew { rig, name }) = &address
        && let Some(known) = rigs.iter().find(|known| known.name == *rig)
    {
        let active = Assignment {
            agent: bead.assignee.clone(),
            hook: known.crew_dir(name).to_string_lossy().into_owned(),
            session: address.as_ref().map(Address::session_name).unwrap_or_default(),
            state: State::Active,
            note: NOTE.into(),
            ..row(tx, &bead.id, rig)?
        };
        return assignment::put(tx, &active);
    }
    let of_agent = address.as_ref().and_then(Address::rig);
    let rig = rigs.iter().find(|rig| Some(rig.name.as_str()) == of_agent || rig.name == bead.store);
    let status = match rig {
        Some(rig) => {
            let queued = Assignment { note: NOTE.into(), ..row(tx, &bead.id, &rig.name)? };
            assignment::put(tx, &queued)?;
            Status::Hooked
        }
        // Nothing says any more for which rig a bead of the town waited.
        None => Status::Open,
    };
    tx.update(&bead.id, &Patch { status: Some(status), assignee: Some(String::new()), ..Patch::default() })?;
    Ok(())
}
