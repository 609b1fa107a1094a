//! Draws an agent's screen and the status line under it.

use crossterm::cursor::SetCursorStyle;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color as OuterColor, Modifier, Style as OuterStyle};

use crate::base::text::{fit, width};
use crate::terminal::{Attrs, Color, Cursor, CursorShape, ScreenState, Style};

/// Draws all.
pub(super) fn frame(frame: &mut Frame<'_>, screen: Option<&ScreenState>, name: &str, watch: bool) {
    let area = frame.area();
    if area.height == 0 {
        return;
    }
    let pane = Rect { height: area.height.saturating_sub(1).max(1), ..area };
    if let Some(screen) = screen
        && let Some(cursor) = pane_contents(screen, pane, frame.buffer_mut())
    {
        frame.set_cursor_position(cursor);
    }
    if area.height > 1 {
        let status = Rect { y: area.bottom() - 1, height: 1, ..area };
        status_line(screen, name, watch, status, frame.buffer_mut());
    }
}

fn status_line(screen: Option<&ScreenState>, name: &str, watch: bool, area: Rect, buffer: &mut Buffer) {
    let chord = "ctrl-] leaves ";
    let title = screen.map_or("", |screen| screen.title.as_str());
    let state = screen.and_then(|screen| screen.status.as_ref()).map_or("", |status| status.state.as_str());
    let mut left = format!(" {name}");
    for part in [if watch { "watching" } else { "" }, state, title] {
        if !part.is_empty() {
            left.push_str(" · ");
            left.push_str(part);
        }
    }
    let columns = usize::from(area.width);
    let text = if columns > width(chord) + 10 {
        format!("{}{chord}", fit(&left, columns - width(chord)))
    } else {
        fit(chord, columns)
    };
    buffer.set_string(area.x, area.y, text, OuterStyle::new().add_modifier(Modifier::REVERSED));
}

/// Draws the screen into `area`; returns where its cursor is, if it is shown. A screen larger than the area shows the part with the cursor.
fn pane_contents(screen: &ScreenState, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let first_row = (screen.cursor.row + 1).saturating_sub(area.height).min(screen.rows.saturating_sub(area.height));
    let first_col = (screen.cursor.col + 1).saturating_sub(area.width).min(screen.cols.saturating_sub(area.width));
    let lines = screen.lines.iter().skip(usize::from(first_row)).take(usize::from(area.height));
    for (y, line) in (area.y..).zip(lines) {
        for cell in line.cells() {
            if cell.col < first_col {
                continue;
            }
            let x = cell.col - first_col;
            if x >= area.width {
                break;
            }
            let style = outer_style(cell.style);
            // Half a wide character can't be drawn.
            let text = if x + cell.width > area.width { " " } else { cell.text };
            for (offset, column) in (x..(x + cell.width.max(1)).min(area.width)).enumerate() {
                let symbol = if offset == 0 { text } else { " " };
                buffer[(area.x + column, y)].set_symbol(symbol).set_style(style);
            }
        }
    }
    let (col, row) = (screen.cursor.col.checked_sub(first_col)?, screen.cursor.row.checked_sub(first_row)?);
    (screen.cursor.visible && col < area.width && row < area.height)
        .then(|| Position { x: area.x + col, y: area.y + row })
}

/// The outer terminal's cursor as the agent wants it.
pub(super) fn cursor_style(cursor: &Cursor) -> SetCursorStyle {
    match (cursor.shape, cursor.blinking) {
        (CursorShape::Block, false) => SetCursorStyle::SteadyBlock,
        (CursorShape::Block, true) => SetCursorStyle::BlinkingBlock,
        (CursorShape::Underline, false) => SetCursorStyle::SteadyUnderScore,
        (CursorShape::Underline, true) => SetCursorStyle::BlinkingUnderScore,
        (CursorShape::Bar, false) => SetCursorStyle::SteadyBar,
        (CursorShape::Bar, true) => SetCursorStyle::BlinkingBar,
    }
}

fn outer_style(style: Style) -> OuterStyle {
    let mut modifiers = Modifier::empty();
    for (attr, modifier) in [
        (Attrs::BOLD, Modifier::BOLD),
        (Attrs::DIM, Modifier::DIM),
        (Attrs::ITALIC, Modifier::ITALIC),
        (Attrs::ANY_UNDERLINE, Modifier::UNDERLINED),
        (Attrs::BLINK, Modifier::SLOW_BLINK),
        (Attrs::INVERSE, Modifier::REVERSED),
        (Attrs::HIDDEN, Modifier::HIDDEN),
        (Attrs::STRIKE, Modifier::CROSSED_OUT),
    ] {
        if style.attrs.has(attr) {
            modifiers |= modifier;
        }
    }
    OuterStyle::reset().fg(outer_color(style.fg)).bg(outer_color(style.bg)).add_modifier(modifiers)
}

/// The colour as this terminal can show it: true colours become the nearest of 256 where it has no more.
fn outer_color(color: Color) -> OuterColor {
    match color {
        Color::Default => OuterColor::Reset,
        Color::Indexed(index) => OuterColor::Indexed(index),
        Color::Rgb(r, g, b) if true_color() => OuterColor::Rgb(r, g, b),
        Color::Rgb(r, g, b) => {
            let step = |value: u8| {
                if value < 48 {
                    0
                } else if value < 115 {
                    1
                } else {
                    (value - 35) / 40
                }
            };
            OuterColor::Indexed(16 + 36 * step(r) + 6 * step(g) + step(b))
        }
    }
}

fn true_color() -> bool {
    static ANSWER: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *ANSWER.get_or_init(|| std::env::var("COLORTERM").is_ok_and(|value| value == "truecolor" || value == "24bit"))
}
