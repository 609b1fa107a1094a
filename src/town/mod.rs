//! The town on disk: where everything lies, the settings files, the registry of rigs, and who is who.

mod address;
pub mod config;
mod env;
mod escalation;
pub mod fields;
pub mod install;
mod limits;
pub mod namepool;
mod names;
mod place;
pub mod registry;
mod rig;
mod settings;
mod stamp;

pub use address::{Address, Role};
pub use env::agent_env;
pub use escalation::{EscalationSettings, Severity};
pub use limits::{Limits, WitnessSettings};
pub use names::{
    COMPOUND_SUFFIXES, derive_prefix, free_prefix, validate_agent_name, validate_prefix, validate_rig_name,
};
pub use place::Town;
pub use rig::Rig;
pub use settings::{
    GATES, GateCommand, MergeQueueSettings, MergeStrategy, NamepoolSettings, OnConflict, Permission, RIG_FORMAT,
    RigSettings, TOWN_FORMAT, TownSettings,
};

/// The prefix of beads that belong to the town and to no rig.
pub const TOWN_PREFIX: &str = "hq";
