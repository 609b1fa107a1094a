//! What people decide about requests that wait or are being merged: approve, cancel, reorder.

use std::io::{self, Write};

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use serde_json::json;

use super::change::{no_request, resolve};
use super::{Changed, MergeRequest, State, find, put};
use crate::base::report::{Paint, Report};
use crate::base::{Error, Result};
use crate::ledger::Tx;
use crate::work::Desk;
use crate::work::identity::actor;

fn cancel_key(id: &str) -> String {
    format!("mq.cancel.{id}")
}

/// Lets a request that is held, or under review at the origin, be merged.
///
/// # Errors
/// Refused when it is over or was given back.
pub fn approve(desk: &mut Desk, which: &str) -> Result<Changed> {
    let id = resolve(desk, which)?;
    desk.ledger.write(&actor(), |tx| {
        let mut request = find(tx.conn(), &id)?.ok_or_else(|| no_request(&id))?;
        match request.state {
            State::Held | State::Review => {
                release(&mut request);
            }
            state if state.is_open() => {}
            state if state.is_given_back() => {
                return Err(Error::refused(format!("{id} was given back: {}", request.reason))
                    .hint(format!("gt mq retry {id} tries it again")));
            }
            state => return Err(Error::refused(format!("{id} is {}", state.as_str()))),
        }
        request.step.approved = true;
        put(tx, &request)?;
        tx.set_kv(&cancel_key(&id), None)?;
        tx.event("merge_approved", source(&request), json!({"mr": id}))?;
        Ok(Changed { id: id.clone(), state: request.state, source: request.source })
    })
}

fn source(request: &MergeRequest) -> Option<&str> {
    Some(request.source.as_str()).filter(|source| !source.is_empty())
}

/// A request that is not to be merged for now.
#[derive(Debug, Serialize)]
pub struct Cancelled {
    /// The request.
    pub id: String,
    /// Its state now.
    pub state: State,
    /// Whether the refinery is at it and has been told to stop.
    pub stopping: bool,
}

impl Report for Cancelled {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.stopping {
            return writeln!(out, "{} the refinery stops merging {}", paint.green("✓"), self.id);
        }
        writeln!(out, "{} {} is held: gt mq approve {} lets it go on", paint.green("✓"), self.id, self.id)
    }
}

/// Stops the merging of a request, its gates included; it is held then until somebody approves it.
///
/// # Errors
/// Refused when it is over, was given back, or is being pushed.
pub fn cancel(desk: &mut Desk, which: &str) -> Result<Cancelled> {
    let id = resolve(desk, which)?;
    let by = actor();
    desk.ledger.write(&by, |tx| {
        let mut request = find(tx.conn(), &id)?.ok_or_else(|| no_request(&id))?;
        let state = request.state;
        match state {
            State::Ready | State::Waiting => {
                hold(&mut request, &by);
                put(tx, &request)?;
                tx.event("merge_cancelled", source(&request), json!({"mr": id}))?;
            }
            State::Held => {}
            State::Claimed | State::Rebased | State::Gating => tx.set_kv(&cancel_key(&id), Some(&by))?,
            State::Pushing => {
                return Err(Error::refused(format!("{id} is being pushed: it is too late to stop that"))
                    .hint(format!("gt mq status {id}")));
            }
            state => {
                return Err(Error::refused(format!("{id} is {}: nothing is being done for it", state.as_str())));
            }
        }
        Ok(Cancelled { id: id.clone(), state: request.state, stopping: state.is_in_flight() })
    })
}

fn release(request: &mut MergeRequest) {
    request.state = State::Ready;
    request.step = request.step.afresh();
    request.reason.clear();
}

fn hold(request: &mut MergeRequest, by: &str) {
    request.state = State::Held;
    request.step = request.step.afresh();
    request.step.approved = false;
    request.reason = format!("cancelled by {by}");
}

