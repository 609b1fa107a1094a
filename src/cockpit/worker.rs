//! Everything that may take a moment: reading the town, planning, slinging, messages. It is done on threads of its own; results come
//! back as events.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use crate::base::{Error, Result};
use crate::session::{self, NudgeOutcome};
use crate::town::Town;
use crate::work::{Desk, sling};
use crate::{patrol, view};

use super::app::{Event, Order};
use super::dialogs::Preview;

/// How often the ledger is asked whether anything changed (a read of one counter in shared memory).
const LOOK: Duration = Duration::from_millis(100);
/// How often agents are asked how they are when the ledger is quiet.
const ASK: Duration = Duration::from_millis(1500);
/// At most so many beads are offered for slinging.
const OFFERED: usize = 500;

enum Job {
    Ready,
    Plan(u64, Order),
    Refresh,
}

/// The threads that do the work.
pub struct Worker {
    town: Town,
    jobs: Sender<Job>,
    events: UnboundedSender<Event>,
}

impl Worker {
    /// Starts to read the town.
    pub fn start(town: &Town, events: UnboundedSender<Event>) -> Self {
        let (jobs, inbox) = mpsc::channel();
        let (place, out) = (town.clone(), events.clone());
        std::thread::spawn(move || keep_reading(&place, &inbox, &out));
        Self { town: town.clone(), jobs, events }
    }

    /// Reads the beads that could be slung.
    pub fn load_ready(&self) {
        // The thread lives as long as the loop does.
        let _ = self.jobs.send(Job::Ready);
    }

    /// Finds out what slinging would do.
    pub fn plan(&self, number: u64, order: Order) {
        let _ = self.jobs.send(Job::Plan(number, order));
    }

    /// Slings beads to a target.
    pub fn sling(&self, order: Order) {
        self.aside(move |town| do_sling(town, order));
    }

    /// Sends an agent a message.
    pub fn nudge(&self, session: String, text: String) {
        self.aside(move |town| {
            let outcome = session::nudge(town, &session, &text, "overseer")?;
            match outcome {
                NudgeOutcome::Delivered => Ok(format!("{session} has your message")),
                NudgeOutcome::Unconfirmed => Ok(format!("Typed into {session}; nothing shows yet that it was read")),
                NudgeOutcome::Queued(why) => Ok(format!("{session} gets it later: {why}")),
                NudgeOutcome::Refused(why) => Err(Error::refused(format!("{session} did not get it: {why}"))),
            }
        });
    }

    /// Does something on a thread of its own, tells how it went, and has the town read again.
    fn aside(&self, work: impl FnOnce(&Town) -> Result<String> + Send + 'static) {
        let (town, events, jobs) = (self.town.clone(), self.events.clone(), self.jobs.clone());
        std::thread::spawn(move || {
            let _ = events.send(Event::Outcome(work(&town).map_err(|error| words(&error))));
            let _ = jobs.send(Job::Refresh);
        });
    }
}

/// An error with its hint, as one sentence for a remark.
fn words(error: &Error) -> String {
    match error.hint_text() {
        Some(hint) => format!("{error}: {hint}"),
        None => error.to_string(),
    }
}

fn request(order: Order) -> sling::Request {
    sling::Request { beads: order.beads, target: order.target, agent: order.runtime, ..sling::Request::default() }
}

fn do_sling(town: &Town, order: Order) -> Result<String> {
    let target = order.target.clone();
    let mut desk = Desk::of(town.clone())?;
    let report = sling::sling(&mut desk, &request(order))?;
    patrol::daemon::ensure_running(town)?;
    patrol::after_command(&desk)?;
    if let [failure, ..] = report.failed.as_slice() {
        let done = report.slung.len();
        let hint = failure.hint.as_deref().map(|hint| format!(": {hint}")).unwrap_or_default();
        let more = if done > 0 { format!("{done} slung; ") } else { String::new() };
        return Err(Error::failed(format!("{more}{}: {}{hint}", failure.bead, failure.error)));
    }
    Ok(match report.slung.as_slice() {
        [one] if one.agent.is_empty() => format!("{} waits for a free place in {target}", one.bead),
        [one] => format!("{} → {}", one.bead, one.agent),
        many => format!("{} beads slung to {target}", many.len()),
    })
}

fn keep_reading(town: &Town, jobs: &Receiver<Job>, events: &UnboundedSender<Event>) {
    let mut desk: Option<Desk> = None;
    let mut version = None;
    let mut asked: Option<Instant> = None;
    loop {
        let due = asked.is_none_or(|at| at.elapsed() >= ASK);
        match reading(town, &mut desk, &mut version, due) {
            Ok(Some(picture)) => {
                asked = Some(Instant::now());
                if events.send(Event::Town(Box::new(picture))).is_err() {
                    return;
                }
            }
            Ok(None) => {}
            Err(error) => {
                desk = None;
                version = None;
                asked = Some(Instant::now());
                if events.send(Event::TownFailed(words(&error))).is_err() {
                    return;
                }
            }
        }
        let job = match jobs.recv_timeout(LOOK) {
            Ok(job) => job,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let Some(desk) = &desk else { continue };
        let event = match job {
            Job::Ready => Event::Ready(view::ready(desk, OFFERED).map_err(|error| words(&error))),
            Job::Plan(number, order) => Event::Planned(number, preview(desk, order)),
            Job::Refresh => {
                asked = None;
                continue;
            }
        };
        if events.send(event).is_err() {
            return;
        }
    }
}

/// The town, when the ledger changed since `version` or it is `due`.
fn reading(
    town: &Town,
    desk: &mut Option<Desk>,
    version: &mut Option<i64>,
    due: bool,
) -> Result<Option<view::TownView>> {
    let desk = match desk {
        Some(desk) => desk,
        None => desk.insert(Desk::of(town.clone())?),
    };
    let newest = desk.ledger.data_version()?;
    if !due && *version == Some(newest) {
        return Ok(None);
    }
    let picture = view::town(desk)?;
    *version = Some(newest);
    Ok(Some(picture))
}

fn preview(desk: &Desk, order: Order) -> Preview {
    let request = sling::Request { dry_run: true, ..request(order) };
    let plan = match sling::plan(desk, &request) {
        Ok(plan) => plan,
        Err(error) => {
            return Preview::Refused(
                error.hint_text().map_or_else(|| error.to_string(), |hint| format!("{error}\n{hint}")),
            );
        }
    };
    let mut lines: Vec<String> = plan
        .lines
        .iter()
        .map(|line| {
            let who = line.agent.clone().unwrap_or_else(|| format!("a new worker in {}", line.rig));
            format!("{} → {who} ({})", line.bead, line.preset)
        })
        .collect();
    if let Some(title) = &plan.new_convoy {
        lines.push(format!("as a new convoy, \"{title}\""));
    }
    Preview::Will(lines)
}
