//! Sessions beside tmux, on the same data and in turn, so that the machine's moods hit both: throughput with nobody looking and with a
//! terminal attached, and of a terminal whose output is thrown away, which bounds both; thirty at once, memory with full scrollback, time
//! to attach, and what silence costs. Prints one line a figure; `cargo bench --bench terminal`, with words as arguments only what their names contain. Without tmux only ours are taken.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "terminal/data.rs"]
mod data;
#[path = "terminal/ours.rs"]
mod ours;
#[path = "terminal/pty.rs"]
mod pty;
#[path = "terminal/tmux.rs"]
mod tmux;

use std::path::{Path, PathBuf};
use std::time::Duration;

use ours::Ours;
use tmux::Tmux;

/// Mebibytes of each kind of data.
const SIZE: usize = 16;
/// Rounds of which the median is taken.
const ROUNDS: usize = 5;
/// Sessions at once.
const MANY: usize = 30;
/// How much of its kind each of them writes, in parts of the whole.
const SHARE: usize = 4;
/// How long silence is watched.
const SILENCE: Duration = Duration::from_secs(10);

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints a figure of both sides; `more` says whether more is better.
fn line(what: &str, unit: &str, ours: f64, theirs: Option<f64>, more: bool) {
    match theirs {
        // Nothing to compare.
        Some(theirs) if ours == theirs => println!("{what:<44} {ours:>9.2} {unit:<5} tmux {theirs:>9.2} {unit}"),
        Some(theirs) => {
            let factor = if more { ours / theirs } else { theirs / ours };
            println!("{what:<44} {ours:>9.2} {unit:<5} tmux {theirs:>9.2} {unit:<5} {factor:>6.2} times better");
        }
        None => println!("{what:<44} {ours:>9.2} {unit}"),
    }
}

/// How fast a file was taken.
#[derive(Clone, Copy)]
pub struct Taken {
    /// Megabytes a second.
    pub speed: f64,
    /// Megabytes for each second of CPU that the host, or the server, used: what another machine's load doesn't change.
    pub thrift: f64,
}

fn throughput(directory: &Path, kinds: &[(&str, PathBuf)], attached: bool) {
    let town = Ours::new(directory);
    for (kind, file) in kinds {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(town.swallow(file, attached));
            if let Some(tmux) = Tmux::new() {
                theirs.push(tmux.swallow(file, attached));
            }
        }
        let how = if attached { "attached" } else { "detached" };
        let of = |all: &[Taken], which: fn(&Taken) -> f64| {
            (!all.is_empty()).then(|| median(all.iter().map(which).collect()))
        };
        for (what, unit, which) in
            [("", "MB/s", (|taken| taken.speed) as fn(&Taken) -> f64), (", CPU", "MB/s", |taken| taken.thrift)]
        {
            let theirs = of(&theirs, which);
            line(&format!("throughput {how}{what}: {kind}"), unit, of(&ours, which).unwrap_or(f64::NAN), theirs, true);
        }
    }
}

/// What the kernel's terminals give at most, which bounds all of these figures.
fn bare(kinds: &[(&str, PathBuf)]) {
    let Some((_, file)) = kinds.last() else { return };
    let taken: Vec<Taken> = (0..ROUNDS).map(|_| pty::bare(file)).collect();
    for (what, which) in [("", (|taken| taken.speed) as fn(&Taken) -> f64), (", CPU", |taken| taken.thrift)] {
        let what = format!("throughput of a terminal nobody reads{what}");
        line(&what, "MB/s", median(taken.iter().map(which).collect()), None, true);
    }
}

fn many(directory: &Path, kinds: &[(&str, PathBuf)], mebibytes: usize) {
    for (kind, _) in kinds.iter().filter(|(kind, _)| matches!(*kind, "plain" | "agent")) {
        let file = &directory.join("share");
        data::write(kind, file, (mebibytes / SHARE).max(1));
        let ours = Ours::new(directory).swallow_many(file, MANY);
        let theirs = Tmux::new().map(|tmux| tmux.swallow_many(file, MANY));
        line(&format!("throughput of {MANY} at once: {kind}"), "MB/s", ours, theirs, true);
    }
}

fn memory(directory: &Path) {
    let file = directory.join("full");
    data::full_lines(&file, 10_100);
    let ours = Ours::new(directory);
    ours.fill(&file, MANY);
    let full = ours.memory_mib(MANY);
    drop(ours);
    let theirs = Tmux::new().map(|tmux| {
        tmux.fill(&file, MANY);
        tmux.memory_mib()
    });
    line(&format!("memory of {MANY} with 10,000 full lines each"), "MiB", full, theirs, false);
    let ours = Ours::new(directory);
    ours.start_idle(MANY);
    std::thread::sleep(Duration::from_secs(2));
    line("memory of one idle host", "MiB", ours.memory_mib(MANY) / MANY as f64, None, false);
}

fn attach(directory: &Path) {
    let ours = Ours::new(directory);
    ours.start_idle(1);
    let tmux = Tmux::new();
    if let Some(tmux) = &tmux {
        tmux.start_marked();
    }
    let (mut times, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        times.push(ours.attach_time());
        theirs.extend(tmux.as_ref().map(Tmux::attach_time));
    }
    let theirs = (!theirs.is_empty()).then(|| median(theirs));
    line("attach until the screen is there", "ms", median(times), theirs, false);
}

fn silence(directory: &Path) {
    let ours = Ours::new(directory);
    ours.start_idle(MANY);
    let attached = ours.attach("d0");
    std::thread::sleep(Duration::from_secs(2));
    let part = ours.cpu_during(MANY, SILENCE);
    drop(attached);
    let theirs = Tmux::new().map(|tmux| {
        tmux.start_idle(MANY);
        let _attached = tmux.attach();
        std::thread::sleep(Duration::from_secs(2));
        tmux.cpu_during(SILENCE)
    });
    line(&format!("{MANY} silent sessions, one attached"), "% CPU", part, theirs, false);
}

fn main() {
    let directory = std::env::temp_dir().join(format!("gt-bench-terminal-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let words: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |part: &str| words.is_empty() || words.iter().any(|word| part.contains(word.as_str()));
    let megabytes = std::env::var("GT_BENCH_MIB").ok().and_then(|text| text.parse().ok()).unwrap_or(SIZE);
    let kinds: Vec<(&str, PathBuf)> = data::KINDS
        .iter()
        .map(|kind| {
            let file = directory.join(kind);
            data::write(kind, &file, megabytes);
            (*kind, file)
        })
        .collect();
    if wanted("bare") {
        bare(&kinds);
    }
    if wanted("detached") {
        throughput(&directory, &kinds, false);
    }
    if wanted("attached") {
        throughput(&directory, &kinds, true);
    }
    if wanted("many") {
        many(&directory, &kinds, megabytes);
    }
    if wanted("memory") {
        memory(&directory);
    }
    if wanted("attach") {
        attach(&directory);
    }
    if wanted("silence") {
        silence(&directory);
    }
    std::fs::remove_dir_all(&directory).unwrap();
}
