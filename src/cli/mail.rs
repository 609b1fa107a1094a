//! `gt mail`: messages between agents and people.

use std::io::{self, Read, Write};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::mail_book::{ChannelCommand, Group, QueueCommand};
use crate::base::report::{self, Output, Paint, Report};
use crate::base::{Error, Result};
use crate::work::mail::Sent;
use crate::work::{Desk, deliver, identity, mail, mailbook, mailqueue, post, prime, told};

/// Messages between agents and people
#[derive(Debug, Subcommand)]
pub enum Mail {
    /// List the messages in a mailbox, newest first
    Inbox {
        /// Whose; your own without
        address: Option<String>,
        /// The same, as an option
        #[arg(long = "address", visible_alias = "identity", value_name = "ADDRESS", conflicts_with = "address")]
        of: Option<String>,
        /// Only what is unread
        #[arg(long, short)]
        unread: bool,
        /// Also what was archived
        #[arg(long, short, conflicts_with = "unread")]
        all: bool,
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
        /// What to say; `-` reads it from standard input
        #[arg(required_unless_present = "body")]
        text: Option<String>,
        /// The same, as an option
        #[arg(long = "message", short = 'm', visible_alias = "body", conflicts_with = "text")]
        body: Option<String>,
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
        /// A word in subject or text, or a regular expression
        word: String,
        /// Only what this one sent
        #[arg(long, value_name = "ADDRESS")]
        from: Option<String>,
        /// Only in subjects
        #[arg(long, conflicts_with = "body")]
        subject: bool,
        /// Only in texts
        #[arg(long)]
        body: bool,
        /// Archived ones too (they always are)
        #[arg(long)]
        archive: bool,
    },
    /// Put messages out of your inbox
    #[command(visible_alias = "delete")]
    Archive {
        /// Ids or numbers
        #[arg(required = true)]
        messages: Vec<String>,
    },
    /// Archive every message in your inbox
    Clear,
    /// Say whether there is unread mail: exit code 0 when there is, 1 when not
    Check {
        /// Whose; your own without
        #[arg(long, visible_alias = "identity", value_name = "ADDRESS")]
        address: Option<String>,
        /// For a runtime's hook: a block for the agent's context, each message once; always exit code 0
        #[arg(long)]
        inject: bool,
    },
    /// Show the newest message you have not read, without marking it read: exit code 1 when there is none
    Peek,
    /// Mark messages as read
    #[command(visible_alias = "ack")]
    MarkRead {
        /// Ids or numbers
        #[arg(required = true)]
        messages: Vec<String>,
    },
    /// Mark messages as not read
    MarkUnread {
        /// Ids or numbers
        #[arg(required = true)]
        messages: Vec<String>,
    },
    /// Take the oldest message of a queue
    Claim {
        /// The queue; any that you may claim from without
        queue: Option<String>,
    },
    /// Put a claimed message back into its queue
    Release {
        /// Id or number
        message: String,
    },
    /// Show what stands on the boards of the channels
    Announces {
        /// Only on this one
        channel: Option<String>,
    },
    /// Groups of addresses under one name
    #[command(subcommand)]
    Group(Group),
    /// Queues: one copy of each message, for whoever claims it
    #[command(subcommand)]
    Queue(QueueCommand),
    /// Channels: a board that keeps what was said, and a copy for each subscriber
    #[command(subcommand)]
    Channel(ChannelCommand),
}

