//! The top line, the bottom line and the remarks above it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::view::AgentState;

use super::super::actions::{self, Action, Context, TABLE};
use super::super::app::{App, Pane, View};
use super::super::{keys, marks};
use super::pen::{self, Piece};

/// The key of an action as it is shown.
pub(super) fn key_of(app: &App, action: Action, context: Context) -> String {
    actions::spec(action, context).and_then(|spec| app.keymap.key(spec)).unwrap_or_default()
}

/// Where am I, and how is the town.
pub(super) fn header(app: &App, buffer: &mut Buffer) {
    let theme = &app.theme;
    let area = app.layout.header;
    let town = if app.town.name.is_empty() { "town" } else { &app.town.name };
    let mut trail: Vec<String> = Vec::new();
    match app.view {
        View::Town => {
            if (app.zoom || app.typing)
                && app.layout.divider.is_none()
                && let Some(agent) = app.selected_agent()
            {
                trail.extend(agent.rig.clone());
                trail.push(agent.name.clone());
            }
        }
        View::Agents => trail.push("agents".into()),
        View::Convoys => trail.push("convoys".into()),
        View::Queue => trail.push("merge queue".into()),
        View::Feed => trail.push("feed".into()),
    }
    let mut left: Vec<Piece<'_>> = vec![(" gt", theme.accent()), (" › ", theme.dim()), (town, theme.strong())];
    for step in &trail {
        left.push((" › ", theme.dim()));
        left.push((step, theme.text()));
    }
    if app.read_only {
        left.push(("  read-only", theme.tone(crate::view::Tone::Bad)));
    }
    let counts = &app.town.counts;
    let shown = [
        (counts.needs_you, AgentState::NeedsYou, if counts.needs_you == 1 { "needs you" } else { "need you" }),
        (counts.working, AgentState::Working, "working"),
        (counts.done, AgentState::Done, "done"),
        (counts.idle, AgentState::Idle, "idle"),
        (counts.limited, AgentState::RateLimited, "limited"),
        (counts.stuck, AgentState::Stuck, "stuck"),
        (counts.dead, AgentState::Dead, "dead"),
    ];
    let used = area.x + pen::width(&left);
    let make = |words: bool| -> Vec<(String, ratatui::style::Style)> {
        let mut out = Vec::new();
        if app.loaded && counts.needs_you + counts.stuck + counts.dead == 0 && words {
            out.push(("nothing needs you   ".to_owned(), theme.dim()));
        }
        for (count, state, word) in shown.iter().filter(|(count, ..)| *count > 0) {
            out.push((format!("{} {count}", marks::glyph(*state)), theme.state(*state)));
            out.push((if words { format!(" {word}   ") } else { "  ".to_owned() }, theme.text()));
        }
        if let Some(last) = out.last_mut() {
            last.0 = last.0.trim_end().to_owned() + " ";
        }
        out
    };
    let long = make(true);
    let as_pieces = |own: &[(String, ratatui::style::Style)]| -> u16 {
        pen::width(&own.iter().map(|(text, style)| (text.as_str(), *style)).collect::<Vec<_>>())
    };
    let chosen = if used + 3 + as_pieces(&long) <= area.right() { long } else { make(false) };
    let right: Vec<Piece<'_>> = chosen.iter().map(|(text, style)| (text.as_str(), *style)).collect();
    let start = area.right().saturating_sub(pen::width(&right));
    let room = if right.is_empty() { area.width } else { start.saturating_sub(area.x + 1) };
    let end = pen::pieces(buffer, area.x, area.y, room, &left);
    pen::pieces_right(buffer, area, end, &right);
}

