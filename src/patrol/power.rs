//! Starting and stopping a whole town.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use super::control;
use crate::base::report::{Paint, Report};
use crate::base::text::{fit, neutralise};
use crate::base::{Error, Result};
use crate::repo::Worktree;
use crate::session::{self, SessionRecord, registry};
use crate::town::{Address, Town};
use crate::work::assignment::{self, State};
use crate::work::{Desk, archive, halt, handoff, hook, standing};

/// Under which key the ledger notes whom [`down`] ended.
const ENDED: &str = "power.ended";

/// One step.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// What was started or stopped.
    pub what: String,
    /// Whether that went well.
    pub ok: bool,
    /// How it is now, or why it did not.
    pub detail: String,
}

/// All steps.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Steps {
    /// In their order.
    pub steps: Vec<Step>,
}

impl Steps {
    fn add<T>(&mut self, what: impl Into<String>, outcome: Result<T>, detail: impl FnOnce(&T) -> String) {
        let (ok, detail) = match &outcome {
            Ok(value) => (true, detail(value)),
            Err(error) => (false, error.to_string()),
        };
        self.steps.push(Step { what: what.into(), ok, detail });
    }

    /// How many did not go well.
    pub fn failed(&self) -> usize {
        self.steps.iter().filter(|step| !step.ok).count()
    }
}

impl Report for Steps {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.steps.is_empty() {
            return writeln!(out, "Nothing was to be done.");
        }
        for step in &self.steps {
            let sign = if step.ok { paint.green("✓") } else { paint.red("✗") };
            writeln!(out, "{sign} {} {}", fit(&step.what, 28), neutralise(&step.detail, true))?;
        }
        Ok(())
    }
}

/// Brings the town up: the daemon and the mayor; with `restore` also everybody who ran when the machine or the town went down, each in its
/// latest conversation and with its work.
///
/// # Errors
/// Refused while the town is frozen. What could not be started is in the report.
pub fn up(town: &Town, restore: bool) -> Result<Steps> {
    let mut desk = Desk::of(town.clone())?;
    if halt::frozen(desk.ledger.conn())?.is_some() {
        return Err(Error::refused("the town is frozen").hint("gt thaw lets it go on"));
    }
    let mut steps = Steps::default();
    if restore {
        // Before the daemon, which would start the workers at the same time.
        for agent in missing(&desk)?.into_iter().filter(|agent| *agent != Address::Mayor) {
            let started = handoff::start_again(&desk, &agent, true);
            steps.add(agent.to_string(), started, |record: &SessionRecord| {
                format!("runs {} as pid {}", record.preset, record.child_pid)
            });
        }
        desk.ledger.write("overseer", |tx| tx.set_kv(ENDED, None))?;
    }
    steps.add("daemon", control::start(town), |status| format!("runs as pid {}", status.pid.unwrap_or_default()));
    let mayor = match standing::running(&desk, &Address::Mayor)? {
        Some(record) => Ok(record),
        None => standing::start(&desk, &Address::Mayor, None, true),
    };
    steps.add("mayor/", mayor, |record| format!("runs {} as pid {}", record.preset, record.child_pid));
    Ok(steps)
}

/// Who ran when the machine or the town went down, or has work and does not run: crew, then workers.
fn missing(desk: &Desk) -> Result<Vec<Address>> {
    let mut found: BTreeSet<Address> = BTreeSet::new();
    let ended: Vec<String> =
        desk.ledger.kv(ENDED)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    found.extend(ended.iter().filter_map(|address| address.parse().ok()));
    for record in registry::list(&desk.town)? {
        let lost = match &record.exit {
            None => !record.host_alive(),
            Some(exit) => exit.reason.as_deref() == Some("host lost"),
        };
        if lost && record.preset != "custom" {
            found.extend(record.address.parse::<Address>().ok());
        }
    }
    // Only those come back who have a place to be: a worker its work, a crew member its workspace.
    found.retain(|agent| matches!(agent, Address::Mayor | Address::Crew { .. }) && desk.town.home(agent).is_dir());
    for row in assignment::in_states(desk.ledger.conn(), &[State::Active])? {
        if let Ok(agent @ Address::Polecat { .. }) = row.agent.parse()
            && !row.session.is_empty()
        {
            found.insert(agent);
        }
    }
    let mut out = Vec::new();
    for agent in found {
        if standing::running(desk, &agent)?.is_none() {
            out.push(agent);
        }
    }
    Ok(out)
}

