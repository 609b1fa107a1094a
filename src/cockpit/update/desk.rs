//! The views of mail, merge queue, feed and costs, and what the views ask of the ledger.

use super::super::actions::{self, Action};
use super::super::app::{App, Cause, Effect, Overlay, View};
use super::super::ask::{Told, wanted};
use super::super::costs::GROUPS;
use super::super::deeds::{Deed, Place};
use super::super::dialogs::{Confirm, Message, Purpose};
use super::super::form::Form;
use super::super::palette::Choice;
use super::{acting, dialogs, hooks, keys};
use crate::work::costs::By;

/// Asks what the screen wants to know and was not asked yet.
pub(super) fn ask(app: &mut App, effects: &mut Vec<Effect>) {
    let wanted = wanted(app);
    for question in &wanted {
        if !app.asked.contains(question) {
            effects.push(Effect::Ask(question.0.clone()));
        }
    }
    app.asked = wanted;
}

/// An answer came.
pub(super) fn told(app: &mut App, told: Told) {
    let changed = match told {
        Told::Beads(lines) => {
            let changed = app.beads.lines.as_ref() != Some(&lines);
            app.beads.take(lines);
            changed
        }
        Told::Bead(bead) => {
            let changed = app.beads.detail.as_ref() != Some(&bead);
            app.beads.detail = Some(bead);
            changed
        }
        Told::Mail(letters) => {
            let changed = app.mail.as_ref() != Some(&letters);
            app.letter = app.letter.min(letters.len().saturating_sub(1));
            app.marked_mail.retain(|id| letters.iter().any(|letter| letter.id == id));
            app.mail = Some(letters);
            changed
        }
        Told::Request(request) => {
            let changed = app.request.as_ref() != Some(&request);
            app.request = Some(request);
            changed
        }
        Told::Today(today) => {
            app.priced += 1;
            let changed = app.cost != today;
            app.cost = today;
            changed
        }
        Told::Costs(spent) => {
            let changed = app.costs.spent.as_ref() != Some(&spent);
            app.costs.spent = Some(spent);
            changed
        }
        Told::Log(lines) => {
            let changed = app.log.lines.as_ref() != Some(&lines);
            app.log.lines = Some(lines);
            changed
        }
        Told::Delays(delays) => {
            let changed = app.delays != delays;
            app.delays = delays;
            changed
        }
        Told::Hooks(rows) => hooks::list(app, rows),
        Told::Hook(picture, inks) => hooks::picture(app, picture, inks),
        Told::Settings(set) => {
            let changed = app.set != set;
            app.set = set;
            changed
        }
    };
    if changed {
        app.touch(Cause::Town);
    }
}

/// An action of these views; `false` when it is none of their own.
pub(super) fn act(app: &mut App, action: Action, effects: &mut Vec<Effect>) -> bool {
    match (app.view, action) {
        (View::Mail, Action::Open) => {
            let unread: Vec<String> =
                app.chosen_letters().iter().filter(|letter| !letter.read).map(|letter| letter.id.clone()).collect();
            if !unread.is_empty() {
                acting::begin(app, Deed::ReadMail(unread), effects);
            } else if !app.marked_mail.is_empty() {
                app.say("They count as read already", false);
            }
        }
        (View::Mail, Action::Reply) => {
            if let Some(letter) = letter(app) {
                let purpose = Purpose::Reply(letter.id, letter.subject);
                app.overlay = Some(Overlay::Message(Box::new(Message::new(purpose, &app.theme))));
            }
        }
        (View::Mail, Action::Archive) => {
            let ids: Vec<String> = app.chosen_letters().iter().map(|letter| letter.id.clone()).collect();
            if !ids.is_empty() {
                acting::begin(app, Deed::ArchiveMail(ids), effects);
            }
        }
        (View::Queue, Action::First | Action::Earlier | Action::Later | Action::Last) => {
            if let Some(id) = app.selected_request().map(|entry| entry.id.clone()) {
                let place = match action {
                    Action::First => Place::First,
                    Action::Earlier => Place::Earlier,
                    Action::Later => Place::Later,
                    _ => Place::Last,
                };
                acting::begin(app, Deed::Reorder(id, place), effects);
            }
        }
        (View::Queue, Action::Retry | Action::Approve | Action::StopMerge | Action::Reject) => {
            steer(app, action, effects);
        }
        (View::Queue, Action::Open) => {
            if let Some(worker) = app.selected_request().map(|entry| entry.worker.clone()) {
                hooks::go_to(app, &worker);
            }
        }
        (View::Queue, Action::ReadDown) => app.scroll.log = app.scroll.log.saturating_sub(3),
        (View::Queue, Action::ReadUp) => app.scroll.log = (app.scroll.log + 3).min(5000),
        (View::Mail, Action::New) => app.overlay = Some(Overlay::Form(Box::new(Form::letter(app, "")))),
        (View::Mail, Action::ReadDown) => app.scroll.log = (app.scroll.log + 3).min(5000),
        (View::Mail, Action::ReadUp) => app.scroll.log = app.scroll.log.saturating_sub(3),
        (View::Feed, Action::Open) => {
            if let Some(bead) = app.log.line().and_then(|line| line.line.bead.clone()) {
                dialogs::choose(app, Choice::Bead(bead), effects);
            }
        }
        (View::Feed, Action::Shape) => app.log.next_topic(),
        (View::Costs, Action::Shape) => {
            app.costs.by = (app.costs.by + 1) % GROUPS.len();
            app.costs.row = 0;
        }
        (View::Costs, Action::ShowClosed) => app.costs.span = app.costs.span.next(),
        (View::Costs, Action::Open) => go_to_cost(app, effects),
        _ => return false,
    }
    true
}

