//! The database: opening it, its stores, reading from it, and writing to it in transactions.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};

use super::blocked;
use super::filter::{self, Filter};
use super::model::{Bead, Event, Store};
use super::ready::{self, ReadyFilter};
use super::row::Links;
use super::tx::Tx;
use super::{events, ids, row, schema};
use crate::base::{Error, Result, ResultExt, files};

/// How long a writer waits for the others.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many bytes of the write-ahead log the last process to leave takes over into the database rather than leaves to the next one.
const LONG_LOG: u64 = 2 << 20;

/// One SQLite database of beads: a town's, or one alone in a repository.
#[derive(Debug)]
pub struct Ledger {
    conn: Connection,
    path: PathBuf,
}

impl Ledger {
    /// Opens the database at `path`, making it and its directory when missing.
    ///
    /// # Errors
    /// When it can't be made, read or written, is damaged, or was written by a newer program.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(directory) = path.parent().filter(|d| !d.as_os_str().is_empty() && !d.exists()) {
            files::make_dirs(directory, 0o755)?;
        }
        Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
    }

    /// Opens the database at `path`, which must exist.
    ///
    /// # Errors
    /// As [`Ledger::open`]; not found when it is missing.
    pub fn open_existing(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(Error::not_found(format!("no ledger at {}", path.display())).hint("bd init makes one"));
        }
        Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Self> {
        let what = || format!("open {}", path.display());
        let mut conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).with_context(what)?;
        conn.busy_timeout(PATIENCE).with_context(what)?;
        conn.set_prepared_statement_cache_capacity(128);
        // What is acknowledged is on disk; a read maps the file instead of copying it.
        conn.execute_batch("PRAGMA synchronous = FULL; PRAGMA mmap_size = 1073741824;").with_context(what)?;
        // A command that is alone with the database would copy the log back and delete it at its end, with three more waits for the
        // disk and a new log for the next command. It stays instead; every so often a commit copies it, so that it stays short.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).with_context(what)?;
        conn.execute_batch("PRAGMA wal_autocheckpoint = 200; PRAGMA journal_size_limit = 4194304;")
            .with_context(what)?;
        // SQLite does not wait for others while it turns on write-ahead logging, so several processes that make one database
        // at the same time take turns here.
        let mut tries = 0;
        loop {
            match schema::migrate(&mut conn) {
                Err(error) if tries < 300 && error.message().contains("locked") => {
                    tries += 1;
                    std::thread::sleep(Duration::from_millis(10));
                }
                other => break other.with_context(what)?,
            }
        }
        Ok(Self { conn, path: path.to_owned() })
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The connection, for the read models of higher floors.
    pub fn conn(&self) -> &Connection {
        &self.conn
    }

    /// Makes `beads_dir` a store of this ledger, or changes where it is and its prefix.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn add_store(&mut self, name: &str, beads_dir: &Path, prefix: &str) -> Result<()> {
        let store = Store { name: name.to_owned(), beads_dir: beads_dir.to_owned(), prefix: prefix.to_owned() };
        // Reading first keeps the usual case, in which nothing changes, from waiting for writers.
        if self.stores()?.contains(&store) {
            return Ok(());
        }
        self.add_stores(&[store])
    }

    /// Adds several stores at once, all or none.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn add_stores(&mut self, stores: &[Store]) -> Result<()> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for store in stores {
            tx.execute(
                "INSERT INTO stores(name, beads_dir, prefix) VALUES(?1, ?2, ?3) \
                 ON CONFLICT(name) DO UPDATE SET beads_dir = excluded.beads_dir, prefix = excluded.prefix",
                params![store.name, store.beads_dir.to_string_lossy(), store.prefix],
            )?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Forgets a store and its beads; their `issues.jsonl` stays as it is.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn remove_store(&mut self, name: &str) -> Result<()> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for sql in [
            "DELETE FROM labels WHERE bead IN (SELECT id FROM beads WHERE store = ?1)",
            "DELETE FROM comments WHERE bead IN (SELECT id FROM beads WHERE store = ?1)",
            "DELETE FROM deps WHERE issue IN (SELECT id FROM beads WHERE store = ?1)",
            "DELETE FROM texts WHERE n IN (SELECT n FROM beads WHERE store = ?1)",
            "DELETE FROM beads WHERE store = ?1",
            "DELETE FROM dirty WHERE store = ?1",
            "DELETE FROM stores WHERE name = ?1",
        ] {
            tx.execute(sql, [name])?;
        }
        super::graph::rebuild(&tx)?;
        tx.commit()?;
        Ok(())
    }

    /// All stores, sorted by name.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn stores(&self) -> Result<Vec<Store>> {
        let mut statement = self.conn.prepare_cached("SELECT name, beads_dir, prefix FROM stores ORDER BY name")?;
        Ok(statement.query_map([], store_from)?.collect::<rusqlite::Result<_>>()?)
    }

    /// The store with this name.
    ///
    /// # Errors
    /// Not found when there is none.
    pub fn store(&self, name: &str) -> Result<Store> {
        store_named(&self.conn, name)
    }

    /// A number that changes when another connection committed.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn data_version(&self) -> Result<i64> {
        Ok(self.conn.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
    }

    /// The place of the newest event in the history.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn change_seq(&self) -> Result<i64> {
        Ok(self.conn.prepare_cached("SELECT coalesce(max(seq), 0) FROM events")?.query_row([], |row| row.get(0))?)
    }

    /// Events after `seq`, oldest first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn events_since(&self, seq: i64, limit: usize) -> Result<Vec<Event>> {
        events::since(&self.conn, seq, limit)
    }

    /// The newest `count` events, oldest first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn recent_events(&self, count: usize) -> Result<Vec<Event>> {
        events::recent(&self.conn, count)
    }

    /// Every event about one bead, oldest first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn events_of(&self, id: &str) -> Result<Vec<Event>> {
        events::of(&self.conn, id)
    }

    /// The bead that `id`, in full or in part, names.
    ///
    /// # Errors
    /// Not found when there is none, refused when several fit.
    pub fn get(&self, id: &str) -> Result<Bead> {
        get(&self.conn, id)
    }

    /// The bead with exactly this id.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn find(&self, id: &str) -> Result<Option<Bead>> {
        row::find(&self.conn, id)
    }

    /// The full id that `partial` stands for.
    ///
    /// # Errors
    /// Not found when there is none, refused when several fit.
    pub fn resolve(&self, partial: &str) -> Result<String> {
        ids::resolve(&self.conn, partial)
    }

    /// The beads that pass `filter`, with their labels.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Bead>> {
        filter::list(&self.conn, filter, Links::Labels)
    }

    /// The beads that pass `filter`, with their labels, dependencies and comments.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn list_whole(&self, filter: &Filter) -> Result<Vec<Bead>> {
        filter::list(&self.conn, filter, Links::All)
    }

    /// How many beads pass `filter`.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn count(&self, filter: &Filter) -> Result<usize> {
        filter::count(&self.conn, filter)
    }

    /// The beads that can be worked on now, with their labels.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn ready(&self, filter: &ReadyFilter) -> Result<Vec<Bead>> {
        ready::ready(&self.conn, filter)
    }

    /// The beads that must be done before this one: its own blockers that hold now, sorted.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn blockers(&self, id: &str) -> Result<Vec<String>> {
        blocked::blockers(&self.conn, id)
    }

    /// As [`Ledger::blockers`] for each of `beads`, at little more than the cost of one when they are many.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn blockers_of(&self, beads: &[Bead]) -> Result<Vec<Vec<String>>> {
        blocked::blockers_of(&self.conn, beads)
    }

    /// How many `blocks` edges each of `beads` has: those it depends by, and those by which others depend on it.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn block_counts(&self, beads: &[Bead]) -> Result<Vec<(i64, i64)>> {
        blocked::block_counts(&self.conn, beads)
    }

    /// A value that someone kept under `key`.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn kv(&self, key: &str) -> Result<Option<String>> {
        kv(&self.conn, key)
    }

    /// Does `work` in one transaction: all of it is on disk when this returns, or none of it has happened.
    ///
    /// # Errors
    /// Those of `work`; or when the database stays locked or can't be written.
    pub fn write<T>(&mut self, actor: &str, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let transaction = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut tx = Tx::new(&transaction, actor);
        let value = work(&mut tx)?;
        tx.finish()?;
        transaction.commit()?;
        Ok(value)
    }
}

