//! From an assignment to a running agent: worktree, hook, session; journaled, so that it is finished or undone after a crash.

mod by_hand;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::assignment::{self, Assignment, State};
use super::{Desk, escalation, hook, journal, start};
use crate::base::{Error, Result, ResultExt, Timestamp};
use crate::ledger::{Bead, Patch, Status, Tx};
use crate::repo::{Bare, Worktree};
use crate::session::{self, registry};
use crate::town::{Address, Rig, Severity, namepool};

/// The journal's name for it.
pub const OP: &str = "spawn";
/// Seconds until the second try; doubled each time.
const FIRST_PAUSE: i64 = 1;

/// All that is needed to finish or undo a start, as the journal keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ticket {
    /// The bead.
    pub bead: String,
    /// The agent.
    pub agent: Address,
    /// Its rig.
    pub rig: String,
    /// The branch the work goes to.
    pub branch: String,
    /// The commit it starts from.
    pub base: String,
    /// The worktree.
    pub worktree: PathBuf,
    /// The runtime that was asked for; empty for the rig's own choice.
    pub preset: String,
    /// Whether branch and worktree are new; otherwise the agent goes on where it left off.
    pub fresh: bool,
    /// Whether the bead goes back to the queue when the start fails.
    pub from_queue: bool,
    /// Whether a person starts the runtime: no session is started then.
    #[serde(default)]
    pub by_hand: bool,
    /// The convoy that was made with it.
    pub new_convoy: Option<String>,
    /// The bead's status before.
    pub status_before: String,
    /// The bead's assignee before.
    pub assignee_before: String,
}

/// A start that was begun: the journal's row and what it says.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The journal's row.
    pub journal: i64,
    /// What it says.
    pub ticket: Ticket,
}

/// An agent that runs.
#[derive(Debug, Clone, Serialize)]
pub struct Spawned {
    /// Its session; empty when a person starts the runtime.
    pub session: String,
    /// Its process.
    pub pid: Option<i32>,
    /// Its runtime.
    pub preset: String,
    /// The command by which a person starts the runtime.
    pub command: Option<String>,
}

/// Names of `rig`'s polecats that can't be given to a new one.
///
/// # Errors
/// When the ledger can't be read.
pub fn taken_names(tx: &Tx<'_>, rig: &Rig) -> Result<HashSet<String>> {
    let mut taken: HashSet<String> = std::fs::read_dir(rig.root.join("polecats"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let mut add = |address: &str| {
        if let Ok(Address::Polecat { rig: of, name }) = address.parse()
            && of == rig.name
        {
            taken.insert(name);
        }
    };
    for hook in hook::list(tx.conn(), false)? {
        add(&hook.agent);
    }
    for row in assignment::in_states(tx.conn(), &[State::Spawning, State::Active])? {
        add(&row.agent);
    }
    Ok(taken)
}

/// A branch name that no other piece of work has: `polecat/<name>/<bead>@<milliseconds in base 36>`.
pub fn branch_name(agent: &str, bead: &str, now: Timestamp) -> String {
    let millis = u64::try_from(now.unix_nanos() / 1_000_000).unwrap_or(0);
    format!("polecat/{agent}/{bead}@{}", base36(millis))
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u8::try_from(number % 36).unwrap_or(0);
        digits.push(char::from(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }));
        number /= 36;
        if number == 0 {
            break;
        }
    }
    digits.iter().rev().collect()
}

/// Picks a name for a new polecat of `rig`.
///
/// # Errors
/// When settings or ledger can't be read.
pub fn pick_name(tx: &Tx<'_>, rig: &Rig) -> Result<Address> {
    let taken = taken_names(tx, rig)?;
    let name = namepool::pick_with(&taken, &rig.name, &rig.settings()?.namepool);
    Ok(Address::Polecat { rig: rig.name.clone(), name })
}

