//! `bd list`, `ready`, `blocked`, `search` and `count`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::{Global, parse, render};
use crate::base::report::Paint;
use crate::base::{Error, Result};
use crate::ledger::codec::Parts;
use crate::ledger::{Bead, Filter, Ledger, ReadyFilter, ReadySort, Sort, Status, TimeField};

/// Which beads.
#[derive(Debug, Clone, Args)]
pub struct Which {
    /// Only with this status; several separated by commas
    #[arg(long, short, value_delimiter = ',')]
    status: Vec<String>,
    /// Only of this type; several separated by commas
    #[arg(long = "type", short = 't', value_delimiter = ',', value_name = "TYPE")]
    kind: Vec<String>,
    /// Only of this priority
    #[arg(long, short)]
    priority: Option<String>,
    /// At least this urgent: the highest number
    #[arg(long, value_name = "P")]
    priority_max: Option<String>,
    /// At most this urgent: the lowest number
    #[arg(long, value_name = "P")]
    priority_min: Option<String>,
    /// Only assigned to them
    #[arg(long, short)]
    assignee: Option<String>,
    /// Only assigned to nobody
    #[arg(long, visible_alias = "unassigned")]
    no_assignee: bool,
    /// Only with all of these labels
    #[arg(long, short, visible_aliases = ["labels", "tag"], value_delimiter = ',')]
    label: Vec<String>,
    /// Only with any of these labels
    #[arg(long, value_delimiter = ',')]
    label_any: Vec<String>,
    /// Only without labels
    #[arg(long)]
    no_labels: bool,
    /// Only direct parts of this bead
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
    /// Only these ids
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    id: Vec<String>,
    /// Only with this in the title
    #[arg(long, visible_alias = "title", value_name = "TEXT")]
    title_contains: Option<String>,
    /// Only with this in the description
    #[arg(long, value_name = "TEXT")]
    desc_contains: Option<String>,
    /// Only with this in the notes
    #[arg(long, value_name = "TEXT")]
    notes_contains: Option<String>,
    /// Only without a description
    #[arg(long)]
    empty_description: bool,
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help = "Only made after this time")]
    created_after: Option<String>,
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help = "Only made before this time")]
    created_before: Option<String>,
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help = "Only changed after this time")]
    updated_after: Option<String>,
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help = "Only changed before this time")]
    updated_before: Option<String>,
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help = "Only closed after this time")]
    closed_after: Option<String>,
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help = "Only closed before this time")]
    closed_before: Option<String>,
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help = "Only due after this time")]
    due_after: Option<String>,
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help = "Only due before this time")]
    due_before: Option<String>,
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help = "Only put off until after this time")]
    defer_after: Option<String>,
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help = "Only put off until before this time")]
    defer_before: Option<String>,
    /// Only past their due time
    #[arg(long)]
    overdue: bool,
    /// Only put off
    #[arg(long)]
    deferred: bool,
    /// Only pinned ones
    #[arg(long, conflicts_with = "no_pinned")]
    pinned: bool,
    /// No pinned ones
    #[arg(long)]
    no_pinned: bool,
    /// Patterns too
    #[arg(long)]
    include_templates: bool,
    /// Gates too
    #[arg(long)]
    include_gates: bool,
    /// Closed ones too
    #[arg(long)]
    all: bool,
    /// Only wisps
    #[arg(long, visible_alias = "wisps")]
    ephemeral: bool,
    /// The order: priority, created, updated, closed, status, id, title, type or assignee
    #[arg(long)]
    sort: Option<String>,
    /// The other way round
    #[arg(long, short)]
    reverse: bool,
}

