//! Tells the overseer, and whoever asked for it, that a convoy has landed: once a landing.

use std::time::Duration;

use super::pulse::Pulse;
use crate::base::Result;
use crate::base::text::neutralise;
use crate::town::Town;
use crate::work::identity::OVERSEER;
use crate::work::{Desk, convoy, mail, outside};

/// How often it looks when nothing happens.
const REST: Duration = Duration::from_secs(60);
/// How many events are read at once.
const PAGE: usize = 500;
/// Where it notes up to which event it has told everybody.
const CURSOR: &str = "landing.told";

/// Tells until it is time to end.
///
/// # Errors
/// When the ledger can't be read or written; the caller tries again later.
pub fn run(town: &Town, pulse: &Pulse) -> Result<()> {
    let mut desk = Desk::of(town.clone())?;
    let mut position: i64 = desk.ledger.kv(CURSOR)?.and_then(|value| value.parse().ok()).unwrap_or(0);
    let mut seen = 0;
    loop {
        loop {
            let events = desk.ledger.events_since(position, PAGE)?;
            let Some(last) = events.last().map(|event| event.seq) else { break };
            for event in events.iter().filter(|event| event.kind == "convoy_landed") {
                if let Some(id) = &event.bead
                    && tell(&mut desk, id, event.seq)?
                {
                    run_command(&desk, id)?;
                }
            }
            position = last;
        }
        if !pulse.wait(&mut seen, REST) {
            return Ok(());
        }
    }
}

/// The command the person has set for it, for a sign on the desktop or elsewhere. It is run after the message is noted, so that it
/// never runs twice.
fn run_command(desk: &Desk, id: &str) -> Result<()> {
    let command = desk.town.settings()?.notify_command;
    let Some(bead) = desk.ledger.find(id)?.filter(|_| !command.is_empty()) else { return Ok(()) };
    let (title, count) = (neutralise(&bead.title, true), convoy::members(&bead).len().to_string());
    let facts = [("{id}", id), ("{title}", &title), ("{count}", &count)];
    let argv: Vec<String> = command
        .iter()
        .map(|word| facts.iter().fold(word.clone(), |word, (name, value)| word.replace(name, value)))
        .collect();
    if let Err(error) = outside::run(&argv, "", &[]) {
        tracing::warn!(convoy = id, %error, "notify_command");
    }
    Ok(())
}

/// Message and cursor are one transaction: after a crash nobody is told twice and nobody is left out. False when it was told before.
fn tell(desk: &mut Desk, id: &str, seq: i64) -> Result<bool> {
    desk.ledger.write("deacon", |tx| {
        if tx.kv(CURSOR)?.and_then(|value| value.parse::<i64>().ok()).is_some_and(|told| told >= seq) {
            return Ok(false);
        }
        if let Some(bead) = tx.find(id)? {
            let members = convoy::members(&bead);
            let subject = format!("Convoy landed: {}", bead.title);
            let mut body = match members.len() {
                1 => format!("{id}: its one bead is closed.\n"),
                many => format!("{id}: all {many} beads are closed.\n"),
            };
            for member in members.iter().take(50) {
                if let Some(member) = tx.find(member)? {
                    body.push_str(&format!("\n{} {}: {}", member.id, member.title, member.close_reason));
                }
            }
            let mut told = vec![OVERSEER.to_owned()];
            told.extend(convoy::audience(&bead).into_iter().filter(|address| address != OVERSEER));
            for address in told {
                mail::post(tx, "deacon", &address, &subject, &body, 2)?;
            }
        }
        tx.set_kv(CURSOR, Some(&seq.to_string()))?;
        Ok(true)
    })
}
