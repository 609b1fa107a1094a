//! Options of `bd` that few need and that do what they say all the same.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::bd_basics::project;
use crate::support::{BD, Sandbox};

#[test]
fn a_slip_of_the_pen_becomes_no_status_and_no_type() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    sandbox.bd_in(&dir, ["create", "One", "--id", "lab-a1"]).ok();
    let run = sandbox.bd_in(&dir, ["update", "lab-a1", "-s", "in-progres"]).code(2);
    assert!(run.stderr.contains("did you mean in_progress?"), "{run:?}");
    let run = sandbox.bd_in(&dir, ["create", "Two", "-t", "bugg"]).code(2);
    assert!(run.stderr.contains("did you mean bug?"), "{run:?}");
    sandbox.bd_in(&dir, ["list", "-s", "opne"]).code(2);
    sandbox.bd_in(&dir, ["update", "lab-a1", "-s", "tombstone"]).code(2);
    sandbox.bd_in(&dir, ["config", "set", "status.custom", "review, qa"]).ok();
    sandbox.bd_in(&dir, ["config", "set", "types.custom", "spike"]).ok();
    let bead = sandbox.bd_in(&dir, ["update", "lab-a1", "-s", "qa", "-t", "spike", "--json"]).ok().json();
    assert_eq!((&bead[0]["status"], &bead[0]["issue_type"]), (&json!("qa"), &json!("spike")));
    // What beads have already, as after an import, needs no setting.
    sandbox.bd_in(&dir, ["config", "unset", "types.custom"]).ok();
    sandbox.bd_in(&dir, ["create", "Three", "-t", "spike"]).ok();
    sandbox.bd_in(&dir, ["create", "Four", "--external-ref", "gh-4", "--id", "lab-d4"]).ok();
    let run = sandbox.bd_in(&dir, ["create", "Five", "--external-ref", "gh-4"]).code(4);
    assert!(run.stderr.contains("lab-d4"), "{run:?}");
    sandbox.bd_in(&dir, ["update", "lab-d4", "--external-ref", "gh-4", "-p", "1"]).ok();
}

#[test]
fn lists_are_written_by_templates() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    sandbox.bd_in(&dir, ["create", "One", "--id", "lab-a1", "-l", "x,y", "--mol-type", "swarm"]).ok();
    sandbox.bd_in(&dir, ["create", "Two\u{1b}[31m", "--id", "lab-b2"]).ok();
    let run = sandbox
        .bd_in(&dir, ["list", "--sort", "id", "--format", "{{.ID}}{{range .Labels}} {{.}}{{end}} {{.Title}}"])
        .ok();
    assert_eq!(run.stdout, "lab-a1 x y One\nlab-b2 Two^[[31m\n");
    let run = sandbox.bd_in(&dir, ["list", "--format", "{{.Nonsense}}"]).code(2);
    assert!(run.stderr.contains("hint:"), "{run:?}");
    sandbox.bd_in(&dir, ["list", "--format", "nonsense"]).code(2);
    let found = sandbox.bd_in(&dir, ["list", "--mol-type", "swarm", "--json"]).ok().json();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["id"]), (1, &json!("lab-a1")));
}

