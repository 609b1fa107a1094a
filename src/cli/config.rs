//! `gt config`: what is set for the town, above all which agent runtimes there are and which is used.

use std::io::{self, Write};

use clap::Subcommand;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::neutralise;
use crate::base::{Error, Result};
use crate::runtime::{self, Layers, Preset, PromptMode};
use crate::town::config::Document;
use crate::town::{TOWN_FORMAT, Town};

/// What of the settings to show or change.
#[derive(Debug, clap::Args)]
pub struct Config {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show every setting with its value
    Show,
    /// Agent runtimes: the built-in ones and your own
    Agent {
        #[command(subcommand)]
        command: AgentCommand,
    },
    /// Show or set the agent that is used where nothing nearer is set
    DefaultAgent {
        /// The agent's name
        name: Option<String>,
    },
    /// Show or set what stands behind the @ of the agents' commits
    AgentEmailDomain {
        /// A domain name
        domain: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
enum AgentCommand {
    /// List the agents
    List,
    /// Show one agent with all that is known about it
    Get {
        /// The agent's name
        name: String,
    },
    /// Add an agent of your own, or change it
    Set {
        /// The agent's name
        name: String,
        /// Its command line, in quotes: "claude --model opus"
        command: String,
    },
    /// Remove an agent of your own
    Remove {
        /// The agent's name
        name: String,
    },
}

impl Config {
    /// Runs the command.
    ///
    /// # Errors
    /// Outside a town, when a settings file is broken, when an agent does not exist.
    pub fn run(self, output: Output) -> Result<()> {
        let town = Town::current()?;
        match self.command {
            Command::Show => report::print(output, &Settings::of(&town)?),
            Command::Agent { command } => command.run(&town, output),
            Command::DefaultAgent { name } => {
                if let Some(name) = &name {
                    // An unknown name is refused here, not at the next sling.
                    runtime::choose(&Layers::of(&town, None)?, "", Some(name))?;
                }
                one(&town, "default_agent", name, output)
            }
            Command::AgentEmailDomain { domain } => one(&town, "agent_email_domain", domain, output),
        }
    }
}

/// Changes the settings file; what is written has to be readable again, or the file is left as it was.
fn change(town: &Town, change: impl FnOnce(&mut Document) -> Result<()>) -> Result<()> {
    let path = town.settings_file();
    let mut document = Document::load(&path, &TOWN_FORMAT)?.unwrap_or_else(|| Document::new(&path, &TOWN_FORMAT));
    change(&mut document)?;
    let _: crate::town::TownSettings = document.typed()?;
    document.save(0o644)
}

fn one(town: &Town, key: &'static str, value: Option<String>, output: Output) -> Result<()> {
    if let Some(value) = value {
        if value.is_empty() || value.contains(|c: char| c.is_whitespace() || c.is_control() || "<>@".contains(c)) {
            return Err(Error::usage(format!("{key}: {value:?} is neither a name nor a domain")));
        }
        change(town, |document| document.set(key, value.into()))?;
    }
    let settings = serde_json::to_value(town.settings()?)?;
    let value = settings.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    report::print(output, &One { key, value })
}

#[derive(Serialize)]
struct One {
    key: &'static str,
    value: String,
}

impl Report for One {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        writeln!(out, "{}", neutralise(&self.value, true))
    }
}

#[derive(Serialize)]
struct Settings {
    file: String,
    settings: Value,
}

impl Settings {
    fn of(town: &Town) -> Result<Self> {
        let settings = serde_json::to_value(town.settings()?)?;
        Ok(Self { file: town.settings_file().display().to_string(), settings })
    }
}

impl Report for Settings {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{}", paint.dim(&neutralise(&self.file, true)))?;
        let Some(settings) = self.settings.as_object() else { return Ok(()) };
        for (key, value) in settings {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            writeln!(out, "{key:<20} {}", neutralise(&value, true))?;
        }
        Ok(())
    }
}

