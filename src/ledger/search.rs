//! Finding text without reading every bead: an index of three-character pieces that is brought up to date beside the writes, not by
//! them. A changed bead waits in `unindexed`, where a search looks at it one by one.

use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::store::Ledger;
use crate::base::Result;

/// From this many possible beads on, going through all of them in the order wanted is cheaper.
const MOST: usize = 2_000;
/// How many beads may wait before an export takes them into the index.
const WAITING: usize = 256;
/// How many it takes in at once, so that no command waits long for it.
const BATCH: usize = 2_000;

/// The pieces of `text` that a bead must have to contain it, as a query.
fn pieces(text: &str) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let distinct: BTreeSet<String> =
        chars.windows(3).filter(|piece| !piece.contains(&'\0')).map(|piece| piece.iter().collect()).collect();
    if distinct.is_empty() {
        return None;
    }
    // More of them make the answer no smaller.
    let terms: Vec<String> =
        distinct.iter().take(40).map(|piece| format!("\"{}\"", piece.replace('"', "\"\""))).collect();
    Some(terms.join(" AND "))
}

/// The rows of the beads whose id, title or description may contain `text`; `None` when they are too many, or the text is too short,
/// to know.
pub(super) fn candidates(conn: &Connection, text: &str) -> Result<Option<Vec<i64>>> {
    let Some(query) = pieces(text) else { return Ok(None) };
    let most = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
    let rows = |sql: &str, params: &[&dyn rusqlite::ToSql]| -> Result<Vec<i64>> {
        let mut statement = conn.prepare_cached(sql)?;
        Ok(statement.query_map(params, |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
    };
    let waiting = rows("SELECT n FROM unindexed LIMIT ?1", &[&most])?;
    if waiting.len() > MOST {
        return Ok(None);
    }
    let mut found = rows("SELECT rowid FROM pieces WHERE pieces MATCH ?1 LIMIT ?2", &[&query, &most])?;
    if found.len() > MOST {
        return Ok(None);
    }
    found.extend(waiting);
    Ok(Some(found))
}

/// Takes up to `most` waiting beads into the index; how many they were.
pub(super) fn index(conn: &Connection, most: usize) -> Result<usize> {
    let mut waiting = conn.prepare_cached(
        "SELECT u.n, b.id || char(10) || b.title || char(10) || t.description FROM unindexed u \
         JOIN beads b ON b.n = u.n JOIN texts t ON t.n = u.n ORDER BY u.n LIMIT ?1",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut last = None;
    let mut count = 0;
    {
        let mut forget = conn.prepare_cached("DELETE FROM pieces WHERE rowid = ?1")?;
        let mut add = conn.prepare_cached("INSERT INTO pieces(rowid, body) VALUES(?1, ?2)")?;
        let mut rows = waiting.query([most])?;
        while let Some(row) = rows.next()? {
            let n: i64 = row.get(0)?;
            forget.execute([n])?;
            add.execute(params![n, row.get::<_, String>(1)?])?;
            last = Some(n);
            count += 1;
        }
    }
    if let Some(last) = last {
        conn.prepare_cached("DELETE FROM unindexed WHERE n <= ?1")?.execute([last])?;
    }
    Ok(count)
}

/// Takes waiting beads into the index when they are many.
pub(super) fn keep_up(ledger: &Ledger) -> Result<()> {
    let sql = "SELECT 1 FROM unindexed LIMIT 1 OFFSET ?1";
    if !ledger.conn().prepare_cached(sql)?.exists([i64::try_from(WAITING).unwrap_or(i64::MAX)])? {
        return Ok(());
    }
    let tx = Transaction::new_unchecked(ledger.conn(), TransactionBehavior::Immediate)?;
    index(&tx, BATCH)?;
    tx.commit()?;
    Ok(())
}
