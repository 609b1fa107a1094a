//! Making a town: its directories, its ledger and, where wanted, its git repository.

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
    if report.created.iter().any(|name| name == ".runtime/") {
        made.whole(town.runtime_dir());
    }
    Desk::of(town)?;
    report.created.push(".runtime/ledger.db".into());
    if git {
        let dot_git = report.root.join(".git");
        if !dot_git.exists() {
            made.whole(dot_git);
        }
        let patterns = [".beads/issues.jsonl".to_owned(), "*/.beads/issues.jsonl".to_owned()];
        let attributes = report.root.join(".gitattributes");
        if !made.file(&attributes, || repo::add_attributes(&attributes, &patterns).map(drop))? {
            repo::add_attributes(&attributes, &patterns)?;
        }
        repo::init_with_commit(&report.root, "Make the town")?;
        repo::set_merge_driver(&report.root, &super::sync::bd_program())?;
        report.created.push(".gitattributes".into());
        report.created.push(".git/".into());
    }
    Ok(report)
}
