//! Pouring: every step of a cooked formula becomes a bead, all in one transaction.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use super::super::cook::{Cooked, Mode};
use super::super::model::{Gate, Step};
use super::super::timeout;
use super::{MOLECULE, WISP};
use crate::base::{Error, Result};
use crate::ledger::{Bulk, Made, NewBead, ON_COMPLETE, On, Tx, dep_type};

/// How a formula is poured.
#[derive(Debug, Clone, Default)]
pub struct Pour {
    /// The store the beads belong to.
    pub store: String,
    /// Who does the molecule as a whole.
    pub assignee: String,
    /// As a wisp: never exported.
    pub wisp: bool,
    /// As a pattern (a proto): placeholders stay, nothing of it is work.
    pub template: bool,
    /// The root's id where one is wanted; the steps' ids follow from it and their names.
    pub root_id: Option<String>,
}

/// What was poured.
#[derive(Debug, Clone)]
pub struct Poured {
    /// The molecule's root.
    pub root: String,
    /// The formula's name.
    pub formula: String,
    /// Step names and the beads they became, gates included, in the order in which they were made; only the first [`LISTED`].
    pub ids: Vec<(String, String)>,
    created: usize,
}

/// Where the beads of a pattern keep their conditions, in their metadata.
pub(super) const CONDITION: &str = "condition";

/// A molecule of more beads is not listed step by step where it is poured.
pub const LISTED: usize = 10_000;

impl Poured {
    /// How many beads were made.
    pub fn created(&self) -> usize {
        self.created
    }

    /// Whether `ids` has all of them.
    pub fn is_listed(&self) -> bool {
        self.created == self.ids.len()
    }
}

/// Makes the beads of a cooked formula.
///
/// # Errors
/// When the formula was cooked without values, or the ledger refuses a bead.
pub fn pour(tx: &mut Tx<'_>, cooked: &Cooked, options: &Pour) -> Result<Poured> {
    if cooked.mode != Mode::Runtime && !options.template {
        return Err(Error::failed("a formula can only be poured with the values of its variables"));
    }
    let steps = cooked.steps();
    let poured = Poured { root: String::new(), formula: cooked.formula.formula.clone(), ids: Vec::new(), created: 0 };
    let beads = tx.bulk(&options.store, steps.len())?;
    let mut pouring = Pouring { beads, options, poured, taken: HashSet::new() };
    let root = pouring.root(cooked)?;
    let twins = twins(&steps);
    // Only a step that waits for the children of another names it.
    let waits = steps.iter().any(|step| !step.waits_for.is_empty());
    let numbers: HashMap<&str, usize> = match waits {
        true => steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect(),
        false => HashMap::new(),
    };
    let mut beads: Vec<Option<Made>> = vec![None; steps.len()];
    for at in cooked.graph.order() {
        let step = steps[at];
        let parent = cooked.graph.parent(at).and_then(|parent| beads[parent].as_ref()).unwrap_or(&root);
        let mut on = vec![On::new(parent, dep_type::PARENT_CHILD)];
        let path = if pouring.wants_paths() { path(cooked, &steps, at) } else { String::new() };
        let gate = step.gate.as_ref().map(|gate| pouring.gate(step, &path, gate, parent)).transpose()?;
        on.extend(gate.as_ref().map(|gate| On::new(gate, dep_type::BLOCKS)));
        let mut needs = cooked.graph.needs(at).filter_map(|need| beads[need].as_ref());
        on.extend(needs.by_ref().map(|need| On::new(need, dep_type::BLOCKS)));
        if !step.waits_for.is_empty() {
            let first = cooked.graph.needs(at).next();
            let spawner = spawner(step, &numbers, first).and_then(|at| beads[at].as_ref());
            on.extend(spawner.map(|spawner| wait(step, spawner)));
        }
        let twin = twins.get(&content(step)).is_some_and(|count| *count > 1);
        let made = pouring.step(step, &path, &on, twin, cooked)?;
        beads[at] = Some(made);
    }
    let Pouring { beads, poured, .. } = pouring;
    beads.finish()?;
    tx.event("poured", Some(&poured.root), json!({"formula": cooked.formula.formula, "created": poured.created()}))?;
    Ok(poured)
}

