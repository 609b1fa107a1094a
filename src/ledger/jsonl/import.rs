//! Reading `issues.jsonl` into the ledger: a merge, never a replacement. What is absent from the file is not deleted.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use rusqlite::{OptionalExtension, Transaction, TransactionBehavior};
use serde::Serialize;
use serde_json::json;

use super::super::model::{Bead, Store, dep_type};
use super::super::row::{self, Links};
use super::super::tx::{self, Tx};
use super::super::{codec, events, graph, ids, links, merge, remarks, search, store::Ledger};
use super::{ASIDE, digest, file_of, lines, lock, remember, stat, state};
use crate::base::{Error, Result, ResultExt, Timestamp, files};

/// Something to say about one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The line's number, from 1.
    pub line: usize,
    /// The bead's id; empty when there is none.
    pub id: String,
    /// What was mended, or why the line can't be read.
    pub what: String,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// The store.
    pub store: String,
    /// The file that was read.
    pub file: PathBuf,
    /// Lines that hold something.
    pub lines: usize,
    /// Beads that were not in the ledger.
    pub created: usize,
    /// Beads that changed.
    pub updated: usize,
    /// Beads that stayed as they were.
    pub unchanged: usize,
    /// Lines that contradicted themselves and were mended.
    pub repaired: Vec<Note>,
    /// Lines that can't be read.
    pub rejected: Vec<Note>,
    /// Where the lines that can't be read are kept.
    pub kept_aside: Option<PathBuf>,
    /// Beads that wait for each other now, `a -> b -> a`: nobody made that circle, but two clones did together.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub circles: Vec<String>,
}

/// From this many changed beads on, what is blocked is worked out anew rather than bead by bead.
const BULK: usize = 200;

/// Reads every store's file that changed on disk since it was last read or written. Costs one `stat` a store when none did.
///
/// # Errors
/// When a file or the database can't be read.
pub fn refresh(ledger: &Ledger) -> Result<Vec<ImportReport>> {
    let seen: Vec<(Store, String)> = {
        let mut statement =
            ledger.conn().prepare_cached("SELECT name, beads_dir, prefix, file_stat FROM stores ORDER BY name")?;
        statement
            .query_map([], |row| Ok((super::super::store::store_from(row)?, row.get(3)?)))?
            .collect::<rusqlite::Result<_>>()?
    };
    let mut reports = Vec::new();
    for (store, known) in seen {
        let now = stat(&file_of(&store));
        if now != known && !now.is_empty() {
            let _lock = lock(ledger, &store.name)?;
            reports.extend(refresh_locked(ledger, &store)?);
        }
    }
    Ok(reports)
}

/// As [`refresh`], for one store whose lock is held.
pub(super) fn refresh_locked(ledger: &Ledger, store: &Store) -> Result<Option<ImportReport>> {
    let path = file_of(store);
    let known = state(ledger.conn(), &store.name)?;
    let now = stat(&path);
    if now == known.stat || now.is_empty() {
        return Ok(None);
    }
    let bytes = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
    let hash = digest(&bytes);
    if hash == known.hash {
        // Touched, not changed. Whoever finds the database busy looks again next time.
        let _ = remember(ledger.conn(), &store.name, known.exported, &hash, &now);
        return Ok(None);
    }
    import(ledger, store, &path, &bytes, Some((&hash, &now)), true).map(Some)
}

/// Reads the store's file whether or not it changed.
///
/// # Errors
/// Not found when there is no file; failed when it or the database can't be read.
pub fn import_store(ledger: &mut Ledger, name: &str) -> Result<ImportReport> {
    let _lock = lock(ledger, name)?;
    let store = ledger.store(name)?;
    let path = file_of(&store);
    let now = stat(&path);
    if now.is_empty() {
        return Err(Error::not_found(format!("no {}", path.display())).hint("bd export writes it"));
    }
    let bytes = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
    import(ledger, &store, &path, &bytes, Some((&digest(&bytes), &now)), true)
}

/// Reads beads from some other text (of a file named `path` in messages) into the store.
///
/// # Errors
/// When the database can't be written.
pub fn import_file(ledger: &mut Ledger, name: &str, path: &Path, bytes: &[u8]) -> Result<ImportReport> {
    let _lock = lock(ledger, name)?;
    let store = ledger.store(name)?;
    import(ledger, &store, path, bytes, None, true)
}

