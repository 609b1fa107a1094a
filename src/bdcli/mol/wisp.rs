//! `bd mol wisp`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::super::context::Context;
use super::super::{Global, render};
use super::pour::{How, pour};
use crate::base::report::Paint;
use crate::base::{Error, Result};
use crate::formula::molecule::{self, BondType};
use crate::formula::timeout;

/// A wisp not touched for so long is called old.
const OLD_SECONDS: i64 = 24 * 3600;

/// Makes, lists and removes wisps.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Wisp {
    #[command(subcommand)]
    command: Option<Command>,
    /// The formula's name or file
    formula: Option<String>,
    #[command(flatten)]
    how: How,
}

/// What `bd mol wisp` can do besides making one.
#[derive(Debug, Subcommand)]
enum Command {
    /// Make a wisp of a formula
    Create {
        /// The formula's name or file
        formula: String,
        #[command(flatten)]
        how: How,
    },
    /// List wisps
    List {
        /// Closed ones too
        #[arg(long)]
        all: bool,
    },
    /// Remove closed wisps that have not changed for a while
    Gc {
        /// For how long
        #[arg(long, default_value = "1h")]
        age: String,
        /// Open ones too, which may be somebody's work
        #[arg(long)]
        all: bool,
        /// Only show them
        #[arg(long)]
        dry_run: bool,
    },
}

impl Wisp {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        match (self.command, self.formula) {
            (Some(Command::Create { formula, how }), _) => {
                pour(&formula, &how, &[], BondType::Sequential, true, global)
            }
            (Some(Command::List { all }), _) => list(all, global),
            (Some(Command::Gc { age, all, dry_run }), _) => collect(&age, all, dry_run, global),
            (None, Some(formula)) => pour(&formula, &self.how, &[], BondType::Sequential, true, global),
            (None, None) => {
                Err(Error::usage("which formula?").hint("bd formula list shows them; bd mol wisp list lists wisps"))
            }
        }
    }
}

fn list(all: bool, global: &Global) -> Result<()> {
    let context = Context::open(global)?;
    let wisps = molecule::wisps(&context.ledger, all)?;
    let now = crate::base::Timestamp::now();
    let mut old_count = 0;
    let mut rows = Vec::new();
    for wisp in &wisps {
        let mut row = json!({
            "id": wisp.id, "title": wisp.title, "status": wisp.status.as_str(), "priority": wisp.priority,
            "created_at": wisp.created_at, "updated_at": wisp.updated_at,
        });
        if wisp.updated_at.seconds_until(now) > OLD_SECONDS {
            row["old"] = true.into();
            old_count += 1;
        }
        rows.push(row);
    }
    let mut json = json!({"wisps": Value::Array(rows), "count": wisps.len()});
    if old_count > 0 {
        json["old_count"] = old_count.into();
    }
    render::print(context.output, json, render::lines(&wisps, "No wisps"))
}

fn collect(age: &str, all: bool, dry_run: bool, global: &Global) -> Result<()> {
    let seconds = timeout::parse(age)
        .ok_or_else(|| Error::usage(format!("not a duration: {age:?}")).hint("write 30m, 1h or 2d"))?;
    let mut context = Context::open(global)?;
    let roots = molecule::wisps(&context.ledger, true)?;
    let sweep = context.write(|tx| molecule::collect(tx, &roots, seconds / 1_000_000_000, all, dry_run))?;
    let ids = if dry_run { &sweep.candidates } else { &sweep.cleaned_ids };
    let what = if dry_run { "Would remove" } else { "Removed" };
    let mut text: String = ids.iter().map(|id| format!("{what} {}\n", Paint::stdout().bold(id))).collect();
    if ids.is_empty() {
        text.push_str("No wisp is old enough\n");
    }
    render::print_change(context.output, serde_json::to_value(&sweep)?, text)
}
