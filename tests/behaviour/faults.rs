//! Whatever is killed or removed, and whenever: nothing is lost, nothing is done twice, no process is left over.

use std::time::Duration;

use gastown::session::{Client, ClientMsg};
use gastown::town::Town;
use serde_json::json;

use crate::screen::Screen;
use crate::support::{GT, wait_for};
use crate::town::{Place, kill};

fn record(place: &Place, session: &str) -> serde_json::Value {
    let path = place.root.join(".runtime/sessions").join(session).join("session.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_daemon_killed_again_and_again_merges_everything_once() {
    let place = Place::new(&["shop", "bakery"]);
    // However fast or slow the machine is: not all is merged before the daemon was killed some times.
    let go = place.sandbox.path("go");
    place.gate("shop", &format!("until [ -e {} ]; do sleep 0.02; done; sleep 0.05", go.display()));
    let mut ids: Vec<String> = (0..5).map(|n| place.easy("shop", &format!("s{n}"))).collect();
    ids.extend((0..4).map(|n| place.easy("bakery", &format!("b{n}"))));
    let mut args = vec!["sling", "--convoy", "All of it"];
    args.extend(ids.iter().map(String::as_str));
    place.sandbox.run(place.command(&args)).ok();
    let mut kills = 0_u64;
    let mut moment = 7_u64;
    while ids.iter().any(|id| !place.is_closed(id)) {
        assert!(kills < 200, "it does not get on\n{}", place.account(&ids));
        place.gt(["daemon", "start"]).ok();
        // Another moment each time: from the first step to after several merges.
        moment = (moment * 37 + 11) % 211;
        // A little longer each time, so that it ends on a slow machine too.
        std::thread::sleep(Duration::from_millis(moment + kills * 5));
        if let Some(pid) = place.daemon_pid() {
            kill(pid, "-9");
            kills += 1;
        }
        if kills == 5 {
            std::fs::write(&go, "").unwrap();
        }
    }
    place.gt(["daemon", "start"]).ok();
    for (rig, count) in [("shop", 5), ("bakery", 4)] {
        let origin = place.origin(rig);
        let subjects = place.subjects(&origin);
        assert_eq!(subjects.len(), count + 1, "{rig}: {subjects:?}");
        assert_eq!(subjects, place.subjects(&place.bare(rig)));
        place.sandbox.git(&place.bare(rig), ["fsck", "--no-dangling"]);
    }
    wait_for("the landing is told", || (!place.mail().is_empty()).then_some(()));
    wait_for("every hook is archived", || place.agents().is_empty().then_some(()));
    assert_eq!(place.mail().len(), 1, "once: {:?}", place.mail());
    place.gt(["daemon", "stop"]).ok();
    wait_for("nothing is left over", || place.sandbox.processes().is_empty().then_some(()));
}

#[test]
fn a_killed_host_is_replaced_and_the_work_goes_on() {
    let place = Place::new(&["shop"]);
    let go = place.sandbox.path("go");
    let script = format!(
        "# Begin\necho begun >> steps.txt\n\n# Wait\nuntil [ -e {} ]; do sleep 0.02; done\n\n# End\necho ended >> steps.txt",
        go.display()
    );
    let id = place.bead("shop", "Steps", &script, &[]);
    let report = place.gt(["sling", &id, "shop", "--json"]).ok().json();
    let slung = &report["slung"][0];
    let worktree = std::path::PathBuf::from(slung["worktree"].as_str().unwrap());
    wait_for("the first step is done", || worktree.join("steps.txt").exists().then_some(()));
    let name = slung["session"].as_str().unwrap();
    let run = place.sandbox.path("run");
    wait_for("the daemon to hold it", || crate::session::held(&run, name).then_some(()));
    let before = record(&place, name);
    kill(i32::try_from(before["host_pid"].as_i64().unwrap()).unwrap(), "-9");
    let after = wait_for("another host", || {
        let now = record(&place, slung["session"].as_str().unwrap());
        (now["host_pid"] != before["host_pid"] && now["exit"].is_null()).then_some(now)
    });
    assert_eq!(after["child_pid"], before["child_pid"], "the agent's process is the same\n{}", place.log());
    std::fs::write(&go, "").unwrap();
    place.wait_closed(std::slice::from_ref(&id));
    let steps = place.sandbox.git(&place.origin("shop"), ["show", "main:steps.txt"]).stdout;
    assert_eq!(steps, "begun\nended\n", "no step was done twice");
    place.gt(["daemon", "stop"]).ok();
    wait_for("nothing is left over", || place.sandbox.processes().is_empty().then_some(()));
}

#[test]
fn a_session_outlives_the_cockpit_and_the_daemon() {
    let place = Place::new(&[]);
    place.gt(["daemon", "start"]).ok();
    let script = "echo ready; while read -r x; do echo \"got $x\"; done";
    place.gt(["session", "start", "mayor/", "--cwd", "/", "--", "sh", "-c", script]).ok();
    let run = place.sandbox.path("run");
    wait_for("the daemon to hold it", || crate::session::held(&run, "hq-mayor").then_some(()));
    let before = record(&place, "hq-mayor");
    let mut cockpit = Screen::start(&place.sandbox, &place.root, (120, 40), GT, &["cockpit"], &[]);
    cockpit.wait("the cockpit", |text| text.contains("mayor"));
    kill(cockpit.child.process_id().unwrap() as i32, "-9");
    kill(place.daemon_pid().unwrap(), "-9");
    cockpit.end();
    let mut client = Client::connect(&Town::open(&place.root).unwrap(), "hq-mayor").unwrap();
    client.send(&ClientMsg::Input(b"a word\r".to_vec())).unwrap();
    wait_for("the agent's answer", || place.gt(["peek", "mayor"]).stdout.contains("got a word").then_some(()));
    let now = record(&place, "hq-mayor");
    assert_eq!((&now["child_pid"], &now["host_pid"]), (&before["child_pid"], &before["host_pid"]), "{now}");
    place.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn a_removed_worktree_is_made_again() {
    let place = Place::new(&["shop"]);
    let id = place.bead("shop", "Again", "# Write\ntest -e ready || read line < /dev/tty\necho x > x.txt", &[]);
    let report = place.gt(["sling", &id, "shop", "--json"]).ok().json();
    let slung = &report["slung"][0];
    let worktree = std::path::PathBuf::from(slung["worktree"].as_str().unwrap());
    // What the agent has committed is on its branch, and comes back with it.
    std::fs::write(worktree.join("ready"), "").unwrap();
    place.sandbox.git(&worktree, ["add", "."]);
    place.sandbox.git(&worktree, ["commit", "-qm", "Ready"]);
    // The agent itself: a host that is killed is replaced, and its agent goes on.
    let agent = record(&place, slung["session"].as_str().unwrap())["child_pid"].as_i64().unwrap();
    std::fs::remove_dir_all(&worktree).unwrap();
    kill(i32::try_from(agent).unwrap(), "-9");
    place.wait_closed(std::slice::from_ref(&id));
    let files = place.files(&place.origin("shop"));
    assert!(files.contains(&"ready".into()) && files.contains(&"x.txt".into()), "{files:?}");
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn an_agent_that_dies_at_once_is_given_up() {
    let place = Place::new(&["shop"]);
    place.set(
        "settings/config.json",
        &[("agents", json!({"dying": {"command": "sh", "args": ["-c", "exit 7"], "prompt_mode": "arg"}}))],
    );
    let id = place.easy("shop", "never");
    place.gt(["sling", &id, "shop", "--agent", "dying"]);
    wait_for(&format!("it is given up\n{}", place.log()), || place.show(&id).has_label("stuck").then_some(()));
    let mail = wait_for("it is told", || Some(place.mail()).filter(|mail| !mail.is_empty()));
    assert_eq!(mail.len(), 1, "told once: {mail:?}");
    assert!(mail[0]["body"].as_str().unwrap().contains("exit 7"), "{mail:?}");
    let list = place.gt(["escalate", "list", "--json"]).ok().json();
    assert_eq!(list.as_array().unwrap().len(), 1, "escalated once: {list}");
    assert_eq!((&list[0]["severity"], &list[0]["related"]), (&"high".into(), &json!(id)));
    assert_eq!(place.show(&id).status.as_str(), "open");
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn a_bead_is_not_tried_for_ever() {
    let place = Place::new(&["shop"]);
    place.set(
        "settings/config.json",
        &[
            (
                "agents",
                json!({"dying": {"command": "sh", "args": ["-c", "echo no way; kill -SEGV $$"], "prompt_mode": "arg"}}),
            ),
            ("limits", json!({"restarts_per_bead": 1})),
        ],
    );
    let id = place.easy("shop", "never");
    place.gt(["sling", &id, "shop", "--agent", "dying"]);
    wait_for(&format!("it is given up\n{}", place.log()), || place.show(&id).has_label("stuck").then_some(()));
    let events = place.desk().ledger.events_of(&id).unwrap();
    let deaths: Vec<_> = events.iter().filter(|event| event.kind == "session_death").collect();
    assert_eq!(deaths.len(), 1, "{deaths:?}");
    assert_eq!(deaths[0].payload["signal"], 11, "{deaths:?}");
    let mail = wait_for("it is told", || Some(place.mail()).filter(|mail| !mail.is_empty()));
    let body = mail[0]["body"].as_str().unwrap();
    assert!(body.contains("limits.restarts_per_bead") && body.contains("no way"), "{body}");
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn a_session_that_does_not_end_after_its_work_was_handed_in_is_ended() {
    let place = Place::new(&["shop"]);
    place.set(
        "settings/config.json",
        &[
            ("agents", json!({"lingers": {"command": "sh", "args": ["-c", "trap '' TERM HUP; sleep 1000"], "prompt_mode": "arg"}})),
            ("witness", json!({"linger_seconds": 1})),
        ],
    );
    let id = place.easy("shop", "lingers");
    let report = place.gt(["sling", &id, "shop", "--agent", "lingers", "--json"]).ok().json();
    let agent = report["slung"][0]["agent"].as_str().unwrap();
    // As after a `gt done` that was killed before it could end the session.
    let mut desk = place.desk();
    let handed = desk.ledger.write(agent, |tx| {
        gastown::work::assignment::set_state(tx, &id, gastown::work::assignment::State::Done, "handed in")?;
        gastown::work::hook::set_state(tx, agent, gastown::work::hook::State::Completed)
    });
    assert!(handed.unwrap().is_some());
    wait_for(&format!("it is ended\n{}", place.log()), || {
        let list = place.gt(["session", "list", "--json"]).ok().json();
        list.as_array().unwrap().iter().all(|one| one["address"] != agent || one["running"] == false).then_some(())
    });
    assert!(place.root.join("shop/polecats").join(agent.rsplit('/').next().unwrap()).is_dir(), "its work stays");
    place.gt(["daemon", "stop"]).ok();
    wait_for("nothing is left over", || place.sandbox.processes().is_empty().then_some(()));
}

#[test]
fn an_agent_that_does_not_get_on_is_reminded_and_then_told_of_once() {
    let place = Place::new(&["shop"]);
    let agent = json!({"command": "sh", "args": ["-c", "echo ready; cat"], "prompt_mode": "arg"});
    place.set(
        "settings/config.json",
        &[
            ("agents", json!({"sleepy": agent})),
            ("witness", json!({"nudge_seconds": 1, "most_nudges": 1, "answer_seconds": 1})),
        ],
    );
    let idle = place.easy("shop", "idle");
    place.gt(["sling", &idle, "shop", "--agent", "sleepy"]).ok();
    // A step that fails has a question that only a person can answer.
    let asks = place.bead("shop", "Asks", "false", &[]);
    place.gt(["sling", &asks, "shop"]).ok();
    let events = |bead: &str, kind: &str| {
        let events = place.desk().ledger.events_of(bead).unwrap();
        events.iter().filter(|event| event.kind == kind).count()
    };
    wait_for("both are escalated", || {
        (events(&idle, "escalation") == 1 && events(&asks, "escalation") == 1).then_some(())
    });
    assert_eq!((events(&idle, "nudge"), events(&asks, "nudge")), (1, 0));
    let screen = place.gt(["peek", place.show(&idle).assignee.as_str()]).ok().stdout;
    assert!(screen.contains("gt done"), "{screen}");
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn the_daemon_is_one_and_ends_with_the_town() {
    let place = Place::new(&["shop"]);
    let starts: Vec<_> = (0..6)
        .map(|_| place.command(&["daemon", "start", "--quiet"]).stdout(std::process::Stdio::null()).spawn().unwrap())
        .collect();
    for mut start in starts {
        assert!(start.wait().unwrap().success());
    }
    let pid = place.daemon_pid().unwrap();
    assert_eq!(place.sandbox.processes(), [pid]);
    place.gt(["daemon", "stop"]).ok();
    wait_for("it is gone", || place.sandbox.processes().is_empty().then_some(()));
    assert!(place.daemon_pid().is_none());
    place.gt(["daemon", "stop"]).ok();
    place.gt(["daemon", "start"]).ok();
    std::fs::remove_dir_all(&place.root).unwrap();
    wait_for("it ends by itself", || place.sandbox.processes().is_empty().then_some(()));
}

#[test]
fn work_is_exported_by_the_daemon() {
    let place = Place::new(&["shop"]);
    let id = place.easy("shop", "alpha");
    place.gt(["sling", &id, "shop"]).ok();
    place.wait_closed(std::slice::from_ref(&id));
    wait_for("the file says so", || {
        let text = std::fs::read_to_string(place.root.join("shop/.beads/issues.jsonl")).unwrap();
        text.lines().any(|line| line.contains(&id) && line.contains("\"closed\"")).then_some(())
    });
    place.gt(["daemon", "stop"]).ok();
}
