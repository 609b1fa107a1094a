//! The `script` runtime: does the fenced `sh` block of a bead step by step on its terminal. It needs no account, so mechanical
//! work, the demo and the tests run the way that every agent goes.

mod display;
mod input;
mod parse;
mod progress;
mod run;

pub use parse::{Script, Step, parse};
pub use run::{BeadText, Job, run};
