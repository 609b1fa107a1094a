//! Ledgers of real projects: every line survives import and export, field by field. They lie beside the repository, in `../shared/data`, or
//! where `GT_LEDGER_DATA` says.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::support::Sandbox;

/// A line in the form in which two of them can be compared: lists that have no order in theirs, numbers of remarks left out.
fn plain(line: &str) -> Map<String, Value> {
    let mut map: Map<String, Value> = serde_json::from_str(line).unwrap();
    for comment in map.get_mut("comments").and_then(Value::as_array_mut).into_iter().flatten() {
        comment.as_object_mut().unwrap().remove("id");
    }
    for key in ["labels", "comments", "dependencies"] {
        if let Some(list) = map.get_mut(key).and_then(Value::as_array_mut) {
            list.sort_by_key(Value::to_string);
            list.dedup();
        }
    }
    map.retain(|_, value| {
        !matches!(value, Value::Null | Value::Bool(false)) && *value != "" && *value != Value::Array(vec![])
    });
    map
}

#[test]
fn every_line_of_a_real_ledger_survives() {
    let beside = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let data = std::env::var_os("GT_LEDGER_DATA").map_or(beside, std::path::PathBuf::from);
    if !data.is_dir() {
        println!("skipped: there are no ledgers in {}", data.display());
        return;
    }
    let mut files: Vec<_> = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "jsonl"));
    files.sort();
    assert!(!files.is_empty(), "no .jsonl file there");
    for path in files {
        let sandbox = Sandbox::new();
        let dir = sandbox.path("project");
        std::fs::create_dir(&dir).unwrap();
        sandbox.bd_in(&dir, ["init", "--prefix", "bd", "-q"]).ok();
        let text = std::fs::read_to_string(&path).unwrap();
        let report = sandbox.bd_in(&dir, ["import", "-i", path.to_str().unwrap(), "--json"]).ok().json();
        let mended: Vec<&str> =
            report["repaired"].as_array().unwrap().iter().map(|note| note["id"].as_str().unwrap()).collect();
        assert_eq!(report["rejected"], serde_json::json!([]));
        let exported = sandbox.bd_in(&dir, ["export"]).ok().stdout;
        assert_eq!(exported, std::fs::read_to_string(dir.join(".beads/issues.jsonl")).unwrap());
        let exported: BTreeMap<String, Map<String, Value>> = exported
            .lines()
            .map(|line| {
                let map = plain(line);
                (map["id"].as_str().unwrap().to_owned(), map)
            })
            .collect();
        let (mut lines, mut fields, mut same_text) = (0, 0, 0);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let mut map = plain(line);
            let id = map["id"].as_str().unwrap().to_owned();
            let mut ours = exported[&id].clone();
            if mended.contains(&id.as_str()) {
                for key in ["deleted_at", "closed_at"] {
                    map.remove(key);
                    ours.remove(key);
                }
            }
            for (key, value) in &map {
                assert_eq!(ours.get(key), Some(value), "{}: {id}: {key}", path.display());
                fields += 1;
            }
            assert_eq!(ours.len(), map.len(), "{id} has more than it had: {ours:?}");
            lines += 1;
        }
        assert_eq!(exported.len(), lines, "each line is one bead");
        let ours: std::collections::BTreeSet<&str> = text.lines().collect();
        let written = std::fs::read_to_string(dir.join(".beads/issues.jsonl")).unwrap();
        same_text += written.lines().filter(|line| ours.contains(line)).count();
        // What we wrote is read as it is: nothing to mend, nothing changes.
        let again = sandbox.bd_in(&dir, ["import", "--json"]).ok().json();
        assert_eq!((&again["repaired"], again["updated"].as_u64()), (&serde_json::json!([]), Some(0)));
        println!(
            "{}: {lines} lines, {fields} fields compared, {} mended ({}), {same_text} lines byte for byte as they were",
            path.file_name().unwrap().to_string_lossy(),
            mended.len(),
            mended.join(", "),
        );
    }
}
