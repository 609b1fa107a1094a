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
    assert!(deeds.contains(&Deed::ReadMail(vec!["hq-83pdc".into()])), "{deeds:?}");
    assert!(deeds.contains(&Deed::Reply("hq-83pdc".into(), "Coming".into())), "{deeds:?}");
    assert!(deeds.contains(&Deed::ArchiveMail(vec!["hq-83pdc".into()])), "{deeds:?}");
    let written = Deed::Write { to: "mayor/".into(), subject: "Names".into(), text: "Rivers".into() };
    assert_eq!(deeds.last(), Some(&written), "{deeds:?}");
    assert_eq!(written.commands(), ["gt mail send 'mayor/' -s 'Names' -m 'Rivers'"]);
    bench.keys("c ctrl-s");
    assert!(said(&bench).contains("It needs a subject"), "{}", said(&bench));
    // Both are taken back by what the command line has for it.
    let away = vec!["hq-83pdc".to_owned()];
    assert_eq!(Deed::UnreadMail(away.clone()).commands(), ["gt mail mark-unread hq-83pdc"]);
    assert_eq!(Deed::RestoreMail(away).commands(), ["bd reopen hq-83pdc"]);
}

#[test]
fn the_key_bar_says_what_becomes_of_what_is_written() {
    let bar = |bench: &Bench| bench.text().trim_end().lines().last().unwrap().to_owned();
    let mut bench = Bench::new(120, 40);
    bench.keys("M c");
    assert!(bar(&bench).contains("ctrl-s send") && !bar(&bench).contains("priority"), "{}", bar(&bench));
    bench.keys("mayor/ esc");
    assert!(said(&bench).contains("It is not sent"), "{}", said(&bench));
    bench.keys("esc B").event(Event::Told(Told::Beads(bead_lines())));
    bench.event(Event::Told(Told::Bead(Box::new(bead_detail())))).keys("c");
    assert!(bar(&bench).contains("ctrl-s make it") && bar(&bench).contains("priority"), "{}", bar(&bench));
    bench.keys("esc e");
    assert!(bar(&bench).contains("ctrl-s save"), "{}", bar(&bench));
    let mut settings = set();
    settings.keys("tab tab tab enter");
    assert!(bar(&settings).contains("enter set"), "{}", bar(&settings));
}

