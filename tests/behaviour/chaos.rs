//! Agents at work in two rigs while every moment something is killed, stopped, deleted, broken or taken away: at the end every bead is
//! merged exactly once or handed back with its reason, and nothing is left over or lost.
//!
//! A few seconds with a dozen beads; with `GT_LONG=1` 30 agents, 200 beads and ten minutes (or `GT_CHAOS_SECONDS`). `GT_CHAOS_SEED`
//! repeats a run's choices.
//!
//! The disk is filled too, for which it has to be a small one of the test's own: the test starts itself again in a user namespace with
//! a file system in memory. Where that is not permitted it says so, and does all the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use gastown::work::assignment::{self, State};
use serde_json::json;

use crate::support::wait_for;
use crate::town::{Place, kill};

const RIGS: [&str; 2] = ["shop", "bakery"];
/// Set where the test runs on a disk of its own: the directory it is mounted at.
const DISK: &str = "GT_CHAOS_DISK";
const NAME: &str = "chaos::whatever_happens_all_work_is_merged_once_or_handed_back";

/// Runs this test once more on a disk of its own; false where that is not permitted.
fn on_a_disk_of_its_own() -> bool {
    let disk = tempfile::Builder::new().prefix("gt-disk-").tempdir().unwrap();
    let namespace = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]).env(DISK, disk.path());
        command
    };
    let mount = format!("mount -t tmpfs -o size=800m,mode=755 tmpfs \"${DISK}\"");
    if !namespace(&mount).output().is_ok_and(|output| output.status.success()) {
        eprintln!("no mounts of one's own here: the disk is not filled");
        return false;
    }
    let script = format!("{mount} && export TMPDIR=\"${DISK}\" && exec \"$@\"");
    let own = std::env::current_exe().unwrap();
    let status = namespace(&script).arg(own).args(["--exact", NAME, "--nocapture"]).status().unwrap();
    assert!(status.success(), "see above");
    true
}

struct Size {
    agents: usize,
    beads: usize,
    time: Duration,
    pause: Duration,
    /// Seconds a step of a bead takes.
    slow: f64,
}

fn size() -> Size {
    let seconds = std::env::var("GT_CHAOS_SECONDS").ok().and_then(|value| value.parse().ok());
    if std::env::var_os("GT_LONG").is_some() {
        let time = Duration::from_secs(seconds.unwrap_or(600));
        return Size { agents: 30, beads: 200, time, pause: Duration::from_secs(1), slow: 6.0 };
    }
    let time = Duration::from_secs(seconds.unwrap_or(8));
    Size { agents: 6, beads: 14, time, pause: Duration::from_millis(300), slow: 0.5 }
}

struct Chaos {
    place: Place,
    random: fastrand::Rng,
    beads: Vec<String>,
    convoys: Vec<String>,
    done: BTreeMap<&'static str, usize>,
    /// Processes that were stopped and have to go on.
    stopped: Vec<i32>,
}

