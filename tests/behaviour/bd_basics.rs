//! `bd` alone in a repository: making, finding, changing and ending beads, in real bd's JSON shapes.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Run, Sandbox};

/// A repository with a ledger of prefix `lab`.
pub fn project(sandbox: &Sandbox) -> PathBuf {
    let dir = sandbox.path("project");
    std::fs::create_dir(&dir).unwrap();
    sandbox.git(&dir, ["init", "-q"]);
    sandbox.bd_in(&dir, ["init", "--prefix", "lab", "-q"]).ok();
    dir
}

fn id_of(run: &Run) -> String {
    run.stdout.trim().to_owned()
}

fn ids(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|bead| bead["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_bead_from_its_making_to_its_end() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let first = id_of(&sandbox.bd_in(&dir, ["q", "First <thing>"]).ok());
    assert!(first.starts_with("lab-") && first.len() == 9, "{first}");

    let made =
        sandbox.bd_in(&dir, ["create", "Second", "-t", "bug", "-p", "P1", "-l", "b,a", "--deps", &first, "--json"]);
    let made = made.ok().json();
    let second = made["id"].as_str().unwrap().to_owned();
    assert_eq!((made["priority"].as_i64(), made["issue_type"].as_str()), (Some(1), Some("bug")));
    assert_eq!(
        (made["owner"].as_str(), made["created_by"].as_str()),
        (Some("person@example.org"), Some("Test Person"))
    );
    assert_eq!(made.get("labels"), None, "create gives the bead's own fields only");

    assert_eq!(ids(&sandbox.bd_in(&dir, ["ready", "--json"]).ok().json()), [first.as_str()]);
    let blocked = sandbox.bd_in(&dir, ["blocked", "--json"]).ok().json();
    assert_eq!((&blocked[0]["id"], &blocked[0]["blocked_by_count"]), (&Value::from(second.as_str()), &Value::from(1)));
    assert_eq!(blocked[0]["blocked_by"][0], first.as_str());

    let listed = sandbox.bd_in(&dir, ["list", "--json"]).ok().json();
    assert_eq!(ids(&listed), [second.as_str(), first.as_str()], "most urgent first");
    assert_eq!(listed[0]["labels"], serde_json::json!(["a", "b"]));
    assert_eq!((listed[0]["dependency_count"].as_i64(), listed[1]["dependent_count"].as_i64()), (Some(1), Some(1)));

    let refused = sandbox.bd_in(&dir, ["close", &second]).code(4);
    assert!(refused.stderr.contains(&first) && refused.stderr.contains("hint:"), "{refused:?}");
    let closed =
        sandbox.bd_in(&dir, ["close", &first, "--reason", "done & dusted", "--suggest-next", "--json"]).ok().json();
    assert_eq!(
        (&closed["closed"][0]["status"], &closed["unblocked"][0]["id"]),
        (&"closed".into(), &second.as_str().into())
    );
    assert_eq!(ids(&sandbox.bd_in(&dir, ["ready", "--json"]).ok().json()), [second.as_str()]);

    let updated = sandbox.bd_in(&dir, ["update", &second, "--claim", "--add-label", "c", "--json"]).ok().json();
    assert_eq!((&updated[0]["status"], &updated[0]["assignee"]), (&"in_progress".into(), &"Test Person".into()));
    sandbox.bd_in(&dir, ["update", &second, "--claim", "--actor", "somebody else"]).code(4);
    sandbox.bd_in(&dir, ["comments", "add", &second, "a <b>"]).ok();

    let shown = sandbox.bd_in(&dir, ["show", &second[4..7], "--json"]).ok().json();
    assert_eq!(shown[0]["dependencies"][0]["dependency_type"], "blocks");
    assert_eq!(shown[0]["comments"][0]["text"], "a <b>");
    let file = std::fs::read_to_string(dir.join(".beads/issues.jsonl")).unwrap();
    assert!(file.contains("First \\u003cthing\\u003e") && file.contains("done \\u0026 dusted"), "{file}");
    assert_eq!(file.lines().count(), 2);

    let reopened = sandbox.bd_in(&dir, ["reopen", &first, "-r", "not quite", "--json"]).ok().json();
    assert_eq!((&reopened[0]["status"], reopened[0].get("closed_at")), (&"open".into(), None));
    let deleted = sandbox.bd_in(&dir, ["delete", &first, "--force", "--json"]).ok().json();
    assert_eq!((&deleted["deleted"], &deleted["dependencies_removed"]), (&first.as_str().into(), &1.into()));
    let file = std::fs::read_to_string(dir.join(".beads/issues.jsonl")).unwrap();
    assert!(file.contains("\"status\":\"tombstone\""), "{file}");
    assert_eq!(ids(&sandbox.bd_in(&dir, ["list", "--all", "--json"]).ok().json()), [second.as_str()]);
}

#[test]
fn failures_have_their_exit_codes() {
    let sandbox = Sandbox::new();
    let nowhere = sandbox.path("tmp");
    let run = sandbox.bd_in(&nowhere, ["list"]).code(3);
    assert!(run.stderr.contains("bd init"), "{run:?}");
    let dir = project(&sandbox);
    sandbox.bd_in(&dir, ["create", "a", "--id", "lab-abc12"]).ok();
    sandbox.bd_in(&dir, ["create", "b", "--id", "lab-abc34"]).ok();
    sandbox.bd_in(&dir, ["create", "c", "--id", "lab-abc34"]).code(4);
    sandbox.bd_in(&dir, ["create", "d", "--id", "other-abc34"]).code(4);
    sandbox.bd_in(&dir, ["create", "e", "-p", "7"]).code(2);
    sandbox.bd_in(&dir, ["create", &"x".repeat(501)]).code(2);
    sandbox.bd_in(&dir, ["create", "f", "--deps", "lab-nope9"]).code(3);
    let near = sandbox.bd_in(&dir, ["show", "lab-abc13"]).code(3);
    assert!(near.stderr.contains("did you mean lab-abc12"), "{near:?}");
    let several = sandbox.bd_in(&dir, ["show", "abc"]).code(4);
    assert!(several.stderr.contains("lab-abc12, lab-abc34"), "{several:?}");
    sandbox.bd_in(&dir, ["dep", "add", "lab-abc12", "lab-abc34"]).ok();
    let circle = sandbox.bd_in(&dir, ["dep", "add", "lab-abc34", "lab-abc12"]).code(4);
    assert!(circle.stderr.contains("lab-abc34 -> lab-abc12 -> lab-abc34"), "{circle:?}");
    sandbox.bd_in(&dir, ["update", "lab-abc12", "--status", "no such"]).code(2);
    let error = sandbox.bd_in(&dir, ["show", "lab-zzz99", "--json"]).code(3);
    let error: Value = serde_json::from_str(&error.stderr).unwrap();
    assert!(error["error"].as_str().unwrap().contains("lab-zzz99"));
    assert_eq!(sandbox.bd_in(&dir, ["count", "--json"]).ok().json()["count"], 2, "nothing of the failures stayed");
}

#[test]
fn one_ledger_for_subdirectories_and_worktrees() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let id = id_of(&sandbox.bd_in(&dir, ["q", "Here"]).ok());
    std::fs::create_dir_all(dir.join("a/b")).unwrap();
    sandbox.git(&dir, ["add", "."]);
    sandbox.git(&dir, ["commit", "-qm", "Beads"]);
    let tracked = sandbox.git(&dir, ["ls-files"]).stdout;
    assert!(tracked.contains(".beads/issues.jsonl") && !tracked.contains(".db"), "{tracked}");
    assert_eq!(sandbox.git(&dir, ["status", "--porcelain"]).stdout, "");
    let tree = sandbox.path("tree");
    sandbox.git(&dir, ["worktree", "add", "-q", tree.to_str().unwrap()]);
    for place in [dir.join("a/b"), tree] {
        assert_eq!(ids(&sandbox.bd_in(&place, ["list", "--json"]).ok().json()), [id.as_str()], "{place:?}");
    }
}

