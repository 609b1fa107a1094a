//! What convoys track, how far they are, and who works on what.

use std::io::{self, Write};

use serde::Serialize;

use super::{TYPE, expect_convoy, members};
use crate::base::report::{Paint, Report};
use crate::base::text::{neutralise, truncate};
use crate::base::{Error, Result, Timestamp};
use crate::ledger::{Bead, Filter};
use crate::work::{Desk, assignment};

/// How many of a convoy's beads are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Progress {
    /// Closed beads.
    pub completed: usize,
    /// All beads.
    pub total: usize,
}

impl Progress {
    /// A bar of `width` columns.
    pub fn bar(self, width: usize) -> String {
        let full = (self.completed * width).checked_div(self.total).unwrap_or(0);
        format!("{}{}", "█".repeat(full), "░".repeat(width - full))
    }
}

/// One convoy in a list.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct ConvoyLine {
    /// Its place in the list of open ones, from 1.
    pub number: usize,
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: String,
    /// `open` or `closed`.
    pub status: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// How far it is.
    #[serde(flatten)]
    pub progress: Progress,
    /// What it tracks; only when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracked: Option<Vec<Tracked>>,
}

/// Convoys, the oldest first.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct ConvoyList {
    /// The convoys.
    pub convoys: Vec<ConvoyLine>,
}

/// A bead that a convoy tracks, and who works on it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Tracked {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its status.
    pub status: String,
    /// Always `tracks`.
    pub dependency_type: &'static str,
    /// Its type.
    pub issue_type: String,
    /// Who it is assigned to.
    pub assignee: String,
    /// The agent that works on it now; empty for none.
    pub worker: String,
    /// How long it has worked on it, short.
    pub worker_age: String,
    /// Whether it waits for other beads.
    pub blocked: bool,
}

/// One convoy with all it tracks.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct ConvoyStatus {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: String,
    /// `open` or `closed`.
    pub status: String,
    /// What it tracks.
    pub tracked: Vec<Tracked>,
    /// How far it is.
    #[serde(flatten)]
    pub progress: Progress,
}

/// All open convoys, oldest first; closed ones too when `all`.
///
/// # Errors
/// When the ledger can't be read.
pub fn list(desk: &Desk, all: bool) -> Result<ConvoyList> {
    let filter = Filter { types: vec![TYPE.into()], closed: all, ..Filter::default() };
    let mut beads = desk.ledger.list(&filter)?;
    beads.retain(|bead| bead.issue_type == TYPE && (all || !bead.status.is_done()));
    beads.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    let mut convoys = Vec::with_capacity(beads.len());
    for (index, bead) in beads.iter().enumerate() {
        convoys.push(ConvoyLine {
            number: index + 1,
            id: bead.id.clone(),
            title: bead.title.clone(),
            status: bead.status.to_string(),
            created_at: bead.created_at,
            progress: progress(desk, &bead.id)?,
            tracked: None,
        });
    }
    Ok(ConvoyList { convoys })
}

/// How far the convoy `id` is.
///
/// # Errors
/// When the ledger can't be read.
pub fn progress(desk: &Desk, id: &str) -> Result<Progress> {
    let mut statement = desk.ledger.conn().prepare_cached(
        "SELECT count(*), count(CASE WHEN b.status IN ('closed', 'tombstone') THEN 1 END) \
         FROM deps d LEFT JOIN beads b ON b.id = d.depends_on WHERE d.issue = ?1 AND d.type = 'tracks'",
    )?;
    let (total, completed): (i64, i64) = statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Progress { completed: usize::try_from(completed).unwrap_or(0), total: usize::try_from(total).unwrap_or(0) })
}

/// The convoy's id from an id, its unambiguous beginning, or its number in the list of open convoys.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] when there is no such convoy.
pub fn resolve(desk: &Desk, which: &str) -> Result<String> {
    if let Ok(number) = which.parse::<usize>() {
        let list = list(desk, false)?;
        return list.convoys.iter().find(|line| line.number == number).map(|line| line.id.clone()).ok_or_else(|| {
            Error::not_found(format!("no open convoy has number {number}")).hint("gt convoy list shows the numbers")
        });
    }
    let id = desk.ledger.resolve(which).map_err(|error| match error.hint_text() {
        Some(hint) if hint.starts_with("did you mean") => error,
        _ => error.hint("gt convoy list --all"),
    })?;
    Ok(expect_convoy(desk.ledger.get(&id)?)?.id)
}

