//! The shared repository and its worktrees keep what they hold: snapshots, refusals to remove, rebases that can be done again.

use std::fs;
use std::path::{Path, PathBuf};

use gastown::base::Kind;
use gastown::repo::{Bare, ChangeKind, PushOutcome, Rebase, Worktree};

use crate::support::Sandbox;

fn rig(sandbox: &Sandbox) -> (Bare, PathBuf) {
    let origin = sandbox.origin("project");
    let bare = Bare::clone_from(origin.to_str().unwrap(), &sandbox.path("rig.git"), None, &mut |_| {}).unwrap();
    (bare, origin)
}

fn agent_env() -> Vec<(String, String)> {
    [("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@x"), ("GIT_COMMITTER_NAME", "a"), ("GIT_COMMITTER_EMAIL", "a@x")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .to_vec()
}

fn commit(worktree: &Worktree, file: &str, text: &str) -> String {
    fs::write(worktree.path.join(file), text).unwrap();
    worktree.commit_all(&format!("Change {file}"), &agent_env()).unwrap().unwrap()
}

/// Everything about a worktree that a snapshot must leave alone.
fn fingerprint(worktree: &Worktree) -> Vec<(PathBuf, Vec<u8>, std::time::SystemTime)> {
    let private = worktree.private_dir().unwrap();
    let mut paths = vec![private.join("index"), private.join("HEAD"), private.join("logs/HEAD")];
    paths
        .extend(fs::read_dir(&worktree.path).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()));
    paths.sort();
    let read = |path: PathBuf| {
        let (bytes, time) = (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap());
        (path, bytes, time)
    };
    paths.into_iter().map(read).collect()
}

fn list_private(worktree: &Worktree) -> Vec<PathBuf> {
    let mut names: Vec<_> =
        fs::read_dir(worktree.private_dir().unwrap()).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names
}

#[test]
fn a_clone_tracks_its_origin_under_refs_remotes() {
    let sandbox = Sandbox::new();
    let origin = sandbox.origin("project");
    let work = sandbox.path("project-work");
    sandbox.git(&work, ["branch", "side"]);
    sandbox.git(&work, ["push", "-q", origin.to_str().unwrap(), "side"]);
    let mut lines = 0;
    let path = sandbox.path("rig.git");
    let bare = Bare::clone_from(origin.to_str().unwrap(), &path, None, &mut |_| lines += 1).unwrap();
    assert!(lines > 0, "a clone shows its progress");
    assert_eq!(bare.default_branch().unwrap(), "main");
    let heads = sandbox.git(&path, ["for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes"]);
    assert_eq!(
        heads.stdout.lines().collect::<Vec<_>>(),
        ["refs/heads/main", "refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/side"]
    );
    sandbox.git(&work, ["commit", "-q", "--allow-empty", "-m", "Second"]);
    sandbox.git(&work, ["push", "-q", origin.to_str().unwrap(), "main"]);
    bare.fetch().unwrap();
    assert_ne!(bare.rev("refs/remotes/origin/main").unwrap(), bare.rev("main").unwrap());
    assert_eq!(bare.fast_forward_from_origin("main").unwrap(), bare.origin_branch("main").unwrap());
    assert_eq!(bare.commits("main~1", "main").unwrap()[0].subject, "Second");
    assert_eq!(bare.file_at("main", "README.md").unwrap().as_deref(), Some(b"# project\n".as_slice()));
    assert_eq!(bare.file_at("main", "nope").unwrap(), None);
    let error =
        Bare::clone_from(origin.to_str().unwrap(), &sandbox.path("other.git"), Some("sode"), &mut |_| {}).unwrap_err();
    assert_eq!(error.hint_text(), Some("did you mean side?"));
    assert!(!sandbox.path("other.git").exists());
}

