//! The cockpit: the town on one terminal.
//!
//! [`app`] is the state, [`update`] the only thing that changes it, [`render`] the only thing that draws it; [`run`] joins them to
//! the terminal, the ledger and the sessions. [`actions`] is the table every key, hint and palette entry comes from.

pub mod actions;
pub mod answer;
pub mod app;
pub mod ask;
pub mod back;
pub mod beads;
pub mod costs;
pub mod deeds;
pub mod dialogs;
pub mod events;
pub mod form;
pub mod fuzzy;
pub mod guard;
pub mod hooks;
pub mod ink;
pub mod keymap;
pub mod keys;
pub mod layout;
mod links;
pub mod log;
pub mod marked;
pub mod marks;
pub mod memory;
pub mod palette;
pub mod render;
pub mod review;
mod run;
pub mod settings;
pub mod setup;
mod stats;
mod telling;
pub mod theme;
pub mod update;
pub mod welcome;
mod worker;

#[cfg(test)]
mod tests;

pub use run::{Options, run, settings_file};
pub use stats::STATS_FILE;
pub use update::update;
