//! Points in time as the ledger writes them (RFC 3339, as Go's `time.RFC3339Nano` prints it).

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Error, Result};

/// A point in time with nanosecond precision and the UTC offset it was written with.
///
/// Ordered and compared by the instant alone; printed with as many fractional digits as it has (0 to 9).
#[derive(Debug, Clone, Copy, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Timestamp(DateTime<FixedOffset>);

impl schemars::JsonSchema for Timestamp {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
}

impl Timestamp {
    /// Now, in UTC.
    pub fn now() -> Self {
        Self(Utc::now().fixed_offset())
    }

    /// The instant `nanos` nanoseconds after the Unix epoch, in UTC.
    pub fn from_unix_nanos(nanos: i64) -> Self {
        Self(DateTime::from_timestamp_nanos(nanos).fixed_offset())
    }

    /// Nanoseconds since the Unix epoch; saturates outside the years 1677 to 2262.
    pub fn unix_nanos(self) -> i64 {
        self.0.timestamp_nanos_opt().unwrap_or(if self.0.timestamp() < 0 { i64::MIN } else { i64::MAX })
    }

    /// Whole seconds since the Unix epoch.
    pub fn unix_seconds(self) -> i64 {
        self.0.timestamp()
    }

    /// The time this many seconds later (or earlier, when negative).
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0 + chrono::Duration::seconds(seconds))
    }

    /// Seconds from this time until `later`; negative when `later` is earlier.
    pub fn seconds_until(self, later: Self) -> i64 {
        (later.0 - self.0).num_seconds()
    }

    /// The local wall clock as `HH:MM`.
    pub fn hour_minute(self) -> String {
        self.0.with_timezone(&chrono::Local).format("%H:%M").to_string()
    }

    /// The local day as `MM-DD`.
    pub fn month_day(self) -> String {
        self.0.with_timezone(&chrono::Local).format("%m-%d").to_string()
    }

    /// The last local midnight before this time, in UTC.
    #[must_use]
    pub fn start_of_day(self) -> Self {
        let local = self.0.with_timezone(&chrono::Local);
        let midnight = local.date_naive().and_time(chrono::NaiveTime::MIN).and_local_timezone(chrono::Local).earliest();
        // Where the clock skips midnight the day begins a whole number of hours before.
        Self(midnight.unwrap_or(local - chrono::Duration::hours(12)).with_timezone(&Utc).fixed_offset())
    }

    /// How long ago this was at `now`, short: `now`, `40s`, `3m`, `2h`, `4d`.
    pub fn age(self, now: Self) -> String {
        short_duration(self.seconds_until(now))
    }
}

/// A span of `seconds` in its largest unit: `now` (under a second or negative), `40s`, `3m`, `2h`, `4d`.
pub fn short_duration(seconds: i64) -> String {
    match seconds {
        i64::MIN..=0 => "now".into(),
        1..=59 => format!("{seconds}s"),
        60..=3599 => format!("{}m", seconds / 60),
        3600..=86_399 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_rfc3339_opts(SecondsFormat::Nanos, true);
        // Go drops trailing zeros of the fraction, and the point with them.
        let split = text.find(['Z', '+']).or_else(|| text.rfind('-')).unwrap_or(text.len());
        let (time, zone) = text.split_at(split);
        let time = if time.contains('.') { time.trim_end_matches('0').trim_end_matches('.') } else { time };
        write!(f, "{time}{zone}")
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    /// Reads RFC 3339 with any UTC offset.
    fn from_str(text: &str) -> Result<Self> {
        DateTime::parse_from_rfc3339(text).map(Self).map_err(|error| {
            Error::failed(format!("not a time: {text:?}: {error}"))
                .hint("write times as RFC 3339, for example 2026-01-31T12:00:00Z")
        })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_go_prints() {
        for text in [
            "2026-11-22T04:42:36.588796903-08:00",
            "2026-11-22T12:42:38Z",
            "2026-11-22T12:42:38.5+05:30",
            "2026-01-02T03:04:05.006Z",
        ] {
            let time: Timestamp = text.parse().unwrap_or_else(|error| unreachable!("{error}"));
            assert_eq!(time.to_string(), text);
        }
    }

    #[test]
    fn refuses_a_time_without_zone() {
        assert!("2026-01-01 00:00:00".parse::<Timestamp>().is_err());
    }
}
