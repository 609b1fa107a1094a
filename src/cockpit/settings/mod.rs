//! `settings/cockpit.toml`: theme, keys, mouse, layout, notifications.

mod fields;
mod file;

use std::collections::BTreeMap;
use std::path::Path;

use crate::base::{Error, Result, files};

use super::app::{Sort, View};
use super::keymap::Keymap;
use super::theme::{Depth, Theme};

pub use fields::{FIELDS, Field, Kind, schema};
pub use file::{changed, value_in};

/// What the file may say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The theme's name.
    pub theme: Option<String>,
    /// Whether the mouse is used; yes unless said otherwise.
    pub mouse: Option<bool>,
    /// How the person is told beside the screen that an agent needs them.
    pub notify: Notify,
    /// Rigs that are never told of.
    pub mute: Vec<String>,
    /// Where things are.
    pub layout: Arrangement,
    /// The keys of actions that should differ from the defaults.
    pub keys: BTreeMap<String, Vec<String>>,
}

/// Where things are on the screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// The view a start begins with; where the last one ended when not given.
    pub start: Option<View>,
    /// The order of agents a start begins with, likewise.
    pub order: Option<Sort>,
    /// How wide the lists are beside a terminal, in hundredths of the screen.
    pub lists: Option<u16>,
    /// Whether what happened stands below the terminal; yes unless said otherwise.
    pub events: Option<bool>,
}

/// How the person is told of something beside the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Bell, Self::Osc9, Self::Osc777, Self::Off];

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
        file::parse(content)
    }

    /// The keys in effect.
    ///
    /// # Errors
    /// When an action or a key is unknown.
    pub fn keymap(&self) -> Result<Keymap> {
        let changes = self.keys.iter().map(|(name, keys)| (name.as_str(), keys.iter().map(String::as_str).collect()));
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

    /// Changes one setting in the file; `None` takes it out. What else is written there stays as it is.
    ///
    /// # Errors
    /// When there is no such setting, or the value makes no sense for it; the file is then as it was.
    pub fn change(path: &Path, key: &str, value: Option<&str>) -> Result<()> {
        let before = files::read_optional(path)?.unwrap_or_default();
        let after = changed(&before, key, value)?;
        if let Some(directory) = path.parent() {
            files::make_dirs(directory, 0o755)?;
        }
        files::write_atomic(path, after.as_bytes(), 0o644)
    }
}

/// A word of a setting that means one of several things.
fn unknown_word(word: &str, words: &[&str]) -> Error {
    let error = Error::usage(format!("{word:?} is none of {}", words.join(", ")));
    match crate::base::text::nearest(word, words.iter().copied()) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint(format!("one of {}", words.join(", "))),
    }
}
