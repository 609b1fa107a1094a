//! A town with rigs for the tests of the way of work: beads with scripts, commands inside it, what is on the target at the end.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::Command;

use gastown::ledger::{Bead, NewBead, NewDep};
use gastown::town::Town;
use gastown::work::Desk;
use serde_json::{Value, json};

use crate::support::{GT, Run, Sandbox, wait_for};

pub struct Place {
    pub sandbox: Sandbox,
    pub root: PathBuf,
}

impl Place {
    /// A town whose default agent is `script`, with a rig for each name, cloned from an origin of its own.
    pub fn new(rigs: &[&str]) -> Place {
        let sandbox = Sandbox::new();
        let root = sandbox.path("town");
        sandbox.gt(["install", root.to_str().unwrap()]).ok();
        let place = Place { sandbox, root };
        place.set("settings/config.json", &[("default_agent", json!("script")), ("max_agents", json!(8))]);
        for rig in rigs {
            let origin = place.sandbox.origin(rig);
            place.gt(["rig", "add", rig, origin.to_str().unwrap()]).ok();
        }
        place
    }

    pub fn gt<const N: usize>(&self, args: [&str; N]) -> Run {
        self.sandbox.gt_in(&self.root, args)
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(GT);
        command.current_dir(&self.root).args(args);
        command
    }

    /// Sets keys of a JSON settings file in the town; a key with a point goes one object deeper.
    pub fn set(&self, file: &str, keys: &[(&str, Value)]) {
        let path = self.root.join(file);
        let mut settings: Value =
            std::fs::read(&path).map_or_else(|_| json!({}), |bytes| serde_json::from_slice(&bytes).unwrap());
        if settings.get("type").is_none() {
            let kind = if file.starts_with("settings") { "town-settings" } else { "rig-settings" };
            settings["type"] = json!(kind);
            settings["version"] = json!(1);
        }
        for (key, value) in keys {
            match key.split_once('.') {
                Some((outer, inner)) => settings[outer][inner] = value.clone(),
                None => settings[*key] = value.clone(),
            }
        }
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, serde_json::to_vec_pretty(&settings).unwrap()).unwrap();
    }

    pub fn gate(&self, rig: &str, command: &str) {
        self.set(&format!("{rig}/settings/config.json"), &[("merge_queue.test_command", json!(command))]);
    }

    pub fn desk(&self) -> Desk {
        Desk::of(Town::open(&self.root).unwrap()).unwrap()
    }

    /// A bead whose script is `script`; it waits for `needs`.
    pub fn bead(&self, rig: &str, title: &str, script: &str, needs: &[&str]) -> String {
        let mut desk = self.desk();
        let new = NewBead {
            title: title.into(),
            description: format!("Do it.\n\n```sh\n{script}\n```\n"),
            deps: needs.iter().map(|need| NewDep::new(*need, "blocks")).collect(),
            ..NewBead::default()
        };
        desk.ledger.write("overseer", |tx| tx.create(rig, new)).unwrap().id
    }

    /// A bead that writes a file of its own.
    pub fn easy(&self, rig: &str, name: &str) -> String {
        self.bead(rig, &format!("Write {name}"), &format!("# Write {name}\necho {name} > {name}.txt"), &[])
    }

    pub fn show(&self, id: &str) -> Bead {
        self.desk().ledger.get(id).unwrap()
    }

    pub fn is_closed(&self, id: &str) -> bool {
        self.show(id).status.is_done()
    }

    #[track_caller]
    pub fn wait_closed(&self, ids: &[String]) {
        for id in ids {
            wait_for(&format!("{id} is closed\n{}", self.log()), || self.is_closed(id).then_some(()));
        }
    }

    pub fn bare(&self, rig: &str) -> PathBuf {
        self.root.join(rig).join(".repo.git")
    }

    pub fn origin(&self, rig: &str) -> PathBuf {
        self.sandbox.path(&format!("{rig}.git"))
    }

    /// Subjects of the commits on `main`, newest first.
    pub fn subjects(&self, repository: &Path) -> Vec<String> {
        let log = self.sandbox.git(repository, ["log", "--format=%s", "main"]);
        log.stdout.lines().map(str::to_owned).collect()
    }

    /// Files on `main`, sorted.
    pub fn files(&self, repository: &Path) -> Vec<String> {
        let tree = self.sandbox.git(repository, ["ls-tree", "-r", "--name-only", "main"]);
        tree.stdout.lines().map(str::to_owned).collect()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.root.join(".runtime/logs/daemon.log")).unwrap_or_default()
    }

    /// All that is known of beads that should be closed and are not, for the message of a test that fails.
    pub fn account(&self, ids: &[String]) -> String {
        use std::fmt::Write as _;
        let mut out = String::new();
        let mut part = |what: &str, text: &str| write!(out, "== {what}\n{}\n", text.trim_end()).unwrap();
        for id in ids.iter().filter(|id| !self.is_closed(id)) {
            part(id, &format!("{:?}", self.show(id)));
            let row = gastown::work::assignment::find(self.desk().ledger.conn(), id).unwrap();
            part("assignment", &format!("{row:#?}"));
            let Some(row) = row else { continue };
            let hook = gastown::work::hook::find(self.desk().ledger.conn(), &row.agent).unwrap();
            part("hook", &format!("{hook:#?}"));
            let record = self.root.join(".runtime/sessions").join(&row.session).join("session.json");
            part("session", &std::fs::read_to_string(record).unwrap_or_default());
            part("screen", &format!("{:?}", self.gt(["peek", &row.session])));
        }
        part("queue", &self.gt(["mq", "list", "--json"]).stdout);
        let journal: Vec<String> = {
            let desk = self.desk();
            let mut statement = desk.ledger.conn().prepare("SELECT * FROM journal").unwrap();
            let count = statement.column_count();
            let rows = statement.query_map([], |row| {
                Ok((0..count).map(|at| format!("{:?} ", row.get_ref(at).unwrap())).collect::<String>())
            });
            rows.unwrap().map(Result::unwrap).collect()
        };
        part("journal", &journal.join("\n"));
        let processes: Vec<String> = self
            .sandbox
            .processes()
            .into_iter()
            .map(|pid| {
                let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                let stack = std::fs::read_to_string(format!("/proc/{pid}/wchan")).unwrap_or_default();
                format!("{pid} {} ({stack})", String::from_utf8_lossy(&line).replace('\0', " "))
            })
            .collect();
        part("processes", &processes.join("\n"));
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        part("log", &lines[..lines.len().min(60)].join("\n"));
        part("log's end", &lines[lines.len().saturating_sub(20)..].join("\n"));
        out
    }

    /// The daemon's process, as it says itself.
    pub fn daemon_pid(&self) -> Option<i32> {
        let status = self.gt(["daemon", "status", "--json"]).ok().json();
        status["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok())
    }

    /// Messages to the overseer.
    pub fn mail(&self) -> Vec<Value> {
        self.gt(["mail", "inbox", "--json"]).ok().json().as_array().unwrap().clone()
    }

    pub fn agents(&self) -> Vec<Value> {
        self.gt(["agents", "--json"]).ok().json().as_array().unwrap().clone()
    }
}

pub fn kill(pid: i32, signal: &str) {
    let status = Command::new("kill").args([signal, &pid.to_string()]).stderr(std::process::Stdio::null()).status();
    status.unwrap();
}
