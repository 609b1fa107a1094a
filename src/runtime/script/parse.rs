//! From a bead's description to the steps of its script.

use crate::base::{Error, Result};

/// The steps of a bead's `sh` blocks, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// At least one.
    pub steps: Vec<Step>,
}

/// One step: what stands between two blank lines of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its leading comment, else its first line.
    pub title: String,
    /// What the shell runs, its comment included.
    pub body: String,
}

/// Takes the steps from every fenced `sh` block (`sh`, `shell` or `bash` behind the fence) of `markdown`. Blank lines part steps,
/// except inside a here-document; a comment that stands first in a step is its title.
///
/// # Errors
/// When there is no such block or none of them holds a command; says what to write.
pub fn parse(markdown: &str) -> Result<Script> {
    let mut steps = Vec::new();
    let mut blocks = 0;
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        let Some(fence) = opening_fence(line) else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|line| !closes(line, fence)).collect();
        let language = line.trim_start().trim_start_matches(['`', '~']).split_whitespace().next().unwrap_or_default();
        if matches!(language, "sh" | "shell" | "bash") {
            blocks += 1;
            let indent = line.len() - line.trim_start().len();
            steps.extend(split(body.into_iter().map(|line| outdent(line, indent))));
        }
    }
    if steps.is_empty() {
        let what =
            if blocks == 0 { "the bead has no fenced `sh` block" } else { "the bead's `sh` block holds no command" };
        return Err(Error::failed(what)
            .hint("write the commands into its description between ```sh and ```, steps parted by blank lines"));
    }
    Ok(Script { steps })
}

/// The fence's character and length.
fn opening_fence(line: &str) -> Option<(char, usize)> {
    let line = line.trim_start();
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.chars().take_while(|c| *c == mark).count();
    (length >= 3 && !line[length..].contains('`')).then_some((mark, length))
}

fn closes(line: &str, (mark, length): (char, usize)) -> bool {
    let line = line.trim();
    line.chars().count() >= length && line.chars().all(|c| c == mark)
}

fn outdent(line: &str, indent: usize) -> &str {
    let spaces = line.len() - line.trim_start().len();
    &line[spaces.min(indent)..]
}

fn split<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut step: Vec<&str> = Vec::new();
    let mut document: Option<HereDocument> = None;
    for line in lines {
        if let Some(open) = &document {
            step.push(line);
            if open.ends_at(line) {
                document = None;
            }
        } else if line.trim().is_empty() {
            steps.extend(finish(&mut step));
        } else {
            step.push(line);
            document = HereDocument::opened_by(line);
        }
    }
    steps.extend(finish(&mut step));
    steps
}

fn finish(lines: &mut Vec<&str>) -> Option<Step> {
    let command = lines.iter().position(|line| !line.trim_start().starts_with('#'));
    let taken = std::mem::take(lines);
    let command = command?;
    let title = match taken[0].trim_start().strip_prefix('#') {
        Some(comment) if !comment.trim().is_empty() => comment.trim(),
        _ => taken[command].trim(),
    };
    Some(Step { title: title.to_owned(), body: taken.join("\n") })
}

struct HereDocument {
    end: String,
    tabs: bool,
}

impl HereDocument {
    fn opened_by(line: &str) -> Option<Self> {
        let (_, rest) = line
            .split_once("<<")
            .filter(|(before, rest)| !before.trim_start().starts_with('#') && !rest.starts_with('<'))?;
        let tabs = rest.starts_with('-');
        let word: String = rest
            .trim_start_matches('-')
            .trim_start()
            .chars()
            .take_while(|c| !c.is_whitespace() && !";|&<>()".contains(*c))
            .collect();
        let end = word.replace(['\'', '"', '\\'], "");
        // `$((1<<2))` is arithmetic.
        (end.starts_with(|c: char| c.is_alphabetic() || c == '_')).then_some(Self { end, tabs })
    }

    fn ends_at(&self, line: &str) -> bool {
        let line = if self.tabs { line.trim_start_matches('\t') } else { line };
        line == self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blank_lines_part_steps_and_comments_name_them() {
        let script =
            parse("Do it.\n\n```sh\n# Look around\nls\npwd\n\n\necho hi\n\n# only words\n```\nafter\n").unwrap();
        let steps: Vec<_> = script.steps.iter().map(|step| (step.title.as_str(), step.body.as_str())).collect();
        assert_eq!(steps, [("Look around", "# Look around\nls\npwd"), ("echo hi", "echo hi")]);
    }

    #[test]
    fn a_here_document_is_one_piece() {
        let script = parse("```sh\ncat > a <<'END'\none\n\ntwo\nEND\n\necho $((1<<2))\n\ntrue\n```").unwrap();
        assert_eq!(script.steps.len(), 3);
        assert!(script.steps[0].body.ends_with("two\nEND"));
    }

    #[test]
    fn other_blocks_are_not_run() {
        assert!(parse("```rust\nfn main() {}\n```\n").unwrap_err().to_string().contains("no fenced `sh` block"));
        assert!(parse("```sh\n# nothing\n```\n").unwrap_err().to_string().contains("no command"));
        assert!(parse("").is_err());
        let nested = parse("````md\n```sh\nrm -r all\n```\n````\n~~~sh\ntrue\n~~~\n").unwrap();
        assert_eq!(nested.steps.len(), 1);
        assert_eq!(parse("- item\n  ```sh\n  echo a\n  ```\n").unwrap().steps[0].body, "echo a");
        assert_eq!(parse("```sh\necho open to the end").unwrap().steps.len(), 1);
    }

    proptest! {
        #[test]
        fn no_command_is_lost_or_made_up(text in "([a-z#` ~<\\n]{0,6}(```sh\\n)?){0,20}") {
            if let Ok(script) = parse(&text) {
                for line in script.steps.iter().flat_map(|step| step.body.lines()) {
                    prop_assert!(text.contains(line));
                }
                prop_assert!(script.steps.iter().all(|step| !step.title.is_empty() && !step.body.trim().is_empty()));
            }
        }
    }
}
