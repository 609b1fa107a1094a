//! Formulas through `bd`: found, shown, cooked, poured, worked through to the end.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{BD, Run, Sandbox};

const SHIP: &str = r#"
formula = "mol-ship"
description = "Ship {{feature}} to {{env}}"
[vars.feature]
required = true
[vars.env]
default = "staging"
[[steps]]
id = "design"
title = "Design {{feature}}"
priority = 1
labels = ["phase:design"]
assignee = "{{feature}}-dev"
metadata = { area = "{{feature}}" }
[[steps]]
id = "build"
title = "Build {{feature}}"
needs = ["design"]
  [[steps.children]]
  id = "api"
  title = "API part"
  [[steps.children]]
  id = "ui"
  title = "UI part"
  depends_on = ["api"]
[[steps]]
id = "review"
title = "Review"
type = "bug"
needs = ["build"]
  [steps.gate]
  type = "gh:pr"
  id = "42"
  timeout = "24h"
[[steps]]
id = "retry"
title = "Retry"
  [steps.loop]
  count = 2
  [[steps.loop.body]]
  id = "try"
  title = "Deploy attempt"
"#;

fn project(sandbox: &Sandbox) -> PathBuf {
    let dir = sandbox.path("project");
    std::fs::create_dir(&dir).unwrap();
    sandbox.bd_in(&dir, ["init", "--prefix", "gt", "--quiet"]).ok();
    std::fs::create_dir_all(dir.join(".beads/formulas")).unwrap();
    std::fs::write(dir.join(".beads/formulas/mol-ship.formula.toml"), SHIP).unwrap();
    dir
}

fn bd(sandbox: &Sandbox, dir: &Path, args: &[&str]) -> Run {
    let mut command = sandbox.command(BD);
    command.current_dir(dir).args(args).env("BD_ACTOR", "ann");
    sandbox.run(command)
}

fn bead(sandbox: &Sandbox, dir: &Path, id: &str) -> Value {
    bd(sandbox, dir, &["show", id, "--json"]).ok().json()[0].clone()
}

fn pour(sandbox: &Sandbox, dir: &Path, args: &[&str]) -> Value {
    let mut all = vec!["mol", "pour"];
    all.extend(args);
    all.push("--json");
    bd(sandbox, dir, &all).ok().json()
}

#[test]
fn cooking_the_worked_example() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let dry = bd(&sandbox, &dir, &["cook", "mol-ship", "--dry-run"]).ok().stdout;
    assert_eq!(
        dry,
        "\
Dry run: would cook formula mol-ship as proto mol-ship (compile-time mode)

Steps (7) [{{variables}} shown as placeholders]:
  ├── design: Design {{feature}} [from: mol-ship@steps[0]]
  ├── build: Build {{feature}} [needs: design] [from: mol-ship@steps[1]]
  │   ├── api: API part [from: mol-ship@steps[1].children[0]]
  │   └── ui: UI part [needs: api] [from: mol-ship@steps[1].children[1]]
  ├── review: Review [needs: build] [gate: gh:pr 42] [from: mol-ship@steps[2]]
  ├── retry.iter1.try: Deploy attempt [from: mol-ship@steps[3].loop.body[0]]
  └── retry.iter2.try: Deploy attempt [needs: retry.iter1.try] [from: mol-ship@steps[3].loop.body[0]]

Variables used: feature

Variable definitions:
  {{env}}: (default=\"staging\")
  {{feature}}: (required)
"
    );
    let cooked = bd(&sandbox, &dir, &["cook", "mol-ship"]).ok().json();
    assert_eq!(cooked["steps"][4]["id"], "retry.iter2.try");
    assert!(cooked["source"].as_str().unwrap().ends_with("/.beads/formulas/mol-ship.formula.toml"), "{cooked}");
    let cooked = bd(&sandbox, &dir, &["cook", "mol-ship", "--var", "feature=auth"]).ok().json();
    assert_eq!(cooked["steps"][0]["title"], "Design auth");
    let missing = bd(&sandbox, &dir, &["mol", "pour", "mol-ship"]).code(2);
    assert!(missing.stderr.contains("feature is required"), "{missing:?}");
    assert!(missing.stderr.contains("hint: --var feature=…"), "{missing:?}");
    assert_eq!(bd(&sandbox, &dir, &["list", "--all", "--json"]).ok().json(), json!([]));
}

