//! `gt demo --headless`: the whole way of work from beads to a merged project, and nothing left behind.

use std::path::Path;

use serde_json::Value;

use crate::support::{GT, Run, Sandbox, wait_for};

fn demo(sandbox: &Sandbox, args: &[&str]) -> Run {
    let mut command = sandbox.command(GT);
    command.arg("demo").args(args);
    sandbox.run(command)
}

fn check(sandbox: &Sandbox, report: &Value, dir: &Path, agents: usize, beads: usize) {
    assert_eq!(report["ok"], true, "{report}");
    assert_eq!((&report["merged"], &report["beads"]), (&beads.into(), &beads.into()));
    assert_eq!((&report["landed"], &report["convoys"]), (&2.into(), &2.into()));
    assert_eq!((&report["agents"], &report["commits"]), (&agents.into(), &beads.into()));
    wait_for("every process of the demo to be gone", || sandbox.processes().is_empty().then_some(()));

    let origin = dir.join("origin.git");
    sandbox.git(&origin, ["fsck", "--strict", "--no-dangling"]);
    let log = sandbox.git(&origin, ["log", "--format=%an %ae", "main"]).stdout;
    let authors: Vec<&str> = log.lines().collect();
    assert_eq!(authors.len(), beads + 1);
    assert!(
        authors[..beads].iter().all(|author| author.contains("units/polecats/") && author.ends_with("@gastown.local")),
        "{log}"
    );

    let checkout = sandbox.path("checkout");
    sandbox.git(dir, ["clone", "-q", origin.to_str().unwrap(), checkout.to_str().unwrap()]);
    let tests = sandbox.program("./test.sh", &checkout, []).ok();
    assert!(tests.stdout.contains("all right"), "{tests:?}");
    let files = sandbox.git(&checkout, ["ls-files"]).stdout;
    assert!(
        files.lines().all(|file| ["README.md", "test.sh", "units.sh"].contains(&file)
            || ["catalogue/", "tests/", "units/"].iter().any(|place| file.starts_with(place))),
        "something of ours was committed: {files}"
    );
}

#[test]
fn the_demo_merges_all_its_work_and_leaves_nothing_running() {
    let sandbox = Sandbox::new();
    let run = demo(&sandbox, &["here", "--headless", "--json"]).ok();
    let dir = sandbox.path("here");
    check(&sandbox, &run.json(), &dir, 6, 12);
    assert!(run.stderr.contains("convoy landed: Everyday units"), "{}", run.stderr);

    let again = demo(&sandbox, &["here", "--headless"]).code(4);
    assert!(again.stderr.contains("holds a demo already") && again.stderr.contains("hint:"), "{again:?}");
    demo(&sandbox, &["other", "--headless", "--beads", "1000"]).code(2);
    assert!(!sandbox.path("other").exists());
}

#[test]
fn thirty_agents_do_sixty_beads() {
    let sandbox = Sandbox::new();
    let run = demo(&sandbox, &["many", "--headless", "--agents", "30", "--json"]).ok();
    check(&sandbox, &run.json(), &sandbox.path("many"), 30, 60);
}

#[test]
fn an_interrupted_demo_ends_what_it_started_and_keeps_the_work() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(GT);
    command.args(["demo", "here", "--headless"]);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut demo = command.spawn().unwrap();
    let sessions = sandbox.path("here/town/.runtime/sessions");
    wait_for("a session to be there", || std::fs::read_dir(&sessions).ok()?.next().map(|_| ()));
    sandbox.program("kill", &sandbox.path("home"), ["-INT", &demo.id().to_string()]).ok();
    let status = wait_for("the demo to end", || demo.try_wait().unwrap());
    assert_eq!(status.code(), Some(1));
    wait_for("every process of the demo to be gone", || sandbox.processes().is_empty().then_some(()));
    let town = sandbox.path("here/town");
    let beads = sandbox.bd_in(&town.join("units"), ["--json", "list"]).ok();
    assert!(beads.json().as_array().is_some_and(|beads| !beads.is_empty()), "{beads:?}");
}
