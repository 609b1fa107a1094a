//! Snapshots of the worktrees agents work in, every minute while they change; and names for those that got none.

use std::time::Duration;

use super::pulse::Pulse;
use crate::base::Result;
use crate::repo::{Bare, Worktree};
use crate::town::Town;
use crate::work::{Desk, hook};

/// The time between two snapshots of a worktree.
const MINUTE: Duration = Duration::from_secs(60);

/// Takes snapshots until it is time to end.
///
/// # Errors
/// When the ledger can't be read; the caller tries again later.
pub fn run(town: &Town, pulse: &Pulse) -> Result<()> {
    let desk = Desk::of(town.clone())?;
    name_unnamed(town);
    while pulse.rest(MINUTE) {
        name_unnamed(town);
        for hook in hook::list(desk.ledger.conn(), false)?.into_iter().filter(|hook| hook.state == hook::State::Active)
        {
            if pulse.is_stopping() {
                return Ok(());
            }
            // A worktree that is gone or unreadable is the witness's business, and no reason to leave out the others.
            let taken =
                Worktree::open(&hook.worktree).and_then(|worktree| worktree.snapshot(&hook.agent, "every minute"));
            match taken {
                Ok(Some(id)) => tracing::debug!(agent = hook.agent, id, "snapshot"),
                Ok(None) => {}
                Err(error) => tracing::warn!(agent = hook.agent, %error, "snapshot"),
            }
        }
    }
    Ok(())
}

/// A rig that can't be read is the doctor's business.
fn name_unnamed(town: &Town) {
    for rig in town.rigs().unwrap_or_default() {
        match Bare::open(&rig.bare_repo()).and_then(|bare| bare.name_unnamed()) {
            Ok(0) => {}
            Ok(count) => tracing::info!(rig = rig.name, count, "snapshots named late"),
            Err(error) => tracing::warn!(rig = rig.name, %error, "snapshots without a name"),
        }
    }
}
