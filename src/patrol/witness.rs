//! The witness: starts agents again whose sessions died with work on their hook, stops when that does not help, and clears up after
//! those that are finished.

use std::time::Duration;

use serde_json::json;

use super::pulse::Pulse;
use crate::base::text::neutralise;
use crate::base::{Result, ResultExt, Timestamp, files};
use crate::ledger::{Patch, Status};
use crate::repo::{Bare, Worktree};
use crate::runtime::screen::Rules;
use crate::runtime::{self, AgentState, Preset, limits};
use crate::session::{self, SessionRecord, registry};
use crate::town::{Address, Severity, Town};
use crate::work::assignment::{self, Assignment, State};
use crate::work::hook_care;
use crate::work::parking::{self, Limit};
use crate::work::queue::{self, STUCK_MARK};
use crate::work::{Desk, archive, escalation, halt, handoff, hook, journal, spawn, start};

/// How often it looks while agents work.
const ROUND: Duration = Duration::from_secs(1);
/// How often it looks when there is nothing to watch.
const REST: Duration = Duration::from_secs(15);
/// How many restarts within [`LOOP_SECONDS`] are a crash loop.
const MOST_RESTARTS: usize = 5;
/// The time in which restarts are counted.
const LOOP_SECONDS: i64 = 15 * 60;
/// How long restarts are remembered; seconds.
const REMEMBERED: i64 = 7 * 24 * 3600;
/// How many lines of a dead session's last screen are told.
const LAST_LINES: usize = 12;

/// Watches until it is time to end.
///
/// # Errors
/// When the ledger or the sessions can't be read; the caller tries again later.
pub fn run(town: &Town, pulse: &Pulse) -> Result<()> {
    let mut desk = Desk::of(town.clone())?;
    let mut seen = 0;
    loop {
        for record in registry::sweep(town)? {
            tracing::warn!(session = record.name, "its host was gone; what was left of it is ended");
        }
        let active = assignment::in_states(desk.ledger.conn(), &[State::Active])?;
        // What stands still is nobody's to start again or to end.
        let frozen = halt::frozen(desk.ledger.conn())?.is_some();
        for row in active.iter().filter(|_| !frozen) {
            if let Err(error) = look_after(&mut desk, row) {
                tracing::error!(bead = row.bead, agent = row.agent, %error, "witness");
            }
        }
        let finished = clear_up(&mut desk)?;
        // Beats come with every change of the ledger, which is oftener than sessions die.
        let pause = if active.is_empty() && !finished { REST } else { ROUND };
        if active.is_empty() {
            if !pulse.wait(&mut seen, pause) {
                return Ok(());
            }
        } else if !pulse.rest(pause) {
            return Ok(());
        }
    }
}

fn restarts_key(bead: &str) -> String {
    format!("restarts.{bead}")
}

/// When the agent on `bead` was started again, as Unix seconds.
fn restarts(desk: &Desk, bead: &str, now: i64) -> Result<Vec<i64>> {
    let all: Vec<i64> =
        desk.ledger.kv(&restarts_key(bead))?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    Ok(all.into_iter().filter(|at| now - at < REMEMBERED).collect())
}

/// Seconds to wait before the restart after `count` others: at once, then 1, 2, 4, 8, ...
fn backoff(count: usize) -> i64 {
    if count == 0 { 0 } else { 1 << (count - 1).min(9) }
}

