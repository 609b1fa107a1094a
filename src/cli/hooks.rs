//! `gt hooks`: the worktrees that keep agents' work.

use std::io::{self, IsTerminal, Write};

use clap::Subcommand;
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::{fit, neutralise};
use crate::base::{Error, Result, Timestamp};
use crate::repo::Snapshot;
use crate::work::Desk;
use crate::work::archive;
use crate::work::hook_care::{self, Pruned, Restored, RolledBack};
use crate::work::hook_repair::{self, Checkup};
use crate::work::hook_review::{self, TakenOut};
use crate::work::hook_status::{self, HookDetails, HookLine};

/// `gt hooks <what>`.
#[derive(Debug, Subcommand)]
pub enum Hooks {
    /// List them: agent, state, bead, branch
    #[command(visible_alias = "ls")]
    List {
        /// Archived ones too
        #[arg(long, short)]
        all: bool,
    },
    /// Show one in full: what is committed, what is not, the last snapshot
    Show {
        /// The agent: its address, or its name
        agent: String,
    },
    /// List the snapshots of one
    Log {
        /// The agent: its address, or its name
        agent: String,
    },
    /// Show what has changed on one since its work began, untracked files included
    Diff {
        /// The agent: its address, or its name
        agent: String,
        /// Since this snapshot instead
        #[arg(long, value_name = "NUMBER")]
        from: Option<u64>,
    },
    /// Make a worktree what it was at a snapshot: branch, index and files; what is there now is kept first
    #[command(after_help = "Example:\n  gt hooks log toast\n  gt hooks rollback toast 3")]
    Rollback {
        /// The agent: its address, or its name
        agent: String,
        /// The snapshot's number, as gt hooks log shows it
        snapshot: u64,
    },
    /// Take one hunk of what has changed out of the files again; a snapshot keeps what was there
    #[command(after_help = "Example:\n  gt hooks diff toast\n  gt hooks reject toast src/cart.rs:42")]
    Reject {
        /// The agent: its address, or its name
        agent: String,
        /// The file, and a line of the hunk as the file is now
        #[arg(value_name = "FILE:LINE")]
        place: String,
    },
    /// Heal worktrees: deleted or moved ones, stale locks, half-done rebases, foreign checkouts, broken branches, missing records
    #[command(after_help = "Example:\n  gt hooks repair --dry-run\n  gt hooks repair toast")]
    Repair {
        /// The agent: its address, or its name; all when left out
        agent: Option<String>,
        /// Only tell what is wrong
        #[arg(long, short = 'n')]
        dry_run: bool,
    },
    /// Remove a worktree whose work is over; its branch and snapshots stay
    #[command(after_help = "Example:\n  gt hooks archive toast")]
    Archive {
        /// The agent: its address, or its name
        agent: String,
    },
    /// Make the worktree of an archived one again
    #[command(after_help = "Example:\n  gt hooks list --all\n  gt hooks restore toast")]
    Restore {
        /// The agent: its address, or its name
        agent: String,
    },
    /// Clear away what archived ones hold nowhere but also in the target branch; all else stays
    #[command(after_help = "Example:\n  gt hooks prune")]
    Prune,
}

