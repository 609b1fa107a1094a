//! Keys and mouse on a made-up town: what is selected, what is asked for, what is said.

use super::*;
use crate::cockpit::app::{Cause, Order, Overlay, Pane, Sort, View};
use crate::cockpit::deeds::Deed;
use crossterm::event::{KeyEventKind, MouseButton, MouseEvent, MouseEventKind};

fn click(column: u16, row: u16) -> Event {
    Event::Mouse(MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column,
        row,
        modifiers: KeyModifiers::NONE,
    })
}

fn find(bench: &Bench, words: &str) -> (u16, u16) {
    let text = bench.text();
    let (row, line) =
        text.lines().enumerate().find(|(_, line)| line.contains(words)).unwrap_or_else(|| panic!("{words}:\n{text}"));
    let column = crate::base::text::width(&line[..line.find(words).unwrap()]);
    (u16::try_from(column).unwrap(), u16::try_from(row).unwrap())
}

fn said(bench: &Bench) -> String {
    bench.app.toasts.iter().map(|toast| toast.text.clone()).collect::<Vec<_>>().join("\n")
}

#[test]
fn interaction_05_the_one_that_needs_you_most_is_selected_and_told_in_the_title() {
    let bench = Bench::new(120, 40);
    assert_eq!(bench.selected(), "shop/polecats/nux");
    assert!(bench.app.title.starts_with("2 need you"), "{}", bench.app.title);
}

#[test]
fn interaction_17_next_and_previous_that_need_you_wrap() {
    let mut bench = Bench::new(120, 40);
    assert_eq!(bench.keys("n").selected(), "api/polecats/rictus");
    assert_eq!(bench.keys("] n").selected(), "shop/polecats/nux");
    assert_eq!(bench.keys("[ n").selected(), "api/polecats/rictus");
}

#[test]
fn interaction_17_with_nobody_waiting_nothing_moves_and_it_is_said() {
    let mut calm = town();
    for rig in &mut calm.rigs {
        rig.agents.retain(|agent| agent.state == AgentState::Working);
    }
    let mut bench = Bench::of(calm, 120, 40);
    let before = bench.selected().to_owned();
    bench.keys("] n");
    assert_eq!(bench.selected(), before);
    assert_eq!(said(&bench), "Nothing needs you");
}

#[test]
fn interaction_21_lists_move_by_vim_and_arrow_keys() {
    let mut bench = Bench::new(120, 40);
    bench.app.sort = Sort::Rig;
    assert_eq!(bench.keys("g g").selected(), "api/polecats/capable");
    assert_eq!(bench.keys("j").selected(), "api/polecats/dag");
    assert_eq!(bench.keys("down down").selected(), "shop/polecats/furiosa");
    assert_eq!(bench.keys("k").selected(), "api/polecats/rictus");
    assert_eq!(bench.keys("G").selected(), "shop/polecats/ada");
    assert_eq!(bench.keys("j").selected(), "shop/polecats/ada");
    assert_eq!(bench.keys("pgup pgup").selected(), "api/polecats/capable");
    assert_eq!(bench.keys("`").selected(), "shop/polecats/ada");
}

#[test]
fn tab_goes_round_the_panes() {
    let mut bench = Bench::new(120, 40);
    let mut seen = vec![bench.app.pane];
    for _ in 0..4 {
        bench.keys("tab");
        seen.push(bench.app.pane);
    }
    assert_eq!(seen, [Pane::Agents, Pane::Rigs, Pane::Convoys, Pane::Landed, Pane::Feed]);
    assert_eq!(bench.keys("shift-tab").app.pane, Pane::Landed);
}

#[test]
fn interaction_24_every_key_but_the_leaving_one_goes_to_the_agent() {
    let mut bench = Bench::new(120, 40);
    bench.keys("enter");
    assert!(bench.app.typing);
    bench.effects.clear();
    bench.keys("esc ctrl-c q ? shift-enter tab ctrl-z");
    let keys: Vec<&Effect> = bench.effects.iter().filter(|effect| matches!(effect, Effect::Key(..))).collect();
    assert_eq!(keys.len(), 7, "{:?}", bench.effects);
    assert!(
        bench.effects.iter().all(|effect| matches!(effect, Effect::Key(session, _) if session == "shop-polecat-nux"))
    );
    bench.event(Event::Paste("two\nlines".into()));
    assert_eq!(bench.effects.last(), Some(&Effect::Paste("shop-polecat-nux".into(), "two\nlines".into())));
    let release = KeyEvent { kind: KeyEventKind::Release, ..KeyEvent::new(KeyCode::Char('5'), KeyModifiers::CONTROL) };
    bench.event(Event::Key(release));
    assert!(bench.app.typing);
    bench.event(Event::Key(KeyEvent::new(KeyCode::Char('5'), KeyModifiers::CONTROL)));
    assert!(!bench.app.typing);
}

