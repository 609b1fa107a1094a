//! The state of the dialogs.

use std::collections::BTreeSet;

use tui_textarea::TextArea;

use crate::base::Timestamp;
use crate::view::ReadyBead;

use super::actions::{self, Action, Context, TABLE};
use super::app::{App, Order};
use super::ask::{Setting, Takes};
use super::deeds::{Agent, Deed, several};
use super::fuzzy::{self, Hit};
use super::review::Remark;
use super::theme::Theme;

/// A query and a highlighted row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// What was typed.
    pub text: String,
    /// The highlighted row among those that match.
    pub row: usize,
}

impl Query {
    /// Types `c`.
    pub fn push(&mut self, c: char) {
        self.text.push(c);
        self.row = 0;
    }

    /// Takes the last character back.
    pub fn pop(&mut self) {
        self.text.pop();
        self.row = 0;
    }

    /// Moves the highlight by `step`, within `rows`.
    pub fn step(&mut self, step: isize, rows: usize) {
        self.row = self.row.saturating_add_signed(step).min(rows.saturating_sub(1));
    }
}

/// All keys, narrowed by typing.
#[derive(Debug, Clone, Default)]
pub struct Help {
    /// What was typed.
    pub query: Query,
}

/// One line of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpLine {
    /// The keys in effect.
    pub keys: String,
    /// What they do.
    pub about: &'static str,
    /// Where they work, in words.
    pub place: &'static str,
    /// The action and its context.
    pub action: Action,
}

impl Help {
    /// The lines that match: first the keys of the place one is in, then those that work in every view, then all others.
    pub fn lines(&self, app: &App) -> Vec<HelpLine> {
        // Whoever begins with the slash that searches elsewhere means the same here.
        let text = self.query.text.strip_prefix('/').filter(|rest| !rest.is_empty()).unwrap_or(&self.query.text);
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        let here = actions::context_below(app);
        let mut specs: Vec<_> = TABLE.iter().collect();
        specs.sort_by_key(|spec| match spec.context {
            context if context == here => 0,
            Context::Main => 1,
            _ => 2,
        });
        specs
            .into_iter()
            .filter_map(|spec| {
                let keys = shown_keys(app, spec);
                let place = actions::place(spec.context);
                let text = format!("{keys} {} {} {} {place}", spec.name, spec.words, spec.about).to_lowercase();
                let matches = !keys.is_empty() && words.iter().all(|word| text.contains(word));
                let place = if place.is_empty() { "all views" } else { place };
                matches.then_some(HelpLine { keys, about: spec.about, place, action: spec.action })
            })
            .collect()
    }
}

/// The keys in effect; those in a row of digits in short.
fn shown_keys(app: &App, spec: &actions::Spec) -> String {
    let keys = app.keymap.keys(spec);
    if keys.len() > 4 && keys.iter().all(|key| key.len() == 1) {
        return format!("{} … {}", keys[0], keys[keys.len() - 1]);
    }
    keys.join("  ")
}

/// Which list of the sling dialog has the focus.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Side {
    /// The ready beads.
    #[default]
    Beads,
    /// Where they go.
    Target,
}

/// What slinging would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Preview {
    /// Nothing is marked.
    #[default]
    Empty,
    /// It is being found out.
    Asking,
    /// What would happen, line by line.
    Will(Vec<String>),
    /// Why it would be refused, and what to do.
    Refused(String),
}

/// The sling dialog.
#[derive(Debug, Clone, Default)]
pub struct Sling {
    /// The ready beads; none yet while they are being read.
    pub beads: Option<Vec<ReadyBead>>,
    /// Narrows and highlights beads.
    pub query: Query,
    /// The marked beads.
    pub marks: BTreeSet<String>,
    /// Which list has the focus.
    pub side: Side,
    /// Where they may go.
    pub targets: Vec<String>,
    /// Narrows and highlights targets.
    pub target: Query,
    /// The target was chosen by hand: it no longer follows the marks.
    pub steered: bool,
    /// What the workers run on; the rig's own choice when not given.
    pub runtime: Option<&'static str>,
    /// What would happen.
    pub preview: Preview,
    /// The number of the last question.
    pub asked: u64,
}

impl Sling {
    /// The dialog for a town: its rigs, and its idle agents, as targets; the rig at hand first.
    pub fn new(app: &App) -> Self {
        let mut targets: Vec<String> = app.town.rigs.iter().map(|rig| rig.name.clone()).collect();
        let marked = app.marked.ids().iter().filter_map(|address| app.town.agent(address)?.rig.as_deref());
        let at_hand = || app.selected_agent().and_then(|agent| agent.rig.as_deref());
        if let Some(rig) = most_frequent(marked).or_else(at_hand)
            && let Some(place) = targets.iter().position(|target| target == rig)
        {
            targets[..=place].rotate_right(1);
        }
        targets.extend(
            app.town
                .all_agents()
                .filter(|agent| agent.bead.is_none() && agent.session.is_some() && agent.rig.is_some())
                .map(|agent| agent.address.clone()),
        );
        Self { targets, ..Self::default() }
    }

