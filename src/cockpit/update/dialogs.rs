//! Keys and choices inside the dialogs and the filter line.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use tui_textarea::TextArea;

use super::super::actions::{self, Action, Context, TABLE};
use super::super::app::{App, Effect, Overlay, Pane, View};
use super::super::deeds::Deed;
use super::super::dialogs::{Preview, Query, Side, Sling};
use super::super::form::Subject;
use super::super::keys::Chord;
use super::super::palette::Choice;
use super::{acting, beads, keys, moves};

/// A key that is no action: it edits the text at hand.
pub(super) fn edit(app: &mut App, key: KeyEvent, chord: Chord, effects: &mut Vec<Effect>) {
    match &mut app.overlay {
        Some(Overlay::Help(help)) => edit_query(&mut help.query, chord),
        Some(Overlay::Palette(palette)) => edit_query(&mut palette.query, chord),
        Some(Overlay::Journal(journal)) => edit_query(&mut journal.query, chord),
        Some(Overlay::Answer(_) | Overlay::Confirm(_) | Overlay::Note(_)) => {}
        Some(Overlay::Choose(choose)) => edit_query(&mut choose.query, chord),
        Some(Overlay::Form(form)) => {
            form.warned = false;
            let place = form.at;
            let Some(entry) = form.entries.get_mut(place) else { return };
            if entry.rows == 1 && key.code == KeyCode::Enter {
                form.step(true);
            } else {
                write(&mut entry.area, key, chord);
            }
        }
        Some(Overlay::Sling(sling)) => {
            match sling.side {
                Side::Beads => edit_query(&mut sling.query, chord),
                Side::Target => {
                    sling.steered = true;
                    edit_query(&mut sling.target, chord);
                }
            }
            ask_plan(sling, effects);
        }
        Some(Overlay::Message(message)) => {
            let new_line = key.code == KeyCode::Enter
                || chord == Chord { code: KeyCode::Char('j'), modifiers: KeyModifiers::CONTROL };
            if new_line {
                message.area.insert_newline();
            } else {
                write(&mut message.area, key, chord);
            }
        }
        None => {
            let mut query = Query { text: std::mem::take(&mut app.filter), row: 0 };
            edit_query(&mut query, chord);
            app.filter = query.text;
            moves::select_shown(app);
        }
    }
}

/// A key in a text; ctrl-u takes back the line before the cursor, as it does where one searches.
fn write(area: &mut TextArea<'static>, key: KeyEvent, chord: Chord) {
    if chord == (Chord { code: KeyCode::Char('u'), modifiers: KeyModifiers::CONTROL }) {
        area.delete_line_by_head();
    } else {
        area.input(key);
    }
}

fn edit_query(query: &mut Query, chord: Chord) {
    let control = chord.modifiers == KeyModifiers::CONTROL;
    match chord.code {
        KeyCode::Backspace => query.pop(),
        KeyCode::Char('h') if control => query.pop(),
        KeyCode::Char('u') if control => *query = Query::default(),
        KeyCode::Char('w') if control => {
            let kept = query.text.trim_end().rfind(' ').map_or(0, |space| space + 1);
            query.text.truncate(kept);
            query.row = 0;
        }
        _ => {
            if let Some(c) = chord.character() {
                query.push(c);
            }
        }
    }
}

/// An action inside a dialog or the filter line.
pub(super) fn act(app: &mut App, action: Action, effects: &mut Vec<Effect>) {
    if app.overlay.is_none() {
        app.jumping = false;
        if !app.filtering {
            return;
        }
        app.filtering = false;
        if action == Action::Cancel {
            app.filter.clear();
        }
        return;
    }
    let page = isize::from(app.layout.dialog.map_or(5, |area| i16::try_from(area.height / 2).unwrap_or(5)));
    match action {
        Action::Cancel => close(app),
        Action::Down => step(app, 1, effects),
        Action::Up => step(app, -1, effects),
        Action::PageDown => step(app, page, effects),
        Action::PageUp => step(app, -page, effects),
        Action::Mark => mark(app, effects),
        Action::SwitchSide if matches!(app.overlay, Some(Overlay::Sling(_))) => {
            if let Some(Overlay::Sling(sling)) = &mut app.overlay {
                sling.side = if sling.side == Side::Beads { Side::Target } else { Side::Beads };
            }
        }
        Action::NextRuntime => {
            if let Some(Overlay::Sling(sling)) = &mut app.overlay {
                sling.next_runtime();
                ask_plan(sling, effects);
            }
        }
        Action::StopTask => acting::stop_task(app, effects),
        Action::CopyCommand => copy_command(app, effects),
        Action::Accept => accept(app, effects),
        Action::AnswerAll => acting::accept_answer(app, true, effects),
        Action::NextNeeding => acting::skip(app),
        Action::Open => {
            app.overlay = None;
            keys::act(app, Action::Open, effects);
        }
        Action::SwitchSide
        | Action::PreviousPane
        | Action::NextPriority
        | Action::NextKind
        | Action::NextRig
        | Action::Send
            if matches!(app.overlay, Some(Overlay::Form(_))) =>
        {
            beads::form(app, action, effects);
        }
        Action::Yes => acting::confirmed(app, true, effects),
        Action::No => acting::confirmed(app, false, effects),
        Action::Send => acting::send(app, effects),
        _ => {}
    }
}

