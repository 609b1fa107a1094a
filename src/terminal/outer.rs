//! What the terminal a person sits at reports, as the keys and the mouse of an agent's terminal.

use crossterm::event::{
    KeyCode, KeyEvent, KeyEventKind, KeyEventState, KeyModifiers, MouseButton as OuterButton, MouseEvent as OuterMouse,
    MouseEventKind,
};

use super::key::{Key, KeyKind, KeyMods, KeyPress};
use super::pointer::{MouseAction, MouseButton, MouseEvent};

fn mods(modifiers: KeyModifiers) -> KeyMods {
    KeyMods {
        shift: modifiers.contains(KeyModifiers::SHIFT),
        alt: modifiers.contains(KeyModifiers::ALT),
        ctrl: modifiers.contains(KeyModifiers::CONTROL),
        super_key: modifiers.contains(KeyModifiers::SUPER),
    }
}

/// The key press an agent gets for `event`; `None` for keys no terminal sends (modifiers alone, media keys).
pub fn key_press(event: &KeyEvent) -> Option<KeyPress> {
    let mut held = mods(event.modifiers);
    let key = match event.code {
        KeyCode::Char(c) => {
            // Terminals of the kitty protocol report the shifted character in place of Shift.
            held.shift |= c.is_uppercase() && (held.ctrl || held.alt || held.super_key);
            let only_ctrl = held == KeyMods { ctrl: true, ..KeyMods::default() };
            // The others' bytes 0x1c to 0x1f arrive under the names of the digits that make them too.
            Key::Char(match c {
                '4' if only_ctrl => '\\',
                '5' if only_ctrl => ']',
                '6' if only_ctrl => '^',
                '7' if only_ctrl => '_',
                c => c,
            })
        }
        KeyCode::Enter => Key::Enter,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => {
            held.shift = true;
            Key::Tab
        }
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Esc => Key::Escape,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Insert => Key::Insert,
        KeyCode::Delete => Key::Delete,
        KeyCode::F(n) => Key::F(n),
        KeyCode::Null => {
            held.ctrl = true;
            Key::Char(' ')
        }
        KeyCode::KeypadBegin
        | KeyCode::CapsLock
        | KeyCode::ScrollLock
        | KeyCode::NumLock
        | KeyCode::PrintScreen
        | KeyCode::Pause
        | KeyCode::Menu
        | KeyCode::Media(_)
        | KeyCode::Modifier(_) => return None,
    };
    let kind = match event.kind {
        KeyEventKind::Press => KeyKind::Press,
        KeyEventKind::Repeat => KeyKind::Repeat,
        KeyEventKind::Release => KeyKind::Release,
    };
    Some(KeyPress { key, mods: held, kind, keypad: event.state.contains(KeyEventState::KEYPAD) })
}

/// The mouse event an agent gets for `event` at its own cell.
pub fn mouse_event(event: &OuterMouse, col: u16, row: u16) -> MouseEvent {
    let button = |button| match button {
        OuterButton::Left => MouseButton::Left,
        OuterButton::Right => MouseButton::Right,
        OuterButton::Middle => MouseButton::Middle,
    };
    let action = match event.kind {
        MouseEventKind::Down(which) => MouseAction::Press(button(which)),
        MouseEventKind::Up(which) => MouseAction::Release(button(which)),
        MouseEventKind::Drag(which) => MouseAction::Drag(button(which)),
        MouseEventKind::Moved => MouseAction::Move,
        MouseEventKind::ScrollDown => MouseAction::ScrollDown,
        MouseEventKind::ScrollUp => MouseAction::ScrollUp,
        MouseEventKind::ScrollLeft => MouseAction::ScrollLeft,
        MouseEventKind::ScrollRight => MouseAction::ScrollRight,
    };
    MouseEvent { action, col, row, mods: mods(event.modifiers) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::{Modes, encode_key};

    const NONE: KeyModifiers = KeyModifiers::NONE;
    const CTRL: KeyModifiers = KeyModifiers::CONTROL;
    const ALT: KeyModifiers = KeyModifiers::ALT;
    const SHIFT: KeyModifiers = KeyModifiers::SHIFT;

    fn bytes(code: KeyCode, modifiers: KeyModifiers, modes: &Modes) -> String {
        let encoded = encode_key(key_press(&KeyEvent::new(code, modifiers)).unwrap(), modes);
        String::from_utf8(encoded).unwrap().replace('\x1b', "^[")
    }

    /// As an old terminal and as one of the kitty protocol report them.
    #[test]
    fn keys_reach_the_agent_unaltered() {
        let kitty = Modes { kitty_flags: 1, ..Modes::default() };
        let other = Modes { modify_other_keys: 2, ..Modes::default() };
        for (code, modifiers, legacy, with_kitty, with_other) in [
            (KeyCode::Esc, NONE, "^[", "^[[27u", "^["),
            (KeyCode::Enter, NONE, "\r", "\r", "\r"),
            (KeyCode::Enter, SHIFT, "^[\r", "^[[13;2u", "^[[27;2;13~"),
            (KeyCode::Tab, NONE, "\t", "\t", "\t"),
            (KeyCode::BackTab, SHIFT, "^[[Z", "^[[9;2u", "^[[Z"),
            (KeyCode::BackTab, NONE, "^[[Z", "^[[9;2u", "^[[Z"),
            (KeyCode::Char('c'), CTRL, "\x03", "^[[99;5u", "^[[27;5;99~"),
            (KeyCode::Char('j'), CTRL, "\n", "\n", "^[[27;5;106~"),
            (KeyCode::Char('A'), CTRL, "\x01", "^[[97;6u", "^[[27;6;65~"),
            (KeyCode::Char('a'), CTRL | SHIFT, "\x01", "^[[97;6u", "^[[27;6;65~"),
            (KeyCode::Char('4'), CTRL, "\x1c", "^[[92;5u", "^[[27;5;92~"),
            (KeyCode::Char(']'), CTRL, "\x1d", "^[[93;5u", "^[[27;5;93~"),
            (KeyCode::Null, NONE, "\0", "^[[32;5u", "^[[27;5;32~"),
            (KeyCode::Char('x'), ALT, "^[x", "^[[120;3u", "^[[27;3;120~"),
            (KeyCode::Char('X'), ALT | SHIFT, "^[X", "^[[120;4u", "^[[27;4;88~"),
            (KeyCode::Char('X'), ALT, "^[X", "^[[120;4u", "^[[27;4;88~"),
            (KeyCode::Char('@'), NONE, "@", "@", "@"),
            (KeyCode::Char('é'), NONE, "é", "é", "é"),
            (KeyCode::Char('€'), NONE, "€", "€", "€"),
            (KeyCode::Char('A'), SHIFT, "A", "A", "A"),
            (KeyCode::Up, NONE, "^[[A", "^[[A", "^[[A"),
            (KeyCode::F(5), NONE, "^[[15~", "^[[15~", "^[[15~"),
        ] {
            assert_eq!(bytes(code, modifiers, &Modes::default()), legacy, "{code:?} {modifiers:?}");
            assert_eq!(bytes(code, modifiers, &kitty), with_kitty, "{code:?} {modifiers:?} with kitty's protocol");
            assert_eq!(bytes(code, modifiers, &other), with_other, "{code:?} {modifiers:?} with modifyOtherKeys");
        }
    }
}
