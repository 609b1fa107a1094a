//! The cockpit measured through the built binary in a real PTY, in a town of 30 sessions and 10,000 beads: first frame, key to frame and
//! key to an agent's echo (alone, beside 29 agents that write ten thousand lines a second each, and beside 29 that write without a
//! pause), what it costs while nothing happens and while all write, frames by cause, the slowest update and frame, and memory after a
//! while. Prints one line a figure; `cargo bench --bench cockpit`, with words as arguments only the parts they name: first, idle,
//! writing, flooding, memory. With GT_LONG=1 the last is an hour (GT_MINUTES for another time) of agents that write and are replaced,
//! before a person who goes through all views. GT_AGENTS and GT_BEADS change the town, GT_BINARY the binary that is measured.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod cockpit {
    pub mod person;
    pub mod town;
}

use std::time::{Duration, Instant};

use cockpit::person::{Person, percentile};
use cockpit::town::{Agents, Bench};

/// How often each key is measured.
const KEYS: usize = 150;
/// How long something is watched to see what it costs.
const WATCH: Duration = Duration::from_secs(10);

fn report(what: &str, times: &mut [Duration]) {
    println!("{what}: p50 {:.1?}  p99 {:.1?}", percentile(times, 0.5), percentile(times, 0.99));
}

/// From a key that moves the selection to the first byte of the frame.
fn moves(person: &mut Person) -> Vec<Duration> {
    (0..KEYS)
        .map(|n| {
            person.settle(Duration::from_millis(40));
            let start = Instant::now();
            person.press(if n % 20 < 10 { "j" } else { "k" });
            person.any();
            start.elapsed()
        })
        .collect()
}

/// From the key that opens the help to its words on the screen, while other things are drawn too.
fn helps(person: &mut Person) -> Vec<Duration> {
    (0..KEYS / 2)
        .map(|_| {
            person.skip();
            let start = Instant::now();
            person.press("?");
            person.until("all keys");
            let took = start.elapsed();
            // Not escape: a cockpit that is busy would read it together with the next key, as a key with Alt.
            person.press("\x03");
            // The key bar of what lies below: the next key would otherwise open it again before it was seen closed.
            person.until("filter");
            took
        })
        .collect()
}

/// From a letter typed into an agent to that letter on the screen.
fn echoes(person: &mut Person) -> Vec<Duration> {
    // Letters that nothing else on this screen is made of.
    let letters: Vec<String> = "ßðþøæłŋħ".chars().map(|c| c.to_string()).collect();
    (0..KEYS)
        .map(|n| {
            person.pass(Duration::from_millis(30));
            person.skip();
            let letter = &letters[n % letters.len()];
            let start = Instant::now();
            person.press(letter);
            person.until(letter);
            start.elapsed()
        })
        .collect()
}

/// What `view` costs for a while.
fn cost(bench: &Bench, person: &Person, what: &str) {
    let before = bench.stats();
    let cost = person.watch(WATCH);
    println!(
        "{what}, for {} s: {:.2} % of a core, {:.0} KiB/s to the terminal, {}",
        WATCH.as_secs(),
        cost.share,
        cost.bytes as f64 / 1024.0 / WATCH.as_secs_f64(),
        bench.causes(&before)
    );
}

/// Types into the agent that reads what is typed, wherever it stands in the list.
fn enter(person: &mut Person) {
    person.press("/dog00\r\r");
    person.until("typing");
}

/// Stops that, and shows all agents again.
fn leave(person: &mut Person) {
    person.press("\x1d");
    person.pass(Duration::from_millis(300));
    person.press("\x1b");
    person.pass(Duration::from_millis(300));
}

/// Everything that is measured beside agents of one kind.
fn beside(bench: &Bench, person: &mut Person, what: &str) {
    enter(person);
    person.settle(Duration::from_millis(500));
    report(&format!("key to echo, {what}"), &mut echoes(person));
    leave(person);
    report(&format!("key to frame, {what}"), &mut helps(person));
    person.press("A");
    person.pass(Duration::from_secs(1));
    report(&format!("key to frame in tiles, {what}"), &mut helps(person));
    cost(bench, person, &format!("tiles, {what}"));
    person.press("T");
    person.pass(Duration::from_secs(1));
    cost(bench, person, &format!("town, {what}"));
}

