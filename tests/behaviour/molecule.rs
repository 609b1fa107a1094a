//! Formulas as work: steps on a hook, ended one by one, taken up again by the next session; and work whose runtime a person starts.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{GT, Run, wait_for};
use crate::town::Place;

/// Three steps that a script can do; the second needs the first, the last has nothing to run.
const STEPS: &str = r#"
description = "Two files, then hand in"
formula = "two-files"
version = 1

[vars.word]
description = "What is written"
required = true

[vars.issue]
description = "The bead"
default = "none"

[[steps]]
id = "second"
title = "Write the second file"
description = "After the first.\n\n```sh\ntest -f one.txt\necho {{word}} {{issue}} > two.txt\n```"
needs = ["first"]

[[steps]]
id = "first"
title = "Write the first file"
description = "```sh\necho {{word}} > one.txt\n```"

[[steps]]
id = "hand-in"
title = "Hand in"
description = "gt done"
needs = ["second"]
"#;

fn place() -> Place {
    let place = Place::new(&["proj"]);
    let formulas = place.root.join(".beads/formulas");
    fs::create_dir_all(&formulas).unwrap();
    fs::write(formulas.join("two-files.formula.toml"), STEPS).unwrap();
    place
}

fn at(place: &Place, cwd: &Path, args: &[&str]) -> Run {
    let mut command = place.sandbox.command(GT);
    command.current_dir(cwd).args(args);
    place.sandbox.run(command)
}

#[test]
fn a_formula_gives_a_bead_its_steps() {
    let place = place();
    let bead = place.easy("proj", "own");
    // What is missing or unknown is said before anything is made.
    assert!(place.gt(["sling", "two-files", "--on", &bead, "proj"]).code(2).stderr.contains("word"));
    place.gt(["sling", "tow-files", "--on", &bead, "proj"]).code(3);
    place.gt(["sling", &bead, "proj", "--var", "word=x"]).code(2);
    let dry = place.gt(["sling", "two-files", "--on", &bead, "proj", "--var", "word=x", "-n"]).ok().stdout;
    assert!(dry.contains("would sling") && dry.contains("Write the second file"), "{dry}");
    assert!(place.gt(["agents", "--json"]).ok().json().as_array().unwrap().is_empty());

    let slung = place.gt(["sling", "two-files", "--on", &bead, "proj", "--var", "word=green", "--json"]).ok().json();
    let root = slung["molecule"].as_str().unwrap().to_owned();
    assert_eq!((&slung["slung"][0]["bead"], &slung["created"]), (&bead.as_str().into(), &4.into()));
    place.wait_closed(&[bead.clone(), root.clone()]);
    assert_eq!(place.files(&place.origin("proj")), ["README.md", "one.txt", "own.txt", "two.txt"]);
    let two = place.sandbox.git(&place.origin("proj"), ["show", "main:two.txt"]).stdout;
    assert_eq!(two.trim(), format!("green {bead}"), "the bead is told to the formula");
    let progress = place.gt(["mol", "progress", &root, "--json"]).ok().json();
    assert_eq!((&progress["complete"], &progress["completed"]), (&true.into(), &3.into()));
}

#[test]
fn a_formula_alone_is_work_of_its_own() {
    let place = place();
    assert!(place.gt(["sling", "two-files", "--var", "word=x"]).code(2).stderr.contains("<rig>"));
    let slung = place.gt(["sling", "two-files", "proj", "--var", "word=red", "--json"]).ok().json();
    let root = slung["molecule"].as_str().unwrap().to_owned();
    assert_eq!(slung["slung"][0]["bead"], root.as_str());
    place.wait_closed(std::slice::from_ref(&root));
    assert_eq!(place.files(&place.origin("proj")), ["README.md", "one.txt", "two.txt"]);
    // One that can't be started leaves nothing of it behind.
    place.gt(["sling", "two-files", "proj/crew/nobody", "--var", "word=red"]).code(3);
    let all = place.sandbox.bd_in(&place.root.join("proj"), ["mol", "list", "--json"]).ok().json();
    assert_eq!(all.as_array().unwrap().len(), 0, "{all}");
    let listed = place.gt(["formula", "list", "--json"]).ok().json();
    assert!(listed.as_array().unwrap().iter().any(|one| one["name"] == "two-files"), "{listed}");
    assert!(place.gt(["formula", "show", "mol-two-files"]).ok().stdout.contains("Write the first file"));
}

#[test]
fn the_parts_of_a_convoy_formula_go_to_agents_of_their_own() {
    let place = Place::new(&["proj"]);
    let formulas = place.root.join(".beads/formulas");
    fs::create_dir_all(&formulas).unwrap();
    let text = r#"
description = "Two readers, one report"
formula = "readers"
type = "convoy"
version = 1

[[legs]]
id = "left"
title = "Left"
description = "```sh\necho left > left.txt\n```"

[[legs]]
id = "right"
title = "Right"
description = "```sh\necho right > right.txt\n```"

[synthesis]
title = "Both"
description = "```sh\ncat left.txt right.txt > both.txt\n```"
depends_on = ["left", "right"]
"#;
    fs::write(formulas.join("readers.formula.toml"), text).unwrap();
    let run = place.gt(["formula", "run", "readers", "--rig", "proj", "--json"]).ok().json();
    assert_eq!(run["slung"].as_array().unwrap().len(), 2, "{run}");
    let convoy = run["convoy"].as_str().unwrap().to_owned();
    place.wait_closed(&[convoy]);
    assert_eq!(place.files(&place.origin("proj")), ["README.md", "both.txt", "left.txt", "right.txt"]);
}

