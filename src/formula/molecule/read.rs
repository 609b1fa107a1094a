//! Molecules as they stand: their steps, what is done and what is next.

use std::collections::{HashMap, HashSet};

use rusqlite::params;
use serde::Serialize;

use crate::base::{Error, Result};
use crate::ledger::{Bead, Filter, Ledger, ReadyFilter, ReadySort, Status, dep_type};

/// Everything below a bead, itself included; `UNION` sees each bead once.
const PARTS: &str = "WITH RECURSIVE part(id) AS (SELECT ?1 UNION \
    SELECT d.issue FROM part JOIN deps d ON d.depends_on = part.id AND d.type = 'parent-child')";

/// A molecule with all its steps.
#[derive(Debug)]
pub struct Molecule {
    /// The root.
    pub root: Bead,
    /// Its steps, gates included, in the order in which they were made.
    pub steps: Vec<Bead>,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// Closed.
    Done,
    /// Somebody works on it.
    Current,
    /// It can be worked on.
    Ready,
    /// Something else comes first.
    Blocked,
    /// Put off, or a container whose parts are not done.
    Pending,
}

/// A step and how it stands.
#[derive(Debug, Clone)]
pub struct StepView {
    /// The step.
    pub bead: Bead,
    /// How it stands.
    pub state: StepState,
}

/// How far a molecule is.
#[derive(Debug, Clone, Serialize)]
pub struct Progress {
    /// The root.
    pub molecule_id: String,
    /// Its title.
    pub molecule_title: String,
    /// Steps in all.
    pub total: usize,
    /// Steps closed.
    pub completed: usize,
    /// Steps being worked on.
    pub in_progress: usize,
    /// The step being worked on, or the next one that can be.
    pub current_step_id: Option<String>,
    /// Percent closed.
    pub percent: f64,
}

/// A molecule on one line.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The root.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The formula it was poured from; empty when unknown.
    pub formula: String,
    /// How the root stands.
    pub status: String,
    /// Who does it.
    pub assignee: String,
    /// It is a wisp.
    pub ephemeral: bool,
    /// Steps in all.
    pub total: usize,
    /// Steps closed.
    pub completed: usize,
}

/// The formula a root was poured from.
pub(super) fn formula_of(root: &Bead) -> &str {
    root.extra.get("source_formula").and_then(|name| name.as_str()).unwrap_or_default()
}

impl Molecule {
    /// Ids of steps that have parts of their own.
    pub fn containers(&self) -> HashSet<&str> {
        self.steps.iter().filter_map(Bead::parent).collect()
    }

    /// All steps with their states.
    pub fn views(&self) -> Vec<StepView> {
        let open: HashSet<&str> =
            self.steps.iter().filter(|step| !step.status.is_done()).filter_map(Bead::parent).collect();
        let view = |step: &Bead| {
            let state = match state_of(step) {
                StepState::Ready if open.contains(step.id.as_str()) => StepState::Pending,
                state => state,
            };
            StepView { bead: step.clone(), state }
        };
        self.steps.iter().map(view).collect()
    }

    /// The variables it was poured with.
    pub fn variables(&self) -> serde_json::Value {
        let vars = self.root.extra.get("metadata").and_then(|metadata| metadata.get("vars"));
        vars.cloned().unwrap_or_else(|| serde_json::json!({}))
    }

    /// The molecules it was bonded with.
    pub fn bonded_from(&self) -> Vec<String> {
        let ids: HashSet<&str> = self.steps.iter().map(|step| step.id.as_str()).collect();
        let deps = self.root.dependencies.iter().map(|dep| dep.depends_on_id.as_str());
        let deps =
            deps.chain(self.steps.iter().filter(|step| !formula_of(step).is_empty()).map(|step| step.id.as_str()));
        let mut seen = HashSet::new();
        deps.filter(|id| !ids.contains(id) || self.steps.iter().any(|step| step.id == *id))
            .filter(|id| seen.insert(*id))
            .map(str::to_owned)
            .collect()
    }
}

