//! `gt handoff`, `gt resume`: from one session of an agent to the next.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::{Error, Result, ResultExt};
use crate::session::{self, registry};
use crate::town::Address;
use crate::work::handoff::{self, Handed};
use crate::work::hooked::{self, Hooked};
use crate::work::mail::Message;
use crate::work::standing;
use crate::work::{Desk, identity, post};

/// Hand over to your next session: writes what it must know, ends this one, starts that one in the same place
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  gt handoff -s \"The parser\" -m \"tests are red in lexer.rs\" --collect\n  gt handoff mayor/ -m \"start anew\"     another agent's session, from outside"
)]
pub struct Handoff {
    /// Another agent whose session is to be followed by a fresh one
    agent: Option<String>,
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
        let agent = match &self.agent {
            Some(word) => one_agent(&desk, word)?,
            None => identity::this_agent(&desk.town)?,
        };
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

/// The one agent that `word` means, as mail does.
fn one_agent(desk: &Desk, word: &str) -> Result<Address> {
    match post::resolve(desk, word, "")?.as_slice() {
        [only] => match only.parse()? {
            Address::Overseer | Address::Deacon | Address::Witness(_) => {
                Err(Error::refused(format!("{only} has no session to hand over")))
            }
            agent => Ok(agent),
        },
        _ => Err(Error::usage(format!("{word} is a group")).hint("name one agent")),
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
