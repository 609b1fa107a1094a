//! Agents as settings write them: in our words, or in those of the settings that people bring along; put on top of each other, layer by
//! layer, without dropping anything.

use serde_json::{Map, Value, json};

use super::catalogue::{HookFormat, Preset, builtin, builtin_names};
use super::start::{program_name, split_words};
use crate::base::{Error, Result};

/// Maps whose entries are merged one by one; of all other keys the most particular layer's value counts.
const MERGED: [&str; 3] = ["env", "permission_env", "edits_env"];

/// Keys that settings brought along may hold and that nothing here has a use for; kept, and no reason to complain.
const ELSEWHERE: [&str; 14] = [
    "acp",
    "config_dir_name",
    "emits_permission_warning",
    "escape_cancels_request",
    "has_turn_boundary_drain",
    "hooks_dir",
    "hooks_informational",
    "hooks_provider",
    "hooks_settings_file",
    "hooks_use_settings_dir",
    "output_flag",
    "process_names",
    "provider",
    "supports_fork_session",
];

/// What a settings file says of an agent: keys in our own words.
///
/// # Errors
/// When it is neither a command line nor an object.
pub(super) fn written(value: &Value) -> Result<Map<String, Value>> {
    match value {
        Value::String(line) => {
            let mut words = split_words(line)?.into_iter();
            let mut map = Map::new();
            map.insert("command".into(), words.next().unwrap_or_default().into());
            map.insert("args".into(), words.collect::<Vec<_>>().into());
            Ok(map)
        }
        Value::Object(map) => translated(map.clone()),
        other => Err(Error::failed(format!("expected a command line or an object, found {other}"))),
    }
}

/// The keys of `own` in our words, where they are in others'.
fn translated(mut own: Map<String, Value>) -> Result<Map<String, Value>> {
    for (group, names) in [
        ("session", [("session_id_env", "session_id_env"), ("config_dir_env", "config_dir_env")].as_slice()),
        (
            "tmux",
            &[
                ("process_names", "process_names"),
                ("ready_prompt_prefix", "ready_prefix"),
                ("ready_delay_ms", "ready_delay_ms"),
            ],
        ),
        ("instructions", &[("file", "instructions_file")]),
        ("hooks", &[("provider", "hooks"), ("dir", "hooks_dir"), ("settings_file", "hooks_settings_file")]),
    ] {
        let Some(Value::Object(mut inner)) = own.get(group).cloned() else { continue };
        own.remove(group);
        for (theirs, ours) in names {
            if let Some(value) = inner.remove(*theirs) {
                own.entry(*ours).or_insert(value);
            }
        }
        if !inner.is_empty() {
            own.insert(group.into(), inner.into());
        }
    }
    for (theirs, ours) in [("ready_prompt_prefix", "ready_prefix"), ("hooks_provider", "hooks")] {
        if let Some(value) = own.remove(theirs) {
            own.entry(ours).or_insert(value);
        }
    }
    for (theirs, ours) in [("resume_flag", "resume_args"), ("continue_flag", "latest_args")] {
        let Some(value) = own.remove(theirs) else { continue };
        let words = split_words(value.as_str().unwrap_or_default())?;
        if !own.contains_key(ours) && !words.is_empty() {
            own.insert(ours.into(), words.into());
            own.entry("resume_style").or_insert(json!("flag"));
        }
    }
    if own.remove("supports_hooks") == Some(false.into()) {
        own.entry("hooks").or_insert(json!("none"));
    }
    let format = own.get("hooks").cloned();
    if let Some(format) = format.filter(|format| serde_json::from_value::<HookFormat>(format.clone()).is_err()) {
        own.insert("hooks".into(), json!("none"));
        own.insert("hooks_provider".into(), format);
    }
    if let Some(Value::Object(alone)) = own.remove("non_interactive") {
        let words = ["subcommand", "prompt_flag"].iter().filter_map(|key| alone.get(*key)?.as_str());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        if !words.is_empty() {
            own.entry("print_args").or_insert(json!(words));
        }
        if let Some(flag) = alone.get("output_flag") {
            own.entry("output_flag").or_insert(flag.clone());
        }
    }
    if let Some(mode) = own.remove("prompt_mode") {
        // In settings of old `none` means that the prompt is typed later.
        let typed = mode == "none" && own.get("provider").and_then(Value::as_str) != Some("script");
        own.insert("prompt_mode".into(), if typed { "typed".into() } else { mode });
    }
    Ok(own)
}

/// The preset that `layers`, the least particular first, build on where none is named: that of the same name or with the same program.
pub(super) fn base_of(name: &str, layers: &[Map<String, Value>]) -> Preset {
    let command = layers.iter().rev().find_map(|own| own.get("command")?.as_str()).unwrap_or_default();
    let same_program = || builtin_names().filter_map(builtin).find(|preset| preset.command == program_name(command));
    builtin(name).or_else(same_program).cloned().unwrap_or_default()
}

