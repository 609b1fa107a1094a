//! Keys and mouse in the views of beads, mail, feed, costs and settings.

use super::fixtures::{bead_detail, bead_lines, letters, log, settings};
use super::*;
use crate::cockpit::app::{Overlay, View};
use crate::cockpit::ask::{Ask, Home, Told};
use crate::cockpit::beads::Shape;
use crate::cockpit::deeds::BeadText;
use crate::cockpit::settings::Settings;
use crate::view::Topic;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

fn click_on(bench: &mut Bench, words: &str) {
    let text = bench.text();
    // The last place: what a dialog shows comes after what it lies above.
    let found = text.lines().enumerate().filter(|(_, line)| line.contains(words)).last();
    let (row, line) = found.unwrap_or_else(|| panic!("{words}:\n{text}"));
    let column = crate::base::text::width(&line[..line.find(words).unwrap()]);
    bench.event(Event::Mouse(MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column: u16::try_from(column).unwrap(),
        row: u16::try_from(row).unwrap(),
        modifiers: KeyModifiers::NONE,
    }));
}

fn said(bench: &Bench) -> String {
    bench.app.toasts.iter().map(|toast| toast.text.clone()).collect::<Vec<_>>().join("\n")
}

/// A cockpit in its settings.
fn set() -> Bench {
    let mut bench = Bench::new(120, 60);
    bench.keys(",").event(Event::Told(Told::Settings(settings())));
    bench
}

/// What was asked to be set: where, what, to what.
fn sets(bench: &Bench) -> Vec<(Home, String, Option<String>)> {
    let set = |deed: Deed| match deed {
        Deed::Set { home, key, value } => (home, key, value),
        other => panic!("{other:?}"),
    };
    bench.deeds().into_iter().map(set).collect()
}

