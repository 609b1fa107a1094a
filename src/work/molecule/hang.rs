//! Tying molecules to beads, and untying them.

use serde::Serialize;
use serde_json::json;

use super::{ATTACHED, attached};
use crate::base::{Error, Result};
use crate::formula::{Cooked, Library, Mode, Values, cook, molecule as formula};
use crate::ledger::Tx;
use crate::work::Desk;
use crate::work::identity::actor;

/// A molecule that hangs on a bead, or did.
#[derive(Debug, Clone, Serialize)]
pub struct Hung {
    /// The bead.
    pub bead: String,
    /// The molecule's root.
    pub molecule: String,
    /// How many beads were made for it.
    pub created: usize,
}

/// Pours a cooked formula and ties it to `bead`, inside a transaction.
///
/// # Errors
/// When the ledger refuses a bead.
pub fn attach_in(tx: &mut Tx<'_>, cooked: &Cooked, bead: &str, store: &str) -> Result<Hung> {
    let pour = formula::Pour { store: store.to_owned(), ..formula::Pour::default() };
    let poured = formula::pour(tx, cooked, &pour)?;
    tie(tx, bead, &poured.root)?;
    Ok(Hung { bead: bead.to_owned(), created: poured.created(), molecule: poured.root })
}

fn tie(tx: &mut Tx<'_>, bead: &str, root: &str) -> Result<()> {
    tx.add_label(root, &format!("{ATTACHED}{bead}"))?;
    tx.event("molecule_attached", Some(bead), json!({"molecule": root})).map(|_| ())
}

/// Ties `what`, a molecule or a formula that is poured for it, to `bead`.
///
/// # Errors
/// [`crate::base::Kind::Refused`] when a molecule hangs on the bead already; not found for an unknown molecule or formula.
pub fn attach(desk: &mut Desk, library: &Library, bead: &str, what: &str, values: &Values) -> Result<Hung> {
    let bead = desk.ledger.get(&desk.ledger.resolve(bead)?)?;
    refuse_second(desk, &bead.id)?;
    if bead.status.is_done() {
        return Err(Error::refused(format!("{} is closed", bead.id)).hint(format!("bd reopen {}", bead.id)));
    }
    if let Ok(root) = desk.ledger.resolve(what) {
        let root = formula::load(&desk.ledger, &root)?.root;
        if root.id == bead.id {
            return Err(Error::usage(format!("{} is that molecule itself", bead.id)));
        }
        if let Some(other) = root.labels.iter().find_map(|label| label.strip_prefix(ATTACHED)) {
            return Err(
                Error::refused(format!("{} hangs on {other} already", root.id)).hint(format!("gt mol detach {other}"))
            );
        }
        desk.ledger.write(&actor(), |tx| tie(tx, &bead.id, &root.id))?;
        return Ok(Hung { bead: bead.id, molecule: root.id, created: 0 });
    }
    let cooked =
        cook(library, what, &super::super::recipe::values(library, what, values, Some(&bead))?, Mode::Runtime)?;
    desk.ledger.write(&actor(), |tx| attach_in(tx, &cooked, &bead.id, &bead.store))
}

/// Refuses a second molecule for one bead.
pub(in crate::work) fn refuse_second(desk: &Desk, bead: &str) -> Result<()> {
    match attached(desk, bead)?.first() {
        Some(root) => Err(Error::refused(format!("molecule {root} hangs on {bead} already"))
            .hint(format!("gt sling {bead} goes on with it; gt mol detach {bead} takes it off"))),
        None => Ok(()),
    }
}

/// Unties the molecules of `bead`; they stay as they are.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] when none hangs on it.
pub fn detach(desk: &mut Desk, bead: &str) -> Result<Vec<Hung>> {
    let bead = desk.ledger.resolve(bead)?;
    let roots = attached(desk, &bead)?;
    if roots.is_empty() {
        return Err(Error::not_found(format!("no molecule hangs on {bead}")).hint("bd mol list shows all molecules"));
    }
    desk.ledger.write(&actor(), |tx| {
        for root in &roots {
            tx.remove_label(root, &format!("{ATTACHED}{bead}"))?;
            tx.event("molecule_detached", Some(&bead), json!({"molecule": root}))?;
        }
        Ok(())
    })?;
    Ok(roots.into_iter().map(|molecule| Hung { bead: bead.clone(), molecule, created: 0 }).collect())
}