#[test]
fn several_messages_are_marked_read_and_put_away_together() {
    let mut bench = Bench::new(120, 40);
    bench.keys("M").event(Event::Told(Told::Mail(letters())));
    let text = bench.keys("V").text();
    assert!(text.contains("3 marked · 2 unread of 3") && text.matches("▣").count() == 3, "{text}");
    assert!(said(&bench).contains("3 marked · d put away · enter read · esc unmark"), "{}", said(&bench));
    bench.keys("y c");
    assert!(said(&bench).contains("gt mail mark-read hq-83pdc hq-lu85f hq-8gw1j"), "{}", said(&bench));
    bench.keys("enter");
    let unread = vec!["hq-83pdc".to_owned(), "hq-lu85f".to_owned()];
    assert_eq!(bench.deeds(), [Deed::ReadMail(unread)], "those that are read already need nothing");
    bench.keys("g g space space d");
    let two = vec!["hq-83pdc".to_owned(), "hq-lu85f".to_owned()];
    assert_eq!(bench.deeds().last(), Some(&Deed::ArchiveMail(two)));
    assert_eq!(bench.deeds()[1].commands(), ["gt mail archive hq-83pdc hq-lu85f"]);
    assert!(bench.app.marked_mail.is_empty(), "marks that have served go");
    bench.keys("V").event(Event::Told(Told::Mail(letters().split_off(1))));
    assert_eq!(bench.app.marked_mail.len(), 2, "what is put away is marked no more");
    bench.keys("I esc");
    assert!(bench.app.marked_mail.is_empty());
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

#[test]
fn interaction_10_help_begins_with_the_keys_of_the_place_one_is_in() {
    let mut bench = Bench::new(120, 40);
    bench.keys("B").event(Event::Told(Told::Beads(bead_lines()))).keys("?");
    let text = bench.text();
    let row =
        |words: &str| text.lines().position(|line| line.contains(words)).unwrap_or_else(|| panic!("{words}: {text}"));
    assert!(row("Read the selected bead") < row("Answer what the selected agent asks"), "{text}");
    assert!(text.lines().nth(row("Read the selected bead")).unwrap().contains("beads"), "{text}");
    let text = bench.keys("esc esc ?").text();
    assert!(text.contains("all views") && text.contains("1 … 9"), "{text}");
}

#[test]
fn interaction_20_the_trail_goes_from_town_to_rig_to_agent_and_escape_back() {
    let mut bench = Bench::new(120, 40);
    let trail = |bench: &Bench| bench.text().lines().next().unwrap().split("  ").next().unwrap().trim().to_owned();
    bench.keys("tab j enter");
    assert_eq!(trail(&bench), "gt › outback › shop");
    bench.keys("g g z");
    assert_eq!(trail(&bench), "gt › outback › shop › nux");
    bench.keys("esc");
    assert_eq!(trail(&bench), "gt › outback › shop");
    bench.keys("backspace");
    assert_eq!(trail(&bench), "gt › outback");
    bench.keys("esc esc esc");
    assert!(!bench.effects.contains(&Effect::Quit));
    click_on(&mut bench, "Rate limit");
    bench.keys("z");
    click_on(&mut bench, "api ›");
    assert_eq!((trail(&bench).as_str(), bench.app.zoom), ("gt › outback › api", false));
}

#[test]
fn interaction_21_the_same_keys_move_in_every_list() {
    let many = |count: usize| -> Vec<crate::view::BeadLine> {
        let line = |n: usize| crate::view::BeadLine {
            id: format!("sh-{n:05}"),
            title: format!("Bead {n}"),
            ..bead_lines()[6].clone()
        };
        (0..count).map(line).collect()
    };
    let spent = crate::cockpit::costs::Spent {
        rows: (0..80)
            .map(|n| crate::cockpit::costs::SpentRow { key: format!("agent {n}"), ..Default::default() })
            .collect(),
        ..super::fixtures::spent()
    };
    let logged: Vec<crate::view::LogLine> = (0..80)
        .map(|n| crate::view::LogLine { line: FeedLine { seq: 1000 - n, ..log()[0].line.clone() }, ..log()[0].clone() })
        .collect();
    let mail: Vec<crate::view::Letter> =
        (0..80).map(|n| crate::view::Letter { id: format!("hq-{n}"), ..letters()[0].clone() }).collect();
    let told = [
        ("B", Told::Beads(many(80))),
        ("M", Told::Mail(mail)),
        ("F", Told::Log(logged)),
        ("$", Told::Costs(Box::new(spent))),
        (",", Told::Settings(settings())),
    ];
    for (view, told) in told {
        let mut bench = Bench::new(120, 40);
        bench.keys(view).event(Event::Told(told));
        let place = |bench: &Bench| match bench.app.view {
            View::Beads => bench.app.beads.place(),
            View::Mail => bench.app.letter,
            View::Feed => bench.app.log.place(),
            View::Costs => bench.app.costs.row,
            _ => bench.app.setting,
        };
        let mut at = |keys: &str| place(bench.keys(keys));
        assert_eq!([at("j"), at("down"), at("k"), at("up"), at("up")], [1, 2, 1, 0, 0], "{view}");
        let last = at("G");
        assert!(last >= 79, "{view}: {last}");
        assert_eq!(at("j"), last, "{view}");
        assert!(at("pgup") < last && at("ctrl-u") < last - 20, "{view}");
        assert_eq!([at("g g"), at("end"), at("home")], [0, last, 0], "{view}");
        assert!(at("pgdn") > 10, "{view}");
        // What is selected is always in sight.
        assert!(bench.text().contains('▌'), "{view}");
    }
}

#[test]
fn an_open_question_is_read_off_the_screen_without_opening_it() {
    let mut two = town();
    two.rigs[1].agents[0] = agent("shop", "furiosa", AgentState::NeedsYou, "sh-p81qa", "Cart totals round wrongly", 3);
    let mut bench = Bench::of(two, 120, 40);
    assert!(
        bench.app.wishes.iter().any(|wish| wish.session == "shop-polecat-furiosa" && wish.size.is_none()),
        "its screen is asked for: {:?}",
        bench.app.wishes
    );
    bench.app.dirty = None;
    bench.event(Event::Screen("shop-polecat-furiosa".into(), Box::new(screen())));
    assert_eq!(bench.app.dirty, Some(crate::cockpit::app::Cause::Screen));
    let text = bench.text();
    let row = text.lines().find(|line| line.contains("furiosa")).unwrap_or_else(|| panic!("{text}"));
    assert!(row.contains("Bash(npm publish"), "{row}");
    // The same again changes nothing that can be seen.
    bench.app.dirty = None;
    bench.event(Event::Screen("shop-polecat-furiosa".into(), Box::new(screen())));
    assert_eq!(bench.app.dirty, None);
}
