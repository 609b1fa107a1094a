//! What has scrolled off the screen: part of it in the engine, the older part packed.

use serde::{Deserialize, Serialize};

use super::history::Compact;
use super::screen::Line;
use crate::base::text;

/// Lines by number: the oldest kept one is `first`, the top row of the screen is `end`, and numbers go on as text scrolls off. A change
/// of the width makes other lines of the same text, and with them other numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lines {
    /// The number of the oldest line kept.
    pub first: u64,
    /// The number of the screen's top row.
    pub end: u64,
    /// The number of the first line below.
    pub from: u64,
    /// The lines asked for, as far as there are any; rows of the screen come after the history.
    pub lines: Vec<Line>,
}

/// A place where the text searched for stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// The line's number.
    pub line: u64,
    /// Its first column.
    pub col: u16,
    /// The columns it takes.
    pub cols: u16,
}

/// What a search found, the lowest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Found {
    /// The number of the oldest line kept.
    pub first: u64,
    /// The number of the screen's top row.
    pub end: u64,
    /// The matches.
    pub matches: Vec<Match>,
}

/// The packed part, and how it meets the engine's.
#[derive(Debug, Default)]
pub(super) struct Scrollback {
    pub packed: Compact,
    /// The engine's number of the line after the last packed one.
    pub packed_to: u64,
    /// What to add to the engine's numbers, where lines came from an earlier engine.
    pub offset: u64,
}

/// Where `wanted` stands in `line`, from the left; letters match in either case unless `wanted` has capital ones.
pub(super) fn find(line: &Line, wanted: &str, mut take: impl FnMut(u16, u16)) {
    let sensitive = wanted.chars().any(char::is_uppercase);
    let fold = |text: String| if sensitive { text } else { text.to_lowercase() };
    let hay = fold(line.text());
    if !hay.contains(wanted) {
        return;
    }
    let mut at = 0;
    while let Some(offset) = hay[at..].find(wanted) {
        let start = at + offset;
        let col = text::width(&hay[..start]);
        take(u16::try_from(col).unwrap_or(u16::MAX), u16::try_from(text::width(wanted)).unwrap_or(u16::MAX));
        at = start + wanted.len();
    }
}

/// The part of `line` between two columns, graphemes taken whole.
pub(super) fn part(line: &Line, from: u16, to: u16) -> String {
    line.cells().filter(|cell| cell.col + cell.width > from && cell.col < to).map(|cell| cell.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Run;

    fn line(text: &str) -> Line {
        Line { runs: vec![Run { text: text.into(), cols: text::width(text) as u16, ..Run::default() }], wrapped: false }
    }

    fn found(text: &str, wanted: &str) -> Vec<(u16, u16)> {
        let mut all = Vec::new();
        find(&line(text), wanted, |col, cols| all.push((col, cols)));
        all
    }

    #[test]
    fn columns_of_what_is_found() {
        assert_eq!(found("one 漢字 two One", "one"), [(0, 3), (13, 3)]);
        assert_eq!(found("one 漢字 two One", "One"), [(13, 3)]);
        assert_eq!(found("one 漢字 two", "字"), [(6, 2)]);
        assert_eq!(found("aaaa", "aa"), [(0, 2), (2, 2)]);
    }

    #[test]
    fn parts_take_whole_characters() {
        assert_eq!(part(&line("a漢字b"), 2, 4), "漢字");
        assert_eq!(part(&line("abcdef"), 2, 4), "cd");
    }
}
