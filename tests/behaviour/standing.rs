//! The mayor and the crew: sessions that people start, speak to and end; what their runtime is told and tells by its hooks.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{GT, Run, Sandbox, wait_for};

/// A runtime that speaks Claude Code's hooks: it notes its arguments and what it is told, and answers every line.
const FAKE: &str = r#"#!/bin/sh
at=@AT@
printf '%s\n' "$@" > "$at/argv"
env > "$at/env"
pwd > "$at/cwd"
name=new
settings=
while [ $# -gt 0 ]; do
    case "$1" in
        --settings) settings=$2; shift ;;
        --resume) name=$2; shift ;;
        -p) pwd > "$at/asked"; echo "$name answers: $2"; exit 0 ;;
    esac
    shift
done
[ "$name" = new ] && name=conversation-$$
hook() {
    told=$(sed -n "s/.*\"command\": \"\(.*hook-event $1\)\".*/\1/p" "$settings")
    printf '{"session_id":"%s","hook_event_name":"%s","source":"startup"}' "$name" "$1" | sh -c "$told" > "$at/$1.out" 2> "$at/$1.err"
    cat "$at/$1.out" >> "$at/hooked"
}
hook SessionStart
echo ready
while read -r line; do
    printf '%s\n' "$line" >> "$at/typed"
    hook UserPromptSubmit
    echo "heard: $line"
    case "$line" in "run "*) sh -c "${line#run }" > "$at/ran.out" 2>&1 ;; esac
    hook Stop
done
"#;

struct Town {
    sandbox: Sandbox,
    root: PathBuf,
    notes: PathBuf,
}

impl Town {
    fn new() -> Town {
        let sandbox = Sandbox::new();
        sandbox.log_in();
        let (bin, notes) = (sandbox.path("bin"), sandbox.path("notes"));
        fs::create_dir(&bin).unwrap();
        fs::create_dir(&notes).unwrap();
        let fake = bin.join("claude");
        fs::write(&fake, FAKE.replace("@AT@", notes.to_str().unwrap())).unwrap();
        fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
        sandbox.gt(["install", "town"]).ok();
        let root = sandbox.path("town");
        let origin = sandbox.origin("project");
        sandbox.gt_in(&root, ["rig", "add", "web", origin.to_str().unwrap()]).ok();
        Town { sandbox, root, notes }
    }

    fn command(&self, cwd: &Path) -> Command {
        let mut command = self.sandbox.command(GT);
        let path = std::env::var("PATH").unwrap_or_default();
        command.current_dir(cwd).env("PATH", format!("{}:{path}", self.sandbox.path("bin").display()));
        command
    }

    fn gt<const N: usize>(&self, args: [&str; N]) -> Run {
        let mut command = self.command(&self.root);
        command.args(args);
        self.sandbox.run(command)
    }

    fn note(&self, name: &str) -> String {
        fs::read_to_string(self.notes.join(name)).unwrap_or_default()
    }

    /// Waits until the runtime's first hook has run, and gives what it was told.
    fn primed(&self) -> String {
        let out = wait_for("the hook of the start", || {
            let out = self.note("SessionStart.out");
            serde_json::from_str::<Value>(&out).ok()
        });
        out["hookSpecificOutput"]["additionalContext"].as_str().unwrap_or_default().to_owned()
    }
}

