//! The dialogs.

mod form;
mod help;
mod places;
mod questions;
mod reading;
mod sling;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::Widget;

use crate::base::text::{fit, width as columns_of};

use super::super::app::{App, Overlay};
use super::super::dialogs::{Choose, Message, Purpose, Query};
use super::super::layout::dialog_list;
use super::super::palette::Palette;
use super::pen;

/// The first row of the topmost dialog's list that is on the screen.
fn dialog_scroll(app: &App) -> usize {
    let Some(area) = app.layout.dialog else { return 0 };
    let rows = usize::from(dialog_list(area, app.overlay.as_ref()).height);
    let row = match &app.overlay {
        Some(Overlay::Help(help)) => {
            return help::first(
                &help::rows(app, help, dialog_list(area, app.overlay.as_ref()).width),
                help.query.row,
                rows,
            );
        }
        Some(Overlay::Palette(palette)) => palette.query.row,
        Some(Overlay::Sling(sling)) => sling.query.row,
        Some(Overlay::Journal(journal)) => journal.query.row,
        Some(Overlay::Choose(choose)) => choose.query.row,
        Some(Overlay::Message(_) | Overlay::Answer(_) | Overlay::Confirm(_) | Overlay::Note(_) | Overlay::Form(_))
        | None => 0,
    };
    scrolled(row, rows)
}

fn scrolled(row: usize, rows: usize) -> usize {
    (row + 1).saturating_sub(rows.max(1))
}

/// The place in the topmost dialog's list of what stands in `row` of the screen's part of it.
pub fn dialog_entry(app: &App, row: usize) -> usize {
    let (Some(area), Some(Overlay::Help(help))) = (app.layout.dialog, &app.overlay) else {
        return dialog_scroll(app) + row;
    };
    let rows = help::rows(app, help, dialog_list(area, app.overlay.as_ref()).width);
    rows.get(dialog_scroll(app) + row).map_or(help.query.row, |row| row.entry)
}

pub use form::places as form_places;
pub use reading::note_lines;

/// Draws the dialog on top, if there is one; returns where its cursor is.
pub(super) fn draw(app: &App, buffer: &mut Buffer) -> Option<Position> {
    let area = app.layout.dialog?;
    let overlay = app.overlay.as_ref()?;
    let theme = &app.theme;
    // What is below steps back.
    pen::shade(buffer, app.layout.header.union(app.layout.body), theme.shaded());
    pen::panel(buffer, area, theme.panel(), theme.rule());
    match overlay {
        Overlay::Help(help) => help::draw(app, buffer, area, help),
        Overlay::Palette(palette) => draw_palette(app, buffer, area, palette),
        Overlay::Sling(sling) => sling::draw_sling(app, buffer, area, sling),
        Overlay::Answer(open) => questions::answer(app, buffer, area, open),
        Overlay::Confirm(confirm) => questions::confirm(app, buffer, area, confirm),
        Overlay::Journal(journal) => reading::journal(app, buffer, area, journal),
        Overlay::Note(note) => reading::note(app, buffer, area, note),
        Overlay::Form(form) => form::form(app, buffer, area, form),
        Overlay::Choose(choose) => draw_choose(app, buffer, area, choose),
        Overlay::Message(message) => draw_message(app, buffer, area, message),
    }
}

fn heading(app: &App, buffer: &mut Buffer, area: Rect, title: &str, note: &str) {
    let theme = &app.theme;
    pen::put(buffer, area.x + 2, area.y, area.width.saturating_sub(4), &format!(" {title} "), theme.accent());
    if !note.is_empty() {
        let note = format!(" {note} ");
        let width = u16::try_from(columns_of(&note)).unwrap_or(0);
        if width + 12 < area.width {
            pen::put(buffer, area.right() - width - 2, area.bottom() - 1, width, &note, theme.dim());
        }
    }
}

/// `text` cut to what fits into the lower edge of a dialog.
fn fit_to(text: &str, area: Rect) -> String {
    crate::base::text::truncate(text, usize::from(area.width.saturating_sub(16))).into_owned()
}

fn query_line(app: &App, buffer: &mut Buffer, area: Rect, prompt: &str, query: &Query, empty: &str) -> Position {
    let theme = &app.theme;
    let (x, y) = (area.x + 2, area.y + 1);
    let room = area.width.saturating_sub(4);
    let at = pen::put(buffer, x, y, room, prompt, theme.accent());
    let left = room.saturating_sub(at - x);
    if query.text.is_empty() {
        pen::put(buffer, at, y, left, empty, theme.dim());
        return Position::new(at, y);
    }
    let end = pen::put(buffer, at, y, left, &query.text, theme.text());
    Position::new(end.min(area.right().saturating_sub(2)), y)
}

/// Underlines the letters that the query matched.
fn light_up(app: &App, buffer: &mut Buffer, x: u16, y: u16, end: u16, text: &str, letters: &[u32]) {
    let mut column = x;
    for (index, c) in text.chars().enumerate() {
        let width = u16::try_from(columns_of(c.encode_utf8(&mut [0; 4]))).unwrap_or(1);
        if column + width > end {
            break;
        }
        if u32::try_from(index).is_ok_and(|index| letters.binary_search(&index).is_ok()) {
            let style = buffer[(column, y)].style().patch(app.theme.matched());
            buffer[(column, y)].set_style(style);
        }
        column += width;
    }
}

