//! `gt rig`: the projects of a town.

use std::io::{self, IsTerminal, Write};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::{fit, neutralise, truncate};
use crate::base::{Error, Result, Timestamp};
use crate::work::rigs::{self, AddOptions, AddReport, PrefixSource, RemoveReport, RigAgent, RigLine, RigStatus};
use crate::work::{Desk, halt};

/// `gt rig <what>`.
#[derive(Debug, Subcommand)]
pub enum RigCommand {
    /// Add a project to the town
    Add(Add),
    /// List the town's projects
    #[command(visible_alias = "ls")]
    List,
    /// Show one project in full; the one around you by default
    Status {
        /// The rig's name
        rig: Option<String>,
    },
    /// Start no more agents in a project; those that run go on
    Park {
        /// The rig's name
        rig: String,
        /// Why
        #[arg(long, short, default_value = "")]
        reason: String,
    },
    /// Start agents in a project again
    Unpark {
        /// The rig's name
        rig: String,
    },
    /// Take a project out of service: nothing is started in it and nothing merged, also after the ledger was lost
    Dock {
        /// The rig's name
        rig: String,
    },
    /// Take a project into service again
    Undock {
        /// The rig's name
        rig: String,
    },
    /// Take a project out of the town; its files stay
    #[command(visible_alias = "rm")]
    Remove {
        /// The rig's name
        name: String,
    },
}

/// Arguments of `gt rig add`.
#[derive(Debug, Args)]
pub struct Add {
    /// Its name: letters, digits and underscores
    name: String,
    /// Where its git repository is: an address or a path
    #[arg(required_unless_present = "adopt")]
    url: Option<String>,
    /// The prefix of its beads' ids; the repository's own, or made from the name by default
    #[arg(long)]
    prefix: Option<String>,
    /// The branch to start work from and merge into; the repository's default branch by default
    #[arg(long)]
    branch: Option<String>,
    /// Take a rig back in that was removed and whose files are still there
    #[arg(long, conflicts_with = "url")]
    adopt: bool,
}

impl RigCommand {
    /// Does it.
    ///
    /// # Errors
    /// Those of the operation.
    pub fn run(self, output: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        match self {
            RigCommand::Park { rig, reason } => {
                report::print(output, &halt::park(&mut desk, &rig, &reason)?)?;
                super::after_change(&desk)
            }
            RigCommand::Unpark { rig } => {
                report::print(output, &halt::unpark(&mut desk, &rig)?)?;
                super::after_change(&desk)
            }
            RigCommand::Dock { rig } => dock(&mut desk, output, &rig, true),
            RigCommand::Undock { rig } => dock(&mut desk, output, &rig, false),
            RigCommand::Add(add) => add.run(&mut desk, output),
            RigCommand::List => {
                let cleaned_up = rigs::clean_up_half_made(&mut desk)?;
                if !output.quiet {
                    tell_cleaned_up(&cleaned_up);
                }
                report::print(output, &List(rigs::list(&desk)?))
            }
            RigCommand::Status { rig } => {
                let name = match rig {
                    Some(name) => name,
                    None => rig_around(&desk)?,
                };
                report::print(output, &rigs::status(&desk, &name)?)
            }
            RigCommand::Remove { name } => report::print(output, &rigs::remove(&mut desk, &name)?),
        }
    }
}

fn dock(desk: &mut Desk, output: Output, rig: &str, docked: bool) -> Result<()> {
    report::print(output, &halt::dock(desk, rig, docked)?)?;
    super::after_change(desk)
}

/// The rig that the working directory or the environment of an agent says, or the only one.
pub(super) fn rig_around(desk: &Desk) -> Result<String> {
    if let Ok(directory) = std::env::current_dir()
        && let Some(rig) = desk.town.rig_of_path(&directory)?
    {
        return Ok(rig.name);
    }
    if let Some(name) = std::env::var("GT_RIG").ok().filter(|name| !name.is_empty()) {
        return Ok(name);
    }
    let mut all = desk.town.rigs()?;
    match (all.pop(), all.is_empty()) {
        (Some(only), true) => Ok(only.name),
        (None, _) => Err(Error::not_found("the town has no rigs yet").hint("gt rig add <name> <url-or-path>")),
        _ => Err(Error::usage("which rig?").hint("name it; gt rig list shows them")),
    }
}

fn tell_cleaned_up(names: &[String]) {
    for name in names {
        eprintln!("cleaned up {}: adding it had been interrupted", neutralise(name, true));
    }
}

impl Add {
    fn run(self, desk: &mut Desk, output: Output) -> Result<()> {
        let options =
            AddOptions { name: self.name, url: self.url, prefix: self.prefix, branch: self.branch, adopt: self.adopt };
        let live = !output.quiet && !output.json && io::stderr().is_terminal();
        let width = crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns)).saturating_sub(1);
        let result = rigs::add(desk, &options, &mut |line| {
            if live {
                // Erases what a longer line before it left.
                eprint!("\r\x1b[2K{}", truncate(&neutralise(line, true), width));
            }
        });
        if live {
            eprint!("\r\x1b[2K");
        }
        let report = result?;
        if !output.quiet {
            tell_cleaned_up(&report.cleaned_up);
        }
        report::print(output, &report)
    }
}

