//! Reading a program that floods on a thread of its own. The kernel hands a terminal's output over four kilobytes at a time and has to be
//! asked for each of them; a host that reads, records and shows in turn leaves the program waiting meanwhile, and then waits for it. So
//! one thread does nothing but read, and the host takes what has come. It is there for as long as the flood lasts: a silent session has
//! one thread, and so has one whose program gets little of a busy machine, which the host keeps up with by itself.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::pty::{Input, read};

/// What is read in one go: no more than this is in the kernel's own buffer (`N_TTY_BUF_SIZE` of Linux).
const CHUNK: usize = 4096;
/// What may have been read and not been taken: what a host that is killed takes with it.
const ROOM: usize = 32 * 1024;
/// The stack of a thread that reads.
const STACK: usize = 64 * 1024;

/// Over so long it is counted what a program writes.
const WINDOW: Duration = Duration::from_millis(40);
/// So much in a window is a flood. Where thirty of them share two cores none comes to it, and another thread would only be in the way.
/// What is built for trying it out takes less.
const FLOOD: usize = if cfg!(debug_assertions) { 32 * 1024 } else { 1024 * 1024 };
/// So little is none any more.
const EBB: usize = FLOOD / 8;

/// Whether a program floods.
#[derive(Debug, Default)]
pub(super) struct Tide {
    since: Option<Instant>,
    bytes: usize,
}

/// What follows from what a program writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It goes on as it did.
    Same,
    /// It floods.
    Flood,
    /// It writes little.
    Ebb,
}

impl Tide {
    /// The program has written so much more.
    pub fn count(&mut self, bytes: usize, now: Instant) -> Turn {
        let since = *self.since.get_or_insert(now);
        self.bytes += bytes;
        let long = now.duration_since(since) >= WINDOW;
        let turn = match self.bytes {
            FLOOD.. => Turn::Flood,
            ..EBB if long => Turn::Ebb,
            _ => Turn::Same,
        };
        if long || turn == Turn::Flood {
            *self = Self::default();
        }
        turn
    }
}

/// The thread that reads.
pub(super) struct Intake {
    shared: Arc<Shared>,
    /// Readable when there is something to take; what is written to it wakes the thread.
    bell: UnixStream,
    thread: Option<JoinHandle<()>>,
    /// The thread was told that the host waits.
    waits: bool,
    /// There may be more to take at once.
    pub more: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// There is room again, or the thread is to end.
    room: Condvar,
}

#[derive(Default)]
struct State {
    /// What was read, in order.
    read: Vec<u8>,
    /// No process has the terminal open any more.
    closed: bool,
    /// The host waits until something comes.
    waits: bool,
    /// The thread is to end.
    stop: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing can be half done in there: whoever panics does so elsewhere.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a chunk more may be read; `false` when the thread is to end.
    fn has_room(&self) -> bool {
        let mut state = self.lock();
        while state.read.len() + CHUNK > ROOM && !state.stop {
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        !state.stop
    }
}

impl Intake {
    /// Begins to read the terminal `fd`, which must not block.
    ///
    /// # Errors
    /// When there are too many open files or threads; the host reads by itself then.
    pub fn begin(fd: BorrowedFd<'_>) -> io::Result<Intake> {
        let fd = fd.try_clone_to_owned()?;
        let (bell, theirs) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        theirs.set_nonblocking(true)?;
        // All the thread needs is made here, so that it takes no memory of its own from the allocator.
        let state = State { read: Vec::with_capacity(ROOM), waits: true, ..State::default() };
        let shared = Arc::new(Shared { state: Mutex::new(state), room: Condvar::new() });
        let chunk = vec![0; CHUNK];
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("intake".into())
            .stack_size(STACK)
            .spawn(move || keep_reading(&fd, &theirs, &for_thread, chunk))?;
        Ok(Intake { shared, bell, thread: Some(thread), waits: true, more: false })
    }

