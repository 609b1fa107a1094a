//! What keys become: the bytes the program's modes ask for.
//!
//! Legacy forms follow xterm's tables, the newer ones kitty's keyboard protocol and xterm's modifyOtherKeys.

use super::key::{Key, KeyKind, KeyMods, KeyPress};
use super::screen::Modes;

const DISAMBIGUATE: u8 = 1;
const EVENT_TYPES: u8 = 2;
const ALTERNATES: u8 = 4;
const ALL_AS_ESCAPES: u8 = 8;
const ASSOCIATED_TEXT: u8 = 16;

/// The bytes a key event becomes; empty when the program is not told of it.
pub fn encode_key(press: KeyPress, modes: &Modes) -> Vec<u8> {
    if modes.kitty_flags != 0 {
        return kitty(press, modes);
    }
    if press.kind == KeyKind::Release {
        return Vec::new();
    }
    if modes.modify_other_keys > 0
        && let Some(bytes) = other_key(press, modes.modify_other_keys)
    {
        return bytes;
    }
    legacy(press, modes)
}

fn kitty(press: KeyPress, modes: &Modes) -> Vec<u8> {
    let flags = modes.kitty_flags;
    let KeyPress { key, mods, kind, keypad } = press;
    let all = flags & ALL_AS_ESCAPES != 0;
    let events = flags & EVENT_TYPES != 0;
    if kind == KeyKind::Release && !events {
        return Vec::new();
    }
    let editing = matches!(key, Key::Enter | Key::Tab | Key::Backspace) && !keypad;
    if kind == KeyKind::Release && editing && !all {
        return Vec::new();
    }
    if !all && kind != KeyKind::Release {
        let plain = match key {
            Key::Char(_) => !mods.beyond_shift(),
            Key::Enter | Key::Tab | Key::Backspace => !mods.any() && !keypad,
            _ => false,
        };
        // Terminals without this protocol send Ctrl+J for keys that mean a new line; agents expect it unchanged.
        let line_feed = key == Key::Char('j') && mods == (KeyMods { ctrl: true, ..KeyMods::default() });
        if plain || line_feed || flags & (DISAMBIGUATE | ALL_AS_ESCAPES) == 0 && !matches!(key, Key::F(_)) {
            return legacy(press, modes);
        }
    }
    let event = match kind {
        KeyKind::Repeat if events => ":2",
        KeyKind::Release => ":3",
        _ => "",
    };
    let number = mods.number();
    let modifiers = if number > 1 || !event.is_empty() { format!(";{number}{event}") } else { String::new() };
    if keypad && let Some(code) = keypad_motion(key) {
        return format!("\x1b[{code}{modifiers}u").into_bytes();
    }
    if let Some((code, end)) = functional(key) {
        return match (code, modifiers.is_empty()) {
            (1, true) => format!("\x1b[{end}"),
            _ => format!("\x1b[{code}{modifiers}{end}"),
        }
        .into_bytes();
    }
    let (code, text) = match key {
        Key::Char(c) if keypad && (all || mods.any()) => (keypad_code(c).unwrap_or(c as u32), Some(c)),
        Key::Char(c) => (base_of(c) as u32, Some(c)),
        Key::Enter if keypad => (57414, None),
        Key::Enter => (13, None),
        Key::Tab => (9, None),
        Key::Backspace => (127, None),
        Key::Escape => (27, None),
        Key::F(n) => (57376 + u32::from(n.saturating_sub(13)), None),
        _ => return Vec::new(),
    };
    let mut out = format!("\x1b[{code}");
    if flags & ALTERNATES != 0
        && mods.shift
        && let Some(c) = text.filter(|c| *c as u32 != code)
    {
        out.push_str(&format!(":{}", c as u32));
    }
    out.push_str(&modifiers);
    if all
        && flags & ASSOCIATED_TEXT != 0
        && kind != KeyKind::Release
        && let Some(c) = text.filter(|_| !mods.beyond_shift())
    {
        if modifiers.is_empty() {
            out.push(';');
        }
        out.push_str(&format!(";{}", c as u32));
    }
    out.push('u');
    out.into_bytes()
}

/// The form of modifyOtherKeys, for keys whose legacy form would lose a modifier.
fn other_key(press: KeyPress, level: u8) -> Option<Vec<u8>> {
    let mods = press.mods;
    let code = match press.key {
        Key::Enter => 13,
        Key::Tab if mods.beyond_shift() => 9,
        Key::Backspace if level > 1 => 127,
        Key::Escape if level > 1 => 27,
        Key::Char(c) if mods.beyond_shift() && (level > 1 || (mods.ctrl && control(c).is_none())) => {
            // The character as Shift makes it.
            let mut upper = c.to_uppercase();
            match (upper.next(), upper.next()) {
                (Some(upper), None) if mods.shift => upper as u32,
                _ => c as u32,
            }
        }
        _ => return None,
    };
    mods.any().then(|| format!("\x1b[27;{};{code}~", mods.number()).into_bytes())
}

