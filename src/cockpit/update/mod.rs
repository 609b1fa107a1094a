//! The one place that changes the cockpit's state: an event in, effects out, no terminal and no clock.

mod acting;
mod back;
mod beads;
mod convoys;
mod desk;
mod dialogs;
mod hooks;
pub mod jump;
mod keys;
mod marking;
mod mouse;
mod moves;
mod notices;
mod reviewing;
mod sets;
mod setup;

use crate::view::AgentState;
use crate::view::model::wants_person;

pub use super::setup::rows as setting_rows;
pub use acting::asked;
pub use reviewing::{recipient, review};

use super::app::{App, Cause, Effect, Event, Overlay, Pane, View, Wish};
use super::layout::{self, SMALLEST};
use super::palette::Choice;

/// Of so many agents that ask something the question is read, beside those whose terminals are in sight.
const QUESTIONS: usize = 8;

/// Every so many seconds it is looked at whether an age on the screen has grown.
const AGES: i64 = 10;

/// Takes in `event` and says what has to be done outside.
pub fn update(app: &mut App, event: Event) -> Vec<Effect> {
    let mut effects = Vec::new();
    match event {
        Event::Key(key) => keys::key(app, key, &mut effects),
        Event::Mouse(mouse) => mouse::mouse(app, mouse, &mut effects),
        Event::Paste(text) => keys::paste(app, text, &mut effects),
        Event::Focus(focus) => {
            app.focused = focus;
            if let (true, Some(session)) = (app.typing, app.selected_session()) {
                effects.push(Effect::Focus(session.to_owned(), focus));
            }
        }
        Event::Resize(columns, rows) => {
            app.size = (columns, rows);
            app.touch(Cause::Start);
        }
        Event::Town(town) => {
            let before = app.loaded.then(|| notices::states(app));
            take_town(app, *town);
            if let Some(before) = before {
                notices::changed(app, &before, &mut effects);
            }
        }
        Event::Changed => app.generation += 1,
        Event::TownFailed(problem) => {
            if app.problem.as_ref() != Some(&problem) {
                app.say(problem.clone(), true);
                app.problem = Some(problem);
            }
        }
        Event::Screen(session, screen) => {
            let watched = app.watched.entry(session.clone()).or_default();
            watched.screen = Some(*screen);
            watched.ended = None;
            touch_if_visible(app, &session);
            ask_of(app, &session);
        }
        Event::ScreenEnded(session, why) => {
            app.watched.entry(session.clone()).or_default().ended = Some(why);
            if app.typing && app.selected_session() == Some(session.as_str()) {
                app.typing = false;
                app.say("The agent's session ended; you are back in the list", false);
            }
            touch_if_visible(app, &session);
        }
        Event::Ready(beads) => take_ready(app, beads, &mut effects),
        Event::Planned(number, preview) => {
            if let Some(Overlay::Sling(sling)) = &mut app.overlay
                && sling.asked == number
            {
                sling.preview = preview;
                app.touch(Cause::Town);
            }
        }
        Event::Back(session, told) => back::told(app, &session, told, &mut effects),
        Event::Terminal(session, event) => notices::terminal(app, &session, event, &mut effects),
        Event::Told(told) => desk::told(app, told),
        Event::Settings(settings) => setup::reloaded(app, *settings, &mut effects),
        Event::Progress(id, done, of) => acting::progressed(app, id, done, of),
        Event::Done(id, finished) => acting::finished(app, id, finished, &mut effects),
        Event::Problem(text) => app.say(text, true),
        Event::Tick(now) => {
            tick(app, now);
            back::refresh(app, &mut effects);
        }
    }
    settle(app, &mut effects);
    effects
}

/// Brings selection, layout, watched sessions and title in line with what changed.
fn settle(app: &mut App, effects: &mut Vec<Effect>) {
    if app.dirty.is_some() {
        keep_selection(app);
        if app.view == View::Hooks {
            hooks::sift(app);
        }
        find_again(app);
        layout::arrange(app);
        keep_pane(app);
        // The focus may have moved to a list that scrolls differently.
        layout::arrange(app);
    }
    back::keep(app);
    let wishes = wishes(app);
    if wishes != app.wishes {
        app.watched.retain(|session, _| wishes.iter().any(|wish| wish.session == *session));
        app.wishes.clone_from(&wishes);
        effects.push(Effect::Watch(wishes));
        // Whoever only looks has no focus to get: it comes after the right to type.
        effects.sort_by_key(|effect| matches!(effect, Effect::Focus(_, true)));
    }
    desk::ask(app, effects);
    remember(app, effects);
    let title = match app.town.counts.needs_you + app.town.counts.stuck + app.town.counts.dead {
        0 if app.town.name.is_empty() => "gt".to_owned(),
        0 => format!("gt · {}", app.town.name),
        1 => format!("1 needs you · gt · {}", app.town.name),
        n => format!("{n} need you · gt · {}", app.town.name),
    };
    if title != app.title {
        app.title.clone_from(&title);
        effects.push(Effect::Title(title));
    }
}

