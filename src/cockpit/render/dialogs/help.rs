//! All keys. Nothing of them is cut: what does not fit beside goes on below.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::base::text::{fit, width as columns_of};

use super::super::super::app::App;
use super::super::super::dialogs::Help;
use super::super::super::layout::dialog_list;
use super::super::pen;
use super::{heading, mark_row, query_line, scrolled, wrapped};

/// One row of the list.
pub(super) struct HelpRow {
    /// The place of what it belongs to among the lines that match.
    pub entry: usize,
    /// Whether it says where the keys below work, and no more.
    heading: bool,
    place: &'static str,
    /// Whether it is the first of its place.
    begins: bool,
    keys: String,
    about: String,
}

/// How wide the places and the keys are in a list of `columns`.
fn widths(lines: &[super::super::super::dialogs::HelpLine], columns: u16) -> (usize, usize) {
    let most = match columns {
        90.. => 20,
        70.. => 12,
        _ => 10,
    };
    let longest = lines.iter().flat_map(|line| line.keys.split("  ")).map(columns_of).max().unwrap_or(0);
    let keys = lines.iter().map(|line| columns_of(&line.keys)).max().unwrap_or(0).min(most).max(longest);
    let places = if columns >= 60 { lines.iter().map(|line| columns_of(line.place)).max().unwrap_or(0) } else { 0 };
    (places, keys)
}

/// `keys` on as many rows as they need.
fn keys_in(keys: &str, columns: usize) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for key in keys.split("  ") {
        match rows.last_mut() {
            Some(row) if columns_of(row) + 2 + columns_of(key) <= columns => {
                row.push_str("  ");
                row.push_str(key);
            }
            _ => rows.push(key.to_owned()),
        }
    }
    rows
}

/// All rows of the list in `columns`.
pub(super) fn rows(app: &App, help: &Help, columns: u16) -> Vec<HelpRow> {
    let lines = help.lines(app);
    let (places, keys_width) = widths(&lines, columns);
    let beside = 1 + if places > 0 { places + 2 } else { 0 } + keys_width + 2 + 1;
    let room = usize::from(columns).saturating_sub(beside).max(12);
    let mut out = Vec::new();
    let mut last = "";
    for (entry, line) in lines.iter().enumerate() {
        let keys = keys_in(&line.keys, keys_width);
        let about = wrapped(line.about, room);
        if places == 0 && line.place != last {
            out.push(HelpRow {
                entry,
                heading: true,
                begins: true,
                place: line.place,
                keys: String::new(),
                about: String::new(),
            });
        }
        for row in 0..keys.len().max(about.len()) {
            out.push(HelpRow {
                entry,
                heading: false,
                place: line.place,
                begins: row == 0 && line.place != last,
                keys: keys.get(row).cloned().unwrap_or_default(),
                about: about.get(row).map(|text| text.trim_start().to_owned()).unwrap_or_default(),
            });
        }
        last = line.place;
    }
    out
}

/// The first row that is seen when all of `entry` is.
pub(super) fn first(rows: &[HelpRow], entry: usize, height: usize) -> usize {
    scrolled(rows.iter().rposition(|row| row.entry == entry).unwrap_or(0), height)
}

/// Draws all keys.
pub(super) fn draw(app: &App, buffer: &mut Buffer, area: Rect, help: &Help) -> Option<Position> {
    let theme = &app.theme;
    let lines = help.lines(app);
    heading(app, buffer, area, "all keys", &format!("{} keys", lines.len()));
    let cursor = query_line(app, buffer, area, "› ", &help.query, "type to search: a key, what it does, where");
    let list = dialog_list(area, app.overlay.as_ref());
    let (places, keys_width) = widths(&lines, list.width);
    let rows = rows(app, help, list.width);
    let first = first(&rows, help.query.row, usize::from(list.height));
    for (line, y) in rows.iter().skip(first).zip(list.y..list.bottom()) {
        let row = Rect { y, height: 1, ..list };
        if line.heading {
            pen::put(buffer, row.x + 1, y, row.width.saturating_sub(1), line.place, theme.dim());
            continue;
        }
        // Whoever has scrolled sees where they are.
        let place = if line.begins || y == list.y { line.place } else { "" };
        let place = if places > 0 { fit(place, places) + "  " } else { String::new() };
        let left = [
            (" ", theme.text()),
            (place.as_str(), theme.dim()),
            (&fit(&line.keys, keys_width), theme.strong()),
            ("  ", theme.text()),
            (&line.about, theme.text()),
        ];
        pen::pieces(buffer, row.x, y, row.width, &left);
        if line.entry == help.query.row {
            mark_row(app, buffer, row, true);
        }
    }
    if lines.is_empty() {
        pen::put(buffer, list.x + 1, list.y, list.width, "No key does that; : finds actions by name.", theme.dim());
    }
    Some(cursor)
}
