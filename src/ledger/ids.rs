//! Ids: made from the content as real bd makes them, read in full or in part, never ambiguous silently.

use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};

use crate::base::{Error, Result, Timestamp, text};

/// Shortest hash of a new id; town ids have five characters.
const MIN_LENGTH: usize = 5;
/// Longest hash that the format knows.
const MAX_LENGTH: usize = 8;
/// How many levels of `.N` real bd stores.
const MAX_DEPTH: usize = 3;

/// The hash part of an id: `length` (3 to 8) base-36 digits of the SHA-256 of the content.
pub fn hash(title: &str, description: &str, creator: &str, created: Timestamp, nonce: u32, length: usize) -> String {
    let content = format!("{title}|{description}|{creator}|{}|{nonce}", created.unix_nanos());
    let digest = Sha256::digest(content.as_bytes());
    let bytes = match length {
        ..=3 => 2,
        4 => 3,
        5 | 6 => 4,
        _ => 5,
    };
    let mut number = digest[..bytes].iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    let mut digits = vec![b'0'; length];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[usize::try_from(number % 36).unwrap_or(0)];
        number /= 36;
    }
    digits.into_iter().map(char::from).collect()
}

/// The hash length at which `count` ids of one prefix collide with a probability of at most a quarter.
fn length_for(count: i64) -> usize {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let n = count as f64;
    (MIN_LENGTH..MAX_LENGTH)
        .find(|length| {
            let space = 36f64.powi(i32::try_from(*length).unwrap_or(8));
            1.0 - (-n * n / (2.0 * space)).exp() <= 0.25
        })
        .unwrap_or(MAX_LENGTH)
}

pub(super) fn taken(conn: &Connection, id: &str) -> Result<bool> {
    Ok(conn.prepare_cached("SELECT 1 FROM beads WHERE id = ?1")?.exists([id])?)
}

/// A free id `stem-hash` for a new bead, where `stem` is the prefix and any infix.
pub(super) fn generate(
    conn: &Connection,
    stem: &str,
    title: &str,
    description: &str,
    creator: &str,
    created: Timestamp,
) -> Result<String> {
    for (length, nonce) in attempts(known(conn, stem)?) {
        let id = format!("{stem}-{}", hash(title, description, creator, created, nonce, length));
        if !taken(conn, &id)? {
            return Ok(id);
        }
    }
    Err(exhausted(stem))
}

/// How many ids begin with `stem-`.
pub(super) fn known(conn: &Connection, stem: &str) -> Result<i64> {
    let sql = "SELECT ids FROM prefixes WHERE prefix = ?1";
    Ok(conn.prepare_cached(sql)?.query_row([stem], |row| row.get(0)).optional()?.unwrap_or(0))
}

/// Lengths and nonces to try in turn where there are `count` ids already.
pub(super) fn attempts(count: i64) -> impl Iterator<Item = (usize, u32)> {
    (length_for(count)..=MAX_LENGTH).flat_map(|length| (0..10).map(move |nonce| (length, nonce)))
}

pub(super) fn exhausted(stem: &str) -> Error {
    Error::failed(format!("no free id under {stem}- for this content; try again"))
}

/// Counts `more` new ids that begin with `stem-`.
pub(super) fn count(conn: &Connection, stem: &str, more: i64) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO prefixes(prefix, ids) VALUES(?1, ?2) ON CONFLICT(prefix) DO UPDATE SET ids = ids + excluded.ids",
    )?
    .execute(rusqlite::params![stem, more])?;
    Ok(())
}

/// The next free `parent.N`.
pub(super) fn next_child(conn: &Connection, parent: &str) -> Result<String> {
    if parent.matches('.').count() >= MAX_DEPTH {
        return Err(Error::failed(format!("{parent} is {MAX_DEPTH} levels deep; ids go no deeper"))
            .hint("give the new bead a parent further up, or add it with dep add --type parent-child"));
    }
    loop {
        let last: i64 = conn
            .prepare_cached(
                "INSERT INTO child_counters(parent, last) VALUES(?1, 1) \
                 ON CONFLICT(parent) DO UPDATE SET last = last + 1 RETURNING last",
            )?
            .query_row([parent], |row| row.get(0))?;
        let id = format!("{parent}.{last}");
        if !taken(conn, &id)? {
            return Ok(id);
        }
    }
}

/// Counts a new id: its prefix for the length of later hashes, its number for its parent's next child.
pub(super) fn note(conn: &Connection, id: &str) -> Result<()> {
    match id.rsplit_once('.') {
        None => {
            let stem = id.rsplit_once('-').map_or(id, |(stem, _)| stem);
            count(conn, stem, 1)?;
        }
        Some((parent, number)) => {
            if let Ok(number) = number.parse::<u32>() {
                conn.prepare_cached(
                    "INSERT INTO child_counters(parent, last) VALUES(?1, ?2) \
                     ON CONFLICT(parent) DO UPDATE SET last = max(last, excluded.last)",
                )?
                .execute(rusqlite::params![parent, number])?;
            }
        }
    }
    Ok(())
}

