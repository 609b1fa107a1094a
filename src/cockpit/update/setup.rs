//! The settings view: changing what is set where it stands.

use super::super::actions::Action;
use super::super::app::{App, Cause, Effect, Overlay};
use super::super::ask::{Setting, Takes};
use super::super::deeds::Deed;
use super::super::dialogs::{Choose, Message};
use super::super::settings::Settings;
use super::super::setup::rows;
use super::acting;

/// The settings file changed.
pub(super) fn reloaded(app: &mut App, settings: Result<Settings, String>, effects: &mut Vec<Effect>) {
    let applied = settings.and_then(|settings| {
        let keymap = settings.keymap().map_err(|error| error.to_string())?;
        let theme = settings.theme(None).map_err(|error| error.to_string())?;
        Ok((keymap, theme, settings))
    });
    match applied {
        Ok((keymap, theme, settings)) => {
            app.keymap = keymap;
            if settings.theme.is_some() || app.settings.theme.is_some() {
                app.theme = theme;
                app.memory.theme = None;
            }
            let mouse = settings.mouse.unwrap_or(true);
            if mouse != app.settings.mouse.unwrap_or(true) {
                effects.push(Effect::Capture(mouse));
            }
            app.settings = settings;
            app.changes += 1;
            app.touch(Cause::Start);
            app.say("settings/cockpit.toml was read again", false);
        }
        Err(problem) => app.say(format!("settings/cockpit.toml: {problem}"), true),
    }
}

/// An action of the view; `false` when it is none of its own.
pub(super) fn act(app: &mut App, action: Action, effects: &mut Vec<Effect>) -> bool {
    match action {
        Action::Open => {
            if let Some(row) = rows(app).into_iter().nth(app.setting) {
                change(app, row, effects);
            }
        }
        Action::Unset => {
            if let Some(row) = rows(app).into_iter().nth(app.setting) {
                acting::begin(app, Deed::Set { home: row.home, key: row.key, value: None }, effects);
            }
        }
        Action::Edit => effects.push(Effect::Edit(app.settings_file.clone(), None)),
        Action::NextPane => part(app, true),
        Action::PreviousPane => part(app, false),
        _ => return false,
    }
    true
}

/// Goes to the first setting of the next part, or of the part before.
fn part(app: &mut App, forward: bool) {
    let rows = rows(app);
    let firsts: Vec<usize> =
        (0..rows.len()).filter(|&index| index == 0 || rows[index].place != rows[index - 1].place).collect();
    let next = if forward {
        firsts.iter().find(|first| **first > app.setting).or(firsts.first())
    } else {
        firsts.iter().rev().find(|first| **first < app.setting).or(firsts.last())
    };
    app.setting = next.copied().unwrap_or(0);
}

fn change(app: &mut App, row: Setting, effects: &mut Vec<Effect>) {
    match row.takes.clone() {
        Takes::Flag => {
            let value = if row.value == "true" { "false" } else { "true" };
            acting::begin(app, Deed::Set { home: row.home, key: row.key, value: Some(value.to_owned()) }, effects);
        }
        Takes::Words(words) => app.overlay = Some(Overlay::Choose(Box::new(Choose::new(row, words)))),
        Takes::Text | Takes::Keys => {
            // What is only said in words is no value to begin with.
            let row = Setting {
                value: if row.own || row.home != super::super::ask::Home::Cockpit || row.takes == Takes::Keys {
                    row.value
                } else {
                    String::new()
                },
                ..row
            };
            app.overlay = Some(Overlay::Message(Box::new(Message::of_setting(row, &app.theme))));
        }
    }
}