#[test]
fn an_import_is_rehearsed_renamed_and_keeps_families_together() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    sandbox.bd_in(&dir, ["create", "Ours", "--id", "lab-a1", "--external-ref", "gh-1"]).ok();
    let line = |id: &str, rest: &str| {
        format!(
            "{{\"id\":\"{id}\",\"title\":\"About old-b2, not old-b22\",\"priority\":1,\"created_at\":\"2026-01-01T00:00:00Z\",\"updated_at\":\"2026-01-01T00:00:00Z\"{rest}}}\n"
        )
    };
    let dep = ",\"dependencies\":[{\"issue_id\":\"old-b2.1\",\"depends_on_id\":\"old-b2\",\"type\":\"parent-child\",\"created_at\":\"2026-01-01T00:00:00Z\"}]";
    let text = [
        line("lab-a1", ""),
        line("old-b2", ",\"external_ref\":\"gh-1\""),
        line("old-b2.1", dep),
        line("old-c3.7", ""),
        "not a line\n".to_owned(),
    ]
    .concat();
    std::fs::write(dir.join("in.jsonl"), &text).unwrap();
    let before = sandbox.bd_in(&dir, ["export"]).ok().stdout;
    let report = sandbox.bd_in(&dir, ["import", "-i", "in.jsonl", "--dry-run", "--json"]).ok().json();
    assert_eq!((&report["created"], &report["rejected"][0]["line"]), (&json!(3), &json!(5)), "{report}");
    assert_eq!(sandbox.bd_in(&dir, ["export"]).ok().stdout, before, "a rehearsal changes nothing");
    assert!(!dir.join(".beads/issues.unreadable.jsonl").exists());

    let run = sandbox.bd_in(&dir, ["import", "-i", "in.jsonl", "--orphan-handling", "strict"]).code(4);
    assert!(run.stderr.contains("old-c3.7 of old-c3"), "{run:?}");
    let call = [
        "import",
        "-i",
        "in.jsonl",
        "--rename-on-import",
        "--orphan-handling",
        "skip",
        "--clear-duplicate-external-refs",
        "--dedupe-after",
        "--json",
    ];
    let report = sandbox.bd_in(&dir, call).ok().json();
    assert_eq!(
        report["renamed"],
        json!({"old-b2": "lab-b2", "old-b2.1": "lab-b2.1", "old-c3.7": "lab-c3.7"}),
        "{report}"
    );
    let part = sandbox.bd_in(&dir, ["show", "lab-b2.1", "--json"]).ok().json()[0].clone();
    assert_eq!((&part["parent"], &part["title"]), (&json!("lab-b2"), &json!("About lab-b2, not old-b22")));
    let whole = sandbox.bd_in(&dir, ["show", "lab-b2", "--json"]).ok().json()[0].clone();
    assert_eq!(whole.get("external_ref"), None, "gh-1 is lab-a1's");
    sandbox.bd_in(&dir, ["show", "lab-c3.7"]).code(3);
    sandbox.bd_in(&dir, ["import", "-i", "in.jsonl", "--orphan-handling", "resurrect"]).ok();
    assert_eq!(sandbox.bd_in(&dir, ["show", "old-c3", "--json"]).ok().json()[0]["status"], "closed");
}

#[test]
fn capabilities_of_other_projects_are_waited_for() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let other = sandbox.path("api");
    std::fs::create_dir(&other).unwrap();
    sandbox.bd_in(&other, ["init", "--prefix", "api", "-q"]).ok();
    sandbox.bd_in(&dir, ["create", "Use it", "--id", "lab-a1"]).ok();
    sandbox.bd_in(&dir, ["dep", "add", "lab-a1", "external:api:login"]).ok();
    let ready = || sandbox.bd_in(&dir, ["ready", "--json"]).ok().json().as_array().unwrap().len();
    assert_eq!(ready(), 1, "of a project whose place is not known nothing is known");
    sandbox.bd_in(&dir, ["config", "set", "external_projects.api", "../api"]).ok();
    assert_eq!(ready(), 0);
    sandbox.bd_in(&other, ["create", "Login", "--id", "api-l1", "-l", "provides:login"]).ok();
    assert_eq!(ready(), 0);
    sandbox.bd_in(&other, ["close", "api-l1"]).ok();
    assert_eq!(ready(), 1);
}

#[test]
fn nothing_is_changed_when_nothing_may_be_and_no_database_is_left_when_none_is_wanted() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    sandbox.bd_in(&dir, ["create", "One", "--id", "lab-a1"]).ok();
    let before = std::fs::read(dir.join(".beads/issues.jsonl")).unwrap();
    assert!(sandbox.bd_in(&dir, ["list", "--readonly"]).ok().stdout.contains("lab-a1"));
    for call in
        [vec!["create", "Two"], vec!["close", "lab-a1"], vec!["sync"], vec!["import"], vec!["config", "set", "a", "b"]]
    {
        let mut command = sandbox.command(BD);
        command.current_dir(&dir).arg("--readonly").args(call);
        sandbox.run(command).code(4);
    }
    assert_eq!(std::fs::read(dir.join(".beads/issues.jsonl")).unwrap(), before);

    let bare = sandbox.path("bare");
    std::fs::create_dir_all(bare.join(".beads")).unwrap();
    std::fs::write(bare.join(".beads/issues.jsonl"), before).unwrap();
    sandbox.bd_in(&bare, ["--no-db", "update", "lab-a1", "--title", "Renamed"]).ok();
    sandbox.bd_in(&bare, ["--no-db", "create", "Two", "--id", "lab-b2"]).ok();
    assert_eq!(sandbox.bd_in(&bare, ["--no-db", "list", "--all", "--json"]).ok().json().as_array().unwrap().len(), 2);
    assert!(std::fs::read_to_string(bare.join(".beads/issues.jsonl")).unwrap().contains("Renamed"));
    let left: Vec<_> =
        std::fs::read_dir(bare.join(".beads")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["issues.jsonl"]);
    sandbox.bd_in(&dir, ["create", "Over there", "--id", "lab-c3", "--repo", bare.to_str().unwrap()]).ok();
    assert!(std::fs::read_to_string(bare.join(".beads/issues.jsonl")).unwrap().contains("Over there"));
}

