//! Keys by name: what the action table, the settings and the key bar call them.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::base::{Error, Result};

/// One key with its modifiers, in the one form used for look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    /// The key.
    pub code: KeyCode,
    /// Its modifiers; Shift is left out where the character already tells it.
    pub modifiers: KeyModifiers,
}

impl Chord {
    /// The chord a terminal reported.
    pub fn of(event: &KeyEvent) -> Self {
        let mut modifiers =
            event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT | KeyModifiers::SUPER);
        let mut code = event.code;
        match code {
            KeyCode::Char(c) => {
                if modifiers.contains(KeyModifiers::SHIFT) && !modifiers.contains(KeyModifiers::CONTROL) {
                    code = KeyCode::Char(c.to_uppercase().next().unwrap_or(c));
                    modifiers -= KeyModifiers::SHIFT;
                }
                // Without the kitty protocol the control bytes 0x1c to 0x1f arrive under the names of the digits 4 to 7.
                if modifiers == KeyModifiers::CONTROL {
                    code = match c {
                        '4' => KeyCode::Char('\\'),
                        '5' => KeyCode::Char(']'),
                        '6' => KeyCode::Char('^'),
                        '7' => KeyCode::Char('_'),
                        c => KeyCode::Char(c.to_ascii_lowercase()),
                    };
                }
            }
            KeyCode::BackTab => {
                code = KeyCode::Tab;
                modifiers |= KeyModifiers::SHIFT;
            }
            _ => {}
        }
        Self { code, modifiers }
    }

    /// The character it types, when it types one.
    pub fn character(&self) -> Option<char> {
        match self.code {
            KeyCode::Char(c)
                if !self.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SUPER) =>
            {
                Some(c)
            }
            _ => None,
        }
    }
}

const NAMED: [(&str, KeyCode); 16] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("null", KeyCode::Null),
];

/// Reads one chord: `j`, `G`, `]`, `ctrl-]`, `shift-tab`, `f5`.
fn parse_chord(text: &str) -> Option<Chord> {
    let mut modifiers = KeyModifiers::NONE;
    let mut rest = text;
    loop {
        let found = [("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT), ("shift-", KeyModifiers::SHIFT)]
            .into_iter()
            .find_map(|(name, flag)| rest.strip_prefix(name).filter(|left| !left.is_empty()).map(|left| (flag, left)));
        let Some((flag, left)) = found else { break };
        modifiers |= flag;
        rest = left;
    }
    let code = if let Some((_, code)) = NAMED.iter().find(|(name, _)| *name == rest) {
        *code
    } else if let Some(number) = rest.strip_prefix('f').and_then(|n| n.parse().ok()).filter(|n| (1..=24).contains(n)) {
        KeyCode::F(number)
    } else {
        let mut chars = rest.chars();
        let c = chars.next()?;
        if chars.next().is_some() {
            return None;
        }
        KeyCode::Char(c)
    };
    Some(Chord { code, modifiers })
}

/// Reads a key or a sequence of keys parted by spaces: `g g`, `] n`, `ctrl-p`.
///
/// # Errors
/// When a part is no key.
pub fn parse(text: &str) -> Result<Vec<Chord>> {
    let chords: Option<Vec<Chord>> = text.split_whitespace().map(parse_chord).collect();
    chords.filter(|chords| !chords.is_empty()).ok_or_else(|| {
        Error::usage(format!("{text:?} is no key"))
            .hint("keys are written j, G, ] n, ctrl-p, shift-tab, enter, esc, pgdn, f5")
    })
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (flag, name) in
            [(KeyModifiers::CONTROL, "ctrl-"), (KeyModifiers::ALT, "alt-"), (KeyModifiers::SHIFT, "shift-")]
        {
            if self.modifiers.contains(flag) {
                f.write_str(name)?;
            }
        }
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::F(n)) => write!(f, "f{n}"),
            (None, KeyCode::Char(c)) => write!(f, "{c}"),
            (None, other) => write!(f, "{other}"),
        }
    }
}

/// A sequence as the key bar shows it: `gg`, `]n`, `ctrl-p`.
pub fn show(chords: &[Chord]) -> String {
    let short = chords.iter().all(|chord| chord.character().is_some_and(|c| c != ' '));
    let words: Vec<String> = chords.iter().map(ToString::to_string).collect();
    words.join(if short { "" } else { " " })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_as_written() {
        for name in ["j", "G", "ctrl-]", "shift-tab", "f12", "pgdn", "g g", "] n", "alt-x", "-"] {
            let chords = parse(name).unwrap();
            let back: Vec<String> = chords.iter().map(ToString::to_string).collect();
            assert_eq!(back.join(" "), name);
        }
        assert_eq!(show(&parse("g g").unwrap()), "gg");
        assert!(parse("jj").is_err());
        assert!(parse("").is_err());
    }

    #[test]
    fn both_keyboard_protocols_give_the_same_chord() {
        let legacy = KeyEvent::new(KeyCode::Char('5'), KeyModifiers::CONTROL);
        let kitty = KeyEvent::new(KeyCode::Char(']'), KeyModifiers::CONTROL);
        assert_eq!(Chord::of(&legacy), Chord::of(&kitty));
        let shifted = KeyEvent::new(KeyCode::Char('g'), KeyModifiers::SHIFT);
        let upper = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::NONE);
        assert_eq!(Chord::of(&shifted), Chord::of(&upper));
        assert_eq!(Chord::of(&KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT)), parse("shift-tab").unwrap()[0]);
    }
}
