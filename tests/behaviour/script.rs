//! The `script` runtime in real sessions: steps, failures that wait for a person, restarts that repeat nothing.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use serde_json::Value;

use crate::support::{GT, Sandbox, wait_for};

struct Place {
    sandbox: Sandbox,
    town: PathBuf,
}

impl Place {
    /// A town with one rig, whose agents are scripts.
    fn new() -> Place {
        let sandbox = Sandbox::new();
        let origin = sandbox.origin("proj");
        sandbox.gt(["install", "town"]).ok();
        let town = sandbox.path("town");
        sandbox.gt_in(&town, ["rig", "add", "proj", origin.to_str().unwrap()]).ok();
        sandbox.gt_in(&town, ["config", "default-agent", "script"]).ok();
        Place { sandbox, town }
    }

    fn create(&self, title: &str, description: &str) -> String {
        let made =
            self.sandbox.bd_in(&self.town.join("proj"), ["create", title, "--description", description, "--json"]).ok();
        made.json()["id"].as_str().unwrap().to_owned()
    }

    fn slung(&self, title: &str, description: &str) -> String {
        let bead = self.create(title, description);
        self.sandbox.gt_in(&self.town, ["sling", &bead, "proj"]).ok();
        bead
    }

    fn agent(&self, bead: &str) -> Option<Value> {
        let agents = self.sandbox.gt_in(&self.town, ["agents", "--json"]).ok().json();
        let list = agents.as_array().or_else(|| agents["agents"].as_array()).unwrap().clone();
        list.into_iter().find(|agent| agent["bead"] == bead)
    }

    fn wait_for_state(&self, bead: &str, state: &str) -> Value {
        wait_for(&format!("{bead} to be {state}"), || {
            self.agent(bead).filter(|agent| agent["state"] == state || agent["state"]["state"] == state)
        })
    }

    fn screen(&self, agent: &Value) -> String {
        self.sandbox.gt_in(&self.town, ["peek", agent["address"].as_str().unwrap()]).ok().stdout
    }

    fn wait_for_screen(&self, agent: &Value, text: &str) {
        wait_for(&format!("{text:?} on the screen"), || self.screen(agent).contains(text).then_some(()));
    }

