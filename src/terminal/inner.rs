//! The engine with what it lacks: what the guard writes to.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rio_vt::ansi::CursorShape as RioCursorShape;
use rio_vt::crosswords::pos::{CharsetIndex, Line as RioLine};
use rio_vt::crosswords::{Crosswords, CrosswordsSize, Mode};
use rio_vt::event::WindowId;
use rio_vt::performer::handler::Processor;

use super::emulator::TermEvent;
use super::outbox::{Listener, Outbox};
use super::query;
use super::rows::{self, Styles};
use super::screen::{Cursor, CursorShape, Line, Modes, MouseMode};
use super::scrollback::Scrollback;
use super::status::StatusBoard;

/// At a flood of synchronized frames, how often one of them is kept for showing.
const FRAME: Duration = Duration::from_millis(16);
/// How often while nobody looks.
const UNSEEN: Duration = Duration::from_millis(100);
/// Whoever has not asked for the screen for so long does not look.
const LOOKS: Duration = Duration::from_millis(250);

/// What the guard writes to.
pub(super) struct Inner {
    pub(super) term: Crosswords<Listener>,
    parser: Processor,
    pub(super) out: Rc<RefCell<Outbox>>,
    pub(super) status: StatusBoard,
    pub(super) progress: Option<u8>,
    /// Since when a synchronized update is open.
    pub(super) sync: Option<Instant>,
    pub(super) extra: Extra,
    /// A notification of several parts (OSC 99): id, title, body.
    pub(super) notification: Option<(String, String, String)>,
    pub(super) capture: Capture,
    pub(super) back: Scrollback,
    /// How many lines of scrollback are kept, packed ones included.
    pub(super) most: usize,
    styles: Styles,
}

/// Modes and settings that the engine doesn't keep.
#[derive(Default)]
pub(super) struct Extra {
    /// The program wants to hear of changes of the colour scheme (2031).
    pub color_scheme_reports: bool,
    /// The program wants to hear of changes of the size (2048).
    pub size_reports: bool,
    /// Changing between 80 and 132 columns is allowed (40).
    pub column_modes: bool,
    /// The whole screen is shown inverted (5).
    pub reverse: bool,
    /// A line feed also goes to the first column (LNM).
    pub newline: bool,
    /// The first row of the scrolling region and the one after its last, when it isn't the whole screen.
    pub region: Option<(u16, u16)>,
    /// Going left from the first column goes to the end of the row above, if that was wrapped (45), or in any case (1045).
    pub reverse_wrap: bool,
    pub reverse_wrap_far: bool,
    /// The character set for the next character alone (SS2, SS3).
    pub single_shift: Option<CharsetIndex>,
    /// Modes as they were when they were saved (XTSAVE).
    pub saved_modes: Vec<(u16, bool)>,
    /// What was on the alternate screen when it was left by its oldest number (47), which doesn't clear it.
    pub kept: Vec<Line>,
    /// Whether the origin was relative when the cursor was saved, on the main and the alternate screen.
    pub saved_origin: [bool; 2],
}

/// The screen as captured, apart from what is shown: a synchronized update may begin in the middle of a chunk.
#[derive(Default)]
pub(super) struct Capture {
    pub lines: Vec<Line>,
    pub changed: Vec<bool>,
    pub cursor: Cursor,
    /// When the screen was last asked for.
    pub asked: Option<Instant>,
    at: Option<Instant>,
}

impl Inner {
    pub fn new(cols: u16, rows: u16, history: usize, out: Rc<RefCell<Outbox>>) -> Inner {
        let size = CrosswordsSize::new(usize::from(cols), usize::from(rows));
        let listener = Listener(Rc::clone(&out));
        Inner {
            term: Crosswords::new(size, RioCursorShape::Block, listener, WindowId::from(0), 0, history),
            parser: Processor::default(),
            out,
            status: StatusBoard::default(),
            progress: None,
            sync: None,
            extra: Extra::default(),
            notification: None,
            capture: Capture::default(),
            back: Scrollback::default(),
            most: history,
            styles: Styles::default(),
        }
    }

    /// Gives bytes to the engine.
    pub fn run(&mut self, bytes: &[u8]) {
        self.parser.advance(&mut self.term, bytes);
    }

