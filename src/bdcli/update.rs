//! `bd update`, `defer` and `undefer`.

use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use super::{Global, parse, render};
use crate::base::report::Paint;
use crate::base::{Error, Result, ResultExt};
use crate::ledger::{Bead, Ledger, Patch, Status, Tx, dep_type};

/// Changes beads.
#[derive(Debug, Args)]
pub struct Update {
    /// Their ids; the last touched one when none is given
    ids: Vec<String>,
    /// open, in_progress, blocked, deferred, pinned, hooked or closed
    #[arg(long, short)]
    status: Option<String>,
    /// 0 (most urgent) to 4, or P0 to P4
    #[arg(long, short)]
    priority: Option<String>,
    /// bug, feature, task, epic, chore or a type of your own
    #[arg(long = "type", short = 't', value_name = "TYPE")]
    kind: Option<String>,
    /// Who is to do it; empty for nobody
    #[arg(long, short)]
    assignee: Option<String>,
    /// Assign it to nobody
    #[arg(long, conflicts_with = "assignee")]
    unassign: bool,
    /// What is to be done and why
    #[arg(long, short, allow_hyphen_values = true, visible_alias = "body")]
    description: Option<String>,
    /// Read the description from a file, - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "description")]
    body_file: Option<PathBuf>,
    /// A new title
    #[arg(long)]
    title: Option<String>,
    /// Notes
    #[arg(long, allow_hyphen_values = true)]
    notes: Option<String>,
    /// How it is to be done
    #[arg(long, allow_hyphen_values = true)]
    design: Option<String>,
    /// How to see that it is done
    #[arg(long, visible_alias = "acceptance-criteria", allow_hyphen_values = true)]
    acceptance: Option<String>,
    /// Estimated minutes of work
    #[arg(long, short, value_name = "MINUTES")]
    estimate: Option<i64>,
    /// When it is due; empty for never
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    due: Option<String>,
    /// Not ready before this time; empty to end that
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    defer: Option<String>,
    /// What it is a part of; empty for nothing
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
    /// Add labels
    #[arg(long, value_delimiter = ',', value_name = "LABEL")]
    add_label: Vec<String>,
    /// Take labels off
    #[arg(long, value_delimiter = ',', value_name = "LABEL")]
    remove_label: Vec<String>,
    /// Exactly these labels
    #[arg(long, value_delimiter = ',', value_name = "LABEL")]
    set_labels: Option<Vec<String>>,
    /// Its name elsewhere; empty for none
    #[arg(long, value_name = "REF")]
    external_ref: Option<String>,
    /// What a gate waits for
    #[arg(long, value_name = "ID")]
    await_id: Option<String>,
    /// Take it: assign it to yourself and begin, unless somebody else has it
    #[arg(long)]
    claim: bool,
    /// The session that does this
    #[arg(long, value_name = "ID", env = "CLAUDE_SESSION_ID", hide_env = true)]
    session: Option<String>,
}