/// What [`import_file`] would do; nothing is changed.
///
/// # Errors
/// As [`import_file`].
pub fn rehearse(ledger: &mut Ledger, name: &str, path: &Path, bytes: &[u8]) -> Result<ImportReport> {
    let store = ledger.store(name)?;
    import(ledger, &store, path, bytes, None, false)
}

/// What reading `bytes` would find, without a ledger: `created` counts the beads.
pub fn check(bytes: &[u8]) -> ImportReport {
    report_on(&lines::read(bytes, Timestamp::now()))
}

fn report_on(found: &lines::Found) -> ImportReport {
    let note = |line: &usize, id: &str, what: &str| Note { line: *line, id: id.to_owned(), what: what.to_owned() };
    ImportReport {
        lines: found.lines,
        created: found.beads.len(),
        repaired: found.repaired.iter().map(|(line, id, what)| note(line, id, what)).collect(),
        rejected: found.rejected.iter().map(|(line, why, _)| note(line, "", why)).collect(),
        ..ImportReport::default()
    }
}

/// `file` is hash and stat when the text is the store's own file; unless it is in `earnest`, all is taken back.
fn import(
    ledger: &Ledger,
    store: &Store,
    path: &Path,
    bytes: &[u8],
    file: Option<(&str, &str)>,
    earnest: bool,
) -> Result<ImportReport> {
    let now = Timestamp::now();
    let found = lines::read(bytes, now);
    let mut report = ImportReport { store: store.name.clone(), file: path.to_owned(), created: 0, ..report_on(&found) };
    // Before the ledger takes the file over: a later export no longer has these lines.
    if earnest {
        report.kept_aside = keep_aside(store, path, &found.rejected, now)?;
    }

    let transaction = Transaction::new_unchecked(ledger.conn(), TransactionBehavior::Immediate)?;
    let conn: &rusqlite::Connection = &transaction;
    let mut existing = Existing::load(conn, found.beads.len())?;
    let mut changed: Vec<(Option<Bead>, Bead)> = Vec::new();
    // Such a file is to be written anew as a whole.
    let mended = found.conflict || !found.rejected.is_empty() || !found.repaired.is_empty();
    let mut to_write = mended;
    let ids: BTreeSet<String> = found.beads.keys().cloned().collect();
    for (id, mut theirs) in found.beads {
        theirs.store.clone_from(&store.name);
        let Some(ours) = existing.take(conn, &id)? else {
            tx::insert(conn, &theirs)?;
            for dep in &theirs.dependencies {
                links::put_dep(conn, dep)?;
            }
            for comment in &theirs.comments {
                remarks::put(conn, comment)?;
            }
            ids::note(conn, &id)?;
            if file.is_none() && !theirs.ephemeral {
                tx::mark_dirty(conn, &id, &store.name, None)?;
                to_write = true;
            }
            report.created += 1;
            changed.push((None, theirs));
            continue;
        };
        let pending = dirty(conn, &id)?;
        let merged = merged(pending.as_ref(), &ours, &theirs)?;
        let same = codec::to_map(&merged, codec::Parts::ALL) == codec::to_map(&ours, codec::Parts::ALL);
        if same {
            report.unchanged += 1;
        } else {
            replace(conn, &ours, &merged)?;
            events::append(
                conn,
                now,
                "imported",
                "import",
                Some(&id),
                &json!({"before": codec::to_map(&ours, codec::Parts::BARE), "after": codec::to_map(&merged, codec::Parts::BARE)}),
            )?;
            report.updated += 1;
        }
        let shown = shown(&merged, &theirs);
        if shown && file.is_some() {
            conn.prepare_cached("DELETE FROM dirty WHERE bead = ?1")?.execute([&id])?;
        } else if !shown || !same {
            let base = String::from_utf8(codec::to_line(if file.is_some() { &theirs } else { &ours })?).ok();
            tx::mark_dirty(conn, &id, &ours.store, base.as_deref())?;
            to_write = true;
        }
        if !same {
            changed.push((Some(ours), merged));
        }
    }
    if file.is_some() {
        to_write |= mark_absent(conn, &store.name, &ids)?;
    }
    to_write |= settle(conn, &changed)?;
    report.circles = circles(conn, &changed)?;
    if changed.len() >= BULK {
        search::index(conn, usize::MAX)?;
    }
    events::append(
        conn,
        now,
        "import",
        "import",
        None,
        &json!({"store": store.name, "created": report.created, "updated": report.updated, "rejected": report.rejected.len()}),
    )?;
    if to_write {
        conn.execute("UPDATE stores SET changed = changed + 1 WHERE name = ?1", [&store.name])?;
    }
    if let Some((hash, stat)) = file {
        let known = state(conn, &store.name)?;
        let pending: bool =
            conn.query_row("SELECT EXISTS(SELECT 1 FROM dirty WHERE store = ?1)", [&store.name], |row| row.get(0))?;
        let exported = if to_write || pending { known.changed - 1 } else { known.changed };
        remember(conn, &store.name, exported, if mended { "" } else { hash }, stat)?;
    }
    if earnest {
        transaction.commit()?;
    }
    Ok(report)
}

