//! `gt done`: an agent hands in its work, and its session ends itself last.

use std::io::{self, Write};
use std::str::FromStr;

use serde::Serialize;
use serde_json::json;

use super::queue::{self, Handed};
use super::{Desk, assignment, branches, escalation, hook, identity, molecule, spawn};
use crate::base::report::{Paint, Report};
use crate::base::{Error, Result};
use crate::ledger::{Patch, Status, Tx};
use crate::repo::{Bare, Worktree};
use crate::session::{self, registry};
use crate::town::{Address, Rig, Severity};

/// How the work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Exit {
    /// It is finished and is to be merged.
    #[default]
    Completed,
    /// It is put off; the hook keeps what there is.
    Deferred,
    /// A person has to decide; the hook keeps what there is.
    Escalated,
}

impl FromStr for Exit {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self> {
        match word.to_ascii_uppercase().as_str() {
            "COMPLETED" => Ok(Exit::Completed),
            "DEFERRED" => Ok(Exit::Deferred),
            "ESCALATED" => Ok(Exit::Escalated),
            _ => Err(Error::usage(format!("unknown status {word:?}")).hint("COMPLETED, DEFERRED or ESCALATED")),
        }
    }
}

/// What was handed in.
#[derive(Debug, Serialize)]
pub struct DoneReport {
    /// The agent.
    pub agent: String,
    /// The bead; empty when none was on the hook.
    pub bead: String,
    /// How it ended.
    pub status: Exit,
    /// The branch.
    pub branch: String,
    /// The commit that will be merged.
    pub head: String,
    /// The merge request, when one was filed.
    pub merge_request: Option<String>,
    /// Whether the session ends now.
    pub ends_session: Option<String>,
}

impl Report for DoneReport {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        match (&self.merge_request, self.status) {
            (Some(id), _) => {
                writeln!(
                    out,
                    "{} {} handed in: {} is {id} in the merge queue",
                    paint.green("✓"),
                    self.bead,
                    self.branch
                )
            }
            (None, Exit::Deferred) => writeln!(out, "{} put off; {} keeps what there is", self.bead, self.branch),
            (None, _) => writeln!(out, "{} handed to the overseer; {} keeps what there is", self.bead, self.branch),
        }
    }
}

/// Where the asking agent works.
struct Place {
    agent: Address,
    rig: Rig,
    worktree: Worktree,
    bead: String,
    branch: String,
    base: String,
}

/// Checks and hands in the work of the agent that asks. The session still runs afterwards: see [`end_session`].
///
/// # Errors
/// Refused on the default branch, with uncommitted changes or without commits, or, unless `force`, with steps that are open: nothing is
/// changed then.
pub fn hand_in(desk: &mut Desk, exit: Exit, message: &str, force: bool) -> Result<DoneReport> {
    let place = find_place(desk)?;
    match exit {
        Exit::Completed => complete(desk, &place, force),
        Exit::Deferred | Exit::Escalated => set_aside(desk, &place, exit, message),
    }
}

/// The agent's hook says where it works; without one (a workspace that never got any) its directory does.
fn find_place(desk: &Desk) -> Result<Place> {
    let agent = identity::this_agent(&desk.town)?;
    let Some(rig) = agent.rig() else {
        return Err(
            Error::refused(format!("{agent} has no branch to hand in")).hint("gt done is for polecats and crew")
        );
    };
    let rig = desk.town.rig(rig)?;
    let row = hook::find(desk.ledger.conn(), &agent.to_string())?.filter(|hook| hook.state != hook::State::Archived);
    let path = row.as_ref().map_or_else(|| desk.town.home(&agent), |hook| hook.worktree.clone());
    let worktree = Worktree::open(&path)?;
    let bead = match assignment::of_agent(desk.ledger.conn(), &agent.to_string())? {
        Some(row) => row.bead,
        None => row.as_ref().map(|hook| hook.bead.clone()).unwrap_or_default(),
    };
    let branch = worktree.branch()?.ok_or_else(|| {
        Error::refused(format!("{} is on no branch", path.display())).hint(row.as_ref().map_or_else(
            || "git switch -c <branch> keeps the commits; then gt done".to_owned(),
            |hook| format!("git switch {} (or git switch -c <branch> to keep new commits), then gt done", hook.branch),
        ))
    })?;
    let base = match &row {
        Some(hook) if hook.branch == branch => hook.base.clone(),
        _ => String::new(),
    };
    Ok(Place { agent, rig, worktree, bead, branch, base })
}

