//! `gt crew`: workspaces of their own for people and long-lived agents.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::rig::rig_around;
use crate::base::Result;
use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::{fit, neutralise};
use crate::town::Address;
use crate::work::crew::{self, CrewLine, CrewRemoved};
use crate::work::{Desk, standing};

/// `gt crew <what>`.
#[derive(Debug, Subcommand)]
pub enum CrewCommand {
    /// Make a workspace: a clone of the rig's repository that shares its objects
    Add {
        /// Its name
        name: String,
        /// The rig; the one around you by default
        #[arg(long)]
        rig: Option<String>,
        /// Put it on a branch of its own, crew/<name>
        #[arg(long)]
        branch: bool,
    },
    /// List workspaces
    #[command(visible_alias = "ls")]
    List {
        /// Only those of this rig
        #[arg(long)]
        rig: Option<String>,
    },
    /// Open a member's terminal, starting its session when needed; ctrl-] leaves it again
    #[command(visible_alias = "attach")]
    At(Which),
    /// Start a member's session
    Start(Which),
    /// End a member's session where it runs, and start it again
    #[command(visible_alias = "rs")]
    Restart(Which),
    /// End a member's session
    Stop(Which),
    /// Show how a member is
    Status(Which),
    /// Give a workspace another name
    Rename {
        /// Its name
        name: String,
        /// The new one
        new: String,
        /// The rig; the one around you by default
        #[arg(long)]
        rig: Option<String>,
    },
    /// Remove a workspace; refused while it has anything that is nowhere else
    #[command(visible_alias = "rm")]
    Remove {
        /// Its name
        name: String,
        /// The rig; the one around you by default
        #[arg(long)]
        rig: Option<String>,
        /// Remove it all the same; what only it has is kept in the rig's repository
        #[arg(long)]
        force: bool,
    },
}

/// A member, and which program it is.
#[derive(Debug, Args)]
pub struct Which {
    /// Its name
    name: String,
    /// The rig; the one around you by default
    #[arg(long)]
    rig: Option<String>,
    /// The runtime to use
    #[arg(long, value_name = "PRESET")]
    agent: Option<String>,
}

impl Which {
    fn address(&self, desk: &Desk) -> Result<Address> {
        let rig = self.rig.clone().map_or_else(|| rig_around(desk), Ok)?;
        crew::member(desk, &rig, &self.name)
    }
}

impl CrewCommand {
    /// Does it.
    ///
    /// # Errors
    /// Those of the operation.
    pub fn run(self, output: Output) -> Result<()> {
        let desk = Desk::open_current()?;
        let chosen = |rig: Option<String>| rig.map_or_else(|| rig_around(&desk), Ok);
        match self {
            CrewCommand::Add { name, rig, branch } => {
                let rig = chosen(rig)?;
                report::print(output, &Added(crew::add(&desk, &rig, &name, branch)?))
            }
            CrewCommand::List { rig } => report::print(output, &List(crew::list(&desk, rig.as_deref())?)),
            CrewCommand::At(which) => {
                super::standing::attach(&desk, &which.address(&desk)?, which.agent.as_deref(), output)
            }
            CrewCommand::Start(which) => {
                let record = standing::start(&desk, &which.address(&desk)?, which.agent.as_deref(), true)?;
                report::print(output, &super::standing::Started(record))
            }
            CrewCommand::Restart(which) => {
                super::standing::restart(&desk, &which.address(&desk)?, which.agent.as_deref(), output)
            }
            CrewCommand::Stop(which) => {
                let agent = which.address(&desk)?;
                let report = standing::stop(&desk, &agent)?;
                report::print(output, &super::standing::Stopped { address: agent.to_string(), report })
            }
            CrewCommand::Status(which) => {
                let status = standing::status(&desk, &which.address(&desk)?)?;
                report::print(output, &super::standing::Status(status))
            }
            CrewCommand::Rename { name, new, rig } => {
                let rig = chosen(rig)?;
                report::print(output, &Added(crew::rename(&desk, &rig, &name, &new)?))
            }
            CrewCommand::Remove { name, rig, force } => {
                let rig = chosen(rig)?;
                report::print(output, &crew::remove(&desk, &rig, &name, force)?)
            }
        }
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Added(CrewLine);

#[derive(Serialize)]
#[serde(transparent)]
struct List(Vec<CrewLine>);

impl Report for Added {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let path = self.0.path.display().to_string();
        writeln!(out, "{} Made the workspace {}", paint.green("✓"), paint.bold(&self.0.address))?;
        writeln!(out, "  branch  {}", neutralise(self.0.branch.as_deref().unwrap_or("none"), true))?;
        writeln!(out, "  cd {}", neutralise(&super::install::shell_word(&path), true))
    }
}

impl Report for List {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "No crew. Make a workspace: gt crew add <name> --rig <rig>");
        }
        let widest = self.0.iter().map(|member| member.address.len()).max().unwrap_or(0);
        for member in &self.0 {
            let state = match (&member.problem, member.git_clean) {
                (Some(problem), _) => paint.red(&neutralise(problem, true)),
                (None, true) => paint.dim("clean"),
                (None, false) => paint.yellow("uncommitted changes"),
            };
            let branch = neutralise(member.branch.as_deref().unwrap_or("no branch"), true).into_owned();
            writeln!(out, "{}  {branch}  {state}", paint.bold(&fit(&member.address, widest)))?;
        }
        Ok(())
    }
}

impl Report for CrewRemoved {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} Removed the workspace {} of {}", paint.green("✓"), paint.bold(&self.name), self.rig)?;
        match &self.kept {
            Some(kept) => writeln!(out, "  What only it had is kept under {kept} in the rig's repository"),
            None => Ok(()),
        }
    }
}