impl Which {
    fn filter(&self, context: &Context, rig: Option<&str>) -> Result<Filter> {
        let mut filter = Filter {
            closed: self.all,
            assignee: self.assignee.clone(),
            unassigned: self.no_assignee,
            labels: self.label.clone(),
            labels_any: self.label_any.clone(),
            no_labels: self.no_labels,
            parent: self.parent.clone(),
            title_contains: self.title_contains.clone(),
            description_contains: self.desc_contains.clone(),
            notes_contains: self.notes_contains.clone(),
            empty_description: self.empty_description,
            overdue: self.overdue,
            deferred: self.deferred,
            pinned: self.pinned.then_some(true).or(self.no_pinned.then_some(false)),
            templates: (!self.include_templates).then_some(false),
            ephemeral: self.ephemeral.then_some(true),
            store: rig.map(str::to_owned),
            reverse: self.reverse,
            ..Filter::default()
        };
        for status in &self.status {
            match status.as_str() {
                "all" => filter.closed = true,
                status => filter.statuses.push(status.parse()?),
            }
        }
        filter.types = self.kind.iter().map(|kind| parse::issue_type(kind)).collect();
        if filter.types.is_empty() && !self.include_gates {
            filter.not_types = vec!["gate".into()];
        }
        for (text, field) in [
            (&self.priority, &mut filter.priority),
            (&self.priority_min, &mut filter.priority_min),
            (&self.priority_max, &mut filter.priority_max),
        ] {
            *field = text.as_deref().map(parse::priority).transpose()?;
        }
        for id in &self.id {
            filter.ids.push(context.ledger.resolve(id)?);
        }
        for (field, after, before) in [
            (TimeField::Created, &self.created_after, &self.created_before),
            (TimeField::Updated, &self.updated_after, &self.updated_before),
            (TimeField::Closed, &self.closed_after, &self.closed_before),
            (TimeField::Due, &self.due_after, &self.due_before),
            (TimeField::Defer, &self.defer_after, &self.defer_before),
        ] {
            let time = |text: &Option<String>| text.as_deref().map(parse::time).transpose();
            if after.is_some() || before.is_some() {
                filter.times.push((field, time(after)?, time(before)?));
            }
        }
        if self.closed_after.is_some() || self.closed_before.is_some() {
            filter.closed = true;
        }
        filter.sort = match self.sort.as_deref() {
            None | Some("priority") => Sort::Priority,
            Some("created") => Sort::Created,
            Some("updated") => Sort::Updated,
            Some("closed") => Sort::Closed,
            Some("status") => Sort::Status,
            Some("id") => Sort::Id,
            Some("title") => Sort::Title,
            Some("type") => Sort::Type,
            Some("assignee") => Sort::Assignee,
            Some(other) => {
                return Err(Error::usage(format!("not an order: {other:?}"))
                    .hint("priority, created, updated, closed, status, id, title, type or assignee"));
            }
        };
        Ok(filter)
    }
}

fn with_counts(ledger: &Ledger, beads: &[Bead]) -> Result<Value> {
    let one = |(bead, (dependencies, dependents)): (&Bead, (i64, i64))| {
        let mut map = render::issue(bead, Parts::LABELS);
        map.insert("dependency_count".into(), dependencies.into());
        map.insert("dependent_count".into(), dependents.into());
        Value::from(map)
    };
    Ok(beads.iter().zip(ledger.block_counts(beads)?).map(one).collect())
}

/// Lists beads.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    which: Which,
    /// At most so many; 0 for all
    #[arg(long, short = 'n', default_value_t = 50)]
    limit: usize,
}

impl List {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let mut filter = self.which.filter(&context, global.rig.as_deref())?;
        filter.limit = (self.limit > 0).then_some(self.limit);
        show(&context, &filter, "Nothing to list.")
    }
}

fn show(context: &Context, filter: &Filter, none: &str) -> Result<()> {
    let beads = context.ledger.list(filter)?;
    if context.output.json {
        return render::print(context.output, with_counts(&context.ledger, &beads)?, String::new());
    }
    let mut text = render::lines(&beads, none);
    if filter.limit == Some(beads.len()) {
        text += &Paint::stdout().dim(&format!("The first {}; --limit 0 shows all.\n", beads.len()));
    }
    render::print(context.output, Value::Null, text)
}

