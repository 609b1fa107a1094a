//! `bd undo`: takes back the last change that this actor made.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::{Global, render};
use crate::base::{Error, Result};
use crate::ledger::{Event, Patch, Status, Tx, kept_comment, kept_dependencies};

/// The changes that can be taken back.
const KINDS: [&str; 13] = [
    "created",
    "updated",
    "closed",
    "reopened",
    "label_added",
    "label_removed",
    "dep_added",
    "dep_removed",
    "commented",
    "comment_removed",
    "deleted",
    "purged",
    "restored",
];
/// What only says something about changes beside it.
const WORDS: [&str; 5] = ["convoy_landed", "gate_resolved", "poured", "squashed", "mol_continued"];
/// How far back the last change is looked for.
const DEPTH: usize = 2_000;
/// Changes of one command beyond which it is not taken back: who made so much does not see any more what goes.
const MOST: usize = 20_000;

/// Takes back the last thing you did, whole: what one command changed, unless a bead has changed since. That is a change of its own.
#[derive(Debug, Args)]
pub struct Undo {
    /// Only show what would be taken back
    #[arg(long)]
    dry_run: bool,
}

impl Undo {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let (event, together) = last(&context)?;
        let id = event.bead.clone().unwrap_or_default();
        let mut beads: Vec<&str> = together.iter().filter_map(|event| event.bead.as_deref()).collect();
        beads.sort_unstable();
        beads.dedup();
        let others = if beads.len() > 1 { format!(" and of {} more beads", beads.len() - 1) } else { String::new() };
        let what = format!("{} of {id}{others}, {}", event.kind, render::ago(event.ts));
        let changes: Value = together.iter().map(|e| json!({"seq": e.seq, "kind": e.kind, "bead": e.bead})).collect();
        let json =
            json!({"bead": id, "kind": event.kind, "seq": event.seq, "dry_run": self.dry_run, "changes": changes});
        if self.dry_run {
            return render::print(context.output, json, format!("Would take back: {what}\n"));
        }
        let range = [together.first().map_or(event.seq, |e| e.seq), together.last().map_or(event.seq, |e| e.seq)];
        context.write(|tx| {
            let first = newest(tx)?;
            for event in together.iter().rev() {
                if let Some(id) = event.bead.as_deref().filter(|_| KINDS.contains(&event.kind.as_str())) {
                    take_back(tx, event, id)?;
                }
            }
            let payload =
                json!({"seq": event.seq, "kind": event.kind, "range": range, "made_range": [first + 1, newest(tx)?]});
            tx.event("undone", Some(&id), payload)
        })?;
        render::print_change(context.output, json, format!("Took back: {what}\n"))
    }
}

fn newest(tx: &Tx<'_>) -> Result<i64> {
    Ok(tx.conn().query_row("SELECT coalesce(max(seq), 0) FROM events", [], |row| row.get(0))?)
}

/// Which entries of the history were taken back, or were made by taking back.
#[derive(Default)]
struct Settled {
    single: BTreeSet<i64>,
    ranges: Vec<(i64, i64)>,
}

impl Settled {
    fn learn(&mut self, payload: &Value) {
        self.single.extend(payload["seq"].as_i64());
        self.single.extend(payload["made"].as_array().into_iter().flatten().filter_map(Value::as_i64));
        for key in ["range", "made_range"] {
            if let (Some(from), Some(to)) = (payload[key][0].as_i64(), payload[key][1].as_i64()) {
                self.ranges.push((from, to));
            }
        }
    }

    fn holds(&self, seq: i64) -> bool {
        self.single.contains(&seq) || self.ranges.iter().any(|(from, to)| (*from..=*to).contains(&seq))
    }
}

/// The newest change of this actor that was not taken back, with all that happened in the same transaction; refused when one of their
/// beads has changed since.
fn last(context: &Context) -> Result<(Event, Vec<Event>)> {
    let mut settled = Settled::default();
    let mut later = BTreeSet::new();
    for event in context.ledger.recent_events(DEPTH)?.into_iter().rev() {
        if event.kind == "undone" {
            settled.learn(&event.payload);
            continue;
        }
        let Some(bead) = &event.bead else { continue };
        if settled.holds(event.seq) {
            continue;
        }
        if event.actor != context.actor || !KINDS.contains(&event.kind.as_str()) {
            if !WORDS.contains(&event.kind.as_str()) {
                later.insert(bead.clone());
            }
            continue;
        }
        let together = transaction(context, &event)?;
        if let Some(other) = together.iter().find(|e| {
            let kind = e.kind.as_str();
            !KINDS.contains(&kind) && !WORDS.contains(&kind)
        }) {
            return Err(Error::refused(format!(
                "the change of {bead} belongs to more than the ledger: {}",
                other.kind
            ))
            .hint(
                "take it back with the command that undoes it, such as gt unsling; bd update changes single fields",
            ));
        }
        if let Some(changed) = together.iter().filter_map(|e| e.bead.as_ref()).find(|id| later.contains(*id)) {
            return Err(Error::refused(format!("{changed} has changed since you {} {bead}", past(&event.kind)))
                .hint(format!("bd show {changed} --history")));
        }
        return Ok((event, together));
    }
    Err(Error::not_found(format!("no change of {} to take back", context.actor)).hint("gt audit shows who did what"))
}

