//! `gt done` hands in what is fit to be merged and says what to do about the rest.

use std::path::PathBuf;

use gastown::work::{assignment, journal, spawn};

use crate::support::{Run, wait_for};
use crate::town::Place;

struct Agent {
    place: Place,
    id: String,
    agent: String,
    worktree: PathBuf,
}

/// An agent with a bead that it never finishes by itself.
fn agent() -> Agent {
    let place = Place::new(&["shop"]);
    let id = place.bead("shop", "By hand", "# Wait\nread line < /dev/tty", &[]);
    let report = place.gt(["sling", &id, "shop", "--json"]).ok().json();
    let slung = &report["slung"][0];
    let (agent, worktree) = (slung["agent"].as_str().unwrap().to_owned(), slung["worktree"].as_str().unwrap().into());
    Agent { place, id, agent, worktree }
}

impl Agent {
    fn done<const N: usize>(&self, args: [&str; N]) -> Run {
        let mut all = vec!["done"];
        all.extend(args);
        let mut command = self.place.command(&all);
        command.current_dir(&self.worktree);
        self.place.sandbox.run(command)
    }

    fn git<const N: usize>(&self, args: [&str; N]) -> Run {
        self.place.sandbox.git(&self.worktree, args)
    }

    #[track_caller]
    fn refused(&self, said: &str) {
        let run = self.done([]).code(4);
        assert!(run.stderr.contains(said) && run.stderr.contains("hint:"), "{run:?}");
    }
}

#[test]
fn what_can_not_be_merged_is_refused_and_what_can_is_merged() {
    let agent = agent();
    agent.refused("no commits");
    std::fs::write(agent.worktree.join("new.txt"), "new\n").unwrap();
    agent.refused("new.txt (untracked)");
    agent.git(["add", "new.txt"]);
    agent.git(["commit", "-qm", "New"]);
    let branch = agent.git(["branch", "--show-current"]).stdout.trim().to_owned();
    agent.git(["checkout", "-q", "--detach"]);
    agent.refused("on no branch");
    agent.git(["switch", "-q", "main"]);
    agent.refused("main is the branch work is merged into");
    agent.git(["switch", "-q", &branch]);
    let hooked = {
        let mut command = agent.place.command(&["hook", "--json"]);
        command.current_dir(&agent.worktree);
        agent.place.sandbox.run(command).ok().json()
    };
    assert_eq!(hooked["bead_id"], agent.id.as_str());
    assert_eq!(hooked["branch"], branch.as_str());
    let report = agent.done(["--json"]).ok().json();
    assert_eq!(report["bead"], agent.id.as_str());
    agent.place.wait_closed(std::slice::from_ref(&agent.id));
    assert_eq!(agent.place.subjects(&agent.place.origin("shop")), ["New", "First commit"]);
    agent.place.gt(["daemon", "stop"]).ok();
}

#[test]
fn put_off_work_is_kept_uncommitted_as_it_is() {
    let agent = agent();
    std::fs::write(agent.worktree.join("half.txt"), "half\n").unwrap();
    agent.done(["--status", "DEFERRED"]).ok();
    let bead = agent.place.show(&agent.id);
    assert_eq!((bead.status.as_str(), bead.assignee.as_str()), ("deferred", ""));
    let refs =
        agent.place.sandbox.git(&agent.place.bare("shop"), ["for-each-ref", "--format=%(refname)", "refs/gt/hooks"]);
    let last = refs.stdout.lines().last().unwrap().to_owned();
    let half = agent.place.sandbox.git(&agent.place.bare("shop"), ["show", &format!("{last}:half.txt")]).stdout;
    assert_eq!(half, "half\n");
    agent.place.gt(["daemon", "stop"]).ok();
}

