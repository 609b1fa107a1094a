//! `gt man`: manual pages of every command, made from the parser.

use std::path::PathBuf;

use clap::Args;

use crate::base::Result;
use crate::base::manual::{Page, Written};
use crate::base::report::{self, Output};

/// Print the manual page, or write one for each command
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  gt man | man -l -\n  gt man --dir ~/.local/share/man/man1")]
pub struct Man {
    /// Write the pages of every gt command into this directory; bd man does so for its own
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Man {
    /// Runs the command.
    ///
    /// # Errors
    /// When the directory can't be written.
    pub fn run(self, output: Output) -> Result<()> {
        match self.dir {
            Some(dir) => report::print(output, &Written::into(&dir, super::documented())?),
            None => report::print(output, &Page::of(super::documented())?),
        }
    }
}
