//! The dispatcher: finishes what killed commands began, queues the ready beads of convoys that are under way, and starts what is
//! queued when there is a place.

use std::time::Duration;

use super::pulse::Pulse;
use crate::base::{Result, Timestamp};
use crate::ledger::Tx;
use crate::repo::Bare;
use crate::town::{Rig, Town};
use crate::work::assignment::{self, Assignment, State};
use crate::work::queue::{self, hours, score};
use crate::work::sling::{self, Facts};
use crate::work::spawn::{self, Begun};
use crate::work::{Desk, branches, caps, convoy};

/// How often it looks when nothing happens: beads that were put off become ready by themselves.
const REST: Duration = Duration::from_secs(5);

/// Dispatches until it is time to end.
///
/// # Errors
/// When the ledger can't be read or written; the caller tries again later.
pub fn run(town: &Town, pulse: &Pulse) -> Result<()> {
    let mut desk = Desk::of(town.clone())?;
    let mut seen = 0;
    loop {
        for (bead, outcome) in spawn::recover(&mut desk)? {
            match outcome {
                Ok(spawned) => tracing::info!(bead, session = spawned.session, "finished a start that was cut off"),
                Err(error) => tracing::warn!(bead, %error, "took back a start that was cut off"),
            }
        }
        enqueue_ready(&mut desk)?;
        dispatch(&mut desk, pulse)?;
        if !pulse.wait(&mut seen, REST) {
            return Ok(());
        }
    }
}

/// A bead whose turn has come: its convoy is under way, nothing blocks it, nobody ever had it.
struct Candidate {
    bead: String,
    convoy: String,
}

