//! What the cockpit knows: plain data, changed only by `update`.

use std::collections::HashMap;

use crossterm::event::{KeyEvent, MouseEvent};

use crate::base::Timestamp;
use crate::terminal::ScreenState;
use crate::view::model::attention;
use crate::view::{AgentView, ConvoyView, ReadyBead, TownView};

use super::dialogs::{Help, Message, Palette, Preview, Sling};
use super::keymap::Keymap;
use super::keys::Chord;
use super::layout::Layout;
use super::theme::Theme;

/// What the whole screen shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
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
    /// All events.
    Feed,
}

/// A list that can have the focus in the town view.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Pane {
    /// Agents that wait for a person.
    Needs,
    /// All agents.
    #[default]
    Agents,
    /// Convoys.
    Convoys,
    /// Events.
    Feed,
}

/// How agents are ordered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// Rig by rig.
    #[default]
    Rig,
    /// Those that ask most for attention first.
    Attention,
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

/// A session the cockpit wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The session's name.
    pub session: String,
    /// The size it should have, when we type into it or show nothing else.
    pub size: Option<(u16, u16)>,
}

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// A key.
    Key(KeyEvent),
    /// The mouse.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The cockpit's terminal got or lost the focus.
    Focus(bool),
    /// The cockpit's terminal has this size now.
    Resize(u16, u16),
    /// The town as it is now.
    Town(Box<TownView>),
    /// The town could not be read.
    TownFailed(String),
    /// An agent's screen as it is now.
    Screen(String, Box<ScreenState>),
    /// An agent's screen won't change any more.
    ScreenEnded(String, String),
    /// The beads that could be slung.
    Ready(Result<Vec<ReadyBead>, String>),
    /// What slinging would do; the number is that of the question.
    Planned(u64, Preview),
    /// Something that was asked for is done (or not).
    Outcome(Result<String, String>),
    /// Time passed.
    Tick(Timestamp),
}

/// What is to be slung, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The beads.
    pub beads: Vec<String>,
    /// A rig, or one of its agents.
    pub target: String,
    /// The runtime; the rig's own choice when not given.
    pub runtime: Option<String>,
}

/// Something to be done outside; its result comes back as an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// These are the sessions to watch from now on.
    Watch(Vec<Wish>),
    /// A key for an agent.
    Key(String, KeyEvent),
    /// A mouse event at this cell of an agent's screen.
    Mouse(String, MouseEvent, u16, u16),
    /// Text pasted to an agent.
    Paste(String, String),
    /// The agent's terminal got or lost the focus.
    Focus(String, bool),
    /// Read the beads that could be slung.
    LoadReady,
    /// Find out what slinging would do.
    Plan(u64, Order),
    /// Sling beads to a target.
    Sling(Order),
    /// Send an agent's session a message.
    Nudge(String, String),
    /// Put text on the clipboard of the cockpit's terminal.
    Copy(String),
    /// Set the title of the cockpit's terminal.
    Title(String),
    /// Stop the program until the shell brings it back.
    Suspend,
    /// Leave.
    Quit,
}

/// Everything the cockpit knows.
#[derive(Debug)]
pub struct App {
    /// The town.
    pub town: TownView,
    /// Whether the town has been read yet.
    pub loaded: bool,
    /// Why it can't be read.
    pub problem: Option<String>,
    /// The time of the last event that told it.
    pub now: Timestamp,
    /// Columns and rows of the cockpit's terminal.
    pub size: (u16, u16),
    /// Colours.
    pub theme: Theme,
    /// Keys.
    pub keymap: Keymap,
    /// Nothing may be changed from here.
    pub read_only: bool,
    /// What the whole screen shows.
    pub view: View,
    /// The list that has the focus.
    pub pane: Pane,
    /// Keys go to the selected agent.
    pub typing: bool,
    /// The selected terminal has the whole screen.
    pub zoom: bool,
    /// The address of the selected agent.
    pub selected: Option<String>,
    /// The one selected before.
    pub last_selected: Option<String>,
    /// The selected convoy.
    pub convoy: usize,
    /// The selected event.
    pub feed: usize,
    /// The selected merge request.
    pub queue: usize,
    /// The first visible row of each list.
    pub scroll: Scroll,
    /// Only what matches these words is shown.
    pub filter: String,
    /// The filter is being typed.
    pub filtering: bool,
    /// The order of agents.
    pub sort: Sort,
    /// The dialog above the view.
    pub overlay: Option<Overlay>,
    /// Keys pressed that wait for more.
    pub pending: Vec<Chord>,
    /// The agents' screens that are looked at, by session.
    pub watched: HashMap<String, Watched>,
    /// What was last wished for.
    pub wishes: Vec<Wish>,
    /// Remarks, oldest first.
    pub toasts: Vec<Toast>,
    /// Where everything is on the screen.
    pub layout: Layout,
    /// Why the screen has to be drawn again.
    pub dirty: Option<Cause>,
    /// The last title set.
    pub title: String,
}

