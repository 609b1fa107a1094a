//! The hooks view without a terminal: what it shows, and the review that goes to the agent.

use super::*;
use crate::cockpit::app::{Overlay, View};
use crate::cockpit::ask::{Ask, Told};
use crate::cockpit::deeds::Finished;
use crate::cockpit::hooks::Part;
use crate::cockpit::ink::{Ink, Inks};
use crate::repo::{Change, FilePatch, Hunk, LineKind, Patch, PatchLine};
use crate::view::{HookPicture, HookRow};
use crate::work::hook_review::{Step, StepKind};

fn row(name: &str, state: &str, bead: &str, title: &str) -> HookRow {
    HookRow {
        agent: format!("shop/polecats/{name}"),
        name: name.into(),
        rig: "shop".into(),
        state: state.into(),
        bead: bead.into(),
        title: title.into(),
        present: name != "rust",
        since: Some(now().plus_seconds(-600)),
    }
}

fn rows() -> Vec<HookRow> {
    vec![
        row("furiosa", "active", "sh-p81qa", "Cart totals round wrongly"),
        row("nux", "active", "sh-k2x9m", "Publish the CLI package"),
        row("rust", "suspended", "sh-1a2b3", "Search in German, ä und ß"),
        row("toast", "completed", "sh-a7h1e", "Dark mode toggle"),
    ]
}

fn line(kind: LineKind, old: u32, new: u32, text: &str) -> PatchLine {
    let old = (kind != LineKind::Added).then_some(old);
    let new = (kind != LineKind::Removed).then_some(new);
    PatchLine { kind, old, new, text: text.into(), last: false }
}

fn patch() -> Patch {
    use LineKind::{Added, Removed, Same};
    let first = Hunk {
        old: (18, 4),
        new: (18, 4),
        heading: "pub fn total(lines: &[Line]) -> u64 {".into(),
        lines: vec![
            line(Same, 18, 18, "pub fn total(lines: &[Line]) -> u64 {"),
            line(Removed, 19, 0, "    let mut sum = 0;"),
            line(Added, 0, 19, "    // 日本語: only the sum is rounded"),
            line(Added, 0, 20, "    let sum: f64 = lines.iter().map(Line::cents).sum();"),
            line(Same, 20, 21, "\tround(sum)"),
        ],
        ..Hunk::default()
    };
    let second = Hunk {
        old: (60, 1),
        new: (61, 2),
        heading: String::new(),
        lines: vec![line(Same, 60, 61, "}"), line(Added, 0, 62, "// the end")],
        ..Hunk::default()
    };
    let cart = FilePatch {
        path: "src/cart.rs".into(),
        added: 3,
        removed: 1,
        hunks: vec![first, second],
        ..FilePatch::default()
    };
    let new = FilePatch {
        path: "tests/cart.rs".into(),
        what: Change::New,
        mode: 0o100_644,
        added: 1,
        hunks: vec![Hunk { new: (1, 1), lines: vec![line(Added, 0, 1, "#[test]")], ..Hunk::default() }],
        ..FilePatch::default()
    };
    let logo =
        FilePatch { path: "logo.png".into(), binary: true, sizes: Some((2_100, 40_000)), ..FilePatch::default() };
    Patch { files: vec![cart, new, logo], added: 4, removed: 1 }
}

fn picture() -> HookPicture {
    let step = |kind, id: &str, number, minutes: i64, words: &str, change| Step {
        kind,
        id: id.into(),
        number,
        at: (kind != StepKind::Now).then(|| now().plus_seconds(-60 * minutes)),
        words: words.into(),
        change,
    };
    HookPicture {
        agent: "shop/polecats/furiosa".into(),
        branch: "polecat/furiosa/sh-p81qa@1".into(),
        target: "main".into(),
        worktree: "/town/shop/polecats/furiosa".into(),
        apart: Some((1, 2)),
        dirty: 2,
        steps: vec![
            step(StepKind::Now, "", None, 0, "", Some((1, 0, 1))),
            step(StepKind::Snapshot, "5bbbbbbbbb", Some(2), 1, "a minute has passed", Some((1, 1, 2))),
            step(StepKind::Commit, "9c1e2f0aaa", None, 3, "Round only the sum", Some((2, 0, 1))),
            step(StepKind::Start, "1111111aaa", None, 90, "First commit", None),
        ],
        start: "1111111aaa".into(),
        patch: patch(),
        ..HookPicture::default()
    }
}

