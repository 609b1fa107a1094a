//! A model of a bead's way through assignment, hook and merge queue, held against the ledger: the same operations are done to both, in
//! any order, and both have to refuse the same ones and come to the same states.

use std::cell::RefCell;

use gastown::base::Result;
use gastown::ledger::{NewBead, Tx};
use gastown::repo::HookState;
use gastown::town::Rig;
use gastown::work::assignment::{self, Assignment, State as Row};
use gastown::work::queue::{self, ConflictFacts, Handed, State as Request};
use gastown::work::{Desk, hook, sling, spawn};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::town::Place;

#[derive(Debug, Clone, Copy)]
enum Op {
    Sling,
    Arrive,
    HandIn,
    Step(Request),
    Red,
    Conflict,
    Retry,
    Reject,
    Approve,
    Cancel,
}

/// What is known of the bead, in the model and as read from the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Facts {
    bead: String,
    row: Option<Row>,
    hook: Option<HookState>,
    request: Option<Request>,
}

impl Facts {
    fn holds(&self) -> bool {
        self.row.is_some_and(Row::holds_bead)
    }

    /// Does `op`; false when it is to be refused, and then nothing changes.
    fn apply(&mut self, op: Op) -> bool {
        match op {
            Op::Sling => {
                let queued = self.row == Some(Row::Queued);
                let open = self.request.is_some_and(Request::is_open);
                if !queued && (self.holds() || open) {
                    return false;
                }
                (self.row, self.hook, self.bead) = (Some(Row::Spawning), Some(HookState::Created), "hooked".into());
                true
            }
            Op::Arrive => {
                if self.row == Some(Row::Spawning) {
                    (self.row, self.hook) = (Some(Row::Active), Some(HookState::Active));
                }
                true
            }
            Op::HandIn => {
                if self.row != Some(Row::Active) {
                    return false;
                }
                (self.row, self.hook) = (Some(Row::Done), Some(HookState::Completed));
                self.request = Some(Request::Ready);
                true
            }
            Op::Step(next) => match self.request {
                Some(now) if now == next || now.may_become(next) => {
                    self.request = Some(next);
                    true
                }
                _ => false,
            },
            Op::Red => match self.request {
                Some(Request::Failed) => true,
                Some(now) if now.may_become(Request::Failed) => {
                    self.request = Some(Request::Failed);
                    self.reopen();
                    true
                }
                _ => false,
            },
            Op::Conflict => {
                if self.request != Some(Request::Claimed) || self.row != Some(Row::Done) {
                    return false;
                }
                self.request = Some(Request::Conflict);
                self.hook = Some(HookState::Suspended);
                (self.row, self.bead) = (Some(Row::Queued), "hooked".into());
                true
            }
            Op::Retry => match self.request {
                Some(Request::Conflict | Request::Failed) => {
                    if self.holds() {
                        return false;
                    }
                    self.request = Some(Request::Ready);
                    (self.row, self.bead) = (Some(Row::Done), "hooked".into());
                    if self.hook == Some(HookState::Suspended) {
                        self.hook = Some(HookState::Completed);
                    }
                    true
                }
                Some(Request::Waiting | Request::Ready | Request::Review) => {
                    self.request = Some(Request::Ready);
                    true
                }
                _ => false,
            },
            Op::Reject => match self.request {
                None => false,
                Some(Request::Rejected) => true,
                Some(now) if now.is_in_flight() || now == Request::Merged => false,
                Some(_) => {
                    self.request = Some(Request::Rejected);
                    self.reopen();
                    true
                }
            },
            Op::Approve => match self.request {
                Some(Request::Held | Request::Review) => {
                    self.request = Some(Request::Ready);
                    true
                }
                Some(now) => now.is_open(),
                None => false,
            },
            Op::Cancel => match self.request {
                Some(Request::Ready | Request::Waiting | Request::Held) => {
                    self.request = Some(Request::Held);
                    true
                }
                Some(Request::Claimed | Request::Rebased | Request::Gating) => true,
                _ => false,
            },
        }
    }

    fn reopen(&mut self) {
        if self.holds() {
            return;
        }
        self.bead = "open".into();
        if self.row == Some(Row::Done) {
            self.row = Some(Row::Failed);
        }
        if self.hook == Some(HookState::Completed) {
            self.hook = Some(HookState::Suspended);
        }
    }
}

struct Real<'a> {
    desk: &'a RefCell<Desk>,
    rig: &'a Rig,
    bead: String,
    heads: u64,
}

