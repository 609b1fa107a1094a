//! `bd mol list`, `show`, `current`, `progress` and `stale`.

use clap::Args;
use serde_json::{Value, json};

use super::super::context::Context;
use super::super::{Global, render};
use crate::base::report::Paint;
use crate::base::{Error, Result};
use crate::formula::molecule::{self, Molecule, StepState, StepView};
use crate::ledger::codec::{self, Parts};

/// From so many steps on, only a window of them is shown unless a range is asked for.
const MANY: usize = 50;

/// Lists molecules.
#[derive(Debug, Args)]
pub struct List {
    /// Finished ones too
    #[arg(long, short)]
    all: bool,
}

impl List {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let found = molecule::list(&context.ledger, self.all)?;
        let paint = Paint::stdout();
        let mut text: String = found
            .iter()
            .map(|mol| {
                let who = if mol.assignee.is_empty() {
                    String::new()
                } else {
                    paint.dim(&format!(" @{}", render::clean(&mol.assignee)))
                };
                let wisp = if mol.ephemeral { paint.dim(" (wisp)") } else { String::new() };
                let (done, total) = (mol.completed, mol.total);
                format!(
                    "{done:>4}/{total:<4} {} {}{who}{wisp}\n",
                    paint.bold(&render::clean(&mol.id)),
                    render::clean(&mol.title)
                )
            })
            .collect();
        if found.is_empty() {
            text.push_str("No molecules; make one with: bd mol pour <formula>\n");
        }
        render::print(context.output, serde_json::to_value(&found)?, text)
    }
}

/// Shows a molecule with its steps.
#[derive(Debug, Args)]
pub struct Show {
    /// Its root
    id: String,
    /// Also show which steps can be worked on side by side
    #[arg(long, short)]
    parallel: bool,
}

fn sign(state: StepState, paint: Paint) -> String {
    match state {
        StepState::Done => paint.green("✓"),
        StepState::Current => paint.yellow("◐"),
        StepState::Ready => "○".into(),
        StepState::Blocked => paint.red("●"),
        StepState::Pending => paint.dim("·"),
    }
}

fn depth(mol: &Molecule, view: &StepView) -> usize {
    let mut depth = 0;
    let mut at = view.bead.parent();
    while let Some(parent) = at.filter(|parent| *parent != mol.root.id && depth < 20) {
        depth += 1;
        at = mol.steps.iter().find(|step| step.id == parent).and_then(|step| step.parent());
    }
    depth
}

fn step_line(view: &StepView, depth: usize, paint: Paint) -> String {
    let bead = &view.bead;
    let who = if bead.assignee.is_empty() {
        String::new()
    } else {
        paint.dim(&format!(" @{}", render::clean(&bead.assignee)))
    };
    let indent = "  ".repeat(depth);
    format!("  {indent}{} {} {}{who}\n", sign(view.state, paint), paint.bold(&bead.id), render::clean(&bead.title))
}

impl Show {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let mol = molecule::load(&context.ledger, &self.id)?;
        let views = mol.views();
        let paint = Paint::stdout();
        let mut text = format!("{}\n", render::line(&mol.root, paint));
        // The indent is looked up step by step, which only a molecule that a person can read is worth.
        let indent = views.len() <= 2_000;
        for view in &views {
            let depth = if indent { depth(&mol, view) } else { 0 };
            text.push_str(&step_line(view, depth, paint));
        }
        let all: Vec<&crate::ledger::Bead> = std::iter::once(&mol.root).chain(&mol.steps).collect();
        let dependencies: Value = all.iter().flat_map(|bead| &bead.dependencies).map(codec::dependency_value).collect();
        let bonded = mol.bonded_from();
        let mut json = json!({
            "root": render::issue(&mol.root, Parts::LABELS),
            "issues": all.iter().map(|bead| Value::from(render::issue(bead, Parts::LABELS))).collect::<Value>(),
            "dependencies": dependencies,
            "variables": mol.variables(),
            "is_compound": !bonded.is_empty(),
            "bonded_from": bonded,
        });
        if self.parallel {
            let ready: Vec<&StepView> = views.iter().filter(|view| view.state == StepState::Ready).collect();
            json["parallel_groups"] = json!([ready.iter().map(|view| view.bead.id.as_str()).collect::<Vec<_>>()]);
            text.push_str("\nSide by side:\n");
            ready.iter().for_each(|view| text.push_str(&step_line(view, 0, paint)));
        }
        render::print(context.output, json, text)
    }
}

/// Shows where an agent is in its molecules.
#[derive(Debug, Args)]
pub struct Current {
    /// A molecule, or a step of one; yours when none is given
    id: Option<String>,
    /// Whose molecules
    #[arg(long = "for", value_name = "AGENT")]
    agent: Option<String>,
    /// At most so many steps
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Steps from and to these numbers: 10-20
    #[arg(long, value_name = "FROM-TO")]
    range: Option<String>,
}

