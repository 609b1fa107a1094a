//! How long whole `bd` processes take on ledgers of several sizes, and how that grows: `cargo bench --bench ledger -- [--quick] [SIZE...]`.
//! A real bd 0.47 on the PATH is measured beside ours on the smallest size.
//!
//! Beads are as in grown projects: two in five depend on another, three in ten are closed, some have parents, labels and texts.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gastown::base::lock::Lock;
use gastown::ledger::Ledger;

/// What is promised, for 10,000 and where there is a second figure 100,000 beads.
const BUDGETS: [(&str, &str); 13] = [
    ("import of a fresh clone", "2 s"),
    ("version", "5 ms"),
    ("ready --json", "15 ms, 50 ms"),
    ("ready, in a town", "15 ms, 50 ms"),
    ("list --json", "15 ms, 50 ms"),
    ("show --json", "15 ms, 50 ms"),
    ("list --status open -p 1", "15 ms, 50 ms"),
    ("search", "15 ms, 50 ms"),
    ("blocked --json", "15 ms, 50 ms"),
    ("stats --json", "15 ms, 50 ms"),
    ("create, daemon runs", "15 ms"),
    ("update, daemon runs", "15 ms"),
    ("close, daemon runs", "15 ms"),
];
const BD: &str = env!("CARGO_BIN_EXE_bd");

fn bd(cwd: &Path, args: &[&str]) -> String {
    let output = Command::new(BD)
        .args(args)
        .current_dir(cwd)
        .env_remove("GT_ROOT")
        .env("BD_ACTOR", "bench")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "bd {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn measure(runs: usize, mut run: impl FnMut(usize)) -> Duration {
    run(0);
    median(
        (1..=runs)
            .map(|number| {
                let start = Instant::now();
                run(number);
                start.elapsed()
            })
            .collect(),
    )
}

fn id(number: usize) -> String {
    let mut digits = [b'0'; 5];
    let mut rest = number * 7_919 % 60_466_176;
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[rest % 36];
        rest /= 36;
    }
    format!("lab-{}", std::str::from_utf8(&digits).unwrap())
}

fn file(size: usize) -> String {
    let mut lines: Vec<String> = (0..size)
        .map(|n| {
            let time = format!("2026-01-{:02}T{:02}:{:02}:{:02}.5Z", 1 + n / 86_400 % 28, n / 3600 % 24, n / 60 % 60, n % 60);
            let body = "What is to be done, and why it matters to whoever uses it. ".repeat(1 + n % 12);
            let mut line = format!(
                "{{\"id\":\"{}\",\"title\":\"Piece of work number {n}\",\"description\":\"{body}\",\"status\":\"{}\",\"priority\":{},\
                 \"issue_type\":\"{}\",\"created_at\":\"{time}\",\"created_by\":\"bench\",\"updated_at\":\"{time}\"",
                id(n),
                if n % 10 < 3 { "closed" } else { "open" },
                n % 5,
                ["task", "bug", "feature"][n % 3],
            );
            if n % 10 < 3 {
                let _ = write!(line, ",\"closed_at\":\"{time}\",\"close_reason\":\"Closed\"");
            }
            if n % 7 == 0 {
                line.push_str(",\"labels\":[\"area\"]");
            }
            if n > 20 && n % 5 < 2 {
                let kind = if n % 10 < 8 { "blocks" } else { "parent-child" };
                let _ = write!(
                    line,
                    ",\"dependencies\":[{{\"issue_id\":\"{}\",\"depends_on_id\":\"{}\",\"type\":\"{kind}\",\"created_at\":\"{time}\"}}]",
                    id(n),
                    id(n - 1 - n % 17)
                );
            }
            line.push_str("}\n");
            line
        })
        .collect();
    lines.sort();
    lines.concat()
}

