//! Reviewing what an agent has changed: remarks on lines, hunks found to be fine or taken out, and sending all of it.

use super::super::actions::Action;
use super::super::app::{App, Cause, Overlay};
use super::super::deeds::{Agent, Deed};
use super::super::dialogs::{Confirm, Message, Purpose};
use super::super::hooks::{DiffRow, Part};
use super::super::review::{Remark, Review};
use crate::repo::Change;

/// The review of the selected hook.
pub fn review(app: &App) -> Review {
    let selected = app.hooks.selected.as_ref();
    selected.and_then(|agent| app.memory.reviews.get(agent)).cloned().unwrap_or_default()
}

fn change_review(app: &mut App, change: impl FnOnce(&mut Review)) {
    if let Some(agent) = app.hooks.selected.clone() {
        let review = app.memory.reviews.entry(agent.clone()).or_default();
        change(review);
        if review.is_empty() {
            app.memory.reviews.remove(&agent);
        }
    }
}

/// Begins a remark on what is chosen, or changes the one at the cursor.
pub(super) fn comment(app: &mut App) {
    let review = review(app);
    let here = app.hooks.diff(&review).get(app.hooks.row).copied();
    let (purpose, text) = match here {
        Some(DiffRow::Remark(_, place, _)) if app.hooks.part == Part::Diff => match review.remarks.get(place) {
            Some(remark) => (Purpose::Remark(Box::new(remark.clone()), Some(place)), remark.text.clone()),
            None => return,
        },
        _ => match app.hooks.chosen(&review) {
            Some((file, lines)) => (Purpose::Remark(Box::new(Remark::on(&file.path, &lines)), None), String::new()),
            None => {
                app.say("There is nothing to remark on", false);
                return;
            }
        },
    };
    app.hooks.part = Part::Diff;
    app.overlay = Some(Overlay::Message(Box::new(Message::with(purpose, &text, &app.theme))));
}

/// A remark was written; without words it is taken away.
pub(super) fn remarked(app: &mut App, mut remark: Remark, place: Option<usize>, text: String) {
    remark.text = text;
    let empty = remark.text.is_empty();
    change_review(app, |review| match place {
        Some(place) if place < review.remarks.len() && empty => drop(review.remarks.remove(place)),
        Some(place) if place < review.remarks.len() => review.remarks[place] = remark,
        _ if empty => {}
        _ => review.remarks.push(remark),
    });
    app.hooks.mark = None;
    let count = review(app).remarks.len();
    let key = super::super::actions::spec(Action::Message, super::super::actions::Context::Hooks)
        .and_then(|spec| app.keymap.key(spec))
        .unwrap_or_default();
    match count {
        0 => app.say("No remarks are left", false),
        1 => app.say(format!("One remark; {key} sends it"), false),
        many => app.say(format!("{many} remarks; {key} sends them"), false),
    }
}

/// Marks the hunk at the cursor as fine, or takes that back, and goes on to the next.
pub(super) fn fine(app: &mut App) {
    let known = review(app);
    let rows = app.hooks.diff(&known);
    let Some(row) = rows.get(app.hooks.row).copied() else { return };
    let names: Vec<String> = match (row, app.hooks.hunk_at(row)) {
        (DiffRow::File(file), _) => app
            .hooks
            .file(file)
            .map(|file| file.hunks.iter().map(|hunk| hunk.name(&file.path)).collect())
            .unwrap_or_default(),
        (_, Some((file, hunk))) => vec![hunk.name(&file.path)],
        _ => Vec::new(),
    };
    if names.is_empty() {
        app.say("Go to a hunk first: } and { go through them", false);
        return;
    }
    let back = names.iter().all(|name| known.fine.contains(name));
    change_review(app, |review| {
        for name in names {
            if back {
                review.fine.remove(&name);
            } else {
                review.fine.insert(name);
            }
        }
    });
    app.hooks.mark = None;
    // The cursor was in lines that are folded away now: back to the heading, and on.
    let heading = (0..=app.hooks.row.min(rows.len() - 1))
        .rev()
        .find(|place| matches!(rows[*place], DiffRow::Hunk(..) | DiffRow::File(_)));
    app.hooks.row = heading.unwrap_or(0);
    if !back {
        let rows = app.hooks.diff(&review(app));
        let next = (app.hooks.row + 1..rows.len()).find(|place| {
            matches!(rows[*place], DiffRow::Hunk(..))
                && app.hooks.hunk_at(rows[*place]).is_some_and(|(file, hunk)| !review(app).is_fine(file, hunk))
        });
        match next {
            Some(place) => app.hooks.row = place,
            None => app.say("That was the last hunk that was not looked at", false),
        }
    }
}

