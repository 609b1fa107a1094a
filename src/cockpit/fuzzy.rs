//! Fuzzy finding: nucleo's matcher, as the Helix editor uses it.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// One thing that matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Its place among the candidates.
    pub index: usize,
    /// Which of its characters matched.
    pub letters: Vec<u32>,
}

/// The candidates that `query` matches, the best first; all of them in their own order when it is empty.
pub fn rank<T: AsRef<str>>(query: &str, candidates: &[T]) -> Vec<Hit> {
    if query.trim().is_empty() {
        return (0..candidates.len()).map(|index| Hit { index, letters: Vec::new() }).collect();
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(query, CaseMatching::Smart, Normalization::Smart);
    let mut buffer = Vec::new();
    let mut hits: Vec<(u32, Hit)> = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        let mut letters = Vec::new();
        if let Some(score) = pattern.indices(Utf32Str::new(candidate.as_ref(), &mut buffer), &mut matcher, &mut letters)
        {
            letters.sort_unstable();
            letters.dedup();
            hits.push((score, Hit { index, letters }));
        }
    }
    hits.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.index.cmp(&b.1.index)));
    hits.into_iter().map(|(_, hit)| hit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_match_comes_first() {
        let beads = ["Cart totals round wrongly", "Publish the CLI package", "Cart page"];
        let hits = rank("cart", &beads);
        assert_eq!(hits.len(), 2);
        assert_eq!(hits[0].letters.len(), 4);
        assert_eq!(rank("pubcli", &beads)[0].index, 1);
        assert_eq!(rank("", &beads).len(), 3);
        assert!(rank("zzz", &beads).is_empty());
    }
}
