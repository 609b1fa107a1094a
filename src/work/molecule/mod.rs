//! The molecule an agent works through: which one, how far it is, and the step that is next.

mod hang;
mod script;
mod step;

use std::io::{self, Write};

use serde::Serialize;

pub(super) use hang::refuse_second;
pub use hang::{Hung, attach, attach_in, detach};
pub use script::script;
pub use step::{Action, StepDone, hand_in, step_done};

use super::{Desk, hooked};
use crate::base::report::{Paint, Report};
use crate::base::text::neutralise;
use crate::base::{Error, Result};
use crate::formula::molecule as formula;
use crate::ledger::{Bead, Filter};
use crate::town::Address;

/// What stands before the bead's id in the label that ties a molecule to a bead.
pub const ATTACHED: &str = "attached:";

/// A molecule as its worker sees it.
#[derive(Debug, Clone, Serialize)]
pub struct Standing {
    /// Its root.
    pub root: String,
    /// Its title.
    pub title: String,
    /// Steps in all.
    pub total: usize,
    /// Steps done.
    pub done: usize,
    /// The step at hand; `None` when all are done or none can be worked on.
    pub step: Option<String>,
    /// The step's title.
    pub step_title: String,
    /// What is to be done in it.
    pub step_text: String,
}

impl Standing {
    /// The step at hand in a sentence; `None` when there is none.
    pub fn step_words(&self) -> Option<String> {
        let step = self.step.as_ref()?;
        let (at, of, title) = (self.done + 1, self.total, neutralise(&self.step_title, true));
        Some(format!(
            "Follow its steps: you are at step {at} of {of}, \"{title}\" ({step}); `gt mol step done` ends it."
        ))
    }
}

/// The molecules tied to `bead`, newest first.
///
/// # Errors
/// When the ledger can't be read.
pub fn attached(desk: &Desk, bead: &str) -> Result<Vec<String>> {
    let filter = Filter { labels: vec![format!("{ATTACHED}{bead}")], ephemeral: None, ..Filter::default() };
    let mut found = desk.ledger.list(&filter)?;
    found.sort_by_key(|bead| std::cmp::Reverse(bead.created_at));
    Ok(found.into_iter().map(|bead| bead.id).collect())
}

/// The molecule a bead is worked through by: one tied to it, or the bead itself where it was poured from a formula.
///
/// # Errors
/// When the ledger can't be read.
pub fn of_bead(desk: &Desk, bead: &Bead) -> Result<Option<String>> {
    let tied = attached(desk, &bead.id)?.into_iter().next();
    Ok(tied.or_else(|| bead.extra.contains_key("source_formula").then(|| bead.id.clone())))
}

/// The molecule `agent` is in: one tied to its bead, its bead itself, or one assigned to it.
///
/// # Errors
/// When the ledger can't be read.
pub fn current(desk: &Desk, agent: &Address, bead: Option<&Bead>) -> Result<Option<Standing>> {
    let of_bead = match bead {
        Some(bead) => of_bead(desk, bead)?,
        None => None,
    };
    let root = match of_bead {
        Some(root) => Some(root),
        None => formula::of_agent(&desk.ledger, &agent.to_string())?.into_iter().next(),
    };
    root.map(|root| standing(desk, &root)).transpose()
}

/// The molecule that `word` stands for: an agent's, a bead's, a molecule itself or a step of one; without a word the one `me` is in.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] when there is none.
pub fn find(desk: &Desk, me: &Address, word: Option<&str>) -> Result<String> {
    let agent = match word {
        None => me.clone(),
        Some(word) => match word.parse::<Address>() {
            Ok(agent) => agent,
            Err(_) => return find_of_bead(desk, word),
        },
    };
    let bead = match hooked::hooked(desk, &agent)?.bead_id {
        Some(id) => desk.ledger.find(&id)?,
        None => None,
    };
    current(desk, &agent, bead.as_ref())?.map(|standing| standing.root).ok_or_else(|| {
        Error::not_found(format!("{agent} is in no molecule")).hint("gt sling <formula> --on <bead> gives a bead steps")
    })
}

fn find_of_bead(desk: &Desk, word: &str) -> Result<String> {
    let id = desk.ledger.resolve(word)?;
    if let Some(root) = of_bead(desk, &desk.ledger.get(&id)?)? {
        return Ok(root);
    }
    let root = formula::root_of(&desk.ledger, &id)?;
    // Says so when it has no steps.
    formula::load(&desk.ledger, &root)?;
    Ok(root)
}

/// How the molecule `root` stands.
///
/// # Errors
/// When there is no such molecule.
pub fn standing(desk: &Desk, root: &str) -> Result<Standing> {
    let progress = formula::progress(&desk.ledger, root)?;
    let step = match &progress.current_step_id {
        Some(id) => desk.ledger.find(id)?,
        None => None,
    };
    Ok(Standing {
        root: progress.molecule_id,
        title: progress.molecule_title,
        total: progress.total,
        done: progress.completed,
        step: step.as_ref().map(|step| step.id.clone()),
        step_title: step.as_ref().map(|step| step.title.clone()).unwrap_or_default(),
        step_text: step.map(|step| step.description).unwrap_or_default(),
    })
}

impl Report for Standing {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let title = neutralise(&self.title, true);
        writeln!(out, "{} {}  {} of {} steps done", paint.dim(&self.root), paint.bold(&title), self.done, self.total)?;
        if let Some(step) = &self.step {
            writeln!(out, "  now  {} {}", paint.dim(step), neutralise(&self.step_title, true))?;
            if !self.step_text.is_empty() {
                writeln!(out, "\n{}", neutralise(&self.step_text, false))?;
            }
            writeln!(out, "\n`gt mol step done {step}` ends this step.")?;
        }
        Ok(())
    }
}
