//! Reading recordings, and rebuilding a terminal from one.

use std::fs;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    /// Bytes of a character that is not whole yet; they come again, whole, with the next output.
    Pending(Vec<u8>),
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
        name.strip_suffix(".cast").or_else(|| name.strip_suffix(".cast.gz"))?.parse::<u32>().ok()
    };
    let mut found: Vec<(u32, PathBuf)> =
        entries.map(|entry| entry.path()).filter_map(|path| Some((number(&path)?, path))).collect();
    found.sort();
    // While one is being packed there are both forms of it, and the plain one is whole.
    found.dedup_by_key(|(number, _)| *number);
    found
}

impl Segment {
    /// Reads the segment at `path`; what a writer that was killed left unfinished at its end is left out.
    ///
    /// # Errors
    /// When the file can't be read or its first line is not a header.
    pub fn read(path: &Path) -> Result<Segment> {
        let what = || format!("read {}", path.display());
        let bytes = fs::read(path).with_context(what)?;
        let mut text = String::new();
        if path.extension().is_some_and(|end| end == "gz") {
            GzDecoder::new(&bytes[..]).read_to_string(&mut text).with_context(what)?;
        } else {
            text = String::from_utf8_lossy(&bytes).into_owned();
        }
        let mut lines = text.lines();
        let raw: RawHeader = lines
            .next()
            .and_then(|line| serde_json::from_str(line).ok())
            .ok_or_else(|| Error::failed(format!("{}: not a recording", path.display())))?;
        let events = lines.map_while(parse).collect();
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
        Ok(Segment { header, events })
    }
}

fn parse(line: &str) -> Option<Event> {
    let (time, kind, data): (f64, String, String) = serde_json::from_str(line).ok()?;
    let what = match kind.as_str() {
        "o" => What::Output(data),
        "r" => {
            let (cols, rows) = data.split_once('x')?;
            What::Resize(cols.parse().ok()?, rows.parse().ok()?)
        }
        "p" => What::Pending(data.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect()),
        _ => What::Mark(data),
    };
    Some(Event { time, what })
}

/// The terminal as the recording in `directory` has it at its end; `None` when there is no readable one.
pub fn rebuild(directory: &Path) -> Option<Box<dyn Emulator>> {
    let all = segments(directory);
    let (last, path) = all.last()?;
    let newest = Segment::read(path).ok()?;
    let base = newest.header.base.min(*last);
    // Output that broke one emulator breaks the next; the session goes on with an empty screen then.
    catch_unwind(AssertUnwindSafe(|| {
        let mut emulator: Option<Box<dyn Emulator>> = None;
        for (number, path) in all.iter().filter(|(number, _)| *number >= base) {
            let Ok(segment) = Segment::read(path) else { continue };
            let first = emulator.is_none();
            let emulator = emulator.get_or_insert_with(|| {
                let mut fresh = new_emulator(segment.header.width, segment.header.height, HISTORY);
                if let Ok(packed) = fs::read(directory.join(format!("{number:04}.back"))) {
                    fresh.restore(&packed);
                }
                fresh
            });
            // The checkpoint of a later segment is what the emulator shows already.
            let skip = usize::from(!first && segment.header.checkpoint);
            let count = segment.events.len();
            for (n, event) in segment.events.into_iter().enumerate().skip(skip) {
                match event.what {
                    What::Output(text) => emulator.feed(text.as_bytes()),
                    What::Resize(cols, rows) => emulator.resize(cols, rows),
                    What::Pending(bytes) if n + 1 == count && number == last => emulator.feed(&bytes),
                    _ => {}
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
