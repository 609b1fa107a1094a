//! Everything by name: what can be done and where one can go, ranked when what was typed or what there is changes, not when it is drawn.

use std::collections::BTreeMap;

use super::actions::{self, Action, Context, TABLE};
use super::app::App;
use super::beads::Stand;
use super::dialogs::Query;
use super::fuzzy::{self, Hit};
use super::marks;

/// Everything by name.
#[derive(Debug, Clone, Default)]
pub struct Palette {
    /// What was typed.
    pub query: Query,
    /// Only places to go to, with a look at them.
    pub places: bool,
    /// All there is, as it was when it was last looked at.
    all: Vec<PaletteRow>,
    /// Those that match.
    hits: Vec<Hit>,
    /// What `all` was made of, and what `hits` was ranked by.
    known: Option<Known>,
    ranked: Option<String>,
}

/// What the rows are made of.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    town: u64,
    beads: u64,
    sets: BTreeMap<String, Vec<String>>,
    actions: Vec<PaletteRow>,
}

/// What a palette row does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// An action.
    Do(Action),
    /// Go to the view in which something can be done.
    Where(Context, Action),
    /// Go to an agent.
    Agent(String),
    /// Go to a convoy, by its id.
    Convoy(String),
    /// Show only one rig.
    Rig(String),
    /// Go to a bead.
    Bead(String),
    /// Show a set of tiles.
    Set(String),
}

impl Choice {
    /// The command line that does or shows the same.
    pub fn command(&self, app: &App) -> Option<String> {
        match self {
            Self::Do(action) | Self::Where(_, action) => actions::command(*action, app),
            Self::Agent(address) => Some(format!("gt attach {address}")),
            Self::Convoy(id) => Some(format!("gt convoy show {id}")),
            Self::Rig(name) => Some(format!("gt rig status {name}")),
            Self::Bead(id) => Some(format!("bd show {id}")),
            Self::Set(_) => None,
        }
    }
}

/// A row of the palette.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaletteRow {
    /// What it does.
    pub choice: Choice,
    /// What is matched and shown.
    pub text: String,
    /// action, agent, convoy or rig.
    pub kind: &'static str,
    /// Its key, or more about it.
    pub note: String,
    /// Why it can't be done now.
    pub why_not: Option<String>,
}

impl Palette {
    /// Only places to go to.
    pub fn of_places() -> Self {
        Self { places: true, ..Self::default() }
    }

    /// The rows that match, the best first.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (&PaletteRow, &Hit)> {
        self.hits.iter().map(|hit| (&self.all[hit.index], hit))
    }

    /// The highlighted row.
    pub fn chosen(&self) -> Option<&PaletteRow> {
        self.hits.get(self.query.row).map(|hit| &self.all[hit.index])
    }

    /// Looks again at what there is and ranks it, where something changed. `app` has no dialog open: what can be done is asked of what
    /// lies below.
    pub(super) fn refresh(&mut self, app: &App) {
        let known = Known {
            town: app.generation,
            beads: app.beads.taken,
            sets: app.memory.sets.clone(),
            actions: if self.places { Vec::new() } else { action_rows(app) },
        };
        if self.known.as_ref() != Some(&known) {
            self.all = known.actions.clone();
            self.all.extend(place_rows(app));
            self.known = Some(known);
            self.ranked = None;
        }
        if self.ranked.as_ref() != Some(&self.query.text) {
            let texts: Vec<&str> = self.all.iter().map(|row| row.text.as_str()).collect();
            let elsewhere = |hit: &Hit| matches!(self.all[hit.index].choice, Choice::Where(..));
            // What is meant is more often here than in another view.
            let (last, first): (Vec<Hit>, Vec<Hit>) =
                fuzzy::rank(&self.query.text, &texts).into_iter().partition(elsewhere);
            self.hits = first.into_iter().chain(last).collect();
            self.ranked = Some(self.query.text.clone());
        }
        self.query.row = self.query.row.min(self.hits.len().saturating_sub(1));
    }
}

/// What can be done: here, in every view, and in others.
fn action_rows(app: &App) -> Vec<PaletteRow> {
    let here = actions::context_below(app);
    let own = |action: Action| here != Context::Main && actions::spec(action, here).is_some();
    let mut specs: Vec<_> = TABLE
        .iter()
        .filter(|spec| spec.context.is_view())
        // What the view does with a key of its own it does with the action too.
        .filter(|spec| spec.context != Context::Main || !own(spec.action))
        .filter(|spec| !matches!(spec.action, Action::Down | Action::Up | Action::Palette | Action::Back))
        .collect();
    specs.sort_by_key(|spec| match spec.context {
        context if context == here => 0,
        Context::Main => 1,
        _ => 2,
    });
    let row = |spec: &&'static actions::Spec| {
        let elsewhere = spec.context != here && spec.context != Context::Main;
        let key = app.keymap.key(spec).unwrap_or_default();
        let place = actions::place(spec.context);
        PaletteRow {
            choice: if elsewhere { Choice::Where(spec.context, spec.action) } else { Choice::Do(spec.action) },
            text: format!("{} · {}", spec.words, spec.about),
            kind: "action",
            note: if elsewhere { format!("{place} · {key}") } else { key },
            why_not: if elsewhere { None } else { actions::available(spec.action, app).err() },
        }
    };
    specs.iter().map(row).collect()
}

/// Where one can go.
fn place_rows(app: &App) -> Vec<PaletteRow> {
    let row = |choice, text, kind, note| PaletteRow { choice, text, kind, note, why_not: None };
    let mut rows = Vec::new();
    for agent in app.town.all_agents() {
        let title = agent.title.as_deref().unwrap_or("no work");
        let text = format!("{} · {title}", agent.address);
        rows.push(row(Choice::Agent(agent.address.clone()), text, "agent", marks::word(agent.state).to_owned()));
    }
    for convoy in &app.town.convoys {
        let text = format!("{} {}", convoy.title, convoy.id);
        let note = format!("{}/{}", convoy.done, convoy.total);
        rows.push(row(Choice::Convoy(convoy.id.clone()), text, "convoy", note));
    }
    for rig in &app.town.rigs {
        let note = format!("{} agents", rig.agents.len());
        rows.push(row(Choice::Rig(rig.name.clone()), rig.name.clone(), "rig", note));
    }
    for (name, agents) in &app.memory.sets {
        let note = format!("{} tiles", agents.len());
        rows.push(row(Choice::Set(name.clone()), name.clone(), "tiles", note));
    }
    for bead in app.beads.lines.iter().flatten() {
        let text = format!("{} {}", bead.id, bead.title);
        rows.push(row(Choice::Bead(bead.id.clone()), text, "bead", Stand::of(bead).words().to_owned()));
    }
    rows
}