impl Current {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let agent = self.agent.clone().unwrap_or_else(|| context.actor.clone());
        let roots = match &self.id {
            Some(id) => vec![molecule::root_of(&context.ledger, id)?],
            None => molecule::of_agent(&context.ledger, &agent)?,
        };
        let range = self.range.as_deref().map(parse_range).transpose()?;
        let paint = Paint::stdout();
        let mut out = Vec::new();
        let mut text = String::new();
        for root in roots {
            let mol = molecule::load(&context.ledger, &root)?;
            let views = mol.views();
            let done = views.iter().filter(|view| view.state == StepState::Done).count();
            let at = views.iter().position(|view| view.state == StepState::Current);
            let next = views.iter().position(|view| view.state == StepState::Ready);
            let shown = match (range, self.limit) {
                (Some((from, to)), _) => from.min(views.len())..to.min(views.len()),
                (None, Some(limit)) => window(views.len(), at.or(next), limit),
                (None, None) => window(views.len(), at.or(next), MANY),
            };
            text.push_str(&format!("{} {done}/{} done\n", render::line(&mol.root, paint), views.len()));
            if shown.start > 0 {
                text.push_str(&paint.dim(&format!("  ... {} before\n", shown.start)));
            }
            views[shown.clone()].iter().for_each(|view| text.push_str(&step_line(view, 0, paint)));
            if shown.end < views.len() {
                text.push_str(&paint.dim(&format!("  ... {} after\n", views.len() - shown.end)));
            }
            let step = |index: Option<usize>| index.map(|index| render::issue(&views[index].bead, Parts::LABELS));
            let mut json = json!({"molecule_id": mol.root.id, "molecule_title": mol.root.title});
            if !mol.root.assignee.is_empty() {
                json["assignee"] = mol.root.assignee.as_str().into();
            }
            if let Some(step) = step(at) {
                json["current_step"] = step.into();
            }
            if let Some(step) = step(next) {
                json["next_step"] = step.into();
            }
            let steps = views[shown].iter().map(|view| {
                let current = view.state == StepState::Current;
                json!({"issue": render::issue(&view.bead, Parts::LABELS), "status": view.state, "is_current": current})
            });
            json["steps"] = steps.collect();
            json["completed"] = done.into();
            json["total"] = views.len().into();
            out.push(json);
        }
        if out.is_empty() {
            text = format!("No molecule is assigned to {}; bd mol list shows all\n", render::clean(&agent));
        }
        render::print(context.output, Value::Array(out), text)
    }
}

fn parse_range(text: &str) -> Result<(usize, usize)> {
    let bounds = text
        .split_once('-')
        .and_then(|(from, to)| Some((from.trim().parse::<usize>().ok()?, to.trim().parse::<usize>().ok()?)));
    match bounds {
        Some((from, to)) if from >= 1 && to >= from => Ok((from - 1, to)),
        _ => Err(Error::usage(format!("not a range of steps: {text:?}")).hint("write 10-20")),
    }
}

/// At most `limit` steps around `at`.
fn window(count: usize, at: Option<usize>, limit: usize) -> std::ops::Range<usize> {
    if count <= limit {
        return 0..count;
    }
    let start = at.unwrap_or(0).saturating_sub(limit / 3).min(count - limit);
    start..start + limit
}

/// Shows how far a molecule is.
#[derive(Debug, Args)]
pub struct ProgressArgs {
    /// A molecule, or a step of one; yours when none is given
    id: Option<String>,
}

impl ProgressArgs {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let id = match &self.id {
            Some(id) => molecule::root_of(&context.ledger, id)?,
            None => molecule::of_agent(&context.ledger, &context.actor)?.into_iter().next().ok_or_else(|| {
                Error::not_found(format!("no molecule is assigned to {}", context.actor)).hint("bd mol list shows all")
            })?,
        };
        let progress = molecule::progress(&context.ledger, &id)?;
        let text = format!(
            "{} {}: {}/{} steps ({:.0} %){}\n",
            Paint::stdout().bold(&progress.molecule_id),
            render::clean(&progress.molecule_title),
            progress.completed,
            progress.total,
            progress.percent,
            progress.current_step_id.as_ref().map(|id| format!(", at {id}")).unwrap_or_default(),
        );
        render::print(context.output, serde_json::to_value(&progress)?, text)
    }
}

/// Lists molecules whose steps are all done.
#[derive(Debug, Args)]
pub struct Stale {
    /// Only those that others wait for
    #[arg(long)]
    blocking: bool,
    /// Only those assigned to nobody
    #[arg(long)]
    unassigned: bool,
    /// Those without steps too
    #[arg(long)]
    all: bool,
}

impl Stale {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let mut found = molecule::stale(&context.ledger, self.all)?;
        found.retain(|stale| {
            (!self.blocking || stale.blocking_count > 0) && (!self.unassigned || stale.assignee.is_empty())
        });
        let blocking = found.iter().filter(|stale| stale.blocking_count > 0).count();
        let mut text: String = found
            .iter()
            .map(|stale| {
                let blocks = if stale.blocking_count > 0 {
                    format!(", {} wait for it", stale.blocking_count)
                } else {
                    String::new()
                };
                format!(
                    "{} {} ({} steps done{blocks})\n",
                    Paint::stdout().bold(&stale.id),
                    render::clean(&stale.title),
                    stale.closed_children
                )
            })
            .collect();
        if found.is_empty() {
            text.push_str("No stale molecules\n");
        }
        let json = json!({"stale_molecules": found, "total_count": found.len(), "blocking_count": blocking});
        render::print(context.output, json, text)
    }
}