/// The prefix of an id, by real bd's rule: up to the last hyphen when what follows looks like a hash or a number, else
/// up to the first hyphen.
pub fn prefix_of(id: &str) -> Option<&str> {
    let top = id.split_once('.').map_or(id, |(top, _)| top);
    let (stem, last) = top.rsplit_once('-')?;
    let base36 = last.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
    let numeric = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
    let hash = base36 && (3..=8).contains(&last.len()) && (last.len() < 4 || last.bytes().any(|b| b.is_ascii_digit()));
    if numeric || hash { Some(stem) } else { top.split_once('-').map(|(first, _)| first) }
}

/// Checks an id of somebody's own choice.
///
/// # Errors
/// When it has no prefix, is too long or holds characters that ids don't.
pub fn validate(id: &str) -> Result<()> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let fault = if !id.contains('-') || id.starts_with('-') || id.ends_with('-') {
        "it needs a prefix, a hyphen and a name"
    } else if id.len() > 200 {
        "it is longer than 200 bytes"
    } else if !id.chars().all(legal) {
        "it may hold letters, digits, hyphens, points and underscores"
    } else if id.matches('.').count() > MAX_DEPTH {
        "it is more than three levels deep"
    } else {
        return Ok(());
    };
    Err(Error::usage(format!("not a bead id: {id:?}: {fault}")))
}

/// Ids that begin with `start`, at most a few; without children unless `start` names one.
fn starting_with(conn: &Connection, start: &str) -> Result<Vec<String>> {
    let mut statement = conn.prepare_cached(
        "SELECT id FROM beads WHERE id >= ?1 AND id < ?1 || char(0x10ffff) AND (instr(?1, '.') > 0 OR instr(id, '.') = 0) \
         ORDER BY id LIMIT 6",
    )?;
    Ok(statement.query_map([start], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// The id that `partial` stands for: itself, or the one bead whose id begins with it, with or without the prefix.
///
/// # Errors
/// Not found when no bead fits; refused, naming the candidates, when several do.
pub fn resolve(conn: &Connection, partial: &str) -> Result<String> {
    let partial = partial.trim();
    if taken(conn, partial)? {
        return Ok(partial.to_owned());
    }
    let lower = partial.to_ascii_lowercase();
    if lower != partial && taken(conn, &lower)? {
        return Ok(lower);
    }
    let mut found = Vec::new();
    // Two characters of a hash fit too many beads of a grown ledger to be meant.
    if lower.len() >= 3 {
        if lower.contains('-') {
            found = starting_with(conn, &lower)?;
        }
        if found.is_empty() {
            let stems: Vec<String> = conn
                .prepare_cached("SELECT prefix FROM prefixes UNION SELECT prefix FROM stores")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            // A whole hash wins over the beginning of a longer one.
            let exact: Vec<String> = stems
                .iter()
                .map(|stem| format!("{stem}-{lower}"))
                .filter_map(|id| taken(conn, &id).map(|is| is.then_some(id)).transpose())
                .collect::<Result<_>>()?;
            found = if exact.is_empty() {
                let mut all = Vec::new();
                for stem in &stems {
                    all.extend(starting_with(conn, &format!("{stem}-{lower}"))?);
                }
                all
            } else {
                exact
            };
            found.sort();
            found.dedup();
        }
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(missing(conn, partial)),
        many => {
            Err(Error::refused(format!("{partial} could be any of {}", many.join(", "))).hint("give more of the id"))
        }
    }
}

/// The error for an id that no bead has, with the nearest one as hint.
pub(super) fn missing(conn: &Connection, id: &str) -> Error {
    let error = Error::not_found(format!("no bead {id}"));
    let near = id.split_once('-').and_then(|(prefix, hash)| {
        let start = format!("{prefix}-{}", hash.chars().take(1).collect::<String>());
        starting_with(conn, &start).ok()
    });
    match near.as_deref().and_then(|ids| text::nearest(id, ids.iter().map(String::as_str))) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint("bd list --all shows every bead, bd search finds one by its words"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_real_bd() -> Result<()> {
        let created: Timestamp = "2024-01-02T03:04:05.006Z".parse()?;
        for (length, want) in [(3, "vju"), (4, "8d8e"), (5, "bi3tk"), (6, "8bi3tk"), (7, "r5sr6bm"), (8, "8r5sr6bm")] {
            assert_eq!(hash("Fix login", "Details", "jira-import", created, 0, length), want);
        }
        Ok(())
    }

    #[test]
    fn prefixes() {
        for (id, want) in [
            ("gt-abc12", Some("gt")),
            ("bd-beads-polecat-jasper", Some("bd")),
            ("hq-cv-x7k2m", Some("hq-cv")),
            ("gt-mol-yk4", Some("gt-mol")),
            ("lab-1uk.2", Some("lab")),
            ("my-proj-a3f", Some("my-proj")),
            ("plain", None),
        ] {
            assert_eq!(prefix_of(id), want, "{id}");
        }
    }

    #[test]
    fn longer_hashes_for_larger_ledgers() {
        assert_eq!([0, 5_000, 6_000, 34_000, 36_000].map(length_for), [5, 5, 6, 6, 7]);
    }
}
