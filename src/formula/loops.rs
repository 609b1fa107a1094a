//! Loops: the body once for each iteration, each iteration after the one before.

use std::collections::{BTreeMap, HashSet};

use super::cook::Cook;
use super::expr;
use super::model::{Loop, Step};
use super::repoint::{Aliases, ends};
use super::values::{Values, each_text, substitute_single};
use crate::base::Result;

/// Replaces every step that has a loop by its iterations, at all depths. `values` are what ranges may use.
pub(super) fn expand(
    cook: &mut Cook<'_>,
    steps: Vec<Step>,
    values: &Values,
    aliases: &mut Aliases,
) -> Result<Vec<Step>> {
    let mut out = Vec::with_capacity(steps.len());
    for mut step in steps {
        match step.repeat.take() {
            Some(repeat) => iterate(cook, step, *repeat, values, aliases, &mut out)?,
            None => {
                if !step.children.is_empty() {
                    step.children = expand(cook, std::mem::take(&mut step.children), values, aliases)?;
                }
                cook.count(&step)?;
                out.push(step);
            }
        }
    }
    Ok(out)
}

fn iterate(
    cook: &mut Cook<'_>,
    step: Step,
    repeat: Loop,
    values: &Values,
    aliases: &mut Aliases,
    out: &mut Vec<Step>,
) -> Result<()> {
    let (from, to) = bounds(&step, &repeat, values)?;
    let rounds = to.checked_sub(from).map_or(u64::MAX, |rounds| u64::try_from(rounds.saturating_add(1)).unwrap_or(0));
    cook.room_for(&step, rounds.saturating_mul(repeat.body.len() as u64))?;
    let mut ids = HashSet::new();
    collect_ids(&repeat.body, &mut ids);
    let shape = ends(&repeat.body);
    let mut before: Vec<String> = Vec::new();
    let mut value = from;
    let mut number: u64 = 1;
    while value <= to {
        let prefix = format!("{}.iter{number}.", step.id);
        let mut body = repeat.body.clone();
        for part in &mut body {
            let source = shape.sources.contains(&part.id);
            rename(part, &prefix, &ids);
            if !repeat.var.is_empty() {
                bind(part, &repeat.var, &value.to_string());
            }
            inherit(part, &step, number == 1 && source);
            if source {
                part.needs.extend(before.iter().cloned());
            }
        }
        if !repeat.until.is_empty()
            && let Some(first) = body.first_mut()
        {
            let label = serde_json::json!({"max": repeat.max, "until": repeat.until});
            first.labels.push(format!("loop:{label}"));
        }
        before = shape.sinks.iter().map(|id| format!("{prefix}{id}")).collect();
        out.extend(expand(cook, body, values, aliases)?);
        number += 1;
        value += 1;
    }
    // A loop of no iterations leaves what it needed in its place.
    if number == 1 {
        before = step.all_needs().cloned().collect();
    }
    aliases.insert(step.id, before);
    Ok(())
}

fn bounds(step: &Step, repeat: &Loop, values: &Values) -> Result<(i64, i64)> {
    if let Some(count) = repeat.count {
        return Ok((1, count));
    }
    if !repeat.until.is_empty() {
        return Ok((1, 1));
    }
    expr::range(&repeat.range, |name| values.get(name).cloned())
        .map_err(|error| super::cook::at(step, "loop.range", &error).hint("give the variable with --var name=value"))
}

fn collect_ids(steps: &[Step], into: &mut HashSet<String>) {
    for step in steps {
        into.insert(step.id.clone());
        collect_ids(&step.children, into);
    }
}

/// Gives a body step and its children the iteration's names; needs inside the body follow.
fn rename(step: &mut Step, prefix: &str, ids: &HashSet<String>) {
    step.id.insert_str(0, prefix);
    needs(step, prefix, ids);
    step.children.iter_mut().for_each(|child| rename(child, prefix, ids));
    if let Some(repeat) = &mut step.repeat {
        let mut own = HashSet::new();
        collect_ids(&repeat.body, &mut own);
        let outside: HashSet<String> = ids.difference(&own).cloned().collect();
        repeat.body.iter_mut().for_each(|inner| only_needs(inner, prefix, &outside));
    }
}

/// In a nested loop's body only the needs on steps outside of it change here; its own ids follow when it is expanded.
fn only_needs(step: &mut Step, prefix: &str, ids: &HashSet<String>) {
    needs(step, prefix, ids);
    step.children.iter_mut().for_each(|child| only_needs(child, prefix, ids));
    if let Some(repeat) = &mut step.repeat {
        repeat.body.iter_mut().for_each(|inner| only_needs(inner, prefix, ids));
    }
}

fn needs(step: &mut Step, prefix: &str, ids: &HashSet<String>) {
    for need in step.needs.iter_mut().chain(&mut step.depends_on) {
        if ids.contains(need) {
            need.insert_str(0, prefix);
        }
    }
    let spawner = step.waits_for.strip_prefix("children-of(").and_then(|rest| rest.strip_suffix(')'));
    if let Some(id) = spawner.filter(|id| ids.contains(*id)) {
        step.waits_for = format!("children-of({prefix}{id})");
    }
}

/// Puts the loop's number into a body step, into ranges of loops inside it and into the variables of its expansions.
fn bind(step: &mut Step, name: &str, value: &str) {
    let put = |text: &mut String| {
        if let std::borrow::Cow::Owned(changed) = substitute_single(text, |found| (found == name).then_some(value)) {
            *text = changed;
        }
    };
    each_text(step, &mut { put });
    put(&mut step.condition);
    if !step.expand.is_empty() {
        step.expand_vars.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }
    step.children.iter_mut().for_each(|child| bind(child, name, value));
    if let Some(repeat) = &mut step.repeat {
        put(&mut repeat.range);
        if repeat.var != name {
            repeat.body.iter_mut().for_each(|inner| bind(inner, name, value));
        }
    }
}

/// What a step passes on to the steps that take its place: condition, labels, assignee and priority; to the first of them (`first`) also
/// its needs and its gate.
pub(super) fn inherit(step: &mut Step, from: &Step, first: bool) {
    match (from.condition.is_empty(), step.condition.is_empty()) {
        (true, _) => {}
        (false, true) => step.condition.clone_from(&from.condition),
        (false, false) => step.condition = format!("{} && {}", from.condition, step.condition),
    }
    for label in &from.labels {
        if !step.labels.contains(label) {
            step.labels.push(label.clone());
        }
    }
    if step.assignee.is_empty() {
        step.assignee.clone_from(&from.assignee);
    }
    step.priority = step.priority.or(from.priority);
    if first {
        step.needs.extend(from.needs.iter().cloned());
        step.depends_on.extend(from.depends_on.iter().cloned());
        if step.gate.is_none() {
            step.gate.clone_from(&from.gate);
        }
        if step.waits_for.is_empty() {
            step.waits_for.clone_from(&from.waits_for);
        }
    }
}

/// The variables a template sees: its formula's defaults, overridden by the rule's.
pub(super) fn template_values(defaults: &BTreeMap<String, super::model::Var>, given: &Values) -> Values {
    let mut values: Values =
        defaults.iter().filter_map(|(name, var)| Some((name.clone(), var.default.clone()?))).collect();
    values.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
    values
}
