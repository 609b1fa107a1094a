//! Telling the person beside the screen: how agents came to be, and what their terminals ring and say.

use std::collections::BTreeMap;

use crate::terminal::TermEvent;
use crate::view::AgentState;

use super::super::app::{App, Effect};
use super::super::settings::Occasion;

/// How all agents are.
pub(super) fn states(app: &App) -> BTreeMap<String, AgentState> {
    app.town.all_agents().map(|agent| (agent.address.clone(), agent.state)).collect()
}

/// Whether the person sees the agent's terminal now.
fn in_sight(app: &App, address: &str) -> bool {
    app.focused && app.overlay.is_none() && app.layout.tile(address).is_some()
}

fn muted(app: &App, address: &str) -> bool {
    let Some(rig) = address.split('/').next() else { return false };
    let snoozed = app.memory.snoozed.get(rig).is_some_and(|until| *until > app.now);
    snoozed || app.settings.mute.iter().any(|muted| muted == rig)
}

/// How long a rig is hushed.
const SNOOZE_SECONDS: i64 = 15 * 60;

/// Tells nothing of the selected agent's rig for a while; asked again, tells again.
pub(super) fn snooze(app: &mut App) {
    let Some(rig) = app.selected_agent().and_then(|agent| agent.address.split('/').next()).map(str::to_owned) else {
        return;
    };
    if app.memory.snoozed.remove(&rig).is_some() {
        app.say(format!("{rig} may notify you again"), false);
    } else {
        app.memory.snoozed.insert(rig.clone(), app.now.plus_seconds(SNOOZE_SECONDS));
        app.say(format!("{rig} does not notify you for 15 minutes; again ends that"), false);
    }
}

/// Tells of agents that are in another state than `before`, where the person wants to know of it.
pub(super) fn changed(app: &App, before: &BTreeMap<String, AgentState>, effects: &mut Vec<Effect>) {
    let fresh: Vec<_> = app
        .town
        .all_agents()
        .filter(|agent| before.get(&agent.address) != Some(&agent.state))
        // Of one that was not known before it only counts that it needs somebody.
        .filter(|agent| before.contains_key(&agent.address) || agent.state == AgentState::NeedsYou)
        .filter(|agent| Occasion::of(agent.state).is_some_and(|occasion| app.settings.tells(occasion)))
        .filter(|agent| !in_sight(app, &agent.address) && !muted(app, &agent.address))
        .collect();
    let words = |state: AgentState| match state {
        AgentState::NeedsYou => "needs you",
        AgentState::Stuck => "is stuck",
        AgentState::Dead => "is dead",
        AgentState::Done => "is done",
        _ => "waits for its limit",
    };
    if let [agent] = fresh.as_slice() {
        let why = agent.detail.clone().or_else(|| agent.title.clone()).unwrap_or_default();
        effects.push(Effect::Notify(format!("{} {}", agent.address, words(agent.state)), why));
    } else if let Some(first) = fresh.first() {
        let same = fresh.iter().all(|agent| agent.state == first.state);
        let names: Vec<String> = fresh
            .iter()
            .map(|agent| if same { agent.name.clone() } else { format!("{} {}", agent.name, words(agent.state)) })
            .collect();
        let title = match first.state {
            AgentState::NeedsYou if same => format!("{} agents need you", fresh.len()),
            AgentState::Done if same => format!("{} agents are done", fresh.len()),
            _ => format!("News of {} agents", fresh.len()),
        };
        effects.push(Effect::Notify(title, names.join(", ")));
    }
}

/// An agent's terminal rang, notified or copied.
pub(super) fn terminal(app: &mut App, session: &str, event: TermEvent, effects: &mut Vec<Effect>) {
    let agent = app.town.all_agents().find(|agent| agent.session.as_deref() == Some(session));
    let Some(address) = agent.map(|agent| agent.address.clone()) else { return };
    match event {
        TermEvent::Notification { title, body } => {
            let text = if title.is_empty() { body } else { format!("{title}: {body}") };
            if !muted(app, &address) {
                app.say(format!("{address}: {text}"), false);
                if app.settings.tells(Occasion::Message) && !in_sight(app, &address) {
                    effects.push(Effect::Notify(address, text));
                }
            }
        }
        TermEvent::Bell if app.settings.tells(Occasion::Bell) && !in_sight(app, &address) && !muted(app, &address) => {
            effects.push(Effect::Notify(format!("{address} rang"), String::new()));
        }
        // What the agent that is typed into copies is meant for the person's clipboard.
        TermEvent::Clipboard(text) if app.typing && app.selected.as_deref() == Some(address.as_str()) => {
            effects.push(Effect::Copy(text));
        }
        _ => {}
    }
}
