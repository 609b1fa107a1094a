//! `bd stats`.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

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
    /// Accepted for other programs; there is no activity in the answer
    #[arg(long, hide = true)]
    no_activity: bool,
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
        render::print(context.output, json!({"summary": summary}), text)
    }
}
