//! The witness's eye on agents that live and yet don't get on: they are reminded of their work, each time after a longer while, and a
//! person is told once of those that does not help.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::pulse::Pulse;
use crate::base::text::neutralise;
use crate::base::{Result, Timestamp};
use crate::runtime::{AgentState, StateReading};
use crate::session;
use crate::town::{Role, Severity, Town, WitnessSettings};
use crate::work::agents::AgentInfo;
use crate::work::assignment::{self, State};
use crate::work::escalation;
use crate::work::parking::{self, Limit};
use crate::work::{Desk, agents, halt};

/// How often it looks while agents work.
const ROUND: Duration = Duration::from_secs(5);
/// How often it looks when there is nobody to look at.
const REST: Duration = Duration::from_secs(60);
/// The longest time between two reminders, as a power of two of the first.
const MOST_DOUBLINGS: u32 = 6;

/// What is remembered of an agent that does not get on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// The bead it does not get on with.
    bead: String,
    /// The state it is in; empty while it seems to get on.
    state: String,
    /// Since when, as Unix seconds.
    since: i64,
    /// How often it was reminded of this bead. An agent that is reminded stirs for a moment: that alone is no progress.
    nudges: u32,
    /// When it was last.
    nudged: i64,
    /// Whether a person was told that reminding does not help.
    told: bool,
    /// Whether a person was told of the question it has now.
    told_question: bool,
    /// Until when its provider takes no more requests, as Unix seconds; 0 where that is not known.
    #[serde(default)]
    parked: i64,
    /// The provider's words that said so.
    #[serde(default)]
    words: String,
}

impl Seen {
    fn step(self, bead: &str, state: &str, now: i64) -> Self {
        let same_bead = if self.bead == bead {
            self
        } else {
            Seen { bead: bead.to_owned(), since: now, nudged: now, ..Seen::default() }
        };
        if same_bead.state == state {
            return same_bead;
        }
        let nudged = if same_bead.nudges == 0 { now } else { same_bead.nudged };
        Seen {
            state: state.to_owned(),
            since: now,
            nudged,
            told_question: false,
            parked: 0,
            words: String::new(),
            ..same_bead
        }
    }

