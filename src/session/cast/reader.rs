//! Reading recordings, and rebuilding a terminal from one.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::live::{self, Kind};
use crate::base::{Error, Result, ResultExt};
use crate::session::HISTORY;
use crate::terminal::{Emulator, new_emulator};

/// The first line of a segment, as asciicast v2 has it; what only we need is under `gt`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RawHeader {
    pub version: u8,
    pub width: u16,
    pub height: u16,
    pub timestamp: i64,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub env: Value,
    pub gt: Ours,
}

/// Our part of the header.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Ours {
    /// The segment's number.
    pub segment: u32,
    /// Seconds from the session's beginning to the segment's.
    pub at: f64,
    /// Whether the first event is the terminal as it was, not what the program wrote.
    pub checkpoint: bool,
    /// The segment from which on a terminal must be rebuilt to have all its scrollback.
    pub base: u32,
    /// Bytes between the segment before and this one that are not in the recording.
    #[serde(default)]
    pub skipped: u64,
}

/// What a segment says of itself.
#[derive(Debug, Clone)]
pub struct Header {
    /// Columns at its beginning.
    pub width: u16,
    /// Rows at its beginning.
    pub height: u16,
    /// When it began, in Unix seconds.
    pub timestamp: i64,
    /// The title.
    pub title: String,
    /// Seconds from the session's beginning to the segment's.
    pub at: f64,
    /// Whether the first event is the terminal as it was, not what the program wrote.
    pub checkpoint: bool,
    /// Bytes before this segment that are not in the recording.
    pub skipped: u64,
    base: u32,
}

/// Something in a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Seconds since the segment began.
    pub time: f64,
    /// What.
    pub what: What,
}

/// Kinds of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The program wrote this.
    Output(String),
    /// The terminal's new size.
    Resize(u16, u16),
    /// Something worth finding again.
    Mark(String),
}

impl What {
    /// Its code and data in an asciicast v2.
    pub fn code(&self) -> (&'static str, Cow<'_, str>) {
        match self {
            Self::Output(text) => ("o", text.into()),
            Self::Resize(cols, rows) => ("r", format!("{cols}x{rows}").into()),
            Self::Mark(text) => ("m", text.into()),
        }
    }
}

/// A part of a recording.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Its first line.
    pub header: Header,
    /// Its events.
    pub events: Vec<Event>,
}

/// The segments in `directory` with their numbers, in order.
pub(super) fn segments(directory: &Path) -> Vec<(u32, PathBuf)> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let number = |path: &Path| {
        let name = path.file_name()?.to_str()?;
        let (number, _) = [".raw", ".cast", ".cast.gz"].iter().find_map(|end| Some((name.strip_suffix(end)?, end)))?;
        number.parse::<u32>().ok()
    };
    let mut found: Vec<(u32, PathBuf)> =
        entries.map(|entry| entry.path()).filter_map(|path| Some((number(&path)?, path))).collect();
    // While one is being packed there may be both forms of it, and the one it is made from is whole.
    found.sort_by_key(|(number, path)| (*number, is_packed(path)));
    found.dedup_by_key(|(number, _)| *number);
    found
}

/// Whether the segment at `path` is packed: nothing is written to it any more.
pub(super) fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "gz")
}

impl Segment {
    /// Reads the segment at `path`; what a writer that was killed left unfinished at its end is left out.
    ///
    /// # Errors
    /// When the file can't be read or its first line is not a header.
    pub fn read(path: &Path) -> Result<Segment> {
        let (header, content) = open(path)?;
        let events = if live::is_live(path) {
            let mut text = Text::default();
            live::records(&content).filter_map(|(time, kind, data)| text.event(time, kind, data)).collect()
        } else {
            lines(&content).collect()
        };
        Ok(Segment { header, events })
    }
}

/// A segment's header, and what follows its line.
fn open(path: &Path) -> Result<(Header, Vec<u8>)> {
    let what = || format!("read {}", path.display());
    let mut bytes = fs::read(path).with_context(what)?;
    if is_packed(path) {
        let mut plain = Vec::new();
        GzDecoder::new(&bytes[..]).read_to_end(&mut plain).with_context(what)?;
        bytes = plain;
    }
    let end = memchr::memchr(b'\n', &bytes).unwrap_or(bytes.len());
    let raw: RawHeader = serde_json::from_slice(&bytes[..end])
        .map_err(|_| Error::failed(format!("{}: not a recording", path.display())))?;
    bytes.drain(..(end + 1).min(bytes.len()));
    let header = Header {
        width: raw.width,
        height: raw.height,
        timestamp: raw.timestamp,
        title: raw.title,
        at: raw.gt.at,
        checkpoint: raw.gt.checkpoint,
        skipped: raw.gt.skipped,
        base: raw.gt.base,
    };
    Ok((header, bytes))
}

/// A program's bytes as text: a character that was cut in two comes whole with its second part, and what is no text is replaced.
#[derive(Default)]
struct Text {
    carry: Vec<u8>,
}

impl Text {
    /// A record as an event; `None` when it adds no whole character.
    fn event(&mut self, time: Duration, kind: Kind, data: &[u8]) -> Option<Event> {
        let words = || String::from_utf8_lossy(data).into_owned();
        let what = match kind {
            Kind::Output => {
                self.carry.extend_from_slice(data);
                let whole = whole_characters(&self.carry);
                let text = String::from_utf8_lossy(&self.carry[..whole]).into_owned();
                self.carry.drain(..whole);
                if text.is_empty() {
                    return None;
                }
                What::Output(text)
            }
            Kind::Resize => size(&words())?,
            Kind::Mark => What::Mark(words()),
        };
        Some(Event { time: time.as_secs_f64(), what })
    }
}

