//! `gt hook-event`: what a runtime's lifecycle hooks call. It never fails towards the runtime, because an agent must not stop for it.

use std::io::Read;

use clap::Args;
use serde_json::Value;

use crate::base::{Result, Timestamp};
use crate::runtime::AgentState;
use crate::runtime::lifecycle::{self, Moment};
use crate::session;
use crate::town::{Address, Town};
use crate::work::identity::Identity;
use crate::work::{Desk, checkpoint, identity, prime, seance, told};

/// Set where a person talks to an agent's old conversation.
pub const SEANCE: &str = "GT_SEANCE";
/// The most bytes of input that are read.
const MOST: u64 = 4 << 20;

/// Note what an agent's runtime tells by its hooks
#[derive(Debug, Args)]
pub struct HookEvent {
    /// The event, in the runtime's own word
    event: String,
    /// What the hooks answer reaches the model only with a prompt, not at the start
    #[arg(long)]
    late: bool,
}

impl HookEvent {
    /// Runs the command: the answer goes to standard output, what went wrong to standard error.
    pub fn run(self) {
        match self.take() {
            Ok(answer) => println!("{answer}"),
            Err(error) => {
                eprintln!("gt: {error}");
                println!("{{}}");
            }
        }
    }

    fn take(&self) -> Result<String> {
        // An old conversation that a person asks something says nothing of the agent that had it.
        if std::env::var_os(SEANCE).is_some() {
            return Ok(lifecycle::answer(&self.event, ""));
        }
        let mut text = String::new();
        std::io::stdin().take(MOST).read_to_string(&mut text)?;
        let input: Value = serde_json::from_str(&text).unwrap_or_default();
        let town = match std::env::var_os("GT_ROOT") {
            Some(root) => Town::open(root.as_ref())?,
            None => Town::current()?,
        };
        // Without a session, somebody runs the runtime by hand in a worktree.
        let session: String = match std::env::var("GT_SESSION") {
            Ok(session) => session,
            Err(_) => identity::who(&town)?.address.session_name(),
        };
        let moment = lifecycle::moment(&self.event);
        let mut primes = moment == Moment::Start && !self.late;
        if session.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') && !session.is_empty() {
            let mut note = lifecycle::read_note(&town, &session);
            let before = (note.conversation.clone(), note.transcript.clone());
            let mut changed = lifecycle::take(&mut note, &self.event, &input, Timestamp::now());
            if self.late && moment == Moment::Prompt && !note.primed {
                note.primed = true;
                (primes, changed) = (true, true);
            }
            // The host hears it too: it waits for the prompt to be free, and for the word that a message was taken.
            let prompt = (moment == Moment::Prompt).then(|| input["prompt"].as_str().unwrap_or_default());
            let told = note.state.filter(|_| changed || prompt.is_some());
            if told.is_some() || prompt.is_some() {
                session::hear(&town, &session, told.map(AgentState::word).unwrap_or_default(), prompt);
            }
            if changed {
                lifecycle::write_note(&town, &session, &note)?;
                if let Some(name) = &note.conversation
                    && before != (note.conversation.clone(), note.transcript.clone())
                {
                    seance::named(&town, &session, name, note.transcript.as_deref())?;
                }
            }
        }
        if lifecycle::shortens(&self.event) {
            let desk = Desk::of(town)?;
            let who = identity::who(&desk.town)?;
            // A person's own session, outside every agent's, has nothing to go on from.
            if who.address != Address::Overseer {
                checkpoint::write(&desk, &who.address, None)?;
            }
            return Ok(lifecycle::answer(&self.event, ""));
        }
        let context = match moment {
            _ if primes => start(town)?,
            Moment::Prompt => prompt(town)?,
            Moment::Start | Moment::Other => String::new(),
        };
        Ok(lifecycle::answer(&self.event, &context))
    }
}

fn start(town: Town) -> Result<String> {
    let mut desk = Desk::of(town)?;
    let who = identity::who(&desk.town)?;
    let primed = prime::prime(&desk, &who)?;
    told::note(&mut desk, &primed.agent, &primed.messages)?;
    Ok(primed.text)
}

/// Mail that came since the agent was told last, once.
fn prompt(town: Town) -> Result<String> {
    let mut desk = Desk::of(town)?;
    let Identity { address, .. } = identity::who(&desk.town)?;
    let new = told::take(&mut desk, &address.to_string())?;
    if new.is_empty() {
        return Ok(String::new());
    }
    let newest: Vec<String> = new.iter().take(3).map(|message| message.subject.clone()).collect();
    Ok(prime::mail_words(new.len(), &newest))
}
