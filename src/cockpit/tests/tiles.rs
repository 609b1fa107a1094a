//! Tiles, queue, convoys and what runs, without a terminal.

use super::*;
use crate::cockpit::app::{Overlay, Pane, View};
use crate::cockpit::ask::{Ask, Told};
use crate::cockpit::deeds::{Finished, Place};
use crate::terminal::{Line, Run, TermEvent};
use crate::view::{Delays, HeldUp};
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

fn said(bench: &Bench) -> String {
    bench.app.toasts.iter().map(|toast| toast.text.clone()).collect::<Vec<_>>().join("\n")
}

fn tiles(bench: &Bench) -> usize {
    bench.app.layout.tiles.len()
}

#[test]
fn interaction_22_one_two_four_six_nine_or_twelve_tiles_and_their_pages() {
    let mut bench = Bench::new(200, 60);
    bench.keys("A");
    assert_eq!(tiles(&bench), 7, "all that have a terminal");
    for (wanted, shown) in [(1, 1), (2, 2), (4, 4), (6, 6), (9, 7), (12, 7), (0, 7)] {
        bench.keys("w");
        assert_eq!((bench.app.memory.tiles, tiles(&bench)), (wanted, shown));
    }
    bench.keys("w w w g g");
    assert!(bench.text().contains("agents › 1 to 4 of 7"), "{}", bench.text());
    let first = bench.selected().to_owned();
    // Down is a row of tiles, right one tile, a page all that are shown.
    bench.keys("j");
    assert_eq!(bench.app.layout.tiles[2].address, bench.selected());
    bench.keys("l");
    assert_eq!(bench.app.layout.tiles[3].address, bench.selected());
    bench.keys("g g pgdn");
    assert!(bench.text().contains("5 to 7 of 7"), "{}", bench.text());
    bench.keys("pgup");
    assert_eq!(bench.selected(), first);
    // Zoom keeps the layout, and nothing but the zoomed one sets its size.
    assert!(bench.app.wishes.iter().all(|wish| wish.size.is_none()));
    bench.keys("z");
    let sized: Vec<bool> = bench.app.wishes.iter().map(|wish| wish.size.is_some()).collect();
    assert_eq!(sized, [true]);
    bench.keys("z");
    assert_eq!(tiles(&bench), 4);
    assert!(bench.app.wishes.iter().all(|wish| wish.size.is_none()));
}

#[test]
fn interaction_22_tiles_stay_where_they_are_while_their_agents_change_state() {
    let mut bench = Bench::new(200, 60);
    bench.keys("A");
    let places =
        |bench: &Bench| -> Vec<String> { bench.app.layout.tiles.iter().map(|tile| tile.address.clone()).collect() };
    let before = places(&bench);
    let mut changed = town();
    changed.rigs[1].agents[2].state = AgentState::NeedsYou;
    changed.rigs[1].agents[1].state = AgentState::Working;
    bench.event(Event::Town(Box::new(changed)));
    assert_eq!(places(&bench), before);
    // Come to anew, those that need you stand first.
    bench.keys("T A");
    assert_eq!(places(&bench)[0], "shop/polecats/slit");
}

#[test]
fn interaction_22_sets_have_names_and_are_recalled_by_them() {
    let mut bench = Bench::new(200, 60);
    bench.keys("space j j space S review enter");
    assert_eq!(bench.app.set_name.as_deref(), Some("review"), "{:?}", bench.app.memory.sets);
    assert!(bench.text().contains("agents › review"), "{}", bench.text());
    bench.keys("T : review");
    assert!(bench.text().contains("2 tiles"), "{}", bench.text());
    bench.keys("enter");
    assert_eq!((bench.app.view, tiles(&bench)), (View::Agents, 2));
    bench.keys(": forget enter");
    assert!(bench.app.memory.sets.is_empty() && bench.app.set_name.is_none());
    assert_eq!(tiles(&bench), 7);
}

