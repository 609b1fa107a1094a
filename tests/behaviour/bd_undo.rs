//! `bd undo` takes back whole commands: remarks, deletions, molecules.

use serde_json::{Value, json};

use crate::bd_basics::project;
use crate::support::Sandbox;

/// The ledger as its file, without the times that every change moves.
fn picture(sandbox: &Sandbox, dir: &std::path::Path) -> Vec<Value> {
    let text = sandbox.bd_in(dir, ["export"]).ok().stdout;
    text.lines()
        .map(|line| {
            let mut bead: Value = serde_json::from_str(line).unwrap();
            bead.as_object_mut().unwrap().remove("updated_at");
            for comment in bead["comments"].as_array_mut().into_iter().flatten() {
                comment.as_object_mut().unwrap().remove("id");
            }
            bead
        })
        .filter(|bead| bead["status"] != "tombstone")
        .collect()
}

#[test]
fn remarks_are_taken_off_and_put_back() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    sandbox.bd_in(&dir, ["create", "One", "--id", "lab-a1"]).ok();
    sandbox.bd_in(&dir, ["comment", "lab-a1", "first"]).ok();
    let before = picture(&sandbox, &dir);
    let second = sandbox.bd_in(&dir, ["comment", "--json", "lab-a1", "second"]).ok().json();
    sandbox.bd_in(&dir, ["undo"]).ok();
    let comments = || sandbox.bd_in(&dir, ["comments", "lab-a1", "--json"]).ok().json();
    assert_eq!(comments().as_array().unwrap().len(), 1);
    assert_eq!(picture(&sandbox, &dir)[0]["comments"], before[0]["comments"]);

    let first = comments()[0]["id"].to_string();
    sandbox.bd_in(&dir, ["comments", "remove", "lab-a1", &first]).ok();
    assert_eq!(comments(), json!([]));
    sandbox.bd_in(&dir, ["comments", "remove", "lab-a1", &second["id"].to_string()]).code(3);
    sandbox.bd_in(&dir, ["undo"]).ok();
    assert_eq!(picture(&sandbox, &dir)[0]["comments"], before[0]["comments"]);
}