#[test]
fn gates_find_the_run_they_wait_for() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    sandbox.git(&dir, ["commit", "-q", "--allow-empty", "-m", "First"]);
    std::fs::create_dir_all(dir.join(".beads/formulas")).unwrap();
    let formula =
        "formula = \"ci\"\n[[steps]]\nid = \"go\"\ntitle = \"Go\"\n[steps.gate]\ntype = \"gh:run\"\nid = \"tests\"\n";
    std::fs::write(dir.join(".beads/formulas/ci.formula.toml"), formula).unwrap();
    sandbox.bd_in(&dir, ["mol", "pour", "ci"]).ok();
    let gate = sandbox.bd_in(&dir, ["gate", "list", "--json"]).ok().json()[0]["id"].as_str().unwrap().to_owned();
    // The gh that the PATH finds first notes what it is asked and gives GitHub's answer.
    let bin = sandbox.path("bin");
    std::fs::create_dir(&bin).unwrap();
    let runs = json!([
        {"databaseId": 11, "workflowName": "tests", "createdAt": "2001-01-01T00:00:00Z"},
        {"databaseId": 12, "workflowName": "tests", "createdAt": "2101-01-01T00:00:00Z"},
        {"databaseId": 13, "workflowName": "docs", "createdAt": "2101-01-02T00:00:00Z"},
    ]);
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> \"$HOME/asked\"\ncase \"$1 $2\" in\n'run list') echo '{runs}';;\n\
         'run view') echo '{{\"status\":\"completed\",\"conclusion\":\"success\"}}';;\nesac\n"
    );
    std::fs::write(bin.join("gh"), script).unwrap();
    std::fs::set_permissions(bin.join("gh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let bd = |args: &[&str]| {
        let mut command = sandbox.command(BD);
        let path = std::env::var("PATH").unwrap();
        command.current_dir(&dir).args(args).env("PATH", format!("{}:{path}", bin.display()));
        sandbox.run(command)
    };
    let found = bd(&["gate", "discover", "--dry-run", "--json"]).ok().json();
    assert_eq!((&found["discovered"][0]["run_id"], &found["branch"]), (&json!("12"), &json!("main")));
    let shown = |key: &str| bd(&["gate", "show", &gate, "--json"]).ok().json()[key].clone();
    assert_eq!(shown("await_id"), "tests");
    bd(&["gate", "discover"]).ok();
    assert_eq!(shown("await_id"), "12");
    bd(&["gate", "check"]).ok();
    assert_eq!(shown("status"), "closed");
    let asked = std::fs::read_to_string(sandbox.path("home/asked")).unwrap();
    assert!(asked.contains("run list --branch main --limit 10") && asked.contains("run view 12"), "{asked}");
}

