//! Many writers of which one is killed every second: what a command has acknowledged is in the database and in the file.
//!
//! For five seconds, thirty with `GT_LONG=1`, or `GT_WRITER_SECONDS`.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::bd_basics::project;
use crate::support::{BD, Sandbox};

const WRITERS: usize = 64;

fn seconds() -> u64 {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    match (set("GT_WRITER_SECONDS"), set("GT_LONG")) {
        (Some(seconds), _) => seconds.parse().unwrap(),
        (None, Some(_)) => 30,
        (None, None) => 5,
    }
}

/// What a bead must be like; nothing is known of a field while a killed command may have changed it.
#[derive(Debug, Clone)]
struct Expected {
    closed: Option<bool>,
    comments: usize,
    comments_known: bool,
}

/// The process a writer runs at the moment.
type Place = Mutex<Option<Child>>;

/// Runs `bd` where it can be killed; what it printed, or nothing when it was or did not get its turn.
fn run(sandbox: &Sandbox, dir: &std::path::Path, place: &Place, args: &[&str]) -> Option<String> {
    let mut command = sandbox.command(BD);
    command.current_dir(dir).args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    *place.lock().unwrap() = Some(command.spawn().unwrap());
    loop {
        std::thread::sleep(Duration::from_millis(3));
        let mut running = place.lock().unwrap();
        let ended = running.as_mut().unwrap().try_wait().unwrap();
        if ended.is_some() {
            let output = running.take().unwrap().wait_with_output().unwrap();
            use std::os::unix::process::ExitStatusExt;
            if output.status.signal() == Some(9) {
                return None;
            }
            let error = String::from_utf8_lossy(&output.stderr);
            // On a machine that is busy with other things 64 writers may need longer than one of them waits: it has said so, and
            // acknowledged nothing.
            if error.contains("database is locked") {
                return None;
            }
            assert!(output.status.success(), "{args:?}: {error}");
            return Some(String::from_utf8(output.stdout).unwrap().trim().to_owned());
        }
    }
}

/// Makes, closes, reopens and comments until it is time to end.
fn write(
    sandbox: &Sandbox,
    dir: &std::path::Path,
    place: &Place,
    number: usize,
    end: &AtomicBool,
) -> BTreeMap<String, Expected> {
    let mut beads = BTreeMap::new();
    for round in 0.. {
        if end.load(Ordering::Relaxed) {
            break;
        }
        let title = format!("Work of writer {number}, round {round}");
        let Some(id) = run(sandbox, dir, place, &["q", &title]) else { continue };
        let expected =
            beads.entry(id.clone()).or_insert(Expected { closed: Some(false), comments: 0, comments_known: true });
        if round % 2 == 0 && !end.load(Ordering::Relaxed) {
            expected.closed = run(sandbox, dir, place, &["close", &id, "-r", "done"]).map(|_| true);
        }
        if round % 3 == 0 && !end.load(Ordering::Relaxed) {
            match run(sandbox, dir, place, &["comment", &id, "seen"]) {
                Some(_) => expected.comments += 1,
                None => expected.comments_known = false,
            }
        }
    }
    beads
}

#[test]
fn whatever_was_acknowledged_outlives_killed_writers() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let places: Vec<Place> = (0..WRITERS).map(|_| Mutex::new(None)).collect();
    let end = AtomicBool::new(false);
    let mut kills = 0;
    let expected: BTreeMap<String, Expected> = std::thread::scope(|scope| {
        let writers: Vec<_> = places
            .iter()
            .enumerate()
            .map(|(number, place)| {
                let (sandbox, dir, end) = (&sandbox, &dir, &end);
                scope.spawn(move || write(sandbox, dir, place, number, end))
            })
            .collect();
        let start = Instant::now();
        let mut dice = 12_345_usize;
        while start.elapsed() < Duration::from_secs(seconds()) {
            std::thread::sleep(Duration::from_secs(1));
            // The first one running from a random place on.
            dice = dice.wrapping_mul(1_103_515_245).wrapping_add(12_345) >> 3;
            for at in 0..WRITERS {
                if let Some(child) = places[(dice + at) % WRITERS].lock().unwrap().as_mut() {
                    child.kill().unwrap();
                    kills += 1;
                    break;
                }
            }
        }
        end.store(true, Ordering::Relaxed);
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    assert!(kills >= 1 && expected.len() >= WRITERS / 2, "{kills} kills, {} beads", expected.len());

    // The file as the last command left it, before any other command can mend it.
    let text = std::fs::read_to_string(dir.join(".beads/issues.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let database = rusqlite::Connection::open(dir.join(".beads/ledger.db")).unwrap();
    let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    {
        // And the database as it left it, before any other command can read the file back into it.
        let mut statement = database
            .prepare("SELECT id, status, (SELECT count(*) FROM comments WHERE bead = b.id) FROM beads b")
            .unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get::<_, i64>(2)?)))).unwrap();
        let rows: BTreeMap<String, (String, i64)> = rows.collect::<Result<_, _>>().unwrap();
        for (id, expected) in &expected {
            let (status, comments) =
                rows.get(id).unwrap_or_else(|| panic!("{id} was acknowledged and is not in the database"));
            assert!(expected.closed.is_none_or(|closed| closed == (status == "closed")), "{id} is {status}");
            assert!(usize::try_from(*comments).unwrap() >= expected.comments, "{id} has {comments} comments");
        }
        println!(
            "{} writers for {} s, {kills} killed; {} beads acknowledged, {} in the database",
            WRITERS,
            seconds(),
            expected.len(),
            rows.len()
        );
    }
    let listed = sandbox.bd_in(&dir, ["export"]).ok().stdout;
    let listed: Vec<serde_json::Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (place, beads) in [("file", &lines), ("database", &listed)] {
        let beads: BTreeMap<&str, &serde_json::Value> =
            beads.iter().map(|bead| (bead["id"].as_str().unwrap(), bead)).collect();
        for (id, expected) in &expected {
            let bead =
                beads.get(id.as_str()).unwrap_or_else(|| panic!("{id} was acknowledged and is not in the {place}"));
            if let Some(closed) = expected.closed {
                assert_eq!(bead["status"] == "closed", closed, "{id} in the {place}");
            }
            let comments = bead["comments"].as_array().map_or(0, Vec::len);
            assert!(comments >= expected.comments, "{id} lacks a comment in the {place}");
            assert!(
                comments == expected.comments || !expected.comments_known,
                "{id} has too many comments in the {place}"
            );
        }
    }
}
