//! What state an agent is in, and which evidence says so.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::catalogue::TitleRule;
use super::limits;
use crate::base::{Error, Result, Timestamp};

/// Output this recent means that an agent of which nothing better is known is at work.
const BUSY_SECONDS: i64 = 5;
/// An agent with work that has been silent for so long, and reports nothing itself, is taken to be stuck.
const STUCK_SECONDS: i64 = 30 * 60;

/// The state of an agent, as people are shown it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AgentState {
    /// A question or a permission waits for a person.
    NeedsYou,
    /// No progress for a long time.
    Stuck,
    /// Its process ended before its work was done.
    Dead,
    /// Its provider refuses more requests for now.
    RateLimited,
    /// On its way up.
    Starting,
    /// At work.
    Working,
    /// Waiting for work.
    Idle,
    /// Its work is done.
    Done,
}

impl AgentState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::NeedsYou => "needs-you",
            Self::Stuck => "stuck",
            Self::Dead => "dead",
            Self::RateLimited => "rate-limited",
            Self::Starting => "starting",
            Self::Working => "working",
            Self::Idle => "idle",
            Self::Done => "done",
        }
    }
}

impl fmt::Display for AgentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for AgentState {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self> {
        use AgentState::{Dead, Done, Idle, NeedsYou, RateLimited, Starting, Stuck, Working};
        [NeedsYou, Stuck, Dead, RateLimited, Starting, Working, Idle, Done]
            .into_iter()
            .find(|state| state.word() == word)
            .ok_or_else(|| Error::usage(format!("no agent state `{word}`")))
    }
}

/// What an agent's program says of itself by OSC 7501.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program<'a> {
    /// `idle`, `working`, `done`, `blocked` or `error`.
    pub state: &'a str,
    /// `permission`, `question`, `auth`, or empty.
    pub kind: &'a str,
    /// Its own words.
    pub message: &'a str,
}

/// How an agent's process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exited {
    /// The exit code, when it exited.
    pub code: Option<i32>,
    /// The signal, when one ended it.
    pub signal: Option<i32>,
}

