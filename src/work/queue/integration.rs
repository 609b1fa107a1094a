//! Integration branches: the work on an epic's beads comes together on a branch of its own, which is merged into the rig's target as one
//! piece when all of it is there.

use std::collections::BTreeSet;
use std::io::{self, Write};

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use super::{Handed, MergeRequest, State, hand_in, of_source, put};
use crate::base::report::{Paint, Report};
use crate::base::text::{counted, neutralise};
use crate::base::{Error, Result, Timestamp};
use crate::ledger::{Bead, Filter, Patch, Status, Tx};
use crate::repo::{Bare, PushOutcome};
use crate::town::Rig;
use crate::work::identity::actor;
use crate::work::{Desk, assignment, branches};

/// Under which key an epic's bead keeps what is known of its branch.
const KEY: &str = "integration";
/// How many parents are looked at from a bead up.
const DEPTH: usize = 64;

/// What an epic's bead says of its integration branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Integration {
    /// The rig.
    pub rig: String,
    /// The branch.
    pub branch: String,
    /// The commit it was made from.
    pub base: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The branch's head that an agent is to bring to the target by hand, after a conflict.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by_hand: String,
    /// The commit of the target that has all of it, once it was landed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub landed: String,
}

/// What `bead` says of an integration branch, landed or not.
pub fn of_bead(bead: &Bead) -> Option<Integration> {
    bead.extra.get(KEY).and_then(|value| serde_json::from_value(value.clone()).ok())
}

pub(super) fn open_branch(bead: &Bead) -> Option<Integration> {
    of_bead(bead).filter(|known| known.landed.is_empty())
}

pub(super) fn note(known: &Integration) -> Result<Patch> {
    let extra = Map::from_iter([(KEY.to_owned(), serde_json::to_value(known)?)]);
    Ok(Patch { extra, ..Patch::default() })
}

/// The branch that work on the bead `id` in `rig` starts from and is merged into: the integration branch of the nearest epic above it
/// that has one, else the rig's target.
///
/// # Errors
/// When settings or ledger can't be read.
pub fn target_of(desk: &Desk, rig: &Rig, id: &str) -> Result<String> {
    let mut bead = desk.ledger.find(id)?;
    for _ in 0..DEPTH {
        let Some(parent) = bead.as_ref().and_then(Bead::parent).map(str::to_owned) else { break };
        bead = desk.ledger.find(&parent)?;
        if let Some(known) = bead.as_ref().filter(|bead| !bead.status.is_done()).and_then(open_branch)
            && known.rig == rig.name
        {
            return Ok(known.branch);
        }
    }
    rig.target_branch()
}

/// An integration branch and how far its epic is.
#[derive(Debug, Clone, Serialize)]
pub struct IntegrationStatus {
    /// The epic.
    pub epic: String,
    /// Its title.
    pub title: String,
    /// The rig.
    pub rig: String,
    /// The branch.
    pub branch: String,
    /// The branch it is to be merged into.
    pub target: String,
    /// When it was made.
    pub created: Timestamp,
    /// How many commits it has that the target lacks.
    pub ahead: usize,
    /// How many commits of the target it lacks.
    pub behind: usize,
    /// The requests that were merged into it.
    pub merged_mrs: Vec<String>,
    /// The requests that are to be merged into it.
    pub pending_mrs: Vec<String>,
    /// The beads of the epic that are not closed.
    pub open_beads: Vec<String>,
    /// The request that brings it to the target, when it was filed.
    pub landing: Option<String>,
    /// The commit of the target that has all of it, once it was landed.
    pub landed: Option<String>,
}

impl Report for IntegrationStatus {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} {}", paint.dim(&self.epic), paint.bold(&neutralise(&self.title, true)))?;
        writeln!(out, "  branch   {} → {}:{}", self.branch, self.rig, self.target)?;
        if let Some(commit) = &self.landed {
            return writeln!(out, "  landed   in {commit}");
        }
        writeln!(out, "  commits  {} ahead, {} behind", self.ahead, self.behind)?;
        writeln!(out, "  merged   {} requests, {} to come", self.merged_mrs.len(), self.pending_mrs.len())?;
        let open = self.open_beads.len();
        match &self.landing {
            Some(id) => writeln!(out, "  landing  {id} is in the merge queue"),
            None if open > 0 => writeln!(out, "  open     {}: {}", counted(open, "bead"), some_of(&self.open_beads)),
            None => writeln!(out, "  {}", paint.dim(&format!("gt mq integration land {}", self.epic))),
        }
    }
}

