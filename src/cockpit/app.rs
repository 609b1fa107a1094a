//! What the cockpit knows: plain data, changed only by `update`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::terminal::ScreenState;
use crate::view::model::{Counts, attention};
use crate::view::{
    AgentState, AgentView, ConvoyView, Delays, FeedLine, HeldUp, Letter, MemberView, QueueEntry, RequestDetail,
    TownView,
};

use super::ask::{Ask, Setting};
use super::back::Back;
use super::beads::Beads;
use super::costs::Costs;
pub use super::deeds::Order;
use super::deeds::{Agent, Task};
use super::dialogs::{AnswerBox, Choose, Confirm, Help, Journal, Message, Note, Palette, Sling};
pub use super::events::{Effect, Event, Wish};
use super::form::Form;
use super::hooks::Hooks;
use super::keymap::Keymap;
use super::keys::Chord;
use super::layout::Layout;
use super::log::Log;
use super::memory::Memory;
use super::settings::Settings;
use super::theme::Theme;

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
    pub marked: BTreeSet<String>,
    /// Where the last mark was made.
    pub anchor: Option<String>,
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

/// How long after an answer an agent may still be shown as asking.
const STALE_SECONDS: i64 = 4;

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
            marked: BTreeSet::new(),
            anchor: None,
            jumping: false,
            pressed: None,
            answered: BTreeMap::new(),
            tasks: Vec::new(),
            back: None,
            back_step: 0,
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

    /// The screen of the agent that is typed into.
    pub fn typed_into(&self) -> Option<&ScreenState> {
        let session = self.selected_session().filter(|_| self.typing)?;
        self.watched.get(session)?.screen.as_ref()
    }

    /// The convoys the filter lets through.
    pub fn convoys(&self) -> Vec<&ConvoyView> {
        self.town.convoys.iter().filter(|convoy| self.lets_through(&[&convoy.title, &convoy.id])).collect()
    }

    /// The events the filter lets through; a filter by state is one of agents only.
    pub fn feed_lines(&self) -> Vec<&FeedLine> {
        let all = self.filter.is_empty() || self.filter.contains("is:");
        let shown = |line: &&FeedLine| {
            all || self.lets_through(&[&line.what, &line.text, line.bead.as_deref().unwrap_or_default()])
        };
        self.town.feed.iter().filter(shown).collect()
    }

    /// The rig the lists are narrowed to, when it is one.
    pub fn only_rig(&self) -> Option<&str> {
        let name = self.filter.strip_suffix('/')?;
        self.town.rigs.iter().map(|rig| rig.name.as_str()).find(|rig| *rig == name)
    }

    /// The selected convoy.
    pub fn selected_convoy(&self) -> Option<&ConvoyView> {
        self.convoys().get(self.convoy).copied()
    }

    /// The members of the selected convoy: those under way first, then those that nobody moves, then those that are done.
    pub fn members(&self) -> Vec<&MemberView> {
        let Some(convoy) = self.selected_convoy() else { return Vec::new() };
        let mut members: Vec<&MemberView> = convoy.members.iter().collect();
        members.sort_by_key(|member| {
            let agent = member.agent.as_deref().and_then(|address| self.town.agent(address));
            match (member.status.as_str(), agent) {
                ("closed" | "tombstone", _) => 20,
                (_, Some(agent)) => attention(agent.state),
                (_, None) if self.held(&member.id).is_none() => 9,
                (_, None) if !member.blocked => 10,
                (_, None) => 11,
            }
        });
        members
    }

    /// Why nobody moves a bead of the selected convoy, when that is so.
    pub fn held(&self, bead: &str) -> Option<&HeldUp> {
        let shown = self.selected_convoy().is_some_and(|convoy| convoy.id == self.delays.convoy);
        self.delays.held.iter().find(|held| shown && held.bead == bead)
    }

    /// Whether the filter lets something with these texts through: every word is in one of them.
    pub fn lets_through(&self, texts: &[&str]) -> bool {
        self.filter.split_whitespace().all(|word| {
            let word = word.to_lowercase();
            texts.iter().any(|text| text.to_lowercase().contains(&word))
        })
    }

    /// Whether the filter lets an agent through. A word `is:working` asks for the state.
    pub fn shows(&self, agent: &AgentView) -> bool {
        let state = super::marks::word(agent.state);
        let texts = [
            agent.address.as_str(),
            agent.bead.as_deref().unwrap_or_default(),
            agent.title.as_deref().unwrap_or_default(),
            state,
            &agent.role,
            &agent.preset,
        ];
        self.filter.split_whitespace().all(|word| match word.strip_prefix("is:") {
            Some(wanted) => state.replace(' ', "-").starts_with(&wanted.to_lowercase()),
            None => texts.iter().any(|text| text.to_lowercase().contains(&word.to_lowercase())),
        })
    }

    /// The rows of the agent list, in order.
    pub fn agent_rows(&self) -> Vec<Row> {
        let shown = |agent: &&AgentView| self.shows(agent);
        let row = |agent: &AgentView| Row::Agent(agent.address.clone());
        match self.sort {
            Sort::Attention => {
                let mut agents: Vec<&AgentView> = self.town.all_agents().filter(shown).collect();
                agents.sort_by_key(|agent| (attention(agent.state), agent.since));
                let mut rows = Vec::new();
                let mut last = None;
                for agent in agents {
                    let tier = Tier::of(agent.state);
                    if last != Some(tier) {
                        last = Some(tier);
                        rows.push(Row::Tier(tier));
                    }
                    rows.push(row(agent));
                }
                rows
            }
            Sort::Age => {
                let mut agents: Vec<&AgentView> = self.town.all_agents().filter(shown).collect();
                agents.sort_by_key(|agent| (agent.since.is_none(), agent.since));
                agents.into_iter().map(row).collect()
            }
            Sort::Rig => {
                let mut rows: Vec<Row> = self.town.agents.iter().filter(shown).map(row).collect();
                for (index, rig) in self.town.rigs.iter().enumerate() {
                    let agents: Vec<Row> = rig.agents.iter().filter(shown).map(row).collect();
                    if self.filter.is_empty() || !agents.is_empty() || self.lets_through(&[&rig.name]) {
                        rows.push(Row::Rig(index));
                        rows.extend(agents);
                    }
                }
                rows
            }
        }
    }

    /// The addresses in the order of the agent list.
    pub fn agent_order(&self) -> Vec<String> {
        self.agent_rows()
            .into_iter()
            .filter_map(|row| match row {
                Row::Agent(address) => Some(address),
                Row::Rig(_) | Row::Tier(_) => None,
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

    /// The selected merge request.
    pub fn selected_request(&self) -> Option<&QueueEntry> {
        self.town.rigs.iter().flat_map(|rig| &rig.queue).nth(self.queue)
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
            self.marked.iter().filter_map(|address| agent(address)).collect()
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

    /// Whether an agent was answered so lately that what is known of it may be older.
    fn just_answered(&self, address: &str) -> bool {
        self.answered.get(address).is_some_and(|at| at.seconds_until(self.now) < STALE_SECONDS)
    }

    /// The agents that ask something and were not answered just now, those that wait longest first.
    pub fn asking(&self) -> Vec<&AgentView> {
        let agents = self.town.needing_you().into_iter();
        agents
            .filter(|agent| agent.state == AgentState::NeedsYou && agent.session.is_some())
            .filter(|agent| !self.just_answered(&agent.address))
            .collect()
    }
}

/// How much agents ask for attention, as headings of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// They wait for a person.
    Needs,
    /// They finished and nobody looked.
    Done,
    /// They have to wait, or nothing to do.
    Waiting,
    /// They work.
    Working,
}

impl Tier {
    /// The heading a state comes under.
    pub fn of(state: AgentState) -> Self {
        match state {
            AgentState::NeedsYou | AgentState::Dead | AgentState::Stuck => Self::Needs,
            AgentState::Done => Self::Done,
            AgentState::RateLimited | AgentState::Idle => Self::Waiting,
            AgentState::Starting | AgentState::Working => Self::Working,
        }
    }

    /// The heading.
    pub fn words(self) -> &'static str {
        match self {
            Self::Needs => "needs you",
            Self::Done => "finished, not looked at yet",
            Self::Waiting => "waiting",
            Self::Working => "at work",
        }
    }
}

/// A row of the agent list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A heading.
    Tier(Tier),
    /// The heading of a rig, by its place among the rigs.
    Rig(usize),
    /// An agent, by its address.
    Agent(String),
}
