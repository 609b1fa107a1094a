//! `bd ready` and `blocked`: what can be worked on, and what can't yet.

use clap::Args;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::{Global, external, parse, render};
use crate::base::Result;
use crate::base::report::Paint;
use crate::formula::molecule::{self, StepState};
use crate::ledger::codec::Parts;
use crate::ledger::{Bead, Filter, ReadyFilter, ReadySort, Status};

/// Lists what can be worked on now.
#[derive(Debug, Args)]
pub struct Ready {
    /// At most so many; 0 for all
    #[arg(long, short = 'n', default_value_t = 10)]
    limit: usize,
    /// Only of this priority
    #[arg(long, short)]
    priority: Option<String>,
    /// Only assigned to them
    #[arg(long, short)]
    assignee: Option<String>,
    /// Only assigned to nobody
    #[arg(long, short)]
    unassigned: bool,
    /// Only with all of these labels
    #[arg(long, short, visible_alias = "labels", value_delimiter = ',')]
    label: Vec<String>,
    /// Only with any of these labels
    #[arg(long, value_delimiter = ',')]
    label_any: Vec<String>,
    /// Only of this type, even one that is not usually work
    #[arg(long = "type", short = 't', value_name = "TYPE")]
    kind: Option<String>,
    /// hybrid (the newest two days by priority, then the oldest), priority or oldest
    #[arg(long, short, default_value = "hybrid", value_parser = ["hybrid", "priority", "oldest"])]
    sort: String,
    /// Only below this bead
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
    /// Only with this molecule type
    #[arg(long, value_name = "TYPE")]
    mol_type: Option<String>,
    /// Also what was put off until later
    #[arg(long)]
    include_deferred: bool,
    /// The steps of this molecule that can be worked on, side by side
    #[arg(long, value_name = "ID", conflicts_with_all = ["gated", "parent"])]
    mol: Option<String>,
    /// Molecules that can go on because a gate has opened
    #[arg(long)]
    gated: bool,
    // Every list is for people unless it is JSON.
    #[arg(long, hide = true)]
    pretty: bool,
}

/// The steps of one molecule that can be worked on.
fn of_molecule(context: &Context, id: &str) -> Result<()> {
    let root = molecule::root_of(&context.ledger, id)?;
    let mol = molecule::load(&context.ledger, &root)?;
    let views = mol.views();
    let ready: Vec<&Bead> = views.iter().filter(|view| view.state == StepState::Ready).map(|view| &view.bead).collect();
    // Whatever is ready waits for nothing that is ready, so all of it can be done side by side.
    let group = if ready.len() > 1 { "group-1" } else { "" };
    let ids: Vec<&str> = ready.iter().map(|step| step.id.as_str()).collect();
    let steps = ready.iter().map(|step| {
        let others: Vec<&str> = ids.iter().copied().filter(|id| *id != step.id).collect();
        json!({
            "issue": render::issue(step, Parts::LABELS),
            "parallel_info": {"step_id": step.id, "status": "ready", "is_ready": true, "parallel_group": group,
                              "blocked_by": [], "can_parallel": others},
            "parallel_group": group,
        })
    });
    let groups = if group.is_empty() { json!({}) } else { json!({group: ids}) };
    let json = json!({
        "molecule_id": mol.root.id, "molecule_title": mol.root.title, "total_steps": mol.steps.len(),
        "ready_steps": ready.len(), "steps": steps.collect::<Value>(), "parallel_groups": groups,
    });
    let paint = Paint::stdout();
    let mut text = format!("{}\n", render::line(&mol.root, paint));
    text += &format!("{} of {} steps can be worked on", ready.len(), mol.steps.len());
    text += if ready.len() > 1 { ", side by side\n" } else { "\n" };
    text.extend(ready.iter().map(|step| format!("  {}\n", render::line(step, paint))));
    render::print(context.output, json, text)
}

