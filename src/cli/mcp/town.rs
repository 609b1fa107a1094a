//! The tools that look at the town and give out work.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::base::text::neutralise;
use crate::base::{Error, Result};
use crate::session::{self, NudgeOutcome, registry};
use crate::work::{Desk, agents as work_agents, convoy as work_convoy, mail as work_mail, post, queue as work_queue};
use crate::work::{event_log::EventLine, sling as work_sling, unsling as work_unsling};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Convoys {
    /// Those that have landed too.
    #[serde(default)]
    all: bool,
}

pub fn convoys(desk: &mut Desk, given: Convoys) -> Result<Value> {
    Ok(serde_json::to_value(work_convoy::list(desk, given.all)?)?)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneConvoy {
    /// Its id.
    id: String,
}

pub fn convoy(desk: &mut Desk, given: OneConvoy) -> Result<Value> {
    Ok(serde_json::to_value(work_convoy::status(desk, &given.id)?)?)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateConvoy {
    /// What is to be reached with it.
    title: String,
    /// The beads, of any rig.
    beads: Vec<String>,
    /// Addresses to tell when it lands; overseer for the person.
    #[serde(default)]
    notify: Vec<String>,
}

pub fn create_convoy(desk: &mut Desk, given: CreateConvoy) -> Result<Value> {
    let new = work_convoy::NewConvoy {
        title: given.title,
        beads: given.beads,
        notify: given.notify,
        ..work_convoy::NewConvoy::default()
    };
    Ok(serde_json::to_value(work_convoy::create(desk, &new)?)?)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddToConvoy {
    /// The convoy.
    id: String,
    /// The beads.
    beads: Vec<String>,
}

pub fn add_to_convoy(desk: &mut Desk, given: AddToConvoy) -> Result<Value> {
    Ok(serde_json::to_value(work_convoy::add(desk, &given.id, &given.beads)?)?)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sling {
    /// The beads.
    beads: Vec<String>,
    /// A rig (a new worker there) or an agent's address; the beads' own rig when not given.
    #[serde(default)]
    target: String,
    /// The runtime: claude, codex, ...; the rig's own choice when not given.
    #[serde(default)]
    agent: Option<String>,
    /// The name of the convoy to make for beads that are in none.
    #[serde(default)]
    convoy: Option<String>,
    /// Only say what would happen.
    #[serde(default)]
    dry_run: bool,
}

pub fn sling(desk: &mut Desk, given: Sling) -> Result<Value> {
    let request = work_sling::Request {
        beads: given.beads,
        target: given.target,
        agent: given.agent,
        convoy_name: given.convoy,
        dry_run: given.dry_run,
        ..work_sling::Request::default()
    };
    if request.dry_run {
        return Ok(serde_json::to_value(work_sling::plan(desk, &request)?)?);
    }
    let report = work_sling::sling(desk, &request)?;
    super::super::ensure_daemon(desk)?;
    Ok(serde_json::to_value(&report)?)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unsling {
    /// The bead.
    bead: String,
}

pub fn unsling(desk: &mut Desk, given: Unsling) -> Result<Value> {
    Ok(serde_json::to_value(work_unsling::unsling(desk, &given.bead, false)?)?)
}

pub fn agents(desk: &mut Desk, _given: Nothing) -> Result<Value> {
    Ok(serde_json::to_value(work_agents::list(desk)?)?)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Screen {
    /// The agent's address, or its last word.
    agent: String,
    /// How many of the last lines; 40 when not given.
    #[serde(default)]
    lines: Option<usize>,
}

pub fn screen(desk: &mut Desk, given: Screen) -> Result<Value> {
    let record = registry::resolve(&desk.town, &given.agent)?;
    let text = session::peek(&desk.town, &record.name, given.lines.unwrap_or(40).clamp(1, 1000))?;
    Ok(json!({"agent": record.address, "text": neutralise(&text, false)}))
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nudge {
    /// The agent's address, or its last word.
    agent: String,
    /// What is typed.
    text: String,
}

pub fn nudge(desk: &mut Desk, given: Nudge) -> Result<Value> {
    let record = registry::resolve(&desk.town, &given.agent)?;
    let (delivered, note) = match session::nudge(&desk.town, &record.name, &given.text, &desk.actor())? {
        NudgeOutcome::Seen => ("seen", String::new()),
        NudgeOutcome::Delivered => ("delivered", String::new()),
        NudgeOutcome::Unconfirmed => ("typed", "nothing shows yet that it was read".into()),
        NudgeOutcome::Queued(why) => ("queued", why.to_string()),
        NudgeOutcome::Refused(why) => {
            return Err(
                Error::refused(format!("{} did not get it: {why}", record.address)).hint("mail_send reaches it too")
            );
        }
    };
    Ok(json!({"agent": record.address, "outcome": delivered, "note": note}))
}

pub fn status(desk: &mut Desk, _given: Nothing) -> Result<Value> {
    Ok(serde_json::to_value(super::super::status::glance(desk)?)?)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Only of this rig.
    #[serde(default)]
    rig: Option<String>,
}

pub fn queue(desk: &mut Desk, given: Queue) -> Result<Value> {
    Ok(serde_json::to_value(work_queue::list(desk, given.rig.as_deref(), false)?)?)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// How many; 30 when not given.
    #[serde(default)]
    limit: Option<usize>,
    /// Only events after this number.
    #[serde(default)]
    after: Option<i64>,
}

pub fn feed(desk: &mut Desk, given: Feed) -> Result<Value> {
    let limit = given.limit.unwrap_or(30).clamp(1, 500);
    let events = match given.after {
        Some(seq) => desk.ledger.events_since(seq, limit)?,
        None => desk.ledger.recent_events(limit)?,
    };
    Ok(serde_json::to_value(events.iter().map(EventLine::from).collect::<Vec<_>>())?)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inbox {
    /// Only what was not read yet.
    #[serde(default)]
    unread: bool,
}

pub fn inbox(desk: &mut Desk, given: Inbox) -> Result<Value> {
    Ok(serde_json::to_value(work_mail::inbox(desk, &desk.actor(), given.unread)?)?)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// An address (mayor/, myproject/polecats/nux, overseer), a group (@crew) or several names.
    to: Vec<String>,
    /// What it is about.
    subject: String,
    /// The message.
    #[serde(default)]
    text: String,
}

pub fn mail(desk: &mut Desk, given: Mail) -> Result<Value> {
    let me = desk.actor();
    let all = post::resolve_all(desk, &given.to, &me)?;
    let letter =
        work_mail::Letter { subject: &given.subject, body: &given.text, priority: 2, ..work_mail::Letter::default() };
    work_mail::send_all(desk, &me, &all, &letter)?;
    Ok(json!({"sent_to": all}))
}
