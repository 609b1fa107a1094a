//! What can be done now, and why not.

use super::{Action, command};
use crate::cockpit::app::{App, Overlay, Pane, View};
use crate::cockpit::form::Subject;
use crate::cockpit::hooks::Part;
use crate::cockpit::update;
use crate::view::{AgentState, QueueEntry};
use crate::work::hook_review::StepKind;

/// Whether `action` can be done now; if not, why.
///
/// # Errors
/// The reason, as a sentence for the person who pressed the key.
pub fn available(action: Action, app: &App) -> Result<(), String> {
    let agent = app.selected_agent();
    if app.back.is_some() && app.overlay.is_none() {
        return Ok(());
    }
    match action {
        Action::New
        | Action::Edit
        | Action::Unset
        | Action::Comment
        | Action::Close
        | Action::Reply
        | Action::Archive
        | Action::Retry
        | Action::Reject
        | Action::Approve
        | Action::First
        | Action::Earlier
        | Action::Later
        | Action::StopMerge
        | Action::Last
            if app.read_only =>
        {
            Err("This cockpit is read-only".into())
        }
        Action::Edit
        | Action::Comment
        | Action::Mark
        | Action::Reject
        | Action::Message
        | Action::Rollback
        | Action::Repair
        | Action::Archive
        | Action::Open
        | Action::Zoom
        | Action::MarkRange
        | Action::NextHunk
        | Action::PreviousHunk
        | Action::NextFile
        | Action::PreviousFile
            if app.view == View::Hooks && app.overlay.is_none() =>
        {
            hooks(action, app)
        }
        Action::Mark | Action::MarkRange | Action::MarkAll | Action::MarkInvert if app.overlay.is_none() => {
            let (some, what) = match app.view {
                View::Beads => (app.beads.lines.iter().flatten().next().is_some(), "There is no bead to mark"),
                View::Mail => (app.mail.iter().flatten().next().is_some(), "There is no message to mark"),
                View::Queue => (app.requests().next().is_some(), "There is no merge request to mark"),
                View::Town | View::Agents => (agent.is_some(), "No agent is selected"),
                _ => (false, "Nothing can be marked here"),
            };
            if some { Ok(()) } else { Err(what.into()) }
        }
        Action::Edit | Action::Comment | Action::Close if app.view == View::Beads && app.beads.line().is_none() => {
            Err("No bead is selected; c makes one".into())
        }
        Action::Open if app.view == View::Beads && app.overlay.is_none() => match app.beads.selected {
            Some(_) => Ok(()),
            None => Err("No bead is selected; c makes one".into()),
        },
        Action::Open | Action::Reply | Action::Archive if app.view == View::Mail && app.overlay.is_none() => {
            match app.mail.as_ref().and_then(|letters| letters.get(app.letter)) {
                Some(_) => Ok(()),
                None => Err("There is no message here".into()),
            }
        }
        Action::Retry
        | Action::Reject
        | Action::Approve
        | Action::First
        | Action::Earlier
        | Action::Later
        | Action::StopMerge
        | Action::Last
            if app.selected_request().is_none() =>
        {
            Err("No merge request is selected".into())
        }
        Action::Open | Action::Unset | Action::Edit if app.view == View::Settings && app.overlay.is_none() => {
            let row = crate::cockpit::setup::rows(app).into_iter().nth(app.setting);
            match row {
                _ if app.read_only => Err("This cockpit is read-only".into()),
                None => Err("No setting matches the filter".into()),
                Some(row) if action == Action::Unset && !row.own => {
                    Err(format!("{} is not set there: its value is {}", row.name, row.layer))
                }
                Some(_) => Ok(()),
            }
        }
        Action::Open if app.view == View::Feed && app.overlay.is_none() => {
            match app.log.line().map(|line| line.line.bead.is_some()) {
                Some(true) => Ok(()),
                Some(false) => Err("That event is about no bead".into()),
                None => Err("There is no event here".into()),
            }
        }
        Action::Open if app.view == View::Costs && app.overlay.is_none() => {
            match app.costs.spent.as_ref().and_then(|spent| spent.rows.get(app.costs.row)) {
                Some(row) if !row.key.is_empty() => Ok(()),
                Some(_) => Err("Nothing in particular stands behind that row".into()),
                None => Err("Nothing was spent in that time".into()),
            }
        }
        Action::NextKind | Action::NextRig | Action::NextPriority if letter_is_written(app) => {
            Err("A message has none".into())
        }
        Action::Open
            if matches!(app.pane, Pane::Rigs | Pane::Landed | Pane::Feed)
                && app.view == View::Town
                && app.overlay.is_none() =>
        {
            Ok(())
        }
        Action::Open if matches!(app.pane, Pane::Convoys) && app.view == View::Town => {
            if app.town.convoys.is_empty() {
                Err("There is no convoy yet: sling some beads with s".into())
            } else {
                Ok(())
            }
        }
        Action::Open | Action::Zoom
            if app.view != View::Convoys && app.view != View::Queue && app.view != View::Feed =>
        {
            match agent {
                None => Err("No agent is selected: sling some work with s, or gt sling".into()),
                Some(agent) if agent.session.is_none() => Err(format!("{} has no running terminal", agent.address)),
                Some(_) if action == Action::Open && app.read_only => Err("This cockpit is read-only".into()),
                Some(_) => Ok(()),
            }
        }
        Action::Open if app.view == View::Convoys => match app.selected_convoy() {
            Some(_) => Ok(()),
            None => Err("There is no convoy yet: sling some beads with s".into()),
        },
        Action::Open if app.view == View::Queue => match app.selected_request() {
            Some(_) => Ok(()),
            None => Err("No merge request is selected".into()),
        },
        Action::Open | Action::Zoom => Err("Nothing to open here: T goes back to the town".into()),
        Action::Message => match agent {
            _ if app.read_only => Err("This cockpit is read-only".into()),
            _ if !app.marked.is_empty() => Ok(()),
            // Typed words would answer the question.
            Some(agent) if agent.state == AgentState::NeedsYou => {
                Err(format!("{} asks something first: a answers it", agent.address))
            }
            None => Err("No agent is selected".into()),
            Some(agent) if agent.session.is_none() => {
                Err(format!("{} has no running session to write to", agent.address))
            }
            Some(_) => Ok(()),
        },
        Action::Answer | Action::Drain | Action::Stop | Action::Undo if app.read_only => {
            Err("This cockpit is read-only".into())
        }
        Action::Answer => match agent {
            Some(agent) if agent.state == AgentState::NeedsYou && agent.session.is_some() => Ok(()),
            Some(agent) => Err(format!("{} asks nothing now", agent.address)),
            None => Err("No agent is selected".into()),
        },
        Action::Drain if app.asking().is_empty() && app.overlay.is_none() => Err("Nobody asks anything".into()),
        Action::Stop if app.subjects().is_empty() => Err("No running agent is selected".into()),
        Action::Undo if app.undoable().is_none() => {
            Err("Nothing to take back: that is possible for half a minute; L shows what was done".into())
        }
        Action::Explain if agent.is_none() && app.overlay.is_none() => Err("No agent is selected".into()),
        Action::Sling if app.read_only => Err("This cockpit is read-only".into()),
        Action::Sling if app.loaded && app.town.rigs.is_empty() => {
            Err("The town has no rig yet: gt rig add <name> <repository>".into())
        }
        Action::Snooze if agent.is_none() => Err("No agent is selected".into()),
        Action::LookBack => match agent {
            Some(agent) if agent.session.is_some() => Ok(()),
            _ => Err("No running agent is selected".into()),
        },
        Action::ForgetSet if app.set_name.is_none() => Err("No set of tiles is shown: t goes through them".into()),
        Action::Approve | Action::Retry | Action::StopMerge => queue(app, action),
        Action::Reject if app.view == View::Queue => queue(app, action),
        Action::Earlier | Action::Later | Action::First | Action::Last => queue(app, action),
        Action::NextNeeding | Action::PreviousNeeding if app.overlay.is_none() && app.town.needing_you().is_empty() => {
            Err("Nothing needs you".into())
        }
        Action::LastAgent if app.last_selected.is_none() => Err("You have looked at only one agent so far".into()),
        Action::CopyCommand if app.overlay.is_some() => match &app.overlay {
            Some(Overlay::Journal(_)) => Ok(()),
            Some(Overlay::Palette(palette))
                if palette.chosen().is_some_and(|row| row.choice.command(app).is_some()) =>
            {
                Ok(())
            }
            _ => Err("No command line does that".into()),
        },
        Action::CopyCommand if command(Action::Open, app).is_none() => Err("Nothing is selected".into()),
        _ => Ok(()),
    }
}

