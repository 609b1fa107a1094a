//! `gt up`, `gt down`, `gt shutdown` and `gt doctor`: a whole town.

use std::io::{self, IsTerminal, Write};

use clap::Args;

use crate::base::report::{self, Output};
use crate::base::text::counted;
use crate::base::{Error, Result};
use crate::patrol::{doctor, power};
use crate::town::Town;

/// Bring the town up: the daemon and the mayor
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  gt up\n  gt up --restore      after a reboot: everybody who ran, in their conversations, with their work"
)]
pub struct Up {
    /// Also everybody who ran when the machine or the town went down
    #[arg(long)]
    restore: bool,
}

/// Take the town down: the daemon, the mayor, the crew; workers go on unless asked for
#[derive(Debug, Args)]
pub struct Down {
    /// The workers too
    #[arg(long, short, visible_alias = "all", visible_short_alias = 'a')]
    polecats: bool,
    /// Only say what would be stopped
    #[arg(long, short = 'n')]
    dry_run: bool,
}

/// Stop everything, and put away the worktrees of work that is handed in; the rest stays as it is
#[derive(Debug, Args)]
pub struct Shutdown {
    /// Don't ask
    #[arg(long, short)]
    yes: bool,
    /// Only say what would be done
    #[arg(long, short = 'n')]
    dry_run: bool,
}

/// Look at everything that can go wrong: exit code 1 when something does not work
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  gt doctor\n  gt doctor --fix      mends what can be mended without losing anything"
)]
pub struct Doctor {
    /// Mend what can be mended without losing anything
    #[arg(long)]
    fix: bool,
}

fn finish(steps: &power::Steps, out: Output) -> Result<()> {
    report::print(out, steps)?;
    match steps.failed() {
        0 => Ok(()),
        failed => {
            Err(Error::failed(format!("{} did not go well", counted(failed, "step")))
                .hint("gt doctor looks at everything"))
        }
    }
}

impl Up {
    /// Runs the command.
    ///
    /// # Errors
    /// When something could not be started; the rest is.
    pub fn run(self, out: Output) -> Result<()> {
        finish(&power::up(&Town::current()?, self.restore)?, out)
    }
}

impl Down {
    /// Runs the command.
    ///
    /// # Errors
    /// When something could not be stopped; the rest is.
    pub fn run(self, out: Output) -> Result<()> {
        finish(&power::down(&Town::current()?, self.polecats, self.dry_run)?, out)
    }
}

impl Shutdown {
    /// Runs the command.
    ///
    /// # Errors
    /// When nobody says yes, or something could not be stopped.
    pub fn run(self, out: Output) -> Result<()> {
        let town = Town::current()?;
        if !self.yes && !self.dry_run && !agreed(&town)? {
            return Err(Error::refused("nothing was stopped").hint("gt shutdown --yes doesn't ask"));
        }
        finish(&power::shutdown(&town, self.dry_run)?, out)
    }
}

fn agreed(town: &Town) -> Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    eprint!("Stop every agent of {}? Work stays on its hooks. [y/N] ", town.name);
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

impl Doctor {
    /// Runs the command.
    ///
    /// # Errors
    /// When something does not work.
    pub fn run(self, out: Output) -> Result<()> {
        let checkup = doctor::examine(&Town::current()?, self.fix)?;
        report::print(out, &checkup)?;
        match checkup.errors {
            0 => Ok(()),
            errors => Err(Error::failed(format!("{errors} things do not work")).hint(if self.fix {
                "what is left wants a person: see each one's own hint"
            } else {
                "gt doctor --fix mends what can be mended"
            })),
        }
    }
}