#[test]
fn interaction_27_a_click_with_ctrl_opens_what_a_live_terminal_shows() {
    let mut bench = Bench::new(120, 40);
    let line = |text: &str| Line {
        runs: vec![Run { text: text.into(), cols: u16::try_from(text.len()).unwrap(), ..Run::default() }],
        wrapped: false,
    };
    let mut shown = screen();
    shown.lines[0] = line("src/cart.rs:42: and https://x.test/a too");
    bench.event(Event::Screen("shop-polecat-nux".into(), Box::new(shown)));
    let area = bench.app.layout.tiles[0].area;
    let click = |column: u16| {
        Event::Mouse(MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column: area.x + column,
            row: area.y,
            modifiers: KeyModifiers::CONTROL,
        })
    };
    bench.event(click(4));
    assert!(bench.effects.contains(&Effect::Edit("src/cart.rs".into(), Some(42))), "{:?}", bench.effects);
    bench.event(click(22));
    assert!(bench.effects.contains(&Effect::Browse("https://x.test/a".into())), "{:?}", bench.effects);
    assert!(!bench.app.typing, "it opens the link, not the terminal");
}

#[test]
fn interaction_37_a_rig_is_hushed_for_a_while() {
    let mut bench = Bench::new(120, 40);
    bench.keys("b");
    assert!(said(&bench).contains("15 minutes"), "{}", said(&bench));
    bench.event(Event::Focus(false));
    bench.effects.clear();
    let rings = |bench: &mut Bench| {
        bench.event(Event::Terminal("shop-polecat-nux".into(), TermEvent::Bell));
        bench.effects.drain(..).any(|effect| matches!(effect, Effect::Notify(..)))
    };
    assert!(!rings(&mut bench));
    bench.event(Event::Tick(now().plus_seconds(15 * 60 + 1)));
    assert!(rings(&mut bench), "after a quarter of an hour it rings again");
    bench.keys("b b");
    assert!(bench.app.memory.snoozed.is_empty());
}

#[test]
fn interaction_38_what_runs_tells_how_far_it_is_and_is_stopped() {
    let mut bench = Bench::new(120, 40);
    bench.keys("j j V X y");
    let [Deed::Stop(agents)] = &bench.deeds()[..] else { panic!("{:?}", bench.deeds()) };
    let all = agents.len();
    bench.event(Event::Progress(1, 2, all)).event(Event::Tick(now().plus_seconds(4)));
    assert!(bench.text().lines().next().unwrap().contains("… 1"), "told on top: {}", bench.text());
    bench.keys("L");
    assert!(bench.text().contains(&format!("… Stop {all} agents  2 of {all} · 4 s")), "{}", bench.text());
    bench.app.dirty = None;
    bench.event(Event::Tick(now().plus_seconds(5)));
    assert!(bench.app.dirty.is_some() && bench.text().contains("5 s"), "its seconds are counted: {}", bench.text());
    bench.keys("Stop ctrl-x");
    assert!(bench.effects.contains(&Effect::Stop(1)) && bench.text().contains("stops"), "{}", bench.text());
    // What could only be done as a whole is taken back when it is done.
    let back =
        Deed::Sling(crate::cockpit::deeds::Order { beads: vec!["a-1".into()], target: "shop".into(), runtime: None });
    let finished =
        Finished { at: now(), ok: true, text: "stopped".into(), parts: Vec::new(), undo: Some(back.clone()) };
    bench.event(Event::Done(1, finished));
    assert_eq!(bench.deeds().last(), Some(&back));
    // Nothing is drawn for the seconds of what ended, or where they are not looked at.
    bench.keys("esc");
    bench.event(Event::Done(2, Finished { at: now(), ok: true, text: "x".into(), parts: Vec::new(), undo: None }));
    bench.event(Event::Tick(now().plus_seconds(40)));
    bench.app.dirty = None;
    bench.event(Event::Tick(now().plus_seconds(41)));
    assert!(bench.app.dirty.is_none(), "{:?}", bench.app.dirty);
}