/// What a merge request has to be for `action`, in words, and the states that are that.
pub fn states(action: Action) -> (&'static str, &'static [&'static str]) {
    match action {
        Action::Approve => ("held or under review", &["held", "review"]),
        Action::Retry => ("given back or waiting", &["conflict", "failed", "waiting", "review", "ready"]),
        Action::StopMerge => ("waiting or being merged", &["ready", "waiting", "claimed", "rebased", "gating"]),
        Action::Reject => ("waiting or given back", &["ready", "waiting", "held", "review", "conflict", "failed"]),
        _ => ("waiting", &["ready", "waiting", "held", "review"]),
    }
}

/// The marked merge requests, or else the selected one, as far as they are in a state for `action`.
pub fn fitting_requests(action: Action, app: &App) -> Vec<&QueueEntry> {
    let (_, states) = states(action);
    app.chosen_requests().into_iter().filter(|entry| states.contains(&entry.state.as_str())).collect()
}

/// Whether a merge request that something is to be done with is in a state for `action`; if not, what it would have to be.
fn queue(app: &App, action: Action) -> Result<(), String> {
    let (wanted, states) = states(action);
    let moves = matches!(action, Action::Earlier | Action::Later | Action::First | Action::Last);
    if !moves && !app.marked_requests.is_empty() {
        return match fitting_requests(action, app).is_empty() {
            true => Err(format!("None of the marked is {wanted}")),
            false => Ok(()),
        };
    }
    match app.selected_request() {
        Some(entry) if states.contains(&entry.state.as_str()) => Ok(()),
        Some(entry) => {
            let (words, _) = crate::cockpit::render::state_words(&entry.state);
            Err(format!("{} is not {wanted}: {words}", entry.source))
        }
        None => Err("No merge request is selected".into()),
    }
}

/// Whether an action of the hooks view can be done now.
fn hooks(action: Action, app: &App) -> Result<(), String> {
    let hooks = &app.hooks;
    let Some(row) = hooks.line() else { return Err("There is no hook yet: s slings work, which gets one".into()) };
    let changes = matches!(
        action,
        Action::Reject | Action::Message | Action::Rollback | Action::Repair | Action::Archive | Action::Edit
    );
    if app.read_only && changes {
        return Err("This cockpit is read-only".into());
    }
    match action {
        Action::Comment
        | Action::Mark
        | Action::Reject
        | Action::Edit
        | Action::MarkRange
        | Action::NextHunk
        | Action::PreviousHunk
        | Action::NextFile
        | Action::PreviousFile
            if hooks.files().is_empty() =>
        {
            Err("There is nothing to look at here".into())
        }
        Action::Mark | Action::Reject if hooks.part != Part::Diff => Err("Go to the diff first: enter".into()),
        Action::Message => update::recipient(app, &row.agent).map(|_| ()),
        Action::Rollback => match hooks.chosen_step() {
            Some(step) if step.kind == StepKind::Snapshot && app.works(&row.agent) => {
                Err(format!("{} works there now: X stops it", row.agent))
            }
            Some(step) if step.kind == StepKind::Snapshot => Ok(()),
            _ => Err("Choose a snapshot in the history first: tab".into()),
        },
        Action::Archive if row.state != "archived" && app.works(&row.agent) => {
            Err(format!("{} works there now: X stops it", row.agent))
        }
        _ => Ok(()),
    }
}

fn letter_is_written(app: &App) -> bool {
    matches!(&app.overlay, Some(Overlay::Form(form)) if form.subject == Subject::Letter)
}
