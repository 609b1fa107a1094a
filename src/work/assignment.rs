//! Assignments: which agent has which bead, since when and in which state. Status, assignee and hook are derived from them.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use crate::base::{Error, Result, Timestamp};
use crate::ledger::Tx;

/// How far an assignment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waits for a free place; nothing was made yet.
    Queued,
    /// Branch, worktree and session are being made.
    Spawning,
    /// The agent works on it.
    Active,
    /// The agent handed it in; the merge queue has it, or has merged it.
    Done,
    /// The work came to nothing (conflict, red gate, too many failed starts) and the bead is open again.
    Failed,
    /// Somebody took the bead back.
    Released,
}

impl State {
    /// Every state, in the order of life.
    pub const ALL: [State; 6] =
        [State::Queued, State::Spawning, State::Active, State::Done, State::Failed, State::Released];

    /// The word in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Spawning => "spawning",
            State::Active => "active",
            State::Done => "done",
            State::Failed => "failed",
            State::Released => "released",
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
            .ok_or_else(|| Error::failed(format!("unknown assignment state {word:?} in the ledger")))
    }

    /// Whether nobody else may be given the bead now.
    pub fn holds_bead(self) -> bool {
        matches!(self, State::Queued | State::Spawning | State::Active)
    }

    /// Whether it counts against the caps on running agents.
    pub fn takes_a_place(self) -> bool {
        matches!(self, State::Spawning | State::Active)
    }

    /// Whether a step from this state to `next` is one the way of work knows.
    pub fn may_become(self, next: State) -> bool {
        use State::{Active, Done, Failed, Queued, Released, Spawning};
        match self {
            Queued => matches!(next, Spawning | Failed | Released),
            Spawning => matches!(next, Active | Queued | Failed | Released),
            Active => matches!(next, Done | Failed | Released | Spawning),
            Done => matches!(next, Failed | Released | Queued | Spawning | Active),
            Failed | Released => matches!(next, Queued | Spawning | Active | Done),
        }
    }
}

/// One row: a bead and the agent it was given to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assignment {
    /// The bead.
    pub bead: String,
    /// The agent's address; empty while queued without a name.
    pub agent: String,
    /// The rig the work is done in.
    pub rig: String,
    /// The worktree's path; empty until one was chosen.
    pub hook: String,
    /// The branch; empty until one was chosen.
    pub branch: String,
    /// The commit the branch started from.
    pub base: String,
    /// The runtime preset; empty means the rig's own choice.
    pub preset: String,
    /// The session's name; empty until one was started.
    pub session: String,
    /// How far it has come.
    pub state: State,
    /// How many times it was tried to start an agent on it.
    pub attempts: i64,
    /// Unix seconds before which nothing is tried again; 0 for none.
    pub lease_until: i64,
    /// The convoy that tracks the bead; empty for none.
    pub convoy: String,
    /// When the bead was assigned.
    pub created_at: Timestamp,
    /// When the row changed last.
    pub updated_at: Timestamp,
    /// Why it is in this state, for people.
    pub note: String,
}

const COLUMNS: &str = "bead, agent, rig, hook, branch, base, preset, session, state, attempts, lease_until, convoy, \
                       created_at, updated_at, note";

impl Assignment {
    /// A new assignment of `bead` in `rig`, queued.
    pub fn queued(bead: &str, rig: &str, preset: &str, convoy: &str, now: Timestamp) -> Self {
        Self {
            bead: bead.into(),
            agent: String::new(),
            rig: rig.into(),
            hook: String::new(),
            branch: String::new(),
            base: String::new(),
            preset: preset.into(),
            session: String::new(),
            state: State::Queued,
            attempts: 0,
            lease_until: 0,
            convoy: convoy.into(),
            created_at: now,
            updated_at: now,
            note: String::new(),
        }
    }

    fn read(row: &Row<'_>) -> Result<Self> {
        let text = |index: usize| -> Result<String> { Ok(row.get::<_, Option<String>>(index)?.unwrap_or_default()) };
        Ok(Self {
            bead: text(0)?,
            agent: text(1)?,
            rig: text(2)?,
            hook: text(3)?,
            branch: text(4)?,
            base: text(5)?,
            preset: text(6)?,
            session: text(7)?,
            state: State::parse(&text(8)?)?,
            attempts: row.get::<_, Option<i64>>(9)?.unwrap_or(0),
            lease_until: row.get::<_, Option<i64>>(10)?.unwrap_or(0),
            convoy: text(11)?,
            created_at: text(12)?.parse()?,
            updated_at: text(13)?.parse()?,
            note: text(14)?,
        })
    }
}

/// The assignment of `bead`, if it ever had one.
///
/// # Errors
/// When the ledger can't be read.
pub fn find(conn: &Connection, bead: &str) -> Result<Option<Assignment>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM assignments WHERE bead = ?1"))?;
    statement.query_row([bead], |row| Ok(Assignment::read(row))).optional()?.transpose()
}

