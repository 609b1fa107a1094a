//! Questions to the ledger: which beads pass a filter, which are ready, what blocks one.

use std::collections::{HashMap, HashSet};

use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension};

use super::model::{Bead, Status};
use super::row::{self, Links};
use super::{external, store};
use crate::base::{Result, Timestamp};

/// Types that stand for something else than work to pick up.
pub const NOT_WORK: [&str; 6] = ["merge-request", "gate", "molecule", "message", "agent", "convoy"];

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Most urgent first, then newest.
    #[default]
    Priority,
    /// Newest first.
    Created,
    /// Last changed first.
    Updated,
    /// Last closed first.
    Closed,
    /// By status, then priority.
    Status,
    /// By id.
    Id,
    /// By title.
    Title,
    /// By type, then priority.
    Type,
    /// By assignee, then priority.
    Assignee,
}

/// What to list. The default is every bead that is neither closed nor deleted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Any of these; when empty, everything that is not done.
    pub statuses: Vec<Status>,
    /// With no `statuses`: closed ones too.
    pub closed: bool,
    /// With no `statuses`: deleted ones too.
    pub tombstones: bool,
    /// Any of these types.
    pub types: Vec<String>,
    /// None of these types.
    pub not_types: Vec<String>,
    /// Exactly this priority.
    pub priority: Option<u8>,
    /// At least this number.
    pub priority_min: Option<u8>,
    /// At most this number.
    pub priority_max: Option<u8>,
    /// Assigned to them.
    pub assignee: Option<String>,
    /// Assigned to nobody.
    pub unassigned: bool,
    /// Carries all of these.
    pub labels: Vec<String>,
    /// Carries any of these.
    pub labels_any: Vec<String>,
    /// Carries none at all.
    pub no_labels: bool,
    /// Direct parts of this bead.
    pub parent: Option<String>,
    /// Only these ids.
    pub ids: Vec<String>,
    /// Of this store.
    pub store: Option<String>,
    /// With this molecule type.
    pub mol_type: Option<String>,
    /// Id, title or description contain it, whatever the case.
    pub text: Option<String>,
    /// The title contains it.
    pub title_contains: Option<String>,
    /// The description contains it.
    pub description_contains: Option<String>,
    /// The notes contain it.
    pub notes_contains: Option<String>,
    /// Has no description.
    pub empty_description: bool,
    /// Bounds on times, each (field, after, before).
    pub times: Vec<(TimeField, Option<Timestamp>, Option<Timestamp>)>,
    /// Due in the past and not closed.
    pub overdue: bool,
    /// Put off: by its status or until a time to come.
    pub deferred: bool,
    /// Pinned or not.
    pub pinned: Option<bool>,
    /// Patterns or not.
    pub templates: Option<bool>,
    /// Wisps or not.
    pub ephemeral: Option<bool>,
    /// Kept back by a dependency or not.
    pub blocked: Option<bool>,
    /// The order.
    pub sort: Sort,
    /// The other way round.
    pub reverse: bool,
    /// At most so many.
    pub limit: Option<usize>,
}

/// A time of a bead that can be bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeField {
    /// `created_at`
    Created,
    /// `updated_at`
    Updated,
    /// `closed_at`
    Closed,
    /// `due_at`
    Due,
    /// `defer_until`
    Defer,
}

impl TimeField {
    fn column(self) -> &'static str {
        match self {
            Self::Created => "b.created_ns",
            Self::Updated => "b.updated_ns",
            Self::Closed => "b.closed_ns",
            Self::Due => "b.due_ns",
            Self::Defer => "b.defer_ns",
        }
    }
}

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

/// A WHERE clause in the making.
#[derive(Default)]
struct Where {
    terms: Vec<String>,
    params: Vec<Box<dyn ToSql>>,
}

impl Where {
    fn term(&mut self, sql: impl Into<String>) {
        self.terms.push(sql.into());
    }

    /// Adds a term in which `?` stands for `value`.
    fn with(&mut self, sql: &str, value: impl ToSql + 'static) {
        self.params.push(Box::new(value));
        self.terms.push(sql.replace('?', &format!("?{}", self.params.len())));
    }

