//! Keys and what may be held with them.

use serde::{Deserialize, Serialize};

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Key {
    /// A character, as the layout and Shift made it.
    Char(char),
    /// Enter.
    Enter,
    /// Tab.
    Tab,
    /// Backspace.
    Backspace,
    /// Escape.
    Escape,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Cursor left.
    Left,
    /// Cursor right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Insert.
    Insert,
    /// Delete.
    Delete,
    /// F1 to F24.
    F(u8),
}

/// The modifier keys held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct KeyMods {
    /// Shift.
    pub shift: bool,
    /// Alt or Option.
    pub alt: bool,
    /// Control.
    pub ctrl: bool,
    /// Super, Windows or Command.
    pub super_key: bool,
}

impl KeyMods {
    pub(super) fn any(self) -> bool {
        self.shift || self.alt || self.ctrl || self.super_key
    }

    /// Any but Shift.
    pub(super) fn beyond_shift(self) -> bool {
        self.alt || self.ctrl || self.super_key
    }

    /// The number that stands for them in sequences: 1 when none is held.
    pub(super) fn number(self) -> u8 {
        1 + u8::from(self.shift) + 2 * u8::from(self.alt) + 4 * u8::from(self.ctrl) + 8 * u8::from(self.super_key)
    }
}

/// Whether a key went down, repeated or came up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum KeyKind {
    /// Went down.
    #[default]
    Press,
    /// Held long enough to repeat.
    Repeat,
    /// Came up.
    Release,
}

/// One event of the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeyPress {
    /// The key.
    pub key: Key,
    /// The modifiers held.
    pub mods: KeyMods,
    /// What it did.
    pub kind: KeyKind,
    /// Whether it is on the keypad.
    pub keypad: bool,
}

impl KeyPress {
    /// A press of `key` with nothing held.
    pub fn plain(key: Key) -> Self {
        KeyPress { key, mods: KeyMods::default(), kind: KeyKind::Press, keypad: false }
    }
}
