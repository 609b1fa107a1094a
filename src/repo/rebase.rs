//! Rebasing in the merge queue's own worktree; can be killed at any moment and done again.

use std::ffi::OsString;

use super::Worktree;
use super::command::{met_half_made_worktree, split_nul};
use crate::base::{Error, Result};

/// What became of a rebase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rebase {
    /// The work now stands on top of the target.
    Clean {
        /// Its new head; the target itself when all of it was there already.
        head: String,
        /// The rebased commits, oldest first.
        commits: Vec<String>,
    },
    /// The work and the target change the same places. The worktree is clean again.
    Conflict {
        /// The files in conflict.
        files: Vec<String>,
        /// What git said.
        log: String,
    },
}

impl Worktree {
    /// Puts the commits from `base` to `head` on top of `onto`, on no branch. Whatever was left in this worktree is thrown away
    /// first, so that it is only for the merge queue.
    ///
    /// # Errors
    /// When one of the commits is not there, or git fails for another reason than a conflict.
    pub fn rebase(&self, head: &str, base: &str, onto: &str) -> Result<Rebase> {
        let full = |name: &str| {
            self.git()
                .args(["rev-parse", "--verify", "--quiet", "--end-of-options"])
                .arg(format!("{name}^{{commit}}"))
                .run()
        };
        let missing = |name: &str, error: Error| Error::not_found(format!("no commit {name:?}")).source(error);
        let onto = full(onto).map_err(|error| missing(onto, error))?;
        let head = full(head).map_err(|error| missing(head, error))?;
        if self.is_ancestor(&onto, &head)? {
            self.reset_to(&head)?;
            return Ok(Rebase::Clean { commits: self.list(&onto, &head)?, head });
        }
        // What the target has already is left out; a base that is no longer part of the target says itself where the work begins.
        let upstream = match full(base) {
            Ok(base) if !self.is_ancestor(&base, &onto)? => base,
            _ => onto.clone(),
        };
        let (name, email) =
            self.committer.clone().unwrap_or_else(|| ("Gas Town".into(), "refinery@gastown.local".into()));
        let mut tries = 0;
        let output = loop {
            self.reset_to(&head)?;
            let output = self
                .git()
                .config("commit.gpgSign=false")
                .config("rebase.autoStash=false")
                .config("rebase.autoSquash=false")
                .config("rebase.updateRefs=false")
                .config("rerere.enabled=false")
                .env("GIT_COMMITTER_NAME", &name)
                .env("GIT_COMMITTER_EMAIL", &email)
                .args(["rebase", "--no-verify", "--no-stat", "--onto", &onto, &upstream, &head])
                .once()
                .output()?;
            tries += 1;
            if output.success || tries == 20 || !met_half_made_worktree(&output.stderr) {
                break output;
            }
        };
        if output.success {
            let head = self.head()?;
            return Ok(Rebase::Clean { commits: self.list(&onto, &head)?, head });
        }
        let unmerged = self.git().args(["diff", "--name-only", "--diff-filter=U", "-z"]).output()?;
        let files: Vec<String> =
            split_nul(&unmerged.stdout).map(|path| OsString::from(path).to_string_lossy().into_owned()).collect();
        let stopped = self.private_dir()?.join("rebase-merge").exists();
        let log = format!("{}{}", String::from_utf8_lossy(&output.stdout), output.stderr);
        let error = output.error();
        self.reset_to(&onto)?;
        if files.is_empty() && !stopped {
            Err(error)
        } else {
            Ok(Rebase::Conflict { files, log: without_advice(&log) })
        }
    }

    /// Ends whatever a killed git has left unfinished here.
    pub(super) fn recover(&self) -> Result<()> {
        self.clear_stale_index_lock()?;
        let private = self.private_dir()?;
        for name in ["rebase-merge", "rebase-apply", "sequencer"] {
            let path = private.join(name);
            if path.exists() {
                // `git rebase --abort` fails on a state that is only half written, and a forced checkout follows in any case.
                std::fs::remove_dir_all(&path)
                    .map_err(|error| Error::from(error).context(format!("remove {}", path.display())))?;
            }
        }
        for name in ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD", "AUTO_MERGE"] {
            match std::fs::remove_file(private.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::from(error).context(name));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn is_ancestor(&self, a: &str, b: &str) -> Result<bool> {
        Ok(self.git().args(["merge-base", "--is-ancestor", a, b]).output()?.success)
    }

    fn list(&self, base: &str, head: &str) -> Result<Vec<String>> {
        let range = format!("{base}..{head}");
        let text = self.git().args(["rev-list", "--reverse", "--topo-order", &range, "--"]).run()?;
        Ok(text.lines().map(str::to_owned).collect())
    }
}

fn without_advice(log: &str) -> String {
    let lines = log.lines().map(|line| line.rsplit('\r').next().unwrap_or(line));
    lines.filter(|line| !line.starts_with("hint:") && !line.trim().is_empty()).collect::<Vec<_>>().join("\n")
}
