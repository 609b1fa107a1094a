//! An agent's command line, and whether its program is there.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::catalogue::{Preset, PromptMode, ResumeStyle};
use super::login::{self, Login};
use crate::base::{Error, Result, ResultExt};
use crate::town::Permission;

/// What a start of an agent depends on beside its preset.
#[derive(Debug, Clone, Copy, Default)]
pub struct StartContext<'a> {
    /// Its first prompt. Ignored where the preset does not take one on the command line.
    pub prompt: Option<&'a str>,
    /// The conversation to take up: its name, or an empty text for the latest.
    pub resume: Option<&'a str>,
    /// The name to give to a new conversation, where the program takes one.
    pub session_id: Option<&'a str>,
    /// Whether it answers this one prompt and ends, where the program can.
    pub print: bool,
    /// Whether it goes on in a copy of the conversation it takes up, where the program can.
    pub fork: bool,
    /// What it may do without asking.
    pub permission: Permission,
    /// The town's directory.
    pub town: &'a str,
}

/// The variables that `preset` sets in this permission mode, its own included.
pub fn environment(preset: &Preset, permission: Permission, town: &str) -> Vec<(String, String)> {
    let by_mode = match permission {
        Permission::Ask => None,
        Permission::Edits => Some(&preset.edits_env),
        Permission::Bypass => Some(&preset.permission_env),
    };
    let all = by_mode.into_iter().flatten().chain(&preset.env);
    all.map(|(key, value)| (key.clone(), value.replace("{town}", town))).collect()
}

/// The program and its arguments, ready to be executed without a shell.
///
/// # Errors
/// When the preset stands for the running binary and that can't be found.
pub fn command_line(preset: &Preset, context: &StartContext<'_>) -> Result<Vec<String>> {
    let mut line = vec![program(preset)?];
    let print: &[String] = if context.print { &preset.print_args } else { &[] };
    let alone = print.first().is_some_and(|word| !word.starts_with('-'));
    if alone {
        line.extend(print.iter().cloned());
    }
    let subcommand_first = preset.resume_style == ResumeStyle::Subcommand;
    let fork = context.fork && !preset.fork_args.is_empty();
    let resume = context.resume.filter(|_| preset.resume_style != ResumeStyle::None).map(|name| {
        let mut words = match (name.is_empty(), fork && subcommand_first) {
            (true, _) => preset.latest_args.clone(),
            (false, true) => preset.fork_args.iter().cloned().chain([name.to_owned()]).collect(),
            (false, false) => preset.resume_args.iter().cloned().chain([name.to_owned()]).collect(),
        };
        if fork && !subcommand_first {
            words.extend(preset.fork_args.iter().cloned());
        }
        words
    });
    if subcommand_first {
        line.extend(resume.clone().unwrap_or_default());
    }
    let by_mode: &[String] = match context.permission {
        Permission::Ask => &[],
        Permission::Edits => &preset.edits_args,
        Permission::Bypass => &preset.permission_args,
    };
    // What a subcommand of its own takes is not what the terminal takes.
    let args: &[String] = if alone { &[] } else { &preset.args };
    line.extend(args.iter().chain(by_mode).map(|arg| arg.replace("{town}", context.town)));
    if !subcommand_first {
        line.extend(resume.clone().unwrap_or_default());
    }
    if let (None, Some(flag), Some(id)) = (&resume, &preset.session_id_flag, context.session_id) {
        line.extend([flag.clone(), id.to_owned()]);
    }
    let Some(prompt) = context.prompt.filter(|prompt| !prompt.is_empty()) else { return Ok(line) };
    if !print.is_empty() {
        line.extend(print.iter().filter(|_| !alone).cloned());
        line.push(prompt.to_owned());
    } else if preset.prompt_mode == PromptMode::Arg {
        line.extend(preset.prompt_flag.clone());
        line.push(prompt.to_owned());
    }
    Ok(line)
}

fn program(preset: &Preset) -> Result<String> {
    if preset.command != "gt" {
        return Ok(preset.command.clone());
    }
    let own = std::env::current_exe().context("find the running gt")?;
    // Linux marks a binary that was replaced while it runs; the new one at the same place is the one to start.
    let own = own.to_string_lossy().into_owned();
    Ok(own.strip_suffix(" (deleted)").unwrap_or(&own).to_owned())
}

/// Makes sure that the preset's program can be started, and that it is logged in as far as that can be told without running it.
///
/// # Errors
/// `NotFound`, with where to get it, when it is not on the search path; refused, with how to log in, when nothing says that it is.
pub fn check_available(preset: &Preset) -> Result<()> {
    if !has_program(preset) {
        let get =
            if preset.install.is_empty() { String::new() } else { format!("install it ({}), or ", preset.install) };
        return Err(Error::not_found(format!(
            "agent runtime `{}`: the program `{}` is not on the search path",
            preset.name, preset.command
        ))
        .hint(format!("{get}choose another with --agent; `--agent script` needs no account")));
    }
    if login::login(preset) == Login::Missing {
        return Err(login::refusal(preset));
    }
    Ok(())
}

/// Whether the preset's program is on the search path.
pub fn has_program(preset: &Preset) -> bool {
    preset.command == "gt" || find_program(&preset.command).is_some()
}

