//! Inheritance: a formula takes everything of those it extends, and overrides what it names again.

use std::collections::HashMap;

use super::library::Library;
use super::model::{Compose, Formula, FormulaType, Step};
use crate::base::{Error, Result, ResultExt};

/// `formula` with everything it inherits. Its own definitions count before those of its parents, later parents' before earlier ones'.
pub(super) fn resolve(formula: Formula, library: &Library, warnings: &mut Vec<String>) -> Result<Formula> {
    let mut chain = vec![formula.formula.clone()];
    with_parents(formula, library, &mut chain, warnings)
}

fn with_parents(
    mut formula: Formula,
    library: &Library,
    chain: &mut Vec<String>,
    warnings: &mut Vec<String>,
) -> Result<Formula> {
    let mut merged: Option<Formula> = None;
    for (index, name) in std::mem::take(&mut formula.extends).into_iter().enumerate() {
        let key = format!("extends[{index}]");
        let place = formula.source.place(&key);
        let at = format!("{}: line {}: {key}", formula.source.path, place.line);
        if chain.contains(&name) {
            chain.push(name);
            return Err(Error::failed(format!("{at}: circular extends detected: {}", chain.join(" -> "))));
        }
        let (parent, problems) = library.read(&name).context(&at)?;
        warnings.extend(problems.iter().map(|problem| format!("{}: {problem}", parent.source.path)));
        chain.push(name);
        let parent = with_parents(parent, library, chain, warnings)?;
        chain.pop();
        merged = Some(match merged {
            Some(before) => merge(before, parent),
            None => parent,
        });
    }
    Ok(match merged {
        Some(parent) => merge(parent, formula),
        None => formula,
    })
}

fn merge(parent: Formula, child: Formula) -> Formula {
    let first = |child: String, parent: String| if child.is_empty() { parent } else { child };
    let mut out = Formula {
        formula: child.formula,
        description: first(child.description, parent.description),
        version: child.version,
        kind: if child.kind == FormulaType::Workflow { parent.kind } else { child.kind },
        phase: first(child.phase, parent.phase),
        execution: first(child.execution, parent.execution),
        pour: child.pour.or(parent.pour),
        extends: Vec::new(),
        vars: parent.vars,
        steps: merge_steps(parent.steps, child.steps),
        template: merge_steps(parent.template, child.template),
        compose: merge_compose(parent.compose, child.compose),
        advice: parent.advice,
        pointcuts: parent.pointcuts,
        inputs: parent.inputs,
        prompts: parent.prompts,
        output: parent.output,
        legs: override_by(parent.legs, child.legs, |leg| leg.id.clone()),
        aspects: override_by(parent.aspects, child.aspects, |leg| leg.id.clone()),
        synthesis: child.synthesis.or(parent.synthesis),
        source: child.source,
    };
    out.vars.extend(child.vars);
    out.advice.extend(child.advice);
    out.pointcuts.extend(child.pointcuts);
    out.inputs.extend(child.inputs);
    out.prompts.extend(child.prompts);
    out.output.extend(child.output);
    out
}

fn override_by<T>(parent: Vec<T>, child: Vec<T>, key: impl Fn(&T) -> String) -> Vec<T> {
    let mut out = parent;
    let mut places: HashMap<String, usize> = out.iter().enumerate().map(|(at, item)| (key(item), at)).collect();
    for item in child {
        match places.get(&key(&item)) {
            Some(at) => out[*at] = item,
            None => {
                places.insert(key(&item), out.len());
                out.push(item);
            }
        }
    }
    out
}

/// The parent's steps, each replaced by the child's step of the same id wherever it stands, then the child's other steps.
fn merge_steps(mut parent: Vec<Step>, child: Vec<Step>) -> Vec<Step> {
    let mut replacements: HashMap<String, Step> = HashMap::new();
    let mut order = Vec::new();
    let mut rest = Vec::new();
    for step in child {
        if step.id.is_empty() || replacements.contains_key(&step.id) {
            rest.push(step);
        } else {
            order.push(step.id.clone());
            replacements.insert(step.id.clone(), step);
        }
    }
    replace(&mut parent, &mut replacements);
    parent.extend(order.iter().filter_map(|id| replacements.remove(id)));
    parent.extend(rest);
    parent
}

fn replace(steps: &mut [Step], replacements: &mut HashMap<String, Step>) {
    for step in steps {
        match replacements.remove(&step.id) {
            Some(replacement) => *step = replacement,
            None => replace(&mut step.children, replacements),
        }
    }
}

fn merge_compose(parent: Compose, child: Compose) -> Compose {
    let mut aspects = parent.aspects;
    aspects.extend(child.aspects);
    let mut seen = std::collections::HashSet::new();
    aspects.retain(|name| seen.insert(name.clone()));
    Compose {
        bond_points: override_by(parent.bond_points, child.bond_points, |point| point.id.clone()),
        hooks: parent.hooks.into_iter().chain(child.hooks).collect(),
        expand: override_by(parent.expand, child.expand, |rule| rule.target.clone()),
        map: override_by(parent.map, child.map, |rule| rule.select.clone()),
        branch: parent.branch.into_iter().chain(child.branch).collect(),
        gate: parent.gate.into_iter().chain(child.gate).collect(),
        aspects,
    }
}
