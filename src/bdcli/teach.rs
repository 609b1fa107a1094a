//! `bd prime`, `onboard` and `quickstart`: texts that teach agents and people our commands.

use clap::Args;
use serde_json::json;

use super::context;
use super::{Global, render};
use crate::base::{Result, files};

/// What an agent has to know; under three kilobytes, since every agent reads it each time.
const PRIME: &str = include_str!("../../assets/bd/prime.md");
const ONBOARD: &str = include_str!("../../assets/bd/onboard.md");
const QUICKSTART: &str = include_str!("../../assets/bd/quickstart.md");

/// Prints what an agent has to know to work with beads; .beads/PRIME.md takes its place where it exists.
#[derive(Debug, Args)]
pub struct Prime {
    /// The built-in text even where the project has its own
    #[arg(long)]
    export: bool,
    // Other bd programs have longer and shorter texts; ours is short and whole.
    #[arg(long, hide = true)]
    full: bool,
    #[arg(long, hide = true)]
    mcp: bool,
    #[arg(long, hide = true)]
    stealth: bool,
}

impl Prime {
    /// Runs the command. Where there is no ledger it prints nothing, so that it can stand in hooks everywhere.
    pub fn run(self, global: &Global) -> Result<()> {
        let cwd = std::env::current_dir()?;
        let town = context::find_town(&cwd)?;
        let beads_dir = context::alone(&cwd).or_else(|| town.as_ref().map(crate::town::Town::beads_dir));
        let Some(beads_dir) = beads_dir.filter(|_| !self.export) else {
            return if self.export { print(global, PRIME) } else { Ok(()) };
        };
        match files::read_optional(&beads_dir.join("PRIME.md"))? {
            Some(own) => print(global, &own),
            None => print(global, PRIME),
        }
    }
}

/// Prints the paragraph about beads for AGENTS.md or CLAUDE.md.
#[derive(Debug, Args)]
pub struct Onboard {}

impl Onboard {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        print(global, ONBOARD)
    }
}

/// Puts the paragraph at the end of the project's AGENTS.md, once; `false` when it speaks of bd already.
pub fn introduce(project: &std::path::Path) -> Result<bool> {
    let path = project.join("AGENTS.md");
    let text = files::read_optional(&path)?.unwrap_or_default();
    if text.contains("bd prime") {
        return Ok(false);
    }
    let gap = match text.as_str() {
        "" => "",
        text if text.ends_with("\n\n") => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    files::write_atomic(&path, format!("{text}{gap}{ONBOARD}").as_bytes(), 0o644)?;
    Ok(true)
}

/// Prints the first steps.
#[derive(Debug, Args)]
pub struct Quickstart {}

impl Quickstart {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        print(global, QUICKSTART)
    }
}

fn print(global: &Global, text: &str) -> Result<()> {
    render::print(global.output(), json!({"text": text}), text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_agent_reads_is_short() {
        assert!(PRIME.len() < 3 * 1024, "{} bytes", PRIME.len());
    }
}
