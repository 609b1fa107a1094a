//! `bd graph`: beads in layers, each after what it waits for.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::context::Context;
use super::{Global, draw, render};
use crate::base::report::Paint;
use crate::base::{Error, Result};
use crate::ledger::codec::Parts;
use crate::ledger::{Bead, Filter, Ledger, dep_type};

/// Shows beads in layers: what is in one layer can be done side by side, and waits for the layers above.
#[derive(Debug, Args)]
pub struct Graph {
    /// The bead in whose surroundings you are interested: its parts, what waits for it, what it waits for
    #[arg(required_unless_present = "all")]
    id: Option<String>,
    /// Everything that is not done, one graph for each group of beads that have to do with each other
    #[arg(long, conflicts_with = "id")]
    all: bool,
    /// One line a bead, without what each waits for
    #[arg(long, conflicts_with = "box")]
    compact: bool,
    // The form that other bd programs call so is always given.
    #[arg(long, hide = true)]
    r#box: bool,
    /// text, dot (for graphviz) or mermaid
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How a graph is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For graphviz.
    Dot,
    /// For Markdown.
    Mermaid,
}

/// Beads and the edges between them.
struct Part {
    root: String,
    beads: BTreeMap<String, Bead>,
    edges: Vec<draw::Edge>,
}

impl Graph {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let parts = match &self.id {
            Some(id) => vec![around(&context.ledger, id)?],
            None => every(&context.ledger, global.rig.as_deref())?,
        };
        match self.format {
            Format::Text => {}
            Format::Dot | Format::Mermaid => {
                let beads: Vec<&Bead> = parts.iter().flat_map(|part| part.beads.values()).collect();
                let edges: Vec<draw::Edge> = parts.iter().flat_map(|part| part.edges.iter().cloned()).collect();
                let text =
                    if self.format == Format::Dot { draw::dot(&beads, &edges) } else { draw::mermaid(&beads, &edges) };
                return render::print(context.output, json!({"graph": text}), text);
            }
        }
        let mut text = String::new();
        let mut out = Vec::new();
        for part in &parts {
            let layers = part.layers();
            if !text.is_empty() {
                text.push('\n');
            }
            text += &part.text(&layers, self.compact);
            out.push(part.json(&layers));
        }
        if parts.is_empty() {
            text = "Nothing is open.\n".into();
        }
        let json = match self.id {
            Some(_) => out.pop().unwrap_or_default(),
            None => Value::Array(out),
        };
        render::print(context.output, json, text)
    }
}

impl Part {
    fn waits(&self) -> HashMap<&str, Vec<&str>> {
        let mut waits: HashMap<&str, Vec<&str>> = HashMap::new();
        for edge in self.edges.iter().filter(|edge| edge.kind == dep_type::BLOCKS) {
            waits.entry(&edge.issue).or_default().push(&edge.depends_on);
        }
        waits
    }

    /// The ids layer by layer; what waits for itself stands in the first.
    fn layers(&self) -> Vec<Vec<&str>> {
        let waits = self.waits();
        let mut left: HashMap<&str, usize> =
            self.beads.keys().map(|id| (id.as_str(), waits.get(id.as_str()).map_or(0, Vec::len))).collect();
        let mut waiters: HashMap<&str, Vec<&str>> = HashMap::new();
        for (issue, on) in &waits {
            for id in on {
                waiters.entry(id).or_default().push(issue);
            }
        }
        let mut layer: HashMap<&str, usize> = HashMap::new();
        let mut open: VecDeque<&str> = left.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
        while let Some(id) = open.pop_front() {
            let here = *layer.entry(id).or_insert(0);
            for waiter in waiters.get(id).into_iter().flatten() {
                let at = layer.entry(waiter).or_insert(0);
                *at = (*at).max(here + 1);
                if let Some(count) = left.get_mut(waiter) {
                    *count -= 1;
                    if *count == 0 {
                        open.push_back(waiter);
                    }
                }
            }
        }
        let mut layers = Vec::new();
        for id in self.beads.keys() {
            let stuck = left.get(id.as_str()).is_some_and(|count| *count > 0);
            let at = if stuck { 0 } else { layer.get(id.as_str()).copied().unwrap_or(0) };
            if layers.len() <= at {
                layers.resize(at + 1, Vec::new());
            }
            layers[at].push(id.as_str());
        }
        layers
    }

    fn text(&self, layers: &[Vec<&str>], compact: bool) -> String {
        let paint = Paint::stdout();
        let waits = self.waits();
        let mut text = String::new();
        for (number, ids) in layers.iter().enumerate() {
            let name = if number == 0 { "Layer 0: waits for nothing here".into() } else { format!("Layer {number}") };
            text += &format!("{}\n", paint.bold(&name));
            for id in ids {
                text += &format!("  {}\n", render::line(&self.beads[*id], paint));
                if let Some(on) = waits.get(id).filter(|_| !compact) {
                    text += &paint.dim(&format!("      waits for {}\n", render::clean(&on.join(", "))));
                }
            }
        }
        text + &paint.dim(&format!("beads: {}, layers: {}\n", self.beads.len(), layers.len()))
    }

