//! The cockpit on hard days: it breaks, is stopped and goes on, loses sessions and the ledger, and has agents of every kind before it.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::screen::Screen;
use crate::support::{GT, wait_for};
use crate::town::{Place, kill};

/// An agent that plays one part, named by its first argument.
const PLAYER: &str = r#"
tell() { printf '\033]7501;state=%s\033\\' "$1"; }
case "$1" in
working) tell working; echo "reading the tests"; exec sleep 600 ;;
idle) tell idle; echo "what now"; exec sleep 600 ;;
asking) tell blocked:kind=permission; printf 'Bash(make publish)\n\nDo you want to proceed?\n> 1. Yes\n  2. No\n'; exec sleep 600 ;;
crashed) tell working; echo "about to break"; until [ -e "$2" ]; do sleep 0.1; done; exit 7 ;;
flooding) tell working; while :; do seq -f 'line %g of a flood' 1 400; done ;;
esac
"#;

fn settings(place: &Place) -> PathBuf {
    place.root.join("settings/cockpit.toml")
}

fn player(place: &Place, parts: &[&str]) -> Vec<String> {
    let script = place.sandbox.path("player.sh");
    std::fs::write(&script, PLAYER).unwrap();
    let go = place.sandbox.path("crash");
    let agents: Vec<(String, Value)> = parts
        .iter()
        .map(|part| {
            let line = format!("/bin/sh {} {part} {}", script.display(), go.display());
            (format!("agents.{part}"), json!(line))
        })
        .collect();
    let agents: Vec<(&str, Value)> = agents.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    place.set("settings/config.json", &agents);
    let slung: Vec<String> = parts
        .iter()
        .map(|part| {
            let bead = place.bead("shop", &format!("The {part} one"), "true", &[]);
            place.gt(["sling", &bead, "shop", "--agent", part]).ok();
            bead
        })
        .collect();
    slung
}

fn open(place: &Place, size: (u16, u16), args: &[&str], env: &[(&str, &str)]) -> Screen {
    let memory = place.root.join(".runtime/cockpit.json");
    if !memory.exists() {
        std::fs::write(memory, "{\"welcomed\": true}").unwrap();
    }
    Screen::start(&place.sandbox, &place.root, size, GT, args, env)
}

fn agent(place: &Place, part: &str) -> Value {
    let title = format!("The {part} one");
    place.agents().into_iter().find(|agent| agent["title"] == title.as_str()).unwrap_or_else(|| panic!("no {part}"))
}

