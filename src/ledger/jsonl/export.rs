//! Writing `issues.jsonl`: sorted by id, atomic, only what changed is encoded anew, and not at all when nothing changed.

use std::collections::BTreeMap;
use std::io::Write;

use rusqlite::{Transaction, TransactionBehavior, params};

use super::super::model::Bead;
use super::super::row::{self, Links};
use super::super::{codec, search, store::Ledger};
use super::{FILE, digest, lock, remember, stat, state};
use crate::base::{Result, files};

/// Writes the files of all stores that changed; returns the names of those written.
///
/// # Errors
/// When a file can't be written; the stores before it are written then.
pub fn export_all(ledger: &Ledger) -> Result<Vec<String>> {
    let names: Vec<String> = {
        let mut statement =
            ledger.conn().prepare_cached("SELECT name FROM stores WHERE changed <> exported ORDER BY name")?;
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?
    };
    let mut written = Vec::new();
    for name in names {
        if export_store(ledger, &name)? {
            written.push(name);
        }
    }
    Ok(written)
}

/// Writes the store's file when the ledger holds changes it does not show; `false` when there was nothing to write. What somebody
/// else changed in the file meanwhile is read first.
///
/// # Errors
/// When the file can't be written; the old one is then untouched.
pub fn export_store(ledger: &Ledger, name: &str) -> Result<bool> {
    let _lock = lock(ledger, name)?;
    let store = ledger.store(name)?;
    super::import::refresh_locked(ledger, &store)?;
    let path = store.beads_dir.join(FILE);

    // One snapshot for everything that goes into the file; writers go on meanwhile.
    let snapshot = Transaction::new_unchecked(ledger.conn(), TransactionBehavior::Deferred)?;
    let before = state(&snapshot, name)?;
    let present = path.exists();
    if before.changed == before.exported && present {
        return Ok(false);
    }
    let dirty: Vec<String> = {
        let mut statement = snapshot.prepare_cached("SELECT bead FROM dirty WHERE store = ?1")?;
        statement.query_map([name], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?
    };
    let mut fresh: BTreeMap<String, Option<Vec<u8>>> = BTreeMap::new();
    let old = if present && !before.hash.is_empty() && stat(&path) == before.stat {
        std::fs::read(&path)?
    } else {
        Vec::new()
    };
    let mut text = None;
    if !old.is_empty() && dirty.len() <= 2_000 {
        for id in &dirty {
            let bead = row::find(&snapshot, id)?.filter(|bead| !bead.ephemeral && bead.store == name);
            fresh.insert(id.clone(), bead.map(|bead| codec::to_line(&bead)).transpose()?);
        }
        text = splice(&old, &fresh);
    }
    let text = match text {
        Some(text) => text,
        None => {
            let mut out = Vec::new();
            let beads =
                row::select(&snapshot, "WHERE b.store = ?1 AND b.ephemeral = 0 ORDER BY b.id", &[&name], Links::All)?;
            for id in &dirty {
                fresh.insert(id.clone(), None);
            }
            for bead in &beads {
                let start = out.len();
                codec::go_json(&codec::to_map(bead, codec::Parts::ALL), &mut out)?;
                if let Some(line) = fresh.get_mut(&bead.id) {
                    *line = Some(out[start..].to_vec());
                }
                out.push(b'\n');
            }
            out
        }
    };
    drop(snapshot);

    let hash = digest(&text);
    let written = !present || hash != before.hash;
    if written {
        files::make_dirs(&store.beads_dir, 0o755)?;
        files::write_atomic(&path, &text, 0o644)?;
    }
    let tx = Transaction::new_unchecked(ledger.conn(), TransactionBehavior::Immediate)?;
    remember(&tx, name, before.changed, &hash, &stat(&path))?;
    tx.execute("DELETE FROM dirty WHERE store = ?1 AND touched <= ?2", params![name, before.changed])?;
    // Beads that changed again while the file was written now differ from the line it has.
    let again: Vec<String> = {
        let mut statement = tx.prepare_cached("SELECT bead FROM dirty WHERE store = ?1")?;
        statement.query_map([name], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?
    };
    for id in again {
        if let Some(line) = fresh.get(&id) {
            let base = line.as_deref().map(String::from_utf8_lossy);
            tx.execute("UPDATE dirty SET base = ?2 WHERE bead = ?1", params![id, base.as_deref()])?;
        }
    }
    tx.commit()?;
    // Here nobody waits for an answer when the daemon runs.
    search::keep_up(ledger)?;
    Ok(written)
}

/// The id of a line that we wrote; `None` for any other line.
fn id_of(line: &[u8]) -> Option<&str> {
    let rest = line.strip_prefix(b"{\"id\":\"")?;
    let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    (rest[end] == b'"').then(|| std::str::from_utf8(&rest[..end]).ok()).flatten()
}

/// The old file with the lines of `fresh` in their places (`None`: left out); nothing when the old one is not in order.
fn splice(old: &[u8], fresh: &BTreeMap<String, Option<Vec<u8>>>) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(old.len() + 4096);
    let mut changes = fresh.iter().peekable();
    let mut previous = "";
    for line in old.split_inclusive(|byte| *byte == b'\n') {
        let id = id_of(line).filter(|id| *id > previous && line.ends_with(b"\n"))?;
        previous = id;
        while let Some((_, new)) = changes.next_if(|(changed, _)| changed.as_str() < id) {
            push(&mut out, new.as_deref());
        }
        match changes.next_if(|(changed, _)| changed.as_str() == id) {
            Some((_, new)) => push(&mut out, new.as_deref()),
            None => out.extend_from_slice(line),
        }
    }
    for (_, new) in changes {
        push(&mut out, new.as_deref());
    }
    Some(out)
}

fn push(out: &mut Vec<u8>, line: Option<&[u8]>) {
    if let Some(line) = line {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
}

/// Writes `beads`, one a line in the order given, to `out`.
///
/// # Errors
/// When `out` can't be written.
pub fn write_lines(beads: &[Bead], out: &mut dyn Write) -> Result<()> {
    for bead in beads {
        let mut line = codec::to_line(bead)?;
        line.push(b'\n');
        out.write_all(&line)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_lines_are_put_in_their_places() {
        let line = |id: &str, rest: &str| format!("{{\"id\":\"{id}\",\"title\":\"{rest}\"}}").into_bytes();
        let file = |lines: &[(&str, &str)]| {
            lines.iter().flat_map(|(id, rest)| [line(id, rest), b"\n".to_vec()].concat()).collect::<Vec<u8>>()
        };
        let old = file(&[("b", "1"), ("c", "1"), ("e", "1")]);
        let fresh = BTreeMap::from([
            ("a".to_owned(), Some(line("a", "2"))),
            ("c".to_owned(), Some(line("c", "2"))),
            ("d".to_owned(), None),
            ("e".to_owned(), None),
            ("f".to_owned(), Some(line("f", "2"))),
        ]);
        assert_eq!(splice(&old, &fresh), Some(file(&[("a", "2"), ("b", "1"), ("c", "2"), ("f", "2")])));
        assert_eq!(splice(&file(&[("b", "1"), ("a", "1")]), &fresh), None);
    }
}
