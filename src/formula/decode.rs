//! Makes a formula of a file's tree of values.

use std::sync::Arc;

use super::fields::{Fields, Reading};
use super::model::{
    Advice, AdviceStep, Around, BondPoint, Branch, Compose, Expand, Formula, FormulaType, Gate, GateRule, Hook, Input,
    Leg, Loop, Map, OnComplete, Origin, Pointcut, Source, Step, Synthesis, Var,
};
use super::node::{Node, Value};
use super::problem::Problem;

/// How deep steps may be nested in a file.
const DEPTH: usize = 24;

/// Reads a formula and everything that is wrong with its form.
pub(super) fn formula(root: Node, path: &str) -> (Formula, Vec<Problem>) {
    let mut reading = Reading::default();
    let mut formula = Formula::default();
    if let Some(fields) = Fields::open(&mut reading, root, "") {
        formula = root_fields(fields);
    }
    let (source, problems) = reading.into_source(&formula.formula, path);
    formula.source = source.clone();
    adopt(&mut formula.steps, &source);
    adopt(&mut formula.template, &source);
    for advice in &mut formula.advice {
        advice.origin.source = source.clone();
    }
    (formula, problems)
}

fn adopt(steps: &mut [Step], source: &Arc<Source>) {
    for step in steps {
        step.origin.source = source.clone();
        adopt(&mut step.children, source);
        if let Some(repeat) = &mut step.repeat {
            adopt(&mut repeat.body, source);
        }
    }
}

fn root_fields(mut f: Fields<'_>) -> Formula {
    let mut formula = Formula {
        formula: f.text("formula"),
        description: f.text("description"),
        version: f.integer("version").unwrap_or(1),
        phase: f.text("phase"),
        execution: f.text("execution"),
        pour: f.maybe_flag("pour"),
        extends: f.texts("extends"),
        vars: f.tables("vars", var),
        steps: f.list("steps", |reading, node, key| step(reading, node, key, 0)),
        template: f.list("template", |reading, node, key| step(reading, node, key, 0)),
        compose: f.table("compose", compose).unwrap_or_default(),
        advice: f.list("advice", advice),
        pointcuts: f.list("pointcuts", pointcut),
        inputs: f.tables("inputs", input),
        prompts: f.words("prompts"),
        output: f.words("output"),
        legs: f.list("legs", leg),
        aspects: f.list("aspects", leg),
        synthesis: f.table("synthesis", synthesis),
        ..Formula::default()
    };
    if let Some((key, node)) = f.take("type") {
        match &node.value {
            Value::Text(word) => match FormulaType::from_word(word) {
                Some(kind) => formula.kind = kind,
                None => {
                    let message = format!("invalid value {word:?} (must be {})", FormulaType::WORDS.join(", "));
                    let problem = Problem::error(node.place, key, message).nearest(word, FormulaType::WORDS);
                    f.reading.problems.push(problem);
                }
            },
            other => {
                let message = format!("must be a string, not {}", other.kind());
                f.reading.problems.push(Problem::error(node.place, key, message));
            }
        }
    }
    // Where cooked formulas say what they were cooked from.
    let _ = f.take("source");
    f.close();
    formula
}

fn var(reading: &mut Reading, node: Node, key: &str) -> Option<Var> {
    if let Some(default) = node.value.scalar() {
        return Some(Var { default: Some(default), ..Var::default() });
    }
    let mut f = Fields::open(reading, node, key)?;
    let var = Var {
        description: f.text("description"),
        default: f.scalar("default"),
        required: f.flag("required"),
        choices: f.texts("enum"),
        pattern: f.text("pattern"),
        kind: f.text("type"),
    };
    f.close();
    Some(var)
}

fn input(reading: &mut Reading, node: Node, key: &str) -> Option<Input> {
    let mut f = Fields::open(reading, node, key)?;
    let input = Input {
        description: f.text("description"),
        kind: f.text("type"),
        required: f.flag("required"),
        required_unless: f.texts("required_unless"),
        default: f.scalar("default"),
    };
    f.close();
    Some(input)
}

