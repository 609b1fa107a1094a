//! Local branches of the shared repository against those of its origin.

use std::path::Path;

use super::Bare;
use crate::base::{Result, ResultExt};

impl Bare {
    /// The commit of `refs/heads/<branch>`, or `None`.
    ///
    /// # Errors
    /// When the repository can't be read.
    pub fn local_branch(&self, branch: &str) -> Result<Option<String>> {
        self.find_rev(&format!("refs/heads/{branch}"))
    }

    /// The commit of `refs/remotes/origin/<branch>` as of the last fetch, or `None`.
    ///
    /// # Errors
    /// When the repository can't be read.
    pub fn origin_branch(&self, branch: &str) -> Result<Option<String>> {
        self.find_rev(&format!("refs/remotes/origin/{branch}"))
    }

    /// Moves the local branch to where the last fetch found it at the origin, when that loses nothing; makes it when it is not
    /// there. Returns the commit the local branch is at afterwards, `None` when neither side has it.
    ///
    /// # Errors
    /// When the repository can't be read or the branch was moved meanwhile.
    pub fn fast_forward_from_origin(&self, branch: &str) -> Result<Option<String>> {
        let name = format!("refs/heads/{branch}");
        match (self.local_branch(branch)?, self.origin_branch(branch)?) {
            (Some(local), Some(origin)) if local != origin && self.is_ancestor(&local, &origin)? => {
                self.update_ref(&name, &origin, Some(&local))?;
                Ok(Some(origin))
            }
            (None, Some(origin)) => {
                self.update_ref(&name, &origin, Some(&"0".repeat(40)))?;
                Ok(Some(origin))
            }
            (local, _) => Ok(local),
        }
    }

    /// Deletes a local branch that still is at `at`; not there is not an error.
    ///
    /// # Errors
    /// When it is elsewhere or checked out in a worktree.
    pub fn delete_branch(&self, branch: &str, at: &str) -> Result<()> {
        let name = format!("refs/heads/{branch}");
        if self.find_rev(&name)?.is_none() {
            return Ok(());
        }
        self.git().args(["update-ref", "-d", &name, at]).run().map(|_| ())
    }

    /// Whether git takes `name` as a branch's.
    pub fn is_branch_name(&self, name: &str) -> bool {
        !name.starts_with('-') && git2::Branch::name_is_valid(name).unwrap_or(false)
    }

    /// Deletes a branch at the origin that still is at `at`, and what is known of it here; not there is not an error.
    ///
    /// # Errors
    /// When the origin can't be reached or refuses it, or the branch is elsewhere.
    pub fn delete_at_origin(&self, branch: &str, at: &str) -> Result<()> {
        let name = format!("refs/heads/{branch}");
        if !self.has_origin() || self.origin_branch(branch)?.is_none() {
            return Ok(());
        }
        let lease = format!("--force-with-lease={name}:{at}");
        self.git().args(["push", "--quiet", &lease, "origin", &format!(":{name}")]).run().map(|_| ())
    }

    /// Brings `branch` of another repository on this machine in as the local branch of the same name.
    ///
    /// # Errors
    /// When it is not there, or the local branch has commits that it lacks.
    pub fn fetch_from(&self, repository: &Path, branch: &str) -> Result<()> {
        let refspec = format!("refs/heads/{branch}:refs/heads/{branch}");
        self.git()
            .args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--"])
            .arg(repository)
            .arg(&refspec)
            .run()
            .map(|_| ())
            .with_context(|| format!("fetch {branch} from {}", repository.display()))
    }
}
