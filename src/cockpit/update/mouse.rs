//! The mouse: click to select, again to open, wheel to scroll; inside a terminal that is typed into it goes to the agent.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::super::actions::Action;
use super::super::app::{App, Cause, Effect, Overlay, Pane, Row, View};
use super::super::back::Target;
use super::super::layout::Hit;
use super::super::render::terminal::origin;
use super::{back, convoys, dialogs, hooks, keys, moves};
use crate::terminal::MouseMode;

/// The mouse did something.
pub(super) fn mouse(app: &mut App, mouse: MouseEvent, effects: &mut Vec<Effect>) {
    if app.back.is_some() && app.overlay.is_none() && back::mouse(app, mouse, effects) {
        return;
    }
    if app.overlay.is_none() && opens(app, mouse, effects) {
        app.touch(Cause::Input);
        return;
    }
    if app.overlay.is_none() && back::drag(app, mouse, effects) {
        return;
    }
    if app.typing && wheel_is_ours(app, mouse) {
        back::begin(app, -3, effects);
        app.touch(Cause::Input);
        return;
    }
    if app.typing && to_agent(app, mouse, effects) {
        return;
    }
    let step = match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => 0,
        MouseEventKind::ScrollDown => 3,
        MouseEventKind::ScrollUp => -3,
        // Motion changes nothing and draws nothing.
        _ => return,
    };
    app.touch(Cause::Input);
    let hit = app.layout.at(mouse.column, mouse.row).cloned();
    if step == 0 && app.typing && matches!(hit, Some(Hit::Trail(_) | Hit::Count(_) | Hit::Key(_))) {
        keys::act(app, Action::Leave, effects);
    }
    if app.overlay.is_some() {
        match hit {
            Some(Hit::Key(action)) if step == 0 => keys::act(app, action, effects),
            Some(Hit::Field(index)) if step == 0 => {
                if let Some(Overlay::Form(form)) = &mut app.overlay {
                    form.at = index;
                }
            }
            hit => in_dialog(app, hit, step, effects),
        }
        return;
    }
    if step != 0 {
        match hit {
            Some(Hit::Row(pane, _) | Hit::Pane(pane)) => {
                app.pane = pane;
                moves::step(app, step);
            }
            Some(Hit::Hooks(part, _)) => {
                app.hooks.part = part;
                moves::step(app, step);
            }
            Some(Hit::Terminal(address)) => {
                moves::select(app, address);
                if step < 0 {
                    back::begin(app, -3, effects);
                }
            }
            _ => moves::step(app, step),
        }
        return;
    }
    match hit {
        Some(Hit::Row(pane, index)) => click_row(app, pane, index, effects),
        Some(Hit::Pane(pane)) => moves::focus(app, pane),
        Some(Hit::Terminal(address)) => {
            let same = app.selected.as_ref() == Some(&address);
            app.typing = false;
            moves::select(app, address);
            if app.view == View::Town || same {
                if !matches!(app.pane, Pane::Agents | Pane::Needs) {
                    app.pane = Pane::Agents;
                }
                keys::act(app, Action::Open, effects);
            }
        }
        Some(Hit::Queue(index)) => app.queue = index,
        Some(Hit::Member(index)) => convoys::click(app, index),
        Some(Hit::File(index)) => hooks::file(app, index),
        Some(Hit::Hooks(part, Some(index))) => hooks::click(app, part, index),
        Some(Hit::Hooks(part, None)) => app.hooks.part = part,
        Some(Hit::Count(wanted)) => moves::only(app, wanted),
        Some(Hit::List(index)) => super::desk::click(app, index, effects),
        Some(Hit::Trail(step)) => moves::go_up(app, step, effects),
        Some(Hit::Key(action)) => keys::act(app, action, effects),
        Some(Hit::Field(_)) => {}
        Some(Hit::Dialog(_)) | None => {}
    }
}

/// A click with ctrl on a link or a file name in a live terminal opens it; `false` when there is none.
fn opens(app: &mut App, mouse: MouseEvent, effects: &mut Vec<Effect>) -> bool {
    let click = mouse.kind == MouseEventKind::Down(MouseButton::Left);
    if !click || !mouse.modifiers.contains(crossterm::event::KeyModifiers::CONTROL) {
        return false;
    }
    let at = (mouse.column, mouse.row).into();
    let Some(tile) = app.layout.tiles.iter().find(|tile| tile.area.contains(at)).cloned() else { return false };
    let screen = app.town.agent(&tile.address).and_then(|agent| agent.session.as_ref());
    let screen = screen.and_then(|session| app.watched.get(session)).and_then(|watched| watched.screen.as_ref());
    let Some(screen) = screen else { return false };
    let (left, top) = origin(screen, tile.area);
    let line = screen.lines.get(usize::from(mouse.row - tile.area.y + top));
    let Some(target) = line.and_then(|line| Target::at(line, mouse.column - tile.area.x + left)) else { return false };
    moves::select(app, tile.address);
    back::open(app, target, effects);
    true
}

