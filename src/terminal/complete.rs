//! Controls of xterm and the VT420 that the engine lacks altogether, made of those it has.

use rio_vt::crosswords::Mode;
use rio_vt::crosswords::pos::{CharsetIndex, Charsets, Column, Line as RioLine, Pos};

use super::csi::Csi;
use super::dump::put_line;
use super::inner::{Extra, Inner};
use super::rows::{self, Styles};
use super::screen::Line;

/// The most modes kept saved; a program has no more of them.
const MAX_SAVED: usize = 64;

impl Extra {
    /// Whether text has to be looked at before the engine gets it.
    pub(super) fn looks_at_text(&self) -> bool {
        self.newline || self.wraps_back() || self.single_shift.is_some()
    }

    /// Whether going left from the first column may go to the row above.
    pub(super) fn wraps_back(&self) -> bool {
        self.reverse_wrap || self.reverse_wrap_far
    }
}

impl Inner {
    /// Whether a private mode is set, of those that the engine doesn't keep.
    pub(super) fn own_mode(&self, mode: u16) -> Option<bool> {
        Some(match mode {
            5 => self.extra.reverse,
            40 => self.extra.column_modes,
            45 => self.extra.reverse_wrap,
            47 | 1047 => self.term.mode().contains(Mode::ALT_SCREEN),
            1045 => self.extra.reverse_wrap_far,
            2031 => self.extra.color_scheme_reports,
            2048 => self.extra.size_reports,
            _ => return None,
        })
    }

    /// Whether any private mode is set; `None` when it is not known.
    fn private_mode(&mut self, mode: u16) -> Option<bool> {
        if let Some(set) = self.own_mode(mode) {
            return Some(set);
        }
        // The engine tells its modes only as a program would be told them.
        let before = self.out.borrow().replies.len();
        self.run(format!("\x1b[?{mode}$p").as_bytes());
        let answer = self.out.borrow_mut().replies.split_off(before);
        match answer.strip_suffix(b"$y")?.last()? {
            b'1' | b'3' => Some(true),
            b'2' | b'4' => Some(false),
            _ => None,
        }
    }

    /// XTSAVE.
    pub(super) fn save_modes(&mut self, csi: &Csi) {
        for mode in csi.params() {
            if let Some(set) = self.private_mode(*mode) {
                self.extra.saved_modes.retain(|(saved, _)| saved != mode);
                if self.extra.saved_modes.len() < MAX_SAVED {
                    self.extra.saved_modes.push((*mode, set));
                }
            }
        }
    }

    /// XTRESTORE.
    pub(super) fn restore_modes(&mut self, csi: &Csi) {
        for mode in csi.params() {
            let saved = self.extra.saved_modes.iter().find(|(saved, _)| saved == mode).map(|(_, set)| *set);
            // What is so already stays untouched: setting some modes again does more than set them.
            if let Some(set) = saved.filter(|set| self.private_mode(*mode) != Some(*set)) {
                let mut change =
                    Csi { prefix: Some(b'?'), count: 1, end: if set { b'h' } else { b'l' }, ..Csi::default() };
                change.params[0] = *mode;
                if !super::guard::Sink::csi(self, &change) {
                    self.run(format!("\x1b[?{mode}{}", char::from(change.end)).as_bytes());
                }
            }
        }
    }