/// Has the palette look at what there is; what can be done is asked of what lies below it.
fn find_again(app: &mut App) {
    match app.overlay.take() {
        Some(Overlay::Palette(mut palette)) => {
            palette.refresh(app);
            app.overlay = Some(Overlay::Palette(palette));
        }
        other => app.overlay = other,
    }
}

/// Keeps what the next start should find again, when it changed.
fn remember(app: &mut App, effects: &mut Vec<Effect>) {
    app.memory.view = app.view;
    app.memory.sort = app.sort;
    // Before the town was read nothing is selected, which is nothing to remember.
    if app.loaded {
        app.memory.selected.clone_from(&app.selected);
    }
    if app.memory != app.kept {
        app.kept = app.memory.clone();
        effects.push(Effect::Remember(Box::new(app.memory.clone())));
    }
}

/// The sessions to watch: those on the screen; the one typed into or alone on the screen gets the size it has there.
fn wishes(app: &App) -> Vec<Wish> {
    let own = matches!(app.view, View::Town | View::Agents);
    let alone = own && (app.has_room() || app.zoom) && app.size.0 >= SMALLEST.0 && !app.read_only;
    let mut wishes: Vec<Wish> = app
        .layout
        .tiles
        .iter()
        .filter_map(|tile| {
            let agent = app.town.agent(&tile.address)?;
            let session = agent.session.clone()?;
            let size = (alone && app.selected.as_ref() == Some(&tile.address))
                .then_some((tile.area.width.max(2), tile.area.height.max(2)));
            Some(Wish { session, size })
        })
        .collect();
    if app.view == View::Town {
        // What they ask is read off their screens.
        let asking = app.town.needing_you().into_iter().filter(|agent| agent.state == AgentState::NeedsYou);
        let unseen: Vec<String> = asking
            .filter_map(|agent| agent.session.clone())
            .filter(|session| !wishes.iter().any(|wish| wish.session == *session))
            .take(QUESTIONS)
            .collect();
        wishes.extend(unseen.into_iter().map(|session| Wish { session, size: None }));
    }
    if let Some(Overlay::Answer(open)) = &app.overlay
        && !wishes.iter().any(|wish| wish.session == open.agent.session)
    {
        wishes.push(Wish { session: open.agent.session.clone(), size: None });
    }
    if let Some(session) = looked_at(app)
        && !wishes.iter().any(|wish| wish.session == session)
    {
        wishes.push(Wish { session, size: None });
    }
    wishes
}

/// The session of the agent that is highlighted among the places to go to, which is looked at before one goes.
fn looked_at(app: &App) -> Option<String> {
    let Some(Overlay::Palette(palette)) = &app.overlay else { return None };
    match &palette.chosen().filter(|_| palette.places)?.choice {
        Choice::Agent(address) => app.town.agent(address)?.session.clone(),
        _ => None,
    }
}

/// Keeps what the agent of `session` asks, when it asks something; drawn only when that changed.
fn ask_of(app: &mut App, session: &str) {
    let Some(agent) = app.town.all_agents().find(|agent| agent.session.as_deref() == Some(session)) else { return };
    if agent.state != AgentState::NeedsYou {
        return;
    }
    let address = agent.address.clone();
    let screen = app.watched.get(session).and_then(|watched| watched.screen.as_ref());
    let Some(words) = screen.and_then(super::answer::prompt).map(|prompt| super::answer::in_a_line(&prompt)) else {
        return;
    };
    if !words.is_empty() && app.questions.get(&address) != Some(&words) {
        app.questions.insert(address, words);
        app.touch(Cause::Screen);
    }
}

fn touch_if_visible(app: &mut App, session: &str) {
    let visible = app
        .layout
        .tiles
        .iter()
        .any(|tile| app.town.agent(&tile.address).is_some_and(|agent| agent.session.as_deref() == Some(session)));
    let asked = matches!(&app.overlay, Some(Overlay::Answer(open)) if open.agent.session == session);
    if visible || asked || looked_at(app).as_deref() == Some(session) {
        app.touch(Cause::Screen);
    }
}

