//! Mail: messages are beads of type `message`, assigned to whom they are for.

use std::io::{self, Write};

use regex::RegexBuilder;
use serde::Serialize;

use crate::base::report::{Paint, Report};
use crate::base::text::{counted, neutralise};
use crate::base::{Error, Result, Timestamp};
use crate::ledger::{Bead, Filter, NewBead, Tx};
use crate::town::TOWN_PREFIX;

use super::Desk;
use super::mailbook::{CHANNEL, QUEUE};

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
    /// The first message of its thread.
    pub thread_id: String,
    /// The message it answers.
    pub reply_to: Option<String>,
    /// The queue it waits in, or was claimed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The channel it was said in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// What kind of message it is, where its sender said so: `task`, `scavenge`, ...
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Whether it stays on top of the inbox.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// Whether it is kept out of the files that git tracks.
    pub wisp: bool,
    /// Who else got it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<String>,
    /// Who took it from its queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<String>,
    /// The agent hands over to its own next session with it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub handoff: bool,
}

/// The label of a message that was read.
pub(super) const READ: &str = "read";
/// What stands before the first message's id in the label of an answer.
const THREAD: &str = "thread:";
/// What stands before the answered message's id.
const REPLY: &str = "reply-to:";
/// What stands before the kind of message.
const TYPE: &str = "msg-type:";
/// The label of a message that goes into the files that git tracks.
const PERMANENT: &str = "permanent";
/// The label of a message that stays on top.
const PINNED: &str = "pinned";
/// What stands before whoever else got it.
const CC: &str = "cc:";

impl Message {
    pub(super) fn of(bead: &Bead) -> Self {
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
            thread_id: label(THREAD).unwrap_or_else(|| bead.id.clone()),
            reply_to: label(REPLY),
            queue: bead.assignee.strip_prefix(QUEUE).map(str::to_owned).or_else(|| label(QUEUE)),
            channel: bead.assignee.strip_prefix(CHANNEL).map(str::to_owned).or_else(|| label(CHANNEL)),
            kind: label(TYPE),
            pinned: bead.has_label(PINNED),
            wisp: bead.ephemeral,
            cc: bead.labels.iter().filter_map(|label| label.strip_prefix(CC)).map(str::to_owned).collect(),
            claimed_by: label(QUEUE).is_some().then(|| bead.assignee.clone()),
            handoff: bead.labels.iter().any(|label| label == super::handoff::HANDOFF),
        }
    }
}

/// Puts a message into the mailbox of `to`, inside a transaction; returns its id.
///
/// # Errors
/// When the subject is empty or the ledger can't be written.
pub fn post(tx: &mut Tx<'_>, from: &str, to: &str, subject: &str, body: &str, priority: u8) -> Result<String> {
    post_with(tx, from, to, subject, body, priority, Vec::new())
}

/// As [`post`], with more labels.
///
/// # Errors
/// As [`post`].
pub fn post_with(
    tx: &mut Tx<'_>,
    from: &str,
    to: &str,
    subject: &str,
    body: &str,
    priority: u8,
    mut labels: Vec<String>,
) -> Result<String> {
    labels.push(format!("from:{from}"));
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
            ephemeral: !labels.iter().any(|label| label == PERMANENT),
            labels,
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

/// What a message says, and how it is to be taken.
#[derive(Debug, Clone, Default)]
pub struct Letter<'a> {
    /// What it is about.
    pub subject: &'a str,
    /// What it says.
    pub body: &'a str,
    /// 0 (urgent) to 4.
    pub priority: u8,
    /// The message it answers.
    pub reply_to: Option<&'a str>,
    /// What kind of message it is.
    pub kind: Option<&'a str>,
    /// Whether it stays on top of the inbox.
    pub pinned: bool,
    /// Whether it goes into the files that git tracks.
    pub permanent: bool,
    /// Who else gets it, as named by the sender.
    pub cc: &'a [String],
}

