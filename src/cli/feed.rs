//! `gt feed` and `gt log`: what happened, told to people or as the lines of `.events.jsonl`.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::{fit, neutralise};
use crate::base::{Error, Result, Timestamp};
use crate::ledger::Event;
use crate::view::{FeedLine, Tone, feed};
use crate::work::Desk;
use crate::work::event_log::EventLine;

/// How often the ledger is asked for news while following.
const TICK: Duration = Duration::from_millis(100);
/// How many events are read at once.
const PAGE: usize = 2000;

/// Show what happened in the town
#[derive(Debug, Args)]
pub struct Feed {
    /// How many lines
    #[arg(short = 'n', long = "limit", default_value_t = 50)]
    limit: usize,
    /// Go on showing what comes
    #[arg(long, short)]
    follow: bool,
    /// Only events of this type: sling, merged, done, ...; may be given several times
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Only what concerns this rig
    #[arg(long)]
    rig: Option<String>,
    /// Only what happened since then: 30m, 2h, 3d, or a time such as 2026-02-01T10:00:00Z
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
}

/// Show every event of the ledger, small changes included
#[derive(Debug, Args)]
pub struct Log {
    #[command(flatten)]
    feed: Feed,
}

impl Feed {
    /// Runs the command.
    ///
    /// # Errors
    /// When the ledger can't be read.
    pub fn run(self, out: Output) -> Result<()> {
        self.show(out, false)
    }
}

impl Log {
    /// Runs the command.
    ///
    /// # Errors
    /// When the ledger can't be read.
    pub fn run(self, out: Output) -> Result<()> {
        self.feed.show(out, true)
    }
}

/// One event with its words.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct Told {
    #[serde(flatten)]
    line: EventLine,
    /// The event as a sentence.
    text: String,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Page {
    told: Vec<Told>,
    #[serde(skip)]
    lines: Vec<FeedLine>,
}

impl Report for Page {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        for line in &self.lines {
            let what = fit(&line.what, 10);
            let what = match line.tone {
                Tone::Good => paint.green(&what),
                Tone::Bad => paint.red(&what),
                Tone::Calls => paint.magenta(&what),
                Tone::Moves | Tone::Plain => what,
            };
            let bead = fit(line.bead.as_deref().unwrap_or(""), 11);
            writeln!(
                out,
                "{} {what} {} {}",
                paint.dim(&line.at.hour_minute()),
                paint.dim(&bead),
                neutralise(&line.text, true)
            )?;
        }
        Ok(())
    }
}

impl Feed {
    fn show(self, out: Output, every: bool) -> Result<()> {
        let desk = Desk::open_current()?;
        if let Some(rig) = &self.rig {
            desk.town.rig(rig)?;
        }
        let since = self.since.as_deref().map(|when| moment(when, Timestamp::now())).transpose()?;
        let (mut page, mut seq) = self.last(&desk, every, since)?;
        if !self.follow {
            if page.told.is_empty() && !out.json && !out.quiet {
                println!("Nothing yet.");
                return Ok(());
            }
            return report::print(out, &page);
        }
        let mut version = None;
        loop {
            if !emit(out, &page)? {
                return Ok(());
            }
            loop {
                let now = desk.ledger.data_version()?;
                if version != Some(now) {
                    version = Some(now);
                    break;
                }
                std::thread::sleep(TICK);
            }
            let events = desk.ledger.events_since(seq, PAGE)?;
            if let Some(last) = events.last() {
                seq = last.seq;
                if events.len() == PAGE {
                    version = None;
                }
            }
            page = self.page(&desk, &events, every)?;
        }
    }

