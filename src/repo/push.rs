//! Pushing to a rig's origin, and telling apart the ways in which that does not work.

use super::command::reason;
use super::{Bare, redact_url};
use crate::base::{Error, Result};

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushOutcome {
    /// The origin has the commit.
    Pushed,
    /// The origin's branch has moved on (no fast-forward): fetch, rebase, try again.
    Rejected(String),
    /// The origin refuses it and will refuse it again: a hook, a protected or a checked-out branch.
    Refused {
        /// Why, in the origin's words.
        reason: String,
        /// What a person can do about it.
        hint: String,
    },
    /// The origin was not reached; nothing is known about its state.
    Unreachable(String),
}

impl Bare {
    /// Pushes `commit` to the branch `target` of the origin, never by force.
    ///
    /// # Errors
    /// When there is no origin, the commit is not there or git can't be started; what the origin makes of it is in the outcome.
    pub fn push(&self, commit: &str, target: &str) -> Result<PushOutcome> {
        let commit = self.rev(commit)?;
        self.push_refspec(&format!("{commit}:refs/heads/{target}"))
    }

    /// Pushes `commit` to the origin's branch `branch` for review, whatever that stood at before: the branch is ours.
    ///
    /// # Errors
    /// As [`Bare::push`].
    pub fn push_review(&self, commit: &str, branch: &str) -> Result<PushOutcome> {
        let commit = self.rev(commit)?;
        self.push_refspec(&format!("+{commit}:refs/heads/{branch}"))
    }

    /// Whether every change that leads to `head` is in `upstream`, in commits that may be others.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn has_changes_of(&self, upstream: &str, head: &str) -> Result<bool> {
        let text = self.git().args(["cherry", upstream, head]).run()?;
        if !text.is_empty() && text.lines().all(|line| line.starts_with('-')) {
            return Ok(true);
        }
        self.would_change_nothing(upstream, head)
    }

    /// Whether merging `head` into `upstream` would leave its files as they are: so it is once its commits were squashed into one there.
    fn would_change_nothing(&self, upstream: &str, head: &str) -> Result<bool> {
        let repository = self.repository()?;
        let find = |name: &str| -> Result<git2::Commit<'_>> {
            Ok(repository.find_commit(git2::Oid::from_str(&self.rev(name)?)?)?)
        };
        let (upstream, head) = (find(upstream)?, find(head)?);
        let mut merged = repository.merge_commits(&upstream, &head, None)?;
        Ok(!merged.has_conflicts() && merged.write_tree_to(&repository)? == upstream.tree_id())
    }

    fn push_refspec(&self, refspec: &str) -> Result<PushOutcome> {
        let Some(url) = self.origin_url() else {
            return Err(Error::failed(format!("{} has no origin to push to", self.path.display()))
                .hint("add one with git remote add origin <url> in the rig's .repo.git"));
        };
        let output = self.git().args(["push", "--porcelain", "--no-follow-tags", "origin", refspec]).output()?;
        let stdout = String::from_utf8_lossy(&output.stdout);
        Ok(outcome(output.success, &stdout, &output.stderr.replace(&url, &redact_url(&url))))
    }
}

pub(super) fn outcome(success: bool, stdout: &str, stderr: &str) -> PushOutcome {
    if success {
        return PushOutcome::Pushed;
    }
    // One line a reference: flag, from:to, and the summary with the reason in brackets.
    let Some(summary) = stdout.lines().find_map(|line| line.strip_prefix("!\t")).and_then(|l| l.split('\t').nth(1))
    else {
        return PushOutcome::Unreachable(reason(stderr));
    };
    let said: Vec<&str> = stderr.lines().filter_map(|line| line.strip_prefix("remote: ")).map(str::trim).collect();
    let said: Vec<&str> = said.into_iter().filter(|line| !line.is_empty()).take(4).collect();
    let full = if said.is_empty() { summary.to_owned() } else { format!("{summary}: {}", said.join("; ")) };
    if summary.starts_with("[rejected]") {
        return PushOutcome::Rejected(summary.to_owned());
    }
    // Another push took the branch between the origin's offer and ours.
    if ["failed to update ref", "cannot lock ref", "fetch first", "non-fast-forward", "stale info"]
        .iter()
        .any(|race| summary.contains(race))
    {
        return PushOutcome::Rejected(full);
    }
    let hint = if summary.contains("branch is currently checked out") {
        "the origin is no bare repository and has this branch checked out; there: git config receive.denyCurrentBranch \
         updateInstead, or check out another branch"
    } else if summary.contains("protected branch") || full.contains("rotected branch") {
        "the branch is protected at the origin; allow the push there, or set merge_queue.target_branch to another branch"
    } else {
        "the origin's own rules refuse it; see its message"
    };
    PushOutcome::Refused { reason: full, hint: hint.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_told_apart() {
        let line = |summary: &str| format!("To /x\n!\tabc:refs/heads/main\t{summary}\nDone\n");
        assert_eq!(outcome(true, "", ""), PushOutcome::Pushed);
        assert!(matches!(outcome(false, &line("[rejected] (fetch first)"), ""), PushOutcome::Rejected(_)));
        assert!(matches!(outcome(false, &line("[rejected] (non-fast-forward)"), ""), PushOutcome::Rejected(_)));
        let checked_out = outcome(false, &line("[remote rejected] (branch is currently checked out)"), "");
        assert!(matches!(checked_out, PushOutcome::Refused { hint, .. } if hint.contains("receive.denyCurrentBranch")));
        let hook = outcome(false, &line("[remote rejected] (pre-receive hook declined)"), "remote: no way\n");
        assert!(matches!(hook, PushOutcome::Refused { reason, .. } if reason.contains("no way")));
        let race = outcome(false, &line("[remote rejected] (failed to update ref)"), "");
        assert!(matches!(race, PushOutcome::Rejected(_)));
        let gone = outcome(false, "", "fatal: '/x' does not appear to be a git repository\n");
        assert!(matches!(gone, PushOutcome::Unreachable(why) if why.contains("/x")));
    }
}
