//! Finding hooks again, from the records in the worktrees' own git directories, when the database was lost.

use rusqlite::params;

use crate::base::{Result, Timestamp};
use crate::ledger::{Ledger, Status, Tx};
use crate::repo::{Bare, HookRecord, HookState};
use crate::town::{Address, Rig};

/// Under which key the ledger notes that this was done.
const DONE: &str = "hooks.rebuilt";

/// Brings every hook that git knows into a ledger that has not seen any yet. Later calls do nothing.
pub(super) fn hooks_once(ledger: &mut Ledger, rigs: &[Rig]) -> Result<()> {
    if ledger.kv(DONE)?.is_some() {
        return Ok(());
    }
    let mut found = Vec::new();
    for rig in rigs {
        // A rig whose repository is gone has no hooks to find; its own commands say so.
        let Ok(bare) = Bare::open(&rig.bare_repo()) else { continue };
        for (path, record) in bare.hook_records()? {
            if let Ok(record) = record {
                found.push((path.to_string_lossy().into_owned(), rig.name.clone(), record));
            }
        }
    }
    ledger.write("gt", |tx| {
        for (worktree, rig, record) in &found {
            restore(tx, worktree, rig, record)?;
        }
        tx.set_kv(DONE, Some(&Timestamp::now().to_string()))
    })
}

fn restore(tx: &Tx<'_>, worktree: &str, rig: &str, record: &HookRecord) -> Result<()> {
    let now = tx.now().to_string();
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    tx.conn().execute(
        "INSERT OR IGNORE INTO hooks(agent, rig, worktree, branch, base, state, bead, created_at, updated_at) \
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            record.agent,
            rig,
            worktree,
            text(&record.branch),
            text(&record.base),
            record.state.as_str(),
            text(&record.bead),
            record.created_at.to_string(),
            now
        ],
    )?;
    let Some(bead) = &record.bead else { return Ok(()) };
    let closed = |status: &Status| matches!(status, Status::Closed | Status::Tombstone);
    if record.state != HookState::Active || tx.find(bead)?.is_none_or(|bead| closed(&bead.status)) {
        return Ok(());
    }
    let session = record.agent.parse::<Address>().map(|agent| agent.session_name()).unwrap_or_default();
    tx.conn().execute(
        "INSERT OR IGNORE INTO assignments(bead, agent, rig, hook, branch, base, session, state, created_at, updated_at, note) \
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, 'active', ?8, ?9, 'found again in git')",
        params![
            bead,
            record.agent,
            rig,
            worktree,
            text(&record.branch),
            text(&record.base),
            session,
            record.created_at.to_string(),
            now
        ],
    )?;
    Ok(())
}
