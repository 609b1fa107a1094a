//! `issues.jsonl`, the durable, git-tracked form of a store: written as Go would, read with patience.

mod compare;
mod export;
#[cfg(test)]
mod fuzz;
mod import;
mod lines;
mod merge_files;
mod step;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

use super::model::Store;
use super::store::Ledger;
use crate::base::lock::Lock;
use crate::base::{Result, ResultExt};

pub use compare::{Difference, differences};
pub use export::{export_all, export_store, write_lines};
pub use import::{ImportReport, Note, check, import_file, import_store, refresh, rehearse};
pub use merge_files::{MergedFiles, merge_files};
pub use step::{bring_in_step, out_of_step, write_anew};

/// The file of a store.
pub const FILE: &str = "issues.jsonl";
/// Its name in older repositories; read when the other is missing.
const OLD_FILE: &str = "beads.jsonl";
/// Where lines that can't be read are kept, each with its number and the reason.
pub const ASIDE: &str = "issues.unreadable.jsonl";

/// What the database remembers about a store's file.
struct FileState {
    changed: i64,
    exported: i64,
    hash: String,
    stat: String,
}

fn state(conn: &Connection, store: &str) -> Result<FileState> {
    Ok(conn
        .prepare_cached("SELECT changed, exported, file_hash, file_stat FROM stores WHERE name = ?1")?
        .query_row([store], |row| {
            Ok(FileState { changed: row.get(0)?, exported: row.get(1)?, hash: row.get(2)?, stat: row.get(3)? })
        })?)
}

fn remember(conn: &Connection, store: &str, exported: i64, hash: &str, stat: &str) -> Result<()> {
    conn.prepare_cached("UPDATE stores SET exported = ?2, file_hash = ?3, file_stat = ?4 WHERE name = ?1")?
        .execute(params![store, exported, hash, stat])?;
    Ok(())
}

/// The file to read: the current name, or the older one when only that exists.
fn file_of(store: &Store) -> PathBuf {
    let file = store.beads_dir.join(FILE);
    if !file.exists() {
        let old = store.beads_dir.join(OLD_FILE);
        if old.exists() {
            return old;
        }
    }
    file
}

/// Size, time and inode of a file: what changes when anybody else writes it. Empty when it is missing.
fn stat(path: &Path) -> String {
    match std::fs::metadata(path) {
        Ok(meta) => format!("{}:{}.{}:{}", meta.len(), meta.mtime(), meta.mtime_nsec(), meta.ino()),
        Err(_) => String::new(),
    }
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Keeps exporters and importers of one store apart. The lock lies beside the database, so it is never in git.
fn lock(ledger: &Ledger, store: &str) -> Result<Lock> {
    let name: String = store.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let database = ledger.path().file_name().unwrap_or_default().to_string_lossy();
    // Named after the database, so that whatever keeps that out of git keeps this out as well.
    Lock::acquire(&ledger.path().with_file_name(format!("{database}-export-{name}.lock")))
        .with_context(|| format!("the {FILE} of {store}"))
}

/// Keeps every program of ours from writing the store's file, or reading it, until the lock is dropped.
///
/// # Errors
/// When the lock can't be taken.
pub fn hold(ledger: &Ledger, store: &str) -> Result<Lock> {
    lock(ledger, store)
}

/// Opens the database at `path`; a new or empty one gets `stores` and is filled from their files. Files that changed on disk
/// since they were last read, such as by a git pull, are read now.
///
/// # Errors
/// When the database or a file can't be read.
pub fn open_stores(path: &Path, stores: impl FnOnce() -> Result<Vec<Store>>) -> Result<(Ledger, Vec<ImportReport>)> {
    let mut ledger = Ledger::open(path)?;
    if ledger.stores()?.is_empty() {
        let stores = stores()?;
        ledger.add_stores(&stores)?;
    }
    let reports = refresh(&ledger)?;
    Ok((ledger, reports))
}

/// Writes the files of all stores that changed, unless the daemon holds its lock and does it soon.
///
/// # Errors
/// When a file can't be written.
pub fn export_if_no_daemon(ledger: &Ledger, daemon_lock: Option<&Path>) -> Result<()> {
    if daemon_lock.is_some_and(Lock::is_held) {
        return Ok(());
    }
    export_all(ledger).map(|_| ())
}
