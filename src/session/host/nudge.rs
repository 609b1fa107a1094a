//! Messages typed to the agent on others' behalf: one at a time, at its prompt, never into what a person is typing, and believed
//! delivered only when the terminal or the program shows that they were taken.

use std::time::{Duration, Instant};

use super::taken::{Before, Taken};
use crate::base::{Timestamp, text};
use crate::session::complain;
use crate::session::nudges::{NudgeBook, NudgeEntry, NudgeOrder, NudgeStage, NudgeWhen};
use crate::session::wire::NudgeOutcome;
use crate::terminal::{KeyPress, ScreenState, encode_key, encode_paste};

/// A sender waits this long for a nudge to begin; then it is told that it is queued.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same where the agent is at work, which rarely ends within seconds.
const BUSY_PATIENCE: Duration = Duration::from_millis(1500);
/// Nudges that may wait.
const MAX_QUEUE: usize = 50;
/// After the text: output quiet for `QUIET`, at least `MIN_SETTLE`, at most `MAX_SETTLE`. Agents take an Enter that follows text within
/// 120 ms for a part of a paste.
const QUIET: Duration = Duration::from_millis(50);
const MIN_SETTLE: Duration = Duration::from_millis(150);
const MAX_SETTLE: Duration = Duration::from_millis(1500);
/// How long the text's echo is waited for: a program that gets little of a busy CPU reads late, and would read an Enter together with the
/// paste and take it for a part of that. Only of one that shows nothing of what is typed it never comes.
const MAX_ECHO: Duration = Duration::from_secs(5);
/// How long to look for evidence before Enter is pressed again; also how long the program has to say that it saw the message, once the
/// terminal shows that it was taken.
const EVIDENCE: Duration = Duration::from_millis(1500);
/// How often Enter is pressed at most.
const MAX_ENTERS: u32 = 3;

/// What the nudger sees of the session.
pub(super) struct View<'a> {
    pub now: Instant,
    pub screen: &'a ScreenState,
    pub last_output: Option<Instant>,
    pub bytes_out: u64,
    /// Why nothing may be typed now whatever the sender wants: a person's draft, an open question.
    pub in_the_way: Option<&'static str>,
    /// Why the agent is not at its prompt.
    pub busy: Option<&'static str>,
    /// Whether the program says by itself when it begins to work.
    pub tells: bool,
    /// How often it said so by its status.
    pub begun: u64,
    /// The prompts that the program said it was given, and when.
    pub prompts: &'a [(Instant, String)],
    /// The key that submits.
    pub submit: KeyPress,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Write to the program.
    Write(Vec<u8>),
    /// Tell the sender.
    Tell(u64, NudgeOutcome),
}

/// A sender that waits to hear of its message.
struct Sender {
    id: u64,
    client: u64,
    since: Instant,
}

enum Phase {
    /// The text is typed when so many bytes had come from the program; waiting for its echo to begin, and to end.
    Settling { since: Instant, bytes_out: u64, echoed: Option<Instant> },
    /// Submit was pressed.
    Submitted { since: Instant, enters: u32, before: Before },
    /// The terminal shows that it was taken; the program may say so too.
    Shown { since: Instant, enters: u32, before: Before },
}

/// The queue and the nudge in hand.
#[derive(Default)]
pub(super) struct Nudger {
    book: NudgeBook,
    senders: Vec<Sender>,
    current: Option<(u64, String, Phase)>,
    /// The book changed since it was written.
    dirty: bool,
}

impl Nudger {
    /// The nudger of a session with that book.
    pub fn new(book: NudgeBook) -> Nudger {
        Nudger { book, ..Nudger::default() }
    }

    /// Takes a message from a client. Returns its outcome if that is known at once.
    pub fn push(&mut self, client: u64, order: &NudgeOrder, now: Instant) -> Option<NudgeOutcome> {
        if self.book.waiting().count() >= MAX_QUEUE {
            return Some(NudgeOutcome::Refused(format!("{MAX_QUEUE} nudges wait already")));
        }
        let text = text::neutralise(order.text.trim_end(), false).into_owned();
        let id = self.book.add(order, text);
        self.dirty = true;
        if order.when == NudgeWhen::Queue {
            self.save();
            return Some(NudgeOutcome::Queued("until the agent waits at its prompt".into()));
        }
        self.senders.push(Sender { id, client, since: now });
        None
    }

