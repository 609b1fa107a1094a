//! What people know from the existing system: every command, formula, settings file and word of its description works here.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{BD, GT, Sandbox, wait_for};

/// The formula that its description shows.
const RELEASE: &str = r#"description = "Standard release process"
formula = "release"
version = 1
[vars.version]
description = "The semantic version to release (e.g., 1.2.0)"
required = true
[[steps]]
id = "bump-version"
title = "Bump version"
description = "Run ./scripts/bump-version.sh {{version}}"
[[steps]]
id = "run-tests"
title = "Run tests"
description = "Run make test"
needs = ["bump-version"]
[[steps]]
id = "build"
title = "Build"
description = "Run make build"
needs = ["run-tests"]
[[steps]]
id = "create-tag"
title = "Create release tag"
description = "Run git tag -a v{{version}} -m 'Release v{{version}}'"
needs = ["build"]
[[steps]]
id = "publish"
title = "Publish"
description = "Run ./scripts/publish.sh"
needs = ["create-tag"]
"#;

/// Its commands in the order in which it tells them. `{a}`, `{b}`, ... stand for beads, `{c}` for the convoy made last; what
/// follows `-->` has to be in what is printed.
const COMMANDS: &str = r#"
gt install ~/gt --git
cd ~/gt
gt config agent list --> auggie
gt rig add myproject {url}
gt rig list --> myproject
gt crew add yourname --rig myproject
cd ~/gt/myproject/crew/yourname
gt prime --> yourname
cd ~/gt
gt mayor attach
gt convoy create "Feature X" {a} {b} --notify --human --> Feature X
gt sling {a} myproject --> polecats
gt convoy list --> Feature X
gt agents --> {a}
gt convoy create "Auth System" {d} {e} --notify
gt sling {d} myproject --agent cursor --> polecats
gt convoy create "Fix bugs" {f}
gt sling {f} myproject
bd formula list --> release
bd cook release --var version=1.2.0 --> Bump version
bd mol pour release --var version=1.2.0
bd mol list --> release
gt convoy create "Bug Fixes" --human --> Bug Fixes
gt convoy add {c} {g} {h}
gt crew add my-agent --rig myproject
gt sling {g} myproject/my-agent --> my-agent
gt convoy show --> Bug Fixes
gt convoy show {c} --> {g}
gt prime
gt mail check --inject
gt nudge deacon session-started
gt mayor stop
gt mayor start --agent auggie --> auggie
gt config agent set claude-glm "claude-glm --model glm-4"
gt config agent set codex-low "codex --thinking low"
gt config default-agent claude-glm
gt config show --> claude-glm
gt completion bash > ~/gt.bash
gt completion zsh > ~/_gt
gt completion fish > ~/gt.fish
gt hooks list --> active
gt hooks repair
gt convoy refresh {c}
gt mayor detach
gt mayor attach
gt shutdown --yes
"#;

