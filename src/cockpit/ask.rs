//! What a view asks of the ledger while it is looked at, and what it is told.

use crate::view::{BeadDetail, BeadLine, Delays, HookPicture, HookRow, Letter, LogLine, RequestDetail, Topic};

use super::app::{App, Overlay, View};
use super::beads::Shape;
use super::costs::{Span, Spent};
use super::ink::Inks;

/// Every so many seconds it is looked at what an agent at work has changed.
const LIVE: i64 = 2;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// The beads that contain a text; closed ones too.
    Beads(String, bool),
    /// One bead in full.
    Bead(String),
    /// The person's mail.
    Mail,
    /// One merge request with its log.
    Request(String),
    /// What is set for the town and its rigs.
    Settings,
    /// What the models cost: by which group, from when on.
    Costs(usize, Span),
    /// The event log: what contains a text, of a topic.
    Log(String, Topic),
    /// What keeps a convoy.
    Delays(String),
    /// The hooks; archived ones too.
    Hooks(bool),
    /// One hook in full, compared with a commit or else its target.
    Hook(String, Option<String>),
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// Beads.
    Beads(Vec<BeadLine>),
    /// One bead.
    Bead(Box<BeadDetail>),
    /// Mail.
    Mail(Vec<Letter>),
    /// A merge request.
    Request(Box<RequestDetail>),
    /// What was spent today, in words.
    Today(Option<String>),
    /// What was spent.
    Costs(Box<Spent>),
    /// What keeps convoys.
    Delays(Delays),
    /// Hooks.
    Hooks(Vec<HookRow>),
    /// One hook with the colours of its code.
    Hook(Box<HookPicture>, Inks),
    /// What is set.
    Settings(Vec<Setting>),
    /// The event log.
    Log(Vec<LogLine>),
}

/// Where a setting is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Home {
    /// `settings/cockpit.toml`.
    #[default]
    Cockpit,
    /// The town's settings.
    Town,
    /// Those of a rig.
    Rig(String),
}

/// The kind of value a setting takes, as far as a person chooses it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Takes {
    /// On or off.
    Flag,
    /// One of these.
    Words(Vec<String>),
    /// What is typed, and what that should look like.
    #[default]
    Text,
    /// Keys, parted by commas.
    Keys,
}

/// Something that is set somewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setting {
    /// The heading it comes under.
    pub place: String,
    /// Where it is written.
    pub home: Home,
    /// Its name there.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// What it is set to.
    pub value: String,
    /// The layer the value comes from.
    pub layer: String,
    /// Whether it is set in the file of its home, so that it can be taken out there.
    pub own: bool,
    /// What it means.
    pub about: String,
    /// The kind of value it takes.
    pub takes: Takes,
}

impl Setting {
    /// The command line that sets it to `value`; that takes it out when there is none.
    pub fn command(&self, value: Option<&str>) -> String {
        command(&self.home, &self.key, value)
    }
}

/// The command line that sets `key` to `value`; that takes it out when there is none.
pub fn command(home: &Home, key: &str, value: Option<&str>) -> String {
    let word = value.map(|value| format!(" {}", crate::base::text::shell_word(value))).unwrap_or_default();
    let verb = if value.is_some() { "set" } else { "unset" };
    match home {
        Home::Cockpit => format!("gt cockpit --{verb} {key}{word}"),
        Home::Town => format!("gt config {verb} {key}{word}"),
        Home::Rig(rig) => format!("gt config {verb} {key}{word} --rig {rig}"),
    }
}

/// What the screen as it is wants to know, each with the moment from which an answer is too old.
pub fn wanted(app: &App) -> Vec<(Ask, u64)> {
    let now = app.generation;
    let palette = matches!(app.overlay, Some(Overlay::Palette(_)));
    let mut asks = Vec::new();
    match app.view {
        View::Beads => {
            // A board without what is done would be half a board.
            let closed = app.beads.closed || app.beads.shape == Shape::Board;
            // The palette finds all of them.
            let filter = if palette { String::new() } else { app.filter.clone() };
            asks.push((Ask::Beads(filter, closed), now));
            asks.extend(app.beads.selected.clone().map(|id| (Ask::Bead(id), now)));
        }
        View::Mail => asks.push((Ask::Mail, now)),
        View::Queue => {
            if let Some(entry) = app.selected_request() {
                // A gate writes its log without a word to the ledger.
                let live = if matches!(entry.state.as_str(), "gating" | "rebased" | "pushing") {
                    u64::try_from(app.now.unix_seconds()).unwrap_or(0)
                } else {
                    0
                };
                asks.push((Ask::Request(entry.id.clone()), now + live));
            }
        }
        View::Convoys => {
            let convoy = app.selected_convoy().map(|convoy| convoy.id.clone()).unwrap_or_default();
            asks.push((Ask::Delays(convoy), now));
        }
        View::Hooks => {
            asks.push((Ask::Hooks(app.hooks.archived), now));
            if let Some(agent) = app.hooks.selected.clone() {
                // Files change without a word to the ledger while somebody works there.
                let works = app.works(&agent);
                let live = if works { u64::try_from(app.now.unix_seconds() / LIVE).unwrap_or(0) } else { 0 };
                asks.push((Ask::Hook(agent, app.hooks.from()), now + live));
            }
        }
        View::Settings => asks.push((Ask::Settings, now + app.changes)),
        View::Feed => asks.push((Ask::Log(app.filter.clone(), app.log.topic), now)),
        // Transcripts grow without a word to the ledger; they are read as often as the sum on top is.
        View::Costs => asks.push((Ask::Costs(app.costs.by, app.costs.span), app.priced)),
        _ => {}
    }
    if palette && app.view != View::Beads {
        asks.push((Ask::Beads(String::new(), false), now));
    }
    asks
}
