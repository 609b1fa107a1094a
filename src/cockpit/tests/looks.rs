//! What the cockpit looks like at four sizes and in every theme.

use super::*;
use crate::cockpit::ask::Told;
use crate::cockpit::dialogs::Preview;
use crate::view::queue::RequestDetail;

fn shown(columns: u16, rows: u16) -> Bench {
    let mut bench = Bench::new(columns, rows);
    bench.keys("] n ] n").event(Event::Screen("shop-polecat-nux".into(), Box::new(screen())));
    bench
}

fn pressed(mut bench: Bench, keys: &str) -> Bench {
    bench.keys(keys);
    bench
}

/// With what the day has cost.
fn told(mut bench: Bench) -> Bench {
    bench.event(Event::Told(Told::Today(Some("$4.20".into()))));
    bench
}

/// A merge request whose gate runs, with a log in colours.
fn request() -> RequestDetail {
    RequestDetail {
        id: "sh-mr-1".into(),
        source: "sh-a7h1e".into(),
        title: "Dark mode toggle".into(),
        state: "gating".into(),
        branch: "polecat/toast/sh-a7h1e@1".into(),
        target: "main".into(),
        worker: "shop/polecats/toast".into(),
        head: "9c1e2f0aaa".into(),
        retries: 0,
        reason: String::new(),
        log: ["$ cargo test", "\u{1b}[32mok\u{1b}[0m cart case 1", "\u{1b}[1;31mFAILED\u{1b}[0m cart case 2"]
            .map(Into::into)
            .into(),
    }
}

#[test]
fn the_town() {
    frames::hold("town", |columns, rows| told(shown(columns, rows)));
}

#[test]
fn typing_into_an_agent() {
    frames::hold("typing", |columns, rows| pressed(shown(columns, rows), "enter"));
}

#[test]
fn tiles() {
    frames::hold("tiles", |columns, rows| pressed(shown(columns, rows), "A"));
}

#[test]
fn convoys() {
    frames::hold("convoys", |columns, rows| pressed(shown(columns, rows), "C"));
}

#[test]
fn the_queue() {
    frames::hold("queue", |columns, rows| {
        let mut bench = pressed(shown(columns, rows), "Q");
        bench.event(Event::Told(Told::Request(Box::new(request()))));
        bench
    });
}

#[test]
fn the_sling_dialog() {
    frames::hold("sling", |columns, rows| {
        let mut bench = shown(columns, rows);
        bench.keys("s").event(Event::Ready(Ok(beads()))).keys("space space tab").event(Event::Planned(
            3,
            Preview::Will(vec!["sh-c3k0d → new worker furiosa (claude)".into(), "convoy → new \"Cart\" (2)".into()]),
        ));
        bench
    });
}

#[test]
fn help_palette_and_places() {
    frames::hold("help", |columns, rows| pressed(shown(columns, rows), "? merge"));
    frames::hold("palette", |columns, rows| pressed(shown(columns, rows), ": nux"));
    frames::hold("places", |columns, rows| pressed(shown(columns, rows), "g o nux"));
}

#[test]
fn the_help_is_readable_whole_at_every_size() {
    for (columns, rows) in [(60, 16), (80, 24), (120, 40)] {
        let mut bench = shown(columns, rows);
        bench.keys("?");
        let (mut seen, mut last) = (String::new(), String::new());
        loop {
            let text = bench.text();
            let dialog = text.lines().skip_while(|line| !line.contains('╭')).take_while(|line| !line.contains('╰'));
            let inside: Vec<&str> = dialog.filter_map(|line| line.split('│').nth(1)).collect();
            assert!(!inside.iter().any(|line| line.contains('…') && !line.contains("1 … 9")), "{text}");
            if text == last {
                break;
            }
            for word in inside.iter().flat_map(|line| line.split_whitespace()) {
                seen.push_str(word);
                seen.push(' ');
            }
            last = text;
            bench.keys("down");
        }
        // The digits stand there as 1 … 9.
        for spec in crate::cockpit::actions::TABLE.iter().filter(|spec| !spec.keys.is_empty() && spec.name != "pick") {
            for word in spec.about.split_whitespace().chain(spec.keys.iter().flat_map(|key| key.split(' '))) {
                assert!(seen.contains(word), "{word} of {} at {columns}x{rows}", spec.name);
            }
        }
    }
}

