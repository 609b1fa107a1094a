//! Cooked formulas as text, for people who want to see what they would get.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::cook::{Cooked, Mode, variables};
use super::library::Listed;
use super::model::{Formula, Step, Var};
use crate::base::report::Paint;
use crate::base::text::neutralise;

/// The steps as a tree, the variables used and how they are declared.
pub fn dry_run(cooked: &Cooked) -> String {
    let formula = &cooked.formula;
    let (mode, note) = match cooked.mode {
        Mode::Compile => ("compile-time", "[{{variables}} shown as placeholders]"),
        Mode::Runtime => ("runtime", "[{{variables}} filled in]"),
    };
    let name = &formula.formula;
    let mut out = format!("Dry run: would cook formula {name} as proto {name} ({mode} mode)\n\n");
    let top = if formula.steps.is_empty() { &formula.template } else { &formula.steps };
    let count = if formula.steps.is_empty() { top.len() } else { cooked.graph.len() };
    let _ = writeln!(out, "Steps ({count}) {note}:");
    tree(top, "  ", &mut out);
    let used: BTreeSet<String> = variables(cooked);
    if !used.is_empty() {
        let _ = writeln!(out, "\nVariables used: {}", used.into_iter().collect::<Vec<_>>().join(", "));
    }
    if !formula.vars.is_empty() {
        out.push_str("\nVariable definitions:\n");
        for (name, var) in &formula.vars {
            let _ = writeln!(out, "  {{{{{name}}}}}: {}", definition(var));
        }
    }
    out
}

/// What a declaration says, on one line.
pub fn definition(var: &Var) -> String {
    let mut parts = Vec::new();
    if var.required && var.default.is_none() {
        parts.push("required".to_owned());
    }
    parts.extend(var.default.as_ref().map(|default| format!("default={default:?}")));
    if !var.kind.is_empty() {
        parts.push(var.kind.clone());
    }
    if !var.choices.is_empty() {
        parts.push(format!("one of {}", var.choices.join(", ")));
    }
    if !var.pattern.is_empty() {
        parts.push(format!("matches {}", var.pattern));
    }
    match (var.description.as_str(), parts.is_empty()) {
        ("", _) => format!("({})", parts.join("; ")),
        (description, true) => description.to_owned(),
        (description, false) => format!("{description} ({})", parts.join("; ")),
    }
}

fn tree(steps: &[Step], indent: &str, out: &mut String) {
    for (at, step) in steps.iter().enumerate() {
        let last = at + 1 == steps.len();
        let _ = write!(out, "{indent}{} {}: {}", if last { "└──" } else { "├──" }, step.id, step.title);
        let needs: Vec<&str> = step.all_needs().map(String::as_str).collect();
        if !needs.is_empty() {
            let _ = write!(out, " [needs: {}]", needs.join(", "));
        }
        for (word, value) in [("waits_for", &step.waits_for), ("if", &step.condition)] {
            if !value.is_empty() {
                let _ = write!(out, " [{word}: {value}]");
            }
        }
        if let Some(gate) = &step.gate {
            let _ = write!(out, " [gate: {}]", format!("{} {}", gate.kind, gate.id).trim_end());
        }
        let _ = writeln!(out, " [from: {}]", step.origin);
        tree(&step.children, &format!("{indent}{}   ", if last { " " } else { "│" }), out);
    }
}

/// Formulas, one a line.
pub fn listing(found: &[Listed], paint: Paint) -> String {
    let mut text = String::new();
    for formula in found {
        let name = paint.bold(&format!("{:<20}", neutralise(&formula.name, true)));
        let _ = match &formula.error {
            Some(error) => {
                let error = neutralise(error.lines().next().unwrap_or_default(), true).into_owned();
                writeln!(text, "{name} {}", paint.red(&error))
            }
            None => {
                let description = neutralise(&formula.description, true);
                writeln!(text, "{name} {:<9} {:>3} steps  {description}", formula.kind, formula.steps)
            }
        };
    }
    if found.is_empty() {
        text.push_str("No formulas\n");
    }
    text
}

/// A formula with its variables and steps.
pub fn details(formula: &Formula, paint: Paint) -> String {
    let clean = |text: &str| neutralise(text, true).into_owned();
    let mut text =
        format!("{} ({}, version {})\n", paint.bold(&clean(&formula.formula)), formula.kind, formula.version);
    let _ = writeln!(text, "{}", paint.dim(&clean(&formula.source.path)));
    if !formula.description.is_empty() {
        let _ = writeln!(text, "\n{}", neutralise(formula.description.trim(), false));
    }
    if !formula.vars.is_empty() || !formula.inputs.is_empty() {
        text.push_str("\nVariables:\n");
    }
    for (name, var) in &formula.vars {
        let _ = writeln!(text, "  {} {}", paint.bold(&clean(name)), clean(&definition(var)));
    }
    for (name, input) in &formula.inputs {
        let _ = writeln!(text, "  {} {}", paint.bold(&clean(name)), clean(&input.description));
    }
    let steps = formula.steps.iter().chain(&formula.template);
    let steps = steps.map(|step| (&step.id, &step.title, step.all_needs().cloned().collect::<Vec<_>>().join(", ")));
    let legs = formula.legs.iter().chain(&formula.aspects).map(|leg| (&leg.id, &leg.title, String::new()));
    text.push_str("\nSteps:\n");
    for (id, title, needs) in steps.chain(legs) {
        let needs = if needs.is_empty() { String::new() } else { paint.dim(&format!(" after {}", clean(&needs))) };
        let _ = writeln!(text, "  {} {}{needs}", paint.bold(&clean(id)), clean(title));
    }
    text
}