#[test]
fn a_snapshot_has_untracked_files_and_leaves_everything_alone() {
    let sandbox = Sandbox::new();
    let (bare, _) = rig(&sandbox);
    let worktree = bare.add_worktree(&sandbox.path("w"), "polecat/nux/x@1", "main").unwrap();
    commit(&worktree, ".gitignore", "ignored\n");
    fs::write(worktree.path.join("README.md"), "changed\n").unwrap();
    fs::write(worktree.path.join("staged"), "staged\n").unwrap();
    sandbox.git(&worktree.path, ["add", "staged"]);
    fs::write(worktree.path.join("staged"), "and changed again\n").unwrap();
    fs::write(worktree.path.join("un tracked\n"), "new\n").unwrap();
    fs::write(worktree.path.join("ignored"), "no\n").unwrap();
    let before = (fingerprint(&worktree), list_private(&worktree));
    let id = worktree.snapshot("web/polecats/nux", "before a test").unwrap().unwrap();
    assert_eq!((fingerprint(&worktree), list_private(&worktree)), before, "index, HEAD and files are untouched");

    assert_eq!(bare.rev("refs/gt/hooks/web-polecats-nux/1").unwrap(), id);
    assert_eq!(bare.file_at(&id, "README.md").unwrap().as_deref(), Some(b"changed\n".as_slice()));
    assert_eq!(bare.file_at(&id, "un tracked\n").unwrap().as_deref(), Some(b"new\n".as_slice()));
    assert_eq!(bare.file_at(&id, "staged").unwrap().as_deref(), Some(b"and changed again\n".as_slice()));
    assert_eq!(bare.file_at(&format!("{id}^2"), "staged").unwrap().as_deref(), Some(b"staged\n".as_slice()));
    assert_eq!(bare.file_at(&id, "ignored").unwrap(), None);
    assert_eq!(bare.rev(&format!("{id}^1")).unwrap(), worktree.head().unwrap());

    assert_eq!(worktree.snapshot("web/polecats/nux", "again").unwrap(), None, "nothing has changed");
    fs::write(worktree.path.join("README.md"), "changed once more\n").unwrap();
    assert!(worktree.snapshot("web/polecats/nux", "again").unwrap().is_some());
    let all = bare.snapshots("web/polecats/nux").unwrap();
    assert_eq!(
        all.iter().map(|s| (s.number, s.why.as_str())).collect::<Vec<_>>(),
        [(1, "before a test"), (2, "again")]
    );
}

#[test]
fn a_snapshot_that_could_not_be_named_is_named_later() {
    let sandbox = Sandbox::new();
    let (bare, _) = rig(&sandbox);
    let worktree = bare.add_worktree(&sandbox.path("w"), "polecat/nux/x@1", "main").unwrap();
    fs::write(worktree.path.join("staged"), "staged\n").unwrap();
    sandbox.git(&worktree.path, ["add", "staged"]);
    fs::write(worktree.path.join("staged"), "and changed again\n").unwrap();
    // No directory can be made where this is, as on a full disk.
    let in_the_way = sandbox.path("rig.git/refs/gt/hooks/web-polecats-nux");
    fs::create_dir_all(in_the_way.parent().unwrap()).unwrap();
    fs::write(&in_the_way, format!("{}\n", worktree.head().unwrap())).unwrap();
    worktree.snapshot("web/polecats/nux", "no room").unwrap_err();
    assert!(bare.unnamed().unwrap() > 0);
    fs::remove_file(&in_the_way).unwrap();
    fs::remove_dir_all(&worktree.path).unwrap();
    assert_eq!(bare.name_unnamed().unwrap(), 1, "what was staged is part of it");
    let all = bare.snapshots("web/polecats/nux").unwrap();
    assert_eq!(all.iter().map(|s| (s.number, s.why.as_str())).collect::<Vec<_>>(), [(1, "no room")]);
    assert_eq!(bare.file_at(&all[0].id, "staged").unwrap().as_deref(), Some(b"and changed again\n".as_slice()));
    assert_eq!(bare.file_at(&format!("{}^2", all[0].id), "staged").unwrap().as_deref(), Some(b"staged\n".as_slice()));
    let fsck = sandbox.git(&sandbox.path("rig.git"), ["fsck", "--unreachable", "--no-reflogs"]).stdout;
    assert!(!fsck.contains("commit"), "{fsck}");

    let other = bare.add_worktree(&sandbox.path("v"), "polecat/slit/x@1", "main").unwrap();
    fs::write(other.path.join("new"), "new\n").unwrap();
    other.snapshot("web/polecats/slit", "room").unwrap().unwrap();
    assert_eq!((bare.unnamed().unwrap(), bare.name_unnamed().unwrap()), (0, 0));
}

