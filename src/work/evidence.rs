//! What is known of an agent at this moment, source by source, and what follows from it.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::Desk;
use super::assignment::{Assignment, State};
use crate::base::report::{Paint, Report};
use crate::base::text::{fit, neutralise};
use crate::base::{Result, Timestamp};
use crate::runtime::lifecycle::{self, Note};
use crate::runtime::screen::{Rules, Seen};
use crate::runtime::{self, Exited, Facts, Preset, Program, StateReading, TitleRule};
use crate::session::{AttachMode, Client, ServerMsg, SessionRecord, Status, registry};
use crate::terminal::Line;
use crate::town::Address;

/// How long a host may take to show its screen.
const SCREEN: Duration = Duration::from_secs(2);

/// What a session's host told.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// How the session is.
    pub status: Option<Status>,
    /// What is on its screen, where the program does not tell its state itself.
    pub screen: Vec<String>,
}

/// Asks all hosts at once; of one that does not answer nothing is known.
pub(super) fn ask(records: &[Option<&SessionRecord>]) -> Vec<Asked> {
    std::thread::scope(|scope| {
        let asked: Vec<_> = records
            .iter()
            .map(|record| {
                // One that runs no more does not answer, which is quicker seen than that its process is gone.
                let record = record.filter(|record| record.exit.is_none());
                record.map(|record| scope.spawn(|| ask_one(record)))
            })
            .collect();
        asked.into_iter().map(|handle| handle.and_then(|handle| handle.join().ok()).unwrap_or_default()).collect()
    })
}

fn ask_one(record: &SessionRecord) -> Asked {
    let Ok(mut client) = Client::connect_record(record) else { return Asked::default() };
    let Ok(status) = client.status() else { return Asked::default() };
    let screen = if status.program.is_none() { screen(&mut client) } else { Vec::new() };
    Asked { status: Some(status), screen }
}

/// The rows that are on the screen now; nothing that was scrolled off it.
fn screen(client: &mut Client) -> Vec<String> {
    let end = Instant::now() + SCREEN;
    if client.attach(AttachMode::View, None).is_err() {
        return Vec::new();
    }
    while let Ok(Some(message)) = client.recv(end.saturating_duration_since(Instant::now())) {
        if let ServerMsg::Full(screen) = message {
            return screen.lines.iter().map(Line::text).collect();
        }
    }
    Vec::new()
}

/// All that tells how one agent is.
pub(super) struct Evidence<'a> {
    record: Option<&'a SessionRecord>,
    row: Option<&'a Assignment>,
    /// Whether a person runs its program, as after `gt sling --no-start`.
    by_hand: bool,
    status: Option<&'a Status>,
    alive: bool,
    /// What its hooks told in this run of the session; what an earlier run told says nothing about this one.
    note: Option<Note>,
    titles: &'a [TitleRule],
    seen: Option<Seen>,
}

impl<'a> Evidence<'a> {
    pub fn of(
        desk: &Desk,
        record: Option<&'a SessionRecord>,
        row: Option<&'a Assignment>,
        asked: &'a Asked,
        preset: &'a Preset,
    ) -> Result<Self> {
        let alive = asked.status.is_some() || record.is_some_and(registry::is_alive);
        let by_hand = row.filter(|row| !alive && row.state == State::Active && row.session.is_empty());
        let (of, since) = match (record.filter(|_| alive), by_hand) {
            (Some(record), _) => (Some(record.name.clone()), Some(record.started_at)),
            (None, Some(row)) => {
                (row.agent.parse().ok().map(|agent: Address| agent.session_name()), Some(row.created_at))
            }
            (None, None) => (None, None),
        };
        let note = of.map(|name| lifecycle::read_note(&desk.town, &name)).filter(|note| note.since >= since);
        let seen = if asked.screen.is_empty() { None } else { Rules::of(&desk.town)?.read_of(preset, &asked.screen) };
        Ok(Self {
            record,
            row,
            by_hand: by_hand.is_some(),
            status: asked.status.as_ref(),
            alive,
            note,
            titles: &preset.titles,
            seen,
        })
    }

