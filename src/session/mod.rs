//! Sessions: one host process each, which owns the agent's terminal and outlives whoever started it; the protocol to talk to it, and the
//! registry of all sessions of a town.

mod cast;
mod client;
mod fds;
mod freeze;
pub mod holding;
mod host;
mod kill;
mod nudges;
mod place;
mod program;
mod record;
pub mod registry;
mod start;
mod talk;
mod tree;
mod ways;
mod wire;

pub use cast::{Event, Header, Recording, Segment, What};
pub use client::{Client, Sender};
pub use host::{can_resume, resume_host, run_host};
pub use kill::kill;
pub use nudges::{NUDGE_TTL, NudgeEntry, NudgeOrder, NudgeStage, NudgeWhen};
pub use place::Place;
pub use record::{Exit, LastScreen, SessionRecord, SessionSpec};
pub use start::{DETACHED_ENV, SESSION_ID_ENV, detach, start};
pub use talk::{deliver, detach_all, hear, nudge, nudge_later, nudges, peek, press, status, upgrade};
pub use ways::Ways;
pub use wire::{AttachMode, ClientMsg, Delta, KillReport, MAX_LINES, NudgeOutcome, PROTOCOL, ServerMsg, Status};

/// Columns and rows of a session nobody looks at.
pub const DEFAULT_SIZE: (u16, u16) = (200, 50);
/// Lines of scrollback a session keeps.
pub const HISTORY: usize = 10_000;

/// Writes to the host's log, for whoever wonders later; a full disk is no reason to stop.
fn complain(message: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{message}");
}