fn content(step: &Step) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&step.title, &step.description).hash(&mut hasher);
    hasher.finish()
}

/// How often each content occurs. Other beads programs take beads of equal content for one, so equal steps are told apart by a note.
fn twins(steps: &[&Step]) -> HashMap<u64, u32> {
    let mut counts = HashMap::with_capacity(steps.len());
    for step in steps {
        *counts.entry(content(step)).or_default() += 1;
    }
    counts
}

/// A step's name behind those of the steps it is a part of: `build.api`.
fn path(cooked: &Cooked, steps: &[&Step], at: usize) -> String {
    let mut path = steps[at].id.clone();
    let mut child = at;
    while let Some(parent) = cooked.graph.parent(child) {
        let whole = &steps[parent].id;
        // Expansions give their steps such names already.
        if !path.strip_prefix(whole.as_str()).is_some_and(|rest| rest.starts_with('.')) {
            path = format!("{whole}.{path}");
        }
        child = parent;
    }
    path
}

/// An id below `root` for the step with this path. Other programs store no more than three levels, so what is deeper stands behind hyphens.
fn id_below(root: &str, path: &str) -> String {
    const LEVELS: usize = 3;
    let mut left = LEVELS.saturating_sub(root.matches('.').count());
    let mut id = root.to_owned();
    for part in path.split('.').map(slug).filter(|part| !part.is_empty()) {
        id.push(if left > 0 { '.' } else { '-' });
        id.push_str(&part);
        left = left.saturating_sub(1);
    }
    id
}

struct Pouring<'t, 'c> {
    beads: Bulk<'t, 'c>,
    options: &'t Pour,
    poured: Poured,
    /// Ids given to steps, where they are made of their names.
    taken: HashSet<String>,
}

impl Pouring<'_, '_> {
    fn wants_paths(&self) -> bool {
        self.options.root_id.is_some() || self.poured.ids.len() < LISTED
    }

