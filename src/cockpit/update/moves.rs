//! Actions on the views themselves: moving, opening, zooming, leaving.

use super::super::actions::{self, Action};
use super::super::app::{App, Effect, Overlay, Pane, Sort, View};
use super::super::dialogs::{Help, Journal, Sling};
use super::super::layout::{Step, tile_agents};
use super::super::palette::{Choice, Palette};
use super::super::theme::{self, Theme};
use super::{acting, back, beads, convoys, desk, hooks, jump, marking, notices, sets, setup};

/// Does `action`.
pub(super) fn act(app: &mut App, action: Action, effects: &mut Vec<Effect>) {
    let page = isize::try_from(page_rows(app)).unwrap_or(10);
    let own = match app.view {
        View::Beads => beads::act(app, action, effects),
        View::Hooks => hooks::act(app, action, effects),
        View::Mail | View::Queue | View::Feed | View::Costs => desk::act(app, action, effects),
        View::Settings => setup::act(app, action, effects),
        View::Convoys => convoys::act(app, action, effects),
        View::Agents if action == Action::Shape => {
            sets::next_layout(app);
            true
        }
        _ => false,
    };
    if own {
        return;
    }
    match action {
        Action::Down => step(app, line(app)),
        Action::Up => step(app, -line(app)),
        Action::PageDown => step(app, page),
        Action::PageUp => step(app, -page),
        Action::Top => step(app, isize::MIN / 2),
        Action::Bottom => step(app, isize::MAX / 2),
        Action::NextPane => next_pane(app, 1),
        Action::PreviousPane => next_pane(app, -1),
        Action::Open => open(app, effects),
        Action::Leave => {
            app.typing = false;
            if let Some(session) = app.selected_session() {
                effects.push(Effect::Focus(session.to_owned(), false));
            }
        }
        Action::Zoom => app.zoom = !app.zoom,
        Action::NextNeeding => needing(app, 1),
        Action::PreviousNeeding => needing(app, -1),
        Action::LastAgent => {
            if let Some(address) = app.last_selected.clone() {
                select(app, address);
            }
        }
        Action::Sort => {
            app.tile_order.clear();
            app.sort = match app.sort {
                Sort::Attention => Sort::Rig,
                Sort::Rig => Sort::Age,
                Sort::Age => Sort::Attention,
            };
            let words = match app.sort {
                Sort::Attention => "Those that need you most come first",
                Sort::Rig => "Ordered by rig",
                Sort::Age => "Those longest in their state come first",
            };
            app.say(words, false);
        }
        Action::ViewTown => show(app, View::Town),
        Action::ViewAgents => show(app, View::Agents),
        Action::ViewConvoys => show(app, View::Convoys),
        Action::ViewQueue => show(app, View::Queue),
        Action::ViewHooks => {
            // Whoever looks at an agent wants to see its hook.
            if let Some(agent) = app.selected.clone() {
                app.hooks.select(agent);
            }
            show(app, View::Hooks);
        }
        Action::Costs => show(app, View::Costs),
        Action::ViewFeed => show_log(app, None),
        Action::ViewBeads => show(app, View::Beads),
        Action::ViewMail => show(app, View::Mail),
        Action::ViewSettings => show(app, View::Settings),
        Action::Filter => app.filtering = true,
        Action::Help => app.overlay = Some(Overlay::Help(Help::default())),
        Action::Palette => {
            app.overlay = Some(Overlay::Palette(Palette::default()));
        }
        Action::Sling => {
            app.overlay = Some(Overlay::Sling(Box::new(Sling::new(app))));
            effects.push(Effect::LoadReady);
        }
        Action::Message => acting::message(app),
        Action::Answer => acting::ask(app, false),
        Action::Drain => acting::ask(app, true),
        Action::Explain => acting::explain(app),
        Action::Stop => acting::stop(app),
        Action::Undo => acting::undo(app, effects),
        Action::Mark | Action::MarkRange | Action::MarkAll | Action::MarkInvert => marking::act(app, action),
        Action::Snooze => notices::snooze(app),
        Action::Journal => app.overlay = Some(Overlay::Journal(Journal::default())),
        Action::GoTo => {
            app.overlay = Some(Overlay::Palette(Palette::of_places()));
        }
        Action::Jump => jump::begin(app),
        Action::Pick => jump::pick(app),
        Action::OnlyNeeding => only(app, "is:needs-you"),
        Action::OnlyWorking => only(app, "is:working"),
        Action::OnlyDone => only(app, "is:done"),
        Action::OnlyIdle => only(app, "is:idle"),
        Action::OnlyDead => only(app, "is:dead"),
        Action::LookBack => back::begin(app, 0, effects),
        Action::SaveSet => sets::save(app),
        Action::NextSet => sets::next(app),
        Action::ForgetSet => sets::forget(app),
        Action::Lists => app.memory.lists_hidden = !app.memory.lists_hidden,
        Action::Wider => widen(app, 4),
        Action::Narrower => widen(app, -4),
        Action::CopyCommand => {
            if let Some(command) = actions::command(Action::Open, app) {
                app.say(format!("Copied: {command}"), false);
                effects.push(Effect::Copy(command));
            }
        }
        Action::NextTheme => {
            let place = theme::NAMES.iter().position(|name| *name == app.theme.name()).unwrap_or(0);
            let next = theme::NAMES[(place + 1) % theme::NAMES.len()];
            let depth = theme::Depth::detect(|name| std::env::var(name).ok());
            if let Ok(theme) = Theme::named(next, depth) {
                app.theme = theme;
                app.memory.theme = Some(next.to_owned());
                app.say(format!("Theme: {next}"), false);
            }
        }
        Action::Back => back(app),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Quit => effects.push(Effect::Quit),
        Action::Accept
        | Action::Cancel
        | Action::SwitchSide
        | Action::NextRuntime
        | Action::Send
        | Action::AnswerAll
        | Action::New
        | Action::Edit
        | Action::Comment
        | Action::Close
        | Action::Shape
        | Action::ShowClosed
        | Action::ReadDown
        | Action::ReadUp
        | Action::NextPriority
        | Action::NextKind
        | Action::NextRig
        | Action::Reply
        | Action::Archive
        | Action::Retry
        | Action::Reject
        | Action::Approve
        | Action::First
        | Action::Last
        | Action::Earlier
        | Action::Later
        | Action::StopMerge
        | Action::StopTask
        | Action::NextHunk
        | Action::PreviousHunk
        | Action::NextFile
        | Action::PreviousFile
        | Action::Rollback
        | Action::Repair
        | Action::Unset
        | Action::Yes
        | Action::No => {}
    }
}

