//! The beads view and its form.

use super::super::actions::Action;
use super::super::app::{App, Effect, Overlay};
use super::super::beads::Shape;
use super::super::deeds::Deed;
use super::super::dialogs::{Confirm, Message, Purpose, Sling};
use super::super::form::Form;
use super::acting;

/// An action of the view; `false` when it is none of its own.
pub(super) fn act(app: &mut App, action: Action, effects: &mut Vec<Effect>) -> bool {
    let selected = app.beads.selected.clone();
    match action {
        Action::Open => app.beads.open = !app.beads.open,
        Action::Back if app.beads.open => app.beads.open = false,
        Action::Shape => {
            app.beads.shape = app.beads.shape.next();
            app.beads.open = false;
        }
        Action::ShowClosed => app.beads.closed = !app.beads.closed,
        Action::ReadDown => read(app, 3),
        Action::ReadUp => read(app, -3),
        Action::NextPane if app.beads.shape == Shape::Board => app.beads.step_column(1),
        Action::PreviousPane if app.beads.shape == Shape::Board => app.beads.step_column(-1),
        Action::New => {
            let rig = app.beads.line().map(|line| line.rig.clone());
            app.overlay = Some(Overlay::Form(Box::new(Form::new(app, rig))));
        }
        Action::Edit => {
            if let Some(detail) = app.beads.shown().cloned() {
                app.overlay = Some(Overlay::Form(Box::new(Form::of(app, &detail))));
            } else {
                app.say("The bead is still being read", false);
            }
        }
        Action::Comment => {
            if let Some(id) = selected {
                app.overlay = Some(Overlay::Message(Box::new(Message::new(Purpose::Comment(id), &app.theme))));
            }
        }
        Action::Close => close(app, effects),
        Action::Sling => {
            let mut sling = Sling::new(app);
            sling.marks.clone_from(app.beads.marked.ids());
            if let Some(line) = app.beads.line().filter(|_| sling.marks.is_empty()) {
                sling.query.text.clone_from(&line.id);
            }
            sling.prefer(app.beads.subjects().iter().map(|line| line.rig.as_str()));
            app.overlay = Some(Overlay::Sling(Box::new(sling)));
            effects.push(Effect::LoadReady);
        }
        _ => return false,
    }
    true
}

/// Closes the marked beads, or the selected one; opens them again where all of them are closed.
fn close(app: &mut App, effects: &mut Vec<Effect>) {
    let chosen = app.beads.subjects();
    let open: Vec<_> = chosen.iter().filter(|line| line.status != "closed").collect();
    if open.is_empty() {
        let ids: Vec<String> = chosen.iter().map(|line| line.id.clone()).collect();
        if !ids.is_empty() {
            acting::begin(app, Deed::ReopenBeads(ids), effects);
        }
        return;
    }
    let question = match open.as_slice() {
        [one] => format!("Close {}?", one.id),
        several => format!("Close {} beads?", several.len()),
    };
    let mut lines: Vec<String> = match open.as_slice() {
        [one] => vec![one.title.clone()],
        several => several.iter().map(|line| format!("{}  {}", line.id, line.title)).collect(),
    };
    let counts = if open.len() == 1 { "It counts as done" } else { "They count as done" };
    lines.push(format!("{counts}; u or bd reopen takes that back."));
    let deed = Deed::CloseBeads(open.iter().map(|line| line.id.clone()).collect());
    app.overlay = Some(Overlay::Confirm(Confirm { question, lines, deed }));
}

fn read(app: &mut App, step: isize) {
    app.beads.reading = app.beads.reading.saturating_add_signed(step).min(2000);
}

/// An action of the form.
pub(super) fn form(app: &mut App, action: Action, effects: &mut Vec<Effect>) {
    let Some(Overlay::Form(form)) = &mut app.overlay else { return };
    match action {
        Action::SwitchSide => form.step(true),
        Action::PreviousPane => form.step(false),
        Action::NextPriority => form.priority = (form.priority + 1) % 5,
        Action::NextKind => form.next_kind(),
        Action::NextRig => form.next_rig(),
        Action::Send => match form.deed() {
            Ok(deed) => {
                app.overlay = None;
                acting::begin(app, deed, effects);
            }
            Err(why) => app.say(why, false),
        },
        _ => {}
    }
}
