//! An agent's terminal inside the cockpit's: what is typed, pasted, clicked and scrolled reaches it, what it shows, rings and links to is
//! seen, and what it leaves behind stays to be read.

use std::fs;
use std::path::PathBuf;

use alacritty_terminal::term::cell::Flags;
use serde_json::json;

use crate::screen::Screen;
use crate::support::{GT, wait_for};
use crate::town::Place;

/// A town with one agent that runs `script`.
fn town(script: &str) -> Place {
    let place = Place::new(&["shop"]);
    let path = place.sandbox.path("agent.sh");
    fs::write(&path, script.replace("$HERE", place.sandbox.path("").to_str().unwrap())).unwrap();
    place.set("settings/config.json", &[("agents.agent", json!(format!("/bin/sh {}", path.display())))]);
    let bead = place.bead("shop", "The one at hand", "true", &[]);
    place.gt(["sling", &bead, "shop", "--agent", "agent"]).ok();
    fs::write(place.root.join(".runtime/cockpit.json"), "{\"welcomed\": true}").unwrap();
    place
}

fn open(place: &Place, args: &[&str], env: &[(&str, &str)]) -> Screen {
    let args: Vec<&str> = std::iter::once("cockpit").chain(args.iter().copied()).collect();
    Screen::start(&place.sandbox, &place.root, (120, 40), GT, &args, env)
}

/// Column and row of `words`, from 0.
fn find(screen: &Screen, words: &str) -> (usize, usize) {
    let text = screen.wait_text(words);
    let (row, line) = text.lines().enumerate().find(|(_, line)| line.contains(words)).unwrap();
    let before = &line[..line.find(words).unwrap()];
    (width(before), row)
}

fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// What a mouse sends.
fn mouse(button: u8, (column, row): (usize, usize), end: char) -> String {
    format!("\x1b[<{button};{};{}{end}", column + 1, row + 1)
}

/// Takes pastes, focus and mouse and the unambiguous form of keys, and writes down all it gets, byte by byte.
const LISTENER: &str = r#"
stty raw -echo
printf '\033[?2004h\033[?1004h\033[?1000h\033[?1006h\033[>1u\033[5;10Hlistening'
exec cat > "$HERE/heard"
"#;

