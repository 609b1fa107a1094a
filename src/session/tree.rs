//! The processes of a session: found by parenthood, by the mark in their environment and by the terminal's own process session; named
//! by pid and start time together, since pids come again.

use std::collections::{HashMap, HashSet};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::start::{DETACHED_ENV, SESSION_ID_ENV};
pub(super) use crate::base::os::Process as Proc;
use crate::base::os::environment;

/// All processes at one moment.
#[derive(Debug, Default)]
pub(super) struct Processes(HashMap<i32, Proc>);

/// Whether the process `pid` that started at `start` is alive; a zombie is not.
pub(super) fn alive(pid: i32, start: u64) -> bool {
    find(pid, start).is_some()
}

/// When `pid` started, a zombie too; `None` when there is no such process.
pub(super) fn start_time(pid: i32) -> Option<u64> {
    Proc::find(pid).map(|process| process.start)
}

/// The process `pid` if it started at `start` and is alive.
pub(super) fn find(pid: i32, start: u64) -> Option<Proc> {
    Proc::find(pid).filter(|process| process.start == start && !process.zombie)
}

impl Processes {
    /// Takes a snapshot.
    pub fn now() -> Self {
        Processes(Proc::all().into_iter().map(|process| (process.pid, process)).collect())
    }

    /// `pid` and everything above it.
    fn with_ancestors(&self, pid: i32) -> Vec<i32> {
        let mut found = Vec::new();
        let mut at = pid;
        while at > 1 && !found.contains(&at) {
            found.push(at);
            match self.0.get(&at) {
                Some(process) => at = process.parent,
                None => break,
            }
        }
        found
    }

    fn depth(&self, pid: i32) -> usize {
        self.with_ancestors(pid).len()
    }

    fn is_descendant(&self, pid: i32, of: i32) -> bool {
        pid != of && self.with_ancestors(pid).contains(&of)
    }

    /// The processes that belong to a session, deepest first: descendants of its host, of its program and of every process that carries
    /// its mark, and what shares the program's process session or group. Other hosts and daemons that were started from inside the
    /// session are no part of it, nor is what they started.
    pub fn of_session(&self, wanted: &Wanted<'_>) -> Vec<Proc> {
        let child = self.0.get(&wanted.child.0).filter(|process| process.start == wanted.child.1);
        let mark = format!("{SESSION_ID_ENV}={}", wanted.mark);
        let mut roots: HashSet<i32> = child.map(|process| process.pid).into_iter().collect();
        let mut detached: HashSet<i32> = HashSet::new();
        for process in self.0.values() {
            if Some(process.pid) == wanted.host || process.zombie {
                continue;
            }
            let environment = Environment::read(process.pid);
            if environment.has_key(DETACHED_ENV) {
                detached.insert(process.pid);
            } else if environment.has(&mark)
                || child.is_some_and(|child| process.session == child.pid || process.group == child.pid)
            {
                roots.insert(process.pid);
            }
        }
        let mut spared: HashSet<i32> = HashSet::new();
        for pid in wanted.spare {
            spared.extend(self.with_ancestors(*pid));
        }
        let mut members: Vec<Proc> = self
            .0
            .values()
            .filter(|process| !process.zombie && Some(process.pid) != wanted.host && !spared.contains(&process.pid))
            .filter(|process| {
                // The nearest of these above a process decides whose it is.
                for pid in self.with_ancestors(process.pid) {
                    if roots.contains(&pid) || Some(pid) == wanted.host {
                        return true;
                    }
                    if detached.contains(&pid) {
                        return false;
                    }
                }
                false
            })
            .copied()
            .collect();
        members.sort_by_key(|process| (std::cmp::Reverse(self.depth(process.pid)), process.pid));
        members
    }