#[test]
fn only_the_terminal_typed_into_gets_our_size() {
    let mut bench = Bench::new(120, 40);
    assert!(bench.app.wishes.iter().all(|wish| wish.size.is_none()), "{:?}", bench.app.wishes);
    bench.keys("enter");
    let [wish] = bench.app.wishes.as_slice() else { panic!("{:?}", bench.app.wishes) };
    let tile = &bench.app.layout.tiles[0];
    assert_eq!(wish.size, Some((tile.area.width, tile.area.height)));
    assert!(tile.area.width >= 80, "the lists make room: {tile:?}");
    bench.keys("ctrl-] z");
    assert_eq!(bench.app.wishes[0].size, Some((120, 37)));
    bench.keys("z A");
    assert!(
        bench.app.wishes.len() > 1 && bench.app.wishes.iter().all(|wish| wish.size.is_none()),
        "{:?}",
        bench.app.wishes
    );
}

#[test]
fn read_only_changes_nothing() {
    let mut bench = Bench::new(120, 40);
    bench.app.read_only = true;
    bench.keys("enter s m z");
    assert!(!bench.app.typing && bench.app.overlay.is_none());
    assert!(bench.app.wishes.iter().all(|wish| wish.size.is_none()));
    assert!(said(&bench).contains("read-only"));
}

/// Whatever is pressed and wherever is clicked: nothing outside is changed.
#[test]
fn interaction_40_read_only_changes_nothing_whatever_is_pressed() {
    use crate::cockpit::actions::TABLE;
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};
    let mut keys: Vec<Vec<crate::cockpit::keys::Chord>> =
        TABLE.iter().flat_map(|spec| spec.keys).map(|key| crate::cockpit::keys::parse(key).unwrap()).collect();
    keys.push(crate::cockpit::keys::parse("x").unwrap());
    let step = prop_oneof![
        8 => proptest::sample::select(keys).prop_map(|keys| (keys, None)),
        1 => (0u16..120, 0u16..40, any::<bool>()).prop_map(|place| (Vec::new(), Some(place))),
    ];
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
    let run = runner.run(&proptest::collection::vec(step, 1..40), |steps| {
        let mut bench = Bench::new(120, 40);
        bench.app.read_only = true;
        bench.event(Event::Screen("shop-polecat-nux".into(), Box::new(screen())));
        for (keys, place) in steps {
            for chord in keys {
                bench.event(Event::Key(KeyEvent::new(chord.code, chord.modifiers)));
            }
            if let Some((column, row, control)) = place {
                let modifiers = if control { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
                let kind = MouseEventKind::Down(MouseButton::Left);
                bench.event(Event::Mouse(MouseEvent { kind, column, row, modifiers }));
            }
            let ready = matches!(bench.app.overlay, Some(Overlay::Sling(_)));
            if ready {
                bench.event(Event::Ready(Ok(beads())));
            }
        }
        bench.event(Event::Paste("words".into()));
        for effect in &bench.effects {
            let changes = matches!(
                effect,
                Effect::Do(..) | Effect::Key(..) | Effect::Paste(..) | Effect::Mouse(..) | Effect::Edit(..)
            );
            prop_assert!(!changes, "{effect:?}");
            let sized = matches!(effect, Effect::Watch(wishes) if wishes.iter().any(|wish| wish.size.is_some()));
            prop_assert!(!sized, "{effect:?}");
        }
        Ok(())
    });
    run.unwrap();
}

#[test]
fn interaction_40_every_action_that_changes_something_says_why_it_is_refused() {
    use crate::cockpit::actions::{Action, available};
    let changing = [
        (
            "",
            vec![
                Action::Open,
                Action::Sling,
                Action::Message,
                Action::Answer,
                Action::Drain,
                Action::Stop,
                Action::Undo,
            ],
        ),
        ("B", vec![Action::New, Action::Edit, Action::Comment, Action::Close, Action::Sling]),
        ("M", vec![Action::New, Action::Reply, Action::Archive]),
        ("Q", vec![Action::Approve, Action::Retry, Action::Reject, Action::StopMerge, Action::First, Action::Last]),
        (",", vec![Action::Open, Action::Unset, Action::Edit]),
    ];
    for (view, actions) in changing {
        let mut bench = Bench::new(120, 40);
        bench.app.read_only = true;
        bench.keys(view);
        for action in actions {
            let why = available(action, &bench.app).unwrap_err();
            assert!(why.contains("read-only"), "{view} {action:?}: {why}");
        }
    }
}

