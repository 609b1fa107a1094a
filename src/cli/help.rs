//! `gt help`: the commands, one command, or a page about the town.

use std::io::{self, IsTerminal, Write};

use clap::Args;
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::{Error, Result, text};

/// Show help: the commands, one command, or a page about the town
#[derive(Debug, Args)]
pub struct Help {
    /// A command (convoy create), or a page: concepts, glossary, workflows, troubleshooting, keys
    what: Vec<String>,
}

/// The pages; the same texts as the documents.
const PAGES: &[(&str, &str, &str)] = &[
    ("concepts", "what a town is made of, and how work goes through it", include_str!("../../docs/concepts.md")),
    ("glossary", "every word of it, in one line each", include_str!("../../docs/glossary.md")),
    (
        "workflows",
        "the ways of working: Mayor, by hand, formulas, without sessions",
        include_str!("../../docs/workflows.md"),
    ),
    ("troubleshooting", "what to do when something is stuck", include_str!("../../docs/troubleshooting.md")),
    ("keys", "the keys of the cockpit", include_str!("../../docs/keys.md")),
];

/// The widest a page is set.
const WIDEST: usize = 96;
/// The room for the first column of a table.
const SIDE: usize = 25;

#[derive(Serialize)]
struct Page {
    page: &'static str,
    text: &'static str,
}

impl Report for Page {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let columns = crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns));
        let columns = if io::stdout().is_terminal() { columns.clamp(30, WIDEST) } else { 80 };
        out.write_all(set(self.text, columns, paint).as_bytes())
    }
}

impl Help {
    /// Prints the page.
    ///
    /// # Errors
    /// When there is neither such a command nor such a page.
    pub fn run(self, output: Output) -> Result<()> {
        if let [name] = self.what.as_slice()
            && let Some((page, _, text)) = PAGES.iter().find(|(page, ..)| page == name)
        {
            return report::print(output, &Page { page, text });
        }
        let mut command = super::documented();
        command.build();
        let mut at = &mut command;
        for word in &self.what {
            let names: Vec<String> = at.get_subcommands().filter(|sub| !sub.is_hide_set()).flat_map(names).collect();
            if !names.contains(word) {
                let top = at.get_name() == "gt";
                let pages = PAGES.iter().map(|(page, ..)| *page).filter(|_| top);
                let near = text::nearest(word, names.iter().map(String::as_str).chain(pages));
                let error = Error::not_found(format!("no help on {:?}", self.what.join(" ")));
                return Err(match near {
                    Some(near) => error.hint(format!("did you mean {near}?")),
                    None => error.hint("gt help lists the commands; gt help concepts says what they are about"),
                });
            }
            at = at.find_subcommand_mut(word).ok_or_else(|| Error::not_found(format!("no help on {word}")))?;
        }
        // The very text that --help shows.
        let words = std::iter::once("gt").chain(self.what.iter().map(String::as_str)).chain(["--help"]);
        let Err(help) = super::documented().try_get_matches_from(words) else {
            return Err(Error::not_found(format!("no help on {:?}", self.what.join(" "))));
        };
        let help = help.render();
        let help = if io::stdout().is_terminal() { help.ansi().to_string() } else { help.to_string() };
        report::print(output, &Shown { help })
    }
}

fn names(command: &clap::Command) -> Vec<String> {
    std::iter::once(command.get_name()).chain(command.get_all_aliases()).map(str::to_owned).collect()
}

/// What the long help of `gt` says at its end.
pub fn pages() -> String {
    let lines: Vec<String> = PAGES.iter().map(|(page, about, _)| format!("  gt help {page:<16} {about}")).collect();
    format!("Pages:\n{}", lines.join("\n"))
}

#[derive(Serialize)]
struct Shown {
    help: String,
}

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        out.write_all(self.help.as_bytes())
    }
}

