//! `bd sync`: the ledger's files and git.

use clap::Args;
use serde_json::{Value, json};

use super::context::{self, Context};
use super::{Global, render};
use crate::base::Result;
use crate::base::report::Paint;
use crate::base::text::counted;
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
    /// Only look for what would go wrong: lines that can't be read, foreign prefixes, parts without their whole, a history that was
    /// rewritten; exits 1 when there is something
    #[arg(long)]
    check: bool,
    // Ways of other bd programs to do what is always done here.
    #[arg(long, hide = true)]
    rename_on_import: bool,
    #[arg(long, hide = true)]
    no_git_history: bool,
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
        if !self.check && !self.status && !self.dry_run {
            context.to_be_changed()?;
        }
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
        if self.check {
            return check(&context, &place);
        }
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

/// Says what a sync would stumble over.
fn check(context: &Context, place: &Place) -> Result<()> {
    let mut found: Vec<(&str, String)> = Vec::new();
    for store in place.stores() {
        let path = store.beads_dir.join(jsonl::FILE);
        let bytes = std::fs::read(&path).unwrap_or_default();
        let marks = bytes.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"<<<<<<< ")).count();
        if marks > 0 {
            found.push((
                "conflict",
                format!("{} has {marks} marks of a conflict; the next command heals it", path.display()),
            ));
        }
        let rejected = jsonl::check(&bytes).rejected;
        if let Some(first) = rejected.first() {
            let what = format!(
                "{}: {} lines can't be read, the first is {}: {}",
                path.display(),
                rejected.len(),
                first.line,
                first.what
            );
            found.push(("unreadable", what));
        }
        let all: Vec<String> = {
            let mut statement = context
                .ledger
                .conn()
                .prepare("SELECT id FROM beads WHERE store = ?1 AND ephemeral = 0 AND status <> 'tombstone'")?;
            statement.query_map([&store.name], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?
        };
        let known: std::collections::HashSet<&str> = all.iter().map(String::as_str).collect();
        let foreign: Vec<&str> =
            known.iter().copied().filter(|id| !id.starts_with(&format!("{}-", store.prefix))).collect();
        let alone = |id: &&str| {
            id.rsplit_once('.').is_some_and(|(whole, part)| part.parse::<u32>().is_ok() && !known.contains(whole))
        };
        let orphans: Vec<&str> = known.iter().copied().filter(alone).collect();
        for (kind, mut ids, what) in
            [("prefix", foreign, "have another prefix"), ("orphan", orphans, "are parts of beads that are gone")]
        {
            if !ids.is_empty() {
                ids.sort_unstable();
                let some = ids.iter().take(5).copied().collect::<Vec<_>>().join(", ");
                found.push((kind, format!("{} {what}: {some}", counted(ids.len(), "bead"))));
            }
        }
    }
    let checkout = place.checkout();
    let branch = place.separate_branch().map(str::to_owned).or(checkout.branch()?);
    if let Some(branch) = branch
        && let Some((remote, there)) = checkout.remote(&branch)?
        && let Some(theirs) = checkout.rev(&format!("refs/remotes/{remote}/{there}"))?
        && let Some(ours) = checkout.rev(&format!("refs/heads/{branch}"))?
        && checkout.merge_base(&ours, &theirs)?.is_none()
    {
        found.push((
            "history",
            format!("{remote}/{there} has nothing in common with {branch}: its history was rewritten"),
        ));
    }
    let mut text: String = found.iter().map(|(kind, what)| format!("{kind}: {}\n", render::clean(what))).collect();
    if found.is_empty() {
        text = "Nothing stands in the way\n".into();
    }
    let problems: Vec<Value> = found.iter().map(|(kind, what)| json!({"kind": kind, "message": what})).collect();
    render::print(context.output, json!({"ok": found.is_empty(), "problems": problems}), text)?;
    if !found.is_empty() {
        // What is to be said has been said.
        std::process::exit(1);
    }
    Ok(())
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
        text +=
            &format!("merged what others did: {} new, {} changed\n", counted(report.created, "bead"), report.updated);
    }
    if report.pushed {
        text += "the remote has it all\n";
    } else if report.remote.is_none() && options.push {
        text += "there is no remote to exchange with; git remote add origin <address>\n";
    }
    for circle in &report.circles {
        text += &format!("{} {circle}; end it with bd dep remove\n", paint.yellow("these wait for each other now:"));
    }
    for what in &report.later {
        text += &format!("{} {}; the next sync catches up\n", paint.yellow("not yet:"), render::clean(what));
    }
    text
}
