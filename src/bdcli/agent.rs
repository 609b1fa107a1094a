//! `bd agent` and `bd slot`: what programs that follow agents through beads write down about them.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::context::Context;
use super::{Global, render};
use crate::base::{Error, Result, Timestamp};
use crate::ledger::{Bead, NewBead, Patch, Tx};

/// What an agent's bead can say about it.
const STATES: [&str; 8] = ["idle", "spawning", "running", "working", "stuck", "done", "stopped", "dead"];
/// Marks an agent's bead in ledgers whose types do not.
const LABEL: &str = "gt:agent";

/// Reads and writes agents' beads.
#[derive(Debug, Args)]
pub struct Agent {
    #[command(subcommand)]
    command: AgentCommand,
}

/// What `bd agent` can do.
#[derive(Debug, Subcommand)]
enum AgentCommand {
    /// Say how an agent is; makes its bead where there is none
    State {
        /// The agent's bead
        agent: String,
        /// idle, spawning, running, working, stuck, done, stopped or dead
        #[arg(value_parser = STATES)]
        state: String,
    },
    /// Say that an agent is alive
    Heartbeat {
        /// The agent's bead
        agent: String,
    },
    /// Show an agent's bead
    Show {
        /// The agent's bead
        agent: String,
    },
}

/// Reads and writes what is on an agent's hook, and its role.
#[derive(Debug, Args)]
pub struct Slot {
    #[command(subcommand)]
    command: SlotCommand,
}

/// What `bd slot` can do.
#[derive(Debug, Subcommand)]
enum SlotCommand {
    /// Put a bead into a slot; refused while another one is on the hook
    Set {
        /// The agent's bead
        agent: String,
        /// hook or role
        slot: Which,
        /// What goes into it
        bead: String,
    },
    /// Empty a slot
    Clear {
        /// The agent's bead
        agent: String,
        /// hook or role
        slot: Which,
    },
    /// Show both slots
    #[command(alias = "get")]
    Show {
        /// The agent's bead
        agent: String,
    },
}

/// A slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// The work at hand.
    Hook,
    /// The bead that describes the role.
    Role,
}

impl Which {
    fn name(self) -> &'static str {
        match self {
            Self::Hook => "hook",
            Self::Role => "role",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Hook => "hook_bead",
            Self::Role => "role_bead",
        }
    }
}

fn check(bead: Bead) -> Result<Bead> {
    if bead.issue_type == "agent" || bead.has_label(LABEL) {
        return Ok(bead);
    }
    Err(Error::usage(format!("{} is a {}, not an agent", bead.id, bead.issue_type))
        .hint(format!("an agent's bead has the type agent, or the label {LABEL}")))
}

fn agent_of(context: &Context, id: &str) -> Result<Bead> {
    check(context.ledger.get(id)?)
}

fn field(bead: &Bead, key: &str) -> Value {
    bead.extra.get(key).filter(|value| value.as_str() != Some("")).cloned().unwrap_or(Value::Null)
}

fn patch(fields: &[(&str, Value)]) -> Patch {
    Patch { extra: fields.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(), ..Patch::default() }
}

/// Role and rig as agents' ids have them: `gt-rig-polecat-name`, `hq-mayor`.
fn meaning(id: &str) -> (Option<String>, Option<String>) {
    let roles = ["mayor", "deacon", "witness", "refinery", "polecat", "crew", "dog"];
    let parts: Vec<&str> = id.split('-').collect();
    let Some(at) = parts.iter().position(|part| roles.contains(part)) else { return (None, None) };
    let rig = parts.get(1..at).map(|parts| parts.join("-")).filter(|rig| !rig.is_empty());
    (Some(parts[at].to_owned()), rig)
}

/// The agent's bead, made when there is none with exactly this id.
fn found_or_made(tx: &mut Tx<'_>, id: &str, store: Option<&str>) -> Result<Bead> {
    match tx.get(id) {
        Ok(bead) => check(bead),
        Err(error) if error.kind() == crate::base::Kind::NotFound => {
            // A store with this prefix says that it is an id and no mistake.
            let Some(store) = store else { return Err(error) };
            let mut new = NewBead { id: Some(id.to_owned()), issue_type: "agent".into(), ..NewBead::titled(id) };
            new.labels.push(LABEL.into());
            let (role, rig) = meaning(id);
            for (key, value) in [("role_type", role), ("rig", rig)] {
                if let Some(value) = value {
                    new.extra.insert(key.into(), value.into());
                }
            }
            tx.create(store, new)
        }
        Err(error) => Err(error),
    }
}