/// All that is known of an agent at a moment, as plain facts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// Whether a session of it is on record.
    pub has_session: bool,
    /// Whether the session's process is alive.
    pub process_alive: bool,
    /// How it ended.
    pub exit: Option<Exited>,
    /// Whether a person runs its program, outside any session of ours.
    pub by_hand: bool,
    /// The state of its assignment: `queued`, `spawning`, `active`, `done`, `failed`, `released`.
    pub assignment: Option<&'a str>,
    /// Why the assignment is in that state.
    pub assignment_note: &'a str,
    /// What the program says of itself.
    pub program: Option<Program<'a>>,
    /// What its lifecycle hooks last told, with its own words.
    pub hook: Option<(AgentState, &'a str)>,
    /// When they told it.
    pub hook_at: Option<Timestamp>,
    /// What the bottom of its screen tells, with the rule's words.
    pub screen: Option<(AgentState, &'a str)>,
    /// The terminal's title.
    pub title: &'a str,
    /// What the preset knows about titles.
    pub title_rules: &'a [TitleRule],
    /// Seconds since the terminal last showed something new; `None` when it never did.
    pub seconds_since_output: Option<i64>,
    /// When that was.
    pub output_at: Option<Timestamp>,
    /// Seconds since the session started.
    pub seconds_since_start: Option<i64>,
    /// Since when the best evidence holds.
    pub since: Option<Timestamp>,
}

/// An agent's state with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StateReading {
    /// The state.
    pub state: AgentState,
    /// Where it comes from: `assignment`, `exit 1`, `signal 9`, `session`, `program status`, `hook`, `screen`, `title`, `output`.
    pub source: String,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The evidence's own words; may be empty. Text from outside.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// When a rate limit ends, where the provider said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Reads the state off the best evidence there is: how the process ended, the assignment, what the program reports, its hooks, its
/// screen, its title, its output.
pub fn read_state(facts: &Facts<'_>) -> StateReading {
    let mut reading = best(facts);
    if reading.state == AgentState::RateLimited {
        let said = if reading.source == "hook" { facts.hook_at } else { facts.output_at };
        reading.until = limits::until(&reading.detail, said.unwrap_or_else(Timestamp::now));
    }
    reading
}

fn best(facts: &Facts<'_>) -> StateReading {
    let reading = |state, source: &str, detail: &str| StateReading {
        state,
        source: source.to_owned(),
        since: facts.since,
        detail: detail.to_owned(),
        until: None,
    };
    if facts.by_hand && !facts.process_alive {
        return match facts.hook {
            Some((state, detail)) => reading(state, "hook", detail),
            None => reading(AgentState::Idle, "assignment", "a person runs its program"),
        };
    }
    if !facts.process_alive {
        return match (facts.assignment, facts.exit) {
            (Some("queued" | "spawning"), _) => reading(AgentState::Starting, "assignment", facts.assignment_note),
            (Some("done"), _) => reading(AgentState::Done, "assignment", facts.assignment_note),
            (_, Some(Exited { signal: Some(signal), .. })) => {
                reading(AgentState::Dead, &format!("signal {signal}"), "")
            }
            (Some("active"), Some(Exited { code, .. })) => {
                reading(AgentState::Dead, &format!("exit {}", code.unwrap_or_default()), "")
            }
            (_, Some(Exited { code: Some(0), .. })) => reading(AgentState::Done, "exit 0", ""),
            (_, Some(Exited { code, .. })) => {
                reading(AgentState::Dead, &format!("exit {}", code.unwrap_or_default()), "")
            }
            (Some("failed"), None) => reading(AgentState::Dead, "assignment", facts.assignment_note),
            (Some(_), None) => reading(AgentState::Dead, "session", "its session is gone"),
            (None, None) if facts.has_session => reading(AgentState::Dead, "session", "its session is gone"),
            (None, None) => reading(AgentState::Idle, "assignment", ""),
        };
    }
    if let Some("done") = facts.assignment {
        return reading(AgentState::Done, "assignment", facts.assignment_note);
    }
    if let Some(program) = facts.program {
        let source = "program status";
        match program.state {
            "working" => return reading(AgentState::Working, source, program.message),
            "blocked" => {
                let detail = if program.message.is_empty() { program.kind } else { program.message };
                return reading(AgentState::NeedsYou, source, detail);
            }
            "error" if speaks_of_limits(program.message) => {
                return reading(AgentState::RateLimited, source, program.message);
            }
            "error" => return reading(AgentState::NeedsYou, source, program.message),
            "done" => return reading(AgentState::Done, source, program.message),
            "idle" => return reading(AgentState::Idle, source, program.message),
            _ => {}
        }
    }
    if let Some((state, detail)) = facts.hook {
        // Hooks don't tell that the provider refuses, and some runtimes' turns don't end with it.
        let quiet = facts.seconds_since_output.is_some_and(|seconds| seconds > BUSY_SECONDS);
        if let Some((AgentState::RateLimited, said)) = facts.screen
            && quiet
            && state != AgentState::NeedsYou
        {
            return reading(AgentState::RateLimited, "screen", said);
        }
        return reading(state, "hook", detail);
    }
    if let Some((state, detail)) = facts.screen {
        return reading(state, "screen", detail);
    }
    if let Some(rule) = facts.title_rules.iter().find(|rule| rule.matches(facts.title)) {
        return reading(rule.state, "title", facts.title);
    }
    let silent = facts.seconds_since_output;
    match silent {
        None => reading(AgentState::Starting, "session", ""),
        Some(seconds) if seconds <= BUSY_SECONDS => reading(AgentState::Working, "output", ""),
        Some(seconds) if seconds >= STUCK_SECONDS && facts.assignment == Some("active") => {
            reading(AgentState::Stuck, "output", "no output for a long time")
        }
        Some(_) => reading(AgentState::Idle, "output", ""),
    }
}

pub(super) fn speaks_of_limits(message: &str) -> bool {
    let message = message.to_lowercase();
    ["rate limit", "rate-limit", "rate_limit", "limit reached", "usage limit", "quota", "overloaded", "429"]
        .iter()
        .any(|word| message.contains(word))
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::builtin;
    use super::*;

    fn read(facts: Facts<'_>) -> (AgentState, String) {
        let reading = read_state(&facts);
        (reading.state, reading.source)
    }

    fn alive<'a>() -> Facts<'a> {
        Facts {
            has_session: true,
            process_alive: true,
            assignment: Some("active"),
            seconds_since_output: Some(60),
            ..Facts::default()
        }
    }

    #[test]
    fn a_dead_process_outweighs_what_it_said() {
        let working = Some(Program { state: "working", kind: "", message: "" });
        let exit = |code| Some(Exited { code: Some(code), signal: None });
        let dead = Facts { process_alive: false, program: working, ..alive() };
        assert_eq!(read(Facts { exit: exit(1), ..dead }), (AgentState::Dead, "exit 1".into()));
        assert_eq!(
            read(Facts { exit: Some(Exited { code: None, signal: Some(9) }), ..dead }),
            (AgentState::Dead, "signal 9".into())
        );
        assert_eq!(
            read(Facts { exit: exit(0), ..dead }),
            (AgentState::Dead, "exit 0".into()),
            "left with work on its hook"
        );
        assert_eq!(read(Facts { exit: exit(0), assignment: Some("done"), ..dead }).0, AgentState::Done);
        assert_eq!(read(Facts { assignment: Some("queued"), ..dead }), (AgentState::Starting, "assignment".into()));
        assert_eq!(read(dead), (AgentState::Dead, "session".into()));
    }

    #[test]
    fn a_refusal_on_a_quiet_screen_outweighs_hooks_that_know_nothing_of_it() {
        let refused = Facts { screen: Some((AgentState::RateLimited, "Usage limit reached")), ..alive() };
        let at_work = Facts { hook: Some((AgentState::Working, "")), ..refused };
        assert_eq!(read(at_work), (AgentState::RateLimited, "screen".into()));
        assert_eq!(read(Facts { seconds_since_output: Some(1), ..at_work }), (AgentState::Working, "hook".into()));
        let asks = Facts { hook: Some((AgentState::NeedsYou, "")), ..refused };
        assert_eq!(read(asks), (AgentState::NeedsYou, "hook".into()));
    }

    #[test]
    fn what_a_person_runs_is_not_dead_for_want_of_a_session() {
        let by_hand = Facts { by_hand: true, assignment: Some("active"), ..Facts::default() };
        assert_eq!(read(by_hand), (AgentState::Idle, "assignment".into()));
        let told = Facts { hook: Some((AgentState::Working, "")), ..by_hand };
        assert_eq!(read(told), (AgentState::Working, "hook".into()));
    }

    #[test]
    fn the_program_outweighs_title_and_output() {
        let rules = &builtin("claude").unwrap().titles;
        let facts = Facts { title: "✳ idle", title_rules: rules, seconds_since_output: Some(0), ..alive() };
        assert_eq!(read(facts), (AgentState::Idle, "title".into()));
        let blocked = Some(Program { state: "blocked", kind: "permission", message: "" });
        assert_eq!(read(Facts { program: blocked, ..facts }), (AgentState::NeedsYou, "program status".into()));
        let limited = Some(Program { state: "error", kind: "", message: "Usage limit reached" });
        assert_eq!(read(Facts { program: limited, ..facts }).0, AgentState::RateLimited);
    }

    #[test]
    fn output_is_the_last_resort() {
        assert_eq!(read(Facts { seconds_since_output: Some(1), ..alive() }), (AgentState::Working, "output".into()));
        assert_eq!(read(alive()), (AgentState::Idle, "output".into()));
        assert_eq!(read(Facts { seconds_since_output: Some(STUCK_SECONDS), ..alive() }).0, AgentState::Stuck);
        assert_eq!(read(Facts { seconds_since_output: None, ..alive() }).0, AgentState::Starting);
    }

    #[test]
    fn words_round_trip() {
        for word in ["needs-you", "stuck", "dead", "rate-limited", "starting", "working", "idle", "done"] {
            assert_eq!(word.parse::<AgentState>().unwrap().to_string(), word);
        }
    }
}
