//! What happened, in words.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::model::{FeedLine, Tone};
use crate::base::{Result, Timestamp};
use crate::ledger::Event;
use crate::town::Severity;
use crate::work::Desk;

/// Those of `events` that are worth a line, in their order.
///
/// # Errors
/// When the ledger can't be read.
pub fn told(desk: &Desk, events: &[Event]) -> Result<Vec<FeedLine>> {
    let mut lines = Vec::new();
    let echoes = echoes(events);
    for event in events.iter().filter(|event| !echoes.contains(&event.seq)) {
        let (title, issue_type) = bead_of(desk, event)?;
        lines.extend(tell(event, &title, &issue_type));
    }
    Ok(lines)
}

/// Of what happened to a bead in one moment the first of these says the most; the rest came with it.
const MOST_TELLING: [&str; 5] = ["merge_failed", "merge_rejected", "escalation", "unhook", "reopened"];

/// The numbers of those of `events` that another one of the same moment and bead says already, and more.
pub fn echoes(events: &[Event]) -> HashSet<i64> {
    let rank = |event: &Event| MOST_TELLING.iter().position(|kind| *kind == event.kind);
    let mut best: HashMap<(Timestamp, &str), usize> = HashMap::new();
    let ranked = || events.iter().filter_map(|event| Some((event, event.bead.as_deref()?, rank(event)?)));
    for (event, bead, rank) in ranked() {
        let best = best.entry((event.ts, bead)).or_insert(rank);
        *best = rank.min(*best);
    }
    let echo = |event: &Event, bead: &str, rank: usize| best.get(&(event.ts, bead)).is_some_and(|best| *best < rank);
    ranked().filter(|(event, bead, rank)| echo(event, bead, *rank)).map(|(event, ..)| event.seq).collect()
}

/// Whether a message only carries an escalation to somebody, which is told itself.
fn carries_escalation(event: &Event) -> bool {
    let subject = event.payload.get("subject").and_then(Value::as_str).unwrap_or_default();
    let severity = subject.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map(|(word, _)| word);
    event.kind == "mail"
        && event.actor == "deacon"
        && Severity::ALL.iter().any(|known| severity == Some(known.as_str()))
}

/// Every one of `events`, those of machinery and small changes included.
///
/// # Errors
/// When the ledger can't be read.
pub fn all(desk: &Desk, events: &[Event]) -> Result<Vec<FeedLine>> {
    events
        .iter()
        .map(|event| {
            let (title, issue_type) = bead_of(desk, event)?;
            Ok(tell(event, &title, &issue_type).unwrap_or_else(|| FeedLine {
                seq: event.seq,
                at: event.ts,
                what: event.kind.replace('_', " "),
                bead: event.bead.clone(),
                text: if title.is_empty() { event.actor.clone() } else { format!("{title} · {}", event.actor) },
                tone: Tone::Plain,
            }))
        })
        .collect()
}

/// Title and type of the event's bead; empty where there is none.
fn bead_of(desk: &Desk, event: &Event) -> Result<(String, String)> {
    let Some(bead) = &event.bead else { return Ok(<(String, String)>::default()) };
    let mut beads = desk.ledger.conn().prepare_cached("SELECT title, issue_type FROM beads WHERE id = ?1")?;
    Ok(beads.query_row([bead], |row| Ok((row.get(0)?, row.get(1)?))).unwrap_or_default())
}

