//! `gt polecat` lists workers, shows what one holds, and removes one so that nothing it made is lost.

use crate::support::wait_for;
use crate::town::Place;

#[test]
fn a_removed_worker_leaves_all_it_made_reachable() {
    let place = Place::new(&["shop"]);
    let id = place.bead("shop", "Wait", "read line < /dev/tty", &[]);
    let report = place.gt(["sling", &id, "shop", "--json"]).ok().json();
    let slung = &report["slung"][0];
    let agent = slung["agent"].as_str().unwrap().to_owned();
    let worktree = std::path::PathBuf::from(slung["worktree"].as_str().unwrap());
    assert!(place.gt(["polecat", "list", "shop"]).ok().stdout.contains(&agent));
    let listed = place.gt(["polecat", "list", "--all", "--json"]).ok().json();
    let name = agent.rsplit('/').next().unwrap();
    assert_eq!((&listed[0]["rig"], &listed[0]["name"]), (&"shop".into(), &name.into()));
    assert_eq!((&listed[0]["issue"], &listed[0]["session_running"]), (&id.as_str().into(), &true.into()));
    assert!(listed[0]["state"].is_string() && listed[0]["reading"]["source"].is_string(), "{listed}");
    let status = place.gt(["polecat", "status", name, "--json"]).ok().json();
    assert_eq!((&status["issue"], &status["session_running"]), (&id.as_str().into(), &true.into()));
    assert_eq!((&status["clone_path"], &status["attached"]), (&slung["worktree"], &0.into()));
    assert!(status["last_activity"].is_string() && status["created_at"].is_string(), "{status}");
    std::fs::write(worktree.join("kept.txt"), "kept\n").unwrap();
    place.sandbox.git(&worktree, ["add", "."]);
    place.sandbox.git(&worktree, ["commit", "-qm", "Kept"]);
    std::fs::write(worktree.join("loose.txt"), "loose\n").unwrap();
    assert!(place.gt(["polecat", "status", &agent]).ok().stdout.contains("loose.txt"));
    let git = place.gt(["polecat", "git-state", &agent, "--json"]).ok().json();
    assert_eq!((&git["clean"], &git["unpushed_commits"], &git["stash_count"]), (&false.into(), &1.into(), &0.into()));
    assert_eq!(git["uncommitted_files"], serde_json::json!(["loose.txt"]));
    let would = place.gt(["polecat", "nuke", "shop", "--all", "--dry-run", "--json"]).ok().json();
    assert_eq!((&would[0]["agent"], &would[0]["works_on"]), (&agent.as_str().into(), &id.as_str().into()));
    let refused = place.gt(["polecat", "nuke", &agent]).code(4);
    assert!(refused.stderr.contains(&format!("works on {id}")) && worktree.exists(), "{refused:?}");
    let gone = place.gt(["polecat", "nuke", "shop", "--all", "--force", "--json"]).ok().json();
    assert_eq!((gone.as_array().unwrap().len(), &gone[0]["agent"]), (1, &agent.as_str().into()));
    assert!(!worktree.exists());
    assert_eq!(place.show(&id).status.as_str(), "open");
    let log = place.sandbox.git(&place.bare("shop"), ["log", "--all", "--format=%s", "--name-only"]).stdout;
    assert!(log.contains("kept.txt") && log.contains("loose.txt"), "{log}");
    assert!(place.agents().is_empty(), "{:?}", place.agents());
    place.gt(["daemon", "stop"]).ok();
    wait_for("nothing is left over", || place.sandbox.processes().is_empty().then_some(()));
}