/// The beads of the ledger, all at once when the file is large.
enum Existing {
    All(HashMap<String, Bead>),
    OneByOne,
}

impl Existing {
    fn load(conn: &rusqlite::Connection, wanted: usize) -> Result<Self> {
        if wanted < BULK {
            return Ok(Self::OneByOne);
        }
        let beads = row::select(conn, "", &[], Links::All)?;
        Ok(Self::All(beads.into_iter().map(|bead| (bead.id.clone(), bead)).collect()))
    }

    fn take(&mut self, conn: &rusqlite::Connection, id: &str) -> Result<Option<Bead>> {
        match self {
            Self::All(beads) => Ok(beads.remove(id)),
            Self::OneByOne => row::find(conn, id),
        }
    }
}

/// The bead's line when its store's file was last written, for a bead that changed since: `Some(None)` when it had none.
fn dirty(conn: &rusqlite::Connection, id: &str) -> Result<Option<Option<Bead>>> {
    let base: Option<Option<String>> =
        conn.prepare_cached("SELECT base FROM dirty WHERE bead = ?1")?.query_row([id], |row| row.get(0)).optional()?;
    Ok(base.map(|line| match serde_json::from_str(&line?).ok()? {
        serde_json::Value::Object(map) => codec::from_map(map, Timestamp::now(), &mut Vec::new()).ok(),
        _ => None,
    }))
}

fn merged(pending: Option<&Option<Bead>>, ours: &Bead, theirs: &Bead) -> Result<Bead> {
    match pending {
        // Nothing changed here since the file was written: the file's version is the newer one, unless it is older than ours,
        // as after the checkout of an older commit. What is deleted stays deleted.
        None if theirs.updated_at < ours.updated_at || ours.status == super::super::Status::Tombstone => {
            let mut bead = ours.clone();
            let united = merge::merge(None, ours, theirs)?;
            remarks::set_marks(&mut bead, remarks::marks(&united).into_iter().collect());
            bead.comments = united.comments;
            Ok(bead)
        }
        None => merge::merge(Some(ours), ours, theirs),
        Some(base) => merge::merge(base.as_ref(), ours, theirs),
    }
}

/// Whether the file's line says what the ledger says; the numbers of comments differ between clones.
pub(super) fn shown(ours: &Bead, theirs: &Bead) -> bool {
    let plain = |bead: &Bead| {
        let mut bead = bead.clone();
        bead.comments.iter_mut().for_each(|comment| comment.id = 0);
        codec::sort_links(&mut bead);
        codec::to_map(&bead, codec::Parts::ALL)
    };
    plain(ours) == plain(theirs)
}

/// Writes `after` over `before`, links included.
fn replace(conn: &rusqlite::Connection, before: &Bead, after: &Bead) -> Result<()> {
    tx::write(conn, after)?;
    for label in before.labels.iter().filter(|label| !after.labels.contains(label)) {
        conn.prepare_cached("DELETE FROM labels WHERE bead = ?1 AND label = ?2")?.execute([&after.id, label])?;
    }
    for label in &after.labels {
        tx::put_label(conn, &after.id, label)?;
    }
    for dep in before.dependencies.iter().filter(|dep| !after.dependencies.contains(dep)) {
        conn.prepare_cached("DELETE FROM deps WHERE issue = ?1 AND depends_on = ?2 AND type = ?3")?.execute([
            &dep.issue_id,
            &dep.depends_on_id,
            &dep.dep_type,
        ])?;
    }
    for dep in &after.dependencies {
        links::put_dep(conn, dep)?;
    }
    let stay: BTreeSet<_> = after.comments.iter().map(merge::comment_key).collect();
    for gone in before.comments.iter().filter(|comment| !stay.contains(&merge::comment_key(comment))) {
        conn.prepare_cached("DELETE FROM comments WHERE id = ?1 AND bead = ?2")?
            .execute(rusqlite::params![gone.id, after.id])?;
    }
    let known: BTreeSet<_> = before.comments.iter().map(merge::comment_key).collect();
    for comment in after.comments.iter().filter(|comment| !known.contains(&merge::comment_key(comment))) {
        remarks::put(conn, comment)?;
    }
    Ok(())
}

