//! What a formula must satisfy before it can be cooked; everything wrong is found at once.

use std::collections::{HashMap, HashSet};

use super::model::{AdviceStep, Formula, FormulaType, Gate, Loop, Step};
use super::problem::Problem;
use super::{condition, expr, glob, timeout, values};

/// The bead types a step may name. Others become tasks.
const TYPES: [&str; 5] = ["task", "bug", "feature", "epic", "chore"];
/// What a gate may wait for.
const GATES: [&str; 6] = ["gh:run", "gh:pr", "timer", "human", "mail", "bead"];
const WAITS: [&str; 2] = ["all-children", "any-children"];

/// All problems of a formula with everything inherited.
pub(super) fn check(formula: &Formula) -> Vec<Problem> {
    let mut checker = Checker { formula, problems: Vec::new() };
    checker.root();
    values::check(formula, &mut checker.problems);
    checker.steps(&formula.steps, &HashMap::new());
    checker.template();
    checker.compose();
    checker.advice();
    checker.convoy();
    checker.problems
}

/// Ids in scope, with where each was first defined.
type Scope<'a> = HashMap<&'a str, &'a str>;

struct Checker<'a> {
    formula: &'a Formula,
    problems: Vec<Problem>,
}

impl<'a> Checker<'a> {
    fn at_root(&mut self, key: &str, message: impl Into<String>) -> &mut Problem {
        self.problems.push(Problem::error(self.formula.source.place(key), key, message));
        self.last()
    }

    fn last(&mut self) -> &mut Problem {
        let last = self.problems.len() - 1;
        &mut self.problems[last]
    }

    /// A problem of a step at one of its keys: `steps[1] (p): message`.
    fn at(&mut self, step: &Step, part: &str, message: impl Into<String>) -> &mut Problem {
        let key = &step.origin.key;
        let place = step.origin.source.place(&format!("{key}.{part}"));
        let name = if step.id.is_empty() { key.to_string() } else { format!("{key} ({})", step.id) };
        let own = step.origin.source.path == self.formula.source.path;
        let name = if own { name } else { format!("{}: {name}", step.origin.source.path) };
        self.problems.push(Problem::error(place, name, message));
        self.last()
    }

    /// Whether cooking adds steps under names of their own, so that needs can only be checked afterwards.
    fn makes_steps(&self) -> bool {
        let compose = &self.formula.compose;
        !self.formula.advice.is_empty()
            || !compose.aspects.is_empty()
            || !compose.expand.is_empty()
            || !compose.map.is_empty()
            || self.formula.steps.iter().any(|step| !step.expand.is_empty())
    }

    fn root(&mut self) {
        if self.formula.formula.trim().is_empty() {
            self.at_root("formula", "name is required");
        }
        if self.formula.version < 1 {
            self.at_root("version", "must be >= 1");
        }
        let phases = ["liquid", "vapor"];
        let phase = &self.formula.phase;
        if !phase.is_empty() && !phases.contains(&phase.as_str()) {
            let message = format!("invalid value {phase:?} (must be liquid or vapor)");
            self.at_root("phase", message).nearest = crate::base::text::nearest(phase, phases).map(str::to_owned);
        }
    }

    /// Checks sibling steps and everything in them; `outer` holds ids that may be needed from outside.
    fn steps(&mut self, steps: &'a [Step], outer: &Scope<'a>) {
        let mut scope = Scope::new();
        self.collect(steps, &mut scope);
        self.each(steps, &scope, outer);
    }

    fn collect(&mut self, steps: &'a [Step], scope: &mut Scope<'a>) {
        for step in steps {
            if step.id.trim().is_empty() {
                self.at(step, "id", "id is required");
            } else if let Some(first) = scope.get(step.id.as_str()) {
                let message = format!("duplicate id {:?} (first defined at {first})", step.id);
                self.at(step, "id", message);
            } else {
                scope.insert(&step.id, &step.origin.key);
            }
            self.collect(&step.children, scope);
        }
    }

    fn each(&mut self, steps: &'a [Step], scope: &Scope<'a>, outer: &Scope<'a>) {
        for step in steps {
            self.step(step, scope, outer);
            self.each(&step.children, scope, outer);
            if let Some(repeat) = &step.repeat {
                self.repeat(step, repeat);
                let mut around = outer.clone();
                around.extend(scope);
                self.steps(&repeat.body, &around);
            }
        }
    }

