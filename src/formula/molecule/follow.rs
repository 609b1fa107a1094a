//! What a step's end leads to: `on_complete` pours a formula for each item of the step's output.

use std::borrow::Cow;

use serde_json::Value;

use super::super::cook::{self, Mode};
use super::super::library::Library;
use super::super::values::{Values, substitute_single};
use super::pour::{Pour, pour};
use crate::base::{Error, Result, ResultExt};
use crate::ledger::{Bead, NewDep, ON_COMPLETE, Tx, dep_type};

/// A molecule's title says which item it is for, up to so many characters of it.
const SHOWN: usize = 80;

/// Pours what the bead's `on_complete` asks for, once; everything that waits for the bead then waits for that as well. Given to
/// [`crate::ledger::follow_with`].
///
/// # Errors
/// Refused when the bead has no such output; what is wrong with the formula or its variables.
pub fn follow(tx: &mut Tx<'_>, step: &Bead) -> Result<()> {
    let Some(metadata) = step.extra.get("metadata") else { return Ok(()) };
    let Some(wanted) = metadata.get(ON_COMPLETE) else { return Ok(()) };
    let text = |key: &str| wanted.get(key).and_then(Value::as_str).unwrap_or_default();
    let (path, formula) = (text("for_each"), text("bond"));
    // A step that was reopened and is closed again has its molecules already.
    if path.is_empty() || formula.is_empty() || step.is_template || has_followed(tx, &step.id)? {
        return Ok(());
    }
    let Some(items) = items(metadata, path) else {
        let message = format!("{} has no list at {path}, for each item of which {formula} is to be poured", step.id);
        let key = path.strip_prefix("output.").unwrap_or(path);
        return Err(Error::refused(message).hint(format!(
            "bd close {} --output '{{\"{key}\": [...]}}'; an empty list when there is nothing",
            step.id
        )));
    };
    let store = tx.store(&step.store)?;
    let library = Library::standard(store.beads_dir.parent().unwrap_or(&store.beads_dir), None);
    let sequential = wanted.get("sequential").and_then(Value::as_bool).unwrap_or(false);
    let waiting = waiting(tx, &step.id)?;
    let mut last: Option<String> = None;
    for (index, item) in items.iter().enumerate() {
        let values = values(&library, formula, wanted.get("vars"), item, index)
            .and_then(|values| cook::cook(&library, formula, &values, Mode::Runtime));
        let cooked = values.with_context(|| format!("{}: {ON_COMPLETE}: item {} of {path}", step.id, index + 1))?;
        let options = Pour { store: store.name.clone(), wisp: step.ephemeral, ..Pour::default() };
        let root = pour(tx, &cooked, &options)?.root;
        if let Some(parent) = step.parent() {
            tx.add_dep(&root, parent, dep_type::PARENT_CHILD)?;
        }
        let metadata = serde_json::json!({ON_COMPLETE: index}).to_string();
        tx.add_dep_with(&root, &NewDep { metadata, ..NewDep::new(&step.id, dep_type::DISCOVERED_FROM) })?;
        if let Some(before) = last.as_deref().filter(|_| sequential) {
            tx.add_dep(&root, before, dep_type::BLOCKS)?;
        }
        for id in &waiting {
            tx.add_dep(id, &root, dep_type::BLOCKS)?;
        }
        last = Some(root);
    }
    Ok(())
}

/// The list at `path` (`output.a.b`) of a bead's metadata; a list or an object may be there as JSON in a text.
fn items<'v>(metadata: &'v Value, path: &str) -> Option<Cow<'v, [Value]>> {
    let mut at = Cow::Borrowed(metadata);
    for key in path.split('.') {
        at = match unpacked(at) {
            Cow::Borrowed(value) => Cow::Borrowed(value.get(key)?),
            Cow::Owned(mut value) => Cow::Owned(value.get_mut(key)?.take()),
        };
    }
    match unpacked(at) {
        Cow::Borrowed(Value::Array(items)) => Some(Cow::Borrowed(items)),
        Cow::Owned(Value::Array(items)) => Some(Cow::Owned(items)),
        _ => None,
    }
}

