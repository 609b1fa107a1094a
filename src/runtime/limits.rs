//! When a provider lets an agent go on, by its own words.

use std::sync::LazyLock;

use chrono::{DateTime, Duration, Local, NaiveTime, TimeZone, Utc};
use regex::Regex;

use crate::base::Timestamp;

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of ours, tried by the tests of this file")
}

/// `in 3 hours 12 minutes`, `after 3h12m5s`, `after 30`: seconds are meant where no unit stands.
static SPAN: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(?:again in|retry in|retry[- ]after:?|resets? in|reset after)\s+((?:\d+(?:\.\d+)?\s*(?:days?|hours?|hrs?|minutes?|mins?|seconds?|secs?|ms|d|h|m|s)?[,\s]*(?:and\s+)?)+)",
    )
});
static PART: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)(\d+(?:\.\d+)?)\s*(days?|hours?|hrs?|minutes?|mins?|seconds?|secs?|ms|d|h|m|s)?"));
/// `resets 3pm`, `resets at 15:30 (UTC)`, `try again at 3:15 PM`.
static CLOCK: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(?:resets?|again)\s+(?:at\s+)?(?:[a-z]{3}\s+\d{1,2}(?:st|nd|rd|th)?,?\s+(?:\d{4}\s+)?(?:at\s+)?)?(\d{1,2})(?::(\d{2}))?\s*(am|pm)?\b\s*(\(utc\))?",
    )
});
/// `limit reached|1760000000`.
static EPOCH: LazyLock<Regex> = LazyLock::new(|| regex(r"\|(1\d{9})\b"));

/// The moment at which `words`, said at `now`, let the agent go on; `None` where they name none.
pub fn until(words: &str, now: Timestamp) -> Option<Timestamp> {
    if let Some(found) = EPOCH.captures(words) {
        let seconds: i64 = found[1].parse().ok()?;
        return Some(Timestamp::from_unix_nanos(seconds.saturating_mul(1_000_000_000)));
    }
    if let Some(found) = SPAN.captures(words) {
        let mut seconds = 0.0;
        for part in PART.captures_iter(&found[1]) {
            let count: f64 = part[1].parse().ok()?;
            let unit = part.get(2).map_or("s", |unit| unit.as_str()).to_ascii_lowercase();
            seconds += count
                * match unit.as_str() {
                    "ms" => 0.001,
                    unit if unit.starts_with('d') => 86_400.0,
                    unit if unit.starts_with('h') => 3600.0,
                    unit if unit.starts_with('m') => 60.0,
                    _ => 1.0,
                };
        }
        // Longer than a month is a misreading.
        return (seconds > 0.0 && seconds < 31.0 * 86_400.0).then(|| now.plus_seconds(seconds.ceil() as i64));
    }
    let found = CLOCK.captures(words)?;
    let (mut hour, half) = (found[1].parse::<u32>().ok()?, found.get(3).map(|half| half.as_str().to_ascii_lowercase()));
    let minute: u32 = found.get(2).map_or(Some(0), |minute| minute.as_str().parse().ok())?;
    match half.as_deref() {
        // A bare number is no time of day.
        None if found.get(2).is_none() => return None,
        Some("pm") if hour < 12 => hour += 12,
        Some("am") if hour == 12 => hour = 0,
        _ => {}
    }
    let time = NaiveTime::from_hms_opt(hour, minute, 0)?;
    let now_utc: DateTime<Utc> = DateTime::from_timestamp(now.unix_seconds(), 0)?;
    let next = if found.get(4).is_some() { next(now_utc, time) } else { next(now_utc.with_timezone(&Local), time) }?;
    Some(Timestamp::from_unix_nanos(next.saturating_mul(1_000_000_000)))
}

/// The next moment after `now` at which clocks of its zone show `time`.
fn next<Z: TimeZone>(now: DateTime<Z>, time: NaiveTime) -> Option<i64> {
    [0, 1].into_iter().find_map(|days| {
        let date = now.date_naive() + Duration::days(days);
        let at = now.timezone().from_local_datetime(&date.and_time(time)).earliest()?;
        (at > now).then(|| at.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_added_up() {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let after = |words| until(words, now).map(|at| now.seconds_until(at));
        for (words, seconds) in [
            ("Rate limited. Please try again in 20s.", 20),
            ("Try again in 3 days 4 hours 5 minutes.", 3 * 86_400 + 4 * 3600 + 300),
            ("Your quota will reset after 3h12m5s.", 3 * 3600 + 12 * 60 + 5),
            ("retry-after: 30", 30),
            ("Please try again in 1.5s", 2),
            ("try again in 250ms", 1),
        ] {
            assert_eq!(after(words), Some(seconds), "{words}");
        }
        assert_eq!(after("This request would exceed your account's rate limit."), None);
        assert_eq!(after("try again in 2000 days"), None);
        assert_eq!(after("Claude AI usage limit reached|1767323046"), Some(1));
    }

    #[test]
    fn times_of_day_are_the_next_ones() {
        let now: Timestamp = "2026-01-02T15:04:05Z".parse().unwrap();
        let at = |words| until(words, now).map(|at| at.to_string());
        assert_eq!(at("resets 16:30 (UTC)").as_deref(), Some("2026-01-02T16:30:00Z"));
        assert_eq!(at("limit · resets 3pm (UTC)").as_deref(), Some("2026-01-03T15:00:00Z"));
        assert_eq!(at("resets at 12:15am (UTC)").as_deref(), Some("2026-01-03T00:15:00Z"));
        assert!(at("try again at 11:59 PM").is_some());
        assert_eq!(at("resets 25:00"), None);
        assert_eq!(at("try again 3"), None);
    }
}
