//! What the agents' models have cost: by agent, bead, convoy, rig, day or model.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::seance::{self, Predecessor};
use super::{Desk, convoy};
use crate::base::lock::Lock;
use crate::base::{Result, Timestamp, files};
use crate::runtime::transcript::{self, Place, Prices, Tokens, Turn};
use crate::runtime::{self, TranscriptFormat};
use crate::town::{Address, Town};

/// What the costs are added up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The agent.
    #[default]
    Agent,
    /// The bead that was on its hook.
    Bead,
    /// The convoy that tracks the bead.
    Convoy,
    /// The agent's rig.
    Rig,
    /// The day, in UTC.
    Day,
    /// The model.
    Model,
}

/// A sum.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Sum {
    /// What it is the sum of; empty for all, or where there is none (work without a bead).
    pub key: String,
    /// Tokens.
    #[serde(flatten)]
    pub tokens: Tokens,
    /// All tokens together.
    pub total: u64,
    /// Dollars; `None` where no part of it has a known price.
    pub usd: Option<f64>,
    /// Tokens whose price is not known; they are not in the dollars.
    pub unpriced: u64,
}

/// A session whose runtime tells nothing of its tokens.
#[derive(Debug, Clone, Serialize)]
pub struct Unknown {
    /// The agent.
    pub agent: String,
    /// The runtime.
    pub preset: String,
    /// When it began.
    pub at: Timestamp,
}

/// What was spent.
#[derive(Debug, Serialize)]
pub struct Costs {
    /// The date of the prices.
    pub prices_as_of: String,
    /// What the rows stand for.
    pub by: By,
    /// Everything together.
    pub all: Sum,
    /// One a key, the dearest first.
    pub rows: Vec<Sum>,
    /// Sessions of which nothing is known.
    pub unknown: Vec<Unknown>,
}

/// Which costs.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// What they are added up by.
    pub by: By,
    /// Only those of agents, beads or conversations whose name holds this.
    pub of: String,
    /// Only those since then.
    pub since: Option<Timestamp>,
}

/// Tokens of one session on one day with one model.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Spent {
    /// When the session began that they belong to.
    session: Timestamp,
    day: String,
    model: String,
    tokens: Tokens,
    usd: Option<f64>,
}

/// What is known of one transcript.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Known {
    place: Place,
    spent: Vec<Spent>,
}

/// All transcripts, kept so that each byte of them is read once. May be deleted: it is made again.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Book(BTreeMap<PathBuf, Known>);

fn book_path(town: &Town) -> PathBuf {
    town.runtime_dir().join("agents/usage.json")
}

/// The format in which `one`'s runtime writes its conversations.
fn format(town: &Town, one: &Predecessor) -> TranscriptFormat {
    let agent: Option<Address> = one.agent.parse().ok();
    let rig = agent.as_ref().and_then(Address::rig).and_then(|rig| town.rig(rig).ok());
    // A runtime that was removed from the settings meanwhile has no format any more.
    runtime::preset(town, rig.as_ref(), "", Some(&one.preset)).map(|preset| preset.transcripts).unwrap_or_default()
}

/// A conversation with the sessions it was had in, oldest first.
struct Conversation<'a> {
    format: TranscriptFormat,
    name: &'a str,
    transcript: Option<&'a str>,
    sessions: Vec<&'a Predecessor>,
}

fn conversations<'a>(town: &Town, history: &'a [Predecessor]) -> (Vec<Conversation<'a>>, Vec<&'a Predecessor>) {
    let mut formats: BTreeMap<(&str, &str), TranscriptFormat> = BTreeMap::new();
    let mut found: BTreeMap<(&str, &str), Conversation<'a>> = BTreeMap::new();
    let mut unknown = Vec::new();
    for one in history.iter().rev() {
        let rig = one.agent.split('/').next().unwrap_or_default();
        let format = *formats.entry((&one.preset, rig)).or_insert_with(|| format(town, one));
        match one.conversation.as_deref() {
            Some(name) if format != TranscriptFormat::None => {
                let entry = found.entry((&one.preset, name)).or_insert(Conversation {
                    format,
                    name,
                    transcript: None,
                    sessions: Vec::new(),
                });
                entry.transcript = one.transcript.as_deref().or(entry.transcript);
                entry.sessions.push(one);
            }
            // Shell scripts ask no model.
            _ if one.preset == "script" => {}
            _ => unknown.push(one),
        }
    }
    (found.into_values().collect(), unknown)
}

