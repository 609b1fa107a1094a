//! The beads view: list, board or tree, and one bead in full.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::base::text::{fit, width as columns_of};
use crate::view::model::wants_person;
use crate::view::{BeadDetail, BeadLine, FeedLine, Tone};

use super::super::app::App;
use super::super::beads::{Shape, Stand};
use super::super::layout::below_title;
use super::super::marks;
use super::dialogs::flowing;
use super::lists::{self, advice, select_row};
use super::pen::{self, Piece};

/// The colour of where a bead stands.
fn color(app: &App, stand: Stand) -> Style {
    match stand {
        Stand::Ready | Stand::Waiting => app.theme.dim(),
        Stand::Hooked => app.theme.tone(Tone::Good),
        Stand::Closed => app.theme.tone(Tone::Moves),
    }
}

/// Draws the view.
pub(super) fn draw(app: &App, buffer: &mut Buffer) {
    let layout = &app.layout;
    if layout.list.height > 0 {
        match app.beads.shape {
            Shape::Board => board(app, buffer),
            _ => list(app, buffer),
        }
    }
    if layout.reading.height > 0 {
        detail(app, buffer, layout.reading);
    }
    super::divider(app, buffer);
}

fn title(app: &App, buffer: &mut Buffer, area: Rect, words: &str) {
    let count = app.beads.lines.as_ref().map_or(0, Vec::len);
    let closed = if app.beads.closed { ", done ones too" } else { "" };
    let note = lists::marked_of(&app.beads.marked, &format!("{count} · {}{closed}", app.beads.shape.words()));
    pen::rule(buffer, area, app.theme.rule(), &[(words, app.theme.accent())], &[(&note, app.theme.dim())]);
}

fn empty(app: &App, buffer: &mut Buffer, rows: Rect) -> bool {
    let words = match &app.beads.lines {
        None => "Reading the ledger …",
        Some(lines) if !lines.is_empty() => return false,
        Some(_) if !app.filter.is_empty() => "No bead's id, title or description has that in it; esc shows all.",
        Some(_) if !app.beads.closed && !app.town.feed.is_empty() => {
            "No open bead. c makes one, . shows those that are done."
        }
        Some(_) => "No bead yet. c makes one, or bd create \"What is to be done\".",
    };
    advice(app, buffer, rows, words);
    true
}

fn list(app: &App, buffer: &mut Buffer) {
    let area = app.layout.list;
    title(app, buffer, area, "beads");
    let rows = below_title(area);
    if empty(app, buffer, rows) {
        return;
    }
    let lines = app.beads.lines.as_deref().unwrap_or_default();
    let ids = lines.iter().map(|line| columns_of(&line.id)).max().unwrap_or(8).min(14);
    let shown = app.beads.rows();
    for (row, y) in shown.iter().skip(app.beads.scroll).zip(rows.y..rows.bottom()) {
        let line = &lines[row.index];
        let place = Rect { y, height: 1, ..rows };
        bead_row(app, buffer, place, line, &row.guide(), ids);
        if app.beads.selected.as_ref() == Some(&line.id) {
            select_row(app, buffer, place, app.overlay.is_none());
        }
    }
}

fn bead_row(app: &App, buffer: &mut Buffer, row: Rect, line: &BeadLine, guide: &str, ids: usize) {
    let theme = &app.theme;
    let stand = Stand::of(line);
    let id = fit(&line.id, ids);
    let priority = format!("P{}", line.priority);
    let kind = fit(&line.issue_type, 8);
    let mut left: Vec<Piece<'_>> = vec![
        (" ", theme.text()),
        (stand.glyph(), color(app, stand)),
        lists::mark(app, &app.beads.marked, &line.id),
        (&id, theme.dim()),
        (" ", theme.text()),
        (&priority, urgency(app, line.priority)),
        (" ", theme.text()),
    ];
    if row.width >= 62 {
        left.push((&kind, theme.dim()));
        left.push((" ", theme.text()));
    }
    left.push((guide, theme.rule()));
    left.push((&line.title, if stand == Stand::Closed { theme.dim() } else { theme.text() }));
    let who = line.assignee.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let note = match stand {
        Stand::Hooked if !who.is_empty() => format!("{who} "),
        Stand::Waiting if line.blocked => "waits ".to_owned(),
        Stand::Waiting => format!("{} ", line.status),
        _ => String::new(),
    };
    // Whoever has it and needs somebody is seen here too.
    let state = app.town.agent(&line.assignee).filter(|_| stand == Stand::Hooked).map(|agent| agent.state);
    let style = state.filter(|state| wants_person(*state)).map_or(theme.dim(), |state| theme.state(state));
    let mark = state.map_or(String::new(), |state| format!("{} ", marks::glyph(state)));
    let right: [Piece<'_>; 2] = [(&mark, style), (&note, style)];
    let start = row.right().saturating_sub(pen::width(&right));
    pen::pieces(buffer, row.x, row.y, start.saturating_sub(row.x + 1), &left);
    pen::pieces(buffer, start, row.y, row.right() - start, &right);
}