/// How a bead stands, seen alone.
pub fn state_of(step: &Bead) -> StepState {
    match &step.status {
        status if status.is_done() => StepState::Done,
        Status::InProgress | Status::Hooked => StepState::Current,
        Status::Open if step.blocked => StepState::Blocked,
        Status::Open if step.issue_type == "gate" => StepState::Pending,
        Status::Open => StepState::Ready,
        Status::Blocked => StepState::Blocked,
        _ => StepState::Pending,
    }
}

/// The topmost bead that `id` is a part of; itself when it is a part of none.
///
/// # Errors
/// Not found.
pub fn root_of(ledger: &Ledger, id: &str) -> Result<String> {
    let id = ledger.resolve(id)?;
    top(ledger.conn(), id)
}

pub(super) fn top(conn: &rusqlite::Connection, mut id: String) -> Result<String> {
    let mut parents = conn.prepare_cached(
        "SELECT depends_on FROM deps WHERE issue = ?1 AND type = 'parent-child' ORDER BY depends_on LIMIT 1",
    )?;
    let mut seen = HashSet::new();
    while seen.insert(id.clone()) {
        let mut rows = parents.query([&id])?;
        match rows.next()? {
            Some(row) => id = row.get(0)?,
            None => break,
        }
    }
    Ok(id)
}

/// Loads the molecule with this root.
///
/// # Errors
/// Not found; failed when the bead has no parts.
pub fn load(ledger: &Ledger, id: &str) -> Result<Molecule> {
    let root = ledger.get(id)?;
    let ids = parts(ledger.conn(), &root.id)?;
    let mut steps = Vec::with_capacity(ids.len());
    for id in ids.iter().filter(|id| **id != root.id) {
        if let Some(step) = ledger.find(id)?
            && step.status != Status::Tombstone
        {
            steps.push(step);
        }
    }
    if steps.is_empty() {
        return Err(Error::failed(format!("{} is no molecule: it has no steps", root.id))
            .hint("make one with: bd mol pour <formula>"));
    }
    steps.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    Ok(Molecule { root, steps })
}

