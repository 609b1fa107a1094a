//! Distilling: a formula made of work that was done.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::super::convert;
use super::super::model::{Formula, FormulaType, Step, Var};
use super::super::values::{self, Values};
use super::pour::{CONDITION, slug};
use super::read::Molecule;
use crate::base::{Error, Result, ResultExt, files};
use crate::ledger::{Bead, dep_type};

/// What was distilled.
#[derive(Debug, Clone, Serialize)]
pub struct Distilled {
    /// The formula's name.
    pub formula_name: String,
    /// Its file.
    pub formula_path: PathBuf,
    /// How many steps it has.
    pub steps: usize,
    /// Its variables.
    pub variables: Vec<String>,
}

/// Writes a formula of the epic's or molecule's steps into `directory`. Where a value occurs in a text, its variable takes its place.
///
/// # Errors
/// Refused when the formula exists; when the file can't be written.
pub fn distill(molecule: &Molecule, name: &str, variables: &Values, directory: &Path) -> Result<Distilled> {
    let formula = distilled(molecule, name, variables)?;
    let name = formula.formula.clone();
    let path = directory.join(format!("{name}.formula.toml"));
    if path.exists() {
        return Err(Error::refused(format!("{} exists already", path.display())).hint("give the formula another name"));
    }
    std::fs::create_dir_all(directory).with_context(|| format!("make {}", directory.display()))?;
    files::write_atomic(&path, convert::to_toml(&formula)?.as_bytes(), 0o644)?;
    Ok(Distilled {
        formula_name: name,
        formula_path: path,
        steps: molecule.steps.len(),
        variables: variables.keys().cloned().collect(),
    })
}

/// The formula that [`distill`] writes.
///
/// # Errors
/// Wrong usage for a name that no formula can have.
pub fn distilled(molecule: &Molecule, name: &str, variables: &Values) -> Result<Formula> {
    let name = match name {
        "" => slug(&molecule.root.title),
        name => name.to_owned(),
    };
    if name.is_empty() || name.contains('/') {
        return Err(
            Error::usage(format!("{name:?} can't name a formula")).hint("give a name of letters, digits and hyphens")
        );
    }
    Ok(formula(molecule, &name, variables))
}

/// The formula that a pattern in the ledger was cooked from, as far as its beads say; its placeholders are the variables.
pub(super) fn pattern(molecule: &Molecule) -> Formula {
    let root = &molecule.root;
    let name = match super::read::formula_of(root) {
        "" => root.id.as_str(),
        name => name,
    };
    let mut formula = formula(molecule, name, &Values::new());
    let defaults = molecule.variables();
    let mut used = BTreeSet::new();
    values::names(&formula.description, &mut used);
    values::used(&formula.steps, &mut used);
    let defaults = defaults.as_object().into_iter().flatten();
    for (name, default) in defaults.filter_map(|(name, value)| Some((name, value.as_str()?))) {
        formula.vars.insert(name.clone(), Var { default: Some(default.to_owned()), ..Var::default() });
        used.remove(name);
    }
    formula.vars.extend(used.into_iter().map(|name| (name, Var { required: true, ..Var::default() })));
    formula
}

fn formula(molecule: &Molecule, name: &str, variables: &Values) -> Formula {
    // Longer values first, so that one inside another does not tear it apart.
    let mut pairs: Vec<(&String, &String)> = variables.iter().filter(|(_, value)| !value.is_empty()).collect();
    pairs.sort_by_key(|(name, value)| (std::cmp::Reverse(value.len()), *name));
    let text = |text: &str| {
        pairs
            .iter()
            .fold(text.to_owned(), |text, (name, value)| text.replace(value.as_str(), &format!("{{{{{name}}}}}")))
    };
    let names = names(&molecule.steps, molecule.root.is_template.then_some(molecule.root.id.as_str()));
    let gates: HashMap<&str, &Bead> =
        molecule.steps.iter().filter(|step| step.issue_type == "gate").map(|gate| (gate.id.as_str(), gate)).collect();
    let mut children: HashMap<&str, Vec<&Bead>> = HashMap::new();
    for step in molecule.steps.iter().filter(|step| step.issue_type != "gate") {
        children.entry(step.parent().unwrap_or(&molecule.root.id)).or_default().push(step);
    }
    let builder = Builder { names: &names, gates: &gates, children: &children, text: &text };
    let var = |value: &String| Var { description: format!("For example {value}"), required: true, ..Var::default() };
    Formula {
        formula: name.to_owned(),
        description: text(&molecule.root.description),
        version: 1,
        kind: FormulaType::Workflow,
        vars: variables.iter().map(|(name, value)| (name.clone(), var(value))).collect::<BTreeMap<_, _>>(),
        steps: builder.steps(&molecule.root.id, &mut HashSet::new()),
        ..Formula::default()
    }
}

