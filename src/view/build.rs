//! Builds the picture of a town from its ledger, in a handful of indexed queries.

use std::collections::HashMap;

use rusqlite::Connection;
use serde_json::Value;

use crate::base::Result;
use crate::ledger::{Event, ReadyFilter};
use crate::town::Rig;
use crate::work::Desk;

use super::model::{
    AgentView, ConvoyView, Counts, FeedLine, MemberView, QueueEntry, ReadyBead, RigView, Tone, TownView,
};

/// How many events the picture holds.
const FEED: usize = 200;
/// How many landed convoys it holds.
const LANDED: i64 = 10;

/// The town of `desk` as it is now, with these agents.
///
/// # Errors
/// When the registry or the ledger can't be read.
pub fn build(desk: &Desk, agents: Vec<AgentView>) -> Result<TownView> {
    let conn = desk.ledger.conn();
    let mut queues = queues(conn)?;
    let mut waiting = waiting(conn)?;
    let counts = Counts::of(agents.iter().map(|agent| agent.state));
    let (mut by_rig, mut own): (HashMap<String, Vec<AgentView>>, Vec<AgentView>) = (HashMap::new(), Vec::new());
    for agent in agents {
        match agent.rig.clone() {
            Some(rig) => by_rig.entry(rig).or_default().push(agent),
            None => own.push(agent),
        }
    }
    let rigs = desk.town.rigs()?;
    let rigs: Vec<RigView> = rigs
        .into_iter()
        .map(|Rig { name, default_branch, .. }| RigView {
            agents: by_rig.remove(&name).unwrap_or_default(),
            queue: queues.remove(&name).unwrap_or_default(),
            waiting: waiting.remove(&name).unwrap_or(0),
            branch: default_branch,
            name,
        })
        .collect();
    // Agents of a rig that is no longer registered are still shown.
    own.extend(by_rig.into_values().flatten());
    Ok(TownView {
        name: desk.town.name.clone(),
        agents: own,
        rigs,
        convoys: convoys(conn)?,
        feed: feed(desk)?,
        counts,
        ready: ready_filter_count(desk)?,
    })
}

fn ready_filter_count(desk: &Desk) -> Result<usize> {
    Ok(ready(desk, 500)?.len())
}

/// At most `limit` beads that could be slung now, in the order of `bd ready`.
///
/// # Errors
/// When the ledger can't be read.
pub fn ready(desk: &Desk, limit: usize) -> Result<Vec<ReadyBead>> {
    let filter = ReadyFilter { unassigned: true, limit: Some(limit), ..ReadyFilter::default() };
    let beads = desk.ledger.ready(&filter)?;
    Ok(beads
        .into_iter()
        .filter(|bead| bead.status == crate::ledger::Status::Open)
        .map(|bead| ReadyBead {
            id: bead.id,
            title: bead.title,
            priority: bead.priority,
            issue_type: bead.issue_type,
            rig: bead.store,
        })
        .collect())
}

fn queues(conn: &Connection) -> Result<HashMap<String, Vec<QueueEntry>>> {
    let mut statement = conn.prepare_cached(
        "SELECT m.rig, m.id, m.source, coalesce(b.title, m.branch), m.worker, m.branch, m.state, m.reason
         FROM merge_requests m LEFT JOIN beads b ON b.id = m.source
         WHERE m.state NOT IN ('merged', 'rejected') ORDER BY m.created_at",
    )?;
    let mut queues: HashMap<String, Vec<QueueEntry>> = HashMap::new();
    let rows = statement.query_map([], |row| {
        let entry = QueueEntry {
            id: row.get(1)?,
            source: row.get(2)?,
            title: row.get(3)?,
            worker: row.get(4)?,
            branch: row.get(5)?,
            state: row.get(6)?,
            reason: row.get(7)?,
        };
        Ok((row.get::<_, String>(0)?, entry))
    })?;
    for row in rows {
        let (rig, entry) = row?;
        queues.entry(rig).or_default().push(entry);
    }
    Ok(queues)
}

