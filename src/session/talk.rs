//! Short talks with a session: a look at its screen, a message to its agent.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::client::Client;
use super::nudges::{self, NUDGE_TTL, NudgeEntry, NudgeOrder, NudgeWhen};
use super::place::Place;
use super::wire::{self, ClientMsg, NudgeOutcome, ServerMsg, Status};
use super::{registry, start};
use crate::base::{Error, Kind, Result};
use crate::terminal::KeyPress;
use crate::town::Town;

/// The longest a nudge is waited for; the host answers `queued` long before when it can't deliver at once.
const NUDGE: Duration = Duration::from_secs(60);
/// The longest message that can be nudged.
const MAX_NUDGE: usize = 64 * 1024;
/// Characters of a prompt that a host is told.
const MAX_HEARD: usize = 2000;

/// The last `lines` lines on the terminal of the session called `name`, scrollback included; of an ended session what it ended with.
///
/// # Errors
/// When there is no such session or its last screen was not kept.
pub fn peek(town: &Town, name: &str, lines: usize) -> Result<String> {
    let asked = Client::connect(town, name).and_then(|mut client| {
        client.send(&ClientMsg::ReadText { lines: u32::try_from(lines).unwrap_or(u32::MAX) })?;
        client.answer(Duration::from_secs(10), |message| match message {
            ServerMsg::Text(text) => Some(text),
            _ => None,
        })
    });
    match asked {
        Err(error) if error.kind() == Kind::NotFound => {
            let Some(last) = registry::last_screen(town, name) else { return Err(error) };
            let all: Vec<&str> = last.text.lines().collect();
            Ok(all[all.len().saturating_sub(lines)..].join("\n"))
        }
        other => other,
    }
}

/// Gives the agent of the session called `name` a message, as if typed; `from` says who speaks. Waits for the outcome.
///
/// # Errors
/// When no such session runs or its host does not answer.
pub fn nudge(town: &Town, name: &str, text: &str, from: &str) -> Result<NudgeOutcome> {
    deliver(town, name, &order(text, from, NudgeWhen::Idle))
}

fn order(text: &str, from: &str, when: NudgeWhen) -> NudgeOrder {
    NudgeOrder { text: text.to_owned(), from: from.to_owned(), when, ttl: NUDGE_TTL.as_secs() as u32 }
}

/// The message of an order as the host of that version understands it.
fn message(client: &Client, order: &NudgeOrder) -> ClientMsg {
    if client.host_version() >= 3 {
        return ClientMsg::Deliver(order.clone());
    }
    ClientMsg::Nudge { text: order.text.clone(), from: order.from.clone() }
}

/// As [`nudge`], when and for how long the order says.
///
/// # Errors
/// As [`nudge`].
pub fn deliver(town: &Town, name: &str, order: &NudgeOrder) -> Result<NudgeOutcome> {
    let text = &order.text;
    if text.trim().is_empty() {
        return Err(Error::usage("an empty message").hint("gt nudge <agent> \"message\""));
    }
    if text.len() > MAX_NUDGE {
        return Err(Error::usage(format!("a message of {} bytes; at most {MAX_NUDGE} can be typed", text.len()))
            .hint("write it to a file and nudge with its path"));
    }
    let mut client = Client::connect(town, name)?;
    client.send(&message(&client, order))?;
    client.answer(NUDGE, |message| match message {
        ServerMsg::Nudged(outcome) => Some(outcome),
        _ => None,
    })
}

/// Leaves a message with the host of the session called `name`, which types it once the program shows something; returns at once.
///
/// # Errors
/// When no such session runs or its host does not answer.
pub fn nudge_later(town: &Town, name: &str, text: &str) -> Result<()> {
    let mut client = Client::connect(town, name)?;
    client.send(&message(&client, &order(text, "", NudgeWhen::Queue)))?;
    // Messages are taken in order: with the answer to this one it is in the host's hands.
    client.status().map(|_| ())
}

/// The messages for the agent of the session called `name`, the oldest first: those that wait, and the latest that don't any more.
///
/// # Errors
/// When there is no such session, its host does not answer or is of an older version.
pub fn nudges(town: &Town, name: &str) -> Result<Vec<NudgeEntry>> {
    match Client::connect(town, name) {
        Ok(mut client) => {
            client.needs(3, "tell of its messages")?;
            client.send(&ClientMsg::Nudges)?;
            client.answer(Duration::from_secs(10), |message| match message {
                ServerMsg::Nudges(entries) => Some(entries),
                _ => None,
            })
        }
        Err(error) if error.kind() == Kind::NotFound && registry::find(town, name)?.is_some() => {
            Ok(nudges::read(&Place::of(town)?.directory(name)))
        }
        Err(error) => Err(error),
    }
}

/// Tells the host of the session called `name` what the agent's lifecycle hooks told: the state, where it told one, and the prompt it
/// was given. Waits for nothing; a host that is gone or too old is no failure.
pub fn hear(town: &Town, name: &str, state: &str, prompt: Option<&str>) {
    let prompt = prompt.map(|text| text.chars().take(MAX_HEARD).collect());
    let message = ClientMsg::Hear { state: state.to_owned(), prompt };
    let Ok(socket) = Place::of(town).and_then(|place| place.socket(name)) else { return };
    let mut frames = Vec::new();
    let hello = wire::put(&mut frames, &ClientMsg::Hello { version: wire::PROTOCOL });
    if hello.and_then(|()| wire::put(&mut frames, &message)).is_err() {
        return;
    }
    if let Ok(mut stream) = UnixStream::connect(socket) {
        let _ = stream.set_write_timeout(Some(Duration::from_secs(1))).and_then(|()| stream.write_all(&frames));
    }
}

/// Presses a key in the session called `name`.
///
/// # Errors
/// When no such session runs or its host does not answer.
pub fn press(town: &Town, name: &str, key: KeyPress) -> Result<()> {
    let mut client = Client::connect(town, name)?;
    client.send(&ClientMsg::Key(key))?;
    // Messages are taken in order: with the answer to this one it is pressed.
    client.status().map(|_| ())
}

/// Ends every open terminal on the session called `name`; the agent goes on. Returns how many there were.
///
/// # Errors
/// When no such session runs or its host does not answer.
pub fn detach_all(town: &Town, name: &str) -> Result<u32> {
    let mut client = Client::connect(town, name)?;
    client.send(&ClientMsg::DetachAll)?;
    client.answer(Duration::from_secs(10), |message| match message {
        ServerMsg::Detached(count) => Some(count),
        _ => None,
    })
}

/// The status of the session called `name`.
///
/// # Errors
/// When no such session runs or its host does not answer.
pub fn status(town: &Town, name: &str) -> Result<Status> {
    Client::connect(town, name)?.status()
}

/// Has the host of the session called `name` become the present `gt` in place; returns the version it then is.
///
/// # Errors
/// When no such session runs or its host can't; it goes on as it was then.
pub fn upgrade(town: &Town, name: &str) -> Result<String> {
    Client::connect(town, name)?.upgrade(&start::gt_binary()?)
}
