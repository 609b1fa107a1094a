//! Answers to what views ask of the ledger.

use serde_json::Value;

use super::super::ask::{Ask, Setting, Told};
use super::super::ink::Inks;
use crate::base::Result;
use crate::view;
use crate::work::Desk;
use crate::work::costs::{self, By, Query};
use crate::work::hook_review::Reader;

/// The answer to `ask`.
pub(super) fn answer(desk: &Desk, ask: &Ask) -> Result<Told> {
    Ok(match ask {
        Ask::Beads(text, closed) => Told::Beads(view::beads::beads(desk, text, *closed)?),
        Ask::Bead(id) => Told::Bead(Box::new(view::beads::bead(desk, id)?)),
        Ask::Mail => Told::Mail(view::mail::letters(desk)?),
        Ask::Request(id) => Told::Request(Box::new(view::queue::request(desk, id)?)),
        Ask::Settings => Told::Settings(settings(desk)?),
        Ask::Costs => spent(desk)?,
        Ask::Delays(convoy) => Told::Delays(view::convoys::delays(desk, convoy)?),
        Ask::Hooks(archived) => Told::Hooks(view::hooks::list(desk, *archived)?),
        Ask::Hook(agent, from) => {
            let picture = view::hooks::hook(desk, &mut Reader::default(), agent, from.as_deref())?;
            Told::Hook(Box::new(picture), Inks::default())
        }
    })
}

/// What was spent: today in words, then by agent, rig and model.
fn spent(desk: &Desk) -> Result<Told> {
    let dollars = |usd: Option<f64>| usd.map(|usd| format!("${usd:.2}"));
    let today = costs::today(desk)?;
    let words = dollars(today.usd);
    let mut lines =
        vec![("today".to_owned(), words.clone().unwrap_or_else(|| "unknown: no runtime told its tokens".to_owned()))];
    let mut prices = String::new();
    for (name, by) in [("agent", By::Agent), ("rig", By::Rig), ("model", By::Model)] {
        let found = costs::costs(desk, &Query { by, ..Query::default() })?;
        if found.rows.is_empty() {
            continue;
        }
        lines.push((String::new(), String::new()));
        lines.push((String::new(), format!("in all, by {name}")));
        lines.extend(found.rows.iter().take(12).map(|row| {
            let key = if row.key.is_empty() { "(none)" } else { &row.key };
            (dollars(row.usd).unwrap_or_else(|| "unknown".to_owned()), format!("{key}  {} tokens", row.total))
        }));
        prices = found.prices_as_of;
    }
    if !prices.is_empty() {
        lines.push((String::new(), String::new()));
        lines.push((String::new(), format!("prices of {prices}; gt costs tells more")));
    }
    Ok(Told::Costs(words, lines))
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
