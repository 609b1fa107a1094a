//! Going on, squashing and burning.

use serde::Serialize;
use serde_json::json;

use super::read::{self, Molecule};
use crate::base::text::counted;
use crate::base::{Error, Result};
use crate::ledger::{Bead, NewBead, NewDep, Patch, Status, Tx, dep_type};

/// What follows from a closed step.
#[derive(Debug, Clone)]
pub struct Advance {
    /// The molecule it belongs to.
    pub molecule_id: String,
    /// Containers that were closed because all their parts are.
    pub closed: Vec<String>,
    /// The next step.
    pub next: Option<Bead>,
    /// The next step was taken up.
    pub claimed: bool,
    /// Every step is closed.
    pub complete: bool,
}

/// Goes on in the molecule after `step` was closed: containers whose last part it was are closed, the next step is found and, with `claim`, taken
/// up by the transaction's actor. `unblocked` is what closing it led to. Nothing when the bead belongs to no molecule.
///
/// # Errors
/// When the ledger can't be read or written.
pub fn advance(tx: &mut Tx<'_>, step: &str, unblocked: &[String], claim: bool) -> Result<Option<Advance>> {
    let root = read::top(tx.conn(), step.to_owned())?;
    if root == step {
        return Ok(None);
    }
    let mut freed: Vec<String> = unblocked.to_vec();
    let mut closed = Vec::new();
    let mut at = step.to_owned();
    while let Some(parent) = tx.find(&at)?.as_ref().and_then(Bead::parent).map(str::to_owned) {
        if parent == root || read::has_open_parts(tx.conn(), &parent)? {
            break;
        }
        let done = tx.close(&parent, "All its parts are closed")?;
        freed.extend(done.unblocked);
        closed.push(parent.clone());
        at = parent;
    }
    let mut next = first_of(tx, &freed, &root)?;
    if next.is_none() {
        next = read::next_ready(&root, |filter| tx.ready(filter), tx.conn())?;
    }
    let complete = next.is_none() && !read::has_open_parts(tx.conn(), &root)?;
    let mut claimed = false;
    if let Some(found) = next.take() {
        let actor = tx.actor().to_owned();
        claimed = claim && (found.assignee.is_empty() || found.assignee == actor);
        next = Some(match claimed {
            true => tx.update(
                &found.id,
                &Patch { status: Some(Status::InProgress), assignee: Some(actor), ..Patch::default() },
            )?,
            false => found,
        });
    }
    Ok(Some(Advance { molecule_id: root, closed, next, claimed, complete }))
}

/// The first made of these beads that is a step of the molecule and can be worked on.
fn first_of(tx: &Tx<'_>, ids: &[String], root: &str) -> Result<Option<Bead>> {
    let mut best: Option<Bead> = None;
    for id in ids {
        let Some(bead) = tx.find(id)? else { continue };
        let fits = bead.status == Status::Open
            && !bead.blocked
            && bead.issue_type != "gate"
            && read::top(tx.conn(), bead.id.clone())? == root
            && bead.id != root
            && !read::has_open_parts(tx.conn(), &bead.id)?;
        if fits && best.as_ref().is_none_or(|best| bead.created_at < best.created_at) {
            best = Some(bead);
        }
    }
    Ok(best)
}

/// A molecule reduced to one bead.
#[derive(Debug, Clone, Serialize)]
pub struct Squashed {
    /// The molecule.
    pub molecule_id: String,
    /// The bead that says what was done.
    pub digest_id: String,
    /// The steps it stands for.
    pub squashed_ids: Vec<String>,
    /// How many they were.
    pub squashed_count: usize,
    /// How many were deleted.
    pub deleted_count: usize,
    /// The steps were left.
    pub kept_children: bool,
}