/// Selects an agent.
pub(super) fn select(app: &mut App, address: String) {
    if app.selected.as_ref() != Some(&address) {
        // Finished work was looked at once one goes on; before, the list would change under the hand.
        app.look();
        app.last_selected = app.selected.replace(address);
    }
}

/// Selects the first agent the filter lets through, when the selected one is not among them: what is opened next is one that is seen.
pub(super) fn select_shown(app: &mut App) {
    let shown = app.selected_agent().is_some_and(|agent| app.shows(agent));
    if !shown
        && matches!(app.view, View::Town | View::Agents)
        && let Some(address) = app.agent_order().into_iter().next()
    {
        select(app, address);
    }
}

/// Shows only agents in one state; asked again, all of them.
pub(super) fn only(app: &mut App, wanted: &str) {
    if app.filter == wanted {
        app.filter.clear();
    } else {
        app.filter = wanted.to_owned();
        app.pane = Pane::Agents;
        select_shown(app);
        if !matches!(app.view, View::Town | View::Agents) {
            show(app, View::Town);
        }
    }
}

fn widen(app: &mut App, step: i16) {
    app.memory.lists_hidden = false;
    app.memory.wider = (app.memory.wider + step).clamp(-60, 120);
}

fn show(app: &mut App, view: View) {
    app.tile_order.clear();
    app.view = view;
    app.zoom = false;
}

/// How far one row is: in tiles a whole row of them.
fn line(app: &App) -> isize {
    if app.view == View::Agents { isize::try_from(app.layout.tile_columns.max(1)).unwrap_or(1) } else { 1 }
}

/// Shows the feed, at an event.
fn show_log(app: &mut App, at: Option<i64>) {
    let known: Vec<_> = app.feed_lines().into_iter().cloned().collect();
    app.log.begin(&known, at);
    show(app, View::Feed);
}

fn page_rows(app: &App) -> usize {
    if app.view == View::Agents {
        return app.layout.tile_page.max(1);
    }
    let area = match app.view {
        View::Town => app.layout.rows(app.pane),
        View::Hooks => return usize::from(hooks::page(app)) - 1,
        View::Beads | View::Mail | View::Settings | View::Feed | View::Costs => app.layout.list,
        _ => app.layout.body,
    };
    usize::from(area.height.max(2)) - 1
}

/// The place `step` rows on from `place`, within `total`.
pub(super) fn stepped(place: usize, step: isize, total: usize) -> usize {
    place.saturating_add_signed(step).min(total.saturating_sub(1))
}

