//! Rebuilding what only the database knew, when the database was lost: hooks from the records in the worktrees' own git
//! directories, merge requests from their beads, assignments from both, sessions from the hosts that still run.

mod assignments;
mod requests;

use std::path::PathBuf;

use rusqlite::params;

use super::convoy;
use crate::base::{Result, Timestamp};
use crate::ledger::{Bead, Filter, Ledger, Status, Tx};
use crate::repo::{Bare, HookRecord};
use crate::session::registry;
use crate::town::{Rig, Town};

/// Under which key the ledger notes that this was done.
const DONE: &str = "hooks.rebuilt";

/// A hook as git knows it.
struct Found {
    rig: String,
    worktree: PathBuf,
    record: HookRecord,
}

/// Brings everything that git, the beads and living hosts know into a ledger that has not seen any of it yet. Later calls do
/// nothing.
pub(super) fn once(town: &Town, ledger: &mut Ledger, rigs: &[Rig]) -> Result<()> {
    if ledger.kv(DONE)?.is_some() {
        return Ok(());
    }
    let mut found = Vec::new();
    for rig in rigs {
        // A rig whose repository is gone has no hooks to find; its own commands say so.
        let Ok(bare) = Bare::open(&rig.bare_repo()) else { continue };
        for (worktree, record) in bare.hook_records()? {
            if let Ok(record) = record {
                found.push(Found { rig: rig.name.clone(), worktree, record });
            }
        }
    }
    // Before any assignment is there: a session that is not known would be started a second time.
    registry::recall(town)?;
    ledger.write("gt", |tx| {
        // Another process may have been faster.
        if tx.kv(DONE)?.is_some() {
            return Ok(());
        }
        for hook in &found {
            restore_hook(tx, hook)?;
        }
        requests::restore(tx, rigs, &found)?;
        assignments::restore(tx, rigs, &found)?;
        tx.set_kv(DONE, Some(&Timestamp::now().to_string()))
    })
}

fn restore_hook(tx: &Tx<'_>, Found { rig, worktree, record }: &Found) -> Result<()> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    tx.conn().execute(
        "INSERT OR IGNORE INTO hooks(agent, rig, worktree, branch, base, state, bead, created_at, updated_at) \
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            record.agent,
            rig,
            worktree.to_string_lossy(),
            text(&record.branch),
            text(&record.base),
            record.state.as_str(),
            text(&record.bead),
            record.created_at.to_string(),
            tx.now().to_string()
        ],
    )?;
    Ok(())
}

/// All beads of one type or status, closed ones too when `closed`.
fn beads(tx: &Tx<'_>, types: &[&str], statuses: &[Status], closed: bool) -> Result<Vec<Bead>> {
    tx.list(&Filter {
        types: types.iter().map(|&kind| kind.to_owned()).collect(),
        statuses: statuses.to_vec(),
        closed,
        ..Filter::default()
    })
}

/// The convoy a restored assignment of `bead` belongs to.
fn convoy_of(tx: &Tx<'_>, bead: &str) -> Result<String> {
    Ok(convoy::tracking(tx.conn(), bead)?.unwrap_or_default())
}
