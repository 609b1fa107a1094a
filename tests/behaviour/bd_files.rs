//! `issues.jsonl` as people and git leave it: broken lines, conflicts, unknown keys, older files, moved directories.

use crate::bd_basics::project;
use crate::support::Sandbox;

fn line(id: &str, rest: &str) -> String {
    format!(
        "{{\"id\":\"lab-{id}\",\"title\":\"t {id}\",\"status\":\"open\",\"priority\":2,\"issue_type\":\"task\",\
         \"created_at\":\"2026-01-02T03:04:05.5-08:00\",\"updated_at\":\"2026-01-02T03:04:05.5-08:00\"{rest}}}"
    )
}

#[test]
fn one_bad_line_costs_only_itself() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let file = dir.join(".beads/issues.jsonl");
    let text = [
        line("a0001", ""),
        "{\"id\":\"lab-b0002\",\"title\":".to_owned(),
        "   ".to_owned(),
        line("c0003", ",\"closed_at\":\"2026-01-03T00:00:00Z\",\"their_key\":{\"x\":[1,2]}"),
        format!("{}{}", line("d0004", ""), line("e0005", ",\"comments\":[{\"id\":\"6f1c-uuid\",\"author\":\"x\",\"text\":\"y\",\"created_at\":\"2026-01-03T00:00:00Z\"}]")),
        "{\"_schema\":\"beads-jsonl/1\"}".to_owned(),
        format!("{{\"_type\":\"issue\",\"dependency_count\":0,{}", &line("f0006", "")[1..]),
        "{\"_type\":\"memory\",\"key\":\"k\",\"value\":\"v\"}".to_owned(),
        "not json at all".to_owned(),
    ]
    .join("\n");
    std::fs::write(&file, text).unwrap();
    let run = sandbox.bd_in(&dir, ["list", "--limit", "0", "--sort", "id"]).ok();
    for id in ["a0001", "c0003", "d0004", "e0005", "f0006"] {
        assert!(run.stdout.contains(id), "{id}: {run:?}");
    }
    assert!(
        run.stderr.contains("issues.unreadable.jsonl") && run.stderr.contains('2') && run.stderr.contains('9'),
        "{run:?}"
    );
    let aside = std::fs::read_to_string(dir.join(".beads/issues.unreadable.jsonl")).unwrap();
    let kept: Vec<serde_json::Value> = aside.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(kept.iter().map(|entry| entry["line"].as_u64().unwrap()).collect::<Vec<_>>(), [2, 8, 9]);
    assert_eq!(kept[2]["text"], "not json at all");

    sandbox.bd_in(&dir, ["update", "lab-a0001", "-p", "1"]).ok();
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 5, "{text}");
    assert!(text.contains("\"their_key\":{\"x\":[1,2]}"), "{text}");
    assert!(!text.contains("closed_at") && text.contains("\"created_at\":\"2026-01-02T03:04:05.5-08:00\""), "{text}");
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|bead| bead["comments"][0]["id"].is_null() || bead["comments"][0]["id"].is_i64()));
}

#[test]
fn a_git_conflict_in_the_file_heals() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let file = dir.join(".beads/issues.jsonl");
    let later =
        |rest: &str| line("a0001", rest).replace("\"updated_at\":\"2026-01-02T03", "\"updated_at\":\"2026-01-02T09");
    let text = [
        "<<<<<<< HEAD".to_owned(),
        line("a0001", ",\"labels\":[\"ours\"]"),
        "=======".to_owned(),
        later(",\"labels\":[\"theirs\"]").replace("\"priority\":2", "\"priority\":0"),
        ">>>>>>> theirs".to_owned(),
        line("b0002", ""),
    ]
    .join("\n");
    std::fs::write(&file, text).unwrap();
    let shown = sandbox.bd_in(&dir, ["show", "lab-a0001", "--json"]).ok().json();
    assert_eq!((&shown[0]["priority"], &shown[0]["labels"]), (&0.into(), &serde_json::json!(["ours", "theirs"])));
    sandbox.bd_in(&dir, ["update", "lab-b0002", "-p", "3"]).ok();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("<<<") && text.lines().count() == 2, "{text}");
}

#[test]
fn an_older_file_takes_nothing_back_and_a_newer_one_brings_removals() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let file = dir.join(".beads/issues.jsonl");
    sandbox.bd_in(&dir, ["create", "Kept", "--id", "lab-k0001", "-l", "a,b"]).ok();
    let old = std::fs::read_to_string(&file).unwrap();
    sandbox.bd_in(&dir, ["close", "lab-k0001"]).ok();
    let new = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, &old).unwrap();
    let shown = sandbox.bd_in(&dir, ["show", "lab-k0001", "--json"]).ok().json();
    assert_eq!(shown[0]["status"], "closed", "the checkout of an older commit opens nothing");
    std::fs::write(&file, new.replace("[\"a\",\"b\"]", "[\"b\",\"c\"]")).unwrap();
    let shown = sandbox.bd_in(&dir, ["show", "lab-k0001", "--json"]).ok().json();
    assert_eq!(shown[0]["labels"], serde_json::json!(["b", "c"]));
    assert_eq!(shown[0]["updated_at"], serde_json::from_str::<serde_json::Value>(&new).unwrap()["updated_at"]);
}

#[test]
fn a_lost_database_is_made_again() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let first = sandbox.bd_in(&dir, ["q", "One"]).ok().stdout.trim().to_owned();
    sandbox.bd_in(&dir, ["create", "Two", "--deps", &first]).ok();
    let before = std::fs::read_to_string(dir.join(".beads/issues.jsonl")).unwrap();
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let _ = std::fs::remove_file(dir.join(".beads").join(name));
    }
    let ready = sandbox.bd_in(&dir, ["ready", "--json"]).ok().json();
    assert_eq!((ready.as_array().unwrap().len(), &ready[0]["id"]), (1, &first.as_str().into()));
    assert_eq!(std::fs::read_to_string(dir.join(".beads/issues.jsonl")).unwrap(), before);

    let moved = sandbox.path("moved");
    std::fs::rename(&dir, &moved).unwrap();
    sandbox.bd_in(&moved, ["close", &first]).ok();
    assert!(std::fs::read_to_string(moved.join(".beads/issues.jsonl")).unwrap().contains("\"closed\""));
    assert!(!dir.exists(), "the old place is not made again");
}

#[test]
fn export_and_import_by_hand() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    sandbox.bd_in(&dir, ["create", "One", "--id", "lab-o0001"]).ok();
    let out = sandbox.bd_in(&dir, ["export"]).ok().stdout;
    assert_eq!(out, std::fs::read_to_string(dir.join(".beads/issues.jsonl")).unwrap());
    std::fs::write(dir.join("more.jsonl"), line("m0002", "") + "\n" + &line("m0003", "") + "\n").unwrap();
    sandbox.bd_in(&dir, ["export", "-o", "more.jsonl"]).code(4);
    let report = sandbox.bd_in(&dir, ["import", "-i", "more.jsonl", "--json"]).ok().json();
    assert_eq!((&report["created"], &report["updated"]), (&2.into(), &0.into()));
    let again = sandbox.bd_in(&dir, ["import", "-i", "more.jsonl", "--json"]).ok().json();
    assert_eq!((&again["created"], &again["unchanged"]), (&0.into(), &2.into()));
    assert_eq!(std::fs::read_to_string(dir.join(".beads/issues.jsonl")).unwrap().lines().count(), 3);
    sandbox.bd_in(&dir, ["export", "-o", "more.jsonl"]).ok();
}
