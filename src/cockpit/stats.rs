//! Counts frames by what caused them, and how long the slowest update and the slowest frame took, for the tests and benchmarks that hold the cockpit to its stillness.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::app::Cause;

/// The environment variable that names the file the counts are written to.
pub const STATS_FILE: &str = "GT_COCKPIT_STATS";

/// The counts, written to a file once a second when one was asked for: writing them with every frame would be a good part of its cost.
#[derive(Debug, Default)]
pub struct Stats {
    file: Option<PathBuf>,
    frames: u64,
    causes: BTreeMap<Cause, u64>,
    slowest: [Duration; 2],
    fresh: bool,
}

impl Stats {
    /// Counts, and writes to the file the environment names.
    pub fn from_env() -> Self {
        Self { file: std::env::var_os(STATS_FILE).map(PathBuf::from), ..Self::default() }
    }

    /// An event was taken in, which took so long.
    pub fn update(&mut self, took: Duration) {
        self.slowest[0] = self.slowest[0].max(took);
    }

    /// A frame was drawn, which took so long.
    pub fn frame(&mut self, cause: Cause, took: Duration) {
        self.slowest[1] = self.slowest[1].max(took);
        self.frames += 1;
        *self.causes.entry(cause).or_default() += 1;
        self.fresh = true;
    }

    /// Writes the counts when they have changed.
    pub fn write(&mut self) {
        if let Some(file) = self.file.as_ref().filter(|_| std::mem::take(&mut self.fresh)) {
            let causes: BTreeMap<String, u64> =
                self.causes.iter().map(|(cause, count)| (format!("{cause:?}").to_lowercase(), *count)).collect();
            let [update, draw] = self.slowest.map(|took| took.as_secs_f64() * 1000.0);
            let slowest = serde_json::json!({"update": update, "draw": draw});
            let value = serde_json::json!({"frames": self.frames, "causes": causes, "slowest_ms": slowest});
            // A measurement that can't be written must not disturb what is measured.
            let new = file.with_extension("new");
            let _ = std::fs::write(&new, value.to_string()).and_then(|()| std::fs::rename(&new, file));
        }
    }
}