fn waiting(conn: &Connection) -> Result<HashMap<String, usize>> {
    let mut statement =
        conn.prepare_cached("SELECT rig, count(*) FROM assignments WHERE state = 'queued' GROUP BY rig")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
    rows.map(|row| row.map(|(rig, count)| (rig, usize::try_from(count).unwrap_or(0))).map_err(Into::into)).collect()
}

/// Open convoys, the oldest first, then the ones that landed last.
fn convoys(conn: &Connection) -> Result<Vec<ConvoyView>> {
    let mut statement = conn.prepare_cached(
        "SELECT * FROM (SELECT id, title, 0 FROM beads WHERE issue_type = 'convoy' AND status NOT IN ('closed', 'tombstone') ORDER BY created_ns)
         UNION ALL
         SELECT * FROM (SELECT id, title, 1 FROM beads WHERE issue_type = 'convoy' AND status = 'closed' ORDER BY closed_ns DESC LIMIT ?1)",
    )?;
    let rows = statement.query_map([LANDED], |row| {
        Ok(ConvoyView {
            id: row.get(0)?,
            title: row.get(1)?,
            landed: row.get::<_, i64>(2)? == 1,
            ..ConvoyView::default()
        })
    })?;
    let mut members = conn.prepare_cached(
        "SELECT d.depends_on, coalesce(b.title, ''), coalesce(b.status, 'unknown'), coalesce(b.blocked, 0),
                (SELECT a.agent FROM assignments a
                 WHERE a.bead = d.depends_on AND a.agent <> '' AND a.state IN ('spawning', 'active', 'done'))
         FROM deps d LEFT JOIN beads b ON b.id = d.depends_on
         WHERE d.issue = ?1 AND d.type = 'tracks' ORDER BY b.created_ns, d.depends_on",
    )?;
    let mut convoys = Vec::new();
    for row in rows {
        let mut convoy = row?;
        let rows = members.query_map([&convoy.id], |row| {
            Ok(MemberView {
                id: row.get(0)?,
                title: row.get(1)?,
                status: row.get(2)?,
                blocked: row.get::<_, i64>(3)? != 0,
                agent: row.get(4)?,
            })
        })?;
        convoy.members = rows.collect::<std::result::Result<_, _>>()?;
        convoy.total = convoy.members.len();
        convoy.done = convoy.members.iter().filter(|member| is_closed(member)).count();
        convoy.active = convoy.members.iter().filter(|member| member.agent.is_some() && !is_closed(member)).count();
        convoys.push(convoy);
    }
    Ok(convoys)
}

fn is_closed(member: &MemberView) -> bool {
    matches!(member.status.as_str(), "closed" | "tombstone")
}

fn feed(desk: &Desk) -> Result<Vec<FeedLine>> {
    // Changes of fields and the like are left out, so more are read than are shown.
    let mut events = desk.ledger.recent_events(FEED * 3)?;
    events.sort_by_key(|event| std::cmp::Reverse(event.seq));
    let mut titles = desk.ledger.conn().prepare_cached("SELECT title FROM beads WHERE id = ?1")?;
    let mut lines = Vec::new();
    for event in &events {
        if lines.len() == FEED {
            break;
        }
        let title = match &event.bead {
            Some(bead) => titles.query_row([bead], |row| row.get::<_, String>(0)).unwrap_or_default(),
            None => String::new(),
        };
        lines.extend(tell(event, &title));
    }
    Ok(lines)
}

