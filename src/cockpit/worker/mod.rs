//! Everything that may take a moment: reading the town, planning, slinging, messages. It is done on threads of its own; results come
//! back as events.

mod asking;
mod beads;
mod control;
mod deeds;
mod reviewing;
mod setup;
mod watching;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use crate::base::{Error, Result};
use crate::town::Town;
use crate::view;
use crate::work::{Desk, sling};

use super::app::Event;
use super::ask::Ask;
use super::deeds::{Deed, Order};
use super::dialogs::Preview;
use super::memory::{self, Memory};
use control::{Control, Running};

/// How often the ledger is asked whether anything changed (a read of one counter in shared memory).
const LOOK: Duration = Duration::from_millis(100);
/// How often agents are asked how they are when the ledger is quiet.
const ASK: Duration = Duration::from_millis(1500);
/// How often when nothing about them has changed for a while.
const ASK_CALM: Duration = Duration::from_millis(3000);
/// How often a ledger that can't be read is tried again.
const BROKEN: Duration = Duration::from_secs(1);
/// After so many answers that were the same the town is calm.
const CALM: u32 = 6;
/// How often it is looked at what the models cost.
const PRICE: Duration = Duration::from_secs(60);
/// How long is waited at the end for what was still to be written down.
const LEAVE: Duration = Duration::from_secs(2);
/// At most so many beads are offered for slinging.
const OFFERED: usize = 500;

enum Job {
    Ready,
    Plan(u64, Order),
    Refresh,
    Remember(Box<Memory>),
    Ask(Ask),
}

/// The threads that do the work.
pub struct Worker {
    town: Town,
    jobs: Sender<Job>,
    hooks: Sender<(String, Option<String>)>,
    notes: Sender<(u64, Deed, Control)>,
    /// Tells that all notes are taken and no more come.
    noted: Receiver<()>,
    running: Running,
    events: UnboundedSender<Event>,
}

