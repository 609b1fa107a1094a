//! The top line, the bottom line and the remarks above it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::view::AgentState;

use super::super::actions::{self, Action, Context, TABLE};
use super::super::app::{App, View};
use super::super::hooks::Part;
use super::super::layout::{Hit, Layout, Step};
use super::super::{keys, marks};
use super::pen::{self, Piece};

/// The key of an action as it is shown.
pub(super) fn key_of(app: &App, action: Action, context: Context) -> String {
    actions::spec(action, context).and_then(|spec| app.keymap.key(spec)).unwrap_or_default()
}

/// A step of the trail: its words, and where a click on it leads.
struct Place {
    words: String,
    step: Step,
}

/// Where am I: the town, then a view or a rig, then what is looked at there.
fn trail(app: &App) -> Vec<Place> {
    let place = |words: &str, step: Step| Place { words: words.to_owned(), step };
    let town = if app.town.name.is_empty() { "town" } else { &app.town.name };
    let mut trail = vec![place(town, Step::Town)];
    match app.view {
        View::Town => {
            let agent = app.selected_agent().filter(|_| app.zoom || app.typing || app.back.is_some());
            let rig = agent.and_then(|agent| agent.rig.as_deref()).or_else(|| app.only_rig());
            trail.extend(rig.map(|rig| place(rig, Step::Rig(rig.to_owned()))));
            trail.extend(agent.map(|agent| place(&agent.name, Step::Agent(agent.address.clone()))));
        }
        View::Agents => {
            trail.push(place("agents", Step::View));
            trail.extend(app.set_name.as_deref().map(|name| place(name, Step::View)));
            let agent = app.selected_agent().filter(|_| app.zoom || app.typing || app.back.is_some());
            if agent.is_none() && !app.layout.tile_words.is_empty() {
                trail.push(place(&app.layout.tile_words, Step::View));
            }
            trail.extend(agent.map(|agent| place(&agent.name, Step::Agent(agent.address.clone()))));
        }
        View::Convoys => trail.push(place("convoys", Step::View)),
        View::Queue => trail.push(place("merge queue", Step::View)),
        View::Hooks => {
            trail.push(place("hooks", Step::View));
            let row = app.hooks.line().filter(|_| app.hooks.part != Part::List);
            trail.extend(row.map(|row| place(&row.agent, Step::View)));
        }
        View::Feed => trail.push(place("feed", Step::View)),
        View::Beads => {
            trail.push(place("beads", Step::View));
            let open = app.beads.selected.as_deref().filter(|_| app.beads.open);
            trail.extend(open.map(|id| place(id, Step::View)));
        }
        View::Mail => trail.push(place("mail", Step::View)),
        View::Costs => trail.push(place("costs", Step::View)),
        View::Settings => trail.push(place("settings", Step::View)),
    }
    trail
}

/// The trail as it is drawn: before each step an arrow.
fn trail_pieces<'a>(app: &App, trail: &'a [Place]) -> Vec<Piece<'a>> {
    let theme = &app.theme;
    let mut left: Vec<Piece<'a>> = vec![(" gt", theme.accent())];
    for (index, place) in trail.iter().enumerate() {
        left.push((" › ", theme.dim()));
        let last = index + 1 == trail.len();
        left.push((&place.words, if last { theme.strong() } else { theme.text() }));
    }
    if app.read_only {
        left.push(("  read-only", theme.tone(crate::view::Tone::Bad)));
    }
    left
}

/// Where am I, and how is the town.
pub(super) fn header(app: &App, buffer: &mut Buffer) {
    let area = app.layout.header;
    let trail = trail(app);
    let left = trail_pieces(app, &trail);
    let used = area.x + pen::width(&left);
    let right = counts(app, area.width.saturating_sub(used + 3));
    let right: Vec<Piece<'_>> = right.iter().map(|count| (count.text.as_str(), count.style)).collect();
    let start = area.right().saturating_sub(pen::width(&right));
    let room = if right.is_empty() { area.width } else { start.saturating_sub(area.x + 1) };
    let end = pen::pieces(buffer, area.x, area.y, room, &left);
    pen::pieces_right(buffer, area, end, &right);
}

