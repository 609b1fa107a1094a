//! Acting, being told, and trust: slinging, marks, answers, notices, what runs, settings; by the numbers of the interactions people were
//! promised.

use super::forty::{asking, done, lines, said};
use super::*;
use crate::cockpit::app::{Overlay, Sort, View};
use crate::cockpit::ask::Told;
use crate::terminal::TermEvent;

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
fn interaction_30_beads_are_marked_slung_and_closed_together() {
    let mut bench = Bench::new(120, 40);
    bench.keys("B").event(Event::Told(Told::Beads(lines())));
    bench.keys("space v");
    assert_eq!(bench.app.beads.marked.len(), 2);
    assert!(bench.text().contains("2 marked") && bench.text().contains("▣"), "{}", bench.text());
    bench.keys("y c x");
    assert!(bench.text().contains("Close 2 beads?") && bench.text().contains("Cart analytics"), "{}", bench.text());
    bench.keys("enter s");
    let Some(Overlay::Sling(sling)) = &bench.app.overlay else { panic!("{:?}", bench.app.overlay) };
    assert_eq!(sling.chosen(), ["sh-m4n8b", "sh-q7w1z"], "no is the default, and the marks stay");
    bench.keys("esc x y");
    let ids = vec!["sh-q7w1z".to_owned(), "sh-m4n8b".to_owned()];
    assert_eq!(bench.deeds(), [Deed::CloseBeads(ids.clone())]);
    assert_eq!(bench.deeds()[0].commands(), ["bd close sh-q7w1z sh-m4n8b"]);
    assert!(bench.app.beads.marked.is_empty());
    let mut outcome = done("1 closed, 1 failed: L shows which", Some(Deed::ReopenBeads(ids)));
    outcome.parts = vec!["sh-q7w1z is closed".into(), "sh-m4n8b is pinned".into()];
    bench.event(Event::Done(1, outcome));
    assert!(said(&bench).contains("1 failed"), "{}", said(&bench));
    assert!(bench.keys("L").text().contains("sh-m4n8b is pinned"));
    bench.keys("esc u V I");
    assert!(matches!(bench.deeds().last(), Some(Deed::ReopenBeads(_))) && bench.app.beads.marked.is_empty());
    bench.keys("I esc");
    assert!(bench.app.beads.marked.is_empty() && bench.app.view == View::Beads, "escape unmarks first");
}

#[test]
fn work_is_slung_to_the_rig_that_most_of_the_marked_belong_to() {
    let target = |bench: &Bench| {
        let Some(Overlay::Sling(sling)) = &bench.app.overlay else { panic!("{:?}", bench.app.overlay) };
        sling.chosen_target().unwrap()
    };
    let rigs = |shop: usize, api: usize| {
        let mut all = beads();
        for (index, bead) in all.iter_mut().enumerate() {
            bead.rig = if index < api { "api".into() } else { "shop".into() };
        }
        assert_eq!(all.len(), shop + api);
        all
    };
    // From the beads: the selected one is of another rig than most of the marked.
    let mut bench = Bench::new(120, 40);
    let mut known = lines();
    known[0].rig = "api".into();
    bench.keys("B").event(Event::Told(Told::Beads(known)));
    bench.keys("s");
    assert_eq!(target(&bench), "api");
    bench.keys("esc V s");
    assert_eq!(target(&bench), "shop");
    // From the agents: the rig of most of the marked ones, until beads are marked.
    let mut bench = Bench::new(120, 40);
    let api: Vec<String> = bench.app.town.rigs[0].agents.iter().map(|agent| agent.address.clone()).collect();
    for address in &api {
        bench.app.marked.act(crate::cockpit::actions::Action::Mark, &api, address);
    }
    bench.keys("s");
    assert_eq!(target(&bench), "api");
    bench.event(Event::Ready(Ok(rigs(1, 2)))).keys("space space space");
    assert_eq!(target(&bench), "api");
    bench.keys("up up space space");
    assert_eq!(target(&bench), "shop", "it follows the marks");
    // What was chosen by hand stays.
    bench.keys("tab down tab space");
    let chosen = target(&bench);
    bench.keys("up up space");
    assert_eq!(target(&bench), chosen);
    // From a convoy the ready beads say which rig they are of.
    let mut bench = Bench::new(120, 40);
    bench.keys("C s");
    let marks = ["sh-c3k0d", "sh-q7w1z"].map(String::from);
    let Some(Overlay::Sling(sling)) = &mut bench.app.overlay else { panic!("{:?}", bench.app.overlay) };
    sling.marks.extend(marks);
    bench.event(Event::Ready(Ok(rigs(1, 2))));
    assert_eq!(target(&bench), "api");
}

