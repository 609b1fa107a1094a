//! `gt config`: what is set for the town, above all which agent runtimes there are and which is used.

use std::io::{self, Write};

use clap::Subcommand;
use serde::Serialize;
use serde_json::{Value, json};

use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::{fit, neutralise};
use crate::base::{Error, Kind, Result};
use crate::runtime::{self, Layers, Preset, PromptMode};
use crate::town::{Rig, Town};
use crate::work::settings::{self, Origin, Scope, Setting};

/// What of the settings to show or change.
#[derive(Debug, clap::Args)]
pub struct Config {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show every setting with its value and where that comes from
    #[command(after_help = "Examples:\n  gt config show\n  gt config show --rig myproject")]
    Show(Whose),
    /// Print one setting
    #[command(
        after_help = "Examples:\n  gt config get max_agents\n  gt config get merge_queue.test_command --rig myproject"
    )]
    Get {
        /// The setting's name, as gt config show lists it
        key: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Change one setting
    #[command(
        after_help = "Examples:\n  gt config set max_agents 20\n  gt config set role_agents.mayor opus\n  gt config set merge_queue.test_command \"cargo test\" --rig myproject"
    )]
    Set {
        /// The setting's name
        key: String,
        /// Its new value; lists as a,b,c, objects as JSON
        value: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Take a setting out of the file, so that the next layer's value holds
    #[command(after_help = "Examples:\n  gt config unset max_agents\n  gt config unset agent --rig myproject")]
    Unset {
        /// The setting's name
        key: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Open the settings file in your editor, and check it afterwards
    #[command(after_help = "Examples:\n  gt config edit\n  gt config edit --rig myproject")]
    Edit(Whose),
    /// Check every settings file of the town: names file, line and key of whatever is wrong
    #[command(after_help = "Examples:\n  gt config check\n  gt config check --json")]
    Check,
    /// Print the JSON Schema of a settings file
    #[command(after_help = "Examples:\n  gt config schema town\n  gt config schema rig > rig-settings.schema.json")]
    Schema {
        /// Of which file
        of: SchemaOf,
    },
    /// Agent runtimes: the built-in ones and your own
    Agent {
        #[command(subcommand)]
        command: AgentCommand,
    },
    /// Show or set the agent that is used where nothing nearer is set
    #[command(after_help = "Examples:\n  gt config default-agent\n  gt config default-agent codex")]
    DefaultAgent {
        /// The agent's name
        name: Option<String>,
    },
    /// Show or set what stands behind the @ of the agents' commits
    #[command(after_help = "Examples:\n  gt config agent-email-domain agents.example.org")]
    AgentEmailDomain {
        /// A domain name
        domain: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
struct Whose {
    /// Those of this rig rather than the town's
    #[arg(long)]
    rig: Option<String>,
}

impl Whose {
    fn find(self, town: &Town) -> Result<Option<Rig>> {
        self.rig.map(|name| town.rig(&name)).transpose()
    }
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum SchemaOf {
    Town,
    Rig,
}

#[derive(Debug, Subcommand)]
enum AgentCommand {
    /// List the agents
    #[command(after_help = "Examples:\n  gt config agent list")]
    List,
    /// Show one agent with all that is known about it
    #[command(after_help = "Examples:\n  gt config agent get codex")]
    Get {
        /// The agent's name
        name: String,
    },
    /// Add an agent of your own, or change it
    #[command(after_help = "Examples:\n  gt config agent set opus \"claude --model opus\"")]
    Set {
        /// The agent's name
        name: String,
        /// Its command line, in quotes: "claude --model opus"
        command: String,
    },
    /// Remove an agent of your own
    #[command(after_help = "Examples:\n  gt config agent remove opus")]
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
            Command::Show(whose) => {
                let rig = whose.find(&town)?;
                let scope = Scope::of(&town, rig.as_ref());
                let file = scope.file().display().to_string();
                report::print(output, &Settings { file, settings: settings::all(scope)? })
            }
            Command::Get { key, whose } => {
                let rig = whose.find(&town)?;
                report::print(output, &One(settings::get(Scope::of(&town, rig.as_ref()), &key)?))
            }
            Command::Set { key, value, whose } => {
                let rig = whose.find(&town)?;
                report::print(output, &One(settings::set(Scope::of(&town, rig.as_ref()), &key, &value)?))
            }
            Command::Unset { key, whose } => {
                let rig = whose.find(&town)?;
                let scope = Scope::of(&town, rig.as_ref());
                if !settings::unset(scope, &key)? {
                    return Err(Error::not_found(format!("{key} is not set in {}", scope.file().display()))
                        .hint("gt config show says where its value comes from"));
                }
                report::print(output, &Unset { removed: key })
            }
            Command::Edit(whose) => {
                let rig = whose.find(&town)?;
                edit(&town, Scope::of(&town, rig.as_ref()), output)
            }
            Command::Check => check(&town, output),
            Command::Schema { of } => {
                let fields = match of {
                    SchemaOf::Town => settings::town_schema()?,
                    SchemaOf::Rig => settings::rig_schema()?,
                };
                report::print(output, &Schema(fields))
            }
            Command::Agent { command } => command.run(&town, output),
            Command::DefaultAgent { name } => one(&town, "default_agent", name, output),
            Command::AgentEmailDomain { domain } => one(&town, "agent_email_domain", domain, output),
        }
    }
}

fn one(town: &Town, key: &str, value: Option<String>, output: Output) -> Result<()> {
    let scope = Scope::Town(town);
    let setting = match value {
        Some(value) => settings::set(scope, key, &value).map_err(|error| match error.kind() {
            // The value was wrong, not the file.
            Kind::Failed => Error::usage(format!("{key}: {value:?} is neither a name nor a domain")),
            _ => error,
        })?,
        None => settings::get(scope, key)?,
    };
    report::print(output, &One(setting))
}

/// Opens the file in the person's editor, as git does, and says what is wrong afterwards.
fn edit(town: &Town, scope: Scope<'_>, output: Output) -> Result<()> {
    let editor = ["VISUAL", "EDITOR"].into_iter().find_map(|name| std::env::var(name).ok().filter(|it| !it.is_empty()));
    let editor = editor.unwrap_or_else(|| "vi".into());
    let mut words = runtime::split_words(&editor)?.into_iter();
    let program = words.next().ok_or_else(|| Error::usage("EDITOR is empty"))?;
    let file = scope.file();
    if !file.exists() {
        settings::begin(scope)?;
    }
    let status = std::process::Command::new(&program).args(words).arg(&file).status().map_err(|error| {
        Error::failed(format!("{program}: {error}")).hint("set EDITOR to the command of your editor")
    })?;
    if !status.success() {
        return Err(
            Error::failed(format!("{program} ended with {status}")).hint("gt config check says how the file is now")
        );
    }
    check(town, output)
}

fn check(town: &Town, output: Output) -> Result<()> {
    let (files, mut problems) = settings::check(town);
    let cockpit = crate::cockpit::settings_file(town);
    let looked = crate::cockpit::settings::Settings::read(&cockpit).and_then(|settings| {
        settings.theme(None)?;
        settings.keymap().map(drop).map_err(|error| error.context(cockpit.display()))
    });
    problems.extend(looked.err().map(settings::Problem::from));
    let files = files.into_iter().chain([cockpit]).filter(|file| file.exists()).collect();
    let checked = Checked { ok: problems.is_empty(), files, problems };
    report::print(output, &checked)?;
    match checked.problems.len() {
        0 => Ok(()),
        count => Err(Error::failed(format!("{count} settings file(s) are not right"))),
    }
}

#[derive(Serialize)]
struct Checked {
    ok: bool,
    files: Vec<std::path::PathBuf>,
    problems: Vec<settings::Problem>,
}

impl Report for Checked {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        for problem in &self.problems {
            writeln!(out, "{} {}", paint.red("✗"), neutralise(&problem.problem, true))?;
            if let Some(hint) = &problem.hint {
                writeln!(out, "  {}", paint.dim(&neutralise(hint, true)))?;
            }
        }
        if self.ok {
            writeln!(out, "{} {} settings files are right", paint.green("✓"), self.files.len())?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Schema(Value);

impl Report for Schema {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        writeln!(out, "{}", serde_json::to_string_pretty(&self.0)?)
    }
}

#[derive(Serialize)]
struct Unset {
    removed: String,
}

impl Report for Unset {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} {} is no longer set here", paint.green("✓"), self.removed)
    }
}

fn plain(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    neutralise(&text, true).into_owned()
}

#[derive(Serialize)]
#[serde(transparent)]
struct One(Setting);

impl Report for One {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        writeln!(out, "{}", plain(&self.0.value))
    }
}