/// Notes in the ledger that an agent is being started on `bead`: assignment, the bead's status and assignee, journal, events.
///
/// # Errors
/// When the ledger can't be written.
pub fn begin(tx: &mut Tx<'_>, bead: &Bead, row: &Assignment, ticket: Ticket) -> Result<Begun> {
    let row = Assignment {
        agent: ticket.agent.to_string(),
        rig: ticket.rig.clone(),
        hook: ticket.worktree.to_string_lossy().into_owned(),
        branch: ticket.branch.clone(),
        base: ticket.base.clone(),
        session: if ticket.by_hand { String::new() } else { ticket.agent.session_name() },
        state: State::Spawning,
        note: String::new(),
        ..row.clone()
    };
    assignment::put(tx, &row)?;
    let patch = Patch { status: Some(Status::Hooked), assignee: Some(row.agent.clone()), ..Patch::default() };
    tx.update(&bead.id, &patch)?;
    tx.event("hook", Some(&bead.id), json!({"agent": row.agent, "branch": row.branch}))?;
    let journal = journal::begin(tx, OP, &bead.id, &ticket)?;
    Ok(Begun { journal, ticket })
}

/// Does what the ticket says: worktree, hook, session. Safe to call again after a crash at any point.
///
/// # Errors
/// When a step fails; the caller undoes it.
pub fn carry_out(desk: &mut Desk, begun: &Begun) -> Result<Spawned> {
    let ticket = &begun.ticket;
    let rig = desk.town.rig(&ticket.rig)?;
    let bead = desk.ledger.get(&ticket.bead)?;
    if ticket.by_hand {
        return by_hand::carry_out(desk, &rig, begun);
    }
    let preset = start::preset(desk, &rig, &ticket.agent.role().to_string(), &ticket.preset)?;
    let running = registry::find(&desk.town, &ticket.agent.session_name())?
        .filter(|record| registry::is_alive(record) && record.bead.as_deref() == Some(ticket.bead.as_str()));
    let record = if let Some(record) = running {
        record
    } else {
        make_hook(desk, &rig, ticket)?;
        start::start(desk, &ticket.agent, &preset, &bead, &ticket.worktree, !ticket.fresh)?
    };
    activate(desk, begun, Some((&record.name, &preset.name)))?;
    let command = None;
    Ok(Spawned { session: record.name, pid: Some(record.child_pid), preset: preset.name, command })
}

/// Makes worktree and hook, or finds them whole.
fn make_hook(desk: &mut Desk, rig: &Rig, ticket: &Ticket) -> Result<()> {
    let bare = Bare::open(&rig.bare_repo())?;
    prepare_worktree(&bare, ticket)?;
    let now = Timestamp::now();
    let row = hook::Hook {
        agent: ticket.agent.to_string(),
        rig: ticket.rig.clone(),
        worktree: ticket.worktree.clone(),
        branch: ticket.branch.clone(),
        base: ticket.base.clone(),
        state: if ticket.fresh { hook::State::Created } else { hook::State::Suspended },
        bead: ticket.bead.clone(),
        created_at: now,
        updated_at: now,
    };
    if ticket.fresh {
        desk.ledger.write(&row.agent, |tx| hook::put(tx, &row))?;
    }
    hook::write_record(&hook::Hook { state: hook::State::Active, ..row })
}

/// Notes that the agent is at work, with its session and runtime where one was started.
fn activate(desk: &mut Desk, begun: &Begun, started: Option<(&str, &str)>) -> Result<()> {
    let ticket = &begun.ticket;
    let agent = ticket.agent.to_string();
    desk.ledger.write(&agent, |tx| {
        let row = assignment::find(tx.conn(), &ticket.bead)?.filter(|row| row.agent == agent);
        if row.is_some() && !journal::is_open(tx.conn(), begun.journal)? {
            // The agent was faster: see `arrived`.
            return Ok(());
        }
        let row = row
            .filter(|row| row.state.takes_a_place())
            .ok_or_else(|| Error::refused(format!("{} was taken from {agent} meanwhile", ticket.bead)))?;
        note_started(tx, row, started)?;
        journal::end(tx, begun.journal)
    })
}

fn note_started(tx: &mut Tx<'_>, mut row: Assignment, started: Option<(&str, &str)>) -> Result<()> {
    row.state = State::Active;
    row.lease_until = 0;
    assignment::put(tx, &row)?;
    hook::set_state(tx, &row.agent, hook::State::Active)?;
    if let Some((session, preset)) = started {
        let data = json!({"rig": row.rig, "agent": row.agent, "session": session, "preset": preset});
        tx.event("spawn", Some(&row.bead), data)?;
    }
    Ok(())
}