/// Markdown set for a terminal: paragraphs and list items filled to `columns`, the rest as it stands.
fn set(markdown: &str, columns: usize, paint: Paint) -> String {
    let mut out = String::new();
    let mut paragraph: Vec<&str> = Vec::new();
    let mut code = false;
    let mut picture = false;
    let finish = |paragraph: &mut Vec<&str>, out: &mut String| {
        let text = std::mem::take(paragraph).join(" ");
        if !text.is_empty() {
            let indent = if text.starts_with("- ") { "  " } else { "" };
            fill(&text, columns, indent, paint, out);
        }
    };
    for line in markdown.lines() {
        if let Some(fence) = line.trim_start().strip_prefix("```") {
            finish(&mut paragraph, &mut out);
            picture = !code && fence == "mermaid";
            code = !code;
        } else if picture && code {
            // A drawing in words is none in a terminal.
        } else if code {
            out.push_str(&format!("    {}\n", neutral(line)));
        } else if let Some(title) = line.strip_prefix('#') {
            finish(&mut paragraph, &mut out);
            out.push_str(&format!("{}\n", paint.bold(&neutral(title.trim_start_matches('#').trim()))));
        } else if line.starts_with('|') {
            finish(&mut paragraph, &mut out);
            row(line, columns, paint, &mut out);
        } else if line.is_empty() {
            finish(&mut paragraph, &mut out);
            if !out.ends_with("\n\n") {
                out.push('\n');
            }
        } else {
            if line.starts_with("- ") {
                finish(&mut paragraph, &mut out);
            }
            paragraph.push(line.trim());
        }
    }
    finish(&mut paragraph, &mut out);
    out
}

fn neutral(text: &str) -> String {
    text::neutralise(text, true).into_owned()
}

/// A row of a table: the first cell, the others beside it.
fn row(line: &str, columns: usize, paint: Paint, out: &mut String) {
    // A bar behind a backslash is text.
    let line = line.replace("\\|", "\u{1}");
    let cells: Vec<String> = line.trim_matches('|').split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect();
    if cells.iter().all(|cell| cell.chars().all(|c| c == '-')) {
        return;
    }
    let [first, rest @ ..] = cells.as_slice() else { return };
    let mut beside = String::new();
    fill(&rest.join("  "), columns.saturating_sub(SIDE).max(20), "", paint, &mut beside);
    let first = text::fit(&neutral(&first.replace('`', "")), SIDE - 3);
    for (at, part) in beside.lines().enumerate() {
        let side = if at == 0 { paint.bold(&first) } else { " ".repeat(SIDE - 3) };
        out.push_str(&format!("  {side} {part}\n"));
    }
}

/// Words one after the other in lines of at most `columns`; `**bold**`, `` `code` `` and links without their marks.
fn fill(paragraph: &str, columns: usize, indent: &str, paint: Paint, out: &mut String) {
    let mut line = String::new();
    let mut used = 0;
    let (mut bold, mut code) = (false, false);
    for word in without_links(paragraph).split_whitespace() {
        let bare = word.replace("**", "").replace('`', "");
        let width = text::width(&bare);
        if used > 0 && used + 1 + width > columns {
            out.push_str(line.trim_end());
            out.push('\n');
            line = indent.to_owned();
            used = indent.len();
        } else if used > 0 {
            line.push(' ');
            used += 1;
        }
        let strong = bold || code || word.contains("**") || word.contains('`');
        line.push_str(&if strong { paint.bold(&bare) } else { bare });
        used += width;
        bold ^= word.matches("**").count() % 2 == 1;
        code ^= word.matches('`').count() % 2 == 1;
    }
    out.push_str(&line);
    out.push('\n');
}

/// `[text](target)` as its text.
fn without_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let Some((shown, after)) = rest[open + 1..].split_once("](") else { break };
        let Some((_, after)) = after.split_once(')') else { break };
        out.push_str(&rest[..open]);
        out.push_str(shown);
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_set_for_narrow_terminals() {
        let text = "# Title\n\nA **bold** word, a [link](x.md) and\n`gt sling` in a line.\n\n- one\n  more\n\n```sh\ngt  x\n```\n";
        let set = set(text, 20, Paint::plain());
        assert_eq!(set, "Title\n\nA bold word, a link\nand gt sling in a\nline.\n\n- one more\n\n    gt  x\n");
        for (page, _, text) in PAGES {
            let set = super::set(text, 60, Paint::plain());
            assert!(set.lines().count() > 10 && !set.contains("**"), "{page}");
        }
    }
}
