//! `bd mol`.

mod change;
mod pour;
mod show;
mod wisp;

use clap::{Args, Subcommand};

use super::Global;
use crate::base::Result;

/// Works with molecules.
#[derive(Debug, Args)]
pub struct Mol {
    #[command(subcommand)]
    command: Command,
}

/// What `bd mol` can do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Make beads of a formula
    Pour(pour::PourArgs),
    /// Make beads of a formula that are never exported; list and remove such
    Wisp(wisp::Wisp),
    /// List molecules that are not finished
    List(show::List),
    /// Show a molecule with its steps
    Show(show::Show),
    /// Show where you are in your molecules
    Current(show::Current),
    /// Show how far a molecule is
    Progress(show::ProgressArgs),
    /// Put molecules and formulas together
    Bond(change::Bond),
    /// Replace a finished molecule's steps by one bead that says what was done
    Squash(change::Squash),
    /// Delete molecules
    Burn(change::Burn),
    /// Make a formula of an epic or a molecule
    Distill(change::Distill),
    /// List molecules whose steps are all done and that are still open
    Stale(show::Stale),
}

impl Mol {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        match self.command {
            Command::Pour(command) => command.run(global),
            Command::Wisp(command) => command.run(global),
            Command::List(command) => command.run(global),
            Command::Show(command) => command.run(global),
            Command::Current(command) => command.run(global),
            Command::Progress(command) => command.run(global),
            Command::Bond(command) => command.run(global),
            Command::Squash(command) => command.run(global),
            Command::Burn(command) => command.run(global),
            Command::Distill(command) => command.run(global),
            Command::Stale(command) => command.run(global),
        }
    }
}
