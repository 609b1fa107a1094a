//! Archiving hooks: the worktree goes, everything it held stays reachable.

use serde_json::json;

use super::{Desk, assignment, hook};
use crate::base::{Error, Result};
use crate::repo::{Bare, Worktree};
use crate::session::{self, registry};
use crate::town::Address;

/// Where branches of archived hooks are kept, out of the way of the living ones.
pub const ARCHIVE: &str = "refs/gt/archive/";

/// Removes the agent's worktree after everything in it is reachable from a ref, and moves its branch to `refs/gt/archive/`.
/// Nothing happens when it is archived already.
///
/// # Errors
/// Refused while its session runs; when anything in the worktree could get lost.
pub fn archive(desk: &mut Desk, agent: &str) -> Result<()> {
    let Some(row) = hook::find(desk.ledger.conn(), agent)? else { return Ok(()) };
    if row.state == hook::State::Archived {
        return Ok(());
    }
    if !hook::may_become(row.state, hook::State::Archived) {
        return Err(Error::refused(format!("the hook of {agent} is {}: work hangs on it", row.state))
            .hint(format!("take the work back first: gt unsling {}", row.bead)));
    }
    let address: Address = agent.parse()?;
    if registry::find(&desk.town, &address.session_name())?.is_some_and(|record| registry::is_alive(&record)) {
        return Err(Error::refused(format!("{agent} still runs"))
            .hint(format!("stop it first: gt session stop {}", address.session_name())));
    }
    let rig = desk.town.rig(&row.rig)?;
    let bare = Bare::open(&rig.bare_repo())?;
    if row.worktree.exists() {
        Worktree::open(&row.worktree)?.snapshot(agent, "archive")?;
        bare.remove_worktree(&row.worktree)?;
    }
    bare.prune_worktrees()?;
    if let Some(head) = bare.local_branch(&row.branch)? {
        bare.update_ref(&format!("{ARCHIVE}{}", row.branch), &head, None)?;
        bare.delete_branch(&row.branch, &head)?;
    }
    desk.ledger.write(agent, |tx| {
        hook::set_state(tx, agent, hook::State::Archived)?;
        tx.event(
            "archived",
            Some(&row.bead).filter(|bead| !bead.is_empty()).map(String::as_str),
            json!({"agent": agent}),
        )?;
        Ok(())
    })
}

/// Makes sure that the polecat `address` can take `bead`: what it left behind of other work is archived.
///
/// # Errors
/// Refused when it works on something now.
pub fn make_room(desk: &mut Desk, address: &Address, bead: &str) -> Result<()> {
    let agent = address.to_string();
    if let Some(row) = assignment::of_agent(desk.ledger.conn(), &agent)? {
        return Err(Error::refused(format!("{agent} works on {} already", row.bead)));
    }
    let Some(row) = hook::find(desk.ledger.conn(), &agent)? else { return Ok(()) };
    match row.state {
        hook::State::Archived => Ok(()),
        hook::State::Suspended if row.bead == bead => Ok(()),
        _ => {
            session::kill(&desk.town, &address.session_name(), &[])?;
            if row.state == hook::State::Active {
                desk.ledger.write(&agent, |tx| hook::set_state(tx, &agent, hook::State::Suspended))?;
            }
            archive(desk, &agent)
        }
    }
}
