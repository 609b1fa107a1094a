//! Ends a session from outside its host.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::client::Client;
use super::holding::{self, Ask};
use super::place::Place;
use super::record::SessionRecord;
use super::registry;
use super::tree;
use super::wire::{ClientMsg, KillReport, ServerMsg};
use crate::base::{Kind, Result};
use crate::town::Town;

/// How long the host may take to end everything; far above what TERM, its grace and KILL need.
const ENDING: Duration = Duration::from_secs(30);

/// Ends the session called `name` and every process of it. The processes in `exclude` and their ancestors are spared until they have
/// ended by themselves; the host waits for them, not this call. A session that is gone already is success.
///
/// # Errors
/// When the record can't be read or written.
pub fn kill(town: &Town, name: &str, exclude: &[i32]) -> Result<KillReport> {
    let gone = KillReport { already_gone: true, ..KillReport::default() };
    let Some(record) = registry::find(town, name)? else { return Ok(gone) };
    if record.exit.is_some() {
        return Ok(gone);
    }
    let asked = Client::connect(town, name).and_then(|mut client| {
        client.send(&ClientMsg::Kill { exclude: exclude.to_vec() })?;
        let report = client.answer(ENDING, |message| match message {
            ServerMsg::Killed(report) => Some(report),
            _ => None,
        })?;
        if report.spared.is_empty() {
            wait_for_end(&mut client, &record);
        }
        Ok(report)
    });
    match asked {
        Ok(report) => Ok(report),
        Err(error) => without_host(town, &record, exclude, error.kind()),
    }
}

/// The host says goodbye by closing the connection, after the end is recorded.
fn wait_for_end(client: &mut Client, record: &SessionRecord) {
    let end = Instant::now() + ENDING;
    while Instant::now() < end && client.recv(Duration::from_secs(1)).is_ok() {}
    // Its last instructions take a moment more.
    while Instant::now() < end && record.host_alive() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The host is dead, or alive and deaf: it is ended first, so that it can't interfere, then what it leaves.
fn without_host(town: &Town, record: &SessionRecord, exclude: &[i32], asked: Kind) -> Result<KillReport> {
    let place = Place::of(town)?;
    if asked == Kind::NotFound {
        // It may be about to record its end.
        let end = Instant::now() + Duration::from_secs(2);
        while record.host_alive() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    if let Some(process) = tree::find(record.host_pid, record.host_start) {
        tree::send(&process, Signal::SIGKILL);
        let end = Instant::now() + Duration::from_secs(5);
        while record.host_alive() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    // What holds the terminal would give it another host.
    holding::ask(&place, &Ask::Release(record.name.clone()));
    let settled = registry::settle(&place, &record.name, exclude)?;
    Ok(settled.map_or(KillReport { already_gone: true, ..KillReport::default() }, |(_, report)| report))
}
