//! The lists of the screen: what is in them, in which order, and what the filter lets through.

use crate::view::model::attention;
use crate::view::{AgentState, AgentView, ConvoyView, FeedLine, HeldUp, Landing, Letter, MemberView, QueueEntry};

use super::super::marked::Marked;
use super::{App, Sort, View};

/// How long after an answer an agent may still be shown as asking.
const STALE_SECONDS: i64 = 4;

impl App {
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

    /// The merge requests of all rigs, in the order they are shown in.
    pub fn requests(&self) -> impl Iterator<Item = &QueueEntry> {
        self.town.rigs.iter().flat_map(|rig| &rig.queue)
    }

    /// The selected merge request.
    pub fn selected_request(&self) -> Option<&QueueEntry> {
        self.requests().nth(self.queue)
    }

    /// The merge requests something is to be done with: the marked ones, else the selected one.
    pub fn chosen_requests(&self) -> Vec<&QueueEntry> {
        let selected = self.selected_request().map(|entry| entry.id.as_str());
        self.marked_requests.chosen(self.requests(), |entry| &entry.id, selected)
    }

    /// The messages something is to be done with: the marked ones, else the selected one.
    pub fn chosen_letters(&self) -> Vec<&Letter> {
        let letters = self.mail.as_deref().unwrap_or_default();
        let selected = letters.get(self.letter).map(|letter| letter.id.as_str());
        self.marked_mail.chosen(letters.iter(), |letter| &letter.id, selected)
    }

    /// The marks in the list that is shown; nothing where it has none.
    pub fn marks(&self) -> Option<&Marked> {
        match self.view {
            View::Town | View::Agents => Some(&self.marked),
            View::Beads => Some(&self.beads.marked),
            View::Mail => Some(&self.marked_mail),
            View::Queue => Some(&self.marked_requests),
            View::Convoys | View::Hooks | View::Settings | View::Feed | View::Costs => None,
        }
    }

    /// As [`App::marks`], to change them.
    pub fn marks_mut(&mut self) -> Option<&mut Marked> {
        match self.view {
            View::Town | View::Agents => Some(&mut self.marked),
            View::Beads => Some(&mut self.beads.marked),
            View::Mail => Some(&mut self.marked_mail),
            View::Queue => Some(&mut self.marked_requests),
            View::Convoys | View::Hooks | View::Settings | View::Feed | View::Costs => None,
        }
    }

    /// What was merged today and the filter lets through, newest first.
    pub fn landings(&self) -> Vec<&Landing> {
        let texts =
            |landing: &&Landing| self.lets_through(&[&landing.title, &landing.bead, &landing.rig, &landing.worker]);
        self.town.landed.iter().filter(texts).collect()
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
        let state = super::super::marks::word(agent.state);
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
