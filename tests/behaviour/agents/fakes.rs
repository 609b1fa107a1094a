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
        let place = Place::new(&["web"]);
        let (bin, notes) = (place.sandbox.path("bin"), place.sandbox.path("notes"));
        fs::create_dir(&bin).unwrap();
        fs::create_dir(&notes).unwrap();
        place.set("settings/config.json", &[("permissions", json!({"default": "bypass"}))]);
        Fakes { place, notes }
    }

    fn install(&self, program: &str, hooked: bool) {
        let path = self.place.sandbox.path("bin").join(program);
        fs::write(&path, FAKE.replace("@AT@", self.notes.to_str().unwrap())).unwrap();
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
    let again = fakes.crash(program);
    assert!(again.contains(&resumed.join("\n")), "{resumed:?} in {again}");
}

/// A runtime whose hooks tell it nothing: its prompt says all.
fn unprimed(preset: &str, program: &str, args: &[&str], hooked: bool, resumed: &[&str]) -> Fakes {
    let fakes = Fakes::new();
    fakes.install(program, hooked);
    let worktree = fakes.sling(preset);
    let argv = fakes.wait_note(program, "argv", 0, "");
    for arg in args {
        assert!(argv.contains(arg), "{arg} in {argv}");
    }
    fakes.clean(&worktree);
    let again = fakes.crash(program);
    assert!(again.contains(&resumed.join("\n")), "{resumed:?} in {again}");
    fakes
}

#[test]
fn claude() {
    let args = ["--dangerously-skip-permissions", "--settings"];
    primed("claude", "claude", &args, None, &["--resume", "conv-1"]);
}

#[test]
fn gemini() {
    let args = ["--approval-mode\nyolo", "-i\n"];
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
    let args = ["--yolo\n", "-i\n", "Your work is on your hook"];
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