#[test]
fn the_question_of_an_agent() {
    frames::hold("answer", |columns, rows| pressed(shown(columns, rows), "a"));
}

#[test]
fn a_note_is_told_whole_on_the_smallest_screen() {
    let mut bench = shown(60, 16);
    bench.app.recall(crate::cockpit::memory::Memory::default(), false);
    bench.event(Event::Tick(now()));
    let mut seen = bench.text();
    assert!(seen.contains("more lines: j"), "{seen}");
    for _ in 0..20 {
        seen.push_str(&bench.keys("j").text());
    }
    for words in ["stops nobody", "polecats", "go on working", "24-bit", "enter begins"] {
        assert!(seen.contains(words), "{words}: {seen}");
    }
}

#[test]
fn the_first_screen_and_an_empty_town() {
    let empty = || TownView { name: "new".into(), ..TownView::default() };
    frames::hold("empty", |columns, rows| Bench::of(empty(), columns, rows));
    frames::hold("confirm", |columns, rows| pressed(shown(columns, rows), "X"));
}

#[test]
fn remarks_and_what_may_follow_a_key() {
    frames::hold("remarks", |columns, rows| {
        let mut bench = pressed(shown(columns, rows), "g");
        bench.app.say("Slung sh-k2x9m to shop · u takes it back", false);
        bench.app.say("api-61icm is held: a person has to approve it, and then its gate runs once more before it lands: gt mq approve api-61icm", true);
        bench
    });
}

#[test]
fn a_message() {
    insta::assert_snapshot!("message_80x24", shown(80, 24).keys("G m hello").text());
}

#[test]
fn empty_states_teach() {
    let empty = TownView { name: "new".into(), ..TownView::default() };
    let text = Bench::of(empty, 120, 40).text();
    for words in ["gt rig add", "bd create", "gt sling", "gt demo", "No repository yet"] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }
    let mut one_rig = TownView { name: "new".into(), ready: 2, ..TownView::default() };
    one_rig.rigs.push(RigView { name: "shop".into(), ..RigView::default() });
    let text = Bench::of(one_rig, 120, 40).text();
    assert!(text.contains("Press s to give beads to workers"), "{text}");
}

#[test]
fn the_keys_of_the_readme_are_keys() {
    let readme = include_str!("../../../README.md");
    let tour = readme.split("\n## The cockpit\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let keymap = Keymap::default();
    let known: Vec<String> = crate::cockpit::actions::TABLE.iter().flat_map(|spec| keymap.keys(spec)).collect();
    let rows = tour.lines().filter(|line| line.starts_with("| `"));
    let named: Vec<&str> =
        rows.flat_map(|row| row.split(" | ").next().unwrap().split('`').skip(1).step_by(2)).collect();
    assert!(named.len() > 25, "{named:?}");
    for key in named {
        assert!(known.iter().any(|known| known == key || *known == key.replace(' ', "")), "{key}: {known:?}");
    }
}

#[test]
fn no_size_does_harm() {
    for (columns, rows) in [(1, 1), (2, 50), (59, 16), (60, 15), (60, 16), (72, 17), (100, 18), (114, 20), (300, 100)] {
        for script in [
            "", "enter", "z", "A", "C", "Q", "F", "?", ":", "s", "m", "/ x", "g", "B", "B w", "B c", "M", ",", "c",
            "X", "L", "a", "f", "g o",
        ] {
            let mut bench = Bench::new(columns, rows);
            let text = bench.keys(script).text();
            if columns < 60 || rows < 16 {
                assert!(columns < 20 || text.contains("gt needs 60×16"), "{columns}x{rows}: {text}");
            }
        }
    }
}

#[test]
fn text_from_outside_cannot_steer_the_terminal() {
    let mut town = town();
    town.rigs[1].agents[0].title = Some("evil \u{1b}[2J\u{1b}]0;x\u{7}title".into());
    let text = Bench::of(town, 200, 60).text();
    assert!(text.contains("evil ^[[2J"), "{text}");
    assert!(!text.contains('\u{1b}'));
}
