//! `gt audit` and `gt trail`: who did what, from the town's history and its repositories.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::neutralise;
use crate::base::{Error, Result, Timestamp};
use crate::ledger::Event;
use crate::work::Desk;

/// Who did what
#[derive(Debug, Args)]
pub struct Audit {
    /// Only by them; a part of the name will do
    #[arg(long)]
    actor: Option<String>,
    /// Only since then: 30m, 12h, 7d, 2w, or a time such as 2026-01-31T12:00:00Z
    #[arg(long)]
    since: Option<String>,
    /// Only about this bead
    #[arg(long)]
    bead: Option<String>,
    /// At most so many, the newest
    #[arg(long, short = 'n', default_value_t = 50)]
    limit: usize,
}

/// What a trail follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Follow {
    /// What was committed in the rigs
    Commits,
    /// What was made, changed and closed
    Beads,
    /// What was put on hooks and taken off
    Hooks,
}

/// What happened lately
#[derive(Debug, Args)]
pub struct Trail {
    /// What to follow
    #[arg(value_enum, default_value = "beads")]
    follow: Follow,
    /// Only since then: 30m, 12h, 7d, 2w, or a time
    #[arg(long)]
    since: Option<String>,
    /// At most so many, the newest
    #[arg(long, short = 'n', alias = "limit", default_value_t = 20)]
    limit: usize,
}

#[derive(Debug, Serialize)]
struct Entry {
    ts: Timestamp,
    actor: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bead: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rig: Option<String>,
    what: String,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Entries(Vec<Entry>);

impl Report for Entries {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "Nothing.");
        }
        let now = Timestamp::now();
        for entry in &self.0 {
            let age = format!("{:>5}", entry.ts.age(now));
            let about = entry.bead.as_deref().or(entry.rig.as_deref()).unwrap_or("");
            writeln!(
                out,
                "{} {} {} {} {}",
                paint.dim(&age),
                neutralise(&entry.actor, true),
                entry.kind,
                paint.bold(&neutralise(about, true)),
                neutralise(&entry.what, true)
            )?;
        }
        Ok(())
    }
}

fn since(text: Option<&str>) -> Result<Option<Timestamp>> {
    let Some(text) = text.map(str::trim) else { return Ok(None) };
    if let Ok(time) = text.parse() {
        return Ok(Some(time));
    }
    let unit = match text.chars().last() {
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 24 * 3600,
        Some('w') => 7 * 24 * 3600,
        _ => 0,
    };
    let number = text.get(..text.len().saturating_sub(1)).and_then(|digits| digits.parse::<i64>().ok());
    match number.filter(|number| *number >= 0 && unit > 0) {
        Some(number) => Ok(Some(Timestamp::now().plus_seconds(-number.saturating_mul(unit)))),
        None => Err(Error::usage(format!("not a time: {text:?}")).hint("30m, 12h, 7d, 2w or 2026-01-31T12:00:00Z")),
    }
}

/// The newest events that `wanted` takes, oldest first.
fn pick(desk: &Desk, from: Option<Timestamp>, limit: usize, wanted: impl Fn(&Event) -> bool) -> Result<Vec<Event>> {
    let mut found = Vec::new();
    let mut end = desk.ledger.change_seq()?;
    while end > 0 && found.len() < limit {
        let begin = (end - 1_000).max(0);
        let page = desk.ledger.events_since(begin, usize::try_from(end - begin).unwrap_or(1_000))?;
        let past = from.is_some_and(|from| page.iter().any(|event| event.ts < from));
        found.extend(page.into_iter().rev().filter(|e| from.is_none_or(|from| e.ts >= from) && wanted(e)));
        if past {
            break;
        }
        end = begin;
    }
    found.truncate(limit);
    found.reverse();
    Ok(found)
}

