//! `bd export` and `bd import`.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::{Global, parse, render};
use crate::base::report::Paint;
use crate::base::{Error, Result, ResultExt, files};
use crate::ledger::{Bead, Filter, Sort, jsonl};

/// Writes beads as JSON lines, sorted by id; without a filter every bead of the store, deleted ones included.
#[derive(Debug, Args)]
pub struct Export {
    /// Where to; standard output otherwise
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Only with this status
    #[arg(long, short)]
    status: Option<String>,
    /// Only of this type
    #[arg(long = "type", short = 't', value_name = "TYPE")]
    kind: Option<String>,
    /// Only assigned to them
    #[arg(long, short)]
    assignee: Option<String>,
    /// Only with all of these labels
    #[arg(long, short, value_delimiter = ',')]
    label: Vec<String>,
    /// Only of this priority
    #[arg(long, short)]
    priority: Option<String>,
    /// Even if the file holds beads that would be lost
    #[arg(long, short)]
    force: bool,
}

impl Export {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let filter = Filter {
            statuses: self.status.as_deref().map(str::parse).transpose()?.into_iter().collect(),
            closed: true,
            tombstones: true,
            types: self.kind.as_deref().map(parse::issue_type).into_iter().collect(),
            assignee: self.assignee,
            labels: self.label,
            priority: self.priority.as_deref().map(parse::priority).transpose()?,
            store: Some(context.store.clone()),
            ephemeral: Some(false),
            sort: Sort::Id,
            ..Filter::default()
        };
        let beads = context.ledger.list_whole(&filter)?;
        let Some(path) = self.output else {
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            return match jsonl::write_lines(&beads, &mut out).and_then(|()| Ok(out.flush()?)) {
                // A reader that has seen enough is no fault.
                Err(error) if error.message().contains("Broken pipe") => Ok(()),
                other => other,
            };
        };
        let own = context.ledger.stores()?.iter().any(|store| same_file(&store.beads_dir.join(jsonl::FILE), &path));
        if own {
            context.flush()?;
            jsonl::export_all(&context.ledger)?;
        } else {
            if !self.force {
                refuse_loss(&path, &beads)?;
            }
            let mut text = Vec::new();
            jsonl::write_lines(&beads, &mut text)?;
            files::write_atomic(&path, &text, 0o644)?;
        }
        let json = json!({"success": true, "exported": beads.len(), "skipped": 0, "total_issues": beads.len(),
                          "output_file": path.to_string_lossy()});
        render::print_change(context.output, json, format!("{} beads written to {}\n", beads.len(), path.display()))
    }
}

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// The id of the bead on a line.
fn line_id(line: &str) -> Option<String> {
    Some(serde_json::from_str::<serde_json::Value>(line).ok()?.get("id")?.as_str()?.to_owned())
}

/// Refuses to write over a file that holds beads which are not among `beads`.
fn refuse_loss(path: &Path, beads: &[Bead]) -> Result<()> {
    let text = files::read_optional(path)?.unwrap_or_default();
    let known: std::collections::HashSet<&str> = beads.iter().map(|bead| bead.id.as_str()).collect();
    let lost: Vec<String> = text.lines().filter_map(line_id).filter(|id| !known.contains(id.as_str())).collect();
    if lost.is_empty() {
        return Ok(());
    }
    let some = lost.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    Err(Error::refused(format!("{} holds {} beads that would be lost: {some}", path.display(), lost.len()))
        .hint("import it first, write to another file, or use --force"))
}

/// Reads beads from JSON lines and merges them with those that are there; lines that can't be read are kept aside.
#[derive(Debug, Args)]
pub struct Import {
    /// The file, - for standard input; the store's own issues.jsonl otherwise
    #[arg(long, short, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Fail, and change nothing, when a line can't be read
    #[arg(long)]
    strict: bool,
    /// Only say what would happen
    #[arg(long)]
    dry_run: bool,
    /// Leave the beads that are there as they are
    #[arg(long, short)]
    skip_existing: bool,
    // Other bd programs refuse or rename what we take as it is.
    #[arg(long, hide = true)]
    force: bool,
    #[arg(long, hide = true)]
    dedupe_after: bool,
    #[arg(long, hide = true)]
    clear_duplicate_external_refs: bool,
    #[arg(long, hide = true, value_name = "HOW")]
    orphan_handling: Option<String>,
}

impl Import {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let store = context.ledger.store(&context.store)?;
        let input = self.input.clone().unwrap_or_else(|| store.beads_dir.join(jsonl::FILE));
        let mut bytes = Vec::new();
        if input == Path::new("-") {
            std::io::stdin().read_to_end(&mut bytes).context("read standard input")?;
        } else {
            bytes = std::fs::read(&input).map_err(|error| {
                Error::not_found(format!("read {}: {error}", input.display()))
                    .hint("give the file with -i, - for standard input")
            })?;
        }
        if self.strict || self.dry_run {
            let check = jsonl::check(&bytes);
            if let Some(first) = check.rejected.first().filter(|_| self.strict) {
                return Err(Error::failed(format!("{}:{}: {}", input.display(), first.line, first.what))
                    .hint("nothing was read; without --strict such lines are kept aside and the others read"));
            }
            if self.dry_run {
                let text = format!(
                    "{} beads on {} lines; {} lines can't be read\n",
                    check.created,
                    check.lines,
                    check.rejected.len()
                );
                return render::print(context.output, serde_json::to_value(&check)?, text);
            }
        }
        if self.skip_existing {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let mut kept = String::new();
            for line in text.lines() {
                let id = line_id(line);
                let known = match &id {
                    Some(id) => context.ledger.find(id)?.is_some(),
                    None => false,
                };
                // Lines stay where they are, so that what is said about them has their numbers.
                kept.push_str(if known { "" } else { line });
                kept.push('\n');
            }
            bytes = kept.into_bytes();
        }
        let report = if !self.skip_existing && same_file(&input, &store.beads_dir.join(jsonl::FILE)) {
            jsonl::import_store(&mut context.ledger, &store.name)?
        } else {
            jsonl::import_file(&mut context.ledger, &store.name, &input, &bytes)?
        };
        context.flush()?;
        super::context::tell(&report, context.output);
        let paint = Paint::stdout();
        let mut text = format!(
            "{} {} new, {} changed, {} as they were",
            paint.green("Imported:"),
            report.created,
            report.updated,
            report.unchanged
        );
        if !report.rejected.is_empty() {
            text += &format!(", {} lines kept aside", report.rejected.len());
        }
        text.push('\n');
        render::print_change(context.output, serde_json::to_value(&report)?, text)
    }
}
