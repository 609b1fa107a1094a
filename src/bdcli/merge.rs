//! `bd merge`: what git calls for `issues.jsonl` when two branches changed it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::{Global, render};
use crate::base::text::counted;
use crate::base::{Error, Result, files};
use crate::ledger::jsonl;

/// Merges two versions of an issues.jsonl, field by field.
#[derive(Debug, Args)]
pub struct Merge {
    /// Where the result goes; git's %A
    out: PathBuf,
    /// The version both were made from; git's %O
    base: PathBuf,
    /// Ours; git's %A
    left: PathBuf,
    /// Theirs; git's %B
    right: PathBuf,
}

impl Merge {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let base = std::fs::read(&self.base).unwrap_or_default();
        let merged = jsonl::merge_files(&base, &read(&self.left)?, &read(&self.right)?)?;
        files::write_atomic(&self.out, &merged.bytes, 0o644)?;
        let json = json!({"beads": merged.beads, "changed_on_both_sides": merged.both, "unreadable": merged.unreadable,
                          "output_file": self.out});
        let mut text = format!("{}, {} of them changed on both sides\n", counted(merged.beads, "bead"), merged.both);
        if merged.unreadable > 0 {
            text += &format!("{} lines can't be read and stand at the end as they were\n", merged.unreadable);
        }
        // Git, which has the result written over our side, shows what a driver says in the middle of its own words.
        if self.out == self.left && !global.output().json {
            return Ok(());
        }
        render::print_change(global.output(), json, text)
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        Error::failed(format!("read {}: {error}", path.display())).hint("bd merge <out> <base> <left> <right>")
    })
}
