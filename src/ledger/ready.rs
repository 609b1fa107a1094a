//! Questions to the ledger: which work can be picked up now.

use std::collections::HashSet;

use rusqlite::Connection;

use super::filter::{NOT_WORK, Where, limit};
use super::model::Bead;
use super::row::{self, Links};
use super::{external, store};
use crate::base::{Result, Timestamp};

/// The order of ready work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReadySort {
    /// Made in the last 48 hours first, by priority; then the others, oldest first.
    #[default]
    Hybrid,
    /// By priority, then oldest first.
    Priority,
    /// Oldest first.
    Oldest,
}

/// Which ready work to give.
#[derive(Debug, Clone, Default)]
pub struct ReadyFilter {
    /// Exactly this priority.
    pub priority: Option<u8>,
    /// Assigned to them.
    pub assignee: Option<String>,
    /// Assigned to nobody.
    pub unassigned: bool,
    /// Carries all of these.
    pub labels: Vec<String>,
    /// Carries any of these.
    pub labels_any: Vec<String>,
    /// Of this type, even one that is not usually work.
    pub issue_type: Option<String>,
    /// Anywhere below this bead; the parts of a wisp count then.
    pub parent: Option<String>,
    /// Of this store.
    pub store: Option<String>,
    /// With this molecule type.
    pub mol_type: Option<String>,
    /// `external:` targets that are known not to be provided, besides those of this ledger's own stores.
    pub missing: Vec<String>,
    /// Also what was put off until later.
    pub include_deferred: bool,
    /// The order.
    pub sort: ReadySort,
    /// At most so many.
    pub limit: Option<usize>,
}

/// How far below a bead its parts are gathered before it is cheaper to ask each ready bead what it is part of.
const GATHER: usize = 2_000;

pub(super) fn ready(conn: &Connection, filter: &ReadyFilter) -> Result<Vec<Bead>> {
    let now = Timestamp::now();
    let mut sql = Where::default();
    sql.term("b.status IN ('open', 'in_progress') AND b.blocked = 0 AND b.pinned = 0");
    let mut ancestor = None;
    if let Some(parent) = &filter.parent {
        let parent = store::get(conn, parent)?;
        sql.term(format!("b.ephemeral = {}", u8::from(parent.ephemeral)));
        match parts_of(conn, &parent.id, GATHER)? {
            Some(parts) if parts.is_empty() => return Ok(Vec::new()),
            Some(parts) => sql.any_of("b.id", false, parts.iter().map(String::as_str)),
            None => ancestor = Some(parent.id),
        }
    } else {
        sql.term("b.ephemeral = 0");
    }
    match &filter.issue_type {
        Some(kind) => sql.with("b.issue_type = ?", kind.clone()),
        None => sql.term(format!("b.issue_type NOT IN ('{}')", NOT_WORK.join("', '"))),
    }
    if let Some(priority) = filter.priority {
        sql.with("b.priority = ?", priority);
    }
    if let Some(assignee) = &filter.assignee {
        sql.term("b.assignee <> ''");
        sql.with("b.assignee = ?", assignee.clone());
    }
    if filter.unassigned {
        sql.term("b.assignee = ''");
    }
    sql.labels(conn, &filter.labels, &filter.labels_any)?;
    if let Some(store) = &filter.store {
        sql.with("b.store = ?", store.clone());
    }
    if let Some(kind) = &filter.mol_type {
        sql.mol_type(kind);
    }
    let missing = external::missing(conn, &filter.missing)?;
    if !missing.is_empty() {
        sql.lacking(&missing);
    }
    if !filter.include_deferred {
        sql.with("(b.defer_ns IS NULL OR b.defer_ns <= ?)", now.unix_nanos());
    }
    // Without a choice of few beads to begin with, an index of ready beads gives them in order; SQLite by itself would rather
    // gather all open ones and sort them.
    let few = filter.parent.is_some()
        || filter.assignee.is_some()
        || !filter.labels.is_empty()
        || !filter.labels_any.is_empty();
    let by = |index: &'static str| if few { "" } else { index };
    let (by_priority, by_age) = (by("INDEXED BY beads_ready"), by("INDEXED BY beads_ready_age"));
    let recent = now.plus_seconds(-48 * 3600).unix_nanos();
    let passes: Vec<(String, &str, &str)> = match filter.sort {
        ReadySort::Hybrid => vec![
            (
                format!(" AND b.created_ns >= {recent}"),
                "ORDER BY b.priority, b.created_ns",
                if many_since(conn, recent)? { by_priority } else { by_age },
            ),
            (format!(" AND b.created_ns < {recent}"), "ORDER BY b.created_ns", by_age),
        ],
        ReadySort::Priority => vec![(String::new(), "ORDER BY b.priority, b.created_ns", by_priority)],
        ReadySort::Oldest => vec![(String::new(), "ORDER BY b.created_ns", by_age)],
    };
    let mut found = Vec::new();
    for (condition, order, index) in passes {
        let left = filter.limit.map(|limit| limit.saturating_sub(found.len()));
        if left == Some(0) {
            break;
        }
        // Which of them are below the ancestor is known only row by row.
        let count = if ancestor.is_some() { None } else { left };
        let tail = format!("{}{condition} {order}{}", sql.sql(), limit(count));
        let Some(ancestor) = &ancestor else {
            found.extend(row::select_by(conn, index, &tail, &sql.params(), Links::None)?);
            continue;
        };
        let mut statement =
            conn.prepare_cached(&format!("SELECT {} FROM beads b JOIN texts t ON t.n = b.n {tail}", row::COLUMNS))?;
        let mut rows = statement.query(sql.params().as_slice())?;
        while let Some(row) = rows.next()? {
            if filter.limit.is_some_and(|limit| found.len() >= limit) {
                break;
            }
            if is_part_of(conn, row.get_ref(1)?.as_str().unwrap_or_default(), ancestor)? {
                found.push(row::bead(row)?);
            }
        }
    }
    row::links(conn, &mut found, Links::Labels)?;
    Ok(found)
}