#[test]
fn every_command_of_the_description_does_what_it_says() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let bin = sandbox.path("bin");
    fs::create_dir_all(&bin).unwrap();
    for (name, program) in [("gt", GT), ("bd", BD)] {
        std::os::unix::fs::symlink(program, bin.join(name)).unwrap();
    }
    for name in ["claude", "codex", "auggie", "cursor-agent", "claude-glm"] {
        fs::write(bin.join(name), "#!/bin/sh\necho here\nexec cat\n").unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let origin = sandbox.origin("repo");
    let (mut here, mut convoy) = (sandbox.path("home"), String::new());
    let mut beads: Vec<(char, String)> = Vec::new();
    let shell = |here: &std::path::Path, line: &str| {
        let mut command = sandbox.command("sh");
        command.current_dir(here).env("PATH", &path).args(["-c", line]);
        sandbox.run(command)
    };
    for line in COMMANDS.lines().filter(|line| !line.is_empty()) {
        let (line, wanted) = line.split_once(" --> ").unwrap_or((line, ""));
        let mut fill = |text: &str, here: &std::path::Path| {
            let mut text = text.replace("{url}", origin.to_str().unwrap()).replace("{c}", &convoy);
            for name in "abdefgh".chars() {
                let mark = format!("{{{name}}}");
                if text.contains(&mark) && !beads.iter().any(|(known, _)| *known == name) {
                    let made = shell(&here.join("myproject"), "bd create 'Some work' --silent").ok();
                    beads.push((name, made.stdout.trim().to_owned()));
                }
                if let Some((_, id)) = beads.iter().find(|(known, _)| *known == name) {
                    text = text.replace(&mark, id);
                }
            }
            text
        };
        let (line, wanted) = (fill(line, &here), fill(wanted, &here));
        if let Some(to) = line.strip_prefix("cd ~") {
            here = sandbox.path(&format!("home{to}"));
            if to == "/gt" {
                fs::create_dir_all(here.join(".beads/formulas")).unwrap();
                fs::write(here.join(".beads/formulas/release.formula.toml"), RELEASE).unwrap();
            }
            continue;
        }
        let run = shell(&here, &line);
        assert_eq!(run.status, Some(0), "{line}: {run:?}");
        assert!(run.stdout.contains(&wanted), "{line} should say {wanted}: {run:?}");
        if line.starts_with("gt convoy create") {
            let list = shell(&here, "gt convoy list --json").ok().json();
            let newest =
                list.as_array().unwrap().iter().max_by_key(|one| one["created_at"].as_str().unwrap().to_owned());
            convoy = newest.unwrap()["id"].as_str().unwrap().to_owned();
        }
    }
    // What it says of names and files.
    for (_, id) in &beads {
        let (prefix, rest) = id.split_once('-').unwrap();
        assert!(!prefix.is_empty() && rest.len() == 5 && rest.chars().all(|c| c.is_ascii_alphanumeric()), "{id}");
    }
    assert!(convoy.starts_with("hq-cv-"), "{convoy}");
    let town = sandbox.path("home/gt");
    for place in ["mayor/town.json", "myproject/crew/yourname/README.md", ".beads", "settings/config.json", ".git"] {
        assert!(town.join(place).exists(), "{place}");
    }
}

/// A rig's runtime as it is written there.
#[test]
fn a_rigs_runtime_is_used_as_written() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let bin = sandbox.path("bin");
    fs::create_dir_all(&bin).unwrap();
    let log = sandbox.path("codex.log");
    let stub = format!("#!/bin/sh\necho \"args: $*\" > {}\nprintf '› '\nexec cat\n", log.display());
    fs::write(bin.join("codex"), stub).unwrap();
    fs::set_permissions(bin.join("codex"), fs::Permissions::from_mode(0o755)).unwrap();
    let origin = sandbox.origin("repo");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let gt = |args: &[&str]| {
        let mut command = sandbox.command(GT);
        command.env("PATH", &path).args(args);
        if sandbox.path("gt").exists() {
            command.current_dir(sandbox.path("gt"));
        }
        sandbox.run(command).ok()
    };
    gt(&["install", "gt"]);
    gt(&["rig", "add", "myproject", origin.to_str().unwrap()]);
    let settings = sandbox.path("gt/myproject/settings/config.json");
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    let text = r#"{
  "runtime": {
    "provider": "codex",
    "command": "codex",
    "args": [],
    "prompt_mode": "none"
  }
}"#;
    fs::write(&settings, text).unwrap();
    gt(&["config", "check"]);
    let mut create = sandbox.command(BD);
    create.current_dir(sandbox.path("gt/myproject")).args(["create", "Some work", "--silent"]);
    let bead = sandbox.run(create).ok().stdout.trim().to_owned();
    let slung = gt(&["sling", &bead, "myproject", "--json"]).json();
    assert_eq!(slung["slung"][0]["bead"], bead.as_str(), "{slung}");
    let said = wait_for("codex was started", || fs::read_to_string(&log).ok().filter(|text| text.ends_with('\n')));
    assert!(said.starts_with("args:") && !said.contains("--no-daemon") && !said.contains(&bead), "{said}");
    // Nothing of its work is on the command line: it is typed once it is ready.
    let agent = slung["slung"][0]["agent"].as_str().unwrap().to_owned();
    wait_for("it is told of its work", || {
        let screen = gt(&["peek", &agent]).stdout;
        (screen.contains(&bead) && screen.contains("begin at once")).then_some(())
    });
    assert_eq!(fs::read_to_string(&settings).unwrap(), text, "the file is as it was written");
    gt(&["shutdown", "--yes"]);
}
