//! The hooks, queue and tiles of the cockpit in a real terminal: a review reaches the agent, hunks are taken out, snapshots gone back to.

use std::fs;
use std::path::PathBuf;

use gastown::repo::Worktree;

use crate::screen::Screen;
use crate::support::{GT, wait_for};
use crate::town::Place;

/// Changes a file it finds, commits, leaves a change uncommitted, and repeats what it is told.
const WORKER: &str = r#"
printf '\033]7501;state=working\033\\'
printf '//! Prices.\n\n/// Rounds once.\npub fn total(cents: u64) -> u64 {\n    cents + 1\n}\n' > src/price.rs
git add -A; git commit -qm 'Round once'
echo 'draft' > notes.txt
printf '\033]7501;state=idle\033\\'
echo ready
while read line; do echo "heard $line" >> "$HEARD"; echo "heard $line"; done
"#;

struct Work {
    place: Place,
    bead: String,
    agent: String,
    worktree: PathBuf,
}

/// A town in which such a worker has done its work and waits.
fn work() -> Work {
    let place = Place::new(&[]);
    let origin = place.sandbox.origin("shop");
    let clone = place.sandbox.path("shop-more");
    place.sandbox.git(&place.root, ["clone", "-q", origin.to_str().unwrap(), clone.to_str().unwrap()]);
    fs::create_dir(clone.join("src")).unwrap();
    fs::write(clone.join("src/price.rs"), "//! Prices.\n\npub fn total(cents: u64) -> u64 {\n    cents\n}\n").unwrap();
    place.sandbox.git(&clone, ["add", "."]);
    place.sandbox.git(&clone, ["commit", "-qm", "Prices"]);
    place.sandbox.git(&clone, ["push", "-q", "origin", "main"]);
    place.gt(["rig", "add", "shop", origin.to_str().unwrap()]).ok();
    let script = place.sandbox.path("worker.sh");
    let heard = place.sandbox.path("heard");
    fs::write(&script, WORKER.replace("$HEARD", heard.to_str().unwrap())).unwrap();
    place.set("settings/config.json", &[("agents.worker", serde_json::json!(format!("/bin/sh {}", script.display())))]);
    let bead = place.bead("shop", "Round prices once", "true", &[]);
    let report = place.gt(["sling", &bead, "shop", "--agent", "worker", "--json"]).ok().json();
    let agent = report["slung"][0]["agent"].as_str().unwrap().to_owned();
    let worktree = PathBuf::from(report["slung"][0]["worktree"].as_str().unwrap());
    wait_for("the worker's change", || worktree.join("notes.txt").exists().then_some(()));
    fs::write(place.root.join(".runtime/cockpit.json"), "{\"welcomed\": true}").unwrap();
    Work { place, bead, agent, worktree }
}

impl Work {
    fn open(&self, size: (u16, u16)) -> Screen {
        Screen::start(&self.place.sandbox, &self.place.root, size, GT, &["cockpit"], &[])
    }

    fn price(&self) -> String {
        fs::read_to_string(self.worktree.join("src/price.rs")).unwrap()
    }
}

