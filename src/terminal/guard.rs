//! Stands between the program's bytes and the engine: cuts out the sequences this layer answers itself, and bounds what the engine is
//! given, so that no output, however hostile, costs more than its own length.
//!
//! What is bounded: marks that pile up in one cell (the engine's cost grows with their square), repetitions (REP), and sequences that
//! never end. Everything else reaches the engine byte by byte as it came, cut at most between whole characters and sequences.

use super::cluster::{clusters, joins_next, stands_alone};
use super::csi::{self, Csi, MAX_PARAMS};

/// The most characters one cell may carry besides its first.
pub(super) const MAX_MARKS: usize = 32;
/// Characters that each take cells of their own are given to the engine as such when there are so many bytes of them.
const MIN_ALONE: usize = 12;
/// The longest control sequence; a longer one is skipped.
const MAX_CSI: usize = 1024;
/// The longest string sequence (OSC, DCS); the rest of a longer one is skipped, and it is not acted on.
const MAX_STRING: usize = 256 * 1024;

/// Kinds of string sequences that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StringKind {
    /// `ESC ]`.
    Osc,
    /// `ESC P`.
    Dcs,
    /// `ESC k`: a title as screen and tmux take it.
    Title,
    /// `ESC _`, `ESC ^`, `ESC X`: swallowed.
    Other,
}

/// Where the guard's output goes.
pub(super) trait Sink {
    /// Bytes for the engine.
    fn engine(&mut self, bytes: &[u8]);
    /// Characters for the engine that each take cells of their own, whatever stands before them.
    fn alone(&mut self, text: &str);
    /// A control sequence; returns whether it was dealt with and must not reach the engine.
    fn csi(&mut self, csi: &Csi) -> bool;
    /// An escape of one more byte; returns whether it was dealt with and must not reach the engine.
    fn escape(&mut self, end: u8) -> bool;
    /// Whether motion has to be looked at: the scrolling region is less than the screen, or going left wraps.
    fn looks_at_motion(&self) -> bool;
    /// REP with its count; the character to repeat is an ordinary one.
    fn repeat(&mut self, count: u16);
    /// The content of a string sequence of bounded length, and whether BEL ended it.
    fn string(&mut self, kind: StringKind, body: &[u8], bell: bool);
    /// How many characters the cell before the cursor carries besides its first.
    fn marks_at_cursor(&self) -> usize;
}

#[derive(Debug)]
struct OpenString {
    kind: StringKind,
    body: Vec<u8>,
    too_long: bool,
}

/// The guard's state between two chunks.
#[derive(Debug, Default)]
pub(super) struct Guard {
    /// An unfinished character or control sequence.
    carry: Vec<u8>,
    /// An unfinished string sequence.
    string: Option<OpenString>,
    /// Inside a control sequence that grew too long.
    skipping: bool,
    /// The last character given to the engine.
    last: Option<char>,
}