    /// Chooses the rig that most of `rigs` are, unless the person chose a target.
    pub fn prefer<'a>(&mut self, rigs: impl Iterator<Item = &'a str>) {
        if !self.steered
            && let Some(rig) = most_frequent(rigs)
            && let Some(place) = self.targets.iter().position(|target| target == rig)
        {
            self.target.row = place;
        }
    }

    /// Chooses the rig that most of the marked beads belong to, as far as they are known.
    pub fn follow_marks(&mut self) {
        let rigs: Vec<String> = self
            .beads
            .iter()
            .flatten()
            .filter(|bead| self.marks.contains(&bead.id))
            .map(|bead| bead.rig.clone())
            .collect();
        self.prefer(rigs.iter().map(String::as_str));
    }

    /// The beads that match what was typed.
    pub fn shown(&self) -> Vec<(&ReadyBead, Hit)> {
        let Some(beads) = &self.beads else { return Vec::new() };
        let texts: Vec<String> =
            beads.iter().map(|bead| format!("{} {} {}", bead.id, bead.title, bead.issue_type)).collect();
        fuzzy::rank(&self.query.text, &texts).into_iter().map(|hit| (&beads[hit.index], hit)).collect()
    }

    /// The targets that match what was typed.
    pub fn shown_targets(&self) -> Vec<(&str, Hit)> {
        fuzzy::rank(&self.target.text, &self.targets)
            .into_iter()
            .map(|hit| (self.targets[hit.index].as_str(), hit))
            .collect()
    }

    /// The target that would be used.
    pub fn chosen_target(&self) -> Option<String> {
        self.shown_targets().get(self.target.row).map(|(target, _)| (*target).to_owned())
    }

    /// Goes on to the next runtime, and after the last back to the rig's own choice.
    pub fn next_runtime(&mut self) {
        let names: Vec<&'static str> = crate::runtime::builtin_names().collect();
        self.runtime = match self.runtime {
            None => names.first().copied(),
            Some(now) => names.iter().position(|name| *name == now).and_then(|place| names.get(place + 1)).copied(),
        };
    }

    /// What would be slung, when beads and target are chosen.
    pub fn order(&self) -> Option<Order> {
        let beads = self.chosen();
        let target = self.chosen_target()?;
        (!beads.is_empty()).then(|| Order { beads, target, runtime: self.runtime.map(str::to_owned) })
    }

    /// The beads that would be slung: the marked ones, or else the highlighted one.
    pub fn chosen(&self) -> Vec<String> {
        if !self.marks.is_empty() {
            return self.marks.iter().cloned().collect();
        }
        self.shown().get(self.query.row).map(|(bead, _)| bead.id.clone()).into_iter().collect()
    }
}

/// What is most often among `all`, the first of several.
fn most_frequent<'a>(all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for one in all {
        match counts.iter_mut().find(|(known, _)| *known == one) {
            Some((_, count)) => *count += 1,
            None => counts.push((one, 1)),
        }
    }
    counts.iter().rev().max_by_key(|(_, count)| *count).map(|(one, _)| *one)
}

/// What a text is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A message to agents.
    Tell(Vec<Agent>),
    /// A remark on a bead.
    Comment(String),
    /// An answer to a message: its id and subject.
    Reply(String, String),
    /// Why merge requests are turned down.
    Reject(Vec<String>),
    /// A remark on an agent's changes; a new one, or the one in that place.
    Remark(Box<Remark>, Option<usize>),
    /// The name of a set of tiles: the agents in it.
    Set(Vec<String>),
    /// All remarks on the changes of an agent, and how they are sent.
    Review(String, Box<Purpose>),
    /// The value of a setting.
    Value(Box<Setting>),
}

impl Purpose {
    /// The heading of the dialog.
    pub fn words(&self) -> String {
        match self {
            Self::Tell(to) if to.len() > 1 => format!("message to {} marked agents", to.len()),
            Self::Tell(to) => {
                format!("message to {}", to.first().map(|agent| agent.address.as_str()).unwrap_or_default())
            }
            Self::Comment(bead) => format!("remark on {bead}"),
            Self::Reply(_, subject) => format!("answer to \"{subject}\""),
            Self::Remark(remark, _) => format!("remark on {}", remark.place()),
            Self::Set(agents) => format!("what are these {} tiles called?", agents.len()),
            Self::Review(_, purpose) => match purpose.as_ref() {
                Self::Reject(requests) => {
                    format!("turn {} down with your remarks", several(requests, "merge requests"))
                }
                Self::Comment(bead) => format!("your remarks, for {bead}: its agent has gone"),
                other => format!("your remarks: {}", other.words()),
            },
            Self::Reject(requests) if requests.len() > 1 => {
                format!("why are {} turned down?", several(requests, "merge requests"))
            }
            Self::Reject(requests) => format!("why is {} turned down?", several(requests, "merge requests")),
            Self::Value(setting) => setting.key.clone(),
        }
    }
}

/// A text that is being written.
#[derive(Debug)]
pub struct Message {
    /// What it is for.
    pub purpose: Purpose,
    /// The text.
    pub area: TextArea<'static>,
}

