//! rio-vt behind [`Emulator`], completed where agents need more than it has.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rio_vt::ansi::CursorShape as RioCursorShape;
use rio_vt::config::colors::ColorRgb;
use rio_vt::crosswords::pos::{Column, Line as RioLine};
use rio_vt::crosswords::square::Wide;
use rio_vt::crosswords::{Crosswords, CrosswordsSize, Mode, formatter};
use rio_vt::event::{EventListener, RioEvent, WindowId};
use rio_vt::performer::handler::Processor;

use super::emulator::{Emulator, TermEvent};
use super::guard::{Csi, Guard, Sink, StringKind};
use super::screen::{Cursor, CursorShape, Line, Modes, MouseMode, ScreenState};
use super::scrollback::{Found, Lines, Scrollback};
use super::status::StatusBoard;
use super::{clamp_size, palette, query, rows};
use crate::base::text;

/// How long a synchronized update may hold back what is shown.
const SYNC_TIMEOUT: Duration = Duration::from_millis(150);
/// At a flood of synchronized frames, how often one of them is kept for showing.
const FRAME: Duration = Duration::from_millis(4);
/// Replies and events kept until taken; a program that asks without reading gets no more.
const MAX_REPLIES: usize = 64 * 1024;
const MAX_EVENTS: usize = 256;
/// The longest title, in characters.
pub(super) const MAX_TITLE: usize = 256;

/// What the engine says while it is fed, in order with our own answers.
#[derive(Default)]
pub(super) struct Outbox {
    replies: Vec<u8>,
    events: Vec<TermEvent>,
    /// Colours the program set itself (OSC 4, 10, 11, 12).
    colors: Vec<(usize, ColorRgb)>,
    title: String,
}

impl Outbox {
    fn reply(&mut self, bytes: &[u8]) {
        if self.replies.len() + bytes.len() <= MAX_REPLIES {
            self.replies.extend_from_slice(bytes);
        }
    }

    fn event(&mut self, event: TermEvent) {
        if self.events.len() < MAX_EVENTS {
            self.events.push(event);
        }
    }

    fn color(&self, index: usize) -> ColorRgb {
        let set = self.colors.iter().find(|(at, _)| *at == index).map(|(_, color)| *color);
        set.unwrap_or_else(|| {
            let (r, g, b) = palette::color(index);
            ColorRgb { r, g, b }
        })
    }
}

#[derive(Clone, Default)]
pub(super) struct Listener(Rc<RefCell<Outbox>>);

impl EventListener for Listener {
    fn send_event(&self, event: RioEvent, _window: WindowId) {
        let mut out = self.0.borrow_mut();
        match event {
            RioEvent::PtyWrite(_, reply) => out.reply(reply.as_bytes()),
            RioEvent::ColorRequest(_, index, format) => {
                let reply = format(out.color(index));
                out.reply(reply.as_bytes());
            }
            RioEvent::ColorChange(_, index, color) => {
                out.colors.retain(|(at, _)| *at != index);
                out.colors.extend(color.map(|color| (index, color)));
            }
            RioEvent::Bell(_) if out.events.last() != Some(&TermEvent::Bell) => {
                out.event(TermEvent::Bell);
            }
            RioEvent::Title(_, title) => {
                let title: String = text::neutralise(title.trim(), true).chars().take(MAX_TITLE).collect();
                if title != out.title {
                    out.title.clone_from(&title);
                    out.event(TermEvent::Title(title));
                }
            }
            _ => {}
        }
    }
}

/// A terminal.
pub(super) struct Engine {
    guard: Guard,
    inner: Inner,
    state: ScreenState,
    versions: Vec<u64>,
    version: u64,
    reported: u64,
}

