//! The ledger of beads: one SQLite database for a whole town (or one repository), with a git-tracked `issues.jsonl` for each store.
//!
//! Reads go through [`Ledger`], changes through [`Tx`] inside [`Ledger::write`]. A bead's store is a field, never a route.

mod blocked;
mod bulk;
mod closing;
pub mod codec;
mod events;
pub mod external;
pub mod filter;
mod graph;
pub mod ids;
pub mod jsonl;
mod life;
mod links;
pub mod merge;
pub mod model;
mod ready;
mod remarks;
mod revive;
mod row;
pub mod schema;
mod search;
mod store;
#[cfg(test)]
mod tests;
mod tx;

pub use bulk::{Bulk, Made, On};
pub use closing::{Follow, ON_COMPLETE, follow_with};
pub use filter::{Filter, Sort, TimeField};
pub use jsonl::{export_if_no_daemon, open_stores};
pub use links::is_convoy;
pub use model::{Bead, Closed, Comment, Dependency, Event, NewBead, NewDep, Patch, Status, Store, dep_type};
pub use ready::{ReadyFilter, ReadySort};
pub use revive::{kept_comment, kept_dependencies};
pub use store::Ledger;
pub use tx::Tx;
