//! Telling a runtime that it may trust the directory it starts in, where settings say so: otherwise it asks a person first.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::{Preset, TrustStyle, login};
use crate::base::{Error, Result, ResultExt, files};

/// How old Claude Code's lock has to be to count as left behind.
const STALE: Duration = Duration::from_secs(10);
/// How long its lock is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a command line and an environment get beside the preset's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extra {
    /// Arguments.
    pub args: Vec<String>,
    /// Variables.
    pub env: Vec<(String, String)>,
}

/// Arguments and variables by which the runtime trusts `directory`; where it keeps trust in a file of its own, that is written.
///
/// # Errors
/// When that file is broken or can't be written.
pub fn trust(preset: &Preset, directory: &Path) -> Result<Extra> {
    match preset.trust {
        TrustStyle::None => Ok(Extra::default()),
        TrustStyle::Gemini => {
            let env = vec![("GEMINI_CLI_TRUST_WORKSPACE".into(), "true".into())];
            Ok(Extra { env, ..Extra::default() })
        }
        TrustStyle::Codex => {
            let directory = serde_json::to_string(&directory.to_string_lossy())?;
            let args = vec!["-c".into(), format!("projects={{{directory}={{trust_level=\"trusted\"}}}}")];
            Ok(Extra { args, ..Extra::default() })
        }
        TrustStyle::Claude => {
            if let Some(file) = claude_file(preset) {
                trust_in_claude(&file, directory)?;
            }
            Ok(Extra::default())
        }
    }
}

/// Claude Code's own file of settings: in its configuration directory where one is set, else in the home directory.
fn claude_file(preset: &Preset) -> Option<PathBuf> {
    let set = preset.config_dir_env.as_deref().and_then(|name| login::variable(preset, name));
    let directory = set.or_else(|| login::variable(preset, "HOME"))?;
    Some(PathBuf::from(directory).join(".claude.json"))
}

fn trust_in_claude(file: &Path, directory: &Path) -> Result<()> {
    let key = directory.to_string_lossy().into_owned();
    let trusted = |settings: &Value| settings["projects"][key.as_str()]["hasTrustDialogAccepted"] == true;
    // Who has never run Claude Code is asked more than this, and answers it there.
    let Some(settings) = files::read_json::<Value>(file)? else { return Ok(()) };
    if trusted(&settings) {
        return Ok(());
    }
    let _lock = ClaudeLock::acquire(file)?;
    let Some(mut settings) = files::read_json::<Value>(file)? else { return Ok(()) };
    if trusted(&settings) {
        return Ok(());
    }
    if !settings.is_object() || settings.get("projects").is_some_and(|projects| !projects.is_object()) {
        return Err(Error::failed(format!("{}: not the settings of Claude Code", file.display())));
    }
    match settings["projects"].get_mut(key.as_str()).and_then(Value::as_object_mut) {
        Some(project) => {
            project.insert("hasTrustDialogAccepted".into(), true.into());
        }
        None => settings["projects"][key.as_str()] = json!({"hasTrustDialogAccepted": true}),
    }
    // A link is followed, not replaced by a file.
    let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    files::write_json(&file, &settings, 0o600)
}

/// The lock Claude Code itself takes when it writes its settings: a directory beside the file.
struct ClaudeLock(PathBuf);

impl ClaudeLock {
    fn acquire(file: &Path) -> Result<Self> {
        let mut path = file.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        let start = std::time::Instant::now();
        loop {
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error).with_context(|| format!("lock {}", file.display())),
            }
            let age = path.metadata().and_then(|meta| meta.modified()).ok();
            let age = age.and_then(|at| SystemTime::now().duration_since(at).ok());
            if age.is_some_and(|age| age > STALE) {
                // Whoever removes it first has it; the other finds a new one.
                let _ = std::fs::remove_dir(&path);
            } else if start.elapsed() > PATIENCE {
                return Err(Error::failed(format!("{} is being written by another program", file.display()))
                    .hint(format!("when none runs, remove {}", path.display())));
            } else {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

impl Drop for ClaudeLock {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::builtin;
    use super::*;

    #[test]
    fn only_the_entry_of_the_directory_is_added() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".claude.json");
        let mut preset = builtin("claude").unwrap().clone();
        preset.env.insert("CLAUDE_CONFIG_DIR".into(), home.path().display().to_string());
        trust(&preset, Path::new("/w/a")).unwrap();
        assert!(!file.exists(), "a person who never ran it is not made one who did");
        std::fs::write(&file, r#"{"theme":"dark","projects":{"/w/a":{"x":1},"/w/b":{"y":2}},"z":[3]}"#).unwrap();
        trust(&preset, Path::new("/w/a")).unwrap();
        trust(&preset, Path::new("/w/c")).unwrap();
        let written: Value = files::read_json(&file).unwrap().unwrap();
        let expected = json!({"theme": "dark", "projects": {"/w/a": {"x": 1, "hasTrustDialogAccepted": true},
            "/w/b": {"y": 2}, "/w/c": {"hasTrustDialogAccepted": true}}, "z": [3]});
        assert_eq!(written, expected);
        assert!(!home.path().join(".claude.json.lock").exists());
        std::fs::write(&file, "[1]").unwrap();
        assert!(trust(&preset, Path::new("/w/a")).is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "[1]");
    }

    #[test]
    fn the_others_are_told_when_they_start() {
        let Extra { args, .. } = trust(builtin("codex").unwrap(), Path::new("/w/a \"b\"")).unwrap();
        let table: toml::Table = args[1].parse().unwrap();
        assert_eq!(table["projects"]["/w/a \"b\""]["trust_level"].as_str(), Some("trusted"));
        let Extra { env, .. } = trust(builtin("gemini").unwrap(), Path::new("/w/a")).unwrap();
        assert_eq!(env.len(), 1);
        assert_eq!(trust(builtin("amp").unwrap(), Path::new("/w/a")).unwrap(), Extra::default());
    }
}
