//! Agents whose provider takes no more requests: left alone until the time it states, and no others started meanwhile.

use serde_json::{Value, json};

use crate::support::wait_for;
use crate::town::Place;

const RULE: &str =
    "[[rules]]\nname = \"limit\"\nruntime = [\"limited\"]\nstate = \"rate-limited\"\nall = [\"(?i)limit reached\"]\n";

fn place(script: &str) -> Place {
    let place = Place::new(&["shop"]);
    std::fs::write(place.root.join("settings/screens.toml"), RULE).unwrap();
    let agent = json!({"command": "sh", "args": ["-c", script], "prompt_mode": "arg"});
    place.set("settings/config.json", &[("agents", json!({"limited": agent}))]);
    place
}

fn events(place: &Place, bead: &str, kind: &str) -> Vec<Value> {
    let events = place.desk().ledger.events_of(bead).unwrap();
    events.into_iter().filter(|event| event.kind == kind).map(|event| event.payload).collect()
}

/// Seconds since the epoch, in `seconds` from now.
fn soon(seconds: i64) -> i64 {
    gastown::base::Timestamp::now().unix_seconds() + seconds
}

#[test]
fn an_agent_is_spoken_to_when_its_limit_is_over_and_not_before() {
    let place = place("echo \"Limit reached|$(cat \"$HOME/until\")\"; cat");
    // Long enough that the second is slung before it is over, however slow the machine is.
    std::fs::write(place.sandbox.path("home/until"), soon(20).to_string()).unwrap();
    let first = place.easy("shop", "first");
    place.gt(["sling", &first, "shop", "--agent", "limited"]).ok();
    let parked = wait_for(&format!("it is parked\n{}", place.log()), || events(&place, &first, "parked").pop());
    assert_eq!(parked["preset"], "limited");
    let until: gastown::base::Timestamp = parked["until"].as_str().unwrap().parse().unwrap();

    let second = place.easy("shop", "second");
    let queued = place.gt(["sling", &second, "shop", "--agent", "limited", "--json"]).ok().json();
    let late = soon(0) >= until.unix_seconds();
    let waits = queued["slung"][0]["state"] == "queued";
    assert!(waits || late, "{queued}");
    if waits {
        let status = place.gt(["scheduler", "status"]).ok().stdout;
        assert!(status.contains("takes no requests until") || soon(0) >= until.unix_seconds(), "{status}");
    }
    // Others may work.
    let other = place.easy("shop", "other");
    place.gt(["sling", &other, "shop"]).ok();
    place.wait_closed(std::slice::from_ref(&other));

    let nudge = wait_for("it is spoken to", || {
        let events = place.desk().ledger.events_of(&first).unwrap();
        events.into_iter().find(|event| event.kind == "nudge")
    });
    assert!(nudge.ts >= until, "not before: {nudge:?}");
    wait_for("the second starts", || (!events(&place, &second, "spawn").is_empty()).then_some(()));
    assert!(events(&place, &first, "escalation").is_empty(), "nobody is bothered");
    place.gt(["estop"]).ok();
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn an_agent_that_ended_over_a_limit_is_started_again_when_it_is_over() {
    let script = "echo \"Limit reached|$(cat \"$HOME/until\")\"; test -e \"$HOME/over\" && exec cat; exit 1";
    let place = place(script);
    std::fs::write(place.sandbox.path("home/until"), soon(12).to_string()).unwrap();
    let id = place.easy("shop", "ends");
    place.gt(["sling", &id, "shop", "--agent", "limited"]).ok();
    let parked = wait_for(&format!("it is parked\n{}", place.log()), || events(&place, &id, "parked").pop());
    std::fs::write(place.sandbox.path("home/over"), "").unwrap();
    let until: gastown::base::Timestamp = parked["until"].as_str().unwrap().parse().unwrap();
    let death = wait_for("it is started again", || {
        let events = place.desk().ledger.events_of(&id).unwrap();
        events.into_iter().find(|event| event.kind == "session_death")
    });
    assert!(death.ts >= until, "{death:?}");
    assert_eq!(death.payload["code"], 1);
    let screen = death.payload["screen"].to_string();
    assert!(screen.contains("Limit reached"), "what it said at last is told: {death:?}");
    assert_eq!(events(&place, &id, "session_death").len(), 1, "no crash loop");
    place.gt(["estop"]).ok();
    place.gt(["daemon", "stop"]).ok();
}
