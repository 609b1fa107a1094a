//! Every runtime's command line, prompt, hooks and resumption, shown by a program that notes what it is given.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::support::{Run, wait_for};
use crate::town::{Place, kill};

/// Notes its arguments, its environment and every byte typed; tells its conversation as a runtime with hooks would.
const FAKE: &str = r#"#!/bin/sh
name=$(basename "$0")
at=@AT@/$name
mkdir -p "$at"
number=$(ls "$at" | grep -c '^argv')
printf '%s\n' "$@" > "$at/.argv"
env > "$at/env.$number"
echo $$ > "$at/pid.$number"
if [ -e @AT@/hooked.$name ]; then
    printf '{"session_id":"conv-1","source":"startup"}' | gt hook-event SessionStart > "$at/told.$number"
    printf '{"session_id":"conv-1"}' | gt hook-event UserPromptSubmit > /dev/null
fi
stty raw -echo
mv "$at/.argv" "$at/argv.$number"
printf '\033[?2004hready\r\n> '
exec cat >> "$at/typed.$number"
"#;

struct Fakes {
    place: Place,
    notes: PathBuf,
}

impl Fakes {
    fn new() -> Fakes {
        let fakes = Fakes::logged_out();
        fakes.place.sandbox.log_in();
        fakes
    }

    fn logged_out() -> Fakes {
        let place = Place::new(&["web"]);
        let (bin, notes) = (place.sandbox.path("bin"), place.sandbox.path("notes"));
        fs::create_dir(&bin).unwrap();
        fs::create_dir(&notes).unwrap();
        place.set("settings/config.json", &[("permissions", json!({"default": "bypass"}))]);
        Fakes { place, notes }
    }

    fn install(&self, program: &str, hooked: bool) {
        self.install_as(program, hooked, FAKE);
    }

    fn install_as(&self, program: &str, hooked: bool, script: &str) {
        let path = self.place.sandbox.path("bin").join(program);
        fs::write(&path, script.replace("@AT@", self.notes.to_str().unwrap())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        if hooked {
            fs::write(self.notes.join(format!("hooked.{program}")), "").unwrap();
        }
    }

    fn gt(&self, args: &[&str]) -> Run {
        let mut command = self.place.command(args);
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.place.sandbox.path("bin").display()));
        self.place.sandbox.run(command)
    }

    /// What `program` noted as `name` at its `number`th start.
    fn note(&self, program: &str, name: &str, number: usize) -> Option<String> {
        fs::read_to_string(self.notes.join(program).join(format!("{name}.{number}"))).ok()
    }

    fn wait_note(&self, program: &str, name: &str, number: usize, holds: &str) -> String {
        wait_for(&format!("{program}: {name}.{number} with {holds:?}"), || {
            self.note(program, name, number).filter(|text| text.contains(holds))
        })
    }

    /// Gives a new bead to a new agent; returns its worktree.
    fn sling(&self, preset: &str) -> PathBuf {
        let bead = self.place.bead("web", "Greet", "true", &[]);
        self.gt(&["sling", &bead, "web", "--agent", preset]).ok();
        let agents = self.place.agents();
        let agent = agents.iter().find(|agent| agent["bead"] == bead.as_str()).unwrap();
        agent["worktree"].as_str().unwrap().into()
    }

    /// Ends the program as a crash would; the witness starts it again. Its arguments then.
    fn crash(&self, program: &str) -> String {
        let pid = self.note(program, "pid", 0).unwrap();
        kill(pid.trim().parse().unwrap(), "-9");
        self.wait_note(program, "argv", 1, "")
    }

    fn clean(&self, worktree: &Path) {
        let status = self.place.sandbox.git(worktree, ["status", "--porcelain"]);
        assert_eq!(status.stdout, "", "the project's tree is left alone");
    }
}

/// A runtime with hooks: its prompt is short, because its hooks tell it the rest.
fn primed(preset: &str, program: &str, args: &[&str], file: Option<&str>, resumed: &[&str]) {
    let fakes = Fakes::new();
    fakes.install(program, true);
    let worktree = fakes.sling(preset);
    let argv = fakes.wait_note(program, "argv", 0, "");
    let lines: Vec<&str> = argv.lines().collect();
    for arg in args {
        assert!(argv.contains(arg), "{arg} in {argv}");
    }
    assert!(lines.last().unwrap().starts_with("Your work is bead web-"), "{argv}");
    if let Some(file) = file {
        let text = fs::read_to_string(worktree.join(file)).unwrap();
        assert!(text.contains("hook-event"), "{text}");
    }
    fakes.clean(&worktree);
    let env = fakes.note(program, "env", 0).unwrap();
    for set in ["GT_ROLE=polecat", "GT_RIG=web", &format!("GT_AGENT={preset}")] {
        assert!(env.lines().any(|line| line == set), "{set} in {env}");
    }
    assert_eq!(fakes.note(program, "typed", 0).unwrap_or_default(), "");
    assert_eq!(argv.matches("Your work is bead web-").count(), 1, "one prompt: {argv}");
    let again = fakes.crash(program);
    assert!(again.contains(&resumed.join("\n")), "{resumed:?} in {again}");
    // Resumed, it is told once more what it is there for, and where it stopped.
    assert_eq!(again.matches("Your work is bead web-").count(), 1, "one prompt: {again}");
    assert!(!again.contains("--session-id"), "{again}");
    assert_eq!(fakes.note(program, "typed", 1).unwrap_or_default(), "");
    let told = fakes.wait_note(program, "told", 1, "");
    assert!(!told.contains("additionalContext") || told.contains("Where you stopped"), "{told}");
}