    /// Presses a key on the agent's terminal as a person does: attached to it from a terminal of their own.
    fn press(&self, agent: &Value, key: &str, taken: impl FnMut() -> Option<()>) {
        let pair =
            native_pty_system().openpty(PtySize { rows: 30, cols: 100, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(GT);
        command.env_clear();
        command.args(["attach", agent["address"].as_str().unwrap()]);
        command.cwd(&self.town);
        for (name, value) in self.sandbox.command(GT).get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (seen_sender, seen) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if seen_sender.send(String::from_utf8_lossy(&buffer[..count]).into_owned()).is_err() {
                    return;
                }
            }
        });
        let mut writer = pair.master.take_writer().unwrap();
        let mut shown = String::new();
        wait_for("the agent's screen in the attached terminal", || {
            shown.extend(seen.try_iter());
            // Words are placed one by one.
            shown.contains("give").then_some(())
        });
        writer.write_all(key.as_bytes()).unwrap();
        writer.flush().unwrap();
        wait_for("the answer to be taken", taken);
        // The attached terminal is left as a person leaves it; it may be gone already, with the session.
        let _ = writer.write_all(b"\x1d").and_then(|()| writer.flush());
        wait_for("the attached terminal to be left", || child.try_wait().unwrap());
    }

    /// Whether the agent asks no more.
    fn goes_on(&self, bead: &str) -> Option<()> {
        let asks = self
            .agent(bead)
            .is_some_and(|agent| agent["state"] == "needs-you" || agent["state"]["state"] == "needs-you");
        (!asks).then_some(())
    }

    fn wait_for_merge(&self, bead: &str) {
        wait_for(&format!("{bead} to be merged"), || {
            let shown = self.sandbox.bd_in(&self.town.join("proj"), ["show", bead, "--json"]).ok().json();
            let shown = shown.get(0).cloned().unwrap_or(shown);
            (shown["status"] == "closed").then_some(())
        });
    }

    fn file_on_main(&self, file: &str) -> String {
        let origin = self.sandbox.path("proj.git");
        self.sandbox.git(&origin, ["show", &format!("main:{file}")]).stdout
    }

    fn end(&self) {
        self.sandbox.gt_in(&self.town, ["daemon", "stop"]).ok();
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn a_failing_step_waits_for_a_person_and_goes_on_when_told() {
    let place = Place::new();
    let (log, key) = (place.sandbox.path("log"), place.sandbox.path("key"));
    let bead = place.slung(
        "Needs a key",
        &format!(
            "```sh\n# First\necho one >> {}\n\n# Look for the key\n[ -e {} ]\n\n# Last\necho last > last.txt\n```",
            log.display(),
            key.display()
        ),
    );
    let agent = place.wait_for_state(&bead, "needs-you");
    place.wait_for_screen(&agent, "step 2/3 failed: exit 1");
    assert!(agent.to_string().contains("program status"), "{agent}");
    std::fs::write(&key, "").unwrap();
    place.press(&agent, "r", || place.goes_on(&bead));
    place.wait_for_merge(&bead);
    assert_eq!(place.file_on_main("last.txt"), "last\n");
    assert_eq!(read(&log), "one\n", "a finished step is not repeated");
    place.end();
}

#[test]
fn a_bead_without_a_script_says_so_and_a_step_can_be_skipped() {
    let place = Place::new();
    let bead = place.slung("Only words", "Do what is right.");
    let agent = place.wait_for_state(&bead, "needs-you");
    place.wait_for_screen(&agent, "no fenced `sh` block");
    let script = "```sh\n# Never works\nexit 7\n\n# Works\necho good > good.txt\n```";
    place.sandbox.bd_in(&place.town.join("proj"), ["update", &bead, "--description", script]).ok();
    place.press(&agent, "r", || place.screen(&agent).contains("step 1/2 failed: exit 7").then_some(()));
    let agent = place.wait_for_state(&bead, "needs-you");
    place.press(&agent, "s", || place.goes_on(&bead));
    place.wait_for_merge(&bead);
    assert_eq!(place.file_on_main("good.txt"), "good\n");
    place.end();
}

#[test]
fn a_killed_agent_is_started_again_and_goes_on_after_its_last_finished_step() {
    let place = Place::new();
    let (log, key) = (place.sandbox.path("log"), place.sandbox.path("key"));
    let bead = place.slung(
        "Is killed",
        &format!(
            "```sh\n# First\necho one >> {log}\necho one > one.txt\n\n# Wait\necho two >> {log}\nwhile [ ! -e {key} ]; do sleep 0.05; done\n\n# Last\necho three >> {log}\n```",
            log = log.display(),
            key = key.display()
        ),
    );
    wait_for("the second step to run", || (read(&log) == "one\ntwo\n").then_some(()));
    let agent = place.agent(&bead).unwrap();
    let pid = agent["pid"].as_i64().unwrap().to_string();
    place.sandbox.program("kill", &place.town, ["-9", &pid]).ok();
    wait_for("the second step to run again", || (read(&log) == "one\ntwo\ntwo\n").then_some(()));
    std::fs::write(&key, "").unwrap();
    place.wait_for_merge(&bead);
    assert_eq!(read(&log), "one\ntwo\ntwo\nthree\n");
    assert_eq!(place.file_on_main("one.txt"), "one\n");
    place.end();
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let place = Place::new();
    let bead = place.create("Fails", "```sh\nfalse\n```");
    let work = place.sandbox.path("proj-work");
    let mut command = place.sandbox.command(GT);
    command.arg("script-agent").current_dir(&work).env("GT_BEAD", &bead).env("GT_ROOT", &place.town);
    let run = place.sandbox.run(command).code(1);
    assert!(run.stdout.contains("step 1/1 failed: exit 1") && run.stdout.contains("given up"), "{run:?}");
    assert!(!run.stdout.contains('\x1b'), "no colours into a pipe: {run:?}");
    assert_eq!(place.sandbox.git(&work, ["status", "--porcelain"]).stdout, "");
    let no_bead = place.sandbox.gt_in(&work, ["script-agent"]).code(2);
    assert!(no_bead.stderr.contains("there is no bead"), "{no_bead:?}");
}
