//! What people can set and decide about the merge queue: stacks and their gates, strategies, holding, cancelling, reordering.

use std::path::PathBuf;

use gastown::work::Desk;
use gastown::work::queue::{self, MergeRequest, State};
use serde_json::{Value, json};

use crate::support::wait_for;
use crate::town::Place;

const SETTINGS: &str = "shop/settings/config.json";

fn status(place: &Place, bead: &str) -> Value {
    let run = place.gt(["mq", "status", bead, "--json"]);
    if run.status == Some(0) { run.json() } else { Value::Null }
}

fn wait_status(place: &Place, bead: &str, wanted: &str) -> Value {
    wait_for(&format!("{bead} is {wanted}\n{}", place.log()), || {
        Some(status(place, bead)).filter(|status| status["status"] == wanted)
    })
}

/// Beads that are all handed in before the first of them may be merged.
fn handed_in(place: &Place, beads: &[String]) {
    place.set(SETTINGS, &[("merge_queue.enabled", json!(false))]);
    let mut args = vec!["sling"];
    args.extend(beads.iter().map(String::as_str));
    place.sandbox.run(place.command(&args)).ok();
    for bead in beads {
        wait_status(place, bead, "ready");
    }
}

fn go(place: &Place, bead: &str) {
    place.set(SETTINGS, &[("merge_queue.enabled", json!(true))]);
    // The refinery reads its settings when something changes; it may have done so before this, and have the request already.
    place.gt(["mq", "reorder", bead, "--last"]);
}

fn counter(place: &Place) -> (PathBuf, impl Fn() -> usize) {
    let path = place.sandbox.path("runs");
    let read = path.clone();
    (path, move || std::fs::read_to_string(&read).unwrap_or_default().lines().count())
}

fn events(place: &Place, kind: &str) -> usize {
    place.desk().ledger.events_since(0, 10_000).unwrap().iter().filter(|event| event.kind == kind).count()
}

