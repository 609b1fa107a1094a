//! Who works on what, and how they are.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::assignment::{self, Assignment, State};
use super::evidence::{self, Asked, Evidence, Explained};
use super::{Desk, hook};
use crate::base::report::{Paint, Report};
use crate::base::text::{fit, nearest, neutralise, truncate};
use crate::base::{Error, Result, Timestamp};
use crate::runtime::screen::Rules;
use crate::runtime::{self, AgentState, Preset, StateReading};
use crate::session::{self, SessionRecord, registry};
use crate::town::Address;

/// One agent.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct AgentInfo {
    /// Its address.
    pub address: String,
    /// What it is there for.
    pub role: String,
    /// Its rig; empty for agents of the town.
    pub rig: String,
    /// Its runtime.
    pub preset: String,
    /// How it is, and where that is known from.
    pub state: StateReading,
    /// The bead it works on; empty for none.
    pub bead: String,
    /// The bead's title.
    pub title: String,
    /// Its branch.
    pub branch: String,
    /// Its worktree.
    pub worktree: String,
    /// Its session.
    pub session: String,
    /// Its process, while it runs.
    pub pid: Option<i32>,
    /// Since when it works, or its session ran.
    pub since: Option<Timestamp>,
    /// The title of its terminal, where most runtimes say what they do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub doing: String,
}

/// All agents.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct AgentList {
    /// The agents, by address.
    pub agents: Vec<AgentInfo>,
}

impl Report for AgentList {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.agents.is_empty() {
            return writeln!(out, "No agents.  {}", paint.dim("gt sling <bead> <rig> starts one"));
        }
        let now = Timestamp::now();
        for agent in &self.agents {
            let word = fit(agent.state.state.word(), 12);
            let word = match agent.state.state {
                AgentState::Working => paint.green(&word),
                AgentState::NeedsYou => paint.magenta(&word),
                AgentState::Stuck | AgentState::Dead | AgentState::RateLimited => paint.red(&word),
                AgentState::Starting => paint.yellow(&word),
                AgentState::Idle | AgentState::Done => word,
            };
            let age = agent.since.map(|since| since.age(now)).unwrap_or_default();
            let title = neutralise(&agent.title, true);
            writeln!(
                out,
                "{} {word} {} {} {} {}",
                fit(&agent.address, 28),
                fit(&agent.preset, 8),
                fit(&agent.bead, 10),
                fit(&age, 4),
                truncate(&title, 60)
            )?;
            if !agent.state.detail.is_empty()
                && (agent.state.state != AgentState::Working || agent.state.source == "process")
            {
                writeln!(out, "    {}", paint.dim(&neutralise(&agent.state.detail, true)))?;
            }
        }
        Ok(())
    }
}

/// What is known of an agent before its host is asked.
struct Known {
    address: Address,
    row: Option<Assignment>,
    place: Option<hook::Hook>,
    record: Option<SessionRecord>,
}

/// Every agent with work, a worktree or a session, by address; the hosts are asked at the same time.
///
/// # Errors
/// When the ledger or the sessions can't be read.
pub fn list(desk: &Desk) -> Result<Vec<AgentInfo>> {
    let known = gather(desk)?;
    let records: Vec<_> = known.iter().map(|known| known.record.as_ref()).collect();
    let asked = evidence::ask(&records);
    let mut rules: BTreeMap<String, Preset> = BTreeMap::new();
    let mut out = Vec::with_capacity(known.len());
    for (known, asked) in known.into_iter().zip(asked) {
        let preset = preset_of(&known, asked.status.as_ref());
        if !rules.contains_key(&preset) {
            rules.insert(preset.clone(), known_of(desk, &known, &preset));
        }
        out.push(describe(desk, known, &asked, preset.clone(), &rules[&preset])?);
    }
    Ok(out)
}

/// Why the agent is taken to be in the state it is shown in; of its name any part will do that only it has.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] when there is no such agent; also when ledger or sessions can't be read.
pub fn explain(desk: &Desk, name: &str) -> Result<Explained> {
    let known = gather(desk)?;
    let exact = known.iter().find(|known| known.address.to_string() == name);
    let session = || known.iter().find(|known| known.address.session_name() == name);
    let last = || known.iter().find(|known| known.address.name() == name || known.address.role().as_str() == name);
    let Some(known) = exact.or_else(session).or_else(last) else {
        let names: Vec<String> = known.iter().map(|known| known.address.to_string()).collect();
        let error = Error::not_found(format!("no agent {name}"));
        return Err(match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error.hint("gt agents lists them"),
        });
    };
    let asked = evidence::ask(&[known.record.as_ref()]).pop().unwrap_or_default();
    let preset = preset_of(known, asked.status.as_ref());
    let rules = known_of(desk, known, &preset);
    let evidence = Evidence::of(desk, known.record.as_ref(), known.row.as_ref(), &asked, &rules)?;
    let (state, items) = (evidence.reading(), evidence.items());
    let broken = Rules::check(&desk.town).err().map(|error| error.to_string());
    Ok(Explained { agent: known.address.to_string(), preset, state, evidence: items, rules: broken })
}

