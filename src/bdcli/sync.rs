//! `bd sync`: the ledger's files and git.

use clap::Args;
use serde_json::{Value, json};

use super::context::{self, Context};
use super::{Global, render};
use crate::base::Result;
use crate::base::report::Paint;
use crate::ledger::jsonl;
use crate::work::sync::{self, Options, Place, Report};

/// Writes, commits and exchanges the ledger's issues.jsonl through git: fetch, merge field by field, push.
#[derive(Debug, Args)]
pub struct Sync {
    /// The commit's message
    #[arg(long, short)]
    message: Option<String>,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    /// Do not push
    #[arg(long)]
    no_push: bool,
    /// Do not fetch what others did
    #[arg(long)]
    no_pull: bool,
    /// Only write issues.jsonl
    #[arg(long, conflicts_with = "import_only")]
    flush_only: bool,
    /// Only read issues.jsonl
    #[arg(long)]
    import_only: bool,
    /// Only show how things stand; nothing is written or fetched
    #[arg(long)]
    status: bool,
    // Ways of other bd programs to do what is always done here.
    #[arg(long, hide = true)]
    from_main: bool,
    #[arg(long, hide = true)]
    squash: bool,
    #[arg(long, hide = true)]
    merge: bool,
    #[arg(long, hide = true)]
    accept_rebase: bool,
}

impl Sync {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        if self.flush_only {
            let written = jsonl::export_all(&context.ledger)?;
            let text = if written.is_empty() {
                "Nothing to write\n".into()
            } else {
                format!("Wrote {}\n", written.join(", "))
            };
            return render::print_change(context.output, json!({"written": written}), text);
        }
        if self.import_only {
            return import(&mut context);
        }
        let place = match &context.town {
            Some(town) => Place::find(&context.ledger, &town.root, true)?,
            None => Place::find(&context.ledger, &context.ledger.store(&context.store)?.beads_dir, false)?,
        };
        let options = Options {
            message: self.message,
            pull: !self.no_pull,
            push: !self.no_push,
            dry_run: self.dry_run || self.status,
        };
        let report = sync::sync(&context.ledger, &place, &options)?;
        let text = if options.dry_run { planned(&report) } else { done(&report, &options) };
        render::print_change(context.output, serde_json::to_value(&report)?, text)
    }
}

fn import(context: &mut Context) -> Result<()> {
    let mut reports = Vec::new();
    for store in context.ledger.stores()? {
        if store.beads_dir.join(jsonl::FILE).exists() {
            reports.push(jsonl::import_store(&mut context.ledger, &store.name)?);
        }
    }
    let (mut created, mut updated) = (0, 0);
    for report in &reports {
        context::tell(report, context.output);
        created += report.created;
        updated += report.updated;
    }
    let json: Value = serde_json::to_value(&reports)?;
    render::print_change(context.output, json, format!("Read {created} new and {updated} changed beads\n"))
}

fn place(report: &Report) -> String {
    let remote = report.remote.as_ref().map_or_else(|| "no remote".into(), |name| format!("remote {name}"));
    let kind = if report.separate { ", on a branch of its own" } else { "" };
    render::clean(&format!("{} branch {} ({remote}{kind})", report.repository, report.branch))
}

fn planned(report: &Report) -> String {
    let mut text = place(report) + "\n";
    if report.changed.is_empty() {
        text += "nothing to commit\n";
    }
    for file in &report.changed {
        text += &format!("to commit: {}\n", render::clean(file));
    }
    text
}

fn done(report: &Report, options: &Options) -> String {
    let paint = Paint::stdout();
    let mut text = place(report) + "\n";
    match &report.committed {
        Some(commit) => text += &format!("committed {}\n", &commit[..commit.len().min(9)]),
        None => text += "nothing to commit\n",
    }
    if report.merged {
        text += &format!("merged what others did: {} beads new, {} changed\n", report.created, report.updated);
    }
    if report.pushed {
        text += "the remote has it all\n";
    } else if report.remote.is_none() && options.push {
        text += "there is no remote to exchange with; git remote add origin <address>\n";
    }
    for what in &report.later {
        text += &format!("{} {}; the next sync catches up\n", paint.yellow("not yet:"), render::clean(what));
    }
    text
}
