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
        /// Before the one that is before it
        #[arg(long, group = "where")]
        earlier: bool,
        /// After the one that is after it
        #[arg(long, group = "where")]
        later: bool,
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
    /// Branches on which the work of an epic comes together before it goes to the target
    #[command(subcommand)]
    Integration(Integration),
}

/// `gt mq integration`.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  gt mq integration create sh-epic1\n  gt sling sh-epic1.1 sh-epic1.2      their work starts from the branch \
    and goes there\n  gt mq integration land sh-epic1     all of it through the gates to the target, as one piece"
)]
pub enum Integration {
    /// Make the branch of an epic: work on its beads starts from it and is merged into it from then on
    Create {
        /// The epic
        epic: String,
        /// What it is called, where the rig's integration_branch_template is not to say it
        #[arg(long, value_name = "NAME")]
        branch: Option<String>,
    },
    /// Show what is on the branch and what is to come; all of them without
    Status {
        /// The epic
        epic: Option<String>,
    },
    /// Bring the branch to the target, through the gates; the epic is closed and the branch deleted by that
    Land {
        /// The epic
        epic: String,
        /// Although beads of the epic are open: the rest of its work goes to the target itself
        #[arg(long, short)]
        force: bool,
        /// Only say what is there and whether it could be landed
        #[arg(long, short = 'n')]
        dry_run: bool,
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
            Mq::Reorder { id, first, last: _, earlier, later, by } => {
                let order = match by {
                    Some(points) => queue::Order::By(points),
                    None if first => queue::Order::First,
                    None if earlier => queue::Order::Earlier,
                    None if later => queue::Order::Later,
                    None => queue::Order::Last,
                };
                report::print(out, &queue::reorder(&mut desk, &id, order)?)?;
            }
            Mq::Retry { id } => {
                report::print(out, &queue::retry(&mut desk, &id)?)?;
                super::ensure_daemon(&desk)?;
            }
            Mq::Integration(Integration::Create { epic, branch }) => {
                report::print(out, &queue::integration::create(&mut desk, &epic, branch.as_deref())?)?;
            }
            Mq::Integration(Integration::Status { epic: Some(epic) }) => {
                return report::print(out, &queue::integration::status(&desk, &epic)?);
            }
            Mq::Integration(Integration::Status { epic: None }) => {
                return report::print(out, &queue::integration::list(&desk)?);
            }
            Mq::Integration(Integration::Land { epic, force, dry_run }) => {
                report::print(out, &queue::integration::land(&mut desk, &epic, force, dry_run)?)?;
                if !dry_run {
                    super::ensure_daemon(&desk)?;
                }
            }
            Mq::Reject { id, reason } => report::print(out, &queue::reject(&mut desk, &id, &reason)?)?,
        }
        super::after_change(&desk)
    }
}
