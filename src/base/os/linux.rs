//! Linux: `/proc`, signalfd, memfd.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};

use super::{Process, Task};
use crate::base::{Result, ResultExt};

pub(super) fn process(pid: i32) -> Option<Process> {
    parse(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// Parses `/proc/<pid>/stat`; the program's name in it may hold anything, parentheses and spaces included.
fn parse(pid: i32, stat: &[u8]) -> Option<Process> {
    let after_name = stat.iter().rposition(|b| *b == b')')? + 1;
    let rest = std::str::from_utf8(stat.get(after_name..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    let mut number = || fields.next()?.parse::<i64>().ok();
    let (parent, group, session) = (number()?, number()?, number()?);
    // In ticks since boot.
    let start = fields.nth(15)?.parse().ok()?;
    Some(Process {
        pid,
        parent: parent as i32,
        group: group as i32,
        session: session as i32,
        start,
        zombie: matches!(state, "Z" | "X" | "x"),
        stopped: state == "T",
    })
}

fn pids() -> impl Iterator<Item = i32> {
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

pub(super) fn processes() -> Vec<Process> {
    pids().filter_map(process).collect()
}

/// The environment the process `pid` was started with, each line ended by a zero; empty where it can't be read.
pub fn environment(pid: i32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/environ")).unwrap_or_default()
}

/// What the programs work on whose names begin with `prefix`.
pub(super) fn tasks(prefix: &str) -> Option<Vec<Task>> {
    let entries = fs::read_dir("/proc").ok()?;
    let found = entries.flatten().filter_map(|entry| {
        let path = entry.path();
        let named = fs::read_to_string(path.join("comm")).is_ok_and(|name| name.starts_with(prefix));
        named.then(|| Task {
            directory: fs::read_link(path.join("cwd")).ok(),
            arguments: fs::read(path.join("cmdline")).unwrap_or_default(),
        })
    });
    Some(found.collect())
}

/// How many threads this process has.
pub fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
}

/// The descriptors this process has open, and that of the listing itself.
pub fn descriptors() -> Vec<i32> {
    let number = |name: &OsStr| name.to_str()?.parse().ok();
    fs::read_dir("/proc/self/fd")
        .map(|entries| entries.flatten().filter_map(|entry| number(&entry.file_name())).collect())
        .unwrap_or_default()
}

/// Bytes of memory that can be had without swapping; `None` where the system does not say.
pub fn available_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// A file that is in no directory.
///
/// # Errors
/// When the system has none left.
pub fn memory_file() -> io::Result<File> {
    Ok(File::from(memfd_create(c"gt-session", MFdFlags::MFD_CLOEXEC)?))
}

/// Makes this process the parent of every descendant whose own parent ends.
///
/// # Errors
/// When the system refuses.
pub fn adopt_orphans() -> Result<()> {
    nix::sys::prctl::set_child_subreaper(true).context("become a subreaper")
}

/// How much sooner the kernel ends an agent's program than a host when memory runs out (`oom_score_adj`, proc(5)): as if it used a fifth
/// of all memory more.
const FIRST_TO_GO: i32 = 200;

fn oom_score(process: &str) -> Option<i32> {
    fs::read_to_string(format!("/proc/{process}/oom_score_adj")).ok()?.trim().parse().ok()
}

/// Makes the process `pid`, and what it will start, the first to go when memory runs out, unless it is already.
pub fn let_go_first(pid: i32) {
    if oom_score(&pid.to_string()).is_some_and(|score| score < FIRST_TO_GO) {
        // A system that forbids it forbids it for good.
        let _ = fs::write(format!("/proc/{pid}/oom_score_adj"), FIRST_TO_GO.to_string());
    }
}

/// Takes back for this process what it may have inherited from an agent that started it: being the first to go. What else is set for it
/// was set by others, and stays.
pub fn be_last_to_go() {
    if oom_score("self") == Some(FIRST_TO_GO) {
        let _ = fs::write("/proc/self/oom_score_adj", "0");
    }
}

pub(super) fn peer(stream: &UnixStream) -> nix::Result<(u32, i32)> {
    getsockopt(stream, PeerCredentials).map(|peer| (peer.uid(), peer.pid()))
}

/// Signals as a descriptor that can be waited for.
#[derive(Debug)]
pub struct Signals(SignalFd);

impl Signals {
    pub(super) fn of(set: &SigSet) -> nix::Result<Self> {
        SignalFd::with_flags(set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).map(Signals)
    }

    /// The next one that has come; does not wait.
    pub fn next(&self) -> Option<Signal> {
        let info = self.0.read_signal().ok()??;
        Signal::try_from(info.ssi_signo.cast_signed()).ok()
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_parentheses_are_read() {
        let stat = b"42 (a) b (c) S 7 8 9 34816 42 4194304 1 0 0 0 0 0 0 0 20 0 1 0 12345 0 0";
        let process = parse(42, stat).unwrap();
        assert_eq!((process.parent, process.group, process.session, process.start), (7, 8, 9, 12345));
        assert!(!process.zombie);
    }
}
