//! What only the operating system's own calls can do.
#![allow(unsafe_code)]

use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::unistd::ForkResult;

use crate::base::{Error, Result, ResultExt};

/// Forks. Returns `true` in the child.
///
/// # Errors
/// When there are too many processes, or this process has threads.
pub(super) fn fork() -> Result<bool> {
    let threads = crate::base::os::threads();
    if threads != 1 {
        return Err(Error::failed(format!("the host has {threads} threads before it forks")));
    }
    // SAFETY: the process has exactly one thread (checked above), so the child inherits no lock held by a thread that isn't there.
    match unsafe { nix::unistd::fork() }.context("fork")? {
        ForkResult::Child => Ok(true),
        ForkResult::Parent { .. } => Ok(false),
    }
}

/// A duplicate of `fd`, closed on exec. portable-pty gives the master's descriptor as a bare number only, and its own writer submits
/// half-typed input when dropped.
///
/// # Errors
/// When there are too many open files.
pub(super) fn duplicate(fd: RawFd) -> Result<OwnedFd> {
    // SAFETY: the caller's PTY master owns `fd` and outlives this call.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    borrowed.try_clone_to_owned().context("duplicate the terminal's descriptor")
}

/// The descriptor with that number, which the program that this process was before left open for it alone.
pub(super) fn inherited(fd: RawFd) -> OwnedFd {
    // SAFETY: the number comes from that program, and nothing else in this process knows it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// An open descriptor by its number, for a call.
pub(super) fn borrow(fd: &RawFd) -> BorrowedFd<'_> {
    // SAFETY: the caller has the descriptor open and keeps it so.
    unsafe { BorrowedFd::borrow_raw(*fd) }
}

/// Gives freed memory back to the system; after much of it was freed at once, else it stays with this process for ever.
pub(super) fn give_back_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim only looks after the allocator's own free memory.
    unsafe {
        nix::libc::malloc_trim(0);
    }
}