/// Several of them.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Integrations(pub Vec<IntegrationStatus>);

impl Report for Integrations {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "No epic has an integration branch.");
        }
        self.0.iter().try_for_each(|one| one.human(out, paint))
    }
}

fn some_of(ids: &[String]) -> String {
    let shown = ids.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
    if ids.len() > 8 { format!("{shown} and {} more", ids.len() - 8) } else { shown }
}

/// The beads below `epic`, at any depth, that are not closed.
fn open_below(conn: &Connection, epic: &str) -> Result<Vec<String>> {
    let mut parts = conn.prepare_cached(
        "SELECT b.id, b.status IN ('closed', 'tombstone') FROM deps d JOIN beads b ON b.id = d.issue \
         WHERE d.depends_on = ?1 AND d.type = 'parent-child' ORDER BY b.id",
    )?;
    let (mut seen, mut open, mut left) = (BTreeSet::new(), Vec::new(), vec![epic.to_owned()]);
    while let Some(id) = left.pop() {
        let rows = parts.query_map([&id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)))?;
        for row in rows {
            let (part, done) = row?;
            if seen.insert(part.clone()) {
                if !done {
                    open.push(part.clone());
                }
                left.push(part);
            }
        }
    }
    open.sort();
    Ok(open)
}

fn has_parts(conn: &Connection, epic: &str) -> Result<bool> {
    let mut parts = conn.prepare_cached("SELECT 1 FROM deps WHERE depends_on = ?1 AND type = 'parent-child'")?;
    Ok(parts.exists([epic])?)
}

/// Makes the integration branch of an epic, here and at the origin. One that exists already at this name is taken up.
///
/// # Errors
/// Refused when the epic has one, or is closed; when the name is no branch name; when the origin can't be reached or refuses it.
pub fn create(desk: &mut Desk, epic: &str, branch: Option<&str>) -> Result<IntegrationStatus> {
    let id = desk.ledger.resolve(epic)?;
    let bead = desk.ledger.get(&id)?;
    if bead.issue_type != "epic" && !has_parts(desk.ledger.conn(), &id)? {
        return Err(Error::usage(format!("{id} is no epic and has no beads below it"))
            .hint(format!("bd create \"...\" --parent {id} makes one below it")));
    }
    if bead.status.is_done() {
        return Err(Error::refused(format!("{id} is closed")).hint(format!("bd reopen {id}")));
    }
    if let Some(known) = open_branch(&bead) {
        return Err(Error::refused(format!("{id} has the integration branch {}", known.branch))
            .hint(format!("gt mq integration status {id}")));
    }
    let rig = desk.town.rig(&bead.store).map_err(|error| {
        error.context(format!("{id} belongs to no rig")).hint("make the epic in the rig's own ledger")
    })?;
    let settings = rig.settings()?.merge_queue;
    let branch = branch.map_or_else(|| settings.integration_branch_template.replace("{epic}", &id), str::to_owned);
    let bare = Bare::open(&rig.bare_repo())?;
    let target = rig.target_branch()?;
    if !bare.is_branch_name(&branch) || branch == target || branch == rig.default_branch {
        return Err(Error::usage(format!("{branch:?} can't be an integration branch")).hint("give another --branch"));
    }
    branches::freshen(desk, &rig, &bare)?;
    let base = branches::head(&bare, &target)?;
    let name = format!("refs/heads/{branch}");
    let tip = match (bare.local_branch(&branch)?, bare.origin_branch(&branch)?) {
        (Some(here), _) => here,
        (None, there) => {
            let tip = there.unwrap_or_else(|| base.clone());
            bare.update_ref(&name, &tip, Some(&"0".repeat(40)))?;
            tip
        }
    };
    if bare.has_origin() {
        match bare.push(&tip, &branch)? {
            PushOutcome::Pushed => {}
            PushOutcome::Rejected(why) | PushOutcome::Unreachable(why) | PushOutcome::Refused { reason: why, .. } => {
                return Err(Error::failed(format!("{branch} can't be made at the origin: {why}"))
                    .hint("the same command again goes on from here"));
            }
        }
    }
    let known = Integration {
        rig: rig.name.clone(),
        branch,
        base,
        created_at: Timestamp::now(),
        by_hand: String::new(),
        landed: String::new(),
    };
    desk.ledger.write(&actor(), |tx| {
        tx.update(&id, &note(&known)?)?;
        tx.event("integration_created", Some(&id), json!({"branch": known.branch, "rig": known.rig})).map(|_| ())
    })?;
    status(desk, &id)
}

