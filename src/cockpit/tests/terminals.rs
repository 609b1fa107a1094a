//! Agents' terminals inside ours: tiles, typing, scrollback, copying, links; by the numbers of the interactions people were promised.

use super::forty::{asking, said};
use super::*;
use crate::cockpit::app::View;
use crate::cockpit::back::{BackAsk, BackTold};
use crate::terminal::{Line, Lines, Run};
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

#[test]
fn interaction_22_zoom_keeps_the_tiles() {
    let mut bench = Bench::new(200, 60);
    bench.keys("A");
    let before: Vec<String> = bench.app.layout.tiles.iter().map(|tile| tile.address.clone()).collect();
    assert!(before.len() > 4);
    assert_eq!(bench.keys("z").app.layout.tiles.len(), 1);
    let after: Vec<String> = bench.keys("z").app.layout.tiles.iter().map(|tile| tile.address.clone()).collect();
    assert_eq!(before, after);
}

#[test]
fn interaction_23_typing_is_shown_and_left_by_one_chord() {
    let mut bench = asking();
    let title = bench.app.layout.tiles[0].title;
    let border = |bench: &Bench| {
        let (title, buffer) = (bench.app.layout.tiles[0].title, bench.draw());
        (title.x..title.right()).map(|x| buffer[(x, title.y)].fg).collect::<Vec<_>>()
    };
    let accent = bench.app.theme.accent().fg.unwrap();
    assert!(title.width > 0 && !border(&bench).contains(&accent));
    assert!(bench.keys("enter").text().contains("typing · ctrl-] leaves"));
    assert!(border(&bench).contains(&accent), "the border says it too");
    assert!(bench.keys("esc").app.typing, "escape is the agent's");
    assert!(!bench.keys("ctrl-]").app.typing);
}

#[test]
fn interaction_28_a_storm_of_sizes_leaves_one_wish() {
    let mut bench = asking();
    bench.keys("enter");
    for (columns, rows) in [(200, 60), (1, 1), (61, 17), (300, 100), (120, 40)] {
        bench.event(Event::Resize(columns, rows));
        bench.draw();
    }
    let tile = &bench.app.layout.tiles[0];
    assert_eq!(
        bench.app.wishes,
        [crate::cockpit::app::Wish {
            session: "shop-polecat-nux".into(),
            size: Some((tile.area.width, tile.area.height))
        }]
    );
}

#[test]
fn interaction_25_scrollback_stays_where_it_is_while_the_agent_writes() {
    let mut bench = asking();
    bench.keys("c");
    let session = "shop-polecat-nux".to_owned();
    assert_eq!(bench.effects.last(), Some(&Effect::Back(session.clone(), BackAsk::Lines(0, 1))));
    let all = |end: u64| {
        let line =
            |n: u64| Line { runs: vec![Run { text: format!("row {n}"), cols: 8, ..Run::default() }], wrapped: false };
        Lines { first: 0, end, from: 0, lines: (0..end + 24).map(line).collect() }
    };
    bench.event(Event::Back(session.clone(), BackTold::Lines(all(400))));
    // The sixth row of the screen is its last with anything on it.
    assert!(bench.text().contains("row 405"), "{}", bench.text());
    bench.keys("pgup k k k");
    let before = bench.app.back.as_ref().unwrap().top;
    bench.event(Event::Back(session.clone(), BackTold::Lines(all(420))));
    assert_eq!(bench.app.back.as_ref().unwrap().top, before);
    assert!(bench.text().contains("20 new"), "{}", bench.text());
    assert!(bench.keys("G").text().contains("row 443"));
    bench.keys("esc");
    assert!(bench.app.back.is_none());
    // The wheel does the same, and leaves at the end.
    let area = bench.app.layout.tiles[0].area;
    let wheel =
        |kind| Event::Mouse(MouseEvent { kind, column: area.x + 2, row: area.y + 2, modifiers: KeyModifiers::NONE });
    bench.event(wheel(MouseEventKind::ScrollUp));
    bench.event(Event::Back(session, BackTold::Lines(all(400))));
    assert!(bench.text().contains("3 lines up"), "{}", bench.text());
    bench.event(wheel(MouseEventKind::ScrollDown)).event(wheel(MouseEventKind::ScrollDown));
    assert!(bench.app.back.is_none());
}

#[test]
fn interaction_26_text_is_selected_and_copied() {
    let mut bench = asking();
    bench.keys("c");
    let session = "shop-polecat-nux".to_owned();
    let line = Line { runs: vec![Run { text: "hello world".into(), cols: 11, ..Run::default() }], wrapped: false };
    let lines = Lines { first: 0, end: 0, from: 0, lines: vec![line; 24] };
    bench.event(Event::Back(session.clone(), BackTold::Lines(lines)));
    bench.keys("g g v l l l l j y");
    assert_eq!(bench.effects.last(), Some(&Effect::Back(session.clone(), BackAsk::Select((0, 0), (1, 5)))));
    bench.event(Event::Back(session.clone(), BackTold::Text("hello world\nhello".into())));
    assert!(bench.effects.contains(&Effect::Copy("hello world\nhello".into())));
    assert!(said(&bench).contains("Copied 2 lines"), "{}", said(&bench));
    bench.keys("/ world enter");
    assert!(bench.effects.contains(&Effect::Back(session, BackAsk::Search("world".into()))));
}

