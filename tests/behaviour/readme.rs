//! Every command of the README, typed one after the other at a shell's prompt, in a home directory that was empty before.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::screen::Screen;
use crate::support::{BD, GT, Sandbox, wait_for};

/// An agent's program for those who have none: it waits, and shows what is typed to it.
const SITS: &str = "#!/bin/sh\necho \"here I am\"\nexec cat\n";
/// One that does some work and hands it in.
const WORKS: &str = "#!/bin/sh\necho \"at work\"\nif [ -n \"$GT_POLECAT\" ]; then echo x >> \"$GT_POLECAT.txt\"; git add -A; \
                     git commit -qm 'Work'; gt done; fi\nexec cat\n";

/// The lines of the README's `sh` blocks, in order.
fn lines() -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let mut found = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            _ if inside && !line.is_empty() => {
                let line = line.split_once("  #").map_or(line, |(line, _)| line).trim();
                found.push(line.to_owned());
            }
            _ => {}
        }
    }
    found
}

struct Reader {
    sandbox: Sandbox,
    screen: Screen,
    /// How many commands the shell has been given.
    count: usize,
}

impl Reader {
    fn new() -> Reader {
        let sandbox = Sandbox::new();
        sandbox.log_in();
        let bin = sandbox.path("bin");
        fs::create_dir_all(&bin).unwrap();
        for (name, program) in [("gt", GT), ("bd", BD)] {
            std::os::unix::fs::symlink(program, bin.join(name)).unwrap();
        }
        for (name, text) in [("claude", SITS), ("auggie", SITS), ("claude-glm", SITS), ("codex", WORKS)] {
            fs::write(bin.join(name), text).unwrap();
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        // A machine's own directories, and a repository of one's own.
        for dir in ["home/etc/bash_completion.d", "home/zsh", "home/.config/fish/completions", "home/elsewhere"] {
            fs::create_dir_all(sandbox.path(dir)).unwrap();
        }
        sandbox.git(&sandbox.path("home/elsewhere"), ["init", "-q"]);
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let env = [("PATH", path.as_str()), ("PS1", "<$?:\\#>")];
        let screen = Screen::start(&sandbox, &sandbox.path("home"), (140, 50), "bash", &["--norc", "-i"], &env);
        let mut reader = Reader { sandbox, screen, count: 1 };
        reader.prompt("the shell", 0);
        reader.typed("PS1='<$?:\\#>'; fpath=(x ~/zsh)", 0);
        reader
    }

    fn prompt(&self, what: &str, code: i32) {
        let prompt = format!(":{}>", self.count);
        let text = self.screen.wait(&format!("the end of {what}"), |text| {
            text.trim_end().lines().last().is_some_and(|line| line.trim_end().ends_with(&prompt))
        });
        let last = text.trim_end().lines().last().unwrap().trim().to_owned();
        assert!(last.ends_with(&format!("<{code}{prompt}")), "{what} gave {last}:\n{text}");
    }

    /// Types a command and waits until it has ended with `code`.
    fn typed(&mut self, line: &str, code: i32) {
        self.begun(line);
        self.prompt(line, code);
    }

    fn begun(&mut self, line: &str) {
        self.screen.send("clear\r");
        self.count += 1;
        self.prompt("clear", 0);
        self.screen.send(format!("{line}\r"));
        self.count += 1;
    }

    /// A command that takes the terminal: waits for `sign`, then leaves it by `key`.
    fn visited(&mut self, line: &str, sign: &str, key: &str, code: i32) {
        self.begun(line);
        self.screen.wait_text(sign);
        self.screen.send(key);
        self.prompt(line, code);
    }

    fn json(&self, dir: &str, args: &[&str]) -> serde_json::Value {
        let mut command = self.sandbox.command(GT);
        command.current_dir(self.sandbox.path(dir)).args(args).arg("--json");
        self.sandbox.run(command).ok().json()
    }

    /// A bead that a `script` agent could do.
    fn bead(&self) -> String {
        let text = "```sh\n# Write\nhead -c 4 /dev/urandom | od -An -tx1 > out.txt\n```";
        let mut command = self.sandbox.command(BD);
        command.current_dir(self.sandbox.path("home/gt/myproject"));
        command.args(["create", "One more", "--description", text, "--silent"]);
        self.sandbox.run(command).ok().stdout.trim().to_owned()
    }

    /// The address of a worker that sits.
    fn worker(&self) -> String {
        let agents = self.json("home/gt", &["agents"]);
        let sits = |agent: &&serde_json::Value| {
            agent["pid"].is_i64() && agent["preset"] == "claude" && agent["address"].to_string().contains("/polecats/")
        };
        let found = agents.as_array().unwrap().iter().find(sits).unwrap_or_else(|| panic!("{agents:#}"));
        found["address"].as_str().unwrap().to_owned()
    }

    /// A merge request that came back, since the project has no tests that could pass.
    fn came_back(&self) -> String {
        let bead = self.bead();
        self.json("home/gt", &["sling", &bead, "myproject", "--agent", "script"]);
        wait_for("a merge request has come back", || {
            let all = self.json("home/gt", &["mq", "list", "--all"]);
            let back = all.as_array().unwrap().iter().find(|row| row["status"] == "failed")?;
            Some(back["id"].as_str().unwrap().to_owned())
        })
    }
}

#[test]
fn the_readmes_commands_work_as_they_are_typed() {
    let mut reader = Reader::new();
    let origin = reader.sandbox.origin("repo");
    let (mut returned, mut convoy) = (None, None);
    for line in lines() {
        let mut line = line.replace("https://example.org/you/repo.git", origin.to_str().unwrap());
        line = line.replace(" /etc/", " ~/etc/");
        while line.contains("<bead>") {
            let bead = if reader.sandbox.path("home/elsewhere/.beads").exists() && line.starts_with("bd close") {
                let mut command = reader.sandbox.command(BD);
                command.current_dir(reader.sandbox.path("home/elsewhere")).args(["list", "--json"]);
                let all = reader.sandbox.run(command).ok().json();
                all[0]["id"].as_str().unwrap().to_owned()
            } else if line.starts_with("gt unsling") {
                let agents = reader.json("home/gt", &["agents"]);
                let worker = reader.worker();
                let busy = |agent: &&serde_json::Value| {
                    agent["bead"] != "" && agent["preset"] == "claude" && agent["address"] != worker.as_str()
                };
                let bead = agents.as_array().unwrap().iter().find(busy).map(|agent| agent["bead"].clone());
                bead.and_then(|bead| bead.as_str().map(str::to_owned)).unwrap_or_else(|| {
                    let bead = reader.bead();
                    reader.json("home/gt", &["sling", &bead, "myproject"]);
                    bead
                })
            } else {
                reader.bead()
            };
            line = line.replacen("<bead>", &bead, 1);
        }
        if line.contains("<convoy>") {
            let id = convoy.get_or_insert_with(|| {
                reader.json("home/gt", &["convoy", "list"])[0]["id"].as_str().unwrap().to_owned()
            });
            line = line.replace("<convoy>", id);
        }
        if line.contains("<id>") {
            line = line.replace("<id>", returned.get_or_insert_with(|| reader.came_back()));
        }
        if line.contains("nux") {
            let worker = reader.worker();
            let name = worker.rsplit('/').next().unwrap().to_owned();
            line = line.replace("myproject/polecats/nux", &worker).replace("nux", &name);
        }
        eprintln!("$ {line}");
        match line.as_str() {
            // Installing is building, which is done already; the sample project has a test of its own.
            "cargo install --path ." => {}
            "gt demo" => reader.typed("gt demo --headless --agents 2", 0),
            "gt mayor attach" => reader.visited(&line, "here I am", "\u{1d}", 0),
            "gt" => {
                reader.begun("gt");
                reader.screen.wait_text("what happened");
                // Asked as often as it takes: what is pressed while it opens may be for nobody.
                let prompt = format!(":{}>", reader.count);
                wait_for("the cockpit is left", || {
                    reader.screen.send("q");
                    std::thread::sleep(std::time::Duration::from_millis(300));
                    reader.screen.text().contains(&prompt).then_some(())
                });
                // The last of them may stand at the prompt.
                reader.screen.send("\u{15}");
            }
            "gt dashboard --open" => reader.visited("gt dashboard --open --port 0", "ctrl-c ends it", "\u{3}", 0),
            "gt feed --follow --json" => reader.visited(&line, "\"type\"", "\u{3}", 130),
            // At a terminal it says that it is for programs.
            "gt mcp --read-only" => reader.typed(&line, 2),
            "bd import --github issues.json" => {
                let file = reader.sandbox.path("home/gt/myproject/issues.json");
                fs::write(file, r#"[{"number": 1, "title": "From elsewhere"}]"#).unwrap();
                reader.typed(&line, 0);
            }
            _ if line.starts_with("gt attach") && !line.contains('#') => {
                reader.visited(&line, "here I am", "\u{1d}", 0)
            }
            _ if line.starts_with("gt session replay") => reader.visited(&line, "here I am", "q", 0),
            _ => reader.typed(&line, 0),
        }
    }
    for file in ["home/etc/bash_completion.d/gt", "home/zsh/_gt", "home/.config/fish/completions/gt.fish"] {
        assert!(fs::metadata(reader.sandbox.path(file)).unwrap().len() > 50, "{file}");
    }
    reader.typed("gt shutdown --yes", 0);
}

/// A walk is worth something only if it goes past what a reader sees.
#[test]
fn the_walk_sees_every_block() {
    let all = lines();
    assert!(all.len() > 80, "{}", all.len());
    for wanted in ["gt demo", "gt mayor attach", "gt mayor detach", "bd sync", "gt up --restore"] {
        assert!(all.iter().any(|line| line == wanted), "{wanted}: {all:?}");
    }
}