/// Molecules of which a gate has opened and nobody has taken up the step behind it.
fn gated(context: &Context) -> Result<()> {
    let paint = Paint::stdout();
    let (mut out, mut text) = (Vec::new(), String::new());
    for found in molecule::opened(&context.ledger)? {
        text += &format!("{}\n", render::line(&found.molecule, paint));
        text += &format!(
            "  open    {}\n  go on   {}\n",
            render::line(&found.gate, paint),
            render::line(&found.step, paint)
        );
        out.push(json!({
            "molecule_id": found.molecule.id, "molecule_title": found.molecule.title,
            "closed_gate": render::issue(&found.gate, Parts::LABELS),
            "ready_step": render::issue(&found.step, Parts::LABELS),
        }));
    }
    if out.is_empty() {
        text = "No gate has opened that anybody would have to follow.\n".into();
    }
    let count = out.len();
    render::print(context.output, json!({"molecules": out, "count": count}), text)
}

impl Ready {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        if let Some(id) = &self.mol {
            return of_molecule(&context, id);
        }
        if self.gated {
            return gated(&context);
        }
        let filter = ReadyFilter {
            priority: self.priority.as_deref().map(parse::priority).transpose()?,
            assignee: self.assignee,
            unassigned: self.unassigned,
            labels: self.label,
            labels_any: self.label_any,
            issue_type: self.kind.as_deref().map(parse::issue_type),
            parent: self.parent,
            store: global.rig.clone(),
            mol_type: self.mol_type,
            missing: external::missing(&context)?,
            include_deferred: self.include_deferred,
            sort: match self.sort.as_str() {
                "priority" => ReadySort::Priority,
                "oldest" => ReadySort::Oldest,
                _ => ReadySort::Hybrid,
            },
            limit: (self.limit > 0).then_some(self.limit),
        };
        let beads = context.ledger.ready(&filter)?;
        let mut text = render::lines(&beads, "Nothing is ready.");
        if filter.limit == Some(beads.len()) {
            text += &Paint::stdout().dim(&format!("The first {}; --limit 0 shows all.\n", beads.len()));
        }
        render::print(context.output, render::issues(&beads), text)
    }
}

/// Lists what waits for something else.
#[derive(Debug, Args)]
pub struct Blocked {
    /// Only direct parts of this bead
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
    /// At most so many; 0 for all
    #[arg(long, short = 'n', default_value_t = 0)]
    limit: usize,
}

impl Blocked {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let limit = (self.limit > 0).then_some(self.limit);
        let base = Filter { parent: self.parent, store: global.rig.clone(), limit, ..Filter::default() };
        let mut beads = context.ledger.list(&Filter { blocked: Some(true), ..base.clone() })?;
        let by_hand = vec![Status::Blocked, Status::Deferred];
        let left = base.limit.map(|limit| limit.saturating_sub(beads.len()));
        let others = context.ledger.list(&Filter { statuses: by_hand, blocked: Some(false), limit: left, ..base })?;
        beads.extend(others);
        let paint = Paint::stdout();
        let (mut out, mut text) = (Vec::new(), String::new());
        for (bead, blockers) in beads.iter().zip(context.ledger.blockers_of(&beads)?) {
            // Much of a ledger may be blocked: only the form that is asked for is made.
            if !context.output.json {
                text += &render::line(bead, paint);
                if !blockers.is_empty() {
                    text += &paint.dim(&format!("  waits for {}", blockers.join(", ")));
                }
                text.push('\n');
                continue;
            }
            let mut map: Map<String, Value> = render::issue(bead, Parts::LABELS);
            map.insert("blocked_by_count".into(), blockers.len().into());
            map.insert("blocked_by".into(), blockers.into());
            out.push(Value::Object(map));
        }
        if beads.is_empty() {
            text += "Nothing waits.\n";
        }
        render::print(context.output, Value::Array(out), text)
    }
}
