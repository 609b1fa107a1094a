//! A network of its own with nothing but the loopback, and a town in it whose agent is a real program.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::clis::{self, Cli};
use super::models::{Act, Model};
use crate::support::{GT, Run};
use crate::town::Place;

/// Set inside the network.
const INSIDE: &str = "GT_TEST_ALONE";
/// A slow machine under load starts a program of 400 MB; no test depends on how fast.
const PATIENCE: Duration = Duration::from_secs(400);

/// Runs the test `name` with the program `cli`: `body` is called in a process whose network has only the loopback. Says so and
/// returns where that can't be had.
pub fn alone(name: &str, cli: &'static str, body: impl FnOnce(Cli)) {
    if std::env::var_os(INSIDE).is_some() {
        return body(clis::get(cli).unwrap());
    }
    if let Err(why) = clis::get(cli) {
        println!("skipped: {why}");
        return;
    }
    let up = "ip link set lo up";
    let alone = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["-rn", "--", "sh", "-c", script]).stdin(Stdio::null());
        command
    };
    let can = alone(up).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !can {
        println!("skipped: this machine gives no network of its own (unshare -rn, ip)");
        return;
    }
    let output = alone(&format!("{up} && exec \"$0\" \"$@\""))
        .arg(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

/// A town with a rig `web` whose agent is a real program that speaks to a scripted model.
pub struct World {
    pub place: Place,
    pub model: Model,
    pub cli: Cli,
}

impl World {
    pub fn new(cli: Cli, acts: &[Act]) -> World {
        World::of(cli, &[("", acts)])
    }

    /// A world whose model plays several parts; see [`Model::start`].
    pub fn of(cli: Cli, parts: &[(&'static str, &[Act])]) -> World {
        let model = Model::start(parts);
        let place = Place::new(&["web"]);
        let home = place.sandbox.path("home");
        let mut env = BTreeMap::new();
        let mut set = |key: &str, value: &str| {
            env.insert(key.to_owned(), value.to_owned());
        };
        match cli.name {
            "claude" => {
                let key = "sk-made-up-for-a-test-0123456789";
                set("ANTHROPIC_BASE_URL", &model.url());
                set("ANTHROPIC_API_KEY", key);
                set("CLAUDE_CODE_MAX_RETRIES", "1");
                for quiet in [
                    "DISABLE_AUTOUPDATER",
                    "DISABLE_UPDATES",
                    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
                    "DISABLE_TELEMETRY",
                    "DISABLE_ERROR_REPORTING",
                    "DISABLE_INSTALLATION_CHECKS",
                    "IS_SANDBOX",
                ] {
                    set(quiet, "1");
                }
                // What a person who uses it has answered long ago.
                let known = json!({"hasCompletedOnboarding": true, "lastOnboardingVersion": cli.version, "theme": "dark",
                    "customApiKeyResponses": {"approved": [key[key.len() - 20..]]}});
                fs::write(home.join(".claude.json"), known.to_string()).unwrap();
            }
            "codex" => {
                set("FAKE_KEY", "made-up");
                fs::create_dir(home.join(".codex")).unwrap();
                let config = format!(
                    "model = \"m1\"\nmodel_provider = \"fake\"\ncheck_for_update_on_startup = false\n[analytics]\nenabled = false\n\
                     [model_providers.fake]\nname = \"fake\"\nbase_url = \"{}/v1\"\nwire_api = \"responses\"\nenv_key = \"FAKE_KEY\"\n",
                    model.url()
                );
                fs::write(home.join(".codex/config.toml"), config).unwrap();
            }
            "gemini" => {
                set("GEMINI_API_KEY", "made-up");
                set("GOOGLE_GEMINI_BASE_URL", &model.url());
                set("COLORTERM", "truecolor");
                set("GEMINI_TELEMETRY_ENABLED", "false");
                fs::create_dir(home.join(".gemini")).unwrap();
                let settings = json!({"security": {"auth": {"selectedType": "gemini-api-key"}},
                    "general": {"enableAutoUpdate": false, "enableAutoUpdateNotification": false},
                    "privacy": {"usageStatisticsEnabled": false}});
                fs::write(home.join(".gemini/settings.json"), settings.to_string()).unwrap();
            }
            "copilot" => {
                set("COPILOT_OFFLINE", "true");
                set("COPILOT_AUTO_UPDATE", "false");
                set("COPILOT_PROVIDER_BASE_URL", &format!("{}/v1", model.url()));
                set("COPILOT_PROVIDER_API_KEY", "made-up");
                set("COPILOT_MODEL", "m1");
            }
            _ => {
                set("OPENCODE_DISABLE_AUTOUPDATE", "1");
                set("OPENCODE_DISABLE_MODELS_FETCH", "1");
                let config = json!({"model": "fake/m1", "share": "disabled", "provider": {"fake": {"npm": "@ai-sdk/openai-compatible",
                    "options": {"baseURL": format!("{}/v1", model.url()), "apiKey": "x"}, "models": {"m1": {}}}}});
                set("OPENCODE_CONFIG_CONTENT", &config.to_string());
                // What opencode has fetched itself where it ran before.
                let (at, package) = (home.join(".config/opencode"), "@opencode-ai/plugin");
                let modules = at.join("node_modules").join(package);
                fs::create_dir_all(&modules).unwrap();
                let needs = json!({package: cli.version});
                let packages =
                    json!({"": {"dependencies": needs}, format!("node_modules/{package}"): {"version": cli.version}});
                let lock = json!({"lockfileVersion": 3, "packages": packages});
                fs::write(modules.join("package.json"), json!({"name": package, "version": cli.version}).to_string())
                    .unwrap();
                fs::write(at.join("package.json"), json!({"dependencies": needs}).to_string()).unwrap();
                fs::write(at.join("package-lock.json"), lock.to_string()).unwrap();
            }
        }
        let program = cli.bin.join(cli.name);
        let agent = json!({"version": 1, "agents": {cli.name: {"command": program, "env": env}}});
        fs::write(place.root.join("settings/agents.json"), agent.to_string()).unwrap();
        World { place, model, cli }
    }

    /// What the agents may do without asking.
    pub fn permit(&self, mode: &str) {
        self.place.set("settings/config.json", &[("permissions", json!({"default": mode}))]);
    }

    pub fn gt<const N: usize>(&self, args: [&str; N]) -> Run {
        let mut command = self.place.command(&args);
        // Everything its programs need is in the town's settings; the machine's own way to a model, if any, is not passed on.
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        self.place.sandbox.run(command)
    }

    /// Gives a new bead to a new agent; returns the bead and the agent.
    pub fn sling(&self, title: &str) -> (String, String) {
        let bead = self.place.bead("web", title, "true", &[]);
        self.gt(["sling", &bead, "web", "--agent", self.cli.name]).ok();
        let agent = self.place.agents().iter().find(|agent| agent["bead"] == bead.as_str()).cloned().unwrap();
        (bead, agent["address"].as_str().unwrap().to_owned())
    }

    #[track_caller]
    pub fn wait_for<T>(&self, what: &str, mut check: impl FnMut() -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(value) = check() {
                return value;
            }
            if start.elapsed() > PATIENCE {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let mut screens = String::new();
        for session in self.gt(["session", "list", "--all", "--json"]).json().as_array().into_iter().flatten() {
            let name = session["session"].as_str().unwrap_or_default();
            let note = self.place.root.join(".runtime/agents").join(name).join("note.json");
            let note = fs::read_to_string(note).unwrap_or_default();
            screens.push_str(&format!("--- {name} {note}\n{}\n", self.gt(["peek", name]).stdout.trim_end()));
        }
        panic!(
            "gave up waiting for: {what}\n{screens}\nasked of the model:\n{}\n{}\nwith {GT}",
            self.model.log(),
            self.place.log()
        );
    }

    /// The state of an agent, and its source.
    pub fn state(&self, agent: &str) -> (String, String) {
        let agents = self.place.agents();
        let found = agents.iter().find(|one| one["address"] == agent);
        let word = |key: &str| found.map_or("", |one| one["state"][key].as_str().unwrap_or_default()).to_owned();
        (word("state"), word("source"))
    }

    pub fn note(&self, agent: &str) -> Value {
        let agents = self.place.agents();
        let session = agents.iter().find(|one| one["address"] == agent).and_then(|one| one["session"].as_str());
        let path = self.place.root.join(".runtime/agents").join(session.unwrap_or_default()).join("note.json");
        fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }
}
