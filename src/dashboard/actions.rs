//! What the page can do: each action is one of the commands' own pieces of work.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Answer, Refusal, aside};
use super::serve::Shared;
use crate::base::{Error, Result};
use crate::ledger::NewBead;
use crate::patrol;
use crate::session::{self, AttachMode, Client, ClientMsg, NudgeOutcome, registry};
use crate::terminal::{Key, KeyPress};
use crate::town::Town;
use crate::work::settings::{self, Scope};
use crate::work::{Desk, convoy, halt, identity, mail, post, queue, sling, unsling};

/// The longest text that is taken in one field.
const LONGEST: usize = 16 * 1024;

/// Everything that can be asked for.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    Sling {
        beads: Vec<String>,
        #[serde(default)]
        target: String,
        #[serde(default)]
        agent: Option<String>,
        #[serde(default)]
        convoy: Option<String>,
        /// Only say what would be done.
        #[serde(default)]
        dry_run: bool,
    },
    Unsling {
        bead: String,
    },
    Nudge {
        agent: String,
        text: String,
    },
    /// Answers an agent's question with one key.
    Answer {
        agent: String,
        key: String,
    },
    StopSession {
        agent: String,
    },
    Estop {
        #[serde(default)]
        reason: String,
    },
    Thaw {},
    Pause {
        #[serde(default)]
        reason: String,
    },
    Resume {},
    Park {
        rig: String,
    },
    Unpark {
        rig: String,
    },
    MqApprove {
        id: String,
    },
    MqRetry {
        id: String,
    },
    MqReject {
        id: String,
        reason: String,
    },
    MailSend {
        to: String,
        subject: String,
        #[serde(default)]
        text: String,
    },
    MailReply {
        id: String,
        text: String,
    },
    MailRead {
        id: String,
    },
    MailArchive {
        ids: Vec<String>,
    },
    ConvoyCreate {
        title: String,
        beads: Vec<String>,
    },
    ConvoyAdd {
        id: String,
        beads: Vec<String>,
    },
    BeadCreate {
        title: String,
        #[serde(default)]
        description: String,
        rig: String,
        #[serde(default)]
        priority: Option<u8>,
        #[serde(default)]
        kind: Option<String>,
    },
    BeadClose {
        id: String,
        reason: String,
    },
    SettingSet {
        #[serde(default)]
        rig: Option<String>,
        key: String,
        value: String,
    },
    SettingUnset {
        #[serde(default)]
        rig: Option<String>,
        key: String,
    },
    DaemonStart {},
}

/// An error with its hint, as one sentence.
pub fn words(error: &Error) -> String {
    match error.hint_text() {
        Some(hint) => format!("{error}: {hint}"),
        None => error.to_string(),
    }
}

/// Does one action and says in words what came of it.
pub async fn act(State(shared): State<Arc<Shared>>, body: std::result::Result<Json<Action>, JsonRejection>) -> Answer {
    let Json(action) = body.map_err(|error| Refusal::from(Error::usage(error.body_text())))?;
    let town = shared.town.clone();
    let live = Arc::clone(&shared.live);
    let answer = aside(move || {
        let said = perform(&town, action);
        live.stir();
        said
    })
    .await?;
    Ok(Json(answer))
}

fn said(text: impl Into<String>) -> Result<Value> {
    Ok(json!({"said": text.into()}))
}