fn gather(desk: &Desk) -> Result<Vec<Known>> {
    let conn = desk.ledger.conn();
    let mut found: BTreeMap<String, Known> = BTreeMap::new();
    let mut entry = |address: &str| -> Option<String> {
        let parsed: Address = address.parse().ok()?;
        let key = parsed.to_string();
        found.entry(key.clone()).or_insert(Known { address: parsed, row: None, place: None, record: None });
        Some(key)
    };
    let records = registry::list(&desk.town)?;
    let places = hook::list(conn, false)?;
    let rows = assignment::in_states(conn, &[State::Spawning, State::Active, State::Done, State::Failed])?;
    let mut keys = Vec::new();
    for record in records {
        // A session that ended is of interest only while something hangs on it.
        if registry::is_alive(&record) {
            keys.push((entry(&record.address), Some(record), None, None));
        }
    }
    for place in places {
        keys.push((entry(&place.agent), None, Some(place), None));
    }
    for row in rows {
        if row.state.takes_a_place() {
            keys.push((entry(&row.agent), None, None, Some(row)));
        }
    }
    for (key, record, place, row) in keys {
        let Some(known) = key.and_then(|key| found.get_mut(&key)) else { continue };
        known.record = record.or(known.record.take());
        known.place = place.or(known.place.take());
        known.row = row.or(known.row.take());
    }
    for known in found.values_mut() {
        if known.record.is_none() {
            known.record = registry::find(&desk.town, &known.address.session_name()).unwrap_or(None);
        }
        if known.row.is_none()
            && let Some(bead) = known.place.as_ref().map(|place| place.bead.as_str()).filter(|bead| !bead.is_empty())
        {
            let address = known.address.to_string();
            known.row = assignment::find(conn, bead)?.filter(|row| row.agent == address);
        }
    }
    Ok(found.into_values().collect())
}

fn preset_of(known: &Known, status: Option<&session::Status>) -> String {
    status
        .map(|status| status.preset.clone())
        .or_else(|| known.record.as_ref().map(|record| record.preset.clone()))
        .or_else(|| known.row.as_ref().map(|row| row.preset.clone()))
        .unwrap_or_default()
}

/// What is known of the runtime called `preset`.
fn known_of(desk: &Desk, known: &Known, preset: &str) -> Preset {
    if preset.is_empty() {
        return Preset::default();
    }
    let rig = known.address.rig().and_then(|rig| desk.town.rig(rig).ok());
    let role = known.address.role().to_string();
    // Of one that was removed from the settings meanwhile only the name is known.
    runtime::preset(&desk.town, rig.as_ref(), &role, Some(preset))
        .unwrap_or_else(|_| Preset { name: preset.to_owned(), ..Preset::default() })
}

fn describe(desk: &Desk, known: Known, asked: &Asked, preset: String, rules: &Preset) -> Result<AgentInfo> {
    let Known { address, row, place, record } = known;
    let alive = record.as_ref().is_some_and(registry::is_alive);
    let since = record.as_ref().map(|record| record.started_at).or(row.as_ref().map(|row| row.created_at));
    let reading = Evidence::of(desk, record.as_ref(), row.as_ref(), asked, rules)?.reading();
    // Another run of the session is another terminal.
    let run = record.as_ref().map(|record| format!("{} {}", record.socket.display(), record.child_pid));
    let state = run.map_or_else(|| reading.clone(), |run| runtime::settled(&run, reading.clone()));
    let bead = row
        .as_ref()
        .map(|row| row.bead.clone())
        .or_else(|| place.as_ref().map(|place| place.bead.clone()))
        .or_else(|| record.as_ref().and_then(|record| record.bead.clone()))
        .unwrap_or_default();
    let title = if bead.is_empty() {
        String::new()
    } else {
        desk.ledger.find(&bead)?.map(|bead| bead.title).unwrap_or_default()
    };
    let place = place.as_ref();
    Ok(AgentInfo {
        role: address.role().to_string(),
        rig: address.rig().unwrap_or_default().to_owned(),
        preset,
        state,
        bead,
        title,
        branch: place.map_or_else(
            || row.as_ref().map(|row| row.branch.clone()).unwrap_or_default(),
            |place| place.branch.clone(),
        ),
        worktree: place.map_or_else(
            || record.as_ref().map(|record| record.cwd.to_string_lossy().into_owned()).unwrap_or_default(),
            |place| place.worktree.to_string_lossy().into_owned(),
        ),
        session: address.session_name(),
        pid: record.as_ref().filter(|_| alive).map(|record| record.child_pid),
        since,
        doing: asked
            .status
            .as_ref()
            .map(|status| neutralise(status.title.trim(), true).into_owned())
            .unwrap_or_default(),
        address: address.to_string(),
    })
}
