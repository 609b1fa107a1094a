//! The feed: the event log, and the selected event in full.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::app::App;
use super::super::layout::below_title;
use super::dialogs::wrapped;
use super::lists::{advice, event_row, select_row};
use super::pen;
use crate::view::Topic;

/// Draws the view.
pub(super) fn draw(app: &App, buffer: &mut Buffer) {
    let theme = &app.theme;
    let area = app.layout.list;
    let lines = app.log.lines.as_deref().unwrap_or_default();
    let topic = if app.log.topic == Topic::All { String::new() } else { format!("{} · ", app.log.topic.words()) };
    let matching = if app.filter.is_empty() { String::new() } else { format!(" with \"{}\"", app.filter) };
    let note = match (lines.len(), topic.as_str()) {
        (0, "") => String::new(),
        (count, topic) => format!("{topic}{count}{matching}"),
    };
    pen::rule(buffer, area, theme.rule(), &[("what happened", theme.accent())], &[(&note, theme.dim())]);
    let rows = below_title(area);
    if lines.is_empty() {
        let words = match (&app.log.lines, app.filter.is_empty() && app.log.topic == Topic::All) {
            (None, _) => "Reading the log …",
            (Some(_), true) => "Nothing yet. Everything agents do will be told here.",
            (Some(_), false) => "No event like that; esc shows all, w another topic.",
        };
        advice(app, buffer, rows, words);
    }
    let place = app.log.place();
    let shown: Vec<_> = lines.iter().skip(app.log.scroll).take(usize::from(rows.height)).collect();
    let widths = super::lists::event_widths(shown.iter().map(|line| &line.line));
    for ((index, line), y) in shown.into_iter().enumerate().zip(rows.y..rows.bottom()) {
        let row = Rect { y, height: 1, ..rows };
        event_row(app, buffer, row, &line.line, widths);
        if index + app.log.scroll == place {
            select_row(app, buffer, row, app.overlay.is_none());
        }
    }
    if app.layout.reading.height > 0 {
        detail(app, buffer, app.layout.reading);
        super::divider(app, buffer);
    }
}

fn detail(app: &App, buffer: &mut Buffer, area: Rect) {
    let theme = &app.theme;
    let Some(entry) = app.log.line() else {
        pen::rule(buffer, area, theme.rule(), &[], &[]);
        return;
    };
    let line = &entry.line;
    let bead = line.bead.clone().unwrap_or_default();
    pen::rule(
        buffer,
        area,
        theme.rule(),
        &[(&line.what, theme.tone(line.tone).add_modifier(ratatui::style::Modifier::BOLD))],
        &[(&bead, theme.dim())],
    );
    let rows = below_title(area);
    let inner = Rect { x: rows.x + 1, width: rows.width.saturating_sub(2), ..rows };
    let mut y = inner.y;
    for text in wrapped(&line.text, usize::from(inner.width)) {
        if y < inner.bottom() {
            pen::put(buffer, inner.x, y, inner.width, text.trim_start(), theme.text());
        }
        y += 1;
    }
    let mut facts: Vec<(&str, String)> = vec![("when", super::day_and_time(line.at))];
    if !entry.actor.is_empty() {
        facts.push(("by", entry.actor.clone()));
    }
    facts.extend(entry.facts.iter().map(|(name, value)| (name.as_str(), value.clone())));
    let names = facts.iter().map(|(name, _)| crate::base::text::width(name)).max().unwrap_or(4).min(18);
    y += 1;
    for (name, value) in facts {
        let name = crate::base::text::fit(name, names) + "  ";
        let room = usize::from(inner.width).saturating_sub(names + 2).max(8);
        for (index, part) in value.lines().flat_map(|line| wrapped(line, room)).take(6).enumerate() {
            if y >= inner.bottom() {
                return;
            }
            let label = if index == 0 { name.as_str() } else { "" };
            pen::put(buffer, inner.x, y, inner.width, label, theme.dim());
            let x = inner.x + u16::try_from(names + 2).unwrap_or(0);
            pen::put(buffer, x, y, inner.right().saturating_sub(x), part.trim_start(), theme.text());
            y += 1;
        }
    }
}
