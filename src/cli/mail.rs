//! `gt mail`: messages between agents and people.

use clap::{Args, Subcommand};

use crate::base::report::{self, Output};
use crate::base::{Error, Result};
use crate::town::{Address, Town};
use crate::work::{Desk, identity, mail};

/// Messages between agents and people
#[derive(Debug, Subcommand)]
pub enum Mail {
    /// List the messages in a mailbox, newest first
    Inbox {
        /// Whose; your own without
        address: Option<String>,
        /// Only what is unread
        #[arg(long, short)]
        unread: bool,
    },
    /// Send a message
    Send(Send),
    /// Show a message, by id or number in the inbox, and mark it read
    #[command(visible_alias = "show")]
    Read {
        /// Id or number
        message: String,
    },
}

/// A message to send.
#[derive(Debug, Args)]
pub struct Send {
    /// For whom: mayor/, overseer, <rig>/polecats/<name>, ...
    address: String,
    /// What it is about
    #[arg(long, short)]
    subject: String,
    /// What it says
    #[arg(long, short, visible_alias = "body", default_value = "")]
    message: String,
    /// 0 (urgent) to 4
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=4))]
    priority: u8,
    /// As --priority 0
    #[arg(long)]
    urgent: bool,
}

/// The address as messages are filed under, checked to be one somebody can have.
fn known(town: &Town, word: &str) -> Result<String> {
    let address: Address = word.parse()?;
    if let Some(rig) = address.rig() {
        town.rig(rig)?;
    }
    if matches!(address, Address::Dog(_)) {
        return Err(Error::not_found(format!("nobody reads the mail of {address}")));
    }
    Ok(address.to_string())
}

impl Mail {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        let me = Address::from_env().unwrap_or(Address::Overseer).to_string();
        match self {
            Mail::Inbox { address, unread } => {
                let owner = address.map_or(Ok(me), |word| known(&desk.town, &word))?;
                return report::print(out, &mail::inbox(&desk, &owner, unread)?);
            }
            Mail::Send(send) => {
                let to = known(&desk.town, &send.address)?;
                let priority = if send.urgent { 0 } else { send.priority };
                let from = if me == identity::OVERSEER { identity::actor() } else { me };
                report::print(out, &mail::send(&mut desk, &from, &to, &send.subject, &send.message, priority)?)?;
            }
            Mail::Read { message } => report::print(out, &mail::read(&mut desk, &me, &message)?)?,
        }
        super::after_change(&desk)
    }
}