impl Guard {
    /// Takes a chunk of the program's output.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        if self.carry.is_empty() {
            self.run(bytes, sink);
        } else {
            let mut whole = std::mem::take(&mut self.carry);
            whole.extend_from_slice(bytes);
            self.run(&whole, sink);
        }
    }

    /// Appends what was taken and not yet acted on, whole characters of it: a sequence that is cut off.
    pub fn pending(&self, out: &mut String) {
        if let Some(string) = &self.string {
            out.push_str(match string.kind {
                StringKind::Osc => "\x1b]",
                StringKind::Dcs => "\x1bP",
                StringKind::Title => "\x1bk",
                StringKind::Other => "\x1b_",
            });
            out.push_str(&String::from_utf8_lossy(&string.body));
        }
        if self.carry.is_ascii() {
            out.push_str(&String::from_utf8_lossy(&self.carry));
        }
    }

    fn run(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        // Bytes from `start` to `at` are approved for the engine and not yet given to it.
        let (mut start, mut at) = (0, 0);
        if self.string.is_some() {
            at = self.continue_string(bytes, sink);
            start = at;
        }
        while at < bytes.len() {
            if self.skipping {
                match bytes[at..].iter().position(|b| matches!(b, 0x40..=0x7e | 0x1b | 0x18 | 0x1a)) {
                    Some(offset) => {
                        self.skipping = false;
                        at += offset + usize::from(bytes[at + offset] != 0x1b);
                    }
                    None => at = bytes.len(),
                }
                start = at;
                continue;
            }
            if bytes[at] != 0x1b {
                let end = memchr::memchr(0x1b, &bytes[at..]).map_or(bytes.len(), |offset| at + offset);
                if bytes[at..end].is_ascii() {
                    if let Some(last) = bytes[at..end].iter().rev().find(|b| **b >= 0x20 && **b != 0x7f) {
                        self.last = Some(char::from(*last));
                    }
                    at = end;
                } else {
                    if start < at {
                        sink.engine(&bytes[start..at]);
                    }
                    let used = self.text(&bytes[at..end], end == bytes.len(), sink);
                    start = at + used;
                    at = start;
                    if at < end {
                        self.carry.extend_from_slice(&bytes[at..end]);
                        return;
                    }
                }
                continue;
            }
            match Self::sequence_end(&bytes[at..]) {
                Extent::Open if bytes.len() - at > MAX_CSI => {
                    flush(bytes, start, at, sink);
                    self.skipping = true;
                    at = bytes.len();
                    start = at;
                }
                Extent::Open => {
                    flush(bytes, start, at, sink);
                    self.carry.extend_from_slice(&bytes[at..]);
                    return;
                }
                Extent::Plain(length) => {
                    if length == 2 && matches!(bytes[at + 1], b'7' | b'8' | b'N' | b'O' | b'Z' | b'c' | b'n' | b'o') {
                        flush(bytes, start, at, sink);
                        start = if sink.escape(bytes[at + 1]) { at + 2 } else { at };
                    }
                    at += length;
                }
                Extent::Broken(length) => {
                    flush(bytes, start, at, sink);
                    at += length;
                    start = at;
                }
                Extent::Csi(length) => {
                    let raw = &bytes[at..at + length];
                    if length > MAX_CSI {
                        flush(bytes, start, at, sink);
                        start = at + length;
                    } else if wants_look(raw, sink.looks_at_motion()) {
                        flush(bytes, start, at, sink);
                        start = if self.control(raw, sink) { at + length } else { at };
                    }
                    at += length;
                }
                Extent::String(kind, skip) => {
                    flush(bytes, start, at, sink);
                    self.string = Some(OpenString { kind, body: Vec::new(), too_long: false });
                    at += skip;
                    at += self.continue_string(&bytes[at..], sink);
                    start = at;
                }
            }
        }
        flush(bytes, start, bytes.len(), sink);
    }

    /// Deals with a whole control sequence; `false` leaves it to the engine.
    fn control(&mut self, raw: &[u8], sink: &mut impl Sink) -> bool {
        let Some(csi) = Csi::parse(raw) else {
            // Gemini CLI asks for modifyOtherKeys in a form of its own.
            if raw == b"\x1b[>4;?m" {
                let mut asked =
                    Csi { prefix: Some(b'?'), params: [0; MAX_PARAMS], count: 1, intermediate: None, end: b'm' };
                asked.params[0] = 4;
                return sink.csi(&asked);
            }
            // A repetition that can't be read can't be bounded.
            return raw.last() == Some(&b'b');
        };
        if csi.end == b'm' && csi.prefix.is_none() && csi.intermediate.is_none() {
            let attributes = csi::with_double_underline(raw);
            sink.engine(attributes.as_deref().unwrap_or(raw));
            return true;
        }
        if csi.end == b'b' && csi.prefix.is_none() && csi.intermediate.is_none() {
            if self.last.is_some_and(|c| !clusters(c)) {
                sink.repeat(csi.param(0, 1));
            }
            return true;
        }
        sink.csi(&csi)
    }

    /// Text with characters beyond ASCII. Returns how much was used: all but a character cut off at the end of a chunk.
    fn text(&mut self, bytes: &[u8], at_end: bool, sink: &mut impl Sink) -> usize {
        let mut used = 0;
        // Start of what was looked at and not yet given to the engine.
        let mut start = 0;
        // Marks in the current cell; unknown until asked for.
        let mut marks: Option<usize> = None;
        for chunk in bytes.utf8_chunks() {
            let mut rest = chunk.valid();
            // Up to where it is known that no run of such characters is long enough.
            let mut looked = rest.len();
            while let Some(c) = rest.chars().next() {
                if rest.len() <= looked && !self.last.is_some_and(joins_next) {
                    let (length, last) = alone(rest);
                    if length >= MIN_ALONE {
                        flush(bytes, start, used, sink);
                        sink.alone(&rest[..length]);
                        used += length;
                        start = used;
                        marks = Some(0);
                        self.last = last;
                        rest = &rest[length..];
                        continue;
                    }
                    looked = rest.len() - length;
                }
                let length = c.len_utf8();
                rest = &rest[length..];
                if c.is_ascii() {
                    if c >= ' ' && c != '\x7f' {
                        marks = Some(0);
                        self.last = Some(c);
                    } else {
                        marks = None;
                    }
                    used += length;
                    continue;
                }
                if clusters(c) || self.last.is_some_and(joins_next) {
                    let count = match marks {
                        Some(count) => count,
                        None => {
                            flush(bytes, start, used, sink);
                            start = used;
                            sink.marks_at_cursor()
                        }
                    };
                    if count >= MAX_MARKS {
                        flush(bytes, start, used, sink);
                        start = used + length;
                    } else {
                        self.last = Some(c);
                    }
                    marks = Some((count + 1).min(MAX_MARKS));
                } else {
                    marks = Some(0);
                    self.last = Some(c);
                }
                used += length;
            }
            let invalid = chunk.invalid();
            if !invalid.is_empty() {
                let cut = at_end && used + invalid.len() == bytes.len() && could_go_on(invalid);
                if cut {
                    break;
                }
                used += invalid.len();
                marks = Some(0);
                self.last = Some('\u{fffd}');
            }
        }
        flush(bytes, start, used, sink);
        used
    }

    /// Goes on with an open string sequence; returns how many bytes belong to it. An ESC at the very end is carried over, since what
    /// follows decides whether it ends the string or begins another sequence.
    fn continue_string(&mut self, bytes: &[u8], sink: &mut impl Sink) -> usize {
        let Some(mut string) = self.string.take() else { return 0 };
        let mut at = 0;
        while at < bytes.len() {
            let end = bytes[at..]
                .iter()
                .position(|b| matches!(b, 0x07 | 0x1b | 0x18 | 0x1a))
                .map_or(bytes.len(), |offset| at + offset);
            let room = MAX_STRING.saturating_sub(string.body.len());
            if string.kind != StringKind::Other {
                string.body.extend_from_slice(&bytes[at..end.min(at + room)]);
            }
            string.too_long |= end - at > room;
            at = end;
            match bytes.get(at) {
                Some(0x1b) => match bytes.get(at + 1) {
                    Some(b'\\') => {
                        Self::finish_string(&string, false, sink);
                        return at + 2;
                    }
                    Some(_) => return at,
                    None => {
                        self.carry.push(0x1b);
                        self.string = Some(string);
                        return bytes.len();
                    }
                },
                // BEL ends only OSC; in the others it is content of no interest.
                Some(0x07) if string.kind == StringKind::Osc => {
                    Self::finish_string(&string, true, sink);
                    return at + 1;
                }
                Some(0x18 | 0x1a) => return at + 1,
                _ => at = (at + 1).min(bytes.len()),
            }
        }
        self.string = Some(string);
        bytes.len()
    }

    fn finish_string(string: &OpenString, bell: bool, sink: &mut impl Sink) {
        if !string.too_long && string.kind != StringKind::Other {
            sink.string(string.kind, &string.body, bell);
        }
    }

    #[inline]
    fn sequence_end(bytes: &[u8]) -> Extent {
        let Some(second) = bytes.get(1) else { return Extent::Open };
        match second {
            b'[' => match bytes[2..].iter().position(|b| matches!(b, 0x40..=0x7e | 0x1b | 0x18 | 0x1a)) {
                Some(offset) if bytes[2 + offset] == 0x1b => Extent::Broken(2 + offset),
                Some(offset) if bytes[2 + offset] < 0x20 => Extent::Broken(3 + offset),
                Some(offset) => Extent::Csi(3 + offset),
                None => Extent::Open,
            },
            b']' => Extent::String(StringKind::Osc, 2),
            b'P' => Extent::String(StringKind::Dcs, 2),
            b'k' => Extent::String(StringKind::Title, 2),
            b'_' | b'^' | b'X' => Extent::String(StringKind::Other, 2),
            0x1b => Extent::Broken(1),
            0x20..=0x2f => match bytes[2..].iter().position(|b| !matches!(b, 0x20..=0x2f)) {
                Some(offset) if bytes[2 + offset] == 0x1b => Extent::Broken(2 + offset),
                Some(offset) => Extent::Plain(3 + offset),
                None => Extent::Open,
            },
            0x80.. => Extent::Broken(1),
            _ => Extent::Plain(2),
        }
    }
}

