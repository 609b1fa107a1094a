//! Beads as the faces show them: in lists, and one in full.

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::feed;
use super::model::FeedLine;
use crate::base::{Result, Timestamp};
use crate::ledger::{Bead, Filter, Sort, dep_type};
use crate::work::Desk;

/// At most so many beads are listed.
pub const LISTED: usize = 1000;
/// Kinds of beads that are machinery, not work.
pub const MACHINERY: [&str; 7] = ["convoy", "merge-request", "message", "molecule", "agent", "event", "gate"];

/// A bead in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeadLine {
    /// The bead.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its status, as the ledger writes it.
    pub status: String,
    /// 0 is the most urgent.
    pub priority: u8,
    /// bug, task, feature ...
    pub issue_type: String,
    /// Who has it; empty when nobody.
    pub assignee: String,
    /// The rig whose ledger it is in; `hq` for the town's own.
    pub rig: String,
    /// Whether something open stands before it.
    pub blocked: bool,
    /// The bead it is a part of.
    pub parent: Option<String>,
    /// The beads it waits for.
    pub waits_for: Vec<String>,
}

/// A bead in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeadDetail {
    /// What the list says.
    pub line: BeadLine,
    /// What is to be done and why.
    pub description: String,
    /// How.
    pub design: String,
    /// How to see that it is done.
    pub acceptance: String,
    /// What was noted on the way.
    pub notes: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// What it depends on: kind, bead, title, status.
    pub depends_on: Vec<(String, String, String, String)>,
    /// What depends on it, likewise.
    pub needed_by: Vec<(String, String, String, String)>,
    /// Remarks, oldest first: who, when, what.
    pub comments: Vec<(String, Timestamp, String)>,
    /// What happened to it, newest first.
    pub history: Vec<FeedLine>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// Why it was closed.
    pub close_reason: String,
}

fn line(bead: &Bead) -> BeadLine {
    let waits = |dep: &&crate::ledger::Dependency| {
        matches!(dep.dep_type.as_str(), dep_type::BLOCKS | dep_type::CONDITIONAL_BLOCKS | dep_type::WAITS_FOR)
    };
    BeadLine {
        id: bead.id.clone(),
        title: bead.title.clone(),
        status: bead.status.as_str().to_owned(),
        priority: bead.priority,
        issue_type: bead.issue_type.clone(),
        assignee: bead.assignee.clone(),
        rig: bead.store.clone(),
        blocked: bead.blocked,
        parent: bead.parent().map(str::to_owned),
        waits_for: bead.dependencies.iter().filter(waits).map(|dep| dep.depends_on_id.clone()).collect(),
    }
}

/// The beads that are work and contain `text`, the most urgent first; closed ones too when `closed`.
///
/// # Errors
/// When the ledger can't be read.
pub fn beads(desk: &Desk, text: &str, closed: bool) -> Result<Vec<BeadLine>> {
    let text = text.trim();
    let filter = Filter {
        text: (!text.is_empty()).then(|| text.to_owned()),
        closed,
        not_types: MACHINERY.iter().map(|kind| (*kind).to_owned()).collect(),
        ephemeral: Some(false),
        sort: Sort::Priority,
        limit: Some(LISTED),
        ..Filter::default()
    };
    Ok(desk.ledger.list_whole(&filter)?.iter().map(line).collect())
}

/// One bead in full.
///
/// # Errors
/// When there is no such bead, or the ledger can't be read.
pub fn bead(desk: &Desk, id: &str) -> Result<BeadDetail> {
    let bead = desk.ledger.get(id)?;
    let conn = desk.ledger.conn();
    let mut history = desk.ledger.events_of(id)?;
    history.sort_by_key(|event| std::cmp::Reverse(event.seq));
    history.truncate(100);
    Ok(BeadDetail {
        line: line(&bead),
        depends_on: edges(conn, id, "d.depends_on", "d.issue")?,
        needed_by: edges(conn, id, "d.issue", "d.depends_on")?,
        comments: bead
            .comments
            .iter()
            .map(|comment| (comment.author.clone(), comment.created_at, comment.text.clone()))
            .collect(),
        history: feed::all(desk, &history)?,
        description: bead.description,
        design: bead.design,
        acceptance: bead.acceptance_criteria,
        notes: bead.notes,
        labels: bead.labels,
        created_by: bead.created_by,
        created_at: bead.created_at,
        updated_at: bead.updated_at,
        close_reason: bead.close_reason,
    })
}

/// The edges of a bead with the other end's title and status.
fn edges(conn: &Connection, id: &str, other: &str, own: &str) -> Result<Vec<(String, String, String, String)>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT d.type, {other}, coalesce(b.title, ''), coalesce(b.status, 'unknown')
         FROM deps d LEFT JOIN beads b ON b.id = {other} WHERE {own} = ?1 ORDER BY d.type, {other}"
    ))?;
    let rows = statement.query_map(params![id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}
