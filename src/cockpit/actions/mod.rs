//! The one table of actions: dispatch, key bar, help, which-key, palette and settings all read it.

mod available;
mod command;
mod table;

use super::app::{App, Overlay, Pane, View};
use super::dialogs::Purpose;
use super::form::Subject;

pub use available::{available, fitting_requests, states};
pub use command::command;
pub use table::TABLE;

/// Everything that can be asked of the cockpit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Down one row.
    Down,
    /// Up one row.
    Up,
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
    /// Down one page.
    PageDown,
    /// Up one page.
    PageUp,
    /// To the next pane.
    NextPane,
    /// To the pane before.
    PreviousPane,
    /// Open what is selected; type into an agent.
    Open,
    /// Leave the agent's terminal.
    Leave,
    /// One terminal on the whole screen, or back.
    Zoom,
    /// Give beads to workers.
    Sling,
    /// Write to the selected agent.
    Message,
    /// Narrow the lists.
    Filter,
    /// The next agent that needs me.
    NextNeeding,
    /// The one before.
    PreviousNeeding,
    /// The agent looked at before this one.
    LastAgent,
    /// Copy the selected thing's command.
    CopyCommand,
    /// How agents are ordered.
    Sort,
    /// The town.
    ViewTown,
    /// Tiles of live terminals.
    ViewAgents,
    /// Convoys and their members.
    ViewConvoys,
    /// The merge queues.
    ViewQueue,
    /// All events.
    ViewFeed,
    /// The next theme.
    NextTheme,
    /// Everything by name.
    Palette,
    /// All keys.
    Help,
    /// One level up.
    Back,
    /// Leave the cockpit.
    Quit,
    /// Stop the program, `fg` brings it back.
    Suspend,
    /// Choose what is highlighted.
    Accept,
    /// Close this without doing anything.
    Cancel,
    /// Mark or unmark.
    Mark,
    /// Go on to the other side.
    SwitchSide,
    /// Another runtime for the workers.
    NextRuntime,
    /// Send the text.
    Send,
    /// Answer what the selected agent asks.
    Answer,
    /// Answer one agent after the other.
    Drain,
    /// The same answer to every agent that asks the same.
    AnswerAll,
    /// The agent with this number among those that can be seen.
    Pick,
    /// Letters beside what can be seen, to go there.
    Jump,
    /// Go to anything by name.
    GoTo,
    /// Why an agent is in its state.
    Explain,
    /// What was done from here.
    Journal,
    /// Take the last thing done back.
    Undo,
    /// Mark or unmark from the last mark to here.
    MarkRange,
    /// Mark all.
    MarkAll,
    /// Mark what is not marked and the other way round.
    MarkInvert,
    /// Stop an agent.
    Stop,
    /// Lists on or off while an agent has the screen.
    Lists,
    /// More room for the lists.
    Wider,
    /// Less.
    Narrower,
    /// Only agents that need a person.
    OnlyNeeding,
    /// Only agents at work.
    OnlyWorking,
    /// Only agents that are done and not looked at.
    OnlyDone,
    /// Only agents without work.
    OnlyIdle,
    /// Only agents whose process is gone.
    OnlyDead,
    /// Make a bead.
    New,
    /// Change it.
    Edit,
    /// Remark on it.
    Comment,
    /// Close it, or open it again.
    Close,
    /// Another layout.
    Shape,
    /// Closed ones too, or not.
    ShowClosed,
    /// On in what is read.
    ReadDown,
    /// Back in what is read.
    ReadUp,
    /// Another priority.
    NextPriority,
    /// Another type.
    NextKind,
    /// Another rig.
    NextRig,
    /// The beads.
    ViewBeads,
    /// The mail.
    ViewMail,
    /// The settings.
    ViewSettings,
    /// What the models cost.
    Costs,
    /// Answer a message.
    Reply,
    /// Put a message away.
    Archive,
    /// Try a merge again.
    Retry,
    /// Turn a merge down.
    Reject,
    /// Let a held merge go on.
    Approve,
    /// Before all others.
    First,
    /// After all others.
    Last,
    /// One place to the front.
    Earlier,
    /// One place to the end.
    Later,
    /// Stop merging.
    StopMerge,
    /// Stop something that runs.
    StopTask,
    /// No notifications for a while.
    Snooze,
    /// To the next hunk.
    NextHunk,
    /// To the hunk before.
    PreviousHunk,
    /// To the next file.
    NextFile,
    /// To the file before.
    PreviousFile,
    /// Back to a snapshot.
    Rollback,
    /// Heal a worktree.
    Repair,
    /// The hooks.
    ViewHooks,
    /// Look back in a terminal.
    LookBack,
    /// Keep the marked agents as a set of tiles.
    SaveSet,
    /// The next kept set.
    NextSet,
    /// Forget the set that is shown.
    ForgetSet,
    /// Take a setting out of its file.
    Unset,
    /// Say yes.
    Yes,
    /// Say no.
    No,
}

