//! Real input: a clone of a repository with history (this project's own), ten beads that change ten of its files, worked by agents
//! side by side, all ten commits on the target.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{Sandbox, wait_for};

#[test]
fn ten_beads_change_ten_files_of_a_real_repository() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !source.join(".git").exists() {
        eprintln!("skipped: this copy of the project is no git repository");
        return;
    }
    let sandbox = Sandbox::new();
    let origin = sandbox.path("origin.git");
    let (source, origin) = (source.to_str().unwrap(), origin.to_str().unwrap());
    // A checkout made by another user is refused by git unless it is named safe.
    sandbox.git(&sandbox.path("home"), ["config", "--global", "--add", "safe.directory", "*"]);
    sandbox.git(&sandbox.path("home"), ["clone", "-q", "--bare", "--no-hardlinks", source, origin]);
    let head = sandbox.git(Path::new(origin), ["rev-parse", "HEAD"]).stdout.trim().to_owned();
    sandbox.git(Path::new(origin), ["branch", "-f", "trunk", &head]);
    sandbox.git(Path::new(origin), ["symbolic-ref", "HEAD", "refs/heads/trunk"]);
    let files: Vec<String> = sandbox
        .git(Path::new(origin), ["ls-tree", "-r", "--name-only", "trunk", "--", "src"])
        .stdout
        .lines()
        .filter(|line| line.ends_with(".rs"))
        .take(10)
        .map(str::to_owned)
        .collect();
    assert_eq!(files.len(), 10, "the project has ten source files");

    let town = sandbox.path("town");
    sandbox.gt(["install", town.to_str().unwrap()]).ok();
    sandbox.gt_in(&town, ["rig", "add", "proj", origin, "--prefix", "pj"]).ok();
    let mut beads = Vec::new();
    for file in &files {
        let script = format!("Mark {file}.\n\n```sh\n# Append a line\necho '// touched by its agent' >> {file}\n```\n");
        let title = format!("Mark {file}");
        let made = sandbox.bd_in(&town, ["create", &title, "-d", &script, "--rig", "proj", "--json"]).ok().json();
        beads.push(made["id"].as_str().unwrap().to_owned());
    }
    let mut sling = sandbox.command(crate::support::GT);
    sling.current_dir(&town).arg("sling").args(&beads).args(["proj", "--agent", "script"]);
    sandbox.run(sling).ok();

    wait_for("ten beads closed", || {
        let closed = beads.iter().all(|bead| {
            let shown = sandbox.bd_in(&town, ["show", bead, "--json"]).json();
            shown[0]["status"] == "closed"
        });
        closed.then_some(())
    });

    let range = format!("{head}..trunk");
    let log = sandbox.git(Path::new(origin), ["log", "--format=%an|%ae", &range]).stdout;
    assert_eq!(log.lines().count(), 10, "ten commits, none twice:\n{log}");
    let authors: BTreeSet<&str> = log.lines().collect();
    assert!(authors.iter().all(|author| author.contains("proj/polecats/")), "authored as the agents: {authors:?}");
    for file in &files {
        let text = sandbox.git(Path::new(origin), ["show", &format!("trunk:{file}")]).stdout;
        assert_eq!(text.matches("// touched by its agent").count(), 1, "{file}");
    }
    let changed = sandbox.git(Path::new(origin), ["diff", "--name-only", &range]).stdout;
    let changed: BTreeSet<&str> = changed.lines().collect();
    assert_eq!(changed, files.iter().map(String::as_str).collect(), "nothing of ours in the project's tree");
    // A check while something is still being written calls it missing.
    sandbox.gt_in(&town, ["daemon", "stop"]).ok();
    for repository in [Path::new(origin), &town.join("proj/.repo.git")] {
        sandbox.git(repository, ["fsck", "--no-dangling"]);
    }
    wait_for("no process left over", || sandbox.processes().is_empty().then_some(()));
}
