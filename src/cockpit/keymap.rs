//! Which keys do what: the table's defaults, with the settings' changes on top.

use std::collections::HashMap;

use crate::base::{Error, Result, text};

use super::actions::{Action, Context, Spec, TABLE};
use super::keys::{self, Chord};

/// What a key, with those pressed before it, means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// It is an action.
    Action(Action),
    /// More keys have to follow.
    Prefix,
    /// It means nothing here.
    Nothing,
}

/// The keys in effect.
#[derive(Debug, Clone)]
pub struct Keymap {
    bindings: HashMap<(Context, Vec<Chord>), &'static Spec>,
    shown: HashMap<&'static str, Vec<Vec<Chord>>>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self::build(|spec| spec.keys.iter().filter_map(|key| keys::parse(key).ok()).collect())
    }
}

impl Keymap {
    fn build(mut keys_of: impl FnMut(&'static Spec) -> Vec<Vec<Chord>>) -> Self {
        let mut map = Self { bindings: HashMap::new(), shown: HashMap::new() };
        for spec in TABLE {
            let sequences = keys_of(spec);
            for sequence in &sequences {
                map.bindings.insert((spec.context, sequence.clone()), spec);
            }
            map.shown.insert(spec.name, sequences);
        }
        map
    }

    /// The defaults with `changes` (action name to keys) on top.
    ///
    /// # Errors
    /// When a name is no action's or a key can't be read.
    pub fn with_changes<'a>(changes: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>) -> Result<Self> {
        let mut changed: HashMap<&str, Vec<Vec<Chord>>> = HashMap::new();
        for (name, keys) in changes {
            if !TABLE.iter().any(|spec| spec.name == name) {
                let error = Error::usage(format!("no action is called {name:?}"));
                let near = text::nearest(name, TABLE.iter().map(|spec| spec.name));
                return Err(match near {
                    Some(near) => error.hint(format!("did you mean {near}?")),
                    None => error.hint("the cockpit's help (?) lists the actions"),
                });
            }
            changed.insert(name, keys.into_iter().map(keys::parse).collect::<Result<_>>()?);
        }
        Ok(Self::build(|spec| {
            changed
                .get(spec.name)
                .cloned()
                .unwrap_or_else(|| spec.keys.iter().filter_map(|key| keys::parse(key).ok()).collect())
        }))
    }

    /// What `sequence` means in `context`; a view falls back to the main keys.
    pub fn find(&self, context: Context, sequence: &[Chord]) -> Match {
        match self.find_only(context, sequence) {
            Match::Nothing if context.is_view() && context != Context::Main => self.find_only(Context::Main, sequence),
            found => found,
        }
    }

    fn find_only(&self, context: Context, sequence: &[Chord]) -> Match {
        if let Some(spec) = self.bindings.get(&(context, sequence.to_vec())) {
            return Match::Action(spec.action);
        }
        let continues = |keys: &[Chord]| keys.len() > sequence.len() && keys.starts_with(sequence);
        if self.bindings.keys().any(|(place, keys)| *place == context && continues(keys)) {
            Match::Prefix
        } else {
            Match::Nothing
        }
    }

    /// What may follow `sequence` in `context`: the remaining keys and the action.
    pub fn continuations(&self, context: Context, sequence: &[Chord]) -> Vec<(String, &'static Spec)> {
        let mut found: Vec<(String, &'static Spec)> = self
            .bindings
            .iter()
            .filter(|((place, keys), _)| {
                (*place == context || (context.is_view() && *place == Context::Main))
                    && keys.len() > sequence.len()
                    && keys.starts_with(sequence)
            })
            .map(|((_, keys), spec)| (keys::show(&keys[sequence.len()..]), *spec))
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    }

    /// The first key of an action, as it is shown.
    pub fn key(&self, spec: &Spec) -> Option<String> {
        self.shown.get(spec.name).and_then(|keys| keys.first()).map(|keys| keys::show(keys))
    }

    /// All keys of an action, as they are shown.
    pub fn keys(&self, spec: &Spec) -> Vec<String> {
        self.shown.get(spec.name).map(|all| all.iter().map(|keys| keys::show(keys)).collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chords(text: &str) -> Vec<Chord> {
        keys::parse(text).unwrap()
    }

    #[test]
    fn sequences_wait_for_their_end() {
        let map = Keymap::default();
        assert_eq!(map.find(Context::Main, &chords("]")), Match::Prefix);
        assert_eq!(map.find(Context::Main, &chords("] n")), Match::Action(Action::NextNeeding));
        assert_eq!(map.find(Context::Main, &chords("] x")), Match::Nothing);
        assert_eq!(map.continuations(Context::Main, &chords("g"))[0].0, "g");
    }

    #[test]
    fn settings_replace_the_keys_of_an_action() {
        let map = Keymap::with_changes([("sling", vec!["x", "ctrl-s"])]).unwrap();
        assert_eq!(map.find(Context::Main, &chords("s")), Match::Nothing);
        assert_eq!(map.find(Context::Main, &chords("ctrl-s")), Match::Action(Action::Sling));
        let error = Keymap::with_changes([("slin", vec!["x"])]).unwrap_err();
        assert_eq!(error.hint_text(), Some("did you mean sling?"));
    }
}
