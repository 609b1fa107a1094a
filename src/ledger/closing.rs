//! What higher floors do when a bead is closed: a formula's mark on it may ask for more beads, in the same transaction.

use std::sync::OnceLock;

use super::model::{Bead, Status};
use super::tx::Tx;
use crate::base::Result;

/// Called with a marked bead just before it is closed, so that what waits for it never becomes ready too early.
pub type Follow = fn(&mut Tx<'_>, &Bead) -> Result<()>;

/// The key of a bead's metadata that marks it.
pub const ON_COMPLETE: &str = "on_complete";

static FOLLOW: OnceLock<Follow> = OnceLock::new();

/// Says what happens when a marked bead is closed; once for the whole process, the first counts.
pub fn follow_with(follow: Follow) {
    // The same function again, from a second entry into the program, changes nothing.
    let _ = FOLLOW.set(follow);
}

/// Calls what [`follow_with`] was given, for a marked bead that is about to be closed.
pub(super) fn follow(tx: &mut Tx<'_>, before: &Bead, after: &Bead) -> Result<()> {
    if after.status != Status::Closed || before.status.is_done() {
        return Ok(());
    }
    let marked = after.extra.get("metadata").is_some_and(|metadata| metadata.get(ON_COMPLETE).is_some());
    match FOLLOW.get().filter(|_| marked) {
        Some(follow) => follow(tx, after),
        None => Ok(()),
    }
}
