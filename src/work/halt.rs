//! Holding things up: dispatch paused, rigs parked, every agent frozen.

use std::io::{self, Write};

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::identity::actor;
use super::{Desk, assignment, caps};
use crate::base::report::{Paint, Report};
use crate::base::text::neutralise;
use crate::base::{Error, Result, Timestamp};
use crate::ledger::Tx;
use crate::session::registry;
use crate::town::RIG_FORMAT;
use crate::town::config::Document;

const PAUSED: &str = "dispatch.paused";
const FROZEN: &str = "town.frozen";

fn parked_key(rig: &str) -> String {
    format!("rig.parked.{rig}")
}

/// Why something is held up, since when and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Halt {
    /// Why, in the words of whoever did it; may be empty.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// By whom.
    pub by: String,
}

impl Halt {
    fn words(&self) -> String {
        let reason = if self.reason.is_empty() { String::new() } else { format!(": {}", self.reason) };
        format!("by {}{reason}", self.by)
    }
}

fn read(conn: &Connection, key: &str) -> Result<Option<Halt>> {
    let mut statement = conn.prepare_cached("SELECT value FROM kv WHERE key = ?1")?;
    let value: Option<String> = statement.query_row([key], |row| row.get(0)).optional()?;
    Ok(value.and_then(|text| serde_json::from_str(&text).ok()))
}

fn set(tx: &mut Tx<'_>, key: &str, kind: &str, reason: Option<&str>, what: &str) -> Result<()> {
    let halt = reason.map(|reason| Halt { reason: reason.to_owned(), since: tx.now(), by: tx.actor().to_owned() });
    tx.set_kv(key, halt.as_ref().map(serde_json::to_string).transpose()?.as_deref())?;
    tx.event(kind, None, json!({"what": what, "reason": reason.unwrap_or_default()}))?;
    Ok(())
}

/// Why no agent may be started in `rig` now; `None` when nothing is held up.
///
/// # Errors
/// When the ledger can't be read.
pub fn in_the_way(conn: &Connection, rig: &str) -> Result<Option<String>> {
    if let Some(halt) = read(conn, FROZEN)? {
        return Ok(Some(format!("the town is frozen {} (gt thaw)", halt.words())));
    }
    if let Some(halt) = read(conn, PAUSED)? {
        return Ok(Some(format!("dispatch is paused {} (gt scheduler resume)", halt.words())));
    }
    Ok(parked(conn, rig)?.map(|halt| format!("{rig} is parked {} (gt rig unpark {rig})", halt.words())))
}

/// Whether `rig` is parked.
///
/// # Errors
/// When the ledger can't be read.
pub fn parked(conn: &Connection, rig: &str) -> Result<Option<Halt>> {
    read(conn, &parked_key(rig))
}

/// Whether the town is frozen.
///
/// # Errors
/// When the ledger can't be read.
pub fn frozen(conn: &Connection) -> Result<Option<Halt>> {
    read(conn, FROZEN)
}

/// How dispatch goes.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct SchedulerStatus {
    /// Why it is paused, if it is.
    pub paused: Option<Halt>,
    /// Why the town is frozen, if it is.
    pub frozen: Option<Halt>,
    /// The rigs that are parked.
    pub parked: Vec<String>,
    /// The rigs that are out of service.
    pub docked: Vec<String>,
    /// Agents that run or are being started.
    pub running: usize,
    /// How many may run.
    pub max_agents: usize,
    /// What waits, in its order.
    pub queued: Vec<Waiting>,
}

/// A bead that waits for a place.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Waiting {
    /// The bead.
    pub bead: String,
    /// Its rig.
    pub rig: String,
    /// For what it waits.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

impl Report for SchedulerStatus {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        match (&self.frozen, &self.paused) {
            (Some(halt), _) => writeln!(out, "{} {}", paint.magenta("frozen"), neutralise(&halt.words(), true))?,
            (None, Some(halt)) => writeln!(out, "{} {}", paint.yellow("paused"), neutralise(&halt.words(), true))?,
            (None, None) => writeln!(out, "{}", paint.green("dispatching"))?,
        }
        writeln!(out, "{} of {} agents run, {} wait", self.running, self.max_agents, self.queued.len())?;
        if !self.parked.is_empty() {
            writeln!(out, "parked: {}", self.parked.join(", "))?;
        }
        if !self.docked.is_empty() {
            writeln!(out, "docked: {}", self.docked.join(", "))?;
        }
        let now = Timestamp::now();
        for row in &self.queued {
            let age = row.since.age(now);
            writeln!(out, "  {} {} {} {}", row.bead, row.rig, paint.dim(&age), neutralise(&row.reason, true))?;
        }
        Ok(())
    }
}

/// How dispatch goes.
///
/// # Errors
/// When settings or ledger can't be read.
pub fn scheduler(desk: &Desk) -> Result<SchedulerStatus> {
    let conn = desk.ledger.conn();
    let (mut parked, mut docked) = (Vec::new(), Vec::new());
    for rig in desk.town.rigs()? {
        if rig.settings()?.docked {
            docked.push(rig.name);
        } else if self::parked(conn, &rig.name)?.is_some() {
            parked.push(rig.name);
        }
    }
    let mut queued = Vec::new();
    for row in assignment::in_states(conn, &[assignment::State::Queued])? {
        let reason = match desk.town.rig(&row.rig) {
            Ok(rig) => caps::in_the_way(conn, &desk.town, &rig, &row.preset)?.unwrap_or(row.note),
            Err(_) => row.note,
        };
        queued.push(Waiting { bead: row.bead, rig: row.rig, reason, since: row.created_at });
    }
    Ok(SchedulerStatus {
        paused: read(conn, PAUSED)?,
        frozen: read(conn, FROZEN)?,
        parked,
        docked,
        running: assignment::places_taken(conn, "")?.0,
        max_agents: desk.town.settings()?.max_agents,
        queued,
    })
}

