//! The town's watchers by the names people know: witness, refinery and deacon are parts of the daemon, and the commands say so.

use std::time::Instant;

use serde_json::json;

use crate::support::wait_for;
use crate::town::Place;

#[test]
fn a_refinery_is_stopped_and_started_alone() {
    let place = Place::new(&["shop"]);
    let status = place.gt(["refinery", "status", "shop", "--json"]).ok().json();
    assert_eq!((&status["running"], &status["queue_length"]), (&json!(false), &json!(0)));
    assert!(place.gt(["refinery", "status", "shop"]).ok().stdout.contains("the daemon does not"));
    place.gt(["refinery", "stop", "shop"]).ok();
    let id = place.easy("shop", "alpha");
    place.gt(["sling", &id]).ok();
    let rows = |what: &str| place.gt(["refinery", what, "shop", "--json"]).ok().json().as_array().unwrap().len();
    wait_for("it is handed in", || (rows("ready") == 1).then_some(()));
    assert_eq!((rows("queue"), rows("blocked")), (1, 0));
    let status = place.gt(["refinery", "status", "shop", "--json"]).ok().json();
    assert_eq!(
        (&status["running"], &status["enabled"], &status["queue_length"]),
        (&json!(false), &json!(false), &json!(1))
    );
    assert!(status["pid"].is_number(), "{status}");
    assert!(!place.is_closed(&id));
    place.gt(["refinery", "start", "shop"]).ok();
    place.wait_closed(std::slice::from_ref(&id));
    assert_eq!(place.gt(["refinery", "restart", "shop", "--json"]).ok().json()["running"], true);

    place.set("shop/settings/config.json", &[("merge_queue.strategy", json!("hold"))]);
    let held = place.easy("shop", "beta");
    place.gt(["sling", &held]).ok();
    wait_for("it is held", || (rows("blocked") == 1).then_some(()));
    assert!(place.gt(["refinery", "blocked", "shop"]).ok().stdout.contains("gt mq approve"));
    place.gt(["refinery", "status", "nowhere"]).code(3);
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn witness_and_deacon_are_the_daemon() {
    let place = Place::new(&["shop"]);
    place.gt(["witness", "start", "shop"]).ok();
    let id = place.bead("shop", "Wait", "sleep 1000", &[]);
    place.gt(["sling", &id]).ok();
    let status = place.gt(["witness", "status", "shop", "--json"]).ok().json();
    assert_eq!((&status["running"], status["monitored_polecats"].as_array().unwrap().len()), (&json!(true), 1));
    let refused = place.gt(["witness", "stop", "shop"]).code(4);
    assert!(refused.stderr.contains("gt rig park shop"), "{refused:?}");
    let paused = place.gt(["deacon", "pause", "-r", "lunch", "--json"]).ok().json();
    assert_eq!((&paused["running"], &paused["scheduler"]["paused"]["reason"]), (&json!(true), &json!("lunch")));
    assert!(place.gt(["deacon", "resume", "--json"]).ok().json()["scheduler"]["paused"].is_null());
    let before = place.daemon_pid();
    place.gt(["deacon", "restart"]).ok();
    assert_ne!(place.daemon_pid(), before);
    assert_eq!(place.gt(["deacon", "stop", "--json"]).ok().json()["running"], false);
    assert_eq!(place.gt(["witness", "status", "shop", "--json"]).ok().json()["running"], false);
    place.gt(["unsling", &id]).ok();
}

#[test]
fn a_step_waits_for_the_next_event_and_longer_while_nothing_happens() {
    let place = Place::new(&["shop"]);
    let wait = |args: &[&str]| {
        let mut all = vec!["mol", "step", "await-signal", "--json"];
        all.extend(args);
        place.sandbox.run(place.command(&all)).ok().json()
    };
    let nothing = wait(&["--backoff-base", "20ms", "--backoff-max", "50ms"]);
    assert_eq!((&nothing["reason"], &nothing["idle_cycles"]), (&json!("timeout"), &json!(1)));
    let nothing = wait(&["--backoff-base", "20ms", "--backoff-max", "50ms"]);
    assert_eq!(nothing["idle_cycles"], 2);
    assert!(nothing["elapsed"].as_f64().unwrap() >= 0.04, "{nothing}");
    let begin = Instant::now();
    let told = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| wait(&["--timeout", "10m"]));
        // Until it hears one of them: it may have begun after the first.
        while !waiting.is_finished() {
            place
                .desk()
                .ledger
                .write("shop/witness", |tx| tx.event("nudge", None, json!({"target": "mayor/"})))
                .unwrap();
        }
        waiting.join().unwrap()
    });
    assert!(begin.elapsed().as_secs() < 600);
    assert_eq!(
        (&told["reason"], &told["signal"]["type"], &told["idle_cycles"]),
        (&json!("signal"), &json!("nudge"), &json!(0))
    );
    place.sandbox.run(place.command(&["mol", "step", "await-signal", "--timeout", "soon"])).code(2);
}
