//! `gt rig`: a project becomes part of the town wholly or not at all.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::support::{GT, Run, Sandbox, wait_for};

fn town(sandbox: &Sandbox) -> PathBuf {
    sandbox.gt(["install", "town"]).ok();
    sandbox.path("town")
}

fn add(sandbox: &Sandbox, town: &Path, name: &str, url: &str) -> Run {
    sandbox.gt_in(town, ["rig", "add", name, url, "--json"])
}

/// Names in the town's directory, and those of the rigs it knows.
fn contents(sandbox: &Sandbox, town: &Path) -> (Vec<String>, Vec<String>) {
    let mut files: Vec<String> =
        fs::read_dir(town).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let rigs = sandbox.gt_in(town, ["rig", "list", "--json"]).ok().json();
    let rigs = rigs.as_array().unwrap().iter().map(|rig| rig["name"].as_str().unwrap().to_owned()).collect();
    (files, rigs)
}

#[test]
fn a_rig_is_added_from_a_bare_origin_and_from_a_checkout() {
    let sandbox = Sandbox::new();
    let town = town(&sandbox);
    let origin = sandbox.origin("project");
    let report = add(&sandbox, &town, "nashville", origin.to_str().unwrap()).ok().json();
    assert_eq!((&report["prefix"], &report["prefix_from"]), (&"nv".into(), &"name".into()));
    assert_eq!(report["default_branch"], "main");
    let rig = town.join("nashville");
    for name in
        ["config.json", "settings/config.json", ".beads/issues.jsonl", ".beads/config.yaml", "refinery/rig/README.md"]
    {
        assert!(rig.join(name).is_file(), "{name}");
    }
    assert!(!rig.join(".adding.json").exists());
    let refinery = rig.join("refinery/rig");
    assert_eq!(sandbox.git(&refinery, ["status", "--porcelain"]).stdout, "", "nothing of ours is in the checkout");
    assert_eq!(sandbox.git(&refinery, ["rev-parse", "--abbrev-ref", "HEAD"]).stdout.trim(), "HEAD", "detached");
    let bare = rig.join(".repo.git");
    let fetch = sandbox.git(&bare, ["config", "remote.origin.fetch"]).stdout;
    assert_eq!(fetch.trim(), "+refs/heads/*:refs/remotes/origin/*");
    sandbox.git(&bare, ["fsck", "--strict"]);

    // A relative path, from another directory, to a repository with a working tree.
    let report = sandbox
        .gt_in(&town.join("mayor"), ["rig", "add", "other", "../../project-work", "--prefix", "ot", "--json"])
        .ok()
        .json();
    assert_eq!(report["git_url"], sandbox.path("project-work").canonicalize().unwrap().to_str().unwrap());
    assert_eq!(report["prefix_from"], "given");

    assert_eq!(contents(&sandbox, &town).1, ["nashville", "other"]);
    let status = sandbox.gt_in(&rig.join("crew"), ["rig", "status", "--json"]).ok().json();
    assert_eq!((&status["name"], &status["target_branch"]), (&"nashville".into(), &"main".into()));
    assert_eq!(status["ahead_behind_origin"], serde_json::json!([0, 0]));
    assert_eq!(status["problems"], serde_json::json!([]));
    let text = sandbox.gt_in(&town, ["rig", "status", "other"]).ok().stdout;
    assert!(text.contains("ot-") && text.contains("level with its origin"), "{text}");
    let wrong = sandbox.gt_in(&town, ["rig", "status", "nashvile"]).code(3);
    assert!(wrong.stderr.contains("did you mean nashville?"), "{wrong:?}");
}

#[test]
fn names_and_prefixes_are_checked_before_anything_is_made() {
    let sandbox = Sandbox::new();
    let town = town(&sandbox);
    let origin = sandbox.origin("project");
    let origin = origin.to_str().unwrap();
    add(&sandbox, &town, "web", origin).ok();
    let before = contents(&sandbox, &town);
    let cases: [(&[&str], i32, &str); 9] = [
        (&["my-app", origin], 2, "use my_app"),
        (&["my.app", origin], 2, "use my_app"),
        (&["mayor", origin], 2, "use mayor_project"),
        (&["../web", origin], 2, "use web"),
        (&["web", origin], 4, "has a rig called web already"),
        (&["WEB", origin], 4, "has a rig called web already"),
        (&["app", origin, "--prefix", "web"], 4, "belongs to the rig web"),
        (&["app", origin, "--prefix", "a_b"], 2, "use ab"),
        (&["app", origin, "--prefix", "hq"], 2, "belongs to the town"),
    ];
    for (arguments, code, said) in cases {
        let mut command = sandbox.command(GT);
        command.current_dir(&town).args(["rig", "add"]).args(arguments);
        let refused = sandbox.run(command).code(code);
        assert!(refused.stderr.contains(said), "{arguments:?}: {refused:?}");
    }
    assert_eq!(contents(&sandbox, &town), before);
    // A prefix that was only derived gives way to one that is taken.
    assert_eq!(add(&sandbox, &town, "WebApp", origin).ok().json()["prefix"], "we");
    assert_eq!(add(&sandbox, &town, "website", origin).ok().json()["prefix"], "webs");
}

