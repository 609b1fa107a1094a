//! An agent's state by what stands at the bottom of its screen: rules as data, for runtimes that tell nothing better themselves.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{AgentState, Preset};
use crate::base::{Error, Result, ResultExt, files};
use crate::town::Town;

const BUILTIN: &str = include_str!("../../assets/screens.toml");
/// The most lines a rule looks at.
const MOST_LINES: usize = 60;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    runtime: Vec<String>,
    state: AgentState,
    #[serde(default = "lines")]
    lines: usize,
    all: Vec<String>,
    #[serde(default)]
    none: Vec<String>,
    #[serde(default)]
    detail: String,
}

fn lines() -> usize {
    12
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rules: Vec<Written>,
}

/// What a screen must hold at its bottom to tell a state.
#[derive(Debug, Clone)]
struct Rule {
    name: String,
    runtime: Vec<String>,
    state: AgentState,
    lines: usize,
    all: Vec<Regex>,
    none: Vec<Regex>,
    detail: String,
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// The state.
    pub state: AgentState,
    /// The rule's name.
    pub rule: String,
    /// What it means, in the rule's words; else the line that told it. Text from outside.
    pub detail: String,
    /// The lines in which it was seen. Text from outside.
    pub lines: Vec<String>,
}

/// Where a town's own rules are.
fn own_file(town: &Town) -> PathBuf {
    town.root.join("settings/screens.toml")
}

/// The rules of all runtimes, in the order in which they are tried.
#[derive(Debug, Clone, Default)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Reads rules as a file writes them.
    ///
    /// # Errors
    /// When it is no such file, or a pattern makes no sense.
    pub fn parse(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text)?;
        file.rules.into_iter().map(Rule::of).collect::<Result<_>>().map(Rules)
    }

    /// The rules that come with the binary.
    ///
    /// # Errors
    /// Never, as a unit test shows.
    pub fn builtin() -> Result<Self> {
        Self::parse(BUILTIN)
    }

    /// The rules for a town: its own `settings/screens.toml` is tried first, a rule of the same name there replaces ours. The file is
    /// read again whenever it changes. While it is broken the rules stay as they were, or ours alone: whoever writes rules must not
    /// blind the town meanwhile. [`Rules::check`] tells what is wrong with it.
    ///
    /// # Errors
    /// Never, as a unit test shows.
    pub fn of(town: &Town) -> Result<Self> {
        static LAST: Mutex<Option<(PathBuf, Option<SystemTime>, Rules)>> = Mutex::new(None);
        let path = own_file(town);
        let changed = path.metadata().and_then(|meta| meta.modified()).ok();
        let mut last = LAST.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((of, at, rules)) = last.as_ref()
            && (of, at) == (&path, &changed)
        {
            return Ok(rules.clone());
        }
        let rules = match Self::own(&path) {
            Ok(mut rules) => {
                let own: Vec<String> = rules.0.iter().map(|rule| rule.name.clone()).collect();
                rules.0.extend(Self::builtin()?.0.into_iter().filter(|rule| !own.contains(&rule.name)));
                rules
            }
            Err(error) => {
                tracing::warn!(%error, "the rules about screens stay as they were");
                match last.take().filter(|(of, ..)| *of == path) {
                    Some((.., rules)) => rules,
                    None => Self::builtin()?,
                }
            }
        };
        *last = Some((path, changed, rules.clone()));
        Ok(rules)
    }

    fn own(path: &Path) -> Result<Self> {
        match files::read_optional(path)? {
            Some(text) => Self::parse(&text).with_context(|| format!("rules in {}", path.display())),
            None => Ok(Self::default()),
        }
    }

    /// Whether the town's own rules can be read.
    ///
    /// # Errors
    /// When they can't: why.
    pub fn check(town: &Town) -> Result<()> {
        Self::own(&own_file(town)).map(drop)
    }

    /// What the screen (its rows from the top) tells of an agent of `runtime`.
    pub fn read(&self, runtime: &str, screen: &[String]) -> Option<Seen> {
        self.read_any(&[runtime], screen)
    }

    /// What the screen tells of an agent of `preset`: by rules for it, and by those for the one it builds on.
    pub fn read_of(&self, preset: &Preset, screen: &[String]) -> Option<Seen> {
        self.read_any(&[&preset.name, &preset.screens], screen)
    }

    fn read_any(&self, runtimes: &[&str], screen: &[String]) -> Option<Seen> {
        let mut rows: Vec<&str> = screen.iter().map(|row| row.trim_end()).collect();
        rows.retain(|row| !row.is_empty());
        let mine = |rule: &&Rule| rule.runtime.iter().any(|name| runtimes.contains(&name.as_str()) || name == "*");
        self.0.iter().filter(mine).find_map(|rule| rule.read(&rows))
    }
}

