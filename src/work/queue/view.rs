//! What is in the merge queue and in which order.

use std::cmp::Ordering;
use std::io::{self, Write};

use serde::Serialize;

use super::change::resolve;
use super::{MergeRequest, find, hours, open, score};
use crate::base::report::{Paint, Report};
use crate::base::text::neutralise;
use crate::base::{Error, Result, Timestamp};
use crate::work::{Desk, assignment, convoy};

/// One request in the list.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct QueueRow {
    /// The request.
    pub id: String,
    /// Its place in the order; higher is sooner.
    pub score: f64,
    /// The priority of its bead.
    pub priority: u8,
    /// The convoy of its bead; empty for none.
    pub convoy: String,
    /// The rig.
    pub rig: String,
    /// The branch.
    pub branch: String,
    /// The branch it goes to.
    pub target: String,
    /// How far it is.
    pub status: &'static str,
    /// The bead it is for.
    pub source_issue: String,
    /// The agent.
    pub worker: String,
    /// When it was handed in.
    pub created_at: Timestamp,
    /// Why it is in this state.
    pub reason: String,
    /// The commit on the target, once merged.
    pub merge_commit: String,
}

/// The merge queue.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct QueueList {
    /// The requests, the next one first.
    pub rows: Vec<QueueRow>,
}

fn row(desk: &Desk, request: &MergeRequest, now: Timestamp) -> Result<QueueRow> {
    let conn = desk.ledger.conn();
    let bead = desk.ledger.find(&request.source)?;
    let priority = bead.map_or(2, |bead| bead.priority);
    let convoy = match assignment::find(conn, &request.source)? {
        Some(row) if !row.convoy.is_empty() => row.convoy,
        _ => convoy::tracking(conn, &request.source)?.unwrap_or_default(),
    };
    let convoy_age = convoy::age_hours(conn, &convoy, now)?;
    Ok(QueueRow {
        id: request.id.clone(),
        score: score(priority, request.retries, convoy_age, hours(request.created_at, now)) + request.step.boost,
        priority,
        convoy,
        rig: request.rig.clone(),
        branch: request.branch.clone(),
        target: request.target.clone(),
        status: request.state.as_str(),
        source_issue: request.source.clone(),
        worker: request.worker.clone(),
        created_at: request.created_at,
        reason: request.reason.clone(),
        merge_commit: request.merge_commit.clone(),
    })
}

/// The queue of `rig`, or of every rig: what is to be done in its order, then, with `all`, what is over.
///
/// # Errors
/// When there is no such rig, or the ledger can't be read.
pub fn list(desk: &Desk, rig: Option<&str>, all: bool) -> Result<QueueList> {
    if let Some(rig) = rig {
        desk.town.rig(rig)?;
    }
    let now = Timestamp::now();
    let mut keyed = Vec::new();
    for request in super::all(desk.ledger.conn(), rig)? {
        let group = if request.state.is_open() {
            0
        } else if request.state.is_given_back() {
            1
        } else {
            2
        };
        if group < 2 || all {
            keyed.push((group, row(desk, &request, now)?));
        }
    }
    keyed.sort_by(|(group_a, a), (group_b, b)| {
        group_a.cmp(group_b).then(b.score.total_cmp(&a.score)).then_with(|| a.created_at.cmp(&b.created_at))
    });
    Ok(QueueList { rows: keyed.into_iter().map(|(_, row)| row).collect() })
}

/// The requests of `rig` the refinery has something to do for: those it was in the middle of first, then by score.
///
/// # Errors
/// When the ledger can't be read.
pub fn ranked(desk: &Desk, rig: &str, now: Timestamp) -> Result<Vec<MergeRequest>> {
    let mut keyed = Vec::new();
    for request in open(desk.ledger.conn(), rig)? {
        let score = row(desk, &request, now)?.score;
        keyed.push((request.state.is_in_flight(), score, request));
    }
    keyed.sort_by(|a, b| {
        // A stack that was begun is gone on with in its own order.
        let place = || if a.0 && b.0 { a.2.step.place.cmp(&b.2.step.place) } else { Ordering::Equal };
        let age = || a.2.created_at.cmp(&b.2.created_at);
        b.0.cmp(&a.0).then_with(place).then(b.1.total_cmp(&a.1)).then_with(age)
    });
    Ok(keyed.into_iter().map(|(_, _, request)| request).collect())
}

impl Report for QueueList {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.rows.is_empty() {
            return writeln!(out, "The merge queue is empty.");
        }
        let now = Timestamp::now();
        for row in &self.rows {
            let status = match row.status {
                "merged" => paint.green(row.status),
                "conflict" | "failed" | "rejected" => paint.red(row.status),
                "waiting" | "held" | "review" => paint.yellow(row.status),
                other => other.to_owned(),
            };
            let age = row.created_at.age(now);
            writeln!(
                out,
                "{} {:>6.0} P{} {status:<9} {} → {}:{} {}",
                row.id,
                row.score,
                row.priority,
                row.branch,
                row.rig,
                row.target,
                paint.dim(&age)
            )?;
            if !row.reason.is_empty() {
                writeln!(out, "    {}", neutralise(&row.reason, true))?;
            }
        }
        Ok(())
    }
}

/// One request in full.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct QueueStatus {
    /// The request.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How far it is.
    pub status: &'static str,
    /// The branch.
    pub branch: String,
    /// The branch it goes to.
    pub target: String,
    /// The bead it is for.
    pub source_issue: String,
    /// The agent.
    pub worker: String,
    /// The rig.
    pub rig: String,
    /// The commit that is merged.
    pub head: String,
    /// The commit on the target, once merged.
    pub merge_commit: String,
    /// How many times it was tried again.
    pub retry_count: i64,
    /// Why it is in this state.
    pub reason: String,
    /// The log of gate or rebase.
    pub log: String,
    /// When it was handed in.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
}

/// One request, by its id, its branch, or the bead it is for.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] when there is none.
pub fn status(desk: &Desk, which: &str) -> Result<QueueStatus> {
    let id = resolve(desk, which)?;
    let request = find(desk.ledger.conn(), &id)?.ok_or_else(|| Error::not_found(format!("no merge request {id}")))?;
    let title = desk.ledger.find(&id)?.map(|bead| bead.title).unwrap_or_default();
    Ok(QueueStatus {
        id,
        title,
        status: request.state.as_str(),
        branch: request.branch,
        target: request.target,
        source_issue: request.source,
        worker: request.worker,
        rig: request.rig,
        head: request.head,
        merge_commit: request.merge_commit,
        retry_count: request.retries,
        reason: request.reason,
        log: request.log,
        created_at: request.created_at,
        updated_at: request.updated_at,
    })
}

impl Report for QueueStatus {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} {}", paint.dim(&self.id), paint.bold(&neutralise(&self.title, true)))?;
        writeln!(out, "  status  {}", self.status)?;
        writeln!(out, "  branch  {} → {}:{}", self.branch, self.rig, self.target)?;
        writeln!(out, "  bead    {}", self.source_issue)?;
        writeln!(out, "  worker  {}", self.worker)?;
        writeln!(out, "  head    {}", self.head)?;
        for (name, value) in [("merged", &self.merge_commit), ("reason", &self.reason), ("log", &self.log)] {
            if !value.is_empty() {
                writeln!(out, "  {name:<7} {}", neutralise(value, true))?;
            }
        }
        Ok(())
    }
}
