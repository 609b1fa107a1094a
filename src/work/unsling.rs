//! Taking work back from an agent.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use super::identity::actor;
use super::spawn::{self, Begun, Ticket};
use super::{Desk, assignment, hook, journal};
use crate::base::report::{Paint, Report};
use crate::base::{Error, Result};
use crate::ledger::{Patch, Status};
use crate::repo::Worktree;
use crate::session;
use crate::town::Address;

/// What was taken back.
#[derive(Debug, Serialize)]
pub struct Unslung {
    /// The bead, open again.
    pub bead: String,
    /// Who had it; empty when it was queued.
    pub agent: String,
    /// The branch that keeps the commits.
    pub branch: String,
    /// The snapshot that keeps uncommitted work, when there was any.
    pub snapshot: Option<String>,
}

impl Report for Unslung {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.agent.is_empty() {
            return writeln!(out, "{} {} is out of the queue and open again", paint.green("✓"), self.bead);
        }
        writeln!(out, "{} {} is open again; {} was stopped", paint.green("✓"), self.bead, self.agent)?;
        if !self.branch.is_empty() {
            writeln!(out, "  its commits stay on {}", self.branch)?;
        }
        if let Some(id) = &self.snapshot {
            writeln!(out, "  a snapshot of the worktree is {}", id.get(..10).unwrap_or(id))?;
        }
        Ok(())
    }
}

/// Stops the agent that has `which`, keeps a snapshot of its worktree and opens the bead again. Branch, worktree and snapshots
/// remain. `force` also takes back what is handed in and waits for the merge queue.
///
/// # Errors
/// Refused for work that is handed in (unless forced) or being merged; not found when nobody has the bead.
pub fn unsling(desk: &mut Desk, which: &str, force: bool) -> Result<Unslung> {
    spawn::recover(desk)?;
    let id = desk.ledger.resolve(which)?;
    let row = assignment::find(desk.ledger.conn(), &id)?
        .filter(|row| row.state.holds_bead() || row.state == assignment::State::Done)
        .ok_or_else(|| {
            Error::not_found(format!("{id} is on nobody's hook")).hint("gt agents shows who works on what")
        })?;
    if row.state == assignment::State::Done {
        return take_back_handed_in(desk, row, force);
    }
    if let Some(entry) = journal::of_subject(desk.ledger.conn(), spawn::OP, &id)? {
        if !force {
            return Err(Error::refused(format!("{} is just being started on {id}", row.agent))
                .hint("try again in a moment, or --force"));
        }
        let ticket: Ticket = entry.data()?;
        let begun = Begun { journal: entry.id, ticket };
        spawn::undo(desk, &begun, "unslung")?;
        return Ok(Unslung { bead: id, agent: row.agent, branch: row.branch, snapshot: None });
    }
    let mut snapshot = None;
    if !row.agent.is_empty() {
        let address: Address = row.agent.parse()?;
        // A crew member's session is a person's: taking a bead off its hook does not end it.
        if matches!(address, Address::Polecat { .. }) {
            session::kill(&desk.town, &address.session_name(), &[])?;
            if let Ok(worktree) = Worktree::open(row.hook.as_ref()) {
                snapshot = worktree.snapshot(&row.agent, "unslung")?;
            }
        }
    }
    release(desk, &row, "taken back")?;
    if let Some(hook) = hook::find(desk.ledger.conn(), &row.agent)?.filter(|hook| hook.bead == row.bead) {
        // The ledger has it; the record only matters when the ledger is lost.
        let _ = hook::write_record(&hook);
    }
    Ok(Unslung { bead: id, agent: row.agent, branch: row.branch, snapshot })
}

fn take_back_handed_in(desk: &mut Desk, row: assignment::Assignment, force: bool) -> Result<Unslung> {
    let open = super::sling::unfinished(desk.ledger.conn(), &row.bead)?;
    let Some(request) = open else {
        return Err(Error::not_found(format!("{} is on nobody's hook: {} handed it in", row.bead, row.agent))
            .hint(format!("gt mq status {}", row.bead)));
    };
    if !force {
        return Err(Error::refused(format!("{} is handed in and in the merge queue as {}", row.bead, request.id))
            .hint("--force turns the merge request down and opens the bead again"));
    }
    super::queue::reject(desk, &request.id, "the bead was taken back")?;
    Ok(Unslung { bead: row.bead, agent: row.agent, branch: row.branch, snapshot: None })
}

fn release(desk: &mut Desk, row: &assignment::Assignment, why: &str) -> Result<()> {
    desk.ledger.write(&actor(), |tx| {
        let now = assignment::find(tx.conn(), &row.bead)?;
        if now.as_ref().is_none_or(|now| now.agent != row.agent || !now.state.holds_bead()) {
            return Err(Error::refused(format!("{} changed hands meanwhile", row.bead)).hint("look again: gt agents"));
        }
        assignment::set_state(tx, &row.bead, assignment::State::Released, why)?;
        let patch = Patch { status: Some(Status::Open), assignee: Some(String::new()), ..Patch::default() };
        tx.update(&row.bead, &patch)?;
        if let Some(hook) = hook::find(tx.conn(), &row.agent)?.filter(|hook| hook.bead == row.bead)
            && hook::may_become(hook.state, hook::State::Suspended)
        {
            hook::set_state(tx, &row.agent, hook::State::Suspended)?;
        }
        tx.event("unhook", Some(&row.bead), json!({"agent": row.agent, "reason": why}))?;
        Ok(())
    })
}
