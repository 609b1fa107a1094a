//! Actions on agents: answering, writing, marking, stopping, taking back; each becomes a deed of the journal.

use crossterm::event::{KeyCode, KeyEvent};

use super::super::actions::{self, Action};
use super::super::answer::{self, Prompt, Reply};
use super::super::app::{App, Cause, Effect, Overlay};
use super::super::ask::Takes;
use super::super::deeds::{Agent, Deed, Finished, Task};
use super::super::dialogs::{AnswerBox, Confirm, Message, Note, Purpose};
use super::super::keys::Chord;
use super::super::marks;
use super::{marking, moves, reviewing, sets};
use crate::view::AgentState;

/// How many deeds the journal keeps.
const KEPT: usize = 200;

/// What is said when a deed begins, until it is known how it went.
fn begun(deed: &Deed) -> String {
    format!("{} …", deed.words())
}

/// Begins a deed.
pub(super) fn begin(app: &mut App, deed: Deed, effects: &mut Vec<Effect>) {
    let id = app.tasks.last().map_or(1, |task| task.id + 1);
    app.say(begun(&deed), false);
    marking::used(app, &deed);
    app.tasks.push(Task {
        id,
        deed: deed.clone(),
        begun: app.now,
        finished: None,
        undone: false,
        progress: None,
        stopped: false,
    });
    if app.tasks.len() > KEPT {
        app.tasks.remove(0);
    }
    effects.push(Effect::Do(id, deed));
}

/// A deed is done, or could not be.
pub(super) fn finished(app: &mut App, id: u64, finished: Finished, effects: &mut Vec<Effect>) {
    let undo = finished.undo.is_some();
    let mut text = finished.text.clone();
    if undo && let Some(key) = actions::spec(Action::Undo, actions::Context::Main).and_then(|spec| app.keymap.key(spec))
    {
        text = format!("{text} · {key} takes it back");
    }
    if let Some(task) = app.tasks.iter().find(|task| task.id == id) {
        let beginning = begun(&task.deed);
        app.toasts.retain(|toast| toast.text != beginning);
    }
    app.say(text, !finished.ok);
    app.changes += 1;
    let Some(task) = app.tasks.iter_mut().find(|task| task.id == id) else { return };
    let (ok, deed, stopped) = (finished.ok, task.deed.clone(), task.stopped);
    let back = finished.undo.clone().filter(|_| stopped);
    task.finished = Some(finished);
    if let Some(back) = back {
        // It could not be stopped halfway, so it is taken back as a whole.
        task.undone = true;
        begin(app, back, effects);
    }
    if ok {
        reviewing::done(app, &deed);
    }
}

/// Of a deed so much is done.
pub(super) fn progressed(app: &mut App, id: u64, done: usize, of: usize) {
    if let Some(task) = app.tasks.iter_mut().find(|task| task.id == id && task.finished.is_none()) {
        task.progress = Some((done, of));
        app.touch(Cause::Town);
    }
}

/// Stops what runs and is highlighted in the journal.
pub(super) fn stop_task(app: &mut App, effects: &mut Vec<Effect>) {
    let Some(Overlay::Journal(journal)) = &app.overlay else { return };
    let chosen = journal.lines(app).get(journal.query.row).and_then(|line| line.task);
    let task = app.tasks.iter_mut().find(|task| Some(task.id) == chosen && task.finished.is_none());
    match task {
        Some(task) => {
            task.stopped = true;
            effects.push(Effect::Stop(task.id));
            let words = task.deed.words();
            app.say(format!("{words}: stopped after the part that is being done"), false);
        }
        None => app.say("That does not run: choose a line with …", false),
    }
}

/// Takes back the newest deed that can be taken back.
pub(super) fn undo(app: &mut App, effects: &mut Vec<Effect>) {
    let Some((id, deed)) = app.undoable().and_then(|task| Some((task.id, task.undo(app.now)?.clone()))) else { return };
    if let Some(task) = app.tasks.iter_mut().find(|task| task.id == id) {
        task.undone = true;
    }
    begin(app, deed, effects);
}

/// Opens the message dialog for the marked agents, or the selected one.
pub(super) fn message(app: &mut App) {
    let (asking, to): (Vec<Agent>, Vec<Agent>) = app
        .subjects()
        .into_iter()
        .partition(|agent| app.town.agent(&agent.address).is_some_and(|agent| agent.state == AgentState::NeedsYou));
    if !asking.is_empty() {
        // Typed words would answer their questions.
        app.say(format!("{} ask something first and are left out", asking.len()), false);
    }
    if to.is_empty() {
        return;
    }
    app.overlay = Some(Overlay::Message(Box::new(Message::new(Purpose::Tell(to), &app.theme))));
}

