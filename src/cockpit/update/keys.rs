//! Keys: to the agent that is typed into, to the text that is edited, or to an action of the table.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::super::actions::{self, Action, Context};
use super::super::app::{App, Cause, Effect, Overlay};
use super::super::keymap::Match;
use super::super::keys::{self, Chord};
use super::{acting, back, dialogs, jump, moves};

/// A key was pressed, repeated or released.
pub(super) fn key(app: &mut App, key: KeyEvent, effects: &mut Vec<Effect>) {
    if app.typing {
        type_into_agent(app, key, effects);
        return;
    }
    if key.kind == KeyEventKind::Release {
        return;
    }
    app.touch(Cause::Input);
    let context = actions::context(app);
    let chord = Chord::of(&key);
    app.pressed = chord.character();
    let mut sequence = std::mem::take(&mut app.pending);
    sequence.push(chord);
    match app.keymap.find(context, &sequence) {
        Match::Action(action) => act(app, action, effects),
        Match::Prefix => app.pending = sequence,
        Match::Nothing if context == Context::Search => back::key(app, chord),
        Match::Nothing if context == Context::Back => {
            app.say(format!("{} does nothing while looking back; esc leaves", keys::show(&sequence)), false);
        }
        Match::Nothing if context == Context::Jump => jump::key(app, chord),
        Match::Nothing if context == Context::Answer => acting::answer_key(app, key, chord, effects),
        Match::Nothing if !context.is_view() => dialogs::edit(app, key, chord, effects),
        Match::Nothing if sequence.len() > 1 && chord.code == KeyCode::Esc => {}
        Match::Nothing => {
            let help = actions::spec(Action::Help, Context::Main).and_then(|spec| app.keymap.key(spec));
            let help = help.unwrap_or_else(|| "?".into());
            app.say(format!("{} does nothing here; {help} shows all keys", keys::show(&sequence)), false);
        }
    }
}

fn type_into_agent(app: &mut App, key: KeyEvent, effects: &mut Vec<Effect>) {
    let found = app.keymap.find(Context::Typing, &[Chord::of(&key)]);
    if found == Match::Action(Action::LookBack) && key.kind != KeyEventKind::Release {
        app.touch(Cause::Input);
        back::begin(app, -10, effects);
        return;
    }
    let leave = found == Match::Action(Action::Leave);
    if leave {
        if key.kind != KeyEventKind::Release {
            act(app, Action::Leave, effects);
        }
        return;
    }
    match app.selected_session() {
        Some(session) => effects.push(Effect::Key(session.to_owned(), key)),
        None => {
            app.typing = false;
            app.touch(Cause::Input);
        }
    }
}

/// Text was pasted.
pub(super) fn paste(app: &mut App, text: String, effects: &mut Vec<Effect>) {
    if app.typing {
        if let Some(session) = app.selected_session() {
            effects.push(Effect::Paste(session.to_owned(), text));
        }
        return;
    }
    app.touch(Cause::Input);
    match actions::context(app) {
        Context::Message => {
            if let Some(Overlay::Message(message)) = &mut app.overlay {
                message.area.insert_str(text);
            }
        }
        Context::Form => {
            if let Some(Overlay::Form(form)) = &mut app.overlay {
                let place = form.at;
                if let Some(entry) = form.entries.get_mut(place) {
                    let text = if entry.rows == 1 { text.replace(['\n', '\r'], " ") } else { text };
                    entry.area.insert_str(text);
                }
            }
        }
        Context::Main
        | Context::Typing
        | Context::Beads
        | Context::Mail
        | Context::Queue
        | Context::Hooks
        | Context::Agents
        | Context::Convoys
        | Context::Settings
        | Context::Feed
        | Context::Costs => {
            app.say("Pasted text goes nowhere here; press enter on an agent first", false);
        }
        Context::Search => {
            if let Some(back) = &mut app.back {
                back.query.extend(text.chars().filter(|c| !c.is_control()));
            }
        }
        Context::Confirm | Context::Jump | Context::Note | Context::Back => {}
        Context::Filter | Context::Picker | Context::Sling | Context::Answer => {
            for c in text.chars().filter(|c| !c.is_control()) {
                let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
                if let Some(Overlay::Answer(open)) = &mut app.overlay {
                    // Pasted text is words, never a choice.
                    open.text.push(c);
                    continue;
                }
                dialogs::edit(app, key, Chord::of(&key), effects);
            }
        }
    }
}

/// Does `action`, or says why it can't be done.
pub(super) fn act(app: &mut App, action: Action, effects: &mut Vec<Effect>) {
    app.touch(Cause::Input);
    if let Err(why) = actions::available(action, app) {
        app.say(why, false);
        return;
    }
    match action {
        Action::Accept | Action::Cancel if app.back.is_some() && app.overlay.is_none() => {
            back::act(app, action, effects)
        }
        Action::Accept | Action::Cancel | Action::SwitchSide | Action::NextRuntime | Action::Send => {
            dialogs::act(app, action, effects);
        }
        _ if app.overlay.is_some() => dialogs::act(app, action, effects),
        _ if app.back.is_some() => back::act(app, action, effects),
        _ => moves::act(app, action, effects),
    }
}
