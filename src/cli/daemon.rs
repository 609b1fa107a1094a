//! `gt daemon`: what happens by itself.

use clap::Subcommand;

use crate::base::Result;
use crate::base::report::{self, Output};
use crate::patrol::daemon;
use crate::town::Town;

/// The daemon: dispatch, merge queue, watching, export
#[derive(Debug, Subcommand)]
pub enum Daemon {
    /// Start it in the background
    Start,
    /// Stop it; agents go on
    Stop,
    /// Say whether it runs
    Status,
    /// Show its log
    Logs {
        /// How many lines
        #[arg(long, short = 'n', default_value_t = 50)]
        lines: usize,
        /// Go on showing what comes
        #[arg(long, short)]
        follow: bool,
    },
    /// Run it in the foreground
    #[command(hide = true)]
    Run {
        /// In the background instead
        #[arg(long)]
        detach: bool,
    },
}

impl Daemon {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let town = Town::current()?;
        match self {
            Daemon::Start => report::print(out, &daemon::start(&town)?),
            Daemon::Stop => report::print(out, &daemon::stop(&town)?),
            Daemon::Status => report::print(out, &daemon::status(&town)?),
            Daemon::Logs { lines, follow } => daemon::logs(&town, lines, follow),
            Daemon::Run { detach } => daemon::run(town, detach),
        }
    }
}
