//! The program's share of a busy CPU: agents give way to everything else, but not the one that is being typed into.

use std::time::{Duration, Instant};

use crate::session::program;

/// So long after the last key the agent has its whole share.
const TYPING: Duration = Duration::from_secs(30);
/// How often the kernel is asked to take a share before that is left. It takes ten a second, of all sessions'.
const TRIES: u32 = 100;

/// What share the program has, and which it should have.
#[derive(Debug)]
pub(super) struct Share {
    program: i32,
    /// How far it gives way, 0 to 19; 0 for not at all.
    nice: u8,
    /// How far it gives way now; unknown at first.
    has: Option<u8>,
    tries: u32,
    next: Instant,
    /// Until when it need not give way.
    typing: Option<Instant>,
}

impl Share {
    /// The share of `program`, which gives way by `nice`.
    pub fn new(program: i32, nice: u8) -> Share {
        // Where nobody gives way there is nothing to do.
        let has = (nice == 0).then_some(0);
        Share { program, nice, has, tries: 0, next: Instant::now(), typing: None }
    }

    /// A person types.
    pub fn typed(&mut self, now: Instant) {
        if self.nice > 0 {
            self.typing = Some(now + TYPING);
        }
    }

    fn wanted(&self) -> u8 {
        if self.typing.is_some() { 0 } else { self.nice }
    }

    /// Does what is due.
    pub fn step(&mut self, now: Instant) {
        if self.typing.is_some_and(|until| now >= until) {
            self.typing = None;
        }
        let wanted = self.wanted();
        if self.has == Some(wanted) || now < self.next {
            return;
        }
        self.tries += 1;
        if program::share(self.program, wanted) || self.tries >= TRIES {
            self.has = Some(wanted);
            self.tries = 0;
        } else {
            // Hosts that started together don't ask together.
            self.next = now + Duration::from_millis(fastrand::u64(100..400));
        }
    }

    /// When something is due.
    pub fn deadline(&self) -> Option<Instant> {
        if self.has == Some(self.wanted()) { self.typing } else { Some(self.next) }
    }
}