fn past(kind: &str) -> &str {
    match kind {
        "label_added" | "label_removed" => "labelled",
        "dep_added" | "dep_removed" => "linked",
        "commented" | "comment_removed" => "remarked on",
        "purged" => "deleted",
        kind => kind,
    }
}

/// What was written in one transaction with `event`: entries in a row, of one actor and one moment.
fn transaction(context: &Context, event: &Event) -> Result<Vec<Event>> {
    let ts = event.ts.to_string();
    let before: i64 = context.ledger.conn().query_row(
        "SELECT coalesce(max(seq), 0) FROM events WHERE seq < ?1 AND (ts <> ?2 OR actor <> ?3)",
        rusqlite::params![event.seq, ts, event.actor],
        |row| row.get(0),
    )?;
    let mut events = context.ledger.events_since(before, MOST + 1)?;
    events.retain(|e| e.ts == event.ts && e.actor == event.actor);
    if events.len() > MOST || events.iter().any(|e| e.kind == "created_many") {
        return Err(Error::refused("your last change made or changed more beads than can be taken back at once")
            .hint("a molecule goes with: bd mol burn <id> --force"));
    }
    Ok(events)
}

fn take_back(tx: &mut Tx<'_>, event: &Event, id: &str) -> Result<()> {
    let text = |key: &str| event.payload[key].as_str().unwrap_or_default().to_owned();
    let part = |key: &str| event.payload[key].as_object().cloned().unwrap_or_default();
    match event.kind.as_str() {
        "created" | "restored" => {
            tx.delete(id, "undo")?;
        }
        "label_added" => {
            tx.remove_label(id, &text("label"))?;
        }
        "label_removed" => {
            tx.add_label(id, &text("label"))?;
        }
        "dep_added" => {
            tx.remove_dep(id, &text("depends_on"), Some(text("type").as_str()).filter(|kind| !kind.is_empty()))?;
        }
        "dep_removed" => {
            let kept = kept_dependencies(id, &event.payload);
            for dep in &kept {
                tx.restore_dep(dep)?;
            }
            // Older entries name the types only.
            for kind in text("type").split(',').filter(|kind| kept.is_empty() && !kind.is_empty()) {
                tx.add_dep(id, &text("depends_on"), kind)?;
            }
        }
        "commented" => {
            let (author, said) = (text("author"), text("text"));
            let bead = tx.get(id)?;
            let comment = bead.comments.iter().rev().find(|c| c.author == author && c.text == said);
            if let Some(comment) = comment {
                tx.remove_comment(id, comment.id)?;
            }
        }
        "comment_removed" => {
            if let Some(comment) = kept_comment(id, &event.payload) {
                tx.restore_comment(id, &comment)?;
            }
        }
        "deleted" => {
            let status = part("before").get("status").and_then(Value::as_str).unwrap_or_default().to_owned();
            tx.undelete(id, Status::from(status.as_str()))?;
        }
        "purged" => {
            let store = event.payload["store"].as_str().unwrap_or_default();
            tx.unpurge(part("before"), store)?;
        }
        _ => {
            tx.update(id, &patch(&part("before"), &part("after"))?)?;
        }
    }
    Ok(())
}

/// What turns `after` into `before`.
fn patch(before: &Map<String, Value>, after: &Map<String, Value>) -> Result<Patch> {
    let mut patch = Patch::default();
    for key in before.keys().chain(after.keys().filter(|key| !before.contains_key(*key))) {
        let value = before.get(key);
        let text = || Some(value.and_then(Value::as_str).unwrap_or_default().to_owned());
        let time = || Ok::<_, Error>(Some(value.and_then(Value::as_str).map(str::parse).transpose()?));
        match key.as_str() {
            "title" => patch.title = text(),
            "description" => patch.description = text(),
            "design" => patch.design = text(),
            "acceptance_criteria" => patch.acceptance_criteria = text(),
            "notes" => patch.notes = text(),
            "status" => patch.status = Some(Status::from(text().unwrap_or_default().as_str())),
            "priority" => patch.priority = value.and_then(Value::as_u64).and_then(|n| u8::try_from(n).ok()),
            "issue_type" => patch.issue_type = text(),
            "assignee" => patch.assignee = text(),
            "owner" => patch.owner = text(),
            "close_reason" => patch.close_reason = text(),
            "external_ref" => patch.external_ref = Some(value.and_then(Value::as_str).map(str::to_owned)),
            "estimated_minutes" => patch.estimated_minutes = Some(value.and_then(Value::as_i64)),
            "due_at" => patch.due_at = time()?,
            "defer_until" => patch.defer_until = time()?,
            "pinned" => patch.pinned = Some(value == Some(&Value::Bool(true))),
            "ephemeral" => patch.ephemeral = Some(value == Some(&Value::Bool(true))),
            "await_id" => patch.await_id = text(),
            "waiters" => {
                let all = value.and_then(Value::as_array).into_iter().flatten();
                patch.waiters = Some(all.filter_map(|w| w.as_str().map(str::to_owned)).collect());
            }
            // It follows from the status.
            "closed_at" => {}
            other => {
                patch.extra.insert(other.to_owned(), value.cloned().unwrap_or(Value::Null));
            }
        }
    }
    Ok(patch)
}
