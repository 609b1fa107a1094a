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
    /// Print what the gates printed
    Log {
        /// The request, its branch, or the bead it is for
        id: String,
        /// Print what comes as well, until the refinery is through with it
        #[arg(long, short)]
        follow: bool,
    },
    /// Let a request be merged that is held or under review
    Approve {
        /// The request, its branch, or the bead it is for
        id: String,
    },
    /// Stop merging a request, its gates included; it is held until it is approved
    Cancel {
        /// The request, its branch, or the bead it is for
        id: String,
    },
    /// Move a request in the queue
    #[command(group = clap::ArgGroup::new("where").required(true))]
    Reorder {
        /// The request, its branch, or the bead it is for
        id: String,
        /// Before all others
        #[arg(long, group = "where")]
        first: bool,
        /// After all others
        #[arg(long, group = "where")]
        last: bool,
        /// Add so many points to its score
        #[arg(long, group = "where", value_name = "POINTS", allow_negative_numbers = true)]
        by: Option<f64>,
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
            Mq::Log { id, follow } => return queue::log(&desk, &id, follow),
            Mq::Approve { id } => {
                report::print(out, &queue::approve(&mut desk, &id)?)?;
                super::ensure_daemon(&desk)?;
            }
            Mq::Cancel { id } => report::print(out, &queue::cancel(&mut desk, &id)?)?,
            Mq::Reorder { id, first, last: _, by } => {
                let order = match by {
                    Some(points) => queue::Order::By(points),
                    None if first => queue::Order::First,
                    None => queue::Order::Last,
                };
                report::print(out, &queue::reorder(&mut desk, &id, order)?)?;
            }
            Mq::Retry { id } => {
                report::print(out, &queue::retry(&mut desk, &id)?)?;
                super::ensure_daemon(&desk)?;
            }
            Mq::Reject { id, reason } => report::print(out, &queue::reject(&mut desk, &id, &reason)?)?,
        }
        super::after_change(&desk)
    }
}
