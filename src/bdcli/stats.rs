//! `bd stats`.

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
        let count = |extra: &str| -> Result<i64> {
            Ok(conn.query_row(
                &format!("SELECT count(*) FROM beads b WHERE {condition} AND {extra}"),
                params.as_slice(),
                |row| row.get(0),
            )?)
        };
        let status = |name: &str| count(&format!("status = '{name}'"));
        let now = Timestamp::now().unix_nanos();
        let ready = count(&format!(
            "status IN ('open', 'in_progress') AND blocked = 0 AND pinned = 0 AND issue_type NOT IN ('{}') \
             AND (defer_ns IS NULL OR defer_ns <= {now})",
            NOT_WORK.join("', '")
        ))?;
        let lead: Option<f64> = conn.query_row(
            &format!("SELECT avg(closed_ns - created_ns) FROM beads WHERE {condition} AND status = 'closed' AND closed_ns >= created_ns"),
            params.as_slice(),
            |row| row.get(0),
        )?;
        let summary = json!({
            "total_issues": count("status <> 'tombstone'")?,
            "open_issues": status("open")?,
            "in_progress_issues": status("in_progress")?,
            "closed_issues": status("closed")?,
            "blocked_issues": count("blocked = 1 AND status NOT IN ('closed', 'tombstone')")?,
            "deferred_issues": status("deferred")?,
            "ready_issues": ready,
            "tombstone_issues": status("tombstone")?,
            "pinned_issues": count("(pinned = 1 OR status = 'pinned') AND status <> 'tombstone'")?,
            "hooked_issues": status("hooked")?,
            "epics_eligible_for_closure": count(
                "issue_type = 'epic' AND status NOT IN ('closed', 'tombstone') \
                 AND EXISTS(SELECT 1 FROM deps d WHERE d.depends_on = b.id AND d.type = 'parent-child') \
                 AND NOT EXISTS(SELECT 1 FROM deps d WHERE d.depends_on = b.id AND d.type = 'parent-child' AND d.active = 1)",
            )?,
            "average_lead_time_hours": (lead.unwrap_or(0.0) / 3.6e12 * 100.0).round() / 100.0,
        });
        let mut text = String::new();
        for (name, value) in summary.as_object().into_iter().flatten() {
            let name = name.trim_end_matches("_issues").replace('_', " ");
            text += &format!("{name:<28} {value:>8}\n");
        }
        render::print(context.output, json!({"summary": summary}), text)
    }
}
