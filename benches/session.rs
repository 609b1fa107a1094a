//! Sessions measured through the built binary: start, key to echo (idle and beside flooding sessions), throughput against tmux on the
//! same data, memory of an idle host. Prints one line a figure; `cargo bench --bench session`.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use gastown::session::{AttachMode, Client, ClientMsg, ServerMsg};
use gastown::terminal::{Key, KeyPress, ScreenState};
use gastown::town::Town;

const GT: &str = env!("CARGO_BIN_EXE_gt");
const ECHOES: usize = 300;
const FLOODS: usize = 29;

struct Bench {
    directory: PathBuf,
    town: Town,
}

impl Bench {
    fn gt(&self, args: &[&str]) -> Output {
        run(&self.directory, &self.directory.join("town"), args)
    }

    fn start(&self, address: &str, script: &str) -> Duration {
        let start = Instant::now();
        let done = self.gt(&["session", "start", address, "--cwd", "/", "--", "sh", "-c", script]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        start.elapsed()
    }

    fn stop(&self, address: &str) {
        assert!(self.gt(&["session", "stop", address]).status.success());
    }

    fn client(&self, session: &str) -> Client {
        Client::connect(&self.town, session).unwrap()
    }
}

fn run(home: &Path, cwd: &Path, args: &[&str]) -> Output {
    Command::new(GT)
        .args(args)
        .current_dir(cwd)
        .env("XDG_RUNTIME_DIR", home.join("run"))
        .env_remove("GT_ROOT")
        .output()
        .unwrap()
}

fn percentile(times: &mut [Duration], part: f64) -> Duration {
    times.sort_unstable();
    times[((times.len() - 1) as f64 * part) as usize]
}

/// Time from sending a key until the client has the frame with its echo.
fn echoes(bench: &Bench) -> Vec<Duration> {
    let mut client = bench.client("hq-mayor");
    client.attach(AttachMode::Control, Some((80, 24))).unwrap();
    let mut screen: Option<ScreenState> = None;
    let mut times = Vec::new();
    for n in 0..ECHOES {
        let key = char::from(b'a' + (n % 26) as u8);
        let wanted = |screen: &ScreenState| {
            let line = screen.lines[usize::from(screen.cursor.row)].text();
            line.ends_with(key)
        };
        // Between two keys more than a frame passes, as between a person's.
        let pause = Instant::now();
        while pause.elapsed() < Duration::from_millis(40) {
            take(&mut client, &mut screen, Duration::from_millis(5));
        }
        let start = Instant::now();
        client.send(&ClientMsg::Key(KeyPress::plain(Key::Char(key)))).unwrap();
        loop {
            take(&mut client, &mut screen, Duration::from_secs(1));
            if screen.as_ref().is_some_and(wanted) {
                break;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "no echo");
        }
        times.push(start.elapsed());
        if n % 40 == 39 {
            client.send(&ClientMsg::Key(KeyPress::plain(Key::Enter))).unwrap();
        }
    }
    times
}

fn take(client: &mut Client, screen: &mut Option<ScreenState>, timeout: Duration) {
    match client.recv(timeout).unwrap() {
        Some(ServerMsg::Full(full)) => *screen = Some(*full),
        Some(ServerMsg::Delta(delta)) => {
            if let Some(screen) = screen {
                delta.apply(screen);
            }
        }
        _ => {}
    }
}

fn report(what: &str, mut times: Vec<Duration>) {
    let (p50, p99) = (percentile(&mut times, 0.5), percentile(&mut times, 0.99));
    println!("{what:<40} p50 {:>8.2} ms   p99 {:>8.2} ms", p50.as_secs_f64() * 1e3, p99.as_secs_f64() * 1e3);
}

/// Seconds until a detached session has taken the whole of `file`.
fn swallow(bench: &Bench, file: &Path) -> f64 {
    let size = std::fs::metadata(file).unwrap().len();
    bench.start("mayor/", &format!("stty -opost; read -r go; exec cat {}; ", file.display()));
    let mut client = bench.client("hq-mayor");
    let start = Instant::now();
    client.send(&ClientMsg::Input(b"\r".to_vec())).unwrap();
    let mut taken = 0;
    // The host's status is answered after what was read is parsed; it ends when the program has.
    while let Ok(status) = client.status() {
        taken = status.bytes_out;
        if taken >= size {
            break;
        }
        // Seldom enough that asking costs the host nothing beside the data.
        std::thread::sleep(Duration::from_millis(10));
    }
    let seconds = start.elapsed().as_secs_f64();
    assert!(taken > 0);
    bench.stop("mayor");
    seconds
}

fn pss_kib(pid: i32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("Pss:")).unwrap_or("Pss: 0 kB");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn main() {
    let directory = std::env::temp_dir().join(format!("gt-bench-session-{}", std::process::id()));
    std::fs::create_dir_all(directory.join("run")).unwrap();
    let made = run(&directory, &directory, &["install", directory.join("town").to_str().unwrap()]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let bench = Bench { town: Town::open(&directory.join("town")).unwrap(), directory };

    let starts = (0..20)
        .map(|_| {
            let time = bench.start("mayor/", "read x");
            bench.stop("mayor");
            time
        })
        .collect();
    report("gt session start until it runs", starts);

    bench.start("mayor/", "exec cat");
    report("key to echo, idle", echoes(&bench));
    let floods: Vec<String> = (0..FLOODS).map(|n| format!("deacon/dogs/d{n}")).collect();
    for flood in &floods {
        bench.start(flood, "while :; do seq 1 100000; done");
    }
    report(&format!("key to echo, {FLOODS} sessions flooding"), echoes(&bench));
    for address in floods.iter().map(String::as_str).chain(["mayor"]) {
        bench.stop(address);
    }

    for n in 0..30 {
        bench.start(&format!("deacon/dogs/d{n}"), "read x");
    }
    let pss: Vec<u64> =
        (0..30).map(|n| pss_kib(bench.client(&format!("hq-dog-d{n}")).status().unwrap().host_pid)).collect();
    println!("{:<40} {} KiB", "PSS of an idle host, mean of 30", pss.iter().sum::<u64>() / 30);
    for n in 0..30 {
        bench.stop(&format!("deacon/dogs/d{n}"));
    }

    let mut files: Vec<PathBuf> = std::env::var("GT_BENCH_FILES")
        .unwrap_or_default()
        .split(':')
        .filter(|f| !f.is_empty())
        .map(PathBuf::from)
        .collect();
    if files.is_empty() {
        let plain = bench.directory.join("plain");
        std::fs::write(
            &plain,
            "The quick brown fox jumps over the lazy dog, and then some more text.\r\n".repeat(200_000),
        )
        .unwrap();
        files.push(plain);
    }
    for file in &files {
        let size = std::fs::metadata(file).unwrap().len() as f64 / 1e6;
        let best = (0..3).map(|_| swallow(&bench, file)).fold(f64::MAX, f64::min);
        println!(
            "{:<40} {:>8.1} MB/s",
            format!("throughput detached: {}", file.file_name().unwrap().to_string_lossy()),
            size / best
        );
    }
    std::fs::remove_dir_all(&bench.directory).unwrap();
}
