//! `gt install`: a town where there was none, and nothing at all where it can't be.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::Sandbox;

#[test]
fn a_town_is_made_and_says_what_comes_next() {
    let sandbox = Sandbox::new();
    let made = sandbox.gt(["install", "town", "--git", "--name", "Bartertown", "--owner", "Auntie"]).ok();
    let root = sandbox.path("town");
    for line in ["mayor/town.json", "1. cd ", "gt rig add", "gt sling"] {
        assert!(made.stdout.contains(line), "{line}: {made:?}");
    }
    let town: serde_json::Value = serde_json::from_slice(&fs::read(root.join("mayor/town.json")).unwrap()).unwrap();
    assert_eq!((&town["type"], &town["version"]), (&"town".into(), &2.into()));
    assert_eq!((&town["name"], &town["owner"]), (&"Bartertown".into(), &"Auntie".into()));
    for name in ["mayor/rigs.json", "settings/config.json", ".beads/issues.jsonl", ".runtime/ledger.db"] {
        assert!(root.join(name).is_file(), "{name}");
    }
    assert_eq!(fs::metadata(root.join(".runtime")).unwrap().permissions().mode() & 0o777, 0o700);

    assert_eq!(sandbox.git(&root, ["rev-list", "--count", "HEAD"]).stdout.trim(), "1");
    assert_eq!(sandbox.git(&root, ["status", "--porcelain"]).stdout, "");
    let tracked = sandbox.git(&root, ["ls-files"]).stdout;
    assert!(!tracked.contains(".runtime") && tracked.contains("mayor/town.json"), "{tracked}");

    let listed = sandbox.gt_in(&root.join("settings"), ["rig", "list", "--json"]).ok();
    assert_eq!(listed.json(), serde_json::json!([]));
}

#[test]
fn the_report_is_there_as_json() {
    let sandbox = Sandbox::new();
    let report = sandbox.gt(["install", "town", "--json"]).ok().json();
    assert_eq!(report["name"], "town");
    assert_eq!(report["root"], sandbox.path("town").canonicalize().unwrap().to_str().unwrap());
    assert!(!sandbox.path("town/.git").exists());
    assert!(report["next_steps"].as_array().unwrap().len() > 2);
}

#[test]
fn towns_do_not_nest_and_do_not_replace_each_other() {
    let sandbox = Sandbox::new();
    sandbox.gt(["install", "town"]).ok();
    let before = fs::read(sandbox.path("town/mayor/town.json")).unwrap();
    for (place, said) in
        [("town", "is a town already"), ("town/inner/deep", "lies in the town"), ("town/mayor", "lies in the town")]
    {
        for force in [None, Some("--force")] {
            let mut command = sandbox.command(crate::support::GT);
            command.args(["install", place]).args(force);
            let refused = sandbox.run(command).code(4);
            assert!(refused.stderr.contains(said) && refused.stderr.contains("hint:"), "{place}: {refused:?}");
        }
    }
    assert!(!sandbox.path("town/inner").exists());
    assert_eq!(fs::read(sandbox.path("town/mayor/town.json")).unwrap(), before);

    // Nor through a symbolic link that leads into one.
    std::os::unix::fs::symlink(sandbox.path("town"), sandbox.path("link")).unwrap();
    sandbox.gt(["install", "link/other"]).code(4);

    // Other people's files are not built over unless asked.
    fs::create_dir(sandbox.path("full")).unwrap();
    fs::write(sandbox.path("full/file"), "mine").unwrap();
    sandbox.gt(["install", "full"]).code(4);
    sandbox.gt(["install", "full", "--force"]).ok();
    assert_eq!(fs::read(sandbox.path("full/file")).unwrap(), b"mine");
}

#[test]
fn where_it_can_t_be_made_nothing_is_left() {
    let sandbox = Sandbox::new();
    let nowhere = sandbox.gt(["install", "/proc/nowhere/town"]).code(1);
    assert!(nowhere.stderr.contains("/proc/nowhere") && nowhere.stderr.contains("hint:"), "{nowhere:?}");
    sandbox.gt(["install", "home/.gitconfig"]).code(4);

    // A step in the middle fails: a file stands where a directory has to be.
    fs::create_dir(sandbox.path("half")).unwrap();
    fs::write(sandbox.path("half/.runtime"), "in the way").unwrap();
    let failed = sandbox.gt(["install", "half", "--force"]).code(1);
    assert!(failed.stderr.contains(".runtime"), "{failed:?}");
    let left: Vec<_> = fs::read_dir(sandbox.path("half")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, [".runtime"]);

    // The last step fails: git can't commit.
    let hooks = sandbox.path("hooks");
    fs::create_dir(&hooks).unwrap();
    fs::write(hooks.join("pre-commit"), "#!/bin/sh\necho not today >&2\nexit 1\n").unwrap();
    fs::set_permissions(hooks.join("pre-commit"), fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.git(&sandbox.path("home"), ["config", "--global", "core.hooksPath", hooks.to_str().unwrap()]);
    let failed = sandbox.gt(["install", "new/town", "--git"]).code(1);
    assert!(failed.stderr.contains("not today"), "{failed:?}");
    assert!(!sandbox.path("new").exists(), "directories made on the way are gone too");
}

#[test]
fn outside_a_town_commands_say_how_to_make_one() {
    let sandbox = Sandbox::new();
    let lost = sandbox.gt(["rig", "list"]).code(3);
    assert!(lost.stderr.contains("gt install"), "{lost:?}");
}

#[test]
fn broken_files_are_named_with_line_and_key_and_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.gt(["install", "town"]).ok();
    let root = sandbox.path("town");
    let cases = [
        (
            "mayor/rigs.json",
            "{\n  \"version\": 1,\n  \"rigs\": {\n    \"web\": {\n      \"git_url\": 7\n    }\n  }\n}",
            "rigs.json:5: rigs.web.git_url",
        ),
        ("mayor/rigs.json", "{\n  \"version\": 99\n}", "rigs.json:2: version"),
        ("mayor/rigs.json", "{\n\n  oops\n}", "rigs.json:3:"),
        ("mayor/town.json", "{\n  \"version\": 2,\n  \"type\": \"cup\"\n}", "town.json:3: type"),
        ("mayor/town.json", "", "town.json:1:"),
    ];
    for (file, text, said) in cases {
        let path = root.join(file);
        let good = fs::read(&path).unwrap();
        fs::write(&path, text).unwrap();
        let failed = sandbox.gt_in(&root, ["rig", "list"]).code(1);
        assert!(failed.stderr.contains(said), "{said}: {failed:?}");
        let origin = sandbox.path("home");
        sandbox.gt_in(&root, ["rig", "add", "web", origin.to_str().unwrap()]).code(1);
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "a broken file is not written over");
        assert!(!root.join("web").exists());
        fs::write(&path, good).unwrap();
    }
    sandbox.gt_in(&root, ["rig", "list"]).ok();
}
