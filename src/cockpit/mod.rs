//! The cockpit: the town on one terminal.
//!
//! [`app`] is the state, [`update`] the only thing that changes it, [`render`] the only thing that draws it; [`run`] joins them to
//! the terminal, the ledger and the sessions. [`actions`] is the table every key, hint and palette entry comes from.

pub mod actions;
pub mod app;
pub mod dialogs;
pub mod fuzzy;
pub mod keymap;
pub mod keys;
pub mod layout;
pub mod marks;
pub mod render;
pub mod theme;
pub mod update;

#[cfg(test)]
mod tests;

pub use update::update;
