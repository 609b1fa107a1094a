//! The one table of actions: dispatch, key bar, help, which-key, palette and settings all read it.

use super::app::{App, Overlay, Pane, View};

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

macro_rules! table {
    ($($context:ident { $($action:ident, $name:literal, $words:literal, [$($key:literal),*], $bar:literal, $about:literal;)+ })+) => {
        &[$($(Spec {
            action: Action::$action, name: $name, words: $words, about: $about, keys: &[$($key),*], context: Context::$context, bar: $bar,
        }),+),+]
    };
}

/// The table.
pub static TABLE: &[Spec] = table! {
    Main {
        Open, "open", "type into it", ["enter"], 1, "Type into the selected agent; ctrl-] comes back";
        NextNeeding, "next-needing-you", "needs you", ["] n"], 2, "Go to the next agent that needs you";
        Sling, "sling", "sling work", ["s"], 3, "Give ready beads to workers";
        Message, "message", "message", ["m"], 4, "Write a message to the selected agent";
        Zoom, "zoom", "zoom", ["z"], 5, "Show the selected terminal on the whole screen, or go back";
        Filter, "filter", "filter", ["/"], 6, "Show only what matches some words";
        Palette, "palette", "everything", [":", "ctrl-p"], 7, "Find any action, agent, convoy or rig by name";
        Help, "help", "all", ["?"], 0, "Show all keys";
        Down, "down", "down", ["j", "down", "ctrl-n"], 0, "Go down one row";
        Up, "up", "up", ["k", "up"], 0, "Go up one row";
        Top, "top", "first", ["g g", "home"], 0, "Go to the first row";
        Bottom, "bottom", "last", ["G", "end"], 0, "Go to the last row";
        PageDown, "page-down", "page down", ["pgdn", "ctrl-d", "ctrl-f"], 0, "Go down one page";
        PageUp, "page-up", "page up", ["pgup", "ctrl-u", "ctrl-b"], 0, "Go up one page";
        NextPane, "next-pane", "next pane", ["tab", "l", "right"], 0, "Go to the next pane";
        PreviousPane, "previous-pane", "pane before", ["shift-tab", "h", "left"], 0, "Go to the pane before";
        PreviousNeeding, "previous-needing-you", "needs you, before", ["[ n"], 0, "Go to the agent before that needs you";
        LastAgent, "last-agent", "last agent", ["`"], 0, "Go back to the agent you looked at before";
        CopyCommand, "copy-command", "copy command", ["y c"], 0, "Copy the command line that does the same";
        Sort, "sort", "order", ["o"], 0, "Order agents by attention or by rig";
        ViewTown, "town", "town", ["T", "1"], 0, "Show the town: what needs you, agents, convoys, events";
        ViewAgents, "agents", "tiles", ["A", "2"], 0, "Show agents side by side as live terminals";
        ViewConvoys, "convoys", "convoys", ["C", "3"], 0, "Show convoys and who works on what";
        ViewQueue, "queue", "queue", ["Q", "4"], 0, "Show the merge queues";
        ViewFeed, "feed", "feed", ["F", "5"], 0, "Show what happened";
        NextTheme, "next-theme", "theme", [], 0, "Change to the next theme";
        Back, "back", "back", ["esc", "backspace"], 0, "Go up one level";
        Suspend, "suspend", "suspend", ["ctrl-z"], 0, "Stop the cockpit; fg brings it back";
        Quit, "quit", "quit", ["q", "ctrl-c"], 0, "Leave the cockpit; agents go on working";
    }
    Typing {
        Leave, "leave", "back to the list", ["ctrl-]"], 1, "Stop typing into the agent; every other key goes to it";
    }
    Filter {
        Accept, "filter-keep", "keep", ["enter"], 1, "Keep the filter and go back to the list";
        Cancel, "filter-clear", "clear", ["esc"], 2, "Show everything again";
    }
    Picker {
        Accept, "choose", "choose", ["enter"], 1, "Do or open what is highlighted";
        Down, "picker-down", "down", ["down", "ctrl-n", "ctrl-j", "tab"], 0, "Go down one row";
        Up, "picker-up", "up", ["up", "ctrl-k", "shift-tab"], 0, "Go up one row";
        PageDown, "picker-page-down", "page down", ["pgdn"], 0, "Go down one page";
        PageUp, "picker-page-up", "page up", ["pgup"], 0, "Go up one page";
        Cancel, "picker-close", "close", ["esc", "ctrl-c"], 2, "Close this";
    }
    Sling {
        Mark, "mark", "mark", ["space"], 1, "Mark the bead, or take the mark away";
        SwitchSide, "switch-side", "beads or target", ["tab", "shift-tab"], 2, "Go on to the other list";
        NextRuntime, "next-runtime", "runtime", ["ctrl-r"], 3, "Choose what the workers run on: claude, codex, script and so on";
        Accept, "sling-now", "sling", ["enter"], 4, "Sling the marked beads to the target";
        Down, "sling-down", "down", ["down", "ctrl-n", "ctrl-j"], 0, "Go down one row";
        Up, "sling-up", "up", ["up", "ctrl-p", "ctrl-k"], 0, "Go up one row";
        PageDown, "sling-page-down", "page down", ["pgdn"], 0, "Go down one page";
        PageUp, "sling-page-up", "page up", ["pgup"], 0, "Go up one page";
        Cancel, "sling-close", "cancel", ["esc", "ctrl-c"], 5, "Close this; nothing is slung";
    }
    Message {
        Send, "send", "send", ["enter"], 1, "Send the message";
        Cancel, "message-close", "cancel", ["esc", "ctrl-c"], 3, "Close this; nothing is sent";
    }
};