/// The event in words; `None` when it is not worth a line.
fn tell(event: &Event, title: &str) -> Option<FeedLine> {
    let field = |name: &str| event.payload.get(name).and_then(Value::as_str).unwrap_or_default();
    let or_actor = |name: &str| if field(name).is_empty() { event.actor.as_str() } else { field(name) };
    let because = |text: &str| if text.is_empty() { title.to_owned() } else { format!("{title}: {text}") };
    let (what, tone, text) = match event.kind.as_str() {
        "created" => ("new", Tone::Plain, title.to_owned()),
        "closed" => ("closed", Tone::Good, title.to_owned()),
        "reopened" => ("reopened", Tone::Moves, title.to_owned()),
        "sling" => ("slung", Tone::Moves, format!("{title} → {}", or_actor("target"))),
        "queued" => ("waits", Tone::Plain, because(field("reason"))),
        "hook" => ("started", Tone::Moves, format!("{} on {title}", short(or_actor("agent")))),
        "unhook" => ("given back", Tone::Calls, because(field("reason"))),
        "done" => ("finished", Tone::Moves, format!("{} · {title}", short(or_actor("agent")))),
        "merge_started" => ("merging", Tone::Moves, title.to_owned()),
        "merged" => {
            let commit =
                [field("commit"), field("merge_commit")].into_iter().find(|id| !id.is_empty()).unwrap_or_default();
            let commit: String = commit.chars().take(7).collect();
            ("merged", Tone::Good, if commit.is_empty() { title.to_owned() } else { format!("{title}  {commit}") })
        }
        "merge_failed" => ("came back", Tone::Bad, because(field("reason"))),
        "merge_retried" => ("retried", Tone::Moves, title.to_owned()),
        "merge_rejected" => ("rejected", Tone::Bad, because(field("reason"))),
        "convoy_created" => ("convoy", Tone::Moves, title.to_owned()),
        "convoy_landed" => ("landed", Tone::Good, format!("convoy {title}")),
        "escalation" => ("calls you", Tone::Calls, because(field("reason"))),
        "nudge" => ("message", Tone::Plain, format!("{} → {}", short(&event.actor), short(field("to")))),
        "mail" => ("mail", Tone::Plain, format!("to {}: {}", field("to"), field("subject"))),
        "kill" => ("stopped", Tone::Bad, or_actor("agent").to_owned()),
        "session_end" => ("ended", Tone::Plain, or_actor("agent").to_owned()),
        _ => return None,
    };
    // Machinery's own beads (merge requests, messages) tell nobody anything when they are made or closed.
    if matches!(event.kind.as_str(), "created" | "closed") && (title.is_empty() || is_machinery(event)) {
        return None;
    }
    Some(FeedLine { seq: event.seq, at: event.ts, what: what.to_owned(), bead: event.bead.clone(), text, tone })
}

fn is_machinery(event: &Event) -> bool {
    let infix = event.bead.as_deref().and_then(|id| id.split('-').nth(1)).unwrap_or_default();
    let kind = event.payload.get("issue_type").and_then(Value::as_str).unwrap_or_default();
    matches!(infix, "cv" | "mr" | "msg") || matches!(kind, "convoy" | "merge-request" | "message")
}

/// The last part of an address.
fn short(address: &str) -> &str {
    address.trim_end_matches('/').rsplit('/').next().unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;

    fn event(kind: &str, payload: Value) -> Event {
        Event {
            seq: 1,
            ts: Timestamp::from_unix_nanos(0),
            kind: kind.to_owned(),
            actor: "shop/polecats/nux".to_owned(),
            bead: Some("sh-abcde".to_owned()),
            payload,
        }
    }

    #[test]
    fn events_are_told_in_words() {
        let line = tell(&event("merged", serde_json::json!({"commit": "9c1e2f0aaaaaaaa"})), "Cart totals").unwrap();
        assert_eq!((line.what.as_str(), line.text.as_str()), ("merged", "Cart totals  9c1e2f0"));
        let line = tell(&event("hook", Value::Null), "Cart totals").unwrap();
        assert_eq!(line.text, "nux on Cart totals");
        assert!(tell(&event("updated", Value::Null), "Cart totals").is_none());
    }
}
