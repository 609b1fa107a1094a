//! `gt session`, `gt peek`: the terminals agents run in.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::{fit, neutralise, truncate};
use crate::base::{Error, Result, Timestamp};
use crate::session::{self, KillReport, SessionRecord, SessionSpec, Status, registry};
use crate::town::{Address, Town, agent_env};

/// `gt session <what>`.
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// List sessions; ended ones too with --all
    #[command(visible_alias = "ls")]
    List {
        /// Ended sessions too
        #[arg(long, short)]
        all: bool,
    },
    /// Run a program on a terminal of its own, in an agent's name
    Start(Start),
    /// End a session and every process of it
    Stop {
        /// The agent or session
        agent: String,
    },
    /// Show how a session is
    Status {
        /// The agent or session
        agent: String,
    },
    /// Have a session's host become this version of gt in place; the agent goes on
    Upgrade {
        /// The agent or session
        #[arg(required_unless_present = "all")]
        agent: Option<String>,
        /// Every session that runs
        #[arg(long, conflicts_with = "agent")]
        all: bool,
    },
    /// The messages for an agent: those that wait, and what became of the latest
    #[command(after_help = "Examples:\n  gt session nudges mayor\n  gt session nudges web/polecats/nux --json")]
    Nudges {
        /// The agent or session
        agent: String,
    },
    /// Play what a session showed, in this terminal
    Replay(super::recording::Replay),
    /// Write what a session showed as a recording, as text or as a page
    Export(super::recording::Export),
}

