//! `bd dep`: what depends on what.

use std::collections::{HashMap, HashSet};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::context::Context;
use super::{Global, draw, render, show};
use crate::base::report::Paint;
use crate::base::{Error, Result};
use crate::ledger::codec::Parts;
use crate::ledger::{Bead, Ledger, NewDep, dep_type};

/// Says what depends on what.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Dep {
    /// The bead that blocks
    #[arg(required = true)]
    id: Option<String>,
    /// What it blocks
    #[arg(long, short, value_name = "ID", required = true)]
    blocks: Option<String>,
    #[command(subcommand)]
    command: Option<DepCommand>,
}

/// What `bd dep` can do.
#[derive(Debug, Subcommand)]
pub enum DepCommand {
    /// Make a bead depend on another
    Add(Add),
    /// Remove a dependency
    #[command(alias = "rm")]
    Remove(Remove),
    /// Show what a bead depends on, or what depends on it
    List(List),
    /// Show everything a bead depends on, level by level
    Tree(Tree),
    /// Show beads that wait for themselves
    Cycles,
    /// Say that two beads have to do with each other
    Relate(Pair),
    /// Take that back
    Unrelate(Pair),
}

/// Makes a bead depend on another.
#[derive(Debug, Args)]
pub struct Add {
    /// The bead that depends
    issue: String,
    /// What it depends on
    #[arg(required_unless_present = "blocked_by")]
    depends_on: Option<String>,
    /// What it depends on, for those who prefer an option
    #[arg(long, visible_alias = "depends-on", value_name = "ID", conflicts_with = "depends_on")]
    blocked_by: Option<String>,
    /// blocks, parent-child, conditional-blocks, waits-for, tracks, relates-to, discovered-from, ... or a word of your own
    #[arg(long = "type", short = 't', value_name = "TYPE", default_value = dep_type::BLOCKS)]
    kind: String,
    /// JSON in a string
    #[arg(long, value_name = "JSON", default_value = "")]
    metadata: String,
}

/// Removes a dependency.
#[derive(Debug, Args)]
pub struct Remove {
    /// The bead that depends
    issue: String,
    /// What it depends on
    depends_on: String,
    /// Only of this type
    #[arg(long = "type", short = 't', value_name = "TYPE")]
    kind: Option<String>,
}

/// Shows one level of dependencies.
#[derive(Debug, Args)]
pub struct List {
    /// The bead
    id: String,
    /// down: what it depends on; up: what depends on it
    #[arg(long, default_value = "down", value_parser = ["down", "up"])]
    direction: String,
    /// Only of this type
    #[arg(long = "type", short = 't', value_name = "TYPE")]
    kind: Option<String>,
}

/// Shows all levels of dependencies.
#[derive(Debug, Args)]
pub struct Tree {
    /// The bead at the root
    id: String,
    /// down: what it depends on; up: what depends on it; both
    #[arg(long, default_value = "down", value_parser = ["down", "up", "both"])]
    direction: String,
    /// So many levels at most
    #[arg(long, short = 'd', default_value_t = 50)]
    max_depth: usize,
    /// Only with this status, the root aside
    #[arg(long)]
    status: Option<String>,
    /// Only dependencies of this type
    #[arg(long = "type", short = 't', value_name = "TYPE")]
    kind: Option<String>,
    /// mermaid: a chart for Markdown
    #[arg(long, value_parser = ["mermaid"])]
    format: Option<String>,
}

/// Two beads.
#[derive(Debug, Args)]
pub struct Pair {
    /// One
    one: String,
    /// The other
    other: String,
}

impl Dep {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        match self.command {
            Some(DepCommand::Add(add)) => add.run(&mut context),
            Some(DepCommand::Remove(remove)) => remove.run(&mut context),
            Some(DepCommand::List(list)) => list.run(&context),
            Some(DepCommand::Tree(tree)) => tree.run(&context),
            Some(DepCommand::Cycles) => cycles(&context),
            Some(DepCommand::Relate(pair)) => pair.run(&mut context, true),
            Some(DepCommand::Unrelate(pair)) => pair.run(&mut context, false),
            None => {
                let (blocker, blocked) = (self.id.unwrap_or_default(), self.blocks.unwrap_or_default());
                let (blocker, blocked) = context.write(|tx| {
                    let (blocker, blocked) = (tx.resolve(&blocker)?, tx.resolve(&blocked)?);
                    tx.add_dep(&blocked, &blocker, dep_type::BLOCKS)?;
                    Ok((blocker, blocked))
                })?;
                let json = json!({"blocker_id": blocker, "blocked_id": blocked, "type": "blocks", "status": "added"});
                render::print_change(context.output, json, format!("{blocked} now waits for {blocker}\n"))
            }
        }
    }
}