#[test]
fn a_snapshot_works_in_the_middle_of_a_conflict() {
    let sandbox = Sandbox::new();
    let (bare, _) = rig(&sandbox);
    let one = bare.add_worktree(&sandbox.path("one"), "one", "main").unwrap();
    let two = bare.add_worktree(&sandbox.path("two"), "two", "main").unwrap();
    commit(&one, "README.md", "one\n");
    commit(&two, "README.md", "two\n");
    let merge = sandbox.program("git", &one.path, ["merge", "two"]);
    assert_ne!(merge.status, Some(0));
    assert_eq!(one.status().unwrap()[0].kind, ChangeKind::Conflicted);
    let before = fingerprint(&one);
    let id = one.snapshot("a", "conflict").unwrap().unwrap();
    assert_eq!(fingerprint(&one), before);
    let kept = bare.file_at(&id, "README.md").unwrap().unwrap();
    assert!(String::from_utf8_lossy(&kept).contains("<<<<<<<"));
}

#[test]
fn a_worktree_is_not_removed_before_all_it_holds_is_kept() {
    let sandbox = Sandbox::new();
    let (bare, _) = rig(&sandbox);
    let path = sandbox.path("w");
    let refused = |what: &str| {
        let error = bare.remove_worktree(&path).unwrap_err();
        assert_eq!(error.kind(), Kind::Refused, "{what}: {error}");
        assert!(path.is_dir(), "{what}");
        error.to_string()
    };

    // An untracked file, then the same as a snapshot.
    let worktree = bare.add_worktree(&path, "work", "main").unwrap();
    fs::write(path.join("notes"), "n").unwrap();
    assert!(refused("untracked").contains("notes"));
    worktree.snapshot("a", "x").unwrap();
    fs::write(path.join("notes"), "changed since").unwrap();
    refused("changed after the snapshot");
    worktree.snapshot("a", "x").unwrap();
    bare.remove_worktree(&path).unwrap();
    assert!(!path.exists());

    // A commit on no branch.
    let worktree = bare.add_detached_worktree(&path, "main").unwrap();
    let lost = commit(&worktree, "new", "n");
    assert!(refused("detached").contains(&lost[..10]));
    worktree.snapshot("a", "x").unwrap();
    bare.remove_worktree(&path).unwrap();
    assert!(bare.find_rev(&lost).unwrap().is_some());

    // Staged, and taken away from the files again.
    let worktree = bare.add_detached_worktree(&path, "main").unwrap();
    fs::write(path.join("staged"), "only in the index").unwrap();
    sandbox.git(&path, ["add", "staged"]);
    fs::remove_file(path.join("staged")).unwrap();
    refused("staged");
    let id = worktree.snapshot("a", "x").unwrap().unwrap();
    bare.remove_worktree(&path).unwrap();
    assert_eq!(bare.file_at(&format!("{id}^2"), "staged").unwrap().as_deref(), Some(b"only in the index".as_slice()));

    // A commit that was reset away stays reachable, ignored files go, and git finds nothing to complain about.
    let worktree = bare.add_worktree(&path, "other", "main").unwrap();
    let first = commit(&worktree, "a", "1");
    let away = commit(&worktree, "a", "2");
    sandbox.git(&path, ["reset", "-q", "--hard", "main"]);
    bare.remove_worktree(&path).unwrap();
    let kept = sandbox.git(&bare.path, ["for-each-ref", "--format=%(objectname)", "refs/gt/kept"]).stdout;
    assert_eq!(kept.trim(), away);
    assert!(bare.is_ancestor(&first, &away).unwrap());
    let fsck = sandbox.git(&bare.path, ["fsck", "--strict", "--no-dangling"]);
    assert_eq!((fsck.stdout.as_str(), fsck.stderr.trim()), ("", ""));
}

