//! `gt mail`: messages between agents and people.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::{Error, Result};
use crate::town::Address;
use crate::work::mail::Sent;
use crate::work::{Desk, identity, mail, post, prime};

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
    /// Answer a message in its thread
    Reply {
        /// Id or number
        message: String,
        /// What to say
        text: String,
        /// Another subject than Re: …
        #[arg(long, short)]
        subject: Option<String>,
    },
    /// Show all messages of a thread
    Thread {
        /// Id or number of one of them
        message: String,
    },
    /// Find messages to or from you, archived ones too
    Search {
        /// A word in subject or text
        word: String,
    },
    /// Put messages out of your inbox
    #[command(visible_alias = "delete")]
    Archive {
        /// Ids or numbers
        #[arg(required = true)]
        messages: Vec<String>,
    },
    /// Say whether there is unread mail: exit code 0 when there is, 1 when not
    Check {
        /// For a runtime's hook: a block for the agent's context, each message once; always exit code 0
        #[arg(long)]
        inject: bool,
    },
}

/// A message to send.
#[derive(Debug, Args)]
pub struct Send {
    /// For whom: mayor/, overseer, <rig>/polecats/<name>, ..., or a group: @town, @rig/<rig>, @crew/<rig>
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
                let owner = match address {
                    Some(word) => one(&desk, &word, &me)?,
                    None => me,
                };
                return report::print(out, &mail::inbox(&desk, &owner, unread)?);
            }
            Mail::Send(send) => {
                let all = post::resolve(&desk, &send.address, &me)?;
                let priority = if send.urgent { 0 } else { send.priority };
                let from = if me == identity::OVERSEER { identity::actor() } else { me };
                let mut sent = Vec::with_capacity(all.len());
                for to in &all {
                    sent.push(mail::send(&mut desk, &from, to, &send.subject, &send.message, priority)?);
                }
                match sent.as_slice() {
                    [one] => report::print(out, one)?,
                    _ => report::print(out, &Copies(sent))?,
                }
            }
            Mail::Reply { message, text, subject } => {
                report::print(out, &mail::reply(&mut desk, &me, &message, subject.as_deref(), &text)?)?;
            }
            Mail::Thread { message } => return report::print(out, &mail::thread(&desk, &me, &message)?),
            Mail::Search { word } => return report::print(out, &mail::search(&desk, &me, &word)?),
            Mail::Archive { messages } => {
                report::print(out, &Archived { archived: mail::archive(&mut desk, &me, &messages)? })?;
            }
            Mail::Check { inject: true } => {
                let new = mail::untold(&desk, &me)?;
                if !new.is_empty() {
                    mail::told(&mut desk, &me)?;
                    let newest: Vec<String> = new.iter().take(3).map(|message| message.subject.clone()).collect();
                    println!("<system-reminder>\n{}\n</system-reminder>", prime::mail_words(new.len(), &newest));
                }
                return Ok(());
            }
            Mail::Check { inject: false } => {
                let unread = mail::inbox(&desk, &me, true)?.messages.len();
                report::print(out, &Check { address: me, unread, has_new: unread > 0 })?;
                return if unread > 0 { Ok(()) } else { Err(Error::failed("no unread mail")) };
            }
            Mail::Read { message } => report::print(out, &mail::read(&mut desk, &me, &message)?)?,
        }
        super::after_change(&desk)
    }
}

/// The one address `word` stands for.
fn one(desk: &Desk, word: &str, me: &str) -> Result<String> {
    let mut all = post::resolve(desk, word, me)?;
    match (all.pop(), all.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(Error::usage(format!("{word} is a group")).hint("name one mailbox")),
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Copies(Vec<Sent>);

impl Report for Copies {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        self.0.iter().try_for_each(|sent| sent.human(out, paint))
    }
}

#[derive(Serialize)]
struct Archived {
    archived: Vec<String>,
}

impl Report for Archived {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} Archived {}", paint.green("✓"), self.archived.join(", "))
    }
}

#[derive(Serialize)]
struct Check {
    address: String,
    unread: usize,
    has_new: bool,
}

impl Report for Check {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        writeln!(out, "{}: {} unread", self.address, self.unread)
    }
}
