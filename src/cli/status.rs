//! `gt status`: the town at a glance.

use std::io::{self, Write};

use clap::Args;
use serde::Serialize;

use crate::base::Result;
use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::{counted, fit, neutralise};
use crate::patrol::daemon;
use crate::view::{self, Counts};
use crate::work::convoy::{self, StrandedConvoy};
use crate::work::halt::{self, SchedulerStatus};
use crate::work::{Desk, identity, mail};

/// Show the town at a glance
#[derive(Debug, Args)]
pub struct Status {}

#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct TownStatus {
    name: String,
    root: String,
    daemon: bool,
    scheduler: SchedulerStatus,
    agents: Counts,
    rigs: Vec<RigGlance>,
    convoys: Vec<ConvoyGlance>,
    ready: usize,
    needs_you: Vec<Need>,
}

#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct RigGlance {
    name: String,
    agents: usize,
    merging: usize,
    came_back: usize,
    waiting: usize,
    parked: bool,
}

#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct ConvoyGlance {
    id: String,
    title: String,
    done: usize,
    total: usize,
    active: usize,
}

/// Something that waits for a person, and the command that deals with it.
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct Need {
    what: String,
    command: String,
}

impl Status {
    /// Runs the command.
    ///
    /// # Errors
    /// When the town can't be read.
    pub fn run(self, out: Output) -> Result<()> {
        let desk = Desk::open_current()?;
        report::print(out, &glance(&desk)?)
    }
}

pub(super) fn glance(desk: &Desk) -> Result<TownStatus> {
    let town = view::town(desk)?;
    let scheduler = halt::scheduler(desk)?;
    let daemon = daemon::status(&desk.town)?.running;
    let stranded = convoy::stranded(desk)?.convoys;
    let unread = mail::inbox(desk, identity::OVERSEER, true)?.messages.len();
    let needs_you = needs(&town, &scheduler, &stranded, unread);
    let back = |state: &str| matches!(state, "conflict" | "failed");
    Ok(TownStatus {
        root: desk.town.root.to_string_lossy().into_owned(),
        daemon,
        agents: town.counts,
        ready: town.ready,
        rigs: town
            .rigs
            .iter()
            .map(|rig| RigGlance {
                name: rig.name.clone(),
                agents: rig.agents.len(),
                merging: rig.queue.iter().filter(|entry| !back(&entry.state)).count(),
                came_back: rig.queue.iter().filter(|entry| back(&entry.state)).count(),
                waiting: rig.waiting,
                parked: scheduler.parked.contains(&rig.name),
            })
            .collect(),
        convoys: town
            .convoys
            .iter()
            .filter(|convoy| !convoy.landed)
            .map(|convoy| ConvoyGlance {
                id: convoy.id.clone(),
                title: convoy.title.clone(),
                done: convoy.done,
                total: convoy.total,
                active: convoy.active,
            })
            .collect(),
        name: town.name,
        scheduler,
        needs_you,
    })
}

fn needs(town: &view::TownView, scheduler: &SchedulerStatus, stranded: &[StrandedConvoy], unread: usize) -> Vec<Need> {
    let mut needs = Vec::new();
    let mut add = |what: String, command: String| needs.push(Need { what, command });
    if scheduler.frozen.is_some() {
        add("the town is frozen".into(), "gt thaw".into());
    } else if scheduler.paused.is_some() {
        add("dispatch is paused".into(), "gt scheduler resume".into());
    }
    for agent in town.needing_you() {
        let detail = agent.detail.as_deref().map(|detail| format!(": {detail}")).unwrap_or_default();
        add(format!("{} {}{detail}", agent.address, agent.state), format!("gt attach {}", agent.address));
    }
    for entry in town.rigs.iter().flat_map(|rig| &rig.queue) {
        if matches!(entry.state.as_str(), "conflict" | "failed") {
            add(format!("{} came back: {}", entry.title, entry.reason), format!("gt mq status {}", entry.id));
        }
    }
    for convoy in stranded {
        add(format!("convoy {} is stranded", convoy.title), "gt convoy stranded".into());
    }
    if unread > 0 {
        add(format!("{unread} unread messages"), "gt mail inbox".into());
    }
    needs
}

impl Report for TownStatus {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let daemon = if self.daemon { paint.green("daemon runs") } else { paint.yellow("daemon does not run") };
        writeln!(out, "{} {}  {daemon}", paint.bold(&self.name), paint.dim(&self.root))?;
        let counts = &self.agents;
        let words: Vec<String> = [
            (counts.working, "working"),
            (counts.needs_you, "need you"),
            (counts.done, "done"),
            (counts.idle, "idle"),
            (counts.stuck, "stuck"),
            (counts.limited, "rate-limited"),
            (counts.dead, "dead"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
        let agents = if words.is_empty() { "none".to_owned() } else { words.join(", ") };
        writeln!(
            out,
            "agents   {agents}; {} waiting; {} ready",
            self.scheduler.queued.len(),
            counted(self.ready, "bead")
        )?;
        for rig in &self.rigs {
            let mut line = format!("{}, {} merging", counted(rig.agents, "agent"), rig.merging);
            if rig.came_back > 0 {
                line.push_str(&format!(", {} came back", rig.came_back));
            }
            if rig.waiting > 0 {
                line.push_str(&format!(", {} wait", rig.waiting));
            }
            let parked = if rig.parked { paint.yellow("  parked") } else { String::new() };
            writeln!(out, "rig      {} {line}{parked}", fit(&rig.name, 16))?;
        }
        for convoy in &self.convoys {
            let title = neutralise(&convoy.title, true);
            writeln!(
                out,
                "convoy   {} {}/{} {title}{}",
                paint.dim(&convoy.id),
                convoy.done,
                convoy.total,
                if convoy.active > 0 { format!(", {} under way", convoy.active) } else { String::new() }
            )?;
        }
        if self.needs_you.is_empty() {
            return writeln!(out, "{}", paint.green("Nothing needs you."));
        }
        writeln!(out, "{}", paint.magenta("Needs you:"))?;
        for need in &self.needs_you {
            writeln!(out, "  {}  {}", neutralise(&need.what, true), paint.dim(&need.command))?;
        }
        Ok(())
    }
}