#[test]
fn interaction_24_keys_pastes_focus_and_mouse_arrive_as_they_were_sent() {
    let place = town(LISTENER);
    let mut screen = open(&place, &[], &[]);
    let spot = find(&screen, "listening");
    screen.send("\r");
    screen.wait_text("ctrl-] leaves");
    let heard = place.sandbox.path("heard");
    let take = |what: &str, sent: &str, expected: &str| {
        let before = fs::read(&heard).unwrap_or_default().len();
        screen.send(sent);
        let got = wait_for(&format!("{what} to arrive"), || {
            let bytes = fs::read(&heard).unwrap_or_default();
            (bytes.len() >= before + expected.len()).then(|| String::from_utf8_lossy(&bytes[before..]).into_owned())
        });
        assert_eq!(got, expected, "{what}");
    };
    // The terminal got the focus when it was entered.
    wait_for("the focus", || fs::read(&heard).ok().filter(|bytes| bytes.ends_with(b"\x1b[I")));
    for (what, sent, expected) in [
        ("shift-enter", "\x1b[13;2u", "\x1b[13;2u"),
        ("alt-enter", "\x1b[13;3u", "\x1b[13;3u"),
        ("ctrl-v, with which an image is pasted", "\x1b[118;5u", "\x1b[118;5u"),
        ("escape", "\x1b[27u", "\x1b[27u"),
        ("enter", "\r", "\r"),
        ("tab", "\t", "\t"),
        ("shift-tab", "\x1b[9;2u", "\x1b[9;2u"),
        ("F1, which has another form among unambiguous keys", "\x1bOP", "\x1b[P"),
        ("F5", "\x1b[15~", "\x1b[15~"),
        ("F12", "\x1b[24~", "\x1b[24~"),
        ("ctrl-left", "\x1b[1;5D", "\x1b[1;5D"),
        ("delete", "\x1b[3~", "\x1b[3~"),
        ("letters", "q?:漢é", "q?:漢é"),
        ("a paste", "\x1b[200~one\ntwo\x1b[201~", "\x1b[200~one\ntwo\x1b[201~"),
        ("the loss of the focus", "\x1b[O", "\x1b[O"),
        ("the focus", "\x1b[I", "\x1b[I"),
    ] {
        take(what, sent, expected);
    }
    let spot = {
        // The lists made room when it was entered.
        let now = find(&screen, "listening");
        assert!(now.0 > 0 && spot.1 > 0);
        now
    };
    take("a click", &mouse(0, spot, 'M'), "\x1b[<0;10;5M");
    take("its end", &mouse(0, spot, 'm'), "\x1b[<0;10;5m");
    take("the wheel", &mouse(64, spot, 'M'), "\x1b[<64;10;5M");
    take("the right button", &mouse(2, (spot.0 + 3, spot.1), 'M'), "\x1b[<2;13;5M");
    screen.send("\x1d");
    screen.wait_text("? all");
    wait_for("the loss of the focus", || fs::read(&heard).ok().filter(|bytes| bytes.ends_with(b"\x1b[O")));
    screen.send("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn what_is_typed_at_once_after_choosing_an_agent_reaches_it() {
    let place = town("echo one begins; while read -r line; do echo \"one heard $line\"; done");
    let script = place.sandbox.path("two.sh");
    fs::write(&script, "echo two begins; while read -r line; do echo \"two heard $line\"; done").unwrap();
    place.set("settings/config.json", &[("agents.two", json!(format!("/bin/sh {}", script.display())))]);
    let bead = place.bead("shop", "The other", "true", &[]);
    place.gt(["sling", &bead, "shop", "--agent", "two"]).ok();
    let mut screen = open(&place, &[], &[]);
    screen.wait("both", |text| text.contains("The one at hand") && text.contains("The other"));
    for round in 0..6 {
        // The terminal is only being connected to when the first letters come.
        for key in ["gg", "G"] {
            screen.send(format!("{key}\rword {round}\r"));
            screen.wait_text(&format!("heard word {round}"));
            screen.send("\x1d");
            screen.wait_text("? all");
        }
    }
    screen.send("q");
    assert_eq!(screen.end(), 0);
}

/// A program on the alternate screen that does not ask for the mouse: what it gets of the wheel are arrow keys.
const PAGER: &str = r#"
stty raw -echo
printf '\033[?1049h\033[Ha page of many'
exec cat > "$HERE/heard"
"#;

#[test]
fn interaction_25_the_wheel_turns_the_pages_of_a_program_on_the_alternate_screen() {
    let place = town(PAGER);
    let mut screen = open(&place, &[], &[]);
    screen.wait_text("a page of many");
    screen.send("\r");
    screen.wait_text("ctrl-] leaves");
    let spot = find(&screen, "a page of many");
    screen.send(mouse(65, spot, 'M'));
    let heard = place.sandbox.path("heard");
    let keys = wait_for("arrows", || fs::read_to_string(&heard).ok().filter(|text| text.len() >= 3));
    assert!(keys.starts_with("\x1b[B") || keys.starts_with("\x1bOB"), "{keys:?}");
    screen.send("\x1dq");
    assert_eq!(screen.end(), 0);
}

/// Writes five hundred lines, then rings, tells and copies when it is told to.
const WRITER: &str = r#"
seq -f 'number %g of many' 1 500
printf 'see \033]8;;https://example.org/doc\033\\the manual\033]8;;\033\\ and src/price.rs:3 here\n'
while read -r line; do
    case "$line" in
    ring) printf '\007' ;;
    tell) printf '\033]9;the build is green\033\\' ;;
    tell777) printf '\033]777;notify;tests;all green\033\\' ;;
    copy) printf '\033]52;c;aGVsbG8=\033\\' ;;
    esac
    echo "done $line"
done
"#;