/// Sends the message; to several agents only after a question.
pub(super) fn send(app: &mut App, effects: &mut Vec<Effect>) {
    let Some(Overlay::Message(message)) = &app.overlay else { return };
    let (text, purpose) = (message.text(), message.purpose.clone());
    // No keys are keys too: they take an action's away; and an empty remark is none.
    let empty_counts = match &purpose {
        Purpose::Value(setting) => setting.takes == Takes::Keys,
        Purpose::Remark(..) => true,
        _ => false,
    };
    if text.is_empty() && !empty_counts {
        app.say("Write something first; esc closes", false);
        return;
    }
    app.overlay = None;
    let deed = match purpose {
        Purpose::Remark(remark, place) => {
            reviewing::remarked(app, *remark, place, text);
            return;
        }
        Purpose::Set(agents) => {
            sets::keep(app, text, agents);
            return;
        }
        Purpose::Review(agent, purpose) => Deed::Review(agent, Box::new(deed_of(*purpose, text))),
        other => deed_of(other, text),
    };
    match &deed {
        Deed::Tell { to, text } if to.len() > 1 => {
            let mut lines = vec![format!("\"{}\"", text.lines().next().unwrap_or_default()), String::new()];
            lines.extend(to.iter().map(|agent| agent.address.clone()));
            app.overlay =
                Some(Overlay::Confirm(Confirm { question: format!("Send it to {} agents?", to.len()), lines, deed }));
        }
        _ => begin(app, deed, effects),
    }
}

/// What a text that is no remark of a review becomes.
fn deed_of(purpose: Purpose, text: String) -> Deed {
    match purpose {
        Purpose::Tell(to) => Deed::Tell { to, text },
        Purpose::Comment(bead) => Deed::Comment(bead, text),
        Purpose::Reply(mail, _) => Deed::Reply(mail, text),
        Purpose::Reject(requests) => Deed::Reject(requests, text),
        Purpose::Value(setting) => Deed::Set { home: setting.home, key: setting.key, value: Some(text) },
        Purpose::Review(_, purpose) => deed_of(*purpose, text),
        // Neither becomes a deed.
        Purpose::Remark(remark, _) => Deed::Comment(remark.path, text),
        Purpose::Set(_) => Deed::Comment(String::new(), text),
    }
}

/// Asks whether the marked agents, or the selected one, should be stopped.
pub(super) fn stop(app: &mut App) {
    let agents = app.subjects();
    let Some(first) = agents.first() else { return };
    let question = match agents.len() {
        1 => format!("Stop {}?", first.address),
        many => format!("Stop {many} agents?"),
    };
    let lines = agents
        .iter()
        .map(|agent| match &agent.bead {
            Some(bead) => format!("{}: {bead} becomes open again; branch and a snapshot keep its work", agent.address),
            None => format!("{}: its session ends", agent.address),
        })
        .collect();
    app.overlay = Some(Overlay::Confirm(Confirm { question, lines, deed: Deed::Stop(agents) }));
}

/// The question before something irrevocable was answered.
pub(super) fn confirmed(app: &mut App, yes: bool, effects: &mut Vec<Effect>) {
    let Some(Overlay::Confirm(confirm)) = app.overlay.take() else { return };
    if yes {
        begin(app, confirm.deed, effects);
    } else {
        app.say("Left as it is", false);
    }
}

/// Opens the question of the selected agent; with `drain` the next one follows each answer.
pub(super) fn ask(app: &mut App, drain: bool) {
    let asking: Vec<String> = app.asking().iter().map(|agent| agent.address.clone()).collect();
    if drain && !asking.iter().any(|address| Some(address) == app.selected.as_ref()) {
        match asking.into_iter().next() {
            Some(address) => moves::select(app, address),
            None => {
                app.overlay = None;
                app.say("Nobody asks anything any more", false);
                return;
            }
        }
    }
    let agent = app.selected_agent().and_then(|agent| {
        let session = agent.session.clone()?;
        Some(Agent { address: agent.address.clone(), session, bead: agent.bead.clone() })
    });
    if let Some(agent) = agent {
        app.overlay = Some(Overlay::Answer(Box::new(AnswerBox { agent, text: String::new(), row: 0, drain })));
    }
}

/// What the agent of the open question asks now.
pub fn asked(app: &App) -> Option<Prompt> {
    let Some(Overlay::Answer(open)) = &app.overlay else { return None };
    answer::prompt(app.watched.get(&open.agent.session)?.screen.as_ref()?)
}

