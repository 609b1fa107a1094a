//! `gt mq`: the merge queue.

use clap::Subcommand;

use crate::base::Result;
use crate::base::report::{self, Output};
use crate::work::{Desk, queue};

/// The merge queue
#[derive(Debug, Subcommand)]
pub enum Mq {
    /// List what waits to be merged, the next one first
    List {
        /// Only this rig
        rig: Option<String>,
        /// What is merged or rejected too
        #[arg(long, short)]
        all: bool,
    },
    /// Show one merge request
    Status {
        /// The request, its branch, or the bead it is for
        id: String,
    },
    /// Try a request again that was given back or waits
    Retry {
        /// The request, its branch, or the bead it is for
        id: String,
    },
    /// Turn a request down; its branch stays
    Reject {
        /// The request, its branch, or the bead it is for
        id: String,
        /// Why
        #[arg(long, short)]
        reason: String,
    },
}

impl Mq {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        match self {
            Mq::List { rig, all } => return report::print(out, &queue::list(&desk, rig.as_deref(), all)?),
            Mq::Status { id } => return report::print(out, &queue::status(&desk, &id)?),
            Mq::Retry { id } => {
                report::print(out, &queue::retry(&mut desk, &id)?)?;
                super::ensure_daemon(&desk)?;
            }
            Mq::Reject { id, reason } => report::print(out, &queue::reject(&mut desk, &id, &reason)?)?,
        }
        super::after_change(&desk)
    }
}
