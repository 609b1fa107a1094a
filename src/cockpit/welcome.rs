//! The first screen a person sees: what this is, the few keys that matter, and whether the terminal can do what is wanted of it.

use super::app::App;
use super::dialogs::Note;
use super::theme::Depth;

/// The first screen; any of its keys closes it for good.
pub fn note(app: &App) -> Note {
    let line = |word: &str, text: &str| (word.to_owned(), text.to_owned());
    let env = |name: &str| std::env::var(name).unwrap_or_default();
    let colours = match app.theme.depth() {
        Depth::True => "24-bit".to_owned(),
        Depth::Indexed => "256; COLORTERM=truecolor tells of more".to_owned(),
        Depth::Ansi => "16".to_owned(),
        Depth::Mono => "none; NO_COLOR or TERM says so".to_owned(),
    };
    let (columns, rows) = app.size;
    let size = match columns {
        ..80 => format!("{columns}×{rows}; from 80×24 on lists and terminal stand side by side"),
        _ => format!("{columns}×{rows}"),
    };
    let unicode = ["LC_ALL", "LC_CTYPE", "LANG"].iter().map(|name| env(name)).find(|value| !value.is_empty());
    let letters = match unicode {
        Some(value) if value.to_lowercase().contains("utf") => value,
        Some(value) => format!("{value}: not UTF-8, so some signs may look broken"),
        None => "LANG is not set; UTF-8 is taken for granted".to_owned(),
    };
    let lines = vec![
        line("", "Your agents work in terminals of their own. This is where you see all of them,"),
        line("", "answer what they ask, and give them work. Leaving it stops nobody."),
        line("", ""),
        line("n", "go to the next agent that needs you"),
        line("a", "answer what it asks, without opening it"),
        line("enter", "type into it; ctrl-] comes back to the list"),
        line("s", "give work (beads) to workers (polecats)"),
        line(":", "find anything by name"),
        line("?", "all keys"),
        line("q", "leave; agents go on working"),
        line("", ""),
        line("colours", &colours),
        line("size", &size),
        line("letters", &letters),
        line("", ""),
        line("", "enter begins. gt cockpit --check looks at settings and terminal again."),
    ];
    Note { title: "welcome to Gas Town".to_owned(), lines, scroll: 0 }
}