/// Where keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// Lists and views.
    Main,
    /// Into an agent's terminal.
    Typing,
    /// Into the filter line.
    Filter,
    /// A list narrowed by typing: palette and help.
    Picker,
    /// The sling dialog.
    Sling,
    /// The message dialog.
    Message,
    /// The question of an agent.
    Answer,
    /// A question before something that can't be taken back.
    Confirm,
    /// Letters to go to.
    Jump,
    /// Something to read.
    Note,
    /// A bead that is written.
    Form,
    /// Looking back in a terminal.
    Back,
    /// Typing what is searched for in a terminal.
    Search,
    /// The beads view; what it has no key for is looked up among the main ones.
    Beads,
    /// The mail view, likewise.
    Mail,
    /// The queue view, likewise.
    Queue,
    /// The hooks view, likewise.
    Hooks,
    /// The tiles, likewise.
    Agents,
    /// The convoys view, likewise.
    Convoys,
    /// The settings view, likewise.
    Settings,
    /// The feed view, likewise.
    Feed,
    /// The costs view, likewise.
    Costs,
}

impl Context {
    /// Whether keys it has no action for are those of the lists and views.
    pub fn is_view(self) -> bool {
        matches!(
            self,
            Self::Main
                | Self::Beads
                | Self::Mail
                | Self::Queue
                | Self::Hooks
                | Self::Agents
                | Self::Convoys
                | Self::Settings
                | Self::Feed
                | Self::Costs
        )
    }
}

/// One action: its names, its words and its keys.
#[derive(Debug)]
pub struct Spec {
    /// The action.
    pub action: Action,
    /// Its name in settings.
    pub name: &'static str,
    /// One or two words for the key bar.
    pub words: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// The keys it has unless settings say otherwise.
    pub keys: &'static [&'static str],
    /// Where it works.
    pub context: Context,
    /// Its place in the key bar; 0 is not shown there.
    pub bar: u8,
}

/// The entry of `action` in `context`.
pub fn spec(action: Action, context: Context) -> Option<&'static Spec> {
    TABLE.iter().find(|spec| spec.action == action && spec.context == context)
}

/// Where keys go now.
pub fn context(app: &App) -> Context {
    match &app.overlay {
        Some(Overlay::Help(_) | Overlay::Palette(_) | Overlay::Journal(_) | Overlay::Choose(_)) => Context::Picker,
        Some(Overlay::Sling(_)) => Context::Sling,
        Some(Overlay::Message(_)) => Context::Message,
        Some(Overlay::Answer(_)) => Context::Answer,
        Some(Overlay::Confirm(_)) => Context::Confirm,
        Some(Overlay::Note(_)) => Context::Note,
        None if app.back.as_ref().is_some_and(|back| back.asking) => Context::Search,
        None if app.back.is_some() => Context::Back,
        None if app.jumping => Context::Jump,
        None if app.typing => Context::Typing,
        Some(Overlay::Form(_)) => Context::Form,
        None if app.filtering => Context::Filter,
        None => of_view(app.view),
    }
}

