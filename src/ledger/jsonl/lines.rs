//! From the text of a file to beads: every line on its own, marks of a git conflict healed, what can't be read reported.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::Value;

use super::super::model::{Bead, Status};
use super::super::{codec, merge};
use crate::base::Timestamp;

/// What was found in a file.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// One bead an id.
    pub beads: BTreeMap<String, Bead>,
    /// Lines that hold something.
    pub lines: usize,
    /// (line, id, what was mended)
    pub repaired: Vec<(usize, String, String)>,
    /// (line, why, the line itself)
    pub rejected: Vec<(usize, String, String)>,
    /// Whether the file had marks of a git conflict.
    pub conflict: bool,
}

/// Which side of a git conflict a line belongs to.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Both,
    Base,
}

pub(super) fn read(bytes: &[u8], now: Timestamp) -> Found {
    let mut found = Found::default();
    let mut bases: BTreeMap<String, Bead> = BTreeMap::new();
    let mut twice: Vec<Bead> = Vec::new();
    let mut side = Side::Both;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for (index, raw) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let number = index + 1;
        let text = String::from_utf8_lossy(raw);
        let line = text.trim();
        if line.is_empty() {
            continue;
        }
        match line.get(..7).filter(|_| !line.starts_with('{')) {
            Some("<<<<<<<" | "=======" | ">>>>>>>") => {
                side = Side::Both;
                found.conflict = true;
                continue;
            }
            Some("|||||||") => {
                side = Side::Base;
                continue;
            }
            _ => {}
        }
        found.lines += 1;
        if raw.len() != text.len() || std::str::from_utf8(raw).is_err() {
            found.rejected.push((number, "not UTF-8".into(), line.to_owned()));
            continue;
        }
        // A line with two objects is two lines whose break was lost.
        for value in serde_json::Deserializer::from_str(line).into_iter::<Value>() {
            let map = match value {
                Ok(Value::Object(map)) => map,
                Ok(other) => {
                    found.rejected.push((number, "not a JSON object".into(), other.to_string()));
                    continue;
                }
                Err(error) => {
                    found.rejected.push((number, format!("not JSON: {error}"), line.to_owned()));
                    break;
                }
            };
            if map.contains_key("_schema") {
                continue;
            }
            if map.get("_type").is_some_and(|kind| kind.as_str() != Some("issue")) {
                // Memories of later versions are no beads, but somebody's all the same: they are kept aside.
                found.rejected.push((number, "not a bead".into(), Value::Object(map).to_string()));
                continue;
            }
            let mut repairs = Vec::new();
            match codec::from_map(map, now, &mut repairs) {
                Ok(mut bead) => {
                    repair(&mut bead, &mut repairs);
                    let id = bead.id.clone();
                    found.repaired.extend(repairs.into_iter().map(|what| (number, id.clone(), what)));
                    if side == Side::Base {
                        bases.insert(id, bead);
                    } else if let Entry::Vacant(place) = found.beads.entry(id) {
                        place.insert(bead);
                    } else {
                        twice.push(bead);
                    }
                }
                Err(error) => found.rejected.push((number, error.to_string(), line.to_owned())),
            }
        }
    }
    for bead in twice {
        if let Some(first) = found.beads.get(&bead.id)
            && let Ok(merged) = merge::merge(bases.get(&bead.id), first, &bead)
        {
            found.beads.insert(bead.id.clone(), merged);
        }
    }
    found
}

/// Mends what contradicts itself, so that real bd takes the line when we write it.
fn repair(bead: &mut Bead, repairs: &mut Vec<String>) {
    if bead.title.trim().is_empty() {
        repairs.push("title: empty".into());
        bead.title = "(untitled)".into();
    }
    if bead.title.len() > 500 {
        repairs.push(format!("title: {} bytes; the whole of it is in the notes", bead.title.len()));
        let full = std::mem::take(&mut bead.title);
        let end = (0..=497).rev().find(|at| full.is_char_boundary(*at)).unwrap_or(0);
        bead.title = format!("{}…", &full[..end]);
        if !bead.notes.contains(&full) {
            bead.notes = if bead.notes.is_empty() { full } else { format!("{full}\n\n{}", bead.notes) };
        }
    }
    match bead.status {
        Status::Closed if bead.closed_at.is_none() => {
            repairs.push("closed without closed_at: taken from updated_at".into());
            bead.closed_at = Some(bead.updated_at);
        }
        Status::Closed | Status::Tombstone => {}
        _ if bead.closed_at.is_some() => {
            repairs.push(format!("{} with closed_at: dropped", bead.status));
            bead.closed_at = None;
        }
        _ => {}
    }
    if bead.status != Status::Tombstone && bead.deleted_at.is_some() {
        repairs.push(format!("{} with deleted_at: dropped", bead.status));
        bead.deleted_at = None;
    }
    if bead.estimated_minutes.is_some_and(|minutes| minutes < 0) {
        repairs.push("estimated_minutes: negative: dropped".into());
        bead.estimated_minutes = None;
    }
    let own = bead.id.clone();
    let before = bead.dependencies.len();
    bead.dependencies.retain(|dep| dep.depends_on_id != own);
    if bead.dependencies.len() != before {
        repairs.push("dependencies: one on itself: dropped".into());
    }
}
