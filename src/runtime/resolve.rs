//! Which runtime an agent gets: the layers of settings, the most particular first.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::catalogue::{Preset, builtin, builtin_names};
use super::start::{check_available, split_words};
use crate::base::{Error, Result, ResultExt, files, text};
use crate::town::{Rig, Town};

/// What settings say about runtimes, as plain data; the most particular settings come first in each list.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// Custom agents by name: the rig's, then the town's.
    pub agents: Vec<Map<String, Value>>,
    /// The agent of each role: the rig's, then the town's.
    pub role_agents: Vec<BTreeMap<String, String>>,
    /// A runtime written out in the rig's settings.
    pub rig_runtime: Option<Value>,
    /// The rig's agent.
    pub rig_agent: Option<String>,
    /// The town's agent for everything else.
    pub default_agent: Option<String>,
}

impl Layers {
    /// What the settings of a town, and of a rig in it, say.
    ///
    /// # Errors
    /// When a settings file is broken.
    pub fn of(town: &Town, rig: Option<&Rig>) -> Result<Self> {
        let settings = town.settings()?;
        let mut layers = Self { default_agent: Some(settings.default_agent), ..Self::default() };
        if let Some(rig) = rig {
            let own = rig.settings()?;
            layers.agents.push(own.agents);
            layers.agents.extend(agents_file(&rig.root)?);
            layers.role_agents.push(own.role_agents);
            layers.rig_runtime = Some(own.runtime).filter(|runtime| !runtime.is_null());
            layers.rig_agent = own.agent;
        }
        layers.agents.push(settings.agents);
        layers.agents.extend(agents_file(&town.root)?);
        layers.role_agents.push(settings.role_agents);
        Ok(layers)
    }
}

/// The custom agents of `settings/agents.json`.
fn agents_file(root: &Path) -> Result<Option<Map<String, Value>>> {
    let path = root.join("settings").join("agents.json");
    let Some(file) = files::read_json::<Value>(&path)? else { return Ok(None) };
    match file.get("agents") {
        Some(Value::Object(agents)) => Ok(Some(agents.clone())),
        _ => Err(Error::failed(format!("{}: agents: expected an object", path.display()))
            .hint("write {\"version\": 1, \"agents\": {\"<name>\": {\"command\": \"…\"}}}")),
    }
}

/// The runtime for an agent of `role` in a town, or in a rig of it; see [`choose`].
///
/// # Errors
/// As [`choose`]; also when a settings file is broken.
pub fn preset(town: &Town, rig: Option<&Rig>, role: &str, explicit: Option<&str>) -> Result<Preset> {
    choose(&Layers::of(town, rig)?, role, explicit)
}

/// The runtime for `role`: the one named explicitly, the role's, the rig's own, the rig's agent, the town's default, `claude`.
///
/// An agent set for the role whose program is missing is passed over; one that was named explicitly never is.
///
/// # Errors
/// `NotFound` with the nearest name when a named agent does not exist; failed when a custom agent is malformed.
pub fn choose(layers: &Layers, role: &str, explicit: Option<&str>) -> Result<Preset> {
    if let Some(name) = explicit {
        return named(layers, name);
    }
    for roles in &layers.role_agents {
        if let Some(name) = roles.get(role) {
            let preset = named(layers, name).with_context(|| format!("role_agents.{role}"))?;
            if check_available(&preset).is_ok() {
                return Ok(preset);
            }
        }
    }
    if let Some(runtime) = &layers.rig_runtime {
        let name = runtime.get("provider").and_then(Value::as_str).unwrap_or("runtime").to_owned();
        return custom(&name, runtime).context("runtime in the rig's settings");
    }
    let name = layers.rig_agent.as_deref().or(layers.default_agent.as_deref()).unwrap_or("claude");
    named(layers, name)
}

fn named(layers: &Layers, name: &str) -> Result<Preset> {
    for agents in &layers.agents {
        if let Some(value) = agents.get(name) {
            return custom(name, value).with_context(|| format!("agent {name}"));
        }
    }
    if let Some(preset) = builtin(name) {
        return Ok(preset.clone());
    }
    let mut known: Vec<&str> = builtin_names().collect();
    known.extend(layers.agents.iter().flat_map(|agents| agents.keys()).map(String::as_str));
    let hint = match text::nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known agents: {}", known.join(", ")),
    };
    Err(Error::not_found(format!("no agent runtime `{name}`")).hint(hint))
}

