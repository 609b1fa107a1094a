//! How much may run at once, and when an agent that does not get on is spoken to: the town's own settings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How much may run at once, beside `max_agents` and the rigs' `max_polecats`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// How many agents of a runtime may run at once, by its name.
    pub agents_by_runtime: BTreeMap<String, usize>,
    /// How many agents may be started in a minute; 0 for as many as there are places.
    pub starts_per_minute: usize,
    /// How often the start of queued work is tried.
    pub start_attempts: u32,
    /// How often a bead's agent is started again after its session died, before a person has to decide.
    pub restarts_per_bead: usize,
    /// Whether no more agents are started on a runtime whose provider said that it takes no requests until some time.
    pub hold_limited_runtimes: bool,
    /// Megabytes of memory that have to be available for another agent.
    pub free_memory_mb: u64,
    /// Megabytes that have to be free on the town's disk for another agent.
    pub free_disk_mb: u64,
    /// How far agents and what they run (builds, tests) give way on a busy CPU to the cockpit and to your other programs, as with
    /// nice(1): 0 not at all, 19 the most.
    pub nice: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            agents_by_runtime: BTreeMap::new(),
            starts_per_minute: 60,
            start_attempts: 3,
            restarts_per_bead: 20,
            hold_limited_runtimes: true,
            free_memory_mb: 128,
            free_disk_mb: 256,
            nice: 10,
        }
    }
}

/// When the witness speaks to an agent, and when to a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct WitnessSettings {
    /// How long an agent with work may do nothing before it is reminded of it; twice as long before each further time.
    pub nudge_seconds: i64,
    /// How often it is reminded before a person is told.
    pub most_nudges: u32,
    /// How long a question of an agent's may wait before a person is told.
    pub answer_seconds: i64,
    /// How long an agent whose provider refuses more requests, and does not say until when, is left alone; twice as long each further
    /// time.
    pub rate_limit_seconds: i64,
    /// How long a session that has handed in its work may take to end by itself.
    pub linger_seconds: i64,
}

impl Default for WitnessSettings {
    fn default() -> Self {
        Self { nudge_seconds: 180, most_nudges: 4, answer_seconds: 300, rate_limit_seconds: 900, linger_seconds: 20 }
    }
}
