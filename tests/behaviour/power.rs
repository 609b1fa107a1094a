//! A whole town: up, down, brought back after everything was killed, and looked at by a doctor who mends what was broken.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::wait_for;
use crate::town::{Place, kill};

/// A runtime that names its conversation, notes how it was started, and does what it is told in a shell.
const FAKE: &str = r#"#!/bin/sh
printf '%s\n' "$GT_ROLE $*" >> "@AT@/starts"
name=conversation-$$
settings=
while [ $# -gt 0 ]; do
    case "$1" in
        --settings) settings=$2; shift ;;
        --resume) name=$2; shift ;;
    esac
    shift
done
hook() {
    told=$(sed -n "s/.*\"command\": \"\(.*hook-event $1\)\".*/\1/p" "$settings")
    printf '{"session_id":"%s","hook_event_name":"%s","source":"startup"}' "$name" "$1" | sh -c "$told" > /dev/null 2>&1
}
hook SessionStart
hook UserPromptSubmit
hook Stop
echo "ready as $name"
while read -r line; do echo "heard: $line"; done
"#;

/// A town with the fake runtime as `claude`, a crew member and a worker at work.
fn place() -> (Place, PathBuf, String) {
    let place = Place::new(&["web"]);
    let (bin, notes) = (place.sandbox.path("bin"), place.sandbox.path("notes"));
    fs::create_dir(&bin).unwrap();
    fs::create_dir(&notes).unwrap();
    let fake = bin.join("fake-claude");
    fs::write(&fake, FAKE.replace("@AT@", notes.to_str().unwrap())).unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let custom = json!({"provider": "claude", "command": fake.to_str().unwrap()});
    place.set("settings/config.json", &[("agents", json!({"fake": custom})), ("default_agent", json!("fake"))]);
    place.gt(["crew", "add", "ann", "--rig", "web"]).ok();
    let bead = place.bead("web", "Long work", "true", &[]);
    (place, notes, bead)
}

fn running(place: &Place) -> Vec<String> {
    let list = place.gt(["session", "list", "--json"]).ok().json();
    let mut all: Vec<String> =
        list.as_array().unwrap().iter().map(|one| one["address"].as_str().unwrap().to_owned()).collect();
    all.sort();
    all
}

#[test]
fn a_town_that_went_down_comes_back_with_its_conversations_and_its_work() {
    let (place, notes, bead) = place();
    place.gt(["up"]).ok();
    place.gt(["crew", "start", "ann", "--rig", "web"]).ok();
    let slung = place.gt(["sling", &bead, "web", "--json"]).ok().json();
    let worker = slung["slung"][0]["agent"].as_str().unwrap().to_owned();
    let expected = ["mayor/".to_owned(), "web/crew/ann".to_owned(), worker.clone()];
    assert_eq!(running(&place), expected);
    let conversation = |session: &str| {
        let path = place.root.join(".runtime/agents").join(session).join("note.json");
        let note: Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        note["begun"].as_bool()?.then(|| note["conversation"].as_str().map(str::to_owned))?
    };
    let names: Vec<String> = ["hq-mayor", "web-crew-ann", slung["slung"][0]["session"].as_str().unwrap()]
        .into_iter()
        .map(|session| wait_for("its conversation", || conversation(session)))
        .collect();

    // A reboot: every process dies at once, and what is in memory is gone.
    for pid in place.sandbox.processes() {
        kill(pid, "-9");
    }
    wait_for("everything to be dead", || place.sandbox.processes().is_empty().then_some(()));
    for entry in fs::read_dir(place.sandbox.path("run")).unwrap() {
        fs::remove_dir_all(entry.unwrap().path()).unwrap();
    }
    let _ = fs::remove_file(notes.join("starts"));
    let up = place.gt(["up", "--restore", "--json"]).ok().json();
    assert!(up["steps"].as_array().unwrap().iter().all(|step| step["ok"] == true), "{up}");
    assert_eq!(running(&place), expected);
    let starts = wait_for("all three to start", || {
        let starts = fs::read_to_string(notes.join("starts")).unwrap_or_default();
        (starts.lines().count() >= 3).then_some(starts)
    });
    for name in &names {
        assert!(starts.contains(&format!("--resume {name}")), "{name} is not taken up: {starts}");
    }
    assert_eq!(starts.lines().count(), 3, "each is started once: {starts}");
    let agents = place.agents();
    let mine = agents.iter().find(|agent| agent["address"] == worker.as_str()).unwrap();
    assert_eq!(mine["bead"], bead.as_str());

    // Going down ends them in order, and nothing comes back by itself; the work stays where it is.
    let dry = place.gt(["down", "--polecats", "-n", "--json"]).ok().json();
    assert_eq!(dry["steps"].as_array().unwrap().len(), 4, "{dry}");
    place.gt(["down"]).ok();
    assert_eq!(running(&place), std::slice::from_ref(&worker));
    assert_eq!(place.daemon_pid(), None);
    place.gt(["shutdown"]).code(4);
    place.gt(["shutdown", "--yes"]).ok();
    assert!(running(&place).is_empty());
    assert_eq!(place.show(&bead).assignee, worker);
    place.gt(["up", "--restore"]).ok();
    assert_eq!(running(&place), expected);
    place.gt(["estop"]).ok();
    place.gt(["up"]).code(4);
    place.gt(["thaw"]).ok();
}

