//! `gt seance`: the sessions agents had, and talking to them again.

use std::io::{self, IsTerminal, Write};
use std::process::{Command, Stdio};

use clap::Args;
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::{fit, neutralise, truncate};
use crate::base::{Error, Result, ResultExt, Timestamp};
use crate::runtime::{self, Extra, Preset, ResumeStyle, StartContext};
use crate::town::{Address, Permission, Role, Town};
use crate::work::seance::{self, Predecessor, Wanted};

/// List the sessions agents had, newest first, or talk to one of them again
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  gt seance gt-abc12                                    who worked on it\n  gt seance --role polecat --rig web --since 2d\n  gt seance --talk 5f3a                                 its conversation, in this terminal\n  gt seance --talk gt-abc12 -p \"Why is the cache gone?\"  one question, the answer printed"
)]
pub struct Seance {
    /// Only those of this agent, bead or conversation
    #[arg(default_value = "")]
    of: String,
    /// Only those of agents of this role
    #[arg(long)]
    role: Option<Role>,
    /// Only those of this rig
    #[arg(long)]
    rig: Option<String>,
    /// Only those that began since then: 30m, 2h, 3d, or a time such as 2026-02-01T10:00:00Z
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// How many
    #[arg(long, short = 'n', default_value_t = 20)]
    recent: usize,
    /// Take up this conversation here, as a copy where the runtime can: its name or the beginning of it, a bead, or an agent
    #[arg(long, short, value_name = "CONVERSATION")]
    talk: Option<String>,
    /// Ask it this, and print the answer
    #[arg(long, short, requires = "talk")]
    prompt: Option<String>,
}

impl Seance {
    /// Runs the command.
    ///
    /// # Errors
    /// When the history can't be read, or the conversation can't be taken up.
    pub fn run(self, out: Output) -> Result<()> {
        let town = Town::current()?;
        if let Some(id) = &self.talk {
            let one = seance::find(&town, id)?;
            return match self.prompt.as_deref() {
                Some(question) => ask(&town, &one, question, out),
                None => talk(&town, &one),
            };
        }
        let rig = self.rig.map(|name| town.rig(&name).map(|rig| rig.name)).transpose()?;
        let since = self.since.as_deref().map(|when| super::feed::moment(when, Timestamp::now())).transpose()?;
        let mut found = seance::list(&town, &Wanted { word: self.of, role: self.role, rig, since })?;
        found.truncate(self.recent);
        report::print(out, &Sessions(found))
    }
}

/// The runtime that had the conversation.
fn preset(town: &Town, one: &Predecessor) -> Result<Preset> {
    let agent: Address = one.agent.parse()?;
    let rig = agent.rig().map(|rig| town.rig(rig)).transpose()?;
    let preset = runtime::preset(town, rig.as_ref(), agent.role().as_str(), Some(&one.preset))?;
    if preset.resume_style == ResumeStyle::None {
        return Err(Error::refused(format!("{} can't take up a conversation", preset.name))
            .hint(format!("gt session replay {} plays what it showed", one.session)));
    }
    runtime::check_available(&preset)?;
    Ok(preset)
}

/// The runtime with the old conversation, where it was had.
fn command(town: &Town, one: &Predecessor, preset: &Preset, question: Option<&str>) -> Result<Command> {
    let root = town.root.to_string_lossy().into_owned();
    let context = StartContext {
        prompt: question,
        resume: one.conversation.as_deref(),
        print: question.is_some(),
        fork: true,
        // A person looks on: nothing is done without asking.
        permission: Permission::Ask,
        town: &root,
        ..StartContext::default()
    };
    let role = one.agent.parse::<Address>()?.role();
    let trusted =
        if town.settings()?.trusts(role.as_str()) { runtime::trust(preset, &one.cwd)? } else { Extra::default() };
    let mut line = runtime::command_line(preset, &context)?.into_iter();
    let program = line.next().ok_or_else(|| Error::failed("an empty command line"))?;
    let mut command = Command::new(program);
    command
        .args(line)
        .envs(trusted.env)
        .envs(runtime::environment(preset, Permission::Ask, &root))
        .current_dir(&one.cwd);
    // What the old conversation's hooks tell is not the agent's that has its place now.
    command.env(super::hook_event::SEANCE, "1");
    for own in ["GT_SESSION", "GT_ROLE", "BD_ACTOR"] {
        command.env_remove(own);
    }
    Ok(command)
}

/// Runs `command`; where the directory of the conversation is gone, an empty one stands in its place meanwhile, because runtimes file
/// conversations by directory.
fn there<T>(one: &Predecessor, run: impl FnOnce() -> io::Result<T>) -> Result<T> {
    let gone = !one.cwd.is_dir();
    if gone {
        std::fs::create_dir_all(&one.cwd).with_context(|| format!("make {}", one.cwd.display()))?;
    }
    let done = run();
    if gone {
        // What is not empty any more belongs to somebody.
        let _ = std::fs::remove_dir(&one.cwd);
    }
    done.with_context(|| format!("run {}", one.preset))
}

fn talk(town: &Town, one: &Predecessor) -> Result<()> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(Error::usage("there is no terminal to talk in").hint("ask one question: -p \"Why ...?\""));
    }
    let preset = preset(town, one)?;
    let mut command = command(town, one, &preset, None)?;
    let status = there(one, || command.status())?;
    if status.success() { Ok(()) } else { Err(Error::failed(format!("{} ended with {status}", preset.name))) }
}

fn ask(town: &Town, one: &Predecessor, question: &str, out: Output) -> Result<()> {
    let preset = preset(town, one)?;
    if preset.print_args.is_empty() {
        return Err(Error::refused(format!("{} can't answer a single question", preset.name)).hint(format!(
            "gt seance --talk {} talks to it in this terminal",
            one.conversation.as_deref().unwrap_or_default()
        )));
    }
    let mut command = command(town, one, &preset, Some(question))?;
    command.stdin(Stdio::null());
    let mut output = there(one, || command.output())?;
    if !output.status.success() && !one.cwd.is_dir() {
        // Its worktree was put away just then.
        output = there(one, || command.output())?;
    }
    if !output.status.success() {
        let told = format!("{}\n{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
        let told = said(&told);
        return Err(Error::failed(format!("{} ended with {}: {told}", preset.name, output.status)));
    }
    let answer = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let conversation = one.conversation.clone().unwrap_or_default();
    report::print(out, &Answer { agent: one.agent.clone(), preset: preset.name, conversation, answer })
}

/// The line in which a program says why it failed: the first that speaks of an error, else the last.
fn said(text: &str) -> String {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines().find(|line| line.to_ascii_lowercase().contains("error")).or_else(|| lines().next_back());
    truncate(&neutralise(line.unwrap_or_default(), true), 300).into_owned()
}

#[derive(Serialize)]
struct Answer {
    agent: String,
    preset: String,
    conversation: String,
    answer: String,
}

impl Report for Answer {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        writeln!(out, "{}", neutralise(&self.answer, false))
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Sessions(Vec<Predecessor>);

impl Report for Sessions {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "No sessions yet.");
        }
        let now = Timestamp::now();
        for one in &self.0 {
            let conversation = one.conversation.as_deref().unwrap_or("-");
            writeln!(
                out,
                "{} {} {} {} {} {}",
                fit(&one.at.age(now), 4),
                if one.recorded { "▶" } else { " " },
                fit(&one.agent, 28),
                fit(&one.preset, 8),
                fit(one.bead.as_deref().unwrap_or("-"), 10),
                paint.dim(&neutralise(conversation, true))
            )?;
        }
        Ok(())
    }
}