fn legacy(press: KeyPress, modes: &Modes) -> Vec<u8> {
    let KeyPress { key, mods, keypad, .. } = press;
    let alt = |bytes: &[u8]| if mods.alt { [b"\x1b", bytes].concat() } else { bytes.to_vec() };
    if keypad && modes.app_keypad && !mods.any() {
        let end = match key {
            Key::Enter => Some('M'),
            Key::Char(c) => application_keypad(c),
            _ => None,
        };
        if let Some(end) = end {
            return format!("\x1bO{end}").into_bytes();
        }
    }
    match key {
        Key::Char(c) => {
            let byte = if mods.ctrl { control(c) } else { None };
            match byte {
                Some(byte) => alt(&[byte]),
                None => alt(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        // Shift+Enter has no legacy form; what Alt+Enter sends is what agents take for a new line.
        Key::Enter if mods.shift || mods.alt => b"\x1b\r".to_vec(),
        Key::Enter if modes.newline => b"\r\n".to_vec(),
        Key::Enter => b"\r".to_vec(),
        Key::Tab if mods.shift => alt(b"\x1b[Z"),
        Key::Tab => alt(b"\t"),
        Key::Backspace => alt(if mods.ctrl { b"\x08" } else { b"\x7f" }),
        Key::Escape => alt(b"\x1b"),
        _ => match functional(key) {
            Some((1, end)) if !mods.any() => {
                let application = modes.app_cursor || matches!(end, 'P'..='S');
                format!("\x1b{}{end}", if application { 'O' } else { '[' }).into_bytes()
            }
            // F3 is SS3 R in the old form, as its CSI form would look like a cursor report.
            Some((13, '~')) if !mods.any() => b"\x1bOR".to_vec(),
            Some((13, '~')) => format!("\x1b[1;{}R", mods.number()).into_bytes(),
            Some((code, end)) if !mods.any() => format!("\x1b[{code}{end}").into_bytes(),
            Some((code, end)) => format!("\x1b[{code};{}{end}", mods.number()).into_bytes(),
            None => match key {
                Key::F(n @ 13..=20) => {
                    let code = [25, 26, 28, 29, 31, 32, 33, 34][usize::from(n - 13)];
                    match mods.any() {
                        false => format!("\x1b[{code}~").into_bytes(),
                        true => format!("\x1b[{code};{}~", mods.number()).into_bytes(),
                    }
                }
                _ => Vec::new(),
            },
        },
    }
}

/// The number and final byte of a key that has a sequence of its own.
fn functional(key: Key) -> Option<(u8, char)> {
    Some(match key {
        Key::Up => (1, 'A'),
        Key::Down => (1, 'B'),
        Key::Right => (1, 'C'),
        Key::Left => (1, 'D'),
        Key::Home => (1, 'H'),
        Key::End => (1, 'F'),
        Key::Insert => (2, '~'),
        Key::Delete => (3, '~'),
        Key::PageUp => (5, '~'),
        Key::PageDown => (6, '~'),
        Key::F(1) => (1, 'P'),
        Key::F(2) => (1, 'Q'),
        Key::F(3) => (13, '~'),
        Key::F(4) => (1, 'S'),
        Key::F(n @ 5..=12) => ([15, 17, 18, 19, 20, 21, 23, 24][usize::from(n - 5)], '~'),
        _ => return None,
    })
}

/// The control character Ctrl makes of `c`.
fn control(c: char) -> Option<u8> {
    Some(match c {
        'a'..='z' => c as u8 - b'a' + 1,
        'A'..='Z' => c as u8 - b'A' + 1,
        '@' | ' ' | '2' | '`' => 0,
        '[' | '3' => 0x1b,
        '\\' | '4' => 0x1c,
        ']' | '5' => 0x1d,
        '^' | '6' | '~' => 0x1e,
        '_' | '7' | '/' => 0x1f,
        '?' | '8' => 0x7f,
        _ => return None,
    })
}

/// The character of the key without Shift, as far as it can be known without the layout.
fn base_of(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(base), None) => base,
        _ => c,
    }
}

fn application_keypad(c: char) -> Option<char> {
    Some(match c {
        '0'..='9' => char::from(b'p' + (c as u8 - b'0')),
        '*' => 'j',
        '+' => 'k',
        ',' => 'l',
        '-' => 'm',
        '.' => 'n',
        '/' => 'o',
        '=' => 'X',
        _ => return None,
    })
}

/// kitty's numbers of the keypad's keys that move.
fn keypad_motion(key: Key) -> Option<u32> {
    Some(match key {
        Key::Left => 57417,
        Key::Right => 57418,
        Key::Up => 57419,
        Key::Down => 57420,
        Key::PageUp => 57421,
        Key::PageDown => 57422,
        Key::Home => 57423,
        Key::End => 57424,
        Key::Insert => 57425,
        Key::Delete => 57426,
        _ => return None,
    })
}

fn keypad_code(c: char) -> Option<u32> {
    Some(match c {
        '0'..='9' => 57399 + (c as u32 - '0' as u32),
        '.' => 57409,
        '/' => 57410,
        '*' => 57411,
        '-' => 57412,
        '+' => 57413,
        '=' => 57415,
        ',' => 57416,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: &str = "";

    fn press(key: Key, mods: &str) -> KeyPress {
        let mods = KeyMods {
            shift: mods.contains('S'),
            alt: mods.contains('A'),
            ctrl: mods.contains('C'),
            super_key: mods.contains('W'),
        };
        KeyPress { key, mods, kind: KeyKind::Press, keypad: false }
    }

    fn text(press: KeyPress, modes: Modes) -> String {
        String::from_utf8(encode_key(press, &modes)).unwrap().replace('\x1b', "^[")
    }

    #[test]
    fn legacy_table() {
        let table: &[(Key, &str, &str)] = &[
            (Key::Char('a'), NONE, "a"),
            (Key::Char('A'), "S", "A"),
            (Key::Char('é'), NONE, "é"),
            (Key::Char('€'), NONE, "€"),
            (Key::Char('a'), "C", "\x01"),
            (Key::Char('j'), "C", "\n"),
            (Key::Char(' '), "C", "\0"),
            (Key::Char(']'), "C", "\x1d"),
            (Key::Char('a'), "A", "^[a"),
            (Key::Char('a'), "CA", "^[\x01"),
            (Key::Enter, NONE, "\r"),
            (Key::Enter, "S", "^[\r"),
            (Key::Enter, "A", "^[\r"),
            (Key::Enter, "C", "\r"),
            (Key::Tab, NONE, "\t"),
            (Key::Tab, "S", "^[[Z"),
            (Key::Backspace, NONE, "\x7f"),
            (Key::Backspace, "C", "\x08"),
            (Key::Backspace, "A", "^[\x7f"),
            (Key::Escape, NONE, "^["),
            (Key::Up, NONE, "^[[A"),
            (Key::Left, "C", "^[[1;5D"),
            (Key::End, "S", "^[[1;2F"),
            (Key::Delete, NONE, "^[[3~"),
            (Key::PageUp, "CS", "^[[5;6~"),
            (Key::F(1), NONE, "^[OP"),
            (Key::F(1), "S", "^[[1;2P"),
            (Key::F(3), NONE, "^[OR"),
            (Key::F(5), NONE, "^[[15~"),
            (Key::F(12), "A", "^[[24;3~"),
            (Key::F(13), NONE, "^[[25~"),
            (Key::F(20), NONE, "^[[34~"),
            (Key::F(2), "C", "^[[1;5Q"),
            (Key::F(3), "S", "^[[1;2R"),
            (Key::F(4), "A", "^[[1;3S"),
            (Key::F(6), NONE, "^[[17~"),
            (Key::F(10), "CS", "^[[21;6~"),
            (Key::F(11), NONE, "^[[23~"),
            (Key::Down, "A", "^[[1;3B"),
            (Key::Right, "CA", "^[[1;7C"),
            (Key::Up, "SCA", "^[[1;8A"),
            (Key::Home, NONE, "^[[H"),
            (Key::End, NONE, "^[[F"),
            (Key::Home, "C", "^[[1;5H"),
            (Key::Insert, "S", "^[[2;2~"),
            (Key::Delete, "C", "^[[3;5~"),
            (Key::PageDown, NONE, "^[[6~"),
            (Key::Char('['), "C", "^["),
            (Key::Char('\\'), "C", "\x1c"),
            (Key::Char('_'), "C", "\x1f"),
            (Key::Char('/'), "C", "\x1f"),
            (Key::Char('?'), "C", "\x7f"),
            (Key::Char('8'), "C", "\x7f"),
            (Key::Char('2'), "C", "\0"),
            (Key::Char('1'), "C", "1"),
            (Key::Char(';'), "C", ";"),
            (Key::Char('ä'), "A", "^[ä"),
            (Key::Char(' '), "A", "^[ "),
            (Key::Tab, "A", "^[\t"),
            (Key::Escape, "A", "^[^["),
        ];
        for (key, mods, expected) in table {
            assert_eq!(text(press(*key, mods), Modes::default()), *expected, "{key:?} {mods}");
        }
    }

    #[test]
    fn application_modes() {
        let cursor = Modes { app_cursor: true, ..Modes::default() };
        assert_eq!(text(press(Key::Up, ""), cursor), "^[OA");
        assert_eq!(text(press(Key::Home, ""), cursor), "^[OH");
        assert_eq!(text(press(Key::Up, "C"), cursor), "^[[1;5A");
        let keypad = Modes { app_keypad: true, ..Modes::default() };
        let five = KeyPress { keypad: true, ..press(Key::Char('5'), "") };
        assert_eq!(text(five, keypad), "^[Ou");
        assert_eq!(text(KeyPress { keypad: true, ..press(Key::Enter, "") }, keypad), "^[OM");
        assert_eq!(text(five, Modes::default()), "5");
        for (c, end) in [('0', 'p'), ('9', 'y'), ('+', 'k'), ('-', 'm'), ('*', 'j'), ('/', 'o'), ('.', 'n'), (',', 'l')]
        {
            let key = KeyPress { keypad: true, ..press(Key::Char(c), "") };
            assert_eq!(text(key, keypad), format!("^[O{end}"), "{c}");
        }
        assert_eq!(text(press(Key::Char('5'), ""), keypad), "5", "not on the keypad");
        assert_eq!(text(press(Key::Up, ""), keypad), "^[[A");
        let newline = Modes { newline: true, ..Modes::default() };
        assert_eq!(text(press(Key::Enter, ""), newline), "\r\n");
    }

    #[test]
    fn keypad_in_kittys_protocol() {
        let modes = |kitty_flags| Modes { kitty_flags, ..Modes::default() };
        let keypad = |key, mods| KeyPress { keypad: true, ..press(key, mods) };
        assert_eq!(text(keypad(Key::Enter, ""), modes(1)), "^[[57414u");
        assert_eq!(text(keypad(Key::Left, ""), modes(1)), "^[[57417u");
        assert_eq!(text(keypad(Key::Delete, "C"), modes(1)), "^[[57426;5u");
        assert_eq!(text(keypad(Key::Char('5'), ""), modes(1)), "5");
        assert_eq!(text(keypad(Key::Char('5'), "C"), modes(1)), "^[[57404;5u");
        assert_eq!(text(keypad(Key::Char('5'), ""), modes(8)), "^[[57404u");
    }

    #[test]
    fn modify_other_keys_table() {
        let one = Modes { modify_other_keys: 1, ..Modes::default() };
        let two = Modes { modify_other_keys: 2, ..Modes::default() };
        assert_eq!(text(press(Key::Enter, "S"), two), "^[[27;2;13~");
        assert_eq!(text(press(Key::Enter, "C"), one), "^[[27;5;13~");
        assert_eq!(text(press(Key::Enter, ""), two), "\r");
        assert_eq!(text(press(Key::Char('a'), "C"), one), "\x01");
        assert_eq!(text(press(Key::Char('a'), "C"), two), "^[[27;5;97~");
        assert_eq!(text(press(Key::Char('A'), "S"), two), "A");
        assert_eq!(text(press(Key::Char(';'), "C"), one), "^[[27;5;59~");
        let table: &[(Key, &str, &str, &str)] = &[
            (Key::Tab, "C", "^[[27;5;9~", "^[[27;5;9~"),
            (Key::Tab, "S", "^[[Z", "^[[Z"),
            (Key::Enter, "A", "^[[27;3;13~", "^[[27;3;13~"),
            (Key::Backspace, "C", "\x08", "^[[27;5;127~"),
            (Key::Escape, "A", "^[^[", "^[[27;3;27~"),
            (Key::Char('a'), "A", "^[a", "^[[27;3;97~"),
            (Key::Char('a'), "CS", "\x01", "^[[27;6;65~"),
            (Key::Char(' '), "C", "\0", "^[[27;5;32~"),
            (Key::Char('1'), "C", "^[[27;5;49~", "^[[27;5;49~"),
            (Key::Char('/'), "C", "\x1f", "^[[27;5;47~"),
            (Key::Up, "C", "^[[1;5A", "^[[1;5A"),
            (Key::F(1), "S", "^[[1;2P", "^[[1;2P"),
            (Key::Char('x'), "", "x", "x"),
        ];
        for (key, mods, level_one, level_two) in table {
            assert_eq!(text(press(*key, mods), one), *level_one, "{key:?} {mods} at level 1");
            assert_eq!(text(press(*key, mods), two), *level_two, "{key:?} {mods} at level 2");
        }
    }

    #[test]
    fn kitty_table() {
        let table: &[(u8, Key, &str, &str)] = &[
            (1, Key::Char('a'), "", "a"),
            (1, Key::Char('A'), "S", "A"),
            (1, Key::Char('a'), "C", "^[[97;5u"),
            (1, Key::Char('j'), "C", "\n"),
            (1, Key::Char('a'), "A", "^[[97;3u"),
            (1, Key::Enter, "", "\r"),
            (1, Key::Enter, "S", "^[[13;2u"),
            (1, Key::Tab, "S", "^[[9;2u"),
            (1, Key::Backspace, "", "\x7f"),
            (1, Key::Escape, "", "^[[27u"),
            (1, Key::Up, "", "^[[A"),
            (1, Key::Up, "S", "^[[1;2A"),
            (1, Key::F(3), "", "^[[13~"),
            (1, Key::F(1), "", "^[[P"),
            (5, Key::Char('A'), "CS", "^[[97:65;6u"),
            (1, Key::Char('i'), "C", "^[[105;5u"),
            (1, Key::Char('m'), "C", "^[[109;5u"),
            (1, Key::Char('['), "C", "^[[91;5u"),
            (1, Key::Char(' '), "C", "^[[32;5u"),
            (1, Key::Char('é'), "A", "^[[233;3u"),
            (1, Key::Char('A'), "SA", "^[[97;4u"),
            (1, Key::Char('a'), "W", "^[[97;9u"),
            (1, Key::Enter, "C", "^[[13;5u"),
            (1, Key::Enter, "A", "^[[13;3u"),
            (1, Key::Backspace, "C", "^[[127;5u"),
            (1, Key::Home, "", "^[[H"),
            (1, Key::Delete, "C", "^[[3;5~"),
            (1, Key::PageUp, "", "^[[5~"),
            (1, Key::F(4), "A", "^[[1;3S"),
            (1, Key::F(12), "", "^[[24~"),
            (1, Key::F(13), "", "^[[57376u"),
            (1, Key::F(24), "S", "^[[57387;2u"),
            (2, Key::Char('a'), "C", "\x01"),
            (4, Key::Char('a'), "C", "\x01"),
            (5, Key::Char('a'), "C", "^[[97;5u"),
            (8, Key::Tab, "", "^[[9u"),
            (8, Key::Backspace, "", "^[[127u"),
            (8, Key::Up, "", "^[[A"),
            (8, Key::Char('A'), "S", "^[[97;2u"),
            (16, Key::Char('a'), "", "a"),
            (24, Key::Char('A'), "S", "^[[97;2;65u"),
            (24, Key::Char('a'), "C", "^[[97;5u"),
            (8, Key::Char('a'), "", "^[[97u"),
            (8, Key::Enter, "", "^[[13u"),
            (8, Key::Char('j'), "C", "^[[106;5u"),
            (24, Key::Char('a'), "", "^[[97;;97u"),
            (31, Key::Char('A'), "S", "^[[97:65;2;65u"),
        ];
        for (flags, key, mods, expected) in table {
            let modes = Modes { kitty_flags: *flags, ..Modes::default() };
            assert_eq!(text(press(*key, mods), modes), *expected, "{flags} {key:?} {mods}");
        }
    }

    #[test]
    fn releases_only_on_request() {
        let release = |key| KeyPress { kind: KeyKind::Release, ..press(key, "") };
        assert_eq!(text(release(Key::Char('a')), Modes::default()), "");
        let with = |kitty_flags| Modes { kitty_flags, ..Modes::default() };
        assert_eq!(text(release(Key::Char('a')), with(1)), "");
        assert_eq!(text(release(Key::Char('a')), with(3)), "^[[97;1:3u");
        assert_eq!(text(release(Key::Enter), with(3)), "", "or Enter would count twice");
        assert_eq!(text(release(Key::Enter), with(11)), "^[[13;1:3u");
        let repeat = KeyPress { kind: KeyKind::Repeat, ..press(Key::Up, "") };
        assert_eq!(text(repeat, with(3)), "^[[1;1:2A");
    }
}
