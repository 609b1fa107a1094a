//! The prompts of convoys: `{{.name}}`, `{{.leg.focus}}`, `{{if .name}} … {{else}} … {{end}}`.

use std::collections::BTreeMap;

use super::model::Leg;
use super::values::Values;

/// How deep `if` may be nested.
const DEPTH: usize = 32;

/// What a prompt can name.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub values: &'a Values,
    pub output: &'a BTreeMap<String, String>,
    pub leg: Option<&'a Leg>,
    /// Every variable that will ever have a value has it.
    pub complete: bool,
    /// How deep this text is inside others.
    pub depth: u8,
}

/// How deep texts may name each other.
const TEXTS: u8 = 4;

impl Context<'_> {
    /// The path of a leg's or the synthesis' result, empty when the formula names none.
    pub fn path(&self, which: &str) -> String {
        let key = if which == "leg" { "leg_pattern" } else { which };
        match (self.output.get("directory"), self.output.get(key)) {
            (Some(directory), Some(file)) => format!("{}/{}", self.inner(directory), self.inner(file)),
            (None, Some(file)) => self.inner(file),
            _ => String::new(),
        }
    }

    /// A text that another one names.
    fn inner(&self, text: &str) -> String {
        match self.depth < TEXTS {
            true => render(text, &Context { depth: self.depth + 1, ..*self }),
            false => text.to_owned(),
        }
    }

    /// The value of a name; nothing when it is not known yet.
    fn value(&self, name: &str) -> Option<String> {
        let leg = |pick: fn(&Leg) -> &String| self.leg.map(pick).cloned();
        match name {
            "leg.id" | "aspect.id" => leg(|leg| &leg.id),
            "leg.title" | "aspect.title" => leg(|leg| &leg.title),
            "leg.focus" | "aspect.focus" => leg(|leg| &leg.focus),
            "leg.description" | "aspect.description" => self.leg.map(|leg| self.inner(&leg.description)),
            "output_path" => Some(self.path("leg")),
            _ => match name.strip_prefix("output.") {
                Some(key) => self.output.get(key).map(|text| self.inner(text)),
                None => self.values.get(name).cloned(),
            },
        }
    }
}

/// The text with its placeholders filled in. A name without a value becomes `{{name}}`, a variable of the formula.
pub(super) fn render(text: &str, context: &Context<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    section(&mut rest, context, true, 0, &mut out);
    // An `end` too many ends nothing.
    out.push_str(rest);
    out
}

enum Stop {
    Else,
    Closed,
    Text,
}

fn section(rest: &mut &str, context: &Context<'_>, shown: bool, depth: usize, out: &mut String) -> Stop {
    while let Some((before, after)) = rest.split_once("{{") {
        if shown {
            out.push_str(before);
        }
        let Some((tag, after)) = after.split_once("}}") else {
            if shown {
                out.push_str("{{");
            }
            *rest = after;
            continue;
        };
        *rest = after;
        let word = tag.trim().trim_matches('-').trim();
        if word == "else" && depth > 0 {
            return Stop::Else;
        } else if word == "end" && depth > 0 {
            return Stop::Closed;
        } else if let Some(test) = word.strip_prefix("if ").filter(|_| depth < DEPTH) {
            let holds = holds(test.trim(), context);
            if let Stop::Else = section(rest, context, shown && holds, depth + 1, out) {
                section(rest, context, shown && !holds, depth + 1, out);
            }
        } else if shown {
            match word.strip_prefix('.').filter(|name| is_name(name)) {
                Some(name) => match context.value(name) {
                    Some(value) => out.push_str(&value),
                    None => {
                        out.push_str("{{");
                        out.push_str(name);
                        out.push_str("}}");
                    }
                },
                None => {
                    out.push_str("{{");
                    out.push_str(tag);
                    out.push_str("}}");
                }
            }
        }
    }
    if shown {
        out.push_str(rest);
    }
    *rest = "";
    Stop::Text
}

/// Whether the named value is not empty. What is not known yet is taken to be given.
fn holds(test: &str, context: &Context<'_>) -> bool {
    let (negated, name) = test.strip_prefix("not ").map_or((false, test), |name| (true, name.trim()));
    let name = name.trim_start_matches('.');
    let holds = match context.value(name) {
        Some(value) => !matches!(value.as_str(), "" | "false" | "0"),
        None => !context.complete,
    };
    holds != negated
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts() {
        let values: Values = [("problem".into(), "slow".into()), ("empty".into(), String::new())].into();
        let output: BTreeMap<String, String> =
            [("directory".into(), "out/{{.problem}}".into()), ("leg_pattern".into(), "{{.leg.id}}.md".into())].into();
        let leg =
            Leg { id: "api".into(), title: "API".into(), focus: "f".into(), description: "Do {{.problem}}".into() };
        let context = Context { values: &values, output: &output, leg: Some(&leg), complete: true, depth: 0 };
        for (text, wanted) in [
            ("{{.problem}} {{.leg.id}} {{.leg.description}}", "slow api Do slow"),
            ("{{if .problem}}a{{else}}b{{end}}c", "ac"),
            ("{{if .empty}}a{{else}}b{{end}}c", "bc"),
            ("{{if .empty}}a{{if .problem}}x{{end}}{{end}}c", "c"),
            ("{{.output_path}}", "out/slow/api.md"),
            ("{{.unknown}} {{end}} {{", "{{unknown}} {{end}} {{"),
            ("{{version}}", "{{version}}"),
        ] {
            assert_eq!(render(text, &context), wanted, "{text}");
        }
    }
}
