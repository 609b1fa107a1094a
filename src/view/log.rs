//! The event log, to be searched: what happened, who did it, and its particulars.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::feed;
use super::model::{FeedLine, Tone};
use crate::base::Result;
use crate::ledger::Event;
use crate::work::Desk;

/// So many events are searched at most.
const SEARCHED: usize = 5000;
/// So many lines come out of it at most.
const SHOWN: usize = 500;

/// One event with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// It in words.
    pub line: FeedLine,
    /// Who did it.
    pub actor: String,
    /// Its particulars by name.
    pub facts: Vec<(String, String)>,
}

/// Which events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// All that are worth a line.
    #[default]
    All,
    /// What went wrong or wants a person.
    Trouble,
    /// Work on its way to its target.
    Merges,
    /// Work given out, begun, finished, given back.
    Work,
    /// Messages and mail.
    Words,
    /// Every one, those of machinery and small changes included.
    Everything,
}

impl Topic {
    /// All of them in order.
    pub const ALL: [Self; 6] = [Self::All, Self::Trouble, Self::Merges, Self::Work, Self::Words, Self::Everything];

    /// Its name.
    pub fn words(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Trouble => "trouble",
            Self::Merges => "merges",
            Self::Work => "work",
            Self::Words => "messages",
            Self::Everything => "every change",
        }
    }

    fn takes(self, event: &Event, line: &FeedLine) -> bool {
        let kind = event.kind.as_str();
        match self {
            Self::All | Self::Everything => true,
            Self::Trouble => matches!(line.tone, Tone::Bad | Tone::Calls),
            Self::Merges => kind.starts_with("merge") || kind == "convoy_landed",
            Self::Work => {
                matches!(kind, "created" | "closed" | "reopened" | "sling" | "queued" | "hook" | "unhook" | "done")
            }
            Self::Words => matches!(kind, "nudge" | "mail" | "escalation"),
        }
    }
}

/// The events of `topic` that contain every word of `text`, newest first.
///
/// # Errors
/// When the ledger can't be read.
pub fn log(desk: &Desk, text: &str, topic: Topic) -> Result<Vec<LogLine>> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let mut lines = Vec::new();
    let events = desk.ledger.recent_events(SEARCHED)?;
    let echoes = if topic == Topic::Everything { HashSet::new() } else { feed::echoes(&events) };
    for event in events.into_iter().rev().filter(|event| !echoes.contains(&event.seq)) {
        let one = std::slice::from_ref(&event);
        let told = if topic == Topic::Everything { feed::all(desk, one)? } else { feed::told(desk, one)? };
        let Some(line) = told.into_iter().next().filter(|line| topic.takes(&event, line)) else { continue };
        let hay = format!("{} {} {} {}", line.what, line.bead.as_deref().unwrap_or_default(), line.text, event.actor);
        let hay = hay.to_lowercase();
        if words.iter().all(|word| hay.contains(word.as_str())) {
            lines.push(LogLine { line, facts: facts(&event.payload), actor: event.actor });
            if lines.len() == SHOWN {
                break;
            }
        }
    }
    Ok(lines)
}

/// The leaves of an event's particulars, named by their path.
fn facts(payload: &Value) -> Vec<(String, String)> {
    fn walk(name: &str, value: &Value, facts: &mut Vec<(String, String)>) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                    walk(&name, value, facts);
                }
            }
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            Value::String(text) => facts.push((name.to_owned(), text.clone())),
            other => facts.push((name.to_owned(), other.to_string())),
        }
    }
    let mut found = Vec::new();
    walk("", payload, &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particulars_are_named_by_their_path() {
        let payload = serde_json::json!({"target": "shop", "after": {"priority": 1}, "reason": "", "none": null});
        assert_eq!(
            facts(&payload),
            [("target".to_owned(), "shop".to_owned()), ("after.priority".to_owned(), "1".to_owned())]
        );
    }
}
