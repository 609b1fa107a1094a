//! Which messages an agent was told of: each once, whoever tells it (the hook of its prompt, the postman, `gt mail check --inject`), since
//! words told again and again fill its context, and words told by nobody are lost.

use std::collections::BTreeSet;

use super::Desk;
use super::mail::{Message, unread_of};
use crate::base::Result;
use crate::ledger::Tx;

/// Where the ids of an agent's unread messages it was told of are kept, as a JSON array.
fn key(owner: &str) -> String {
    format!("mail.told.{}", owner.trim_end_matches('/'))
}

/// The ids that `value` of [`key`] holds; none when it can't be read: told twice is better than never.
fn ids(value: Option<String>) -> BTreeSet<String> {
    value.and_then(|value| serde_json::from_str(&value).ok()).unwrap_or_default()
}

fn keep(tx: &mut Tx<'_>, owner: &str, told: &BTreeSet<String>) -> Result<()> {
    let value = if told.is_empty() { None } else { Some(serde_json::to_string(told)?) };
    tx.set_kv(&key(owner), value.as_deref())
}

/// The unread messages of `owner` it was not told of yet, newest first.
///
/// # Errors
/// When the ledger can't be read.
pub fn untold(desk: &Desk, owner: &str) -> Result<Vec<Message>> {
    let told = ids(desk.ledger.kv(&key(owner))?);
    let mut unread = unread_of(owner, |filter| desk.ledger.list(filter))?;
    unread.retain(|message| !told.contains(&message.id));
    Ok(unread)
}

/// [`untold`], and from now on `owner` counts as told of just these: what comes meanwhile is not among them, and of several that ask at
/// once only one gets each message.
///
/// # Errors
/// When the ledger can't be read or written.
pub fn take(desk: &mut Desk, owner: &str) -> Result<Vec<Message>> {
    if untold(desk, owner)?.is_empty() {
        return Ok(Vec::new());
    }
    desk.ledger.write(owner, |tx| {
        let told = ids(tx.kv(&key(owner))?);
        let unread = unread_of(owner, |filter| tx.list(filter))?;
        // What was read needs no note any more.
        keep(tx, owner, &unread.iter().map(|message| message.id.clone()).collect())?;
        Ok(unread.into_iter().filter(|message| !told.contains(&message.id)).collect())
    })
}

/// Notes that `owner` was told of these messages.
///
/// # Errors
/// When the ledger can't be written.
pub fn note(desk: &mut Desk, owner: &str, messages: &[String]) -> Result<()> {
    let told = ids(desk.ledger.kv(&key(owner))?);
    if messages.iter().all(|id| told.contains(id)) {
        return Ok(());
    }
    desk.ledger.write(owner, |tx| {
        let mut told = ids(tx.kv(&key(owner))?);
        told.extend(messages.iter().cloned());
        keep(tx, owner, &told)
    })
}

/// Takes back that `owner` was told of these messages.
///
/// # Errors
/// When the ledger can't be written.
pub fn untell(desk: &mut Desk, owner: &str, messages: &[Message]) -> Result<()> {
    desk.ledger.write(owner, |tx| {
        let mut told = ids(tx.kv(&key(owner))?);
        told.retain(|id| !messages.iter().any(|message| message.id == *id));
        keep(tx, owner, &told)
    })
}
