//! Looking back in an agent's terminal: scrollback, search, copying. The agent goes on meanwhile; what it writes does not move the view.

use crate::terminal::{Found, Line, Lines, Match};

/// How many lines are read at once, around what is looked at.
const WINDOW: u64 = 600;

/// What is asked of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackAsk {
    /// Lines from a number on.
    Lines(u64, u32),
    /// Where a text stands.
    Search(String),
    /// The text between two places.
    Select((u64, u16), (u64, u16)),
}

/// What the session answers.
#[derive(Debug, Clone, PartialEq)]
pub enum BackTold {
    /// Lines.
    Lines(Lines),
    /// Places.
    Found(Found),
    /// Text.
    Text(String),
}

/// A place in a live terminal where the mouse's button went down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grab {
    /// Whose terminal.
    pub address: String,
    /// Row and column of its screen.
    pub cell: (u16, u16),
    /// The row of its screen that is the first to be seen.
    pub top: u16,
    /// Row and column on the screen to which the mouse has come, while nothing is known of the lines yet.
    pub to: Option<(u16, u16)>,
    /// The button went up by then.
    pub released: bool,
}

/// The state of looking back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Back {
    /// The session.
    pub session: String,
    /// The lines read so far, one stretch.
    pub lines: Lines,
    /// Rows of the agent's screen.
    pub rows: u16,
    /// Rows of it down to the last one with anything on it, when the looking began.
    pub used: u16,
    /// Columns of it.
    pub cols: u16,
    /// Rows of it that can be seen at once.
    pub height: u16,
    /// The first line was read, so the numbers are known.
    pub known: bool,
    /// The number of the screen's top row when the looking began.
    pub began: u64,
    /// The first visible line.
    pub top: u64,
    /// Line and column of the cursor.
    pub cursor: (u64, u16),
    /// Where the selection begins.
    pub mark: Option<(u64, u16)>,
    /// What is searched for.
    pub query: String,
    /// The search is being typed.
    pub asking: bool,
    /// Where it stands, the lowest first.
    pub matches: Vec<Match>,
    /// Somebody was typing into it, and goes on to when the looking ends.
    pub typing: bool,
    /// It began by dragging over the live terminal, and ends with what was selected.
    pub grab: Option<Grab>,
}

impl Back {
    /// The number of the last line there is.
    pub fn last(&self) -> u64 {
        self.lines.end + u64::from(self.rows.max(1)) - 1
    }

    /// The number of the last line with anything on it, as far as is known: a screen that has scrolled since is full.
    pub fn bottom(&self) -> u64 {
        if self.fresh() > 0 { self.last() } else { (self.lines.end + u64::from(self.used.max(1)) - 1).min(self.last()) }
    }

    /// The line with a number, when it has been read.
    pub fn line(&self, number: u64) -> Option<&Line> {
        let place = number.checked_sub(self.lines.from)?;
        self.lines.lines.get(usize::try_from(place).ok()?)
    }

    /// What has to be read for what can be seen.
    pub fn needs(&self) -> Option<BackAsk> {
        if !self.known {
            return Some(BackAsk::Lines(0, 1));
        }
        let bottom = (self.top + u64::from(self.height)).min(self.last() + 1);
        let have = self.lines.from..self.lines.from + self.lines.lines.len() as u64;
        let all = have.contains(&self.top) && bottom <= have.end;
        let from = self.top.saturating_sub(WINDOW / 2).max(self.lines.first);
        (!all).then_some(BackAsk::Lines(from, u32::try_from(WINDOW).unwrap_or(600)))
    }

