//! `gt attach` in a real terminal: looks passed on, looking back, searching, copying, watching, and the terminal given back.

use std::path::PathBuf;

use alacritty_terminal::term::cell::Flags;
use alacritty_terminal::vte::ansi::{Color, NamedColor};

use crate::screen::Screen;
use crate::support::{GT, Sandbox, wait_for};
use crate::town::kill;

const SHIFT_PAGE_UP: &str = "\x1b[5;2~";
const LEAVE: &str = "\x1d";

struct World {
    sandbox: Sandbox,
    root: PathBuf,
}

impl World {
    /// A town whose mayor runs `script`.
    fn with(script: &str) -> World {
        let sandbox = Sandbox::new();
        let root = sandbox.path("town");
        sandbox.gt(["install", root.to_str().unwrap()]).ok();
        let here = sandbox.path("");
        let args = ["session", "start", "mayor/", "--cwd", here.to_str().unwrap(), "--", "sh", "-c", script];
        sandbox.gt_in(&root, args).ok();
        World { sandbox, root }
    }

    fn attach(&self, args: &[&str], env: &[(&str, &str)]) -> Screen {
        Screen::start(&self.sandbox, &self.root, (60, 12), GT, &[&["attach", "mayor"], args].concat(), env)
    }

    fn status(&self) -> serde_json::Value {
        self.sandbox.gt_in(&self.root, ["--json", "session", "status", "mayor"]).ok().json()
    }
}

fn wait_released(screen: &Screen) {
    wait_for("the terminal to be given back", || (!screen.taken_over() && screen.cursor().is_some()).then_some(()));
}

fn wait_copied(screen: &Screen, text: &str) {
    wait_for(&format!("{text:?} on the clipboard"), || {
        screen.copied().last().is_some_and(|copied| copied == text).then_some(())
    });
}

const LOOKS: &str = "printf '\\033[4:3;58;5;9mcurly\\033[m \\033[1;38;2;250;10;20mred\\033[m \\033]8;;https://example.org/\\033\\\\link\\033]8;;\\033\\\\ \\033[5 qend'; read x";

#[test]
fn looks_are_passed_on_as_far_as_the_terminal_has_them() {
    let world = World::with(LOOKS);
    let full = world.attach(&[], &[]);
    full.wait_text("link end");
    let curly = full.cell(0, 0);
    assert!(curly.flags.contains(Flags::UNDERCURL), "{curly:?}");
    assert_eq!(curly.underline_color(), Some(Color::Indexed(9)));
    let red = full.cell(0, 6);
    assert!(red.flags.contains(Flags::BOLD) && matches!(red.fg, Color::Spec(rgb) if rgb.r == 250), "{red:?}");
    let link = full.cell(0, 10).hyperlink().map(|link| link.uri().to_owned());
    assert_eq!(link.as_deref(), Some("https://example.org/"));
    assert_eq!(full.cell(0, 15).hyperlink(), None);
    full.send(LEAVE);
    wait_released(&full);
    let palette = world.attach(&[], &[("COLORTERM", ""), ("TERM", "xterm-256color")]);
    palette.wait_text("link end");
    assert_eq!(palette.cell(0, 6).fg, Color::Indexed(196));
    let few = world.attach(&["--watch"], &[("COLORTERM", ""), ("TERM", "xterm")]);
    few.wait_text("link end");
    let red = few.cell(0, 6).fg;
    assert!(matches!(red, Color::Named(NamedColor::Red | NamedColor::BrightRed)), "{red:?}");
    let none = world.attach(&["--watch"], &[("NO_COLOR", "1")]);
    none.wait_text("link end");
    assert_eq!(none.cell(0, 6).fg, Color::Named(NamedColor::Foreground));
    assert!(none.cell(0, 0).flags.contains(Flags::UNDERLINE), "underlines are no colours");
}