fn take_town(app: &mut App, town: crate::view::TownView) {
    app.problem = None;
    let first = !app.loaded;
    app.loaded = true;
    let before = std::mem::replace(&mut app.town, town);
    app.apply_seen();
    if first {
        app.selected = app.selected.take().or_else(|| app.memory.selected.clone());
    }
    if !first && app.town == before {
        return;
    }
    let town = std::mem::replace(&mut app.town, before);
    // The event under the cursor stays there while newer ones come in above it.
    let event = app.feed_lines().get(app.feed).filter(|_| app.feed > 0).map(|line| line.seq);
    let convoy = app.selected_convoy().map(|convoy| convoy.id.clone());
    app.town = town;
    if let Some(place) = event.and_then(|seq| app.feed_lines().iter().position(|line| line.seq == seq)) {
        app.feed = place;
    }
    let town = &app.town;
    app.answered.retain(|address, _| town.agent(address).is_some_and(|agent| agent.state == AgentState::NeedsYou));
    app.marked.retain(|address| town.agent(address).is_some());
    app.marked_requests.retain(|id| town.rigs.iter().flat_map(|rig| &rig.queue).any(|entry| entry.id == id));
    app.memory.seen.retain(|address, _| town.agent(address).is_some());
    app.questions.retain(|address, _| town.agent(address).is_some_and(|agent| agent.state == AgentState::NeedsYou));
    if let Some(place) = convoy.and_then(|id| app.convoys().iter().position(|convoy| convoy.id == id)) {
        app.convoy = place;
    }
    app.generation += 1;
    app.touch(if first { Cause::Start } else { Cause::Town });
}

/// Selects an agent when none is, or when the selected one is gone: the one that needs you most, else the first.
fn keep_selection(app: &mut App) {
    if app.selected_agent().is_none() {
        app.typing = false;
        app.zoom = false;
        let next = app.needing().first().map(|agent| agent.address.clone());
        app.selected = next.or_else(|| app.agent_order().into_iter().next());
        app.last_selected = None;
    }
    if app.last_selected.as_deref().is_some_and(|address| app.town.agent(address).is_none()) {
        app.last_selected = None;
    }
    if app.pane == Pane::Needs && !app.selected_agent().is_some_and(|agent| wants_person(agent.state)) {
        app.pane = Pane::Agents;
    }
}

/// Moves the focus to a list that is on the screen.
fn keep_pane(app: &mut App) {
    let panes = app.layout.panes();
    if app.view == View::Town && !panes.is_empty() && !panes.contains(&app.pane) {
        app.pane = Pane::Agents;
    }
}

fn take_ready(app: &mut App, beads: Result<Vec<crate::view::ReadyBead>, String>, effects: &mut Vec<Effect>) {
    match (beads, &mut app.overlay) {
        (Ok(beads), Some(Overlay::Sling(sling))) => {
            sling.beads = Some(beads);
            sling.follow_marks();
            dialogs::ask_plan(sling, effects);
            app.touch(Cause::Town);
        }
        (Ok(_), _) => {}
        (Err(problem), _) => app.say(problem, true),
    }
}

fn tick(app: &mut App, now: crate::base::Timestamp) {
    let before = app.toasts.len();
    app.toasts.retain(|toast| toast.until > now);
    if app.toasts.len() != before {
        app.touch(Cause::Toast);
    }
    // Thirty ages that each grow at a moment of their own are drawn together.
    let due = app.now.unix_seconds() / AGES != now.unix_seconds() / AGES;
    let aged = due.then(|| std::mem::replace(&mut app.aged, now));
    let grown = |since, aged| super::render::age(since, aged) != super::render::age(since, now);
    let older =
        aged.is_some_and(|aged| app.town.all_agents().filter_map(|agent| agent.since).any(|since| grown(since, aged)));
    // What takes long is told on top, and its seconds are counted where they are looked at.
    let long = |at| app.tasks.iter().filter(|task| task.is_long(at)).count();
    let runs = app.tasks.iter().any(|task| task.finished.is_none());
    let older = older || long(app.now) != long(now) || (runs && matches!(app.overlay, Some(Overlay::Journal(_))));
    app.memory.snoozed.retain(|_, until| *until > now);
    app.now = now;
    if older {
        app.touch(Cause::Age);
    }
}
