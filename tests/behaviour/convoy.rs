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

#[test]
fn a_stranded_convoy_says_of_each_bead_why_nobody_moves_it() {
    let place = Place::new(&["shop"]);
    let bead = |title: &str, needs: &[&str]| place.bead("shop", title, "sleep 1000", needs);
    let loose = bead("Loose", &[]);
    let (blocker, put_off, theirs) = (bead("Blocker", &[]), bead("Put off", &[]), bead("Theirs", &[]));
    let (back, failed, taken) = (bead("Came back", &[]), bead("Failed", &[]), bead("Taken back", &[]));
    let waits = bead("Waits", &[&blocker]);
    let parked = bead("Parked", &[]);
    let (moving, queued) = (bead("Moving", &[]), bead("Queued", &[]));
    let bd = |args: &[&str]| {
        let mut command = place.sandbox.command(crate::support::BD);
        command.current_dir(&place.root).args(args);
        place.sandbox.run(command).ok()
    };
    let stranded = |member: &str| -> Option<(String, String)> {
        let all = place.gt(["convoy", "stranded", "--json"]).ok().json();
        let left = all.as_array().unwrap().iter().flat_map(|convoy| convoy["left"].as_array().unwrap().clone());
        let one = left.into_iter().find(|one| one["bead"] == member)?;
        Some((one["reason"].as_str().unwrap().to_owned(), one["hint"].as_str().unwrap().to_owned()))
    };
    let says = |member: &str, reason: &str, hint: &str| {
        let told = stranded(member).unwrap_or_else(|| panic!("{member} is not stranded"));
        assert!(told.0.contains(reason) && told.1.contains(hint), "{told:?}, not {reason:?}, {hint:?}");
    };
    for (name, member) in [("A", &loose), ("B", &put_off), ("C", &theirs), ("D", &waits), ("E", &back), ("F", &failed)]
    {
        place.gt(["convoy", "create", name, member]).ok();
    }
    says(&loose, "nobody was given it", &format!("gt sling {loose}"));
    bd(&["update", &put_off, "--status", "deferred"]);
    says(&put_off, "it is put off", "--status open");
    bd(&["update", &theirs, "--assignee", "shop/crew/ann"]);
    says(&theirs, "it is shop/crew/ann's", "--force");
    says(&waits, &format!("it waits for {blocker}"), &format!("gt sling {blocker}"));
    bd(&["update", &back, "--add-label", "gate-failed"]);
    says(&back, "its work came back: gate-failed", &format!("gt sling {back}"));

    // These went through an agent's hands.
    for (name, member) in [("G", &taken), ("H", &parked), ("I", &moving)] {
        place.gt(["convoy", "create", name, member]).ok();
    }
    place.gt(["sling", &failed, &taken, &moving, "shop"]).ok();
    assert_eq!(stranded(&moving), None, "somebody works on it");
    place.gt(["unsling", &taken]).ok();
    says(&taken, "it was taken back", &format!("gt sling {taken}"));
    let set_failed = |tx: &mut gastown::ledger::Tx<'_>| {
        tx.update(&failed, &gastown::ledger::Patch { status: Some("open".into()), ..Default::default() })?;
        gastown::work::assignment::set_state(tx, &failed, gastown::work::assignment::State::Failed, "it ended with 7")
    };
    place.desk().ledger.write("shop/witness", set_failed).unwrap();
    says(&failed, "it failed: it ended with 7", &format!("gt sling {failed}"));

    place.gt(["scheduler", "pause", "-r", "lunch"]).ok();
    place.gt(["sling", &parked, "shop"]).ok();
    says(&parked, "it waits: ", "gt scheduler status");
    place.gt(["scheduler", "resume"]).ok();
    // One that moves is enough.
    place.gt(["convoy", "create", "J", &queued, &moving]).ok();
    assert_eq!(stranded(&queued), None, "the other one moves");
    let human = place.gt(["convoy", "stranded"]).ok().stdout;
    assert!(human.contains("nobody was given it") && human.contains(&format!("gt sling {loose}")), "{human}");
    place.gt(["estop"]).ok();
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn a_landing_is_told_once_to_the_overseer_and_to_each_address_that_was_named() {
    let place = Place::new(&["shop"]);
    place.gt(["crew", "add", "ann", "--rig", "shop"]).ok();
    let id = place.easy("shop", "alpha");
    let made = ["convoy", "create", "Feature", &id, "--notify", "shop/crew/ann", "--notify", "mayor/", "--json"];
    assert_eq!(place.gt(made).ok().json()["notify"], json!(["shop/crew/ann", "mayor/"]));
    let bare = place.easy("shop", "gamma");
    let made = place.gt(["convoy", "create", "Bare", "--notify", &bare, "--json"]).ok().json();
    assert_eq!((&made["notify"], made["tracked"].as_array().map(Vec::len)), (&json!(["mayor/"]), Some(1)), "{made}");
    place.gt(["daemon", "start"]).ok();
    place.sandbox.bd_in(&place.root, ["close", &id]).ok();
    let told = |whom: &str| {
        let inbox = place.gt(["mail", "inbox", whom, "--json"]).ok().json();
        let landed = |one: &&serde_json::Value| one["subject"] == "Convoy landed: Feature";
        inbox.as_array().unwrap().iter().filter(landed).count()
    };
    wait_for("the overseer is told", || (told("overseer") == 1).then_some(()));
    for whom in ["shop/crew/ann", "mayor/"] {
        assert_eq!(told(whom), 1, "{whom}");
    }
    // A daemon that comes up again tells nobody a second time.
    place.gt(["daemon", "stop"]).ok();
    place.gt(["daemon", "start"]).ok();
    let other = place.easy("shop", "beta");
    place.gt(["convoy", "create", "Another", &other]).ok();
    place.sandbox.bd_in(&place.root, ["close", &other]).ok();
    wait_for("the next landing is told", || {
        place.mail().iter().any(|one| one["subject"] == "Convoy landed: Another").then_some(())
    });
    assert_eq!((told("overseer"), told("mayor/")), (1, 1));
    place.gt(["daemon", "stop"]).ok();
}