/// The look of a priority: the first is on fire, the second in a hurry.
fn urgency(app: &App, priority: u8) -> Style {
    match priority {
        0 => app.theme.tone(Tone::Bad).add_modifier(Modifier::BOLD),
        1 => app.theme.strong(),
        _ => app.theme.dim(),
    }
}

fn board(app: &App, buffer: &mut Buffer) {
    let area = app.layout.list;
    let theme = &app.theme;
    title(app, buffer, area, "beads");
    let rows = below_title(area);
    if empty(app, buffer, rows) {
        return;
    }
    let lines = app.beads.lines.as_deref().unwrap_or_default();
    // A card has two lines, and one between it and the next where there is room for that in every column.
    let longest = app.layout.columns.iter().map(|(stand, _)| app.beads.column(*stand).len()).max().unwrap_or(0);
    let step = if usize::from(rows.height.saturating_sub(1)) >= longest * 3 { 3 } else { 2 };
    for (place, (stand, column)) in app.layout.columns.iter().enumerate() {
        let inside = app.beads.column(*stand);
        let own = inside.iter().any(|&index| app.beads.selected.as_ref() == Some(&lines[index].id));
        let words = if own { theme.strong() } else { theme.text() };
        let count = format!(" {}", inside.len());
        let head: [Piece<'_>; 5] = [
            (" ", theme.dim()),
            (stand.glyph(), color(app, *stand)),
            (" ", theme.dim()),
            (stand.words(), words),
            (&count, theme.dim()),
        ];
        pen::pieces(buffer, column.x, column.y, column.width, &head);
        if place > 0 {
            pen::upright(buffer, column.x.saturating_sub(1), column.y..column.bottom(), theme.rule(), |_| {
                (false, false)
            });
        }
        let rows = below_title(*column);
        let chosen = inside.iter().position(|&index| app.beads.selected.as_ref() == Some(&lines[index].id));
        let per = usize::from(rows.height / step).max(1);
        let first = chosen.map_or(0, |place| (place + 1).saturating_sub(per));
        for (place, &index) in inside.iter().enumerate().skip(first).take(per) {
            let y = rows.y + u16::try_from(place - first).unwrap_or(0) * step;
            let card = Rect { x: rows.x, y, width: rows.width.saturating_sub(1), height: 2.min(rows.bottom() - y) };
            draw_card(app, buffer, card, &lines[index]);
            if chosen == Some(place) {
                select_row(app, buffer, card, app.overlay.is_none());
            }
        }
        let left = inside.len().saturating_sub(first + per);
        if left > 0 && rows.height > 0 {
            let words = format!("  {left} more ");
            let end = Rect { y: rows.bottom() - 1, height: 1, width: rows.width.saturating_sub(1), ..rows };
            pen::pieces_right(buffer, end, rows.x, &[(&words, theme.accent())]);
        }
    }
}

/// The shape and the colour of the state of whoever has the bead.
fn worker(app: &App, line: &BeadLine) -> (&'static str, Style) {
    match app.town.agent(&line.assignee) {
        Some(agent) => (marks::glyph(agent.state), app.theme.state(agent.state)),
        None => (Stand::Hooked.glyph(), app.theme.dim()),
    }
}

