//! Pouring: every step of a cooked formula becomes a bead, all in one transaction.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use super::super::cook::{Cooked, Mode};
use super::super::model::{Gate, Step};
use super::super::timeout;
use super::{MOLECULE, WISP};
use crate::base::{Error, Result, ResultExt};
use crate::ledger::{NewBead, NewDep, Tx, dep_type};

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
    /// Step names and the beads they became, gates included, in the order in which they were made.
    pub ids: Vec<(String, String)>,
}

impl Poured {
    /// How many beads were made.
    pub fn created(&self) -> usize {
        self.ids.len()
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
    let mut pouring = Pouring { tx, options, poured: Poured { root: String::new(), ids: Vec::new() } };
    pouring.root(cooked)?;
    let twins = twins(&steps);
    let mut beads: Vec<String> = vec![String::new(); steps.len()];
    for at in cooked.graph.order() {
        let step = steps[at];
        let parent = match cooked.graph.parent(at) {
            Some(parent) => beads[parent].clone(),
            None => pouring.poured.root.clone(),
        };
        let mut deps = vec![NewDep::new(parent.clone(), dep_type::PARENT_CHILD)];
        if let Some(gate) = &step.gate {
            deps.push(NewDep::new(pouring.gate(step, gate, &parent)?, dep_type::BLOCKS));
        }
        let before = cooked.graph.needs(at).map(|need| NewDep::new(beads[need].clone(), dep_type::BLOCKS));
        deps.extend(before);
        if !step.waits_for.is_empty() {
            deps.extend(pouring.wait(step, cooked.graph.needs(at).next().map(|need| beads[need].as_str())));
        }
        let twin = twins.get(&content(step)).is_some_and(|count| *count > 1);
        beads[at] = pouring.step(step, deps, twin, cooked)?;
    }
    let poured = pouring.poured;
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

struct Pouring<'t, 'c> {
    tx: &'t mut Tx<'c>,
    options: &'t Pour,
    poured: Poured,
}

impl Pouring<'_, '_> {
    fn make(&mut self, name: &str, mut bead: NewBead) -> Result<String> {
        bead.ephemeral = self.options.wisp;
        bead.is_template = self.options.template;
        match (&self.options.root_id, self.poured.root.as_str()) {
            (None, _) => bead.id_infix = Some(if self.options.wisp { WISP } else { MOLECULE }.to_owned()),
            (Some(id), "") => bead.id = Some(id.clone()),
            (Some(_), root) => bead.id = Some(format!("{root}.{}", slug(name))),
        }
        let made = self.tx.create(&self.options.store, bead).with_context(|| format!("step {name}"))?;
        self.poured.ids.push((name.to_owned(), made.id.clone()));
        Ok(made.id)
    }

    fn root(&mut self, cooked: &Cooked) -> Result<()> {
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
        self.poured.root = self.make(&formula.formula, bead)?;
        Ok(())
    }

    fn step(&mut self, step: &Step, deps: Vec<NewDep>, twin: bool, cooked: &Cooked) -> Result<String> {
        let mut metadata = step.metadata.as_deref().cloned().unwrap_or_default();
        if let Some(on_complete) = &step.on_complete {
            metadata.insert("on_complete".into(), serde_json::to_value(on_complete)?);
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
            deps,
            extra,
            ..NewBead::default()
        };
        self.make(&step.id, bead)
    }

    fn gate(&mut self, step: &Step, gate: &Gate, parent: &str) -> Result<String> {
        let title = format!("Gate: {} {}", gate.kind, gate.id);
        let bead = NewBead {
            title: title.trim_end().to_owned(),
            description: format!("Async gate for step {}", step.id),
            issue_type: "gate".into(),
            deps: vec![NewDep::new(parent, dep_type::PARENT_CHILD)],
            await_type: gate.kind.clone(),
            await_id: gate.id.clone(),
            timeout: timeout::parse(&gate.timeout).unwrap_or_default(),
            ..NewBead::default()
        };
        self.make(&format!("gate-{}", step.id), bead)
    }

    /// What `waits_for` waits for: the children of the step it names, else of the first step needed.
    fn wait(&self, step: &Step, first_need: Option<&str>) -> Option<NewDep> {
        let named = step.waits_for.strip_prefix("children-of(").and_then(|rest| rest.strip_suffix(')'));
        let spawner = match named {
            Some(name) => self.poured.ids.iter().find(|(step, _)| step == name).map(|(_, id)| id.as_str())?,
            None => first_need?,
        };
        let gate = if step.waits_for == "any-children" { "any-children" } else { "all-children" };
        let metadata = json!({"gate": gate, "spawner_id": spawner}).to_string();
        Some(NewDep { metadata, ..NewDep::new(spawner, dep_type::WAITS_FOR) })
    }
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
