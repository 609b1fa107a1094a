//! `.events.jsonl` has every event of the ledger exactly once, whoever is killed; `gt feed` and `gt log` tell them in words.

use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::support::wait_for;
use crate::town::{Place, kill};

fn lines(place: &Place) -> Vec<Value> {
    let text = std::fs::read_to_string(place.root.join(".events.jsonl")).unwrap_or_default();
    // The last line may just be being written.
    text.split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn in_step(place: &Place) -> Option<()> {
    let ledger: Vec<i64> = place.desk().ledger.events_since(0, usize::MAX).unwrap().iter().map(|e| e.seq).collect();
    let file: Vec<i64> = lines(place).iter().map(|line| line["seq"].as_i64().unwrap()).collect();
    assert!(file.windows(2).all(|pair| pair[0] < pair[1]), "in order and none twice: {file:?}");
    (ledger == file).then_some(())
}

#[test]
fn every_event_is_in_the_file_once_whoever_is_killed() {
    let place = Place::new(&["shop"]);
    let shop = place.root.join("shop");
    place.sandbox.bd_in(&shop, ["create", "By command"]).ok();
    in_step(&place).expect("a command without a daemon writes it itself");
    let mut moment = 5_u64;
    let mut ids = Vec::new();
    for round in 0..6 {
        ids.push(place.easy("shop", &format!("f{round}")));
        place.gt(["sling", &ids[round], "shop"]).ok();
        place.gt(["daemon", "start"]).ok();
        moment = (moment * 37 + 11) % 211;
        std::thread::sleep(Duration::from_millis(moment));
        if let Some(pid) = place.daemon_pid() {
            kill(pid, "-9");
        }
        // One that was killed while it wrote leaves half a line.
        if round % 2 == 1 {
            use std::io::Write;
            wait_for("it is dead", || place.daemon_pid().is_none().then_some(()));
            let mut file = std::fs::OpenOptions::new().append(true).open(place.root.join(".events.jsonl")).unwrap();
            file.write_all(b"{\"ts\":\"20").unwrap();
        }
    }
    place.gt(["daemon", "start"]).ok();
    place.wait_closed(&ids);
    wait_for("the file is in step", || in_step(&place));
    let merged: Vec<Value> = lines(&place).into_iter().filter(|line| line["type"] == "merged").collect();
    assert_eq!(merged.len(), 6);
    let line = &merged[0];
    assert_eq!((line["source"].as_str(), line["visibility"].as_str()), (Some("gt"), Some("both")), "{line}");
    assert_eq!(line["actor"], "shop/refinery");
    assert!(line["ts"].is_string() && line["payload"]["branch"].is_string() && line["payload"]["bead"].is_string());
    place.gt(["daemon", "stop"]).ok();
    in_step(&place).expect("the daemon writes all before it ends");
}

#[test]
fn the_feed_tells_what_happened_and_goes_on_telling() {
    let place = Place::new(&["shop", "bakery"]);
    assert!(place.gt(["feed"]).ok().stdout.contains("Nothing yet"));
    let (first, other) = (place.easy("shop", "alpha"), place.easy("bakery", "beta"));
    place.gt(["sling", &first, &other]).ok();
    place.wait_closed(&[first.clone(), other.clone()]);
    let text = place.gt(["feed", "--rig", "shop"]).ok().stdout;
    for words in ["slung", "Write alpha → shop", "finished", "merged", "Write alpha"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("beta") && !text.contains("updated"), "{text}");
    let merged = place.gt(["feed", "--type", "merged", "--since", "1h", "--json"]).ok().json();
    assert_eq!(merged.as_array().unwrap().len(), 2, "{merged}");
    assert!(merged[0]["text"].as_str().unwrap().starts_with("merged Write "), "{merged}");
    assert_eq!(
        place
            .gt(["feed", "--since", "2020-01-01T00:00:00Z", "-n", "3", "--json"])
            .ok()
            .json()
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert!(place.gt(["log", "-n", "500"]).ok().stdout.contains("updated"));
    assert!(place.gt(["feed", "--since", "lately"]).code(2).stderr.contains("hint:"));

    let mut follower = place.command(&["feed", "--follow", "--json", "--type", "reopened"]);
    let mut child = follower.stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut seen = Vec::new();
        let mut byte = [0];
        while !seen.ends_with(b"\n") && stdout.read(&mut byte).unwrap_or(0) == 1 {
            seen.push(byte[0]);
        }
        String::from_utf8(seen).unwrap()
    });
    place.desk().ledger.write("overseer", |tx| tx.reopen(&first, "again")).unwrap();
    let line: Value = serde_json::from_str(&reader.join().unwrap()).unwrap();
    assert_eq!((&line["type"], &line["payload"]["bead"]), (&"reopened".into(), &first.as_str().into()));
    child.kill().unwrap();
    child.wait().unwrap();
    place.gt(["daemon", "stop"]).ok();
}
