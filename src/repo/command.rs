//! Running the `git` command: arguments as they are, never through a shell, in an environment no caller's hook has bent.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::base::{Error, Result, ResultExt};

/// Variables that tell git which repository to work on (`git rev-parse --local-env-vars`); set inside git's own hooks.
const LOCAL_VARIABLES: [&str; 12] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
];

/// How often a command is run again that met a worktree in the making.
const RACE_RETRIES: u32 = 100;

/// Whether a command failed because another git was just making a worktree: git looks through all of them before it does anything,
/// and dies over one whose files are not written yet.
pub(super) fn met_half_made_worktree(stderr: &str) -> bool {
    stderr.lines().any(|line| line.starts_with("fatal: failed to read ") && line.contains("/worktrees/"))
}

/// One `git` command.
pub(super) struct Git {
    command: Command,
    what: String,
    once: bool,
}

/// What a `git` command gave back.
pub(super) struct Output {
    pub success: bool,
    pub stdout: Vec<u8>,
    pub stderr: String,
    what: String,
}

impl Git {
    fn new() -> Self {
        let mut command = Command::new("git");
        for name in LOCAL_VARIABLES {
            command.env_remove(name);
        }
        command
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_EDITOR", "true")
            .env("GIT_SEQUENCE_EDITOR", "true")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_DEFAULT_REF_FORMAT", "files")
            .env("LC_ALL", "C")
            .env_remove("LANGUAGE")
            .stdin(Stdio::null());
        // A clean-up in the background would outlive us and hold locks.
        command.args(["-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.quotePath=false"]);
        Self { command, what: String::new(), once: false }
    }

    /// A command on the bare repository at `path`; named outright, since people may forbid git to look for bare repositories.
    pub fn bare(path: &Path) -> Self {
        let mut git = Self::new();
        git.command.arg("--git-dir").arg(path);
        git
    }

    /// A command in the working tree at `path`.
    pub fn at(path: &Path) -> Self {
        let mut git = Self::new();
        git.command.arg("-C").arg(path);
        git
    }

    /// A command in no repository.
    pub fn anywhere() -> Self {
        Self::new()
    }

    pub fn config(mut self, setting: &str) -> Self {
        self.command.arg("-c").arg(setting);
        self
    }

    /// Adds arguments; the first ever given is the subcommand and names the command in errors.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        for arg in args {
            if self.what.is_empty() {
                self.what = format!("git {}", arg.as_ref().to_string_lossy());
            }
            self.command.arg(arg);
        }
        self
    }

    pub fn arg(self, arg: impl AsRef<OsStr>) -> Self {
        self.args([arg])
    }

    pub fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    pub fn envs<'a>(mut self, env: impl IntoIterator<Item = &'a (String, String)>) -> Self {
        self.command.envs(env.into_iter().map(|(key, value)| (key, value)));
        self
    }

    /// Never runs it a second time by itself: for commands that may have done half of their work.
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Runs it, whatever its exit code; again when it met a worktree that was just being made.
    pub fn output(mut self) -> Result<Output> {
        let mut tries = 0;
        loop {
            let output = self.command.output().map_err(|error| not_started(&error))?;
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            if !output.status.success() && !self.once && tries < RACE_RETRIES && met_half_made_worktree(&stderr) {
                tries += 1;
                std::thread::sleep(std::time::Duration::from_millis(20));
                continue;
            }
            return Ok(Output { success: output.status.success(), stdout: output.stdout, stderr, what: self.what });
        }
    }

    /// Runs it and gives back its standard output without the last newline; a failing exit code is an error.
    pub fn run(self) -> Result<String> {
        let output = self.output()?.check()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
    }

    /// Runs it and hands each line of its standard error (progress overwrites its line with `\r`) to `progress`.
    pub fn run_with_progress(mut self, progress: &mut dyn FnMut(&str)) -> Result<()> {
        let mut child =
            self.command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(|error| not_started(&error))?;
        let mut stderr = String::new();
        if let Some(mut pipe) = child.stderr.take() {
            let (mut line, mut buffer) = (Vec::new(), [0; 4096]);
            loop {
                let read = match pipe.read(&mut buffer) {
                    Ok(read) => read,
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error).context(&self.what),
                };
                for &byte in &buffer[..read] {
                    if byte != b'\r' && byte != b'\n' {
                        line.push(byte);
                        continue;
                    }
                    let text = String::from_utf8_lossy(&line).into_owned();
                    if byte == b'\n' {
                        stderr.push_str(&text);
                        stderr.push('\n');
                    }
                    if !text.trim().is_empty() {
                        progress(text.trim());
                    }
                    line.clear();
                }
                if read == 0 {
                    break;
                }
            }
            stderr.push_str(&String::from_utf8_lossy(&line));
        }
        let status = child.wait().context(&self.what)?;
        Output { success: status.success(), stdout: Vec::new(), stderr, what: self.what }.check().map(|_| ())
    }
}

