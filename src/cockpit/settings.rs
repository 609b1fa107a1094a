//! `settings/cockpit.toml`: theme, keys, mouse.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::base::{Error, Result, files, text};

use super::keymap::Keymap;
use super::theme::{Depth, Theme};

/// What the file may say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The theme's name.
    pub theme: Option<String>,
    /// Whether the mouse is used; yes unless said otherwise.
    pub mouse: Option<bool>,
    /// How the person is told beside the screen that an agent needs them.
    pub notify: Notify,
    /// Rigs that are never told of.
    pub mute: Vec<String>,
    /// The keys of actions that should differ from the defaults.
    pub keys: BTreeMap<String, Keys>,
}

/// How the person is told of something beside the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// The terminal's bell.
    #[default]
    Bell,
    /// A notification of the desktop by OSC 9.
    Osc9,
    /// A notification of the desktop by OSC 777.
    Osc777,
    /// Not at all.
    Off,
}

impl Notify {
    /// Its name in the settings.
    pub fn words(self) -> &'static str {
        match self {
            Self::Bell => "bell",
            Self::Osc9 => "osc9",
            Self::Osc777 => "osc777",
            Self::Off => "off",
        }
    }
}

/// One key or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Keys {
    /// One.
    One(String),
    /// Several; none takes the action's keys away.
    Many(Vec<String>),
}

const KNOWN: [&str; 5] = ["theme", "mouse", "notify", "mute", "keys"];

impl Settings {
    /// Reads the file; the defaults when there is none.
    ///
    /// # Errors
    /// When it can't be read or says something unknown; names file and line.
    pub fn read(path: &Path) -> Result<Self> {
        match files::read_optional(path)? {
            Some(text) => Self::parse(&text).map_err(|error| error.context(path.display())),
            None => Ok(Self::default()),
        }
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// As [`Settings::read`], without the file's name.
    pub fn parse(content: &str) -> Result<Self> {
        let table: toml::Table = content.parse().map_err(|error: toml::de::Error| {
            Error::failed(error.to_string().trim_end().to_owned()).hint("mend the line shown, or remove the file")
        })?;
        for key in table.keys() {
            if !KNOWN.contains(&key.as_str()) {
                let line =
                    content.lines().position(|line| line.trim_start().starts_with(key.as_str())).map_or(1, |n| n + 1);
                let error = Error::failed(format!("line {line}: unknown setting {key:?}"));
                return Err(match text::nearest(key, KNOWN) {
                    Some(near) => error.hint(format!("did you mean {near}?")),
                    None => error.hint(format!("settings are {}", KNOWN.join(", "))),
                });
            }
        }
        table.try_into().map_err(|error: toml::de::Error| {
            Error::failed(error.to_string().trim_end().to_owned())
                .hint("theme = \"light\", mouse = true, [keys] sling = \"s\"")
        })
    }

    /// The keys in effect.
    ///
    /// # Errors
    /// When an action or a key is unknown.
    pub fn keymap(&self) -> Result<Keymap> {
        let changes = self.keys.iter().map(|(name, keys)| {
            let keys = match keys {
                Keys::One(key) => vec![key.as_str()],
                Keys::Many(keys) => keys.iter().map(String::as_str).collect(),
            };
            (name.as_str(), keys)
        });
        Keymap::with_changes(changes)
    }

    /// The theme in effect: `wanted` (from the command line), else `GT_THEME`, else this file's, else dark.
    ///
    /// # Errors
    /// When there is no such theme.
    pub fn theme(&self, wanted: Option<&str>) -> Result<Theme> {
        let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let depth = Depth::detect(env);
        let from_env = env("GT_THEME");
        match wanted.or(from_env.as_deref()).or(self.theme.as_deref()) {
            Some(name) => Theme::named(name, depth),
            None => Ok(Theme::dark(depth)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let error = Settings::parse("theme = \"dark\"\nthemes = 1\n").unwrap_err();
        assert!(error.message().contains("line 2"), "{error:?}");
        assert_eq!(error.hint_text(), Some("did you mean theme?"));
        assert!(Settings::parse("theme = \n").unwrap_err().message().contains("line 1"));
        let settings = Settings::parse("[keys]\nsling = [\"S\", \"ctrl-s\"]\nzoom = \"Z\"\n").unwrap();
        assert!(settings.keymap().is_ok());
        assert!(Settings::parse("[keys]\nslin = \"x\"\n").unwrap().keymap().is_err());
    }
}