/// What the guard writes to.
pub(super) struct Inner {
    pub(super) term: Crosswords<Listener>,
    parser: Processor,
    out: Rc<RefCell<Outbox>>,
    pub(super) status: StatusBoard,
    pub(super) progress: Option<u8>,
    /// Since when a synchronized update is open.
    sync: Option<Instant>,
    /// The program wants to hear of changes of the colour scheme (2031).
    color_scheme_reports: bool,
    /// A notification of several parts (OSC 99): id, title, body.
    pub(super) notification: Option<(String, String, String)>,
    capture: Capture,
    pub(super) back: Scrollback,
    /// How many lines of scrollback are kept, packed ones included.
    pub(super) most: usize,
}

/// The screen as captured, apart from what is shown: a synchronized update may begin in the middle of a chunk.
#[derive(Default)]
struct Capture {
    lines: Vec<Line>,
    changed: Vec<bool>,
    cursor: Cursor,
    at: Option<Instant>,
}

impl Engine {
    /// A terminal of that size with `history` lines of scrollback.
    pub fn new(cols: u16, rows: u16, history: usize) -> Self {
        let (cols, rows) = clamp_size(cols, rows);
        let out = Rc::new(RefCell::new(Outbox::default()));
        let size = CrosswordsSize::new(usize::from(cols), usize::from(rows));
        let term =
            Crosswords::new(size, RioCursorShape::Block, Listener(Rc::clone(&out)), WindowId::from(0), 0, history);
        let mut engine = Engine {
            guard: Guard::default(),
            inner: Inner {
                term,
                parser: Processor::default(),
                out,
                status: StatusBoard::default(),
                progress: None,
                sync: None,
                color_scheme_reports: false,
                notification: None,
                capture: Capture::default(),
                back: Scrollback::default(),
                most: history,
            },
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
        self.take_size();
    }

    fn size(&self) -> (u16, u16) {
        (self.state.cols, self.state.rows)
    }

    fn refresh(&mut self, now: Instant) -> bool {
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

    fn program_ended(&mut self) {
        self.inner.sync = None;
        if self.inner.status.program_ended() {
            self.inner.out.borrow_mut().event(TermEvent::Status);
        }
    }
}

impl Inner {
    pub(super) fn reply(&self, bytes: &[u8]) {
        self.out.borrow_mut().reply(bytes);
    }

    pub(super) fn event(&self, event: TermEvent) {
        self.out.borrow_mut().event(event);
    }

    /// Copies the rows that changed since the last capture; all of them when `whole`. Returns whether any did.
    fn capture(&mut self, whole: bool) -> bool {
        let mut changed = false;
        let whole = whole || self.term.is_fully_damaged();
        for row in 0..self.term.screen_lines() {
            let at = RioLine(row as i32);
            if !whole && !self.term.grid[at].dirty {
                continue;
            }
            let line = rows::line(&self.term, row as i32);
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

    fn modes(&self) -> Modes {
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

    fn set_modes(&mut self, csi: &Csi) -> bool {
        let set = csi.end == b'h';
        let modes = csi.params();
        if modes.contains(&2026) {
            if set && self.sync.is_none() {
                let now = Instant::now();
                if self.capture.at.is_none_or(|at| now >= at + FRAME) && self.capture(false) {
                    self.capture.at = Some(now);
                }
                self.sync = Some(now);
            } else if !set {
                self.sync = None;
            }
        }
        if modes.contains(&2031) {
            self.color_scheme_reports = set;
        }
        if !modes.iter().any(|mode| matches!(mode, 47 | 1047 | 1048)) {
            return false;
        }
        // The engine knows the alternate screen by its newest number only.
        for mode in modes {
            let end = char::from(csi.end);
            let sequence = match mode {
                47 | 1047 => format!("\x1b[?1049{end}"),
                1048 => format!("\x1b{}", if set { 7 } else { 8 }),
                other => format!("\x1b[?{other}{end}"),
            };
            self.engine(sequence.as_bytes());
        }
        true
    }

    /// DECRQSS: the settings that can be told.
    fn setting(&self, name: &[u8]) -> Option<String> {
        match name {
            b"m" => {
                let mut sgr = String::new();
                formatter::write_sgr(&mut sgr, &self.term.grid.template_style());
                let first = sgr.split_inclusive('m').next()?;
                first.strip_prefix("\x1b[").map(str::to_owned)
            }
            b" q" => {
                let shape = match self.term.cursor_shape {
                    RioCursorShape::Underline => 4,
                    RioCursorShape::Beam => 6,
                    RioCursorShape::Block | RioCursorShape::Hidden => 2,
                };
                Some(format!("{} q", shape - i32::from(self.term.blinking_cursor)))
            }
            _ => None,
        }
    }
}

impl Sink for Inner {
    fn engine(&mut self, bytes: &[u8]) {
        self.parser.advance(&mut self.term, bytes);
    }

    fn csi(&mut self, csi: &Csi) -> bool {
        match (csi.end, csi.prefix, csi.intermediate) {
            (b'c', prefix, None) => {
                if csi.param(0, 0) == 0
                    && let Some(answer) = query::device_attributes(prefix)
                {
                    self.reply(&answer);
                }
                true
            }
            (b'q', Some(b'>'), None) => {
                if csi.param(0, 0) == 0 {
                    self.reply(&query::version());
                }
                true
            }
            (b'm', Some(b'?'), None) => {
                if csi.param(0, 0) == 4 {
                    let level = self.term.modify_other_keys().unwrap_or(0);
                    self.reply(format!("\x1b[>4;{level}m").as_bytes());
                }
                true
            }
            (b'n', Some(b'?'), None) => {
                match csi.param(0, 0) {
                    6 => {
                        let pos = self.term.grid.cursor.pos;
                        self.reply(format!("\x1b[?{};{};1R", pos.row.0 + 1, pos.col.0 + 1).as_bytes());
                    }
                    // Dark: what the default background is.
                    996 => self.reply(b"\x1b[?997;1n"),
                    _ => {}
                }
                true
            }
            (b'p', Some(b'?'), Some(b'$')) if csi.param(0, 0) == 2031 => {
                self.reply(&query::private_mode(2031, self.color_scheme_reports));
                true
            }
            // The pixel size is not known; the size in characters is.
            (b't', None, None) => matches!(csi.param(0, 0), 14 | 16),
            (b'h' | b'l', Some(b'?'), None) => self.set_modes(csi),
            _ => false,
        }
    }

    fn repeat(&mut self, count: u16) {
        let cells = self.term.columns() * self.term.screen_lines();
        let mut sequence = String::new();
        let _ = write!(sequence, "\x1b[{}b", usize::from(count).min(cells));
        self.engine(sequence.as_bytes());
    }

    fn string(&mut self, kind: StringKind, body: &[u8], bell: bool) {
        match kind {
            StringKind::Osc => self.osc(body, bell),
            StringKind::Dcs => {
                if let Some(name) = body.strip_prefix(b"$q") {
                    let value = self.setting(name);
                    self.reply(&query::setting(value.as_deref()));
                } else if body.starts_with(b"+q") && body.len() <= 4096 {
                    let mut whole = b"\x1bP".to_vec();
                    whole.extend_from_slice(body);
                    whole.extend_from_slice(b"\x1b\\");
                    self.engine(&whole);
                }
            }
            StringKind::Other => {}
        }
    }

    fn marks_at_cursor(&self) -> usize {
        let grid = &self.term.grid;
        let mut col = grid.cursor.pos.col.0;
        if !grid.cursor.should_wrap {
            col = col.saturating_sub(1);
        }
        let row = &grid[grid.cursor.pos.row];
        if row[Column(col)].wide() == Wide::Spacer {
            col = col.saturating_sub(1);
        }
        row[Column(col)]
            .extras_id_checked()
            .and_then(|id| grid.extras_table.get(id))
            .map_or(0, |extras| extras.zerowidth.len())
    }
}
