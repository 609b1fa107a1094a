//! The interactions people were promised, by their numbers.

use super::fixtures::spent;
use super::*;
use crate::cockpit::app::{Overlay, Pane, Sort, View};
use crate::cockpit::ask::{Ask, Told};
use crate::cockpit::back::{BackAsk, BackTold};
use crate::cockpit::costs::Span;
use crate::cockpit::deeds::{BeadText, Finished};
use crate::cockpit::memory::Memory;
use crate::terminal::{Line, Lines, Run, TermEvent};
use crate::view::BeadLine;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

fn said(bench: &Bench) -> String {
    bench.app.toasts.iter().map(|toast| toast.text.clone()).collect::<Vec<_>>().join("\n")
}

fn click_on(bench: &mut Bench, words: &str) {
    let text = bench.text();
    let (row, line) =
        text.lines().enumerate().find(|(_, line)| line.contains(words)).unwrap_or_else(|| panic!("{text}"));
    let column = crate::base::text::width(&line[..line.find(words).unwrap()]);
    bench.event(Event::Mouse(MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column: u16::try_from(column).unwrap(),
        row: u16::try_from(row).unwrap(),
        modifiers: KeyModifiers::NONE,
    }));
}

/// A cockpit whose selected agent shows a question.
fn asking() -> Bench {
    let mut bench = Bench::new(120, 40);
    bench.event(Event::Screen("shop-polecat-nux".into(), Box::new(screen())));
    bench
}

fn done(text: &str, undo: Option<Deed>) -> Finished {
    Finished { at: now(), ok: true, text: text.into(), parts: Vec::new(), undo }
}

#[test]
fn interaction_01_before_the_town_is_read_the_frame_is_whole() {
    let app = App::new(Theme::dark(Depth::True), Keymap::default(), (120, 40), now());
    let mut bench = Bench { app, effects: Vec::new() };
    bench.event(Event::Tick(now()));
    let text = bench.text();
    assert!(text.contains("gt › ") && text.contains("Reading the town") && text.contains("? all"), "{text}");
}

#[test]
fn interaction_02_counts_stand_on_top_and_filter() {
    let mut bench = Bench::new(120, 40);
    let top = bench.text().lines().next().unwrap().to_owned();
    for count in ["▲ 1 needs you", "● 3 working", "✓ 1 done", "○ 1 idle", "✗ 1 dead"] {
        assert!(top.contains(count), "{count}: {top}");
    }
    click_on(&mut bench, "● 3 working");
    assert_eq!(bench.app.filter, "is:working");
    assert_eq!(bench.app.agent_order().len(), 3);
    click_on(&mut bench, "● 3 working");
    assert_eq!(bench.app.filter, "");
    assert_eq!(bench.keys("i n").app.agent_order(), ["shop/polecats/nux"]);
    assert_eq!(bench.keys("i n").app.agent_order().len(), 8);
}

#[test]
fn interaction_03_agents_are_ordered_by_attention_then_age() {
    let mut bench = Bench::new(120, 40);
    let names = |bench: &Bench| -> Vec<String> {
        bench.app.agent_order().iter().map(|address| address.rsplit('/').next().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&bench), ["nux", "rictus", "toast", "dag", "ada", "slit", "capable", "furiosa"]);
    assert!(bench.text().contains("by attention"));
    assert!(bench.keys("o").text().contains("by rig"));
    assert!(bench.keys("o").text().contains("by age"));
    assert_eq!(names(&bench)[0], "ada");
    assert_eq!(bench.keys("o").app.sort, Sort::Attention);
}

#[test]
fn interaction_04_lists_stay_beside_a_terminal_typed_into() {
    let mut bench = asking();
    bench.keys("enter");
    assert!(bench.app.typing && bench.text().contains("Move sessions"), "{}", bench.text());
    let width = |bench: &Bench| bench.app.layout.divider;
    let before = width(&bench).unwrap();
    bench.keys("ctrl-] > enter");
    assert!(width(&bench).unwrap() > before);
    bench.keys("ctrl-] \\ enter");
    assert_eq!(width(&bench), None);
    bench.keys("ctrl-]");
    let Some(Effect::Remember(memory)) =
        bench.effects.iter().rev().find(|effect| matches!(effect, Effect::Remember(_))).cloned()
    else {
        panic!("nothing is remembered")
    };
    assert!(memory.lists_hidden && memory.wider == 4);
}

