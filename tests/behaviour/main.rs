//! Behaviours of the built binaries, one file each: real repositories, real PTYs, real SQLite.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod screen;
mod support;
mod town;

mod agents;
mod bd_basics;
mod bd_care;
mod bd_files;
mod bd_killed_writers;
mod bd_many_writers;
mod bd_more;
mod bd_sync;
mod bd_undo;
mod cli;
mod cockpit;
mod config;
mod conformance;
mod convoy;
mod crew;
mod demo;
mod done;
mod escalate;
mod events;
mod faults;
mod formula;
mod halt;
mod hardship;
mod hooks;
mod install;
mod mail;
mod merge_queue;
mod molecule;
mod polecat;
mod real_repository;
mod rebuild;
mod refinery;
mod repo;
mod rig;
mod script;
mod session;
mod sling;
mod standing;
mod status;
