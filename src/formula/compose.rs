//! Branches and runtime conditions of a formula's compose rules.

use std::collections::HashMap;

use super::cook::at_root;
use super::model::{Formula, Step};
use crate::base::{Error, Result, text};

/// Adds what `compose.branch` and `compose.gate` ask for to the steps.
pub(super) fn apply(formula: &Formula, steps: &mut [Step]) -> Result<()> {
    let compose = &formula.compose;
    if compose.branch.is_empty() && compose.gate.is_empty() {
        return Ok(());
    }
    let mut ids: HashMap<String, ()> = HashMap::new();
    collect(steps, &mut ids);
    let known = |key: String, id: &str| match ids.contains_key(id) {
        true => Ok(()),
        false => Err(unknown(formula, &key, id, ids.keys().map(String::as_str))),
    };
    let mut needs: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut labels: HashMap<&str, Vec<String>> = HashMap::new();
    for (index, rule) in compose.branch.iter().enumerate() {
        let key = format!("compose.branch[{index}]");
        known(format!("{key}.from"), &rule.from)?;
        known(format!("{key}.join"), &rule.join)?;
        for (at, step) in rule.steps.iter().enumerate() {
            known(format!("{key}.steps[{at}]"), step)?;
            needs.entry(step).or_default().push(&rule.from);
            needs.entry(&rule.join).or_default().push(step);
        }
    }
    for (index, rule) in compose.gate.iter().enumerate() {
        known(format!("compose.gate[{index}].before"), &rule.before)?;
        let label = serde_json::json!({"condition": rule.condition});
        labels.entry(&rule.before).or_default().push(format!("gate:{label}"));
    }
    add(steps, &needs, &labels);
    Ok(())
}

/// The error for a rule that names a step there is not.
pub(super) fn unknown<'a>(formula: &Formula, key: &str, id: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let near = text::nearest(id, known).map(|near| format!(" (did you mean {near:?}?)")).unwrap_or_default();
    at_root(formula, key, &format!("unknown step {id:?}{near}"))
}

fn collect(steps: &[Step], ids: &mut HashMap<String, ()>) {
    for step in steps {
        ids.insert(step.id.clone(), ());
        collect(&step.children, ids);
    }
}

fn add(steps: &mut [Step], needs: &HashMap<&str, Vec<&str>>, labels: &HashMap<&str, Vec<String>>) {
    for step in steps {
        for need in needs.get(step.id.as_str()).into_iter().flatten() {
            if !step.needs.iter().any(|known| known == need) {
                step.needs.push((*need).to_owned());
            }
        }
        step.labels.extend(labels.get(step.id.as_str()).into_iter().flatten().cloned());
        add(&mut step.children, needs, labels);
    }
}
