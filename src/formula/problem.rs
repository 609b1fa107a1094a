//! What is wrong with a formula: every problem with its file, line, key and the word that was probably meant.

use std::fmt;

use super::node::Place;
use crate::base::{Error, text};

/// One thing wrong with a formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub place: Place,
    /// The key it concerns, for example `steps[1].needs`; empty for the file as a whole.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// The nearest valid word.
    pub nearest: Option<String>,
    /// The formula can be used all the same.
    pub warning: bool,
}

impl Problem {
    /// A problem that makes the formula unusable.
    pub(super) fn error(place: Place, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place, key: key.into(), message: message.into(), nearest: None, warning: false }
    }

    /// A problem that leaves the formula usable.
    pub(super) fn warning(place: Place, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { warning: true, ..Self::error(place, key, message) }
    }

    /// Adds the candidate nearest to `word`.
    pub(super) fn nearest<'a>(mut self, word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        self.nearest = text::nearest(word, candidates).map(str::to_owned);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place { line: 0, .. } => {}
            Place { line, column: 0 } => write!(f, "line {line}: ")?,
            Place { line, column } => write!(f, "line {line}, column {column}: ")?,
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(self.message.trim_end())?;
        match &self.nearest {
            Some(nearest) => write!(f, " (did you mean {nearest:?}?)"),
            None => Ok(()),
        }
    }
}

/// All problems of one file as one error.
pub(super) fn report(source: &str, what: &str, mut problems: Vec<Problem>) -> Error {
    problems.retain(|problem| !problem.warning);
    problems.sort_by_key(|problem| problem.place);
    let mut message = format!("{source}: {what}:");
    for problem in &problems {
        message.push_str("\n  - ");
        message.push_str(&problem.to_string());
    }
    Error::failed(message)
}