#[test]
fn what_is_poured_keeps_everything() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let poured = pour(&sandbox, &dir, &["mol-ship", "--var", "feature=auth", "--assignee", "lead"]);
    assert_eq!((&poured["created"], &poured["phase"]), (&json!(9), &json!("liquid")));
    let id = |step: &str| poured["id_mapping"][step].as_str().unwrap_or_else(|| panic!("{step}: {poured}")).to_owned();
    let root = poured["new_epic_id"].as_str().unwrap();
    assert!(root.starts_with("gt-mol-"), "{root}");
    let shown = bead(&sandbox, &dir, root);
    assert_eq!(
        (&shown["issue_type"], &shown["assignee"], &shown["title"]),
        (&json!("epic"), &json!("lead"), &json!("mol-ship"))
    );
    assert_eq!(shown["description"], "Ship auth to staging");
    let design = bead(&sandbox, &dir, &id("mol-ship.design"));
    assert_eq!(design["title"], "Design auth");
    assert_eq!(design["priority"], 1);
    assert_eq!(design["labels"], json!(["phase:design"]));
    assert_eq!(design["assignee"], "auth-dev");
    assert_eq!(design["metadata"], json!({"area": "auth"}));
    assert_eq!(bead(&sandbox, &dir, &id("mol-ship.build"))["issue_type"], "epic");
    let gate = bead(&sandbox, &dir, &id("mol-ship.gate-review"));
    assert_eq!(
        (&gate["title"], &gate["await_type"], &gate["await_id"]),
        (&json!("Gate: gh:pr 42"), &json!("gh:pr"), &json!("42"))
    );
    assert_eq!(gate["timeout"], 86_400_000_000_000_u64);

    let mol = bd(&sandbox, &dir, &["mol", "show", root, "--json"]).ok().json();
    let mut deps: Vec<String> = mol["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dep| format!("{} {} {}", dep["issue_id"], dep["type"], dep["depends_on_id"]).replace('"', ""))
        .collect();
    deps.sort();
    let mut wanted: Vec<String> = [
        ("design", "parent-child", ""),
        ("build", "parent-child", ""),
        ("build", "blocks", "design"),
        ("build.api", "parent-child", "build"),
        ("build.ui", "parent-child", "build"),
        ("build.ui", "blocks", "build.api"),
        ("review", "parent-child", ""),
        ("review", "blocks", "build"),
        ("review", "blocks", "gate-review"),
        ("gate-review", "parent-child", ""),
        ("retry.iter1.try", "parent-child", ""),
        ("retry.iter2.try", "parent-child", ""),
        ("retry.iter2.try", "blocks", "retry.iter1.try"),
    ]
    .iter()
    .map(|(from, kind, to)| {
        let to = if to.is_empty() { root.to_owned() } else { id(&format!("mol-ship.{to}")) };
        format!("{} {kind} {to}", id(&format!("mol-ship.{from}")))
    })
    .collect();
    wanted.sort();
    assert_eq!(deps, wanted);
    assert_eq!(mol["variables"], json!({"env": "staging", "feature": "auth"}));

    let ready = bd(&sandbox, &dir, &["ready", "--json"]).ok().json();
    let mut ready: Vec<&str> = ready.as_array().unwrap().iter().map(|bead| bead["id"].as_str().unwrap()).collect();
    ready.sort_unstable();
    let mut wanted = vec![root.to_owned(), id("mol-ship.design"), id("mol-ship.retry.iter1.try")];
    wanted.sort();
    assert_eq!(ready, wanted);
    let lines = std::fs::read_to_string(dir.join(".beads/issues.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 9);
}

#[test]
fn going_on_with_close_and_gates() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let poured = pour(&sandbox, &dir, &["mol-ship", "--var", "feature=auth"]);
    let root = poured["new_epic_id"].as_str().unwrap();
    let id = |step: &str| poured["id_mapping"][&format!("mol-ship.{step}")].as_str().unwrap().to_owned();
    let go_on =
        |step: &str| bd(&sandbox, &dir, &["close", &id(step), "--continue", "--json"]).ok().json()["continue"].clone();
    // The design is somebody else's, so it is only shown.
    let next = go_on("retry.iter1.try");
    assert_eq!(next["next_step"]["id"], id("retry.iter2.try"));
    assert_eq!(next["auto_advanced"], true);
    let current = bd(&sandbox, &dir, &["mol", "current", "--json"]).ok().json();
    assert_eq!(current[0]["molecule_id"], root);
    assert_eq!(current[0]["current_step"]["id"], id("retry.iter2.try"));
    assert_eq!((&current[0]["completed"], &current[0]["total"]), (&json!(1), &json!(8)));
    let next = go_on("retry.iter2.try");
    assert_eq!((&next["next_step"]["id"], &next["auto_advanced"]), (&json!(id("design")), &json!(false)));
    assert_eq!(go_on("design")["next_step"]["id"], id("build.api"));
    assert_eq!(go_on("build.api")["next_step"]["id"], id("build.ui"));
    let after = go_on("build.ui");
    // The container closes with its last part; the review still waits for its gate.
    assert_eq!(after["closed_containers"], json!([id("build")]));
    assert_eq!((&after["next_step"], &after["molecule_complete"]), (&Value::Null, &json!(false)));
    let gates = bd(&sandbox, &dir, &["gate", "list", "--json"]).ok().json();
    assert_eq!(gates[0]["id"], id("gate-review"));
    bd(&sandbox, &dir, &["gate", "resolve", &id("review")]).code(2);
    let opened = bd(&sandbox, &dir, &["gate", "resolve", &id("gate-review"), "-r", "merged by hand"]).ok();
    assert!(opened.stdout.contains(&id("review")), "{opened:?}");
    assert_eq!(bead(&sandbox, &dir, &id("gate-review"))["close_reason"], "merged by hand");
    let progress = bd(&sandbox, &dir, &["mol", "progress", root, "--json"]).ok().json();
    assert_eq!((&progress["current_step_id"], &progress["completed"]), (&json!(id("review")), &json!(7)));
    assert_eq!(go_on("review")["molecule_complete"], true);
    let stale = bd(&sandbox, &dir, &["mol", "stale", "--json"]).ok().json();
    assert_eq!(stale["stale_molecules"][0]["id"], root);
    let squashed = bd(&sandbox, &dir, &["mol", "squash", root, "--summary", "Shipped", "--json"]).ok().json();
    assert_eq!((&squashed["squashed_count"], &squashed["deleted_count"]), (&json!(8), &json!(8)));
    let digest = bead(&sandbox, &dir, squashed["digest_id"].as_str().unwrap());
    assert!(digest["description"].as_str().unwrap().starts_with("Shipped\n- [x] Design auth"), "{digest}");
    assert_eq!(bead(&sandbox, &dir, root)["status"], "closed");
    assert_eq!(bd(&sandbox, &dir, &["mol", "list", "--json"]).ok().json(), json!([]));
}

#[test]
fn gates_open_by_time_by_bead_and_by_gh() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let steps = |gates: &[(&str, &str, &str)]| {
        let step = |(kind, id, timeout): &(&str, &str, &str)| {
            format!(
                "[[steps]]\nid = \"{}\"\ntitle = \"{kind}\"\n[steps.gate]\ntype = \"{kind}\"\nid = \"{id}\"\ntimeout = \"{timeout}\"\n",
                format!("{kind}{id}{timeout}").replace(':', "-")
            )
        };
        format!("formula = \"gated\"\n{}", gates.iter().map(step).collect::<String>())
    };
    let other: Value = bd(&sandbox, &dir, &["create", "Other work", "--json"]).ok().json();
    let other = other["id"].as_str().unwrap();
    let text = steps(&[
        ("timer", "", "1ms"),
        ("timer", "", "9h"),
        ("bead", other, ""),
        ("gh:pr", "1", ""),
        ("gh:run", "2", ""),
        ("human", "", ""),
    ]);
    std::fs::write(dir.join(".beads/formulas/gated.formula.toml"), text).unwrap();
    pour(&sandbox, &dir, &["gated"]);
    // A stand-in for GitHub's own program, which asks the network.
    let bin = sandbox.path("bin");
    std::fs::create_dir(&bin).unwrap();
    let script = "#!/bin/sh\ncase \"$1\" in pr) echo '{\"state\":\"MERGED\"}';; run) echo '{\"status\":\"completed\",\"conclusion\":\"failure\"}';; esac\n";
    std::fs::write(bin.join("gh"), script).unwrap();
    std::process::Command::new("chmod").args(["+x", bin.join("gh").to_str().unwrap()]).status().unwrap();
    let check = |args: &[&str]| {
        let mut command = sandbox.command(BD);
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        command.current_dir(&dir).args(["gate", "check", "--json"]).args(args).env("PATH", path);
        sandbox.run(command).ok().json()
    };
    let counts =
        |report: &Value| ["checked", "resolved", "escalated", "errors"].map(|key| report[key].as_i64().unwrap());
    assert_eq!(counts(&check(&["--dry-run"])), [6, 2, 1, 0]);
    assert_eq!(counts(&check(&["--type", "gh"])), [2, 1, 1, 0]);
    bd(&sandbox, &dir, &["close", other]).ok();
    assert_eq!(counts(&check(&["--escalate"])), [5, 2, 1, 0]);
    let left = bd(&sandbox, &dir, &["gate", "list", "--json"]).ok().json();
    let left = left.as_array().unwrap();
    assert_eq!(left.len(), 3);
    let run = left.iter().find(|gate| gate["await_type"] == "gh:run").unwrap();
    assert_eq!(run["labels"], json!(["escalated"]));
    assert_eq!(counts(&check(&["--escalate"])), [3, 0, 1, 0]);
}

