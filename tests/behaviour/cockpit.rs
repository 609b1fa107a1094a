//! The cockpit in a real terminal: it shows what agents do, passes keys on, and leaving it in any way leaves them alone.

use std::path::Path;

use serde_json::Value;

use crate::screen::Screen;
use crate::support::{GT, wait_for};
use crate::town::Place;

/// What the agent of these tests does: asks for a line, answers it, and stays.
const ASKER: &str = "printf '\\033[38;2;1;200;3mname 漢字 please\\033[0m\\n'
while read line; do echo \"hello $line\"; done
";

/// A town in which one such agent runs.
fn place() -> Place {
    let place = Place::new(&["shop"]);
    let script = place.sandbox.path("asker.sh");
    std::fs::write(&script, ASKER).unwrap();
    place.set("settings/config.json", &[("agents.asker", serde_json::json!(format!("/bin/sh {}", script.display())))]);
    let bead = place.bead("shop", "Ask for a name", "true", &[]);
    place.gt(["sling", &bead, "shop", "--agent", "asker"]).ok();
    place
}

fn open(place: &Place, args: &[&str], env: &[(&str, &str)]) -> Screen {
    let memory = place.root.join(".runtime/cockpit.json");
    if !memory.exists() {
        std::fs::write(memory, "{\"welcomed\": true}").unwrap();
    }
    Screen::start(&place.sandbox, &place.root, (120, 40), GT, args, env)
}

fn agents(place: &Place) -> Vec<Value> {
    place.gt(["agents", "--json"]).ok().json().as_array().unwrap().clone()
}

fn pid(place: &Place) -> i64 {
    agents(place)[0]["pid"].as_i64().unwrap_or_else(|| panic!("no agent runs: {:?}", agents(place)))
}

fn alive(pid: i64) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn an_agent_is_seen_typed_into_and_left_running() {
    let place = place();
    let mut screen = open(&place, &[], &[]);
    screen.wait_text("name 漢字 please");
    let text = screen.wait_text("Ask for a name");
    assert!(text.contains("gt › town") && text.contains("1 working"), "{text}");
    screen.send("\r");
    screen.wait_text("ctrl-] leaves");
    // Every key reaches the agent, those that mean something to the cockpit too.
    screen.send("q?s:/\x7f\x7f\x7f\x7f\x7fworld\r");
    screen.wait_text("hello world");
    screen.send("\x1b[200~pasted words\x1b[201~\r");
    screen.wait_text("hello pasted words");
    screen.send("\x1d");
    screen.wait_text("? all");
    let agent = pid(&place);
    screen.send("q");
    assert_eq!(screen.end(), 0);
    wait_for("the terminal to be given back", || (!screen.taken_over()).then_some(()));
    assert!(alive(agent), "the agent lives on");
    assert_eq!(pid(&place), agent);
    let mut again = open(&place, &["cockpit", "--theme", "light"], &[]);
    again.wait_text("hello world");
    again.send("q");
    assert_eq!(again.end(), 0);
}

#[test]
fn ended_by_signals_it_gives_the_terminal_back_and_agents_live_on() {
    let place = place();
    let agent = wait_for("the agent to run", || agents(&place).first().and_then(|agent| agent["pid"].as_i64()));
    let mut screen = open(&place, &["cockpit"], &[]);
    screen.wait_text("name 漢字 please");
    let cockpit = screen.child.process_id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &cockpit]).status().unwrap().success());
    assert_eq!(screen.end(), 0);
    wait_for("the terminal to be given back", || (!screen.taken_over()).then_some(()));
    let mut screen = open(&place, &["cockpit"], &[]);
    screen.wait_text("name 漢字 please");
    screen.send("\r");
    screen.wait_text("ctrl-] leaves");
    screen.child.kill().unwrap();
    screen.child.wait().unwrap();
    assert!(alive(agent), "kill -9 of the cockpit leaves agents alone");
    let mut screen = open(&place, &["cockpit"], &[]);
    screen.wait_text("name 漢字 please");
    screen.send("q");
    screen.end();
    assert!(alive(agent));
}

