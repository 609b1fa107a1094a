//! Which git there is.

use super::command::Git;
use crate::base::{Error, Result};

/// The version of git as numbers, and its own words.
///
/// # Errors
/// When there is no git, or it says something else.
pub fn git_version() -> Result<((u32, u32), String)> {
    let words = Git::anywhere().args(["version"]).run()?;
    let words = words.trim().to_owned();
    numbers(&words).map(|numbers| (numbers, words.clone())).ok_or_else(|| Error::failed(format!("git says {words:?}")))
}

fn numbers(words: &str) -> Option<(u32, u32)> {
    let version = words.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let mut parts =
        version.split('.').map(|part| part.trim_end_matches(|c: char| !c.is_ascii_digit()).parse::<u32>().ok());
    Some((parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_many_makers() {
        assert_eq!(numbers("git version 2.43.0"), Some((2, 43)));
        assert_eq!(numbers("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
        assert_eq!(numbers("nonsense"), None);
    }
}
