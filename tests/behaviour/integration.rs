//! Integration branches: the work of an epic comes together on one branch, and goes to the target as one piece.

use serde_json::{Value, json};

use crate::support::wait_for;
use crate::town::Place;

const SETTINGS: &str = "shop/settings/config.json";

/// An epic of `shop` with `names` below it, each a bead that writes a file of its own.
fn epic(place: &Place, names: &[&str]) -> (String, Vec<String>) {
    let made = |args: &[&str]| -> String {
        let mut command = place.sandbox.command(crate::support::BD);
        command.current_dir(place.root.join("shop")).args(args).args(["--json"]);
        place.sandbox.run(command).ok().json()["id"].as_str().unwrap().to_owned()
    };
    let epic = made(&["create", "Checkout", "-t", "epic"]);
    let parts = names
        .iter()
        .map(|name| {
            let script = format!("```sh\n# Write {name}\necho {name} > {name}.txt\n```");
            made(&["create", &format!("Write {name}"), "--parent", &epic, "-d", &script])
        })
        .collect();
    (epic, parts)
}

fn status(place: &Place, epic: &str) -> Value {
    place.gt(["mq", "integration", "status", epic, "--json"]).ok().json()
}

fn branches(place: &Place, repository: &std::path::Path) -> String {
    place.sandbox.git(repository, ["for-each-ref", "--format=%(refname)", "refs/heads"]).stdout
}

