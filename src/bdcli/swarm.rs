//! `bd swarm`: an epic whose parts several workers do side by side.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::context::Context;
use super::{Global, render};
use crate::base::report::Paint;
use crate::base::{Error, Result};
use crate::ledger::{Bead, Filter, Ledger, NewBead, NewDep, Status, dep_type};

/// What says that a molecule is a swarm.
const SWARM: &str = "swarm";

/// Looks at epics as work for several at once.
#[derive(Debug, Args)]
pub struct Swarm {
    #[command(subcommand)]
    command: Command,
}

/// What `bd swarm` can do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Write down that an epic is worked on by several
    Create {
        /// The epic
        epic: String,
        /// Who keeps an eye on it
        #[arg(long, default_value = "")]
        coordinator: String,
    },
    /// Show what of an epic is done, in work, ready and blocked
    Status {
        /// The epic, or its swarm
        id: String,
    },
    /// List the swarms
    List,
    /// Show in which order the parts of an epic can be worked on, and how many at once
    Validate {
        /// The epic
        epic: String,
    },
}

impl Swarm {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        match self.command {
            Command::Create { epic, coordinator } => create(&mut context, &epic, &coordinator),
            Command::Status { id } => status(&context, &id),
            Command::List => list(&context),
            Command::Validate { epic } => validate(&context, &epic),
        }
    }
}

/// Everything that is work below a bead.
fn parts(ledger: &Ledger, id: &str) -> Result<Vec<Bead>> {
    let (mut found, mut seen, mut open) = (Vec::new(), HashSet::from([id.to_owned()]), vec![id.to_owned()]);
    while let Some(parent) = open.pop() {
        let filter = Filter { parent: Some(parent), closed: true, not_types: vec!["gate".into()], ..Filter::default() };
        for part in ledger.list_whole(&filter)? {
            if seen.insert(part.id.clone()) {
                open.push(part.id.clone());
                found.push(part);
            }
        }
    }
    // A part that has parts of its own is done when they are.
    let wholes: HashSet<String> = found.iter().filter_map(|part| part.parent().map(str::to_owned)).collect();
    found.retain(|part| !wholes.contains(&part.id));
    found.sort_by_key(|part| (part.priority, part.created_at, part.id.clone()));
    Ok(found)
}

/// The epic that a swarm is for; an epic is its own.
fn epic_of(ledger: &Ledger, id: &str) -> Result<Bead> {
    let bead = ledger.get(id)?;
    let linked = bead.dependencies.iter().find(|dep| dep.dep_type == dep_type::RELATES_TO);
    match linked {
        Some(dep) if is_swarm(&bead) => ledger.get(&dep.depends_on_id),
        _ => Ok(bead),
    }
}

fn is_swarm(bead: &Bead) -> bool {
    bead.extra.get("mol_type").and_then(Value::as_str) == Some(SWARM)
}

fn create(context: &mut Context, epic: &str, coordinator: &str) -> Result<()> {
    let epic = context.ledger.get(epic)?;
    if let Some(known) = swarms(&context.ledger)?.into_iter().find(|(_, of)| of.as_ref() == Some(&epic.id)) {
        return Err(Error::refused(format!("{} is the swarm of {} already", known.0.id, epic.id))
            .hint(format!("bd swarm status {}", epic.id)));
    }
    let mut extra = serde_json::Map::new();
    extra.insert("mol_type".into(), SWARM.into());
    let new = NewBead {
        title: format!("Swarm: {}", epic.title).chars().take(200).collect(),
        issue_type: "molecule".into(),
        assignee: coordinator.to_owned(),
        deps: vec![NewDep::new(epic.id.clone(), dep_type::RELATES_TO)],
        extra,
        ..NewBead::default()
    };
    let store = epic.store.clone();
    let bead = context.write(|tx| tx.create(&store, new))?;
    let json = json!({"swarm_id": bead.id, "epic_id": epic.id, "epic_title": epic.title, "coordinator": coordinator});
    render::print_change(context.output, json, format!("Created {}\n", render::line(&bead, Paint::stdout())))
}

fn swarms(ledger: &Ledger) -> Result<Vec<(Bead, Option<String>)>> {
    let filter = Filter { mol_type: Some(SWARM.into()), ..Filter::default() };
    let epic = |bead: &Bead| {
        let linked = bead.dependencies.iter().find(|dep| dep.dep_type == dep_type::RELATES_TO);
        linked.map(|dep| dep.depends_on_id.clone())
    };
    Ok(ledger
        .list_whole(&filter)?
        .into_iter()
        .map(|bead| (epic(&bead), bead))
        .map(|(epic, bead)| (bead, epic))
        .collect())
}

fn percent(done: usize, all: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "shown to people")]
    let percent = if all == 0 { 0.0 } else { done as f64 * 100.0 / all as f64 };
    percent
}

