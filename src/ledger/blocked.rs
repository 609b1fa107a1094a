//! Questions to the ledger: what holds a bead back.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension};

use super::model::Bead;
use crate::base::Result;

/// What holds a bead back by itself, and what a bead is part of.
const OWN: &str = "coalesce(spawner, depends_on) FROM deps WHERE active = 1 AND type IN ('blocks', 'conditional-blocks', 'waits-for')";
const ABOVE: &str = "depends_on FROM deps WHERE type = 'parent-child'";

/// The beads that hold this one back: its own blockers, or, when it has none, those of what it is part of.
pub(super) fn blockers(conn: &Connection, id: &str) -> Result<Vec<String>> {
    let is_blocked: Option<bool> =
        conn.prepare_cached("SELECT blocked FROM beads WHERE id = ?1")?.query_row([id], |row| row.get(0)).optional()?;
    if is_blocked != Some(true) {
        return Ok(Vec::new());
    }
    let ask = |sql: &str, id: &str| -> Result<Vec<String>> {
        let mut statement = conn.prepare_cached(&format!("SELECT {sql} AND issue = ?1"))?;
        Ok(statement.query_map([id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
    };
    blockers_by(id, |id| ask(OWN, id), |id| ask(ABOVE, id))
}

/// From this many beads on the edges of all of them are read at once.
const BULK: usize = 100;

pub(super) fn blockers_of(conn: &Connection, beads: &[Bead]) -> Result<Vec<Vec<String>>> {
    if beads.len() < BULK {
        return beads.iter().map(|bead| blockers(conn, &bead.id)).collect();
    }
    let read = |sql: &str| -> Result<HashMap<String, Vec<String>>> {
        let mut edges: HashMap<String, Vec<String>> = HashMap::new();
        let mut statement = conn.prepare_cached(&format!("SELECT issue, {sql}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            edges.entry(row.get(0)?).or_default().push(row.get(1)?);
        }
        Ok(edges)
    };
    let (mut own, above) = (read(OWN)?, read(ABOVE)?);
    for blockers in own.values_mut() {
        blockers.sort();
        blockers.dedup();
    }
    let of = |edges: &HashMap<String, Vec<String>>, id: &str| Ok(edges.get(id).cloned().unwrap_or_default());
    // Nearly every one is held back by itself, and needs no walk.
    let one = |bead: &Bead| match (bead.blocked, own.get(&bead.id)) {
        (false, _) => Ok(Vec::new()),
        (true, Some(blockers)) => Ok(blockers.clone()),
        (true, None) => blockers_by(&bead.id, |id| of(&own, id), |id| of(&above, id)),
    };
    beads.iter().map(one).collect()
}

pub(super) fn block_counts(conn: &Connection, beads: &[Bead]) -> Result<Vec<(i64, i64)>> {
    let sides = ["issue", "depends_on"];
    if beads.len() < BULK {
        let count = |side: &str, id: &str| -> Result<i64> {
            let sql = format!("SELECT count(*) FROM deps WHERE {side} = ?1 AND type = 'blocks'");
            Ok(conn.prepare_cached(&sql)?.query_row([id], |row| row.get(0))?)
        };
        return beads.iter().map(|bead| Ok((count(sides[0], &bead.id)?, count(sides[1], &bead.id)?))).collect();
    }
    let read = |side: &str| -> Result<HashMap<String, i64>> {
        let mut statement =
            conn.prepare_cached(&format!("SELECT {side}, count(*) FROM deps WHERE type = 'blocks' GROUP BY 1"))?;
        Ok(statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
    };
    let (to, from) = (read(sides[0])?, read(sides[1])?);
    let of = |counts: &HashMap<String, i64>, bead: &Bead| counts.get(&bead.id).copied().unwrap_or(0);
    Ok(beads.iter().map(|bead| (of(&to, bead), of(&from, bead))).collect())
}

/// Walks upwards from a blocked bead to the nearest that is held back by itself.
fn blockers_by(
    id: &str,
    own: impl Fn(&str) -> Result<Vec<String>>,
    above: impl Fn(&str) -> Result<Vec<String>>,
) -> Result<Vec<String>> {
    let mut seen = HashSet::from([id.to_owned()]);
    let mut level = vec![id.to_owned()];
    while !level.is_empty() {
        let mut found: Vec<String> = Vec::new();
        let mut next = Vec::new();
        for id in &level {
            found.extend(own(id)?);
            for parent in above(id)? {
                if seen.insert(parent.clone()) {
                    next.push(parent);
                }
            }
        }
        if !found.is_empty() {
            found.sort();
            found.dedup();
            return Ok(found);
        }
        level = next;
    }
    Ok(Vec::new())
}
