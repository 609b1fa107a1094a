//! Which edges hold and which beads are blocked, kept with every change: a change costs what it touches, not the ledger's size.

use std::collections::{BTreeSet, HashSet, VecDeque};

use rusqlite::{Connection, OptionalExtension, params};

use super::model::dep_type::{BLOCKS, CONDITIONAL_BLOCKS, PARENT_CHILD, TRACKS, WAITS_FOR};
use crate::base::Result;

/// Whether an edge `d` holds now. The one definition that single changes and the rebuild share.
const HOLDS: &str = "CASE d.type \
    WHEN 'blocks' THEN EXISTS(SELECT 1 FROM beads x WHERE x.id = d.depends_on AND x.status NOT IN ('closed', 'tombstone')) \
    WHEN 'conditional-blocks' THEN EXISTS(SELECT 1 FROM beads x JOIN texts y ON y.n = x.n WHERE x.id = d.depends_on \
        AND x.status <> 'tombstone' AND (x.status <> 'closed' OR NOT (\
        y.close_reason LIKE '%failed%' OR y.close_reason LIKE '%rejected%' OR y.close_reason LIKE '%wontfix%' \
        OR y.close_reason LIKE '%won''t fix%' OR y.close_reason LIKE '%cancelled%' OR y.close_reason LIKE '%canceled%' \
        OR y.close_reason LIKE '%abandoned%' OR y.close_reason LIKE '%blocked%' OR y.close_reason LIKE '%error%' \
        OR y.close_reason LIKE '%timeout%' OR y.close_reason LIKE '%aborted%'))) \
    WHEN 'waits-for' THEN CASE WHEN d.metadata LIKE '%any-children%' \
        THEN NOT EXISTS(SELECT 1 FROM deps c WHERE c.depends_on = d.spawner AND c.type = 'parent-child' AND c.active = 0) \
        ELSE EXISTS(SELECT 1 FROM deps c WHERE c.depends_on = d.spawner AND c.type = 'parent-child' AND c.active = 1) END \
    WHEN 'parent-child' THEN EXISTS(SELECT 1 FROM beads x WHERE x.id = d.issue AND x.status NOT IN ('closed', 'tombstone')) \
    WHEN 'tracks' THEN NOT EXISTS(SELECT 1 FROM beads x WHERE x.id = d.depends_on AND x.status IN ('closed', 'tombstone')) \
    ELSE 0 END";

/// What a change led to elsewhere in the graph.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Unfinished beads that nothing blocks any more.
    pub unblocked: BTreeSet<String>,
    /// Beads that are blocked now and were not.
    pub blocked: BTreeSet<String>,
    /// Beads that track others and of whose edges one has just ceased to hold.
    pub trackers: BTreeSet<String>,
}

/// The bead whose children a `waits-for` waits for.
pub(super) fn spawner(dep_type: &str, depends_on: &str, metadata: &str) -> Option<String> {
    (dep_type == WAITS_FOR).then(|| {
        serde_json::from_str::<serde_json::Value>(metadata)
            .ok()
            .and_then(|value| value.get("spawner_id")?.as_str().map(str::to_owned))
            .filter(|id| !id.is_empty())
            .unwrap_or_else(|| depends_on.to_owned())
    })
}

