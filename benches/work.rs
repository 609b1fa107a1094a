//! How long the way of work takes in a repository of 5,000 files: sling to running agent, handed in to merged, closed to landed.
//! `cargo bench --bench work [-- --quick] [hooks] [way] [agents] [queue] [idle] [snapshots]`; in memory (`/dev/shm`) and on disk.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gastown::ledger::{Event, NewBead};
use gastown::town::Town;
use gastown::work::Desk;

const GT: &str = env!("CARGO_BIN_EXE_gt");
const FILES: usize = 5000;
const BEADS: usize = 10_000;

struct Place {
    dir: tempfile::TempDir,
    town: PathBuf,
}

impl Place {
    fn new(under: &Path) -> Place {
        let dir = tempfile::Builder::new().prefix("gt-bench-").tempdir_in(under).unwrap();
        std::fs::create_dir(dir.path().join("run")).unwrap();
        let source = dir.path().join("source");
        git(dir.path(), &["init", "-q", "-b", "main", "source"]);
        for n in 0..FILES {
            let sub = source.join(format!("src/part{}", n % 100));
            std::fs::create_dir_all(&sub).unwrap();
            std::fs::write(sub.join(format!("file{n}.txt")), format!("line {n}\n").repeat(40)).unwrap();
        }
        git(&source, &["add", "."]);
        git(&source, &["commit", "-qm", "Many files"]);
        git(dir.path(), &["clone", "-q", "--bare", "source", "origin.git"]);
        let place = Place { town: dir.path().join("town"), dir };
        place.gt(place.dir.path(), &["install", place.town.to_str().unwrap()]);
        place.gt(&place.town, &["config", "default-agent", "script"]);
        let origin = place.dir.path().join("origin.git");
        place.gt(&place.town, &["rig", "add", "many", origin.to_str().unwrap()]);
        place.gt(&place.town, &["daemon", "start"]);
        place
    }

