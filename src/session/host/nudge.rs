//! Messages typed to the agent on others' behalf: one at a time, never into what a person is typing, and believed delivered only when
//! the terminal shows that the program took them.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::base::text;
use crate::session::wire::NudgeOutcome;
use crate::terminal::{ProgramState, ScreenState, encode_paste};

/// A person who typed this recently is still typing.
const TYPING: Duration = Duration::from_secs(2);
/// A sender waits this long for a nudge to begin; then it is told that it is queued.
const PATIENCE: Duration = Duration::from_secs(5);
/// Nudges that may wait.
const MAX_QUEUE: usize = 50;
/// After the text: output quiet for `QUIET`, at least `MIN_SETTLE`, at most `MAX_SETTLE`. Agents take an Enter that follows text within
/// 120 ms for a part of a paste.
const QUIET: Duration = Duration::from_millis(50);
const MIN_SETTLE: Duration = Duration::from_millis(150);
const MAX_SETTLE: Duration = Duration::from_millis(1500);
/// How long to look for evidence before Enter is pressed again.
const EVIDENCE: Duration = Duration::from_millis(1500);
/// How often Enter is pressed at most.
const MAX_ENTERS: u32 = 3;

/// What the nudger sees of the session.
pub(super) struct View<'a> {
    pub now: Instant,
    pub screen: &'a ScreenState,
    pub last_output: Option<Instant>,
    pub last_typed: Option<Instant>,
    pub bytes_out: u64,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Write to the program.
    Write(Vec<u8>),
    /// Tell the sender.
    Tell(u64, NudgeOutcome),
}

struct Job {
    client: u64,
    text: String,
    since: Instant,
    told: bool,
}

enum Phase {
    /// The text is typed; waiting for its echo to end.
    Settling { since: Instant },
    /// Enter was pressed.
    Submitted { since: Instant, enters: u32, before: Before },
}

/// What the terminal showed when Enter was pressed.
struct Before {
    rows: Vec<String>,
    cursor_row: u16,
    /// The lowest row that shows the end of the text.
    draft_row: Option<usize>,
    title: String,
    working: bool,
    bytes_out: u64,
}

/// The queue and the nudge in hand.
#[derive(Default)]
pub(super) struct Nudger {
    queue: VecDeque<Job>,
    current: Option<(Job, Phase)>,
}

impl Nudger {
    /// Takes a message from a client. Returns its outcome if that is known at once.
    pub fn push(&mut self, client: u64, text: &str, now: Instant) -> Option<NudgeOutcome> {
        if self.queue.len() >= MAX_QUEUE {
            return Some(NudgeOutcome::Refused(format!("{MAX_QUEUE} nudges wait already")));
        }
        let text = text::neutralise(text.trim_end(), false).into_owned();
        self.queue.push_back(Job { client, text, since: now, told: false });
        None
    }

    /// Nudges that wait or are under way.
    pub fn waiting(&self) -> usize {
        self.queue.len() + usize::from(self.current.is_some())
    }

    /// Whether a message stands half-typed, so that nothing else may be typed now.
    pub fn typing(&self) -> bool {
        matches!(self.current, Some((_, Phase::Settling { .. })))
    }

