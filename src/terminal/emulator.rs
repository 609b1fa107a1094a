//! What a session host needs of a terminal emulator.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::screen::ScreenState;
use super::scrollback::{Found, Lines};
use super::status::StatusBoard;

/// Something the program asked of whoever looks, apart from what it drew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TermEvent {
    /// The bell.
    Bell,
    /// A desktop notification (OSC 9, 777, 99); harmless text.
    Notification {
        /// Its title, possibly empty.
        title: String,
        /// Its text.
        body: String,
    },
    /// Text for the clipboard (OSC 52).
    Clipboard(String),
    /// The title changed.
    Title(String),
    /// The program's status (OSC 7501) changed.
    Status,
    /// Progress in percent, `None` when it is over (OSC 9;4).
    Progress(Option<u8>),
}

/// A terminal emulator: bytes in, a screen and answers out. Feeding never fails and its cost is bounded by what is fed.
pub trait Emulator {
    /// Takes what the program wrote. Sequences and characters may be cut anywhere between two calls.
    fn feed(&mut self, bytes: &[u8]);

    /// Changes the size; text reflows and none of it is lost. Sizes are clamped to what a terminal can have.
    fn resize(&mut self, cols: u16, rows: u16);

    /// Columns and rows.
    fn size(&self) -> (u16, u16);

    /// Brings [`Emulator::screen`] up to what was fed, unless the program is inside a synchronized update that has lasted less than its
    /// timeout: then the last complete frame stays. Returns whether anything changed.
    fn refresh(&mut self, now: Instant) -> bool;

    /// The screen as of the last refresh.
    fn screen(&self) -> &ScreenState;

    /// A number for each row of the screen that grows whenever that row changes; compare it with what a client has seen.
    fn row_versions(&self) -> &[u64];

    /// A number that grows with every refresh that changed something.
    fn version(&self) -> u64;

    /// When the open synchronized update runs out, so that the caller can refresh then.
    fn sync_deadline(&self) -> Option<Instant>;

    /// Answers to the program's queries, in the order of the queries; the caller writes them to the program.
    fn take_replies(&mut self) -> Vec<u8>;

    /// Events since the last call.
    fn take_events(&mut self) -> Vec<TermEvent>;

    /// Everything the program reported about what it does.
    fn status(&self) -> &StatusBoard;

    /// The last `lines` non-empty-ended lines of scrollback and screen as text.
    fn text(&mut self, lines: usize) -> String;

    /// Lines scrolled off the top that are still kept; while the alternate screen is shown, those of the other one.
    fn history(&mut self) -> usize;

    /// Up to `count` lines from number `from` on, rows of the screen included; numbers below the first are raised to it.
    fn lines(&mut self, from: u64, count: usize) -> Lines;

    /// Where `wanted` stands in lines below number `before`, the lowest first, at most `limit` places. Letters match in either case
    /// unless `wanted` has capital ones.
    fn search(&mut self, wanted: &str, before: u64, limit: usize) -> Found;

    /// The text from one place, line and column, to before another; lines that were wrapped are put together again.
    fn select(&mut self, from: (u64, u16), to: (u64, u16)) -> String;

    /// Packs lines that scrolled off long ago into less memory. Worth calling when the program is quiet; returns whether it packed any.
    fn compact(&mut self) -> bool;

    /// How many lines have ever scrolled off the main screen.
    fn scrolled(&mut self) -> u64;

    /// Bytes that bring a fresh emulator of this size to the same state, packed lines aside; without `history` the screen alone.
    fn dump(&mut self, history: bool) -> String;

    /// The packed lines, for [`Emulator::restore`].
    fn packed(&mut self) -> Vec<u8>;

    /// Takes packed lines of another emulator as those above everything here; before anything is fed. Returns whether they could be read.
    fn restore(&mut self, packed: &[u8]) -> bool;

    /// Tells the emulator that the program has ended: what it said it was doing is over.
    fn program_ended(&mut self);
}

/// The emulator the town uses, with `history` lines of scrollback.
pub fn new_emulator(cols: u16, rows: u16, history: usize) -> Box<dyn Emulator> {
    Box::new(super::engine::Engine::new(cols, rows, history))
}
