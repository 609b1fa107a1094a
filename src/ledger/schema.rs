//! The tables of the database, those of higher floors included, and how an older database becomes a current one.

use rusqlite::Connection;

use crate::base::{Error, Result, ResultExt, Timestamp};

/// Each entry brings a database from the version of its index to the next.
const MIGRATIONS: [&str; 2] = [
    r"
CREATE TABLE stores (
    name TEXT PRIMARY KEY,
    beads_dir TEXT NOT NULL,
    prefix TEXT NOT NULL,
    changed INTEGER NOT NULL DEFAULT 0,   -- counts transactions that touched a bead of this store
    exported INTEGER NOT NULL DEFAULT 0,  -- the value of `changed` that the file shows
    file_hash TEXT NOT NULL DEFAULT '',   -- of the file as last written or read
    file_stat TEXT NOT NULL DEFAULT ''    -- size, time and inode of that file
) WITHOUT ROWID;

-- What lists and filters look at; the long texts are in `texts`, so that this table stays small.
CREATE TABLE beads (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    store TEXT NOT NULL,
    title TEXT NOT NULL,
    status TEXT NOT NULL,
    priority INTEGER NOT NULL,
    issue_type TEXT NOT NULL,
    assignee TEXT NOT NULL DEFAULT '',
    owner TEXT NOT NULL DEFAULT '',
    created_by TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    closed_at TEXT,
    defer_until TEXT,
    due_at TEXT,
    created_ns INTEGER NOT NULL,
    updated_ns INTEGER NOT NULL,
    closed_ns INTEGER,
    defer_ns INTEGER,
    due_ns INTEGER,
    ephemeral INTEGER NOT NULL DEFAULT 0,
    pinned INTEGER NOT NULL DEFAULT 0,
    is_template INTEGER NOT NULL DEFAULT 0,
    blocked INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE texts (
    n INTEGER PRIMARY KEY,
    description TEXT NOT NULL DEFAULT '',
    design TEXT NOT NULL DEFAULT '',
    acceptance_criteria TEXT NOT NULL DEFAULT '',
    notes TEXT NOT NULL DEFAULT '',
    close_reason TEXT NOT NULL DEFAULT '',
    more TEXT NOT NULL DEFAULT ''         -- JSON object of every other key; empty when there is none
);
-- The trailing columns answer a question's other conditions from the index alone.
CREATE INDEX beads_ready ON beads(priority, created_ns, issue_type, defer_ns)
    WHERE status IN ('open', 'in_progress') AND blocked = 0 AND ephemeral = 0 AND pinned = 0;
CREATE INDEX beads_ready_age ON beads(created_ns, priority, issue_type, defer_ns)
    WHERE status IN ('open', 'in_progress') AND blocked = 0 AND ephemeral = 0 AND pinned = 0;
CREATE INDEX beads_live ON beads(priority, created_ns DESC) WHERE status NOT IN ('closed', 'tombstone');
CREATE INDEX beads_order ON beads(priority, created_ns DESC);
CREATE INDEX beads_status ON beads(status, ephemeral, pinned, blocked, created_ns, closed_ns);
CREATE INDEX beads_assignee ON beads(assignee, status) WHERE assignee <> '';
CREATE INDEX beads_type ON beads(issue_type, status) WHERE issue_type NOT IN ('task', 'bug', 'feature', 'chore');

CREATE TABLE labels (
    bead TEXT NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (bead, label)
) WITHOUT ROWID;
CREATE INDEX labels_label ON labels(label, bead);

-- `active` says whether the edge holds now: a blocker that is not done, a child or a convoy's member that is not done,
-- a wait that is not over. It is kept with every change, so that no question has to walk the graph.
CREATE TABLE deps (
    issue TEXT NOT NULL,
    depends_on TEXT NOT NULL,
    type TEXT NOT NULL,
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL DEFAULT '',
    metadata TEXT NOT NULL DEFAULT '',
    thread_id TEXT NOT NULL DEFAULT '',
    extra TEXT NOT NULL DEFAULT '',
    spawner TEXT,                         -- of a waits-for: the bead whose children are waited for
    active INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (issue, depends_on, type)
) WITHOUT ROWID;
CREATE INDEX deps_on ON deps(depends_on, type, active);
CREATE INDEX deps_active ON deps(issue, type) WHERE active = 1;
CREATE INDEX deps_spawner ON deps(spawner) WHERE spawner IS NOT NULL;

CREATE TABLE comments (
    id INTEGER PRIMARY KEY,
    bead TEXT NOT NULL,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at TEXT NOT NULL,
    extra TEXT NOT NULL DEFAULT ''
);
CREATE INDEX comments_bead ON comments(bead);

CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    ts TEXT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    bead TEXT,
    payload TEXT NOT NULL
);
CREATE INDEX events_bead ON events(bead, seq) WHERE bead IS NOT NULL;

-- Beads that changed since their store's file was written, each with its line of then (NULL: it was not in the file).
CREATE TABLE dirty (
    bead TEXT PRIMARY KEY,
    store TEXT NOT NULL,
    touched INTEGER NOT NULL,             -- the value of the store's `changed` that the last change belongs to
    base TEXT
) WITHOUT ROWID;
CREATE INDEX dirty_store ON dirty(store);

CREATE TABLE prefixes (prefix TEXT PRIMARY KEY, ids INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE child_counters (parent TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE kv (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- The tables of the way of work (floor 3), in the same database so that one transaction holds both.
CREATE TABLE assignments (
    bead TEXT PRIMARY KEY,
    agent TEXT NOT NULL DEFAULT '',
    rig TEXT NOT NULL DEFAULT '',
    hook TEXT NOT NULL DEFAULT '',        -- the worktree's path
    branch TEXT NOT NULL DEFAULT '',
    base TEXT NOT NULL DEFAULT '',
    preset TEXT NOT NULL DEFAULT '',
    session TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,                  -- queued, spawning, active, done, failed, released
    attempts INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER NOT NULL DEFAULT 0,
    convoy TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX assignments_state ON assignments(state);
CREATE INDEX assignments_agent ON assignments(agent);
CREATE TABLE hooks (
    agent TEXT PRIMARY KEY,
    rig TEXT NOT NULL DEFAULT '',
    worktree TEXT NOT NULL DEFAULT '',
    branch TEXT NOT NULL DEFAULT '',
    base TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,                  -- created, active, suspended, completed, archived
    bead TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE merge_requests (
    id TEXT PRIMARY KEY,                  -- the bead's id
    rig TEXT NOT NULL,
    branch TEXT NOT NULL,
    target TEXT NOT NULL,
    source TEXT NOT NULL DEFAULT '',
    worker TEXT NOT NULL DEFAULT '',
    head TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,                  -- ready, claimed, rebased, gating, pushing, merged, conflict, failed, rejected, waiting
    step_json TEXT NOT NULL DEFAULT '',
    merge_commit TEXT NOT NULL DEFAULT '',
    retries INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    log TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX merge_requests_state ON merge_requests(state);
CREATE INDEX merge_requests_source ON merge_requests(source);
CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    op TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL,
    data TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX journal_state ON journal(state);
",
    r"
-- Which beads have which three characters in a row, for searches; and the beads that changed since they were taken into it.
CREATE VIRTUAL TABLE pieces USING fts5(body, content='', contentless_delete=1, detail=none, tokenize='trigram');
CREATE TABLE unindexed (n INTEGER PRIMARY KEY);
INSERT INTO unindexed SELECT n FROM texts;
CREATE TRIGGER texts_made AFTER INSERT ON texts BEGIN
    INSERT OR IGNORE INTO unindexed VALUES(new.n);
END;
CREATE TRIGGER texts_changed AFTER UPDATE OF description ON texts WHEN old.description IS NOT new.description BEGIN
    INSERT OR IGNORE INTO unindexed VALUES(new.n);
END;
CREATE TRIGGER title_changed AFTER UPDATE OF title ON beads WHEN old.title IS NOT new.title BEGIN
    INSERT OR IGNORE INTO unindexed VALUES(new.n);
END;
CREATE TRIGGER texts_gone AFTER DELETE ON texts BEGIN
    DELETE FROM unindexed WHERE n = old.n;
    DELETE FROM pieces WHERE rowid = old.n;
END;
",
];

/// The version this program writes.
const CURRENT: usize = MIGRATIONS.len();

fn version(conn: &Connection) -> Result<usize> {
    let version: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    usize::try_from(version).map_err(|_| Error::failed("not a ledger: its version is negative"))
}

/// Brings the database to the current version; one PRAGMA when it is there already.
///
/// # Errors
/// When the database was written by a newer version, or can't be written.
pub fn migrate(conn: &mut Connection) -> Result<()> {
    let found = version(conn)?;
    if found == CURRENT {
        return Ok(());
    }
    if found > CURRENT {
        return Err(Error::refused(format!("the ledger has version {found}, this program knows {CURRENT}"))
            .hint("use the newer gt and bd that wrote it"));
    }
    // Write-ahead logging is a property of the file, so it is set only here.
    conn.pragma_update(None, "journal_mode", "WAL").context("turn on write-ahead logging")?;
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    for (index, sql) in MIGRATIONS.iter().enumerate().skip(version(&tx)?) {
        tx.execute_batch(sql).with_context(|| format!("bring the ledger to version {}", index + 1))?;
    }
    tx.pragma_update(None, "user_version", i64::try_from(CURRENT).unwrap_or(i64::MAX))?;
    tx.execute("INSERT OR IGNORE INTO kv(key, value) VALUES('ledger.created_at', ?1)", [Timestamp::now().to_string()])?;
    tx.commit()?;
    Ok(())
}