impl Agent {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let now = Value::from(Timestamp::now().to_string());
        match self.command {
            AgentCommand::State { agent, state } => {
                let store = context.store_of_prefix(&agent)?.map(|store| store.name);
                let bead = context.write(|tx| {
                    let bead = found_or_made(tx, &agent, store.as_deref())?;
                    let fields = [("agent_state", state.as_str().into()), ("last_activity", now.clone())];
                    tx.update(&bead.id, &patch(&fields))
                })?;
                let json = json!({"agent": bead.id, "agent_state": state, "last_activity": now});
                render::print_change(context.output, json, format!("{} is {state}\n", bead.id))
            }
            AgentCommand::Heartbeat { agent } => {
                let id = agent_of(&context, &agent)?.id;
                context.write(|tx| tx.update(&id, &patch(&[("last_activity", now.clone())])))?;
                render::print_change(
                    context.output,
                    json!({"agent": id, "last_activity": now}),
                    format!("{id} is alive\n"),
                )
            }
            AgentCommand::Show { agent } => {
                let bead = agent_of(&context, &agent)?;
                let mut json = json!({"id": bead.id, "title": bead.title});
                let mut text = format!("{}\n", render::line(&bead, crate::base::report::Paint::stdout()));
                for key in ["agent_state", "last_activity", "hook_bead", "role_bead", "role_type", "rig"] {
                    let value = field(&bead, key);
                    if let Some(value) = value.as_str() {
                        text += &format!("  {:<14} {}\n", key, render::clean(value));
                    }
                    json[key] = value;
                }
                render::print(context.output, json, text)
            }
        }
    }
}

impl Slot {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        match self.command {
            SlotCommand::Set { agent, slot, bead } => {
                let (agent, bead) = context.write(|tx| {
                    let agent = check(tx.get(&agent)?)?;
                    let bead = tx.resolve(&bead)?;
                    let now = field(&agent, slot.key());
                    if let Some(other) = now.as_str().filter(|other| slot == Which::Hook && *other != bead) {
                        return Err(Error::refused(format!("{other} is on the hook of {}", agent.id))
                            .hint(format!("bd slot clear {} hook", agent.id)));
                    }
                    tx.update(&agent.id, &patch(&[(slot.key(), bead.as_str().into())]))?;
                    Ok((agent.id, bead))
                })?;
                let text = format!("{agent}: {} is {bead}\n", slot.name());
                render::print_change(context.output, json!({"agent": agent, "slot": slot.name(), "bead": bead}), text)
            }
            SlotCommand::Clear { agent, slot } => {
                let agent = agent_of(&context, &agent)?.id;
                context.write(|tx| tx.update(&agent, &patch(&[(slot.key(), Value::Null)])))?;
                let text = format!("{agent}: {} is empty\n", slot.name());
                render::print_change(context.output, json!({"agent": agent, "slot": slot.name(), "bead": null}), text)
            }
            SlotCommand::Show { agent } => {
                let bead = agent_of(&context, &agent)?;
                let mut text = format!("{}\n", render::clean(&bead.id));
                let mut slots = json!({});
                for slot in [Which::Hook, Which::Role] {
                    let value = field(&bead, slot.key());
                    text += &format!("  {}: {}\n", slot.name(), render::clean(value.as_str().unwrap_or("empty")));
                    slots[slot.name()] = value;
                }
                render::print(context.output, json!({"agent": bead.id, "slots": slots}), text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_agents_say_role_and_rig() {
        let text = |role: Option<&str>, rig: Option<&str>| (role.map(str::to_owned), rig.map(str::to_owned));
        assert_eq!(meaning("gt-big-rig-polecat-nux"), text(Some("polecat"), Some("big-rig")));
        assert_eq!(meaning("hq-mayor"), text(Some("mayor"), None));
        assert_eq!(meaning("gt-abc12"), text(None, None));
    }
}
