//! Telling git to let `bd merge` unite the versions of `issues.jsonl`.

use std::path::Path;

use super::command::Git;
use crate::base::{Result, ResultExt, files};

/// The attribute that names the driver.
const ATTRIBUTE: &str = "merge=beads";

/// Sets `merge.beads.driver` in the local configuration of the repository around `directory` to `program`, a `bd`.
///
/// # Errors
/// When git refuses, as outside of a repository.
pub fn set_merge_driver(directory: &Path, program: &Path) -> Result<()> {
    let command = format!("{} merge %A %O %A %B", crate::base::text::shell_word(&program.to_string_lossy()));
    for (key, value) in [("merge.beads.name", "issues.jsonl, field by field"), ("merge.beads.driver", &command)] {
        let known = Git::at(directory).args(["config", "--local", "--get", key]).output()?;
        if known.success && String::from_utf8_lossy(&known.stdout).trim_end() == value {
            continue;
        }
        Git::at(directory)
            .args(["config", "--local", key, value])
            .run()
            .with_context(|| format!("the merge driver in {}", directory.display()))?;
    }
    Ok(())
}

/// The patterns of `wanted` that the attributes file `path` lacks are added to it; `true` when there were any.
///
/// # Errors
/// When the file can't be read or written.
pub fn add_attributes(path: &Path, wanted: &[String]) -> Result<bool> {
    let mut text = files::read_optional(path)?.unwrap_or_default();
    let has = |text: &str, pattern: &str| {
        text.lines().any(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some(pattern) && words.any(|word| word.starts_with("merge="))
        })
    };
    let before = text.len();
    for pattern in wanted {
        if has(&text, pattern) {
            continue;
        }
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&format!("{pattern} {ATTRIBUTE}\n"));
    }
    if text.len() == before {
        return Ok(false);
    }
    if let Some(directory) = path.parent() {
        files::make_dirs(directory, 0o755)?;
    }
    files::write_atomic(path, text.as_bytes(), 0o644)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_added_once_and_others_stay() -> Result<()> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join(".gitattributes");
        std::fs::write(&path, "*.png binary")?;
        let wanted = [".beads/issues.jsonl".to_owned()];
        assert!(add_attributes(&path, &wanted)?);
        assert!(!add_attributes(&path, &wanted)?);
        assert_eq!(std::fs::read_to_string(&path)?, "*.png binary\n.beads/issues.jsonl merge=beads\n");
        Ok(())
    }
}