impl Conversation<'_> {
    /// The session a turn belongs to: the last that had begun.
    fn session(&self, at: Option<Timestamp>) -> Timestamp {
        let begun = self.sessions.iter().map(|one| one.at);
        let last = begun.clone().filter(|begun| at.is_none_or(|at| *begun <= at)).max();
        last.or_else(|| begun.min()).unwrap_or_else(Timestamp::now)
    }

    fn add(&self, turns: Vec<Turn>, spent: &mut Vec<Spent>) {
        for turn in turns {
            let session = self.session(turn.at);
            let day = turn.at.unwrap_or(session).to_string()[..10].to_owned();
            let same = |one: &&mut Spent| one.session == session && one.day == day && one.model == turn.model;
            match spent.iter_mut().find(same) {
                Some(one) => {
                    one.tokens += turn.tokens;
                    one.usd = sum(one.usd, turn.usd);
                }
                None => {
                    spent.push(Spent { session, day, model: turn.model, tokens: turn.tokens, usd: turn.usd });
                }
            }
        }
    }

    fn spent(&self, book: &mut Book, changed: &mut bool) -> Result<Vec<Spent>> {
        if self.format == TranscriptFormat::Opencode {
            let mut spent = Vec::new();
            self.add(transcript::opencode(self.name)?, &mut spent);
            return Ok(spent);
        }
        let mut all = Vec::new();
        let Some(path) = self.transcript else { return Ok(all) };
        for file in transcript::files(self.format, Path::new(path)) {
            let known = book.0.entry(file.clone()).or_default();
            loop {
                let before = known.place.clone();
                let turns = transcript::read(self.format, &file, &mut known.place)?;
                if known.place.offset < before.offset {
                    known.spent.clear();
                }
                self.add(turns, &mut known.spent);
                if known.place == before {
                    break;
                }
                *changed = true;
            }
            all.extend(known.spent.iter().cloned());
        }
        Ok(all)
    }
}

fn sum(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

impl Sum {
    fn add(&mut self, spent: &Spent, prices: &Prices) {
        self.tokens += spent.tokens;
        self.total = self.tokens.total();
        match spent.usd.or_else(|| prices.usd(&spent.model, spent.tokens)) {
            Some(usd) => self.usd = sum(self.usd, Some(usd)),
            None => self.unpriced += spent.tokens.total(),
        }
    }
}

/// What was spent.
///
/// # Errors
/// When the history, the prices or a transcript can't be read.
pub fn costs(desk: &Desk, query: &Query) -> Result<Costs> {
    let town = &desk.town;
    let prices = Prices::of(town)?;
    let history = seance::list(town, &seance::Wanted::default())?;
    let (conversations, silent) = conversations(town, &history);
    let holds = |one: &Predecessor| {
        one.agent.contains(&query.of)
            || one.bead.as_deref().is_some_and(|bead| bead.contains(&query.of))
            || one.conversation.as_deref().is_some_and(|name| name.contains(&query.of))
    };
    let path = book_path(town);
    let _lock = Lock::acquire(&path.with_extension("lock"))?;
    // One that a crash left broken is made again.
    let mut book: Book = files::read_json(&path).unwrap_or_default().unwrap_or_default();
    let (mut changed, mut all) = (false, Sum::default());
    let mut rows: BTreeMap<String, Sum> = BTreeMap::new();
    let mut unknown: Vec<&Predecessor> = silent;
    let since_day = query.since.map(|since| since.to_string()[..10].to_owned());
    for conversation in &conversations {
        let spent = conversation.spent(&mut book, &mut changed)?;
        if spent.is_empty() {
            unknown.extend(conversation.sessions.iter().filter(|one| one.transcript.is_none()));
        }
        for part in &spent {
            let Some(session) = conversation.sessions.iter().find(|one| one.at == part.session) else { continue };
            if !holds(session) || since_day.as_ref().is_some_and(|since| part.day < *since) {
                continue;
            }
            let bead = session.bead.clone().unwrap_or_default();
            let key = match query.by {
                By::Agent => session.agent.clone(),
                By::Bead => bead,
                By::Convoy if bead.is_empty() => bead,
                By::Convoy => convoy::ever_tracking(desk.ledger.conn(), &bead)?.unwrap_or_default(),
                By::Rig => session
                    .agent
                    .split_once('/')
                    .map_or("", |(rig, name)| if name.is_empty() { "" } else { rig })
                    .to_owned(),
                By::Day => part.day.clone(),
                By::Model => part.model.clone(),
            };
            let row = rows.entry(key.clone()).or_insert_with(|| Sum { key, ..Sum::default() });
            row.add(part, &prices);
            all.add(part, &prices);
        }
    }
    if changed {
        files::write_json(&path, &book, 0o600)?;
    }
    unknown.retain(|one| holds(one) && query.since.is_none_or(|since| one.at >= since));
    let mut rows: Vec<Sum> = rows.into_values().collect();
    if query.by != By::Day {
        rows.sort_by(|a, b| b.usd.unwrap_or(0.0).total_cmp(&a.usd.unwrap_or(0.0)).then(b.total.cmp(&a.total)));
    }
    let unknown = unknown
        .into_iter()
        .map(|one| Unknown { agent: one.agent.clone(), preset: one.preset.clone(), at: one.at })
        .collect();
    Ok(Costs { prices_as_of: prices.as_of, by: query.by, all, rows, unknown })
}

/// What was spent today (UTC): for a line on a screen.
///
/// # Errors
/// As [`costs`].
pub fn today(desk: &Desk) -> Result<Sum> {
    let now = Timestamp::now();
    let midnight: Timestamp = format!("{}T00:00:00Z", &now.to_string()[..10]).parse()?;
    Ok(costs(desk, &Query { since: Some(midnight), ..Query::default() })?.all)
}
