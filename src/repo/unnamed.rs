//! Commits that have no name yet. A snapshot's commit is written first and gets its reference then; between the two the disk may fill
//! up or the process be killed, and the worktree it was taken of may be gone before the next one is taken. So a note is made before the
//! commit is: whoever finds it later gives the commit its name.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use git2::{Commit, ErrorCode, ObjectType, Oid, Repository, Signature};

use super::Bare;
use super::remove::is_named;
use super::snapshot::{SNAPSHOT_REFS, list, slug};
use crate::base::{Error, Result, ResultExt, files};

/// Where the notes lie inside the repository: empty files, each called like its commit, so that none can be half written.
const NOTES: &str = "gt-unnamed";

/// For how long a note may stand whose commit is not there: its author may be about to write it.
const PATIENCE: Duration = Duration::from_secs(3600);

/// How many numbers others may have taken meanwhile.
const MOST_TAKEN: u64 = 1000;

/// How often, a millisecond apart, a name is tried that another process has locked.
const LOCKED: usize = 500;

/// A commit that is to be written.
pub(super) struct Unnamed {
    pub id: Oid,
    bytes: Vec<u8>,
}

impl Unnamed {
    /// The commit as it will be; nothing is written yet.
    pub fn new(
        repository: &Repository,
        author: &Signature<'_>,
        message: &str,
        tree: Oid,
        parents: &[Oid],
    ) -> Result<Self> {
        let tree = repository.find_tree(tree)?;
        let parents = parents.iter().map(|id| repository.find_commit(*id)).collect::<Result<Vec<_>, _>>()?;
        let parents: Vec<_> = parents.iter().collect();
        let bytes = repository.commit_create_buffer(author, author, message, &tree, &parents)?.to_vec();
        Ok(Self { id: Oid::hash_object(ObjectType::Commit, &bytes)?, bytes })
    }

    /// Writes it, after the note that it has no name.
    pub fn write(&self, repository: &Repository) -> Result<()> {
        files::make_dirs(&notes(repository), 0o755)?;
        let note = self.note(repository);
        fs::write(&note, "").with_context(|| format!("write {}", note.display()))?;
        let id = repository.odb()?.write(ObjectType::Commit, &self.bytes)?;
        if id == self.id { Ok(()) } else { Err(Error::failed(format!("{id} was written in the place of {}", self.id))) }
    }

    /// Takes the note away: a reference leads to it now.
    pub fn is_named(&self, repository: &Repository) -> Result<()> {
        remove(&self.note(repository))
    }

    fn note(&self, repository: &Repository) -> PathBuf {
        notes(repository).join(self.id.to_string())
    }
}

fn notes(repository: &Repository) -> PathBuf {
    repository.commondir().join(NOTES)
}

/// Gives the commit the first free number from `number` on in `directory`.
pub(super) fn name(repository: &Repository, directory: &str, number: u64, id: Oid, why: &str) -> Result<()> {
    for number in number..number.saturating_add(MOST_TAKEN) {
        let name = format!("{directory}/{number}");
        let mut tried = repository.reference(&name, id, false, why);
        // Who holds it may be giving this very commit that name; a lock that stays is a dead one's.
        for _ in 0..LOCKED {
            if !tried.as_ref().is_err_and(|error| error.code() == ErrorCode::Locked) {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
            tried = repository.reference(&name, id, false, why);
        }
        match tried {
            Ok(_) => return Ok(()),
            // Another process has made a snapshot of the same agent meanwhile, or has found our note.
            Err(error) if matches!(error.code(), ErrorCode::Exists | ErrorCode::Locked) => {
                if repository.refname_to_id(&name).is_ok_and(|there| there == id) {
                    return Ok(());
                }
            }
            Err(error) => return Err(error).context("snapshot"),
        }
    }
    Err(Error::failed(format!("snapshot: no number from {number} on is free under {directory}")))
}

/// The notes whose commits are there, with these.
fn noted(repository: &Repository) -> Result<Vec<(PathBuf, Commit<'_>)>> {
    let directory = notes(repository);
    let entries = match fs::read_dir(&directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.with_context(|| format!("read {}", directory.display()))?,
    };
    let mut commits = Vec::new();
    for entry in entries {
        let note = entry.with_context(|| format!("read {}", directory.display()))?.path();
        let id = note.file_name().and_then(|name| name.to_str()).and_then(|name| Oid::from_str(name).ok());
        match id.and_then(|id| repository.find_commit(id).ok()) {
            Some(commit) => commits.push((note, commit)),
            None if is_old(&note) => remove(&note)?,
            None => {}
        }
    }
    // The snapshot comes before what was staged in it, to which it leads.
    commits.sort_by_key(|(_, commit)| std::cmp::Reverse(commit.parent_count()));
    Ok(commits)
}

/// Names every commit that a note stands for, as the next snapshot of its author.
pub(super) fn name_all(repository: &Repository) -> Result<usize> {
    let mut named = 0;
    for (note, commit) in noted(repository)? {
        if !is_named(repository, commit.id())? {
            let author = commit.author();
            let directory = format!("{SNAPSHOT_REFS}/{}", slug(author.name().unwrap_or_default()));
            let there = list(repository, &directory)?;
            // Its author may have named it since: this list tells, or the next number is the very one it takes.
            let id = commit.id().to_string();
            if !there.iter().any(|snapshot| snapshot.id == id) {
                let next = there.last().map_or(1, |last| last.number + 1);
                name(repository, &directory, next, commit.id(), "named late")?;
                named += 1;
            }
        }
        remove(&note)?;
    }
    Ok(named)
}

/// Removes a note; another process may have done so.
fn remove(note: &Path) -> Result<()> {
    match fs::remove_file(note) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", note.display()))
        }
        _ => Ok(()),
    }
}

fn is_old(note: &Path) -> bool {
    let modified = note.metadata().and_then(|meta| meta.modified()).ok();
    modified.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > PATIENCE)
}

impl Bare {
    /// How many snapshots wait for their references.
    ///
    /// # Errors
    /// When the repository can't be read.
    pub fn unnamed(&self) -> Result<usize> {
        Ok(noted(&self.repository()?)?.len())
    }

    /// Gives snapshots their references whose authors could not: there was no room, or they were killed. How many.
    ///
    /// # Errors
    /// When the repository can't be read or written.
    pub fn name_unnamed(&self) -> Result<usize> {
        name_all(&self.repository()?)
    }
}