impl AgentCommand {
    fn run(self, town: &Town, output: Output) -> Result<()> {
        let layers = Layers::of(town, None)?;
        match self {
            Self::List => report::print(output, &Agents::of(&layers)),
            Self::Get { name } => report::print(output, &Agent(runtime::choose(&layers, "", Some(&name))?)),
            Self::Set { name, command } => {
                crate::town::validate_agent_name(&name)?;
                let mut words = runtime::split_words(&command)?.into_iter();
                let program = words.next().ok_or_else(|| {
                    Error::usage("the command line is empty")
                        .hint("for example: gt config agent set opus \"claude --model opus\"")
                })?;
                let value = json!({"command": program, "args": words.collect::<Vec<_>>()});
                runtime::custom(&name, &value)?;
                change(town, |document| {
                    let agents = document.keys_mut().entry("agents").or_insert_with(|| Value::Object(Map::new()));
                    match agents.as_object_mut() {
                        Some(agents) => drop(agents.insert(name.clone(), value)),
                        None => return Err(document.error("agents", "is no object")),
                    }
                    Ok(())
                })?;
                report::print(output, &Agent(runtime::choose(&Layers::of(town, None)?, "", Some(&name))?))
            }
            Self::Remove { name } => {
                let mut removed = false;
                change(town, |document| {
                    let agents = document.keys_mut().get_mut("agents").and_then(Value::as_object_mut);
                    removed = agents.is_some_and(|agents| agents.remove(&name).is_some());
                    Ok(())
                })?;
                if !removed {
                    let built_in = runtime::builtin(&name).is_some();
                    let why = if built_in { "is built in" } else { "is not one of your own agents" };
                    return Err(
                        Error::not_found(format!("{name} {why}")).hint("gt config agent list shows which are yours")
                    );
                }
                report::print(output, &Agents::of(&Layers::of(town, None)?))
            }
        }
    }
}

/// Real Gas Town's shape of `config agent list --json`.
#[derive(Serialize)]
#[serde(transparent)]
struct Agents(Vec<Listed>);

#[derive(Serialize)]
struct Listed {
    name: String,
    command: String,
    args: String,
    r#type: &'static str,
    is_custom: bool,
    available: bool,
}

impl Agents {
    fn of(layers: &Layers) -> Self {
        let own = layers.agents.iter().flat_map(|agents| agents.keys().map(String::as_str));
        let mut names: Vec<&str> = runtime::builtin_names().collect();
        names.extend(own);
        names.sort_unstable();
        names.dedup();
        let listed = names.into_iter().filter_map(|name| {
            let preset = runtime::choose(layers, "", Some(name)).ok()?;
            let is_custom = layers.agents.iter().any(|agents| agents.contains_key(name));
            let args: Vec<&str> = preset.args.iter().chain(&preset.permission_args).map(String::as_str).collect();
            let available = runtime::check_available(&preset).is_ok();
            let r#type = if is_custom { "custom" } else { "built-in" };
            Some(Listed {
                name: name.into(),
                args: args.join(" "),
                command: preset.command,
                r#type,
                is_custom,
                available,
            })
        });
        Self(listed.collect())
    }
}

impl Report for Agents {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        for agent in &self.0 {
            let line = format!("{} {}", agent.command, agent.args);
            let here = if agent.available { paint.green("●") } else { paint.dim("○") };
            let kind = if agent.is_custom { " (yours)" } else { "" };
            writeln!(
                out,
                "{here} {:<12} {}{kind}",
                neutralise(&agent.name, true),
                paint.dim(&neutralise(line.trim(), true))
            )?;
        }
        writeln!(out, "{}", paint.dim("● its program is on the search path"))
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Agent(Preset);

impl Report for Agent {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let Self(preset) = self;
        let words = |words: &[String]| if words.is_empty() { "-".to_owned() } else { words.join(" ") };
        let prompt = match (preset.prompt_mode, &preset.prompt_flag) {
            (PromptMode::Arg, Some(flag)) => format!("behind {flag}"),
            (PromptMode::Arg, None) => "last argument".into(),
            (PromptMode::Typed, _) => "typed once it is ready".into(),
            (PromptMode::None, _) => "none; it finds its work by itself".into(),
        };
        let reports = if preset.program_status { "by OSC 7501" } else { "by title and output" };
        for (key, value) in [
            ("name", preset.name.clone()),
            ("what", preset.summary.clone()),
            ("command", preset.command.clone()),
            ("arguments", words(&preset.args)),
            ("permissions", words(&preset.permission_args)),
            ("prompt", prompt),
            ("resume", words(&preset.resume_args)),
            ("state", reports.into()),
            ("get it", preset.install.clone()),
        ] {
            writeln!(out, "{} {}", paint.dim(&format!("{key:<12}")), neutralise(&value, true))?;
        }
        Ok(())
    }
}