impl Add {
    fn run(self, context: &mut Context) -> Result<()> {
        let target = self.depends_on.or(self.blocked_by).unwrap_or_default();
        let dep = NewDep { metadata: self.metadata, ..NewDep::new(target, &self.kind) };
        let (issue, target) = context.write(|tx| {
            let issue = tx.resolve(&self.issue)?;
            tx.add_dep_with(&issue, &dep)?;
            let external = dep.depends_on.starts_with("external:");
            Ok((issue, if external { dep.depends_on.clone() } else { tx.resolve(&dep.depends_on)? }))
        })?;
        let json = json!({"issue_id": issue, "depends_on_id": target, "type": self.kind, "status": "added"});
        render::print_change(
            context.output,
            json,
            format!("{issue} now depends on {target} ({})\n", render::clean(&self.kind)),
        )
    }
}

impl Remove {
    fn run(self, context: &mut Context) -> Result<()> {
        let (issue, target) = context.write(|tx| {
            let issue = tx.resolve(&self.issue)?;
            let target = if self.depends_on.starts_with("external:") {
                self.depends_on.clone()
            } else {
                tx.resolve(&self.depends_on).unwrap_or_else(|_| self.depends_on.clone())
            };
            tx.remove_dep(&issue, &target, self.kind.as_deref())?;
            Ok((issue, target))
        })?;
        let json = json!({"issue_id": issue, "depends_on_id": target, "status": "removed"});
        render::print_change(context.output, json, format!("{issue} no longer depends on {}\n", render::clean(&target)))
    }
}

impl List {
    fn run(self, context: &Context) -> Result<()> {
        let id = context.ledger.resolve(&self.id)?;
        let mut edges = show::neighbours(&context.ledger, &id, self.direction == "down")?;
        edges.retain(|(_, kind)| self.kind.as_ref().is_none_or(|wanted| wanted == kind));
        let paint = Paint::stdout();
        let mut text: String = edges
            .iter()
            .map(|(bead, kind)| format!("{} {}\n", paint.dim(&format!("{kind:<16}")), render::line(bead, paint)))
            .collect();
        if text.is_empty() {
            text = format!("No dependencies {} from {id}.\n", self.direction);
        }
        let json = edges.iter().map(|(bead, kind)| show::neighbour(bead, kind)).collect::<Value>();
        render::print(context.output, json, text)
    }
}

impl Tree {
    fn run(self, context: &Context) -> Result<()> {
        let root = context.ledger.get(&self.id)?;
        let (mut rows, mut text) = (Vec::new(), String::new());
        let directions: &[bool] = match self.direction.as_str() {
            "up" => &[false],
            "both" => &[true, false],
            _ => &[true],
        };
        for down in directions {
            if directions.len() > 1 {
                text += if *down { "Depends on\n" } else { "Needed by\n" };
            }
            self.walk(&context.ledger, &root, *down, &mut rows, &mut text)?;
        }
        if self.format.is_some() {
            let mut ids: Vec<&str> = rows.iter().filter_map(|row| row["id"].as_str()).collect();
            ids.sort_unstable();
            ids.dedup();
            let beads = ids.into_iter().map(|id| context.ledger.get(id)).collect::<Result<Vec<_>>>()?;
            let beads: Vec<&Bead> = beads.iter().collect();
            let text = draw::mermaid(&beads, &draw::edges_among(&beads));
            return render::print(context.output, json!({"graph": text}), text);
        }
        render::print(context.output, Value::Array(rows), text)
    }