fn list(context: &Context) -> Result<()> {
    let (mut rows, mut text) = (Vec::new(), String::new());
    for (swarm, epic) in swarms(&context.ledger)? {
        let parts = epic.as_deref().map(|epic| parts(&context.ledger, epic)).transpose()?.unwrap_or_default();
        let done = parts.iter().filter(|part| part.status.is_done()).count();
        let title = epic.as_deref().map(|epic| context.ledger.get(epic)).transpose()?.map(|epic| epic.title);
        text += &format!("{}  {done} of {}\n", render::line(&swarm, Paint::stdout()), parts.len());
        rows.push(json!({
            "id": swarm.id, "title": swarm.title, "epic_id": epic, "epic_title": title, "status": swarm.status.as_str(),
            "coordinator": swarm.assignee, "total_issues": parts.len(), "completed_issues": done,
            "progress_percent": percent(done, parts.len()),
        }));
    }
    if rows.is_empty() {
        text = "No swarms\n".into();
    }
    render::print(context.output, json!({"swarms": rows, "count": rows.len()}), text)
}

fn status(context: &Context, id: &str) -> Result<()> {
    let epic = epic_of(&context.ledger, id)?;
    let parts = parts(&context.ledger, &epic.id)?;
    let blockers = context.ledger.blockers_of(&parts)?;
    let mut groups: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let mut lines: BTreeMap<&str, String> = BTreeMap::new();
    for (part, blockers) in parts.iter().zip(&blockers) {
        let group = match part.status {
            Status::Closed | Status::Tombstone => "completed",
            Status::InProgress | Status::Hooked => "active",
            Status::Open if !part.blocked => "ready",
            _ => "blocked",
        };
        let mut row = json!({"id": part.id, "title": part.title, "status": part.status.as_str()});
        for (key, value) in [
            ("assignee", Value::from(part.assignee.as_str())),
            ("closed_at", part.closed_at.map(|time| time.to_string()).unwrap_or_default().into()),
            ("blocked_by", json!(blockers)),
        ] {
            if value != "" && value != json!([]) {
                row[key] = value;
            }
        }
        groups.entry(group).or_default().push(row);
        *lines.entry(group).or_default() += &format!("  {}\n", render::line(part, Paint::stdout()));
    }
    let count = |group: &str| groups.get(group).map_or(0, Vec::len);
    let progress = percent(count("completed"), parts.len());
    let mut text = format!("{}\n{progress:.0} % of {} parts\n", render::line(&epic, Paint::stdout()), parts.len());
    for (group, heading) in [("active", "In work"), ("ready", "Ready"), ("blocked", "Blocked"), ("completed", "Done")] {
        if let Some(lines) = lines.get(group) {
            text += &format!("{heading}\n{lines}");
        }
    }
    let list = |group: &str| groups.get(group).cloned().unwrap_or_default();
    let json = json!({
        "epic_id": epic.id, "epic_title": epic.title, "total_issues": parts.len(), "completed": list("completed"),
        "active": list("active"), "ready": list("ready"), "blocked": list("blocked"), "progress_percent": progress,
        "active_count": count("active"), "ready_count": count("ready"), "blocked_count": count("blocked"),
    });
    render::print(context.output, json, text)
}

/// In waves: all of one can be worked on side by side once those before are done.
fn validate(context: &Context, id: &str) -> Result<()> {
    let epic = context.ledger.get(id)?;
    let parts = parts(&context.ledger, &epic.id)?;
    let open: HashMap<&str, &Bead> =
        parts.iter().filter(|part| !part.status.is_done()).map(|part| (part.id.as_str(), part)).collect();
    let mut warnings = Vec::new();
    let mut needs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (id, part) in &open {
        let inside = needs.entry(id).or_default();
        for dep in part.dependencies.iter().filter(|dep| dep.dep_type == dep_type::BLOCKS) {
            if open.contains_key(dep.depends_on_id.as_str()) {
                inside.insert(&dep.depends_on_id);
            } else if let Some(other) = context.ledger.find(&dep.depends_on_id)?
                && !other.status.is_done()
                && other.id != epic.id
            {
                warnings.push(format!("{id} waits for {}, which is no part of {}", other.id, epic.id));
            }
        }
    }
    if parts.is_empty() {
        warnings.push(format!("{} has no parts", epic.id));
    }
    let mut waves: Vec<Vec<&str>> = Vec::new();
    while !needs.is_empty() {
        let wave: Vec<&str> = needs.iter().filter(|(_, needs)| needs.is_empty()).map(|(id, _)| *id).collect();
        if wave.is_empty() {
            break;
        }
        for id in &wave {
            needs.remove(id);
        }
        needs.values_mut().for_each(|needs| needs.retain(|id| !wave.contains(id)));
        waves.push(wave);
    }
    let errors: Vec<String> = needs.keys().map(|id| format!("{id} waits for itself, by way of others")).collect();
    let widest = waves.iter().map(Vec::len).max().unwrap_or(0);
    let fronts: Vec<Value> =
        waves.iter().enumerate().map(|(wave, ids)| json!({"wave": wave + 1, "issues": ids})).collect();
    let mut text = format!("{}\n{} at once at most\n", render::line(&epic, Paint::stdout()), widest);
    for (wave, ids) in waves.iter().enumerate() {
        text += &format!("  wave {}: {}\n", wave + 1, ids.join(", "));
    }
    text.extend(warnings.iter().chain(&errors).map(|what| format!("  ! {}\n", render::clean(what))));
    let json = json!({
        "epic_id": epic.id, "epic_title": epic.title, "total_issues": parts.len(),
        "closed_issues": parts.len() - open.len(), "ready_fronts": fronts, "max_parallelism": widest,
        "warnings": warnings, "errors": errors, "swarmable": errors.is_empty() && !open.is_empty(),
    });
    render::print(context.output, json, text)
}