fn look_after(desk: &mut Desk, row: &Assignment) -> Result<()> {
    let address: Address = row.agent.parse()?;
    // A crew member's session is a person's own affair, and so is a runtime that a person starts.
    if !matches!(address, Address::Polecat { .. }) || row.session.is_empty() {
        return Ok(());
    }
    // Its next session is being started by the one that handed over.
    if handoff::under_way(&desk.town, &address.session_name()) {
        return Ok(());
    }
    let record = registry::find(&desk.town, &address.session_name())?;
    // One without an end either runs or is being given another host.
    if let Some(record) = record.as_ref().filter(|record| record.exit.is_none()) {
        // Nobody can work in a directory that is gone: the session ends, and the next look makes both again.
        let gone = !std::path::Path::new(&row.hook).join(".git").exists();
        if gone && registry::is_alive(record) && is_settled(desk, row)? {
            tracing::warn!(agent = row.agent, worktree = row.hook, "its worktree is gone; ending its session");
            session::kill(&desk.town, &address.session_name(), &[])?;
        }
        return Ok(());
    }
    // It may have handed in its work between the two looks.
    if !is_settled(desk, row)? {
        return Ok(());
    }
    let now = Timestamp::now().unix_seconds();
    let mut all = restarts(desk, &row.bead, now)?;
    let recent = all.iter().filter(|at| now - **at < LOOP_SECONDS).count();
    let exit = record.as_ref().and_then(|record| record.exit.as_ref());
    let how = exit.map_or_else(|| "gone".to_owned(), session::Exit::words);
    let screen = last_lines(&desk.town, &address.session_name());
    if recent >= MOST_RESTARTS {
        let why = format!("its session died {MOST_RESTARTS} times in {} minutes, at last: {how}", LOOP_SECONDS / 60);
        return give_up(desk, row, &why, &screen);
    }
    let most = desk.town.settings()?.limits.restarts_per_bead;
    if all.len() >= most {
        let why = format!("its session died {most} times (limits.restarts_per_bead), at last: {how}");
        return give_up(desk, row, &why, &screen);
    }
    if all.last().is_some_and(|last| now - last < backoff(recent)) || is_limited(desk, row, record.as_ref(), &screen)? {
        return Ok(());
    }
    all.push(now);
    let value = serde_json::to_string(&all)?;
    let data = json!({
        "agent": row.agent,
        "how": how,
        "code": exit.and_then(|exit| exit.code),
        "signal": exit.and_then(|exit| exit.signal),
        "screen": screen,
        "restarts": recent + 1,
    });
    desk.ledger.write("deacon", |tx| {
        tx.set_kv(&restarts_key(&row.bead), Some(&value))?;
        tx.event("session_death", Some(&row.bead), data.clone()).map(|_| ())
    })?;
    tracing::info!(bead = row.bead, agent = row.agent, how, "its session died; starting it again");
    restart(desk, row, &address)
}

/// The last lines that a session which is over had on its screen, fit to be shown.
fn last_lines(town: &Town, session: &str) -> Vec<String> {
    let Some(last) = registry::last_screen(town, session) else { return Vec::new() };
    let mut lines: Vec<String> =
        last.screen.lines.iter().map(|line| neutralise(line.text().trim_end(), true).into_owned()).collect();
    lines.retain(|line| !line.is_empty());
    lines.split_off(lines.len().saturating_sub(LAST_LINES))
}

/// Whether the agent's provider takes no requests now: starting it again would be in vain. What a runtime that ended over it said at
/// last is noted for all on the same runtime.
fn is_limited(desk: &mut Desk, row: &Assignment, record: Option<&SessionRecord>, screen: &[String]) -> Result<bool> {
    let preset = record.map_or(row.preset.as_str(), |record| record.preset.as_str()).to_owned();
    let now = Timestamp::now();
    if parking::of(desk.ledger.conn(), &preset, now)?.is_some() {
        return Ok(true);
    }
    let at = record.and_then(|record| record.exit.as_ref()).map_or(now, |exit| exit.at);
    let rig = desk.town.rig(&row.rig).ok();
    let known = runtime::preset(&desk.town, rig.as_ref(), "", Some(&preset))
        .unwrap_or_else(|_| Preset { name: preset.clone(), ..Preset::default() });
    let seen = Rules::of(&desk.town)?.read_of(&known, screen).filter(|seen| seen.state == AgentState::RateLimited);
    let Some((words, until)) = seen.and_then(|seen| Some((seen.detail.clone(), limits::until(&seen.detail, at)?)))
    else {
        return Ok(false);
    };
    if until <= now {
        return Ok(false);
    }
    tracing::warn!(agent = row.agent, preset, %until, words, "it ended over a limit of its provider's; parked until then");
    let limit = Limit { agent: row.agent.clone(), until, words };
    desk.ledger.write("deacon", |tx| parking::park(tx, &preset, &row.bead, &limit))?;
    Ok(true)
}

/// Whether the row is as it is in the ledger, and nobody is just starting its agent.
fn is_settled(desk: &Desk, row: &Assignment) -> Result<bool> {
    let conn = desk.ledger.conn();
    Ok(journal::of_subject(conn, spawn::OP, &row.bead)?.is_none()
        && assignment::find(conn, &row.bead)?.is_some_and(|now| now == *row))
}

fn restart(desk: &mut Desk, row: &Assignment, address: &Address) -> Result<()> {
    let rig = desk.town.rig(&row.rig)?;
    let bead = desk.ledger.get(&row.bead)?;
    let preset = start::preset(desk, &rig, &address.role().to_string(), &row.preset)?;
    let path = std::path::Path::new(&row.hook);
    if !path.join(".git").exists() {
        put_aside(&desk.town, path, &address.session_name())?;
        let bare = Bare::open(&rig.bare_repo())?;
        bare.prune_worktrees()?;
        let worktree = bare.add_worktree_on(path, &row.branch)?;
        hook_care::fill(&bare, &worktree, &row.agent)?;
        if let Some(hook) = hook::find(desk.ledger.conn(), &row.agent)? {
            hook::write_record(&hook)?;
        }
        tracing::warn!(agent = row.agent, worktree = row.hook, "its worktree was gone; made again from its branch");
    }
    let record = start::start(desk, address, &preset, &bead, path, true)?;
    desk.ledger.write("deacon", |tx| {
        let payload = json!({"agent": row.agent, "session": record.name, "restart": true});
        tx.event("session_start", Some(&row.bead), payload).map(|_| ())
    })
}

