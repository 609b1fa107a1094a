//! What the cockpit's terminal reports, as sessions want it.

use crossterm::event::{
    KeyCode, KeyEvent, KeyEventKind, KeyEventState, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use crate::terminal::{self, Key, KeyKind, KeyMods, KeyPress, MouseAction};

use super::keys::Chord;

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
    let mut held = event.modifiers;
    let key = match event.code {
        KeyCode::Char(c) if held.contains(KeyModifiers::CONTROL) => match Chord::of(event).code {
            KeyCode::Char(plain) if !held.contains(KeyModifiers::ALT) => Key::Char(plain),
            _ => Key::Char(c),
        },
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Enter => Key::Enter,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => {
            held |= KeyModifiers::SHIFT;
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
            held |= KeyModifiers::CONTROL;
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
    Some(KeyPress { key, mods: mods(held), kind, keypad: event.state.contains(KeyEventState::KEYPAD) })
}

/// The mouse event an agent gets for `event` at its own cell.
pub fn mouse_event(event: &MouseEvent, col: u16, row: u16) -> terminal::MouseEvent {
    let button = |button| match button {
        MouseButton::Left => terminal::MouseButton::Left,
        MouseButton::Right => terminal::MouseButton::Right,
        MouseButton::Middle => terminal::MouseButton::Middle,
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
    terminal::MouseEvent { action, col, row, mods: mods(event.modifiers) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::{Modes, encode_key};

    fn bytes(code: KeyCode, modifiers: KeyModifiers) -> Vec<u8> {
        encode_key(key_press(&KeyEvent::new(code, modifiers)).unwrap(), &Modes::default())
    }

    #[test]
    fn keys_reach_the_agent_unaltered() {
        let none = KeyModifiers::NONE;
        for (code, modifiers, expected) in [
            (KeyCode::Esc, none, &b"\x1b"[..]),
            (KeyCode::Enter, none, b"\r"),
            (KeyCode::Tab, none, b"\t"),
            (KeyCode::BackTab, KeyModifiers::SHIFT, b"\x1b[Z"),
            (KeyCode::Char('c'), KeyModifiers::CONTROL, b"\x03"),
            (KeyCode::Char('v'), KeyModifiers::CONTROL, b"\x16"),
            (KeyCode::Char('j'), KeyModifiers::CONTROL, b"\n"),
            (KeyCode::Char('4'), KeyModifiers::CONTROL, b"\x1c"),
            (KeyCode::Char('x'), KeyModifiers::ALT, b"\x1bx"),
            (KeyCode::Char('é'), none, "é".as_bytes()),
            (KeyCode::Up, none, b"\x1b[A"),
            (KeyCode::F(5), none, b"\x1b[15~"),
        ] {
            assert_eq!(bytes(code, modifiers), expected, "{code:?} {modifiers:?}");
        }
        assert_ne!(bytes(KeyCode::Enter, KeyModifiers::SHIFT), b"\r");
    }
}