impl Chaos {
    fn new(size: &Size) -> Chaos {
        let place = Place::new(&RIGS);
        place.set("settings/config.json", &[("max_agents", json!(size.agents))]);
        for rig in RIGS {
            place.gate(rig, "sleep 0.1; ! ls | grep -q '^bad'");
        }
        let seed = std::env::var("GT_CHAOS_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| fastrand::u64(..));
        eprintln!("GT_CHAOS_SEED={seed}");
        let random = fastrand::Rng::with_seed(seed);
        let chaos =
            Chaos { place, random, beads: Vec::new(), convoys: Vec::new(), done: BTreeMap::new(), stopped: Vec::new() };
        RIGS.iter().for_each(|rig| chaos.note_commits(rig));
        chaos
    }

    /// The next convoy: beads of every kind, most of them slow enough to be hit; some conflict, some turn the gate red, some wait for
    /// others.
    fn more(&mut self, size: &Size) {
        let first = self.beads.len();
        let slow = size.slow;
        if first < size.beads {
            let mut members: Vec<String> = Vec::new();
            for n in first..(first + 10).min(size.beads) {
                let rig = RIGS[n % 2];
                let name = format!("n{n}");
                let script = match n % 10 {
                    // In every other convoy, so that some of them land.
                    7 if n / 10 % 2 == 0 => format!("# Bad\necho x > bad-{name}.txt"),
                    4 | 5 => format!("# Same\nsleep 0.1\necho {name} > same-{}.txt", n / 20),
                    _ => {
                        format!("# One\necho a > {name}.txt\nsleep {slow}\n\n# Two\nsleep {slow}\necho b >> {name}.txt")
                    }
                };
                let needs: Vec<&str> = if n % 10 == 9 { vec![members[members.len() - 3].as_str()] } else { Vec::new() };
                let id = self.place.bead(rig, &format!("Write {name}"), &script, &needs);
                members.push(id);
            }
            let mut args = vec!["convoy", "create", "A convoy", "--json"];
            args.extend(members.iter().map(String::as_str));
            let made = self.place.sandbox.run(self.place.command(&args)).ok().json();
            self.convoys.push(made["id"].as_str().unwrap().to_owned());
            let ready: Vec<&String> = members.iter().filter(|id| !self.place.show(id).blocked).collect();
            // With settings that are broken just then, or an origin that is away, a person tries again.
            wait_for("the convoy is slung", || {
                let desk = self.place.desk();
                let loose = |id: &&&String| assignment::find(desk.ledger.conn(), id).unwrap().is_none();
                let mut args = vec!["sling"];
                args.extend(ready.iter().filter(loose).map(|id| id.as_str()));
                if args.len() == 1 {
                    return Some(());
                }
                self.place.sandbox.run(self.place.command(&args));
                None
            });
            self.beads.append(&mut members);
        }
    }

    fn records(&self) -> Vec<serde_json::Value> {
        let directory = self.place.root.join(".runtime/sessions");
        std::fs::read_dir(directory)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| serde_json::from_slice(&std::fs::read(entry.path().join("session.json")).ok()?).ok())
            .filter(|record: &serde_json::Value| record["exit"].is_null())
            .collect()
    }

