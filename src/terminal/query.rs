//! Answers to what programs ask their terminal, where the engine has none or another's name in it.

/// Our name and version as XTVERSION gives it.
pub(super) fn version() -> Vec<u8> {
    format!("\x1bP>|gastown {}\x1b\\", env!("CARGO_PKG_VERSION")).into_bytes()
}

/// Device attributes: primary, secondary (`>`) or tertiary (`=`).
pub(super) fn device_attributes(prefix: Option<u8>) -> Option<Vec<u8>> {
    match prefix {
        // A VT220 with selective erase, ANSI colour and a clipboard that can be written; no graphics.
        None => Some(b"\x1b[?62;6;22;52c".to_vec()),
        Some(b'>') => Some(format!("\x1b[>1;{};0c", version_number()).into_bytes()),
        Some(b'=') => Some(b"\x1bP!|47415354\x1b\\".to_vec()),
        _ => None,
    }
}

fn version_number() -> u32 {
    let mut number = 0;
    for part in env!("CARGO_PKG_VERSION").split('.') {
        number = number * 100 + part.parse::<u32>().unwrap_or(0);
    }
    number
}

/// The answer to DECRQM for a private mode: 1 set, 2 not set.
pub(super) fn private_mode(mode: u16, set: bool) -> Vec<u8> {
    format!("\x1b[?{mode};{}$y", if set { 1 } else { 2 }).into_bytes()
}

/// The answer to DECRQSS: `None` when the setting asked for is not known.
pub(super) fn setting(value: Option<&str>) -> Vec<u8> {
    match value {
        Some(value) => format!("\x1bP1$r{value}\x1b\\").into_bytes(),
        None => b"\x1bP0$r\x1b\\".to_vec(),
    }
}
