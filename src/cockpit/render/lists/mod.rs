//! The lists of the town view: who needs you, agents, rigs, convoys, what landed, what happened.

mod agents;
mod convoys;
mod rigs;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::base::Timestamp;
use crate::base::text::{fit, width as columns_of};

use super::super::app::{App, Pane, View};
use super::super::layout::below_title;
use super::super::marked::Marked;
use super::dialogs::wrapped;
use super::pen::{self, Piece};
use crate::view::FeedLine;

pub(super) use agents::{agents, needs};
pub(super) use convoys::{convoys, member_row};
pub(super) use rigs::rigs;

fn focused(app: &App, pane: Pane) -> bool {
    app.view == View::Town && app.pane == pane && !app.typing && app.overlay.is_none()
}

fn title(app: &App, buffer: &mut Buffer, area: Rect, pane: Pane, words: &str, note: &str) {
    let theme = &app.theme;
    let style = if focused(app, pane) { theme.accent() } else { theme.dim() };
    pen::rule(buffer, area, theme.rule(), &[(words, style)], &[(note, theme.dim())]);
}

/// Marks the row of what is selected.
pub(super) fn select_row(app: &App, buffer: &mut Buffer, area: Rect, focused: bool) {
    pen::highlight(buffer, area, &app.theme, focused);
    for y in area.y..area.bottom() {
        pen::edge(buffer, area.x, y, &app.theme, focused);
    }
}

/// The column of marks, which is there while there are any.
pub(super) fn mark(app: &App, marked: &Marked, id: &str) -> Piece<'static> {
    match (marked.contains(id), marked.is_empty()) {
        (true, _) => (" ▣ ", app.theme.accent()),
        (false, false) => ("   ", app.theme.text()),
        (false, true) => (" ", app.theme.text()),
    }
}

/// How many are marked, before what else a title says.
pub(super) fn marked_of(marked: &Marked, note: &str) -> String {
    match (marked.len(), note) {
        (0, note) => note.to_owned(),
        (count, "") => format!("{count} marked"),
        (count, note) => format!("{count} marked · {note}"),
    }
}

/// Advice in an empty list, on as many lines as it needs and there are.
pub(super) fn advice(app: &App, buffer: &mut Buffer, area: Rect, words: &str) {
    let room = area.width.saturating_sub(3);
    for (line, y) in wrapped(words, usize::from(room).max(8)).iter().zip(area.y..area.bottom()) {
        let line = if y == area.y { line } else { line.trim_start() };
        pen::put(buffer, area.x + 2, y, room, line, app.theme.dim());
    }
}

/// What was merged since midnight, newest first.
pub(super) fn landed(app: &App, buffer: &mut Buffer) {
    let area = app.layout.landed;
    if area.height == 0 {
        return;
    }
    let theme = &app.theme;
    let landings = app.landings();
    let count = landings.len();
    let note = if count == 0 { String::new() } else { format!("{count} merged") };
    title(app, buffer, area, Pane::Landed, "landed today", &note);
    let rows = below_title(area);
    if count == 0 && app.loaded {
        let words = if app.town.landed.is_empty() {
            "Nothing yet. What passes the merge queue is told here."
        } else {
            "Nothing that landed matches the filter."
        };
        advice(app, buffer, rows, words);
    }
    let rigs = landings.iter().map(|landing| columns_of(&landing.rig)).max().unwrap_or(0).min(12);
    for (index, y) in (app.scroll.landed..count).zip(rows.y..rows.bottom()) {
        let landing = landings[index];
        let row = Rect { y, height: 1, ..rows };
        let time = landing.at.hour_minute();
        let rig = fit(&landing.rig, rigs);
        let commit: String = landing.commit.chars().take(7).collect::<String>() + " ";
        let right = row.right().saturating_sub(pen::width(&[(&commit, theme.dim())]));
        let content: [Piece<'_>; 7] = [
            (" ", theme.dim()),
            (&time, theme.dim()),
            ("  ✓ ", theme.tone(crate::view::Tone::Good)),
            (&rig, theme.dim()),
            ("  ", theme.dim()),
            (&landing.title, theme.text()),
            ("", theme.dim()),
        ];
        pen::pieces(buffer, row.x, y, right.saturating_sub(row.x + 1), &content);
        pen::put(buffer, right, y, row.right() - right, &commit, theme.dim());
        if app.landed == index && app.pane == Pane::Landed {
            select_row(app, buffer, row, focused(app, Pane::Landed));
        }
    }
}

/// What happened, newest first.
pub(super) fn feed(app: &App, buffer: &mut Buffer) {
    let area = app.layout.feed;
    if area.height == 0 {
        return;
    }
    title(app, buffer, area, Pane::Feed, "what happened", "");
    let rows = below_title(area);
    let lines = app.feed_lines();
    if lines.is_empty() && app.loaded {
        let words = if app.town.feed.is_empty() {
            "Nothing yet. Everything agents do will be told here."
        } else {
            "Nothing of late that matches the filter."
        };
        advice(app, buffer, rows, words);
    }
    let shown: Vec<&FeedLine> = lines.into_iter().skip(app.scroll.feed).take(usize::from(rows.height)).collect();
    let widths = event_widths(shown.iter().copied());
    for ((index, line), y) in shown.into_iter().enumerate().zip(rows.y..rows.bottom()) {
        let row = Rect { y, height: 1, ..rows };
        event_row(app, buffer, row, line, widths);
        if app.feed == index + app.scroll.feed && app.pane == Pane::Feed {
            select_row(app, buffer, row, focused(app, Pane::Feed));
        }
    }
}

/// How wide the words and the beads of some events are.
pub(super) fn event_widths<'a>(lines: impl Iterator<Item = &'a FeedLine> + Clone) -> (usize, usize) {
    let words = lines.clone().map(|line| columns_of(&line.what)).max().unwrap_or(6).clamp(6, 12);
    let beads = lines.filter_map(|line| line.bead.as_deref()).map(columns_of).max().unwrap_or(0).min(14);
    (words, beads)
}

/// When something was, in five columns: the time of today, the day of what is older.
pub(super) fn when(at: Timestamp, now: Timestamp) -> String {
    let day = |moment: Timestamp| moment.start_of_day();
    if day(at) == day(now) { at.hour_minute() } else { at.month_day() }
}

/// One event in one line.
pub(super) fn event_row(app: &App, buffer: &mut Buffer, row: Rect, line: &FeedLine, (words, beads): (usize, usize)) {
    let theme = &app.theme;
    let time = when(line.at, app.now);
    let what = fit(&line.what, words);
    let bead = fit(line.bead.as_deref().unwrap_or_default(), beads) + "  ";
    let mut content: Vec<Piece<'_>> = vec![
        (" ", theme.dim()),
        (&time, theme.dim()),
        ("  ", theme.dim()),
        (&what, theme.tone(line.tone)),
        ("  ", theme.dim()),
    ];
    if row.width >= 64 && beads > 0 {
        content.push((&bead, theme.dim()));
    }
    content.push((&line.text, theme.text()));
    pen::pieces(buffer, row.x, row.y, row.width.saturating_sub(1), &content);
}
