//! Every key of the language, in TOML and in JSON: known with its meaning, and where it is misspelt or holds something else, said so
//! with file, line and key.

use serde_json::{Map, Value, json};

use super::{convert, read_text};

/// A formula that has every key there is.
fn everything() -> Map<String, Value> {
    let step = |id: &str| {
        json!({
            "id": id, "title": "T", "description": "D", "design": "G", "acceptance": "A", "notes": "N", "type": "bug", "priority": 1,
            "labels": ["l"], "metadata": {"k": {"deep": [1, true]}}, "depends_on": ["x"], "needs": ["y"], "waits_for": "all-children",
            "assignee": "ann", "expand": "e", "expand_vars": {"v": "1"}, "condition": "{{v}} == x", "output": "o.md", "parallel": true,
            "gate": {"type": "gh:pr", "id": "42", "timeout": "24h"},
            "on_complete": {"for_each": "output.a", "bond": "b", "vars": {"v": "{item}"}, "parallel": true, "sequential": true},
        })
    };
    let mut looped = step("looped");
    looped["loop"] = json!({"count": 2, "until": "step.status == 'done'", "max": 3, "range": "1..2", "var": "n", "body": [step("body")]});
    let mut whole = step("whole");
    whole["children"] = json!([step("child")]);
    let advice =
        json!({"id": "i", "title": "T", "description": "D", "type": "task", "args": {"a": "1"}, "output": {"o": "1"}});
    let formula = json!({
        "formula": "f", "description": "D", "version": 2, "type": "workflow", "phase": "liquid", "execution": "x", "pour": true,
        "extends": ["g"],
        "vars": {"v": {"description": "D", "default": "x", "required": true, "enum": ["x"], "pattern": "x", "type": "string"}},
        "steps": [whole, looped], "template": [step("{target}.t")],
        "compose": {
            "bond_points": [{"id": "p", "description": "D", "after_step": "a", "before_step": "b", "parallel": true}],
            "hooks": [{"trigger": "t", "attach": "a", "at": "p", "vars": {"v": "1"}}],
            "expand": [{"target": "t", "with": "w", "vars": {"v": "1"}}],
            "map": [{"select": "*", "with": "w", "vars": {"v": "1"}}],
            "branch": [{"from": "a", "steps": ["b"], "join": "c"}],
            "gate": [{"before": "a", "condition": "a.status == 'done'"}],
            "aspects": ["s"],
        },
        "advice": [{"target": "*", "before": advice, "after": advice, "around": {"before": [advice], "after": [advice]}}],
        "pointcuts": [{"glob": "*", "type": "bug", "label": "l"}],
        "inputs": {"i": {"description": "D", "type": "string", "required": true, "required_unless": ["j"], "default": "x"}},
        "prompts": {"base": "P"}, "output": {"directory": "d"},
        "legs": [{"id": "l", "title": "T", "focus": "F", "description": "D"}],
        "aspects": [{"id": "m", "title": "T", "focus": "F", "description": "D"}],
        "synthesis": {"title": "S", "description": "D", "depends_on": ["l"]},
    });
    match formula {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Tables whose keys are names of the author's own.
const OWN_NAMES: [&str; 7] = ["expand_vars", "metadata", "args", "prompts", "inputs", "vars", "output"];

/// Paths of all keys of the language, as JSON pointers.
fn keys(value: &Value, at: &str, own: bool, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let path = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                if !own {
                    found.push(path.clone());
                }
                let names = !own && OWN_NAMES.contains(&key.as_str());
                // What a variable or an input is said to be has the language's own keys again.
                let declares = own && (at == "/vars" || at == "/inputs");
                if !own || declares {
                    keys(inner, &path, names, found);
                }
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| keys(item, &format!("{at}/{index}"), own, found));
        }
        _ => {}
    }
}

/// `/steps/0/gate/type` as the language writes it: `steps[0].gate.type`.
fn written(pointer: &str) -> String {
    let mut out = String::new();
    for part in pointer.split('/').skip(1) {
        match part.parse::<usize>() {
            Ok(index) => out.push_str(&format!("[{index}]")),
            Err(_) if out.is_empty() => out.push_str(part),
            Err(_) => out.push_str(&format!(".{part}")),
        }
    }
    out
}