#[derive(Serialize)]
struct Settings {
    file: String,
    settings: Vec<Setting>,
}

impl Report for Settings {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{}", paint.dim(&neutralise(&self.file, true)))?;
        let widest = self.settings.iter().map(|setting| setting.key.len()).max().unwrap_or(0);
        for setting in &self.settings {
            let origin = fit(setting.origin.word(), 8);
            let origin = if setting.origin == Origin::BuiltIn { paint.dim(&origin) } else { paint.green(&origin) };
            writeln!(out, "{} {origin} {}", fit(&setting.key, widest), plain(&setting.value))?;
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
                settings::put(Scope::Town(town), &format!("agents.{name}"), value)?;
                report::print(output, &Agent(runtime::choose(&Layers::of(town, None)?, "", Some(&name))?))
            }
            Self::Remove { name } => {
                let removed = settings::unset(Scope::Town(town), &format!("agents.{name}"))?;
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
    /// Why it can't be started, where it can't.
    problem: Option<String>,
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
            let problem = runtime::check_available(&preset).err().map(|error| error.message().to_owned());
            let r#type = if is_custom { "custom" } else { "built-in" };
            Some(Listed {
                name: name.into(),
                args: args.join(" "),
                command: preset.command,
                r#type,
                is_custom,
                available: problem.is_none(),
                problem,
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
            if let Some(problem) = agent.problem.as_ref().filter(|problem| problem.contains("not logged in")) {
                writeln!(out, "               {}", paint.yellow(&neutralise(problem, true)))?;
            }
        }
        writeln!(out, "{}", paint.dim("● can be started: its program is here, and logged in as far as that is known"))
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