#[test]
fn beads_that_say_the_same_become_one() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    sandbox.bd_in(&dir, ["create", "Same", "--id", "lab-a1", "-l", "x"]).ok();
    sandbox.bd_in(&dir, ["create", "same", "--id", "lab-b2", "-l", "y"]).ok();
    sandbox
        .bd_in(&dir, ["create", "Waits", "--id", "lab-w1", "--deps", "lab-b2", "-d", "after lab-b2 and lab-b22"])
        .ok();
    sandbox.bd_in(&dir, ["create", "First", "--id", "lab-f1"]).ok();
    sandbox.bd_in(&dir, ["dep", "add", "lab-b2", "lab-f1"]).ok();
    let show = |id: &str| sandbox.bd_in(&dir, ["show", id, "--json"]).ok().json()[0].clone();
    sandbox.bd_in(&dir, ["duplicates", "--auto-merge", "--dry-run"]).ok();
    assert_eq!(show("lab-b2")["status"], "open");
    let merged = sandbox.bd_in(&dir, ["duplicates", "--auto-merge", "--json"]).ok().json();
    assert_eq!(merged["merged"], json!([{"source": "lab-b2", "target": "lab-a1"}]));
    let (one, waits) = (show("lab-a1"), show("lab-w1"));
    assert_eq!(one["labels"], json!(["x", "y"]));
    assert_eq!(one["dependencies"][0]["id"], "lab-f1");
    assert_eq!(
        (&waits["dependencies"][0]["id"], &waits["description"]),
        (&json!("lab-a1"), &json!("after lab-a1 and lab-b22"))
    );
    assert_eq!(
        (&show("lab-b2")["status"], &show("lab-b2")["close_reason"]),
        (&json!("closed"), &json!("Duplicate of lab-a1"))
    );

    sandbox.bd_in(&dir, ["create", "Newer", "--id", "lab-n1"]).ok();
    sandbox.bd_in(&dir, ["supersede", "lab-a1", "--with", "lab-n1"]).ok();
    assert_eq!(show("lab-w1")["dependencies"][0]["id"], "lab-n1");
    assert_eq!(show("lab-a1")["close_reason"], "Superseded by lab-n1");
    sandbox.bd_in(&dir, ["duplicate", "lab-n1", "--of", "lab-a1"]).code(4);

    sandbox.git(&dir, ["commit", "-q", "--allow-empty", "-m", "Do it (lab-n1)"]);
    let found = sandbox.bd_in(&dir, ["orphans", "--details", "--json"]).ok().json();
    assert_eq!((&found[0]["id"], &found[0]["latest_commit_author"]), (&json!("lab-n1"), &json!("Test Person")));
    sandbox.bd_in(&dir, ["orphans", "--fix"]).ok();
    assert!(show("lab-n1")["close_reason"].as_str().unwrap().contains("Do it"));
}

