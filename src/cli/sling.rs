//! `gt sling` and `gt unsling`: giving work to agents and taking it back.

use clap::Args;

use crate::base::report::{self, Output};
use crate::base::{Error, Result};
use crate::ledger::Ledger;
use crate::work::{Desk, sling, unsling};

/// Give beads to agents: each gets a branch, a worktree and a session
#[derive(Debug, Args)]
pub struct Sling {
    /// The beads, then a rig or an agent; without a target their own rig
    #[arg(required = true, value_name = "BEAD... [TARGET]")]
    words: Vec<String>,
    /// The runtime to use
    #[arg(long, value_name = "PRESET")]
    agent: Option<String>,
    /// Only say what would be done
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Sling although the bead waits for others, is somebody's by name, or belongs to another rig
    #[arg(long, short)]
    force: bool,
    /// Make no convoy
    #[arg(long)]
    no_convoy: bool,
    /// The name of the convoy to make
    #[arg(long, value_name = "NAME", conflicts_with = "no_convoy")]
    convoy: Option<String>,
}

impl Sling {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work; also when some of several starts failed.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        let (beads, target) = split(&desk.ledger, self.words);
        let request = sling::Request {
            beads,
            target,
            agent: self.agent,
            dry_run: self.dry_run,
            force: self.force,
            no_convoy: self.no_convoy,
            convoy_name: self.convoy,
        };
        if request.dry_run {
            return report::print(out, &sling::plan(&desk, &request)?);
        }
        let report = sling::sling(&mut desk, &request)?;
        // The agents run; what happens by itself from here on is the daemon's.
        super::ensure_daemon(&desk)?;
        report::print(out, &report)?;
        super::after_change(&desk)?;
        match report.failed.len() {
            0 => Ok(()),
            failed => Err(Error::failed(format!(
                "{failed} of {} could not be started; they were taken back",
                failed + report.slung.len()
            ))
            .hint(
                report.failed[0].hint.clone().unwrap_or_else(|| "mend the reason above and sling them again".into()),
            )),
        }
    }
}

/// The beads and the target: the last word is the target unless it is the only one or names a bead.
fn split(ledger: &Ledger, mut words: Vec<String>) -> (Vec<String>, String) {
    let last_is_bead = words.last().is_some_and(|word| !word.contains('/') && ledger.resolve(word).is_ok());
    if words.len() < 2 || last_is_bead {
        return (words, String::new());
    }
    let target = words.pop().unwrap_or_default();
    (words, target)
}

/// Take a bead back from its agent; branch, worktree and snapshots remain
#[derive(Debug, Args)]
pub struct Unsling {
    /// The bead
    bead: String,
    /// Also when it is handed in already, or just being started
    #[arg(long, short)]
    force: bool,
}

impl Unsling {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        report::print(out, &unsling::unsling(&mut desk, &self.bead, self.force)?)?;
        super::after_change(&desk)
    }
}
