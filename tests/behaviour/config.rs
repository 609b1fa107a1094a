//! `gt config` and `gt completion`: settings through the binary.

use crate::support::Sandbox;

#[test]
fn an_agent_of_ones_own_is_set_used_as_default_and_removed() {
    let sandbox = Sandbox::new();
    sandbox.gt(["install", "town"]).ok();
    let town = sandbox.path("town");
    sandbox.gt_in(&town, ["config", "agent", "set", "glm", "claude-glm --model 'glm 4'"]).ok();
    let got = sandbox.gt_in(&town, ["--json", "config", "agent", "get", "glm"]).ok().json();
    assert_eq!((&got["command"], &got["args"][1]), (&"claude-glm".into(), &"glm 4".into()));
    assert_eq!(sandbox.gt_in(&town, ["config", "default-agent"]).ok().stdout, "claude\n");
    sandbox.gt_in(&town, ["config", "default-agent", "glm"]).ok();
    assert_eq!(sandbox.gt_in(&town, ["config", "default-agent"]).ok().stdout, "glm\n");
    let listed = sandbox.gt_in(&town, ["--json", "config", "agent", "list"]).ok().json();
    let listed = listed.as_array().unwrap();
    assert!(listed.iter().any(|agent| agent["name"] == "glm" && agent["is_custom"] == true));
    assert!(listed.iter().any(|agent| agent["name"] == "script" && agent["available"] == true));
    sandbox.gt_in(&town, ["config", "default-agent", "claude"]).ok();
    sandbox.gt_in(&town, ["config", "agent", "remove", "glm"]).ok();
    sandbox.gt_in(&town, ["config", "agent", "get", "glm"]).code(3);
}

#[test]
fn settings_that_make_no_sense_are_refused_and_the_file_stays() {
    let sandbox = Sandbox::new();
    sandbox.gt(["install", "town"]).ok();
    let town = sandbox.path("town");
    let before = std::fs::read(town.join("settings/config.json")).ok();
    let unknown = sandbox.gt_in(&town, ["config", "default-agent", "cluade"]).code(3);
    assert!(unknown.stderr.contains("did you mean `claude`?"), "{unknown:?}");
    sandbox.gt_in(&town, ["config", "agent-email-domain", "a b"]).code(2);
    sandbox.gt_in(&town, ["config", "agent", "set", "x", "  "]).code(2);
    sandbox.gt_in(&town, ["config", "agent", "remove", "claude"]).code(3);
    assert_eq!(std::fs::read(town.join("settings/config.json")).ok(), before);
}

#[test]
fn completion_scripts_are_ones_their_shells_accept() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = sandbox.gt(["completion", shell]).ok().stdout;
        assert!(script.contains("gt") && script.contains("completion"), "{shell}");
        let path = sandbox.path(&format!("completion.{shell}"));
        std::fs::write(&path, script).unwrap();
        // Checked by the shell itself where it is there.
        if std::process::Command::new(shell).arg("-c").arg("true").status().is_ok() {
            sandbox.program(shell, &sandbox.path("home"), ["-n", path.to_str().unwrap()]).ok();
        }
    }
}
