//! What the cockpit looks like: text at four sizes, colours of every theme at one.

use super::*;
use crate::cockpit::dialogs::Preview;

fn shown(columns: u16, rows: u16) -> Bench {
    let mut bench = Bench::new(columns, rows);
    bench.keys("] n ] n").event(Event::Screen("shop-polecat-nux".into(), Box::new(screen())));
    bench
}

#[test]
fn the_town_at_every_size() {
    for (columns, rows) in [(60, 16), (80, 24), (120, 40), (200, 60)] {
        insta::assert_snapshot!(format!("town_{columns}x{rows}"), shown(columns, rows).text());
    }
}

#[test]
fn every_theme_has_its_colours() {
    for name in crate::cockpit::theme::NAMES {
        let mut bench = shown(80, 24);
        bench.app.theme = Theme::named(name, Depth::True).unwrap();
        insta::assert_snapshot!(format!("styles_{name}"), styles_of(&bench.draw()));
    }
}

#[test]
fn typing_into_an_agent() {
    let mut bench = shown(120, 40);
    bench.keys("enter");
    insta::assert_snapshot!("typing_120x40", bench.text());
    let mut bench = shown(80, 24);
    bench.keys("enter");
    insta::assert_snapshot!("typing_80x24", bench.text());
}

#[test]
fn dialogs() {
    let mut bench = shown(120, 40);
    bench.keys("s").event(Event::Ready(Ok(beads()))).keys("space space tab").event(Event::Planned(
        3,
        Preview::Will(vec!["sh-c3k0d → new worker furiosa (claude)".into(), "convoy → new \"Cart\" (2)".into()]),
    ));
    insta::assert_snapshot!("sling_120x40", bench.text());
    let mut bench = shown(80, 24);
    bench.keys("s").event(Event::Ready(Ok(beads()))).keys("cart");
    insta::assert_snapshot!("sling_80x24", bench.text());
    insta::assert_snapshot!("help_120x40", shown(120, 40).keys("?").text());
    insta::assert_snapshot!("palette_120x40", shown(120, 40).keys(": nux").text());
    insta::assert_snapshot!("message_80x24", shown(80, 24).keys("G m hello").text());
    insta::assert_snapshot!("which_key_80x24", shown(80, 24).keys("g").text());
}

#[test]
fn other_views() {
    insta::assert_snapshot!("convoys_120x40", shown(120, 40).keys("C").text());
    insta::assert_snapshot!("queue_120x40", shown(120, 40).keys("Q").text());
    insta::assert_snapshot!("feed_120x40", shown(120, 40).keys("F").text());
    insta::assert_snapshot!("tiles_200x60", shown(200, 60).keys("A").text());
}

#[test]
fn beads_in_every_layout() {
    use crate::cockpit::ask::Told;
    use crate::view::{BeadDetail, BeadLine};
    let line = |id: &str, title: &str, status: &str, priority, waits_for: &[&str]| BeadLine {
        id: id.into(),
        title: title.into(),
        status: status.into(),
        priority,
        issue_type: "task".into(),
        assignee: if status == "hooked" { "shop/polecats/nux".into() } else { String::new() },
        rig: "shop".into(),
        blocked: !waits_for.is_empty(),
        waits_for: waits_for.iter().map(|id| (*id).into()).collect(),
        ..BeadLine::default()
    };
    let lines = vec![
        line("sh-k2x9m", "Publish the CLI package", "hooked", 1, &[]),
        line("sh-q7w1z", "Cart page in storybook, 日本語 too", "open", 2, &[]),
        line("sh-m4n8b", "Cart analytics", "open", 2, &["sh-q7w1z"]),
    ];
    let detail = BeadDetail {
        line: lines[0].clone(),
        description: "Publish what was built.\n\nOnly from main.".into(),
        design: String::new(),
        acceptance: "npm shows the version".into(),
        notes: String::new(),
        labels: vec!["release".into()],
        depends_on: vec![("blocks".into(), "sh-77d2b".into(), "Fix flaky cart test".into(), "closed".into())],
        needed_by: Vec::new(),
        comments: vec![("overseer".into(), now().plus_seconds(-600), "Use the dry run first.".into())],
        history: town().feed,
        created_by: "overseer".into(),
        created_at: now().plus_seconds(-7200),
        updated_at: now(),
        close_reason: String::new(),
    };
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut bench = shown(columns, rows);
        bench.keys("B").event(Event::Told(Told::Beads(lines.clone())));
        bench.event(Event::Told(Told::Bead(Box::new(detail.clone()))));
        insta::assert_snapshot!(format!("beads_list_{columns}x{rows}"), bench.text());
        insta::assert_snapshot!(format!("beads_board_{columns}x{rows}"), bench.keys("w").text());
        insta::assert_snapshot!(format!("beads_tree_{columns}x{rows}"), bench.keys("w").text());
    }
    let mut bench = shown(80, 24);
    bench.keys("B").event(Event::Told(Told::Beads(lines)));
    insta::assert_snapshot!("beads_form_80x24", bench.keys("c Fix space it").text());
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
