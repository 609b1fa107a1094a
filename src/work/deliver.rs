//! Telling an agent of its mail while it does nothing: once, as a count and the newest subjects, typed to it and seen to be taken.

use super::{Desk, agents, mailbook, prime, told};
use crate::base::Result;
use crate::runtime::AgentState;
use crate::session::{self, NudgeOrder, NudgeOutcome, NudgeWhen, registry};
use crate::town::Address;

/// What became of the mail of one agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It was told.
    Told,
    /// There is nothing it was not told of, or it wants no interruption, or it does not run.
    Nothing,
    /// It is busy: try again later.
    Later,
}

/// Seconds for which word of mail is of use: for as long as the mail is unread, unlike what other messages say. It counts as told once it
/// waits with the agent's host, so that it must not be dropped there; an agent that begins anew is told of all that is unread.
const OF_USE: u32 = u32::MAX;

/// Tells `agent` of the mail it was not told of yet, when it runs and does nothing.
///
/// # Errors
/// When the ledger, the book or the sessions can't be read.
pub fn deliver(desk: &mut Desk, agent: &Address) -> Result<Delivery> {
    let owner = agent.to_string();
    let Some(record) = registry::find(&desk.town, &agent.session_name())?.filter(registry::is_alive) else {
        return Ok(Delivery::Nothing);
    };
    if told::untold(desk, &owner)?.is_empty() || mailbook::is_muted(&desk.town, &owner)? {
        return Ok(Delivery::Nothing);
    }
    let state = agents::list(desk)?.into_iter().find(|info| info.address == owner).map(|info| info.state.state);
    if state != Some(AgentState::Idle) {
        return Ok(Delivery::Later);
    }
    // Noted first: the prompt that is typed makes some runtimes ask for mail by themselves.
    let new = told::take(desk, &owner)?;
    if new.is_empty() {
        return Ok(Delivery::Nothing);
    }
    let newest: Vec<String> = new.iter().take(3).map(|message| message.subject.clone()).collect();
    let words = prime::mail_words(new.len(), &newest).replace("## Mail\n", "You have mail: ");
    let order = NudgeOrder { text: words, from: "deacon/".into(), when: NudgeWhen::Idle, ttl: OF_USE };
    match session::deliver(&desk.town, &record.name, &order) {
        Ok(NudgeOutcome::Refused(_)) | Err(_) => {
            told::untell(desk, &owner, &new)?;
            Ok(Delivery::Later)
        }
        Ok(_) => Ok(Delivery::Told),
    }
}