fn candidates(desk: &Desk) -> Result<Vec<Candidate>> {
    let now = Timestamp::now().unix_nanos();
    let mut statement = desk.ledger.conn().prepare_cached(
        "SELECT b.id, c.id FROM deps d \
         JOIN beads c ON c.id = d.issue AND c.issue_type = 'convoy' AND c.status NOT IN ('closed', 'tombstone') \
         JOIN beads b ON b.id = d.depends_on AND b.status = 'open' AND b.blocked = 0 AND b.assignee = '' \
           AND b.pinned = 0 AND b.is_template = 0 AND (b.defer_ns IS NULL OR b.defer_ns <= ?1) \
         WHERE d.type = 'tracks' AND NOT EXISTS (SELECT 1 FROM assignments a WHERE a.bead = b.id) \
           AND EXISTS (SELECT 1 FROM assignments o WHERE o.convoy = c.id) \
         ORDER BY b.priority, c.created_ns, b.created_ns",
    )?;
    let rows = statement.query_map([now], |row| Ok(Candidate { bead: row.get(0)?, convoy: row.get(1)? }))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn enqueue_ready(desk: &mut Desk) -> Result<()> {
    let found = candidates(desk)?;
    if found.is_empty() {
        return Ok(());
    }
    let rigs = desk.town.rigs()?;
    desk.ledger.write("deacon", |tx| {
        for candidate in &found {
            let bead = tx.get(&candidate.bead)?;
            let Some((rig, preset)) = how_the_others_went(tx, &candidate.convoy, &bead.store, &rigs)? else { continue };
            let row = assignment::find(tx.conn(), &bead.id)?;
            let blockers = if bead.blocked { tx.blockers(&bead.id)? } else { Vec::new() };
            let facts = Facts {
                bead: &bead,
                assignment: row.as_ref(),
                merge_request: None,
                blockers: &blockers,
                rig: &rig,
                force: false,
            };
            if row.is_some() || sling::may_sling(facts).is_err() {
                continue;
            }
            tx.event(
                "sling",
                Some(&bead.id),
                serde_json::json!({"target": rig, "preset": preset, "convoy": candidate.convoy}),
            )?;
            let row = Assignment::queued(&bead.id, &rig, &preset, &candidate.convoy, tx.now());
            sling::enqueue(tx, &bead, &row)?;
        }
        Ok(())
    })
}

/// Rig and runtime for a convoy's next bead: its own rig, or that of the others for a bead of the town; the runtime of the last one
/// that was slung there.
fn how_the_others_went(tx: &Tx<'_>, convoy: &str, store: &str, rigs: &[Rig]) -> Result<Option<(String, String)>> {
    let mut statement = tx.conn().prepare_cached(
        "SELECT rig, preset FROM assignments WHERE convoy = ?1 ORDER BY rig = ?2 DESC, created_at DESC LIMIT 1",
    )?;
    let mut rows = statement.query([convoy, store])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let (rig, preset): (String, String) = (row.get(0)?, row.get(1)?);
    let own = rigs.iter().find(|rig| rig.name == store);
    Ok(match own {
        Some(own) => Some((own.name.clone(), preset)),
        None => rigs.iter().find(|other| other.name == rig).map(|rig| (rig.name.clone(), preset)),
    })
}

/// Starts queued work, the most urgent first, as long as there are places.
fn dispatch(desk: &mut Desk, pulse: &Pulse) -> Result<()> {
    let now = Timestamp::now();
    let mut queue = Vec::new();
    for row in assignment::in_states(desk.ledger.conn(), &[State::Queued])? {
        if row.lease_until > now.unix_seconds() {
            continue;
        }
        let priority = desk.ledger.find(&row.bead)?.map_or(2, |bead| bead.priority);
        let convoy_age = convoy::age_hours(desk.ledger.conn(), &row.convoy, now)?;
        queue.push((score(priority, row.attempts, convoy_age, hours(row.created_at, now)), row));
    }
    queue.sort_by(|(a, first), (b, second)| b.total_cmp(a).then_with(|| first.created_at.cmp(&second.created_at)));
    for (_, row) in queue {
        if pulse.is_stopping() {
            return Ok(());
        }
        let rig = match desk.town.rig(&row.rig) {
            Ok(rig) => rig,
            Err(error) => {
                tracing::warn!(bead = row.bead, %error, "queued for a rig that is gone");
                continue;
            }
        };
        let bare = Bare::open(&rig.bare_repo())?;
        // News from the origin are worth a moment, but only when there is a place at all.
        if caps::in_the_way(desk.ledger.conn(), &desk.town, &rig, &row.preset)?.is_some() {
            continue;
        }
        if let Some(note) = branches::freshen(desk, &rig, &bare)? {
            tracing::warn!(rig = rig.name, note, "origin");
        }
        let base = branches::head(&bare, &queue::integration::target_of(desk, &rig, &row.bead)?)?;
        if let Some(begun) = take_from_queue(desk, &rig, &row, &base)? {
            match sling::carry_out(desk, &begun) {
                Ok(spawned) => tracing::info!(bead = row.bead, session = spawned.session, "started"),
                Err(error) => tracing::warn!(bead = row.bead, %error, "start failed"),
            }
        }
    }
    Ok(())
}

fn take_from_queue(desk: &mut Desk, rig: &Rig, row: &Assignment, base: &str) -> Result<Option<Begun>> {
    let town = desk.town.clone();
    desk.ledger.write("deacon", |tx| {
        // Somebody may have taken it, or the last place, meanwhile.
        let Some(now) = assignment::find(tx.conn(), &row.bead)?.filter(|now| now.state == State::Queued) else {
            return Ok(None);
        };
        if caps::in_the_way(tx.conn(), &town, rig, &row.preset)?.is_some() {
            return Ok(None);
        }
        let bead = tx.get(&row.bead)?;
        if bead.status.is_done() {
            assignment::set_state(tx, &bead.id, State::Released, "closed while it waited")?;
            return Ok(None);
        }
        let agent = spawn::pick_name(tx, rig)?;
        let way = sling::Way { base, from_queue: true, ..sling::Way::default() };
        sling::begin(tx, rig, &bead, &now, agent, way).map(Some)
    })
}