/// The convoy with all it tracks and who works on what.
///
/// # Errors
/// When there is no such convoy.
pub fn status(desk: &Desk, which: &str) -> Result<ConvoyStatus> {
    let id = resolve(desk, which)?;
    let convoy = desk.ledger.get(&id)?;
    Ok(ConvoyStatus {
        title: convoy.title.clone(),
        status: convoy.status.to_string(),
        tracked: tracked(desk, &convoy)?,
        progress: progress(desk, &id)?,
        id,
    })
}

/// What `convoy` tracks and who works on what.
///
/// # Errors
/// When the ledger can't be read.
pub fn tracked(desk: &Desk, convoy: &Bead) -> Result<Vec<Tracked>> {
    let now = Timestamp::now();
    let mut out = Vec::new();
    for id in members(convoy) {
        let row = assignment::find(desk.ledger.conn(), id)?.filter(|row| row.state.takes_a_place());
        let (worker, worker_age) = row.map_or_else(Default::default, |row| (row.agent, row.created_at.age(now)));
        out.push(match desk.ledger.find(id)? {
            Some(bead) => Tracked {
                id: bead.id,
                title: bead.title,
                status: bead.status.to_string(),
                dependency_type: "tracks",
                issue_type: bead.issue_type,
                assignee: bead.assignee,
                worker,
                worker_age,
                blocked: bead.blocked,
            },
            None => Tracked {
                id: id.to_owned(),
                title: "(not in this ledger)".into(),
                status: "unknown".into(),
                dependency_type: "tracks",
                issue_type: String::new(),
                assignee: String::new(),
                worker,
                worker_age,
                blocked: false,
            },
        });
    }
    Ok(out)
}

impl ConvoyList {
    /// Adds to each convoy what it tracks.
    ///
    /// # Errors
    /// When the ledger can't be read.
    pub fn with_members(mut self, desk: &Desk) -> Result<Self> {
        for line in &mut self.convoys {
            line.tracked = Some(tracked(desk, &desk.ledger.get(&line.id)?)?);
        }
        Ok(self)
    }
}

fn write_tracked(out: &mut dyn Write, paint: Paint, tracked: &[Tracked]) -> io::Result<()> {
    for (index, bead) in tracked.iter().enumerate() {
        let branch = if index + 1 == tracked.len() { "└─" } else { "├─" };
        let mark = match bead.status.as_str() {
            "closed" | "tombstone" => paint.green("✓"),
            "hooked" | "in_progress" => paint.yellow("▶"),
            _ if bead.blocked => paint.dim("⊘"),
            _ => "○".to_owned(),
        };
        let title = neutralise(&bead.title, true);
        let worker = if bead.worker.is_empty() {
            String::new()
        } else {
            format!("  {} {}", bead.worker, paint.dim(&bead.worker_age))
        };
        writeln!(out, "  {branch} {mark} {} {}{worker}", paint.dim(&bead.id), truncate(&title, 60))?;
    }
    Ok(())
}

impl Report for ConvoyList {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.convoys.is_empty() {
            return writeln!(out, "No convoys.  {}", paint.dim("gt convoy create <name> <bead>... makes one"));
        }
        for line in &self.convoys {
            let mark = if line.status == "closed" { paint.green("✓") } else { "▶".to_owned() };
            let title = neutralise(&line.title, true);
            let Progress { completed, total } = line.progress;
            writeln!(
                out,
                "{:>3} {mark} {} {}  {} {completed}/{total}",
                line.number,
                paint.dim(&line.id),
                truncate(&title, 60),
                line.progress.bar(10)
            )?;
            if let Some(tracked) = &line.tracked {
                write_tracked(out, paint, tracked)?;
            }
        }
        Ok(())
    }
}

impl Report for ConvoyStatus {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let Progress { completed, total } = self.progress;
        writeln!(out, "{} {}", paint.bold(&neutralise(&self.title, true)), paint.dim(&self.id))?;
        let state = if self.status == "closed" { paint.green("landed") } else { self.status.clone() };
        writeln!(out, "  {} {completed}/{total}  {state}", self.progress.bar(20))?;
        write_tracked(out, paint, &self.tracked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_wide_as_asked() {
        for (completed, total, bar) in [(0, 0, "░░░░"), (1, 2, "██░░"), (2, 2, "████"), (1, 100, "░░░░")]
        {
            assert_eq!(Progress { completed, total }.bar(4), bar);
        }
    }
}
