//! What happens by itself: dispatch, merging, watching, telling, exporting. Nothing here is needed for correctness: every step is
//! journaled in the ledger and goes on after `kill -9`.

mod control;
pub mod daemon;
mod dispatcher;
mod escalations;
mod exporter;
mod landing;
mod postman;
mod pulse;
mod refinery;
mod snapshots;
mod sync;
mod witness;

pub use exporter::after_command;