#[test]
fn the_mayor_is_started_told_left_and_taken_up_again() {
    let town = Town::new();
    town.gt(["mayor", "stop"]).code(3);
    town.gt(["mail", "send", "mayor/", "-s", "First things first", "-m", "x"]).ok();
    let started = town.gt(["mayor", "start", "--json"]).ok().json();
    assert_eq!((&started["name"], &started["preset"]), (&"hq-mayor".into(), &"claude".into()));
    let told = town.primed();
    assert!(told.contains("You are mayor/") && told.contains("gt sling"), "{told}");
    assert!(told.contains("1 unread") && told.contains("First things first"), "{told}");
    assert!(told.len() < 6144, "{}", told.len());
    assert!(town.note("argv").contains("--settings\n"), "{}", town.note("argv"));
    assert!(town.note("env").contains("GT_ROLE=mayor\n"));
    assert_eq!(Path::new(town.note("cwd").trim()), town.root.join("mayor").canonicalize().unwrap());
    assert!(!town.root.join("mayor/.claude").exists(), "hooks are kept outside the directories people work in");
    let again = town.gt(["mayor", "start"]).code(4);
    assert!(again.stderr.contains("gt attach mayor/"), "{again:?}");

    // What it says of itself by its hooks is known, and a word to it is answered.
    wait_for("the state told by a hook", || {
        let agents = town.gt(["agents", "--json"]).ok().json();
        (agents[0]["state"]["state"] == "idle" && agents[0]["state"]["source"] == "hook").then_some(())
    });
    let answer = town.gt(["mayor", "tell", "Build me a house", "--wait", "--json"]).ok().json();
    assert!(answer["screen"].as_str().unwrap().contains("heard: Build me a house"), "{answer}");
    assert_eq!((&answer["state"], &answer["outcome"]), (&"idle".into(), &"seen".into()), "its prompt hook told of it");
    assert_eq!(town.note("UserPromptSubmit.out").trim(), "{}", "mail is told of once");
    town.gt(["mail", "send", "mayor/", "-s", "Second thoughts", "-m", "x"]).ok();
    town.gt(["mayor", "tell", "And a garden", "--wait"]).ok();
    let told = town.note("UserPromptSubmit.out");
    assert!(told.contains("Second thoughts") && !told.contains("First things"), "{told}");

    let status = town.gt(["mayor", "status"]).ok();
    assert!(status.stdout.contains("idle (hook)"), "{status:?}");
    let detached = town.gt(["mayor", "detach", "--json"]).ok().json();
    assert_eq!(detached["detached"], 0);
    town.gt(["mayor", "attach"]).ok();
    town.gt(["mayor", "stop"]).ok();
    assert_eq!(town.gt(["mayor", "status", "--json"]).ok().json()["running"], false);
    let conversation = fs::read_to_string(town.root.join(".runtime/agents/hq-mayor/note.json")).unwrap();
    let conversation: Value = serde_json::from_str(&conversation).unwrap();

    // The next session takes up the conversation.
    fs::remove_file(town.notes.join("SessionStart.out")).unwrap();
    town.gt(["mayor", "restart"]).ok();
    town.primed();
    let name = conversation["conversation"].as_str().unwrap();
    assert!(town.note("argv").contains(&format!("--resume\n{name}\n")), "{}", town.note("argv"));
    town.gt(["mayor", "stop"]).ok();
}

#[test]
fn a_crew_member_s_session_keeps_its_workspace() {
    let town = Town::new();
    town.gt(["crew", "add", "ann"]).ok();
    let missing = town.gt(["crew", "start", "anm"]).code(3);
    assert!(missing.stderr.contains("did you mean ann?"), "{missing:?}");
    let unknown = town.gt(["crew", "start", "ann", "--agent", "clade"]).code(3);
    assert!(unknown.stderr.contains("claude"), "{unknown:?}");
    town.gt(["crew", "start", "ann"]).ok();
    let told = town.primed();
    assert!(told.contains("You are web/crew/ann") && told.contains("Nothing."), "{told}");
    let status = town.gt(["crew", "status", "ann", "--json"]).ok().json();
    assert_eq!((&status["running"], &status["session"]), (&true.into(), &"web-crew-ann".into()));
    for refused in [["crew", "remove", "ann"].as_slice(), &["crew", "rename", "ann", "bob"]] {
        let mut command = town.command(&town.root);
        command.args(refused);
        let refused = town.sandbox.run(command).code(4);
        assert!(refused.stderr.contains("gt crew stop ann"), "{refused:?}");
    }
    town.gt(["crew", "stop", "ann"]).ok();
    town.gt(["crew", "stop", "ann"]).code(3);
    town.gt(["crew", "rename", "ann", "bob"]).ok();
    assert!(town.root.join("web/crew/bob/README.md").is_file() && !town.root.join("web/crew/ann").exists());
    town.gt(["crew", "remove", "bob"]).ok();
}

