//! What is seen while looking back in an agent's terminal.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use crate::terminal::{Cursor, ScreenState};

use super::super::app::App;
use super::super::back::Back;
use super::{pen, terminal};

/// Draws the lines looked at, the selection, the matches; returns where the cursor is.
pub(super) fn draw(app: &App, buffer: &mut Buffer, area: Rect, back: &Back) -> Option<Position> {
    let theme = &app.theme;
    let lines = (0..u64::from(area.height)).map(|row| back.line(back.top + row).cloned().unwrap_or_default()).collect();
    let screen = ScreenState {
        cols: back.cols,
        rows: area.height,
        lines,
        cursor: Cursor { visible: false, ..Cursor::default() },
        ..ScreenState::default()
    };
    // From the first column and row on, whatever a screen would show of itself.
    terminal::draw_from(buffer, area, &screen, (0, 0), theme);
    let at = |line: u64, column: u16| -> Option<(u16, u16)> {
        let row = u16::try_from(line.checked_sub(back.top)?).ok()?;
        (row < area.height && column < area.width).then_some((area.x + column, area.y + row))
    };
    for found in &back.matches {
        for column in found.col..found.col.saturating_add(found.cols) {
            if let Some(cell) = at(found.line, column) {
                let style = buffer[cell].style().patch(theme.matched());
                buffer[cell].set_style(style);
            }
        }
    }
    if back.mark.is_some() {
        let (from, to) = back.selection();
        for row in 0..area.height {
            let line = back.top + u64::from(row);
            let first = if line == from.0 { from.1 } else { 0 };
            let end = if line == to.0 { to.1 } else { area.width };
            if (from.0..=to.0).contains(&line) {
                for column in first..end.min(area.width) {
                    if let Some(cell) = at(line, column) {
                        let style = buffer[cell].style().add_modifier(Modifier::REVERSED);
                        buffer[cell].set_style(style);
                    }
                }
            }
        }
    }
    if back.asking {
        let row = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
        for x in row.x..row.right() {
            buffer[(x, row.y)].reset();
        }
        buffer.set_style(row, theme.panel());
        let end =
            pen::pieces(buffer, row.x, row.y, row.width, &[("search › ", theme.accent()), (&back.query, theme.text())]);
        return Some(Position::new(end.min(row.right().saturating_sub(1)), row.y));
    }
    at(back.cursor.0, back.cursor.1).map(|(x, y)| Position::new(x, y))
}

/// What the title says of it.
pub(super) fn note(back: &Back) -> String {
    let up = back.bottom().saturating_sub(back.cursor.0);
    match back.fresh() {
        0 => format!("{up} lines up"),
        fresh => format!("{up} lines up · {fresh} new"),
    }
}
