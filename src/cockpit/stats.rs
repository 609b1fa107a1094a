//! Counts frames by what caused them, for the tests and benchmarks that hold the cockpit to its stillness.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::app::Cause;

/// The environment variable that names the file the counts are written to.
pub const STATS_FILE: &str = "GT_COCKPIT_STATS";

/// The counts, written to a file after every frame when one was asked for.
#[derive(Debug, Default)]
pub struct Stats {
    file: Option<PathBuf>,
    frames: u64,
    causes: BTreeMap<Cause, u64>,
}

impl Stats {
    /// Counts, and writes to the file the environment names.
    pub fn from_env() -> Self {
        Self { file: std::env::var_os(STATS_FILE).map(PathBuf::from), ..Self::default() }
    }

    /// A frame was drawn.
    pub fn frame(&mut self, cause: Cause) {
        self.frames += 1;
        *self.causes.entry(cause).or_default() += 1;
        if let Some(file) = &self.file {
            let causes: BTreeMap<String, u64> =
                self.causes.iter().map(|(cause, count)| (format!("{cause:?}").to_lowercase(), *count)).collect();
            let value = serde_json::json!({"frames": self.frames, "causes": causes});
            // A measurement that can't be written must not disturb what is measured.
            let _ = crate::base::files::write_json(file, &value, 0o600);
        }
    }
}