#[test]
fn the_doctor_asks_and_mends_from_the_side_that_counts() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    sandbox.bd_in(&dir, ["create", "One", "--id", "lab-a1"]).ok();
    let report = sandbox.bd_in(&dir, ["doctor", "--perf", "--json"]).ok().json();
    assert!(report["performance"][0]["milliseconds"].is_number(), "{report}");
    for source in ["jsonl", "db", "auto"] {
        sandbox.bd_in(&dir, ["doctor", "--fix", "--source", source]).ok();
        sandbox.bd_in(&dir, ["doctor", "--fix", "--dry-run", "--interactive", "--source", source]).ok();
    }
    assert_eq!(sandbox.bd_in(&dir, ["sync", "--check", "--json"]).ok().json()["ok"], true);
    let others =
        || sandbox.bd_in(&dir, ["doctor", "--check", "other programs", "--json"]).ok().json()["checks"][0].clone();
    assert_eq!(others()["status"], "ok");
    sandbox.bd_in(&dir, ["create", "One", "--id", "lab-a2"]).ok();
    sandbox.bd_in(&dir, ["create", "Long", "--id", "lab-l1", "-d", &"x".repeat(70_000)]).ok();
    let found = others();
    let message = found["message"].as_str().unwrap();
    assert!(message.contains("lab-a2 say the same") && message.contains("lab-l1 have lines longer"), "{found}");
    assert_eq!(found["status"], "warning");
    sandbox.bd_in(&dir, ["create", "Elsewhere", "--id", "other-b2.1", "--force"]).ok();
    let report = sandbox.bd_in(&dir, ["sync", "--check", "--json"]).code(1).json();
    let kinds: Vec<&str> = report["problems"].as_array().unwrap().iter().map(|p| p["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["prefix", "orphan"], "{report}");
}

#[test]
fn a_new_ledger_tells_agents_of_itself_and_is_in_every_commit() {
    let sandbox = Sandbox::new();
    let dir = sandbox.path("new");
    std::fs::create_dir(&dir).unwrap();
    sandbox.git(&dir, ["init", "-q"]);
    std::fs::write(dir.join("AGENTS.md"), "# Ours\n").unwrap();
    std::fs::write(dir.join(".git/hooks/post-merge"), "#!/bin/sh\necho theirs\n").unwrap();
    let said = sandbox.bd_in(&dir, ["init", "--prefix", "lab"]).ok().stdout;
    assert!(said.contains("bd hooks run post-merge"), "{said}");
    let agents = std::fs::read_to_string(dir.join("AGENTS.md")).unwrap();
    assert!(agents.starts_with("# Ours\n\n## ") && agents.contains("bd prime"), "{agents}");
    assert_eq!(std::fs::read_to_string(dir.join(".git/hooks/post-merge")).unwrap(), "#!/bin/sh\necho theirs\n");
    sandbox.bd_in(&dir, ["init"]).ok();
    assert_eq!(std::fs::read_to_string(dir.join("AGENTS.md")).unwrap(), agents, "once");

    sandbox.bd_in(&dir, ["create", "In the commit", "--id", "lab-a1"]).ok();
    std::fs::write(dir.join("work.txt"), "work").unwrap();
    sandbox.git(&dir, ["add", "work.txt"]);
    sandbox.git(&dir, ["commit", "-qm", "Work"]);
    let names = sandbox.git(&dir, ["show", "--name-only", "--format=", "HEAD"]).stdout;
    assert_eq!(names, ".beads/issues.jsonl\nwork.txt\n");
    let list = sandbox.bd_in(&dir, ["hooks", "list", "--json"]).ok().json();
    let owner = |name: &str| list.as_array().unwrap().iter().find(|row| row["hook"] == name).unwrap()["owner"].clone();
    assert_eq!(
        (owner("pre-commit"), owner("post-merge"), owner("pre-push")),
        (json!("ours"), json!("another's"), json!("none"))
    );
    sandbox.bd_in(&dir, ["hooks", "install", "--all"]).ok();
    let bare = sandbox.path("push.git");
    sandbox.git(&dir, ["init", "-q", "--bare", bare.to_str().unwrap()]);
    sandbox.bd_in(&dir, ["close", "lab-a1"]).ok();
    let run = sandbox.program("git", &dir, ["push", "-q", bare.to_str().unwrap(), "HEAD:main"]);
    assert!(run.status != Some(0) && run.stderr.contains("not committed"), "{run:?}");
    sandbox.bd_in(&dir, ["sync"]).ok();
    sandbox.git(&dir, ["push", "-q", bare.to_str().unwrap(), "HEAD:main"]);
    sandbox.bd_in(&dir, ["hooks", "uninstall"]).ok();
    sandbox.git(&dir, ["config", "core.hooksPath", "shared-hooks"]);
    let said = sandbox.bd_in(&dir, ["init"]).ok().stdout;
    assert!(said.contains("core.hooksPath") && !dir.join("shared-hooks").exists(), "{said}");
    assert!(!dir.join(".git/hooks/pre-commit").exists() && dir.join(".git/hooks/post-merge").exists());
}

#[test]
fn guests_keep_their_beads_out_of_the_project_and_teams_on_a_branch() {
    let sandbox = Sandbox::new();
    let dir = sandbox.path("theirs");
    std::fs::create_dir(&dir).unwrap();
    sandbox.git(&dir, ["init", "-q"]);
    sandbox.bd_in(&dir, ["init", "--contributor"]).ok();
    let id = sandbox.bd_in(&dir, ["q", "My plan"]).ok().stdout;
    assert!(id.starts_with("plan-"), "{id}");
    assert_eq!(sandbox.git(&dir, ["status", "--porcelain"]).stdout, "", "git sees nothing of it");
    let kept = std::fs::read_to_string(sandbox.path("home/.beads-planning/.beads/issues.jsonl")).unwrap();
    assert!(kept.contains("My plan"));
    let team = sandbox.path("team");
    std::fs::create_dir(&team).unwrap();
    sandbox.git(&team, ["init", "-q"]);
    sandbox.bd_in(&team, ["init", "--team", "--skip-hooks", "--skip-agents", "--prefix", "lab"]).ok();
    assert!(!team.join("AGENTS.md").exists() && !team.join(".git/hooks/pre-commit").exists());
    sandbox.bd_in(&team, ["create", "Shared"]).ok();
    sandbox.bd_in(&team, ["sync"]).ok();
    assert!(sandbox.git(&team, ["show", "beads-sync:.beads/issues.jsonl"]).stdout.contains("Shared"));
}

#[test]
fn what_was_cooked_into_the_ledger_is_poured_from_there() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let formulas = dir.join(".beads/formulas");
    std::fs::create_dir_all(&formulas).unwrap();
    let formula = "formula = \"mol-ship\"\ndescription = \"Ship {{feature}} to {{env}}\"\n[vars.feature]\nrequired = true\n\
                   [vars.env]\ndefault = \"staging\"\n[[steps]]\nid = \"design\"\ntitle = \"Design {{feature}}\"\nlabels = [\"phase:{{env}}\"]\n\
                   assignee = \"{{feature}}-dev\"\n[[steps]]\nid = \"build\"\ntitle = \"Build\"\nneeds = [\"design\"]\n\
                   [[steps.children]]\nid = \"api\"\ntitle = \"API\"\n[[steps.children]]\nid = \"ui\"\ntitle = \"UI\"\nneeds = [\"api\"]\n\
                   [[steps]]\nid = \"review\"\ntitle = \"Review\"\nwaits_for = \"children-of(build)\"\n[steps.gate]\ntype = \"gh:pr\"\nid = \"42\"\n\
                   timeout = \"24h\"\n[[steps]]\nid = \"only\"\ntitle = \"Only in production\"\ncondition = \"{{env}} == production\"\n\
                   [[steps]]\nid = \"retry\"\ntitle = \"Retry\"\n[steps.loop]\ncount = 2\n[[steps.loop.body]]\nid = \"try\"\ntitle = \"Try\"\n";
    std::fs::write(formulas.join("mol-ship.formula.toml"), formula).unwrap();
    let run = |args: &[&str]| {
        let mut command = sandbox.command(BD);
        command.current_dir(&dir).args(args).arg("--json");
        sandbox.run(command)
    };
    let direct = run(&["mol", "pour", "mol-ship", "--var", "feature=auth"]).ok().json();
    run(&["cook", "mol-ship", "--persist"]).ok();
    let ids: Vec<String> = run(&["list", "--include-templates", "--include-gates", "-n", "0", "--sort", "id"])
        .ok()
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|bead| bead["id"].as_str().unwrap().to_owned())
        .filter(|id| id.starts_with("mol-ship"))
        .collect();
    let tree = [
        "",
        ".build",
        ".build.api",
        ".build.ui",
        ".design",
        ".gate-review",
        ".only",
        ".retry.iter1.try",
        ".retry.iter2.try",
        ".review",
    ];
    assert_eq!(ids, tree.map(|rest| format!("mol-ship{rest}")));
    std::fs::remove_file(formulas.join("mol-ship.formula.toml")).unwrap();
    let message = run(&["mol", "pour", "mol-ship"]).code(2);
    assert!(message.stderr.contains("feature is required"), "{message:?}");
    let again = run(&["mol", "pour", "mol-ship", "--var", "feature=auth"]).ok().json();
    assert_eq!(direct["created"], again["created"]);
    let more =
        run(&["mol", "pour", "mol-ship", "--var", "feature=auth", "--var", "env=production", "--dry-run"]).ok().json();
    assert!(more["steps"].as_array().unwrap().iter().any(|step| step["id"] == "only"), "{more}");
    // The same beads, whichever way they came.
    let beads = |poured: &Value| {
        let names: std::collections::BTreeMap<&str, &str> = poured["id_mapping"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, id)| (id.as_str().unwrap(), name.as_str()))
            .collect();
        let mut out = Vec::new();
        for (id, name) in &names {
            let bead = run(&["show", id]).ok().json()[0].clone();
            let mut edges: Vec<String> = bead["dependencies"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|dep| {
                    format!("{} {}", dep["dependency_type"].as_str().unwrap(), names[dep["id"].as_str().unwrap()])
                })
                .collect();
            edges.sort();
            let keys = [
                "title",
                "description",
                "issue_type",
                "priority",
                "labels",
                "assignee",
                "await_type",
                "await_id",
                "timeout",
            ];
            out.push(format!("{name} {:?} {edges:?}", keys.map(|key| bead[key].to_string())));
        }
        out.sort();
        out
    };
    assert_eq!(beads(&direct), beads(&again));
    let live = direct["new_epic_id"].as_str().unwrap();
    let bonded =
        run(&["mol", "bond", "mol-ship", live, "--var", "feature=more", "--ref", "arm-{{feature}}"]).ok().json();
    assert_eq!((&bonded["result_id"], &bonded["spawned"]), (&json!(live), &again["created"]));
    assert_eq!(bonded["id_mapping"]["mol-ship.build.api"], json!(format!("{live}.arm-more.build.api")));
    assert_eq!(
        run(&["show", "mol-ship"]).ok().json()[0].get("dependents").map(|d| d.as_array().unwrap().len()),
        Some(7),
        "the pattern stays as it is"
    );
}

