//! `.events.jsonl`: the ledger's events as lines that other programs may follow, each event exactly once.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::lock::Lock;
use crate::base::{Result, ResultExt, Timestamp};
use crate::ledger::{Event, Ledger};
use crate::town::Town;

/// Under which key the ledger remembers how far the file is.
const POSITION: &str = "events.file";
/// How many events are written at once.
const PAGE: usize = 1000;

/// Kinds of events that are told to people; all others are for audits only.
const TOLD: [&str; 32] = [
    "closed",
    "convoy_created",
    "convoy_landed",
    "created",
    "done",
    "escalation",
    "frozen",
    "gate_flaky",
    "hook",
    "integration_created",
    "integration_landed",
    "integration_landing",
    "kill",
    "mail",
    "merge_failed",
    "merge_held",
    "merge_rejected",
    "merge_retried",
    "merge_review",
    "merge_started",
    "merged",
    "nudge",
    "parked",
    "queued",
    "reopened",
    "session_death",
    "session_end",
    "session_start",
    "sling",
    "spawn",
    "thawed",
    "unhook",
];

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EventLine {
    /// When it happened.
    pub ts: Timestamp,
    /// Always `gt`.
    pub source: String,
    /// What happened: `sling`, `merged`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// The facts.
    pub payload: Map<String, Value>,
    /// `both` (told to people too) or `audit`.
    pub visibility: String,
    /// Its number in the ledger; strictly rising as long as the database lives.
    pub seq: i64,
}

impl From<&Event> for EventLine {
    fn from(event: &Event) -> Self {
        let mut payload = match &event.payload {
            Value::Object(map) => map.clone(),
            Value::Null => Map::new(),
            other => Map::from_iter([("value".to_owned(), other.clone())]),
        };
        if let Some(bead) = &event.bead {
            payload.entry("bead").or_insert_with(|| bead.clone().into());
        }
        let visibility = if TOLD.contains(&event.kind.as_str()) { "both" } else { "audit" };
        Self {
            ts: event.ts,
            source: "gt".into(),
            kind: event.kind.clone(),
            actor: event.actor.clone(),
            payload,
            visibility: visibility.into(),
            seq: event.seq,
        }
    }
}

/// How far the file is: the last event in it, and where its line ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    seq: i64,
    bytes: u64,
}

fn remembered(ledger: &Ledger) -> Result<Option<Position>> {
    Ok(ledger.kv(POSITION)?.and_then(|text| serde_json::from_str(&text).ok()))
}

fn remember(ledger: &Ledger, position: Position) -> Result<()> {
    ledger.conn().execute(
        "INSERT INTO kv(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = excluded.value",
        (POSITION, serde_json::to_string(&position)?),
    )?;
    Ok(())
}

/// Appends to the file what has happened since it was written last. One process at a time; what a killed one had appended but not
/// noted is recognised by the lines themselves, and half a line is cut off.
///
/// # Errors
/// When the file or the ledger can't be read or written.
pub fn append(town: &Town, ledger: &Ledger) -> Result<()> {
    if remembered(ledger)?.is_some_and(|at| at.seq == ledger.change_seq().unwrap_or(-1)) {
        return Ok(());
    }
    let _alone = Lock::acquire(&town.runtime_dir().join("events.lock"))?;
    let path = town.events_file();
    let what = || format!("write {}", path.display());
    let mut file =
        OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&path).with_context(what)?;
    let noted = remembered(ledger)?;
    let mut position = settle(&mut file, noted).with_context(what)?;
    if noted.is_none() {
        // From here on the lines behind this place are known to be this ledger's.
        remember(ledger, position)?;
    }
    loop {
        let events = ledger.events_since(position.seq, PAGE)?;
        let Some(last) = events.last().map(|event| event.seq) else { break };
        let mut lines = Vec::new();
        for event in &events {
            serde_json::to_writer(&mut lines, &EventLine::from(event))?;
            lines.push(b'\n');
        }
        file.write_all(&lines).and_then(|()| file.sync_data()).with_context(what)?;
        position = Position { seq: last, bytes: position.bytes + lines.len() as u64 };
        remember(ledger, position)?;
    }
    Ok(())
}

/// Finds out how far the file really is.
fn settle(file: &mut File, noted: Option<Position>) -> std::io::Result<Position> {
    let length = file.metadata()?.len();
    let start = noted.filter(|noted| noted.bytes <= length);
    // A file that was moved away or cut is gone on with where the ledger is, a file of an earlier ledger behind its last line.
    let (mut seq, from) = match start {
        Some(noted) => (noted.seq, noted.bytes),
        None => (noted.map_or(0, |noted| noted.seq), 0),
    };
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    if whole < tail.len() {
        file.set_len(from + whole as u64)?;
    }
    if start.is_some() {
        for line in tail[..whole].split(|byte| *byte == b'\n') {
            if let Ok(line) = serde_json::from_slice::<EventLine>(line) {
                seq = seq.max(line.seq);
            }
        }
    }
    Ok(Position { seq, bytes: from + whole as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_with(text: &str) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn line(seq: i64) -> String {
        format!(
            "{{\"ts\":\"2026-01-01T00:00:00Z\",\"source\":\"gt\",\"type\":\"done\",\"actor\":\"a\",\"payload\":{{}},\
             \"visibility\":\"both\",\"seq\":{seq}}}\n"
        )
    }

    #[test]
    fn what_was_appended_but_not_noted_is_seen_and_half_a_line_is_cut() {
        let first = line(1);
        let noted = Position { seq: 1, bytes: first.len() as u64 };
        let whole = first + &line(2) + &line(3);
        let mut file = file_with(&format!("{whole}{{\"ts\":\"20"));
        let found = settle(&mut file, Some(noted)).unwrap();
        assert_eq!(found, Position { seq: 3, bytes: whole.len() as u64 });
        assert_eq!(file.metadata().unwrap().len(), whole.len() as u64);
    }

    #[test]
    fn lines_of_an_earlier_ledger_count_for_nothing_and_stay() {
        let old = line(700);
        let found = settle(&mut file_with(&old), None).unwrap();
        assert_eq!(found, Position { seq: 0, bytes: old.len() as u64 });
    }

    #[test]
    fn a_file_that_was_moved_away_is_begun_anew_where_the_ledger_is() {
        let noted = Position { seq: 9, bytes: 4000 };
        assert_eq!(settle(&mut file_with(""), Some(noted)).unwrap(), Position { seq: 9, bytes: 0 });
    }
}