fn leg(reading: &mut Reading, node: Node, key: &str) -> Option<Leg> {
    let mut f = Fields::open(reading, node, key)?;
    let leg =
        Leg { id: f.text("id"), title: f.text("title"), focus: f.text("focus"), description: f.text("description") };
    f.close();
    Some(leg)
}

fn synthesis(reading: &mut Reading, node: Node, key: &str) -> Option<Synthesis> {
    let mut f = Fields::open(reading, node, key)?;
    let mut depends_on = f.texts("depends_on");
    depends_on.extend(f.texts("needs"));
    let synthesis = Synthesis { title: f.text("title"), description: f.text("description"), depends_on };
    f.close();
    Some(synthesis)
}

fn step(reading: &mut Reading, node: Node, key: &str, depth: usize) -> Option<Step> {
    if depth > DEPTH {
        reading.problems.push(Problem::error(node.place, key, format!("steps are nested more than {DEPTH} deep")));
        return None;
    }
    let mut f = Fields::open(reading, node, key)?;
    let step = Step {
        id: f.text("id"),
        title: f.text("title"),
        description: f.text("description"),
        design: f.text("design"),
        acceptance: if f.has("acceptance_criteria") { f.text("acceptance_criteria") } else { f.text("acceptance") },
        notes: f.text("notes"),
        kind: f.text("type"),
        priority: priority(&mut f),
        labels: f.texts("labels"),
        metadata: metadata(&mut f),
        depends_on: f.texts("depends_on"),
        needs: f.texts("needs"),
        waits_for: f.text("waits_for"),
        assignee: f.text("assignee"),
        expand: f.text("expand"),
        expand_vars: f.words("expand_vars"),
        condition: f.text("condition"),
        output: f.text("output"),
        parallel: f.flag("parallel"),
        children: f.list("children", |reading, node, key| step(reading, node, key, depth + 1)),
        gate: f.table("gate", gate).map(Box::new),
        repeat: f.table("loop", |reading, node, key| repeat(reading, node, key, depth + 1)).map(Box::new),
        on_complete: f.table("on_complete", on_complete).map(Box::new),
        origin: Origin { source: Arc::default(), key: key.into() },
        woven: false,
    };
    f.close();
    Some(step)
}

fn priority(f: &mut Fields<'_>) -> Option<u8> {
    let (key, node) = f.take("priority")?;
    let value = match &node.value {
        Value::Integer(value) => u8::try_from(*value).ok(),
        Value::Text(text) => text.strip_prefix(['P', 'p']).unwrap_or(text).parse().ok(),
        _ => None,
    };
    let value = value.filter(|value| *value <= 4);
    if value.is_none() {
        f.reading.problems.push(Problem::error(node.place, key, "priority must be 0-4"));
    }
    value
}

fn metadata(f: &mut Fields<'_>) -> Option<Box<serde_json::Map<String, serde_json::Value>>> {
    let (key, node) = f.take("metadata")?;
    match json(node.value) {
        serde_json::Value::Object(map) => Some(Box::new(map)),
        _ => {
            f.reading.problems.push(Problem::error(node.place, key, "must be a table"));
            None
        }
    }
}

fn json(value: Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => value.into(),
        Value::Integer(value) => value.into(),
        Value::Other(text) => match text.parse::<serde_json::Number>() {
            Ok(number) => number.into(),
            Err(_) => text.into(),
        },
        Value::Text(text) => text.into(),
        Value::List(items) => items.into_iter().map(|item| json(item.value)).collect(),
        Value::Table(entries) => entries.into_iter().map(|entry| (entry.key, json(entry.node.value))).collect(),
    }
}

fn gate(reading: &mut Reading, node: Node, key: &str) -> Option<Gate> {
    let mut f = Fields::open(reading, node, key)?;
    let id = f.scalar("id");
    let await_id = f.scalar("await_id");
    let gate = Gate { kind: f.text("type"), id: id.or(await_id).unwrap_or_default(), timeout: f.text("timeout") };
    f.close();
    Some(gate)
}

