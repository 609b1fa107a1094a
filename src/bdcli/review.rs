//! `bd stale`, `lint` and `orphans`: beads that want somebody's eye.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::{Global, parse, render};
use crate::base::report::Paint;
use crate::base::text::counted;
use crate::base::{Result, Timestamp};
use crate::ledger::codec::Parts;
use crate::ledger::{Bead, Filter, TimeField};

/// Open beads that are work.
pub fn open_work(context: &Context) -> Filter {
    Filter {
        ephemeral: Some(false),
        templates: Some(false),
        not_types: crate::ledger::filter::NOT_WORK.iter().map(|kind| (*kind).to_owned()).collect(),
        store: Some(context.store.clone()),
        ..Filter::default()
    }
}

/// Lists beads that nobody has touched for a while.
#[derive(Debug, Args)]
pub struct Stale {
    /// For how many days
    #[arg(long, short, default_value_t = 30)]
    days: i64,
    /// Only with this status
    #[arg(long, short)]
    status: Option<String>,
    /// At most so many; 0 for all
    #[arg(long, short = 'n', default_value_t = 50)]
    limit: usize,
}

impl Stale {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let before = Timestamp::now().plus_seconds(-self.days.saturating_mul(24 * 3600));
        let mut beads = context.ledger.list(&Filter {
            statuses: match self.status.as_deref() {
                Some(status) => vec![parse::status(&context.ledger, status)?],
                None => Vec::new(),
            },
            times: vec![(TimeField::Updated, None, Some(before))],
            ..open_work(&context)
        })?;
        beads.sort_by_key(|bead| bead.updated_at);
        if self.limit > 0 {
            beads.truncate(self.limit);
        }
        let none = format!("Nothing has been left alone for {} days", self.days);
        render::print(context.output, render::issues(&beads), render::lines(&beads, &none))
    }
}

/// Says which open beads do not tell a worker enough; exits 1 when there are any.
#[derive(Debug, Args)]
pub struct Lint {
    /// Only these; all open ones otherwise
    ids: Vec<String>,
    /// Only of this type
    #[arg(long = "type", short = 't', value_name = "TYPE")]
    kind: Option<String>,
    /// Only with this status; all for closed ones too
    #[arg(long, short)]
    status: Option<String>,
}

impl Lint {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let beads = if self.ids.is_empty() {
            let mut filter = Filter { types: self.kind.into_iter().collect(), ..open_work(&context) };
            match self.status.as_deref() {
                Some("all") => filter.closed = true,
                Some(status) => filter.statuses.push(parse::status(&context.ledger, status)?),
                None => {}
            }
            context.ledger.list_whole(&filter)?
        } else {
            self.ids.iter().map(|id| context.ledger.get(id)).collect::<Result<_>>()?
        };
        let (mut out, mut text) = (Vec::new(), String::new());
        for bead in &beads {
            let missing = lacks(bead);
            if !missing.is_empty() {
                text += &format!("{}: {}\n", render::line(bead, Paint::stdout()), missing.join(", "));
                out.push(json!({"id": bead.id, "title": bead.title, "type": bead.issue_type, "missing": missing}));
            }
        }
        if out.is_empty() {
            text = format!("{}, each says enough\n", counted(beads.len(), "bead"));
        }
        let failed = !out.is_empty();
        render::print(context.output, json!({"total": out.len(), "results": out}), text)?;
        if failed {
            // What is to be said has been said.
            std::process::exit(1);
        }
        Ok(())
    }
}

/// What a worker would miss in it.
pub fn lacks(bead: &Bead) -> Vec<&'static str> {
    let says = |words: &[&str]| {
        let all = format!("{}\n{}\n{}", bead.description, bead.design, bead.acceptance_criteria).to_lowercase();
        words.iter().any(|word| all.contains(word))
    };
    let mut missing = Vec::new();
    if bead.description.trim().is_empty() {
        missing.push("a description");
    }
    match bead.issue_type.as_str() {
        "bug" if !says(&["reproduc", "steps", "expected", "instead of"]) => missing.push("how to reproduce it"),
        "task" | "feature" | "bug" if bead.acceptance_criteria.trim().is_empty() && !says(&["accept", "done when"]) => {
            missing.push("acceptance criteria");
        }
        "epic" if bead.acceptance_criteria.trim().is_empty() && !says(&["success", "accept", "done when"]) => {
            missing.push("criteria of success");
        }
        _ => {}
    }
    missing
}