/// The words of an action for what it would be done with now.
pub fn words(spec: &Spec, app: &App) -> &'static str {
    match (spec.action, &app.overlay) {
        (Action::Open, None) if app.view == View::Town => match app.pane {
            Pane::Convoys | Pane::Feed => "open",
            Pane::Landed => "the bead",
            Pane::Rigs => "only this rig",
            Pane::Needs | Pane::Agents => spec.words,
        },
        (Action::Zoom, _) if app.zoom => "unzoom",
        (Action::Send, Some(Overlay::Form(form))) => match form.subject {
            Subject::NewBead => "make it",
            Subject::Bead(_) => spec.words,
            Subject::Letter => "send",
        },
        (Action::Send, Some(Overlay::Message(message))) => match message.purpose {
            Purpose::Value(_) => "set",
            Purpose::Set(_) | Purpose::Remark(..) => "keep",
            Purpose::Reject(_) => "turn down",
            _ => spec.words,
        },
        _ => spec.words,
    }
}

/// The view an action shows, when that is what it does.
pub fn shown_by(action: Action) -> Option<View> {
    Some(match action {
        Action::ViewTown => View::Town,
        Action::ViewAgents => View::Agents,
        Action::ViewConvoys => View::Convoys,
        Action::ViewQueue => View::Queue,
        Action::ViewHooks => View::Hooks,
        Action::ViewBeads => View::Beads,
        Action::ViewMail => View::Mail,
        Action::ViewSettings => View::Settings,
        Action::ViewFeed => View::Feed,
        Action::Costs => View::Costs,
        _ => return None,
    })
}

/// Where keys go in a view.
pub fn of_view(view: View) -> Context {
    match view {
        View::Beads => Context::Beads,
        View::Mail => Context::Mail,
        View::Queue => Context::Queue,
        View::Hooks => Context::Hooks,
        View::Agents => Context::Agents,
        View::Convoys => Context::Convoys,
        View::Settings => Context::Settings,
        View::Feed => Context::Feed,
        View::Costs => Context::Costs,
        View::Town => Context::Main,
    }
}

/// Where keys went before the dialog on top was opened.
pub fn context_below(app: &App) -> Context {
    if app.back.is_some() { Context::Back } else { of_view(app.view) }
}

/// Where keys of a context work, in words; nothing for those that work in every view.
pub fn place(context: Context) -> &'static str {
    match context {
        Context::Main => "",
        Context::Typing => "typing",
        Context::Filter => "filter",
        Context::Picker => "lists",
        Context::Sling => "sling",
        Context::Message => "message",
        Context::Answer => "answer",
        Context::Confirm => "yes or no",
        Context::Jump => "jumping",
        Context::Note => "reading",
        Context::Form => "writing",
        Context::Back => "look back",
        Context::Search => "searching",
        Context::Beads => "beads",
        Context::Mail => "mail",
        Context::Queue => "queue",
        Context::Hooks => "hooks",
        Context::Agents => "tiles",
        Context::Convoys => "convoys",
        Context::Settings => "settings",
        Context::Feed => "feed",
        Context::Costs => "costs",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::cockpit::keys;

    #[test]
    fn names_are_unique_and_keys_read() {
        let mut names = HashSet::new();
        for spec in TABLE {
            assert!(names.insert(spec.name), "{} twice", spec.name);
            for key in spec.keys {
                keys::parse(key).unwrap();
            }
            assert!(!spec.about.ends_with('.') && spec.words.len() <= 20, "{}", spec.name);
        }
    }

    #[test]
    fn no_key_means_two_things_in_one_place_and_no_key_hides_a_sequence() {
        let mut taken: HashMap<(Context, Vec<keys::Chord>), &str> = HashMap::new();
        for spec in TABLE {
            for key in spec.keys {
                let chords = keys::parse(key).unwrap();
                for length in 1..chords.len() {
                    assert!(!taken.contains_key(&(spec.context, chords[..length].to_vec())), "{key} is hidden");
                }
                if let Some(other) = taken.insert((spec.context, chords), spec.name) {
                    panic!("{key} is both {other} and {}", spec.name);
                }
            }
        }
    }
}
