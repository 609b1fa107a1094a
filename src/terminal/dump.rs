//! A terminal as the bytes that make it: fed to a fresh one of the same size, they bring back screen, scrollback, cursor and modes.

use std::fmt::Write as _;

use rio_vt::crosswords::pos::{CharsetIndex, StandardCharset};
use rio_vt::crosswords::{Mode, formatter};

use super::inner::Inner;
use super::rows::{self, Styles};
use super::screen::{Attrs, Color, Line, Style};

/// The sequence that sets `style` whatever was set before.
pub fn sgr(style: Style) -> String {
    let mut out = String::from("\x1b[0");
    for (attr, code) in [
        (Attrs::BOLD, "1"),
        (Attrs::DIM, "2"),
        (Attrs::ITALIC, "3"),
        (Attrs::UNDERLINE, "4"),
        (Attrs::DOUBLE_UNDERLINE, "4:2"),
        (Attrs::CURLY_UNDERLINE, "4:3"),
        (Attrs::DOTTED_UNDERLINE, "4:4"),
        (Attrs::DASHED_UNDERLINE, "4:5"),
        (Attrs::BLINK, "5"),
        (Attrs::INVERSE, "7"),
        (Attrs::HIDDEN, "8"),
        (Attrs::STRIKE, "9"),
    ] {
        if style.attrs.has(attr) {
            out.push(';');
            out.push_str(code);
        }
    }
    let mut color = |color: Color, code: u8| {
        let _ = match color {
            Color::Default => Ok(()),
            Color::Indexed(n @ 0..8) if code != 58 => write!(out, ";{}", code - 8 + n),
            Color::Indexed(n @ 8..16) if code != 58 => write!(out, ";{}", code + 52 + n - 8),
            Color::Indexed(n) => write!(out, ";{code};5;{n}"),
            Color::Rgb(r, g, b) => write!(out, ";{code};2;{r};{g};{b}"),
        };
    };
    color(style.fg, 38);
    color(style.bg, 48);
    color(style.underline_color, 58);
    out.push('m');
    out
}

/// Appends a row with its styles and links; the default style is in force before and after.
pub fn put_line(out: &mut String, line: &Line) {
    for run in &line.runs {
        let styled = run.style != Style::default();
        if styled {
            out.push_str(&sgr(run.style));
        }
        if let Some(link) = &run.link {
            let _ = write!(out, "\x1b]8;;{link}\x1b\\");
        }
        out.push_str(&run.text);
        if run.link.is_some() {
            out.push_str("\x1b]8;;\x1b\\");
        }
        if styled {
            out.push_str("\x1b[0m");
        }
    }
}

impl Inner {
    /// The bytes; with `history` the scrollback that is not packed too.
    pub(super) fn dump(&mut self, history: bool) -> String {
        let mut out = String::new();
        let alt = self.term.mode().contains(Mode::ALT_SCREEN);
        self.with_main(|inner| {
            let rows = inner.term.screen_lines() as i32;
            let above = if history { inner.term.history_size() as i32 } else { 0 };
            let mut styles = Styles::default();
            let mut next = rows::line(&inner.term, -above, &mut styles);
            for row in -above..rows {
                let line = next;
                next = if row + 1 < rows { rows::line(&inner.term, row + 1, &mut styles) } else { Line::default() };
                put_line(&mut out, &line);
                if line.wrapped && !next.runs.is_empty() {
                    // Once this row is full, a blank wraps; in the default style, which is what the new row is filled with.
                    let blank = inner.term.columns().saturating_sub(usize::from(line.cols()));
                    out.extend(std::iter::repeat_n(' ', blank + 1));
                    out.push('\r');
                } else if row + 1 < rows {
                    out.push_str("\r\n");
                }
            }
            let saved = inner.term.grid.saved_cursor.pos;
            let _ = write!(out, "\x1b[{};{}H\x1b7", saved.row.0 + 1, saved.col.0 + 1);
            inner.dump_keyboard(&mut out);
            inner.dump_cursor(&mut out);
        });
        if alt {
            // Its blank cells are in the style of this moment.
            out.push_str("\x1b[0m\x1b[?1049h");
            let mut styles = Styles::default();
            for row in 0..self.term.screen_lines() {
                let _ = write!(out, "\x1b[{};1H", row + 1);
                put_line(&mut out, &rows::line(&self.term, row as i32, &mut styles));
            }
            let saved = self.term.grid.saved_cursor.pos;
            let _ = write!(out, "\x1b[{};{}H\x1b7", saved.row.0 + 1, saved.col.0 + 1);
            self.dump_keyboard(&mut out);
        }
        if let Some((top, bottom)) = self.extra.region {
            let _ = write!(out, "\x1b[{};{bottom}r", top + 1);
        }
        // Setting margins moves the cursor, which comes last.
        self.dump_cursor(&mut out);
        self.dump_modes(&mut out);
        out
    }

