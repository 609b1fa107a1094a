//! `gt mol`: the steps an agent's work is done in.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::await_signal::AwaitSignal;
use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::{counted, neutralise};
use crate::base::{Error, Result};
use crate::formula::molecule::{self as formula, StepState};
use crate::formula::parse_pairs;
use crate::town::{Address, Role};
use crate::work::molecule::{self, Hung, Standing};
use crate::work::{Desk, hooked, identity, recipe};

/// The steps an agent's work is done in: where it is, ending a step, tying steps to a bead
#[derive(Debug, Subcommand)]
pub enum Mol {
    /// Show what is on a hook and how far its steps are
    Status(Whose),
    /// Show the step at hand
    Current(Whose),
    /// Show all steps and how they stand
    Progress(Whose),
    /// Tie a molecule, or a formula that is poured for it, to a bead
    #[command(
        after_help = "Examples:\n  gt mol attach feature            (to the bead on your hook)\n  gt mol attach gt-abc12 feature --var test_command='make check'"
    )]
    Attach {
        /// The bead, when it is not the one on your hook; then the molecule or formula
        #[arg(required = true, num_args = 1..=2, value_name = "[BEAD] MOLECULE")]
        words: Vec<String>,
        /// A variable's value, as name=value
        #[arg(long = "var", value_name = "NAME=VALUE")]
        vars: Vec<String>,
    },
    /// Take the molecule off a bead; its steps stay as they are
    Detach {
        /// The bead; the one on your hook by default
        bead: Option<String>,
    },
    /// Work on one step
    #[command(subcommand)]
    Step(Step),
    /// Replace a finished molecule's steps by one bead that says what was done
    Squash {
        #[command(flatten)]
        whose: Whose,
        /// What was done
        #[arg(long, default_value = "", allow_hyphen_values = true)]
        summary: String,
        /// Even with open steps
        #[arg(long, short)]
        force: bool,
    },
    /// Delete a molecule
    Burn {
        #[command(flatten)]
        whose: Whose,
        /// Even what is no wisp, or is being worked on
        #[arg(long, short)]
        force: bool,
    },
}

/// Which molecule.
#[derive(Debug, Args)]
pub struct Whose {
    /// An agent, a bead, a molecule or a step of one; yours by default
    target: Option<String>,
}

/// `gt mol step <what>`.
#[derive(Debug, Subcommand)]
pub enum Step {
    /// End a step and show the next one
    Done {
        /// The step; the one at hand by default
        step: Option<String>,
        /// Only say what would be done
        #[arg(long, short = 'n')]
        dry_run: bool,
    },
    /// Wait until something happens in the town
    AwaitSignal(AwaitSignal),
}

impl Mol {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        let me = identity::who(&desk.town)?.address;
        let root = |desk: &Desk, whose: &Whose| molecule::find(desk, &me, whose.target.as_deref());
        match self {
            Mol::Status(whose) => return report::print(out, &status(&desk, &me, whose.target.as_deref())?),
            Mol::Current(whose) => {
                let root = root(&desk, &whose)?;
                return report::print(out, &molecule::standing(&desk, &root)?);
            }
            Mol::Progress(whose) => {
                let root = root(&desk, &whose)?;
                return report::print(out, &progress(&desk, &root)?);
            }
            Mol::Attach { mut words, vars } => {
                let what = words.pop().unwrap_or_default();
                let bead = words.pop().map_or_else(|| own_bead(&desk, &me), Ok)?;
                let library = recipe::library(&desk);
                let what = recipe::named(&library, &what).unwrap_or(what);
                let hung = molecule::attach(&mut desk, &library, &bead, &what, &parse_pairs(&vars)?)?;
                report::print(out, &Tied { hung, verb: "hangs on" })?;
            }
            Mol::Detach { bead } => {
                let bead = bead.map_or_else(|| own_bead(&desk, &me), Ok)?;
                for hung in molecule::detach(&mut desk, &bead)? {
                    report::print(out, &Tied { hung, verb: "is off" })?;
                }
            }
            Mol::Step(Step::Done { step, dry_run }) => {
                let root = match &step {
                    Some(_) => String::new(),
                    None => molecule::find(&desk, &me, None)?,
                };
                let actor = identity::named_actor(&me);
                report::print(out, &molecule::step_done(&mut desk, &actor, &root, step.as_deref(), dry_run)?)?;
            }
            Mol::Step(Step::AwaitSignal(waiting)) => return waiting.run(&mut desk, &identity::named_actor(&me), out),
            Mol::Squash { whose, summary, force } => {
                let mol = formula::load(&desk.ledger, &root(&desk, &whose)?)?;
                let done = desk
                    .ledger
                    .write(&identity::named_actor(&me), |tx| formula::squash(tx, &mol, &summary, false, force))?;
                let words = format!(
                    "{} of {} became {}",
                    counted(done.squashed_count, "step"),
                    done.molecule_id,
                    done.digest_id
                );
                report::print(out, &Ended { what: done, words })?;
            }
            Mol::Burn { whose, force } => {
                let mol = formula::load(&desk.ledger, &root(&desk, &whose)?)?;
                let done = desk.ledger.write(&identity::named_actor(&me), |tx| formula::burn(tx, &mol, force))?;
                let words = format!("{} is gone, {}", done.molecule_id, counted(done.deleted_count, "bead"));
                report::print(out, &Ended { what: done, words })?;
            }
        }
        super::after_change(&desk)
    }
}

