//! Agents and dispatch can be held up and go on where they were: gt estop, gt scheduler, gt rig park.

use crate::support::wait_for;
use crate::town::Place;

fn state(pid: i64) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().unwrap_or_default().trim_start().chars().next().unwrap_or('-')
}

fn length(path: &std::path::Path) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}

#[test]
fn an_emergency_stop_freezes_every_process_and_a_thaw_lets_them_go_on() {
    let place = Place::new(&["shop"]);
    let (ticks, go) = (place.sandbox.path("ticks"), place.sandbox.path("go"));
    let script = format!(
        "# Tick\nuntil [ -e {} ]; do echo x >> {}; sleep 0.01; done\necho done > t.txt",
        go.display(),
        ticks.display()
    );
    let id = place.bead("shop", "Tick", &script, &[]);
    place.gt(["sling", &id, "shop"]).ok();
    wait_for("it ticks", || (length(&ticks) > 0).then_some(()));
    let report = place.gt(["estop", "--reason", "too hot", "--json"]).ok().json();
    assert_eq!(report["sessions"].as_array().unwrap().len(), 1, "{report}");
    assert!(report["processes"].as_u64().unwrap() >= 2, "the shell below the agent too: {report}");
    let agent = place.agents().remove(0);
    let pid = agent["pid"].as_i64().unwrap();
    assert_eq!(state(pid), 'T');
    assert!(agent["state"]["detail"].as_str().unwrap().contains("frozen"), "{agent}");
    let before = length(&ticks);
    // Whatever is slung now waits, and the daemon neither starts nor restarts anything meanwhile.
    let other = place.easy("shop", "other");
    let queued = place.gt(["sling", &other, "shop", "--json"]).ok().json();
    assert_eq!(queued["slung"][0]["state"], "queued", "{queued}");
    assert!(queued["slung"][0]["note"].as_str().unwrap().contains("too hot"), "{queued}");
    assert_eq!(length(&ticks), before, "not a tick while the town is frozen");
    let status = place.gt(["scheduler", "status", "--json"]).ok().json();
    assert_eq!(
        (&status["frozen"]["reason"], &status["queued"][0]["bead"]),
        (&"too hot".into(), &other.as_str().into())
    );
    place.gt(["thaw"]).ok();
    wait_for("it ticks again", || (length(&ticks) > before).then_some(()));
    // The other one may have been started by now.
    let agents = place.agents();
    assert!(
        agents.iter().any(|agent| agent["bead"] == id.as_str() && agent["pid"] == pid),
        "the same process: {agents:?}"
    );
    std::fs::write(&go, "").unwrap();
    place.wait_closed(&[id, other]);
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn a_frozen_agent_can_be_stopped() {
    let place = Place::new(&["shop"]);
    let id = place.bead("shop", "Wait", "read line < /dev/tty", &[]);
    place.gt(["sling", &id, "shop"]).ok();
    place.gt(["estop"]).ok();
    place.gt(["unsling", &id]).ok();
    assert!(place.agents().iter().all(|agent| agent["pid"].is_null()), "{:?}", place.agents());
    place.gt(["thaw"]).ok();
    place.gt(["daemon", "stop"]).ok();
    wait_for("nothing is left over", || place.sandbox.processes().is_empty().then_some(()));
}

#[test]
fn paused_dispatch_and_parked_rigs_start_nothing() {
    let place = Place::new(&["shop", "bakery"]);
    let (one, two) = (place.easy("shop", "one"), place.easy("bakery", "two"));
    place.gt(["scheduler", "pause", "-r", "lunch"]).ok();
    assert!(place.gt(["sling", &one, "shop"]).ok().stdout.contains("lunch"));
    place.gt(["rig", "park", "bakery", "-r", "audit"]).ok();
    let refused = place.gt(["sling", &two, "bakery"]).code(4);
    assert!(refused.stderr.contains("parked by overseer: audit") && refused.stderr.contains("hint:"), "{refused:?}");
    place.gt(["sling", &two, "bakery", "--force"]).ok();
    let status = place.gt(["scheduler", "status"]).ok().stdout;
    assert!(status.contains("paused") && status.contains("2 wait") && status.contains("parked: bakery"), "{status}");
    place.gt(["scheduler", "resume"]).ok();
    place.wait_closed(std::slice::from_ref(&one));
    assert!(!place.is_closed(&two), "its rig is parked");
    assert!(place.agents().iter().all(|agent| agent["rig"] != "bakery"), "{:?}", place.agents());
    place.gt(["rig", "unpark", "bakery"]).ok();
    place.wait_closed(&[two]);
    place.gt(["rig", "dock", "bakery"]).ok();
    let three = place.easy("bakery", "three");
    assert!(place.gt(["sling", &three]).code(4).stderr.contains("docked"));
    place.gt(["sling", &three, "--force"]).ok();
    let status = place.gt(["scheduler", "status", "--json"]).ok().json();
    assert_eq!(status["docked"], serde_json::json!(["bakery"]), "{status}");
    assert!(status["queued"][0]["reason"].as_str().unwrap().contains("gt rig undock bakery"), "{status}");
    place.gt(["rig", "undock", "bakery"]).ok();
    place.wait_closed(&[three]);
    place.gt(["daemon", "stop"]).ok();
}