/// Asks whether the hunk at the cursor is to be taken out of the files.
pub(super) fn take_out(app: &mut App) {
    let review = review(app);
    let Some(row) = app.hooks.diff(&review).get(app.hooks.row).copied() else { return };
    if let DiffRow::Remark(_, place, _) = row {
        change_review(app, |review| {
            if place < review.remarks.len() {
                review.remarks.remove(place);
            }
        });
        app.say("The remark is gone", false);
        return;
    }
    let whole = matches!(row, DiffRow::File(_) | DiffRow::About(_));
    let found = match app.hooks.hunk_at(row).filter(|_| !whole) {
        Some((file, hunk)) => Some((file, hunk.new.0, file.alone(hunk))),
        None => app.hooks.file(row.file()).map(|file| (file, 0, file.whole())),
    };
    let Some((file, line, patch)) = found else { return };
    let Some(patch) = patch else {
        app.say(format!("{} is no text, or is not shown in full: remark on it instead", file.path), false);
        return;
    };
    let path = file.path.clone();
    let (question, becomes) = match (file.what, whole) {
        (Change::New, _) => ("Take this new file away?", format!("{path} is removed.")),
        (Change::Gone, _) => ("Bring this file back?", format!("{path} is there again, as it was.")),
        (_, true) => ("Take all changes of this file out?", format!("{path} becomes what it was.")),
        (_, false) => {
            ("Take this hunk out?", format!("{path}, from line {line}: the files become what they were there."))
        }
    };
    let Some(agent) = app.hooks.selected.clone() else { return };
    let works = app.works(&agent);
    let mut lines = vec![becomes, "A snapshot keeps what is there now; u puts it back.".to_owned()];
    if works {
        lines.push(String::new());
        lines.push("The agent works there and is not told; c remarks on it instead.".to_owned());
    }
    app.overlay = Some(Overlay::Confirm(Confirm {
        question: question.to_owned(),
        lines,
        deed: Deed::TakeOut { agent, path, line, patch, back: false },
    }));
}

/// Opens the remarks as one message: to the agent, or where it is gone, to its merge request or its bead.
pub(super) fn send(app: &mut App) {
    let Some(agent) = app.hooks.selected.clone() else { return };
    let review = review(app);
    let to = match recipient(app, &agent) {
        Ok(to) => to,
        Err(why) => {
            app.say(why, false);
            return;
        }
    };
    let (purpose, text) = if review.remarks.is_empty() {
        (to, String::new())
    } else {
        let against = app.hooks.shown().map_or("the target", |picture| picture.target.as_str());
        (Purpose::Review(agent, Box::new(to)), review.message(against))
    };
    app.overlay = Some(Overlay::Message(Box::new(Message::with(purpose, &text, &app.theme))));
}

/// Who reads what is said about a hook.
///
/// # Errors
/// The reason why nobody does.
pub fn recipient(app: &App, agent: &str) -> Result<Purpose, String> {
    if let Some(view) = app.town.agent(agent)
        && let Some(session) = view.session.clone().filter(|_| app.works(agent))
    {
        if view.state == crate::view::AgentState::NeedsYou {
            return Err(format!("{agent} asks something first: A and a answer it"));
        }
        return Ok(Purpose::Tell(vec![Agent { address: agent.to_owned(), session, bead: view.bead.clone() }]));
    }
    let request = app.town.rigs.iter().flat_map(|rig| &rig.queue).find(|entry| entry.worker == agent);
    if let Some(request) = request.filter(|request| !matches!(request.state.as_str(), "gating" | "pushing")) {
        return Ok(Purpose::Reject(vec![request.id.clone()]));
    }
    match app.hooks.rows.iter().flatten().find(|row| row.agent == agent) {
        Some(row) if !row.bead.is_empty() => Ok(Purpose::Comment(row.bead.clone())),
        _ => Err(format!("{agent} has no running session and no bead to write to")),
    }
}

/// A deed of this view was done.
pub(super) fn done(app: &mut App, deed: &Deed) {
    if let Deed::Review(agent, _) = deed
        && let Some(review) = app.memory.reviews.get_mut(agent)
    {
        review.remarks.clear();
        if review.is_empty() {
            app.memory.reviews.remove(agent);
        }
        app.touch(Cause::Town);
    }
}
