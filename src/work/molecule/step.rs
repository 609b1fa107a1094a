//! Ending a step, and what follows from it.

use std::io::{self, Write};

use serde::Serialize;

use super::{Standing, standing};
use crate::base::report::{Paint, Report};
use crate::base::text::neutralise;
use crate::base::{Error, Result};
use crate::formula::molecule as formula;
use crate::ledger::Bead;
use crate::work::Desk;

/// What is to be done after a step was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Go on with the next step.
    Continue,
    /// All steps are done: hand in.
    Done,
    /// Steps are left, but each waits for something.
    NoMoreReady,
}

/// A step that was ended.
#[derive(Debug, Clone, Serialize)]
pub struct StepDone {
    /// The step.
    pub step_id: String,
    /// The molecule.
    pub molecule_id: String,
    /// Whether it was open until now.
    pub step_closed: bool,
    /// The next step.
    pub next_step_id: Option<String>,
    /// Its title.
    pub next_step_title: Option<String>,
    /// Whether every step is done.
    pub complete: bool,
    /// What is to be done now.
    pub action: Action,
    /// How the molecule stands.
    #[serde(skip)]
    pub standing: Standing,
}

impl Report for StepDone {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let state = if self.step_closed { "done" } else { "was done already" };
        let (done, total) = (self.standing.done, self.standing.total);
        writeln!(out, "{} {} {state}; {done} of {total}", paint.green("✓"), self.step_id)?;
        match self.action {
            Action::Continue => self.standing.human(out, paint),
            Action::Done => writeln!(out, "All steps are done: `gt done` hands in the work."),
            Action::NoMoreReady => writeln!(
                out,
                "What is left waits for something: `bd mol show {}` says for what. `gt done --status DEFERRED` puts the work off.",
                self.molecule_id
            ),
        }
    }
}

/// Ends the step `which`, or the one at hand in the molecule `root`, and takes up the next one.
///
/// # Errors
/// [`crate::base::Kind::Refused`] for a step that waits for others or is no step; not found when no step is at hand.
pub fn step_done(desk: &mut Desk, actor: &str, root: &str, which: Option<&str>, dry_run: bool) -> Result<StepDone> {
    let step = match which {
        Some(word) => desk.ledger.get(&desk.ledger.resolve(word)?)?,
        None => {
            let at = standing(desk, root)?;
            let step = at.step.ok_or_else(|| {
                Error::not_found(format!("no step of {root} is at hand: {} of {} are done", at.done, at.total))
                    .hint(format!("bd mol show {root}"))
            })?;
            desk.ledger.get(&step)?
        }
    };
    let root = formula::root_of(&desk.ledger, &step.id)?;
    if root == step.id {
        return Err(Error::refused(format!("{} is no step of a molecule", step.id)).hint("bd close closes a bead"));
    }
    let waits = desk.ledger.blockers(&step.id)?;
    if !step.status.is_done() && !waits.is_empty() {
        return Err(Error::refused(format!("{} waits for {}", step.id, waits.join(", "))).hint("end those first"));
    }
    let closes = !step.status.is_done();
    let advance = if dry_run || !closes {
        None
    } else {
        desk.ledger.write(actor, |tx| {
            let closed = tx.close(&step.id, "Done")?;
            formula::advance(tx, &step.id, &closed.unblocked, true)
        })?
    };
    let at = standing(desk, &root)?;
    let next = advance.map_or_else(|| at.step.clone(), |advance| advance.next.map(|next| next.id));
    let complete = at.done == at.total;
    let action = match (&next, complete) {
        (_, true) => Action::Done,
        (Some(_), false) => Action::Continue,
        (None, false) => Action::NoMoreReady,
    };
    Ok(StepDone {
        step_id: step.id,
        molecule_id: root,
        step_closed: closes && !dry_run,
        next_step_title: next.as_ref().map(|_| at.step_title.clone()),
        next_step_id: next,
        complete,
        action,
        standing: at,
    })
}

/// What handing in `bead` means for its molecule: its last step, which is to hand in, may be open still; more may not. Gives the steps that
/// are ended by it and the molecule, when that is ended too.
///
/// # Errors
/// [`crate::base::Kind::Refused`] while more than one step is open, unless `force`.
pub fn hand_in(desk: &Desk, bead: &Bead, force: bool) -> Result<Vec<String>> {
    let Some(root) = super::of_bead(desk, bead)? else { return Ok(Vec::new()) };
    let Ok(molecule) = formula::load(&desk.ledger, &root) else { return Ok(Vec::new()) };
    let containers = molecule.containers();
    let open: Vec<&Bead> = molecule.steps.iter().filter(|step| !step.status.is_done()).collect();
    let work: Vec<&&Bead> = open.iter().filter(|step| !containers.contains(step.id.as_str())).collect();
    if let (Some(first), true) = (work.first(), work.len() > 1 && !force) {
        let title = neutralise(&first.title, true);
        return Err(Error::refused(format!(
            "{} steps of {root} are open, the first is {} \"{title}\"",
            work.len(),
            first.id
        ))
        .hint(format!(
            "do them, each ended by gt mol step done; gt mol detach {} or gt done --force leaves them",
            bead.id
        )));
    }
    if work.len() > 1 {
        return Ok(Vec::new());
    }
    let mut ends: Vec<String> = open.iter().rev().map(|step| step.id.clone()).collect();
    if root != bead.id && !molecule.root.status.is_done() {
        ends.push(root);
    }
    Ok(ends)
}
