//! What can be set for escalations.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::base::{Error, Result};

/// How urgent something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For when there is time.
    Low,
    /// Today.
    #[default]
    Medium,
    /// Soon.
    High,
    /// Now.
    Critical,
}

impl Severity {
    /// Every severity, the least urgent first.
    pub const ALL: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// The next more urgent one; the most urgent stays.
    #[must_use]
    pub fn raised(self) -> Severity {
        match self {
            Severity::Low => Severity::Medium,
            Severity::Medium => Severity::High,
            Severity::High | Severity::Critical => Severity::Critical,
        }
    }

    /// The priority of its bead and its messages.
    pub fn priority(self) -> u8 {
        match self {
            Severity::Critical => 0,
            Severity::High => 1,
            Severity::Medium => 2,
            Severity::Low => 3,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str() == word)
            .ok_or_else(|| Error::usage(format!("unknown severity {word:?}")).hint("low, medium, high, critical"))
    }
}

/// Whom an escalation is told, and what happens when nobody answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct EscalationSettings {
    /// The routes of each severity: `bead`, `mail:<address>`, or the name of one of `commands`.
    pub routes: BTreeMap<Severity, Vec<String>>,
    /// Commands that tell somebody outside the town, as lists of words: `{"email": ["mail", "-s", "Gas Town", "me@example.org"]}`. The reason
    /// is on their standard input, the rest in `GT_ESCALATION_*`.
    pub commands: BTreeMap<String, Vec<String>>,
    /// After how many minutes without an answer it is raised.
    pub stale_minutes: i64,
    /// How often it is raised.
    pub max_raises: u32,
}

impl Default for EscalationSettings {
    fn default() -> Self {
        Self { routes: BTreeMap::new(), commands: BTreeMap::new(), stale_minutes: 240, max_raises: 2 }
    }
}

impl EscalationSettings {
    /// The routes of `severity`, where none are set the usual ones: a message to the mayor, and for what is urgent one to the overseer.
    pub fn routes(&self, severity: Severity) -> Vec<String> {
        if let Some(set) = self.routes.get(&severity) {
            return set.clone();
        }
        let usual: &[&str] = match severity {
            Severity::Low => &["bead"],
            Severity::Medium => &["bead", "mail:mayor/"],
            Severity::High | Severity::Critical => &["bead", "mail:mayor/", "mail:overseer"],
        };
        usual.iter().map(|route| (*route).to_owned()).collect()
    }
}