fn entry(event: Event) -> Entry {
    let payload = &event.payload;
    let text = |key: &str| payload[key].as_str().unwrap_or_default().to_owned();
    let what = match payload["after"].as_object() {
        Some(after) => {
            let part = |(key, value): (&String, &serde_json::Value)| {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("{key}={}", crate::base::text::truncate(&value.replace('\n', " "), 40))
            };
            after.iter().map(part).collect::<Vec<_>>().join(" ")
        }
        None if event.kind == "hook_state" => {
            format!("{} {} → {}", text("agent"), payload["from"].as_str().unwrap_or("nothing"), text("to"))
        }
        None => ["title", "label", "depends_on", "text", "agent", "reason", "branch"]
            .iter()
            .map(|key| text(key))
            .find(|value| !value.is_empty())
            .unwrap_or_default(),
    };
    Entry { ts: event.ts, actor: event.actor, kind: event.kind, bead: event.bead, rig: None, what }
}

impl Audit {
    /// Shows the history.
    ///
    /// # Errors
    /// When there is no town, or a time can't be read.
    pub fn run(self, output: Output) -> Result<()> {
        let desk = Desk::open_current()?;
        let bead = self.bead.as_deref().map(|id| desk.ledger.resolve(id)).transpose()?;
        let events = pick(&desk, since(self.since.as_deref())?, self.limit, |event| {
            self.actor.as_ref().is_none_or(|actor| event.actor.contains(actor.as_str()))
                && (bead.is_none() || event.bead == bead)
        })?;
        report::print(output, &Entries(events.into_iter().map(entry).collect()))
    }
}

impl Trail {
    /// Shows what happened lately.
    ///
    /// # Errors
    /// As [`Audit::run`]; also when a rig's repository can't be read.
    pub fn run(self, output: Output) -> Result<()> {
        let desk = Desk::open_current()?;
        let from = since(self.since.as_deref())?;
        let entries = match self.follow {
            Follow::Commits => commits(&desk, from, self.limit)?,
            Follow::Beads | Follow::Hooks => {
                let hooks = [
                    "sling",
                    "hook",
                    "unhook",
                    "unsling",
                    "done",
                    "spawn",
                    "kill",
                    "hook_state",
                    "hook_rollback",
                    "hook_repaired",
                    "hook_restored",
                    "archived",
                ];
                let beads =
                    ["created", "updated", "closed", "reopened", "deleted", "merged", "undone", "convoy_landed"];
                let kinds: &[&str] = if self.follow == Follow::Hooks { &hooks } else { &beads };
                pick(&desk, from, self.limit, |event| kinds.contains(&event.kind.as_str()))?
                    .into_iter()
                    .map(entry)
                    .collect()
            }
        };
        report::print(output, &Entries(entries))
    }
}

/// The newest commits on any branch of any rig, oldest first.
fn commits(desk: &Desk, from: Option<Timestamp>, limit: usize) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for rig in desk.town.rigs()? {
        let repository = git2::Repository::open_bare(rig.bare_repo())?;
        let mut walk = repository.revwalk()?;
        walk.set_sorting(git2::Sort::TIME)?;
        // A repository without a commit has no branches to follow.
        if walk.push_glob("refs/heads/*").is_err() {
            continue;
        }
        for id in walk.take(limit) {
            let commit = repository.find_commit(id?)?;
            let ts = Timestamp::from_unix_nanos(commit.time().seconds().saturating_mul(1_000_000_000));
            if from.is_some_and(|from| ts < from) {
                break;
            }
            let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
            found.push(Entry {
                ts,
                actor: String::from_utf8_lossy(commit.author().name_bytes()).into_owned(),
                kind: commit.id().to_string().chars().take(9).collect(),
                bead: None,
                rig: Some(rig.name.clone()),
                what: message.lines().next().unwrap_or_default().to_owned(),
            });
        }
    }
    found.sort_by_key(|entry| std::cmp::Reverse(entry.ts));
    found.truncate(limit);
    found.reverse();
    Ok(found)
}
