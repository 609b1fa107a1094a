//! An agent's screen inside ours: its colours, wide characters and cursor, cropped around the cursor when it is larger.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};

use crate::terminal::{self, Attrs, ScreenState};

use super::super::theme::{Depth, Theme};

/// The rows of a screen down to the last one with anything on it, the cursor's included.
pub fn used_rows(screen: &ScreenState) -> u16 {
    let used = screen.lines.iter().rposition(|line| !line.text().is_empty()).map_or(0, |row| row + 1);
    u16::try_from(used).unwrap_or(u16::MAX).max(screen.cursor.row + 1).min(screen.rows.max(1))
}

/// The agent's cell (column, row) shown in the top left corner of `area`.
///
/// Columns start at 0 unless the cursor is further right than `area` is wide. Rows end with the last one used, so that the newest
/// output of a larger screen is seen, and always show the cursor.
pub fn origin(screen: &ScreenState, area: Rect) -> (u16, u16) {
    let left = if area.width == 0 || screen.cursor.col < area.width || screen.cols <= area.width {
        0
    } else {
        (screen.cursor.col + area.width / 3).min(screen.cols).saturating_sub(area.width)
    };
    let mut top = used_rows(screen).saturating_sub(area.height);
    if screen.cursor.visible {
        top = top.min(screen.cursor.row);
    }
    (left, top)
}

/// Draws `screen` into `area` and returns where the cursor is, when it can be seen.
pub fn draw(buffer: &mut Buffer, area: Rect, screen: &ScreenState, theme: &Theme) -> Option<Position> {
    draw_from(buffer, area, screen, origin(screen, area), theme)
}

/// Draws `screen` into `area` from one of its cells on, and returns where the cursor is, when it can be seen.
pub fn draw_from(
    buffer: &mut Buffer,
    area: Rect,
    screen: &ScreenState,
    (left, top): (u16, u16),
    theme: &Theme,
) -> Option<Position> {
    let right = left.saturating_add(area.width);
    for (line, y) in screen.lines.iter().skip(usize::from(top)).zip(area.y..area.bottom()) {
        for cell in line.cells() {
            let end = cell.col + cell.width;
            if end <= left || cell.width == 0 {
                continue;
            }
            if cell.col >= right {
                break;
            }
            let style = look(cell.style, theme);
            if cell.col < left || end > right {
                // Half of a wide character sticks out: the half inside is blank.
                let inside = cell.col.max(left)..end.min(right);
                for col in inside {
                    buffer[(area.x + col - left, y)].set_symbol(" ").set_style(style);
                }
                continue;
            }
            let x = area.x + cell.col - left;
            buffer[(x, y)].set_symbol(cell.text).set_style(style);
            for extra in 1..cell.width {
                // What the wide character covers holds nothing of its own.
                buffer[(x + extra, y)].reset();
                buffer[(x + extra, y)].set_style(style);
            }
        }
    }
    let (col, row) = (screen.cursor.col.min(screen.cols.saturating_sub(1)), screen.cursor.row);
    let seen =
        screen.cursor.visible && (left..right).contains(&col) && (top..top.saturating_add(area.height)).contains(&row);
    seen.then(|| Position::new(area.x + col - left, area.y + row - top))
}

fn color(color: terminal::Color, theme: &Theme) -> Option<Color> {
    match color {
        terminal::Color::Default => None,
        terminal::Color::Indexed(n) if n < 16 => Some(theme.fit(ANSI[usize::from(n)])),
        terminal::Color::Indexed(n) => Some(theme.fit(Color::Indexed(n))),
        terminal::Color::Rgb(r, g, b) => Some(theme.fit(Color::Rgb(r, g, b))),
    }
}

/// The sixteen colours of the terminal's own scheme.
const ANSI: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

fn look(style: terminal::Style, theme: &Theme) -> Style {
    let mut out = theme.base();
    if theme.depth() != Depth::Mono {
        if let Some(fg) = color(style.fg, theme) {
            out = out.fg(fg);
        }
        if let Some(bg) = color(style.bg, theme) {
            out = out.bg(bg);
        }
    }
    for (attr, modifier) in [
        (Attrs::BOLD, Modifier::BOLD),
        (Attrs::DIM, Modifier::DIM),
        (Attrs::ITALIC, Modifier::ITALIC),
        (Attrs::BLINK, Modifier::SLOW_BLINK),
        (Attrs::INVERSE, Modifier::REVERSED),
        (Attrs::HIDDEN, Modifier::HIDDEN),
        (Attrs::STRIKE, Modifier::CROSSED_OUT),
    ] {
        if style.attrs.has(attr) {
            out = out.add_modifier(modifier);
        }
    }
    if style.attrs.0 & Attrs::ANY_UNDERLINE.0 != 0 {
        out = out.add_modifier(Modifier::UNDERLINED);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::{Cursor, Line, Run};

    fn screen(rows: &[&str], cursor: (u16, u16)) -> ScreenState {
        let lines: Vec<Line> = rows
            .iter()
            .map(|text| Line {
                runs: vec![Run {
                    text: (*text).to_owned(),
                    cols: u16::try_from(crate::base::text::width(text)).unwrap(),
                    ..Run::default()
                }],
                wrapped: false,
            })
            .collect();
        ScreenState {
            cols: 80,
            rows: u16::try_from(rows.len()).unwrap(),
            lines,
            cursor: Cursor { col: cursor.0, row: cursor.1, visible: true, ..Cursor::default() },
            ..ScreenState::default()
        }
    }

    fn drawn(screen: &ScreenState, area: Rect) -> (Vec<String>, Option<Position>) {
        let mut buffer = Buffer::empty(Rect::new(0, 0, area.right() + 2, area.bottom() + 1));
        let cursor = draw(&mut buffer, area, screen, &Theme::dark(Depth::True));
        let rows = (area.y..area.bottom())
            .map(|y| (area.x..area.right()).map(|x| buffer[(x, y)].symbol().to_owned()).collect())
            .collect();
        (rows, cursor)
    }

    #[test]
    fn a_larger_screen_is_cropped_around_its_cursor() {
        let screen = screen(&["one", "two", "three", "four", "five"], (2, 4));
        let (rows, cursor) = drawn(&screen, Rect::new(1, 1, 4, 2));
        assert_eq!(rows, ["four", "five"]);
        assert_eq!(cursor, Some(Position::new(3, 2)));
    }

    #[test]
    fn a_cursor_far_right_is_followed() {
        let line = "0123456789".repeat(8);
        let screen = screen(&[&line], (60, 0));
        let (rows, cursor) = drawn(&screen, Rect::new(0, 0, 30, 1));
        assert_eq!(cursor.unwrap().x, 20);
        assert_eq!(rows[0], line[40..70]);
    }

    #[test]
    fn a_wide_character_cut_by_the_edge_is_blank() {
        let screen = screen(&["a漢字"], (0, 0));
        let (rows, _) = drawn(&screen, Rect::new(0, 0, 4, 1));
        assert_eq!(rows[0].replace("漢 ", "漢"), "a漢 ");
        assert!(!rows[0].contains('字'));
    }
}
