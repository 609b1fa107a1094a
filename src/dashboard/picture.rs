//! The town as the page shows it, in parts. A part is sent to a browser only when it changed, and while nobody looks nothing is read.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;
use tokio::sync::watch;

use crate::base::{Error, Result};
use crate::patrol;
use crate::town::Town;
use crate::view;
use crate::work::{Desk, halt, hook_status, identity, mail};

/// How often the ledger is asked whether anything changed (a read of one counter in shared memory).
const LOOK: Duration = Duration::from_millis(100);
/// No two readings of the town are nearer than this, however fast it changes.
const BREATH: Duration = Duration::from_millis(250);
/// How often agents are asked how they are when neither ledger nor screens stir.
const ASK: Duration = Duration::from_secs(4);
/// At most so many events are sent.
const FEED: usize = 120;
/// At most so many messages are sent.
const MAIL: usize = 100;

/// The parts, in the order they are sent.
pub const PARTS: [&str; 7] = ["town", "agents", "rigs", "convoys", "feed", "hooks", "mail"];

/// One part as JSON, and how often it has changed.
#[derive(Debug, Clone, Default)]
pub struct Part {
    pub version: u64,
    pub json: Arc<str>,
}

/// Everything the page shows, as it was at one moment.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    pub parts: [Part; PARTS.len()],
    /// The sessions that run.
    pub sessions: Vec<String>,
    /// What was wrong when the town was read last.
    pub problem: Option<String>,
}

/// Reads the town when it changed.
#[derive(Default)]
struct Reader {
    desk: Option<Desk>,
    version: Option<i64>,
    read: Option<Instant>,
    picture: Picture,
}

/// The newest picture, and who waits for it.
pub struct Live {
    town: Town,
    reader: Mutex<Reader>,
    newest: watch::Sender<Arc<Picture>>,
    streams: AtomicUsize,
    /// Whether the thread has something to do; notified when it has.
    wanted: Mutex<bool>,
    wake: Condvar,
    /// An agent's screen changed since the agents were asked.
    stirred: std::sync::atomic::AtomicBool,
}

#[derive(Serialize)]
struct TownPart<'a> {
    name: &'a str,
    root: String,
    version: &'static str,
    counts: view::Counts,
    ready: usize,
    daemon: bool,
    unread: usize,
    scheduler: halt::SchedulerStatus,
    /// Another one whenever settings were changed.
    settings: String,
}

impl Live {
    pub fn new(town: Town) -> Arc<Self> {
        let live = Arc::new(Self {
            town,
            reader: Mutex::default(),
            newest: watch::Sender::default(),
            streams: AtomicUsize::new(0),
            wanted: Mutex::new(false),
            wake: Condvar::new(),
            stirred: false.into(),
        });
        let thread = Arc::clone(&live);
        std::thread::spawn(move || thread.keep_reading());
        live
    }

    /// The town that is shown.
    pub fn town(&self) -> &Town {
        &self.town
    }

    /// Another browser looks on; the reading goes on while the guard lives.
    pub fn look(self: &Arc<Self>) -> Looking {
        self.streams.fetch_add(1, Ordering::SeqCst);
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wake.notify_all();
        Looking { live: Arc::clone(self), pictures: self.newest.subscribe() }
    }

    /// How many browsers look on.
    pub fn streams(&self) -> usize {
        self.streams.load(Ordering::SeqCst)
    }

    /// The sessions that run.
    pub fn sessions(&self) -> Vec<String> {
        self.newest.borrow().sessions.clone()
    }

    /// Agents are to be asked again soon.
    pub fn stir(&self) {
        self.stirred.store(true, Ordering::Relaxed);
    }

    /// Waits until somebody looks.
    pub fn wait_for_somebody(&self) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        while !*wanted {
            wanted = self.wake.wait(wanted).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The town as it is now. Blocks for as long as reading it takes.
    pub fn now(&self) -> Arc<Picture> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(picture) = reader.look(&self.town, true) {
            self.newest.send_replace(Arc::new(picture));
        }
        Arc::new(reader.picture.clone())
    }

