//! A screen as plain data: what every face draws and every client receives.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use super::status::ProgramStatus;
use crate::base::text;

/// All that is on a terminal at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ScreenState {
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
    /// The rows from the top; always `rows` of them.
    pub lines: Vec<Line>,
    /// The cursor.
    pub cursor: Cursor,
    /// The modes that decide what keys, pastes and the mouse become.
    pub modes: Modes,
    /// The title the program set, harmless and of bounded length.
    pub title: String,
    /// What the program says it does (OSC 7501).
    pub status: Option<ProgramStatus>,
    /// Percent done, where the program reports it (OSC 9;4).
    pub progress: Option<u8>,
}

impl ScreenState {
    /// The text of all rows, right-trimmed, without trailing empty rows.
    pub fn text(&self) -> String {
        let mut rows: Vec<String> = self.lines.iter().map(Line::text).collect();
        while rows.last().is_some_and(String::is_empty) {
            rows.pop();
        }
        rows.join("\n")
    }
}

/// One row as runs of equal style, from column 0 without gaps; what follows the last run is blank in the default style.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Line {
    /// The runs.
    pub runs: Vec<Run>,
    /// Whether the row goes on in the next one (it was wrapped, not ended).
    pub wrapped: bool,
}

impl Line {
    /// The row's text, right-trimmed.
    pub fn text(&self) -> String {
        let mut out = String::with_capacity(self.runs.iter().map(|run| run.text.len()).sum());
        for run in &self.runs {
            out.push_str(&run.text);
        }
        out.truncate(out.trim_end_matches(' ').len());
        out
    }

    /// Columns covered by the runs.
    pub fn cols(&self) -> u16 {
        self.runs.iter().map(|run| run.cols).sum()
    }

    /// The row's cells with their columns: one entry a grapheme, of one or two columns.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        let mut col = 0u16;
        self.runs.iter().flat_map(move |run| {
            let start = col;
            col += run.cols;
            run.cells(start)
        })
    }
}

/// A stretch of one style. Either every grapheme takes as many columns as [`text::width`] says, or the run is one grapheme that takes `cols`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Run {
    /// The text; never a control character.
    pub text: String,
    /// Its look.
    pub style: Style,
    /// The columns it covers.
    pub cols: u16,
    /// The hyperlink it carries (OSC 8).
    pub link: Option<Arc<str>>,
}

impl Run {
    fn cells(&self, start: u16) -> impl Iterator<Item = Cell<'_>> {
        let ascii = self.text.len() == usize::from(self.cols) && self.text.is_ascii();
        let uniform = ascii || text::width(&self.text) == usize::from(self.cols);
        let mut at = 0;
        let mut col = start;
        std::iter::from_fn(move || {
            let rest = self.text.get(at..).filter(|rest| !rest.is_empty())?;
            let piece = match (ascii, uniform) {
                (true, _) => &rest[..1],
                (_, true) => rest.graphemes(true).next()?,
                _ => rest,
            };
            let width = if ascii {
                1
            } else if uniform {
                text::width(piece) as u16
            } else {
                self.cols
            };
            let cell = Cell { col, width, text: piece, style: self.style, link: self.link.as_deref() };
            at += piece.len();
            col += width;
            Some(cell)
        })
    }
}

/// One grapheme at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell<'a> {
    /// Its first column.
    pub col: u16,
    /// The columns it takes.
    pub width: u16,
    /// The grapheme.
    pub text: &'a str,
    /// Its look.
    pub style: Style,
    /// The hyperlink it carries.
    pub link: Option<&'a str>,
}

/// The look of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Style {
    /// Colour of the text.
    pub fg: Color,
    /// Colour behind it.
    pub bg: Color,
    /// Colour of the underline; the text's own when default.
    pub underline_color: Color,
    /// Bold, italic and so on.
    pub attrs: Attrs,
}

/// A colour as the program named it; the outer terminal's own palette decides what indexes look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Color {
    /// The terminal's default.
    #[default]
    Default,
    /// One of 256.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// A set of attributes as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Attrs(pub u16);

