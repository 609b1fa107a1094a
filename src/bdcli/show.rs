//! `bd show`: a bead with all that belongs to it.

use std::collections::BTreeSet;
use std::fmt::Write;

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::{Global, render};
use crate::base::report::Paint;
use crate::base::{Result, text};
use crate::ledger::codec::{self, Parts};
use crate::ledger::{Bead, Filter, Ledger};

/// Shows beads.
#[derive(Debug, Args)]
pub struct Show {
    /// Their ids, in full or in part; the last touched one when none is given
    ids: Vec<String>,
    /// One line each
    #[arg(long)]
    short: bool,
    /// Also every change since it was made
    #[arg(long)]
    history: bool,
    /// Also the beads whose texts name it
    #[arg(long)]
    refs: bool,
    /// The whole conversation it belongs to, oldest first
    #[arg(long)]
    thread: bool,
}

/// Everything that replies to the same beginning, oldest first.
fn conversation(ledger: &Ledger, id: &str) -> Result<Vec<Bead>> {
    let mut seen = BTreeSet::new();
    let mut open = vec![id.to_owned()];
    while let Some(id) = open.pop() {
        if seen.insert(id.clone()) {
            for down in [true, false] {
                let near = neighbours(ledger, &id, down)?;
                open.extend(near.into_iter().filter(|(_, kind)| kind == "replies-to").map(|(bead, _)| bead.id));
            }
        }
    }
    let mut beads = seen.iter().map(|id| ledger.get(id)).collect::<Result<Vec<_>>>()?;
    beads.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    Ok(beads)
}

/// The beads, deleted ones aside, of which a text names `id` as a word.
fn referring(ledger: &Ledger, id: &str) -> Result<Vec<Bead>> {
    let filter = Filter { text: Some(id.to_owned()), closed: true, ..Filter::default() };
    let mut found = ledger.list(&filter)?;
    let names = |text: &str| {
        text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
            .any(|word| word.trim_end_matches('.') == id)
    };
    found.retain(|bead| {
        bead.id != id && [&bead.title, &bead.description, &bead.design, &bead.notes].iter().any(|text| names(text))
    });
    Ok(found)
}

impl Show {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let paint = Paint::stdout();
        let mut out = Vec::new();
        let mut human = String::new();
        let mut ids = context.ids_or_last(&self.ids)?;
        if self.thread {
            let mut all = Vec::new();
            for id in &ids {
                all.extend(conversation(&context.ledger, id)?.into_iter().map(|bead| bead.id));
            }
            ids = all;
        }
        for id in ids {
            let bead = context.ledger.get(&id)?;
            if self.short {
                human += &(render::line(&bead, paint) + "\n");
                out.push(render::issue(&bead, Parts::LABELS).into());
                continue;
            }
            let mut value = full(&context.ledger, &bead)?;
            if !human.is_empty() {
                human.push('\n');
            }
            human += &page(&context.ledger, &bead, paint)?;
            if self.history {
                let events = context.ledger.events_of(&bead.id)?;
                human += &format!("\n{}\n", paint.bold("History"));
                for event in &events {
                    let when = event.ts.to_string();
                    let _ = writeln!(human, "  {} {} {}", paint.dim(&when), render::clean(&event.actor), event.kind);
                }
                value["history"] = serde_json::to_value(&events)?;
            }
            if self.refs {
                let found = referring(&context.ledger, &bead.id)?;
                human += &format!("\n{}\n", paint.bold("Named by"));
                human.extend(found.iter().map(|other| format!("  {}\n", render::line(other, paint))));
                value["referenced_by"] = render::issues(&found);
            }
            out.push(value);
        }
        render::print(context.output, Value::Array(out), human)
    }
}

/// Beads at the other end of a bead's edges, each with the edge's type.
pub fn neighbours(ledger: &Ledger, id: &str, down: bool) -> Result<Vec<(Bead, String)>> {
    let (own, other) = if down { ("issue", "depends_on") } else { ("depends_on", "issue") };
    let pairs: Vec<(String, String)> = {
        let mut statement = ledger
            .conn()
            .prepare_cached(&format!("SELECT {other}, type FROM deps WHERE {own} = ?1 ORDER BY created_at, {other}"))?;
        statement.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?
    };
    let mut found = Vec::new();
    for (id, kind) in pairs {
        if let Some(bead) = ledger.find(&id)? {
            found.push((bead, kind));
        }
    }
    Ok(found)
}

