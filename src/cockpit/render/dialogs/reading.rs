//! Things to read: the journal, and notes.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::base::text::{fit, width as columns_of};
use crate::view::Tone;

use super::super::super::actions::{Action, Context};
use super::super::super::app::App;
use super::super::super::dialogs::{Journal, Note};
use super::super::super::layout::dialog_list;
use super::super::bars;
use super::super::pen::{self, Piece};
use super::{flowing, heading, mark_row, query_line, scrolled};

/// Draws what was done and said, newest first.
pub(super) fn journal(app: &App, buffer: &mut Buffer, area: Rect, journal: &Journal) -> Option<Position> {
    let theme = &app.theme;
    let lines = journal.lines(app);
    heading(app, buffer, area, "done from here", "enter copies the command · ctrl-x stops what runs");
    let cursor = query_line(app, buffer, area, "› ", &journal.query, "type to search");
    let list = dialog_list(area, app.overlay.as_ref());
    let first = scrolled(journal.query.row, usize::from(list.height));
    for ((index, line), y) in lines.iter().enumerate().skip(first).zip(list.y..list.bottom()) {
        let row = Rect { y, height: 1, ..list };
        let style = match line.mark {
            "✗" => theme.tone(Tone::Bad),
            "✓" => theme.tone(Tone::Good),
            _ => theme.dim(),
        };
        let time = line.at.hour_minute();
        let text = if line.task.is_some() { theme.text() } else { theme.dim() };
        let content: [Piece<'_>; 8] = [
            (" ", theme.dim()),
            (&time, theme.dim()),
            ("  ", theme.dim()),
            (line.mark, style),
            (" ", theme.dim()),
            (&line.text, text),
            (if line.note.is_empty() { "" } else { "  " }, theme.dim()),
            (&line.note, theme.dim()),
        ];
        pen::pieces(buffer, row.x, y, row.width.saturating_sub(1), &content);
        if index == journal.query.row {
            mark_row(app, buffer, row, true);
        }
    }
    if lines.is_empty() {
        let words = "Nothing yet. What you do from here is listed here, with its command line and how it went.";
        pen::put(buffer, list.x + 1, list.y, list.width.saturating_sub(2), words, theme.dim());
    }
    Some(cursor)
}

/// The lines of a note in `columns`: what does not fit goes on below, beside the same word.
pub fn note_lines(note: &Note, columns: u16) -> Vec<(&str, String)> {
    let words = note_words(note);
    let beside = if words > 0 { words + 2 } else { 0 };
    let mut out = Vec::new();
    for (word, text) in &note.lines {
        let room = usize::from(columns).saturating_sub(if word.is_empty() { 0 } else { beside }).max(8);
        for (place, part) in flowing(text, room).into_iter().enumerate() {
            out.push((
                if place == 0 {
                    word.as_str()
                } else if word.is_empty() {
                    ""
                } else {
                    " "
                },
                part,
            ));
        }
    }
    out
}

/// How wide the words before a note's lines are.
fn note_words(note: &Note) -> usize {
    note.lines.iter().map(|(word, _)| columns_of(word)).max().unwrap_or(0).min(16)
}

/// Draws something to read.
pub(super) fn note(app: &App, buffer: &mut Buffer, area: Rect, note: &Note) -> Option<Position> {
    let theme = &app.theme;
    let inner = Rect {
        x: area.x + 3,
        y: area.y + 2,
        width: area.width.saturating_sub(6),
        height: area.height.saturating_sub(3),
    };
    let words = note_words(note);
    let lines = note_lines(note, inner.width);
    let first = note.scroll.min(lines.len().saturating_sub(usize::from(inner.height)));
    let below = lines.len().saturating_sub(first + usize::from(inner.height));
    let key = bars::key_of(app, Action::Down, Context::Note);
    let more = if below > 0 { format!("{below} more lines: {key}") } else { String::new() };
    heading(app, buffer, area, &note.title, &more);
    for ((word, text), y) in lines.iter().skip(first).zip(inner.y..inner.bottom()) {
        if word.is_empty() {
            pen::put(buffer, inner.x, y, inner.width, text, theme.text());
        } else {
            let word = fit(word.trim(), words);
            pen::pieces(
                buffer,
                inner.x,
                y,
                inner.width,
                &[(&word, theme.strong()), ("  ", theme.dim()), (text, theme.text())],
            );
        }
    }
    None
}
