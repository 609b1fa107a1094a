//! `bd merge-slot`: one bead that whoever merges by hand holds meanwhile, so that merges come one after another.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::context::Context;
use super::{Global, render};
use crate::base::{Error, Result};
use crate::ledger::{Bead, NewBead, Patch, Status, Tx};

/// Takes turns at merging.
#[derive(Debug, Args)]
pub struct MergeSlot {
    #[command(subcommand)]
    command: Command,
}

/// What `bd merge-slot` can do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Make the slot; there is one in each store
    Create,
    /// Show who holds it
    Check,
    /// Take it, or, with --wait, get in line for it
    Acquire {
        /// Who takes it; you otherwise
        #[arg(long)]
        holder: Option<String>,
        /// Get in line when somebody else holds it
        #[arg(long)]
        wait: bool,
    },
    /// Give it back, to the first in line if there is one
    Release {
        /// Who gives it back; you otherwise
        #[arg(long)]
        holder: Option<String>,
    },
}

fn holder(slot: &Bead) -> &str {
    slot.extra.get("holder").and_then(Value::as_str).unwrap_or_default()
}

fn slot(tx: &Tx<'_>, id: &str) -> Result<Bead> {
    tx.find(id)?.ok_or_else(|| Error::not_found(format!("there is no {id}")).hint("make it with: bd merge-slot create"))
}

/// Writes who holds the slot and who waits for it.
fn hand(tx: &mut Tx<'_>, slot: &Bead, holder: &str, waiters: Vec<String>) -> Result<Bead> {
    let status = if holder.is_empty() { Status::Open } else { Status::InProgress };
    let mut patch = Patch { status: Some(status), waiters: Some(waiters), ..Patch::default() };
    patch.extra.insert("holder".into(), if holder.is_empty() { Value::Null } else { holder.into() });
    tx.update(&slot.id, &patch)
}

impl MergeSlot {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let store = context.ledger.store(&context.store)?;
        let id = format!("{}-merge-slot", store.prefix);
        let me = context.actor.clone();
        let (json, text) = match self.command {
            Command::Create => {
                let slot = context.write(|tx| match tx.find(&id)? {
                    Some(slot) => Ok(slot),
                    None => {
                        let new = NewBead {
                            id: Some(id.clone()),
                            title: "Merge slot".into(),
                            issue_type: "slot".into(),
                            labels: vec!["gt:slot".into()],
                            ..NewBead::default()
                        };
                        tx.create(&store.name, new)
                    }
                })?;
                let text = format!("{id} is there\n");
                let json = json!({"id": slot.id, "status": slot.status.as_str()});
                (json, text)
            }
            Command::Check => {
                let found = context.ledger.find(&id)?;
                let slot = found.ok_or_else(|| {
                    Error::not_found(format!("there is no {id}")).hint("make it with: bd merge-slot create")
                })?;
                let text = match holder(&slot) {
                    "" => format!("{id} is free\n"),
                    holder => format!("{id} is held by {}\n", render::clean(holder)),
                };
                let json = json!({"id": slot.id, "available": holder(&slot).is_empty(), "holder": holder(&slot),
                                  "waiters": slot.waiters, "status": slot.status.as_str()});
                (json, text)
            }
            Command::Acquire { holder: who, wait } => {
                let who = who.unwrap_or(me);
                let slot = context.write(|tx| {
                    let found = slot(tx, &id)?;
                    let mut waiters = found.waiters.clone();
                    let held = holder(&found);
                    if held == who {
                        return Ok(found);
                    }
                    if held.is_empty() {
                        waiters.retain(|waiter| *waiter != who);
                        return hand(tx, &found, &who, waiters);
                    }
                    if !wait {
                        return Err(Error::refused(format!("{id} is held by {held}")).hint("get in line with --wait"));
                    }
                    if !waiters.contains(&who) {
                        waiters.push(who.clone());
                    }
                    hand(tx, &found, held, waiters)
                })?;
                let acquired = holder(&slot) == who;
                let place = slot.waiters.iter().position(|waiter| *waiter == who).map(|at| at + 1);
                let text = match place {
                    Some(place) if !acquired => {
                        format!("{id} is held by {}; you are number {place} in line\n", render::clean(holder(&slot)))
                    }
                    _ => format!("{id} is yours\n"),
                };
                let json = json!({"id": slot.id, "acquired": acquired, "holder": holder(&slot), "waiting": !acquired, "position": place});
                (json, text)
            }
            Command::Release { holder: who } => {
                let who = who.unwrap_or(me);
                let slot = context.write(|tx| {
                    let found = slot(tx, &id)?;
                    if holder(&found) != who {
                        let holder = if holder(&found).is_empty() { "nobody" } else { holder(&found) };
                        return Err(Error::refused(format!("{id} is held by {holder}, not by {who}")));
                    }
                    let mut waiters = found.waiters.clone();
                    let next = if waiters.is_empty() { String::new() } else { waiters.remove(0) };
                    hand(tx, &found, &next, waiters)
                })?;
                let text = match holder(&slot) {
                    "" => format!("{id} is free\n"),
                    next => format!("{id} is held by {} now\n", render::clean(next)),
                };
                let json = json!({"id": slot.id, "released": true, "holder": holder(&slot)});
                (json, text)
            }
        };
        render::print_change(context.output, json, text)
    }
}
