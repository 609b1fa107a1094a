//! `gt nudge`: a message typed to an agent, and what became of those before.

use std::io::{self, Read, Write};

use clap::Args;
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::{fit, neutralise, truncate};
use crate::base::{Error, Result, Timestamp};
use crate::runtime;
use crate::session::{
    self, NUDGE_TTL, NudgeEntry, NudgeOrder, NudgeOutcome, NudgeStage, NudgeWhen, SessionRecord, registry,
};
use crate::terminal::KeyPress;
use crate::town::{Address, Town};
use crate::work::mailbook;

/// Arguments of `gt nudge`.
#[derive(Debug, Args)]
#[command(
    after_help = "The message is typed once the agent waits at its prompt, never into what a person is typing there.\nWhat is told:\n  \
seen         the agent's own program says that it works on it\n  delivered    its terminal shows that it was taken\n  \
queued       it waits; `gt session nudges` shows what becomes of it\n  unconfirmed  typed, but nothing shows that it was taken\n\n\
Examples:\n  gt nudge web/polecats/nux \"Look at the failing test first\"\n  gt nudge mayor --queue \"When you are done: what about the docs?\"\n  \
gt nudge web/crew/ann --now \"Stop, the schema changed\""
)]
pub struct Nudge {
    /// The agent or session; channel:<name> for all its subscribers that run
    agent: String,
    /// The message; `-` reads it from standard input
    message: Option<String>,
    /// The message, as an option
    #[arg(short, long = "message", conflicts_with = "message")]
    text: Option<String>,
    /// Also when the agent wants no interruption
    #[arg(short, long)]
    force: bool,
    /// Type it at once, also while the agent is at work
    #[arg(long, conflicts_with = "queue")]
    now: bool,
    /// Leave it to be typed when the agent is next at its prompt; don't wait for that
    #[arg(long)]
    queue: bool,
    /// Press the runtime's interrupt key first, whatever the agent is at, and type the message at once
    #[arg(long, short, conflicts_with = "queue")]
    interrupt: bool,
    /// Minutes after which it is no use any more
    #[arg(long, value_name = "MINUTES", default_value_t = (NUDGE_TTL.as_secs() / 60) as u32, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    ttl: u32,
}

impl Nudge {
    /// Does it.
    ///
    /// # Errors
    /// When there is no such session, or the message can't be delivered.
    pub fn run(self, output: Output) -> Result<()> {
        let town = Town::current()?;
        let text = match self.message.clone().or_else(|| self.text.clone()) {
            Some(text) if text == "-" => {
                let mut text = String::new();
                io::stdin().read_to_string(&mut text)?;
                text
            }
            Some(text) => text,
            None => return Err(Error::usage("no message").hint("gt nudge <agent> \"message\"")),
        };
        if let Some(name) = self.agent.strip_prefix(mailbook::CHANNEL) {
            return self.channel(&town, name, &text, output);
        }
        if self.agent.trim_end_matches('/') == "deacon" && registry::find(&town, "hq-deacon")?.is_none() {
            // The daemon sees by itself what it is told so.
            let reason = Some("the daemon is no agent: it sees what happens by itself".to_owned());
            let (session, address) = ("hq-deacon".to_owned(), "deacon/".to_owned());
            return report::print(output, &Nudged { session, address, outcome: "skipped", reason, detail: None });
        }
        let record = registry::resolve(&town, &self.agent)?;
        if !self.force && mailbook::is_muted(&town, &record.address)? {
            let reason = Some("the agent wants no interruption (gt dnd); --force types it all the same".to_owned());
            let (session, address) = (record.name, record.address);
            return report::print(output, &Nudged { session, address, outcome: "skipped", reason, detail: None });
        }
        if self.interrupt {
            interrupt(&town, &record)?;
        }
        let outcome = session::deliver(&town, &record.name, &self.order(&text))?;
        if let NudgeOutcome::Refused(reason) = &outcome {
            return Err(Error::refused(format!("{} did not take the message: {reason}", record.address)));
        }
        let (word, reason) = (outcome.word(), outcome.reason().map(str::to_owned));
        report::print(
            output,
            &Nudged { session: record.name, address: record.address, outcome: word, reason, detail: Some(outcome) },
        )
    }
}

impl Nudge {
    fn order(&self, text: &str) -> NudgeOrder {
        let sender = Address::from_env();
        // An agent should know who speaks; what a person types stands for itself.
        let text = match &sender {
            Some(address) if !text.trim().is_empty() => format!("[from {address}] {text}"),
            _ => text.to_owned(),
        };
        let from = sender.map_or_else(|| "overseer".to_owned(), |address| address.to_string());
        let when = match (self.now || self.interrupt, self.queue) {
            (true, _) => NudgeWhen::Now,
            (_, true) => NudgeWhen::Queue,
            _ => NudgeWhen::Idle,
        };
        NudgeOrder { text, from, when, ttl: self.ttl * 60 }
    }

