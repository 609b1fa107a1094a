//! How long a molecule takes as it grows: `cargo bench --bench formula -- [--quick] [DISCS...]`.
//!
//! The towers of Hanoi with 10 to 20 discs, 2^discs steps, in a town whose daemon holds its lock.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gastown::base::lock::Lock;
use gastown::ledger::Ledger;

fn run(program: &str, cwd: &Path, args: &[&str]) -> (Duration, u64, String) {
    let start = Instant::now();
    let child = Command::new(program)
        .args(args)
        .current_dir(cwd)
        .env_remove("GT_ROOT")
        .env("BD_ACTOR", "bench")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id();
    // The kernel keeps the high-water mark only while the process lives.
    let watch = std::thread::spawn(move || {
        let mut most = 0;
        while let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) {
            let Some(line) = status.lines().find(|line| line.starts_with("VmHWM:")) else { break };
            most = most.max(line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
        most
    });
    let output = child.wait_with_output().unwrap();
    let took = start.elapsed();
    assert!(output.status.success(), "{args:?}");
    (took, watch.join().unwrap() / 1024, String::from_utf8(output.stdout).unwrap())
}

fn main() {
    let mut discs: Vec<u32> = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => discs = vec![10, 12],
            "--bench" => {}
            number => discs.push(number.parse().unwrap()),
        }
    }
    if discs.is_empty() {
        discs = (10..=20).step_by(2).collect();
    }
    println!("{:>5} {:>9} {:>12} {:>12} {:>9} {:>16}", "discs", "beads", "pour", "per bead", "MiB", "close and next");
    for discs in discs {
        let dir = tempfile::tempdir().unwrap();
        let town = dir.path().join("town");
        run(env!("CARGO_BIN_EXE_gt"), dir.path(), &["install", town.to_str().unwrap()]);
        let lock = Lock::try_acquire(&town.join(".runtime/daemon.lock")).unwrap();
        assert!(lock.is_some());
        let bd = env!("CARGO_BIN_EXE_bd");
        // A daemon has the ledger open as well, so that no command is alone with it.
        let ledger = Ledger::open(&town.join(".runtime/ledger.db")).unwrap();
        let variable = format!("discs={discs}");
        let (pour, memory, out) = run(bd, &town, &["mol", "wisp", "hanoi", "--var", &variable, "--json"]);
        let poured: serde_json::Value = serde_json::from_str(&out).unwrap();
        let created = poured["created"].as_u64().unwrap();
        let root = poured["new_epic_id"].as_str().unwrap();
        let (_, _, out) = run(bd, &town, &["ready", "--parent", root, "--json", "-n", "1"]);
        let ready: serde_json::Value = serde_json::from_str(&out).unwrap();
        let mut step = ready[0]["id"].as_str().unwrap().to_owned();
        let mut times = Vec::new();
        for _ in 0..21 {
            let (took, _, out) = run(bd, &town, &["close", &step, "--continue", "--json"]);
            times.push(took);
            let closed: serde_json::Value = serde_json::from_str(&out).unwrap();
            closed["continue"]["next_step"]["id"].as_str().unwrap().clone_into(&mut step);
        }
        times.sort_unstable();
        let each = pour / u32::try_from(created).unwrap();
        println!(
            "{discs:>5} {created:>9} {:>12} {:>12} {memory:>9} {:>16}",
            format!("{pour:.1?}"),
            format!("{each:.1?}"),
            format!("{:.1?}", times[times.len() / 2])
        );
        drop((ledger, lock));
    }
    println!("budgets at 20 discs: pour 60 s, 2048 MiB; next step 10 ms");
}