/// The first frame of cockpits opened one after the other.
fn first(bench: &Bench) {
    let mut times: Vec<Duration> = (0..15)
        .map(|_| {
            let start = Instant::now();
            let mut person = bench.open();
            person.until("dog00");
            let took = start.elapsed();
            person.settle(Duration::from_millis(200));
            person.leave();
            took
        })
        .collect();
    report(&format!("first frame, {} sessions, {} beads", bench.agents, bench.beads), &mut times);
}

/// Everything that is measured beside agents that say nothing.
fn idle(bench: &Bench, person: &mut Person) {
    let beads = bench.beads;
    report("key to frame, idle", &mut moves(person));
    report("key to help, idle", &mut helps(person));
    person.press(":");
    person.until("everything");
    person.settle(Duration::from_secs(1));
    report(&format!("key to frame in the palette over {beads} beads"), &mut typed(person));
    person.press("\x1b");
    person.settle(Duration::from_millis(300));
    person.press("B");
    person.until("Bead number");
    person.settle(Duration::from_secs(1));
    report(&format!("key to frame in the list of {beads} beads"), &mut moves(person));
    person.press("T");
    person.settle(Duration::from_secs(3));
    for _ in 0..3 {
        cost(bench, person, &format!("idle beside {} silent agents", bench.agents));
    }
    println!("memory, idle: {:.1} MiB", mebibytes(person));
    enter(person);
    report("key to echo, idle", &mut echoes(person));
    leave(person);
}

/// What becomes of memory: a person goes through all views, again and again, beside agents that write and every ten minutes are others.
fn memory(bench: &Bench, person: &mut Person) {
    let long = if std::env::var_os("GT_LONG").is_some() { 60 } else { 1 };
    let minutes = std::env::var("GT_MINUTES").ok().and_then(|text| text.parse().ok()).unwrap_or(long);
    bench.replace(Agents::Working);
    let begun = Instant::now();
    let mut told = 0;
    println!("memory after 0 min: {:.1} MiB", mebibytes(person));
    while told < minutes {
        for view in ["A", "C", "B", "Q", "H", "M", "F", "$", ",", "T"] {
            person.press(view);
            person.pass(Duration::from_millis(1200));
            person.press("jjk");
            person.pass(Duration::from_millis(800));
        }
        let passed = begun.elapsed().as_secs() / 60;
        if passed > told {
            told = passed;
            if told.is_multiple_of(5) || told >= minutes {
                println!("memory after {told} min: {:.1} MiB", mebibytes(person));
            }
            if told.is_multiple_of(10) && told < minutes {
                bench.replace(Agents::Working);
            }
        }
    }
}

fn mebibytes(person: &Person) -> f64 {
    person.memory() as f64 / 1024.0
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |part: &str| words.is_empty() || words.iter().any(|word| word == part);
    let bench = Bench::build();
    if wanted("first") {
        first(&bench);
    }
    let mut person = bench.open();
    person.until("dog00");
    person.settle(Duration::from_secs(2));
    if wanted("idle") {
        idle(&bench, &mut person);
    }
    for (part, agents) in [("writing", Agents::Writing), ("flooding", Agents::Flooding)] {
        if wanted(part) {
            bench.replace(agents);
            beside(&bench, &mut person, &format!("{} agents {part}", bench.agents - 1));
            println!("memory, agents {part}: {:.1} MiB", mebibytes(&person));
        }
    }
    if wanted("memory") {
        memory(&bench, &mut person);
    }
    let slowest = &bench.stats()["slowest_ms"];
    println!(
        "slowest update {:.1} ms, slowest frame {:.1} ms",
        slowest["update"].as_f64().unwrap_or_default(),
        slowest["draw"].as_f64().unwrap_or_default()
    );
    person.leave();
}

/// From a letter of the palette's search, or its taking back, to the first byte of the frame.
fn typed(person: &mut Person) -> Vec<Duration> {
    (0..KEYS / 3)
        .map(|n| {
            person.settle(Duration::from_millis(40));
            let start = Instant::now();
            person.press(["n", "u", "m", "\x7f", "\x7f", "\x7f"][n % 6]);
            person.any();
            start.elapsed()
        })
        .collect()
}