impl Real<'_> {
    fn facts(&self) -> Facts {
        let desk = self.desk.borrow();
        let conn = desk.ledger.conn();
        let row = assignment::find(conn, &self.bead).unwrap();
        let requests = queue::of_source(conn, &self.bead).unwrap();
        assert!(requests.iter().filter(|request| request.state.is_open()).count() <= 1, "{requests:?}");
        // The hook of whoever had the bead last.
        let hooks = hook::list(conn, true).unwrap();
        let latest = hooks.into_iter().filter(|hook| hook.bead == self.bead).max_by_key(|hook| hook.created_at);
        Facts {
            bead: desk.ledger.get(&self.bead).unwrap().status.to_string(),
            row: row.map(|row| row.state),
            hook: latest.map(|hook| hook.state),
            request: requests.last().map(|request| request.state),
        }
    }

    fn write(&self, change: impl FnOnce(&mut Tx<'_>) -> Result<()>) -> Result<()> {
        let mut change = Some(change);
        self.desk.borrow_mut().ledger.write("test", |tx| change.take().map_or(Ok(()), |change| change(tx)))
    }

    fn request(&self) -> Option<queue::MergeRequest> {
        queue::of_source(self.desk.borrow().ledger.conn(), &self.bead).unwrap().pop()
    }

    fn apply(&mut self, op: Op) -> bool {
        let bead = self.bead.clone();
        let request = self.request();
        let id = request.as_ref().map_or_else(|| "sh-none".to_owned(), |request| request.id.clone());
        self.heads += 1;
        let head = format!("{:040x}", self.heads);
        let rig = self.rig;
        let row = |tx: &Tx<'_>| assignment::find(tx.conn(), &bead);
        match op {
            Op::Sling => self.write(|tx| {
                let bead = tx.get(&bead)?;
                let now = row(tx)?;
                let queued = now.as_ref().is_some_and(|now| now.state == Row::Queued);
                if !queued {
                    sling::may_sling(sling::Facts {
                        bead: &bead,
                        assignment: now.as_ref(),
                        merge_request: request.as_ref().filter(|request| request.state.is_open()),
                        blockers: &[],
                        rig: &rig.name,
                        force: false,
                    })?;
                }
                let fresh = Assignment::queued(&bead.id, &rig.name, "script", "", tx.now());
                let agent = spawn::pick_name(tx, rig)?;
                let begun = sling::begin(tx, rig, &bead, &fresh, agent, sling::Way::default())?;
                let ticket = begun.ticket;
                hook::put(
                    tx,
                    &hook::Hook {
                        agent: ticket.agent.to_string(),
                        rig: ticket.rig,
                        worktree: ticket.worktree,
                        branch: ticket.branch,
                        base: ticket.base,
                        state: HookState::Created,
                        bead: bead.id,
                        created_at: tx.now(),
                        updated_at: tx.now(),
                    },
                )
            }),
            Op::Arrive => self.write(|tx| {
                let agent = row(tx)?.map(|row| row.agent).unwrap_or_default();
                spawn::arrived(tx, &agent, &bead)
            }),
            Op::HandIn => self.write(|tx| {
                let row = row(tx)?.filter(|row| row.state == Row::Active);
                let row = row.ok_or_else(|| gastown::base::Error::refused("nobody works on it"))?;
                let handed = Handed {
                    rig: &rig.name,
                    branch: &row.branch,
                    base: "",
                    head: &head,
                    target: "main",
                    source: &bead,
                    worker: &row.agent,
                };
                queue::hand_in(tx, &handed)?;
                assignment::set_state(tx, &bead, Row::Done, "handed in")?;
                hook::set_state(tx, &row.agent, HookState::Completed).map(|_| ())
            }),
            Op::Step(next) => self.write(|tx| {
                let mut request = request.ok_or_else(|| gastown::base::Error::refused("nothing is handed in"))?;
                request.state = next;
                queue::put(tx, &request)
            }),
            Op::Red => self.write(|tx| queue::give_back(tx, &id, Request::Failed, "red", "").map(|_| ())),
            Op::Conflict => self.write(|tx| {
                let claimed = request.is_some_and(|request| request.state == Request::Claimed);
                let facts =
                    ConflictFacts { onto: "", files: &["a".into()], reason: "conflict", log: "", preset: "script" };
                // So that the third conflict, which is given back, is one like the others.
                if claimed && queue::redo(tx, &id, &facts)? {
                    return Ok(());
                }
                Err(gastown::base::Error::refused("no conflict"))
            }),
            Op::Retry => queue::retry(&mut self.desk.borrow_mut(), &id).map(|_| ()),
            Op::Reject => queue::reject(&mut self.desk.borrow_mut(), &id, "no").map(|_| ()),
            Op::Approve => queue::approve(&mut self.desk.borrow_mut(), &id).map(|_| ()),
            Op::Cancel => queue::cancel(&mut self.desk.borrow_mut(), &id).map(|_| ()),
        }
        .is_ok()
    }
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let steps = [
        Request::Claimed,
        Request::Rebased,
        Request::Gating,
        Request::Pushing,
        Request::Waiting,
        Request::Held,
        Request::Review,
        Request::Ready,
    ];
    let op = prop_oneof![
        4 => Just(Op::Sling),
        4 => Just(Op::Arrive),
        4 => Just(Op::HandIn),
        8 => proptest::sample::select(steps.to_vec()).prop_map(Op::Step),
        2 => Just(Op::Red),
        2 => Just(Op::Conflict),
        2 => Just(Op::Retry),
        1 => Just(Op::Reject),
        2 => Just(Op::Approve),
        2 => Just(Op::Cancel),
    ];
    proptest::collection::vec(op, 1..40)
}

#[test]
fn assignment_hook_and_request_go_the_ways_of_the_model() {
    let place = Place::new(&["shop"]);
    let desk = RefCell::new(place.desk());
    let rig = desk.borrow().town.rig("shop").unwrap();
    let cases = if std::env::var_os("GT_LONG").is_some() { 2000 } else { 48 };
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    runner
        .run(&ops(), |ops| {
            let new = NewBead { title: "A bead".into(), ..NewBead::default() };
            let bead = desk.borrow_mut().ledger.write("test", |tx| tx.create("shop", new.clone())).unwrap().id;
            let mut real = Real { desk: &desk, rig: &rig, bead, heads: 0 };
            let mut model = Facts { bead: "open".into(), row: None, hook: None, request: None };
            let mut conflicts = 0;
            for op in ops {
                if matches!(op, Op::Conflict) {
                    conflicts += 1;
                    // The third one is a person's.
                    if conflicts > 2 {
                        continue;
                    }
                }
                let before = model.clone();
                let expected = model.apply(op);
                prop_assert_eq!(real.apply(op), expected, "{:?} on {:?}", op, before);
                prop_assert_eq!(real.facts(), model.clone(), "after {:?} on {:?}", op, before);
                if model.holds() {
                    prop_assert_eq!(&model.bead, "hooked");
                }
            }
            Ok(())
        })
        .unwrap();
}
