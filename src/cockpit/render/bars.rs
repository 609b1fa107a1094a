//! The top line, the bottom line and the remarks above it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::view::AgentState;

use super::super::actions::{self, Action, Context, TABLE};
use super::super::app::{App, Pane, View};
use super::super::hooks::Part;
use super::super::layout::Hit;
use super::super::{keys, marks};
use super::pen::{self, Piece};

/// The key of an action as it is shown.
pub(super) fn key_of(app: &App, action: Action, context: Context) -> String {
    actions::spec(action, context).and_then(|spec| app.keymap.key(spec)).unwrap_or_default()
}

/// Where am I.
fn trail(app: &App) -> Vec<Piece<'_>> {
    let theme = &app.theme;
    let town = if app.town.name.is_empty() { "town" } else { &app.town.name };
    let mut trail: Vec<&str> = Vec::new();
    match app.view {
        View::Town => {
            if (app.zoom || app.typing)
                && app.layout.divider.is_none()
                && let Some(agent) = app.selected_agent()
            {
                trail.extend(agent.rig.as_deref());
                trail.push(&agent.name);
            }
        }
        View::Agents => {
            trail.push("agents");
            trail.extend(app.set_name.as_deref());
            if app.zoom || app.typing {
                trail.extend(app.selected_agent().map(|agent| agent.name.as_str()));
            } else if !app.layout.tile_words.is_empty() {
                trail.push(&app.layout.tile_words);
            }
        }
        View::Convoys => trail.push("convoys"),
        View::Queue => trail.push("merge queue"),
        View::Hooks => {
            trail.push("hooks");
            trail.extend(app.hooks.line().filter(|_| app.hooks.part != Part::List).map(|row| row.agent.as_str()));
        }
        View::Feed => trail.push("feed"),
        View::Beads => {
            trail.push("beads");
            trail.extend(app.beads.selected.as_deref().filter(|_| app.beads.open));
        }
        View::Mail => trail.push("mail"),
        View::Settings => trail.push("settings"),
    }
    let mut left: Vec<Piece<'_>> = vec![(" gt", theme.accent()), (" › ", theme.dim()), (town, theme.strong())];
    for step in trail {
        left.push((" › ", theme.dim()));
        left.push((step, theme.text()));
    }
    if app.read_only {
        left.push(("  read-only", theme.tone(crate::view::Tone::Bad)));
    }
    left
}

/// Where am I, and how is the town.
pub(super) fn header(app: &App, buffer: &mut Buffer) {
    let area = app.layout.header;
    let left = trail(app);
    let used = area.x + pen::width(&left);
    let right = counts(app, area.width.saturating_sub(used + 3));
    let right: Vec<Piece<'_>> = right.iter().map(|count| (count.text.as_str(), count.style)).collect();
    let start = area.right().saturating_sub(pen::width(&right));
    let room = if right.is_empty() { area.width } else { start.saturating_sub(area.x + 1) };
    let end = pen::pieces(buffer, area.x, area.y, room, &left);
    pen::pieces_right(buffer, area, end, &right);
}

/// A piece of the right end of the top line, and the filter a click on it sets.
struct Count {
    text: String,
    style: ratatui::style::Style,
    filter: Option<&'static str>,
}

