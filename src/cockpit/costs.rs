//! The costs view: what the models cost, by whom, by what and day by day.

use crate::base::Timestamp;
use crate::work::costs::By;

/// From when on it is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Span {
    /// Since midnight, in UTC as providers count.
    #[default]
    Today,
    /// Seven days.
    Week,
    /// All that is known.
    Ever,
}

impl Span {
    /// The next one round.
    pub fn next(self) -> Self {
        match self {
            Self::Today => Self::Week,
            Self::Week => Self::Ever,
            Self::Ever => Self::Today,
        }
    }

    /// Its name.
    pub fn words(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Week => "seven days",
            Self::Ever => "ever",
        }
    }

    /// Its beginning; none for all that is known.
    pub fn since(self, now: Timestamp) -> Option<Timestamp> {
        let midnight = format!("{}T00:00:00Z", now.to_string().get(..10)?).parse::<Timestamp>().ok()?;
        match self {
            Self::Today => Some(midnight),
            Self::Week => Some(midnight.plus_seconds(-6 * 24 * 3600)),
            Self::Ever => None,
        }
    }
}

/// What the rows stand for, in the order of the key that goes through them.
pub const GROUPS: [(By, &str); 5] =
    [(By::Agent, "agent"), (By::Bead, "bead"), (By::Convoy, "convoy"), (By::Rig, "rig"), (By::Model, "model")];

/// A sum.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpentRow {
    /// What it is the sum of; empty where there is none (work without a bead).
    pub key: String,
    /// Dollars; nothing where no price is known.
    pub usd: Option<f64>,
    /// Tokens read, those of the cache left out.
    pub read: u64,
    /// Tokens read from the cache.
    pub cached: u64,
    /// Tokens written.
    pub written: u64,
    /// Tokens whose price is not known.
    pub unpriced: u64,
}

/// What was spent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spent {
    /// What the rows stand for.
    pub by: usize,
    /// Everything together.
    pub all: SpentRow,
    /// The dearest first.
    pub rows: Vec<SpentRow>,
    /// Day by day, the newest first.
    pub days: Vec<(String, Option<f64>)>,
    /// Agents of whose sessions nothing is known, with their runtimes.
    pub unknown: Vec<(String, String)>,
    /// The date of the prices.
    pub prices: String,
}

/// The state of the view.
#[derive(Debug, Clone, Default)]
pub struct Costs {
    /// The place among the groups.
    pub by: usize,
    /// From when on.
    pub span: Span,
    /// The selected row.
    pub row: usize,
    /// What was spent; nothing yet while it is being added up.
    pub spent: Option<Box<Spent>>,
}

/// Tokens in short: `970k`, `1.4M`.
pub fn tokens(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..100_000 => format!("{}.{}k", count / 1_000, count % 1_000 / 100),
        100_000..1_000_000 => format!("{}k", count / 1_000),
        1_000_000..100_000_000 => format!("{}.{}M", count / 1_000_000, count % 1_000_000 / 100_000),
        _ => format!("{}M", count / 1_000_000),
    }
}

/// Dollars; a dash where no price is known.
pub fn dollars(usd: Option<f64>) -> String {
    usd.map_or_else(|| "—".to_owned(), |usd| format!("${usd:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [0, 999, 1_500, 970_333, 1_443_666, 250_000_000].map(tokens),
            ["0", "999", "1.5k", "970k", "1.4M", "250M"]
        );
        assert_eq!((dollars(Some(1.005)), dollars(None)), ("$1.00".to_owned(), "—".to_owned()));
    }

    #[test]
    fn spans_begin_at_midnight() {
        let now: Timestamp = "2026-11-22T14:00:00Z".parse().unwrap();
        assert_eq!(Span::Today.since(now).unwrap().to_string()[..16].to_owned(), "2026-11-22T00:00");
        assert_eq!(Span::Week.since(now).unwrap().to_string()[..16].to_owned(), "2026-11-16T00:00");
        assert_eq!(Span::Ever.since(now), None);
    }
}
