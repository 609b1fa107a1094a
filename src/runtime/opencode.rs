//! opencode's hooks: a plugin of ours in a configuration directory of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Preset;
use super::hook_files::{own_binary, write};
use super::start::find_program;
use crate::base::{Result, files};

const PLUGIN: &str = include_str!("../../assets/hooks/opencode.js");
/// The package that opencode fetches into every configuration directory before it reads a plugin, with its own version.
const PACKAGE: &str = "@opencode-ai/plugin";
/// How long the program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(20);

/// Writes the plugin below `directory`; the variables that make opencode read it.
///
/// `None` where it would make opencode wait for the network: it fetches a package of its own into its configuration directories, and
/// does not show anything before it has it. In ours a stand-in says that it is there (the plugin needs nothing of it); in the person's
/// own directory opencode has put it itself, once it ran with a network, or else the plugin is left out.
pub(super) fn install(preset: &Preset, directory: &Path) -> Result<Option<Vec<(String, String)>>> {
    let variable = |key: &str| {
        let own = preset.env.get(key).cloned().or_else(|| std::env::var(key).ok());
        own.filter(|value| !value.is_empty())
    };
    // A directory the person has set is not replaced.
    if variable("OPENCODE_CONFIG_DIR").is_some() {
        return Ok(None);
    }
    let config = variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let Some(config) = config.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".config"))) else {
        return Ok(None);
    };
    let fetched = fetched(&config.join("opencode"));
    let Some(version) = fetched.filter(|fetched| version(preset, directory).as_deref() == Some(fetched)) else {
        return Ok(None);
    };
    let own = directory.join("opencode");
    stand_in(&own, &version)?;
    let plugin = PLUGIN.replace("\"{gt}\"", &serde_json::to_string(&own_binary()?)?);
    files::make_dirs(&own.join("plugin"), 0o700)?;
    files::write_atomic(&own.join("plugin/gastown.js"), plugin.as_bytes(), 0o600)?;
    Ok(Some(vec![("OPENCODE_CONFIG_DIR".into(), own.display().to_string())]))
}

/// The version of the package in a configuration directory.
fn fetched(directory: &Path) -> Option<String> {
    let package: Value =
        files::read_json(&directory.join("node_modules").join(PACKAGE).join("package.json")).ok()??;
    Some(package["version"].as_str()?.to_owned())
}

/// What opencode looks at to see that the package is there.
fn stand_in(directory: &Path, version: &str) -> Result<()> {
    if fetched(directory).as_deref() == Some(version) {
        return Ok(());
    }
    let needs = json!({PACKAGE: version});
    let packages = json!({"": {"dependencies": needs}, format!("node_modules/{PACKAGE}"): {"version": version}});
    write(&directory.join("package.json"), &json!({"dependencies": needs}))?;
    write(&directory.join("package-lock.json"), &json!({"lockfileVersion": 3, "packages": packages}))?;
    let package = json!({"name": PACKAGE, "version": version});
    write(&directory.join("node_modules").join(PACKAGE).join("package.json"), &package)
}

/// The program's version, asked once for every build of it.
fn version(preset: &Preset, directory: &Path) -> Option<String> {
    let program = find_program(&preset.command)?;
    let meta = program.metadata().ok()?;
    let modified = meta.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    let build = format!("{} {} {modified}", program.display(), meta.len());
    let note = directory.parent()?.join("opencode-version.json");
    let known: Option<Value> = files::read_json(&note).unwrap_or_default();
    if let Some(known) = known.filter(|known| known["build"] == build.as_str()) {
        return known["version"].as_str().map(str::to_owned);
    }
    let version = ask(&program)?;
    // Not to know it again only costs time.
    let _ = write(&note, &json!({"build": build, "version": version}));
    Some(version)
}

fn ask(program: &Path) -> Option<String> {
    let mut child = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(_)) => break,
            Ok(None) if start.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(20)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
    let output = child.wait_with_output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Some(text).filter(|text| text.starts_with(|c: char| c.is_ascii_digit()) && text.len() < 64)
}
