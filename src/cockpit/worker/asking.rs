//! Answers to what views ask of the ledger.

use serde_json::Value;

use super::super::ask::{Ask, Setting, Told};
use crate::base::Result;
use crate::view;
use crate::work::Desk;

/// The answer to `ask`.
pub(super) fn answer(desk: &Desk, ask: &Ask) -> Result<Told> {
    Ok(match ask {
        Ask::Beads(text, closed) => Told::Beads(view::beads::beads(desk, text, *closed)?),
        Ask::Bead(id) => Told::Bead(Box::new(view::beads::bead(desk, id)?)),
        Ask::Mail => Told::Mail(view::mail::letters(desk)?),
        Ask::Request(id) => Told::Request(Box::new(view::queue::request(desk, id)?)),
        Ask::Settings => Told::Settings(settings(desk)?),
    })
}

fn settings(desk: &Desk) -> Result<Vec<Setting>> {
    let mut rows = Vec::new();
    let town = serde_json::to_value(desk.town.settings()?)?;
    flatten("town", "", &town, &mut rows);
    for rig in desk.town.rigs()? {
        flatten(&rig.name, "", &serde_json::to_value(rig.settings()?)?, &mut rows);
    }
    Ok(rows)
}

/// The leaves of `value`, named by their path.
fn flatten(place: &str, name: &str, value: &Value, rows: &mut Vec<Setting>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(place, &name, value, rows);
            }
        }
        Value::Null => {}
        Value::Object(_) => {}
        Value::Array(items) if items.is_empty() => {}
        other => {
            let value = match other {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let command = match (place, name) {
                ("town", "default_agent") => "gt config default-agent <name>".to_owned(),
                ("town", "agent_email_domain") => "gt config agent-email-domain <domain>".to_owned(),
                _ => String::new(),
            };
            rows.push(Setting { place: place.to_owned(), name: name.to_owned(), value, command });
        }
    }
}
