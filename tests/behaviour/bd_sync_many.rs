//! Three clones that edit the same beads at random and sync when they please: in the end all have one file, and nothing is missing from it.
//!
//! A few rounds, many with `GT_LONG=1`; `GT_SEED` chooses other dice.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{BD, Run, Sandbox};

/// Numbers that are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

fn bd(sandbox: &Sandbox, dir: &Path, args: &[&str]) -> Run {
    let mut command = sandbox.command(BD);
    command.current_dir(dir).args(args);
    sandbox.run(command)
}

fn ids(sandbox: &Sandbox, dir: &Path) -> Vec<String> {
    let list = bd(sandbox, dir, &["list", "--all", "-n", "0", "--sort", "id", "--json"]).ok().json();
    list.as_array().unwrap().iter().map(|bead| bead["id"].as_str().unwrap().to_owned()).collect()
}

fn meet(branch: Option<&str>) {
    let seed = std::env::var("GT_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(7);
    let rounds = if std::env::var_os("GT_LONG").is_some() { 20 } else { 4 };
    let sandbox = Sandbox::new();
    let bare = sandbox.origin("lab");
    let mut dice = Dice(seed);
    let clones: Vec<PathBuf> = ["one", "two", "three"]
        .iter()
        .map(|name| {
            let dir = sandbox.path(name);
            sandbox.git(&sandbox.path("tmp"), ["clone", "-q", bare.to_str().unwrap(), dir.to_str().unwrap()]);
            let mut init = vec!["init", "--prefix", "lab", "-q"];
            init.extend(branch.iter().flat_map(|branch| ["--branch", branch]));
            bd(&sandbox, &dir, &init).ok();
            if *name == "one" {
                for number in 0..4 {
                    bd(&sandbox, &dir, &["create", "Shared", "--id", &format!("lab-{number}a1")]).ok();
                }
                if branch.is_none() {
                    sandbox.git(&dir, ["add", "-A"]);
                    sandbox.git(&dir, ["commit", "-qm", "Begin a ledger"]);
                }
            } else if branch.is_none() {
                // What the first made is there; nothing of this clone's own may stand beside it.
                sandbox.git(&dir, ["checkout", "-q", "--", "."]);
            }
            bd(&sandbox, &dir, &["sync"]).ok();
            dir
        })
        .collect();
    let (mut remarks, mut made) = (BTreeSet::new(), BTreeSet::new());
    let mut number = 0;
    for _ in 0..rounds {
        for dir in &clones {
            for _ in 0..=dice.below(3) {
                number += 1;
                let all = ids(&sandbox, dir);
                let id = all[dice.below(all.len())].as_str();
                let other = all[dice.below(all.len())].as_str();
                let (text, label, new) =
                    (format!("text {number}"), format!("l{}", dice.below(3)), format!("lab-n{number}x"));
                match dice.below(10) {
                    0 => drop(bd(&sandbox, dir, &["update", id, "--title", &text]).ok()),
                    1 => drop(bd(&sandbox, dir, &["update", id, "-p", &dice.below(5).to_string()]).ok()),
                    2 => drop(bd(&sandbox, dir, &["update", id, "--add-label", &label]).ok()),
                    3 => drop(bd(&sandbox, dir, &["update", id, "--remove-label", &label]).ok()),
                    4 | 5 => {
                        bd(&sandbox, dir, &["comment", id, &text]).ok();
                        remarks.insert(text);
                    }
                    6 => drop(bd(&sandbox, dir, &["close", id, "--force"]).ok()),
                    7 => drop(bd(&sandbox, dir, &["reopen", id]).ok()),
                    8 => {
                        bd(&sandbox, dir, &["create", "New", "--id", &new]).ok();
                        made.insert(new);
                    }
                    // A circle is refused, and that is as good.
                    _ => drop(bd(&sandbox, dir, &["dep", "add", id, other])),
                }
            }
            if dice.below(2) == 0 {
                bd(&sandbox, dir, &["sync"]).ok();
            }
        }
    }
    for _ in 0..2 {
        for dir in &clones {
            bd(&sandbox, dir, &["sync"]).ok();
        }
    }
    let files: Vec<String> =
        clones.iter().map(|dir| std::fs::read_to_string(dir.join(".beads/issues.jsonl")).unwrap()).collect();
    assert_eq!(files[0], files[1], "seed {seed}");
    assert_eq!(files[0], files[2], "seed {seed}");
    let beads: Vec<Value> = files[0].lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let there: BTreeSet<String> = beads.iter().map(|bead| bead["id"].as_str().unwrap().to_owned()).collect();
    assert!(made.is_subset(&there), "seed {seed}: {:?} are gone", made.difference(&there));
    let said: BTreeSet<String> = beads
        .iter()
        .flat_map(|bead| bead["comments"].as_array().cloned().unwrap_or_default())
        .map(|comment| comment["text"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(said, remarks, "seed {seed}");
    for dir in &clones {
        let report = bd(&sandbox, dir, &["doctor", "--check", "issues.jsonl", "--json"]).ok().json();
        assert_eq!(report["checks"][0]["status"], "ok", "seed {seed}: {report}");
    }
}

#[test]
fn three_clones_end_with_one_ledger() {
    meet(None);
}

#[test]
fn three_clones_end_with_one_ledger_on_a_branch_of_its_own() {
    meet(Some("ledger"));
}