/// Notes what a running agent proves by acting: that its start succeeded. Whoever started it may be slower than the agent is, or be
/// dead, and must not be waited for.
///
/// # Errors
/// When the ledger can't be written.
pub fn arrived(tx: &mut Tx<'_>, agent: &str, bead: &str) -> Result<()> {
    let row = assignment::find(tx.conn(), bead)?;
    let Some(row) = row.filter(|row| row.agent == agent && row.state == State::Spawning) else { return Ok(()) };
    let entry = journal::of_subject(tx.conn(), OP, bead)?;
    let (session, preset) = (row.session.clone(), row.preset.clone());
    note_started(tx, row, Some((&session, &preset)))?;
    match entry {
        Some(entry) => journal::end(tx, entry.id),
        None => Ok(()),
    }
}

/// Makes the worktree the ticket names, or finds it whole; one left half-made by a killed process is made anew.
fn prepare_worktree(bare: &Bare, ticket: &Ticket) -> Result<()> {
    let path = &ticket.worktree;
    if path.exists() {
        let whole = Worktree::open(path).and_then(|worktree| {
            Ok(worktree.branch()?.as_deref() == Some(ticket.branch.as_str())
                && (!ticket.fresh || worktree.status()?.is_empty()))
        });
        match whole {
            Ok(true) => return Ok(()),
            // No agent was ever in a fresh worktree, so there is nothing in it to lose.
            _ if ticket.fresh && bare.local_branch(&ticket.branch)?.is_none_or(|head| head == ticket.base) => {
                discard(bare, path)?;
            }
            Ok(false) => {
                return Err(Error::refused(format!("{} is not on branch {}", path.display(), ticket.branch))
                    .hint("switch it back, or sling the bead to another agent"));
            }
            Err(error) => return Err(error),
        }
    } else {
        bare.prune_worktrees()?;
    }
    let what = || format!("worktree {}", path.display());
    if bare.local_branch(&ticket.branch)?.is_some() {
        bare.add_worktree_on(path, &ticket.branch).with_context(what)?;
    } else {
        bare.add_worktree(path, &ticket.branch, &ticket.base).with_context(what)?;
    }
    Ok(())
}

fn discard(bare: &Bare, path: &Path) -> Result<()> {
    std::fs::remove_dir_all(path).with_context(|| format!("remove half-made worktree {}", path.display()))?;
    bare.prune_worktrees()
}

/// Takes back what a start has done so far: session, worktree, branch, hook, assignment, convoy. Work that an agent already did
/// stays reachable.
///
/// # Errors
/// When the ledger can't be written; what is left is taken back by the next one who looks.
pub fn undo(desk: &mut Desk, begun: &Begun, why: &str) -> Result<()> {
    let ticket = &begun.ticket;
    let agent = ticket.agent.to_string();
    let conn = desk.ledger.conn();
    if !journal::is_open(conn, begun.journal)?
        && assignment::find(conn, &ticket.bead)?.is_some_and(|row| row.agent == agent)
    {
        // The agent has noted its own start: there is nothing to take back.
        return Ok(());
    }
    session::kill(&desk.town, &ticket.agent.session_name(), &[])?;
    if ticket.fresh {
        let rig = desk.town.rig(&ticket.rig)?;
        let bare = Bare::open(&rig.bare_repo())?;
        if ticket.worktree.exists() {
            Worktree::open(&ticket.worktree)?.snapshot(&agent, "start undone")?;
            bare.remove_worktree(&ticket.worktree)?;
        }
        bare.prune_worktrees()?;
        if bare.local_branch(&ticket.branch)?.is_some_and(|head| head == ticket.base) {
            bare.delete_branch(&ticket.branch, &ticket.base)?;
        }
    }
    // Settings that are broken just now are no reason to leave half a start behind.
    let most = i64::from(desk.town.settings().unwrap_or_default().limits.start_attempts);
    let filed = desk.ledger.write(&agent, |tx| {
        if ticket.fresh {
            hook::remove(tx, &agent)?;
        } else {
            hook::set_state(tx, &agent, hook::State::Suspended)?;
        }
        let filed = take_back_assignment(tx, ticket, &agent, why, most)?;
        if let Some(convoy) = &ticket.new_convoy
            && tx.find(convoy)?.is_some_and(|bead| !bead.status.is_done())
            && !has_other_work(tx, convoy, &ticket.bead)?
        {
            tx.close(convoy, &format!("Undone: {why}"))?;
        }
        journal::end(tx, begun.journal)?;
        Ok(filed)
    })?;
    escalation::tell_filed(desk, filed);
    Ok(())
}

