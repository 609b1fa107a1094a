//! The ground floor: what every module may use and what knows nothing of towns, beads or terminals.

pub mod clock;
pub mod commands;
pub mod complete;
pub mod error;
pub mod files;
#[cfg(test)]
pub mod fuzz;
pub mod lock;
pub mod manual;
pub mod os;
pub mod report;
pub mod text;

pub use clock::Timestamp;
pub use error::{Error, Kind, Result, ResultExt};