fn mark_row(app: &App, buffer: &mut Buffer, row: Rect, focused: bool) {
    pen::highlight(buffer, row, &app.theme, focused);
    pen::edge(buffer, row.x, row.y, &app.theme, focused);
}

fn draw_palette(app: &App, buffer: &mut Buffer, area: Rect, palette: &Palette) -> Option<Position> {
    let theme = &app.theme;
    let (title, empty) = if palette.places {
        ("go to", "an agent, a convoy, a rig, a bead")
    } else {
        ("everything", "an action, an agent, a convoy, a rig, a bead")
    };
    let command = palette.chosen().and_then(|row| row.choice.command(app)).unwrap_or_default();
    heading(app, buffer, area, title, &fit_to(&command, area));
    let cursor = query_line(app, buffer, area, "› ", &palette.query, empty);
    if palette.places
        && let Some(row) = palette.chosen()
    {
        places::look(app, buffer, area, &row.choice);
    }
    let list = dialog_list(area, app.overlay.as_ref());
    let first = scrolled(palette.query.row, usize::from(list.height));
    for ((index, (row, hit)), y) in palette.rows().enumerate().skip(first).zip(list.y..list.bottom()) {
        let place = Rect { y, height: 1, ..list };
        let possible = row.why_not.is_none();
        let kind = fit(row.kind, 8);
        let note = format!(" {} ", row.why_not.as_deref().unwrap_or(&row.note));
        let note_width = pen::width(&[(&note, theme.dim())]).min(place.width / 2);
        let right = place.right() - note_width;
        let x = pen::pieces(buffer, place.x, y, place.width, &[(" ", theme.text()), (&kind, theme.dim())]);
        let style = if possible { theme.text() } else { theme.dim() };
        let end = pen::put(buffer, x, y, right.saturating_sub(x + 1), &row.text, style);
        light_up(app, buffer, x, y, end, &row.text, &hit.letters);
        let note_style = if row.kind == "action" && possible { theme.strong() } else { theme.dim() };
        pen::put(buffer, right, y, note_width, &note, note_style);
        if index == palette.query.row {
            mark_row(app, buffer, place, true);
        }
    }
    if palette.rows().len() == 0 {
        pen::put(buffer, list.x + 1, list.y, list.width, "Nothing is called that.", theme.dim());
    }
    Some(cursor)
}

/// `text` broken between words into lines of at most `columns`.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for (place, word) in text.split(' ').enumerate() {
        let last = lines.len() - 1;
        let fits = columns_of(&lines[last]) + columns_of(word) < columns;
        if !lines[last].is_empty() && !fits {
            lines.push(format!("  {word}"));
        } else {
            // Empty words at the beginning are the indentation.
            if place > 0 {
                lines[last].push(' ');
            }
            lines[last].push_str(word);
        }
    }
    lines
}

/// `text` broken between words, as running text is: what goes on begins where its line began.
pub(super) fn flowing(text: &str, columns: usize) -> Vec<String> {
    let indent: String = text.chars().take_while(|c| *c == ' ').collect();
    // What goes on stands below the words of a sign of a list.
    let sign = text.trim_start().starts_with(['-', '*']) || text.trim_start().starts_with(|c: char| c.is_ascii_digit());
    let hang = if sign { "  " } else { "" };
    let lines = wrapped(text, columns.saturating_sub(indent.len()).max(8)).into_iter().enumerate();
    lines.map(|(place, line)| if place == 0 { line } else { format!("{indent}{hang}{}", line.trim_start()) }).collect()
}

fn draw_choose(app: &App, buffer: &mut Buffer, area: Rect, choose: &Choose) -> Option<Position> {
    let theme = &app.theme;
    heading(app, buffer, area, &choose.setting.key, "");
    let cursor = query_line(app, buffer, area, "› ", &choose.query, "type to narrow");
    let list = dialog_list(area, app.overlay.as_ref());
    let first = scrolled(choose.query.row, usize::from(list.height));
    for ((index, (word, hit)), y) in choose.shown().into_iter().enumerate().skip(first).zip(list.y..list.bottom()) {
        let row = Rect { y, height: 1, ..list };
        let now = *word == *choose.setting.value;
        let x = pen::put(buffer, row.x + 1, y, 2, if now { "● " } else { "○ " }, theme.dim());
        let end = pen::put(buffer, x, y, row.right().saturating_sub(x), word, theme.text());
        light_up(app, buffer, x, y, end, word, &hit.letters);
        if now {
            let note = format!("now, {} ", choose.setting.layer);
            pen::pieces_right(buffer, row, end + 1, &[(&note, theme.dim())]);
        }
        if index == choose.query.row {
            mark_row(app, buffer, row, true);
        }
    }
    Some(cursor)
}

fn draw_message(app: &App, buffer: &mut Buffer, area: Rect, message: &Message) -> Option<Position> {
    let note = match &message.purpose {
        Purpose::Value(setting) => setting.about.as_str(),
        _ => "shift-enter begins a new line",
    };
    heading(app, buffer, area, &message.purpose.words(), &fit_to(note, area));
    let inner = Rect {
        x: area.x + 2,
        y: area.y + 1,
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    };
    let mut text = message.area.clone();
    text.set_style(app.theme.panel());
    text.set_cursor_style(app.theme.panel().add_modifier(ratatui::style::Modifier::REVERSED));
    (&text).render(inner, buffer);
    None
}
