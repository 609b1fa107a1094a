//! Going to what can be seen: by its place, or by a letter put beside it.

use super::super::app::{App, Pane, Row, View};
use super::super::keys::Chord;
use super::super::layout::Hit;
use super::moves;

/// The letters, the easiest to reach first.
const LETTERS: &str = "asdfghjklqwertyuiopzxcvbnm";

/// Something in sight with its letter: where the letter stands and what it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The letter.
    pub letter: char,
    /// Its column and row.
    pub at: (u16, u16),
    /// What it stands beside.
    pub hit: Hit,
}

/// Letters for everything that can be seen, from the top left.
pub fn labels(app: &App) -> Vec<Label> {
    let rows = app.agent_rows();
    let worth = |hit: &Hit| match hit {
        Hit::Row(Pane::Agents, index) => matches!(rows.get(*index), Some(Row::Agent(_))),
        Hit::Row(Pane::Rigs | Pane::Convoys | Pane::Needs, _) => true,
        Hit::Terminal(_) => app.view == View::Agents,
        _ => false,
    };
    let places = app.layout.hits.iter().filter(|(_, hit)| worth(hit));
    places
        .zip(LETTERS.chars())
        .map(|((area, hit), letter)| Label { letter, at: (area.x, area.y), hit: hit.clone() })
        .collect()
}

/// Puts the letters there.
pub(super) fn begin(app: &mut App) {
    if labels(app).is_empty() {
        app.say("There is nothing in sight to jump to", false);
    } else {
        app.jumping = true;
    }
}

/// The key after the letters were put there.
pub(super) fn key(app: &mut App, chord: Chord) {
    app.jumping = false;
    let Some(label) = chord.character().and_then(|c| labels(app).into_iter().find(|label| label.letter == c)) else {
        app.say("No such letter; nothing moved", false);
        return;
    };
    match label.hit {
        Hit::Row(pane @ (Pane::Agents | Pane::Needs), index) => {
            let address = match pane {
                Pane::Agents => app.agent_rows().into_iter().nth(index).and_then(|row| match row {
                    Row::Agent(address) => Some(address),
                    _ => None,
                }),
                _ => app.needing().get(index).map(|agent| agent.address.clone()),
            };
            app.pane = pane;
            if let Some(address) = address {
                moves::select(app, address);
            }
        }
        Hit::Row(pane, index) => {
            moves::focus(app, pane);
            match pane {
                Pane::Rigs => app.rig = index,
                Pane::Convoys => app.convoy = index,
                _ => {}
            }
        }
        Hit::Terminal(address) => moves::select(app, address),
        _ => {}
    }
}

/// Goes to the agent whose place among those in sight was pressed.
pub(super) fn pick(app: &mut App) {
    let Some(place) = app.pressed.and_then(|c| c.to_digit(10)) else { return };
    let agents: Vec<String> = match app.view {
        View::Agents => app.layout.tiles.iter().map(|tile| tile.address.clone()).collect(),
        _ => app.agent_order(),
    };
    match agents.get(place as usize - 1) {
        Some(address) => {
            if !matches!(app.view, View::Town | View::Agents) {
                app.view = View::Town;
            }
            app.pane = Pane::Agents;
            moves::select(app, address.clone());
        }
        None => app.say(format!("There is no agent {place}; there are {}", agents.len()), false),
    }
}