/// How many agents are in which state, what landed and what it cost, as long as there is room.
fn counts(app: &App, room: u16) -> Vec<Count> {
    let theme = &app.theme;
    let counts = &app.town.counts;
    let shown = [
        (
            counts.needs_you,
            AgentState::NeedsYou,
            if counts.needs_you == 1 { "needs you" } else { "need you" },
            "is:needs-you",
        ),
        (counts.working, AgentState::Working, "working", "is:working"),
        (counts.done, AgentState::Done, "done", "is:done"),
        (counts.idle, AgentState::Idle, "idle", "is:idle"),
        (counts.limited, AgentState::RateLimited, "limited", "is:limited"),
        (counts.stuck, AgentState::Stuck, "stuck", "is:stuck"),
        (counts.dead, AgentState::Dead, "dead", "is:dead"),
    ];
    let make = |words: bool, more: bool| {
        let mut out = Vec::new();
        let quiet = app.loaded && counts.needs_you + counts.stuck + counts.dead == 0;
        if quiet && words {
            out.push(Count { text: "nothing needs you   ".to_owned(), style: theme.dim(), filter: None });
        }
        for (count, state, word, filter) in shown.iter().filter(|(count, ..)| *count > 0) {
            let filter = Some(*filter);
            out.push(Count { text: format!("{} {count}", marks::glyph(*state)), style: theme.state(*state), filter });
            let text = if words { format!(" {word}   ") } else { "  ".to_owned() };
            out.push(Count { text, style: theme.text(), filter });
        }
        let long = app.tasks.iter().filter(|task| task.is_long(app.now)).count();
        if long > 0 {
            let text = if words { format!("… {long} under way   ") } else { format!("… {long}  ") };
            out.push(Count { text, style: theme.tone(crate::view::Tone::Moves), filter: None });
        }
        if app.town.unread > 0 {
            let words = if words { " unread   " } else { "  " };
            out.push(Count { text: format!("✉ {}{words}", app.town.unread), style: theme.text(), filter: None });
        }
        if more && app.loaded {
            let landed = app.town.landed.len();
            out.push(Count { text: format!("{landed} landed today   "), style: theme.dim(), filter: None });
            if let Some(cost) = &app.cost {
                out.push(Count { text: format!("{cost} today   "), style: theme.text(), filter: None });
            }
        }
        if let Some(last) = out.last_mut() {
            last.text = last.text.trim_end().to_owned() + " ";
        }
        out
    };
    let wide = |counts: &[Count]| -> u16 {
        pen::width(&counts.iter().map(|count| (count.text.as_str(), count.style)).collect::<Vec<_>>())
    };
    [make(true, true), make(true, false)]
        .into_iter()
        .find(|counts| wide(counts) <= room)
        .unwrap_or_else(|| make(false, false))
}

/// What can be clicked in the top line.
pub fn count_hits(app: &App, area: Rect) -> Vec<(Rect, Hit)> {
    let left = pen::width(&trail(app));
    let pieces = counts(app, area.width.saturating_sub(area.x + left + 3));
    let widths: Vec<u16> = pieces.iter().map(|count| pen::width(&[(count.text.as_str(), count.style)])).collect();
    let mut x = area.right().saturating_sub(widths.iter().sum());
    let mut hits = Vec::new();
    for (count, width) in pieces.iter().zip(widths) {
        if let Some(filter) = count.filter {
            hits.push((Rect { x, y: area.y, width, height: 1 }, Hit::Count(filter)));
        }
        x += width;
    }
    hits
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
    // The tiles have the keys of the lists, with few of their own between them.
    let shared = if context == Context::Agents { Context::Main } else { context };
    let mut specs: Vec<_> =
        TABLE.iter().filter(|spec| spec.bar > 0 && (spec.context == context || spec.context == shared)).collect();
    specs.sort_by_key(|spec| (spec.bar, spec.context != context));
    for spec in specs {
        let ready = actions::available(spec.action, app).is_ok();
        // A key that can't work now gives its place to the next.
        if !ready && context.is_view() {
            continue;
        }
        let words = match spec.action {
            Action::Open if app.view == View::Town && matches!(app.pane, Pane::Convoys | Pane::Feed | Pane::Landed) => {
                "open"
            }
            Action::Open if app.view == View::Town && app.pane == Pane::Rigs => "only this rig",
            Action::Zoom if app.zoom => "unzoom",
            _ => spec.words,
        };
        if hints.len() == 7 {
            break;
        }
        if let Some(key) = app.keymap.key(spec) {
            hints.push((key, words, ready));
        }
    }
    if app.zoom || app.view != View::Town {
        hints.truncate(6);
        if context.is_view() {
            hints.push((key_of(app, Action::Back, Context::Main), "back", true));
        }
    }
    let all = key_of(app, Action::Help, Context::Main);
    let tail: Vec<Piece<'_>> =
        if context.is_view() { vec![(&all, theme.strong()), (" all ", theme.dim())] } else { Vec::new() };
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
