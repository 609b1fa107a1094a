//! `gt mail group`, `queue`, `channel`: the town's book of mail.

use std::io::{self, Write};

use clap::Subcommand;
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::counted;
use crate::base::{Error, Result};
use crate::work::mailbook::{self, Book, CHANNEL, Channel, Kind, QUEUE, Queue};
use crate::work::{Desk, mailqueue, post};

/// `gt mail group <what>`.
#[derive(Debug, Subcommand)]
pub enum Group {
    /// Make a group of addresses, patterns and other groups
    Create {
        /// Its name
        name: String,
        /// Who is in it: web/crew/ann, */witness, @crew/web, group:others
        members: Vec<String>,
        /// The same, as an option
        #[arg(long = "member", value_name = "ADDRESS")]
        more: Vec<String>,
    },
    /// Put somebody into a group
    Add {
        /// The group
        name: String,
        /// Who
        member: String,
    },
    /// Take somebody out of a group
    Remove {
        /// The group
        name: String,
        /// Who
        member: String,
    },
    /// List the groups
    #[command(visible_alias = "ls")]
    List,
    /// Show a group, and whom it stands for now
    Show {
        /// The group
        name: String,
    },
    /// Drop a group
    Delete {
        /// The group
        name: String,
    },
}

/// `gt mail queue <what>`.
#[derive(Debug, Subcommand)]
pub enum QueueCommand {
    /// Make a queue: one copy of each message, for whoever claims it
    Create {
        /// Its name
        name: String,
        /// Who may claim: addresses, patterns such as web/crew/*, groups
        #[arg(long, required = true, value_delimiter = ',')]
        claimers: Vec<String>,
    },
    /// List the queues, and how much waits in each
    #[command(visible_alias = "ls")]
    List,
    /// Show a queue and what waits in it
    Show {
        /// The queue
        name: String,
    },
    /// Drop a queue in which nothing waits
    Delete {
        /// The queue
        name: String,
    },
}

/// `gt mail channel <what>`.
#[derive(Debug, Subcommand)]
pub enum ChannelCommand {
    /// Make a channel: a board that keeps what was said, and a copy for each subscriber
    Create {
        /// Its name
        name: String,
        /// How many messages the board keeps; 0 for all
        #[arg(long, default_value_t = 0)]
        retain_count: usize,
        /// How many hours the board keeps a message; 0 for ever
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=876_000))]
        retain_hours: i64,
    },
    /// List the channels
    #[command(visible_alias = "ls")]
    List,
    /// Show what stands on a channel's board
    Show {
        /// The channel
        name: String,
    },
    /// Get a copy of all that is said
    Subscribe {
        /// The channel
        name: String,
    },
    /// Get no more copies
    Unsubscribe {
        /// The channel
        name: String,
    },
    /// Show who gets copies
    Subscribers {
        /// The channel
        name: String,
    },
    /// Drop a channel; what was said stays in the mailboxes
    Delete {
        /// The channel
        name: String,
    },
}

/// One entry of the book, or all of a kind.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown {
    One(Entry),
    All(Vec<Entry>),
}

#[derive(Serialize)]
struct Entry {
    name: String,
    kind: &'static str,
    /// Members, claimers or subscribers.
    who: Vec<String>,
    /// Whom that stands for now.
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved: Option<Vec<String>>,
    /// How many messages wait, or stand on the board.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<usize>,
}

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        match self {
            Shown::All(entries) if entries.is_empty() => writeln!(out, "None yet."),
            Shown::All(entries) => entries.iter().try_for_each(|entry| entry.human(out, paint)),
            Shown::One(entry) => entry.human(out, paint),
        }
    }
}

impl Entry {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let waiting = self.waiting.map(|count| format!("  {}", counted(count, "message"))).unwrap_or_default();
        writeln!(out, "{}:{}  {}{waiting}", self.kind, paint.bold(&self.name), self.who.join(" "))?;
        match &self.resolved {
            Some(all) => all.iter().try_for_each(|one| writeln!(out, "  {one}")),
            None => Ok(()),
        }
    }
}

fn entry(desk: &Desk, book: &Book, kind: Kind, name: &str) -> Result<Entry> {
    let (who, waiting) = match kind {
        Kind::Group => (book.group(name)?.clone(), None),
        Kind::Queue => (book.queue(name)?.claimers.clone(), Some(mailqueue::count(desk, &format!("{QUEUE}{name}"))?)),
        Kind::Channel => {
            let who = book.channel(name)?.subscribers.iter().cloned().collect();
            (who, Some(mailqueue::count(desk, &format!("{CHANNEL}{name}"))?))
        }
    };
    Ok(Entry { name: name.to_owned(), kind: kind.word(), who, resolved: None, waiting })
}

fn all(desk: &Desk, kind: Kind, out: Output) -> Result<()> {
    let book = mailbook::read(&desk.town)?;
    let entries = book.names(kind).into_iter().map(|name| entry(desk, &book, kind, name)).collect::<Result<_>>()?;
    report::print(out, &Shown::All(entries))
}

fn one(desk: &Desk, kind: Kind, name: &str, out: Output) -> Result<()> {
    let shown = entry(desk, &mailbook::read(&desk.town)?, kind, name)?;
    report::print(out, &Shown::One(shown))
}