/// All assignments in one of `states`, oldest first.
///
/// # Errors
/// When the ledger can't be read.
pub fn in_states(conn: &Connection, states: &[State]) -> Result<Vec<Assignment>> {
    let words: Vec<String> = states.iter().map(|state| format!("'{}'", state.as_str())).collect();
    let sql =
        format!("SELECT {COLUMNS} FROM assignments WHERE state IN ({}) ORDER BY created_at, bead", words.join(","));
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        out.push(Assignment::read(row)?);
    }
    Ok(out)
}

/// The assignment that `agent` works on now.
///
/// # Errors
/// When the ledger can't be read.
pub fn of_agent(conn: &Connection, agent: &str) -> Result<Option<Assignment>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM assignments WHERE agent = ?1 AND state IN ('spawning','active') \
         ORDER BY updated_at DESC LIMIT 1"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    statement.query_row([agent], |row| Ok(Assignment::read(row))).optional()?.transpose()
}

/// How many assignments take a place: in the town, and in `rig` alone.
///
/// # Errors
/// When the ledger can't be read.
pub fn places_taken(conn: &Connection, rig: &str) -> Result<(usize, usize)> {
    let (all, here): (i64, i64) = conn.query_row(
        "SELECT count(*), count(CASE WHEN rig = ?1 THEN 1 END) FROM assignments WHERE state IN ('spawning','active')",
        [rig],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok((usize::try_from(all).unwrap_or(0), usize::try_from(here).unwrap_or(0)))
}

/// How many assignments on the runtime `preset` take a place.
///
/// # Errors
/// When the ledger can't be read.
pub fn places_taken_by(conn: &Connection, preset: &str) -> Result<usize> {
    let count: i64 = conn.query_row(
        "SELECT count(*) FROM assignments WHERE state IN ('spawning','active') AND preset = ?1",
        [preset],
        |row| row.get(0),
    )?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Writes the row, replacing an earlier assignment of the same bead. `updated_at` becomes the transaction's time.
///
/// # Errors
/// When the row's state may not follow the one in the ledger, or the ledger can't be written.
pub fn put(tx: &Tx<'_>, row: &Assignment) -> Result<()> {
    if let Some(before) = find(tx.conn(), &row.bead)?
        && before.state != row.state
        && !before.state.may_become(row.state)
    {
        return Err(Error::refused(format!(
            "{} is {} and can't become {}",
            row.bead,
            before.state.as_str(),
            row.state.as_str()
        )));
    }
    tx.conn().execute(
        &format!(
            "INSERT OR REPLACE INTO assignments ({COLUMNS}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)"
        ),
        params![
            row.bead,
            row.agent,
            row.rig,
            row.hook,
            row.branch,
            row.base,
            row.preset,
            row.session,
            row.state.as_str(),
            row.attempts,
            row.lease_until,
            row.convoy,
            row.created_at.to_string(),
            tx.now().to_string(),
            row.note,
        ],
    )?;
    Ok(())
}

/// Moves the assignment of `bead` to `state` with a note; returns the row as it is now.
///
/// # Errors
/// When the bead has no assignment, or the step is not one the way of work knows.
pub fn set_state(tx: &Tx<'_>, bead: &str, state: State, note: &str) -> Result<Assignment> {
    let mut row =
        find(tx.conn(), bead)?.ok_or_else(|| Error::not_found(format!("{bead} is not assigned to anybody")))?;
    if row.state != state && !row.state.may_become(state) {
        return Err(Error::refused(format!("{bead} is {} and can't become {}", row.state.as_str(), state.as_str())));
    }
    row.state = state;
    row.note = note.to_owned();
    put(tx, &row)?;
    Ok(row)
}

/// Removes the row: as if the bead had never been assigned.
///
/// # Errors
/// When the ledger can't be written.
pub fn remove(tx: &Tx<'_>, bead: &str) -> Result<()> {
    tx.conn().execute("DELETE FROM assignments WHERE bead = ?1", [bead])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_states_agree() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()).ok(), Some(state));
        }
        assert!(State::parse("lost").is_err());
    }

    #[test]
    fn what_is_done_is_never_active_without_a_decision() {
        // The only ways out of `done` are those of the merge queue and of a new sling.
        assert!(State::Done.may_become(State::Failed));
        assert!(!State::Queued.may_become(State::Active), "an agent needs a worktree first");
        assert!(!State::Queued.may_become(State::Done));
        assert!(!State::Spawning.may_become(State::Done));
    }

    #[test]
    fn every_state_can_be_left_and_reached() {
        for state in State::ALL {
            assert!(
                State::ALL.into_iter().any(|next| next != state && state.may_become(next)),
                "{state:?} is a dead end"
            );
            assert!(
                State::ALL.into_iter().any(|from| from != state && from.may_become(state)),
                "{state:?} is unreachable"
            );
        }
    }
}