impl Rule {
    fn of(written: Written) -> Result<Self> {
        let Written { name, runtime, state, lines, all, none, detail } = written;
        let patterns = |patterns: Vec<String>| -> Result<Vec<Regex>> {
            let of = |pattern: String| {
                Regex::new(&format!("(?m){pattern}")).map_err(|error| {
                    Error::failed(format!("rule {name:?}: {error}")).hint("a pattern is a regular expression")
                })
            };
            patterns.into_iter().map(of).collect()
        };
        if all.is_empty() {
            return Err(Error::failed(format!("rule {name:?}: `all` is empty, so that it is always true")));
        }
        let (all, none) = (patterns(all)?, patterns(none)?);
        Ok(Self { runtime, state, lines: lines.clamp(1, MOST_LINES), all, none, detail, name })
    }

    fn read(&self, rows: &[&str]) -> Option<Seen> {
        let rows = &rows[rows.len().saturating_sub(self.lines)..];
        let text = rows.join("\n");
        if !self.all.iter().all(|pattern| pattern.is_match(&text))
            || self.none.iter().any(|pattern| pattern.is_match(&text))
        {
            return None;
        }
        let told: Vec<String> = rows
            .iter()
            .filter(|row| self.all.iter().any(|pattern| pattern.is_match(row)))
            .map(|row| row.trim().to_owned())
            .collect();
        let detail =
            if self.detail.is_empty() { told.first().cloned().unwrap_or_default() } else { self.detail.clone() };
        Some(Seen { state: self.state, rule: self.name.clone(), detail, lines: told })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn only_the_bottom_counts() {
        let rules = Rules::parse(
            "[[rules]]\nname = \"a\"\nruntime = [\"x\"]\nstate = \"needs-you\"\nlines = 2\nall = [\"^Yes\\\\?\"]\nnone = [\"typed\"]\n",
        );
        let rules = rules.unwrap();
        assert_eq!(rules.read("x", &rows("Yes?\n1\n2\n")), None, "scrolled up");
        let seen = rules.read("x", &rows("0\nYes?\n\n\n2   \n\n")).unwrap();
        assert_eq!((seen.state, seen.detail.as_str()), (AgentState::NeedsYou, "Yes?"));
        assert_eq!(rules.read("y", &rows("Yes?")), None);
        assert_eq!(rules.read("x", &rows("Yes?\ntyped")), None);
    }

    #[test]
    fn the_rules_of_the_manual_are_rules() {
        let manual = include_str!("../../docs/runtimes.md");
        let (_, rest) = manual.split_once("```toml\n").unwrap();
        let rules = Rules::parse(rest.split_once("```").unwrap().0).unwrap();
        assert!(rules.read("house", &rows("Please log in")).is_some());
        // An agent of one's own has its own rules and those of the preset it builds on.
        let mine = Preset { name: "mine".into(), screens: "house".into(), ..Preset::default() };
        assert!(rules.read_of(&mine, &rows("Please log in")).is_some());
        assert_eq!(rules.read("mine", &rows("Please log in")), None);
    }

    #[test]
    fn a_changed_file_counts_at_once_and_a_broken_one_changes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let town = Town { root: directory.path().to_owned(), id: String::new(), name: String::new() };
        std::fs::create_dir(directory.path().join("settings")).unwrap();
        let mut written = SystemTime::UNIX_EPOCH;
        let mut write = |text: &str| {
            std::fs::write(own_file(&town), text).unwrap();
            // Another time than before, however fast this goes.
            written += std::time::Duration::from_secs(1);
            std::fs::File::options().write(true).open(own_file(&town)).unwrap().set_modified(written).unwrap();
        };
        let state = || Rules::of(&town).unwrap().read("x", &rows("Yes?")).map(|seen| seen.state);
        let rule =
            |state: &str| format!("[[rules]]\nname = \"a\"\nruntime = [\"x\"]\nstate = \"{state}\"\nall = [\"Yes\"]\n");
        assert_eq!(state(), None);
        write(&rule("idle"));
        assert_eq!(state(), Some(AgentState::Idle));
        write(&rule("needs-you"));
        assert_eq!(state(), Some(AgentState::NeedsYou));
        write(&rule("sleepy"));
        assert_eq!(state(), Some(AgentState::NeedsYou), "the rules before hold on");
        assert!(Rules::check(&town).unwrap_err().to_string().contains("screens.toml"));
        write(&rule("idle"));
        assert_eq!((state(), Rules::check(&town).is_ok()), (Some(AgentState::Idle), true));
    }

