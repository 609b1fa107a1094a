//! The colours a program is told when it asks (OSC 4, 10, 11, 12). What is really seen is up to the outer terminal.

/// The default foreground (OSC 10).
const FOREGROUND: (u8, u8, u8) = (0xd8, 0xd8, 0xd8);
/// The default background (OSC 11): dark, as the cockpit's.
const BACKGROUND: (u8, u8, u8) = (0x10, 0x10, 0x14);

/// xterm's first sixteen.
const BASE: [(u8, u8, u8); 16] = [
    (0x00, 0x00, 0x00),
    (0xcd, 0x00, 0x00),
    (0x00, 0xcd, 0x00),
    (0xcd, 0xcd, 0x00),
    (0x00, 0x00, 0xee),
    (0xcd, 0x00, 0xcd),
    (0x00, 0xcd, 0xcd),
    (0xe5, 0xe5, 0xe5),
    (0x7f, 0x7f, 0x7f),
    (0xff, 0x00, 0x00),
    (0x00, 0xff, 0x00),
    (0xff, 0xff, 0x00),
    (0x5c, 0x5c, 0xff),
    (0xff, 0x00, 0xff),
    (0x00, 0xff, 0xff),
    (0xff, 0xff, 0xff),
];

/// The colour of an index: 0 to 255, then 256 foreground, 257 background, 258 cursor.
pub(super) fn color(index: usize) -> (u8, u8, u8) {
    let level = |n: usize| if n == 0 { 0 } else { (55 + 40 * n) as u8 };
    match index {
        0..=15 => BASE[index],
        16..=231 => {
            let n = index - 16;
            (level(n / 36), level(n / 6 % 6), level(n % 6))
        }
        232..=255 => {
            let grey = (8 + 10 * (index - 232)) as u8;
            (grey, grey, grey)
        }
        257 => BACKGROUND,
        _ => FOREGROUND,
    }
}

#[cfg(test)]
mod tests {
    use super::color;

    #[test]
    fn cube_and_greys_as_xterm_has_them() {
        assert_eq!(color(16), (0, 0, 0));
        assert_eq!(color(231), (255, 255, 255));
        assert_eq!(color(208), (255, 135, 0));
        assert_eq!(color(232), (8, 8, 8));
        assert_eq!(color(255), (238, 238, 238));
    }
}
