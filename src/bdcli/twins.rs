//! `bd duplicates`, `duplicate` and `supersede`: beads of which one takes the place of another.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::{Global, mentions, render, review};
use crate::base::report::Paint;
use crate::base::{Error, Kind, Result};
use crate::ledger::codec::Parts;
use crate::ledger::{Bead, NewDep, Patch, Tx, dep_type};

/// Lists open beads that say the same.
#[derive(Debug, Args)]
pub struct Duplicates {
    /// Make each group one: the oldest gets the labels, dependencies and mentions of the others, which are closed
    #[arg(long)]
    auto_merge: bool,
    /// With --auto-merge: only say what would be done
    #[arg(long)]
    dry_run: bool,
}

/// Open beads that say the same, group by group, the oldest of each first.
pub fn groups(context: &Context) -> Result<Vec<Vec<Bead>>> {
    let beads = context.ledger.list_whole(&review::open_work(context))?;
    let mut groups: BTreeMap<String, Vec<Bead>> = BTreeMap::new();
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    for bead in beads {
        let key = [&bead.title, &bead.description, &bead.design, &bead.acceptance_criteria].map(|text| plain(text));
        groups.entry(format!("{}\0{}", bead.issue_type, key.join("\0"))).or_default().push(bead);
    }
    let mut groups: Vec<Vec<Bead>> = groups.into_values().filter(|group| group.len() > 1).collect();
    for group in &mut groups {
        group.sort_by_key(|bead| (bead.created_at, bead.id.clone()));
    }
    Ok(groups)
}

impl Duplicates {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let groups = groups(&context)?;
        let (mut out, mut text) = (Vec::new(), String::new());
        for group in &groups {
            let lines: Vec<String> = group.iter().map(|bead| render::line(bead, Paint::stdout())).collect();
            text += &format!("{}\n\n", lines.join("\n"));
            let ids: Vec<&str> = group.iter().map(|bead| bead.id.as_str()).collect();
            out.push(json!({"title": group[0].title, "suggested_target": ids[0], "issues": ids}));
        }
        if out.is_empty() {
            text = "No two open beads say the same\n".into();
        }
        let mut json = json!({"duplicate_groups": groups.len(), "groups": out});
        if self.auto_merge {
            let pairs: Vec<(&str, &str)> = groups
                .iter()
                .flat_map(|group| group[1..].iter().map(|bead| (bead.id.as_str(), group[0].id.as_str())))
                .collect();
            if !self.dry_run {
                context.write(|tx| {
                    pairs.iter().try_for_each(|(from, to)| replace(tx, from, to, dep_type::DUPLICATES).map(|_| ()))
                })?;
            }
            let what = if self.dry_run { "Would close" } else { "Closed" };
            text.extend(pairs.iter().map(|(from, to)| format!("{what} {from} as a duplicate of {to}\n")));
            json["merged"] = pairs.iter().map(|(from, to)| json!({"source": from, "target": to})).collect();
            json["dry_run"] = self.dry_run.into();
        }
        render::print(context.output, json, text)
    }
}

/// Closes a bead as a duplicate of another, which gets its labels and takes its place in dependencies and texts.
#[derive(Debug, Args)]
pub struct Duplicate {
    /// The bead that says the same
    id: String,
    /// The bead that stays
    #[arg(long, value_name = "ID")]
    of: String,
}

impl Duplicate {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        one(&self.id, &self.of, dep_type::DUPLICATES, ("duplicate", "canonical"), global)
    }
}

/// Closes a bead that a newer one takes the place of.
#[derive(Debug, Args)]
pub struct Supersede {
    /// The bead that is out of date
    id: String,
    /// The bead that takes its place
    #[arg(long, value_name = "ID")]
    with: String,
}

impl Supersede {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        one(&self.id, &self.with, dep_type::SUPERSEDES, ("superseded", "replacement"), global)
    }
}

fn one(from: &str, to: &str, kind: &str, names: (&str, &str), global: &Global) -> Result<()> {
    let mut context = Context::open(global)?;
    let (from, to) = context.write(|tx| {
        let (from, to) = (tx.resolve(from)?, tx.resolve(to)?);
        replace(tx, &from, &to, kind)?;
        Ok((from, tx.get(&to)?))
    })?;
    let text = format!("Closed {from}; instead of it: {}\n", render::line(&to, Paint::stdout()));
    let json = json!({names.0: from, names.1: to.id, "status": "closed", "issue": render::issue(&to, Parts::LABELS)});
    render::print_change(context.output, json, text)
}

/// Puts `to` in the place of `from` in everything that waits for it or names it, and closes `from`.
fn replace(tx: &mut Tx<'_>, from: &str, to: &str, kind: &str) -> Result<()> {
    if from == to {
        return Err(Error::usage(format!("{from} can't take its own place")));
    }
    let old = tx.get(from)?;
    let new = tx.get(to)?;
    if new.status.is_done() {
        return Err(
            Error::refused(format!("{to} is {}", new.status)).hint(format!("bd reopen {to}, or name another one"))
        );
    }
    for label in old.labels.iter().filter(|label| !new.labels.contains(label)) {
        tx.add_label(to, label)?;
    }
    let edges: Vec<(String, String, String, String)> = {
        let mut statement = tx.conn().prepare_cached(
            "SELECT issue, depends_on, type, metadata FROM deps WHERE depends_on = ?1 OR issue = ?1 ORDER BY issue, depends_on",
        )?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        statement.query_map([from], row)?.collect::<rusqlite::Result<_>>()?
    };
    let mut around = BTreeSet::new();
    for (issue, on, dep, metadata) in edges {
        around.insert(if issue == from { on.clone() } else { issue.clone() });
        let incoming = on == from;
        let (issue, on) = if incoming { (issue.as_str(), to) } else { (to, on.as_str()) };
        // What a bead comes from, and whose part it is, stays true of the old one alone.
        let moves = if incoming { dep != dep_type::DISCOVERED_FROM } else { dep_type::HOLDING.contains(&dep.as_str()) };
        if issue == on || !moves || (!incoming && dep == dep_type::PARENT_CHILD) {
            continue;
        }
        match tx.add_dep_with(issue, &NewDep { metadata, ..NewDep::new(on, dep.as_str()) }) {
            // Where that would make a circle, or where the other end is gone, there is nothing to wait for.
            Err(error) if matches!(error.kind(), Kind::Refused | Kind::NotFound) => {}
            other => drop(other?),
        }
        if incoming {
            tx.remove_dep(issue, from, Some(&dep))?;
        }
    }
    for id in around {
        let Some(bead) = tx.find(&id)?.filter(|bead| !bead.status.is_done()) else { continue };
        let mut patch = Patch::default();
        let mut changed = false;
        for (field, text) in [
            (&mut patch.description, &bead.description),
            (&mut patch.design, &bead.design),
            (&mut patch.notes, &bead.notes),
            (&mut patch.acceptance_criteria, &bead.acceptance_criteria),
        ] {
            *field = mentions::replaced(text, from, to);
            changed |= field.is_some();
        }
        if changed {
            tx.update(&id, &patch)?;
        }
    }
    let (newer, older, reason) = match kind {
        dep_type::SUPERSEDES => (to, from, format!("Superseded by {to}")),
        _ => (from, to, format!("Duplicate of {to}")),
    };
    tx.add_dep(newer, older, kind)?;
    tx.close(from, &reason)?;
    Ok(())
}

/// The ids of each group.
pub fn ids(groups: &[Vec<Bead>]) -> Value {
    groups.iter().map(|group| group.iter().map(|bead| Value::from(bead.id.as_str())).collect::<Value>()).collect()
}
