//! How long whole processes take: `gt --version`, `gt agents` in a town, and what a shell asks at a tab in a town of 10,000 beads.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gastown::ledger::NewBead;
use gastown::town::Town;
use gastown::work::Desk;

const GT: &str = env!("CARGO_BIN_EXE_gt");
const BEADS: usize = 10_000;
const RUNS: usize = 60;

fn run(cwd: &Path, args: &[&str], env: &[(&str, &str)]) -> Vec<u8> {
    let done = Command::new(GT)
        .args(args)
        .current_dir(cwd)
        .env_remove("GT_ROOT")
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(done.status.success(), "gt {args:?}");
    done.stdout
}

fn measure(what: &str, budget: Duration, cwd: &Path, args: &[&str], env: &[(&str, &str)]) -> Vec<u8> {
    let said = run(cwd, args, env);
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            run(cwd, args, env);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    let (median, p95) = (times[RUNS / 2], times[RUNS * 95 / 100]);
    println!("{what:<44} median {median:>9.2?}   p95 {p95:>9.2?}   budget {budget:?}");
    said
}

/// What each shell's script runs at a tab.
fn completions(town: &Path) {
    let mut desk = Desk::of(Town::open(town).unwrap()).unwrap();
    let id = desk
        .ledger
        .write("overseer", |tx| {
            let mut last = String::new();
            for n in 0..BEADS {
                last = tx.create("hq", NewBead::titled(format!("Bead number {n} of a large town")))?.id;
            }
            Ok(last)
        })
        .unwrap();
    drop(desk);
    let budget = Duration::from_millis(20);
    let almost = &id[..id.len() - 1];
    for shell in ["bash", "zsh", "fish"] {
        for (what, typed, index) in [
            ("a bead", ["sling", almost], "2"),
            ("any bead", ["sling", ""], "2"),
            ("a convoy", ["convoy", "show"], "3"),
        ] {
            let mut args = vec!["--", "gt", typed[0], typed[1]];
            args.extend((index == "3").then_some(""));
            let env = [
                ("GT_COMPLETE", shell),
                ("_CLAP_COMPLETE_INDEX", index),
                ("_CLAP_COMPLETE_COMP_TYPE", "9"),
                ("_CLAP_COMPLETE_SPACE", "true"),
                ("_CLAP_IFS", "\n"),
            ];
            let said = measure(&format!("{what} at a tab in {shell}, {BEADS} beads"), budget, town, &args, &env);
            let said = String::from_utf8_lossy(&said).into_owned();
            assert!(what != "a bead" || said.contains(&id), "{shell}: {said}");
        }
    }
}

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let town = dir.path().join("town");
    run(dir.path(), &["install", town.to_str().unwrap()], &[]);
    measure("gt --version", Duration::from_millis(5), dir.path(), &["--version"], &[]);
    measure("gt agents", Duration::from_millis(15), &town, &["agents"], &[]);
    measure("gt config show", Duration::from_millis(15), &town, &["config", "show"], &[]);
    completions(&town);
}
