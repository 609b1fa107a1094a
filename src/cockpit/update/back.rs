//! Looking back in an agent's terminal: keys, wheel, and what the session answers.

use crossterm::event::{KeyCode, MouseButton, MouseEvent, MouseEventKind};

use super::super::actions::Action;
use super::super::app::{App, Cause, Effect};
use super::super::back::{Back, BackAsk, BackTold, Grab, Target};
use super::super::keys::Chord;
use super::super::render::terminal::{origin, used_rows};
use super::moves;
use crate::terminal::MouseMode;

/// Begins to look back in the selected agent's terminal, `lines` up.
pub(super) fn begin(app: &mut App, lines: i64, effects: &mut Vec<Effect>) {
    let Some(session) = app.selected_session().map(str::to_owned) else { return };
    let Some(tile) = app.selected.as_deref().and_then(|address| app.layout.tile(address)) else {
        app.say("Its terminal is not on the screen: z shows it", false);
        return;
    };
    let screen = app.watched.get(&session).and_then(|watched| watched.screen.as_ref());
    let (cols, rows) = screen.map_or((80, 24), |screen| (screen.cols, screen.rows));
    let used = screen.map_or(rows, used_rows);
    let back = Back { session, height: tile.area.height, rows, used, cols, typing: app.typing, ..Back::default() };
    app.typing = false;
    app.back_step = lines;
    app.back = Some(Box::new(back));
    ask(app, effects);
}

/// Stops looking back; whoever came from typing types on.
fn leave(app: &mut App, effects: &mut Vec<Effect>) {
    let Some(back) = app.back.take() else { return };
    if back.typing && app.works(app.selected.as_deref().unwrap_or_default()) && !app.read_only {
        app.typing = true;
        effects.push(Effect::Focus(back.session, true));
    }
}

/// Asks the session for what has to be seen.
pub(super) fn ask(app: &mut App, effects: &mut Vec<Effect>) {
    let Some(back) = &app.back else { return };
    if let Some(ask) = back.needs() {
        effects.push(Effect::Back(back.session.clone(), ask));
    }
}

/// Looks once a second how much the agent has written meanwhile.
pub(super) fn refresh(app: &App, effects: &mut Vec<Effect>) {
    if let Some(back) = app.back.as_ref().filter(|back| back.known) {
        effects
            .push(Effect::Back(back.session.clone(), BackAsk::Lines(back.lines.from, back.lines.lines.len() as u32)));
    }
}

/// Stops looking back when its terminal is not the one on the screen any more, and follows its height.
pub(super) fn keep(app: &mut App) {
    let session = app.selected_session().map(str::to_owned);
    let height = app.selected.as_deref().and_then(|address| app.layout.tile(address)).map(|tile| tile.area.height);
    let Some(back) = &mut app.back else { return };
    match height {
        Some(height) if session.as_ref() == Some(&back.session) => {
            if back.height != height {
                back.height = height;
                back.follow();
            }
        }
        _ => app.back = None,
    }
}

/// The session answered.
pub(super) fn told(app: &mut App, session: &str, told: BackTold, effects: &mut Vec<Effect>) {
    let step = std::mem::take(&mut app.back_step);
    let Some(back) = app.back.as_mut().filter(|back| back.session == session) else { return };
    match told {
        BackTold::Lines(lines) => {
            let released = !back.known && back.grab.as_ref().is_some_and(|grab| grab.released);
            back.take(lines);
            if released {
                let (from, to) = back.selection();
                effects.push(Effect::Back(back.session.clone(), BackAsk::Select(from, to)));
            }
            if step != 0 {
                back.scroll(step);
            }
            ask(app, effects);
        }
        BackTold::Found(found) => {
            back.matches = found.matches;
            if !back.next_match(true) {
                let query = back.query.clone();
                app.say(format!("\"{query}\" is not there"), false);
            }
            ask(app, effects);
        }
        BackTold::Text(text) => {
            let count = text.lines().count();
            let what = if count == 1 { "1 line".to_owned() } else { format!("{count} lines") };
            app.say(format!("Copied {what}"), false);
            effects.push(Effect::Copy(text));
            let Some(back) = &mut app.back else { return };
            back.mark = None;
            // Whoever only dragged over a live terminal is where they were.
            if back.grab.take().is_some() {
                leave(app, effects);
            }
        }
    }
    app.touch(Cause::Screen);
}

/// An action while looking back.
pub(super) fn act(app: &mut App, action: Action, effects: &mut Vec<Effect>) {
    let Some(back) = &mut app.back else { return };
    let page = i64::from(back.height.max(2)) - 1;
    match action {
        Action::Down => back.step(1),
        Action::Up => back.step(-1),
        Action::PageDown => drop(back.scroll(page)),
        Action::PageUp => drop(back.scroll(-page)),
        Action::Top => back.step(i64::MIN / 2),
        Action::Bottom => back.step(i64::MAX / 2),
        Action::NextPane => back.step_column(1),
        Action::PreviousPane => back.step_column(-1),
        Action::Mark => back.mark = if back.mark.is_some() { None } else { Some(back.cursor) },
        Action::Filter => {
            back.asking = true;
            back.query.clear();
        }
        Action::NextNeeding => drop(back.next_match(true)),
        Action::PreviousNeeding => drop(back.next_match(false)),
        Action::CopyCommand => {
            let (from, to) = back.selection();
            effects.push(Effect::Back(back.session.clone(), BackAsk::Select(from, to)));
        }
        Action::Open => match back.target() {
            Some(target) => open(app, target, effects),
            None => app.say("No link and no file under the cursor", false),
        },
        Action::Cancel | Action::Back if back.asking => back.asking = false,
        Action::Cancel | Action::Back if back.mark.is_some() => back.mark = None,
        Action::Cancel | Action::Back => {
            leave(app, effects);
            return;
        }
        Action::Accept if back.asking => {
            back.asking = false;
            if !back.query.is_empty() {
                effects.push(Effect::Back(back.session.clone(), BackAsk::Search(back.query.clone())));
            }
        }
        _ => {}
    }
    ask(app, effects);
}

