//! Dogs: helpers of the deacon for maintenance. Each has a directory of its own, takes one formula or bead at a time, and goes home.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;

use super::assignment::{self, Assignment, State};
use super::molecule::{self, Standing};
use super::recipe::{self, Recipe};
use super::start::{self, Launch};
use super::{Desk, agents, identity, standing};
use crate::base::lock::Lock;
use crate::base::report::{Paint, Report};
use crate::base::text::{self, fit, neutralise};
use crate::base::{Error, Result, ResultExt, Timestamp, files};
use crate::formula::molecule as formula;
use crate::ledger::{Bead, Patch, Status};
use crate::runtime::StateReading;
use crate::session::{self, SessionRecord};
use crate::town::{Address, TOWN_PREFIX, validate_agent_name};

/// The names of dogs that are made without one.
const NAMES: [&str; 8] = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel"];

/// A dog.
#[derive(Debug, Clone, Serialize)]
pub struct Dog {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: String,
    /// `working` while something is on its hook, else `idle`.
    pub state: &'static str,
    /// How its session is, while it runs.
    pub session: Option<StateReading>,
    /// What it does.
    pub work: Option<String>,
    /// Its title.
    pub title: String,
    /// The steps of it.
    pub molecule: Option<Standing>,
    /// When its work or session changed last.
    pub last_active: Option<Timestamp>,
    /// Where it works.
    pub directory: PathBuf,
}

impl Report for Dog {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let state = if self.state == "working" { paint.green(&fit(self.state, 8)) } else { fit(self.state, 8) };
        let work = self.work.as_deref().map(|work| format!("{} {}", paint.dim(work), neutralise(&self.title, true)));
        let session = self.session.as_ref().map(|session| format!("  ({})", session.state.word())).unwrap_or_default();
        writeln!(out, "{} {state} {}{session}", paint.bold(&fit(&self.name, 12)), work.unwrap_or_default())?;
        match &self.molecule {
            Some(molecule) => {
                let step = molecule.step.as_ref().map(|_| format!(", now {}", neutralise(&molecule.step_title, true)));
                writeln!(out, "  {} of {} steps done{}", molecule.done, molecule.total, step.unwrap_or_default())
            }
            None => Ok(()),
        }
    }
}

fn kennel(desk: &Desk) -> PathBuf {
    desk.town.root.join("deacon/dogs")
}

fn names(desk: &Desk) -> Result<Vec<String>> {
    let path = kennel(desk);
    let entries = match std::fs::read_dir(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("read {}", path.display()))?,
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

fn address(name: &str) -> Address {
    Address::Dog(name.to_owned())
}

/// Makes a dog; without a name it gets the next of the alphabet.
///
/// # Errors
/// [`crate::base::Kind::Refused`] when the name is taken.
pub fn add(desk: &Desk, name: Option<&str>) -> Result<Dog> {
    let _lock = Lock::acquire(&desk.town.runtime_dir().join("dogs.lock"))?;
    let taken = names(desk)?;
    let name = match name {
        Some(name) => {
            validate_agent_name(name)?;
            if taken.iter().any(|other| other.eq_ignore_ascii_case(name)) {
                return Err(Error::refused(format!("there is a dog called {name} already")).hint("gt dog list"));
            }
            name.to_owned()
        }
        None => {
            let free = NAMES.iter().map(|name| (*name).to_owned()).chain((1..).map(|n| format!("dog{n}")));
            free.into_iter().find(|name| !taken.contains(name)).unwrap_or_default()
        }
    };
    files::make_dirs(&kennel(desk).join(&name), 0o755)?;
    get(desk, &name)
}

/// The dog called `name`.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] with the nearest name.
pub fn get(desk: &Desk, name: &str) -> Result<Dog> {
    let all = names(desk)?;
    let name = name.strip_prefix("deacon/dogs/").unwrap_or(name);
    if !all.iter().any(|other| other == name) {
        let error = Error::not_found(format!("no dog called {name:?}"));
        return Err(match text::nearest(name, all.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error.hint("gt dog add makes one"),
        });
    }
    describe(desk, name)
}

/// All dogs, by name.
///
/// # Errors
/// When the ledger or the kennel can't be read.
pub fn list(desk: &Desk) -> Result<Vec<Dog>> {
    names(desk)?.iter().map(|name| describe(desk, name)).collect()
}

fn describe(desk: &Desk, name: &str) -> Result<Dog> {
    let agent = address(name);
    let row = assignment::of_agent(desk.ledger.conn(), &agent.to_string())?;
    let bead = match &row {
        Some(row) => desk.ledger.find(&row.bead)?,
        None => None,
    };
    let record = standing::running(desk, &agent)?;
    let session = match &record {
        Some(_) => {
            agents::list(desk)?.into_iter().find(|info| info.address == agent.to_string()).map(|info| info.state)
        }
        None => None,
    };
    Ok(Dog {
        name: name.to_owned(),
        state: if row.is_some() { "working" } else { "idle" },
        session,
        work: row.as_ref().map(|row| row.bead.clone()),
        title: bead.as_ref().map(|bead| bead.title.clone()).unwrap_or_default(),
        molecule: match &bead {
            Some(bead) => molecule::current(desk, &agent, Some(bead))?,
            None => None,
        },
        last_active: row.map(|row| row.updated_at).or(record.map(|record| record.started_at)),
        directory: desk.town.home(&agent),
        address: agent.to_string(),
    })
}

/// What a dog is to do.
#[derive(Debug, Clone)]
pub enum Errand {
    /// A formula, poured for it.
    Formula(Recipe),
    /// A bead of the town.
    Bead(String),
}

/// A dog that was sent.
#[derive(Debug, Clone, Serialize)]
pub struct Sent {
    /// The dog.
    pub dog: String,
    /// What it does.
    pub bead: String,
    /// Its session.
    pub session: String,
    /// Its process.
    pub pid: i32,
    /// Its runtime.
    pub preset: String,
}

impl Report for Sent {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} → {} ({}), pid {}", self.bead, paint.green(&self.dog), self.preset, self.pid)
    }
}

