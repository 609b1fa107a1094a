//! Messages that wait for whoever claims them, and boards that keep what was said.

use super::mail::{Inbox, Message};
use super::mailbook::{self, CHANNEL, QUEUE};
use super::{Desk, mail, post};
use crate::base::{Error, Result, Timestamp};
use crate::ledger::{Filter, Patch};

/// The queues that `me` may claim from.
///
/// # Errors
/// When the book is broken.
pub fn mine(desk: &Desk, me: &str) -> Result<Vec<String>> {
    let book = mailbook::read(&desk.town)?;
    let mut found = Vec::new();
    for (name, queue) in &book.queues {
        if may_claim(desk, &queue.claimers, me)? {
            found.push(name.clone());
        }
    }
    Ok(found)
}

fn may_claim(desk: &Desk, claimers: &[String], me: &str) -> Result<bool> {
    for claimer in claimers {
        let is_group = claimer.starts_with('@') || claimer.contains(':');
        let fits = if is_group {
            post::members_of(desk, claimer)?.iter().any(|one| one == me)
        } else {
            mailbook::fits(claimer, me)
        };
        if fits {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The messages that wait in a queue, or stand on a board, oldest first; `place` is `queue:<name>` or `channel:<name>`.
///
/// # Errors
/// When the ledger can't be read.
pub fn waiting(desk: &Desk, place: &str) -> Result<Inbox> {
    let mut inbox = mail::inbox(desk, place, false)?;
    inbox.messages.reverse();
    Ok(inbox)
}

/// Takes the oldest message of the queue, or of all queues `me` may claim from; `None` when nothing waits.
///
/// # Errors
/// [`crate::base::Kind::Refused`] when `me` may not claim from that queue; not found when there is none of that name.
pub fn claim(desk: &mut Desk, me: &str, queue: Option<&str>) -> Result<Option<Message>> {
    let queues = match queue {
        Some(name) => {
            let claimers = mailbook::read(&desk.town)?.queue(name)?.claimers.clone();
            if !may_claim(desk, &claimers, me)? {
                return Err(Error::refused(format!("{me} may not claim from the queue {name}"))
                    .hint(format!("it is for {}", claimers.join(", "))));
            }
            vec![name.to_owned()]
        }
        None => mine(desk, me)?,
    };
    let mut all: Vec<(Message, String)> = Vec::new();
    for queue in queues {
        let place = format!("{QUEUE}{queue}");
        all.extend(waiting(desk, &place)?.messages.into_iter().map(|message| (message, place.clone())));
    }
    all.sort_by(|(a, _), (b, _)| a.timestamp.cmp(&b.timestamp).then_with(|| a.id.cmp(&b.id)));
    for (message, place) in all {
        // Another one may have been faster.
        let taken = desk.ledger.write(me, |tx| {
            if tx.get(&message.id)?.assignee != place {
                return Ok(false);
            }
            tx.update(&message.id, &Patch { assignee: Some(me.to_owned()), ..Patch::default() })?;
            tx.add_label(&message.id, &place)?;
            tx.event("mail_claimed", Some(&message.id), serde_json::json!({"queue": place, "by": me}))?;
            Ok(true)
        })?;
        if taken {
            return Ok(Some(Message::of(&desk.ledger.get(&message.id)?)));
        }
    }
    Ok(None)
}

/// Puts a claimed message back; returns its queue.
///
/// # Errors
/// [`crate::base::Kind::Refused`] unless `me` has claimed it.
pub fn release(desk: &mut Desk, me: &str, which: &str) -> Result<String> {
    let bead = mail::pick(desk, me, which)?;
    let place = bead.labels.iter().find(|label| label.starts_with(QUEUE)).cloned();
    let Some(place) = place.filter(|_| bead.assignee == me && !bead.status.is_done()) else {
        return Err(
            Error::refused(format!("{} was not claimed by {me}", bead.id)).hint("gt mail inbox lists what you have")
        );
    };
    desk.ledger.write(me, |tx| {
        tx.update(&bead.id, &Patch { assignee: Some(place.clone()), ..Patch::default() })?;
        tx.remove_label(&bead.id, &place)?;
        if bead.has_label(mail::READ) {
            tx.remove_label(&bead.id, mail::READ)?;
        }
        Ok(())
    })?;
    Ok(place.trim_start_matches(QUEUE).to_owned())
}

/// Takes messages off a channel's board that it does not keep any longer; returns how many.
///
/// # Errors
/// When the ledger can't be written.
pub fn tidy(desk: &mut Desk, name: &str) -> Result<usize> {
    let channel = mailbook::read(&desk.town)?.channel(name)?.clone();
    let board = waiting(desk, &format!("{CHANNEL}{name}"))?.messages;
    let now = Timestamp::now();
    let surplus = if channel.retain_count == 0 { 0 } else { board.len().saturating_sub(channel.retain_count) };
    let is_old = |message: &Message| {
        channel.retain_hours > 0 && message.timestamp.seconds_until(now) > channel.retain_hours * 3600
    };
    let gone: Vec<&Message> = board
        .iter()
        .enumerate()
        .filter(|(at, message)| *at < surplus || is_old(message))
        .map(|(_, message)| message)
        .collect();
    desk.ledger.write("deacon", |tx| {
        gone.iter().try_for_each(|message| tx.close(&message.id, "not kept any longer").map(|_| ()))
    })?;
    Ok(gone.len())
}

/// How many messages wait in a place.
///
/// # Errors
/// When the ledger can't be read.
pub fn count(desk: &Desk, place: &str) -> Result<usize> {
    let filter = Filter {
        types: vec!["message".into()],
        assignee: Some(place.to_owned()),
        ephemeral: None,
        ..Filter::default()
    };
    desk.ledger.count(&filter)
}