#[test]
fn wisps_are_never_exported_and_go_without_a_trace() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let wisp = bd(&sandbox, &dir, &["mol", "wisp", "mol-ship", "--var", "feature=x", "--json"]).ok().json();
    let root = wisp["new_epic_id"].as_str().unwrap();
    assert!(root.starts_with("gt-wisp-"), "{root}");
    assert_eq!(wisp["phase"], "vapor");
    let file = || std::fs::read_to_string(dir.join(".beads/issues.jsonl")).unwrap_or_default();
    assert_eq!(file(), "");
    let list = bd(&sandbox, &dir, &["mol", "wisp", "list", "--json"]).ok().json();
    assert_eq!((&list["count"], &list["wisps"][0]["id"]), (&json!(1), &json!(root)));
    // Its steps can be worked through although ready does not list them.
    let next = bd(&sandbox, &dir, &["mol", "progress", root, "--json"]).ok().json()["current_step_id"].clone();
    let next = next.as_str().unwrap();
    let advanced = bd(&sandbox, &dir, &["close", next, "--continue", "--json"]).ok().json();
    assert!(advanced["continue"]["next_step"]["id"].is_string(), "{advanced}");
    let refused = bd(&sandbox, &dir, &["mol", "squash", root]).code(4);
    assert!(refused.stderr.contains("open steps"), "{refused:?}");
    let squashed = bd(&sandbox, &dir, &["mol", "squash", root, "--force", "--json"]).ok().json();
    assert_eq!(squashed["deleted_count"], 9);
    bd(&sandbox, &dir, &["show", root]).code(3);
    assert!(file().contains("Digest: mol-ship"), "{}", file());

    let second =
        bd(&sandbox, &dir, &["mol", "wisp", "create", "release", "--var", "version=1.0.0", "--json"]).ok().json();
    let second = second["new_epic_id"].as_str().unwrap();
    let kept = bd(&sandbox, &dir, &["mol", "wisp", "gc", "--age", "0s", "--json"]).ok().json();
    assert_eq!(kept["cleaned_count"], 0, "open work is not collected");
    let would = bd(&sandbox, &dir, &["mol", "wisp", "gc", "--age", "0s", "--all", "--dry-run", "--json"]).ok().json();
    assert_eq!(would["candidates"], json!([second]));
    let gone = bd(&sandbox, &dir, &["mol", "wisp", "gc", "--age", "0s", "--all", "--json"]).ok().json();
    assert_eq!(gone["cleaned_count"], 6);
}

