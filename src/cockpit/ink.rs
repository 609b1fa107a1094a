//! The colours of code: what each stretch of a line is, by the grammars of many languages. It takes a while and is done aside.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use crate::repo::{FilePatch, Hunk, LineKind, Patch};

/// Longer lines stay as they are.
const LONGEST: usize = 400;
/// At most so many lines of a file are coloured.
const MOST_LINES: usize = 2_500;
/// How many files are remembered.
const KEPT: usize = 200;

/// What a stretch of code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ink {
    /// Nothing special.
    Plain,
    /// A comment.
    Comment,
    /// A text.
    Text,
    /// A number or another constant.
    Constant,
    /// A word of the language.
    Keyword,
    /// The name of a function.
    Function,
    /// The name of a type.
    Type,
}

/// The stretches of a line: what, and how many bytes.
pub type LineInk = Vec<(Ink, usize)>;

/// The colours of a patch: file by file, hunk by hunk, line by line; a file that was not looked at has no hunks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inks(pub Vec<Vec<Vec<LineInk>>>);

impl Inks {
    /// The stretches of a line; none when they are not known.
    pub fn of(&self, file: usize, hunk: usize, line: usize) -> &[(Ink, usize)] {
        let found = self.0.get(file).and_then(|file| file.get(hunk)).and_then(|hunk| hunk.get(line));
        found.map(Vec::as_slice).unwrap_or_default()
    }
}

/// Colours patches, remembering files that stay the same.
#[derive(Debug, Default)]
pub struct Painter {
    known: VecDeque<(FilePatch, Vec<Vec<LineInk>>)>,
}

impl Painter {
    /// Colours as many files of `patch` as can be done in `time`; whether all of them were. `whole` reads a file as it is now: what
    /// lies between the hunks tells how a comment or a text goes on that began there.
    pub fn paint(
        &mut self,
        patch: &Patch,
        whole: impl Fn(&FilePatch) -> Option<String>,
        time: Duration,
    ) -> (Inks, bool) {
        let end = Instant::now() + time;
        let mut all = true;
        let mut inks = Vec::with_capacity(patch.files.len());
        for file in &patch.files {
            if let Some((_, ink)) = self.known.iter().find(|(known, _)| known == file) {
                inks.push(ink.clone());
                continue;
            }
            if Instant::now() >= end {
                all = false;
                inks.push(Vec::new());
                continue;
            }
            let ink = paint_file(file, whole(file).as_deref());
            self.known.push_front((file.clone(), ink.clone()));
            self.known.truncate(KEPT);
            inks.push(ink);
        }
        (Inks(inks), all)
    }
}

/// The grammars; read when first asked for.
fn grammars() -> &'static SyntaxSet {
    static SET: OnceLock<SyntaxSet> = OnceLock::new();
    SET.get_or_init(two_face::syntax::extra_newlines)
}

fn grammar(file: &FilePatch) -> Option<&'static SyntaxReference> {
    let set = grammars();
    let path = Path::new(&file.path);
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let first = || {
        let line = file.hunks.first().filter(|hunk| hunk.new.0 <= 1)?.lines.first()?;
        set.find_syntax_by_first_line(&line.text)
    };
    set.find_syntax_by_extension(name).or_else(|| set.find_syntax_by_extension(ending)).or_else(first)
}

fn paint_file(file: &FilePatch, whole: Option<&str>) -> Vec<Vec<LineInk>> {
    let lines: usize = file.hunks.iter().map(|hunk| hunk.lines.len()).sum();
    let Some(grammar) = grammar(file).filter(|_| lines <= MOST_LINES) else { return Vec::new() };
    let between = whole.map(|text| text.lines().collect::<Vec<_>>()).filter(|lines| fits(file, lines));
    let (mut old, mut new) = (Side::new(grammar), Side::new(grammar));
    let mut next = 0;
    let mut inks = Vec::with_capacity(file.hunks.len());
    for hunk in &file.hunks {
        let (from, to) = place(hunk);
        match &between {
            Some(lines) => Side::read_both(&mut old, &mut new, lines.get(next..from).unwrap_or_default()),
            // Nothing is known of what lies between.
            None => (old, new) = (Side::new(grammar), Side::new(grammar)),
        }
        next = to;
        inks.push(paint_hunk(hunk, &mut old, &mut new));
    }
    inks
}