    fn step(&mut self, step: &'a Step, scope: &Scope<'a>, outer: &Scope<'a>) {
        if step.title.trim().is_empty() && step.expand.is_empty() && step.repeat.is_none() {
            self.at(step, "title", "title is required (unless using expand)");
        }
        if !step.kind.is_empty() && !step.kind.contains('{') && !TYPES.contains(&step.kind.as_str()) {
            let problem =
                self.at(step, "type", format!("type {:?} becomes task (known: {})", step.kind, TYPES.join(", ")));
            problem.warning = true;
            problem.nearest = crate::base::text::nearest(&step.kind, TYPES).map(str::to_owned);
        }
        for (word, needs) in [("needs", &step.needs), ("depends_on", &step.depends_on)] {
            for (index, need) in needs.iter().enumerate() {
                let known = scope.contains_key(need.as_str()) || outer.contains_key(need.as_str());
                if need == &step.id {
                    self.at(step, &format!("{word}[{index}]"), format!("{word} names the step itself"));
                } else if !known && !need.contains('{') && !self.makes_steps() {
                    let near = crate::base::text::nearest(need, scope.keys().chain(outer.keys()).copied());
                    let near = near.map(str::to_owned);
                    let message = format!("{word} references unknown step {need:?}");
                    self.at(step, &format!("{word}[{index}]"), message).nearest = near;
                }
            }
        }
        self.waits_for(step, scope);
        self.on_complete(step);
        if let Some(gate) = &step.gate {
            self.gate(step, gate);
        }
        if step.repeat.is_some() && !step.children.is_empty() {
            self.at(step, "children", "a step has either a loop or children");
        }
        if !step.expand.is_empty() && !step.children.is_empty() {
            self.at(step, "children", "a step with expand can't have children of its own");
        }
        if step.repeat.is_some() && !step.expand.is_empty() {
            self.at(step, "expand", "a step has either a loop or expand; put expand on a step of the loop's body");
        }
        if let Err(error) = condition::holds(&step.condition, &values::Values::new()) {
            self.at(step, "condition", error);
        }
    }

    fn waits_for(&mut self, step: &'a Step, scope: &Scope<'a>) {
        let value = step.waits_for.as_str();
        if value.is_empty() || WAITS.contains(&value) {
            return;
        }
        match value.strip_prefix("children-of(").and_then(|rest| rest.strip_suffix(')')) {
            Some("") => {
                self.at(step, "waits_for", "waits_for children-of() requires a step id");
            }
            Some(id) if scope.contains_key(id) || id.contains('{') => {}
            Some(id) => {
                let near = crate::base::text::nearest(id, scope.keys().copied()).map(str::to_owned);
                let message = format!("waits_for references unknown step {id:?} in children-of()");
                self.at(step, "waits_for", message).nearest = near;
            }
            None => {
                let message = format!(
                    "waits_for has invalid value {value:?} (must be all-children, any-children, or children-of(step-id))"
                );
                let near = crate::base::text::nearest(value, WAITS).map(str::to_owned);
                self.at(step, "waits_for", message).nearest = near;
            }
        }
    }

    fn on_complete(&mut self, step: &'a Step) {
        let Some(on_complete) = &step.on_complete else { return };
        if !on_complete.for_each.is_empty() && on_complete.bond.is_empty() {
            self.at(step, "on_complete", "on_complete: bond is required when for_each is set");
        }
        if on_complete.for_each.is_empty() && !on_complete.bond.is_empty() {
            self.at(step, "on_complete", "on_complete: for_each is required when bond is set");
        }
        if !on_complete.for_each.is_empty() && !on_complete.for_each.starts_with("output.") {
            let message = format!("on_complete: for_each must start with 'output.' (got {:?})", on_complete.for_each);
            self.at(step, "on_complete.for_each", message);
        }
        if on_complete.parallel && on_complete.sequential {
            self.at(step, "on_complete", "on_complete: cannot set both parallel and sequential");
        }
    }

