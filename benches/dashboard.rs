//! The dashboard measured through the built binary: how long until a browser has all that the first page shows, with 10,000 beads
//! and 30 agents, and what 200 event streams at once cost while nothing happens. Prints one line a figure;
//! `cargo bench --bench dashboard`.
#![allow(clippy::unwrap_used, missing_docs)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gastown::ledger::NewBead;
use gastown::town::Town;
use gastown::work::Desk;
use serde_json::Value;

const GT: &str = env!("CARGO_BIN_EXE_gt");
const BEADS: usize = 10_000;
const AGENTS: usize = 30;
const STREAMS: usize = 200;
const IDLE: Duration = Duration::from_secs(20);
const TIMES: usize = 25;
/// The parts of the picture, the last of which makes the page complete.
const PARTS: [&str; 7] = ["town", "agents", "rigs", "convoys", "feed", "hooks", "mail"];

fn environment(home: &Path) -> Vec<(&'static str, PathBuf)> {
    vec![("HOME", home.to_path_buf()), ("XDG_RUNTIME_DIR", home.join("run"))]
}

fn gt(home: &Path, cwd: &Path, args: &[&str]) {
    let done =
        Command::new(GT).args(args).current_dir(cwd).envs(environment(home)).env_remove("GT_ROOT").output().unwrap();
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

struct Board {
    child: Child,
    port: u16,
    cookie: String,
}

impl Board {
    fn open(home: &Path) -> Board {
        let mut child = Command::new(GT)
            .args(["dashboard", "--port", "0", "--json"])
            .current_dir(home.join("town"))
            .envs(environment(home))
            .env_remove("GT_ROOT")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut text = String::new();
        let told: Value = loop {
            text.push_str(&lines.next().unwrap().unwrap());
            if let Ok(told) = serde_json::from_str(&text) {
                break told;
            }
        };
        let login = told["login"].as_str().unwrap();
        let (host, path) = login.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let port = host.rsplit(':').next().unwrap().parse().unwrap();
        let mut board = Board { child, port, cookie: String::new() };
        let mut answer = board.ask(&format!("/{path}"));
        let mut line = String::new();
        while answer.read_line(&mut line).unwrap() > 2 {
            if let Some(cookie) = line.to_ascii_lowercase().strip_prefix("set-cookie: ") {
                board.cookie = line[line.len() - cookie.len()..].split(';').next().unwrap().to_owned();
            }
            line.clear();
        }
        assert!(!board.cookie.is_empty());
        board
    }

    fn ask(&self, path: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let (port, cookie) = (self.port, &self.cookie);
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        BufReader::new(stream)
    }

    /// Opens a stream and waits until every part of the picture has come.
    fn whole_picture(&self) -> BufReader<TcpStream> {
        let mut reader = self.ask("/events");
        let mut left: Vec<&str> = PARTS.to_vec();
        let mut line = String::new();
        while !left.is_empty() {
            line.clear();
            assert!(reader.read_line(&mut line).unwrap() > 0, "the stream ended");
            if let Some(name) = line.strip_prefix("event: ") {
                left.retain(|part| *part != name.trim());
            }
        }
        reader
    }

    fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn median(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    format!("median {:.1?}, worst {:.1?} of {}", times[times.len() / 2], times[times.len() - 1], times.len())
}

fn timed<T>(mut work: impl FnMut() -> T) -> Vec<Duration> {
    (0..TIMES)
        .map(|_| {
            let start = Instant::now();
            drop(work());
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
        let run = "echo at work; stty -icanon; exec cat >/dev/null";
        gt(home, &town, &["session", "start", &name(n), "--cwd", "/", "--", "sh", "-c", run]);
    }

    // The first browser waits for the town to be read; the others find it read.
    let cold: Vec<Duration> = (0..TIMES)
        .map(|_| {
            let board = Board::open(home);
            let start = Instant::now();
            drop(board.whole_picture());
            start.elapsed()
        })
        .collect();
    println!("first paint data, {AGENTS} agents, {BEADS} beads, the first browser: {}", median(cold));
    let board = Board::open(home);
    let first = board.whole_picture();
    println!(
        "first paint data, {AGENTS} agents, {BEADS} beads, a further browser: {}",
        median(timed(|| board.whole_picture()))
    );
    let state = timed(|| {
        let mut text = String::new();
        board.ask("/api/state").read_to_string(&mut text).unwrap();
        assert!(text.len() > 1000);
    });
    println!("the whole state, read anew each time: {}", median(state));
    drop(first);

    let streams: Vec<_> = (0..STREAMS).map(|_| board.whole_picture()).collect();
    std::thread::sleep(Duration::from_secs(5));
    let (cpu, start) = (board.cpu(), Instant::now());
    std::thread::sleep(IDLE);
    let share = (board.cpu() - cpu).as_secs_f64() / start.elapsed().as_secs_f64() * 100.0;
    println!("{} event streams, nothing happens, {AGENTS} agents: {share:.2} % of a core", streams.len());
    drop(streams);
    drop(board);
    for n in 0..AGENTS {
        gt(home, &town, &["session", "stop", &name(n)]);
    }
}
