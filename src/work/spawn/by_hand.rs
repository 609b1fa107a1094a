//! Work whose runtime a person starts: everything is made but the session.

use super::{Begun, Spawned, activate, make_hook};
use crate::base::Result;
use crate::base::text::shell_word;
use crate::runtime;
use crate::town::Rig;
use crate::work::Desk;

/// Makes worktree and hook, and says by which command the person starts the runtime so that it is told what it has to do.
pub(super) fn carry_out(desk: &mut Desk, rig: &Rig, begun: &Begun) -> Result<Spawned> {
    let ticket = &begun.ticket;
    let explicit = Some(ticket.preset.as_str()).filter(|name| !name.is_empty());
    let preset = runtime::preset(&desk.town, Some(rig), ticket.agent.role().as_str(), explicit)?;
    make_hook(desk, rig, ticket)?;
    let prepared = runtime::prepare(&desk.town, &ticket.agent, &preset, &ticket.worktree)?;
    // A runtime that its hooks don't tell gets told by its first words.
    let prompt = (!prepared.primes).then_some("Run `gt prime`: it says who you are and what your work is. Then begin.");
    let argv = prepared.command_line(prompt, None, None)?;
    let env = prepared.env.iter();
    let mut words = vec![format!("cd {} &&", shell_word(&ticket.worktree.to_string_lossy()))];
    words.extend(env.map(|(key, value)| format!("{key}={}", shell_word(value))));
    words.extend(argv.iter().map(|word| shell_word(word)));
    activate(desk, begun, None)?;
    Ok(Spawned { session: String::new(), pid: None, preset: preset.name, command: Some(words.join(" ")) })
}
