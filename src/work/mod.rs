//! The way of work: what commands and patrols do with beads, agents, worktrees and the merge queue.

pub mod desk;
pub mod install;
mod rebuild;
pub mod rigs;

pub use desk::Desk;
