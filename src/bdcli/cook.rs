//! `bd cook`.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::{Global, formula, render};
use crate::base::text::counted;
use crate::base::{Error, Result};
use crate::formula::molecule::{self, Pour};
use crate::formula::{Cooked, Mode, cook, parse_pairs, tree, variables};
use crate::ledger::ids;

/// Writes a formula out in full.
#[derive(Debug, Args)]
pub struct Cook {
    /// Its name or file
    formula: String,
    /// Show the steps as a tree
    #[arg(long)]
    dry_run: bool,
    /// compile leaves placeholders, runtime fills them in; runtime when values are given
    #[arg(long, value_parser = ["compile", "runtime"])]
    mode: Option<String>,
    /// A variable's value, as name=value
    #[arg(long = "var", value_name = "NAME=VALUE")]
    vars: Vec<String>,
    /// Keep it in the ledger as a pattern
    #[arg(long)]
    persist: bool,
    /// Replace a pattern that is there
    #[arg(long, requires = "persist")]
    force: bool,
    /// What its id begins with
    #[arg(long, requires = "persist", default_value = "")]
    prefix: String,
    /// Search only these directories
    #[arg(long, value_name = "DIR")]
    search_path: Vec<PathBuf>,
}

impl Cook {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let library = formula::library(&self.search_path)?;
        let given = parse_pairs(&self.vars)?;
        let mode = match self.mode.as_deref() {
            Some("runtime") => Mode::Runtime,
            Some(_) => Mode::Compile,
            None if given.is_empty() => Mode::Compile,
            None => Mode::Runtime,
        };
        let cooked = cook(&library, &self.formula, &given, mode)?;
        formula::warn(&cooked.warnings, global);
        if self.persist && !self.dry_run {
            return self.persist(&cooked, global);
        }
        if self.dry_run && !global.output().json {
            return render::print(
                global.output(),
                json!(null),
                crate::base::text::neutralise(&tree::dry_run(&cooked), false).into(),
            );
        }
        // A million steps are written as they come, not gathered as one value first.
        let mut out = BufWriter::new(std::io::stdout().lock());
        let written = serde_json::to_writer_pretty(&mut out, &cooked.formula).map_err(std::io::Error::from);
        match written.and_then(|()| writeln!(out)).and_then(|()| out.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Error::failed(format!("standard output: {error}")))
            }
            _ => Ok(()),
        }
    }

    fn persist(&self, cooked: &Cooked, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let name = format!("{}{}", self.prefix, cooked.formula.formula);
        let root = if name.contains('-') { name } else { format!("mol-{name}") };
        ids::validate(&root)?;
        let old = match context.ledger.find(&root)? {
            Some(_) if self.force => Some(molecule::load(&context.ledger, &root)?),
            Some(_) => return Err(Error::refused(format!("{root} exists already")).hint("replace it with --force")),
            None => None,
        };
        let options = Pour { store: context.store.clone(), template: true, root_id: Some(root), ..Pour::default() };
        let poured = context.write(|tx| {
            if let Some(old) = &old {
                for step in old.steps.iter().rev().chain([&old.root]) {
                    tx.purge(&step.id)?;
                }
            }
            molecule::pour(tx, cooked, &options)
        })?;
        let points: Vec<&str> = cooked.formula.compose.bond_points.iter().map(|point| point.id.as_str()).collect();
        let mut json = json!({
            "proto_id": poured.root, "formula": cooked.formula.formula, "created": poured.created(),
            "variables": variables(cooked),
        });
        if !points.is_empty() {
            json["bond_points"] = json!(points);
        }
        render::print_change(
            context.output,
            json,
            format!("Cooked {} ({})\n", poured.root, counted(poured.created(), "bead")),
        )
    }
}
