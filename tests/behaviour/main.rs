//! Behaviours of the built binaries, one file each: real repositories, real PTYs, real SQLite.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

mod bd_basics;
mod bd_files;
mod bd_many_writers;
mod cli;
mod config;
mod crew;
mod hooks;
mod install;
mod repo;
mod rig;
