//! `bd delete`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::{Global, mentions, parse, render};
use crate::base::report::Paint;
use crate::base::{Error, Result};
use crate::ledger::{Bead, Patch, Tx};

/// Deletes beads; without --force only shows what would go.
#[derive(Debug, Args)]
pub struct Delete {
    /// Their ids
    ids: Vec<String>,
    /// Really delete
    #[arg(long, short)]
    force: bool,
    /// Without a tombstone; another clone that still has it brings it back
    #[arg(long)]
    hard: bool,
    /// Also everything that depends on them
    #[arg(long)]
    cascade: bool,
    /// Read the ids from a file, one a line; - for standard input
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// Why
    #[arg(long, default_value = "delete")]
    reason: String,
    /// Only show what would go
    #[arg(long)]
    dry_run: bool,
}

/// What deleting led to.
#[derive(Default)]
struct Tally {
    beads: Vec<Bead>,
    edges: usize,
    texts: usize,
}

impl Delete {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let mut given = self.ids.clone();
        if let Some(path) = &self.from_file {
            let text = parse::body(path)?;
            given.extend(
                text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).map(str::to_owned),
            );
        }
        if given.is_empty() {
            return Err(Error::usage("which bead?").hint("give its id"));
        }
        let mut ids = BTreeSet::new();
        let mut open: Vec<String> = given.iter().map(|id| context.ledger.resolve(id)).collect::<Result<_>>()?;
        while let Some(id) = open.pop() {
            if ids.insert(id.clone()) && self.cascade {
                let mut statement =
                    context.ledger.conn().prepare_cached("SELECT issue FROM deps WHERE depends_on = ?1")?;
                open.extend(
                    statement.query_map([&id], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?,
                );
            }
        }
        if !self.force || self.dry_run {
            let beads: Vec<Bead> = ids.iter().map(|id| context.ledger.get(id)).collect::<Result<_>>()?;
            let mut text: String =
                beads.iter().map(|bead| format!("Would delete {}\n", render::line(bead, Paint::stdout()))).collect();
            text += "Nothing is deleted yet; --force does it.\n";
            return render::print(context.output, json!({"would_delete": ids}), text);
        }
        let tally = context.write(|tx| {
            let mut tally = Tally::default();
            for id in &ids {
                self.one(tx, id, &mut tally)?;
            }
            Ok(tally)
        })?;
        let deleted = match tally.beads.as_slice() {
            [one] => json!(one.id),
            many => Value::from(many.iter().map(|bead| bead.id.clone()).collect::<Vec<_>>()),
        };
        let json = json!({"deleted": deleted, "dependencies_removed": tally.edges, "references_updated": tally.texts});
        let mut text: String =
            tally.beads.iter().map(|bead| format!("Deleted {}\n", render::line(bead, Paint::stdout()))).collect();
        if tally.edges + tally.texts > 0 {
            text += &format!("{} dependencies removed, {} texts changed\n", tally.edges, tally.texts);
        }
        render::print_change(context.output, json, text)
    }

    fn one(&self, tx: &mut Tx<'_>, id: &str, tally: &mut Tally) -> Result<()> {
        let bead = tx.get(id)?;
        let others: BTreeSet<String> = {
            let mut statement = tx.conn().prepare_cached(
                "SELECT issue FROM deps WHERE depends_on = ?1 UNION ALL SELECT depends_on FROM deps WHERE issue = ?1",
            )?;
            let all = statement.query_map([id], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
            tally.edges += all.len();
            all.into_iter().collect()
        };
        if self.hard {
            tx.purge(id)?
        } else {
            drop(tx.delete(id, &self.reason)?)
        }
        for other in others {
            let Some(neighbour) = tx.find(&other)?.filter(|bead| !bead.status.is_done()) else { continue };
            let mut patch = Patch::default();
            let mut changed = false;
            for (field, text) in [
                (&mut patch.description, &neighbour.description),
                (&mut patch.design, &neighbour.design),
                (&mut patch.notes, &neighbour.notes),
                (&mut patch.acceptance_criteria, &neighbour.acceptance_criteria),
            ] {
                if let Some(new) = mentions::replaced(text, id, &format!("[deleted:{id}]")) {
                    *field = Some(new);
                    changed = true;
                }
            }
            if changed {
                tx.update(&other, &patch)?;
                tally.texts += 1;
            }
        }
        tally.beads.push(bead);
        Ok(())
    }
}