fn unpacked(value: Cow<'_, Value>) -> Cow<'_, Value> {
    match value.as_str().map(serde_json::from_str) {
        Some(Ok(inner)) => Cow::Owned(inner),
        _ => value,
    }
}

/// The variables for one item: `{item}`, `{item.key}` and `{index}` (from 1) in the texts of `vars`.
fn values(library: &Library, formula: &str, vars: Option<&Value>, item: &Value, index: usize) -> Result<Values> {
    let number = (index + 1).to_string();
    let plain = as_text(item);
    let mut values = Values::new();
    for (name, text) in vars.and_then(Value::as_object).into_iter().flatten() {
        let text = text.as_str().unwrap_or_default();
        let fields = fields(text, item)?;
        let value = substitute_single(text, |name| match name {
            "item" => Some(plain.as_str()),
            "index" => Some(number.as_str()),
            name => fields.get(name).map(String::as_str),
        });
        values.insert(name.clone(), value.into_owned());
    }
    if !values.contains_key("title") && !library.load(formula)?.formula.vars.contains_key("title") {
        let named = ["title", "name", "id"].iter().find_map(|key| item.get(key)).unwrap_or(item);
        let about = match named {
            Value::Object(_) | Value::Array(_) => number,
            named => as_text(named).split_whitespace().collect::<Vec<_>>().join(" "),
        };
        values.insert("title".into(), format!("{formula}: {}", about.chars().take(SHOWN).collect::<String>()));
    }
    Ok(values)
}

/// What each `{item.key}` in the text stands for.
fn fields(text: &str, item: &Value) -> Result<Values> {
    let found = std::cell::RefCell::new(Vec::new());
    let _ = substitute_single(text, |name| {
        found.borrow_mut().push(name.to_owned());
        None
    });
    let mut fields = Values::new();
    for name in found.into_inner() {
        let Some(path) = name.strip_prefix("item.") else { continue };
        let value = path.split('.').try_fold(item, |value, key| value.get(key));
        let Some(value) = value else {
            return Err(Error::failed(format!("{{{name}}}: the item has no {path:?}: {item}")));
        };
        fields.insert(name, as_text(value));
    }
    Ok(fields)
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn has_followed(tx: &Tx<'_>, step: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM deps WHERE depends_on = ?1 AND type = ?2 AND metadata LIKE ?3";
    let mark = format!("{{\"{ON_COMPLETE}\"%");
    Ok(tx.conn().prepare_cached(sql)?.exists([step, dep_type::DISCOVERED_FROM, &mark])?)
}

/// The unfinished beads that the step blocks.
fn waiting(tx: &Tx<'_>, step: &str) -> Result<Vec<String>> {
    let sql = "SELECT d.issue FROM deps d JOIN beads b ON b.id = d.issue \
               WHERE d.depends_on = ?1 AND d.type = ?2 AND b.status NOT IN ('closed', 'tombstone')";
    let mut statement = tx.conn().prepare_cached(sql)?;
    Ok(statement.query_map([step, dep_type::BLOCKS], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_are_found_plain_and_as_json_in_a_text() {
        for metadata in [
            json!({"output": {"a": {"b": [1, 2]}}}),
            json!({"output": "{\"a\": {\"b\": [1, 2]}}"}),
            json!({"output": {"a": "{\"b\": \"[1, 2]\"}"}}),
        ] {
            assert_eq!(items(&metadata, "output.a.b").as_deref(), Some(&[json!(1), json!(2)][..]), "{metadata}");
        }
        for metadata in [json!({}), json!({"output": "a.md"}), json!({"output": {"a": {"b": 3}}}), json!(null)] {
            assert_eq!(items(&metadata, "output.a.b"), None, "{metadata}");
        }
    }

    #[test]
    fn a_key_the_item_lacks_is_an_error() {
        let item = json!({"name": "x", "n": 3, "deep": {"er": true}});
        let fields = fields("{item.name} {item.n} {{item.deep.er}} {other}", &item).expect("all there");
        let pairs: Vec<_> = fields.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("item.deep.er", "true"), ("item.n", "3"), ("item.name", "x")]);
        assert!(super::fields("{item.nmae}", &item).is_err());
    }
}
