//! What happens by itself: dispatch, merging, watching, telling, exporting. Nothing here is needed for correctness: every step is
//! journaled in the ledger and goes on after `kill -9`.

mod attention;
mod control;
pub mod daemon;
mod dispatcher;
pub mod doctor;
mod escalations;
mod exporter;
mod holder;
mod landing;
mod postman;
pub mod power;
mod pulse;
mod refinery;
pub mod service;
mod snapshots;
mod sync;
mod witness;

pub use exporter::after_command;