fn not_started(error: &std::io::Error) -> Error {
    let message = Error::failed(format!("git could not be started: {error}"));
    if error.kind() == std::io::ErrorKind::NotFound {
        message.hint("install git 2.25 or newer and put it on PATH")
    } else {
        message
    }
}

impl Output {
    /// The same output, or an error when the command failed.
    pub fn check(self) -> Result<Self> {
        if self.success { Ok(self) } else { Err(self.error()) }
    }

    /// What went wrong, in git's words, with a hint where the cause is a common one.
    pub fn error(&self) -> Error {
        let error = Error::failed(format!("{}: {}", self.what, reason(&self.stderr)));
        match hint(&self.stderr) {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// The lines of git's standard error that say why, without its prefixes, advice and progress.
pub(super) fn reason(stderr: &str) -> String {
    let lines: Vec<&str> = stderr
        .lines()
        .map(|line| line.rsplit('\r').next().unwrap_or(line).trim())
        .filter(|line| !line.is_empty() && !line.starts_with("hint:") && !line.starts_with("Cloning into"))
        .collect();
    let telling: Vec<&str> = lines
        .iter()
        .filter(|line| ["fatal:", "error:", "remote:", "ssh:"].iter().any(|prefix| line.starts_with(prefix)))
        .map(|line| line.trim_start_matches("fatal: ").trim_start_matches("error: "))
        .collect();
    let mut chosen = if telling.is_empty() { lines } else { telling };
    chosen.truncate(4);
    if chosen.is_empty() { "failed and said nothing".into() } else { chosen.join("; ") }
}

fn hint(stderr: &str) -> Option<&'static str> {
    let has = |needles: &[&str]| needles.iter().any(|needle| stderr.contains(needle));
    if has(&["could not read Username", "Authentication failed", "terminal prompts disabled"]) {
        Some("git has no credentials for it; set up a credential helper, or use an SSH address")
    } else if has(&["Permission denied (publickey"]) {
        Some("the SSH key was not accepted; check with: ssh -T <host>")
    } else if has(&[
        "Could not resolve host",
        "Could not resolve hostname",
        "unable to access",
        "Connection refused",
        "timed out",
    ]) {
        Some("check the address and the network")
    } else if has(&[
        "does not appear to be a git repository",
        "not found",
        "does not exist",
        "Could not read from remote",
    ]) {
        Some("check the address: is it a git repository that you may read?")
    } else if has(&["No space left on device"]) {
        Some("free some disk space and try again")
    } else if has(&["dubious ownership"]) {
        Some("the repository belongs to another user; see git config safe.directory")
    } else {
        None
    }
}

/// Paths out of git's `-z` output.
pub(super) fn split_nul(bytes: &[u8]) -> impl Iterator<Item = &OsStr> {
    use std::os::unix::ffi::OsStrExt;
    bytes.split(|byte| *byte == 0).filter(|part| !part.is_empty()).map(OsStr::from_bytes)
}

/// Commas between the paths, for messages; at most `most`, then how many more.
pub(super) fn listed(paths: &[OsString], most: usize) -> String {
    let mut text = paths.iter().take(most).map(|path| path.to_string_lossy()).collect::<Vec<_>>().join(", ");
    if paths.len() > most {
        text.push_str(&format!(" and {} more", paths.len() - most));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_git_s_own_without_noise() {
        let stderr = "Cloning into bare repository 'x'...\nfatal: repository '/nope' does not exist\nhint: try this\n";
        assert_eq!(reason(stderr), "repository '/nope' does not exist");
        assert_eq!(reason(""), "failed and said nothing");
    }

    #[test]
    fn a_foreign_git_dir_is_not_inherited() {
        let git = Git::anywhere().args(["version"]);
        let removed = git.command.get_envs().find(|(key, _)| *key == "GIT_INDEX_FILE");
        assert_eq!(removed, Some((OsStr::new("GIT_INDEX_FILE"), None)));
    }
}
