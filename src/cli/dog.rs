//! `gt dog`: helpers for maintenance.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::{Error, Result};
use crate::formula::parse_pairs;
use crate::session;
use crate::work::dog::{self, Errand};
use crate::work::{Desk, identity, recipe};

/// Helpers of the deacon for maintenance: each does one formula or bead at a time
#[derive(Debug, Subcommand)]
pub enum Dog {
    /// Make one; without a name it gets the next of the alphabet
    Add {
        /// Its name
        name: Option<String>,
    },
    /// List them, and what they do
    #[command(visible_alias = "ls")]
    List,
    /// Show one, or all
    Status {
        /// Its name
        name: Option<String>,
    },
    /// Send one on an errand
    #[command(
        visible_alias = "dispatch",
        after_help = "Examples:\n  gt dog start --formula dependency-update\n  gt dog start alpha --bead hq-x7k2m"
    )]
    Start(Start),
    /// End its session; its work is open again
    Stop {
        /// Its name
        name: String,
    },
    /// For the dog itself: the errand is done; ends its session
    Done {
        /// What was done
        #[arg(long, short, default_value = "")]
        message: String,
        /// Although steps are open
        #[arg(long, short)]
        force: bool,
    },
    /// Remove one
    #[command(visible_alias = "rm")]
    Remove {
        /// Its name
        name: String,
        /// Although its directory holds files: they are kept in .runtime/removed
        #[arg(long)]
        force: bool,
    },
}

/// Which dog does what.
#[derive(Debug, Args)]
pub struct Start {
    /// Its name; an idle one goes without
    name: Option<String>,
    /// The formula it is to work through
    #[arg(long, required_unless_present = "bead", conflicts_with = "bead")]
    formula: Option<String>,
    /// The bead it is to do
    #[arg(long)]
    bead: Option<String>,
    /// A variable's value for the formula, as name=value
    #[arg(long = "var", value_name = "NAME=VALUE")]
    vars: Vec<String>,
    /// The runtime to use
    #[arg(long, value_name = "PRESET")]
    agent: Option<String>,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Pack(Vec<dog::Dog>);

impl Report for Pack {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "No dogs.  {}", paint.dim("gt dog add makes one"));
        }
        self.0.iter().try_for_each(|dog| dog.human(out, paint))
    }
}

#[derive(Serialize)]
struct Done {
    agent: String,
    bead: String,
}

impl Report for Done {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} {} is done", paint.green("✓"), self.bead)
    }
}

impl Dog {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        match self {
            Dog::Add { name } => report::print(out, &dog::add(&desk, name.as_deref())?),
            Dog::List | Dog::Status { name: None } => report::print(out, &Pack(dog::list(&desk)?)),
            Dog::Status { name: Some(name) } => report::print(out, &dog::get(&desk, &name)?),
            Dog::Start(start) => {
                let errand = match (start.formula, start.bead) {
                    (Some(formula), _) => {
                        let library = recipe::library(&desk);
                        let formula = recipe::named(&library, &formula).unwrap_or(formula);
                        Errand::Formula(recipe::Recipe { formula, on: None, values: parse_pairs(&start.vars)? })
                    }
                    (None, Some(bead)) => Errand::Bead(bead),
                    (None, None) => return Err(Error::usage("no errand").hint("--formula or --bead")),
                };
                let sent = dog::start(&mut desk, start.name.as_deref(), &errand, start.agent.as_deref())?;
                report::print(out, &sent)?;
                super::after_change(&desk)
            }
            Dog::Stop { name } => {
                report::print(out, &dog::stop(&mut desk, &name)?)?;
                super::after_change(&desk)
            }
            Dog::Remove { name, force } => report::print(out, &dog::remove(&mut desk, &name, force)?),
            Dog::Done { message, force } => {
                let agent = identity::this_agent(&desk.town)?;
                let bead = dog::done(&mut desk, &agent, &message, force)?;
                report::print(out, &Done { agent: agent.to_string(), bead })?;
                super::after_change(&desk)?;
                // Last of all: what runs in this session ends now, this process aside.
                match std::env::var("GT_SESSION") {
                    Ok(name) if !name.is_empty() => {
                        session::kill(&desk.town, &name, &[std::process::id().cast_signed()]).map(|_| ())
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}