impl Attrs {
    /// Bold.
    pub const BOLD: Attrs = Attrs(1);
    /// Faint.
    pub const DIM: Attrs = Attrs(1 << 1);
    /// Italic.
    pub const ITALIC: Attrs = Attrs(1 << 2);
    /// Underlined, one line.
    pub const UNDERLINE: Attrs = Attrs(1 << 3);
    /// Underlined, two lines.
    pub const DOUBLE_UNDERLINE: Attrs = Attrs(1 << 4);
    /// Underlined, curly.
    pub const CURLY_UNDERLINE: Attrs = Attrs(1 << 5);
    /// Underlined, dotted.
    pub const DOTTED_UNDERLINE: Attrs = Attrs(1 << 6);
    /// Underlined, dashed.
    pub const DASHED_UNDERLINE: Attrs = Attrs(1 << 7);
    /// Any underline.
    pub const ANY_UNDERLINE: Attrs = Attrs(0b1_1111 << 3);
    /// Blinking.
    pub const BLINK: Attrs = Attrs(1 << 8);
    /// Foreground and background swapped.
    pub const INVERSE: Attrs = Attrs(1 << 9);
    /// Not shown.
    pub const HIDDEN: Attrs = Attrs(1 << 10);
    /// Struck through.
    pub const STRIKE: Attrs = Attrs(1 << 11);

    /// Whether any of `other` is set.
    pub fn has(self, other: Attrs) -> bool {
        self.0 & other.0 != 0
    }

    /// This set with `other` added.
    #[must_use]
    pub fn with(self, other: Attrs) -> Attrs {
        Attrs(self.0 | other.0)
    }
}

/// Where the cursor is and how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cursor {
    /// Column from 0.
    pub col: u16,
    /// Row from 0.
    pub row: u16,
    /// Whether it is shown.
    pub visible: bool,
    /// Its shape.
    pub shape: CursorShape,
    /// Whether it blinks.
    pub blinking: bool,
}

/// Shapes of a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum CursorShape {
    /// A filled cell.
    #[default]
    Block,
    /// A line under the cell.
    Underline,
    /// A line at the cell's left.
    Bar,
}

/// What the program asked of its terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Modes {
    /// Cursor keys send application sequences (DECCKM).
    pub app_cursor: bool,
    /// The keypad sends application sequences (DECKPAM).
    pub app_keypad: bool,
    /// Pastes are bracketed (2004).
    pub bracketed_paste: bool,
    /// Focus changes are reported (1004).
    pub focus: bool,
    /// Which mouse events are reported.
    pub mouse: MouseMode,
    /// Mouse reports take the SGR form (1006).
    pub mouse_sgr: bool,
    /// The wheel sends cursor keys on the alternate screen (1007).
    pub alternate_scroll: bool,
    /// The alternate screen is shown.
    pub alt_screen: bool,
    /// Enter sends CR LF (LNM).
    pub newline: bool,
    /// Flags of the kitty keyboard protocol in force.
    pub kitty_flags: u8,
    /// xterm's modifyOtherKeys level, 0 to 2.
    pub modify_other_keys: u8,
}

/// Which mouse events a program wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum MouseMode {
    /// None.
    #[default]
    Off,
    /// Presses only (9).
    Press,
    /// Presses and releases (1000).
    Click,
    /// These and motion with a button held (1002).
    Drag,
    /// Every motion (1003).
    Motion,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, cols: u16) -> Run {
        Run { text: text.into(), cols, ..Run::default() }
    }

    #[test]
    fn cells_know_their_columns() {
        let line = Line { runs: vec![run("a漢b", 4), run("e\u{301}", 1), run("क्ष", 2)], wrapped: false };
        let cells: Vec<_> = line.cells().map(|cell| (cell.col, cell.width, cell.text)).collect();
        assert_eq!(cells, [(0, 1, "a"), (1, 2, "漢"), (3, 1, "b"), (4, 1, "e\u{301}"), (5, 2, "क्ष")]);
        assert_eq!(line.cols(), 7);
    }
}