/// A bead with its labels and the type of the edge that leads to it.
pub fn neighbour(bead: &Bead, kind: &str) -> Value {
    let mut map = render::issue(bead, Parts::LABELS);
    map.insert("dependency_type".into(), kind.into());
    map.into()
}

fn full(ledger: &Ledger, bead: &Bead) -> Result<Value> {
    let mut map = render::issue(bead, Parts::LABELS);
    for (key, down) in [("dependencies", true), ("dependents", false)] {
        let edges = neighbours(ledger, &bead.id, down)?;
        if !edges.is_empty() {
            map.insert(key.into(), edges.iter().map(|(bead, kind)| neighbour(bead, kind)).collect());
        }
    }
    if !bead.comments.is_empty() {
        map.insert("comments".into(), bead.comments.iter().map(codec::comment_value).collect());
    }
    if let Some(parent) = bead.parent() {
        map.insert("parent".into(), json!(parent));
    }
    Ok(map.into())
}

fn page(ledger: &Ledger, bead: &Bead, paint: Paint) -> Result<String> {
    let mut out = format!("{} {}\n", paint.bold(&render::clean(&bead.id)), render::clean(&bead.title));
    let mut facts = vec![
        format!("{} {}", render::sign(bead, paint), bead.status),
        format!("P{}", bead.priority),
        render::clean(&bead.issue_type),
    ];
    if bead.blocked && !bead.status.is_done() {
        facts.push(format!("waits for {}", ledger.blockers(&bead.id)?.join(", ")));
    }
    if !bead.assignee.is_empty() {
        facts.push(format!("@{}", render::clean(&bead.assignee)));
    }
    if !bead.labels.is_empty() {
        facts.push(format!("[{}]", render::clean(&bead.labels.join(", "))));
    }
    if bead.ephemeral {
        facts.push("wisp".into());
    }
    let _ = writeln!(out, "{}", facts.join("  "));
    let by =
        if bead.created_by.is_empty() { String::new() } else { format!(" by {}", render::clean(&bead.created_by)) };
    let mut times = format!("made {}{by}, changed {}", render::ago(bead.created_at), render::ago(bead.updated_at));
    if let Some(closed) = bead.closed_at {
        let _ = write!(times, ", closed {}: {}", render::ago(closed), render::clean(&bead.close_reason));
    }
    if let Some(due) = bead.due_at {
        let _ = write!(times, ", due {due}");
    }
    if let Some(defer) = bead.defer_until {
        let _ = write!(times, ", put off until {defer}");
    }
    if let Some(reference) = &bead.external_ref {
        let _ = write!(times, ", {}", render::clean(reference));
    }
    let _ = writeln!(out, "{}", paint.dim(&times));
    for (heading, body) in [
        ("Description", &bead.description),
        ("Design", &bead.design),
        ("Acceptance", &bead.acceptance_criteria),
        ("Notes", &bead.notes),
    ] {
        if !body.is_empty() {
            let body = text::neutralise(body.trim_end(), false);
            let _ = write!(out, "\n{}\n{body}\n", paint.bold(heading));
        }
    }
    for (heading, down) in [("Depends on", true), ("Needed by", false)] {
        let edges = neighbours(ledger, &bead.id, down)?;
        if !edges.is_empty() {
            let _ = write!(out, "\n{}\n", paint.bold(heading));
        }
        for (other, kind) in edges {
            let _ = writeln!(out, "  {} {}", paint.dim(&format!("{kind:<12}")), render::line(&other, paint));
        }
    }
    if !bead.comments.is_empty() {
        let _ = write!(out, "\n{}\n", paint.bold("Comments"));
    }
    for comment in &bead.comments {
        let head = format!("{}, {}", render::clean(&comment.author), render::ago(comment.created_at));
        let _ = writeln!(out, "  {}", paint.dim(&head));
        for line in text::neutralise(&comment.text, false).lines() {
            let _ = writeln!(out, "  {line}");
        }
    }
    Ok(out)
}
