//! macOS: kqueue for signals, the peer's credentials from the socket, processes by way of `sysinfo`.
//!
//! Less than on Linux: nobody but `launchd` takes over orphans, so that what an agent's program left behind is found by the mark in its
//! environment and by its process session alone; and the environment of programs that the system protects can't be read.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;

use nix::sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::socket::{getsockopt, sockopt};
use nix::unistd::{Pid, getpgid, getsid};
use sysinfo::{Pid as Number, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System, UpdateKind};

use super::{Process, Task};
use crate::base::Result;

fn look(which: ProcessesToUpdate<'_>, what: ProcessRefreshKind) -> System {
    let mut system = System::new();
    system.refresh_processes_specifics(which, true, what);
    system
}

fn number(pid: i32) -> Number {
    Number::from_u32(pid.cast_unsigned())
}

fn told(found: &sysinfo::Process) -> Process {
    let pid = found.pid().as_u32().cast_signed();
    let id = |answer: nix::Result<Pid>| answer.map_or(0, Pid::as_raw);
    Process {
        pid,
        parent: found.parent().map_or(0, |parent| parent.as_u32().cast_signed()),
        group: id(getpgid(Some(Pid::from_raw(pid)))),
        session: id(getsid(Some(Pid::from_raw(pid)))),
        // In seconds since 1970: pids go round far more slowly.
        start: found.start_time(),
        zombie: matches!(found.status(), ProcessStatus::Zombie | ProcessStatus::Dead),
        stopped: found.status() == ProcessStatus::Stop,
    }
}

pub(super) fn process(pid: i32) -> Option<Process> {
    let pid = number(pid);
    look(ProcessesToUpdate::Some(&[pid]), ProcessRefreshKind::nothing()).process(pid).map(told)
}

pub(super) fn processes() -> Vec<Process> {
    look(ProcessesToUpdate::All, ProcessRefreshKind::nothing()).processes().values().map(told).collect()
}

fn lines(words: &[std::ffi::OsString]) -> Vec<u8> {
    words.iter().flat_map(|word| word.as_bytes().iter().copied().chain([0])).collect()
}

/// The environment the process `pid` was started with, each line ended by a zero; empty where it can't be read.
pub fn environment(pid: i32) -> Vec<u8> {
    let pid = number(pid);
    let system = look(ProcessesToUpdate::Some(&[pid]), ProcessRefreshKind::nothing().with_environ(UpdateKind::Always));
    system.process(pid).map(|found| lines(found.environ())).unwrap_or_default()
}

/// What the programs work on whose names begin with `prefix`.
pub(super) fn tasks(prefix: &str) -> Option<Vec<Task>> {
    let what = ProcessRefreshKind::nothing().with_cmd(UpdateKind::Always).with_cwd(UpdateKind::Always);
    let system = look(ProcessesToUpdate::All, what);
    let named = |name: &OsStr| name.as_bytes().starts_with(prefix.as_bytes());
    let found = system.processes().values().filter(|found| named(found.name()));
    Some(found.map(|found| Task { directory: found.cwd().map(Into::into), arguments: lines(found.cmd()) }).collect())
}

/// How many threads this process has; the system is not asked, so that it is one.
pub fn threads() -> usize {
    1
}

/// The descriptors this process has open, and that of the listing itself.
pub fn descriptors() -> Vec<i32> {
    let number = |name: &OsStr| name.to_str()?.parse().ok();
    std::fs::read_dir("/dev/fd")
        .map(|entries| entries.flatten().filter_map(|entry| number(&entry.file_name())).collect())
        .unwrap_or_default()
}

/// Bytes of memory that can be had without swapping; `None` where the system does not say.
pub fn available_memory() -> Option<u64> {
    let mut system = System::new();
    system.refresh_memory();
    Some(system.available_memory()).filter(|bytes| *bytes > 0)
}

/// A file that is in no directory.
///
/// # Errors
/// When the system has no place for it.
pub fn memory_file() -> io::Result<File> {
    tempfile::tempfile()
}

/// Nothing here: orphans go to `launchd`.
///
/// # Errors
/// Never.
pub fn adopt_orphans() -> Result<()> {
    Ok(())
}

/// Nothing here: the system does not let itself be told who goes first.
pub fn let_go_first(_pid: i32) {}

/// Nothing here either.
pub fn be_last_to_go() {}

pub(super) fn peer(stream: &UnixStream) -> nix::Result<(u32, i32)> {
    let who = getsockopt(stream, sockopt::LocalPeerCred)?;
    Ok((who.uid(), getsockopt(stream, sockopt::LocalPeerPid)?))
}

/// Signals as a descriptor that can be waited for.
#[derive(Debug)]
pub struct Signals(Kqueue);

impl Signals {
    pub(super) fn of(set: &SigSet) -> nix::Result<Self> {
        let queue = Kqueue::new()?;
        let wanted: Vec<KEvent> = set
            .iter()
            .map(|signal| event(signal as usize, EventFilter::EVFILT_SIGNAL, EvFlags::EV_ADD, FilterFlag::empty()))
            .collect();
        queue.kevent(&wanted, &mut [], Some(NOW))?;
        Ok(Signals(queue))
    }

    /// The next one that has come; does not wait.
    pub fn next(&self) -> Option<Signal> {
        let mut found = [event(0, EventFilter::EVFILT_SIGNAL, EvFlags::empty(), FilterFlag::empty())];
        let count = self.0.kevent(&[], &mut found, Some(NOW)).ok()?;
        if count == 0 {
            return None;
        }
        i32::try_from(found[0].ident()).ok().and_then(|number| Signal::try_from(number).ok())
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

const NOW: nix::libc::timespec = nix::libc::timespec { tv_sec: 0, tv_nsec: 0 };

fn event(ident: usize, filter: EventFilter, flags: EvFlags, wanted: FilterFlag) -> KEvent {
    KEvent::new(ident, filter, flags, wanted, 0, 0)
}
