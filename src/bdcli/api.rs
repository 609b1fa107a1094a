//! `bd api`: every command with what it takes, for scripts.

use clap::Args;

use super::{Global, render};
use crate::base::Result;
use crate::base::commands::describe;

/// Print every command with what it takes, as JSON
#[derive(Debug, Args)]
pub struct Api {}

impl Api {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let program = serde_json::to_value(describe(super::documented()))?;
        let text = serde_json::to_string_pretty(&program)?;
        render::print(global.output(), program, format!("{text}\n"))
    }
}
