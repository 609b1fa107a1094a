//! `gt config` and `gt completion`: settings through the binary.

use serde_json::{Value, json};

use crate::support::{Sandbox, wait_for};
use crate::town::Place;

#[test]
fn an_agent_of_ones_own_is_set_used_as_default_and_removed() {
    let sandbox = Sandbox::new();
    sandbox.gt(["install", "town"]).ok();
    let town = sandbox.path("town");
    sandbox.gt_in(&town, ["config", "agent", "set", "glm", "claude-glm --model 'glm 4'"]).ok();
    let got = sandbox.gt_in(&town, ["--json", "config", "agent", "get", "glm"]).ok().json();
    assert_eq!((&got["command"], &got["args"][1]), (&"claude-glm".into(), &"glm 4".into()));
    assert_eq!(sandbox.gt_in(&town, ["config", "default-agent"]).ok().stdout, "claude\n");
    sandbox.gt_in(&town, ["config", "default-agent", "glm"]).ok();
    assert_eq!(sandbox.gt_in(&town, ["config", "default-agent"]).ok().stdout, "glm\n");
    let listed = sandbox.gt_in(&town, ["--json", "config", "agent", "list"]).ok().json();
    let listed = listed.as_array().unwrap();
    assert!(listed.iter().any(|agent| agent["name"] == "glm" && agent["is_custom"] == true));
    assert!(listed.iter().any(|agent| agent["name"] == "script" && agent["available"] == true));
    sandbox.gt_in(&town, ["config", "default-agent", "claude"]).ok();
    sandbox.gt_in(&town, ["config", "agent", "remove", "glm"]).ok();
    sandbox.gt_in(&town, ["config", "agent", "get", "glm"]).code(3);
}

#[test]
fn settings_that_make_no_sense_are_refused_and_the_file_stays() {
    let sandbox = Sandbox::new();
    sandbox.gt(["install", "town"]).ok();
    let town = sandbox.path("town");
    let before = std::fs::read(town.join("settings/config.json")).ok();
    let unknown = sandbox.gt_in(&town, ["config", "default-agent", "cluade"]).code(3);
    assert!(unknown.stderr.contains("did you mean `claude`?"), "{unknown:?}");
    sandbox.gt_in(&town, ["config", "agent-email-domain", "a b"]).code(2);
    sandbox.gt_in(&town, ["config", "agent", "set", "x", "  "]).code(2);
    sandbox.gt_in(&town, ["config", "agent", "remove", "claude"]).code(3);
    assert_eq!(std::fs::read(town.join("settings/config.json")).ok(), before);
}

#[test]
fn completion_scripts_are_ones_their_shells_accept() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = sandbox.gt(["completion", shell]).ok().stdout;
        assert!(script.contains("gt") && script.contains("GT_COMPLETE"), "{shell}");
        let path = sandbox.path(&format!("completion.{shell}"));
        std::fs::write(&path, script).unwrap();
        // Checked by the shell itself where it is there.
        if std::process::Command::new(shell).arg("-c").arg("true").status().is_ok() {
            sandbox.program(shell, &sandbox.path("home"), ["-n", path.to_str().unwrap()]).ok();
        }
    }
}