#[test]
fn a_clone_that_fails_leaves_nothing() {
    let sandbox = Sandbox::new();
    let town = town(&sandbox);
    let before = contents(&sandbox, &town);
    let empty = sandbox.path("empty.git");
    sandbox.git(&sandbox.path("home"), ["init", "-q", "--bare", empty.to_str().unwrap()]);
    let plain = sandbox.path("plain");
    fs::create_dir(&plain).unwrap();
    let origin = sandbox.origin("project");
    let secret = format!("http://me:s3cret@127.0.0.1:1{}", origin.display());
    let cases = [
        ("no/such/path", 3, "no repository at no/such/path"),
        (empty.to_str().unwrap(), 1, "the repository is empty"),
        (plain.to_str().unwrap(), 1, "does not appear to be a git repository"),
        ("file:///no/such/repository", 1, "/no/such/repository"),
        (&secret, 1, "127.0.0.1"),
    ];
    for (url, code, said) in cases {
        let failed = add(&sandbox, &town, "web", url).code(code);
        assert!(failed.stderr.contains(said) && failed.stderr.contains("hint"), "{url}: {failed:?}");
        assert!(!failed.stderr.contains("s3cret"), "{failed:?}");
        assert_eq!(contents(&sandbox, &town), before, "{url}");
    }
    let wrong = sandbox.gt_in(&town, ["rig", "add", "web", origin.to_str().unwrap(), "--branch", "mian"]).code(3);
    assert!(wrong.stderr.contains("mian") && wrong.stderr.contains("main"), "{wrong:?}");
    assert_eq!(contents(&sandbox, &town), before);

    // Files that are not ours stay ours to keep.
    fs::create_dir(town.join("web")).unwrap();
    fs::write(town.join("web/notes"), "mine").unwrap();
    add(&sandbox, &town, "web", origin.to_str().unwrap()).code(4);
    assert_eq!(fs::read(town.join("web/notes")).unwrap(), b"mine");
    assert_eq!(fs::read_dir(town.join("web")).unwrap().count(), 1);
}

/// Starts `gt rig add`, waits until it hangs in `git` (which then makes `stopped`), and kills it.
fn kill_half_way(sandbox: &Sandbox, town: &Path, url: &str, env: (&str, &Path), stopped: &Path) {
    let mut command = sandbox.command(GT);
    command
        .current_dir(town)
        .args(["rig", "add", "web", url])
        .env(env.0, env.1)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    wait_for("git to hang", || stopped.exists().then_some(()));
    let busy = sandbox.gt_in(town, ["rig", "add", "web", url]).code(4);
    assert!(busy.stderr.contains("being added") || busy.stderr.contains("not empty"), "{busy:?}");
    assert!(sandbox.gt_in(town, ["rig", "list", "--json"]).ok().json().as_array().unwrap().is_empty());
    assert!(town.join("web").is_dir(), "a rig that is being added is not cleaned up");
    child.kill().unwrap();
    child.wait().unwrap();
    fs::remove_file(stopped).unwrap();
}

fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_killed_rig_add_is_cleaned_up_by_the_next_command() {
    let sandbox = Sandbox::new();
    let town = town(&sandbox);
    let before = contents(&sandbox, &town);
    let origin = sandbox.origin("project");
    let stopped = sandbox.path("stopped");
    let hang = format!("touch '{}'; exec sleep 1000", stopped.display());

    // While it clones.
    let ssh = sandbox.path("ssh");
    script(&ssh, &hang);
    kill_half_way(&sandbox, &town, "ssh://nowhere/x.git", ("GIT_SSH_COMMAND", &ssh), &stopped);
    assert!(town.join("web/.repo.git").is_dir(), "it was killed in the middle");
    assert_eq!(
        contents(&sandbox, &town),
        (before.0.iter().cloned().chain(["web".to_owned()]).collect::<Vec<_>>(), vec![])
    );
    assert_eq!(contents(&sandbox, &town), before, "gt rig list has cleaned up");

    // While it checks out the refinery's worktree; the same command again then does it.
    let template = sandbox.path("template");
    fs::create_dir_all(template.join("hooks")).unwrap();
    script(&template.join("hooks/post-checkout"), &hang);
    let url = origin.to_str().unwrap();
    kill_half_way(&sandbox, &town, url, ("GIT_TEMPLATE_DIR", &template), &stopped);
    assert!(town.join("web/refinery/rig/README.md").is_file(), "it was killed in the middle");
    let report = add(&sandbox, &town, "web", url).ok().json();
    assert_eq!(report["cleaned_up"], serde_json::json!(["web"]));
    assert_eq!(contents(&sandbox, &town).1, ["web"]);
    sandbox.git(&town.join("web/.repo.git"), ["fsck", "--strict"]);

    // Killed between the registry and the mark's removal: the rig is whole and stays.
    fs::write(town.join("web/.adding.json"), "{}").unwrap();
    assert_eq!(contents(&sandbox, &town).1, ["web"]);
    assert!(!town.join("web/.adding.json").exists() && town.join("web/refinery/rig/README.md").is_file());
}

