//! The way of work: what commands and patrols do with beads, agents, worktrees and the merge queue.

pub mod crew;
pub mod desk;
pub mod hook_status;
pub mod install;
mod rebuild;
pub mod rigs;

pub use desk::Desk;