    /// When to step again even if nothing happens.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        match (&self.current, self.queue.is_empty()) {
            (Some(_), _) => Some(now + Duration::from_millis(20)),
            (None, false) => Some(now + Duration::from_millis(200)),
            (None, true) => None,
        }
    }

    /// The session ends: nobody will take these.
    pub fn give_up(&mut self) -> Vec<Act> {
        let current = self.current.take().map(|(job, _)| job);
        current
            .into_iter()
            .chain(self.queue.drain(..))
            .filter(|job| !job.told)
            .map(|job| Act::Tell(job.client, NudgeOutcome::Refused("the session ended".into())))
            .collect()
    }

    /// Goes on as far as it can.
    pub fn step(&mut self, view: &View<'_>) -> Vec<Act> {
        let mut acts = Vec::new();
        if self.current.is_none() && !self.queue.is_empty() {
            self.begin(view, &mut acts);
        }
        let Some((job, phase)) = self.current.take() else { return acts };
        let next = match phase {
            Phase::Settling { since } => {
                let spent = view.now.saturating_duration_since(since);
                let quiet = view.last_output.is_none_or(|at| view.now.saturating_duration_since(at) >= QUIET);
                if spent >= MAX_SETTLE || (spent >= MIN_SETTLE && quiet) {
                    acts.push(Act::Write(enter(view.screen)));
                    Some(Phase::Submitted { since: view.now, enters: 1, before: Before::of(view, &job.text) })
                } else {
                    Some(Phase::Settling { since })
                }
            }
            Phase::Submitted { since, enters, before } => {
                if before.taken(view) {
                    tell(&mut acts, &job, NudgeOutcome::Delivered);
                    None
                } else if view.now.saturating_duration_since(since) < EVIDENCE {
                    Some(Phase::Submitted { since, enters, before })
                } else if enters < MAX_ENTERS && before.draft_row.is_some() {
                    // The text still stands where it was typed: only Enter was lost.
                    acts.push(Act::Write(enter(view.screen)));
                    Some(Phase::Submitted { since: view.now, enters: enters + 1, before })
                } else {
                    tell(&mut acts, &job, NudgeOutcome::Unconfirmed);
                    None
                }
            }
        };
        self.current = next.map(|phase| (job, phase));
        acts
    }

    fn begin(&mut self, view: &View<'_>, acts: &mut Vec<Act>) {
        let typing = view.last_typed.is_some_and(|at| view.now.saturating_duration_since(at) < TYPING);
        let blocked = view.screen.status.as_ref().is_some_and(|s| s.state == ProgramState::Blocked);
        let wait = if view.bytes_out == 0 {
            Some(("the program has not shown anything yet", Duration::from_secs(1)))
        } else if blocked {
            // Typed now, the message would answer the question that is open.
            Some(("the agent waits for a person's answer", Duration::ZERO))
        } else if typing {
            Some(("a person is typing", PATIENCE))
        } else {
            None
        };
        if let Some((reason, patience)) = wait {
            for job in self.queue.iter_mut().filter(|job| !job.told) {
                if view.now.saturating_duration_since(job.since) >= patience {
                    job.told = true;
                    acts.push(Act::Tell(job.client, NudgeOutcome::Queued(reason.into())));
                }
            }
            return;
        }
        if let Some(job) = self.queue.pop_front() {
            acts.push(Act::Write(typed(&job.text, view.screen)));
            self.current = Some((job, Phase::Settling { since: view.now }));
        }
    }
}

fn tell(acts: &mut Vec<Act>, job: &Job, outcome: NudgeOutcome) {
    if !job.told {
        acts.push(Act::Tell(job.client, outcome));
    }
}

/// The text as bytes: a bracketed paste where the program takes one, else keystrokes on one line, since a line end would submit half.
fn typed(text: &str, screen: &ScreenState) -> Vec<u8> {
    let mut bytes = if screen.modes.focus { b"\x1b[I".to_vec() } else { Vec::new() };
    if screen.modes.bracketed_paste {
        bytes.extend(encode_paste(text, &screen.modes));
    } else {
        bytes.extend(encode_paste(&text.replace(['\n', '\t'], " "), &screen.modes));
    }
    bytes
}

fn enter(screen: &ScreenState) -> Vec<u8> {
    if screen.modes.kitty_flags & 8 != 0 { b"\x1b[13u".to_vec() } else { b"\r".to_vec() }
}

impl Before {
    fn of(view: &View<'_>, text: &str) -> Before {
        let rows: Vec<String> = view.screen.lines.iter().map(crate::terminal::Line::text).collect();
        let last_line = text.lines().last().unwrap_or("").trim_end();
        let tail: String = {
            let chars: Vec<char> = last_line.chars().collect();
            chars[chars.len().saturating_sub(12)..].iter().collect()
        };
        let draft_row = if tail.trim().is_empty() { None } else { rows.iter().rposition(|row| row.contains(&tail)) };
        Before {
            rows,
            cursor_row: view.screen.cursor.row,
            draft_row,
            title: view.screen.title.clone(),
            working: working(view.screen),
            bytes_out: view.bytes_out,
        }
    }

    /// Whether what the terminal shows can't be the draft with Enter still to come.
    fn taken(&self, view: &View<'_>) -> bool {
        if view.bytes_out == self.bytes_out {
            return false;
        }
        if working(view.screen) && !self.working || view.screen.title != self.title {
            return true;
        }
        let Some(draft) = self.draft_row else {
            // The text was never seen (no echo): any output after Enter is an answer to it.
            return true;
        };
        if self.rows.len() != view.screen.lines.len() {
            return false;
        }
        let changed: Vec<usize> =
            (0..self.rows.len()).filter(|row| view.screen.lines[*row].text() != self.rows[*row]).collect();
        // A spinner changes a row elsewhere; taking the draft moves the cursor on, empties the row or scrolls several.
        view.screen.cursor.row != self.cursor_row || changed.contains(&draft) || changed.len() >= 2
    }
}

fn working(screen: &ScreenState) -> bool {
    screen.status.as_ref().is_some_and(|status| status.state == ProgramState::Working)
}
