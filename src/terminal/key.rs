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

    /// A press of the key that is written so: `enter`, `ctrl-j`, `alt-enter`, `f5`, `x`; `None` when that is no key.
    pub fn named(name: &str) -> Option<Self> {
        let mut press = KeyPress::plain(Key::Enter);
        let mut rest = name;
        loop {
            let (held, left) = match rest.split_once('-') {
                Some((held, left)) if !left.is_empty() => (held, left),
                _ => break,
            };
            match held {
                "ctrl" => press.mods.ctrl = true,
                "alt" => press.mods.alt = true,
                "shift" => press.mods.shift = true,
                _ => break,
            }
            rest = left;
        }
        press.key = match NAMES.iter().find(|(name, _)| *name == rest) {
            Some((_, key)) => *key,
            None => {
                let function = rest.strip_prefix('f').and_then(|n| n.parse().ok()).filter(|n| (1..=24).contains(n));
                let mut chars = rest.chars();
                match (function, chars.next(), chars.next()) {
                    (Some(n), ..) => Key::F(n),
                    (None, Some(c), None) => Key::Char(c),
                    _ => return None,
                }
            }
        };
        Some(press)
    }
}

/// The keys that have names.
const NAMES: [(&str, Key); 15] = [
    ("enter", Key::Enter),
    ("esc", Key::Escape),
    ("tab", Key::Tab),
    ("space", Key::Char(' ')),
    ("backspace", Key::Backspace),
    ("delete", Key::Delete),
    ("insert", Key::Insert),
    ("up", Key::Up),
    ("down", Key::Down),
    ("left", Key::Left),
    ("right", Key::Right),
    ("home", Key::Home),
    ("end", Key::End),
    ("pgup", Key::PageUp),
    ("pgdn", Key::PageDown),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_names() {
        let held = |ctrl, alt, shift| KeyMods { ctrl, alt, shift, super_key: false };
        for (name, key, mods) in [
            ("enter", Key::Enter, KeyMods::default()),
            ("ctrl-enter", Key::Enter, held(true, false, false)),
            ("alt-shift-f12", Key::F(12), held(false, true, true)),
            ("ctrl--", Key::Char('-'), held(true, false, false)),
            ("f", Key::Char('f'), KeyMods::default()),
        ] {
            assert_eq!(KeyPress::named(name), Some(KeyPress { mods, ..KeyPress::plain(key) }), "{name}");
        }
        assert_eq!(KeyPress::named("return"), None);
        assert_eq!(KeyPress::named(""), None);
    }
}