/// A piece of the right end of the top line, and what a click on it does.
struct Count {
    text: String,
    style: ratatui::style::Style,
    hit: Option<Hit>,
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
    let approvals = |out: &mut Vec<Count>, held: usize| {
        let hit = Some(Hit::Key(Action::ViewQueue));
        let glyph = marks::glyph(AgentState::NeedsYou);
        out.push(Count { text: format!("{glyph} {held}"), style: theme.state(AgentState::NeedsYou), hit: hit.clone() });
        out.push(Count { text: " to approve   ".to_owned(), style: theme.text(), hit });
    };
    // Who needs you, what landed and what it cost are said as long as there is any room; words for the rest give way first.
    let make = |calls: bool, words: bool, more: bool| {
        let mut out = Vec::new();
        // Work that waits for a person's word needs them as much as an agent that asks.
        let queued = app.town.rigs.iter().flat_map(|rig| &rig.queue);
        let held = queued.filter(|entry| matches!(entry.state.as_str(), "held" | "review")).count();
        let quiet = app.loaded && counts.needs_you + counts.stuck + counts.dead + held == 0;
        if quiet && calls {
            out.push(Count { text: "nothing needs you   ".to_owned(), style: theme.dim(), hit: None });
        }
        for (count, state, word, filter) in shown.iter().filter(|(count, ..)| *count > 0) {
            let hit = Some(Hit::Count(filter));
            out.push(Count {
                text: format!("{} {count}", marks::glyph(*state)),
                style: theme.state(*state),
                hit: hit.clone(),
            });
            let worded = words || calls && *state == AgentState::NeedsYou;
            let text = if worded { format!(" {word}   ") } else { "  ".to_owned() };
            out.push(Count { text, style: theme.text(), hit });
            if *state == AgentState::NeedsYou && held > 0 && calls {
                approvals(&mut out, held);
            }
        }
        if counts.needs_you == 0 && held > 0 && calls {
            let rest = std::mem::take(&mut out);
            approvals(&mut out, held);
            out.extend(rest);
        }
        let long = app.tasks.iter().filter(|task| task.is_long(app.now)).count();
        if long > 0 {
            let text = if words { format!("… {long} under way   ") } else { format!("… {long}  ") };
            out.push(Count { text, style: theme.tone(crate::view::Tone::Moves), hit: Some(Hit::Key(Action::Journal)) });
        }
        if app.town.unread > 0 {
            let words = if words { " unread   " } else { "  " };
            let hit = Some(Hit::Key(Action::ViewMail));
            out.push(Count { text: format!("✉ {}{words}", app.town.unread), style: theme.text(), hit });
        }
        if more && app.loaded {
            let landed = app.town.landed.len();
            let hit = Some(Hit::Key(Action::ViewFeed));
            let text = if words { format!("{landed} landed today   ") } else { format!("{landed} landed  ") };
            out.push(Count { text, style: theme.dim(), hit });
            if let Some(cost) = &app.cost {
                let hit = Some(Hit::Key(Action::Costs));
                let text = if words { format!("{cost} today   ") } else { format!("{cost}  ") };
                out.push(Count { text, style: theme.text(), hit });
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
    [make(true, true, true), make(true, false, true), make(false, false, true)]
        .into_iter()
        .find(|counts| wide(counts) <= room)
        .unwrap_or_else(|| make(false, false, false))
}

/// What can be clicked in the top line.
pub fn header_hits(app: &App, layout: &Layout) -> Vec<(Rect, Hit)> {
    let area = layout.header;
    let trail = trail(app);
    let left = pen::width(&trail_pieces(app, &trail));
    let pieces = counts(app, area.width.saturating_sub(area.x + left + 3));
    let widths: Vec<u16> = pieces.iter().map(|count| pen::width(&[(count.text.as_str(), count.style)])).collect();
    let mut x = area.right().saturating_sub(widths.iter().sum());
    let mut hits = Vec::new();
    for (count, width) in pieces.iter().zip(widths) {
        if let Some(hit) = count.hit.clone() {
            hits.push((Rect { x, y: area.y, width, height: 1 }, hit));
        }
        x += width;
    }
    let mut x = area.x + 6;
    for place in trail {
        let width = pen::width(&[(&place.words, app.theme.text())]);
        hits.push((Rect { x, y: area.y, width, height: 1 }.intersection(area), Hit::Trail(place.step)));
        x += width + 3;
    }
    hits
}

/// A key in the bottom line.
struct Hint {
    x: u16,
    key: String,
    words: &'static str,
    ready: bool,
    action: Action,
}

/// The filter in the bottom line: its words, and the column after it.
fn filter_end(app: &App) -> u16 {
    let x = app.layout.footer.x + 1;
    let shown = app.filtering || (!app.filter.is_empty() && app.overlay.is_none() && !app.typing);
    if !shown {
        return x;
    }
    let typed = pen::width(&[("filter › ", app.theme.text()), (&app.filter, app.theme.text())]);
    x + typed.min(app.layout.footer.width / 2) + 3
}

/// The keys that work now: at most seven, then how to see all; as many as there is room for.
fn hints(app: &App, area: Rect) -> Vec<Hint> {
    let context = actions::context(app);
    let mut hints: Vec<(String, &'static str, bool, Action)> = Vec::new();
    // The tiles have the keys of the lists, with few of their own between them.
    let shared = if context == Context::Agents { Context::Main } else { context };
    let mut specs: Vec<_> =
        TABLE.iter().filter(|spec| spec.bar > 0 && (spec.context == context || spec.context == shared)).collect();
    specs.sort_by_key(|spec| (spec.bar, spec.context != context));
    for spec in specs {
        let ready = actions::available(spec.action, app).is_ok();
        // A key that can't work now gives its place to the next.
        if !ready {
            continue;
        }
        let words = actions::words(spec, app);
        if hints.len() == 7 {
            break;
        }
        if let Some(key) = app.keymap.key(spec) {
            hints.push((key, words, ready, spec.action));
        }
    }
    if context.is_view() && (app.zoom || app.view != View::Town || !app.filter.is_empty()) {
        hints.truncate(6);
        hints.push((key_of(app, Action::Back, Context::Main), "back", true, Action::Back));
    }
    if context.is_view() {
        hints.push((key_of(app, Action::Help, Context::Main), "all", true, Action::Help));
    }
    let width = |key: &str, words: &str| {
        pen::width(&[(key, app.theme.text()), (" ", app.theme.text()), (words, app.theme.text())])
    };
    let tail = match hints.last() {
        Some((key, words, _, Action::Help)) => width(key, words) + 1,
        _ => 0,
    };
    let end = area.right().saturating_sub(tail);
    let mut x = filter_end(app);
    let mut placed = Vec::new();
    for (key, words, ready, action) in hints {
        let columns = width(&key, words);
        if action != Action::Help && x + columns + 3 > end {
            continue;
        }
        placed.push(Hint { x, key, words, ready, action });
        x += columns + 3;
    }
    placed
}

/// What can be clicked in the bottom line.
pub fn footer_hits(app: &App, area: Rect) -> Vec<(Rect, Hit)> {
    let hit = |hint: Hint| {
        let text = app.theme.text();
        let width = pen::width(&[(&hint.key, text), (" ", text), (hint.words, text)]);
        (Rect { x: hint.x, y: area.y, width, height: 1 }.intersection(area), Hit::Key(hint.action))
    };
    hints(app, area).into_iter().map(hit).collect()
}

/// The keys that work now.
pub(super) fn footer(app: &App, buffer: &mut Buffer) {
    let theme = &app.theme;
    let area = app.layout.footer;
    if filter_end(app) > area.x + 1 {
        let filter = [("filter › ", theme.accent()), (app.filter.as_str(), theme.text())];
        pen::pieces(buffer, area.x + 1, area.y, area.width / 2, &filter);
    }
    if !app.pending.is_empty() {
        which_key(app, buffer);
    }
    for hint in hints(app, area) {
        let key = if hint.ready { theme.strong() } else { theme.dim() };
        let piece: [Piece<'_>; 3] = [(&hint.key, key), (" ", theme.dim()), (hint.words, theme.dim())];
        pen::pieces(buffer, hint.x, area.y, area.right().saturating_sub(hint.x), &piece);
    }
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

/// How wide a remark may become before it goes on below.
const LONGEST_REMARK: u16 = 96;

/// The remarks, above the bottom line, the newest lowest.
pub(super) fn toasts(app: &App, buffer: &mut Buffer) {
    let theme = &app.theme;
    let body = app.layout.body;
    let mut bottom = body.bottom();
    for toast in app.toasts.iter().rev() {
        let style = if toast.bad { theme.tone(crate::view::Tone::Bad) } else { theme.text() };
        let (mark, color) = if toast.bad { (" ✗ ", style) } else { (" › ", theme.accent()) };
        // What went wrong is told whole, if it takes several lines.
        let room = body.width.saturating_sub(6).min(LONGEST_REMARK);
        let lines: Vec<String> =
            toast.text.lines().flat_map(|line| super::dialogs::wrapped(line, usize::from(room))).take(4).collect();
        let widest = lines.iter().map(|line| pen::width(&[(line.trim_start(), style)])).max().unwrap_or(0);
        let width = (widest + 4).min(body.width.saturating_sub(2));
        let height = u16::try_from(lines.len()).unwrap_or(1);
        if bottom < body.y + height {
            return;
        }
        bottom -= height;
        let area = Rect { x: body.right().saturating_sub(width + 1), y: bottom, width, height };
        pen::clear(buffer, area, theme.remark());
        for (line, y) in lines.iter().zip(area.y..) {
            let mark = if y == area.y { mark } else { "   " };
            pen::pieces(buffer, area.x, y, width, &[(mark, color), (line.trim_start(), style)]);
        }
    }
}
