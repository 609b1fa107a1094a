//! Runtime presets: what the town must know of a coding agent's program, as data.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::AgentState;

const BUILTIN: &str = include_str!("../../assets/presets.toml");

/// How an agent's first prompt reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PromptMode {
    /// On its command line.
    #[default]
    Arg,
    /// Into its terminal, once it is ready.
    Typed,
    /// Not at all: it finds its work by itself.
    None,
}

/// How an agent's program takes up an earlier conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResumeStyle {
    /// By a flag among its other arguments.
    Flag,
    /// By a subcommand, which comes first.
    Subcommand,
    /// It can't.
    #[default]
    None,
}

/// The format of a program's lifecycle hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HookFormat {
    /// Claude Code's settings file.
    Claude,
    /// Codex' `hooks` tables.
    Codex,
    /// Gemini CLI's settings file.
    Gemini,
    /// An opencode plugin.
    Opencode,
    /// Cursor's `hooks.json`.
    Cursor,
    /// GitHub Copilot CLI's hook file.
    Copilot,
    /// It has none.
    #[default]
    None,
}

/// How a program is told that a directory's own settings may be trusted, so that it does not ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrustStyle {
    /// By an entry in Claude Code's own file of settings.
    Claude,
    /// By Codex' `projects` table, given on the command line.
    Codex,
    /// By a variable of Gemini CLI.
    Gemini,
    /// It does not ask, or can't be told.
    #[default]
    None,
}

/// How a program's account of tokens is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TranscriptFormat {
    /// Claude Code's lines of JSON, one a message.
    Claude,
    /// Codex' rollout file.
    Codex,
    /// Gemini CLI's chat file.
    Gemini,
    /// opencode's database.
    Opencode,
    /// It keeps none that we can read.
    #[default]
    None,
}

/// A beginning of the terminal title that tells the agent's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TitleRule {
    /// The beginning; the word `braille` stands for any character of the braille block, which spinners use.
    pub begins: String,
    /// The state it tells.
    pub state: AgentState,
}

impl TitleRule {
    /// Whether `title` begins so.
    pub fn matches(&self, title: &str) -> bool {
        let title = title.trim_start();
        if self.begins == "braille" {
            title.starts_with(|c: char| ('\u{2800}'..='\u{28ff}').contains(&c))
        } else {
            title.starts_with(&self.begins)
        }
    }
}

/// One agent runtime with every capability the town makes use of. Settings files write the same names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preset {
    /// What it is called in `--agent` and in settings.
    pub name: String,
    /// What it is, for lists.
    pub summary: String,
    /// The program; `gt` stands for the running binary itself.
    pub command: String,
    /// Arguments it always gets.
    pub args: Vec<String>,
    /// Arguments that let it do everything without asking (permission mode `bypass`).
    pub permission_args: Vec<String>,
    /// Variables that let it do everything without asking.
    pub permission_env: BTreeMap<String, String>,
    /// Arguments that let it edit files and use the town's commands and git without asking, nothing else (permission mode `edits`).
    pub edits_args: Vec<String>,
    /// Variables for the same.
    pub edits_env: BTreeMap<String, String>,
    /// How it is told that it may trust its worktree.
    pub trust: TrustStyle,
    /// Environment variables for it alone.
    pub env: BTreeMap<String, String>,
    /// How its first prompt reaches it.
    pub prompt_mode: PromptMode,
    /// The flag before the prompt, where the prompt is not simply the last argument.
    pub prompt_flag: Option<String>,
    /// What its input line begins with when it is ready.
    pub ready_prefix: Option<String>,
    /// How long to wait for it where nothing shows that it is ready.
    pub ready_delay_ms: u64,
    /// The flag that names its conversation.
    pub session_id_flag: Option<String>,
    /// The variable in which it tells its conversation's name.
    pub session_id_env: Option<String>,
    /// How it takes up an earlier conversation.
    pub resume_style: ResumeStyle,
    /// What stands before the conversation's name.
    pub resume_args: Vec<String>,
    /// What takes up the latest conversation.
    pub latest_args: Vec<String>,
    /// What makes it go on in a copy of the conversation it takes up: among the other arguments, or in place of `resume_args` where
    /// those are a subcommand.
    pub fork_args: Vec<String>,
    /// What makes it answer one prompt and end: flags in front of the prompt, or a subcommand, which comes first.
    pub print_args: Vec<String>,
    /// Words in front of its first prompt.
    pub initial_prompt: Option<String>,
    /// The format of its lifecycle hooks.
    pub hooks: HookFormat,
    /// The format of its account of tokens.
    pub transcripts: TranscriptFormat,
    /// The key that interrupts it.
    pub interrupt_key: String,
    /// The key that submits its input line.
    pub submit_key: String,
    /// The file of instructions it reads in a repository.
    pub instructions_file: Option<String>,
    /// The variable that names its configuration directory.
    pub config_dir_env: Option<String>,
    /// Its configuration directory where that variable is not set; `~` stands for the home directory.
    pub config_dir: Option<String>,
    /// Variables any of which stands for a login. Without these and without `login_files` it is not known whether it is logged in.
    pub login_env: Vec<String>,
    /// Files any of which stands for a login: a path (`~` for the home directory, `{config}` for its configuration directory, `{data}`
    /// for where programs keep data), with
    /// `: word` where the file has to hold that word.
    pub login_files: Vec<String>,
    /// How a person logs in.
    pub login_hint: Option<String>,
    /// Whether it reports its state by OSC 7501.
    pub program_status: bool,
    /// Beginnings of its title that tell its state, the first match counts.
    pub titles: Vec<TitleRule>,
    /// Where a person gets it.
    pub install: String,
    /// Whose rules about the bottom of the screen hold for it.
    pub screens: String,
    /// What settings say of it that nothing here knows.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Default for Preset {
    /// A program of which nothing is known but that it takes its prompt as the last argument.
    fn default() -> Self {
        Self {
            name: String::new(),
            summary: String::new(),
            command: String::new(),
            args: Vec::new(),
            permission_args: Vec::new(),
            permission_env: BTreeMap::new(),
            edits_args: Vec::new(),
            edits_env: BTreeMap::new(),
            trust: TrustStyle::None,
            env: BTreeMap::new(),
            prompt_mode: PromptMode::Arg,
            prompt_flag: None,
            ready_prefix: None,
            ready_delay_ms: 0,
            session_id_flag: None,
            session_id_env: None,
            resume_style: ResumeStyle::None,
            resume_args: Vec::new(),
            latest_args: Vec::new(),
            fork_args: Vec::new(),
            print_args: Vec::new(),
            initial_prompt: None,
            hooks: HookFormat::None,
            transcripts: TranscriptFormat::None,
            interrupt_key: "ctrl-c".into(),
            submit_key: "enter".into(),
            instructions_file: None,
            config_dir_env: None,
            config_dir: None,
            login_env: Vec::new(),
            login_files: Vec::new(),
            login_hint: None,
            program_status: false,
            titles: Vec::new(),
            install: String::new(),
            screens: String::new(),
            rest: Map::new(),
        }
    }
}

