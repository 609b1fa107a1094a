//! Rows on the outer terminal: only what changed is written, with all that the agent gave its text: colours as far as the terminal has
//! them, every kind of underline, hyperlinks.

use std::fmt::Write as _;

use ratatui::style::Color as OuterColor;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::cockpit::theme::{Depth, Theme};
use crate::terminal::{Attrs, Color, Cursor, CursorShape, Line, Style};

/// What the outer terminal shows, and how to change it.
pub(super) struct Painter {
    theme: Theme,
    shown: Vec<Line>,
    shape: Option<u8>,
}

impl Painter {
    /// For a terminal of so many colours, of which nothing is known yet.
    pub fn new(depth: Depth) -> Painter {
        Painter { theme: Theme::dark(depth), shown: Vec::new(), shape: None }
    }

    /// Takes the terminal for unknown again.
    pub fn forget(&mut self) {
        self.shown.clear();
        self.shape = None;
    }

    /// The bytes that make the terminal show `rows`, each at most `cols` wide, and the cursor where there is one.
    pub fn frame(&mut self, rows: Vec<Line>, cols: u16, cursor: Option<Cursor>) -> Vec<u8> {
        let mut out = String::from("\x1b[?2026h\x1b[?25l\x1b[?7l");
        if self.shown.len() != rows.len() {
            out.push_str("\x1b[m\x1b[2J");
            self.shown = vec![Line::default(); rows.len()];
        }
        for (number, (new, old)) in rows.iter().zip(&self.shown).enumerate() {
            if new != old {
                let _ = write!(out, "\x1b[{};1H", number + 1);
                self.row(&mut out, new, cols);
            }
        }
        self.shown = rows;
        if let Some(cursor) = cursor {
            let shape = match cursor.shape {
                CursorShape::Block => 2,
                CursorShape::Underline => 4,
                CursorShape::Bar => 6,
            } - u8::from(cursor.blinking);
            if self.shape.replace(shape) != Some(shape) {
                let _ = write!(out, "\x1b[{shape} q");
            }
            let _ = write!(out, "\x1b[{};{}H\x1b[?25h", cursor.row + 1, cursor.col + 1);
        }
        out.push_str("\x1b[?7h\x1b[?2026l");
        out.into_bytes()
    }

    fn row(&self, out: &mut String, line: &Line, cols: u16) {
        let mut col = 0;
        let mut link = None;
        let mut sure = true;
        for run in &line.runs {
            if !sure {
                // Terminals differ on the width of some characters; what follows them stands where it should all the same.
                let _ = write!(out, "\x1b[{}G", col + 1);
            }
            let next = run.link.as_deref().filter(|uri| uri.bytes().all(|b| b.is_ascii_graphic()));
            if next != link {
                let _ = write!(out, "\x1b]8;;{}\x1b\\", next.unwrap_or(""));
                link = next;
            }
            self.style(out, run.style);
            if run.cols > 1 && is_one_of_several(&run.text) {
                // Where such a character takes fewer columns, the rest of them must not keep what stood there.
                let _ = write!(out, "{:1$}\x1b[{2}G", "", usize::from(run.cols), col + 1);
            }
            out.push_str(&run.text);
            sure = run.text.is_ascii();
            col += run.cols;
        }
        if link.is_some() {
            out.push_str("\x1b]8;;\x1b\\");
        }
        out.push_str("\x1b[m");
        if !sure && col < cols {
            let _ = write!(out, "\x1b[{}G", col + 1);
        }
        if col < cols {
            out.push_str("\x1b[K");
        }
    }

