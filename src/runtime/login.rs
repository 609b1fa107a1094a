//! Whether a runtime is logged in, as far as that can be told without running it.

use std::path::PathBuf;

use super::Preset;
use super::start::find_program;
use crate::base::Error;

/// The most bytes of a file that are looked through for a word.
const MOST: u64 = 4 << 20;

/// Whether anything says that the preset's program is logged in; also when nothing is known of how it would be.
pub fn logged_in(preset: &Preset) -> bool {
    if preset.login_env.is_empty() && preset.login_files.is_empty() {
        return true;
    }
    preset.login_env.iter().any(|name| variable(preset, name).is_some())
        || preset.login_files.iter().any(|file| is_there(preset, file))
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
    let path = PathBuf::from(path);
    match word {
        None => path.metadata().is_ok_and(|meta| meta.is_file() && meta.len() > 0),
        Some(word) => {
            path.metadata().is_ok_and(|meta| meta.len() <= MOST)
                && std::fs::read_to_string(&path).is_ok_and(|text| text.contains(word))
        }
    }
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
        assert!(!logged_in(&preset));
        assert_eq!(refusal(&preset).exit_code(), 4);
        std::fs::write(home.path().join(".house.json"), "{}").unwrap();
        assert!(!logged_in(&preset), "the file says nothing of an account");
        std::fs::write(home.path().join(".house.json"), r#"{"account": 1}"#).unwrap();
        assert!(logged_in(&preset));
        std::fs::remove_file(home.path().join(".house.json")).unwrap();
        std::fs::create_dir(home.path().join(".house")).unwrap();
        std::fs::write(home.path().join(".house/auth.json"), "x").unwrap();
        assert!(logged_in(&preset));
        preset.env.insert("HOUSE_DIR".into(), "/nowhere".into());
        assert!(!logged_in(&preset));
        preset.env.insert("HOUSE_KEY".into(), "k".into());
        assert!(logged_in(&preset));
        assert!(logged_in(&Preset::default()), "nothing is known of it");
    }
}
