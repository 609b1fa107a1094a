//! The rows of a frame: the agent's, cut to fit, with what is selected or found marked, and the status line under them.

use crate::base::text;
use crate::terminal::{Attrs, Cell, Line, Run, ScreenState, Style};

/// Puts cells together to a row.
#[derive(Default)]
struct Row(Line);

impl Row {
    fn push(&mut self, cell: &Cell<'_>, style: Style) {
        let joins = |run: &&mut Run| {
            run.style == style && run.link.as_deref() == cell.link && run.text.is_ascii() && cell.text.is_ascii()
        };
        match self.0.runs.last_mut().filter(joins) {
            Some(run) => {
                run.text.push_str(cell.text);
                run.cols += cell.width;
            }
            None => self.0.runs.push(Run {
                text: cell.text.to_owned(),
                style,
                cols: cell.width,
                link: cell.link.map(Into::into),
            }),
        }
    }
}

/// The part of `line` that shows in `cols` columns from column `left` on; halves of wide characters are blank.
pub(super) fn crop(line: &Line, left: u16, cols: u16) -> Line {
    if left == 0 && line.cols() <= cols {
        return line.clone();
    }
    let mut row = Row::default();
    for cell in line.cells() {
        let (from, to) = (cell.col.max(left), (cell.col + cell.width).min(left.saturating_add(cols)));
        if from >= to {
            continue;
        }
        if to - from == cell.width {
            row.push(&cell, cell.style);
        } else {
            row.push(&Cell { text: " ", width: 1, ..cell }, cell.style);
        }
    }
    row.0
}

/// `line` with the columns from `from` to before `to` inverted, as far as there is text.
pub(super) fn mark(line: &Line, from: u16, to: u16) -> Line {
    let mut row = Row::default();
    for cell in line.cells() {
        let mut style = cell.style;
        if cell.col < to && cell.col + cell.width > from {
            style.attrs.0 ^= Attrs::INVERSE.0;
        }
        row.push(&cell, style);
    }
    row.0
}

/// Which of the screen's columns and rows stands in the top left corner of an area of that size: a larger screen shows the part with
/// the cursor.
pub(super) fn origin(screen: &ScreenState, (cols, rows): (u16, u16)) -> (u16, u16) {
    let first = |cursor: u16, there: u16, room: u16| (cursor + 1).saturating_sub(room).min(there.saturating_sub(room));
    (first(screen.cursor.col, screen.cols, cols), first(screen.cursor.row, screen.rows, rows))
}

/// Which columns of row `row` lie between two places, the second's column left out.
pub(super) fn span<T: Ord + Copy>(row: T, from: (T, u16), to: (T, u16)) -> Option<(u16, u16)> {
    if row < from.0 || row > to.0 {
        return None;
    }
    Some((if row == from.0 { from.1 } else { 0 }, if row == to.0 { to.1 } else { u16::MAX }))
}

/// Columns that what there is to say has before keys give way to it.
const ROOM: usize = 40;

/// The status line: what there is to say at the left, keys at the right while there is room for them, the last of them always.
pub(super) fn status_line(left: &[&str], keys: &str, cols: u16) -> Line {
    let cols = usize::from(cols);
    let said: Vec<&str> = left.iter().copied().filter(|part| !part.is_empty()).collect();
    let said = format!(" {}", said.join(" · "));
    let room = |keys: &str| cols.saturating_sub(text::width(keys) + 3);
    let mut keys = keys;
    while room(keys) < ROOM.min(text::width(&said))
        && let Some((_, rest)) = keys.split_once(" · ")
    {
        keys = rest;
    }
    let keys = format!("  {keys} ");
    let line = if cols > text::width(&keys) + 10 {
        format!("{}{keys}", text::fit(&said, cols - text::width(&keys)))
    } else {
        text::fit(keys.rsplit(" · ").next().unwrap_or("").trim_start(), cols)
    };
    let style = Style { attrs: Attrs::INVERSE, ..Style::default() };
    Line { runs: vec![Run { cols: text::width(&line) as u16, text: line, style, link: None }], wrapped: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line { runs: vec![Run { text: text.into(), cols: text::width(text) as u16, ..Run::default() }], wrapped: false }
    }

    #[test]
    fn cut_characters_are_blank() {
        assert_eq!(crop(&line("a漢字b"), 0, 10).text(), "a漢字b");
        assert_eq!(crop(&line("a漢字b"), 2, 3).text(), " 字");
        assert_eq!(crop(&line("a漢字b"), 0, 4).text(), "a漢");
        assert_eq!(crop(&line("a漢字b"), 0, 4).cols(), 4);
        assert_eq!(crop(&line("abcdef"), 2, 2).text(), "cd");
    }

    #[test]
    fn marks_invert_whole_characters() {
        let marked = mark(&line("a漢b"), 2, 3);
        let inverted: Vec<bool> = marked.cells().map(|cell| cell.style.attrs.has(Attrs::INVERSE)).collect();
        assert_eq!(inverted, [false, true, false]);
        assert_eq!(marked.text(), "a漢b");
    }

    #[test]
    fn selections_cover_rows_between() {
        assert_eq!(span(3, (2, 5), (4, 7)), Some((0, u16::MAX)));
        assert_eq!(span(2, (2, 5), (4, 7)), Some((5, u16::MAX)));
        assert_eq!(span(4, (2, 5), (4, 7)), Some((0, 7)));
        assert_eq!(span(5, (2, 5), (4, 7)), None);
    }

    #[test]
    fn the_way_out_is_always_shown() {
        assert_eq!(status_line(&["gt/crew/al", "", "working"], "ctrl-] leaves", 50).cols(), 50);
        let tight = status_line(&["a name longer than there is room for it"], "x scrolls · ctrl-] leaves", 50).text();
        assert!(tight.contains("…  ctrl-] leaves"), "apart from the keys: {tight:?}");
        assert!(status_line(&["a name"], "x scrolls · ctrl-] leaves", 50).text().contains("x scrolls"));
        assert!(status_line(&["name"], "x scrolls · ctrl-] leaves", 16).text().starts_with("ctrl-] leaves"));
    }
}
