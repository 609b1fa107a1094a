//! Beads and their edges in the languages of programs that draw.

use std::collections::HashSet;
use std::fmt::Write;

use crate::ledger::{Bead, dep_type};

/// One edge: `issue` depends on `depends_on`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The bead that depends.
    pub issue: String,
    /// What it depends on.
    pub depends_on: String,
    /// How.
    pub kind: String,
}

/// The edges both of whose ends are among `beads`, which must have their dependencies.
pub fn edges_among(beads: &[&Bead]) -> Vec<Edge> {
    let known: HashSet<&str> = beads.iter().map(|bead| bead.id.as_str()).collect();
    beads
        .iter()
        .flat_map(|bead| &bead.dependencies)
        .filter(|dep| known.contains(dep.depends_on_id.as_str()))
        .map(|dep| Edge {
            issue: dep.issue_id.clone(),
            depends_on: dep.depends_on_id.clone(),
            kind: dep.dep_type.clone(),
        })
        .collect()
}

/// Text that stands in double quotes in both languages.
fn quoted(text: &str, quote: &str) -> String {
    let safe: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    safe.replace('\\', "/").replace('"', quote)
}

/// A graph for graphviz; an arrow leads from what comes first to what waits for it.
pub fn dot(beads: &[&Bead], edges: &[Edge]) -> String {
    let mut out = String::from("digraph beads {\n  rankdir=LR;\n  node [shape=box];\n");
    for bead in beads {
        let style = match bead.status.as_str() {
            "closed" | "tombstone" => ", style=dashed",
            "in_progress" | "hooked" => ", style=bold",
            _ => "",
        };
        let (id, title) = (quoted(&bead.id, "\\\""), quoted(&bead.title, "\\\""));
        let _ = writeln!(out, "  \"{id}\" [label=\"{id}\\n{title}\"{style}];");
    }
    for edge in edges {
        let style = if edge.kind == dep_type::BLOCKS {
            String::new()
        } else {
            format!(" [style=dotted, label=\"{}\"]", quoted(&edge.kind, "\\\""))
        };
        let _ =
            writeln!(out, "  \"{}\" -> \"{}\"{style};", quoted(&edge.depends_on, "\\\""), quoted(&edge.issue, "\\\""));
    }
    out + "}\n"
}

/// A flow chart for Markdown; an arrow leads from what comes first to what waits for it.
pub fn mermaid(beads: &[&Bead], edges: &[Edge]) -> String {
    // Hyphens and dots would end a name there.
    let name = |id: &str| id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect::<String>();
    let mut out = String::from("flowchart LR\n");
    for bead in beads {
        let (id, title) = (quoted(&bead.id, "#quot;"), quoted(&bead.title, "#quot;"));
        let _ = writeln!(out, "  {}[\"{id}: {title} ({})\"]", name(&bead.id), bead.status.as_str());
    }
    for edge in edges {
        let (from, to) = (name(&edge.depends_on), name(&edge.issue));
        let _ = match edge.kind.as_str() {
            dep_type::BLOCKS => writeln!(out, "  {from} --> {to}"),
            kind => writeln!(out, "  {from} -. \"{}\" .-> {to}", quoted(kind, "#quot;")),
        };
    }
    out
}
