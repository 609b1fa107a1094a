//! Expansions: a step gives its place to the steps of a template.

use std::collections::{HashMap, HashSet};

use super::cook::{Cook, at, at_root};
use super::loops::{self, inherit, template_values};
use super::model::{Formula, Step};
use super::repoint::{Aliases, ends, repoint};
use super::values::{Values, each_text, objection, substitute_single};
use super::{compose, glob};
use crate::base::Result;

/// How deep expansions may name further expansions.
const DEPTH: usize = 5;

/// Expands steps that name an expansion, then those named by `compose.expand`, then those selected by `compose.map`.
pub(super) fn expand(cook: &mut Cook<'_>, formula: &Formula, steps: Vec<Step>) -> Result<Vec<Step>> {
    let compose = &formula.compose;
    let rules = compose.expand.iter().enumerate().map(|(index, rule)| {
        (rule.target.as_str(), Rule { with: &rule.with, vars: &rule.vars, key: format!("compose.expand[{index}]") })
    });
    let mut pass = Pass { formula, rules: rules.collect(), aliases: Aliases::new() };
    let mut steps = pass.steps(cook, steps, 0)?;
    repoint(&mut steps, &pass.aliases);
    if let Some((target, rule)) = pass.rules.iter().min_by(|a, b| a.1.key.cmp(&b.1.key)) {
        let mut ids = HashSet::new();
        collect(&steps, &mut ids);
        return Err(compose::unknown(formula, &format!("{}.target", rule.key), target, ids.iter().map(String::as_str)));
    }
    for (index, rule) in compose.map.iter().enumerate() {
        let key = format!("compose.map[{index}]");
        let mut matched = 0;
        let mut pass = Pass { formula, rules: HashMap::new(), aliases: Aliases::new() };
        let rule = Rule { with: &rule.with, vars: &rule.vars, key };
        steps = pass.map(cook, steps, &compose.map[index].select, &rule, &mut matched)?;
        if matched == 0 {
            cook.warnings.push(format!("{}: {}.select: no step matches", formula.source.path, rule.key));
        }
        repoint(&mut steps, &pass.aliases);
    }
    Ok(steps)
}

fn collect(steps: &[Step], ids: &mut HashSet<String>) {
    for step in steps {
        ids.insert(step.id.clone());
        collect(&step.children, ids);
    }
}

struct Rule<'f> {
    with: &'f str,
    vars: &'f Values,
    key: String,
}

struct Pass<'f> {
    formula: &'f Formula,
    /// Rules by the step they replace; each is used once.
    rules: HashMap<&'f str, Rule<'f>>,
    aliases: Aliases,
}

impl<'f> Pass<'f> {
    fn steps(&mut self, cook: &mut Cook<'_>, steps: Vec<Step>, depth: usize) -> Result<Vec<Step>> {
        let mut out = Vec::with_capacity(steps.len());
        for mut step in steps {
            if !step.expand.is_empty() {
                let (name, vars) = (std::mem::take(&mut step.expand), std::mem::take(&mut step.expand_vars));
                let made = self.replace(cook, &step, &name, &vars, depth).map_err(|error| {
                    if error.message().contains(": line ") { error } else { at(&step, "expand", error.message()) }
                })?;
                out.extend(made);
            } else if let Some(rule) = self.rules.remove(step.id.as_str()) {
                out.extend(self.by_rule(cook, &step, &rule, depth)?);
            } else {
                if !step.children.is_empty() {
                    step.children = self.steps(cook, std::mem::take(&mut step.children), depth)?;
                }
                out.push(step);
            }
        }
        Ok(out)
    }

