//! What pastes become.

use super::screen::Modes;

/// The bytes a paste becomes. Controls other than tab and line ends are taken out, so that pasted text can neither end the bracket nor
/// press keys; without brackets, line ends become Enter.
pub fn encode_paste(text: &str, modes: &Modes) -> Vec<u8> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let safe = text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control());
    if modes.bracketed_paste {
        let body: String = safe.collect();
        format!("\x1b[200~{body}\x1b[201~").into_bytes()
    } else {
        safe.map(|c| if c == '\n' { '\r' } else { c }).collect::<String>().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pastes_are_harmless() {
        let bracketed = Modes { bracketed_paste: true, ..Modes::default() };
        let evil = "a\x1b[201~rm -rf\x03\r\nb\tc\u{9b}";
        assert_eq!(encode_paste(evil, &bracketed), b"\x1b[200~a[201~rm -rf\nb\tc\x1b[201~");
        assert_eq!(encode_paste(evil, &Modes::default()), b"a[201~rm -rf\rb\tc");
    }
}