    /// Nudges that wait or are under way.
    pub fn waiting(&self) -> usize {
        self.book.waiting().count() + usize::from(self.current.is_some())
    }

    /// Whether a message stands half-typed, so that nothing else may be typed now.
    pub fn typing(&self) -> bool {
        matches!(self.current, Some((_, _, Phase::Settling { .. })))
    }

    /// All messages, the oldest first.
    pub fn entries(&self) -> Vec<NudgeEntry> {
        self.book.entries().to_vec()
    }

    /// When to step again even if nothing happens.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        if self.current.is_some() {
            return Some(now + Duration::from_millis(20));
        }
        // With nobody waiting for word, output or the program's own word is what changes anything; the clock serves drafts and ends.
        let step = if self.senders.is_empty() { Duration::from_secs(1) } else { Duration::from_millis(100) };
        self.book.waiting().next().map(|_| now + step)
    }

    /// The session ends. What its senders were told is queued waits for the next session of this agent, the rest is refused.
    pub fn give_up(&mut self) -> Vec<Act> {
        let mut acts = Vec::new();
        for sender in std::mem::take(&mut self.senders) {
            self.book.set(sender.id, NudgeStage::Refused, Some("the session ended"));
            acts.push(Act::Tell(sender.client, NudgeOutcome::Refused("the session ended".into())));
        }
        if let Some((id, _, _)) = self.current.take() {
            self.book.set(id, NudgeStage::Unconfirmed, Some("the session ended"));
        }
        self.dirty = true;
        self.save();
        acts
    }

    /// Goes on as far as it can.
    pub fn step(&mut self, view: &View<'_>) -> Vec<Act> {
        let mut acts = Vec::new();
        self.expire(&mut acts);
        if self.current.is_none() {
            self.begin(view, &mut acts);
        }
        if let Some((id, text, phase)) = self.current.take() {
            match phase.step(view, &text, &mut acts) {
                Ok(phase) => self.current = Some((id, text, phase)),
                Err(stage) => self.conclude(id, stage, &mut acts),
            }
        }
        self.save();
        acts
    }

    fn conclude(&mut self, id: u64, stage: NudgeStage, acts: &mut Vec<Act>) {
        self.book.set(id, stage, None);
        self.dirty = true;
        let outcome = match stage {
            NudgeStage::Seen => NudgeOutcome::Seen,
            NudgeStage::Delivered => NudgeOutcome::Delivered,
            _ => NudgeOutcome::Unconfirmed,
        };
        self.tell(id, outcome, acts);
    }

    /// Tells the sender of message `id`, if it still waits.
    fn tell(&mut self, id: u64, outcome: NudgeOutcome, acts: &mut Vec<Act>) {
        if let Some(at) = self.senders.iter().position(|sender| sender.id == id) {
            acts.push(Act::Tell(self.senders.remove(at).client, outcome));
        }
    }

    /// Drops what has waited too long.
    fn expire(&mut self, acts: &mut Vec<Act>) {
        let now = Timestamp::now();
        let old: Vec<u64> = self.book.waiting().filter(|entry| entry.until <= now).map(|entry| entry.id).collect();
        for id in old {
            self.book.set(id, NudgeStage::Expired, None);
            self.dirty = true;
            self.tell(id, NudgeOutcome::Refused("it waited until it was no use any more".into()), acts);
        }
    }

    fn begin(&mut self, view: &View<'_>, acts: &mut Vec<Act>) {
        let silent = (view.bytes_out == 0).then_some("the program has not shown anything yet");
        let always = silent.or(view.in_the_way);
        // One that is to come at once goes before those that wait for the prompt.
        let next = match (always, view.busy) {
            (Some(_), _) => None,
            (None, None) => self.book.waiting().next(),
            (None, Some(_)) => self.book.waiting().find(|entry| entry.when == NudgeWhen::Now),
        };
        let Some(entry) = next else {
            if let Some(reason) = always.or(view.busy) {
                self.report_queued(view, reason, acts);
            }
            return;
        };
        let (id, text) = (entry.id, entry.text.clone());
        acts.push(Act::Write(typed(&text, view.screen)));
        self.book.set(id, NudgeStage::Typing, None);
        self.dirty = true;
        self.current = Some((id, text, Phase::Settling { since: view.now, bytes_out: view.bytes_out, echoed: None }));
    }

    /// Tells those that have waited long enough that it takes longer.
    fn report_queued(&mut self, view: &View<'_>, reason: &'static str, acts: &mut Vec<Act>) {
        let patience = match (view.in_the_way, view.busy) {
            // Typed now, the message would answer the question that is open; that takes a person.
            (Some(QUESTION), _) => Duration::ZERO,
            (Some(_), _) => PATIENCE,
            (None, Some(_)) => BUSY_PATIENCE,
            (None, None) => Duration::from_secs(1),
        };
        let late: Vec<u64> = self
            .senders
            .iter()
            .filter(|sender| view.now.saturating_duration_since(sender.since) >= patience)
            .map(|sender| sender.id)
            .collect();
        for id in late {
            self.book.set(id, NudgeStage::Queued, Some(reason));
            self.dirty = true;
            // On disk before it is promised.
            self.save();
            self.tell(id, NudgeOutcome::Queued(reason.into()), acts);
        }
    }

    /// Writes the book where it changed.
    fn save(&mut self) {
        if std::mem::take(&mut self.dirty)
            && let Err(error) = self.book.write()
        {
            complain(&format!("nudges: {error}"));
        }
    }
}

