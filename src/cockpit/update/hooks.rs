//! The hooks view: moving through hooks, steps and diff, remarking, accepting and taking out hunks, rolling back, healing.

use super::super::actions::Action;
use super::super::app::{App, Cause, Effect, Overlay, View};
use super::super::deeds::{Agent, Deed};
use super::super::dialogs::{Confirm, Message, Purpose};
use super::super::hooks::{DiffRow, Part};
use super::super::ink::Inks;
use super::super::layout::below_title;
use super::super::review::{Remark, Review};
use super::{acting, moves};
use crate::view::{HookPicture, HookRow};
use crate::work::hook_review::StepKind;

/// Leaves out the hooks that the filter does not let through.
pub(super) fn sift(app: &mut App) {
    let mut hooks = std::mem::take(&mut app.hooks);
    hooks.sift(|row| app.lets_through(&[&row.agent, &row.bead, &row.title, &row.state]));
    app.hooks = hooks;
}

/// Columns one goes sideways at once.
const SIDEWAYS: usize = 8;

/// The list came.
pub(super) fn list(app: &mut App, rows: Vec<HookRow>) -> bool {
    let changed = app.hooks.all.as_ref() != Some(&rows);
    let agents: Vec<&String> = rows.iter().map(|row| &row.agent).collect();
    if app.hooks.archived {
        // A review of a hook that is gone for good is of no use.
        app.memory.reviews.retain(|agent, review| agents.contains(&agent) && !review.is_empty());
    }
    let first = app.hooks.rows.is_none();
    app.hooks.take(rows);
    // One comes from an agent, and wants to see its hook.
    if first
        && let Some(agent) = app.selected.clone()
        && app.hooks.rows.iter().flatten().any(|row| row.agent == agent)
    {
        app.hooks.select(agent);
    }
    changed
}

/// A hook in full came.
pub(super) fn picture(app: &mut App, picture: Box<HookPicture>, inks: Inks) -> bool {
    if Some(&picture.agent) != app.hooks.selected.as_ref() || picture.from != app.hooks.from() {
        return false;
    }
    if app.hooks.picture.as_ref() == Some(&picture) && app.hooks.inks == inks {
        return false;
    }
    let review = review(app);
    app.hooks.show(picture, inks, &review);
    true
}

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

/// Shows the hook of an agent.
pub(super) fn go_to(app: &mut App, agent: &str) {
    app.view = View::Hooks;
    app.zoom = false;
    app.hooks.part = Part::Diff;
    app.hooks.select(agent.to_owned());
}

/// An action of the view; `false` when it is none of its own.
pub(super) fn act(app: &mut App, action: Action, effects: &mut Vec<Effect>) -> bool {
    match action {
        Action::Open => open(app),
        Action::Back if app.hooks.mark.is_some() => app.hooks.mark = None,
        Action::Back if app.zoom => app.zoom = false,
        Action::Back if app.hooks.part != Part::List => app.hooks.part = Part::List,
        Action::NextPane => turn(app, 1),
        Action::PreviousPane => turn(app, -1),
        Action::NextHunk => jump(app, 1, |row| matches!(row, DiffRow::Hunk(..))),
        Action::PreviousHunk => jump(app, -1, |row| matches!(row, DiffRow::Hunk(..))),
        Action::NextFile => jump(app, 1, |row| matches!(row, DiffRow::File(_))),
        Action::PreviousFile => jump(app, -1, |row| matches!(row, DiffRow::File(_))),
        Action::Wider => app.hooks.left = (app.hooks.left + SIDEWAYS).min(400),
        Action::Narrower => app.hooks.left = app.hooks.left.saturating_sub(SIDEWAYS),
        Action::ShowClosed => app.hooks.archived = !app.hooks.archived,
        Action::MarkRange if app.hooks.part == Part::Diff => {
            app.hooks.mark = if app.hooks.mark.is_some() { None } else { Some(app.hooks.row) };
        }
        Action::Comment => comment(app),
        Action::Mark => fine(app),
        Action::Reject => take_out(app),
        Action::Message => send(app),
        Action::Rollback => roll_back(app),
        Action::Repair => {
            if let Some(agent) = app.hooks.selected.clone() {
                acting::begin(app, Deed::Repair(agent), effects);
            }
        }
        Action::Archive => archive(app, effects),
        Action::Edit => edit(app, effects),
        Action::Zoom => {
            app.zoom = !app.zoom;
            if app.zoom {
                app.hooks.part = Part::Diff;
            }
        }
        _ => return false,
    }
    true
}

