//! `bd label`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::context::Context;
use super::{Global, render};
use crate::base::{Error, Result};

/// Adds, removes and lists labels.
#[derive(Debug, Args)]
pub struct Label {
    #[command(subcommand)]
    command: LabelCommand,
}

/// What `bd label` can do.
#[derive(Debug, Subcommand)]
pub enum LabelCommand {
    /// Add a label to beads
    Add(Change),
    /// Take a label off beads
    #[command(alias = "rm")]
    Remove(Change),
    /// Show a bead's labels
    List {
        /// The bead
        id: String,
    },
    /// Show every label and how many beads carry it
    ListAll,
}

/// Beads and a label.
#[derive(Debug, Args)]
pub struct Change {
    /// The beads' ids, then the label
    #[arg(required = true, num_args = 2.., value_names = ["ID", "LABEL"])]
    words: Vec<String>,
}

impl Label {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        match self.command {
            LabelCommand::Add(change) => change.run(&mut context, true),
            LabelCommand::Remove(change) => change.run(&mut context, false),
            LabelCommand::List { id } => {
                let labels = context.ledger.get(&id)?.labels;
                let text = labels.iter().map(|label| render::clean(label) + "\n").collect();
                render::print(context.output, Value::from(labels), text)
            }
            LabelCommand::ListAll => {
                let all: Vec<(String, i64)> = {
                    let mut statement = context.ledger.conn().prepare_cached(
                        "SELECT label, count(*) FROM labels JOIN beads ON id = bead AND status <> 'tombstone' GROUP BY label ORDER BY label",
                    )?;
                    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?
                };
                let text = all.iter().map(|(label, count)| format!("{count:>7} {}\n", render::clean(label))).collect();
                let json = all.iter().map(|(label, count)| json!({"label": label, "count": count})).collect::<Value>();
                render::print(context.output, json, text)
            }
        }
    }
}

impl Change {
    fn run(self, context: &mut Context, add: bool) -> Result<()> {
        let Some((label, ids)) = self.words.split_last() else {
            return Err(Error::usage("which bead and which label?"));
        };
        let done = context.write(|tx| {
            let one = |id: &String| {
                let id = tx.resolve(id)?;
                if add {
                    tx.add_label(&id, label)?
                } else {
                    tx.remove_label(&id, label)?
                };
                Ok(id)
            };
            ids.iter().map(one).collect::<Result<Vec<_>>>()
        })?;
        let status = if add { "added" } else { "removed" };
        let text = done.iter().map(|id| format!("Label {} {status}: {id}\n", render::clean(label))).collect();
        let json = done.iter().map(|id| json!({"issue_id": id, "label": label, "status": status})).collect::<Value>();
        render::print_change(context.output, json, text)
    }
}
