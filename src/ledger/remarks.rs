//! Remarks on beads: adding them, taking them off, and how other clones learn that one was taken off.
//!
//! That a line lacks a remark says nothing, since other programs are known to drop them. A remark that was taken off leaves its mark
//! in the bead's `removed_comments`, which travels with the line, and a remark whose mark is there does not come back.

use std::collections::BTreeSet;

use rusqlite::params;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::model::{Bead, Comment};
use super::tx::Tx;
use super::{codec, merge};
use crate::base::{Error, Result};

/// The key of the marks.
pub(super) const REMOVED: &str = "removed_comments";

/// What stands for a remark that was taken off: when it was made, by whom, and the beginning of its text's SHA-256.
pub(super) fn mark(comment: &Comment) -> String {
    let (seconds, author, text) = merge::comment_key(comment);
    let digest: String = Sha256::digest(text.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{seconds} {digest} {author}")
}

/// The marks of a bead.
pub(super) fn marks(bead: &Bead) -> Vec<String> {
    let list = bead.extra.get(REMOVED).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|mark| mark.as_str().map(str::to_owned)).collect()
}

/// Gives a bead these marks.
pub(super) fn set_marks(bead: &mut Bead, marks: BTreeSet<String>) {
    if marks.is_empty() {
        bead.extra.shift_remove(REMOVED);
    } else {
        bead.extra.insert(REMOVED.into(), marks.into_iter().collect());
    }
}

/// Drops the remarks whose marks the bead has.
pub(super) fn drop_removed(bead: &mut Bead) {
    let marks = marks(bead);
    if !marks.is_empty() {
        bead.comments.retain(|comment| !marks.contains(&mark(comment)));
    }
}

/// Writes a comment under a number of this ledger; its own when that is free.
pub(super) fn put(conn: &rusqlite::Connection, comment: &Comment) -> Result<i64> {
    let extra = if comment.extra.is_empty() { String::new() } else { serde_json::to_string(&comment.extra)? };
    let free = comment.id > 0 && !conn.prepare_cached("SELECT 1 FROM comments WHERE id = ?1")?.exists([comment.id])?;
    conn.prepare_cached(
        "INSERT INTO comments(id, bead, author, text, created_at, extra) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        free.then_some(comment.id),
        comment.issue_id,
        comment.author,
        comment.text,
        comment.created_at.to_string(),
        extra
    ])?;
    Ok(conn.last_insert_rowid())
}

impl Tx<'_> {
    /// Adds a remark in the actor's name.
    ///
    /// # Errors
    /// Not found; wrong usage for an empty text.
    pub fn add_comment(&mut self, id: &str, text: &str) -> Result<Comment> {
        let author = self.actor().to_owned();
        self.add_comment_by(id, &author, text)
    }

    /// Adds a remark in somebody's name.
    ///
    /// # Errors
    /// As [`Tx::add_comment`].
    pub fn add_comment_by(&mut self, id: &str, author: &str, text: &str) -> Result<Comment> {
        if text.trim().is_empty() {
            return Err(Error::usage("a comment needs a text"));
        }
        let before = self.living(id)?;
        let mut comment = Comment {
            id: 0,
            issue_id: before.id.clone(),
            author: author.to_owned(),
            text: text.to_owned(),
            created_at: self.now(),
            extra: serde_json::Map::new(),
        };
        comment.id = put(self.conn, &comment)?;
        let mut after = before.clone();
        after.comments.push(comment.clone());
        self.relinked(&before, &mut after, "commented", json!({"author": author, "text": text}))?;
        Ok(comment)
    }

    /// Takes a remark off; what it was stays in the history.
    ///
    /// # Errors
    /// Not found when the bead has no remark of this number.
    pub fn remove_comment(&mut self, id: &str, number: i64) -> Result<Comment> {
        let before = self.living(id)?;
        let Some(comment) = before.comments.iter().find(|comment| comment.id == number).cloned() else {
            return Err(Error::not_found(format!("{} has no remark {number}", before.id))
                .hint(format!("bd comments {} shows their numbers", before.id)));
        };
        self.conn
            .prepare_cached("DELETE FROM comments WHERE id = ?1 AND bead = ?2")?
            .execute(params![number, before.id])?;
        let mut after = before.clone();
        after.comments.retain(|other| other.id != number);
        let mut marks: BTreeSet<String> = marks(&before).into_iter().collect();
        marks.insert(mark(&comment));
        set_marks(&mut after, marks);
        super::tx::write(self.conn, &after)?;
        self.relinked(&before, &mut after, "comment_removed", json!({"comment": codec::comment_value(&comment)}))?;
        Ok(comment)
    }

    /// Puts a remark back that was taken off, as it was.
    ///
    /// # Errors
    /// Not found for a bead that does not exist, refused for one that was deleted.
    pub fn restore_comment(&mut self, id: &str, comment: &Comment) -> Result<()> {
        let before = self.living(id)?;
        let mut after = before.clone();
        let own = mark(comment);
        set_marks(&mut after, marks(&before).into_iter().filter(|mark| *mark != own).collect());
        super::tx::write(self.conn, &after)?;
        let mut comment = Comment { issue_id: before.id.clone(), ..comment.clone() };
        comment.id = put(self.conn, &comment)?;
        after.comments.push(comment.clone());
        let payload = json!({"author": comment.author, "text": comment.text});
        self.relinked(&before, &mut after, "commented", payload)
    }
}
