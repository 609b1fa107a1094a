//! What can be set for a town and for a rig (`settings/config.json` of each), with defaults.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::config::{Document, Format};
use super::escalation::EscalationSettings;
use super::limits::{Limits, WitnessSettings};
use crate::base::{Error, Result};

/// The format of a town's `settings/config.json`.
pub const TOWN_FORMAT: Format = Format { kind: "town-settings", versions: 1..=1 };
/// The format of a rig's `settings/config.json`.
pub const RIG_FORMAT: Format = Format { kind: "rig-settings", versions: 1..=1 };

/// What an agent may do without asking a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// It asks before every change and every command.
    Ask,
    /// It edits files and uses the town's commands and git without asking; anything else it asks.
    #[default]
    Edits,
    /// It never asks.
    Bypass,
}

impl Permission {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Edits => "edits",
            Self::Bypass => "bypass",
        }
    }
}

impl std::str::FromStr for Permission {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self> {
        [Self::Ask, Self::Edits, Self::Bypass]
            .into_iter()
            .find(|mode| mode.word() == word)
            .ok_or_else(|| Error::usage(format!("no permission mode `{word}`")).hint("ask, edits or bypass"))
    }
}

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
    /// Whether what agents show on their terminals is recorded.
    pub recording: bool,
    /// Custom agents by name, in the form of the built-in presets.
    pub agents: Map<String, Value>,
    /// The preset of each role, where it differs from `default_agent`.
    pub role_agents: BTreeMap<String, String>,
    /// What the agents of each role may do without asking; `default` stands for the other roles.
    pub permissions: BTreeMap<String, Permission>,
    /// Whether runtimes are told to trust the worktrees they start in; when not set, those that never ask are.
    pub trust_worktrees: Option<bool>,
    /// What stands behind the `@` of the agents' commits.
    pub agent_email_domain: String,
    /// How much may run at once, beside `max_agents`.
    pub limits: Limits,
    /// When agents that don't get on are spoken to.
    pub witness: WitnessSettings,
    /// The program, with its arguments, that is run when a convoy lands; `{id}`, `{title}` and `{count}` stand for its facts. No shell.
    pub notify_command: Vec<String>,
    /// Whom escalations are told, and when they are raised.
    pub escalation: EscalationSettings,
}

impl TownSettings {
    /// What agents of `role` may do without asking.
    pub fn permission(&self, role: &str) -> Permission {
        self.permissions.get(role).or_else(|| self.permissions.get("default")).copied().unwrap_or_default()
    }

    /// Whether the runtimes of agents of `role` are told to trust their worktrees.
    pub fn trusts(&self, role: &str) -> bool {
        self.trust_worktrees.unwrap_or(self.permission(role) == Permission::Bypass)
    }
}

impl Default for TownSettings {
    fn default() -> Self {
        Self {
            default_agent: "claude".into(),
            max_agents: 12,
            session_cols: 120,
            session_rows: 40,
            recording: true,
            agents: Map::new(),
            role_agents: BTreeMap::new(),
            permissions: BTreeMap::new(),
            trust_worktrees: None,
            agent_email_domain: "gastown.local".into(),
            limits: Limits::default(),
            witness: WitnessSettings::default(),
            notify_command: Vec::new(),
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
    /// Whether the rig is out of service: nothing is started in it and nothing merged.
    pub docked: bool,
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
            docked: false,
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
    /// How many requests are merged together at most: they are put on top of each other, and the gates run once for all.
    pub batch_size: usize,
    /// How green work gets to the target: `direct` merges it, `hold` waits for a person's word first, `pr` leaves a branch at the
    /// origin for review.
    pub strategy: MergeStrategy,
    /// What becomes of work that does not fit the target: `redo` gives the bead to a fresh agent, `give-back` opens it again.
    pub on_conflict: OnConflict,
    /// The gates are shell commands that have to succeed on the rebased work before it is merged, in the order setup, typecheck,
    /// lint, build, test; none by default. This one makes the worktree ready for the others.
    pub setup_command: Option<String>,
    /// The gate that checks types.
    pub typecheck_command: Option<String>,
    /// The gate that checks style.
    pub lint_command: Option<String>,
    /// The gate that builds.
    pub build_command: Option<String>,
    /// The gate that tests.
    pub test_command: Option<String>,
    /// How often a gate that failed is run again before that counts.
    pub retry_flaky_tests: u32,
    /// With `pr`: the program, with its arguments, that opens the pull request once the branch is at the origin; `{branch}`,
    /// `{target}`, `{title}`, `{bead}` and `{id}` stand for those. No shell.
    pub pr_command: Vec<String>,
    /// The branch work is merged into; the rig's default branch when not set.
    pub target_branch: Option<String>,
    /// What the integration branch of an epic is called; `{epic}` stands for its bead.
    pub integration_branch_template: String,
    /// How long each gate may take.
    pub timeout_seconds: u64,
    /// How long single gates may take, by their names (`setup`, `typecheck`, `lint`, `build`, `test`).
    pub timeouts: BTreeMap<String, u64>,
    /// Whether a branch that was brought to the origin for review, or an integration branch, is deleted there once it is merged.
    pub delete_merged_branches: bool,
}

impl Default for MergeQueueSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            batch_size: 5,
            strategy: MergeStrategy::Direct,
            on_conflict: OnConflict::Redo,
            setup_command: None,
            typecheck_command: None,
            lint_command: None,
            build_command: None,
            test_command: None,
            retry_flaky_tests: 1,
            pr_command: Vec::new(),
            target_branch: None,
            integration_branch_template: "integration/{epic}".into(),
            timeout_seconds: 1800,
            timeouts: BTreeMap::new(),
            delete_merged_branches: true,
        }
    }
}