impl Message {
    /// An empty text.
    pub fn new(purpose: Purpose, theme: &Theme) -> Self {
        Self { purpose, area: area("Write, then enter. Shift-enter or alt-enter begins a new line.", "", theme) }
    }

    /// A text that was begun already.
    pub fn with(purpose: Purpose, text: &str, theme: &Theme) -> Self {
        let words = if matches!(purpose, Purpose::Remark(..)) {
            "What should be different? Enter keeps it, nothing is sent yet."
        } else {
            "Write, then enter. Shift-enter or alt-enter begins a new line."
        };
        let mut area = area(words, text, theme);
        if matches!(purpose, Purpose::Set(_)) {
            // What is suggested goes when something else is typed.
            area.select_all();
        }
        Self { purpose, area }
    }

    /// The value of a setting as it is now.
    pub fn of_setting(setting: Setting, theme: &Theme) -> Self {
        let hint = match setting.takes {
            Takes::Keys => "keys parted by commas: s, ctrl-s, g o; nothing takes its keys away",
            _ => "its value, then enter",
        };
        let area = area(hint, &setting.value, theme);
        Self { purpose: Purpose::Value(Box::new(setting)), area }
    }

    /// The text as it would be sent.
    pub fn text(&self) -> String {
        self.area.lines().join("\n").trim().to_owned()
    }
}

/// A text field with a hint that stands in it while it is empty.
pub(super) fn area(placeholder: &str, text: &str, theme: &Theme) -> TextArea<'static> {
    let mut area = TextArea::from(text.lines());
    area.set_cursor_line_style(ratatui::style::Style::new());
    area.set_placeholder_text(placeholder);
    area.set_placeholder_style(theme.dim());
    area.move_cursor(tui_textarea::CursorMove::Bottom);
    area.move_cursor(tui_textarea::CursorMove::End);
    area
}

/// One of a few words, for a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choose {
    /// The setting.
    pub setting: Setting,
    /// The words.
    pub words: Vec<String>,
    /// Narrows and highlights them.
    pub query: Query,
}

impl Choose {
    /// The dialog for a setting, at the word it has now.
    pub fn new(setting: Setting, words: Vec<String>) -> Self {
        let row = words.iter().position(|word| *word == setting.value).unwrap_or(0);
        Self { setting, words, query: Query { text: String::new(), row } }
    }

    /// The words that match what was typed.
    pub fn shown(&self) -> Vec<(&str, Hit)> {
        let hits = fuzzy::rank(&self.query.text, &self.words).into_iter();
        hits.map(|hit| (self.words[hit.index].as_str(), hit)).collect()
    }
}

/// The question of an agent, and the answer that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerBox {
    /// Who asks.
    pub agent: Agent,
    /// What was typed, where it takes words.
    pub text: String,
    /// The highlighted choice.
    pub row: usize,
    /// The next one that asks comes after this.
    pub drain: bool,
}

/// A question before something that can't be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirm {
    /// What would be done, naming the thing.
    pub question: String,
    /// What that means, line by line.
    pub lines: Vec<String>,
    /// What is done on yes.
    pub deed: Deed,
}

/// What was done from here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journal {
    /// What was typed, and the highlighted row.
    pub query: Query,
}

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalLine {
    /// When.
    pub at: Timestamp,
    /// The deed's number; nothing for a remark.
    pub task: Option<u64>,
    /// ` `, `…`, `✓`, `✗` or `↶`.
    pub mark: &'static str,
    /// What was done or said.
    pub text: String,
    /// More about it.
    pub note: String,
}

impl Journal {
    /// The lines that match, newest first.
    pub fn lines(&self, app: &App) -> Vec<JournalLine> {
        let mut lines = Vec::new();
        for task in &app.tasks {
            let (mark, note) = match &task.finished {
                _ if task.undone => ("↶", "taken back".to_owned()),
                None => ("…", task.far(app.now)),
                Some(finished) => (if finished.ok { "✓" } else { "✗" }, finished.text.clone()),
            };
            lines.push(JournalLine { at: task.begun, task: Some(task.id), mark, text: task.deed.words(), note });
            for part in task.finished.iter().flat_map(|finished| &finished.parts) {
                lines.push(JournalLine {
                    at: task.begun,
                    task: Some(task.id),
                    mark: " ",
                    text: format!("  {part}"),
                    note: String::new(),
                });
            }
        }
        for (at, text, bad) in &app.said {
            let mark = if *bad { "✗" } else { "›" };
            lines.push(JournalLine { at: *at, task: None, mark, text: text.clone(), note: String::new() });
        }
        let words: Vec<String> = self.query.text.split_whitespace().map(str::to_lowercase).collect();
        lines.retain(|line| {
            let text = format!("{} {}", line.text, line.note).to_lowercase();
            words.iter().all(|word| text.contains(word))
        });
        lines.sort_by_key(|line| std::cmp::Reverse(line.at));
        lines
    }
}

/// Something to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Note {
    /// What it is about.
    pub title: String,
    /// A word in front and the line itself.
    pub lines: Vec<(String, String)>,
    /// The first visible line.
    pub scroll: usize,
}
