//! Telling the person beside the screen: agents that came to need them, and what agents' terminals ring and say.

use std::collections::BTreeSet;

use crate::terminal::TermEvent;
use crate::view::AgentState;

use super::super::app::{App, Effect};

/// The agents that ask something now.
pub(super) fn asking(app: &App) -> BTreeSet<String> {
    let asking = app.town.all_agents().filter(|agent| agent.state == AgentState::NeedsYou);
    asking.map(|agent| agent.address.clone()).collect()
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

/// Tells of agents that did not ask `before`.
pub(super) fn needed(app: &App, before: &BTreeSet<String>, effects: &mut Vec<Effect>) {
    let fresh: Vec<_> = app
        .town
        .all_agents()
        .filter(|agent| agent.state == AgentState::NeedsYou && !before.contains(&agent.address))
        .filter(|agent| !in_sight(app, &agent.address) && !muted(app, &agent.address))
        .collect();
    if let [agent] = fresh.as_slice() {
        let why = agent.detail.clone().or_else(|| agent.title.clone()).unwrap_or_default();
        effects.push(Effect::Notify(format!("{} needs you", agent.address), why));
    } else if !fresh.is_empty() {
        let names: Vec<&str> = fresh.iter().map(|agent| agent.name.as_str()).collect();
        effects.push(Effect::Notify(format!("{} agents need you", fresh.len()), names.join(", ")));
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
                if !in_sight(app, &address) {
                    effects.push(Effect::Notify(address, text));
                }
            }
        }
        TermEvent::Bell if !in_sight(app, &address) && !muted(app, &address) => {
            effects.push(Effect::Notify(format!("{address} rang"), String::new()));
        }
        // What the agent that is typed into copies is meant for the person's clipboard.
        TermEvent::Clipboard(text) if app.typing && app.selected.as_deref() == Some(address.as_str()) => {
            effects.push(Effect::Copy(text));
        }
        _ => {}
    }
}
