//! Stopping every process of every session where it is, and letting them go on.

use nix::sys::signal::Signal;

use super::record::SessionRecord;
use super::registry::{is_alive, list};
use super::tree::{self, Processes, Wanted};
use crate::base::Result;
use crate::town::Town;

/// How often the processes are looked at again: one that forks just then leaves a child behind its parent.
const LOOKS: usize = 5;

/// What was stopped or set going.
#[derive(Debug, Default)]
pub struct Stopped {
    /// The sessions.
    pub sessions: Vec<String>,
    /// How many processes.
    pub processes: usize,
}

/// Sends SIGSTOP to every process of every session, parents first, so that no shell sees its child stop. The hosts, which only
/// show the terminals, and the calling process stay awake.
///
/// # Errors
/// When the records can't be read.
pub fn freeze(town: &Town) -> Result<Stopped> {
    signal(town, Signal::SIGSTOP)
}

/// Sends SIGCONT to every process of every session, children first.
///
/// # Errors
/// When the records can't be read.
pub fn thaw(town: &Town) -> Result<Stopped> {
    signal(town, Signal::SIGCONT)
}

fn signal(town: &Town, signal: Signal) -> Result<Stopped> {
    let records: Vec<SessionRecord> = list(town)?.into_iter().filter(is_alive).collect();
    let spare = [std::process::id().cast_signed()];
    let mut seen: Vec<(i32, u64)> = Vec::new();
    for _ in 0..LOOKS {
        let before = seen.len();
        let all = Processes::now();
        for record in &records {
            let wanted = Wanted {
                host: Some(record.host_pid),
                child: (record.child_pid, record.child_start),
                mark: &record.mark,
                spare: &spare,
            };
            let mut members = all.of_session(&wanted);
            if signal == Signal::SIGSTOP {
                members.reverse();
            }
            for process in members {
                let name = (process.pid, process.start);
                if !seen.contains(&name) && tree::send(&process, signal) {
                    seen.push(name);
                }
            }
        }
        if seen.len() == before {
            break;
        }
    }
    Ok(Stopped { sessions: records.into_iter().map(|record| record.name).collect(), processes: seen.len() })
}

/// Whether the session's program stands still.
pub fn is_frozen(record: &SessionRecord) -> bool {
    is_alive(record) && tree::find(record.child_pid, record.child_start).is_some_and(|process| process.stopped)
}