    /// Takes in what the provider says; the end of the limit when that is news. The time is reckoned from when the words came first:
    /// "in an hour" that still stands on the screen later means the same hour.
    fn park(&mut self, reading: &StateReading) -> Option<Timestamp> {
        if self.words == reading.detail && self.parked > 0 {
            return None;
        }
        let until = reading.until.filter(|_| reading.state == AgentState::RateLimited)?;
        self.parked = until.unix_seconds();
        self.words.clone_from(&reading.detail);
        Some(until)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Action {
    Nothing,
    Nudge,
    Tell,
}

/// Looks until it is time to end.
///
/// # Errors
/// When the ledger or the sessions can't be read; the caller tries again later.
pub fn run(town: &Town, pulse: &Pulse) -> Result<()> {
    let mut desk = Desk::of(town.clone())?;
    let mut seen = 0;
    loop {
        let active = assignment::in_states(desk.ledger.conn(), &[State::Active])?;
        if !active.is_empty() && halt::frozen(desk.ledger.conn())?.is_none() {
            let rules = town.settings()?.witness;
            for agent in agents::list(&desk)? {
                if agent.role == Role::Polecat.to_string() && active.iter().any(|row| row.agent == agent.address) {
                    look_at(&mut desk, &rules, &agent)?;
                }
            }
        }
        let goes_on = if active.is_empty() { pulse.wait(&mut seen, REST) } else { pulse.rest(ROUND) };
        if !goes_on {
            return Ok(());
        }
    }
}

fn key(agent: &str) -> String {
    format!("attention.{agent}")
}

fn look_at(desk: &mut Desk, rules: &WitnessSettings, agent: &AgentInfo) -> Result<()> {
    let key = key(&agent.address);
    let before = desk.ledger.kv(&key)?;
    let state = agent.state.state;
    let gets_on = !deserves_attention(state) || agent.pid.is_none();
    if gets_on && before.is_none() {
        return Ok(());
    }
    let now = Timestamp::now().unix_seconds();
    let known: Option<Seen> = before.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let known = known.unwrap_or_default();
    let was_parked = known.parked > 0;
    let mut seen = known.step(&agent.bead, if gets_on { "" } else { state.word() }, now);
    if gets_on && was_parked {
        desk.ledger.write("deacon", |tx| parking::lift(tx, &agent.preset, &agent.address))?;
    }
    if let Some(until) = seen.park(&agent.state) {
        tracing::info!(agent = agent.address, %until, "its provider takes no more requests; parked until then");
        let words = neutralise(&agent.state.detail, true).into_owned();
        let limit = Limit { agent: agent.address.clone(), until, words };
        desk.ledger.write("deacon", |tx| parking::park(tx, &agent.preset, &agent.bead, &limit))?;
    }
    let action = if gets_on { Action::Nothing } else { decide(state, &seen, rules, now) };
    match action {
        Action::Nothing => {}
        Action::Nudge => {
            seen.nudges += 1;
            seen.nudged = now;
            let text = reminder(state, &agent.bead);
            tracing::info!(agent = agent.address, state = state.word(), times = seen.nudges, "reminded of its work");
            // One that can't be spoken to now is spoken to the next time.
            if let Err(error) = session::nudge_later(&desk.town, &agent.session, &text) {
                tracing::warn!(agent = agent.address, %error, "nudge");
            }
            let data = json!({"agent": agent.address, "state": state.word(), "times": seen.nudges});
            desk.ledger.write("deacon", |tx| tx.event("nudge", Some(&agent.bead), data.clone()).map(|_| ()))?;
        }
        Action::Tell => {
            if state == AgentState::NeedsYou {
                seen.told_question = true;
            } else {
                seen.told = true;
            }
            tell(desk, agent, &seen, now)?;
        }
    }
    let text = serde_json::to_string(&seen)?;
    if before.as_deref() != Some(text.as_str()) {
        desk.ledger.write("deacon", |tx| tx.set_kv(&key, Some(&text)))?;
    }
    Ok(())
}

fn deserves_attention(state: AgentState) -> bool {
    use AgentState::{Dead, Done, Idle, NeedsYou, RateLimited, Starting, Stuck, Working};
    match state {
        NeedsYou | Stuck | RateLimited | Idle | Done => true,
        Dead | Starting | Working => false,
    }
}

fn decide(state: AgentState, seen: &Seen, rules: &WitnessSettings, now: i64) -> Action {
    let tell = |told: bool| if told { Action::Nothing } else { Action::Tell };
    if state == AgentState::NeedsYou {
        // Only a person can answer, so nobody speaks to the agent.
        return if now - seen.since >= rules.answer_seconds { tell(seen.told_question) } else { Action::Nothing };
    }
    if state == AgentState::RateLimited && seen.parked > 0 && seen.nudged < seen.parked {
        // Its time has come when the provider's has, and not before.
        if now <= seen.parked {
            return Action::Nothing;
        }
        return if seen.nudges < rules.most_nudges { Action::Nudge } else { tell(seen.told) };
    }
    let first = if state == AgentState::RateLimited { rules.rate_limit_seconds } else { rules.nudge_seconds };
    if now - seen.nudged < first << seen.nudges.min(MOST_DOUBLINGS) {
        return Action::Nothing;
    }
    if seen.nudges < rules.most_nudges { Action::Nudge } else { tell(seen.told) }
}

fn reminder(state: AgentState, bead: &str) -> String {
    match state {
        AgentState::RateLimited => format!("Go on with {bead} if your limit is over."),
        _ => format!(
            "You have work on your hook: {bead} (gt hook shows it). Go on with it; when it is finished and committed run gt done. When \
             you can't finish it: gt done --status ESCALATED -m \"why\"."
        ),
    }
}

fn tell(desk: &mut Desk, agent: &AgentInfo, seen: &Seen, now: i64) -> Result<()> {
    let minutes = (now - seen.since) / 60;
    let state = agent.state.state;
    let title = match state {
        AgentState::NeedsYou => format!("{} waits for an answer", agent.address),
        AgentState::RateLimited => format!("{} is kept from working by its provider", agent.address),
        _ => format!("{} does not get on with {}", agent.address, agent.bead),
    };
    let detail = neutralise(&agent.state.detail, true);
    let reason = format!(
        "It is {} for {minutes} minutes ({}), and was reminded {} times. {detail}\n\ngt attach {} opens its terminal; gt peek {} \
         shows it; gt unsling {} takes the work back.",
        state.word(),
        agent.state.source,
        seen.nudges,
        agent.address,
        agent.address,
        agent.bead
    );
    let from = format!("{}/witness", agent.rig);
    let new = escalation::New {
        title,
        reason,
        severity: Severity::High,
        source: "witness".into(),
        related: agent.bead.clone(),
    };
    tracing::warn!(agent = agent.address, state = state.word(), minutes, "a person is told");
    escalation::raise(desk, &from, &new).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds at which an agent that stays in `state` is reminded, and at which a person is told.
    fn course(state: AgentState, until: i64) -> (Vec<i64>, Vec<i64>) {
        let rules = WitnessSettings::default();
        let mut seen = Seen::default();
        let (mut nudges, mut told) = (Vec::new(), Vec::new());
        for now in (0..until).step_by(5) {
            match decide(state, &seen, &rules, now) {
                Action::Nothing => {}
                Action::Nudge => {
                    seen.nudges += 1;
                    seen.nudged = now;
                    nudges.push(now);
                }
                Action::Tell => {
                    (seen.told, seen.told_question) = (true, true);
                    told.push(now);
                }
            }
        }
        (nudges, told)
    }

    #[test]
    fn reminders_come_ever_more_slowly_and_a_person_is_told_once() {
        let (nudges, told) = course(AgentState::Idle, 100_000);
        assert_eq!(nudges, [180, 540, 1260, 2700]);
        assert_eq!(told, [5580]);
    }

    #[test]
    fn stirring_for_a_moment_is_no_progress_and_another_bead_is_a_new_begin() {
        let mut seen = Seen::default().step("a", "idle", 10);
        seen.nudges = 2;
        seen.nudged = 500;
        let again = seen.step("a", "", 501).step("a", "idle", 600);
        assert_eq!((again.nudges, again.nudged, again.since), (2, 500, 600));
        assert_eq!(again.step("b", "idle", 700).nudges, 0);
    }

    #[test]
    fn a_question_is_for_a_person_alone() {
        assert_eq!(course(AgentState::NeedsYou, 100_000), (vec![], vec![300]));
    }

    #[test]
    fn an_agent_is_parked_until_the_time_its_provider_states() {
        let reading = |detail: &str, until: Option<i64>| StateReading {
            state: AgentState::RateLimited,
            source: "screen".into(),
            since: None,
            detail: detail.into(),
            until: until.map(|at| Timestamp::from_unix_nanos(at * 1_000_000_000)),
        };
        let rules = WitnessSettings::default();
        let mut seen = Seen::default().step("a", "rate-limited", 10);
        assert!(seen.park(&reading("try again in an hour", Some(3610))).is_some());
        assert!(seen.park(&reading("try again in an hour", Some(5000))).is_none(), "the same words mean the same hour");
        assert_eq!(seen.parked, 3610);
        assert_eq!(decide(AgentState::RateLimited, &seen, &rules, 3610), Action::Nothing);
        assert_eq!(decide(AgentState::RateLimited, &seen, &rules, 3611), Action::Nudge);
        (seen.nudges, seen.nudged) = (1, 3611);
        assert_eq!(decide(AgentState::RateLimited, &seen, &rules, 3700), Action::Nothing, "then as without a time");
        assert!(seen.park(&reading("try again in two hours", Some(10_900))).is_some());
        assert_eq!(decide(AgentState::RateLimited, &seen, &rules, 10_000), Action::Nothing);
        assert_eq!(seen.step("a", "", 11_000).parked, 0);
    }

    #[test]
    fn a_limit_is_waited_for() {
        assert_eq!(course(AgentState::RateLimited, 10_000).0, [900, 2700, 6300]);
    }
}