/// `layers`, the least particular first, on top of `base`.
///
/// # Errors
/// When a key has the wrong type, or there is no command.
pub(super) fn build(name: &str, base: &Preset, layers: Vec<Map<String, Value>>) -> Result<Preset> {
    let mut merged = serde_json::to_value(base)?;
    let names_login = layers.iter().any(|own| own.contains_key("login_env") || own.contains_key("login_files"));
    if let Value::Object(fields) = &mut merged {
        for (key, value) in layers.into_iter().flatten() {
            match (fields.get_mut(&key), value) {
                (_, Value::Null) => {}
                (Some(Value::Object(old)), Value::Object(new)) if MERGED.contains(&key.as_str()) => old.extend(new),
                (_, value) => {
                    fields.insert(key, value);
                }
            }
        }
        match fields.get("supports_fork_session") {
            Some(Value::Bool(false)) => {
                fields.insert("fork_args".into(), json!([]));
            }
            Some(Value::Bool(true)) if fields.get("fork_args") == Some(&json!([])) => {
                fields.insert("fork_args".into(), json!(["--fork-session"]));
            }
            _ => {}
        }
        fields.insert("name".into(), name.into());
    }
    let mut preset: Preset = serde_json::from_value(merged)?;
    if preset.command.is_empty() {
        return Err(Error::failed("there is no `command`")
            .hint("write the program it runs, for example \"claude --model opus\""));
    }
    if program_name(&preset.command) != program_name(&base.command) {
        // How another program is logged in is not known.
        if !names_login {
            preset.login_env.clear();
            preset.login_files.clear();
        }
    }
    Ok(preset)
}

/// Keys in `preset` that nothing here knows: most likely misspelt.
pub fn unknown_keys(preset: &Preset) -> Vec<&str> {
    let known = |key: &&str| !ELSEWHERE.contains(key);
    preset.rest.keys().map(String::as_str).filter(known).collect()
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::{PromptMode, ResumeStyle};
    use super::*;

    fn custom(name: &str, value: Value) -> Preset {
        super::super::custom(name, &value).unwrap()
    }

    #[test]
    fn settings_of_old_keep_all_they_say() {
        let house = custom(
            "house",
            json!({
                "provider": "codex", "command": "/opt/house/agent", "args": ["-x"], "prompt_mode": "none",
                "env": {"A": "1"}, "initial_prompt": "Be kind.",
                "session": {"session_id_env": "HOUSE_ID", "config_dir_env": "HOUSE_DIR"},
                "hooks": {"provider": "claude", "dir": ".claude", "settings_file": "settings.json"},
                "tmux": {"process_names": ["house", "node"], "ready_prompt_prefix": "$ ", "ready_delay_ms": 7},
                "instructions": {"file": "HOUSE.md"}, "resume_flag": "--take-up", "resume_style": "flag",
                "supports_fork_session": false, "acp": {"mode": "x"},
                "non_interactive": {"subcommand": "exec", "output_flag": "--json"}
            }),
        );
        assert_eq!(house.prompt_mode, PromptMode::Typed);
        assert_eq!(
            (house.session_id_env.as_deref(), house.config_dir_env.as_deref()),
            (Some("HOUSE_ID"), Some("HOUSE_DIR"))
        );
        assert_eq!((house.hooks, house.instructions_file.as_deref()), (HookFormat::Claude, Some("HOUSE.md")));
        assert_eq!((house.ready_prefix.as_deref(), house.ready_delay_ms), (Some("$ "), 7));
        assert_eq!(house.rest["process_names"], json!(["house", "node"]), "kept, though nothing here needs it");
        assert_eq!(
            (house.resume_style, house.resume_args.as_slice()),
            (ResumeStyle::Flag, ["--take-up".to_owned()].as_slice())
        );
        assert_eq!((house.print_args.as_slice(), house.fork_args.len()), (["exec".to_owned()].as_slice(), 0));
        assert_eq!((house.env["A"].as_str(), house.initial_prompt.as_deref()), ("1", Some("Be kind.")));
        // What nothing here has a use for is kept, and what is misspelt is told.
        assert_eq!((&house.rest["acp"]["mode"], &house.rest["hooks_dir"]), (&json!("x"), &json!(".claude")));
        assert!(unknown_keys(&house).is_empty());
        assert_eq!(unknown_keys(&custom("x", json!({"command": "x", "comand": "y"}))), ["comand"]);
        let no_hooks = custom("plain", json!({"provider": "claude", "supports_hooks": false}));
        assert_eq!(no_hooks.hooks, HookFormat::None);
        assert_eq!(custom("pi", json!({"command": "pi", "hooks": {"provider": "pi"}})).rest["hooks_provider"], "pi");
    }

    #[test]
    fn how_another_program_is_logged_in_is_not_known() {
        assert!(!custom("opus", json!("claude --model opus")).login_env.is_empty());
        assert!(!custom("there", json!("/opt/bin/claude")).login_env.is_empty());
        assert!(custom("glm", json!({"provider": "claude", "command": "claude-glm"})).login_env.is_empty());
        let named = json!({"provider": "claude", "command": "claude-glm", "login_env": ["GLM_KEY"]});
        assert_eq!(custom("glm", named).login_env, ["GLM_KEY"]);
    }
}