#[test]
fn a_clone_has_the_beads_and_takes_what_git_brings() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let id = id_of(&sandbox.bd_in(&dir, ["q", "Shared"]).ok());
    sandbox.git(&dir, ["add", "."]);
    sandbox.git(&dir, ["commit", "-qm", "Beads"]);
    let clone = sandbox.path("clone");
    sandbox.git(&dir, ["clone", "-q", ".", clone.to_str().unwrap()]);
    assert_eq!(ids(&sandbox.bd_in(&clone, ["ready", "--json"]).ok().json()), [id.as_str()]);
    assert_eq!(sandbox.git(&clone, ["status", "--porcelain"]).stdout, "", "reading changes nothing");
    let second = id_of(&sandbox.bd_in(&clone, ["q", "Made in the clone"]).ok());
    assert!(second.starts_with("lab-"), "{second}");

    sandbox.bd_in(&dir, ["close", &id]).ok();
    sandbox.git(&dir, ["commit", "-qam", "Closed"]);
    sandbox.git(&clone, ["checkout", "-q", ".beads"]);
    sandbox.git(&clone, ["pull", "-q"]);
    assert_eq!(
        ids(&sandbox.bd_in(&clone, ["ready", "--json"]).ok().json()),
        [second.as_str()],
        "closed by the pull; absent is not deleted"
    );
    sandbox.bd_in(&clone, ["update", &second, "-p", "1"]).ok();
    let file = std::fs::read_to_string(clone.join(".beads/issues.jsonl")).unwrap();
    assert_eq!(file.lines().count(), 2, "{file}");
}

#[test]
fn parts_get_their_parents_number_and_wisps_are_not_exported() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let epic = id_of(&sandbox.bd_in(&dir, ["q", "Epic", "-t", "epic"]).ok());
    let part = sandbox.bd_in(&dir, ["create", "Part", "--parent", &epic, "--silent"]).ok();
    assert_eq!(id_of(&part), format!("{epic}.1"));
    let wisp = id_of(&sandbox.bd_in(&dir, ["create", "Wisp", "--ephemeral", "--silent"]).ok());
    let file = std::fs::read_to_string(dir.join(".beads/issues.jsonl")).unwrap();
    assert!(!file.contains(&wisp) && file.contains(&part.stdout.trim().to_owned()), "{file}");
    sandbox.bd_in(&dir, ["close", &format!("{epic}.1")]).ok();
    let status = sandbox.bd_in(&dir, ["epic", "status", "--json"]).ok().json();
    assert_eq!((&status[0]["total_children"], &status[0]["eligible_for_close"]), (&1.into(), &true.into()));
    let stats = sandbox.bd_in(&dir, ["stats", "--json"]).ok().json();
    assert_eq!(
        (&stats["summary"]["total_issues"], &stats["summary"]["epics_eligible_for_closure"]),
        (&2.into(), &1.into())
    );
}
