//! `bd man`: manual pages of every command, made from the parser.

use std::path::PathBuf;

use clap::Args;

use super::Global;
use crate::base::Result;
use crate::base::manual::{Page, Written};
use crate::base::report;

/// Print the manual page, or write one for each command
#[derive(Debug, Args)]
pub struct Man {
    /// Write the pages of every bd command into this directory; gt man does so for its own
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Man {
    /// Runs the command.
    ///
    /// # Errors
    /// When the directory can't be written.
    pub fn run(self, global: &Global) -> Result<()> {
        match self.dir {
            Some(dir) => report::print(global.output(), &Written::into(&dir, super::documented())?),
            None => report::print(global.output(), &Page::of(super::documented())?),
        }
    }
}
