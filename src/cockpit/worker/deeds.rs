//! Doing what was asked for, and saying what became of it.

use std::time::{Duration, Instant};

use crate::base::{Error, Result, Timestamp};
use crate::patrol;
use crate::session::{self, AttachMode, Client, ClientMsg, NudgeOutcome, ServerMsg};
use crate::terminal::{Key, KeyKind, KeyMods, KeyPress, ScreenState};
use crate::town::Town;
use crate::work::{Desk, sling, unsling};

use super::super::answer::{self, Prompt, Reply};
use super::super::deeds::{Agent, Deed, Finished, Order};
use super::control::Control;
use super::{beads, request, with_hint, words};

/// How long a session may take to show its screen.
const SCREEN: Duration = Duration::from_secs(5);
/// How long a program that reads single keys gets before Enter is added.
const ALONE: Duration = Duration::from_millis(400);

/// Does `deed`.
pub(super) fn perform(town: &Town, deed: Deed, control: &Control) -> Finished {
    let done = match deed {
        Deed::Sling(order) => sling_beads(town, order),
        Deed::TakeBack(beads) => take_back(town, &beads),
        Deed::Tell { to, text } => Ok(each(&to, "told", control, |agent| tell(town, agent, &text))),
        Deed::Answer { to, prompt, reply } => {
            Ok(each(&to, "answered", control, |agent| give_answer(town, agent, &prompt, &reply)))
        }
        Deed::Stop(agents) => stop(town, &agents, control),
        Deed::CloseBeads(ids) => {
            each_id(town, &ids, control, "closed", beads::close, |done| Some(Deed::ReopenBeads(done)))
        }
        Deed::ReopenBeads(ids) => each_id(town, &ids, control, "open again", beads::reopen, |_| None),
        Deed::ReadMail(ids) => {
            each_id(town, &ids, control, "count as read", beads::read, |done| Some(Deed::UnreadMail(done)))
        }
        Deed::UnreadMail(ids) => each_id(town, &ids, control, "count as not read", beads::unread, |_| None),
        Deed::ArchiveMail(ids) => {
            each_id(town, &ids, control, "put away", beads::put_away, |done| Some(Deed::RestoreMail(done)))
        }
        Deed::RestoreMail(ids) => each_id(town, &ids, control, "are back", beads::bring_back, |_| None),
        Deed::Retry(ids) => each_id(town, &ids, control, "are to be merged again", beads::retry, |_| None),
        Deed::Approve(ids) => each_id(town, &ids, control, "approved", beads::approve, |_| None),
        Deed::StopMerge(ids) => {
            each_id(town, &ids, control, "stopped", beads::stop_merge, |done| Some(Deed::Approve(done)))
        }
        Deed::Reject(ids, reason) => {
            each_id(town, &ids, control, "turned down", |desk, id| beads::reject(desk, id, &reason), |_| None)
        }
        Deed::Review(_, deed) => return perform(town, *deed, control),
        other => beads::perform(town, other),
    };
    done.unwrap_or_else(|error| failure(&error))
}

pub(super) fn finished(ok: bool, text: String, parts: Vec<String>, undo: Option<Deed>) -> Finished {
    Finished { at: Timestamp::now(), ok, text, parts, undo }
}

/// What is said of a deed that ended in a panic.
pub(super) fn broken() -> Finished {
    finished(false, "It broke halfway; .runtime/logs/cockpit.log has the report".to_owned(), Vec::new(), None)
}

fn failure(error: &Error) -> Finished {
    finished(false, words(error), Vec::new(), None)
}

/// Does something for one after the other, until it is to be stopped; `name` says what each is called.
fn parts<T>(
    all: &[T],
    control: &Control,
    name: impl Fn(&T) -> &str,
    mut one: impl FnMut(&T) -> (bool, String),
) -> Vec<(bool, String)> {
    let mut outcomes = Vec::with_capacity(all.len());
    for (place, this) in all.iter().enumerate() {
        if control.is_stopped() {
            outcomes.push((false, format!("{}: left as it was, since you stopped it", name(this))));
            continue;
        }
        control.done(place, all.len());
        outcomes.push(one(this));
    }
    outcomes
}

