//! Kept sets of tiles.

use super::super::app::{App, View};

/// Keeps the marked agents, or those shown now, as a set with the next free name.
pub(super) fn save(app: &mut App) {
    let agents: Vec<String> = if app.marked.is_empty() {
        app.layout.tiles.iter().map(|tile| tile.address.clone()).filter(|address| !address.is_empty()).collect()
    } else {
        app.marked.iter().cloned().collect()
    };
    let name = (1..).map(|n| format!("set {n}")).find(|name| !app.memory.sets.contains_key(name));
    let Some(name) = name.filter(|_| !agents.is_empty()) else {
        app.say("Mark the agents of the set first: space", false);
        return;
    };
    app.say(format!("Kept {} tiles as {name}; t goes through the sets", agents.len()), false);
    app.memory.sets.insert(name.clone(), agents);
    app.marked.clear();
    app.set_name = Some(name);
    app.view = View::Agents;
    app.zoom = false;
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
    app.set_name = names.get(place.map_or(0, |place| place + 1)).cloned();
    app.view = View::Agents;
    app.zoom = false;
    let words = app.set_name.clone().unwrap_or_else(|| "All agents".to_owned());
    app.say(words, false);
}
