//! Making a town: its directories, its ledger and, where wanted, its git repository.

use std::fs;

use crate::base::Result;
use crate::repo;
use crate::town::Town;
use crate::town::install::{InstallOptions, InstallReport, Made, lay_out};

use super::Desk;

/// Makes a town. Whatever was made is removed again when a step fails.
///
/// # Errors
/// [`crate::base::Kind::Refused`] inside or over a town, or over other files; also when the place can't be written.
pub fn install(options: &InstallOptions, git: bool) -> Result<InstallReport> {
    let mut made = Made::default();
    let result = all_steps(options, git, &mut made);
    if result.is_err() {
        made.undo();
    }
    result
}

fn all_steps(options: &InstallOptions, git: bool, made: &mut Made) -> Result<InstallReport> {
    let mut report = lay_out(options, made)?;
    let town = Town::open(&report.root)?;
    for suffix in ["", "-wal", "-shm"] {
        let mut path = town.ledger_path().into_os_string();
        path.push(suffix);
        made.note(path.into());
    }
    Desk::of(town)?;
    report.created.push(".runtime/ledger.db".into());
    if git {
        let dot_git = report.root.join(".git");
        let fresh = !dot_git.exists();
        let result = repo::init_with_commit(&report.root, "Make the town");
        if result.is_err() && fresh {
            let _ = fs::remove_dir_all(&dot_git);
        }
        result?;
        report.created.push(".git/".into());
    }
    Ok(report)
}