#[test]
fn interaction_35_a_review_reaches_the_agent_and_a_hunk_is_taken_out_and_put_back() {
    let work = work();
    let mut screen = work.open((120, 40));
    screen.wait_text("Round prices once");
    screen.send("H");
    screen.wait("the diff", |text| text.contains("against main") && text.contains("cents + 1"));
    screen.wait("its history", |text| text.contains("Round once") && text.contains("1 file not committed"));
    // The code has the colours of its language: a word of it differs from the text beside it.
    screen.send("\r}}");
    screen.send("c");
    screen.wait_text("remark on src/price.rs");
    screen.send("Why plus one?\r");
    screen.wait_text("you  Why plus one?");
    // What was not sent yet outlives the cockpit.
    screen.child.kill().unwrap();
    screen.child.wait().unwrap();
    let mut screen = work.open((120, 40));
    screen.wait_text("you  Why plus one?");
    screen.send("m");
    screen.wait_text("your remarks: message to");
    screen.wait_text("one remark");
    screen.send("\r");
    let heard = work.place.sandbox.path("heard");
    wait_for("the agent hears of it", || {
        fs::read_to_string(&heard).ok().filter(|text| text.contains("Why plus one?") && text.contains("src/price.rs"))
    });
    screen.wait("the remarks to be gone", |text| !text.contains("you  Why plus one?"));
    screen.send("\r}}x");
    screen.wait_text("Take this hunk out?");
    screen.send("y");
    screen.wait_text("is taken out");
    assert!(!work.price().contains("cents + 1"), "{}", work.price());
    screen.send("u");
    screen.wait_text("is back");
    assert!(work.price().contains("cents + 1"), "{}", work.price());
    screen.send("q");
    assert_eq!(screen.end(), 0);
    // The same by command.
    let refused = work.place.gt(["hooks", "reject", &work.agent, "src/price.rs:400"]).code(3);
    assert!(refused.stderr.contains("no hunk of src/price.rs is at line 400"), "{refused:?}");
    work.place.gt(["hooks", "reject", &work.agent, "src/price.rs:5"]).ok();
    assert!(!work.price().contains("cents + 1"), "{}", work.price());
}