/// A bead on the board: its title, then what is known of it in short.
fn draw_card(app: &App, buffer: &mut Buffer, card: Rect, line: &BeadLine) {
    let theme = &app.theme;
    let done = Stand::of(line) == Stand::Closed;
    let style = if done { theme.dim() } else { theme.text() };
    let mark = if app.beads.marked.contains(&line.id) { "▣ " } else { "" };
    let title: [Piece<'_>; 2] = [(mark, theme.accent()), (&line.title, style)];
    pen::pieces(buffer, card.x + 1, card.y, card.width.saturating_sub(1), &title);
    if card.height < 2 {
        return;
    }
    let priority = format!("P{} ", line.priority);
    let about = format!("{} {}", line.id, line.issue_type);
    let left: [Piece<'_>; 2] = [(&priority, urgency(app, line.priority)), (&about, theme.dim())];
    let end = pen::pieces(buffer, card.x + 1, card.y + 1, card.width.saturating_sub(1), &left);
    let who = line.assignee.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if Stand::of(line) == Stand::Hooked && !who.is_empty() {
        let area = Rect { y: card.y + 1, height: 1, ..card };
        let (glyph, style) = worker(app, line);
        let both: [Piece<'_>; 3] = [(glyph, style), (" ", theme.dim()), (who, style)];
        // The name alone where there is no room for the shape.
        if pen::pieces_right(buffer, area, end + 1, &both) == area.right() {
            pen::pieces_right(buffer, area, end + 1, &both[2..]);
        }
    }
}

/// The lines of a bead in full, wrapped to `width`: the text and how it strikes the eye.
fn text_of(app: &App, bead: &BeadDetail, width: usize) -> Vec<(String, Style)> {
    let theme = &app.theme;
    let (dim, text, strong) = (theme.dim(), theme.text(), theme.strong());
    let mut out: Vec<(String, Style)> = Vec::new();
    let say = |out: &mut Vec<(String, Style)>, words: &str, style: Style| {
        for line in words.lines() {
            out.extend(flowing(line, width.max(10)).into_iter().map(|part| (part, style)));
        }
    };
    say(&mut out, &bead.line.title, strong);
    let stand = Stand::of(&bead.line);
    let who = if bead.line.assignee.is_empty() { String::new() } else { format!(" · {}", bead.line.assignee) };
    let head = format!(
        "{} {} · P{} {} · {}{who}",
        stand.glyph(),
        stand.words(),
        bead.line.priority,
        bead.line.issue_type,
        bead.line.rig
    );
    say(&mut out, &head, color(app, stand));
    if !bead.labels.is_empty() {
        let labels: Vec<String> = bead.labels.iter().map(|label| format!("#{label}")).collect();
        say(&mut out, &labels.join(" "), dim);
    }
    let section = |out: &mut Vec<(String, Style)>, name: &str, words: &str| {
        if !words.trim().is_empty() {
            out.push((String::new(), text));
            if !name.is_empty() {
                out.push((name.to_owned(), dim));
            }
            say(out, words.trim_end(), text);
        }
    };
    section(&mut out, "", &bead.description);
    section(&mut out, "how", &bead.design);
    section(&mut out, "done when", &bead.acceptance);
    section(&mut out, "notes", &bead.notes);
    section(&mut out, "closed because", &bead.close_reason);
    // Each kind of edge under its own heading, in the order in which they are met.
    let mut edges: Vec<(&str, Vec<String>)> = Vec::new();
    for (up, list) in [(true, &bead.depends_on), (false, &bead.needed_by)] {
        for (kind, id, title, status) in list {
            let done = if matches!(status.as_str(), "closed" | "tombstone") { "✓" } else { "○" };
            let line = format!("{done} {id}  {title}");
            let name = edge_words(kind, up);
            match edges.iter_mut().find(|(known, _)| *known == name) {
                Some((_, lines)) => lines.push(line),
                None => edges.push((name, vec![line])),
            }
        }
    }
    for (name, lines) in edges {
        section(&mut out, name, &lines.join("\n"));
    }
    for (who, at, words) in &bead.comments {
        section(&mut out, &format!("{who}, {}", super::ago(*at, app.now)), words);
    }
    let history: Vec<String> = bead.history.iter().map(|line| history_line(&bead.line.title, line)).collect();
    section(&mut out, "history", &history.join("\n"));
    out
}

/// What an edge of a bead means, in plain words; `up` for the beads it depends on.
fn edge_words(kind: &str, up: bool) -> &str {
    match (kind, up) {
        ("blocks" | "conditional-blocks" | "waits-for", true) => "waits for",
        ("blocks" | "conditional-blocks" | "waits-for", false) => "others wait for it",
        ("parent-child", true) => "part of",
        ("parent-child", false) => "its parts",
        ("tracks", true) => "travels with it",
        ("tracks", false) => "in the convoy",
        ("discovered-from", true) => "found at",
        ("discovered-from", false) => "found here",
        ("related" | "relates-to", _) => "see also",
        (other, _) => other,
    }
}

/// An event of a bead's history, without the title that stands above it anyway.
fn history_line(title: &str, line: &FeedLine) -> String {
    let rest = line.text.replace(title, "");
    let rest = rest.trim_matches(|c: char| c.is_whitespace() || matches!(c, '·' | ':'));
    format!("{}  {:<10}  {rest}", line.at.hour_minute(), line.what)
}

fn detail(app: &App, buffer: &mut Buffer, area: Rect) {
    let theme = &app.theme;
    let Some(bead) = app.beads.shown() else {
        pen::rule(buffer, area, theme.rule(), &[("bead", theme.dim())], &[]);
        if app.beads.selected.is_some() {
            advice(app, buffer, below_title(area), "…");
        }
        return;
    };
    let note = format!("made {} by {}", super::ago(bead.created_at, app.now), bead.created_by);
    pen::rule(buffer, area, theme.rule(), &[(&bead.line.id, theme.strong())], &[(&note, theme.dim())]);
    let rows = below_title(area);
    let inner = Rect { x: rows.x + 1, width: rows.width.saturating_sub(2), ..rows };
    let lines = text_of(app, bead, usize::from(inner.width));
    let first = app.beads.reading.min(lines.len().saturating_sub(usize::from(inner.height)));
    for ((line, style), y) in lines.iter().skip(first).zip(inner.y..inner.bottom()) {
        pen::put(buffer, inner.x, y, inner.width, line, *style);
    }
    super::more(app, buffer, inner, lines.len().saturating_sub(first + usize::from(inner.height)));
}