/// Closes the dialog; a text that would be lost only when asked twice.
fn close(app: &mut App) {
    if let Some(Overlay::Form(form)) = &mut app.overlay
        && form.changed()
        && !form.warned
    {
        form.warned = true;
        let done = if form.subject == Subject::Letter { "sent" } else { "saved" };
        app.say(format!("It is not {done}; once more leaves it"), false);
        return;
    }
    app.overlay = None;
}

/// Moves the highlight of the dialog on top.
pub(super) fn step(app: &mut App, step: isize, effects: &mut Vec<Effect>) {
    let rows = match &app.overlay {
        Some(Overlay::Help(help)) => help.lines(app).len(),
        Some(Overlay::Palette(palette)) => palette.rows().len(),
        Some(Overlay::Sling(sling)) if sling.side == Side::Beads => sling.shown().len(),
        Some(Overlay::Sling(sling)) => sling.shown_targets().len(),
        Some(Overlay::Journal(journal)) => journal.lines(app).len(),
        Some(Overlay::Note(note)) => {
            // As far as its last line.
            let area = app.layout.dialog.unwrap_or_default();
            let lines = super::super::render::note_lines(note, area.width.saturating_sub(6)).len();
            (lines + 1).saturating_sub(usize::from(area.height.saturating_sub(3)))
        }
        Some(Overlay::Choose(choose)) => choose.shown().len(),
        Some(Overlay::Answer(_)) => {
            acting::step_choice(app, step);
            return;
        }
        Some(Overlay::Message(_) | Overlay::Confirm(_) | Overlay::Form(_)) | None => 0,
    };
    match &mut app.overlay {
        Some(Overlay::Help(help)) => help.query.step(step, rows),
        Some(Overlay::Palette(palette)) => palette.query.step(step, rows),
        Some(Overlay::Sling(sling)) => {
            match sling.side {
                Side::Beads => sling.query.step(step, rows),
                Side::Target => {
                    sling.steered = true;
                    sling.target.step(step, rows);
                }
            }
            ask_plan(sling, effects);
        }
        Some(Overlay::Journal(journal)) => journal.query.step(step, rows),
        Some(Overlay::Choose(choose)) => choose.query.step(step, rows),
        Some(Overlay::Note(note)) => note.scroll = note.scroll.saturating_add_signed(step).min(rows.saturating_sub(1)),
        Some(Overlay::Message(_) | Overlay::Answer(_) | Overlay::Confirm(_) | Overlay::Form(_)) | None => {}
    }
}

/// Marks the highlighted bead, or takes its mark away, and goes on to the next.
pub(super) fn mark(app: &mut App, effects: &mut Vec<Effect>) {
    let Some(Overlay::Sling(sling)) = &mut app.overlay else { return };
    if sling.side == Side::Target {
        return;
    }
    let rows = sling.shown().len();
    let Some(id) = sling.shown().get(sling.query.row).map(|(bead, _)| bead.id.clone()) else { return };
    if !sling.marks.remove(&id) {
        sling.marks.insert(id);
    }
    sling.query.step(1, rows);
    sling.follow_marks();
    ask_plan(sling, effects);
}

/// Asks what slinging would do, when beads and target are chosen and differ from what was asked last.
pub(super) fn ask_plan(sling: &mut Sling, effects: &mut Vec<Effect>) {
    match sling.order() {
        Some(order) => {
            sling.asked += 1;
            sling.preview = Preview::Asking;
            effects.push(Effect::Plan(sling.asked, order));
        }
        None => sling.preview = Preview::Empty,
    }
}

/// Copies the command line that does the same as the highlighted row.
fn copy_command(app: &mut App, effects: &mut Vec<Effect>) {
    let command = match &app.overlay {
        Some(Overlay::Palette(palette)) => palette.chosen().and_then(|row| row.choice.command(app)),
        Some(Overlay::Journal(_)) => {
            accept(app, effects);
            return;
        }
        _ => None,
    };
    match command {
        Some(command) => {
            app.say(format!("Copied: {command}"), false);
            effects.push(Effect::Copy(command));
        }
        None => app.say("No command line does that", false),
    }
}

