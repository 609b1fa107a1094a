//! `gt agents`: who works on what, and how they are.

use clap::{Args, Subcommand};

use crate::base::Result;
use crate::base::report::{self, Output};
use crate::work::{Desk, agents};

/// Show the agents: state, bead, branch
#[derive(Debug, Args)]
pub struct Agents {
    #[command(subcommand)]
    command: Option<AgentsCommand>,
}

/// What to do with the agents.
#[derive(Debug, Subcommand)]
pub enum AgentsCommand {
    /// List them (the default)
    List,
}

impl Agents {
    /// Runs the command.
    ///
    /// # Errors
    /// When the town can't be read.
    pub fn run(self, out: Output) -> Result<()> {
        let desk = Desk::open_current()?;
        report::print(out, &agents::AgentList { agents: agents::list(&desk)? })
    }
}
