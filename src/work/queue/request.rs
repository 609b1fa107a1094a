//! Merge requests: the rows of the merge queue and the steps they go through.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use crate::base::{Error, Result, Timestamp};
use crate::ledger::Tx;

/// How far a merge request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waits for its turn.
    Ready,
    /// The refinery has it.
    Claimed,
    /// Its commits sit on the target's head, in the refinery's worktree.
    Rebased,
    /// The rig's gate runs on it.
    Gating,
    /// It is being pushed and the target moved.
    Pushing,
    /// It is on the target.
    Merged,
    /// Its commits don't fit the target.
    Conflict,
    /// The gate was red.
    Failed,
    /// Somebody turned it down.
    Rejected,
    /// The origin can't be reached or refused the push; it is tried again.
    Waiting,
    /// A person has to approve it first, or has cancelled it.
    Held,
    /// Its branch is at the origin for people to review and merge there.
    Review,
}

impl State {
    /// Every state.
    pub const ALL: [State; 12] = [
        State::Ready,
        State::Claimed,
        State::Rebased,
        State::Gating,
        State::Pushing,
        State::Merged,
        State::Conflict,
        State::Failed,
        State::Rejected,
        State::Waiting,
        State::Held,
        State::Review,
    ];

    /// The word in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Ready => "ready",
            State::Claimed => "claimed",
            State::Rebased => "rebased",
            State::Gating => "gating",
            State::Pushing => "pushing",
            State::Merged => "merged",
            State::Conflict => "conflict",
            State::Failed => "failed",
            State::Rejected => "rejected",
            State::Waiting => "waiting",
            State::Held => "held",
            State::Review => "review",
        }
    }

    /// Reads the ledger's word.
    ///
    /// # Errors
    /// When the word is none of the states.
    pub fn parse(word: &str) -> Result<State> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| Error::failed(format!("unknown merge request state {word:?} in the ledger")))
    }

    /// Whether the refinery still has something to do for it.
    pub fn is_open(self) -> bool {
        matches!(self, State::Ready | State::Waiting | State::Held | State::Review) || self.is_in_flight()
    }

    /// Whether the refinery is in the middle of it (or was, when it was killed).
    pub fn is_in_flight(self) -> bool {
        matches!(self, State::Claimed | State::Rebased | State::Gating | State::Pushing)
    }

    /// Whether it was given back and may be tried again by hand.
    pub fn is_given_back(self) -> bool {
        matches!(self, State::Conflict | State::Failed)
    }

    /// Whether a step from this state to `next` is one the merge queue knows.
    pub fn may_become(self, next: State) -> bool {
        use State::{
            Claimed, Conflict, Failed, Gating, Held, Merged, Pushing, Ready, Rebased, Rejected, Review, Waiting,
        };
        match self {
            Ready | Waiting => matches!(next, Claimed | Rejected | Ready | Waiting | Merged | Held),
            Held => matches!(next, Ready | Rejected),
            Review => matches!(next, Ready | Rejected | Merged),
            // Every step may be the last one before a crash or a moved target: all lead back to the start of the queue.
            Claimed => matches!(next, Rebased | Merged | Conflict | Failed | Waiting | Ready | Rejected | Held),
            Rebased => matches!(next, Gating | Pushing | Merged | Claimed | Waiting | Ready | Failed | Held),
            Gating => matches!(next, Pushing | Failed | Ready | Claimed | Waiting | Merged | Held),
            Pushing => matches!(next, Merged | Waiting | Ready | Claimed | Failed | Review | Held),
            Conflict | Failed => matches!(next, Ready | Rejected),
            Merged | Rejected => false,
        }
    }
}

