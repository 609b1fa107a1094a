//! The molecule an agent works through: which one, how far it is, and the step that is next.

use std::io::{self, Write};

use serde::Serialize;

use super::Desk;
use crate::base::Result;
use crate::base::report::{Paint, Report};
use crate::base::text::neutralise;
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
            "Follow its steps: you are at step {at} of {of}, \"{title}\" ({step}); `bd close {step}` ends it."
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

/// The molecule `agent` is in: one tied to its bead, its bead itself, or one assigned to it.
///
/// # Errors
/// When the ledger can't be read.
pub fn current(desk: &Desk, agent: &Address, bead: Option<&Bead>) -> Result<Option<Standing>> {
    let mut roots = match bead {
        Some(bead) => attached(desk, &bead.id)?,
        None => Vec::new(),
    };
    roots.extend(formula::of_agent(&desk.ledger, &agent.to_string())?);
    match roots.first() {
        Some(root) => standing(desk, root).map(Some),
        None => Ok(None),
    }
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
            writeln!(out, "\n`bd close {step}` ends this step.")?;
        }
        Ok(())
    }
}
