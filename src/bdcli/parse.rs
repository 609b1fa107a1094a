//! Values of options that need more than clap's parsers.

use std::io::Read;
use std::path::Path;

use chrono::{Local, NaiveDate, NaiveDateTime, TimeZone};

use crate::base::{Error, Result, ResultExt, Timestamp, text};
use crate::ledger::{Ledger, Status, Tx};

/// A priority: `0` to `4`, or `P0` to `P4`.
pub fn priority(text: &str) -> Result<u8> {
    let digits = text.strip_prefix(['P', 'p']).unwrap_or(text);
    digits.parse().ok().filter(|p| *p <= 4).ok_or_else(|| {
        Error::usage(format!("not a priority: {text:?}")).hint("0 (most urgent) to 4, or P0 to P4; 2 is usual")
    })
}

/// A time: RFC 3339, a day (`2026-01-31`, its beginning here), `+2h` / `+3d` / `+1w` from now, `-1d` ago, `today`, `tomorrow`.
pub fn time(text: &str) -> Result<Timestamp> {
    let now = Timestamp::now();
    let day = |days: i64| {
        let date = Local::now().date_naive() + chrono::Duration::days(days);
        local(date.and_time(chrono::NaiveTime::MIN))
    };
    let parsed = match text {
        "now" => Some(now),
        "today" => day(0),
        "tomorrow" => day(1),
        _ if text.starts_with(['+', '-']) => relative(text).map(|seconds| now.plus_seconds(seconds)),
        _ => text
            .parse()
            .ok()
            .or_else(|| {
                NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|d| local(d.and_time(chrono::NaiveTime::MIN)))
            })
            .or_else(|| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").ok().and_then(local))
            .or_else(|| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").ok().and_then(local)),
    };
    parsed.ok_or_else(|| {
        Error::usage(format!("not a time: {text:?}"))
            .hint("write 2026-01-31, 2026-01-31T12:00:00Z, +2h, +3d, +1w, today or tomorrow")
    })
}

fn local(time: NaiveDateTime) -> Option<Timestamp> {
    let time = Local.from_local_datetime(&time).earliest()?;
    Some(Timestamp::from_unix_nanos(time.timestamp_nanos_opt()?))
}

/// `+90m` and the like in seconds.
fn relative(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    number.checked_mul(seconds)
}

/// The text of a file, `-` for standard input.
pub fn body(path: &Path) -> Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

/// The types every ledger knows.
const TYPES: [&str; 15] = [
    "task",
    "bug",
    "feature",
    "epic",
    "chore",
    "message",
    "merge-request",
    "molecule",
    "gate",
    "agent",
    "role",
    "rig",
    "convoy",
    "event",
    "slot",
];

/// Whether every ledger knows this type.
pub fn is_known_type(name: &str) -> bool {
    TYPES.contains(&name)
}

/// A status that beads of this ledger may have: a known one, one of `status.custom`, or one that a bead has already.
pub fn status(ledger: &Ledger, text: &str) -> Result<Status> {
    let status: Status = text.parse()?;
    let Status::Custom(name) = &status else { return Ok(status) };
    let known = Status::KNOWN.iter().filter(|name| **name != "tombstone").map(|name| (*name).to_owned()).collect();
    own_word(ledger, name, "status", known)?;
    Ok(status)
}

/// A type that beads of this ledger may have: a known one, one of `types.custom`, or one that a bead has already.
pub fn kind(ledger: &Ledger, name: &str) -> Result<String> {
    let name = issue_type(name);
    if !is_known_type(&name) {
        own_word(ledger, &name, "type", TYPES.map(str::to_owned).to_vec())?;
    }
    Ok(name)
}

/// Refuses a name elsewhere that another bead has: other programs refuse a whole file in which two have it.
pub fn free_reference(tx: &Tx<'_>, reference: Option<&str>, but: Option<&str>) -> Result<()> {
    let Some(reference) = reference.filter(|reference| !reference.is_empty()) else { return Ok(()) };
    let mut statement = tx.conn().prepare_cached(
        "SELECT b.id FROM texts t JOIN beads b ON b.n = t.n \
         WHERE t.more LIKE '%external_ref%' AND json_extract(t.more, '$.external_ref') = ?1 AND b.id <> ?2",
    )?;
    let other: Option<String> =
        statement.query_map([reference, but.unwrap_or_default()], |row| row.get(0))?.next().transpose()?;
    match other {
        None => Ok(()),
        Some(id) => Err(Error::refused(format!("{id} is {reference} elsewhere already"))
            .hint(format!("look at it with: bd show {id}"))),
    }
}

/// Other programs refuse a whole file for one word that they don't know, so a slip of the pen must not get into it.
fn own_word(ledger: &Ledger, word: &str, what: &str, mut known: Vec<String>) -> Result<()> {
    let (setting, column) = if what == "status" { ("status.custom", "status") } else { ("types.custom", "issue_type") };
    let own = ledger.kv(&format!("config.{setting}"))?.unwrap_or_default();
    known.extend(own.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()));
    let in_use = || -> Result<bool> {
        Ok(ledger.conn().prepare(&format!("SELECT 1 FROM beads WHERE {column} = ?1 LIMIT 1"))?.exists([word])?)
    };
    if known.iter().any(|name| name == word) || in_use()? {
        return Ok(());
    }
    let error = Error::usage(format!("no {what} is called {word:?}"));
    Err(match text::nearest(word, known.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean {near}? One of your own: bd config set {setting} {word}")),
        None => error.hint(format!("they are {}; one of your own: bd config set {setting} {word}", known.join(", "))),
    })
}

/// The type that a short name stands for.
pub fn issue_type(name: &str) -> String {
    match name {
        "mr" => "merge-request",
        "feat" => "feature",
        "mol" => "molecule",
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        assert_eq!(priority("P3").ok(), Some(3));
        assert!(priority("5").is_err() && priority("high").is_err());
        for text in ["2026-01-31", "2026-01-31T12:00:00Z", "+2h", "-1d", "tomorrow", "2026-01-31 08:15"] {
            assert!(time(text).is_ok(), "{text}");
        }
        assert!(time("soon").is_err());
        assert_eq!(relative("+90m"), Some(5400));
    }
}