    /// Those of `pids` that are alive descendants of `host`, with their start times.
    pub fn descendants_among(&self, pids: &[i32], host: i32) -> Vec<(i32, u64)> {
        pids.iter()
            .filter(|pid| self.is_descendant(**pid, host))
            .filter_map(|pid| {
                self.0.get(pid).filter(|process| !process.zombie).map(|process| (process.pid, process.start))
            })
            .collect()
    }
}

/// Whose processes are asked for.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    /// The host, when it is alive; it is not part of the answer.
    pub host: Option<i32>,
    /// The program with its start time.
    pub child: (i32, u64),
    /// The value of the session's mark.
    pub mark: &'a str,
    /// Processes that are left out together with their ancestors.
    pub spare: &'a [i32],
}

/// The environment a process was started with.
struct Environment(Vec<u8>);

impl Environment {
    fn read(pid: i32) -> Self {
        Environment(environment(pid))
    }

    fn has(&self, entry: &str) -> bool {
        self.0.split(|b| *b == 0).any(|line| line == entry.as_bytes())
    }

    fn has_key(&self, key: &str) -> bool {
        self.0
            .split(|b| *b == 0)
            .any(|line| line.strip_prefix(key.as_bytes()).is_some_and(|rest| rest.starts_with(b"=")))
    }
}

/// Sends `signal` to a process if it is still the one meant. Returns whether it was there.
pub(super) fn send(process: &Proc, signal: Signal) -> bool {
    // Checked again at the last moment: the pid may have come again since the snapshot.
    start_time(process.pid) == Some(process.start) && kill(Pid::from_raw(process.pid), signal).is_ok()
}

/// Asks a process to end: SIGTERM, and on the terminal of `child` SIGHUP before it, as when a terminal closes (interactive shells heed
/// nothing else).
pub(super) fn ask_to_end(process: &Proc, child: i32) {
    if process.session == child {
        send(process, Signal::SIGHUP);
    }
    send(process, Signal::SIGTERM);
    // A stopped process takes no signal before it goes on.
    send(process, Signal::SIGCONT);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_named_by_its_start() {
        let pid = std::process::id() as i32;
        let start = start_time(pid).unwrap();
        assert!(alive(pid, start));
        assert!(!alive(pid, start + 1));
        assert!(!alive(0, 0));
    }

    fn table(rows: &[(i32, i32, i32)]) -> Processes {
        let process = |&(pid, parent, session): &(i32, i32, i32)| {
            (pid, Proc { pid, parent, group: session, session, start: 1, zombie: false, stopped: false })
        };
        Processes(rows.iter().map(process).collect())
    }

    #[test]
    fn selection_by_parents_session_and_exclusion() {
        // Pids far above what the kernel gives out: their environments can't be read.
        let base = 2_000_000_000;
        let id = |n: i32| base + n;
        let all = table(&[
            (id(1), 1, id(1)),     // the host
            (id(2), id(1), id(2)), // the program
            (id(3), id(2), id(2)), // its child
            (id(4), id(1), id(4)), // a daemonised process, reparented to the host
            (id(5), id(3), id(2)), // a grandchild
            (id(6), 1, id(6)),     // someone else's
        ]);
        let pick = |spare: &[i32]| {
            let wanted = Wanted { host: Some(id(1)), child: (id(2), 1), mark: "none", spare };
            all.of_session(&wanted).iter().map(|p| p.pid - base).collect::<Vec<_>>()
        };
        assert_eq!(pick(&[]), [5, 3, 2, 4], "deepest first");
        assert_eq!(pick(&[id(3)]), [5, 4], "the asker and its ancestors are spared, not its children");
        let gone = Wanted { host: None, child: (id(2), 1), mark: "none", spare: &[] };
        assert_eq!(all.of_session(&gone).iter().map(|p| p.pid - base).collect::<Vec<_>>(), [5, 3, 2]);
        let reused = Wanted { host: None, child: (id(2), 77), mark: "none", spare: &[] };
        assert!(all.of_session(&reused).is_empty(), "another process with the same pid is not ours");
    }
}