/// Does `one` thing with each of `ids`; `undo` says what takes back those of them it was done with.
fn each_id(
    town: &Town,
    ids: &[String],
    control: &Control,
    word: &str,
    mut one: impl FnMut(&mut Desk, &str) -> Result<String>,
    undo: impl FnOnce(Vec<String>) -> Option<Deed>,
) -> Result<Finished> {
    let mut desk = Desk::of(town.clone())?;
    let mut done = Vec::new();
    let outcomes = parts(ids, control, String::as_str, |id| match one(&mut desk, id) {
        Ok(text) => {
            done.push(id.clone());
            (true, text)
        }
        Err(error) => (false, words(&error)),
    });
    patrol::after_command(&desk)?;
    let undo = if done.is_empty() { None } else { undo(done) };
    Ok(summary(outcomes, word, undo))
}

/// Does one thing for each agent and counts.
fn each(agents: &[Agent], done: &str, control: &Control, mut one: impl FnMut(&Agent) -> Result<String>) -> Finished {
    let outcomes = parts(
        agents,
        control,
        |agent| &agent.address,
        |agent| match one(agent) {
            Ok(text) => (true, format!("{}: {text}", agent.address)),
            Err(error) => (false, format!("{}: {}", agent.address, words(&error))),
        },
    );
    summary(outcomes, done, None)
}

fn summary(outcomes: Vec<(bool, String)>, done: &str, undo: Option<Deed>) -> Finished {
    if let [(ok, text)] = outcomes.as_slice() {
        return finished(*ok, text.clone(), Vec::new(), undo);
    }
    let good = outcomes.iter().filter(|(ok, _)| *ok).count();
    let bad = outcomes.len() - good;
    let text = if bad == 0 { format!("{good} {done}") } else { format!("{good} {done}, {bad} failed: L shows which") };
    finished(bad == 0, text, outcomes.into_iter().map(|(_, text)| text).collect(), undo)
}

fn sling_beads(town: &Town, order: Order) -> Result<Finished> {
    let target = order.target.clone();
    let mut desk = Desk::of(town.clone())?;
    let report = sling::sling(&mut desk, &request(order))?;
    patrol::daemon::ensure_running(town)?;
    patrol::after_command(&desk)?;
    let slung: Vec<String> = report.slung.iter().map(|slung| slung.bead.clone()).collect();
    let undo = (!slung.is_empty()).then_some(Deed::TakeBack(slung));
    let mut outcomes: Vec<(bool, String)> = report
        .slung
        .iter()
        .map(|slung| match slung.agent.as_str() {
            "" => (true, format!("{} waits for a free place in {target}", slung.bead)),
            agent => (true, format!("{} → {agent}", slung.bead)),
        })
        .collect();
    outcomes.extend(report.failed.iter().map(|failure| {
        (false, format!("{}: {}", failure.bead, with_hint(&failure.error, failure.hint.as_deref(), ": ")))
    }));
    Ok(summary(outcomes, "slung", undo))
}

fn take_back(town: &Town, beads: &[String]) -> Result<Finished> {
    let mut desk = Desk::of(town.clone())?;
    let outcomes = beads
        .iter()
        .map(|bead| match unsling::unsling(&mut desk, bead, false) {
            Ok(_) => (true, format!("{bead} is open again")),
            Err(error) => (false, words(&error)),
        })
        .collect();
    patrol::after_command(&desk)?;
    Ok(summary(outcomes, "taken back", None))
}