#[test]
fn settings_have_layers_that_say_where_a_value_comes_from() {
    let place = Place::new(&["shop"]);
    let shown = |args: &[&str]| -> Vec<Value> {
        let run = place.sandbox.run(place.command(args)).ok();
        run.json()["settings"].as_array().unwrap().clone()
    };
    let of = |all: &[Value], key: &str| {
        let one = all.iter().find(|one| one["key"] == key).unwrap_or_else(|| panic!("{key}"));
        (one["value"].clone(), one["origin"].as_str().unwrap().to_owned())
    };
    place.gt(["config", "set", "merge_queue.test_command", "cargo test", "--rig", "shop"]).ok();
    place.gt(["config", "set", "merge_queue.enabled", "off", "--rig", "shop"]).ok();
    place.gt(["config", "set", "namepool.names", "ada, bob", "--rig", "shop"]).ok();
    place.gt(["config", "set", "agents.opus", "claude --model opus"]).ok();
    place.gt(["config", "set", "role_agents.mayor", "opus"]).ok();
    let rig = shown(&["config", "show", "--rig", "shop", "--json"]);
    assert_eq!(of(&rig, "merge_queue.test_command"), (json!("cargo test"), "rig".into()));
    assert_eq!(of(&rig, "merge_queue.enabled"), (json!(false), "rig".into()));
    assert_eq!(of(&rig, "namepool.names"), (json!(["ada", "bob"]), "rig".into()));
    assert_eq!(of(&rig, "agent"), (json!("script"), "town".into()));
    assert_eq!(of(&rig, "max_polecats").1, "built-in");
    place.gt(["config", "set", "agent", "opus", "--rig", "shop"]).ok();
    assert_eq!(place.gt(["config", "get", "agent", "--rig", "shop"]).ok().stdout, "opus\n");
    place.gt(["config", "unset", "agent", "--rig", "shop"]).ok();
    assert_eq!(place.gt(["config", "get", "agent", "--rig", "shop"]).ok().stdout, "script\n");
    place.gt(["config", "unset", "agent", "--rig", "shop"]).code(3);
    assert_eq!(place.gt(["config", "get", "role_agents.mayor"]).ok().stdout, "opus\n");
    assert_eq!(
        place.gt(["config", "get", "merge_queue", "--rig", "shop", "--json"]).ok().json()["value"]["enabled"],
        false
    );

    let before = std::fs::read(place.root.join("settings/config.json")).unwrap();
    for (key, value, code, said) in [
        ("max_agnets", "3", 3, "max_agents"),
        ("test_command", "x", 3, "gt config"),
        ("max_agents", "many", 2, "whole number"),
        ("max_agents", "0", 1, "at least 1"),
        ("default_agent", "cluade", 3, "claude"),
        ("role_agents.king", "opus", 1, "king"),
        ("role_agents.mayor", "opsu", 3, "opus"),
    ] {
        let refused = place.gt(["config", "set", key, value]).code(code);
        assert!(refused.stderr.contains(said), "{key}={value}: {refused:?}");
    }
    assert_eq!(std::fs::read(place.root.join("settings/config.json")).unwrap(), before);
}