/// Moves the selection of the focused list.
pub(super) fn step(app: &mut App, step: isize) {
    match (app.view, app.pane) {
        (View::Agents, _) => {
            let agents = tile_agents(app);
            step_agent(app, &agents, step);
        }
        (View::Beads, _) => app.beads.step(step),
        (View::Hooks, _) => hooks::step(app, step),
        (View::Mail, _) => {
            app.letter = stepped(app.letter, step, app.mail.as_ref().map_or(0, Vec::len));
        }
        (View::Settings, _) => app.setting = stepped(app.setting, step, super::setting_rows(app).len()),
        (View::Feed, _) => app.log.step(step),
        (View::Costs, _) => {
            app.costs.row = stepped(app.costs.row, step, app.costs.spent.as_ref().map_or(0, |spent| spent.rows.len()));
        }
        (View::Convoys, _) => convoys::step(app, step),
        (View::Town, Pane::Convoys) => {
            app.convoy = stepped(app.convoy, step, app.convoys().len());
        }
        (View::Town, Pane::Feed) => app.feed = stepped(app.feed, step, app.feed_lines().len()),
        (View::Queue, _) => {
            let total = app.town.rigs.iter().map(|rig| rig.queue.len()).sum();
            app.queue = stepped(app.queue, step, total);
        }
        (View::Town, Pane::Rigs) => app.rig = stepped(app.rig, step, app.town.rigs.len()),
        (View::Town, Pane::Landed) => app.landed = stepped(app.landed, step, app.landings().len()),
        (View::Town, Pane::Needs) => {
            let agents: Vec<String> = app.needing().iter().map(|agent| agent.address.clone()).collect();
            step_agent(app, &agents, step);
        }
        (View::Town, Pane::Agents) => {
            let agents = app.agent_order();
            step_agent(app, &agents, step);
        }
    }
}

fn step_agent(app: &mut App, agents: &[String], step: isize) {
    let place = agents.iter().position(|address| Some(address) == app.selected.as_ref());
    let next = place.map_or(0, |place| stepped(place, step, agents.len()));
    if let Some(address) = agents.get(next) {
        select(app, address.clone());
    }
}

fn next_pane(app: &mut App, step: isize) {
    if app.view == View::Agents {
        super::moves::step(app, step);
        return;
    }
    let panes = app.layout.panes();
    let Some(place) = panes.iter().position(|pane| *pane == app.pane) else { return };
    let count = isize::try_from(panes.len()).unwrap_or(1);
    let next = (isize::try_from(place).unwrap_or(0) + step).rem_euclid(count);
    focus(app, panes[usize::try_from(next).unwrap_or(0)]);
}

/// Gives the focus to `pane`.
pub(super) fn focus(app: &mut App, pane: Pane) {
    app.pane = pane;
    if pane == Pane::Needs
        && !app.needing().iter().any(|agent| Some(&agent.address) == app.selected.as_ref())
        && let Some(address) = app.needing().first().map(|agent| agent.address.clone())
    {
        select(app, address);
    }
}

fn open(app: &mut App, effects: &mut Vec<Effect>) {
    if app.view == View::Town && app.pane == Pane::Convoys {
        show(app, View::Convoys);
        return;
    }
    if app.view == View::Town && app.pane == Pane::Feed {
        let at = app.feed_lines().get(app.feed).map(|line| line.seq);
        show_log(app, at);
        return;
    }
    if app.view == View::Town && app.pane == Pane::Landed {
        if let Some(bead) = app.landings().get(app.landed).map(|landing| landing.bead.clone()) {
            super::dialogs::choose(app, Choice::Bead(bead), effects);
        }
        return;
    }
    if app.view == View::Town && app.pane == Pane::Rigs {
        if let Some(name) = app.town.rigs.get(app.rig).map(|rig| format!("{}/", rig.name)) {
            only(app, &name);
        }
        return;
    }
    app.look();
    if let Some(session) = app.selected_session().map(str::to_owned) {
        app.typing = true;
        effects.push(Effect::Focus(session, true));
    }
}

fn needing(app: &mut App, step: isize) {
    let agents: Vec<String> = app.town.needing_you().iter().map(|agent| agent.address.clone()).collect();
    let count = isize::try_from(agents.len()).unwrap_or(1).max(1);
    let place = agents.iter().position(|address| Some(address) == app.selected.as_ref());
    let next = match place {
        Some(place) => (isize::try_from(place).unwrap_or(0) + step).rem_euclid(count),
        None if step < 0 => count - 1,
        None => 0,
    };
    if let Some(address) = agents.get(usize::try_from(next).unwrap_or(0)).cloned() {
        if !app.town.agent(&address).is_some_and(|agent| app.shows(agent)) {
            app.filter.clear();
        }
        if !matches!(app.view, View::Town | View::Agents) {
            show(app, View::Town);
        }
        select(app, address);
    }
}

/// Goes to a step of the trail.
pub(super) fn go_up(app: &mut App, step: Step, effects: &mut Vec<Effect>) {
    match step {
        Step::Town => {
            app.filter.clear();
            show(app, View::Town);
        }
        Step::View => {
            app.zoom = false;
            app.beads.open = false;
        }
        Step::Rig(name) => super::dialogs::choose(app, Choice::Rig(name), effects),
        Step::Agent(address) => select(app, address),
    }
}

/// One level up; at the top it stays.
fn back(app: &mut App) {
    if app.zoom {
        app.zoom = false;
    } else if let Some(marked) = app.marks_mut().filter(|marked| !marked.is_empty()) {
        marked.clear();
    } else if !app.filter.is_empty() {
        app.filter.clear();
    } else if app.view != View::Town {
        app.view = View::Town;
    } else if app.pane != Pane::Agents {
        app.pane = Pane::Agents;
    } else {
        app.say("This is the top; q leaves, and agents go on working", false);
    }
}
