//! The dashboard: the town in a browser. The same read models as the cockpit's, pushed as events; the same work underneath its
//! actions as under the commands'. Nobody but the person it was started for gets in.

mod actions;
mod api;
mod assets;
mod auth;
mod events;
mod guard;
mod login;
mod picture;
mod screens;
mod serve;

pub use serve::{Opened, Options, run};
