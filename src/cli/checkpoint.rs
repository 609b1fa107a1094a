//! `gt checkpoint`: where a session stopped, for the one that goes on from there.

use std::io::{self, Write};

use clap::Subcommand;
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::neutralise;
use crate::base::{Error, Result, Timestamp};
use crate::work::checkpoint::{self, Checkpoint};
use crate::work::{Desk, identity};

/// Where you stopped, for the session that goes on from there; gt writes one itself before your context is shortened and when your
/// session is started again
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  gt checkpoint write --notes \"the parser is done, its tests are not\"\n  gt checkpoint read"
)]
pub enum CheckpointCommand {
    /// Write down where you are: bead, step, last commit, changed files
    Write {
        /// What your next session should know
        #[arg(long, short, allow_hyphen_values = true)]
        notes: Option<String>,
    },
    /// Show the last one; exit code 3 when there is none of today
    Read,
    /// Drop it
    Clear,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Shown(Checkpoint);

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let at = &self.0;
        let age = at.timestamp.map(|at| at.age(Timestamp::now())).unwrap_or_default();
        let bead = if at.hooked_bead.is_empty() { "nothing on the hook" } else { &at.hooked_bead };
        writeln!(out, "{} {}", paint.bold(bead), paint.dim(&age))?;
        for (name, value) in [
            ("step", at.step_title.as_deref()),
            ("branch", at.branch.as_deref()),
            ("commit", at.last_subject.as_deref()),
            ("notes", Some(at.notes.as_str()).filter(|notes| !notes.is_empty())),
        ] {
            if let Some(value) = value {
                writeln!(out, "  {name:<7} {}", neutralise(value, true))?;
            }
        }
        at.modified_files.iter().try_for_each(|file| writeln!(out, "  changed {}", neutralise(file, true)))
    }
}

#[derive(Serialize)]
struct Cleared {
    cleared: bool,
}

impl Report for Cleared {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{}", if self.cleared { paint.green("✓ dropped") } else { "there was none".to_owned() })
    }
}

impl CheckpointCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// When nothing says which agent this is, or the town can't be written.
    pub fn run(self, out: Output) -> Result<()> {
        let desk = Desk::open_current()?;
        let agent = identity::this_agent(&desk.town)?;
        match self {
            Self::Write { notes } => report::print(out, &Shown(checkpoint::write(&desk, &agent, notes.as_deref())?)),
            Self::Read => match checkpoint::read(&desk.town, &agent) {
                Some(found) => report::print(out, &Shown(found)),
                None => Err(Error::not_found(format!("no checkpoint of {agent} from the last 24 hours"))
                    .hint("gt checkpoint write")),
            },
            Self::Clear => report::print(out, &Cleared { cleared: checkpoint::clear(&desk.town, &agent)? }),
        }
    }
}