/// Why nothing is typed while a question is open.
pub(super) const QUESTION: &str = "the agent waits for a person's answer";

impl Phase {
    /// The next phase, or what became of the message.
    fn step(self, view: &View<'_>, text: &str, acts: &mut Vec<Act>) -> Result<Phase, NudgeStage> {
        let spent = |since: Instant| view.now.saturating_duration_since(since);
        match self {
            Phase::Settling { since, bytes_out, echoed } => {
                let echoed = echoed.or((view.bytes_out != bytes_out).then_some(view.now));
                let quiet = view.last_output.is_none_or(|at| spent(at) >= QUIET);
                let settled = match echoed {
                    Some(at) => spent(at) >= MAX_SETTLE || (spent(at) >= MIN_SETTLE && quiet),
                    None => spent(since) >= MAX_ECHO,
                };
                if settled {
                    return Ok(Phase::submit(view, text, 1, acts));
                }
                Ok(Phase::Settling { since, bytes_out, echoed })
            }
            Phase::Submitted { since, enters, before } => match before.taken(view) {
                Taken::Seen => Err(NudgeStage::Seen),
                Taken::Shown if view.tells => Ok(Phase::Shown { since: view.now, enters, before }),
                Taken::Shown => Err(NudgeStage::Delivered),
                Taken::No if spent(since) < EVIDENCE => Ok(Phase::Submitted { since, enters, before }),
                Taken::No if enters < MAX_ENTERS && before.draft_shown() => {
                    // The text still stands where it was typed: only the key was lost.
                    acts.push(Act::Write(encode_key(view.submit, &view.screen.modes)));
                    Ok(Phase::Submitted { since: view.now, enters: enters + 1, before })
                }
                Taken::No => Err(NudgeStage::Unconfirmed),
            },
            Phase::Shown { since, enters, before } => match before.taken(view) {
                Taken::Seen => Err(NudgeStage::Seen),
                _ if spent(since) < EVIDENCE => Ok(Phase::Shown { since, enters, before }),
                // It would say that it works, is at its prompt, and the text stands there: the key became a part of the text.
                _ if view.busy.is_none() && view.in_the_way.is_none() && Before::of(view, text).draft_shown() => {
                    if enters < MAX_ENTERS {
                        Ok(Phase::submit(view, text, enters + 1, acts))
                    } else {
                        Err(NudgeStage::Unconfirmed)
                    }
                }
                _ => Err(NudgeStage::Delivered),
            },
        }
    }

    /// Presses the key that submits.
    fn submit(view: &View<'_>, text: &str, enters: u32, acts: &mut Vec<Act>) -> Phase {
        acts.push(Act::Write(encode_key(view.submit, &view.screen.modes)));
        Phase::Submitted { since: view.now, enters, before: Before::of(view, text) }
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
