//! Completion in the shell: the script that a shell reads once, and the answers that it asks for at every tab.

use std::ffi::{OsStr, OsString};

use clap::builder::StyledStr;
use clap_complete::CompletionCandidate;
use clap_complete::engine::{ArgValueCompleter, PathCompleter, ValueCompleter};
use clap_complete::env::Shells;

use super::{Error, Result, ResultExt, text};

/// The variable by which a shell's script asks.
const ASKED: &str = "GT_COMPLETE";
/// More are of no help to anybody.
const MOST: usize = 500;

/// Something an argument may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What is typed.
    pub value: String,
    /// What it is.
    pub about: String,
}

impl Candidate {
    /// A candidate.
    pub fn new(value: impl Into<String>, about: impl Into<String>) -> Self {
        Self { value: value.into(), about: about.into() }
    }
}

/// Where an argument's values come from.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// What the function finds for the beginning that is typed.
    Found(fn(&str) -> Vec<Candidate>),
    /// Files.
    Files,
    /// Directories.
    Directories,
}

impl ValueCompleter for Source {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let find = match self {
            Self::Files => return PathCompleter::file().complete(current),
            Self::Directories => return PathCompleter::dir().complete(current),
            Self::Found(find) => find,
        };
        let Some(begun) = current.to_str() else { return Vec::new() };
        // A shell would read other characters in its own way.
        let harmless = |c: char| c.is_alphanumeric() || "-_./@:+".contains(c);
        find(begun)
            .into_iter()
            .filter(|one| one.value.starts_with(begun) && one.value.chars().all(harmless))
            .take(MOST)
            .map(|one| {
                let about = text::truncate(&text::neutralise(&one.about, true), 60).into_owned();
                let about = (!about.is_empty()).then(|| StyledStr::from(about));
                CompletionCandidate::new(one.value).help(about)
            })
            .collect()
    }
}

/// `command` with the sources that `choose` gives for the arguments of its commands; it is asked with the words of the command
/// and the argument.
pub fn teach(command: clap::Command, choose: &dyn Fn(&str, &clap::Arg) -> Option<Source>) -> clap::Command {
    let path = command.get_name().to_owned();
    below(command, &path, choose)
}

fn below(command: clap::Command, path: &str, choose: &dyn Fn(&str, &clap::Arg) -> Option<Source>) -> clap::Command {
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let mut command = command.mut_args(|arg| {
        let takes = arg.get_num_args().is_none_or(|count| count.takes_values());
        match choose(path, &arg).filter(|_| takes && arg.get_action().takes_values()) {
            Some(source) => arg.add(ArgValueCompleter::new(source)),
            None => arg,
        }
    });
    for name in names {
        let path = format!("{path} {name}");
        command = command.mut_subcommand(&name, |sub| below(sub, &path, choose));
    }
    command
}

/// The script for `shell` that completes `program`, which has to be on the search path then.
///
/// # Errors
/// When there is none for that shell.
pub fn script(shell: &str, program: &str) -> Result<String> {
    let shells = Shells::builtins();
    let completer = shells.completer(shell).ok_or_else(|| {
        Error::usage(format!("no completion for {shell}")).hint("bash, zsh, fish, elvish or powershell")
    })?;
    let mut script = Vec::new();
    completer.write_registration(ASKED, program, program, program, &mut script).context("the completion script")?;
    let mut script = String::from_utf8_lossy(&script).trim_start().to_owned();
    if shell == "zsh" {
        // From a file in $fpath zsh runs the whole script as the function _gt: the first time it has to complete as well.
        script += &format!(
            "\nif [ \"$funcstack[1]\" = \"_{program}\" ]; then\n    _clap_dynamic_completer_{program} \"$@\"\nfi\n"
        );
    }
    Ok(script)
}

/// The shells there are scripts for.
pub fn shells() -> Vec<&'static str> {
    Shells::builtins().names().collect()
}

/// Answers a shell that asks; `false` when none does.
///
/// # Errors
/// When standard output can't be written.
pub fn answer(args: &[OsString], command: impl FnOnce() -> clap::Command) -> Result<bool> {
    let Some(shell) = std::env::var_os(ASKED).filter(|shell| !shell.is_empty()) else { return Ok(false) };
    let shells = Shells::builtins();
    let Some(completer) = shells.completer(&shell.to_string_lossy()) else { return Ok(false) };
    let args: Vec<OsString> = match args.iter().position(|arg| arg == "--") {
        Some(at) => args[at + 1..].to_vec(),
        None => return Ok(false),
    };
    if args.is_empty() {
        return Ok(true);
    }
    let mut command = command();
    let here = std::env::current_dir().ok();
    let mut out = Vec::new();
    completer.write_complete(&mut command, args, here.as_deref(), &mut out).context("complete")?;
    match std::io::Write::write_all(&mut std::io::stdout().lock(), &out) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("standard output"),
        _ => Ok(true),
    }
}
