//! `gt status` and `gt convoy stranded` say what goes on and what needs a person.

use crate::support::wait_for;
use crate::town::Place;

fn reason(stranded: &serde_json::Value, bead: &str) -> String {
    let left = stranded[0]["left"].as_array().unwrap();
    left.iter().find(|stuck| stuck["bead"] == bead).unwrap()["reason"].as_str().unwrap().to_owned()
}

#[test]
fn what_needs_a_person_is_said_with_the_command_for_it() {
    let place = Place::new(&["shop"]);
    assert!(place.gt(["status"]).ok().stdout.contains("Nothing needs you"));
    assert!(place.gt(["convoy", "stranded"]).ok().stdout.contains("No convoy is stranded"));
    place.gate("shop", "false");
    let id = place.easy("shop", "alpha");
    let behind = place.bead("shop", "Behind", "true", &[&id]);
    let convoy = place.gt(["convoy", "create", "Both", &id, &behind, "--json"]).ok().json();
    let stranded = place.gt(["convoy", "stranded", "--json"]).ok().json();
    assert_eq!(stranded[0]["id"], convoy["id"]);
    assert_eq!(reason(&stranded, &id), "nobody was given it");
    assert_eq!(reason(&stranded, &behind), format!("it waits for {id}"));
    place.gt(["sling", &id, "shop"]).ok();
    wait_for("the gate was red", || place.show(&id).has_label("gate-failed").then_some(()));
    let stranded = place.gt(["convoy", "stranded", "--json"]).ok().json();
    assert!(reason(&stranded, &id).contains("came back"), "{stranded}");
    let status = place.gt(["status", "--json"]).ok().json();
    assert_eq!((&status["daemon"], &status["rigs"][0]["came_back"]), (&true.into(), &1.into()), "{status}");
    let commands: Vec<_> = status["needs_you"].as_array().unwrap().iter().map(|need| need["command"].clone()).collect();
    for command in ["gt convoy stranded", "gt mail inbox"] {
        assert!(commands.contains(&command.into()), "{status}");
    }
    place.gate("shop", "true");
    place.gt(["mq", "retry", &id]).ok();
    place.wait_closed(std::slice::from_ref(&id));
    let text = place.gt(["status"]).ok().stdout;
    assert!(text.contains("rig") && text.contains("shop") && text.contains("Both"), "{text}");
    place.gt(["daemon", "stop"]).ok();
}