/// Takes the town down: the daemon first, so that nothing starts again, then the mayor and the crew; with `workers` the polecats too, a
/// snapshot of each worktree first. All work stays on its hook.
///
/// # Errors
/// When the ledger or the sessions can't be read. What could not be stopped is in the report.
pub fn down(town: &Town, workers: bool, dry_run: bool) -> Result<Steps> {
    let mut desk = Desk::of(town.clone())?;
    let mut steps = Steps::default();
    let is_worker = |record: &SessionRecord| matches!(record.address.parse(), Ok(Address::Polecat { .. }));
    let alive = |town: &Town| -> Result<Vec<SessionRecord>> {
        let mut all = registry::list(town)?;
        all.retain(|record| registry::is_alive(record) && (workers || !is_worker(record)));
        Ok(all)
    };
    if dry_run {
        let mut would =
            |what: &str| steps.steps.push(Step { what: what.into(), ok: true, detail: "would be stopped".into() });
        if control::status(town)?.running {
            would("daemon");
        }
        alive(town)?.iter().for_each(|record| would(&record.address));
        return Ok(steps);
    }
    if control::status(town)?.running {
        steps.add("daemon", control::stop(town), |_| "stopped".into());
    }
    let mut ended: BTreeSet<String> =
        desk.ledger.kv(ENDED)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    // A second round sees what a session that was just ended has started on its way out.
    for _ in 0..2 {
        for record in alive(town)? {
            if is_worker(&record)
                && let Some(place) = hook::find(desk.ledger.conn(), &record.address)?
                && let Ok(worktree) = Worktree::open(&place.worktree)
            {
                worktree.snapshot(&record.address, "the town goes down")?;
            }
            ended.insert(record.address.clone());
            let killed = session::kill(town, &record.name, &own_process());
            steps.add(record.address.clone(), killed, |report| format!("stopped, {} processes ended", report.ended));
        }
    }
    let noted = serde_json::to_string(&ended)?;
    desk.ledger.write("overseer", |tx| {
        tx.set_kv(ENDED, Some(&noted))?;
        tx.event("town_down", None, serde_json::json!({"ended": ended})).map(|_| ())
    })?;
    let left: Vec<String> = alive(town)?.into_iter().map(|record| record.address).collect();
    if !left.is_empty() {
        steps.steps.push(Step { what: "still running".into(), ok: false, detail: left.join(", ") });
    }
    Ok(steps)
}

/// The command may itself run in a session that is ended.
fn own_process() -> [i32; 1] {
    [std::process::id().cast_signed()]
}

/// As [`down`] with all workers; then archives the hooks of those whose work is handed in, as far as nothing gets lost by it.
///
/// # Errors
/// As [`down`].
pub fn shutdown(town: &Town, dry_run: bool) -> Result<Steps> {
    let mut steps = down(town, true, dry_run)?;
    let mut desk = Desk::of(town.clone())?;
    for place in hook::list(desk.ledger.conn(), false)? {
        if place.state != hook::State::Completed {
            continue;
        }
        let what = format!("worktree of {}", place.agent);
        if dry_run {
            steps.steps.push(Step { what, ok: true, detail: "would be archived".into() });
        } else {
            let archived = archive::archive(&mut desk, &place.agent);
            steps.add(what, archived, |()| "archived; gt hooks list shows it".into());
        }
    }
    Ok(steps)
}
