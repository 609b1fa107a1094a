//! Slinging: giving beads to agents. Everything is checked first; then one transaction; then the agents are started.

mod check;
mod commit;
mod report;
mod target;

pub use check::{Facts, is_work, may_sling};
pub use commit::{Committed, Way, begin, enqueue};
pub use report::{Failure, Plan, PlanLine, SlingReport, Slung};
pub use target::Target;

use std::collections::BTreeMap;

use super::assignment;
use super::identity::actor;
use super::queue::{self, MergeRequest};
use super::spawn::{self, Begun};
use super::{Desk, archive, branches, convoy, halt, start};
use crate::base::{Error, Result};
use crate::ledger::Bead;
use crate::repo::Bare;
use crate::town::Address;

/// What is to be slung, and how.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The beads: ids or their unambiguous beginnings.
    pub beads: Vec<String>,
    /// A rig or an agent; empty for the rig the beads belong to.
    pub target: String,
    /// The runtime; empty for the rig's own choice.
    pub agent: Option<String>,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Sling although the bead waits for others, is somebody's by name, or belongs to another rig.
    pub force: bool,
    /// Make no convoy.
    pub no_convoy: bool,
    /// The name of the convoy to make for beads that are in none.
    pub convoy_name: Option<String>,
    /// Make branch and worktree, but start no session: a person runs the runtime there.
    pub no_start: bool,
}

/// A bead that passed every check.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    bead: Bead,
    target: Target,
    preset: String,
    convoy: Option<String>,
}

/// Checks everything and says what would be done, changing nothing.
///
/// # Errors
/// The first reason why not; with several beads each refused one is named.
pub fn plan(desk: &Desk, request: &Request) -> Result<Plan> {
    let checked = check_all(desk, request)?;
    let mut lines = Vec::with_capacity(checked.len());
    for item in &checked {
        let agent = item.target.address().map(|address| address.to_string());
        lines.push(PlanLine {
            bead: item.bead.id.clone(),
            title: item.bead.title.clone(),
            rig: item.target.rig().name.clone(),
            agent,
            preset: item.preset.clone(),
            convoy: item.convoy.clone(),
        });
    }
    let new_convoy = if request.no_convoy { None } else { commit::convoy_title(request, &checked) };
    Ok(Plan { lines, new_convoy })
}

/// Gives each bead to an agent and starts it, or queues it when there is no place; undoes whatever fails.
///
/// # Errors
/// When a check refuses: nothing was changed then. Failures of single starts are in the report.
pub fn sling(desk: &mut Desk, request: &Request) -> Result<SlingReport> {
    // What a killed predecessor left half-done must not stand in the way.
    spawn::recover(desk)?;
    let checked = check_all(desk, request)?;
    let mut notes = Vec::new();
    let mut bares: BTreeMap<String, Bare> = BTreeMap::new();
    let mut bases: BTreeMap<String, String> = BTreeMap::new();
    for item in &checked {
        let rig = item.target.rig();
        if !bares.contains_key(&rig.name) {
            let bare = Bare::open(&rig.bare_repo())?;
            notes.extend(branches::freshen(desk, rig, &bare)?);
            bares.insert(rig.name.clone(), bare);
        }
        let target = queue::integration::target_of(desk, rig, &item.bead.id)?;
        bases.insert(item.bead.id.clone(), branches::head(&bares[&rig.name], &target)?);
    }
    for item in &checked {
        if let Target::Polecat(rig, name) = &item.target {
            let address = Address::Polecat { rig: rig.name.clone(), name: name.clone() };
            archive::make_room(desk, &address, &item.bead.id)?;
        }
    }
    let committed = desk.ledger.write(&actor(), |tx| commit::commit(tx, &desk.town, request, &checked, &bases))?;
    let mut report = SlingReport { convoy: committed.convoy.clone(), notes, ..SlingReport::default() };
    for item in committed.items {
        report.add(desk, item);
    }
    Ok(report)
}

/// Starts what was committed; a failed start is undone and reported.
///
/// # Errors
/// Why the start failed.
pub fn carry_out(desk: &mut Desk, begun: &Begun) -> Result<spawn::Spawned> {
    match spawn::carry_out(desk, begun) {
        Ok(spawned) => Ok(spawned),
        Err(error) => match spawn::undo(desk, begun, error.message()) {
            Ok(()) => Err(error),
            Err(undo) => Err(Error::failed(format!("{error}; and taking it back failed: {undo}"))
                .hint("the daemon, or the next gt sling, takes it back")),
        },
    }
}

