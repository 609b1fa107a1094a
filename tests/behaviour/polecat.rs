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
    std::fs::write(worktree.join("kept.txt"), "kept\n").unwrap();
    place.sandbox.git(&worktree, ["add", "."]);
    place.sandbox.git(&worktree, ["commit", "-qm", "Kept"]);
    std::fs::write(worktree.join("loose.txt"), "loose\n").unwrap();
    assert!(place.gt(["polecat", "status", &agent]).ok().stdout.contains("loose.txt"));
    let refused = place.gt(["polecat", "nuke", &agent]).code(4);
    assert!(refused.stderr.contains(&format!("works on {id}")) && worktree.exists(), "{refused:?}");
    place.gt(["polecat", "nuke", &agent, "--force"]).ok();
    assert!(!worktree.exists());
    assert_eq!(place.show(&id).status.as_str(), "open");
    let log = place.sandbox.git(&place.bare("shop"), ["log", "--all", "--format=%s", "--name-only"]).stdout;
    assert!(log.contains("kept.txt") && log.contains("loose.txt"), "{log}");
    assert!(place.agents().is_empty(), "{:?}", place.agents());
    place.gt(["daemon", "stop"]).ok();
    wait_for("nothing is left over", || place.sandbox.processes().is_empty().then_some(()));
}