#[test]
fn bonding_burning_and_distilling() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let first = pour(&sandbox, &dir, &["release", "--var", "version=1.2.0"]);
    let first = first["new_epic_id"].as_str().unwrap();
    let bonded =
        bd(&sandbox, &dir, &["mol", "bond", "hanoi", first, "--ref", "arm-{{discs}}", "--var", "discs=2", "--json"])
            .ok()
            .json();
    assert_eq!((&bonded["result_id"], &bonded["spawned"]), (&json!(first), &json!(6)));
    let arm = format!("{first}.arm-2");
    assert_eq!(bonded["id_mapping"]["hanoi"], arm);
    let blocked = bd(&sandbox, &dir, &["blocked", "--json"]).ok().stdout;
    assert!(blocked.contains(&arm), "{blocked}");
    let both = bd(
        &sandbox,
        &dir,
        &["mol", "bond", "release", "hanoi", "--type", "parallel", "--var", "version=2.0.0", "--json"],
    )
    .ok();
    assert_eq!(both.json()["bond_type"], "parallel");
    let unknown = bd(&sandbox, &dir, &["mol", "bond", first, "hanio"]).code(3);
    assert!(unknown.stderr.contains("neither a bead nor a formula"), "{unknown:?}");

    let distilled =
        bd(&sandbox, &dir, &["mol", "distill", first, "our-release", "--var", "version=1.2.0", "--json"]).ok().json();
    assert_eq!(distilled["steps"], 5);
    let shown = bd(&sandbox, &dir, &["cook", "our-release", "--var", "version=3.0.0", "--json"]).ok().json();
    assert_eq!(shown["steps"][3]["description"], "Run git tag -a v3.0.0 -m 'Release v3.0.0'");
    assert_eq!(shown["steps"][4]["needs"], json!(["create-release-tag"]));

    let refused = bd(&sandbox, &dir, &["mol", "burn", first]).code(4);
    assert!(refused.stderr.contains("is no wisp"), "{refused:?}");
    let burned = bd(&sandbox, &dir, &["mol", "burn", first, "--force", "--json"]).ok().json();
    assert_eq!(burned["deleted_count"], 6);
    assert_eq!(bead(&sandbox, &dir, &arm)["status"], "open");
}