#[test]
fn interaction_05_rigs_show_how_their_agents_are() {
    let text = Bench::new(120, 40).text();
    let rig = text.lines().find(|line| line.contains("shop  main")).unwrap_or_else(|| panic!("{text}"));
    assert!(rig.contains("▲ 1") && rig.contains("● 2") && rig.contains("main ✓"), "{rig}");
}

#[test]
fn interaction_06_states_are_told_without_colour() {
    let mut bench = Bench::new(120, 40);
    bench.app.theme = Theme::named("dark", Depth::Mono).unwrap();
    let text = bench.text();
    for state in ["▲", "●", "✓", "○", "◷", "✗"] {
        assert!(text.contains(state), "{state}");
    }
    for word in ["needs you", "finished, not looked at yet", "at work", "limited", "idle"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn interaction_07_looking_at_finished_work_makes_it_idle() {
    let mut bench = Bench::new(120, 40);
    assert_eq!(bench.app.town.counts.done, 1);
    // Reading the town again is not looking.
    bench.event(Event::Town(Box::new(town())));
    assert_eq!(bench.app.town.counts.done, 1);
    bench.keys("n j");
    assert_eq!(bench.selected(), "shop/polecats/toast");
    assert_eq!(bench.app.town.counts.done, 1, "the list does not change under the hand");
    bench.keys("j");
    assert_eq!((bench.app.town.counts.done, bench.app.town.counts.idle), (0, 2));
    bench.event(Event::Town(Box::new(town())));
    assert_eq!(bench.app.town.counts.done, 0, "it stays looked at");
    let mut again = town();
    for agent in again.rigs.iter_mut().flat_map(|rig| rig.agents.iter_mut()).filter(|agent| agent.name == "toast") {
        agent.since = Some(now());
    }
    bench.event(Event::Town(Box::new(again)));
    assert_eq!(bench.app.town.counts.done, 1, "finished anew");
}

#[test]
fn interaction_08_a_state_is_explained() {
    let mut bench = Bench::new(120, 40);
    let text = bench.keys("e").text();
    for words in
        ["▲ needs you", "program status", "Run `npm publish --dry-run`?", "gt agents explain shop/polecats/nux"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn interaction_09_the_bottom_line_shows_keys_that_work_now() {
    let mut bench = asking();
    let bottom = |bench: &Bench| bench.text().lines().last().unwrap().to_owned();
    assert!(bottom(&bench).contains("a answer"), "{}", bottom(&bench));
    bench.keys("G");
    assert!(!bottom(&bench).contains("a answer"), "{}", bottom(&bench));
    bench.app.keymap = Keymap::with_changes([("sling", vec!["S"])]).unwrap();
    assert!(bottom(&bench).contains("S sling work"), "{}", bottom(&bench));
    for script in ["", "enter", "/", "?", "s", "m", "f", "X", "L", "a"] {
        let mut bench = asking();
        bench.keys(script);
        assert!(bottom(&bench).matches("   ").count() <= 8, "{script}: {}", bottom(&bench));
    }
}

#[test]
fn interaction_11_a_prefix_shows_what_may_follow() {
    let mut bench = Bench::new(120, 40);
    let text = bench.keys("i").text();
    assert!(text.contains("Show only agents that need you") && text.contains("Show only agents at work"), "{text}");
    assert!(!bench.keys("esc").text().contains("Show only agents"));
}

#[test]
fn interaction_12_the_palette_says_why_something_is_not_possible() {
    let mut bench = Bench::new(120, 40);
    let text = bench.keys(": take space back").text();
    assert!(text.contains("Nothing to take back"), "{text}");
    bench.keys("esc :").event(Event::Told(Told::Beads(lines())));
    assert!(bench.keys("storybook").text().contains("Cart page in storybook"));
}

#[test]
fn interaction_14_empty_panes_tell_the_next_step() {
    let empty = TownView { name: "new".into(), ..TownView::default() };
    let mut bench = Bench::of(empty, 120, 40);
    assert!(bench.text().contains("gt rig add") && bench.text().contains("travel as a convoy"), "{}", bench.text());
    for (key, words) in [
        ("A", "The terminals of your agents appear here"),
        ("Q", "Finished work comes here"),
        ("F", "Nothing yet"),
        ("L", "Nothing yet"),
    ] {
        assert!(bench.keys(key).text().contains(words), "{key}: {}", bench.text());
        bench.keys("esc");
    }
}

#[test]
fn interaction_15_the_first_start_shows_one_screen_once() {
    let mut bench = Bench::new(120, 40);
    bench.app.recall(Memory::default(), true);
    let text = bench.event(Event::Tick(now())).text();
    assert!(text.contains("welcome to Gas Town") && text.contains("colours") && text.contains("size"), "{text}");
    let Some(Effect::Remember(memory)) = bench.effects.last().cloned() else { panic!("{:?}", bench.effects) };
    assert!(memory.welcomed);
    bench.keys("enter");
    assert!(bench.app.overlay.is_none());
    bench.app.recall(*memory, true);
    assert!(bench.app.overlay.is_none());
}

#[test]
fn interaction_16_going_to_anything_with_a_look_at_it() {
    let mut bench = asking();
    let text = bench.keys("g o nux").text();
    assert!(text.contains("Do you want to proceed?"), "{text}");
    assert_eq!(bench.keys("enter").selected(), "shop/polecats/nux");
    let text = bench.keys("g o hardening").text();
    assert!(text.contains("3 of 12 done") && text.contains("Cart analytics"), "{text}");
    assert_eq!(bench.keys("enter").app.view, View::Convoys);
}

#[test]
fn interaction_18_draining_answers_one_after_the_other() {
    let mut two = town();
    two.rigs[1].agents[0] = agent("shop", "furiosa", AgentState::NeedsYou, "sh-p81qa", "Cart totals round wrongly", 3);
    let mut bench = Bench::of(two, 120, 40);
    bench.event(Event::Screen("shop-polecat-nux".into(), Box::new(screen())));
    bench.event(Event::Screen("shop-polecat-furiosa".into(), Box::new(screen())));
    let text = bench.keys("D").text();
    assert!(text.contains("shop/polecats/nux asks") && text.contains("1 more after this"), "{text}");
    bench.keys("1");
    bench.event(Event::Screen("shop-polecat-furiosa".into(), Box::new(screen())));
    let text = bench.text();
    assert!(text.contains("shop/polecats/furiosa asks") && text.contains("the last one"), "{text}");
    bench.keys("n");
    assert!(bench.app.overlay.is_none() && said(&bench).contains("Nobody else asks"), "{}", said(&bench));
    let answered: Vec<String> = bench
        .deeds()
        .iter()
        .map(|deed| match deed {
            Deed::Answer { to, reply: crate::cockpit::answer::Reply::Choice(choice), .. } => {
                format!("{} {}", to[0].address, choice.key)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(answered, ["shop/polecats/nux 1", "shop/polecats/furiosa 2"]);
}

#[test]
fn interaction_19_numbers_and_letters_go_to_what_can_be_seen() {
    let mut bench = Bench::new(120, 40);
    assert_eq!(bench.keys("3").selected(), "shop/polecats/toast");
    assert_eq!(bench.keys("9").selected(), "shop/polecats/toast");
    assert!(said(&bench).contains("There is no agent 9"));
    assert_eq!(bench.keys("f a").selected(), "shop/polecats/nux");
    assert_eq!(bench.keys("`").selected(), "shop/polecats/toast");
    bench.keys("f 1");
    assert!(said(&bench).contains("No such letter") && !bench.app.jumping);
}

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
    assert!(bench.keys("enter").text().contains("typing · ctrl-] leaves"));
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
fn interaction_29_a_sling_can_be_taken_back_for_half_a_minute() {
    let mut bench = Bench::new(120, 40);
    bench.keys("s").event(Event::Ready(Ok(beads()))).keys("enter");
    let back = Deed::TakeBack(vec!["sh-c3k0d".into()]);
    bench.event(Event::Done(1, done("sh-c3k0d → shop/polecats/max", Some(back.clone()))));
    assert!(said(&bench).contains("u takes it back"), "{}", said(&bench));
    bench.keys("u");
    assert_eq!(bench.deeds().last(), Some(&back));
    bench.keys("u");
    assert_eq!(bench.deeds().len(), 2, "only once");
    let mut late = Bench::new(120, 40);
    late.keys("s").event(Event::Ready(Ok(beads()))).keys("enter");
    late.event(Event::Done(1, done("done", Some(back)))).event(Event::Tick(now().plus_seconds(31))).keys("u");
    assert_eq!(late.deeds().len(), 1);
    assert!(said(&late).contains("Nothing to take back"), "{}", said(&late));
}

#[test]
fn interaction_30_marks_by_one_by_range_all_and_inverted() {
    let mut bench = Bench::new(120, 40);
    bench.keys("space j v");
    assert_eq!(bench.app.marked.len(), 3);
    bench.keys("I");
    assert_eq!(bench.app.marked.len(), 5);
    assert!(!bench.app.marked.contains("shop/polecats/nux"));
    bench.keys("V");
    assert_eq!(bench.app.marked.len(), 8);
    assert!(bench.text().contains("8 marked"));
    bench.keys("V");
    assert!(bench.app.marked.is_empty());
    bench.keys("V X y");
    let deeds = bench.deeds();
    let [Deed::Stop(agents)] = deeds.as_slice() else { panic!("{deeds:?}") };
    assert_eq!(agents.len(), 7, "the dead one has no session");
    let mut outcome = done("6 stopped, 1 failed: L shows which", None);
    outcome.parts = vec!["shop/polecats/slit: is merging".into()];
    bench.event(Event::Done(1, outcome));
    assert!(said(&bench).contains("6 stopped, 1 failed"));
    assert!(bench.keys("L").text().contains("shop/polecats/slit: is merging"));
}

#[test]
fn interaction_31_a_prompt_is_answered_from_the_list() {
    let mut bench = asking();
    let text = bench.keys("a").text();
    for words in ["Bash(npm publish --dry-run)", "Do you want to proceed? 続けますか", "1  Yes", "2  No, tell Claude"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    bench.keys("y");
    let deeds = bench.deeds();
    let [Deed::Answer { to, prompt, reply: crate::cockpit::answer::Reply::Choice(choice) }] = deeds.as_slice() else {
        panic!("{deeds:?}")
    };
    assert_eq!((to.len(), choice.key), (1, '1'));
    assert_eq!(prompt.text.last().map(String::as_str), Some("Do you want to proceed? 続けますか"));
    let mut calm = Bench::new(120, 40);
    calm.keys("G a");
    assert!(said(&calm).contains("asks nothing now"), "{}", said(&calm));
}

#[test]
fn interaction_32_a_message_to_many_is_confirmed_and_told_apart() {
    let mut bench = Bench::new(120, 40);
    bench.keys("G space k space m commit enter");
    assert!(bench.deeds().is_empty(), "not before it was confirmed");
    let text = bench.text();
    assert!(text.contains("Send it to") && text.contains("\"commit\""), "{text}");
    bench.keys("y");
    assert!(matches!(&bench.deeds()[..], [Deed::Tell { text, .. }] if text == "commit"));
    let mut outcome = done("2 told", None);
    outcome.parts = vec!["shop/polecats/nux: has your message".into(), "x: gets your message later: busy".into()];
    bench.event(Event::Done(1, outcome));
    let text = bench.keys("L").text();
    assert!(text.contains("has your message") && text.contains("gets your message later: busy"), "{text}");
}

#[test]
fn interaction_33_words_are_not_typed_into_a_question() {
    let mut bench = Bench::new(120, 40);
    bench.keys("m");
    assert!(bench.app.overlay.is_none());
    assert!(said(&bench).contains("asks something first: a answers it"), "{}", said(&bench));
    bench.keys("V m stop enter");
    assert!(said(&bench).contains("1 ask something first and are left out"), "{}", said(&bench));
    bench.keys("y");
    let deeds = bench.deeds();
    let [Deed::Tell { to, .. }] = deeds.as_slice() else { panic!("{deeds:?}") };
    assert!(to.iter().all(|agent| agent.address != "shop/polecats/nux") && to.len() == 6, "{to:?}");
}

#[test]
fn interaction_34_stopping_asks_and_no_is_the_default() {
    let mut bench = Bench::new(120, 40);
    let text = bench.keys("X").text();
    assert!(text.contains("Stop shop/polecats/nux?") && text.contains("gt unsling sh-k2x9m"), "{text}");
    bench.keys("enter");
    assert!(bench.deeds().is_empty() && bench.app.overlay.is_none());
    bench.keys("X y");
    assert!(matches!(&bench.deeds()[..], [Deed::Stop(agents)] if agents[0].address == "shop/polecats/nux"));
}

#[test]
fn interaction_36_the_command_of_anything_done_can_be_copied() {
    let mut bench = Bench::new(120, 40);
    bench.keys("y c");
    assert_eq!(bench.effects.last(), Some(&Effect::Copy("gt attach shop/polecats/nux".into())));
    bench.keys("s").event(Event::Ready(Ok(beads()))).keys("enter").event(Event::Done(1, done("slung", None)));
    bench.keys("L Sling enter");
    assert_eq!(bench.effects.last(), Some(&Effect::Copy("gt sling sh-c3k0d shop".into())));
}

#[test]
fn interaction_38_what_runs_is_listed_and_nothing_waits_for_it() {
    let mut bench = Bench::new(120, 40);
    bench.keys("s").event(Event::Ready(Ok(beads()))).keys("enter j");
    let text = bench.keys("L").text();
    assert!(text.contains("… Sling sh-c3k0d to shop  0 s"), "{text}");
    bench.event(Event::Done(1, done("sh-c3k0d → shop/polecats/max", None)));
    assert!(bench.text().contains("✓ Sling sh-c3k0d to shop  sh-c3k0d → shop/polecats/max"));
}

#[test]
fn interaction_39_the_next_start_goes_on_where_this_one_was() {
    let mut bench = Bench::new(120, 40);
    bench.keys("o > C");
    let Some(Effect::Remember(memory)) =
        bench.effects.iter().rev().find(|effect| matches!(effect, Effect::Remember(_))).cloned()
    else {
        panic!("{:?}", bench.effects)
    };
    let mut next =
        Bench { app: App::new(Theme::dark(Depth::True), Keymap::default(), (120, 40), now()), effects: Vec::new() };
    next.app.recall(*memory, true);
    next.event(Event::Town(Box::new(town())));
    assert_eq!((next.app.view, next.app.sort, next.app.memory.wider), (View::Convoys, Sort::Rig, 4));
    assert_eq!(next.selected(), bench.selected());
}

/// Beads as a view is told of them.
fn lines() -> Vec<BeadLine> {
    let line = |id: &str, title: &str, status: &str, waits_for: &[&str]| BeadLine {
        id: id.into(),
        title: title.into(),
        status: status.into(),
        priority: 2,
        issue_type: "task".into(),
        rig: "shop".into(),
        blocked: !waits_for.is_empty(),
        waits_for: waits_for.iter().map(|id| (*id).into()).collect(),
        ..BeadLine::default()
    };
    vec![
        line("sh-q7w1z", "Cart page in storybook", "open", &[]),
        line("sh-m4n8b", "Cart analytics", "open", &["sh-q7w1z"]),
        line("sh-k2x9m", "Publish the CLI package", "hooked", &[]),
    ]
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
fn interaction_37_the_person_is_told_beside_the_screen_only_of_what_is_not_in_sight() {
    let mut bench = Bench::new(120, 40);
    bench.keys("n");
    let with = |name: &str| {
        let mut town = town();
        for agent in town.rigs.iter_mut().flat_map(|rig| rig.agents.iter_mut()).filter(|agent| agent.name == name) {
            agent.state = AgentState::NeedsYou;
            agent.detail = Some("Which one?".into());
        }
        town
    };
    bench.event(Event::Town(Box::new(with("slit"))));
    let told = Effect::Notify("shop/polecats/slit needs you".into(), "Which one?".into());
    assert!(bench.effects.contains(&told), "{:?}", bench.effects);
    bench.effects.clear();
    bench.event(Event::Town(Box::new(with("slit"))));
    assert!(!bench.effects.iter().any(|effect| matches!(effect, Effect::Notify(..))), "told once");
    let mut muted = Bench::new(120, 40);
    muted.app.settings.mute = vec!["shop".into()];
    muted.event(Event::Town(Box::new(with("slit"))));
    assert!(!muted.effects.iter().any(|effect| matches!(effect, Effect::Notify(..))));
    let mut rung = asking();
    rung.event(Event::Terminal("shop-polecat-nux".into(), TermEvent::Bell));
    assert!(!rung.effects.iter().any(|effect| matches!(effect, Effect::Notify(..))), "it is in sight");
    rung.event(Event::Focus(false)).event(Event::Terminal("shop-polecat-nux".into(), TermEvent::Bell));
    assert!(rung.effects.contains(&Effect::Notify("shop/polecats/nux rang".into(), String::new())));
}

#[test]
fn interaction_40_settings_are_read_again_and_mistakes_named() {
    let mut bench = Bench::new(120, 40);
    let settings =
        crate::cockpit::settings::Settings::parse("theme = \"light\"\n[keys]\nsling = \"S\"\nsave-set = []\n");
    bench.event(Event::Settings(Box::new(settings.map_err(|error| error.to_string()))));
    assert_eq!(bench.app.theme.name(), "light");
    assert!(bench.text().lines().last().unwrap().contains("S sling work"));
    let wrong = crate::cockpit::settings::Settings::parse("them = 1\n")
        .map_err(|error| format!("{error}: {}", error.hint_text().unwrap_or_default()));
    bench.event(Event::Settings(Box::new(wrong)));
    assert!(said(&bench).contains("line 1") && said(&bench).contains("did you mean theme"), "{}", said(&bench));
    assert_eq!(bench.app.theme.name(), "light", "what was right stays");
    let text = bench.keys(",").text();
    assert!(text.contains("theme") && text.contains("light") && text.contains("notify"), "{text}");
}

#[test]
fn beads_are_listed_searched_made_changed_and_slung() {
    let mut bench = Bench::new(120, 40);
    bench.keys("B");
    assert!(bench.effects.contains(&Effect::Ask(Ask::Beads(String::new(), false))), "{:?}", bench.effects);
    bench.event(Event::Told(Told::Beads(lines())));
    assert!(bench.effects.contains(&Effect::Ask(Ask::Bead("sh-q7w1z".into()))));
    bench.keys("w w j");
    assert_eq!(bench.app.beads.selected.as_deref(), Some("sh-m4n8b"), "the tree goes down to what waits");
    bench.keys("w / cart enter");
    assert!(bench.effects.contains(&Effect::Ask(Ask::Beads("cart".into(), false))));
    bench.keys("c Fix space it tab because ctrl-p ctrl-t ctrl-s");
    let text = BeadText {
        title: "Fix it".into(),
        body: "because".into(),
        priority: 3,
        kind: "bug".into(),
        ..BeadText::default()
    };
    let made = Deed::CreateBead { rig: "shop".into(), text };
    assert!(bench.deeds().contains(&made), "{:?}", bench.deeds());
    bench.keys("x y");
    assert!(bench.deeds().iter().any(|deed| matches!(deed, Deed::CloseBead(_))), "{:?}", bench.deeds());
    bench.keys("+ done enter");
    assert!(bench.deeds().iter().any(|deed| matches!(deed, Deed::Comment(_, text) if text == "done")));
    bench.keys("s");
    assert!(matches!(&bench.app.overlay, Some(Overlay::Sling(sling)) if !sling.query.text.is_empty()));
}

#[test]
fn what_it_cost_stands_on_top_and_is_told_in_full() {
    let mut bench = Bench::new(200, 60);
    assert!(!bench.text().contains('$'));
    bench.event(Event::Told(Told::Today(Some("$14.20".into()))));
    assert!(bench.text().lines().next().unwrap().ends_with("2 landed today   $14.20 today"), "{}", bench.text());
    assert!(bench.app.overlay.is_none());
    bench.keys("$");
    assert!(bench.effects.contains(&Effect::Ask(Ask::Costs(0, Span::Today))), "{:?}", bench.effects);
    bench.event(Event::Told(Told::Costs(Box::new(spent()))));
    let text = bench.text();
    let row = text.lines().find(|line| line.contains("shop/polecats/nux")).unwrap_or_else(|| panic!("{text}"));
    assert!(row.contains("$3.10") && row.contains("9.0k") && row.contains("1.2M") && row.contains('━'), "{row}");
    assert!(text.contains("together") && text.contains("2026-11-21") && text.contains("tell no tokens"), "{text}");
    bench.keys("w .");
    assert!(bench.effects.contains(&Effect::Ask(Ask::Costs(1, Span::Week))), "{:?}", bench.effects);
    bench.keys("enter");
    assert_eq!((bench.app.view, bench.selected()), (View::Town, "shop/polecats/nux"));
}

#[test]
fn a_rig_row_narrows_to_that_rig() {
    let mut bench = Bench::new(120, 40);
    bench.keys("tab j enter");
    assert_eq!((bench.app.pane, bench.app.filter.as_str()), (Pane::Agents, "shop/"));
    assert_eq!(bench.app.agent_order().len(), 5);
}