/// How green work gets to the target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MergeStrategy {
    /// The refinery merges it.
    #[default]
    Direct,
    /// The refinery leaves a branch at the origin, where people review and merge it.
    Pr,
    /// The refinery merges it once a person has approved it.
    Hold,
}

/// What becomes of work that does not fit the target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnConflict {
    /// A fresh agent does it again, told what the conflict is.
    #[default]
    Redo,
    /// Its bead is open again, for a person to decide.
    GiveBack,
}

/// One gate: a command that has to succeed before work is merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateCommand {
    /// Its name.
    pub name: &'static str,
    /// The command, for `sh -c`.
    pub command: String,
    /// How long it may take, in seconds.
    pub seconds: u64,
}

/// The gates' names, in their order.
pub const GATES: [&str; 5] = ["setup", "typecheck", "lint", "build", "test"];

impl MergeQueueSettings {
    /// The gates that are set, in their order.
    pub fn gates(&self) -> Vec<GateCommand> {
        let commands =
            [&self.setup_command, &self.typecheck_command, &self.lint_command, &self.build_command, &self.test_command];
        let set = GATES.into_iter().zip(commands).filter_map(|(name, command)| {
            let command = command.as_ref().filter(|command| !command.trim().is_empty())?.clone();
            let seconds = self.timeouts.get(name).copied().unwrap_or(self.timeout_seconds);
            Some(GateCommand { name, command, seconds })
        });
        set.collect()
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
        Document::load(path, &TOWN_FORMAT)?.map_or_else(|| Ok(Self::default()), |document| Self::of(&document))
    }

    /// The settings that a document says.
    ///
    /// # Errors
    /// When a value makes no sense; names file, line and key.
    pub fn of(document: &Document) -> Result<Self> {
        let settings: Self = document.typed()?;
        at_least_one(document, "max_agents", settings.max_agents)?;
        let witness = &settings.witness;
        for (key, value) in [
            ("nudge_seconds", witness.nudge_seconds),
            ("answer_seconds", witness.answer_seconds),
            ("rate_limit_seconds", witness.rate_limit_seconds),
            ("linger_seconds", witness.linger_seconds),
        ] {
            if !(1..=86_400).contains(&value) {
                return Err(document.error(&format!("witness.{key}"), "has to be from 1 to 86400"));
            }
        }
        if settings.limits.nice > 19 {
            return Err(document.error("limits.nice", "has to be from 0 to 19"));
        }
        for (key, value) in [("session_cols", settings.session_cols), ("session_rows", settings.session_rows)] {
            if !(2..=1000).contains(&value) {
                return Err(document.error(key, "has to be from 2 to 1000"));
            }
        }
        let domain = &settings.agent_email_domain;
        if domain.is_empty() || domain.contains(|c: char| c.is_whitespace() || c.is_control() || "<>@".contains(c)) {
            return Err(document.error("agent_email_domain", "is no domain name"));
        }
        roles(document, &settings.role_agents)?;
        for role in settings.permissions.keys().filter(|role| *role != "default") {
            known_role(document, &format!("permissions.{role}"), role)?;
        }
        Ok(settings)
    }
}

impl RigSettings {
    /// Reads a rig's settings; defaults when the file does not exist.
    ///
    /// # Errors
    /// When the file is broken or a value makes no sense; names file, line and key.
    pub fn load(path: &Path) -> Result<Self> {
        Document::load(path, &RIG_FORMAT)?.map_or_else(|| Ok(Self::default()), |document| Self::of(&document))
    }

    /// The settings that a document says.
    ///
    /// # Errors
    /// When a value makes no sense; names file, line and key.
    pub fn of(document: &Document) -> Result<Self> {
        let settings: Self = document.typed()?;
        at_least_one(document, "max_polecats", settings.max_polecats)?;
        let queue = &settings.merge_queue;
        at_least_one(document, "merge_queue.batch_size", queue.batch_size)?;
        if queue.timeout_seconds == 0 {
            return Err(document.error("merge_queue.timeout_seconds", "has to be at least 1"));
        }
        for (name, seconds) in &queue.timeouts {
            let key = format!("merge_queue.timeouts.{name}");
            if !GATES.contains(&name.as_str()) {
                let error = document.error(&key, "is no gate");
                return Err(error.hint(format!("gates: {}", GATES.join(", "))));
            }
            if *seconds == 0 {
                return Err(document.error(&key, "has to be at least 1"));
            }
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
        roles(document, &settings.role_agents)?;
        Ok(settings)
    }
}

fn at_least_one(document: &Document, key: &str, value: usize) -> Result<()> {
    if value == 0 { Err(document.error(key, "has to be at least 1")) } else { Ok(()) }
}

fn roles(document: &Document, role_agents: &BTreeMap<String, String>) -> Result<()> {
    for role in role_agents.keys() {
        known_role(document, &format!("role_agents.{role}"), role)?;
    }
    Ok(())
}

fn known_role(document: &Document, key: &str, role: &str) -> Result<()> {
    role.parse::<super::Role>()
        .map(drop)
        .map_err(|error: Error| document.error(key, error.message()).hint(error.hint_text().unwrap_or("")))
}
