//! What can be set, read from the settings' own types: every key with its meaning and the kind of value it takes. The schemas, the
//! listings and the editor of settings all come from here, so that a key that is added to a type appears in all of them.

use serde_json::{Map, Value, json};

/// The types themselves are the one place where keys and their meanings are written down.
const SOURCE: &str = concat!(include_str!("settings.rs"), include_str!("escalation.rs"), include_str!("limits.rs"));

/// The kind of value a key takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// true or false.
    Flag,
    /// A whole number.
    Number,
    /// A number with a fraction.
    Decimal,
    /// Text.
    Text,
    /// A list of texts.
    List,
    /// Names of the person's own choice, each with a text.
    Texts,
    /// Names of the person's own choice, each with a value of any form.
    Values,
    /// Keys below this one.
    Group(Vec<Field>),
    /// One of these words.
    Choice(Vec<String>),
    /// Any form.
    Any,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name in its object.
    pub name: String,
    /// What it means.
    pub about: String,
    /// The kind of value it takes.
    pub kind: Kind,
    /// Whether it may be left empty (`null`).
    pub optional: bool,
}

/// The keys of the settings type called `name`: `TownSettings` or `RigSettings`.
pub fn fields_of(name: &str) -> Vec<Field> {
    let head = format!("pub struct {name} {{");
    let Some((_, body)) = SOURCE.split_once(&head) else { return Vec::new() };
    let mut fields = Vec::new();
    let mut about: Vec<&str> = Vec::new();
    for line in body.lines().map(str::trim) {
        if line == "}" {
            break;
        }
        if let Some(words) = line.strip_prefix("///") {
            about.push(words.trim());
        } else if let Some((name, kind)) = line.strip_prefix("pub ").and_then(|rest| rest.split_once(": ")) {
            let kind = kind.trim_end_matches(',');
            let inner = kind.strip_prefix("Option<").and_then(|kind| kind.strip_suffix('>'));
            fields.push(Field {
                name: name.trim_start_matches("r#").to_owned(),
                about: std::mem::take(&mut about).join(" ").replace('`', ""),
                optional: inner.is_some() || kind == "Value",
                kind: kind_of(inner.unwrap_or(kind)),
            });
        }
    }
    fields
}

fn kind_of(kind: &str) -> Kind {
    match kind {
        "bool" => Kind::Flag,
        "u8" | "u16" | "u32" | "u64" | "usize" | "i64" => Kind::Number,
        "f64" => Kind::Decimal,
        "String" => Kind::Text,
        "Vec<String>" => Kind::List,
        "BTreeMap<String, String>" => Kind::Texts,
        map if map.starts_with("Map<") || map.starts_with("BTreeMap<") => Kind::Values,
        "Value" => Kind::Any,
        other => match fields_of(other) {
            fields if !fields.is_empty() => Kind::Group(fields),
            _ => Some(words_of(other)).filter(|words| !words.is_empty()).map_or(Kind::Any, Kind::Choice),
        },
    }
}

/// The words of an enumeration, as files write them.
fn words_of(name: &str) -> Vec<String> {
    let Some((_, body)) = SOURCE.split_once(&format!("pub enum {name} {{")) else { return Vec::new() };
    let lines = body.lines().map(str::trim).take_while(|line| *line != "}");
    let variants = lines.filter(|line| line.ends_with(',') && line.starts_with(|c: char| c.is_ascii_uppercase()));
    variants
        .map(|line| {
            let mut word = String::new();
            for c in line.trim_end_matches(',').chars() {
                if c.is_ascii_uppercase() && !word.is_empty() {
                    word.push('-');
                }
                word.push(c.to_ascii_lowercase());
            }
            word
        })
        .collect()
}

/// Keys with dots, groups resolved, in the order of the type.
pub fn flat(fields: &[Field]) -> Vec<(String, Field)> {
    let mut found = Vec::new();
    for field in fields {
        match &field.kind {
            Kind::Group(inner) => {
                found.extend(flat(inner).into_iter().map(|(key, inner)| (format!("{}.{key}", field.name), inner)));
            }
            _ => found.push((field.name.clone(), field.clone())),
        }
    }
    found
}

/// The JSON Schema of a settings file of format `kind`, whose keys are `fields` and whose defaults are `defaults`.
pub fn schema(kind: &str, title: &str, fields: &[Field], defaults: &Value) -> Value {
    let mut properties = Map::new();
    properties.insert("type".into(), json!({"const": kind}));
    properties.insert("version".into(), json!({"const": 1}));
    properties.extend(properties_of(fields, defaults));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": properties,
    })
}

fn properties_of(fields: &[Field], defaults: &Value) -> Map<String, Value> {
    fields
        .iter()
        .map(|field| {
            let default = defaults.get(&field.name).cloned().unwrap_or(Value::Null);
            let mut rule = Map::new();
            rule.insert("description".into(), field.about.clone().into());
            let kind = match &field.kind {
                Kind::Flag => Some("boolean"),
                Kind::Number => Some("integer"),
                Kind::Decimal => Some("number"),
                Kind::Text | Kind::Choice(_) => Some("string"),
                Kind::List => Some("array"),
                Kind::Texts | Kind::Values | Kind::Group(_) => Some("object"),
                Kind::Any => None,
            };
            if let Some(kind) = kind {
                rule.insert("type".into(), if field.optional { json!([kind, "null"]) } else { json!(kind) });
            }
            match &field.kind {
                Kind::Number => drop(rule.insert("minimum".into(), json!(0))),
                Kind::Choice(words) => drop(rule.insert("enum".into(), json!(words))),
                Kind::List => drop(rule.insert("items".into(), json!({"type": "string"}))),
                Kind::Texts => drop(rule.insert("additionalProperties".into(), json!({"type": "string"}))),
                Kind::Group(inner) => drop(rule.insert("properties".into(), properties_of(inner, &default).into())),
                _ => {}
            }
            if !matches!(field.kind, Kind::Group(_)) {
                rule.insert("default".into(), default);
            }
            (field.name.clone(), Value::Object(rule))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::town::{RigSettings, TownSettings};

    #[test]
    fn every_key_of_the_types_is_known_with_its_meaning() {
        for (name, defaults) in [
            ("TownSettings", serde_json::to_value(TownSettings::default()).unwrap()),
            ("RigSettings", serde_json::to_value(RigSettings::default()).unwrap()),
        ] {
            let fields = fields_of(name);
            let keys: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            let real: Vec<&str> = defaults.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(keys, real, "{name}");
            for (key, field) in flat(&fields) {
                assert!(!field.about.is_empty(), "{key}");
            }
        }
        assert!(
            flat(&fields_of("RigSettings"))
                .iter()
                .any(|(key, field)| key == "merge_queue.test_command" && field.optional)
        );
    }
}