/// A runtime whose hooks tell it nothing: its prompt says all.
fn unprimed(preset: &str, program: &str, args: &[&str], hooked: bool, resumed: &[&str]) -> Fakes {
    let words = "You have one piece of work";
    let fakes = Fakes::new();
    fakes.install(program, hooked);
    let worktree = fakes.sling(preset);
    let argv = fakes.wait_note(program, "argv", 0, "");
    for arg in args {
        assert!(argv.contains(arg), "{arg} in {argv}");
    }
    fakes.clean(&worktree);
    let prompts = |argv: &str, number| {
        // What is typed is seen a moment after the start.
        let typed = || fakes.note(program, "typed", number).unwrap_or_default();
        wait_for("the prompt", || (argv.contains(words) || typed().contains(words)).then_some(()));
        argv.matches(words).count() + typed().matches(words).count()
    };
    assert_eq!(prompts(&argv, 0), 1, "one prompt");
    let again = fakes.crash(program);
    assert!(again.contains(&resumed.join("\n")), "{resumed:?} in {again}");
    assert_eq!(prompts(&again, 1), 1, "one prompt");
    fakes
}

#[test]
fn claude() {
    let args = ["--dangerously-skip-permissions", "--settings", "--session-id\n"];
    primed("claude", "claude", &args, None, &["--resume", "conv-1"]);
}

#[test]
fn gemini() {
    let args = ["--approval-mode\nyolo", "-i\n", "--session-id\n"];
    primed("gemini", "gemini", &args, Some(".gemini/settings.json"), &["--resume", "conv-1"]);
}

#[test]
fn codex() {
    let args = [
        "--no-daemon",
        "--dangerously-bypass-hook-trust",
        "hooks.SessionStart=",
        "trust_level=\"trusted\"",
        "--dangerously-bypass-approvals-and-sandbox",
    ];
    primed("codex", "codex", &args, None, &["resume", "conv-1", "--no-daemon"]);
}

#[test]
fn cursor() {
    primed("cursor", "cursor-agent", &["-f\n"], Some(".cursor/hooks.json"), &["--resume", "conv-1"]);
}

#[test]
fn copilot() {
    let args = ["--yolo\n", "-i\n", "--session-id\n", "Your work is on your hook"];
    let fakes = unprimed("copilot", "copilot", &args, true, &["--resume", "conv-1"]);
    let agents = fakes.place.agents();
    let hooks = Path::new(agents[0]["worktree"].as_str().unwrap()).join(".github/hooks/gastown.json");
    assert!(fs::read_to_string(hooks).unwrap().contains("hook-event sessionStart"));
}

#[test]
fn auggie() {
    unprimed("auggie", "auggie", &["--allow-indexing\n", "Run `gt hook`"], false, &["--continue"]);
}

#[test]
fn opencode_without_its_own_package_gets_no_plugin_it_would_wait_for() {
    let fakes = unprimed("opencode", "opencode", &["--prompt\n", "Run `gt hook`"], false, &["--continue"]);
    let env = fakes.note("opencode", "env", 0).unwrap();
    assert!(env.contains("OPENCODE_PERMISSION={\"*\":\"allow\"}") && !env.contains("OPENCODE_CONFIG_DIR"), "{env}");
}

#[test]
fn amp_is_told_by_its_terminal() {
    let fakes = unprimed("amp", "amp", &["--no-ide\n--dangerously-allow-all\n"], false, &["threads", "continue"]);
    let argv = fakes.note("amp", "argv", 0).unwrap();
    assert!(!argv.contains("hook"), "{argv}");
    let typed = fakes.wait_note("amp", "typed", 1, "\r");
    assert!(typed.contains("\u{1b}[200~") && typed.contains("Run `gt hook`"), "{typed:?}");
}

#[test]
fn a_runtime_that_is_not_here_is_told_before_anything_is_made() {
    let fakes = Fakes::new();
    let bead = fakes.place.bead("web", "Greet", "true", &[]);
    let told = fakes.gt(&["sling", &bead, "web", "--agent", "amp"]).code(3);
    assert!(told.stderr.contains("`amp` is not on the search path") && told.stderr.contains("ampcode.com"), "{told:?}");
    assert!(fakes.place.agents().is_empty());
    assert_eq!(fakes.place.show(&bead).status.to_string(), "open");
    assert!(!fakes.place.root.join("web/polecats").read_dir().is_ok_and(|mut all| all.next().is_some()));
}

