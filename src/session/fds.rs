//! Descriptors passed from one process to another.

use std::io::{self, IoSlice, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};

use crate::base::{Error, Result};

/// The most descriptors in one message.
const MOST: usize = 4;

/// An end that is gone is an error, not a signal: elsewhere the standard library has its sockets so.
#[cfg(target_os = "linux")]
const QUIET: SendFlags = SendFlags::NOSIGNAL;
#[cfg(not(target_os = "linux"))]
const QUIET: SendFlags = SendFlags::empty();
/// What comes is no program's that this one runs.
#[cfg(target_os = "linux")]
const PRIVATE: RecvFlags = RecvFlags::CMSG_CLOEXEC;
#[cfg(not(target_os = "linux"))]
const PRIVATE: RecvFlags = RecvFlags::empty();

/// Sends `bytes` with `fds` over a Unix socket.
///
/// # Errors
/// When the other end is gone or does not take all at once.
pub(super) fn send(socket: BorrowedFd<'_>, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(Error::failed(format!("{} descriptors in one message", fds.len())));
    }
    let sent = sendmsg(socket, &[IoSlice::new(bytes)], &mut control, QUIET).map_err(io::Error::from)?;
    if sent == bytes.len() { Ok(()) } else { Err(Error::failed("the other end does not read")) }
}

/// Reads a Unix socket and keeps the descriptors that come along.
pub(super) struct Receiver<'a, S> {
    pub socket: &'a S,
    pub fds: Vec<OwnedFd>,
}

impl<S: AsFd> Read for Receiver<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let got = recvmsg(self.socket, &mut [IoSliceMut::new(buffer)], &mut control, PRIVATE)?;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(fds) = message {
                self.fds.extend(fds);
            }
        }
        Ok(got.bytes)
    }
}
