//! Molecules that are done and still open, and wisps that nobody needs any more.

use serde::Serialize;

use super::read;
use crate::base::{Result, Timestamp};
use crate::ledger::{Bead, Filter, Ledger, Tx};

/// A molecule whose steps are all closed while it is open.
#[derive(Debug, Clone, Serialize)]
pub struct Stale {
    /// Its root.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its steps.
    pub total_children: usize,
    /// Those closed.
    pub closed_children: usize,
    /// How many beads wait for it.
    pub blocking_count: usize,
    /// Who does it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub assignee: String,
}

/// The open molecules and epics whose steps are all closed; with `all`, also those without steps.
///
/// # Errors
/// When the ledger can't be read.
pub fn stale(ledger: &Ledger, all: bool) -> Result<Vec<Stale>> {
    let filter = Filter { types: vec!["epic".into(), "molecule".into()], ..Filter::default() };
    let count = |sql: &str, id: &str| -> Result<usize> {
        let count: i64 = ledger.conn().prepare_cached(sql)?.query_row([id], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(0))
    };
    let mut out = Vec::new();
    for bead in ledger.list(&filter)? {
        let total = count("SELECT count(*) FROM deps WHERE depends_on = ?1 AND type = 'parent-child'", &bead.id)?;
        if read::has_open_parts(ledger.conn(), &bead.id)? || (total == 0 && !all) {
            continue;
        }
        let blocking = "SELECT count(*) FROM deps WHERE depends_on = ?1 AND active = 1 AND type IN ('blocks', 'conditional-blocks')";
        out.push(Stale {
            blocking_count: count(blocking, &bead.id)?,
            id: bead.id,
            title: bead.title,
            total_children: total,
            closed_children: total,
            assignee: bead.assignee,
        });
    }
    Ok(out)
}

/// The roots of all wisps, closed ones too with `all`, newest first.
///
/// # Errors
/// When the ledger can't be read.
pub fn wisps(ledger: &Ledger, all: bool) -> Result<Vec<Bead>> {
    let mut has_parent =
        ledger.conn().prepare_cached("SELECT 1 FROM deps WHERE issue = ?1 AND type = 'parent-child'")?;
    let not_types = ["message", "merge-request", "agent", "event", "gate"].map(str::to_owned).to_vec();
    let filter = Filter { ephemeral: Some(true), closed: all, not_types, ..Filter::default() };
    let mut roots = Vec::new();
    for bead in ledger.list(&filter)? {
        if !has_parent.exists([&bead.id])? {
            roots.push(bead);
        }
    }
    roots.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| a.id.cmp(&b.id)));
    Ok(roots)
}

/// Wisps that were or would be removed.
#[derive(Debug, Clone, Serialize)]
pub struct WispSweep {
    /// What was removed.
    pub cleaned_ids: Vec<String>,
    /// How many.
    pub cleaned_count: usize,
    /// What would be removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<String>,
    /// Nothing was removed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// Removes wisps of which nothing has changed for `age` seconds: closed ones, with `all` also open ones, which may be somebody's work.
///
/// # Errors
/// When the ledger can't be read or written.
pub fn collect(tx: &mut Tx<'_>, roots: &[Bead], age: i64, all: bool, dry_run: bool) -> Result<WispSweep> {
    let before: Timestamp = tx.now().plus_seconds(-age);
    let mut sweep = WispSweep { cleaned_ids: Vec::new(), cleaned_count: 0, candidates: Vec::new(), dry_run };
    for root in roots {
        let parts = read::parts(tx.conn(), &root.id)?;
        let mut newest = root.updated_at;
        for id in &parts {
            if let Some(part) = tx.find(id)? {
                newest = newest.max(part.updated_at);
            }
        }
        if newest > before || (!all && !root.status.is_done()) {
            continue;
        }
        sweep.candidates.push(root.id.clone());
        if !dry_run {
            for id in parts.iter().rev() {
                tx.delete(id, "old wisp")?;
                sweep.cleaned_ids.push(id.clone());
            }
        }
    }
    sweep.cleaned_count = sweep.cleaned_ids.len();
    if !dry_run {
        sweep.candidates.clear();
    }
    Ok(sweep)
}
