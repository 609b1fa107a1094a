//! Distilling: a formula made of work that was done.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::super::convert;
use super::super::model::{Formula, FormulaType, Step, Var};
use super::super::values::Values;
use super::pour::slug;
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
    let name = match name {
        "" => slug(&molecule.root.title),
        name => name.to_owned(),
    };
    if name.is_empty() || name.contains('/') {
        return Err(
            Error::usage(format!("{name:?} can't name a formula")).hint("give a name of letters, digits and hyphens")
        );
    }
    let path = directory.join(format!("{name}.formula.toml"));
    if path.exists() {
        return Err(Error::refused(format!("{} exists already", path.display())).hint("give the formula another name"));
    }
    let formula = formula(molecule, &name, variables);
    std::fs::create_dir_all(directory).with_context(|| format!("make {}", directory.display()))?;
    files::write_atomic(&path, convert::to_toml(&formula)?.as_bytes(), 0o644)?;
    Ok(Distilled {
        formula_name: name,
        formula_path: path,
        steps: molecule.steps.len(),
        variables: variables.keys().cloned().collect(),
    })
}

fn formula(molecule: &Molecule, name: &str, variables: &Values) -> Formula {
    // Longer values first, so that one inside another does not tear it apart.
    let mut values: Vec<(&String, &String)> = variables.iter().filter(|(_, value)| !value.is_empty()).collect();
    values.sort_by_key(|(name, value)| (std::cmp::Reverse(value.len()), *name));
    let text = |text: &str| {
        values
            .iter()
            .fold(text.to_owned(), |text, (name, value)| text.replace(value.as_str(), &format!("{{{{{name}}}}}")))
    };
    let names = names(&molecule.steps);
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

/// A name for each step, from its title, each once.
fn names(steps: &[Bead]) -> HashMap<&str, String> {
    let mut taken = HashSet::new();
    let mut names = HashMap::new();
    for step in steps {
        let base = match slug(&step.title) {
            base if base.is_empty() => "step".to_owned(),
            base => base.chars().take(60).collect(),
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
        let needs =
            blockers.iter().filter(|id| !self.gates.contains_key(*id)).filter_map(|id| self.names.get(id).cloned());
        let metadata = bead.extra.get("metadata").and_then(|metadata| metadata.as_object()).cloned();
        Step {
            id: self.names.get(bead.id.as_str()).cloned().unwrap_or_default(),
            title: (self.text)(&bead.title),
            description: (self.text)(&bead.description),
            design: (self.text)(&bead.design),
            acceptance: (self.text)(&bead.acceptance_criteria),
            kind: if bead.issue_type == "task" { String::new() } else { bead.issue_type.clone() },
            priority: (bead.priority != 2).then_some(bead.priority),
            labels: bead.labels.iter().map(|label| (self.text)(label)).collect(),
            metadata: metadata.filter(|metadata| !metadata.is_empty()).map(Box::new),
            needs: needs.collect(),
            gate,
            children: self.steps(&bead.id, seen),
            ..Step::default()
        }
    }
}
