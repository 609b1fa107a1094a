//! Gas Town: a town of coding agents in one binary.
//!
//! The house has floors; a module imports only from floors below its own (`tests/house.rs` holds it to that):
//! ground [`base`]; floor 1 `town`, `ledger`, `repo`, `terminal`; floor 2 `session`, `runtime`, `formula`; floor 3 `work`;
//! floor 4 `view`, `patrol`; faces `cli`, `bdcli`, `cockpit`, `dashboard`.

pub mod base;
pub mod bdcli;
pub mod cli;
pub mod cockpit;
pub mod dashboard;
pub mod formula;
pub mod ledger;
pub mod patrol;
pub mod repo;
pub mod runtime;
pub mod session;
pub mod terminal;
pub mod town;
pub mod view;
pub mod work;
