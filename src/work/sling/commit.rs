//! The one transaction of a sling: assignments, convoy, journal, events; all checked again under the ledger's write lock.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Checked, Facts, Request, Target, may_sling, unfinished};
use crate::base::{Error, Result};
use crate::ledger::{Bead, Patch, Status, Tx};
use crate::town::{Address, Rig, Town};
use crate::work::assignment::{self, Assignment, State};
use crate::work::spawn::{self, Begun, Ticket};
use crate::work::{caps, convoy, hook};

/// What the transaction decided for one bead.
#[derive(Debug, Clone)]
pub enum Committed {
    /// An agent is to be started.
    Begun(Box<Begun>),
    /// It waits for a place; why.
    Queued(Box<Assignment>),
    /// It hangs on a crew member's hook; nothing is to be started.
    Attached(Box<Assignment>),
}

pub(super) struct Outcome {
    pub items: Vec<Committed>,
    pub convoy: Option<String>,
}

/// The title of the convoy a sling makes for beads that are in none; `None` when all are in one.
pub(super) fn convoy_title(request: &Request, checked: &[Checked]) -> Option<String> {
    let loose: Vec<&Checked> = checked.iter().filter(|item| item.convoy.is_none()).collect();
    let first = loose.first()?;
    if let Some(name) = &request.convoy_name {
        return Some(name.clone());
    }
    let title: String = first.bead.title.chars().take(120).collect();
    Some(match loose.len() {
        1 => format!("Work: {title}"),
        n => format!("Work: {title} and {} more", n - 1),
    })
}

pub(super) fn commit(
    tx: &mut Tx<'_>,
    town: &Town,
    request: &Request,
    checked: &[Checked],
    bases: &BTreeMap<String, String>,
) -> Result<Outcome> {
    for item in checked {
        check_again(tx, request, item)?;
    }
    let new_convoy = join_convoys(tx, request, checked)?;
    let mut items = Vec::with_capacity(checked.len());
    for item in checked {
        let convoy = convoy::tracking(tx.conn(), &item.bead.id)?.unwrap_or_default();
        tx.event(
            "sling",
            Some(&item.bead.id),
            json!({"target": target_word(&item.target), "preset": item.preset, "convoy": convoy}),
        )?;
        let mut row = Assignment::queued(&item.bead.id, &item.target.rig().name, &item.preset, &convoy, tx.now());
        // What is slung by hand gets all its tries again.
        row.attempts = 0;
        clear_marks(tx, &item.bead)?;
        let made = new_convoy.clone().filter(|made| *made == convoy);
        let base = bases.get(&item.bead.id).map_or("", String::as_str);
        items.push(place(tx, town, item, row, (base, request.no_start), made)?);
    }
    Ok(Outcome { items, convoy: new_convoy })
}

fn target_word(target: &Target) -> String {
    target.address().map_or_else(|| target.rig().name.clone(), |address| address.to_string())
}

/// Labels that a failed merge left on the bead.
fn clear_marks(tx: &mut Tx<'_>, bead: &Bead) -> Result<()> {
    for label in crate::work::queue::MARKS {
        if bead.has_label(label) {
            tx.remove_label(&bead.id, label)?;
        }
    }
    Ok(())
}

fn check_again(tx: &Tx<'_>, request: &Request, item: &Checked) -> Result<()> {
    let id = &item.bead.id;
    let bead = tx.get(id)?;
    let row = assignment::find(tx.conn(), id)?;
    let blockers = if bead.blocked { tx.blockers(id)? } else { Vec::new() };
    may_sling(Facts {
        bead: &bead,
        assignment: row.as_ref(),
        merge_request: unfinished(tx.conn(), id)?.as_ref(),
        blockers: &blockers,
        rig: &item.target.rig().name,
        force: request.force,
    })
}

fn join_convoys(tx: &mut Tx<'_>, request: &Request, checked: &[Checked]) -> Result<Option<String>> {
    if request.no_convoy {
        return Ok(None);
    }
    let mut loose = Vec::new();
    for item in checked {
        if convoy::tracking(tx.conn(), &item.bead.id)?.is_none() {
            loose.push(item.bead.id.clone());
        }
    }
    if loose.is_empty() {
        return Ok(None);
    }
    let title = convoy_title(request, checked).unwrap_or_else(|| format!("Work: {}", loose.join(", ")));
    let owner = tx.actor().to_owned();
    convoy::make(tx, &title, &loose, &owner, &[]).map(Some)
}

