//! `bd state` and `set-state`: dimensions of a bead, each a label `dimension:value` of which there is one at a time.

use clap::Args;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::{Global, render};
use crate::base::{Error, Result};
use crate::ledger::{Bead, NewBead, NewDep, Status, dep_type};

/// Shows the value of a dimension, or all of them.
#[derive(Debug, Args)]
pub struct State {
    /// The bead
    id: String,
    /// The dimension, such as patrol or health
    dimension: Option<String>,
}

/// Sets the value of a dimension, and keeps as an event bead that it changed.
#[derive(Debug, Args)]
pub struct SetState {
    /// The bead
    id: String,
    /// The dimension and its value
    #[arg(value_name = "DIMENSION=VALUE")]
    state: String,
    /// Why
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    reason: String,
}

fn values(bead: &Bead) -> impl Iterator<Item = (&str, &str)> {
    bead.labels.iter().filter_map(|label| label.split_once(':'))
}

impl State {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let bead = context.ledger.get(&self.id)?;
        let Some(dimension) = self.dimension else {
            let all: Map<String, Value> = values(&bead).map(|(name, value)| (name.to_owned(), value.into())).collect();
            let mut text: String =
                values(&bead).map(|(name, value)| render::clean(&format!("{name}: {value}")) + "\n").collect();
            if text.is_empty() {
                text = format!("{} has no states\n", bead.id);
            }
            return render::print(context.output, json!({"issue_id": bead.id, "states": all}), text);
        };
        let value = values(&bead).find(|(name, _)| *name == dimension).map(|(_, value)| value.to_owned());
        let text = value.as_deref().map_or_else(|| format!("no {dimension} is set"), str::to_owned);
        let json = json!({"issue_id": bead.id, "dimension": dimension, "value": value});
        render::print(context.output, json, render::clean(&text) + "\n")
    }
}

impl SetState {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let (dimension, value) = self
            .state
            .split_once('=')
            .filter(|(dimension, value)| !dimension.is_empty() && !value.is_empty() && !dimension.contains(':'))
            .ok_or_else(|| {
                Error::usage(format!("no state: {:?}", self.state))
                    .hint("write dimension=value, such as health=failing")
            })?;
        let (bead, old, event) = context.write(|tx| {
            let bead = tx.get(&self.id)?;
            let old = values(&bead).find(|(name, _)| *name == dimension).map(|(_, value)| value.to_owned());
            if old.as_deref() == Some(value) {
                return Ok((bead, old, None));
            }
            for (name, value) in values(&bead).filter(|(name, _)| *name == dimension) {
                tx.remove_label(&bead.id, &format!("{name}:{value}"))?;
            }
            tx.add_label(&bead.id, &format!("{dimension}:{value}"))?;
            let mut extra = Map::new();
            for (key, value) in [("event_kind", "state.changed"), ("actor", tx.actor()), ("target", bead.id.as_str())] {
                extra.insert(key.into(), value.into());
            }
            extra
                .insert("payload".into(), json!({"dimension": dimension, "old": old, "new": value}).to_string().into());
            let new = NewBead {
                title: format!("{}: {dimension} is {value}", bead.id),
                description: self.reason.clone(),
                issue_type: "event".into(),
                status: Some(Status::Closed),
                priority: Some(4),
                ephemeral: bead.ephemeral,
                deps: vec![NewDep::new(bead.id.clone(), dep_type::RELATES_TO)],
                extra,
                ..NewBead::default()
            };
            let event = tx.create(&bead.store, new)?;
            Ok((bead, old, Some(event.id)))
        })?;
        let text = match &event {
            Some(_) => format!("{} {dimension} is {value} now\n", bead.id),
            None => format!("{} {dimension} was {value} already\n", bead.id),
        };
        let json = json!({"issue_id": bead.id, "dimension": dimension, "old_value": old, "new_value": value,
                          "event_id": event, "changed": event.is_some()});
        render::print_change(context.output, json, render::clean(text.trim_end()) + "\n")
    }
}