#[test]
fn a_runtime_that_is_not_logged_in_is_told_before_anything_is_made() {
    let fakes = Fakes::logged_out();
    let bead = fakes.place.bead("web", "Greet", "true", &[]);
    for (preset, program, hint) in [
        ("claude", "claude", "ANTHROPIC_API_KEY"),
        ("codex", "codex", "codex login"),
        ("gemini", "gemini", "GEMINI_API_KEY"),
        ("cursor", "cursor-agent", "cursor-agent login"),
        ("auggie", "auggie", "auggie login"),
        ("amp", "amp", "amp login"),
    ] {
        fakes.install(program, false);
        let told = fakes.gt(&["sling", &bead, "web", "--agent", preset]).code(4);
        assert!(told.stderr.contains("is not logged in") && told.stderr.contains(hint), "{told:?}");
        let listed = fakes.gt(&["config", "agent", "list", "--json"]).ok().json();
        let line = listed.as_array().unwrap().iter().find(|line| line["name"] == preset).unwrap().clone();
        assert!(line["available"] == false && line["problem"].as_str().unwrap().contains("not logged in"), "{line}");
    }
    assert!(fakes.place.agents().is_empty());
    assert_eq!(fakes.place.show(&bead).status.to_string(), "open");
    for agent in ["mayor", "crew"] {
        fakes.gt(&["crew", "add", "ann", "--rig", "web"]);
        let start: &[&str] = if agent == "mayor" { &["mayor", "start"] } else { &["crew", "start", "ann"] };
        fakes.gt(&[start, &["--agent", "claude"]].concat()).code(4);
    }
    // A key in the agent's own settings is a login; then nothing is in the way.
    let key = json!({"version": 1, "agents": {"claude": {"env": {"ANTHROPIC_API_KEY": "k"}}}});
    fs::write(fakes.place.root.join("settings/agents.json"), key.to_string()).unwrap();
    fakes.gt(&["sling", &bead, "web", "--agent", "claude"]).ok();
    fakes.wait_note("claude", "env", 0, "ANTHROPIC_API_KEY=k");
}

/// Shows a banner, and its input line only once it is told to; notes what is typed before and after.
const SLOW: &str = r#"#!/bin/sh
at=@AT@/slow
mkdir -p "$at"
export HOUSE_ID=conversation-7
printf '%s\n' "$@" > "$at/argv.$(ls "$at" | grep -c '^argv')"
gt prime > "$at/primed"
stty raw -echo
cat < /dev/tty >> "$at/typed" &
echo $$ > "$at/pid"
printf '\033[?2004hstarting\r\n'
until [ -e @AT@/go ]; do sleep 0.05; done
printf '[ready]' >> "$at/typed"
printf 'READY> '
wait
"#;

#[test]
fn what_settings_say_of_a_runtime_is_done() {
    let fakes = Fakes::logged_out();
    fakes.install_as("slow", false, SLOW);
    let slow = json!({"command": "slow", "prompt_mode": "typed", "ready_prefix": "READY>", "ready_delay_ms": 600_000,
        "submit_key": "ctrl-s", "interrupt_key": "esc", "session_id_env": "HOUSE_ID", "initial_prompt": "Be kind.",
        "resume_style": "flag", "resume_args": ["--take-up"], "instructions_file": "HOUSE.md"});
    let file = json!({"version": 1, "agents": {"slow": slow}});
    fs::write(fakes.place.root.join("settings/agents.json"), file.to_string()).unwrap();
    let bead = fakes.place.bead("web", "Greet", "true", &[]);
    fakes.gt(&["sling", &bead, "web", "--agent", "slow"]).ok();
    let at = fakes.notes.join("slow");
    let read = |name: &str| fs::read_to_string(at.join(name)).unwrap_or_default();
    wait_for("the program to be up", || at.join("pid").exists().then_some(()));
    fs::write(fakes.notes.join("go"), "").unwrap();
    let typed = wait_for("the prompt to be submitted", || Some(read("typed")).filter(|typed| typed.contains('\u{13}')));
    assert!(typed.starts_with("[ready]"), "nothing is typed before the input line is there: {typed:?}");
    assert!(typed.contains("Be kind.\n") || typed.contains("Be kind.\r"), "{typed:?}");
    assert!(!typed.contains('\r') || typed.contains("\u{1b}[200~"), "{typed:?}");
    let agent = fakes.place.agents()[0]["address"].as_str().unwrap().to_owned();
    fakes.gt(&["nudge", &agent, "stop that", "--interrupt"]).ok();
    let typed = wait_for("the message", || Some(read("typed")).filter(|typed| typed.contains("stop that")));
    let rest = typed.split('\u{13}').nth(1).unwrap();
    assert!(rest.starts_with('\u{1b}') && !rest.starts_with("\u{1b}[200~"), "interrupted first: {rest:?}");
    // The conversation that its variable names is the one that is taken up after a crash.
    kill(read("pid").trim().parse().unwrap(), "-9");
    let again = wait_for("the next start", || Some(read("argv.1")).filter(|argv| !argv.is_empty()));
    assert_eq!(again, "--take-up\nconversation-7\n");
}
