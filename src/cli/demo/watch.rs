//! Follows the demo's work on standard error until all of it is merged.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::build::Built;
use crate::base::report::Paint;
use crate::base::text::neutralise;
use crate::base::{Error, Result};
use crate::ledger::{Event, Status};

/// When nothing at all has happened for so long, nothing will.
const STALL: Duration = Duration::from_secs(180);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How far the work has come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing {
    pub merged: usize,
    pub landed: usize,
}

impl Standing {
    /// Counts what is merged and landed.
    pub(super) fn of(built: &Built) -> Result<Self> {
        let closed = |items: &[(String, String)]| -> Result<usize> {
            let mut count = 0;
            for (id, _) in items {
                count += usize::from(built.desk.ledger.get(id)?.status == Status::Closed);
            }
            Ok(count)
        };
        Ok(Self { merged: closed(&built.beads)?, landed: closed(&built.convoys)? })
    }

    pub(super) fn is_whole(self, built: &Built) -> bool {
        self.merged == built.beads.len() && self.landed == built.convoys.len()
    }
}

/// Prints what happens until everything is merged and landed, `stop` is set, or nothing happens any more.
///
/// # Errors
/// When nothing has happened for a long time, or the ledger can't be read.
pub(super) fn follow(
    built: &Built,
    since: i64,
    stop: &AtomicBool,
    quiet: bool,
    all_started: impl Fn() -> bool,
) -> Result<Standing> {
    let paint = Paint::stderr();
    let titles: HashMap<&str, &str> =
        built.beads.iter().chain(&built.convoys).map(|(id, title)| (id.as_str(), title.as_str())).collect();
    let mut seen = since;
    let mut merged = 0;
    let mut last = Instant::now();
    loop {
        let events = built.desk.ledger.events_since(seen, 500)?;
        for event in &events {
            seen = event.seq;
            last = Instant::now();
            let title = event.bead.as_deref().and_then(|bead| titles.get(bead));
            if event.kind == "merged" && title.is_some() {
                merged += 1;
            }
            if let Some(line) = title.and_then(|title| line(built, event, title, merged, paint))
                && !quiet
            {
                eprintln!("{line}");
            }
        }
        let standing = Standing::of(built)?;
        if standing.is_whole(built) || (stop.load(Ordering::Relaxed) && all_started()) {
            return Ok(standing);
        }
        if last.elapsed() > STALL {
            return Err(Error::failed(format!(
                "nothing has happened for {} s; {} of {} beads are merged",
                STALL.as_secs(),
                standing.merged,
                built.beads.len()
            ))
            .hint(format!(
                "see what is wrong with: cd {} && gt agents && gt mq list",
                built.desk.town.root.display()
            )));
        }
        if events.is_empty() {
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

/// One event in a line; `None` for those that are of no interest to a spectator.
fn line(built: &Built, event: &Event, title: &str, merged: usize, paint: Paint) -> Option<String> {
    let bead = event.bead.as_deref()?;
    let what = format!("{} {}", paint.dim(bead), neutralise(title, true));
    let worker = || event.payload["agent"].as_str().and_then(|agent| agent.rsplit('/').next()).unwrap_or_default();
    Some(match event.kind.as_str() {
        "spawn" => format!("{} {what} {}", paint.yellow("▸"), paint.dim(&format!("→ {}", worker()))),
        "done" => format!("{} {what} {}", paint.dim("·"), paint.dim("handed in")),
        "merged" => {
            format!("{} {what} {}", paint.green("✓"), paint.dim(&format!("merged, {merged} of {}", built.beads.len())))
        }
        "merge_failed" => format!("{} {what} could not be merged", paint.red("✗")),
        "convoy_landed" => format!("{} convoy landed: {}", paint.green("★"), paint.bold(&neutralise(title, true))),
        _ => return None,
    })
}
