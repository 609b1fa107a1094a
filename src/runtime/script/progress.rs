//! How far a script has come: kept in the worktree's private git directory, so that a restart goes on where it stopped and the
//! project's tree holds nothing of ours.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::parse::Script;
use crate::base::{Result, files};

const FILE: &str = "gt-script.json";

/// The steps that are behind us.
#[derive(Debug)]
pub(super) struct Progress {
    path: PathBuf,
    record: Record,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    bead: String,
    finished: Vec<Finished>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Finished {
    title: String,
    sha256: String,
    skipped: bool,
}

impl Progress {
    /// Reads the progress on `bead`; none when the record is of another bead.
    pub(super) fn load(private_dir: &Path, bead: &str) -> Result<Self> {
        let path = private_dir.join(FILE);
        let record = files::read_json::<Record>(&path)?.filter(|record| record.bead == bead);
        let record = record.unwrap_or_else(|| Record { bead: bead.to_owned(), finished: Vec::new() });
        Ok(Self { path, record })
    }

    /// The index of the next step: steps count as finished as long as they are the ones that were finished then.
    pub(super) fn next(&self, script: &Script) -> usize {
        self.record
            .finished
            .iter()
            .zip(&script.steps)
            .take_while(|(done, step)| done.sha256 == digest(&step.body))
            .count()
    }

    /// Notes that step `index` is behind us, on disk before it returns.
    pub(super) fn finish(&mut self, script: &Script, index: usize, skipped: bool) -> Result<()> {
        self.record.finished.truncate(index);
        let step = &script.steps[index];
        self.record.finished.push(Finished { title: step.title.clone(), sha256: digest(&step.body), skipped });
        files::write_json(&self.path, &self.record, 0o600)
    }
}

fn digest(body: &str) -> String {
    Sha256::digest(body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    #[test]
    fn a_restart_goes_on_unless_the_steps_changed() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let script = parse("```sh\none\n\ntwo\n\nthree\n```")?;
        let mut progress = Progress::load(dir.path(), "gt-abc12")?;
        assert_eq!(progress.next(&script), 0);
        progress.finish(&script, 0, false)?;
        progress.finish(&script, 1, true)?;
        let progress = Progress::load(dir.path(), "gt-abc12")?;
        assert_eq!(progress.next(&script), 2);
        assert_eq!(progress.next(&parse("```sh\none\n\nTWO\n\nthree\n```")?), 1);
        assert_eq!(Progress::load(dir.path(), "gt-other")?.next(&script), 0);
        Ok(())
    }
}