#[test]
fn interaction_26_what_is_selected_goes_to_the_clipboard_of_the_persons_terminal() {
    let place = town(WRITER);
    let mut screen = open(&place, &[], &[]);
    screen.wait_text("number 500 of many");
    // The wheel over the terminal looks back; by the mouse a word is selected, which copies it.
    let spot = find(&screen, "number 480 of many");
    screen.send(mouse(64, spot, 'M'));
    screen.wait_text("3 lines up");
    let (column, row) = find(&screen, "number 480 of many");
    screen.send(mouse(0, (column, row), 'M'));
    screen.send(mouse(32, (column + 9, row), 'M'));
    screen.send(mouse(0, (column + 9, row), 'm'));
    screen.wait_text("Copied 1 line");
    wait_for("the clipboard", || (screen.copied() == ["number 480"]).then_some(()));
    // By the keyboard: searched, a whole line, two lines.
    screen.send("/of many\r");
    screen.send("/number 77 \r");
    screen.wait_text("number 77 of many");
    screen.send("y");
    wait_for("the line", || (screen.copied().last().is_some_and(|text| text == "number 77 of many")).then_some(()));
    screen.send("vjy");
    let two = "number 77 of many\nn";
    wait_for("two lines", || (screen.copied().last().is_some_and(|text| text == two)).then_some(()));
    screen.send("q");
    screen.wait("the end again", |text| text.contains("the manual") && !text.contains("lines up"));
    // What the agent that is typed into copies goes there too.
    screen.send("\r");
    screen.wait_text("ctrl-] leaves");
    screen.send("copy\r");
    wait_for("what it copied", || (screen.copied().last().is_some_and(|text| text == "hello")).then_some(()));
    screen.send("\x1dq");
    assert_eq!(screen.end(), 0);
}

