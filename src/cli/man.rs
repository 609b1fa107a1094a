//! `gt man`: manual pages of every command, made from the parser.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::{Result, ResultExt, files};

/// Print the manual page, or write one for each command
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  gt man | man -l -\n  gt man --dir ~/.local/share/man/man1")]
pub struct Man {
    /// Write the pages of every gt and bd command into this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Serialize)]
struct Page {
    page: String,
}

impl Report for Page {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        out.write_all(self.page.as_bytes())
    }
}

#[derive(Serialize)]
struct Written {
    dir: PathBuf,
    pages: usize,
}

impl Report for Written {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} {} pages in {}", paint.green("✓"), self.pages, self.dir.display())
    }
}

impl Man {
    /// Runs the command.
    ///
    /// # Errors
    /// When the directory can't be written.
    pub fn run(self, output: Output) -> Result<()> {
        let Some(dir) = self.dir else {
            let mut page = Vec::new();
            clap_mangen::Man::new(super::Gt::command()).render(&mut page).context("the manual page")?;
            return report::print(output, &Page { page: String::from_utf8_lossy(&page).into_owned() });
        };
        files::make_dirs(&dir, 0o755)?;
        for command in [super::Gt::command(), crate::bdcli::Bd::command()] {
            clap_mangen::generate_to(command, &dir).with_context(|| format!("write to {}", dir.display()))?;
        }
        let pages = std::fs::read_dir(&dir).with_context(|| format!("read {}", dir.display()))?.count();
        report::print(output, &Written { dir, pages })
    }
}
