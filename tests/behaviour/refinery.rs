//! The merge queue: conflicts and red gates go back with their logs and hold nobody up; origins that are away, moved or refuse are
//! dealt with; whatever is merged is merged once.

use serde_json::Value;

use crate::support::wait_for;
use crate::town::Place;

fn wait_status(place: &Place, bead: &str, wanted: &str) -> Value {
    wait_for(&format!("{bead} is {wanted}\n{}", place.log()), || {
        let run = place.gt(["mq", "status", bead, "--json"]);
        (run.status == Some(0)).then(|| run.json()).filter(|status| status["status"] == wanted)
    })
}

#[test]
fn a_conflict_goes_back_and_the_others_go_on() {
    let place = Place::new(&["shop"]);
    place.set("shop/settings/config.json", &[("merge_queue.on_conflict", "give-back".into())]);
    let a = place.bead("shop", "One", "# One\necho one > same.txt", &[]);
    let b = place.bead("shop", "Two", "# Two\necho two > same.txt", &[]);
    let c = place.easy("shop", "other");
    // One command: all three start from the same commit.
    place.gt(["sling", &a, &b, &c, "shop"]).ok();
    place.wait_closed(std::slice::from_ref(&c));
    let loser = wait_for("one of the two is merged, the other given back", || {
        let open: Vec<&String> = [&a, &b].into_iter().filter(|id| !place.is_closed(id)).collect();
        (open.len() == 1 && place.show(open[0]).has_label("merge-conflict")).then(|| open[0].clone())
    });
    let bead = place.show(&loser);
    assert_eq!((bead.status.as_str(), bead.assignee.as_str()), ("open", ""));
    let status = wait_status(&place, &loser, "conflict");
    assert!(status["reason"].as_str().unwrap().contains("same.txt"), "{status}");
    let log = std::fs::read_to_string(status["log"].as_str().unwrap()).unwrap();
    assert!(log.contains("CONFLICT"), "{log}");
    let branch = status["branch"].as_str().unwrap();
    let kept = place.sandbox.git(&place.bare("shop"), ["rev-parse", branch]).stdout;
    assert_eq!(kept.trim(), status["head"].as_str().unwrap(), "nothing is lost");
    let told: Vec<_> = place.mail().into_iter().filter(|m| m["subject"].as_str().unwrap().contains(&loser)).collect();
    assert_eq!(told.len(), 1, "{told:?}");

    // Another agent does it anew on what is there now.
    place.gt(["sling", &loser, "shop"]).ok();
    place.wait_closed(std::slice::from_ref(&loser));
    assert!(!place.show(&loser).has_label("merge-conflict"));
    assert_eq!(place.subjects(&place.origin("shop")).len(), 4);
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn a_red_gate_gives_the_work_back_with_its_log() {
    let place = Place::new(&["shop"]);
    place.gate("shop", "echo looking at it; test ! -e bad.txt");
    let bad = place.easy("shop", "bad");
    let good = place.easy("shop", "good");
    place.gt(["sling", &bad, &good, "shop"]).ok();
    let status = wait_status(&place, &bad, "failed");
    place.wait_closed(std::slice::from_ref(&good));
    assert!(status["reason"].as_str().unwrap().contains("gate ended with 1"), "{status}");
    let log = std::fs::read_to_string(status["log"].as_str().unwrap()).unwrap();
    assert!(log.contains("looking at it"), "{log}");
    assert!(place.show(&bad).has_label("gate-failed"));
    assert_eq!(place.show(&bad).status.as_str(), "open");
    assert!(!place.files(&place.origin("shop")).contains(&"bad.txt".to_owned()));

    place.gate("shop", "true");
    place.gt(["mq", "retry", &bad]).ok();
    place.wait_closed(std::slice::from_ref(&bad));
    assert!(!place.show(&bad).has_label("gate-failed"));
    assert!(place.files(&place.origin("shop")).contains(&"bad.txt".to_owned()));
    place.gt(["mq", "retry", &bad]).code(4);
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn rejected_work_opens_its_bead_again() {
    let place = Place::new(&["shop"]);
    place.gate("shop", "false");
    let id = place.easy("shop", "alpha");
    place.gt(["sling", &id, "shop"]).ok();
    wait_status(&place, &id, "failed");
    place.gt(["mq", "reject", &id]).code(2);
    place.gt(["mq", "reject", &id, "-r", "not like this"]).ok();
    let status = wait_status(&place, &id, "rejected");
    assert_eq!(status["reason"], "not like this");
    assert!(place.is_closed(status["id"].as_str().unwrap()));
    assert_eq!(place.show(&id).status.as_str(), "open");
    place.gt(["mq", "status", "sh-zzzzz"]).code(3);
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn work_waits_for_an_origin_that_is_away() {
    let place = Place::new(&["shop"]);
    let id = place.easy("shop", "alpha");
    let (origin, away) = (place.origin("shop"), place.sandbox.path("away.git"));
    std::fs::rename(&origin, &away).unwrap();
    let report = place.gt(["sling", &id, "shop", "--json"]).ok().json();
    assert_eq!(report["slung"][0]["state"], "active", "a dead origin keeps nobody from working");
    let status = wait_status(&place, &id, "waiting");
    assert!(status["reason"].as_str().unwrap().contains("can't be reached"), "{status}");
    std::fs::rename(&away, &origin).unwrap();
    place.gt(["mq", "retry", &id]).ok();
    place.wait_closed(std::slice::from_ref(&id));
    assert_eq!(place.subjects(&origin), [format!("Write alpha ({id})").as_str(), "First commit"]);
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn work_waits_while_the_origin_refuses_the_push() {
    let place = Place::new(&["shop"]);
    let origin = place.origin("shop");
    let hook = origin.join("hooks/pre-receive");
    std::fs::create_dir_all(origin.join("hooks")).unwrap();
    std::fs::write(&hook, "#!/bin/sh\necho frozen for the release >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let id = place.easy("shop", "alpha");
    place.gt(["sling", &id, "shop"]).ok();
    let status = wait_status(&place, &id, "waiting");
    assert!(status["reason"].as_str().unwrap().contains("frozen for the release"), "{status}");
    assert_eq!(place.subjects(&place.bare("shop")), ["First commit"], "the local target did not move either");
    std::fs::remove_file(&hook).unwrap();
    place.gt(["mq", "retry", &id]).ok();
    place.wait_closed(std::slice::from_ref(&id));
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn what_others_push_meanwhile_stays() {
    let place = Place::new(&["shop"]);
    let go = place.sandbox.path("go");
    let script = format!("# Alpha\nuntil [ -e {} ]; do sleep 0.02; done\necho alpha > alpha.txt", go.display());
    let id = place.bead("shop", "Alpha", &script, &[]);
    place.gt(["sling", &id, "shop"]).ok();
    let work = place.sandbox.path("shop-work");
    place.sandbox.git(&work, ["pull", "-q", place.origin("shop").to_str().unwrap(), "main"]);
    std::fs::write(work.join("theirs.txt"), "theirs\n").unwrap();
    place.sandbox.git(&work, ["add", "."]);
    place.sandbox.git(&work, ["commit", "-qm", "Theirs"]);
    place.sandbox.git(&work, ["push", "-q", place.origin("shop").to_str().unwrap(), "HEAD:main"]);
    std::fs::write(&go, "").unwrap();
    place.wait_closed(std::slice::from_ref(&id));
    assert_eq!(place.subjects(&place.origin("shop")), [format!("Alpha ({id})").as_str(), "Theirs", "First commit"]);
    assert_eq!(place.subjects(&place.bare("shop")), [format!("Alpha ({id})").as_str(), "Theirs", "First commit"]);
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn the_refinery_makes_its_worktree_again() {
    let place = Place::new(&["shop"]);
    std::fs::remove_dir_all(place.root.join("shop/refinery")).unwrap();
    let id = place.easy("shop", "alpha");
    place.gt(["sling", &id, "shop"]).ok();
    place.wait_closed(std::slice::from_ref(&id));
    place.gt(["daemon", "stop"]).ok();
}
