//! The hooks view: moving through hooks, steps and diff, rolling back, healing, putting away.

use super::super::actions::Action;
use super::super::app::{App, Effect, Overlay, View};
use super::super::deeds::Deed;
use super::super::dialogs::Confirm;
use super::super::hooks::{DiffRow, Part};
use super::super::ink::Inks;
use super::super::layout::below_title;
use super::reviewing::{comment, fine, review, send, take_out};
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
