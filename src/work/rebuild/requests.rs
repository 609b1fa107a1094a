//! Merge requests, from their beads, and from the records of hooks whose request had not reached the file yet.

use std::collections::BTreeMap;

use super::{Found, beads};
use crate::base::Result;
use crate::ledger::{Bead, Patch, Status, Tx};
use crate::repo::{Bare, HookState};
use crate::town::Rig;
use crate::work::hook::{HANDED_IN, HandedIn};
use crate::work::queue::{self, CONFLICT_MARK, Handed, MARKS, MergeRequest, REQUEST_TYPE, State, Step};

pub(super) fn restore(tx: &mut Tx<'_>, rigs: &[Rig], found: &[Found]) -> Result<()> {
    for bead in beads(tx, &[REQUEST_TYPE], &[], true)? {
        // A line of another origin that names no branch is nothing that could be merged.
        if queue::find(tx.conn(), &bead.id)?.is_none()
            && let Some(request) = from_bead(tx, &tx.get(&bead.id)?, rigs)?
        {
            queue::put(tx, &request)?;
        }
    }
    for hook in found {
        from_hook(tx, rigs, hook)?;
    }
    Ok(())
}

/// The row that a request's bead tells of: `branch: ...`, `target: ...` and so on, one a line.
fn from_bead(tx: &Tx<'_>, bead: &Bead, rigs: &[Rig]) -> Result<Option<MergeRequest>> {
    let lines: BTreeMap<&str, &str> = bead
        .description
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| (key.trim(), value.trim()))
        .collect();
    let line = |key: &str| lines.get(key).copied().unwrap_or_default();
    let rig = rigs.iter().find(|rig| rig.name == line("rig")).or_else(|| rigs.iter().find(|r| r.name == bead.store));
    let (Some(rig), false) = (rig, line("branch").is_empty()) else { return Ok(None) };
    let head = match line("head") {
        "" => Bare::open(&rig.bare_repo())?.local_branch(line("branch"))?.unwrap_or_default(),
        head => head.to_owned(),
    };
    let merged = bead.close_reason.strip_prefix("Merged in ").map(str::trim);
    let (state, reason) = match (bead.status.is_done(), merged) {
        (true, Some(_)) => (State::Merged, String::new()),
        (true, None) => (State::Rejected, bead.close_reason.clone()),
        (false, _) => open_state(tx, line("source_issue"))?,
    };
    Ok(Some(MergeRequest {
        id: bead.id.clone(),
        rig: rig.name.clone(),
        branch: line("branch").to_owned(),
        target: match line("target") {
            "" => rig.target_branch()?,
            target => target.to_owned(),
        },
        source: line("source_issue").to_owned(),
        worker: line("worker").to_owned(),
        head,
        state,
        step: Step { base: line("base").to_owned(), ..Step::default() },
        merge_commit: merged.unwrap_or_default().to_owned(),
        retries: 0,
        reason,
        log: String::new(),
        created_at: bead.created_at,
        updated_at: bead.updated_at,
    }))
}

/// An open request is ready, unless its bead says that it was given back. How far a merge had come is found out by merging: what
/// is on the target already is recognised.
fn open_state(tx: &Tx<'_>, source: &str) -> Result<(State, String)> {
    let Some(bead) = tx.find(source)? else { return Ok((State::Ready, String::new())) };
    let given_back = !bead.status.is_done() && bead.status != Status::Hooked;
    Ok(match MARKS.iter().find(|mark| given_back && bead.has_label(mark)) {
        Some(mark) if *mark == CONFLICT_MARK => (State::Conflict, format!("{source} is marked {mark}")),
        Some(mark) => (State::Failed, format!("{source} is marked {mark}")),
        None => (State::Ready, String::new()),
    })
}

/// What was handed in just before the loss may be in no file yet; the hook's record knows it.
fn from_hook(tx: &mut Tx<'_>, rigs: &[Rig], Found { rig, record, .. }: &Found) -> Result<()> {
    let handed = record.extra.get(HANDED_IN).and_then(|value| serde_json::from_value::<HandedIn>(value.clone()).ok());
    let (HookState::Completed, Some(handed), Some(branch)) = (record.state, handed, &record.branch) else {
        return Ok(());
    };
    let Some(rig) = rigs.iter().find(|known| known.name == *rig) else { return Ok(()) };
    let source = record.bead.clone().unwrap_or_default();
    if queue::all(tx.conn(), Some(&rig.name))?.iter().any(|known| known.branch == *branch) {
        return Ok(());
    }
    let bead = tx.find(&source)?;
    if bead.as_ref().is_some_and(|bead| bead.status.is_done() || MARKS.iter().any(|mark| bead.has_label(mark)))
        || Bare::open(&rig.bare_repo())?.find_rev(&handed.head)?.is_none()
    {
        return Ok(());
    }
    queue::hand_in(
        tx,
        &Handed {
            rig: &rig.name,
            branch,
            base: record.base.as_deref().unwrap_or_default(),
            head: &handed.head,
            target: &handed.target,
            source: &source,
            worker: &record.agent,
        },
    )?;
    if bead.is_some() {
        let assignee = Some(record.agent.clone());
        tx.update(&source, &Patch { status: Some(Status::Hooked), assignee, ..Patch::default() })?;
    }
    Ok(())
}
