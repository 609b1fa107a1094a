//! `gt mayor`: the agent that coordinates the town, and the person's way to speak to it.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::standing::{Started, Status, Stopped, attach, detach, restart};
use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::neutralise;
use crate::base::{Error, Result, Timestamp};
use crate::runtime::AgentState;
use crate::runtime::lifecycle;
use crate::session::{self, NudgeOutcome};
use crate::town::Address;
use crate::work::{Desk, standing};

/// `gt mayor <what>`.
#[derive(Debug, Subcommand)]
pub enum Mayor {
    /// Start its session
    Start(Runtime),
    /// Open its terminal, starting it when needed; ctrl-] leaves it again
    #[command(visible_alias = "at")]
    Attach(Runtime),
    /// Close the terminals that are open on it; it goes on
    Detach,
    /// End its session
    Stop,
    /// End its session where it runs, and start it again
    Restart(Runtime),
    /// Show how it is
    Status,
    /// Tell it something, as if typed to it
    Tell(Tell),
}

/// Which program it is.
#[derive(Debug, Args)]
pub struct Runtime {
    /// The runtime to use
    #[arg(long, value_name = "PRESET")]
    agent: Option<String>,
}

/// Arguments of `gt mayor tell`.
#[derive(Debug, Args)]
pub struct Tell {
    /// What to tell it
    text: String,
    /// Wait until it has answered, and print the end of its screen
    #[arg(long, short)]
    wait: bool,
    /// Seconds to wait at most
    #[arg(long, default_value_t = 600, requires = "wait")]
    timeout: u64,
}

impl Mayor {
    /// Does it.
    ///
    /// # Errors
    /// Those of the operation.
    pub fn run(self, output: Output) -> Result<()> {
        let desk = Desk::open_current()?;
        let mayor = Address::Mayor;
        match self {
            Mayor::Start(runtime) => {
                report::print(output, &Started(standing::start(&desk, &mayor, runtime.agent.as_deref(), true)?))
            }
            Mayor::Attach(runtime) => attach(&desk, &mayor, runtime.agent.as_deref(), output),
            Mayor::Detach => detach(&desk, &mayor, output),
            Mayor::Stop => {
                let report = standing::stop(&desk, &mayor)?;
                report::print(output, &Stopped { address: mayor.to_string(), report })
            }
            Mayor::Restart(runtime) => restart(&desk, &mayor, runtime.agent.as_deref(), output),
            Mayor::Status => report::print(output, &Status(standing::status(&desk, &mayor)?)),
            Mayor::Tell(tell) => tell.run(&desk, &mayor, output),
        }
    }
}

impl Tell {
    fn run(self, desk: &Desk, mayor: &Address, output: Output) -> Result<()> {
        let record = standing::running(desk, mayor)?.ok_or_else(|| standing::not_running(mayor))?;
        let from = Address::from_env().unwrap_or(Address::Overseer);
        let text = if from == Address::Overseer { self.text } else { format!("[from {from}] {}", self.text) };
        let told_at = Timestamp::now();
        let outcome = session::nudge(&desk.town, &record.name, &text, &from.to_string())?;
        match &outcome {
            NudgeOutcome::Refused(reason) => {
                return Err(Error::refused(format!("the mayor did not take it: {reason}")));
            }
            NudgeOutcome::Unconfirmed if self.wait => {
                return Err(Error::failed("nothing on the mayor's terminal shows that it took the message")
                    .hint("gt peek mayor/ shows it"));
            }
            _ => {}
        }
        let mut told = Told { outcome: outcome.word(), state: None, screen: None };
        if self.wait {
            let state = wait(desk, (mayor, &record.name), told_at, Duration::from_secs(self.timeout))?;
            told.state = Some(state);
            told.screen = Some(session::peek(&desk.town, &record.name, 40)?);
        }
        report::print(output, &told)
    }
}

/// Waits until its turn is over: its hooks have told of something since `told_at`, or it was seen at work, and it has not worked for a
/// moment. Of one whose runtime tells nothing by hooks, a longer calm counts as well.
fn wait(desk: &Desk, (mayor, session): (&Address, &str), told_at: Timestamp, most: Duration) -> Result<AgentState> {
    let begin = Instant::now();
    let (mut quiet, mut begun) = (0, false);
    loop {
        let status = standing::status(desk, mayor)?;
        let Some(reading) = status.state else {
            return Err(Error::failed("the mayor's session ended meanwhile").hint("gt mayor start"));
        };
        let heard = lifecycle::read_note(&desk.town, session);
        begun |= reading.state == AgentState::Working || heard.since.is_some_and(|since| since >= told_at);
        let enough = match (begun, heard.state) {
            (true, _) => 3,
            (false, None) => 20,
            (false, Some(_)) => u32::MAX,
        };
        match reading.state {
            AgentState::Working | AgentState::Starting => quiet = 0,
            state if quiet >= enough => return Ok(state),
            _ => quiet += 1,
        }
        if begin.elapsed() > most {
            return Err(Error::failed(format!("the mayor is still {} after {} s", reading.state, most.as_secs()))
                .hint("gt mayor attach shows it; --timeout waits longer"));
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

#[derive(Serialize)]
struct Told {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<AgentState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    screen: Option<String>,
}

impl Report for Told {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} mayor/: {}", paint.green("✓"), self.outcome)?;
        if let (Some(state), Some(screen)) = (&self.state, &self.screen) {
            writeln!(out, "it is {state}:\n{}", neutralise(screen.trim_end(), false))?;
        }
        Ok(())
    }
}