pub(super) fn parts(conn: &rusqlite::Connection, root: &str) -> Result<Vec<String>> {
    let mut statement = conn.prepare_cached(&format!("{PARTS} SELECT id FROM part"))?;
    Ok(statement.query_map([root], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

fn counts(ledger: &Ledger, root: &str) -> Result<(usize, usize, usize)> {
    let sql = format!(
        "{PARTS} SELECT count(*), coalesce(sum(b.status = 'closed'), 0), coalesce(sum(b.status IN ('in_progress', 'hooked')), 0) \
         FROM part JOIN beads b ON b.id = part.id WHERE part.id <> ?1 AND b.status <> 'tombstone'"
    );
    let (total, closed, busy): (i64, i64, i64) =
        ledger.conn().prepare_cached(&sql)?.query_row([root], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let number = |value: i64| usize::try_from(value).unwrap_or(0);
    Ok((number(total), number(closed), number(busy)))
}

/// The step of the molecule that can be worked on first; containers with open parts are none.
pub(super) fn next_ready(
    root: &str,
    ready: impl FnOnce(&ReadyFilter) -> Result<Vec<Bead>>,
    conn: &rusqlite::Connection,
) -> Result<Option<Bead>> {
    let filter = ReadyFilter {
        parent: Some(root.to_owned()),
        sort: ReadySort::Oldest,
        limit: Some(64),
        ..ReadyFilter::default()
    };
    for step in ready(&filter)? {
        if step.status == Status::Open && !has_open_parts(conn, &step.id)? {
            return Ok(Some(step));
        }
    }
    Ok(None)
}

pub(super) fn has_open_parts(conn: &rusqlite::Connection, id: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM deps WHERE depends_on = ?1 AND type = 'parent-child' AND active = 1";
    Ok(conn.prepare_cached(sql)?.exists([id])?)
}

/// The step of the molecule that can be worked on first, at a cost that does not grow with the molecule.
///
/// # Errors
/// When the ledger can't be read.
pub fn next_step(ledger: &Ledger, root: &str) -> Result<Option<Bead>> {
    next_ready(root, |filter| ledger.ready(filter), ledger.conn())
}

/// How far the molecule is.
///
/// # Errors
/// Not found.
pub fn progress(ledger: &Ledger, id: &str) -> Result<Progress> {
    let root = ledger.get(id)?;
    let (total, completed, in_progress) = counts(ledger, &root.id)?;
    let sql = format!(
        "{PARTS} SELECT b.id FROM part JOIN beads b ON b.id = part.id \
         WHERE part.id <> ?1 AND b.status IN ('in_progress', 'hooked') ORDER BY b.created_ns LIMIT 1"
    );
    let mut statement = ledger.conn().prepare_cached(&sql)?;
    let mut current: Option<String> = None;
    if in_progress > 0
        && let Some(row) = statement.query([&root.id])?.next()?
    {
        current = Some(row.get(0)?);
    }
    if current.is_none() {
        current = next_ready(&root.id, |filter| ledger.ready(filter), ledger.conn())?.map(|step| step.id);
    }
    #[expect(clippy::cast_precision_loss, reason = "shown to people")]
    let percent = if total == 0 { 0.0 } else { completed as f64 * 100.0 / total as f64 };
    Ok(Progress {
        molecule_id: root.id,
        molecule_title: root.title,
        total,
        completed,
        in_progress,
        current_step_id: current,
        percent,
    })
}

/// The molecules and wisps of the ledger, patterns aside, unfinished ones only unless `all`.
///
/// # Errors
/// When the ledger can't be read.
pub fn list(ledger: &Ledger, all: bool) -> Result<Vec<Summary>> {
    let types = vec!["epic".into(), "molecule".into()];
    let filter = Filter { types, closed: all, templates: Some(false), ..Filter::default() };
    let roots = ledger.list(&filter)?;
    let mut has_parent =
        ledger.conn().prepare_cached("SELECT 1 FROM deps WHERE issue = ?1 AND type = 'parent-child'")?;
    let mut out = Vec::new();
    for bead in roots {
        let poured = !formula_of(&bead).is_empty() || bead.id.contains("-mol-") || bead.id.contains("-wisp-");
        if !poured || (formula_of(&bead).is_empty() && has_parent.exists([&bead.id])?) {
            continue;
        }
        let (total, completed, _) = counts(ledger, &bead.id)?;
        out.push(Summary {
            formula: formula_of(&bead).to_owned(),
            id: bead.id,
            title: bead.title,
            status: bead.status.as_str().to_owned(),
            assignee: bead.assignee,
            ephemeral: bead.ephemeral,
            total,
            completed,
        });
    }
    Ok(out)
}

/// The unfinished molecules that `agent` works in: those assigned to it, and those with a step that is.
///
/// # Errors
/// When the ledger can't be read.
pub fn of_agent(ledger: &Ledger, agent: &str) -> Result<Vec<String>> {
    let mut roots: Vec<String> = Vec::new();
    let mut order: HashMap<String, i64> = HashMap::new();
    let mut statement = ledger.conn().prepare_cached(
        "SELECT id, updated_ns FROM beads WHERE assignee = ?1 AND status NOT IN ('closed', 'tombstone') ORDER BY updated_ns DESC",
    )?;
    let mut rows = statement.query(params![agent])?;
    while let Some(row) = rows.next()? {
        let root = top(ledger.conn(), row.get(0)?)?;
        if !order.contains_key(&root) && has_parts(ledger.conn(), &root)? {
            order.insert(root.clone(), row.get(1)?);
            roots.push(root);
        }
    }
    Ok(roots)
}

fn has_parts(conn: &rusqlite::Connection, id: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM deps WHERE depends_on = ?1 AND type = ?2";
    Ok(conn.prepare_cached(sql)?.exists([id, dep_type::PARENT_CHILD])?)
}