#[test]
fn protos_are_kept_as_patterns() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let proto = bd(&sandbox, &dir, &["cook", "mol-ship", "--persist", "--json"]).ok().json();
    assert_eq!((&proto["proto_id"], &proto["created"]), (&json!("mol-ship"), &json!(9)));
    assert_eq!(proto["variables"], json!(["feature"]));
    let root = bead(&sandbox, &dir, "mol-ship");
    assert_eq!((&root["is_template"], &root["labels"]), (&json!(true), &json!(["template"])));
    assert_eq!(bead(&sandbox, &dir, "mol-ship.design")["title"], "Design {{feature}}");
    bd(&sandbox, &dir, &["cook", "mol-ship", "--persist"]).code(4);
    bd(&sandbox, &dir, &["cook", "mol-ship", "--persist", "--force"]).ok();
}

#[test]
fn listing_showing_and_converting() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    std::fs::write(
        dir.join(".beads/formulas/broken.formula.json"),
        "{\"formula\": \"broken\",\n \"steps\": [{\"id\": \"\"}]}",
    )
    .unwrap();
    // The person's own come after the project's, the ones built in last.
    let own = sandbox.path("home/.beads/formulas");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("mine.formula.json"), "{\"formula\":\"mine\",\"steps\":[{\"id\":\"a\",\"title\":\"A\"}]}")
        .unwrap();
    std::fs::write(own.join("mol-ship.formula.toml"), "formula = \"mol-ship\"\ndescription = \"Not this one\"\n")
        .unwrap();
    let inner = dir.join("src/deep");
    std::fs::create_dir_all(&inner).unwrap();
    let list = bd(&sandbox, &inner, &["formula", "list", "--json"]).ok().json();
    let find = |name: &str| list.as_array().unwrap().iter().find(|formula| formula["name"] == name).unwrap().clone();
    assert_eq!(find("mol-ship")["steps"], 4);
    assert_eq!(find("mine")["steps"], 1);
    assert_eq!(find("release")["source"], "built in: release.formula.toml");
    assert!(find("broken")["error"].as_str().unwrap().contains("line 2: steps[0]: id is required"), "{list}");
    assert!(list.as_array().unwrap().len() >= 15, "{list}");
    let shown = bd(&sandbox, &dir, &["formula", "show", "secure-feature", "--json"]).ok().json();
    assert_eq!(shown["compose"]["aspects"], json!(["security-audit"]));
    assert_eq!(shown["steps"].as_array().unwrap().len(), 6);
    let near = bd(&sandbox, &dir, &["formula", "show", "relaese"]).code(3);
    assert!(near.stderr.contains("did you mean release?"), "{near:?}");
    bd(&sandbox, &dir, &["formula", "convert", "mine", "--delete"]).ok();
    assert!(!own.join("mine.formula.json").exists());
    let cooked = bd(&sandbox, &dir, &["cook", "mine"]).ok().json();
    assert_eq!(cooked["steps"], json!([{"id": "a", "title": "A"}]));
    let json = bd(&sandbox, &dir, &["formula", "convert", "mol-ship", "--to", "json", "--stdout"]).ok().json();
    assert_eq!(json["steps"][3]["loop"]["count"], 2);
    bd(&sandbox, &dir, &["formula", "convert", "release"]).code(4);
}