/// What the refinery has already done for a merge request, so that it can go on after `kill -9`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The commit the branch started from.
    #[serde(default)]
    pub base: String,
    /// The head after the rebase: when it is an ancestor of the target, the request is merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebased: Option<String>,
    /// The target's head it was rebased onto.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onto: Option<String>,
    /// Unix seconds before which a waiting request is not tried again.
    #[serde(default)]
    pub retry_at: i64,
    /// How many times in a row it had to wait.
    #[serde(default)]
    pub tries: u32,
    /// Its place in the stack of requests that are merged together.
    #[serde(default)]
    pub place: usize,
    /// What the gates said to the stack up to this request, its own commits included; nothing yet when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub green: Option<bool>,
    /// Whether a person said that it is to be merged, whatever the rig's strategy is.
    #[serde(default)]
    pub approved: bool,
    /// What a person has added to its score.
    #[serde(default)]
    pub boost: f64,
}

impl Step {
    /// The same request from the start: what people decided about it stays, what was done for it does not.
    #[must_use]
    pub fn afresh(&self) -> Self {
        Self { base: self.base.clone(), approved: self.approved, boost: self.boost, ..Self::default() }
    }
}

/// One row of the merge queue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MergeRequest {
    /// The merge request's own bead.
    pub id: String,
    /// The rig.
    pub rig: String,
    /// The branch with the work.
    pub branch: String,
    /// The branch it is to be merged into.
    pub target: String,
    /// The bead the work was done for.
    pub source: String,
    /// The agent that did it.
    pub worker: String,
    /// The branch's head when it was handed in; this commit is what gets merged.
    pub head: String,
    /// How far it has come.
    pub state: State,
    /// What was already done for it.
    pub step: Step,
    /// The commit on the target, once merged.
    pub merge_commit: String,
    /// How many times it was tried again.
    pub retries: i64,
    /// Why it is in this state, for people.
    pub reason: String,
    /// The gate's or the rebase's log.
    pub log: String,
    /// When it was handed in.
    pub created_at: Timestamp,
    /// When the row changed last.
    pub updated_at: Timestamp,
}

const COLUMNS: &str = "id, rig, branch, target, source, worker, head, state, step_json, merge_commit, retries, reason, \
                       log, created_at, updated_at";

fn read(row: &Row<'_>) -> Result<MergeRequest> {
    let text = |index: usize| -> Result<String> { Ok(row.get::<_, Option<String>>(index)?.unwrap_or_default()) };
    let step = text(8)?;
    Ok(MergeRequest {
        id: text(0)?,
        rig: text(1)?,
        branch: text(2)?,
        target: text(3)?,
        source: text(4)?,
        worker: text(5)?,
        head: text(6)?,
        state: State::parse(&text(7)?)?,
        step: if step.is_empty() { Step::default() } else { serde_json::from_str(&step)? },
        merge_commit: text(9)?,
        retries: row.get::<_, Option<i64>>(10)?.unwrap_or(0),
        reason: text(11)?,
        log: text(12)?,
        created_at: text(13)?.parse()?,
        updated_at: text(14)?.parse()?,
    })
}

/// The merge request with that id.
///
/// # Errors
/// When the ledger can't be read.
pub fn find(conn: &Connection, id: &str) -> Result<Option<MergeRequest>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM merge_requests WHERE id = ?1"))?;
    statement.query_row([id], |row| Ok(read(row))).optional()?.transpose()
}

/// All merge requests of `rig` (of every rig when `None`), oldest first.
///
/// # Errors
/// When the ledger can't be read.
pub fn all(conn: &Connection, rig: Option<&str>) -> Result<Vec<MergeRequest>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM merge_requests WHERE ?1 IS NULL OR rig = ?1 ORDER BY created_at, id"
    ))?;
    collect(statement.query([rig])?)
}

/// The merge requests of `rig` for which the refinery has something to do, oldest first.
///
/// # Errors
/// When the ledger can't be read.
pub fn open(conn: &Connection, rig: &str) -> Result<Vec<MergeRequest>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM merge_requests \
         WHERE rig = ?1 AND state IN ('ready','waiting','held','review','claimed','rebased','gating','pushing') \
         ORDER BY created_at, id"
    ))?;
    collect(statement.query([rig])?)
}

