//! Formulas written as TOML or JSON.

use serde_json::{Map, Value};

use super::model::Formula;
use crate::base::Result;

/// The formula as its file would say it, without where it was read from.
fn plain(formula: &Formula) -> Result<Map<String, Value>> {
    match serde_json::to_value(formula)? {
        Value::Object(mut map) => {
            map.remove("source");
            Ok(map)
        }
        _ => Ok(Map::new()),
    }
}

/// The formula as TOML.
///
/// # Errors
/// When TOML can't say it.
pub fn to_toml(formula: &Formula) -> Result<String> {
    Ok(toml::to_string_pretty(&order(plain(formula)?))?)
}

/// The formula as JSON.
///
/// # Errors
/// When it can't be serialised.
pub fn to_json(formula: &Formula) -> Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(&plain(formula)?)?))
}

/// TOML has plain values before tables, and no null.
pub(super) fn order(map: Map<String, Value>) -> Map<String, Value> {
    let is_table = |value: &Value| match value {
        Value::Object(_) => true,
        Value::Array(items) => items.iter().any(Value::is_object),
        _ => false,
    };
    let (tables, plain): (Vec<_>, Vec<_>) =
        map.into_iter().filter(|(_, value)| !value.is_null()).partition(|(_, value)| is_table(value));
    plain.into_iter().chain(tables).map(|(key, value)| (key, deep(value))).collect()
}

fn deep(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(order(map)),
        Value::Array(items) => Value::Array(items.into_iter().map(deep).collect()),
        other => other,
    }
}