impl Drop for Ledger {
    /// Takes over a long log, as an import leaves it, if nobody is in the way: whoever opens the database alone has to read all of it.
    fn drop(&mut self) {
        let mut log = self.path.as_os_str().to_owned();
        log.push("-wal");
        if std::fs::metadata(log).is_ok_and(|meta| meta.len() > LONG_LOG) {
            // Nothing is lost when it does not work: the next one does it.
            let _ = self.conn.busy_timeout(Duration::ZERO);
            let _ = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
    }
}

pub(super) fn store_from(row: &rusqlite::Row<'_>) -> rusqlite::Result<Store> {
    Ok(Store { name: row.get(0)?, beads_dir: PathBuf::from(row.get::<_, String>(1)?), prefix: row.get(2)? })
}

pub(super) fn store_named(conn: &Connection, name: &str) -> Result<Store> {
    conn.prepare_cached("SELECT name, beads_dir, prefix FROM stores WHERE name = ?1")?
        .query_row([name], store_from)
        .optional()?
        .ok_or_else(|| Error::not_found(format!("the ledger has no store {name}")).hint("gt rig list shows the rigs"))
}

pub(super) fn get(conn: &Connection, id: &str) -> Result<Bead> {
    if let Some(bead) = row::find(conn, id)? {
        return Ok(bead);
    }
    let full = ids::resolve(conn, id)?;
    row::find(conn, &full)?.ok_or_else(|| ids::missing(conn, id))
}

pub(super) fn kv(conn: &Connection, key: &str) -> Result<Option<String>> {
    Ok(conn.prepare_cached("SELECT value FROM kv WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()?)
}
