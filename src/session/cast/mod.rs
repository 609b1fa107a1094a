//! Recordings: what each session wrote to its terminal, as asciicast v2 in segments. The last segment, still in a form of its own, is at
//! the same time the log from which another host can rebuild the terminal: it begins with all that is needed for that.

mod live;
mod reader;
mod writer;

use std::path::{Path, PathBuf};

pub(super) use reader::rebuild;
pub use reader::{Event, Header, Segment, What};
pub(super) use writer::Writer;

use super::record::SessionRecord;
use crate::base::Timestamp;
use crate::base::{Error, Result, ResultExt};

/// Runs of one session's name whose recordings are kept.
const MAX_RUNS: usize = 20;

/// The directory of recordings of the session whose directory this is.
fn casts(directory: &Path) -> PathBuf {
    directory.join("cast")
}

/// Where the run that began then is recorded.
pub(super) fn run_directory(directory: &Path, started_at: Timestamp) -> PathBuf {
    casts(directory).join(format!("{:013}", started_at.unix_nanos() / 1_000_000))
}

/// The recording of one run of a session.
#[derive(Debug, Clone)]
pub struct Recording {
    /// When the run began.
    pub started_at: Timestamp,
    /// Its segments in order.
    pub segments: Vec<PathBuf>,
    /// Their size on disk.
    pub bytes: u64,
}

impl Recording {
    fn read(directory: &Path) -> Option<Recording> {
        let millis: i64 = directory.file_name()?.to_str()?.parse().ok()?;
        let segments: Vec<PathBuf> = reader::segments(directory).into_iter().map(|(_, path)| path).collect();
        if segments.is_empty() {
            return None;
        }
        let bytes = segments.iter().filter_map(|path| path.metadata().ok()).map(|meta| meta.len()).sum();
        Some(Recording { started_at: Timestamp::from_unix_nanos(millis * 1_000_000), segments, bytes })
    }

    /// Reads the segments one after another; `take` gets each with the seconds from the run's beginning to its own.
    ///
    /// # Errors
    /// When one can't be read, or `take` fails.
    pub fn each(&self, mut take: impl FnMut(f64, Segment) -> Result<()>) -> Result<()> {
        for path in &self.segments {
            let segment = Segment::read(path)?;
            take(segment.header.at, segment)?;
        }
        Ok(())
    }
}

/// All recordings of the session whose directory this is, the oldest first.
pub(super) fn list(directory: &Path) -> Vec<Recording> {
    runs(directory).iter().filter_map(|run| Recording::read(run)).collect()
}

fn runs(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(casts(directory)).into_iter().flatten().flatten();
    let mut runs: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    runs.sort();
    runs
}

/// Makes room for another run: of those there are, the newest stay.
pub(super) fn forget_old(directory: &Path) {
    let runs = runs(directory);
    for run in &runs[..runs.len().saturating_sub(MAX_RUNS - 1)] {
        // One that can't be removed is in nobody's way.
        let _ = std::fs::remove_dir_all(run);
    }
}

/// The recording of the session of `record`, its latest run.
///
/// # Errors
/// When it was not recorded.
pub(super) fn of(record: &SessionRecord, directory: &Path) -> Result<Recording> {
    Recording::read(&run_directory(directory, record.started_at))
        .ok_or_else(|| Error::not_found(format!("session {} was not recorded", record.name)))
        .context("look for its recording")
        .map_err(|error| error.hint("`\"recording\": false` in settings/config.json turns recordings off"))
}