/// Gives the dog an errand and starts it; without a name an idle one goes. Nothing of it stays when it can't be started.
///
/// # Errors
/// [`crate::base::Kind::Refused`] when it has work or none is idle; also when it can't be started.
pub fn start(desk: &mut Desk, name: Option<&str>, errand: &Errand, runtime: Option<&str>) -> Result<Sent> {
    let dog = match name {
        Some(name) => get(desk, name)?,
        None => list(desk)?.into_iter().find(|dog| dog.state == "idle" && dog.session.is_none()).ok_or_else(|| {
            Error::refused("no dog is idle").hint("gt dog add makes another one, gt dog list shows what they do")
        })?,
    };
    if let Some(work) = &dog.work {
        return Err(Error::refused(format!("{} works on {work}", dog.name)).hint(format!("gt dog stop {}", dog.name)));
    }
    let agent = address(&dog.name);
    if standing::running(desk, &agent)?.is_some() {
        return Err(Error::refused(format!("{} runs already", dog.address)).hint(format!("gt dog stop {}", dog.name)));
    }
    let preset = start::preset_for(desk, None, "dog", runtime.unwrap_or_default())?;
    let (bead, poured) = hang(desk, &agent, errand, &preset.name)?;
    let launch = Launch { agent: &agent, preset: &preset, bead: Some(&bead), directory: &dog.directory, resume: false };
    match start::launch(desk, &launch) {
        Ok(SessionRecord { name: session, child_pid: pid, preset, .. }) => {
            Ok(Sent { dog: dog.address, bead: bead.id, session, pid, preset })
        }
        Err(error) => {
            take_back(desk, &agent, &bead.id)?;
            if poured {
                let molecule = formula::load(&desk.ledger, &bead.id)?;
                desk.ledger.write("deacon", |tx| formula::burn(tx, &molecule, true))?;
            }
            Err(error)
        }
    }
}

/// Hangs the errand on the dog's hook; says whether it was poured for it.
fn hang(desk: &mut Desk, agent: &Address, errand: &Errand, preset: &str) -> Result<(Bead, bool)> {
    let cooked = match errand {
        Errand::Formula(recipe) => Some(recipe::cooked(&recipe::library(desk), recipe, None)?),
        Errand::Bead(_) => None,
    };
    let id = match errand {
        Errand::Bead(word) => desk.ledger.resolve(word)?,
        Errand::Formula(_) => String::new(),
    };
    let owner = agent.to_string();
    let home = desk.town.home(agent).to_string_lossy().into_owned();
    let bead = desk.ledger.write(&identity::actor(), |tx| {
        let id = match &cooked {
            Some(cooked) => {
                let pour = formula::Pour { store: TOWN_PREFIX.into(), ..formula::Pour::default() };
                formula::pour(tx, cooked, &pour)?.root
            }
            None => id,
        };
        let bead = tx.get(&id)?;
        let held = assignment::find(tx.conn(), &id)?.filter(|row| row.state.holds_bead());
        if bead.status.is_done() || held.is_some() {
            let why =
                held.map_or_else(|| "is closed".to_owned(), |row| format!("is already assigned to {}", row.agent));
            return Err(Error::refused(format!("{id} {why}")).hint(format!("bd show {id}")));
        }
        let row = Assignment {
            agent: owner.clone(),
            hook: home,
            session: agent.session_name(),
            state: State::Active,
            ..Assignment::queued(&id, "", preset, "", tx.now())
        };
        assignment::remove(tx, &id)?;
        assignment::put(tx, &row)?;
        tx.event("hook", Some(&id), json!({"agent": owner}))?;
        tx.update(&id, &Patch { status: Some(Status::Hooked), assignee: Some(owner.clone()), ..Patch::default() })
    })?;
    Ok((bead, cooked.is_some()))
}