#[test]
fn a_worktree_whose_directory_is_gone_keeps_its_commits() {
    let sandbox = Sandbox::new();
    let (bare, _) = rig(&sandbox);
    let path = sandbox.path("w");
    let worktree = bare.add_detached_worktree(&path, "main").unwrap();
    let lost = commit(&worktree, "new", "n");
    fs::remove_dir_all(&path).unwrap();
    bare.remove_worktree(&path).unwrap();
    let kept = sandbox.git(&bare.path, ["for-each-ref", "--format=%(objectname)", "refs/gt/kept"]).stdout;
    assert_eq!(kept.trim(), lost);
    bare.add_worktree(&path, "again", "main").unwrap();
}

#[test]
fn rebases_are_clean_or_tell_the_files_in_conflict() {
    let sandbox = Sandbox::new();
    let (bare, _) = rig(&sandbox);
    let base = bare.rev("main").unwrap();
    let one = bare.add_worktree(&sandbox.path("one"), "one", "main").unwrap();
    let two = bare.add_worktree(&sandbox.path("two"), "two", "main").unwrap();
    let three = bare.add_worktree(&sandbox.path("three"), "three", "main").unwrap();
    let target = commit(&one, "one.txt", "one");
    commit(&two, "two.txt", "two");
    let two_head = commit(&two, "README.md", "two\n");
    let three_head = commit(&three, "README.md", "three\n");
    let refinery = bare.add_detached_worktree(&sandbox.path("refinery"), "main").unwrap().with_committer("ref", "r@x");

    // What a killed git leaves behind is no obstacle.
    let private = refinery.private_dir().unwrap();
    fs::create_dir(private.join("rebase-merge")).unwrap();
    fs::write(refinery.path.join("README.md"), "rubbish").unwrap();
    fs::write(refinery.path.join("two.txt"), "untracked rubbish").unwrap();
    let clean = refinery.rebase(&two_head, &base, &target).unwrap();
    let Rebase::Clean { head, commits } = clean else { panic!("{clean:?}") };
    assert_eq!((commits.len(), commits.last()), (2, Some(&head)));
    let infos = bare.commits(&target, &head).unwrap();
    assert_eq!(infos.iter().map(|c| c.author_name.as_str()).collect::<Vec<_>>(), ["a", "a"]);
    let committer = sandbox.git(&bare.path, ["log", "-1", "--format=%cn %ce", &head]).stdout;
    assert_eq!(committer.trim(), "ref r@x");
    assert!(refinery.is_clean().unwrap());
    assert_eq!(refinery.branch().unwrap(), None);
    assert_eq!(bare.rev("two").unwrap(), two_head, "the worker's branch is not moved");

    // The same again gives the same commits up to their time, and what is merged already needs none.
    assert!(
        matches!(refinery.rebase(&two_head, &base, &target).unwrap(), Rebase::Clean { commits, .. } if commits.len() == 2)
    );
    let merged = refinery.rebase(&two_head, &base, &head).unwrap();
    assert_eq!(merged, Rebase::Clean { head: head.clone(), commits: vec![] });

    let conflict = refinery.rebase(&three_head, &base, &head).unwrap();
    let Rebase::Conflict { files, log } = conflict else { panic!("{conflict:?}") };
    assert_eq!(files, ["README.md"]);
    assert!(log.contains("README.md") && !log.contains("hint:"), "{log}");
    assert!(refinery.is_clean().unwrap());
    assert_eq!(refinery.head().unwrap(), head);
    assert!(!private.join("rebase-merge").exists());
}

