//! The views of mail, merge queue and settings, and what the views ask of the ledger.

use super::super::actions::Action;
use super::super::app::{App, Cause, Effect, Overlay, View};
use super::super::ask::{Setting, Told, wanted};
use super::super::deeds::{Deed, Place};
use super::super::dialogs::{Message, Purpose};
use super::super::settings::Settings;
use super::super::theme::NAMES;
use super::{acting, hooks, keys, moves};

/// The heading of what was spent.
pub(super) const COSTS: &str = "what the models cost";

/// Asks what the screen wants to know and was not asked yet.
pub(super) fn ask(app: &mut App, effects: &mut Vec<Effect>) {
    let wanted = wanted(app);
    for question in &wanted {
        if !app.asked.contains(question) {
            effects.push(Effect::Ask(question.0.clone()));
        }
    }
    app.asked = wanted;
}

/// An answer came.
pub(super) fn told(app: &mut App, told: Told) {
    let changed = match told {
        Told::Beads(lines) => {
            let changed = app.beads.lines.as_ref() != Some(&lines);
            app.beads.take(lines);
            changed
        }
        Told::Bead(bead) => {
            let changed = app.beads.detail.as_ref() != Some(&bead);
            app.beads.detail = Some(bead);
            changed
        }
        Told::Mail(letters) => {
            let changed = app.mail.as_ref() != Some(&letters);
            app.letter = app.letter.min(letters.len().saturating_sub(1));
            app.mail = Some(letters);
            changed
        }
        Told::Request(request) => {
            let changed = app.request.as_ref() != Some(&request);
            app.request = Some(request);
            changed
        }
        Told::Costs(today, lines) => {
            let mut changed = app.cost != today;
            app.cost = today;
            if let Some(Overlay::Note(note)) = &mut app.overlay
                && note.title == COSTS
            {
                changed |= note.lines != lines;
                note.lines = lines;
            }
            changed
        }
        Told::Delays(delays) => {
            let changed = app.delays != delays;
            app.delays = delays;
            changed
        }
        Told::Hooks(rows) => hooks::list(app, rows),
        Told::Hook(picture, inks) => hooks::picture(app, picture, inks),
        Told::Settings(set) => {
            let changed = app.set != set;
            app.set = set;
            changed
        }
    };
    if changed {
        app.touch(Cause::Town);
    }
}

/// The settings file changed.
pub(super) fn settings(app: &mut App, settings: Result<Settings, String>) {
    let applied = settings.and_then(|settings| {
        let keymap = settings.keymap().map_err(|error| error.to_string())?;
        let theme = settings.theme(None).map_err(|error| error.to_string())?;
        Ok((keymap, theme, settings))
    });
    match applied {
        Ok((keymap, theme, settings)) => {
            app.keymap = keymap;
            if settings.theme.is_some() {
                app.theme = theme;
                app.memory.theme = None;
            }
            app.settings = settings;
            app.touch(Cause::Start);
            app.say("settings/cockpit.toml was read again", false);
        }
        Err(problem) => app.say(format!("settings/cockpit.toml: {problem}"), true),
    }
}

/// The rows of the settings view: the cockpit's own, then those of town and rigs.
pub fn rows(app: &App) -> Vec<Setting> {
    let row = |name: &str, value: String, command: &str| Setting {
        place: "cockpit".to_owned(),
        name: name.to_owned(),
        value,
        command: command.to_owned(),
    };
    let mut rows = vec![
        row("theme", format!("{}  (enter: the next of {})", app.theme.name(), NAMES.join(", ")), ""),
        row("mouse", if app.settings.mouse.unwrap_or(true) { "on" } else { "off" }.to_owned(), ""),
        row("notify", app.settings.notify.words().to_owned(), ""),
        row("muted rigs", app.settings.mute.join(", "), ""),
    ];
    let changed: Vec<String> = app.settings.keys.keys().cloned().collect();
    rows.push(row("changed keys", if changed.is_empty() { "none".to_owned() } else { changed.join(", ") }, ""));
    rows.extend(app.set.iter().cloned());
    rows
}

