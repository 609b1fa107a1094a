//! `bd merge` under git and `bd sync` between clones: nothing lost, nobody's checkout touched, whatever happens on the way.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{BD, Sandbox, wait_for};

/// A bare repository and a clone of it with a ledger that is in sync.
fn origin_and_clone(sandbox: &Sandbox) -> (PathBuf, PathBuf) {
    let bare = sandbox.origin("lab");
    let one = clone(sandbox, &bare, "one");
    sandbox.bd_in(&one, ["init", "--prefix", "lab", "-q"]).ok();
    sandbox.bd_in(&one, ["create", "Shared", "--id", "lab-s0001", "-d", "as it was", "-l", "old"]).ok();
    sandbox.git(&one, ["add", ".gitattributes"]);
    sandbox.git(&one, ["commit", "-qm", "Let bd merge the ledger"]);
    sandbox.bd_in(&one, ["sync"]).ok();
    (bare, one)
}

fn clone(sandbox: &Sandbox, bare: &Path, name: &str) -> PathBuf {
    let dir = sandbox.path(name);
    sandbox.git(&sandbox.path("tmp"), ["clone", "-q", bare.to_str().unwrap(), dir.to_str().unwrap()]);
    dir
}

fn git<const N: usize>(sandbox: &Sandbox, dir: &Path, args: [&str; N]) -> String {
    sandbox.git(dir, args).stdout
}

fn bead(sandbox: &Sandbox, dir: &Path, id: &str) -> Value {
    sandbox.bd_in(dir, ["show", id, "--json"]).ok().json()[0].clone()
}

fn file(dir: &Path) -> String {
    std::fs::read_to_string(dir.join(".beads/issues.jsonl")).unwrap()
}

#[test]
fn git_merges_two_branches_of_the_ledger_field_by_field() {
    let sandbox = Sandbox::new();
    let (_, dir) = origin_and_clone(&sandbox);
    let text = file(&dir).replace("\"status\":\"open\"", "\"status\":\"open\",\"their_key\":{\"a\":[1]}");
    std::fs::write(dir.join(".beads/issues.jsonl"), text).unwrap();
    sandbox.bd_in(&dir, ["sync"]).ok();

    sandbox.git(&dir, ["switch", "-qc", "side"]);
    sandbox.bd_in(&dir, ["update", "lab-s0001", "--title", "Renamed on the side", "--add-label", "side"]).ok();
    sandbox.bd_in(&dir, ["comment", "lab-s0001", "seen on the side"]).ok();
    sandbox.git(&dir, ["commit", "-qam", "Side"]);
    sandbox.git(&dir, ["switch", "-q", "main"]);
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let _ = std::fs::remove_file(dir.join(".beads").join(name));
    }
    sandbox.bd_in(&dir, ["update", "lab-s0001", "-p", "0", "--remove-label", "old"]).ok();
    sandbox.bd_in(&dir, ["comment", "lab-s0001", "seen on main"]).ok();
    sandbox.bd_in(&dir, ["create", "Only on main", "--id", "lab-m0002"]).ok();
    sandbox.git(&dir, ["commit", "-qam", "Main"]);
    sandbox.git(&dir, ["merge", "-q", "--no-edit", "side"]);

    let merged = bead(&sandbox, &dir, "lab-s0001");
    assert_eq!((&merged["title"], &merged["priority"]), (&"Renamed on the side".into(), &0.into()));
    assert_eq!(merged["labels"], serde_json::json!(["side"]));
    let mut remarks: Vec<&str> =
        merged["comments"].as_array().unwrap().iter().map(|c| c["text"].as_str().unwrap()).collect();
    remarks.sort_unstable();
    assert_eq!(remarks, ["seen on main", "seen on the side"]);
    assert!(file(&dir).contains("\"their_key\":{\"a\":[1]}") && file(&dir).contains("lab-m0002"));
}

#[test]
fn what_is_no_ledger_is_not_merged_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    let (_, dir) = origin_and_clone(&sandbox);
    let good = file(&dir);
    std::fs::write(dir.join("good"), &good).unwrap();
    std::fs::write(dir.join("bad"), "\u{1}\u{2} not a ledger\n").unwrap();
    std::fs::write(dir.join("out"), "untouched").unwrap();
    let run = sandbox.bd_in(&dir, ["merge", "out", "good", "good", "bad"]).code(1);
    assert!(run.stderr.contains("right") && run.stderr.contains("line 1"), "{run:?}");
    assert_eq!(std::fs::read_to_string(dir.join("out")).unwrap(), "untouched");
    sandbox.bd_in(&dir, ["merge", "out", "good", "good", "missing"]).code(1);
    sandbox.bd_in(&dir, ["merge", "out", "missing", "good", "good"]).ok();
    assert_eq!(std::fs::read_to_string(dir.join("out")).unwrap(), good);
}

