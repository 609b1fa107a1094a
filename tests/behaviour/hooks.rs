//! `gt hooks`: what is on each, also when the database was lost.

use std::fs;
use std::path::PathBuf;

use gastown::base::Timestamp;
use gastown::repo::{Bare, HookRecord, HookState, Worktree};

use crate::support::Sandbox;

/// A town with one rig and one hook that only git knows, as after the loss of the database.
fn hook(sandbox: &Sandbox) -> (PathBuf, Worktree) {
    sandbox.gt(["install", "town"]).ok();
    let town = sandbox.path("town");
    let origin = sandbox.origin("project");
    sandbox.gt_in(&town, ["rig", "add", "web", origin.to_str().unwrap()]).ok();
    let bare = Bare::open(&town.join("web/.repo.git")).unwrap();
    let worktree = bare.add_worktree(&town.join("web/polecats/nux"), "polecat/nux/web-abc12@1", "main").unwrap();
    let record = HookRecord {
        agent: "web/polecats/nux".into(),
        rig: "web".into(),
        bead: Some("web-abc12".into()),
        branch: Some("polecat/nux/web-abc12@1".into()),
        base: Some(bare.rev("main").unwrap()),
        created_at: Timestamp::now(),
        state: HookState::Active,
        extra: Default::default(),
    };
    worktree.write_hook_record(&record).unwrap();
    assert_eq!(worktree.read_hook_record().unwrap().unwrap().bead, record.bead);
    let time = "2026-01-01T00:00:00Z";
    let bead = format!(
        "{{\"id\":\"web-abc12\",\"title\":\"t\",\"status\":\"hooked\",\"priority\":1,\"issue_type\":\"task\",\
         \"assignee\":\"web/polecats/nux\",\"created_at\":\"{time}\",\"updated_at\":\"{time}\"}}\n"
    );
    fs::write(town.join("web/.beads/issues.jsonl"), bead).unwrap();
    fs::remove_dir_all(town.join(".runtime")).unwrap();
    (town, worktree)
}

#[test]
fn hooks_are_found_again_in_git_and_shown_in_full() {
    let sandbox = Sandbox::new();
    let (town, worktree) = hook(&sandbox);
    let list = sandbox.gt_in(&town, ["hooks", "list", "--json"]).ok().json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    let line = &list[0];
    assert_eq!(
        (&line["agent"], &line["state"], &line["bead"]),
        (&"web/polecats/nux".into(), &"active".into(), &"web-abc12".into())
    );

    fs::write(worktree.path.join("done.txt"), "done\n").unwrap();
    sandbox.git(&worktree.path, ["add", "."]);
    sandbox.git(&worktree.path, ["commit", "-qm", "Done"]);
    fs::write(worktree.path.join("notes\x1b[31m"), "not yet\n").unwrap();
    worktree.snapshot("web/polecats/nux", "a minute has passed").unwrap();
    for name in ["web/polecats/nux", "nux", "web/nux"] {
        let shown = sandbox.gt_in(&town, ["hooks", "show", name, "--json"]).ok().json();
        assert_eq!((&shown["ahead"], &shown["behind"]), (&1.into(), &0.into()));
        assert_eq!(shown["assignment"], "active");
        assert_eq!(shown["dirty"][0]["kind"], "untracked");
        assert_eq!((&shown["snapshots"], &shown["last_snapshot"]["why"]), (&1.into(), &"a minute has passed".into()));
        assert_eq!(shown["problems"], serde_json::json!([]));
    }
    let text = sandbox.gt_in(&town, ["hooks", "show", "nux"]).ok().stdout;
    assert!(text.contains("1 commit(s) ahead") && text.contains("1 file(s) not committed"), "{text}");
    assert!(!text.contains('\x1b'), "file names can't steer a terminal: {text:?}");

    let log = sandbox.gt_in(&town, ["hooks", "log", "nux", "--json"]).ok().json();
    assert_eq!(log[0]["number"], 1);
    fs::write(worktree.path.join("later"), "later\n").unwrap();
    let diff = sandbox.gt_in(&town, ["hooks", "diff", "nux"]).ok().stdout;
    assert!(diff.contains("+done") && diff.contains("+not yet") && diff.contains("+later"), "{diff}");
    let since = sandbox.gt_in(&town, ["hooks", "diff", "nux", "--from", "1"]).ok().stdout;
    assert!(!since.contains("+done") && !since.contains("+not yet") && since.contains("+later"), "{since}");
    sandbox.gt_in(&town, ["hooks", "diff", "nux", "--from", "7"]).code(3);
    let wrong = sandbox.gt_in(&town, ["hooks", "show", "nix"]).code(3);
    assert!(wrong.stderr.contains("did you mean nux?"), "{wrong:?}");
}

#[test]
fn a_hook_whose_worktree_is_gone_is_told_and_its_snapshot_stands_for_it() {
    let sandbox = Sandbox::new();
    let (town, worktree) = hook(&sandbox);
    fs::write(worktree.path.join("work"), "half done\n").unwrap();
    worktree.snapshot("web/polecats/nux", "before the crash").unwrap();
    fs::remove_dir_all(&worktree.path).unwrap();
    let shown = sandbox.gt_in(&town, ["hooks", "show", "nux", "--json"]).ok().json();
    assert_eq!(shown["present"], false);
    assert!(shown["problems"][0].as_str().unwrap().contains("no worktree"), "{shown}");
    assert_eq!(shown["ahead"], 0, "the branch is still there");
    let diff = sandbox.gt_in(&town, ["hooks", "diff", "nux"]).ok().stdout;
    assert!(diff.contains("+half done"), "{diff}");
    let list = sandbox.gt_in(&town, ["hooks", "list"]).ok().stdout;
    assert!(list.contains("worktree missing"), "{list}");
}

#[test]
fn a_rig_with_work_on_its_hooks_is_not_removed() {
    let sandbox = Sandbox::new();
    let (town, _) = hook(&sandbox);
    let refused = sandbox.gt_in(&town, ["rig", "remove", "web"]).code(4);
    assert!(refused.stderr.contains("web-abc12") && refused.stderr.contains("hint:"), "{refused:?}");
    assert_eq!(sandbox.gt_in(&town, ["rig", "list", "--json"]).ok().json()[0]["working"], 1);
}
