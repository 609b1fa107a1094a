//! `settings/cockpit.toml`: theme, keys, mouse, layout, notifications.

mod fields;
mod file;

use std::collections::BTreeMap;
use std::path::Path;

use crate::base::{Error, Result, files};

use super::app::{Sort, View};
use super::keymap::Keymap;
use super::theme::{Depth, Theme};
use crate::view::AgentState;

pub use fields::{FIELDS, Field, Kind, schema};
pub use file::{changed, value_in};

/// What the file may say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The theme's name.
    pub theme: Option<String>,
    /// Whether the mouse is used; yes unless said otherwise.
    pub mouse: Option<bool>,
    /// How the person is told beside the screen that an agent needs them; by the bell unless said otherwise.
    pub notify: Option<Vec<Notify>>,
    /// Of what they are told.
    pub notify_on: Option<Vec<Occasion>>,
    /// A command that tells them, too.
    pub notify_command: Option<String>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notify {
    /// The terminal's bell.
    Bell,
    /// A notification of the desktop by OSC 9.
    Osc9,
    /// A notification of the desktop by OSC 777.
    Osc777,
    /// A notification of the desktop of the machine the cockpit runs on.
    Desktop,
    /// Not at all.
    Off,
}

/// Something the person may be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// An agent asks something.
    NeedsYou,
    /// An agent gets nowhere.
    Stuck,
    /// An agent's process is gone.
    Dead,
    /// An agent is done.
    Done,
    /// An agent waits for its limit.
    Limited,
    /// An agent's terminal rang.
    Bell,
    /// An agent's terminal sent a message.
    Message,
}

impl Occasion {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::NeedsYou, Self::Stuck, Self::Dead, Self::Done, Self::Limited, Self::Bell, Self::Message];
    /// Their names in the settings, in the same order.
    pub const NAMES: [&str; 7] = ["needs-you", "stuck", "dead", "done", "limited", "bell", "message"];

    /// What an agent that comes to be in `state` is an occasion for.
    pub fn of(state: AgentState) -> Option<Self> {
        match state {
            AgentState::NeedsYou => Some(Self::NeedsYou),
            AgentState::Stuck => Some(Self::Stuck),
            AgentState::Dead => Some(Self::Dead),
            AgentState::Done => Some(Self::Done),
            AgentState::RateLimited => Some(Self::Limited),
            AgentState::Starting | AgentState::Working | AgentState::Idle => None,
        }
    }
}

impl Notify {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Bell, Self::Osc9, Self::Osc777, Self::Desktop, Self::Off];
    /// Their names in the settings, in the same order.
    pub const NAMES: [&str; 5] = ["bell", "osc9", "osc777", "desktop", "off"];
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

    /// The ways in which the person is told.
    pub fn ways(&self) -> &[Notify] {
        self.notify.as_deref().unwrap_or(&[Notify::Bell])
    }

    /// Whether the person is told of this.
    pub fn tells(&self, occasion: Occasion) -> bool {
        match &self.notify_on {
            Some(on) => on.contains(&occasion),
            None => !matches!(occasion, Occasion::Done | Occasion::Limited),
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