    fn gate(&mut self, step: &'a Step, gate: &Gate) {
        if gate.kind.is_empty() {
            self.at(step, "gate", format!("gate: type is required (one of {})", GATES.join(", ")));
        } else if !GATES.contains(&gate.kind.as_str()) {
            let message = format!("gate: invalid type {:?} (must be {})", gate.kind, GATES.join(", "));
            let near = crate::base::text::nearest(&gate.kind, GATES).map(str::to_owned);
            self.at(step, "gate.type", message).nearest = near;
        }
        if !gate.timeout.contains('{') && timeout::parse(&gate.timeout).is_none() {
            let message = format!("gate: timeout {:?} is not a duration (write 30m, 1h30m, 24h)", gate.timeout);
            self.at(step, "gate.timeout", message);
        }
        if gate.kind == "timer" && gate.timeout.is_empty() {
            self.at(step, "gate", "gate: a timer needs a timeout");
        }
    }

    fn repeat(&mut self, step: &'a Step, repeat: &Loop) {
        let name = format!("loop {:?}", step.id);
        if repeat.body.is_empty() {
            self.at(step, "loop", format!("{name}: body is required"));
        }
        let forms = [repeat.count.is_some(), !repeat.until.is_empty(), !repeat.range.is_empty()];
        match forms.iter().filter(|given| **given).count() {
            0 => {
                self.at(step, "loop", format!("{name}: one of count, until, or range is required"));
            }
            1 => {}
            _ => {
                self.at(step, "loop", format!("{name}: only one of count, until, or range can be given"));
            }
        }
        if repeat.count.is_some_and(|count| count < 1) {
            self.at(step, "loop.count", format!("{name}: count must be positive"));
        }
        if !repeat.until.is_empty() {
            if repeat.max.is_none() {
                self.at(step, "loop", format!("{name}: max is required when until is set"));
            }
            if !condition::is_runtime(&repeat.until) {
                let message = format!(
                    "{name}: until {:?} is no condition (write for example step.status == 'complete')",
                    repeat.until
                );
                self.at(step, "loop.until", message);
            }
        }
        if repeat.max.is_some_and(|max| max < 1) {
            self.at(step, "loop.max", format!("{name}: max must be positive"));
        }
        if !repeat.range.is_empty()
            && !repeat.range.contains('{')
            && let Err(error) = expr::range(&repeat.range, |_| None)
        {
            self.at(step, "loop.range", format!("{name}: {error}"));
        }
    }

    fn template(&mut self) {
        self.steps(&self.formula.template, &HashMap::new());
    }

    fn compose(&mut self) {
        let compose = &self.formula.compose;
        let mut ids = HashSet::new();
        all_ids(&self.formula.steps, &mut ids);
        // Loops and expansions make ids that can't be known before cooking; those are checked then.
        let unknown = |id: &str| !ids.contains(id) && !id.contains('.') && !id.contains('{');
        for (index, point) in compose.bond_points.iter().enumerate() {
            let key = format!("compose.bond_points[{index}]");
            let name = format!("{key} ({})", point.id);
            if point.id.is_empty() {
                self.at_root(&key, "id is required");
            }
            if !point.after_step.is_empty() && !point.before_step.is_empty() {
                self.at_root(&key, "cannot have both after_step and before_step").key = name.clone();
            }
            for (word, id) in [("after_step", &point.after_step), ("before_step", &point.before_step)] {
                if !id.is_empty() && unknown(id) {
                    let near = crate::base::text::nearest(id, ids.iter().copied()).map(str::to_owned);
                    let problem =
                        self.at_root(&format!("{key}.{word}"), format!("{word} references unknown step {id:?}"));
                    problem.key.clone_from(&name);
                    problem.nearest = near;
                }
            }
        }
        for (index, hook) in compose.hooks.iter().enumerate() {
            for (word, value) in [("trigger", &hook.trigger), ("attach", &hook.attach)] {
                if value.is_empty() {
                    self.at_root(&format!("compose.hooks[{index}]"), format!("{word} is required"));
                }
            }
        }
        for (index, rule) in compose.expand.iter().enumerate() {
            self.required(&format!("compose.expand[{index}]"), &[("target", &rule.target), ("with", &rule.with)]);
        }
        for (index, rule) in compose.map.iter().enumerate() {
            let key = format!("compose.map[{index}]");
            self.required(&key, &[("select", &rule.select), ("with", &rule.with)]);
        }
        for (index, rule) in compose.branch.iter().enumerate() {
            let key = format!("compose.branch[{index}]");
            self.required(&key, &[("from", &rule.from), ("join", &rule.join)]);
            if rule.steps.is_empty() {
                self.at_root(&key, "steps is required");
            }
        }
        for (index, rule) in compose.gate.iter().enumerate() {
            let key = format!("compose.gate[{index}]");
            self.required(&key, &[("before", &rule.before), ("condition", &rule.condition)]);
            if !rule.condition.is_empty() && !condition::is_runtime(&rule.condition) {
                let message =
                    format!("{:?} is no condition (write for example review.status == 'complete')", rule.condition);
                self.at_root(&format!("{key}.condition"), message);
            }
        }
    }

