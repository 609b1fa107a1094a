//! The beat that wakes the patrols when the ledger has changed, and the word that ends them.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
struct State {
    beats: u64,
    stopping: bool,
}

/// Shared by the watcher, which beats, and the patrols, which wait.
#[derive(Debug, Default)]
pub struct Pulse {
    state: Mutex<State>,
    bell: Condvar,
}

impl Pulse {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves two plain values, which are as good as before.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes everybody: something has changed.
    pub fn beat(&self) {
        self.state().beats += 1;
        self.bell.notify_all();
    }

    /// Ends everybody.
    pub fn stop(&self) {
        self.state().stopping = true;
        self.bell.notify_all();
    }

    /// Whether it is time to end.
    pub fn is_stopping(&self) -> bool {
        self.state().stopping
    }

    /// Waits for a beat after `seen` (which becomes the latest), or until `at_most` has passed; false when it is time to end.
    pub fn wait(&self, seen: &mut u64, at_most: Duration) -> bool {
        let end = Instant::now() + at_most;
        let mut state = self.state();
        while !state.stopping && state.beats == *seen {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.bell.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        *seen = state.beats;
        !state.stopping
    }

    /// Sleeps for `time` unless it is time to end before; false then.
    pub fn rest(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        let mut state = self.state();
        while !state.stopping {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            state = self.bell.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_before_the_wait_is_not_lost() {
        let pulse = Pulse::default();
        let mut seen = 0;
        pulse.beat();
        assert!(pulse.wait(&mut seen, Duration::from_secs(3600)));
        assert_eq!(seen, 1);
    }

    #[test]
    fn stopping_ends_every_wait() {
        let pulse = Pulse::default();
        pulse.stop();
        assert!(!pulse.wait(&mut 0, Duration::from_secs(3600)));
        assert!(!pulse.rest(Duration::from_secs(3600)));
    }
}