/// The document in both languages, with the name of its file.
fn both(document: &Value) -> Vec<(String, &'static str)> {
    let json = serde_json::to_string_pretty(document).unwrap_or_default();
    let map = document.as_object().cloned().unwrap_or_default();
    let toml = toml::to_string_pretty(&convert::order(map)).unwrap_or_default();
    assert!(!json.is_empty() && !toml.is_empty());
    vec![(json, "f.formula.json"), (toml, "f.formula.toml")]
}

/// The line on which `mark` stands.
fn line_of(text: &str, mark: &str) -> usize {
    text.lines().position(|line| line.contains(mark)).map_or(0, |at| at + 1)
}

#[test]
fn every_key_is_known_in_both_languages_and_means_the_same() {
    let document = Value::Object(everything());
    let mut meanings = Vec::new();
    for (text, file) in both(&document) {
        let (formula, warnings) = read_text(&text, file).unwrap_or_else(|error| panic!("{error}"));
        assert!(warnings.is_empty(), "{file}: {}", warnings[0]);
        meanings.push(convert::to_json(&formula).unwrap_or_default());
    }
    assert_eq!(meanings[0], meanings[1]);
    // Nothing of it was passed over: what is written out again has every key.
    let again: Value = serde_json::from_str(&meanings[0]).unwrap_or_default();
    let mut found = Vec::new();
    keys(&document, "", false, &mut found);
    assert!(found.len() > 200, "{}", found.len());
    for pointer in found {
        assert!(again.pointer(&pointer).is_some(), "{} is lost", written(&pointer));
    }
}

#[test]
fn a_misspelt_key_is_named_with_its_line_and_the_nearest_one() {
    let document = Value::Object(everything());
    let mut found = Vec::new();
    keys(&document, "", false, &mut found);
    for pointer in found {
        let (parent, key) = pointer.rsplit_once('/').unwrap_or_default();
        let mut wrong = document.clone();
        let Some(table) = wrong.pointer_mut(parent).and_then(Value::as_object_mut) else { panic!("{pointer}") };
        let misspelt = format!("{key}x");
        let value = table.remove(key).unwrap_or_default();
        table.insert(misspelt.clone(), value);
        for (text, file) in both(&wrong) {
            let (_, warnings) = read_text(&text, file).unwrap_or_else(|error| panic!("{pointer}: {error}"));
            let said: Vec<String> = warnings.iter().map(ToString::to_string).collect();
            assert_eq!(said.len(), 1, "{pointer}: {said:?}");
            assert!(said[0].contains(&format!("{}x: unknown key", written(&pointer))), "{said:?}");
            assert!(said[0].ends_with(&format!("(did you mean {key:?}?)")), "{said:?}");
            let line = warnings[0].place.line as usize;
            let there = text.lines().nth(line - 1).unwrap_or_default();
            assert!(there.contains(&misspelt), "{file}: {} is not on line {line}: {there}", written(&pointer));
        }
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_named_with_file_line_and_key() {
    let document = Value::Object(everything());
    let mut found = Vec::new();
    keys(&document, "", false, &mut found);
    for pointer in found {
        let with = |value: Value| {
            let mut changed = document.clone();
            if let Some(place) = changed.pointer_mut(&pointer) {
                *place = value;
            }
            changed
        };
        let wrong = json!([[["@mark"]]]);
        for (text, file) in both(&with(wrong)) {
            let Err(error) = read_text(&text, file) else { panic!("{file}: {} takes anything", written(&pointer)) };
            let error = error.to_string();
            assert!(error.starts_with(&format!("{file}: formula validation failed:\n  - line ")), "{error}");
            assert!(error.contains(&written(&pointer)), "{pointer}: {error}");
            let line: usize =
                error.split("line ").nth(1).and_then(|rest| rest.split([',', ':']).next()?.parse().ok()).unwrap_or(0);
            let mark = line_of(&text, "@mark");
            // A list is written over several lines; what is wrong begins at most so many lines above the innermost value.
            assert!(line > 0 && line <= mark && mark - line <= 4, "{file}: line {line}, not about {mark}: {error}");
        }
    }
}