fn complete(desk: &mut Desk, place: &Place, force: bool) -> Result<DoneReport> {
    let target = queue::integration::target_of(desk, &place.rig, &place.bead)?;
    let branch = &place.branch;
    if *branch == target || *branch == place.rig.target_branch()? || *branch == place.rig.default_branch {
        return Err(Error::refused(format!("{branch} is the branch work is merged into, not a branch with work"))
            .hint("git switch -c <name> puts your commits on a branch of their own; then gt done"));
    }
    refuse_uncommitted(&place.worktree)?;
    let head = place.worktree.head()?;
    let bare = Bare::open(&place.rig.bare_repo())?;
    bring_in(&bare, place, &head)?;
    let onto = branches::head(&bare, &target)?;
    if bare.commits(&onto, &head)?.is_empty() {
        return Err(Error::refused(format!("{branch} has no commits that {target} lacks"))
            .hint("commit your work first; when there is nothing to do: gt done --status ESCALATED -m <why>"));
    }
    let agent = place.agent.to_string();
    let steps = match desk.ledger.find(&place.bead)? {
        Some(bead) => molecule::hand_in(desk, &bead, force)?,
        None => Vec::new(),
    };
    let request = desk.ledger.write(&agent, |tx| {
        for step in &steps {
            tx.close(step, "Handed in")?;
        }
        let request = queue::hand_in(
            tx,
            &Handed {
                rig: &place.rig.name,
                branch,
                base: &place.base,
                head: &head,
                target: &target,
                source: &place.bead,
                worker: &agent,
            },
        )?;
        note_assignment(tx, &place.bead, &agent, assignment::State::Done, "handed in")?;
        hook_to(tx, &agent, hook::State::Completed)?;
        tx.event(
            "done",
            Some(&place.bead).filter(|bead| !bead.is_empty()).map(String::as_str),
            json!({"agent": agent, "branch": branch, "head": head, "mr": request}),
        )?;
        Ok(request)
    })?;
    note_hook(desk, &agent, Some(&hook::HandedIn { head: head.clone(), target }))?;
    report(desk, place, Exit::Completed, head, Some(request))
}

/// The commits of a workspace that is a clone of its own must be in the shared repository before they count as handed in.
fn bring_in(bare: &Bare, place: &Place, head: &str) -> Result<()> {
    if bare.find_rev(head)?.is_none() {
        bare.fetch_from(&place.worktree.path, &place.branch)?;
    }
    Ok(())
}

fn refuse_uncommitted(worktree: &Worktree) -> Result<()> {
    let changed = worktree.status()?;
    if changed.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = changed
        .iter()
        .take(10)
        .map(|file| format!("  {} ({})", file.path.display(), format!("{:?}", file.kind).to_lowercase()))
        .collect();
    let more = changed.len().saturating_sub(shown.len());
    let more = if more == 0 { String::new() } else { format!("\n  and {more} more") };
    Err(Error::refused(format!("{} uncommitted changes:\n{}{more}", changed.len(), shown.join("\n"))).hint(
        "commit what belongs to the work (git add -A && git commit -m ...), remove or ignore the rest, then gt done",
    ))
}