/// The first visible row of each list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scroll {
    /// Of the agents that need you.
    pub needs: usize,
    /// Of the agents.
    pub agents: usize,
    /// Of the convoys.
    pub convoys: usize,
    /// Of the events.
    pub feed: usize,
    /// Of the merge queue.
    pub queue: usize,
}

impl App {
    /// A cockpit that knows nothing yet.
    pub fn new(theme: Theme, keymap: Keymap, size: (u16, u16), now: Timestamp) -> Self {
        Self {
            town: TownView::default(),
            loaded: false,
            problem: None,
            now,
            size,
            theme,
            keymap,
            read_only: false,
            view: View::Town,
            pane: Pane::Agents,
            typing: false,
            zoom: false,
            selected: None,
            last_selected: None,
            convoy: 0,
            feed: 0,
            queue: 0,
            scroll: Scroll::default(),
            filter: String::new(),
            filtering: false,
            sort: Sort::Rig,
            overlay: None,
            pending: Vec::new(),
            watched: HashMap::new(),
            wishes: Vec::new(),
            toasts: Vec::new(),
            layout: Layout::default(),
            dirty: Some(Cause::Start),
            title: String::new(),
        }
    }

    /// The screen has to be drawn again.
    pub fn touch(&mut self, cause: Cause) {
        self.dirty.get_or_insert(cause);
    }

    /// The selected agent.
    pub fn selected_agent(&self) -> Option<&AgentView> {
        self.selected.as_deref().and_then(|address| self.town.agent(address))
    }

    /// The selected agent's session.
    pub fn selected_session(&self) -> Option<&str> {
        self.selected_agent().and_then(|agent| agent.session.as_deref())
    }

    /// The screen of the agent that is typed into.
    pub fn typed_into(&self) -> Option<&ScreenState> {
        let session = self.selected_session().filter(|_| self.typing)?;
        self.watched.get(session)?.screen.as_ref()
    }

    /// The convoys the filter lets through.
    pub fn convoys(&self) -> Vec<&ConvoyView> {
        self.town.convoys.iter().filter(|convoy| self.lets_through(&[&convoy.title, &convoy.id])).collect()
    }

    /// The selected convoy.
    pub fn selected_convoy(&self) -> Option<&ConvoyView> {
        self.convoys().get(self.convoy).copied()
    }

    /// Whether the filter lets something with these texts through: every word is in one of them.
    pub fn lets_through(&self, texts: &[&str]) -> bool {
        self.filter.split_whitespace().all(|word| {
            let word = word.to_lowercase();
            texts.iter().any(|text| text.to_lowercase().contains(&word))
        })
    }

    /// Whether the filter lets an agent through.
    pub fn shows(&self, agent: &AgentView) -> bool {
        self.lets_through(&[
            &agent.address,
            agent.bead.as_deref().unwrap_or_default(),
            agent.title.as_deref().unwrap_or_default(),
            super::marks::word(agent.state),
            &agent.role,
            &agent.preset,
        ])
    }

    /// The rows of the agent list, in order.
    pub fn agent_rows(&self) -> Vec<Row> {
        let shown = |agent: &&AgentView| self.shows(agent);
        if self.sort == Sort::Attention {
            let mut agents: Vec<&AgentView> = self.town.all_agents().filter(shown).collect();
            agents.sort_by_key(|agent| (attention(agent.state), agent.since));
            return agents.into_iter().map(|agent| Row::Agent(agent.address.clone())).collect();
        }
        let mut rows: Vec<Row> =
            self.town.agents.iter().filter(shown).map(|agent| Row::Agent(agent.address.clone())).collect();
        for (index, rig) in self.town.rigs.iter().enumerate() {
            let agents: Vec<Row> =
                rig.agents.iter().filter(shown).map(|agent| Row::Agent(agent.address.clone())).collect();
            if self.filter.is_empty() || !agents.is_empty() || self.lets_through(&[&rig.name]) {
                rows.push(Row::Rig(index));
                rows.extend(agents);
            }
        }
        rows
    }

    /// The addresses in the order of the agent list.
    pub fn agent_order(&self) -> Vec<String> {
        self.agent_rows()
            .into_iter()
            .filter_map(|row| match row {
                Row::Agent(address) => Some(address),
                Row::Rig(_) => None,
            })
            .collect()
    }

    /// The agents that need you and that the filter lets through.
    pub fn needing(&self) -> Vec<&AgentView> {
        self.town.needing_you().into_iter().filter(|agent| self.shows(agent)).collect()
    }

    /// Shows a remark for a few seconds; three at most, the oldest goes first.
    pub fn say(&mut self, text: impl Into<String>, bad: bool) {
        let toast = Toast { text: text.into(), bad, until: self.now.plus_seconds(if bad { 8 } else { 5 }) };
        self.toasts.retain(|other| other.text != toast.text);
        self.toasts.push(toast);
        if self.toasts.len() > 3 {
            self.toasts.remove(0);
        }
        self.touch(Cause::Toast);
    }
}

/// A row of the agent list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// The heading of a rig, by its place among the rigs.
    Rig(usize),
    /// An agent, by its address.
    Agent(String),
}
