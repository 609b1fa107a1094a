//! Lifecycle hooks of each runtime in its own format: written outside the project's tree, or excluded from it.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{HookFormat, Preset, lifecycle};
use crate::base::{Result, ResultExt, files};
use crate::repo::Worktree;
use crate::town::{Permission, Town};

/// What a runtime's command line and environment get beside the preset's, for its hooks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hooked {
    /// Arguments.
    pub args: Vec<String>,
    /// Variables.
    pub env: Vec<(String, String)>,
    /// Whether the hooks tell the agent who it is when it starts.
    pub primes: bool,
    /// Whether the hooks tell the conversation's name.
    pub names: bool,
}

/// The session whose hooks are written.
#[derive(Debug, Clone, Copy)]
pub struct Hooking<'a> {
    /// Its town.
    pub town: &'a Town,
    /// Its name.
    pub session: &'a str,
    /// Its runtime.
    pub preset: &'a Preset,
    /// Where it works.
    pub directory: &'a Path,
    /// What it may do without asking.
    pub permission: Permission,
}

const CLAUDE_EVENTS: &[&str] = &[
    "SessionStart",
    "SessionEnd",
    "UserPromptSubmit",
    "PostToolUse",
    "Notification",
    "Stop",
    "StopFailure",
    "PreCompact",
];
const CODEX_EVENTS: &[&str] =
    &["SessionStart", "UserPromptSubmit", "PostToolUse", "PermissionRequest", "PreCompact", "Stop"];
const GEMINI_EVENTS: &[&str] =
    &["SessionStart", "SessionEnd", "BeforeAgent", "AfterTool", "AfterAgent", "Notification", "PreCompress"];
const CURSOR_EVENTS: &[&str] =
    &["sessionStart", "beforeSubmitPrompt", "postToolUse", "preCompact", "stop", "sessionEnd"];
const COPILOT_EVENTS: &[&str] = &["sessionStart", "userPromptSubmitted", "postToolUse", "errorOccurred", "sessionEnd"];

/// Where Gemini CLI looks for a project's settings.
const GEMINI_FILE: &str = ".gemini/settings.json";
/// Where Cursor looks for a project's hooks.
const CURSOR_FILE: &str = ".cursor/hooks.json";
/// One of the files of hooks that Copilot reads in a project.
const COPILOT_FILE: &str = ".github/hooks/gastown.json";

/// Commands an agent in the mode `edits` may run without asking.
const ALLOWED: &[&str] = &["gt", "bd", "git"];

/// Writes the hook files of a session and says how its runtime is made to read them.
///
/// # Errors
/// When the town or the worktree can't be written, or the running binary can't be found.
pub fn install(hooking: &Hooking<'_>) -> Result<Hooked> {
    let Hooking { town, session, preset, directory, .. } = *hooking;
    let own = lifecycle::directory(town, session);
    let all = Hooked { primes: true, names: true, ..Hooked::default() };
    match preset.hooks {
        HookFormat::Claude => {
            let path = own.join("claude.json");
            write(&path, &claude(hooking.permission)?)?;
            Ok(Hooked { args: vec!["--settings".into(), path.display().to_string()], ..all })
        }
        HookFormat::Gemini => {
            // Settings outside the worktree it takes only from files that belong to root.
            let written = beside(directory, GEMINI_FILE, &gemini(hooking.permission)?)?;
            Ok(Hooked { primes: written, names: written, ..Hooked::default() })
        }
        HookFormat::Codex => Ok(Hooked { args: codex()?, ..all }),
        HookFormat::Opencode => super::opencode::install(preset, &own).map(|env| match env {
            Some(env) => Hooked { env, ..all },
            None => Hooked::default(),
        }),
        HookFormat::Cursor => {
            let mut hooks = Map::new();
            for event in CURSOR_EVENTS {
                hooks.insert((*event).into(), json!([{"command": command(event)?}]));
            }
            let written = beside(directory, CURSOR_FILE, &json!({"version": 1, "hooks": hooks}))?;
            Ok(Hooked { primes: written, names: written, ..Hooked::default() })
        }
        HookFormat::Copilot => {
            let mut hooks = Map::new();
            for event in COPILOT_EVENTS {
                hooks.insert((*event).into(), json!([{"type": "command", "bash": command(event)?, "timeoutSec": 10}]));
            }
            let written = beside(directory, COPILOT_FILE, &json!({"version": 1, "hooks": hooks}))?;
            // What its hooks answer does not reach the model.
            Ok(Hooked { names: written, ..Hooked::default() })
        }
        HookFormat::None => Ok(Hooked::default()),
    }
}