/// The entry of `action` in `context`.
pub fn spec(action: Action, context: Context) -> Option<&'static Spec> {
    TABLE.iter().find(|spec| spec.action == action && spec.context == context)
}

/// Where keys go now.
pub fn context(app: &App) -> Context {
    match &app.overlay {
        Some(Overlay::Help(_) | Overlay::Palette(_)) => Context::Picker,
        Some(Overlay::Sling(_)) => Context::Sling,
        Some(Overlay::Message(_)) => Context::Message,
        None if app.typing => Context::Typing,
        None if app.filtering => Context::Filter,
        None => Context::Main,
    }
}

/// Whether `action` can be done now; if not, why.
///
/// # Errors
/// The reason, as a sentence for the person who pressed the key.
pub fn available(action: Action, app: &App) -> Result<(), String> {
    let agent = app.selected_agent();
    match action {
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
        Action::Open | Action::Zoom => Err("Nothing to open here: T goes back to the town".into()),
        Action::Message => match agent {
            _ if app.read_only => Err("This cockpit is read-only".into()),
            None => Err("No agent is selected".into()),
            Some(agent) if agent.session.is_none() => {
                Err(format!("{} has no running session to write to", agent.address))
            }
            Some(_) => Ok(()),
        },
        Action::Sling if app.read_only => Err("This cockpit is read-only".into()),
        Action::Sling if app.loaded && app.town.rigs.is_empty() => {
            Err("The town has no rig yet: gt rig add <name> <repository>".into())
        }
        Action::NextNeeding | Action::PreviousNeeding if app.town.needing_you().is_empty() => {
            Err("Nothing needs you".into())
        }
        Action::LastAgent if app.last_selected.is_none() => Err("You have looked at only one agent so far".into()),
        Action::CopyCommand if command(Action::Open, app).is_none() => Err("Nothing is selected".into()),
        _ => Ok(()),
    }
}

/// The command line that does the same as `action` now.
pub fn command(action: Action, app: &App) -> Option<String> {
    let address = || app.selected_agent().map(|agent| agent.address.clone());
    match action {
        Action::Open | Action::Zoom if app.pane == Pane::Convoys || app.view == View::Convoys => {
            app.selected_convoy().map(|convoy| format!("gt convoy show {}", convoy.id))
        }
        Action::Open | Action::Zoom => address().map(|address| format!("gt attach {address}")),
        Action::Message => address().map(|address| format!("gt nudge {address} \"...\"")),
        Action::Sling => Some("gt sling <bead>... <rig>".into()),
        Action::ViewTown | Action::ViewAgents => Some("gt agents".into()),
        Action::ViewConvoys => Some("gt convoy list".into()),
        Action::ViewQueue => Some("gt mq list".into()),
        _ => None,
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

    #[test]
    fn the_key_bar_shows_at_most_seven() {
        let mut shown: HashMap<Context, usize> = HashMap::new();
        for spec in TABLE.iter().filter(|spec| spec.bar > 0) {
            *shown.entry(spec.context).or_default() += 1;
        }
        assert!(shown.values().all(|&count| count <= 7), "{shown:?}");
    }
}
