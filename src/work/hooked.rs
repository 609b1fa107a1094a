//! What is on an agent's hook, as the agent is told.

use std::io::{self, Write};

use serde::Serialize;

use super::{Desk, assignment, hook};
use crate::base::Result;
use crate::base::report::{Paint, Report};
use crate::base::text::neutralise;
use crate::town::Address;

/// What is on an agent's hook.
#[derive(Debug, Serialize)]
pub struct Hooked {
    /// The agent.
    pub agent: String,
    /// The bead; `None` when nothing is on it.
    pub bead_id: Option<String>,
    /// Its title.
    pub title: String,
    /// Its status.
    pub status: String,
    /// What is to be done.
    pub description: String,
    /// How to see that it is done.
    pub acceptance_criteria: String,
    /// How far the assignment is.
    pub state: String,
    /// The state of the hook.
    pub hook_state: String,
    /// The branch.
    pub branch: String,
    /// The worktree.
    pub worktree: String,
}

impl Report for Hooked {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let Some(bead) = &self.bead_id else {
            return writeln!(out, "{}: nothing on the hook", self.agent);
        };
        let title = neutralise(&self.title, true);
        writeln!(out, "{}: {} {}  {}", self.agent, paint.dim(bead), paint.bold(&title), self.state)?;
        if !self.branch.is_empty() {
            writeln!(out, "  branch    {}", self.branch)?;
        }
        writeln!(out, "  worktree  {}", self.worktree)?;
        for (heading, text) in [("", &self.description), ("Done when", &self.acceptance_criteria)] {
            if !text.is_empty() {
                if !heading.is_empty() {
                    writeln!(out, "\n{}", paint.bold(heading))?;
                }
                writeln!(out, "\n{}", neutralise(text, false))?;
            }
        }
        writeln!(out, "\nCommit your work on this branch; `gt done` hands it in.")
    }
}

/// What is on the hook of `agent`.
///
/// # Errors
/// When the ledger can't be read.
pub fn hooked(desk: &Desk, agent: &Address) -> Result<Hooked> {
    let conn = desk.ledger.conn();
    let address = agent.to_string();
    let row = assignment::of_agent(conn, &address)?;
    let place = hook::find(conn, &address)?;
    let bead = match &row {
        Some(row) => desk.ledger.find(&row.bead)?,
        None => None,
    };
    Ok(Hooked {
        agent: address,
        bead_id: bead.as_ref().map(|bead| bead.id.clone()),
        title: bead.as_ref().map(|bead| bead.title.clone()).unwrap_or_default(),
        status: bead.as_ref().map(|bead| bead.status.to_string()).unwrap_or_default(),
        description: bead.as_ref().map(|bead| bead.description.clone()).unwrap_or_default(),
        acceptance_criteria: bead.map(|bead| bead.acceptance_criteria).unwrap_or_default(),
        state: row.as_ref().map(|row| row.state.as_str().to_owned()).unwrap_or_default(),
        hook_state: place.map(|hook| hook.state.to_string()).unwrap_or_default(),
        branch: row.as_ref().map(|row| row.branch.clone()).unwrap_or_default(),
        worktree: row.map(|row| row.hook).unwrap_or_default(),
    })
}
