//! Convoys: parallel legs and a synthesis become steps, their prompts are filled in.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::cook::Mode;
use super::model::{Formula, Leg, Origin, Step, Var};
use super::prompt::{self, Context};
use super::values::Values;
use crate::base::{Error, Result, text};

/// Turns inputs into variables and legs, aspects and synthesis into steps. Formulas without legs stay as they are.
pub(super) fn lower(formula: &mut Formula, given: &mut Values, mode: Mode) -> Result<()> {
    if formula.legs.is_empty() && formula.aspects.is_empty() {
        return Ok(());
    }
    check_inputs(formula, given, mode)?;
    for (name, input) in &formula.inputs {
        let kind = match input.kind.as_str() {
            "int" | "number" | "integer" => "int",
            "bool" | "boolean" => "bool",
            _ => "",
        };
        let default = match (&input.default, input.required) {
            (Some(default), _) => Some(default.clone()),
            // What may be left out is empty when it is.
            (None, false) => Some(String::new()),
            (None, true) => None,
        };
        let var = Var {
            description: input.description.clone(),
            required: input.required && default.is_none(),
            default,
            kind: if input.default.is_none() && !input.required { String::new() } else { kind.to_owned() },
            ..Var::default()
        };
        formula.vars.entry(name.clone()).or_insert(var);
    }
    let run = run_id(formula, given);
    let mut values: Values = BTreeMap::new();
    for (name, var) in &formula.vars {
        if let Some(value) = given.get(name).or(var.default.as_ref()) {
            values.insert(name.clone(), value.clone());
        }
    }
    values.insert("formula_name".into(), formula.formula.clone());
    for id in ["id", "run_id", "review_id", "design_id", "audit_id"] {
        values.entry(id.into()).or_insert_with(|| run.clone());
    }
    let context =
        Context { values: &values, output: &formula.output, leg: None, complete: mode == Mode::Runtime, depth: 0 };
    let legs = formula.legs.iter().enumerate().map(|(at, leg)| (leg, format!("legs[{at}]")));
    let legs = legs.chain(formula.aspects.iter().enumerate().map(|(at, leg)| (leg, format!("aspects[{at}]"))));
    let base = formula.prompts.get("base").map(String::as_str).unwrap_or_default();
    let mut steps: Vec<Step> = legs.map(|(leg, key)| leg_step(formula, leg, &key, base, &context)).collect();
    if let Some(synthesis) = &formula.synthesis {
        let needs = match synthesis.depends_on.is_empty() {
            true => steps.iter().map(|step| step.id.clone()).collect(),
            false => synthesis.depends_on.clone(),
        };
        steps.push(Step {
            id: "synthesis".into(),
            title: prompt::render(&synthesis.title, &context),
            description: prompt::render(&synthesis.description, &context).trim().to_owned(),
            output: context.path("synthesis"),
            needs,
            origin: Origin { source: formula.source.clone(), key: "synthesis".into() },
            ..Step::default()
        });
    }
    steps.append(&mut formula.steps);
    formula.steps = steps;
    formula.description = prompt::render(&formula.description, &context);
    formula.legs.clear();
    formula.aspects.clear();
    formula.synthesis = None;
    formula.inputs.clear();
    // What the texts do not use is no less an input.
    given.retain(|name, _| formula.vars.contains_key(name) || values.contains_key(name) || is_title(name));
    Ok(())
}

fn is_title(name: &str) -> bool {
    matches!(name, "title" | "desc")
}

fn leg_step(formula: &Formula, leg: &Leg, key: &str, base: &str, context: &Context<'_>) -> Step {
    let context = Context { leg: Some(leg), ..*context };
    let own = prompt::render(&leg.description, &context);
    let description = match base {
        "" if leg.focus.is_empty() => own,
        "" => format!("Focus: {}\n\n{own}", leg.focus),
        base => {
            let base = prompt::render(base, &context);
            // A base prompt that does not bring in the leg's own text is put before it.
            if base.contains(own.trim()) { base } else { format!("{base}\n\n{own}") }
        }
    };
    Step {
        id: leg.id.clone(),
        title: prompt::render(&leg.title, &context),
        description: description.trim().to_owned(),
        output: context.path("leg"),
        parallel: true,
        origin: Origin { source: formula.source.clone(), key: key.into() },
        ..Step::default()
    }
}

fn check_inputs(formula: &mut Formula, given: &Values, mode: Mode) -> Result<()> {
    let mut wrong = Vec::new();
    for name in given.keys() {
        if !formula.inputs.contains_key(name) && !formula.vars.contains_key(name) && !is_title(name) {
            let known = formula.inputs.keys().chain(formula.vars.keys()).map(String::as_str);
            let near = text::nearest(name, known).map(|near| format!(" (did you mean {near:?}?)")).unwrap_or_default();
            wrong.push(format!("{name}: the formula has no such input{near}"));
        }
    }
    for (name, input) in &mut formula.inputs {
        if input.required_unless.is_empty() {
            continue;
        }
        let others = &input.required_unless;
        let covered = given.contains_key(name) || others.iter().any(|other| given.contains_key(other));
        if mode == Mode::Runtime && !covered && input.default.is_none() {
            wrong.push(format!("{name} is required unless {} is given", others.join(" or ")));
        }
        input.required = false;
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(Error::usage(format!("formula {}: inputs:\n  - {}", formula.formula, wrong.join("\n  - ")))),
    }
}

/// Names this run's output directory: the same inputs give the same name.
fn run_id(formula: &Formula, given: &Values) -> String {
    let mut hash = Sha256::new();
    hash.update(&formula.formula);
    for (name, value) in given {
        hash.update([0]);
        hash.update(name);
        hash.update([0]);
        hash.update(value);
    }
    let digest = hash.finalize();
    let hex: String = digest.iter().take(3).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{hex}", formula.formula)
}