/// The integration branch of `epic`, and how far it is.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] when it has none.
pub fn status(desk: &Desk, epic: &str) -> Result<IntegrationStatus> {
    let id = desk.ledger.resolve(epic)?;
    let bead = desk.ledger.get(&id)?;
    let known = of_bead(&bead).ok_or_else(|| none(&id))?;
    status_of(desk, &bead, &known)
}

fn none(id: &str) -> Error {
    Error::not_found(format!("{id} has no integration branch")).hint(format!("gt mq integration create {id}"))
}

fn status_of(desk: &Desk, bead: &Bead, known: &Integration) -> Result<IntegrationStatus> {
    let conn = desk.ledger.conn();
    let rig = desk.town.rig(&known.rig)?;
    let bare = Bare::open(&rig.bare_repo())?;
    let target = rig.target_branch()?;
    let (mut ahead, mut behind) = (0, 0);
    if known.landed.is_empty() {
        (ahead, behind) =
            bare.ahead_behind(&branches::head(&bare, &known.branch)?, &branches::head(&bare, &target)?)?;
    }
    let into: Vec<MergeRequest> =
        super::all(conn, Some(&rig.name))?.into_iter().filter(|request| request.target == known.branch).collect();
    let ids = |wanted: fn(State) -> bool| {
        into.iter().filter(|request| wanted(request.state)).map(|request| request.id.clone()).collect()
    };
    Ok(IntegrationStatus {
        epic: bead.id.clone(),
        title: bead.title.clone(),
        rig: rig.name.clone(),
        branch: known.branch.clone(),
        target,
        created: known.created_at,
        ahead,
        behind,
        merged_mrs: ids(|state| state == State::Merged),
        pending_mrs: ids(State::is_open),
        open_beads: open_below(conn, &bead.id)?,
        landing: landing(conn, bead, known)?.map(|request| request.id),
        landed: Some(known.landed.clone()).filter(|commit| !commit.is_empty()),
    })
}

/// The request that is to bring the branch to the target.
fn landing(conn: &Connection, bead: &Bead, known: &Integration) -> Result<Option<MergeRequest>> {
    let mine = of_source(conn, &bead.id)?;
    Ok(mine
        .into_iter()
        .rev()
        .find(|request| request.state.is_open() && (request.branch == known.branch || !known.by_hand.is_empty())))
}

/// Every epic that has an integration branch which is not landed.
///
/// # Errors
/// When ledger or repositories can't be read.
pub fn list(desk: &Desk) -> Result<Integrations> {
    let mut found = Vec::new();
    for bead in desk.ledger.list(&Filter::default())? {
        if let Some(known) = open_branch(&bead) {
            found.push(status_of(desk, &bead, &known)?);
        }
    }
    Ok(Integrations(found))
}

/// Files the request that brings the integration branch to the rig's target: through the gates, as any other. Only says what it would
/// do with `dry_run`.
///
/// # Errors
/// Refused, unless `force`, while beads of the epic are open or requests wait for the branch; when there is nothing to land.
pub fn land(desk: &mut Desk, epic: &str, force: bool, dry_run: bool) -> Result<IntegrationStatus> {
    let now = status(desk, epic)?;
    if let Some(commit) = &now.landed {
        return Err(Error::refused(format!("{} has landed in {commit}", now.branch)));
    }
    if now.landing.is_some() {
        return Ok(now);
    }
    if let Some(row) = assignment::find(desk.ledger.conn(), &now.epic)?.filter(|row| row.state.holds_bead()) {
        let whom = if row.agent.is_empty() { "a fresh agent" } else { &row.agent };
        return Err(Error::refused(format!("{} did not fit {}; {whom} brings it there", now.branch, now.target))
            .hint(format!("gt hook show {whom}; gt unsling {} takes it back", now.epic)));
    }
    let left: Vec<String> = now.open_beads.iter().chain(&now.pending_mrs).cloned().collect();
    if !left.is_empty() && !force {
        return Err(Error::refused(format!("not all of {} is done: {}", now.epic, some_of(&left)))
            .hint("--force lands what is there; the rest goes to the target itself"));
    }
    let bead = desk.ledger.get(&now.epic)?;
    let known = of_bead(&bead).ok_or_else(|| none(&now.epic))?;
    let rig = desk.town.rig(&known.rig)?;
    let bare = Bare::open(&rig.bare_repo())?;
    branches::freshen(desk, &rig, &bare)?;
    let head = branches::head(&bare, &known.branch)?;
    if bare.commits(&branches::head(&bare, &now.target)?, &head)?.is_empty() {
        return Err(Error::refused(format!("{} has no commits that {} lacks", known.branch, now.target))
            .hint(format!("bd close {} when nothing is to come any more", now.epic)));
    }
    if dry_run {
        return Ok(now);
    }
    let by = actor();
    desk.ledger.write(&by, |tx| {
        let handed = Handed {
            rig: &rig.name,
            branch: &known.branch,
            base: &known.base,
            head: &head,
            target: &now.target,
            source: &now.epic,
            worker: &by,
        };
        let request = hand_in(tx, &handed)?;
        tx.event("integration_landing", Some(&now.epic), json!({"mr": request, "branch": known.branch})).map(|_| ())
    })?;
    status(desk, &now.epic)
}

