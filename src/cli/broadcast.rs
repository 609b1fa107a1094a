//! `gt broadcast` and `gt dnd`: a word to all who run, and being left in peace.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::{counted, fit, neutralise};
use crate::base::{Error, Result};
use crate::session::{self, NudgeOutcome, registry};
use crate::town::Address;
use crate::work::{Desk, identity, mailbook};

/// Type a message to every agent that runs
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  gt broadcast \"the build is red, hold your merges\"\n  gt broadcast --rig web \"pull first\""
)]
pub struct Broadcast {
    /// The message
    message: String,
    /// Only to the agents of this rig
    #[arg(long)]
    rig: Option<String>,
    /// Also to those who want no interruption
    #[arg(long)]
    all: bool,
    /// Only say whom it would go to
    #[arg(long, short = 'n')]
    dry_run: bool,
}

#[derive(Serialize)]
struct Line {
    address: String,
    outcome: &'static str,
    reason: Option<String>,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Lines(Vec<Line>);

impl Report for Lines {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "No agent runs.");
        }
        for line in &self.0 {
            let reason = line.reason.as_deref().map(|reason| neutralise(reason, true).into_owned()).unwrap_or_default();
            let outcome = if line.outcome == "refused" { paint.red(line.outcome) } else { line.outcome.to_owned() };
            writeln!(out, "{} {outcome} {reason}", fit(&line.address, 28))?;
        }
        Ok(())
    }
}

impl Broadcast {
    /// Runs the command.
    ///
    /// # Errors
    /// When an agent did not take the message; the others have it.
    pub fn run(self, out: Output) -> Result<()> {
        let desk = Desk::open_current()?;
        if self.message.trim().is_empty() {
            return Err(Error::usage("an empty message").hint("gt broadcast \"message\""));
        }
        if let Some(rig) = &self.rig {
            desk.town.rig(rig)?;
        }
        let me = Address::from_env().unwrap_or(Address::Overseer).to_string();
        let muted = mailbook::read(&desk.town)?.muted;
        let mut lines = Vec::new();
        let text = if me == identity::OVERSEER { self.message } else { format!("[from {me}] {}", self.message) };
        for record in registry::list(&desk.town)?.into_iter().filter(registry::is_alive) {
            let Ok(address) = record.address.parse::<Address>() else { continue };
            if record.address == me || self.rig.as_ref().is_some_and(|rig| address.rig() != Some(rig)) {
                continue;
            }
            let (outcome, reason) = if muted.contains(&record.address) && !self.all {
                ("skipped", Some("wants no interruption".to_owned()))
            } else if self.dry_run {
                ("would be told", None)
            } else {
                // One that ends just now is no reason to leave the others out.
                match session::nudge(&desk.town, &record.name, &text, &me) {
                    Ok(outcome) => (outcome.word(), outcome.reason().map(str::to_owned)),
                    Err(error) => (NudgeOutcome::Refused(String::new()).word(), Some(error.to_string())),
                }
            };
            lines.push(Line { address: record.address, outcome, reason });
        }
        let refused = lines.iter().filter(|line| line.outcome == "refused").count();
        report::print(out, &Lines(lines))?;
        match refused {
            0 => Ok(()),
            refused => {
                Err(Error::failed(format!("{} did not take the message", counted(refused, "agent"))).hint("gt agents"))
            }
        }
    }
}

/// On, off, or how it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Switch {
    /// No interruptions.
    On,
    /// Interruptions.
    Off,
    /// Say which.
    #[default]
    Status,
}

/// Be left in peace: no nudges, no word of mail while you work; both wait
#[derive(Debug, Args)]
pub struct Dnd {
    /// on, off, or status
    #[arg(value_enum, default_value_t)]
    switch: Switch,
    /// Whose; your own by default
    #[arg(long = "for", value_name = "AGENT")]
    agent: Option<Address>,
}

#[derive(Serialize)]
struct Muted {
    address: String,
    muted: bool,
}

impl Report for Muted {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        let word = if self.muted { "wants no interruption" } else { "can be interrupted" };
        writeln!(out, "{} {word}", self.address)
    }
}

impl Dnd {
    /// Runs the command.
    ///
    /// # Errors
    /// When the town can't be read or written.
    pub fn run(self, out: Output) -> Result<()> {
        let desk = Desk::open_current()?;
        let address = match self.agent {
            Some(agent) => agent.to_string(),
            None => identity::who(&desk.town)?.address.to_string(),
        };
        if self.switch != Switch::Status {
            mailbook::mute(&desk.town, &address, self.switch == Switch::On)?;
        }
        report::print(out, &Muted { muted: mailbook::is_muted(&desk.town, &address)?, address })
    }
}