    fn some_worktree(&mut self) -> Option<PathBuf> {
        let rig = RIGS[self.random.usize(..2)];
        let mut all: Vec<PathBuf> = std::fs::read_dir(self.place.root.join(rig).join("polecats"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        all.sort();
        if all.is_empty() { None } else { Some(all.swap_remove(self.random.usize(..all.len()))) }
    }

    fn private_dir(worktree: &Path) -> Option<PathBuf> {
        let text = std::fs::read_to_string(worktree.join(".git")).ok()?;
        Some(PathBuf::from(text.strip_prefix("gitdir: ")?.trim()))
    }

    /// One misfortune.
    fn strike(&mut self) -> Option<()> {
        let kinds = 15;
        let name = match self.random.usize(..kinds) {
            0 | 1 => {
                kill(self.place.daemon_pid()?, "-9");
                "daemon killed"
            }
            2 | 3 => {
                let records = self.records();
                let record = records.get(self.random.usize(..records.len().max(1)))?;
                let whom = if self.random.bool() { "host_pid" } else { "child_pid" };
                kill(i32::try_from(record[whom].as_i64()?).ok()?, "-9");
                "session killed"
            }
            4 | 5 => {
                let processes = self.place.sandbox.processes();
                let pid = *processes.get(self.random.usize(..processes.len().max(1)))?;
                kill(pid, "-STOP");
                self.stopped.push(pid);
                "process stopped"
            }
            6 => {
                let worktree = self.some_worktree()?;
                // What git makes at this moment may be back at once.
                let _ = std::fs::remove_dir_all(worktree);
                "worktree deleted"
            }
            7 => {
                let rig = RIGS[self.random.usize(..2)];
                let _ = std::fs::remove_dir_all(self.place.root.join(rig).join("refinery"));
                "refinery deleted"
            }
            8 => {
                let private = Self::private_dir(&self.some_worktree()?)?;
                std::fs::write(private.join("index.lock"), "").ok()?;
                "index locked"
            }
            9 => {
                let rig = RIGS[self.random.usize(..2)];
                let (origin, away) = (self.place.origin(rig), self.place.sandbox.path("away.git"));
                std::fs::rename(&origin, &away).unwrap();
                std::thread::sleep(Duration::from_millis(200));
                std::fs::rename(&away, &origin).unwrap();
                "origin away"
            }
            10 => {
                let path = self.place.root.join(RIGS[self.random.usize(..2)]).join("settings/config.json");
                let before = std::fs::read(&path).unwrap();
                std::fs::write(&path, "{").unwrap();
                std::thread::sleep(Duration::from_millis(200));
                std::fs::write(&path, before).unwrap();
                "settings broken"
            }
            11 => {
                let disk = PathBuf::from(std::env::var_os(DISK)?);
                let ballast = disk.join("ballast");
                let mut file = std::fs::File::create(&ballast).ok()?;
                // Ended by the error that no more fits.
                while file.write_all(&[0; 1 << 16]).is_ok() {}
                std::thread::sleep(Duration::from_millis(300));
                drop(file);
                std::fs::remove_file(ballast).unwrap();
                "disk filled"
            }
            12 => {
                let processes = self.place.sandbox.processes();
                let pid = *processes.get(self.random.usize(..processes.len().max(1)))?;
                // A tenth of the machine for it.
                for _ in 0..12 {
                    kill(pid, "-STOP");
                    std::thread::sleep(Duration::from_millis(45));
                    kill(pid, "-CONT");
                    std::thread::sleep(Duration::from_millis(5));
                }
                "process made slow"
            }
            13 => {
                let hook = self.place.origin(RIGS[self.random.usize(..2)]).join("hooks/pre-receive");
                std::fs::create_dir_all(hook.parent()?).ok()?;
                let made = hook.with_extension("made");
                std::fs::write(&made, "#!/bin/sh\nsleep 0.7\n").unwrap();
                std::fs::set_permissions(&made, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
                std::fs::rename(made, &hook).unwrap();
                std::thread::sleep(Duration::from_millis(500));
                std::fs::remove_file(hook).unwrap();
                "origin made slow"
            }
            _ => {
                self.place.gt(["estop"]);
                self.place.gt(["thaw"]).ok();
                "town frozen"
            }
        };
        *self.done.entry(name).or_default() += 1;
        Some(())
    }

    /// What became of it all, in figures.
    fn tell(&self, start: Instant) {
        let beads: Vec<_> = self.beads.iter().map(|id| self.place.show(id)).collect();
        let merged = beads.iter().filter(|bead| bead.status.is_done()).count();
        let landed = self.convoys.iter().filter(|id| self.place.is_closed(id)).count();
        eprintln!(
            "{} beads: {merged} merged, {} handed back or behind one that was; {landed} of {} convoys landed; {} misfortunes in {} s",
            beads.len(),
            beads.len() - merged,
            self.convoys.len(),
            self.done.values().sum::<usize>(),
            start.elapsed().as_secs(),
        );
    }

    fn resume(&mut self) {
        for pid in self.stopped.drain(..) {
            kill(pid, "-CONT");
        }
    }

    fn run(&mut self, size: &Size) {
        let start = Instant::now();
        let (mut tended, mut asked) = (start, BTreeSet::new());
        let convoys = size.beads.div_ceil(10);
        while start.elapsed() < size.time || self.beads.len() < size.beads {
            // All of it has come when three quarters of the time are over.
            let due = start.elapsed().as_secs_f64() / size.time.as_secs_f64() * 4.0 / 3.0;
            if self.convoys.len() < convoys && due >= self.convoys.len() as f64 / convoys as f64 {
                self.more(size);
            }
            self.place.gt(["daemon", "start"]);
            self.strike();
            std::thread::sleep(size.pause);
            self.resume();
            if tended.elapsed() > size.pause * 10 {
                self.tend(&mut asked);
                tended = Instant::now();
            }
        }
        eprintln!("{:?}", self.done);
    }

    /// What is neither merged nor handed back.
    fn under_way(&self) -> Vec<String> {
        let desk = self.place.desk();
        let settled = |id: &&String| {
            let bead = self.place.show(id);
            if bead.status.is_done() {
                return true;
            }
            let row = assignment::find(desk.ledger.conn(), id).unwrap();
            let marked = ["merge-conflict", "gate-failed", "stuck"].iter().any(|mark| bead.has_label(mark));
            let back = row.as_ref().is_some_and(|row| row.state == State::Failed && !row.note.is_empty());
            bead.status.as_str() == "open" && (bead.blocked || marked || back)
        };
        self.beads.iter().filter(|id| !settled(id)).cloned().collect()
    }

    /// What a person does who looks in now and then: work that waits for the origin is told to go on, and an agent with a question (a
    /// step of its was interrupted, or there was no room on the disk) is started again.
    fn tend(&self, asked: &mut BTreeSet<(String, Option<i64>)>) {
        // With settings that are broken just then, or a full disk, a person tries again.
        let list = |args: [&str; 3]| -> Vec<serde_json::Value> {
            let run = self.place.gt(args);
            serde_json::from_str(&run.stdout).unwrap_or_default()
        };
        for row in list(["mq", "list", "--json"]) {
            if row["status"] == "waiting" {
                self.place.gt(["mq", "retry", row["id"].as_str().unwrap()]);
            }
        }
        for agent in list(["agents", "list", "--json"]) {
            let waits = agent["state"]["state"] == "needs-you";
            let session = agent["session"].as_str().unwrap().to_owned();
            if waits && !asked.insert((session.clone(), agent["pid"].as_i64())) {
                eprintln!("a person was needed for {session}: {}", agent["state"]["detail"]);
                kill(i32::try_from(agent["pid"].as_i64().unwrap()).unwrap(), "-9");
            }
        }
    }

    fn settle(&self) {
        let start = Instant::now();
        let mut asked = BTreeSet::new();
        loop {
            self.place.gt(["daemon", "start"]).ok();
            let left = self.under_way();
            if left.is_empty() {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(400), "{} left\n{}", left.len(), self.place.account(&left));
            self.tend(&mut asked);
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    fn check(&self) {
        let desk = self.place.desk();
        for rig in RIGS {
            let subjects = self.place.subjects(&self.place.origin(rig));
            for id in &self.beads {
                let bead = self.place.show(id);
                if bead.store != rig {
                    continue;
                }
                let merged = subjects.iter().filter(|subject| subject.contains(&format!("({id})"))).count();
                // Work that was interrupted between its steps and taken up again may be in more than one commit of one merge.
                let wanted = usize::from(bead.status.is_done());
                assert_eq!(merged.min(1), wanted, "{id}: {merged} times\n{}", self.place.account(&self.beads));
            }
            let names: BTreeSet<&String> = subjects.iter().collect();
            assert_eq!(names.len(), subjects.len(), "nothing is merged twice: {subjects:?}");
            let bare = self.place.bare(rig);
            assert_eq!(subjects, self.place.subjects(&bare));
            for repository in [&bare, &self.place.origin(rig)] {
                self.place.sandbox.git(repository, ["fsck", "--no-dangling"]);
            }
        }
        for id in &self.convoys {
            let convoy = self.place.show(id);
            let all = gastown::work::convoy::members(&convoy).into_iter().all(|member| self.place.is_closed(member));
            assert_eq!(convoy.status.is_done(), all, "{id}");
        }
        let ok: String = desk.ledger.conn().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(ok, "ok");
    }

    /// Has git itself write down each commit that it gave a name to, other than those of the refinery's worktree.
    fn note_commits(&self, rig: &str) {
        let hook = self.place.bare(rig).join("hooks/reference-transaction");
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        // The disk may be full: then it says so by failing, and nobody was told that there is such a commit.
        let script = format!(
            "#!/bin/sh\n[ \"$1\" = committed ] || exit 0\ncase $PWD in */refinery/*) exit 0;; esac\ncat >> '{}'\n",
            self.named(rig).display()
        );
        std::fs::write(&hook, script).unwrap();
        std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }

    fn named(&self, rig: &str) -> PathBuf {
        self.place.sandbox.path(&format!("named-{rig}"))
    }

    /// Every commit that git gave a name to at any time, and every snapshot, is reachable still. What is not: the refinery's attempts
    /// to rebase, which are copies of commits that are; and commits that git wrote and could not name, because just then it was killed
    /// or the disk was full: it has told its caller so, and the same work was committed again.
    fn every_commit_is_reachable(&self, rig: &str) {
        let bare = self.place.bare(rig);
        let git = |args: &[&str]| {
            let mut command = self.place.sandbox.command("git");
            command.arg("--git-dir").arg(&bare).args(args);
            self.place.sandbox.run(command).ok().stdout
        };
        let named = std::fs::read_to_string(self.named(rig)).unwrap();
        let named: BTreeSet<&str> = named.lines().filter_map(|line| line.split(' ').nth(1)).collect();
        assert!(named.len() > 1, "git has told of its commits");
        let (copied, contents) = ("--format=%an|%at|%s", "--format=%an|%T|%P");
        let (all, kept) = (git(&["log", "--all", copied]), git(&["log", "--all", contents]));
        let (all, kept): (BTreeSet<&str>, BTreeSet<&str>) = (all.lines().collect(), kept.lines().collect());
        let mut unnamed = 0;
        for line in git(&["fsck", "--unreachable", "--no-reflogs"]).lines() {
            let Some(id) = line.strip_prefix("unreachable commit ") else { continue };
            let of = |format: &str| git(&["log", "-1", format, id]).trim_end().to_owned();
            let (copy, content, committer) = (of(copied), of(contents), of("--format=%ce"));
            assert!(!named.contains(id), "{id} is lost: {copy}");
            let by_refinery = committer == format!("{rig}.refinery@gastown.local") && all.contains(copy.as_str());
            if !by_refinery {
                let of_snapshots = of("--format=%an@gastown.local").replace('/', "-");
                assert_ne!(committer, of_snapshots, "{id} is a snapshot without a name");
                assert!(kept.contains(content.as_str()), "{id} is lost: {copy}, {content}");
                unnamed += 1;
            }
        }
        eprintln!("{rig}: {} commits named, {unnamed} that could not be named and were made again", named.len());
    }

    /// Each worktree is a living hook's, and after the doctor no lock of a killed git stands in the way of anybody.
    fn no_worktree_or_lock_is_left(&self) {
        let agents = self.place.agents();
        let hooks: BTreeSet<&str> = agents.iter().map(|agent| agent["worktree"].as_str().unwrap()).collect();
        for rig in RIGS {
            let polecats = self.place.root.join(rig).join("polecats");
            for entry in std::fs::read_dir(&polecats).into_iter().flatten().flatten() {
                assert!(hooks.contains(entry.path().to_str().unwrap()), "{} is nobody's", entry.path().display());
            }
            let listed = self.place.sandbox.git(&self.place.bare(rig), ["worktree", "list", "--porcelain"]).stdout;
            let known = listed.lines().filter_map(|line| line.strip_prefix("worktree "));
            let of_agents = known.filter(|path| Path::new(path).starts_with(&polecats));
            for path in of_agents {
                assert!(hooks.contains(path), "git knows of {path}, which is nobody's");
            }
        }
        let doctor = self.place.gt(["doctor", "--fix", "--json"]).ok().json();
        assert_eq!(doctor["errors"], 0, "{doctor}");
        for rig in RIGS {
            self.every_commit_is_reachable(rig);
            let run = self.place.sandbox.program(
                "find",
                &self.place.bare(rig),
                [".", "-path", "./objects", "-prune", "-o", "-name", "*.lock", "!", "-name", "gt-*", "-print"],
            );
            assert_eq!(run.ok().stdout, "", "locks in {rig}");
        }
        self.place.gt(["daemon", "stop"]).ok();
    }

    fn nothing_is_left(&self) {
        wait_for("no hook of merged work is left", || {
            let left = self.place.agents();
            left.iter().all(|agent| !self.place.is_closed(agent["bead"].as_str().unwrap())).then_some(())
        });
        for agent in self.place.agents() {
            assert!(agent["pid"].is_null(), "work that was handed back runs on: {agent}");
        }
        self.place.gt(["daemon", "stop"]).ok();
        self.no_worktree_or_lock_is_left();
        wait_for("no process is left over", || self.place.sandbox.processes().is_empty().then_some(()));
        let mut sockets = Vec::new();
        let mut stack = vec![self.place.sandbox.path("run")];
        while let Some(directory) = stack.pop() {
            for entry in std::fs::read_dir(directory).unwrap().flatten() {
                if entry.file_type().unwrap().is_dir() {
                    stack.push(entry.path());
                } else if entry.path().extension().is_some_and(|end| end == "sock") {
                    sockets.push(entry.path());
                }
            }
        }
        assert!(sockets.is_empty(), "{sockets:?}");
    }
}

#[test]
fn whatever_happens_all_work_is_merged_once_or_handed_back() {
    if std::env::var_os(DISK).is_none() && on_a_disk_of_its_own() {
        return;
    }
    let size = size();
    let mut chaos = Chaos::new(&size);
    let start = Instant::now();
    chaos.run(&size);
    chaos.settle();
    chaos.tell(start);
    chaos.check();
    chaos.nothing_is_left();
}
