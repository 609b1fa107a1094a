//! What an agent asks, read off its screen, and how it is answered.

use crossterm::event::KeyCode;

use crate::terminal::ScreenState;

/// A question on an agent's screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Its own words, without the choices, row by row.
    pub text: Vec<String>,
    /// What can be chosen; nothing when it takes any text.
    pub choices: Vec<Choice>,
}

/// One way to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The key that says it.
    pub key: char,
    /// What it means.
    pub text: String,
    /// Whether the key has to be followed by Enter when nothing happens on its own.
    pub enter: bool,
}

/// What is sent to an agent as the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A key of one of the choices.
    Choice(Choice),
    /// Words, then Enter.
    Text(String),
}

/// Rows after the last choice that may hold hints or an empty input box.
const BELOW: usize = 8;
/// At most so many rows belong to the question.
const MOST: usize = 14;

/// The question at the bottom of `screen`; `None` when nothing is there at all.
pub fn prompt(screen: &ScreenState) -> Option<Prompt> {
    let rows: Vec<String> = screen.lines.iter().map(|line| inside(&line.text()).to_owned()).collect();
    let last = rows.iter().rposition(|row| !row.is_empty())?;
    let rows = &rows[..=last];
    // A question further down is the one that is asked now.
    let asked_since = |end: usize| rows[end..].iter().any(|row| row.ends_with('?') || row.ends_with("?:"));
    let found = match (menu(rows), yes_or_no(rows)) {
        (Some((end, _)), Some((later, prompt))) if later > end => Some((later, prompt)),
        (menu, yes_or_no) => menu.or(yes_or_no),
    };
    found.filter(|(end, _)| !asked_since(end + 1)).map(|(_, prompt)| prompt).or_else(|| {
        let text = block_above(rows, rows.len());
        (!text.is_empty()).then_some(Prompt { text, choices: Vec::new() })
    })
}

/// Questions that say nothing without what stands above them.
const BARE: [&str; 8] =
    ["do you want", "would you like", "proceed", "continue", "are you sure", "allow this", "is that ok", "ok?"];

/// A question in one line: its last paragraph, and the one above it where that alone would say nothing.
pub fn in_a_line(prompt: &Prompt) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut open = false;
    for row in prompt.text.iter().map(|row| row.trim()) {
        if row.is_empty() || is_rule(row) {
            open = false;
        } else if open && let Some(last) = parts.last_mut() {
            last.push(' ');
            last.push_str(row);
        } else {
            parts.push(row.to_owned());
            open = true;
        }
    }
    let Some(last) = parts.pop() else { return String::new() };
    let bare = BARE.iter().any(|words| last.to_lowercase().starts_with(words));
    match parts.pop() {
        Some(above) if bare => above,
        _ => last,
    }
}

impl Prompt {
    /// The choice that `code` stands for: its own key, or y and n for the first that agrees and the first that refuses.
    pub fn choice(&self, code: KeyCode) -> Option<&Choice> {
        let KeyCode::Char(key) = code else { return None };
        let own = self.choices.iter().find(|choice| choice.key == key);
        let starts = |word: &str| self.choices.iter().find(|choice| choice.text.to_lowercase().starts_with(word));
        own.or_else(|| match key {
            'y' => starts("yes").or_else(|| starts("allow")).or_else(|| starts("approve")),
            'n' => starts("no").or_else(|| starts("deny")).or_else(|| starts("reject")),
            _ => None,
        })
    }

    /// Whether `other` asks the same.
    pub fn same_as(&self, other: &Prompt) -> bool {
        self == other
    }
}

/// A row without the frame around it.
fn inside(row: &str) -> &str {
    row.trim().trim_matches(['│', '┃', '║', '▌', '▐', '|']).trim()
}

/// A row that only parts what is above from what is below.
fn is_rule(row: &str) -> bool {
    !row.is_empty()
        && row.chars().all(|c| ('\u{2500}'..='\u{257f}').contains(&c) || matches!(c, '-' | '=' | '_' | '▔' | '▁'))
}

/// `❯ 2. Yes` as its number and words.
fn numbered(row: &str) -> Option<(u32, &str)> {
    let row = row.trim_start_matches(['❯', '>', '›', '●', '○', '◉', '*', '→', '▶', '»']).trim_start();
    let digits = row.find(|c: char| !c.is_ascii_digit())?;
    let number = row[..digits].parse().ok()?;
    let text = row[digits..].strip_prefix(['.', ')', ':'])?.trim();
    (!text.is_empty() && (1..=9).contains(&number)).then_some((number, text))
}