/// A runtime that does nothing but call its first hook and say what it was told.
const FAKE: &str = r#"#!/bin/sh
[ "$1" = --settings ] || exit 9
told=$(sed -n 's/.*"command": "\(.*hook-event SessionStart\)".*/\1/p' "$2")
printf '{"session_id":"by-hand","hook_event_name":"SessionStart","source":"startup"}' | sh -c "$told"
"#;

#[test]
fn a_person_starts_the_runtime_and_the_steps_are_kept() {
    let place = place();
    let bead = place.bead("proj", "By hand", "true", &[]);
    // Caps on agents are not in the way of what starts none, nor is a runtime that is not on this machine.
    place.gt(["scheduler", "pause"]).ok();
    let slung = place
        .gt([
            "sling",
            "two-files",
            "--on",
            &bead,
            "proj",
            "--var",
            "word=x",
            "--no-start",
            "--agent",
            "claude",
            "--json",
        ])
        .ok()
        .json();
    let slung = &slung["slung"][0];
    assert_eq!((&slung["state"], &slung["pid"]), (&"waiting".into(), &Value::Null));
    let worktree = PathBuf::from(slung["worktree"].as_str().unwrap());
    assert!(worktree.join("README.md").is_file());

    // The command that is told starts the runtime with the hooks by which it learns its work.
    let bin = place.sandbox.path("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("claude"), FAKE).unwrap();
    fs::set_permissions(bin.join("claude"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut shell = place.sandbox.command("sh");
    let path = std::env::var("PATH").unwrap_or_default();
    shell.env("PATH", format!("{}:{path}", bin.display())).args(["-c", slung["command"].as_str().unwrap()]);
    let told = place.sandbox.run(shell).ok().json();
    let told = told["hookSpecificOutput"]["additionalContext"].as_str().unwrap_or_default().to_owned();
    assert!(told.contains(&bead) && told.contains("Write the first file") && told.contains("0 of 3"), "{told}");

    // Steps are ended from there, each leads on, and a new session goes on where the last one stopped.
    let status = at(&place, &worktree, &["mol", "status", "--json"]).ok().json();
    assert_eq!((&status["bead"], &status["molecule"]["done"]), (&bead.as_str().into(), &0.into()));
    let refused = at(&place, &worktree, &["mol", "step", "done", status["molecule"]["root"].as_str().unwrap()]);
    refused.code(4);
    let first = at(&place, &worktree, &["mol", "step", "done", "--json"]).ok().json();
    assert_eq!((&first["action"], &first["next_step_title"]), (&"continue".into(), &"Write the second file".into()));
    let again =
        at(&place, &worktree, &["mol", "step", "done", first["step_id"].as_str().unwrap(), "--json"]).ok().json();
    assert_eq!(again["step_closed"], false, "{again}");
    let primed = at(&place, &worktree, &["prime"]).ok().stdout;
    assert!(primed.contains("1 of 3 done") && primed.contains("Write the second file"), "{primed}");
    let current = at(&place, &worktree, &["mol", "current", "--json"]).ok().json();
    assert_eq!(current["step_title"], "Write the second file");

    fs::write(worktree.join("two.txt"), "x\n").unwrap();
    place.sandbox.git(&worktree, ["add", "."]);
    place.sandbox.git(&worktree, ["commit", "-qm", "By hand"]);
    let refused = at(&place, &worktree, &["done"]).code(4);
    assert!(refused.stderr.contains("2 steps") && refused.stderr.contains("gt mol step done"), "{refused:?}");
    at(&place, &worktree, &["mol", "step", "done"]).ok();
    // The last step is to hand in: done ends it.
    at(&place, &worktree, &["done"]).ok();
    place.wait_closed(std::slice::from_ref(&bead));
    assert!(place.files(&place.origin("proj")).contains(&"two.txt".to_owned()));
    let root = status["molecule"]["root"].as_str().unwrap();
    assert!(place.is_closed(root));
    let squashed = place.gt(["mol", "squash", root, "--summary", "Done by hand", "--json"]).ok().json();
    assert_eq!(squashed["squashed_count"], 3);
}

#[test]
fn nothing_is_started_for_a_person_s_work() {
    let place = place();
    let bead = place.bead("proj", "By hand", "true", &[]);
    let other = place.easy("proj", "other");
    place.gt(["sling", &bead, "proj", "--no-start"]).ok();
    // The witness has been round when a worker beside it is through.
    place.gt(["sling", &other, "proj"]).ok();
    place.wait_closed(&[other]);
    let agents = place.agents();
    let mine = agents.iter().find(|agent| agent["bead"] == bead.as_str()).unwrap();
    assert_eq!(mine["pid"], Value::Null, "{mine}");
    assert_eq!(mine["state"]["state"], "idle", "nothing died where nothing of ours ran: {mine}");
    let hung = place.gt(["mol", "attach", &bead, "two-files", "--var", "word=x", "--json"]).ok().json();
    assert_eq!(hung["created"], 4);
    place.gt(["mol", "attach", &bead, "two-files", "--var", "word=x"]).code(4);
    let root = hung["molecule"].as_str().unwrap();
    place.gt(["mol", "detach", &bead]).ok();
    place.gt(["mol", "detach", &bead]).code(3);
    place.gt(["mol", "burn", root]).code(4);
    place.gt(["mol", "burn", root, "--force"]).ok();
    // Taking it back leaves the worktree; the agent whose name it was goes on there.
    place.gt(["unsling", &bead]).ok();
    let taken = wait_for("the bead to be open", || {
        let bead = place.show(&bead);
        (bead.status.to_string() == "open").then_some(bead)
    });
    assert_eq!(taken.assignee, "");
}
