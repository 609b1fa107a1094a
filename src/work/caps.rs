//! What keeps another agent from being started now.

use rusqlite::{Connection, OptionalExtension};

use super::{assignment, halt, parking};
use crate::base::{Result, Timestamp, os};
use crate::town::{Limits, Rig, Town};

/// How far back the starts of the last minute are looked for, in events.
const EVENTS: i64 = 5000;

/// Why no agent of `rig` on the runtime `preset` can be started now; `None` when one can.
///
/// # Errors
/// When settings or ledger can't be read.
pub fn in_the_way(conn: &Connection, town: &Town, rig: &Rig, preset: &str) -> Result<Option<String>> {
    if let Some(why) = halt::in_the_way(conn, &rig.name)? {
        return Ok(Some(why));
    }
    let own = rig.settings()?;
    if own.docked {
        return Ok(Some(format!("{} is docked (gt rig undock {})", rig.name, rig.name)));
    }
    let settings = town.settings()?;
    let (all, here) = assignment::places_taken(conn, &rig.name)?;
    if all >= settings.max_agents {
        return Ok(Some(format!("{all} of {} agents run (max_agents)", settings.max_agents)));
    }
    if here >= own.max_polecats {
        return Ok(Some(format!("{here} of {} polecats of {} run (max_polecats)", own.max_polecats, rig.name)));
    }
    if let Some(most) = settings.limits.agents_by_runtime.get(preset) {
        let running = assignment::places_taken_by(conn, preset)?;
        if running >= *most {
            return Ok(Some(format!("{running} of {most} {preset} agents run (limits.agents_by_runtime)")));
        }
    }
    if settings.limits.hold_limited_runtimes
        && let Some(limit) = parking::of(conn, preset, Timestamp::now())?
    {
        let until = limit.until.hour_minute();
        return Ok(Some(format!(
            "{preset} takes no requests until {until}, as {} was told (limits.hold_limited_runtimes)",
            limit.agent
        )));
    }
    if started_too_fast(conn, settings.limits.starts_per_minute)? {
        let most = settings.limits.starts_per_minute;
        return Ok(Some(format!("{most} agents were started within a minute (limits.starts_per_minute)")));
    }
    short_of(town, &settings.limits)
}

fn started_too_fast(conn: &Connection, most: usize) -> Result<bool> {
    let Some(nth) = most.checked_sub(1) else { return Ok(false) };
    let mut statement = conn.prepare_cached(
        "SELECT ts FROM events WHERE kind = 'hook' AND seq > (SELECT max(seq) FROM events) - ?1 \
         ORDER BY seq DESC LIMIT 1 OFFSET ?2",
    )?;
    let nth = i64::try_from(nth).unwrap_or(i64::MAX);
    let at: Option<String> = statement.query_row([EVENTS, nth], |row| row.get(0)).optional()?;
    Ok(match at {
        Some(at) => at.parse::<Timestamp>()?.seconds_until(Timestamp::now()) < 60,
        None => false,
    })
}

fn short_of(town: &Town, limits: &Limits) -> Result<Option<String>> {
    if let Some(free) = os::available_memory().map(|bytes| bytes >> 20)
        && free < limits.free_memory_mb
    {
        return Ok(Some(format!("only {free} MB of memory are available (limits.free_memory_mb)")));
    }
    let free = os::free_space(&town.root)? >> 20;
    Ok((free < limits.free_disk_mb).then(|| format!("only {free} MB of disk are free (limits.free_disk_mb)")))
}
