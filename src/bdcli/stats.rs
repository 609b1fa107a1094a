//! `bd stats`.

use std::collections::BTreeMap;

use clap::Args;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::context::Context;
use super::{Global, render};
use crate::base::{Result, Timestamp};
use crate::ledger::filter::NOT_WORK;

/// Counts beads by what they are.
#[derive(Debug, Args)]
pub struct Stats {
    /// Only assigned to you
    #[arg(long)]
    assigned: bool,
    /// Leave out what happened in the last day
    #[arg(long)]
    no_activity: bool,
}

/// The first entry of the history that is no older than `since`; found by halves, since entries are in the order of their times.
fn first_since(conn: &Connection, since: &str) -> Result<i64> {
    let (mut low, mut high): (i64, i64) =
        conn.query_row("SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) + 1 FROM events", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let mut at = conn.prepare("SELECT seq, ts FROM events WHERE seq >= ?1 ORDER BY seq LIMIT 1")?;
    while low < high {
        let middle = low + (high - low) / 2;
        let (seq, ts): (i64, String) = at.query_row([middle], |row| Ok((row.get(0)?, row.get(1)?)))?;
        match ts.parse::<Timestamp>().is_ok_and(|ts| ts.to_string().as_str() < since) {
            true => low = seq + 1,
            false => high = middle,
        }
    }
    Ok(low)
}

/// What happened in the last day, and how many commits of the ledger's file there were.
fn activity(context: &Context) -> Result<Value> {
    const HOURS: i64 = 24;
    let since = Timestamp::now().plus_seconds(-HOURS * 3600);
    let conn = context.ledger.conn();
    let mut counts = BTreeMap::<String, i64>::new();
    {
        let mut statement =
            conn.prepare("SELECT kind, count(*) FROM events WHERE seq >= ?1 AND bead IS NOT NULL GROUP BY kind")?;
        let mut rows = statement.query([first_since(conn, &since.to_string())?])?;
        while let Some(row) = rows.next()? {
            counts.insert(row.get(0)?, row.get(1)?);
        }
    }
    let count = |kind: &str| counts.get(kind).copied().unwrap_or(0);
    let (created, closed, reopened) = (count("created"), count("closed"), count("reopened"));
    let total: i64 = counts.values().sum();
    let store = context.ledger.store(&context.store)?;
    Ok(json!({
        "hours_tracked": HOURS,
        "commit_count": commits(&store.beads_dir, since).unwrap_or(0),
        "issues_created": created, "issues_closed": closed, "issues_reopened": reopened,
        "issues_updated": total - created - closed - reopened,
        "total_changes": total,
    }))
}

/// How many commits since then the branch has; the newest hundred are looked at.
fn commits(directory: &std::path::Path, since: Timestamp) -> Option<usize> {
    let repository = git2::Repository::discover(directory).ok()?;
    let mut walk = repository.revwalk().ok()?;
    walk.push_head().ok()?;
    let new = |id: git2::Oid| repository.find_commit(id).is_ok_and(|c| c.time().seconds() >= since.unix_seconds());
    Some(walk.take(100).flatten().take_while(|id| new(*id)).count())
}

impl Stats {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let conn = context.ledger.conn();
        let mut condition = "ephemeral = 0".to_owned();
        let mut params: Vec<&dyn rusqlite::ToSql> = Vec::new();
        if let Some(rig) = &global.rig {
            params.push(rig);
            condition += &format!(" AND store = ?{}", params.len());
        }
        if self.assigned {
            params.push(&context.actor);
            condition += &format!(" AND assignee = ?{}", params.len());
        }
        let number = |sql: &str| -> Result<i64> { Ok(conn.query_row(sql, params.as_slice(), |row| row.get(0))?) };
        let now = Timestamp::now().unix_nanos();
        let ready = number(&format!(
            "SELECT count(*) FROM beads INDEXED BY beads_ready WHERE status IN ('open', 'in_progress') AND blocked = 0 \
             AND pinned = 0 AND issue_type NOT IN ('{}') AND (defer_ns IS NULL OR defer_ns <= {now}) AND {condition}",
            NOT_WORK.join("', '")
        ))?;
        let mut by_status = BTreeMap::<String, i64>::new();
        let (mut blocked, mut pinned, mut lead) = (0, 0, 0.0);
        {
            // Everything else from one walk over an index that holds all of it.
            let mut statement = conn.prepare(&format!(
                "SELECT status, count(*), sum(blocked), sum(pinned OR status = 'pinned'), \
                 avg(CASE WHEN closed_ns >= created_ns THEN closed_ns - created_ns END) \
                 FROM beads WHERE {condition} GROUP BY status"
            ))?;
            let mut rows = statement.query(params.as_slice())?;
            while let Some(row) = rows.next()? {
                let status: String = row.get(0)?;
                match status.as_str() {
                    "tombstone" => {}
                    "closed" => {
                        pinned += row.get::<_, i64>(3)?;
                        lead = row.get::<_, Option<f64>>(4)?.unwrap_or(0.0);
                    }
                    _ => {
                        blocked += row.get::<_, i64>(2)?;
                        pinned += row.get::<_, i64>(3)?;
                    }
                }
                by_status.insert(status, row.get(1)?);
            }
        }
        let eligible = number(&format!(
            "SELECT count(*) FROM beads b WHERE {condition} AND issue_type = 'epic' AND issue_type NOT IN ('task', 'bug', 'feature', 'chore') \
             AND status NOT IN ('closed', 'tombstone') \
             AND EXISTS(SELECT 1 FROM deps d WHERE d.depends_on = b.id AND d.type = 'parent-child') \
             AND NOT EXISTS(SELECT 1 FROM deps d WHERE d.depends_on = b.id AND d.type = 'parent-child' AND d.active = 1)"
        ))?;
        let status = |name: &str| by_status.get(name).copied().unwrap_or(0);
        let summary = json!({
            "total_issues": by_status.values().sum::<i64>() - status("tombstone"),
            "open_issues": status("open"),
            "in_progress_issues": status("in_progress"),
            "closed_issues": status("closed"),
            "blocked_issues": blocked,
            "deferred_issues": status("deferred"),
            "ready_issues": ready,
            "tombstone_issues": status("tombstone"),
            "pinned_issues": pinned,
            "hooked_issues": status("hooked"),
            "epics_eligible_for_closure": eligible,
            "average_lead_time_hours": (lead / 3.6e12 * 100.0).round() / 100.0,
        });
        let mut text = String::new();
        for (name, value) in summary.as_object().into_iter().flatten() {
            let name = name.trim_end_matches("_issues").replace('_', " ");
            text += &format!("{name:<28} {value:>8}\n");
        }
        let mut json = json!({"summary": summary});
        if !self.no_activity {
            let recent = activity(&context)?;
            text += &format!("\nIn the last {} hours\n", recent["hours_tracked"]);
            for (name, value) in recent.as_object().into_iter().flatten().skip(1) {
                text += &format!("{:<28} {value:>8}\n", name.trim_start_matches("issues_").replace('_', " "));
            }
            json["recent_activity"] = recent;
        }
        render::print(context.output, json, text)
    }
}
