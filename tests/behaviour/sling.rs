//! Slung work is done by agents, merged, and its convoy lands; whatever can't be slung is refused in words of its own.

use serde_json::json;

use crate::support::wait_for;
use crate::town::{Place, kill};
use gastown::base::Timestamp;

#[test]
fn slung_work_is_merged_and_its_convoy_lands() {
    let place = Place::new(&["shop"]);
    let id = place.easy("shop", "alpha");
    let report = place.gt(["sling", &id, "shop", "--json"]).ok().json();
    let slung = &report["slung"][0];
    assert_eq!(slung["state"], "active");
    assert!(slung["agent"].as_str().unwrap().starts_with("shop/polecats/"), "{report}");
    assert!(slung["branch"].as_str().unwrap().contains(&id), "{report}");
    let convoy = report["convoy"].as_str().unwrap().to_owned();
    place.wait_closed(&[id.clone(), convoy.clone()]);

    let origin = place.origin("shop");
    assert!(place.files(&origin).contains(&"alpha.txt".to_owned()));
    assert_eq!(place.subjects(&origin), place.subjects(&place.bare("shop")), "target here and at the origin");
    let author = place.sandbox.git(&origin, ["log", "-1", "--format=%an", "main"]).stdout;
    assert_eq!(author.trim(), slung["agent"].as_str().unwrap());
    let head = place.sandbox.git(&origin, ["rev-parse", "main"]).stdout;
    assert_eq!(place.show(&id).close_reason, format!("Merged in {}", head.trim()));

    // The overseer hears of the landing, once.
    wait_for("a message about the landing", || (!place.mail().is_empty()).then_some(()));
    assert_eq!(place.mail().len(), 1, "{:?}", place.mail());
    // The hook is archived: worktree and session are gone, the agent's own commits are not.
    let worktree = std::path::PathBuf::from(slung["worktree"].as_str().unwrap());
    wait_for("the worktree is archived", || (!worktree.exists()).then_some(()));
    wait_for("the branch is kept", || {
        let kept = place.sandbox.git(&place.bare("shop"), ["for-each-ref", "refs/gt/archive"]).stdout;
        kept.contains(&id).then_some(())
    });
    wait_for("the agent is gone", || place.agents().is_empty().then_some(()));
    assert!(place.agents().is_empty(), "{:?}", place.agents());
    place.sandbox.git(&place.bare("shop"), ["fsck", "--no-dangling"]);
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn every_refusal_has_its_own_words() {
    let place = Place::new(&["shop", "bakery"]);
    let id = place.bead("shop", "Wait", "read line < /dev/tty", &[]);
    let behind = place.bead("shop", "Behind", "true", &[&id]);
    let refused = |args: &[&str], code: i32, said: &str| {
        let run = place.sandbox.run(place.command(args)).code(code);
        assert!(run.stderr.contains(said) && run.stderr.contains("hint:"), "{args:?}: {run:?}");
    };
    refused(&["sling", "sh-zzzzz", "shop"], 3, "sh-zzzzz");
    refused(&["sling", &id, "shp"], 3, "shop");
    refused(&["sling", &id, "shop/nobody"], 3, "no agent");
    refused(&["sling", &id, "mayor/"], 4, "takes no slung work");
    refused(&["sling", &id, "shop", "--agent", "scipt"], 3, "script");
    refused(&["sling", &id, "bakery"], 4, "belongs to rig shop");
    refused(&["sling", &behind, "shop"], 4, &format!("waits for {id}"));
    refused(&["unsling", &id], 3, "on nobody's hook");
    let mut polecat = place.command(&["sling", &id, "shop"]);
    polecat.env("GT_ROLE", "polecat").env("GT_RIG", "shop").env("GT_POLECAT", "nux");
    let run = place.sandbox.run(polecat).code(4);
    assert!(run.stderr.contains("polecats may not sling"), "{run:?}");
    // One that is refused keeps the whole batch from being slung.
    refused(&["sling", &id, &behind, "shop"], 4, &format!("waits for {id}"));
    assert!(place.agents().is_empty(), "nothing was changed: {:?}", place.agents());

    let report = place.gt(["sling", &id, "--json"]).ok().json();
    let agent = report["slung"][0]["agent"].as_str().unwrap().to_owned();
    refused(&["sling", &id, "shop"], 4, &format!("already assigned to {agent}"));
    let other = place.easy("shop", "other");
    refused(&["sling", &other, &agent], 4, &format!("works on {id} already"));

    // Taken back, the bead is open again, its branch remains, and it can be slung to the same agent, which goes on there.
    place.gt(["unsling", &id]).ok();
    assert_eq!(place.show(&id).status.as_str(), "open");
    assert_eq!(place.show(&id).assignee, "");
    let again = place.gt(["sling", &id, &agent, "--json"]).ok().json();
    assert_eq!(again["slung"][0]["branch"], report["slung"][0]["branch"]);
    place.gt(["unsling", &id]).ok();
    place.desk().ledger.write("overseer", |tx| tx.close(&id, "No longer wanted")).unwrap();
    refused(&["sling", &id, "shop"], 4, "closed (No longer wanted)");
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn a_dry_run_changes_nothing() {
    let place = Place::new(&["shop"]);
    let id = place.easy("shop", "alpha");
    let before = place.desk().ledger.change_seq().unwrap();
    let plan = place.gt(["sling", &id, "shop", "--dry-run", "--json"]).ok().json();
    assert_eq!(plan["lines"][0]["preset"], "script");
    assert_eq!(plan["new_convoy"], "Work: Write alpha");
    assert_eq!(place.desk().ledger.change_seq().unwrap(), before);
    assert!(place.daemon_pid().is_none());
}

#[test]
fn over_the_cap_work_queues_and_all_of_it_is_done() {
    let place = Place::new(&["shop", "bakery"]);
    place.set("settings/config.json", &[("max_agents", json!(2))]);
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(place.easy("shop", &format!("s{n}")));
        ids.push(place.easy("bakery", &format!("b{n}")));
    }
    let mut args = vec!["sling"];
    args.extend(ids.iter().map(String::as_str));
    let report = place.sandbox.run({
        args.push("--json");
        place.command(&args)
    });
    let report = report.ok().json();
    let states: Vec<_> = report["slung"].as_array().unwrap().iter().map(|slung| slung["state"].clone()).collect();
    assert_eq!(states.iter().filter(|state| **state == "active").count(), 2, "{report}");
    assert_eq!(states.iter().filter(|state| **state == "queued").count(), 4, "{report}");
    place.wait_closed(&ids);
    place.wait_closed(&[report["convoy"].as_str().unwrap().to_owned()]);
    for (rig, letter) in [("shop", "s"), ("bakery", "b")] {
        let files = place.files(&place.origin(rig));
        for n in 0..3 {
            assert!(files.contains(&format!("{letter}{n}.txt")), "{rig}: {files:?}");
        }
        assert_eq!(place.subjects(&place.origin(rig)).len(), 4, "each bead is one commit");
    }
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn limits_hold_work_back_and_say_which() {
    let place = Place::new(&["shop"]);
    let wait = || place.bead("shop", "Wait", "read line < /dev/tty", &[]);
    let held = |keys: serde_json::Value, said: &str| {
        place.set("settings/config.json", &[("limits", keys)]);
        let report = place.gt(["sling", &wait(), "shop", "--json"]).ok().json();
        let slung = &report["slung"][0];
        assert_eq!(slung["state"], "queued", "{report}");
        assert!(slung["note"].as_str().unwrap().contains(said), "{report}");
    };
    place.gt(["scheduler", "pause"]).ok();
    place.gt(["scheduler", "resume"]).ok();
    place.gt(["sling", &wait(), "shop"]).ok();
    held(json!({"agents_by_runtime": {"script": 1}}), "1 of 1 script agents run");
    held(json!({"starts_per_minute": 1}), "limits.starts_per_minute");
    held(json!({"free_memory_mb": 1_000_000_000}), "limits.free_memory_mb");
    held(json!({"free_disk_mb": 1_000_000_000}), "limits.free_disk_mb");
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn a_convoy_goes_on_by_itself_in_the_order_of_its_dependencies() {
    let place = Place::new(&["shop"]);
    let first = place.bead("shop", "First", "# First\necho 1 > order.txt", &[]);
    let second = place.bead("shop", "Second", "# Second\necho 2 >> order.txt", &[&first]);
    let third = place.bead("shop", "Third", "# Third\necho 3 >> order.txt", &[&second]);
    let loose = place.easy("shop", "loose");
    let convoy = place.gt(["convoy", "create", "Waves", &first, &second, &third, &loose, "--json"]).ok().json();
    let convoy = convoy["id"].as_str().unwrap().to_owned();
    place.gt(["sling", &first, "shop"]).ok();
    place.wait_closed(&[first, second, third, loose, convoy.clone()]);
    let shown = place.sandbox.git(&place.origin("shop"), ["show", "main:order.txt"]).stdout;
    assert_eq!(shown, "1\n2\n3\n");
    let status = place.gt(["convoy", "show", &convoy, "--json"]).ok().json();
    assert_eq!((status["completed"].clone(), status["total"].clone()), (json!(4), json!(4)));
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn of_eight_slings_of_one_bead_one_wins() {
    let place = Place::new(&["shop"]);
    let id = place.bead("shop", "Once", "# Once\nread line < /dev/tty", &[]);
    let children: Vec<_> = (0..8)
        .map(|_| {
            let mut command = place.command(&["sling", &id, "shop"]);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let outputs: Vec<_> = children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    let won = outputs.iter().filter(|output| output.status.success()).count();
    let words: Vec<_> = outputs.iter().map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).collect();
    assert_eq!(won, 1, "{words:?}");
    assert!(words.iter().filter(|word| word.contains("already assigned")).count() == 7, "{words:?}");
    let polecats = std::fs::read_dir(place.root.join("shop/polecats")).unwrap().count();
    assert_eq!((polecats, place.agents().len()), (1, 1));
    place.gt(["unsling", &id]).ok();
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn a_sling_killed_half_way_is_finished_or_undone() {
    let place = Place::new(&["shop"]);
    let ids: Vec<String> = (0..6).map(|n| place.easy("shop", &format!("f{n}"))).collect();
    for (n, id) in ids.iter().enumerate() {
        let mut child = place.command(&["sling", id, "shop"]).spawn().unwrap();
        // Moments all along the way, from before the transaction to after the start.
        std::thread::sleep(std::time::Duration::from_millis(15 * n as u64 + 5));
        let _ = child.kill();
        child.wait().unwrap();
    }
    place.gt(["daemon", "start"]).ok();
    for id in &ids {
        // Nothing is left in between: it is somebody's, or nobody's and can be slung again.
        wait_for("the start is over", || {
            let row = gastown::work::assignment::find(place.desk().ledger.conn(), id).unwrap();
            row.is_none_or(|row| row.state != gastown::work::assignment::State::Spawning).then_some(())
        });
        let run = place.gt(["sling", id, "shop"]);
        assert!(run.status == Some(0) || run.stderr.contains("already") || run.stderr.contains("closed"), "{run:?}");
    }
    place.wait_closed(&ids);
    let subjects = place.subjects(&place.origin("shop"));
    assert_eq!(subjects.len(), 7, "each exactly once: {subjects:?}");
    place.gt(["daemon", "stop"]).ok();
    if let Some(pid) = place.daemon_pid() {
        kill(pid, "-9");
    }
}

#[test]
fn what_waits_for_a_place_goes_by_priority_then_by_the_age_of_its_convoy() {
    let place = Place::new(&["shop"]);
    place.set("settings/config.json", &[("max_agents", json!(1))]);
    let holder = place.bead("shop", "Holds the place", "sleep 1000", &[]);
    place.gt(["sling", &holder, "shop"]).ok();
    let names = ["young", "old", "urgent", "late"];
    let ids: Vec<String> = names.iter().map(|name| place.bead("shop", name, "sleep 1000", &[])).collect();
    place.sandbox.bd_in(&place.root, ["update", &ids[2], "--priority", "0"]).ok();
    let convoys: Vec<String> = [(&names[0], &ids[0]), (&names[1], &ids[1])]
        .iter()
        .map(|(name, id)| {
            let made = place.gt(["convoy", "create", name, id, "--json"]).ok().json();
            made["id"].as_str().unwrap().to_owned()
        })
        .collect();
    let long_ago = Timestamp::now().plus_seconds(-10 * 3600).to_string();
    place
        .desk()
        .ledger
        .conn()
        .execute("UPDATE beads SET created_at = ?1 WHERE id = ?2", [&long_ago, &convoys[1]])
        .unwrap();
    place.gt(["sling", &ids[0], &ids[1], &ids[2], "shop"]).ok();
    place.gt(["sling", &ids[3], "shop"]).ok();
    let queued = place.gt(["scheduler", "status", "--json"]).ok().json();
    assert_eq!(queued["queued"].as_array().unwrap().len(), 4, "{queued}");
    let begun = || -> Vec<String> {
        let events = place.desk().ledger.events_since(0, 10_000).unwrap();
        let spawned = events.into_iter().filter(|event| event.kind == "spawn").filter_map(|event| event.bead);
        spawned.filter(|id| *id != holder).collect()
    };
    let mut working = holder.clone();
    for count in 1..=ids.len() {
        place.gt(["unsling", &working]).ok();
        working = wait_for("the next one starts", || begun().get(count - 1).cloned());
    }
    assert_eq!(begun(), [ids[2].clone(), ids[1].clone(), ids[0].clone(), ids[3].clone()]);
    place.gt(["unsling", &working]).ok();
    place.gt(["daemon", "stop"]).ok();
}
