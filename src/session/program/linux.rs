//! Linux: a pidfd, which also tells how the program ended.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, OwnedFd};

use nix::libc;
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, getrlimit, pidfd_open, prlimit, setpriority_process};

use crate::base::{Error, Result, ResultExt, os};

/// `PIDFD_GET_INFO` for the structure below, and the bit that asks for the exit status (Linux 6.15 and later).
const GET_INFO: libc::Ioctl = 0xc040_ff0b_u32 as libc::Ioctl;
const INFO_EXIT: u64 = 1 << 3;

/// The kernel's `struct pidfd_info`, first version.
#[repr(C)]
#[derive(Default)]
struct Info {
    mask: u64,
    cgroup: u64,
    ids: [u32; 11],
    exit_code: i32,
}

/// A descriptor of the program `pid`, to be sent over a socket.
///
/// # Errors
/// When there is no such program.
pub(in crate::session) fn to_give(pid: i32) -> Result<OwnedFd> {
    let id = Pid::from_raw(pid).ok_or_else(|| Error::failed(format!("not a pid: {pid}")))?;
    pidfd_open(id, PidfdFlags::empty()).map_err(|error| Error::failed(format!("no process {pid}: {error}")))
}

/// The same for the program that this process becomes.
///
/// # Errors
/// When there is no descriptor left.
pub(in crate::session) fn to_pass(program: &OwnedFd) -> Result<OwnedFd> {
    program.try_clone().context("keep the program's descriptor")
}

/// The program as it can be waited for, from what came over a socket or from an earlier self.
///
/// # Errors
/// Never here.
pub(in crate::session) fn given(sent: OwnedFd, _pid: i32) -> Result<OwnedFd> {
    Ok(sent)
}

/// How the program ended, as code or signal; `None` while it runs, and where the kernel does not tell.
pub(in crate::session) fn exit_status(program: &OwnedFd) -> Option<(Option<i32>, Option<i32>)> {
    let mut info = Info { mask: INFO_EXIT, ..Info::default() };
    // SAFETY: the structure is what this request reads and writes, its size is part of the request's number, and the descriptor is open.
    let done = unsafe { libc::ioctl(program.as_raw_fd(), GET_INFO, &raw mut info) };
    if done != 0 || info.mask & INFO_EXIT == 0 {
        return None;
    }
    let status = info.exit_code;
    Some(if status & 0x7f == 0 { (Some((status >> 8) & 0xff), None) } else { (None, Some(status & 0x7f)) })
}

/// Has the program `pid`, which has just begun, and what it will start give way to everything else: it is the first to go when memory
/// runs out, and its host tells how it ended; it leaves no core dumps in a worktree unless it asks for them, and its share of a busy CPU
/// becomes that of this `nice` value (0 to 19, nice(1)), which can't be taken back.
pub(in crate::session) fn give_way(pid: i32, nice: u8) {
    // A system that forbids one of these forbids it for good; the program runs all the same.
    if let Some(id) = Pid::from_raw(pid) {
        let limit = getrlimit(Resource::Core);
        let _ = prlimit(Some(id), Resource::Core, Rlimit { current: Some(0), ..limit });
        if nice > 0 {
            let _ = setpriority_process(Some(id), i32::from(nice));
        }
    }
    os::let_go_first(pid);
}

/// Has the session of the program `pid` give way by `nice`, where each session has a share of the CPU of its own (autogroup, sched(7)):
/// there, the programs' own values count only beside others of their session. Returns `false` when the kernel wants to be asked again: it
/// changes but ten a second.
pub(in crate::session) fn share(pid: i32, nice: u8) -> bool {
    let asked_again = |error: std::io::Error| error.raw_os_error() == Some(libc::EAGAIN);
    !std::fs::write(format!("/proc/{pid}/autogroup"), nice.to_string()).is_err_and(asked_again)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_child_is_told() {
        let mut child = std::process::Command::new("sh")
            .args(["-c", "read x; exit 7"])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let program = to_give(child.id() as i32).unwrap();
        assert_eq!(exit_status(&program), None);
        drop(child.stdin.take());
        child.wait().unwrap();
        // Older kernels don't tell.
        let told = exit_status(&program);
        assert!(matches!(told, None | Some((Some(7), None))), "{told:?}");
    }
}
