//! What the host knows of how the agent is: by its program's status, its title, and what its lifecycle hooks told.

use std::time::{Duration, Instant};

use super::nudge::QUESTION;
use crate::session::ways::Ways;
use crate::terminal::{Line, ProgramState, ScreenState};

/// The most prompts remembered.
const MAX_PROMPTS: usize = 8;
/// A program that was said to be at work and has been silent for so long was probably interrupted, which no hook tells.
const SILENT: Duration = Duration::from_secs(60);

/// What was told and seen.
#[derive(Debug, Default)]
pub(super) struct Sense {
    /// The state its hooks last told.
    told: Option<String>,
    /// The prompts it said it was given.
    pub prompts: Vec<(Instant, String)>,
    /// It was ready once.
    ready: bool,
}

/// How the agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Working,
    Asking,
    Idle,
    Unknown,
}

fn state_of(word: &str) -> State {
    match word {
        "working" => State::Working,
        "needs-you" => State::Asking,
        "idle" | "done" => State::Idle,
        _ => State::Unknown,
    }
}

/// The moment, as far as it matters here.
pub(super) struct Moment<'a> {
    pub now: Instant,
    pub screen: &'a ScreenState,
    pub last_output: Option<Instant>,
    pub started: Instant,
}

impl Sense {
    /// Takes what a hook told.
    pub fn hear(&mut self, state: &str, prompt: Option<String>, now: Instant) {
        if !state.is_empty() {
            self.told = Some(state.to_owned());
        }
        if let Some(prompt) = prompt {
            self.prompts.push((now, prompt));
            if self.prompts.len() > MAX_PROMPTS {
                self.prompts.remove(0);
            }
        }
    }

    /// Whether the program says by itself when it begins to work.
    pub fn tells(&self, screen: &ScreenState) -> bool {
        screen.status.is_some() || self.told.is_some()
    }

    fn state(&self, ways: &Ways, at: &Moment<'_>) -> State {
        if let Some(status) = &at.screen.status {
            return match status.state {
                ProgramState::Working => State::Working,
                ProgramState::Blocked => State::Asking,
                ProgramState::Idle | ProgramState::Done => State::Idle,
                ProgramState::Error => State::Unknown,
            };
        }
        if let Some(word) = ways.of_title(&at.screen.title) {
            return state_of(word);
        }
        let silent = at.last_output.is_none_or(|last| at.now.saturating_duration_since(last) >= SILENT);
        match self.told.as_deref().map(state_of) {
            Some(State::Working) if silent => State::Unknown,
            Some(state) => state,
            None => State::Unknown,
        }
    }

    /// Why nothing may be typed to it, if an open question would be answered by that.
    pub fn asking(&self, ways: &Ways, at: &Moment<'_>) -> Option<&'static str> {
        (self.state(ways, at) == State::Asking).then_some(QUESTION)
    }

    /// Why it is not at its prompt.
    pub fn busy(&mut self, ways: &Ways, at: &Moment<'_>) -> Option<&'static str> {
        match self.state(ways, at) {
            State::Working => return Some("the agent is at work"),
            State::Idle | State::Asking => self.ready = true,
            State::Unknown => {}
        }
        if !self.ready {
            let prefix = ways.ready_prefix.as_deref().map(str::trim_end);
            let shown =
                |prefix: &str| at.screen.lines.iter().map(Line::text).any(|row| row.trim_start().starts_with(prefix));
            self.ready =
                prefix.is_some_and(shown) || at.now.saturating_duration_since(at.started) >= ways.ready_delay();
        }
        (!self.ready).then_some("the agent is not ready yet")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::new_emulator;

    fn screen(bytes: &str) -> ScreenState {
        let mut emulator = new_emulator(40, 4, 0);
        emulator.feed(bytes.as_bytes());
        emulator.refresh(Instant::now());
        emulator.screen().clone()
    }

    fn ways() -> Ways {
        let titles = [("braille", "working"), ("✳", "idle"), ("✋", "needs-you")];
        Ways {
            titles: titles.map(|(begins, state)| (begins.to_owned(), state.to_owned())).to_vec(),
            ready_prefix: Some("❯ ".into()),
            ready_delay_ms: 10_000,
            ..Ways::default()
        }
    }

    fn read(sense: &mut Sense, bytes: &str, age: u64, silent: u64) -> (Option<&'static str>, Option<&'static str>) {
        let now = Instant::now() + Duration::from_secs(1000);
        let ago = |seconds| now.checked_sub(Duration::from_secs(seconds)).unwrap();
        let screen = screen(bytes);
        let at = Moment { now, screen: &screen, last_output: Some(ago(silent)), started: ago(age) };
        (sense.asking(&ways(), &at), sense.busy(&ways(), &at))
    }

    #[test]
    fn the_best_word_counts() {
        let working = (None, Some("the agent is at work"));
        let idle = (None, None);
        let sense = &mut Sense::default();
        assert_eq!(read(sense, "booting", 1, 0), (None, Some("the agent is not ready yet")));
        assert_eq!(read(sense, "booting\r\n ❯ ", 1, 0), idle);
        assert_eq!(read(sense, "\x1b]2;⠋ thinking\x07", 1, 0), working);
        sense.hear("working", Some("x".into()), Instant::now());
        assert_eq!(read(sense, "", 1, 1), working);
        assert_eq!(read(sense, "", 100, 61), idle, "interrupted");
        assert_eq!(read(sense, "\x1b]2;✳ done\x07", 1, 1), idle, "the title is newer than the hook");
        assert_eq!(read(sense, "\x1b]2;✋ may I\x07", 1, 1), (Some(QUESTION), None));
        assert_eq!(read(sense, "\x1b]2;✳ done\x07\x1b]7501;state=working:app=x\x07", 1, 1), working);
        assert_eq!(read(&mut Sense::default(), "booting", 11, 0), idle, "long enough");
    }
}
