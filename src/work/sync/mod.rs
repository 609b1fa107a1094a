//! Keeping a ledger's files in step with other clones through git: export, commit, fetch, merge, import, push.
//!
//! Every step can be the last: the ledger and its files hold all that is known at any moment, and the next run goes on from there.

mod beside;
mod here;
mod place;

use serde::Serialize;

pub use place::{Place, bd_program, install_driver};

use crate::base::lock::Lock;
use crate::base::{Error, Result};
use crate::ledger::jsonl::{self, ImportReport};
use crate::ledger::{Ledger, Store};
use crate::repo::{Checkout, PushOutcome};

/// How often a push that somebody was faster than is tried anew.
const ROUNDS: usize = 6;

/// What is wanted of a run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The commit's message; one of our own when not given.
    pub message: Option<String>,
    /// Whether to fetch and merge what others did.
    pub pull: bool,
    /// Whether to push.
    pub push: bool,
    /// Only say what would be done.
    pub dry_run: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { message: None, pull: true, push: true, dry_run: false }
    }
}

/// What a run did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The top of the repository.
    pub repository: String,
    /// The branch that holds the ledger's files.
    pub branch: String,
    /// The remote it is exchanged with.
    pub remote: Option<String>,
    /// Whether the branch is another than the one checked out.
    pub separate: bool,
    /// The files, as git names them.
    pub files: Vec<String>,
    /// Those that differed from the last commit.
    pub changed: Vec<String>,
    /// The commit that was made.
    pub committed: Option<String>,
    /// Whether something was merged that others had done.
    pub merged: bool,
    /// Beads that came from others.
    pub created: usize,
    /// Beads that others changed.
    pub updated: usize,
    /// Whether the remote has it all.
    pub pushed: bool,
    /// What did not work and will be caught up with next time.
    pub later: Vec<String>,
    /// Beads that wait for each other because of what was merged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub circles: Vec<String>,
}

impl Report {
    fn count(&mut self, imports: &[ImportReport]) {
        for import in imports {
            self.created += import.created;
            self.updated += import.updated;
            self.circles.extend(import.circles.iter().cloned());
        }
    }

    /// Says so when no round of several ended with a push.
    fn outrun(&mut self) {
        if !self.pushed && self.later.is_empty() {
            self.later.push("others were faster each time".into());
        }
    }
}

/// Brings the ledger's files and other clones into step.
///
/// # Errors
/// Refused where there is no repository, or one that waits for its person; failed when what others did can't be merged. A remote that
/// can't be reached is no error: the report says so.
pub fn sync(ledger: &Ledger, place: &Place, options: &Options) -> Result<Report> {
    let mut path = ledger.path().as_os_str().to_owned();
    path.push("-sync.lock");
    let _one_at_a_time = Lock::acquire(std::path::Path::new(&path))?;
    place.check(options)?;
    jsonl::refresh(ledger)?;
    jsonl::export_all(ledger)?;
    match place.separate_branch() {
        Some(branch) => beside::run(ledger, place, branch, options),
        None => here::run(ledger, place, options),
    }
}

/// Pushes `commit` to a branch of a remote, `(remote, branch)`. `false` when others were faster: what they did is to be merged first.
fn push(
    checkout: &Checkout,
    (remote, branch): (&str, &str),
    commit: &str,
    options: &Options,
    report: &mut Report,
) -> Result<bool> {
    match checkout.push(remote, commit, branch)? {
        PushOutcome::Pushed => report.pushed = true,
        PushOutcome::Rejected(why) if !options.pull => {
            return Err(Error::refused(format!("{remote} has changes that are not here: {why}"))
                .hint("run bd sync without --no-pull"));
        }
        PushOutcome::Rejected(_) => return Ok(false),
        PushOutcome::Refused { reason, hint } => return Err(Error::failed(format!("{remote}: {reason}")).hint(hint)),
        PushOutcome::Unreachable(why) => report.later.push(format!("{remote} was not reached: {why}")),
    }
    Ok(true)
}

/// Keeps the files of all these stores from being written or read by others.
fn hold(ledger: &Ledger, stores: &[Store]) -> Result<Vec<Lock>> {
    stores.iter().map(|store| jsonl::hold(ledger, &store.name)).collect()
}

fn message(options: &Options) -> String {
    options.message.clone().unwrap_or_else(|| "Update the ledger".to_owned())
}

fn busy(place: &Place) -> Error {
    Error::refused(format!("a merge or rebase is under way in {}", place.checkout().top().display()))
        .hint("finish it with git, then run bd sync again")
}
