//! Looking back: the lines that have scrolled off, searched and selected with the keys of `less` and `vi`.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::compose::{crop, mark, span, status_line};
use crate::session::ClientMsg;
use crate::terminal::{Cursor, Found, Line, Lines, Match};

/// Places of a search that are looked at.
const MATCHES: u32 = 1000;
/// Rows the wheel moves.
const WHEEL: i64 = 3;

/// What a key or the mouse brought about.
pub(super) enum Did {
    /// Something to draw, and perhaps something to ask the host.
    Asked(Option<ClientMsg>),
    /// The person is done looking back.
    Left,
}

/// A place: a line's number and a column.
type Place = (u64, u16);

/// The state of looking back.
pub(super) struct Back {
    size: (u16, u16),
    /// How far to go once it is known where the screen is.
    first_move: Option<i64>,
    /// Numbers of the oldest line and of the screen's top row.
    bounds: (u64, u64),
    top: u64,
    page: Lines,
    cursor: Place,
    anchor: Option<Place>,
    /// The text being typed after `/`.
    typed: Option<String>,
    matches: Vec<Match>,
    notice: String,
}

impl Back {
    /// Begins, by `rows` up, and asks the host where the lines are.
    pub fn begin(size: (u16, u16), rows: i64) -> (Back, ClientMsg) {
        let back = Back {
            size,
            first_move: Some(rows),
            bounds: (0, 0),
            top: 0,
            page: Lines::default(),
            cursor: (0, 0),
            anchor: None,
            typed: None,
            matches: Vec::new(),
            notice: String::new(),
        };
        (back, ClientMsg::History { from: u64::MAX, count: 0 })
    }

    /// Whether text is being typed, that a paste may be part of.
    pub fn typing(&mut self) -> Option<&mut String> {
        self.typed.as_mut()
    }

    fn ask(&self) -> ClientMsg {
        ClientMsg::History { from: self.top, count: u32::from(self.size.1) }
    }

    fn rows(&self) -> u64 {
        u64::from(self.size.1)
    }

    /// Lines came from the host; says what else is wanted of it.
    pub fn take(&mut self, lines: Lines) -> Option<ClientMsg> {
        self.bounds = (lines.first, lines.end);
        if let Some(rows) = self.first_move.take() {
            self.top = lines.end;
            self.cursor = (lines.end + self.rows().saturating_sub(1), 0);
            self.scroll(-rows);
            return Some(self.ask());
        }
        // What is asked for meanwhile comes next.
        self.top = self.top.max(lines.first);
        self.page = lines;
        None
    }

    /// Places came from the host.
    pub fn found(&mut self, found: Found) -> Option<ClientMsg> {
        self.matches = found.matches;
        if self.matches.is_empty() {
            "nothing found".clone_into(&mut self.notice);
            return None;
        }
        self.next(true)
    }

    /// Text came from the host, to be copied.
    pub fn copied(&mut self, text: &str) {
        self.anchor = None;
        self.notice = format!("copied {} characters", text.chars().count());
    }

    /// Moves the view, and the cursor with it where it must.
    fn scroll(&mut self, rows: i64) {
        self.top = self.top.saturating_add_signed(rows).clamp(self.bounds.0, self.bounds.1);
        let last = self.top + self.rows().saturating_sub(1);
        self.cursor.0 = self.cursor.0.clamp(self.top, last);
    }

    /// Moves the cursor, and the view with it where it must.
    fn go(&mut self, line: u64, col: u16) {
        let lowest = self.bounds.1 + self.rows().saturating_sub(1);
        self.cursor = (line.clamp(self.bounds.0, lowest), col.min(self.size.0.saturating_sub(1)));
        let rows = self.rows().max(1);
        self.top = self.top.clamp((self.cursor.0 + 1).saturating_sub(rows), self.cursor.0);
        self.top = self.top.clamp(self.bounds.0, self.bounds.1);
    }

    /// Goes to the next place found, upward or downward.
    fn next(&mut self, upward: bool) -> Option<ClientMsg> {
        let here = self.cursor;
        let place = |found: &&Match| (found.line, found.col);
        let next = if upward {
            self.matches.iter().find(|found| place(found) < here)
        } else {
            self.matches.iter().rev().find(|found| place(found) > here)
        };
        let around = if upward { self.matches.first() } else { self.matches.last() };
        if next.is_none() {
            let end = if upward { "again from the bottom" } else { "again from the top" };
            end.clone_into(&mut self.notice);
        }
        let (line, col) = next.or(around).as_ref().map(place)?;
        self.go(line, col);
        Some(self.ask())
    }

    /// What to copy: from the anchor to the cursor, or the cursor's line.
    fn selection(&self) -> (Place, Place) {
        match self.anchor {
            None => ((self.cursor.0, 0), (self.cursor.0, u16::MAX)),
            Some(anchor) => {
                let (from, to) = (anchor.min(self.cursor), anchor.max(self.cursor));
                (from, (to.0, to.1.saturating_add(1)))
            }
        }
    }

