//! What a session's host knows of the program's ways, told by whoever starts it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::terminal::{Key, KeyPress};

/// How a program is spoken to and what it shows; empty for one of which nothing is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Ways {
    /// The key that submits its input line, as the cockpit writes keys.
    pub submit_key: String,
    /// What its input line begins with when it is ready.
    pub ready_prefix: Option<String>,
    /// How long to wait for it where nothing shows that it is ready.
    pub ready_delay_ms: u64,
    /// Beginnings of its title and the state each tells; the word `braille` stands for any character of that block.
    pub titles: Vec<(String, String)>,
}

impl Ways {
    /// The key that submits.
    pub(super) fn submit(&self) -> KeyPress {
        KeyPress::named(&self.submit_key).unwrap_or(KeyPress::plain(Key::Enter))
    }

    /// The state that `title` tells.
    pub(super) fn of_title(&self, title: &str) -> Option<&str> {
        let title = title.trim_start();
        let begins = |beginning: &str| match beginning {
            "braille" => title.starts_with(|c: char| ('\u{2800}'..='\u{28ff}').contains(&c)),
            other => title.starts_with(other),
        };
        self.titles.iter().find(|(beginning, _)| begins(beginning)).map(|(_, state)| state.as_str())
    }

    /// How long to wait where nothing shows that it is ready.
    pub(super) fn ready_delay(&self) -> Duration {
        Duration::from_millis(self.ready_delay_ms)
    }
}
