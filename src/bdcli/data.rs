//! `bd export`.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::{Global, obsidian, parse, render};
use crate::base::text::counted;
use crate::base::{Error, Result, files};
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
    /// obsidian: tasks in Markdown, as the Tasks plug-in of Obsidian reads them
    #[arg(long, default_value = "jsonl", value_parser = ["jsonl", "obsidian"])]
    format: String,
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
        let obsidian = (self.format == "obsidian").then(|| obsidian::tasks(&beads));
        let write = |out: &mut dyn Write| match &obsidian {
            Some(text) => Ok(out.write_all(text.as_bytes())?),
            None => jsonl::write_lines(&beads, out),
        };
        let Some(path) = self.output else {
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            return match write(&mut out).and_then(|()| Ok(out.flush()?)) {
                // A reader that has seen enough is no fault.
                Err(error) if error.message().contains("Broken pipe") => Ok(()),
                other => other,
            };
        };
        let own = context.ledger.stores()?.iter().any(|store| same_file(&store.beads_dir.join(jsonl::FILE), &path));
        if own && obsidian.is_some() {
            return Err(
                Error::refused(format!("{} is the ledger itself", path.display())).hint("write to another file")
            );
        }
        if own {
            context.flush()?;
            jsonl::export_all(&context.ledger)?;
        } else {
            if !self.force && obsidian.is_none() {
                refuse_loss(&path, &beads)?;
            }
            let mut text = Vec::new();
            write(&mut text)?;
            files::write_atomic(&path, &text, 0o644)?;
        }
        let json = json!({"success": true, "exported": beads.len(), "skipped": 0, "total_issues": beads.len(),
                          "output_file": path.to_string_lossy()});
        render::print_change(
            context.output,
            json,
            format!("{} written to {}\n", counted(beads.len(), "bead"), path.display()),
        )
    }
}

/// Whether both paths lead to one file.
pub fn same_file(one: &Path, other: &Path) -> bool {
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
    Err(Error::refused(format!("{} holds {} that would be lost: {some}", path.display(), counted(lost.len(), "bead")))
        .hint("import it first, write to another file, or use --force"))
}