fn main() {
    let mut runs = 30;
    let mut sizes: Vec<usize> = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => (runs, sizes) = (5, vec![1_000, 3_000]),
            "--bench" => {}
            size => sizes.push(size.parse().unwrap()),
        }
    }
    if sizes.is_empty() {
        sizes = vec![1_000, 3_000, 10_000, 30_000, 100_000];
    }
    print!("{:<28}", "median of whole processes");
    sizes.iter().for_each(|size| print!("{size:>12}"));
    println!();

    let mut table: Vec<(&str, Vec<Duration>)> = Vec::new();
    let mut row = |name, time| match table.iter_mut().find(|(known, _)| *known == name) {
        Some((_, times)) => times.push(time),
        None => table.push((name, vec![time])),
    };
    for &size in &sizes {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        std::fs::create_dir(dir.join(".beads")).unwrap();
        std::fs::write(dir.join(".beads/issues.jsonl"), file(size)).unwrap();
        let start = Instant::now();
        bd(dir, &["count"]);
        row("import of a fresh clone", start.elapsed());
        row("version", measure(runs, |_| drop(bd(dir, &["version"]))));
        row("ready --json", measure(runs, |_| drop(bd(dir, &["ready", "--json"]))));
        row("list --json", measure(runs, |_| drop(bd(dir, &["list", "--json"]))));
        let one = id(size / 2);
        row("show --json", measure(runs, |_| drop(bd(dir, &["show", &one, "--json"]))));
        row("list --status open -p 1", measure(runs, |_| drop(bd(dir, &["list", "--status", "open", "-p", "1"]))));
        row("list --label area", measure(runs, |_| drop(bd(dir, &["list", "--label", "area"]))));
        row("search", measure(runs, |_| drop(bd(dir, &["search", "number 4711"]))));
        row("blocked --json", measure(3, |_| drop(bd(dir, &["blocked", "--json"]))));
        row("stats --json", measure(runs, |_| drop(bd(dir, &["stats", "--json"]))));
        row("list --all -n 0 --json", measure(3, |_| drop(bd(dir, &["list", "--all", "-n", "0", "--json"]))));
        row("export", measure(3, |_| drop(bd(dir, &["export"]))));
        for deferred in [false, true] {
            let town = tempfile::tempdir().unwrap();
            let (mut place, mut daemon) = (dir.to_owned(), None);
            if deferred {
                // A town whose daemon holds its lock, so that exports are left to it, and the ledger open: no command is alone with it.
                place = town.path().join("town");
                let status = Command::new(env!("CARGO_BIN_EXE_gt"))
                    .args(["install", place.to_str().unwrap()])
                    .env_remove("GT_ROOT")
                    .stdout(Stdio::null())
                    .status()
                    .unwrap();
                assert!(status.success());
                std::fs::write(place.join(".beads/issues.jsonl"), file(size).replace("lab-", "hq-")).unwrap();
                bd(&place, &["count"]);
                let lock = Lock::try_acquire(&place.join(".runtime/daemon.lock")).unwrap().unwrap();
                daemon = Some((lock, Ledger::open_existing(&place.join(".runtime/ledger.db")).unwrap()));
                row("ready, in a town", measure(runs, |_| drop(bd(&place, &["ready", "--json"]))));
            }
            let mut made = Vec::new();
            let create = measure(runs, |_| made.push(bd(&place, &["q", "Made by the benchmark"]).trim().to_owned()));
            let update = measure(runs, |n| drop(bd(&place, &["update", &made[n], "-p", "1"])));
            let close = measure(runs, |n| drop(bd(&place, &["close", &made[n]])));
            row(if deferred { "create, daemon runs" } else { "create, alone" }, create);
            row(if deferred { "update, daemon runs" } else { "update, alone" }, update);
            row(if deferred { "close, daemon runs" } else { "close, alone" }, close);
            drop(daemon);
        }
    }
    for (name, times) in &table {
        print!("{name:<28}");
        times.iter().for_each(|time| print!("{:>12}", format!("{time:.1?}")));
        match BUDGETS.iter().find(|(budgeted, _)| budgeted == name) {
            Some((_, budget)) => println!("   budget {budget}"),
            None => println!(),
        }
    }
    growth(&sizes, &table);
    peer(sizes.iter().copied().min().unwrap_or(1_000));
}

/// How much slower each command is on the largest ledger than on the smallest, against what n log n allows.
fn growth(sizes: &[usize], table: &[(&str, Vec<Duration>)]) {
    let (Some(first), Some(last)) = (sizes.first(), sizes.last()) else { return };
    if first >= last {
        return;
    }
    #[expect(clippy::cast_precision_loss, reason = "sizes are small")]
    let cost = |size: &usize| *size as f64 * (*size as f64).log2();
    let allowed = cost(last) / cost(first);
    println!("\n{:<28}{:>12}   (n log n: {allowed:.0}; below 1 is within it)", "growth", "times");
    for (name, times) in table.iter().filter(|(_, times)| times.len() == sizes.len()) {
        let grown = times[times.len() - 1].as_secs_f64() / times[0].as_secs_f64().max(1e-6);
        let verdict = if grown <= allowed { "within" } else { "FASTER THAN N LOG N" };
        println!("{name:<28}{grown:>12.1}   {:.2} of it, {verdict}", grown / allowed);
    }
}

/// The same commands of a real bd 0.47, where the PATH has one.
fn peer(size: usize) {
    let said = Command::new("bd").arg("version").stdin(Stdio::null()).output();
    let said = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    if !said.contains("0.47") {
        println!("\nno real bd 0.47 on the PATH to measure beside ours");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let output = Command::new("bd")
            .args(args)
            .current_dir(dir.path())
            .env("BEADS_NO_DAEMON", "1")
            .env("BD_ACTOR", "bench")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "bd {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    assert!(Command::new("git").args(["init", "-q"]).current_dir(dir.path()).status().unwrap().success());
    run(&["init", "--prefix", "lab", "-q"]);
    std::fs::write(dir.path().join("beads.jsonl"), file(size)).unwrap();
    let start = Instant::now();
    run(&["import", "-i", "beads.jsonl"]);
    println!("\nreal bd 0.47, {size} beads\n{:<28}{:>12}", "import", format!("{:.1?}", start.elapsed()));
    let one = id(size / 2);
    for args in [
        vec!["ready", "--json"],
        vec!["list", "--json"],
        vec!["show", &one, "--json"],
        vec!["create", "By the benchmark"],
    ] {
        println!("{:<28}{:>12}", args[0], format!("{:.1?}", measure(3, |_| run(&args))));
    }
}