fn size(text: &str) -> Option<What> {
    let (cols, rows) = text.split_once('x')?;
    Some(What::Resize(cols.parse().ok()?, rows.parse().ok()?))
}

/// How many of `bytes` are whole characters, or no characters at all.
pub(super) fn whole_characters(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    let Some(start) = tail.iter().rposition(|b| *b & 0xc0 != 0x80) else { return bytes.len() };
    let length = match tail[start] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    if tail.len() - start < length { bytes.len() - (tail.len() - start) } else { bytes.len() }
}

/// Writes the segment at `path`, one that is not packed, as an asciicast v2; earlier versions wrote them as such.
///
/// # Errors
/// When it can't be read or `out` can't be written.
pub(super) fn convert(path: &Path, out: &mut impl Write) -> io::Result<()> {
    if !live::is_live(path) {
        return io::copy(&mut File::open(path)?, out).map(|_| ());
    }
    let bytes = fs::read(path)?;
    let end = memchr::memchr(b'\n', &bytes).map_or(bytes.len(), |at| at + 1);
    out.write_all(&bytes[..end])?;
    let mut text = Text::default();
    for (time, kind, data) in live::records(&bytes[end..]) {
        let Some(event) = text.event(time, kind, data) else { continue };
        let (code, data) = event.what.code();
        write!(out, "[{:.6},\"{code}\",", event.time)?;
        serde_json::to_writer(&mut *out, &data)?;
        out.write_all(b"]\n")?;
    }
    Ok(())
}

/// The events of an asciicast, up to the first that is not whole.
fn lines(content: &[u8]) -> impl Iterator<Item = Event> {
    content.split(|b| *b == b'\n').map_while(parse)
}

fn parse(line: &[u8]) -> Option<Event> {
    let (time, kind, data): (f64, String, String) = serde_json::from_slice(line).ok()?;
    let what = match kind.as_str() {
        "o" => What::Output(data),
        "r" => size(&data)?,
        // How earlier versions noted a character cut in two, which comes again, whole.
        "p" => What::Output(String::new()),
        _ => What::Mark(data),
    };
    Some(Event { time, what })
}

/// The terminal as the recording in `directory` has it at its end; `None` when there is no readable one.
pub fn rebuild(directory: &Path) -> Option<Box<dyn Emulator>> {
    let all = segments(directory);
    let (last, path) = all.last()?;
    let (newest, _) = open(path).ok()?;
    let base = newest.base.min(*last);
    // Output that broke one emulator breaks the next; the session goes on with an empty screen then.
    catch_unwind(AssertUnwindSafe(|| {
        let mut emulator: Option<Box<dyn Emulator>> = None;
        for (number, path) in all.iter().filter(|(number, path)| *number >= base && !is_packed(path)) {
            let Ok((header, content)) = open(path) else { continue };
            let first = emulator.is_none();
            let emulator = emulator.get_or_insert_with(|| {
                let mut fresh = new_emulator(header.width, header.height, HISTORY);
                if let Ok(packed) = fs::read(directory.join(format!("{number:04}.back"))) {
                    fresh.restore(&packed);
                }
                fresh
            });
            // The checkpoint of a later segment is what the emulator shows already.
            let skip = usize::from(!first && header.checkpoint);
            let resize = |emulator: &mut dyn Emulator, what: Option<What>| {
                if let Some(What::Resize(cols, rows)) = what {
                    emulator.resize(cols, rows);
                }
            };
            if live::is_live(path) {
                for (_, kind, data) in live::records(&content).skip(skip) {
                    match kind {
                        Kind::Output => emulator.feed(data),
                        Kind::Resize => resize(emulator.as_mut(), std::str::from_utf8(data).ok().and_then(size)),
                        Kind::Mark => {}
                    }
                }
            } else {
                for event in lines(&content).skip(skip) {
                    match event.what {
                        What::Output(text) => emulator.feed(text.as_bytes()),
                        what => resize(emulator.as_mut(), Some(what)),
                    }
                }
            }
            emulator.take_replies();
            emulator.take_events();
        }
        emulator
    }))
    .ok()
    .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_not_cut() {
        for (bytes, whole) in [
            (&b"abc"[..], 3),
            ("aé".as_bytes(), 3),
            (b"a\xc3", 1),
            (b"a\xe6\xbc", 1),
            (b"\xf0\x9f\x91", 0),
            (b"\xff", 1),
            (b"", 0),
        ] {
            assert_eq!(whole_characters(bytes), whole, "{bytes:?}");
        }
    }

    /// Earlier versions wrote asciicasts from the start, and noted the part of a character that had come.
    #[test]
    fn what_earlier_versions_wrote_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let head = r#"{"version":2,"width":20,"height":4,"timestamp":0,"gt":{"segment":1,"at":0.0,"checkpoint":true,"base":1}}"#;
        let events = "[0.0,\"o\",\"\"]\n[0.1,\"o\",\"one\"]\n[0.1,\"p\",\"\u{c3}\"]\n[0.2,\"o\",\"é\"]\n[0.3,\"r\",\"30x5\"]\n[0.4,\"o\",\"cut";
        let plain = directory.path().join("0001.cast");
        fs::write(&plain, format!("{head}\n{events}")).unwrap();
        let mut again = rebuild(directory.path()).unwrap();
        again.refresh(std::time::Instant::now());
        assert_eq!((again.screen().text().as_str(), again.size()), ("oneé", (30, 5)));
        assert_eq!(Segment::read(&plain).unwrap().events.len(), 5);
        let mut copy = Vec::new();
        convert(&plain, &mut copy).unwrap();
        assert_eq!(copy, fs::read(&plain).unwrap());
    }
}