    fn style(&self, out: &mut String, style: Style) {
        out.push_str("\x1b[0");
        for (attr, code) in [
            (Attrs::BOLD, "1"),
            (Attrs::DIM, "2"),
            (Attrs::ITALIC, "3"),
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
        // Terminals with few colours may take the newer forms for other attributes.
        let modern = matches!(self.theme.depth(), Depth::True | Depth::Indexed);
        if style.attrs.has(Attrs::ANY_UNDERLINE) {
            let kinds = [
                (Attrs::DOUBLE_UNDERLINE, ";4:2"),
                (Attrs::CURLY_UNDERLINE, ";4:3"),
                (Attrs::DOTTED_UNDERLINE, ";4:4"),
                (Attrs::DASHED_UNDERLINE, ";4:5"),
            ];
            let kind = kinds.iter().find(|(attr, _)| modern && style.attrs.has(*attr));
            out.push_str(kind.map_or(";4", |(_, code)| code));
        }
        self.color(out, style.fg, 30);
        self.color(out, style.bg, 40);
        if modern && style.attrs.has(Attrs::ANY_UNDERLINE) {
            self.color(out, style.underline_color, 50);
        }
        out.push('m');
    }

    /// Adds a colour: of the text (30), behind it (40) or of its underline (50).
    fn color(&self, out: &mut String, color: Color, base: u8) {
        let wanted = match color {
            Color::Default => return,
            Color::Indexed(n) => OuterColor::Indexed(n),
            Color::Rgb(r, g, b) => OuterColor::Rgb(r, g, b),
        };
        if self.theme.depth() == Depth::Mono {
            return;
        }
        let fitting = match (self.theme.fit(wanted), base) {
            (OuterColor::Indexed(n), 50) => format!(";58:5:{n}"),
            (OuterColor::Rgb(r, g, b), 50) => format!(";58:2::{r}:{g}:{b}"),
            (_, 50) => return,
            (OuterColor::Indexed(n @ 0..=7), base) => format!(";{}", base + n),
            (OuterColor::Indexed(n @ 8..=15), base) => format!(";{}", base + 60 + n - 8),
            (OuterColor::Indexed(n), base) => format!(";{};5;{n}", base + 8),
            (OuterColor::Rgb(r, g, b), base) => format!(";{};2;{r};{g};{b}", base + 8),
            (named, base) => match NAMED.iter().position(|color| *color == named).and_then(|n| u8::try_from(n).ok()) {
                Some(n @ 0..=7) => format!(";{}", base + n),
                Some(n) => format!(";{}", base + 60 + n - 8),
                None => return,
            },
        };
        out.push_str(&fitting);
    }
}

/// Whether `text` is one grapheme of several characters, of which terminals make one column or two, or even as many as its parts have.
fn is_one_of_several(text: &str) -> bool {
    !text.is_ascii() && text.chars().nth(1).is_some() && text.graphemes(true).nth(1).is_none()
}

/// The sixteen colours by number.
const NAMED: [OuterColor; 16] = [
    OuterColor::Black,
    OuterColor::Red,
    OuterColor::Green,
    OuterColor::Yellow,
    OuterColor::Blue,
    OuterColor::Magenta,
    OuterColor::Cyan,
    OuterColor::Gray,
    OuterColor::DarkGray,
    OuterColor::LightRed,
    OuterColor::LightGreen,
    OuterColor::LightYellow,
    OuterColor::LightBlue,
    OuterColor::LightMagenta,
    OuterColor::LightCyan,
    OuterColor::White,
];

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::terminal::{ScreenState, new_emulator};

    fn screen(bytes: &[u8]) -> ScreenState {
        let mut emulator = new_emulator(20, 3, 10);
        emulator.feed(bytes);
        emulator.refresh(Instant::now() + Duration::from_secs(1));
        emulator.screen().clone()
    }

    /// Painted on another terminal, all is as it was.
    #[test]
    fn what_is_painted_is_what_was_there() {
        let before = screen(
            "\x1b[1;38;2;9;8;7mbold\x1b[m \x1b[4:3;58;5;9mcurl\x1b[m\r\n漢👩‍👩‍👧\x1b[4:2;7mx\x1b[m \x1b]8;;https://e.org/\x1b\\link\x1b]8;;\x1b\\\r\n\x1b[3 q\x1b[44m\x1b[K"
                .as_bytes(),
        );
        let mut painter = Painter::new(Depth::True);
        let bytes = painter.frame(before.lines.clone(), 20, Some(before.cursor));
        let after = screen(&bytes);
        assert_eq!(after.lines, before.lines);
        assert_eq!(after.cursor, before.cursor);
        let again = String::from_utf8(painter.frame(before.lines.clone(), 20, None)).unwrap();
        assert_eq!(again, "\x1b[?2026h\x1b[?25l\x1b[?7l\x1b[?7h\x1b[?2026l", "nothing changed");
    }

    /// On a terminal that makes one column of a character which has two for us, nothing of what stood there before is left.
    #[test]
    fn nothing_stays_beside_a_narrower_character() {
        let (before, after) = (screen(b"abcdefgh"), screen("a\u{2764}\u{fe0f}d".as_bytes()));
        let mut painter = Painter::new(Depth::True);
        let mut shown = new_emulator(20, 3, 10);
        // Characters as wide as their parts, as many terminals have them.
        shown.feed(b"\x1b[?2027l");
        shown.feed(&painter.frame(before.lines, 20, None));
        shown.feed(&painter.frame(after.lines, 20, None));
        shown.refresh(Instant::now() + Duration::from_secs(1));
        assert_eq!(shown.screen().lines[0].text(), "a\u{2764}\u{fe0f} d");
    }

    #[test]
    fn colours_are_what_the_terminal_has() {
        let colourful = screen(b"\x1b[38;2;255;0;0;48;5;208;4:3;58;2;1;2;3mx");
        let painted = |depth| {
            let bytes = Painter::new(depth).frame(colourful.lines.clone(), 20, None);
            String::from_utf8(bytes).unwrap().split("\x1b[0").nth(1).unwrap().split('m').next().unwrap().to_owned()
        };
        assert_eq!(painted(Depth::True), ";4:3;38;2;255;0;0;48;5;208;58:2::1:2:3");
        assert_eq!(painted(Depth::Indexed), ";4:3;38;5;196;48;5;208;58:5:16");
        assert_eq!(painted(Depth::Mono), ";4");
        let few = painted(Depth::Ansi);
        assert!(few.starts_with(";4;") && !few.contains("38") && !few.contains("48"), "{few}");
    }
}
