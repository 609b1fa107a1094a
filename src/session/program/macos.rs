//! macOS: a kqueue hears of the end. It can't be sent over a socket, so that who is given a program watches it by its pid; how it ended
//! the system tells its parent only.

use std::os::fd::OwnedFd;

use nix::libc::timespec;
use nix::sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};

use crate::base::{Error, Result, ResultExt};

/// What stands for the program on a socket.
///
/// # Errors
/// When there is no descriptor left.
pub(in crate::session) fn to_give(_pid: i32) -> Result<OwnedFd> {
    std::fs::File::open("/dev/null").map(OwnedFd::from).context("open /dev/null")
}

/// The same for the program that this process becomes.
///
/// # Errors
/// When there is no descriptor left.
pub(in crate::session) fn to_pass(_program: &OwnedFd) -> Result<OwnedFd> {
    to_give(0)
}

/// The program `pid` as it can be waited for, from what came over a socket or from an earlier self.
///
/// # Errors
/// When there is no such program.
pub(in crate::session) fn given(_sent: OwnedFd, pid: i32) -> Result<OwnedFd> {
    let ident = usize::try_from(pid).map_err(|_| Error::failed(format!("not a pid: {pid}")))?;
    let queue = Kqueue::new().context("watch a program")?;
    let end = KEvent::new(ident, EventFilter::EVFILT_PROC, EvFlags::EV_ADD, FilterFlag::NOTE_EXIT, 0, 0);
    let now = timespec { tv_sec: 0, tv_nsec: 0 };
    queue.kevent(&[end], &mut [], Some(now)).map_err(|error| Error::failed(format!("no process {pid}: {error}")))?;
    Ok(queue.into())
}

/// How the program ended: never told here.
pub(in crate::session) fn exit_status(_program: &OwnedFd) -> Option<(Option<i32>, Option<i32>)> {
    None
}

/// Has the program `pid`, which has just begun, and what it will start give way to everything else: its share of a busy CPU becomes that
/// of this `nice` value (0 to 19), which can't be taken back.
pub(in crate::session) fn give_way(pid: i32, nice: u8) {
    if let Some(id) = rustix::process::Pid::from_raw(pid).filter(|_| nice > 0) {
        // A system that forbids it forbids it for good; the program runs all the same.
        let _ = rustix::process::setpriority_process(Some(id), i32::from(nice));
    }
}

/// Sessions have no share of their own here.
pub(in crate::session) fn share(_pid: i32, _nice: u8) -> bool {
    true
}