/// A key in the question dialog that is no action: a choice, or a letter of the answer.
pub(super) fn answer_key(app: &mut App, key: KeyEvent, chord: Chord, effects: &mut Vec<Effect>) {
    let prompt = asked(app);
    let Some(Overlay::Answer(open)) = &mut app.overlay else { return };
    let choice = prompt.as_ref().filter(|_| open.text.is_empty()).and_then(|prompt| prompt.choice(key.code)).cloned();
    match (choice, chord.code) {
        (Some(choice), _) => reply(app, Reply::Choice(choice), false, effects),
        (None, KeyCode::Backspace) => drop(open.text.pop()),
        (None, _) => {
            if let Some(c) = chord.character() {
                open.text.push(c);
            }
        }
    }
}

/// Moves the highlight among the choices.
pub(super) fn step_choice(app: &mut App, step: isize) {
    let count = asked(app).map_or(0, |prompt| prompt.choices.len());
    if let Some(Overlay::Answer(open)) = &mut app.overlay {
        open.row = moves::stepped(open.row, step, count);
    }
}

/// Sends what is written, or the highlighted choice.
pub(super) fn accept_answer(app: &mut App, to_all: bool, effects: &mut Vec<Effect>) {
    let prompt = asked(app);
    let Some(Overlay::Answer(open)) = &app.overlay else { return };
    let written = open.text.trim().to_owned();
    let row = open.row;
    let choice = prompt.as_ref().and_then(|prompt| prompt.choices.get(row)).cloned();
    match (written.is_empty(), choice) {
        (false, _) => reply(app, Reply::Text(written), to_all, effects),
        (true, Some(choice)) => reply(app, Reply::Choice(choice), to_all, effects),
        (true, None) => app.say("Write the answer first; esc closes", false),
    }
}

fn reply(app: &mut App, reply: Reply, to_all: bool, effects: &mut Vec<Effect>) {
    let Some(prompt) = asked(app) else {
        app.say("Its screen has not come yet", false);
        return;
    };
    let Some(Overlay::Answer(open)) = &app.overlay else { return };
    let (first, drain) = (open.agent.clone(), open.drain);
    let mut to = vec![first.clone()];
    if to_all {
        // Who really asks the same is looked at again when the answer is given.
        to.extend(app.asking().iter().filter(|agent| agent.address != first.address).filter_map(|agent| {
            let session = agent.session.clone()?;
            Some(Agent { address: agent.address.clone(), session, bead: agent.bead.clone() })
        }));
    }
    app.answered.extend(to.iter().map(|agent| (agent.address.clone(), app.now)));
    app.overlay = None;
    begin(app, Deed::Answer { to, prompt, reply }, effects);
    if drain {
        next_question(app);
    }
}

/// Goes on to the next agent that asks.
pub(super) fn skip(app: &mut App) {
    if let Some(Overlay::Answer(open)) = &app.overlay {
        // Skipped ones come again later.
        app.answered.insert(open.agent.address.clone(), app.now.plus_seconds(60));
    }
    next_question(app);
}

fn next_question(app: &mut App) {
    let next = app.asking().first().map(|agent| agent.address.clone());
    app.overlay = None;
    match next {
        Some(address) => {
            moves::select(app, address);
            ask(app, true);
        }
        None => app.say("Nobody else asks anything", false),
    }
}

/// Says why the selected agent is in its state, and all else that is known of it.
pub(super) fn explain(app: &mut App) {
    let Some(agent) = app.selected_agent() else { return };
    let line = |word: &str, text: &str| (word.to_owned(), text.to_owned());
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let mut lines = vec![
        line("state", &format!("{} {}", marks::glyph(agent.state), marks::word(agent.state))),
        line("known from", &agent.source),
    ];
    if let Some(detail) = &agent.detail {
        lines.push(line("it says", detail));
    }
    if let Some(since) = agent.since {
        lines.push(line("since", &super::super::render::age(since, app.now)));
    }
    lines.push(line("", ""));
    lines.push(line("role", &agent.role));
    lines.push(line("runtime", &agent.preset));
    let work = match (&agent.bead, &agent.title) {
        (Some(bead), Some(title)) => format!("{bead}  {title}"),
        _ => or_none(&agent.bead),
    };
    lines.push(line("work", &work));
    if let Some(merge) = &agent.merge {
        lines.push(line("merge", merge));
    }
    lines.push(line("branch", &or_none(&agent.branch)));
    lines.push(line("worktree", &or_none(&agent.worktree)));
    lines.push(line("session", &or_none(&agent.session)));
    lines.push(line("", ""));
    lines.push(line("the same", &format!("gt agents explain {}", agent.address)));
    let title = agent.address.clone();
    app.overlay = Some(Overlay::Note(Note { title, lines, scroll: 0 }));
}
