//! The stream of a browser: what changed, when it changed. One that is slow misses steps in between, never the newest state.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use serde::Deserialize;
use tokio::sync::watch;

use super::picture::{Looking, PARTS};
use super::screens::{Screens, Showing};
use super::serve::Shared;

/// At most so many streams at once.
const STREAMS: usize = 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wish {
    /// The session whose whole screen is to be sent.
    session: String,
}

struct Feed {
    shared: Arc<Shared>,
    looking: Looking,
    changes: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
    showing: Option<(String, Showing)>,
    parts: [u64; PARTS.len()],
    problem: Option<String>,
    screens: HashMap<String, u64>,
    waiting: VecDeque<Event>,
}

/// Opens a stream.
pub async fn stream(State(shared): State<Arc<Shared>>, Query(wish): Query<Wish>) -> Response {
    if shared.live.streams() >= STREAMS {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many streams\n").into_response();
    }
    let mut looking = shared.live.look();
    looking.pictures.mark_changed();
    let mut changes = shared.screens.changes();
    changes.mark_changed();
    let showing = (!wish.session.is_empty()).then(|| (wish.session.clone(), shared.screens.show(&wish.session)));
    let feed = Feed {
        looking,
        changes,
        closing: shared.closing.subscribe(),
        showing,
        parts: [0; PARTS.len()],
        problem: None,
        screens: HashMap::new(),
        waiting: VecDeque::new(),
        shared,
    };
    let keep = KeepAlive::new().interval(Duration::from_secs(25));
    Sse::new(events(feed)).keep_alive(keep).into_response()
}

fn events(feed: Feed) -> impl Stream<Item = Result<Event, Infallible>> {
    futures_util::stream::unfold(feed, |mut feed| async move {
        loop {
            if let Some(event) = feed.waiting.pop_front() {
                return Some((Ok(event), feed));
            }
            tokio::select! {
                // The server ends: so does the stream, or it would wait for the browser.
                _ = feed.closing.changed() => return None,
                changed = feed.looking.pictures.changed() => changed.ok()?,
                changed = feed.changes.changed() => changed.ok()?,
            }
            feed.collect();
        }
    })
}

impl Feed {
    fn collect(&mut self) {
        let picture = self.looking.pictures.borrow_and_update().clone();
        for ((name, part), sent) in PARTS.iter().zip(&picture.parts).zip(&mut self.parts) {
            if part.version > *sent {
                *sent = part.version;
                self.waiting.push_back(Event::default().event(*name).data(&*part.json));
            }
        }
        if picture.problem != self.problem {
            self.problem.clone_from(&picture.problem);
            let text = serde_json::json!(self.problem).to_string();
            self.waiting.push_back(Event::default().event("problem").data(text));
        }
        self.changes.borrow_and_update();
        self.screens();
    }

    fn screens(&mut self) {
        let screens: &Arc<Screens> = &self.shared.screens;
        let all = screens.all();
        self.screens.retain(|session, _| all.contains_key(session));
        let mut tails = Vec::new();
        for (session, seen) in all {
            let sent = self.screens.entry(session.clone()).or_default();
            if seen.version <= *sent {
                continue;
            }
            *sent = seen.version;
            let name = serde_json::Value::from(session.as_str());
            tails.push(format!("{name}:{}", seen.tail));
            if self.showing.as_ref().is_some_and(|(shown, _)| *shown == session) && !seen.whole.is_empty() {
                self.waiting.push_back(Event::default().event("screen").data(&*seen.whole));
            }
        }
        if !tails.is_empty() {
            self.waiting.push_back(Event::default().event("tails").data(format!("{{{}}}", tails.join(","))));
        }
    }
}
