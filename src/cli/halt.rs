//! `gt estop`, `gt thaw` and `gt scheduler`: holding agents and dispatch up, and letting them go on.

use clap::{Args, Subcommand};

use crate::base::Result;
use crate::base::report::{self, Output};
use crate::work::{Desk, halt};

/// Freeze every agent at once
#[derive(Debug, Args)]
pub struct Estop {
    /// Why
    #[arg(long, short, default_value = "")]
    reason: String,
}

/// Let frozen agents go on where they were
#[derive(Debug, Args)]
pub struct Thaw {}

/// How beads get agents
#[derive(Debug, Subcommand)]
pub enum Scheduler {
    /// Show what runs, what waits, and for what
    Status,
    /// Start no more agents; those that run go on
    Pause {
        /// Why
        #[arg(long, short, default_value = "")]
        reason: String,
    },
    /// Go on starting agents
    Resume,
}

impl Estop {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        report::print(out, &halt::freeze(&mut desk, &self.reason)?)?;
        super::after_change(&desk)
    }
}

impl Thaw {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        report::print(out, &halt::thaw(&mut desk)?)?;
        super::after_change(&desk)
    }
}

impl Scheduler {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        match self {
            Scheduler::Status => return report::print(out, &halt::scheduler(&desk)?),
            Scheduler::Pause { reason } => report::print(out, &halt::pause(&mut desk, &reason)?)?,
            Scheduler::Resume => report::print(out, &halt::resume(&mut desk)?)?,
        }
        super::after_change(&desk)
    }
}
