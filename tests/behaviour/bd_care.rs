//! Taking back, looking back and looking after a ledger: undo, audit, trail, stale, lint, orphans, duplicates, doctor, prime.

use crate::bd_basics::project;
use crate::support::Sandbox;

#[test]
fn undo_takes_back_the_last_change_once_and_refuses_when_it_is_not_the_last() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    sandbox.bd_in(&dir, ["create", "One", "--id", "lab-o0001", "-d", "before", "-p", "3"]).ok();
    let show = || sandbox.bd_in(&dir, ["show", "lab-o0001", "--json"]).ok().json()[0].clone();
    sandbox.bd_in(&dir, ["update", "lab-o0001", "-d", "after", "-p", "0", "-a", "ann"]).ok();
    sandbox.bd_in(&dir, ["close", "lab-o0001", "-r", "done"]).ok();
    sandbox.bd_in(&dir, ["undo"]).ok();
    assert_eq!((&show()["status"], &show()["priority"]), (&"open".into(), &0.into()));
    sandbox.bd_in(&dir, ["undo"]).ok();
    let bead = show();
    assert_eq!((&bead["description"], &bead["priority"]), (&"before".into(), &3.into()));
    assert!(bead["assignee"].is_null(), "{bead}");
    let history = sandbox.bd_in(&dir, ["show", "lab-o0001", "--history"]).ok().stdout;
    assert_eq!(history.matches("undone").count(), 2, "{history}");

    sandbox.bd_in(&dir, ["update", "lab-o0001", "--add-label", "mine"]).ok();
    sandbox.bd_in(&dir, ["update", "lab-o0001", "-p", "1", "--actor", "bob"]).ok();
    let run = sandbox.bd_in(&dir, ["undo"]).code(4);
    assert!(run.stderr.contains("has changed since"), "{run:?}");
    assert_eq!(show()["labels"], serde_json::json!(["mine"]));
    sandbox.bd_in(&dir, ["undo", "--actor", "nobody"]).code(3);
}

#[test]
fn beads_that_want_an_eye_are_found() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    sandbox.bd_in(&dir, ["create", "Same", "--id", "lab-a0001", "-d", "x", "--acceptance", "y"]).ok();
    sandbox.bd_in(&dir, ["create", "same ", "--id", "lab-a0002", "-d", "X", "--acceptance", "y"]).ok();
    let found = sandbox.bd_in(&dir, ["duplicates", "--json"]).ok().json();
    assert_eq!(found["groups"][0]["issues"], serde_json::json!(["lab-a0001", "lab-a0002"]));
    sandbox.bd_in(&dir, ["lint"]).ok();
    sandbox.bd_in(&dir, ["create", "Bare", "-t", "bug", "--id", "lab-b0003"]).ok();
    let run = sandbox.bd_in(&dir, ["lint"]).code(1);
    assert!(
        run.stdout.contains("lab-b0003") && run.stdout.contains("reproduce") && !run.stdout.contains("lab-a0001"),
        "{run:?}"
    );
    assert_eq!(sandbox.bd_in(&dir, ["stale", "--json"]).ok().json(), serde_json::json!([]));
    let all = sandbox.bd_in(&dir, ["stale", "--days", "0", "--json"]).ok().json();
    assert_eq!(all.as_array().unwrap().len(), 3);
    std::fs::write(dir.join("x"), "x").unwrap();
    sandbox.git(&dir, ["add", "x"]);
    sandbox.git(&dir, ["commit", "-qm", "Mend the parser (lab-b0003)."]);
    let found = sandbox.bd_in(&dir, ["orphans", "--json"]).ok().json();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["id"]), (1, &"lab-b0003".into()));
}