/// All objects of a repository.
fn objects(directory: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(objects(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn new_and_deleted_files_are_taken_out_as_a_whole_and_put_back() {
    let work = work();
    let run = work.worktree.join("bin").join("a \"new\" one.sh");
    fs::create_dir(work.worktree.join("bin")).unwrap();
    fs::write(&run, "#!/bin/sh\necho no newline at the end").unwrap();
    fs::set_permissions(&run, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fs::remove_file(work.worktree.join("README.md")).unwrap();
    fs::write(work.worktree.join("logo.bin"), [0; 2048]).unwrap();
    let mut screen = work.open((120, 40));
    screen.wait_text("Round prices once");
    screen.send("H");
    let text = screen.wait("all that changed", |text| text.contains("README.md") && text.contains("notes.txt"));
    assert!(text.contains("a \"new\" one.sh"), "{text}");
    assert!(text.contains("binary file, new, 2.0 KiB"), "{text}");
    screen.send("\r");
    // Files stand in the order of their paths: the deleted one first, the new program next.
    screen.send("ggx");
    screen.wait_text("Bring this file back?");
    screen.send("y");
    screen.wait_text("changes of README.md are undone");
    assert!(work.worktree.join("README.md").exists());
    screen.wait("the diff without it", |text| !text.contains("README.md  "));
    screen.send("gg");
    screen.send("x");
    screen.wait_text("Take this new file away?");
    screen.send("y");
    wait_for("the file to go", || (!run.exists()).then_some(()));
    screen.wait_text("one.sh are undone");
    screen.send("u");
    wait_for("the file to come back", || run.exists().then_some(()));
    assert_eq!(fs::read_to_string(&run).unwrap(), "#!/bin/sh\necho no newline at the end");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&run).unwrap().permissions());
    assert_eq!(mode & 0o111, 0o111, "it can be run again");
    screen.send("q");
    assert_eq!(screen.end(), 0);
    // The same by command, with a line or without.
    work.place.gt(["hooks", "reject", &work.agent, "notes.txt:1"]).ok();
    work.place.gt(["hooks", "reject", &work.agent, "bin/a \"new\" one.sh"]).ok();
    assert!(!work.worktree.join("notes.txt").exists() && !run.exists());
}

#[test]
fn looking_at_a_worktree_writes_nothing_into_its_repository() {
    let work = work();
    // The daemon takes snapshots of what changes.
    work.place.gt(["daemon", "stop"]).ok();
    let bare = work.place.bare("shop").join("objects");
    let before = objects(&bare);
    let mut screen = work.open((120, 40));
    screen.wait_text("Round prices once");
    screen.send("H");
    screen.wait_text("notes.txt");
    for word in ["first", "second", "third"] {
        fs::write(work.worktree.join("notes.txt"), format!("{word}\n")).unwrap();
        screen.wait_text(&format!("+ {word}"));
    }
    assert_eq!(objects(&bare), before);
    screen.send("q");
    assert_eq!(screen.end(), 0);
    let diff = work.place.gt(["hooks", "diff", &work.agent]).ok();
    assert!(diff.stdout.contains("+third") && diff.stdout.contains("+    cents + 1"), "{diff:?}");
    assert_eq!(objects(&bare), before);
    let private = Worktree::open(&work.worktree).unwrap().private_dir().unwrap();
    let left: Vec<_> = fs::read_dir(private).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(
        !left.iter().any(|name| ["gt-look-", "gt-index-"].iter().any(|ours| name.to_string_lossy().starts_with(ours))),
        "{left:?}"
    );
}

#[test]
fn a_worktree_is_rolled_back_and_forth_healed_and_put_away() {
    let work = work();
    work.place.gt(["unsling", &work.bead]).ok();
    let worktree = Worktree::open(&work.worktree).unwrap();
    // Taken back, the work is in a snapshot already; this one would say the same.
    assert_eq!(worktree.snapshot(&work.agent, "the good state").unwrap(), None);
    fs::write(work.worktree.join("src/price.rs"), "broken\n").unwrap();
    fs::write(work.worktree.join("junk"), "junk\n").unwrap();
    let mut screen = work.open((120, 40));
    screen.wait_text("gt › ");
    screen.send("H");
    screen.wait_text("unslung");
    // To the history, and there to the newest snapshot.
    screen.send("\tj");
    screen.wait("what would be taken back", |text| text.contains("since snapshot") && text.contains("+ broken"));
    screen.send("R");
    screen.wait("the question", |text| text.contains("Roll shop/polecats/") && text.contains("in 2 files"));
    screen.send("y");
    screen.wait_text("u takes it back");
    assert!(work.price().contains("cents + 1") && !work.worktree.join("junk").exists());
    screen.send("u");
    wait_for("it to be as it was", || {
        (work.price() == "broken\n" && work.worktree.join("junk").exists()).then_some(())
    });
    screen.wait("the note of it", |text| text.contains("again"));
    screen.send("r");
    screen.wait_text("is well");
    screen.send("d");
    screen.wait_text("Put the hook of");
    screen.send("y");
    screen.wait_text("is put away");
    assert!(!work.worktree.exists());
    screen.send("u");
    screen.wait("it to be back", |text| text.contains("is back, on"));
    assert_eq!(work.price(), "broken\n", "with what was not committed");
    screen.send("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn the_queue_is_steered_and_its_gate_watched_live() {
    let place = Place::new(&["shop"]);
    let open = place.sandbox.path("open");
    place.gate("shop", &format!("echo gate runs now; until [ -e {} ]; do sleep 0.05; done", open.display()));
    place.set("shop/settings/config.json", &[("merge_queue.strategy", serde_json::json!("hold"))]);
    let beads: Vec<String> = ["alpha", "beta"].iter().map(|name| place.easy("shop", name)).collect();
    let order = || -> Vec<String> {
        let rows = place.gt(["mq", "list", "--json"]).ok().json();
        let rows = rows.as_array().unwrap();
        rows.iter()
            .filter(|row| row["status"] == "held")
            .map(|row| row["source_issue"].as_str().unwrap().to_owned())
            .collect()
    };
    for bead in &beads {
        place.gt(["sling", bead]).ok();
        wait_for("it is held", || order().contains(bead).then_some(()));
    }
    fs::write(place.root.join(".runtime/cockpit.json"), "{\"welcomed\": true}").unwrap();
    let mut screen = Screen::start(&place.sandbox, &place.root, (120, 40), GT, &["cockpit"], &[]);
    screen.wait_text("gt › ");
    screen.send("Q");
    screen.wait("both requests", |text| text.matches("needs approval").count() >= 2);
    let before = order();
    screen.send("jK");
    screen.wait_text("comes one earlier");
    assert_eq!(order(), [before[1].clone(), before[0].clone()]);
    screen.send("u");
    screen.wait_text("comes one later");
    assert_eq!(order(), before);
    // Both at once, there and back.
    screen.send("Va");
    screen.wait_text("Approve 2 merge requests?");
    screen.send("ygg");
    screen.wait("its gate to run", |text| text.contains("gate runs now") && text.contains("live"));
    screen.send("Vc");
    screen.wait_text("2 stopped");
    let held = |screen: &Screen, count: usize| {
        wait_for("they are held", || (order().len() == count).then_some(()));
        // What an action can be done with is what the screen shows.
        screen.wait("the screen to say so", |text| text.contains(&format!("▲ {count} to approve")));
    };
    held(&screen, 2);
    screen.send("gga");
    held(&screen, 1);
    screen.wait("the gate's words as they come", |text| text.contains("gate runs now") && text.contains("live"));
    screen.send("c");
    held(&screen, 2);
    fs::write(&open, "").unwrap();
    screen.send("a");
    held(&screen, 1);
    place.wait_closed(&before[..1]);
    screen.wait("it to be gone from the queue", |text| !text.contains(&before[0]));
    // From the queue to what the other one changes.
    screen.send("gg\r");
    screen.wait("its changes", |text| text.contains("› hooks") && text.contains(".txt"));
    screen.send("q");
    assert_eq!(screen.end(), 0);
}

/// Fills its screen, says how wide it is, tells when that changes, and repeats what it is told.
const TILE: &str = r#"
trap 'echo "sized $(stty size)"' WINCH
echo "$NAME begins at $(stty size)"
printf '\033]8;;https://example.org/doc\033\\documentation\033]8;;\033\\ 🙂 漢字 e\314\201\n'
while :; do read line && echo "$NAME heard $line"; done
"#;

#[test]
fn interaction_22_tiles_show_many_agents_and_only_the_one_typed_into_is_sized() {
    let place = Place::new(&["shop"]);
    for name in ["one", "two", "three"] {
        let script = place.sandbox.path(&format!("{name}.sh"));
        fs::write(&script, TILE.replace("$NAME", name)).unwrap();
        let command = serde_json::json!(format!("/bin/sh {}", script.display()));
        place.set("settings/config.json", &[(format!("agents.{name}").as_str(), command)]);
        let bead = place.bead("shop", &format!("Do {name}"), "true", &[]);
        place.gt(["sling", &bead, "shop", "--agent", name]).ok();
    }
    fs::write(place.root.join(".runtime/cockpit.json"), "{\"welcomed\": true}").unwrap();
    let mut screen = Screen::start(&place.sandbox, &place.root, (150, 48), GT, &["cockpit"], &[]);
    screen.wait_text("gt › ");
    screen.send("A");
    let begins = |text: &str, name: &str| text.contains(&format!("{name} begins at"));
    let text = screen.wait("three terminals", |text| ["one", "two", "three"].iter().all(|name| begins(text, name)));
    assert!(text.contains("🙂 漢字"), "{text}");
    assert!(!text.contains("sized "), "nobody was resized by being looked at: {text}");
    // One after the other, by its number, and typed into: it gets the size it has there, once.
    screen.send("1\r");
    screen.wait_text("typing · ctrl-] leaves");
    screen.wait_text("sized 45 150");
    screen.send("hello\r");
    screen.wait_text("heard hello");
    for width in (100..140).step_by(4) {
        screen.resize(width, 40);
    }
    screen.resize(150, 40);
    screen.wait_text("sized 37 150");
    screen.send("\x1d");
    screen.wait("the tiles again", |text| begins(text, "two") || begins(text, "three"));
    // Two at a time, and the next page.
    screen.send("ww");
    screen.wait_text("1 to 2 of 3");
    screen.send("\x1b[6~");
    screen.wait_text("agents › 3 of 3");
    screen.send("Stwo of them\r");
    screen.wait_text("Kept 1 tiles as");
    screen.send("q");
    assert_eq!(screen.end(), 0);
}