/// Opens a link in the browser, a file in the editor.
pub(super) fn open(app: &mut App, target: Target, effects: &mut Vec<Effect>) {
    match target {
        Target::Address(address) => {
            app.say(format!("Opening {address}"), false);
            effects.push(Effect::Browse(address));
        }
        Target::File(..) if app.read_only => app.say("This cockpit is read-only: it opens no editor", false),
        Target::File(file, line) => {
            let worktree = app.selected_agent().and_then(|agent| agent.worktree.clone()).unwrap_or_default();
            effects.push(Effect::Edit(std::path::Path::new(&worktree).join(&file), line));
        }
    }
}

/// The mouse is drawn over a live terminal whose agent does not take it: what it passes is selected. `false` when it is something else.
pub(super) fn drag(app: &mut App, mouse: MouseEvent, effects: &mut Vec<Effect>) -> bool {
    let at = (mouse.column, mouse.row).into();
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => {
            app.grabbed = None;
            let Some(tile) = app.layout.tiles.iter().find(|tile| tile.area.contains(at)) else { return false };
            let typing = app.typing && app.selected.as_ref() == Some(&tile.address);
            let address = tile.address.clone();
            let screen = app.town.agent(&tile.address).and_then(|agent| agent.session.as_ref());
            let screen = screen.and_then(|session| app.watched.get(session)?.screen.as_ref());
            let Some(screen) = screen.filter(|screen| !typing || screen.modes.mouse == MouseMode::Off) else {
                return false;
            };
            let (left, top) = origin(screen, tile.area);
            let cell = (mouse.row - tile.area.y + top, mouse.column - tile.area.x + left);
            app.grabbed = Some(Grab { address, cell, top, ..Grab::default() });
            false
        }
        MouseEventKind::Drag(MouseButton::Left) => {
            let Some(mut grab) = app.grabbed.take() else { return false };
            let Some(area) = app.layout.tile(&grab.address).map(|tile| tile.area) else { return false };
            moves::select(app, grab.address.clone());
            grab.to = area.contains(at).then(|| (mouse.row - area.y, mouse.column - area.x));
            begin(app, 0, effects);
            if let Some(back) = &mut app.back {
                back.grab = Some(grab);
            }
            app.touch(Cause::Input);
            true
        }
        _ => false,
    }
}

/// A key of the search line.
pub(super) fn key(app: &mut App, chord: Chord) {
    let Some(back) = &mut app.back else { return };
    match chord.code {
        KeyCode::Backspace => drop(back.query.pop()),
        _ => back.query.extend(chord.character()),
    }
}

/// The mouse over the terminal that is looked back in; `false` when it is somewhere else.
pub(super) fn mouse(app: &mut App, mouse: MouseEvent, effects: &mut Vec<Effect>) -> bool {
    let Some(area) = app.selected.as_deref().and_then(|address| app.layout.tile(address)).map(|tile| tile.area) else {
        return false;
    };
    let Some(back) = &mut app.back else { return false };
    if !area.contains((mouse.column, mouse.row).into()) {
        return false;
    }
    let known = back.known;
    if let Some(grab) = back.grab.as_mut().filter(|_| !known) {
        match mouse.kind {
            MouseEventKind::Drag(MouseButton::Left) => grab.to = Some((mouse.row - area.y, mouse.column - area.x)),
            MouseEventKind::Up(MouseButton::Left) => grab.released = true,
            _ => {}
        }
        return true;
    }
    let cell = (back.top + u64::from(mouse.row - area.y), mouse.column - area.x);
    match mouse.kind {
        MouseEventKind::ScrollUp => drop(back.scroll(-3)),
        MouseEventKind::ScrollDown => {
            if !back.scroll(3) {
                leave(app, effects);
                app.touch(Cause::Input);
                return true;
            }
        }
        MouseEventKind::Down(MouseButton::Left) => {
            back.cursor = cell;
            back.mark = None;
        }
        MouseEventKind::Drag(MouseButton::Left) => {
            if back.mark.is_none() {
                back.mark = Some(back.cursor);
            }
            back.cursor = cell;
        }
        MouseEventKind::Up(MouseButton::Left) if back.mark.is_some() => {
            let (from, to) = back.selection();
            effects.push(Effect::Back(back.session.clone(), BackAsk::Select(from, to)));
        }
        _ => return true,
    }
    app.touch(Cause::Input);
    ask(app, effects);
    true
}
