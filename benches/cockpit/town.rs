//! The town that is looked at.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use gastown::ledger::NewBead;
use gastown::town::Town;
use gastown::work::Desk;

use super::person::Person;

/// The binary: the one built with this, or another to compare it with.
pub fn gt_binary() -> PathBuf {
    std::env::var_os("GT_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_gt").into(), PathBuf::from)
}

/// What the agents but the first do.
#[derive(Clone, Copy)]
pub enum Agents {
    /// Read what is typed, and say nothing.
    Silent,
    /// Five hundred lines, twenty times a second.
    Writing,
    /// A hundred lines, three times a second: what an hour can be spent beside.
    Working,
    /// Lines without a pause.
    Flooding,
}

impl Agents {
    fn script(self) -> &'static str {
        match self {
            Self::Silent => "stty -icanon; exec cat >/dev/null",
            Self::Writing => "while :; do seq 1 500; sleep 0.05; done",
            Self::Working => "while :; do seq 1 100; sleep 0.3; done",
            Self::Flooding => "exec yes 'error[E0308]: mismatched types in src/cart.rs:42, expected u64, found i32'",
        }
    }
}

/// The town, and its agents.
pub struct Bench {
    directory: tempfile::TempDir,
    /// How many agents there are.
    pub agents: usize,
    /// How many beads there are.
    pub beads: usize,
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

impl Bench {
    /// Makes the town with its beads and starts silent agents.
    pub fn build() -> Self {
        let begun = Instant::now();
        let directory = tempfile::Builder::new().prefix("gt-bench-").tempdir().unwrap();
        let bench = Self { directory, agents: number("GT_AGENTS", 30), beads: number("GT_BEADS", 10_000) };
        std::fs::create_dir(bench.home().join("run")).unwrap();
        let town = bench.home().join("town");
        gt(bench.home(), bench.home(), &["install", town.to_str().unwrap()]);
        let mut desk = Desk::of(Town::open(&town).unwrap()).unwrap();
        desk.ledger
            .write("overseer", |tx| {
                for n in 0..bench.beads {
                    tx.create("hq", NewBead::titled(format!("Bead number {n} of a large town")))?;
                }
                Ok(())
            })
            .unwrap();
        for n in 0..bench.agents {
            bench.start(n, Agents::Silent);
        }
        // The screen of a first start is not what is measured.
        std::fs::write(town.join(".runtime/cockpit.json"), "{\"welcomed\": true}").unwrap();
        println!("a town with {} sessions and {} beads was made in {:.1?}", bench.agents, bench.beads, begun.elapsed());
        bench
    }

    fn home(&self) -> &Path {
        self.directory.path()
    }

    fn name(n: usize) -> String {
        format!("deacon/dogs/dog{n:02}")
    }

    fn start(&self, n: usize, agents: Agents) {
        let start = ["session", "start", &Self::name(n), "--cwd", "/", "--", "sh", "-c", agents.script()];
        gt(self.home(), &self.home().join("town"), &start);
    }

    fn stop(&self, n: usize) {
        gt(self.home(), &self.home().join("town"), &["session", "stop", &Self::name(n)]);
    }

    /// Has all agents but the first do something else.
    pub fn replace(&self, agents: Agents) {
        for n in 1..self.agents {
            self.stop(n);
            self.start(n, agents);
        }
    }

    /// Opens the cockpit.
    pub fn open(&self) -> Person {
        Person::open(self.home())
    }

    /// What the cockpit has counted so far.
    pub fn stats(&self) -> serde_json::Value {
        let text = std::fs::read_to_string(self.home().join("stats.json")).unwrap_or_else(|_| "{}".into());
        serde_json::from_str(&text).unwrap()
    }

    /// What was drawn since `before`, by cause.
    pub fn causes(&self, before: &serde_json::Value) -> String {
        let now = self.stats();
        let counts: Vec<String> = now["causes"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(cause, count)| {
                let new = count.as_u64()? - before["causes"][cause].as_u64().unwrap_or(0);
                (new > 0).then(|| format!("{cause} {new}"))
            })
            .collect();
        if counts.is_empty() { "no frame".to_owned() } else { format!("frames by cause: {}", counts.join(", ")) }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // What was started must not go on, when a measurement was given up no more than at its end.
        for n in 0..self.agents {
            let stop = ["session", "stop", &Self::name(n)];
            let town = self.home().join("town");
            let _ = Command::new(gt_binary()).args(stop).current_dir(town).envs(environment(self.home())).output();
        }
    }
}

/// What makes the town nobody else's.
pub fn environment(home: &Path) -> Vec<(&'static str, PathBuf)> {
    vec![("HOME", home.to_path_buf()), ("XDG_RUNTIME_DIR", home.join("run"))]
}

fn gt(home: &Path, cwd: &Path, args: &[&str]) {
    let done = Command::new(gt_binary())
        .args(args)
        .current_dir(cwd)
        .envs(environment(home))
        .env_remove("GT_ROOT")
        .output()
        .unwrap();
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
}