#[test]
fn identity_comes_from_the_environment_then_the_directory() {
    let town = Town::new();
    town.gt(["crew", "add", "ann"]).ok();
    let ann = town.root.join("web/crew/ann");
    let asked = |cwd: &Path, role: &[(&str, &str)], args: &[&str]| {
        let mut command = town.command(cwd);
        command.args(args).envs(role.iter().copied());
        town.sandbox.run(command)
    };
    for (cwd, address) in [
        (town.root.clone(), "overseer"),
        (town.root.join("mayor"), "mayor/"),
        (ann.clone(), "web/crew/ann"),
        (town.root.join("web/refinery/rig"), "web/refinery"),
    ] {
        assert_eq!(asked(&cwd, &[], &["whoami", "--json"]).ok().json()["address"], address);
    }
    let both = asked(&ann, &[("GT_ROLE", "mayor")], &["whoami"]).ok();
    assert!(both.stdout.contains("mayor/") && both.stdout.contains("belongs to web/crew/ann"), "{both:?}");
    let primed = asked(&ann, &[("GT_ROLE", "mayor")], &["prime"]).ok();
    assert!(primed.stdout.contains("You are mayor/") && primed.stdout.starts_with("Careful:"), "{primed:?}");
    assert_eq!(asked(&ann, &[], &["role", "home"]).ok().stdout.trim(), ann.canonicalize().unwrap().to_str().unwrap());
    assert!(asked(&ann, &[], &["role", "env"]).ok().stdout.contains("export GT_CREW=ann\n"));
    assert!(asked(&ann, &[], &["role", "list"]).ok().stdout.contains("polecat"));
    // The town's own words for a role come first.
    fs::create_dir_all(town.root.join("roles")).unwrap();
    fs::write(town.root.join("roles/crew.md"), "Hello {agent} of {rig}.\nDo {bead}.\n").unwrap();
    let own = asked(&ann, &[], &["prime", "--json"]).ok().json();
    let text = own["text"].as_str().unwrap();
    assert!(text.starts_with("Hello web/crew/ann of web.\n") && !text.contains("Do "), "{text}");

    // Outside a town a hook gets no word.
    let outside = town.sandbox.path("home");
    let silent = asked(&outside, &[], &["prime", "--hook"]).ok();
    assert_eq!((silent.stdout.as_str(), silent.stderr.as_str()), ("", ""));
    asked(&outside, &[], &["prime"]).code(3);
}

#[test]
fn what_hangs_on_the_hook_is_told_and_never_grows_too_long() {
    let town = Town::new();
    town.gt(["crew", "add", "ann"]).ok();
    let long = "Many words. ".repeat(2000);
    let mut create = town.sandbox.command(crate::support::BD);
    create.current_dir(town.root.join("web")).args(["create", "Paint it \u{1b}[31mred", "-d", &long, "--json"]);
    let bead = town.sandbox.run(create).ok().json();
    let id = bead["id"].as_str().unwrap();
    town.gt(["sling", id, "web/crew/ann"]).ok();
    let mut prime = town.command(&town.root.join("web/crew/ann"));
    prime.arg("prime");
    let text = town.sandbox.run(prime).ok().stdout;
    assert!(text.contains(id) && text.contains("Many words.") && text.contains("[cut; all of it: gt hook]"), "{text}");
    assert!(text.len() < 6144 && !text.contains('\u{1b}'), "{}", text.len());
}