/// Arguments of `gt session start`.
#[derive(Debug, Args)]
pub struct Start {
    /// The agent's address
    address: Address,
    /// The directory to start in; the agent's own by default
    #[arg(long)]
    cwd: Option<PathBuf>,
    /// Columns
    #[arg(long, default_value_t = 0)]
    cols: u16,
    /// Rows
    #[arg(long, default_value_t = 0)]
    rows: u16,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// Arguments of `gt session-host`.
#[derive(Debug, Args)]
pub struct Host {
    /// Go on with the session whose state this descriptor has
    #[arg(long)]
    resume: Option<i32>,
    /// Say whether a state of this version can be gone on from
    #[arg(long)]
    can_resume: Option<u32>,
}

/// `gt session-host` without all other commands: a host lives long, and there are many, so that none of them holds what parsing the
/// rest takes.
#[derive(Debug, clap::Parser)]
#[command(name = "session-host")]
pub struct HostAlone {
    #[command(flatten)]
    host: Host,
}

impl HostAlone {
    /// Of the arguments after the program's name; `None` leaves mistakes to the whole parser.
    pub fn of(args: &[OsString]) -> Option<Host> {
        Some(<Self as clap::Parser>::try_parse_from(args.iter().skip(1)).ok()?.host)
    }
}

impl Host {
    /// Does it.
    ///
    /// # Errors
    /// When the session can't be run.
    pub fn run(self) -> Result<()> {
        match (self.can_resume, self.resume) {
            (Some(version), _) if session::can_resume(version) => Ok(()),
            (Some(version), _) => Err(Error::refused(format!("not from a state of version {version}"))),
            (None, Some(fd)) => session::resume_host(fd),
            (None, None) => session::run_host(),
        }
    }
}

/// Arguments of `gt peek`.
#[derive(Debug, Args)]
pub struct Peek {
    /// The agent or session
    agent: String,
    /// How many lines, counted from the bottom
    #[arg(short = 'n', long, default_value_t = 100)]
    lines: usize,
    /// The same, as a second argument
    count: Option<usize>,
}

impl SessionCommand {
    /// Does it.
    ///
    /// # Errors
    /// Those of the operation.
    pub fn run(self, output: Output) -> Result<()> {
        let town = Town::current()?;
        match self {
            SessionCommand::List { all } => {
                registry::sweep(&town)?;
                let records = registry::list(&town)?;
                let lines = records.iter().filter(|record| all || registry::is_alive(record)).map(Line::of).collect();
                report::print(output, &List(lines))
            }
            SessionCommand::Start(start) => {
                let record = start.run(&town)?;
                report::print(output, &Started(record))
            }
            SessionCommand::Stop { agent } => {
                let record = registry::resolve(&town, &agent)?;
                let report = session::kill(&town, &record.name, &[])?;
                report::print(output, &Stopped { session: record.name, report })
            }
            SessionCommand::Status { agent } => {
                let record = registry::resolve(&town, &agent)?;
                if record.exit.is_some() {
                    return report::print(output, &Ended(record));
                }
                report::print(output, &Running(session::status(&town, &record.name)?))
            }
            SessionCommand::Upgrade { agent, .. } => upgrade(&town, agent.as_deref(), output),
            SessionCommand::Nudges { agent } => super::nudge::list(&town, &agent, output),
            SessionCommand::Replay(replay) => replay.run(&town),
            SessionCommand::Export(export) => export.run(&town),
        }
    }
}

fn upgrade(town: &Town, agent: Option<&str>, output: Output) -> Result<()> {
    let records = match agent {
        Some(agent) => vec![registry::resolve(town, agent)?],
        None => registry::list(town)?.into_iter().filter(registry::is_alive).collect(),
    };
    let mut done = Vec::new();
    for record in records {
        let outcome = session::upgrade(town, &record.name);
        let (version, error) = match outcome {
            Ok(version) => (Some(version), None),
            Err(error) if agent.is_some() => return Err(error),
            Err(error) => (None, Some(error.to_string())),
        };
        done.push(Upgraded { session: record.name, address: record.address, version, error });
    }
    let failed = done.iter().any(|one| one.error.is_some());
    report::print(output, &Upgrades(done))?;
    if failed { Err(Error::failed("some sessions go on as they were")) } else { Ok(()) }
}

#[derive(Serialize)]
struct Upgraded {
    session: String,
    address: String,
    version: Option<String>,
    error: Option<String>,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Upgrades(Vec<Upgraded>);

impl Report for Upgrades {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        for one in &self.0 {
            match (&one.version, &one.error) {
                (Some(version), _) => writeln!(out, "{} {} is version {version} now", paint.green("✓"), one.address)?,
                (None, error) => {
                    let why = neutralise(error.as_deref().unwrap_or_default(), true).into_owned();
                    writeln!(out, "{} {} stays as it is: {why}", paint.yellow("!"), one.address)?;
                }
            }
        }
        Ok(())
    }
}

impl Start {
    fn run(self, town: &Town) -> Result<SessionRecord> {
        let name = self.address.session_name();
        let cwd = match self.cwd {
            Some(cwd) => std::path::absolute(&cwd)?,
            None => town.home(&self.address),
        };
        session::start(
            town,
            &SessionSpec {
                env: agent_env(town, &self.address, &name),
                address: self.address.to_string(),
                role: self.address.role().to_string(),
                preset: "custom".into(),
                bead: None,
                cwd,
                title: self.command.first().cloned().unwrap_or_default(),
                argv: self.command,
                cols: self.cols,
                rows: self.rows,
                ways: session::Ways::default(),
                name,
            },
        )
    }
}

impl Peek {
    /// Does it.
    ///
    /// # Errors
    /// When there is no such session.
    pub fn run(self, output: Output) -> Result<()> {
        let town = Town::current()?;
        let record = registry::resolve(&town, &self.agent)?;
        let text = session::peek(&town, &record.name, self.count.unwrap_or(self.lines))?;
        report::print(output, &Peeked { session: record.name, running: record.exit.is_none(), text })
    }
}

#[derive(Debug, Serialize)]
struct Line {
    session: String,
    address: String,
    role: String,
    preset: String,
    bead: Option<String>,
    running: bool,
    pid: i32,
    host_pid: i32,
    started_at: Timestamp,
    title: String,
    exit: Option<session::Exit>,
}

impl Line {
    fn of(record: &SessionRecord) -> Line {
        Line {
            session: record.name.clone(),
            address: record.address.clone(),
            role: record.role.clone(),
            preset: record.preset.clone(),
            bead: record.bead.clone(),
            running: registry::is_alive(record),
            pid: record.child_pid,
            host_pid: record.host_pid,
            started_at: record.started_at,
            title: record.title.clone(),
            exit: record.exit.clone(),
        }
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct List(Vec<Line>);

impl Report for List {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "no sessions");
        }
        let now = Timestamp::now();
        for line in &self.0 {
            let state = match &line.exit {
                Some(exit) => exit.words(),
                None => format!("pid {}", line.pid),
            };
            let age = line.started_at.age(now);
            let bead = line.bead.as_deref().unwrap_or("-");
            let dot = if line.running { paint.green("●") } else { paint.dim("○") };
            writeln!(
                out,
                "{dot} {} {} {} {} {}",
                fit(&neutralise(&line.address, true), 28),
                fit(&line.preset, 10),
                fit(bead, 12),
                fit(&age, 5),
                truncate(&neutralise(&state, true), 40),
            )?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Started(SessionRecord);

impl Report for Started {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let record = &self.0;
        writeln!(out, "{} {} runs as pid {}", paint.green("✓"), record.address, record.child_pid)?;
        writeln!(out, "  look: gt attach {}", record.address)
    }
}

#[derive(Serialize)]
struct Stopped {
    session: String,
    #[serde(flatten)]
    report: KillReport,
}

impl Report for Stopped {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let KillReport { already_gone, ended, forced, .. } = self.report;
        if already_gone {
            return writeln!(out, "{} {} had ended already", paint.green("✓"), self.session);
        }
        let processes = if ended == 1 { "1 process".to_owned() } else { format!("{ended} processes") };
        let how = if forced > 0 { format!(", {forced} of them by force") } else { String::new() };
        writeln!(out, "{} {} stopped: {processes} ended{how}", paint.green("✓"), self.session)
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Running(Status);

impl Report for Running {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let status = &self.0;
        writeln!(out, "{} {}", paint.bold(&status.address), paint.dim(&status.name))?;
        writeln!(out, "  program  pid {}, {}", status.child_pid, status.preset)?;
        if let Some(program) = &status.program {
            let message = program.msg.as_deref().or(program.title.as_deref()).unwrap_or("");
            writeln!(out, "  says     {} {}", program.state.as_str(), neutralise(message, true))?;
        }
        if !status.title.is_empty() {
            writeln!(out, "  title    {}", neutralise(&status.title, true))?;
        }
        if let Some(bead) = &status.bead {
            writeln!(out, "  bead     {bead}")?;
        }
        writeln!(out, "  silent   {} ms", status.silent_ms)?;
        writeln!(out, "  screen   {}x{}, {} looking", status.cols, status.rows, status.clients)?;
        writeln!(out, "  traffic  {} bytes out, {} in", status.bytes_out, status.bytes_in)
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Ended(SessionRecord);

impl Report for Ended {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let how = self.0.exit.as_ref().map(session::Exit::words).unwrap_or_default();
        writeln!(out, "{} has ended: {how}", paint.bold(&self.0.address))
    }
}

#[derive(Serialize)]
struct Peeked {
    session: String,
    running: bool,
    text: String,
}

impl Report for Peeked {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        writeln!(out, "{}", neutralise(&self.text, false))
    }
}