/// Moves within the part that has the focus.
pub(super) fn step(app: &mut App, step: isize) {
    match app.hooks.part {
        Part::List => {
            let place = moves::stepped(app.hooks.place(), step, app.hooks.rows.as_ref().map_or(0, Vec::len));
            let agent = app.hooks.rows.iter().flatten().nth(place).map(|row| row.agent.clone());
            if let Some(agent) = agent {
                choose(app, agent);
            }
        }
        Part::Steps => {
            // What the work started from is the last one, and the same as the target's side of the diff.
            let count = app.hooks.steps().len();
            let place = moves::stepped(app.hooks.step, step, count);
            choose_step(app, place);
        }
        Part::Diff => {
            let rows = app.hooks.diff(&review(app)).len();
            app.hooks.row = moves::stepped(app.hooks.row, step, rows);
        }
    }
}

/// How many rows a page of the focused part has.
pub(super) fn page(app: &App) -> u16 {
    let area = match app.hooks.part {
        Part::List => app.layout.list,
        Part::Steps => app.layout.members,
        Part::Diff => app.layout.reading,
    };
    below_title(area).height.max(2)
}

fn choose(app: &mut App, agent: String) {
    app.hooks.select(agent.clone());
    // Stopping, looking back and the like are then for this agent.
    if app.town.agent(&agent).is_some() {
        moves::select(app, agent);
    }
}

fn choose_step(app: &mut App, place: usize) {
    if app.hooks.step != place {
        app.hooks.step = place;
        (app.hooks.row, app.hooks.top, app.hooks.mark) = (0, 0, None);
    }
}

fn turn(app: &mut App, step: isize) {
    let parts = [Part::List, Part::Steps, Part::Diff];
    let place = parts.iter().position(|part| *part == app.hooks.part).unwrap_or(0);
    let next = (isize::try_from(place).unwrap_or(0) + step).rem_euclid(3);
    app.hooks.part = parts[usize::try_from(next).unwrap_or(0)];
    app.zoom = false;
}

fn jump(app: &mut App, step: isize, wanted: impl Fn(&DiffRow) -> bool) {
    let rows = app.hooks.diff(&review(app));
    let here = app.hooks.row;
    let found = if step > 0 {
        (here + 1..rows.len()).find(|place| wanted(&rows[*place]))
    } else {
        (0..here.min(rows.len())).rev().find(|place| wanted(&rows[*place]))
    };
    app.hooks.part = Part::Diff;
    match found {
        Some(place) => app.hooks.row = place,
        None => app.say(if step > 0 { "That was the last one" } else { "That was the first one" }, false),
    }
}

fn open(app: &mut App) {
    if app.hooks.part != Part::Diff {
        app.hooks.part = Part::Diff;
        return;
    }
    let review = review(app);
    match app.hooks.diff(&review).get(app.hooks.row).copied() {
        Some(DiffRow::File(file)) => {
            if let Some(path) = app.hooks.file(file).map(|file| file.path.clone())
                && !app.hooks.folded.remove(&path)
            {
                app.hooks.folded.insert(path);
            }
        }
        Some(row @ DiffRow::Hunk(..)) => {
            let name = app.hooks.hunk_at(row).filter(|(file, hunk)| review.is_fine(file, hunk));
            match name.map(|(file, hunk)| hunk.name(&file.path)) {
                Some(name) => {
                    if !app.hooks.unfolded.remove(&name) {
                        app.hooks.unfolded.insert(name);
                    }
                }
                None => comment(app),
            }
        }
        Some(_) => comment(app),
        None => {}
    }
}