fn own_bead(desk: &Desk, me: &Address) -> Result<String> {
    hooked::hooked(desk, me)?.bead_id.ok_or_else(|| {
        Error::usage(format!("nothing is on the hook of {me}")).hint("name the bead: gt mol attach <bead> <formula>")
    })
}

#[derive(Serialize)]
struct Status {
    target: String,
    role: Option<Role>,
    has_work: bool,
    bead: Option<String>,
    title: String,
    attached_molecule: Option<String>,
    is_wisp: bool,
    progress: Option<Counts>,
    molecule: Option<Standing>,
    next_action: String,
}

/// How far a molecule is, in the words that scripts know.
#[derive(Serialize)]
struct Counts {
    root_id: String,
    root_title: String,
    total_steps: usize,
    done_steps: usize,
    in_progress_steps: usize,
    ready_steps: Vec<String>,
    blocked_steps: Vec<String>,
    percent_complete: f64,
    complete: bool,
}

impl Counts {
    fn of(progress: &formula::Progress, views: &[formula::StepView]) -> Counts {
        let ids = |state: &[StepState]| {
            views.iter().filter(|view| state.contains(&view.state)).map(|view| view.bead.id.clone()).collect()
        };
        Counts {
            root_id: progress.molecule_id.clone(),
            root_title: progress.molecule_title.clone(),
            total_steps: progress.total,
            done_steps: progress.completed,
            in_progress_steps: progress.in_progress,
            ready_steps: ids(&[StepState::Ready, StepState::Current]),
            blocked_steps: ids(&[StepState::Blocked, StepState::Pending]),
            percent_complete: progress.percent,
            complete: progress.completed == progress.total,
        }
    }
}

impl Report for Status {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        match &self.bead {
            Some(bead) => writeln!(out, "{}: {} {}", self.target, paint.dim(bead), neutralise(&self.title, true))?,
            None => writeln!(out, "{}: nothing on the hook", self.target)?,
        }
        if let Some(molecule) = &self.molecule {
            let title = neutralise(&molecule.title, true);
            writeln!(
                out,
                "  {} {title}  {} of {} steps done",
                paint.dim(&molecule.root),
                molecule.done,
                molecule.total
            )?;
            if let Some(step) = &molecule.step {
                writeln!(out, "  now {} {}", paint.dim(step), neutralise(&molecule.step_title, true))?;
            }
        }
        writeln!(out, "  next: {}", self.next_action)
    }
}