#[test]
fn pushes_tell_why_they_did_not_work() {
    let sandbox = Sandbox::new();
    let (bare, origin) = rig(&sandbox);
    let worktree = bare.add_worktree(&sandbox.path("w"), "w", "main").unwrap();
    let head = commit(&worktree, "w", "w");
    assert_eq!(bare.push(&head, "main").unwrap(), PushOutcome::Pushed);
    assert_eq!(bare.push(&head, "main").unwrap(), PushOutcome::Pushed);
    assert_eq!(sandbox.git(&origin, ["rev-parse", "main"]).stdout.trim(), head);
    let other = bare.add_worktree(&sandbox.path("o"), "o", "main").unwrap();
    let rival = commit(&other, "o", "o");
    assert!(matches!(bare.push(&rival, "main").unwrap(), PushOutcome::Rejected(_)));

    let checked_out = sandbox.path("project-work");
    sandbox.git(&bare.path, ["remote", "set-url", "origin", checked_out.to_str().unwrap()]);
    let refused = bare.push(&head, "main").unwrap();
    assert!(
        matches!(&refused, PushOutcome::Refused { hint, .. } if hint.contains("receive.denyCurrentBranch")),
        "{refused:?}"
    );

    sandbox.git(&bare.path, ["remote", "set-url", "origin", "/no/such/place"]);
    assert!(
        matches!(bare.push(&head, "main").unwrap(), PushOutcome::Unreachable(why) if why.contains("/no/such/place"))
    );
    assert!(bare.fetch().unwrap_err().hint_text().is_some());
}

#[test]
fn references_move_only_from_where_they_are_believed_to_be() {
    let sandbox = Sandbox::new();
    let (bare, _) = rig(&sandbox);
    let worktree = bare.add_worktree(&sandbox.path("w"), "w", "main").unwrap();
    let old = bare.rev("main").unwrap();
    let new = commit(&worktree, "w", "w");
    assert_eq!(bare.update_ref("refs/heads/main", &new, Some(&new)).unwrap_err().kind(), Kind::Refused);
    // A lock file that a killed process left an hour ago is no obstacle.
    let lock = std::fs::File::create(bare.path.join("refs/heads/main.lock")).unwrap();
    lock.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(3600)).unwrap();
    bare.update_ref("refs/heads/main", &new, Some(&old)).unwrap();
    assert_eq!(bare.rev("main").unwrap(), new);
    let zero = "0".repeat(40);
    assert_eq!(bare.update_ref("refs/heads/main", &old, Some(&zero)).unwrap_err().kind(), Kind::Refused);
    bare.update_ref("refs/gt/x", &old, Some(&zero)).unwrap();
}

#[test]
fn ours_in_a_worktree_is_invisible_to_the_project() {
    let sandbox = Sandbox::new();
    let (bare, _) = rig(&sandbox);
    let worktree = bare.add_worktree(&sandbox.path("w"), "w", "main").unwrap();
    fs::create_dir(worktree.path.join(".ours")).unwrap();
    fs::write(worktree.path.join(".ours/file"), "x").unwrap();
    worktree.exclude(&["/.ours/"]).unwrap();
    worktree.exclude(&["/.ours/"]).unwrap();
    assert!(worktree.is_clean().unwrap());
    let exclude = fs::read_to_string(bare.path.join("info/exclude")).unwrap();
    assert_eq!(exclude.matches("/.ours/").count(), 1);
    assert_eq!(Worktree::open(Path::new("/no/such")).unwrap_err().kind(), Kind::NotFound);
}

#[test]
fn repositories_inside_a_worktree_are_not_thrown_away() {
    let sandbox = Sandbox::new();
    let (bare, _) = rig(&sandbox);
    let library = sandbox.origin("library");
    let path = sandbox.path("w");
    let worktree = bare.add_worktree(&path, "w", "main").unwrap();
    let allow = "protocol.file.allow=always";
    sandbox.git(&path, ["-c", allow, "submodule", "--quiet", "add", library.to_str().unwrap(), "lib"]);
    worktree.commit_all("Use the library", &agent_env()).unwrap();
    assert!(worktree.changed_inner_repositories().unwrap().is_empty());

    let refused = |what: &str| {
        worktree.snapshot("a", what).unwrap();
        let error = bare.remove_worktree(&path).unwrap_err();
        assert!(error.kind() == Kind::Refused && error.to_string().contains("lib"), "{what}: {error}");
        assert!(path.join("lib").is_dir());
    };
    fs::write(path.join("lib/README.md"), "changed inside").unwrap();
    refused("changed");
    sandbox.git(&path.join("lib"), ["commit", "-qam", "Inside"]);
    refused("committed");
    sandbox.git(&path, ["-c", allow, "submodule", "--quiet", "update", "--force"]);
    sandbox.git(&path, ["clone", "-q", library.to_str().unwrap(), "library-clone"]);
    refused("cloned into it");
    fs::remove_dir_all(path.join("library-clone")).unwrap();
    bare.remove_worktree(&path).unwrap();
}