/// A message to send.
#[derive(Debug, Args)]
pub struct Send {
    /// For whom: mayor/, overseer, <rig>/crew/<name>, */witness, @town, @crew/<rig>, group:<name>, queue:<name>, channel:<name>
    #[arg(required_unless_present = "own")]
    address: Option<String>,
    /// To yourself
    #[arg(long = "self", conflicts_with = "address")]
    own: bool,
    /// Also for these
    #[arg(long, value_name = "ADDRESS")]
    cc: Vec<String>,
    /// The message it answers
    #[arg(long, value_name = "MESSAGE")]
    reply_to: Option<String>,
    /// What it is about
    #[arg(long, short)]
    subject: String,
    /// What it says; `-` reads it from standard input
    #[arg(long, short, visible_alias = "body", default_value = "", allow_hyphen_values = true)]
    message: String,
    /// What kind of message it is: notification, task, reply, ...
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Keep it on top of the inbox
    #[arg(long)]
    pinned: bool,
    /// Keep it out of the files that git tracks (the default)
    #[arg(long, conflicts_with = "permanent")]
    wisp: bool,
    /// Write it to the files that git tracks
    #[arg(long)]
    permanent: bool,
    /// Tell whoever gets it at once where they do nothing
    #[arg(long, short)]
    notify: bool,
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
        let me = identity::who(&desk.town)?.address.to_string();
        match self {
            Mail::Inbox { address, of, unread, all } => {
                let owner = match address.or(of) {
                    Some(word) => one(&desk, &word, &me)?,
                    None => me,
                };
                let found = if all { mail::all_of(&desk, &owner)? } else { mail::inbox(&desk, &owner, unread)? };
                return report::print(out, &found);
            }
            Mail::Send(send) => {
                let mut all = post::resolve_all(&desk, send.address.iter().chain(&send.cc), &me)?;
                if send.own {
                    all.push(me.clone());
                }
                let priority = if send.urgent { 0 } else { send.priority };
                let from = if me == identity::OVERSEER { identity::actor() } else { me };
                let letter = mail::Letter {
                    subject: &send.subject,
                    body: &from_stdin(send.message)?,
                    priority,
                    reply_to: send.reply_to.as_deref(),
                    kind: send.kind.as_deref(),
                    pinned: send.pinned,
                    permanent: send.permanent,
                    cc: &send.cc,
                };
                let sent = mail::send_all(&mut desk, &from, &all, &letter)?;
                for channel in all.iter().filter_map(|to| to.strip_prefix(mailbook::CHANNEL)) {
                    mailqueue::tidy(&mut desk, channel)?;
                }
                if send.notify {
                    for agent in all.iter().filter_map(|to| to.parse().ok()) {
                        deliver::deliver(&mut desk, &agent)?;
                    }
                }
                match sent.as_slice() {
                    [one] => report::print(out, one)?,
                    _ => report::print(out, &Copies(sent))?,
                }
            }
            Mail::Reply { message, text, body, subject } => {
                let text = from_stdin(text.or(body).unwrap_or_default())?;
                report::print(out, &mail::reply(&mut desk, &me, &message, subject.as_deref(), &text)?)?;
            }
            Mail::Thread { message } => return report::print(out, &mail::thread(&desk, &me, &message)?),
            Mail::Search { word, from, subject, body, archive: _ } => {
                let search = mail::Search { word: &word, subject, body, from: from.as_deref() };
                return report::print(out, &mail::search(&desk, &me, &search)?);
            }
            Mail::Clear => {
                let count = mail::clear(&mut desk, &me)?;
                report::print(out, &Cleared { archived: count })?;
            }
            Mail::Archive { messages } => {
                report::print(out, &Moved::Archived(mail::archive(&mut desk, &me, &messages)?))?;
            }
            Mail::Check { inject: true, address } => {
                let me = address.map_or_else(|| Ok(me.clone()), |word| one(&desk, &word, &me))?;
                let new = told::take(&mut desk, &me)?;
                if !new.is_empty() {
                    let newest: Vec<String> = new.iter().take(3).map(|message| message.subject.clone()).collect();
                    println!("<system-reminder>\n{}\n</system-reminder>", prime::mail_words(new.len(), &newest));
                }
                return Ok(());
            }
            Mail::Check { inject: false, address } => {
                let me = address.map_or_else(|| Ok(me.clone()), |word| one(&desk, &word, &me))?;
                let unread = mail::inbox(&desk, &me, true)?.messages.len();
                report::print(out, &Check { address: me, unread, has_new: unread > 0 })?;
                return if unread > 0 { Ok(()) } else { Err(Error::failed("no unread mail")) };
            }
            Mail::Peek => {
                return match mail::inbox(&desk, &me, true)?.messages.first() {
                    Some(message) => report::print(out, message),
                    None => Err(Error::failed("no unread mail")),
                };
            }
            Mail::MarkRead { messages } => {
                report::print(out, &Moved::Read(mail::mark(&mut desk, &me, &messages, true)?))?;
            }
            Mail::MarkUnread { messages } => {
                report::print(out, &Moved::Unread(mail::mark(&mut desk, &me, &messages, false)?))?;
            }
            Mail::Claim { queue } => match mailqueue::claim(&mut desk, &me, queue.as_deref())? {
                Some(message) => report::print(out, &message)?,
                None if out.json => println!("null"),
                None => println!("Nothing waits."),
            },
            Mail::Release { message } => {
                report::print(out, &Moved::Released(mailqueue::release(&mut desk, &me, &message)?))?;
            }
            Mail::Announces { channel } => {
                let book = mailbook::read(&desk.town)?;
                let names = match &channel {
                    Some(name) => vec![name.as_str()],
                    None => book.names(mailbook::Kind::Channel),
                };
                let mut messages = Vec::new();
                for name in names {
                    book.channel(name)?;
                    messages.extend(mailqueue::waiting(&desk, &format!("{}{name}", mailbook::CHANNEL))?.messages);
                }
                let owner = channel.unwrap_or_else(|| "all channels".into());
                return report::print(out, &mail::Inbox { messages, owner });
            }
            Mail::Group(command) => return command.run(&desk, out),
            Mail::Queue(command) => return command.run(&desk, out),
            Mail::Channel(command) => return command.run(&desk, &me, out),
            Mail::Read { message } => report::print(out, &mail::read(&mut desk, &me, &message)?)?,
        }
        super::after_change(&desk)
    }
}

/// The text, or all of standard input for `-`.
fn from_stdin(text: String) -> Result<String> {
    if text != "-" {
        return Ok(text);
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

#[derive(Serialize)]
struct Cleared {
    archived: usize,
}

impl Report for Cleared {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} Archived {}", paint.green("✓"), self.archived)
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

/// What was done with messages.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Moved {
    Archived(Vec<String>),
    Read(Vec<String>),
    Unread(Vec<String>),
    Released(String),
}

impl Report for Moved {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let tick = paint.green("✓");
        match self {
            Moved::Archived(ids) => writeln!(out, "{tick} Archived {}", ids.join(", ")),
            Moved::Read(ids) => writeln!(out, "{tick} Read: {}", ids.join(", ")),
            Moved::Unread(ids) => writeln!(out, "{tick} Not read: {}", ids.join(", ")),
            Moved::Released(queue) => writeln!(out, "{tick} Back in the queue {queue}"),
        }
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
