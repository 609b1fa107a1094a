//! Patterns: formulas that were cooked into the ledger once, and are poured from there.

use super::super::cook::{self, Cooked, Mode};
use super::super::library::Library;
use super::super::model::Formula;
use super::super::values::Values;
use super::distill;
use super::read::{self, Molecule};
use crate::base::{Error, Kind, Result};
use crate::ledger::{Bead, Ledger, Status, Tx};

/// The formula `name` with its values, or, where no formula has that name, the pattern with that id.
///
/// # Errors
/// As cooking a formula; not found when it is neither.
pub fn cook_or_pattern(ledger: Option<&Ledger>, library: &Library, name: &str, values: &Values) -> Result<Cooked> {
    match (cook::cook(library, name, values, Mode::Runtime), ledger) {
        (Err(error), Some(ledger)) if error.kind() == Kind::NotFound => match ledger.find(name)? {
            Some(root) if root.is_template => {
                let ids = read::parts(ledger.conn(), &root.id)?;
                let formula = gathered(root, &ids, |id| ledger.find(id))?;
                cook::cook_formula(library, formula, values, Mode::Runtime)
            }
            _ => Err(error),
        },
        (result, _) => result,
    }
}

/// The formula of the pattern with this root.
pub(super) fn formula(tx: &Tx<'_>, root: &Bead) -> Result<Formula> {
    let ids = read::parts(tx.conn(), &root.id)?;
    gathered(root.clone(), &ids, |id| tx.find(id))
}

fn gathered(root: Bead, ids: &[String], find: impl Fn(&str) -> Result<Option<Bead>>) -> Result<Formula> {
    let mut steps = Vec::new();
    for id in ids.iter().filter(|id| **id != root.id) {
        steps.extend(find(id)?.filter(|step| step.status != Status::Tombstone));
    }
    if steps.is_empty() {
        return Err(Error::failed(format!("the pattern {} has no steps", root.id))
            .hint("cook it anew: bd cook --persist --force"));
    }
    steps.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    Ok(distill::pattern(&Molecule { root, steps }))
}
