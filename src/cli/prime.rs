//! `gt prime`, `gt whoami`, `gt role`: who an agent is and what it has to do.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::{Error, Kind, Result, Timestamp};
use crate::town::{Address, Role, Town, agent_env};
use crate::work::identity::{self, Identity};
use crate::work::{Desk, checkpoint, prime, told};

/// Tell an agent who it is, what is on its hook, which step it is at and what mail waits
#[derive(Debug, Args)]
pub struct Prime {
    /// For a runtime's hook: no word and no error outside a town
    #[arg(long)]
    hook: bool,
    /// Don't count the mail as told
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Only say what you come back from: normal, post-handoff, crash-recovery or autonomous (work on the hook)
    #[arg(long, conflicts_with = "explain")]
    state: bool,
    /// Only say how long each part is, in bytes and tokens
    #[arg(long)]
    explain: bool,
}

/// What an agent comes back from.
#[derive(Serialize)]
struct State {
    state: &'static str,
    role: Role,
    prev_session: Option<String>,
    /// In seconds.
    checkpoint_age: Option<i64>,
    hooked_bead: Option<String>,
}

impl Report for State {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        let bead = self.hooked_bead.as_deref().map(|bead| format!("  {bead}")).unwrap_or_default();
        writeln!(out, "{}{bead}", self.state)
    }
}

/// How long what an agent is told is.
#[derive(Serialize)]
struct Lengths {
    agent: String,
    role: Role,
    bytes: usize,
    tokens: usize,
    parts: Vec<prime::Part>,
}

impl Report for Lengths {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        for prime::Part { name, bytes, tokens } in &self.parts {
            writeln!(out, "{name:<13} {bytes:>6} bytes {tokens:>6} tokens")?;
        }
        writeln!(
            out,
            "{}",
            paint.bold(&format!("{:<13} {:>6} bytes {:>6} tokens", "in all", self.bytes, self.tokens))
        )?;
        writeln!(
            out,
            "{}",
            paint.dim("a token is taken for four bytes; long parts are cut so that all stays under 6 KB")
        )
    }
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
        identity::note_conversation(&desk.town, &who.address)?;
        let primed = prime::prime(&desk, &who)?;
        if self.explain {
            let (bytes, parts) = (primed.text.len(), primed.parts);
            let lengths = Lengths { agent: primed.agent, role: primed.role, bytes, tokens: bytes.div_ceil(4), parts };
            return report::print(out, &lengths);
        }
        if self.state {
            let at = checkpoint::read(&desk.town, &who.address);
            let age = at.as_ref().and_then(|at| at.timestamp).map(|at| at.seconds_until(Timestamp::now()));
            let state = State {
                state: primed.state,
                role: primed.role,
                prev_session: at.and_then(|at| at.session_id),
                checkpoint_age: age,
                hooked_bead: primed.hook.bead_id,
            };
            return report::print(out, &state);
        }
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
    #[command(after_help = "Examples:\n  gt role home web/crew/ann\n  gt role home polecat --rig web --name nux")]
    Home {
        /// Whose: an address, or a role with --rig and --name; your own without
        agent: Option<String>,
        /// The rig of that role
        #[arg(long, requires = "agent")]
        rig: Option<String>,
        /// The name of the agent
        #[arg(long, visible_alias = "polecat", requires = "agent")]
        name: Option<String>,
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
            RoleCommand::Home { agent, rig, name } => {
                let town = Town::current()?;
                let agent = agent.map(|word| of_role(&word, rig, name)).transpose()?;
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

/// The agent that a word means: an address, or a role with what it takes to make one of it.
fn of_role(word: &str, rig: Option<String>, name: Option<String>) -> Result<Address> {
    let Ok(role) = word.parse::<Role>() else { return word.parse() };
    let missing = |what: &str| Error::usage(format!("which {role}?")).hint(format!("gt role home {role} {what}"));
    let the_rig = || rig.clone().ok_or_else(|| missing("--rig <rig>"));
    let the_name = || name.clone().ok_or_else(|| missing("--rig <rig> --name <name>"));
    let words = match role {
        Role::Mayor | Role::Deacon | Role::Overseer => role.to_string(),
        Role::Witness | Role::Refinery => format!("{}/{role}", the_rig()?),
        Role::Crew => format!("{}/crew/{}", the_rig()?, the_name()?),
        Role::Polecat => format!("{}/polecats/{}", the_rig()?, the_name()?),
        Role::Dog => format!("deacon/dogs/{}", the_name()?),
    };
    // Checked as any address is.
    words.parse()
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
