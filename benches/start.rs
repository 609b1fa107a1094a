//! How long whole processes take: `gt --version`, and `gt agents` in a town.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const GT: &str = env!("CARGO_BIN_EXE_gt");
const RUNS: usize = 60;

fn run(cwd: &Path, args: &[&str]) {
    let status = Command::new(GT)
        .args(args)
        .current_dir(cwd)
        .env_remove("GT_ROOT")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "gt {args:?}");
}

fn measure(what: &str, budget: Duration, cwd: &Path, args: &[&str]) {
    run(cwd, args);
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            run(cwd, args);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    let (median, p95) = (times[RUNS / 2], times[RUNS * 95 / 100]);
    println!("{what:<24} median {median:>9.2?}   p95 {p95:>9.2?}   budget {budget:?}");
}

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let town = dir.path().join("town");
    run(dir.path(), &["install", town.to_str().unwrap()]);
    measure("gt --version", Duration::from_millis(5), dir.path(), &["--version"]);
    measure("gt agents", Duration::from_millis(15), &town, &["agents"]);
    measure("gt config show", Duration::from_millis(15), &town, &["config", "show"]);
}
