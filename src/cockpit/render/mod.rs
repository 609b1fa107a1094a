//! Drawing: reads the state, changes nothing.

mod back;
mod bars;
mod beads;
mod binary;
mod convoys;
mod costs;
mod desk;
mod dialogs;
mod hooks;
mod lists;
mod log;
mod pen;
mod setup;
pub mod terminal;
mod views;
mod words;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use crate::base::Timestamp;
use crate::base::clock::short_duration;

use super::app::{App, View};
use super::layout::{SMALLEST, Tile};
use super::marks;
use pen::Piece;

pub use bars::{footer_hits, header_hits};
pub use convoys::{member_places, members_height, watched_member};
pub use dialogs::{dialog_entry, form_places, note_lines};
pub use views::state_words;

/// How old something is, in minutes and more, so that the screen stays still.
pub fn age(since: Timestamp, now: Timestamp) -> String {
    match since.seconds_until(now) {
        ..60 => "now".into(),
        seconds => short_duration(seconds),
    }
}

/// How long ago something was, in a sentence.
fn ago(since: Timestamp, now: Timestamp) -> String {
    match since.seconds_until(now) {
        ..60 => "just now".into(),
        seconds => format!("{} ago", short_duration(seconds)),
    }
}

/// The day and the time of something.
fn day_and_time(at: Timestamp) -> String {
    format!("{} {}", at.to_string().get(..10).unwrap_or_default(), at.hour_minute())
}

/// How many lines of what is read are below the screen.
fn more(app: &App, buffer: &mut ratatui::buffer::Buffer, area: Rect, left: usize) {
    if left == 0 || area.height == 0 {
        return;
    }
    let key = bars::key_of(app, super::actions::Action::ReadDown, super::actions::context_below(app));
    let words = format!(" {left} more lines: {key} ");
    let width = pen::width(&[(&words, app.theme.dim())]).min(area.width);
    let row = Rect { x: area.right() - width, y: area.bottom() - 1, width, height: 1 };
    for x in row.x..row.right() {
        buffer[(x, row.y)].reset();
    }
    buffer.set_style(row, app.theme.panel());
    pen::put(buffer, row.x, row.y, width, &words, app.theme.accent());
}

/// Draws everything.
pub fn render(app: &App, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    buffer.set_style(area, app.theme.base());
    if app.layout.too_small || area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text = format!("gt needs {}×{}; this is {}×{}", SMALLEST.0, SMALLEST.1, area.width, area.height);
        pen::put(buffer, 0, area.height / 2, area.width, &text, app.theme.text());
        return;
    }
    if app.layout.body.bottom() > area.height || app.layout.body.width > area.width {
        // The terminal shrank since the layout was made; the next frame has the new one.
        return;
    }
    bars::header(app, buffer);
    let cursor = match app.view {
        View::Town => town(app, buffer),
        View::Agents => {
            let cursor = tiles(app, buffer);
            if app.layout.tiles.is_empty() {
                views::no_terminals(app, buffer);
            }
            cursor
        }
        View::Convoys => {
            convoys::draw(app, buffer);
            None
        }
        View::Queue => {
            views::queue(app, buffer);
            lists::landed(app, buffer);
            desk::request(app, buffer);
            divider(app, buffer);
            None
        }
        View::Feed => {
            log::draw(app, buffer);
            None
        }
        View::Costs => {
            costs::draw(app, buffer);
            None
        }
        View::Beads => {
            beads::draw(app, buffer);
            None
        }
        View::Hooks => {
            hooks::draw(app, buffer);
            None
        }
        View::Mail => {
            desk::mail(app, buffer);
            None
        }
        View::Settings => {
            setup::draw(app, buffer);
            None
        }
    };
    if app.jumping {
        labels(app, buffer);
    }
    bars::footer(app, buffer);
    bars::toasts(app, buffer);
    let in_dialog = dialogs::draw(app, buffer);
    let filter = bars::filter_cursor(app);
    let cursor =
        if app.overlay.is_some() { in_dialog } else { filter.or(cursor.filter(|_| app.typing || app.back.is_some())) };
    if let Some(position) = cursor {
        frame.set_cursor_position(position);
    }
}

fn town(app: &App, buffer: &mut ratatui::buffer::Buffer) -> Option<Position> {
    lists::needs(app, buffer);
    lists::agents(app, buffer);
    lists::rigs(app, buffer);
    lists::convoys(app, buffer);
    lists::landed(app, buffer);
    lists::feed(app, buffer);
    let cursor = tiles(app, buffer);
    divider(app, buffer);
    cursor
}

/// The letters one can jump to.
fn labels(app: &App, buffer: &mut ratatui::buffer::Buffer) {
    for label in super::update::jump::labels(app) {
        let text = label.letter.to_string();
        let style = app.theme.accent().add_modifier(ratatui::style::Modifier::REVERSED);
        pen::put(buffer, label.at.0 + 1, label.at.1, 1, &text, style);
    }
}

