//! Files that are either wholly written or not at all.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, Result, ResultExt};

/// Replaces `path` with `bytes` atomically: temporary file in the same directory, fsync, rename, fsync of the directory.
///
/// # Errors
/// When the directory is missing or not writable or the disk is full; the old file is then untouched.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let what = || format!("write {}", path.display());
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".tmp-").tempfile_in(directory).with_context(what)?;
    file.write_all(bytes).with_context(what)?;
    file.as_file().set_permissions(fs::Permissions::from_mode(mode)).with_context(what)?;
    file.as_file().sync_all().with_context(what)?;
    file.persist(path).map_err(|error| error.error).with_context(what)?;
    fs::File::open(directory).and_then(|d| d.sync_all()).with_context(what)
}

/// Reads `path`; `None` when it does not exist.
///
/// # Errors
/// When it exists and can't be read.
pub fn read_optional(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("read {}", path.display())),
    }
}

/// Reads a JSON file; `None` when it does not exist.
///
/// # Errors
/// When it can't be read or isn't the JSON expected; the message names file, line and column.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let Some(text) = read_optional(path)? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        Error::failed(format!("{}:{}:{}: {error}", path.display(), error.line(), error.column()))
            .hint("mend the file by hand, or move it aside to start from defaults")
    })
}

/// Writes `value` as indented JSON, atomically.
///
/// # Errors
/// As [`write_atomic`].
pub fn write_json(path: &Path, value: &impl Serialize, mode: u32) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    write_atomic(path, &text, mode)
}

/// Makes a directory and its parents; new ones get `mode`.
///
/// # Errors
/// When the path can't be made; names it.
pub fn make_dirs(path: &Path, mode: u32) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(mode).create(path).map_err(|error| {
        Error::failed(format!("make directory {}: {error}", path.display()))
            .hint("check that the parent directory exists and is writable")
    })
}

/// Appends one line to `path` (made with `mode` when missing) in a single write, so that lines of several processes never mix.
///
/// # Errors
/// When the file can't be opened or written.
pub fn append_line(path: &Path, line: &str, mode: u32) -> Result<()> {
    let what = || format!("append to {}", path.display());
    let mut file = fs::OpenOptions::new().create(true).append(true).mode(mode).open(path).with_context(what)?;
    file.write_all(format!("{line}\n").as_bytes()).with_context(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_the_file_and_leaves_no_temporary_one() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("a.json");
        write_json(&path, &[1, 2], 0o600)?;
        write_json(&path, &[3], 0o600)?;
        assert_eq!(read_json::<Vec<i32>>(&path)?, Some(vec![3]));
        assert_eq!(fs::read_dir(dir.path())?.count(), 1);
        assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
        Ok(())
    }

    #[test]
    fn broken_json_names_file_and_line() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("a.json");
        fs::write(&path, "{\n  \"a\": ,\n}")?;
        let error = read_json::<serde_json::Value>(&path).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("a.json:2:"), "{error}");
        Ok(())
    }
}
