//! Snapshots of the worktrees agents work in, every minute while they change.

use std::time::Duration;

use super::pulse::Pulse;
use crate::base::Result;
use crate::repo::Worktree;
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
    while pulse.rest(MINUTE) {
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