fn repeat(reading: &mut Reading, node: Node, key: &str, depth: usize) -> Option<Loop> {
    let mut f = Fields::open(reading, node, key)?;
    let repeat = Loop {
        count: f.integer("count"),
        until: f.text("until"),
        max: f.integer("max"),
        range: f.text("range"),
        var: f.text("var"),
        body: f.list("body", |reading, node, key| step(reading, node, key, depth)),
    };
    f.close();
    Some(repeat)
}

fn on_complete(reading: &mut Reading, node: Node, key: &str) -> Option<OnComplete> {
    let mut f = Fields::open(reading, node, key)?;
    let on_complete = OnComplete {
        for_each: f.text("for_each"),
        bond: f.text("bond"),
        vars: f.words("vars"),
        parallel: f.flag("parallel"),
        sequential: f.flag("sequential"),
    };
    f.close();
    Some(on_complete)
}

fn compose(reading: &mut Reading, node: Node, key: &str) -> Option<Compose> {
    let mut f = Fields::open(reading, node, key)?;
    let compose = Compose {
        bond_points: f.list("bond_points", |reading, node, key| {
            let mut f = Fields::open(reading, node, key)?;
            let point = BondPoint {
                id: f.text("id"),
                description: f.text("description"),
                after_step: f.text("after_step"),
                before_step: f.text("before_step"),
                parallel: f.flag("parallel"),
            };
            f.close();
            Some(point)
        }),
        hooks: f.list("hooks", |reading, node, key| {
            let mut f = Fields::open(reading, node, key)?;
            let hook =
                Hook { trigger: f.text("trigger"), attach: f.text("attach"), at: f.text("at"), vars: f.words("vars") };
            f.close();
            Some(hook)
        }),
        expand: f.list("expand", |reading, node, key| {
            let mut f = Fields::open(reading, node, key)?;
            let rule = Expand { target: f.text("target"), with: f.text("with"), vars: f.words("vars") };
            f.close();
            Some(rule)
        }),
        map: f.list("map", |reading, node, key| {
            let mut f = Fields::open(reading, node, key)?;
            let rule = Map { select: f.text("select"), with: f.text("with"), vars: f.words("vars") };
            f.close();
            Some(rule)
        }),
        branch: f.list("branch", |reading, node, key| {
            let mut f = Fields::open(reading, node, key)?;
            let rule = Branch { from: f.text("from"), steps: f.texts("steps"), join: f.text("join") };
            f.close();
            Some(rule)
        }),
        gate: f.list("gate", |reading, node, key| {
            let mut f = Fields::open(reading, node, key)?;
            let rule = GateRule { before: f.text("before"), condition: f.text("condition") };
            f.close();
            Some(rule)
        }),
        aspects: f.texts("aspects"),
    };
    f.close();
    Some(compose)
}

fn advice(reading: &mut Reading, node: Node, key: &str) -> Option<Advice> {
    let mut f = Fields::open(reading, node, key)?;
    let advice = Advice {
        target: f.text("target"),
        before: f.table("before", advice_step),
        after: f.table("after", advice_step),
        around: f.table("around", |reading, node, key| {
            let mut f = Fields::open(reading, node, key)?;
            let around = Around { before: f.list("before", advice_step), after: f.list("after", advice_step) };
            f.close();
            Some(around)
        }),
        origin: Origin { source: Arc::default(), key: key.into() },
    };
    f.close();
    Some(advice)
}

fn advice_step(reading: &mut Reading, node: Node, key: &str) -> Option<AdviceStep> {
    let mut f = Fields::open(reading, node, key)?;
    let step = AdviceStep {
        id: f.text("id"),
        title: f.text("title"),
        description: f.text("description"),
        kind: f.text("type"),
        args: f.words("args"),
        output: f.words("output"),
    };
    f.close();
    Some(step)
}

fn pointcut(reading: &mut Reading, node: Node, key: &str) -> Option<Pointcut> {
    let mut f = Fields::open(reading, node, key)?;
    let pointcut = Pointcut { glob: f.text("glob"), kind: f.text("type"), label: f.text("label") };
    f.close();
    Some(pointcut)
}