#[test]
fn removing_a_rig_deletes_no_file_and_can_be_taken_back() {
    let sandbox = Sandbox::new();
    let town = town(&sandbox);
    let origin = sandbox.origin("project");
    add(&sandbox, &town, "web", origin.to_str().unwrap()).ok();
    fs::write(town.join("mayor/rigs.json"), {
        let text = fs::read_to_string(town.join("mayor/rigs.json")).unwrap();
        text.replace("\"type\"", "\"note\": \"ours\",\n  \"type\"")
    })
    .unwrap();
    let removed = sandbox.gt_in(&town, ["rig", "remove", "web"]).ok();
    assert!(removed.stdout.contains("NOT deleted"), "{removed:?}");
    assert!(town.join("web/refinery/rig/README.md").is_file());
    assert_eq!(contents(&sandbox, &town).1, Vec::<String>::new());
    sandbox.gt_in(&town, ["rig", "remove", "web"]).code(3);
    let occupied = add(&sandbox, &town, "web", origin.to_str().unwrap()).code(4);
    assert!(occupied.stderr.contains("--adopt"), "{occupied:?}");
    let back = sandbox.gt_in(&town, ["rig", "add", "web", "--adopt", "--json"]).ok().json();
    assert_eq!((&back["prefix"], &back["default_branch"]), (&"web".into(), &"main".into()));
    assert_eq!(contents(&sandbox, &town).1, ["web"]);
    let registry = fs::read_to_string(town.join("mayor/rigs.json")).unwrap();
    assert!(registry.contains("\"note\": \"ours\""), "keys we don't know are kept: {registry}");
}

#[test]
fn a_rig_with_troubles_is_still_shown() {
    let sandbox = Sandbox::new();
    let town = town(&sandbox);
    let origin = sandbox.origin("project");
    add(&sandbox, &town, "web", origin.to_str().unwrap()).ok();
    let settings = town.join("web/settings/config.json");
    let broken = "{\n  \"version\": 1,\n  \"merge_queue\": {\n    \"timeout_seconds\": \"soon\"\n  }\n}";
    fs::write(&settings, broken).unwrap();
    fs::remove_dir_all(&origin).unwrap();
    let status = sandbox.gt_in(&town, ["rig", "status", "web", "--json"]).ok().json();
    let problem = status["problems"][0].as_str().unwrap();
    assert!(problem.contains("settings/config.json:4: merge_queue.timeout_seconds"), "{problem}");
    assert_eq!(fs::read_to_string(&settings).unwrap(), broken);
    fs::remove_dir_all(town.join("web")).unwrap();
    let listed = sandbox.gt_in(&town, ["rig", "list", "--json"]).ok().json();
    assert!(listed[0]["problems"][0].as_str().unwrap().contains("is gone"), "{listed}");
}

