//! `bd epic`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::context::Context;
use super::{Global, render};
use crate::base::Result;
use crate::base::report::Paint;
use crate::ledger::codec::Parts;
use crate::ledger::{Filter, Ledger};

/// Looks at epics and their parts.
#[derive(Debug, Args)]
pub struct Epic {
    #[command(subcommand)]
    command: EpicCommand,
}

/// What `bd epic` can do.
#[derive(Debug, Subcommand)]
pub enum EpicCommand {
    /// Show how far the open epics are
    Status {
        /// Only those of which every part is done
        #[arg(long)]
        eligible_only: bool,
    },
    /// Close the epics of which every part is done
    CloseEligible {
        /// Only show them
        #[arg(long)]
        dry_run: bool,
    },
}

/// How many parts a bead has, and how many of them are done.
pub fn parts(ledger: &Ledger, id: &str) -> Result<(i64, i64)> {
    Ok(ledger
        .conn()
        .prepare_cached(
            "SELECT count(*), coalesce(sum(active = 0), 0) FROM deps WHERE depends_on = ?1 AND type = 'parent-child'",
        )?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

impl Epic {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let filter = Filter { types: vec!["epic".into()], store: global.rig.clone(), ..Filter::default() };
        let mut epics = Vec::new();
        for epic in context.ledger.list(&filter)? {
            let (total, closed) = parts(&context.ledger, &epic.id)?;
            epics.push((epic, total, closed));
        }
        let paint = Paint::stdout();
        match self.command {
            EpicCommand::Status { eligible_only } => {
                epics.retain(|(_, total, closed)| !eligible_only || (*total > 0 && total == closed));
                let text = epics
                    .iter()
                    .map(|(epic, total, closed)| format!("{closed:>4}/{total:<4} {}\n", render::line(epic, paint)))
                    .collect();
                let json = epics
                    .iter()
                    .map(|(epic, total, closed)| {
                        json!({"epic": render::issue(epic, Parts::LABELS), "total_children": total, "closed_children": closed,
                               "eligible_for_close": *total > 0 && total == closed})
                    })
                    .collect::<Value>();
                render::print(context.output, json, text)
            }
            EpicCommand::CloseEligible { dry_run } => {
                epics.retain(|(_, total, closed)| *total > 0 && total == closed);
                let mut beads: Vec<_> = epics.into_iter().map(|(epic, ..)| epic).collect();
                if !dry_run && !beads.is_empty() {
                    beads = context.write(|tx| {
                        beads
                            .iter()
                            .map(|epic| Ok(tx.close(&epic.id, "All children completed")?.bead))
                            .collect::<Result<Vec<_>>>()
                    })?;
                }
                let what = if dry_run { "Would close" } else { "Closed" };
                let text = beads.iter().map(|bead| format!("{what} {}\n", render::line(bead, paint))).collect();
                render::print_change(
                    context.output,
                    json!({"closed": render::issues(&beads), "count": beads.len()}),
                    text,
                )
            }
        }
    }
}
