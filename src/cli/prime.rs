//! `gt prime`, `gt whoami`, `gt role`: who an agent is and what it has to do.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::{Error, Kind, Result};
use crate::town::{Address, Role, Town, agent_env};
use crate::work::identity::{self, Identity};
use crate::work::{Desk, prime, told};

/// Tell an agent who it is, what is on its hook, which step it is at and what mail waits
#[derive(Debug, Args)]
pub struct Prime {
    /// For a runtime's hook: no word and no error outside a town
    #[arg(long)]
    hook: bool,
    /// Don't count the mail as told
    #[arg(long, short = 'n')]
    dry_run: bool,
}

impl Prime {
    /// Runs the command.
    ///
    /// # Errors
    /// When there is no town here, unless a hook asks; when the town can't be read.
    pub fn run(self, out: Output) -> Result<()> {
        let town = match Town::current() {
            Err(error) if self.hook && error.kind() == Kind::NotFound => return Ok(()),
            town => town?,
        };
        let mut desk = Desk::of(town)?;
        let who = identity::who(&desk.town)?;
        let primed = prime::prime(&desk, &who)?;
        report::print(out, &primed)?;
        if !self.dry_run {
            told::note(&mut desk, &primed.agent, &primed.messages)?;
        }
        Ok(())
    }
}

/// Show who you are to the town
#[derive(Debug, Args)]
pub struct Whoami {}

impl Whoami {
    /// Runs the command.
    ///
    /// # Errors
    /// When there is no town here.
    pub fn run(self, out: Output) -> Result<()> {
        report::print(out, &Who::of(&Town::current()?)?)
    }
}

#[derive(Serialize)]
struct Who {
    address: Address,
    role: Role,
    rig: Option<String>,
    source: &'static str,
    home: PathBuf,
    warning: Option<String>,
}

impl Who {
    fn of(town: &Town) -> Result<Who> {
        let Identity { address, source, disagreement } = identity::who(town)?;
        Ok(Who {
            role: address.role(),
            rig: address.rig().map(str::to_owned),
            source,
            home: town.home(&address),
            warning: disagreement,
            address,
        })
    }
}

impl Report for Who {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let source = match self.source {
            "nobody" => "nothing says that you are an agent",
            "directory" => "by the directory",
            _ => "by the environment",
        };
        let role = self.role;
        writeln!(out, "{}  {role} ({}), {source}", paint.bold(&self.address.to_string()), role.plain())?;
        writeln!(out, "  home  {}", self.home.display())?;
        match &self.warning {
            Some(warning) => writeln!(out, "{} {warning}", paint.yellow("!")),
            None => Ok(()),
        }
    }
}

/// Show your role, all roles, a role's home or environment
#[derive(Debug, Args)]
pub struct RoleArgs {
    #[command(subcommand)]
    command: Option<RoleCommand>,
}

/// What to show of roles.
#[derive(Debug, Subcommand)]
pub enum RoleCommand {
    /// Your own (the default)
    Show,
    /// All roles
    List,
    /// The directory an agent works in
    Home {
        /// Whose; your own without
        agent: Option<Address>,
    },
    /// The environment of an agent, for a shell: eval "$(gt role env)"
    Env {
        /// Whose; your own without
        agent: Option<Address>,
    },
}

impl RoleArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// When there is no town here.
    pub fn run(self, out: Output) -> Result<()> {
        match self.command.unwrap_or(RoleCommand::Show) {
            RoleCommand::Show => report::print(out, &Who::of(&Town::current()?)?),
            RoleCommand::List => report::print(
                out,
                &Roles(Role::ALL.into_iter().map(|role| RoleLine { role, plain: role.plain() }).collect()),
            ),
            RoleCommand::Home { agent } => {
                let town = Town::current()?;
                report::print(out, &Home { home: town.home(&chosen(&town, agent)?) })
            }
            RoleCommand::Env { agent } => {
                let town = Town::current()?;
                let agent = chosen(&town, agent)?;
                if agent == Address::Overseer {
                    return Err(
                        Error::usage("nothing says which agent you are").hint("name one: gt role env <address>")
                    );
                }
                report::print(out, &Env(agent_env(&town, &agent, &agent.session_name()).into_iter().collect()))
            }
        }
    }
}

fn chosen(town: &Town, agent: Option<Address>) -> Result<Address> {
    agent.map_or_else(|| Ok(identity::who(town)?.address), Ok)
}

#[derive(Serialize)]
struct RoleLine {
    role: Role,
    plain: &'static str,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Roles(Vec<RoleLine>);

impl Report for Roles {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        self.0.iter().try_for_each(|line| writeln!(out, "{:<9} {}", line.role, line.plain))
    }
}

#[derive(Serialize)]
struct Home {
    home: PathBuf,
}

impl Report for Home {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        writeln!(out, "{}", self.home.display())
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Env(std::collections::BTreeMap<String, String>);

impl Report for Env {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        self.0.iter().try_for_each(|(key, value)| writeln!(out, "export {key}={}", super::install::shell_word(value)))
    }
}