/// Who wants the merging of request `id` stopped, if anybody does.
///
/// # Errors
/// When the ledger can't be read.
pub fn cancelled_by(conn: &Connection, id: &str) -> Result<Option<String>> {
    let mut statement = conn.prepare_cached("SELECT value FROM kv WHERE key = ?1")?;
    Ok(statement.query_row([cancel_key(id)], |row| row.get(0)).optional()?)
}

/// Holds a request whose merging was to be stopped, now that it is. Whoever approved it meanwhile wants it merged after all: it waits
/// for its turn again then, which is told by `false`.
///
/// # Errors
/// When the ledger can't be written.
pub fn clear_cancel(tx: &mut Tx<'_>, mut request: MergeRequest, by: &str) -> Result<bool> {
    let held = cancelled_by(tx.conn(), &request.id)?.is_some();
    if !held {
        release(&mut request);
        request.step.approved = true;
        put(tx, &request)?;
        return Ok(false);
    }
    tx.set_kv(&cancel_key(&request.id), None)?;
    hold(&mut request, by);
    put(tx, &request)?;
    tx.event("merge_cancelled", source(&request), json!({"mr": request.id}))?;
    Ok(true)
}

/// Where a request is to stand in the queue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Order {
    /// Before all others of its rig.
    First,
    /// After all others of its rig.
    Last,
    /// Before the one that is before it.
    Earlier,
    /// After the one that is after it.
    Later,
    /// At its score plus so many points.
    By(f64),
}

/// A score just above `below` and, when there is one, under `above`.
fn between(below: f64, above: Option<f64>) -> f64 {
    match above {
        Some(above) if above - below > 1e-6 => f64::midpoint(below, above),
        Some(_) => below + 1e-3,
        None => below + 1.0,
    }
}

/// Moves a request in its rig's queue.
///
/// # Errors
/// Refused when it does not wait.
pub fn reorder(desk: &mut Desk, which: &str, order: Order) -> Result<Changed> {
    let id = resolve(desk, which)?;
    let request = find(desk.ledger.conn(), &id)?.ok_or_else(|| no_request(&id))?;
    let mut scores = Vec::new();
    let mut own = 0.0;
    // How many of the others come before it.
    let mut place = 0;
    for row in super::list(desk, Some(&request.rig), false)?.rows {
        if row.id == id {
            own = row.score;
            place = scores.len();
        } else if find(desk.ledger.conn(), &row.id)?.is_some_and(|other| other.state.is_open()) {
            scores.push(row.score);
        }
    }
    let boost = match order {
        Order::First => scores.iter().copied().reduce(f64::max).map_or(0.0, |most| most - own + 1.0),
        Order::Last => scores.iter().copied().reduce(f64::min).map_or(0.0, |least| least - own - 1.0),
        Order::Earlier => match place.checked_sub(1).and_then(|before| scores.get(before)) {
            Some(before) => between(*before, place.checked_sub(2).and_then(|place| scores.get(place)).copied()) - own,
            None => return Err(Error::refused(format!("{id} is the first already"))),
        },
        Order::Later => match scores.get(place) {
            Some(after) => -between(-*after, scores.get(place + 1).map(|next| -*next)) - own,
            None => return Err(Error::refused(format!("{id} is the last already"))),
        },
        Order::By(points) => points,
    };
    desk.ledger.write(&actor(), |tx| {
        let mut request = find(tx.conn(), &id)?.ok_or_else(|| no_request(&id))?;
        if !request.state.is_open() || request.state.is_in_flight() {
            return Err(Error::refused(format!("{id} is {} and does not wait in the queue", request.state.as_str())));
        }
        request.step.boost += boost;
        put(tx, &request)?;
        tx.event("merge_reordered", source(&request), json!({"mr": id, "boost": request.step.boost}))?;
        Ok(Changed { id: id.clone(), state: request.state, source: request.source })
    })
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn a_place_is_found_between_two() {
        assert!(between(3.0, Some(4.0)) > 3.0 && between(3.0, Some(4.0)) < 4.0);
        assert!(between(3.0, None) > 3.0 && between(3.0, Some(3.0)) > 3.0);
    }
}
