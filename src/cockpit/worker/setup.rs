//! What is set for the town and its rigs, each with the layer it comes from; and changing it.

use serde_json::Value;

use super::super::ask::{Home, Setting, Takes};
use super::super::deeds::Deed;
use super::super::settings::{Settings, value_in};
use crate::base::{Error, Result, files};
use crate::runtime::{self, Layers};
use crate::town::fields::{self, Kind};
use crate::town::{Role, Town};
use crate::work::settings::{self, Origin, Scope};

/// The roles that run an agent.
const ROLES: [(Role, &str); 4] = [
    (Role::Mayor, "The agent you speak to, who plans and hands out"),
    (Role::Polecat, "Workers, each for one bead"),
    (Role::Crew, "Workspaces of yours that stay"),
    (Role::Dog, "Helpers for errands across rigs"),
];
/// Settings that bound what is spent, beside those of `limits` and `witness`.
const BUDGETS: [&str; 2] = ["max_agents", "max_polecats"];

/// Everything that is set, but for the cockpit's own file.
pub(super) fn settings(town: &Town) -> Result<Vec<Setting>> {
    let layers = Layers::of(town, None)?;
    let names = agent_names(&layers);
    let all = settings::all(Scope::Town(town))?;
    let kinds = fields::flat(&Scope::Town(town).fields());
    let mut rows = agents(&layers, &names, &all);
    rows.extend(roles(&names, &all));
    let (mut budgets, mut rest) = (Vec::new(), Vec::new());
    for one in &all {
        if matches!(one.key.as_str(), "agents" | "role_agents" | "permissions" | "default_agent") {
            continue;
        }
        let budget =
            BUDGETS.contains(&one.key.as_str()) || one.key.starts_with("limits.") || one.key.starts_with("witness.");
        let place = if budget { "budgets" } else { "town" };
        let row = row(place, Home::Town, one, &kinds, &names);
        if budget { budgets.push(row) } else { rest.push(row) }
    }
    rows.extend(budgets);
    rows.extend(rest);
    for rig in town.rigs()? {
        let scope = Scope::Rig(town, &rig);
        let kinds = fields::flat(&scope.fields());
        let names = agent_names(&Layers::of(town, Some(&rig))?);
        for one in settings::all(scope)?.iter().filter(|one| kinds.iter().any(|(key, _)| *key == one.key)) {
            if matches!(one.key.as_str(), "agents" | "role_agents" | "runtime") && is_empty(&one.value) {
                continue;
            }
            rows.push(row(&rig.name, Home::Rig(rig.name.clone()), one, &kinds, &names));
        }
    }
    Ok(rows)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

fn agent_names(layers: &Layers) -> Vec<String> {
    let mut names: Vec<String> = runtime::builtin_names().map(str::to_owned).collect();
    names.extend(layers.agents.iter().flat_map(|agents| agents.keys().cloned()));
    names.sort();
    names.dedup();
    names
}

/// A value as people read and write it.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "true".to_owned(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(map) if map.is_empty() => String::new(),
        other => other.to_string(),
    }
}

fn row(
    place: &str,
    home: Home,
    one: &settings::Setting,
    kinds: &[(String, fields::Field)],
    names: &[String],
) -> Setting {
    let kind = kinds.iter().find(|(key, _)| *key == one.key).map(|(_, field)| &field.kind);
    let takes = match kind {
        Some(Kind::Flag) => Takes::Flag,
        Some(Kind::Choice(words)) => Takes::Words(words.clone()),
        _ if one.key == "agent" => Takes::Words(names.to_vec()),
        _ => Takes::Text,
    };
    let own = matches!((&home, one.origin), (Home::Town, Origin::Town) | (Home::Rig(_), Origin::Rig));
    Setting {
        place: place.to_owned(),
        home,
        key: one.key.clone(),
        name: one.key.clone(),
        value: text(&one.value),
        layer: one.origin.word().to_owned(),
        own,
        about: one.about.clone(),
        takes,
    }
}

