//! All sessions of a town, living and ended, from their records.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::cast::{self, Recording};
use super::client::Client;
pub use super::freeze::{Stopped, freeze, is_frozen, thaw};
use super::holding::{self, Ask};
use super::place::{HOST_LOCK, Place};
use super::record::{Exit, LastScreen, SessionRecord};
use super::tree::{self, Processes, Wanted};
use super::wire::{ClientMsg, KillReport, ServerMsg};
use crate::base::lock::Lock;
use crate::base::{Error, Result, ResultExt, Timestamp, text};
use crate::town::{Address, Town};

/// How long processes have to end by themselves after SIGTERM.
pub(super) const GRACE: Duration = Duration::from_secs(2);
/// How long a host may take to write its record again.
const ANSWER: Duration = Duration::from_secs(5);

/// Every session's record, sorted by name; ended sessions included, broken records left out.
///
/// # Errors
/// When the directory of sessions can't be read.
pub fn list(town: &Town) -> Result<Vec<SessionRecord>> {
    let directory = town.sessions_dir();
    let entries = match std::fs::read_dir(&directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.with_context(|| format!("read {}", directory.display()))?,
    };
    let mut records: Vec<SessionRecord> =
        entries.flatten().filter_map(|entry| SessionRecord::read(&entry.path()).ok().flatten()).collect();
    records.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(records)
}

/// The record of the session called `name`; `None` when there never was one.
///
/// # Errors
/// When the record is broken.
pub fn find(town: &Town, name: &str) -> Result<Option<SessionRecord>> {
    SessionRecord::read(&town.sessions_dir().join(name))
}

/// Whether the session runs: its host is there and its program has not ended.
pub fn is_alive(record: &SessionRecord) -> bool {
    record.exit.is_none() && record.host_alive()
}

/// The recording of the session of `record`, its latest run.
///
/// # Errors
/// When it was not recorded.
pub fn recording(town: &Town, record: &SessionRecord) -> Result<Recording> {
    cast::of(record, &town.sessions_dir().join(&record.name))
}

/// All recordings of the session called `name`, the oldest first.
pub fn recordings(town: &Town, name: &str) -> Vec<Recording> {
    cast::list(&town.sessions_dir().join(name))
}

/// The screen the session called `name` ended with; `None` when it was not kept.
pub fn last_screen(town: &Town, name: &str) -> Option<LastScreen> {
    LastScreen::read(&town.sessions_dir().join(name))
}

/// Settles every session whose host died without ending it: ends what is left of its processes, records the end, removes its socket.
/// Returns the records settled.
///
/// # Errors
/// When the records can't be read or written.
pub fn sweep(town: &Town) -> Result<Vec<SessionRecord>> {
    let place = Place::of(town)?;
    let mut settled = Vec::new();
    for record in list(town)? {
        if let Some((record, _)) = settle(&place, &record.name, &[])? {
            settled.push(record);
        }
    }
    Ok(settled)
}

/// Has every host that listens, but of which no record is left, write its record again; returns how many did.
///
/// # Errors
/// When the socket directory can't be read.
pub fn recall(town: &Town) -> Result<usize> {
    let place = Place::of(town)?;
    let known: Vec<_> = list(town)?.into_iter().map(|record| record.socket).collect();
    let mut recalled = 0;
    for entry in std::fs::read_dir(&place.sockets).with_context(|| format!("read {}", place.sockets.display()))? {
        let socket = entry?.path();
        if socket.extension().is_none_or(|end| end != "sock") || known.contains(&socket) {
            continue;
        }
        let name = socket.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // A socket nobody listens on is of the dead, and whoever starts that session removes it.
        let answered = Client::connect_socket(&name, &socket).and_then(|mut client| {
            client.send(&ClientMsg::Recall)?;
            client.answer(ANSWER, |message| match message {
                ServerMsg::Status(_) => Some(()),
                _ => None,
            })
        });
        recalled += usize::from(answered.is_ok());
    }
    Ok(recalled)
}

