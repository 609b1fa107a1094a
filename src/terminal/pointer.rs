//! What the mouse and focus changes become.

use serde::{Deserialize, Serialize};

use super::key::KeyMods;
use super::screen::{Modes, MouseMode};

/// A button of the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MouseButton {
    /// Left.
    Left,
    /// Middle.
    Middle,
    /// Right.
    Right,
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MouseAction {
    /// A button went down.
    Press(MouseButton),
    /// A button came up.
    Release(MouseButton),
    /// Moved with a button held.
    Drag(MouseButton),
    /// Moved with none held.
    Move,
    /// The wheel, away from the person.
    ScrollUp,
    /// The wheel, towards the person.
    ScrollDown,
    /// The wheel, to the left.
    ScrollLeft,
    /// The wheel, to the right.
    ScrollRight,
}

/// A mouse event in the terminal's own cells, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MouseEvent {
    /// What happened.
    pub action: MouseAction,
    /// Column.
    pub col: u16,
    /// Row.
    pub row: u16,
    /// Modifier keys held.
    pub mods: KeyMods,
}

/// The bytes a mouse event becomes; empty when the program didn't ask for it.
pub fn encode_mouse(event: MouseEvent, modes: &Modes) -> Vec<u8> {
    use MouseAction as A;
    let needs = match event.action {
        A::Press(_) | A::ScrollUp | A::ScrollDown | A::ScrollLeft | A::ScrollRight => MouseMode::Press,
        A::Release(_) => MouseMode::Click,
        A::Drag(_) => MouseMode::Drag,
        A::Move => MouseMode::Motion,
    };
    let wheel = matches!(event.action, A::ScrollUp | A::ScrollDown);
    if modes.mouse == MouseMode::Off && wheel && modes.alt_screen && modes.alternate_scroll {
        let up = event.action == A::ScrollUp;
        let key: &[u8] = match (modes.app_cursor, up) {
            (false, true) => b"\x1b[A",
            (false, false) => b"\x1b[B",
            (true, true) => b"\x1bOA",
            (true, false) => b"\x1bOB",
        };
        return key.repeat(3);
    }
    if modes.mouse == MouseMode::Off || modes.mouse < needs {
        return Vec::new();
    }
    let number = |button| match button {
        MouseButton::Left => 0u16,
        MouseButton::Middle => 1,
        MouseButton::Right => 2,
    };
    let (mut code, release) = match event.action {
        A::Press(button) => (number(button), false),
        A::Release(button) => (number(button), true),
        A::Drag(button) => (number(button) + 32, false),
        A::Move => (35, false),
        A::ScrollUp => (64, false),
        A::ScrollDown => (65, false),
        A::ScrollLeft => (66, false),
        A::ScrollRight => (67, false),
    };
    if modes.mouse != MouseMode::Press {
        code += u16::from(event.mods.shift) * 4 + u16::from(event.mods.alt) * 8 + u16::from(event.mods.ctrl) * 16;
    }
    if modes.mouse_sgr {
        let end = if release { 'm' } else { 'M' };
        return format!("\x1b[<{code};{};{}{end}", event.col + 1, event.row + 1).into_bytes();
    }
    if release {
        code |= 3;
    }
    // The old form has one byte for each coordinate: what doesn't fit is not reported.
    match (u8::try_from(event.col + 33), u8::try_from(event.row + 33)) {
        (Ok(col), Ok(row)) => vec![0x1b, b'[', b'M', (code + 32) as u8, col, row],
        _ => Vec::new(),
    }
}

/// The bytes a change of focus becomes; empty when the program didn't ask for it.
pub fn encode_focus(gained: bool, modes: &Modes) -> &'static [u8] {
    match (modes.focus, gained) {
        (false, _) => b"",
        (true, true) => b"\x1b[I",
        (true, false) => b"\x1b[O",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mouse_reports() {
        let event = |action, col, row| MouseEvent { action, col, row, mods: KeyMods::default() };
        let press = event(MouseAction::Press(MouseButton::Left), 4, 9);
        let sgr = Modes { mouse: MouseMode::Click, mouse_sgr: true, ..Modes::default() };
        assert_eq!(encode_mouse(press, &sgr), b"\x1b[<0;5;10M");
        assert_eq!(encode_mouse(event(MouseAction::Release(MouseButton::Right), 4, 9), &sgr), b"\x1b[<2;5;10m");
        assert_eq!(encode_mouse(event(MouseAction::Drag(MouseButton::Left), 0, 0), &sgr), b"", "1000 has no drags");
        assert_eq!(encode_mouse(event(MouseAction::ScrollDown, 0, 0), &sgr), b"\x1b[<65;1;1M");
        let old = Modes { mouse: MouseMode::Motion, ..Modes::default() };
        assert_eq!(encode_mouse(press, &old), [0x1b, b'[', b'M', 32, 37, 42]);
        assert_eq!(encode_mouse(event(MouseAction::Move, 300, 2), &old), b"", "no byte for column 300");
        assert_eq!(encode_mouse(press, &Modes::default()), b"");
        let pager = Modes { alt_screen: true, alternate_scroll: true, ..Modes::default() };
        assert_eq!(encode_mouse(event(MouseAction::ScrollUp, 0, 0), &pager), b"\x1b[A\x1b[A\x1b[A");
    }
}