#[test]
fn nothing_is_drawn_while_nothing_changes() {
    let place = place();
    let stats = place.sandbox.path("stats.json");
    let mut screen = open(&place, &["cockpit"], &[("GT_COCKPIT_STATS", stats.to_str().unwrap())]);
    screen.wait_text("name 漢字 please");
    let frames = || -> u64 {
        let Ok(text) = std::fs::read_to_string(&stats) else { return 0 };
        let value: Value = serde_json::from_str(&text).unwrap();
        // Ages grow by themselves; everything else must stand still.
        value["frames"].as_u64().unwrap() - value["causes"]["age"].as_u64().unwrap_or(0)
    };
    // The town settles (daemon's start, first states), then three looks at agents and thirty at the ledger change nothing.
    let quiet = wait_for("five quiet seconds", || {
        let before = frames();
        std::thread::sleep(std::time::Duration::from_secs(5));
        (frames() == before).then_some(before)
    });
    // A change is drawn, so the counter counts.
    screen.send("j");
    screen.send("?");
    screen.wait_text("all keys");
    wait_for("the frame to be counted", || (frames() > quiet).then_some(()));
    screen.send("\x1b");
    screen.wait("the help to close", |text| !text.contains("all keys"));
    screen.child.kill().unwrap();
    screen.child.wait().unwrap();
}

#[test]
fn beads_are_slung_from_the_dialog() {
    let place = Place::new(&["shop"]);
    let bead = place.bead("shop", "Write a file", "echo yes > file.txt\nsleep 600", &[]);
    let screen = open(&place, &["cockpit"], &[]);
    screen.wait_text("Press s to give beads to workers");
    screen.send("s");
    screen.wait_text("Write a file");
    screen.wait_text("a new worker in shop (script)");
    screen.send("\r");
    screen.wait("the worker", |text| text.contains("1 working"));
    let agents = agents(&place);
    assert_eq!(agents[0]["bead"], Value::String(bead));
}

/// An agent that asks three things one after the other, says what it was told, and asks a last one for good.
const QUESTIONS: &str = r#"
ask() { printf '\033]7501;state=blocked:kind=permission\033\\'; }
busy() { printf '\033]7501;state=working\033\\'; }
stty -echo -icanon
ask
printf 'May I publish?\n\n> 1. Yes\n  2. No\n'
key=$(dd bs=1 count=1 2>/dev/null)
busy; echo "key $key"; until [ -e "$1.first" ]; do sleep 0.1; done
stty echo icanon
ask
printf 'Delete it? [y/N] '
read answer; busy; echo "answer $answer"; until [ -e "$1.second" ]; do sleep 0.1; done
ask
printf 'What is it called?\n'
read name; busy; echo "name $name"
sleep 600
"#;

