//! What the page asks for: things too large or too rarely wanted for the stream.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::picture::PARTS;
use super::serve::Shared;
use crate::base::{Error, Kind, Result};
use crate::ledger::{Bead, Filter, ReadyFilter, Sort, Status};
use crate::runtime::{self, Layers};
use crate::work::settings::{self, Scope};
use crate::work::{Desk, hook_status, mail, queue};
use crate::{session, view};

/// At most so many beads are listed.
const BEADS: usize = 300;
/// The longest diff that is shown.
const DIFF: usize = 400_000;

/// An error as the page gets it.
pub struct Refusal(Error);

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self.0.kind() {
            Kind::Usage => StatusCode::BAD_REQUEST,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Refused => StatusCode::CONFLICT,
            Kind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Json(json!({"error": self.0.message(), "hint": self.0.hint_text()}))).into_response()
    }
}

pub type Answer = std::result::Result<Json<Value>, Refusal>;

/// Does work that may wait for the disk on a thread of its own.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::failed(format!("the work broke off: {error}")))?
}

async fn at_desk(shared: &Arc<Shared>, work: impl FnOnce(&mut Desk) -> Result<Value> + Send + 'static) -> Answer {
    let town = shared.town.clone();
    Ok(Json(aside(move || work(&mut Desk::of(town)?)).await?))
}