fn perform(town: &Town, action: Action) -> Result<Value> {
    match action {
        Action::Sling { beads, target, agent, convoy, dry_run } => {
            let agent = agent.filter(|agent| !agent.is_empty());
            let convoy_name = convoy.filter(|name| !name.trim().is_empty());
            let request = sling::Request { beads, target, agent, dry_run, convoy_name, ..sling::Request::default() };
            do_sling(town, &request)
        }
        Action::Nudge { agent, text } => nudge(town, &agent, &text),
        Action::Answer { agent, key } => answer(town, &agent, &key),
        Action::StopSession { agent } => {
            let record = registry::resolve(town, &agent)?;
            session::kill(town, &record.name, &[])?;
            said(format!("{} is stopped; its work stays on its hook", record.address))
        }
        Action::SettingSet { rig, key, value } => {
            let rig = rig.filter(|rig| !rig.is_empty()).map(|rig| town.rig(&rig)).transpose()?;
            let setting = settings::set(Scope::of(town, rig.as_ref()), &key, &value)?;
            said(format!("{} is now {}", setting.key, plain(&setting.value)))
        }
        Action::SettingUnset { rig, key } => {
            let rig = rig.filter(|rig| !rig.is_empty()).map(|rig| town.rig(&rig)).transpose()?;
            let had = settings::unset(Scope::of(town, rig.as_ref()), &key)?;
            said(if had { format!("{key} is no longer set here") } else { format!("{key} was not set here") })
        }
        Action::DaemonStart {} => {
            patrol::daemon::ensure_running(town)?;
            said("The daemon runs")
        }
        other => {
            let mut desk = Desk::of(town.clone())?;
            let answer = in_ledger(&mut desk, other)?;
            patrol::after_command(&desk)?;
            Ok(answer)
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Those that need only the ledger.
fn in_ledger(desk: &mut Desk, action: Action) -> Result<Value> {
    match action {
        Action::Unsling { bead } => {
            unsling::unsling(desk, &bead, false)?;
            said(format!("{bead} is taken back; branch, worktree and snapshots remain"))
        }
        Action::Estop { reason } => {
            let frozen = halt::freeze(desk, &reason)?;
            said(format!("{} agents are frozen", frozen.sessions.len()))
        }
        Action::Thaw {} => {
            let thawed = halt::thaw(desk)?;
            said(format!("{} agents go on", thawed.sessions.len()))
        }
        Action::Pause { reason } => halt::pause(desk, &reason).and_then(|_| said("No more agents are started")),
        Action::Resume {} => halt::resume(desk).and_then(|_| said("Agents are started again")),
        Action::Park { rig } => halt::park(desk, &rig, "").and_then(|_| said(format!("{rig} is parked"))),
        Action::Unpark { rig } => halt::unpark(desk, &rig).and_then(|_| said(format!("{rig} is in use again"))),
        Action::MqApprove { id } => {
            queue::approve(desk, &id)?;
            patrol::daemon::ensure_running(&desk.town)?;
            said(format!("{id} is approved"))
        }
        Action::MqRetry { id } => {
            queue::retry(desk, &id)?;
            patrol::daemon::ensure_running(&desk.town)?;
            said(format!("{id} is tried again"))
        }
        Action::MqReject { id, reason } => {
            queue::reject(desk, &id, &reason)?;
            said(format!("{id} is turned down; its branch stays"))
        }
        Action::MailSend { to, subject, text } => {
            let all = post::resolve(desk, &to, identity::OVERSEER)?;
            let letter =
                mail::Letter { subject: &subject, body: short(&text)?, priority: 2, ..mail::Letter::default() };
            mail::send_all(desk, identity::OVERSEER, &all, &letter)?;
            said(format!("sent to {}", all.join(", ")))
        }
        Action::MailReply { id, text } => {
            let sent = mail::reply(desk, identity::OVERSEER, &id, None, short(&text)?)?;
            said(format!("sent to {}", sent.to))
        }
        Action::MailRead { id } => mail::read(desk, identity::OVERSEER, &id).and_then(|message| said(message.subject)),
        Action::MailArchive { ids } => {
            let gone = mail::archive(desk, identity::OVERSEER, &ids)?;
            said(format!("{} archived", gone.len()))
        }
        Action::ConvoyCreate { title, beads } => {
            let new = convoy::NewConvoy { title, beads, ..convoy::NewConvoy::default() };
            let made = convoy::create(desk, &new)?;
            said(format!("convoy {} is made", made.id))
        }
        Action::ConvoyAdd { id, beads } => {
            let added = convoy::add(desk, &id, &beads)?;
            said(format!("{} beads are added to {}", added.added.len(), added.id))
        }
        Action::BeadCreate { title, description, rig, priority, kind } => {
            let new = NewBead {
                title,
                description: short(&description)?.to_owned(),
                priority,
                issue_type: kind.unwrap_or_default(),
                ..NewBead::default()
            };
            let bead = desk.ledger.write(&desk.actor(), |tx| tx.create(&rig, new))?;
            Ok(json!({"said": format!("{} is made", bead.id), "id": bead.id}))
        }
        Action::BeadClose { id, reason } => {
            let id = desk.ledger.resolve(&id)?;
            desk.ledger.write(&desk.actor(), |tx| tx.close(&id, &reason))?;
            said(format!("{id} is closed"))
        }
        other => Err(Error::usage(format!("{other:?} is not done in the ledger"))),
    }
}

fn short(text: &str) -> Result<&str> {
    if text.len() > LONGEST {
        return Err(Error::usage(format!("a text of {} bytes; at most {LONGEST} are taken here", text.len())));
    }
    Ok(text)
}

fn do_sling(town: &Town, request: &sling::Request) -> Result<Value> {
    let mut desk = Desk::of(town.clone())?;
    if request.dry_run {
        return Ok(json!({"plan": sling::plan(&desk, request)?}));
    }
    let report = sling::sling(&mut desk, request)?;
    patrol::daemon::ensure_running(town)?;
    patrol::after_command(&desk)?;
    if let [failure, ..] = report.failed.as_slice() {
        let error = Error::failed(format!("{}: {}", failure.bead, failure.error));
        return Err(failure.hint.iter().fold(error, |error, hint| error.hint(hint.clone())));
    }
    let lines: Vec<String> = report
        .slung
        .iter()
        .map(|one| match one.agent.as_str() {
            "" => format!("{} waits for a free place", one.bead),
            agent => format!("{} → {agent}", one.bead),
        })
        .collect();
    said(lines.join(", "))
}

fn nudge(town: &Town, agent: &str, text: &str) -> Result<Value> {
    let record = registry::resolve(town, agent)?;
    match session::nudge(town, &record.name, short(text)?, identity::OVERSEER)? {
        NudgeOutcome::Seen => said(format!("{} has read your message", record.address)),
        NudgeOutcome::Delivered => said(format!("{} has your message", record.address)),
        NudgeOutcome::Unconfirmed => said(format!("Typed into {}; nothing shows yet that it was read", record.address)),
        NudgeOutcome::Queued(why) => said(format!("{} gets it later: {why}", record.address)),
        NudgeOutcome::Refused(why) => Err(Error::refused(format!("{} did not get it: {why}", record.address))),
    }
}

/// The keys that answer questions: agents ask for a number, a letter, Enter or Escape.
fn answer(town: &Town, agent: &str, name: &str) -> Result<Value> {
    let key = match name {
        "enter" => Key::Enter,
        "escape" => Key::Escape,
        "up" => Key::Up,
        "down" => Key::Down,
        "tab" => Key::Tab,
        _ => match name.as_bytes() {
            [byte] if byte.is_ascii_alphanumeric() => Key::Char(char::from(*byte)),
            _ => {
                return Err(Error::usage(format!("{name:?} is no answer"))
                    .hint("a letter, a digit, enter, escape, tab, up or down"));
            }
        },
    };
    let record = registry::resolve(town, agent)?;
    let mut client = Client::connect_record(&record)?;
    client.attach(AttachMode::Control, None)?;
    client.send(&ClientMsg::Key(KeyPress::plain(key)))?;
    // Messages are taken in order: with the answer to this one the key has been typed.
    client.status()?;
    said(format!("{name} typed to {}", record.address))
}