/// Lists beads in work that commits name: probably done and never closed.
#[derive(Debug, Args)]
pub struct Orphans {
    /// How many commits are looked at
    #[arg(long, short = 'n', default_value_t = 2000)]
    commits: usize,
    /// Close them, with the commit as the reason
    #[arg(long, short)]
    fix: bool,
    /// With who made the commit, and when
    #[arg(long)]
    details: bool,
}

impl Orphans {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let store = context.ledger.store(&context.store)?;
        let open = context.ledger.list(&open_work(&context))?;
        let by_id: BTreeMap<&str, &Bead> = open.iter().map(|bead| (bead.id.as_str(), bead)).collect();
        let directory = match &context.town {
            Some(town) if store.name != crate::work::desk::TOWN_STORE => town.rig(&store.name)?.bare_repo(),
            _ => store.beads_dir.clone(),
        };
        let (mut out, mut text) = (Vec::new(), String::new());
        let mut close = Vec::new();
        for found in named(&directory, self.commits, &store.prefix)? {
            let Some(bead) = by_id.get(found.id.as_str()) else { continue };
            let short = &found.commit[..found.commit.len().min(9)];
            let mut value = render::issue(bead, Parts::LABELS);
            value.insert("latest_commit".into(), found.commit.clone().into());
            value.insert("latest_commit_message".into(), found.subject.clone().into());
            text +=
                &format!("{}\n    {short} {}\n", render::line(bead, Paint::stdout()), render::clean(&found.subject));
            if self.details {
                value.insert("latest_commit_author".into(), found.author.clone().into());
                value.insert("latest_commit_time".into(), found.time.to_string().into());
                let (author, when) = (render::clean(&found.author), render::ago(found.time));
                text += &format!("    {}\n", Paint::stdout().dim(&format!("{author}, {when}")));
            }
            out.push(Value::Object(value));
            close.push((bead.id.clone(), format!("Named by commit {short}: {}", found.subject)));
        }
        if out.is_empty() {
            text = "No open bead is named by a commit\n".into();
        }
        if self.fix && !close.is_empty() {
            context.write(|tx| close.iter().try_for_each(|(id, reason)| tx.close(id, reason).map(|_| ())))?;
            text += &format!("Closed {} of them\n", close.len());
        }
        render::print(context.output, Value::Array(out), text)
    }
}

/// A bead that a commit names.
struct Named {
    id: String,
    commit: String,
    subject: String,
    author: String,
    time: Timestamp,
}

/// The ids with `prefix` that the newest commits name, each with the newest commit that does.
fn named(directory: &std::path::Path, count: usize, prefix: &str) -> Result<Vec<Named>> {
    let repository = git2::Repository::discover(directory)?;
    let mut walk = repository.revwalk()?;
    walk.set_sorting(git2::Sort::TIME)?;
    if walk.push_head().is_err() {
        return Ok(Vec::new());
    }
    let mut found: Vec<Named> = Vec::new();
    let wanted = format!("{prefix}-");
    for id in walk.take(count) {
        let commit = repository.find_commit(id?)?;
        let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        for word in message.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.')) {
            let word = word.trim_end_matches('.');
            if word.starts_with(&wanted) && !found.iter().any(|known| known.id == word) {
                found.push(Named {
                    id: word.to_owned(),
                    commit: commit.id().to_string(),
                    subject: message.lines().next().unwrap_or_default().to_owned(),
                    author: String::from_utf8_lossy(commit.author().name_bytes()).into_owned(),
                    time: Timestamp::from_unix_nanos(commit.time().seconds().saturating_mul(1_000_000_000)),
                });
            }
        }
    }
    Ok(found)
}
