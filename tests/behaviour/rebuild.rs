//! A lost `.runtime/` loses nothing but scrollback: work goes on where it was and is merged exactly once.

use std::path::Path;

use crate::support::wait_for;
use crate::town::{Place, kill};

fn handed_in(place: &Place, count: usize) {
    wait_for(&format!("{count} are handed in\n{}", place.log()), || {
        let queue = place.gt(["mq", "list", "--all", "--json"]).ok().json();
        (queue.as_array().unwrap().len() >= count).then_some(())
    });
}

fn kill_daemon(place: &Place) {
    let pid = place.daemon_pid().unwrap();
    kill(pid, "-9");
    wait_for("it is dead", || place.daemon_pid().is_none().then_some(()));
}

fn lose_runtime(place: &Place) {
    kill_daemon(place);
    std::fs::remove_dir_all(place.root.join(".runtime")).unwrap();
}

fn waiting_for(file: &Path) -> String {
    format!("until [ -e {} ]; do sleep 0.02; done", file.display())
}

fn pid_of(place: &Place, bead: &str) -> Option<i64> {
    place.agents().iter().find(|agent| agent["bead"] == bead).and_then(|agent| agent["pid"].as_i64())
}

#[test]
fn handed_in_queued_and_half_done_work_goes_on() {
    let place = Place::new(&["shop"]);
    place.set("settings/config.json", &[("max_agents", serde_json::json!(1))]);
    let (go, gate) = (place.sandbox.path("go"), place.sandbox.path("gate"));
    let first = place.easy("shop", "first");
    place.gt(["sling", &first, "shop"]).ok();
    place.wait_closed(std::slice::from_ref(&first));
    place.gate("shop", &waiting_for(&gate));
    let done = place.easy("shop", "done");
    let working =
        place.bead("shop", "Work", &format!("# Begin\necho begun >> w.txt\n\n# Wait\n{}", waiting_for(&go)), &[]);
    let queued = place.easy("shop", "queued");
    let later = place.bead("shop", "Later", "echo later > later.txt", &[&queued]);
    place.gt(["sling", &done, "shop"]).ok();
    handed_in(&place, 2);
    place.gt(["sling", &working, "shop"]).ok();
    wait_for("it works", || pid_of(&place, &working));
    let convoy = place.gt(["convoy", "create", "All", &queued, &later, "--json"]).ok().json();
    let convoy = convoy["id"].as_str().unwrap().to_owned();
    place.gt(["sling", &queued, "shop"]).ok();
    wait_for("the files say so", || {
        let text = std::fs::read_to_string(place.root.join("shop/.beads/issues.jsonl")).unwrap();
        let hooked = text.lines().filter(|line| line.contains("\"hooked\"")).count();
        (hooked == 3 && text.contains("merge-request")).then_some(())
    });
    let before = wait_for("its process", || pid_of(&place, &working));

    lose_runtime(&place);
    place.gt(["daemon", "start"]).ok();
    assert_eq!(pid_of(&place, &working), Some(before), "the living session is found again, not started again");
    let queue = place.gt(["mq", "list", "--all", "--json"]).ok().json();
    let states: Vec<_> = queue.as_array().unwrap().iter().map(|row| row["status"].as_str().unwrap()).collect();
    assert!(states.len() == 2 && states.contains(&"merged"), "{queue}");
    std::fs::write(&gate, "").unwrap();
    std::fs::write(&go, "").unwrap();
    place.wait_closed(&[done, working, queued, later, convoy]);
    let subjects = place.subjects(&place.origin("shop"));
    assert_eq!(subjects.len(), 6, "five beads, each once: {subjects:?}");
    place.sandbox.git(&place.bare("shop"), ["fsck", "--no-dangling"]);
    wait_for("every hook is archived", || place.agents().is_empty().then_some(()));
    place.gt(["daemon", "stop"]).ok();
    wait_for("nothing is left over", || place.sandbox.processes().is_empty().then_some(()));
}

#[test]
fn what_no_file_says_yet_is_merged_from_the_hooks_record() {
    let place = Place::new(&["shop"]);
    let gate = place.sandbox.path("gate");
    place.gate("shop", &waiting_for(&gate));
    let id = place.easy("shop", "alpha");
    place.desk().export().unwrap();
    let files = ["shop/.beads/issues.jsonl", ".beads/issues.jsonl"].map(|file| place.root.join(file));
    let before = files.clone().map(|file| std::fs::read(file).unwrap_or_default());
    place.gt(["sling", &id, "shop"]).ok();
    handed_in(&place, 1);
    // The record is written after the ledger, and the session ends after both.
    wait_for("its session has ended", || pid_of(&place, &id).is_none().then_some(()));
    lose_runtime(&place);
    for (file, bytes) in files.iter().zip(before) {
        std::fs::write(file, bytes).unwrap();
    }
    std::fs::write(&gate, "").unwrap();
    place.gt(["daemon", "start"]).ok();
    place.wait_closed(std::slice::from_ref(&id));
    let subjects = place.subjects(&place.origin("shop"));
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn what_was_pushed_but_not_written_down_is_not_merged_again() {
    let place = Place::new(&["shop"]);
    let id = place.easy("shop", "alpha");
    place.gate("shop", "false");
    place.gt(["sling", &id, "shop"]).ok();
    wait_for("the gate was red", || place.show(&id).has_label("gate-failed").then_some(()));
    place.desk().export().unwrap();
    wait_for("the file says so", || {
        let text = std::fs::read_to_string(place.root.join("shop/.beads/issues.jsonl")).unwrap();
        text.contains("gate-failed").then_some(())
    });
    // Somebody else's commit, then the very change, rebased, as a merge that was cut off leaves it at the origin.
    let branch = place.gt(["mq", "list", "--all", "--json"]).ok().json()[0]["branch"].as_str().unwrap().to_owned();
    let clone = place.sandbox.path("clone");
    let origin = place.origin("shop");
    place.sandbox.git(&place.root, ["clone", "-q", origin.to_str().unwrap(), clone.to_str().unwrap()]);
    std::fs::write(clone.join("other.txt"), "other\n").unwrap();
    place.sandbox.git(&clone, ["add", "."]);
    place.sandbox.git(&clone, ["commit", "-qm", "Other"]);
    place.sandbox.git(&clone, ["fetch", "-q", place.bare("shop").to_str().unwrap(), &branch]);
    place.sandbox.git(&clone, ["cherry-pick", "FETCH_HEAD"]);
    place.sandbox.git(&clone, ["push", "-q", "origin", "HEAD:main"]);

    lose_runtime(&place);
    place.gt(["daemon", "start"]).ok();
    // Given back before, it is given back still: nobody slings or merges it unasked.
    assert_eq!(place.gt(["mq", "list", "--json"]).ok().json()[0]["status"], "failed");
    assert_eq!(place.show(&id).status.as_str(), "open");
    assert!(place.agents().iter().all(|agent| agent["pid"].is_null()), "{:?}", place.agents());
    place.gate("shop", "true");
    place.gt(["mq", "retry", &id]).ok();
    place.wait_closed(std::slice::from_ref(&id));
    assert_eq!(place.subjects(&origin).len(), 3, "{:?}", place.subjects(&origin));
    place.gt(["daemon", "stop"]).ok();
}
