//! Convoys nobody moves, and why.

use std::io::{self, Write};

use serde::Serialize;

use super::{TYPE, members};
use crate::base::Result;
use crate::base::report::{Paint, Report};
use crate::base::text::neutralise;
use crate::ledger::{Bead, Filter, Status};
use crate::work::assignment::{self, State};
use crate::work::queue::{self, MARKS};
use crate::work::{Desk, halt};

/// A bead that keeps its convoy from landing.
#[derive(Debug, Serialize)]
pub struct Stuck {
    /// The bead.
    pub bead: String,
    /// Its title.
    pub title: String,
    /// Why nobody works on it.
    pub reason: String,
    /// What can be done.
    pub hint: String,
}

/// A convoy of which no bead is under way.
#[derive(Debug, Serialize)]
pub struct StrandedConvoy {
    /// The convoy.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The beads that are left.
    pub left: Vec<Stuck>,
}

/// All of them.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Stranded {
    /// The convoys.
    pub convoys: Vec<StrandedConvoy>,
}

/// The open convoys of which no bead is worked on, waits for a place, or is in the merge queue.
///
/// # Errors
/// When the ledger can't be read.
pub fn stranded(desk: &Desk) -> Result<Stranded> {
    let open = desk.ledger.list_whole(&Filter { types: vec![TYPE.into()], ..Filter::default() })?;
    let mut convoys = Vec::new();
    for convoy in open {
        let mut left = Vec::new();
        let mut moves = false;
        for id in members(&convoy) {
            let bead = desk.ledger.find(id)?;
            if bead.as_ref().is_some_and(|bead| bead.status.is_done()) {
                continue;
            }
            match stuck(desk, id, bead)? {
                Some(stuck) => left.push(stuck),
                None => moves = true,
            }
        }
        if !moves && !left.is_empty() {
            convoys.push(StrandedConvoy { id: convoy.id, title: convoy.title, left });
        }
    }
    Ok(Stranded { convoys })
}

/// The beads of a convoy that nobody moves, and why, whether others of it move or not.
///
/// # Errors
/// When the ledger can't be read.
pub fn held_up(desk: &Desk, convoy: &str) -> Result<Vec<Stuck>> {
    let Some(convoy) = desk.ledger.find(convoy)? else { return Ok(Vec::new()) };
    let mut held = Vec::new();
    for id in members(&convoy) {
        let bead = desk.ledger.find(id)?;
        if !bead.as_ref().is_some_and(|bead| bead.status.is_done()) {
            held.extend(stuck(desk, id, bead)?);
        }
    }
    Ok(held)
}

/// Why nobody moves the bead; `None` when somebody does.
fn stuck(desk: &Desk, id: &str, bead: Option<Bead>) -> Result<Option<Stuck>> {
    let Some(bead) = bead else {
        let reason = "it is not in this ledger".to_owned();
        let hint = "pull the repository it belongs to, or bd dep remove it from the convoy".to_owned();
        return Ok(Some(Stuck { bead: id.to_owned(), title: String::new(), reason, hint }));
    };
    let conn = desk.ledger.conn();
    let row = assignment::find(conn, id)?;
    let request = queue::of_source(conn, id)?.pop();
    let sling = format!("gt sling {id}");
    let (reason, hint) = match row.as_ref().map(|row| row.state) {
        Some(State::Spawning | State::Active) => return Ok(None),
        Some(State::Queued) => {
            let rig = row.as_ref().map(|row| row.rig.as_str()).unwrap_or_default();
            match halt::in_the_way(conn, rig)? {
                Some(why) => (format!("it waits: {why}"), "gt scheduler status".to_owned()),
                None => return Ok(None),
            }
        }
        Some(State::Done) if request.as_ref().is_some_and(|request| request.state.is_open()) => return Ok(None),
        _ if bead.status == Status::Deferred => ("it is put off".to_owned(), format!("bd update {id} --status open")),
        _ if bead.blocked => {
            let blockers = desk.ledger.blockers(id)?;
            (format!("it waits for {}", blockers.join(", ")), format!("gt sling {}", blockers.join(" ")))
        }
        _ if MARKS.iter().any(|mark| bead.has_label(mark)) => {
            let note = row.map(|row| row.note).filter(|note| !note.is_empty());
            let mark = MARKS.iter().find(|mark| bead.has_label(mark)).copied().unwrap_or_default();
            (format!("its work came back: {}", note.unwrap_or_else(|| mark.to_owned())), sling)
        }
        Some(State::Failed) => (format!("it failed: {}", row.map(|row| row.note).unwrap_or_default()), sling),
        Some(State::Released) => ("it was taken back".to_owned(), sling),
        _ if !bead.assignee.is_empty() => {
            (format!("it is {}'s, who has it on no hook", bead.assignee), format!("{sling} --force"))
        }
        _ => ("nobody was given it".to_owned(), sling),
    };
    Ok(Some(Stuck { bead: bead.id, title: bead.title, reason, hint }))
}

impl Report for Stranded {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.convoys.is_empty() {
            return writeln!(out, "No convoy is stranded.");
        }
        for convoy in &self.convoys {
            writeln!(out, "{} {}", paint.bold(&neutralise(&convoy.title, true)), paint.dim(&convoy.id))?;
            for stuck in &convoy.left {
                let title = neutralise(&stuck.title, true);
                let reason = neutralise(&stuck.reason, true);
                writeln!(out, "  {} {title}: {}", paint.dim(&stuck.bead), paint.yellow(&reason))?;
                writeln!(out, "    {}", paint.dim(&stuck.hint))?;
            }
        }
        Ok(())
    }
}
