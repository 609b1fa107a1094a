//! Merging one request. Every step is in the ledger before its effect, so that after `kill -9` it is known whether the effect took
//! place: a request is merged exactly when its recorded head is an ancestor of the target.

use serde_json::json;

use super::gate::{self, Verdict};
use crate::base::{Error, Kind, Result, ResultExt, Timestamp, files};
use crate::ledger::Tx;
use crate::patrol::pulse::Pulse;
use crate::repo::{Bare, PushOutcome, Rebase, Worktree};
use crate::town::{Address, Rig};
use crate::work::queue::{self, MergeRequest, State, Step};
use crate::work::{Desk, assignment};

/// How often the target may move under a request before it goes to the back of the queue.
const MOST_MOVES: usize = 8;
/// Seconds to wait after the first failed attempt to reach the origin; doubled each time.
const FIRST_WAIT: i64 = 5;
/// The longest such wait.
const LONGEST_WAIT: i64 = 600;

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is on the target, in this commit.
    Merged(String),
    /// It was given back, and why.
    GivenBack(String),
    /// It waits, and for what.
    Waiting(String),
    /// The daemon ends; the request is ready for the next one.
    Stopped,
}

struct Merge<'a> {
    desk: &'a mut Desk,
    rig: &'a Rig,
    bare: Bare,
    request: MergeRequest,
    pulse: &'a Pulse,
}

/// Merges `request`, or gives it back, or makes it wait.
///
/// # Errors
/// When ledger or repository fail in a way that is no answer about the request.
pub fn process(desk: &mut Desk, rig: &Rig, request: MergeRequest, pulse: &Pulse) -> Result<Outcome> {
    let bare = Bare::open(&rig.bare_repo())?;
    Merge { desk, rig, bare, request, pulse }.run()
}

/// Makes a request wait after an error that says nothing about it.
///
/// # Errors
/// When the ledger can't be written.
pub fn put_off(desk: &mut Desk, id: &str, error: &Error) -> Result<()> {
    desk.ledger.write("deacon", |tx| {
        let Some(mut request) = queue::find(tx.conn(), id)? else { return Ok(()) };
        if request.state.is_open() {
            wait(&mut request, tx.now(), error.message());
            queue::put(tx, &request)?;
        }
        Ok(())
    })
}

fn wait(request: &mut MergeRequest, now: Timestamp, reason: &str) {
    let delay = (FIRST_WAIT << request.step.tries.min(7)).min(LONGEST_WAIT);
    request.step = Step {
        base: request.step.base.clone(),
        // A push without an answer may have got through: with this it is recognised later.
        rebased: request.step.rebased.clone(),
        retry_at: now.unix_seconds() + delay,
        tries: request.step.tries + 1,
        ..Step::default()
    };
    request.state = State::Waiting;
    request.reason = reason.to_owned();
}