    /// The newest events that are asked for, and the number of the newest there is.
    fn last(&self, desk: &Desk, every: bool, since: Option<Timestamp>) -> Result<(Page, i64)> {
        let newest = desk.ledger.change_seq()?;
        let mut page = Page { told: Vec::new(), lines: Vec::new() };
        let mut end = newest;
        // Backwards, a page at a time, until there is enough.
        while end > 0 && page.told.len() < self.limit {
            let start = end - i64::try_from(PAGE).unwrap_or(i64::MAX).min(end);
            let mut events = desk.ledger.events_since(start, PAGE)?;
            events.retain(|event| event.seq <= end && since.is_none_or(|since| event.ts >= since));
            let before = self.page(desk, &events, every)?;
            page.told.splice(0..0, before.told);
            page.lines.splice(0..0, before.lines);
            if since.is_some() && events.is_empty() {
                break;
            }
            end = start;
        }
        let extra = page.told.len().saturating_sub(self.limit);
        page.told.drain(..extra);
        page.lines.drain(..extra);
        Ok((page, newest))
    }

    fn page(&self, desk: &Desk, events: &[Event], every: bool) -> Result<Page> {
        let mut rigs = Rigs { desk, of: HashMap::new() };
        let mut wanted = Vec::new();
        for event in events {
            let fits = self.types.is_empty() || self.types.contains(&event.kind);
            if fits && self.rig.as_ref().is_none_or(|rig| rigs.concerns(event, rig)) {
                wanted.push(event.clone());
            }
        }
        let lines = if every { feed::all(desk, &wanted)? } else { feed::told(desk, &wanted)? };
        let by_seq: HashMap<i64, &Event> = wanted.iter().map(|event| (event.seq, event)).collect();
        let told = lines
            .iter()
            .filter_map(|line| {
                let event = by_seq.get(&line.seq)?;
                Some(Told { line: EventLine::from(*event), text: format!("{} {}", line.what, line.text) })
            })
            .collect();
        Ok(Page { told, lines })
    }
}

/// Which rig's ledger a bead is in, asked once each.
struct Rigs<'a> {
    desk: &'a Desk,
    of: HashMap<String, String>,
}

impl Rigs<'_> {
    fn concerns(&mut self, event: &Event, rig: &str) -> bool {
        if event.actor.split('/').next() == Some(rig)
            || ["rig", "target"].iter().any(|key| event.payload.get(key).and_then(|value| value.as_str()) == Some(rig))
        {
            return true;
        }
        let Some(bead) = &event.bead else { return false };
        if !self.of.contains_key(bead) {
            let store = self.desk.ledger.find(bead).ok().flatten().map(|bead| bead.store).unwrap_or_default();
            self.of.insert(bead.clone(), store);
        }
        self.of.get(bead).is_some_and(|store| store == rig)
    }
}

/// Prints a page while following; false when nobody reads any more.
fn emit(out: Output, page: &Page) -> Result<bool> {
    let mut stdout = io::stdout().lock();
    let mut write = || -> io::Result<()> {
        if out.json {
            for told in &page.told {
                serde_json::to_writer(&mut stdout, told)?;
                writeln!(stdout)?;
            }
        } else {
            page.human(&mut stdout, Paint::stdout())?;
        }
        stdout.flush()
    };
    match write() {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Error::from(error).context("standard output")),
    }
}

/// A time, or how long ago: `90s`, `30m`, `2h`, `3d`.
pub(super) fn moment(when: &str, now: Timestamp) -> Result<Timestamp> {
    let unit = match when.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 86400,
        _ => 0,
    };
    if unit > 0
        && let Ok(count) = when[..when.len() - 1].trim().parse::<u32>()
    {
        return Ok(now.plus_seconds(-(i64::from(count) * unit)));
    }
    when.parse().map_err(|_| {
        Error::usage(format!("not a time: {when:?}")).hint("30m, 2h, 3d, or a time such as 2026-02-01T10:00:00Z")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_times_or_ages() -> Result<()> {
        let now = Timestamp::from_unix_nanos(100_000 * 1_000_000_000);
        for (text, seconds) in [("90s", 99_910), ("2h", 92_800), ("1d", 13_600), ("1970-01-01T00:00:07Z", 7)] {
            assert_eq!(moment(text, now)?.unix_seconds(), seconds, "{text}");
        }
        assert!(moment("soon", now).is_err() && moment("", now).is_err() && moment("ümd", now).is_err());
        Ok(())
    }
}
