//! `gt hook`: what hangs on an agent's hook, and hanging something on one's own.

use clap::Args;

use crate::base::report::{self, Output};
use crate::base::{Error, Result};
use crate::town::Address;
use crate::work::{Desk, hooked, identity, sling, unsling};

/// Show what is on your hook; with a bead, hang it on yours
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  gt hook                      what is on yours\n  gt hook web/crew/ann         what is on hers\n  gt hook gt-abc12             crew: take this bead\n  gt hook --clear              take it off again"
)]
pub struct Hook {
    /// A bead to hang on your own hook; or another agent whose hook to show
    #[arg(value_name = "BEAD|AGENT")]
    word: Option<String>,
    /// The agent, after `show` or `status`
    #[arg(hide = true)]
    agent: Option<String>,
    /// Take what is on your hook off it; the bead is open again
    #[arg(long, conflicts_with_all = ["word", "dry_run"])]
    clear: bool,
    /// Hang it although it waits for others or is somebody's by name
    #[arg(long, short)]
    force: bool,
    /// Only say what would be done
    #[arg(long, short = 'n')]
    dry_run: bool,
}

impl Hook {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        if self.clear {
            return self.take_off(&mut desk, out);
        }
        let word = match (self.word.as_deref(), self.agent.as_deref()) {
            (Some("show" | "status"), agent) => agent,
            (word, None) => word,
            (Some(word), Some(more)) => {
                return Err(Error::usage(format!("{word} {more}")).hint("gt hook <bead>, or gt hook <agent>"));
            }
            (None, agent) => agent,
        };
        let agent: Address = match word {
            None => identity::this_agent(&desk.town)?,
            Some(word) => match (word.parse(), desk.ledger.resolve(word)) {
                (Ok(agent), _) => agent,
                (Err(_), Ok(bead)) => return self.hang(&mut desk, bead, out),
                (Err(error), Err(_)) => return Err(error),
            },
        };
        identity::note_conversation(&desk.town, &agent)?;
        report::print(out, &hooked::hooked(&desk, &agent)?)
    }

    fn hang(&self, desk: &mut Desk, bead: String, out: Output) -> Result<()> {
        let agent = identity::this_agent(&desk.town)?;
        if !matches!(agent, Address::Crew { .. }) {
            return Err(Error::refused(format!("{agent} takes no work of its own choice"))
                .hint(format!("gt sling {bead} <rig> gives it to a worker")));
        }
        if hooked::hooked(desk, &agent)?.bead_id.as_deref() == Some(bead.as_str()) {
            return report::print(out, &hooked::hooked(desk, &agent)?);
        }
        let request = sling::Request {
            beads: vec![bead],
            target: agent.to_string(),
            force: self.force,
            dry_run: self.dry_run,
            no_convoy: true,
            ..sling::Request::default()
        };
        if self.dry_run {
            return report::print(out, &sling::plan(desk, &request)?);
        }
        let slung = sling::sling(desk, &request)?;
        report::print(out, &slung)?;
        super::after_change(desk)
    }

    fn take_off(&self, desk: &mut Desk, out: Output) -> Result<()> {
        let agent = identity::this_agent(&desk.town)?;
        if matches!(agent, Address::Polecat { .. }) {
            return Err(Error::refused(format!("{agent} is there for its bead alone"))
                .hint("gt done --status DEFERRED puts the work off, gt escalate says what is in the way"));
        }
        let Some(bead) = hooked::hooked(desk, &agent)?.bead_id else {
            return report::print(out, &hooked::hooked(desk, &agent)?);
        };
        report::print(out, &unsling::unsling(desk, &bead, self.force)?)?;
        super::after_change(desk)
    }
}