fn claude(permission: Permission) -> Result<Value> {
    // Claude Code counts seconds, Gemini CLI milliseconds.
    let mut settings = command_hooks(CLAUDE_EVENTS, "", 10)?;
    match permission {
        Permission::Ask => {}
        Permission::Edits => {
            let rules: Vec<String> = ALLOWED.iter().map(|program| format!("Bash({program}:*)")).collect();
            settings["permissions"] = json!({"allow": rules});
        }
        // Who has chosen to let it work without asking need not be asked whether that is meant.
        Permission::Bypass => settings["skipDangerousModePermissionPrompt"] = true.into(),
    }
    Ok(settings)
}

fn gemini(permission: Permission) -> Result<Value> {
    // Context given at the start does not reach the model when the first prompt is on the command line.
    let mut settings = command_hooks(GEMINI_EVENTS, "--late ", 10_000)?;
    if permission == Permission::Edits {
        let rules: Vec<String> = ALLOWED.iter().map(|program| format!("run_shell_command({program})")).collect();
        settings["tools"] = json!({"allowed": rules});
    }
    Ok(settings)
}

fn codex() -> Result<Vec<String>> {
    // Hooks that are new have to be trusted by hand otherwise, at every start.
    let mut args = vec!["--dangerously-bypass-hook-trust".to_owned()];
    for event in CODEX_EVENTS {
        // A JSON string without control characters is a TOML string too.
        let command = serde_json::to_string(&command(event)?)?;
        args.push("-c".into());
        args.push(format!("hooks.{event}=[{{hooks=[{{type=\"command\",command={command},timeout=10}}]}}]"));
    }
    Ok(args)
}

/// Writes a file of hooks into the worktree, where git does not see it. Not where the project has a file of that name itself.
fn beside(directory: &Path, name: &str, value: &Value) -> Result<bool> {
    let path = directory.join(name);
    match Worktree::open(directory) {
        Ok(worktree) => {
            if worktree.is_tracked(name)? {
                return Ok(false);
            }
            worktree.exclude(&[&format!("/{name}")])?;
        }
        // The mayor's directory is no worktree; a file that is not ours is left alone all the same.
        Err(_) if path.exists() => {
            let ours = std::fs::read_to_string(&path).is_ok_and(|text| text.contains(" hook-event "));
            if !ours {
                return Ok(false);
            }
        }
        Err(_) => {}
    }
    if let Some(parent) = path.parent() {
        files::make_dirs(parent, 0o755)?;
    }
    files::write_json(&path, value, 0o600)?;
    Ok(true)
}

fn command_hooks(events: &[&str], options: &str, timeout: u64) -> Result<Value> {
    let mut hooks = Map::new();
    for event in events {
        let hook = json!({"type": "command", "name": "gastown", "command": command(&format!("{options}{event}"))?, "timeout": timeout});
        hooks.insert((*event).to_owned(), json!([{"matcher": "*", "hooks": [hook]}]));
    }
    Ok(json!({"hooks": hooks}))
}

/// The running binary.
pub(super) fn own_binary() -> Result<String> {
    let own = std::env::current_exe().context("find the running gt")?.to_string_lossy().into_owned();
    // Linux marks a binary that was replaced while it runs; the new one at the same place is the one to call.
    Ok(own.strip_suffix(" (deleted)").unwrap_or(&own).to_owned())
}

fn command(words: &str) -> Result<String> {
    Ok(format!("'{}' hook-event {words}", own_binary()?.replace('\'', r"'\''")))
}

pub(super) fn write(path: &Path, value: &Value) -> Result<()> {
    if let Some(directory) = path.parent() {
        files::make_dirs(directory, 0o700)?;
    }
    files::write_json(path, value, 0o600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_allowed_and_nothing_but_our_own_commands() {
        let settings = claude(Permission::Edits).unwrap();
        assert_eq!(settings["permissions"]["allow"], json!(["Bash(gt:*)", "Bash(bd:*)", "Bash(git:*)"]));
        assert!(settings.get("skipDangerousModePermissionPrompt").is_none());
        assert_eq!(claude(Permission::Bypass).unwrap()["skipDangerousModePermissionPrompt"], true);
        assert!(claude(Permission::Ask).unwrap().get("permissions").is_none());
    }

    #[test]
    fn codex_reads_its_hooks_as_toml() {
        for pair in codex().unwrap()[1..].chunks(2) {
            let table: toml::Table = pair[1].parse().unwrap();
            let event = table["hooks"].as_table().unwrap().keys().next().unwrap().clone();
            let command = table["hooks"][&event][0]["hooks"][0]["command"].as_str().unwrap();
            assert!(command.ends_with(&format!(" hook-event {event}")), "{command}");
        }
    }
}