/// The merge requests for the work on bead `source`, oldest first.
///
/// # Errors
/// When the ledger can't be read.
pub fn of_source(conn: &Connection, source: &str) -> Result<Vec<MergeRequest>> {
    let mut statement = conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM merge_requests WHERE source = ?1 ORDER BY created_at, id"))?;
    collect(statement.query([source])?)
}

fn collect(mut rows: rusqlite::Rows<'_>) -> Result<Vec<MergeRequest>> {
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        out.push(read(row)?);
    }
    Ok(out)
}

/// Writes the row. `updated_at` becomes the transaction's time.
///
/// # Errors
/// When its state may not follow the one in the ledger, or the ledger can't be written.
pub fn put(tx: &Tx<'_>, request: &MergeRequest) -> Result<()> {
    if let Some(before) = find(tx.conn(), &request.id)?
        && before.state != request.state
        && !before.state.may_become(request.state)
    {
        return Err(Error::refused(format!(
            "{} is {} and can't become {}",
            request.id,
            before.state.as_str(),
            request.state.as_str()
        )));
    }
    tx.conn().execute(
        &format!(
            "INSERT OR REPLACE INTO merge_requests ({COLUMNS}) \
             VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)"
        ),
        params![
            request.id,
            request.rig,
            request.branch,
            request.target,
            request.source,
            request.worker,
            request.head,
            request.state.as_str(),
            serde_json::to_string(&request.step)?,
            request.merge_commit,
            request.retries,
            request.reason,
            request.log,
            request.created_at.to_string(),
            tx.now().to_string(),
        ],
    )?;
    Ok(())
}

/// The order of the queue: older convoys, higher priority, fewer retries and older requests first.
///
/// `1000 + 10 per hour of the convoy's age + 100 × (4 − priority) − 50 per retry (300 at most) + 1 per hour of its own age`.
pub fn score(priority: u8, retries: i64, convoy_age_hours: f64, age_hours: f64) -> f64 {
    let penalty = (50.0 * to_f64(retries)).min(300.0);
    1000.0 + 10.0 * convoy_age_hours + 100.0 * (4.0 - f64::from(priority)) - penalty + age_hours
}

fn to_f64(small: i64) -> f64 {
    f64::from(i32::try_from(small).unwrap_or(i32::MAX))
}

/// Hours from `then` to `now`, never negative.
pub fn hours(then: Timestamp, now: Timestamp) -> f64 {
    let seconds = then.seconds_until(now).max(0);
    f64::from(i32::try_from(seconds).unwrap_or(i32::MAX)) / 3600.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_states_agree() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()).ok(), Some(state));
        }
    }

    #[test]
    fn the_end_is_the_end_and_all_else_can_reach_it() {
        for state in State::ALL {
            let onward: Vec<State> = State::ALL.into_iter().filter(|next| state.may_become(*next)).collect();
            match state {
                State::Merged | State::Rejected => assert!(onward.is_empty(), "{state:?} is final"),
                _ => assert!(!onward.is_empty(), "{state:?} is a dead end"),
            }
            if state.is_in_flight() {
                assert!(state.may_become(State::Merged), "a crash after the merge may be found out at {state:?}");
                assert!(state.may_become(State::Ready) && state.may_become(State::Waiting), "{state:?} can be left");
            }
        }
    }

    #[test]
    fn scores_follow_the_rule() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(close(score(2, 0, 0.0, 0.0), 1200.0));
        assert!(close(score(0, 0, 3.0, 1.5), 1431.5));
        assert!(close(score(4, 100, 0.0, 0.0), 700.0), "the penalty ends at 300");
        assert!(score(1, 0, 0.0, 0.0) > score(2, 0, 0.0, 50.0));
    }
}
