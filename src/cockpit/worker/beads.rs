//! Deeds on beads, mail and the merge queue.

use crate::base::{Error, Result};
use crate::ledger::{NewBead, Patch};
use crate::patrol;
use crate::town::Town;
use crate::view::mail::PERSON;
use crate::work::{Desk, archive, hook_care, hook_repair, hook_review, mail, post, queue};

use super::super::deeds::{BeadText, Deed, Finished, Place};
use super::deeds::finished;
use super::setup;

/// Does `deed`.
pub(super) fn perform(town: &Town, deed: Deed) -> Result<Finished> {
    if let Deed::Repair(agent) = deed {
        return heal(town, &agent);
    }
    let mut desk = Desk::of(town.clone())?;
    let (text, undo) = act(&mut desk, deed)?;
    patrol::after_command(&desk)?;
    Ok(finished(true, text, Vec::new(), undo))
}

/// Closes one bead, and says what can start now.
pub(super) fn close(desk: &mut Desk, id: &str) -> Result<String> {
    let me = desk.actor();
    let closed = desk.ledger.write(&me, |tx| tx.close(id, "closed in the cockpit"))?;
    Ok(match closed.unblocked.len() {
        0 => format!("{id} is closed"),
        count => format!("{id} is closed; {count} waited for it and can start"),
    })
}

/// Opens one bead again.
pub(super) fn reopen(desk: &mut Desk, id: &str) -> Result<String> {
    let me = desk.actor();
    desk.ledger.write(&me, |tx| tx.reopen(id, "opened again in the cockpit"))?;
    Ok(format!("{id} is open again"))
}

/// Counts one message as read.
pub(super) fn read(desk: &mut Desk, id: &str) -> Result<String> {
    mail::read(desk, PERSON, id)?;
    Ok(format!("{id} counts as read"))
}

/// Counts one message as not read.
pub(super) fn unread(desk: &mut Desk, id: &str) -> Result<String> {
    mail::mark(desk, PERSON, &[id.to_owned()], false)?;
    Ok(format!("{id} counts as not read"))
}

/// Brings one message back into the inbox.
pub(super) fn bring_back(desk: &mut Desk, id: &str) -> Result<String> {
    reopen(desk, id)?;
    Ok(format!("{id} is in the inbox again"))
}

/// Puts one message away.
pub(super) fn put_away(desk: &mut Desk, id: &str) -> Result<String> {
    mail::archive(desk, PERSON, &[id.to_owned()])?;
    Ok(format!("{id} is put away"))
}

/// Has one merge request tried again.
pub(super) fn retry(desk: &mut Desk, id: &str) -> Result<String> {
    let changed = queue::retry(desk, id)?;
    patrol::daemon::ensure_running(&desk.town)?;
    Ok(format!("{} ({}) is to be merged again", changed.id, changed.source))
}

/// Lets one merge request be merged.
pub(super) fn approve(desk: &mut Desk, id: &str) -> Result<String> {
    let changed = queue::approve(desk, id)?;
    patrol::daemon::ensure_running(&desk.town)?;
    Ok(format!("{} ({}) is approved", changed.id, changed.source))
}

/// Stops merging one request.
pub(super) fn stop_merge(desk: &mut Desk, id: &str) -> Result<String> {
    let stopped = queue::cancel(desk, id)?;
    let how = if stopped.stopping { "its merging is being stopped" } else { "it is held" };
    Ok(format!("{}: {how}; approve it to let it go on", stopped.id))
}

/// Turns one merge request down.
pub(super) fn reject(desk: &mut Desk, id: &str, reason: &str) -> Result<String> {
    let changed = queue::reject(desk, id, reason)?;
    Ok(format!("{} ({}) is turned down; its branch stays", changed.id, changed.source))
}

/// Heals a worktree and tells what was wrong.
fn heal(town: &Town, agent: &str) -> Result<Finished> {
    let mut desk = Desk::of(town.clone())?;
    let found = hook_repair::repair(&mut desk, Some(agent), false)?;
    let healed: Vec<&String> = found.iter().flat_map(|checkup| &checkup.healed).collect();
    let left: Vec<&String> = found.iter().flat_map(|checkup| &checkup.left).collect();
    let text = match (healed.len(), left.len()) {
        (0, 0) => format!("The worktree of {agent} is well"),
        (_, 0) => format!("The worktree of {agent} is well again: {}", healed[0]),
        (_, _) => format!("Not all is well with {agent}: {}", left[0]),
    };
    let parts = if healed.len() + left.len() > 1 {
        healed.into_iter().chain(left.iter().copied()).cloned().collect()
    } else {
        Vec::new()
    };
    Ok(finished(left.is_empty(), text, parts, None))
}