    fn json(&self, layers: &[Vec<&str>]) -> Value {
        let waits = self.waits();
        let mut nodes = Map::new();
        for (number, ids) in layers.iter().enumerate() {
            for (position, id) in ids.iter().enumerate() {
                let issue = render::issue(&self.beads[*id], Parts::LABELS);
                let on = waits.get(id).cloned().unwrap_or_default();
                nodes.insert(
                    (*id).to_owned(),
                    json!({"Issue": issue, "Layer": number, "Position": position, "DependsOn": on}),
                );
            }
        }
        let issues: Value = self.beads.values().map(|bead| Value::from(render::issue(bead, Parts::LABELS))).collect();
        let edges: Value = self
            .edges
            .iter()
            .map(|edge| json!({"issue_id": edge.issue, "depends_on_id": edge.depends_on, "type": edge.kind}))
            .collect();
        json!({
            "root": render::issue(&self.beads[&self.root], Parts::LABELS), "issues": issues, "dependencies": edges,
            "layout": {"Nodes": nodes, "Layers": layers, "MaxLayer": layers.len().saturating_sub(1), "RootID": self.root},
        })
    }
}

/// The bead, everything that is part of it or waits for it, and what it waits for itself.
fn around(ledger: &Ledger, id: &str) -> Result<Part> {
    let root = ledger.resolve(id)?;
    let conn = ledger.conn();
    let mut up = conn.prepare_cached(
        "SELECT issue FROM deps WHERE depends_on = ?1 AND type IN ('blocks', 'conditional-blocks', 'waits-for', 'parent-child')",
    )?;
    let mut down = conn.prepare_cached(
        "SELECT depends_on FROM deps WHERE issue = ?1 AND type IN ('blocks', 'conditional-blocks', 'waits-for')",
    )?;
    let mut ids = BTreeSet::from([root.clone()]);
    for statement in [&mut up, &mut down] {
        let mut seen = HashSet::from([root.clone()]);
        let mut open = vec![root.clone()];
        while let Some(id) = open.pop() {
            for next in statement.query_map([&id], |row| row.get::<_, String>(0))? {
                let next = next?;
                if seen.insert(next.clone()) {
                    open.push(next);
                }
            }
        }
        ids.extend(seen);
    }
    let mut beads = BTreeMap::new();
    for id in ids {
        if let Some(bead) = ledger.find(&id)? {
            beads.insert(id, bead);
        }
    }
    let edges = draw::edges_among(&beads.values().collect::<Vec<_>>());
    Ok(Part { root, beads, edges })
}

/// Everything unfinished, in groups that edges hold together, the largest first.
fn every(ledger: &Ledger, rig: Option<&str>) -> Result<Vec<Part>> {
    let filter = Filter { store: rig.map(str::to_owned), ephemeral: Some(false), ..Filter::default() };
    let beads = ledger.list_whole(&filter)?;
    let edges = draw::edges_among(&beads.iter().collect::<Vec<_>>());
    let mut near: HashMap<&str, Vec<&str>> = HashMap::new();
    for edge in &edges {
        near.entry(&edge.issue).or_default().push(&edge.depends_on);
        near.entry(&edge.depends_on).or_default().push(&edge.issue);
    }
    let mut group_of: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<Part> = Vec::new();
    for bead in &beads {
        if group_of.contains_key(bead.id.as_str()) {
            continue;
        }
        let mut open = vec![bead.id.as_str()];
        group_of.insert(&bead.id, groups.len());
        while let Some(id) = open.pop() {
            for next in near.get(id).into_iter().flatten() {
                if !group_of.contains_key(next) {
                    group_of.insert(next, groups.len());
                    open.push(next);
                }
            }
        }
        groups.push(Part { root: bead.id.clone(), beads: BTreeMap::new(), edges: Vec::new() });
    }
    let missing = || Error::failed("a bead belongs to no group");
    for bead in &beads {
        let group = &mut groups[*group_of.get(bead.id.as_str()).ok_or_else(missing)?];
        group.beads.insert(bead.id.clone(), bead.clone());
    }
    for edge in &edges {
        groups[*group_of.get(edge.issue.as_str()).ok_or_else(missing)?].edges.push(edge.clone());
    }
    for group in &mut groups {
        let best = group.beads.values().min_by_key(|bead| (bead.issue_type != "epic", bead.priority, bead.created_at));
        if let Some(best) = best {
            group.root = best.id.clone();
        }
    }
    groups.sort_by(|a, b| b.beads.len().cmp(&a.beads.len()).then_with(|| a.root.cmp(&b.root)));
    Ok(groups)
}
