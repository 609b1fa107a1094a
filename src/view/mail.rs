//! The person's mail as the faces show it.

use serde::{Deserialize, Serialize};

use crate::base::{Result, Timestamp};
use crate::work::{Desk, mail};

/// Whose mail the faces show.
pub const PERSON: &str = "overseer";

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Its bead.
    pub id: String,
    /// Who sent it.
    pub from: String,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// When it was sent.
    pub at: Timestamp,
    /// Whether it was read.
    pub read: bool,
    /// `urgent`, `high`, `normal` or `low`.
    pub priority: String,
}

/// The person's open messages, newest first.
///
/// # Errors
/// When the ledger can't be read.
pub fn letters(desk: &Desk) -> Result<Vec<Letter>> {
    let inbox = mail::inbox(desk, PERSON, false)?;
    let letter = |message: mail::Message| Letter {
        id: message.id,
        from: message.from,
        subject: message.subject,
        body: message.body,
        at: message.timestamp,
        read: message.read,
        priority: message.priority.to_owned(),
    };
    Ok(inbox.messages.into_iter().map(letter).collect())
}