impl Update {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let ids = context.ids_or_last(&self.ids)?;
        let patch = self.patch(&context.ledger)?;
        let links = self.parent.is_some() || self.set_labels.is_some();
        let labels = links || !self.add_label.is_empty() || !self.remove_label.is_empty();
        if !labels && !self.claim && is_empty(&patch) {
            return Err(Error::usage("nothing to change").hint("bd update --help lists what can be"));
        }
        let key = context.last_touched_key();
        let beads = context.write(|tx| {
            let mut beads = Vec::new();
            for id in &ids {
                beads.push(self.one(tx, id, &patch).with_context(|| format!("update {id}"))?);
            }
            tx.set_kv(&key, ids.last().map(String::as_str))?;
            Ok(beads)
        })?;
        report(&context, "Updated", &beads)
    }

    fn patch(&self, ledger: &Ledger) -> Result<Patch> {
        // An empty value empties the field.
        let time = |text: &Option<String>, what: &str| match text.as_deref() {
            None => Ok(None),
            Some("") => Ok(Some(None)),
            Some(text) => parse::time(text).map(|time| Some(Some(time))).context(what),
        };
        let description = match &self.body_file {
            Some(path) => Some(parse::body(path)?),
            None => self.description.clone(),
        };
        Ok(Patch {
            title: self.title.clone(),
            description,
            design: self.design.clone(),
            acceptance_criteria: self.acceptance.clone(),
            notes: self.notes.clone(),
            status: self.status.as_deref().map(|status| parse::status(ledger, status)).transpose()?,
            priority: self.priority.as_deref().map(parse::priority).transpose()?,
            issue_type: self.kind.as_deref().map(|kind| parse::kind(ledger, kind)).transpose()?,
            assignee: if self.unassign { Some(String::new()) } else { self.assignee.clone() },
            estimated_minutes: self.estimate.map(Some),
            due_at: time(&self.due, "--due")?,
            defer_until: time(&self.defer, "--defer")?,
            external_ref: self.external_ref.clone().map(|text| Some(text).filter(|text| !text.is_empty())),
            await_id: self.await_id.clone(),
            ..Patch::default()
        })
    }

    fn one(&self, tx: &mut Tx<'_>, id: &str, patch: &Patch) -> Result<Bead> {
        let before = tx.get(id)?;
        let mut patch = patch.clone();
        if before.is_template && !is_empty(&patch) {
            return Err(Error::refused("a pattern is not changed").hint("change what is made from it"));
        }
        parse::free_reference(tx, self.external_ref.as_deref(), Some(&before.id))?;
        if self.claim {
            let me = tx.actor().to_owned();
            if !before.assignee.is_empty() && before.assignee != me {
                return Err(Error::refused(format!("{} has it already", before.assignee))
                    .hint("choose another one: bd ready --unassigned"));
            }
            if before.status.is_done() {
                return Err(Error::refused(format!("it is {}", before.status)));
            }
            patch.assignee = Some(me);
            patch.status = Some(Status::InProgress);
        }
        if patch.status == Some(Status::Closed)
            && let Some(session) = self.session.as_ref().filter(|session| !session.is_empty())
        {
            patch.extra.insert("closed_by_session".into(), session.as_str().into());
        }
        if !is_empty(&patch) {
            tx.update(&before.id, &patch)?;
        }
        if let Some(labels) = &self.set_labels {
            let wanted: Vec<&String> = labels.iter().filter(|label| !label.trim().is_empty()).collect();
            for label in before.labels.iter().filter(|label| !wanted.contains(label)) {
                tx.remove_label(&before.id, label)?;
            }
            for label in wanted {
                tx.add_label(&before.id, label)?;
            }
        }
        for label in &self.add_label {
            tx.add_label(&before.id, label)?;
        }
        for label in &self.remove_label {
            tx.remove_label(&before.id, label)?;
        }
        if let Some(parent) = &self.parent {
            let parent = if parent.is_empty() { None } else { Some(tx.resolve(parent)?) };
            if before.parent() != parent.as_deref() {
                let old: Vec<String> = before
                    .dependencies
                    .iter()
                    .filter(|dep| dep.dep_type == dep_type::PARENT_CHILD)
                    .map(|dep| dep.depends_on_id.clone())
                    .collect();
                for old in old {
                    tx.remove_dep(&before.id, &old, Some(dep_type::PARENT_CHILD))?;
                }
                if let Some(parent) = parent {
                    tx.add_dep(&before.id, &parent, dep_type::PARENT_CHILD)?;
                }
            }
        }
        tx.get(&before.id)
    }
}

fn is_empty(patch: &Patch) -> bool {
    format!("{patch:?}") == format!("{:?}", Patch::default())
}

fn report(context: &Context, what: &str, beads: &[Bead]) -> Result<()> {
    let text = beads.iter().map(|bead| format!("{what} {}\n", render::line(bead, Paint::stdout()))).collect();
    render::print_change(context.output, render::issues(beads), text)
}

/// Puts beads off.
#[derive(Debug, Args)]
pub struct Defer {
    /// Their ids
    #[arg(required = true)]
    ids: Vec<String>,
    /// Until when; without it until somebody takes them up again
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<String>,
}

impl Defer {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let until = self.until.as_deref().map(parse::time).transpose().context("--until")?;
        let patch = Patch { status: Some(Status::Deferred), defer_until: until.map(Some), ..Patch::default() };
        let beads = context.write(|tx| self.ids.iter().map(|id| tx.update(id, &patch)).collect::<Result<Vec<_>>>())?;
        report(&context, "Put off", &beads)
    }
}

/// Takes up beads that were put off.
#[derive(Debug, Args)]
pub struct Undefer {
    /// Their ids
    #[arg(required = true)]
    ids: Vec<String>,
}

impl Undefer {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let beads = context.write(|tx| {
            let one = |id: &String| {
                let bead = tx.get(id)?;
                let status = (bead.status == Status::Deferred).then_some(Status::Open);
                tx.update(&bead.id, &Patch { status, defer_until: Some(None), ..Patch::default() })
            };
            self.ids.iter().map(one).collect::<Result<Vec<_>>>()
        })?;
        report(&context, "Taken up", &beads)
    }
}