#[test]
fn interaction_26_dragging_over_a_live_terminal_selects_and_copies_and_leaves_everything_else_as_it_was() {
    let mut bench = asking();
    bench.keys("enter");
    let (session, area) = ("shop-polecat-nux".to_owned(), bench.app.layout.tiles[0].area);
    let at = |kind, column: u16, row: u16| {
        Event::Mouse(MouseEvent { kind, column: area.x + column, row: area.y + row, modifiers: KeyModifiers::NONE })
    };
    let (down, drag, up) = (
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Drag(MouseButton::Left),
        MouseEventKind::Up(MouseButton::Left),
    );
    bench.event(at(down, 2, 1)).event(at(drag, 3, 1));
    assert_eq!(bench.effects.last(), Some(&Effect::Back(session.clone(), BackAsk::Lines(0, 1))));
    assert!(bench.app.wishes[0].size.is_some(), "the agent notices nothing of it");
    // The button may go up before anything is known of the lines.
    bench.event(at(drag, 6, 1)).event(at(up, 6, 1));
    let line = Line { runs: vec![Run { text: "hello world".into(), cols: 11, ..Run::default() }], wrapped: false };
    let lines = Lines { first: 0, end: 70, from: 70, lines: vec![line; 40] };
    bench.event(Event::Back(session.clone(), BackTold::Lines(lines)));
    let top = bench.app.back.as_ref().unwrap().top;
    let asked = Effect::Back(session.clone(), BackAsk::Select((top + 1, 2), (top + 1, 7)));
    assert!(bench.effects.contains(&asked), "{asked:?}: {:?}", bench.effects);
    bench.event(Event::Back(session, BackTold::Text("llo w".into())));
    assert!(bench.effects.contains(&Effect::Copy("llo w".into())));
    assert!(bench.app.back.is_none() && bench.app.typing, "one goes on typing");
    // An agent that takes the mouse gets all of it.
    let mut mousy = screen();
    mousy.modes.mouse = crate::terminal::MouseMode::Drag;
    bench.event(Event::Screen("shop-polecat-nux".into(), Box::new(mousy)));
    bench.effects.clear();
    bench.event(at(down, 2, 1)).event(at(drag, 3, 1)).event(at(up, 3, 1));
    assert_eq!(bench.effects.iter().filter(|effect| matches!(effect, Effect::Mouse(..))).count(), 3);
    assert!(bench.app.back.is_none());
}

#[test]
fn interaction_27_what_is_under_the_cursor_is_opened() {
    let mut bench = asking();
    bench.keys("c");
    let line = Line {
        runs: vec![Run { text: "see https://x.test/a now".into(), cols: 24, ..Run::default() }],
        wrapped: false,
    };
    let lines = Lines { first: 0, end: 0, from: 0, lines: vec![line; 24] };
    bench.event(Event::Back("shop-polecat-nux".into(), BackTold::Lines(lines)));
    bench.keys("g g enter");
    assert!(said(&bench).contains("No link and no file under the cursor"), "{}", said(&bench));
    bench.keys("l l l l l o");
    assert!(bench.effects.contains(&Effect::Browse("https://x.test/a".into())), "{:?}", bench.effects);
}

#[test]
fn interaction_22_tile_sets_are_kept_and_shown_again() {
    let mut bench = Bench::new(200, 60);
    bench.keys("space j j space S");
    assert!(bench.text().contains("what are these 2 tiles called?"), "{}", bench.text());
    bench.keys("enter");
    assert_eq!(bench.app.view, View::Agents);
    let tiles = |bench: &Bench| bench.app.layout.tiles.len();
    assert_eq!(tiles(&bench), 2, "{:?}", bench.app.layout.tiles);
    assert!(bench.text().contains("set 1"));
    bench.keys("t");
    assert_eq!(tiles(&bench), 7);
    bench.keys("t");
    assert_eq!(tiles(&bench), 2);
}

#[test]
fn large_screens_show_more_events_and_whole_terminals_beside_the_selected_one() {
    let tiles =
        |bench: &Bench| -> Vec<String> { bench.app.layout.tiles.iter().map(|tile| tile.address.clone()).collect() };
    let mut bench = Bench::new(200, 60);
    assert_eq!((tiles(&bench).len(), bench.app.layout.feed.height), (1, 23));
    bench.event(Event::Resize(300, 100));
    let shown = tiles(&bench);
    assert_eq!((shown.len(), bench.app.layout.feed.height), (4, 39), "{shown:?}");
    assert_eq!(shown[0], bench.selected());
    assert!(bench.app.layout.tiles.iter().all(|tile| tile.area.width >= 80 && tile.area.height >= 24));
    let running = |address: &String| bench.app.town.agent(address).is_some_and(|agent| agent.session.is_some());
    assert!(shown.iter().all(running), "the dead one has no terminal: {shown:?}");
    // They are looked at, but only the one that is typed into gets a size, and the room.
    assert!(bench.app.wishes.len() >= 4 && bench.app.wishes.iter().all(|wish| wish.size.is_none()));
    bench.keys("enter");
    assert_eq!(tiles(&bench), [bench.selected().to_owned()]);
}
