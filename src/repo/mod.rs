//! Git: the repository a rig's worktrees share, the worktrees, and what keeps their contents from being lost.
//!
//! Local reads go through libgit2; whatever touches the network, a working tree or an index goes through the `git` command, so that
//! people's credentials, proxies, filters and attributes work as they are used to.

mod add;
mod bare;
mod branches;
mod clone;
mod command;
mod heal;
mod heal_refs;
mod hook_record;
mod ledger_git;
mod ledger_hooks;
mod locks;
mod look;
mod merge_driver;
mod patch;
mod push;
mod rebase;
mod remove;
mod snapshot;
mod town_git;
mod unnamed;
mod version;
mod worktree;

pub use bare::{Bare, CommitInfo, redact_url};
pub use heal::Unfinished;
pub use hook_record::{HookRecord, HookState};
pub use ledger_git::{Checkout, Fetched, Joined};
pub use ledger_hooks::{HOOKS, HookOwner, hook_owner, install_hook, remove_hook};
pub use look::Looker;
pub use merge_driver::{add_attributes, set_merge_driver};
pub use patch::{Change, FilePatch, Hunk, LineKind, Patch, PatchLine};
pub use push::PushOutcome;
pub use rebase::Rebase;
pub use snapshot::{SNAPSHOT_REFS, Snapshot};
pub use town_git::init_with_commit;
pub use version::git_version;
pub use worktree::{ChangeKind, FileStatus, Worktree};
