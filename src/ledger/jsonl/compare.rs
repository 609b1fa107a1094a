//! Whether a store's file says what the ledger says, bead by bead and field by field.

use super::super::model::Store;
use super::super::row::{self, Links};
use super::super::store::Ledger;
use super::{file_of, import, lines};
use crate::base::{Result, ResultExt, Timestamp};

/// A bead about which the file and the ledger disagree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The bead.
    pub id: String,
    /// How.
    pub what: &'static str,
}

/// Where the store's file and the ledger disagree, sorted by id; `None` when there is no file though there are beads. Changes that wait
/// to be written to the file are no differences.
///
/// # Errors
/// When the file or the ledger can't be read.
pub fn differences(ledger: &Ledger, store: &Store) -> Result<Option<Vec<Difference>>> {
    let path = file_of(store);
    let conn = ledger.conn();
    let beads = row::select(conn, "WHERE b.store = ?1 AND b.ephemeral = 0 ORDER BY b.id", &[&store.name], Links::All)?;
    if !path.exists() {
        return Ok(beads.is_empty().then(Vec::new));
    }
    let bytes = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
    let mut found = lines::read(&bytes, Timestamp::now());
    let mut waiting = conn.prepare_cached("SELECT 1 FROM dirty WHERE bead = ?1")?;
    let mut out = Vec::new();
    for bead in beads {
        let line = found.beads.remove(&bead.id);
        if waiting.exists([&bead.id])? {
            continue;
        }
        let what = match line {
            None => "is not in the file",
            Some(line) if !import::shown(&bead, &line) => "differs",
            Some(_) => continue,
        };
        out.push(Difference { id: bead.id, what });
    }
    for id in found.beads.into_keys() {
        if !waiting.exists([&id])? {
            out.push(Difference { id, what: "is only in the file" });
        }
    }
    out.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(Some(out))
}
