//! The convoys view: from a convoy to its members, and from a member to its agent, its changes or the sling dialog.

use super::super::actions::Action;
use super::super::app::{App, Effect, Overlay, Pane, View};
use super::super::dialogs::Sling;
use super::{hooks, moves};

/// An action of the view; `false` when it is none of its own.
pub(super) fn act(app: &mut App, action: Action, effects: &mut Vec<Effect>) -> bool {
    match action {
        Action::NextPane | Action::PreviousPane => turn(app),
        Action::Back if app.member.is_some() => app.member = None,
        Action::Open if app.member.is_none() => turn(app),
        Action::Open => open(app),
        Action::Sling => sling(app, effects),
        Action::ViewHooks => {
            let agent = member(app).and_then(|(_, agent)| agent);
            match agent {
                Some(agent) => hooks::go_to(app, &agent),
                None => return false,
            }
        }
        _ => return false,
    }
    true
}

/// Moves among the convoys, or among the members of one.
pub(super) fn step(app: &mut App, step: isize) {
    match app.member {
        Some(place) => app.member = Some(moves::stepped(place, step, app.members().len())),
        None => app.convoy = moves::stepped(app.convoy, step, app.convoys().len()),
    }
}

/// A member was clicked; the selected one opens.
pub(super) fn click(app: &mut App, index: usize) {
    if app.member == Some(index) {
        open(app);
    } else {
        app.member = Some(index);
    }
}

/// The selected member's bead, and who works on it.
fn member(app: &App) -> Option<(String, Option<String>)> {
    let members = app.members();
    let member = members.get(app.member?)?;
    Some((member.id.clone(), member.agent.clone()))
}

fn turn(app: &mut App) {
    app.member = if app.member.is_some() || app.members().is_empty() { None } else { Some(0) };
}

fn open(app: &mut App) {
    let Some((bead, agent)) = member(app) else { return };
    match agent.filter(|address| app.town.agent(address).is_some()) {
        Some(address) => {
            app.view = View::Town;
            app.pane = Pane::Agents;
            app.filter.clear();
            moves::select(app, address);
        }
        None => {
            app.view = View::Beads;
            app.filter.clear();
            app.beads.shape = super::super::beads::Shape::List;
            app.beads.closed |= app.members().iter().any(|member| member.id == bead && member.status == "closed");
            app.beads.selected = Some(bead);
        }
    }
}

/// Opens the sling dialog with the selected bead marked, or with all of the convoy that nobody has.
fn sling(app: &mut App, effects: &mut Vec<Effect>) {
    let free = |id: &str, agent: Option<&String>, status: &str| agent.is_none() && status != "closed" && !id.is_empty();
    let marks: Vec<String> = match member(app) {
        Some((bead, _)) => vec![bead],
        None => app
            .members()
            .into_iter()
            .filter(|member| free(&member.id, member.agent.as_ref(), &member.status) && !member.blocked)
            .map(|member| member.id.clone())
            .collect(),
    };
    let mut sling = Sling::new(app);
    sling.marks.extend(marks);
    app.overlay = Some(Overlay::Sling(Box::new(sling)));
    effects.push(Effect::LoadReady);
}