fn check_all(desk: &Desk, request: &Request) -> Result<Vec<Checked>> {
    if matches!(Address::from_env(), Some(Address::Polecat { .. })) {
        return Err(Error::refused("polecats may not sling: they do the work on their hook")
            .hint("file a bead (bd create) and leave it to the mayor or the overseer"));
    }
    if request.beads.is_empty() {
        return Err(Error::usage("nothing to sling").hint("gt sling <bead>... <rig>"));
    }
    let mut out: Vec<Checked> = Vec::new();
    let mut refusals: Vec<Error> = Vec::new();
    // A target that does not exist is the same mistake for every bead: say it once.
    let target = if request.target.is_empty() { None } else { Some(Target::parse(&desk.town, &request.target)?) };
    if target.as_ref().is_some_and(|target| target.address().is_some()) && request.beads.len() > 1 {
        return Err(Error::refused(format!("{} has one hook, for one bead", request.target))
            .hint("sling several beads to the rig"));
    }
    for word in &request.beads {
        match check_one(desk, request, target.as_ref(), word) {
            Ok(item) if out.iter().any(|other| other.bead.id == item.bead.id) => {}
            Ok(item) => out.push(item),
            Err(error) => refusals.push(error),
        }
    }
    match refusals.len() {
        0 => Ok(out),
        1 => Err(refusals.remove(0)),
        _ => {
            let lines: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            Err(Error::new(refusals[0].kind(), format!("nothing was slung: {}", lines.join("; ")))
                .hint(refusals[0].hint_text().unwrap_or("leave these out and sling the others")))
        }
    }
}

fn check_one(desk: &Desk, request: &Request, target: Option<&Target>, word: &str) -> Result<Checked> {
    let id = desk.ledger.resolve(word)?;
    let bead = desk.ledger.get(&id)?;
    let target = match target {
        Some(target) => target.clone(),
        None => Target::Rig(desk.town.rig(&bead.store).map_err(|error| {
            error.context(format!("{id} belongs to no rig")).hint(format!("name one: gt sling {id} <rig>"))
        })?),
    };
    let conn = desk.ledger.conn();
    if !request.force {
        halt::refuse_parked(conn, &target.rig().name)?;
        if target.rig().settings()?.docked {
            let rig = &target.rig().name;
            return Err(Error::refused(format!("{rig} is docked"))
                .hint(format!("gt rig undock {rig}, or --force puts the bead into its queue")));
        }
    }
    let row = assignment::find(conn, &id)?;
    let blockers = if bead.blocked { desk.ledger.blockers(&id)? } else { Vec::new() };
    may_sling(Facts {
        bead: &bead,
        assignment: row.as_ref(),
        merge_request: unfinished(conn, &id)?.as_ref(),
        blockers: &blockers,
        rig: &target.rig().name,
        force: request.force,
    })?;
    if let Some(address) = target.address()
        && let Some(other) = assignment::of_agent(conn, &address.to_string())?
    {
        return Err(Error::refused(format!("{address} works on {} already", other.bead))
            .hint(format!("sling it to the rig, or take {} back first: gt unsling {}", other.bead, other.bead)));
    }
    let role = target.address().map_or_else(|| "polecat".to_owned(), |address| address.role().to_string());
    let explicit = request.agent.clone().unwrap_or_default();
    // A crew member's workspace has its own session, or a person's shell.
    let preset = if matches!(target, Target::Crew(..)) && explicit.is_empty() {
        String::new()
    } else if request.no_start {
        // Whether it is on this machine is the person's affair.
        crate::runtime::preset(
            &desk.town,
            Some(target.rig()),
            &role,
            Some(explicit.as_str()).filter(|name| !name.is_empty()),
        )?
        .name
    } else {
        start::preset(desk, target.rig(), &role, &explicit)?.name
    };
    let convoy = convoy::tracking(conn, &id)?;
    Ok(Checked { bead, target, preset, convoy })
}

/// The merge request for `bead` that is not over and was not given back.
///
/// # Errors
/// When the ledger can't be read.
pub(super) fn unfinished(conn: &rusqlite::Connection, bead: &str) -> Result<Option<MergeRequest>> {
    Ok(queue::of_source(conn, bead)?.into_iter().rev().find(|request| request.state.is_open()))
}
