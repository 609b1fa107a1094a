//! The merge queue: handing in, looking at it, trying again, turning down.

mod change;
pub mod integration;
mod log;
mod redo;
mod request;
mod steer;
mod view;

pub use change::{Changed, Handed, give_back, hand_in, reject, retry};
pub use log::log;
pub use redo::{ConflictFacts, redo};
pub use request::{MergeRequest, State, Step, all, find, hours, of_source, open, put, score};
pub use steer::{Cancelled, Order, approve, cancel, cancelled_by, clear_cancel, reorder};
pub use view::{QueueList, QueueRow, QueueStatus, list, ranked, status};

/// The bead type of a merge request.
pub const REQUEST_TYPE: &str = "merge-request";
/// The label of a bead whose work does not fit the target.
pub const CONFLICT_MARK: &str = "merge-conflict";
/// The label of a bead whose work the gate refused.
pub const GATE_MARK: &str = "gate-failed";
/// The label of a bead whose agent died again and again.
pub const STUCK_MARK: &str = "stuck";
/// Labels that failed work leaves on a bead.
pub const MARKS: [&str; 3] = [CONFLICT_MARK, GATE_MARK, STUCK_MARK];