    fn any_of<'v>(&mut self, column: &str, not: bool, values: impl Iterator<Item = &'v str>) {
        let marks: Vec<String> = values
            .map(|value| {
                self.params.push(Box::new(value.to_owned()));
                format!("?{}", self.params.len())
            })
            .collect();
        if !marks.is_empty() {
            self.terms.push(format!("{column} {}IN ({})", if not { "NOT " } else { "" }, marks.join(", ")));
        }
    }

    fn mol_type(&mut self, kind: &str) {
        self.with("t.more <> '' AND json_extract(t.more, '$.mol_type') = ?", kind.to_owned());
    }

    /// Only what is not blocked by one of these `external:` targets.
    fn lacking(&mut self, targets: &[String]) {
        let marks: Vec<String> = targets
            .iter()
            .map(|target| {
                self.params.push(Box::new(target.clone()));
                format!("?{}", self.params.len())
            })
            .collect();
        let marks = marks.join(", ");
        self.terms
            .push(format!("b.id NOT IN (SELECT issue FROM deps WHERE depends_on IN ({marks}) AND type = 'blocks')"));
    }

    fn contains(&mut self, columns: &str, text: &str) {
        let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let sql = columns.split(' ').map(|c| format!("{c} LIKE ? ESCAPE '\\'")).collect::<Vec<_>>().join(" OR ");
        self.with(&format!("({sql})"), format!("%{escaped}%"));
    }

    fn labels(&mut self, conn: &Connection, all: &[String], any: &[String]) -> Result<()> {
        for label in all {
            // A rare label leads to its few beads; for a common one it is cheaper to ask each bead in turn.
            let common =
                conn.prepare_cached("SELECT 1 FROM labels WHERE label = ?1 LIMIT 1 OFFSET 500")?.exists([label])?;
            let sql = if common {
                "EXISTS(SELECT 1 FROM labels l WHERE l.bead = b.id AND l.label = ?)"
            } else {
                "b.id IN (SELECT bead FROM labels WHERE label = ?)"
            };
            self.with(sql, label.clone());
        }
        if !any.is_empty() {
            let marks: Vec<String> = any
                .iter()
                .map(|label| {
                    self.params.push(Box::new(label.clone()));
                    format!("?{}", self.params.len())
                })
                .collect();
            self.terms.push(format!("b.id IN (SELECT bead FROM labels WHERE label IN ({}))", marks.join(", ")));
        }
        Ok(())
    }

    fn sql(&self) -> String {
        if self.terms.is_empty() { String::new() } else { format!("WHERE {}", self.terms.join(" AND ")) }
    }

    fn params(&self) -> Vec<&dyn ToSql> {
        self.params.iter().map(AsRef::as_ref).collect()
    }
}

