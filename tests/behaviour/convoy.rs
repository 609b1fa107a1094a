//! Convoys: made, filled, looked at, landed with their last bead.

use serde_json::json;

use crate::support::wait_for;
use crate::town::Place;

#[test]
fn a_convoy_from_its_making_to_its_landing() {
    let place = Place::new(&["shop", "bakery"]);
    assert!(place.gt(["convoy", "list"]).ok().stdout.contains("No convoys"));
    let (a, b) = (place.easy("shop", "a"), place.easy("bakery", "b"));
    let made = place.gt(["convoy", "create", "Feature X", &a, &b, "--notify", "--human", "--json"]).ok().json();
    let id = made["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("hq-cv-"), "{id}");
    assert_eq!(made["notify"], json!(["mayor/", "overseer"]));
    place.gt(["convoy", "create", "Wrong", "sh-zzzzz"]).code(3);
    place.gt(["convoy", "show", "7"]).code(3);
    place.gt(["convoy", "show", &a]).code(3);

    let list = place.gt(["convoy", "list", "--json"]).ok().json();
    assert_eq!(list[0]["id"], id.as_str());
    assert_eq!((list[0]["completed"].clone(), list[0]["total"].clone()), (json!(0), json!(2)));
    let tree = place.gt(["convoy", "list", "--tree"]).ok().stdout;
    assert!(tree.contains(&a) && tree.contains(&b) && tree.contains("0/2"), "{tree}");

    let close = |id: &str| {
        place.desk().ledger.write("overseer", |tx| tx.close(id, "done")).unwrap();
    };
    close(&a);
    let status = place.gt(["convoy", "status", "1", "--json"]).ok().json();
    assert_eq!(status["completed"], 1);
    let tracked = status["tracked"].as_array().unwrap();
    let of = |id: &str| tracked.iter().find(|bead| bead["id"] == id).unwrap()["status"].clone();
    assert_eq!((of(&a), of(&b)), (json!("closed"), json!("open")));
    close(&b);
    // Landed in the very transaction that closed the last bead.
    assert!(place.is_closed(&id));
    assert_eq!(place.gt(["convoy", "list", "--json"]).ok().json(), json!([]));
    assert_eq!(place.gt(["convoy", "list", "--all", "--json"]).ok().json()[0]["status"], "closed");

    let c = place.easy("shop", "c");
    let added = place.gt(["convoy", "add", &id, &c, "--json"]).ok().json();
    assert_eq!((added["added"].clone(), added["reopened"].clone()), (json!([c]), json!(true)));
    assert!(!place.is_closed(&id));
    place.gt(["convoy", "refresh", &id]).ok();
    assert!(!place.is_closed(&id), "there is work left");
    place.gt(["convoy", "check"]).ok();
    place.gt(["convoy", "close", &id, "--reason", "not needed"]).ok();
    assert_eq!(place.show(&id).close_reason, "not needed");
    place.gt(["convoy", "close", &id]).ok();
}

#[test]
fn a_landing_runs_the_command_that_is_set_for_it_once() {
    let place = Place::new(&["shop"]);
    let told = place.sandbox.path("told");
    let script = format!("printf '%s|' \"$@\" >> {}", told.display());
    let argv = serde_json::json!(["sh", "-c", script, "notify", "{id}", "{title}", "{count} beads"]);
    place.set("settings/config.json", &[("notify_command", argv)]);
    let id = place.easy("shop", "alpha");
    let made = place.gt(["convoy", "create", "All $(of) it", &id, "--json"]).ok().json();
    place.gt(["daemon", "start"]).ok();
    place.sandbox.bd_in(&place.root, ["close", &id]).ok();
    wait_for("the command ran", || std::fs::read_to_string(&told).ok().filter(|text| !text.is_empty()));
    place.gt(["daemon", "stop"]).ok();
    let text = std::fs::read_to_string(&told).unwrap();
    assert_eq!(text, format!("{}|All $(of) it|1 beads|", made["id"].as_str().unwrap()));
}
