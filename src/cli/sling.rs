//! `gt sling` and `gt unsling`: giving work to agents and taking it back.

use clap::Args;

use crate::base::report::{self, Output, Report};
use crate::base::{Error, Result};
use crate::formula::parse_pairs;
use crate::ledger::Ledger;
use crate::work::{Desk, recipe, sling, unsling};

/// Give beads to agents: each gets a branch, a worktree and a session
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gt sling gt-abc12 myproject                       a new worker of the rig
  gt sling gt-abc12 gt-def34 myproject              two, side by side
  gt sling gt-abc12 myproject --agent codex         with another runtime
  gt sling feature --on gt-abc12 myproject          with the steps of a formula
  gt sling release myproject --var version=1.2.0    the formula itself is the work
  gt sling gt-abc12 myproject --no-start            branch and worktree; you start the runtime there yourself")]
pub struct Sling {
    /// The beads, or one formula; then a rig or an agent; without a target the beads' own rig
    #[arg(required = true, value_name = "BEAD... [TARGET]")]
    words: Vec<String>,
    /// The bead that the formula's steps are for
    #[arg(long, value_name = "BEAD")]
    on: Option<String>,
    /// A variable's value for the formula, as name=value
    #[arg(long = "var", value_name = "NAME=VALUE")]
    vars: Vec<String>,
    /// Make branch and worktree, but start nothing: you start the runtime there yourself
    #[arg(long)]
    no_start: bool,
    /// The runtime to use
    #[arg(long, value_name = "PRESET")]
    agent: Option<String>,
    /// Only say what would be done
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Sling although the bead waits for others, is somebody's by name, or belongs to another rig
    #[arg(long, short)]
    force: bool,
    /// Make no convoy
    #[arg(long)]
    no_convoy: bool,
    /// The name of the convoy to make
    #[arg(long, value_name = "NAME", conflicts_with = "no_convoy")]
    convoy: Option<String>,
}

impl Sling {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work; also when some of several starts failed.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        let formula = self.formula(&desk);
        let (beads, target) = match &formula {
            Some(_) => (Vec::new(), self.words.get(1).cloned().unwrap_or_default()),
            None => split(&desk.ledger, self.words.clone()),
        };
        let request = sling::Request {
            beads,
            target,
            agent: self.agent,
            dry_run: self.dry_run,
            force: self.force,
            no_convoy: self.no_convoy,
            convoy_name: self.convoy,
            no_start: self.no_start,
        };
        if let Some(formula) = formula {
            if self.words.len() > 2 {
                return Err(
                    Error::usage("a formula is slung to one target").hint("gt sling <formula> --on <bead> <rig>")
                );
            }
            let recipe = recipe::Recipe { formula, on: self.on, values: parse_pairs(&self.vars)? };
            if request.dry_run {
                return dry_run(&desk, &recipe, &request, out);
            }
            let cast = recipe::sling(&mut desk, &recipe, request)?;
            return finish(&desk, &cast, &cast.sling, out);
        }
        if !self.vars.is_empty() {
            return Err(Error::usage("--var is for a formula").hint("gt sling <formula> --on <bead> --var name=value"));
        }
        if request.dry_run {
            return report::print(out, &sling::plan(&desk, &request)?);
        }
        let report = sling::sling(&mut desk, &request)?;
        finish(&desk, &report, &report, out)
    }

    /// The formula that the first word names: with `--on` it has to, else only when it names no bead.
    fn formula(&self, desk: &Desk) -> Option<String> {
        let word = self.words.first()?;
        let library = recipe::library(desk);
        match (&self.on, recipe::named(&library, word)) {
            // Cooking says that there is none of that name, and which comes near.
            (Some(_), named) => Some(named.unwrap_or_else(|| word.clone())),
            (None, Some(named)) if desk.ledger.resolve(word).is_err() => Some(named),
            (None, _) => None,
        }
    }
}

fn dry_run(desk: &Desk, recipe: &recipe::Recipe, request: &sling::Request, out: Output) -> Result<()> {
    let library = recipe::library(desk);
    let bead = match &recipe.on {
        Some(on) => {
            let request = sling::Request { beads: vec![on.clone()], ..request.clone() };
            if !out.json {
                report::print(out, &sling::plan(desk, &request)?)?;
            }
            Some(desk.ledger.get(&desk.ledger.resolve(on)?)?)
        }
        None => None,
    };
    super::formula::dry_run(&recipe::cooked(&library, recipe, bead.as_ref())?, out)
}

/// Prints what was slung; from here on the daemon does what happens by itself.
pub(super) fn finish(desk: &Desk, whole: &impl Report, report: &sling::SlingReport, out: Output) -> Result<()> {
    super::ensure_daemon(desk)?;
    report::print(out, whole)?;
    super::after_change(desk)?;
    match report.failed.len() {
        0 => Ok(()),
        failed => Err(Error::failed(format!(
            "{failed} of {} could not be started; they were taken back",
            failed + report.slung.len()
        ))
        .hint(report.failed[0].hint.clone().unwrap_or_else(|| "mend the reason above and sling them again".into()))),
    }
}

/// The beads and the target: the last word is the target unless it is the only one or names a bead.
fn split(ledger: &Ledger, mut words: Vec<String>) -> (Vec<String>, String) {
    let last_is_bead = words.last().is_some_and(|word| !word.contains('/') && ledger.resolve(word).is_ok());
    if words.len() < 2 || last_is_bead {
        return (words, String::new());
    }
    let target = words.pop().unwrap_or_default();
    (words, target)
}

/// Take a bead back from its agent; branch, worktree and snapshots remain
#[derive(Debug, Args)]
pub struct Unsling {
    /// The bead
    bead: String,
    /// Also when it is handed in already, or just being started
    #[arg(long, short)]
    force: bool,
}

impl Unsling {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        report::print(out, &unsling::unsling(&mut desk, &self.bead, self.force)?)?;
        super::after_change(&desk)
    }
}