impl Merge<'_> {
    fn run(mut self) -> Result<Outcome> {
        if self.request.state == State::Gating {
            gate::end_leftover(&self.gate_mark());
        }
        match self.landed_before()? {
            Ok(Some(commit)) => return self.finish(&commit),
            Ok(None) => {}
            Err(reason) => return self.wait(&reason),
        }
        if !self.request.state.is_in_flight() {
            self.claim()?;
            self.event("merge_started")?;
        }
        for _ in 0..MOST_MOVES {
            if self.pulse.is_stopping() {
                return self.stop();
            }
            match self.attempt() {
                Ok(Some(outcome)) => return Ok(outcome),
                // The target moved under it: again from the start.
                Ok(None) => {}
                Err(error) => return Err(error),
            }
        }
        self.wait(&format!("{} keeps moving", self.request.target))
    }

    /// The commit in which an earlier attempt got the request onto the target, if it did; an `Err` inside says what has to be
    /// waited for to know that.
    fn landed_before(&mut self) -> Result<Result<Option<String>, String>> {
        let Some(rebased) = self.request.step.rebased.clone() else { return Ok(Ok(None)) };
        if self.bare.find_rev(&rebased)?.is_none() {
            return Ok(Ok(None));
        }
        let target = self.request.target.clone();
        if matches!(self.request.state, State::Pushing | State::Waiting) && self.bare.has_origin() {
            if let Err(error) = self.bare.fetch() {
                return Ok(Err(format!("the origin can't be reached: {}", error.message())));
            }
            if let Some(origin) = self.bare.origin_branch(&target)?
                && self.bare.is_ancestor(&rebased, &origin)?
            {
                self.bare.fast_forward_from_origin(&target)?;
            }
        }
        match self.bare.local_branch(&target)? {
            Some(here) if self.bare.is_ancestor(&rebased, &here)? => Ok(Ok(Some(rebased))),
            _ => Ok(Ok(None)),
        }
    }

    /// One attempt; `None` when the target moved meanwhile.
    fn attempt(&mut self) -> Result<Option<Outcome>> {
        let target = self.request.target.clone();
        let onto = match self.bring_target_up_to_date(&target)? {
            Ok(onto) => onto,
            Err(reason) => return self.wait(&reason).map(Some),
        };
        if self.bare.is_ancestor(&self.request.head, &onto)? {
            let head = self.request.head.clone();
            return self.finish(&head).map(Some);
        }
        let worktree = self.worktree(&onto)?;
        let (rebased, passed) = match self.prepared(&onto)? {
            Some(prepared) => prepared,
            None => match self.rebase(&worktree, &target, &onto)? {
                Ok(rebased) => (rebased, false),
                Err(outcome) => return Ok(Some(outcome)),
            },
        };
        if !passed {
            match self.gate(&worktree, &rebased)? {
                Verdict::Green => {}
                Verdict::Red(reason) => return self.give_back_gated(reason).map(Some),
                Verdict::Stopped => return self.stop().map(Some),
            }
        }
        // From here on the commit may be on the target at any moment: that has to be known before it is.
        self.step(State::Pushing, |_| {})?;
        if self.bare.has_origin() {
            match self.bare.push(&rebased, &target)? {
                PushOutcome::Pushed => {}
                PushOutcome::Rejected(_) => {
                    self.step(State::Claimed, |_| {})?;
                    return Ok(None);
                }
                PushOutcome::Refused { reason, hint } => {
                    return self.wait(&format!("the origin refuses the push: {reason} ({hint})")).map(Some);
                }
                PushOutcome::Unreachable(reason) => {
                    return self.wait(&format!("the origin can't be reached: {reason}")).map(Some);
                }
            }
        }
        match self.bare.update_ref(&format!("refs/heads/{target}"), &rebased, Some(&onto)) {
            Ok(()) => {}
            Err(error) if error.kind() == Kind::Refused => {
                let here = self.bare.local_branch(&target)?.unwrap_or_default();
                // Somebody brought the branch up to date with the origin, where this commit was just pushed.
                if here.is_empty() || !self.bare.is_ancestor(&rebased, &here)? {
                    self.step(State::Claimed, |_| {})?;
                    return Ok(None);
                }
            }
            Err(error) => return Err(error),
        }
        self.finish(&rebased).map(Some)
    }

    fn claim(&mut self) -> Result<()> {
        self.step(State::Claimed, |request| {
            request.step.rebased = None;
            request.step.onto = None;
            request.reason.clear();
        })
    }

    /// What a killed predecessor has prepared for the target as it is now: the rebased head, and whether the gate let it pass.
    fn prepared(&self, onto: &str) -> Result<Option<(String, bool)>> {
        let Step { rebased: Some(rebased), onto: Some(before), .. } = &self.request.step else { return Ok(None) };
        let known = matches!(self.request.state, State::Rebased | State::Gating | State::Pushing)
            && before == onto
            && self.bare.find_rev(rebased)?.is_some();
        Ok(known.then(|| (rebased.clone(), self.request.state == State::Pushing)))
    }

    /// Puts the work on top of the target; an `Err` inside is the end of it.
    fn rebase(&mut self, worktree: &Worktree, target: &str, onto: &str) -> Result<Result<String, Outcome>> {
        if self.request.state != State::Claimed {
            self.claim()?;
        }
        let rebased = match worktree.rebase(&self.request.head, &self.request.step.base, onto)? {
            Rebase::Clean { commits, .. } if commits.is_empty() => return self.finish(onto).map(Err),
            Rebase::Clean { head, .. } => head,
            Rebase::Conflict { files, log } => {
                let reason = format!("conflict with {target} in {}", files.join(", "));
                return self.give_back(State::Conflict, reason, &log).map(Err);
            }
        };
        self.step(State::Rebased, |request| {
            request.step.rebased = Some(rebased.clone());
            request.step.onto = Some(onto.to_owned());
        })?;
        Ok(Ok(rebased))
    }

    /// The target's head after the origin was asked; an `Err` inside says what has to be waited for.
    fn bring_target_up_to_date(&mut self, target: &str) -> Result<Result<String, String>> {
        if self.bare.has_origin() {
            if let Err(error) = self.bare.fetch() {
                return Ok(Err(format!("the origin can't be reached: {}", error.message())));
            }
            self.bare.fast_forward_from_origin(target)?;
        }
        let here = self.bare.local_branch(target)?;
        let there = self.bare.origin_branch(target)?;
        match (here, there) {
            (Some(here), Some(there)) if here != there && !self.bare.is_ancestor(&there, &here)? => {
                Ok(Err(format!("{target} here and at the origin have gone different ways")))
            }
            (Some(here), _) => Ok(Ok(here)),
            (None, _) => Ok(Err(format!("there is no branch {target} to merge into"))),
        }
    }

    /// The refinery's worktree, made again when it is gone.
    fn worktree(&self, onto: &str) -> Result<Worktree> {
        let path = self.rig.refinery_worktree();
        let worktree = match Worktree::open(&path) {
            Ok(worktree) => worktree,
            Err(error) if error.kind() == Kind::NotFound => {
                if path.exists() {
                    std::fs::remove_dir_all(&path).with_context(|| format!("remove {}", path.display()))?;
                }
                self.bare.prune_worktrees()?;
                self.bare.add_detached_worktree(&path, onto)?
            }
            Err(error) => return Err(error),
        };
        let domain = self.desk.town.settings()?.agent_email_domain;
        let (name, email) = Address::Refinery(self.rig.name.clone()).git_author(&domain);
        Ok(worktree.with_committer(&name, &email))
    }

    fn gate_mark(&self) -> String {
        format!("{}:{}", self.desk.town.id, self.request.id)
    }

    fn gate(&mut self, worktree: &Worktree, rebased: &str) -> Result<Verdict> {
        let settings = self.rig.settings()?.merge_queue;
        let Some(command) = settings.test_command.filter(|command| !command.trim().is_empty()) else {
            return Ok(Verdict::Green);
        };
        if worktree.head()? != rebased || !worktree.is_clean()? {
            worktree.reset_to(rebased)?;
        }
        let log = self.log_path()?;
        self.step(State::Gating, |request| request.log = log.to_string_lossy().into_owned())?;
        let run = gate::Gate {
            command: &command,
            directory: &worktree.path,
            log: &log,
            seconds: settings.timeout_seconds,
            mark: &self.gate_mark(),
        };
        run.run(self.pulse)
    }

    fn log_path(&self) -> Result<std::path::PathBuf> {
        let directory = self.desk.town.logs_dir().join("mq");
        files::make_dirs(&directory, 0o700)?;
        Ok(directory.join(format!("{}.log", self.request.id)))
    }

    fn step(&mut self, state: State, change: impl FnOnce(&mut MergeRequest)) -> Result<()> {
        let mut next = self.request.clone();
        next.state = state;
        change(&mut next);
        self.request = self.desk.ledger.write(&self.actor(), |tx| {
            still_ours(tx, &self.request)?;
            queue::put(tx, &next)?;
            Ok(next)
        })?;
        Ok(())
    }

    fn actor(&self) -> String {
        format!("{}/refinery", self.rig.name)
    }

    fn event(&mut self, kind: &str) -> Result<()> {
        let request = self.request.clone();
        self.desk.ledger.write(&self.actor(), |tx| {
            tx.event(
                kind,
                Some(&request.source).filter(|source| !source.is_empty()).map(String::as_str),
                json!({"mr": request.id, "worker": request.worker, "branch": request.branch}),
            )
            .map(|_| ())
        })
    }

    fn stop(&mut self) -> Result<Outcome> {
        self.step(State::Ready, |request| {
            request.step.rebased = None;
            request.step.onto = None;
        })?;
        Ok(Outcome::Stopped)
    }

    fn wait(&mut self, reason: &str) -> Result<Outcome> {
        let now = Timestamp::now();
        self.step(State::Waiting, |request| wait(request, now, reason))?;
        Ok(Outcome::Waiting(reason.to_owned()))
    }

    fn give_back_gated(&mut self, reason: String) -> Result<Outcome> {
        let log = self.request.log.clone();
        self.give_back_with(State::Failed, reason, &log)
    }

    fn give_back(&mut self, state: State, reason: String, log: &str) -> Result<Outcome> {
        let path = self.log_path()?;
        files::write_atomic(&path, log.as_bytes(), 0o600)?;
        self.give_back_with(state, reason, &path.to_string_lossy())
    }

    fn give_back_with(&mut self, state: State, reason: String, log: &str) -> Result<Outcome> {
        let request = self.request.clone();
        self.desk.ledger.write(&self.actor(), |tx| {
            still_ours(tx, &request)?;
            queue::give_back(tx, &request.id, state, &reason, log)
        })?;
        Ok(Outcome::GivenBack(reason))
    }

    /// The request is on the target: says so in the ledger, closes the bead, lets convoys land.
    fn finish(&mut self, commit: &str) -> Result<Outcome> {
        let mut request = self.request.clone();
        request.state = State::Merged;
        commit.clone_into(&mut request.merge_commit);
        request.reason.clear();
        self.desk.ledger.write(&self.actor(), |tx| {
            still_ours(tx, &self.request)?;
            queue::put(tx, &request)?;
            let reason = format!("Merged in {commit}");
            tx.event(
                "merged",
                Some(&request.source).filter(|source| !source.is_empty()).map(String::as_str),
                json!({"mr": request.id, "worker": request.worker, "branch": request.branch, "commit": commit}),
            )?;
            for id in [&request.id, &request.source] {
                if tx.find(id)?.is_some_and(|bead| !bead.status.is_done()) {
                    tx.close(id, &reason)?;
                }
            }
            if assignment::find(tx.conn(), &request.source)?.is_some_and(|row| row.state == assignment::State::Done) {
                assignment::set_state(tx, &request.source, assignment::State::Done, &reason)?;
            }
            Ok(())
        })?;
        Ok(Outcome::Merged(commit.to_owned()))
    }
}

/// Refuses to go on with a request that somebody changed meanwhile.
fn still_ours(tx: &Tx<'_>, request: &MergeRequest) -> Result<()> {
    let now = queue::find(tx.conn(), &request.id)?;
    if now.as_ref().is_some_and(|now| now.state == request.state && now.head == request.head) {
        return Ok(());
    }
    Err(Error::refused(format!("{} was changed meanwhile", request.id)))
}