/// Whether the wheel looks back: over the terminal typed into, when the agent neither takes the mouse nor has the alternate screen.
fn wheel_is_ours(app: &App, mouse: MouseEvent) -> bool {
    let inside = app.selected.as_deref().and_then(|address| app.layout.tile(address));
    let inside = inside.is_some_and(|tile| tile.area.contains((mouse.column, mouse.row).into()));
    let free = app.typed_into().is_some_and(|screen| screen.modes.mouse == MouseMode::Off && !screen.modes.alt_screen);
    inside && free && mouse.kind == MouseEventKind::ScrollUp
}

/// Passes the event on when it is over the terminal that is typed into.
fn to_agent(app: &App, mouse: MouseEvent, effects: &mut Vec<Effect>) -> bool {
    let Some((tile, session)) =
        app.selected.as_deref().and_then(|address| app.layout.tile(address)).zip(app.selected_session())
    else {
        return false;
    };
    if !tile.area.contains((mouse.column, mouse.row).into()) {
        return false;
    }
    let screen = app.watched.get(session).and_then(|watched| watched.screen.as_ref());
    let (left, top) = screen.map_or((0, 0), |screen| origin(screen, tile.area));
    effects.push(Effect::Mouse(
        session.to_owned(),
        mouse,
        mouse.column - tile.area.x + left,
        mouse.row - tile.area.y + top,
    ));
    true
}

fn click_row(app: &mut App, pane: Pane, index: usize, effects: &mut Vec<Effect>) {
    app.typing = false;
    match pane {
        Pane::Needs => {
            let address = app.needing().get(index).map(|agent| agent.address.clone());
            select_or_open(app, pane, address, effects);
        }
        Pane::Agents => {
            let address = match app.agent_rows().into_iter().nth(index) {
                Some(Row::Agent(address)) => Some(address),
                _ => None,
            };
            select_or_open(app, pane, address, effects);
        }
        Pane::Convoys => {
            let again = app.pane == Pane::Convoys && app.convoy == index;
            app.pane = pane;
            app.convoy = index;
            if again {
                keys::act(app, Action::Open, effects);
            }
        }
        Pane::Rigs => {
            let again = app.pane == pane && app.rig == index;
            app.pane = pane;
            app.rig = index;
            if again {
                keys::act(app, Action::Open, effects);
            }
        }
        Pane::Landed => {
            let again = app.pane == pane && app.landed == index;
            app.pane = pane;
            app.landed = index;
            if again {
                keys::act(app, Action::Open, effects);
            }
        }
        Pane::Feed => {
            let again = app.pane == pane && app.feed == index;
            app.pane = pane;
            app.feed = index;
            if again {
                keys::act(app, Action::Open, effects);
            }
        }
    }
}

fn select_or_open(app: &mut App, pane: Pane, address: Option<String>, effects: &mut Vec<Effect>) {
    let again = app.pane == pane && address.is_some() && app.selected == address;
    app.pane = pane;
    if again {
        keys::act(app, Action::Open, effects);
    } else if let Some(address) = address {
        moves::select(app, address);
    }
}

fn in_dialog(app: &mut App, hit: Option<Hit>, step: isize, effects: &mut Vec<Effect>) {
    if step != 0 {
        dialogs::step(app, step, effects);
        return;
    }
    match hit {
        Some(Hit::Dialog(row)) => {
            let target = super::super::render::dialog_entry(app, row);
            let now = match &app.overlay {
                Some(Overlay::Help(help)) => help.query.row,
                Some(Overlay::Palette(palette)) => palette.query.row,
                Some(Overlay::Sling(sling)) => sling.query.row,
                Some(Overlay::Journal(journal)) => journal.query.row,
                Some(Overlay::Choose(choose)) => choose.query.row,
                Some(Overlay::Answer(open)) => open.row,
                _ => return,
            };
            let moved = isize::try_from(target).unwrap_or(0) - isize::try_from(now).unwrap_or(0);
            dialogs::step(app, moved, effects);
            if matches!(app.overlay, Some(Overlay::Sling(_))) {
                dialogs::mark(app, effects);
            } else {
                dialogs::act(app, Action::Accept, effects);
            }
        }
        _ => {
            let outside = app
                .layout
                .dialog
                .is_some_and(|area| app.layout.header.union(app.layout.footer).area() > 0 && area.area() > 0);
            if outside
                && !matches!(
                    app.overlay,
                    Some(Overlay::Message(_) | Overlay::Confirm(_) | Overlay::Answer(_) | Overlay::Form(_))
                )
            {
                app.overlay = None;
            }
        }
    }
}
