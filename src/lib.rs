//! Gas Town: a town of coding agents in one binary.
//!
//! The house has floors; a module imports only from floors below its own (`tests/house.rs` holds it to that):
//! ground [`base`]; floor 1 `town`, `ledger`, `repo`, `terminal`; floor 2 `session`, `runtime`, `formula`; floor 3 `work`;
//! floor 4 `view`, `patrol`; faces `cli`, `bdcli`, `cockpit`, `dashboard`.

#[cfg(not(unix))]
compile_error!(
    "Gas Town runs agents on pseudo-terminals and speaks to them over Unix sockets, which this system does not have. \
     On Windows, build and run it in WSL 2 (wsl --install), where it works as on Linux."
);

#[cfg(unix)]
pub mod base;
#[cfg(unix)]
pub mod bdcli;
#[cfg(unix)]
pub mod cli;
#[cfg(unix)]
pub mod cockpit;
#[cfg(unix)]
pub mod dashboard;
#[cfg(unix)]
pub mod formula;
#[cfg(unix)]
pub mod ledger;
#[cfg(unix)]
pub mod patrol;
#[cfg(unix)]
pub mod repo;
#[cfg(unix)]
pub mod runtime;
#[cfg(unix)]
pub mod session;
#[cfg(unix)]
pub mod terminal;
#[cfg(unix)]
pub mod town;
#[cfg(unix)]
pub mod view;
#[cfg(unix)]
pub mod work;