#[test]
fn the_doctor_sees_each_thing_that_is_broken_and_mends_it() {
    let (place, _, bead) = place();
    let slung = place.gt(["sling", &bead, "web", "--json"]).ok().json();
    let worktree = PathBuf::from(slung["slung"][0]["worktree"].as_str().unwrap());
    place.gt(["down", "--polecats"]).ok();
    let look = |fix: bool| {
        let mut command = place.command(&["doctor", "--json"]);
        if fix {
            command.arg("--fix");
        }
        place.sandbox.run(command).json()
    };
    let status = |found: &Value, check: &str| -> Vec<String> {
        let all = found["checks"].as_array().unwrap();
        let of = all.iter().filter(|one| one["check"] == check);
        of.map(|one| one["status"].as_str().unwrap().to_owned()).collect()
    };
    look(true);
    let found = look(false);
    assert_eq!((&found["errors"], &found["fixed"]), (&0.into(), &0.into()), "{found}");

    // Each thing broken, seen, mended, and whole afterwards.
    let breaks: [(&str, &dyn Fn()); 7] = [
        ("git's locks", &|| {
            let lock = fs::File::create(place.bare("web").join("refs/heads/main.lock")).unwrap();
            lock.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(60)).unwrap();
        }),
        ("hooks", &|| fs::remove_dir_all(&worktree).unwrap()),
        ("issues.jsonl", &|| fs::remove_file(place.root.join("web/.beads/issues.jsonl")).unwrap()),
        ("ledger", &|| {
            let path = place.root.join(".runtime/ledger.db");
            let mut bytes = fs::read(&path).unwrap();
            bytes[..64].fill(b'x');
            fs::write(&path, bytes).unwrap();
            for end in ["-wal", "-shm"] {
                let _ = fs::remove_file(place.root.join(format!(".runtime/ledger.db{end}")));
            }
        }),
        ("sockets", &|| {
            let directory = fs::read_dir(place.sandbox.path("run")).unwrap().next().unwrap().unwrap().path();
            drop(std::os::unix::net::UnixListener::bind(directory.join("web-polecat-ghost.sock")).unwrap());
        }),
        ("sockets' directory", &|| {
            let directory = fs::read_dir(place.sandbox.path("run")).unwrap().next().unwrap().unwrap().path();
            fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
        }),
        ("daemon", &|| {}),
    ];
    for (check, broken) in breaks {
        // The daemon mends some things by itself; here the doctor is to do it.
        place.gt(["daemon", "stop"]).ok();
        broken();
        let seen = look(false);
        assert!(status(&seen, check).iter().any(|word| word == "error" || word == "warning"), "{check}: {seen}");
        for one in seen["checks"].as_array().unwrap() {
            assert_eq!(one["fix"].is_null(), one["status"] == "ok", "what is wrong can be mended: {one}");
        }
        let mended = look(true);
        assert!(status(&mended, check).iter().any(|word| word == "fixed"), "{check}: {mended}");
        if check != "daemon" {
            place.gt(["daemon", "stop"]).ok();
        }
        let whole = look(false);
        assert_eq!(status(&whole, check), ["ok"], "{check}: {whole}");
    }
    assert!(worktree.join("README.md").is_file());
    assert!(
        place
            .root
            .join(".runtime")
            .read_dir()
            .unwrap()
            .any(|entry| { entry.unwrap().file_name().to_string_lossy().starts_with("broken-") })
    );
    assert_eq!(place.show(&bead).title, "Long work", "the ledger is made again from its files");

    // A host that died without a word, with the daemon away that would see it by itself.
    place.gt(["daemon", "stop"]).ok();
    place.gt(["crew", "start", "ann", "--rig", "web"]).ok();
    let list = place.gt(["session", "list", "--json"]).ok().json();
    let ann = list.as_array().unwrap().iter().find(|one| one["address"] == "web/crew/ann").unwrap().clone();
    kill(i32::try_from(ann["host_pid"].as_i64().unwrap()).unwrap(), "-9");
    wait_for("the lost host to be seen", || {
        status(&look(false), "sessions").contains(&"warning".to_owned()).then_some(())
    });
    assert_eq!(status(&look(true), "sessions"), ["fixed"]);

    // What only a person can mend is told with the place, and nothing is touched.
    let settings = place.root.join("settings/config.json");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("\"max_agents\"", "\"max_agent\"")).unwrap();
    let run = place.gt(["doctor", "--fix"]).code(1);
    assert!(run.stdout.contains("max_agent"), "{run:?}");
    fs::write(&settings, text).unwrap();
    let runtimes = |found: &Value| -> Vec<String> {
        let all = found["checks"].as_array().unwrap().iter().filter(|one| one["check"] == "runtimes");
        all.map(|one| format!("{} {} ({})", one["status"], one["message"], one["fix"])).collect()
    };
    // Of a program of one's own it is known only where settings say where its login is.
    let (fake, login) = (place.sandbox.path("bin/fake-claude"), json!(["{config}/.credentials.json"]));
    let fake = json!({"provider": "claude", "command": fake, "login_files": login});
    place.set("settings/config.json", &[("agents.fake", fake)]);
    let found = runtimes(&look(true));
    assert!(found.iter().any(|one| one.contains("is not logged in") && one.contains("log in")), "{found:?}");
    let login = place.sandbox.path("home/.claude/.credentials.json");
    fs::create_dir_all(login.parent().unwrap()).unwrap();
    fs::write(&login, "{}").unwrap();
    let found = runtimes(&look(true));
    assert!(found.len() == 1 && found[0].starts_with("\"ok\""), "{found:?}");
    place.set("settings/config.json", &[("default_agent", json!("nothing-like-it"))]);
    assert!(status(&look(true), "runtimes").contains(&"warning".to_owned()));
}

#[test]
fn the_daemon_can_be_a_service() {
    let place = Place::new(&[]);
    let written = place.gt(["daemon", "install-service", "--json"]).ok().json();
    let path = PathBuf::from(written["path"].as_str().unwrap());
    assert!(path.starts_with(place.sandbox.path("home")), "{written}");
    let unit = fs::read_to_string(&path).unwrap();
    assert!(unit.contains("daemon run") && unit.contains(place.root.to_str().unwrap()), "{unit}");
    assert!(
        written["next"].as_array().unwrap().iter().any(|line| line.as_str().unwrap().contains("enable")),
        "{written}"
    );
    place.gt(["daemon", "uninstall-service"]).ok();
    assert!(!path.exists());
    place.gt(["daemon", "uninstall-service"]).code(3);
}