/// The name of a program without its directory.
pub(super) fn program_name(command: &str) -> &str {
    command.rsplit('/').next().unwrap_or_default()
}

pub(super) fn find_program(command: &str) -> Option<PathBuf> {
    let executable =
        |path: &Path| path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0);
    if command.contains('/') {
        return Some(PathBuf::from(command)).filter(|path| executable(path));
    }
    std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join(command)).find(|path| executable(path))
}

/// Splits a command line as a person writes it into words; single and double quotes and backslashes hold words together.
///
/// # Errors
/// When a quote is never closed.
pub fn split_words(line: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"') | None, '\\') => word.get_or_insert_default().extend(chars.next()),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    if let Some(open) = quote {
        return Err(Error::usage(format!("a quote {open} is never closed in: {line}")));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::builtin;
    use super::*;

    fn line(name: &str, context: StartContext<'_>) -> String {
        let context = StartContext { permission: Permission::Bypass, town: "/t", ..context };
        command_line(builtin(name).unwrap(), &context).unwrap().join(" ")
    }

    #[test]
    fn what_it_may_do_is_on_its_command_line() {
        let line = |name, permission| {
            let context = StartContext { permission, town: "/t", ..Default::default() };
            command_line(builtin(name).unwrap(), &context).unwrap().join(" ")
        };
        assert_eq!(line("claude", Permission::Ask), "claude");
        assert_eq!(line("claude", Permission::Edits), "claude --permission-mode acceptEdits");
        assert_eq!(line("claude", Permission::Bypass), "claude --dangerously-skip-permissions");
        assert!(line("codex", Permission::Edits).contains("writable_roots=[\"/t\"]"));
        let env = |permission| environment(builtin("opencode").unwrap(), permission, "/t");
        assert!(env(Permission::Ask).is_empty());
        assert!(env(Permission::Edits)[0].1.contains("ask") && !env(Permission::Bypass)[0].1.contains("ask"));
    }

    #[test]
    fn a_copy_is_a_flag_or_another_subcommand() {
        let copy = StartContext { resume: Some("abc"), fork: true, ..Default::default() };
        assert_eq!(line("claude", copy), "claude --dangerously-skip-permissions --resume abc --fork-session");
        assert!(line("codex", copy).starts_with("codex fork abc --no-daemon"));
        assert!(line("gemini", copy).ends_with("--resume abc"));
    }

    #[test]
    fn a_question_is_answered_without_a_terminal() {
        let asked = |name, fork| {
            let permission = Permission::Ask;
            let (prompt, resume) = (Some("why?"), Some("abc"));
            let context = StartContext { prompt, resume, print: true, fork, permission, ..Default::default() };
            command_line(builtin(name).unwrap(), &context).unwrap().join(" ")
        };
        assert_eq!(asked("claude", true), "claude --resume abc --fork-session -p why?");
        assert_eq!(asked("codex", true), "codex exec --skip-git-repo-check fork abc why?");
        assert_eq!(asked("gemini", true), "gemini --resume abc -p why?");
        assert_eq!(asked("opencode", true), "opencode run --session abc --fork why?");
    }

    #[test]
    fn prompts_go_where_each_program_wants_them() {
        let start = StartContext { prompt: Some("go"), session_id: Some("id"), ..Default::default() };
        assert_eq!(line("claude", start), "claude --dangerously-skip-permissions --session-id id go");
        assert_eq!(line("gemini", start), "gemini --approval-mode yolo --session-id id -i go");
        assert_eq!(line("amp", start), "amp --no-ide --dangerously-allow-all");
        assert!(line("script", start).ends_with(" script-agent"));
    }

    #[test]
    fn resuming_is_a_flag_or_a_subcommand() {
        let resume = StartContext { resume: Some("abc"), session_id: Some("new"), ..Default::default() };
        assert_eq!(line("claude", resume), "claude --dangerously-skip-permissions --resume abc");
        assert_eq!(
            line("codex", resume),
            "codex resume abc --no-daemon -c allow_login_shell=false --dangerously-bypass-approvals-and-sandbox"
        );
        let latest = StartContext { resume: Some(""), ..Default::default() };
        assert_eq!(line("amp", latest), "amp threads continue --no-ide --dangerously-allow-all");
        assert!(line("script", latest).ends_with(" script-agent"));
    }

    #[test]
    fn words_of_a_person() {
        assert_eq!(split_words("a 'b c' \"d \\\" e\" f\\ g ''").unwrap(), ["a", "b c", "d \" e", "f g", ""]);
        assert!(split_words("a 'b").is_err());
        assert!(split_words("  ").unwrap().is_empty());
    }

    #[test]
    fn a_missing_program_says_where_to_get_it() {
        let mut preset = builtin("claude").unwrap().clone();
        preset.command = "no-such-program-at-all".into();
        let error = check_available(&preset).unwrap_err();
        assert_eq!(error.exit_code(), 3);
        assert!(error.hint_text().unwrap().contains("https://claude.ai/code"));
        preset.command = "/bin/sh".into();
        (preset.login_env, preset.login_files) = (Vec::new(), Vec::new());
        assert!(check_available(&preset).is_ok());
    }
}
