//! `bd list`, `search` and `count`.

use std::collections::{HashMap, HashSet};
use std::io::IsTerminal;

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::{Global, draw, parse, render, template};
use crate::base::report::Paint;
use crate::base::{Error, Result, text};
use crate::ledger::codec::Parts;
use crate::ledger::{Bead, Filter, Ledger, Sort, TimeField};

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
    /// Only with this molecule type: swarm, patrol or work
    #[arg(long, value_name = "TYPE")]
    mol_type: Option<String>,
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
            mol_type: self.mol_type.clone(),
            reverse: self.reverse,
            ..Filter::default()
        };
        for status in &self.status {
            match status.as_str() {
                "all" => filter.closed = true,
                status => filter.statuses.push(parse::status(&context.ledger, status)?),
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
    #[command(flatten)]
    how: How,
    /// At most so many; 0 for all
    #[arg(long, short = 'n', default_value_t = 50)]
    limit: usize,
    /// Show the list anew whenever the ledger changes, until you end it
    #[arg(long)]
    watch: bool,
}

/// How a list is written.
#[derive(Debug, Clone, Args)]
pub struct How {
    /// Parts below what they are part of
    #[arg(long, visible_alias = "tree", group = "how")]
    pretty: bool,
    /// With the beginning of each description
    #[arg(long, group = "how")]
    long: bool,
    /// dot (for graphviz), mermaid, digraph (one edge a line: what waits, and for what), or a template such as '{{.ID}} {{.Title}}'
    #[arg(long, group = "how")]
    format: Option<String>,
}

/// How often a watched ledger is looked at.
const LOOK: std::time::Duration = std::time::Duration::from_millis(200);

impl List {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let mut filter = self.which.filter(&context, global.rig.as_deref())?;
        filter.limit = (self.limit > 0).then_some(self.limit);
        if !self.watch {
            return self.how.show(&context, &filter, "Nothing to list.");
        }
        loop {
            let seen = context.ledger.data_version()?;
            if !context.output.json && std::io::stdout().is_terminal() {
                print!("\x1b[H\x1b[2J");
            }
            self.how.show(&context, &filter, "Nothing to list.")?;
            while context.ledger.data_version()? == seen {
                std::thread::sleep(LOOK);
            }
        }
    }
}

impl How {
    fn show(&self, context: &Context, filter: &Filter, none: &str) -> Result<()> {
        if let Some(format) = &self.format {
            let beads = context.ledger.list_whole(filter)?;
            if format.contains("{{") {
                let text = template::lines(format, &beads)?;
                return render::print(context.output, json!({"text": text}), text::neutralise(&text, false).into());
            }
            let beads: Vec<&Bead> = beads.iter().collect();
            let edges = draw::edges_among(&beads);
            let text = match format.as_str() {
                "dot" => draw::dot(&beads, &edges),
                "mermaid" => draw::mermaid(&beads, &edges),
                "digraph" => edges.iter().map(|edge| format!("{} {}\n", edge.issue, edge.depends_on)).collect(),
                other => {
                    return Err(Error::usage(format!("no format is called {other:?}"))
                        .hint("dot, mermaid, digraph, or a template such as '{{.ID}} {{.Title}}'"));
                }
            };
            return render::print(context.output, json!({"graph": text}), text);
        }
        if context.output.json || !(self.pretty || self.long) {
            return show(context, filter, none);
        }
        let beads = context.ledger.list_whole(filter)?;
        let text = if beads.is_empty() { format!("{none}\n") } else { self.text(&beads) };
        render::print(context.output, Value::Null, text)
    }

    fn text(&self, beads: &[Bead]) -> String {
        let paint = Paint::stdout();
        let line = |bead: &Bead, depth: usize| {
            let mut text = format!("{}{}\n", "  ".repeat(depth), render::line(bead, paint));
            if self.long {
                for line in bead.description.lines().filter(|line| !line.trim().is_empty()).take(3) {
                    text += &format!("      {}\n", paint.dim(&render::clean(line)));
                }
            }
            text
        };
        if !self.pretty {
            return beads.iter().map(|bead| line(bead, 0)).collect();
        }
        let known: HashSet<&str> = beads.iter().map(|bead| bead.id.as_str()).collect();
        let mut below: HashMap<&str, Vec<&Bead>> = HashMap::new();
        let mut open: Vec<(&Bead, usize)> = Vec::new();
        for bead in beads.iter().rev() {
            match bead.parent().filter(|parent| known.contains(parent)) {
                Some(parent) => below.entry(parent).or_default().push(bead),
                None => open.push((bead, 0)),
            }
        }
        let mut text = String::new();
        while let Some((bead, depth)) = open.pop() {
            text += &line(bead, depth);
            // Taken out, so that parts of each other are shown once.
            open.extend(below.remove(bead.id.as_str()).into_iter().flatten().map(|part| (part, depth + 1)));
        }
        // Beads that are part of each other in a circle hang below nothing.
        text + &below.into_values().flatten().map(|bead| line(bead, 0)).collect::<String>()
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
    #[command(flatten)]
    how: How,
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
        self.how.show(&context, &filter, "Nothing found.")
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
