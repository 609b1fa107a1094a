//! `gt daemon`: what happens by itself.

use clap::Subcommand;

use crate::base::Result;
use crate::base::report::{self, Output};
use crate::patrol::{daemon, service};
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
    /// Write it down as a service of your own, for systemd or launchd; says how to turn it on
    #[command(visible_alias = "enable-supervisor")]
    InstallService,
    /// Remove that service again
    UninstallService,
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
            Daemon::InstallService => report::print(out, &service::install(&town)?),
            Daemon::UninstallService => report::print(out, &service::uninstall(&town)?),
            Daemon::Logs { lines, follow } => daemon::logs(&town, lines, follow),
            Daemon::Run { detach } => daemon::run(town, detach),
        }
    }
}
