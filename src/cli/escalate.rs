//! `gt escalate`: what somebody has to look at.

use std::io::Read;

use clap::{Args, Subcommand};

use crate::base::report::{self, Output};
use crate::base::{Error, Result, Timestamp};
use crate::town::{Address, Severity};
use crate::work::escalation::{self, Escalations, New};
use crate::work::{Desk, identity};

/// Tell those who have to know that something is wrong; list, acknowledge and close what was told
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    after_help = "Examples:
  gt escalate \"the tests need a database I don't have\" --severity high --related gt-abc12
  gt escalate list
  gt escalate ack hq-x7k2m
  gt escalate close hq-x7k2m --reason \"database started\""
)]
pub struct Escalate {
    #[command(subcommand)]
    command: Option<Command>,
    /// What is wrong
    description: Option<String>,
    /// How urgent it is: low, medium, high, critical
    #[arg(long, short, default_value = "medium")]
    severity: Severity,
    /// Why, and what was tried; `-` reads it from standard input
    #[arg(long, short, default_value = "")]
    reason: String,
    /// Where it comes from
    #[arg(long, default_value = "")]
    source: String,
    /// The bead it is about
    #[arg(long, default_value = "", value_name = "BEAD")]
    related: String,
    /// Only say whom it would go to
    #[arg(long, short = 'n')]
    dry_run: bool,
}

/// `gt escalate <what>`.
#[derive(Debug, Subcommand)]
enum Command {
    /// List what is open, newest first
    #[command(visible_alias = "ls")]
    List {
        /// Closed ones too
        #[arg(long, short)]
        all: bool,
    },
    /// Show one
    Show {
        /// Its id
        id: String,
    },
    /// Say that you have seen it: it is not raised again
    Ack {
        /// Its id
        id: String,
    },
    /// Close it
    Close {
        /// Its id
        id: String,
        /// What was done
        #[arg(long, short)]
        reason: String,
    },
    /// Raise what nobody has answered; the daemon does it by itself
    Stale {
        /// Only say which
        #[arg(long, short = 'n')]
        dry_run: bool,
    },
}

impl Escalate {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        let me = identity::named_actor(&Address::from_env().unwrap_or(Address::Overseer));
        match self.command {
            Some(Command::List { all }) => return report::print(out, &escalation::list(&desk, all)?),
            Some(Command::Show { id }) => return report::print(out, &escalation::get(&desk, &id)?),
            Some(Command::Stale { dry_run: true }) => {
                return report::print(out, &Escalations(escalation::stale(&desk, Timestamp::now())?));
            }
            Some(Command::Stale { dry_run: false }) => {
                report::print(out, &Escalations(escalation::raise_stale(&mut desk)?))?;
            }
            Some(Command::Ack { id }) => report::print(out, &escalation::ack(&mut desk, &me, &id)?)?,
            Some(Command::Close { id, reason }) => {
                report::print(out, &escalation::close(&mut desk, &me, &id, &reason)?)?;
            }
            None => {
                let title = self.description.unwrap_or_default();
                if self.dry_run {
                    let routes = desk.town.settings()?.escalation.routes(self.severity);
                    println!("would raise {title:?} as {} to: {}", self.severity, routes.join(", "));
                    return Ok(());
                }
                let reason = if self.reason == "-" {
                    let mut text = String::new();
                    std::io::stdin().read_to_string(&mut text).map_err(Error::from)?;
                    text
                } else {
                    self.reason
                };
                let (severity, source, related) = (self.severity, self.source, self.related);
                let new = New { title, reason, severity, source, related };
                report::print(out, &escalation::raise(&mut desk, &me, &new)?)?;
            }
        }
        super::after_change(&desk)
    }
}
