//! Questions to the ledger: which beads pass a filter.

use rusqlite::Connection;
use rusqlite::types::ToSql;

use super::model::{Bead, Status};
use super::row::{self, Links};
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

/// A WHERE clause in the making.
#[derive(Default)]
pub(super) struct Where {
    terms: Vec<String>,
    params: Vec<Box<dyn ToSql>>,
}

impl Where {
    pub(super) fn term(&mut self, sql: impl Into<String>) {
        self.terms.push(sql.into());
    }

    /// Adds a term in which `?` stands for `value`.
    pub(super) fn with(&mut self, sql: &str, value: impl ToSql + 'static) {
        self.params.push(Box::new(value));
        self.terms.push(sql.replace('?', &format!("?{}", self.params.len())));
    }

    pub(super) fn any_of<'v>(&mut self, column: &str, not: bool, values: impl Iterator<Item = &'v str>) {
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

    pub(super) fn mol_type(&mut self, kind: &str) {
        self.with("t.more <> '' AND json_extract(t.more, '$.mol_type') = ?", kind.to_owned());
    }

    /// Only what is not blocked by one of these `external:` targets.
    pub(super) fn lacking(&mut self, targets: &[String]) {
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

    pub(super) fn labels(&mut self, conn: &Connection, all: &[String], any: &[String]) -> Result<()> {
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

    pub(super) fn sql(&self) -> String {
        if self.terms.is_empty() { String::new() } else { format!("WHERE {}", self.terms.join(" AND ")) }
    }

    pub(super) fn params(&self) -> Vec<&dyn ToSql> {
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

pub(super) fn limit(count: Option<usize>) -> String {
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