/// Pours the formula and does its steps one after the other; each must be ready when its turn comes.
fn work_through(name: &str, vars: &[&str], steps: usize) {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let mut args = vec![name];
    for var in vars {
        args.extend(["--var", var]);
    }
    let mut cook = vec!["cook", name];
    cook.extend(&args[1..]);
    bd(&sandbox, &dir, &cook).ok();
    let poured = pour(&sandbox, &dir, &args);
    let root = poured["new_epic_id"].as_str().unwrap();
    assert_eq!(poured["created"], steps + 1, "{poured}");
    for gate in bd(&sandbox, &dir, &["gate", "list", "--json"]).ok().json().as_array().unwrap() {
        bd(&sandbox, &dir, &["gate", "resolve", gate["id"].as_str().unwrap()]).ok();
    }
    let mut done = 0;
    let mut next = bd(&sandbox, &dir, &["mol", "progress", root, "--json"]).ok().json()["current_step_id"].clone();
    while let Some(step) = next.as_str() {
        let advanced = bd(&sandbox, &dir, &["close", step, "--continue", "--json"]).ok().json();
        next = advanced["continue"]["next_step"]["id"].clone();
        done += 1;
        assert!(done <= steps, "{name} does not end");
        assert_eq!(advanced["continue"]["molecule_complete"], next.is_null(), "{name}: {advanced}");
    }
    let progress = bd(&sandbox, &dir, &["mol", "progress", root, "--json"]).ok().json();
    assert_eq!(progress["completed"], progress["total"], "{name}");
}

#[test]
fn the_built_in_formulas_can_be_worked_through() {
    for (name, vars, steps) in [
        ("release", &["version=1.2.0"][..], 5),
        ("feature", &["feature=login"], 6),
        ("feature", &["feature=login", "docs=no"], 5),
        ("secure-feature", &["feature=login"], 8),
        ("bugfix", &["bug=gt-1"], 5),
        ("bugfix", &["bug=gt-1", "severity=critical"], 6),
        ("code-review", &["branch=topic"], 6),
        ("design", &["problem=names"], 5),
        ("refactor", &["target=parser"], 8),
        ("dependency-update", &["dependency=serde"], 6),
        ("dependency-update", &["dependency=serde", "wait_for_ci=12"], 8),
        ("polecat-work", &["issue=gt-1"], 7),
        ("witness-escalation", &["agent=rig/polecats/nux", "bead=gt-1"], 6),
        ("refinery-conflict", &["branch=topic", "issue=gt-1"], 5),
        ("docs-update", &["subject=install"], 7),
        ("hanoi", &["discs=4"], 17),
    ] {
        work_through(name, vars, steps);
    }
}

#[test]
fn errors_name_file_line_and_the_nearest_word() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let path = dir.join(".beads/formulas/mol-ship.formula.toml");
    std::fs::write(&path, SHIP.replace("needs = [\"design\"]", "needs = [\"desing\"]").replace("titel", "title"))
        .unwrap();
    let wrong = bd(&sandbox, &dir, &["cook", "mol-ship"]).code(1);
    let wanted = format!(
        "{}: formula validation failed:\n  - line 18, column 10: steps[1] (build): needs references unknown step \"desing\" (did you mean \"design\"?)",
        path.canonicalize().unwrap().display()
    );
    assert!(wrong.stderr.contains(&wanted), "{wrong:?}\n{wanted}");
    std::fs::write(&path, SHIP.replace("priority = 1", "priorty = 1")).unwrap();
    let odd = bd(&sandbox, &dir, &["cook", "mol-ship"]).ok();
    assert!(odd.stderr.contains("steps[0].priorty: unknown key, ignored (did you mean \"priority\"?)"), "{odd:?}");
}
