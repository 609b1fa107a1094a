//! The picture of a town as plain data.

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
pub use crate::runtime::AgentState;

/// Everything the faces show of one town, as it was at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TownView {
    /// The town's name.
    pub name: String,
    /// Agents that belong to no rig: mayor, deacon, dogs.
    pub agents: Vec<AgentView>,
    /// The rigs, by name.
    pub rigs: Vec<RigView>,
    /// Open convoys first, then the ones that landed last.
    pub convoys: Vec<ConvoyView>,
    /// The newest events, newest first.
    pub feed: Vec<FeedLine>,
    /// How many agents are in which state.
    pub counts: Counts,
    /// Beads that could be slung now.
    pub ready: usize,
    /// What was merged since midnight, newest first.
    #[serde(default)]
    pub landed: Vec<Landing>,
    /// Messages to the person that were not read yet.
    #[serde(default)]
    pub unread: usize,
}

/// Work that reached its target branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landing {
    /// When.
    pub at: Timestamp,
    /// The rig.
    pub rig: String,
    /// The bead.
    pub bead: String,
    /// Its title.
    pub title: String,
    /// Who did the work.
    pub worker: String,
    /// The commit on the target.
    pub commit: String,
}

/// One rig: its agents and its merge queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RigView {
    /// The rig's name.
    pub name: String,
    /// The branch that work is merged into.
    pub branch: String,
    /// Its agents, by address.
    pub agents: Vec<AgentView>,
    /// Merge requests that are not merged yet, in queue order.
    pub queue: Vec<QueueEntry>,
    /// Slung beads that wait for a free place.
    pub waiting: usize,
    /// How many were merged since midnight.
    #[serde(default)]
    pub landed: usize,
    /// Whether what came out of the queue last was merged (or came back); nothing when nothing did yet.
    #[serde(default)]
    pub healthy: Option<bool>,
}

/// One agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentView {
    /// Its address, for example `shop/polecats/nux`.
    pub address: String,
    /// The last part of the address, for columns.
    pub name: String,
    /// Its rig, when it has one.
    pub rig: Option<String>,
    /// Its role in plain words, for example `worker`.
    pub role: String,
    /// The runtime preset it runs on.
    pub preset: String,
    /// What it does now.
    pub state: AgentState,
    /// Where the state is known from.
    pub source: String,
    /// More about the state, for example the question it asks.
    pub detail: Option<String>,
    /// The bead it works on.
    pub bead: Option<String>,
    /// That bead's title.
    pub title: Option<String>,
    /// Its branch.
    pub branch: Option<String>,
    /// Its worktree.
    pub worktree: Option<String>,
    /// Its session, when one runs.
    pub session: Option<String>,
    /// Since when it is in this state.
    pub since: Option<Timestamp>,
    /// Where its finished work stands in the merge queue, in words.
    pub merge: Option<String>,
    /// What its terminal's title says it does.
    #[serde(default)]
    pub doing: Option<String>,
}

/// One convoy and how far it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConvoyView {
    /// The convoy's bead.
    pub id: String,
    /// Its name.
    pub title: String,
    /// Members that are closed.
    pub done: usize,
    /// All members.
    pub total: usize,
    /// Members an agent works on.
    pub active: usize,
    /// Whether it has landed.
    pub landed: bool,
    /// The beads it tracks.
    pub members: Vec<MemberView>,
}

/// A bead a convoy tracks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    /// The bead.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its status, as the ledger writes it.
    pub status: String,
    /// The agent that works on it.
    pub agent: Option<String>,
    /// Whether something open stands before it.
    pub blocked: bool,
}

/// A merge request on its way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueEntry {
    /// The merge request's bead.
    pub id: String,
    /// The bead whose work it is.
    pub source: String,
    /// That bead's title.
    pub title: String,
    /// Who did the work.
    pub worker: String,
    /// Its branch.
    pub branch: String,
    /// Its state, as the queue writes it.
    pub state: String,
    /// Why it came back, when it did.
    pub reason: String,
}

/// One event, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedLine {
    /// Its number in the ledger.
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened, one word where possible: `merged`, `slung`.
    pub what: String,
    /// To which bead.
    pub bead: Option<String>,
    /// The rest of the sentence.
    pub text: String,
    /// How it should strike the eye.
    pub tone: Tone,
}

/// How something should strike the eye.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// As ordinary text.
    #[default]
    Plain,
    /// Something went well or landed.
    Good,
    /// Somebody is wanted.
    Calls,
    /// Something failed.
    Bad,
    /// Work moved on.
    Moves,
}

/// How many agents are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Counts {
    /// They wait for a person.
    pub needs_you: usize,
    /// They work, or are about to.
    pub working: usize,
    /// They finished and nobody looked yet.
    pub done: usize,
    /// They have nothing to do.
    pub idle: usize,
    /// They neither work nor ask.
    pub stuck: usize,
    /// Their provider told them to wait.
    pub limited: usize,
    /// Their process is gone.
    pub dead: usize,
}

impl Counts {
    /// Counts `states`.
    pub fn of(states: impl IntoIterator<Item = AgentState>) -> Self {
        let mut counts = Self::default();
        for state in states {
            let slot = match state {
                AgentState::NeedsYou => &mut counts.needs_you,
                AgentState::Starting | AgentState::Working => &mut counts.working,
                AgentState::Done => &mut counts.done,
                AgentState::Idle => &mut counts.idle,
                AgentState::Stuck => &mut counts.stuck,
                AgentState::RateLimited => &mut counts.limited,
                AgentState::Dead => &mut counts.dead,
            };
            *slot += 1;
        }
        counts
    }
}

/// A bead that could be slung, for pickers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyBead {
    /// The bead.
    pub id: String,
    /// Its title.
    pub title: String,
    /// 0 is the most urgent.
    pub priority: u8,
    /// bug, task, feature ...
    pub issue_type: String,
    /// The rig whose ledger it is in; `hq` for the town's own.
    pub rig: String,
}

impl TownView {
    /// Every agent: the town's own, then rig by rig.
    pub fn all_agents(&self) -> impl Iterator<Item = &AgentView> {
        self.agents.iter().chain(self.rigs.iter().flat_map(|rig| rig.agents.iter()))
    }

    /// The agent with this address.
    pub fn agent(&self, address: &str) -> Option<&AgentView> {
        self.all_agents().find(|agent| agent.address == address)
    }

    /// The agents that want a person, the most pressing first and of those the longest waiting first.
    pub fn needing_you(&self) -> Vec<&AgentView> {
        let mut agents: Vec<&AgentView> = self.all_agents().filter(|agent| wants_person(agent.state)).collect();
        agents.sort_by_key(|agent| (attention(agent.state), agent.since));
        agents
    }
}

/// Whether a person should look at an agent in this state.
pub fn wants_person(state: AgentState) -> bool {
    matches!(state, AgentState::NeedsYou | AgentState::Stuck | AgentState::Dead)
}

/// The order of states by how much they ask for attention; 0 asks most.
pub fn attention(state: AgentState) -> u8 {
    match state {
        AgentState::NeedsYou => 0,
        AgentState::Dead => 1,
        AgentState::Stuck => 2,
        AgentState::Done => 3,
        AgentState::RateLimited => 4,
        AgentState::Idle => 5,
        AgentState::Starting => 6,
        AgentState::Working => 7,
    }
}