/// A name for each step, each once: from its title, or, in a pattern, the last part of its id.
fn names<'s>(steps: &'s [Bead], pattern: Option<&str>) -> HashMap<&'s str, String> {
    let mut taken = HashSet::new();
    let mut names = HashMap::new();
    for step in steps {
        let own = pattern.and_then(|root| step.id.strip_prefix(root)).map(|rest| rest.trim_start_matches('.'));
        let base = match (own, slug(&step.title)) {
            (Some(own), _) if !own.is_empty() => own.to_owned(),
            (_, base) if base.is_empty() => "step".to_owned(),
            (_, base) => base.chars().take(60).collect(),
        };
        let mut name = base.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            name = format!("{base}-{number}");
            number += 1;
        }
        names.insert(step.id.as_str(), name);
    }
    names
}

struct Builder<'a> {
    names: &'a HashMap<&'a str, String>,
    gates: &'a HashMap<&'a str, &'a Bead>,
    children: &'a HashMap<&'a str, Vec<&'a Bead>>,
    text: &'a dyn Fn(&str) -> String,
}

impl Builder<'_> {
    fn steps(&self, parent: &str, seen: &mut HashSet<String>) -> Vec<Step> {
        if !seen.insert(parent.to_owned()) {
            return Vec::new();
        }
        let children = self.children.get(parent).map(Vec::as_slice).unwrap_or_default();
        children.iter().map(|bead| self.step(bead, seen)).collect()
    }

    fn step(&self, bead: &Bead, seen: &mut HashSet<String>) -> Step {
        let blockers = bead.dependencies.iter().filter(|dep| dep.dep_type == dep_type::BLOCKS);
        let blockers: Vec<&str> = blockers.map(|dep| dep.depends_on_id.as_str()).collect();
        let gate = blockers.iter().find_map(|id| self.gates.get(id)).map(|gate| {
            let seconds = gate.timeout / 1_000_000_000;
            Box::new(super::super::model::Gate {
                kind: gate.await_type.clone(),
                id: (self.text)(&gate.await_id),
                timeout: if seconds > 0 { format!("{seconds}s") } else { String::new() },
            })
        });
        let waited = bead.dependencies.iter().find(|dep| dep.dep_type == dep_type::WAITS_FOR);
        let any = waited.is_some_and(|dep| dep.metadata.contains("any-children"));
        let waited = waited.and_then(|dep| self.names.get(dep.depends_on_id.as_str()));
        let waits_for = match waited {
            Some(_) if any => "any-children".to_owned(),
            Some(name) => format!("children-of({name})"),
            None => String::new(),
        };
        // Whose children is said by the first need.
        let first = waited.filter(|_| any).cloned();
        let needs =
            blockers.iter().filter(|id| !self.gates.contains_key(*id)).filter_map(|id| self.names.get(id).cloned());
        let mut metadata =
            bead.extra.get("metadata").and_then(|metadata| metadata.as_object()).cloned().unwrap_or_default();
        let condition = match bead.is_template {
            true => metadata.shift_remove(CONDITION).and_then(|condition| condition.as_str().map(str::to_owned)),
            false => None,
        };
        Step {
            id: self.names.get(bead.id.as_str()).cloned().unwrap_or_default(),
            title: (self.text)(&bead.title),
            description: (self.text)(&bead.description),
            design: (self.text)(&bead.design),
            acceptance: (self.text)(&bead.acceptance_criteria),
            kind: if bead.issue_type == "task" { String::new() } else { bead.issue_type.clone() },
            priority: (bead.priority != 2).then_some(bead.priority),
            labels: bead
                .labels
                .iter()
                .filter(|label| waits_for.is_empty() || !label.starts_with("gate:"))
                .map(|label| (self.text)(label))
                .collect(),
            assignee: if bead.is_template { bead.assignee.clone() } else { String::new() },
            metadata: (!metadata.is_empty()).then(|| Box::new(metadata)),
            condition: condition.unwrap_or_default(),
            needs: first.clone().into_iter().chain(needs.filter(|need| Some(need) != first.as_ref())).collect(),
            waits_for,
            gate,
            children: self.steps(&bead.id, seen),
            ..Step::default()
        }
    }
}
