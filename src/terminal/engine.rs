//! rio-vt behind [`Emulator`], completed where agents need more than it has.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rio_vt::crosswords::CrosswordsSize;

use super::clamp_size;
use super::emulator::{Emulator, TermEvent};
use super::guard::Guard;
use super::inner::Inner;
use super::outbox::Outbox;
use super::screen::{Line, ScreenState};
use super::scrollback::{Found, Lines};
use super::status::StatusBoard;

/// How long a synchronized update may hold back what is shown.
const SYNC_TIMEOUT: Duration = Duration::from_millis(150);

/// A terminal.
pub(super) struct Engine {
    guard: Guard,
    inner: Inner,
    state: ScreenState,
    versions: Vec<u64>,
    version: u64,
    reported: u64,
}

impl Engine {
    /// A terminal of that size with `history` lines of scrollback.
    pub fn new(cols: u16, rows: u16, history: usize) -> Self {
        let (cols, rows) = clamp_size(cols, rows);
        let out = Rc::new(RefCell::new(Outbox::default()));
        let mut engine = Engine {
            guard: Guard::default(),
            inner: Inner::new(cols, rows, history, out),
            state: ScreenState::default(),
            versions: Vec::new(),
            version: 0,
            reported: 0,
        };
        engine.take_size();
        engine
    }

    /// Takes the whole screen anew after its size changed.
    fn take_size(&mut self) {
        let cols = self.inner.term.columns() as u16;
        let rows = self.inner.term.screen_lines();
        self.inner.capture.lines = vec![Line::default(); rows];
        self.inner.capture.changed = vec![true; rows];
        self.inner.capture(true);
        self.version += 1;
        self.state.cols = cols;
        self.state.rows = rows as u16;
        self.state.lines = vec![Line::default(); rows];
        self.versions = vec![self.version; rows];
        self.publish();
    }

    /// Moves what was captured to the screen that is shown.
    fn publish(&mut self) {
        let mut changed = false;
        let next = self.version + 1;
        for (row, dirty) in self.inner.capture.changed.iter_mut().enumerate() {
            if std::mem::take(dirty) {
                let line = &self.inner.capture.lines[row];
                if self.state.lines[row] != *line {
                    self.state.lines[row] = line.clone();
                    self.versions[row] = next;
                    changed = true;
                }
            }
        }
        let modes = self.inner.modes();
        let cursor = self.inner.capture.cursor;
        let status = self.inner.status.current();
        let title = &self.inner.out.borrow().title;
        if self.state.cursor != cursor
            || self.state.modes != modes
            || self.state.status.as_ref() != status
            || self.state.title != *title
            || self.state.progress != self.inner.progress
        {
            changed = true;
            self.state.cursor = cursor;
            self.state.modes = modes;
            self.state.status = status.cloned();
            self.state.title.clone_from(title);
            self.state.progress = self.inner.progress;
        }
        if changed {
            self.version = next;
        }
    }
}

impl Emulator for Engine {
    fn feed(&mut self, bytes: &[u8]) {
        self.guard.feed(bytes, &mut self.inner);
    }

    fn resize(&mut self, cols: u16, rows: u16) {
        let (cols, rows) = clamp_size(cols, rows);
        if (cols, rows) == self.size() {
            return;
        }
        self.inner.term.resize(CrosswordsSize::new(usize::from(cols), usize::from(rows)));
        self.inner.resized();
        self.take_size();
    }

    fn size(&self) -> (u16, u16) {
        (self.state.cols, self.state.rows)
    }

    fn refresh(&mut self, now: Instant) -> bool {
        self.inner.capture.asked = Some(now);
        match self.inner.sync {
            Some(since) if now < since + SYNC_TIMEOUT => {}
            _ => {
                self.inner.capture(false);
            }
        }
        self.publish();
        std::mem::replace(&mut self.reported, self.version) != self.version
    }

    fn screen(&self) -> &ScreenState {
        &self.state
    }

    fn row_versions(&self) -> &[u64] {
        &self.versions
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn sync_deadline(&self) -> Option<Instant> {
        self.inner.sync.map(|since| since + SYNC_TIMEOUT)
    }

    fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.inner.out.borrow_mut().replies)
    }

    fn take_events(&mut self) -> Vec<TermEvent> {
        std::mem::take(&mut self.inner.out.borrow_mut().events)
    }

    fn status(&self) -> &StatusBoard {
        &self.inner.status
    }

    fn text(&mut self, lines: usize) -> String {
        self.inner.text(lines)
    }

    fn history(&mut self) -> usize {
        self.inner.with_main(|inner| (inner.end() - inner.first()) as usize)
    }

    fn lines(&mut self, from: u64, count: usize) -> Lines {
        self.inner.lines(from, count)
    }

    fn search(&mut self, wanted: &str, before: u64, limit: usize) -> Found {
        self.inner.search(wanted, before, limit)
    }

    fn select(&mut self, from: (u64, u16), to: (u64, u16)) -> String {
        self.inner.select(from, to)
    }

    fn compact(&mut self) -> bool {
        self.inner.pack()
    }

    fn scrolled(&mut self) -> u64 {
        self.inner.with_main(|inner| inner.end())
    }

    fn dump(&mut self, history: bool) -> String {
        let mut out = self.inner.dump(history);
        if self.inner.sync.is_some() {
            out.push_str("\x1b[?2026h");
        }
        // A sequence cut off here goes on in what is fed next.
        self.guard.pending(&mut out);
        out
    }

    fn packed(&mut self) -> Vec<u8> {
        self.inner.with_main(|inner| inner.packed())
    }

    fn restore(&mut self, packed: &[u8]) -> bool {
        self.inner.restore(packed)
    }

    fn program_ended(&mut self) {
        self.inner.sync = None;
        if self.inner.status.program_ended() {
            self.inner.out.borrow_mut().event(TermEvent::Status);
        }
    }
}
