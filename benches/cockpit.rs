//! The cockpit measured through the built binary in a real PTY: first frame with 30 sessions and 10,000 beads, key to frame, key to an
//! agent's echo (idle and beside 29 flooding agents), what it costs when nothing happens and when all are busy, frames by cause, the
//! slowest update and frame, and memory after a minute (after an hour with GT_LONG=1). Prints one line a figure;
//! `cargo bench --bench cockpit`.
#![allow(clippy::unwrap_used, missing_docs)]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use gastown::ledger::NewBead;
use gastown::town::Town;
use gastown::work::Desk;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const GT: &str = env!("CARGO_BIN_EXE_gt");
const BEADS: usize = 10_000;
const AGENTS: usize = 30;
const KEYS: usize = 200;

struct Cockpit {
    output: Receiver<Vec<u8>>,
    input: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
}

impl Cockpit {
    fn open(home: &Path) -> Self {
        let pty =
            native_pty_system().openpty(PtySize { cols: 160, rows: 48, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(GT);
        command.arg("cockpit");
        command.cwd(home.join("town"));
        for (name, value) in environment(home) {
            command.env(name, value);
        }
        command.env("TERM", "xterm-256color");
        command.env("GT_COCKPIT_STATS", home.join("stats.json"));
        let child = pty.slave.spawn_command(command).unwrap();
        let mut reader = pty.master.try_clone_reader().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { output, input: pty.master.take_writer().unwrap(), child, _master: pty.master }
    }

    fn press(&mut self, keys: &str) {
        self.input.write_all(keys.as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    /// Waits until `words` are in what is written from now on.
    fn until(&self, words: &str) {
        let mut seen = Vec::new();
        loop {
            seen.extend(self.output.recv_timeout(Duration::from_secs(20)).unwrap());
            if String::from_utf8_lossy(&seen).contains(words) {
                return;
            }
        }
    }

    /// Takes what is written until nothing was for `pause`.
    fn settle(&self, pause: Duration) {
        while self.output.recv_timeout(pause).is_ok() {}
    }

    fn quit(mut self) {
        self.press("q");
        self.child.wait().unwrap();
    }

    /// Memory that is its own, in KiB: its part of what it shares with others.
    fn memory(&self) -> u64 {
        let path = format!("/proc/{}/smaps_rollup", self.child.process_id().unwrap());
        let text = std::fs::read_to_string(path).unwrap();
        let line = text.lines().find(|line| line.starts_with("Pss:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// What it costs for `time`, while what it writes is read: share of a core in percent.
    fn share(&self, time: Duration) -> f64 {
        let (cpu, start) = (self.cpu(), Instant::now());
        while start.elapsed() < time {
            let _ = self.output.recv_timeout(Duration::from_millis(50));
        }
        (self.cpu() - cpu).as_secs_f64() / start.elapsed().as_secs_f64() * 100.0
    }

    fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.process_id().unwrap())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }
}

fn environment(home: &Path) -> Vec<(&'static str, PathBuf)> {
    vec![("HOME", home.to_path_buf()), ("XDG_RUNTIME_DIR", home.join("run"))]
}

fn gt(home: &Path, cwd: &Path, args: &[&str]) {
    let done =
        Command::new(GT).args(args).current_dir(cwd).envs(environment(home)).env_remove("GT_ROOT").output().unwrap();
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn percentile(times: &mut [Duration], part: f64) -> Duration {
    times.sort_unstable();
    times[((times.len() - 1) as f64 * part) as usize]
}

/// What was drawn since `before` (its counts by cause), in words.
fn causes(home: &Path, before: &serde_json::Value) -> String {
    let now = stats(home);
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

fn stats(home: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(home.join("stats.json")).unwrap_or_else(|_| "{}".into());
    serde_json::from_str(&text).unwrap()
}

fn report(what: &str, times: &mut [Duration]) {
    println!("{what}: p50 {:.1?}  p99 {:.1?}", percentile(times, 0.5), percentile(times, 0.99));
}

fn echoes(cockpit: &mut Cockpit) -> Vec<Duration> {
    // Letters that nothing else on this screen is made of.
    let letters: Vec<char> = "ßðþøæłŋħ".chars().collect();
    (0..KEYS)
        .map(|n| {
            std::thread::sleep(Duration::from_millis(30));
            while cockpit.output.try_recv().is_ok() {}
            let letter = letters[n % letters.len()].to_string();
            let start = Instant::now();
            cockpit.press(&letter);
            cockpit.until(&letter);
            start.elapsed()
        })
        .collect()
}

fn main() {
    let directory = tempfile::Builder::new().prefix("gt-bench-").tempdir().unwrap();
    let home = directory.path();
    std::fs::create_dir(home.join("run")).unwrap();
    gt(home, home, &["install", home.join("town").to_str().unwrap()]);
    let town = home.join("town");
    let mut desk = Desk::of(Town::open(&town).unwrap()).unwrap();
    desk.ledger
        .write("overseer", |tx| {
            for n in 0..BEADS {
                tx.create("hq", NewBead::titled(format!("Bead number {n} of a large town")))?;
            }
            Ok(())
        })
        .unwrap();
    let name = |n: usize| format!("deacon/dogs/dog{n:02}");
    for n in 0..AGENTS {
        gt(
            home,
            &town,
            &["session", "start", &name(n), "--cwd", "/", "--", "sh", "-c", "stty -icanon; exec cat >/dev/null"],
        );
    }

    let mut first: Vec<Duration> = (0..15)
        .map(|_| {
            let start = Instant::now();
            let cockpit = Cockpit::open(home);
            cockpit.until("dog00");
            let took = start.elapsed();
            cockpit.settle(Duration::from_millis(300));
            cockpit.quit();
            took
        })
        .collect();
    report(&format!("first frame, {AGENTS} sessions, {BEADS} beads"), &mut first);

    let mut cockpit = Cockpit::open(home);
    cockpit.until("dog00");
    cockpit.settle(Duration::from_secs(2));
    let mut moves: Vec<Duration> = (0..KEYS)
        .map(|n| {
            cockpit.settle(Duration::from_millis(60));
            let start = Instant::now();
            cockpit.press(if n % 20 < 10 { "j" } else { "k" });
            cockpit.output.recv_timeout(Duration::from_secs(5)).unwrap();
            start.elapsed()
        })
        .collect();
    report("key to frame, idle", &mut moves);

    cockpit.settle(Duration::from_secs(3));
    let before = stats(home);
    let share = cockpit.share(Duration::from_secs(20));
    println!("idle for 20 s beside {AGENTS} silent agents: {share:.2} % of a core, {}", causes(home, &before));
    let small = cockpit.memory();

    cockpit.press("gg\r");
    cockpit.until("typing");
    report("key to echo, idle", &mut echoes(&mut cockpit));
    for n in 1..AGENTS {
        gt(home, &town, &["session", "stop", &name(n)]);
        gt(
            home,
            &town,
            &["session", "start", &name(n), "--cwd", "/", "--", "sh", "-c", "while :; do seq 1 500; sleep 0.05; done"],
        );
    }
    cockpit.settle(Duration::from_millis(500));
    report(&format!("key to echo, {} agents writing", AGENTS - 1), &mut echoes(&mut cockpit));
    cockpit.press("\x1d");
    cockpit.settle(Duration::from_millis(500));
    let mut moves: Vec<Duration> = (0..KEYS / 2)
        .map(|_| {
            while cockpit.output.try_recv().is_ok() {}
            let start = Instant::now();
            cockpit.press("?");
            cockpit.until("all keys");
            let took = start.elapsed();
            cockpit.press("\x1b");
            std::thread::sleep(Duration::from_millis(80));
            took
        })
        .collect();
    report(&format!("key to frame, {} agents writing", AGENTS - 1), &mut moves);
    for (keys, what) in [("T", "the town"), ("A", "tiles of them")] {
        cockpit.press(keys);
        cockpit.share(Duration::from_secs(1));
        let before = stats(home);
        let share = cockpit.share(Duration::from_secs(20));
        println!("{what} for 20 s, {} agents writing: {share:.1} % of a core, {}", AGENTS - 1, causes(home, &before));
    }
    let minutes = if std::env::var_os("GT_LONG").is_some() { 60 } else { 1 };
    let early = cockpit.memory();
    cockpit.share(Duration::from_secs(60 * minutes));
    let late = cockpit.memory();
    println!(
        "memory: {:.1} MiB idle, {:.1} MiB with tiles, {:.1} MiB after {minutes} min of that",
        small as f64 / 1024.0,
        early as f64 / 1024.0,
        late as f64 / 1024.0
    );
    let slowest = &stats(home)["slowest_ms"];
    println!(
        "slowest update {:.1} ms, slowest frame {:.1} ms",
        slowest["update"].as_f64().unwrap(),
        slowest["draw"].as_f64().unwrap()
    );
    cockpit.press("q");
    cockpit.child.wait().unwrap();
    for n in 0..AGENTS {
        gt(home, &town, &["session", "stop", &name(n)]);
    }
}