    fn make(&mut self, name: &str, mut bead: NewBead, on: &[On<'_>]) -> Result<Made> {
        bead.ephemeral = self.options.wisp;
        bead.is_template = self.options.template;
        match (&self.options.root_id, self.poured.root.as_str()) {
            (None, _) => bead.id_infix = Some(if self.options.wisp { WISP } else { MOLECULE }.to_owned()),
            (Some(id), "") => bead.id = Some(id.clone()),
            (Some(_), root) => {
                let wanted = id_below(root, name);
                let mut id = wanted.clone();
                let mut number = 2;
                while !self.taken.insert(id.clone()) {
                    id = format!("{wanted}-{number}");
                    number += 1;
                }
                bead.id = Some(id);
            }
        }
        let made = self.beads.add(bead, on)?;
        if self.poured.ids.len() < LISTED {
            self.poured.ids.push((name.to_owned(), made.id.to_string()));
        }
        self.poured.created += 1;
        Ok(made)
    }

    fn root(&mut self, cooked: &Cooked) -> Result<Made> {
        let formula = &cooked.formula;
        let value = |name: &str, or: &str| cooked.values.get(name).map_or_else(|| or.to_owned(), Clone::clone);
        let mut extra = serde_json::Map::new();
        extra.insert("source_formula".into(), formula.formula.clone().into());
        extra.insert("metadata".into(), json!({"formula": formula.formula, "vars": cooked.values}));
        let bead = NewBead {
            title: value("title", &formula.formula),
            description: value("desc", &formula.description),
            issue_type: "epic".into(),
            assignee: self.options.assignee.clone(),
            labels: if self.options.template { vec!["template".into()] } else { Vec::new() },
            extra,
            ..NewBead::default()
        };
        let made = self.make(&formula.formula, bead, &[])?;
        self.poured.root = made.id.to_string();
        Ok(made)
    }

    fn step(&mut self, step: &Step, path: &str, on: &[On<'_>], twin: bool, cooked: &Cooked) -> Result<Made> {
        let mut metadata = step.metadata.as_deref().cloned().unwrap_or_default();
        if let Some(on_complete) = &step.on_complete {
            metadata.insert(ON_COMPLETE.into(), serde_json::to_value(on_complete)?);
        }
        // Whether the step is left out is only known when the pattern is poured.
        if self.options.template && !step.condition.is_empty() {
            metadata.insert(CONDITION.into(), step.condition.clone().into());
        }
        if !step.output.is_empty() {
            metadata.insert("output".into(), step.output.clone().into());
        }
        let mut extra = serde_json::Map::new();
        if !metadata.is_empty() {
            extra.insert("metadata".into(), Value::Object(metadata));
        }
        let mut labels = step.labels.clone();
        if !step.waits_for.is_empty() {
            labels.push(format!("gate:{}", step.waits_for));
        }
        let notes = match (twin, step.notes.is_empty()) {
            (false, _) => step.notes.clone(),
            (true, true) => format!("Step {} of {}", step.id, cooked.formula.formula),
            (true, false) => format!("{}\n\nStep {} of {}", step.notes, step.id, cooked.formula.formula),
        };
        let bead = NewBead {
            title: if step.title.is_empty() { step.id.clone() } else { step.title.clone() },
            description: step.description.clone(),
            design: step.design.clone(),
            acceptance_criteria: step.acceptance.clone(),
            notes,
            issue_type: bead_type(step).to_owned(),
            priority: step.priority,
            assignee: step.assignee.clone(),
            labels,
            extra,
            ..NewBead::default()
        };
        self.make(path, bead, on).map_err(|error| in_step(error, step))
    }

    fn gate(&mut self, step: &Step, path: &str, gate: &Gate, parent: &Made) -> Result<Made> {
        let title = format!("Gate: {} {}", gate.kind, gate.id);
        let bead = NewBead {
            title: title.trim_end().to_owned(),
            description: format!("Async gate for step {}", step.id),
            issue_type: "gate".into(),
            await_type: gate.kind.clone(),
            await_id: gate.id.clone(),
            timeout: timeout::parse(&gate.timeout).unwrap_or_default(),
            ..NewBead::default()
        };
        let whole = path.strip_suffix(step.id.as_str()).unwrap_or_default();
        self.make(&format!("{whole}gate-{}", step.id), bead, &[On::new(parent, dep_type::PARENT_CHILD)])
            .map_err(|error| in_step(error, step))
    }
}

fn in_step(error: Error, step: &Step) -> Error {
    error.context(format!("step {}", step.id))
}

/// Whose children `waits_for` waits for: those of the step it names, else of the first step needed.
fn spawner(step: &Step, numbers: &HashMap<&str, usize>, first_need: Option<usize>) -> Option<usize> {
    match step.waits_for.strip_prefix("children-of(").and_then(|rest| rest.strip_suffix(')')) {
        Some(name) => numbers.get(name).copied(),
        None => first_need,
    }
}

fn wait<'m>(step: &Step, spawner: &'m Made) -> On<'m> {
    let gate = if step.waits_for == "any-children" { "any-children" } else { "all-children" };
    let metadata = json!({"gate": gate, "spawner_id": spawner.id}).to_string();
    On { metadata, ..On::new(spawner, dep_type::WAITS_FOR) }
}

fn bead_type(step: &Step) -> &str {
    match step.kind.as_str() {
        _ if !step.children.is_empty() => "epic",
        kind @ ("bug" | "feature" | "epic" | "chore") => kind,
        _ => "task",
    }
}

/// A step's name as a part of an id.
pub(super) fn slug(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == '_' => out.push(c.to_ascii_lowercase()),
            _ if out.ends_with('-') || out.is_empty() => {}
            _ => out.push('-'),
        }
    }
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::id_below;

    #[test]
    fn ids_are_never_deeper_than_other_programs_store() {
        for (root, path, id) in [
            ("mol-ship", "build.api", "mol-ship.build.api"),
            ("mol-ship", "retry.iter1.Try it", "mol-ship.retry.iter1.try-it"),
            ("mol-ship", "a.b.c.d.e", "mol-ship.a.b.c-d-e"),
            ("gt-mol-x1.arm-ace", "a.b.c", "gt-mol-x1.arm-ace.a.b-c"),
            ("gt-mol-x1.a.b.c", "d", "gt-mol-x1.a.b.c-d"),
        ] {
            assert_eq!(id_below(root, path), id);
        }
    }
}
