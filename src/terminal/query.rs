//! Answers to what programs ask their terminal, where the engine has none or another's name in it.

/// What a cell is said to measure. The outer terminal's cells are not known here, and no image will ever be drawn: the numbers only
/// have to be of a likely size and fit together.
const CELL_PIXELS: (u32, u32) = (8, 16);

/// Our name and version as XTVERSION gives it.
pub(super) fn version() -> Vec<u8> {
    format!("\x1bP>|gastown {}\x1b\\", env!("CARGO_PKG_VERSION")).into_bytes()
}

/// Device attributes: primary, secondary (`>`) or tertiary (`=`).
pub(super) fn device_attributes(prefix: Option<u8>) -> Option<Vec<u8>> {
    match prefix {
        // A VT220 with ANSI colour and a clipboard that can be written; no graphics.
        None => Some(b"\x1b[?62;22;52c".to_vec()),
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

/// Device status reports, with the cursor's row and column from 1.
pub(super) fn device_status(private: bool, what: u16, row: i32, col: usize) -> Option<Vec<u8>> {
    let answer = match (private, what) {
        (false, 5) => "\x1b[0n".to_owned(),
        (false, 6) => format!("\x1b[{row};{col}R"),
        (true, 6) => format!("\x1b[?{row};{col};1R"),
        // No printer, no user-defined keys that could be locked, a North American keyboard, no locator.
        (true, 15) => "\x1b[?13n".to_owned(),
        (true, 25) => "\x1b[?21n".to_owned(),
        (true, 26) => "\x1b[?27;1;0;0n".to_owned(),
        (true, 53 | 55) => "\x1b[?50n".to_owned(),
        // Dark: what the default background is.
        (true, 996) => "\x1b[?997;1n".to_owned(),
        _ => return None,
    };
    Some(answer.into_bytes())
}

/// XTWINOPS: what can be told of the window of a terminal of `size`.
pub(super) fn window(what: u16, size: (u16, u16)) -> Option<Vec<u8>> {
    let (cols, rows) = size;
    let (width, height) = (u32::from(cols) * CELL_PIXELS.0, u32::from(rows) * CELL_PIXELS.1);
    let answer = match what {
        // Not iconified, at the screen's corner.
        11 => "\x1b[1t".to_owned(),
        13 => "\x1b[3;0;0t".to_owned(),
        14 => format!("\x1b[4;{height};{width}t"),
        15 => format!("\x1b[5;{height};{width}t"),
        16 => format!("\x1b[6;{};{}t", CELL_PIXELS.1, CELL_PIXELS.0),
        18 => format!("\x1b[8;{rows};{cols}t"),
        19 => format!("\x1b[9;{rows};{cols}t"),
        _ => return None,
    };
    Some(answer.into_bytes())
}

/// The report of a changed size in band (mode 2048).
pub(super) fn size_report(size: (u16, u16)) -> Vec<u8> {
    let (cols, rows) = size;
    let (width, height) = (u32::from(cols) * CELL_PIXELS.0, u32::from(rows) * CELL_PIXELS.1);
    format!("\x1b[48;{rows};{cols};{height};{width}t").into_bytes()
}

/// DECREQTPARM: no parity, 8 bits, 38400 baud.
pub(super) fn terminal_parameters(what: u16) -> Option<Vec<u8>> {
    (what <= 1).then(|| format!("\x1b[{};1;1;128;128;1;0x", what + 2).into_bytes())
}

/// XTSMGRAPHICS: there are no graphics to have attributes.
pub(super) fn no_graphics(item: u16) -> Vec<u8> {
    format!("\x1b[?{item};1;0S").into_bytes()
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

/// XTGETTCAP: the capabilities of this terminal beyond what `xterm-256color` says, by terminfo's and termcap's names.
const CAPABILITIES: &[(&str, &str)] = &[
    ("TN", "xterm-256color"),
    ("name", "xterm-256color"),
    ("Co", "256"),
    ("colors", "256"),
    ("RGB", "8/8/8"),
    ("Tc", ""),
    ("AX", ""),
    ("XT", ""),
    ("Su", ""),
    ("bce", ""),
    ("Smulx", "\x1b[4:%p1%dm"),
    ("Setulc", "\x1b[58:2:%p1%{65536}%/%d:%p1%{256}%/%{255}%&%d:%p1%{255}%&%d%;m"),
    ("setrgbf", "\x1b[38:2:%p1%d:%p2%d:%p3%dm"),
    ("setrgbb", "\x1b[48:2:%p1%d:%p2%d:%p3%dm"),
    ("Ss", "\x1b[%p1%d q"),
    ("Se", "\x1b[2 q"),
    ("Ms", "\x1b]52;%p1%s;%p2%s\x07"),
    ("BE", "\x1b[?2004h"),
    ("BD", "\x1b[?2004l"),
    ("PS", "\x1b[200~"),
    ("PE", "\x1b[201~"),
    ("Sync", "\x1b[?2026%?%p1%{1}%-%tl%eh%;"),
];

/// The answer for one name in hexadecimal.
pub(super) fn capability(name: &[u8]) -> Vec<u8> {
    let asked: String = name.iter().filter(|b| b.is_ascii_hexdigit()).map(|b| char::from(*b)).collect();
    let plain: Option<Vec<u8>> = asked
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok()))
        .collect();
    let known = plain.and_then(|plain| CAPABILITIES.iter().find(|(name, _)| name.as_bytes() == plain));
    match known {
        Some((_, "")) => format!("\x1bP1+r{asked}\x1b\\").into_bytes(),
        Some((_, value)) => {
            let value: String = value.bytes().map(|byte| format!("{byte:02X}")).collect();
            format!("\x1bP1+r{asked}={value}\x1b\\").into_bytes()
        }
        None => format!("\x1bP0+r{asked}\x1b\\").into_bytes(),
    }
}