#[test]
fn copies_of_the_index_that_a_killed_process_left_go_with_the_next_snapshot() {
    let sandbox = Sandbox::new();
    let (bare, _) = rig(&sandbox);
    let worktree = bare.add_worktree(&sandbox.path("w"), "w", "main").unwrap();
    let left = worktree.private_dir().unwrap().join("gt-index-999999999-0");
    fs::write(&left, "x").unwrap();
    worktree.snapshot("a", "x").unwrap();
    assert!(!left.exists());
}

#[test]
fn many_worktrees_are_made_at_once() {
    let sandbox = Sandbox::new();
    let (bare, _) = rig(&sandbox);
    let left = std::sync::atomic::AtomicUsize::new(12);
    std::thread::scope(|scope| {
        // What agents do meanwhile looks through all worktrees, and must not meet one that is half made.
        scope.spawn(|| {
            // Bounded, so that a thread that panics ends the test.
            for _ in 0..2000 {
                if left.load(std::sync::atomic::Ordering::Relaxed) == 0 {
                    break;
                }
                sandbox.git(&bare.path, ["worktree", "list"]);
            }
        });
        for n in 0..12 {
            let left = &left;
            let (bare, path) = (&bare, sandbox.path(&format!("w{n}")));
            scope.spawn(move || {
                let worktree = bare.add_worktree(&path, &format!("polecat/p{n}/x@1"), "main").unwrap();
                commit(&worktree, &format!("f{n}"), "x");
                worktree.snapshot(&format!("p{n}"), "x").unwrap();
                left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
            });
        }
    });
    let list = sandbox.git(&bare.path, ["worktree", "list"]).stdout;
    assert_eq!(list.lines().count(), 13, "{list}");
    assert_eq!(sandbox.git(&bare.path, ["for-each-ref", "refs/gt/hooks"]).stdout.lines().count(), 12);
}

#[test]
fn locks_are_cleared_around_those_who_hold_one() {
    let sandbox = Sandbox::new();
    let (bare, _) = rig(&sandbox);
    let main = bare.rev("main").unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let cleared = scope.spawn(|| {
            let mut cleared = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                cleared += bare.clear_locks().unwrap();
            }
            cleared
        });
        let made: Result<Vec<()>, _> = (0..1000)
            .map(|n| bare.update_ref(&format!("refs/heads/polecat/p{n}/x@1"), &main, Some(&"0".repeat(40))))
            .collect();
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        made.unwrap();
        assert_eq!(cleared.join().unwrap(), 0);
    });
    // One that its owner left is waited for until nobody can hold it any more.
    fs::write(bare.path.join("refs/heads/main.lock"), "").unwrap();
    assert_eq!(bare.clear_locks().unwrap(), 1);
    assert!(bare.leftover_locks().unwrap().is_empty());
}