/// An agent as settings write it: a command line, or an object whose keys replace those of the preset it builds on
/// (`provider`, else the preset of the same name or with the same program, else a program nothing is known of).
///
/// # Errors
/// When it is neither, or a key has the wrong type, or there is no command.
pub fn custom(name: &str, value: &Value) -> Result<Preset> {
    let mut own = match value {
        Value::String(line) => {
            let mut words = split_words(line)?.into_iter();
            let mut map = Map::new();
            map.insert("command".into(), words.next().unwrap_or_default().into());
            map.insert("args".into(), words.collect::<Vec<_>>().into());
            map
        }
        Value::Object(map) => map.clone(),
        other => return Err(Error::failed(format!("expected a command line or an object, found {other}"))),
    };
    if let Some(mode) = own.remove("prompt_mode") {
        // In settings of old `none` means that the prompt is typed later.
        let typed = mode == "none" && own.get("provider").and_then(Value::as_str) != Some("script");
        own.insert("prompt_mode".into(), if typed { "typed".into() } else { mode });
    }
    let command = own.get("command").and_then(Value::as_str).unwrap_or_default();
    let program = command.rsplit('/').next().unwrap_or_default();
    let provider = own.get("provider").and_then(Value::as_str);
    let base = provider
        .and_then(builtin)
        .or_else(|| builtin(name))
        .or_else(|| builtin_names().filter_map(builtin).find(|preset| preset.command == program))
        .cloned()
        .unwrap_or_default();
    let mut merged = serde_json::to_value(&base)?;
    if let Value::Object(fields) = &mut merged {
        for (key, value) in own {
            if !value.is_null() {
                fields.insert(key, value);
            }
        }
        fields.insert("name".into(), name.into());
    }
    let mut preset: Preset = serde_json::from_value(merged)?;
    if preset.command.is_empty() {
        return Err(Error::failed("there is no `command`")
            .hint("write the program it runs, for example \"claude --model opus\""));
    }
    if preset.process_names.is_empty() || preset.command != base.command {
        let own = preset.command.rsplit('/').next().unwrap_or_default().to_owned();
        if !preset.process_names.contains(&own) {
            preset.process_names.insert(0, own);
        }
    }
    Ok(preset)
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::PromptMode;
    use super::*;
    use serde_json::json;

    fn layers() -> Layers {
        let agents = json!({"glm": "claude-glm --model 'glm 4'", "low": {"provider": "codex", "args": ["--thinking", "low"]}, "sh": "/bin/sh"});
        Layers { agents: vec![agents.as_object().cloned().unwrap()], ..Layers::default() }
    }

    #[test]
    fn the_most_particular_layer_wins() {
        let mut layers = layers();
        assert_eq!(choose(&layers, "polecat", None).unwrap().name, "claude");
        layers.default_agent = Some("gemini".into());
        assert_eq!(choose(&layers, "polecat", None).unwrap().name, "gemini");
        layers.rig_agent = Some("amp".into());
        assert_eq!(choose(&layers, "polecat", None).unwrap().name, "amp");
        layers.rig_runtime = Some(json!({"provider": "codex", "command": "codex", "args": [], "prompt_mode": "none"}));
        let runtime = choose(&layers, "polecat", None).unwrap();
        assert_eq!((runtime.name.as_str(), runtime.prompt_mode), ("codex", PromptMode::Typed));
        layers.role_agents = vec![[("polecat".to_owned(), "sh".to_owned())].into()];
        assert_eq!(choose(&layers, "polecat", None).unwrap().name, "sh");
        assert_eq!(choose(&layers, "crew", None).unwrap().name, "codex");
        assert_eq!(choose(&layers, "polecat", Some("script")).unwrap().name, "script");
    }

    #[test]
    fn a_role_agent_that_is_not_installed_is_passed_over() {
        let mut layers = layers();
        layers.role_agents = vec![[("polecat".to_owned(), "glm".to_owned())].into()];
        assert_eq!(choose(&layers, "polecat", None).unwrap().name, "claude");
    }

    #[test]
    fn a_custom_agent_keeps_what_its_provider_can() {
        let low = choose(&layers(), "polecat", Some("low")).unwrap();
        assert_eq!((low.command.as_str(), low.args.join(" ").as_str()), ("codex", "--thinking low"));
        assert!(low.program_status);
        let glm = choose(&layers(), "polecat", Some("glm")).unwrap();
        assert_eq!(
            (glm.command.as_str(), glm.args.as_slice()),
            ("claude-glm", ["--model".to_owned(), "glm 4".into()].as_slice())
        );
    }

    #[test]
    fn an_unknown_agent_is_refused_with_the_nearest() {
        let error = choose(&layers(), "polecat", Some("cladue")).unwrap_err();
        assert_eq!((error.exit_code(), error.hint_text()), (3, Some("did you mean `claude`?")));
        assert!(custom("x", &json!({"args": []})).is_err() && custom("x", &json!(3)).is_err());
    }
}
