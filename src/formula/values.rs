//! Variables: what they are given, whether they may have it, and where it goes in.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::model::{Formula, Step, Var};
use super::problem::Problem;
use crate::base::{Error, Result, text};

/// Values of variables by name.
pub type Values = BTreeMap<String, String>;

/// The types a variable may have.
pub(super) const TYPES: [&str; 3] = ["string", "int", "bool"];

/// Reads `name=value` pairs.
///
/// # Errors
/// A usage error when there is no `=` or no name.
pub fn parse_pairs(pairs: &[String]) -> Result<Values> {
    let pair = |pair: &String| match pair.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err(Error::usage(format!("--var {pair:?} is not name=value"))),
    };
    pairs.iter().map(pair).collect()
}

/// Replaces every `{{name}}` that `value` knows.
pub(super) fn substitute<'t, 'v>(text: &'t str, value: impl Fn(&str) -> Option<&'v str>) -> Cow<'t, str> {
    replace(text, |name, double| if double { value(name) } else { None })
}

/// Replaces every `{name}` and `{{name}}` that `value` knows. Names may hold dots.
pub(super) fn substitute_single<'t, 'v>(text: &'t str, value: impl Fn(&str) -> Option<&'v str>) -> Cow<'t, str> {
    replace(text, |name, _| value(name))
}

fn replace<'t, 'v>(text: &'t str, value: impl Fn(&str, bool) -> Option<&'v str>) -> Cow<'t, str> {
    let mut out: Option<String> = None;
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find('{') {
        let start = at + found;
        let double = text[start + 1..].starts_with('{');
        let name_at = start + 1 + usize::from(double);
        let length = text[name_at..].find(|c: char| !is_name(c)).unwrap_or(text.len() - name_at);
        let name = &text[name_at..name_at + length];
        let close = if double { "}}" } else { "}" };
        let closed = !name.is_empty() && text[name_at + length..].starts_with(close);
        match if closed { value(name, double) } else { None } {
            Some(value) => {
                let out = out.get_or_insert_with(|| String::with_capacity(text.len() + value.len()));
                out.push_str(&text[copied..start]);
                out.push_str(value);
                at = name_at + length + close.len();
                copied = at;
            }
            None => at = start + 1,
        }
    }
    match out {
        Some(mut out) => {
            out.push_str(&text[copied..]);
            Cow::Owned(out)
        }
        None => Cow::Borrowed(text),
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

/// The names `{{name}}` in a text.
pub(super) fn names(text: &str, into: &mut BTreeSet<String>) {
    let found = std::cell::RefCell::new(Vec::new());
    let _ = substitute(text, |name| {
        if !name.contains('.') && !name.starts_with(|c: char| c.is_ascii_digit()) {
            found.borrow_mut().push(name.to_owned());
        }
        None
    });
    into.extend(found.into_inner());
}

/// Changes every text of a step that may hold variables.
pub(super) fn each_text(step: &mut Step, change: &mut impl FnMut(&mut String)) {
    for text in [
        &mut step.title,
        &mut step.description,
        &mut step.design,
        &mut step.acceptance,
        &mut step.notes,
        &mut step.assignee,
        &mut step.output,
        &mut step.kind,
    ] {
        if !text.is_empty() {
            change(text);
        }
    }
    step.labels.iter_mut().for_each(&mut *change);
    step.expand_vars.values_mut().for_each(&mut *change);
    if let Some(gate) = &mut step.gate {
        change(&mut gate.id);
        change(&mut gate.timeout);
    }
    if let Some(on_complete) = &mut step.on_complete {
        on_complete.vars.values_mut().for_each(&mut *change);
    }
    if let Some(metadata) = &mut step.metadata {
        metadata.values_mut().for_each(|value| each_json_text(value, change));
    }
}

fn each_json_text(value: &mut serde_json::Value, change: &mut impl FnMut(&mut String)) {
    match value {
        serde_json::Value::String(text) => change(text),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| each_json_text(item, change)),
        serde_json::Value::Object(map) => map.values_mut().for_each(|item| each_json_text(item, change)),
        _ => {}
    }
}

/// Puts the values into a text in place.
pub(super) fn put(text: &mut String, values: &Values) {
    if let Cow::Owned(changed) = substitute(text, |name| values.get(name).map(String::as_str)) {
        *text = changed;
    }
}

/// The variables that the steps use.
pub(super) fn used(steps: &[Step], into: &mut BTreeSet<String>) {
    for step in steps {
        for text in [
            &step.title,
            &step.description,
            &step.design,
            &step.acceptance,
            &step.notes,
            &step.assignee,
            &step.output,
            &step.kind,
            &step.condition,
        ] {
            names(text, into);
        }
        step.labels.iter().chain(step.expand_vars.values()).for_each(|text| names(text, into));
        if let Some(gate) = &step.gate {
            names(&gate.id, into);
            names(&gate.timeout, into);
        }
        if let Some(metadata) = &step.metadata {
            names(&serde_json::Value::Object((**metadata).clone()).to_string(), into);
        }
        used(&step.children, into);
        if let Some(repeat) = &step.repeat {
            used(&repeat.body, into);
        }
    }
}