#[test]
fn interaction_27_links_open_in_the_browser_and_places_in_the_editor() {
    let place = town(WRITER);
    let log = place.sandbox.path("opened");
    let program = place.sandbox.path("opens.sh");
    fs::write(&program, format!("#!/bin/sh\necho \"$0 $@\" >> {}\n", log.display())).unwrap();
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let opens = program.to_str().unwrap();
    let mut screen = open(&place, &[], &[("BROWSER", opens), ("VISUAL", opens)]);
    let spot = find(&screen, "the manual");
    screen.send(mouse(16, spot, 'M'));
    let opened = |words: &str| {
        wait_for(words, || fs::read_to_string(&log).ok().filter(|text| text.trim_end().ends_with(words)));
    };
    opened("https://example.org/doc");
    let spot = find(&screen, "src/price.rs:3");
    screen.send(mouse(16, spot, 'M'));
    opened("src/price.rs");
    assert!(fs::read_to_string(&log).unwrap().contains("+3 "), "at its line");
    // The editor gave the terminal back.
    screen.wait_text("the manual");
    wait_for("the cockpit to hold the terminal", || screen.taken_over().then_some(()));
    screen.send("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn interaction_37_bells_and_messages_of_agents_out_of_sight_reach_the_person_as_they_wish() {
    let place = town(WRITER);
    let told = place.sandbox.path("told");
    let settings = format!(
        "notify = [\"osc9\", \"osc777\", \"bell\"]\nnotify-command = \"f() {{ echo \\\"$1|$2\\\" >> {}; }}; f\"\n",
        told.display()
    );
    fs::write(place.root.join("settings/cockpit.toml"), settings).unwrap();
    let mut screen = open(&place, &[], &[]);
    screen.wait_text("number 500 of many");
    let address = place.agents()[0]["address"].as_str().unwrap().to_owned();
    screen.send("\r");
    screen.wait_text("ctrl-] leaves");
    // In sight it is only said.
    screen.send("tell\r");
    screen.wait_text(&format!("{address}: the build is green"));
    assert!(!told.exists(), "{:?}", fs::read_to_string(&told));
    // The person looks elsewhere.
    screen.send("tell777\r\x1b[O");
    screen.wait_text("done tell777");
    screen.send("tell777\r");
    screen.wait_written(&format!("\x1b]9;{address}: tests: all green\x1b\\"));
    screen.wait_written(&format!("\x1b]777;notify;{address};tests: all green\x1b\\"));
    wait_for("the command", || fs::read_to_string(&told).ok().filter(|text| text.contains("|tests: all green")));
    screen.send("ring\r");
    screen.wait_written(&format!("\x1b]9;{address} rang\x1b\\"));
    screen.send("\x1d");
    screen.wait_text("? all");
    screen.send("q");
    assert_eq!(screen.end(), 0);
}

/// Wide characters up to the edge of the screen, emoji of several parts, and characters on top of others.
const WIDE: &str = r#"
i=0
while [ $i -lt 30 ]; do printf '漢字🙂👩\342\200\215💻e\314\201🇩🇪'; i=$((i+1)); done
printf '\nleft\033[1;1H'
exec sleep 600
"#;

#[test]
fn wide_characters_are_whole_or_blank_at_every_edge() {
    let place = town(WIDE);
    let mut screen = open(&place, &[], &[]);
    screen.wait_text("漢字🙂");
    // The terminal itself cuts what it holds when it gets narrower: it is looked at until the new frame is there.
    let whole = |screen: &Screen, columns: u16| {
        let columns = usize::from(columns);
        let cells = (0..40).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let cut = |(row, column): &(i32, usize)| {
            screen.cell(*row, *column).flags.contains(Flags::WIDE_CHAR)
                && (column + 1 == columns || !screen.cell(*row, column + 1).flags.contains(Flags::WIDE_CHAR_SPACER))
        };
        let text = screen.text();
        let rules: Vec<usize> =
            text.lines().skip(3).filter_map(|line| line.find('│').map(|at| width(&line[..at]))).collect();
        let straight = rules.windows(2).all(|pair| pair[0] == pair[1]);
        (text.contains("漢字") && text.contains("? all") && straight && cells.into_iter().find(cut).is_none())
            .then_some(())
    };
    // Rules stand where they stood, whatever is drawn beside them.
    for columns in [120u16, 119, 117, 101, 100, 99, 98, 81, 80] {
        screen.resize(columns, 40);
        wait_for(&format!("whole characters at {columns}"), || whole(&screen, columns));
    }
    screen.send("A");
    screen.wait_text("agents");
    wait_for("whole characters in tiles", || whole(&screen, 80));
    screen.send("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn an_agent_that_ended_shows_its_last_words_at_once() {
    let place = town("echo 'the last words'; until [ -e $HERE/go ]; do sleep 0.1; done; exit 3");
    place.gt(["daemon", "stop"]).ok();
    let pid = place.agents()[0]["pid"].as_i64().unwrap();
    fs::write(place.sandbox.path("go"), "").unwrap();
    wait_for("the agent to end", || (!PathBuf::from(format!("/proc/{pid}")).exists()).then_some(()));
    wait_for("it to be known", || (place.agents()[0]["state"]["state"] == "dead").then_some(()));
    let mut screen = open(&place, &[], &[]);
    let text =
        screen.wait("its screen and how it ended", |text| text.contains("the last words") && text.contains("exit 3"));
    assert!(!text.contains("Connecting"), "{text}");
    screen.send("A");
    let text = screen.wait_text("the last words");
    assert!(!text.contains("Connecting"), "{text}");
    screen.send("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn interaction_39_after_a_kill_the_next_one_leaves_the_terminal_as_a_shell_wants_it() {
    let place = town("echo here; exec sleep 600");
    // A shell without job control does not mend the terminal itself.
    let script = format!("{GT} cockpit; {GT} cockpit; stty -a; echo all over");
    let mut screen = Screen::start(&place.sandbox, &place.root, (120, 40), "sh", &["-c", &script], &[]);
    screen.wait_text("here");
    let cockpit = wait_for("the cockpit's process", || {
        let children = format!("/proc/{0}/task/{0}/children", screen.child.process_id().unwrap());
        fs::read_to_string(children).ok()?.split_whitespace().next().map(str::to_owned)
    });
    assert!(std::process::Command::new("kill").args(["-KILL", &cockpit]).status().unwrap().success());
    wait_for("the next cockpit", || {
        let children = format!("/proc/{0}/task/{0}/children", screen.child.process_id().unwrap());
        fs::read_to_string(children).ok()?.split_whitespace().next().filter(|pid| **pid != cockpit).map(str::to_owned)
    });
    screen.wait("it to show the agent", |text| text.contains("? all") && text.contains("here"));
    screen.send("q");
    let text = screen.wait_text("all over");
    assert!(text.contains(" icanon") && text.contains(" echo ") && text.contains("\nisig "), "{text}");
    assert!(!screen.taken_over() && screen.cursor().is_some());
    screen.end();
}

#[test]
fn read_only_lets_nothing_through() {
    let place = town(LISTENER);
    let mut screen = open(&place, &["--read-only"], &[]);
    let spot = find(&screen, "listening");
    for key in ["\r", "s", "m", "X", "D", "u"] {
        screen.send(key);
        screen.wait_text("This cockpit is read-only");
        // The next remark is a new one.
        screen.send("?");
        screen.wait_text("all keys");
        screen.send("\x1b");
        screen.wait("the help to close", |text| !text.contains("all keys"));
    }
    screen.send(mouse(0, spot, 'M'));
    screen.send(mouse(0, spot, 'm'));
    screen.send("\x1b[200~words\x1b[201~");
    screen.wait_text("Pasted text goes nowhere here");
    assert_eq!(fs::read(place.sandbox.path("heard")).unwrap_or_default(), b"");
    screen.send("q");
    assert_eq!(screen.end(), 0);
}