/// Gives the bead a place or queues it.
fn place(
    tx: &mut Tx<'_>,
    town: &Town,
    item: &Checked,
    mut row: Assignment,
    (base, by_hand): (&str, bool),
    new_convoy: Option<String>,
) -> Result<Committed> {
    if let Target::Crew(rig, name) = &item.target {
        return attach(tx, rig, name, row).map(|row| Committed::Attached(Box::new(row)));
    }
    // What starts no agent needs no place for one.
    if !by_hand && let Some(why) = caps::in_the_way(tx.conn(), town, item.target.rig(), &item.preset)? {
        if let Some(address) = item.target.address() {
            return Err(Error::refused(format!("{address} can't start now: {why}"))
                .hint("sling it to the rig: it is queued and starts when there is a place"));
        }
        row.note = why;
        enqueue(tx, &item.bead, &row)?;
        return Ok(Committed::Queued(Box::new(row)));
    }
    let agent = match item.target.address() {
        Some(address) => address,
        None => spawn::pick_name(tx, item.target.rig())?,
    };
    let way = Way { base, from_queue: false, by_hand, new_convoy };
    begin(tx, item.target.rig(), &item.bead, &row, agent, way).map(|begun| Committed::Begun(Box::new(begun)))
}

/// How an agent is started.
#[derive(Debug, Clone, Default)]
pub struct Way<'a> {
    /// The commit its branch starts from.
    pub base: &'a str,
    /// Whether the bead waited in the queue.
    pub from_queue: bool,
    /// Whether a person starts the runtime.
    pub by_hand: bool,
    /// The convoy that was made with it.
    pub new_convoy: Option<String>,
}

/// Notes that a bead waits for a place.
///
/// # Errors
/// When the ledger can't be written.
pub fn enqueue(tx: &mut Tx<'_>, bead: &Bead, row: &Assignment) -> Result<()> {
    assignment::put(tx, row)?;
    tx.update(&bead.id, &Patch { status: Some(Status::Hooked), ..Patch::default() })?;
    tx.event("queued", Some(&bead.id), json!({"rig": row.rig, "reason": row.note}))?;
    Ok(())
}

/// Writes down that `agent` is to be started on `bead`.
///
/// # Errors
/// When the ledger can't be written.
pub fn begin(tx: &mut Tx<'_>, rig: &Rig, bead: &Bead, row: &Assignment, agent: Address, way: Way<'_>) -> Result<Begun> {
    let Way { base, from_queue, by_hand, new_convoy } = way;
    let name = agent.name().to_owned();
    // An agent that left this very bead goes on where it was.
    let left = hook::find(tx.conn(), &agent.to_string())?
        .filter(|hook| hook.bead == bead.id && hook.state == hook::State::Suspended && hook.worktree.exists());
    let (fresh, branch, base, worktree) = match left {
        Some(hook) => (false, hook.branch, hook.base, hook.worktree),
        None => (true, spawn::branch_name(&name, &bead.id, tx.now()), base.to_owned(), rig.polecat_dir(&name)),
    };
    let ticket = Ticket {
        bead: bead.id.clone(),
        agent,
        rig: rig.name.clone(),
        branch,
        base,
        worktree,
        preset: row.preset.clone(),
        fresh,
        from_queue,
        by_hand,
        new_convoy,
        status_before: bead.status.to_string(),
        assignee_before: bead.assignee.clone(),
    };
    spawn::begin(tx, bead, row, ticket)
}

/// Hangs a bead on a crew member's hook: a workspace and a session of its own, so that nothing is started.
fn attach(tx: &mut Tx<'_>, rig: &Rig, name: &str, mut row: Assignment) -> Result<Assignment> {
    let agent = Address::Crew { rig: rig.name.clone(), name: name.to_owned() };
    row.agent = agent.to_string();
    row.hook = rig.crew_dir(name).to_string_lossy().into_owned();
    row.session = agent.session_name();
    row.state = State::Active;
    let before = assignment::find(tx.conn(), &row.bead)?;
    if before.is_some() {
        assignment::remove(tx, &row.bead)?;
    }
    assignment::put(tx, &row)?;
    let patch = Patch { status: Some(Status::Hooked), assignee: Some(row.agent.clone()), ..Patch::default() };
    tx.update(&row.bead, &patch)?;
    tx.event("hook", Some(&row.bead), json!({"agent": row.agent}))?;
    Ok(row)
}
