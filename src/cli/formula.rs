//! `gt formula`: workflows that are written down once.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::base::Result;
use crate::base::report::{self, Output, Paint, Report};
use crate::formula::{Formula, Listed, parse_pairs, tree};
use crate::work::{Desk, recipe, sling};

/// Workflows that are written down once: list them, look at one, run one
#[derive(Debug, Subcommand)]
pub enum FormulaCommand {
    /// List formulas: the project's, the town's, your own, those built in
    #[command(visible_alias = "ls")]
    List,
    /// Show a formula: its variables and steps
    Show {
        /// Its name or file
        name: String,
    },
    /// Run a formula: one agent does its steps, or one agent each part of a formula of type convoy
    #[command(
        after_help = "Examples:\n  gt formula run release --rig web --var version=1.2.0\n  gt formula run code-review --rig web --var branch=feature"
    )]
    Run(RunArgs),
}

/// How a formula is run.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Its name
    name: String,
    /// The rig; the one around you by default
    #[arg(long)]
    rig: Option<String>,
    /// A variable's value, as name=value
    #[arg(long = "var", value_name = "NAME=VALUE")]
    vars: Vec<String>,
    /// The runtime to use
    #[arg(long, value_name = "PRESET")]
    agent: Option<String>,
    /// Only show the steps
    #[arg(long, short = 'n')]
    dry_run: bool,
}

#[derive(Serialize)]
#[serde(transparent)]
struct List(Vec<Listed>);

impl Report for List {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        write!(out, "{}", tree::listing(&self.0, paint))
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Details<'f>(&'f Formula);

impl Report for Details<'_> {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        write!(out, "{}", tree::details(self.0, paint))
    }
}

impl FormulaCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        let library = recipe::library(&desk);
        match self {
            FormulaCommand::List => report::print(out, &List(library.list())),
            FormulaCommand::Show { name } => {
                let name = recipe::named(&library, &name).unwrap_or(name);
                report::print(out, &Details(&library.load(&name)?.formula))
            }
            FormulaCommand::Run(args) => {
                let rig = args.rig.map_or_else(|| super::rig::rig_around(&desk), Ok)?;
                let formula = recipe::named(&library, &args.name).unwrap_or(args.name);
                let recipe = recipe::Recipe { formula, on: None, values: parse_pairs(&args.vars)? };
                if args.dry_run {
                    return dry_run(&recipe::cooked(&library, &recipe, None)?, out);
                }
                let request = sling::Request { target: rig, agent: args.agent, ..sling::Request::default() };
                let cast = recipe::run(&mut desk, &recipe, request)?;
                super::sling::finish(&desk, &cast, &cast.sling, out)
            }
        }
    }
}

/// Shows what a formula would become.
pub(super) fn dry_run(cooked: &crate::formula::Cooked, out: Output) -> Result<()> {
    if out.json {
        return report::print(out, &Details(&cooked.formula));
    }
    print!("{}", crate::base::text::neutralise(&tree::dry_run(cooked), false));
    Ok(())
}