    /// Depth first, each bead once: what was shown before is marked as cut off.
    fn walk(&self, ledger: &Ledger, root: &Bead, down: bool, rows: &mut Vec<Value>, text: &mut String) -> Result<()> {
        let paint = Paint::stdout();
        let mut seen = HashSet::new();
        let mut open = vec![(root.clone(), String::new(), 0)];
        while let Some((bead, parent, depth)) = open.pop() {
            let again = !seen.insert(bead.id.clone());
            let edges =
                if again || depth > self.max_depth { Vec::new() } else { show::neighbours(ledger, &bead.id, down)? };
            let truncated = again || (depth == self.max_depth && !edges.is_empty());
            let wanted = depth == 0 || self.status.as_deref().is_none_or(|status| bead.status.as_str() == status);
            if wanted {
                let mut map = render::issue(&bead, Parts::LABELS);
                map.insert("depth".into(), depth.into());
                map.insert("parent_id".into(), parent.into());
                map.insert("truncated".into(), truncated.into());
                rows.push(map.into());
                let mark = if truncated { paint.dim(" …") } else { String::new() };
                *text += &format!("{}{}{mark}\n", "  ".repeat(depth), render::line(&bead, paint));
            }
            if depth < self.max_depth {
                for (other, kind) in edges.into_iter().rev() {
                    if self.kind.as_ref().is_none_or(|only| *only == kind) {
                        open.push((other, bead.id.clone(), depth + 1));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Groups of beads that reach each other along edges that can hold (Tarjan's strongly connected components, without recursion).
fn components(edges: &HashMap<String, Vec<String>>) -> Vec<Vec<String>> {
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut low: HashMap<&str, usize> = HashMap::new();
    let mut on_stack: HashSet<&str> = HashSet::new();
    let mut stack: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    let mut starts: Vec<&String> = edges.keys().collect();
    starts.sort();
    let none = Vec::new();
    for start in starts {
        if index.contains_key(start.as_str()) {
            continue;
        }
        let mut work: Vec<(&str, usize)> = vec![(start, 0)];
        while let Some((node, next)) = work.pop() {
            if next == 0 {
                let number = index.len();
                index.insert(node, number);
                low.insert(node, number);
                stack.push(node);
                on_stack.insert(node);
            }
            let targets = edges.get(node).unwrap_or(&none);
            if let Some(target) = targets.get(next) {
                work.push((node, next + 1));
                if !index.contains_key(target.as_str()) {
                    work.push((target, 0));
                } else if on_stack.contains(target.as_str()) {
                    let reach = index[target.as_str()].min(low[node]);
                    low.insert(node, reach);
                }
                continue;
            }
            if let Some((parent, _)) = work.last() {
                let reach = low[node].min(low[parent]);
                low.insert(parent, reach);
            }
            if low[node] == index[node] {
                let mut group = Vec::new();
                while let Some(member) = stack.pop() {
                    on_stack.remove(member);
                    group.push(member.to_owned());
                    if member == node {
                        break;
                    }
                }
                if group.len() > 1 {
                    group.sort();
                    found.push(group);
                }
            }
        }
    }
    found
}

/// The groups of beads that wait for each other.
pub fn circles(context: &Context) -> Result<Vec<Vec<String>>> {
    let mut edges: HashMap<String, Vec<String>> = HashMap::new();
    {
        let mut statement = context.ledger.conn().prepare(
            "SELECT issue, depends_on FROM deps WHERE type IN ('blocks', 'conditional-blocks', 'waits-for', 'parent-child') \
             ORDER BY issue, depends_on",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            edges.entry(row.get(0)?).or_default().push(row.get(1)?);
        }
    }
    Ok(components(&edges))
}

fn cycles(context: &Context) -> Result<()> {
    let (mut out, mut text) = (Vec::new(), String::new());
    for group in circles(context)? {
        let beads: Vec<Bead> = group.iter().map(|id| context.ledger.get(id)).collect::<Result<_>>()?;
        text += &format!("{}\n", group.join(" -> "));
        out.push(render::issues(&beads));
    }
    if out.is_empty() {
        text = "Nothing waits for itself.\n".into();
    }
    render::print(context.output, Value::Array(out), text)
}

impl Pair {
    fn run(self, context: &mut Context, relate: bool) -> Result<()> {
        let (one, other) = context.write(|tx| {
            let (one, other) = (tx.resolve(&self.one)?, tx.resolve(&self.other)?);
            for (from, to) in [(&one, &other), (&other, &one)] {
                if relate {
                    tx.add_dep(from, to, dep_type::RELATES_TO)?;
                } else {
                    match tx.remove_dep(from, to, Some(dep_type::RELATES_TO)) {
                        Err(error) if error.kind() != crate::base::Kind::NotFound => return Err(error),
                        _ => {}
                    }
                }
            }
            if one == other { Err(Error::usage("two different beads are needed")) } else { Ok((one, other)) }
        })?;
        let (key, word) = if relate { ("related", "related") } else { ("unrelated", "no longer related") };
        render::print_change(
            context.output,
            json!({"id1": one, "id2": other, key: true}),
            format!("{one} and {other} are {word}\n"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_found_once() {
        let edges = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e"), ("e", "d"), ("x", "a")];
        let mut map: HashMap<String, Vec<String>> = HashMap::new();
        for (from, to) in edges {
            map.entry(from.into()).or_default().push(to.into());
        }
        let mut found = components(&map);
        found.sort();
        assert_eq!(found, [vec!["a", "b", "c"], vec!["d", "e"]]);
    }
}
