//! The postman: tells agents that do nothing of new mail.

use std::collections::BTreeSet;
use std::time::Duration;

use super::pulse::Pulse;
use crate::base::Result;
use crate::session::registry;
use crate::town::{Address, Town};
use crate::work::Desk;
use crate::work::deliver::{Delivery, deliver};

/// How often it looks whether a busy agent has come to rest.
const ROUND: Duration = Duration::from_secs(2);
/// How often it looks when nobody waits for mail.
const REST: Duration = Duration::from_secs(60);
/// How many events are read at once.
const PAGE: usize = 500;

/// Delivers until it is time to end.
///
/// # Errors
/// When the ledger can't be read or written; the caller tries again later.
pub fn run(town: &Town, pulse: &Pulse) -> Result<()> {
    let mut desk = Desk::of(town.clone())?;
    let mut position = desk.ledger.change_seq()?;
    let mut seen = 0;
    // What came before this daemon did.
    let mut waiting: BTreeSet<Address> = registry::list(town)?
        .iter()
        .filter(|record| registry::is_alive(record))
        .filter_map(|record| record.address.parse().ok())
        .collect();
    loop {
        loop {
            let events = desk.ledger.events_since(position, PAGE)?;
            let Some(last) = events.last().map(|event| event.seq) else { break };
            let to =
                events.iter().filter(|event| event.kind == "mail").filter_map(|event| event.payload["to"].as_str());
            waiting.extend(to.filter_map(|to| to.parse().ok()));
            position = last;
        }
        for agent in waiting.clone() {
            if pulse.is_stopping() {
                return Ok(());
            }
            match deliver(&mut desk, &agent) {
                Ok(Delivery::Later) => continue,
                Ok(Delivery::Told) => tracing::info!(%agent, "told of its mail"),
                Ok(Delivery::Nothing) => {}
                Err(error) => tracing::warn!(%agent, %error, "mail"),
            }
            waiting.remove(&agent);
        }
        let go_on = if waiting.is_empty() { pulse.wait(&mut seen, REST) } else { pulse.rest(ROUND) };
        if !go_on {
            return Ok(());
        }
    }
}
