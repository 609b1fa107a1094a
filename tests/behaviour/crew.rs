//! `gt crew`: workspaces that share the rig's objects and take nothing with them when they go.

use std::fs;

use crate::support::Sandbox;

#[test]
fn a_workspace_is_a_clone_with_the_rig_s_origin_and_borrowed_objects() {
    let sandbox = Sandbox::new();
    sandbox.gt(["install", "town"]).ok();
    let town = sandbox.path("town");
    let origin = sandbox.origin("project");
    sandbox.gt_in(&town, ["rig", "add", "web", origin.to_str().unwrap()]).ok();
    let none = sandbox.gt_in(&town, ["crew", "list"]).ok();
    assert!(none.stdout.contains("gt crew add"), "{none:?}");

    // The only rig need not be named.
    let made = sandbox.gt_in(&town, ["crew", "add", "ann", "--json"]).ok().json();
    assert_eq!((&made["rig"], &made["branch"], &made["git_clean"]), (&"web".into(), &"main".into(), &true.into()));
    let ann = town.join("web/crew/ann");
    assert_eq!(sandbox.git(&ann, ["remote", "get-url", "origin"]).stdout.trim(), origin.to_str().unwrap());
    assert_eq!(sandbox.git(&ann, ["count-objects"]).stdout.split(' ').next(), Some("0"), "objects are borrowed");
    assert_eq!(sandbox.git(&ann, ["status", "--porcelain", "--ignored"]).stdout, "", "nothing of ours is in it");
    let own = sandbox.gt_in(&town, ["crew", "add", "bob", "--rig", "web", "--branch", "--json"]).ok().json();
    assert_eq!(own["branch"], "crew/bob");
    sandbox.gt_in(&town, ["crew", "add", "ANN"]).code(4);
    sandbox.gt_in(&town, ["crew", "add", "../x"]).code(2);
    sandbox.gt_in(&town, ["crew", "add", "x", "--rig", "wib"]).code(3);

    // It works like any clone.
    fs::write(ann.join("new"), "new\n").unwrap();
    sandbox.git(&ann, ["add", "."]);
    sandbox.git(&ann, ["commit", "-qm", "New"]);
    sandbox.git(&ann, ["push", "-q"]);
    sandbox.git(&ann, ["fsck"]);
    let names = sandbox.gt_in(&town.join("web"), ["crew", "list", "--json"]).ok().json();
    assert_eq!(
        names.as_array().unwrap().iter().map(|member| member["name"].as_str().unwrap()).collect::<Vec<_>>(),
        ["ann", "bob"]
    );
}

#[test]
fn a_workspace_goes_only_when_nothing_is_lost() {
    let sandbox = Sandbox::new();
    sandbox.gt(["install", "town"]).ok();
    let town = sandbox.path("town");
    let origin = sandbox.origin("project");
    sandbox.gt_in(&town, ["rig", "add", "web", origin.to_str().unwrap()]).ok();
    sandbox.gt_in(&town, ["crew", "add", "ann"]).ok();
    let ann = town.join("web/crew/ann");
    let refused = |what: &str| {
        let refused = sandbox.gt_in(&town, ["crew", "remove", "ann"]).code(4);
        assert!(refused.stderr.contains(what) && refused.stderr.contains("--force"), "{what}: {refused:?}");
        assert!(ann.is_dir());
    };
    fs::write(ann.join("first"), "first\n").unwrap();
    refused("not committed");
    sandbox.git(&ann, ["add", "."]);
    sandbox.git(&ann, ["stash", "-q"]);
    refused("stashed");
    fs::write(ann.join("second"), "second\n").unwrap();
    sandbox.git(&ann, ["add", "."]);
    sandbox.git(&ann, ["stash", "-q"]);
    sandbox.git(&ann, ["switch", "-qc", "side"]);
    fs::write(ann.join("third"), "third\n").unwrap();
    sandbox.git(&ann, ["add", "."]);
    sandbox.git(&ann, ["commit", "-qm", "Third"]);
    fs::write(ann.join("fourth"), "fourth\n").unwrap();
    let removed = sandbox.gt_in(&town, ["crew", "remove", "ann", "--force", "--json"]).ok().json();
    assert!(!ann.exists());
    let bare = town.join("web/.repo.git");
    let under = removed["kept"].as_str().unwrap();
    let refs = sandbox.git(&bare, ["for-each-ref", "--format=%(refname)", under]).stdout;
    let all: String =
        refs.lines().map(|name| sandbox.git(&bare, ["ls-tree", "-r", "--name-only", name]).stdout).collect();
    for file in ["first", "second", "third", "fourth"] {
        assert!(all.contains(file), "{file}: {refs}");
    }
    sandbox.git(&bare, ["fsck", "--strict", "--no-dangling"]);

    // One that has nothing of its own goes without a word.
    sandbox.gt_in(&town, ["crew", "add", "ann"]).ok();
    let removed = sandbox.gt_in(&town, ["crew", "remove", "ann", "--json"]).ok().json();
    assert_eq!(removed["kept"], serde_json::Value::Null);
    let gone = sandbox.gt_in(&town, ["crew", "remove", "ann"]).code(3);
    assert!(gone.stderr.contains("no crew member"), "{gone:?}");
}