#[test]
fn settings_show_their_layer_and_are_changed_where_they_stand() {
    let mut bench = set();
    let text = bench.text();
    for words in
        ["agents  the programs", "opus", "roles", "budgets", "max_agents", "shop", "keys  of every action", "rig"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    // One of several words is chosen from a list, the one in effect marked.
    let text = bench.keys("enter").text();
    assert!(text.contains("● dark") && text.contains("now, built in"), "{text}");
    bench.keys("cat enter");
    // On or off is turned over at once.
    bench.keys("j enter");
    // Everything else is written.
    bench.keys("tab tab tab").keys("enter ctrl-u");
    let Some(Overlay::Message(message)) = &bench.app.overlay else { panic!("{}", bench.text()) };
    assert_eq!(message.text(), "", "the old value was taken out by hand");
    bench.keys("12 enter");
    assert_eq!(
        sets(&bench),
        [
            (Home::Cockpit, "theme".into(), Some("catppuccin".into())),
            (Home::Cockpit, "mouse".into(), Some("false".into())),
            (Home::Town, "max_agents".into(), Some("12".into())),
        ]
    );
}

#[test]
fn a_setting_of_a_rig_and_an_action_s_keys_are_changed_too() {
    let mut bench = set();
    bench.keys("/ strategy enter enter direct enter esc");
    bench.keys("/ save-set enter enter ctrl-u Z enter esc");
    bench.keys("/ next-theme enter enter Y enter");
    assert_eq!(
        sets(&bench),
        [
            (Home::Rig("shop".into()), "merge_queue.strategy".into(), Some("direct".into())),
            (Home::Cockpit, "keys.save-set".into(), Some("Z".into())),
            (Home::Cockpit, "keys.next-theme".into(), Some("Y".into())),
        ]
    );
}

#[test]
fn a_setting_is_taken_out_only_where_it_is_set() {
    let mut bench = set();
    bench.keys("d");
    assert!(said(&bench).contains("theme is not set there"), "{}", said(&bench));
    bench.keys("/ max_agents enter d");
    assert_eq!(sets(&bench), [(Home::Town, "max_agents".into(), None)]);
    assert_eq!(bench.deeds()[0].commands(), ["gt config unset max_agents"]);
    let mut looking = set();
    looking.app.read_only = true;
    looking.keys("enter d e");
    assert!(looking.deeds().is_empty() && looking.app.overlay.is_none() && said(&looking).contains("read-only"));
}

#[test]
fn the_file_decides_where_a_start_begins_and_how_wide_lists_are() {
    let settings =
        Settings::parse("[layout]\nstart = \"beads\"\norder = \"age\"\nlists = 25\nevents = false\n").unwrap();
    let mut app = App::new(Theme::dark(Depth::True), Keymap::default(), (160, 40), now());
    app.settings = settings;
    app.recall(crate::cockpit::memory::Memory { welcomed: true, ..Default::default() }, true);
    let mut bench = Bench { app, effects: Vec::new() };
    bench.event(Event::Town(Box::new(town())));
    assert_eq!((bench.app.view, bench.app.sort), (View::Beads, crate::cockpit::app::Sort::Age));
    bench.keys("esc");
    assert_eq!(bench.app.layout.divider, Some(40));
    assert_eq!(bench.app.layout.feed.height, 0);
}

#[test]
fn the_feed_is_searched_by_words_and_topics_and_stays_at_its_event() {
    let mut bench = Bench::new(120, 40);
    bench.keys("F");
    assert!(bench.text().contains("Fix flaky cart test"), "what is known already is shown at once: {}", bench.text());
    assert!(bench.effects.contains(&Effect::Ask(Ask::Log(String::new(), Topic::All))));
    bench.event(Event::Told(Told::Log(log()))).keys("j j");
    let text = bench.text();
    assert!(text.contains("reason") && text.contains("shop/refinery"), "{text}");
    let mut newer = log();
    newer.insert(0, crate::view::LogLine { line: FeedLine { seq: 10, ..newer[0].line.clone() }, ..newer[0].clone() });
    bench.event(Event::Told(Told::Log(newer)));
    assert_eq!(bench.app.log.line().map(|line| line.line.seq), Some(7), "newer ones come in above");
    bench.keys("w");
    assert!(bench.effects.contains(&Effect::Ask(Ask::Log(String::new(), Topic::Trouble))));
    bench.keys("/ cart enter");
    assert!(bench.effects.contains(&Effect::Ask(Ask::Log("cart".into(), Topic::Trouble))), "{:?}", bench.effects);
    bench.event(Event::Told(Told::Log(Vec::new())));
    assert!(bench.text().contains("No event like that"), "{}", bench.text());
    bench.keys("esc").event(Event::Told(Told::Log(log()))).keys("g g j enter");
    assert_eq!((bench.app.view, bench.app.beads.selected.as_deref()), (View::Beads, Some("sh-w7b1k.1")));
}

#[test]
fn what_landed_and_what_happened_lead_on_from_the_town() {
    let mut bench = Bench::new(120, 40);
    bench.keys("shift-tab j enter");
    assert_eq!((bench.app.view, bench.app.log.selected), (View::Feed, Some(8)), "at the event one was at");
    bench.keys("esc shift-tab enter");
    assert_eq!((bench.app.view, bench.app.beads.selected.as_deref()), (View::Beads, Some("sh-77d2b")));
}

#[test]
fn mail_is_read_answered_put_away_and_written() {
    let mut bench = Bench::new(120, 40);
    bench.keys("M").event(Event::Told(Told::Mail(letters())));
    let text = bench.text();
    assert!(text.contains("2 unread of 3") && text.contains("out of disk") && text.contains("not read yet"), "{text}");
    bench.keys("enter r Coming enter d j c");
    bench.keys("mayor/ enter Names tab Rivers alt-enter");
    let deeds = bench.deeds();
    assert!(deeds.contains(&Deed::ReadMail("hq-83pdc".into())), "{deeds:?}");
    assert!(deeds.contains(&Deed::Reply("hq-83pdc".into(), "Coming".into())), "{deeds:?}");
    assert!(deeds.contains(&Deed::ArchiveMail("hq-83pdc".into())), "{deeds:?}");
    let written = Deed::Write { to: "mayor/".into(), subject: "Names".into(), text: "Rivers".into() };
    assert_eq!(deeds.last(), Some(&written), "{deeds:?}");
    assert_eq!(written.commands(), ["gt mail send 'mayor/' -s 'Names' -m 'Rivers'"]);
    bench.keys("c ctrl-s");
    assert!(said(&bench).contains("It needs a subject"), "{}", said(&bench));
}

#[test]
fn a_bead_is_changed_in_every_field_and_not_lost_by_a_slip() {
    let mut bench = Bench::new(120, 40);
    bench.keys("B").event(Event::Told(Told::Beads(bead_lines())));
    bench.event(Event::Told(Told::Bead(Box::new(bead_detail())))).keys("e");
    bench.keys("! tab tab ! tab , space audit");
    bench.keys("esc");
    assert!(bench.app.overlay.is_some() && said(&bench).contains("not saved"), "{}", said(&bench));
    bench.keys("ctrl-s");
    let text = BeadText {
        title: "Stop logging tokens!".into(),
        body: bead_detail().description,
        acceptance: "A token in a request is nowhere in the log!".into(),
        labels: vec!["security".into(), "logs".into(), "audit".into()],
        priority: 0,
        kind: "bug".into(),
    };
    assert_eq!(bench.deeds(), [Deed::EditBead { id: "ap-77tww".into(), text }]);
    // What was not touched is left without a question.
    bench.keys("e esc");
    assert!(bench.app.overlay.is_none());
    bench.keys("e");
    click_on(&mut bench, "security, logs");
    assert!(matches!(&bench.app.overlay, Some(Overlay::Form(form)) if form.at == 3));
}

#[test]
fn the_board_has_a_column_for_every_stand_and_goes_across() {
    let mut bench = Bench::new(120, 40);
    bench.keys("B w");
    assert_eq!(bench.app.beads.shape, Shape::Board);
    assert!(bench.effects.contains(&Effect::Ask(Ask::Beads(String::new(), true))), "done ones are asked for too");
    bench.event(Event::Told(Told::Beads(bead_lines())));
    let text = bench.text();
    for head in ["○ ready 3", "◌ waiting 3", "● in work 2", "✓ done 1"] {
        assert!(text.contains(head), "{head}: {text}");
    }
    bench.keys("l");
    assert_eq!(bench.app.beads.selected.as_deref(), Some("sh-w7b1k.2"));
    bench.keys("l l l l");
    assert_eq!(bench.app.beads.selected.as_deref(), Some("sh-77d2b"));
}

#[test]
fn the_mouse_works_in_the_lines_above_and_below() {
    let mut bench = Bench::new(120, 40);
    click_on(&mut bench, "s sling work");
    assert!(matches!(bench.app.overlay, Some(Overlay::Sling(_))));
    click_on(&mut bench, "esc cancel");
    assert!(bench.app.overlay.is_none());
    bench.keys("B");
    click_on(&mut bench, "outback");
    assert_eq!(bench.app.view, View::Town);
    bench.keys("i n enter");
    assert!(bench.app.typing);
    click_on(&mut bench, "shop ›");
    assert_eq!((bench.app.typing, bench.app.filter.as_str()), (false, "shop/"), "{}", bench.text());
    bench.event(Event::Told(Told::Today(Some("$4.20".into())))).event(Event::Resize(200, 60));
    click_on(&mut bench, "$4.20");
    assert_eq!(bench.app.view, View::Costs);
}
