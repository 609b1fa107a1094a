//! Putting text and rules on the screen, neutralised and cut to their columns.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use super::super::theme::Theme;
use crate::base::text;

/// A stretch of text in one style.
pub type Piece<'a> = (&'a str, Style);

/// Writes `content` at a cell, at most `columns` wide, and returns the column after it.
pub fn put(buffer: &mut Buffer, x: u16, y: u16, columns: u16, content: &str, style: Style) -> u16 {
    if columns == 0 || !buffer.area.contains((x, y).into()) {
        return x;
    }
    let safe = shown(content);
    let cut = text::truncate(&safe, usize::from(columns));
    buffer.set_stringn(x, y, &cut, usize::from(columns), style).0
}

/// `content` without what could steer the terminal, or could make it count other columns than we do.
fn shown(content: &str) -> Cow<'_, str> {
    let safe = text::neutralise(content, true);
    if safe.chars().any(joins) { Cow::Owned(unjoined(&safe)) } else { safe }
}

/// Whether a character joins pictures to one, or changes how the one before it looks.
fn joins(c: char) -> bool {
    matches!(c, '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

/// Of every picture made of several only the first, in as many columns: terminals disagree on how wide the whole is.
fn unjoined(content: &str) -> String {
    let mut out = String::with_capacity(content.len());
    for grapheme in content.graphemes(true) {
        let first = grapheme.chars().next().unwrap_or(' ');
        // Scripts that join letters keep their joiners.
        if !grapheme.chars().any(joins) || first.is_alphanumeric() {
            out.push_str(grapheme);
            continue;
        }
        let first = first.to_string();
        out.push_str(&first);
        out.extend(std::iter::repeat_n(' ', text::width(grapheme).saturating_sub(text::width(&first))));
    }
    out
}

/// Marks `area` as what is selected. Where there are too few colours for a ground of its own, all of it is reversed as one: colours
/// and dim letters would fall apart in blocks.
pub fn highlight(buffer: &mut Buffer, area: Rect, theme: &Theme, focused: bool) {
    if theme.colours_code() || !focused {
        buffer.set_style(area, theme.selected(focused));
        return;
    }
    for y in area.y..area.bottom() {
        for x in area.x..area.right() {
            let cell = &mut buffer[(x, y)];
            let kept = cell.modifier & (Modifier::BOLD | Modifier::CROSSED_OUT);
            cell.set_style(Style::reset().add_modifier(kept | Modifier::REVERSED));
        }
    }
}

/// Marks the edge of a selected row by a shape, since a ground or a line below it may be all but invisible: a strong one in the list
/// that has the focus, a thin one in others.
pub fn edge(buffer: &mut Buffer, x: u16, y: u16, theme: &Theme, focused: bool) {
    let quiet = if theme.colours_code() { theme.dim() } else { theme.text() };
    let (shape, style) = if focused { ("▌", theme.accent()) } else { ("▎", quiet) };
    buffer[(x, y)].set_symbol(shape).set_style(style);
}

/// Writes pieces one after the other, at most `columns` wide in all, and returns the column after them.
pub fn pieces(buffer: &mut Buffer, x: u16, y: u16, columns: u16, pieces: &[Piece<'_>]) -> u16 {
    let end = x.saturating_add(columns);
    let mut at = x;
    for (content, style) in pieces {
        at = put(buffer, at, y, end.saturating_sub(at), content, *style);
    }
    at
}

/// Columns that pieces take.
pub fn width(pieces: &[Piece<'_>]) -> u16 {
    let columns: usize = pieces.iter().map(|(content, _)| text::width(&shown(content))).sum();
    u16::try_from(columns).unwrap_or(u16::MAX)
}

/// Writes pieces so that they end at the right edge of `area`'s first row, unless there is no room right of `from`;
/// returns the column they begin at.
pub fn pieces_right(buffer: &mut Buffer, area: Rect, from: u16, content: &[Piece<'_>]) -> u16 {
    let columns = width(content);
    let start = area.right().saturating_sub(columns);
    if columns == 0 || start <= from {
        return area.right();
    }
    pieces(buffer, start, area.y, columns, content);
    start
}

/// A thin rule over the first row of `area`, with a title set into it and, at its end, a note.
pub fn rule(buffer: &mut Buffer, area: Rect, line: Style, title: &[Piece<'_>], note: &[Piece<'_>]) {
    if area.height == 0 || area.width < 4 {
        return;
    }
    for x in area.x..area.right() {
        buffer[(x, area.y)].set_symbol("─").set_style(line);
    }
    let room = area.width - 4;
    let note_width = width(note);
    let note_fits = note_width > 0 && note_width + 8 <= room;
    let title_room = if note_fits { room - note_width - 4 } else { room };
    if !title.is_empty() {
        let start = area.x + 2;
        put(buffer, start, area.y, 1, " ", line);
        let end = pieces(buffer, start + 1, area.y, title_room.saturating_sub(2), title);
        put(buffer, end, area.y, 1, " ", line);
    }
    if note_fits {
        let start = area.right() - note_width - 3;
        put(buffer, start - 1, area.y, 1, " ", line);
        let end = pieces(buffer, start, area.y, note_width, note);
        put(buffer, end, area.y, 1, " ", line);
    }
}

/// A thin upright rule over `rows` at column `x`; `joins` says of a row whether a level rule meets it from the left and the right.
pub fn upright(
    buffer: &mut Buffer,
    x: u16,
    rows: std::ops::Range<u16>,
    line: Style,
    joins: impl Fn(u16) -> (bool, bool),
) {
    for y in rows.clone() {
        let (left, right) = joins(y);
        let top = y == rows.start;
        let symbol = match (left, right, top) {
            (true, true, true) => "┬",
            (true, true, false) => "┼",
            (true, false, true) => "┐",
            (true, false, false) => "┤",
            (false, true, true) => "┌",
            (false, true, false) => "├",
            (false, false, _) => "│",
        };
        buffer[(x, y)].set_symbol(symbol).set_style(line);
    }
}

/// Gives everything in `area` one quiet style; the backgrounds stay.
pub fn shade(buffer: &mut Buffer, area: Rect, style: Style) {
    for y in area.y..area.bottom() {
        for x in area.x..area.right() {
            let cell = &mut buffer[(x, y)];
            let background = cell.bg;
            cell.set_style(Style::reset()).set_style(style).set_bg(background);
        }
    }
}

/// Takes away what is in `area`, and gives it a ground.
pub fn clear(buffer: &mut Buffer, area: Rect, fill: Style) {
    for y in area.y..area.bottom() {
        for x in area.x..area.right() {
            buffer[(x, y)].reset();
            buffer[(x, y)].set_style(fill);
        }
    }
}

/// A box of spaces with a thin frame, for dialogs.
pub fn panel(buffer: &mut Buffer, area: Rect, fill: Style, line: Style) {
    clear(buffer, area, fill);
    if area.width < 2 || area.height < 2 {
        return;
    }
    let (left, right, top, bottom) = (area.x, area.right() - 1, area.y, area.bottom() - 1);
    for x in left..=right {
        buffer[(x, top)].set_symbol("─").set_style(line);
        buffer[(x, bottom)].set_symbol("─").set_style(line);
    }
    for y in top..=bottom {
        buffer[(left, y)].set_symbol("│").set_style(line);
        buffer[(right, y)].set_symbol("│").set_style(line);
    }
    for (x, y, symbol) in [(left, top, "╭"), (right, top, "╮"), (left, bottom, "╰"), (right, bottom, "╯")] {
        buffer[(x, y)].set_symbol(symbol);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_made_of_several_are_shown_by_their_first() {
        for (content, expected) in [
            ("a 👩\u{200d}💻 b", "a 👩 b"),
            ("⚠\u{fe0f} gate", "⚠  gate"),
            ("👍🏽!", "👍!"),
            ("日本語 é 🚚", "日本語 é 🚚"),
            ("क\u{94d}\u{200d}ष", "क\u{94d}\u{200d}ष"),
        ] {
            assert_eq!(shown(content), expected);
            assert_eq!(text::width(&shown(content)), text::width(content), "{content}");
        }
    }
}