fn conditions(conn: &Connection, filter: &Filter) -> Result<Where> {
    let mut sql = Where::default();
    if filter.statuses.is_empty() {
        match (filter.closed, filter.tombstones) {
            (true, true) => {}
            (true, false) => sql.term("b.status <> 'tombstone'"),
            (false, true) => sql.term("b.status <> 'closed'"),
            (false, false) => sql.term("b.status NOT IN ('closed', 'tombstone')"),
        }
    } else if filter.statuses.iter().any(Status::is_done) {
        sql.any_of("b.status", false, filter.statuses.iter().map(Status::as_str));
    } else {
        // The index of unfinished beads gives them in order; the plus keeps SQLite from sorting the index by status instead.
        sql.term("b.status NOT IN ('closed', 'tombstone')");
        sql.any_of("+b.status", false, filter.statuses.iter().map(Status::as_str));
    }
    sql.any_of("b.issue_type", false, filter.types.iter().map(String::as_str));
    sql.any_of("b.issue_type", true, filter.not_types.iter().map(String::as_str));
    sql.any_of("b.id", false, filter.ids.iter().map(String::as_str));
    if let Some(priority) = filter.priority {
        sql.with("b.priority = ?", priority);
    }
    if let Some(priority) = filter.priority_min {
        sql.with("b.priority >= ?", priority);
    }
    if let Some(priority) = filter.priority_max {
        sql.with("b.priority <= ?", priority);
    }
    if let Some(assignee) = &filter.assignee {
        sql.term("b.assignee <> ''");
        sql.with("b.assignee = ?", assignee.clone());
    }
    if filter.unassigned {
        sql.term("b.assignee = ''");
    }
    sql.labels(conn, &filter.labels, &filter.labels_any)?;
    if filter.no_labels {
        sql.term("NOT EXISTS(SELECT 1 FROM labels l WHERE l.bead = b.id)");
    }
    if let Some(parent) = &filter.parent {
        let parent = super::ids::resolve(conn, parent)?;
        sql.with("b.id IN (SELECT issue FROM deps WHERE depends_on = ? AND type = 'parent-child')", parent);
    }
    if let Some(store) = &filter.store {
        sql.with("b.store = ?", store.clone());
    }
    if let Some(kind) = &filter.mol_type {
        sql.mol_type(kind);
    }
    for (columns, text) in [
        ("b.id b.title t.description", &filter.text),
        ("b.title", &filter.title_contains),
        ("t.description", &filter.description_contains),
        ("t.notes", &filter.notes_contains),
    ] {
        if let Some(text) = text {
            sql.contains(columns, text);
        }
    }
    if let Some(text) = &filter.text
        && let Some(rows) = super::search::candidates(conn, text)?
    {
        let rows: Vec<String> = rows.iter().map(i64::to_string).collect();
        sql.term(format!("b.n IN ({})", rows.join(", ")));
    }
    if filter.empty_description {
        sql.term("t.description = ''");
    }
    for (field, after, before) in &filter.times {
        if let Some(after) = after {
            sql.with(&format!("{} > ?", field.column()), after.unix_nanos());
        }
        if let Some(before) = before {
            sql.with(&format!("{} < ?", field.column()), before.unix_nanos());
        }
    }
    if filter.overdue {
        sql.with("b.due_ns < ? AND b.status <> 'closed'", Timestamp::now().unix_nanos());
    }
    if filter.deferred {
        sql.with("(b.status = 'deferred' OR b.defer_ns > ?)", Timestamp::now().unix_nanos());
    }
    for (column, wanted) in [
        ("b.pinned", filter.pinned),
        ("b.is_template", filter.templates),
        ("b.ephemeral", filter.ephemeral),
        ("b.blocked", filter.blocked),
    ] {
        if let Some(wanted) = wanted {
            sql.term(format!("{column} = {}", u8::from(wanted)));
        }
    }
    if filter.blocked == Some(true) {
        // Blocked beads are few among the unfinished: an index knows which, so that the others need not be looked at.
        sql.term("b.n IN (SELECT n FROM beads INDEXED BY beads_status WHERE blocked = 1)");
    }
    Ok(sql)
}

fn order(sort: Sort, reverse: bool) -> String {
    let columns: &[(&str, bool)] = match sort {
        Sort::Priority => &[("b.priority", false), ("b.created_ns", true)],
        Sort::Created => &[("b.created_ns", true)],
        Sort::Updated => &[("b.updated_ns", true)],
        Sort::Closed => &[("b.closed_ns", true)],
        Sort::Status => &[("b.status", false), ("b.priority", false)],
        Sort::Id => &[("b.id", false)],
        Sort::Title => &[("b.title COLLATE NOCASE", false)],
        Sort::Type => &[("b.issue_type", false), ("b.priority", false)],
        Sort::Assignee => &[("b.assignee", false), ("b.priority", false)],
    };
    let keys: Vec<String> = columns
        .iter()
        .map(|(column, down)| format!("{column} {}", if *down == reverse { "ASC" } else { "DESC" }))
        .collect();
    format!("ORDER BY {}", keys.join(", "))
}

fn limit(count: Option<usize>) -> String {
    count.map_or_else(String::new, |count| format!(" LIMIT {count}"))
}

pub(super) fn list(conn: &Connection, filter: &Filter, links: Links) -> Result<Vec<Bead>> {
    let sql = conditions(conn, filter)?;
    let tail = format!("{} {}{}", sql.sql(), order(filter.sort, filter.reverse), limit(filter.limit));
    row::select(conn, &tail, &sql.params(), links)
}

pub(super) fn count(conn: &Connection, filter: &Filter) -> Result<usize> {
    let sql = conditions(conn, filter)?;
    let join = if sql.terms.iter().any(|term| term.contains("t.")) { "JOIN texts t ON t.n = b.n" } else { "" };
    let count: i64 = conn
        .prepare_cached(&format!("SELECT count(*) FROM beads b {join} {}", sql.sql()))?
        .query_row(sql.params().as_slice(), |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
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
pub(super) fn parts_of(conn: &Connection, id: &str, most: usize) -> Result<Option<Vec<String>>> {
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
