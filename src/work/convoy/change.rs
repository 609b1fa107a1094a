//! Making, filling and closing convoys.

use std::io::{self, Write};

use serde::Serialize;

use super::{audience, expect_convoy, make, members, resolve};
use crate::base::report::{Paint, Report};
use crate::base::text::{counted, neutralise};
use crate::base::{Error, Result};
use crate::ledger::dep_type;
use crate::work::Desk;
use crate::work::identity::{OVERSEER, actor};

/// What a new convoy is made from.
#[derive(Debug, Clone, Default)]
pub struct NewConvoy {
    /// Its name.
    pub title: String,
    /// The beads it tracks: ids or their unambiguous beginnings.
    pub beads: Vec<String>,
    /// Whose it is; empty for who makes it.
    pub owner: String,
    /// Who is told when it lands.
    pub notify: Vec<String>,
}

/// A convoy that was made.
#[derive(Debug, Serialize)]
pub struct Created {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: String,
    /// What it tracks.
    pub tracked: Vec<String>,
    /// Whose it is.
    pub owner: String,
    /// Who is told when it lands.
    pub notify: Vec<String>,
}

impl Report for Created {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} convoy {} {}", paint.green("✓"), paint.dim(&self.id), neutralise(&self.title, true))?;
        writeln!(out, "  tracks {}: {}", counted(self.tracked.len(), "bead"), self.tracked.join(", "))?;
        if !self.notify.is_empty() {
            writeln!(out, "  tells {} when it lands", self.notify.join(", "))?;
        }
        Ok(())
    }
}

/// Makes a convoy of existing beads.
///
/// # Errors
/// When a bead does not exist or is a convoy itself, or the ledger can't be written.
pub fn create(desk: &mut Desk, new: &NewConvoy) -> Result<Created> {
    if new.title.trim().is_empty() {
        return Err(Error::usage("a convoy needs a name").hint("gt convoy create \"Feature X\" <bead>..."));
    }
    let beads = resolve_members(desk, &new.beads)?;
    let owner = if new.owner.is_empty() { actor() } else { new.owner.clone() };
    let id = desk.ledger.write(&actor(), |tx| make(tx, &new.title, &beads, &owner, &new.notify))?;
    Ok(Created { id, title: new.title.clone(), tracked: beads, owner, notify: new.notify.clone() })
}

/// Full ids of existing beads, each once, none of them a convoy.
fn resolve_members(desk: &Desk, beads: &[String]) -> Result<Vec<String>> {
    let mut out: Vec<String> = Vec::new();
    for bead in beads {
        let id = desk.ledger.resolve(bead)?;
        if desk.ledger.get(&id)?.issue_type == super::TYPE {
            return Err(Error::usage(format!("{id} is a convoy; a convoy tracks work")).hint("name its beads instead"));
        }
        if !out.contains(&id) {
            out.push(id);
        }
    }
    Ok(out)
}

/// Beads that were added to a convoy.
#[derive(Debug, Serialize)]
pub struct Added {
    /// The convoy.
    pub id: String,
    /// The beads it did not track before.
    pub added: Vec<String>,
    /// Whether it had landed and is open again.
    pub reopened: bool,
}

impl Report for Added {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.reopened {
            writeln!(out, "{} is open again", self.id)?;
        }
        match self.added.len() {
            0 => writeln!(out, "{} tracks them already", self.id),
            _ => writeln!(out, "{} {} now tracks {}", paint.green("✓"), self.id, self.added.join(", ")),
        }
    }
}

/// Adds beads to a convoy; one that has landed opens again when a bead that is not closed comes to it.
///
/// # Errors
/// When convoy or bead don't exist, or the ledger can't be written.
pub fn add(desk: &mut Desk, convoy: &str, beads: &[String]) -> Result<Added> {
    let id = resolve(desk, convoy)?;
    let beads = resolve_members(desk, beads)?;
    desk.ledger.write(&actor(), |tx| {
        let before = expect_convoy(tx.get(&id)?)?;
        let mut added = Vec::new();
        let mut open = false;
        for bead in &beads {
            if members(&before).contains(&bead.as_str()) {
                continue;
            }
            open |= !tx.get(bead)?.status.is_done();
            tx.add_dep(&id, bead, dep_type::TRACKS)?;
            added.push(bead.clone());
        }
        let reopened = open && before.status.is_done();
        Ok(Added { id: id.clone(), added, reopened })
    })
}

/// What a check found.
#[derive(Debug, Serialize)]
pub struct Checked {
    /// How many open convoys were looked at.
    pub checked: usize,
    /// Those that were found complete and closed.
    pub landed: Vec<String>,
}

impl Report for Checked {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.landed.is_empty() {
            return writeln!(out, "{} open convoys checked, all of them have work left", self.checked);
        }
        for id in &self.landed {
            writeln!(out, "{} {id} has landed", paint.green("✓"))?;
        }
        Ok(())
    }
}

/// Closes every open convoy all of whose beads are closed; those that closed with their last bead need none of this.
///
/// # Errors
/// When the ledger can't be read or written.
pub fn check(desk: &mut Desk) -> Result<Checked> {
    let ids: Vec<String> = super::list(desk, false)?.convoys.into_iter().map(|line| line.id).collect();
    let mut landed = Vec::new();
    for id in &ids {
        if land_when_complete(desk, id)? {
            landed.push(id.clone());
        }
    }
    Ok(Checked { checked: ids.len(), landed })
}

/// As [`check`], for one convoy.
///
/// # Errors
/// When there is no such convoy, or the ledger can't be written.
pub fn refresh(desk: &mut Desk, convoy: &str) -> Result<Checked> {
    let id = resolve(desk, convoy)?;
    let landed = if land_when_complete(desk, &id)? { vec![id] } else { Vec::new() };
    Ok(Checked { checked: 1, landed })
}

fn land_when_complete(desk: &mut Desk, id: &str) -> Result<bool> {
    desk.ledger.write(&actor(), |tx| tx.check_convoy(id))
}

/// Closes a convoy by hand, whatever it tracks; its audience gets a message. One that is closed stays as it is.
///
/// # Errors
/// When there is no such convoy, or the ledger can't be written.
pub fn close(desk: &mut Desk, convoy: &str, reason: &str, notify: Option<&str>) -> Result<Checked> {
    let id = resolve(desk, convoy)?;
    let reason = if reason.is_empty() { "Closed by hand" } else { reason };
    let closed = desk.ledger.write(&actor(), |tx| {
        let convoy = expect_convoy(tx.get(&id)?)?;
        if convoy.status.is_done() {
            return Ok(false);
        }
        tx.close(&id, reason)?;
        let mut told = audience(&convoy);
        told.extend(notify.map(str::to_owned));
        told.retain(|address| address != OVERSEER && *address != actor());
        for address in told {
            let subject = format!("Convoy closed: {}", convoy.title);
            crate::work::mail::post(tx, &actor(), &address, &subject, &format!("{id}: {reason}"), 2)?;
        }
        Ok(true)
    })?;
    Ok(Checked { checked: 1, landed: if closed { vec![id] } else { Vec::new() } })
}