/// Whether so many ready beads are newer than `time` that looking through them in the order wanted is cheaper than sorting them.
fn many_since(conn: &Connection, time: i64) -> Result<bool> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 FROM beads INDEXED BY beads_ready_age WHERE status IN ('open', 'in_progress') AND blocked = 0 \
             AND ephemeral = 0 AND pinned = 0 AND created_ns >= ?1 LIMIT 1 OFFSET 300",
        )?
        .exists([time])?)
}

/// Everything below `id`, or `None` when that is more than `most`.
fn parts_of(conn: &Connection, id: &str, most: usize) -> Result<Option<Vec<String>>> {
    let mut below = conn.prepare_cached("SELECT issue FROM deps WHERE depends_on = ?1 AND type = 'parent-child'")?;
    let mut seen = HashSet::from([id.to_owned()]);
    let mut open = vec![id.to_owned()];
    let mut parts = Vec::new();
    while let Some(id) = open.pop() {
        let mut rows = below.query([&id])?;
        while let Some(row) = rows.next()? {
            let part: String = row.get(0)?;
            if seen.insert(part.clone()) {
                if parts.len() >= most {
                    return Ok(None);
                }
                parts.push(part.clone());
                open.push(part);
            }
        }
    }
    Ok(Some(parts))
}

fn is_part_of(conn: &Connection, id: &str, ancestor: &str) -> Result<bool> {
    let mut above = conn.prepare_cached("SELECT depends_on FROM deps WHERE issue = ?1 AND type = 'parent-child'")?;
    let mut seen = HashSet::new();
    let mut open = vec![id.to_owned()];
    while let Some(id) = open.pop() {
        let mut rows = above.query([&id])?;
        while let Some(row) = rows.next()? {
            let parent: String = row.get(0)?;
            if parent == ancestor {
                return Ok(true);
            }
            if seen.insert(parent.clone()) {
                open.push(parent);
            }
        }
    }
    Ok(false)
}