    fn dump_keyboard(&self, out: &mut String) {
        let flags = self.term.keyboard_mode().bits();
        if flags != 0 {
            let _ = write!(out, "\x1b[>{flags}u");
        }
    }

    fn dump_cursor(&self, out: &mut String) {
        let cursor = &self.term.grid.cursor;
        let (row, col) = (cursor.pos.row.0, cursor.pos.col.0);
        let line = rows::line(&self.term, row, &mut Styles::default());
        let last = line.cells().last().filter(|cell| usize::from(cell.col + cell.width) == self.term.columns());
        if let Some(cell) = last.filter(|_| cursor.should_wrap) {
            // Printed again, the last character leaves the cursor in the state in which the next one wraps.
            let _ = write!(out, "\x1b[{};{}H{}{}", row + 1, cell.col + 1, sgr(cell.style), cell.text);
        } else {
            let _ = write!(out, "\x1b[{};{}H", row + 1, col + 1);
        }
        formatter::write_sgr(out, &self.term.grid.template_style());
    }

    fn dump_modes(&self, out: &mut String) {
        let mode = self.term.mode();
        for (flag, number) in [
            (Mode::APP_CURSOR, 1),
            (Mode::MOUSE_REPORT_X10, 9),
            (Mode::MOUSE_REPORT_CLICK, 1000),
            (Mode::MOUSE_DRAG, 1002),
            (Mode::MOUSE_MOTION, 1003),
            (Mode::FOCUS_IN_OUT, 1004),
            (Mode::UTF8_MOUSE, 1005),
            (Mode::SGR_MOUSE, 1006),
            (Mode::BRACKETED_PASTE, 2004),
        ] {
            if mode.contains(flag) {
                let _ = write!(out, "\x1b[?{number}h");
            }
        }
        for (set, number) in [
            (self.extra.reverse, 5),
            (self.extra.column_modes, 40),
            (self.extra.reverse_wrap, 45),
            (self.extra.reverse_wrap_far, 1045),
            (self.extra.color_scheme_reports, 2031),
        ] {
            if set {
                let _ = write!(out, "\x1b[?{number}h");
            }
        }
        for (flag, number) in [
            (Mode::LINE_WRAP, 7),
            (Mode::SHOW_CURSOR, 25),
            (Mode::ALTERNATE_SCROLL, 1007),
            (Mode::GRAPHEME_CLUSTER, 2027),
        ] {
            let end = if mode.contains(flag) { 'h' } else { 'l' };
            let _ = write!(out, "\x1b[?{number}{end}");
        }
        let sets = self.term.grid.cursor.charsets;
        for (index, designator) in
            [(CharsetIndex::G0, '('), (CharsetIndex::G1, ')'), (CharsetIndex::G2, '*'), (CharsetIndex::G3, '+')]
        {
            if sets[index] != StandardCharset::Ascii {
                let _ = write!(out, "\x1b{designator}0");
            }
        }
        if mode.contains(Mode::INSERT) {
            out.push_str("\x1b[4h");
        }
        if self.extra.newline {
            out.push_str("\x1b[20h");
        }
        if mode.contains(Mode::APP_KEYPAD) {
            out.push_str("\x1b=");
        }
        if let Some(level @ 1..) = self.term.modify_other_keys() {
            let _ = write!(out, "\x1b[>4;{level}m");
        }
        if let Some(shape) = self.setting(b" q") {
            let _ = write!(out, "\x1b[{shape}");
        }
        self.dump_told(out);
    }

    /// What the program told its terminal besides: title, status, progress.
    fn dump_told(&self, out: &mut String) {
        let title = &self.out.borrow().title;
        if !title.is_empty() {
            let _ = write!(out, "\x1b]2;{title}\x07");
        }
        for report in self.status.reports() {
            let _ = write!(out, "\x1b]7501;{report}\x1b\\");
        }
        if let Some(percent) = self.progress {
            let _ = write!(out, "\x1b]9;4;1;{percent}\x1b\\");
        }
    }
}