impl Hooks {
    /// Does it.
    ///
    /// # Errors
    /// Those of the operation.
    pub fn run(self, output: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        match self {
            Hooks::List { all } => report::print(output, &List(hook_status::list(&desk, all)?)),
            Hooks::Show { agent } => report::print(output, &hook_status::details(&desk, &agent)?),
            Hooks::Log { agent } => report::print(output, &Log(hook_status::log(&desk, &agent)?)),
            Hooks::Diff { agent, from } => {
                let diff = hook_status::diff(&desk, &agent, from)?;
                report::print(output, &Diff { agent, from, diff })
            }
            Hooks::Rollback { agent, snapshot } => {
                report::print(output, &hook_care::rollback(&mut desk, &agent, snapshot)?)
            }
            Hooks::Reject { agent, place } => {
                let taken = hook_review::reject(&mut desk, &agent, &place)?;
                report::print(output, &Rejected { place, taken })
            }
            Hooks::Repair { agent, dry_run } => {
                let found = hook_repair::repair(&mut desk, agent.as_deref(), dry_run)?;
                let left = found.iter().any(|checkup| !checkup.left.is_empty());
                report::print(output, &Repaired { dry: dry_run, hooks: found })?;
                if left { Err(Error::failed("not everything could be healed")) } else { Ok(()) }
            }
            Hooks::Archive { agent } => {
                let agent = hook_status::find(&desk, &agent)?.agent;
                archive::archive(&mut desk, &agent)?;
                report::print(output, &Archived { agent })
            }
            Hooks::Restore { agent } => report::print(output, &hook_care::restore(&mut desk, &agent)?),
            Hooks::Prune => report::print(output, &Prune(hook_care::prune(&desk)?)),
        }
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct List(Vec<HookLine>);

#[derive(Serialize)]
#[serde(transparent)]
struct Log(Vec<Snapshot>);

#[derive(Serialize)]
struct Diff {
    agent: String,
    from: Option<u64>,
    diff: String,
}

fn paint_state(state: &str, paint: Paint) -> String {
    let text = fit(state, 9);
    match state {
        "active" => paint.green(&text),
        "suspended" => paint.yellow(&text),
        _ => paint.dim(&text),
    }
}

fn age(time: Timestamp) -> String {
    let age = time.age(Timestamp::now());
    if age == "now" { "just now".into() } else { format!("{age} ago") }
}

impl Report for List {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "No hooks. Work gets on one with: gt sling <bead> <rig>");
        }
        let widest = self.0.iter().map(|hook| hook.agent.len()).max().unwrap_or(0);
        for hook in &self.0 {
            let missing = !hook.present && hook.state != "archived";
            writeln!(
                out,
                "{}  {}  {}  {}{}",
                paint.bold(&fit(&hook.agent, widest)),
                paint_state(&hook.state, paint),
                fit(hook.bead.as_deref().unwrap_or("-"), 12),
                paint.dim(&neutralise(hook.branch.as_deref().unwrap_or("-"), true)),
                if missing { paint.red("  worktree missing") } else { String::new() },
            )?;
        }
        Ok(())
    }
}

impl Report for HookDetails {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let hook = &self.line;
        writeln!(out, "{}  {}", paint.bold(&hook.agent), paint_state(&hook.state, paint).trim_end())?;
        let work = self.assignment.as_deref().map(|state| format!("  ({state})")).unwrap_or_default();
        writeln!(out, "  bead       {}{work}", hook.bead.as_deref().unwrap_or("none"))?;
        writeln!(out, "  rig        {}", hook.rig)?;
        writeln!(out, "  worktree   {}", neutralise(&hook.worktree.display().to_string(), true))?;
        let head = self.head.as_deref().map_or("", |head| &head[..head.len().min(10)]);
        writeln!(
            out,
            "  branch     {} {}",
            neutralise(hook.branch.as_deref().unwrap_or("none"), true),
            paint.dim(head)
        )?;
        if let (Some(ahead), Some(behind)) = (self.ahead, self.behind) {
            writeln!(out, "  target     {}: {ahead} commit(s) ahead, {behind} behind", neutralise(&self.target, true))?;
        }
        match &self.last_snapshot {
            Some(last) => writeln!(
                out,
                "  snapshots  {}, the last {} ({})",
                self.snapshots,
                age(last.time),
                neutralise(&last.why, true)
            )?,
            None => writeln!(out, "  snapshots  none yet")?,
        }
        writeln!(out, "  since      {}", age(hook.updated_at))?;
        if self.dirty.is_empty() {
            writeln!(out, "  changes    all committed")?;
        } else {
            writeln!(out, "  changes    {} file(s) not committed", self.dirty.len())?;
            for file in self.dirty.iter().take(20) {
                let kind = serde_json::to_value(file.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
                let path = file.path.to_string_lossy();
                writeln!(out, "    {} {}", fit(&kind.unwrap_or_default(), 10), neutralise(&path, true))?;
            }
            if self.dirty.len() > 20 {
                writeln!(out, "    and {} more", self.dirty.len() - 20)?;
            }
        }
        for problem in &self.problems {
            writeln!(out, "  {}", paint.red(&neutralise(problem, true)))?;
        }
        Ok(())
    }
}

