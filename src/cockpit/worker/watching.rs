//! Notices that the settings file was changed.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use super::super::settings::Settings;
use super::words;
use crate::town::Town;

/// How often it is looked at.
const PAUSE: Duration = Duration::from_millis(400);

/// The settings file, and when it was last changed.
pub(super) struct SettingsFile {
    path: PathBuf,
    at: Option<SystemTime>,
    looked: Instant,
}

impl SettingsFile {
    /// The file of `town` as it is now.
    pub(super) fn of(town: &Town) -> Self {
        let path = super::super::settings_file(town);
        let at = modified(&path);
        Self { path, at, looked: Instant::now() }
    }

    /// What it says now, when it was changed since the last look.
    pub(super) fn changed(&mut self) -> Option<Result<Settings, String>> {
        if self.looked.elapsed() < PAUSE {
            return None;
        }
        self.looked = Instant::now();
        let now = modified(&self.path);
        if now == self.at {
            return None;
        }
        self.at = now;
        // The person knows which file it is, and a remark has little room.
        let text = crate::base::files::read_optional(&self.path).map(Option::unwrap_or_default);
        Some(text.and_then(|text| Settings::parse(&text)).map_err(|error| words(&error)))
    }
}

fn modified(path: &PathBuf) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|about| about.modified()).ok()
}
