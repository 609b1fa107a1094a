//! The engine's scrollback together with its packed part: read, searched, and packed.

use rio_vt::crosswords::Mode;

use super::history::Compact;
use super::inner::Inner;
use super::rows::{self, Styles};
use super::screen::Line;
use super::scrollback::{self, Found, Lines, Match, Scrollback};

/// Lines the engine keeps itself when the program is quiet: those that reflow when the size changes.
const LIVE: usize = 1000;

impl Inner {
    /// Does `work` while the main screen is the one in hand, which alone has scrollback.
    pub(super) fn with_main<T>(&mut self, work: impl FnOnce(&mut Inner) -> T) -> T {
        if !self.term.mode().contains(Mode::ALT_SCREEN) {
            return work(self);
        }
        // The engine blanks the alternate screen when it is entered: what it shows is put back.
        let shown = self.term.grid.clone();
        self.term.swap_alt();
        let result = work(self);
        self.term.swap_alt();
        self.term.grid = shown;
        result
    }

    /// The number of the oldest line kept.
    pub(super) fn first(&self) -> u64 {
        let evicted = self.term.lines_evicted();
        let packed = if evicted > self.back.packed_to { 0 } else { self.back.packed.len() as u64 };
        (self.back.offset + evicted).saturating_sub(packed)
    }

    /// The number of the screen's top row.
    pub(super) fn end(&self) -> u64 {
        self.back.offset + self.term.lines_evicted() + self.term.history_size() as u64
    }

    /// Gives `take` the lines with these numbers; the main screen is in hand.
    fn each(&self, from: u64, to: u64, mut take: impl FnMut(Line)) {
        let first = self.first();
        let live = self.back.offset + self.term.lines_evicted();
        let from = from.max(first);
        let to = to.min(self.end() + self.term.screen_lines() as u64);
        if from < live {
            self.back.packed.each((from - first) as usize, (to.min(live).max(from) - first) as usize, &mut take);
        }
        let end = self.end() as i64;
        let mut styles = Styles::default();
        for number in from.max(live)..to {
            take(rows::line(&self.term, (number as i64 - end) as i32, &mut styles));
        }
    }

    pub(super) fn lines(&mut self, from: u64, count: usize) -> Lines {
        self.with_main(|inner| {
            let (first, end) = (inner.first(), inner.end());
            let from = from.max(first);
            let mut lines = Vec::new();
            inner.each(from, from.saturating_add(count as u64), |line| lines.push(line));
            Lines { first, end, from, lines }
        })
    }

    /// The last `count` lines as text; empty rows below the last text don't count. On the alternate screen those of that screen.
    pub(super) fn text(&mut self, count: usize) -> String {
        if self.term.mode().contains(Mode::ALT_SCREEN) {
            let mut styles = Styles::default();
            let rows = 0..self.term.screen_lines() as i32;
            let all: Vec<String> = rows.map(|row| rows::line(&self.term, row, &mut styles).text()).collect();
            return bottom(all, count);
        }
        let rows = self.term.screen_lines() as u64;
        let from = (self.end() + rows).saturating_sub(count as u64 + rows);
        let mut all = Vec::new();
        self.each(from, u64::MAX, |line| all.push(line.text()));
        bottom(all, count)
    }

    pub(super) fn search(&mut self, wanted: &str, before: u64, limit: usize) -> Found {
        self.with_main(|inner| {
            let (first, end) = (inner.first(), inner.end());
            let mut found = Found { first, end, matches: Vec::new() };
            // From the bottom up, some lines at a time.
            let mut to = before.min(end + inner.term.screen_lines() as u64);
            while to > first && found.matches.len() < limit && !wanted.is_empty() {
                let from = to.saturating_sub(1024).max(first);
                let mut some = Vec::new();
                let mut number = from;
                inner.each(from, to, |line| {
                    scrollback::find(&line, wanted, |col, cols| some.push(Match { line: number, col, cols }));
                    number += 1;
                });
                found.matches.extend(some.into_iter().rev());
                to = from;
            }
            found.matches.truncate(limit);
            found
        })
    }

    pub(super) fn select(&mut self, from: (u64, u16), to: (u64, u16)) -> String {
        let (from, to) = (from.min(to), from.max(to));
        self.with_main(|inner| {
            let mut out = String::new();
            let mut number = from.0.max(inner.first());
            inner.each(number, to.0.saturating_add(1), |line| {
                let left = if number == from.0 { from.1 } else { 0 };
                let right = if number == to.0 { to.1 } else { u16::MAX };
                let part = scrollback::part(&line, left, right);
                let goes_on = line.wrapped && right == u16::MAX;
                out.push_str(if goes_on { &part } else { part.trim_end_matches(' ') });
                if !goes_on && number < to.0 {
                    out.push('\n');
                }
                number += 1;
            });
            out
        })
    }

    /// The packed lines as bytes, with the number of the line after them.
    pub(super) fn packed(&mut self) -> Vec<u8> {
        let next = self.back.offset + self.term.lines_evicted();
        postcard::to_stdvec(&(next, &self.back.packed)).unwrap_or_default()
    }

    /// Takes such bytes as the lines above everything here.
    pub(super) fn restore(&mut self, packed: &[u8]) -> bool {
        let Ok((next, packed)) = postcard::from_bytes::<(u64, Compact)>(packed) else { return false };
        self.back = Scrollback { packed, packed_to: self.term.lines_evicted(), offset: next };
        true
    }

    /// Moves what the engine holds above [`LIVE`] lines to the packed part, and forgets what is above the limit.
    pub(super) fn pack(&mut self) -> bool {
        self.with_main(|inner| {
            let evicted = inner.term.lines_evicted();
            if evicted > inner.back.packed_to {
                // Lines between the packed ones and the engine's were dropped, by a flood or because the program cleared them.
                inner.back.packed.clear();
                inner.back.packed_to = evicted;
            }
            let held = inner.term.history_size();
            if held <= LIVE {
                return false;
            }
            let count = held - LIVE;
            let mut styles = Styles::default();
            for row in 0..count {
                let line = rows::line(&inner.term, row as i32 - held as i32, &mut styles);
                inner.back.packed.push(line);
            }
            inner.term.grid.update_history(LIVE);
            inner.term.grid.update_history(inner.most);
            inner.back.packed_to = inner.term.lines_evicted();
            inner.back.packed.limit(inner.most.saturating_sub(LIVE));
            true
        })
    }
}

/// The last `count` of `lines` without the empty ones at the very end.
fn bottom(mut lines: Vec<String>, count: usize) -> String {
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.split_off(lines.len().saturating_sub(count)).join("\n")
}