/// How many bytes `text` begins with are of characters that stand alone, and the last of these.
fn alone(text: &str) -> (usize, Option<char>) {
    let mut last = None;
    for (at, c) in text.char_indices() {
        // Rules and bars are made of one.
        if last != Some(c) && !stands_alone(c) {
            return (at, last);
        }
        last = Some(c);
    }
    (text.len(), last)
}

fn flush(bytes: &[u8], start: usize, end: usize, sink: &mut impl Sink) {
    if start < end {
        sink.engine(&bytes[start..end]);
    }
}

/// What begins at an ESC.
enum Extent {
    /// Not whole yet.
    Open,
    /// A sequence of this length for the engine alone.
    Plain(usize),
    /// A sequence cut short: this much is dropped.
    Broken(usize),
    /// A control sequence of this length.
    Csi(usize),
    /// A string sequence whose content begins after this many bytes.
    String(StringKind, usize),
}

/// Whether a control sequence is one the guard or the sink deals with; most (colours, motion) are not, and stay in one piece.
#[inline]
fn wants_look(raw: &[u8], motion: bool) -> bool {
    let Some(end) = raw.last() else { return false };
    match end {
        b'b' | b'c' | b'n' | b'p' | b'q' | b'r' | b's' | b't' | b'x' => true,
        b'h' | b'l' => true,
        b'K' | b'S' | b'W' => raw.get(2) == Some(&b'?'),
        b'J' => matches!(raw.get(2), Some(b'?' | b'1')),
        b'P' => raw.len() > 3,
        b'm' => matches!(raw.get(2), Some(b'?' | b'>')) || has_21(raw),
        b'A' if raw[raw.len() - 2] == b' ' => true,
        b'@' => raw[raw.len() - 2] == b' ',
        b'}' | b'~' => true,
        b'A' | b'B' | b'D' | b'E' | b'F' => motion,
        _ => false,
    }
}

/// Whether the digits 21 stand in a sequence; without an early end, so that many bytes are compared at once.
#[inline]
fn has_21(raw: &[u8]) -> bool {
    raw.iter().zip(&raw[1..]).fold(false, |found, (one, two)| found | ((*one == b'2') & (*two == b'1')))
}

/// Whether bytes that are no character yet could become one with more bytes.
fn could_go_on(bytes: &[u8]) -> bool {
    let needed = match bytes.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => return false,
    };
    bytes.len() < needed && std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}