#[test]
fn several_work_side_by_side_and_merge_one_after_another() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let run = |args: &[&str]| {
        let mut command = sandbox.command(BD);
        command.current_dir(&dir).args(args).arg("--json");
        sandbox.run(command)
    };
    run(&["create", "Epic", "-t", "epic", "--id", "lab-e1"]).ok();
    for (title, deps) in [("a", ""), ("b", ""), ("c", "lab-e1.1,lab-e1.2"), ("d", "lab-e1.3")] {
        run(&["create", title, "--parent", "lab-e1", "--deps", deps]).ok();
    }
    let plan = run(&["swarm", "validate", "lab-e1"]).ok().json();
    let waves: Vec<&Value> = plan["ready_fronts"].as_array().unwrap().iter().map(|front| &front["issues"]).collect();
    assert_eq!(waves, [&json!(["lab-e1.1", "lab-e1.2"]), &json!(["lab-e1.3"]), &json!(["lab-e1.4"])]);
    assert_eq!((&plan["max_parallelism"], &plan["swarmable"]), (&json!(2), &json!(true)));
    let swarm = run(&["swarm", "create", "lab-e1", "--coordinator", "ann"]).ok().json();
    run(&["swarm", "create", "lab-e1"]).code(4);
    run(&["close", "lab-e1.1"]).ok();
    run(&["update", "lab-e1.2", "--claim"]).ok();
    let status = run(&["swarm", "status", swarm["swarm_id"].as_str().unwrap()]).ok().json();
    assert_eq!((&status["epic_id"], &status["progress_percent"]), (&json!("lab-e1"), &json!(25.0)));
    assert_eq!(
        (&status["active_count"], &status["ready_count"], &status["blocked_count"]),
        (&json!(1), &json!(0), &json!(2))
    );
    assert_eq!(status["blocked"][0]["blocked_by"], json!(["lab-e1.2"]));
    assert_eq!(run(&["swarm", "list"]).ok().json()["swarms"][0]["coordinator"], "ann");

    let changed = run(&["set-state", "lab-e1", "health=failing", "--reason", "slow"]).ok().json();
    assert_eq!((&changed["old_value"], &changed["changed"]), (&Value::Null, &json!(true)));
    let changed = run(&["set-state", "lab-e1", "health=healthy"]).ok().json();
    assert_eq!(changed["old_value"], "failing");
    assert_eq!(run(&["set-state", "lab-e1", "health=healthy"]).ok().json()["changed"], false);
    assert_eq!(run(&["state", "lab-e1", "health"]).ok().json()["value"], "healthy");
    assert_eq!(run(&["state", "lab-e1"]).ok().json()["states"], json!({"health": "healthy"}));
    let event = run(&["show", changed["event_id"].as_str().unwrap()]).ok().json()[0].clone();
    assert_eq!((&event["issue_type"], &event["event_kind"]), (&json!("event"), &json!("state.changed")));

    run(&["merge-slot", "check"]).code(3);
    run(&["merge-slot", "create"]).ok();
    assert_eq!(run(&["merge-slot", "check"]).ok().json()["available"], true);
    assert_eq!(run(&["merge-slot", "acquire", "--holder", "ann"]).ok().json()["acquired"], true);
    run(&["merge-slot", "acquire", "--holder", "bob"]).code(4);
    assert_eq!(run(&["merge-slot", "acquire", "--holder", "bob", "--wait"]).ok().json()["position"], 1);
    run(&["merge-slot", "release", "--holder", "bob"]).code(4);
    assert_eq!(run(&["merge-slot", "release", "--holder", "ann"]).ok().json()["holder"], "bob");
    assert_eq!(run(&["merge-slot", "check"]).ok().json()["holder"], "bob");
}