/// The agents there are, and which is used where nothing nearer is set.
fn agents(layers: &Layers, names: &[String], all: &[settings::Setting]) -> Vec<Setting> {
    let mut rows: Vec<Setting> = all
        .iter()
        .filter(|one| one.key == "default_agent")
        .map(|one| Setting {
            place: "agents".to_owned(),
            takes: Takes::Words(names.to_vec()),
            ..row("agents", Home::Town, one, &[], names)
        })
        .collect();
    for name in names {
        let own = layers.agents.iter().find_map(|agents| agents.get(name));
        let Ok(preset) = runtime::choose(layers, "", Some(name)) else { continue };
        let line: Vec<&str> =
            std::iter::once(preset.command.as_str()).chain(preset.args.iter().map(String::as_str)).collect();
        let about = if preset.summary.is_empty() { "An agent of your own" } else { &preset.summary };
        rows.push(Setting {
            place: "agents".to_owned(),
            home: Home::Town,
            key: format!("agents.{name}"),
            name: name.clone(),
            value: line.iter().map(|word| crate::base::text::shell_word(word)).collect::<Vec<_>>().join(" "),
            layer: if own.is_some() { "town" } else { "built in" }.to_owned(),
            own: own.is_some(),
            about: format!("{about}. Its command line: the program and what it always gets"),
            takes: Takes::Text,
        });
    }
    rows
}

/// Which agent each role runs, and what it may do without asking.
fn roles(names: &[String], all: &[settings::Setting]) -> Vec<Setting> {
    let find = |key: &str| all.iter().find(|one| one.key == key);
    let of = |key: &str, role: &str| find(key).and_then(|one| one.value.get(role)).map(text);
    let default = find("default_agent").map(|one| text(&one.value)).unwrap_or_default();
    let mut rows = Vec::new();
    for (role, about) in ROLES {
        let role = role.as_str();
        let own = of("role_agents", role);
        rows.push(Setting {
            place: "roles".to_owned(),
            home: Home::Town,
            key: format!("role_agents.{role}"),
            name: format!("{role} runs"),
            layer: if own.is_some() { "town" } else { "default_agent" }.to_owned(),
            own: own.is_some(),
            value: own.unwrap_or_else(|| default.clone()),
            about: format!("{about}. Which agent it runs"),
            takes: Takes::Words(names.to_vec()),
        });
    }
    let words = ["ask", "edits", "bypass"].map(str::to_owned).to_vec();
    let default = of("permissions", "default");
    for role in std::iter::once("default").chain(ROLES.iter().map(|(role, _)| role.as_str())) {
        let own = of("permissions", role);
        let layer = match (&own, &default) {
            (Some(_), _) => "town",
            (None, Some(_)) => "default",
            (None, None) => "built in",
        };
        rows.push(Setting {
            place: "roles".to_owned(),
            home: Home::Town,
            key: format!("permissions.{role}"),
            name: format!("{role} may"),
            layer: layer.to_owned(),
            own: own.is_some(),
            value: own.or_else(|| default.clone()).unwrap_or_else(|| "edits".to_owned()),
            about: "What it may do without asking: ask (nothing), edits (files, gt, bd and git), bypass (everything)"
                .to_owned(),
            takes: Takes::Words(words.clone()),
        });
    }
    rows
}

/// Sets `key`, or takes it out; returns what was done and what takes it back.
pub(super) fn change(town: &Town, home: Home, key: String, value: Option<String>) -> Result<(String, Deed)> {
    let before = match &home {
        Home::Cockpit => {
            let path = super::super::settings_file(town);
            let text = files::read_optional(&path)?.unwrap_or_default();
            Settings::change(&path, &key, value.as_deref())?;
            value_in(&text, &key)
        }
        Home::Town => put(Scope::Town(town), Origin::Town, &key, value.as_deref())?,
        Home::Rig(name) => {
            let rig = town.rig(name)?;
            put(Scope::Rig(town, &rig), Origin::Rig, &key, value.as_deref())?
        }
    };
    let said = match &value {
        Some(value) => format!("{key} is {value} now"),
        None => format!("{key} is not set any more; the next layer holds"),
    };
    Ok((said, Deed::Set { home, key, value: before }))
}

/// Sets or takes out, and returns what the file said before.
fn put(scope: Scope<'_>, own: Origin, key: &str, value: Option<&str>) -> Result<Option<String>> {
    let before = match settings::get(scope, key) {
        Ok(one) if one.origin == own => Some(text(&one.value)),
        _ => None,
    };
    match value {
        Some(value) => drop(settings::set(scope, key, value)?),
        None => {
            if !settings::unset(scope, key)? {
                return Err(Error::not_found(format!("{key} is not set there"))
                    .hint("its value comes from the layer shown beside it"));
            }
        }
    }
    Ok(before)
}
