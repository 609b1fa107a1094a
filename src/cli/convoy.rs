//! `gt convoy`: bundles of beads that land together.

use clap::Subcommand;

use crate::base::Result;
use crate::base::report::{self, Output};
use crate::work::{Desk, convoy, identity};

/// Bundles of beads that land together
#[derive(Debug, Subcommand)]
pub enum Convoy {
    /// Make a convoy of beads
    Create {
        /// Its name
        name: String,
        /// The beads it tracks
        beads: Vec<String>,
        /// Tell this address when it lands (mayor/ when none is named); may be given several times
        #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "mayor/")]
        notify: Vec<String>,
        /// Tell the person too, with a message of their own
        #[arg(long)]
        human: bool,
        /// Whose it is; whoever makes it by default
        #[arg(long, value_name = "ADDRESS", default_value = "")]
        owner: String,
    },
    /// List open convoys with their progress
    List {
        /// Those that have landed too
        #[arg(long, short)]
        all: bool,
        /// What each of them tracks
        #[arg(long)]
        tree: bool,
    },
    /// Show a convoy, by id or number in the list; all open ones without
    #[command(visible_alias = "status")]
    Show {
        /// Id or number
        convoy: Option<String>,
    },
    /// Add beads to a convoy; one that has landed opens again
    Add {
        /// Id or number
        convoy: String,
        /// The beads
        #[arg(required = true)]
        beads: Vec<String>,
    },
    /// Look again whether a convoy is complete; it lands when it is
    Refresh {
        /// Id or number; all open ones without
        convoy: Option<String>,
    },
    /// Look again at every open convoy
    Check,
    /// List convoys nobody moves, and why
    Stranded,
    /// Close a convoy by hand, whatever is left
    Close {
        /// Id or number
        convoy: String,
        /// Why
        #[arg(long, short, default_value = "")]
        reason: String,
        /// Tell this address too
        #[arg(long, value_name = "ADDRESS")]
        notify: Option<String>,
    },
}

impl Convoy {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        match self {
            Convoy::Create { name, mut beads, mut notify, human, owner } => {
                for address in &mut notify {
                    // A flag without an address, before a bead.
                    if !address.contains(['/', ':', '@']) && desk.ledger.resolve(address).is_ok() {
                        beads.push(std::mem::replace(address, "mayor/".to_owned()));
                    }
                }
                if human && !notify.iter().any(|address| address == identity::OVERSEER) {
                    notify.push(identity::OVERSEER.to_owned());
                }
                report::print(
                    out,
                    &convoy::create(&mut desk, &convoy::NewConvoy { title: name, beads, owner, notify })?,
                )?;
            }
            Convoy::List { all, tree } => {
                let list = convoy::list(&desk, all)?;
                return report::print(out, &if tree { list.with_members(&desk)? } else { list });
            }
            Convoy::Show { convoy: Some(which) } => return report::print(out, &convoy::status(&desk, &which)?),
            Convoy::Show { convoy: None } => {
                return report::print(out, &convoy::list(&desk, false)?.with_members(&desk)?);
            }
            Convoy::Stranded => return report::print(out, &convoy::stranded(&desk)?),
            Convoy::Add { convoy: which, beads } => report::print(out, &convoy::add(&mut desk, &which, &beads)?)?,
            Convoy::Refresh { convoy: Some(which) } => report::print(out, &convoy::refresh(&mut desk, &which)?)?,
            Convoy::Refresh { convoy: None } | Convoy::Check => report::print(out, &convoy::check(&mut desk)?)?,
            Convoy::Close { convoy: which, reason, notify } => {
                report::print(out, &convoy::close(&mut desk, &which, &reason, notify.as_deref())?)?;
            }
        }
        super::after_change(&desk)
    }
}