    /// Takes what has been read, in exchange for the emptied `bytes`; whether the terminal is closed and nothing is left.
    pub fn take(&mut self, bytes: &mut Vec<u8>) -> bool {
        bytes.clear();
        let mut state = self.shared.lock();
        let rung = self.waits && !state.waits;
        std::mem::swap(&mut state.read, bytes);
        self.more = !bytes.is_empty();
        self.waits = bytes.is_empty();
        state.waits = self.waits;
        let closed = state.closed && bytes.is_empty();
        drop(state);
        if rung {
            // Once for each time that was waited.
            let _ = (&self.bell).read(&mut [0; 1]);
        }
        if !bytes.is_empty() {
            self.shared.room.notify_one();
        }
        closed
    }

    /// Ends the thread; what it has read is still to be taken.
    pub fn stop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.room.notify_one();
        let _ = (&self.bell).write(&[0]);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has left what it read before.
            let _ = thread.join();
        }
    }
}

impl AsFd for Intake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.stop();
    }
}

fn keep_reading(fd: &OwnedFd, bell: &UnixStream, shared: &Shared, mut chunk: Vec<u8>) {
    while shared.has_room() {
        let input = read(fd, &mut chunk);
        if input == Input::Nothing {
            let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN), PollFd::new(bell.as_fd(), PollFlags::POLLIN)];
            match poll(&mut fds, PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => continue,
                // The host goes on by itself.
                Err(_) => return,
            }
        }
        let mut state = shared.lock();
        match input {
            Input::Bytes(count) => state.read.extend_from_slice(&chunk[..count]),
            Input::Nothing | Input::Closed => state.closed = true,
        }
        if std::mem::take(&mut state.waits) {
            // Before the host can see that it was rung for.
            let _ = (&*bell).write(&[0]);
        }
        if state.closed {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_told_from_a_large_screen() {
        let begin = Instant::now();
        let at = |ms: u64| begin + Duration::from_millis(ms);
        let mut tide = Tide::default();
        assert_eq!(tide.count(FLOOD / 2, at(0)), Turn::Same);
        assert_eq!(tide.count(FLOOD / 4, at(10)), Turn::Same);
        assert_eq!(tide.count(FLOOD / 4, at(20)), Turn::Flood);
        assert_eq!(tide.count(EBB, at(30)), Turn::Same);
        assert_eq!(tide.count(1024, at(80)), Turn::Same, "neither one nor the other");
        assert_eq!(tide.count(1024, at(90)), Turn::Same);
        assert_eq!(tide.count(1024, at(140)), Turn::Ebb);
        // One line an hour is no flood, however many have been counted.
        for hour in 1..1000 {
            assert_ne!(tide.count(1024, at(hour * 3_600_000)), Turn::Flood);
        }
    }

    #[test]
    fn everything_comes_once_and_in_order_and_stopping_loses_nothing() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let all: Vec<u8> = (0..400_000u32).flat_map(u32::to_le_bytes).collect();
        let sent = all.clone();
        let writer = std::thread::spawn(move || theirs.write_all(&sent).map(|()| theirs));
        let wait = |intake: &Intake| {
            let mut fds = [PollFd::new(intake.as_fd(), PollFlags::POLLIN)];
            assert_eq!(poll(&mut fds, PollTimeout::from(60_000u16)).unwrap(), 1, "it is rung when something comes");
        };
        let mut intake = Intake::begin(ours.as_fd()).unwrap();
        let (mut got, mut bytes) = (Vec::new(), Vec::new());
        while got.len() < all.len() / 2 {
            assert!(!intake.take(&mut bytes));
            got.extend_from_slice(&bytes);
            if !intake.more {
                wait(&intake);
            }
        }
        intake.stop();
        assert!(!intake.take(&mut bytes));
        assert!(bytes.len() <= ROOM);
        got.extend_from_slice(&bytes);
        // Another goes on where it was stopped, to the end.
        let mut intake = Intake::begin(ours.as_fd()).unwrap();
        while got.len() < all.len() {
            assert!(!intake.take(&mut bytes));
            got.extend_from_slice(&bytes);
        }
        assert!(got == all);
        drop(writer.join().unwrap().unwrap());
        while !intake.take(&mut bytes) {
            assert!(bytes.is_empty(), "nothing comes twice");
            wait(&intake);
        }
    }
}