impl Worker {
    /// Starts to read the town.
    pub fn start(town: &Town, events: UnboundedSender<Event>) -> Self {
        let (jobs, inbox) = mpsc::channel();
        let (place, out) = (town.clone(), events.clone());
        std::thread::spawn(move || keep_reading(&place, &inbox, &out));
        let (notes, to_note) = mpsc::channel::<(u64, Deed, Control)>();
        let (end, noted) = mpsc::channel();
        let (place, out, read) = (town.clone(), events.clone(), jobs.clone());
        std::thread::spawn(move || {
            for (id, deed, control) in to_note {
                perform(&place, id, deed, &control, &out, &read);
            }
            drop(end);
        });
        Self {
            town: town.clone(),
            jobs,
            hooks: reviewing::start(town, events.clone()),
            notes,
            noted,
            running: Running::default(),
            events,
        }
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

    /// Does something; what became of it comes back with its number.
    pub fn perform(&self, id: u64, deed: Deed) {
        let control = self.running.begin(id, self.events.clone());
        if deed.only_notes() {
            // The thread lives as long as the loop does.
            let _ = self.notes.send((id, deed, control));
            return;
        }
        let (town, events, jobs) = (self.town.clone(), self.events.clone(), self.jobs.clone());
        std::thread::spawn(move || perform(&town, id, deed, &control, &events, &jobs));
    }

    /// Stops doing something after the part that is being done.
    pub fn stop(&self, id: u64) {
        self.running.stop(id);
    }

    /// Asks the ledger something.
    pub fn ask(&self, ask: Ask) {
        let _ = match ask {
            // Reading a worktree takes longer than the ledger, which is not to wait for it.
            Ask::Hook(agent, from) => self.hooks.send((agent, from)).is_ok(),
            ask => self.jobs.send(Job::Ask(ask)).is_ok(),
        };
    }

    /// Keeps what the next start should find again.
    pub fn remember(&self, memory: Memory) {
        let _ = self.jobs.send(Job::Remember(Box::new(memory)));
    }
}

impl Drop for Worker {
    /// Whoever leaves right after asking for something has asked for it all the same.
    fn drop(&mut self) {
        self.notes = mpsc::channel().0;
        // Its sender goes with the thread, which has none but those left to do; a ledger that is held for long keeps nobody here.
        let _ = self.noted.recv_timeout(LEAVE);
    }
}

fn perform(town: &Town, id: u64, deed: Deed, control: &Control, events: &UnboundedSender<Event>, jobs: &Sender<Job>) {
    // One that breaks must not take those with it that come after it.
    let done = catch_unwind(AssertUnwindSafe(|| deeds::perform(town, deed, control)));
    // Whoever asked for it may have left meanwhile.
    let _ = events.send(Event::Done(id, done.unwrap_or_else(|_| deeds::broken())));
    let _ = jobs.send(Job::Refresh);
}

/// An error with its hint, as one sentence for a remark.
fn words(error: &Error) -> String {
    with_hint(&error.to_string(), error.hint_text(), ": ")
}

/// What went wrong and what helps; only the former where it says the latter already.
fn with_hint(message: &str, hint: Option<&str>, between: &str) -> String {
    // How it is punctuated and quoted makes no difference.
    let plain = |text: &str| {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.fold(String::from(" "), |all, word| all + &word.to_lowercase() + " ")
    };
    match hint.filter(|hint| !plain(message).contains(&plain(hint))) {
        Some(hint) => format!("{message}{between}{hint}"),
        None => message.to_owned(),
    }
}

fn request(order: Order) -> sling::Request {
    sling::Request { beads: order.beads, target: order.target, agent: order.runtime, ..sling::Request::default() }
}

fn keep_reading(town: &Town, jobs: &Receiver<Job>, events: &UnboundedSender<Event>) {
    let mut desk: Option<Desk> = None;
    let mut version = None;
    let mut asked: Option<Instant> = None;
    let mut last: Option<view::TownView> = None;
    let mut same = 0;
    let mut priced: Option<Instant> = None;
    let mut settings = watching::SettingsFile::of(town);
    loop {
        if let Some(now) = settings.changed()
            && events.send(Event::Settings(Box::new(now))).is_err()
        {
            return;
        }
        let pause = if same >= CALM { ASK_CALM } else { ASK };
        let due = asked.is_none_or(|at| at.elapsed() >= pause);
        let before = version;
        let read = reading(town, &mut desk, &mut version, due);
        if version != before && events.send(Event::Changed).is_err() {
            return;
        }
        match read {
            Ok(Some(picture)) => {
                asked = Some(Instant::now());
                if last.as_ref() == Some(&picture) {
                    same += 1;
                    continue;
                }
                same = 0;
                last = Some(picture.clone());
                if events.send(Event::Town(Box::new(picture))).is_err() {
                    return;
                }
            }
            Ok(None) => {}
            Err(error) => {
                desk = None;
                last = None;
                version = None;
                asked = Some(Instant::now());
                if events.send(Event::TownFailed(words(&error))).is_err() {
                    return;
                }
            }
        }
        // A ledger that can't be read is not asked for anew ten times a second.
        let job = match jobs.recv_timeout(if desk.is_some() { LOOK } else { BROKEN }) {
            Ok(job) => job,
            Err(RecvTimeoutError::Timeout) => {
                // What agents cost stands in files of theirs, which take longer to read than the ledger.
                let due = same > 0 && priced.is_none_or(|at| at.elapsed() >= PRICE);
                if let Some(desk) = desk.as_ref().filter(|_| due) {
                    priced = Some(Instant::now());
                    // A transcript that can't be read says nothing about the town.
                    if let Ok(told) = asking::today(desk)
                        && events.send(Event::Told(told)).is_err()
                    {
                        return;
                    }
                }
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if let Job::Remember(memory) = &job {
            memory.write(&memory::file(town));
        }
        let Some(desk) = &desk else {
            let waits = matches!(job, Job::Ready | Job::Plan(..));
            if waits && events.send(Event::Problem("The ledger can't be read now".to_owned())).is_err() {
                return;
            }
            continue;
        };
        let event = match job {
            Job::Ready => Event::Ready(view::ready(desk, OFFERED).map_err(|error| words(&error))),
            Job::Plan(number, order) => Event::Planned(number, preview(desk, order)),
            Job::Refresh => {
                same = 0;
                asked = None;
                continue;
            }
            Job::Remember(_) => continue,
            Job::Ask(ask) => match asking::answer(desk, &ask) {
                Ok(told) => Event::Told(told),
                Err(error) => Event::Problem(words(&error)),
            },
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
            return Preview::Refused(with_hint(&error.to_string(), error.hint_text(), "\n"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_told_once() {
        let told = |message: &str, hint: &str| words(&Error::refused(message).hint(hint));
        assert_eq!(told("it is held", "gt mq approve a lets it go on"), "it is held: gt mq approve a lets it go on");
        assert_eq!(
            told("it runs; stop it first: `gt daemon stop`", "Stop it first: gt daemon stop."),
            "it runs; stop it first: `gt daemon stop`"
        );
        assert_eq!(told("no rig is called shops", "did you mean shop?"), "no rig is called shops: did you mean shop?");
        assert_eq!(words(&Error::failed("no")), "no");
    }
}
