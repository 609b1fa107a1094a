//! `gt hooks rollback|repair|archive|restore|prune`: every disorder is healed, and nothing is lost on the way.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::wait_for;
use crate::town::Place;

/// A polecat's hook in `shop` whose session was ended: two commits of its own, then the work was taken back.
struct Hook {
    place: Place,
    bead: String,
    agent: String,
    worktree: PathBuf,
    branch: String,
}

fn hook() -> Hook {
    let place = Place::new(&["shop"]);
    let script = "# Write\necho one > one.txt\n\n# Wait\nread line < /dev/tty";
    let bead = place.bead("shop", "Care", script, &[]);
    let report = place.gt(["sling", &bead, "shop", "--json"]).ok().json();
    let slung = &report["slung"][0];
    let worktree = PathBuf::from(slung["worktree"].as_str().unwrap());
    let agent = slung["agent"].as_str().unwrap().to_owned();
    wait_for("the agent has written", || worktree.join("one.txt").exists().then_some(()));
    place.gt(["unsling", &bead]).ok();
    // Git is asked by itself from here on; the daemon's own healing must not come first.
    place.gt(["daemon", "stop"]).ok();
    let git = |args: &[&str]| place.sandbox.command("git").current_dir(&worktree).args(args).output().unwrap();
    assert!(git(&["add", "."]).status.success());
    assert!(git(&["commit", "-qm", "One"]).status.success());
    let branch = String::from_utf8(git(&["branch", "--show-current"]).stdout).unwrap().trim().to_owned();
    Hook { place, bead, agent, worktree, branch }
}