    /// Lines came; the first ones tell where the end is, and the view begins there.
    pub fn take(&mut self, lines: Lines) {
        let keep = lines.lines.is_empty();
        if keep {
            (self.lines.first, self.lines.end) = (lines.first, lines.end);
        } else {
            self.lines = lines;
        }
        if !self.known {
            self.known = true;
            self.began = self.lines.end;
            let end = self.bottom();
            self.cursor = (end, 0);
            self.top = (end + 1).saturating_sub(u64::from(self.height)).max(self.lines.first);
            if let Some(grab) = &self.grab {
                // What was in sight stays where it was.
                self.top = self.lines.end + u64::from(grab.top);
                self.cursor = (self.lines.end + u64::from(grab.cell.0), grab.cell.1);
                self.mark = Some(self.cursor);
                if let Some((row, column)) = grab.to {
                    self.cursor = (self.top + u64::from(row), column);
                }
            }
        }
        self.top = self.top.max(self.lines.first);
        self.cursor.0 = self.cursor.0.clamp(self.lines.first, self.last());
    }

    /// How many lines the agent has written since.
    pub fn fresh(&self) -> u64 {
        self.lines.end.saturating_sub(self.began)
    }

    /// Moves the cursor by lines; the view follows.
    pub fn step(&mut self, step: i64) {
        self.cursor.0 = self.cursor.0.saturating_add_signed(step).clamp(self.lines.first, self.last());
        self.follow();
    }

    /// Moves the view by lines; the cursor stays in it. `false` when the end was reached and more was wanted.
    pub fn scroll(&mut self, step: i64) -> bool {
        let lowest = (self.bottom() + 1).saturating_sub(u64::from(self.height)).max(self.lines.first);
        let at_end = self.top >= lowest;
        self.top = self.top.saturating_add_signed(step).clamp(self.lines.first, lowest);
        let bottom = self.top + u64::from(self.height.max(1)) - 1;
        self.cursor.0 = self.cursor.0.clamp(self.top, bottom.max(self.top));
        !(at_end && step > 0)
    }

    /// Moves the cursor by columns.
    pub fn step_column(&mut self, step: i16) {
        self.cursor.1 = self.cursor.1.saturating_add_signed(step).min(self.cols.saturating_sub(1));
    }

    /// Keeps the cursor in sight.
    pub fn follow(&mut self) {
        let height = u64::from(self.height.max(1));
        if self.cursor.0 < self.top {
            self.top = self.cursor.0;
        } else if self.cursor.0 >= self.top + height {
            self.top = self.cursor.0 + 1 - height;
        }
    }

    /// Goes to the next match above (or below), round the ends.
    pub fn next_match(&mut self, up: bool) -> bool {
        let here = (self.cursor.0, self.cursor.1);
        let place = |found: &&Match| (found.line, found.col);
        let next = if up {
            // Matches come lowest first.
            self.matches.iter().find(|found| place(found) < here).or_else(|| self.matches.first())
        } else {
            self.matches.iter().rev().find(|found| place(found) > here).or_else(|| self.matches.last())
        };
        let Some(found) = next.copied() else { return false };
        self.cursor = (found.line, found.col);
        self.follow();
        true
    }

    /// The selection from its first place to behind its last, or the line of the cursor when nothing is selected.
    pub fn selection(&self) -> ((u64, u16), (u64, u16)) {
        match self.mark {
            None => ((self.cursor.0, 0), (self.cursor.0, self.cols)),
            Some(mark) => {
                let (from, to) = if mark <= self.cursor { (mark, self.cursor) } else { (self.cursor, mark) };
                (from, (to.0, to.1.saturating_add(1)))
            }
        }
    }

    /// The link at the cursor: one the agent gave, or what looks like an address or a place in a file.
    pub fn target(&self) -> Option<Target> {
        Target::at(self.line(self.cursor.0)?, self.cursor.1)
    }
}

