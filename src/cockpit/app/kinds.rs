//! The kinds of things the cockpit knows of: views, panes, dialogs, remarks, and why a frame is drawn.

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::terminal::ScreenState;

use super::super::dialogs::{AnswerBox, Choose, Confirm, Help, Journal, Message, Note, Sling};
use super::super::form::Form;
use super::super::palette::Palette;

/// What the whole screen shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// Home: what needs you, agents, convoys, events, one terminal.
    #[default]
    Town,
    /// Tiles of live terminals.
    Agents,
    /// Convoys and their members.
    Convoys,
    /// The merge queues.
    Queue,
    /// Worktrees, what happened on them and what they change.
    Hooks,
    /// All events.
    Feed,
    /// The beads.
    Beads,
    /// The person's mail.
    Mail,
    /// What the models cost.
    Costs,
    /// What is set.
    Settings,
}

impl View {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Town,
        Self::Agents,
        Self::Convoys,
        Self::Beads,
        Self::Queue,
        Self::Hooks,
        Self::Mail,
        Self::Feed,
        Self::Costs,
        Self::Settings,
    ];
    /// Their names in the settings, in the same order.
    pub const NAMES: [&str; 10] =
        ["town", "agents", "convoys", "beads", "queue", "hooks", "mail", "feed", "costs", "settings"];
}

/// A list that can have the focus in the town view.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Pane {
    /// Agents that wait for a person.
    Needs,
    /// All agents.
    #[default]
    Agents,
    /// Rigs.
    Rigs,
    /// Convoys.
    Convoys,
    /// What was merged.
    Landed,
    /// Events.
    Feed,
}

/// How agents are ordered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Those that ask most for attention first.
    #[default]
    Attention,
    /// Rig by rig.
    Rig,
    /// Those longest in their state first.
    Age,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Attention, Self::Rig, Self::Age];
    /// Their names in the settings, in the same order.
    pub const NAMES: [&str; 3] = ["attention", "rig", "age"];
}

/// A dialog above the view.
#[derive(Debug)]
pub enum Overlay {
    /// All keys.
    Help(Help),
    /// Everything by name.
    Palette(Palette),
    /// Beads to workers.
    Sling(Box<Sling>),
    /// A message to an agent.
    Message(Box<Message>),
    /// The question of an agent.
    Answer(Box<AnswerBox>),
    /// A question before something that can't be taken back.
    Confirm(Confirm),
    /// What was done from here.
    Journal(Journal),
    /// Something to read.
    Note(Note),
    /// A bead or a message that is written.
    Form(Box<Form>),
    /// One of a few words, for a setting.
    Choose(Box<Choose>),
}

/// A short remark that goes away by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// What it says.
    pub text: String,
    /// Whether something went wrong.
    pub bad: bool,
    /// When it goes away.
    pub until: Timestamp,
}

/// Why a frame is drawn; frames are counted by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// The first one, or the terminal was resized or given back.
    Start,
    /// A key or the mouse.
    Input,
    /// The town changed.
    Town,
    /// A visible agent's screen changed.
    Screen,
    /// A remark came or went.
    Toast,
    /// An age on the screen grew older.
    Age,
}

/// The screen of an agent that is looked at.
#[derive(Debug, Default)]
pub struct Watched {
    /// Its newest screen; none yet while connecting.
    pub screen: Option<ScreenState>,
    /// Why there is no more to come.
    pub ended: Option<String>,
}

/// The first visible row of each list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scroll {
    /// Of the agents that need you.
    pub needs: usize,
    /// Of the agents.
    pub agents: usize,
    /// Of the rigs.
    pub rigs: usize,
    /// Of the merges of today.
    pub landed: usize,
    /// Of the convoys.
    pub convoys: usize,
    /// Of the events.
    pub feed: usize,
    /// Of the merge queue.
    pub queue: usize,
    /// Of a log, counted from its end.
    pub log: usize,
    /// Of mail or settings.
    pub list: usize,
}