impl Hook {
    fn git(&self, args: &[&str]) -> String {
        let output = self.place.sandbox.command("git").current_dir(&self.worktree).args(args).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.worktree.join(file), text).unwrap();
    }

    fn commit(&self, file: &str, text: &str) -> String {
        self.write(file, text);
        self.git(&["add", "."]);
        self.git(&["commit", "-qm", file]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// What `gt hooks repair` says it healed.
    fn repair(&self) -> String {
        let told = self.place.gt(["hooks", "repair", "--dry-run", "--json"]).ok().json();
        assert!(!told["hooks"][0]["healed"].as_array().unwrap().is_empty(), "{told}");
        let done = self.place.gt(["hooks", "repair", &self.agent, "--json"]).ok().json();
        assert_eq!(self.git(&["branch", "--show-current"]), self.branch);
        self.git(&["status"]);
        let again = self.place.gt(["hooks", "repair", "--json"]).ok().json();
        assert_eq!(again["hooks"][0]["healed"], serde_json::json!([]), "nothing is left to heal");
        done["hooks"][0]["healed"].to_string()
    }

    fn private(&self) -> PathBuf {
        PathBuf::from(self.git(&["rev-parse", "--absolute-git-dir"]))
    }

    fn bare(&self) -> PathBuf {
        self.place.root.join("shop/.repo.git")
    }

    /// Whether some reference leads to `commit`.
    fn is_reachable(&self, commit: &str) -> bool {
        let git = self.place.sandbox.git(&self.bare(), ["for-each-ref", "--contains", commit]);
        !git.stdout.is_empty()
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_worktree_goes_back_to_a_snapshot_and_forward_again() {
    let hook = hook();
    hook.write("draft.txt", "first\n");
    hook.place.gt(["hooks", "archive", &hook.agent]).ok();
    let restored = hook.place.gt(["hooks", "restore", &hook.agent, "--json"]).ok().json();
    assert_eq!(read(&hook.worktree.join("draft.txt")), "first\n", "{restored}");
    let first = restored["snapshot"].as_u64().unwrap();
    let later = hook.commit("two.txt", "two\n");
    hook.write("draft.txt", "second\n");
    hook.write("new.txt", "new\n");

    let number = first.to_string();
    let back = hook.place.gt(["hooks", "rollback", &hook.agent, &number, "--json"]).ok().json();
    assert_eq!(read(&hook.worktree.join("draft.txt")), "first\n");
    assert!(!hook.worktree.join("two.txt").exists() && !hook.worktree.join("new.txt").exists());
    assert_eq!(hook.git(&["log", "-1", "--format=%s"]), "One");
    assert!(hook.is_reachable(&later), "what was committed is kept");

    let kept = back["kept"].as_u64().unwrap().to_string();
    hook.place.gt(["hooks", "rollback", &hook.agent, &kept]).ok();
    assert_eq!(hook.git(&["rev-parse", "HEAD"]), later);
    assert_eq!(read(&hook.worktree.join("draft.txt")), "second\n");
    assert_eq!(read(&hook.worktree.join("new.txt")), "new\n");
    hook.place.gt(["hooks", "rollback", &hook.agent, "99"]).code(3);

    // The work goes on in the same place.
    hook.place.gt(["sling", &hook.bead, &hook.agent]).ok();
    let refused = hook.place.gt(["hooks", "rollback", &hook.agent, &number]).code(4);
    assert!(refused.stderr.contains("hint:"), "{refused:?}");
    let refused = hook.place.gt(["hooks", "archive", &hook.agent]).code(4);
    assert!(refused.stderr.contains("gt unsling"), "{refused:?}");
    hook.place.gt(["estop"]).ok();
    hook.place.gt(["daemon", "stop"]).ok();
}

#[test]
fn every_step_in_a_hooks_life_is_an_event() {
    let hook = hook();
    hook.place.gt(["hooks", "archive", &hook.agent]).ok();
    hook.place.gt(["hooks", "restore", &hook.agent]).ok();
    hook.place.gt(["sling", &hook.bead, &hook.agent]).ok();
    hook.place.gt(["estop"]).ok();
    let events = hook.place.desk().ledger.events_of(&hook.bead).unwrap();
    let steps: Vec<(String, String)> = events
        .iter()
        .filter(|event| event.kind == "hook_state")
        .map(|event| {
            assert_eq!(event.payload["agent"], hook.agent.as_str());
            let word = |key: &str| event.payload[key].as_str().unwrap_or("nothing").to_owned();
            (word("from"), word("to"))
        })
        .collect();
    let steps: Vec<String> = steps.iter().map(|(from, to)| format!("{from} {to}")).collect();
    let life = ["nothing created", "created active", "active suspended", "suspended archived", "archived suspended"];
    assert_eq!(steps[..5], life);
    assert_eq!(steps[5..], ["suspended active"]);
    let trail = hook.place.gt(["trail", "hooks"]).ok().stdout;
    assert!(trail.contains("suspended → archived"), "{trail}");
    hook.place.gt(["daemon", "stop"]).ok();
}

#[test]
fn lost_moved_and_forgotten_worktrees_are_healed() {
    let hook = hook();
    let head = hook.git(&["rev-parse", "HEAD"]);
    hook.write("draft.txt", "draft\n");
    hook.place.gt(["hooks", "archive", &hook.agent]).ok();
    hook.place.gt(["hooks", "restore", &hook.agent]).ok();

    let elsewhere = hook.place.root.join("shop/polecats/elsewhere");
    fs::rename(&hook.worktree, &elsewhere).unwrap();
    assert!(hook.repair().contains("moved back"));
    assert_eq!(read(&hook.worktree.join("draft.txt")), "draft\n");

    let private = hook.private();
    fs::rename(&private, hook.place.sandbox.path("aside")).unwrap();
    assert!(hook.repair().contains("registered again"));
    assert_eq!(read(&hook.worktree.join("draft.txt")), "draft\n");
    assert_eq!(hook.git(&["status", "--porcelain"]), "?? draft.txt");

    fs::remove_dir_all(&hook.worktree).unwrap();
    assert!(hook.repair().contains("made again"));
    assert_eq!(hook.git(&["rev-parse", "HEAD"]), head);
    assert_eq!(read(&hook.worktree.join("draft.txt")), "draft\n");

    fs::remove_file(hook.private().join("gt-hook.json")).unwrap();
    assert!(hook.repair().contains("record was missing"));
}

#[test]
fn locks_half_done_operations_and_foreign_checkouts_are_healed() {
    let hook = hook();
    fs::write(hook.private().join("index.lock"), "").unwrap();
    assert!(hook.repair().contains("index.lock"));

    // A rebase that met a conflict, with a conflict's resolution begun.
    let mine = hook.commit("same.txt", "mine\n");
    hook.git(&["checkout", "-q", "--detach", "HEAD~1"]);
    let theirs = hook.commit("same.txt", "theirs\n");
    hook.git(&["checkout", "-q", &hook.branch]);
    let rebase =
        hook.place.sandbox.command("git").current_dir(&hook.worktree).args(["rebase", &theirs]).output().unwrap();
    assert!(!rebase.status.success(), "it conflicts");
    hook.write("same.txt", "half resolved\n");
    assert!(hook.repair().contains("rebase was half done"));
    assert_eq!(hook.git(&["rev-parse", "HEAD"]), mine);
    let log = hook.place.gt(["hooks", "log", &hook.agent, "--json"]).ok().json();
    let last = log.as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(hook.git(&["show", &format!("{last}:same.txt")]), "half resolved");

    // A detached HEAD with a commit, which goes onto the branch.
    hook.git(&["checkout", "-q", "--detach"]);
    let detached = hook.commit("three.txt", "three\n");
    hook.write("loose.txt", "loose\n");
    assert!(hook.repair().contains("1 commit(s)"));
    assert_eq!(hook.git(&["rev-parse", &hook.branch]), detached);
    assert_eq!(read(&hook.worktree.join("loose.txt")), "loose\n");

    // A foreign branch that went another way.
    hook.git(&["checkout", "-q", "-b", "elsewhere", "HEAD~1"]);
    let foreign = hook.commit("four.txt", "four\n");
    assert!(hook.repair().contains("the branch elsewhere"));
    assert_eq!(hook.git(&["rev-parse", "HEAD"]), detached);
    assert!(hook.is_reachable(&foreign) && hook.is_reachable(&theirs));
}

#[test]
fn a_broken_branch_is_found_again() {
    let hook = hook();
    let head = hook.git(&["rev-parse", "HEAD"]);
    let file = hook.bare().join("refs/heads").join(&hook.branch);
    fs::write(&file, "").unwrap();
    assert!(hook.repair().contains("was broken"));
    assert_eq!(hook.git(&["rev-parse", &hook.branch]), head);
    fs::remove_file(&file).unwrap();
    hook.repair();
    assert_eq!(hook.git(&["rev-parse", &hook.branch]), head);
}

#[test]
fn broken_references_of_the_shared_repository_are_healed() {
    let hook = hook();
    let bare = hook.bare();
    let main = hook.place.sandbox.git(&bare, ["rev-parse", "main"]).stdout;
    let heal = |dry: bool| {
        let mut command = hook.place.command(&["hooks", "repair", "--json"]);
        if dry {
            command.arg("--dry-run");
        }
        let report = hook.place.sandbox.run(command).ok().json();
        let of = report["hooks"].as_array().unwrap().iter().find(|one| one["agent"] == "shop/refinery").cloned();
        of.map(|one| one["healed"].to_string()).unwrap_or_default()
    };
    assert_eq!(heal(false), "", "nothing is wrong");

    fs::write(bare.join("HEAD"), "").unwrap();
    assert!(heal(true).contains("HEAD"));
    assert!(heal(false).contains("it names main again"));
    assert_eq!(hook.place.sandbox.git(&bare, ["symbolic-ref", "HEAD"]).stdout, "refs/heads/main\n");

    hook.place.sandbox.git(&bare, ["pack-refs", "--all"]);
    let packed = read(&bare.join("packed-refs"));
    fs::write(bare.join("packed-refs"), format!("{packed}rubbish\n")).unwrap();
    assert!(heal(true).contains("packed-refs"));
    assert!(heal(false).contains("1 lines of packed-refs"));
    assert_eq!(read(&bare.join("packed-refs")), packed);

    // The target, one of the origin's, and a snapshot.
    let snapshot = hook.place.gt(["hooks", "log", &hook.agent, "--json"]).ok().json();
    let snapshot = snapshot.as_array().unwrap().first().map(|one| one["reference"].as_str().unwrap().to_owned());
    for name in ["refs/heads/main", "refs/remotes/origin/main", snapshot.as_deref().unwrap_or("refs/heads/left")] {
        fs::create_dir_all(bare.join(name).parent().unwrap()).unwrap();
        fs::write(bare.join(name), "\0\0\0").unwrap();
    }
    let told = heal(true);
    assert!(told.contains("the branch main was broken") && told.contains("refs/remotes/origin/main"), "{told}");
    heal(false);
    assert_eq!(hook.place.sandbox.git(&bare, ["rev-parse", "main"]).stdout, main);
    hook.place.sandbox.git(&bare, ["fetch", "-q", "origin"]);
    hook.place.sandbox.git(&bare, ["fsck", "--no-dangling"]);
    assert_eq!(heal(false), "");
    assert!(fs::read_dir(bare.join("gt-broken")).unwrap().count() >= 5, "nothing is thrown away");
    hook.place.gt(["doctor"]).ok();
}

#[test]
fn prune_drops_only_what_the_target_has() {
    let place = Place::new(&["shop"]);
    let id = place.easy("shop", "merged");
    place.gt(["sling", &id, "shop"]).ok();
    place.wait_closed(std::slice::from_ref(&id));
    wait_for("its hook is archived", || place.agents().is_empty().then_some(()));
    let hook = hook();
    hook.write("draft.txt", "only here\n");
    hook.place.gt(["hooks", "archive", &hook.agent]).ok();
    let before = hook.place.sandbox.git(&hook.bare(), ["for-each-ref", "refs/gt"]).stdout;
    let kept = hook.place.gt(["hooks", "prune", "--json"]).ok().json();
    assert_eq!(kept[0]["branches"], 0, "unmerged work stays: {kept}");
    assert!(kept[0]["kept"].as_u64().unwrap() > 0, "{kept}\n{before}");
    hook.place.gt(["hooks", "restore", &hook.agent]).ok();
    assert_eq!(read(&hook.worktree.join("draft.txt")), "only here\n");

    place.gt(["hooks", "prune"]).ok();
    let fsck = place.sandbox.git(&place.bare("shop"), ["fsck", "--no-dangling"]);
    assert!(!fsck.stdout.contains("missing"), "{fsck:?}");
    place.gt(["daemon", "stop"]).ok();
}
