//! What commands about agents that stay (the mayor, the crew) have in common.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use super::attach::Attach;
use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::neutralise;
use crate::base::{Result, Timestamp};
use crate::session::{self, KillReport, SessionRecord};
use crate::town::Address;
use crate::work::Desk;
use crate::work::standing::{self, Standing};

/// A session that was started.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Started(pub SessionRecord);

impl Report for Started {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let SessionRecord { address, child_pid, preset, .. } = &self.0;
        writeln!(out, "{} {} runs {preset} as pid {child_pid}", paint.green("✓"), paint.bold(address))?;
        writeln!(out, "  look: gt attach {address}")
    }
}

/// A session that was ended.
#[derive(Serialize)]
pub struct Stopped {
    /// Whose it was.
    pub address: String,
    /// What its end took.
    #[serde(flatten)]
    pub report: KillReport,
}

impl Report for Stopped {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} {} stopped; {} processes ended", paint.green("✓"), self.address, self.report.ended)
    }
}

/// How one is.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Status(pub Standing);

impl Report for Status {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let Standing { address, running, state, preset, pid, since, looking, bead, directory, .. } = &self.0;
        let word = match (running, state) {
            (true, Some(reading)) => format!("{} ({})", reading.state.word(), reading.source),
            (true, None) => "running".into(),
            (false, _) => "not running".into(),
        };
        writeln!(out, "{}  {word}", paint.bold(address))?;
        if let (Some(preset), Some(pid), Some(since)) = (preset, pid, since) {
            writeln!(out, "  program    {preset}, pid {pid}, for {}", since.age(Timestamp::now()))?;
            writeln!(out, "  looking    {looking}")?;
        }
        if let Some(bead) = bead {
            writeln!(out, "  hook       {bead}")?;
        }
        writeln!(out, "  directory  {}", neutralise(&directory.display().to_string(), true))
    }
}

/// How many open terminals were closed.
#[derive(Serialize)]
pub struct Detached {
    address: String,
    detached: u32,
}

impl Report for Detached {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        match self.detached {
            0 => writeln!(out, "Nobody was in the terminal of {}; it goes on", self.address),
            1 => writeln!(out, "{} Closed one terminal of {}; it goes on", paint.green("✓"), self.address),
            many => writeln!(out, "{} Closed {many} terminals of {}; it goes on", paint.green("✓"), self.address),
        }
    }
}

/// Closes the terminals that are open on the agent.
pub fn detach(desk: &Desk, agent: &Address, output: Output) -> Result<()> {
    let record = standing::running(desk, agent)?.ok_or_else(|| standing::not_running(agent))?;
    let detached = session::detach_all(&desk.town, &record.name)?;
    report::print(output, &Detached { address: record.address, detached })
}

/// Opens the agent's terminal; started first when it does not run. Without a terminal here, says that it runs.
pub fn attach(desk: &Desk, agent: &Address, explicit: Option<&str>, output: Output) -> Result<()> {
    let record = match standing::running(desk, agent)? {
        Some(record) => record,
        None => standing::start(desk, agent, explicit, true)?,
    };
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return report::print(output, &Started(record));
    }
    Attach::to(&record.address).run(output)
}

/// Ends the agent's session where it runs, and starts it again.
pub fn restart(desk: &Desk, agent: &Address, explicit: Option<&str>, output: Output) -> Result<()> {
    if standing::running(desk, agent)?.is_some() {
        standing::stop(desk, agent)?;
    }
    report::print(output, &Started(standing::start(desk, agent, explicit, true)?))
}