#[test]
fn two_clones_that_edit_different_fields_keep_both() {
    let sandbox = Sandbox::new();
    let (bare, one) = origin_and_clone(&sandbox);
    let two = clone(&sandbox, &bare, "two");
    assert_eq!(bead(&sandbox, &two, "lab-s0001")["title"], "Shared");

    sandbox.bd_in(&one, ["update", "lab-s0001", "--title", "From one"]).ok();
    sandbox.bd_in(&two, ["update", "lab-s0001", "-d", "from two"]).ok();
    sandbox.bd_in(&two, ["create", "New in two", "--id", "lab-n0002", "--deps", "lab-s0001"]).ok();
    std::fs::write(two.join("work.txt"), "in progress").unwrap();
    sandbox.git(&two, ["add", "work.txt"]);
    sandbox.bd_in(&one, ["sync", "-m", "One's change"]).ok();
    let report = sandbox.bd_in(&two, ["sync", "--json"]).ok().json();
    assert_eq!((&report["merged"], &report["pushed"]), (&true.into(), &true.into()), "{report}");
    sandbox.bd_in(&one, ["sync"]).ok();
    for dir in [&one, &two] {
        let shared = bead(&sandbox, dir, "lab-s0001");
        assert_eq!((&shared["title"], &shared["description"]), (&"From one".into(), &"from two".into()));
        assert_eq!(bead(&sandbox, dir, "lab-n0002")["dependencies"][0]["id"], "lab-s0001");
    }
    assert_eq!(file(&one), file(&two));
    // What somebody had staged is still only staged, and no commit has it.
    assert_eq!(git(&sandbox, &two, ["status", "--porcelain"]).trim(), "A  work.txt");
    assert!(git(&sandbox, &one, ["log", "--format=%s"]).contains("One's change"));
    let again = sandbox.bd_in(&one, ["sync", "--json"]).ok().json();
    assert_eq!((&again["committed"], &again["merged"]), (&Value::Null, &false.into()));
}

#[test]
fn a_circle_that_two_clones_close_together_is_said() {
    let sandbox = Sandbox::new();
    let (bare, one) = origin_and_clone(&sandbox);
    sandbox.bd_in(&one, ["create", "Other", "--id", "lab-o0002"]).ok();
    sandbox.bd_in(&one, ["sync"]).ok();
    let two = clone(&sandbox, &bare, "two");
    sandbox.bd_in(&one, ["dep", "add", "lab-s0001", "lab-o0002"]).ok();
    sandbox.bd_in(&two, ["dep", "add", "lab-o0002", "lab-s0001"]).ok();
    sandbox.bd_in(&one, ["sync"]).ok();
    let said = sandbox.bd_in(&two, ["sync"]).ok().stdout;
    assert!(said.contains("wait for each other now: lab-s0001 -> lab-o0002 -> lab-s0001"), "{said}");
    sandbox.bd_in(&two, ["dep", "remove", "lab-o0002", "lab-s0001"]).ok();
    sandbox.bd_in(&two, ["sync"]).ok();
    sandbox.bd_in(&one, ["sync"]).ok();
    assert!(sandbox.bd_in(&one, ["ready"]).ok().stdout.contains("lab-o0002"));
}

#[test]
fn without_a_remote_it_commits_and_catches_up_when_there_is_one() {
    let sandbox = Sandbox::new();
    let dir = crate::bd_basics::project(&sandbox);
    sandbox.bd_in(&dir, ["create", "Alone", "--id", "lab-a0001"]).ok();
    let run = sandbox.bd_in(&dir, ["sync", "--status"]).ok();
    assert!(run.stdout.contains("to commit: .beads/issues.jsonl"), "{run:?}");
    let run = sandbox.bd_in(&dir, ["sync"]).ok();
    assert!(run.stdout.contains("no remote"), "{run:?}");

    let bare = sandbox.path("later.git");
    sandbox.git(&dir, ["remote", "add", "origin", bare.to_str().unwrap()]);
    sandbox.bd_in(&dir, ["close", "lab-a0001"]).ok();
    let run = sandbox.bd_in(&dir, ["sync"]).ok();
    assert!(run.stdout.contains("not reached") && run.stdout.contains("committed"), "{run:?}");
    sandbox.git(&sandbox.path("tmp"), ["init", "-q", "--bare", bare.to_str().unwrap()]);
    let report = sandbox.bd_in(&dir, ["sync", "--json"]).ok().json();
    assert_eq!((&report["pushed"], &report["committed"]), (&true.into(), &Value::Null));
    assert!(git(&sandbox, &bare, ["show", "main:.beads/issues.jsonl"]).contains("\"closed\""));
}

