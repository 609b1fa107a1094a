//! The desk: a town with its ledger open, which every piece of work is done at.

use std::path::Path;

use super::rebuild;
use crate::base::{Result, ResultExt};
use crate::ledger::Ledger;
use crate::ledger::jsonl::{self, ImportReport};
use crate::town::{Address, TOWN_PREFIX, Town};

/// The store of the town's own beads.
pub const TOWN_STORE: &str = "hq";

/// A town with its ledger open.
#[derive(Debug)]
pub struct Desk {
    /// The town.
    pub town: Town,
    /// Its ledger.
    pub ledger: Ledger,
    /// What was read from `issues.jsonl` files that had changed since the ledger saw them last.
    pub imported: Vec<ImportReport>,
}

impl Desk {
    /// The desk of the town around `from`.
    ///
    /// # Errors
    /// When there is no town, or its ledger can't be opened or rebuilt.
    pub fn open(from: &Path) -> Result<Self> {
        Self::of(Town::find(from)?)
    }

    /// The desk of the town around the working directory.
    ///
    /// # Errors
    /// As [`Desk::open`].
    pub fn open_current() -> Result<Self> {
        Self::of(Town::current()?)
    }

    /// The desk of `town`. Stores the ledger does not know, or knows at another place, are registered; an `issues.jsonl` that has
    /// changed since it was read, by a pull or because the database was lost, is read again. In a new database hooks,
    /// merge requests, assignments and living sessions are found again.
    ///
    /// # Errors
    /// When the registry is broken, or the ledger can't be opened or rebuilt.
    pub fn of(town: Town) -> Result<Self> {
        let rigs = town.rigs()?;
        let ledger =
            Ledger::open(&town.ledger_path()).with_context(|| format!("the ledger of {}", town.root.display()))?;
        let mut desk = Self { town, ledger, imported: Vec::new() };
        let known = desk.ledger.stores()?;
        let town_store = (TOWN_STORE.to_owned(), desk.town.beads_dir(), TOWN_PREFIX.to_owned());
        let wanted = rigs.iter().map(|rig| (rig.name.clone(), rig.beads_dir(), rig.prefix.clone()));
        for (name, beads_dir, prefix) in std::iter::once(town_store).chain(wanted) {
            let same = known.iter().any(|s| s.name == name && s.beads_dir == beads_dir && s.prefix == prefix);
            if !same {
                desk.ledger.add_store(&name, &beads_dir, &prefix)?;
            }
        }
        desk.imported = jsonl::refresh(&desk.ledger)?;
        rebuild::once(&desk.town, &mut desk.ledger, &rigs)?;
        Ok(desk)
    }

    /// Writes the `issues.jsonl` of every store that changed, unless the daemon runs and does it soon. For the end of commands that
    /// change beads.
    ///
    /// # Errors
    /// When a file can't be written; the database has the change all the same.
    pub fn export(&self) -> Result<()> {
        jsonl::export_if_no_daemon(&self.ledger, Some(&self.town.daemon_lock()))
    }

    /// Who acts in this process: `BD_ACTOR`, else what `GT_ROLE` and its kin say, else the person.
    pub fn actor(&self) -> String {
        actor()
    }
}

/// Who acts in this process: `BD_ACTOR`, else what `GT_ROLE` and its kin say, else the person.
pub fn actor() -> String {
    match std::env::var("BD_ACTOR") {
        Ok(actor) if !actor.is_empty() => actor,
        _ => Address::from_env().unwrap_or(Address::Overseer).to_string(),
    }
}
