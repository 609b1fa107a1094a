//! `gt mol step await-signal`: a patrol's step that waits until something happens, ever longer while nothing does.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;

use crate::base::Result;
use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::neutralise;
use crate::formula::timeout;
use crate::view::feed;
use crate::work::Desk;
use crate::work::event_log::EventLine;

/// How often the ledger is asked.
const TICK: Duration = Duration::from_millis(50);
/// How many events are read at once.
const PAGE: usize = 2000;

/// Wait until something happens in the town
#[derive(Debug, Args)]
pub struct AwaitSignal {
    /// The longest wait
    #[arg(long, default_value = "60s", value_parser = time, value_name = "TIME")]
    timeout: Duration,
    /// Begin with waits so long, and wait longer each time that nothing happens
    #[arg(long, value_parser = time, value_name = "TIME")]
    backoff_base: Option<Duration>,
    /// So many times as long
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..), value_name = "FACTOR")]
    backoff_mult: u32,
    /// But no longer than this
    #[arg(long, value_parser = time, value_name = "TIME")]
    backoff_max: Option<Duration>,
    /// Whose waits are counted; yours by default
    #[arg(long, value_name = "AGENT")]
    agent_bead: Option<String>,
}

fn time(text: &str) -> Result<Duration, String> {
    timeout::parse(text)
        .and_then(|nanos| u64::try_from(nanos).ok())
        .filter(|nanos| *nanos > 0)
        .map(Duration::from_nanos)
        .ok_or_else(|| "not a time: 90s, 5m, 1h30m".to_owned())
}

/// Why the wait is over.
#[derive(Debug, Serialize)]
struct Waited {
    /// `signal` or `timeout`.
    reason: &'static str,
    /// For how many seconds it was waited.
    elapsed: f64,
    /// What happened.
    signal: Option<EventLine>,
    /// How many waits in a row ended without a signal.
    idle_cycles: u32,
    /// What happened, as a sentence.
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
}

impl Report for Waited {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        match &self.signal {
            Some(signal) => writeln!(out, "{}: {}", paint.bold(&signal.kind), neutralise(&self.text, true)),
            None => writeln!(out, "Nothing happened in {:.0} s, {} time(s) in a row.", self.elapsed, self.idle_cycles),
        }
    }
}

impl AwaitSignal {
    /// Waits for an event that people would be told of, and that was not `me`'s own doing.
    ///
    /// # Errors
    /// When the ledger can't be read or written.
    pub fn run(self, desk: &mut Desk, me: &str, out: Output) -> Result<()> {
        let key = format!("await.{}", self.agent_bead.as_deref().unwrap_or(me).trim_end_matches('/'));
        let idle: u32 = desk.ledger.kv(&key)?.and_then(|count| count.parse().ok()).unwrap_or(0);
        let begin = Instant::now();
        let end = begin + self.wait(idle);
        let mut seq = desk.ledger.recent_events(1)?.last().map_or(0, |event| event.seq);
        let mut version = desk.ledger.data_version()?;
        let signal = 'wait: loop {
            for event in desk.ledger.events_since(seq, PAGE)? {
                seq = event.seq;
                let line = EventLine::from(&event);
                if line.visibility == "both" && event.actor.trim_end_matches('/') != me.trim_end_matches('/') {
                    let told = feed::all(desk, std::slice::from_ref(&event))?;
                    break 'wait Some((line, told.into_iter().next().map(|line| line.text).unwrap_or_default()));
                }
            }
            loop {
                if Instant::now() >= end {
                    break 'wait None;
                }
                std::thread::sleep(TICK.min(end.saturating_duration_since(Instant::now())));
                let now = desk.ledger.data_version()?;
                if std::mem::replace(&mut version, now) != now {
                    break;
                }
            }
        };
        let idle_cycles = if signal.is_some() { 0 } else { idle.saturating_add(1) };
        let count = Some(idle_cycles.to_string()).filter(|_| idle_cycles > 0);
        desk.ledger.write(me, |tx| tx.set_kv(&key, count.as_deref()))?;
        let elapsed = begin.elapsed().as_secs_f64();
        let reason = if signal.is_some() { "signal" } else { "timeout" };
        let (signal, text) = signal.map_or((None, String::new()), |(line, text)| (Some(line), text));
        report::print(out, &Waited { reason, elapsed, signal, idle_cycles, text })
    }

    /// How long to wait after so many waits without a signal.
    fn wait(&self, idle: u32) -> Duration {
        let Some(base) = self.backoff_base else { return self.timeout };
        let grown = self.backoff_mult.checked_pow(idle).and_then(|factor| base.checked_mul(factor));
        grown.unwrap_or(Duration::MAX).min(self.backoff_max.unwrap_or(self.timeout))
    }
}
