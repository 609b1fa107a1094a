//! Manual pages, made from a command's parser.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::report::{Paint, Report};
use super::{Result, ResultExt, files};

/// One page in roff, as `man -l` reads it.
#[derive(Debug, Serialize)]
pub struct Page {
    page: String,
}

impl Page {
    /// The page of `command` itself.
    ///
    /// # Errors
    /// When it can't be rendered.
    pub fn of(command: clap::Command) -> Result<Self> {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page).context("the manual page")?;
        Ok(Self { page: String::from_utf8_lossy(&page).into_owned() })
    }
}

impl Report for Page {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        out.write_all(self.page.as_bytes())
    }
}

/// What was written.
#[derive(Debug, Serialize)]
pub struct Written {
    dir: PathBuf,
    pages: usize,
}

impl Written {
    /// Writes the pages of `command` and of every command below it into `dir`, one file each.
    ///
    /// # Errors
    /// When the directory can't be written.
    pub fn into(dir: &Path, command: clap::Command) -> Result<Self> {
        files::make_dirs(dir, 0o755)?;
        let name = command.get_name().to_owned();
        clap_mangen::generate_to(command, dir).with_context(|| format!("write to {}", dir.display()))?;
        let entries = std::fs::read_dir(dir).with_context(|| format!("read {}", dir.display()))?;
        let ours = |file: &std::fs::DirEntry| file.file_name().to_string_lossy().starts_with(&name);
        Ok(Self { dir: dir.to_owned(), pages: entries.flatten().filter(ours).count() })
    }
}

impl Report for Written {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} {} pages in {}", paint.green("✓"), self.pages, self.dir.display())
    }
}