/// Settles one session if its host is dead and its end not recorded; `None` when there was nothing to do. The processes in `spare` and
/// their ancestors are left alone.
pub(super) fn settle(place: &Place, name: &str, spare: &[i32]) -> Result<Option<(SessionRecord, KillReport)>> {
    let directory = place.directory(name);
    let orphan = || Ok::<_, Error>(SessionRecord::read(&directory)?.filter(SessionRecord::is_orphaned));
    // The daemon may hold its terminal, and give it another host.
    if orphan()?.is_none() || holding::ask(place, &Ask::Holds(name.to_owned())) {
        return Ok(None);
    }
    // A new host of that name, or somebody else who settles it: whoever has the lock has the say.
    let Some(_lock) = Lock::try_acquire(&directory.join(HOST_LOCK))? else { return Ok(None) };
    let Some(mut record) = orphan()? else { return Ok(None) };
    let report = end_leftovers(&record, spare);
    record.exit = Some(Exit { code: None, signal: None, at: Timestamp::now(), reason: Some("host lost".into()) });
    record.write(&directory)?;
    // A socket without a listener refuses every client; nobody misses it.
    let _ = std::fs::remove_file(&record.socket);
    Ok(Some((record, report)))
}

/// Ends the processes of a session without a host; the calling process and its ancestors are spared.
pub(super) fn end_leftovers(record: &SessionRecord, spare: &[i32]) -> KillReport {
    let mut spare = spare.to_vec();
    spare.push(std::process::id() as i32);
    let wanted =
        Wanted { host: None, child: (record.child_pid, record.child_start), mark: &record.mark, spare: &spare };
    let start = Instant::now();
    let mut seen: Vec<(i32, u64)> = Vec::new();
    let mut report = KillReport::default();
    let mut killed = false;
    let mut empty = false;
    loop {
        let left = Processes::now().of_session(&wanted);
        // Looking takes time in which a process may fork behind our back: one empty look is not enough.
        if left.is_empty() && empty {
            break;
        }
        empty = left.is_empty();
        let force = start.elapsed() >= GRACE;
        for process in &left {
            let known = seen.contains(&(process.pid, process.start));
            if !known {
                seen.push((process.pid, process.start));
            }
            if force {
                if !killed {
                    report.forced += 1;
                }
                tree::send(process, Signal::SIGKILL);
            } else if !known {
                tree::ask_to_end(process, record.child_pid);
            }
        }
        killed |= force;
        if start.elapsed() > GRACE * 5 {
            // What even SIGKILL does not end is stuck in the kernel; it carries nothing on.
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    report.ended = seen.len() as u32;
    report.already_gone = seen.is_empty();
    report
}

/// The session `who` means: a session's name, an agent's address, or the last part of an address when no other session shares it.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] when there is none, [`crate::base::Kind::Usage`] when there are several; both name what there is.
pub fn resolve(town: &Town, who: &str) -> Result<SessionRecord> {
    let all = list(town)?;
    let wanted = who.trim_end_matches('/');
    let as_session = wanted.parse::<Address>().ok().map(|address| address.session_name());
    let exact = all.iter().find(|record| {
        record.name == who
            || record.address.trim_end_matches('/') == wanted
            || as_session.as_deref() == Some(record.name.as_str())
    });
    if let Some(record) = exact {
        return Ok(record.clone());
    }
    let ends_so = |record: &&SessionRecord| {
        let address = record.address.trim_end_matches('/');
        match wanted.split_once('/') {
            // `rig/nux` leaves out the kind of agent.
            Some((rig, name)) => address.split('/').next() == Some(rig) && address.rsplit('/').next() == Some(name),
            None => address.rsplit('/').next() == Some(wanted),
        }
    };
    let mut found: Vec<&SessionRecord> = all.iter().filter(ends_so).collect();
    if found.len() > 1 {
        found.retain(|record| is_alive(record));
    }
    match found.as_slice() {
        [record] => Ok((*record).clone()),
        [] => {
            let names = all.iter().flat_map(|record| [record.name.as_str(), record.address.as_str()]);
            let error = Error::not_found(format!("no session of {who}"));
            Err(match text::nearest(who, names) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error.hint("gt session list"),
            })
        }
        several => {
            let names: Vec<&str> = several.iter().map(|record| record.address.as_str()).collect();
            Err(Error::usage(format!("{who} could be {}", names.join(", "))).hint("name one in full"))
        }
    }
}