/// Replaces a finished molecule's steps by one closed bead that says what was done. A wisp goes with its root, the digest stays.
///
/// # Errors
/// Refused while steps are open, unless `force`.
pub fn squash(tx: &mut Tx<'_>, molecule: &Molecule, summary: &str, keep: bool, force: bool) -> Result<Squashed> {
    let root = &molecule.root;
    let open: Vec<&Bead> = molecule.steps.iter().filter(|step| !step.status.is_done()).collect();
    if let (Some(first), false) = (open.first(), force) {
        let message = format!("{} has {} open steps, the first is {} {:?}", root.id, open.len(), first.id, first.title);
        return Err(Error::refused(message).hint("close them, or squash all the same with --force"));
    }
    let mut text = match summary {
        "" => format!("Squashed from {}", counted(molecule.steps.len(), "step")),
        summary => summary.to_owned(),
    };
    const SHOWN: usize = 200;
    for step in molecule.steps.iter().take(SHOWN) {
        let mark = if step.status.is_done() { "x" } else { " " };
        let reason = if step.close_reason.is_empty() { String::new() } else { format!(": {}", step.close_reason) };
        text.push_str(&format!("\n- [{mark}] {}{reason}", step.title));
    }
    if molecule.steps.len() > SHOWN {
        text.push_str(&format!("\n- and {} more", molecule.steps.len() - SHOWN));
    }
    let mut deps = Vec::new();
    if !root.ephemeral || keep {
        let kind = if root.ephemeral { dep_type::DISCOVERED_FROM } else { dep_type::PARENT_CHILD };
        deps.push(NewDep::new(root.id.clone(), kind));
    }
    let title: String = format!("Digest: {}", root.title).chars().take(120).collect();
    let digest = NewBead { title, description: text, status: Some(Status::Closed), deps, ..NewBead::default() };
    let digest = tx.create(&root.store, digest)?;
    let squashed_ids: Vec<String> = molecule.steps.iter().map(|step| step.id.clone()).collect();
    let mut deleted = 0;
    if !keep {
        for step in molecule.steps.iter().rev() {
            tx.delete(&step.id, &format!("squashed into {}", digest.id))?;
            deleted += 1;
        }
        if root.ephemeral {
            tx.delete(&root.id, &format!("squashed into {}", digest.id))?;
            deleted += 1;
        }
    }
    let gone = root.ephemeral && !keep;
    if !gone && !root.status.is_done() {
        tx.close(&root.id, &format!("Squashed into {}", digest.id))?;
    }
    let payload = json!({"digest": digest.id, "squashed": squashed_ids.len(), "deleted": deleted});
    tx.event("squashed", Some(&root.id), payload)?;
    Ok(Squashed {
        molecule_id: root.id.clone(),
        digest_id: digest.id,
        squashed_count: squashed_ids.len(),
        squashed_ids,
        deleted_count: deleted,
        kept_children: keep,
    })
}

/// A molecule that was deleted.
#[derive(Debug, Clone, Serialize)]
pub struct Burned {
    /// The molecule.
    pub molecule_id: String,
    /// Everything that was deleted.
    pub deleted_ids: Vec<String>,
    /// How many.
    pub deleted_count: usize,
}

/// Deletes a molecule: a wisp without a trace, another with tombstones.
///
/// # Errors
/// Refused for a molecule that is no wisp, and for a wisp on which somebody works, unless `force`.
pub fn burn(tx: &mut Tx<'_>, molecule: &Molecule, force: bool) -> Result<Burned> {
    let root = &molecule.root;
    let busy = molecule.steps.iter().find(|step| matches!(step.status, Status::InProgress | Status::Hooked));
    if !force && !root.ephemeral {
        let message = format!("{} is no wisp: burning deletes {}", root.id, counted(molecule.steps.len() + 1, "bead"));
        return Err(Error::refused(message).hint("keep what was done with bd mol squash, or burn it with --force"));
    }
    if let (Some(busy), false) = (busy, force) {
        let message = format!("{} is being worked on by {}", busy.id, busy.assignee);
        return Err(Error::refused(message).hint("burn it all the same with --force"));
    }
    let mut deleted_ids = Vec::with_capacity(molecule.steps.len() + 1);
    for step in molecule.steps.iter().rev() {
        tx.delete(&step.id, "burned")?;
        deleted_ids.push(step.id.clone());
    }
    tx.delete(&root.id, "burned")?;
    deleted_ids.push(root.id.clone());
    Ok(Burned { molecule_id: root.id.clone(), deleted_count: deleted_ids.len(), deleted_ids })
}
