//! What the cockpit knows: plain data, changed only by `update`.

mod kinds;
mod lists;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use crate::base::Timestamp;
use crate::terminal::ScreenState;
use crate::view::model::Counts;
use crate::view::{AgentState, AgentView, Delays, Letter, RequestDetail, TownView};

use super::ask::{Ask, Setting};
use super::back::{Back, Grab};
use super::beads::Beads;
use super::costs::Costs;
pub use super::deeds::Order;
use super::deeds::{Agent, Task};
pub use super::events::{Effect, Event, Wish};
use super::hooks::Hooks;
use super::keymap::Keymap;
use super::keys::Chord;
use super::layout::Layout;
use super::log::Log;
use super::marked::Marked;
use super::memory::Memory;
use super::settings::Settings;
use super::theme::Theme;
pub use kinds::{Cause, Overlay, Pane, Scroll, Sort, Toast, View, Watched};
pub use lists::{Row, Tier};

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
    /// When it was last looked at how old everything is.
    pub aged: Timestamp,
    /// Columns and rows of the cockpit's terminal.
    pub size: (u16, u16),
    /// Colours.
    pub theme: Theme,
    /// Keys.
    pub keymap: Keymap,
    /// What the settings file says.
    pub settings: Settings,
    /// Where it is.
    pub settings_file: PathBuf,
    /// The cockpit's terminal has the focus.
    pub focused: bool,
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
    /// The selected rig.
    pub rig: usize,
    /// The selected convoy.
    pub convoy: usize,
    /// The selected event.
    pub feed: usize,
    /// The selected merge of today.
    pub landed: usize,
    /// The selected merge request.
    pub queue: usize,
    /// The marked agents.
    pub marked: Marked,
    /// The marked messages.
    pub marked_mail: Marked,
    /// The marked merge requests.
    pub marked_requests: Marked,
    /// Letters stand beside what can be seen.
    pub jumping: bool,
    /// The last character that was pressed, for keys that share an action.
    pub pressed: Option<char>,
    /// Agents answered just now; they may still be shown as asking.
    pub answered: BTreeMap<String, Timestamp>,
    /// What was done from here, oldest first.
    pub tasks: Vec<Task>,
    /// What was said, oldest first.
    pub said: Vec<(Timestamp, String, bool)>,
    /// What is kept for the next start.
    pub memory: Memory,
    /// What was kept last.
    pub kept: Memory,
    /// Looking back in the selected agent's terminal.
    pub back: Option<Box<Back>>,
    /// How far it begins from the end.
    pub back_step: i64,
    /// Where the button went down in a live terminal: whose, row and column of its screen, and the row on top there.
    pub grabbed: Option<Grab>,
    /// The order of the tiles: they stay where they are while their agents change state.
    pub tile_order: Vec<String>,
    /// The tiles shown, when they were chosen by name or by marks.
    pub set_name: Option<String>,
    /// What was spent today, in words; nothing while nothing is known.
    pub cost: Option<String>,
    /// How often the town changed.
    pub generation: u64,
    /// What was asked for last.
    pub asked: Vec<(Ask, u64)>,
    /// How often settings were changed from here.
    pub changes: u64,
    /// How often it was looked at what the models cost.
    pub priced: u64,
    /// What agents that need a person ask, read off their screens, by address.
    pub questions: BTreeMap<String, String>,
    /// The beads view.
    pub beads: Beads,
    /// The hooks view.
    pub hooks: Hooks,
    /// What keeps convoys from landing.
    pub delays: Delays,
    /// The selected member of the selected convoy, when the members have the focus.
    pub member: Option<usize>,
    /// The feed view.
    pub log: Log,
    /// The costs view.
    pub costs: Costs,
    /// The person's mail; none yet while it is being read.
    pub mail: Option<Vec<Letter>>,
    /// The selected message.
    pub letter: usize,
    /// The selected merge request in full.
    pub request: Option<Box<RequestDetail>>,
    /// What is set for the town and its rigs.
    pub set: Vec<Setting>,
    /// The selected setting.
    pub setting: usize,
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