#[test]
fn a_branch_of_its_own_touches_no_checkout() {
    let sandbox = Sandbox::new();
    let (bare, one) = origin_and_clone(&sandbox);
    let two = clone(&sandbox, &bare, "two");
    for dir in [&one, &two] {
        sandbox.bd_in(dir, ["config", "set", "sync-branch", "ledger"]).ok();
    }
    let head = git(&sandbox, &one, ["rev-parse", "HEAD"]);
    std::fs::write(one.join("work.txt"), "in progress").unwrap();
    sandbox.git(&one, ["add", "work.txt"]);
    sandbox.bd_in(&one, ["update", "lab-s0001", "--title", "From one"]).ok();
    sandbox.bd_in(&two, ["update", "lab-s0001", "-p", "1"]).ok();
    sandbox.bd_in(&one, ["sync"]).ok();
    sandbox.bd_in(&two, ["sync"]).ok();
    sandbox.bd_in(&one, ["sync"]).ok();
    for dir in [&one, &two] {
        let shared = bead(&sandbox, dir, "lab-s0001");
        assert_eq!((&shared["title"], &shared["priority"]), (&"From one".into(), &1.into()));
    }
    assert_eq!(git(&sandbox, &one, ["rev-parse", "HEAD"]), head, "main has not moved");
    assert_eq!(git(&sandbox, &one, ["diff", "--cached", "--name-only"]).trim(), "work.txt", "the index is as it was");
    assert!(git(&sandbox, &bare, ["show", "ledger:.beads/issues.jsonl"]).contains("From one"));
    assert!(
        !git(&sandbox, &bare, ["ls-tree", "-r", "--name-only", "ledger"]).contains("README"),
        "only the ledger's files"
    );
    sandbox.git(&one, ["switch", "-q", "ledger", "--discard-changes"]);
    sandbox.bd_in(&one, ["sync"]).code(4);
}

#[test]
fn killed_at_any_moment_the_next_run_finishes() {
    let sandbox = Sandbox::new();
    let (bare, one) = origin_and_clone(&sandbox);
    let two = clone(&sandbox, &bare, "two");
    for (round, branch) in ["", "", "", "ledger", "ledger", "ledger"].iter().enumerate() {
        for dir in [&one, &two] {
            if !branch.is_empty() {
                sandbox.bd_in(dir, ["config", "set", "sync-branch", branch]).ok();
            }
        }
        let (title, notes) = (format!("Title {round}"), format!("notes {round}"));
        sandbox.bd_in(&one, ["update", "lab-s0001", "--title", &title]).ok();
        sandbox.bd_in(&two, ["update", "lab-s0001", "--notes", &notes]).ok();
        sandbox.bd_in(&one, ["sync"]).ok();
        for moment in 0..4 {
            let mut child = sandbox.command(BD).current_dir(&two).arg("sync").spawn().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(20 + 45 * moment + 10 * round as u64));
            let _ = child.kill();
            child.wait().unwrap();
        }
        // The gits that a killed bd had started go on to their own end.
        wait_for("the end of them", || sandbox.processes().is_empty().then_some(()));
        sandbox.bd_in(&two, ["sync"]).ok();
        sandbox.bd_in(&one, ["sync"]).ok();
        for dir in [&one, &two] {
            let shared = bead(&sandbox, dir, "lab-s0001");
            assert_eq!(
                (&shared["title"], &shared["notes"]),
                (&title.as_str().into(), &notes.as_str().into()),
                "round {round}"
            );
        }
    }
}

#[test]
fn the_daemon_commits_the_town_s_ledger_by_itself() {
    let sandbox = Sandbox::new();
    let town = sandbox.path("town");
    sandbox.gt(["install", "--git", town.to_str().unwrap()]).ok();
    let attributes = std::fs::read_to_string(town.join(".gitattributes")).unwrap();
    assert!(attributes.contains(".beads/issues.jsonl merge=beads"), "{attributes}");
    assert!(git(&sandbox, &town, ["config", "merge.beads.driver"]).contains("merge %A %O %A %B"));
    sandbox.gt_in(&town, ["daemon", "start"]).ok();
    let id = sandbox.bd_in(&town, ["q", "Kept by itself"]).ok().stdout.trim().to_owned();
    wait_for("the bead in git", || {
        sandbox.program("git", &town, ["show", "HEAD:.beads/issues.jsonl"]).stdout.contains(&id).then_some(())
    });
    sandbox.gt_in(&town, ["daemon", "stop"]).ok();
}