/// The head of the integration branch that an agent was to bring to the target by hand, when `request` is what it made of it.
///
/// # Errors
/// When ledger or repository can't be read.
pub fn by_hand(desk: &Desk, rig: &Rig, request: &MergeRequest) -> Result<Option<String>> {
    let known = desk.ledger.find(&request.source)?.as_ref().and_then(open_branch);
    match known.filter(|known| known.branch != request.branch && !known.by_hand.is_empty()) {
        Some(known) => Bare::open(&rig.bare_repo())?.local_branch(&known.branch),
        None => Ok(None),
    }
}

/// What follows when `request` was merged in `commit`, in the same transaction: an integration branch that it brought to the target has
/// landed, and requests that were to go into that branch go to the target itself. Whether the request's bead is finished by it. `head` is
/// what [`by_hand`] said.
///
/// # Errors
/// When the ledger can't be written.
pub fn merged(tx: &mut Tx<'_>, request: &MergeRequest, commit: &str, head: Option<&str>) -> Result<bool> {
    let Some(bead) = tx.find(&request.source)? else { return Ok(true) };
    let Some(mut known) = open_branch(&bead) else { return Ok(true) };
    if known.branch != request.branch {
        let Some(head) = head else { return Ok(true) };
        let brought = std::mem::take(&mut known.by_hand);
        if head != brought {
            known.base = brought;
            return rest_of(tx, request, &bead, &known, head).map(|()| false);
        }
    }
    commit.clone_into(&mut known.landed);
    tx.update(&bead.id, &note(&known)?)?;
    tx.event("integration_landed", Some(&bead.id), json!({"branch": known.branch, "commit": commit}))?;
    for mut other in super::all(tx.conn(), Some(&request.rig))? {
        if other.target != known.branch || !(other.state.is_open() || other.state.is_given_back()) {
            continue;
        }
        let line = |target: &str| format!("target: {target}\n");
        request.target.clone_into(&mut other.target);
        other.step = other.step.afresh();
        put(tx, &other)?;
        if let Some(bead) = tx.find(&other.id)? {
            let description = bead.description.replacen(&line(&known.branch), &line(&request.target), 1);
            tx.update(&other.id, &Patch { description: Some(description), ..Patch::default() })?;
        }
    }
    Ok(open_below(tx.conn(), &bead.id)?.is_empty())
}

/// The integration branch got more commits while an agent brought those up to `known.base` to the target: they follow.
fn rest_of(tx: &mut Tx<'_>, request: &MergeRequest, epic: &Bead, known: &Integration, head: &str) -> Result<()> {
    let open = Patch { status: Some(Status::Open), assignee: Some(String::new()), ..note(known)? };
    tx.update(&epic.id, &open)?;
    if assignment::find(tx.conn(), &epic.id)?.is_some() {
        assignment::set_state(tx, &epic.id, assignment::State::Released, "the branch has more commits by now")?;
    }
    let worker = tx.actor().to_owned();
    let rest = Handed {
        rig: &known.rig,
        branch: &known.branch,
        base: &known.base,
        head,
        target: &request.target,
        source: &epic.id,
        worker: &worker,
    };
    let id = hand_in(tx, &rest)?;
    tx.event("integration_landing", Some(&epic.id), json!({"mr": id, "branch": known.branch})).map(|_| ())
}

/// The integration branch that `request` brought to the target in `commit`.
///
/// # Errors
/// When the ledger can't be read.
pub fn landed(desk: &Desk, request: &MergeRequest, commit: &str) -> Result<Option<String>> {
    let known = desk.ledger.find(&request.source)?.as_ref().and_then(of_bead);
    Ok(known.filter(|known| known.landed == commit).map(|known| known.branch))
}
