//! What shows that a message typed to an agent was taken.

use std::time::Instant;

use super::nudge::View;
use crate::terminal::Line;

/// Letters of a message by which it is known in what the program says it was given.
const KNOWN_BY: usize = 200;

/// How much shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// Nothing.
    No,
    /// The terminal: the draft is gone, the title says that it works.
    Shown,
    /// The program itself: it reports that it works, or that this prompt was given to it.
    Seen,
}

/// How things stood when submit was pressed.
pub(super) struct Before {
    at: Instant,
    text: String,
    rows: Vec<String>,
    cursor_row: u16,
    /// The lowest row that shows the end of the text.
    draft_row: Option<usize>,
    title: String,
    begun: u64,
    bytes_out: u64,
}

impl Before {
    pub fn of(view: &View<'_>, text: &str) -> Before {
        let rows: Vec<String> = view.screen.lines.iter().map(Line::text).collect();
        let last_line = text.lines().last().unwrap_or("").trim_end();
        let tail: String = {
            let chars: Vec<char> = last_line.chars().collect();
            chars[chars.len().saturating_sub(12)..].iter().collect()
        };
        let draft_row = if tail.trim().is_empty() { None } else { rows.iter().rposition(|row| row.contains(&tail)) };
        Before {
            at: view.now,
            text: known_by(text),
            rows,
            cursor_row: view.screen.cursor.row,
            draft_row,
            title: view.screen.title.clone(),
            begun: view.begun,
            bytes_out: view.bytes_out,
        }
    }

    /// Whether the text was seen on the screen before it was submitted.
    pub fn draft_shown(&self) -> bool {
        self.draft_row.is_some()
    }

    /// What shows now that it was taken.
    pub fn taken(&self, view: &View<'_>) -> Taken {
        let since = view.prompts.iter().filter(|(at, _)| *at >= self.at);
        if view.begun > self.begun || since.map(|(_, prompt)| known_by(prompt)).any(|p| self.is_in(&p)) {
            return Taken::Seen;
        }
        if self.shown(view) { Taken::Shown } else { Taken::No }
    }

    fn is_in(&self, prompt: &str) -> bool {
        prompt.is_empty() || prompt.contains(&self.text) || self.text.contains(prompt)
    }

    /// Whether what the terminal shows can't be the draft with the key still to come.
    fn shown(&self, view: &View<'_>) -> bool {
        if view.bytes_out == self.bytes_out {
            return false;
        }
        if view.screen.title != self.title {
            return true;
        }
        let Some(draft) = self.draft_row else {
            // The text was never seen (no echo): any output after submit is an answer to it.
            return true;
        };
        if self.rows.len() != view.screen.lines.len() {
            return false;
        }
        let changed: Vec<usize> =
            (0..self.rows.len()).filter(|row| view.screen.lines[*row].text() != self.rows[*row]).collect();
        // A spinner changes a row elsewhere; taking the draft moves the cursor on, empties the row or scrolls several.
        view.screen.cursor.row != self.cursor_row || changed.contains(&draft) || changed.len() >= 2
    }
}

/// A text without what programs change in it: spaces and line ends; its beginning alone.
fn known_by(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).take(KNOWN_BY).collect()
}
