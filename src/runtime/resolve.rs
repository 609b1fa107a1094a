//! Which runtime an agent gets: the layers of settings, the most particular first.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::catalogue::{Preset, builtin, builtin_names};
use super::custom::{base_of, build, written};
use super::start::has_program;
use crate::base::{Error, Result, ResultExt, files, report, text};
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
/// An agent set for the role whose program is missing is passed over with a notice; one that was named explicitly never is.
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
            if has_program(&preset) {
                return Ok(preset);
            }
            report::notice(format!(
                "role_agents.{role}: `{name}` is passed over, its program `{}` is not on the search path",
                preset.command
            ));
        }
    }
    if let Some(runtime) = &layers.rig_runtime {
        return written_out(layers, runtime);
    }
    let name = layers.rig_agent.as_deref().or(layers.default_agent.as_deref()).unwrap_or("claude");
    named(layers, name)
}

/// What a rig's runtime is called; its agents are started again by that name.
fn name_of(runtime: &Value) -> &str {
    runtime.get("provider").and_then(Value::as_str).unwrap_or("runtime")
}

fn written_out(layers: &Layers, runtime: &Value) -> Result<Preset> {
    let own = written(runtime).context("runtime in the rig's settings")?;
    assembled(layers, name_of(runtime), vec![own], &mut Vec::new()).context("runtime in the rig's settings")
}

fn named(layers: &Layers, name: &str) -> Result<Preset> {
    if let Some(runtime) = layers.rig_runtime.as_ref().filter(|runtime| name_of(runtime) == name) {
        return written_out(layers, runtime);
    }
    find(layers, name, &mut Vec::new())?.ok_or_else(|| {
        let mut known: Vec<&str> = builtin_names().collect();
        known.extend(layers.agents.iter().flat_map(|agents| agents.keys()).map(String::as_str));
        let hint = match text::nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known agents: {}", known.join(", ")),
        };
        Error::not_found(format!("no agent runtime `{name}`")).hint(hint)
    })
}

/// The agent called `name`: what all layers say of it, the most particular on top. `open` are the names on the way here.
fn find(layers: &Layers, name: &str, open: &mut Vec<String>) -> Result<Option<Preset>> {
    let values = layers.agents.iter().rev().filter_map(|agents| agents.get(name));
    let own: Result<Vec<_>> = values.map(written).collect();
    let own = own.with_context(|| format!("agent {name}"))?;
    if own.is_empty() {
        return Ok(builtin(name).cloned());
    }
    open.push(name.to_owned());
    assembled(layers, name, own, open).map(Some).with_context(|| format!("agent {name}"))
}

/// `own`, the least particular first, on top of what it builds on: its `provider`, which may be an agent of the person's own.
fn assembled(layers: &Layers, name: &str, own: Vec<Map<String, Value>>, open: &mut Vec<String>) -> Result<Preset> {
    let provider = own.iter().rev().find_map(|keys| keys.get("provider")?.as_str()).unwrap_or_default();
    let base = if open.iter().any(|name| name == provider) {
        builtin(provider).cloned()
    } else {
        find(layers, provider, open)?
    };
    let base = base.unwrap_or_else(|| base_of(name, &own));
    build(name, &base, own)
}

/// An agent as settings write it: a command line, or an object whose keys replace those of the preset it builds on
/// (`provider`, else the preset of the same name or with the same program, else a program nothing is known of).
///
/// # Errors
/// When it is neither, or a key has the wrong type, or there is no command.
pub fn custom(name: &str, value: &Value) -> Result<Preset> {
    assembled(&Layers::default(), name, vec![written(value)?], &mut Vec::new())
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
        // What is kept with the work is the name: it means the same again.
        assert_eq!(choose(&layers, "polecat", Some("codex")).unwrap(), runtime);
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
        assert_eq!(low.screens, "codex");
        let glm = choose(&layers(), "polecat", Some("glm")).unwrap();
        assert_eq!(
            (glm.command.as_str(), glm.args.as_slice()),
            ("claude-glm", ["--model".to_owned(), "glm 4".into()].as_slice())
        );
    }

    #[test]
    fn layers_are_put_on_top_of_each_other() {
        let map = |value: Value| value.as_object().cloned().unwrap();
        let rig =
            map(json!({"house": {"env": {"B": "2"}, "args": ["-r"]}, "opus": {"provider": "house", "args": ["opus"]}}));
        let town = map(json!({"house": {"provider": "codex", "command": "house", "env": {"A": "1"}, "args": ["-t"]},
            "claude": {"env": {"C": "3"}}, "a": {"provider": "b", "command": "a"}, "b": {"provider": "a"}}));
        let layers = Layers { agents: vec![rig, town], ..Layers::default() };
        let house = choose(&layers, "polecat", Some("house")).unwrap();
        assert_eq!((house.command.as_str(), house.args.join(" ").as_str()), ("house", "-r"));
        assert_eq!((house.env["A"].as_str(), house.env["B"].as_str()), ("1", "2"));
        assert!(house.program_status, "of its provider, which the town's layer names");
        let opus = choose(&layers, "polecat", Some("opus")).unwrap();
        assert_eq!((opus.command.as_str(), opus.args.join(" ").as_str(), opus.env.len()), ("house", "opus", 2));
        assert_eq!(choose(&layers, "polecat", None).unwrap().env["C"], "3", "a built-in one with more to it");
        assert_eq!(choose(&layers, "polecat", Some("b")).unwrap().command, "a", "a circle ends");
    }

    #[test]
    fn an_unknown_agent_is_refused_with_the_nearest() {
        let error = choose(&layers(), "polecat", Some("cladue")).unwrap_err();
        assert_eq!((error.exit_code(), error.hint_text()), (3, Some("did you mean `claude`?")));
        assert!(custom("x", &json!({"args": []})).is_err() && custom("x", &json!(3)).is_err());
    }
}