fn act(desk: &mut Desk, deed: Deed) -> Result<(String, Option<Deed>)> {
    let me = desk.actor();
    Ok(match deed {
        Deed::CreateBead { rig, text } => {
            let new = NewBead {
                description: text.body,
                acceptance_criteria: text.acceptance,
                labels: text.labels,
                priority: Some(text.priority),
                issue_type: text.kind,
                ..NewBead::titled(text.title)
            };
            let bead = desk.ledger.write(&me, |tx| tx.create(&rig, new))?;
            (format!("{} is made", bead.id), Some(Deed::CloseBeads(vec![bead.id])))
        }
        Deed::EditBead { id, text } => {
            let old = desk.ledger.get(&id)?;
            let patch = Patch {
                title: Some(text.title),
                description: Some(text.body),
                acceptance_criteria: Some(text.acceptance),
                priority: Some(text.priority),
                issue_type: Some(text.kind),
                ..Patch::default()
            };
            desk.ledger.write(&me, |tx| {
                tx.update(&id, &patch)?;
                for label in text.labels.iter().filter(|label| !old.has_label(label)) {
                    tx.add_label(&id, label)?;
                }
                for label in old.labels.iter().filter(|label| !text.labels.contains(label)) {
                    tx.remove_label(&id, label)?;
                }
                Ok(())
            })?;
            let before = BeadText {
                title: old.title,
                body: old.description,
                acceptance: old.acceptance_criteria,
                labels: old.labels,
                priority: old.priority,
                kind: old.issue_type,
            };
            (format!("{id} is changed"), Some(Deed::EditBead { id, text: before }))
        }
        Deed::Write { to, subject, text } => {
            let boxes = post::resolve(desk, &to, PERSON)?;
            let sent = {
                let letter = mail::Letter { subject: &subject, body: &text, priority: 2, ..mail::Letter::default() };
                mail::send_all(desk, &me, &boxes, &letter)?
            };
            let whom: Vec<&str> = sent.iter().map(|one| one.to.as_str()).collect();
            (format!("Sent to {}", whom.join(", ")), None)
        }
        Deed::Set { home, key, value } => {
            let (said, undo) = setup::change(&desk.town, home, key, value)?;
            (said, Some(undo))
        }
        Deed::Comment(id, text) => {
            desk.ledger.write(&me, |tx| tx.add_comment(&id, &text))?;
            (format!("Remarked on {id}"), None)
        }
        Deed::Reply(id, text) => {
            let sent = mail::reply(desk, PERSON, &id, None, &text)?;
            (format!("Sent to {}", sent.to), None)
        }
        Deed::Reorder(id, place) => {
            let (order, words, undo) = match place {
                Place::First => (queue::Order::First, "comes before all others", None),
                Place::Earlier => (queue::Order::Earlier, "comes one earlier", Some(Place::Later)),
                Place::Later => (queue::Order::Later, "comes one later", Some(Place::Earlier)),
                Place::Last => (queue::Order::Last, "comes after all others", None),
            };
            let changed = queue::reorder(desk, &id, order)?;
            (format!("{} ({}) {words}", changed.id, changed.source), undo.map(|place| Deed::Reorder(id, place)))
        }
        Deed::Rollback(agent, number) => {
            let back = hook_care::rollback(desk, &agent, number)?;
            let undo = back.kept.map(|kept| Deed::Rollback(agent.clone(), kept));
            (format!("{agent} is at snapshot {number} again"), undo)
        }
        Deed::ArchiveHook(agent) => {
            archive::archive(desk, &agent)?;
            (format!("The hook of {agent} is put away"), Some(Deed::RestoreHook(agent)))
        }
        Deed::RestoreHook(agent) => {
            let back = hook_care::restore(desk, &agent)?;
            (format!("The hook of {agent} is back, on {}", back.branch), None)
        }
        Deed::TakeOut { agent, path, line, patch, back } => {
            hook_review::take_out(desk, &agent, &patch, back)?;
            let text = match (line, back) {
                (0, false) => format!("The changes of {path} are undone"),
                (0, true) => format!("The changes of {path} are back"),
                (_, false) => format!("A hunk of {path} is taken out"),
                (_, true) => format!("The hunk of {path} is back"),
            };
            (text, Some(Deed::TakeOut { agent, path, line, patch, back: !back }))
        }
        other => return Err(Error::failed(format!("{} is not done here", other.words()))),
    })
}
