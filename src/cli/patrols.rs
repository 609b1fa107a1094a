//! `gt witness`, `gt refinery` and `gt deacon`: the three that watch over the town. They are parts of the daemon and have no session of
//! their own, so that these commands say and do what is true of them there.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;

use super::rig::rig_around;
use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::neutralise;
use crate::base::{Error, Result};
use crate::patrol::daemon::{self, DaemonStatus};
use crate::runtime::AgentState;
use crate::town::{Address, Town};
use crate::work::identity::actor;
use crate::work::queue::{self, QueueList};
use crate::work::settings::{self, Scope};
use crate::work::{Desk, agents, halt};

/// Who looks after the agents of a rig: a part of the daemon
#[derive(Debug, Subcommand)]
pub enum Witness {
    /// Show whether a rig is looked after, and whom the witness watches
    Status(OfRig),
    /// Have the rig looked after: starts the daemon
    Start(OfRig),
    /// Say how to have it not looked after
    Stop(OfRig),
}

/// Who merges the work of a rig: a part of the daemon
#[derive(Debug, Subcommand)]
pub enum Refinery {
    /// Show whether the rig's work is being merged, and how much waits
    Status(OfRig),
    /// Merge the rig's work: turns its queue on and starts the daemon
    Start(OfRig),
    /// Merge nothing in the rig until it is started again; what is being merged just now is finished
    Stop(OfRig),
    /// Start the daemon anew, with the queue on
    Restart(OfRig),
    /// List the rig's queue, the next request first
    Queue(OfRig),
    /// List what could be merged now
    Ready(OfRig),
    /// List what waits for something or somebody, and why
    Blocked(OfRig),
}

/// Who looks after the town: the daemon
#[derive(Debug, Subcommand)]
pub enum Deacon {
    /// Show whether it runs and how dispatch goes
    Status,
    /// Start it
    Start,
    /// Stop it; agents go on
    Stop,
    /// Stop it and start it again; agents go on
    Restart,
    /// Start no more agents; those that run go on
    Pause {
        /// Why
        #[arg(long, short, default_value = "")]
        reason: String,
    },
    /// Go on starting agents
    Resume,
}

/// A rig.
#[derive(Debug, Args)]
pub struct OfRig {
    /// The rig; the one around you by default
    rig: Option<String>,
}

impl OfRig {
    fn name(self, desk: &Desk) -> Result<String> {
        let name = self.rig.map_or_else(|| rig_around(desk), Ok)?;
        desk.town.rig(&name).map(|rig| rig.name)
    }
}

/// How a rig's witness is.
#[derive(Debug, Serialize)]
struct WitnessStatus {
    running: bool,
    rig_name: String,
    /// Of the daemon, whose part it is.
    pid: Option<i32>,
    /// The polecats it watches.
    monitored_polecats: Vec<String>,
    /// Those of them that need somebody, and why.
    attention: Vec<Attention>,
}

#[derive(Debug, Serialize)]
struct Attention {
    agent: String,
    state: &'static str,
    detail: String,
}

fn witness(desk: &Desk, rig: &str) -> Result<WitnessStatus> {
    let daemon = daemon::status(&desk.town)?;
    let (mut monitored_polecats, mut attention) = (Vec::new(), Vec::new());
    for agent in agents::list(desk)?.into_iter().filter(|agent| agent.rig == rig) {
        if !matches!(agent.address.parse(), Ok(Address::Polecat { .. })) {
            continue;
        }
        if matches!(
            agent.state.state,
            AgentState::NeedsYou | AgentState::Stuck | AgentState::Dead | AgentState::RateLimited
        ) {
            let (state, detail) = (agent.state.state.word(), agent.state.detail);
            attention.push(Attention { agent: agent.address.clone(), state, detail });
        }
        monitored_polecats.push(agent.address);
    }
    Ok(WitnessStatus {
        running: daemon.running,
        rig_name: rig.to_owned(),
        pid: daemon.pid,
        monitored_polecats,
        attention,
    })
}

/// The words for a part of the daemon.
fn runs(pid: Option<i32>, paint: Paint) -> String {
    match pid {
        Some(pid) => format!("{} as part of the daemon (pid {pid})", paint.green("runs")),
        None => format!("{}, as the daemon does not  {}", paint.red("does not run"), paint.dim("gt daemon start")),
    }
}

impl Report for WitnessStatus {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "The witness of {} {}", self.rig_name, runs(self.pid, paint))?;
        writeln!(out, "  watches {} polecat(s)", self.monitored_polecats.len())?;
        for one in &self.attention {
            writeln!(out, "  {} {} {}", one.agent, paint.yellow(one.state), neutralise(&one.detail, true))?;
        }
        Ok(())
    }
}

/// How a rig's refinery is.
#[derive(Debug, Serialize)]
struct RefineryStatus {
    running: bool,
    rig_name: String,
    /// Of the daemon, whose part it is.
    pid: Option<i32>,
    /// Whether the rig's settings have it merge.
    enabled: bool,
    /// Whether the rig is out of service.
    docked: bool,
    /// Requests that are on their way.
    queue_length: usize,
    /// The one that is being merged.
    current: Option<String>,
    /// Requests that wait for something or somebody.
    blocked: usize,
}

/// What waits for something or somebody.
const BLOCKED: [&str; 5] = ["waiting", "held", "review", "conflict", "failed"];
/// What is being merged.
const IN_FLIGHT: [&str; 4] = ["claimed", "rebased", "gating", "pushing"];