    pub fn reply(&self, bytes: &[u8]) {
        self.out.borrow_mut().reply(bytes);
    }

    pub fn event(&self, event: TermEvent) {
        self.out.borrow_mut().event(event);
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        (self.term.columns() as u16, self.term.screen_lines() as u16)
    }

    /// Does what a new size brings besides the reflow.
    pub fn resized(&mut self) {
        self.extra.region = None;
        self.extra.kept.clear();
        if self.extra.size_reports {
            self.reply(&query::size_report(self.size()));
        }
    }

    /// Forgets all settings of our own, as the engine does with its own at a full reset.
    pub fn reset(&mut self) {
        self.extra = Extra::default();
        self.sync = None;
        self.notification = None;
        self.out.borrow_mut().colors.clear();
        if self.progress.take().is_some() {
            self.event(TermEvent::Progress(None));
        }
        if self.status.reset() {
            self.event(TermEvent::Status);
        }
    }

    /// A synchronized update begins or ends.
    pub fn synchronize(&mut self, begin: bool) {
        if !begin {
            self.sync = None;
        } else if self.sync.is_none() {
            let now = Instant::now();
            let looks = self.capture.asked.is_some_and(|asked| now < asked + LOOKS);
            let pause = if looks { FRAME } else { UNSEEN };
            if self.capture.at.is_none_or(|at| now >= at + pause) && self.capture(false) {
                self.capture.at = Some(now);
            }
            self.sync = Some(now);
        }
    }

    /// Copies the rows that changed since the last capture; all of them when `whole`. Returns whether any did.
    pub fn capture(&mut self, whole: bool) -> bool {
        let mut changed = false;
        let whole = whole || self.term.is_fully_damaged();
        self.styles.begin(self.extra.reverse);
        for row in 0..self.term.screen_lines() {
            let at = RioLine(row as i32);
            if !whole && !self.term.grid[at].dirty {
                continue;
            }
            let line = rows::line(&self.term, row as i32, &mut self.styles);
            self.term.grid[at].dirty = false;
            if self.capture.lines[row] != line {
                self.capture.lines[row] = line;
                self.capture.changed[row] = true;
                changed = true;
            }
        }
        self.term.reset_damage();
        let cursor = self.term.cursor();
        self.capture.cursor = Cursor {
            col: cursor.pos.col.0 as u16,
            row: cursor.pos.row.0.max(0) as u16,
            visible: cursor.content != RioCursorShape::Hidden,
            shape: match self.term.cursor_shape {
                RioCursorShape::Underline => CursorShape::Underline,
                RioCursorShape::Beam => CursorShape::Bar,
                RioCursorShape::Block | RioCursorShape::Hidden => CursorShape::Block,
            },
            blinking: self.term.blinking_cursor,
        };
        changed
    }

    pub fn modes(&self) -> Modes {
        let mode = self.term.mode();
        Modes {
            app_cursor: mode.contains(Mode::APP_CURSOR),
            app_keypad: mode.contains(Mode::APP_KEYPAD),
            bracketed_paste: mode.contains(Mode::BRACKETED_PASTE),
            focus: mode.contains(Mode::FOCUS_IN_OUT),
            mouse: if mode.contains(Mode::MOUSE_MOTION) {
                MouseMode::Motion
            } else if mode.contains(Mode::MOUSE_DRAG) {
                MouseMode::Drag
            } else if mode.contains(Mode::MOUSE_REPORT_CLICK) {
                MouseMode::Click
            } else if mode.contains(Mode::MOUSE_REPORT_X10) {
                MouseMode::Press
            } else {
                MouseMode::Off
            },
            mouse_sgr: mode.contains(Mode::SGR_MOUSE),
            alternate_scroll: mode.contains(Mode::ALTERNATE_SCROLL),
            alt_screen: mode.contains(Mode::ALT_SCREEN),
            newline: mode.contains(Mode::LINE_FEED_NEW_LINE),
            kitty_flags: self.term.keyboard_mode().bits(),
            modify_other_keys: self.term.modify_other_keys().unwrap_or(0),
        }
    }
}