/// A menu of numbered choices at the bottom, and its last row.
fn menu(rows: &[String]) -> Option<(usize, Prompt)> {
    let found: Vec<(usize, u32, &str)> = rows
        .iter()
        .enumerate()
        .filter_map(|(index, row)| numbered(row).map(|(number, text)| (index, number, text)))
        .collect();
    let (end, last, _) = *found.last()?;
    let below = rows[end + 1..].iter().filter(|row| !row.is_empty() && !is_rule(row)).count();
    let first = found.iter().rposition(|(_, number, _)| *number == 1)?;
    let run = &found[first..];
    let in_order = run.iter().zip(1..).all(|((_, number, _), place)| *number == place);
    // Descriptions may stand below a choice, other text may not.
    let near = run.windows(2).all(|pair| pair[1].0 - pair[0].0 <= 4);
    if below > BELOW || !in_order || !near || last < 2 {
        return None;
    }
    let choices = run
        .iter()
        .filter_map(|(_, number, text)| {
            Some(Choice { key: char::from_digit(*number, 10)?, text: (*text).to_owned(), enter: false })
        })
        .collect();
    Some((end, Prompt { text: block_above(rows, run[0].0), choices }))
}

/// `Overwrite? [y/N]` in one of the last rows, and which.
fn yes_or_no(rows: &[String]) -> Option<(usize, Prompt)> {
    const FORMS: [&str; 8] = ["[y/n]", "(y/n)", "[yes/no]", "(yes/no)", "y/n?", "(y|n)", "[y|n]", "y/n:"];
    let last: Vec<usize> =
        (0..rows.len()).rev().filter(|&index| !rows[index].is_empty() && !is_rule(&rows[index])).take(3).collect();
    let asked = last.into_iter().find(|&index| {
        let row = rows[index].to_lowercase();
        FORMS.iter().any(|form| row.contains(form))
    })?;
    let choice = |key: char, text: &str| Choice { key, text: text.to_owned(), enter: true };
    let choices = vec![choice('y', "Yes"), choice('n', "No")];
    Some((asked, Prompt { text: block_above(rows, asked + 1), choices }))
}

/// The rows that end before `end`, back to a rule, two empty rows, or far enough.
fn block_above(rows: &[String], end: usize) -> Vec<String> {
    let mut block: Vec<String> = Vec::new();
    let mut empty = 0;
    for row in rows[..end].iter().rev() {
        if block.iter().any(|row| !row.is_empty()) && (is_rule(row) || block.len() >= MOST) {
            break;
        }
        if is_rule(row) {
            continue;
        }
        empty = if row.is_empty() { empty + 1 } else { 0 };
        if empty > 1 && !block.is_empty() {
            break;
        }
        block.push(row.clone());
    }
    while block.last().is_some_and(String::is_empty) {
        block.pop();
    }
    block.reverse();
    while block.last().is_some_and(String::is_empty) {
        block.pop();
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::{Line, Run};

    fn screen(rows: &[&str]) -> ScreenState {
        let lines = rows
            .iter()
            .map(|text| Line { runs: vec![Run { text: (*text).to_owned(), ..Run::default() }], wrapped: false })
            .collect();
        ScreenState { lines, ..ScreenState::default() }
    }

    #[test]
    fn a_boxed_permission_is_read_with_its_choices() {
        let prompt = prompt(&screen(&[
            "● I will publish it now. 1. is not a choice",
            "╭──────────────────────────────────╮",
            "│ Bash command                     │",
            "│                                  │",
            "│   npm publish --dry-run          │",
            "│                                  │",
            "│ Do you want to proceed?          │",
            "│ ❯ 1. Yes                         │",
            "│   2. Yes, and don't ask again    │",
            "│   3. No, tell Claude what to do  │",
            "╰──────────────────────────────────╯",
            "",
        ]))
        .unwrap();
        assert_eq!(prompt.text.first().map(String::as_str), Some("Bash command"));
        assert_eq!(prompt.text.last().map(String::as_str), Some("Do you want to proceed?"));
        assert_eq!(prompt.choices.iter().map(|choice| choice.key).collect::<String>(), "123");
        assert_eq!(prompt.choice(KeyCode::Char('y')).unwrap().key, '1');
        assert_eq!(prompt.choice(KeyCode::Char('n')).unwrap().key, '3');
        assert_eq!(prompt.choice(KeyCode::Char('2')).unwrap().text, "Yes, and don't ask again");
    }

    #[test]
    fn yes_or_no_needs_enter() {
        let prompt = prompt(&screen(&["removing 3 files", "Continue? [y/N] "])).unwrap();
        assert_eq!(prompt.choices.len(), 2);
        assert!(prompt.choice(KeyCode::Char('n')).unwrap().enter);
    }

    #[test]
    fn the_last_question_is_the_one_that_is_asked() {
        let mut rows = vec!["May I?", "> 1. Yes", "  2. No", "key 1", "Delete it? [y/N] "];
        assert_eq!(prompt(&screen(&rows)).unwrap().choices[0].key, 'y');
        rows.extend(["answer y", "What is it called?"]);
        assert!(prompt(&screen(&rows)).unwrap().choices.is_empty());
    }

    #[test]
    fn a_numbered_list_far_above_is_no_menu() {
        let mut rows = vec!["Plan:", "1. Read", "2. Write"];
        rows.extend(["text"; 12]);
        rows.push("What is your name?");
        let prompt = prompt(&screen(&rows)).unwrap();
        assert!(prompt.choices.is_empty());
        assert_eq!(prompt.text.last().map(String::as_str), Some("What is your name?"));
    }

    #[test]
    fn an_empty_screen_asks_nothing() {
        assert_eq!(prompt(&screen(&["", "  "])), None);
    }
}
