//! All that an agent's program gets beside its preset: hooks, trust, and what it may do without asking.

use std::path::Path;

use super::hook_files::{self, Hooking};
use super::{Extra, Preset, StartContext, command_line, environment, trust};
use crate::base::Result;
use crate::town::{Address, Permission, Town};

/// A preset made ready for one agent in one directory.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The preset with the arguments of hooks and trust.
    pub preset: Preset,
    /// The variables of hooks, trust, permission mode and preset.
    pub env: Vec<(String, String)>,
    /// Whether the hooks tell the agent who it is when it starts.
    pub primes: bool,
    /// Whether the hooks tell the conversation's name.
    pub names: bool,
    /// What it may do without asking.
    pub permission: Permission,
    town: String,
}

/// Writes the hook files of `agent`'s session, tells its runtime to trust `directory` where settings say so, and says how it is started.
///
/// # Errors
/// When settings are broken, or a file can't be written.
pub fn prepare(town: &Town, agent: &Address, preset: &Preset, directory: &Path) -> Result<Prepared> {
    let settings = town.settings()?;
    let role = agent.role().to_string();
    let permission = settings.permission(&role);
    let session = agent.session_name();
    let hooked = hook_files::install(&Hooking { town, session: &session, preset, directory, permission })?;
    let trusted = if settings.trusts(&role) { trust(preset, directory)? } else { Extra::default() };
    let root = town.root.to_string_lossy().into_owned();
    let mut env = hooked.env;
    env.extend(trusted.env);
    env.extend(environment(preset, permission, &root));
    let mut preset = preset.clone();
    preset.args.extend(hooked.args.into_iter().chain(trusted.args));
    Ok(Prepared { preset, env, primes: hooked.primes, names: hooked.names, permission, town: root })
}

impl Prepared {
    /// The program and its arguments.
    ///
    /// # Errors
    /// As [`command_line`].
    pub fn command_line(
        &self,
        prompt: Option<&str>,
        resume: Option<&str>,
        session_id: Option<&str>,
    ) -> Result<Vec<String>> {
        let permission = self.permission;
        let context =
            StartContext { prompt, resume, session_id, permission, town: &self.town, ..StartContext::default() };
        command_line(&self.preset, &context)
    }
}