/// Begins a remark on what is chosen, or changes the one at the cursor.
fn comment(app: &mut App) {
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
fn fine(app: &mut App) {
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
fn take_out(app: &mut App) {
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
    let Some((file, hunk)) = app.hooks.hunk_at(row) else {
        app.say("Go to a hunk first: } and { go through them", false);
        return;
    };
    let Some(patch) = file.alone(hunk) else {
        app.say("Only hunks of changed text files can be taken out: remark on it instead", false);
        return;
    };
    let (path, line) = (file.path.clone(), hunk.new.0);
    let Some(agent) = app.hooks.selected.clone() else { return };
    let works = app.works(&agent);
    let mut lines = vec![
        format!("{path}, from line {line}: the files become what they were there."),
        "A snapshot keeps what is there now; u puts the hunk back.".to_owned(),
    ];
    if works {
        lines.push(String::new());
        lines.push("The agent works there and is not told; c remarks on it instead.".to_owned());
    }
    app.overlay = Some(Overlay::Confirm(Confirm {
        question: "Take this hunk out?".to_owned(),
        lines,
        deed: Deed::TakeOut { agent, path, line, patch, back: false },
    }));
}

/// Opens the remarks as one message: to the agent, or where it is gone, to its merge request or its bead.
fn send(app: &mut App) {
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
        return Ok(Purpose::Reject(request.id.clone()));
    }
    match app.hooks.rows.iter().flatten().find(|row| row.agent == agent) {
        Some(row) if !row.bead.is_empty() => Ok(Purpose::Comment(row.bead.clone())),
        _ => Err(format!("{agent} has no running session and no bead to write to")),
    }
}

fn roll_back(app: &mut App) {
    let Some(step) = app.hooks.chosen_step() else { return };
    let (Some(number), StepKind::Snapshot, Some(agent)) = (step.number, step.kind, app.hooks.selected.clone()) else {
        return;
    };
    let when = step.at.map(|at| at.hour_minute()).unwrap_or_default();
    let mut lines = vec![format!("{when}  {}", step.words)];
    let patch = app.hooks.current();
    if let Some(patch) = patch.map(|picture| &picture.patch) {
        let files = patch.files.len();
        lines.push(match files {
            0 => "Nothing has changed since.".to_owned(),
            1 => format!(
                "Taken back: {} and {} lines in {}",
                plus(patch.added),
                minus(patch.removed),
                patch.files[0].path
            ),
            many => format!("Taken back: {} and {} lines in {many} files", plus(patch.added), minus(patch.removed)),
        });
    }
    lines.push("Branch, index and files become what they were then.".to_owned());
    lines.push("What is there now is kept in a snapshot first; u goes back to it.".to_owned());
    app.overlay = Some(Overlay::Confirm(Confirm {
        question: format!("Roll {agent} back to snapshot {number}?"),
        lines,
        deed: Deed::Rollback(agent, number),
    }));
}

fn plus(count: usize) -> String {
    format!("+{count}")
}

fn minus(count: usize) -> String {
    format!("−{count}")
}

fn archive(app: &mut App, effects: &mut Vec<Effect>) {
    let Some(row) = app.hooks.line().cloned() else { return };
    if row.state == "archived" {
        acting::begin(app, Deed::RestoreHook(row.agent), effects);
        return;
    }
    app.overlay = Some(Overlay::Confirm(Confirm {
        question: format!("Put the hook of {} away?", row.agent),
        lines: vec![
            "Its worktree is removed once everything in it is kept; branch and snapshots stay.".to_owned(),
            "u brings it back.".to_owned(),
        ],
        deed: Deed::ArchiveHook(row.agent),
    }));
}

fn edit(app: &App, effects: &mut Vec<Effect>) {
    let review = review(app);
    let Some(picture) = app.hooks.shown() else { return };
    let Some(row) = app.hooks.diff(&review).get(app.hooks.row).copied() else { return };
    let Some(file) = app.hooks.file(row.file()) else { return };
    let near = app.hooks.hunk_at(row).map(|(_, hunk)| hunk.new.0);
    let line = app.hooks.line_at(row).and_then(|line| line.new).or(near);
    effects.push(Effect::Edit(std::path::Path::new(&picture.worktree).join(&file.path), line));
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

/// A file was clicked: the cursor goes to it.
pub(super) fn file(app: &mut App, index: usize) {
    let rows = app.hooks.diff(&review(app));
    if let Some(row) = rows.iter().position(|row| *row == DiffRow::File(index)) {
        app.hooks.part = Part::Diff;
        app.hooks.row = row;
        // Its lines are wanted too, not only its heading at the bottom.
        app.hooks.top = row;
    }
}

/// A row was clicked; the one with the cursor opens.
pub(super) fn click(app: &mut App, part: Part, index: usize) {
    let before = (app.hooks.part, app.hooks.place(), app.hooks.step, app.hooks.row);
    app.hooks.part = part;
    match part {
        Part::List => {
            let agent = app.hooks.rows.iter().flatten().nth(index).map(|row| row.agent.clone());
            if let Some(agent) = agent {
                choose(app, agent);
            }
        }
        Part::Steps => choose_step(app, index),
        Part::Diff => app.hooks.row = index.min(app.hooks.diff(&review(app)).len().saturating_sub(1)),
    }
    if before == (app.hooks.part, app.hooks.place(), app.hooks.step, app.hooks.row) {
        open(app);
    }
}
