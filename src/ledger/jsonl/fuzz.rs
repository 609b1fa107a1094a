//! Files as nobody would write them: whatever is in one, nothing panics, nothing is lost, and what we write of it we read again.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::super::model::Bead;
use super::super::{codec, store::Ledger};
use super::{lines, write_lines};
use crate::base::{Timestamp, fuzz};

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3..9i64).prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(Value::from),
        "[<>&\u{2028}\u{2029}é\\\\\"\u{1}]{0,6}".prop_map(Value::from),
        select(vec![
            "open",
            "closed",
            "tombstone",
            "pinned",
            "review",
            "blocks",
            "parent-child",
            "waits-for",
            "gt-a1",
            "gt-b2.1",
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.123456789-08:00",
            "2026-01-01 00:00:00",
            "2026-01-01",
            "task",
            "",
        ])
        .prop_map(Value::from),
        "x{490,510}".prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..4).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    let more = ["depends_on_id", "issue_id", "type", "author", "text", "metadata", "_type", "_schema", "ID", "Title"];
    let known: Vec<&'static str> = codec::KEYS.into_iter().chain(more).collect();
    prop_oneof![6 => select(known).prop_map(str::to_owned), 1 => "[a-zA-Z_]{1,6}"]
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let object = prop::collection::vec((key(), value()), 0..9).prop_map(|pairs| {
        let map: Map<String, Value> = pairs.into_iter().collect();
        Value::Object(map).to_string().into_bytes()
    });
    let object = object.boxed();
    let bead = (object.clone(), 0..4u8).prop_map(|(rest, n)| {
        let head = format!("{{\"id\":\"gt-a{n}\",\"title\":\"t\"");
        let rest = String::from_utf8_lossy(&rest).into_owned();
        let inner = rest.trim_start_matches('{');
        let comma = if inner == "}" { "" } else { "," };
        format!("{head}{comma}{inner}").into_bytes()
    });
    prop_oneof![
        4 => bead,
        2 => object,
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => select(vec!["<<<<<<< a", "=======", "||||||| b", ">>>>>>> c", "", "  ", "{}", "[]", "null"])
            .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

fn file() -> impl Strategy<Value = Vec<u8>> {
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    let ends = select(vec![b"\n".to_vec(), b"\r\n".to_vec(), b"".to_vec()]);
    (prop::collection::vec(line(), 0..10), damage, ends, any::<bool>()).prop_map(|(lines, damage, end, bom)| {
        let mut bytes = if bom { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
        for line in lines {
            bytes.extend(line);
            bytes.extend(&end);
        }
        for (place, byte) in damage {
            if !bytes.is_empty() {
                let at = place.index(bytes.len());
                bytes[at] = byte;
            }
        }
        bytes
    })
}

#[test]
fn whatever_stands_in_a_file_is_read_or_reported_and_what_is_written_is_read_again() {
    fuzz::run("jsonl reader", &file(), |bytes| {
        let now = Timestamp::from_unix_nanos(1_800_000_000_000_000_000);
        let found = lines::read(&bytes, now);
        prop_assert!(found.lines == 0 || !found.beads.is_empty() || !found.rejected.is_empty() || only_schema(&bytes));
        for (line, why, _) in &found.rejected {
            prop_assert!(*line >= 1 && !why.is_empty());
        }
        let beads: Vec<_> = found.beads.values().cloned().collect();
        let mut written = Vec::new();
        write_lines(&beads, &mut written).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let again = lines::read(&written, now);
        prop_assert!(again.rejected.is_empty(), "{:?}", again.rejected);
        prop_assert!(again.repaired.is_empty(), "{:?} in {}", again.repaired, String::from_utf8_lossy(&written));
        let mut once_more = Vec::new();
        let beads: Vec<_> = again.beads.values().cloned().collect();
        write_lines(&beads, &mut once_more).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(&once_more));
        Ok(())
    });
}

/// A bead in the form in which it can be compared: remarks without their numbers, of two equal edges the first, times that were made up
/// because there were none as such.
fn plain(bead: &Bead, made_up: impl Fn(Timestamp) -> bool + Copy) -> Value {
    fn times(value: &mut Value, made_up: impl Fn(Timestamp) -> bool + Copy) {
        match value {
            Value::String(text) if text.parse().is_ok_and(made_up) => *text = "made up".into(),
            Value::Array(items) => items.iter_mut().for_each(|item| times(item, made_up)),
            Value::Object(map) => map.values_mut().for_each(|item| times(item, made_up)),
            _ => {}
        }
    }
    let mut bead = bead.clone();
    bead.comments.iter_mut().for_each(|comment| comment.id = 0);
    let mut seen = std::collections::BTreeSet::new();
    bead.dependencies.retain(|dep| seen.insert((dep.depends_on_id.clone(), dep.dep_type.clone())));
    let mut value = Value::Object(codec::to_map(&bead, codec::Parts::ALL));
    times(&mut value, made_up);
    for key in ["comments", "dependencies"] {
        if let Some(items) = value.get_mut(key).and_then(Value::as_array_mut) {
            items.sort_by_key(Value::to_string);
        }
    }
    value
}

#[test]
fn what_goes_into_the_database_comes_out_of_it_again() {
    fuzz::run("ledger round trip", &file(), |bytes| {
        let fail = |error: crate::base::Error| TestCaseError::fail(error.to_string());
        let start = Timestamp::now();
        let dir = tempfile::tempdir().map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut ledger = Ledger::open(&dir.path().join("ledger.db")).map_err(fail)?;
        ledger.add_store("lab", dir.path(), "gt").map_err(fail)?;
        super::import_file(&mut ledger, "lab", std::path::Path::new("in.jsonl"), &bytes).map_err(fail)?;
        super::export_store(&ledger, "lab").map_err(fail)?;
        let written = std::fs::read(dir.path().join(super::FILE)).unwrap_or_default();
        let out = lines::read(&written, start);
        prop_assert!(out.rejected.is_empty() && out.repaired.is_empty(), "{:?} {:?}", out.rejected, out.repaired);
        // The far end of the times there are: nothing in a file has it.
        let never = Timestamp::from_unix_nanos(4_000_000_000_000_000_000);
        let found = lines::read(&bytes, never);
        let kept: Vec<&String> = found.beads.iter().filter(|(_, bead)| !bead.ephemeral).map(|(id, _)| id).collect();
        prop_assert_eq!(kept, out.beads.keys().collect::<Vec<_>>());
        for (id, bead) in &out.beads {
            prop_assert_eq!(plain(bead, |time| time >= start), plain(&found.beads[id], |time| time >= start));
        }
        Ok(())
    });
}

/// Header lines of later versions, lists of nothing and the like hold no bead and nothing that could be lost.
fn only_schema(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.lines().any(|line| line.contains("_schema") || line.contains("|||||||"))
}
