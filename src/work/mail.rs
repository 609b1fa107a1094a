//! Mail: messages are beads of type `message`, assigned to whom they are for.

use std::io::{self, Write};

use serde::Serialize;

use crate::base::report::{Paint, Report};
use crate::base::text::neutralise;
use crate::base::{Error, Result, Timestamp};
use crate::ledger::{Bead, Filter, NewBead, Tx};
use crate::town::TOWN_PREFIX;

use super::Desk;

/// A message as its reader sees it.
#[derive(Debug, Clone, Serialize)]
pub struct Message {
    /// Its bead.
    pub id: String,
    /// Who sent it.
    pub from: String,
    /// Whom it is for.
    pub to: String,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// When it was sent.
    pub timestamp: Timestamp,
    /// Whether it was read.
    pub read: bool,
    /// `urgent`, `high`, `normal` or `low`.
    pub priority: &'static str,
}

/// The label of a message that was read.
const READ: &str = "read";

impl Message {
    fn of(bead: &Bead) -> Self {
        let label = |prefix: &str| bead.labels.iter().find_map(|label| label.strip_prefix(prefix)).map(str::to_owned);
        Self {
            id: bead.id.clone(),
            from: label("from:").unwrap_or_else(|| bead.created_by.clone()),
            to: bead.assignee.clone(),
            subject: bead.title.clone(),
            body: bead.description.clone(),
            timestamp: bead.created_at,
            read: bead.labels.iter().any(|label| label == READ),
            priority: match bead.priority {
                0 => "urgent",
                1 => "high",
                2 => "normal",
                _ => "low",
            },
        }
    }
}

/// Puts a message into the mailbox of `to`, inside a transaction; returns its id.
///
/// # Errors
/// When the subject is empty or the ledger can't be written.
pub fn post(tx: &mut Tx<'_>, from: &str, to: &str, subject: &str, body: &str, priority: u8) -> Result<String> {
    if subject.trim().is_empty() {
        return Err(Error::usage("a message needs a subject").hint("gt mail send <address> -s <subject> -m <message>"));
    }
    let bead = tx.create(
        TOWN_PREFIX,
        NewBead {
            title: subject.to_owned(),
            description: body.to_owned(),
            issue_type: "message".into(),
            priority: Some(priority),
            assignee: to.to_owned(),
            sender: from.to_owned(),
            labels: vec![format!("from:{from}")],
            ephemeral: true,
            ..NewBead::default()
        },
    )?;
    tx.event("mail", Some(&bead.id), serde_json::json!({"to": to, "subject": subject}))?;
    Ok(bead.id)
}

/// What was sent.
#[derive(Debug, Serialize)]
pub struct Sent {
    /// The message's bead.
    pub id: String,
    /// Whom it is for.
    pub to: String,
    /// What it is about.
    pub subject: String,
}

impl Report for Sent {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} → {}: {}", paint.dim(&self.id), self.to, neutralise(&self.subject, true))
    }
}

/// Sends a message from `from` to `to`.
///
/// # Errors
/// When the subject is empty or the ledger can't be written.
pub fn send(desk: &mut Desk, from: &str, to: &str, subject: &str, body: &str, priority: u8) -> Result<Sent> {
    let id = desk.ledger.write(from, |tx| post(tx, from, to, subject, body, priority))?;
    Ok(Sent { id, to: to.to_owned(), subject: subject.to_owned() })
}

/// An agent's open messages, newest first.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Inbox {
    /// The messages.
    pub messages: Vec<Message>,
    /// Whose they are.
    #[serde(skip)]
    pub owner: String,
}

impl Report for Inbox {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let unread = self.messages.iter().filter(|message| !message.read).count();
        writeln!(out, "{}: {} messages, {unread} unread", self.owner, self.messages.len())?;
        let now = Timestamp::now();
        for (index, message) in self.messages.iter().enumerate() {
            let subject = neutralise(&message.subject, true);
            let subject = if message.read { subject.into_owned() } else { paint.bold(&subject) };
            let origin = paint.dim(&format!("{} from {} {}", message.id, message.from, message.timestamp.age(now)));
            writeln!(out, "{:>3} {} {subject}  {origin}", index + 1, if message.read { ' ' } else { '●' })?;
        }
        Ok(())
    }
}

/// The open messages for `owner`, newest first; only the unread ones when `unread`.
///
/// # Errors
/// When the ledger can't be read.
pub fn inbox(desk: &Desk, owner: &str, unread: bool) -> Result<Inbox> {
    let filter = Filter {
        types: vec!["message".into()],
        assignee: Some(owner.to_owned()),
        ephemeral: None,
        ..Filter::default()
    };
    let mut messages: Vec<Message> = desk
        .ledger
        .list(&filter)?
        .iter()
        .filter(|bead| !bead.status.is_done())
        .map(Message::of)
        .filter(|message| !unread || !message.read)
        .collect();
    messages.sort_by(|a, b| b.timestamp.cmp(&a.timestamp).then_with(|| b.id.cmp(&a.id)));
    Ok(Inbox { messages, owner: owner.to_owned() })
}

impl Report for Message {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{}", paint.bold(&neutralise(&self.subject, true)))?;
        writeln!(
            out,
            "{}",
            paint.dim(&format!("{}  from {}  to {}  {}", self.id, self.from, self.to, self.timestamp))
        )?;
        writeln!(out, "\n{}", neutralise(&self.body, false))
    }
}

/// Reads a message by its id or its number in `owner`'s inbox, and marks it read.
///
/// # Errors
/// When there is no such message.
pub fn read(desk: &mut Desk, owner: &str, which: &str) -> Result<Message> {
    let id = match which.parse::<usize>() {
        Ok(number) => {
            let inbox = inbox(desk, owner, false)?;
            let message = number.checked_sub(1).and_then(|index| inbox.messages.get(index));
            message
                .map(|message| message.id.clone())
                .ok_or_else(|| Error::not_found(format!("{owner} has no message {number}")).hint("gt mail inbox"))?
        }
        Err(_) => desk.ledger.resolve(which)?,
    };
    let bead = desk.ledger.get(&id)?;
    if bead.issue_type != "message" {
        return Err(Error::not_found(format!("{id} is no message")).hint(format!("bd show {id}")));
    }
    let message = Message::of(&bead);
    if !message.read && bead.assignee == owner {
        desk.ledger.write(owner, |tx| tx.add_label(&id, READ))?;
    }
    Ok(message)
}

fn told_key(owner: &str) -> String {
    format!("mail.told.{}", owner.trim_end_matches('/'))
}

/// The unread messages of `owner` it was not told of yet, newest first. Each is told of once, as otherwise they fill its context.
///
/// # Errors
/// When the ledger can't be read.
pub fn untold(desk: &Desk, owner: &str) -> Result<Vec<Message>> {
    let mut unread = inbox(desk, owner, true)?.messages;
    if let Some(mark) = desk.ledger.kv(&told_key(owner))? {
        unread.retain(|message| mark_of(message) > mark);
    }
    Ok(unread)
}

fn mark_of(message: &Message) -> String {
    format!("{:020} {}", message.timestamp.unix_nanos(), message.id)
}

/// Notes that `owner` was told of all its messages.
///
/// # Errors
/// When the ledger can't be written.
pub fn told(desk: &mut Desk, owner: &str) -> Result<()> {
    let Some(newest) = untold(desk, owner)?.first().map(mark_of) else { return Ok(()) };
    desk.ledger.write(owner, |tx| tx.set_kv(&told_key(owner), Some(&newest)))
}