/// Sends a letter from `from` to all of `boxes`, in one transaction; as an answer in the thread of what it answers. What is said in a channel
/// says so in every copy.
///
/// # Errors
/// When the subject is empty, or there is no message to answer.
pub fn send_all(desk: &mut Desk, from: &str, boxes: &[String], letter: &Letter<'_>) -> Result<Vec<Sent>> {
    let &Letter { subject, body, priority, .. } = letter;
    let mut labels: Vec<String> = letter.cc.iter().map(|one| format!("{CC}{one}")).collect();
    labels.extend(letter.kind.map(|kind| format!("{TYPE}{kind}")));
    labels.extend(letter.pinned.then(|| PINNED.to_owned()));
    labels.extend(letter.permanent.then(|| PERMANENT.to_owned()));
    if let Some(which) = letter.reply_to {
        let first = Message::of(&pick(desk, from, which)?);
        labels.extend([format!("{THREAD}{}", first.thread_id), format!("{REPLY}{}", first.id)]);
    }
    let channel = boxes.iter().find(|to| to.starts_with(CHANNEL));
    desk.ledger.write(from, |tx| {
        let send = |to: &String| {
            let mut labels = labels.clone();
            labels.extend(channel.filter(|channel| *channel != to).cloned());
            let id = post_with(tx, from, to, subject, body, priority, labels)?;
            Ok(Sent { id, to: to.clone(), subject: subject.to_owned() })
        };
        boxes.iter().map(send).collect()
    })
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
        writeln!(out, "{}: {}, {unread} unread", self.owner, counted(self.messages.len(), "message"))?;
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
    let list = |filter: &Filter| desk.ledger.list(filter);
    let messages = if unread { unread_of(owner, list)? } else { open_of(owner, list)? };
    Ok(Inbox { messages, owner: owner.to_owned() })
}

/// The open messages for `owner` among the beads that `list` finds, newest first.
fn open_of(owner: &str, list: impl FnOnce(&Filter) -> Result<Vec<Bead>>) -> Result<Vec<Message>> {
    let filter = Filter {
        types: vec!["message".into()],
        assignee: Some(owner.to_owned()),
        ephemeral: None,
        ..Filter::default()
    };
    let mut messages: Vec<Message> =
        list(&filter)?.iter().filter(|bead| !bead.status.is_done()).map(Message::of).collect();
    newest_first(&mut messages);
    messages.sort_by_key(|message| !message.pinned);
    Ok(messages)
}

/// As [`open_of`], without what was read.
pub(super) fn unread_of(owner: &str, list: impl FnOnce(&Filter) -> Result<Vec<Bead>>) -> Result<Vec<Message>> {
    let mut messages = open_of(owner, list)?;
    messages.retain(|message| !message.read);
    Ok(messages)
}

fn newest_first(messages: &mut [Message]) {
    messages.sort_by(|a, b| b.timestamp.cmp(&a.timestamp).then_with(|| b.id.cmp(&a.id)));
}

/// Every message that `owner` ever got, archived ones too, newest first.
///
/// # Errors
/// When the ledger can't be read.
pub fn all_of(desk: &Desk, owner: &str) -> Result<Inbox> {
    let mut messages = all(desk)?;
    messages.retain(|message| message.to == owner);
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
    let bead = pick(desk, owner, which)?;
    let id = bead.id.clone();
    let message = Message::of(&bead);
    if !message.read && bead.assignee == owner {
        desk.ledger.write(owner, |tx| tx.add_label(&id, READ))?;
    }
    Ok(message)
}

/// Marks messages as read, or as not read. Returns their ids.
///
/// # Errors
/// [`crate::base::Kind::Refused`] for a message of somebody else; nothing is marked then.
pub fn mark(desk: &mut Desk, owner: &str, which: &[String], read: bool) -> Result<Vec<String>> {
    let beads = own(desk, owner, which)?;
    desk.ledger.write(owner, |tx| {
        for bead in beads.iter().filter(|bead| bead.has_label(READ) != read) {
            if read {
                tx.add_label(&bead.id, READ)?
            } else {
                tx.remove_label(&bead.id, READ)?
            };
        }
        Ok(())
    })?;
    Ok(beads.into_iter().map(|bead| bead.id).collect())
}

fn own(desk: &Desk, owner: &str, which: &[String]) -> Result<Vec<Bead>> {
    let mut beads = Vec::with_capacity(which.len());
    for word in which {
        let bead = pick(desk, owner, word)?;
        if bead.assignee != owner {
            return Err(Error::refused(format!("{} is in the mailbox of {}", bead.id, bead.assignee)));
        }
        beads.push(bead);
    }
    Ok(beads)
}