    fn keep_reading(&self) {
        loop {
            self.wait_for_somebody();
            let changed = {
                let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
                let age = reader.read.map(|at| at.elapsed());
                let stirred = age.is_none_or(|age| age >= BREATH * 3) && self.stirred.swap(false, Ordering::Relaxed);
                let due = stirred || age.is_none_or(|age| age >= ASK);
                if age.is_some_and(|age| age < BREATH) { None } else { reader.look(&self.town, due) }
            };
            if let Some(picture) = changed {
                self.newest.send_replace(Arc::new(picture));
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// A browser that looks on.
pub struct Looking {
    live: Arc<Live>,
    /// The pictures as they come.
    pub pictures: watch::Receiver<Arc<Picture>>,
}

impl Drop for Looking {
    fn drop(&mut self) {
        if self.live.streams.fetch_sub(1, Ordering::SeqCst) == 1 {
            let mut wanted = self.live.wanted.lock().unwrap_or_else(PoisonError::into_inner);
            *wanted = self.live.streams() > 0;
        }
    }
}

impl Reader {
    /// Reads the town when its ledger changed or it is `due`; the picture when it differs from the one before.
    fn look(&mut self, town: &Town, due: bool) -> Option<Picture> {
        match self.read(town, due) {
            Ok(changed) => changed.then(|| self.picture.clone()),
            Err(error) => {
                (self.desk, self.version, self.read) = (None, None, Some(Instant::now()));
                let words = super::actions::words(&error);
                let news = self.picture.problem.as_ref() != Some(&words);
                self.picture.problem = Some(words);
                news.then(|| self.picture.clone())
            }
        }
    }

    fn read(&mut self, town: &Town, due: bool) -> Result<bool> {
        let desk = match &mut self.desk {
            Some(desk) => desk,
            None => self.desk.insert(Desk::of(town.clone())?),
        };
        let newest = desk.ledger.data_version()?;
        if !due && self.version == Some(newest) {
            return Ok(false);
        }
        let (texts, sessions) = parts(desk)?;
        let mut changed = self.picture.problem.take().is_some();
        for (part, text) in self.picture.parts.iter_mut().zip(texts) {
            if *part.json != *text {
                *part = Part { version: part.version + 1, json: text.into() };
                changed = true;
            }
        }
        changed |= self.picture.sessions != sessions;
        self.picture.sessions = sessions;
        (self.version, self.read) = (Some(newest), Some(Instant::now()));
        Ok(changed)
    }
}

fn parts(desk: &Desk) -> Result<([String; PARTS.len()], Vec<String>)> {
    let mut picture = view::town(desk)?;
    picture.feed.truncate(FEED);
    let inbox = mail::inbox(desk, identity::OVERSEER, false)?.messages;
    let town = TownPart {
        name: &picture.name,
        root: desk.town.root.display().to_string(),
        version: env!("CARGO_PKG_VERSION"),
        counts: picture.counts,
        ready: picture.ready,
        daemon: patrol::daemon::status(&desk.town)?.running,
        unread: inbox.iter().filter(|message| !message.read).count(),
        scheduler: halt::scheduler(desk)?,
        // As a text: numbers of this size are not exact in the page.
        settings: desk.town.settings_stamp().to_string(),
    };
    let agents: Vec<&view::AgentView> = picture.all_agents().collect();
    let sessions = agents.iter().filter(|agent| agent.state != view::AgentState::Dead);
    let sessions = sessions.filter_map(|agent| agent.session.clone()).collect();
    let rigs: Vec<_> = picture
        .rigs
        .iter()
        .map(|rig| {
            json!({"name": rig.name, "branch": rig.branch, "waiting": rig.waiting, "queue": rig.queue, "agents": rig.agents.len()})
        })
        .collect();
    let texts = [
        text(&town)?,
        text(&agents)?,
        text(&rigs)?,
        text(&picture.convoys)?,
        text(&picture.feed)?,
        text(&hook_status::list(desk, false)?)?,
        text(&inbox[..inbox.len().min(MAIL)])?,
    ];
    Ok((texts, sessions))
}

fn text(value: &(impl Serialize + ?Sized)) -> Result<String> {
    serde_json::to_string(value).map_err(Error::from)
}