/// Where a hunk begins and ends in the file as it is now, in lines counted from 0.
fn place(hunk: &Hunk) -> (usize, usize) {
    let (first, count) = (hunk.new.0 as usize, hunk.new.1 as usize);
    // Of a hunk that only takes away the line before it is given.
    let from = if count == 0 { first } else { first.saturating_sub(1) };
    (from, from + count)
}

/// Whether these are the lines the hunks were made from, and not so many that reading them takes long.
fn fits(file: &FilePatch, lines: &[&str]) -> bool {
    let there = file.hunks.iter().flat_map(|hunk| &hunk.lines).filter_map(|line| Some((line.new?, &line.text)));
    let mut there =
        there.map(|(number, text)| lines.get((number as usize).wrapping_sub(1)).is_some_and(|line| line == text));
    let end = file.hunks.last().map_or(0, |hunk| place(hunk).1);
    end <= MOST_LINES && there.all(|same| same)
}

/// One reading of the lines: before the change, or after it.
#[derive(Clone)]
struct Side {
    state: ParseState,
    stack: ScopeStack,
}

impl Side {
    fn new(grammar: &SyntaxReference) -> Self {
        Self { state: ParseState::new(grammar), stack: ScopeStack::new() }
    }

    /// Reads lines that are the same before and after.
    fn read_both(old: &mut Self, new: &mut Self, lines: &[&str]) {
        let same = old.state == new.state && old.stack == new.stack;
        for line in lines {
            new.read(line);
            if !same {
                old.read(line);
            }
        }
        if same {
            old.clone_from(new);
        }
    }

    fn read(&mut self, text: &str) -> LineInk {
        if text.len() > LONGEST {
            return Vec::new();
        }
        let line = format!("{text}\n");
        let Ok(steps) = self.state.parse_line(&line, grammars()) else { return Vec::new() };
        let mut out: LineInk = Vec::new();
        let mut at = 0;
        let mut add = |from: usize, to: usize, stack: &ScopeStack| {
            let to = to.min(text.len());
            if to > from {
                let ink = ink(stack.as_slice());
                match out.last_mut() {
                    Some((last, length)) if *last == ink => *length += to - from,
                    _ => out.push((ink, to - from)),
                }
            }
        };
        for (place, step) in steps {
            add(at, place, &self.stack);
            at = at.max(place);
            // A grammar that takes more off than there is leaves the rest plain.
            let _ = self.stack.apply(&step);
        }
        add(at, text.len(), &self.stack);
        out
    }
}

fn paint_hunk(hunk: &Hunk, old: &mut Side, new: &mut Side) -> Vec<LineInk> {
    hunk.lines
        .iter()
        .map(|line| match line.kind {
            LineKind::Removed => old.read(&line.text),
            LineKind::Added => new.read(&line.text),
            LineKind::Same => {
                old.read(&line.text);
                new.read(&line.text)
            }
        })
        .collect()
}

/// What the innermost scope that says anything says.
fn ink(scopes: &[Scope]) -> Ink {
    let kinds = kinds();
    scopes
        .iter()
        .rev()
        .find_map(|scope| kinds.iter().find(|(prefix, _)| prefix.is_prefix_of(*scope)).map(|(_, ink)| *ink))
        .unwrap_or(Ink::Plain)
}

