//! The lists of the town view: who needs you, agents, rigs, convoys, what landed, what happened.

mod agents;
mod convoys;
mod rigs;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::base::text::{fit, width as columns_of};

use super::super::app::{App, Pane, View};
use super::super::layout::below_title;
use super::pen::{self, Piece};

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
    buffer.set_style(area, app.theme.selected(focused));
    if focused {
        for y in area.y..area.bottom() {
            buffer[(area.x, y)].set_symbol("▌").set_style(app.theme.accent());
        }
    }
}

/// A line of advice in an empty list.
pub(super) fn advice(app: &App, buffer: &mut Buffer, area: Rect, words: &str) {
    if area.height > 0 {
        pen::put(buffer, area.x + 2, area.y, area.width.saturating_sub(3), words, app.theme.dim());
    }
}

/// What was merged since midnight, newest first.
pub(super) fn landed(app: &App, buffer: &mut Buffer) {
    let area = app.layout.landed;
    if area.height == 0 {
        return;
    }
    let theme = &app.theme;
    let count = app.town.landed.len();
    let note = if count == 0 { String::new() } else { format!("{count} merged") };
    title(app, buffer, area, Pane::Landed, "landed today", &note);
    let rows = below_title(area);
    if count == 0 && app.loaded {
        advice(app, buffer, rows, "Nothing yet. What passes the merge queue is told here.");
    }
    let rigs = app.town.landed.iter().map(|landing| columns_of(&landing.rig)).max().unwrap_or(0).min(12);
    for (index, y) in (app.scroll.landed..count).zip(rows.y..rows.bottom()) {
        let landing = &app.town.landed[index];
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
pub(super) fn feed(app: &App, buffer: &mut Buffer, whole: bool) {
    let area = app.layout.feed;
    if area.height == 0 {
        return;
    }
    let theme = &app.theme;
    title(app, buffer, area, Pane::Feed, "what happened", "");
    let rows = below_title(area);
    if app.town.feed.is_empty() && app.loaded {
        advice(app, buffer, rows, "Nothing yet. Everything agents do will be told here.");
    }
    let words = app.town.feed.iter().map(|line| columns_of(&line.what)).max().unwrap_or(6).clamp(6, 12);
    for (index, y) in (app.scroll.feed..app.town.feed.len()).zip(rows.y..rows.bottom()) {
        let line = &app.town.feed[index];
        let row = Rect { y, height: 1, ..rows };
        let time = line.at.hour_minute();
        let what = fit(&line.what, words);
        let bead = line.bead.as_deref().map(|bead| format!("{bead}  ")).unwrap_or_default();
        let mut content: Vec<Piece<'_>> = vec![
            (" ", theme.dim()),
            (&time, theme.dim()),
            ("  ", theme.dim()),
            (&what, theme.tone(line.tone)),
            ("  ", theme.dim()),
        ];
        if row.width >= 56 {
            content.push((&bead, theme.dim()));
        }
        content.push((&line.text, theme.text()));
        pen::pieces(buffer, row.x, y, row.width.saturating_sub(1), &content);
        if app.feed == index && (whole || app.pane == Pane::Feed) {
            select_row(app, buffer, row, whole || focused(app, Pane::Feed));
        }
    }
}
