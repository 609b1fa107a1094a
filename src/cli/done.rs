//! `gt done`: an agent hands in its work.

use clap::Args;

use crate::base::Result;
use crate::base::report::{self, Output};
use crate::work::{Desk, done};

/// Hand in the work on your hook; ends your session
#[derive(Debug, Args)]
pub struct Done {
    /// COMPLETED (to be merged), DEFERRED (later) or ESCALATED (a person has to decide)
    #[arg(long, default_value = "COMPLETED")]
    status: String,
    /// What the person should know, with ESCALATED
    #[arg(long, short, default_value = "")]
    message: String,
    /// Hand in although steps of the bead's molecule are open
    #[arg(long, short)]
    force: bool,
}

impl Done {
    /// Runs the command.
    ///
    /// # Errors
    /// Refused while the work can't be handed in; the session goes on then.
    pub fn run(self, out: Output) -> Result<()> {
        let exit: done::Exit = self.status.parse()?;
        let mut desk = Desk::open_current()?;
        let handed = done::hand_in(&mut desk, exit, &self.message, self.force)?;
        // Without a daemon the request waits in the queue: nothing is lost, so that is no reason to fail.
        let daemon = super::ensure_daemon(&desk);
        report::print(out, &handed)?;
        super::after_change(&desk)?;
        if let Err(error) = daemon {
            report::print_error(out, &error.context("it is handed in, but the daemon that merges does not start"));
        }
        // Last of all: whatever runs in this session ends now, this process aside.
        done::end_session(&desk, &handed)
    }
}
