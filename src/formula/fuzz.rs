//! Formulas as nobody would write them: built-in ones with damage, and heaps of the language's words. Nothing panics, nothing runs
//! away, every problem says where it is, and what loads can be written as TOML and as JSON and means the same.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::base::fuzz;

/// A change to a text.
#[derive(Debug, Clone)]
enum Damage {
    Cut(Index, usize),
    Double(Index, usize),
    Word(Index, &'static str),
    Byte(Index, char),
    SwapLines(Index, Index),
}

const WORDS: [&str; 44] = [
    "formula = \"x\"\n",
    "version = 1\n",
    "type = \"expansion\"\n",
    "type = \"aspect\"\n",
    "type = \"convoy\"\n",
    "[[steps]]\n",
    "id = \"a\"\n",
    "id = \"b\"\n",
    "title = \"T {{v}}\"\n",
    "needs = [\"a\"]\n",
    "depends_on = [\"b\"]\n",
    "waits_for = \"children-of(a)\"\n",
    "waits_for = \"any-children\"\n",
    "[vars.v]\n",
    "required = true\n",
    "default = \"1\"\n",
    "enum = [\"1\", \"2\"]\n",
    "pattern = \"^(a+)+$\"\n",
    "pattern = \"(\"\n",
    "type = \"int\"\n",
    "condition = \"{{v}} == 1\"\n",
    "condition = \"!{{v}}\"\n",
    "expand = \"draft-and-polish\"\n",
    "extends = [\"feature\"]\n",
    "[steps.loop]\n",
    "count = 3\n",
    "range = \"1..2^{v}\"\n",
    "range = \"3-(2*{n})..7/0\"\n",
    "until = \"a.status == 'complete'\"\n",
    "max = 2\n",
    "var = \"n\"\n",
    "[[steps.loop.body]]\n",
    "[[steps.children]]\n",
    "[steps.gate]\n",
    "[compose]\n",
    "aspects = [\"security-audit\"]\n",
    "[[compose.branch]]\nfrom = \"a\"\nsteps = [\"b\"]\njoin = \"a\"\n",
    "[[compose.map]]\nselect = \"*\"\nwith = \"draft-and-polish\"\n",
    "[[advice]]\ntarget = \"*\"\n",
    "[[advice.before]]\nid = \"{step.id}-x\"\n",
    "[[template]]\nid = \"{target}.x\"\ntitle = \"{target.title}\"\n",
    "[steps.on_complete]\nfor_each = \"output.x\"\nbond = \"feature\"\n",
    "[[legs]]\nid = \"l\"\ntitle = \"L\"\n",
    "[synthesis]\ntitle = \"S\"\n",
];

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<Index>(), 1..60usize).prop_map(|(at, len)| Damage::Cut(at, len)),
        (any::<Index>(), 1..80usize).prop_map(|(at, len)| Damage::Double(at, len)),
        (any::<Index>(), select(WORDS.to_vec())).prop_map(|(at, word)| Damage::Word(at, word)),
        (any::<Index>(), select("{}[]\"'=.,\n#0a(\\é\u{0}".chars().collect::<Vec<_>>()))
            .prop_map(|(at, c)| Damage::Byte(at, c)),
        (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Damage::SwapLines(a, b)),
    ]
}

fn apply(text: &str, damages: &[Damage]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for damage in damages {
        if chars.is_empty() {
            chars.push('\n');
        }
        match damage {
            Damage::Cut(at, len) => {
                let from = at.index(chars.len());
                chars.drain(from..(from + len).min(chars.len()));
            }
            Damage::Double(at, len) => {
                let from = at.index(chars.len());
                let part = chars[from..(from + len).min(chars.len())].to_vec();
                chars.splice(from..from, part);
            }
            Damage::Word(at, word) => {
                // At the beginning of a line, where words mean something.
                let from = chars[..at.index(chars.len())].iter().rposition(|c| *c == '\n').map_or(0, |at| at + 1);
                chars.splice(from..from, word.chars());
            }
            Damage::Byte(at, c) => {
                let from = at.index(chars.len());
                chars[from] = *c;
            }
            Damage::SwapLines(a, b) => {
                let text: String = chars.iter().collect();
                let mut lines: Vec<&str> = text.split('\n').collect();
                let (a, b) = (a.index(lines.len()), b.index(lines.len()));
                lines.swap(a, b);
                chars = lines.join("\n").chars().collect();
            }
        }
    }
    chars.into_iter().collect()
}

fn start() -> impl Strategy<Value = String> {
    let library = Library::standard(std::path::Path::new("/nonexistent"), None);
    let mut texts = Vec::new();
    for name in Library::built_in() {
        if let Ok((formula, _)) = library.read(name) {
            texts.extend(convert::to_toml(&formula).ok());
            texts.extend(convert::to_json(&formula).ok());
        }
    }
    let heap = prop::collection::vec(select(WORDS.to_vec()), 0..14).prop_map(|words| words.concat());
    prop_oneof![2 => select(texts), 1 => heap]
}

#[test]
fn whatever_stands_in_a_formula_is_cooked_or_said_to_be_wrong_with_its_place() {
    let text = (start(), prop::collection::vec(damage(), 0..6)).prop_map(|(text, damages)| apply(&text, &damages));
    fuzz::run("formula parser", &(text, any::<bool>()), |(text, complete)| {
        let name = if text.trim_start().starts_with('{') { "f.formula.json" } else { "f.formula.toml" };
        let dir = tempfile::tempdir().map_err(|error| TestCaseError::fail(error.to_string()))?;
        let path = dir.path().join(name);
        std::fs::write(&path, &text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let path = path.display().to_string();
        let library = Library::standard(dir.path(), None);
        let read = read_text(&text, &path);
        if let Err(error) = &read {
            prop_assert!(error.to_string().contains(name), "no place: {error}");
        }
        let loaded = match library.load(&path) {
            Ok(loaded) => loaded,
            Err(error) => {
                prop_assert!(!error.to_string().is_empty());
                return Ok(());
            }
        };
        let mode = if complete { Mode::Runtime } else { Mode::Compile };
        if let Ok(cooked) = cook_formula(&library, loaded.formula.clone(), &Values::new(), mode) {
            let steps = cooked.steps();
            for at in 0..steps.len() {
                prop_assert!(cooked.graph.needs(at).all(|need| need < steps.len() && need != at));
            }
        }
        // Written out and read again it is the same formula.
        let Ok((formula, _)) = read else { return Ok(()) };
        let fail = |error: crate::base::Error| TestCaseError::fail(error.to_string());
        let json = convert::to_json(&formula).map_err(fail)?;
        let (from_json, _) = read_text(&json, "f.formula.json").map_err(fail)?;
        prop_assert_eq!(convert::to_json(&from_json).map_err(fail)?, json.clone());
        let toml = convert::to_toml(&formula).map_err(fail)?;
        let (from_toml, _) = read_text(&toml, "f.formula.toml").map_err(fail)?;
        let back = convert::to_json(&from_toml).map_err(fail)?;
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
        prop_assert_eq!(value(&back), value(&json));
        Ok(())
    });
}