static PRESETS: LazyLock<BTreeMap<String, Preset>> = LazyLock::new(|| {
    let mut presets: BTreeMap<String, Preset> =
        toml::from_str(BUILTIN).expect("assets/presets.toml is part of the binary and parsed by a unit test");
    for (name, preset) in &mut presets {
        preset.name.clone_from(name);
        preset.screens.clone_from(name);
    }
    presets
});

/// The preset of this name that comes with the binary.
pub fn builtin(name: &str) -> Option<&'static Preset> {
    PRESETS.get(name)
}

/// The names of the presets that come with the binary, sorted.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    PRESETS.keys().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_preset_says_what_it_can() {
        let names: Vec<_> = builtin_names().collect();
        assert_eq!(names, ["amp", "auggie", "claude", "codex", "copilot", "cursor", "gemini", "opencode", "script"]);
        for name in names {
            let preset = builtin(name).unwrap();
            assert!(!preset.command.is_empty() && !preset.summary.is_empty() && !preset.install.is_empty(), "{name}");
            assert!(preset.rest.is_empty(), "{name}");
            assert_eq!(
                preset.login_env.is_empty() && preset.login_files.is_empty(),
                preset.login_hint.is_none(),
                "{name}"
            );
            assert_eq!(preset.resume_style == ResumeStyle::None, preset.resume_args.is_empty(), "{name}");
        }
    }

    #[test]
    fn no_key_of_the_file_is_unknown() {
        let file: toml::Table = BUILTIN.parse().unwrap();
        let known = serde_json::to_value(Preset::default()).unwrap();
        for (name, table) in file {
            for key in table.as_table().unwrap().keys() {
                assert!(known.get(key).is_some(), "{name}: {key}");
            }
        }
    }

    #[test]
    fn every_key_is_in_the_manual_and_no_other() {
        let manual = include_str!("../../docs/runtimes.md");
        let (_, rest) = manual.split_once("<!-- keys -->").unwrap();
        let (table, _) = rest.split_once("<!-- /keys -->").unwrap();
        let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let mut named: Vec<&str> = rows.collect();
        let known = serde_json::to_value(Preset::default()).unwrap();
        let mut known: Vec<&str> = known.as_object().unwrap().keys().map(String::as_str).collect();
        named.sort_unstable();
        known.sort_unstable();
        assert_eq!(named, known);
    }

    #[test]
    fn braille_is_any_spinner() {
        let rule = TitleRule { begins: "braille".into(), state: AgentState::Working };
        assert!(rule.matches("⠋ project") && !rule.matches("project"));
    }
}