#[test]
fn a_stack_runs_the_gates_once_and_a_red_one_gives_back_only_the_culprit() {
    let place = Place::new(&["shop"]);
    let (runs, count) = counter(&place);
    place.gate("shop", &format!("echo x >> {}; test ! -e bad.txt", runs.display()));
    place.set(SETTINGS, &[("merge_queue.retry_flaky_tests", json!(0))]);
    let good: Vec<String> = (0..5).map(|n| place.easy("shop", &format!("a{n}"))).collect();
    handed_in(&place, &good);
    go(&place, &good[0]);
    place.wait_closed(&good);
    assert_eq!(count(), 1, "one run for five requests");
    assert_eq!(place.subjects(&place.origin("shop")).len(), 6);

    std::fs::remove_file(&runs).unwrap();
    let mut mixed: Vec<String> = (0..4).map(|n| place.easy("shop", &format!("b{n}"))).collect();
    mixed.push(place.easy("shop", "bad"));
    handed_in(&place, &mixed);
    go(&place, &mixed[1]);
    place.wait_closed(&mixed[..4]);
    let back = wait_status(&place, &mixed[4], "failed");
    assert!(back["reason"].as_str().unwrap().contains("test gate ended with 1"), "{back}");
    assert!(place.show(&mixed[4]).has_label("gate-failed"));
    assert!(count() <= 5, "{} runs", count());
    assert!(!place.files(&place.origin("shop")).contains(&"bad.txt".to_owned()));
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn gates_run_in_order_and_a_flaky_one_is_tried_again_and_told() {
    let place = Place::new(&["shop"]);
    let marker = place.sandbox.path("marker");
    place.set(
        SETTINGS,
        &[
            ("merge_queue.setup_command", json!("echo setting up")),
            ("merge_queue.lint_command", json!("echo linting")),
            ("merge_queue.test_command", json!(format!("test -e {0} || {{ touch {0}; exit 3; }}", marker.display()))),
        ],
    );
    let id = place.easy("shop", "alpha");
    place.gt(["sling", &id]).ok();
    place.wait_closed(std::slice::from_ref(&id));
    let log = place.gt(["mq", "log", &id]).ok().stdout;
    let at = |what: &str| log.find(what).unwrap_or_else(|| panic!("{what} is not in {log}"));
    assert!(at("setting up") < at("linting") && at("linting") < at("✗ the test gate ended with 3"), "{log}");
    assert!(at("✗ the test gate ended with 3") < at("✓ test"), "{log}");
    assert_eq!(events(&place, "gate_flaky"), 1);

    place.set(
        SETTINGS,
        &[("merge_queue.test_command", json!("sleep 1000")), ("merge_queue.timeouts", json!({"test": 1}))],
    );
    let slow = place.easy("shop", "slow");
    place.gt(["sling", &slow]).ok();
    let back = wait_status(&place, &slow, "failed");
    assert_eq!(back["reason"], "the test gate took longer than 1 s");
    place.set(SETTINGS, &[("merge_queue.timeouts", json!({"tests": 1}))]);
    let refused = place.gt(["sling", &slow]);
    assert!(refused.stderr.contains("merge_queue.timeouts.tests"), "{refused:?}");
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn a_person_approves_cancels_and_reorders() {
    let place = Place::new(&["shop"]);
    let open = place.sandbox.path("open");
    place.gate("shop", &format!("echo waiting; until [ -e {} ]; do sleep 0.02; done", open.display()));
    place.set(SETTINGS, &[("merge_queue.strategy", json!("hold"))]);
    let id = place.easy("shop", "alpha");
    place.gt(["sling", &id]).ok();
    let held = wait_status(&place, &id, "held");
    assert!(held["reason"].as_str().unwrap().contains("gt mq approve"), "{held}");
    place.gt(["mq", "retry", &id]).code(4);
    place.gt(["mq", "approve", &id]).ok();
    wait_status(&place, &id, "gating");
    // The log is there while the gate runs.
    let running = place.command(&["mq", "log", &id, "-f"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let report = place.gt(["mq", "cancel", &id, "--json"]).ok().json();
    assert_eq!(report["stopping"], true);
    let held = wait_status(&place, &id, "held");
    assert!(held["reason"].as_str().unwrap().contains("cancelled by overseer"), "{held}");
    let followed = String::from_utf8(running.wait_with_output().unwrap().stdout).unwrap();
    assert!(followed.contains("waiting"), "{followed}");
    assert!(!place.is_closed(&id));

    place.set(SETTINGS, &[("merge_queue.strategy", json!("direct")), ("merge_queue.enabled", json!(false))]);
    let other = place.easy("shop", "beta");
    place.gt(["sling", &other]).ok();
    wait_status(&place, &other, "ready");
    let first = || place.gt(["mq", "list", "--json"]).ok().json()[0]["source_issue"].as_str().unwrap().to_owned();
    place.gt(["mq", "reorder", &other, "--first"]).ok();
    assert_eq!(first(), other);
    place.gt(["mq", "reorder", &other, "--last"]).ok();
    assert_eq!(first(), id);
    place.gt(["mq", "reorder", &other]).code(2);
    std::fs::write(&open, "").unwrap();
    place.set(SETTINGS, &[("merge_queue.enabled", json!(true))]);
    place.gt(["mq", "approve", &id]).ok();
    place.wait_closed(&[id.clone(), other]);
    place.gt(["mq", "cancel", &id]).code(4);
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn an_approval_that_comes_while_the_merging_stops_is_not_lost() {
    let place = Place::new(&["shop"]);
    place.set(SETTINGS, &[("merge_queue.strategy", json!("hold"))]);
    let id = place.easy("shop", "alpha");
    place.gt(["sling", &id]).ok();
    wait_status(&place, &id, "held");
    place.gt(["daemon", "stop"]).ok();
    let mut desk = place.desk();
    let request = queue::approve(&mut desk, &id).unwrap().id;
    // What the refinery does, step by step: it is at the gates, hears of the cancellation and ends them.
    let at_the_gates = |desk: &mut Desk| {
        let now = queue::find(desk.ledger.conn(), &request).unwrap().unwrap();
        for state in [State::Claimed, State::Rebased, State::Gating] {
            let next = MergeRequest { state, ..now.clone() };
            desk.ledger.write("refinery", |tx| queue::put(tx, &next)).unwrap();
        }
        MergeRequest { state: State::Gating, ..now }
    };
    let gating = at_the_gates(&mut desk);
    assert!(queue::cancel(&mut desk, &id).unwrap().stopping);
    assert!(queue::cancelled_by(desk.ledger.conn(), &request).unwrap().is_some());
    queue::approve(&mut desk, &id).unwrap();
    let held = desk.ledger.write("refinery", |tx| queue::clear_cancel(tx, gating, "overseer")).unwrap();
    let now = queue::find(desk.ledger.conn(), &request).unwrap().unwrap();
    assert_eq!((held, now.state, now.step.approved), (false, State::Ready, true));
    let gating = at_the_gates(&mut desk);
    queue::cancel(&mut desk, &id).unwrap();
    let held = desk.ledger.write("refinery", |tx| queue::clear_cancel(tx, gating, "overseer")).unwrap();
    let now = queue::find(desk.ledger.conn(), &request).unwrap().unwrap();
    assert_eq!((held, now.state, now.step.approved), (true, State::Held, false));
}

#[test]
fn a_branch_for_review_is_merged_at_the_origin_or_from_here() {
    let place = Place::new(&["shop"]);
    let told = place.sandbox.path("told");
    let script = format!("printf '%s\\n' \"$@\" > {}; echo https://forge.example/pull/7", told.display());
    let argv = json!(["sh", "-c", script, "pr", "{branch}", "{target}", "{title}"]);
    place.set(SETTINGS, &[("merge_queue.strategy", json!("pr")), ("merge_queue.pr_command", argv)]);
    let (there, here) = (place.bead("shop", "Over $(there)", "echo x > there.txt", &[]), place.easy("shop", "here"));
    place.gt(["sling", &there]).ok();
    let status = wait_status(&place, &there, "review");
    assert!(status["reason"].as_str().unwrap().ends_with("https://forge.example/pull/7"), "{status}");
    let branch = status["branch"].as_str().unwrap();
    let words = std::fs::read_to_string(&told).unwrap();
    assert_eq!(words.lines().collect::<Vec<_>>(), [branch, "main", "Over $(there)"]);
    let origin = place.origin("shop");
    assert_eq!(place.subjects(&origin), ["First commit"], "nothing is merged by itself");
    // As a forge does it that rewrites what it merges.
    let work = place.sandbox.path("shop-work");
    place.sandbox.git(&work, ["fetch", "-q", origin.to_str().unwrap(), branch]);
    place.sandbox.git(&work, ["cherry-pick", "--no-gpg-sign", "FETCH_HEAD"]);
    place.sandbox.git(&work, ["commit", "-q", "--amend", "-m", "Over there (#7)"]);
    place.sandbox.git(&work, ["push", "-q", origin.to_str().unwrap(), "HEAD:main"]);
    place.gt(["mq", "retry", &there]).ok();
    place.wait_closed(std::slice::from_ref(&there));

    let at_origin = || place.sandbox.git(&origin, ["for-each-ref", "--format=%(refname)", "refs/heads"]).stdout;
    wait_for("its branch is gone from the origin", || (!at_origin().contains(branch)).then_some(()));

    // Several commits that were squashed into one, on a target that has moved on.
    let script = "# One\necho 1 > a.txt\n\n# Two\necho 2 >> a.txt";
    let squashed = place.bead("shop", "Two commits", script, &[]);
    place.gt(["sling", &squashed]).ok();
    let status = wait_status(&place, &squashed, "review");
    std::fs::write(work.join("else.txt"), "else\n").unwrap();
    place.sandbox.git(&work, ["add", "."]);
    place.sandbox.git(&work, ["commit", "-qm", "Something else"]);
    place.sandbox.git(&work, ["fetch", "-q", origin.to_str().unwrap(), status["branch"].as_str().unwrap()]);
    place.sandbox.git(&work, ["merge", "-q", "--squash", "FETCH_HEAD"]);
    place.sandbox.git(&work, ["commit", "-qm", "Two commits (#8)"]);
    place.sandbox.git(&work, ["push", "-q", origin.to_str().unwrap(), "HEAD:main"]);
    place.gt(["mq", "retry", &squashed]).ok();
    place.wait_closed(std::slice::from_ref(&squashed));

    place.gt(["sling", &here]).ok();
    wait_status(&place, &here, "review");
    place.gt(["mq", "approve", &here]).ok();
    place.wait_closed(std::slice::from_ref(&here));
    let subjects = place.subjects(&origin);
    assert_eq!(subjects[..2], [format!("Write here ({here})"), "Two commits (#8)".to_owned()]);
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn conflicting_work_goes_to_a_fresh_agent_with_the_facts() {
    let place = Place::new(&["shop"]);
    let ids: Vec<String> =
        ["one", "two", "three"].map(|name| place.bead("shop", name, &format!("echo {name} > same.txt"), &[])).into();
    handed_in(&place, &ids);
    go(&place, &ids[0]);
    place.wait_closed(&ids);
    assert_eq!(place.subjects(&place.origin("shop")).len(), 4, "each is merged once");
    let redone: Vec<_> = ids.iter().map(|id| place.show(id)).filter(|bead| !bead.notes.is_empty()).collect();
    assert!(!redone.is_empty());
    for bead in redone {
        assert!(bead.notes.contains("same.txt") && bead.notes.contains("git cherry-pick"), "{}", bead.notes);
        assert!(!bead.has_label("merge-conflict"), "it is over");
    }
    wait_for("no worktree is left", || place.agents().is_empty().then_some(()));
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn an_emergency_stop_stops_the_gates_too() {
    let place = Place::new(&["shop"]);
    let (open, pid) = (place.sandbox.path("open"), place.sandbox.path("pid"));
    let gate = format!("echo $$ > {}; until [ -e {} ]; do sleep 0.02; done", pid.display(), open.display());
    place.gate("shop", &gate);
    let id = place.easy("shop", "alpha");
    place.gt(["sling", &id]).ok();
    let gate = wait_for("the gate runs", || std::fs::read_to_string(&pid).ok().filter(|text| !text.is_empty()));
    place.gt(["estop"]).ok();
    let process = PathBuf::from(format!("/proc/{}", gate.trim()));
    wait_for("the gate has ended", || (!process.exists()).then_some(()));
    place.gt(["thaw"]).ok();
    std::fs::write(&open, "").unwrap();
    place.wait_closed(std::slice::from_ref(&id));
    place.gt(["daemon", "stop"]).ok();
}