impl Report for AddReport {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let rig = &self.rig;
        writeln!(out, "{} Added {}", paint.green("✓"), paint.bold(&rig.name))?;
        let from = match self.prefix_from {
            PrefixSource::Given => "as you said",
            PrefixSource::Repository => "as the repository's beads have it",
            PrefixSource::Name => "made from the name; --prefix sets another",
        };
        writeln!(out, "  beads        {}-… {}", rig.prefix, paint.dim(&format!("({from})")))?;
        if self.adopted_beads > 0 {
            writeln!(out, "  adopted      {} bead(s) the repository tracks", self.adopted_beads)?;
        }
        if self.unread_lines > 0 {
            let kept = format!("{} line(s) of issues.jsonl can't be read and are kept aside", self.unread_lines);
            writeln!(out, "  {}", paint.yellow(&kept))?;
        }
        writeln!(out, "  branch       {}", neutralise(&rig.default_branch, true))?;
        writeln!(out, "  from         {}", neutralise(&rig.git_url, true))?;
        writeln!(out, "  directory    {}", neutralise(&rig.root.display().to_string(), true))?;
        writeln!(out, "\nNext steps:")?;
        writeln!(out, "  1. bd create \"What is to be done\" --rig {}", rig.name)?;
        writeln!(out, "  2. gt sling <bead> {}", rig.name)
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct List(Vec<RigLine>);

impl Report for List {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "No rigs yet. Add one: gt rig add <name> <url-or-path>");
        }
        let widest = self.0.iter().map(|rig| rig.name.len()).max().unwrap_or(0).max(4);
        for rig in &self.0 {
            let dot = if rig.working > 0 { paint.green("●") } else { paint.dim("○") };
            let beads = format!("{} open, {} ready", rig.beads.open, rig.beads.ready);
            writeln!(
                out,
                "{dot} {}  {}  {} working, {} to merge, {beads}  {}",
                paint.bold(&fit(&rig.name, widest)),
                paint.dim(&fit(&format!("{}-", rig.prefix), 6)),
                rig.working,
                rig.queue,
                paint.dim(&format!("polecats {}, crew {}", rig.polecats, rig.crew)),
            )?;
            for problem in &rig.problems {
                writeln!(out, "  {}", paint.red(&neutralise(problem, true)))?;
            }
        }
        Ok(())
    }
}

impl Report for RigStatus {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let rig = &self.line;
        writeln!(out, "{}  {}", paint.bold(&rig.name), paint.dim(&neutralise(&rig.path.display().to_string(), true)))?;
        writeln!(out, "  from         {}", neutralise(&rig.git_url, true))?;
        let age = rig.added_at.age(Timestamp::now());
        writeln!(out, "  added        {}", if age == "now" { "just now".into() } else { format!("{age} ago") })?;
        let counts = rig.beads;
        writeln!(
            out,
            "  beads        {}-…  {} open ({} ready), {} in progress, {} closed",
            rig.prefix, counts.open, counts.ready, counts.in_progress, counts.closed
        )?;
        let head = self.target_head.as_deref().map_or("missing", |head| &head[..head.len().min(10)]);
        let sync = match self.ahead_behind_origin {
            Some((0, 0)) => "level with its origin".to_owned(),
            Some((ahead, behind)) => format!("{ahead} ahead of its origin, {behind} behind"),
            None => "not at its origin".to_owned(),
        };
        writeln!(out, "  target       {} at {head}, {sync}", neutralise(&self.target_branch, true))?;
        let gate = self.test_command.as_deref().map_or_else(|| "none".into(), |gate| neutralise(gate, true));
        writeln!(out, "  gate         {gate}")?;
        let queue: Vec<String> = self.queue_by_state.iter().map(|(state, count)| format!("{count} {state}")).collect();
        writeln!(out, "  merge queue  {}", if queue.is_empty() { "empty".to_owned() } else { queue.join(", ") })?;
        for (title, agents) in [("polecats", &self.polecat_list), ("crew", &self.crew_list)] {
            if agents.is_empty() {
                writeln!(out, "  {}none", fit(title, 13))?;
            } else {
                writeln!(out, "  {title}")?;
            }
            for agent in agents {
                writeln!(out, "    {}", agent_line(agent, paint))?;
            }
        }
        for problem in self.printable_problems() {
            writeln!(out, "  {}", paint.red(&problem))?;
        }
        Ok(())
    }
}

fn agent_line(agent: &RigAgent, paint: Paint) -> String {
    let working = matches!(agent.state.as_deref(), Some("active" | "spawning"));
    let dot = if working { paint.green("●") } else { paint.dim("○") };
    let state = agent.state.as_deref().unwrap_or("no work");
    let branch = agent.branch.as_deref().unwrap_or("no branch");
    let bead = agent.bead.as_deref().unwrap_or("");
    format!("{dot} {}  {state} {bead}  {}", fit(&agent.address, 24), paint.dim(&neutralise(branch, true)))
}

impl Report for RemoveReport {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let path = self.path.display().to_string();
        writeln!(out, "{} Removed {} from the town", paint.green("✓"), paint.bold(&self.name))?;
        writeln!(out, "  Its files were NOT deleted: {}", neutralise(&path, true))?;
        writeln!(out, "  Take it back in with: gt rig add {} --adopt", self.name)
    }
}