impl Report for Log {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "No snapshots yet.");
        }
        for snapshot in self.0.iter().rev() {
            writeln!(
                out,
                "{:>4}  {}  {}  {}",
                snapshot.number,
                paint.dim(&snapshot.id[..snapshot.id.len().min(10)]),
                fit(&age(snapshot.time), 9),
                neutralise(&snapshot.why, true)
            )?;
        }
        Ok(())
    }
}

impl Report for Diff {
    fn human(&self, out: &mut dyn Write, _: Paint) -> io::Result<()> {
        // Into a file or a pipe it goes as it is, so that git can apply it.
        if io::stdout().is_terminal() {
            write!(out, "{}", neutralise(&self.diff, false))
        } else {
            write!(out, "{}", self.diff)
        }
    }
}

#[derive(Serialize)]
struct Repaired {
    dry: bool,
    hooks: Vec<Checkup>,
}

#[derive(Serialize)]
struct Archived {
    agent: String,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Prune(Vec<Pruned>);

impl Report for Repaired {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        for hook in self.hooks.iter().filter(|hook| !hook.healed.is_empty() || !hook.left.is_empty()) {
            writeln!(out, "{}", paint.bold(&hook.agent))?;
            for what in &hook.healed {
                let mark = if self.dry { paint.yellow("!") } else { paint.green("✓") };
                writeln!(out, "  {mark} {}", neutralise(what, true))?;
            }
            for what in &hook.left {
                writeln!(out, "  {} {}", paint.red("✗"), neutralise(what, true))?;
            }
        }
        let well = self.hooks.iter().filter(|hook| hook.healed.is_empty() && hook.left.is_empty()).count();
        writeln!(out, "{well} of {} well", self.hooks.len())
    }
}

impl Report for RolledBack {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} {} is at snapshot {} again", paint.green("✓"), self.agent, self.to)?;
        match self.kept {
            Some(kept) => writeln!(out, "  what was there is snapshot {kept}: gt hooks rollback {} {kept}", self.agent),
            None => Ok(()),
        }
    }
}

#[derive(Serialize)]
struct Rejected {
    place: String,
    #[serde(flatten)]
    taken: TakenOut,
}

impl Report for Rejected {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let place = neutralise(&self.place, true);
        writeln!(out, "{} the hunk at {place} of {} is taken out", paint.green("✓"), self.taken.agent)?;
        match self.taken.kept {
            Some(kept) => {
                writeln!(out, "  what was there is snapshot {kept}: gt hooks rollback {} {kept}", self.taken.agent)
            }
            None => Ok(()),
        }
    }
}

impl Report for Archived {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} {} is archived; gt hooks restore {} brings it back", paint.green("✓"), self.agent, self.agent)
    }
}

impl Report for Restored {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let worktree = self.worktree.display().to_string();
        let worktree = neutralise(&worktree, true);
        writeln!(
            out,
            "{} {} is back in {worktree}, on {}",
            paint.green("✓"),
            self.agent,
            neutralise(&self.branch, true)
        )?;
        if let Some(number) = self.snapshot {
            writeln!(out, "  with the uncommitted files of snapshot {number}")?;
        }
        match &self.bead {
            Some(bead) => writeln!(out, "  to let the work go on there: gt sling {bead} {}", self.agent),
            None => Ok(()),
        }
    }
}

impl Report for Prune {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        for rig in &self.0 {
            writeln!(
                out,
                "{}  {} branch(es) and {} snapshot(s) dropped, {} kept",
                paint.bold(&rig.rig),
                rig.branches,
                rig.snapshots,
                rig.kept
            )?;
        }
        Ok(())
    }
}