/// Makes way for a worktree: what is left of the one that was there is kept.
fn put_aside(town: &Town, path: &std::path::Path, session: &str) -> Result<()> {
    if !path.exists() || std::fs::remove_dir(path).is_ok() {
        return Ok(());
    }
    let rescued = town.runtime_dir().join("rescued");
    files::make_dirs(&rescued, 0o700)?;
    let to = rescued.join(format!("{session}-{}", Timestamp::now().unix_nanos()));
    std::fs::rename(path, &to).with_context(|| format!("put {} aside", path.display()))?;
    tracing::warn!(from = %path.display(), to = %to.display(), "what was left of a worktree is kept there");
    Ok(())
}

/// A crash loop ends here: the bead is open again and marked, nothing is lost, and it is escalated once.
fn give_up(desk: &mut Desk, row: &Assignment, why: &str, screen: &[String]) -> Result<()> {
    tracing::warn!(bead = row.bead, agent = row.agent, why, "given up");
    if let Ok(worktree) = Worktree::open(row.hook.as_ref()) {
        worktree.snapshot(&row.agent, "crash loop")?;
    }
    let filed = desk.ledger.write(&format!("{}/witness", row.rig), |tx| {
        if assignment::find(tx.conn(), &row.bead)?.is_none_or(|now| now != *row) {
            return Ok(None);
        }
        assignment::set_state(tx, &row.bead, State::Failed, why)?;
        let patch = Patch { status: Some(Status::Open), assignee: Some(String::new()), ..Patch::default() };
        let bead = tx.update(&row.bead, &patch)?;
        tx.add_label(&row.bead, STUCK_MARK)?;
        hook::set_state(tx, &row.agent, hook::State::Suspended)?;
        tx.set_kv(&restarts_key(&row.bead), None)?;
        let shown: String = screen.iter().map(|line| format!("\n  {line}")).collect();
        let shown = if shown.is_empty() { shown } else { format!("\n\nIts last screen:\n{shown}") };
        let reason = format!(
            "{} on {} {}: {why}.\n\nWorktree and branch {} are as it left them. gt peek {} shows its last screen; \
             gt sling {} {} lets it go on there.{shown}",
            row.agent, bead.id, bead.title, row.branch, row.session, bead.id, row.agent
        );
        let new = escalation::New {
            title: format!("Stuck: {} {}", bead.id, bead.title),
            reason,
            severity: Severity::High,
            source: "witness".into(),
            related: bead.id,
        };
        escalation::file(tx, &new).map(Some)
    })?;
    escalation::tell_filed(desk, filed);
    Ok(())
}

/// Ends sessions that linger after their work was handed in, and archives hooks whose work is merged. True while there is more of
/// that to come.
fn clear_up(desk: &mut Desk) -> Result<bool> {
    let mut more = false;
    let now = Timestamp::now();
    for place in hook::list(desk.ledger.conn(), false)? {
        let Ok(address) = place.agent.parse::<Address>() else { continue };
        if !matches!(address, Address::Polecat { .. }) {
            continue;
        }
        // Work that came back and was done by another agent meanwhile.
        if place.state == hook::State::Suspended
            && desk.ledger.find(&place.bead)?.is_some_and(|bead| bead.status.is_done())
            && let Err(error) = archive::archive(desk, &place.agent)
        {
            tracing::warn!(agent = place.agent, %error, "archive");
        }
        if place.state != hook::State::Completed {
            continue;
        }
        let name = address.session_name();
        let alive = registry::find(&desk.town, &name)?.is_some_and(|record| registry::is_alive(&record));
        if alive {
            more = true;
            if place.updated_at.seconds_until(now) >= desk.town.settings()?.witness.linger_seconds {
                tracing::info!(session = name, "it handed in its work and lingers; ending it");
                session::kill(&desk.town, &name, &[])?;
            }
            continue;
        }
        let requests = queue::of_source(desk.ledger.conn(), &place.bead)?;
        let merged =
            requests.iter().any(|request| request.branch == place.branch && request.state == queue::State::Merged);
        if merged && let Err(error) = archive::archive(desk, &place.agent) {
            tracing::warn!(agent = place.agent, %error, "archive");
        }
    }
    Ok(more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_come_ever_more_slowly() {
        let pauses: Vec<i64> = (0..5).map(backoff).collect();
        assert_eq!(pauses, [0, 1, 2, 4, 8]);
    }
}
