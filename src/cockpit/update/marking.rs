//! Marks in the lists of agents, beads, messages and merge requests.

use super::super::actions::{self, Action, Context};
use super::super::app::{App, View};
use super::super::deeds::Deed;
use super::super::marked::Marked;
use super::moves;

/// Marks or unmarks in the list that is shown, and says what can be done with the marks.
pub(super) fn act(app: &mut App, action: Action) {
    let Some((order, here)) = rows(app) else { return };
    let Some(marked) = app.marks_mut() else { return };
    marked.act(action, &order, &here);
    let count = marked.len();
    if action == Action::Mark {
        moves::step(app, 1);
    }
    if count > 0 {
        let words = format!("{count} marked · {}", possible(app));
        app.say(words, false);
    }
}

/// The ids of the list that is shown, and the selected one.
fn rows(app: &App) -> Option<(Vec<String>, String)> {
    Some(match app.view {
        View::Beads => {
            let lines = app.beads.lines.as_deref().unwrap_or_default();
            let order = app.beads.rows().iter().map(|row| lines[row.index].id.clone()).collect();
            (order, app.beads.selected.clone()?)
        }
        View::Mail => {
            let letters = app.mail.as_deref().unwrap_or_default();
            let order = letters.iter().map(|letter| letter.id.clone()).collect();
            (order, letters.get(app.letter)?.id.clone())
        }
        View::Queue => (app.requests().map(|entry| entry.id.clone()).collect(), app.selected_request()?.id.clone()),
        _ => (app.agent_order(), app.selected.clone()?),
    })
}

/// What can be done with marks in the view that is shown, with its keys.
fn possible(app: &App) -> String {
    let deeds: &[Action] = match app.view {
        View::Beads => &[Action::Sling, Action::Close],
        View::Mail => &[Action::Archive, Action::Open],
        View::Queue => &[Action::Approve, Action::Retry, Action::StopMerge, Action::Reject],
        _ => &[Action::Message, Action::Stop],
    };
    let own = actions::of_view(app.view);
    let key = |action: Action| {
        let spec = actions::spec(action, own).or_else(|| actions::spec(action, Context::Main))?;
        Some((app.keymap.key(spec)?, spec.words))
    };
    let mut words: Vec<String> =
        deeds.iter().filter_map(|deed| key(*deed)).map(|(key, words)| format!("{key} {words}")).collect();
    words.extend(key(Action::Back).map(|(key, _)| format!("{key} unmark")));
    words.join(" · ")
}

/// Takes marks away that have served: `deed` is done with what was marked.
pub(super) fn used(app: &mut App, deed: &Deed) {
    let served = |marked: &mut Marked, ids: &[String]| {
        if ids.iter().any(|id| marked.contains(id)) {
            marked.clear();
        }
    };
    match deed {
        Deed::Stop(agents) | Deed::Tell { to: agents, .. } => {
            let addresses: Vec<String> = agents.iter().map(|agent| agent.address.clone()).collect();
            served(&mut app.marked, &addresses);
        }
        // The dialog may have left some of them out.
        Deed::Sling(order) => app.beads.marked.retain(|id| !order.beads.iter().any(|bead| bead == id)),
        Deed::CloseBeads(ids) | Deed::ReopenBeads(ids) => served(&mut app.beads.marked, ids),
        Deed::ReadMail(ids) | Deed::UnreadMail(ids) | Deed::ArchiveMail(ids) | Deed::RestoreMail(ids) => {
            served(&mut app.marked_mail, ids)
        }
        Deed::Approve(ids) | Deed::Retry(ids) | Deed::StopMerge(ids) | Deed::Reject(ids, _) => {
            served(&mut app.marked_requests, ids);
        }
        Deed::Review(_, deed) => used(app, deed),
        _ => {}
    }
}