fn stop(town: &Town, agents: &[Agent], control: &Control) -> Result<Finished> {
    let mut desk = Desk::of(town.clone())?;
    let mut back: Vec<(String, String)> = Vec::new();
    let outcomes = parts(
        agents,
        control,
        |agent| &agent.address,
        |agent| {
            let stopped = match &agent.bead {
                Some(bead) => unsling::unsling(&mut desk, bead, false).map(|unslung| {
                    back.push((unslung.bead.clone(), agent.address.clone()));
                    format!("stopped; {} is open again", unslung.bead)
                }),
                None => session::kill(town, &agent.session, &[]).map(|_| "stopped".to_owned()),
            };
            match stopped {
                Ok(text) => (true, format!("{}: {text}", agent.address)),
                Err(error) => (false, format!("{}: {}", agent.address, words(&error))),
            }
        },
    );
    patrol::after_command(&desk)?;
    // Work goes back to the rig it was done in, where the same targets stand.
    let rig = back.first().and_then(|(_, address)| address.split('/').next()).map(str::to_owned);
    let same_rig = back.iter().all(|(_, address)| address.split('/').next() == rig.as_deref());
    let undo = rig.filter(|_| same_rig).map(|target| {
        Deed::Sling(Order { beads: back.iter().map(|(bead, _)| bead.clone()).collect(), target, runtime: None })
    });
    Ok(summary(outcomes, "stopped", undo))
}

fn tell(town: &Town, agent: &Agent, text: &str) -> Result<String> {
    match session::nudge(town, &agent.session, text, "overseer")? {
        NudgeOutcome::Seen => Ok("has read your message".to_owned()),
        NudgeOutcome::Delivered => Ok("has your message".to_owned()),
        NudgeOutcome::Unconfirmed => Ok("your message was typed; nothing shows yet that it was read".to_owned()),
        NudgeOutcome::Queued(why) => Ok(format!("gets your message later: {why}")),
        NudgeOutcome::Refused(why) => Err(Error::refused(format!("did not get it: {why}"))),
    }
}

/// Answers the agent if it still asks what was answered.
fn give_answer(town: &Town, agent: &Agent, expected: &Prompt, reply: &Reply) -> Result<String> {
    let mut client = Client::connect(town, &agent.session)?;
    let screen = screen_of(&mut client)?;
    let asks = answer::prompt(&screen).unwrap_or_default();
    if !asks.same_as(expected) {
        return Err(Error::refused("it asks something else now; nothing was sent"));
    }
    // Whoever only looks can't type; whoever sets the size changes what the agent shows. This does neither.
    client.send(&ClientMsg::Detach)?;
    let press = |key| ClientMsg::Key(KeyPress { key, mods: KeyMods::default(), kind: KeyKind::Press, keypad: false });
    match reply {
        Reply::Choice(choice) => {
            client.send(&press(Key::Char(choice.key)))?;
            if choice.enter && still_asks(town, agent, expected)? {
                client.send(&press(Key::Enter))?;
            }
        }
        Reply::Text(text) => {
            client.send(&ClientMsg::Paste(text.clone()))?;
            // The program must have taken the words in before Enter ends them.
            wait_for_change(town, agent, &screen)?;
            client.send(&press(Key::Enter))?;
        }
    }
    // Messages are taken in order: with this answer the others are in the host's hands.
    client.status()?;
    Ok("has your answer".to_owned())
}

fn screen_of(client: &mut Client) -> Result<ScreenState> {
    client.attach(AttachMode::View, None)?;
    let end = Instant::now() + SCREEN;
    while Instant::now() < end {
        if let Some(ServerMsg::Full(screen)) = client.recv(SCREEN)? {
            return Ok(*screen);
        }
    }
    Err(Error::failed("its screen did not come"))
}

/// Whether the question is still there after the key, so that the key has to be confirmed.
fn still_asks(town: &Town, agent: &Agent, expected: &Prompt) -> Result<bool> {
    let end = Instant::now() + ALONE;
    let question = expected.text.last().map(String::as_str).unwrap_or_default();
    loop {
        let mut client = Client::connect(town, &agent.session)?;
        let screen = screen_of(&mut client)?;
        let text = screen.text();
        let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        if !last.contains(question) {
            return Ok(false);
        }
        if Instant::now() >= end {
            return Ok(true);
        }
        std::thread::sleep(ALONE / 8);
    }
}

/// Waits until the agent's screen differs from `before`, at most a moment: it may not echo.
fn wait_for_change(town: &Town, agent: &Agent, before: &ScreenState) -> Result<()> {
    let end = Instant::now() + ALONE;
    while Instant::now() < end {
        let mut client = Client::connect(town, &agent.session)?;
        if screen_of(&mut client)?.lines != before.lines {
            break;
        }
        std::thread::sleep(ALONE / 16);
    }
    Ok(())
}
