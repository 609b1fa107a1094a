//! Kept sets of tiles.

use super::super::app::{App, Overlay, View};
use super::super::dialogs::{Message, Purpose};

/// Asks for the name of a set: the marked agents, or the tiles shown now.
pub(super) fn save(app: &mut App) {
    let agents: Vec<String> = if app.marked.is_empty() {
        app.layout.tiles.iter().map(|tile| tile.address.clone()).filter(|address| !address.is_empty()).collect()
    } else {
        app.marked.ids().iter().cloned().collect()
    };
    if agents.is_empty() {
        app.say("Mark the agents of the set first: space", false);
        return;
    }
    let free = (1..).map(|n| format!("set {n}")).find(|name| !app.memory.sets.contains_key(name));
    let name = app.set_name.clone().filter(|_| app.marked.is_empty()).or(free).unwrap_or_default();
    app.overlay = Some(Overlay::Message(Box::new(Message::with(Purpose::Set(agents), &name, &app.theme))));
}

/// Keeps a set under its name and shows it.
pub(super) fn keep(app: &mut App, name: String, agents: Vec<String>) {
    let name = name.lines().next().unwrap_or_default().trim().to_owned();
    app.say(format!("Kept {} tiles as {name}; t goes through the sets", agents.len()), false);
    app.memory.sets.insert(name.clone(), agents);
    app.marked.clear();
    app.set_name = Some(name);
    app.view = View::Agents;
    app.zoom = false;
    app.tile_order.clear();
}

/// Forgets the set that is shown.
pub(super) fn forget(app: &mut App) {
    if let Some(name) = app.set_name.take() {
        app.memory.sets.remove(&name);
        app.say(format!("{name} is forgotten; its agents go on"), false);
    }
}

/// How many tiles there may be at once.
const LAYOUTS: [u8; 6] = [1, 2, 4, 6, 9, 12];

/// Another number of tiles: as many as fit, then 1, 2, 4, 6, 9 and 12.
pub(super) fn next_layout(app: &mut App) {
    let place = LAYOUTS.iter().position(|count| *count == app.memory.tiles).map_or(0, |place| place + 1);
    app.memory.tiles = LAYOUTS.get(place).copied().unwrap_or(0);
    app.zoom = false;
    match app.memory.tiles {
        0 => app.say("As many tiles as fit", false),
        1 => app.say("One tile at a time", false),
        count => app.say(format!("{count} tiles at a time"), false),
    }
}

/// Shows the next set; after the last, all agents. A set whose agents are all gone is dropped.
pub(super) fn next(app: &mut App) {
    let town = &app.town;
    app.memory.sets.retain(|_, agents| agents.iter().any(|address| town.agent(address).is_some()));
    let names: Vec<String> = app.memory.sets.keys().cloned().collect();
    if names.is_empty() {
        app.say("No set is kept yet: mark agents with space, then S", false);
        return;
    }
    let place = app.set_name.as_ref().and_then(|name| names.iter().position(|other| other == name));
    app.tile_order.clear();
    app.set_name = names.get(place.map_or(0, |place| place + 1)).cloned();
    app.view = View::Agents;
    app.zoom = false;
    let words = app.set_name.clone().unwrap_or_else(|| "All agents".to_owned());
    app.say(words, false);
}