/// Re-evaluates the edges that `condition` (on `d`, with one parameter) selects; those that changed, as (issue, depends_on, type, holds).
fn reevaluate(conn: &Connection, condition: &str, id: &str) -> Result<Vec<(String, String, String, bool)>> {
    let mut changed = Vec::new();
    {
        let mut statement = conn.prepare_cached(&format!(
            "SELECT issue, depends_on, type, holds FROM \
             (SELECT d.issue, d.depends_on, d.type, d.active, {HOLDS} AS holds FROM deps d WHERE {condition}) \
             WHERE active <> holds"
        ))?;
        let mut rows = statement.query([id])?;
        while let Some(row) = rows.next()? {
            changed.push((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        }
    }
    let mut update =
        conn.prepare_cached("UPDATE deps SET active = ?4 WHERE issue = ?1 AND depends_on = ?2 AND type = ?3")?;
    for (issue, depends_on, kind, holds) in &changed {
        update.execute(params![issue, depends_on, kind, holds])?;
    }
    Ok(changed)
}

/// Follows a change of the bead's status (or that it came to be, or was deleted) through the edges around it.
pub(super) fn status_changed(conn: &Connection, id: &str, effects: &mut Effects) -> Result<()> {
    let mut affected = Vec::new();
    for (issue, _, kind, holds) in
        reevaluate(conn, "d.depends_on = ?1 AND d.type IN ('blocks', 'conditional-blocks', 'tracks')", id)?
    {
        if kind == TRACKS {
            if !holds {
                effects.trackers.insert(issue);
            }
        } else {
            affected.push(issue);
        }
    }
    for (_, parent, ..) in reevaluate(conn, "d.issue = ?1 AND d.type = 'parent-child'", id)? {
        affected.extend(children_changed(conn, &parent)?);
    }
    refresh(conn, affected, effects)
}

/// Follows a change of the children of `parent` to whoever waits for them; returns whose edges changed.
fn children_changed(conn: &Connection, parent: &str) -> Result<Vec<String>> {
    Ok(reevaluate(conn, "d.spawner = ?1", parent)?.into_iter().map(|(issue, ..)| issue).collect())
}

/// Follows the coming or going of an edge.
pub(super) fn edge_changed(
    conn: &Connection,
    issue: &str,
    depends_on: &str,
    dep_type: &str,
    effects: &mut Effects,
) -> Result<()> {
    match dep_type {
        BLOCKS | CONDITIONAL_BLOCKS | WAITS_FOR => {
            reevaluate(conn, "d.issue = ?1", issue)?;
            refresh(conn, vec![issue.to_owned()], effects)
        }
        PARENT_CHILD => {
            reevaluate(conn, "d.issue = ?1 AND d.type = 'parent-child'", issue)?;
            let mut affected = children_changed(conn, depends_on)?;
            affected.push(issue.to_owned());
            refresh(conn, affected, effects)
        }
        TRACKS => {
            reevaluate(conn, "d.issue = ?1 AND d.type = 'tracks'", issue)?;
            effects.trackers.insert(issue.to_owned());
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Whether the bead, or one it is part of, is held by an edge of its own. Walks upwards only and sees each bead once.
fn is_blocked(conn: &Connection, id: &str) -> Result<bool> {
    let mut direct = conn.prepare_cached(
        "SELECT 1 FROM deps WHERE issue = ?1 AND active = 1 AND type IN ('blocks', 'conditional-blocks', 'waits-for')",
    )?;
    let mut parents = conn.prepare_cached("SELECT depends_on FROM deps WHERE issue = ?1 AND type = 'parent-child'")?;
    let mut seen = HashSet::from([id.to_owned()]);
    let mut open = vec![id.to_owned()];
    while let Some(id) = open.pop() {
        if direct.exists([&id])? {
            return Ok(true);
        }
        let mut rows = parents.query([&id])?;
        while let Some(row) = rows.next()? {
            let parent: String = row.get(0)?;
            if seen.insert(parent.clone()) {
                open.push(parent);
            }
        }
    }
    Ok(false)
}

/// Brings `blocked` of these beads up to date, and where it changes that of what is part of them.
fn refresh(conn: &Connection, start: Vec<String>, effects: &mut Effects) -> Result<()> {
    let mut flag = conn.prepare_cached("SELECT blocked, status FROM beads WHERE id = ?1")?;
    let mut set = conn.prepare_cached("UPDATE beads SET blocked = ?2 WHERE id = ?1")?;
    let mut parts = conn.prepare_cached("SELECT issue FROM deps WHERE depends_on = ?1 AND type = 'parent-child'")?;
    let mut open: VecDeque<String> = start.into();
    while let Some(id) = open.pop_front() {
        let found: Option<(bool, String)> = flag.query_row([&id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((was, status)) = found else { continue };
        let is = is_blocked(conn, &id)?;
        if is == was {
            continue;
        }
        set.execute(params![id, is])?;
        open.extend(parts.query_map([&id], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?);
        if is {
            effects.unblocked.remove(&id);
            effects.blocked.insert(id);
        } else {
            effects.blocked.remove(&id);
            if matches!(status.as_str(), "open" | "in_progress" | "hooked") {
                effects.unblocked.insert(id);
            }
        }
    }
    Ok(())
}

/// Works out every edge and every `blocked` anew, after an import: linear in the number of edges.
pub(super) fn rebuild(conn: &Connection) -> Result<()> {
    for types in ["<> 'waits-for'", "= 'waits-for'"] {
        conn.execute(
            &format!("UPDATE deps AS d SET active = {HOLDS} WHERE d.type {types} AND d.active <> {HOLDS}"),
            [],
        )?;
    }
    conn.execute_batch(
        "CREATE TEMP TABLE held(id TEXT PRIMARY KEY) WITHOUT ROWID; \
         WITH RECURSIVE h(id) AS (\
           SELECT issue FROM deps WHERE active = 1 AND type IN ('blocks', 'conditional-blocks', 'waits-for') \
           UNION SELECT d.issue FROM h JOIN deps d ON d.depends_on = h.id AND d.type = 'parent-child') \
         INSERT INTO held SELECT id FROM h; \
         UPDATE beads SET blocked = 1 WHERE blocked = 0 AND id IN (SELECT id FROM held); \
         UPDATE beads SET blocked = 0 WHERE blocked = 1 AND id NOT IN (SELECT id FROM held); \
         DROP TABLE held;",
    )?;
    Ok(())
}

/// Whether `target` can be reached from `from` along edges that can hold; sees each bead once.
pub(super) fn reaches(conn: &Connection, from: &str, target: &str) -> Result<Option<Vec<String>>> {
    let mut next = conn.prepare_cached(
        "SELECT depends_on FROM deps WHERE issue = ?1 \
         AND type IN ('blocks', 'conditional-blocks', 'waits-for', 'parent-child')",
    )?;
    let mut came_from = std::collections::HashMap::from([(from.to_owned(), String::new())]);
    let mut open = vec![from.to_owned()];
    while let Some(id) = open.pop() {
        if id == target {
            let mut path = vec![id];
            while let Some(previous) = path.last().and_then(|id| came_from.get(id)).filter(|id| !id.is_empty()) {
                path.push(previous.clone());
            }
            path.reverse();
            return Ok(Some(path));
        }
        let mut rows = next.query([&id])?;
        while let Some(row) = rows.next()? {
            let to: String = row.get(0)?;
            if !came_from.contains_key(&to) {
                came_from.insert(to.clone(), id.clone());
                open.push(to);
            }
        }
    }
    Ok(None)
}
