//! `gt handoff`, `gt resume`, `gt seance`: from one session of an agent to the next.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::{fit, neutralise};
use crate::base::{Error, Result, ResultExt, Timestamp};
use crate::runtime::{self, StartContext};
use crate::session::{self, registry};
use crate::town::{Address, Permission, Town};
use crate::work::handoff::{self, Handed};
use crate::work::hooked::{self, Hooked};
use crate::work::mail::Message;
use crate::work::seance::{self, Predecessor};
use crate::work::standing;
use crate::work::{Desk, identity};

/// Hand over to your next session: writes what it must know, ends this one, starts that one in the same place
#[derive(Debug, Args)]
pub struct Handoff {
    /// What it is about
    #[arg(long, short, default_value = "")]
    subject: String,
    /// What the next session must know
    #[arg(long, short, default_value = "")]
    message: String,
    /// Add how things stand: hook, step, changes, mail, ready beads
    #[arg(long, short)]
    collect: bool,
    /// Only say what would be done
    #[arg(long, short = 'n')]
    dry_run: bool,
}

impl Handoff {
    /// Runs the command.
    ///
    /// # Errors
    /// When nobody's session this is, or the hand-over can't be written; the session goes on then.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        let agent = identity::this_agent(&desk.town)?;
        if self.dry_run {
            let running = standing::running(&desk, &agent)?;
            let bead = hooked::hooked(&desk, &agent)?.bead_id;
            let session = running.map(|record| record.name);
            return report::print(
                out,
                &Given(Handed { agent: agent.to_string(), message: String::new(), bead, session }),
            );
        }
        let handed = handoff::write(&mut desk, &agent, &self.subject, &self.message, self.collect)?;
        report::print(out, &Given(handed.clone()))?;
        super::after_change(&desk)?;
        let Some(session) = handed.session else { return Ok(()) };
        successor(&agent)?;
        // Last of all: what runs in this session ends now, this process aside, and it ends next.
        session::kill(&desk.town, &session, &[]).map(|_| ())
    }
}

/// Runs what starts the next session once this one has ended; returns when it stands by.
fn successor(agent: &Address) -> Result<()> {
    let gt = std::env::current_exe().context("find the running gt")?;
    let mut command = Command::new(&gt);
    command
        .args(["session-next", &agent.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    // A process group of its own: the hang-up of this terminal is not for it.
    session::detach(&mut command).process_group(0);
    let mut child = command.spawn().with_context(|| format!("run {}", gt.display()))?;
    let mut line = String::new();
    if let Some(output) = child.stdout.take() {
        BufReader::new(output.take(100)).read_line(&mut line).context("gt session-next")?;
    }
    if line.trim() == "ready" {
        return Ok(());
    }
    Err(Error::failed("what starts the next session did not come up").hint("this session goes on; try again"))
}

/// Start an agent's next session once the present one has ended
#[derive(Debug, Args)]
pub struct SessionNext {
    agent: Address,
}

impl SessionNext {
    /// Runs the command.
    ///
    /// # Errors
    /// When the next session can't be started; the person is told by mail.
    pub fn run(self) -> Result<()> {
        let mut desk = Desk::open_current()?;
        let name = self.agent.session_name();
        let _claim = handoff::claim(&desk.town, &name)?;
        println!("ready");
        io::stdout().flush()?;
        let begin = Instant::now();
        while registry::find(&desk.town, &name)?.is_some_and(|record| registry::is_alive(&record)) {
            if begin.elapsed() > Duration::from_secs(120) {
                return Err(Error::failed(format!("{} does not end", self.agent)));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let started = handoff::start_again(&desk, &self.agent, false);
        if let Err(error) = &started {
            let (from, subject) =
                (self.agent.to_string(), format!("Not started again after its hand-over: {}", self.agent));
            let body = format!("{error}\n\ngt resume {} tries again.", self.agent);
            crate::work::mail::send(&mut desk, &from, identity::OVERSEER, &subject, &body, 1)?;
        }
        started.map(|_| ())
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Given(Handed);

impl Report for Given {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let Handed { agent, message, bead, session } = &self.0;
        let bead = bead.as_deref().map(|bead| format!(" with {bead}")).unwrap_or_default();
        if message.is_empty() {
            return writeln!(out, "{agent} would hand over{bead}");
        }
        writeln!(out, "{} {agent} hands over{bead}: {}", paint.green("✓"), paint.dim(message))?;
        match session {
            Some(_) => writeln!(out, "  this session ends; the next one starts in its place"),
            None => writeln!(out, "  no session of it runs: gt resume {agent} starts the next one"),
        }
    }
}

/// Show what was handed over to you; with an agent, start its session again on its hook
#[derive(Debug, Args)]
pub struct Resume {
    /// The agent to start again, in its latest conversation
    agent: Option<Address>,
}

impl Resume {
    /// Runs the command.
    ///
    /// # Errors
    /// When the agent runs already, has no work or can't be started.
    pub fn run(self, out: Output) -> Result<()> {
        let desk = Desk::open_current()?;
        if let Some(agent) = self.agent {
            // After a hand-over the next session is a new one: that is what it is for.
            let fresh = handoff::waiting(&desk, &agent)?.is_some();
            let record = handoff::start_again(&desk, &agent, !fresh)?;
            return report::print(out, &super::standing::Started(record));
        }
        let agent = identity::this_agent(&desk.town)?;
        let message = handoff::waiting(&desk, &agent)?;
        report::print(out, &Waiting { hook: hooked::hooked(&desk, &agent)?, handoff: message })
    }
}

#[derive(Serialize)]
struct Waiting {
    hook: Hooked,
    handoff: Option<Message>,
}

impl Report for Waiting {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        match &self.handoff {
            Some(message) => message.human(out, paint)?,
            None => writeln!(out, "Nothing was handed over.")?,
        }
        writeln!(out)?;
        self.hook.human(out, paint)
    }
}

/// List the sessions agents had, newest first, or talk to one of them again
#[derive(Debug, Args)]
pub struct Seance {
    /// Only those of this agent or bead
    of: Option<String>,
    /// How many
    #[arg(long, short = 'n', default_value_t = 20)]
    recent: usize,
    /// Take up this conversation here, as a copy where the runtime can
    #[arg(long, short, value_name = "CONVERSATION")]
    talk: Option<String>,
    /// What to ask it
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
            return Err(talk(&town, &seance::find(&town, id)?, self.prompt.as_deref())?);
        }
        let mut found = seance::list(&town, self.of.as_deref().unwrap_or_default())?;
        found.truncate(self.recent);
        report::print(out, &Sessions(found))
    }
}

/// Becomes the runtime with the old conversation; returns only with the reason why not.
fn talk(town: &Town, one: &Predecessor, prompt: Option<&str>) -> Result<Error> {
    let agent: Address = one.agent.parse()?;
    let rig = agent.rig().map(|rig| town.rig(rig)).transpose()?;
    let preset = runtime::preset(town, rig.as_ref(), agent.role().as_str(), Some(&one.preset))?;
    runtime::check_available(&preset)?;
    let line = runtime::command_line(
        &preset,
        // A person looks on: nothing is done without asking.
        &StartContext {
            prompt,
            resume: one.conversation.as_deref(),
            fork: true,
            permission: Permission::Ask,
            ..StartContext::default()
        },
    )?;
    let (program, args) = line.split_first().ok_or_else(|| Error::failed("an empty command line"))?;
    let mut command = Command::new(program);
    command.args(args).envs(&preset.env);
    if one.cwd.is_dir() {
        command.current_dir(&one.cwd);
    }
    Ok(Error::failed(format!("run {program}: {}", command.exec())))
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
