//! What tokens cost: a list that comes with the binary, and the town's own before it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Tokens;
use crate::base::{Error, Result, files};
use crate::town::Town;

const BUILTIN: &str = include_str!("../../../assets/prices.toml");

/// Dollars for a million tokens.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    input: f64,
    #[serde(default)]
    cache_write: Option<f64>,
    #[serde(default)]
    cache_read: Option<f64>,
    output: f64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    as_of: String,
    #[serde(default)]
    models: BTreeMap<String, Price>,
}

/// Prices of models.
#[derive(Debug, Clone)]
pub struct Prices {
    /// The date of the newest list among them.
    pub as_of: String,
    models: BTreeMap<String, Price>,
}

impl Prices {
    /// The prices for a town.
    ///
    /// # Errors
    /// When the town's own list is broken.
    pub fn of(town: &Town) -> Result<Self> {
        let builtin: File = toml::from_str(BUILTIN)?;
        let mut prices = Self { as_of: builtin.as_of, models: builtin.models };
        let path = town.root.join("settings/prices.toml");
        if let Some(text) = files::read_optional(&path)? {
            let own: File = toml::from_str(&text).map_err(|error| {
                Error::failed(format!("{}: {error}", path.display()))
                    .hint("as_of = \"<date>\", then [models] with <name> = { input = 1.0, output = 2.0 }")
            })?;
            prices.as_of = prices.as_of.max(own.as_of);
            prices.models.extend(own.models);
        }
        Ok(prices)
    }

    /// What `tokens` of `model` cost, in dollars; `None` where its price is not known.
    pub fn usd(&self, model: &str, tokens: Tokens) -> Option<f64> {
        // A provider's name may stand before the model's.
        let model = model.rsplit('/').next().unwrap_or(model);
        let known = self.models.iter().filter(|(name, _)| model.starts_with(name.as_str()));
        let (_, price) = known.max_by_key(|(name, _)| name.len())?;
        let part = |count: u64, price: f64| count as f64 * price / 1e6;
        Some(
            part(tokens.input, price.input)
                + part(tokens.cache_write, price.cache_write.unwrap_or(price.input))
                + part(tokens.cache_read, price.cache_read.unwrap_or(price.input))
                + part(tokens.output, price.output),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_counts() {
        let file: File = toml::from_str(BUILTIN).unwrap();
        let prices = Prices { as_of: file.as_of, models: file.models };
        let tokens = Tokens { input: 1_000_000, output: 1_000_000, ..Tokens::default() };
        let usd = |model| prices.usd(model, tokens).map(|usd| (usd * 100.0).round() / 100.0);
        assert_eq!(usd("claude-opus-4-1-20250805"), Some(90.0));
        assert_eq!(usd("anthropic/claude-opus-4-5-20251101"), Some(30.0));
        assert_eq!(usd("gpt-5-mini"), Some(2.25));
        assert_eq!(usd("no-such-model"), None);
    }
}