/// Beads of the store that its file lacks stay, and go back into it.
fn mark_absent(conn: &rusqlite::Connection, store: &str, ids: &BTreeSet<String>) -> Result<bool> {
    let all: Vec<String> = {
        let mut statement = conn.prepare("SELECT id FROM beads WHERE store = ?1 AND ephemeral = 0")?;
        statement.query_map([store], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?
    };
    let mut any = false;
    for id in all.iter().filter(|id| !ids.contains(*id)) {
        tx::mark_dirty(conn, id, store, None)?;
        any = true;
    }
    Ok(any)
}

/// Brings up to date what follows from the changed beads: edges, what is blocked, convoys that land.
fn settle(conn: &rusqlite::Connection, changed: &[(Option<Bead>, Bead)]) -> Result<bool> {
    if changed.is_empty() {
        return Ok(false);
    }
    let mut tx = Tx::new(conn, "import");
    if changed.len() >= BULK {
        graph::rebuild(conn)?;
    } else {
        for (before, after) in changed {
            let old = before.iter().flat_map(|bead| &bead.dependencies);
            for dep in old.chain(&after.dependencies) {
                graph::edge_changed(conn, &dep.issue_id, &dep.depends_on_id, &dep.dep_type, &mut tx.effects)?;
            }
            graph::status_changed(conn, &after.id, &mut tx.effects)?;
        }
    }
    let mut statement = conn.prepare_cached(
        "SELECT id FROM beads b WHERE issue_type = 'convoy' AND status NOT IN ('closed', 'tombstone') \
         AND NOT EXISTS(SELECT 1 FROM deps d WHERE d.issue = b.id AND d.type = 'tracks' AND d.active = 1)",
    )?;
    tx.effects.trackers = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    tx.land_convoys()?;
    let landed = !tx.effects.trackers.is_empty();
    tx.finish()?;
    Ok(landed)
}

/// The circles that new edges close. After the import of many beads that is the doctor's to find.
fn circles(conn: &rusqlite::Connection, changed: &[(Option<Bead>, Bead)]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut known: BTreeSet<BTreeSet<String>> = BTreeSet::new();
    for (before, after) in changed.iter().filter(|_| changed.len() < BULK) {
        let old = before.as_ref().map(|bead| bead.dependencies.as_slice()).unwrap_or_default();
        for dep in after.dependencies.iter().filter(|dep| !old.contains(dep)) {
            if dep_type::HOLDING.contains(&dep.dep_type.as_str())
                && let Some(path) = graph::reaches(conn, &dep.depends_on_id, &after.id)?
                && known.insert(path.iter().cloned().collect())
            {
                found.push(format!("{} -> {}", after.id, path.join(" -> ")));
            }
        }
    }
    Ok(found)
}

/// Appends lines that can't be read to the file beside `issues.jsonl`, each once.
fn keep_aside(
    store: &Store,
    from: &Path,
    rejected: &[(usize, String, String)],
    now: Timestamp,
) -> Result<Option<PathBuf>> {
    if rejected.is_empty() {
        return Ok(None);
    }
    let path = store.beads_dir.join(ASIDE);
    let mut text = files::read_optional(&path)?.unwrap_or_default();
    let known: BTreeSet<String> = text
        .lines()
        .filter_map(|line| {
            Some(serde_json::from_str::<serde_json::Value>(line).ok()?.get("text")?.as_str()?.to_owned())
        })
        .collect();
    let name = from.file_name().map(|name| name.to_string_lossy().into_owned());
    for (number, why, line) in rejected.iter().filter(|(.., line)| !known.contains(line)) {
        let entry = json!({"file": name, "line": number, "why": why, "at": now.to_string(), "text": line});
        text.push_str(&entry.to_string());
        text.push('\n');
    }
    files::make_dirs(&store.beads_dir, 0o755)?;
    files::write_atomic(&path, text.as_bytes(), 0o644)?;
    Ok(Some(path))
}