#[test]
fn interaction_20_escape_goes_up_and_never_quits() {
    let mut bench = Bench::new(120, 40);
    bench.keys("C esc");
    assert_eq!(bench.app.view, View::Town);
    bench.keys("/ nux enter");
    assert_eq!(bench.app.filter, "nux");
    bench.keys("esc");
    assert_eq!(bench.app.filter, "");
    bench.keys("z esc tab esc esc esc esc");
    assert!(!bench.app.zoom && bench.app.pane == Pane::Agents);
    assert!(!bench.effects.contains(&Effect::Quit));
    bench.keys("q");
    assert!(bench.effects.contains(&Effect::Quit));
}

#[test]
fn a_filter_narrows_every_list() {
    let mut bench = Bench::new(120, 40);
    bench.keys("/ api");
    assert_eq!(bench.app.agent_order(), ["api/polecats/rictus", "api/polecats/dag", "api/polecats/capable"]);
    assert_eq!(bench.app.convoys().len(), 1);
    // What is opened next is one of those that are shown.
    assert_eq!(bench.selected(), "api/polecats/rictus");
    bench.keys("esc");
    assert_eq!(bench.app.agent_order().len(), 8);
    bench.keys("/ capable enter enter");
    assert!(bench.app.typing && bench.selected() == "api/polecats/capable", "{}", bench.selected());
}

#[test]
fn interaction_13_keys_that_do_nothing_say_so() {
    let mut bench = Bench::new(120, 40);
    bench.keys("x");
    assert!(said(&bench).contains("x does nothing here"), "{}", said(&bench));
    bench.keys("g g G");
    let mut dead = Bench::new(120, 40);
    dead.keys("] n enter");
    assert!(said(&dead).contains("api/polecats/rictus has no running terminal"), "{}", said(&dead));
}

#[test]
fn interaction_29_slinging_by_marks_with_a_preview() {
    let mut bench = Bench::new(120, 40);
    bench.keys("s");
    assert!(bench.effects.contains(&Effect::LoadReady));
    bench.event(Event::Ready(Ok(beads()))).keys("space space");
    let asked = vec!["sh-c3k0d".to_owned(), "sh-q7w1z".to_owned()];
    assert!(
        bench
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Plan(_, order) if order.beads == asked && order.target == "shop")),
        "{:?}",
        bench.effects
    );
    bench.keys("tab api ctrl-r enter");
    let order =
        Order { beads: asked, target: "api".into(), runtime: crate::runtime::builtin_names().next().map(Into::into) };
    assert!(bench.deeds().contains(&Deed::Sling(order)), "{:?}", bench.effects);
    assert!(bench.app.overlay.is_none());
}

#[test]
fn a_late_preview_is_dropped() {
    let mut bench = Bench::new(120, 40);
    bench.keys("s").event(Event::Ready(Ok(beads()))).keys("space");
    bench.event(Event::Planned(1, crate::cockpit::dialogs::Preview::Will(vec!["old".into()])));
    assert!(!bench.text().contains("old"));
}

#[test]
fn a_refused_sling_is_not_sent() {
    let mut bench = Bench::new(120, 40);
    bench.keys("s").event(Event::Ready(Ok(beads())));
    let Some(Overlay::Sling(sling)) = &bench.app.overlay else { panic!("no dialog") };
    let asked = sling.asked;
    bench
        .event(Event::Planned(asked, crate::cockpit::dialogs::Preview::Refused("sh-c3k0d is blocked".into())))
        .keys("enter");
    assert!(!bench.effects.iter().any(|effect| matches!(effect, Effect::Do(_, Deed::Sling(_)))));
    assert!(said(&bench).contains("sh-c3k0d is blocked"));
}

#[test]
fn a_message_goes_to_the_agent_at_hand() {
    let mut bench = Bench::new(120, 40);
    bench.keys("G m first alt-enter second enter");
    let deeds = bench.deeds();
    let [Deed::Tell { to, text }] = deeds.as_slice() else { panic!("{deeds:?}") };
    assert_eq!((to[0].session.as_str(), text.as_str()), ("shop-polecat-furiosa", "first\nsecond"));
}

#[test]
fn interaction_12_the_palette_finds_agents_and_actions() {
    let mut bench = Bench::new(120, 40);
    bench.keys(": slit enter");
    assert_eq!(bench.selected(), "shop/polecats/slit");
    bench.keys(": merge space queues enter");
    assert_eq!(bench.app.view, View::Queue);
}

