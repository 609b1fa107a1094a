//! What a view asks of the ledger while it is looked at, and what it is told.

use crate::view::{BeadDetail, BeadLine, Delays, HookPicture, HookRow, Letter, RequestDetail};

use super::app::{App, Overlay, View};
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
    /// What the models cost.
    Costs,
    /// What keeps a convoy.
    Delays(String),
    /// The hooks; archived ones too.
    Hooks(bool),
    /// One hook in full, compared with a commit or else its target.
    Hook(String, Option<String>),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Beads.
    Beads(Vec<BeadLine>),
    /// One bead.
    Bead(Box<BeadDetail>),
    /// Mail.
    Mail(Vec<Letter>),
    /// A merge request.
    Request(Box<RequestDetail>),
    /// What was spent today, in words, and lines to read.
    Costs(Option<String>, Vec<(String, String)>),
    /// What keeps convoys.
    Delays(Delays),
    /// Hooks.
    Hooks(Vec<HookRow>),
    /// One hook with the colours of its code.
    Hook(Box<HookPicture>, Inks),
    /// Settings: where, what, value, the command that changes it.
    Settings(Vec<Setting>),
}

/// Something that is set somewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setting {
    /// The town, or a rig.
    pub place: String,
    /// What it is.
    pub name: String,
    /// What it is set to.
    pub value: String,
    /// The command that sets it; empty when there is none.
    pub command: String,
}

/// What the screen as it is wants to know, each with the moment from which an answer is too old.
pub fn wanted(app: &App) -> Vec<(Ask, u64)> {
    let now = app.generation;
    let mut asks = Vec::new();
    match app.view {
        View::Beads => {
            asks.push((Ask::Beads(app.filter.clone(), app.beads.closed), now));
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
                let works = app.town.agent(&agent).is_some_and(|agent| agent.session.is_some());
                let live = if works { u64::try_from(app.now.unix_seconds() / LIVE).unwrap_or(0) } else { 0 };
                asks.push((Ask::Hook(agent, app.hooks.from()), now + live));
            }
        }
        View::Settings => asks.push((Ask::Settings, now)),
        _ => {}
    }
    if matches!(app.overlay, Some(Overlay::Palette(_))) && app.view != View::Beads {
        asks.push((Ask::Beads(String::new(), false), now));
    }
    asks
}