    /// Types the message to every subscriber of a channel that runs.
    fn channel(&self, town: &Town, name: &str, text: &str, output: Output) -> Result<()> {
        let book = mailbook::read(town)?;
        let subscribers = &book.channel(name)?.subscribers;
        let order = self.order(text);
        let mut told = Vec::new();
        for record in registry::list(town)?.into_iter().filter(registry::is_alive) {
            if record.address == order.from || !subscribers.contains(&record.address) {
                continue;
            }
            let (outcome, reason) = if !self.force && book.muted.contains(&record.address) {
                ("skipped", Some("wants no interruption".to_owned()))
            } else {
                // One that ends just now is no reason to leave the others out.
                match session::deliver(town, &record.name, &order) {
                    Ok(outcome) => (outcome.word(), outcome.reason().map(str::to_owned)),
                    Err(error) => ("refused", Some(error.to_string())),
                }
            };
            told.push(Nudged { session: record.name, address: record.address, outcome, reason, detail: None });
        }
        report::print(output, &ToSubscribers(told))
    }
}

/// Presses the key that interrupts the session's runtime.
fn interrupt(town: &Town, record: &SessionRecord) -> Result<()> {
    let address: Address = record.address.parse()?;
    let rig = address.rig().map(|rig| town.rig(rig)).transpose()?;
    // A session of a program that is no runtime is interrupted as programs are.
    let preset = runtime::preset(town, rig.as_ref(), address.role().as_str(), Some(&record.preset));
    let name = preset.map_or_else(|_| runtime::Preset::default().interrupt_key, |preset| preset.interrupt_key);
    let key = KeyPress::named(&name)
        .ok_or_else(|| Error::failed(format!("interrupt_key: no key called {name:?}")).hint("esc, ctrl-c, ..."))?;
    session::press(town, &record.name, key)
}

#[derive(Serialize)]
#[serde(transparent)]
struct ToSubscribers(Vec<Nudged>);

impl Report for ToSubscribers {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "No subscriber runs.");
        }
        for one in &self.0 {
            let reason = one.reason.as_deref().map(|reason| neutralise(reason, true).into_owned()).unwrap_or_default();
            writeln!(out, "{} {} {reason}", fit(&one.address, 28), one.outcome)?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Nudged {
    session: String,
    address: String,
    outcome: &'static str,
    reason: Option<String>,
    #[serde(skip)]
    detail: Option<NudgeOutcome>,
}

impl Report for Nudged {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let Some(detail) = &self.detail else {
            return writeln!(out, "{} not told: {}", self.address, self.reason.as_deref().unwrap_or_default());
        };
        match detail {
            NudgeOutcome::Seen => writeln!(out, "{} {} works on the message", paint.green("✓"), self.address),
            NudgeOutcome::Delivered => writeln!(out, "{} {} took the message", paint.green("✓"), self.address),
            NudgeOutcome::Unconfirmed => writeln!(
                out,
                "{} typed to {}, but nothing on its terminal shows that it was taken; look: gt peek {}",
                paint.yellow("!"),
                self.address,
                self.session
            ),
            NudgeOutcome::Queued(reason) => {
                writeln!(out, "{} queued for {}: {reason}", paint.yellow("…"), self.address)
            }
            NudgeOutcome::Refused(reason) => writeln!(out, "{} refused: {reason}", self.address),
        }
    }
}

/// What `gt session nudges` does.
///
/// # Errors
/// When there is no such session or its host does not answer.
pub fn list(town: &Town, agent: &str, output: Output) -> Result<()> {
    let record = registry::resolve(town, agent)?;
    report::print(output, &Nudges(session::nudges(town, &record.name)?))
}

#[derive(Serialize)]
#[serde(transparent)]
struct Nudges(Vec<NudgeEntry>);

impl Report for Nudges {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "no messages");
        }
        let now = Timestamp::now();
        for entry in &self.0 {
            let word = fit(entry.stage.word(), 11);
            let word = match entry.stage {
                NudgeStage::Seen | NudgeStage::Delivered => paint.green(&word),
                NudgeStage::Queued | NudgeStage::Typing | NudgeStage::Unconfirmed => paint.yellow(&word),
                NudgeStage::Refused | NudgeStage::Expired => paint.red(&word),
            };
            let (age, from) = (entry.at.age(now), neutralise(&entry.from, true).into_owned());
            let text = neutralise(&entry.text, true);
            writeln!(out, "{word} {} {} {}", fit(&age, 4), fit(&from, 20), truncate(&text, 60))?;
            if let Some(reason) = &entry.reason {
                writeln!(out, "            {}", paint.dim(reason))?;
            }
        }
        Ok(())
    }
}