#[test]
fn the_work_of_an_epic_lands_as_one_piece() {
    let place = Place::new(&["shop"]);
    let (epic, parts) = epic(&place, &["cart", "till"]);
    let origin = place.origin("shop");
    let made = place.gt(["mq", "integration", "create", &epic, "--json"]).ok().json();
    let branch = format!("integration/{epic}");
    assert_eq!((&made["branch"], &made["target"]), (&json!(branch), &json!("main")));
    assert!(branches(&place, &origin).contains(&branch), "others can fetch it");
    place.gt(["mq", "integration", "create", &epic]).code(4);

    let other = place.easy("shop", "other");
    place.gt(["sling", &parts[0], &other]).ok();
    place.wait_closed(&[parts[0].clone(), other]);
    assert!(!place.files(&origin).contains(&"cart.txt".to_owned()), "not on the target yet");
    let refused = place.gt(["mq", "integration", "land", &epic]).code(4);
    assert!(refused.stderr.contains(&parts[1]) && refused.stderr.contains("--force"), "{refused:?}");

    // The second starts from what the first left there.
    place.gt(["sling", &parts[1]]).ok();
    place.wait_closed(&parts[1..]);
    let tree = place.sandbox.git(&origin, ["ls-tree", "--name-only", &branch]).stdout;
    assert!(tree.contains("cart.txt") && tree.contains("till.txt") && !tree.contains("other.txt"), "{tree}");
    let now = status(&place, &epic);
    assert_eq!((&now["ahead"], &now["behind"]), (&json!(2), &json!(1)));
    assert_eq!((now["merged_mrs"].as_array().unwrap().len(), &now["open_beads"]), (2, &json!([])));
    assert_eq!(place.gt(["mq", "integration", "status", "--json"]).ok().json().as_array().unwrap().len(), 1);

    // The gates of the target hold for all of it together.
    place.gate("shop", "test -e cart.txt && test -e till.txt && test -e other.txt");
    place.gt(["mq", "integration", "land", &epic, "--dry-run"]).ok();
    assert!(status(&place, &epic)["landing"].is_null());
    place.gt(["mq", "integration", "land", &epic]).ok();
    place.wait_closed(std::slice::from_ref(&epic));
    let files = place.files(&origin);
    for file in ["cart.txt", "till.txt", "other.txt"] {
        assert!(files.contains(&file.to_owned()), "{files:?}");
    }
    wait_for("the branch is gone", || (!branches(&place, &origin).contains(&branch)).then_some(()));
    assert!(!branches(&place, &place.bare("shop")).contains(&branch));
    let now = status(&place, &epic);
    assert_eq!(now["landed"], json!(place.sandbox.git(&origin, ["rev-parse", "main"]).stdout.trim()));
    place.gt(["mq", "integration", "land", &epic]).code(4);
    let fsck = place.sandbox.git(&place.bare("shop"), ["fsck", "--no-dangling"]);
    assert!(!fsck.stdout.contains("missing"), "{fsck:?}");
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn what_is_left_of_a_landed_epic_goes_to_the_target() {
    let place = Place::new(&["shop"]);
    let (epic, parts) = epic(&place, &["cart", "till", "late"]);
    place.gt(["mq", "integration", "create", &epic, "--branch", "checkout"]).ok();
    place.gt(["mq", "integration", "land", &epic, "--force"]).code(4);
    place.gt(["sling", &parts[0]]).ok();
    place.wait_closed(&parts[..1]);
    // One that was handed in for the branch and waits.
    place.set(SETTINGS, &[("merge_queue.enabled", json!(false))]);
    place.gt(["sling", &parts[1]]).ok();
    wait_for("it is handed in", || {
        let run = place.gt(["mq", "status", &parts[1], "--json"]);
        (run.status == Some(0) && run.json()["target"] == "checkout").then_some(())
    });
    place.gt(["mq", "integration", "land", &epic, "--force"]).ok();
    place.gt(["mq", "reorder", &epic, "--first"]).ok();
    place.set(SETTINGS, &[("merge_queue.enabled", json!(true)), ("merge_queue.batch_size", json!(1))]);
    place.gt(["mq", "reorder", &epic, "--first"]);
    place.wait_closed(&parts[1..2]);
    assert_eq!(place.gt(["mq", "status", &parts[1], "--json"]).ok().json()["target"], "main");
    assert!(!place.is_closed(&epic), "a bead of it is open");
    assert!(!status(&place, &epic)["landed"].is_null());
    place.gt(["sling", &parts[2]]).ok();
    place.wait_closed(&parts[2..]);
    let files = place.files(&place.origin("shop"));
    for file in ["cart.txt", "till.txt", "late.txt"] {
        assert!(files.contains(&file.to_owned()), "{files:?}");
    }
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn an_epic_that_does_not_fit_the_target_goes_to_a_fresh_agent_with_the_facts() {
    let place = Place::new(&["shop"]);
    let (epic, parts) = epic(&place, &["same", "late"]);
    let branch = format!("integration/{epic}");
    place.gt(["mq", "integration", "create", &epic]).ok();
    place.gt(["sling", &parts[0]]).ok();
    place.wait_closed(&parts[..1]);
    let other = place.bead("shop", "Write same, otherwise", "echo otherwise > same.txt", &[]);
    place.gt(["sling", &other]).ok();
    place.wait_closed(std::slice::from_ref(&other));

    let open = place.sandbox.path("open");
    let script = format!(
        "```sh\n# Bring it over\nfrom=$(git merge-base HEAD {branch})..{branch}\n\
         git cherry-pick -X theirs $from\nuntil [ -e {} ]; do sleep 0.02; done\n```",
        open.display()
    );
    place.sandbox.bd_in(&place.root, ["update", &epic, "-d", &script]).ok();
    place.gt(["mq", "integration", "land", &epic, "--force"]).ok();
    let bead = wait_for("a fresh agent has it", || {
        Some(place.show(&epic)).filter(|bead| bead.assignee.starts_with("shop/polecats/"))
    });
    for fact in ["same.txt", branch.as_str(), "git cherry-pick"] {
        assert!(bead.notes.contains(fact), "{}", bead.notes);
    }
    let refused = place.gt(["mq", "integration", "land", &epic, "--force"]).code(4);
    assert!(refused.stderr.contains("shop/polecats/"), "{refused:?}");
    // Work that comes to the branch meanwhile is not forgotten.
    wait_for("it has begun", || place.agents().iter().any(|agent| agent["state"]["state"] == "working").then_some(()));
    place.gt(["sling", &parts[1]]).ok();
    place.wait_closed(&parts[1..]);
    std::fs::write(&open, "").unwrap();
    place.wait_closed(std::slice::from_ref(&epic));
    let origin = place.origin("shop");
    assert!(place.files(&origin).contains(&"late.txt".to_owned()));
    assert_eq!(place.sandbox.git(&origin, ["show", "main:same.txt"]).stdout, "same\n");
    wait_for("the branch is gone", || (!branches(&place, &origin).contains(&branch)).then_some(()));
    assert!(!status(&place, &epic)["landed"].is_null());
    assert!(!place.show(&epic).has_label("merge-conflict"), "it is over");
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn what_can_be_no_integration_branch_is_refused() {
    let place = Place::new(&["shop"]);
    let (epic, parts) = epic(&place, &["cart"]);
    place.gt(["mq", "integration", "create", &parts[0]]).code(2);
    place.gt(["mq", "integration", "status", &epic]).code(3);
    for name in ["main", "-x", "a..b", "white space"] {
        place.gt(["mq", "integration", "create", &epic, &format!("--branch={name}")]).code(2);
    }
    // An origin that is away leaves nothing half made, and the same command goes on from there.
    let (origin, away) = (place.origin("shop"), place.sandbox.path("away.git"));
    std::fs::rename(&origin, &away).unwrap();
    let failed = place.gt(["mq", "integration", "create", &epic]).code(1);
    assert!(failed.stderr.contains("hint:"), "{failed:?}");
    place.gt(["mq", "integration", "status", &epic]).code(3);
    std::fs::rename(&away, &origin).unwrap();
    place.gt(["mq", "integration", "create", &epic]).ok();
}