    fn gt(&self, cwd: &Path, args: &[&str]) -> String {
        let output = Command::new(GT)
            .args(args)
            .current_dir(cwd)
            .env_remove("GT_ROOT")
            .env("XDG_RUNTIME_DIR", self.dir.path().join("run"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "gt {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn desk(&self) -> Desk {
        Desk::of(Town::open(&self.town).unwrap()).unwrap()
    }

    fn bead(&self, title: &str, script: &str) -> String {
        let new = NewBead {
            title: title.into(),
            description: format!("Do it.\n\n```sh\n{script}\n```\n"),
            ..NewBead::default()
        };
        self.desk().ledger.write("overseer", |tx| tx.create("many", new)).unwrap().id
    }

    /// The first event of `kind` about `bead`, once it is there.
    fn event(&self, bead: &str, kind: &str) -> Event {
        let begin = Instant::now();
        loop {
            let events = self.desk().ledger.events_of(bead).unwrap();
            if let Some(event) = events.into_iter().find(|event| event.kind == kind) {
                return event;
            }
            assert!(begin.elapsed() < Duration::from_secs(120), "no {kind} of {bead}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gt(&self.town, &["daemon", "stop"]);
    }
}

fn git(cwd: &Path, args: &[&str]) {
    let status = Command::new("git")
        .args(["-c", "user.name=Bench", "-c", "user.email=bench@example.org"])
        .args(args)
        .current_dir(cwd)
        .status()
        .unwrap();
    assert!(status.success(), "git {args:?}");
}

fn row(place: &str, what: &str, budget: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    println!(
        "{place:<6} {what:<48} median {median:>7.1} ms   worst {worst:>7.1} ms   n {:>2}   budget {budget}",
        times.len()
    );
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn between(a: &Event, b: &Event) -> f64 {
    millis(Duration::from_nanos(u64::try_from(b.ts.unix_nanos() - a.ts.unix_nanos()).unwrap_or(0)))
}

fn measure(name: &str, under: &Path, runs: usize) {
    let place = Place::new(under);
    let mut sling = Vec::new();
    for n in 0..=runs {
        let id = place.bead(&format!("Wait {n}"), "sleep 3600");
        let begin = Instant::now();
        place.gt(&place.town, &["sling", &id, "many", "--json"]);
        sling.push(millis(begin.elapsed()));
        place.gt(&place.town, &["unsling", &id]);
    }
    // The first one asks the origin for news.
    sling.remove(0);
    row(name, "sling: command to running agent, one bead", "250 ms", sling);

    let mut batch = Vec::new();
    for round in 0..runs.div_ceil(3) {
        let ids: Vec<String> = (0..6).map(|n| place.bead(&format!("Batch {round}.{n}"), "sleep 3600")).collect();
        let mut args = vec!["sling"];
        args.extend(ids.iter().map(String::as_str));
        args.push("many");
        let begin = Instant::now();
        place.gt(&place.town, &args);
        batch.push(millis(begin.elapsed()));
        for id in &ids {
            place.gt(&place.town, &["unsling", id]);
        }
    }
    row(name, "sling: six beads at once, all agents running", "-", batch);

    let (mut started, mut merged, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..runs {
        let id = place.bead(&format!("Write {n}"), &format!("# Write\necho {n} > new{n}.txt"));
        let report: serde_json::Value =
            serde_json::from_str(&place.gt(&place.town, &["sling", &id, "many", "--json"])).unwrap();
        let convoy = report["convoy"].as_str().unwrap().to_owned();
        let done = place.event(&id, "done");
        started.push(between(&done, &place.event(&id, "merge_started")));
        merged.push(between(&done, &place.event(&id, "merged")));
        told.push(between(&place.event(&id, "closed"), &place.event(&convoy, "convoy_landed")));
    }
    row(name, "handed in to refinery started", "100 ms", started);
    row(name, "handed in to merged and pushed, no gate", "-", merged);
    row(name, "last bead closed to convoy landed", "100 ms", told);
}

/// A program in the place of Claude Code: says that it is there by a file of its session's name, and stays.
const FAKE: &str = "#!/bin/sh\n: > \"@AT@/$GT_SESSION\"\nwhile read -r line; do :; done\n";

/// `gt prime` and `gt mail check` in a town of 10,000 beads, and ten beads slung to ten sessions of `claude`.
fn measure_agents(name: &str, under: &Path, runs: usize) {
    let place = Place::new(under);
    let at = place.dir.path().join("there");
    std::fs::create_dir(&at).unwrap();
    let fake = place.dir.path().join("fake-claude");
    std::fs::write(&fake, FAKE.replace("@AT@", at.to_str().unwrap())).unwrap();
    std::fs::set_permissions(&fake, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    place.gt(&place.town, &["config", "agent", "set", "claude", fake.to_str().unwrap()]);
    let mut desk = place.desk();
    desk.ledger
        .write("overseer", |tx| {
            for n in 0..BEADS {
                let new = NewBead { title: format!("Bead {n}"), ..NewBead::default() };
                tx.create("many", new)?;
            }
            for n in 0..50 {
                gastown::work::mail::post(tx, "mayor/", "many/crew/ann", &format!("Message {n}"), "Text", 2)?;
            }
            Ok(())
        })
        .unwrap();
    drop(desk);
    place.gt(&place.town, &["crew", "add", "ann", "--rig", "many"]);
    let own = place.bead("The bead on the hook", "true");
    place.gt(&place.town, &["sling", &own, "many/crew/ann"]);
    let home = place.town.join("many/crew/ann");
    for (what, budget, args) in [
        ("prime, 10,000 beads", "15 ms", ["prime", "--dry-run"].as_slice()),
        ("mail check --inject, 10,000 beads", "8 ms", &["mail", "check", "--inject"]),
        ("mail inbox, 10,000 beads", "15 ms", &["mail", "inbox"]),
    ] {
        let mut times = Vec::new();
        for _ in 0..runs * 3 {
            let begin = Instant::now();
            place.gt(&home, args);
            times.push(millis(begin.elapsed()));
        }
        row(name, what, budget, times);
    }

    let mut slung = Vec::new();
    for round in 0..runs.div_ceil(3) {
        let ids: Vec<String> = (0..10).map(|n| place.bead(&format!("Ten {round}.{n}"), "true")).collect();
        let mut args = vec!["sling"];
        args.extend(ids.iter().map(String::as_str));
        args.extend(["many", "--agent", "claude", "--json"]);
        let begin = Instant::now();
        let report: serde_json::Value = serde_json::from_str(&place.gt(&place.town, &args)).unwrap();
        let sessions: Vec<String> =
            report["slung"].as_array().unwrap().iter().map(|one| one["session"].as_str().unwrap().to_owned()).collect();
        while !sessions.iter().all(|session| at.join(session).exists()) {
            assert!(begin.elapsed() < Duration::from_secs(120), "not all of {sessions:?} work");
            std::thread::sleep(Duration::from_millis(1));
        }
        slung.push(millis(begin.elapsed()));
        for id in &ids {
            place.gt(&place.town, &["unsling", id]);
        }
        for session in &sessions {
            let _ = std::fs::remove_file(at.join(session));
        }
    }
    row(name, "sling: ten beads to ten claude sessions at work", "-", slung);
}

/// The command that runtimes' hooks call at every tool call, in a town of 10,000 beads.
fn hooks(runs: usize) {
    const BEADS: usize = 10_000;
    let place = Place::new(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let mut desk = place.desk();
    desk.ledger
        .write("overseer", |tx| {
            for n in 0..BEADS {
                tx.create("many", NewBead { title: format!("Bead {n}"), ..NewBead::default() })?;
            }
            Ok(())
        })
        .unwrap();
    drop(desk);
    for (event, input) in [
        ("PostToolUse", r#"{"session_id":"c1","hook_event_name":"PostToolUse","tool_name":"Bash"}"#),
        ("UserPromptSubmit", r#"{"session_id":"c1","hook_event_name":"UserPromptSubmit","prompt":"go on"}"#),
        ("SessionStart", r#"{"session_id":"c1","hook_event_name":"SessionStart","source":"startup"}"#),
    ] {
        let mut spent = Vec::new();
        for _ in 0..runs * 10 {
            let begin = Instant::now();
            let mut child = Command::new(GT)
                .args(["hook-event", event])
                .current_dir(&place.town)
                .env("GT_ROOT", &place.town)
                .env("GT_SESSION", "hq-mayor")
                .env("GT_ROLE", "mayor")
                .env("XDG_RUNTIME_DIR", place.dir.path().join("run"))
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
            assert!(child.wait().unwrap().success());
            spent.push(millis(begin.elapsed()));
        }
        row("disk", &format!("hook-event {event}, 10,000 beads"), "8 ms", spent);
    }
}

/// What a snapshot of a worktree of 50,000 files costs: with nothing changed, and with a few files changed, new and gone.
fn snapshots(name: &str, under: &Path, runs: usize) {
    const FILES: usize = 50_000;
    let dir = tempfile::Builder::new().prefix("gt-bench-").tempdir_in(under).unwrap();
    let path = dir.path().join("many");
    git(dir.path(), &["init", "-q", "-b", "main", "many"]);
    for n in 0..FILES {
        let sub = path.join(format!("part{}/sub{}", n % 100, n / 100 % 10));
        std::fs::create_dir_all(&sub).unwrap();
        std::fs::write(sub.join(format!("file{n}.txt")), format!("line {n}\n").repeat(20)).unwrap();
    }
    git(&path, &["add", "."]);
    git(&path, &["commit", "-qm", "Many files"]);
    // git trusts no file that is as young as its index.
    std::thread::sleep(Duration::from_millis(1100));
    git(&path, &["status", "--short"]);
    let worktree = gastown::repo::Worktree::open(&path).unwrap();
    worktree.snapshot("bench", "first").unwrap();
    let (mut same, mut changed) = (Vec::new(), Vec::new());
    for n in 0..runs {
        let begin = Instant::now();
        assert!(worktree.snapshot("bench", "nothing changed").unwrap().is_none());
        same.push(millis(begin.elapsed()));
        for part in 0..5 {
            std::fs::write(path.join(format!("part{part}/sub0/file{part}.txt")), format!("changed {n}\n")).unwrap();
            std::fs::write(path.join(format!("part{part}/new{n}.txt")), "new\n").unwrap();
        }
        let begin = Instant::now();
        assert!(worktree.snapshot("bench", "ten files").unwrap().is_some());
        changed.push(millis(begin.elapsed()));
    }
    row(name, "snapshot, 50,000 files, nothing changed", "1000 ms", same);
    row(name, "snapshot, 50,000 files, ten changed", "1000 ms", changed);
}

/// Requests merged per minute behind a gate of a second, when so many may be merged together.
fn queue_rate(name: &str, under: &Path, batch: usize, requests: usize) {
    let place = Place::new(under);
    let settings = place.town.join("many/settings/config.json");
    let set = |enabled: bool| {
        let queue = serde_json::json!({"enabled": enabled, "batch_size": batch, "test_command": "sleep 1"});
        let all = serde_json::json!({"type": "rig-settings", "version": 1, "merge_queue": queue});
        std::fs::write(&settings, all.to_string()).unwrap();
    };
    set(false);
    let ids: Vec<String> =
        (0..requests).map(|n| place.bead(&format!("Write {n}"), &format!("# Write\necho {n} > new{n}.txt"))).collect();
    let mut args = vec!["sling"];
    args.extend(ids.iter().map(String::as_str));
    args.push("many");
    place.gt(&place.town, &args);
    for id in &ids {
        place.event(id, "done");
    }
    set(true);
    let begin = Instant::now();
    // The refinery reads its settings when something changes.
    place.bead("Wake", "true");
    for id in &ids {
        place.event(id, "merged");
    }
    #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
    let rate = requests as f64 * 60.0 / begin.elapsed().as_secs_f64();
    println!(
        "{name:<6} merged per minute with a gate of 1 s, stacks of {batch:<9} {rate:>9.0}            n {requests:>2}"
    );
}

/// What the daemon takes while 30 agents do nothing and the ledger holds 100,000 beads.
fn idle_daemon(name: &str, under: &Path, seconds: u64) {
    let place = Place::new(under);
    let settings = place.town.join("settings/config.json");
    let all = serde_json::json!({
        "type": "town-settings", "version": 1, "default_agent": "script", "max_agents": 30,
        "limits": {"starts_per_minute": 0}
    });
    std::fs::write(settings, all.to_string()).unwrap();
    let mut desk = place.desk();
    for part in 0..100 {
        let made = desk.ledger.write("overseer", |tx| {
            for n in 0..1000 {
                tx.create("many", NewBead { title: format!("Bead {part}.{n}"), ..NewBead::default() })?;
            }
            Ok(())
        });
        made.unwrap();
    }
    for n in 0..30 {
        let id = place.bead(&format!("Wait {n}"), "sleep 3600");
        place.gt(&place.town, &["sling", &id, "many"]);
    }
    let status: serde_json::Value =
        serde_json::from_str(&place.gt(&place.town, &["daemon", "status", "--json"])).unwrap();
    let pid = status["pid"].as_i64().unwrap();
    // The time all its threads were given by a processor, to the nanosecond.
    let spent = || -> f64 {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
        let spent = threads.filter_map(|thread| {
            let stat = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
            stat.split(' ').next()?.parse::<f64>().ok()
        });
        spent.sum::<f64>() / 1e9
    };
    let share_of = |seconds: u64| {
        let before = spent();
        std::thread::sleep(Duration::from_secs(seconds));
        #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
        let share = (spent() - before) / seconds as f64 * 100.0;
        share
    };
    // Until its exports and first looks are over.
    let begin = Instant::now();
    while share_of(2) > 10.0 && begin.elapsed() < Duration::from_secs(60) {}
    let share = share_of(seconds);
    let memory = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let pss = memory.lines().find_map(|line| line.strip_prefix("Pss:")).map_or("?", str::trim);
    println!(
        "{name:<6} daemon with 30 idle agents and 100,000 beads: {share:.2} % of a core in {seconds} s, {pss} (PSS)"
    );
    for row in
        gastown::work::assignment::in_states(place.desk().ledger.conn(), &[gastown::work::assignment::State::Active])
            .unwrap()
    {
        place.gt(&place.town, &["unsling", &row.bead]);
    }
}

const PARTS: [&str; 6] = ["hooks", "way", "agents", "queue", "idle", "snapshots"];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let quick = words.iter().any(|word| word == "--quick");
    let named: Vec<&String> = words.iter().filter(|word| PARTS.contains(&word.as_str())).collect();
    let wanted = |part: &str| named.is_empty() || named.iter().any(|word| *word == part);
    let runs = if quick { 3 } else { 9 };
    let begin = Instant::now();
    println!("repository of {FILES} files; whole processes; median of {runs} unless n says otherwise");
    let disk = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let memory = Path::new("/dev/shm");
    if wanted("hooks") {
        hooks(runs);
    }
    for (name, under) in [("memory", memory), ("disk", disk)] {
        if wanted("way") && under.is_dir() {
            measure(name, under, runs);
        }
        if wanted("agents") && under.is_dir() {
            measure_agents(name, under, runs);
        }
    }
    // Many files are quickly made and read anywhere, but removing them again may take minutes on a disk that discards each.
    let (name, under) = if memory.is_dir() { ("memory", memory) } else { ("disk", disk) };
    if wanted("queue") {
        for batch in [1, 5] {
            queue_rate(name, under, batch, if quick { 10 } else { 20 });
        }
    }
    if wanted("idle") {
        idle_daemon(name, under, if quick { 10 } else { 20 });
    }
    if wanted("snapshots") {
        snapshots(name, under, runs);
    }
    println!("in {} s", begin.elapsed().as_secs());
}
