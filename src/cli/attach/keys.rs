//! crossterm's events as the host's messages.

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyEventState, KeyModifiers, MouseButton as OuterButton, MouseEventKind,
};

use crate::session::ClientMsg;
use crate::terminal::{Key, KeyKind, KeyMods, KeyPress, MouseAction, MouseButton, MouseEvent};

/// Whether an event is the chord that leaves: ctrl-], which terminals without the newer protocols report as ctrl-5.
pub(super) fn is_detach(event: &Event) -> bool {
    matches!(
        event,
        Event::Key(KeyEvent { code: KeyCode::Char(']' | '5'), modifiers, kind: KeyEventKind::Press, .. })
            if *modifiers == KeyModifiers::CONTROL
    )
}

/// The message an event becomes; `None` when agents are not told of it.
pub(super) fn translate(event: Event) -> Option<ClientMsg> {
    match event {
        Event::Key(key) => Some(ClientMsg::Key(key_press(key)?)),
        Event::Paste(text) => Some(ClientMsg::Paste(text)),
        Event::FocusGained => Some(ClientMsg::Focus(true)),
        Event::FocusLost => Some(ClientMsg::Focus(false)),
        Event::Mouse(mouse) => {
            let button = |button| match button {
                OuterButton::Left => MouseButton::Left,
                OuterButton::Middle => MouseButton::Middle,
                OuterButton::Right => MouseButton::Right,
            };
            let action = match mouse.kind {
                MouseEventKind::Down(b) => MouseAction::Press(button(b)),
                MouseEventKind::Up(b) => MouseAction::Release(button(b)),
                MouseEventKind::Drag(b) => MouseAction::Drag(button(b)),
                MouseEventKind::Moved => MouseAction::Move,
                MouseEventKind::ScrollUp => MouseAction::ScrollUp,
                MouseEventKind::ScrollDown => MouseAction::ScrollDown,
                MouseEventKind::ScrollLeft => MouseAction::ScrollLeft,
                MouseEventKind::ScrollRight => MouseAction::ScrollRight,
            };
            let mods = modifiers(mouse.modifiers);
            Some(ClientMsg::Mouse(MouseEvent { action, col: mouse.column, row: mouse.row, mods }))
        }
        Event::Resize(..) => None,
    }
}

fn modifiers(modifiers: KeyModifiers) -> KeyMods {
    KeyMods {
        shift: modifiers.contains(KeyModifiers::SHIFT),
        alt: modifiers.contains(KeyModifiers::ALT),
        ctrl: modifiers.contains(KeyModifiers::CONTROL),
        super_key: modifiers.contains(KeyModifiers::SUPER),
    }
}

fn key_press(event: KeyEvent) -> Option<KeyPress> {
    let mut mods = modifiers(event.modifiers);
    let key = match event.code {
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Enter => Key::Enter,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => {
            mods.shift = true;
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
            mods.ctrl = true;
            Key::Char(' ')
        }
        _ => return None,
    };
    let kind = match event.kind {
        KeyEventKind::Press => KeyKind::Press,
        KeyEventKind::Repeat => KeyKind::Repeat,
        KeyEventKind::Release => KeyKind::Release,
    };
    Some(KeyPress { key, mods, kind, keypad: event.state.contains(KeyEventState::KEYPAD) })
}
