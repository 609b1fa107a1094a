//! `bd undo`: takes back the last change that this actor made.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::{Global, render};
use crate::base::{Error, Result};
use crate::ledger::{Event, Patch, Status, Tx};

/// The changes that can be taken back.
const KINDS: [&str; 8] =
    ["created", "updated", "closed", "reopened", "label_added", "label_removed", "dep_added", "dep_removed"];
/// How far back the last change is looked for.
const DEPTH: usize = 2_000;

/// Takes back your last change, unless the bead has changed since; that is a change of its own.
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
        let event = last(&context)?;
        let id = event.bead.clone().unwrap_or_default();
        let what = format!("{} of {id}, {}", event.kind, render::ago(event.ts));
        let json = json!({"bead": id, "kind": event.kind, "seq": event.seq, "dry_run": self.dry_run});
        if self.dry_run {
            return render::print(context.output, json, format!("Would take back: {what}\n"));
        }
        context.write(|tx| {
            let first = newest(tx)?;
            take_back(tx, &event, &id)?;
            let made: Vec<i64> = (first + 1..=newest(tx)?).collect();
            tx.event("undone", Some(&id), json!({"seq": event.seq, "kind": event.kind, "made": made}))
        })?;
        render::print_change(context.output, json, format!("Took back: {what}\n"))
    }
}

fn newest(tx: &Tx<'_>) -> Result<i64> {
    Ok(tx.conn().query_row("SELECT coalesce(max(seq), 0) FROM events", [], |row| row.get(0))?)
}

/// The newest change of this actor that was not taken back; refused when its bead has changed since.
fn last(context: &Context) -> Result<Event> {
    let mut settled = BTreeSet::new();
    let mut later = BTreeSet::new();
    for event in context.ledger.recent_events(DEPTH)?.into_iter().rev() {
        if event.kind == "undone" {
            settled.extend(event.payload["seq"].as_i64());
            settled.extend(event.payload["made"].as_array().into_iter().flatten().filter_map(Value::as_i64));
            continue;
        }
        let Some(bead) = &event.bead else { continue };
        if settled.contains(&event.seq) {
            continue;
        }
        if event.actor != context.actor || !KINDS.contains(&event.kind.as_str()) {
            later.insert(bead.clone());
            continue;
        }
        if later.contains(bead) {
            return Err(Error::refused(format!("{bead} has changed since you {} it", event.kind))
                .hint(format!("bd show {bead} --history")));
        }
        return Ok(event);
    }
    Err(Error::not_found(format!("no change of {} to take back", context.actor)).hint("gt audit shows who did what"))
}

fn take_back(tx: &mut Tx<'_>, event: &Event, id: &str) -> Result<()> {
    let text = |key: &str| event.payload[key].as_str().unwrap_or_default().to_owned();
    match event.kind.as_str() {
        "created" => {
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
            for kind in text("type").split(',').filter(|kind| !kind.is_empty()) {
                tx.add_dep(id, &text("depends_on"), kind)?;
            }
        }
        _ => {
            let part = |key: &str| event.payload[key].as_object().cloned().unwrap_or_default();
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