#[test]
fn a_session_hands_over_to_the_next_one_in_its_place() {
    let town = Town::new();
    town.gt(["crew", "add", "ann"]).ok();
    let mut create = town.sandbox.command(crate::support::BD);
    create.current_dir(town.root.join("web")).args(["create", "Paint the roof", "--json"]);
    let bead = town.sandbox.run(create).ok().json();
    let id = bead["id"].as_str().unwrap();
    town.gt(["sling", id, "web/crew/ann"]).ok();
    town.gt(["crew", "start", "ann"]).ok();
    let told = town.primed();
    assert!(told.contains("Paint the roof") && !told.contains("Handed over to you"), "{told}");
    assert!(town.note("argv").contains(&format!("Your work is bead {id}")), "{}", town.note("argv"));
    let first = town.gt(["crew", "status", "ann", "--json"]).ok().json();
    fs::remove_file(town.notes.join("SessionStart.out")).unwrap();
    town.gt(["nudge", "web/crew/ann", "run gt handoff -s roof -m 'the ladder is red' --collect"]).ok();
    let told = town.primed();
    assert!(told.contains("Handed over to you") && told.contains("the ladder is red"), "{told}");
    assert!(told.contains("0 files changed") && told.contains(id), "{told}");
    let second = wait_for("the next session", || {
        let status = town.gt(["crew", "status", "ann", "--json"]).ok().json();
        (status["running"] == true && status["pid"] != first["pid"]).then_some(status)
    });
    assert_eq!(second["bead"], id);
    assert!(!town.note("argv").contains("--resume"), "a hand-over starts a conversation of its own");
    assert!(town.note("argv").contains(&format!("Your work is bead {id}")));

    // Both sessions can be found again, with their conversations.
    let all = wait_for("both conversations", || {
        let all = town.gt(["seance", "web/crew/ann", "--json"]).ok().json();
        let names: Vec<_> = all.as_array().unwrap().iter().filter_map(|one| one["conversation"].as_str()).collect();
        (names.len() == 2 && names[0] != names[1]).then(|| all.clone())
    });
    assert_eq!(all[0]["bead"], id);
    town.gt(["seance", "--talk", "nothing-like-it"]).code(3);
    town.gt(["crew", "stop", "ann"]).ok();
    // By role, rig and time too; and one is asked a question, in its own directory, without becoming the agent.
    let listed = |args: &[&str]| {
        let mut command = town.command(&town.root);
        command.args([&["seance", "--json"], args].concat());
        town.sandbox.run(command).ok().json().as_array().unwrap().len()
    };
    assert_eq!((listed(&["--role", "crew", "--rig", "web"]), listed(&["--role", "polecat"])), (2, 0));
    assert_eq!((listed(&[id]), listed(&["--since", "1h"]), listed(&["--since", "2100-01-01T00:00:00Z"])), (2, 2, 0));
    town.gt(["seance", "--rig", "nowhere"]).code(3);
    let conversation = all[1]["conversation"].as_str().unwrap();
    let note = fs::read(town.root.join(".runtime/agents/web-crew-ann/note.json")).unwrap();
    let asked = town.gt(["seance", "--talk", conversation, "-p", "Which ladder?", "--json"]).ok().json();
    assert_eq!(asked["answer"], format!("{conversation} answers: Which ladder?"));
    assert!(town.note("asked").trim().ends_with("web/crew/ann"), "{}", town.note("asked"));
    assert_eq!(fs::read(town.root.join(".runtime/agents/web-crew-ann/note.json")).unwrap(), note);
    let no_terminal = town.gt(["seance", "--talk", id]).code(2);
    assert!(no_terminal.stderr.contains("-p"), "{no_terminal:?}");
    let again = town.gt(["resume", "web/crew/ann", "--json"]).ok().json();
    assert_eq!(again["bead"], id);
    town.gt(["resume", "web/crew/ann"]).code(4);
    town.gt(["crew", "stop", "ann"]).ok();
}

#[test]
fn another_s_session_is_followed_by_a_fresh_one() {
    let town = Town::new();
    town.gt(["mayor", "start"]).ok();
    town.primed();
    let first = town.gt(["mayor", "status", "--json"]).ok().json();
    fs::remove_file(town.notes.join("SessionStart.out")).unwrap();
    town.gt(["handoff", "overseer"]).code(4);
    let handed = town.gt(["handoff", "mayor/", "-m", "Start anew", "--json"]).ok().json();
    assert_eq!((&handed["agent"], &handed["session"]), (&"mayor/".into(), &"hq-mayor".into()));
    let told = town.primed();
    assert!(told.contains("Handed over to you") && told.contains("Start anew"), "{told}");
    wait_for("the next session", || {
        let status = town.gt(["mayor", "status", "--json"]).ok().json();
        (status["running"] == true && status["pid"] != first["pid"]).then_some(())
    });
    town.gt(["mayor", "stop"]).ok();
}