    /// Gives the engine the first character of `bytes` in the set of a single shift, if one is due; returns the rest.
    pub(super) fn shift_one<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(set) = self.extra.single_shift.take() else { return bytes };
        let (first, rest) = bytes.split_at(bytes.len().min(1));
        // Only what such a set has is translated; anything else is as it would have been.
        if first.first().is_none_or(|b| !matches!(b, 0x20..=0x7e)) {
            return bytes;
        }
        let sets = self.term.grid.cursor.charsets;
        let mut shifted = sets;
        for index in [CharsetIndex::G0, CharsetIndex::G1, CharsetIndex::G2, CharsetIndex::G3] {
            shifted[index] = sets[set];
        }
        self.term.grid.cursor.charsets = shifted;
        self.run(first);
        self.term.grid.cursor.charsets = sets;
        rest
    }

    /// Goes left by so many columns, past the first to the row above where that is allowed.
    pub(super) fn go_back(&mut self, count: u16) {
        let (last, rows) = (self.term.columns() - 1, self.term.screen_lines() as i32);
        let (top, end) = self.extra.region.map_or((0, rows), |(top, end)| (i32::from(top), i32::from(end)));
        let wraps = self.term.mode().contains(Mode::LINE_WRAP);
        let mut left = usize::from(count);
        let mut pos = self.term.grid.cursor.pos;
        // A row that is full is left by one step, as it was by the step that filled it.
        if std::mem::take(&mut self.term.grid.cursor.should_wrap) && wraps {
            left -= 1;
        }
        loop {
            let step = left.min(pos.col.0);
            pos.col -= step;
            left -= step;
            if left == 0 || !wraps {
                break;
            }
            let row = if pos.row.0 != top && pos.row.0 != 0 {
                pos.row.0 - 1
            } else if self.extra.reverse_wrap_far {
                end - 1
            } else {
                break;
            };
            if !self.extra.reverse_wrap_far && !self.term.grid[RioLine(row)][Column(last)].wrapline() {
                break;
            }
            pos = Pos { row: RioLine(row), col: Column(last) };
            left -= 1;
        }
        self.term.grid.cursor.pos = pos;
    }

    /// SL, SR: all columns of the scrolling region go left or right. DECIC, DECDC: columns are inserted or deleted at the cursor.
    pub(super) fn shift_columns(&mut self, csi: &Csi) {
        let rows = self.term.screen_lines() as i32;
        let (top, end) = self.extra.region.map_or((0, rows), |(top, end)| (i32::from(top), i32::from(end)));
        let (pos, full) = (self.term.grid.cursor.pos, self.term.grid.cursor.should_wrap);
        let at_cursor = csi.intermediate == Some(b'\'');
        if at_cursor && !(top..end).contains(&pos.row.0) {
            return;
        }
        let col = if at_cursor { pos.col } else { Column(0) };
        let count = usize::from(csi.param(0, 1)).min(self.term.columns() - col.0);
        let within = if matches!(csi.end, b'A' | b'}') { '@' } else { 'P' };
        let sequence = format!("\x1b[{count}{within}");
        for row in top..end {
            self.term.grid.cursor.pos = Pos { row: RioLine(row), col };
            self.term.grid.cursor.should_wrap = false;
            self.run(sequence.as_bytes());
        }
        self.term.grid.cursor.pos = pos;
        self.term.grid.cursor.should_wrap = full;
    }

    /// Modes 47 and 1047: the other screen, with the cursor where it is. The engine knows it by its newest number only, with which the
    /// cursor comes back and the alternate screen is empty whenever it is entered.
    pub(super) fn switch_screen(&mut self, alternate: bool, keep: bool) {
        let shown = self.term.mode().contains(Mode::ALT_SCREEN);
        if shown == alternate {
            return;
        }
        let (pos, sets) = (self.term.grid.cursor.pos, self.term.grid.cursor.charsets);
        let attributes = self.setting(b"m").unwrap_or_default();
        if !alternate {
            let mut styles = Styles::default();
            let rows = 0..self.term.screen_lines() as i32;
            let lines = |row| rows::line(&self.term, row, &mut styles);
            self.extra.kept = if keep { rows.map(lines).collect() } else { Vec::new() };
        }
        self.run(if alternate { b"\x1b[?1049h" } else { b"\x1b[?1049l" });
        if alternate {
            let kept = std::mem::take(&mut self.extra.kept);
            self.paint(&kept);
        }
        if !attributes.is_empty() {
            self.run(format!("\x1b[{attributes}").as_bytes());
        }
        let cursor = &mut self.term.grid.cursor;
        (cursor.pos, cursor.charsets, cursor.should_wrap) = (pos, sets, false);
    }

    /// Puts rows on an empty screen, in attributes and character sets of their own.
    fn paint(&mut self, lines: &[Line]) {
        self.term.grid.cursor.charsets = Charsets::default();
        let insert = self.term.mode().contains(Mode::INSERT);
        self.run(b"\x1b[0m\x1b[4l");
        for (row, line) in lines.iter().enumerate().filter(|(_, line)| !line.runs.is_empty()) {
            self.term.grid.cursor.pos = Pos { row: RioLine(row as i32), col: Column(0) };
            self.term.grid.cursor.should_wrap = false;
            let mut text = String::new();
            put_line(&mut text, line);
            self.run(text.as_bytes());
        }
        if insert {
            self.run(b"\x1b[4h");
        }
    }
}
