//! Work that does not fit its target goes to a fresh agent, with all that is known of the conflict.

use serde_json::json;

use super::change::{no_request, reopen_source};
use super::integration::{self, Integration};
use super::{CONFLICT_MARK, State, find, of_source, put};
use crate::base::Result;
use crate::ledger::{Patch, Tx};
use crate::town::Address;
use crate::work::assignment::{self, Assignment};
use crate::work::sling;

/// How often a bead's work may conflict before a person has to decide.
const MOST_CONFLICTS: usize = 3;

/// What is known of a conflict.
#[derive(Debug)]
pub struct ConflictFacts<'a> {
    /// The target's head.
    pub onto: &'a str,
    /// The files in conflict.
    pub files: &'a [String],
    /// All of it in a sentence.
    pub reason: &'a str,
    /// What git said.
    pub log: &'a str,
    /// The runtime of an agent that is to do what no agent did before.
    pub preset: &'a str,
}

/// Gives the bead of a request that conflicts to a fresh agent: it is queued again, with the facts in its notes. So is the epic whose
/// integration branch does not fit the target. False, and nothing changed, when that was tried often enough, or the work is a person's:
/// then a person has to decide.
///
/// # Errors
/// When the ledger can't be written.
pub fn redo(tx: &mut Tx<'_>, id: &str, facts: &ConflictFacts<'_>) -> Result<bool> {
    let mut request = find(tx.conn(), id)?.ok_or_else(|| no_request(id))?;
    let Some(bead) = tx.find(&request.source)?.filter(|bead| !bead.status.is_done()) else { return Ok(false) };
    let row = assignment::find(tx.conn(), &bead.id)?;
    let landing = integration::open_branch(&bead).filter(|known| known.branch == request.branch);
    let fresh = Assignment::queued(&bead.id, &request.rig, facts.preset, "", tx.now());
    let row = match (row, &landing) {
        (None, Some(_)) => fresh,
        (Some(row), Some(_)) if !row.state.holds_bead() => fresh,
        (Some(row), None) if row.state == assignment::State::Done && row.agent == request.worker => row,
        _ => return Ok(false),
    };
    let conflicts = of_source(tx.conn(), &bead.id)?.iter().filter(|older| older.state == State::Conflict).count();
    let by_agent = landing.is_some() || matches!(request.worker.parse(), Ok(Address::Polecat { .. }));
    if conflicts + 1 >= MOST_CONFLICTS || !by_agent {
        return Ok(false);
    }
    request.state = State::Conflict;
    facts.reason.clone_into(&mut request.reason);
    facts.log.clone_into(&mut request.log);
    put(tx, &request)?;
    reopen_source(tx, &request, Some(CONFLICT_MARK), facts.reason)?;
    let note = format!(
        "Merge conflict: the work of {} on this bead did not fit {} at {}.\n\
         Files in conflict: {}\n\
         Its commits, {} and what leads to it, are on the branch {} (git log {}..{}).\n\
         Do this bead's work on what is on {} now: git cherry-pick those commits and resolve the conflicts so that both sides keep \
         their meaning, or do it anew. Then gt done.",
        request.worker,
        request.target,
        facts.onto,
        facts.files.join(", "),
        request.head,
        request.branch,
        request.target,
        request.branch,
        request.target
    );
    let notes = if bead.notes.is_empty() { note } else { format!("{}\n\n{note}", bead.notes) };
    let marked = match landing {
        Some(known) => integration::note(&Integration { by_hand: request.head.clone(), ..known })?,
        None => Patch::default(),
    };
    let bead = tx.update(&bead.id, &Patch { notes: Some(notes), ..marked })?;
    let queued = Assignment::queued(&bead.id, &row.rig, &row.preset, &row.convoy, row.created_at);
    sling::enqueue(tx, &bead, &Assignment { note: facts.reason.to_owned(), ..queued })?;
    tx.event(
        "merge_failed",
        Some(&bead.id),
        json!({"mr": id, "worker": request.worker, "branch": request.branch, "reason": facts.reason, "log": facts.log, "again": true}),
    )?;
    Ok(true)
}