/// Why a variable may not have a value.
pub(super) fn objection(var: &Var, value: &str) -> Option<String> {
    if !var.choices.is_empty() && !var.choices.iter().any(|choice| choice == value) {
        let near = text::nearest(value, var.choices.iter().map(String::as_str));
        let near = near.map(|near| format!(" (did you mean {near:?}?)")).unwrap_or_default();
        return Some(format!("{value:?} is not one of {}{near}", var.choices.join(", ")));
    }
    match var.kind.as_str() {
        "int" if value.parse::<i64>().is_err() => return Some(format!("{value:?} is not an integer")),
        "bool" if !matches!(value, "true" | "false" | "1" | "0" | "yes" | "no" | "on" | "off") => {
            return Some(format!("{value:?} is not true or false"));
        }
        _ => {}
    }
    if !var.pattern.is_empty() {
        return match Regex::new(&var.pattern) {
            Ok(pattern) if pattern.is_match(value) => None,
            Ok(_) => Some(format!("{value:?} does not match the pattern {}", var.pattern)),
            Err(error) => Some(format!("pattern {:?} is not valid: {error}", var.pattern)),
        };
    }
    None
}

/// The values of all variables, from what is given and the defaults. With `complete`, every variable that is required or used must
/// have one. Everything wrong is reported at once.
///
/// # Errors
/// A usage error that names each variable at fault and what to give.
pub(super) fn resolve(formula: &Formula, given: &Values, complete: bool) -> Result<Values> {
    let mut names_used = BTreeSet::new();
    used(&formula.steps, &mut names_used);
    used(&formula.template, &mut names_used);
    names(&formula.description, &mut names_used);
    let mut wrong: Vec<String> = Vec::new();
    let mut missing: Vec<&str> = Vec::new();
    let mut values = Values::new();
    for (name, value) in given {
        let declared = formula.vars.get(name);
        if declared.is_none() && !names_used.contains(name) && !is_special(name) {
            let known = formula.vars.keys().chain(&names_used).map(String::as_str);
            let near = text::nearest(name, known).map(|near| format!(" (did you mean {near:?}?)")).unwrap_or_default();
            wrong.push(format!("{name}: the formula has no such variable{near}"));
        } else if let Some(objection) = declared.and_then(|var| objection(var, value)) {
            wrong.push(format!("{name}: {objection}"));
        } else {
            values.insert(name.clone(), value.clone());
        }
    }
    for (name, var) in &formula.vars {
        if given.contains_key(name) {
            continue;
        }
        match &var.default {
            Some(default) => {
                values.insert(name.clone(), default.clone());
            }
            None if complete && (var.required || names_used.contains(name)) => {
                let about = if var.description.is_empty() { String::new() } else { format!(": {}", var.description) };
                wrong.push(format!("{name} is required{about}"));
                missing.push(name);
            }
            None => {}
        }
    }
    if complete {
        for name in names_used {
            if !formula.vars.contains_key(&name) && !values.contains_key(&name) && !is_special(&name) {
                wrong.push(format!("{name} is used but neither given nor declared under [vars]"));
            }
        }
    }
    if wrong.is_empty() {
        return Ok(values);
    }
    let error = Error::usage(format!("formula {}: variables:\n  - {}", formula.formula, wrong.join("\n  - ")));
    Err(match missing.as_slice() {
        [] => error,
        names => error.hint(names.iter().map(|name| format!("--var {name}=…")).collect::<Vec<_>>().join(" ")),
    })
}

/// `title` and `desc` name a molecule's root.
fn is_special(name: &str) -> bool {
    matches!(name, "title" | "desc")
}

/// What is wrong with the declarations themselves.
pub(super) fn check(formula: &Formula, problems: &mut Vec<Problem>) {
    for (name, var) in &formula.vars {
        let key = format!("vars.{name}");
        let place = |part: &str| formula.source.place(&format!("{key}.{part}"));
        if name.is_empty() {
            problems.push(Problem::error(place(""), "vars", "variable name cannot be empty"));
        }
        if !var.kind.is_empty() && !TYPES.contains(&var.kind.as_str()) {
            let message = format!("invalid type {:?} (must be {})", var.kind, TYPES.join(", "));
            problems.push(Problem::error(place("type"), format!("{key}.type"), message).nearest(&var.kind, TYPES));
            continue;
        }
        if let Err(error) = Regex::new(&var.pattern) {
            let error = error.to_string();
            let last = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
            problems.push(Problem::error(
                place("pattern"),
                format!("{key}.pattern"),
                format!("not a valid pattern: {last}"),
            ));
        } else if let Some(objection) = var.default.as_ref().and_then(|default| objection(var, default))
            // An empty default means "none given" in formulas in use.
            && var.default.as_deref() != Some("")
        {
            problems.push(Problem::error(place("default"), format!("{key}.default"), objection));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substitution_leaves_what_it_does_not_know() {
        let value = |name: &str| match name {
            "a" => Some("1"),
            "step.id" => Some("s"),
            _ => None,
        };
        assert_eq!(substitute("{{a}} {{b}} {a} {{ a }} {{a}", value), "1 {{b}} {a} {{ a }} {{a}");
        assert_eq!(substitute("{{{a}}}", value), "{{{a}}}".replace("{{a}}", "1"));
        assert_eq!(substitute_single("{a}{step.id} {{a}} {b}", value), "1s 1 {b}");
        assert_eq!(substitute("é{", value), "é{");
    }

    #[test]
    fn objections_name_the_nearest_choice() {
        let var = Var { choices: vec!["staging".into(), "production".into()], ..Var::default() };
        assert!(objection(&var, "stagin").is_some_and(|text| text.contains("\"staging\"")));
        assert!(objection(&var, "staging").is_none());
        let var = Var { pattern: r"^\d+\.\d+\.\d+$".into(), ..Var::default() };
        assert!(objection(&var, "1.2").is_some());
        assert!(objection(&var, "1.2.0").is_none());
        let var = Var { kind: "int".into(), ..Var::default() };
        assert!(objection(&var, "x").is_some());
    }
}