#[test]
fn ten_adds_at_once_leave_ten_rigs() {
    let sandbox = Sandbox::new();
    let town = town(&sandbox);
    let origin = sandbox.origin("project");
    let children: Vec<_> = (0..10)
        .map(|n| {
            let mut command = sandbox.command(GT);
            // Two for each name, so that five of them lose.
            let (name, prefix) = (format!("rig_{}", n / 2), format!("p{}", n / 2));
            command.current_dir(&town).args(["rig", "add", &name, origin.to_str().unwrap(), "--prefix", &prefix]);
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut codes: Vec<Option<i32>> =
        children.into_iter().map(|child| child.wait_with_output().unwrap().status.code()).collect();
    codes.sort();
    assert_eq!(codes, [[Some(0); 5], [Some(4); 5]].concat());
    assert_eq!(contents(&sandbox, &town).1, ["rig_0", "rig_1", "rig_2", "rig_3", "rig_4"]);
    for n in 0..5 {
        sandbox.git(&town.join(format!("rig_{n}/.repo.git")), ["fsck", "--strict"]);
    }
}

/// An origin that tracks beads of its own.
fn origin_with_beads(sandbox: &Sandbox, config: &str, issues: &str) -> PathBuf {
    let origin = sandbox.origin("project");
    let work = sandbox.path("project-work");
    fs::create_dir(work.join(".beads")).unwrap();
    fs::write(work.join(".beads/config.yaml"), config).unwrap();
    fs::write(work.join(".beads/issues.jsonl"), issues).unwrap();
    sandbox.git(&work, ["add", "."]);
    sandbox.git(&work, ["commit", "-qm", "Track beads"]);
    sandbox.git(&work, ["push", "-q", origin.to_str().unwrap(), "main"]);
    origin
}

fn bead(id: &str, title: &str) -> String {
    let time = "2026-01-01T00:00:00Z";
    format!(
        "{{\"id\":\"{id}\",\"title\":\"{title}\",\"status\":\"open\",\"priority\":1,\"issue_type\":\"task\",\
         \"created_at\":\"{time}\",\"updated_at\":\"{time}\"}}\n"
    )
}

#[test]
fn beads_that_the_repository_tracks_are_adopted() {
    let sandbox = Sandbox::new();
    let town = town(&sandbox);
    let issues = format!("{}{}", bead("shop-abc12", "Sell things"), bead("shop-def34", "Buy things"));
    let origin = origin_with_beads(&sandbox, "# ours\nissue-prefix: \"shop\"\n", &issues);
    let report = add(&sandbox, &town, "web", origin.to_str().unwrap()).ok().json();
    assert_eq!(
        (&report["prefix"], &report["prefix_from"], &report["adopted_beads"]),
        (&"shop".into(), &"repository".into(), &2.into())
    );
    let listed = sandbox.gt_in(&town, ["rig", "list", "--json"]).ok().json();
    assert_eq!((&listed[0]["beads"]["open"], &listed[0]["beads"]["ready"]), (&2.into(), &2.into()));
    assert_eq!(fs::read_to_string(town.join("web/.beads/issues.jsonl")).unwrap(), issues);

    // The same beads can't be another rig's as well.
    let taken = add(&sandbox, &town, "copy", origin.to_str().unwrap()).code(4);
    assert!(taken.stderr.contains("belongs to the rig web"), "{taken:?}");
    assert!(!town.join("copy").exists());
}

#[test]
fn a_line_that_can_t_be_read_is_told_and_kept() {
    let sandbox = Sandbox::new();
    let town = town(&sandbox);
    let issues = format!("{}not json\n", bead("shop-abc12", "Sell things"));
    let origin = origin_with_beads(&sandbox, "", &issues);
    let report = sandbox.gt_in(&town, ["rig", "add", "web", origin.to_str().unwrap()]).ok();
    assert!(report.stdout.contains("shop-…") && report.stdout.contains("1 line(s)"), "{report:?}");
    let kept = fs::read_dir(town.join("web/.beads"))
        .unwrap()
        .any(|file| fs::read_to_string(file.unwrap().path()).is_ok_and(|text| text.contains("not json")));
    assert!(kept, "the line is somewhere in .beads");
}

#[test]
fn a_lost_database_is_read_from_the_files_again() {
    let sandbox = Sandbox::new();
    let town = town(&sandbox);
    let origin = origin_with_beads(&sandbox, "", &bead("shop-abc12", "Sell things"));
    add(&sandbox, &town, "web", origin.to_str().unwrap()).ok();
    let before = sandbox.gt_in(&town, ["rig", "list", "--json"]).ok().json();
    fs::remove_dir_all(town.join(".runtime")).unwrap();
    assert_eq!(sandbox.gt_in(&town, ["rig", "list", "--json"]).ok().json(), before);

    // What a pull brings is there at the next command.
    let file = town.join("web/.beads/issues.jsonl");
    let mut text = fs::read_to_string(&file).unwrap();
    text.push_str(&bead("shop-def34", "Buy things"));
    fs::write(&file, text).unwrap();
    let after = sandbox.gt_in(&town, ["rig", "list", "--json"]).ok().json();
    assert_eq!(after[0]["beads"]["open"], 2);

    // A removed rig's beads are in its file, and come back with it.
    sandbox.gt_in(&town, ["rig", "remove", "web"]).ok();
    let back = sandbox.gt_in(&town, ["rig", "add", "web", "--adopt", "--json"]).ok().json();
    assert_eq!(back["adopted_beads"], 2);
}