fn inks() -> Inks {
    let mut inks = vec![vec![vec![Vec::new(); 5], vec![Vec::new(); 2]]];
    inks[0][0][0] = vec![(Ink::Keyword, 6), (Ink::Plain, 1), (Ink::Function, 5), (Ink::Plain, 25)];
    Inks(inks)
}

/// The view on furiosa's hook.
fn hooks(columns: u16, rows_high: u16) -> Bench {
    let mut bench = Bench::new(columns, rows_high);
    bench.app.selected = Some("shop/polecats/furiosa".into());
    bench.keys("H").event(Event::Told(Told::Hooks(rows())));
    bench.event(Event::Told(Told::Hook(Box::new(picture()), inks())));
    bench
}

fn said(bench: &Bench) -> String {
    bench.app.toasts.iter().map(|toast| toast.text.clone()).collect::<Vec<_>>().join("\n")
}

fn finish(bench: &mut Bench, undo: Option<Deed>) {
    let id = bench.app.tasks.last().unwrap().id;
    let finished = Finished { at: now(), ok: true, text: "done".into(), parts: Vec::new(), undo };
    bench.event(Event::Done(id, finished));
}

#[test]
fn hooks_at_every_size_and_in_every_theme() {
    super::frames::hold("hooks", hooks);
    super::frames::hold("hooks_diff", |columns, rows| {
        let mut bench = hooks(columns, rows);
        bench.keys("enter j j j c Why? enter");
        bench
    });
}

