//! Ending a session: every process of it, deepest first, TERM then KILL, whoever is spared last.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::session::registry::GRACE;
use crate::session::tree::{self, Processes, Wanted};
use crate::session::wire::KillReport;

/// How often the tree is looked at anew while it ends.
const STEP: Duration = Duration::from_millis(20);
/// How long the host waits for those it spares; one that hangs must not keep a dead session alive for ever.
const SPARED: Duration = Duration::from_secs(300);

/// An end under way.
pub(super) struct Ending {
    mark: String,
    host: i32,
    child: (i32, u64),
    /// The processes to wait for, themselves and their ancestors untouched.
    spare: Vec<(i32, u64)>,
    since: Instant,
    /// When those left after the others were first seen; they get a grace of their own.
    round: Instant,
    signalled: Vec<(i32, u64)>,
    forced: Vec<(i32, u64)>,
    /// Clients that wait for the report.
    askers: Vec<u64>,
    next: Instant,
    /// The last look found nothing left.
    empty: bool,
}

/// How far an end has come.
pub(super) enum Progress {
    /// Some are left.
    Going,
    /// Only spared ones are left.
    Spared,
    /// None is left.
    Over,
}

impl Ending {
    pub fn new(host: i32, child: (i32, u64), mark: &str, now: Instant) -> Ending {
        Ending {
            mark: mark.to_owned(),
            host,
            child,
            spare: Vec::new(),
            since: now,
            round: now,
            signalled: Vec::new(),
            forced: Vec::new(),
            askers: Vec::new(),
            next: now,
            empty: false,
        }
    }

    /// Adds one who asks for the end, and the processes spared for it.
    pub fn ask(&mut self, client: u64, spare: &[(i32, u64)], now: Instant) {
        self.askers.push(client);
        for process in spare {
            if !self.spare.contains(process) {
                self.spare.push(*process);
            }
        }
        self.next = now;
    }

    /// When to look again.
    pub fn deadline(&self) -> Instant {
        self.next
    }

    /// Something may have ended: look at once.
    pub fn hurry(&mut self, now: Instant) {
        self.next = now;
    }

    /// Looks at what is left and signals it.
    pub fn step(&mut self, now: Instant) -> Progress {
        if now < self.next {
            return Progress::Going;
        }
        self.next = now + STEP;
        if now.saturating_duration_since(self.since) > SPARED {
            self.spare.clear();
        }
        let before = self.spare.len();
        self.spare.retain(|(pid, start)| tree::alive(*pid, *start));
        if self.spare.len() < before {
            self.round = now;
        }
        let spare: Vec<i32> = self.spare.iter().map(|(pid, _)| *pid).collect();
        let wanted = Wanted { host: Some(self.host), child: self.child, mark: &self.mark, spare: &spare };
        let left = Processes::now().of_session(&wanted);
        // Looking takes time in which a process may fork behind our back: one empty look is not enough.
        let twice = std::mem::replace(&mut self.empty, left.is_empty());
        if left.is_empty() {
            return match (twice, self.spare.is_empty()) {
                (false, _) => Progress::Going,
                (true, true) => Progress::Over,
                (true, false) => Progress::Spared,
            };
        }
        let force = now.saturating_duration_since(self.round) >= GRACE;
        for process in &left {
            let name = (process.pid, process.start);
            if force {
                if tree::send(process, Signal::SIGKILL) && !self.forced.contains(&name) {
                    self.forced.push(name);
                }
            } else if !self.signalled.contains(&name) {
                tree::ask_to_end(process, self.child.0);
            }
            if !self.signalled.contains(&name) {
                self.signalled.push(name);
            }
        }
        Progress::Going
    }

    /// The report so far, and who waits for it.
    pub fn report(&mut self) -> (Vec<u64>, KillReport) {
        let report = KillReport {
            already_gone: false,
            ended: self.signalled.len() as u32,
            forced: self.forced.len() as u32,
            spared: self.spare.iter().map(|(pid, _)| *pid).collect(),
        };
        (std::mem::take(&mut self.askers), report)
    }
}