#[test]
fn doctor_finds_what_is_wrong_and_mends_what_it_can() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    sandbox.bd_in(&dir, ["create", "One", "--id", "lab-a0001"]).ok();
    let report = sandbox.bd_in(&dir, ["doctor", "--json"]).ok().json();
    assert_eq!(report["overall_ok"], true, "{report}");
    let file = dir.join(".beads/issues.jsonl");
    std::fs::remove_file(&file).unwrap();
    let run = sandbox.bd_in(&dir, ["doctor"]).ok();
    assert!(run.stdout.contains("missing"), "{run:?}");
    sandbox.bd_in(&dir, ["doctor", "--fix"]).ok();
    assert!(std::fs::read_to_string(&file).unwrap().contains("lab-a0001"));
    // The same number of beads is not the same beads.
    let database = rusqlite::Connection::open(dir.join(".beads/ledger.db")).unwrap();
    database.execute("UPDATE beads SET title = 'Another' WHERE id = 'lab-a0001'", []).unwrap();
    drop(database);
    let run = sandbox.bd_in(&dir, ["doctor"]).ok();
    assert!(run.stdout.contains("lab-a0001 differs"), "{run:?}");
    sandbox.bd_in(&dir, ["doctor", "--check", "issues.jsonl", "--fix"]).ok();
    let checked = sandbox.bd_in(&dir, ["doctor", "--json", "-o", "report.json"]).ok().json();
    assert!(checked["checks"].as_array().unwrap().iter().all(|check| check["status"] == "ok"), "{checked}");
    assert!(std::fs::read_to_string(dir.join("report.json")).unwrap().contains("overall_ok"));
    sandbox.bd_in(&dir, ["doctor", "--check", "weather"]).code(2);
    let line = |id: &str, on: &str| {
        format!(
            "{{\"id\":\"{id}\",\"title\":\"t\",\"status\":\"open\",\"priority\":2,\"issue_type\":\"task\",\
             \"created_at\":\"2026-01-02T03:04:05Z\",\"updated_at\":\"2026-01-02T03:04:05Z\",\"dependencies\":[{{\"issue_id\":\"{id}\",\
             \"depends_on_id\":\"{on}\",\"type\":\"blocks\",\"created_at\":\"2026-01-02T03:04:05Z\"}}]}}\n"
        )
    };
    std::fs::write(
        dir.join("more"),
        line("lab-c1", "lab-c2") + &line("lab-c2", "lab-c1") + &line("lab-c3", "lab-gone"),
    )
    .unwrap();
    sandbox.bd_in(&dir, ["import", "-i", "more"]).ok();
    let run = sandbox.bd_in(&dir, ["doctor"]).code(1);
    assert!(run.stdout.contains("lab-c1") && run.stdout.contains("lab-c3 on lab-gone"), "{run:?}");
}

#[test]
fn prime_teaches_where_there_is_a_ledger_and_is_silent_elsewhere() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let text = sandbox.bd_in(&dir, ["prime"]).ok().stdout;
    assert!(text.contains("bd ready") && text.len() < 3072, "{text}");
    assert_eq!(sandbox.bd_in(&sandbox.path("tmp"), ["prime"]).ok().stdout, "");
    std::fs::write(dir.join(".beads/PRIME.md"), "Our own way\n").unwrap();
    assert_eq!(sandbox.bd_in(&dir, ["prime"]).ok().stdout, "Our own way\n");
    sandbox.bd_in(&dir, ["onboard"]).ok();
    sandbox.bd_in(&dir, ["quickstart"]).ok();
}

#[test]
fn audit_and_trail_say_who_did_what() {
    let sandbox = Sandbox::new();
    let town = sandbox.path("town");
    sandbox.gt(["install", town.to_str().unwrap()]).ok();
    sandbox.bd_in(&town, ["create", "One", "--id", "hq-a0001", "--actor", "ann"]).ok();
    sandbox.bd_in(&town, ["close", "hq-a0001", "--actor", "bob"]).ok();
    let audit = sandbox.gt_in(&town, ["audit", "--actor", "bob", "--json"]).ok().json();
    assert_eq!((audit.as_array().unwrap().len(), &audit[0]["kind"]), (1, &"closed".into()), "{audit}");
    let trail = sandbox.gt_in(&town, ["trail", "beads", "-n", "5", "--since", "1h", "--json"]).ok().json();
    let kinds: Vec<&str> = trail.as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["created", "closed"]);
    sandbox.gt_in(&town, ["trail", "commits"]).ok();
    sandbox.gt_in(&town, ["trail", "hooks", "--since", "soon"]).code(2);
}