#[test]
fn interaction_31_questions_are_answered_from_the_list() {
    let place = Place::new(&["shop"]);
    let script = place.sandbox.path("questions.sh");
    std::fs::write(&script, QUESTIONS).unwrap();
    let command = format!("/bin/sh {} {}", script.display(), place.sandbox.path("asked").display());
    place.set("settings/config.json", &[("agents.asker", serde_json::json!(command))]);
    let bead = place.bead("shop", "Publish the package", "true", &[]);
    place.gt(["sling", &bead, "shop", "--agent", "asker"]).ok();
    let mut screen = open(&place, &["cockpit"], &[]);
    screen.wait_text("a answer");
    screen.send("a");
    screen.wait_text("asks");
    screen.wait("the choices", |text| text.contains("1  Yes") && text.contains("2  No"));
    screen.send("2");
    screen.wait_text("key 2");
    screen.wait_text("1 working");
    std::fs::write(place.sandbox.path("asked.first"), "").unwrap();
    screen.wait_text("Delete it? [y/N]");
    screen.wait_text("a answer");
    screen.send("a");
    screen.wait("yes or no", |text| text.contains("y  Yes") && text.contains("n  No"));
    screen.send("y");
    screen.wait_text("answer y");
    screen.wait_text("1 working");
    std::fs::write(place.sandbox.path("asked.second"), "").unwrap();
    screen.wait_text("What is it called?");
    screen.wait_text("a answer");
    screen.send("a");
    screen.wait_text("answer ›");
    screen.send("blue house\r");
    screen.wait_text("name blue house");
    screen.wait_text("has your answer");
    screen.send("L");
    screen.wait_text("done from here");
    screen.send("\x1b");
    screen.wait("the journal to close", |text| !text.contains("done from here"));
    screen.send("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn interaction_29_a_sling_is_taken_back() {
    let place = Place::new(&["shop"]);
    let bead = place.bead("shop", "Write a file", "sleep 600", &[]);
    let mut screen = open(&place, &["cockpit"], &[]);
    screen.wait_text("Press s to give beads to workers");
    screen.send("s");
    screen.wait_text("a new worker in shop (script)");
    screen.send("\r");
    screen.wait_text("u takes it back");
    screen.send("u");
    screen.wait_text("is open again");
    assert_eq!(place.show(&bead).status.as_str(), "open");
    screen.send("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn beads_are_made_read_and_closed_in_place() {
    let place = Place::new(&["shop"]);
    let mut screen = open(&place, &["cockpit"], &[]);
    screen.wait_text("No agents yet");
    screen.send("B");
    screen.wait_text("No bead yet");
    screen.send("c");
    screen.wait_text("a new bead in shop");
    screen.send("Paint the door\tBlue, please.\x13");
    screen.wait_text("is made");
    screen.wait("the bead in full", |text| text.contains("Blue, please.") && text.contains("history"));
    let id = place.desk().ledger.list(&gastown::ledger::Filter::default()).unwrap()[0].id.clone();
    screen.send("+");
    screen.wait_text("remark on");
    screen.send("Two coats\r");
    screen.wait("the remark", |text| text.contains("Two coats") && !text.contains("remark on sh"));
    assert_eq!(place.show(&id).comments[0].text, "Two coats");
    screen.send("x");
    screen.wait_text("It counts as done");
    screen.send("y");
    screen.wait_text("is closed");
    assert_eq!(place.show(&id).status.as_str(), "closed");
    screen.send("u");
    screen.wait_text("is open again");
    // Several at once, and back.
    let other = place.bead("shop", "Paint the fence", "true", &[]);
    screen.wait_text("Paint the fence");
    screen.send("V");
    screen.wait_text("2 marked");
    screen.send("x");
    screen.wait_text("Close 2 beads?");
    screen.send("y");
    screen.wait_text("2 closed");
    assert!([&id, &other].into_iter().all(|id| place.is_closed(id)));
    screen.send("u");
    screen.wait_text("2 open again");
    assert!(![&id, &other].into_iter().any(|id| place.is_closed(id)));
    screen.send("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn interaction_25_an_agents_scrollback_is_read_and_searched() {
    let place = Place::new(&["shop"]);
    let script = place.sandbox.path("writer.sh");
    std::fs::write(&script, "seq -f 'number %g' 1 500; echo done; read line\n").unwrap();
    place.set("settings/config.json", &[("agents.writer", serde_json::json!(format!("/bin/sh {}", script.display())))]);
    let bead = place.bead("shop", "Write much", "true", &[]);
    place.gt(["sling", &bead, "shop", "--agent", "writer"]).ok();
    let mut screen = open(&place, &["cockpit"], &[]);
    screen.wait_text("number 500");
    screen.send("c");
    screen.wait_text("0 lines up");
    screen.send("gg");
    screen.wait("the first lines", |text| text.lines().any(|line| line.ends_with("number 1")));
    screen.send("G/number 77\r");
    screen.wait_text("number 77");
    screen.send("y");
    screen.wait_text("Copied 1 line");
    screen.send("q");
    screen.wait_text("number 500");
    screen.send("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn interaction_40_settings_take_effect_while_it_is_open() {
    let place = Place::new(&["shop"]);
    let file = place.root.join("settings/cockpit.toml");
    let mut screen = open(&place, &["cockpit"], &[]);
    screen.wait_text("No agents yet");
    std::fs::write(&file, "[keys]\nquit = \"Z\"\n").unwrap();
    screen.wait_text("was read again");
    std::fs::write(&file, "[keyz]\nquit = \"q\"\n").unwrap();
    screen.wait_text("did you mean keys");
    screen.send("q");
    screen.wait_text("q does nothing here");
    screen.send("Z");
    assert_eq!(screen.end(), 0);
}

#[test]
fn any_size_and_a_storm_of_sizes() {
    let place = place();
    let mut screen = open(&place, &["cockpit"], &[]);
    screen.wait_text("name 漢字 please");
    screen.send("\r");
    screen.wait_text("ctrl-] leaves");
    for (columns, rows) in [(20, 5), (1, 1), (300, 100), (61, 17), (80, 24), (200, 60)] {
        screen.resize(columns, rows);
    }
    screen.resize(40, 10);
    screen.wait_text("gt needs 60×16");
    screen.resize(80, 24);
    screen.wait_text("typing · ctrl-] leaves");
    screen.send("still here\r");
    screen.wait_text("hello still here");
    screen.send("\x1dq");
    assert_eq!(screen.end(), 0);
}

#[test]
fn alone_it_opens_in_a_town_and_helps_outside() {
    let place = Place::new(&[]);
    let mut outside = Screen::start(&place.sandbox, &place.sandbox.path("home"), (100, 30), GT, &[], &[]);
    outside.wait_text("gt demo");
    outside.wait_text("gt install");
    assert_eq!(outside.end(), 0);
    let mut inside = open(&place, &[], &[]);
    inside.wait_text("No repository yet");
    inside.send("q");
    assert_eq!(inside.end(), 0);
    let run = place.gt([]).code(2);
    assert!(run.stderr.contains("hint:"), "{run:?}");
    let run = place.gt(["cockpit"]).code(2);
    assert!(run.stderr.contains("needs a terminal"), "{run:?}");
}

#[test]
fn settings_are_checked_and_followed() {
    let place = place();
    let file = place.root.join("settings/cockpit.toml");
    std::fs::write(&file, "theme = \"ligth\"\n").unwrap();
    let run = place.gt(["cockpit", "--check"]).code(1);
    assert!(run.stderr.contains("line 1") && run.stderr.contains("did you mean light"), "{run:?}");
    // It opens all the same, and says so.
    let mut slip = open(&place, &["cockpit"], &[]);
    slip.wait("the slip and the town", |text| {
        text.contains("cockpit.toml: line 1") && text.contains("name 漢字 please")
    });
    slip.send("q");
    assert_eq!(slip.end(), 0);
    std::fs::write(&file, "them = \"light\"\n").unwrap();
    let run = place.gt(["cockpit", "--check"]).code(1);
    assert!(run.stderr.contains("line 1") && run.stderr.contains("did you mean theme"), "{run:?}");
    std::fs::write(&file, "theme = \"light\"\n[keys]\nquit = \"x\"\n").unwrap();
    let checked = place.gt(["cockpit", "--check", "--json"]).ok().json();
    assert_eq!(checked["theme"], "light");
    let mut screen = open(&place, &["cockpit", "--read-only"], &[]);
    screen.wait_text("read-only");
    screen.wait_text("name 漢字 please");
    screen.send("\r");
    screen.wait_text("This cockpit is read-only");
    screen.send("x");
    assert_eq!(screen.end(), 0);
}
