//! Builds the picture of a town from its ledger, in a handful of indexed queries.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::base::{Result, Timestamp};
use crate::ledger::ReadyFilter;
use crate::town::Rig;
use crate::work::sling::is_work;
use crate::work::{Desk, mail, queue};

use super::model::{
    AgentView, ConvoyView, Counts, FeedLine, Landing, MemberView, QueueEntry, ReadyBead, RigView, TownView,
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
    if !queues.is_empty() {
        // In the order in which they are merged.
        let rows = queue::list(desk, None, false)?.rows;
        let place = |id: &str| rows.iter().position(|row| row.id == id).unwrap_or(usize::MAX);
        queues.values_mut().for_each(|entries| entries.sort_by_cached_key(|entry| place(&entry.id)));
    }
    let mut waiting = waiting(conn)?;
    let landed = landed(conn)?;
    let healthy = healthy(conn)?;
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
            landed: landed.iter().filter(|landing| landing.rig == name).count(),
            healthy: healthy.get(&name).copied(),
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
        landed,
        unread: mail::inbox(desk, super::mail::PERSON, true)?.messages.len(),
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
        .filter(|bead| bead.status == crate::ledger::Status::Open && is_work(&bead.issue_type))
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

/// What was merged since midnight, newest first.
fn landed(conn: &Connection) -> Result<Vec<Landing>> {
    let midnight = Timestamp::now().start_of_day();
    let mut statement = conn.prepare_cached(
        "SELECT m.updated_at, m.rig, m.source, coalesce(b.title, m.branch), m.worker, m.merge_commit
         FROM merge_requests m LEFT JOIN beads b ON b.id = m.source
         WHERE m.state = 'merged' AND m.updated_at >= ?1 ORDER BY m.updated_at DESC",
    )?;
    let rows = statement.query_map([midnight.to_string()], |row| {
        let at: String = row.get(0)?;
        let landing = Landing {
            at: midnight,
            rig: row.get(1)?,
            bead: row.get(2)?,
            title: row.get(3)?,
            worker: row.get(4)?,
            commit: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
        };
        Ok((at, landing))
    })?;
    rows.map(|row| {
        let (at, landing) = row?;
        Ok(Landing { at: at.parse()?, ..landing })
    })
    .collect()
}

/// Of each rig, whether what left its queue last was merged.
fn healthy(conn: &Connection) -> Result<HashMap<String, bool>> {
    let mut statement = conn.prepare_cached(
        "SELECT rig, state = 'merged', max(updated_at) FROM merge_requests
         WHERE state IN ('merged', 'failed', 'conflict') GROUP BY rig",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.map(|row| row.map_err(Into::into)).collect()
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
    let mut lines = super::feed::told(desk, &events)?;
    lines.truncate(FEED);
    Ok(lines)
}