/// How the hook of an agent, or a bead, stands.
fn status(desk: &Desk, me: &Address, word: Option<&str>) -> Result<Status> {
    let agent = match word {
        None => Some(me.clone()),
        Some(word) => word.parse::<Address>().ok(),
    };
    let (target, bead) = match (&agent, word) {
        (Some(agent), _) => (agent.to_string(), hooked::hooked(desk, agent)?.bead_id),
        (None, word) => {
            let id = desk.ledger.resolve(word.unwrap_or_default())?;
            (id.clone(), Some(id))
        }
    };
    let bead = match bead {
        Some(id) => desk.ledger.find(&id)?,
        None => None,
    };
    let molecule = match (&agent, &bead) {
        (Some(agent), bead) => molecule::current(desk, agent, bead.as_ref())?,
        (None, Some(bead)) => molecule::of_bead(desk, bead)?.map(|root| molecule::standing(desk, &root)).transpose()?,
        (None, None) => None,
    };
    let next_action = match (&bead, &molecule) {
        (None, _) => "wait for work, or take some: bd ready".to_owned(),
        (_, Some(Standing { step: Some(step), .. })) => format!("do step {step}, then gt mol step done"),
        (_, Some(standing)) if standing.done < standing.total => {
            format!("the open steps wait: bd mol show {}", standing.root)
        }
        _ => "do it, then gt done".to_owned(),
    };
    let counted = molecule.as_ref().map(|molecule| counts(desk, &molecule.root)).transpose()?;
    let root = molecule.as_ref().map(|molecule| desk.ledger.find(&molecule.root)).transpose()?.flatten();
    Ok(Status {
        target,
        role: agent.as_ref().map(Address::role),
        attached_molecule: molecule.as_ref().map(|molecule| molecule.root.clone()),
        is_wisp: root.is_some_and(|root| root.ephemeral),
        progress: counted,
        has_work: bead.is_some(),
        title: bead.as_ref().map(|bead| bead.title.clone()).unwrap_or_default(),
        bead: bead.map(|bead| bead.id),
        molecule,
        next_action,
    })
}

#[derive(Serialize)]
struct Line {
    id: String,
    title: String,
    state: StepState,
    assignee: String,
}

#[derive(Serialize)]
struct Progress {
    #[serde(flatten)]
    progress: formula::Progress,
    #[serde(flatten)]
    counts: Counts,
    steps: Vec<Line>,
}

impl Report for Progress {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let formula::Progress { molecule_id, molecule_title, completed, total, .. } = &self.progress;
        let title = neutralise(molecule_title, true);
        writeln!(out, "{} {}  {completed} of {total} done", paint.dim(molecule_id), paint.bold(&title))?;
        for line in &self.steps {
            let sign = match line.state {
                StepState::Done => paint.green("✓"),
                StepState::Current => paint.yellow("◐"),
                StepState::Ready => "○".to_owned(),
                StepState::Blocked => paint.red("●"),
                StepState::Pending => paint.dim("·"),
            };
            writeln!(out, "  {sign} {} {}", paint.dim(&line.id), neutralise(&line.title, true))?;
        }
        Ok(())
    }
}

fn counts(desk: &Desk, root: &str) -> Result<Counts> {
    let progress = formula::progress(&desk.ledger, root)?;
    Ok(Counts::of(&progress, &formula::load(&desk.ledger, root)?.views()))
}

fn progress(desk: &Desk, root: &str) -> Result<Progress> {
    let progress = formula::progress(&desk.ledger, root)?;
    let views = formula::load(&desk.ledger, root)?.views();
    let counts = Counts::of(&progress, &views);
    let line = |view: formula::StepView| Line {
        id: view.bead.id,
        title: view.bead.title,
        state: view.state,
        assignee: view.bead.assignee,
    };
    Ok(Progress { progress, counts, steps: views.into_iter().map(line).collect() })
}

#[derive(Serialize)]
struct Tied {
    #[serde(flatten)]
    hung: Hung,
    #[serde(skip)]
    verb: &'static str,
}

impl Report for Tied {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} molecule {} {} {}", paint.green("✓"), self.hung.molecule, self.verb, self.hung.bead)
    }
}

#[derive(Serialize)]
struct Ended<T: Serialize> {
    #[serde(flatten)]
    what: T,
    #[serde(skip)]
    words: String,
}

impl<T: Serialize> Report for Ended<T> {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} {}", paint.green("✓"), self.words)
    }
}