#[test]
fn the_queue_is_steered_from_its_rows() {
    let mut bench = Bench::new(120, 40);
    bench.keys("Q a");
    assert!(said(&bench).contains("sh-a7h1e is not held or under review: gate runs"), "{}", said(&bench));
    bench.keys("c j r");
    bench.app.town.rigs[1].queue[1].state = "held".into();
    bench.keys("a K J ( )");
    let id = || "sh-mr-2".to_owned();
    let expected = [
        Deed::StopMerge(vec!["sh-mr-1".into()]),
        Deed::Retry(vec![id()]),
        Deed::Approve(vec![id()]),
        Deed::Reorder(id(), Place::Earlier),
        Deed::Reorder(id(), Place::Later),
        Deed::Reorder(id(), Place::First),
        Deed::Reorder(id(), Place::Last),
    ];
    assert_eq!(bench.deeds(), expected);
    let commands: Vec<String> = bench.deeds().iter().flat_map(Deed::commands).collect();
    assert_eq!(commands[0], "gt mq cancel sh-mr-1");
    assert_eq!(commands[3], "gt mq reorder sh-mr-2 --earlier");
    bench.keys("x No, enter");
    assert_eq!(bench.deeds().last(), Some(&Deed::Reject(vec![id()], "No,".into())));
}

#[test]
fn several_merge_requests_are_marked_and_steered_together() {
    let mut bench = Bench::new(120, 40);
    let ids = || vec!["sh-mr-1".to_owned(), "sh-mr-2".to_owned()];
    bench.keys("Q space");
    assert!(
        said(&bench).contains("1 marked · a approve · r retry · c stop · x reject · esc unmark"),
        "{}",
        said(&bench)
    );
    let text = bench.keys("v").text();
    assert!(text.contains("2 marked · 2 to merge") && text.matches("▣").count() == 2, "{text}");
    bench.keys("a");
    assert!(said(&bench).contains("None of the marked is held or under review"), "{}", said(&bench));
    // What is not in a state for it is left out, and said to be.
    bench.keys("r");
    assert!(said(&bench).contains("1 of the marked left out: not given back or waiting"), "{}", said(&bench));
    assert_eq!(bench.deeds(), [Deed::Retry(vec!["sh-mr-2".into()])]);
    assert!(bench.app.marked_requests.is_empty(), "marks that have served go");
    for entry in &mut bench.app.town.rigs[1].queue {
        entry.state = "held".into();
    }
    bench.keys("V a");
    let text = bench.text();
    assert!(text.contains("Approve 2 merge requests?") && text.contains("Dark mode toggle"), "{text}");
    assert!(text.contains("gt mq approve sh-mr-1 && gt mq approve sh-mr-2"), "{text}");
    bench.keys("y");
    let approved = Deed::Approve(ids());
    assert_eq!(bench.deeds().last(), Some(&approved));
    assert_eq!(approved.commands(), ["gt mq approve sh-mr-1", "gt mq approve sh-mr-2"]);
    bench.keys("V x");
    assert!(bench.text().contains("why are 2 merge requests turned down?"), "{}", bench.text());
    bench.keys("No, enter");
    assert_eq!(bench.deeds().last(), Some(&Deed::Reject(ids(), "No,".into())));
    // Requests that are gone are marked no more.
    bench.keys("V");
    let mut less = bench.app.town.clone();
    less.rigs[1].queue.remove(0);
    bench.event(Event::Town(Box::new(less)));
    assert_eq!(bench.app.marked_requests.len(), 1);
    bench.keys("esc");
    assert!(bench.app.marked_requests.is_empty() && bench.app.view == View::Queue, "escape unmarks first");
}

/// The convoys view with what keeps the selected one.
fn convoys(columns: u16, rows: u16) -> Bench {
    let mut bench = Bench::new(columns, rows);
    bench.app.town.convoys[1].active = 0;
    bench.keys("C");
    let held =
        HeldUp { bead: "sh-m4n8b".into(), reason: "it waits for sh-q7w1z".into(), hint: "gt sling sh-q7w1z".into() };
    let delays = Delays { stranded: vec!["hq-cv-bbbbb".into()], convoy: "hq-cv-aaaaa".into(), held: vec![held] };
    bench.event(Event::Told(Told::Delays(delays)));
    bench
}

