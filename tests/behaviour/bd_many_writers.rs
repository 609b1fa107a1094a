//! Many processes change one ledger at the same time; nothing is lost, in the database or in the file.

use std::collections::BTreeMap;
use std::process::Stdio;

use crate::bd_basics::project;
use crate::support::{BD, Sandbox};

const WRITERS: usize = 40;

#[test]
fn forty_processes_create_and_close_at_once() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    // All make the same title: equal content must not make equal ids or equal beads.
    let make = |_| {
        let mut command = sandbox.command(BD);
        command.current_dir(&dir).args(["q", "The same work"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let running: Vec<_> = (0..WRITERS).map(make).collect();
    let mut made: Vec<String> = Vec::new();
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        made.push(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    made.sort();
    made.dedup();
    assert_eq!(made.len(), WRITERS);

    // Half of them are closed, a comment is added to the others, and as many new ones are made, all at once.
    let mut running = Vec::new();
    for (number, id) in made.iter().enumerate() {
        let mut command = sandbox.command(BD);
        command.current_dir(&dir).stdout(Stdio::piped()).stderr(Stdio::piped());
        if number % 2 == 0 {
            command.args(["close", id, "-r", "done"])
        } else {
            command.args(["comment", id, "seen"])
        };
        running.push(command.spawn().unwrap());
        running.push(make(number));
    }
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    let listed = sandbox.bd_in(&dir, ["list", "--all", "--limit", "0", "--json"]).ok().json();
    let in_database: BTreeMap<String, String> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|bead| (bead["id"].as_str().unwrap().to_owned(), bead["status"].as_str().unwrap().to_owned()))
        .collect();
    let text = std::fs::read_to_string(dir.join(".beads/issues.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let in_file: BTreeMap<String, String> = lines
        .iter()
        .map(|bead| (bead["id"].as_str().unwrap().to_owned(), bead["status"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(in_database.len(), 2 * WRITERS);
    assert_eq!(in_database, in_file);
    for (number, id) in made.iter().enumerate() {
        assert_eq!(in_file[id] == "closed", number % 2 == 0, "{id}");
        let bead = lines.iter().find(|bead| bead["id"] == id.as_str()).unwrap();
        assert_eq!(bead.get("comments").is_some(), number % 2 == 1, "{id}");
    }
    let ids: Vec<&str> = lines.iter().map(|bead| bead["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted(), "the file is sorted by id");
    let database = rusqlite::Connection::open(dir.join(".beads/ledger.db")).unwrap();
    let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}

#[test]
fn many_processes_meet_at_a_ledger_that_does_not_exist_yet() {
    let sandbox = Sandbox::new();
    let dir = sandbox.path("clone");
    std::fs::create_dir_all(dir.join(".beads")).unwrap();
    let line = |n: usize| format!("{{\"id\":\"lab-a{n:04}\",\"title\":\"t{n}\",\"status\":\"open\",\"priority\":2}}\n");
    std::fs::write(dir.join(".beads/issues.jsonl"), (0..300).map(line).collect::<String>()).unwrap();
    let running: Vec<_> = (0..12)
        .map(|_| {
            let mut command = sandbox.command(BD);
            command.current_dir(&dir).args(["count", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let count: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(count["count"], 300);
    }
}
