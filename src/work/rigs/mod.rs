//! Rigs: adding a project to the town, looking at it, taking it out again.

mod add;
mod adopt;
mod marker;
mod remove;
mod status;

pub use add::{AddOptions, AddReport, PrefixSource, add};
pub use marker::clean_up_half_made;
pub use remove::{RemoveReport, remove};
pub use status::{BeadCounts, RigAgent, RigLine, RigStatus, list, status};
