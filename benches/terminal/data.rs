//! What programs write, by kind; the same bytes every time.

use std::fmt::Write as _;
use std::path::Path;

pub const KINDS: [&str; 6] = ["plain", "sgr", "cursor", "region", "unicode", "agent"];

const COLS: usize = 200;
const ROWS: usize = 50;

/// A small generator of numbers that are always the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % most
    }
}

/// One piece of that kind, the `n`th.
fn piece(kind: &str, n: usize, numbers: &mut Numbers) -> String {
    let mut out = String::new();
    match kind {
        "plain" => {
            let length = 20 + numbers.below(160);
            out.extend((0..length).map(|_| char::from(b' ' + numbers.below(95) as u8)));
            out.push_str("\r\n");
        }
        "sgr" => {
            out.push_str("\x1b[H");
            for cell in 0..COLS * ROWS {
                let (fg, bg, bold) = (16 + (n + cell) % 216, 232 + (n + cell) % 24, 1 + cell % 4);
                let _ = write!(out, "\x1b[38;5;{fg};48;5;{bg};{bold}m{}", char::from(b'A' + ((n + cell) % 26) as u8));
            }
            out.push_str("\x1b[0m");
        }
        "cursor" => {
            for cell in 0..COLS * ROWS {
                let _ = write!(out, "\x1b[{};{}HA", cell % ROWS + 1, cell / ROWS + 1);
            }
        }
        "region" => {
            if n == 0 {
                out.push_str("\x1b[?1049h\x1b[1;49r");
            }
            out.push_str("\x1b[49;1H");
            out.push_str(&"a line of text that scrolls inside the margins\r\n".repeat(100));
        }
        "unicode" => {
            let blocks =
                [('\u{4e00}', 0x4200), ('\u{ac00}', 0x2000), ('\u{3041}', 85), ('\u{1f300}', 255), ('\u{400}', 255)];
            let extra = ["e\u{301}", "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}", "\u{2764}\u{fe0f}", "│", "é"];
            for _ in 0..10 + numbers.below(70) {
                let (first, count) = blocks[numbers.below(blocks.len())];
                out.extend(char::from_u32(first as u32 + numbers.below(count) as u32));
                if numbers.below(13) == 0 {
                    out.push_str(extra[numbers.below(extra.len())]);
                }
            }
            out.push_str("\r\n");
        }
        _ => {
            out.push_str("\x1b[?2026h\x1b[?25l\x1b[30A\r");
            if n.is_multiple_of(8) {
                let _ = write!(out, "\x1b[2K\x1b[38;2;80;180;100m●\x1b[39m \x1b[1mEdit\x1b[22m(src/lib.rs) +{n}\r\n");
            }
            for row in 0..24 {
                let _ = write!(
                    out,
                    "\x1b[2K\x1b[38;2;150;150;150m {:4} \x1b[39m\x1b[48;2;30;90;45m+ let total_{row} = add(left, right)?; // pass {n}\x1b[49m\r\n",
                    row + n
                );
            }
            let glyph = ['·', '✢', '✳', '✶', '✻', '✽'][n % 6];
            let rule = format!("\x1b[2K\x1b[38;2;136;136;136m{}\x1b[39m\r\n", "─".repeat(198));
            let _ = write!(
                out,
                "\x1b[2K\x1b[38;2;215;120;90m{glyph} Working…\x1b[39m \x1b[2m({}s · {} tokens · esc to interrupt)\x1b[22m\r\n\x1b[2K\r\n{rule}\x1b[2K> \x1b[7m \x1b[27m\r\n{rule}\x1b[2K  ? for shortcuts\x1b[?25h\x1b[?2026l",
                n / 60,
                n * 13
            );
        }
    }
    out
}

/// Writes so many mebibytes of that kind.
pub fn write(kind: &str, path: &Path, mebibytes: usize) {
    let mut numbers = Numbers(20_260_101);
    let mut out = String::new();
    let mut n = 0;
    while out.len() < mebibytes << 20 {
        out.push_str(&piece(kind, n, &mut numbers));
        n += 1;
    }
    std::fs::write(path, out).unwrap();
}

/// Writes so many lines that fill the terminal's width.
pub fn full_lines(path: &Path, lines: usize) {
    let mut numbers = Numbers(7);
    let mut out = String::new();
    for n in 0..lines {
        let mut line = format!("{n:6} ");
        line.extend((line.len()..COLS).map(|_| char::from(b' ' + numbers.below(95) as u8)));
        out.push_str(&line);
        out.push_str("\r\n");
    }
    std::fs::write(path, out).unwrap();
}