fn take_back(desk: &mut Desk, agent: &Address, bead: &str) -> Result<()> {
    desk.ledger.write(&identity::actor(), |tx| {
        if assignment::find(tx.conn(), bead)?.is_some_and(|row| row.agent == agent.to_string()) {
            assignment::set_state(tx, bead, State::Released, "taken back")?;
            tx.event("unhook", Some(bead), json!({"agent": agent.to_string()}))?;
            if tx.find(bead)?.is_some_and(|bead| !bead.status.is_done()) {
                let patch = Patch { status: Some(Status::Open), assignee: Some(String::new()), ..Patch::default() };
                tx.update(bead, &patch)?;
            }
        }
        Ok(())
    })
}

/// Ends the dog's session and takes its work off its hook; the work is open again.
///
/// # Errors
/// When there is no such dog, or its session can't be ended.
pub fn stop(desk: &mut Desk, name: &str) -> Result<Dog> {
    let dog = get(desk, name)?;
    let agent = address(&dog.name);
    session::kill(&desk.town, &agent.session_name(), &[])?;
    if let Some(work) = &dog.work {
        take_back(desk, &agent, work)?;
    }
    get(desk, &dog.name)
}

/// The dog that asks has done its errand: what is on its hook is closed. Its session still runs.
///
/// # Errors
/// [`crate::base::Kind::Refused`] for anybody but a dog, and while more than one step is open, unless `force`.
pub fn done(desk: &mut Desk, agent: &Address, message: &str, force: bool) -> Result<String> {
    if !matches!(agent, Address::Dog(_)) {
        return Err(Error::refused(format!("{agent} is no dog")).hint("gt done hands in a branch"));
    }
    let owner = agent.to_string();
    let row = assignment::of_agent(desk.ledger.conn(), &owner)?
        .ok_or_else(|| Error::not_found(format!("nothing is on the hook of {agent}")).hint("gt dog list"))?;
    let bead = desk.ledger.get(&row.bead)?;
    let steps = molecule::hand_in(desk, &bead, force)?;
    let reason = if message.is_empty() { "Done" } else { message };
    desk.ledger.write(&owner, |tx| {
        for step in &steps {
            tx.close(step, "Done")?;
        }
        if !bead.status.is_done() {
            tx.close(&bead.id, reason)?;
        }
        assignment::set_state(tx, &bead.id, State::Done, reason)?;
        tx.event("done", Some(&bead.id), json!({"agent": owner, "status": "completed"})).map(|_| ())
    })?;
    Ok(bead.id)
}

/// Removes the dog's directory, when it holds nothing but what git of its own has nowhere else: then it is refused.
///
/// # Errors
/// [`crate::base::Kind::Refused`] while it works, or its directory holds files, unless `force`.
pub fn remove(desk: &mut Desk, name: &str, force: bool) -> Result<Dog> {
    let dog = get(desk, name)?;
    if let Some(work) = &dog.work {
        return Err(
            Error::refused(format!("{} works on {work}", dog.name)).hint(format!("gt dog stop {} first", dog.name))
        );
    }
    session::kill(&desk.town, &address(&dog.name).session_name(), &[])?;
    let entries =
        std::fs::read_dir(&dog.directory).with_context(|| format!("read {}", dog.directory.display()))?.count();
    if entries > 0 && !force {
        return Err(Error::refused(format!("{} holds {entries} files or directories", dog.directory.display()))
            .hint("take out what is worth keeping; --force moves the directory to .runtime/removed"));
    }
    if entries > 0 {
        let kept = desk.town.runtime_dir().join("removed");
        files::make_dirs(&kept, 0o700)?;
        let to = kept.join(format!("dog-{}-{}", dog.name, Timestamp::now().unix_seconds()));
        std::fs::rename(&dog.directory, &to).with_context(|| format!("move {}", dog.directory.display()))?;
    } else {
        std::fs::remove_dir(&dog.directory).with_context(|| format!("remove {}", dog.directory.display()))?;
    }
    Ok(dog)
}