impl Target {
    /// What stands at a column of a line: a link the agent gave, or what looks like an address or a place in a file.
    pub fn at(line: &Line, column: u16) -> Option<Self> {
        let cell = line.cells().find(|cell| (cell.col..cell.col + cell.width.max(1)).contains(&column));
        if let Some(link) = cell.and_then(|cell| cell.link) {
            return Some(Target::Address(link.to_owned()));
        }
        let text = line.text();
        let mut at = 0u16;
        let mut word = String::new();
        let mut found = String::new();
        for c in text.chars().chain([' ']) {
            let width = u16::try_from(crate::base::text::width(c.encode_utf8(&mut [0; 4]))).unwrap_or(1);
            if c.is_whitespace() || matches!(c, '"' | '\'' | '(' | ')' | '<' | '>' | '`' | '│') {
                if at > column && !word.is_empty() {
                    found = std::mem::take(&mut word);
                    break;
                }
                word.clear();
            } else {
                word.push(c);
            }
            at += width;
        }
        Target::of(found.trim_end_matches(['.', ',', ';', ':', ']', '}']))
    }
}

/// Something that can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// For the browser.
    Address(String),
    /// For the editor: a file and a line.
    File(String, Option<u32>),
}

impl Target {
    fn of(word: &str) -> Option<Self> {
        if ["http://", "https://", "file://"].iter().any(|start| word.starts_with(start)) {
            return Some(Self::Address(word.to_owned()));
        }
        let mut parts = word.split(':');
        let file = parts.next().filter(|file| file.contains('/') || file.contains('.'))?;
        let line = parts.next().and_then(|line| line.parse().ok());
        (!file.ends_with('/') && file.len() > 2).then(|| Self::File(file.to_owned(), line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Run;

    fn back(first: u64, end: u64) -> Back {
        let mut back = Back { rows: 10, used: 10, cols: 80, height: 5, ..Back::default() };
        let line = |n: u64| Line {
            runs: vec![Run { text: format!("line {n} src/main.rs:12: see https://x.test/a."), ..Run::default() }],
            wrapped: false,
        };
        back.take(Lines { first, end, from: first, lines: vec![line(first)] });
        back.take(Lines { first, end, from: end - 5, lines: (end - 5..end + 10).map(line).collect() });
        back
    }

    #[test]
    fn the_view_begins_at_the_end_and_reads_what_it_shows() {
        let mut back = back(100, 1000);
        assert_eq!((back.top, back.cursor.0, back.needs()), (1005, 1009, None));
        back.step(-500);
        assert_eq!(back.top, 509);
        assert_eq!(back.needs(), Some(BackAsk::Lines(209, 600)));
        back.step(-5000);
        assert_eq!((back.top, back.cursor.0), (100, 100));
        assert!(back.scroll(5000) && !back.scroll(1));
    }

    #[test]
    fn the_view_begins_above_what_is_empty_of_the_screen() {
        let mut back = Back { rows: 10, used: 3, cols: 80, height: 5, ..Back::default() };
        back.take(Lines { first: 0, end: 20, from: 15, lines: vec![Line::default(); 15] });
        assert_eq!((back.top, back.cursor.0, back.last()), (18, 22, 29));
    }

    #[test]
    fn new_output_does_not_move_the_view() {
        let mut back = back(100, 1000);
        back.step(-20);
        let top = back.top;
        back.take(Lines { first: 130, end: 1030, from: 0, lines: Vec::new() });
        assert_eq!((back.top, back.fresh()), (top, 30));
    }

    #[test]
    fn links_and_places_in_files_are_found_under_the_cursor() {
        let mut back = back(100, 1000);
        back.cursor.1 = 12;
        assert_eq!(back.target(), Some(Target::File("src/main.rs".into(), Some(12))));
        back.cursor.1 = 40;
        assert_eq!(back.target(), Some(Target::Address("https://x.test/a".into())));
        back.cursor.1 = 1;
        assert_eq!(back.target(), None);
    }

    #[test]
    fn matches_are_gone_through_both_ways() {
        let mut back = back(100, 1000);
        back.matches = [1004, 900, 200].map(|line| Match { line, col: 0, cols: 4 }).into();
        assert!(back.next_match(true));
        assert_eq!(back.cursor.0, 1004);
        back.next_match(true);
        back.next_match(false);
        assert_eq!(back.cursor.0, 1004);
        back.next_match(false);
        assert_eq!(back.cursor.0, 200, "round the end");
    }
}