fn set_aside(desk: &mut Desk, place: &Place, exit: Exit, message: &str) -> Result<DoneReport> {
    let agent = place.agent.to_string();
    // Unfinished work may well be uncommitted: it is kept as it is.
    place.worktree.snapshot(&agent, if exit == Exit::Deferred { "deferred" } else { "escalated" })?;
    let head = place.worktree.head()?;
    let filed = desk.ledger.write(&agent, |tx| {
        let mut filed = None;
        let (status, word) =
            if exit == Exit::Deferred { (Status::Deferred, "deferred") } else { (Status::Blocked, "escalated") };
        note_assignment(tx, &place.bead, &agent, assignment::State::Released, word)?;
        hook_to(tx, &agent, hook::State::Suspended)?;
        if let Some(bead) = tx.find(&place.bead)?.filter(|bead| !bead.status.is_done()) {
            let patch = Patch { status: Some(status), assignee: Some(String::new()), ..Patch::default() };
            tx.update(&bead.id, &patch)?;
            if exit == Exit::Escalated {
                tx.add_label(&bead.id, "escalated")?;
                let reason = format!(
                    "{agent} could not finish {} on its own.\n{message}\n\nbranch {}; gt unsling and gt sling give it to another agent.",
                    bead.id, place.branch
                );
                let new = escalation::New {
                    title: format!("Escalated: {}", bead.title),
                    reason,
                    severity: Severity::High,
                    source: "polecat".into(),
                    related: bead.id,
                };
                filed = Some(escalation::file(tx, &new)?);
            }
        }
        tx.event(
            "done",
            Some(&place.bead).filter(|bead| !bead.is_empty()).map(String::as_str),
            json!({"agent": agent, "branch": place.branch, "status": word}),
        )?;
        Ok(filed)
    })?;
    escalation::tell_filed(desk, filed);
    note_hook(desk, &agent, None)?;
    report(desk, place, exit, head, None)
}

/// The hook's own record follows the ledger. That it can't be written is no reason to take back what is handed in.
fn note_hook(desk: &Desk, agent: &str, handed: Option<&hook::HandedIn>) -> Result<()> {
    if let Some(hook) = hook::find(desk.ledger.conn(), agent)? {
        let _ = match handed {
            Some(handed) => hook::write_handed_in(&hook, handed),
            None => hook::write_record(&hook),
        };
    }
    Ok(())
}

fn note_assignment(tx: &mut Tx<'_>, bead: &str, agent: &str, state: assignment::State, note: &str) -> Result<()> {
    spawn::arrived(tx, agent, bead)?;
    let mine = assignment::find(tx.conn(), bead)?.is_some_and(|row| row.agent == agent);
    if mine {
        assignment::set_state(tx, bead, state, note)?;
    }
    Ok(())
}

fn hook_to(tx: &mut Tx<'_>, agent: &str, state: hook::State) -> Result<()> {
    hook::set_state(tx, agent, state).map(|_| ())
}

fn report(desk: &Desk, place: &Place, status: Exit, head: String, merge_request: Option<String>) -> Result<DoneReport> {
    Ok(DoneReport {
        agent: place.agent.to_string(),
        bead: place.bead.clone(),
        status,
        branch: place.branch.clone(),
        head,
        merge_request,
        ends_session: session_to_end(desk, &place.agent)?,
    })
}

/// The session this command runs in; where it runs in none, because somebody hands in the work of a polecat by hand, the polecat's.
fn session_to_end(desk: &Desk, agent: &Address) -> Result<Option<String>> {
    if let Some(own) = std::env::var("GT_SESSION").ok().filter(|name| !name.is_empty()) {
        return Ok(Some(own));
    }
    if !matches!(agent, Address::Polecat { .. }) {
        return Ok(None);
    }
    let record = registry::find(&desk.town, &agent.session_name())?;
    Ok(record.filter(registry::is_alive).map(|record| record.name))
}

/// Ends the session whose work was handed in, sparing this very process, so that all it has to write is written. A session that is
/// gone already is no error.
///
/// # Errors
/// When processes of the session can't be ended.
pub fn end_session(desk: &Desk, report: &DoneReport) -> Result<()> {
    let Some(name) = &report.ends_session else { return Ok(()) };
    session::kill(&desk.town, name, &[std::process::id().cast_signed()]).map(|_| ())
}