#[test]
fn what_needs_a_person_reaches_the_person() {
    let agent = agent();
    agent.done(["--status", "nonsense"]).code(2);
    agent.done(["--status", "ESCALATED", "-m", "which colour?"]).ok();
    assert!(agent.place.show(&agent.id).has_label("escalated"));
    let mail = agent.place.mail();
    assert!(mail.iter().any(|m| m["body"].as_str().unwrap().contains("which colour?")), "{mail:?}");
    let first = mail[0]["id"].as_str().unwrap();
    agent.place.gt(["mail", "read", first]).ok();
    assert_eq!(agent.place.mail()[0]["read"], true);
    agent.place.gt(["daemon", "stop"]).ok();
}

#[test]
fn the_session_ends_itself_and_all_it_started() {
    let place = Place::new(&["shop"]);
    // A child that ignores hang-ups and left the process group must not outlive its session.
    let script = "# Leave something behind\nsetsid sh -c 'trap \"\" HUP TERM; sleep 1000' & echo x > x.txt";
    let id = place.bead("shop", "Messy", script, &[]);
    let report = place.gt(["sling", &id, "shop", "--json"]).ok().json();
    let pid = i32::try_from(report["slung"][0]["pid"].as_i64().unwrap()).unwrap();
    place.wait_closed(std::slice::from_ref(&id));
    wait_for("the agent's process is gone", || (!place.sandbox.processes().contains(&pid)).then_some(()));
    place.gt(["daemon", "stop"]).ok();
    wait_for("nothing is left over", || place.sandbox.processes().is_empty().then_some(()));
}

#[test]
fn an_agent_is_whoever_the_worktree_says() {
    let agent = agent();
    let run = agent.place.gt(["hook"]).code(2);
    assert!(run.stderr.contains("nothing says which"), "{run:?}");
    let shown = agent.place.gt(["hook", &agent.agent, "--json"]).ok().json();
    assert_eq!(shown["bead_id"], agent.id.as_str());
    agent.place.gt(["unsling", &agent.id]).ok();
    let shown = agent.place.gt(["hook", &agent.agent, "--json"]).ok().json();
    assert!(shown["bead_id"].is_null());
    agent.place.gt(["daemon", "stop"]).ok();
}

#[test]
fn an_agent_that_is_faster_than_its_starter_hands_in_all_the_same() {
    let agent = agent();
    let mut desk = agent.place.desk();
    // As it is between the start of the session and the note that it succeeded. The performer is this process, which lives, so
    // that nobody else finishes the start.
    desk.ledger
        .write("test", |tx| {
            let mut row = assignment::find(tx.conn(), &agent.id)?.unwrap();
            row.state = assignment::State::Spawning;
            assignment::put(tx, &row)?;
            let ticket = spawn::Ticket {
                bead: agent.id.clone(),
                agent: row.agent.parse()?,
                rig: row.rig.clone(),
                branch: row.branch.clone(),
                base: row.base.clone(),
                worktree: agent.worktree.clone(),
                preset: row.preset.clone(),
                fresh: true,
                from_queue: false,
                by_hand: false,
                new_convoy: None,
                status_before: "open".into(),
                assignee_before: String::new(),
            };
            journal::begin(tx, spawn::OP, &agent.id, &ticket)
        })
        .unwrap();
    std::fs::write(agent.worktree.join("new.txt"), "new\n").unwrap();
    agent.git(["add", "."]);
    agent.git(["commit", "-qm", "New"]);
    let report = agent.done(["--json"]).ok().json();
    // Handed in by hand, from outside the session: it is ended all the same, at once and not by the witness.
    assert_eq!(report["ends_session"], agent.agent.replace("/polecats/", "-polecat-"));
    assert!(journal::of_subject(desk.ledger.conn(), spawn::OP, &agent.id).unwrap().is_none());
    agent.place.wait_closed(std::slice::from_ref(&agent.id));
    wait_for("the hook is archived", || agent.place.agents().is_empty().then_some(()));
    agent.place.gt(["daemon", "stop"]).ok();
}
