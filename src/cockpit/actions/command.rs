//! The command line that does the same as an action.

use super::Action;
use crate::cockpit::app::{App, Pane, View};
use crate::cockpit::costs::GROUPS;
use crate::cockpit::deeds::Deed;

/// The command line that does the same as `action` now.
pub fn command(action: Action, app: &App) -> Option<String> {
    let address = || app.selected_agent().map(|agent| agent.address.clone());
    if let Some(own) = in_view(action, app) {
        return Some(own);
    }
    match action {
        Action::Open | Action::Zoom if app.view == View::Beads => {
            app.beads.selected.as_ref().map(|id| format!("bd show {id}"))
        }
        Action::Open | Action::Zoom if app.view == View::Hooks => {
            let agent = app.hooks.selected.as_ref()?;
            let from = app.hooks.chosen_step().and_then(|step| step.number);
            let from = from.map(|number| format!(" --from {number}")).unwrap_or_default();
            Some(format!("gt hooks diff {agent}{from}"))
        }
        Action::ViewHooks => Some("gt hooks list".into()),
        Action::Open | Action::Zoom if app.view == View::Queue => {
            app.selected_request().map(|entry| format!("gt mq status {}", entry.id))
        }
        Action::Open | Action::Zoom if app.view == View::Mail => {
            let ids = letters(app);
            (!ids.is_empty()).then(|| in_a_line(&Deed::ReadMail(ids)))
        }
        Action::Open | Action::Zoom if app.view == View::Settings => {
            let row = crate::cockpit::setup::rows(app).into_iter().nth(app.setting)?;
            Some(row.command(Some(&row.value)))
        }
        Action::Open | Action::Zoom if app.view == View::Feed => {
            let bead = app.log.line().and_then(|line| line.line.bead.clone());
            Some(bead.map_or_else(|| "gt feed".to_owned(), |bead| format!("bd show {bead}")))
        }
        Action::Open | Action::Zoom if app.view == View::Costs => {
            Some(format!("gt costs --by {}", GROUPS.get(app.costs.by).map_or("agent", |(_, name)| name)))
        }
        Action::Open | Action::Zoom if app.pane == Pane::Convoys || app.view == View::Convoys => {
            app.selected_convoy().map(|convoy| format!("gt convoy show {}", convoy.id))
        }
        Action::Open | Action::Zoom => address().map(|address| format!("gt attach {address}")),
        Action::Answer => address().map(|address| format!("gt attach {address}")),
        Action::Explain => address().map(|address| format!("gt agents explain {address}")),
        Action::Stop => {
            let agents = app.subjects();
            (!agents.is_empty()).then(|| in_a_line(&Deed::Stop(agents)))
        }
        Action::Message => address().map(|address| format!("gt nudge {address} \"...\"")),
        Action::Sling => Some("gt sling <bead>... <rig>".into()),
        Action::LookBack => address().map(|address| format!("gt peek {address}")),
        Action::Undo => {
            app.undoable().and_then(|task| task.undo(app.now)).map(in_a_line).filter(|line| !line.is_empty())
        }
        Action::ViewTown | Action::ViewAgents => Some("gt agents".into()),
        Action::ViewBeads => Some("bd list".into()),
        Action::ViewMail => Some("gt mail inbox".into()),
        Action::ViewFeed => Some("gt feed".into()),
        Action::ViewSettings => Some("gt config show".into()),
        Action::ViewConvoys => Some("gt convoy list".into()),
        Action::Costs => Some("gt costs".into()),
        Action::ViewQueue => Some("gt mq list".into()),
        _ => None,
    }
}

/// The command lines of a deed as one.
fn in_a_line(deed: &Deed) -> String {
    deed.commands().join(" && ")
}

/// The messages that something would be done with.
fn letters(app: &App) -> Vec<String> {
    app.chosen_letters().iter().map(|letter| letter.id.clone()).collect()
}

/// The command line of what a view does with what is selected in it.
fn in_view(action: Action, app: &App) -> Option<String> {
    let written = "\"...\"";
    match app.view {
        View::Beads => {
            let line = app.beads.line();
            let id = line.map(|line| line.id.clone());
            let several = app.beads.subjects().iter().map(|line| line.id.as_str()).collect::<Vec<_>>().join(" ");
            match action {
                Action::New => Some(format!("bd create {written}")),
                Action::Edit => id.map(|id| format!("bd update {id}")),
                Action::Comment => id.map(|id| format!("bd comments add {id} {written}")),
                Action::Close => {
                    let verb = if line.is_some_and(|line| line.status == "closed") { "reopen" } else { "close" };
                    line.map(|_| format!("bd {verb} {several}"))
                }
                Action::Sling => line.map(|line| format!("gt sling {several} {}", line.rig)),
                _ => None,
            }
        }
        View::Queue => {
            let id = &app.selected_request()?.id;
            let order = |place: &str| Some(format!("gt mq reorder {id} --{place}"));
            let chosen: Vec<String> = app.chosen_requests().iter().map(|entry| entry.id.clone()).collect();
            match action {
                Action::Approve => Some(in_a_line(&Deed::Approve(chosen))),
                Action::Retry => Some(in_a_line(&Deed::Retry(chosen))),
                Action::Reject => Some(
                    chosen.iter().map(|id| format!("gt mq reject {id} -r {written}")).collect::<Vec<_>>().join(" && "),
                ),
                Action::StopMerge => Some(in_a_line(&Deed::StopMerge(chosen))),
                Action::Earlier => order("earlier"),
                Action::Later => order("later"),
                Action::First => order("first"),
                Action::Last => order("last"),
                _ => None,
            }
        }
        View::Mail => {
            let letter = app.mail.as_ref().and_then(|letters| letters.get(app.letter));
            match action {
                Action::New => Some(format!("gt mail send <address> -s {written} -m {written}")),
                Action::Reply => letter.map(|letter| format!("gt mail reply {} {written}", letter.id)),
                Action::Archive => letter.map(|_| in_a_line(&Deed::ArchiveMail(letters(app)))),
                _ => None,
            }
        }
        View::Hooks => {
            let row = app.hooks.line()?;
            let agent = &row.agent;
            match action {
                Action::Rollback => {
                    let number = app.hooks.chosen_step().and_then(|step| step.number)?;
                    Some(format!("gt hooks rollback {agent} {number}"))
                }
                Action::Repair => Some(format!("gt hooks repair {agent}")),
                Action::Archive if row.state == "archived" => Some(format!("gt hooks restore {agent}")),
                Action::Archive => Some(format!("gt hooks archive {agent}")),
                Action::Message => Some(format!("gt nudge {agent} {written}")),
                _ => None,
            }
        }
        _ => None,
    }
}