/// Finds beads by their words.
#[derive(Debug, Args)]
pub struct Search {
    /// What to look for in ids, titles and descriptions
    #[arg(required = true)]
    query: Vec<String>,
    #[command(flatten)]
    which: Which,
    /// At most so many; 0 for all
    #[arg(long, short = 'n', default_value_t = 50)]
    limit: usize,
}

impl Search {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let mut filter = self.which.filter(&context, global.rig.as_deref())?;
        filter.text = Some(self.query.join(" "));
        filter.closed |= self.which.status.is_empty();
        filter.limit = (self.limit > 0).then_some(self.limit);
        show(&context, &filter, "Nothing found.")
    }
}

/// Counts beads.
#[derive(Debug, Args)]
pub struct Count {
    #[command(flatten)]
    which: Which,
    /// A number for each status
    #[arg(long, group = "by")]
    by_status: bool,
    /// A number for each priority
    #[arg(long, group = "by")]
    by_priority: bool,
    /// A number for each type
    #[arg(long, group = "by")]
    by_type: bool,
    /// A number for each assignee
    #[arg(long, group = "by")]
    by_assignee: bool,
    /// A number for each label
    #[arg(long, group = "by")]
    by_label: bool,
}

impl Count {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let mut filter = self.which.filter(&context, global.rig.as_deref())?;
        if self.which.status.is_empty() {
            filter.closed = true;
        }
        filter.templates = None;
        filter.not_types.clear();
        let by: Option<fn(&Bead) -> Vec<String>> = if self.by_status {
            Some(|bead| vec![bead.status.to_string()])
        } else if self.by_priority {
            Some(|bead| vec![format!("P{}", bead.priority)])
        } else if self.by_type {
            Some(|bead| vec![bead.issue_type.clone()])
        } else if self.by_assignee {
            Some(|bead| vec![if bead.assignee.is_empty() { "(unassigned)".into() } else { bead.assignee.clone() }])
        } else if self.by_label {
            Some(|bead| if bead.labels.is_empty() { vec!["(no labels)".into()] } else { bead.labels.clone() })
        } else {
            None
        };
        let Some(by) = by else {
            let count = context.ledger.count(&filter)?;
            return render::print(context.output, json!({"count": count}), format!("{count}\n"));
        };
        let beads = context.ledger.list(&filter)?;
        let mut groups = std::collections::BTreeMap::<String, usize>::new();
        for group in beads.iter().flat_map(by) {
            *groups.entry(group).or_default() += 1;
        }
        let mut text = format!("{} in all\n", beads.len());
        for (group, count) in &groups {
            text += &format!("{count:>7} {}\n", render::clean(group));
        }
        let groups: Vec<Value> = groups.iter().map(|(group, count)| json!({"group": group, "count": count})).collect();
        render::print(context.output, json!({"total": beads.len(), "groups": groups}), text)
    }
}

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
}

impl Ready {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
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
}

impl Blocked {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let base = Filter { parent: self.parent, store: global.rig.clone(), ..Filter::default() };
        let mut beads = context.ledger.list(&Filter { blocked: Some(true), ..base.clone() })?;
        let by_hand = vec![Status::Blocked, Status::Deferred];
        let others = context.ledger.list(&Filter { statuses: by_hand, blocked: Some(false), ..base })?;
        beads.extend(others);
        let paint = Paint::stdout();
        let (mut out, mut text) = (Vec::new(), String::new());
        for (bead, blockers) in beads.iter().zip(context.ledger.blockers_of(&beads)?) {
            text += &render::line(bead, paint);
            if !blockers.is_empty() {
                text += &paint.dim(&format!("  waits for {}", blockers.join(", ")));
            }
            text.push('\n');
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