/// Does something with the marked merge requests, or the selected one, as far as they are in a state for it.
fn steer(app: &mut App, action: Action, effects: &mut Vec<Effect>) {
    let fit: Vec<(String, String)> = actions::fitting_requests(action, app)
        .iter()
        .map(|entry| (entry.id.clone(), format!("{}  {}", entry.source, entry.title)))
        .collect();
    let left = app.chosen_requests().len() - fit.len();
    let (ids, lines): (Vec<String>, Vec<String>) = fit.into_iter().unzip();
    if ids.is_empty() {
        return;
    }
    if left > 0 {
        app.say(format!("{left} of the marked left out: not {}", actions::states(action).0), false);
    }
    match action {
        Action::Reject => {
            app.overlay = Some(Overlay::Message(Box::new(Message::new(Purpose::Reject(ids), &app.theme))));
        }
        // What is merged is not taken back.
        Action::Approve if ids.len() > 1 => {
            let question = format!("Approve {} merge requests?", ids.len());
            app.overlay = Some(Overlay::Confirm(Confirm { question, lines, deed: Deed::Approve(ids) }));
        }
        Action::Approve => acting::begin(app, Deed::Approve(ids), effects),
        Action::StopMerge => acting::begin(app, Deed::StopMerge(ids), effects),
        _ => acting::begin(app, Deed::Retry(ids), effects),
    }
}

fn letter(app: &App) -> Option<crate::view::Letter> {
    app.mail.as_ref()?.get(app.letter).cloned()
}

/// Goes to what the selected row of the costs is the sum of.
fn go_to_cost(app: &mut App, effects: &mut Vec<Effect>) {
    let Some(spent) = &app.costs.spent else { return };
    let Some(key) = spent.rows.get(app.costs.row).map(|row| row.key.clone()) else { return };
    let choice = match GROUPS.get(spent.by).map(|(by, _)| *by) {
        Some(By::Agent) if app.town.agent(&key).is_some() => Choice::Agent(key),
        Some(By::Bead) => Choice::Bead(key),
        Some(By::Convoy) => Choice::Convoy(key),
        Some(By::Rig) => Choice::Rig(key),
        _ => {
            app.say(format!("{key} is nothing one can go to"), false);
            return;
        }
    };
    dialogs::choose(app, choice, effects);
}

/// A row of the view's list was clicked; again opens it.
pub(super) fn click(app: &mut App, index: usize, effects: &mut Vec<Effect>) {
    let before = place(app);
    match app.view {
        View::Beads => app.beads.select_row(index),
        View::Mail => app.letter = index,
        View::Settings => app.setting = index,
        View::Feed => app.log.select_row(index),
        View::Costs => app.costs.row = index,
        _ => return,
    }
    if before == place(app) {
        keys::act(app, Action::Open, effects);
    }
}

fn place(app: &App) -> usize {
    match app.view {
        View::Beads => app.beads.place(),
        View::Mail => app.letter,
        View::Feed => app.log.place(),
        View::Costs => app.costs.row,
        _ => app.setting,
    }
}