impl App {
    /// A cockpit that knows nothing yet.
    pub fn new(theme: Theme, keymap: Keymap, size: (u16, u16), now: Timestamp) -> Self {
        Self {
            town: TownView::default(),
            loaded: false,
            problem: None,
            now,
            aged: now,
            size,
            theme,
            keymap,
            settings: Settings::default(),
            settings_file: PathBuf::new(),
            focused: true,
            read_only: false,
            view: View::Town,
            pane: Pane::Agents,
            typing: false,
            zoom: false,
            selected: None,
            last_selected: None,
            rig: 0,
            convoy: 0,
            feed: 0,
            landed: 0,
            queue: 0,
            marked: Marked::default(),
            marked_mail: Marked::default(),
            marked_requests: Marked::default(),
            jumping: false,
            pressed: None,
            answered: BTreeMap::new(),
            tasks: Vec::new(),
            back: None,
            back_step: 0,
            grabbed: None,
            tile_order: Vec::new(),
            set_name: None,
            cost: None,
            generation: 0,
            asked: Vec::new(),
            changes: 0,
            priced: 0,
            questions: BTreeMap::new(),
            beads: Beads::default(),
            hooks: Hooks::default(),
            delays: Delays::default(),
            member: None,
            log: Log::default(),
            costs: Costs::default(),
            mail: None,
            letter: 0,
            request: None,
            set: Vec::new(),
            setting: 0,
            said: Vec::new(),
            memory: Memory { welcomed: true, ..Memory::default() },
            kept: Memory { welcomed: true, ..Memory::default() },
            scroll: Scroll::default(),
            filter: String::new(),
            filtering: false,
            sort: Sort::Attention,
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

    /// Whether the selected terminal has the room it has while somebody types into it: looking back from there changes nothing of it.
    pub fn has_room(&self) -> bool {
        self.typing || self.back.as_ref().is_some_and(|back| back.typing)
    }

    /// The screen of the agent that is typed into.
    pub fn typed_into(&self) -> Option<&ScreenState> {
        let session = self.selected_session().filter(|_| self.typing)?;
        self.watched.get(session)?.screen.as_ref()
    }

    /// Shows a remark for a few seconds; three at most, the oldest goes first.
    pub fn say(&mut self, text: impl Into<String>, bad: bool) {
        let toast = Toast { text: text.into(), bad, until: self.now.plus_seconds(if bad { 8 } else { 5 }) };
        self.said.push((self.now, toast.text.clone(), bad));
        if self.said.len() > 200 {
            self.said.remove(0);
        }
        // What differs from it only in a number is what it was before.
        let words = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
        let new = words(&toast.text);
        self.toasts.retain(|other| other.bad || bad || words(&other.text) != new);
        self.toasts.retain(|other| other.text != toast.text);
        self.toasts.push(toast);
        if self.toasts.len() > 3 {
            self.toasts.remove(0);
        }
        self.touch(Cause::Toast);
    }
}

impl App {
    /// Whether an agent has a session that lives. That of a dead one is still shown, but nobody works there.
    pub fn works(&self, address: &str) -> bool {
        self.town.agent(address).is_some_and(|agent| agent.session.is_some() && agent.state != AgentState::Dead)
    }

    /// Goes on where the last start ended; the theme too, unless another was asked for.
    pub fn recall(&mut self, memory: Memory, theme: bool) {
        self.view = self.settings.layout.start.unwrap_or(memory.view);
        self.sort = self.settings.layout.order.unwrap_or(memory.sort);
        if theme
            && let Some(name) = &memory.theme
            && let Ok(theme) = Theme::named(name, self.theme.depth())
        {
            self.theme = theme;
        }
        if !memory.welcomed {
            self.overlay = Some(Overlay::Note(super::welcome::note(self)));
        }
        self.memory = Memory { welcomed: true, ..memory.clone() };
        self.kept = memory;
    }

    /// The agents an action is for: the marked ones, else the selected one.
    pub fn subjects(&self) -> Vec<Agent> {
        let agent = |address: &str| {
            let agent = self.town.agent(address)?;
            let session = agent.session.clone()?;
            Some(Agent { address: agent.address.clone(), session, bead: agent.bead.clone() })
        };
        if self.marked.is_empty() {
            self.selected.as_deref().and_then(agent).into_iter().collect()
        } else {
            self.marked.ids().iter().filter_map(|address| agent(address)).collect()
        }
    }

    /// Finished work that was looked at counts as idle from then on.
    pub fn apply_seen(&mut self) {
        let seen = &self.memory.seen;
        let agents = self.town.agents.iter_mut().chain(self.town.rigs.iter_mut().flat_map(|rig| rig.agents.iter_mut()));
        for agent in agents {
            if agent.state == AgentState::Done && seen.get(&agent.address) == Some(&agent.since) {
                agent.state = AgentState::Idle;
            }
        }
        self.town.counts = Counts::of(self.town.all_agents().map(|agent| agent.state));
    }

    /// The person looked at the selected agent.
    pub fn look(&mut self) {
        let Some(agent) = self.selected_agent().filter(|agent| agent.state == AgentState::Done) else { return };
        let (address, since) = (agent.address.clone(), agent.since);
        self.memory.seen.insert(address, since);
        self.apply_seen();
    }

    /// The newest thing done that can be taken back now.
    pub fn undoable(&self) -> Option<&Task> {
        self.tasks.iter().rev().find(|task| task.undo(self.now).is_some())
    }
}