impl Group {
    /// Runs the command.
    pub fn run(self, desk: &Desk, out: Output) -> Result<()> {
        let name = match self {
            Group::List => return all(desk, Kind::Group, out),
            Group::Show { name } => {
                let mut shown = entry(desk, &mailbook::read(&desk.town)?, Kind::Group, &name)?;
                let mut who = post::members_of(desk, &format!("group:{name}"))?;
                who.sort();
                who.dedup();
                shown.resolved = Some(who);
                return report::print(out, &Shown::One(shown));
            }
            Group::Delete { name } => {
                let gone = entry(desk, &mailbook::read(&desk.town)?, Kind::Group, &name)?;
                mailbook::change(&desk.town, |book| Ok(book.groups.remove(&name)))?;
                return report::print(out, &Shown::One(gone));
            }
            Group::Create { name, mut members, more } => {
                members.extend(more);
                for member in &members {
                    post::members_of(desk, member)?;
                }
                mailbook::change(&desk.town, |book| {
                    book.check_new(Kind::Group, &name)?;
                    book.groups.insert(name.clone(), members.clone());
                    Ok(())
                })?;
                name
            }
            Group::Add { name, member } => {
                post::members_of(desk, &member)?;
                mailbook::change(&desk.town, |book| {
                    let unknown = book.unknown(Kind::Group, &name);
                    let members = book.groups.get_mut(&name).ok_or(unknown)?;
                    if !members.contains(&member) {
                        members.push(member.clone());
                    }
                    Ok(())
                })?;
                name
            }
            Group::Remove { name, member } => {
                mailbook::change(&desk.town, |book| {
                    let unknown = book.unknown(Kind::Group, &name);
                    let members = book.groups.get_mut(&name).ok_or(unknown)?;
                    let before = members.len();
                    members.retain(|one| *one != member);
                    if members.len() == before {
                        return Err(Error::not_found(format!("{member} is not in {name}"))
                            .hint(format!("gt mail group show {name}")));
                    }
                    Ok(())
                })?;
                name
            }
        };
        one(desk, Kind::Group, &name, out)
    }
}

impl QueueCommand {
    /// Runs the command.
    pub fn run(self, desk: &Desk, out: Output) -> Result<()> {
        match self {
            QueueCommand::List => all(desk, Kind::Queue, out),
            QueueCommand::Show { name } => {
                mailbook::read(&desk.town)?.queue(&name)?;
                report::print(out, &mailqueue::waiting(desk, &format!("{QUEUE}{name}"))?)
            }
            QueueCommand::Create { name, claimers } => {
                for claimer in claimers.iter().filter(|claimer| !claimer.contains('*')) {
                    post::members_of(desk, claimer)?;
                }
                mailbook::change(&desk.town, |book| {
                    book.check_new(Kind::Queue, &name)?;
                    book.queues.insert(name.clone(), Queue { claimers });
                    Ok(())
                })?;
                one(desk, Kind::Queue, &name, out)
            }
            QueueCommand::Delete { name } => {
                let gone = entry(desk, &mailbook::read(&desk.town)?, Kind::Queue, &name)?;
                if let Some(waiting) = gone.waiting.filter(|count| *count > 0) {
                    return Err(Error::refused(format!(
                        "not empty: the queue {name} holds {}",
                        counted(waiting, "message")
                    ))
                    .hint(format!("gt mail claim {name}, or gt mail archive them")));
                }
                mailbook::change(&desk.town, |book| Ok(book.queues.remove(&name)))?;
                report::print(out, &Shown::One(gone))
            }
        }
    }
}

impl ChannelCommand {
    /// Runs the command for `me`.
    pub fn run(self, desk: &Desk, me: &str, out: Output) -> Result<()> {
        let subscription = |name: &str, wanted: bool| {
            mailbook::change(&desk.town, |book| {
                let unknown = book.unknown(Kind::Channel, name);
                let channel = book.channels.get_mut(name).ok_or(unknown)?;
                if wanted {
                    channel.subscribers.insert(me.to_owned());
                } else {
                    channel.subscribers.remove(me);
                }
                Ok(())
            })
        };
        match self {
            ChannelCommand::List => all(desk, Kind::Channel, out),
            ChannelCommand::Show { name } => {
                mailbook::read(&desk.town)?.channel(&name)?;
                report::print(out, &mailqueue::waiting(desk, &format!("{CHANNEL}{name}"))?)
            }
            ChannelCommand::Subscribers { name } => one(desk, Kind::Channel, &name, out),
            ChannelCommand::Subscribe { name } => {
                subscription(&name, true)?;
                one(desk, Kind::Channel, &name, out)
            }
            ChannelCommand::Unsubscribe { name } => {
                subscription(&name, false)?;
                one(desk, Kind::Channel, &name, out)
            }
            ChannelCommand::Create { name, retain_count, retain_hours } => {
                mailbook::change(&desk.town, |book| {
                    book.check_new(Kind::Channel, &name)?;
                    book.channels.insert(name.clone(), Channel { retain_count, retain_hours, ..Channel::default() });
                    Ok(())
                })?;
                one(desk, Kind::Channel, &name, out)
            }
            ChannelCommand::Delete { name } => {
                let gone = entry(desk, &mailbook::read(&desk.town)?, Kind::Channel, &name)?;
                mailbook::change(&desk.town, |book| Ok(book.channels.remove(&name)))?;
                report::print(out, &Shown::One(gone))
            }
        }
    }
}