#[test]
fn where_a_session_stopped_the_next_one_goes_on() {
    let town = Town::new();
    town.gt(["crew", "add", "ann"]).ok();
    let ann = town.root.join("web/crew/ann");
    let as_ann = |args: &[&str]| {
        let mut command = town.command(&ann);
        command.args(args);
        town.sandbox.run(command)
    };
    assert_eq!(as_ann(&["prime", "--state", "--json"]).ok().json()["state"], "normal");
    as_ann(&["checkpoint", "read"]).code(3);
    let mut create = town.sandbox.command(crate::support::BD);
    create.current_dir(town.root.join("web")).args(["create", "Paint the roof", "--json"]);
    let id = town.sandbox.run(create).ok().json()["id"].as_str().unwrap().to_owned();
    // A bead is taken by its name, and twice is no harm.
    as_ann(&["hook", &id, "--dry-run"]).ok();
    as_ann(&["hook", &id]).ok();
    as_ann(&["hook", &id]).ok();
    assert_eq!(as_ann(&["hook", "--json"]).ok().json()["bead_id"], id.as_str());
    assert_eq!(as_ann(&["prime", "--state", "--json"]).ok().json()["state"], "autonomous");
    fs::write(ann.join("half.txt"), "half\n").unwrap();
    let written = as_ann(&["checkpoint", "write", "--notes", "the ladder is red", "--json"]).ok().json();
    assert_eq!(written["modified_files"], serde_json::json!(["half.txt"]));
    assert_eq!((&written["hooked_bead"], &written["last_subject"]), (&id.as_str().into(), &"First commit".into()));
    let told = as_ann(&["prime"]).ok().stdout;
    for words in ["Where you stopped", "half.txt", "the ladder is red", "First commit"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let state = as_ann(&["prime", "--state", "--json"]).ok().json();
    assert_eq!((&state["state"], &state["hooked_bead"]), (&"crash-recovery".into(), &id.as_str().into()));
    assert!(state["checkpoint_age"].as_i64().unwrap() >= 0);
    // A runtime's context is about to be shortened: what was noted stays, and the rest is as it is now.
    fs::write(ann.join("more.txt"), "more\n").unwrap();
    let mut hook = town.command(&ann);
    hook.args(["hook-event", "PreCompact"]).envs([("GT_ROLE", "crew"), ("GT_RIG", "web"), ("GT_CREW", "ann")]);
    assert_eq!(town.sandbox.run(hook).ok().stdout, "{}\n");
    let now = as_ann(&["checkpoint", "read", "--json"]).ok().json();
    assert_eq!((&now["notes"], now["modified_files"].as_array().unwrap().len()), (&"the ladder is red".into(), 2));
    as_ann(&["checkpoint", "clear"]).ok();
    as_ann(&["hook", "--clear"]).ok();
    assert!(as_ann(&["hook", "--json"]).ok().json()["bead_id"].is_null());
}

#[test]
fn a_crew_is_started_and_stopped_together() {
    let town = Town::new();
    let crew = |args: &[&str]| {
        let mut command = town.command(&town.root);
        command.args([&["crew"], args].concat());
        town.sandbox.run(command)
    };
    assert_eq!(crew(&["add", "ann", "bob", "--json"]).ok().json().as_array().unwrap().len(), 2);
    // One that is there already keeps none of the others from it.
    crew(&["add", "ann", "cid"]).code(4);
    assert_eq!(crew(&["start", "--all", "--dry-run", "--json"]).ok().json()["would"].as_array().unwrap().len(), 3);
    assert_eq!(crew(&["start", "web", "ann", "bob", "--json"]).ok().json().as_array().unwrap().len(), 2);
    let runs =
        |json: &Value| -> Vec<bool> { json.as_array().unwrap().iter().map(|one| one["has_session"] == true).collect() };
    assert_eq!(runs(&crew(&["list", "--json"]).ok().json()), [true, true, false]);
    fs::write(town.root.join("web/crew/ann/new.txt"), "x").unwrap();
    town.gt(["mail", "send", "web/ann", "-s", "Hello"]).ok();
    let all = crew(&["status", "--json"]).ok().json();
    let ann = &all[0];
    assert_eq!((&ann["git_untracked"], &ann["git_modified"], &ann["git_clean"]), (&1.into(), &0.into(), &false.into()));
    assert_eq!((&ann["mail_total"], &ann["mail_unread"], &ann["running"]), (&1.into(), &1.into(), &true.into()));
    assert_eq!(crew(&["at", "ann", "--no-tmux"]).ok().stdout.trim(), town.root.join("web/crew/ann").to_str().unwrap());
    assert_eq!(crew(&["at", "web/cid", "--detached", "--json"]).ok().json()["address"], "web/crew/cid");
    let stopped = crew(&["stop", "--all", "--json"]).ok().json();
    assert_eq!(stopped.as_array().unwrap().len(), 3);
    crew(&["stop", "--all"]).code(3);
    fs::remove_file(town.root.join("web/crew/ann/new.txt")).unwrap();
    crew(&["remove", "ann", "bob", "cid", "--purge"]).ok();
    assert!(crew(&["list", "--json"]).ok().json().as_array().unwrap().is_empty());
    crew(&["start"]).code(2);
}

#[test]
fn notes_are_given_to_those_they_are_for() {
    let town = Town::new();
    town.gt(["crew", "add", "ann"]).ok();
    town.gt(["remember", "tests", "Run make check first", "--rig", "web"]).ok();
    town.gt(["remember", "tone", "Be brief", "--town"]).ok();
    town.gt(["remember", "secret", "Only for workers", "--rig", "web", "--role", "polecat"]).ok();
    town.gt(["remember", "long", &"x".repeat(1001)]).code(4);
    let prime = || {
        let mut prime = town.command(&town.root.join("web/crew/ann"));
        prime.arg("prime");
        town.sandbox.run(prime).ok().stdout
    };
    let told = prime();
    assert!(told.contains("tests: Run make check first") && told.contains("tone: Be brief"), "{told}");
    assert!(!told.contains("Only for workers"), "{told}");
    let found = town.gt(["recall", "MAKE", "--rig", "web", "--json"]).ok().json();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["key"]), (1, &"tests".into()));
    town.gt(["forget", "tests", "--rig", "web"]).ok();
    town.gt(["forget", "tests", "--rig", "web"]).code(3);
    assert!(!prime().contains("make check"));
}