#[test]
fn a_remark_that_was_taken_off_does_not_come_back_from_another_clone() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let file = dir.join(".beads/issues.jsonl");
    sandbox.bd_in(&dir, ["create", "One", "--id", "lab-a1"]).ok();
    for text in ["stays", "goes"] {
        sandbox.bd_in(&dir, ["comment", "lab-a1", text]).ok();
    }
    let before = std::fs::read_to_string(&file).unwrap();
    let number = sandbox.bd_in(&dir, ["comments", "lab-a1", "--json"]).ok().json()[1]["id"].to_string();
    sandbox.bd_in(&dir, ["comments", "remove", "lab-a1", &number]).ok();
    let after = std::fs::read_to_string(&file).unwrap();
    let texts = |line: &str| -> Vec<String> {
        let bead: Value = serde_json::from_str(line).unwrap();
        bead["comments"].as_array().unwrap().iter().map(|c| c["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts(&after), ["stays"]);

    // Another clone that does not know of it yet, with a remark of its own: the merge driver unites both.
    let other = sandbox.path("other");
    std::fs::create_dir_all(other.join(".beads")).unwrap();
    std::fs::write(other.join(".beads/issues.jsonl"), &before).unwrap();
    sandbox.bd_in(&other, ["comment", "lab-a1", "meanwhile"]).ok();
    let theirs = other.join(".beads/issues.jsonl");
    std::fs::write(dir.join("base"), &before).unwrap();
    let merged = dir.join("merged");
    let paths = [&merged, &dir.join("base"), &file, &theirs].map(|path| path.to_str().unwrap().to_owned());
    sandbox.bd_in(&dir, ["merge", &paths[0], &paths[1], &paths[2], &paths[3]]).ok();
    assert_eq!(texts(std::fs::read_to_string(&merged).unwrap().trim()), ["stays", "meanwhile"]);

    // The same by import: an old line brings nothing back, a new one takes it off there as well.
    std::fs::write(dir.join("old.jsonl"), &before).unwrap();
    sandbox.bd_in(&dir, ["import", "-i", "old.jsonl"]).ok();
    assert_eq!(texts(std::fs::read_to_string(&file).unwrap().trim()), ["stays"]);
    std::fs::copy(&merged, &theirs).unwrap();
    let there = sandbox.bd_in(&other, ["comments", "lab-a1", "--json"]).ok().json();
    let there: Vec<&str> = there.as_array().unwrap().iter().map(|c| c["text"].as_str().unwrap()).collect();
    assert_eq!(there, ["stays", "meanwhile"]);
    // A line whose remarks another program dropped takes none off.
    let mut bare: Value = serde_json::from_str(std::fs::read_to_string(&theirs).unwrap().trim()).unwrap();
    for key in ["comments", "removed_comments"] {
        bare.as_object_mut().unwrap().remove(key);
    }
    std::fs::write(&theirs, format!("{bare}\n")).unwrap();
    assert_eq!(sandbox.bd_in(&other, ["comments", "lab-a1", "--json"]).ok().json().as_array().unwrap().len(), 2);
}

#[test]
fn a_deletion_is_taken_back_with_all_that_hung_on_it() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    sandbox.bd_in(&dir, ["create", "Root", "-t", "epic", "--id", "lab-r1"]).ok();
    sandbox.bd_in(&dir, ["create", "Part", "--parent", "lab-r1", "-l", "x", "-d", "text"]).ok();
    sandbox.bd_in(&dir, ["create", "After", "--id", "lab-b1", "--deps", "lab-r1.1", "--waits-for", "lab-r1"]).ok();
    sandbox.bd_in(&dir, ["comment", "lab-r1.1", "seen"]).ok();
    let before = picture(&sandbox, &dir);
    sandbox.bd_in(&dir, ["delete", "lab-r1.1", "--force"]).ok();
    assert_ne!(picture(&sandbox, &dir), before);
    let plan = sandbox.bd_in(&dir, ["undo", "--dry-run", "--json"]).ok().json();
    assert!(plan["changes"].as_array().unwrap().len() >= 3, "{plan}");
    sandbox.bd_in(&dir, ["undo"]).ok();
    assert_eq!(picture(&sandbox, &dir), before);
    let blocked = sandbox.bd_in(&dir, ["blocked", "--json"]).ok().json();
    assert_eq!(blocked[0]["id"], "lab-b1");

    sandbox.bd_in(&dir, ["delete", "lab-r1", "--cascade", "--force"]).ok();
    sandbox.bd_in(&dir, ["undo"]).ok();
    assert_eq!(picture(&sandbox, &dir), before);
}

#[test]
fn poured_and_burned_molecules_go_and_come_back() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    for (kind, empty) in [("pour", false), ("wisp", true)] {
        let poured = sandbox.bd_in(&dir, ["mol", kind, "feature", "--var", "feature=login", "--json"]).ok().json();
        let root = poured["new_epic_id"].as_str().unwrap().to_owned();
        let steps = |id: &str| sandbox.bd_in(&dir, ["mol", "show", id, "--json"]).ok().json();
        let before = steps(&root);
        sandbox.bd_in(&dir, ["mol", "burn", &root, "--force"]).ok();
        sandbox.bd_in(&dir, ["undo"]).ok();
        let after = steps(&root);
        let shape =
            |mol: &Value| -> Vec<String> {
                let mut all: Vec<String> =
                    mol["issues"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|b| format!("{} {} {}", b["id"], b["status"], b["title"]))
                        .chain(mol["dependencies"].as_array().unwrap().iter().map(|d| {
                            format!("{} {} {} {}", d["issue_id"], d["depends_on_id"], d["type"], d["metadata"])
                        }))
                        .collect();
                all.sort();
                all
            };
        assert_eq!(shape(&after), shape(&before), "{kind}");
        // What came back can go on: the first step is ready and its end leads to the next.
        let ready = sandbox.bd_in(&dir, ["ready", "--mol", &root, "--json"]).ok().json();
        let first = ready["steps"][0]["issue"]["id"].as_str().unwrap().to_owned();
        let closed = sandbox.bd_in(&dir, ["close", &first, "--continue", "--json"]).ok().json();
        assert_eq!(closed["continue"]["auto_advanced"], true, "{closed}");
        // Closing and taking up the next were one command.
        sandbox.bd_in(&dir, ["undo"]).ok();
        assert_eq!(shape(&steps(&root)), shape(&before), "{kind}");
        if empty {
            sandbox.bd_in(&dir, ["mol", "burn", &root, "--force"]).ok();
        }
    }
    let poured = sandbox.bd_in(&dir, ["mol", "pour", "bugfix", "--var", "bug=x", "--json"]).ok().json();
    let root = poured["new_epic_id"].as_str().unwrap();
    sandbox.bd_in(&dir, ["undo"]).ok();
    let gone = sandbox.bd_in(&dir, ["show", root, "--json"]).ok().json();
    assert_eq!(gone[0]["status"], "tombstone");
}