/// Goes to the view in which an action has its key, and does there what needs nothing selected.
fn go_where(app: &mut App, context: Context, action: Action, effects: &mut Vec<Effect>) {
    let view = TABLE
        .iter()
        .filter(|spec| spec.context == Context::Main)
        .map(|spec| spec.action)
        .find(|show| actions::shown_by(*show).is_some_and(|view| actions::of_view(view) == context));
    if let Some(show) = view {
        keys::act(app, show, effects);
    }
    if matches!(action, Action::New | Action::Shape | Action::ShowClosed) {
        keys::act(app, action, effects);
        return;
    }
    let key = actions::spec(action, context).and_then(|spec| app.keymap.key(spec)).unwrap_or_default();
    app.say(format!("{key} does it here, for what is selected"), false);
}

fn accept(app: &mut App, effects: &mut Vec<Effect>) {
    match &app.overlay {
        Some(Overlay::Help(help)) => {
            let action = help.lines(app).get(help.query.row).map(|line| line.action);
            app.overlay = None;
            if let Some(action) = action.filter(|action| actions::spec(*action, Context::Main).is_some()) {
                keys::act(app, action, effects);
            }
        }
        Some(Overlay::Palette(palette)) => {
            let choice = palette.chosen().map(|row| row.choice.clone());
            app.overlay = None;
            if let Some(choice) = choice {
                choose(app, choice, effects);
            }
        }
        Some(Overlay::Sling(sling)) => {
            let nothing = if sling.chosen().is_empty() { "Choose a bead first" } else { "Choose a target first: tab" };
            let Some(order) = sling.order() else {
                app.say(nothing, false);
                return;
            };
            if let Preview::Refused(why) = &sling.preview {
                let why = why.replace('\n', ": ");
                app.say(why, true);
                return;
            }
            app.overlay = None;
            acting::begin(app, Deed::Sling(order), effects);
        }
        Some(Overlay::Answer(_)) => acting::accept_answer(app, false, effects),
        Some(Overlay::Choose(choose)) => {
            let word = choose.shown().get(choose.query.row).map(|(word, _)| (*word).to_owned());
            let setting = choose.setting.clone();
            app.overlay = None;
            if let Some(value) = word.filter(|word| *word != setting.value || !setting.own) {
                acting::begin(app, Deed::Set { home: setting.home, key: setting.key, value: Some(value) }, effects);
            }
        }
        Some(Overlay::Journal(journal)) => {
            let task = journal.lines(app).get(journal.query.row).and_then(|line| line.task);
            let commands = app.tasks.iter().find(|other| Some(other.id) == task).map(|task| task.deed.commands());
            match commands.filter(|commands| !commands.is_empty()) {
                Some(commands) => {
                    let commands = commands.join("\n");
                    app.say(format!("Copied: {}", commands.lines().next().unwrap_or_default()), false);
                    effects.push(Effect::Copy(commands));
                }
                None => app.say("No command does that", false),
            }
        }
        Some(Overlay::Message(_) | Overlay::Confirm(_) | Overlay::Note(_) | Overlay::Form(_)) | None => {}
    }
}

/// Goes to what was chosen, or does it.
pub(super) fn choose(app: &mut App, choice: Choice, effects: &mut Vec<Effect>) {
    match choice {
        Choice::Do(action) => keys::act(app, action, effects),
        Choice::Where(context, action) => go_where(app, context, action, effects),
        Choice::Agent(address) => {
            app.filter.clear();
            if !matches!(app.view, View::Town | View::Agents) {
                app.view = View::Town;
            }
            app.pane = Pane::Agents;
            moves::select(app, address);
        }
        Choice::Bead(id) => {
            app.filter.clear();
            app.view = View::Beads;
            app.beads.shape = super::super::beads::Shape::List;
            app.beads.selected = Some(id);
        }
        Choice::Convoy(id) => {
            app.filter.clear();
            app.view = View::Convoys;
            app.convoy = app.convoys().iter().position(|convoy| convoy.id == id).unwrap_or(0);
        }
        Choice::Set(name) => {
            app.filter.clear();
            app.view = View::Agents;
            app.zoom = false;
            app.set_name = Some(name);
        }
        Choice::Rig(name) => {
            app.view = View::Town;
            app.zoom = false;
            app.pane = Pane::Agents;
            app.filter = format!("{name}/");
        }
    }
}