    fn required(&mut self, key: &str, parts: &[(&str, &str)]) {
        for (word, value) in parts {
            if value.is_empty() {
                self.at_root(key, format!("{word} is required"));
            }
        }
    }

    fn advice(&mut self) {
        for (index, advice) in self.formula.advice.iter().enumerate() {
            let key = format!("advice[{index}]");
            if advice.target.is_empty() && self.formula.pointcuts.is_empty() {
                self.at_root(&key, "target is required");
            }
            let around = advice.around.as_ref();
            let steps: Vec<&AdviceStep> = advice
                .before
                .iter()
                .chain(&advice.after)
                .chain(around.iter().flat_map(|around| around.before.iter().chain(&around.after)))
                .collect();
            if steps.is_empty() {
                self.at_root(&key, "one of before, after, or around is required");
            }
            for step in steps {
                if step.id.is_empty() {
                    self.at_root(&key, "every step of advice needs an id");
                }
            }
        }
        for (index, pointcut) in self.formula.pointcuts.iter().enumerate() {
            if glob::is_empty(pointcut) {
                self.at_root(&format!("pointcuts[{index}]"), "one of glob, type, or label is required");
            }
        }
    }

    fn convoy(&mut self) {
        let formula = self.formula;
        if formula.kind == FormulaType::Convoy && formula.legs.is_empty() {
            self.at_root("legs", "a convoy needs at least one leg");
        }
        if formula.kind == FormulaType::Expansion && formula.template.is_empty() {
            self.at_root("template", "an expansion needs a template");
        }
        let mut seen = HashSet::new();
        for (word, legs) in [("legs", &formula.legs), ("aspects", &formula.aspects)] {
            for (index, leg) in legs.iter().enumerate() {
                let key = format!("{word}[{index}]");
                if leg.id.is_empty() {
                    self.at_root(&key, "id is required");
                } else if !seen.insert(leg.id.as_str()) {
                    self.at_root(&format!("{key}.id"), format!("duplicate id {:?}", leg.id));
                }
                if leg.title.is_empty() {
                    self.at_root(&key, "title is required");
                }
            }
        }
        let Some(synthesis) = &formula.synthesis else { return };
        if synthesis.title.is_empty() {
            self.at_root("synthesis", "title is required");
        }
        for (index, leg) in synthesis.depends_on.iter().enumerate() {
            if !seen.contains(leg.as_str()) {
                let near = crate::base::text::nearest(leg, seen.iter().copied()).map(str::to_owned);
                let message = format!("depends_on references unknown leg {leg:?}");
                self.at_root(&format!("synthesis.depends_on[{index}]"), message).nearest = near;
            }
        }
        for (name, input) in &formula.inputs {
            for (index, other) in input.required_unless.iter().enumerate() {
                if !formula.inputs.contains_key(other) {
                    let near =
                        crate::base::text::nearest(other, formula.inputs.keys().map(String::as_str)).map(str::to_owned);
                    let key = format!("inputs.{name}.required_unless[{index}]");
                    self.at_root(&key, format!("references unknown input {other:?}")).nearest = near;
                }
            }
        }
    }
}

fn all_ids<'a>(steps: &'a [Step], into: &mut HashSet<&'a str>) {
    for step in steps {
        into.insert(&step.id);
        all_ids(&step.children, into);
    }
}
