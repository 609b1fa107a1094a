//! The `script` runtime: does the fenced `sh` block of a bead step by step on its terminal. It needs no account, so mechanical
//! work, the demo and the tests run the way that every agent goes.

mod parse;

pub use parse::{Script, Step, parse};
