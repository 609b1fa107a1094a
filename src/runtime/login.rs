//! Whether a runtime is logged in, as far as that can be told without running it.

use std::path::PathBuf;

use super::Preset;
use super::start::find_program;
use crate::base::Error;

/// The most bytes of a file that are looked through for a word.
const MOST: u64 = 4 << 20;

/// What can be told of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// Something says that somebody is logged in.
    There,
    /// Nothing of what would say so is there.
    Missing,
    /// It is not known what would say so: the program keeps its login where it can't be seen, or needs none.
    Unknown,
}

/// What can be told of the login of the preset's program.
pub fn login(preset: &Preset) -> Login {
    if preset.login_env.is_empty() && preset.login_files.is_empty() {
        return Login::Unknown;
    }
    let there = preset.login_env.iter().any(|name| variable(preset, name).is_some())
        || preset.login_files.iter().any(|file| is_there(preset, file));
    if there { Login::There } else { Login::Missing }
}

/// Says that it is not, and how a person logs in.
pub(super) fn refusal(preset: &Preset) -> Error {
    let how = preset.login_hint.as_deref().unwrap_or("run it once and log in");
    let program = find_program(&preset.command).map(|path| path.display().to_string());
    Error::refused(format!(
        "agent runtime `{}`: `{}` is not logged in on this machine",
        preset.name,
        program.unwrap_or_else(|| preset.command.clone())
    ))
    .hint(format!("{how}; `login_env` and `login_files` of an agent of your own say where its login is, if elsewhere"))
}

/// A variable that the program will have.
pub(super) fn variable(preset: &Preset, name: &str) -> Option<String> {
    let own = preset.env.get(name).cloned();
    own.or_else(|| std::env::var(name).ok()).filter(|value| !value.is_empty())
}

/// The program's configuration directory.
pub(super) fn config_dir(preset: &Preset) -> Option<PathBuf> {
    let set = preset.config_dir_env.as_deref().and_then(|name| variable(preset, name));
    set.map(PathBuf::from).or_else(|| Some(at_home(preset, preset.config_dir.as_deref()?)?.into()))
}

fn at_home(preset: &Preset, path: &str) -> Option<String> {
    match path.strip_prefix('~') {
        Some(rest) => Some(format!("{}{rest}", variable(preset, "HOME")?)),
        None => Some(path.to_owned()),
    }
}

fn is_there(preset: &Preset, file: &str) -> bool {
    let (path, word) = file.split_once(": ").map_or((file, None), |(path, word)| (path, Some(word)));
    let Some(mut path) = at_home(preset, path) else { return false };
    if path.contains("{config}") {
        let Some(config) = config_dir(preset) else { return false };
        path = path.replace("{config}", &config.to_string_lossy());
    }
    if path.contains("{data}") {
        let set = variable(preset, "XDG_DATA_HOME").filter(|path| path.starts_with('/'));
        let Some(data) = set.or_else(|| at_home(preset, "~/.local/share")) else { return false };
        path = path.replace("{data}", &data);
    }
    let path = PathBuf::from(path);
    match word {
        None => path.metadata().is_ok_and(|meta| meta.is_file() && meta.len() > 0),
        Some(word) => {
            path.metadata().is_ok_and(|meta| meta.len() <= MOST)
                && std::fs::read_to_string(&path).is_ok_and(|text| holds(&text, word))
        }
    }
}

/// Whether the text of a file holds the word. In an object of JSON, what stands under a key that begins so must not be empty: some
/// programs leave the key behind at a logout.
fn holds(text: &str, word: &str) -> bool {
    let Ok(serde_json::Value::Object(object)) = serde_json::from_str(text) else { return text.contains(word) };
    let mut named = object.iter().filter(|(key, _)| key.starts_with(word)).peekable();
    if named.peek().is_none() {
        return text.contains(word);
    }
    named.any(|(_, value)| !value.is_null() && value.as_str() != Some(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_or_a_file_stands_for_a_login() {
        let home = tempfile::tempdir().unwrap();
        let mut preset = Preset {
            login_env: vec!["HOUSE_KEY".into()],
            login_files: vec!["{config}/auth.json".into(), "~/.house.json: account".into()],
            config_dir: Some("~/.house".into()),
            config_dir_env: Some("HOUSE_DIR".into()),
            ..Preset::default()
        };
        preset.env.insert("HOME".into(), home.path().display().to_string());
        assert_eq!(login(&preset), Login::Missing);
        assert_eq!(refusal(&preset).exit_code(), 4);
        std::fs::write(home.path().join(".house.json"), "{}").unwrap();
        assert_eq!(login(&preset), Login::Missing, "the file says nothing of an account");
        std::fs::write(home.path().join(".house.json"), r#"{"account": ""}"#).unwrap();
        assert_eq!(login(&preset), Login::Missing, "somebody logged out");
        std::fs::write(home.path().join(".house.json"), r#"{"account": 1}"#).unwrap();
        assert_eq!(login(&preset), Login::There);
        std::fs::remove_file(home.path().join(".house.json")).unwrap();
        std::fs::create_dir(home.path().join(".house")).unwrap();
        std::fs::write(home.path().join(".house/auth.json"), "x").unwrap();
        assert_eq!(login(&preset), Login::There);
        preset.env.insert("HOUSE_DIR".into(), "/nowhere".into());
        assert_eq!(login(&preset), Login::Missing);
        preset.env.insert("HOUSE_KEY".into(), "k".into());
        assert_eq!(login(&preset), Login::There);
        assert_eq!(login(&Preset::default()), Login::Unknown);
        let data = Preset {
            login_files: vec!["{data}/house/secrets.json: key@".into()],
            env: [("XDG_DATA_HOME".into(), home.path().display().to_string())].into(),
            ..Preset::default()
        };
        std::fs::create_dir(home.path().join("house")).unwrap();
        std::fs::write(home.path().join("house/secrets.json"), r#"{"key@https://house.example/": ""}"#).unwrap();
        assert_eq!(login(&data), Login::Missing);
        std::fs::write(home.path().join("house/secrets.json"), r#"{"key@https://house.example/": "k"}"#).unwrap();
        assert_eq!(login(&data), Login::There);
    }
}
