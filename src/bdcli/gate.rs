//! `bd gate`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::context::Context;
use super::{Global, render};
use crate::base::report::Paint;
use crate::base::{Error, Result};
use crate::formula::molecule::gate;
use crate::formula::timeout;
use crate::ledger::codec::Parts;
use crate::ledger::{Bead, Tx};
use crate::work::mail;

/// Looks at and opens gates.
#[derive(Debug, Args)]
pub struct GateCommand {
    #[command(subcommand)]
    command: Command,
}

/// What `bd gate` can do.
#[derive(Debug, Subcommand)]
enum Command {
    /// List gates that are shut
    List {
        /// Open ones too
        #[arg(long, short)]
        all: bool,
    },
    /// Show a gate
    Show {
        /// Its id
        id: String,
    },
    /// Open a gate
    Resolve {
        /// Its id
        id: String,
        /// Why
        #[arg(long, short, default_value = "", allow_hyphen_values = true)]
        reason: String,
    },
    /// Have somebody told when a gate opens
    AddWaiter {
        /// The gate
        id: String,
        /// Whom, by mail address
        waiter: String,
    },
    /// Find the runs that gates wait for which don't say which one, by asking gh for the newest of this branch
    Discover {
        /// The branch whose runs are looked at; the one checked out otherwise
        #[arg(long, short, value_name = "NAME")]
        branch: Option<String>,
        /// So many runs at most
        #[arg(long, short, default_value_t = 10)]
        limit: usize,
        /// Runs may have begun so long before the gate was made
        #[arg(long, short = 'a', value_name = "TIME", default_value = "30m")]
        max_age: String,
        /// Change nothing
        #[arg(long, short = 'n')]
        dry_run: bool,
    },
    /// Look at what gates wait for and open those whose time has come
    Check {
        /// Only these: gh, gh:run, gh:pr, timer, bead, all
        #[arg(long = "type", short = 't', default_value = "all", value_parser = ["all", "gh", "gh:run", "gh:pr", "timer", "bead"])]
        kind: String,
        /// Mark those that will not open by themselves
        #[arg(long, short)]
        escalate: bool,
        /// Change nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// Agents of a town learn by mail that a gate has opened.
fn by_mail(tx: &mut Tx<'_>, waiter: &str, gate: &Bead, reason: &str) -> Result<()> {
    let from = tx.actor().to_owned();
    let body = format!("{} {:?} is open: {reason}\n\nbd show {}", gate.id, gate.title, gate.id);
    mail::post(tx, &from, waiter, &format!("Gate open: {}", gate.title), &body, 2).map(|_| ())
}

/// There is no mail without a town; the bead itself says that it is closed.
fn nobody(_: &mut Tx<'_>, _: &str, _: &Bead, _: &str) -> Result<()> {
    Ok(())
}

fn line(gate: &Bead, paint: Paint) -> String {
    let timeout = match gate.timeout / 1_000_000_000 {
        0 => String::new(),
        seconds => format!(" within {}", crate::base::clock::short_duration(seconds)),
    };
    format!("{}{}\n", render::line(gate, paint), paint.dim(&timeout))
}

fn current_branch(context: &Context) -> Result<String> {
    let directory = context.ledger.store(&context.store)?.beads_dir;
    let repository = git2::Repository::discover(&directory)?;
    let head = repository.head()?;
    head.shorthand()
        .ok()
        .filter(|_| head.is_branch())
        .map(str::to_owned)
        .ok_or_else(|| Error::failed("no branch is checked out").hint("name one: bd gate discover --branch <name>"))
}

impl GateCommand {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let paint = Paint::stdout();
        let tell: gate::Tell<'_> = if context.town.is_some() { &by_mail } else { &nobody };
        match self.command {
            Command::List { all } => {
                let gates = gate::list(&context.ledger, all)?;
                let text = match gates.is_empty() {
                    true => "No gates are shut\n".to_owned(),
                    false => gates.iter().map(|gate| line(gate, paint)).collect(),
                };
                let json = gates.iter().map(|gate| Value::from(render::issue(gate, Parts::LABELS)));
                render::print(context.output, json.collect::<Value>(), text)
            }
            Command::Show { id } => {
                let found = gate::get(&context.ledger, &id)?;
                let mut text = line(&found, paint);
                if !found.status.is_done() {
                    text.push_str(&match gate::look(&context.ledger, &found) {
                        Ok(gate::Outside::Happened(reason)) => format!("{reason}: bd gate check opens it\n"),
                        Ok(gate::Outside::Waiting(reason) | gate::Outside::Failed(reason)) => format!("{reason}\n"),
                        Err(error) => format!("{error}\n"),
                    });
                }
                render::print(context.output, render::issue(&found, Parts::ALL), text)
            }
            Command::Resolve { id, reason } => {
                let found = gate::get(&context.ledger, &id)?;
                let unblocked = context.write(|tx| gate::resolve(tx, &found, &reason, tell))?;
                let mut text = format!("Opened {}\n", found.id);
                for id in &unblocked {
                    text.push_str(&format!("Ready now {}\n", render::line(&context.ledger.get(id)?, paint)));
                }
                let found = context.ledger.get(&found.id)?;
                render::print_change(context.output, render::issue(&found, Parts::LABELS), text)
            }
            Command::AddWaiter { id, waiter } => {
                let found = gate::get(&context.ledger, &id)?;
                let added = context.write(|tx| gate::add_waiter(tx, &found, &waiter))?;
                let found = context.ledger.get(&found.id)?;
                let what = if added { "is told" } else { "was on the list already; is told" };
                let mail = if context.town.is_some() { "by mail " } else { "" };
                let text = format!("{} {what} {mail}when {} opens\n", render::clean(&waiter), found.id);
                render::print_change(context.output, render::issue(&found, Parts::LABELS), text)
            }
            Command::Discover { branch, limit, max_age, dry_run } => {
                let slack = timeout::parse(&max_age)
                    .ok_or_else(|| Error::usage(format!("not a duration: {max_age:?}")).hint("write 30m, 1h or 2d"))?;
                let branch = match branch {
                    Some(branch) => branch,
                    None => current_branch(&context)?,
                };
                let found = gate::discover(&context.ledger, &branch, limit, slack / 1_000_000_000)?;
                if !dry_run && !found.is_empty() {
                    context.write(|tx| {
                        found.iter().try_for_each(|found| gate::await_run(tx, &found.gate, &found.run).map(|_| ()))
                    })?;
                }
                let what = if dry_run { "Would wait" } else { "Waits" };
                let mut text: String = found
                    .iter()
                    .map(|found| {
                        let about = format!("{}, {}", found.workflow, render::ago(found.begun));
                        format!(
                            "{} {what} for run {} ({})\n",
                            paint.bold(&found.gate),
                            found.run,
                            render::clean(&about)
                        )
                    })
                    .collect();
                if found.is_empty() {
                    text = format!("No gate waits for a run of {} that it does not know\n", render::clean(&branch));
                }
                let json = json!({"branch": branch, "discovered": found, "count": found.len(), "dry_run": dry_run});
                render::print(context.output, json, text)
            }
            Command::Check { kind, escalate, dry_run } => {
                let report = gate::check(&mut context.ledger, &context.actor, &kind, escalate, dry_run, tell)?;
                if !dry_run {
                    context.flush()?;
                }
                let mut text: String = report
                    .gates
                    .iter()
                    .map(|found| {
                        format!("{} {}: {}\n", paint.bold(&found.id), found.state, render::clean(&found.reason))
                    })
                    .collect();
                text.push_str(&format!(
                    "{} gates looked at, {} opened, {} need somebody, {} could not be looked at\n",
                    report.checked, report.resolved, report.escalated, report.errors
                ));
                render::print(context.output, serde_json::to_value(&report)?, text)
            }
        }
    }
}
