//! Holds back states that only flash up: a program that redraws its screen shows, for a moment, half of it.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::StateReading;

/// How long a state that is read off the terminal has to hold before it counts.
const HOLD: Duration = Duration::from_millis(400);

/// The state of one agent as it is shown.
#[derive(Debug, Clone, Default)]
pub struct Settle {
    shown: Option<StateReading>,
    /// What is read instead, since when.
    instead: Option<(StateReading, Instant)>,
}

/// Whether the source tells states exactly, and not by the looks of a terminal.
fn exact(reading: &StateReading) -> bool {
    !matches!(reading.source.as_str(), "screen" | "title" | "output")
}

impl Settle {
    /// Takes what is read at `now`; gives what is to be shown.
    pub fn take(&mut self, reading: StateReading, now: Instant) -> StateReading {
        let Some(shown) = self.shown.take() else {
            self.shown = Some(reading.clone());
            return reading;
        };
        let since = match self.instead.take() {
            Some((instead, since)) if instead.state == reading.state => since,
            _ => now,
        };
        let settled = exact(&reading) || reading.state == shown.state || now.saturating_duration_since(since) >= HOLD;
        if settled {
            self.shown = Some(reading.clone());
            return reading;
        }
        self.instead = Some((reading, since));
        self.shown = Some(shown.clone());
        shown
    }
}

/// As [`Settle::take`], for the session `key` in this process: whoever looks again and again sees no flicker.
pub fn settled(key: &str, reading: StateReading) -> StateReading {
    static AGENTS: LazyLock<Mutex<HashMap<String, Settle>>> = LazyLock::new(Mutex::default);
    let mut agents = AGENTS.lock().unwrap_or_else(PoisonError::into_inner);
    if exact(&reading) {
        agents.remove(key);
        return reading;
    }
    agents.entry(key.to_owned()).or_default().take(reading, Instant::now())
}

#[cfg(test)]
mod tests {
    use super::super::AgentState;
    use super::*;

    fn reading(state: AgentState, source: &str) -> StateReading {
        StateReading { state, source: source.into(), since: None, detail: String::new(), until: None }
    }

    #[test]
    fn a_flash_is_not_shown_and_what_holds_is() {
        let (mut settle, start) = (Settle::default(), Instant::now());
        let mut at =
            |millis, state, source| settle.take(reading(state, source), start + Duration::from_millis(millis)).state;
        assert_eq!(at(0, AgentState::NeedsYou, "screen"), AgentState::NeedsYou);
        assert_eq!(at(100, AgentState::Working, "title"), AgentState::NeedsYou, "half a screen");
        assert_eq!(at(150, AgentState::NeedsYou, "screen"), AgentState::NeedsYou);
        assert_eq!(at(500, AgentState::Working, "title"), AgentState::NeedsYou);
        assert_eq!(at(900, AgentState::Working, "title"), AgentState::Working, "it has held");
        assert_eq!(at(910, AgentState::Idle, "hook"), AgentState::Idle, "told by the program itself");
    }
}
