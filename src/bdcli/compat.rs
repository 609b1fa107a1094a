//! What other bd programs would stumble over in a ledger that is fine for us. One line that they refuse costs them the whole file.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::context::Context;
use super::parse;
use crate::base::Result;
use crate::ledger::codec::{self, Parts};
use crate::ledger::{Bead, Filter, Sort, Status};

/// The longest line that bd 0.47 reads everywhere.
const LINE: usize = 64 * 1024;
/// How many beads are named of each kind.
const SHOWN: usize = 5;

/// What bd 0.47 leaves out when it compares two beads; of two that are equal in all else it drops one.
const NOT_CONTENT: [&str; 22] = [
    "id",
    "estimated_minutes",
    "created_at",
    "updated_at",
    "closed_at",
    "close_reason",
    "closed_by_session",
    "due_at",
    "defer_until",
    "compaction_level",
    "compacted_at",
    "compacted_at_commit",
    "original_size",
    "labels",
    "dependencies",
    "comments",
    "deleted_at",
    "deleted_by",
    "delete_reason",
    "original_type",
    "sender",
    "ephemeral",
];

/// Each kind of trouble with the beads that make it, in words.
pub fn troubles(context: &Context) -> Result<Vec<String>> {
    let filter = Filter { closed: true, tombstones: true, ephemeral: Some(false), sort: Sort::Id, ..Filter::default() };
    let mut kinds: [(&str, Vec<String>); 5] = [
        ("have lines longer than 64 KB", Vec::new()),
        ("have a type or status of your own, which has to be set there as well", Vec::new()),
        ("have a name elsewhere (external_ref) that another bead has", Vec::new()),
        ("say the same as another bead, so that one of them is dropped", Vec::new()),
        ("have ids of more than three levels", Vec::new()),
    ];
    let mut references: HashMap<String, String> = HashMap::new();
    let mut contents: HashMap<String, String> = HashMap::new();
    for bead in context.ledger.list_whole(&filter)? {
        let found = [
            codec::to_line(&bead)?.len() >= LINE,
            !parse::is_known_type(&bead.issue_type) || matches!(bead.status, Status::Custom(_)),
            bead.external_ref.as_ref().is_some_and(|name| references.insert(name.clone(), bead.id.clone()).is_some()),
            bead.status != Status::Tombstone && contents.insert(content(&bead), bead.id.clone()).is_some(),
            bead.id.matches('.').count() > 3,
        ];
        for ((_, ids), found) in kinds.iter_mut().zip(found) {
            if found {
                ids.push(bead.id.clone());
            }
        }
    }
    Ok(kinds.iter().filter(|(_, ids)| !ids.is_empty()).map(|(what, ids)| words(what, ids)).collect())
}

fn words(what: &str, ids: &[String]) -> String {
    let some = ids.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    let more = if ids.len() > SHOWN { format!(" and {} more", ids.len() - SHOWN) } else { String::new() };
    format!("{some}{more} {what}")
}

fn content(bead: &Bead) -> String {
    let mut map: Map<String, Value> = codec::to_map(bead, Parts::BARE);
    // Keys that they don't know don't tell beads apart either.
    map.retain(|key, _| codec::KEYS.contains(&key.as_str()) && !NOT_CONTENT.contains(&key.as_str()));
    Value::Object(map).to_string()
}