/// Returns what there is to tell of when it was given up.
fn take_back_assignment(tx: &mut Tx<'_>, ticket: &Ticket, agent: &str, why: &str, most: i64) -> Result<Option<String>> {
    let Some(mut row) = assignment::find(tx.conn(), &ticket.bead)?.filter(|row| row.agent == agent) else {
        return Ok(None);
    };
    if !row.state.takes_a_place() {
        return Ok(None);
    }
    row.agent.clear();
    row.hook.clear();
    row.branch.clear();
    row.session.clear();
    row.note = why.to_owned();
    tx.event("unhook", Some(&ticket.bead), json!({"agent": agent, "reason": why}))?;
    if ticket.from_queue {
        return back_to_queue(tx, row, why, most);
    }
    row.state = State::Released;
    assignment::put(tx, &row)?;
    let status = Status::from(ticket.status_before.as_str());
    let assignee = Some(ticket.assignee_before.clone());
    tx.update(&ticket.bead, &Patch { status: Some(status), assignee, ..Patch::default() })?;
    assignment::remove(tx, &ticket.bead)?;
    Ok(None)
}

/// A failed start of queued work is tried again after a while, and given up after some times.
fn back_to_queue(tx: &mut Tx<'_>, mut row: Assignment, why: &str, most: i64) -> Result<Option<String>> {
    row.attempts += 1;
    if row.attempts < most {
        row.state = State::Queued;
        row.lease_until = tx.now().unix_seconds() + (FIRST_PAUSE << row.attempts.min(6));
        let patch = Patch { status: Some(Status::Hooked), assignee: Some(String::new()), ..Patch::default() };
        assignment::put(tx, &row)?;
        tx.update(&row.bead, &patch)?;
        return Ok(None);
    }
    row.state = State::Failed;
    assignment::put(tx, &row)?;
    let patch = Patch { status: Some(Status::Open), assignee: Some(String::new()), ..Patch::default() };
    let bead = tx.update(&row.bead, &patch)?;
    let reason = format!(
        "{} starts failed; the last one because: {why}\n\nThe bead is open again. gt sling {} {} tries anew.",
        row.attempts, bead.id, row.rig
    );
    let new = escalation::New {
        title: format!("Could not be started: {} {}", bead.id, bead.title),
        reason,
        severity: Severity::High,
        source: "dispatcher".into(),
        related: bead.id,
    };
    escalation::file(tx, &new).map(Some)
}

fn has_other_work(tx: &Tx<'_>, convoy: &str, bead: &str) -> Result<bool> {
    let convoy = tx.get(convoy)?;
    for member in super::convoy::members(&convoy) {
        if member != bead && assignment::find(tx.conn(), member)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Finishes the starts whose performer died, or undoes those that can't be finished; returns what became of each.
///
/// # Errors
/// When the ledger can't be read.
pub fn recover(desk: &mut Desk) -> Result<Vec<(String, Result<Spawned>)>> {
    let mut out = Vec::new();
    for entry in journal::open(desk.ledger.conn(), OP)? {
        if journal::is_running(&entry.performer) {
            continue;
        }
        let ticket: Ticket = entry.data()?;
        if !desk.ledger.write("deacon", |tx| journal::take_over(tx, &entry))? {
            continue;
        }
        let begun = Begun { journal: entry.id, ticket };
        let outcome = match carry_out(desk, &begun) {
            Ok(spawned) => Ok(spawned),
            Err(error) => {
                undo(desk, &begun, error.message())?;
                Err(error)
            }
        };
        out.push((entry.subject, outcome));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_base_36() {
        for (number, text) in [(0, "0"), (35, "z"), (36, "10"), (1_700_000_000_000, "loyw3v28")] {
            assert_eq!(base36(number), text);
        }
    }

    #[test]
    fn branches_name_agent_bead_and_time() {
        let now = Timestamp::from_unix_nanos(36_000_000);
        assert_eq!(branch_name("nux", "sh-abc12", now), "polecat/nux/sh-abc12@10");
    }
}
