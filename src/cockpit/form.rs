//! Texts of several fields, written in place: a bead, or a message.

use tui_textarea::TextArea;

use super::app::App;
use super::deeds::{BeadText, Deed};
use super::dialogs::area;
use crate::view::BeadDetail;

/// What a form is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A new bead.
    NewBead,
    /// A bead that is there.
    Bead(String),
    /// A message.
    Letter,
}

/// One field.
#[derive(Debug)]
pub struct Entry {
    /// Its name.
    pub label: &'static str,
    /// Its text.
    pub area: TextArea<'static>,
    /// The rows it takes; 0 takes what is left.
    pub rows: u16,
}

/// A text that is being written.
#[derive(Debug)]
pub struct Form {
    /// What it is for.
    pub subject: Subject,
    /// The fields in order.
    pub entries: Vec<Entry>,
    /// The one that is written in.
    pub at: usize,
    /// The rig whose ledger a bead goes to.
    pub rig: String,
    /// The rigs there are.
    pub rigs: Vec<String>,
    /// The priority.
    pub priority: u8,
    /// The type of a bead.
    pub kind: String,
    /// The texts as they were, so that leaving them unsaved is noticed.
    before: Vec<String>,
    /// Leaving was asked for although something would be lost; the next time it is done.
    pub warned: bool,
}

/// The types a form offers.
const KINDS: [&str; 5] = ["task", "bug", "feature", "chore", "epic"];

impl Form {
    fn of_entries(app: &App, subject: Subject, entries: Vec<(&'static str, u16, &str, &str)>) -> Self {
        let entries: Vec<Entry> = entries
            .into_iter()
            .map(|(label, rows, hint, text)| Entry { label, area: area(hint, text, &app.theme), rows })
            .collect();
        let before = entries.iter().map(text_of).collect();
        let mut rigs: Vec<String> = app.town.rigs.iter().map(|rig| rig.name.clone()).collect();
        rigs.push("hq".to_owned());
        let rig = rigs[0].clone();
        Self { subject, entries, at: 0, rig, rigs, priority: 2, kind: "task".to_owned(), before, warned: false }
    }

    fn for_bead(app: &App, subject: Subject, texts: [&str; 4]) -> Self {
        let [title, body, acceptance, labels] = texts;
        Self::of_entries(
            app,
            subject,
            vec![
                ("title", 1, "What is to be done, in one line", title),
                ("text", 0, "Why, and how", body),
                ("done when", 3, "How to see that it is done", acceptance),
                ("labels", 1, "parted by commas", labels),
            ],
        )
    }

    /// A form for a new bead of `rig`.
    pub fn new(app: &App, rig: Option<String>) -> Self {
        let mut form = Self::for_bead(app, Subject::NewBead, ["", "", "", ""]);
        form.rig = rig.filter(|rig| form.rigs.contains(rig)).unwrap_or(form.rig);
        form
    }

    /// A form with what a bead says.
    pub fn of(app: &App, bead: &BeadDetail) -> Self {
        let labels = bead.labels.join(", ");
        let texts = [bead.line.title.as_str(), &bead.description, &bead.acceptance, &labels];
        Self {
            rig: bead.line.rig.clone(),
            priority: bead.line.priority,
            kind: bead.line.issue_type.clone(),
            ..Self::for_bead(app, Subject::Bead(bead.line.id.clone()), texts)
        }
    }

    /// A form for a message to `to`, which may still be empty.
    pub fn letter(app: &App, to: &str) -> Self {
        let mut form = Self::of_entries(
            app,
            Subject::Letter,
            vec![
                ("to", 1, "mayor/, a rig's crew or worker: shop/crew/ada", to),
                ("subject", 1, "What it is about", ""),
                ("text", 0, "What it says", ""),
            ],
        );
        form.at = usize::from(!to.is_empty());
        form
    }

    /// The heading.
    pub fn title(&self) -> String {
        match &self.subject {
            Subject::NewBead => format!("a new bead in {}", self.rig),
            Subject::Bead(id) => format!("change {id}"),
            Subject::Letter => "a message".to_owned(),
        }
    }

    /// The rows the dialog would like to have.
    pub fn height(&self) -> u16 {
        22
    }

    /// The text of a field as it would be saved.
    fn text(&self, label: &str) -> String {
        self.entries.iter().find(|entry| entry.label == label).map(text_of).unwrap_or_default()
    }

    /// Goes on to the next field, or back.
    pub fn step(&mut self, forward: bool) {
        let count = self.entries.len();
        self.at = if forward { self.at + 1 } else { self.at + count - 1 } % count;
    }

    /// Whether closing it would lose something.
    pub fn changed(&self) -> bool {
        self.entries.iter().map(text_of).ne(self.before.iter().cloned())
    }

    /// The next type round.
    pub fn next_kind(&mut self) {
        let place = KINDS.iter().position(|kind| *kind == self.kind).map_or(0, |place| place + 1);
        self.kind = KINDS[place % KINDS.len()].to_owned();
    }

    /// The next rig round; a bead that is there stays where it is.
    pub fn next_rig(&mut self) {
        if self.subject == Subject::NewBead && !self.rigs.is_empty() {
            let place = self.rigs.iter().position(|rig| *rig == self.rig).map_or(0, |place| place + 1);
            self.rig.clone_from(&self.rigs[place % self.rigs.len()]);
        }
    }

    /// What saving does.
    ///
    /// # Errors
    /// What is missing, as a sentence.
    pub fn deed(&self) -> Result<Deed, &'static str> {
        let title = self.text(if self.subject == Subject::Letter { "subject" } else { "title" });
        if title.is_empty() {
            return Err(if self.subject == Subject::Letter { "It needs a subject" } else { "It needs a title" });
        }
        let text = || BeadText {
            title: title.clone(),
            body: self.text("text"),
            acceptance: self.text("done when"),
            labels: self
                .text("labels")
                .split(',')
                .map(str::trim)
                .filter(|word| !word.is_empty())
                .map(Into::into)
                .collect(),
            priority: self.priority,
            kind: self.kind.clone(),
        };
        Ok(match &self.subject {
            Subject::NewBead => Deed::CreateBead { rig: self.rig.clone(), text: text() },
            Subject::Bead(id) => Deed::EditBead { id: id.clone(), text: text() },
            Subject::Letter => {
                let to = self.text("to");
                if to.is_empty() {
                    return Err("Say whom it is for");
                }
                Deed::Write { to, subject: title, text: self.text("text") }
            }
        })
    }
}

fn text_of(entry: &Entry) -> String {
    let (glue, lines) = (if entry.rows == 1 { " " } else { "\n" }, entry.area.lines());
    lines.join(glue).trim_end().trim_start_matches('\n').to_owned()
}
