//! The interactions people were promised, by their numbers.

use super::fixtures::spent;
use super::*;
use crate::cockpit::app::{Overlay, Pane, Sort, View};
use crate::cockpit::ask::{Ask, Told};
use crate::cockpit::costs::Span;
use crate::cockpit::deeds::{BeadText, Finished};
use crate::cockpit::memory::Memory;
use crate::view::BeadLine;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

pub fn said(bench: &Bench) -> String {
    bench.app.toasts.iter().map(|toast| toast.text.clone()).collect::<Vec<_>>().join("\n")
}

pub fn click_on(bench: &mut Bench, words: &str) {
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
pub fn asking() -> Bench {
    let mut bench = Bench::new(120, 40);
    bench.event(Event::Screen("shop-polecat-nux".into(), Box::new(screen())));
    bench
}

pub fn done(text: &str, undo: Option<Deed>) -> Finished {
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
    // In every view, while typing and under every dialog.
    for script in ["A", "C", "B", "Q", "H", "M", "F", "$", ",", "T enter", "ctrl-] ?", "esc s", "esc m"] {
        let top = bench.keys(script).text().lines().next().unwrap().to_owned();
        for count in ["▲ 1", "● 3", "✓ 1", "○ 1", "✗ 1"] {
            assert!(top.contains(count), "{script}: {count}: {top}");
        }
    }
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
    // Nothing of ours blinks, and time alone moves nothing but ages.
    for name in crate::cockpit::theme::NAMES {
        let mut bench = Bench::new(120, 40);
        bench.app.theme = Theme::named(name, Depth::True).unwrap();
        for script in ["", "A", "B", "Q", "H", "M", "F", "$", ",", "C", "T ?", "esc :"] {
            let blinks = ratatui::style::Modifier::SLOW_BLINK | ratatui::style::Modifier::RAPID_BLINK;
            assert!(
                !bench.keys(script).draw().content.iter().any(|cell| cell.modifier.intersects(blinks)),
                "{name} {script}"
            );
        }
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
    for script in
        ["", "enter", "/", "?", "s", "m", "f", "X", "L", "a", ":", "B", "Q", "H", "M", "F", "$", ",", "C", "A", "c"]
    {
        for read_only in [false, true] {
            let mut bench = asking();
            bench.app.read_only = read_only;
            bench.event(Event::Resize(120, 40)).keys(script);
            assert!(bottom(&bench).matches("   ").count() <= 8, "{script}: {}", bottom(&bench));
            // Whatever is shown there works: nothing in it is refused.
            for (_, hit) in &bench.app.layout.hits {
                if let crate::cockpit::layout::Hit::Key(action) = hit {
                    let can = crate::cockpit::actions::available(*action, &bench.app);
                    assert!(can.is_ok(), "{script}: {action:?} is shown, but {can:?}");
                }
            }
        }
    }
}

#[test]
fn interaction_11_a_prefix_shows_what_may_follow() {
    let mut bench = Bench::new(120, 40);
    for prefix in ["i", "]", "[", "g", "y"] {
        let text = bench.keys("esc").keys(prefix).text();
        let chords = crate::cockpit::keys::parse(prefix).unwrap();
        let all = bench.app.keymap.continuations(crate::cockpit::actions::Context::Main, &chords);
        assert!(!all.is_empty());
        for (_, spec) in all {
            let shown = spec.about.chars().take(40).collect::<String>();
            assert!(text.contains(&shown), "{prefix}: {}: {text}", spec.name);
        }
    }
    bench.keys("esc");
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
    bench.keys("enter");
    assert_eq!((bench.app.view, bench.app.beads.selected.as_deref()), (View::Beads, Some("sh-q7w1z")));
}

#[test]
fn interaction_12_the_palette_finds_every_action_of_every_view() {
    use crate::cockpit::actions::{Action, TABLE};
    for view in ["", "B", "Q", "H", "M", ",", "F", "$", "C", "A"] {
        let mut bench = Bench::new(120, 40);
        bench.keys(view).keys(":");
        let Some(Overlay::Palette(palette)) = &bench.app.overlay else { panic!("{:?}", bench.app.overlay) };
        let found: Vec<&str> = palette.rows().map(|(row, _)| row.text.as_str()).collect();
        for spec in TABLE.iter().filter(|spec| spec.context.is_view()) {
            // What a view does its own way is found in its own words.
            let own = TABLE
                .iter()
                .filter(|other| other.action == spec.action && other.context.is_view())
                .any(|other| found.iter().any(|row| row.ends_with(other.about)));
            let moving = matches!(spec.action, Action::Down | Action::Up | Action::Palette | Action::Back);
            assert!(own || moving, "{view}: {}", spec.name);
        }
    }
    // By the words of the key bar too, before whatever has the letters somewhere.
    let mut bench = Bench::new(120, 40);
    bench.keys(": sling");
    let Some(Overlay::Palette(palette)) = &bench.app.overlay else { panic!("{:?}", bench.app.overlay) };
    assert!(palette.chosen().is_some_and(|row| row.text.starts_with("sling work")), "{:?}", palette.chosen());
    // What another view does leads there, with its key.
    let mut bench = Bench::new(120, 40);
    let text = bench.keys(": heal space the space worktree").text();
    assert!(text.contains("hooks · r"), "{text}");
    bench.keys("enter");
    assert!(bench.app.view == View::Hooks && said(&bench).contains("r does it here"), "{}", said(&bench));
    bench.keys("T : make space a space bead enter");
    assert!(matches!(bench.app.overlay, Some(Overlay::Form(_))), "{:?}", bench.app.overlay);
}

#[test]
fn interaction_12_the_palette_is_ranked_when_something_changes_and_not_when_it_is_drawn() {
    let mut bench = Bench::new(120, 40);
    bench.keys(": nux");
    let row = |bench: &Bench| {
        let Some(Overlay::Palette(palette)) = &bench.app.overlay else { panic!("{:?}", bench.app.overlay) };
        palette.chosen().map(|row| row.text.clone()).unwrap_or_default()
    };
    assert!(row(&bench).starts_with("shop/polecats/nux"), "{}", row(&bench));
    // Drawing alone looks at nothing anew.
    bench.app.town.rigs[1].agents.retain(|agent| agent.name != "nux");
    assert!(bench.text().contains("shop/polecats/nux ·"), "{}", bench.text());
    let mut gone = town();
    gone.rigs[1].agents.retain(|agent| agent.name != "nux");
    bench.app.town = town();
    bench.event(Event::Town(Box::new(gone)));
    assert!(!bench.text().contains("shop/polecats/nux ·"), "{}", bench.text());
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
    // The terminal of an agent that is not on the screen is watched while it would be gone to.
    bench.effects.clear();
    bench.keys("g o capable");
    let watched = |bench: &Bench| bench.app.wishes.iter().any(|wish| wish.session == "api-polecat-capable");
    assert!(watched(&bench), "{:?}", bench.app.wishes);
    bench.app.dirty = None;
    bench.event(Event::Screen("api-polecat-capable".into(), Box::new(screen())));
    assert!(bench.app.dirty.is_some() && bench.text().contains("Do you want to proceed?"), "{}", bench.text());
    bench.keys("esc");
    assert!(!watched(&bench));
    // A rig and a bead likewise.
    let text = bench.keys("g o").event(Event::Told(Told::Beads(lines()))).keys("storybook").text();
    assert!(text.contains("Cart page in storybook") && text.contains("P2 task in shop"), "{text}");
    assert_eq!(bench.keys("enter").app.beads.selected.as_deref(), Some("sh-q7w1z"));
    bench.app.beads.lines = None;
    let text = bench.keys("g o api").text();
    assert!(text.contains("api"), "{text}");
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

/// Beads as a view is told of them.
pub fn lines() -> Vec<BeadLine> {
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
    assert!(bench.deeds().iter().any(|deed| matches!(deed, Deed::CloseBeads(_))), "{:?}", bench.deeds());
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
