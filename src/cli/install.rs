//! `gt install`: making a town.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::base::Result;
use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::neutralise;
use crate::town::Permission;
use crate::town::install::{InstallOptions, InstallReport};
use crate::work;

/// Arguments of `gt install`.
#[derive(Debug, Args)]
pub struct Install {
    /// Where; a new or empty directory
    path: PathBuf,
    /// Make the town a git repository too
    #[arg(long)]
    git: bool,
    /// Its name; the directory's by default
    #[arg(long, short)]
    name: Option<String>,
    /// Whose town it is; you by default
    #[arg(long)]
    owner: Option<String>,
    /// Make it in a directory that holds other files
    #[arg(long, short)]
    force: bool,
    /// What agents may do without asking: `ask` nothing, `edits` change files and use gt, bd and git, `bypass` everything
    #[arg(long, value_name = "MODE", default_value = "edits")]
    permissions: Permission,
}

#[derive(Serialize)]
struct Made {
    #[serde(flatten)]
    report: InstallReport,
    git: bool,
    next_steps: Vec<String>,
}

impl Install {
    /// Makes the town.
    ///
    /// # Errors
    /// When the place is taken or can't be written.
    pub fn run(self, output: Output) -> Result<()> {
        let options = InstallOptions {
            path: self.path,
            name: self.name,
            owner: self.owner,
            force: self.force,
            permission: Some(self.permissions),
        };
        let report = work::install::install(&options, self.git)?;
        let next_steps = vec![
            format!("cd {}", shell_word(&report.root.display().to_string())),
            "gt rig add <name> <git address or path>".to_owned(),
            "bd create \"What is to be done\" --rig <name>".to_owned(),
            "gt sling <bead> <name>".to_owned(),
            "gt".to_owned(),
        ];
        report::print(output, &Made { report, git: self.git, next_steps })
    }
}

impl Report for Made {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        for item in &self.report.created {
            writeln!(out, "{} {}", paint.green("✓"), paint.dim(item))?;
        }
        let root = self.report.root.display().to_string();
        let name = neutralise(&self.report.name, true);
        writeln!(out, "\nThe town {} stands in {}\n\nNext steps:", paint.bold(&name), neutralise(&root, true))?;
        let notes = ["", "add a project", "write down some work", "give it to an agent", "watch it all"];
        for (number, (step, note)) in self.next_steps.iter().zip(notes).enumerate() {
            let note = if note.is_empty() { String::new() } else { paint.dim(&format!("   # {note}")) };
            writeln!(out, "  {}. {}{note}", number + 1, neutralise(step, true))?;
        }
        Ok(())
    }
}

pub(super) use crate::base::text::shell_word;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_for_shells() {
        assert_eq!(shell_word("/a/b-c"), "/a/b-c");
        assert_eq!(shell_word("/a b/it's"), "'/a b/it'\\''s'");
    }
}
