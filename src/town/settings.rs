//! What can be set for a town and for a rig (`settings/config.json` of each), with defaults.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::config::{Document, Format};
use super::escalation::EscalationSettings;
use crate::base::{Error, Result};

/// The format of a town's `settings/config.json`.
pub const TOWN_FORMAT: Format = Format { kind: "town-settings", versions: 1..=1 };
/// The format of a rig's `settings/config.json`.
pub const RIG_FORMAT: Format = Format { kind: "rig-settings", versions: 1..=1 };

/// What can be set for the whole town.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct TownSettings {
    /// The preset of agents for which nothing nearer is set.
    pub default_agent: String,
    /// How many agent sessions may run at once; more work waits in the queue.
    pub max_agents: usize,
    /// Width of a session's terminal while nobody looks at it.
    pub session_cols: u16,
    /// Height of a session's terminal while nobody looks at it.
    pub session_rows: u16,
    /// Custom agents by name, in the form of the built-in presets.
    pub agents: Map<String, Value>,
    /// The preset of each role, where it differs from `default_agent`.
    pub role_agents: BTreeMap<String, String>,
    /// What stands behind the `@` of the agents' commits.
    pub agent_email_domain: String,
    /// Whom escalations are told, and when they are raised.
    pub escalation: EscalationSettings,
}

impl Default for TownSettings {
    fn default() -> Self {
        Self {
            default_agent: "claude".into(),
            max_agents: 12,
            session_cols: 120,
            session_rows: 40,
            agents: Map::new(),
            role_agents: BTreeMap::new(),
            agent_email_domain: "gastown.local".into(),
            escalation: EscalationSettings::default(),
        }
    }
}

/// What can be set for one rig.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct RigSettings {
    /// How finished work is merged.
    pub merge_queue: MergeQueueSettings,
    /// How many polecats may work on this rig at once.
    pub max_polecats: usize,
    /// What polecats are called.
    pub namepool: NamepoolSettings,
    /// The preset of this rig's agents.
    pub agent: Option<String>,
    /// Custom agents of this rig by name.
    pub agents: Map<String, Value>,
    /// The preset of each role in this rig.
    pub role_agents: BTreeMap<String, String>,
    /// The runtime of this rig's agents, spelt out (`provider`, `command`, `args`, `env`, `prompt_mode`).
    pub runtime: Value,
}

impl Default for RigSettings {
    fn default() -> Self {
        Self {
            merge_queue: MergeQueueSettings::default(),
            max_polecats: 30,
            namepool: NamepoolSettings::default(),
            agent: None,
            agents: Map::new(),
            role_agents: BTreeMap::new(),
            runtime: Value::Null,
        }
    }
}

/// How a rig's finished work is merged.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct MergeQueueSettings {
    /// Whether the refinery works at all.
    pub enabled: bool,
    /// The shell command that has to succeed on the rebased work before it is merged; none by default.
    pub test_command: Option<String>,
    /// The branch work is merged into; the rig's default branch when not set.
    pub target_branch: Option<String>,
    /// How long `test_command` may take.
    pub timeout_seconds: u64,
    /// Whether a merged branch is deleted (its commits stay reachable from the target).
    pub delete_merged_branches: bool,
}

impl Default for MergeQueueSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            test_command: None,
            target_branch: None,
            timeout_seconds: 1800,
            delete_merged_branches: true,
        }
    }
}

/// What a rig's polecats are called.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NamepoolSettings {
    /// A theme of [`super::namepool::THEMES`]; one is chosen by the rig's name when not set.
    pub style: Option<String>,
    /// Names that are used before the theme's.
    pub names: Vec<String>,
}

impl TownSettings {
    /// Reads a town's settings; defaults when the file does not exist.
    ///
    /// # Errors
    /// When the file is broken or a value makes no sense; names file, line and key.
    pub fn load(path: &Path) -> Result<Self> {
        let Some(document) = Document::load(path, &TOWN_FORMAT)? else { return Ok(Self::default()) };
        let settings: Self = document.typed()?;
        at_least_one(&document, "max_agents", settings.max_agents)?;
        for (key, value) in [("session_cols", settings.session_cols), ("session_rows", settings.session_rows)] {
            if !(2..=1000).contains(&value) {
                return Err(document.error(key, "has to be from 2 to 1000"));
            }
        }
        let domain = &settings.agent_email_domain;
        if domain.is_empty() || domain.contains(|c: char| c.is_whitespace() || c.is_control() || "<>@".contains(c)) {
            return Err(document.error("agent_email_domain", "is no domain name"));
        }
        roles(&document, &settings.role_agents)?;
        Ok(settings)
    }
}

impl RigSettings {
    /// Reads a rig's settings; defaults when the file does not exist.
    ///
    /// # Errors
    /// When the file is broken or a value makes no sense; names file, line and key.
    pub fn load(path: &Path) -> Result<Self> {
        let Some(document) = Document::load(path, &RIG_FORMAT)? else { return Ok(Self::default()) };
        let settings: Self = document.typed()?;
        at_least_one(&document, "max_polecats", settings.max_polecats)?;
        if settings.merge_queue.timeout_seconds == 0 {
            return Err(document.error("merge_queue.timeout_seconds", "has to be at least 1"));
        }
        for name in &settings.namepool.names {
            super::validate_agent_name(name).map_err(|error| {
                document.error("namepool.names", error.message()).hint(error.hint_text().unwrap_or(""))
            })?;
        }
        if let Some(style) = &settings.namepool.style
            && !super::namepool::THEMES.contains(&style.as_str())
        {
            let error = document.error("namepool.style", &format!("unknown theme {style:?}"));
            return Err(error.hint(format!("themes: {}", super::namepool::THEMES.join(", "))));
        }
        roles(&document, &settings.role_agents)?;
        Ok(settings)
    }
}

fn at_least_one(document: &Document, key: &str, value: usize) -> Result<()> {
    if value == 0 { Err(document.error(key, "has to be at least 1")) } else { Ok(()) }
}

fn roles(document: &Document, role_agents: &BTreeMap<String, String>) -> Result<()> {
    for role in role_agents.keys() {
        role.parse::<super::Role>().map_err(|error: Error| {
            document.error(&format!("role_agents.{role}"), error.message()).hint(error.hint_text().unwrap_or(""))
        })?;
    }
    Ok(())
}
