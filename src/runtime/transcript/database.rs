//! opencode keeps its conversations in a database.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use super::{Tokens, Turn};
use crate::base::{Result, ResultExt, Timestamp};

fn path() -> Option<PathBuf> {
    let set = |key: &str| std::env::var_os(key).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")))?;
    Some(data.join("opencode/opencode.db"))
}

/// All answers of one conversation. Nothing where there is no database.
///
/// # Errors
/// When the database is there but can't be read.
pub fn opencode(conversation: &str) -> Result<Vec<Turn>> {
    let Some(path) = path().filter(|path| path.exists()) else { return Ok(Vec::new()) };
    let what = || format!("read {}", path.display());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(&path, flags).with_context(what)?;
    conn.busy_timeout(Duration::from_secs(2)).with_context(what)?;
    let mut statement =
        conn.prepare("SELECT data FROM message WHERE session_id = ?1 ORDER BY id").with_context(what)?;
    let rows = statement.query_map([conversation], |row| row.get::<_, String>(0)).with_context(what)?;
    let mut turns = Vec::new();
    for row in rows {
        let message: Value = serde_json::from_str(&row.with_context(what)?).unwrap_or_default();
        turns.extend(turn(&message));
    }
    Ok(turns)
}

fn turn(message: &Value) -> Option<Turn> {
    let tokens = message.get("tokens")?;
    let number = |value: &Value, key: &str| value.get(key).and_then(Value::as_u64).unwrap_or(0);
    let cache = tokens.get("cache").cloned().unwrap_or_default();
    let created = message.get("time").and_then(|time| time.get("created")).and_then(Value::as_i64);
    let tokens = Tokens {
        input: number(tokens, "input"),
        cache_write: number(&cache, "write"),
        cache_read: number(&cache, "read"),
        output: number(tokens, "output") + number(tokens, "reasoning"),
    };
    (tokens != Tokens::default()).then(|| Turn {
        at: created.map(|millis| Timestamp::from_unix_nanos(millis.saturating_mul(1_000_000))),
        model: message.get("modelID").and_then(Value::as_str).unwrap_or_default().to_owned(),
        tokens,
        // It says 0 for models whose price it does not know.
        usd: message.get("cost").and_then(Value::as_f64).filter(|usd| *usd > 0.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_are_told_from_questions() {
        assert_eq!(turn(&json!({"role": "user", "time": {"created": 1}})), None);
        let answer = json!({"role": "assistant", "modelID": "m1", "cost": 0, "time": {"created": 1_700_000_000_000_i64},
            "tokens": {"input": 5, "output": 2, "reasoning": 1, "cache": {"read": 7, "write": 0}}});
        let turn = turn(&answer).unwrap();
        assert_eq!(turn.tokens, Tokens { input: 5, cache_write: 0, cache_read: 7, output: 3 });
        assert_eq!((turn.usd, turn.at.map(Timestamp::unix_seconds)), (None, Some(1_700_000_000)));
    }
}
