//! `gt escalate`: told by severity, acknowledged, closed, and louder when nobody answers.

use gastown::town::Severity;
use gastown::work::escalation;
use serde_json::json;

use crate::support::wait_for;
use crate::town::Place;

#[test]
fn what_is_wrong_is_told_seen_and_closed() {
    let place = Place::new(&[]);
    let out = place.sandbox.path("pager");
    place.set(
        "settings/config.json",
        &[(
            "escalation",
            json!({
                "routes": {"critical": ["bead", "mail:overseer", "pager", "sms", "mail:nobody/"]},
                "commands": {"pager": ["sh", "-c", "{ echo \"$GT_ESCALATION_SEVERITY $GT_ESCALATION_TITLE\"; cat; } > \"$1\"", "sh", out]},
            }),
        )],
    );
    place.gt(["escalate"]).code(2);
    place.gt(["escalate", "x", "--severity", "huge"]).code(2);
    let dry = place.gt(["escalate", "On fire", "-s", "critical", "-n"]).ok().stdout;
    assert!(dry.contains("pager") && place.mail().is_empty(), "{dry}");
    let raised = place.gt(["escalate", "On fire; $(id)", "-s", "critical", "-r", "It burns.", "--json"]).ok().json();
    let id = raised["id"].as_str().unwrap().to_owned();
    let actions: Vec<&str> = raised["actions"].as_array().unwrap().iter().filter_map(|one| one.as_str()).collect();
    assert!(actions.contains(&"pager: told"), "{actions:?}");
    assert!(actions.iter().any(|one| one.starts_with("sms: not told, as no command is set")), "{actions:?}");
    assert!(actions.iter().any(|one| one.starts_with("mail: not sent to nobody/")), "{actions:?}");
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "critical On fire; $(id)\nIt burns.");
    let mail = place.mail();
    assert!(mail[0]["subject"].as_str().unwrap().contains("[critical] On fire"), "{mail:?}");

    // Where no route is set, the usual ones hold.
    place.gt(["escalate", "A scratch", "-s", "low"]).ok();
    let list = place.gt(["escalate", "list", "--json"]).ok().json();
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!((&list[0]["title"], &list[0]["status"]), (&"A scratch".into(), &"open".into()));
    assert_eq!(place.mail().len(), 1);
    assert_eq!(place.gt(["escalate", "ack", &id, "--json"]).ok().json()["status"], "acked");
    place.gt(["escalate", "close", &id]).code(2);
    place.gt(["escalate", "close", &id, "--reason", "Put out"]).ok();
    place.gt(["escalate", "ack", &id]).code(4);
    assert_eq!(place.gt(["escalate", "show", &id, "--json"]).ok().json()["close_reason"], "Put out");
    assert_eq!(place.gt(["escalate", "list", "--json"]).ok().json().as_array().unwrap().len(), 1);
    place.gt(["escalate", "show", mail[0]["id"].as_str().unwrap()]).code(3);
}

#[test]
fn what_nobody_answers_is_raised_by_the_daemon_and_not_for_ever() {
    let place = Place::new(&[]);
    place.set("settings/config.json", &[("escalation", json!({"stale_minutes": 0, "max_raises": 2}))]);
    let seen = place.gt(["escalate", "Seen", "-s", "low", "--json"]).ok().json();
    place.gt(["escalate", "ack", seen["id"].as_str().unwrap()]).ok();
    place.gt(["escalate", "Nobody looks", "-s", "low"]).ok();
    assert_eq!(place.gt(["escalate", "stale", "-n", "--json"]).ok().json().as_array().unwrap().len(), 1);
    place.gt(["daemon", "start"]).ok();
    let find = |title: &str| {
        let all = place.gt(["escalate", "list", "--json"]).ok().json();
        all.as_array().unwrap().iter().find(|one| one["title"] == title).unwrap().clone()
    };
    wait_for("the daemon to raise it", || (find("Nobody looks")["raised"].as_u64()? >= 1).then_some(()));
    place.gt(["escalate", "stale"]).ok();
    wait_for("both raises", || (find("Nobody looks")["raised"] == 2).then_some(()));
    assert_eq!(place.gt(["escalate", "stale", "--json"]).ok().json(), json!([]));
    assert_eq!(find("Nobody looks")["severity"], "high");
    assert_eq!(find("Seen")["raised"], 0);
    assert!(place.mail().iter().any(|one| one["subject"] == "[high] Nobody looks"));
}

#[test]
fn what_the_town_escalates_by_itself_is_told_once_and_closes_with_its_bead() {
    let place = Place::new(&["shop"]);
    let id = place.easy("shop", "alpha");
    let new = |title: &str| escalation::New {
        title: title.into(),
        reason: "It can't go on.".into(),
        severity: Severity::High,
        source: "witness".into(),
        related: id.clone(),
    };
    let told = || place.mail().iter().filter(|one| one["subject"].as_str().unwrap().ends_with("Stuck")).count();
    // Whoever filed it was killed before it told anybody.
    place.desk().ledger.write("shop/witness", |tx| escalation::file(tx, &new("Stuck"))).unwrap();
    assert_eq!(told(), 0);
    let mut desk = place.desk();
    assert!(escalation::tell_untold(&mut desk, 3600).unwrap().is_empty(), "its filer may be about to tell");
    assert_eq!(escalation::tell_untold(&mut desk, 0).unwrap().len(), 1);
    assert!(escalation::tell_untold(&mut desk, 0).unwrap().is_empty());
    assert_eq!(told(), 1);
    let person = escalation::New { source: String::new(), ..new("Asked by a person") };
    escalation::raise(&mut desk, "overseer", &person).unwrap();

    place.gt(["daemon", "start"]).ok();
    place.sandbox.bd_in(&place.root, ["close", &id]).ok();
    place.gt(["daemon", "stop"]).ok();
    place.gt(["daemon", "start"]).ok();
    let list = || place.gt(["escalate", "list", "--json"]).ok().json();
    wait_for("it is closed with its bead", || (list().as_array().unwrap().len() == 1).then_some(()));
    assert_eq!(list()[0]["title"], "Asked by a person");
    assert_eq!(told(), 1);
    place.gt(["daemon", "stop"]).ok();
}
