//! Dogs, worktrees in other rigs, and what a worker would lose.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::support::{GT, wait_for};
use crate::town::Place;

/// A runtime that does what it is told in a shell.
const SHELL: &str = "#!/bin/sh\necho \"$@\" > \"@AT@\"\necho ready\nwhile read -r line; do sh -c \"$line\"; done\n";

#[test]
fn a_dog_does_one_errand_and_goes_home() {
    let place = Place::new(&["web"]);
    let (fake, asked) = (place.sandbox.path("shell-runtime"), place.sandbox.path("asked"));
    fs::write(&fake, SHELL.replace("@AT@", asked.to_str().unwrap())).unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    place.set("settings/config.json", &[("agents", json!({"shell": {"command": fake.to_str().unwrap()}}))]);
    place.gt(["dog", "start", "--formula", "witness-escalation"]).code(4);
    assert_eq!(place.gt(["dog", "add", "--json"]).ok().json()["name"], "alpha");
    place.gt(["dog", "add", "alpha"]).code(4);
    place.gt(["dog", "add", "rex"]).ok();
    place.gt(["dog", "status", "rexx"]).code(3);
    place.gt(["dog", "start", "rex"]).code(2);
    let formulas = place.root.join(".beads/formulas");
    fs::create_dir_all(&formulas).unwrap();
    let text = "formula = \"sweep\"\nversion = 1\n[[steps]]\nid = \"one\"\ntitle = \"Sweep\"\n[[steps]]\nid = \"two\"\ntitle = \"Say so\"\nneeds = [\"one\"]\n";
    fs::write(formulas.join("sweep.formula.toml"), text).unwrap();
    let sent = place.gt(["dog", "start", "rex", "--formula", "sweep", "--agent", "shell", "--json"]).ok().json();
    let root = sent["bead"].as_str().unwrap().to_owned();
    let told = wait_for("the errand to be told", || fs::read_to_string(&asked).ok().filter(|text| !text.is_empty()));
    assert!(told.contains("gt prime") && told.contains(&root) && told.contains("Sweep"), "{told}");
    let dogs = place.gt(["dog", "list", "--json"]).ok().json();
    let rex = dogs.as_array().unwrap().iter().find(|dog| dog["name"] == "rex").unwrap();
    assert_eq!((&rex["state"], &rex["molecule"]["total"]), (&"working".into(), &2.into()));
    place.gt(["dog", "start", "rex", "--formula", "sweep"]).code(4);
    place.gt(["dog", "remove", "rex"]).code(4);
    let home = place.root.join("deacon/dogs/rex");
    let mut done = place.sandbox.command(GT);
    done.current_dir(&home).args(["dog", "done"]);
    let early = place.sandbox.run(done).code(4);
    assert!(early.stderr.contains("2 steps"), "{early:?}");
    place.gt(["nudge", "deacon/dogs/rex", &format!("'{GT}' mol step done && '{GT}' dog done -m swept")]).ok();
    wait_for("the errand to be over", || place.is_closed(&root).then_some(()));
    wait_for("the session to end", || {
        let rex = place.gt(["dog", "status", "rex", "--json"]).ok().json();
        (rex["state"] == "idle" && rex["session"].is_null()).then_some(())
    });
    // One that is called back leaves its work open.
    let bead = place.bead("hq", "Count the rigs", "true", &[]);
    place.gt(["dog", "start", "--bead", &bead, "--agent", "shell"]).ok();
    place.gt(["dog", "stop", "alpha"]).ok();
    assert_eq!(place.show(&bead).status.to_string(), "open");
    place.gt(["dog", "remove", "alpha"]).ok();
}

#[test]
fn crew_reach_into_another_rig_and_stay_who_they_are() {
    let place = Place::new(&["web", "api"]);
    place.gt(["crew", "add", "ann", "--rig", "web"]).ok();
    let ann = place.root.join("web/crew/ann");
    let gt = |cwd: &std::path::Path, args: &[&str]| {
        let mut command = place.sandbox.command(GT);
        command.current_dir(cwd).args(args);
        place.sandbox.run(command)
    };
    gt(&place.root, &["worktree", "api"]).code(2);
    gt(&ann, &["worktree", "web"]).code(4);
    gt(&ann, &["worktree", "apu"]).code(3);
    let made = gt(&ann, &["worktree", "api", "--json"]).ok().json();
    let path = std::path::PathBuf::from(made["path"].as_str().unwrap());
    assert!(path.join("README.md").is_file());
    assert_eq!(gt(&path, &["whoami", "--json"]).ok().json()["address"], "web/crew/ann");
    gt(&ann, &["worktree", "api"]).ok();
    assert_eq!(gt(&ann, &["worktree", "list", "--json"]).ok().json().as_array().unwrap().len(), 1);
    fs::write(path.join("new.txt"), "x").unwrap();
    gt(&ann, &["worktree", "remove", "api"]).code(4);
    gt(&ann, &["worktree", "remove", "api", "--force"]).ok();
    assert!(!path.exists());
}

#[test]
fn what_a_worker_would_lose_is_told() {
    let place = Place::new(&["web"]);
    let bead = place.bead("web", "By hand", "true", &[]);
    let slung = place.gt(["sling", &bead, "web", "--no-start", "--json"]).ok().json();
    let worker = slung["slung"][0]["agent"].as_str().unwrap().to_owned();
    let worktree = std::path::PathBuf::from(slung["slung"][0]["worktree"].as_str().unwrap());
    let check = || place.gt(["polecat", "check-recovery", &worker, "--json"]).ok().json();
    assert_eq!((&check()["verdict"], &check()["cleanup_status"]), (&"NEEDS_RECOVERY".into(), &"has_work".into()));
    place.gt(["unsling", &bead]).ok();
    assert_eq!((&check()["verdict"], &check()["needs_recovery"]), (&"SAFE_TO_NUKE".into(), &false.into()));
    fs::write(worktree.join("a.txt"), "a").unwrap();
    assert_eq!(check()["cleanup_status"], "has_uncommitted");
    place.sandbox.git(&worktree, ["add", "."]);
    place.sandbox.git(&worktree, ["commit", "-qm", "a"]);
    assert_eq!(check()["cleanup_status"], "has_unmerged");
}