    fn map(
        &mut self,
        cook: &mut Cook<'_>,
        steps: Vec<Step>,
        select: &str,
        rule: &Rule<'_>,
        matched: &mut usize,
    ) -> Result<Vec<Step>> {
        let mut out = Vec::with_capacity(steps.len());
        for mut step in steps {
            // A container is work of its own only through its children.
            if step.children.is_empty() && glob::matches(select, &step.id) {
                *matched += 1;
                out.extend(self.by_rule(cook, &step, rule, 0)?);
            } else {
                if !step.children.is_empty() {
                    step.children = self.map(cook, std::mem::take(&mut step.children), select, rule, matched)?;
                }
                out.push(step);
            }
        }
        Ok(out)
    }

    fn by_rule(&mut self, cook: &mut Cook<'_>, step: &Step, rule: &Rule<'_>, depth: usize) -> Result<Vec<Step>> {
        if !step.children.is_empty() {
            let message = format!("step {:?} has children and can't be replaced", step.id);
            return Err(at_root(self.formula, &rule.key, &message));
        }
        self.replace(cook, step, rule.with, rule.vars, depth)
            .map_err(|error| error.context(format!("{}: {}", self.formula.source.path, rule.key)))
    }

    /// The template's steps in place of `target`.
    fn replace(
        &mut self,
        cook: &mut Cook<'_>,
        target: &Step,
        name: &str,
        given: &Values,
        depth: usize,
    ) -> Result<Vec<Step>> {
        if depth >= DEPTH {
            return Err(at(target, "expand", &format!("expansions are nested more than {DEPTH} deep")));
        }
        let expansion = cook.other(name)?;
        if expansion.template.is_empty() {
            return Err(at(target, "expand", &format!("{name:?} is no expansion: it has no template")));
        }
        let values = template_values(&expansion.vars, given);
        for (variable, var) in &expansion.vars {
            match values.get(variable) {
                Some(value) if !value.contains("{{") && given.contains_key(variable) => {
                    if let Some(objection) = objection(var, value) {
                        return Err(at(target, "expand", &format!("{name}: {variable}: {objection}")));
                    }
                }
                None if var.required => {
                    return Err(at(target, "expand", &format!("{name}: the variable {variable} is required")));
                }
                _ => {}
            }
        }
        let mut group = expansion.template.clone();
        group.iter_mut().for_each(|step| fill(step, target, &values));
        let mut loops_done = Aliases::new();
        let mut group = loops::expand(cook, group, &values, &mut loops_done)?;
        repoint(&mut group, &loops_done);
        let shape = ends(&group);
        for step in &mut group {
            let source = shape.sources.contains(&step.id);
            inherit(step, target, source);
            step.woven = target.woven;
        }
        if let Some(last) = group.last_mut()
            && last.on_complete.is_none()
        {
            last.on_complete.clone_from(&target.on_complete);
        }
        // A template step may keep the target's own id.
        if !group.iter().any(|step| step.id == target.id) {
            self.aliases.insert(target.id.clone(), shape.sinks);
        }
        self.steps(cook, group, depth + 1)
    }
}

fn fill(step: &mut Step, target: &Step, values: &Values) {
    let put = |text: &mut String| {
        let value = |name: &str| match name {
            "target" | "target.id" => Some(target.id.as_str()),
            "target.title" => Some(target.title.as_str()),
            "target.description" => Some(target.description.as_str()),
            _ => values.get(name).map(String::as_str),
        };
        // Only single braces are the template's; double ones belong to the formula being cooked, unless the template declares them.
        if let std::borrow::Cow::Owned(changed) = substitute_single(text, value) {
            *text = changed;
        }
    };
    put(&mut step.id);
    put(&mut step.condition);
    put(&mut step.expand);
    step.needs.iter_mut().chain(&mut step.depends_on).for_each(put);
    put(&mut step.waits_for);
    each_text(step, &mut |text| put(text));
    if let Some(repeat) = &mut step.repeat {
        put(&mut repeat.range);
        repeat.body.iter_mut().for_each(|inner| fill(inner, target, values));
    }
    step.children.iter_mut().for_each(|child| fill(child, target, values));
}
