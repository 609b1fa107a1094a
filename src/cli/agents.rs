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
    /// Show why an agent is taken to be in the state it is shown in: every source, and which of them counts
    #[command(after_help = "Example:\n  gt agents explain web/polecats/nux")]
    Explain {
        /// The agent
        agent: String,
    },
}

impl Agents {
    /// Runs the command.
    ///
    /// # Errors
    /// When the town can't be read.
    pub fn run(self, out: Output) -> Result<()> {
        let desk = Desk::open_current()?;
        if let Some(AgentsCommand::Explain { agent }) = &self.command {
            return report::print(out, &agents::explain(&desk, agent)?);
        }
        report::print(out, &agents::AgentList { agents: agents::list(&desk)? })
    }
}
