//! The way of work: what commands and patrols do with beads, agents, worktrees and the merge queue.

pub mod agents;
pub mod archive;
pub mod assignment;
pub mod branches;
pub mod convoy;
pub mod crew;
pub mod desk;
pub mod done;
pub mod event_log;
pub mod halt;
pub mod handoff;
pub mod hook;
pub mod hook_status;
pub mod hooked;
pub mod identity;
pub mod install;
pub mod journal;
pub mod mail;
pub mod memory;
pub mod molecule;
pub mod post;
pub mod prime;
pub mod queue;
mod rebuild;
pub mod recipe;
pub mod rigs;
pub mod roles;
pub mod seance;
pub mod sling;
pub mod spawn;
pub mod standing;
pub mod start;
pub mod sync;
pub mod unsling;

pub use desk::Desk;