#[test]
fn one_looks_back_searches_and_copies() {
    let world = World::with(
        "i=0; while [ $i -lt 200 ]; do i=$((i+1)); echo \"line $i end\"; done; read x; echo got-$x; read y",
    );
    let screen = world.attach(&[], &[]);
    screen.wait_text("line 200 end");
    screen.send(SHIFT_PAGE_UP);
    screen.wait("earlier lines", |text| text.contains("line 185 end") && text.contains("10 lines back"));
    screen.send("g");
    screen.wait("the first line", |text| text.starts_with("line 1 end") && text.contains("0 above"));
    screen.send("/line 17\r");
    screen.wait("the lowest place", |text| text.contains("line 179 end") && text.contains("again from the bottom"));
    screen.send("y");
    wait_copied(&screen, "line 179 end");
    screen.wait_text("copied 12 characters");
    // From the place found to the end of the next line.
    screen.send("vj$y");
    wait_copied(&screen, "line 179 end\nline 180 end");
    let top: u32 = screen.text().split_whitespace().nth(1).unwrap().parse().unwrap();
    screen.send("\x1b[<0;6;1M\x1b[<32;8;2M\x1b[<0;8;2m");
    wait_copied(&screen, &format!("{top} end\nline {}", top + 1));
    screen.send("q");
    screen.wait_text("shift-pgup");
    screen.wait_text("line 200 end");
    // The wheel goes back too, and forward again into the present.
    screen.send("\x1b[<64;3;3M");
    screen.wait_text("3 lines back");
    screen.send("\x1b[<65;3;3M\x1b[<65;3;3M");
    screen.wait_text("shift-pgup");
    // What is dragged over where the program has no use for the mouse is copied from the screen.
    screen.send("\x1b[<0;1;1M\x1b[<32;4;1M\x1b[<0;4;1m");
    wait_copied(&screen, "line");
    screen.send("word\r");
    screen.wait_text("got-word");
}

#[test]
fn a_second_terminal_only_looks_and_a_larger_one_takes_over_aloud() {
    let world = World::with("echo ready; read x; echo got-$x; read y");
    let typing = world.attach(&[], &[]);
    typing.wait_text("ready");
    let watching = world.attach(&["--watch"], &[]);
    watching.wait("the watcher's screen", |text| text.contains("ready") && text.contains("watching"));
    watching.send("no\r");
    watching.send(SHIFT_PAGE_UP);
    watching.wait_text("lines back");
    watching.send("q");
    typing.send("yes\r");
    watching.wait_text("got-yes");
    let other = Screen::start(&world.sandbox, &world.root, (40, 9), GT, &["attach", "mayor"], &[]);
    other.wait_text("got-yes");
    other.send("x");
    typing.wait_text("another terminal types here (40x8)");
    typing.send("y");
    typing.wait("its own size again", |text| !text.contains("another terminal") && text.contains("xy"));
    other.wait_text("another term");
    watching.send(LEAVE);
    wait_released(&watching);
}

#[test]
fn the_terminal_is_given_back_whatever_happens() {
    let world = World::with("echo ready; read x; read y");
    for signal in ["-TERM", "-HUP", "-QUIT"] {
        let mut screen = world.attach(&[], &[]);
        screen.wait_text("ready");
        kill(screen.child.process_id().unwrap() as i32, signal);
        screen.end();
        wait_released(&screen);
    }
    // What can't be caught is seen to by another process.
    let pid = world.sandbox.path("attached");
    let shell = format!("sh -c 'echo $$ > {}; exec {GT} attach mayor'; echo over; read -r x", pid.display());
    let screen = Screen::start(&world.sandbox, &world.root, (60, 12), "sh", &["-c", &shell], &[]);
    screen.wait_text("ctrl-]");
    kill(std::fs::read_to_string(&pid).unwrap().trim().parse().unwrap(), "-KILL");
    wait_released(&screen);
    wait_for("a terminal that echoes again", || {
        screen.send("x");
        screen.text().contains('x').then_some(())
    });
    drop(screen);
    let mut screen = world.attach(&[], &[]);
    screen.wait_text("ready");
    let pid = screen.child.process_id().unwrap() as i32;
    kill(pid, "-TSTP");
    wait_released(&screen);
    kill(pid, "-CONT");
    screen.wait("the screen anew", |text| text.contains("ready") && text.contains("ctrl-]"));
    assert!(screen.taken_over());
    // The host is killed: nobody says goodbye.
    kill(world.status()["host_pid"].as_i64().unwrap() as i32, "-KILL");
    screen.end();
    wait_released(&screen);
    screen.wait_text("has ended");
}