/// The keys that work now: at most seven, then how to see all.
pub(super) fn footer(app: &App, buffer: &mut Buffer) {
    let theme = &app.theme;
    let area = app.layout.footer;
    let mut x = area.x + 1;
    let y = area.y;
    if app.filtering || (!app.filter.is_empty() && app.overlay.is_none() && !app.typing) {
        x = pen::pieces(
            buffer,
            x,
            y,
            area.width / 2,
            &[("filter › ", theme.accent()), (app.filter.as_str(), theme.text())],
        );
        x += 3;
    }
    if !app.pending.is_empty() {
        which_key(app, buffer);
    }
    let context = actions::context(app);
    let mut hints: Vec<(String, &str, bool)> = Vec::new();
    for order in 1..=7 {
        let Some(spec) = TABLE.iter().find(|spec| spec.context == context && spec.bar == order) else { continue };
        let ready = actions::available(spec.action, app).is_ok();
        // A key that can't work now gives its place to the next.
        if !ready && context == Context::Main {
            continue;
        }
        let words = match spec.action {
            Action::Open if app.view == View::Town && matches!(app.pane, Pane::Convoys | Pane::Feed) => "open",
            Action::Zoom if app.zoom => "unzoom",
            _ => spec.words,
        };
        if let Some(key) = app.keymap.key(spec) {
            hints.push((key, words, ready));
        }
    }
    if app.zoom || app.view != View::Town {
        hints.truncate(6);
        if context == Context::Main {
            hints.push((key_of(app, Action::Back, Context::Main), "back", true));
        }
    }
    let all = key_of(app, Action::Help, Context::Main);
    let tail: Vec<Piece<'_>> =
        if context == Context::Main { vec![(&all, theme.strong()), (" all ", theme.dim())] } else { Vec::new() };
    let end = area.right().saturating_sub(pen::width(&tail) + 1);
    for (key, words, ready) in &hints {
        let piece: [Piece<'_>; 3] =
            [(key, if *ready { theme.strong() } else { theme.dim() }), (" ", theme.dim()), (words, theme.dim())];
        if x + pen::width(&piece) + 3 > end {
            break;
        }
        x = pen::pieces(buffer, x, y, end.saturating_sub(x), &piece) + 3;
    }
    pen::pieces(buffer, x, y, area.right().saturating_sub(x), &tail);
}

/// What may follow the keys pressed so far.
fn which_key(app: &App, buffer: &mut Buffer) {
    let theme = &app.theme;
    let found = app.keymap.continuations(actions::context(app), &app.pending);
    let widest = found.iter().map(|(keys, spec)| keys.len() + spec.about.len()).max().unwrap_or(0);
    let width = u16::try_from(widest + 7).unwrap_or(40).min(app.layout.body.width);
    let height = u16::try_from(found.len()).unwrap_or(0) + 2;
    let body = app.layout.body;
    let area = Rect {
        x: body.right().saturating_sub(width + 1),
        y: body.bottom().saturating_sub(height),
        width,
        height: height.min(body.height),
    };
    pen::panel(buffer, area, theme.panel(), theme.rule());
    let title = keys::show(&app.pending);
    pen::put(buffer, area.x + 2, area.y, area.width.saturating_sub(4), &format!(" {title} "), theme.accent());
    for ((keys, spec), y) in found.iter().zip(area.y + 1..area.bottom().saturating_sub(1)) {
        let line: [Piece<'_>; 3] = [(keys, theme.strong()), ("  ", theme.dim()), (spec.about, theme.text())];
        pen::pieces(buffer, area.x + 2, y, area.width.saturating_sub(4), &line);
    }
}

/// Where the cursor of the filter line is.
pub(super) fn filter_cursor(app: &App) -> Option<Position> {
    if !app.filtering {
        return None;
    }
    let typed = u16::try_from(crate::base::text::width(&app.filter)).unwrap_or(0);
    let x = app.layout.footer.x + 1 + 9 + typed;
    Some(Position::new(x.min(app.layout.footer.right().saturating_sub(1)), app.layout.footer.y))
}

/// The remarks, above the bottom line, the newest lowest.
pub(super) fn toasts(app: &App, buffer: &mut Buffer) {
    let theme = &app.theme;
    let body = app.layout.body;
    for (toast, above) in app.toasts.iter().rev().zip(1u16..) {
        let style = if toast.bad { theme.tone(crate::view::Tone::Bad) } else { theme.text() };
        let mark = if toast.bad { " ✗ " } else { " › " };
        let content =
            [(mark, if toast.bad { style } else { theme.accent() }), (toast.text.as_str(), style), (" ", style)];
        let width = pen::width(&content).min(body.width.saturating_sub(2));
        let y = body.bottom().saturating_sub(above);
        let x = body.right().saturating_sub(width + 1);
        let area = Rect { x, y, width, height: 1 };
        for column in area.x..area.right() {
            buffer[(column, y)].reset();
        }
        buffer.set_style(area, theme.panel().patch(theme.selected(true)));
        pen::pieces(buffer, x, y, width, &content);
    }
}