    /// A key was pressed.
    pub fn key(&mut self, key: KeyEvent) -> Did {
        self.notice.clear();
        if let Some(mut typed) = self.typed.take() {
            match key.code {
                KeyCode::Esc => {}
                KeyCode::Enter if typed.is_empty() => {}
                KeyCode::Enter => {
                    return Did::Asked(Some(ClientMsg::Search { text: typed, before: u64::MAX, limit: MATCHES }));
                }
                KeyCode::Backspace => {
                    typed.pop();
                    self.typed = Some(typed);
                }
                KeyCode::Char(c) => {
                    typed.push(c);
                    self.typed = Some(typed);
                }
                _ => self.typed = Some(typed),
            }
            return Did::Asked(None);
        }
        let (line, col) = self.cursor;
        let page = self.rows().saturating_sub(1).max(1);
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') if self.anchor.take().is_some() => return Did::Asked(None),
            KeyCode::Esc | KeyCode::Char('q') => return Did::Left,
            KeyCode::Char('c') if ctrl => return Did::Left,
            KeyCode::Char('b' | 'u') if ctrl => self.go(line.saturating_sub(page), col),
            KeyCode::Char('f' | 'd') if ctrl => self.go(line + page, col),
            KeyCode::Up | KeyCode::Char('k') => self.go(line.saturating_sub(1), col),
            KeyCode::Down | KeyCode::Char('j') => self.go(line + 1, col),
            KeyCode::Left | KeyCode::Char('h') => self.go(line, col.saturating_sub(1)),
            KeyCode::Right | KeyCode::Char('l') => self.go(line, col + 1),
            KeyCode::Char('0') => self.go(line, 0),
            KeyCode::Char('$') => self.go(line, u16::MAX),
            KeyCode::PageUp => {
                self.scroll(-(page as i64));
                self.go(line.saturating_sub(page), col);
            }
            KeyCode::PageDown | KeyCode::End | KeyCode::Char('G') if self.at_end() && self.anchor.is_none() => {
                return Did::Left;
            }
            KeyCode::PageDown => {
                self.scroll(page as i64);
                self.go(line + page, col);
            }
            KeyCode::Home | KeyCode::Char('g') => self.go(self.bounds.0, 0),
            KeyCode::End | KeyCode::Char('G') => self.go(u64::MAX / 2, 0),
            KeyCode::Char('/') => {
                self.typed = Some(String::new());
                return Did::Asked(None);
            }
            KeyCode::Char('n') => return Did::Asked(self.next(true)),
            KeyCode::Char('N') => return Did::Asked(self.next(false)),
            KeyCode::Char('v' | ' ') => {
                self.anchor = if self.anchor.is_some() { None } else { Some(self.cursor) };
                return Did::Asked(None);
            }
            KeyCode::Char('y') | KeyCode::Enter => {
                let (from, to) = self.selection();
                return Did::Asked(Some(ClientMsg::Select { from, to }));
            }
            _ => {
                "/ searches · v selects · y copies · q goes back".clone_into(&mut self.notice);
                return Did::Asked(None);
            }
        }
        Did::Asked(Some(self.ask()))
    }

    /// The mouse did something over the area.
    pub fn mouse(&mut self, event: MouseEvent) -> Did {
        let place = (self.top + u64::from(event.row), event.column);
        match event.kind {
            MouseEventKind::ScrollUp => self.scroll(-WHEEL),
            MouseEventKind::ScrollDown if self.at_end() && self.anchor.is_none() => return Did::Left,
            MouseEventKind::ScrollDown => self.scroll(WHEEL),
            MouseEventKind::Down(MouseButton::Left) => {
                self.anchor = None;
                self.cursor = place;
            }
            MouseEventKind::Drag(MouseButton::Left) => {
                self.anchor.get_or_insert(self.cursor);
                self.go(place.0, place.1);
            }
            MouseEventKind::Up(MouseButton::Left) if self.anchor.is_some() => {
                let (from, to) = self.selection();
                return Did::Asked(Some(ClientMsg::Select { from, to }));
            }
            _ => return Did::Asked(None),
        }
        Did::Asked(Some(self.ask()))
    }

    fn at_end(&self) -> bool {
        self.first_move.is_none() && self.top >= self.bounds.1
    }

    fn line(&self, number: u64) -> Option<&Line> {
        usize::try_from(number.checked_sub(self.page.from)?).ok().and_then(|at| self.page.lines.get(at))
    }

    /// The rows to show, and the cursor.
    pub fn rows_shown(&self) -> (Vec<Line>, Option<Cursor>) {
        let (from, to) = self.selection();
        let rows = (self.top..self.top + self.rows())
            .map(|number| {
                let Some(line) = self.line(number) else { return Line::default() };
                let mut line = crop(line, 0, self.size.0);
                for found in self.matches.iter().filter(|found| found.line == number) {
                    line = mark(&line, found.col, found.col + found.cols);
                }
                match span(number, from, to).filter(|_| self.anchor.is_some()) {
                    Some((from, to)) => mark(&line, from, to),
                    None => line,
                }
            })
            .collect();
        let row = self.cursor.0.checked_sub(self.top).and_then(|row| u16::try_from(row).ok());
        let row = row.filter(|row| *row < self.size.1 && !self.page.lines.is_empty());
        (rows, row.map(|row| Cursor { col: self.cursor.1, row, visible: true, ..Cursor::default() }))
    }

    /// The status line while looking back.
    pub fn status(&self, name: &str, cols: u16) -> Line {
        if let Some(typed) = &self.typed {
            let typed = crate::base::text::neutralise(typed, true);
            return status_line(&[&format!("/{typed}")], "enter searches · esc gives up", cols);
        }
        let (first, end) = self.bounds;
        let above = format!("{} lines back, {} above", end.saturating_sub(self.top), self.top.saturating_sub(first));
        let keys = if self.notice.is_empty() { "/ n N · v y · q goes back" } else { "q goes back" };
        status_line(&[name, &self.notice, &above], keys, cols)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Run;

    /// A host with lines 0 to 99, of which the last ten are the screen.
    fn answer(back: &mut Back, message: Option<ClientMsg>) {
        let mut next = message;
        while let Some(ClientMsg::History { from, count }) = next {
            let line = |n: u64| {
                let text = format!("line {n}");
                Line { runs: vec![Run { cols: text.len() as u16, text, ..Run::default() }], wrapped: false }
            };
            let lines = (from.min(100)..from.saturating_add(u64::from(count)).min(100)).map(line).collect();
            next = back.take(Lines { first: 0, end: 90, from, lines });
        }
    }

    fn press(back: &mut Back, code: KeyCode) -> Option<ClientMsg> {
        match back.key(KeyEvent::new(code, KeyModifiers::NONE)) {
            Did::Asked(message) => {
                answer(back, message.clone());
                message
            }
            Did::Left => panic!("left"),
        }
    }

    fn top(back: &Back) -> String {
        back.rows_shown().0[0].text()
    }

    #[test]
    fn pages_and_ends() {
        let (mut back, first) = Back::begin((20, 10), 9);
        answer(&mut back, Some(first));
        assert_eq!(top(&back), "line 81");
        press(&mut back, KeyCode::PageUp);
        assert_eq!(top(&back), "line 72");
        press(&mut back, KeyCode::Char('g'));
        assert_eq!(top(&back), "line 0");
        press(&mut back, KeyCode::Up);
        assert_eq!(top(&back), "line 0");
        press(&mut back, KeyCode::Char('G'));
        assert_eq!(top(&back), "line 90");
        assert!(matches!(back.key(KeyEvent::new(KeyCode::PageDown, KeyModifiers::NONE)), Did::Left));
    }

    #[test]
    fn searching_goes_from_place_to_place() {
        let (mut back, first) = Back::begin((20, 10), 1);
        answer(&mut back, Some(first));
        for key in ['/', '7', '1'] {
            press(&mut back, KeyCode::Char(key));
        }
        let asked = press(&mut back, KeyCode::Enter);
        assert!(matches!(asked, Some(ClientMsg::Search { text, .. }) if text == "71"));
        let at = |line| Match { line, col: 5, cols: 2 };
        let next = back.found(Found { first: 0, end: 90, matches: vec![at(71), at(17)] });
        answer(&mut back, next);
        assert_eq!(back.cursor, (71, 5));
        press(&mut back, KeyCode::Char('n'));
        assert_eq!(back.cursor, (17, 5));
        press(&mut back, KeyCode::Char('n'));
        assert_eq!((back.cursor, back.notice.as_str()), ((71, 5), "again from the bottom"));
        press(&mut back, KeyCode::Char('N'));
        assert_eq!((back.cursor, back.notice.as_str()), ((17, 5), "again from the top"));
        press(&mut back, KeyCode::Char('N'));
        assert_eq!(back.cursor, (71, 5));
    }

    #[test]
    fn what_is_selected_is_asked_for() {
        let (mut back, first) = Back::begin((20, 10), 5);
        answer(&mut back, Some(first));
        back.cursor = (85, 2);
        press(&mut back, KeyCode::Char('v'));
        press(&mut back, KeyCode::Down);
        press(&mut back, KeyCode::Char('l'));
        let asked = press(&mut back, KeyCode::Char('y'));
        assert_eq!(asked, Some(ClientMsg::Select { from: (85, 2), to: (86, 4) }));
        back.copied("text");
        let asked = press(&mut back, KeyCode::Char('y'));
        assert_eq!(asked, Some(ClientMsg::Select { from: (86, 0), to: (86, u16::MAX) }), "the line");
    }
}
