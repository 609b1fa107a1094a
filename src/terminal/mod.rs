//! Terminals: the emulator an agent writes to, the screen it makes, and the bytes that keys, pastes and the mouse become.
//!
//! The engine (rio-vt, chosen for its speed and its conformance on the sequences agents use) is behind [`Emulator`]; nothing outside
//! this module names it. In front of it stands a guard that bounds what hostile output can cost and answers what the engine doesn't.

mod back;
mod cluster;
mod complete;
mod control;
mod csi;
mod dump;
mod emulator;
mod encode;
mod engine;
mod guard;
mod history;
mod inner;
mod key;
mod osc;
mod outbox;
mod outer;
mod palette;
mod paste;
mod pointer;
mod query;
mod rows;
mod screen;
mod scrollback;
mod status;
#[cfg(test)]
mod tests;

pub use dump::{put_line, sgr};
pub use emulator::{Emulator, TermEvent, new_emulator};
pub use encode::encode_key;
pub use key::{Key, KeyKind, KeyMods, KeyPress};
pub use outer::{key_press, mouse_event};
pub use paste::encode_paste;
pub use pointer::{MouseAction, MouseButton, MouseEvent, encode_focus, encode_mouse};
pub use screen::{Attrs, Cell, Color, Cursor, CursorShape, Line, Modes, MouseMode, Run, ScreenState, Style};
pub use scrollback::{Found, Lines, Match};
pub use status::{ProgramState, ProgramStatus, StatusBoard};

/// Red, green and blue of one of the 256 colours, as a terminal shows it that nobody has changed.
pub fn indexed_color(index: u8) -> (u8, u8, u8) {
    palette::color(usize::from(index))
}

/// The fewest columns and rows a terminal has; smaller wishes are raised to it (engines misbehave below).
pub const MIN_SIZE: (u16, u16) = (2, 1);
/// The most columns and rows a terminal has.
pub const MAX_SIZE: (u16, u16) = (1000, 1000);

/// `cols` and `rows` raised or lowered to what a terminal can have.
pub fn clamp_size(cols: u16, rows: u16) -> (u16, u16) {
    (cols.clamp(MIN_SIZE.0, MAX_SIZE.0), rows.clamp(MIN_SIZE.1, MAX_SIZE.1))
}
