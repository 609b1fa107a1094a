//! Values of options that need more than clap's parsers.

use std::io::Read;
use std::path::Path;

use chrono::{Local, NaiveDate, NaiveDateTime, TimeZone};

use crate::base::{Error, Result, ResultExt, Timestamp};

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