    #[test]
    fn broken_rules_are_told() {
        let rule = |all: &str| format!("[[rules]]\nname = \"a\"\nruntime = [\"x\"]\nstate = \"idle\"\nall = [{all}]\n");
        assert!(Rules::parse(&rule("\"(\"")).unwrap_err().to_string().contains("rule \"a\""));
        assert!(Rules::parse(&rule("")).is_err());
        assert!(Rules::parse("[[rules]]\nnam = 1\n").is_err());
    }

    #[test]
    fn the_builtin_rules_know_the_dialogs_of_each_runtime() {
        let rules = Rules::builtin().unwrap();
        for (runtime, screen, state) in [
            (
                "claude",
                " Do you trust the files in this folder?\n ❯ 1. Yes, proceed\n   2. No, exit\n",
                AgentState::NeedsYou,
            ),
            (
                "claude",
                " Quick safety check: Is this a project you created\n ❯ No, exit\n Yes, I trust this folder\n",
                AgentState::NeedsYou,
            ),
            ("claude", " Bash command\n Do you want to proceed?\n ❯ 1. Yes\n   2. No\n", AgentState::NeedsYou),
            (
                "codex",
                "Trust this folder?\n› 1. Trust and continue\n  2. Back to Agent Command Center\n",
                AgentState::NeedsYou,
            ),
            (
                "codex",
                "Would you like to run the following command?\n$ ls\n› 1. Yes, proceed (y)\nPress enter to confirm or esc to cancel",
                AgentState::NeedsYou,
            ),
            ("codex", "Hooks need review\n› 1. Review hooks\n", AgentState::NeedsYou),
            ("gemini", "│ Do you trust the files in this folder?\n│ ● 1. Trust folder (x)\n", AgentState::NeedsYou),
            ("gemini", "Allow execution of [Shell]?\n● 1. Allow once\n", AgentState::NeedsYou),
            ("opencode", "△ Permission required\n Allow once  Allow always  Reject\n", AgentState::NeedsYou),
            ("claude", "5-hour limit reached ∙ resets 3pm\n❯ \n", AgentState::RateLimited),
            ("codex", "■ You've hit your usage limit. Try again in 3 hours.\n› \n", AgentState::RateLimited),
        ] {
            let seen = rules.read(runtime, &rows(screen));
            assert_eq!(seen.as_ref().map(|seen| seen.state), Some(state), "{runtime}: {screen}");
        }
        assert_eq!(rules.read("claude", &rows("✻ Working\n❯ \n")), None);
    }
}
