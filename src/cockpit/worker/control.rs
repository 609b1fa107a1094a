//! What goes on while something is being done: how far it is, and whether the person wants it stopped.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;

use super::super::app::Event;

/// All that is being done.
#[derive(Debug, Default)]
pub(super) struct Running(Mutex<HashMap<u64, Arc<AtomicBool>>>);

impl Running {
    /// Something is begun.
    pub(super) fn begin(&self, id: u64, events: UnboundedSender<Event>) -> Control {
        let stop = Arc::new(AtomicBool::new(false));
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever has ended holds its flag no longer.
        running.retain(|_, flag| Arc::strong_count(flag) > 1);
        running.insert(id, Arc::clone(&stop));
        Control { id, events, stop }
    }

    /// The person wants it stopped.
    pub(super) fn stop(&self, id: u64) {
        if let Some(flag) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            flag.store(true, Ordering::Relaxed);
        }
    }
}

/// For whoever does something.
pub(super) struct Control {
    id: u64,
    events: UnboundedSender<Event>,
    stop: Arc<AtomicBool>,
}

impl Control {
    /// Tells how many parts are done.
    pub(super) fn done(&self, parts: usize, of: usize) {
        if of > 1 {
            // The loop may have ended meanwhile; what was begun is done all the same.
            let _ = self.events.send(Event::Progress(self.id, parts, of));
        }
    }

    /// Whether the rest is to be left.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ended_is_forgotten_and_what_runs_is_stopped() {
        let (events, mut told) = tokio::sync::mpsc::unbounded_channel();
        let running = Running::default();
        let first = running.begin(1, events.clone());
        let second = running.begin(2, events.clone());
        running.stop(1);
        running.stop(7);
        assert!(first.is_stopped() && !second.is_stopped());
        drop(first);
        let third = running.begin(3, events);
        assert_eq!(running.0.lock().unwrap().len(), 2);
        third.done(0, 1);
        third.done(2, 5);
        assert!(matches!(told.try_recv(), Ok(Event::Progress(3, 2, 5))));
    }
}