#[test]
fn interaction_35_remarks_on_lines_go_to_the_agent_as_one_message() {
    let mut bench = hooks(120, 40);
    bench.keys("enter } j j j");
    // A line of its own, then a range, then a file.
    bench.keys("c Say space why enter");
    assert!(said(&bench).contains("One remark; m sends it"), "{}", said(&bench));
    assert!(bench.text().contains("you  Say why"), "{}", bench.text());
    bench.keys("K v");
    assert!(bench.app.hooks.mark.is_some());
    bench.keys("esc } } j v j c Both? enter J c Where space is space the space rest? enter");
    let review = bench.app.memory.reviews["shop/polecats/furiosa"].clone();
    assert_eq!(review.remarks.len(), 3);
    assert_eq!((review.remarks[0].line, review.remarks[1].line, review.remarks[1].to), (19, 61, 62));
    bench.keys("m");
    let text = bench.text();
    for words in ["your remarks: message to shop/polecats/furiosa", "3 remarks", "src/cart.rs, line 19", "Say why"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    bench.keys("enter");
    let deeds = bench.deeds();
    let [Deed::Review(of, inner)] = deeds.as_slice() else { panic!("{deeds:?}") };
    let Deed::Tell { to, text } = inner.as_ref() else { panic!("{inner:?}") };
    assert_eq!((of.as_str(), to.len(), to[0].session.as_str()), ("shop/polecats/furiosa", 1, "shop-polecat-furiosa"));
    assert!(text.contains("> +    // 日本語: only the sum is rounded\n   Say why"), "{text}");
    // Until they have arrived they are kept.
    assert_eq!(bench.app.memory.reviews.len(), 1);
    finish(&mut bench, None);
    assert!(bench.app.memory.reviews.is_empty());
}

#[test]
fn interaction_35_remarks_are_changed_taken_away_and_kept_for_the_next_start() {
    let mut bench = hooks(120, 40);
    bench.keys("enter } j j c One enter j enter");
    assert!(matches!(&bench.app.overlay, Some(Overlay::Message(message)) if message.text() == "One"));
    bench.keys("space more enter");
    let kept = bench.effects.iter().rev().find_map(|effect| match effect {
        Effect::Remember(memory) => Some(memory.reviews["shop/polecats/furiosa"].remarks[0].text.clone()),
        _ => None,
    });
    assert_eq!(kept.as_deref(), Some("One more"));
    bench.keys("x");
    assert!(bench.app.memory.reviews.is_empty() && bench.deeds().is_empty());
}

#[test]
fn interaction_35_a_review_of_an_agent_that_is_gone_goes_to_its_merge_request_or_bead() {
    let mut bench = hooks(120, 40);
    bench.app.memory.reviews.clear();
    let agent = &mut bench.app.town.rigs[1].agents[0];
    agent.session = None;
    bench.keys("enter } j c No enter m");
    assert!(bench.text().contains("your remarks, for sh-p81qa"), "{}", bench.text());
    bench.keys("esc");
    bench.app.town.rigs[1].queue[1].worker = "shop/polecats/furiosa".into();
    bench.keys("m");
    assert!(bench.text().contains("turn sh-mr-2 down with your remarks"), "{}", bench.text());
    bench.keys("enter");
    assert!(matches!(&bench.deeds()[0], Deed::Review(_, deed) if matches!(deed.as_ref(), Deed::Reject(..))));
    // The place in the queue stands above the diff.
    assert!(bench.text().contains("merge queue 2 of 2: conflict"), "{}", bench.text());
    let mut asks = hooks(120, 40);
    asks.app.town.rigs[1].agents[0].state = AgentState::NeedsYou;
    asks.keys("m");
    assert!(said(&asks).contains("asks something first"), "{}", said(&asks));
}

#[test]
fn interaction_35_hunks_are_accepted_and_taken_out() {
    let mut bench = hooks(120, 40);
    bench.keys("enter } space");
    assert!(bench.text().contains("+2 −1 fine") && bench.text().contains("✓ 1 of 3"), "{}", bench.text());
    // On to the next; the same again takes it back.
    bench.keys("{ enter");
    assert!(bench.text().contains("let mut sum"), "{}", bench.text());
    bench.keys("space");
    assert!(bench.app.memory.reviews.is_empty());
    bench.keys("x");
    let text = bench.text();
    assert!(text.contains("Take this hunk out?") && text.contains("works there and is not told"), "{text}");
    bench.keys("enter");
    assert!(bench.deeds().is_empty(), "no is the default");
    bench.keys("x y");
    let deed = bench.deeds().remove(0);
    assert_eq!(deed.commands(), ["gt hooks reject shop/polecats/furiosa 'src/cart.rs:18'"]);
    let Deed::TakeOut { patch, back: false, .. } = deed.clone() else { panic!("{deed:?}") };
    assert!(patch.contains("--- a/src/cart.rs\n+++ b/src/cart.rs\n@@ -18,4 +18,4 @@"), "{patch}");
    // At a file's heading it is all that happened to the file; a new one goes as a whole.
    bench.keys("K x");
    assert!(bench.text().contains("Take all changes of this file out?"), "{}", bench.text());
    bench.keys("n J } x");
    assert!(bench.text().contains("Take this new file away?"), "{}", bench.text());
    bench.keys("y");
    let deed = bench.deeds().pop().unwrap();
    let Deed::TakeOut { patch, .. } = &deed else { panic!("{deed:?}") };
    assert!(patch.contains("new file mode 100644\n--- /dev/null\n+++ b/tests/cart.rs\n@@ -0,0 +1,1 @@"), "{patch}");
    // What is no text can only be remarked on.
    bench.keys("J x");
    assert!(said(&bench).contains("remark on it instead"), "{}", said(&bench));
    assert!(bench.text().contains("binary file, changed, 2.0 KiB → 39 KiB"), "{}", bench.text());
    bench.keys("j c Smaller, enter");
    let text = bench.text();
    assert!(text.contains("┃ you  Smaller,"), "on the line that tells of it too: {text}");
    bench.keys("m");
    let Some(Overlay::Message(message)) = &bench.app.overlay else { panic!("{:?}", bench.app.overlay) };
    assert!(message.text().contains("1. logo.png\n   Smaller,"), "{}", message.text());
}

#[test]
fn interaction_34_a_rollback_names_what_is_taken_back_and_no_is_the_default() {
    let mut bench = hooks(120, 40);
    bench.keys("R");
    assert!(said(&bench).contains("Choose a snapshot"), "{}", said(&bench));
    bench.effects.clear();
    bench.keys("tab j");
    assert!(bench.effects.contains(&Effect::Ask(Ask::Hook("shop/polecats/furiosa".into(), Some("5bbbbbbbbb".into())))));
    // What was compared with something else is not shown under the new heading.
    assert!(bench.text().contains("Reading what has changed") && !bench.text().contains("let mut sum"));
    let since = HookPicture { from: Some("5bbbbbbbbb".into()), ..picture() };
    bench.event(Event::Told(Told::Hook(Box::new(since), Inks::default())));
    assert!(bench.text().contains("since snapshot 2"), "{}", bench.text());
    bench.keys("R");
    assert!(said(&bench).contains("works there now: X stops it"), "{}", said(&bench));
    // The session of a dead agent is still known, but nobody works there.
    bench.app.town.rigs[1].agents[0].state = AgentState::Dead;
    bench.keys("R");
    let text = bench.text();
    assert!(text.contains("Roll shop/polecats/furiosa back to snapshot 2?") && text.contains("in 3 files"), "{text}");
    bench.keys("enter R y");
    assert_eq!(bench.deeds(), [Deed::Rollback("shop/polecats/furiosa".into(), 2)]);
    finish(&mut bench, Some(Deed::Rollback("shop/polecats/furiosa".into(), 3)));
    bench.keys("u");
    assert_eq!(bench.deeds().last(), Some(&Deed::Rollback("shop/polecats/furiosa".into(), 3)));
}

#[test]
fn long_lines_are_read_sideways() {
    let mut bench = hooks(120, 40);
    bench.keys("enter > >");
    let text = bench.text();
    assert!(text.contains("+4 −1  ›17") && text.contains("20 +  = lines.iter()"), "{text}");
    bench.keys("< < <");
    assert!(bench.text().contains("20 +     let sum: f64 = lines"), "{}", bench.text());
}

#[test]
fn hooks_are_chosen_healed_put_away_and_brought_back() {
    let mut bench = hooks(120, 40);
    bench.keys("j j");
    assert_eq!(bench.app.hooks.selected.as_deref(), Some("shop/polecats/rust"));
    assert!(
        bench.text().contains("worktree gone") && bench.text().contains("Reading what it changes"),
        "{}",
        bench.text()
    );
    bench.keys("r d y");
    let agent = "shop/polecats/rust".to_owned();
    assert_eq!(bench.deeds(), [Deed::Repair(agent.clone()), Deed::ArchiveHook(agent)]);
    bench.keys(".");
    assert!(bench.effects.contains(&Effect::Ask(Ask::Hooks(true))));
    // A late answer about another hook, or another commit, changes nothing.
    bench.event(Event::Told(Told::Hook(Box::new(picture()), inks())));
    assert!(bench.app.hooks.shown().is_none());
}

#[test]
fn a_changed_diff_leaves_the_cursor_at_its_line() {
    let mut bench = hooks(120, 40);
    bench.keys("enter } j j j j");
    let at = |bench: &Bench| {
        let row = bench.app.hooks.diff(&crate::cockpit::update::review(&bench.app))[bench.app.hooks.row];
        bench.app.hooks.line_at(row).map(|line| line.text.clone()).unwrap_or_default()
    };
    assert!(at(&bench).contains("let sum"), "{}", at(&bench));
    let mut grown = picture();
    let early =
        FilePatch { path: "a.rs".into(), hunks: vec![patch().files[0].hunks[1].clone()], ..FilePatch::default() };
    grown.patch.files.insert(0, early);
    bench.event(Event::Told(Told::Hook(Box::new(grown), Inks::default())));
    assert!(at(&bench).contains("let sum"), "{}", at(&bench));
    // The same again draws nothing.
    bench.app.dirty = None;
    let same = bench.app.hooks.picture.clone().unwrap();
    bench.event(Event::Told(Told::Hook(same, Inks::default())));
    assert!(bench.app.dirty.is_none());
}

#[test]
fn the_mouse_chooses_folds_and_scrolls_and_the_queue_leads_here() {
    let mut bench = hooks(120, 40);
    let click = |bench: &mut Bench, words: &str| {
        let text = bench.text();
        let (row, line) = text.lines().enumerate().find(|(_, line)| line.contains(words)).unwrap();
        let column = crate::base::text::width(&line[..line.find(words).unwrap()]);
        bench.event(Event::Mouse(crossterm::event::MouseEvent {
            kind: crossterm::event::MouseEventKind::Down(crossterm::event::MouseButton::Left),
            column: u16::try_from(column).unwrap(),
            row: u16::try_from(row).unwrap(),
            modifiers: KeyModifiers::NONE,
        }));
    };
    click(&mut bench, "tests/cart.rs");
    assert_eq!(bench.app.hooks.part, Part::Diff);
    click(&mut bench, "tests/cart.rs");
    assert!(!bench.text().contains("#[test]"), "folded: {}", bench.text());
    click(&mut bench, "a minute has passed");
    assert_eq!((bench.app.hooks.part, bench.app.hooks.step), (Part::Steps, 1));
    let mut bench = Bench::new(120, 40);
    bench.keys("Q enter");
    assert_eq!((bench.app.view, bench.app.hooks.selected.as_deref()), (View::Hooks, Some("shop/polecats/toast")));
}
