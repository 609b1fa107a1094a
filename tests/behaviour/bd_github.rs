//! `bd import --github`: issues as `gh issue list --json` writes them become beads, once, and are brought up to date later.

use std::fs;

use serde_json::{Value, json};

use crate::support::Sandbox;

fn issues() -> Value {
    let url = |n: u32| format!("https://github.com/you/repo/issues/{n}");
    json!([
        {"number": 12, "title": "Crash on an empty file", "body": "It panics.\n\nSteps: open an empty file.", "state": "OPEN",
         "url": url(12), "author": {"login": "ada", "is_bot": false}, "assignees": [{"login": "bob"}],
         "labels": [{"id": "L1", "name": "bug", "color": "ff0000"}, {"name": "priority: high"}, {"name": "good first issue"}],
         "milestone": {"title": "1.0 beta", "number": 1}, "createdAt": "2025-03-01T10:00:00Z", "closedAt": null,
         "comments": [{"author": {"login": "carol"}, "body": "Same here <script>", "createdAt": "2025-03-02T11:00:00Z"}]},
        {"number": 13, "title": "Dark mode", "body": "Depends on #12 and #14.\nNot on #99.", "state": "OPEN", "url": url(13),
         "labels": [{"name": "enhancement"}]},
        {"number": 14, "title": "Old thing", "body": null, "state": "CLOSED", "stateReason": "NOT_PLANNED", "url": url(14)}
    ])
}

#[test]
fn issues_become_beads_once_and_stay_up_to_date() {
    let sandbox = Sandbox::new();
    let home = sandbox.path("home");
    sandbox.bd_in(&home, ["init", "--prefix", "my"]).ok();
    let file = home.join("issues.json");
    fs::write(&file, issues().to_string()).unwrap();
    let bd = |args: &[&str]| {
        let mut command = sandbox.command(crate::support::BD);
        command.current_dir(&home).args(args);
        sandbox.run(command)
    };
    let dry = bd(&["import", "--github", "issues.json", "--dry-run", "--json"]).ok().json();
    assert_eq!((dry["created"].as_array().unwrap().len(), &dry["dependencies"]), (3, &json!(2)), "{dry}");
    assert_eq!(bd(&["list", "--json"]).ok().json(), json!([]), "a dry run changes nothing");

    let said = bd(&["import", "--github", "issues.json"]).ok().stdout;
    assert!(said.contains("3 issues: 3 new, 0 changed"), "{said}");
    let all = bd(&["list", "--status", "all", "--json"]).ok().json();
    let id_of = |title: &str| -> String {
        let bead =
            all.as_array().unwrap().iter().find(|bead| bead["title"] == title).unwrap_or_else(|| panic!("{all}"));
        bead["id"].as_str().unwrap().to_owned()
    };
    let (crash, dark, old) = (id_of("Crash on an empty file"), id_of("Dark mode"), id_of("Old thing"));
    let show = |id: &str| bd(&["show", id, "--json"]).ok().json()[0].clone();
    let bead = show(&crash);
    assert_eq!((&bead["issue_type"], &bead["priority"], &bead["assignee"]), (&json!("bug"), &json!(1), &json!("bob")));
    assert_eq!(bead["labels"], json!(["bug", "good-first-issue", "milestone:1.0-beta", "priority:-high"]));
    assert_eq!(bead["external_ref"], "https://github.com/you/repo/issues/12");
    assert!(bead["notes"].as_str().unwrap().contains("#12, opened by ada on 2025-03-01"), "{bead}");
    let comment = &bead["comments"][0];
    assert_eq!((&comment["author"], &comment["text"]), (&json!("carol"), &json!("Same here <script>")));
    assert_eq!(comment["created_at"], "2025-03-02T11:00:00Z");
    let bead = show(&old);
    assert_eq!((&bead["status"], &bead["close_reason"]), (&json!("closed"), &json!("closed on GitHub: not planned")));
    assert_eq!(show(&dark)["issue_type"], "feature");
    let ready = bd(&["ready", "--json"]).ok().stdout;
    assert!(ready.contains(&crash) && !ready.contains(&dark), "{ready}");

    // Again, the same: nothing happens. What was done here stays, what changed there is taken over.
    let again = bd(&["import", "--github", "issues.json", "--json"]).ok().json();
    assert_eq!((&again["unchanged"], again["created"].as_array().unwrap().len()), (&json!(3), 0), "{again}");
    bd(&["close", &dark, "--reason", "Done here", "--force"]).ok();
    bd(&["update", &crash, "--assignee", "me", "--notes", "Mine"]).ok();
    let mut changed = issues();
    changed[0]["title"] = json!("Crash on empty and on huge files");
    changed[0]["comments"].as_array_mut().unwrap().push(json!({"author": {"login": "dan"}, "body": "More"}));
    changed[0]["state"] = json!("CLOSED");
    let mut command = sandbox.command(crate::support::BD);
    command.current_dir(&home).args(["import", "--github", "-", "--json"]).stdin(std::process::Stdio::piped());
    command.stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), changed.to_string().as_bytes()).unwrap();
    let report: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(report["updated"], json!([crash]), "{report}");
    let bead = show(&crash);
    assert_eq!((&bead["title"], &bead["status"]), (&changed[0]["title"], &json!("closed")));
    assert_eq!(
        (&bead["assignee"], &bead["notes"], bead["comments"].as_array().unwrap().len()),
        (&json!("me"), &json!("Mine"), 2)
    );
    assert_eq!(show(&dark)["status"], "closed", "what was closed here stays closed");
    // The import is one change that can be taken back.
    bd(&["undo"]).ok();
    assert_eq!(show(&crash)["title"], "Crash on an empty file");
}

#[test]
fn what_gh_did_not_write_is_refused_by_place_and_nothing_is_changed() {
    let sandbox = Sandbox::new();
    let home = sandbox.path("home");
    sandbox.bd_in(&home, ["init", "--prefix", "my"]).ok();
    for (text, said) in [
        ("no json", "no JSON"),
        ("[{\"number\": 1}]", "title"),
        ("[{\"number\": 1, \"title\": \"x\"}, {\"number\": \"2\", \"title\": \"y\"}]", "[1].number"),
        ("[{\"number\": 1, \"title\": \"x\"}, {\"number\": 2, \"title\": \"\"}]", "issue #2"),
    ] {
        fs::write(home.join("issues.json"), text).unwrap();
        let refused = sandbox.bd_in(&home, ["import", "--github", "issues.json"]);
        assert!(matches!(refused.status, Some(1 | 2)) && refused.stderr.contains(said), "{text}: {refused:?}");
    }
    assert_eq!(sandbox.bd_in(&home, ["list", "--json"]).ok().json(), json!([]));
    let missing = sandbox.bd_in(&home, ["import", "--github", "nothing.json"]).code(3);
    assert!(missing.stderr.contains("nothing.json"), "{missing:?}");
    // One issue alone, as gh issue view writes it.
    fs::write(home.join("issues.json"), json!({"number": 7, "title": "One"}).to_string()).unwrap();
    sandbox.bd_in(&home, ["import", "--github", "issues.json"]).ok();
    assert_eq!(sandbox.bd_in(&home, ["list", "--json"]).ok().json()[0]["external_ref"], "gh-7");
}