/// Who looks: the CSRF token for what this page changes.
pub async fn me(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    match shared.auth.session(&headers) {
        Some(session) => Json(json!({"csrf": session.csrf, "town": shared.town.name})).into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// Everything the stream would send first, at once.
pub async fn state(State(shared): State<Arc<Shared>>) -> Response {
    let live = Arc::clone(&shared.live);
    match aside(move || Ok(live.now())).await {
        Ok(picture) => {
            let parts: Vec<String> = PARTS
                .iter()
                .zip(&picture.parts)
                .map(|(name, part)| format!("\"{name}\":{}", if part.json.is_empty() { "null" } else { &part.json }))
                .collect();
            let text = format!("{{{},\"problem\":{}}}", parts.join(","), json!(picture.problem));
            ([(axum::http::header::CONTENT_TYPE, "application/json")], text).into_response()
        }
        Err(error) => Refusal(error).into_response(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct BeadsWanted {
    rig: String,
    status: String,
    text: String,
}

fn line(bead: &Bead) -> Value {
    json!({
        "id": bead.id, "title": bead.title, "status": bead.status.as_str(), "priority": bead.priority,
        "type": bead.issue_type, "assignee": bead.assignee, "rig": bead.store, "updated_at": bead.updated_at,
        "labels": bead.labels,
    })
}

/// Beads: those that could be slung, or by status, rig and words.
pub async fn beads(State(shared): State<Arc<Shared>>, Query(wanted): Query<BeadsWanted>) -> Answer {
    at_desk(&shared, move |desk| {
        let store = Some(wanted.rig).filter(|rig| !rig.is_empty());
        let found = if wanted.status == "ready" && wanted.text.is_empty() {
            let filter = ReadyFilter { unassigned: true, limit: Some(BEADS + 1), ..ReadyFilter::default() };
            let mut found = desk.ledger.ready(&filter)?;
            found.retain(|bead| bead.status == Status::Open && store.as_ref().is_none_or(|rig| bead.store == *rig));
            found
        } else {
            let statuses = match wanted.status.as_str() {
                "" | "all" | "ready" => Vec::new(),
                status => vec![status.parse()?],
            };
            let filter = Filter {
                statuses,
                closed: wanted.status == "all",
                not_types: crate::ledger::filter::NOT_WORK.map(str::to_owned).to_vec(),
                text: Some(wanted.text).filter(|text| !text.is_empty()),
                store,
                sort: if wanted.status == "closed" { Sort::Closed } else { Sort::Priority },
                limit: Some(BEADS + 1),
                ..Filter::default()
            };
            desk.ledger.list(&filter)?
        };
        let more = found.len() > BEADS;
        Ok(json!({"beads": found.iter().take(BEADS).map(line).collect::<Vec<_>>(), "more": more}))
    })
    .await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Named {
    id: String,
    agent: String,
}

/// One bead in full.
pub async fn bead(State(shared): State<Arc<Shared>>, Query(named): Query<Named>) -> Answer {
    at_desk(&shared, move |desk| {
        let id = desk.ledger.resolve(&named.id)?;
        let bead = desk.ledger.get(&id)?;
        let mut events = desk.ledger.events_of(&id)?;
        events.reverse();
        events.truncate(40);
        let deps: Vec<Value> =
            bead.dependencies.iter().map(|dep| json!({"id": dep.depends_on_id, "type": dep.dep_type})).collect();
        let comments: Vec<Value> = bead
            .comments
            .iter()
            .map(|comment| json!({"author": comment.author, "text": comment.text, "at": comment.created_at}))
            .collect();
        let mut whole = line(&bead);
        for (key, value) in [
            ("description", json!(bead.description)),
            ("design", json!(bead.design)),
            ("acceptance_criteria", json!(bead.acceptance_criteria)),
            ("notes", json!(bead.notes)),
            ("created_at", json!(bead.created_at)),
            ("created_by", json!(bead.created_by)),
            ("close_reason", json!(bead.close_reason)),
            ("blockers", json!(desk.ledger.blockers(&id)?)),
            ("dependencies", json!(deps)),
            ("comments", json!(comments)),
            ("events", json!(view::feed::all(desk, &events)?)),
        ] {
            whole[key] = value;
        }
        Ok(whole)
    })
    .await
}

/// What an agent changed: the diff of its hook, with its snapshots.
pub async fn diff(State(shared): State<Arc<Shared>>, Query(named): Query<Named>) -> Answer {
    at_desk(&shared, move |desk| {
        let mut diff = hook_status::diff(desk, &named.agent, None)?;
        let cut = diff.len() > DIFF;
        if cut {
            let end = (0..=DIFF).rev().find(|at| diff.is_char_boundary(*at)).unwrap_or(0);
            diff.truncate(end);
        }
        let details = hook_status::details(desk, &named.agent)?;
        Ok(json!({"hook": details, "diff": diff, "cut": cut, "snapshots": hook_status::log(desk, &named.agent)?}))
    })
    .await
}

/// One merge request with its steps and log.
pub async fn request(State(shared): State<Arc<Shared>>, Query(named): Query<Named>) -> Answer {
    at_desk(&shared, move |desk| Ok(serde_json::to_value(queue::status(desk, &named.id)?)?)).await
}

/// One message, with its thread.
pub async fn message(State(shared): State<Arc<Shared>>, Query(named): Query<Named>) -> Answer {
    at_desk(&shared, move |desk| {
        let thread = mail::thread(desk, crate::work::identity::OVERSEER, &named.id)?;
        Ok(json!({"thread": thread}))
    })
    .await
}

/// An agent's screen as text: of a session that has ended, what it ended with.
pub async fn text(State(shared): State<Arc<Shared>>, Query(named): Query<Named>) -> Answer {
    let town = shared.town.clone();
    let text = aside(move || session::peek(&town, &named.agent, 200)).await?;
    Ok(Json(json!({"text": text})))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SettingsWanted {
    rig: String,
}

/// Settings with their origins, the agents there are, and what is wrong.
pub async fn settings(State(shared): State<Arc<Shared>>, Query(wanted): Query<SettingsWanted>) -> Answer {
    let town = shared.town.clone();
    let answer = aside(move || {
        let rig = (!wanted.rig.is_empty()).then(|| town.rig(&wanted.rig)).transpose()?;
        let scope = Scope::of(&town, rig.as_ref());
        let (_, problems) = settings::check(&town);
        let all = settings::all(scope);
        let layers = Layers::of(&town, rig.as_ref());
        let agents: Vec<Value> = layers.map(|layers| agents(&layers)).unwrap_or_default();
        Ok(json!({
            "file": scope.file(),
            "settings": all.unwrap_or_default(),
            "agents": agents,
            "rigs": town.rigs()?.into_iter().map(|rig| rig.name).collect::<Vec<_>>(),
            "roles": crate::town::Role::ALL.map(|role| role.to_string()),
            "problems": problems,
        }))
    })
    .await?;
    Ok(Json(answer))
}

fn agents(layers: &Layers) -> Vec<Value> {
    let own = layers.agents.iter().flat_map(|agents| agents.keys().map(String::as_str));
    let mut names: Vec<&str> = runtime::builtin_names().collect();
    names.extend(own);
    names.sort_unstable();
    names.dedup();
    let told = names.into_iter().filter_map(|name| {
        let preset = runtime::choose(layers, "", Some(name)).ok()?;
        let words: Vec<&str> = std::iter::once(&preset.command).chain(&preset.args).map(String::as_str).collect();
        Some(json!({
            "name": name,
            "command": words.join(" "),
            "custom": layers.agents.iter().any(|agents| agents.contains_key(name)),
            "available": runtime::check_available(&preset).is_ok(),
        }))
    });
    told.collect()
}