#[test]
fn interaction_31_the_same_answer_goes_to_those_that_ask_exactly_the_same() {
    let mut two = town();
    two.rigs[1].agents[0] = agent("shop", "furiosa", AgentState::NeedsYou, "sh-p81qa", "Cart totals round wrongly", 3);
    let mut bench = Bench::of(two, 120, 40);
    bench.event(Event::Screen("shop-polecat-nux".into(), Box::new(screen())));
    bench.keys("a ctrl-a");
    let deeds = bench.deeds();
    let [Deed::Answer { to, prompt, .. }] = deeds.as_slice() else { panic!("{deeds:?}") };
    let names: Vec<&str> = to.iter().map(|agent| agent.address.as_str()).collect();
    assert_eq!(names, ["shop/polecats/nux", "shop/polecats/furiosa"]);
    // Whoever asks something else by then is left alone: that is looked at when the answer is given.
    let mut other = screen();
    other.lines.retain(|line| !line.text().contains("proceed"));
    assert!(!crate::cockpit::answer::prompt(&other).unwrap_or_default().same_as(prompt));
    assert!(crate::cockpit::answer::prompt(&screen()).unwrap().same_as(prompt));
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
    // Of anything the palette finds it is shown and copied, without doing it.
    let text = bench.keys("esc : stop space the space selected").text();
    assert!(text.contains("gt unsling sh-k2x9m"), "{text}");
    bench.keys("ctrl-y");
    assert_eq!(bench.effects.last(), Some(&Effect::Copy("gt unsling sh-k2x9m".into())));
    assert_eq!(bench.deeds().len(), 1, "nothing was stopped");
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
    // Of what, is the person's choice.
    let told = |on: &str, state: AgentState| {
        let mut bench = Bench::new(120, 40);
        bench.app.settings = crate::cockpit::settings::Settings::parse(on).unwrap();
        let mut after = town();
        for agent in after.rigs.iter_mut().flat_map(|rig| rig.agents.iter_mut()).filter(|agent| agent.name == "slit") {
            agent.state = state;
        }
        bench.event(Event::Town(Box::new(after)));
        bench.effects.into_iter().find_map(|effect| match effect {
            Effect::Notify(title, _) => Some(title),
            _ => None,
        })
    };
    assert_eq!(told("", AgentState::Dead).as_deref(), Some("shop/polecats/slit is dead"));
    assert_eq!(told("", AgentState::Stuck).as_deref(), Some("shop/polecats/slit is stuck"));
    assert_eq!(told("", AgentState::Done), None, "what is done can wait");
    assert_eq!(told("notify-on = \"done\"", AgentState::Done).as_deref(), Some("shop/polecats/slit is done"));
    assert_eq!(told("notify-on = \"done\"", AgentState::Dead), None);
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
    assert!(!bench.effects.iter().any(|effect| matches!(effect, Effect::Capture(_))));
    for (text, captured) in [("mouse = false\n", false), ("", true)] {
        let settings = crate::cockpit::settings::Settings::parse(text).map_err(|error| error.to_string());
        bench.event(Event::Settings(Box::new(settings)));
        assert!(bench.effects.contains(&Effect::Capture(captured)), "{text}");
    }
    let text = bench.keys(",").text();
    assert!(text.contains("theme") && text.contains("light") && text.contains("notify"), "{text}");
}