/// An action of these views; `false` when it is none of their own.
pub(super) fn act(app: &mut App, action: Action, effects: &mut Vec<Effect>) -> bool {
    match (app.view, action) {
        (View::Mail, Action::Open) => {
            if let Some(letter) = letter(app).filter(|letter| !letter.read) {
                acting::begin(app, Deed::ReadMail(letter.id), effects);
            }
        }
        (View::Mail, Action::Reply) => {
            if let Some(letter) = letter(app) {
                let purpose = Purpose::Reply(letter.id, letter.subject);
                app.overlay = Some(Overlay::Message(Box::new(Message::new(purpose, &app.theme))));
            }
        }
        (View::Mail, Action::Archive) => {
            if let Some(letter) = letter(app) {
                acting::begin(app, Deed::ArchiveMail(letter.id), effects);
            }
        }
        (
            View::Queue,
            Action::Retry
            | Action::Approve
            | Action::StopMerge
            | Action::First
            | Action::Earlier
            | Action::Later
            | Action::Last,
        ) => {
            if let Some(id) = app.selected_request().map(|entry| entry.id.clone()) {
                let deed = match action {
                    Action::Approve => Deed::Approve(id),
                    Action::StopMerge => Deed::StopMerge(id),
                    Action::First => Deed::Reorder(id, Place::First),
                    Action::Earlier => Deed::Reorder(id, Place::Earlier),
                    Action::Later => Deed::Reorder(id, Place::Later),
                    Action::Last => Deed::Reorder(id, Place::Last),
                    _ => Deed::Retry(id),
                };
                acting::begin(app, deed, effects);
            }
        }
        (View::Queue, Action::Open) => {
            if let Some(worker) = app.selected_request().map(|entry| entry.worker.clone()) {
                hooks::go_to(app, &worker);
            }
        }
        (View::Queue, Action::Reject) => {
            if let Some(id) = app.selected_request().map(|entry| entry.id.clone()) {
                app.overlay = Some(Overlay::Message(Box::new(Message::new(Purpose::Reject(id), &app.theme))));
            }
        }
        (View::Queue, Action::ReadDown) => app.scroll.log = app.scroll.log.saturating_sub(3),
        (View::Queue, Action::ReadUp) => app.scroll.log = (app.scroll.log + 3).min(5000),
        (View::Settings, Action::Open) => change(app, effects),
        (View::Settings, Action::Edit) => effects.push(Effect::Edit(app.settings_file.clone(), None)),
        _ => return false,
    }
    true
}

fn letter(app: &App) -> Option<crate::view::Letter> {
    app.mail.as_ref()?.get(app.letter).cloned()
}

fn change(app: &mut App, effects: &mut Vec<Effect>) {
    let Some(row) = rows(app).into_iter().nth(app.setting) else { return };
    if row.place == "cockpit" && row.name == "theme" {
        moves::act(app, Action::NextTheme, effects);
    } else if row.command.is_empty() {
        effects.push(Effect::Edit(app.settings_file.clone(), None));
    } else {
        app.say(format!("Copied: {}", row.command), false);
        effects.push(Effect::Copy(row.command));
    }
}

/// A row of the view's list was clicked; again opens it.
pub(super) fn click(app: &mut App, index: usize, effects: &mut Vec<Effect>) {
    let before = place(app);
    match app.view {
        View::Beads => app.beads.select_row(index),
        View::Mail => app.letter = index,
        View::Settings => app.setting = index,
        _ => return,
    }
    if before == place(app) {
        keys::act(app, Action::Open, effects);
    }
}

fn place(app: &App) -> usize {
    match app.view {
        View::Beads => app.beads.place(),
        View::Mail => app.letter,
        _ => app.setting,
    }
}
