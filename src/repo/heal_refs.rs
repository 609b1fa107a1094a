//! Putting the references of a shared repository right: a `HEAD` that names nothing, lines in `packed-refs` that git does not take, files of
//! references that hold no commit. What is broken is moved to `gt-broken` inside the repository, never deleted.

use std::fs;
use std::path::{Path, PathBuf};

use git2::Oid;

use super::Bare;
use super::heal::BROKEN;
use crate::base::{Result, ResultExt, Timestamp, files};

/// How many references may lead to one another.
const DEPTH: usize = 5;

impl Bare {
    /// Makes `HEAD` of the repository at `path` name a branch again, without which git does not take the directory for a repository;
    /// true when it was broken. Only looks when `dry`.
    ///
    /// # Errors
    /// When the file can't be read or written.
    pub fn heal_head(path: &Path, branch: &str, dry: bool) -> Result<bool> {
        let head = path.join("HEAD");
        let text = fs::read_to_string(&head).unwrap_or_default();
        let named = text.trim_end().strip_prefix("ref: refs/heads/").is_some_and(|name| !name.is_empty());
        // Something else altogether stands at `path` when there are no objects.
        if named || is_id(text.trim_end()) || !path.join("objects").is_dir() {
            return Ok(false);
        }
        if !dry {
            files::make_dirs(&path.join("refs"), 0o755)?;
            move_aside(path, &head, "HEAD")?;
            files::write_atomic(&head, format!("ref: refs/heads/{branch}\n").as_bytes(), 0o644)?;
        }
        Ok(true)
    }

    /// Takes the lines out of `packed-refs` that git would refuse the whole file for; how many. Only looks when `dry`.
    ///
    /// # Errors
    /// When the file can't be read or written.
    pub fn heal_packed(path: &Path, dry: bool) -> Result<usize> {
        let file = path.join("packed-refs");
        let bytes = match fs::read(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
            other => other.with_context(|| format!("read {}", file.display()))?,
        };
        let text = String::from_utf8_lossy(&bytes);
        let good: Vec<&str> = text.lines().filter(|line| is_packed(line)).collect();
        let bad = text.lines().count() - good.len();
        if bad > 0 && !dry {
            let whole: String = good.iter().flat_map(|line| [line, "\n"]).collect();
            move_aside(path, &file, "packed-refs")?;
            files::write_atomic(&file, whole.as_bytes(), 0o644)?;
        }
        Ok(bad)
    }

    /// The references whose files hold no commit and lead to none.
    ///
    /// # Errors
    /// When the repository can't be read.
    pub fn broken_refs(&self) -> Result<Vec<String>> {
        let repository = self.repository()?;
        let sound = |name: &str| -> bool {
            let mut name = name.to_owned();
            for _ in 0..DEPTH {
                let Ok(text) = fs::read_to_string(self.path.join(&name)) else {
                    // One that is packed, or was never made: a name without a commit is no harm.
                    return true;
                };
                match text.trim_end().strip_prefix("ref: ") {
                    Some(next) => next.clone_into(&mut name),
                    None => {
                        return Oid::from_str(text.trim_end()).is_ok_and(|id| {
                            is_id(text.trim_end()) && repository.odb().is_ok_and(|odb| odb.exists(id))
                        });
                    }
                }
            }
            false
        };
        let (mut broken, mut left) = (Vec::new(), vec![self.path.join("refs")]);
        while let Some(directory) = left.pop() {
            for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
                let path = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    left.push(path);
                } else if path.extension().is_none_or(|end| end != "lock")
                    && let Some(name) = path.strip_prefix(&self.path).ok().and_then(Path::to_str)
                    && !sound(name)
                {
                    broken.push(name.to_owned());
                }
            }
        }
        broken.sort();
        Ok(broken)
    }

    /// Moves the file of the broken reference `name` aside.
    ///
    /// # Errors
    /// When it can't be moved.
    pub fn put_ref_aside(&self, name: &str) -> Result<PathBuf> {
        move_aside(&self.path, &self.path.join(name), &name.replace('/', "-"))
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_packed(line: &str) -> bool {
    line.starts_with("# ")
        || line.strip_prefix('^').is_some_and(is_id)
        || line.split_once(' ').is_some_and(|(id, name)| is_id(id) && name.starts_with("refs/") && !name.contains(' '))
}

fn move_aside(repository: &Path, file: &Path, name: &str) -> Result<PathBuf> {
    let directory = repository.join(BROKEN);
    files::make_dirs(&directory, 0o755)?;
    let aside = directory.join(format!("{name}-{}", Timestamp::now().unix_nanos()));
    match fs::rename(file, &aside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("move {} aside", file.display()))
        }
        _ => Ok(aside),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_packed_references_are_told_from_others() {
        let id = "a".repeat(40);
        for good in ["# pack-refs with: peeled".to_owned(), format!("^{id}"), format!("{id} refs/heads/main")] {
            assert!(is_packed(&good), "{good}");
        }
        for bad in ["", "x", &id[..39], "\0\0\0", &format!("{id} heads/main"), &format!("{id} refs/a b")] {
            assert!(!is_packed(bad), "{bad:?}");
        }
    }
}