/// What scopes mean, the particular before the general.
fn kinds() -> &'static [(Scope, Ink)] {
    static KINDS: OnceLock<Vec<(Scope, Ink)>> = OnceLock::new();
    KINDS.get_or_init(|| {
        [
            ("comment", Ink::Comment),
            ("punctuation.definition.comment", Ink::Comment),
            ("constant.character.escape", Ink::Constant),
            ("string", Ink::Text),
            ("punctuation.definition.string", Ink::Text),
            ("markup.raw", Ink::Text),
            ("constant", Ink::Constant),
            ("keyword.operator.word", Ink::Keyword),
            ("keyword.operator.logical.python", Ink::Keyword),
            ("keyword.operator", Ink::Plain),
            ("keyword", Ink::Keyword),
            ("storage", Ink::Keyword),
            ("variable.language", Ink::Keyword),
            ("entity.name.function", Ink::Function),
            ("support.function", Ink::Function),
            ("variable.function", Ink::Function),
            ("support.macro", Ink::Function),
            ("entity.name.tag", Ink::Keyword),
            ("entity.name.section", Ink::Function),
            ("markup.heading", Ink::Function),
            ("entity.name", Ink::Type),
            ("entity.other.inherited-class", Ink::Type),
            ("entity.other.attribute-name", Ink::Type),
            ("support.type.property-name", Ink::Type),
            ("support.type", Ink::Type),
            ("support.class", Ink::Type),
            ("meta.mapping.key", Ink::Type),
            ("variable.other.key", Ink::Type),
        ]
        .into_iter()
        // The names above are well formed; one that were not would only lack its colour.
        .filter_map(|(name, ink)| Scope::new(name).ok().map(|scope| (scope, ink)))
        .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::PatchLine;

    fn painted(path: &str, text: &str) -> Vec<(Ink, String)> {
        let line = PatchLine { kind: LineKind::Added, old: None, new: Some(1), text: text.into(), last: false };
        let file = FilePatch {
            path: path.into(),
            hunks: vec![Hunk { new: (1, 1), lines: vec![line], ..Hunk::default() }],
            ..FilePatch::default()
        };
        let patch = Patch { files: vec![file], ..Patch::default() };
        let (inks, all) = Painter::default().paint(&patch, |_| None, Duration::from_secs(60));
        assert!(all);
        let mut at = 0;
        inks.of(0, 0, 0)
            .iter()
            .map(|(ink, length)| {
                at += length;
                (*ink, text[at - length..at].to_owned())
            })
            .collect()
    }

    #[test]
    fn what_began_between_two_hunks_goes_on_in_the_second() {
        let text = "let a = 2;\n\n/* it begins\nand goes on\nto here\nand ends */\nlet b = \"one\n\ntwo\";\n";
        let hunk = |old: (u32, u32), new: (u32, u32), lines: &[(LineKind, Option<u32>, &str)]| Hunk {
            old,
            new,
            lines: lines
                .iter()
                .map(|(kind, new, text)| PatchLine {
                    kind: *kind,
                    old: None,
                    new: *new,
                    text: (*text).into(),
                    last: false,
                })
                .collect(),
            ..Hunk::default()
        };
        let hunks = vec![
            hunk((1, 1), (1, 1), &[(LineKind::Removed, None, "let a = 1;"), (LineKind::Added, Some(1), "let a = 2;")]),
            hunk((4, 0), (5, 1), &[(LineKind::Added, Some(5), "to here")]),
            hunk((8, 1), (8, 0), &[(LineKind::Removed, None, "old words")]),
            hunk((9, 1), (9, 1), &[(LineKind::Removed, None, "2\";"), (LineKind::Added, Some(9), "two\";")]),
        ];
        let file = FilePatch { path: "a.rs".into(), hunks, ..FilePatch::default() };
        let inks = paint_file(&file, Some(text));
        assert_eq!(inks[1], [vec![(Ink::Comment, 7)]]);
        assert_eq!(inks[2], [vec![(Ink::Text, 9)]], "what went was in the text too");
        assert_eq!(inks[3][1][0], (Ink::Text, 4), "{:?}", inks[3]);
        assert_eq!(inks[3][0][0], (Ink::Text, 2), "{:?}", inks[3]);
        // Of another text than the hunks were made from nothing is taken.
        let other = paint_file(&file, Some(&text.replace("to here", "elsewhere")));
        assert_ne!(other[1], [vec![(Ink::Comment, 7)]]);
        assert_eq!(paint_file(&file, None), other);
    }

    #[test]
    fn languages_are_known_by_name_and_ending() {
        let has = |path: &str, text: &str, ink: Ink, word: &str| {
            let found = painted(path, text);
            assert!(found.iter().any(|(kind, part)| *kind == ink && part.contains(word)), "{path}: {found:?}");
            let whole: String = found.into_iter().map(|(_, part)| part).collect();
            assert_eq!(whole, text, "nothing is lost");
        };
        has("src/a.rs", "let x = \"é漢\"; // why", Ink::Text, "é漢");
        has("src/a.rs", "let x = 1; // why", Ink::Comment, "why");
        has("web/cart.ts", "export const total = (n: number) => n * 2;", Ink::Keyword, "export");
        has("tool.py", "def total(n): return 'x'", Ink::Function, "total");
        has("Cargo.toml", "version = \"1\"", Ink::Text, "1");
        has("Dockerfile", "FROM debian", Ink::Keyword, "FROM");
        has("main.go", "func main() {}", Ink::Function, "main");
        assert_eq!(painted("LICENSE.unknown-kind", "plain words"), []);
    }
}
