//! `bd list --format '{{.ID}} {{.Title}}'`: lists written by a template of Go's language, for scripts that use it.

use std::collections::HashMap;

use gtmpl::{Context, Template, Value};

use crate::base::{Error, Result};
use crate::ledger::Bead;
use crate::ledger::codec::{self, KEYS, Parts};

/// Keys whose values are lists, numbers or yes and no: what they are where a bead lacks them.
const LISTS: [&str; 6] = ["labels", "dependencies", "comments", "bonded_from", "validations", "waiters"];
const NUMBERS: [&str; 6] =
    ["priority", "estimated_minutes", "compaction_level", "original_size", "quality_score", "timeout"];
const FLAGS: [&str; 4] = ["ephemeral", "pinned", "is_template", "crystallizes"];

/// Writes one line for each bead.
///
/// # Errors
/// Wrong usage for a template that can't be read, or that asks for a field that no bead has.
pub fn lines(template: &str, beads: &[Bead]) -> Result<String> {
    let wrong = |error: String| {
        Error::usage(format!("the template {template:?}: {error}")).hint(
            "for example --format '{{.ID}} {{.Status}} {{.Title}}'; dot, mermaid and digraph draw the dependencies",
        )
    };
    let mut parsed = Template::default();
    parsed.add_func("join", join);
    parsed.parse(template).map_err(|error| wrong(error.to_string()))?;
    let mut out = String::new();
    for bead in beads {
        let text = parsed.render(&Context::from(fields(bead))).map_err(|error| wrong(error.to_string()))?;
        out.push_str(&text);
        out.push('\n');
    }
    Ok(out)
}

/// `join .Labels ", "`.
fn join(arguments: &[Value]) -> std::result::Result<Value, gtmpl::FuncError> {
    let (Some(Value::Array(items)), Some(Value::String(between))) = (arguments.first(), arguments.get(1)) else {
        return Err(gtmpl::FuncError::Generic("join wants a list and what stands between".into()));
    };
    Ok(items.iter().map(ToString::to_string).collect::<Vec<_>>().join(between).into())
}

fn fields(bead: &Bead) -> Value {
    let mut map = codec::to_map(bead, Parts::ALL);
    let mut fields: HashMap<String, Value> = HashMap::new();
    for key in KEYS {
        let value = map.remove(key).map_or_else(|| absent(key), value);
        fields.insert(go_name(key), value);
    }
    fields.extend(map.into_iter().map(|(key, other)| (go_name(&key), value(other))));
    Value::Object(fields)
}

fn absent(key: &str) -> Value {
    match key {
        key if LISTS.contains(&key) => Value::Array(Vec::new()),
        key if NUMBERS.contains(&key) => Value::from(0),
        key if FLAGS.contains(&key) => Value::Bool(false),
        _ => Value::from(""),
    }
}

fn value(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(flag) => Value::Bool(flag),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => Value::from(number),
            (None, None) => Value::from(number.to_string()),
        },
        serde_json::Value::String(text) => Value::from(text),
        serde_json::Value::Array(items) => Value::Array(items.into_iter().map(value).collect()),
        serde_json::Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, inner)| (go_name(&key), value(inner))).collect())
        }
    }
}

/// The name that Go programs know a key by: `depends_on_id` is `DependsOnID`.
fn go_name(key: &str) -> String {
    let word = |word: &str| match word {
        "id" => "ID".to_owned(),
        word => {
            let mut chars = word.chars();
            chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
        }
    };
    key.split('_').map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;

    #[test]
    fn templates() -> Result<()> {
        let mut bead = Bead::new("gt-a1", "A <title>", Timestamp::from_unix_nanos(0));
        bead.labels = vec!["x".into(), "y".into()];
        let one = [bead];
        for (template, wanted) in [
            ("{{.ID}} {{.Title}} {{.Priority}}", "gt-a1 A <title> 2\n"),
            ("{{.ID}}{{if .Assignee}} @{{.Assignee}}{{else}} nobody{{end}}", "gt-a1 nobody\n"),
            ("{{range .Labels}}[{{.}}]{{end}}", "[x][y]\n"),
            ("{{join .Labels \", \"}}", "x, y\n"),
            ("{{printf \"%s/%s\" .Status .IssueType}}", "open/task\n"),
            ("{{if eq .Status \"open\"}}o{{end}}", "o\n"),
            ("{{len .Labels}}", "2\n"),
        ] {
            assert_eq!(lines(template, &one)?, wanted, "{template}");
        }
        for wrong in ["{{.ID", "{{.Nonsense}}", "{{nonsense .ID}}", "{{end}}"] {
            assert!(lines(wrong, &one).is_err(), "{wrong}");
        }
        Ok(())
    }
}
