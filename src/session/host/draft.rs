//! What a person has typed and not yet sent: nothing else may be typed into it.

use std::time::{Duration, Instant};

use crate::terminal::{Key, KeyKind, KeyPress, ScreenState};

/// A person who typed this recently is still typing.
const TYPING: Duration = Duration::from_secs(2);
/// A few keys may have been an answer and no draft; they count as one for so long.
const FEW_HOLD: Duration = Duration::from_secs(30);
/// From so many characters on, the screen says whether they still stand there.
const TELLING: usize = 4;
/// The characters of the end that are looked for.
const TAIL: usize = 12;

/// A person's unfinished line.
#[derive(Debug, Default)]
pub(super) struct Draft {
    text: Vec<char>,
    typed: Option<Instant>,
}

impl Draft {
    /// A key was pressed.
    pub fn key(&mut self, press: KeyPress, now: Instant) {
        if press.kind == KeyKind::Release {
            return;
        }
        self.typed = Some(now);
        let mods = press.mods;
        match press.key {
            Key::Enter if !(mods.shift || mods.alt || mods.ctrl) => self.text.clear(),
            Key::Enter => self.push('\n'),
            Key::Char('c' | 'C' | 'u' | 'U' | 'd' | 'D') if mods.ctrl => self.text.clear(),
            Key::Char(_) if mods.ctrl || mods.alt || mods.super_key => {}
            Key::Char(c) => self.push(c),
            Key::Backspace => {
                self.text.pop();
            }
            _ => {}
        }
    }

    /// A text was pasted.
    pub fn paste(&mut self, text: &str, now: Instant) {
        self.typed = Some(now);
        text.chars().for_each(|c| self.push(c));
    }

    /// Bytes were sent as they are.
    pub fn bytes(&mut self, bytes: &[u8], now: Instant) {
        self.typed = Some(now);
        if bytes.contains(&0x1b) {
            return;
        }
        for c in String::from_utf8_lossy(bytes).chars() {
            match c {
                '\r' | '\n' | '\u{3}' | '\u{15}' | '\u{4}' => self.text.clear(),
                '\u{7f}' | '\u{8}' => {
                    self.text.pop();
                }
                c if c.is_control() => {}
                c => self.push(c),
            }
        }
    }

    fn push(&mut self, c: char) {
        if self.text.len() >= 4 * TAIL {
            self.text.drain(..2 * TAIL);
        }
        self.text.push(c);
    }

    /// The program took what stood there.
    pub fn sent(&mut self) {
        self.text.clear();
    }

    /// Why nothing may be typed now, if that is so.
    pub fn in_the_way(&self, screen: &ScreenState, now: Instant) -> Option<&'static str> {
        let ago = now.saturating_duration_since(self.typed?);
        if ago < TYPING {
            return Some("a person is typing");
        }
        let line: Vec<char> = self.text.rsplit(|c| *c == '\n').next().unwrap_or_default().to_vec();
        let tail: String = line[line.len().saturating_sub(TAIL)..].iter().collect();
        let tail = tail.trim_end();
        let stands = match tail.chars().count() {
            0 if self.text.is_empty() => false,
            n if n < TELLING => ago < FEW_HOLD,
            _ => screen.lines.iter().any(|line| line.text().contains(tail)),
        };
        stands.then_some("what a person typed stands there unfinished")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::{KeyMods, new_emulator};

    fn screen(text: &str) -> ScreenState {
        let mut emulator = new_emulator(40, 4, 0);
        emulator.feed(text.as_bytes());
        emulator.refresh(Instant::now());
        emulator.screen().clone()
    }

    fn typed(draft: &mut Draft, text: &str, now: Instant) {
        text.chars().for_each(|c| draft.key(KeyPress::plain(Key::Char(c)), now));
    }

    #[test]
    fn a_line_begun_is_in_the_way_until_it_is_sent_or_gone() {
        let (start, mut draft) = (Instant::now(), Draft::default());
        let later = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(draft.in_the_way(&screen(""), start), None);
        typed(&mut draft, "fix the parser", start);
        assert!(draft.in_the_way(&screen(""), later(1)).is_some());
        assert!(draft.in_the_way(&screen("> fix the parser"), later(600)).is_some());
        assert_eq!(draft.in_the_way(&screen("> "), later(600)), None, "somebody removed it");
        draft.key(KeyPress::plain(Key::Enter), later(600));
        assert_eq!(draft.in_the_way(&screen("> fix the parser"), later(603)), None);
        // One key that answers a question.
        typed(&mut draft, "y", later(610));
        assert!(draft.in_the_way(&screen("y"), later(620)).is_some());
        assert_eq!(draft.in_the_way(&screen("y"), later(650)), None);
    }

    #[test]
    fn what_is_erased_is_no_draft() {
        let (start, mut draft) = (Instant::now(), Draft::default());
        let later = start + Duration::from_secs(5);
        typed(&mut draft, "abcdef", start);
        let ctrl = KeyMods { ctrl: true, ..KeyMods::default() };
        draft.key(KeyPress { mods: ctrl, ..KeyPress::plain(Key::Char('u')) }, start);
        assert_eq!(draft.in_the_way(&screen("abcdef"), later), None);
        draft.bytes(b"one two", start);
        assert!(draft.in_the_way(&screen("$ one two"), later).is_some());
        draft.bytes(b"\x7f\x7f\x7f\x7f\x7f\x7f\x7f", start);
        assert_eq!(draft.in_the_way(&screen("$ one two"), later), None);
        draft.paste("pasted text\nof two lines", start);
        assert!(draft.in_the_way(&screen("> of two lines"), later).is_some());
    }
}