fn divider(app: &App, buffer: &mut ratatui::buffer::Buffer) {
    if let Some(x) = app.layout.divider {
        let layout = &app.layout;
        let titled = |areas: &[Rect], y: u16| areas.iter().any(|area| area.height > 0 && area.y == y);
        let terminals: Vec<Rect> = layout.tiles.iter().map(|tile| tile.title).collect();
        pen::upright(buffer, x, layout.body.y..layout.body.bottom(), app.theme.rule(), |y| {
            let left = titled(
                &[layout.queue, layout.list, layout.needs, layout.agents, layout.rigs, layout.convoys, layout.landed],
                y,
            ) || (layout.members.x < x && titled(&[layout.members], y));
            let left = left || titled(&[layout.about, layout.files], y);
            let members = layout.members.x > x && titled(&[layout.members], y);
            (left, members || titled(&[layout.feed, layout.reading], y) || titled(&terminals, y))
        });
    }
}

fn tiles(app: &App, buffer: &mut ratatui::buffer::Buffer) -> Option<Position> {
    let mut cursor = None;
    for tile in &app.layout.tiles {
        let at = draw_tile(app, buffer, tile);
        if app.selected.as_ref() == Some(&tile.address) {
            cursor = at;
        }
        let edge = tile.area.right();
        if edge < app.layout.body.right() {
            let top = tile.title.y;
            pen::upright(buffer, edge, top..tile.area.bottom(), app.theme.rule(), |y| (y == top, y == top));
        }
    }
    cursor
}

fn draw_tile(app: &App, buffer: &mut ratatui::buffer::Buffer, tile: &Tile) -> Option<Position> {
    let theme = &app.theme;
    let Some(agent) = app.town.agent(&tile.address) else {
        pen::rule(buffer, tile.title, theme.rule(), &[("terminal", theme.dim())], &[]);
        views::welcome(app, buffer, tile.area);
        return None;
    };
    let selected = app.selected.as_ref() == Some(&tile.address);
    let typing = app.typing && selected;
    let name_style = match (typing || (selected && app.view == View::Agents), selected || app.view != View::Town) {
        (true, _) => theme.accent(),
        (false, true) => theme.strong(),
        // Beside the one that is selected the others step back.
        (false, false) => theme.text(),
    };
    let role = format!(" · {} · {}", agent.role, agent.preset);
    let title_text = agent.title.as_deref().map(|title| format!(" · {title}")).unwrap_or_default();
    let grid = app.view == View::Agents && !app.zoom && !app.has_room();
    // Among many the name says who it is; where there is room the whole address does.
    let rig = agent.rig.as_deref().map(|rig| format!(" {rig}")).unwrap_or_default();
    let narrow = tile.title.width < 50;
    let since = agent.since.map(|since| format!(" {}", age(since, app.now))).filter(|_| grid).unwrap_or_default();
    // In the smallest tiles the name is worth more than the word beside the shape.
    let word = if grid && tile.title.width < 34 { "" } else { marks::word(agent.state) };
    let state = format!("{} {word}{since}", marks::glyph(agent.state)).replace("  ", " ");
    let place = app.layout.tiles.iter().position(|other| other.address == tile.address).filter(|place| *place < 9);
    let number = place.map(|place| format!("{} ", place + 1)).filter(|_| grid).unwrap_or_default();
    let mut title: Vec<Piece<'_>> = vec![(&number, theme.dim())];
    if grid || narrow {
        title.extend([(agent.name.as_str(), name_style), (rig.as_str(), theme.dim())]);
    } else {
        title.push((&agent.address, name_style));
    }
    if !grid && !narrow {
        title.push((&role, theme.dim()));
    }
    if grid || tile.title.width > 90 {
        title.push((&title_text, theme.dim()));
    }
    let leave = bars::key_of(app, super::actions::Action::Leave, super::actions::Context::Typing);
    let back = app.back.as_deref().filter(|back| selected && agent.session.as_ref() == Some(&back.session));
    let hint = match back {
        Some(back) => back::note(back),
        None => format!("typing · {leave} leaves"),
    };
    let note: Vec<Piece<'_>> =
        if typing || back.is_some() { vec![(&hint, theme.accent())] } else { vec![(&state, theme.state(agent.state))] };
    let current = typing || back.is_some() || (grid && selected);
    let line = if current { theme.accent() } else { theme.rule() };
    pen::rule(buffer, tile.title, line, &title, &note);
    if let Some(back) = back {
        return back::draw(app, buffer, tile.area, back);
    }
    let watched = agent.session.as_ref().and_then(|session| app.watched.get(session));
    match watched.and_then(|watched| watched.screen.as_ref()) {
        Some(screen) => {
            let cursor = terminal::draw(buffer, tile.area, screen, theme);
            if let Some(why) = watched.and_then(|watched| watched.ended.as_deref()) {
                let row = Rect { y: tile.area.bottom().saturating_sub(1), height: 1, ..tile.area };
                pen::put(buffer, row.x + 1, row.y, row.width.saturating_sub(1), why, theme.dim());
            }
            cursor
        }
        None => {
            views::no_screen(app, buffer, tile.area, agent, watched);
            None
        }
    }
}
