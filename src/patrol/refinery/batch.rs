//! Merging a stack of requests. Every step is in the ledger before its effect, so that after `kill -9` it is known whether the effect
//! took place: a request is merged exactly when its recorded head is an ancestor of the target.

use serde_json::json;

use super::gate::{self, Halted, Verdict};
use super::gates::{self, Watch};
use super::target::{self, Moved};
use super::{bisect, review, settle};
use crate::base::{Error, Result};
use crate::patrol::pulse::Pulse;
use crate::repo::{Bare, Rebase, Worktree};
use crate::town::{GateCommand, MergeQueueSettings, MergeStrategy, Rig};
use crate::work::Desk;
use crate::work::queue::{self, MergeRequest, State};

/// How often the target may move under a stack before it goes to the back of the queue.
const MOST_MOVES: usize = 8;

/// How the work on a stack ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// Something became of each of its requests.
    Settled,
    /// The daemon ends or the town is frozen; what is left goes on from there.
    Stopped,
}

enum Attempt {
    /// What is left is stacked anew.
    Again,
    /// The target moved meanwhile.
    Moved,
    Stopped,
}

struct Batch<'a> {
    desk: &'a mut Desk,
    rig: &'a Rig,
    bare: Bare,
    settings: MergeQueueSettings,
    /// What nothing became of yet, from the bottom of the stack up.
    members: Vec<MergeRequest>,
    pulse: &'a Pulse,
}

/// Merges `members`, which have one target, or gives them back, or makes them wait.
///
/// # Errors
/// When ledger or repository fail in a way that is no answer about the requests.
pub fn process(desk: &mut Desk, rig: &Rig, members: Vec<MergeRequest>, pulse: &Pulse) -> Result<End> {
    let bare = Bare::open(&rig.bare_repo())?;
    let settings = rig.settings()?.merge_queue;
    Batch { desk, rig, bare, settings, members, pulse }.run()
}

