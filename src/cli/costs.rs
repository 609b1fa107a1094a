//! `gt costs`: what the agents' models have cost.

use std::io::{self, Write};

use clap::Args;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::{fit, neutralise};
use crate::base::{Result, Timestamp};
use crate::work::Desk;
use crate::work::costs::{self, By, Costs, Query, Sum};

/// Show what the agents' models have cost
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  gt costs                  by agent\n  gt costs --by bead        what each piece of work took\n  \
    gt costs --by day --days 7\n  gt costs web/polecats     only the polecats of web\n\n\
    Tokens are read from the runtimes' own transcripts. Prices are a dated list; a town's own is settings/prices.toml."
)]
pub struct CostsArgs {
    /// Only those of agents, beads or conversations whose name holds this
    of: Option<String>,
    /// What they are added up by
    #[arg(long, value_enum, default_value_t = By::Agent)]
    by: By,
    /// Only those of the last days, today included
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    days: Option<u16>,
}

impl CostsArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// When the history, the prices or a transcript can't be read.
    pub fn run(self, output: Output) -> Result<()> {
        let desk = Desk::open_current()?;
        let since = self.days.map(|days| Timestamp::now().plus_seconds(-86_400 * i64::from(days - 1)));
        let query = Query { by: self.by, of: self.of.unwrap_or_default(), since };
        report::print(output, &costs::costs(&desk, &query)?)
    }
}

/// A number of tokens, short: `950`, `12.3k`, `4.5M`.
fn short(count: u64) -> String {
    match count {
        0..=999 => count.to_string(),
        1_000..=999_949 => format!("{:.1}k", count as f64 / 1e3),
        _ => format!("{:.1}M", count as f64 / 1e6),
    }
}

fn money(sum: &Sum) -> String {
    match sum.usd {
        Some(usd) if sum.unpriced > 0 => format!(">{usd:.2} $"),
        Some(usd) => format!("{usd:.2} $"),
        None if sum.total == 0 => "0.00 $".into(),
        None => "unknown".into(),
    }
}

impl Report for Costs {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let line = |sum: &Sum, name: &str| {
            format!(
                "{} {:>10} {:>8} in {:>8} cached {:>8} out",
                fit(name, 36),
                money(sum),
                short(sum.tokens.input + sum.tokens.cache_write),
                short(sum.tokens.cache_read),
                short(sum.tokens.output)
            )
        };
        if self.rows.is_empty() {
            writeln!(out, "No tokens yet.")?;
        }
        for row in &self.rows {
            let name = if row.key.is_empty() { "-".into() } else { neutralise(&row.key, true) };
            writeln!(out, "{}", line(row, &name))?;
        }
        if self.rows.len() > 1 {
            writeln!(out, "{}", paint.bold(&line(&self.all, "together")))?;
        }
        if self.all.unpriced > 0 {
            let note = format!(
                "{} tokens of models without a known price; name it in settings/prices.toml",
                short(self.all.unpriced)
            );
            writeln!(out, "{}", paint.dim(&note))?;
        }
        if !self.unknown.is_empty() {
            let mut presets: Vec<&str> = self.unknown.iter().map(|one| one.preset.as_str()).collect();
            presets.sort_unstable();
            presets.dedup();
            let note = format!(
                "unknown: {} sessions of {}, which tell nothing of their tokens",
                self.unknown.len(),
                presets.join(", ")
            );
            writeln!(out, "{}", paint.dim(&neutralise(&note, true)))?;
        }
        writeln!(out, "{}", paint.dim(&format!("prices of {}", self.prices_as_of)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_money_is_honest() {
        assert_eq!([short(7), short(12_345), short(4_500_000)], ["7", "12.3k", "4.5M"]);
        let sum = |usd, unpriced, total| money(&Sum { usd, unpriced, total, ..Sum::default() });
        assert_eq!([sum(Some(1.0), 0, 5), sum(Some(1.0), 5, 9), sum(None, 5, 5)], ["1.00 $", ">1.00 $", "unknown"]);
    }
}
