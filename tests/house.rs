//! The house rules that no compiler checks: floors, file limits, where `unsafe` may stand.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};

/// The floors, lowest first. A module imports only from floors below its own, never from its neighbours.
const FLOORS: &[&[&str]] = &[
    &["base"],
    &["town", "ledger", "repo", "terminal"],
    &["session", "runtime", "formula"],
    &["work"],
    &["view", "patrol"],
    &["cockpit", "dashboard"],
    // The commands stand on top, because `gt` without arguments opens the cockpit.
    &["cli", "bdcli"],
];

const MAX_LINES: usize = 800;

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(directory) else { return found };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// `source` with comments, strings and character literals blanked; line breaks stay.
fn code_only(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut i = 0;
    let blank = |out: &mut String, from: usize, to: usize| {
        out.extend(chars[from..to.min(chars.len())].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
    };
    while i < chars.len() {
        let start = i;
        let next = chars.get(i + 1).copied();
        let after_word = i > 0 && (chars[i - 1].is_alphanumeric() || chars[i - 1] == '_');
        match chars[i] {
            '/' if next == Some('/') => {
                while i < chars.len() && chars[i] != '\n' {
                    i += 1;
                }
            }
            '/' if next == Some('*') => {
                let mut depth = 0;
                while i < chars.len() {
                    match (chars[i], chars.get(i + 1)) {
                        ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
                        ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
                        _ => i += 1,
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            'r' if !after_word && matches!(next, Some('"' | '#')) => {
                let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
                if chars.get(i + 1 + hashes) != Some(&'"') {
                    // A raw identifier, `r#type`.
                    out.push('r');
                    i += 1;
                    continue;
                }
                i += hashes + 2;
                while i < chars.len() {
                    let closes =
                        chars[i] == '"' && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
                    i += 1;
                    if closes {
                        i += hashes;
                        break;
                    }
                }
            }
            '"' => {
                i += 1;
                while i < chars.len() && chars[i] != '"' {
                    i += if chars[i] == '\\' { 2 } else { 1 };
                }
                i += 1;
            }
            '\'' if next == Some('\\') => {
                i += 3;
                while i < chars.len() && chars[i] != '\'' {
                    i += 1;
                }
                i += 1;
            }
            // A lifetime has no closing quote after one character.
            '\'' if chars.get(i + 2) == Some(&'\'') => i += 3,
            c => {
                out.push(c);
                i += 1;
                continue;
            }
        }
        blank(&mut out, start, i);
    }
    out
}

/// Words and punctuation of blanked code; `::` is one token.
fn tokens(code: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first.is_alphanumeric() || first == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        out.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    out
}

/// The top modules that `source` names by paths from the crate's root. `depth` is the number of modules around the file's
/// items: 1 for `src/work/mod.rs`, 2 for `src/work/sling.rs`.
fn imports(source: &str, depth: usize) -> Vec<String> {
    let code = code_only(source);
    let tokens = tokens(&code);
    let mut found = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let preceded = i > 0 && tokens[i - 1] == "::";
        let mut at = i;
        let from_root = match tokens[i] {
            "crate" | "gastown" if !preceded => {
                at += 1;
                true
            }
            "super" if !preceded => {
                let mut climbed = 0;
                while tokens.get(at) == Some(&"super") {
                    climbed += 1;
                    at += 1;
                    if tokens.get(at) == Some(&"::") && tokens.get(at + 1) == Some(&"super") {
                        at += 1;
                    }
                }
                climbed >= depth
            }
            _ => false,
        };
        if !from_root || tokens.get(at) != Some(&"::") {
            i += 1;
            continue;
        }
        at += 1;
        if tokens.get(at) == Some(&"{") {
            let mut braces = 0;
            let mut first = true;
            while let Some(token) = tokens.get(at) {
                match *token {
                    "{" => (braces, first) = (braces + 1, braces == 0),
                    "}" => braces -= 1,
                    "," => first = braces == 1,
                    word => {
                        if first {
                            found.push(word.to_owned());
                        }
                        first = false;
                    }
                }
                if braces == 0 {
                    break;
                }
                at += 1;
            }
        } else if let Some(word) = tokens.get(at) {
            found.push((*word).to_owned());
        }
        i = at.max(i + 1);
    }
    found
}

/// What a file of `module` may not name, each as a line for the reader.
fn floor_breaches(module: &str, source: &str, depth: usize) -> Vec<String> {
    let Some(own) = floor(module) else {
        return vec![format!("module `{module}` is on no floor; name it in tests/house.rs")];
    };
    imports(source, depth)
        .into_iter()
        .filter(|name| name != module)
        .filter_map(|name| {
            let other = floor(&name)?;
            (other >= own).then(|| format!("`{module}` (floor {own}) imports `{name}` (floor {other})"))
        })
        .collect()
}

fn has_unsafe_code(source: &str) -> bool {
    tokens(&code_only(source)).contains(&"unsafe")
}

#[test]
fn modules_import_only_from_floors_below() {
    let src = root().join("src");
    let mut breaches = Vec::new();
    for path in rust_files(&src) {
        let inside = path.strip_prefix(&src).unwrap();
        let parts: Vec<String> = inside
            .with_extension("")
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .filter(|p| p != "mod")
            .collect();
        if parts[0] == "lib" {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        if parts[0] == "bin" {
            let others = imports(&source, 1).into_iter().filter(|name| !["cli", "bdcli"].contains(&name.as_str()));
            breaches
                .extend(others.map(|name| format!("{}: a binary only calls its face, not `{name}`", inside.display())));
            continue;
        }
        let found = floor_breaches(&parts[0], &source, parts.len());
        breaches.extend(found.into_iter().map(|breach| format!("{}: {breach}", inside.display())));
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn no_file_is_longer_than_the_limit() {
    let files = ["src", "tests", "benches"].iter().flat_map(|name| rust_files(&root().join(name)));
    let long: Vec<String> = files
        .filter_map(|path| {
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            (lines > MAX_LINES).then(|| format!("{}: {lines} lines; look for its second subject", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn unsafe_stands_only_where_it_is_declared() {
    let mut wrong = Vec::new();
    for path in ["src", "tests", "benches"].iter().flat_map(|name| rust_files(&root().join(name))) {
        let source = std::fs::read_to_string(&path).unwrap();
        let allowed = source.lines().any(|line| line.trim_start().starts_with("#![allow(unsafe_code)]"));
        if has_unsafe_code(&source) && !allowed {
            wrong.push(format!("{}: unsafe code without #![allow(unsafe_code)] and its reason", path.display()));
        } else if allowed && !has_unsafe_code(&source) {
            wrong.push(format!("{}: allows unsafe code and has none", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The checks above are worth something only if they can fail.
#[test]
fn the_checks_can_fail() {
    assert_eq!(floor_breaches("ledger", "use crate::work::Desk;", 1).len(), 1);
    assert_eq!(floor_breaches("ledger", "use crate::town::Town;", 1).len(), 1, "a neighbour");
    assert_eq!(floor_breaches("work", "use crate::{base::{Error, Result}, view::Town, ledger};", 1).len(), 1);
    assert_eq!(floor_breaches("repo", "fn f() { crate::patrol::run() }", 1).len(), 1);
    assert_eq!(floor_breaches("repo", "use super::super::session::kill;", 2).len(), 1);
    assert_eq!(floor_breaches("nowhere", "", 1).len(), 1);
    assert!(floor_breaches("work", "use crate::{base::Error, ledger::Ledger};\nuse crate::work::sling;", 2).is_empty());
    assert!(floor_breaches("base", "// crate::work\nconst A: &str = \"crate::work\"; /* crate::work */", 1).is_empty());
    assert!(
        floor_breaches(
            "base",
            "const A: &str = r#\"\" crate::work::x\"#; const Q: char = '\"'; fn f<'a>(x: &'a str) {}",
            1
        )
        .is_empty()
    );
    assert!(floor_breaches("repo", "use super::session::x;", 2).is_empty(), "repo's own module of that name");
    let block = format!("{} {{ }}", "unsafe");
    assert!(has_unsafe_code(&block) && !has_unsafe_code("#![allow(unsafe_code)] // unsafe\n\"unsafe\""));
}