/// The message `which` means: an id, or a number in the inbox of `owner`.
pub(super) fn pick(desk: &Desk, owner: &str, which: &str) -> Result<Bead> {
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
    Ok(bead)
}

/// Answers a message in its thread; the answer goes to its sender.
///
/// # Errors
/// When there is no such message, or the ledger can't be written.
pub fn reply(desk: &mut Desk, from: &str, which: &str, subject: Option<&str>, body: &str) -> Result<Sent> {
    let message = Message::of(&pick(desk, from, which)?);
    // Who answers a message of their own goes on where they wrote to.
    let to = if message.from == from { &message.to } else { &message.from };
    let to = to.parse::<crate::town::Address>().map_or_else(|_| to.clone(), |address| address.to_string());
    let subject = subject.map_or_else(
        || {
            if message.subject.starts_with("Re: ") {
                message.subject.clone()
            } else {
                format!("Re: {}", message.subject)
            }
        },
        str::to_owned,
    );
    let labels = vec![format!("{THREAD}{}", message.thread_id), format!("{REPLY}{}", message.id)];
    let id = desk.ledger.write(from, |tx| post_with(tx, from, &to, &subject, body, 2, labels))?;
    Ok(Sent { id, to, subject })
}

/// All messages of a thread, oldest first, archived ones too.
///
/// # Errors
/// When there is no such message.
pub fn thread(desk: &Desk, owner: &str, which: &str) -> Result<Inbox> {
    let first = Message::of(&pick(desk, owner, which)?).thread_id;
    let mut messages = all(desk)?;
    messages.retain(|message| message.thread_id == first);
    messages.reverse();
    Ok(Inbox { messages, owner: format!("thread {first}") })
}

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct Search<'a> {
    /// A regular expression, in either case of letters.
    pub word: &'a str,
    /// Only in subjects.
    pub subject: bool,
    /// Only in texts.
    pub body: bool,
    /// Only what this one sent.
    pub from: Option<&'a str>,
}

/// Messages to or from `owner` that fit, newest first; archived ones too.
///
/// # Errors
/// Usage when the expression is none; also when the ledger can't be read.
pub fn search(desk: &Desk, owner: &str, search: &Search<'_>) -> Result<Inbox> {
    let word = RegexBuilder::new(search.word)
        .case_insensitive(true)
        .build()
        .map_err(|error| Error::usage(format!("not an expression: {error}")).hint("write \\. for a dot, and so on"))?;
    let mut messages = all(desk)?;
    messages.retain(|message| {
        let in_subject = !search.body && word.is_match(&message.subject);
        let in_body = !search.subject && word.is_match(&message.body);
        (message.to == owner || message.from == owner)
            && (in_subject || in_body)
            && search.from.is_none_or(|from| message.from.trim_end_matches('/') == from.trim_end_matches('/'))
    });
    Ok(Inbox { messages, owner: owner.to_owned() })
}

fn all(desk: &Desk) -> Result<Vec<Message>> {
    let filter = Filter { types: vec!["message".into()], closed: true, ephemeral: None, ..Filter::default() };
    let mut messages: Vec<Message> = desk.ledger.list(&filter)?.iter().map(Message::of).collect();
    newest_first(&mut messages);
    Ok(messages)
}

/// Archives every message in the inbox of `owner`; returns how many there were.
///
/// # Errors
/// When the ledger can't be written.
pub fn clear(desk: &mut Desk, owner: &str) -> Result<usize> {
    let all = inbox(desk, owner, false)?.messages;
    desk.ledger.write(owner, |tx| all.iter().try_for_each(|message| tx.close(&message.id, "archived").map(|_| ())))?;
    Ok(all.len())
}

/// Puts messages out of the inbox of `owner`; threads and searches still find them. Returns their ids.
///
/// # Errors
/// [`crate::base::Kind::Refused`] for a message of somebody else; nothing is archived then.
pub fn archive(desk: &mut Desk, owner: &str, which: &[String]) -> Result<Vec<String>> {
    let ids: Vec<String> = own(desk, owner, which)?.into_iter().map(|bead| bead.id).collect();
    desk.ledger.write(owner, |tx| ids.iter().try_for_each(|id| tx.close(id, "archived").map(|_| ())))?;
    Ok(ids)
}