#[test]
fn convoys_show_who_works_on_what_and_why_nobody_does() {
    let mut bench = convoys(120, 40);
    assert!(bench.effects.contains(&Effect::Ask(Ask::Delays("hq-cv-aaaaa".into()))));
    super::frames::hold("convoy_members", |columns, rows| {
        let mut bench = convoys(columns, rows);
        bench.keys("tab");
        bench
    });
    let text = bench.text();
    for words in ["◌ stranded", "it waits for sh-q7w1z  gt sling sh-q7w1z", "nux", "needs you", "11 of 16 done"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // To the members, and from one to its agent.
    bench.keys("enter");
    assert_eq!(bench.app.member, Some(0));
    bench.keys("enter");
    assert_eq!((bench.app.view, bench.app.pane, bench.selected()), (View::Town, Pane::Agents, "shop/polecats/nux"));
    // What nobody has is slung; without a member all of it.
    let mut bench = convoys(120, 40);
    bench.keys("s");
    let Some(Overlay::Sling(sling)) = &bench.app.overlay else { panic!("{:?}", bench.app.overlay) };
    assert_eq!(sling.chosen(), ["sh-m4n8b"]);
    bench.keys("esc enter j");
    assert_eq!(bench.app.members()[1].id, "sh-m4n8b");
    bench.keys("enter");
    assert_eq!((bench.app.view, bench.app.beads.selected.as_deref()), (View::Beads, Some("sh-m4n8b")));
    let mut bench = convoys(120, 40);
    bench.keys("enter H");
    assert_eq!(bench.app.hooks.selected.as_deref(), Some("shop/polecats/nux"));
}

#[test]
fn interaction_24_every_key_a_terminal_can_send_reaches_the_agent_unaltered() {
    use crossterm::event::KeyEvent;
    let mut bench = Bench::new(120, 40);
    bench.keys("enter");
    assert!(bench.app.typing);
    let plain = KeyModifiers::NONE;
    let (shift, alt, ctrl) = (KeyModifiers::SHIFT, KeyModifiers::ALT, KeyModifiers::CONTROL);
    let mut keys: Vec<KeyEvent> = [
        (KeyCode::Enter, shift),
        (KeyCode::Enter, alt),
        (KeyCode::Enter, plain),
        (KeyCode::Esc, plain),
        (KeyCode::Tab, plain),
        (KeyCode::BackTab, shift),
        (KeyCode::Backspace, ctrl),
        (KeyCode::Delete, plain),
        (KeyCode::Insert, shift),
        (KeyCode::Home, plain),
        (KeyCode::End, ctrl),
        (KeyCode::PageUp, plain),
        (KeyCode::PageDown, shift),
        (KeyCode::Up, ctrl | shift),
        (KeyCode::Left, alt),
        (KeyCode::Char('v'), ctrl),
        (KeyCode::Char('c'), ctrl),
        (KeyCode::Char('z'), ctrl),
        (KeyCode::Char(' '), ctrl),
        (KeyCode::Char('?'), plain),
        (KeyCode::Char('漢'), plain),
        (KeyCode::Char('É'), shift),
    ]
    .map(|(code, modifiers)| KeyEvent::new(code, modifiers))
    .into();
    keys.extend((1..=12).map(|n| KeyEvent::new(KeyCode::F(n), plain)));
    bench.effects.clear();
    for key in &keys {
        bench.event(Event::Key(*key));
    }
    bench.event(Event::Paste("one\ntwo".into())).event(Event::Focus(false)).event(Event::Focus(true));
    let session = "shop-polecat-nux".to_owned();
    let mut expected: Vec<Effect> = keys.iter().map(|key| Effect::Key(session.clone(), *key)).collect();
    expected.push(Effect::Paste(session.clone(), "one\ntwo".into()));
    expected.push(Effect::Focus(session.clone(), false));
    expected.push(Effect::Focus(session, true));
    assert_eq!(bench.effects, expected);
}