#[test]
fn mail_reaches_one_who_is_idle_by_itself_once_and_never_one_who_wants_peace() {
    let town = Town::new();
    town.gt(["crew", "add", "ann"]).ok();
    town.gt(["crew", "start", "ann"]).ok();
    town.primed();
    town.gt(["dnd", "on", "--for", "web/crew/ann"]).ok();
    town.gt(["mail", "send", "web/ann", "-s", "Quiet please", "-m", "x"]).ok();
    town.gt(["daemon", "start"]).ok();
    let nudged = town.gt(["nudge", "web/ann", "psst", "--json"]).ok().json();
    assert_eq!(nudged["outcome"], "skipped");
    let told = town.gt(["broadcast", "Hear", "--json"]).ok().json();
    assert_eq!((&told[0]["address"], &told[0]["outcome"]), (&"web/crew/ann".into(), &"skipped".into()));
    town.gt(["dnd", "off", "--for", "web/crew/ann"]).ok();
    for subject in ["Second", "Third", "Fourth"] {
        town.gt(["mail", "send", "web/ann", "-s", subject, "-m", "x"]).ok();
    }
    // All of it was told to her in the end, each message once, whatever the daemon saw at a time: typed, or by the hook of a prompt that
    // was being typed when it came.
    let (typed, hooked) = wait_for("the last subject to be told", || {
        let (typed, hooked) = (town.note("typed"), town.note("hooked"));
        (typed.contains("Fourth") || hooked.contains("Fourth")).then_some((typed, hooked))
    });
    assert!(typed.contains("You have mail: "), "{typed}");
    assert_eq!(typed.matches("Fourth").count() + hooked.matches("Fourth").count(), 1, "{typed}\n{hooked}");
    assert_eq!(typed.matches("psst").count(), 0, "{typed}");
    let told = town.gt(["broadcast", "Hear this", "--json"]).ok().json();
    assert!(matches!(told[0]["outcome"].as_str(), Some("seen" | "delivered" | "queued" | "unconfirmed")), "{told}");
    wait_for("the broadcast to be typed", || town.note("typed").contains("Hear this").then_some(()));
    town.gt(["broadcast", "x", "--rig", "nowhere"]).code(3);
}