#[test]
fn files_edited_by_hand_are_checked_and_keep_what_gt_does_not_know() {
    let place = Place::new(&["shop"]);
    place.gt(["config", "check"]).ok();
    let town = place.root.join("settings/config.json");
    let text = "{\n  \"zzz\": [1],\n  \"type\": \"town-settings\",\n  \"version\": 1,\n  \"default_agent\": \"script\",\n  \"mine\": {\"a\": 1}\n}\n";
    std::fs::write(&town, text).unwrap();
    place.gt(["config", "set", "max_agents", "4"]).ok();
    let after: String = std::fs::read_to_string(&town).unwrap().split_whitespace().collect();
    assert_eq!(
        after,
        r#"{"zzz":[1],"type":"town-settings","version":1,"default_agent":"script","mine":{"a":1},"max_agents":4}"#
    );
    std::fs::write(&town, text.replace("script", "scirpt")).unwrap();
    std::fs::write(place.root.join("settings/cockpit.toml"), "theme = \"drak\"\n").unwrap();
    let rig = place.root.join("shop/settings/config.json");
    std::fs::create_dir_all(rig.parent().unwrap()).unwrap();
    std::fs::write(&rig, "{\n  \"version\": 1,\n  \"merge_queue\": {\n    \"test_comand\": \"x\"\n  }\n}\n").unwrap();
    let checked = place.gt(["config", "check", "--json"]).code(1).json();
    let problems = checked["problems"].to_string();
    for said in [
        "config.json:5: default_agent",
        "did you mean `script`?",
        "config.json:4: merge_queue.test_comand",
        "did you mean test_command?",
        "drak",
    ] {
        assert!(problems.contains(said), "{said}: {problems}");
    }

    // The editor opens the file, and what is wrong in it is said when it is closed.
    let editor = place.sandbox.path("editor");
    std::fs::write(&editor, "#!/bin/sh\nprintf '{\"version\": 1, \"max_agents\": 0}' > \"$1\"\n").unwrap();
    std::fs::set_permissions(&editor, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = place.command(&["config", "edit"]);
    command.env("EDITOR", &editor);
    let edited = place.sandbox.run(command).code(1);
    assert!(edited.stdout.contains("max_agents: has to be at least 1"), "{edited:?}");
}

/// The daemon, a dashboard and the next command go by a file as soon as it is saved; nothing is started anew for that.
#[test]
fn a_running_daemon_goes_by_settings_as_they_are_now() {
    let place = Place::new(&["shop"]);
    let go = place.sandbox.path("go");
    let script = format!("# Wait\nuntil [ -e {} ]; do sleep 0.05; done\necho a > $GT_BEAD.txt", go.display());
    let beads = [1, 2, 3].map(|n| place.bead("shop", &format!("Wait {n}"), &script, &[]));
    place.gt(["config", "set", "max_agents", "1"]).ok();
    place.gt(["sling", &beads[0], &beads[1], &beads[2], "shop"]).ok();
    let running = || place.agents().iter().filter(|agent| agent["pid"].is_i64()).count();
    wait_for("one runs", || (running() == 1).then_some(()));
    let daemon = place.daemon_pid();
    let queued = || place.gt(["scheduler", "status", "--json"]).ok().json()["queued"].as_array().unwrap().len();
    assert_eq!(queued(), 2);

    // By hand, in the town's file; then in the rig's, which narrows it.
    let file = place.root.join("settings/config.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"max_agents\": 1", "\"max_agents\": 2")).unwrap();
    wait_for("a second is started", || (running() == 2 && queued() == 1).then_some(()));
    place.set("shop/settings/config.json", &[("max_polecats", 2.into())]);
    place.gt(["config", "set", "max_agents", "5"]).ok();
    wait_for("the rig's own limit is named", || {
        let waits = place.gt(["scheduler", "status", "--json"]).ok().json()["queued"][0]["reason"].to_string();
        waits.contains("max_polecats").then_some(())
    });
    assert_eq!(running(), 2);

    // A gate that is named now holds for what is merged next; a broken file stops nobody for longer than it is broken.
    std::fs::write(&file, "{").unwrap();
    std::fs::write(&file, text.replace("\"max_agents\": 1", "\"max_agents\": 5")).unwrap();
    let gated = place.sandbox.path("gated");
    let command = format!("echo x >> {}", gated.display());
    place.gt(["config", "set", "merge_queue.test_command", &command, "--rig", "shop"]).ok();
    place.gt(["config", "unset", "max_polecats", "--rig", "shop"]).ok();
    wait_for("the third is started", || (running() == 3).then_some(()));
    std::fs::write(&go, "").unwrap();
    place.wait_closed(&beads);
    assert!(gated.exists(), "the gate that was set meanwhile ran");
    assert_eq!(place.daemon_pid(), daemon, "it is the same daemon");
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn a_rigs_runtime_is_written_as_it_always_was() {
    let place = Place::new(&["shop"]);
    let file = place.root.join("shop/settings/config.json");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let runtime = r#"{"provider": "codex", "command": "codex", "args": [], "prompt_mode": "none"}"#;
    std::fs::write(&file, format!("{{\"version\": 1, \"runtime\": {runtime}}}")).unwrap();
    place.gt(["config", "check"]).ok();
    let shown = place.gt(["config", "get", "runtime", "--rig", "shop", "--json"]).ok().json();
    assert_eq!((&shown["value"]["provider"], &shown["origin"]), (&"codex".into(), &"rig".into()));
    let id = place.easy("shop", "x");
    let plan = place.gt(["sling", &id, "shop", "--dry-run", "--json"]);
    // Without codex installed the plan is refused, by its name.
    assert!(plan.stdout.contains("codex") || plan.stderr.contains("codex"), "{plan:?}");
    for kind in ["town", "rig"] {
        let schema = place.gt(["config", "schema", kind]).ok().json();
        assert!(schema["properties"].as_object().unwrap().len() > 5);
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let sandbox = Sandbox::new();
    let page = sandbox.gt(["man"]).ok().stdout;
    assert!(page.contains(".TH gt 1") && page.contains("dashboard"), "{page}");
    sandbox.gt(["man", "--dir", "man1"]).ok();
    sandbox.bd_in(&sandbox.path(""), ["man", "--dir", "man1"]).ok();
    for name in ["gt.1", "gt-sling.1", "gt-config-set.1", "bd.1", "bd-ready.1"] {
        assert!(sandbox.path("man1").join(name).is_file(), "{name}");
    }
}