#[test]
fn submodules_are_left_alone_by_snapshots_and_by_going_back_to_them() {
    let sandbox = Sandbox::new();
    let (bare, _) = rig(&sandbox);
    let library = sandbox.origin("library");
    let path = sandbox.path("w");
    let worktree = bare.add_worktree(&path, "w", "main").unwrap();
    let allow = "protocol.file.allow=always";
    sandbox.git(&path, ["-c", allow, "submodule", "--quiet", "add", library.to_str().unwrap(), "lib"]);
    worktree.commit_all("Use the library", &agent_env()).unwrap();
    // People who want git to follow submodules everywhere must not lose what is in them.
    sandbox.git(&path, ["config", "submodule.recurse", "true"]);
    fs::write(path.join("README.md"), "first\n").unwrap();
    fs::write(path.join("lib/README.md"), "changed inside\n").unwrap();
    let first = worktree.snapshot("a", "first").unwrap().unwrap();
    let link = sandbox.git(&bare.path, ["ls-tree", &first, "lib"]).stdout;
    assert!(link.starts_with("160000 commit"), "{link}");
    fs::write(path.join("README.md"), "second\n").unwrap();
    worktree.snapshot("a", "second").unwrap().unwrap();
    worktree.restore_files(&first).unwrap();
    assert_eq!(fs::read_to_string(path.join("README.md")).unwrap(), "first\n");
    assert_eq!(fs::read_to_string(path.join("lib/README.md")).unwrap(), "changed inside\n");
    assert!(sandbox.git(&path.join("lib"), ["status", "--porcelain"]).stdout.contains("README.md"));
    // A new commit inside is a change of the worktree like any other, and the clone inside stays where it is.
    sandbox.git(&path.join("lib"), ["commit", "-qam", "Inside"]);
    let inside = sandbox.git(&path.join("lib"), ["rev-parse", "HEAD"]).stdout;
    let third = worktree.snapshot("a", "third").unwrap().unwrap();
    assert!(sandbox.git(&bare.path, ["ls-tree", &third, "lib"]).stdout.contains(inside.trim()));
    worktree.restore_files(&first).unwrap();
    assert_eq!(sandbox.git(&path.join("lib"), ["rev-parse", "HEAD"]).stdout, inside);
}

#[test]
fn files_of_large_file_storage_stay_what_they_are() {
    let sandbox = Sandbox::new();
    let (bare, _) = rig(&sandbox);
    let path = sandbox.path("w");
    let worktree = bare.add_worktree(&path, "w", "main").unwrap();
    fs::write(path.join(".gitattributes"), "*.bin filter=lfs -text\n").unwrap();
    let pointer = |id: char| {
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 9\n", id.to_string().repeat(64))
    };
    fs::write(path.join("big.bin"), pointer('a')).unwrap();
    worktree.commit_all("A pointer", &agent_env()).unwrap();

    // The program is asked for and not there.
    for key in ["clean", "smudge"] {
        sandbox.git(&path, ["config", &format!("filter.lfs.{key}"), &format!("no-such-program-of-lfs {key} -- %f")]);
    }
    sandbox.git(&path, ["config", "filter.lfs.required", "true"]);
    fs::write(path.join("big.bin"), pointer('b')).unwrap();
    let id = worktree.snapshot("a", "a pointer").unwrap().unwrap();
    assert_eq!(bare.file_at(&id, "big.bin").unwrap().unwrap(), pointer('b').as_bytes());
    assert_eq!(fs::read_to_string(path.join("big.bin")).unwrap(), pointer('b'));
    fs::write(path.join("big.bin"), "something else\n").unwrap();
    worktree.restore_files(&id).unwrap();
    assert_eq!(fs::read_to_string(path.join("big.bin")).unwrap(), pointer('b'));

    // A program that works is used both ways: the snapshot has what it makes of the file, the worktree has the file.
    sandbox.git(&path, ["config", "filter.lfs.clean", "sed s/^/pointer-to-/"]);
    sandbox.git(&path, ["config", "filter.lfs.smudge", "sed s/^pointer-to-//"]);
    fs::write(path.join("big.bin"), "contents\n").unwrap();
    let id = worktree.snapshot("a", "contents").unwrap().unwrap();
    assert_eq!(bare.file_at(&id, "big.bin").unwrap().unwrap(), b"pointer-to-contents\n");
    assert_eq!(fs::read_to_string(path.join("big.bin")).unwrap(), "contents\n");
    fs::remove_file(path.join("big.bin")).unwrap();
    worktree.restore_files(&id).unwrap();
    assert_eq!(fs::read_to_string(path.join("big.bin")).unwrap(), "contents\n");
}