/// Starts no more agents until [`resume`]; those that run go on.
///
/// # Errors
/// When the ledger can't be written.
pub fn pause(desk: &mut Desk, reason: &str) -> Result<SchedulerStatus> {
    desk.ledger.write(&actor(), |tx| set(tx, PAUSED, "paused", Some(reason), "the town"))?;
    scheduler(desk)
}

/// Goes on starting agents.
///
/// # Errors
/// When the ledger can't be written.
pub fn resume(desk: &mut Desk) -> Result<SchedulerStatus> {
    if read(desk.ledger.conn(), PAUSED)?.is_some() {
        desk.ledger.write(&actor(), |tx| set(tx, PAUSED, "resumed", None, "the town"))?;
    }
    scheduler(desk)
}

/// Starts no more agents in `rig` until it is unparked; those that run go on, and what they hand in is merged.
///
/// # Errors
/// When there is no such rig or the ledger can't be written.
pub fn park(desk: &mut Desk, rig: &str, reason: &str) -> Result<SchedulerStatus> {
    desk.town.rig(rig)?;
    desk.ledger.write(&actor(), |tx| set(tx, &parked_key(rig), "paused", Some(reason), rig))?;
    scheduler(desk)
}

/// Starts agents in `rig` again.
///
/// # Errors
/// When there is no such rig or the ledger can't be written.
pub fn unpark(desk: &mut Desk, rig: &str) -> Result<SchedulerStatus> {
    desk.town.rig(rig)?;
    if parked(desk.ledger.conn(), rig)?.is_some() {
        desk.ledger.write(&actor(), |tx| set(tx, &parked_key(rig), "resumed", None, rig))?;
    }
    scheduler(desk)
}

/// Takes `rig` out of service or into it again. That stands in its settings, so that it outlives the ledger.
///
/// # Errors
/// When there is no such rig, or its settings or the ledger can't be written.
pub fn dock(desk: &mut Desk, rig: &str, docked: bool) -> Result<SchedulerStatus> {
    let known = desk.town.rig(rig)?;
    if known.settings()?.docked != docked {
        let path = known.settings_file();
        let mut settings = match Document::load(&path, &RIG_FORMAT)? {
            Some(settings) => settings,
            None => Document::new(&path, &RIG_FORMAT),
        };
        settings.set("docked", docked.into())?;
        settings.save(0o600)?;
        let kind = if docked { "paused" } else { "resumed" };
        let data = json!({"what": rig, "reason": if docked { "docked" } else { "undocked" }});
        // The patrols look again when the ledger changes.
        desk.ledger.write(&actor(), |tx| tx.event(kind, None, data.clone()).map(|_| ()))?;
    }
    scheduler(desk)
}

/// What a stop or its end has done.
#[derive(Debug, Serialize)]
pub struct Frozen {
    /// Whether the town is frozen now.
    pub frozen: bool,
    /// The sessions.
    pub sessions: Vec<String>,
    /// How many processes were stopped or set going.
    pub processes: usize,
}

impl Report for Frozen {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let (sessions, processes) = (self.sessions.len(), self.processes);
        if self.frozen {
            writeln!(
                out,
                "{} {sessions} sessions ({processes} processes) stand still, and none is started",
                paint.magenta("frozen:")
            )?;
            writeln!(out, "{}", paint.dim("gt thaw lets them go on where they were"))
        } else {
            writeln!(out, "{} {sessions} sessions ({processes} processes) go on", paint.green("thawed:"))
        }
    }
}

/// Stops every process of every agent where it is, and starts no more, until [`thaw`].
///
/// # Errors
/// When the ledger can't be written or the sessions can't be read.
pub fn freeze(desk: &mut Desk, reason: &str) -> Result<Frozen> {
    // The word first: nothing may be started between the two.
    desk.ledger.write(&actor(), |tx| set(tx, FROZEN, "frozen", Some(reason), "the town"))?;
    let stopped = registry::freeze(&desk.town)?;
    Ok(Frozen { frozen: true, sessions: stopped.sessions, processes: stopped.processes })
}

/// Lets all agents go on where they were.
///
/// # Errors
/// When the ledger can't be written or the sessions can't be read.
pub fn thaw(desk: &mut Desk) -> Result<Frozen> {
    let going = registry::thaw(&desk.town)?;
    if read(desk.ledger.conn(), FROZEN)?.is_some() {
        desk.ledger.write(&actor(), |tx| set(tx, FROZEN, "thawed", None, "the town"))?;
    }
    Ok(Frozen { frozen: false, sessions: going.sessions, processes: going.processes })
}

/// Refuses to sling to a rig that is parked.
///
/// # Errors
/// Refused when it is.
pub fn refuse_parked(conn: &Connection, rig: &str) -> Result<()> {
    match parked(conn, rig)? {
        Some(halt) => Err(Error::refused(format!("{rig} is parked {}", halt.words()))
            .hint(format!("gt rig unpark {rig}, or --force puts the bead into its queue"))),
        None => Ok(()),
    }
}