fn only(desk: &Desk, rig: &str, wanted: &[&str]) -> Result<QueueList> {
    let mut list = queue::list(desk, Some(rig), false)?;
    list.rows.retain(|row| wanted.contains(&row.status));
    Ok(list)
}

fn refinery(desk: &Desk, rig: &str) -> Result<RefineryStatus> {
    let daemon = daemon::status(&desk.town)?;
    let settings = desk.town.rig(rig)?.settings()?;
    let blocked = only(desk, rig, &BLOCKED)?.rows.len();
    Ok(RefineryStatus {
        running: daemon.running && settings.merge_queue.enabled && !settings.docked,
        rig_name: rig.to_owned(),
        pid: daemon.pid,
        enabled: settings.merge_queue.enabled,
        docked: settings.docked,
        queue_length: queue::list(desk, Some(rig), false)?.rows.len() - blocked,
        current: only(desk, rig, &IN_FLIGHT)?.rows.into_iter().next().map(|row| row.id),
        blocked,
    })
}

impl Report for RefineryStatus {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let rig = &self.rig_name;
        match (self.docked, self.enabled) {
            (true, _) => {
                writeln!(out, "The refinery of {rig} is off: the rig is docked  {}", hint(paint, "undock", rig))
            }
            (_, false) => {
                writeln!(out, "The refinery of {rig} is off  {}", paint.dim(&format!("gt refinery start {rig}")))
            }
            _ => writeln!(out, "The refinery of {rig} {}", runs(self.pid, paint)),
        }?;
        if let Some(id) = &self.current {
            writeln!(out, "  merging {id}")?;
        }
        writeln!(out, "  {} on the way, {} waiting for something", self.queue_length, self.blocked)
    }
}

fn hint(paint: Paint, what: &str, rig: &str) -> String {
    paint.dim(&format!("gt rig {what} {rig}"))
}

/// How the daemon is, and dispatch.
#[derive(Debug, Serialize)]
struct DeaconStatus {
    #[serde(flatten)]
    daemon: DaemonStatus,
    scheduler: halt::SchedulerStatus,
}

impl Report for DeaconStatus {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        self.daemon.human(out, paint)?;
        self.scheduler.human(out, paint)
    }
}

/// Turns merging in a rig on or off; the event has a refinery that rests look at once.
fn turn(desk: &mut Desk, rig: &str, on: bool) -> Result<()> {
    let rig = desk.town.rig(rig)?;
    if rig.settings()?.merge_queue.enabled != on {
        settings::set(Scope::of(&desk.town, Some(&rig)), "merge_queue.enabled", &on.to_string())?;
        let kind = if on { "refinery_on" } else { "refinery_off" };
        desk.ledger.write(&actor(), |tx| tx.event(kind, None, json!({"rig": rig.name})))?;
    }
    Ok(())
}

fn restart(town: &Town) -> Result<()> {
    daemon::stop(town)?;
    daemon::start(town).map(|_| ())
}

impl Witness {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let desk = Desk::open_current()?;
        let rig = match self {
            Witness::Status(rig) => rig.name(&desk)?,
            Witness::Start(rig) => {
                let rig = rig.name(&desk)?;
                daemon::start(&desk.town)?;
                rig
            }
            Witness::Stop(rig) => {
                let rig = rig.name(&desk)?;
                return Err(Error::refused(format!(
                    "the witness of {rig} is part of the daemon and can't be stopped alone"
                ))
                .hint(format!("gt rig park {rig} starts no more agents there; gt daemon stop ends all watching")));
            }
        };
        report::print(out, &witness(&desk, &rig)?)
    }
}

impl Refinery {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        let rig = match self {
            Refinery::Status(rig) => rig.name(&desk)?,
            Refinery::Start(rig) => {
                let rig = rig.name(&desk)?;
                turn(&mut desk, &rig, true)?;
                daemon::start(&desk.town)?;
                rig
            }
            Refinery::Stop(rig) => {
                let rig = rig.name(&desk)?;
                turn(&mut desk, &rig, false)?;
                rig
            }
            Refinery::Restart(rig) => {
                let rig = rig.name(&desk)?;
                turn(&mut desk, &rig, true)?;
                restart(&desk.town)?;
                rig
            }
            Refinery::Queue(rig) => return report::print(out, &queue::list(&desk, Some(&rig.name(&desk)?), false)?),
            Refinery::Ready(rig) => return report::print(out, &only(&desk, &rig.name(&desk)?, &["ready"])?),
            Refinery::Blocked(rig) => return report::print(out, &only(&desk, &rig.name(&desk)?, &BLOCKED)?),
        };
        report::print(out, &refinery(&desk, &rig)?)
    }
}

impl Deacon {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        match self {
            Deacon::Status => {}
            Deacon::Start => drop(daemon::start(&desk.town)?),
            Deacon::Stop => drop(daemon::stop(&desk.town)?),
            Deacon::Restart => restart(&desk.town)?,
            Deacon::Pause { reason } => {
                halt::pause(&mut desk, &reason)?;
                super::after_change(&desk)?;
            }
            Deacon::Resume => {
                halt::resume(&mut desk)?;
                super::after_change(&desk)?;
            }
        }
        let status = DeaconStatus { daemon: daemon::status(&desk.town)?, scheduler: halt::scheduler(&desk)? };
        report::print(out, &status)
    }
}