impl Batch<'_> {
    fn run(mut self) -> Result<End> {
        if self.members.iter().any(|request| request.state == State::Gating) {
            gate::end_leftover(&self.mark());
        }
        if let Err(reason) = self.settle_landed()? {
            self.wait(&reason)?;
        }
        self.claim_new()?;
        let mut moves = 0;
        while !self.members.is_empty() {
            match self.attempt()? {
                Attempt::Again => {}
                Attempt::Moved if moves < MOST_MOVES => moves += 1,
                Attempt::Moved => {
                    let reason = format!("{} keeps moving", self.members[0].target);
                    self.wait(&reason)?;
                }
                Attempt::Stopped => return Ok(End::Stopped),
            }
        }
        Ok(End::Settled)
    }

    /// Settles what an earlier attempt got onto the target; an `Err` inside says what has to be waited for to know that.
    fn settle_landed(&mut self) -> Result<Result<(), String>> {
        let known = |request: &&MergeRequest| request.step.rebased.is_some();
        let Some(target) = self.members.iter().find(known).map(|request| request.target.clone()) else {
            return Ok(Ok(()));
        };
        let maybe_pushed = |request: &MergeRequest| matches!(request.state, State::Pushing | State::Waiting);
        if self.members.iter().filter(known).any(maybe_pushed) && self.bare.has_origin() {
            if let Err(error) = self.bare.fetch() {
                return Ok(Err(target::unreachable_origin(error.message())));
            }
            self.bare.fast_forward_from_origin(&target)?;
        }
        let Some(here) = self.bare.local_branch(&target)? else { return Ok(Ok(())) };
        let mut index = 0;
        while let Some(request) = self.members.get(index) {
            match request.step.rebased.clone() {
                Some(rebased)
                    if self.bare.find_rev(&rebased)?.is_some() && self.bare.is_ancestor(&rebased, &here)? =>
                {
                    settle::finish(self.desk, self.rig, &self.members.remove(index), &rebased)?;
                }
                _ => index += 1,
            }
        }
        Ok(Ok(()))
    }

    /// Takes the requests that nobody was at.
    fn claim_new(&mut self) -> Result<()> {
        for index in 0..self.members.len() {
            if self.members[index].state.is_in_flight() {
                continue;
            }
            self.claim(index)?;
            let request = &self.members[index];
            let data = json!({"mr": request.id, "worker": request.worker, "branch": request.branch});
            self.desk.ledger.write(&settle::actor(self.rig), |tx| {
                tx.event("merge_started", settle::source(request), data.clone())
            })?;
        }
        Ok(())
    }

    fn claim(&mut self, index: usize) -> Result<()> {
        self.step(index, State::Claimed, |request| {
            request.step.rebased = None;
            request.step.onto = None;
            request.step.green = None;
            request.step.place = index;
            request.reason.clear();
        })
    }

    fn attempt(&mut self) -> Result<Attempt> {
        if let Some(halted) = Watch::new(self.desk, self.pulse, self.ids()).halted()? {
            return self.halt(halted);
        }
        let target = self.members[0].target.clone();
        let onto = match target::bring_up_to_date(&self.bare, &target)? {
            Ok(onto) => onto,
            Err(reason) => {
                self.wait(&reason)?;
                return Ok(Attempt::Again);
            }
        };
        let worktree = target::worktree(&self.desk.town, self.rig, &self.bare, &onto)?;
        self.stack(&worktree, &onto)?;
        let gates = self.settings.gates();
        while !self.members.is_empty() {
            let green: Vec<Option<bool>> = if gates.is_empty() {
                vec![Some(true); self.members.len()]
            } else {
                self.members.iter().map(|request| request.step.green).collect()
            };
            match bisect::next(&green) {
                bisect::Next::Test(index) => {
                    if let Some(halted) = self.test(&worktree, &gates, index)? {
                        return self.halt(halted);
                    }
                }
                bisect::Next::Merge { count, culprit } => {
                    if count > 0 && !self.land(&target, &onto, count)? {
                        return Ok(Attempt::Moved);
                    }
                    if culprit.is_some() && !self.members.is_empty() {
                        settle::give_back_red(self.desk, self.rig, &self.members[0])?;
                        self.members.remove(0);
                    }
                    return Ok(Attempt::Again);
                }
            }
        }
        Ok(Attempt::Again)
    }

    fn halt(&mut self, halted: Halted) -> Result<Attempt> {
        match halted {
            Halted::Stopped => Ok(Attempt::Stopped),
            Halted::Cancelled(id, by) => {
                if let Some(index) = self.members.iter().position(|request| request.id == id) {
                    settle::cancelled(self.desk, self.rig, &self.members[index], &by)?;
                    self.members.remove(index);
                }
                Ok(Attempt::Again)
            }
        }
    }

    /// Puts the requests on top of each other and of the target's head; those for which nothing has to be done, or that don't fit,
    /// are settled.
    fn stack(&mut self, worktree: &Worktree, onto: &str) -> Result<()> {
        let mut tip = onto.to_owned();
        let mut index = 0;
        while let Some(request) = self.members.get(index) {
            if self.bare.is_ancestor(&request.head, onto)? {
                let request = self.members.remove(index);
                settle::finish(self.desk, self.rig, &request, &request.head)?;
                continue;
            }
            if let Some(rebased) = self.prepared(request, &tip)? {
                tip = rebased;
                index += 1;
                continue;
            }
            if request.state != State::Claimed {
                self.claim(index)?;
            }
            let request = &self.members[index];
            match worktree.rebase(&request.head, &request.step.base, &tip)? {
                Rebase::Clean { commits, .. } if commits.is_empty() && tip == onto => {
                    settle::finish(self.desk, self.rig, &self.members.remove(index), onto)?;
                }
                Rebase::Clean { head, .. } => {
                    self.step(index, State::Rebased, |request| {
                        request.step.rebased = Some(head.clone());
                        request.step.onto = Some(tip.clone());
                        request.step.place = index;
                    })?;
                    tip = head;
                    index += 1;
                }
                Rebase::Conflict { files, log } if tip == onto => {
                    let request = self.members.remove(index);
                    settle::give_back_conflict(self.desk, self.rig, &request, onto, (&files, &log))?;
                }
                // In conflict with one that may yet turn out red: its turn comes when that is known.
                Rebase::Conflict { .. } => {
                    self.step(index, State::Ready, |request| request.step = request.step.afresh())?;
                    self.members.remove(index);
                }
            }
        }
        Ok(())
    }

    /// What a killed predecessor has prepared for the request on top of `tip`.
    fn prepared(&self, request: &MergeRequest, tip: &str) -> Result<Option<String>> {
        let (Some(rebased), Some(onto)) = (&request.step.rebased, &request.step.onto) else { return Ok(None) };
        let known = matches!(request.state, State::Rebased | State::Gating | State::Pushing)
            && onto == tip
            && self.bare.find_rev(rebased)?.is_some();
        Ok(known.then(|| rebased.clone()))
    }

    /// Runs the gates on the stack up to `index` and notes what they say.
    fn test(&mut self, worktree: &Worktree, gates: &[GateCommand], index: usize) -> Result<Option<Halted>> {
        let tip = self.rebased(index)?;
        if worktree.head()? != tip || !worktree.is_clean()? {
            worktree.reset_to(&tip)?;
        }
        let log = gates::log_path(&self.desk.town, &self.members[index].id)?;
        let shown = log.to_string_lossy().into_owned();
        for member in 0..=index {
            self.step(member, State::Gating, |request| request.log.clone_from(&shown))?;
        }
        let ids = self.ids();
        let heading = format!("{} on {} at {tip}", ids[..=index].join(", "), self.members[index].target);
        let mark = self.mark();
        let run = gates::Run {
            gates,
            retries: self.settings.retry_flaky_tests,
            directory: &worktree.path,
            log: &log,
            mark: &mark,
            heading: &heading,
        };
        let mut watch = Watch::new(self.desk, self.pulse, ids.clone());
        let (verdict, flaky) = run.run(&mut |time| watch.rest(time))?;
        if !flaky.is_empty() {
            let data = json!({"mrs": &ids[..=index], "gates": flaky, "commit": tip, "log": shown});
            let source = settle::source(&self.members[index]);
            self.desk.ledger.write(&settle::actor(self.rig), |tx| tx.event("gate_flaky", source, data.clone()))?;
        }
        match verdict {
            Verdict::Green => self.step(index, State::Gating, |request| request.step.green = Some(true))?,
            Verdict::Red(reason) => self.step(index, State::Gating, |request| {
                request.step.green = Some(false);
                request.reason = reason;
            })?,
            Verdict::Ended(halted) => return Ok(Some(halted)),
        }
        Ok(None)
    }

    /// Brings the lowest `count` requests to the target, or to the origin for review; false when the target moved meanwhile.
    fn land(&mut self, target: &str, onto: &str, count: usize) -> Result<bool> {
        let tip = self.rebased(count - 1)?;
        // From here on the commits may be on the target at any moment: that has to be known before they are.
        for index in 0..count {
            self.step(index, State::Pushing, |_| {})?;
        }
        if self.settings.strategy == MergeStrategy::Pr && !self.members[0].step.approved {
            let request = self.members.remove(0);
            review::publish(self.desk, self.rig, &self.bare, &self.settings, &request)?;
            return Ok(true);
        }
        match target::advance(&self.bare, target, onto, &tip)? {
            Moved::Done => {}
            Moved::Elsewhere => {
                for index in 0..count {
                    self.claim(index)?;
                }
                return Ok(false);
            }
            Moved::Wait(reason) => {
                self.wait(&reason)?;
                return Ok(true);
            }
        }
        for _ in 0..count {
            let commit = self.rebased(0)?;
            settle::finish(self.desk, self.rig, &self.members[0], &commit)?;
            self.members.remove(0);
        }
        Ok(true)
    }

    fn rebased(&self, index: usize) -> Result<String> {
        let request = &self.members[index];
        let rebased = request.step.rebased.clone();
        rebased.ok_or_else(|| Error::failed(format!("{} is {} and not rebased", request.id, request.state.as_str())))
    }

    fn ids(&self) -> Vec<String> {
        self.members.iter().map(|request| request.id.clone()).collect()
    }

    /// One rig's gates run one at a time, so that the rig is mark enough.
    fn mark(&self) -> String {
        format!("{}:{}", self.desk.town.id, self.rig.name)
    }

    fn step(&mut self, index: usize, state: State, change: impl FnOnce(&mut MergeRequest)) -> Result<()> {
        let now = &self.members[index];
        let mut next = now.clone();
        next.state = state;
        change(&mut next);
        self.desk.ledger.write(&settle::actor(self.rig), |tx| {
            settle::still_ours(tx, now)?;
            queue::put(tx, &next)
        })?;
        self.members[index] = next;
        Ok(())
    }

    /// All that is left waits for `reason`.
    fn wait(&mut self, reason: &str) -> Result<()> {
        for request in std::mem::take(&mut self.members) {
            settle::wait(self.desk, self.rig, &request, reason)?;
        }
        Ok(())
    }
}