/// The event in words; `None` when it is not worth a line.
fn tell(event: &Event, title: &str, issue_type: &str) -> Option<FeedLine> {
    let field = |name: &str| event.payload.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| event.payload.get(name).and_then(Value::as_u64).unwrap_or_default();
    let or_actor = |name: &str| if field(name).is_empty() { event.actor.as_str() } else { field(name) };
    let because =
        |text: &str| if text.is_empty() || text == title { title.to_owned() } else { format!("{title}: {text}") };
    let (what, tone, text) = match event.kind.as_str() {
        "created" => ("new", Tone::Plain, title.to_owned()),
        "closed" => ("closed", Tone::Good, title.to_owned()),
        "reopened" => ("reopened", Tone::Moves, title.to_owned()),
        "sling" => ("slung", Tone::Moves, format!("{title} → {}", or_actor("target"))),
        "queued" => ("waits", Tone::Plain, because(field("reason"))),
        "hook" => ("started", Tone::Moves, format!("{} on {title}", short(or_actor("agent")))),
        "unhook" => ("given back", Tone::Calls, because(field("reason"))),
        "done" => ("finished", Tone::Moves, format!("{} · {title}", short(or_actor("agent")))),
        "merge_started" => ("merging", Tone::Moves, title.to_owned()),
        "merged" => {
            let commit =
                [field("commit"), field("merge_commit")].into_iter().find(|id| !id.is_empty()).unwrap_or_default();
            let commit: String = commit.chars().take(7).collect();
            ("merged", Tone::Good, if commit.is_empty() { title.to_owned() } else { format!("{title}  {commit}") })
        }
        "merge_failed" => ("came back", Tone::Bad, because(field("reason"))),
        "merge_retried" => ("retried", Tone::Moves, title.to_owned()),
        "merge_rejected" => ("rejected", Tone::Bad, because(field("reason"))),
        "convoy_created" => ("convoy", Tone::Moves, title.to_owned()),
        "convoy_landed" => ("landed", Tone::Good, format!("convoy {title}")),
        "merge_held" => ("held", Tone::Calls, because(field("reason"))),
        "merge_review" => ("for review", Tone::Moves, title.to_owned()),
        "gate_flaky" => ("flaky", Tone::Bad, format!("{title}: {} was red and then green", words(event, "gates"))),
        "integration_created" => ("branch", Tone::Moves, format!("{} for {title}", field("branch"))),
        "integration_landing" => ("landing", Tone::Moves, format!("{} of {title}", field("branch"))),
        "integration_landed" => ("landed", Tone::Good, format!("{} of {title}", field("branch"))),
        "parked" => {
            let until = field("until").parse::<Timestamp>().map(Timestamp::hour_minute).unwrap_or_default();
            ("parked", Tone::Calls, format!("{} until {until}: {}", short(or_actor("agent")), field("reason")))
        }
        "escalation" => ("calls you", Tone::Calls, because(field("reason"))),
        "nudge" => ("message", Tone::Plain, format!("{} → {}", short(&event.actor), short(field("to")))),
        "mail" => ("mail", Tone::Plain, format!("to {}: {}", field("to"), field("subject"))),
        "kill" => ("stopped", Tone::Bad, or_actor("agent").to_owned()),
        "session_death" => ("died", Tone::Bad, format!("{} on {title}: {}", short(or_actor("agent")), field("how"))),
        "session_start" => ("restarted", Tone::Moves, format!("{} on {title}", short(or_actor("agent")))),
        "frozen" => ("frozen", Tone::Calls, "every agent".to_owned()),
        "thawed" => ("thawed", Tone::Moves, "every agent".to_owned()),
        "paused" => ("paused", Tone::Calls, format!("dispatch of {}", field("what"))),
        "resumed" => ("resumed", Tone::Moves, format!("dispatch of {}", field("what"))),
        "hook_rollback" => {
            ("rolled back", Tone::Calls, format!("{} to snapshot {}", short(field("agent")), number("to")))
        }
        "hook_hunk" => ("review", Tone::Calls, format!("a hunk of {}'s was taken out", short(field("agent")))),
        "session_end" => ("ended", Tone::Plain, or_actor("agent").to_owned()),
        _ => return None,
    };
    // Machinery's own beads tell nobody anything when they are made or closed, nor does the close that a merge brings with it.
    let machinery = matches!(issue_type, "convoy" | "merge-request" | "message" | "molecule" | "escalation");
    let by_merge = event.kind == "closed" && event.actor.ends_with("/refinery");
    if matches!(event.kind.as_str(), "created" | "closed") && (title.is_empty() || machinery || by_merge) {
        return None;
    }
    if carries_escalation(event) {
        return None;
    }
    Some(FeedLine { seq: event.seq, at: event.ts, what: what.to_owned(), bead: event.bead.clone(), text, tone })
}

/// The words of a list in the event's facts.
fn words(event: &Event, name: &str) -> String {
    let list = event.payload.get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

/// The last part of an address.
fn short(address: &str) -> &str {
    address.trim_end_matches('/').rsplit('/').next().unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, payload: Value) -> Event {
        Event {
            seq: 1,
            ts: Timestamp::from_unix_nanos(0),
            kind: kind.to_owned(),
            actor: "shop/polecats/nux".to_owned(),
            bead: Some("sh-abcde".to_owned()),
            payload,
        }
    }

    #[test]
    fn events_are_told_in_words() {
        let line =
            tell(&event("merged", serde_json::json!({"commit": "9c1e2f0aaaaaaaa"})), "Cart totals", "task").unwrap();
        assert_eq!((line.what.as_str(), line.text.as_str()), ("merged", "Cart totals  9c1e2f0"));
        let line = tell(&event("hook", Value::Null), "Cart totals", "task").unwrap();
        assert_eq!(line.text, "nux on Cart totals");
        assert!(tell(&event("updated", Value::Null), "Cart totals", "task").is_none());
    }

    #[test]
    fn an_escalation_is_told_once() {
        let mail = |actor: &str, subject: &str| Event {
            actor: actor.to_owned(),
            ..event("mail", serde_json::json!({"to": "mayor/", "subject": subject}))
        };
        let told = |event: &Event| tell(event, "Out of disk", "message").is_some();
        assert!(!told(&mail("deacon", "[high] Out of disk")), "who is told of it stands with the escalation");
        assert!(told(&mail("deacon", "Convoy landed")) && told(&mail("mayor/", "[high] Out of disk")));
        assert!(tell(&event("created", Value::Null), "Out of disk", "escalation").is_none());
        assert!(tell(&event("escalation", Value::Null), "Out of disk", "escalation").is_some());
    }

    #[test]
    fn of_one_moment_the_most_telling_event_is_told() {
        let at = |seq: i64, seconds: i64, kind: &str| Event {
            seq,
            ts: Timestamp::from_unix_nanos(0).plus_seconds(seconds),
            ..event(kind, Value::Null)
        };
        let events = [
            at(1, 0, "reopened"),
            at(2, 0, "merge_failed"),
            at(3, 0, "escalation"),
            at(4, 0, "merged"),
            at(5, 9, "escalation"),
        ];
        assert_eq!(echoes(&events), HashSet::from([1, 3]));
    }
}
