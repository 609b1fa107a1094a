//! Settings that break, a town that can't be written, slings killed at any moment: told in words, survived, gone on with.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use gastown::work::assignment;

use crate::support::wait_for;
use crate::town::{Place, kill};

#[test]
fn settings_that_break_under_the_daemon_are_told_and_it_goes_on_when_they_are_mended() {
    let place = Place::new(&["shop"]);
    place.gt(["daemon", "start"]).ok();
    let pid = place.daemon_pid().unwrap();
    for file in ["settings/config.json", "shop/settings/config.json"] {
        let path = place.root.join(file);
        let before = std::fs::read(&path).ok();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "{\n \"version\": 1,\n oops\n}").unwrap();
        let id = place.easy("shop", &format!("after-{}", file.len()));
        let told = place.gt(["sling", &id, "shop"]).code(1);
        assert!(told.stderr.contains("config.json:3:") && told.stderr.contains("hint:"), "{told:?}");
        assert!(place.agents().iter().all(|agent| agent["bead"] != id.as_str()), "nothing was begun");
        match before {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        place.gt(["sling", &id, "shop"]).ok();
        // It breaks again while there is something to merge.
        let bytes = std::fs::read(&path).ok();
        std::fs::write(&path, "{").unwrap();
        wait_for(&format!("the daemon says so\n{}", place.log()), || {
            place.log().contains(&format!("{}:1:", path.display())).then_some(())
        });
        assert_eq!(place.daemon_pid(), Some(pid), "it is not fatal");
        match bytes {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        place.wait_closed(std::slice::from_ref(&id));
    }
    assert_eq!(place.daemon_pid(), Some(pid));
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn slings_killed_at_any_moment_leave_nothing_in_between() {
    let place = Place::new(&["shop"]);
    place.gt(["daemon", "start"]).ok();
    let mut random = fastrand::Rng::with_seed(20_260_101);
    let mut all = Vec::new();
    for round in 0..8 {
        let ids: Vec<String> = (0..3).map(|n| place.easy("shop", &format!("r{round}n{n}"))).collect();
        let mut args = vec!["sling"];
        args.extend(ids.iter().map(String::as_str));
        let mut child = place.command(&args).stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(random.u64(1..150)));
        kill(i32::try_from(child.id()).unwrap(), "-9");
        child.wait().unwrap();
        all.extend(ids);
    }
    for id in &all {
        // All of a sling, or nothing of it: what was not begun can be slung again, what was is finished by the daemon.
        let run = place.gt(["sling", id, "shop"]);
        assert!(run.status == Some(0) || run.stderr.contains("already") || run.stderr.contains("closed"), "{run:?}");
    }
    place.wait_closed(&all);
    assert_eq!(place.subjects(&place.origin("shop")).len(), all.len() + 1, "each exactly once");
    let desk = place.desk();
    let left = assignment::in_states(desk.ledger.conn(), &[assignment::State::Spawning, assignment::State::Active]);
    assert!(left.unwrap().is_empty());
    let journal: i64 = desk.ledger.conn().query_row("SELECT count(*) FROM journal", [], |row| row.get(0)).unwrap();
    assert_eq!(journal, 0, "no operation is left open");
    wait_for("every hook is archived", || place.agents().is_empty().then_some(()));
    let polecats = std::fs::read_dir(place.root.join("shop/polecats")).map_or(0, Iterator::count);
    assert_eq!(polecats, 0, "no worktree is left over");
    place.gt(["daemon", "stop"]).ok();
    wait_for("nothing is left over", || place.sandbox.processes().is_empty().then_some(()));
}

/// Runs `gt` as nobody, who may read the town and write nothing.
fn as_nobody(place: &Place, args: &[&str]) -> crate::support::Run {
    let gt = place.sandbox.path("gt");
    if !gt.exists() {
        std::fs::copy(crate::support::GT, &gt).unwrap();
    }
    let mut command = place.sandbox.command("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&gt).args(args).current_dir(&place.root);
    command.env("HOME", place.sandbox.path("tmp"));
    place.sandbox.run(command)
}

fn open_to_all(path: &Path) {
    let status = Command::new("chmod").args(["-R", "a+rX"]).arg(path).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_town_that_cant_be_written_says_so_and_stays_whole() {
    // Only root can become somebody else; everybody else is shown the same by a directory without write permission.
    if !nix::unistd::getuid().is_root() || Command::new("setpriv").arg("--version").output().is_err() {
        return;
    }
    let place = Place::new(&["shop"]);
    let id = place.easy("shop", "alpha");
    open_to_all(place.root.parent().unwrap());
    for args in [&["sling", &id, "shop"][..], &["convoy", "create", "All", &id], &["install", "/proc/town"]] {
        let run = as_nobody(&place, args);
        assert!(run.status.is_some_and(|code| code != 0), "{args:?}: {run:?}");
        assert!(run.stderr.starts_with("error:") && !run.stderr.contains("panicked"), "{args:?}: {run:?}");
    }
    assert_eq!(place.show(&id).status.as_str(), "open");
    assert!(place.agents().is_empty());
    let check: String = place.desk().ledger.conn().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    place.gt(["sling", &id, "shop"]).ok();
    place.wait_closed(std::slice::from_ref(&id));
    place.gt(["daemon", "stop"]).ok();
}