    fn facts(&self) -> Facts<'_> {
        let (record, status) = (self.record, self.status);
        let since = record.map(|record| record.started_at).or(self.row.map(|row| row.created_at));
        let program = status.and_then(|status| status.program.as_ref());
        Facts {
            has_session: record.is_some(),
            process_alive: self.alive,
            by_hand: self.by_hand,
            exit: record
                .and_then(|record| record.exit.as_ref())
                .map(|exit| Exited { code: exit.code, signal: exit.signal }),
            assignment: self.row.map(|row| row.state.as_str()),
            assignment_note: self.row.map_or("", |row| row.note.as_str()),
            program: program.map(|program| Program {
                state: program.state.as_str(),
                kind: program.kind.as_deref().unwrap_or_default(),
                message: program.msg.as_deref().unwrap_or_default(),
            }),
            hook: self.note.as_ref().and_then(|note| note.state.map(|state| (state, note.detail.as_str()))),
            hook_at: self.note.as_ref().and_then(|note| note.since),
            screen: self.seen.as_ref().map(|seen| (seen.state, seen.detail.as_str())),
            title: status.map_or("", |status| status.title.as_str()),
            title_rules: self.titles,
            seconds_since_output: status
                .filter(|status| status.last_output_at.is_some())
                .map(|status| i64::try_from(status.silent_ms / 1000).unwrap_or(i64::MAX)),
            output_at: status.and_then(|status| status.last_output_at),
            seconds_since_start: record.map(|record| record.started_at.seconds_until(Timestamp::now())),
            since,
        }
    }

    /// The state that follows.
    pub fn reading(&self) -> StateReading {
        let state = runtime::read_state(&self.facts());
        if self.record.is_some_and(registry::is_frozen) {
            return StateReading { detail: "frozen: gt thaw lets it go on".into(), source: "process".into(), ..state };
        }
        state
    }

    /// Every source with what it says, the weightiest first.
    pub fn items(&self) -> Vec<Item> {
        let facts = self.facts();
        let mut items = Vec::new();
        let mut item = |source: &str, says: String, lines: Vec<String>| {
            items.push(Item { source: source.to_owned(), says, lines });
        };
        if let Some(record) = self.record {
            let says = match (&record.exit, self.alive) {
                (_, true) => format!("runs as pid {} since {}", record.child_pid, record.started_at),
                (Some(exit), false) => format!("ended: {}", exit.words()),
                (None, false) => "is gone".into(),
            };
            item("process", says, Vec::new());
        }
        if let Some(row) = self.row {
            item("assignment", format!("{} {} {}", row.bead, row.state.as_str(), row.note), Vec::new());
        }
        if let Some(program) = facts.program {
            item("program status", format!("{} {} {}", program.state, program.kind, program.message), Vec::new());
        }
        if let Some(note) = &self.note
            && let Some(state) = note.state
        {
            let since = note.since.map(|since| format!(" since {since}")).unwrap_or_default();
            item("hook", format!("{state} by {}{since} {}", note.event, note.detail), Vec::new());
        }
        if let Some(seen) = &self.seen {
            item("screen", format!("{} by rule {}: {}", seen.state, seen.rule, seen.detail), seen.lines.clone());
        }
        if !facts.title.is_empty() {
            let rule = facts.title_rules.iter().find(|rule| rule.matches(facts.title));
            let told = rule.map_or("tells nothing".to_owned(), |rule| format!("{} by {:?}", rule.state, rule.begins));
            item("title", format!("{told}: {}", facts.title), Vec::new());
        }
        if self.alive {
            let says = facts.seconds_since_output.map_or("none yet".to_owned(), |seconds| format!("{seconds} s ago"));
            item("output", says, Vec::new());
        }
        items
    }
}

/// What one source says.
#[derive(Debug, Clone, Serialize)]
pub struct Item {
    /// The source: `process`, `assignment`, `program status`, `hook`, `screen`, `title`, `output`.
    pub source: String,
    /// What it says. Text from outside.
    pub says: String,
    /// The lines of the screen that said it. Text from outside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

/// Why an agent is taken to be in the state it is shown in.
#[derive(Debug, Serialize)]
pub struct Explained {
    /// The agent.
    pub agent: String,
    /// Its runtime.
    pub preset: String,
    /// Its state, with the source that counts.
    pub state: StateReading,
    /// Every source with what it says, the weightiest first.
    pub evidence: Vec<Item>,
    /// What is wrong with the town's own rules about screens, which therefore don't count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
}

impl Report for Explained {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let state = &self.state;
        write!(out, "{} ({}) is {}", paint.bold(&self.agent), self.preset, paint.bold(state.state.word()))?;
        match state.until {
            Some(until) => writeln!(out, " until {until}, by {}", state.source)?,
            None => writeln!(out, ", by {}", state.source)?,
        }
        for item in &self.evidence {
            let mark = if item.source == state.source { "→" } else { " " };
            writeln!(out, "{mark} {} {}", fit(&item.source, 14), neutralise(item.says.trim_end(), true))?;
            for line in &item.lines {
                writeln!(out, "    {} {}", fit("", 12), paint.dim(&neutralise(line, true)))?;
            }
        }
        if let Some(broken) = &self.rules {
            writeln!(out, "! {}", neutralise(broken, true))?;
        }
        Ok(())
    }
}