#[test]
fn interaction_10_help_shows_the_keys_in_effect_and_does_them() {
    let mut bench = Bench::new(120, 40);
    bench.app.keymap = Keymap::with_changes([("zoom", vec!["ctrl-z"])]).unwrap();
    bench.keys("? zoom");
    let text = bench.text();
    assert!(text.contains("ctrl-z") && text.contains("Show the selected terminal on the whole screen"), "{text}");
    // A slash first, as in every list, is no mistake.
    let text = bench.keys("esc ? / zoom").text();
    assert!(text.contains("Show the selected terminal on the whole screen"), "{text}");
    bench.keys("enter");
    assert!(bench.app.overlay.is_none() && bench.app.zoom);
}

#[test]
fn clicks_select_and_open() {
    let mut bench = Bench::new(120, 40);
    let (column, row) = find(&bench, "slit ");
    bench.event(click(column, row));
    assert_eq!((bench.selected(), bench.app.typing), ("shop/polecats/slit", false));
    bench.event(click(column, row));
    assert!(bench.app.typing);
    bench.keys("ctrl-]");
    let (column, row) = find(&bench, "Checkout v2");
    bench.event(click(column, row));
    assert_eq!(bench.app.pane, Pane::Convoys);
}

#[test]
fn the_wheel_over_an_agents_terminal_is_the_agents() {
    let mut bench = Bench::new(120, 40);
    let mut mousy = screen();
    mousy.modes.mouse = crate::terminal::MouseMode::Click;
    bench.event(Event::Screen("shop-polecat-nux".into(), Box::new(mousy))).keys("enter");
    let area = bench.app.layout.tiles[0].area;
    let wheel = MouseEvent {
        kind: MouseEventKind::ScrollUp,
        column: area.x + 4,
        row: area.y + 2,
        modifiers: KeyModifiers::NONE,
    };
    bench.event(Event::Mouse(wheel));
    assert_eq!(bench.effects.last(), Some(&Effect::Mouse("shop-polecat-nux".into(), wheel, 4, 2)));
}

#[test]
fn nothing_is_drawn_when_nothing_changed() {
    let mut bench = Bench::new(120, 40);
    bench.app.dirty = None;
    bench.event(Event::Town(Box::new(town())));
    bench.event(Event::Tick(now().plus_seconds(1)));
    bench.event(Event::Screen("api-polecat-dag".into(), Box::new(screen())));
    bench.event(Event::Mouse(MouseEvent {
        kind: MouseEventKind::Moved,
        column: 3,
        row: 3,
        modifiers: KeyModifiers::NONE,
    }));
    assert_eq!(bench.app.dirty, None);
    bench.event(Event::Screen("shop-polecat-nux".into(), Box::new(screen())));
    assert_eq!(bench.app.dirty, Some(Cause::Screen));
    bench.app.dirty = None;
    bench.event(Event::Tick(now().plus_seconds(61)));
    assert_eq!(bench.app.dirty, Some(Cause::Age));
    // Agents that began at different moments grow older in the same frame.
    let mut frames = 0;
    for second in 62..182 {
        bench.app.dirty = None;
        bench.event(Event::Tick(now().plus_seconds(second)));
        frames += usize::from(bench.app.dirty.is_some());
    }
    assert!((2..=12).contains(&frames), "{frames} frames in two minutes");
}

#[test]
fn interaction_37_at_most_three_remarks_and_they_go_away() {
    let mut bench = Bench::new(120, 40);
    for n in 0..5 {
        bench.event(Event::Problem(format!("remark {n}")));
    }
    assert_eq!(bench.app.toasts.len(), 3);
    bench.event(Event::Tick(now().plus_seconds(30)));
    assert!(bench.app.toasts.is_empty());
}

#[test]
fn a_vanished_agent_is_let_go() {
    let mut bench = Bench::new(120, 40);
    bench.keys("enter");
    let mut after = town();
    after.rigs[1].agents.retain(|agent| agent.name != "nux");
    bench.event(Event::Town(Box::new(after)));
    assert!(!bench.app.typing);
    assert_eq!(bench.selected(), "api/polecats/rictus");
}

#[test]
fn an_ended_session_gives_the_keys_back() {
    let mut bench = Bench::new(120, 40);
    bench.keys("enter").event(Event::ScreenEnded("shop-polecat-nux".into(), "It ended with exit code 0".into()));
    assert!(!bench.app.typing);
    assert!(bench.text().contains("It ended with exit code 0"));
}