#[test]
fn agents_of_every_kind_are_told_apart_and_keys_work_beside_a_flood() {
    let place = Place::new(&["shop"]);
    player(&place, &["working", "idle", "asking", "crashed", "flooding"]);
    // Whoever dies is started anew by the daemon; here its death is to be seen.
    place.gt(["daemon", "stop"]).ok();
    let mut screen = open(&place, (120, 40), &["cockpit"], &[]);
    // What the one that asks wants is in the list itself, without opening it.
    let text =
        screen.wait("the question in the list", |text| text.contains("Bash(make publish)") && text.contains("▲ 1"));
    assert!(text.contains("● 3") && text.contains("○ 1"), "{text}");
    std::fs::write(place.sandbox.path("crash"), "").unwrap();
    screen.wait("the one that broke", |text| text.contains("✗ 1") && text.contains("● 2"));
    // n goes through those that need a person: the one that asks, then the dead one, and round.
    screen.send("n");
    screen.wait("the dead one", |text| text.lines().nth(1).is_some_and(|line| line.contains("✗ dead")));
    screen.send("n");
    screen.wait("the one that asks", |text| text.contains("1. Yes") && text.contains("▲ needs you"));
    // Beside the flood every key is answered.
    screen.send("G");
    screen.wait("the flood in sight", |text| text.contains("of a flood") || text.contains("reading the tests"));
    for _ in 0..5 {
        screen.send("?");
        screen.wait_text("all keys");
        screen.send("\x1b");
        screen.wait("the help to close", |text| !text.contains("all keys"));
    }
    screen.send("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn when_it_breaks_the_terminal_is_given_back_and_the_report_is_named() {
    let place = Place::new(&["shop"]);
    player(&place, &["working"]);
    let mut screen = open(&place, (120, 40), &["cockpit"], &[("GT_COCKPIT_BREAK", "draw")]);
    assert_ne!(screen.end(), 0);
    wait_for("the terminal to be given back", || (!screen.taken_over()).then_some(()));
    screen.wait("where the report is", |text| text.replace('\n', "").contains("logs/cockpit.log"));
    assert!(screen.cursor().is_some(), "the cursor is shown again");
    let report = std::fs::read_to_string(place.root.join(".runtime/logs/cockpit.log")).unwrap();
    assert!(report.contains("asked to break"), "{report}");
    let pid = agent(&place, "working")["pid"].as_i64().unwrap();
    assert!(PathBuf::from(format!("/proc/{pid}")).exists(), "the agent lives on");
    let mut again = open(&place, (120, 40), &["cockpit"], &[]);
    again.wait_text("The working one");
    again.send("q");
    assert_eq!(again.end(), 0);
}

#[test]
fn stopped_by_the_shell_it_gives_the_terminal_back_and_goes_on_where_it_was() {
    let place = Place::new(&["shop"]);
    player(&place, &["working"]);
    std::fs::write(place.root.join(".runtime/cockpit.json"), "{\"welcomed\": true}").unwrap();
    // A shell with job control, as a person has.
    let script = format!("set -m; {GT} cockpit; echo the shell has it; read line; fg; echo all over");
    let mut screen = Screen::start(&place.sandbox, &place.root, (120, 40), "bash", &["-c", &script], &[]);
    screen.wait_text("The working one");
    screen.send("C");
    screen.wait_text("› convoys");
    screen.send("\x1a");
    screen.wait_text("the shell has it");
    assert!(!screen.taken_over(), "{}", screen.text());
    // The terminal changed its size meanwhile.
    screen.resize(100, 30);
    screen.send("\r");
    let text = screen.wait("it to come back", |text| text.contains("› convoys"));
    assert!(screen.taken_over() && text.lines().count() == 30, "{text}");
    screen.send("q");
    screen.wait_text("all over");
    screen.end();
}

#[test]
fn a_lost_session_gives_the_keys_back() {
    let place = Place::new(&["shop"]);
    player(&place, &["working"]);
    let mut screen = open(&place, (120, 40), &["cockpit"], &[]);
    screen.wait_text("reading the tests");
    screen.send("\r");
    screen.wait_text("ctrl-] leaves");
    // Without the daemon nobody brings the host back.
    place.gt(["daemon", "stop"]).ok();
    let session = agent(&place, "working")["session"].as_str().unwrap().to_owned();
    let record = place.root.join(".runtime/sessions").join(&session).join("session.json");
    let record: Value = serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
    kill(i32::try_from(record["host_pid"].as_i64().unwrap()).unwrap(), "-KILL");
    screen.wait("the keys to come back", |text| text.contains("? all") && !text.contains("ctrl-] leaves"));
    screen.send("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn a_broken_ledger_is_told_left_alone_and_read_again_when_mended() {
    let place = Place::new(&["shop"]);
    place.bead("shop", "Made before the storm", "true", &[]);
    place.gt(["daemon", "stop"]);
    let runtime = place.root.join(".runtime");
    let files = ["ledger.db", "ledger.db-wal", "ledger.db-shm"];
    let aside = place.root.join("aside");
    std::fs::create_dir(&aside).unwrap();
    for name in files.iter().filter(|name| runtime.join(name).exists()) {
        std::fs::rename(runtime.join(name), aside.join(name)).unwrap();
    }
    let rubbish = vec![0xa5u8; 65536];
    std::fs::write(runtime.join("ledger.db"), &rubbish).unwrap();
    let mut screen = open(&place, (120, 40), &["cockpit"], &[]);
    // Whatever the lines are broken at, one word of the hint stays whole.
    screen.wait_text("rebuilt");
    screen.send("?");
    screen.wait_text("all keys");
    screen.send("\x1b");
    // What follows an escape at once is read as a key with Alt.
    screen.wait("the help to close", |text| !text.contains("all keys"));
    assert_eq!(std::fs::read(runtime.join("ledger.db")).unwrap(), rubbish, "nobody writes into what can't be read");
    for name in files.iter().filter(|name| aside.join(name).exists()) {
        std::fs::rename(aside.join(name), runtime.join(name)).unwrap();
    }
    screen.send("B");
    screen.wait_text("Made before the storm");
    screen.send("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn interaction_39_killed_it_comes_back_with_the_same_layout() {
    let place = Place::new(&["shop"]);
    player(&place, &["working"]);
    let pid = agent(&place, "working")["pid"].as_i64().unwrap();
    let mut screen = open(&place, (120, 40), &["cockpit"], &[]);
    screen.wait_text("by attention");
    screen.send("o>>>");
    let before = screen.wait_text("by rig");
    let memory = place.root.join(".runtime/cockpit.json");
    wait_for("the layout to be kept", || {
        let kept: Value = serde_json::from_slice(&std::fs::read(&memory).ok()?).ok()?;
        (kept["wider"] == 12 && kept["sort"] == "rig").then_some(())
    });
    let rule = |text: &str| text.lines().nth(1).unwrap().find(['┬', '┐', '┌']).unwrap_or(0);
    let before = rule(&before);
    screen.child.kill().unwrap();
    screen.child.wait().unwrap();
    assert!(PathBuf::from(format!("/proc/{pid}")).exists(), "the agent lives on");
    let mut again = open(&place, (120, 40), &["cockpit"], &[]);
    let text = again.wait("the same order", |text| text.contains("by rig") && text.contains("reading the tests"));
    assert!(rule(&text) >= before, "{text}");
    again.send("q");
    assert_eq!(again.end(), 0);
}

#[test]
fn interaction_40_settings_are_changed_in_place_and_taken_back() {
    let place = Place::new(&["shop"]);
    std::fs::write(settings(&place), "# mine\n[keys]\nquit = \"Z\" # as in vim\n").unwrap();
    let mut screen = open(&place, (120, 40), &["cockpit"], &[]);
    screen.wait_text("No agents yet");
    let dark = screen.cell(5, 5).bg;
    screen.send(",");
    screen.wait("every part", |text| text.contains("agents  the programs") && text.contains("default_agent"));
    screen.send("\rlight\r");
    screen.wait_text("theme is light now");
    let text = wait_for("the file to say so", || {
        std::fs::read_to_string(settings(&place)).ok().filter(|text| text.contains("theme = \"light\""))
    });
    assert!(text.contains("# mine") && text.contains("quit = \"Z\" # as in vim"), "{text}");
    wait_for("the new colours", || (screen.cell(5, 5).bg != dark).then_some(()));
    // A budget of the town, written where it stands; what makes no sense is refused.
    screen.send("/max_agents\r\r");
    screen.wait_text("╭─ max_agents");
    screen.send("\x15lots\r");
    screen.wait_text("is not a whole number");
    screen.send("\r");
    screen.wait_text("╭─ max_agents");
    screen.send("\x153\r");
    screen.wait_text("max_agents is 3 now");
    let value = || place.gt(["config", "get", "max_agents", "--json"]).ok().json()["value"].clone();
    assert_eq!(value(), json!(3));
    screen.send("u");
    screen.wait_text("max_agents is 8 now");
    assert_eq!(value(), json!(8));
    screen.send("Z");
    assert_eq!(screen.end(), 0);
}

#[test]
fn settings_are_changed_by_command_as_well() {
    let place = Place::new(&[]);
    let run = place.gt(["cockpit", "--set", "theme", "light"]).ok();
    assert!(run.stdout.contains("theme is light"), "{run:?}");
    place.gt(["cockpit", "--set", "layout.lists", "40"]).ok();
    place.gt(["cockpit", "--set", "keys.sling", "x, ctrl-s"]).ok();
    let text = std::fs::read_to_string(settings(&place)).unwrap();
    assert!(text.contains("theme = \"light\"") && text.contains("lists = 40"), "{text}");
    assert!(text.contains("sling = [\"x\", \"ctrl-s\"]"), "{text}");
    let run = place.gt(["cockpit", "--set", "keys.zoom", "m"]).code(1);
    assert!(run.stderr.contains("m is already a key of message") && run.stderr.contains("hint:"), "{run:?}");
    assert_eq!(std::fs::read_to_string(settings(&place)).unwrap(), text, "what is refused changes nothing");
    place.gt(["cockpit", "--unset", "theme"]).ok();
    assert_eq!(place.gt(["cockpit", "--check", "--json"]).ok().json()["theme"], "dark");
    let schema = place.gt(["cockpit", "--schema"]).ok().json();
    assert_eq!(schema["properties"]["theme"]["enum"][1], "light");
}

#[test]
fn the_event_log_is_searched_and_mail_is_written() {
    let place = Place::new(&["shop"]);
    place.bead("shop", "Paint the door", "true", &[]);
    place.bead("shop", "Mend the roof", "true", &[]);
    let mut screen = open(&place, (120, 40), &["cockpit"], &[]);
    screen.wait_text("No agents yet");
    screen.send("F");
    screen.wait("both beads", |text| text.contains("Paint the door") && text.contains("Mend the roof"));
    screen.send("/roof\r");
    screen.wait("only one", |text| text.contains("with \"roof\"") && !text.contains("Paint the door"));
    screen.send("\r");
    screen.wait("the bead itself", |text| text.contains("› beads") && text.contains("Mend the roof"));
    screen.send("Mc");
    screen.wait_text("a message");
    screen.send("mayor/\rThe roof\rIt leaks.\x13");
    screen.wait_text("Sent to mayor/");
    let inbox = place.gt(["mail", "inbox", "mayor/", "--json"]).ok().json();
    let messages = inbox.as_array().or_else(|| inbox["messages"].as_array()).unwrap();
    assert!(messages.iter().any(|message| message["subject"] == "The roof"), "{inbox}");
    for subject in ["Tiles", "Gutters"] {
        place.gt(["mail", "send", "overseer", "-s", subject, "-m", "All done"]).ok();
    }
    screen.wait("both messages", |text| text.contains("Tiles") && text.contains("2 unread of 2"));
    screen.send("V");
    screen.wait("marks and what they are for", |text| text.contains("2 marked") && text.contains("d put away"));
    screen.send("d");
    screen.wait("an empty inbox", |text| text.contains("2 put away") && text.contains("No mail."));
    screen.send("u");
    screen.wait("both messages again", |text| text.contains("Tiles") && text.contains("2 unread of 2"));
    screen.send("\r");
    screen.wait_text("1 unread of 2");
    screen.send("u");
    screen.wait_text("2 unread of 2");
    screen.send("L");
    screen.wait_text("Put 2 messages away");
    // An escape and what is typed at once after it would be one key with Alt.
    screen.send("\x03");
    screen.wait("the journal to be closed", |text| !text.contains("Put 2 messages away"));
    // What is asked for right before leaving is done all the same.
    screen.send("Vdq");
    assert_eq!(screen.end(), 0);
    let inbox = place.gt(["mail", "inbox", "overseer", "--json"]).ok().json();
    assert!(!inbox.to_string().contains("Gutters"), "{inbox}");
}
